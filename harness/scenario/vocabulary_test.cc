// Tests of the table: what whoever adds a move can forget.
#include "harness/scenario/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "harness/scenario/text.h"

namespace minit::scenario {
namespace {

using ::testing::HasSubstr;

int Occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Vocabulary, TextNamesEachOperandOnceAndNoOther) {
  static constexpr const char* kPlaces[] = {"{who}", "{other}", "{number}"};
  for (int i = 0; i < kAllKinds; ++i) {
    const Kind& row = kKinds[static_cast<std::size_t>(i)];
    for (const Field field : kFields) {
      EXPECT_EQ(Occurrences(row.text, kPlaces[field]), row.operands[field] != Operand::kNone)
          << row.text;
    }
    EXPECT_GT(row.weight, 0) << row.text;
    EXPECT_TRUE(row.operands[kWhoField] == Operand::kNone || IsWho(row.operands[kWhoField]))
        << row.text;
  }
}

TEST(Vocabulary, KindsReadDifferently) {
  std::set<std::string> seen;
  for (int i = 0; i < kAllKinds; ++i) {
    const Move move = PlainMove(static_cast<MoveKind>(i));
    EXPECT_TRUE(IsValid(move)) << Print(move);
    EXPECT_TRUE(seen.insert(Print(move)).second) << Print(move);
  }
}

// The rows have no names of their own: a row in the wrong place would go unseen otherwise.
TEST(Vocabulary, RowsStandInTheOrderOfTheKinds) {
  const auto print = [](MoveKind kind) { return Print(PlainMove(kind)); };
  EXPECT_EQ(print(MoveKind::kExit), "at rest: child exits 0");
  EXPECT_EQ(print(MoveKind::kBurst), "at rest: child leaves 1 dead orphans of exit code 0");
  EXPECT_EQ(print(MoveKind::kLeaderExit), "at rest: leader of child exits 0");
  EXPECT_EQ(print(MoveKind::kSetSid), "at rest: child calls setsid");
  EXPECT_EQ(print(MoveKind::kTraceMe), "at rest: child asks to be traced");
  EXPECT_EQ(print(MoveKind::kResume), "at rest: child resumes child with nothing");
  EXPECT_EQ(print(MoveKind::kKill), "at rest: child sends TERM to child");
  EXPECT_EQ(print(MoveKind::kKillAll), "at rest: child sends TERM to everyone");
  EXPECT_EQ(print(MoveKind::kFromAncestorQueue), "at rest: ancestor queues TERM to child");
  EXPECT_EQ(print(MoveKind::kStop), "at rest: child stops on STOP");
  EXPECT_EQ(print(MoveKind::kThaw), "at rest: init is thawed");
  EXPECT_EQ(print(MoveKind::kOneCall), "at rest: child makes one call");
  EXPECT_EQ(print(MoveKind::kFailReboots), "at rest: next 1 reboots fail with EPERM");
  EXPECT_EQ(print(MoveKind::kHeal), "at rest: heal everything");
  EXPECT_EQ(print(MoveKind::kRepeat), "repeat: the last 1 moves 1 times");
  EXPECT_EQ(print(MoveKind::kStream), "entry: stdin is closed");
  EXPECT_EQ(print(MoveKind::kPending), "entry: TERM is pending");
  EXPECT_EQ(print(MoveKind::kInheritTraced),
            "entry: process 1 is inherited as a tracee stopped by TERM");
  EXPECT_EQ(print(MoveKind::kLeaderStatus), "entry: status of a leader survives its threads");
}

TEST(Vocabulary, RangesHoldTheirPlainValueAndFitTheirField) {
  for (const OperandRange& range : kOperands) {
    EXPECT_LE(range.low, range.high) << range.allowed;
    EXPECT_TRUE(range.Allows(range.plain)) << range.allowed;
    // bytes.h: what has no edges is one byte.
    if (range.edges.empty()) EXPECT_LT(range.high, 256) << range.allowed;
    EXPECT_LE(range.edges.size(), 256U) << range.allowed;
    if (range.only != 0) EXPECT_LE(range.high, 64) << range.allowed;
    // The number form of bytes.h ends there.
    EXPECT_LT(range.high, 255 * 256) << range.allowed;
  }
  for (const Kind& row : kKinds) {
    EXPECT_LT(RangeOf(row.operands[kOtherField]).high, 256) << row.text;
  }
}

TEST(Vocabulary, SettleIsTheIdentityOnWhatIsAllowedAndElseAllowed) {
  for (const OperandRange& range : kOperands) {
    for (uint32_t value = 0; value < 70000; ++value) {
      const uint16_t settled = range.Settle(value);
      ASSERT_TRUE(range.Allows(settled)) << range.allowed << " " << value;
      if (range.Allows(value)) ASSERT_EQ(settled, value) << range.allowed;
    }
  }
}

TEST(Vocabulary, IsValidRefusesWhatIsOutOfRange) {
  Move kill{MoveKind::kFromAncestor, Who::kInit, 0, 15, {}};
  EXPECT_TRUE(IsValid(kill));
  kill.number = 9;
  EXPECT_FALSE(IsValid(kill)) << "KILL to init from outside";
  kill.number = 65;
  EXPECT_FALSE(IsValid(kill));
  kill = {MoveKind::kExit, Who::kInit, 0, 0, {}};
  EXPECT_FALSE(IsValid(kill)) << "init exits by itself alone";
  kill = {MoveKind::kExit, Who::kChild, 1, 0, {}};
  EXPECT_FALSE(IsValid(kill)) << "an operand that the kind lacks";
  kill = {MoveKind::kExit, Who::kChild, 0, 0, {Anchor::kMaxCall + 1}};
  EXPECT_FALSE(IsValid(kill));
  kill = {MoveKind::kPidNamespace, Who::kChild, 0, 0, {1}};
  EXPECT_FALSE(IsValid(kill)) << "an entry item with an anchor";
  kill = {MoveKind::kRepeat, Who::kChild, 1, 1, {1}};
  EXPECT_FALSE(IsValid(kill)) << "a repeat with an anchor";
  kill = {static_cast<MoveKind>(kAllKinds), Who::kChild, 0, 0, {}};
  EXPECT_FALSE(IsValid(kill));
}

TEST(Vocabulary, EveryKindIsDocumented) {
  std::ifstream file(MINIT_SOURCE_DIR "/docs/scenarios.md");
  const std::string docs{std::istreambuf_iterator<char>(file), {}};
  for (const Kind& row : kKinds) EXPECT_THAT(docs, HasSubstr("`" + std::string(row.text) + "`"));
}

}  // namespace
}  // namespace minit::scenario
