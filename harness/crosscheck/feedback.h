// Feedback: which of what a run showed no run showed before. It tells a search which scenarios are
// worth changing further, without a look inside the subject.
//
// What counts as one thing is a tuple: how the world stood after the last move (what
// that was, how many processes, faults, owed signals), which call of whose came with what, what it returned, and which
// came before. Tuples are kept as bits of a table, by hash: two of them may be taken for one.
// Held by player_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_FEEDBACK_H_
#define MINIT_HARNESS_CROSSCHECK_FEEDBACK_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <span>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"

namespace minit::crosscheck {

class Feedback {
 public:
  // A run begins; `entry`: how init was entered, as a number.
  void Begin(uint16_t entry);
  void Add(const contract::Step& step, const kernel::Kernel& kernel);
  // It is over. Whether it showed anything new.
  bool End() { return new_; }

  uint64_t tuples() const { return tuples_; }

  // Counts each tuple seen there from now on, for whoever is guided by counters. It must outlive this.
  void CountInto(std::span<uint8_t> counters) { counters_ = counters; }

 private:
  static constexpr int kBits = 18;

  void See(uint64_t tuple);

  std::unique_ptr<std::bitset<1 << kBits>> seen_ = std::make_unique<std::bitset<1 << kBits>>();
  uint64_t tuples_ = 0;
  uint64_t world_ = 0;     // how it stood after the last move, in short
  uint64_t previous_ = 0;  // call
  bool new_ = false;
  std::span<uint8_t> counters_{};
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_FEEDBACK_H_
