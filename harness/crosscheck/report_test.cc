// What makes a run of the cross-check fail, and which rules count as silent.
#include "harness/crosscheck/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace minit::crosscheck {
namespace {

using contract::Rule;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SubjectReport AllSpoke(contract::Profile profile) {
  SubjectReport subject{.profile = profile};
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (contract::BelongsTo(text.rule, profile)) subject.tally(text.rule).held = 1;
  }
  return subject;
}

TEST(Report, RuleIsSilentIfNoScenarioSpokeOfIt) {
  SubjectReport subject = AllSpoke(contract::Profile::kMachine);
  EXPECT_THAT(subject.Silent(true), IsEmpty());
  subject.tally(Rule::kSyncsFirst) = {};
  subject.tally(Rule::kComesToRest) = {.held = 0, .broken = 1};
  EXPECT_THAT(subject.Silent(true), ElementsAre(Rule::kSyncsFirst));
}

TEST(Report, RulesOfTheOtherProfileAreNotSilent) {
  EXPECT_THAT(AllSpoke(contract::Profile::kMachine).Silent(true), IsEmpty());
  EXPECT_THAT(AllSpoke(contract::Profile::kContainer).Silent(true), IsEmpty());
}

TEST(Report, WithoutACallListRuleThirteenIsNotMissed) {
  SubjectReport subject = AllSpoke(contract::Profile::kMachine);
  subject.tally(Rule::kKeepsToItsCalls) = {};
  EXPECT_THAT(subject.Silent(false), IsEmpty());
  EXPECT_THAT(subject.Silent(true), ElementsAre(Rule::kKeepsToItsCalls));
}

TEST(Report, RuleIsKnownToBeBrokenOnlyIfEveryBreakIsExcused) {
  SubjectReport subject = AllSpoke(contract::Profile::kMachine);
  const auto outcome = [&subject] { return OutcomeOf(subject, Rule::kSyncsFirst, true); };
  EXPECT_EQ(outcome(), Outcome::kHolds);
  EXPECT_EQ(OutcomeOf(subject, Rule::kExitsWithStatus, true), Outcome::kNotAsked);
  subject.tally(Rule::kSyncsFirst).broken = 2;
  EXPECT_EQ(outcome(), Outcome::kBroken) << "broken, and nobody looked into it";
  subject.findings = {{.rule = Rule::kSyncsFirst, .excused_by = 0}};
  EXPECT_EQ(outcome(), Outcome::kKnown);
  subject.beyond = 1;
  EXPECT_EQ(outcome(), Outcome::kBroken) << "some of its breaks may be among those beyond";
  subject.beyond = 0;
  subject.findings.push_back({.rule = Rule::kSyncsFirst, .excused_by = -1});
  EXPECT_EQ(outcome(), Outcome::kBroken);
}

TEST(Report, NewBreakIsOneThatNothingExcusesOrThatNobodyLookedAt) {
  SubjectReport subject;
  EXPECT_FALSE(HasNewBreak(subject));
  subject.findings = {{.excused_by = 0}};
  EXPECT_FALSE(HasNewBreak(subject));
  subject.findings.push_back({.excused_by = -1});
  EXPECT_TRUE(HasNewBreak(subject));
  subject.findings.clear();
  subject.beyond = 1;
  EXPECT_TRUE(HasNewBreak(subject));
  subject.beyond = 0;
  subject.tally(Rule::kSyncsFirst).broken = 1;
  EXPECT_TRUE(HasNewBreak(subject));
  EXPECT_THAT(BrokenUnseen(subject), ElementsAre(Rule::kSyncsFirst));
}

TEST(Report, EntryThatIsSeenNotToShowIsStale) {
  SubjectReport subject;
  EXPECT_FALSE(HasStaleEntry(subject));
  subject.ledger = {{.shows = Shows::kYes}, {.shows = Shows::kUnknown}};
  EXPECT_FALSE(HasStaleEntry(subject));
  subject.ledger.push_back({.shows = Shows::kNo});
  EXPECT_TRUE(HasStaleEntry(subject));
}

