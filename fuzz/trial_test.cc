// Trial: a run that goes on from a copy of its beginning ends as one that is played from entry does.
#include "fuzz/trial.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"

namespace minit::fuzz {
namespace {

struct Judged {
  contract::Judge judge;
  void On(const contract::Step& step, const kernel::Kernel& kernel) { judge.Observe(step, kernel); }
};

void ExpectSameFromEntry(Trial<>& trial, const scenario::Scenario& scenario) {
  static kernel::ScenarioKernel kernel;
  Judged judged;
  rig::Runner<Judged> runner(kernel, judged);
  rig::MachineRig rig;
  runner.Enter(scenario);
  Play(runner, rig);
  EXPECT_TRUE(trial.Holds(scenario)) << scenario::Print(scenario);
  EXPECT_TRUE(trial.judge() == judged.judge) << scenario::Print(scenario);
  EXPECT_TRUE(trial.kernel() == kernel) << scenario::Print(scenario);
}

TEST(Trial, FromAnyBeginning) {
  Trial<> trial;
  for (uint16_t call = 0; call <= 20; ++call) {
    scenario::Scenario scenario;
    ExpectSameFromEntry(trial, scenario);
    scenario.Add({.kind = scenario::MoveKind::kRepeat, .other = 1, .number = 1});
    scenario.Add({.kind = scenario::MoveKind::kFreeze, .anchor = {call}});
    ExpectSameFromEntry(trial, scenario);
  }
}

TEST(Trial, OfGeneratedScenarios) {
  Trial<> trial;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    scenario::Scenario scenario = scenario::Generate(seed);
    ExpectSameFromEntry(trial, scenario);
    scenario.entry = {};
    ExpectSameFromEntry(trial, scenario);
  }
}

}  // namespace
}  // namespace minit::fuzz
