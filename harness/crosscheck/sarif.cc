#include "harness/crosscheck/sarif.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/crosscheck/findings_text.h"
#include "harness/crosscheck/sha256.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;
using Json = nlohmann::ordered_json;

// What a notification is about.
struct Notice {
  const char* id;
  const char* text;
};
constexpr Notice kBeyond = {"breaks-beyond", "There were more breaks than were looked into."};
constexpr Notice kUnseen = {"broken-unseen", "A rule was broken, and no break looked into."};
constexpr Notice kUnconfirmed = {"breaks-unconfirmed",
                                 "The rigs of this program do not agree on a break."};
constexpr Notice kNotCovered = {"calls-not-covered",
                                "The subject made calls that no one answered."};
constexpr Notice kNotJudged = {"not-judged", "Too few scenarios count for a verdict."};
constexpr Notice kTrouble = {"troubled-runs", "Runs ended otherwise than by the scenario."};
constexpr Notice kSilent = {"silent-rules", "No scenario spoke of these rules."};
constexpr Notice kInterrupted = {"interrupted", "The search was ended early."};
constexpr std::array kNotices = {kBeyond,    kUnseen,  kUnconfirmed, kNotCovered,
                                 kNotJudged, kTrouble, kSilent,      kInterrupted};

// In a text a brace begins a placeholder, unless it is doubled.
Json Message(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '{' || c == '}' ? 2 : 1, c);
  return {{"text", std::move(escaped)}};
}

// As a URI: absolute if the path is, else relative to wherever the search was started.
std::string UriOf(std::string_view path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (kPlain.find(c) != kPlain.npos) {
      uri += c;
      continue;
    }
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
    uri += escaped;
  }
  return uri;
}

std::string PathOf(const SubjectReport& subject) {
  return subject.command.empty() ? "" : subject.command.front();
}

Json FingerprintOf(std::string_view what, Rule rule, const std::string& facts,
                   const SubjectReport& subject) {
  const std::string path = PathOf(subject);
  return {{std::string(kSarifFingerprint),
           Sha256Of(std::string(what) + "\n" + SarifRuleId(rule) + "\n" + facts + "\n" +
                    path.substr(path.rfind('/') + 1))}};
}

// --- The tool ---

std::string PascalCase(std::string_view name) {
  std::string pascal;
  bool capital = true;
  for (const char c : name) {
    if (c != '-') pascal += capital ? static_cast<char>(c - 'a' + 'A') : c;
    capital = c == '-';
  }
  return pascal;
}

Json OfRule(const contract::RuleText& text) {
  Json profiles = Json::array();
  if (text.of_machine) profiles.push_back("machine");
  if (text.of_container) profiles.push_back("container");
  return {
      {"id", SarifRuleId(text.rule)},
      {"name", PascalCase(text.name)},
      {"shortDescription", Message(text.sentence)},
      {"fullDescription", Message(std::string(text.sentence) +
                                  " A scenario speaks of this when: " + text.speaks_when + ".")},
      {"help", Message("See rule " + std::to_string(static_cast<int>(text.rule)) +
                       " in docs/contract.md.")},
      {"defaultConfiguration", {{"level", "error"}}},
      {"properties", {{"number", static_cast<int>(text.rule)}, {"profiles", std::move(profiles)}}}};
}

Json Driver(const Report& report) {
  Json driver = {{"name", kSarifToolName},
                 {"version", report.tool_commit},
                 {"semanticVersion", kSarifToolVersion},
                 {"rules", Json::array()},
                 {"notifications", Json::array()}};
  for (const contract::RuleText& text : contract::kRuleTexts) {
    driver["rules"].push_back(OfRule(text));
  }
  for (const Notice& notice : kNotices) {
    driver["notifications"].push_back(
        {{"id", notice.id}, {"shortDescription", Message(notice.text)}});
  }
  return driver;
}

// --- Binaries, and places in them ---

// Each binary once, whatever its arguments; and of which subject it is.
class Artifacts {
 public:
  explicit Artifacts(const Report& report) {
    for (const SubjectReport& subject : report.subjects) Add(subject);
  }

  Json LocationOf(std::size_t subject) const {
    const std::size_t index = indices_[subject];
    return {{"physicalLocation",
             {{"artifactLocation", {{"uri", list_[index]["location"]["uri"]}, {"index", index}}}}}};
  }
  const Json& list() const { return list_; }

 private:
  void Add(const SubjectReport& subject) {
    Json artifact = {{"location", {{"uri", UriOf(PathOf(subject))}}},
                     {"roles", Json::array({"analysisTarget"})}};
    if (!subject.sha256.empty()) artifact["hashes"] = {{"sha-256", subject.sha256}};
    std::size_t index = 0;
    while (index < list_.size() && list_[index] != artifact) ++index;
    if (index == list_.size()) list_.push_back(std::move(artifact));
    indices_.push_back(index);
  }

