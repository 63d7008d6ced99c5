#include "harness/crosscheck/search.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "harness/scenario/generate.h"
#include "harness/scenario/minimise.h"
#include "harness/scenario/mutate.h"

namespace minit::crosscheck {
namespace {

using contract::Break;
using contract::Facts;
using contract::Verdict;
using scenario::MoveKind;
using scenario::Scenario;

constexpr std::size_t kMutatedMoves = 24;
constexpr uint32_t kLongOnesIn = 128;   // of long scenarios so many-th is played
constexpr double kLongOnesAt = 0.6;     // of the time: then the long ones of the corpus
constexpr double kLongOnesUntil = 0.8;  // … of which the rest is left out then
constexpr int kThoroughly = 6;          // of a rule so many breaks are made as small as can be
constexpr int kPlaysThoroughly = 600;
constexpr int kPlaysOtherwise = 80;

bool IsFault(MoveKind kind) {
  return kind == MoveKind::kFailForks || kind == MoveKind::kFailExecs ||
         kind == MoveKind::kFailReboots || kind == MoveKind::kHangSync ||
         kind == MoveKind::kFillConsole;
}

// With nothing special about how init is entered, and without faults.
Scenario Plain(const Scenario& scenario) {
  Scenario plain = scenario;
  plain.entry = {};
  for (std::size_t i = plain.size(); i-- > 0;) {
    if (IsFault(plain.moves()[i].kind)) plain.Remove(i);
  }
  return plain;
}

// The same way of breaking the same rule, entry and faults aside; of those no more than there were.
bool IsSameOrLess(const Facts& facts, const Facts& than) {
  return facts.phase == than.phase && facts.cause == than.cause && facts.signal == than.signal &&
         facts.whose == than.whose && facts.how == than.how && (facts.entry & ~than.entry) == 0 &&
         (facts.faults & ~than.faults) == 0;
}

}  // namespace

double Now(const std::function<double()>& clock) {
  if (clock) return clock();
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint32_t WeightOf(const Scenario& scenario) {
  uint32_t weight = 0;
  for (scenario::Cursor cursor(scenario); !cursor.done(); cursor.Advance()) {
    const scenario::Move& move = cursor.move();
    weight += move.kind == MoveKind::kBurst ? move.number : 1U;
  }
  return weight;
}

void Search::Run(const std::atomic<bool>& stop) {
  stop_ = &stop;
  started_ = Now(options_.clock);
  PlayCorpus(false);
  bool played_long_ones = false;
  while (!IsOver()) {
    const bool late = options_.seconds == 0 || SecondsGone() > kLongOnesAt * options_.seconds;
    if (late && !std::exchange(played_long_ones, true)) PlayCorpus(true);
    if (!IsOver()) PlayOneMore();
  }
}

double Search::SecondsGone() const { return Now(options_.clock) - started_; }

double Search::SecondsToReduce() const {
  if (options_.seconds == 0) return std::numeric_limits<double>::infinity();
  return options_.seconds + options_.more_seconds - SecondsGone();
}

bool Search::IsOver() const {
  return *stop_ || enough_ || (options_.scenarios != 0 && after_corpus_ >= options_.scenarios) ||
         (options_.seconds != 0 && SecondsGone() >= options_.seconds);
}

void Search::PlayCorpus(bool long_ones) {
  const double until = options_.seconds * (long_ones ? kLongOnesUntil : 1);
  for (const Scenario& scenario : options_.corpus) {
    const bool over = *stop_ || enough_ || (options_.seconds != 0 && SecondsGone() >= until);
    if (over) return;
    if ((WeightOf(scenario) > options_.long_moves) == long_ones) Play(scenario);
  }
}

void Search::PlayOneMore() {
  const Scenario scenario = Next();
  ++after_corpus_;
  const uint32_t luck = random_.Below(kLongOnesIn);
  if (luck == 0 || WeightOf(scenario) <= options_.long_moves) Play(scenario);
}

Scenario Search::Next() {
  const uint64_t seed = random_.Next();
  const uint32_t choice = random_.Below(10);
  if (pool_.empty() || choice < 3) return scenario::Generate(seed);
  const auto pick = [this]() -> const Scenario& {
    // Half of the time of those that came last.
    const auto size = static_cast<uint32_t>(pool_.size());
    const uint32_t among = random_.OneIn(2) ? std::min<uint32_t>(size, 32) : size;
    return pool_[size - 1 - random_.Below(among)];
  };
  Scenario changed = pick();
  const std::size_t limit = std::max(changed.size(), kMutatedMoves);
  if (choice < 9) {
    scenario::Mutate(changed, seed, limit);
    return changed;
  }
  Scenario crossed;
  scenario::Crossover(changed, pick(), seed, crossed, limit);
  return crossed;
}

void Search::Play(const Scenario& scenario) {
  PlayOnce(scenario);
  ++board_.scenarios;
  board_.tuples = player_.feedback().tuples();
  if (player_.showed_something_new()) {
    pool_.push_back(scenario);
    const uint32_t kept = board_.kept_count;
    if (kept < Board::kKept) {
      board_.kept[kept] = scenario;
      board_.kept_count = kept + 1;
    }
  }
  Count();
  if (!player_.judge().any_broken()) return;
  // Making one small plays others: what this one broke is noted first.
  const std::vector<Break> breaks(player_.breaks().begin(), player_.breaks().end());
  for (const Break& broken : breaks) OnBreak(broken, scenario);
}

void Search::PlayOnce(const Scenario& scenario) {
  board_.playing = scenario;
  ++board_.plays;
  player_.Play(scenario);
  if (options_.tick) options_.tick();
}

void Search::Count() {
  const rig::Outcome& outcome = player_.outcome();
  using End = rig::Outcome::End;
  board_.crashed += outcome.crash != 0 && outcome.ending == kernel::Ending::kInitDied;
  board_.looped += outcome.end == End::kLooped;
  board_.gave_up += outcome.end == End::kGaveUp;
  board_.lost += outcome.end == End::kLost;
  board_.crowded += outcome.end == End::kCrowded;
  CountCalls();
  board_.calls_seen = player_.calls_seen();
  board_.not_counted += !player_.counts();
  const contract::Judge& judge = player_.judge();
  const uint16_t entry = player_.entry();
  for (const contract::RuleText& text : contract::kRuleTexts) {
    const Verdict verdict = judge.verdict(text.rule);
    if (verdict == Verdict::kSilent) continue;
    if (!player_.counts() && player_.FindBreak(text.rule) == nullptr) continue;
    crosscheck::Count& count = board_.counts[static_cast<std::size_t>(text.rule) - 1];
    ++(verdict == Verdict::kHolds ? count.held : count.broken);
    for (int phase = 0; phase < kPhases; ++phase) {
      const auto at = static_cast<std::size_t>(phase);
      count.by_phase[at] += judge.SpokeIn(text.rule, static_cast<contract::Phase>(phase));
    }
    for (std::size_t i = 0; i < kEntryFacts; ++i) count.by_entry[i] += entry >> i & 1U;
    count.by_entry[kEntryFacts] += entry == 0;
    for (std::size_t i = 0; i < kFaultFacts; ++i) count.by_fault[i] += judge.faults() >> i & 1U;
    count.by_fault[kFaultFacts] += judge.faults() == 0;
  }
}

void Search::CountCalls() {
  for (const auto& [what, calls] : player_.outcome().not_covered) {
    uint32_t at = 0;
    const uint32_t count = board_.uncovered_count;
    while (at < count && what != board_.uncovered[at].what.data()) ++at;
    if (at == Board::kUncovered) continue;
    if (at == count) {
      Uncovered& added = board_.uncovered[at];
      std::strncpy(added.what.data(), what.c_str(), added.what.size() - 1);
      board_.uncovered_count = at + 1;
    }
    board_.uncovered[at].calls += calls;
  }
}

// --- Breaks --------------------------------------------------------------------------------------

void Search::OnBreak(const Break& broken, const Scenario& scenario) {
  const auto [at, is_new] = resolved_.try_emplace(Key{broken.rule, broken.facts}, kNowhere);
  if (is_new) at->second = Resolve(broken, scenario);
  if (at->second == kNowhere) {
    ++board_.beyond;
  } else {
    ++board_.candidates[static_cast<std::size_t>(at->second)].seen;
  }
}

// Which candidate this is: one that is there, or a new one.
int Search::Resolve(const Break& broken, const Scenario& scenario) {
  const bool in_time = SecondsToReduce() > 0;
  Break least = broken;
  Scenario smallest = scenario;
  // It is often one that is there, in a scenario with more to it.
  const Scenario plain = Plain(scenario);
  if (in_time && plain != scenario) {
    if (const Break* const shown = Show(plain, {broken.rule, broken.facts}); shown != nullptr) {
      least = *shown;
      smallest = plain;
      if (const int found = Find(least); found != kNowhere) return found;
    }
  }
  if (const int found = Find(broken); found != kNowhere) return found;
  if (const int known = ledger_.Find(broken); known >= 0) {
    return AddCandidate({.broken = broken, .scenario = scenario, .known = known});
  }
  const bool minimal = in_time && Reduce(smallest, least);
  if (const int found = Find(least); found != kNowhere) return found;
  return AddCandidate({.broken = least,
                       .scenario = smallest,
                       .known = ledger_.Find(least),
                       .minimal = minimal ? uint8_t{1} : uint8_t{0}});
}

int Search::Find(const Break& broken) {
  const Key key{broken.rule, broken.facts};
  if (const auto found = found_.find(key); found != found_.end()) return found->second;
  const int known = ledger_.Find(broken);
  if (const auto found = known_.find(known); known >= 0 && found != known_.end()) {
    return found->second;
  }
  return kNowhere;
}

int Search::AddCandidate(const Candidate& candidate) {
  const uint32_t count = board_.candidate_count;
  if (count == Board::kCandidates) return kNowhere;
  const Break& broken = candidate.broken;
  board_.candidates[count] = candidate;
  board_.candidate_count = count + 1;
  const int index = static_cast<int>(count);
  found_.emplace(Key{broken.rule, broken.facts}, index);
  if (candidate.known >= 0) known_.emplace(candidate.known, index);
  if (candidate.known < 0 && options_.enough) enough_ = enough_ || options_.enough(broken.rule);
  return index;
}

// Plays it: the break that is that one, or one of a plainer entry or fewer faults. nullptr: none is.
const Break* Search::Show(const Scenario& scenario, const Key& key) {
  PlayOnce(scenario);
  for (const Break& broken : player_.breaks()) {
    if (broken.rule == key.rule && IsSameOrLess(broken.facts, key.facts)) return &broken;
  }
  return nullptr;
}

// Makes a scenario that shows a break small, and the break that of the small one. False: there were
// too few plays for that, or too little time.
bool Search::Reduce(Scenario& scenario, Break& broken) {
  int& minimised = minimised_[static_cast<std::size_t>(broken.rule) - 1];
  int plays = minimised++ < kThoroughly ? kPlaysThoroughly : kPlaysOtherwise;
  const double until = SecondsGone() + SecondsToReduce() / 2;
  bool minimal = true;
  scenario = scenario::Minimise(scenario, [&](const Scenario& smaller) {
    if (plays-- <= 0 || *stop_ || SecondsGone() >= until) {
      minimal = false;
      return false;
    }
    const Break* const shown = Show(smaller, {broken.rule, broken.facts});
    if (shown != nullptr) broken = *shown;  // facts that have dropped out stay out
    return shown != nullptr;
  });
  return minimal;
}

}  // namespace minit::crosscheck
