// MachineRig: the machine of core/ as a subject, in process.
//
// It makes the calls that harness/linux/driver.cc and console.cc make, in the same order, for any
// entry and any answer: what /init would do, without the process. Left out are getpid, mmap,
// munmap, fstat and ioctl, and of the child's 64 rt_sigactions those that change nothing; all of them invisible.
//
// A value without pointers, copied and compared like an int. What init's other processes have in
// memory is kept where a kernel keeps it: in a word of theirs (Kernel::Memory), which a fork copies.
// So it makes no difference how many there are.
//
// Held by machine_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_MACHINE_RIG_H_
#define MINIT_HARNESS_RIG_MACHINE_RIG_H_

#include <cstdint>
#include <string_view>

#include "core/action.h"
#include "core/event.h"
#include "core/machine.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/cast.h"
#include "harness/rig/stage.h"

namespace minit::rig {

// The line, or lines, that are written for an announcement, newline included. Static.
std::string_view TextOf(const Announce& announce);

class MachineRig {
 public:
  explicit MachineRig(Settings settings = {}) : machine_(settings) {}

  // A call, and what it writes if it writes.
  struct Asks {
    kernel::Call call;
    std::string_view text;
  };

  // What the one whose turn it is asks next. `cast` and `kernel` are those of the stage.
  Asks Answer(const Turn& turn, const Cast& cast, kernel::Kernel& kernel);

  const Machine& machine() const { return machine_; }
  // The deadline counts from `origin_ns`, and is no news once it is past.
  uint64_t Hash(uint64_t origin_ns = 0) const;
  bool operator==(const MachineRig&) const = default;

 private:
  // Where init is: at its beginning, in one of the calls of the set-up, or in the machine's loop.
  enum class Point : uint8_t {
    kEntered,
    kOpensNull,
    kClosesNull,
    kClosesRange,
    kDefaultsChild,
    kBlocks,
    kOpensConsole,
    kReopens,
    kClosesFile,
    kReadsClock,  // before the call that the action is
    kActs,
  };

  Asks SetUp(int32_t result, const Cast& cast, kernel::Kernel& kernel);
  Asks Act(const Event& event, kernel::Kernel& kernel);
  Asks Perform(uint64_t left_ns, kernel::Kernel& kernel);
  Event EventOf(const kernel::Result& result);
  Asks Write(const Announce& announce, kernel::Kernel& kernel) const;
  Asks AnswerForOther(const Turn& turn, kernel::Kernel& kernel);
  Asks AnswerForChild(const Turn& turn, uint64_t stage, kernel::Kernel& kernel);
  Asks AnswerForSyncer(const Turn& turn, uint64_t word, kernel::Kernel& kernel);
  Asks AnswerForWriter(const Turn& turn, uint64_t word, kernel::Kernel& kernel);

  Machine machine_;
  Action action_;
  Point point_ = Point::kEntered;
  int16_t console_ = -1;    // descriptor; below 0: helpers write
  kernel::Pid writer_ = 0;  // … the last of which is this, 0: none
  int16_t exec_error_ = 0;  // what the child left in the page that init shares with it
  uint64_t deadline_ns_ = kernel::kForever;
};

// Plays on to the end of the run. R is a Runner.
template <typename R>
void Play(R& runner, MachineRig& rig) {
  while (const Turn* turn = runner.Next()) {
    const MachineRig::Asks asks = rig.Answer(*turn, runner.cast(), runner.kernel());
    runner.Call(asks.call, asks.text);
  }
}

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_MACHINE_RIG_H_
