// All signals are blocked, and read from a signalfd that epoll watches by edges: what was told of and not
// read it does not tell of again.
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "harness/bugbank/inits/machine.h"

static int g_signals, g_epoll;

static void OpenSignals(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  g_signals = (int)syscall(SYS_signalfd4, -1, &kAll, sizeof kAll, SFD_NONBLOCK | SFD_CLOEXEC);
  g_epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_ctl(g_epoll, EPOLL_CTL_ADD, g_signals, &event);
}

static void Wait(long limit) {
  struct epoll_event event;
  struct signalfd_siginfo info;
  const int limit_ms = limit == kForever ? -1 : (int)((limit + 999999) / 1000000);
  if (epoll_wait(g_epoll, &event, 1, limit_ms) <= 0) return;
  while (read(g_signals, &info, sizeof info) > 0) {
    Forward((int)info.ssi_signo);
    if (FAULTY(reads_one_an_edge)) break;
  }
}

int main(void) {
  SetUp();
  OpenSignals();
  Start();
  for (;;) Wait(Proceed());
}
