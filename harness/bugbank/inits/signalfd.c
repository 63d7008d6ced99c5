// All signals are blocked, and read from a signalfd that epoll watches.
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "harness/bugbank/inits/machine.h"

static int g_signals, g_epoll;

static void OpenSignals(void) {
  const int leaks = FAULTY(leaks_the_signalfd) ? 0 : SFD_CLOEXEC;
  struct epoll_event event = {.events = EPOLLIN};
  g_signals = (int)syscall(SYS_signalfd4, -1, &kAll, sizeof kAll, SFD_NONBLOCK | leaks);
  g_epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_ctl(g_epoll, EPOLL_CTL_ADD, g_signals, &event);
}

static void Wait(long limit) {
  struct epoll_event event;
  const int limit_ms = limit == kForever ? -1 : (int)((limit + 999999) / 1000000);
  const int count = epoll_wait(g_epoll, &event, 1, limit_ms);
  if (FAULTY(interrupted_epoll_is_fatal) && count < 0) _exit(1);
  struct signalfd_siginfo infos[4];
  const size_t size = (FAULTY(reads_four_takes_one) ? 4 : 1) * sizeof infos[0];
  while (count > 0 && read(g_signals, infos, size) > 0) Forward((int)infos[0].ssi_signo);
}

int main(void) {
  SetUp();
  OpenSignals();
  Start();
  for (;;) Wait(Proceed());
}
