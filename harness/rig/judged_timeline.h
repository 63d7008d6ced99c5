// JudgedTimeline: a run for people, with what a judge says of it: each break stands where it came
// about.
//
//   JudgedTimeline judged({.profile = …});
//   judged.Follow(runner);   // then the run, with `judged` as its observer
//   judged.Print()
//
// Held by replay's use of it (corpus_replay), and crosscheck_tool_test.
#ifndef MINIT_HARNESS_RIG_JUDGED_TIMELINE_H_
#define MINIT_HARNESS_RIG_JUDGED_TIMELINE_H_

#include <cstddef>
#include <string>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/rig/timeline.h"

namespace minit::rig {

class JudgedTimeline final : public Observer {
 public:
  // Brief: the verdicts alone, which for long runs is much less work.
  explicit JudgedTimeline(const contract::Terms& terms = {}, bool brief = false)
      : brief_(brief), judge_(terms) {}

  void Follow(const Runner<Observer>& runner) { timeline_.Follow(runner); }
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;

  std::string Print() const { return timeline_.Print(); }
  std::string Draw() const { return timeline_.Draw(); }
  // The rules that spoke, and how they came out: "broken" first, a line each.
  std::string Verdicts() const;
  const contract::Judge& judge() const { return judge_; }
  int moves_without_effect() const { return moves_without_effect_; }

 private:
  bool brief_;
  int moves_without_effect_ = 0;
  Timeline timeline_;
  contract::Judge judge_;
  std::size_t told_ = 0;  // of the judge's breaks
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_JUDGED_TIMELINE_H_
