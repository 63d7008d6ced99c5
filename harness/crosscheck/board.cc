#include "harness/crosscheck/board.h"

#include <algorithm>

namespace minit::crosscheck {
namespace {

template <typename Enum>
bool IsWithin(Enum value, Enum last) {
  return static_cast<unsigned>(value) <= static_cast<unsigned>(last);
}

bool IsSoundCandidate(const Candidate& candidate) {
  const contract::Break& broken = candidate.broken;
  const contract::Facts& facts = broken.facts;
  const auto rule = static_cast<int>(broken.rule);
  return rule >= 1 && rule <= contract::kRules &&
         IsWithin(facts.phase, contract::Phase::kAfterRefusal) &&
         facts.faults >> kFaultFacts == 0 && facts.entry >> kEntryFacts == 0 &&
         IsWithin(facts.cause, contract::Cause::kOther) && facts.signal <= 64 &&
         IsWithin(facts.whose, contract::Whose::kStranger) &&
         IsWithin(facts.how, contract::How::kChildBlocked) && IsSound(candidate.scenario);
}

}  // namespace

// Also of bytes that never were a scenario.
bool IsSound(const scenario::Scenario& scenario) {
  return scenario.size() <= scenario::kMaxMoves && scenario::IsValid(scenario);
}

bool IsSound(const Board& board) {
  const uint32_t candidates = board.candidate_count;
  const uint32_t kept = board.kept_count;
  const uint32_t uncovered = board.uncovered_count;
  return candidates <= Board::kCandidates && kept <= Board::kKept &&
         uncovered <= Board::kUncovered &&
         std::all_of(board.uncovered.begin(), board.uncovered.begin() + uncovered,
                     [](const Uncovered& call) { return call.what.back() == '\0'; }) &&
         std::all_of(board.candidates.begin(), board.candidates.begin() + candidates,
                     IsSoundCandidate) &&
         std::all_of(board.kept.begin(), board.kept.begin() + kept,
                     [](const scenario::Scenario& scenario) { return IsSound(scenario); });
}

}  // namespace minit::crosscheck
