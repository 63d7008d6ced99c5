// Facts have one text, which is read back; patterns match what they leave open and nothing else.
#include "harness/contract/facts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace minit::contract {
namespace {

std::vector<Facts> Examples() {
  std::vector<Facts> all;
  for (int i = 0; i < 600; ++i) {
    Facts facts{.phase = static_cast<Phase>(i % 5),
                .faults = static_cast<uint8_t>(i * 7 % 32),
                .entry = static_cast<uint16_t>(i * 131 % 4096),
                .cause = static_cast<Cause>(i % 10),
                .whose = static_cast<Whose>(i % 8),
                .how = static_cast<How>(i % 12)};
    if (facts.cause == Cause::kSignal) facts.signal = static_cast<uint8_t>(1 + i % 64);
    all.push_back(facts);
  }
  return all;
}

TEST(Facts, TextIsReadBack) {
  for (const Facts& facts : Examples()) {
    std::string error;
    const auto read = ParseFacts(ToString(facts), &error);
    ASSERT_TRUE(read.has_value()) << error;
    EXPECT_EQ(read->facts, facts) << ToString(facts);
    EXPECT_EQ(read->open, 0);
  }
}

TEST(Facts, OpenFieldsAreReadBackAndMatchAnything) {
  const Facts facts{.cause = Cause::kSignal, .signal = 15, .how = How::kTakenNotSent};
  for (int open = 0; open < 128; ++open) {
    const FactsPattern pattern{.facts = facts, .open = static_cast<uint8_t>(open)};
    std::string error;
    const auto read = ParseFacts(ToString(pattern), &error);
    ASSERT_TRUE(read.has_value()) << error;
    EXPECT_EQ(ToString(*read), ToString(pattern));
    EXPECT_TRUE(read->Matches(facts));
    Facts other = facts;
    other.signal = 34;
    EXPECT_EQ(read->Matches(other), (open & (FactsPattern::kCause | FactsPattern::kSignal)) != 0);
    other = facts;
    other.how = How::kNeverTaken;
    EXPECT_EQ(read->Matches(other), (open & FactsPattern::kHow) != 0);
  }
}

// Of each field every value, against every other.
TEST(Facts, AValueMatchesItselfAlone) {
  const auto expect = [](auto set, int count) {
    for (int one = 0; one < count; ++one) {
      for (int other = 0; other < count; ++other) {
        FactsPattern pattern;
        Facts facts;
        set(pattern.facts, one);
        set(facts, other);
        EXPECT_EQ(pattern.Matches(facts), one == other)
            << ToString(pattern) << " and " << ToString(facts);
      }
    }
  };
  expect([](Facts& facts, int value) { facts.phase = static_cast<Phase>(value); }, 5);
  expect([](Facts& facts, int value) { facts.cause = static_cast<Cause>(value); }, 10);
  expect([](Facts& facts, int value) { facts.whose = static_cast<Whose>(value); }, 8);
  expect([](Facts& facts, int value) { facts.how = static_cast<How>(value); }, 13);
  expect([](Facts& facts, int value) { facts.entry = static_cast<uint16_t>(value); }, 64);
  expect([](Facts& facts, int value) { facts.faults = static_cast<uint8_t>(value); }, 32);
}

TEST(Facts, AnExcuseForOneSignalIsNoneForAnother) {
  std::string error;
  const auto pattern = ParseFacts(
      "phase=any entry=any faults=any cause=signal-34 whose=any how=never-taken", &error);
  ASSERT_TRUE(pattern.has_value()) << error;
  Facts facts{.cause = Cause::kSignal, .signal = 34, .how = How::kNeverTaken};
  EXPECT_TRUE(pattern->Matches(facts));
  facts.signal = 15;
  EXPECT_FALSE(pattern->Matches(facts));
}

TEST(Facts, WhatHasToBeThereMayStandAmongOthers) {
  const std::string text =
      "phase=any entry=masked+any faults=sync+any cause=any whose=any how=never";
  std::string error;
  const auto pattern = ParseFacts(text, &error);
  ASSERT_TRUE(pattern.has_value()) << error;
  EXPECT_EQ(ToString(*pattern), text);
  Facts facts{.faults = kFaultSync, .entry = kEnteredMasked, .how = How::kNever};
  EXPECT_TRUE(pattern->Matches(facts));
  facts.faults = kFaultSync | kFaultConsole;
  facts.entry = kEnteredMasked | kEnteredParent;
  EXPECT_TRUE(pattern->Matches(facts));
  facts.entry = kEnteredParent;
  EXPECT_FALSE(pattern->Matches(facts));
  facts.entry = kEnteredMasked;
  facts.faults = 0;
  EXPECT_FALSE(pattern->Matches(facts));
}

TEST(Facts, RefusalSaysWhereInTheText) {
  const std::vector<std::pair<std::string, std::size_t>> bad = {
      {"phase=any entry=dark faults=any cause=any whose=any how=any", 10},
      {"phase=any  colour=red", 11},
      {"phase=any phase=any", 10},
      {"phase=any entry=any", 19}};  // the end: something is missing
  for (const auto& [text, where] : bad) {
    std::string error;
    std::size_t at = 0;
    EXPECT_FALSE(ParseFacts(text, &error, &at).has_value()) << text;
    EXPECT_EQ(at, where) << text;
  }
}

TEST(Facts, BadTextIsRefusedWithWhatIsAllowed) {
  const std::string rest = " entry=plain faults=none cause=none whose=nobody how=plain";
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"phase=dreaming" + rest, "starting, running"},
      {"phase=running phase=ended" + rest, "phase= is given twice"},
      {"entry=plain", "phase= is missing"},
      {"colour=red" + rest, "is no fact"},
      {"phase", "is no fact"},
      {"phase=any entry=any faults=any cause=signal-65 whose=any how=any", "signal-N"},
      {"phase=any entry=any faults=any cause=signal whose=any how=any", "signal-N"},
      {"phase=any entry=masked+ faults=any cause=any whose=any how=any", "joined by +"}};
  for (const auto& [text, why] : bad) {
    std::string error;
    EXPECT_FALSE(ParseFacts(text, &error).has_value()) << text;
    EXPECT_NE(error.find(why), std::string::npos) << error;
  }
}

TEST(Facts, TheTextIsStable) {
  EXPECT_EQ(ToString(Facts{}),
            "phase=starting entry=plain faults=none cause=none whose=nobody how=plain");
  EXPECT_EQ(ToString(Facts{.phase = Phase::kAfterRefusal,
                           .faults = kFaultForks | kFaultConsole,
                           .entry = kEnteredMasked | kEnteredNamespace,
                           .cause = Cause::kSignal,
                           .signal = 34,
                           .whose = Whose::kChildBeforeExec,
                           .how = How::kNoSuchProcess}),
            "phase=after-refusal entry=masked+namespace faults=forks+console cause=signal-34 "
            "whose=child-before-exec how=esrch");
}

}  // namespace
}  // namespace minit::contract
