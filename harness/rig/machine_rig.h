// MachineRig: the machine of core/ as a subject, in process.
//
// It makes the calls that harness/linux/driver.cc and console.cc make, in the same order, for any
// entry and any answer: what /init would do, without the process. Left out are clock_gettime (it looks
// at the model's clock), getpid, mmap, munmap, fstat and ioctl, and of the child's 64 rt_sigactions those
// that change nothing; all of them invisible.
//
// A value without pointers, copied and compared like an int. What init's other processes have in
// memory is kept where a kernel keeps it: in a word of theirs (Kernel::Memory), which a fork copies.
// So it makes no difference how many there are.
//
// Held by machine_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_MACHINE_RIG_H_
#define MINIT_HARNESS_RIG_MACHINE_RIG_H_

#include <cstdint>
#include <new>
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

  // What the one whose turn it is asks next. `cast` and `kernel` are those of the stage. `text`, empty,
  // becomes what it writes if it writes.
  kernel::Call Answer(const Turn& turn, const Cast& cast, kernel::Kernel& kernel,
                      std::string_view* text);
  Asks Answer(const Turn& turn, const Cast& cast, kernel::Kernel& kernel) {
    Asks asks;
    asks.call = Answer(turn, cast, kernel, &asks.text);
    return asks;
  }

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
    kActs,
  };

  using Call = kernel::Call;
  using Text = std::string_view*;
  Call SetUp(int32_t result, const Cast& cast, kernel::Kernel& kernel, Text text);
  Call Act(const Event& event, kernel::Kernel& kernel, Text text);
  Call Perform(uint64_t left_ns, kernel::Kernel& kernel, Text text);
  Event EventOf(const kernel::Result& result);
  Call Write(const Announce& announce, kernel::Kernel& kernel, Text text) const;
  Call AnswerForOther(const Turn& turn, kernel::Kernel& kernel, Text text);
  Call AnswerForChild(const Turn& turn, uint64_t stage, kernel::Kernel& kernel);
  Call AnswerForSyncer(const Turn& turn, uint64_t word, kernel::Kernel& kernel);
  Call AnswerForWriter(const Turn& turn, uint64_t word, kernel::Kernel& kernel, Text text);

  Machine machine_;
  Action action_;
  Point point_ = Point::kEntered;
  int16_t console_ = -1;    // descriptor; below 0: helpers write
  kernel::Pid writer_ = 0;  // … the last of which is this, 0: none
  int16_t exec_error_ = 0;  // what the child left in the page that init shares with it
  uint64_t deadline_ns_ = kernel::kForever;
};

// Whose turn it is makes its next call. R is a Runner; a Rig has Answer, as MachineRig has it.
template <typename R, typename Rig>
void MakeCall(R& runner, Rig& rig, const Turn& turn) {
  ::new (static_cast<void*>(&runner.next_call()))
      kernel::Call(rig.Answer(turn, runner.cast(), runner.kernel(), &runner.next_text()));
  runner.CallNext();
}

// Plays on to the end of the run.
template <typename R>
void Play(R& runner, MachineRig& rig) {
  while (const Turn* turn = runner.Next()) MakeCall(runner, rig, *turn);
}

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_MACHINE_RIG_H_
