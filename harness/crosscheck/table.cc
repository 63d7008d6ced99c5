#include "harness/crosscheck/table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "harness/crosscheck/findings_text.h"
#include "harness/crosscheck/words.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;

constexpr std::size_t kRuleWidth = 26;
constexpr std::size_t kCellWidth = 20;
constexpr std::size_t kColumns = (kWidth - kRuleWidth) / kCellWidth;

// --- Who was searched, and how ---

std::string SearchText(const SubjectReport& subject) {
  std::string text =
      Count(subject.scenarios, "scenario", "scenarios") + " in " + Fixed(subject.seconds) + " s";
  if (subject.seconds > 0) {
    const double rate = static_cast<double>(subject.scenarios) / subject.seconds;
    text += ", " + Grouped(static_cast<uint64_t>(std::llround(rate))) + " a second";
  }
  text += "; " + Grouped(subject.kept) + " kept for what was new, " +
          Count(subject.tuples, "tuple", "tuples");
  return text + (subject.interrupted ? "; interrupted" : "");
}

std::string Heading(const SubjectReport& subject, std::size_t index) {
  std::string text = Wrapped("[" + std::to_string(index + 1) + "] ", Joined(subject.command));
  text += Wrapped("    sha-256    ", subject.sha256);
  text += Wrapped("    rig        ",
                  subject.rig + (subject.rig_note.empty() ? "" : ": " + subject.rig_note));
  text += Wrapped("    profile    ", NameOf(subject.profile));
  text += Wrapped("    seed       ", std::to_string(subject.seed));
  text += Wrapped("    searched   ", SearchText(subject));
  text += Wrapped("    ledger     ", subject.ledger_path.empty()
                                         ? "none"
                                         : subject.ledger_path + ", " +
                                               Count(subject.ledger.size(), "entry", "entries"));
  return text + "\n";
}

// --- The table ---

std::string Cell(const Report& report, const SubjectReport& subject, Rule rule) {
  const Tally& tally = subject.tally(rule);
  switch (OutcomeOf(subject, rule, report.has_call_list)) {
    case Outcome::kHolds:
      return "holds " + Grouped(tally.held);
    case Outcome::kBroken:
      return "broken " + Grouped(tally.broken);
    case Outcome::kKnown:
      return "known " + Grouped(tally.broken);
    case Outcome::kSilent:
      return "silent";
    case Outcome::kNotAsked:
      break;
  }
  return "-";
}

// Of the subjects from `first` up to but not `last`.
std::string Rows(const Report& report, std::size_t first, std::size_t last) {
  std::string head(kRuleWidth, ' ');
  for (std::size_t i = first; i < last; ++i) {
    head += Fit(Fit(ShortName(report, i), kCellWidth - 2), kCellWidth);
  }
  std::string text = Trimmed(head) + "\n";
  for (const contract::RuleText& rule : contract::kRuleTexts) {
    const std::string number = std::to_string(static_cast<int>(rule.rule));
    std::string row = Fit((number.size() < 2 ? " " : "") + number + " " + rule.name, kRuleWidth);
    for (std::size_t i = first; i < last; ++i) {
      row += Fit(Cell(report, report.subjects[i], rule.rule), kCellWidth);
    }
    text += Trimmed(row) + "\n";
  }
  return text + "\n";
}

std::string Rules(const Report& report) {
  std::string text;
  for (std::size_t first = 0; first < report.subjects.size(); first += kColumns) {
    text += Rows(report, first, std::min(first + kColumns, report.subjects.size()));
  }
  return text +
         Wrapped(
             "",
             "Numbers are of scenarios: in which a rule held, or in which it was broken. known: "
             "the ledger excuses each way in which it was. silent: no scenario spoke of it, "
             "which is no pass. -: not asked of this profile, or without a list of calls.") +
         "\n";
}

