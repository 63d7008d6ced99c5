#include "harness/crosscheck/check.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "harness/crosscheck/board.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/player.h"
#include "harness/crosscheck/reference.h"
#include "harness/crosscheck/search.h"
#include "harness/crosscheck/sha256.h"
#include "harness/crosscheck/worker_search.h"
#include "harness/rig/cannot_run.h"
#include "harness/rig/entry_facts.h"
#include "harness/rig/in_process_rig.h"
#include "harness/rig/judged_timeline.h"
#include "harness/rig/program.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/scenario/long_lives.h"
#include "harness/scenario/recount.h"

namespace minit::crosscheck {
namespace {

using contract::Break;
using contract::Facts;
using contract::Rule;

// After the search there is as much time again for what it found, and no less than this: half of it to
// make that small, the rest to confirm it.
constexpr double kLeastSecondsAfter = 10;
constexpr int kRecountedBy = 4;  // calls that a newer init may make more, or fewer, in one go
constexpr auto kTellEvery = std::chrono::milliseconds(1000);

std::string ShaOf(const std::string& path) {
  const auto sha = Sha256OfFile(path);
  if (!sha) throw rig::CannotRun("cannot read " + path + ": " + std::strerror(errno));
  return *sha;
}

// That, and what the ledger has; what is soon played first.
std::vector<scenario::Scenario> CorpusOf(const CheckOptions& options) {
  std::multimap<uint32_t, scenario::Scenario> by_weight;
  for (const auto& scenario : options.corpus) by_weight.emplace(WeightOf(scenario), scenario);
  for (const auto& entry : options.ledger) {
    by_weight.emplace(WeightOf(entry.scenario), entry.scenario);
  }
  std::vector<scenario::Scenario> corpus;
  for (const auto& [weight, scenario] : by_weight) corpus.push_back(scenario);
  // Without a bound of time they would take too much of it.
  if (options.seconds != 0) {
    const auto lives = scenario::LongLives();
    corpus.insert(corpus.end(), lives.begin(), lives.end());
  }
  return corpus;
}

// Facts of entry and of faults, by the words that facts.h has for them.
std::string WordOf(std::string_view field, const Facts& facts) {
  const std::string text = contract::ToString(facts);
  const std::size_t at = text.find(std::string(field) + "=") + field.size() + 1;
  return text.substr(at, text.find(' ', at) - at);
}

Tally TallyOf(const Count& count) {
  Tally tally{.held = count.held, .broken = count.broken};
  const auto add = [](std::map<std::string, uint64_t>& to, const std::string& word, uint64_t n) {
    if (n != 0) to[word] = n;
  };
  for (std::size_t i = 0; i < kPhases; ++i) {
    add(tally.by_phase, contract::NameOf(static_cast<contract::Phase>(i)), count.by_phase[i]);
  }
  for (std::size_t i = 0; i <= kEntryFacts; ++i) {
    Facts facts;
    if (i < kEntryFacts) facts.entry = static_cast<uint16_t>(1U << i);
    add(tally.by_entry, WordOf("entry", facts), count.by_entry[i]);
  }
  for (std::size_t i = 0; i <= kFaultFacts; ++i) {
    Facts facts;
    if (i < kFaultFacts) facts.faults = static_cast<uint8_t>(1U << i);
    add(tally.by_fault, WordOf("faults", facts), count.by_fault[i]);
  }
  return tally;
}

rig::SubjectOptions FromExec(rig::SubjectOptions subject) {
  subject.from_exec = true;
  return subject;
}

// The ptrace rig, from the exec on, as the judge of what a quicker one found, with what people need to
// see.
class Court {
 public:
  explicit Court(const CheckOptions& options)
      : options_(options),
        known_(options.ledger),
        rig_(FromExec(options.subject)),
        player_(rig_, TermsOf(options, known_), options.harmless) {}

