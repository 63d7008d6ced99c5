// Pair: the kernel model and the sketch of it, side by side: whatever happens to both, they say the
// same.
//
// What this is: the oracle of all that looks for a difference: the property in sketch_test.cc, the
// enumeration there, and fuzz/kernel_fuzzer.cc. Whatever four bytes say is something that can happen.
#ifndef MINIT_PROPTEST_SKETCH_PAIR_H_
#define MINIT_PROPTEST_SKETCH_PAIR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/kernel/kernel.h"
#include "proptest/sketch.h"

namespace minit::proptest {

using Row = std::array<uint8_t, 4>;  // what, who, and two values

class Pair {
 public:
  static constexpr int kKinds = 28;  // of rows, by their first byte

  // `few`: numbers, and room in the queue of signals.
  explicit Pair(bool few = false) { Begin(few); }
  // All anew: cheaper than another pair.
  void Begin(bool few);

  // One thing happens to both. Empty, or how they differ then.
  std::string Happen(const Row& row);

 private:
  using Kernel = kernel::ScenarioKernel;
  using Result = kernel::Result;

  bool IsDone(const Row& row);
  bool IsDoneByAny(int pid, int what, uint8_t a, uint8_t b);
  bool IsDoneByOther(int pid, int what, uint8_t a, uint8_t b);
  Result Issue(int pid, const kernel::Call& call);
  bool Says(const Result& result, int expected, int caller = 0);
  bool Ends(int pid, const kernel::Call& call, const Sketch::Call& sketched);
  bool SameAnswer(const Result& result, const Sketch::Answer& answer, kernel::CallKind kind) const;
  std::string TellAnswers();
  int Target(uint8_t a) const;
  uint64_t Soon(uint8_t a);
  bool IsCrowded(bool many) const;

  bool Fork(int pid, int exit_signal);
  bool Exit(int pid, uint8_t a);
  bool Send(int pid, int target, int signal);
  bool SendOtherwise(int pid, uint8_t a, uint8_t b);
  bool Wait(int pid, uint8_t a, uint8_t b, bool blocks);
  bool Take(int pid, uint64_t set, uint64_t until_ns);
  bool Block(int pid, uint8_t a, uint8_t b);
  bool BlockOnFile(int pid, uint8_t a, uint8_t b);
  bool Mask(int pid, int how, uint64_t set);
  bool Action(int pid, uint8_t a, uint8_t b);
  bool SetGroup(int pid, int target, int group);
  bool Alarm(int pid, uint8_t a);
  int16_t TimerOf(int pid, int16_t fd) const;
  bool Descriptors(int pid, uint8_t a, uint8_t b);
  bool OpenFile(int pid, uint8_t a, uint8_t b);
  bool Terminal(int pid, uint8_t a, uint8_t b);
  bool Faults(uint8_t a, uint8_t b);

  std::string Difference() const;
  void Compare(int pid, std::string& out) const;
  void ComparePending(int pid, const Sketch::Process& is, std::string& out) const;

  std::unique_ptr<Kernel> world_ = std::make_unique<Kernel>();
  Sketch sketch_;
  uint64_t instants_ = 0;
  int opened_ = 0;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_SKETCH_PAIR_H_
