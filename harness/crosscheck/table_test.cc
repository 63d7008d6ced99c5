// The table: what it says of each sort of outcome, and that it keeps its width.
#include "harness/crosscheck/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "harness/crosscheck/findings_text.h"
#include "harness/crosscheck/samples.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::size_t Columns(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(Table, SaysWhatWasSearchedAndHow) {
  const std::string table = PrintTable(TroubledReport());
  EXPECT_THAT(table, HasSubstr("minit-ref crosscheck, commit 667204f0d7c1"));
  EXPECT_THAT(table, HasSubstr("[1] /sbin/init\n    sha-256    000000"));
  EXPECT_THAT(table, HasSubstr("rig        ptrace: it is linked dynamically\n"));
  EXPECT_THAT(table, HasSubstr("seed       18446744073709551615\n"));
  EXPECT_THAT(table, HasSubstr("searched   1,234,567 scenarios in 12.3 s, 100,046 a second"));
  EXPECT_THAT(table, HasSubstr("; interrupted\n"));
}

TEST(Table, TellsHoldsBrokenKnownSilentAndNotAskedApart) {
  const std::string broken = PrintTable(BrokenReport());
  EXPECT_THAT(broken, HasSubstr(" 1 reaps-at-rest          known 812\n"));
  EXPECT_THAT(broken, HasSubstr(" 2 forwards-every-signal  broken 20,362\n"));
  EXPECT_THAT(broken, HasSubstr(" 3 forwards-in-order      holds 1,003\n"));
  EXPECT_THAT(broken, HasSubstr("14 exits-with-status      -\n"));

  const std::string two = PrintTable(TroubledReport());
  EXPECT_THAT(two, HasSubstr("[1] init            [2] ä"));
  EXPECT_THAT(two, HasSubstr(" 1 reaps-at-rest          holds 1,001         silent\n"));
  EXPECT_THAT(two, HasSubstr("13 keeps-to-its-calls     -                   -\n"));
  EXPECT_THAT(two, HasSubstr("15 comes-to-rest          holds 1,015         broken 4\n"));
}

TEST(Table, SaysThatAScenarioIsNotMinimal) {
  Report report = BrokenReport();
  const char* const larger = "perhaps larger than it has to be";
  EXPECT_THAT(PrintTable(report), HasSubstr(larger));
  report.subjects[0].findings[1].minimal = true;
  EXPECT_THAT(PrintTable(report, true), Not(HasSubstr(larger))) << "nobody tried, for it is known";
}

TEST(Table, BreaksBeyondAreExcusedByNothing) {
  Report report = BrokenReport();
  EXPECT_THAT(PrintTable(report), HasSubstr("reaps-at-rest          known 812\n"));
  report.subjects[0].beyond = 1;
  EXPECT_THAT(PrintTable(report), HasSubstr("reaps-at-rest          broken 812\n"));
}

TEST(Table, BrokenRuleWithoutAFindingIsANewBreak) {
  Report report = CleanReport();
  report.subjects[0].tally(Rule::kSyncsFirst).broken = 3;
  EXPECT_THAT(PrintTable(report),
              AllOf(HasSubstr("NEW: [1] init breaks 8 syncs-first in 3 scenarios"),
                    HasSubstr("FAILED: 1 new break.")));
}

TEST(Table, NewBreaksAreInFullAndKnownOnesInALine) {
  const std::string table = PrintTable(BrokenReport());
  EXPECT_THAT(table, HasSubstr("NEW: [1] minit breaks 2 forwards-every-signal\n"
                               "  SIGTERM (15) is owed"));
  EXPECT_THAT(table, HasSubstr("  facts      phase=running entry=plain"));
  EXPECT_THAT(table, HasSubstr("  seen       in 17 of 1,234,567 scenarios; shown again in a fresh "
                               "process by ptrace\n"));
  EXPECT_THAT(table, HasSubstr("  reference  call 4: init calls wait4"));
  EXPECT_THAT(table,
              HasSubstr("\n        0.000003  world  at rest: ancestor sends TERM to init\n"));
  EXPECT_THAT(table,
              HasSubstr("\n\nscripts/crosscheck --ledger harness/crosscheck/ledgers/minit.ledger "
                        "--play - /usr/lib/minit <<'END'\n"
                        "at rest: init is frozen\nat rest: ancestor sends TERM to init\n"
                        "END\n"));
  EXPECT_THAT(table, HasSubstr("  [1] minit, 1 reaps-at-rest, 812: to be justified: process 7"));
  EXPECT_THAT(table, Not(HasSubstr("known: [1]")));
  EXPECT_LT(table.find("[1] minit, 1 reaps-at-rest, 812"), table.find("NEW: "))
      << "what is new comes last";
}

