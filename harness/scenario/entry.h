// An Entry as a list of items, a move-like record for each thing that is not plain. So how init is
// entered has the same text, bytes, generator and minimiser as moves have.

#ifndef MINIT_HARNESS_SCENARIO_ENTRY_H_
#define MINIT_HARNESS_SCENARIO_ENTRY_H_

#include <array>
#include <cstddef>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// The items of one entry, in the canonical order: that of MoveKind, then of the operands. A set of
// signals that has all of them is one item.
class Items {
 public:
  explicit Items(const Entry& entry);

  // A range of Moves.
  const Move* begin() const { return storage_.data(); }
  const Move* end() const { return storage_.data() + size_; }
  std::size_t size() const { return size_; }

  // Streams, descriptors, three sets short of one signal each, children, the rest.
  static constexpr std::size_t kMax = 3 + 61 + 3 * 61 + kProcesses + 7;

 private:
  void Add(MoveKind kind, int who, int other, int number);
  void AddSet(MoveKind kind, uint64_t set);

  std::array<Move, kMax> storage_;
  std::size_t size_ = 0;
};

// Makes the entry have this item; requires IsValid(item). Later ones win, sets unite. An Entry made
// by applying the items of another to a plain one is equal to it.
void Apply(const Move& item, Entry& entry);

// Whether every part of the entry lies in its range.
bool IsValid(const Entry& entry);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_ENTRY_H_
