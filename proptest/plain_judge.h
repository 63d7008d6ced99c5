// PlainJudge: the contract read once more, as plainly as it goes, for tales in which it is plain who
// the child is. It says which rules are broken and what is told of each break, keeps what it likes in
// unbounded room, and counts no calls (rule 15) and no steps. Where the first process that init forks
// is not the one that calls exec first, or has ended before that, it is in doubt, and says no more.
#ifndef MINIT_PROPTEST_PLAIN_JUDGE_H_
#define MINIT_PROPTEST_PLAIN_JUDGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/stand.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"

namespace minit::proptest {

class PlainJudge : public contract::Hearer {
 public:
  explicit PlainJudge(contract::Profile profile) : profile_(profile) {}
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;

  // The first break of each.
  const std::map<contract::Rule, contract::Break>& broken() const { return broken_; }
  bool in_doubt() const { return in_doubt_; }

 private:
  using Kernel = kernel::Kernel;
  using Pid = kernel::Pid;
  using Rule = contract::Rule;
  using Step = contract::Step;
  struct Taken {
    int signal;
    bool owed;
    bool sent;
  };
  struct Line {
    std::string text;
    bool since_end = false;
  };

  using Cause = contract::Cause;
  using Facts = contract::Facts;
  using How = contract::How;
  using Whose = contract::Whose;
  // What the world did, or what init was told of it.
  struct Event {
    Cause cause = Cause::kNone;
    int signal = 0;
    Pid pid = 0;
  };

  // What is left out of `found`, but for the step, is added.
  void Break(Rule rule, const Kernel& kernel, contract::Break found);
  Whose WhoseIs(Pid pid, const Kernel& kernel) const;
  Facts About(const Event& event, How how, const Kernel& kernel) const;
  Facts OfTheEnd(How how) const { return {.cause = end_cause_, .whose = WhoEnded(), .how = how}; }
  Facts OfTheChild(How how) const {
    return {.cause = end_cause_, .whose = Whose::kChild, .how = how};
  }
  Whose WhoEnded() const { return start_failed() ? Whose::kChildBeforeExec : Whose::kChild; }
  bool start_failed() const { return refused_ || exec_failed_; }
  bool excused() const { return fork_refused_ || hindered_; }

  void CountTime(const Kernel& kernel);
  void FollowChild(const Kernel& kernel);
  void FollowHelpers(const Kernel& kernel);
  void FollowFailedStart(const Kernel& kernel);
  void BreakByFailedStart(const Kernel& kernel);
  void End(const Kernel& kernel);
  void OnCall(const Step& step, const Kernel& kernel);
  void OnReturn(const Step& step, const Kernel& kernel);
  void OnForked(Pid newborn, const Kernel& kernel);
  void OnForkRefused(const Kernel& kernel);
  void OnExec(Pid pid, const Kernel& kernel);
  void JudgeExec(const Kernel& kernel);
  void OnEntered(const Kernel& kernel);
  void NoteFaults(const kernel::Faults& faults);
  void OnDetach(const kernel::Call& call, const Kernel& kernel);
  void OnWaited(const kernel::Result& told, bool of_any, const Kernel& kernel);
  void OnSend(const kernel::Call& call, const Kernel& kernel);
  void OnSendToChild(int signal, bool rightly, const Kernel& kernel);
  void OnWrite(const Step& step, const Kernel& kernel);
  void OnLine(const Kernel& kernel);
  void OnRestart(const Kernel& kernel);
  void OnExit(const Step& step, const Kernel& kernel);
  bool MayEnd(const Kernel& kernel);
  void Rest(const Kernel& kernel, bool fresh);
  bool IsHeldUpByItself(const Kernel& kernel) const;
  void RestFromSignals(const Kernel& kernel, bool fresh);
  void RestFromReaping(const Kernel& kernel);
  void RestAfterEnd(const Kernel& kernel);

  contract::Profile profile_;
  std::map<Rule, contract::Break> broken_;
  bool in_doubt_ = false;
  bool over_ = false;     // judging is
  bool resting_ = false;  // since init has last run
  uint16_t entry_ = 0;
  Pid inherited_ = 0;                      // the highest of those who were there before init
  uint64_t streams_ = contract::kStreams;  // that were open then
  uint8_t faults_ = 0;                     // of all that there have been
  Event last_;                             // of the world's
  Event told_;                             // last, if init was told by a wait or a signal

  // The child.
  Pid child_ = 0;
  bool known_ = false;
  bool executed_ = false;
  bool exec_failed_ = false;
  int unclean_ = 0;               // at the last exec: ExecDefect
  uint64_t unclean_signals_ = 0;  // blocked then, or else ignored
  bool refused_ = false;
  bool dead_ = false;
  bool ended_ = false;  // and init can learn of it
  bool reaped_ = false;
  Cause end_cause_ = Cause::kNone;
  bool has_rested_ = false;
  int status_ = -1;
  uint64_t end_ns_ = 0;
  std::optional<uint64_t>
      failed_ns_;  // its exec failed then, or it was held then for the last time

  // Signals.
  std::vector<Taken> taken_;
  std::size_t behind_last_sent_ = 0;
  int sending_ = -1;
  std::set<int> ever_sent_;
  std::set<int> ever_taken_;
  std::set<int> found_nobody_to_send_to_;

  struct Stopped {
    Pid pid;
    int data;
  };
  std::vector<Stopped> stopped_;  // and told of
  Pid passed_over_ = 0;

  // The ending.
  std::set<Pid> helpers_;
  std::set<Pid> dead_at_end_;
  bool fork_refused_ = false;
  bool hindered_ = false;
  bool found_nobody_ = false;
  bool rested_since_ = false;
  bool sync_called_ = false;
  bool sync_returned_ = false;
  bool sync_done_ = false;
  Pid synced_by_ = 0;
  bool restart_called_ = false;
  uint64_t refused_ns_ = 0;
  uint64_t used_ns_ = 0;  // of the time until the restart is due
  uint64_t seen_ns_ = 0;
  bool held_ = false;  // init was, then

  Line line_;
  Line line_before_;
  Pid writer_ = 0;
  bool write_failed_ = false;
  bool no_console_ = false;
  bool reported_ = false;
  bool path_named_ = false;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_PLAIN_JUDGE_H_
