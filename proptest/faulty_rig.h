// FaultyRig: the machine as a subject, with a fault planted between it and the kernel.
//
// A fault is one line: it distorts what init hears (the result of its last call) or what it asks
// (the next call of init or of a process that it forked), or how long its delay is. So the machine of
// core/ stays as it is, and can yet be made to do whatever a broken one would: leave a call out, make
// another, make one more.
//
// It exists to show that searches are not blind. Without a fault it is the machine rig.
//
// Held by faults_test.cc: each fault of the table is found by the explorer and by random scenarios.

#ifndef MINIT_PROPTEST_FAULTY_RIG_H_
#define MINIT_PROPTEST_FAULTY_RIG_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "core/machine.h"
#include "harness/contract/rules.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/stage.h"

namespace minit::proptest {

// What a fault can see and keep.
struct Scene {
  const Machine& machine;
  kernel::Pid child;  // the one that init started last, alive or not; 0 before
  bool& flag;         // the fault's own, false at first

  bool IsChild(const kernel::Result& reaped) const { return reaped.value == machine.child(); }
};

// Init's last call, and its result, which may be changed.
struct Heard : Scene {
  const kernel::Call& call;
  kernel::Result& result;
};

// The next call of init, or of a process of its own before exec (then !by_init).
struct Asked : Scene {
  bool by_init;
  rig::MachineRig::Asks& asks;
  kernel::Call& call;    // of `asks`
  kernel::Call& before;  // to be made first, its result unheard; its kind is kOther: nothing
  bool& left_out;        // true: not to be made at all, 0 is what it returns

  bool Is(kernel::CallKind kind) const { return by_init && call.kind == kind; }
};

struct Fault {
  const char* name;
  contract::Rule breaks;  // the rule that the shortest scenario breaks
  void (*hear)(const Heard&);
  void (*ask)(const Asked&);
  int late_by = 0;  // seconds that its delay is too long
};

// The table.
std::span<const Fault> Faults();
const Fault* FindFault(std::string_view name);  // nullptr: there is none

class FaultyRig {
 public:
  explicit FaultyRig(const Fault* fault = nullptr, Settings settings = {})
      : rig_(Late(settings, fault)), fault_(fault) {}

  // As MachineRig.
  rig::MachineRig::Asks Answer(const rig::Turn& turn, const rig::Cast& cast,
                               kernel::Kernel& kernel) {
    return fault_ == nullptr ? rig_.Answer(turn, cast, kernel) : Distorted(turn, cast, kernel);
  }
  const Machine& machine() const { return rig_.machine(); }
  uint64_t Hash(uint64_t origin_ns = 0) const;

 private:
  static Settings Late(Settings settings, const Fault* fault) {
    if (fault != nullptr) settings.delay_seconds += fault->late_by;
    return settings;
  }
  rig::MachineRig::Asks Distorted(const rig::Turn& turn, const rig::Cast& cast,
                                  kernel::Kernel& kernel);
  rig::MachineRig::Asks Ask(kernel::Pid pid, rig::MachineRig::Asks asks);

  rig::MachineRig rig_;
  const Fault* fault_;
  rig::MachineRig::Asks postponed_{};  // a call that another came before
  kernel::Call call_{};                // init's last
  kernel::Pid child_ = 0;
  kernel::Pid left_out_ = 0;  // whose last call was left out
  bool postpones_ = false;
  bool flag_ = false;
};

// Plays on to the end of the run, or until `stop()`. R is a Runner.
template <typename R, typename Stop>
void Play(R& runner, FaultyRig& rig, Stop stop) {
  while (const rig::Turn* turn = runner.Next()) {
    const rig::MachineRig::Asks asks = rig.Answer(*turn, runner.cast(), runner.kernel());
    runner.Call(asks.call, asks.text);
    if (stop()) runner.Stop();
  }
}

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_FAULTY_RIG_H_
