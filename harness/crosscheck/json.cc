#include "harness/crosscheck/json.h"

#include <nlohmann/json.hpp>

#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;
using Json = nlohmann::ordered_json;

int NumberOf(Rule rule) { return static_cast<int>(rule); }

const char* NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHolds:
      return "holds";
    case Outcome::kBroken:
      return "broken";
    case Outcome::kKnown:
      return "known";
    case Outcome::kSilent:
      return "silent";
    case Outcome::kNotAsked:
      break;
  }
  return "notAsked";
}

Json Counts(const std::map<std::string, uint64_t>& counts) {
  Json object = Json::object();
  for (const auto& [word, count] : counts) object[word] = count;
  return object;
}

Json OfRule(const SubjectReport& subject, const contract::RuleText& text, bool has_call_list) {
  const Tally& tally = subject.tally(text.rule);
  return {{"number", NumberOf(text.rule)},
          {"name", text.name},
          {"asked", contract::BelongsTo(text.rule, subject.profile)},
          {"verdict", NameOf(OutcomeOf(subject, text.rule, has_call_list))},
          {"held", tally.held},
          {"broken", tally.broken},
          {"byPhase", Counts(tally.by_phase)},
          {"byEntry", Counts(tally.by_entry)},
          {"byFault", Counts(tally.by_fault)}};
}

Json OfFinding(const Finding& finding) {
  Json excused_by;
  if (finding.excused_by >= 0) excused_by = finding.excused_by;
  return {{"rule", NumberOf(finding.rule)},
          {"name", contract::TextOf(finding.rule).name},
          {"facts", contract::ToString(finding.facts)},
          {"sentence", finding.sentence},
          {"scenario", scenario::Print(finding.scenario)},
          {"minimal", finding.minimal},
          {"timeline", finding.timeline},
          {"difference", finding.difference},
          {"seen", finding.seen},
          {"confirmedBy", finding.confirmed_by},
          {"excusedBy", excused_by}};
}

Json OfEntry(const LedgerEntry& entry) {
  const Json shows = entry.shows == Shows::kUnknown ? Json() : Json(entry.shows != Shows::kNo);
  return {{"rule", NumberOf(entry.rule)},
          {"name", contract::TextOf(entry.rule).name},
          {"facts", contract::ToString(entry.pattern)},
          {"reason", entry.reason},
          {"justified", entry.justified()},
          {"scenario", scenario::Print(entry.scenario)},
          {"line", entry.line},
          {"shows", shows},
          {"showsIn", entry.shows == Shows::kElsewhere ? scenario::Print(entry.elsewhere) : ""}};
}

Json OfTroubles(const Troubles& troubles) {
  return {{"crashed", troubles.crashed},
          {"looped", troubles.looped},
          {"gaveUp", troubles.gave_up},
          {"lost", troubles.lost},
          {"crowded", troubles.crowded},
          {"notCounted", troubles.not_counted},
          {"unconfirmed", troubles.unconfirmed},
          {"lostWorkers", troubles.lost_workers},
          {"notCovered", Counts(troubles.not_covered)}};
}

Json OfSubject(const SubjectReport& subject, bool has_call_list) {
  Json object = {{"command", subject.command},
                 {"sha256", subject.sha256},
                 {"profile", crosscheck::NameOf(subject.profile)},
                 {"ledgerPath", subject.ledger_path},
                 {"callsPath", subject.calls_path},
                 {"child", subject.child},
                 {"rig", subject.rig},
                 {"rigNote", subject.rig_note},
                 {"seed", std::to_string(subject.seed)},
                 {"harmless", subject.harmless},
                 {"scenarios", subject.scenarios},
                 {"kept", subject.kept},
                 {"tuples", subject.tuples},
                 {"seconds", subject.seconds},
                 {"interrupted", subject.interrupted},
                 {"judged", IsJudged(subject)},
                 {"rules", Json::array()},
                 {"findings", Json::array()},
                 {"beyond", subject.beyond},
                 {"ledger", Json::array()},
                 {"silent", Json::array()},
                 {"troubles", OfTroubles(subject.troubles)}};
  for (const contract::RuleText& text : contract::kRuleTexts) {
    object["rules"].push_back(OfRule(subject, text, has_call_list));
  }
  for (const Finding& finding : subject.findings) {
    object["findings"].push_back(OfFinding(finding));
  }
  for (const LedgerEntry& entry : subject.ledger) object["ledger"].push_back(OfEntry(entry));
  for (const Rule rule : subject.Silent(has_call_list)) {
    object["silent"].push_back(NumberOf(rule));
  }
  return object;
}

}  // namespace

std::string PrintJson(const Report& report) {
  Json object = {{"format", 1},
                 {"commit", report.tool_commit},
                 {"started", report.started},
                 {"exitStatus", ExitStatus(report)},
                 {"requireSpoken", report.require_spoken},
                 {"hasCallList", report.has_call_list},
                 {"interrupted", report.interrupted},
                 {"notBegun", report.not_begun},
                 {"subjects", Json::array()}};
  for (const SubjectReport& subject : report.subjects) {
    object["subjects"].push_back(OfSubject(subject, report.has_call_list));
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace minit::crosscheck
