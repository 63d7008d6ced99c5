// For a container: it ends with its child.
#include "harness/bugbank/inits/common.h"

static int g_status;

static void End(int status) {
  g_ended = 1;
  g_status = status;
  if (FAULTY(exits_before_reaping)) _exit(status);
}

int main(void) {
  SetUp();
  StartChild();
  if (g_child < 0) End(1);
  for (;;) {
    ReapAll();
    if (g_ended && FAULTY(exits_a_second_late)) sleep(1);
    if (g_ended) _exit(FAULTY(exits_with_0) ? 0 : g_status);
    const int signal = (int)syscall(SYS_rt_sigtimedwait, &kAll, NULL, NULL, sizeof kAll);
    if (signal > 0) Forward(signal);
  }
}
