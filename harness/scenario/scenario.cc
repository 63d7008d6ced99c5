#include "harness/scenario/scenario.h"

#include <algorithm>

#include "harness/scenario/entry.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {

void Scenario::Insert(std::size_t at, const Move& move) {
  std::copy_backward(storage_.begin() + static_cast<std::ptrdiff_t>(at), storage_.begin() + size_,
                     storage_.begin() + size_ + 1);
  storage_[at] = move;
  ++size_;
}

void Scenario::Remove(std::size_t at) {
  std::copy(storage_.begin() + static_cast<std::ptrdiff_t>(at) + 1, storage_.begin() + size_,
            storage_.begin() + static_cast<std::ptrdiff_t>(at));
  --size_;
  for (std::size_t i = at; i < size_; ++i) {
    Move& repeat = storage_[i];
    if (repeat.kind != MoveKind::kRepeat || i - at >= repeat.other) continue;
    if (repeat.other == 1) return Remove(i);
    --repeat.other;
  }
}

bool Scenario::operator==(const Scenario& other) const {
  return entry == other.entry && std::ranges::equal(moves(), other.moves());
}

bool IsValid(const Scenario& scenario) {
  return IsValid(scenario.entry) && std::ranges::all_of(scenario.moves(), [](const Move& move) {
           return !IsEntryItem(move.kind) && IsValid(move);
         });
}

void Cursor::Advance() {
  if (!inside_) {
    ++at_;
  } else {
    ++added_;
    ++inner_;
  }
  Settle();
}

void Cursor::Settle() {
  FindNext();
  index_ = inside_ ? inner_ : at_;
}

// Moves on to the next move that is no repeat, entering and leaving stretches on the way.
void Cursor::FindNext() {
  while (at_ != moves_.size()) {
    const Move& here = moves_[at_];
    if (here.kind != MoveKind::kRepeat) return;
    const std::size_t start = at_ - std::min<std::size_t>(here.other, at_);
    if (!inside_) {
      inside_ = true;
      inner_ = start;
      rounds_ = here.number - 1;
    }
    while (inner_ != at_ && moves_[inner_].kind == MoveKind::kRepeat) ++inner_;
    if (inner_ != at_ && added_ < kMaxRepeated) return;
    // The end of a round. A stretch of repeats alone, or none, is left at once.
    const bool empty = std::all_of(moves_.begin() + static_cast<std::ptrdiff_t>(start),
                                   moves_.begin() + static_cast<std::ptrdiff_t>(at_),
                                   [](const Move& m) { return m.kind == MoveKind::kRepeat; });
    if (rounds_ > 0 && !empty && added_ < kMaxRepeated) {
      --rounds_;
      inner_ = start;
      continue;
    }
    inside_ = false;
    ++at_;
  }
}

}  // namespace minit::scenario
