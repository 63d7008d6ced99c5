#include "harness/scenario/long_lives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "harness/scenario/text.h"

namespace minit::scenario {
namespace {

TEST(LongLives, AreOfAsManyMovesAsRepeatsCanAdd) {
  for (const Scenario& life : LongLives()) {
    EXPECT_TRUE(IsValid(life)) << Print(life);
    int moves = 0;  // a death of a burst is one
    for (Cursor cursor(life); !cursor.done(); cursor.Advance()) {
      moves += cursor.move().kind == MoveKind::kBurst ? cursor.move().number : 1;
    }
    EXPECT_GE(moves, kMaxRepeated * 95 / 100) << Print(life);
  }
}

TEST(LongLives, HaveEachSignalThatInitCanTakeByItselfOnce) {
  std::array<int, 65> lives{};
  for (const Scenario& life : LongLives()) {
    const auto moves = life.moves();
    const auto sent = std::ranges::count(moves, MoveKind::kFromAncestor, &Move::kind);
    if (sent != 2) continue;
    const auto first = std::ranges::find(moves, MoveKind::kFromAncestor, &Move::kind);
    EXPECT_EQ(std::ranges::count(moves, *first), 2) << Print(life);
    ++lives[first->number];
  }
  for (std::size_t signal = 1; signal <= 64; ++signal) {
    const bool cannot_be_taken = signal == 9 || signal == 19;
    EXPECT_EQ(lives[signal], cannot_be_taken ? 0 : 1) << "signal " << signal;
  }
}

}  // namespace
}  // namespace minit::scenario
