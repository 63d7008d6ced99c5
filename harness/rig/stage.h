// Stage: one init on trial in one kernel, without a scenario: whoever holds it chooses what happens
// next. It says whose turn it is, begins calls and lets them take effect, makes moves in between,
// lets time pass, and tells each step of the trace.
//
//   Turn turn;
//   stage.Enter(entry);
//   while (stage.Pick(turn)) {          // somebody can run: turn says who, and what it learns
//     stage.Begin(turn.pid, call);      // the next call of that one
//     stage.Make(move);                 // as many as wanted, or none
//     stage.TakeEffect();               // or never, if the moves have kept it from that
//   }                                   // nobody can run: Make, PassTime, or the end
//
// Invariants
//   1. Init runs while it can; else its processes before exec do, in order of birth.
//   2. A call that was begun takes effect exactly once, unless its caller dies or a signal handler
//      comes first; if the caller is stopped or kept waiting, it does so when that can run again.
//   3. The trace says nothing twice: each result is told once, where it comes about.
// Held by runner_test.cc.
//
// An Observer has On(const contract::Step&, const kernel::Kernel&), which need not be virtual.

#ifndef MINIT_HARNESS_RIG_STAGE_H_
#define MINIT_HARNESS_RIG_STAGE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/cast.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

// Who hears the trace, where a virtual call for each step does not matter; and nobody.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void On(const contract::Step& step, const kernel::Kernel& kernel) = 0;
};
struct NoObserver {
  void On(const contract::Step&, const kernel::Kernel&) {}
};

// Whose turn it is, and what it learns (kernel.h says what to do with each kind):
//   kRuns     nothing: it makes its first call, or goes on after a handler
//   kReturns  its call has ended; of a newborn: its fork, with 0
//   kHandler  it enters a signal handler. If `in_call`: its call was interrupted and, if `restarts`,
//             is to be made again after it, else ends with `result` then
// No pid: the run is over. The result that counts is `*result`, and it lives until the stage goes on.
struct Turn {
  kernel::Pid pid = 0;
  kernel::Step step{};
  const kernel::Result* result = nullptr;
};

template <typename Observer>
class Stage {
 public:
  // Both must outlive the stage.
  Stage(kernel::Kernel& kernel, Observer& observer) : kernel_(&kernel), observer_(&observer) {}
  // A copy of the state of `other`, around a copy of its kernel.
  Stage(const Stage& other, kernel::Kernel& kernel, Observer& observer)
      : kernel_(&kernel), observer_(&observer), state_(other.state_) {}

  void Enter(const scenario::Entry& entry);
  // Stands where `other` does. The kernel has to be a copy of its kernel.
  void Enter(const Stage& other) { state_ = other.state_; }

  // True: `turn` is somebody's. False: nobody can run, or the world has ended. Requires !begun().
  bool Pick(Turn& turn);

  // `pid`, whose turn it is, makes a call. `text`: what a write to the console says.
  void Begin(kernel::Pid pid, const kernel::Call& call, std::string_view text = {}) {
    next_call() = call;
    next_text() = text;
    BeginNext(pid);
  }
  // The same in two steps, for whoever would not copy them: the call is built there, and the text, empty so
  // far; then they are begun. Require !begun().
  kernel::Call& next_call() { return state_.begun.call; }
  std::string_view& next_text() { return state_.begun.text; }
  void BeginNext(kernel::Pid pid);
  bool begun() const { return state_.begun.pid != 0; }
  const kernel::Call& begun_call() const { return state_.begun.call; }  // requires begun()
  bool begun_is_visible() const { return state_.begun.visible; }
  // False: it did not, for its caller is no more, or is held. Requires begun().
  bool TakeEffect();

  // Whose turn it is enters the handler that it was told of, and leaves it (see kernel.h).
  void EnterHandler(kernel::Pid pid, uint64_t blocked) { kernel_->EnterHandler(pid, blocked); }
  void LeaveHandler(kernel::Pid pid, uint64_t mask);

  // A move, at any time but between Pick and Begin. kPass is for the caller.
  Effect Make(const scenario::Move& move);
  // A process of init's makes one call that no move comes before; see kOneCall.
  bool in_one_call() const { return state_.one_call != 0; }

  // To be asked when nobody can run. Tells kRest, if anything has happened since it last did.
  bool Rest();
  void PassTime(uint64_t to_ns);

  // The finale: what holds init back ends. Then its child is killed.
  void Heal();
  void KillChild();
  // What is no call: `pid` 0 is nobody in particular.
  void Tell(contract::Step::Kind kind, kernel::Pid pid = 0) { Tell(kind, {.pid = pid}); }

  const Cast& cast() const { return state_.cast; }
  kernel::Kernel& kernel() { return *kernel_; }
  const kernel::Kernel& kernel() const { return *kernel_; }
  uint64_t Hash() const;  // the kernel's included
  // As Kernel::Fingerprint, for whoever makes no move that asks for last numbers (kNextPid).
  uint64_t Fingerprint() const;

 private:
  // A call that was made, has not taken effect, and is not the one that is begun.
  struct Held {
    kernel::Pid pid = 0;  // 0: none
    bool visible = false;
    bool to_console = false;
    kernel::Call call;
  };
  // So many callers can be held at once between a call and its effect; the calls of others take
  // effect whatever happened to the caller.
  static constexpr int kMaxHeld = 8;

  struct State {
    Cast cast;
    kernel::Pid one_call = 0;  // who has the stage for one visible call
    bool answered = false;     // the result of `begun` is for init, if it can run
    bool disturbed = false;    // a move was made since the call begun
    bool eventful = false;     // something has happened since the last rest
    uint8_t held_count = 0;
    // The call that is begun, as it is told; no pid: none is. One place for all calls, since copies
    // of it are most of what a step costs.
    contract::Step begun;
    Held paused;  // begun, while another makes its one call
    std::array<Held, kMaxHeld> held{};
  };

  void Tell(const contract::Step& step) { observer_->On(step, *kernel_); }
  void Tell(contract::Step::Kind kind, const Effect& effect, bool owed = false);
  void TellOfBegun(contract::Step::Kind kind);
  void TellThatNobodyReturns();
  void TellOfMove(const Effect& effect);
  bool Offer(kernel::Pid pid, Turn& turn);
  bool OfferResult(Turn& turn);
  bool Learns(kernel::Pid pid, Turn& turn);
  bool PickForOneCall(Turn& turn);
  void EndOneCall();
  bool CallerIsReady();
  bool Hold();
  Held HeldOfBegun() const;
  void BeginAgain(const Held& held);
  Held* FindHeld(kernel::Pid pid);
  void DropHeld(Held* held);
  void Finish();
  void BeforeBirth();

  kernel::Kernel* kernel_;
  Observer* observer_;
  contract::Step plain_;    // where steps without a call are told: its call and result stay empty
  contract::Step returns_;  // where it is told how a call ended that had blocked
  State state_;
};

}  // namespace minit::rig

#include "harness/rig/stage_inline.h"

#endif  // MINIT_HARNESS_RIG_STAGE_H_
