// SARIF: what becomes of each sort of finding, and that fingerprints last from night to night.
#include "harness/crosscheck/sarif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "harness/crosscheck/samples.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

Json RunOf(const Report& report) { return Json::parse(PrintSarif(report))["runs"][0]; }

std::string FingerprintOf(const Report& report, std::size_t result = 0) {
  return RunOf(report)["results"][result]["partialFingerprints"]["minitContractFacts/v1"];
}

TEST(Sarif, RulesAreTheFifteenOfTheContractWithLastingIds) {
  const Json rules = RunOf(EmptyReport())["tool"]["driver"]["rules"];
  ASSERT_THAT(rules, SizeIs(15));
  EXPECT_EQ(rules[0]["id"], "R01-reaps-at-rest");
  EXPECT_EQ(rules[0]["name"], "ReapsAtRest");
  EXPECT_EQ(rules[14]["id"], "R15-comes-to-rest");
  EXPECT_THAT(rules[7]["help"]["text"], HasSubstr("rule 8 in docs/contract.md"));
  EXPECT_EQ(SarifRuleId(Rule::kForwardsEverySignal), "R02-forwards-every-signal");
}

TEST(Sarif, EveryResultRefersToItsRuleAndItsArtifact) {
  for (const Report& report : {EmptyReport(), CleanReport(), BrokenReport(), TroubledReport()}) {
    const Json run = RunOf(report);
    for (const Json& result : run["results"]) {
      EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"],
                result["ruleId"]);
      EXPECT_TRUE(result.contains("suppressions")) << "if one result says so, all must";
      const Json& place = result["locations"][0]["physicalLocation"]["artifactLocation"];
      if (!place.contains("index")) continue;
      EXPECT_EQ(run["artifacts"][place["index"].get<std::size_t>()]["location"]["uri"],
                place["uri"]);
    }
  }
}

