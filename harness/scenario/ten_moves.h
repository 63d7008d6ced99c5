// What speed is measured with: random scenarios of ten moves, none of them a repeat or a burst. For
// benchmarks alone.
#ifndef MINIT_HARNESS_SCENARIO_TEN_MOVES_H_
#define MINIT_HARNESS_SCENARIO_TEN_MOVES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"

namespace minit::scenario {

// `count` of them, the same for the same first seed.
inline std::vector<Scenario> TenMoves(std::size_t count, uint64_t first_seed = 0) {
  std::vector<Scenario> scenarios;
  for (uint64_t seed = first_seed; scenarios.size() < count; ++seed) {
    const Scenario from = Generate(seed);
    Scenario scenario;
    scenario.entry = from.entry;
    for (const Move& move : from.moves()) {
      const bool many = move.kind == MoveKind::kRepeat || move.kind == MoveKind::kBurst;
      if (!many && scenario.size() < 10) scenario.Add(move);
    }
    if (scenario.size() == 10) scenarios.push_back(scenario);
  }
  return scenarios;
}

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_TEN_MOVES_H_
