// The search: that it finds what is broken and nothing else, makes it small, keeps to its bounds,
// and lets no new break hide behind one that a ledger excuses.
#include "harness/crosscheck/search.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/contract/subjects.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/scripted_rig.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Facts;
using contract::FactsPattern;
using contract::Fault;
using contract::Rule;
using scenario::Scenario;

Scenario Read(const std::string& text) {
  Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  return scenario;
}

// The scripts write to the console and fork without more ado, as small inits do: what comes of a
// console that is full or missing, or of a refused fork, is theirs, whatever else is wrong.
bool IsOfTheScripts(const Facts& facts) {
  return (facts.faults & (contract::kFaultConsole | contract::kFaultForks)) != 0 ||
         (facts.entry & (contract::kEnteredStreams | contract::kEnteredWithoutFiles)) != 0;
}

const Known kNothing;

// A search of a machine's init with that fault.
std::unique_ptr<Board> SearchFor(Fault fault, const SearchOptions& options,
                                 const Known& known = kNothing) {
  auto board = std::make_unique<Board>();
  ScriptedRig rig([fault] { return contract::SigTimedWaitInit(fault); });
  Player player(rig, {.known = &known});
  Search(player, options, known, *board).Run(false);
  return board;
}

std::string Describe(const Board& board) {
  std::string text;
  for (uint32_t i = 0; i < board.candidate_count; ++i) {
    const Candidate& candidate = board.candidates[i];
    if (IsOfTheScripts(candidate.broken.facts)) continue;
    text += std::to_string(static_cast<int>(candidate.broken.rule)) + " " +
            contract::ToString(candidate.broken.facts) + "\n" + scenario::Print(candidate.scenario);
  }
  return text;
}

std::set<Rule> RulesOf(const Board& board) {
  std::set<Rule> rules;
  for (uint32_t i = 0; i < board.candidate_count; ++i) {
    const contract::Break& broken = board.candidates[i].broken;
    if (!IsOfTheScripts(broken.facts)) rules.insert(broken.rule);
  }
  return rules;
}

constexpr uint64_t kScenarios = 3000;

TEST(Search, FindsNothingInAFaultlessInit) {
  const auto board = SearchFor(Fault::kNone, {.scenarios = kScenarios});
  EXPECT_EQ(Describe(*board), "");
  EXPECT_GE(board->scenarios, kScenarios / 2) << "the others were long";
  EXPECT_GT(board->kept_count, 100u);
}

TEST(Search, FindsTheRuleThatIsBroken) {
  const std::vector<std::pair<Fault, Rule>> faults = {
      {Fault::kReapsOnceASignal, Rule::kReapsAtRest},
      {Fault::kLeavesOut34, Rule::kForwardsEverySignal},
      {Fault::kSendsBackwards, Rule::kForwardsInOrder},
      {Fault::kForwardsAfterTheReap, Rule::kSignalsNobodyElse},
      {Fault::kLeavesItsMask, Rule::kStartsChildClean},
      {Fault::kTakesStopForEnd, Rule::kEndsOnlyWithChild},
      {Fault::kReportsCodeAlone, Rule::kReportsStatus},
      {Fault::kNeverSyncs, Rule::kSyncsFirst},
      {Fault::kWaitsTooShort, Rule::kWaitsOutTheDelay},
      {Fault::kGivesUp, Rule::kAlwaysRestarts},
      {Fault::kExitsAtTheEnd, Rule::kNeverExits},
      {Fault::kDropsTheSignal, Rule::kFreesTheTraced},
      {Fault::kSpins, Rule::kComesToRest}};
  for (const auto& [fault, rule] : faults) {
    const auto board = SearchFor(fault, {.scenarios = kScenarios});
    EXPECT_TRUE(RulesOf(*board).contains(rule)) << static_cast<int>(rule) << Describe(*board);
  }
}

