#include "proptest/trial.h"

#include "harness/contract/rules.h"
#include "harness/kernel/digest.h"
#include "harness/rig/runner.h"
#include "harness/scenario/text.h"

namespace minit::proptest {
namespace {

using contract::Step;
using kernel::Kernel;

// All that a trial hears.
struct Listener {
  contract::Judge judge;
  kernel::Digest trace;
  kernel::Digest deeds;

  void On(const Step& step, const Kernel& kernel) {
    judge.Observe(step, kernel);
    trace.Add(static_cast<uint64_t>(step.kind) << 32 | static_cast<uint32_t>(step.pid),
              static_cast<uint64_t>(step.cause) << 8 | step.signal);
    if (step.kind == Step::Kind::kCalls) Add(step.call, trace);
    if (step.kind == Step::Kind::kReturns) trace.Add(step.result.value, step.result.status);
    trace.Add(kernel.now_ns(), step.text.size());
    if (!step.visible) return;
    Add(step.call, deeds);
    deeds.Add(
        static_cast<uint64_t>(step.kind) << 32 | static_cast<uint32_t>(step.pid),
        static_cast<uint64_t>(step.result.value) << 32 | static_cast<uint32_t>(step.result.status));
    deeds.Add(kernel.now_ns(), 0);
  }
};

}  // namespace

void Trial::Play(const scenario::Scenario& scenario, const Fault* fault, Settings settings) {
  static kernel::ScenarioKernel world;  // large; a run begins by making it anew
  Listener listener;
  rig::Runner<Listener> runner(world, listener);
  FaultyRig rig(fault, settings);
  runner.Enter(scenario);
  proptest::Play(runner, rig, [&listener] { return listener.judge.any_broken(); });
  judge = listener.judge;
  ending = world.ending();
  trace = listener.trace.value();
  deeds = listener.deeds.value();
}

std::string Trial::Findings() const {
  std::string text;
  for (const contract::RuleText& rule : contract::kRuleTexts) {
    const contract::Break* const broken = judge.FindBreak(rule.rule);
    if (broken != nullptr) text += std::string(rule.name) + ": " + Explain(*broken) + "\n";
  }
  return text;
}

std::string Report(const scenario::Scenario& scenario, const Fault* fault) {
  Trial trial;
  trial.Play(scenario, fault);
  const std::string text = scenario::Print(scenario);
  return trial.Findings() + text + "\nscripts/replay - <<'END'\n" + text + "END\n";
}

}  // namespace minit::proptest