  // What it breaks is told by breaks() then, and in full by Tell. Of what is known the first of each
  // rule is, and what that entry of the ledger excuses.
  void Play(const scenario::Scenario& scenario, int entry = -1) {
    known_.LeaveOut(entry);
    contract::Terms terms = TermsOf(options_, known_);
    terms.entry = rig::EntryFactsOf(scenario.entry);
    heard_.emplace(terms, rig_.runner());
    player_.Play(scenario, &*heard_);
  }
  std::span<const Break> breaks() const { return player_.breaks(); }
  // Whether its verdicts count.
  bool counts() const { return player_.counts(); }

  // What was played last, in full.
  void Tell(Finding& finding) const {
    finding.timeline = heard_->timeline.Print();
    std::vector<Deed> reference = ReferenceDeeds(finding.scenario);
    if (options_.profile == contract::Profile::kContainer) {
      reference = WithoutEnding(std::move(reference));
    }
    finding.difference = FirstDifference(heard_->deeds.deeds(), reference);
  }

 private:
  struct Heard final : rig::Observer {
    Heard(const contract::Terms& terms, const rig::Runner<rig::Observer>& runner)
        : timeline(terms), deeds(runner.cast()) {
      timeline.Follow(runner);
    }
    void On(const contract::Step& step, const kernel::Kernel& kernel) override {
      timeline.On(step, kernel);
      deeds.On(step, kernel);
    }
    rig::JudgedTimeline timeline;
    Deeds deeds;
  };

  const CheckOptions& options_;
  Known known_;
  rig::PtraceRig rig_;
  Player player_;
  std::optional<Heard> heard_;
};

constexpr uint32_t kStepsOfALoader = 5000;  // far more than one takes
constexpr std::size_t kMostSaid = 1 << 16;

// A program that its loader refuses (a library is not there) exits, and says why on the console: no init
// is on trial then.
void RequireThatItLoads(const CheckOptions& options) {
  struct Console final : rig::Observer {
    explicit Console(rig::PtraceRig& with) : rig(with) {}
    void On(const contract::Step& step, const kernel::Kernel&) override {
      said += step.text;
      if (++steps > kStepsOfALoader || said.size() > kMostSaid) rig.EndEarly();
    }
    rig::PtraceRig& rig;
    std::string said;
    uint32_t steps = 0;
  };
  rig::PtraceRig rig(FromExec(options.subject));
  Console console(rig);
  rig.Run({}, console);
  std::size_t at = console.said.find("error while loading shared libraries: ");  // glibc
  at = std::min(at, console.said.find("Error loading shared library "));         // musl
  if (at == std::string::npos) return;
  throw rig::CannotRun(options.subject.path + " is not loaded: " +
                       console.said.substr(at, console.said.find('\n', at) - at) +
                       ". Install what it needs, or build it statically");
}

// True: in process. If another rig than the quickest is taken, the report says why.
bool ChooseRig(const CheckOptions& options, SubjectReport& report) {
  if (options.rig == RigChoice::kPtrace) return false;
  report.rig_note = rig::WhyNotInProcess(options.subject);
  if (report.rig_note.empty()) return true;
  if (options.rig == RigChoice::kInProcess) {
    throw rig::CannotRun(options.subject.path + " cannot run in process: " + report.rig_note);
  }
  return false;
}

// What was found, as it is confirmed.
class Findings {
 public:
  Findings(const Known& known, Court& court) : known_(known), court_(court) {}

  // What the court played last shows it.
  Finding& Add(const Break& broken, const scenario::Scenario& scenario, bool minimal) {
    const auto [finding, is_new] = Enter(broken, scenario, minimal);
    if (is_new) {
      finding.confirmed_by = "ptrace";
      court_.Tell(finding);
    }
    return finding;
  }
  // One that the ledger excuses, and that nobody has confirmed.
  Finding& AddUnconfirmed(const Candidate& candidate) {
    return Enter(candidate.broken, candidate.scenario, candidate.minimal != 0).first;
  }
  void MoveTo(std::vector<Finding>& list) {
    for (auto& [key, finding] : findings_) list.push_back(std::move(finding));
  }

 private:
  std::pair<Finding&, bool> Enter(const Break& broken, const scenario::Scenario& scenario,
                                  bool minimal) {
    const auto [at, is_new] = findings_.try_emplace({broken.rule, broken.facts});
    Finding& finding = at->second;
    if (!is_new) return {finding, false};
    finding.rule = broken.rule;
    finding.facts = broken.facts;
    finding.sentence = contract::Explain(broken);
    finding.scenario = scenario;
    finding.minimal = minimal;
    finding.excused_by = known_.Find(broken);
    return {finding, true};
  }