TEST(Search, MakesWhatItFindsSmallAndPlain) {
  const auto board = SearchFor(Fault::kDropsUsr1, {.scenarios = kScenarios});
  ASSERT_GE(board->candidate_count, 1u);
  EXPECT_EQ(
      Describe(*board),
      "2 phase=running entry=plain faults=none cause=signal-10 whose=nobody how=taken-not-sent\n"
      "at rest: ancestor sends USR1 to init\n");
}

TEST(Search, TheSameSeedFindsTheSame) {
  const SearchOptions options{.seed = 7, .scenarios = 800};
  const auto one = SearchFor(Fault::kReapsOnlyItsChild, options);
  const auto other = SearchFor(Fault::kReapsOnlyItsChild, options);
  EXPECT_EQ(Describe(*one), Describe(*other));
  EXPECT_EQ(one->tuples, other->tuples);
  EXPECT_EQ(one->scenarios, other->scenarios);
  const auto third = SearchFor(Fault::kReapsOnlyItsChild, {.seed = 8, .scenarios = 800});
  EXPECT_NE(one->tuples, third->tuples);
}

TEST(Search, PlaysTheCorpusFirst) {
  const auto board =
      SearchFor(Fault::kDropsUsr1,
                {.scenarios = 1, .corpus = {Read("at rest: ancestor sends USR1 to init\n")}});
  EXPECT_EQ(RulesOf(*board), std::set<Rule>{Rule::kForwardsEverySignal});
}

// A search that has one second for a corpus of this scenario; each play takes one.
std::unique_ptr<Board> SearchByPlays(const SearchOptions& bounds) {
  SearchOptions options = bounds;
  double now = 0;
  options.clock = [&now] { return now; };
  options.tick = [&now] { ++now; };
  options.corpus = {
      Read("entry: init is in a PID namespace\n"
           "at rest: ancestor sends WINCH to init\n"
           "at rest: ancestor sends USR1 to init\n"
           "at rest: ancestor sends CONT to init\n"
           "at rest: ancestor sends URG to init\n")};
  return SearchFor(Fault::kDropsUsr1, options);
}

TEST(Search, MakingSmallHasABoundWhereTheTimeHas) {
  for (const double more : {0.0, 1.0, 3.0, 10.0}) {
    const auto board = SearchByPlays({.seconds = 1, .more_seconds = more});
    ASSERT_EQ(board->scenarios, 1u);
    ASSERT_EQ(RulesOf(*board), std::set<Rule>{Rule::kForwardsEverySignal})
        << "it is told all the same";
    EXPECT_LE(board->plays, 1 + static_cast<uint64_t>(more));
    EXPECT_EQ(board->candidates[0].minimal, 0);
  }
  const auto enough = SearchByPlays({.seconds = 1, .more_seconds = 1000});
  ASSERT_EQ(RulesOf(*enough), std::set<Rule>{Rule::kForwardsEverySignal});
  EXPECT_EQ(enough->candidates[0].minimal, 1);
  EXPECT_EQ(scenario::Print(enough->candidates[0].scenario),
            "at rest: ancestor sends USR1 to init\n");
}

TEST(Search, MakingSmallHasNoBoundWhereTheScenariosAreCounted) {
  const auto board = SearchByPlays({.scenarios = 1});
  ASSERT_GE(board->candidate_count, 1u);
  EXPECT_GT(board->plays, 15u);
  EXPECT_EQ(board->candidates[0].minimal, 1);
}

TEST(Search, OneFindingLeavesTimeForTheOthers) {
  SearchOptions options{.seconds = 1, .more_seconds = 1e6};
  double now = 0;
  options.clock = [&now] { return now; };
  double reached = 0;
  options.tick = [&] { reached = now += now < 1 ? 1 : 1e5; };
  options.corpus = {
      Read("at rest: ancestor sends USR1 to init\n"
           "at rest: ancestor sends CONT to init\n"
           "at rest: ancestor sends URG to init\n")};
  const auto board = SearchFor(Fault::kDropsUsr1, options);
  ASSERT_GE(board->candidate_count, 1u);
  EXPECT_GE(reached, 5e5);
  EXPECT_LE(reached, 7e5) << "half of what is left, and the play at which that was over";
}

