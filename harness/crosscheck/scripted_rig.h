// A rig for tests, whose subjects are scripts (harness/rig/subject.h): as good as a binary, and a
// thousand times quicker.
#ifndef MINIT_HARNESS_CROSSCHECK_SCRIPTED_RIG_H_
#define MINIT_HARNESS_CROSSCHECK_SCRIPTED_RIG_H_

#include <functional>
#include <string>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/rig/outcome.h"
#include "harness/rig/subject.h"

namespace minit::crosscheck {

class ScriptedRig final : public rig::Rig, private rig::Observer {
 public:
  explicit ScriptedRig(std::function<rig::Script<>()> subject) : subject_(std::move(subject)) {}

  rig::Outcome Run(const scenario::Scenario& scenario, rig::Observer& observer) override {
    observer_ = &observer;
    not_covered_.clear();
    runner_.Enter(scenario);
    rig::ScriptedInit init(subject_());
    init.PlayOn(runner_);
    return {.end = runner_.gave_up() ? rig::Outcome::End::kGaveUp : rig::Outcome::End::kOver,
            .ending = kernel_.ending(),
            .not_covered = not_covered_};
  }
  void EndEarly() override { runner_.Stop(); }
  const rig::Runner<rig::Observer>& runner() const override { return runner_; }

  const rig::NotCovered& not_covered() const override { return not_covered_; }

  // That nobody covers what each run calls so, at its calls of that kind.
  void Leave(const std::string& what, kernel::CallKind kind) {
    left_ = what;
    left_kind_ = kind;
  }

 private:
  void On(const contract::Step& step, const kernel::Kernel& kernel) override {
    const bool calls = step.kind == contract::Step::Kind::kCalls;
    if (calls && !left_.empty() && step.call.kind == left_kind_) ++not_covered_[left_];
    observer_->On(step, kernel);
  }

  std::function<rig::Script<>()> subject_;
  kernel::ScenarioKernel kernel_;
  rig::Runner<rig::Observer> runner_{kernel_, *this};
  rig::Observer* observer_ = nullptr;
  std::string left_;
  kernel::CallKind left_kind_{};
  rig::NotCovered not_covered_;
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_SCRIPTED_RIG_H_
