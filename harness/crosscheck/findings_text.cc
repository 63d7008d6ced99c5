#include "harness/crosscheck/findings_text.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/crosscheck/words.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Rule;

constexpr std::size_t kInFull = 3;  // new breaks of one rule, unless all are asked for

// Of a long time line how it begins, where the rule is broken, and how it ends.
std::string Shortened(std::string_view timeline, Rule rule) {
  constexpr std::ptrdiff_t kAtTheBegin = 20, kBefore = 16, kAfter = 5, kAtTheEnd = 8;
  const std::string broken = NumberAndName(rule) + " is broken:";
  std::vector<std::string_view> lines;
  std::ptrdiff_t at = 0;
  while (!timeline.empty()) {
    const std::size_t size = std::min(timeline.find('\n'), timeline.size() - 1) + 1;
    lines.push_back(timeline.substr(0, size));
    timeline.remove_prefix(size);
    if (at == 0 && lines.back().find(broken) != std::string_view::npos) at = std::ssize(lines) - 1;
  }
  std::string text;
  std::size_t left_out = 0;
  const auto tell = [&] {
    if (left_out != 0) text += "… " + Count(left_out, "line", "lines") + " …\n";
    left_out = 0;
  };
  for (std::ptrdiff_t i = 0; i < std::ssize(lines); ++i) {
    const bool told = i < kAtTheBegin || (i >= at - kBefore && i <= at + kAfter) ||
                      i >= std::ssize(lines) - kAtTheEnd;
    left_out += told ? 0 : 1;
    if (!told) continue;
    tell();
    text += lines[static_cast<std::size_t>(i)];
  }
  return text;
}

// Those of one rule that differ in the signal alone, what is soonest understood first.
using Way = std::vector<const Finding*>;

// "signal-1, signal-2": of all but the first.
std::string OtherSignals(const Way& way) {
  std::vector<int> signals;
  for (const Finding* const finding : std::span(way).subspan(1)) {
    signals.push_back(finding->facts.signal);
  }
  std::ranges::sort(signals);
  std::string text;
  for (const int signal : signals) {
    text += (text.empty() ? "signal-" : ", signal-") + std::to_string(signal);
  }
  return text;
}

// The first of them.
std::string InFull(const Report& report, std::size_t index, const Way& way, bool verbose) {
  const Finding& finding = *way.front();
  const SubjectReport& subject = report.subjects[index];
  const LedgerEntry* const excuse = ExcuseOf(subject, finding);
  std::string text = (excuse == nullptr ? "NEW: " : "known: ") + ShortName(report, index) +
                     " breaks " + NumberAndName(finding.rule) + "\n";
  text += Wrapped("  ", finding.sentence);
  text += Wrapped("  rule       ",
                  std::string(contract::TextOf(finding.rule).sentence) + " (docs/contract.md)");
  text += Wrapped("  facts      ", contract::ToString(finding.facts));
  text += Wrapped("  seen       ",
                  "in " + Grouped(finding.seen) + " of " +
                      Count(subject.scenarios, "scenario", "scenarios") +
                      (finding.confirmed_by.empty()
                           ? "; not shown again in a fresh process"
                           : "; shown again in a fresh process by " + finding.confirmed_by));
  if (way.size() > 1) text += Wrapped("  also       ", "the same with " + OtherSignals(way));
  if (excuse != nullptr) {
    text += Wrapped("  ledger     ", LedgerPlace(subject, *excuse) + ": " + excuse->reason);
  }
  if (!finding.minimal && excuse == nullptr) {
    text += Wrapped("  scenario   ",
                    "perhaps larger than it has to be: to make it small took too long");
  }
  if (!finding.difference.empty()) text += Wrapped("  reference  ", finding.difference);
  const std::string told = verbose ? finding.timeline : Shortened(finding.timeline, finding.rule);
  if (!told.empty()) text += "  time line\n" + Indented(told, 4);
  text += "  to play it again, whole (the scenario stands in the command):\n\n";
  return text + PlayCommand(subject, finding.scenario) + "\n";
}

std::string InOneLine(const Report& report, std::size_t index, const Finding& finding) {
  const SubjectReport& subject = report.subjects[index];
  const LedgerEntry& excuse = *ExcuseOf(subject, finding);
  const std::string text = "  " + ShortName(report, index) + ", " + NumberAndName(finding.rule) +
                           ", " + Grouped(finding.seen) + ": " + excuse.reason;
  const std::string place = " (line " + std::to_string(excuse.line) + ")\n";
  return Trimmed(Fit(text, std::min(Columns(text), kWidth + 1 - Columns(place)))) + place;
}

