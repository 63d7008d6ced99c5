// Tests of the text form: round trips, what is tolerated, and that errors name place and remedy.
#include "harness/scenario/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>

#include "harness/scenario/arbitrary.h"
#include "harness/scenario/bytes.h"

namespace minit::scenario {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What Parse says, or nothing.
std::string ErrorOf(std::string_view text) {
  Scenario scenario;
  const auto error = Parse(text, scenario);
  return error ? error->Describe("f") : "";
}

RC_GTEST_PROP(Text, ParseUndoesPrint, (const Scenario& scenario)) {
  Scenario parsed;
  const auto error = Parse(Print(scenario), parsed);
  RC_ASSERT(!error);
  RC_ASSERT(parsed == scenario);
}

RC_GTEST_PROP(Text, BytesAndTextSayTheSame, (const std::vector<uint8_t>& bytes)) {
  Scenario decoded, parsed;
  Decode(bytes, decoded);
  RC_ASSERT(!Parse(Print(decoded), parsed));
  RC_ASSERT(Encode(parsed) == Encode(decoded));
}

RC_GTEST_PROP(Text, AnyTextIsAScenarioOrAnErrorInsideIt, (const std::string& text)) {
  Scenario scenario;
  const auto error = Parse(text, scenario);
  RC_ASSERT(IsValid(scenario));
  if (error) {
    RC_ASSERT(error->line >= 1);
    RC_ASSERT(error->column >= 1);
    RC_ASSERT(!error->allowed.empty());
  }
}

// One character of a good text changed: the parser must stay total, and what it takes is valid.
RC_GTEST_PROP(Text, DamagedTextIsAScenarioOrAnError, (const Scenario& scenario, char c)) {
  std::string text = Print(scenario);
  RC_PRE(!text.empty());
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = c;
  Scenario parsed;
  if (const auto error = Parse(text, parsed)) RC_ASSERT(error->line >= 1);
  RC_ASSERT(IsValid(parsed));
}

TEST(Text, EveryKindAndEveryValueSurvives) {
  for (int i = 0; i < kAllKinds; ++i) {
    for (const Field field : kFields) {
      Move move = PlainMove(static_cast<MoveKind>(i));
      const OperandRange& range = RangeOf(KindOf(move.kind).operands[field]);
      for (uint32_t value = range.low; value <= range.high; value += value > 300 ? 97 : 1) {
        if (!range.Allows(value)) continue;
        Set(move, field, static_cast<uint16_t>(value));
        Scenario scenario, parsed;
        if (IsEntryItem(move.kind)) {
          Apply(move, scenario.entry);
        } else {
          scenario.Add(move);
        }
        ASSERT_EQ(ErrorOf(Print(move)), "");
        ASSERT_FALSE(Parse(Print(move), parsed));
        ASSERT_EQ(parsed, scenario) << Print(move);
      }
    }
  }
}

TEST(Text, CommentsBlanksAndBlankLinesAreTolerated) {
  Scenario scenario;
  ASSERT_FALSE(
      Parse("# all of it\n\n  at  rest:\tchild exits   3  # now\r\n\t\nbefore call 2:child reaps",
            scenario));
  EXPECT_EQ(Print(scenario), "at rest: child exits 3\nbefore call 2: child reaps\n");
}

TEST(Text, ErrorsNameThePlaceWhatWasFoundAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("at rest: child exits 0\n\n  at rest: child exits 256 # no\n"),
            "f:3:24: found \"256\"; allowed: an exit code (0 to 255)");
  EXPECT_EQ(ErrorOf("ad rest: child exits 0"),
            "f:1:1: found \"ad rest: child exits 0\"; allowed: \"entry:\", \"repeat:\", \"at\", "
            "\"before\"");
  EXPECT_EQ(ErrorOf("before call 0: child reaps"),
            "f:1:13: found \"0: child reaps\"; allowed: a number of calls (1 to 1000)");
  EXPECT_EQ(ErrorOf("at rest: sync hangs now"),
            "f:1:21: found \"now\"; allowed: the end of the line");
  EXPECT_EQ(ErrorOf("at rest: next 2 forks fail with EPERM"),
            "f:1:33: found \"EPERM\"; allowed: an error of fork (EAGAIN, ENOMEM)");
  EXPECT_EQ(ErrorOf("at rest: child exits"),
            "f:1:21: found the end of the line; allowed: an exit code (0 to 255)");
  EXPECT_EQ(ErrorOf("at rest: child exits 0\nentry: CHLD is ignored\n"),
            "f:2:1: found an entry line after a move; allowed: entry lines before all moves");
}

TEST(Text, ErrorsListTheAlternatives) {
  const std::string error = ErrorOf("at rest: child sends TERM at init");
  EXPECT_THAT(error, HasSubstr("f:1:27: found \"at init\"; allowed: \"to\""));
  const std::string verb = ErrorOf("at rest: child explodes");
  EXPECT_THAT(verb, HasSubstr("f:1:16: found \"explodes\""));
  EXPECT_THAT(verb, HasSubstr("\"exits\", \"dies\""));
  const std::string who = ErrorOf("at rest: process 9 exits 0");
  EXPECT_THAT(who, HasSubstr("f:1:10: found \"process 9 exits 0\""));
  EXPECT_THAT(who, HasSubstr("a process but not init (child, process 1 to process 8, helper)"));
  EXPECT_THAT(who, Not(HasSubstr("exit code")));
}

TEST(Text, OneFormForEachValue) {
  EXPECT_NE(ErrorOf("at rest: child exits 007"), "");
  EXPECT_NE(ErrorOf("at rest: child exits3"), "");
  EXPECT_NE(ErrorOf("at rest: childexits 3"), "");
  EXPECT_NE(ErrorOf("at rest: the last 2 moves 3 times"), "");
  EXPECT_NE(ErrorOf("repeat: child exits 0"), "");
  EXPECT_NE(ErrorOf("at rest: child sends 15 to init"), "");
  EXPECT_NE(ErrorOf("at rest: child sends SIGTERM to init"), "");
  EXPECT_NE(ErrorOf("at rest: child sends term to init"), "");
  EXPECT_NE(ErrorOf("at rest: child exits 99999999999"), "");
}

TEST(Text, WhatInitMustNotSufferIsRefused) {
  EXPECT_THAT(ErrorOf("at rest: ancestor sends KILL to init"), HasSubstr("neither KILL nor STOP"));
  EXPECT_THAT(ErrorOf("at rest: init exits 0"), HasSubstr("f:1:15: found \"exits 0\""));
}

TEST(Text, OddBytesAreShownEscaped) {
  EXPECT_THAT(ErrorOf("at rest: \x01\xff"), HasSubstr("found \"\\x01\\xff\""));
}

TEST(Text, TooManyMovesAreAnError) {
  std::string text;
  for (int i = 0; i < kMaxMoves; ++i) text += "at rest: child exits 0\n";
  EXPECT_EQ(ErrorOf(text), "");
  EXPECT_THAT(ErrorOf(text + "at rest: child exits 0\n"),
              HasSubstr("f:257:1: found one move more"));
}

}  // namespace
}  // namespace minit::scenario
