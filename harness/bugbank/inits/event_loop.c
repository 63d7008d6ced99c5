// As the run-times of languages have it: handlers send each signal to a loop through a pair of sockets, an
// eventfd can wake it, and an epoll watches both by edges. The loop waits by a duplicate of the epoll. Signals
// are blocked but while it waits: a fork has the sockets too, and its handlers would write to them.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "harness/bugbank/inits/machine.h"

void Restorer(void);
__asm__("Restorer: mov $15, %eax; syscall");  // rt_sigreturn

static int g_epoll, g_loop, g_wake, g_sockets[2];

static void OnSignal(int signal) {
  const int error = errno;
  const char byte = (char)signal;
  (void)!send(g_sockets[1], &byte, 1, MSG_NOSIGNAL);
  errno = error;
}

static void Watch(int fd) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = fd};
  epoll_ctl(g_loop, EPOLL_CTL_ADD, fd, &event);
}

static void OpenLoop(void) {
  g_epoll = epoll_create1(EPOLL_CLOEXEC);
  g_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  g_loop = fcntl(g_epoll, F_DUPFD_CLOEXEC, 3);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, g_sockets);
  Watch(g_wake);
  Watch(g_sockets[0]);
}

static void SetHandlers(void) {
  const struct Action action = {OnSignal, 0x04000000 | SA_RESTART, Restorer, kAll};
  for (int signal = 1; signal <= 64; ++signal) SetAction(signal, &action);
}

static void Drain(void) {
  char signals[64];
  ssize_t size;
  while ((size = read(g_sockets[0], signals, FAULTY(takes_one_an_edge) ? 1 : sizeof signals)) > 0) {
    for (ssize_t i = 0; i < size; ++i) Forward(signals[i]);
    if (FAULTY(takes_one_an_edge)) break;
  }
}

static void Wait(long limit) {
  const unsigned long one = 1;
  unsigned long count;
  struct epoll_event events[8];
  const int limit_ms = limit == kForever ? -1 : (int)((limit + 999999) / 1000000);
  SetMask(&kNone);
  const int ready = epoll_wait(g_epoll, events, 8, limit_ms);
  SetMask(&kAll);
  for (int i = 0; i < ready; ++i) {
    if (events[i].data.fd == g_sockets[0]) {
      Drain();
      (void)!write(g_wake, &one, sizeof one);
    } else if (FAULTY(wakes_itself)) {
      (void)!write(g_wake, &one, sizeof one);
    } else {
      (void)!read(g_wake, &count, sizeof count);
    }
  }
}

int main(void) {
  SetUp();
  OpenLoop();
  SetHandlers();
  Start();
  for (;;) Wait(Proceed());
}
