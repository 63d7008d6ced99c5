// The body of Stage. Included by stage.h alone.

#ifndef MINIT_HARNESS_RIG_STAGE_INLINE_H_
#define MINIT_HARNESS_RIG_STAGE_INLINE_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "harness/kernel/digest.h"
#include "harness/rig/stage.h"

namespace minit::rig {

template <typename Observer>
void Stage<Observer>::Enter(const scenario::Entry& entry) {
  state_.one_call = 0;
  state_.answered = false;
  state_.disturbed = false;
  state_.eventful = true;
  state_.held_count = 0;
  state_.begun.pid = 0;
  state_.paused.pid = 0;
  state_.cast.Enter(entry, *kernel_);
  Tell(contract::Step::Kind::kEntered, kernel::kInit);
}

// --- Turns ---------------------------------------------------------------------------------------

template <typename Observer>
bool Stage<Observer>::Pick(Turn& turn) {
  if (kernel_->ending() != kernel::Ending::kNone) return false;
  if (state_.one_call != 0) {
    if (PickForOneCall(turn)) return true;
    if (begun()) return false;
  }
  if (state_.answered ? OfferResult(turn) : Offer(kernel::kInit, turn)) return true;
  while (!begun()) {
    const kernel::Pid pid = kernel_->RunnableSubject();
    if (pid == 0) break;
    if (Offer(pid, turn)) return true;
  }
  return false;
}

// Asks the kernel what `pid` does when it runs. False if it cannot, or if all that it does is to let
// a call take effect for which it was held: then that is begun.
template <typename Observer>
bool Stage<Observer>::Offer(kernel::Pid pid, Turn& turn) {
  if (kernel_->Foresee(pid) >= kernel::Step::Kind::kBlocked) return false;
  kernel_->Resume(pid, &turn.step);
  if (turn.step.kind >= kernel::Step::Kind::kBlocked) return false;
  turn.result = &turn.step.result;
  if (state_.held_count != 0) {
    if (Held* const held = FindHeld(pid); held != nullptr) {
      if (turn.step.kind == kernel::Step::Kind::kRuns) {
        BeginAgain(*held);
        state_.disturbed = false;
        DropHeld(held);
        return false;
      }
      DropHeld(held);
      turn.step.in_call = true;  // a handler comes first; the call is made again after it
      turn.step.restarts = true;
    }
  }
  return Learns(pid, turn);
}

// Init's call is done, and it goes on unless something keeps it from that.
template <typename Observer>
bool Stage<Observer>::OfferResult(Turn& turn) {
  state_.answered = false;
  if (kernel_->Foresee(kernel::kInit) == kernel::Step::Kind::kRuns) {
    turn.pid = kernel::kInit;
    turn.step.kind = kernel::Step::Kind::kReturns;
    turn.result = &state_.begun.result;
    return true;
  }
  kernel_->Resume(kernel::kInit, &turn.step);
  if (turn.step.kind != kernel::Step::Kind::kHandler) {
    kernel_->Defer(kernel::kInit, state_.begun.result);
    return false;
  }
  turn.step.in_call = true;
  turn.step.told = true;
  turn.result = &state_.begun.result;
  return Learns(kernel::kInit, turn);
}

template <typename Observer>
bool Stage<Observer>::Learns(kernel::Pid pid, Turn& turn) {
  using Kind = contract::Step::Kind;
  const kernel::Step& step = turn.step;
  const bool handler = step.kind == kernel::Step::Kind::kHandler;
  const bool returns =
      step.kind == kernel::Step::Kind::kReturns || (handler && step.in_call && !step.restarts);
  turn.pid = pid;
  if (returns && !step.told) {
    const kernel::Call& call = kernel_->LastCall(pid);
    returns_.kind = Kind::kReturns;
    returns_.by_init = pid == kernel::kInit;
    returns_.to_console = kernel_->WritesToConsole(pid, call);
    returns_.visible = kernel::IsVisible(call, returns_.to_console);
    returns_.pid = pid;
    returns_.call = call;
    returns_.result = step.result;
    Tell(returns_);
  }
  if (handler) {
    Tell(Kind::kHandler, {.pid = pid, .signal = step.signal}, step.owed);
  }
  return true;
}

template <typename Observer>
void Stage<Observer>::LeaveHandler(kernel::Pid pid, uint64_t mask) {
  kernel_->LeaveHandler(pid, mask);
  Tell(contract::Step::Kind::kHandled, pid);
}

// The one that has the stage runs, kept waiting or not. If it cannot, or its call is begun again,
// its turn is over or goes on by itself.
template <typename Observer>
bool Stage<Observer>::PickForOneCall(Turn& turn) {
  if (Offer(state_.one_call, turn)) return true;
  if (!begun()) EndOneCall();
  return false;
}

template <typename Observer>
void Stage<Observer>::EndOneCall() {
  state_.one_call = 0;
  BeginAgain(state_.paused);
  state_.paused.pid = 0;
  state_.disturbed = true;
}

// --- Calls ---------------------------------------------------------------------------------------

template <typename Observer>
void Stage<Observer>::BeginNext(kernel::Pid pid) {
  contract::Step& begun = state_.begun;
  const kernel::Call& call = begun.call;
  begun.kind = contract::Step::Kind::kCalls;
  begun.by_init = pid == kernel::kInit;
  begun.pid = pid;
  begun.to_console = kernel_->WritesToConsole(pid, call);
  begun.visible = kernel::IsVisible(call, begun.to_console);
  begun.result = {};
  state_.disturbed = false;
  state_.eventful = true;
  Tell(begun);
  begun.text = {};
  // The fork that makes the child cannot be told from others before that calls exec: up to then the
  // account starts anew with each before which none was under way.
  if (call.kind == kernel::CallKind::kFork && pid == kernel::kInit &&
      !state_.cast.child_is_known() && !state_.cast.ChildMayBeForked(*kernel_)) {
    kernel_->StartOwing();
  }
}

template <typename Observer>
void Stage<Observer>::TellOfBegun(contract::Step::Kind kind) {
  state_.begun.kind = kind;
  Tell(state_.begun);
}

// Its caller is no more.
template <typename Observer>
void Stage<Observer>::TellThatNobodyReturns() {
  state_.begun.result = {.state = kernel::Result::State::kGone};
  TellOfBegun(contract::Step::Kind::kReturns);
  state_.begun.pid = 0;
}

template <typename Observer>
bool Stage<Observer>::TakeEffect() {
  if (state_.disturbed && !CallerIsReady()) return false;
  contract::Step& begun = state_.begun;
  const bool forks = begun.call.kind == kernel::CallKind::kFork;
  if (forks) BeforeBirth();
  if (begun.call.kind == kernel::CallKind::kExec) state_.cast.OnExec(begun.pid);
  kernel_->Issue(begun.pid, begun.call, begun.visible, &begun.result);
  const bool blocked = begun.result.state == kernel::Result::State::kBlocked;
  if (forks && begun.by_init && (blocked || begun.result.value > 0)) {
    // The newborn stands last. (A vfork's number is not known from its result yet.)
    state_.cast.OnFork(kernel_->PidAt(kernel_->size() - 1), *kernel_);
  }
  TellOfBegun(blocked ? contract::Step::Kind::kBlocks : contract::Step::Kind::kReturns);
  Finish();
  return true;
}

// The call is over for the stage: who made it learns the result when it runs next.
template <typename Observer>
void Stage<Observer>::Finish() {
  contract::Step& begun = state_.begun;
  const bool was_one_call = state_.one_call == begun.pid && begun.visible;
  if (begun.result.state == kernel::Result::State::kDone) {
    if (begun.by_init) {
      state_.answered = true;
    } else if (begun.call.kind != kernel::CallKind::kExec || begun.result.value < 0) {
      kernel_->Defer(begun.pid, begun.result);
    }
  }
  begun.pid = 0;
  if (was_one_call) EndOneCall();
}

// After moves between a call and its effect: whether the caller can still make it. If not, the call
// is held, or has been dropped.
template <typename Observer>
bool Stage<Observer>::CallerIsReady() {
  state_.disturbed = false;
  const kernel::Pid pid = state_.begun.pid;
  if (kernel_->ending() != kernel::Ending::kNone || !kernel_->Exists(pid)) {
    TellThatNobodyReturns();
    return false;
  }
  const kernel::Glance view = kernel_->GlanceAt(pid);
  switch (view.activity) {
    case kernel::Activity::kZombie:
      TellThatNobodyReturns();
      return false;
    case kernel::Activity::kStopped:
    case kernel::Activity::kTraced:
      return !Hold();
    default:
      break;
  }
  if (view.kept && state_.one_call != pid) return !Hold();
  return !kernel_->HandlerIsDue(pid) || !Hold();  // the handler comes first: see Offer
}

template <typename Observer>
bool Stage<Observer>::Hold() {
  if (state_.held_count == kMaxHeld) return false;
  state_.held[state_.held_count++] = HeldOfBegun();
  const bool was_one_call = state_.one_call == state_.begun.pid;
  state_.begun.pid = 0;
  if (was_one_call) EndOneCall();
  return true;
}

template <typename Observer>
auto Stage<Observer>::HeldOfBegun() const -> Held {
  const contract::Step& begun = state_.begun;
  return {begun.pid, begun.visible, begun.to_console, begun.call};
}

// It is not told of again.
template <typename Observer>
void Stage<Observer>::BeginAgain(const Held& held) {
  contract::Step& begun = state_.begun;
  begun.by_init = held.pid == kernel::kInit;
  begun.pid = held.pid;
  begun.visible = held.visible;
  begun.to_console = held.to_console;
  begun.call = held.call;
}

template <typename Observer>
auto Stage<Observer>::FindHeld(kernel::Pid pid) -> Held* {
  for (std::size_t i = 0; i < state_.held_count; ++i) {
    if (state_.held[i].pid == pid) return &state_.held[i];
  }
  return nullptr;
}

template <typename Observer>
void Stage<Observer>::DropHeld(Held* held) {
  *held = state_.held[--state_.held_count];
}

// Numbers may be given again: who is no more is forgotten.
template <typename Observer>
void Stage<Observer>::BeforeBirth() {
  state_.cast.BeforeBirth(*kernel_);
  for (std::size_t i = state_.held_count; i-- > 0;) {
    if (!kernel_->Exists(state_.held[i].pid)) DropHeld(&state_.held[i]);
  }
}

// --- The world -----------------------------------------------------------------------------------

template <typename Observer>
Effect Stage<Observer>::Make(const scenario::Move& move) {
  if (state_.held_count != 0) BeforeBirth();
  const Effect effect = state_.cast.Make(move, *kernel_);
  state_.disturbed = true;
  TellOfMove(effect);
  if (move.kind == scenario::MoveKind::kOneCall && effect.pid != 0) {
    state_.one_call = effect.pid;
    // What `begun` holds is about to be another's.
    if (state_.answered) kernel_->Defer(kernel::kInit, state_.begun.result);
    state_.answered = false;
    // If a call is begun, it waits; unless it is the very call that is meant.
    if (begun() && state_.begun.pid != effect.pid) {
      state_.paused = HeldOfBegun();
      state_.begun.pid = 0;
    }
  }
  return effect;
}

template <typename Observer>
void Stage<Observer>::TellOfMove(const Effect& effect) {
  state_.eventful = true;
  Tell(contract::Step::Kind::kMove, effect);
}

template <typename Observer>
void Stage<Observer>::Tell(contract::Step::Kind kind, const Effect& effect, bool owed) {
  plain_.kind = kind;
  plain_.by_init = effect.pid == kernel::kInit;
  plain_.owed = owed;
  plain_.signal = effect.signal;
  plain_.cause = effect.cause;
  plain_.pid = effect.pid;
  Tell(plain_);
}

template <typename Observer>
bool Stage<Observer>::Rest() {
  if (!kernel_->AtRest()) return false;
  if (state_.eventful) Tell(contract::Step::Kind::kRest, kernel::kInit);
  state_.eventful = false;
  return true;
}

template <typename Observer>
void Stage<Observer>::PassTime(uint64_t to_ns) {
  kernel_->AdvanceTo(to_ns);
  state_.eventful = true;
  Tell(contract::Step::Kind::kTime);
}

template <typename Observer>
void Stage<Observer>::Heal() {
  // A stop can be on its way still: a vfork holds it up.
  const auto stop_is_pending = [this](bool for_process) {
    return kernel_->PendingCount(kernel::kInit, kernel::kSigStop, for_process) != 0;
  };
  if (kernel_->GlanceAtIndex(0).stopped || stop_is_pending(false) || stop_is_pending(true)) {
    kernel_->SendFromAncestor(kernel::kInit, kernel::kSigCont);
    TellOfMove({contract::Cause::kContinue, kernel::kInit, kernel::kSigCont});
  }
  for (int i = 1; i < kernel_->size(); ++i) {
    const kernel::Pid tracer = kernel_->GlanceAtIndex(i).tracer;
    if (tracer == 0 || tracer == kernel::kInit) continue;
    kernel_->Die(tracer, kernel::kSigKill, false);
    TellOfMove({contract::Cause::kKill, tracer, kernel::kSigKill});
    i = 0;  // its death may have moved others
  }
  for (int i = 1; i < kernel_->size(); ++i) {
    if (!kernel_->GlanceAtIndex(i).kept) continue;
    const kernel::Pid pid = kernel_->PidAt(i);
    kernel_->Keep(pid, false);
    TellOfMove({contract::Cause::kOther, pid, 0});
  }
  kernel::Faults faults = kernel_->faults();
  faults.fork_failures = faults.exec_failures = faults.reboot_failures = 0;
  if (faults == kernel_->faults()) return;
  kernel_->SetFaults(faults);
  TellOfMove({contract::Cause::kFault, 0, 0});
}

template <typename Observer>
void Stage<Observer>::KillChild() {
  const kernel::Pid child = state_.cast.Find(scenario::Who::kChild, *kernel_);
  if (child == 0 || kernel_->Die(child, kernel::kSigKill, false) != 0) return;
  TellOfMove({contract::Cause::kKill, child, kernel::kSigKill});
}

template <typename Observer>
uint64_t Stage<Observer>::Hash() const {
  uint64_t hash = kernel_->Hash() ^ state_.cast.Hash() * 3;
  const auto mix = [&hash](uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  };
  const auto mix_call = [&mix](const auto& begun) {
    mix(static_cast<uint64_t>(begun.pid));
    if (begun.pid == 0) return;
    mix(static_cast<uint64_t>(begun.call.kind));
    mix(static_cast<uint64_t>(begun.call.pid) << 32 | static_cast<uint32_t>(begun.call.signal));
  };
  mix(static_cast<uint64_t>(state_.one_call) * 4 + state_.answered * 2 + state_.disturbed);
  if (state_.answered) {
    mix(static_cast<uint64_t>(state_.begun.result.value));
    mix(static_cast<uint64_t>(state_.begun.result.status));
  }
  mix_call(state_.begun);
  mix_call(state_.paused);
  for (std::size_t i = 0; i < state_.held_count; ++i) mix_call(state_.held[i]);
  return hash;
}

// What a name means is who it finds. `disturbed` is left out: of a caller that nothing has happened
// to, CallerIsReady says that it is.
template <typename Observer>
uint64_t Stage<Observer>::Fingerprint() const {
  kernel::Digest digest;
  const auto add = [&digest](const auto& begun) {
    digest.Add(begun.pid, begun.visible * 2 + begun.to_console);
    kernel::Add(begun.call, digest);
  };
  digest.Add(kernel_->Fingerprint(), state_.cast.Fingerprint(*kernel_));
  digest.Add(state_.one_call, state_.answered * 2 + state_.eventful);
  digest.Add(begun() * 2 + (state_.paused.pid != 0), state_.held_count);
  if (state_.answered) {
    const kernel::Result& result = state_.begun.result;
    digest.Add(result.value, result.status);
    digest.Add(result.time_ns, result.signal * 2 + result.owed);
    digest.Add(result.set, result.pid);
  }
  if (begun()) add(state_.begun);
  if (state_.paused.pid != 0) add(state_.paused);
  for (std::size_t i = 0; i < state_.held_count; ++i) add(state_.held[i]);
  return digest.value();
}

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_STAGE_INLINE_H_
