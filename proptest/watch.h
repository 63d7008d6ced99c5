// Watch: the kernel model alone, in whatever happens, threads and tracing too; and laws of Linux that
// what can be seen before and after has to obey.
//
// What this is: an oracle for what the sketch (sketch.h) does not have. Some of the laws say what has
// to come of an event, as of a wait or a signal; others what cannot, as that a call of one process is
// felt by those alone that it has to do with.
// What this is not: a second kernel. It knows nothing but what a View tells.
//
// Held by kernel_test.cc, kernel_explorer_test.cc and fuzz/kernel_fuzzer.cc, on stories of rows as
// sketch_pair.h has them.

#ifndef MINIT_PROPTEST_WATCH_H_
#define MINIT_PROPTEST_WATCH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "harness/kernel/kernel.h"

namespace minit::proptest {

class Watch {
 public:
  using Row = std::array<uint8_t, 4>;  // what, who, and two values
  static constexpr int kKinds = 26;    // of rows, by their first byte
  static constexpr int kMaxTasks = 12;

  // `how`, by its bits: init has nothing blocked; it is that of a namespace; numbers are few.
  explicit Watch(uint8_t how = 0) { Begin(how); }
  void Begin(uint8_t how);  // all anew
  void GoOnFrom(const Watch& other) {
    *world_ = *other.world_;
    is_namespace_ = other.is_namespace_;
  }

  // One thing happens. Nullptr, or the law that it breaks.
  const char* Happen(const Row& row);

  const kernel::ScenarioKernel& world() const { return *world_; }
  // What the call said that was made last, if one was.
  uint64_t SaidLast() const;

 private:
  using Call = kernel::Call;
  using CallKind = kernel::CallKind;
  using Pid = kernel::Pid;
  using Result = kernel::Result;
  using View = kernel::View;
  using Views = std::vector<View>;  // in the order of waiting

  // What has happened, as far as the laws ask for it.
  struct Deed {
    enum class Kind { kOther, kCall, kSignal, kFault, kExit, kExitThread };
    Kind kind = Kind::kOther;
    Pid by = 0;
    Pid at = 0;  // of a signal, or a death
    int value = 0;
    bool to_thread = false;
    bool at_returns = false;  // it has a handler to enter, or a result to hear of
    Call call{};
    Result result{};
    Result foreseen{};  // of a wait
    bool can_call = false;
  };

  void Do(const Row& row);
  void DoToThreads(const Row& row, Pid pid);
  void DoToDescriptors(const Row& row, Pid pid);
  void Issue(Pid pid, const Call& call);
  Call AnyWait(uint8_t a, uint8_t b, bool blocks) const;
  Pid PidAt(uint8_t which) const { return world_->PidAt(which % world_->size()); }
  void Look(Views* views) const;

  const char* OfCallers() const;
  const char* OfWaits() const;
  const char* OfTraces() const;
  const char* OfSignals() const;
  const char* OfThoseSentTo(const View& process, const View& target, const Views& reached) const;
  const char* OfTerminalStops() const;
  const char* OfActions() const;
  const char* OfMasks() const;
  const char* OfPipes() const;
  const char* OfFaults() const;
  const char* OfForks() const;
  const char* OfExecs() const;
  const char* OfDeaths() const;
  const char* OfDeathsTold() const;
  const char* OfOthers() const;
  const char* OfVforks() const;
  const char* OfReadiness() const;
  Result Foresee(const Call& wait, Pid caller) const;

  std::unique_ptr<kernel::ScenarioKernel> world_ = std::make_unique<kernel::ScenarioKernel>();
  std::unique_ptr<kernel::ScenarioKernel> before_poll_ = std::make_unique<kernel::ScenarioKernel>();
  std::unique_ptr<kernel::ScenarioKernel> aside_ = std::make_unique<kernel::ScenarioKernel>();
  Views before_;
  Views after_;
  Deed deed_;
  bool is_namespace_ = false;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_WATCH_H_
