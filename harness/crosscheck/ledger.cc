#include "harness/crosscheck/ledger.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "harness/scenario/escaped.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::FactsPattern;
using contract::Rule;

constexpr uint8_t kAllOpen = FactsPattern::kPhase | FactsPattern::kEntry | FactsPattern::kFaults |
                             FactsPattern::kCause | FactsPattern::kWhose | FactsPattern::kHow;

std::string NumberAndName(Rule rule) {
  return std::to_string(static_cast<int>(rule)) + " " + contract::TextOf(rule).name;
}

// One entry after the other; stops at the first error.
class Parser {
 public:
  Parser(std::string_view text, std::vector<LedgerEntry>& entries)
      : lines_(text), entries_(entries) {}

  std::optional<InputError> Parse() {
    while (lines_.Next()) {
      entry_ = {.line = lines_.number()};
      if (!ReadRule() || !ReadFacts() || !ReadReason() || !ReadScenario() || !IsNew()) {
        return error_;
      }
      entries_.push_back(entry_);
    }
    return std::nullopt;
  }

 private:
  bool Fail(std::size_t column, std::string problem) {
    error_ = {.line = lines_.number(),
              .column = static_cast<int>(column) + 1,
              .problem = std::move(problem)};
    return false;
  }

  // The line on hand is `word` and an operand, of which `operand_` is then the place. Where a word
  // stands alone, nothing may follow.
  bool Takes(std::string_view word, const char* allowed) {
    const std::string_view line = lines_.line();
    const bool is_it =
        line.starts_with(word) && (line.size() == word.size() || line[word.size()] == ' ');
    if (!is_it) {
      return Fail(0, "found " + Quoted(line) + "; allowed: \"" + std::string(word) + allowed +
                         "\"" + OfWhichEntry());
    }
    operand_ = std::min(line.find_first_not_of(' ', word.size()), line.size());
    return true;
  }
  bool NextTakes(std::string_view word, const char* allowed) {
    if (lines_.Next()) return Takes(word, allowed);
    return Fail(0, "found the end of the file; allowed: \"" + std::string(word) + allowed + "\"" +
                       OfWhichEntry());
  }
  std::string OfWhichEntry() const {
    if (lines_.number() == entry_.line) return ", which begins an entry";
    return ", of the entry that begins in line " + std::to_string(entry_.line);
  }
  std::string_view Operand() const { return lines_.line().substr(operand_); }

  bool ReadRule() {
    if (!Takes("rule", " NUMBER NAME")) return false;
    for (const contract::RuleText& text : contract::kRuleTexts) {
      if (Operand() == NumberAndName(text.rule)) {
        entry_.rule = text.rule;
        return true;
      }
    }
    std::string allowed;
    for (const contract::RuleText& text : contract::kRuleTexts) {
      allowed += (allowed.empty() ? "" : ", ") + NumberAndName(text.rule);
    }
    return Fail(operand_, "found " + Quoted(Operand()) + "; allowed: " + allowed);
  }

  bool ReadFacts() {
    if (!NextTakes("facts", " phase=… entry=… faults=… cause=… whose=… how=…")) return false;
    std::string problem;
    std::size_t at = 0;
    const auto pattern = contract::ParseFacts(Operand(), &problem, &at);
    if (!pattern) return Fail(operand_ + at, scenario::Escaped(problem));
    const bool asks_nothing = pattern->facts.entry == 0 && pattern->facts.faults == 0;
    if ((pattern->open & kAllOpen) == kAllOpen && asks_nothing) {
      return Fail(operand_, "every fact is any: that would excuse every break of rule " +
                                NumberAndName(entry_.rule) + "; allowed: at least one fact that " +
                                "tells these breaks from others");
    }
    entry_.pattern = *pattern;
    return true;
  }

  bool ReadReason() {
    if (!NextTakes("reason", " WHY IT IS LIVED WITH")) return false;
    entry_.reason = Operand();
    return !entry_.reason.empty() ||
           Fail(operand_, "found no reason; allowed: a sentence that says why this is lived with");
  }

  bool ReadScenario() {
    if (!NextTakes("scenario", "")) return false;
    if (!Operand().empty()) {
      return Fail(operand_, "found " + Quoted(Operand()) +
                                "; allowed: the scenario in the lines below, indented");
    }
    const int first = lines_.number();
    const auto error = scenario::Parse(lines_.TakeIndented(), entry_.scenario);
    if (!error) return true;
    error_ = {.line = first + error->line,
              .column = error->column,
              .problem = "found " + error->found + "; allowed: " + error->allowed};
    return false;
  }

  bool IsNew() {
    for (const LedgerEntry& other : entries_) {
      if (other.rule != entry_.rule || other.pattern != entry_.pattern) continue;
      error_ = {.line = entry_.line,
                .column = 1,
                .problem = "found the rule and the facts of line " + std::to_string(other.line) +
                           " again; allowed: one entry for each"};
      return false;
    }
    return true;
  }

  Lines lines_;
  std::vector<LedgerEntry>& entries_;
  LedgerEntry entry_;
  std::size_t operand_ = 0;
  std::optional<InputError> error_;
};

std::string Indented(std::string_view text) {
  std::string indented;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    indented.append("  ").append(line).append("\n");
  }
  return indented;
}

}  // namespace

std::optional<InputError> ParseLedger(std::string_view text, std::vector<LedgerEntry>& entries) {
  entries.clear();
  return Parser(text, entries).Parse();
}

std::string Print(std::span<const LedgerEntry> entries) {
  std::string text;
  for (const LedgerEntry& entry : entries) {
    if (!text.empty()) text += "\n";
    text += "rule " + NumberAndName(entry.rule) + "\n";
    text += "facts " + contract::ToString(entry.pattern) + "\n";
    text += "reason " + entry.reason + "\n";
    text += "scenario\n" + Indented(scenario::Print(entry.scenario));
  }
  return text;
}

bool Excuses(const LedgerEntry& entry, const contract::Break& broken) {
  return entry.rule == broken.rule && entry.pattern.Matches(broken.facts);
}

int Known::Find(const contract::Break& broken) const {
  const auto found = std::ranges::find_if(
      entries_, [&broken](const LedgerEntry& entry) { return Excuses(entry, broken); });
  return found == entries_.end() ? -1 : static_cast<int>(found - entries_.begin());
}

bool Known::Has(const contract::Break& broken) const {
  const bool left_out =
      left_out_ >= 0 && Excuses(entries_[static_cast<std::size_t>(left_out_)], broken);
  return !left_out && Find(broken) >= 0;
}

std::vector<LedgerEntry> Propose(std::span<const Finding> findings) {
  std::vector<LedgerEntry> entries;
  for (const Finding& finding : findings) {
    if (finding.excused_by >= 0) continue;
    std::string reason = std::string(kUnjustified) + ": " + finding.sentence;
    std::ranges::replace_if(reason, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    reason.erase(reason.find_last_not_of(' ') + 1);
    entries.push_back({.rule = finding.rule,
                       .pattern = {.facts = finding.facts},
                       .reason = std::move(reason),
                       .scenario = finding.scenario,
                       .shows = Shows::kYes});
  }
  return entries;
}

}  // namespace minit::crosscheck
