// All signals are blocked, and taken one by one.
#include <poll.h>
#include <sys/mman.h>

#include "harness/bugbank/inits/machine.h"

static int Take(long limit) {
  SignalSet set = kAll;
  if (FAULTY(loses_realtime)) set = BIT(32) - 1;
  if (FAULTY(loses_32_to_34)) set = ~(BIT(32) | BIT(33) | BIT(34));
  if (FAULTY(polls_without_pause)) limit = 0;
  const struct timespec timeout = {limit / kSecond, limit % kSecond};
  siginfo_t info;
  int signal;
  do {
    signal = (int)syscall(SYS_rt_sigtimedwait, &set, &info, limit == kForever ? NULL : &timeout,
                          sizeof set);
  } while (FAULTY(looks_at_a_stale_errno) && errno == EINTR);
  if (FAULTY(eintr_is_fatal) && signal < 0 && errno == EINTR) _exit(1);
  g_named = signal == SIGCHLD ? info.si_pid : 0;
  return signal;
}

// Takes all that is pending, then sends it in another order.
static void ForwardAll(int first) {
  int taken[64], count = 0;
  for (int signal = first; signal > 0 && count < 64; signal = Take(0)) taken[count++] = signal;
  if (FAULTY(sends_hang_up_last) && taken[0] == SIGHUP) {
    for (int i = 1; i < count; ++i) Forward(taken[i]);
    return Forward(SIGHUP);
  }
  for (int i = 0; i < count; ++i) Forward(taken[FAULTY(sends_backwards) ? count - 1 - i : i]);
}

static void EatMemory(void) {
  const size_t size = 100 << 20;
  char *const more = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *(volatile char *)(more == MAP_FAILED ? NULL : more) = 1;
}

int main(void) {
  SetUp();
  Start();
  if (FAULTY(starts_twice)) StartChild();
  if (FAULTY(waits_before_it_reaps)) Forward(Take(kForever));
  for (;;) {
    const int signal = Take(Proceed());
    if (signal < 0) continue;
    if (FAULTY(eats_memory)) EatMemory();
    if (FAULTY(makes_another_call)) poll(NULL, 0, 0);
    while (FAULTY(loops_without_calls) && signal == SIGTERM) continue;
    if (FAULTY(sends_backwards) || FAULTY(sends_hang_up_last)) {
      ForwardAll(signal);
    } else {
      Forward(signal);
    }
  }
}