// By when and under what each rule was spoken of.
std::string Spoken(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    for (const contract::RuleText& rule : contract::kRuleTexts) {
      const Tally& tally = report.subjects[i].tally(rule.rule);
      std::string words;
      for (const auto& [what, counts] : {std::pair{"phase", &tally.by_phase},
                                         {"entry", &tally.by_entry},
                                         {"faults", &tally.by_fault}}) {
        for (const auto& [word, count] : *counts) {
          words +=
              std::string(words.empty() ? "" : ", ") + what + "=" + word + " " + Grouped(count);
        }
      }
      if (words.empty()) continue;
      text += Wrapped("  " + ShortName(report, i) + ", " + NumberAndName(rule.rule) + ": ", words);
    }
  }
  return text.empty() ? "" : "Spoken of\n" + text + "\n";
}

// --- What else there is to know ---

void AddSection(std::string& text, const std::string& title, const std::string& lines) {
  if (!lines.empty()) text += Wrapped("", title) + lines + "\n";
}

std::string TroublesOf(const Troubles& troubles) {
  const std::pair<uint64_t, const char*> all[] = {
      {troubles.crashed, "crashed"},
      {troubles.looped, "ran on without a call"},
      {troubles.gave_up, "made calls without end"},
      {troubles.lost, "lost its process"},
      {troubles.crowded, "had more processes before exec than the rig follows"},
      {troubles.not_counted,
       "made calls that no one covers, was lost or had to be ended, so that no verdict counts,"},
      {troubles.lost_workers, "took the process that it ran in with it"}};
  std::string text;
  for (const auto& [count, what] : all) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(what) + " in " + Grouped(count);
  }
  return text;
}

std::string UnconfirmedOf(const SubjectReport& subject) {
  const Troubles& troubles = subject.troubles;
  if (troubles.unconfirmed == 0) return "";
  return Grouped(troubles.unconfirmed) + "\n" + PlayCommand(subject, troubles.unconfirmed_scenario);
}

// A line for each subject for which `of` has something to say.
template <typename Of>
std::string ForEach(const Report& report, Of of) {
  std::string text;
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    const std::string words = of(report.subjects[i]);
    if (!words.empty()) text += Wrapped("  " + ShortName(report, i) + ": ", words);
  }
  return text;
}

std::string NotCovered(const SubjectReport& subject) {
  std::string text;
  for (const auto& [call, count] : subject.troubles.not_covered) {
    text += (text.empty() ? "" : ", ") + call + " " + Grouped(count) + " times";
    if (subject.harmless.contains(call)) text += " (harmless)";
  }
  return text;
}

std::string SilentRules(const Report& report, const SubjectReport& subject) {
  std::string text;
  for (const Rule rule : subject.Silent(report.has_call_list)) {
    text += (text.empty() ? "" : ", ") + NumberAndName(rule);
  }
  return text;
}

// The entries that `is` picks.
template <typename Is>
std::string Entries(const Report& report, Is is) {
  std::string text;
  for (const SubjectReport& subject : report.subjects) {
    for (const LedgerEntry& entry : subject.ledger) {
      if (!is(entry)) continue;
      text += Wrapped("  ", LedgerPlace(subject, entry) + ": " + NumberAndName(entry.rule));
      text += Wrapped("    ", contract::ToString(entry.pattern));
      text += Wrapped("    ", entry.reason);
      if (entry.shows == Shows::kElsewhere) text += Indented(scenario::Print(entry.elsewhere), 4);
    }
  }
  return text;
}