  const Known& known_;
  Court& court_;
  std::map<std::pair<Rule, Facts>, Finding> findings_;
};

void Confirm(const Candidate& candidate, Court& court, Findings& findings, Troubles& troubles) {
  court.Play(candidate.scenario);
  const auto breaks = court.breaks();
  const auto broken = std::ranges::find_if(breaks, [&candidate](const Break& shown) {
    return shown.rule == candidate.broken.rule && shown.facts == candidate.broken.facts;
  });
  if (broken == breaks.end()) {
    ++troubles.unconfirmed;
    troubles.unconfirmed_scenario = candidate.scenario;
    return;
  }
  findings.Add(*broken, candidate.scenario, candidate.minimal != 0).seen += candidate.seen;
}

// What is new comes first, and of that the first of each rule.
std::vector<const Candidate*> InOrder(const Board& board, const Known& ledger) {
  std::array<int, contract::kRules> of_rule{};
  std::multimap<std::pair<bool, int>, const Candidate*> ordered;
  for (uint32_t i = 0; i < board.candidate_count; ++i) {
    const Candidate& candidate = board.candidates[i];
    const bool known = ledger.Has(candidate.broken);
    const int before = of_rule[static_cast<std::size_t>(candidate.broken.rule) - 1]++;
    ordered.emplace(std::pair{known, before}, &candidate);
  }
  std::vector<const Candidate*> list;
  for (const auto& [key, candidate] : ordered) list.push_back(candidate);
  return list;
}

// Of what was found, what the ptrace rig shows too, as far as the time goes, but for the first; and what
// that shows in scenarios in which another rig lost its process.
void ConfirmAll(const Board& board, const std::vector<scenario::Scenario>& lost_at,
                const Known& known, const std::function<bool()>& is_late, Court& court,
                SubjectReport& report) {
  Findings findings(known, court);
  bool first = true;
  for (const Candidate* const candidate : InOrder(board, known)) {
    if (std::exchange(first, false) || !is_late()) {
      Confirm(*candidate, court, findings, report.troubles);
    } else if (known.Has(candidate->broken)) {
      findings.AddUnconfirmed(*candidate).seen += candidate->seen;
    } else {
      report.beyond += std::max<uint64_t>(candidate->seen, 1);
    }
  }
  for (const scenario::Scenario& scenario : lost_at) {
    court.Play(scenario);
    for (const Break& broken : court.breaks()) ++findings.Add(broken, scenario, false).seen;
  }
  findings.MoveTo(report.findings);
}

// Whether a scenario shows what the entry of that index excuses.
bool ShowsIn(const scenario::Scenario& scenario, const LedgerEntry& entry, int index,
             Court& court) {
  court.Play(scenario, index);
  return std::ranges::any_of(court.breaks(),
                             [&entry](const Break& broken) { return Excuses(entry, broken); });
}

// Where else an entry shows whose own scenario does not show it: a newer init may make a call more.
std::optional<scenario::Scenario> FindElsewhere(const LedgerEntry& entry, int index,
                                                const std::vector<Finding>& findings,
                                                Court& court) {
  for (const scenario::Scenario& other : scenario::Recounted(entry.scenario, kRecountedBy)) {
    if (ShowsIn(other, entry, index, court)) return other;
  }
  const auto found = std::ranges::find_if(findings, [index](const Finding& finding) {
    return finding.excused_by == index && !finding.confirmed_by.empty();
  });
  if (found == findings.end()) return std::nullopt;
  return found->scenario;
}

void CheckLedger(Court& court, SubjectReport& report) {
  for (std::size_t i = 0; i < report.ledger.size(); ++i) {
    LedgerEntry& entry = report.ledger[i];
    const int index = static_cast<int>(i);
    if (ShowsIn(entry.scenario, entry, index, court)) {
      entry.shows = Shows::kYes;
      continue;
    }
    if (!court.counts()) continue;
    const auto other = FindElsewhere(entry, index, report.findings, court);
    entry.shows = other ? Shows::kElsewhere : Shows::kNo;
    if (other) entry.elsewhere = *other;
  }
}

void Fill(const Board& board, SubjectReport& report) {
  report.scenarios = board.scenarios;
  report.kept = board.kept_count;
  report.tuples = board.tuples;
  report.beyond = board.beyond;
  for (std::size_t i = 0; i < board.counts.size(); ++i) {
    report.tallies[i] = TallyOf(board.counts[i]);
  }
  Troubles& troubles = report.troubles;
  troubles.crashed = board.crashed;
  troubles.looped = board.looped;
  troubles.gave_up = board.gave_up;
  troubles.lost = board.lost;
  troubles.crowded = board.crowded;
  troubles.not_counted = board.not_counted;
  for (uint32_t i = 0; i < board.uncovered_count; ++i) {
    troubles.not_covered[board.uncovered[i].what.data()] = board.uncovered[i].calls;
  }
}

// Tells how far a search is, about once a second.
class Teller {
 public:
  Teller(const Board& board, const std::function<void(const Progress&)>& tell)
      : board_(board), tell_(tell) {}

