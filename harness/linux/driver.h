// Driver: performs the actions of the machine (core/action.h) on the Linux that it runs on, one
// system call an action, and returns what the kernel answered. It decides nothing.
//
// Held by init_binary_test.cc and by the boots and trials that scripts/verify runs.
#ifndef MINIT_HARNESS_LINUX_DRIVER_H_
#define MINIT_HARNESS_LINUX_DRIVER_H_

#include "core/action.h"
#include "core/event.h"
#include "harness/linux/console.h"

namespace minit {

class Driver {
 public:
  // `environment` goes to the child as it is, and must outlive the driver.
  explicit Driver(char** environment) : environment_(environment) {}

  // Makes of a process that was just started as PID 1 one that can run the machine, whatever it was
  // started with: descriptors 0 to 2 exist, none above them gets to the child, SIGCHLD is not
  // ignored, all 64 signals are blocked, the console is open.
  void SetUp();

  Event Perform(const Action& action);

 private:
  Event On(const StartChild&);
  Event On(const AwaitSignal& await);
  Event On(const Reap&);
  Event On(const Forward& forward);
  Event On(const Release& release);
  Event On(const Announce& announce);
  Event On(const Sync&);
  Event On(const RebootAfterDelay& delay);
  Event On(const Reboot&);

  // In the new process; returns only if the program could not be started, with the errno.
  int BecomeChild() const;
  // Nanoseconds until the deadline, at least 0; kNoDeadline if none is armed.
  long TimeLeft() const;

  static constexpr long kNoDeadline = -1;

  char** environment_;
  Console console_;
  long deadline_ns_ = kNoDeadline;  // by CLOCK_MONOTONIC
};

}  // namespace minit

#endif  // MINIT_HARNESS_LINUX_DRIVER_H_