std::string TheRest(const Report& report) {
  std::string text;
  AddSection(text, "Calls that no one answered (what follows them is not to be trusted)",
             ForEach(report, NotCovered));
  AddSection(text, "Runs that ended otherwise than by the scenario, in how many scenarios",
             ForEach(report, [](const SubjectReport& s) { return TroublesOf(s.troubles); }));
  AddSection(
      text,
      "Breaks that the ptrace rig does not show: the rigs of this program do not agree, which is "
      "its own fault. One of them",
      ForEach(report, [](const SubjectReport& s) { return UnconfirmedOf(s); }));
  AddSection(text, "Stale ledger entries: their own scenarios do not show them any more",
             Entries(report, [](const LedgerEntry& entry) { return entry.shows == Shows::kNo; }));
  AddSection(
      text,
      "Ledger entries that their own scenarios do not show any more, but others do: have these in "
      "their place",
      Entries(report, [](const LedgerEntry& entry) { return entry.shows == Shows::kElsewhere; }));
  AddSection(
      text, "Ledger entries of which nothing is known, for their own scenarios do not count",
      Entries(report, [](const LedgerEntry& entry) { return entry.shows == Shows::kUnknown; }));
  AddSection(text, "Ledger entries to be justified: say in the reason why it is lived with",
             Entries(report, [](const LedgerEntry& entry) { return !entry.justified(); }));
  AddSection(text, "Silent rules: no scenario spoke of them",
             ForEach(report, [&](const SubjectReport& s) { return SilentRules(report, s); }));
  return text;
}

// --- The last line ---

// Of all subjects together.
struct Sums {
  uint64_t scenarios = 0, not_counted = 0;
  uint64_t fresh = 0, known = 0, unconfirmed = 0;
  uint64_t stale = 0, unjustified = 0;
  uint64_t silent = 0;  // rules of subjects that are judged
  uint64_t not_judged = 0;
};

Sums SumsOf(const Report& report) {
  Sums sums;
  for (const SubjectReport& subject : report.subjects) {
    sums.scenarios += subject.scenarios;
    sums.not_counted += subject.troubles.not_counted;
    sums.fresh += NewBreaks(subject);
    sums.unconfirmed += subject.troubles.unconfirmed;
    for (const Finding& finding : subject.findings) sums.known += finding.excused_by < 0 ? 0 : 1;
    for (const LedgerEntry& entry : subject.ledger) {
      sums.stale += entry.shows == Shows::kNo ? 1 : 0;
      sums.unjustified += entry.justified() ? 0 : 1;
    }
    if (IsJudged(subject)) {
      sums.silent += subject.Silent(report.has_call_list).size();
    } else {
      ++sums.not_judged;
    }
  }
  return sums;
}

// "67,817 of 69,313 scenarios did not count"
std::string NotCounted(uint64_t not_counted, uint64_t scenarios) {
  return Grouped(not_counted) + " of " + Count(scenarios, "scenario", "scenarios") +
         " did not count";
}

// The calls for which scenarios did not count, those made most often first.
std::string CallsThatMatter(const SubjectReport& subject) {
  constexpr std::size_t kTold = 4;
  std::vector<std::pair<uint64_t, std::string>> calls;
  for (const auto& [call, count] : subject.troubles.not_covered) {
    if (!subject.harmless.contains(call)) calls.emplace_back(~count, call);  // most comes first
  }
  std::ranges::sort(calls);
  std::string text;
  for (std::size_t i = 0; i < std::min(calls.size(), kTold); ++i) {
    text += (i == 0 ? "\"" : ", \"") + calls[i].second + "\"";
  }
  return text + (calls.size() > kTold ? " and " + Grouped(calls.size() - kTold) + " more" : "");
}

std::string WhyNotJudged(const Report& report, std::size_t index) {
  const SubjectReport& subject = report.subjects[index];
  const Troubles& troubles = subject.troubles;
  const double share =
      static_cast<double>(troubles.not_counted) / static_cast<double>(subject.scenarios);
  const std::string calls = CallsThatMatter(subject);
  const std::string text = NotCounted(troubles.not_counted, subject.scenarios) + " (" +
                           Fixed(std::floor(1000 * share) / 10) + " %), for " +
                           ShortName(report, index);
  if (calls.empty()) return text + " was lost there or had to be ended";
  return text + " made calls there that no one covers: " + calls;
}

std::string NotJudged(const Report& report) {
  std::string text;
  bool of_calls = false;
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    if (IsJudged(report.subjects[i])) continue;
    text += (text.empty() ? "" : "; ") + WhyNotJudged(report, i);
    of_calls |= !CallsThatMatter(report.subjects[i]).empty();
  }
  return "NOT JUDGED: " + text + ". Next: " +
         (of_calls ? "say --harmless CALL of each that does not matter for it, or cover it "
                     "(docs/crosscheck.md, Adding an interface)."
                   : "see above how its runs ended (--memory gives it more, if it lacks that).");
}

