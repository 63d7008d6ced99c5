#include "proptest/world.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "harness/kernel/digest.h"

namespace minit::proptest {
namespace {

using kernel::Activity;
using kernel::kInit;
using scenario::Move;
using scenario::MoveKind;
using scenario::Who;
using Kind = Choice::Kind;

constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr uint64_t kEntryNs = 1'000'000'000;  // a judge takes time 0 for "never"
constexpr int kMaxUnseenCalls = 1000;

// It makes no difference to this call, and to whoever judges it, whether a signal to init comes just
// before or just after it.
bool IsDeaf(const kernel::Call& call) {
  using kernel::CallKind;
  switch (call.kind) {
    case CallKind::kWait4:
      return (call.flags & kernel::kWaitNoHang) != 0;
    case CallKind::kWrite:
    case CallKind::kKill:
    case CallKind::kPtrace:
    case CallKind::kSetSid:
    case CallKind::kExec:
    case CallKind::kSync:
    case CallKind::kReboot:
      return true;
    default:
      return false;
  }
}

}  // namespace

void World::CopyFrom(const World& other) {
  kernel_ = other.kernel_;
  listener_ = other.listener_;
  std::construct_at(&stage_, other.stage_, kernel_, listener_);
  rig_ = other.rig_;
  left_ = other.left_;
  calls_ = other.calls_;
  spins_ = other.spins_;
}

void World::Enter(const Bounds& bounds, std::span<const Mishap> mishaps, const Fault* fault) {
  rig_ = FaultyRig(fault, {.reaps_in_a_row = bounds.reaps_in_a_row});
  listener_ = Listener{};
  left_ = Left{.mishaps = static_cast<uint8_t>(bounds.mishaps_at_once),
               .signals = static_cast<uint16_t>((1U << bounds.signals.size()) - 1),
               .untouched = static_cast<uint16_t>((1U << mishaps.size()) - 1)};
  calls_ = 0;
  spins_ = false;
  stage_.Enter({});
  kernel_.SetCallTime(0);
  kernel_.AdvanceTo(kEntryNs);
  Settle();
}

// Calls that are not visible take effect at once: no move can come before them.
void World::Settle() {
  rig::Turn turn;
  for (int calls = 0; !over();) {
    if (stage_.begun()) {
      if (stage_.begun_is_visible() && !stage_.in_one_call()) return;
      const bool visible = stage_.begun_is_visible();
      if (stage_.TakeEffect() && visible) ++calls_;
    } else if (stage_.Pick(turn)) {
      const auto asks = rig_.Answer(turn, stage_.cast(), kernel_);
      stage_.Begin(turn.pid, asks.call, asks.text);
      spins_ = ++calls > kMaxUnseenCalls;
      if (spins_) return;
    } else if (!stage_.begun() && !stage_.in_one_call()) {
      if (stage_.Rest()) calls_ = 0;
      return;
    }
  }
}

bool World::Take(Choice& choice, std::span<const Mishap> mishaps) {
  if (choice.kind == Kind::kGoOn) {
    if (stage_.begun()) {
      if (stage_.TakeEffect()) ++calls_;
    } else {
      const uint64_t timer_ns = kernel_.NextTimer();
      const uint64_t wait_ns = timer_ns - kernel_.now_ns();
      choice.is_move = true;
      choice.move = {
          .kind = MoveKind::kPass,
          .number = static_cast<uint16_t>((wait_ns + kMillisecondNs - 1) / kMillisecondNs)};
      stage_.PassTime(timer_ns);
    }
    Settle();
    return true;
  }
  choice.is_move = true;
  choice.move.anchor.call = static_cast<uint16_t>(stage_.begun() ? calls_ + 1 : 0);
  if (stage_.Make(choice.move).cause == contract::Cause::kNone) return false;
  switch (choice.kind) {
    case Kind::kChildEnds:
      left_.child_over = true;
      break;
    case Kind::kBirth:
      ++left_.born;
      break;
    case Kind::kSignal:
      left_.signals &= static_cast<uint16_t>(~(1U << choice.index));
      break;
    case Kind::kMishap:
      --left_.mishaps;
      left_.untouched &= static_cast<uint16_t>(~(1U << choice.index));
      if (mishaps[choice.index].second) left_.open = static_cast<uint8_t>(choice.index + 1);
      break;
    case Kind::kSecond:
      left_.open = 0;
      break;
    default:
      break;
  }
  Settle();
  return true;
}

void World::List(const Bounds& bounds, std::span<const Mishap> mishaps, Choices& choices) const {
  choices.clear();
  if (over()) return;
  const auto add = [&](Kind kind, const Move& move, int index = 0) {
    choices.Add({.kind = kind, .index = static_cast<uint8_t>(index), .move = move});
  };
  if (stage_.begun() || kernel_.NextTimer() != kernel::kForever) add(Kind::kGoOn, {});
  const kernel::View child = kernel_.Look(stage_.cast().Find(Who::kChild, kernel_));
  if (!left_.child_over && child.pid != 0 && child.activity != Activity::kZombie) {
    add(Kind::kChildEnds, {.kind = MoveKind::kDie, .number = kernel::kSigKill});
    if (!child.subject) {
      add(Kind::kChildEnds, {.kind = MoveKind::kExit});
      add(Kind::kChildEnds, {.kind = MoveKind::kExit, .number = 3});
      if (left_.born < bounds.orphans && child.activity == Activity::kRunning) {
        add(Kind::kBirth,
            {.kind = MoveKind::kDoubleFork, .other = static_cast<uint8_t>(left_.born + 1)});
      }
    }
  }
  if (left_.born != 0) AddOrphans(choices);
  const bool begun_is_deaf = stage_.begun() && IsDeaf(stage_.begun_call());
  for (unsigned left = left_.signals; left != 0; left &= left - 1) {
    const int index = std::countr_zero(left);
    const uint8_t signal = bounds.signals[static_cast<std::size_t>(index)];
    if (begun_is_deaf && signal != kernel::kSigCont) continue;
    add(Kind::kSignal, {.kind = MoveKind::kFromKernel, .who = Who::kInit, .number = signal}, index);
  }
  if (left_.open != 0) {
    add(Kind::kSecond, *mishaps[left_.open - 1U].second);
  } else if (left_.mishaps != 0) {
    for (unsigned left = left_.untouched; left != 0; left &= left - 1) {
      const int index = std::countr_zero(left);
      add(Kind::kMishap, mishaps[static_cast<std::size_t>(index)].first, index);
    }
  }
}

// In the order in which init would be told of their deaths. See explorer.h, orphans.
void World::AddOrphans(Choices& choices) const {
  std::array<kernel::Pid, Bounds::kMaxOrphans> named{};
  for (int n = 0; n < left_.born; ++n) {
    named[static_cast<std::size_t>(n)] = stage_.cast().Find(scenario::Process(n + 1), kernel_);
  }
  bool alike_before = false;
  for (int i = 1; i < kernel_.size(); ++i) {
    const kernel::View view = kernel_.Look(kernel_.PidAt(i));
    const auto* const at = std::find(named.begin(), named.end(), view.pid);
    if (at == named.end()) {
      alike_before = false;
      continue;
    }
    if (view.activity == Activity::kZombie) continue;
    const bool plain = view.activity == Activity::kRunning && view.tracer == 0;
    if (plain && alike_before) continue;
    alike_before |= plain;
    const Who who = scenario::Process(static_cast<int>(at - named.begin()) + 1);
    choices.Add({.kind = Kind::kOrphanDies, .move = {.kind = MoveKind::kExit, .who = who}});
  }
}

bool World::IsStuck() const {
  if (!kernel_.AtRest() || stage_.begun() || kernel_.NextTimer() != kernel::kForever) return false;
  const kernel::View child = kernel_.Look(stage_.cast().Find(Who::kChild, kernel_));
  return !stage_.cast().child_is_known() || child.pid == 0 || child.activity == Activity::kZombie;
}

uint64_t World::Fingerprint() const {
  const uint64_t now_ns = kernel_.now_ns();
  kernel::Digest digest;
  digest.Add(stage_.Fingerprint(), listener_.judge.Hash(now_ns));
  digest.Add(rig_.Hash(now_ns), left_.Word());
  return digest.value();
}

}  // namespace minit::proptest
