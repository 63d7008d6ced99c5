// Every signal has a handler, which forwards it. All are blocked but while init waits, so that no
// handler finds the world half changed.
#include <poll.h>

#include "harness/bugbank/inits/machine.h"

void Restorer(void);
__asm__("Restorer: mov $15, %eax; syscall");  // rt_sigreturn

static volatile int g_last;

static void OnSignal(int signal) {
  if (FAULTY(notes_one_signal)) {
    g_last = signal;
  } else {
    Forward(signal);
  }
}

static void SetHandlers(void) {
  const int nests = FAULTY(notes_one_signal);
  const struct Action action = {OnSignal, 0x04000000, Restorer, nests ? kNone : kAll};
  const int last = FAULTY(handles_standard_signals) ? 31 : 64;
  for (int signal = 1; signal <= last; ++signal) SetAction(signal, &action);
}

static void Wait(long limit) {
  const struct timespec timeout = {limit / kSecond, limit % kSecond};
  if (FAULTY(looks_then_pauses) && limit == kForever) {
    SetMask(&kNone);
    pause();
    SetMask(&kAll);
  } else if (limit == kForever) {
    syscall(SYS_rt_sigsuspend, &kNone, sizeof kNone);
  } else {
    syscall(SYS_ppoll, NULL, 0, &timeout, &kNone, sizeof kNone);
  }
  if (FAULTY(notes_one_signal) && g_last != 0) Forward(g_last);
  g_last = 0;
}

int main(void) {
  SetUp();
  if (FAULTY(handlers_after_the_fork)) SetMask(&kNone);
  if (!FAULTY(handlers_after_the_fork)) SetHandlers();
  Start();
  if (FAULTY(handlers_after_the_fork)) SetHandlers();
  SetMask(&kAll);
  for (;;) Wait(Proceed());
}
