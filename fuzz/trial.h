// Trial: a scenario played to the machine in the kernel model, under the judge.
//
// What this is: the oracle of the fuzz targets that play scenarios, and what they say when it fails.
// It allocates nothing until it does.
//
//   static Trial<> trial;
//   if (!trial.Holds(scenario)) ReportAndAbort("some_fuzzer", trial, scenario);
//
// A Rig has Answer, as MachineRig has it: a target whose machine is at fault gives its own.
//
// Up to the first move a run depends on the entry and on that move's anchor alone, and most entries are
// plain. So the beginnings of plain runs are played once, when the trial is made, one for each visible
// call up to the first rest; every plain run goes on from a copy of one. That none is made later keeps
// what an input covers independent of the inputs before it. Held by trial_test.cc.
#ifndef MINIT_FUZZ_TRIAL_H_
#define MINIT_FUZZ_TRIAL_H_

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <deque>
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
  Trial() {
    scenario::Scenario scenario;
    scenario.Add({.kind = scenario::MoveKind::kPass});
    do {
      ++scenario.moves()[0].anchor.call;
      Enter(scenario);
      while (!runner_.MoveIsDue()) rig::MakeCall(runner_, rig_, *runner_.Next());
      beginnings_.emplace_back(*this);
    } while (!kernel_.AtRest());
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  // Plays the scenario from its beginning. False: a rule was broken, or there was no restart.
  bool Holds(const scenario::Scenario& scenario) {
    if (scenario.entry == scenario::Entry{}) {
      GoOnFrom(BeginningOf(scenario), scenario);
    } else {
      Enter(scenario);
    }
    while (const rig::Turn* turn = runner_.Next()) rig::MakeCall(runner_, rig_, *turn);
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

  const contract::Judge& judge() const { return judge_; }
  const kernel::Kernel& kernel() const { return kernel_; }

 private:
  // Where a run stands when its first move is due.
  struct Beginning {
    explicit Beginning(Trial& trial)
        : judge(trial.judge_), rig(trial.rig_), runner(trial.runner_, kernel, trial) {
      kernel.CopyFrom(trial.kernel_);
    }
    kernel::ExplorerKernel kernel;
    contract::Judge judge;
    Rig rig;
    rig::Runner<Trial> runner;
  };

  void Enter(const scenario::Scenario& scenario) {
    std::construct_at(&judge_);
    std::construct_at(&rig_);
    runner_.Enter(scenario);
  }
  void GoOnFrom(const Beginning& beginning, const scenario::Scenario& scenario) {
    kernel_.CopyFrom(beginning.kernel);
    judge_ = beginning.judge;
    rig_ = beginning.rig;
    runner_.Enter(scenario, beginning.runner);
  }
  // The last one is at rest: what is anchored before a later call is due there, too.
  const Beginning& BeginningOf(const scenario::Scenario& scenario) const {
    const scenario::Cursor cursor(scenario);
    const std::size_t last = beginnings_.size() - 1;
    if (cursor.done() || cursor.move().anchor.at_rest()) return beginnings_[last];
    return beginnings_[std::min<std::size_t>(cursor.move().anchor.call - 1U, last)];
  }

  kernel::ScenarioKernel kernel_;
  contract::Judge judge_;
  Rig rig_;
  rig::Runner<Trial> runner_{kernel_, *this};
  std::deque<Beginning> beginnings_;
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
