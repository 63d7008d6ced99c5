// A board that somebody else may have written over is not believed.
#include "harness/crosscheck/board.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace minit::crosscheck {
namespace {

TEST(ABoard, IsSoundAsItIsMade) { EXPECT_TRUE(IsSound(*std::make_unique<Board>())); }

TEST(ABoard, IsSoundWithEachWayInWhichARuleIsBroken) {
  const auto board = std::make_unique<Board>();
  board->candidate_count = 1;
  for (std::size_t how = 0; how < contract::kHowCount; ++how) {
    board->candidates[0].broken.facts.how = static_cast<contract::How>(how);
    EXPECT_TRUE(IsSound(*board)) << contract::NameOf(static_cast<contract::How>(how));
  }
}

TEST(ABoard, IsNotSoundOnceItSaysWhatCannotBe) {
  const std::function<void(Board&)> wrongs[] = {
      [](Board& board) { board.candidate_count = Board::kCandidates + 1; },
      [](Board& board) { board.kept_count = Board::kKept + 1; },
      [](Board& board) { board.uncovered_count = Board::kUncovered + 1; },
      [](Board& board) { board.uncovered[0].what.fill('x'); },
      [](Board& board) { board.candidates[0].broken.rule = static_cast<contract::Rule>(0); },
      [](Board& board) { board.candidates[0].broken.rule = static_cast<contract::Rule>(16); },
      [](Board& board) {
        board.candidates[0].broken.facts.phase = static_cast<contract::Phase>(5);
      },
      [](Board& board) { board.candidates[0].broken.facts.faults = 0x20; },
      [](Board& board) { board.candidates[0].broken.facts.entry = 0x2000; },
      [](Board& board) {
        board.candidates[0].broken.facts.cause = static_cast<contract::Cause>(99);
      },
      [](Board& board) { board.candidates[0].broken.facts.signal = 65; },
      [](Board& board) {
        board.candidates[0].broken.facts.whose = static_cast<contract::Whose>(8);
      },
      [](Board& board) {
        board.candidates[0].broken.facts.how = static_cast<contract::How>(contract::kHowCount);
      },
      [](Board& board) {
        board.candidates[0].scenario.entry.environment = static_cast<scenario::Environment>(9);
      },
      [](Board& board) { board.kept[0].entry.signal_queue = 2000; },
  };
  const auto board = std::make_unique<Board>();
  int number = 0;
  for (const auto& wrong : wrongs) {
    board->candidate_count = 1;
    board->kept_count = 1;
    board->uncovered_count = 1;
    board->uncovered[0] = {};
    board->candidates[0] = {};
    board->kept[0] = {};
    ASSERT_TRUE(IsSound(*board));
    wrong(*board);
    EXPECT_FALSE(IsSound(*board)) << "wrong number " << number;
    ++number;
  }
}

}  // namespace
}  // namespace minit::crosscheck
