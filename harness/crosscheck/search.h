// Search: plays scenarios to a subject until a bound is reached: those of a corpus, then random ones
// and changes of those that showed something new, and writes what it finds on a board.
//
// A break that was not seen before is made small: everything that can be left out of its scenario
// while the same rule is broken in the same way (phase, cause, whose, how) is. So entries and faults
// that do not matter drop out of its facts. Breaks that a ledger excuses are counted, and made no
// smaller than it takes to see that. Where there is a bound of time, making small has one too: a
// scenario for which it was too short is not minimal, and the board says so.
//
// The same subject, options and number of scenarios give the same board; a bound of time makes the
// number depend on the machine. Held by search_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_SEARCH_H_
#define MINIT_HARNESS_CROSSCHECK_SEARCH_H_

#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/rules.h"
#include "harness/crosscheck/board.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/player.h"
#include "harness/scenario/random.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

struct SearchOptions {
  uint64_t seed = 1;
  // Bounds: so many scenarios after the corpus; so much time. 0: none. One of them has to be given.
  uint64_t scenarios = 0;
  double seconds = 0;
  // With a bound of time: so much more of it to make small what was found, each finding up to half of
  // what is left. Without, that takes the time that it takes.
  double more_seconds = 0;
  std::function<double()> clock{};  // tells seconds; if there is none, the machine's does
  std::vector<scenario::Scenario> corpus{};
  // Scenarios in which the world does more than this are long: they are played seldom, and those of
  // the corpus when most of the time is over, as many as some of it is enough for.
  uint32_t long_moves = 300;
  // Asked about each new way in which a rule is broken, those apart that the ledger excuses: whether
  // that is enough, and the search is to end.
  std::function<bool(contract::Rule)> enough{};
  std::function<void()> tick{};  // called after each play, of minimising too
};

// Of `clock`, or of the machine if there is none.
double Now(const std::function<double()>& clock);

// What a world does in a scenario: its moves, repeats played out, and the deaths of its bursts.
uint32_t WeightOf(const scenario::Scenario& scenario);

class Search {
 public:
  // All must outlive it.
  Search(Player& player, const SearchOptions& options, const Known& known, Board& board)
      : player_(player), options_(options), ledger_(known), board_(board), random_(options.seed) {}

  // Until a bound is reached or `stop` is true.
  void Run(const std::atomic<bool>& stop);

 private:
  struct Key {
    contract::Rule rule;
    contract::Facts facts;

    auto operator<=>(const Key&) const = default;
  };
  static constexpr int kNowhere = -1;  // in candidates: there was no room

  void PlayCorpus(bool long_ones);
  void PlayOneMore();
  scenario::Scenario Next();
  void Play(const scenario::Scenario& scenario);
  void PlayOnce(const scenario::Scenario& scenario);
  void Count();
  void CountCalls();
  void OnBreak(const contract::Break& broken, const scenario::Scenario& scenario);
  int Resolve(const contract::Break& broken, const scenario::Scenario& scenario);
  int Find(const contract::Break& broken);
  int AddCandidate(const Candidate& candidate);
  const contract::Break* Show(const scenario::Scenario& scenario, const Key& key);
  bool Reduce(scenario::Scenario& scenario, contract::Break& broken);
  bool IsOver() const;
  double SecondsGone() const;
  double SecondsToReduce() const;

  Player& player_;
  const SearchOptions& options_;
  const Known& ledger_;
  Board& board_;
  scenario::Random random_;
  double started_ = 0;
  const std::atomic<bool>* stop_ = nullptr;
  std::vector<scenario::Scenario> pool_;
  uint64_t after_corpus_ = 0;
  bool enough_ = false;
  std::map<Key, int> resolved_;  // breaks as they were first seen, and which candidate each is
  std::map<Key, int> found_;     // those of candidates
  std::map<int, int> known_;     // by entry of the ledger
  std::array<int, contract::kRules> minimised_{};
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_SEARCH_H_
