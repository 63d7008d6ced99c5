// Board: what a search has found so far, as one flat value that can lie in memory shared by two
// processes: the one that searches may run a subject in its own memory, and be lost at any moment.
//
// Invariants
//   1. It has no pointers, and nothing in it is trusted by who reads it in another process: see
//      IsSound. Whatever it says a rule breaks on is played again, in a fresh process.
//   2. Of candidates and kept scenarios the first so many are whole, whenever it is read: a count
//      goes up after what it counts was written.
#ifndef MINIT_HARNESS_CROSSCHECK_BOARD_H_
#define MINIT_HARNESS_CROSSCHECK_BOARD_H_

#include <array>
#include <atomic>
#include <cstdint>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

inline constexpr int kPhases = 5;
inline constexpr int kEntryFacts = 13;
inline constexpr int kFaultFacts = 5;

// As Tally of report.h. The last of `by_entry` is plain, of `by_fault` none.
struct Count {
  uint64_t held = 0;
  uint64_t broken = 0;
  std::array<uint64_t, kPhases> by_phase{};
  std::array<uint64_t, kEntryFacts + 1> by_entry{};
  std::array<uint64_t, kFaultFacts + 1> by_fault{};
};

// A way in which a rule is broken.
struct Candidate {
  contract::Break broken;
  scenario::Scenario scenario;  // shows it
  int known = -1;               // entry of the ledger that excuses it
  uint8_t minimal = 0;          // 1: the scenario is; no bool, for nothing here is trusted
  uint64_t seen = 0;
};

// A call that no one covers.
struct Uncovered {
  std::array<char, 96> what{};
  uint64_t calls = 0;
};

struct Board {
  static constexpr uint32_t kCandidates = 384;
  static constexpr uint32_t kKept = 4096;
  static constexpr uint32_t kUncovered = 32;

  std::atomic<bool> stop = false;       // set by who waits for the search: it is to end
  std::atomic<uint64_t> plays = 0;      // of the subject, in all
  std::atomic<uint64_t> scenarios = 0;  // played, those of minimising apart
  uint64_t not_counted = 0;             // … whose verdicts do not count
  uint64_t tuples = 0;
  uint64_t beyond = 0;  // breaks for which there was no room
  uint64_t crashed = 0;
  uint64_t looped = 0;
  uint64_t gave_up = 0;
  uint64_t lost = 0;
  uint64_t crowded = 0;
  std::array<Count, contract::kRules> counts{};
  contract::CallList calls_seen{};  // made by init; `waits`: in which it was blocked without bound
  std::atomic<uint32_t> candidate_count = 0;
  std::atomic<uint32_t> kept_count = 0;
  std::atomic<uint32_t> uncovered_count = 0;
  std::array<Uncovered, kUncovered> uncovered{};
  std::array<Candidate, kCandidates> candidates{};
  std::array<scenario::Scenario, kKept> kept{};
  scenario::Scenario playing{};  // what was being played: for when the process is lost
};

// Every count is in its range, every scenario can be, every word of every fact is one.
bool IsSound(const Board& board);
bool IsSound(const scenario::Scenario& scenario);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_BOARD_H_