bool IsSoonerUnderstood(const Finding* a, const Finding* b) {
  const auto weight = [](const Finding* finding) {
    return std::tuple(std::popcount(finding->facts.entry), finding->scenario.size(),
                      std::popcount(finding->facts.faults), ~finding->seen, finding->facts);
  };
  return weight(a) < weight(b);
}

// `joined`: by signals. Of findings in order.
std::vector<Way> WaysOf(const std::vector<const Finding*>& findings, bool joined) {
  std::vector<Way> ways;
  for (const Finding* const finding : findings) {
    const auto same = std::ranges::find_if(ways, [&](const Way& way) {
      contract::Facts facts = way.front()->facts;
      facts.signal = finding->facts.signal;
      return joined && facts == finding->facts;
    });
    same == ways.end() ? ways.push_back({finding}) : same->push_back(finding);
  }
  return ways;
}

// New breaks of one rule beyond those that were told in full.
std::string MoreWays(const Report& report, std::size_t index, std::span<const Way> ways) {
  if (ways.empty()) return "";
  std::string text = Wrapped("NEW: ", ShortName(report, index) + " breaks " +
                                          NumberAndName(ways.front().front()->rule) + " in " +
                                          Count(ways.size(), "more way", "more ways") +
                                          "; --verbose has them in full");
  for (const Way& way : ways) {
    text += Wrapped("  ", way.front()->sentence);
    text += Wrapped("    ", contract::ToString(way.front()->facts));
    if (way.size() > 1) text += Wrapped("    ", "and the same with " + OtherSignals(way));
  }
  return text + "\n";
}

std::string NewFindings(const Report& report, std::size_t index, bool verbose) {
  std::string text;
  std::map<Rule, std::vector<const Finding*>> by_rule;
  for (const Finding& finding : report.subjects[index].findings) {
    if (finding.excused_by < 0) by_rule[finding.rule].push_back(&finding);
  }
  for (auto& [rule, findings] : by_rule) {
    std::ranges::sort(findings, IsSoonerUnderstood);
    const std::vector<Way> ways = WaysOf(findings, !verbose);
    const std::size_t full = verbose ? ways.size() : std::min(ways.size(), kInFull);
    for (std::size_t i = 0; i < full; ++i) text += InFull(report, index, ways[i], verbose);
    text += MoreWays(report, index, std::span(ways).subspan(full));
  }
  return text;
}

}  // namespace

std::string PlayCommand(const SubjectReport& subject, const scenario::Scenario& scenario) {
  std::string options;
  const auto add = [&options](const char* name, const std::string& value) {
    options += std::string(name) + " " + Quoted(value) + " ";
  };
  if (subject.profile == contract::Profile::kContainer) add("--profile", "container");
  if (subject.child != "/core") add("--child", subject.child);
  if (!subject.calls_path.empty()) add("--calls", subject.calls_path);
  if (!subject.ledger_path.empty()) add("--ledger", subject.ledger_path);
  for (const std::string& call : subject.harmless) {
    if (subject.troubles.not_covered.contains(call)) add("--harmless", call);
  }
  return "scripts/crosscheck " + options + "--play - " + Joined(subject.command) + " <<'END'\n" +
         scenario::Print(scenario) + "END\n";
}

std::string FindingsText(const Report& report, bool verbose) {
  std::string fresh;
  std::string known;
  for (std::size_t i = 0; i < report.subjects.size(); ++i) {
    const SubjectReport& subject = report.subjects[i];
    fresh += NewFindings(report, i, verbose);
    for (const Finding& finding : subject.findings) {
      if (finding.excused_by < 0) continue;
      known += verbose ? InFull(report, i, {&finding}, true) : InOneLine(report, i, finding);
    }
    for (const Rule rule : BrokenUnseen(subject)) {
      fresh += Wrapped("NEW: ", ShortName(report, i) + " breaks " + NumberAndName(rule) + " in " +
                                    Count(subject.tally(rule).broken, "scenario", "scenarios") +
                                    ", and none of them was looked into") +
               "\n";
    }
    if (subject.beyond == 0) continue;
    fresh += Wrapped("NEW: ", ShortName(report, i) + " breaks rules in " +
                                  Count(subject.beyond, "more scenario", "more scenarios") +
                                  " that were not looked into, for there were too many or it took "
                                  "too long: mend or excuse those above, then search again") +
             "\n";
  }
  if (known.empty()) return fresh;
  // What is new comes last, where people look first.
  return (verbose ? "" : "Known breaks, and in how many scenarios\n") + known +
         (verbose ? "" : "\n") + fresh;
}

}  // namespace minit::crosscheck
