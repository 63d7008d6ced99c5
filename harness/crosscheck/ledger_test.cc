// Ledgers: the round trip, errors that name place and remedy, and that an entry excuses no more than
// what it says.
#include "harness/crosscheck/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "harness/scenario/arbitrary.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Cause;
using contract::Facts;
using contract::FactsPattern;
using contract::How;
using contract::Rule;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kFacts =
    "facts phase=running entry=plain faults=none cause=signal-34 whose=nobody how=taken-not-sent\n";

std::string Entry(const std::string& facts = kFacts) {
  return "rule 2 forwards-every-signal\n" + facts +
         "reason its library keeps 34\n"
         "scenario\n"
         "  at rest: child exits 0\n";
}

// What is wrong with a text, or nothing.
std::string ErrorOf(const std::string& text) {
  std::vector<LedgerEntry> entries;
  const auto error = ParseLedger(text, entries);
  return error ? error->Describe("f") : "";
}

// Any pattern that a ledger may have, as ParseFacts gives it: what is open is not given.
FactsPattern ArbitraryPattern() {
  FactsPattern pattern;
  pattern.facts = {.phase = static_cast<contract::Phase>(*rc::gen::inRange(0, 5)),
                   .faults = *rc::gen::inRange<uint8_t>(0, 32),
                   .entry = *rc::gen::inRange<uint16_t>(0, 4096),
                   .cause = static_cast<Cause>(*rc::gen::inRange(0, 10)),
                   .whose = static_cast<contract::Whose>(*rc::gen::inRange(0, 8)),
                   .how = static_cast<How>(*rc::gen::inRange(0, 12))};
  if (pattern.facts.cause == Cause::kSignal) {
    pattern.facts.signal = *rc::gen::inRange<uint8_t>(1, 65);
  }
  pattern.open = static_cast<uint8_t>(*rc::gen::inRange(0, 128)) & ~FactsPattern::kHow & 127;
  std::string error;
  return contract::ParseFacts(contract::ToString(pattern), &error).value_or(pattern);
}

RC_GTEST_PROP(Ledger, ParseUndoesPrint, ()) {
  std::vector<LedgerEntry> entries;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    const LedgerEntry entry{.rule = static_cast<Rule>(*rc::gen::inRange(1, 16)),
                            .pattern = ArbitraryPattern(),
                            .reason = "because of " + std::to_string(i) + " # and so on",
                            .scenario = *rc::gen::arbitrary<scenario::Scenario>()};
    if (std::ranges::none_of(entries, [&](const LedgerEntry& other) {
          return other.rule == entry.rule && other.pattern == entry.pattern;
        })) {
      entries.push_back(entry);
    }
  }
  std::vector<LedgerEntry> parsed;
  const auto error = ParseLedger(Print(entries), parsed);
  RC_ASSERT(!error);
  for (LedgerEntry& entry : parsed) entry.line = 0;
  RC_ASSERT(parsed == entries);
  RC_ASSERT(Print(parsed) == Print(entries));
}

// One character changed: the parser must stay total, and an error lies in the text.
RC_GTEST_PROP(Ledger, DamagedTextIsALedgerOrAnErrorInsideIt, (char c)) {
  std::string text = Entry() + "\n# more\n" + Entry("facts " + contract::ToString(Facts{}) + "\n");
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = c;
  std::vector<LedgerEntry> entries;
  if (const auto error = ParseLedger(text, entries)) {
    RC_ASSERT(error->line >= 1);
    RC_ASSERT(error->line <= 13);
    RC_ASSERT(error->column >= 1);
  }
}

TEST(Ledger, CommentsAndBlankLinesSayNothing) {
  std::vector<LedgerEntry> entries;
  const std::string text = "# minit\n\n" + Entry() +
                           "\n  # still the scenario\n  at rest: child exits 1\n"
                           "# the next\n" +
                           Entry("facts " + contract::ToString(Facts{}) + "\n");
  ASSERT_EQ(ErrorOf(text), "");
  ParseLedger(text, entries);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].line, 3);
  EXPECT_EQ(entries[0].reason, "its library keeps 34");
  EXPECT_EQ(scenario::Print(entries[0].scenario),
            "at rest: child exits 0\nat rest: child exits 1\n");
  EXPECT_EQ(entries[1].line, 12);
}

