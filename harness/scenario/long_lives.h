// Long lives: the same thing as often as a scenario can have it, for what an init gets wrong at a count
// that chance does not reach: the 5,000th signal, the 777th death. Held by long_lives_test.cc.

#ifndef MINIT_HARNESS_SCENARIO_LONG_LIVES_H_
#define MINIT_HARNESS_SCENARIO_LONG_LIVES_H_

#include <vector>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// What is likelier to be wrong comes first: everything in turn; deaths; then each signal by itself, those
// that are sent every day before the others. In each, near kMaxRepeated moves are repeats.
std::vector<Scenario> LongLives();

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_LONG_LIVES_H_
