#include "harness/crosscheck/report.h"

#include <algorithm>

namespace minit::crosscheck {

using contract::Rule;

bool LedgerEntry::justified() const { return !reason.starts_with(kUnjustified); }

std::vector<Rule> SubjectReport::Silent(bool has_call_list) const {
  std::vector<Rule> silent;
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (!contract::BelongsTo(text.rule, profile)) continue;
    if (text.rule == Rule::kKeepsToItsCalls && !has_call_list) continue;
    if (tally(text.rule).spoke() == 0) silent.push_back(text.rule);
  }
  return silent;
}

bool HasNewBreak(const SubjectReport& subject) {
  return subject.beyond != 0 || std::ranges::any_of(subject.findings, [](const Finding& finding) {
           return finding.excused_by < 0;
         });
}

bool HasStaleEntry(const SubjectReport& subject) {
  return std::ranges::any_of(subject.ledger, [](const LedgerEntry& entry) { return !entry.shows; });
}

int ExitStatus(const Report& report) {
  for (const SubjectReport& subject : report.subjects) {
    if (HasNewBreak(subject) || HasStaleEntry(subject)) return 1;
    if (report.require_spoken && !subject.Silent(report.has_call_list).empty()) return 1;
  }
  return 0;
}

const char* NameOf(contract::Profile profile) {
  return profile == contract::Profile::kMachine ? "machine" : "container";
}

}  // namespace minit::crosscheck
