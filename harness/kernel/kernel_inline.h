// What the files of the kernel model share beside the class. Not for others.

#ifndef MINIT_HARNESS_KERNEL_KERNEL_INLINE_H_
#define MINIT_HARNESS_KERNEL_KERNEL_INLINE_H_

#include <array>

#include "harness/kernel/kernel.h"

namespace minit::kernel {

constexpr Result Error(int error) { return {.value = -error}; }
constexpr Result Value(int value) { return {.value = value}; }
constexpr Result kStillBlocked{.state = Result::State::kBlocked};
constexpr Result kNeverReturns{.state = Result::State::kGone};

// Forever is never reached.
constexpr uint64_t Later(uint64_t now_ns, uint64_t by_ns) {
  return by_ns >= kForever - now_ns ? kForever : now_ns + by_ns;
}
// A timer that repeats, of which an expiry at `at_ns`, in the past, was not yet taken: how many there
// were, and when the next is. It stays on its grid (hrtimer_forward).
constexpr uint64_t Expirations(uint64_t at_ns, uint64_t every_ns, uint64_t now_ns) {
  return every_ns == 0 ? 1 : (now_ns - at_ns) / every_ns + 1;
}
constexpr uint64_t NextExpiry(uint64_t at_ns, uint64_t every_ns, uint64_t now_ns) {
  return every_ns == 0 ? kForever : Later(now_ns - (now_ns - at_ns) % every_ns, every_ns);
}

// What is told of a child: CLD_….
enum Code : uint8_t {
  kExited = 1,
  kKilled = 2,
  kDumped = 3,
  kTrapped = 4,
  kStopped = 5,
  kContinued = 6,
};

// Of a raw status that is no stop's.
constexpr Code CodeOfDeath(int raw) {
  if ((raw & 0x7f) == 0) return kExited;
  return (raw & 0x80) != 0 ? kDumped : kKilled;
}
// … and si_status beside it.
constexpr int DetailOfDeath(int raw) { return (raw & 0x7f) == 0 ? raw >> 8 : raw & 0x7f; }

constexpr uint64_t kStopSignals =
    SignalBit(kSigStop) | SignalBit(kSigTstp) | SignalBit(kSigTtin) | SignalBit(kSigTtou);
constexpr bool IsStopSignal(int signal) {
  return signal != 0 && (kStopSignals & SignalBit(signal)) != 0;
}

// The parent of a vfork waits whatever its handlers; only a fatal signal ends that. Nothing ends a
// sync that hangs.
constexpr bool IsUninterruptible(CallKind kind) {
  return kind == CallKind::kFork || kind == CallKind::kSync;
}

// Calls `function(slot)` for the leader and then each further thread. The threads may end meanwhile:
// those found at the start are visited, unless gone.
template <typename Function>
void Kernel::ForEachThread(Slot leader, Function function) {
  if (tasks_[leader].threads == 0) {
    function(leader);
  } else {
    ForEachOfThreads(leader, function);
  }
}

// Apart: a frame with so large an array costs sanitizers time even where it is not used.
template <typename Function>
[[gnu::noinline]] void Kernel::ForEachOfThreads(Slot leader, Function& function) {
  const Pid pid = tasks_[leader].pid;
  std::array<Pid, kScenarioCapacity> threads;
  int count = 0;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.leader == leader && order_[i] != leader) {
      threads[static_cast<std::size_t>(count++)] = task.pid;
    }
  }
  function(leader);
  for (int i = 0; i < count && tasks_[leader].pid == pid; ++i) {
    const Slot slot = FindSlot(threads[static_cast<std::size_t>(i)]);
    if (slot != kNoSlot && tasks_[slot].leader == leader) function(slot);
  }
}

// Sends to each process that `matches`, as found at the start. -ESRCH if there is none; 0 if one
// send succeeded, else the last error.
template <typename Matches>
int Kernel::SendToMany(const Sending& sending, Matches matches) {
  std::array<Pid, kScenarioCapacity> targets;
  int count = 0;
  for (int i = g_.count - 1; i >= 0; --i) {
    const Task& task = tasks_[order_[i]];
    if (task.leader == order_[i] && matches(task)) {
      targets[static_cast<std::size_t>(count++)] = task.pid;
    }
  }
  bool sent = false;
  int error = -3;  // ESRCH
  for (int i = 0; i < count; ++i) {
    const Slot slot = FindSlot(targets[static_cast<std::size_t>(i)]);
    // One that was reaped by itself in between was there all the same.
    const int result = slot == kNoSlot ? 0 : Generate(slot, sending);
    sent |= result == 0;
    error = result;
  }
  return sent ? 0 : error;
}

}  // namespace minit::kernel

#endif  // MINIT_HARNESS_KERNEL_KERNEL_INLINE_H_