  Json list_ = Json::array();
  std::vector<std::size_t> indices_;
};

Json InLedger(const SubjectReport& subject, const LedgerEntry& entry) {
  Json place = {{"artifactLocation", {{"uri", UriOf(subject.ledger_path)}}}};
  if (entry.line > 0) place["region"] = {{"startLine", entry.line}};
  return {{"physicalLocation", std::move(place)}};
}

// --- Results ---

Json SuppressionBy(const SubjectReport& subject, const LedgerEntry& entry) {
  Json suppression = {{"kind", "external"},
                      {"status", entry.justified() ? "accepted" : "underReview"},
                      {"justification", entry.reason}};
  if (!subject.ledger_path.empty()) suppression["location"] = InLedger(subject, entry);
  return suppression;
}

Json OfFinding(const SubjectReport& subject, const Finding& finding, Json location) {
  const std::string facts = contract::ToString(finding.facts);
  Json suppressions = Json::array();
  if (finding.excused_by >= 0) {
    suppressions.push_back(
        SuppressionBy(subject, subject.ledger[static_cast<std::size_t>(finding.excused_by)]));
  }
  Json result = {{"ruleId", SarifRuleId(finding.rule)},
                 {"ruleIndex", static_cast<int>(finding.rule) - 1},
                 {"level", "error"},
                 {"message", Message(finding.sentence)},
                 {"locations", Json::array({std::move(location)})},
                 {"partialFingerprints", FingerprintOf("break", finding.rule, facts, subject)},
                 {"suppressions", std::move(suppressions)}};
  if (finding.seen != 0) result["occurrenceCount"] = finding.seen;
  result["properties"] = {{"facts", facts},
                          {"scenario", scenario::Print(finding.scenario)},
                          {"minimal", finding.minimal},
                          {"play", PlayCommand(subject, finding.scenario)},
                          {"timeline", finding.timeline},
                          {"difference", finding.difference},
                          {"confirmedBy", finding.confirmed_by}};
  return result;
}

Json OfStale(const SubjectReport& subject, const LedgerEntry& entry, Json location) {
  const std::string facts = contract::ToString(entry.pattern);
  return {{"ruleId", SarifRuleId(entry.rule)},
          {"ruleIndex", static_cast<int>(entry.rule) - 1},
          {"level", "warning"},
          {"message", Message("The ledger excuses a break of this rule that its scenario does not "
                              "show any more: take the entry out.")},
          {"locations", Json::array({subject.ledger_path.empty() ? std::move(location)
                                                                 : InLedger(subject, entry)})},
          {"partialFingerprints", FingerprintOf("stale", entry.rule, facts, subject)},
          {"suppressions", Json::array()},
          {"properties",
           {{"facts", facts},
            {"scenario", scenario::Print(entry.scenario)},
            {"reason", entry.reason}}}};
}

Json Results(const Report& report, const Artifacts& artifacts) {
  Json results = Json::array();
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    const SubjectReport& subject = report.subjects[i];
    for (const Finding& finding : subject.findings) {
      results.push_back(OfFinding(subject, finding, artifacts.LocationOf(i)));
    }
    for (const LedgerEntry& entry : subject.ledger) {
      if (entry.shows == Shows::kNo)
        results.push_back(OfStale(subject, entry, artifacts.LocationOf(i)));
    }
  }
  return results;
}

// --- The invocation ---

std::string Ids(const std::vector<Rule>& rules) {
  std::string ids;
  for (const Rule rule : rules) ids += (ids.empty() ? "" : ", ") + SarifRuleId(rule);
  return ids;
}

std::string TroublesOf(const Troubles& troubles) {
  return std::to_string(troubles.crashed) + " scenarios in which it crashed, " +
         std::to_string(troubles.looped) + " in which it ran on without a call, " +
         std::to_string(troubles.gave_up) + " in which it made calls without end, " +
         std::to_string(troubles.lost) + " in which its process was lost, " +
         std::to_string(troubles.crowded) + " with more processes than the rig follows, " +
         std::to_string(troubles.not_counted) + " whose verdicts do not count; " +
         std::to_string(troubles.lost_workers) + " workers were lost.";
}

