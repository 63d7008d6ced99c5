// Trial: one scenario, played to the machine, or to one with a fault, and judged.

#ifndef MINIT_PROPTEST_TRIAL_H_
#define MINIT_PROPTEST_TRIAL_H_

#include <cstdint>
#include <string>

#include "core/machine.h"
#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/scenario/scenario.h"
#include "proptest/faulty_rig.h"

namespace minit::proptest {

struct Trial {
  contract::Judge judge;
  kernel::Ending ending = kernel::Ending::kNone;
  uint64_t trace = 0;  // of all steps with their results and times: same number, same trace
  uint64_t deeds = 0;  // the same of the subject's visible calls alone

  // Plays. Until the end, or until something is broken.
  void Play(const scenario::Scenario& scenario, const Fault* fault = nullptr,
            Settings settings = {});

  bool Breaks(const scenario::Scenario& scenario, contract::Rule rule,
              const Fault* fault = nullptr) {
    Play(scenario, fault);
    return judge.verdict(rule) == contract::Verdict::kBroken;
  }
  // What the judge found, a line each.
  std::string Findings() const;
};

// A scenario as text, what it breaks, and how it is played again.
std::string Report(const scenario::Scenario& scenario, const Fault* fault = nullptr);

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_TRIAL_H_