TEST(Ledger, ErrorsNamePlaceWhatWasFoundAndWhatIsAllowed) {
  const std::string entry = Entry();
  const auto changed = [&entry](const std::string& from, const std::string& to) {
    std::string text = entry;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(ErrorOf("rules 2\n"),
              StartsWith("f:1:1: found \"rules 2\"; allowed: \"rule NUMBER NAME\""));
  EXPECT_THAT(ErrorOf(changed("2 forwards-every-signal", "3 forwards-every-signal")),
              AllOf(StartsWith("f:1:6: found \"3 forwards-every-signal\""),
                    HasSubstr("2 forwards-every-signal, 3 forwards-in-order")));
  EXPECT_THAT(ErrorOf(changed("entry=plain", "entry=dark")),
              AllOf(StartsWith("f:2:21: \"entry=dark\""), HasSubstr("ignoring, masked")));
  EXPECT_THAT(ErrorOf(changed(" how=taken-not-sent", "")), HasSubstr("f:2:73: how= is missing"));
  EXPECT_THAT(ErrorOf(changed("reason its library keeps 34", "reason")),
              StartsWith("f:3:7: found no reason"));
  EXPECT_THAT(ErrorOf(changed("reason its library keeps 34\n", "")),
              AllOf(StartsWith("f:3:1: found \"scenario\"; allowed: \"reason "),
                    HasSubstr("begins in line 1")));
  EXPECT_THAT(ErrorOf(changed("scenario\n", "scenario none\n")), StartsWith("f:4:10: "));
  EXPECT_THAT(ErrorOf(changed("child exits", "child sings")),
              AllOf(StartsWith("f:5:18: found \"sings 0\"; allowed: "), HasSubstr("\"exits\"")));
  EXPECT_THAT(ErrorOf(changed("  at rest", "at rest")), StartsWith("f:5:1: found \"at rest"));
  EXPECT_THAT(ErrorOf("rule 1 reaps-at-rest\n"), StartsWith("f:1:1: found the end of the file"));
}

TEST(Ledger, ErrorsGiveNoByteOfTheFileToATerminal) {
  for (const char* line :
       {"ru\x1b[31m\n", "rule 2 \x9b\x07\n", "rule 1 reaps-at-rest\nfacts \x1b]0;a\x07\n",
        "rule 1 reaps-at-rest\nfacts phase=\xff\xc3\n", "rule 1 reaps-at-rest\n\x1b[2J\n"}) {
    const std::string error = ErrorOf(line);
    EXPECT_THAT(error, HasSubstr("\\x")) << error;
    EXPECT_EQ(error.find_first_of("\x1b\x07\x9b\xff\xc3"), error.npos)
        << testing::PrintToString(error);
  }
}

TEST(Ledger, EntryThatLeavesEverythingOpenIsRefused) {
  const std::string all = "facts phase=any entry=any faults=any cause=any whose=any how=any\n";
  EXPECT_THAT(ErrorOf(Entry(all)), AllOf(StartsWith("f:2:7: every fact is any"),
                                         HasSubstr("every break of rule 2 forwards-every-signal")));
  EXPECT_EQ(ErrorOf(Entry("facts phase=any entry=any faults=any cause=any whose=any how=late\n")),
            "");
}

TEST(Ledger, SameRuleAndFactsTwiceAreRefused) {
  EXPECT_THAT(ErrorOf(Entry() + Entry()),
              StartsWith("f:6:1: found the rule and the facts of line 1 again"));
}

TEST(Ledger, ExcusesItsRuleWithItsFactsAndNothingElse) {
  std::vector<LedgerEntry> entries;
  ASSERT_EQ(ErrorOf(Entry()), "");
  ParseLedger(Entry() + Entry("facts phase=any entry=any faults=any cause=signal-any whose=any "
                              "how=taken-not-sent\n"),
              entries);
  const Facts known{.phase = contract::Phase::kRunning,
                    .cause = Cause::kSignal,
                    .signal = 34,
                    .how = How::kTakenNotSent};
  EXPECT_EQ(Known(entries).Find({.rule = Rule::kForwardsEverySignal, .facts = known}), 0);
  EXPECT_EQ(Known(entries).Find({.rule = Rule::kForwardsInOrder, .facts = known}), -1);
  Facts other = known;
  other.signal = 15;
  EXPECT_EQ(Known(entries).Find({.rule = Rule::kForwardsEverySignal, .facts = other}), 1);
  EXPECT_EQ(
      Known(std::span(entries).first(1)).Find({.rule = Rule::kForwardsEverySignal, .facts = other}),
      -1);
  other.how = How::kNeverTaken;
  EXPECT_EQ(Known(entries).Find({.rule = Rule::kForwardsEverySignal, .facts = other}), -1);
}

TEST(Ledger, WhatIsLeftOutOfWhatIsKnownIsNotKnownUntilItIsPutBack) {
  std::vector<LedgerEntry> entries;
  ParseLedger(Entry() + Entry("facts phase=any entry=any faults=any cause=signal-15 whose=any "
                              "how=taken-not-sent\n"),
              entries);
  ASSERT_EQ(entries.size(), 2u);
  Known known(entries);
  for (const int entry : {0, 1}) {
    contract::Break broken{.rule = Rule::kForwardsEverySignal,
                           .facts = {.phase = contract::Phase::kRunning,
                                     .cause = Cause::kSignal,
                                     .signal = static_cast<uint8_t>(entry == 0 ? 34 : 15),
                                     .how = How::kTakenNotSent}};
    EXPECT_TRUE(known.Has(broken));
    known.LeaveOut(entry);
    EXPECT_FALSE(known.Has(broken)) << entry;
    EXPECT_EQ(known.Find(broken), entry) << "it is excused all the same";
    known.LeaveOut(1 - entry);
    EXPECT_TRUE(known.Has(broken)) << "another is left out";
    known.LeaveOut(-1);
    EXPECT_TRUE(known.Has(broken));
  }
  EXPECT_FALSE(Known().Has({.rule = Rule::kForwardsEverySignal, .facts = {}}));
  // What it excuses is not known, though another entry excuses some of it too.
  ParseLedger(Entry() + Entry("facts phase=any entry=any faults=any cause=signal-any whose=any "
                              "how=taken-not-sent\n"),
              entries);
  Known both(entries);
  both.LeaveOut(1);
  EXPECT_FALSE(both.Has({.rule = Rule::kForwardsEverySignal,
                         .facts = {.phase = contract::Phase::kRunning,
                                   .cause = Cause::kSignal,
                                   .signal = 34,
                                   .how = How::kTakenNotSent}}));
}

TEST(Ledger, ProposesWhatNothingExcusesToBeJustified) {
  scenario::Scenario moves;
  ASSERT_FALSE(scenario::Parse("at rest: child exits 0\n", moves));
  const Facts facts{.cause = Cause::kSignal, .signal = 15, .how = How::kNeverTaken};
  const std::vector<Finding> findings = {
      {.rule = Rule::kForwardsEverySignal,
       .facts = facts,
       .sentence = "SIGTERM (15) was\nnever taken",
       .scenario = moves},
      {.rule = Rule::kReapsAtRest, .sentence = "known", .excused_by = 0}};
  const std::vector<LedgerEntry> proposed = Propose(findings);
  ASSERT_EQ(proposed.size(), 1U);
  EXPECT_EQ(proposed[0].reason, "to be justified: SIGTERM (15) was never taken");

  std::vector<LedgerEntry> parsed;
  ASSERT_EQ(ErrorOf(Print(proposed)), "");
  ParseLedger(Print(proposed), parsed);
  EXPECT_FALSE(parsed[0].justified());
  EXPECT_EQ(Known(parsed).Find({.rule = Rule::kForwardsEverySignal, .facts = facts}), 0);
  EXPECT_EQ(parsed[0].scenario, moves);
}

}  // namespace
}  // namespace minit::crosscheck