// Adds those of one subject.
void Notify(const Report& report, const SubjectReport& subject, const Json& location,
            Json& notifications) {
  const auto add = [&](const Notice& notice, const char* level, const std::string& text) {
    notifications.push_back({{"descriptor", {{"id", notice.id}}},
                             {"level", level},
                             {"message", Message(text)},
                             {"locations", Json::array({location})}});
  };
  const Troubles& troubles = subject.troubles;
  if (subject.beyond != 0) {
    add(kBeyond, "error",
        std::to_string(subject.beyond) + " breaks were not looked into: nothing excuses them.");
  }
  if (const auto unseen = BrokenUnseen(subject); !unseen.empty()) {
    add(kUnseen, "error", "Broken, and not looked into: " + Ids(unseen) + ".");
  }
  for (const auto& [call, count] : troubles.not_covered) {
    const bool harmless = subject.harmless.contains(call);
    add(kNotCovered, harmless ? "note" : "warning",
        "No one answered " + call + ", made " + std::to_string(count) + " times" +
            (harmless ? ": it does not matter." : "."));
  }
  if (!IsJudged(subject)) {
    add(kNotJudged, "error",
        std::to_string(troubles.not_counted) + " of " + std::to_string(subject.scenarios) +
            " scenarios do not count.");
  }
  if (troubles.unconfirmed != 0) {
    add(kUnconfirmed, "error",
        std::to_string(troubles.unconfirmed) + " breaks that the ptrace rig does not show.");
  }
  if ((troubles.crashed | troubles.looped | troubles.gave_up | troubles.lost | troubles.crowded |
       troubles.not_counted | troubles.lost_workers) != 0) {
    add(kTrouble, "warning", TroublesOf(troubles));
  }
  if (const auto silent = subject.Silent(report.has_call_list); !silent.empty()) {
    add(kSilent, report.require_spoken ? "error" : "note",
        "No scenario spoke of " + Ids(silent) + ".");
  }
  if (subject.interrupted) {
    add(kInterrupted, "warning",
        "The search was ended after " + std::to_string(subject.scenarios) + " scenarios.");
  }
}

Json Invocation(const Report& report, const Artifacts& artifacts) {
  Json notifications = Json::array();
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    Notify(report, report.subjects[i], artifacts.LocationOf(i), notifications);
  }
  if (report.not_begun != 0) {
    notifications.push_back(
        {{"descriptor", {{"id", kInterrupted.id}}},
         {"level", "warning"},
         {"message", Message(std::to_string(report.not_begun) + " subjects were not begun.")}});
  }
  const int status = ExitStatus(report);
  return {{"executionSuccessful", !report.interrupted && status != 2},
          {"startTimeUtc", report.started},
          {"exitCode", status},
          {"exitCodeDescription",
           status == 0 ? "no new break, no stale entry of a ledger"
           : status == 2 && report.interrupted
               ? "ended early, by a signal, and nothing new was found until then"
           : status == 2
               ? "too few scenarios count for a verdict: the subject made calls that no one covers"
               : "a new break, a stale entry of a ledger, or a rule silent that must speak"},
          {"toolExecutionNotifications", std::move(notifications)}};
}

// --- How it was searched ---

Json Counts(const std::map<std::string, uint64_t>& counts) {
  Json object = Json::object();
  for (const auto& [word, count] : counts) object[word] = count;
  return object;
}

Json OfSearch(const SubjectReport& subject, std::size_t artifact) {
  Json rules = Json::object();
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (!contract::BelongsTo(text.rule, subject.profile)) continue;
    const Tally& tally = subject.tally(text.rule);
    rules[SarifRuleId(text.rule)] = {{"spoke", tally.spoke()},
                                     {"held", tally.held},
                                     {"broken", tally.broken},
                                     {"byPhase", Counts(tally.by_phase)},
                                     {"byEntry", Counts(tally.by_entry)},
                                     {"byFault", Counts(tally.by_fault)}};
  }
  return {{"artifact", artifact},
          {"command", subject.command},
          {"profile", NameOf(subject.profile)},
          {"ledger", subject.ledger_path},
          {"rig", subject.rig},
          {"rigNote", subject.rig_note},
          {"seed", std::to_string(subject.seed)},
          {"scenarios", subject.scenarios},
          {"seconds", subject.seconds},
          {"rules", std::move(rules)}};
}

}  // namespace

std::string SarifRuleId(Rule rule) {
  const std::string number = std::to_string(static_cast<int>(rule));
  return (number.size() < 2 ? "R0" : "R") + number + "-" + contract::TextOf(rule).name;
}

std::string PrintSarif(const Report& report) {
  const Artifacts artifacts(report);
  Json searches = Json::array();
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    const Json location = artifacts.LocationOf(i);
    searches.push_back(
        OfSearch(report.subjects[i],
                 location["physicalLocation"]["artifactLocation"]["index"].get<std::size_t>()));
  }
  const Json run = {
      {"tool", {{"driver", Driver(report)}}},
      // Runs of one kind: all before the last slash is the same.
      {"automationDetails", {{"id", std::string(kSarifToolName) + "/" + report.started}}},
      {"invocations", Json::array({Invocation(report, artifacts)})},
      {"artifacts", artifacts.list()},
      {"results", Results(report, artifacts)},
      {"properties",
       {{"requireSpoken", report.require_spoken},
        {"hasCallList", report.has_call_list},
        {"subjects", std::move(searches)}}}};
  const Json log = {{"$schema",
                     "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
                     "sarif-schema-2.1.0.json"},
                    {"version", "2.1.0"},
                    {"runs", Json::array({run})}};
  return log.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace minit::crosscheck