TEST(Sarif, FindingIsAnErrorInTheBinary) {
  const Json run = RunOf(BrokenReport());
  const Json& fresh = run["results"][1];
  EXPECT_EQ(fresh["ruleId"], "R02-forwards-every-signal");
  EXPECT_EQ(fresh["level"], "error");
  EXPECT_THAT(fresh["message"]["text"], HasSubstr("SIGTERM (15) is owed"));
  EXPECT_EQ(fresh["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "file:///usr/lib/minit");
  EXPECT_THAT(fresh["suppressions"], IsEmpty());
  EXPECT_EQ(fresh["occurrenceCount"], 17);
  EXPECT_THAT(fresh["properties"]["facts"], HasSubstr("cause=signal-15"));
  EXPECT_THAT(fresh["properties"]["scenario"], HasSubstr("at rest: init is frozen\n"));
  EXPECT_EQ(fresh["properties"]["minimal"], false);
  EXPECT_EQ(run["results"][0]["properties"]["minimal"], true);
  EXPECT_THAT(run["artifacts"], SizeIs(1));
  EXPECT_THAT(run["artifacts"][0]["hashes"]["sha-256"], HasSubstr("cafe"));
}

TEST(Sarif, ExcusedFindingIsSuppressedWithTheReasonOfTheLedger) {
  const Json run = RunOf(BrokenReport());
  const Json& justified = run["results"][2]["suppressions"][0];
  EXPECT_EQ(justified["kind"], "external");
  EXPECT_EQ(justified["status"], "accepted");
  EXPECT_THAT(justified["justification"], HasSubstr("its library keeps signals 32 to 34"));
  EXPECT_EQ(justified["location"]["physicalLocation"]["region"]["startLine"], 3);
  EXPECT_EQ(run["results"][0]["suppressions"][0]["status"], "underReview");
}

TEST(Sarif, StaleEntryIsAWarningInTheLedger) {
  const Json run = RunOf(BrokenReport());
  ASSERT_THAT(run["results"], SizeIs(4));
  const Json& stale = run["results"][3];
  EXPECT_EQ(stale["ruleId"], "R08-syncs-first");
  EXPECT_EQ(stale["level"], "warning");
  const Json& place = stale["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "harness/crosscheck/ledgers/minit.ledger");
  EXPECT_EQ(place["region"]["startLine"], 17);
  EXPECT_EQ(stale["properties"]["reason"], "it rests before it syncs");
}

TEST(Sarif, InvocationSaysHowItEnded) {
  const Json clean = RunOf(CleanReport())["invocations"][0];
  EXPECT_EQ(clean["executionSuccessful"], true);
  EXPECT_EQ(clean["exitCode"], 0);
  EXPECT_EQ(clean["startTimeUtc"], "2026-11-24T23:40:00Z");
  EXPECT_THAT(clean["toolExecutionNotifications"], IsEmpty());
  EXPECT_EQ(RunOf(BrokenReport())["invocations"][0]["exitCode"], 1);

  const Json troubled = RunOf(TroubledReport())["invocations"][0];
  EXPECT_EQ(troubled["executionSuccessful"], false);
  std::set<std::string> told;
  for (const Json& notification : troubled["toolExecutionNotifications"]) {
    told.insert(notification["descriptor"]["id"].get<std::string>() + " " +
                notification["level"].get<std::string>());
  }
  EXPECT_EQ(told, (std::set<std::string>{"breaks-beyond error", "breaks-unconfirmed error",
                                         "calls-not-covered note", "calls-not-covered warning",
                                         "troubled-runs warning", "silent-rules error",
                                         "interrupted warning"}));
}

TEST(Sarif, WhatWasNotJudgedIsNoSuccess) {
  Report report = CleanReport();
  report.subjects[0].troubles.not_counted = 20000;
  report.subjects[0].troubles.not_covered = {{"setuid to another user", 20000}, {"swapon", 1}};
  report.subjects[0].harmless = {"swapon"};
  const Json invocation = RunOf(report)["invocations"][0];
  EXPECT_EQ(invocation["executionSuccessful"], false);
  EXPECT_EQ(invocation["exitCode"], 2);
  const Json& told = invocation["toolExecutionNotifications"];
  ASSERT_THAT(told, SizeIs(4));
  EXPECT_EQ(told[0]["level"], "warning");
  EXPECT_EQ(told[1]["level"], "note") << "it is harmless";
  EXPECT_EQ(told[2]["descriptor"]["id"], "not-judged");
  EXPECT_EQ(told[2]["message"]["text"], "20000 of 1234567 scenarios do not count.");
}

TEST(Sarif, InterruptedIsNoSuccess) {
  Report report = CleanReport();
  report.interrupted = true;
  report.not_begun = 1;
  const Json invocation = RunOf(report)["invocations"][0];
  EXPECT_EQ(invocation["executionSuccessful"], false);
  EXPECT_EQ(invocation["exitCode"], 2);
  EXPECT_THAT(invocation["exitCodeDescription"], HasSubstr("ended early"));
  EXPECT_EQ(invocation["toolExecutionNotifications"][0]["descriptor"]["id"], "interrupted");
}

TEST(Sarif, RunSaysHowItWasSearched) {
  const Json subject = RunOf(BrokenReport())["properties"]["subjects"][0];
  EXPECT_EQ(subject["seed"], "18446744073709551615");
  EXPECT_EQ(subject["rig"], "in-process, patched");
  EXPECT_EQ(subject["scenarios"], 1234567);
  EXPECT_EQ(subject["rules"]["R01-reaps-at-rest"],
            Json({{"spoke", 1813},
                  {"held", 1001},
                  {"broken", 812},
                  {"byPhase", {{"ended", 3}, {"running", 1000}}},
                  {"byEntry", {{"masked", 13}, {"plain", 990}}},
                  {"byFault", {{"none", 1003}}}}));
  EXPECT_FALSE(subject["rules"].contains("R14-exits-with-status"));
}

TEST(Sarif, RuleThatStayedSilentWasSpokenOfUnderNothing) {
  const Json rule =
      RunOf(TroubledReport())["properties"]["subjects"][1]["rules"]["R01-reaps-at-rest"];
  EXPECT_EQ(rule["spoke"], 0);
  for (const char* by : {"byPhase", "byEntry", "byFault"}) EXPECT_EQ(rule[by], Json::object());
}

TEST(Sarif, BracesInMessagesAreNoPlaceholders) {
  Report report = CleanReport();
  report.subjects[0].troubles.not_covered = {{"stat of /{0}", 2}};
  EXPECT_EQ(RunOf(report)["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
            "No one answered stat of /{{0}}, made 2 times.");
}

TEST(Sarif, PathsAreUris) {
  const Json odd = RunOf(TroubledReport())["artifacts"][1];
  EXPECT_EQ(odd["location"]["uri"],
            "file:///srv/an%20init%27s%3A%20100%25/%C3%A4%FF-and-a-name-that-is-rather-long");
  Report report = CleanReport();
  report.subjects[0].command = {"build/release/init"};
  EXPECT_EQ(RunOf(report)["artifacts"][0]["location"]["uri"], "build/release/init");
}

TEST(Sarif, BinaryOfTwoSubjectsIsOneArtifact) {
  Report report = BrokenReport();
  report.subjects.push_back(report.subjects[0]);
  report.subjects[1].command.push_back("-s");
  const Json run = RunOf(report);
  EXPECT_THAT(run["artifacts"], SizeIs(1));
  EXPECT_EQ(run["properties"]["subjects"][1]["artifact"], 0);
}

TEST(Sarif, FingerprintIsTheSameFromNightToNight) {
  const std::string before = FingerprintOf(BrokenReport());
  EXPECT_THAT(before, SizeIs(64));
  Report report = BrokenReport();
  SubjectReport& subject = report.subjects[0];
  Finding& finding = subject.findings[0];
  report.tool_commit = "another";
  report.started = "2027-01-01T00:00:00Z";
  subject.command = {"/another/place/minit", "-x"};
  subject.sha256 = std::string(64, 'f');
  subject.seed = 7;
  subject.rig = "ptrace";
  finding.sentence = "process 9 is dead and not reaped when init rests, at 5 µs";
  finding.timeline = "";
  finding.seen = 1;
  finding.excused_by = -1;
  ASSERT_FALSE(scenario::Parse("at rest: child exits 7\n", finding.scenario));
  EXPECT_EQ(FingerprintOf(report), before);
}

TEST(Sarif, FingerprintTellsRulesFactsSubjectsAndStaleEntriesApart) {
  std::set<std::string> all = {FingerprintOf(BrokenReport()), FingerprintOf(BrokenReport(), 1),
                               FingerprintOf(BrokenReport(), 2), FingerprintOf(BrokenReport(), 3)};
  Report report = BrokenReport();
  report.subjects[0].findings[0].facts.faults = contract::kFaultSync;
  all.insert(FingerprintOf(report));
  report = BrokenReport();
  report.subjects[0].findings[0].rule = Rule::kSyncsFirst;
  all.insert(FingerprintOf(report));
  report = BrokenReport();
  report.subjects[0].command = {"/usr/lib/tini"};
  all.insert(FingerprintOf(report));
  // A stale entry with the rule and the facts of a finding.
  report = BrokenReport();
  report.subjects[0].ledger[1].shows = Shows::kNo;
  report.subjects[0].findings.erase(report.subjects[0].findings.begin());
  all.insert(FingerprintOf(report, 2));
  EXPECT_THAT(all, SizeIs(8));
}

}  // namespace
}  // namespace minit::crosscheck
