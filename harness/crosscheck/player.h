// Player: plays scenarios to a subject under the judge, and says what came of each: verdicts, facts,
// and whether anything was seen that no scenario showed before (feedback.h).
//
//   Player player(rig, terms);
//   player.Play(scenario);
//   if (player.counts()) player.judge().verdict(…)
//   player.FindBreak(…)
//
// From the first call that no one covers on nobody knows what init would have done. What was broken by
// then, that it was made included, is.
//
// Held by player_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_PLAYER_H_
#define MINIT_HARNESS_CROSSCHECK_PLAYER_H_

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "harness/contract/judge.h"
#include "harness/crosscheck/feedback.h"
#include "harness/rig/outcome.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

class Player final : private rig::Observer {
 public:
  // `rig` must outlive it. `harmless`: calls that no one covers and that do not matter.
  Player(rig::Rig& rig, const contract::Terms& terms, std::set<std::string> harmless = {})
      : rig_(rig), terms_(terms), harmless_(std::move(harmless)) {}

  // `also` hears the trace as well.
  void Play(const scenario::Scenario& scenario, rig::Observer* also = nullptr);

  // Of the last scenario.
  const contract::Judge& judge() const { return judge_; }
  const rig::Outcome& outcome() const { return outcome_; }
  // What the verdicts say is so. False: the rig lost the process, or init made a call that no one
  // covers; or a process ran on until the rig ended that, and nothing was broken by then.
  bool counts() const {
    return !outcome_.lost() && !unanswered_ && (!outcome_.cut_off() || judge_.any_broken());
  }
  // It made a call that no one covers and that is not harmless.
  bool unanswered() const { return unanswered_; }
  // What was broken, of a run that does not count too: what is known to be.
  std::span<const contract::Break> breaks() const {
    if (outcome_.lost()) return {};
    return judge_that_knows().breaks();
  }
  // The first of a rule, of those. nullptr: there is none.
  const contract::Break* FindBreak(contract::Rule rule) const {
    return outcome_.lost() ? nullptr : judge_that_knows().FindBreak(rule);
  }
  // How init was entered: EntryFact bits.
  uint16_t entry() const { return terms_.entry; }
  bool showed_something_new() const { return showed_something_new_; }

  const Feedback& feedback() const { return feedback_; }
  Feedback& feedback() { return feedback_; }
  // Made by init and its processes in all scenarios so far; `waits`: in which init was blocked
  // without bound.
  const contract::CallList& calls_seen() const { return calls_seen_; }

 private:
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  void NoteCall(const contract::Step& step);
  void Judge(const contract::Step& step, const kernel::Kernel& kernel);
  bool MadeCallOfNobody() const;
  const contract::Judge& judge_that_knows() const { return unanswered_ ? judge_then_ : judge_; }

  rig::Rig& rig_;
  contract::Terms terms_;
  std::set<std::string> harmless_;
  rig::Observer* also_ = nullptr;
  contract::Judge judge_;
  contract::Judge judge_then_;  // unanswered_: as it was after that call
  rig::Outcome outcome_;
  Feedback feedback_;
  contract::CallList calls_seen_;
  bool unanswered_ = false;  // a call that no one covers, and that is not harmless, was made
  bool over_ = false;        // nothing that comes is of interest
  bool showed_something_new_ = false;
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_PLAYER_H_
