// Watch: looks, now and then, at the processor time of the process that runs for its tracer, and stops
// it with SIGPROF for each `loop_ms` of that which it has used since it was resumed. (A timer of its
// own would have to be set anew in each process that is forked.)
//
// It takes SIGVTALRM of the process that it is in for itself as long as one exists. A call there that
// is interrupted is made again. Held by ptrace_subjects_test.cc (LoopsWithoutCallsEnd).

#ifndef MINIT_HARNESS_RIG_WATCH_H_
#define MINIT_HARNESS_RIG_WATCH_H_

#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include <cstdint>

namespace minit::rig {

class Watch {
 public:
  explicit Watch(uint32_t loop_ms);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  // From now on that process runs, watched by the last Watch that was asked to; and no longer.
  static void Begin(pid_t pid) {
    turn_ = turn_ + 1;
    running_ = pid;
  }
  static void End() { running_ = 0; }
  void Take() const { loop_ns_ = own_loop_ns_; }

 private:
  static void Look(int);

  static volatile sig_atomic_t running_;
  static volatile sig_atomic_t turn_;
  static volatile uint64_t loop_ns_;

  uint64_t own_loop_ns_;
  timer_t timer_{};
  struct sigaction before_{};
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_WATCH_H_
