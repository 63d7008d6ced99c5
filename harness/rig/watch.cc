#include "harness/rig/watch.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <string>

#include "harness/rig/cannot_run.h"

namespace minit::rig {
namespace {

constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr uint64_t kSecondNs = 1'000'000'000;

// The clock of the processor time of a process (include/linux/posix-timers.h).
clockid_t ClockOf(pid_t pid) {
  return static_cast<clockid_t>(~static_cast<unsigned>(pid) << 3 | 2);
}

}  // namespace

volatile sig_atomic_t Watch::running_ = 0;
volatile sig_atomic_t Watch::turn_ = 0;
volatile uint64_t Watch::loop_ns_ = 0;

// In a handler of a signal.
void Watch::Look(int) {
  static sig_atomic_t seen_turn = 0;
  static uint64_t since_ns = 0;
  const int error = errno;
  timespec used;
  const pid_t pid = running_;
  if (pid != 0 && clock_gettime(ClockOf(pid), &used) == 0) {
    const uint64_t now_ns =
        static_cast<uint64_t>(used.tv_sec) * kSecondNs + static_cast<uint64_t>(used.tv_nsec);
    if (seen_turn != turn_) {
      seen_turn = turn_;
      since_ns = now_ns;
    } else if (now_ns - since_ns >= loop_ns_) {
      since_ns = now_ns;
      kill(pid, SIGPROF);
    }
  }
  errno = error;
}

Watch::Watch(uint32_t loop_ms) : own_loop_ns_(loop_ms * kMillisecondNs) {
  struct sigaction action{};
  action.sa_handler = Look;
  action.sa_flags = SA_RESTART;
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGVTALRM;
  const uint64_t period_ns = std::max(own_loop_ns_ / 4, kMillisecondNs);
  const timespec period = {.tv_sec = static_cast<time_t>(period_ns / kSecondNs),
                           .tv_nsec = static_cast<long>(period_ns % kSecondNs)};
  const itimerspec times = {period, period};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
    throw CannotRun(std::string("no timer: ") + strerror(errno));
  }
  sigaction(SIGVTALRM, &action, &before_);
  timer_settime(timer_, 0, &times, nullptr);
  Take();
}

Watch::~Watch() {
  timer_delete(timer_);
  signal(SIGVTALRM, SIG_IGN);  // one that is pending goes
  sigaction(SIGVTALRM, &before_, nullptr);
}

}  // namespace minit::rig