TEST(Search, LongOnesOfTheCorpusTakeAFifthOfTheTime) {
  const auto board = std::make_unique<Board>();
  const scenario::Scenario long_one =
      Read("at rest: ancestor sends TERM to init\nrepeat: the last 1 moves 500 times\n");
  double now = 0, first = 0, last = 0;
  SearchOptions options{.seconds = 100};
  options.clock = [&now] { return now; };
  options.tick = [&] {
    ++now;
    if (board->playing != long_one) return;
    last = now;
    if (first == 0) first = now;
  };
  options.corpus.assign(100, long_one);
  ScriptedRig rig([] { return contract::SigTimedWaitInit(); });
  Player player(rig, {});
  Search(player, options, kNothing, *board).Run(false);
  EXPECT_GT(first, 60);
  EXPECT_LT(first, 65);
  EXPECT_GE(last, 79);
  EXPECT_LE(last, 81);
}

TEST(Search, EndsWhenItIsTold) {
  const auto made = std::make_unique<Board>();
  Board& board = *made;
  ScriptedRig rig([] { return contract::SigTimedWaitInit(); });
  Player player(rig, {});
  const SearchOptions options{.scenarios = 1'000'000'000};
  Search(player, options, kNothing, board).Run(true);
  EXPECT_EQ(board.scenarios, 0u);
}

TEST(Search, CountsInWhichPhasesARuleSpoke) {
  const auto board = SearchFor(Fault::kNone, {.scenarios = 400});
  const Count& reaps = board->counts[static_cast<std::size_t>(Rule::kReapsAtRest) - 1];
  EXPECT_GT(reaps.by_phase[static_cast<std::size_t>(contract::Phase::kRunning)], 0u);
  EXPECT_GT(reaps.by_phase[static_cast<std::size_t>(contract::Phase::kWaiting)], 0u);
  EXPECT_GT(reaps.by_entry[kEntryFacts], 0u) << "plain";
  EXPECT_GT(reaps.by_fault[kFaultFacts], 0u) << "none";
}

// mount() stands for the first of its calls of that kind.
std::unique_ptr<Board> SearchWithMount(kernel::CallKind at, const std::set<std::string>& harmless) {
  auto board = std::make_unique<Board>();
  ScriptedRig rig([] { return contract::SigTimedWaitInit(Fault::kDropsUsr1); });
  rig.Leave("mount", at);
  Player player(rig, {}, harmless);
  const SearchOptions options{.scenarios = 200,
                              .corpus = {Read("at rest: ancestor sends USR1 to init\n")}};
  Search(player, options, kNothing, *board).Run(false);
  return board;
}

TEST(Search, JudgesNothingThatComesAfterACallThatNobodyCovers) {
  const auto board = SearchWithMount(kernel::CallKind::kFork, {});
  EXPECT_EQ(board->candidate_count, 0u) << Describe(*board);
  EXPECT_EQ(board->not_counted, board->scenarios);
  EXPECT_EQ(board->uncovered_count, 1u);
  EXPECT_STREQ(board->uncovered[0].what.data(), "mount");
}

TEST(Search, FindsWhatIsBrokenBeforeACallThatNobodyCovers) {
  const auto board = SearchWithMount(kernel::CallKind::kReboot, {});
  EXPECT_GT(board->candidate_count, 0u);
  EXPECT_GT(board->not_counted, 0u);
}

TEST(Search, GoesOnAfterACallThatIsSaidToBeHarmless) {
  const auto board = SearchWithMount(kernel::CallKind::kFork, {"mount"});
  EXPECT_GT(board->candidate_count, 0u);
  EXPECT_EQ(board->not_counted, 0u);
}

// A ledger of all that one fault breaks, as somebody would write it for this one: what is behind what is
// known shows when that is.
std::vector<LedgerEntry> LedgerOf(Fault fault, int open) {
  std::vector<LedgerEntry> ledger;
  for (std::size_t before = SIZE_MAX; before != ledger.size();) {
    before = ledger.size();
    const auto board = SearchFor(fault, {.scenarios = kScenarios}, Known(ledger));
    for (uint32_t i = 0; i < board->candidate_count; ++i) {
      const Candidate& candidate = board->candidates[i];
      if (candidate.known >= 0 || IsOfTheScripts(candidate.broken.facts)) continue;
      ledger.push_back(
          {.rule = candidate.broken.rule,
           .pattern = {.facts = candidate.broken.facts, .open = static_cast<uint8_t>(open)},
           .reason = "known",
           .scenario = candidate.scenario});
    }
  }
  return ledger;
}

struct SameRule {
  Rule rule;
  Fault known;
  Fault other;
  int open;  // what a person would leave open in the ledger of `known`
};

class ALedger : public testing::TestWithParam<SameRule> {};

TEST_P(ALedger, ExcusesWhatIsInItAndNoOtherBreakOfTheSameRule) {
  const auto& [rule, known, other, open] = GetParam();
  const std::vector<LedgerEntry> ledger = LedgerOf(known, open);
  ASSERT_FALSE(ledger.empty());
  const Known listed(ledger);
  const auto unexcused = [](const Board& board, Rule of) {
    int count = 0;
    for (uint32_t i = 0; i < board.candidate_count; ++i) {
      const Candidate& candidate = board.candidates[i];
      count += candidate.known < 0 && candidate.broken.rule == of &&
               !IsOfTheScripts(candidate.broken.facts);
    }
    return count;
  };
  const auto same = SearchFor(known, {.scenarios = kScenarios}, listed);
  EXPECT_EQ(unexcused(*same, rule), 0) << Describe(*same) << Print(ledger);
  EXPECT_GT(same->candidate_count, 0u) << "what is known still shows";
  const auto new_one = SearchFor(other, {.scenarios = kScenarios}, listed);
  EXPECT_GT(unexcused(*new_one, rule), 0) << "a new fault hid behind the ledger";
}

INSTANTIATE_TEST_SUITE_P(
    Rules, ALedger,
    testing::Values(SameRule{Rule::kReapsAtRest, Fault::kSleepsOutTheDelay,
                             Fault::kReapsOnceASignal,
                             FactsPattern::kEntry | FactsPattern::kFaults | FactsPattern::kCause |
                                 FactsPattern::kWhose},
                    SameRule{Rule::kForwardsEverySignal, Fault::kLeavesOut34, Fault::kDropsUsr1,
                             FactsPattern::kEntry | FactsPattern::kFaults | FactsPattern::kPhase},
                    SameRule{Rule::kEndsOnlyWithChild, Fault::kTakesStopForEnd,
                             Fault::kTakesOrphanForChild,
                             FactsPattern::kEntry | FactsPattern::kFaults | FactsPattern::kWhose},
                    SameRule{Rule::kAlwaysRestarts, Fault::kGivesUp, Fault::kNeverRestarts,
                             FactsPattern::kEntry | FactsPattern::kCause | FactsPattern::kWhose}),
    [](const auto& test) { return "Rule" + std::to_string(static_cast<int>(test.param.rule)); });

TEST(Weight, CountsRepeatsAndBursts) {
  EXPECT_EQ(WeightOf(Read("")), 0u);
  EXPECT_EQ(WeightOf(Read("at rest: ancestor sends USR1 to init\n"
                          "repeat: the last 1 moves 257 times\n")),
            258u);
}

}  // namespace
}  // namespace minit::crosscheck
