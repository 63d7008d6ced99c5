// Cast: who is who in a world, by the names that a scenario gives, and what each move does to it.
//
// This is the dictionary between harness/scenario and harness/kernel: it knows no anchors, no turns
// and no trace (see stage.h and runner.h). A value of some hundred bytes without pointers; the
// kernel is handed to each operation, so that an explorer copies the two side by side.
//
// Invariants
//   1. A name once given means the same process until it is given anew; once that was reaped it
//      means nobody, whoever has its number (BeforeBirth sees to it).
//   2. A move that cannot be made changes nothing but what it consumed on the way (a double fork may
//      find room for one).
// Held by cast_test.cc.

#ifndef MINIT_HARNESS_RIG_CAST_H_
#define MINIT_HARNESS_RIG_CAST_H_

#include <array>
#include <cstdint>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

// What a move did, for a trace: see contract::Step.
struct Effect {
  contract::Cause cause = contract::Cause::kNone;  // kNone: it had no effect
  kernel::Pid pid = 0;
  uint8_t signal = 0;  // or exit code
};

class Cast {
 public:
  // Makes the kernel the world that `entry` describes, and names its processes.
  void Enter(const scenario::Entry& entry, kernel::Kernel& kernel);

  // Makes one move, now. kPass and kOneCall are for whoever schedules: nothing happens.
  Effect Make(const scenario::Move& move, kernel::Kernel& kernel);

  // The process that a name means now, 0 for nobody. A zombie is somebody.
  kernel::Pid Find(scenario::Who who, const kernel::Kernel& kernel) const;
  // The number that it has or had last, 0 if it was never born.
  kernel::Pid LastNumber(scenario::Who who) const;

  // What init does to the cast. BeforeBirth: before anything is born. OnFork: init has forked
  // `newborn`. OnExec: process `pid` calls exec, whether or not it succeeds.
  void BeforeBirth(const kernel::Kernel& kernel);
  void OnFork(kernel::Pid newborn, kernel::Kernel& kernel);
  void OnExec(kernel::Pid pid);

  // One of init's processes has called exec: the child is known for good.
  bool child_is_known() const { return child_is_known_; }
  // One of init's processes lives and has not called exec: as long as the child is not known, it may
  // be that.
  bool ChildMayBeForked(const kernel::Kernel& kernel) const;
  // What opening this name finds: kMissing or kNoConsole if the scenario has no such file.
  kernel::Path Named(kernel::Path path) const;
  // What opening /proc/self/fd/`fd` finds. A PID namespace has /proc, a machine that boots has none.
  kernel::Path Reopened(kernel::Pid process, int fd, const kernel::Kernel& kernel) const;
  // As the scenario has it: for rigs that lay out the memory of a real program.
  scenario::Environment environment() const { return environment_; }
  scenario::Arguments arguments() const { return arguments_; }

  uint64_t Hash() const;
  // Who is found under which name: what matters to come, as long as nobody asks for LastNumber.
  uint64_t Fingerprint(const kernel::Kernel& kernel) const;
  bool operator==(const Cast&) const = default;

 private:
  struct Name {
    kernel::Pid pid = 0;  // 0: never born
    bool gone = false;    // reaped

    bool operator==(const Name&) const = default;
  };
  // Of init's processes before exec only so many are kept in mind; older ones lose their claim.
  static constexpr int kMaxForked = 8;

  const Name* NameOf(scenario::Who who) const;
  void Inherit(int number, const scenario::Entry::Child& child, kernel::Kernel& kernel);
  void EnterDescriptors(const scenario::Entry& entry, kernel::Kernel& kernel);
  void EnterSignals(const scenario::Entry& entry, kernel::Kernel& kernel);
  void Bind(scenario::Who who, kernel::Pid pid);

  Effect MakeOfLife(const scenario::Move& move, kernel::Pid who, kernel::Kernel& kernel);
  Effect MakeByCall(const scenario::Move& move, kernel::Pid who, kernel::Kernel& kernel);
  Effect MakeOfSignal(const scenario::Move& move, kernel::Pid who, kernel::Kernel& kernel);
  Effect MakeOfWorld(const scenario::Move& move, kernel::Pid who, kernel::Kernel& kernel);
  Effect Fork(kernel::Pid who, scenario::Who newborn, kernel::Kernel& kernel);
  Effect DoubleFork(kernel::Pid who, scenario::Who orphan, kernel::Kernel& kernel);

  std::array<Name, scenario::kProcesses> processes_{};
  std::array<Name, kMaxForked>
      forked_{};  // by init, not yet exec'd; the last one forked at the end
  Name child_;
  uint8_t forked_count_ = 0;
  uint8_t missing_ = 0;  // as Entry::missing
  bool child_is_known_ = false;
  bool keep_next_ = false;
  bool has_proc_ = false;
  scenario::Environment environment_ = scenario::Environment::kPlain;
  scenario::Arguments arguments_ = scenario::Arguments::kPlain;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_CAST_H_