TEST(Table, OfOneRuleThreeNewBreaksAreInFullAndNoLongTimeLineIs) {
  Report report = BrokenReport();
  std::vector<Finding>& findings = report.subjects[0].findings;
  Finding more = findings[1];
  more.timeline.clear();
  for (int i = 1; i <= 100; ++i) {
    more.timeline += i == 60 ? "2 forwards-every-signal is broken: so it is\n"
                             : "line " + std::to_string(i) + "\n";
  }
  for (const contract::How how :
       {contract::How::kLate, contract::How::kTwice, contract::How::kEarly}) {
    more.facts.how = how;
    findings.push_back(more);
  }
  const std::string table = PrintTable(report);
  EXPECT_THAT(table, HasSubstr("    line 20\n    … 23 lines …\n    line 44\n"));
  EXPECT_THAT(table, HasSubstr("    2 forwards-every-signal is broken: so it is\n    line 61\n"));
  EXPECT_THAT(table, HasSubstr("    line 65\n    … 27 lines …\n    line 93\n"));
  EXPECT_THAT(table, HasSubstr("    line 100\n  to play it again"));
  EXPECT_THAT(table, HasSubstr("NEW: [1] minit breaks 2 forwards-every-signal in 1 more way; "
                               "--verbose has them in full\n  SIGTERM (15) is owed"));
  EXPECT_THAT(table, HasSubstr("how=early\n"));
  const std::string all = PrintTable(report, true);
  EXPECT_THAT(all, AllOf(HasSubstr("    line 50\n    line 51\n"), Not(HasSubstr("more way"))));
}

TEST(Table, OfOneRuleWhatIsSoonestUnderstoodComesFirst) {
  Report report = BrokenReport();
  std::vector<Finding>& findings = report.subjects[0].findings;
  const auto add = [&](const char* sentence, contract::How how, uint16_t entry,
                       const char* scenario, uint64_t seen) {
    Finding more = findings[1];
    more.sentence = sentence;
    more.facts.how = how;
    more.facts.entry = entry;
    ASSERT_FALSE(scenario::Parse(scenario, more.scenario));
    more.seen = seen;
    findings.push_back(more);
  };
  add("of another entry", contract::How::kLate, contract::kEnteredMasked, "", 900);
  add("of one move, seldom", contract::How::kTwice, 0, "at rest: child exits 1\n", 3);
  add("of one move, often", contract::How::kEarly, 0, "at rest: child exits 2\n", 400);
  const std::string table = PrintTable(report);
  const auto at = [&table](const char* words) { return table.find("\n  " + std::string(words)); };
  EXPECT_LT(at("of one move, often"), at("of one move, seldom"));
  EXPECT_LT(at("of one move, seldom"), at("SIGTERM (15) is owed"));
  EXPECT_LT(at("SIGTERM (15) is owed"), at("of another entry"));
  EXPECT_NE(at("of another entry"), table.npos);
}

TEST(Table, BreaksThatDifferInTheSignalAloneAreToldOnce) {
  Report report = BrokenReport();
  std::vector<Finding>& findings = report.subjects[0].findings;
  Finding more = findings[1];
  for (const uint8_t signal : {uint8_t{12}, uint8_t{1}, uint8_t{2}}) {
    more.facts.signal = signal;
    findings.push_back(more);
  }
  const std::string table = PrintTable(report);
  EXPECT_THAT(table, HasSubstr("  also       the same with signal-2, signal-12, signal-15\n"));
  EXPECT_THAT(table, AllOf(HasSubstr("4 new breaks"), Not(HasSubstr("more way"))));
  const std::string all = PrintTable(report, true);
  EXPECT_THAT(all, AllOf(HasSubstr("cause=signal-12 "), Not(HasSubstr("the same with"))));
}

