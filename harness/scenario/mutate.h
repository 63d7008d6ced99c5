// Changes scenarios at random, move by move, for the custom mutators of fuzzers and for searches of
// other kinds. The same seed makes the same change. generate_test.cc holds that results are valid,
// and that mutations reach every kind of move.

#ifndef MINIT_HARNESS_SCENARIO_MUTATE_H_
#define MINIT_HARNESS_SCENARIO_MUTATE_H_

#include <cstddef>
#include <cstdint>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// One change or a few: a move is deleted, doubled, swapped with another, inserted, given another
// operand or anchor; a story is inserted; the entry changes. No more than `max_moves` come out if no
// more went in. Requires IsValid(scenario); so it stays.
void Mutate(Scenario& scenario, uint64_t seed, std::size_t max_moves = kMaxMoves);

// The beginning of one and the end of the other; the entry of either. `result` is neither of them.
void Crossover(const Scenario& one, const Scenario& other, uint64_t seed, Scenario& result,
               std::size_t max_moves = kMaxMoves);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_MUTATE_H_