  void Tick() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + kTellEvery;
    tell_({.seconds = seconds(),
           .scenarios = board_.scenarios,
           .kept = board_.kept_count,
           .found = board_.candidate_count});
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }

 private:
  const Board& board_;
  const std::function<void(const Progress&)>& tell_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_ = started_ + kTellEvery;
};

}  // namespace

contract::Terms TermsOf(const CheckOptions& options, const Known& known) {
  return {.profile = options.profile,
          .calls = options.calls,
          .path = options.subject.child.front().c_str(),
          .known = &known};
}

Checked CheckSubject(const CheckOptions& options, const std::atomic<bool>& stop,
                     const std::function<void(const Progress&)>& tell) {
  rig::RequireProgram(options.subject.path);
  Checked checked;
  SubjectReport& report = checked.report;
  report.command = {options.subject.path};
  report.command.insert(report.command.end(), options.subject.arguments.begin(),
                        options.subject.arguments.end());
  report.sha256 = ShaOf(options.subject.path);
  report.profile = options.profile;
  report.seed = options.seed;
  report.ledger = options.ledger;
  report.harmless = options.harmless;

  SharedBoard shared;
  Board& board = *shared;
  const Known known(options.ledger);
  const double seconds_after = std::max(options.seconds, kLeastSecondsAfter);
  const double until = options.seconds == 0 ? std::numeric_limits<double>::infinity()
                                            : Now(options.clock) + options.seconds + seconds_after;
  SearchOptions search{.seed = options.seed,
                       .scenarios = options.scenarios,
                       .seconds = options.seconds,
                       .more_seconds = seconds_after / 2,
                       .clock = options.clock};
  search.corpus = CorpusOf(options);
  search.enough = options.enough;
  Teller teller(board, tell);
  const auto tick = [&teller] { teller.Tick(); };

  std::vector<scenario::Scenario> lost_at;
  const bool in_process = ChooseRig(options, report);
  if (in_process) {
    const WorkerSearch found = SearchInWorkers(options, search, known, stop, tick, board);
    report.rig = found.rig;
    report.troubles.lost_workers = found.lost_at.size();
    lost_at = found.lost_at;
  }
  if (!in_process) {
    RequireThatItLoads(options);
    search.tick = tick;
    rig::PtraceRig rig(options.subject);
    Player player(rig, TermsOf(options, known), options.harmless);
    Search(player, search, known, board).Run(stop);
    report.rig = "ptrace";
  }
  Court court(options);
  report.seconds = teller.seconds();
  report.interrupted = stop;
  Fill(board, report);
  const auto is_late = [&options, until] { return Now(options.clock) >= until; };
  ConfirmAll(board, lost_at, known, is_late, court, report);
  CheckLedger(court, report);
  checked.kept.assign(board.kept.begin(), board.kept.begin() + board.kept_count);
  checked.calls_seen = board.calls_seen;
  return checked;
}

}  // namespace minit::crosscheck
