// Random scenarios, from a seed: the same for the same seed on every machine. They lean to edge
// values and to plausible stories: most let the child end, or race things near its end, and most
// enter init plainly. generate_test.cc holds that every kind occurs, and pins one as text.

#ifndef MINIT_HARNESS_SCENARIO_GENERATE_H_
#define MINIT_HARNESS_SCENARIO_GENERATE_H_

#include <cstdint>
#include <span>

#include "harness/scenario/random.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {

// What `seed` stands for. Changing it changes every pinned seed: it is not done lightly.
Scenario Generate(uint64_t seed);

// The pieces, for the mutator. All results are valid.
uint16_t RandomOperand(Operand operand, Random& random);
Anchor RandomAnchor(Random& random);
Move RandomMove(Random& random);       // of any kind of move, by weight
Move RandomEntryItem(Random& random);  // of any kind of entry item, by weight
std::span<const Move> RandomStory(Random& random);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_GENERATE_H_
