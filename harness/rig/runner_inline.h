// The body of Runner. Included by runner.h alone.

#ifndef MINIT_HARNESS_RIG_RUNNER_INLINE_H_
#define MINIT_HARNESS_RIG_RUNNER_INLINE_H_

#include <algorithm>

#include "harness/rig/runner.h"

namespace minit::rig {

template <typename Observer>
Runner<Observer>::Runner(const Runner& other, kernel::Kernel& kernel, Observer& observer)
    : stage_(other.stage_, kernel, observer),
      cursor_(other.cursor_),
      entry_(other.entry_),
      turn_(other.turn_),
      phase_(other.phase_),
      told_over_(other.told_over_),
      begun_(other.begun_),
      calls_(other.calls_),
      until_ns_(other.until_ns_) {}

template <typename Observer>
void Runner<Observer>::Enter(const scenario::Scenario& scenario) {
  cursor_.emplace(scenario);
  entry_ = &scenario.entry;
  turn_ = Turn{};
  phase_ = Phase::kMoves;
  begun_ = 0;
  calls_ = 0;
  until_ns_ = 0;
  told_over_ = false;
  stage_.Enter(scenario.entry);
}

template <typename Observer>
void Runner<Observer>::Enter(const scenario::Scenario& scenario, const Runner& beginning) {
  cursor_.emplace(scenario);
  entry_ = &scenario.entry;
  turn_ = beginning.turn_;
  phase_ = Phase::kMoves;
  begun_ = beginning.begun_;
  calls_ = beginning.calls_;
  until_ns_ = 0;
  told_over_ = false;
  stage_.Enter(beginning.stage_);
}

template <typename Observer>
const Turn* Runner<Observer>::Next() {
  while (phase_ != Phase::kOver) {
    if (kernel().ending() != kernel::Ending::kNone || gave_up()) break;
    if (stage_.begun()) {
      // A move comes first, if it is due and nobody has the stage for one call.
      if (DueBeforeCall()) {
        MakeNext();
      } else {
        TakeEffect();
      }
      continue;
    }
    if (stage_.Pick(turn_)) return &turn_;
    if (!stage_.begun() && !stage_.in_one_call() && !Proceed()) break;
  }
  End();
  return nullptr;
}

template <typename Observer>
void Runner<Observer>::CallNext() {
  stage_.BeginNext(turn_.pid);
  ++calls_;
  if (!DueBeforeCall()) TakeEffect();
}

template <typename Observer>
void Runner<Observer>::TakeEffect() {
  const bool visible = stage_.begun_is_visible();
  if (stage_.TakeEffect() && visible) ++begun_;
}

template <typename Observer>
bool Runner<Observer>::DueBeforeCall() const {
  return phase_ == Phase::kMoves && stage_.begun_is_visible() && !stage_.in_one_call() &&
         !cursor_->done() && !cursor_->move().anchor.at_rest() &&
         begun_ + 1 >= cursor_->move().anchor.call;
}

template <typename Observer>
void Runner<Observer>::MakeNext() {
  const scenario::Move& move = cursor_->move();
  if (move.kind == scenario::MoveKind::kPass) {
    constexpr uint64_t kMillisecond = 1'000'000;
    until_ns_ = std::max(until_ns_, kernel().now_ns() + move.number * kMillisecond);
  }
  calls_ = 0;
  stage_.Make(move);
  cursor_->Advance();
}

// Nobody can run: something has to happen. False: nothing will.
template <typename Observer>
bool Runner<Observer>::Proceed() {
  if (stage_.Rest()) begun_ = 0;
  if (until_ns_ > kernel().now_ns()) {
    LetTimePass(until_ns_);
    return true;
  }
  switch (phase_) {
    case Phase::kMoves:
      if (!cursor_->done()) {
        MakeNext();
        return true;
      }
      phase_ = Phase::kFinale;
      stage_.Tell(contract::Step::Kind::kFinale);
      calls_ = 0;
      stage_.Heal();
      return true;
    case Phase::kFinale:
      phase_ = Phase::kKilling;
      calls_ = 0;
      stage_.KillChild();
      return true;
    case Phase::kKilling:
      phase_ = Phase::kLastWait;
      until_ns_ = kernel().now_ns() + kFinaleNs;
      return true;
    default:
      return false;
  }
}

template <typename Observer>
void Runner<Observer>::LetTimePass(uint64_t until_ns) {
  const uint64_t next = std::max(kernel().NextTimer(), kernel().now_ns() + 1);
  stage_.PassTime(std::min(next, until_ns));
}

template <typename Observer>
void Runner<Observer>::End() {
  phase_ = Phase::kOver;
  if (told_over_) return;
  told_over_ = true;
  if (gave_up()) {
    stage_.Tell(contract::Step::Kind::kSpins, turn_.pid);
  }
  stage_.Tell(contract::Step::Kind::kOver);
}

template <typename Observer>
uint64_t Runner<Observer>::Hash() const {
  uint64_t hash = stage_.Hash();
  for (const uint64_t value : {static_cast<uint64_t>(cursor_->index()), uint64_t{begun_}, until_ns_,
                               static_cast<uint64_t>(phase_), static_cast<uint64_t>(turn_.pid)}) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_RUNNER_INLINE_H_
