// PlainJudge: the contract read once more, as plainly as it goes, for tales in which it is plain who
// the child is. It knows verdicts and no facts, keeps what it likes in unbounded room, and counts no
// calls (rule 15). Where the first process that init forks is not the one that calls exec first, or
// has ended before that, it is in doubt, and says no more.
#ifndef MINIT_PROPTEST_PLAIN_JUDGE_H_
#define MINIT_PROPTEST_PLAIN_JUDGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/contract/rules.h"
#include "harness/contract/stand.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"

namespace minit::proptest {

class PlainJudge : public contract::Hearer {
 public:
  explicit PlainJudge(contract::Profile profile) : profile_(profile) {}
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;

  const std::set<contract::Rule>& broken() const { return broken_; }
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

  void Break(Rule rule);
  bool start_failed() const { return refused_ || exec_failed_; }
  bool excused() const { return fork_refused_ || hindered_; }

  void CountTime(const Kernel& kernel);
  void FollowChild(const Kernel& kernel);
  void FollowHelpers(const Kernel& kernel);
  void FollowFailedStart(const Kernel& kernel);
  void BreakByFailedStart();
  void End(const Kernel& kernel);
  void OnCall(const Step& step, const Kernel& kernel);
  void OnReturn(const Step& step, const Kernel& kernel);
  void OnForked(Pid newborn, const Kernel& kernel);
  void OnForkRefused(const Kernel& kernel);
  void OnExec(Pid pid, const Kernel& kernel);
  void JudgeExec();
  void OnWaited(const Step& step, const Kernel& kernel);
  void OnSend(const kernel::Call& call, const Kernel& kernel);
  void OnSendToChild(int signal, bool rightly);
  void OnWrite(const Step& step);
  void OnLine();
  void OnRestart(const Kernel& kernel);
  void OnExit(const Step& step, const Kernel& kernel);
  bool MayEnd();
  void Rest(const Kernel& kernel, bool fresh);
  void RestFromSignals(const Kernel& kernel, bool fresh);
  void RestAfterEnd();

  contract::Profile profile_;
  std::set<Rule> broken_;
  bool in_doubt_ = false;
  bool over_ = false;     // judging is
  bool resting_ = false;  // since init has last run

  // The child.
  Pid child_ = 0;
  bool known_ = false;
  bool executed_ = false;
  bool exec_failed_ = false;
  bool unclean_ = false;  // at the last exec
  bool refused_ = false;
  bool ended_ = false;
  bool reaped_ = false;
  bool killed_ = false;
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

  std::map<Pid, int> stopped_;  // and told of: with which signal

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