void AddTo(std::string& list, const std::string& words) {
  list += (list.empty() ? "" : ", ") + words;
}

std::string Failed(const Report& report, const Sums& sums) {
  const bool silence_fails = report.require_spoken && sums.silent != 0 && !report.interrupted;
  std::string text;
  if (sums.fresh != 0) AddTo(text, Count(sums.fresh, "new break", "new breaks"));
  if (sums.stale != 0) AddTo(text, Count(sums.stale, "stale entry", "stale entries"));
  if (sums.unconfirmed != 0) {
    AddTo(text, Count(sums.unconfirmed, "unconfirmed break", "unconfirmed breaks"));
  }
  if (silence_fails) AddTo(text, Count(sums.silent, "silent rule", "silent rules"));
  if (sums.not_judged != 0) {
    AddTo(text, Count(sums.not_judged, "subject not judged", "subjects not judged"));
  }
  if (sums.not_counted != 0) AddTo(text, NotCounted(sums.not_counted, sums.scenarios));
  const char* next = "search longer";
  if (sums.unconfirmed != 0) next = "report it: crosscheck is wrong";
  if (sums.stale != 0) {
    next =
        "play the scenarios of the stale entries: take out what is mended, and write anew what "
        "has only moved";
  }
  if (sums.fresh != 0) next = "mend the init, or enter it in the ledger";
  return "FAILED: " + text + ". Next: " + next + ".";
}

// What was found so far, if it was interrupted.
std::string Interrupted(const Report& report, const Sums& sums) {
  std::string text = "INTERRUPTED after " + Count(sums.scenarios, "scenario", "scenarios");
  if (report.not_begun != 0) {
    text += ", with " + Count(report.not_begun, "subject", "subjects") + " not begun";
  }
  if (ExitStatus(report) == 1) return text + ". " + Failed(report, sums);
  text += ": no new break so far";
  if (sums.known != 0) AddTo(text, Grouped(sums.known) + " known");
  if (sums.not_counted != 0) AddTo(text, NotCounted(sums.not_counted, sums.scenarios));
  return text + ". That is no verdict. Next: run it again.";
}

std::string Passed(const Sums& sums) {
  std::string text = "passed: no new break";
  if (sums.known != 0) AddTo(text, Grouped(sums.known) + " known");
  if (sums.silent != 0) AddTo(text, Count(sums.silent, "silent rule", "silent rules"));
  if (sums.not_counted != 0) AddTo(text, NotCounted(sums.not_counted, sums.scenarios));
  text += ". ";
  if (sums.unjustified != 0) {
    return text + "Next: justify " + Count(sums.unjustified, "ledger entry", "ledger entries") +
           ".";
  }
  if (sums.silent != 0) return text + "Next: search longer.";
  return text + (sums.not_counted != 0 ? "Next: see above why they did not." : "Nothing to do.");
}

std::string LastLine(const Report& report) {
  const Sums sums = SumsOf(report);
  if (report.interrupted) return Wrapped("", Interrupted(report, sums));
  switch (ExitStatus(report)) {
    case 0:
      return Wrapped("", Passed(sums));
    case 1:
      return Wrapped("", Failed(report, sums));
    default:
      return Wrapped("", NotJudged(report));
  }
}

}  // namespace

std::string PrintTable(const Report& report, bool verbose) {
  std::string text = Wrapped("", "minit-ref crosscheck, commit " + report.tool_commit +
                                     ", started " + report.started) +
                     "\n";
  for (std::size_t i = 0; i < report.subjects.size(); ++i) text += Heading(report.subjects[i], i);
  text += Rules(report);
  if (verbose) text += Spoken(report);
  return text + FindingsText(report, verbose) + TheRest(report) + LastLine(report);
}

}  // namespace minit::crosscheck
