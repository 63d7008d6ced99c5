// How many scenarios of ten moves scenario_fuzzer judges in a second, as this build compiles it: under
// sanitizers in the preset fuzz, without in release. Not a test.
//
// usage: scenario_bench [SECONDS [FIRST-SEED]]
//
// The seed says which scenarios: what it is trained with (CMakeLists.txt) is not what it measures with.
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
#include "harness/scenario/scenario.h"
#include "harness/scenario/ten_moves.h"

using namespace minit::scenario;

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const uint64_t first_seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  std::vector<std::vector<uint8_t>> inputs;
  for (const Scenario& each : TenMoves(2000, first_seed)) inputs.push_back(Encode(each));
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
