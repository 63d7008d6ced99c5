// Tests of the byte form: total, canonical, without loss; and the reach of single bytes.
#include "harness/scenario/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "harness/scenario/arbitrary.h"
#include "harness/scenario/random.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

Scenario Decoded(const std::vector<uint8_t>& bytes) {
  Scenario scenario;
  Decode(bytes, scenario);
  return scenario;
}

RC_GTEST_PROP(Bytes, DecodeUndoesEncode, (const Scenario& scenario)) {
  RC_ASSERT(Decoded(Encode(scenario)) == scenario);
}

RC_GTEST_PROP(Bytes, AnyBytesAreAValidScenario, (const std::vector<uint8_t>& bytes)) {
  RC_ASSERT(IsValid(Decoded(bytes)));
}

RC_GTEST_PROP(Bytes, EncodingIsCanonical, (const std::vector<uint8_t>& bytes)) {
  const Scenario scenario = Decoded(bytes);
  const std::vector<uint8_t> canonical = Encode(scenario);
  RC_ASSERT(Decoded(canonical) == scenario);
  RC_ASSERT(Encode(Decoded(canonical)) == canonical);
}

RC_GTEST_PROP(Bytes, DecodeForgetsWhatWasThere, (const Scenario& before, const Scenario& after)) {
  Scenario scenario = before;
  Decode(Encode(after), scenario);
  RC_ASSERT(scenario == after);
}

TEST(Bytes, LongRandomStringsFillTheScenarioAndNoMore) {
  Random random(1);
  for (int run = 0; run < 2000; ++run) {
    std::vector<uint8_t> bytes(random.Below(4096));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    const Scenario scenario = Decoded(bytes);
    ASSERT_TRUE(IsValid(scenario));
    ASSERT_EQ(Decoded(Encode(scenario)), scenario);
  }
}

TEST(Bytes, EmptyAndZeroBytesAreTheSimplestScenarios) {
  EXPECT_EQ(Print(Decoded({})), "");
  EXPECT_EQ(Print(Decoded({0})), "at rest: child exits 0\n");
  EXPECT_EQ(Print(Decoded(std::vector<uint8_t>(8))),
            "at rest: child exits 0\nat rest: child exits 0\n");
}

// The form as docs/scenarios.md has it: whoever changes it makes every saved corpus mean something else.
TEST(Bytes, FormIsPinned) {
  Scenario scenario;
  ASSERT_FALSE(
      Parse("entry: CHLD is ignored\n"
            "at rest: child exits 255\n"
            "before call 3: process 1 sends 35 to init\n"
            "at rest: 30001 ms pass\n"
            "before call 300: init is frozen\n",
            scenario));
  const std::vector<uint8_t> expected = {0xF2, 0, 0,  1,  0, 0,  0,   // edge 1 of the sets' edges
                                         0,    0, 0,  4,  0, 0,  0,   // edge 4 of the codes
                                         21,   1, 10, 35, 1, 3,  0,   // no edge: 35 + 256
                                         46,   0, 0,  10, 0, 0,  0,   //
                                         33,   0, 0,  0,  0, 44, 2};  // 300 + 256
  EXPECT_EQ(Encode(scenario), expected);
}

TEST(Bytes, OneByteReachesEveryEdge) {
  std::set<int> signals, codes;
  for (int byte = 0; byte < 256; ++byte) {
    const auto b = static_cast<uint8_t>(byte);
    signals.insert(Decoded({static_cast<uint8_t>(MoveKind::kKill), 0, 10, b}).moves()[0].number);
    codes.insert(Decoded({static_cast<uint8_t>(MoveKind::kExit), 0, 0, b}).moves()[0].number);
  }
  for (const int signal : {1, 15, 17, 31, 32, 33, 34, 63, 64}) EXPECT_TRUE(signals.count(signal));
  for (const int code : {0, 1, 127, 128, 255}) EXPECT_TRUE(codes.count(code));
}

// As bytes.h has it, for whoever changes how it is looked up.
TEST(Bytes, EachByteOfEachKindIsItsOperand) {
  for (int kind = 0; kind < kMoveKinds; ++kind) {
    const Kind& row = kKinds[static_cast<std::size_t>(kind)];
    const OperandRange& who = RangeOf(row.operands[kWhoField]);
    const OperandRange& other = RangeOf(row.operands[kOtherField]);
    const OperandRange& number = RangeOf(row.operands[kNumberField]);
    for (int i = 0; i < 256; ++i) {
      const auto byte = static_cast<uint8_t>(i);
      const Move move = Decoded({static_cast<uint8_t>(kind), byte, byte, byte}).moves()[0];
      const uint16_t edge = number.edges.empty() ? byte : number.edges[byte % number.edges.size()];
      EXPECT_EQ(static_cast<uint16_t>(move.who), who.Settle(byte)) << row.text << ' ' << i;
      EXPECT_EQ(move.other, other.Settle(byte)) << row.text << ' ' << i;
      EXPECT_EQ(move.number, number.Settle(edge)) << row.text << ' ' << i;
    }
  }
}

TEST(Bytes, EveryKindHasAByte) {
  std::set<MoveKind> kinds;
  for (int byte = 0; byte < 256; ++byte) {
    const Scenario scenario = Decoded({static_cast<uint8_t>(byte), 1, 1, 1, 1});
    for (const Move& move : scenario.moves()) kinds.insert(move.kind);
    for (const Move& item : Items(scenario.entry)) kinds.insert(item.kind);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(kAllKinds));
}

TEST(Bytes, EncodeFillsTheRoomWithWholeRecords) {
  Scenario scenario;
  for (int i = 0; i < 3; ++i) scenario.Add(PlainMove(MoveKind::kExit));
  std::vector<uint8_t> room(2 * kRecordBytes + 6);
  EXPECT_EQ(Encode(scenario, room), 2 * kRecordBytes);
  EXPECT_EQ(Encode(scenario, std::span<uint8_t>()), 0U);
}

TEST(Bytes, WhatIsBeyondTheLastMoveIsLeftOut) {
  const Scenario scenario = Decoded(std::vector<uint8_t>((kMaxMoves + 2) * kRecordBytes));
  EXPECT_EQ(scenario.size(), static_cast<std::size_t>(kMaxMoves));
}

}  // namespace
}  // namespace minit::scenario