TEST(Table, VerboseHasKnownBreaksInFullAndWhatWasSpokenOf) {
  const std::string table = PrintTable(BrokenReport(), true);
  EXPECT_THAT(table, HasSubstr("known: [1] minit breaks 2 forwards-every-signal\n"));
  EXPECT_THAT(table, HasSubstr("  ledger     harness/crosscheck/ledgers/minit.ledger:3: its"));
  EXPECT_THAT(table, HasSubstr("  [1] minit, 8 syncs-first: phase=ended 3, phase=running 1,000, "
                               "entry=masked 13"));
}

TEST(Table, SaysWhatElseThereIsToKnow) {
  const std::string broken = PrintTable(BrokenReport());
  EXPECT_THAT(broken, HasSubstr("show them any more\n"
                                "  harness/crosscheck/ledgers/minit.ledger:17: 8 syncs-first\n"));
  EXPECT_THAT(broken, HasSubstr("lived with\n"
                                "  harness/crosscheck/ledgers/minit.ledger:10: 1 reaps-at-rest\n"));
  const std::string troubled = PrintTable(TroubledReport());
  EXPECT_THAT(troubled, HasSubstr("prctl 1234 7 times (harmless), system call 41 1 times"));
  EXPECT_THAT(troubled, HasSubstr("crashed in 1, ran on without a call in 2,000"));
  EXPECT_THAT(troubled, HasSubstr("1 reaps-at-rest, 2 forwards-every-signal"));
  EXPECT_THAT(troubled, HasSubstr("breaks rules in 4 more scenarios that were not looked into"));
}

TEST(Table, LastLineSumsUpAndSaysWhatToDo) {
  EXPECT_THAT(PrintTable(CleanReport()), EndsWith("\npassed: no new break. Nothing to do.\n"));
  EXPECT_THAT(PrintTable(BrokenReport()),
              EndsWith("\nFAILED: 1 new break, 1 stale entry. Next: mend the init, or enter it in "
                       "the ledger.\n"));
  Report report = BrokenReport();
  report.subjects[0].findings.erase(report.subjects[0].findings.begin() + 1);
  EXPECT_THAT(PrintTable(report),
              HasSubstr("\nFAILED: 1 stale entry. Next: play the scenarios of the stale entries:"));
  report.subjects[0].ledger.pop_back();
  EXPECT_THAT(PrintTable(report),
              EndsWith("\npassed: no new break, 2 known. Next: justify 1 ledger entry.\n"));
  report = CleanReport();
  report.subjects[0].tally(Rule::kSyncsFirst) = {};
  EXPECT_THAT(PrintTable(report),
              EndsWith("\npassed: no new break, 1 silent rule. Next: search longer.\n"));
  report.require_spoken = true;
  EXPECT_THAT(PrintTable(report), EndsWith("\nFAILED: 1 silent rule. Next: search longer.\n"));
}

