#include "harness/crosscheck/report.h"

#include <algorithm>

namespace minit::crosscheck {

using contract::Rule;

bool LedgerEntry::justified() const { return !reason.starts_with(kUnjustified); }

std::vector<Rule> SubjectReport::Silent(bool has_call_list) const {
  std::vector<Rule> silent;
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (OutcomeOf(*this, text.rule, has_call_list) == Outcome::kSilent) silent.push_back(text.rule);
  }
  return silent;
}

Outcome OutcomeOf(const SubjectReport& subject, Rule rule, bool has_call_list) {
  const Tally& tally = subject.tally(rule);
  bool found = false;
  bool is_new = false;
  for (const Finding& finding : subject.findings) {
    if (finding.rule != rule) continue;
    found = true;
    is_new |= finding.excused_by < 0;
  }
  // A break that nobody minimised is excused by nothing.
  const bool unknown = tally.broken != 0 && (!found || subject.beyond != 0);
  if (is_new || unknown) return Outcome::kBroken;
  if (found) return Outcome::kKnown;
  const bool listed = rule != Rule::kKeepsToItsCalls || has_call_list;
  if (!contract::BelongsTo(rule, subject.profile) || !listed) return Outcome::kNotAsked;
  return tally.held == 0 ? Outcome::kSilent : Outcome::kHolds;
}

std::vector<Rule> BrokenUnseen(const SubjectReport& subject) {
  std::vector<Rule> unseen;
  for (const contract::RuleText& text : contract::kRuleTexts) {
    const bool found = std::ranges::any_of(
        subject.findings, [&](const Finding& finding) { return finding.rule == text.rule; });
    if (subject.tally(text.rule).broken != 0 && !found && subject.beyond == 0) {
      unseen.push_back(text.rule);
    }
  }
  return unseen;
}

uint64_t NewBreaks(const SubjectReport& subject) {
  const auto unexcused = std::ranges::count_if(
      subject.findings, [](const Finding& finding) { return finding.excused_by < 0; });
  return static_cast<uint64_t>(unexcused) + subject.beyond + BrokenUnseen(subject).size();
}

bool HasNewBreak(const SubjectReport& subject) { return NewBreaks(subject) != 0; }

bool HasStaleEntry(const SubjectReport& subject) {
  return std::ranges::any_of(subject.ledger,
                             [](const LedgerEntry& entry) { return entry.shows == Shows::kNo; });
}

bool IsJudged(const SubjectReport& subject) {
  return subject.troubles.not_counted <= subject.scenarios / kUncountedIn;
}

int ExitStatus(const Report& report) {
  const auto any = [&report](auto is) { return std::ranges::any_of(report.subjects, is); };
  if (any([](const SubjectReport& subject) {
        return HasNewBreak(subject) || HasStaleEntry(subject) || subject.troubles.unconfirmed != 0;
      })) {
    return 1;
  }
  if (report.interrupted) return 2;
  if (report.require_spoken && any([&report](const SubjectReport& subject) {
        return IsJudged(subject) && !subject.Silent(report.has_call_list).empty();
      })) {
    return 1;
  }
  return any([](const SubjectReport& subject) { return !IsJudged(subject); }) ? 2 : 0;
}

const char* NameOf(contract::Profile profile) {
  return profile == contract::Profile::kMachine ? "machine" : "container";
}

}  // namespace minit::crosscheck
