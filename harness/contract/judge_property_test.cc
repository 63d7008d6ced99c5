// Properties: the machine of core/, in random scenarios, breaks no rule; and a judge is a value.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>

#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"

namespace minit::contract {
namespace {

struct Listener {
  Judge judge;
  void On(const Step& step, const kernel::Kernel& kernel) { judge.Observe(step, kernel); }
};

std::string BreaksOf(const Judge& judge) {
  std::string text;
  for (const RuleText& rule : kRuleTexts) {
    const Break* broken = judge.FindBreak(rule.rule);
    if (broken == nullptr) continue;
    text +=
        std::string(rule.name) + ": " + Explain(*broken) + "\n  " + ToString(broken->facts) + "\n";
  }
  return text;
}

// A number from the environment: MINIT_FIRST, the first seed, and MINIT_CASES, how many.
int FromEnvironment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

TEST(JudgeProperty, TheMachineBreaksNoRuleInAnyScenario) {
  static kernel::ScenarioKernel kernel;
  std::array<int, kRules> spoke{};
  int broken = 0;
  const int first = FromEnvironment("MINIT_FIRST", 0);
  const int cases = FromEnvironment("MINIT_CASES", 3000);
  for (int seed = first; seed < first + cases; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(static_cast<uint64_t>(seed));
    Listener listener;
    rig::Runner<Listener> runner(kernel, listener);
    rig::MachineRig rig;
    runner.Enter(scenario);
    Play(runner, rig);
    for (const RuleText& rule : kRuleTexts) {
      spoke[static_cast<std::size_t>(rule.rule) - 1] +=
          listener.judge.verdict(rule.rule) == Verdict::kHolds;
    }
    if (!listener.judge.any_broken()) continue;
    ADD_FAILURE() << "seed " << seed << "\n"
                  << BreaksOf(listener.judge) << scenario::Print(scenario);
    if (++broken == 10) break;
  }
  if (cases < 1000) return;
  for (const RuleText& rule : kRuleTexts) {
    if (!rule.of_machine || rule.rule == Rule::kKeepsToItsCalls) continue;
    EXPECT_GT(spoke[static_cast<std::size_t>(rule.rule) - 1], 0) << rule.name;
  }
}

}  // namespace
}  // namespace minit::contract
