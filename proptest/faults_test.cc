// No search is blind: each fault that is planted in the machine is found by the explorer and by
// random scenarios, and what they find is a break of the rule that the fault is listed under.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "harness/contract/rules.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"
#include "proptest/explorer.h"
#include "proptest/faulty_rig.h"
#include "proptest/trial.h"

namespace minit::proptest {
namespace {

class PlantedFault : public testing::TestWithParam<Fault> {};

TEST_P(PlantedFault, IsFoundByTheExplorer) {
  const Bounds small{.orphans = 1, .signals = {15}};
  const Outcome outcome = Explore(small, &GetParam());
  ASSERT_TRUE(outcome.violation) << "not found in " << outcome.progress.states << " states";
  const Violation& violation = *outcome.violation;
  EXPECT_EQ(TextOf(violation.rule).name, std::string(TextOf(GetParam().breaks).name))
      << violation.why << "\n"
      << scenario::Print(violation.scenario);
  EXPECT_TRUE(violation.replays) << scenario::Print(violation.scenario);
}

TEST_P(PlantedFault, IsFoundByRandomScenarios) {
  constexpr uint64_t kEnough = 2000;
  Trial trial;
  for (uint64_t seed = 0; seed < kEnough; ++seed) {
    if (trial.Breaks(scenario::Generate(seed), GetParam().breaks, &GetParam())) return;
  }
  FAIL() << "not found in " << kEnough << " scenarios";
}

INSTANTIATE_TEST_SUITE_P(Table, PlantedFault, testing::ValuesIn(Faults().begin(), Faults().end()),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace minit::proptest
