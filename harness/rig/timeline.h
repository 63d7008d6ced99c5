// Timeline: a run, for people. One row for each step worth seeing, as text or as a drawing.
//
//   Timeline timeline;
//   Runner<Observer> runner(kernel, timeline);
//   timeline.Follow(runner);
//   runner.Enter(scenario); Play(runner, …);
//   timeline.Print() or timeline.Draw()
//
// Rows are: visible calls of the subject with their results; moves in the scenario's own words, and
// what of them had no effect; when the clock went on; where init came to rest, in which call, and who
// was alive or a zombie then. Whoever judges adds rows by Note.
//
// The child and the helpers are called so once it is known which is which, from the first exec on, and
// then in what was told of them before, too. Until then, or if none comes, each is "init's own [3]".
//
// Held by timeline_test.cc.

#ifndef MINIT_HARNESS_RIG_TIMELINE_H_
#define MINIT_HARNESS_RIG_TIMELINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "harness/rig/stage.h"

namespace minit::rig {

// A call as strace has it, "wait4(-1, WNOHANG)", and its result, "7, exited 3". `text`: what it
// writes.
std::string Print(const kernel::Call& call, std::string_view text = {});
std::string Print(const kernel::Call& call, const kernel::Result& result);
std::string SignalName(int signal);  // "TERM", or the number

class Timeline final : public Observer {
 public:
  // The runner whose steps it hears, if they come from one: it knows moves and names. It must
  // outlive the run.
  void Follow(const Runner<Observer>& runner) { runner_ = &runner; }

  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  // A row in between: a verdict.
  void Note(std::string text);

  std::string Print() const;
  // As an SVG picture: time runs down, a column for each process.
  std::string Draw() const;

 private:
  enum class Kind : uint8_t { kCall, kMove, kRest, kTime, kNote };
  struct Row {
    uint64_t now_ns = 0;
    Kind kind = Kind::kNote;
    std::string who{};
    std::string text{};
    int lane = -1;
    int from = -1;  // of an arrow; -1 with a `to`: from outside
    int to = -1;
  };
  // The life of one process, in rows. -1: not yet.
  struct Lane {
    kernel::Pid pid = 0;
    std::string name{};
    int born = 0;
    int died = -1;
    int reaped = -1;
  };

  void Update(const kernel::Kernel& kernel);
  void Rename(Lane& lane, std::string name);
  void UpdateReaped(const contract::Step& step, const kernel::Kernel& kernel);
  Row& Add(Kind kind, std::string who, std::string text);
  void AddEntry(const scenario::Entry& entry);
  void AddCall(const contract::Step& step, std::string text);
  void AddMove(const contract::Step& step);
  void AddRest(const kernel::Kernel& kernel);
  void TellPending();
  std::string Name(kernel::Pid pid, const kernel::Kernel& kernel) const;
  int LaneOf(kernel::Pid pid) const;
  int RowCount() const { return static_cast<int>(rows_.size()); }

  const Runner<Observer>* runner_ = nullptr;
  uint64_t now_ns_ = 0;
  std::vector<Row> rows_;
  std::vector<Lane> lanes_;
  std::vector<std::size_t> unreaped_;  // which of them: a long run has many that are over
  // The call that was told last, not yet its result.
  kernel::Pid calling_ = 0;
  std::string calling_who_;
  std::string calling_text_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_TIMELINE_H_
