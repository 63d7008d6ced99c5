// The judge says today of random scenarios what it said yesterday: see verdicts.h.
#include "proptest/verdicts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"

namespace minit::proptest {
namespace {

TEST(Verdicts, AreThoseOfTheTable) {
  constexpr uint64_t kScenarios = 50;
  constexpr uint64_t kFirstSeed = 100'000;
  std::vector<scenario::Scenario> scenarios;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + kScenarios; ++seed) {
    scenarios.push_back(scenario::Generate(seed));
  }
  ExpectVerdicts(scenarios, 1, "verdicts.table");
}

}  // namespace
}  // namespace minit::proptest
