// Trial: a scenario played to the machine in the kernel model, under the judge.
//
// What this is: the oracle of the fuzz targets that play scenarios, and what they say when it fails.
// It allocates nothing until it does.
//
//   static Trial<> trial;
//   if (!trial.Holds(scenario)) ReportAndAbort("some_fuzzer", trial, scenario);
//
// A Rig has Answer, as MachineRig has it: a target whose machine is at fault gives its own.
#ifndef MINIT_FUZZ_TRIAL_H_
#define MINIT_FUZZ_TRIAL_H_

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/minimise.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"

namespace minit::fuzz {

template <typename Rig = rig::MachineRig>
class Trial {
 public:
  Trial() = default;
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Plays the scenario from its beginning. False: a rule was broken, or there was no restart.
  bool Holds(const scenario::Scenario& scenario) {
    std::construct_at(&judge_);
    Rig rig;
    runner_.Enter(scenario);
    while (const rig::Turn* turn = runner_.Next()) {
      const rig::MachineRig::Asks asks = rig.Answer(*turn, runner_.cast(), runner_.kernel());
      runner_.Call(asks.call, asks.text);
    }
    return !judge_.any_broken() && kernel_.ending() == kernel::Ending::kRestart;
  }

  // Of the last scenario, for which Holds was false: the lowest rule broken, 0 if it is that there
  // was no restart, and a sentence.
  int BrokenRule() const {
    for (const contract::RuleText& text : contract::kRuleTexts) {
      if (judge_.verdict(text.rule) == contract::Verdict::kBroken)
        return static_cast<int>(text.rule);
    }
    return 0;
  }
  std::string Complaint() const {
    const int number = BrokenRule();
    if (number == 0) return "no rule is broken, but the run does not end in a restart";
    const auto rule = static_cast<contract::Rule>(number);
    const contract::Break* const broken = judge_.FindBreak(rule);
    return "rule " + std::to_string(number) + " (" + contract::TextOf(rule).name +
           "): " + (broken == nullptr ? "broken" : contract::Explain(*broken));
  }

  void On(const contract::Step& step, const kernel::Kernel& kernel) {
    judge_.Observe(step, kernel);
  }

 private:
  kernel::ScenarioKernel kernel_;
  contract::Judge judge_;
  rig::Runner<Trial> runner_{kernel_, *this};
};

// Says what is broken, the smallest scenario that breaks the same rule, and how to replay that.
template <typename Rig>
[[noreturn]] void ReportAndAbort(const char* target, Trial<Rig>& trial,
                                 const scenario::Scenario& scenario) {
  const int rule = trial.BrokenRule();
  const scenario::Scenario smallest =
      scenario::Minimise(scenario, [&trial, rule](const scenario::Scenario& candidate) {
        return !trial.Holds(candidate) && trial.BrokenRule() == rule;
      });
  trial.Holds(smallest);
  std::fprintf(stderr, "%s: %s\n", target, trial.Complaint().c_str());
  std::fprintf(stderr, "%zu of %zu moves show it. Replay:\n", smallest.size(), scenario.size());
  std::fprintf(stderr, "scripts/replay - <<'END'\n%sEND\n", scenario::Print(smallest).c_str());
  std::abort();
}

}  // namespace minit::fuzz

#endif  // MINIT_FUZZ_TRIAL_H_
