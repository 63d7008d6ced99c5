// How many scenarios of ten moves scenario_fuzzer judges in a second, as this build compiles it: under
// sanitizers in the preset fuzz, without in release. Not a test.
//
// usage: scenario_bench [SECONDS]
//
// Two rates are printed: by the wall clock, and by the processor time used, which a busy machine
// disturbs less.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "fuzz/trial.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"

namespace {

using namespace minit::scenario;

// Ten moves, none of them a repeat or a burst.
std::vector<std::vector<uint8_t>> TenMoves(std::size_t count) {
  std::vector<std::vector<uint8_t>> inputs;
  for (uint64_t seed = 0; inputs.size() < count; ++seed) {
    const Scenario from = Generate(seed);
    Scenario scenario;
    scenario.entry = from.entry;
    for (const Move& move : from.moves()) {
      const bool many = move.kind == MoveKind::kRepeat || move.kind == MoveKind::kBurst;
      if (!many && scenario.size() < 10) scenario.Add(move);
    }
    if (scenario.size() == 10) inputs.push_back(Encode(scenario));
  }
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const std::vector<std::vector<uint8_t>> inputs = TenMoves(2000);
  static minit::fuzz::Trial<> trial;
  static Scenario scenario;
  double runs = 0, held = 0;
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  std::chrono::duration<double> took{};
  do {
    for (const std::vector<uint8_t>& input : inputs) {
      Decode(input, scenario);
      held += trial.Holds(scenario);
    }
    runs += static_cast<double>(inputs.size());
    took = std::chrono::steady_clock::now() - start;
  } while (took.count() < seconds);
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  std::printf("%.0f scenarios/s by the clock, %.0f by processor time (%.1f%% hold)\n",
              runs / took.count(), runs / cpu, 100 * held / runs);
}
