// Runner: plays a scenario to a subject, on a Stage: it makes each move when it is due, by the rules
// at the head of harness/scenario/scenario.h, and then the finale.
//
//   Runner runner(kernel, observer);
//   runner.Enter(scenario);
//   while (const Turn* turn = runner.Next()) runner.Call(/* the next call of turn->pid */);
//
// It is passive: a rig drives it, and learns from Next() who runs and what its last call returned.
//
// The finale. Once the moves are over and what they wait for is past: init is thawed, foreign tracers
// die, who is kept waiting may run, call faults heal; at the next rest the child is killed, if it
// still lives; then time goes on until the machine restarts, or for 62 s. A sync that hangs and a
// console that is full stay so.
//
// Invariants
//   1. The same scenario, subject and code give the same trace.
//   2. Every run ends: a subject may make kMaxCalls calls between two moves (rule 15 of the contract
//      allows it a small part of that).
//   3. A copy goes on as the original does.
// Held by runner_test.cc.

#ifndef MINIT_HARNESS_RIG_RUNNER_H_
#define MINIT_HARNESS_RIG_RUNNER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/kernel/kernel.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

inline constexpr uint64_t kFinaleNs = 62'000'000'000;
inline constexpr uint32_t kMaxCalls = 100'000;

template <typename Observer = NoObserver>
class Runner {
 public:
  // Both must outlive the runner.
  Runner(kernel::Kernel& kernel, Observer& observer) : stage_(kernel, observer) {}
  // A copy of the state of `other`, around a copy of its kernel, for the same scenario.
  Runner(const Runner& other, kernel::Kernel& kernel, Observer& observer);

  // Begins a run. `scenario` must outlive it.
  void Enter(const scenario::Scenario& scenario);
  // Begins it where `beginning` stands: that was entered alike, and its first move, with an anchor like
  // this one's, is due. The kernel has to be a copy of its kernel.
  void Enter(const scenario::Scenario& scenario, const Runner& beginning);

  // Goes on to the next turn of the subject; nullptr once the run is over. Valid until the next call
  // of anything here.
  const Turn* Next();
  // The one whose turn it is makes a call. `text`: what a write to the console says.
  void Call(const kernel::Call& call, std::string_view text = {}) {
    next_call() = call;
    next_text() = text;
    CallNext();
  }
  // The same in two steps, for whoever would not copy them: see Stage::BeginNext.
  kernel::Call& next_call() { return stage_.next_call(); }
  std::string_view& next_text() { return stage_.next_text(); }
  void CallNext();
  // It enters the handler that Next() said, and leaves it; then Next() is to be asked again.
  void EnterHandler(uint64_t blocked) { stage_.EnterHandler(turn_.pid, blocked); }
  void LeaveHandler(uint64_t mask) { stage_.LeaveHandler(turn_.pid, mask); }
  // A move, or what comes after the last one, is what comes next: init rests, or makes the call that
  // the move comes before. Requires that no time is to pass first (kPass).
  bool MoveIsDue() const { return stage_.begun() ? DueBeforeCall() : kernel().AtRest(); }
  // Ends the run early: a judge has seen enough.
  void Stop() { phase_ = Phase::kOver; }

  // How it ended: kernel().ending(), unless one of these.
  bool gave_up() const { return calls_ > kMaxCalls; }
  // The move that is being made, while a kMove is told; nullptr in the finale.
  const scenario::Move* move() const {
    return phase_ == Phase::kMoves ? &cursor_->move() : nullptr;
  }
  // Of the scenario. Requires that one was entered.
  const scenario::Entry& entry() const { return *entry_; }
  const Cast& cast() const { return stage_.cast(); }
  kernel::Kernel& kernel() { return stage_.kernel(); }
  const kernel::Kernel& kernel() const { return stage_.kernel(); }
  uint64_t Hash() const;

 private:
  // In kLastWait time goes on to the end of the finale.
  enum class Phase : uint8_t { kMoves, kFinale, kKilling, kLastWait, kOver };

  bool DueBeforeCall() const;
  void TakeEffect();
  void MakeNext();
  bool Proceed();
  void LetTimePass(uint64_t until_ns);
  void End();

  Stage<Observer> stage_;
  std::optional<scenario::Cursor> cursor_;  // once entered
  const scenario::Entry* entry_ = nullptr;
  Turn turn_;
  Phase phase_ = Phase::kOver;
  bool told_over_ = true;
  uint32_t begun_ = 0;     // visible calls since the last rest
  uint32_t calls_ = 0;     // all, since the last move
  uint64_t until_ns_ = 0;  // until when the world waits
};

}  // namespace minit::rig

#include "harness/rig/runner_inline.h"

#endif  // MINIT_HARNESS_RIG_RUNNER_H_