TEST(Report, FailsForNewBreaksStaleEntriesAndSilenceIfAsked) {
  Report report;
  EXPECT_EQ(ExitStatus(report), 0);
  report.subjects = {AllSpoke(contract::Profile::kMachine)};
  report.has_call_list = report.require_spoken = true;
  EXPECT_EQ(ExitStatus(report), 0);
  SubjectReport& subject = report.subjects[0];
  subject.ledger = {{.shows = Shows::kNo}};
  EXPECT_EQ(ExitStatus(report), 1);
  subject.ledger = {};
  subject.findings = {{.excused_by = -1}};
  EXPECT_EQ(ExitStatus(report), 1);
  subject.findings = {};
  subject.tally(Rule::kSyncsFirst) = {};
  EXPECT_EQ(ExitStatus(report), 1);
  report.require_spoken = false;
  EXPECT_EQ(ExitStatus(report), 0);
}

TEST(Report, IsNoPassIfMoreThanOneScenarioInAHundredDoesNotCount) {
  Report report{.has_call_list = true, .subjects = {AllSpoke(contract::Profile::kMachine)}};
  SubjectReport& subject = report.subjects[0];
  Troubles& troubles = subject.troubles;
  subject.scenarios = 1000;
  troubles.not_counted = 10;
  EXPECT_TRUE(IsJudged(subject));
  EXPECT_EQ(ExitStatus(report), 0);
  troubles.not_counted = 11;
  EXPECT_FALSE(IsJudged(subject));
  EXPECT_EQ(ExitStatus(report), 2);
  subject.findings = {{.excused_by = 0}};
  EXPECT_EQ(ExitStatus(report), 2) << "that is known";
  subject.findings[0].excused_by = -1;
  EXPECT_EQ(ExitStatus(report), 1) << "what was found is told first";
}

TEST(Report, SaysThatItCouldNotJudgeWhereNothingCounts) {
  Report report{.has_call_list = true, .subjects = {AllSpoke(contract::Profile::kMachine)}};
  SubjectReport& subject = report.subjects[0];
  EXPECT_EQ(ExitStatus(report), 0) << "nothing was played";
  subject.scenarios = subject.troubles.not_counted = 7;
  EXPECT_EQ(ExitStatus(report), 2);
  subject.ledger = {{.shows = Shows::kUnknown}};
  subject.tally(Rule::kSyncsFirst) = {};
  report.require_spoken = true;
  EXPECT_EQ(ExitStatus(report), 2) << "of what was not judged, no rule is silent";
  Report two = report;
  two.subjects.push_back(subject);
  two.subjects[1].troubles = {};
  EXPECT_EQ(ExitStatus(two), 1) << "the other was judged";
  subject.ledger = {{.shows = Shows::kNo}};
  EXPECT_EQ(ExitStatus(report), 1) << "what was found is told first";
}

TEST(Report, InterruptedIsNoPassAndSaysWhatWasFoundBefore) {
  Report report{.interrupted = true, .subjects = {AllSpoke(contract::Profile::kMachine)}};
  SubjectReport& subject = report.subjects[0];
  EXPECT_EQ(ExitStatus(report), 2);
  report.require_spoken = true;
  subject.tally(Rule::kSyncsFirst) = {};
  EXPECT_EQ(ExitStatus(report), 2) << "it would have spoken later";
  subject.findings = {{.excused_by = -1}};
  EXPECT_EQ(ExitStatus(report), 1);
  report.subjects = {};
  EXPECT_EQ(ExitStatus(report), 2);
}

TEST(Report, EntryIsJustifiedUnlessItSaysThatItIsNot) {
  EXPECT_TRUE(LedgerEntry{.reason = "musl keeps 34 to itself"}.justified());
  EXPECT_FALSE(LedgerEntry{.reason = "to be justified: SIGTERM was lost"}.justified());
}

}  // namespace
}  // namespace minit::crosscheck
