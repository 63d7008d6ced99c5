// JSON: every field of a report is in it, under the keys that json.h lists and in that order.
#include "harness/crosscheck/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/crosscheck/samples.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;

std::vector<std::string> KeysOf(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(Json, HasEveryKeyInTheOrderOfTheList) {
  const Json json = Json::parse(PrintJson(BrokenReport()));
  EXPECT_THAT(KeysOf(json),
              ElementsAre("format", "commit", "started", "exitStatus", "requireSpoken",
                          "hasCallList", "interrupted", "notBegun", "subjects"));
  const Json& subject = json["subjects"][0];
  EXPECT_THAT(KeysOf(subject),
              ElementsAre("command", "sha256", "profile", "ledgerPath", "callsPath", "child", "rig",
                          "rigNote", "seed", "harmless", "scenarios", "kept", "tuples", "seconds",
                          "interrupted", "judged", "rules", "findings", "beyond", "ledger",
                          "silent", "troubles"));
  EXPECT_THAT(KeysOf(subject["rules"][0]), ElementsAre("number", "name", "asked", "verdict", "held",
                                                       "broken", "byPhase", "byEntry", "byFault"));
  EXPECT_THAT(KeysOf(subject["findings"][0]),
              ElementsAre("rule", "name", "facts", "sentence", "scenario", "minimal", "timeline",
                          "difference", "seen", "confirmedBy", "excusedBy"));
  EXPECT_THAT(KeysOf(subject["ledger"][0]),
              ElementsAre("rule", "name", "facts", "reason", "justified", "scenario", "line",
                          "shows", "showsIn"));
  EXPECT_THAT(KeysOf(subject["troubles"]),
              ElementsAre("crashed", "looped", "gaveUp", "lost", "crowded", "notCounted",
                          "unconfirmed", "lostWorkers", "notCovered"));
}

TEST(Json, SaysWhatTheReportSays) {
  const Report report = BrokenReport();
  const Json json = Json::parse(PrintJson(report));
  EXPECT_EQ(json["commit"], report.tool_commit);
  EXPECT_EQ(json["started"], "2026-11-24T23:40:00Z");
  EXPECT_EQ(json["exitStatus"], 1);
  EXPECT_EQ(json["requireSpoken"], false);
  EXPECT_EQ(json["hasCallList"], true);
  const Json& subject = json["subjects"][0];
  EXPECT_EQ(subject["command"], Json({"/usr/lib/minit"}));
  EXPECT_EQ(subject["profile"], "machine");
  EXPECT_EQ(subject["ledgerPath"], "harness/crosscheck/ledgers/minit.ledger");
  EXPECT_EQ(subject["seed"], "18446744073709551615");
  EXPECT_EQ(subject["scenarios"], 1234567);
  EXPECT_EQ(subject["kept"], 312);
  EXPECT_EQ(subject["tuples"], 4512);
  EXPECT_EQ(subject["seconds"], 12.34);
  EXPECT_EQ(subject["rules"].size(), 15U);
  EXPECT_EQ(subject["rules"][1]["verdict"], "broken");
  EXPECT_EQ(subject["rules"][1]["broken"], 20362);
  EXPECT_EQ(subject["rules"][0]["verdict"], "known");
  EXPECT_EQ(subject["rules"][2]["verdict"], "holds");
  EXPECT_EQ(subject["rules"][2]["held"], 1003);
  EXPECT_EQ(subject["rules"][2]["byPhase"], Json({{"ended", 3}, {"running", 1000}}));
  EXPECT_EQ(subject["rules"][2]["byEntry"], Json({{"masked", 13}, {"plain", 990}}));
  EXPECT_EQ(subject["rules"][2]["byFault"], Json({{"none", 1003}}));
  EXPECT_EQ(subject["rules"][13]["verdict"], "notAsked");
  EXPECT_THAT(subject["silent"], IsEmpty());
}

TEST(Json, HasFindingsAndLedgerInFull) {
  const Report report = BrokenReport();
  const Json subject = Json::parse(PrintJson(report))["subjects"][0];
  const Json& known = subject["findings"][0];
  const Finding& fresh = report.subjects[0].findings[1];
  EXPECT_EQ(known["excusedBy"], 1);
  EXPECT_EQ(subject["findings"][1], Json({{"rule", 2},
                                          {"name", "forwards-every-signal"},
                                          {"facts", contract::ToString(fresh.facts)},
                                          {"sentence", fresh.sentence},
                                          {"scenario", scenario::Print(fresh.scenario)},
                                          {"minimal", false},
                                          {"timeline", fresh.timeline},
                                          {"difference", fresh.difference},
                                          {"seen", 17},
                                          {"confirmedBy", "ptrace"},
                                          {"excusedBy", nullptr}}));
  const LedgerEntry& entry = report.subjects[0].ledger[1];
  EXPECT_EQ(subject["ledger"][1], Json({{"rule", 1},
                                        {"name", "reaps-at-rest"},
                                        {"facts", contract::ToString(entry.pattern)},
                                        {"reason", entry.reason},
                                        {"justified", false},
                                        {"scenario", scenario::Print(entry.scenario)},
                                        {"line", 10},
                                        {"shows", true},
                                        {"showsIn", ""}}));
  EXPECT_EQ(subject["ledger"][2]["shows"], false);
  Report unknown = report;
  unknown.subjects[0].ledger[2].shows = Shows::kUnknown;
  EXPECT_EQ(Json::parse(PrintJson(unknown))["subjects"][0]["ledger"][2]["shows"], nullptr);
  Report moved = report;
  LedgerEntry& other = moved.subjects[0].ledger[2];
  other.shows = Shows::kElsewhere;
  other.elsewhere = entry.scenario;
  const Json told = Json::parse(PrintJson(moved))["subjects"][0]["ledger"][2];
  EXPECT_EQ(told["shows"], true);
  EXPECT_EQ(told["showsIn"], scenario::Print(entry.scenario));
}

TEST(Json, SaysWhatWentWrong) {
  const Json json = Json::parse(PrintJson(TroubledReport()));
  const Json& subject = json["subjects"][1];
  EXPECT_EQ(subject["profile"], "container");
  EXPECT_EQ(subject["rig"], "ptrace");
  EXPECT_EQ(subject["rigNote"], "it is linked dynamically");
  EXPECT_EQ(subject["interrupted"], true);
  EXPECT_EQ(subject["judged"], true);
  EXPECT_EQ(subject["harmless"], Json({"prctl 1234"}));
  EXPECT_EQ(subject["beyond"], 4);
  EXPECT_EQ(subject["troubles"],
            Json({{"crashed", 1},
                  {"looped", 2000},
                  {"gaveUp", 3},
                  {"lost", 4},
                  {"crowded", 5},
                  {"notCounted", 6},
                  {"unconfirmed", 7},
                  {"lostWorkers", 8},
                  {"notCovered", {{"prctl 1234", 7}, {"system call 41", 1}}}}));
  EXPECT_EQ(subject["silent"], Json({1, 2, 3, 4, 5, 6, 12, 14}));
  EXPECT_EQ(subject["command"][0], "/srv/an init's: 100%/ä\uFFFD-and-a-name-that-is-rather-long");
}

TEST(Json, SaysWhatWasNotJudged) {
  Report report = CleanReport();
  report.subjects[0].troubles.not_counted = report.subjects[0].scenarios / 2;
  const Json json = Json::parse(PrintJson(report));
  EXPECT_EQ(json["exitStatus"], 2);
  EXPECT_EQ(json["subjects"][0]["judged"], false);
}

TEST(Json, SaysThatItWasInterrupted) {
  Report report = CleanReport();
  report.interrupted = true;
  report.not_begun = 2;
  const Json json = Json::parse(PrintJson(report));
  EXPECT_EQ(json["exitStatus"], 2);
  EXPECT_EQ(json["interrupted"], true);
  EXPECT_EQ(json["notBegun"], 2);
}

TEST(Json, OfTheSameReportIsTheSameText) {
  EXPECT_EQ(PrintJson(BrokenReport()), PrintJson(BrokenReport()));
  EXPECT_EQ(PrintJson(EmptyReport()),
            "{\n"
            "  \"format\": 1,\n"
            "  \"commit\": \"667204f0d7c1a3b5e9f2667204f0d7c1a3b5e9f2\",\n"
            "  \"started\": \"2026-11-24T23:40:00Z\",\n"
            "  \"exitStatus\": 0,\n"
            "  \"requireSpoken\": false,\n"
            "  \"hasCallList\": true,\n"
            "  \"interrupted\": false,\n"
            "  \"notBegun\": 0,\n"
            "  \"subjects\": []\n"
            "}\n");
}

}  // namespace
}  // namespace minit::crosscheck