TEST(Table, LastLineSaysWhatWasNotJudgedAndForWhichCalls) {
  Report report = CleanReport();
  SubjectReport& subject = report.subjects[0];
  Troubles& troubles = subject.troubles;
  subject.scenarios = 69313;
  troubles.not_counted = 693;
  troubles.not_covered = {{"prctl 24", 900}, {"setuid to another user", 2}, {"swapon", 7000}};
  subject.harmless = {"swapon"};
  EXPECT_THAT(PrintTable(report),
              EndsWith("\npassed: no new break, 693 of 69,313 scenarios did not "
                       "count. Next: see above why they did not.\n"));
  EXPECT_THAT(PrintTable(report), HasSubstr("swapon 7,000 times (harmless)"));
  troubles.not_counted = 67817;
  EXPECT_THAT(PrintTable(report),
              EndsWith("\nNOT JUDGED: 67,817 of 69,313 scenarios did not count (97.8 %), for [1] "
                       "init made calls there that no one\ncovers: \"prctl 24\", \"setuid to "
                       "another user\". Next: say --harmless CALL of each that does not matter for "
                       "it,\nor cover it (docs/crosscheck.md, Adding an interface).\n"));
  for (const char* call : {"a", "b", "c", "d"}) troubles.not_covered[call] = 1;
  EXPECT_THAT(PrintTable(report),
              HasSubstr("\"setuid to another user\", \"a\", \"b\" and 2 more. Next"));
  subject.findings = {{.rule = Rule::kSyncsFirst, .excused_by = -1}};
  EXPECT_THAT(PrintTable(report), HasSubstr("\nFAILED: 1 new break, 1 subject not judged, 67,817 "
                                            "of 69,313 scenarios did not count. Next: mend"));
}

TEST(Table, LastLineSaysThatItWasInterruptedAndWhatWasFoundSoFar) {
  Report report = CleanReport();
  report.interrupted = true;
  EXPECT_THAT(PrintTable(report),
              EndsWith("\nINTERRUPTED after 1,234,567 scenarios: no new break so far. That is no "
                       "verdict. Next: run it again.\n"));
  report = BrokenReport();
  report.interrupted = report.require_spoken = true;
  report.subjects[0].tally(Rule::kSyncsFirst) = {};
  report.not_begun = 1;
  EXPECT_THAT(PrintTable(report),
              EndsWith("\nINTERRUPTED after 1,234,567 scenarios, with 1 subject not begun. FAILED: "
                       "1 new break, 1 stale entry. Next:\nmend the init, or enter it in the "
                       "ledger.\n"));
  report.subjects = {};
  EXPECT_THAT(PrintTable(report), HasSubstr("\nINTERRUPTED after 0 scenarios, with 1 subject not "
                                            "begun: no new break so far."));
}

TEST(Table, LastLineSaysWhatWasLostAndThatOtherSubjectsFail) {
  Report report = CleanReport();
  report.subjects[0].troubles.not_counted = report.subjects[0].scenarios;
  report.subjects[0].ledger = {{.shows = Shows::kUnknown}};
  EXPECT_THAT(PrintTable(report),
              AllOf(HasSubstr("nothing is known, for their own scenarios do"),
                    HasSubstr("did not count (100.0 %), for [1] init was lost there or had to be\n"
                              "ended. Next: see above")));
  report.subjects.push_back(BrokenReport().subjects[0]);
  EXPECT_THAT(PrintTable(report),
              HasSubstr("\nFAILED: 1 new break, 1 stale entry, 1 subject not judged,"));
}

// But for time lines, commands and single words.
TEST(Table, IsNoWiderThan110Columns) {
  Report many = TroubledReport();
  for (int i = 0; i < 8; ++i) many.subjects.push_back(BrokenReport().subjects[0]);
  for (const bool verbose : {false, true}) {
    std::istringstream lines(PrintTable(many, verbose));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(Columns(line), 110U) << line;
      EXPECT_THAT(line, Not(EndsWith(" ")));
    }
  }
}

TEST(Table, CommandIsForAShell) {
  const Report report = TroubledReport();
  EXPECT_EQ(
      PlayCommand(report.subjects[1], {}),
      "scripts/crosscheck --profile container --harmless 'prctl 1234' --play - "
      "'/srv/an init'\\''s: 100%/ä\xff-and-a-name-that-is-rather-long' -s '' '$HOME' <<'END'\n"
      "END\n");
}

TEST(Table, CommandHasAllThatSaysHowItIsJudged) {
  SubjectReport subject;
  subject.command = {"/init"};
  subject.child = "/sbin/core";
  subject.calls_path = "my calls";
  subject.ledger_path = "init.ledger";
  EXPECT_EQ(PlayCommand(subject, {}),
            "scripts/crosscheck --child /sbin/core --calls 'my calls' --ledger init.ledger "
            "--play - /init <<'END'\nEND\n");
}

}  // namespace
}  // namespace minit::crosscheck
