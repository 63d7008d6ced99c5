// Pending sets: one bit a signal, and for what one bit can't say a short list of surplus entries.
// A standard signal is pending once. A real-time one has as many instances as entries in its queue;
// one that found no room has none and is taken once (kernel/signal.c: __send_signal_locked,
// collect_signal). The list is bounded; full, it counts as a queue without room.

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {

Kernel::Pending Kernel::ThreadPending(Slot slot) {
  return {&tasks_[slot].pending, static_cast<uint16_t>(slot * 2)};
}

Kernel::Pending Kernel::SharedPending(Slot leader) {
  return {&tasks_[leader].shared_pending, static_cast<uint16_t>(leader * 2 + 1)};
}

// Of init, as if it had blocked all signals: those pending, and those of them that are not owed.
Kernel::Pending Kernel::Shadow(int which, bool unowed) {
  ShadowSet& set = g_.shadow[static_cast<std::size_t>(which)];
  return {unowed ? &set.unowed : &set.pending,
          static_cast<uint16_t>(kShadowOwner + which * 2 + (unowed ? 1 : 0))};
}

int Kernel::Entries(uint64_t bits, uint16_t owner, int signal) const {
  if ((bits & SignalBit(signal)) == 0) return 0;
  for (int i = 0; i < g_.surplus_count; ++i) {
    const Surplus& surplus = surplus_[static_cast<std::size_t>(i)];
    if (surplus.owner == owner && surplus.signal == signal) return surplus.entries;
  }
  return 1;
}

// Makes `signal` pending with that many entries, if the list has room to say so.
void Kernel::SetEntries(const Pending& pending, int signal, int entries) {
  *pending.bits |= SignalBit(signal);
  Surplus* const end = surplus_.data() + g_.surplus_count;
  Surplus* const at = std::find_if(surplus_.data(), end, [&](const Surplus& surplus) {
    return surplus.owner == pending.owner && surplus.signal == signal;
  });
  if (entries == 1) {
    if (at == end) return;
    *at = *(end - 1);
    --g_.surplus_count;
  } else if (at != end) {
    at->entries = static_cast<uint16_t>(entries);
  } else if (g_.surplus_count < kMaxSurplus) {
    *end = {pending.owner, static_cast<uint8_t>(signal), static_cast<uint16_t>(entries)};
    ++g_.surplus_count;
  }
}

void Kernel::AddPending(const Pending& pending, int signal, bool room) {
  const bool is_pending = (*pending.bits & SignalBit(signal)) != 0;
  if (signal < kSigRtMin) {
    *pending.bits |= SignalBit(signal);
  } else if (!is_pending) {
    SetEntries(pending, signal, room ? 1 : 0);
  } else if (room) {
    SetEntries(pending, signal, Entries(*pending.bits, pending.owner, signal) + 1);
  }
}

void Kernel::TakeOne(const Pending& pending, int signal) {
  const int entries = Entries(*pending.bits, pending.owner, signal);
  if (entries != 1) SetEntries(pending, signal, entries > 1 ? entries - 1 : 1);
  if (entries <= 1) *pending.bits &= ~SignalBit(signal);
}

void Kernel::FlushPending(const Pending& pending, uint64_t signals) {
  uint64_t gone = *pending.bits & signals;
  while (gone != 0) {
    SetEntries(pending, std::countr_zero(gone) + 1, 1);
    gone &= gone - 1;
  }
  *pending.bits &= ~signals;
}

void Kernel::DropSurplus(uint16_t owner) {
  int kept = 0;
  for (int i = 0; i < g_.surplus_count; ++i) {
    const Surplus surplus = surplus_[static_cast<std::size_t>(i)];
    if (surplus.owner != owner) surplus_[static_cast<std::size_t>(kept++)] = surplus;
  }
  g_.surplus_count = static_cast<uint16_t>(kept);
}

// Discards signals from all sets of a process. The shadow sets forget what the kernel's own rules
// discard, so only a stop or a SIGCONT.
void Kernel::FlushProcess(Slot leader, uint64_t signals) {
  FlushPending(SharedPending(leader), signals);
  if (leader == 0 && (signals & SignalBit(kSigChld)) != 0) g_.news = {};
  ForEachThread(leader, [&](Slot slot) { FlushPending(ThreadPending(slot), signals); });
}

// Entries in the queues of everyone: what RLIMIT_SIGPENDING limits.
uint32_t Kernel::QueueLength() const {
  int length = 0;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    length += std::popcount(task.pending) + std::popcount(task.shared_pending);
  }
  for (int i = 0; i < g_.surplus_count; ++i) {
    const Surplus& surplus = surplus_[static_cast<std::size_t>(i)];
    if (surplus.owner < kShadowOwner) length += surplus.entries - 1;
  }
  return static_cast<uint32_t>(length);
}

// Takes the next signal of `set` as the kernel does: the thread's own first; in each set those that
// an instruction can raise first, then the lowest.
Kernel::Taken Kernel::Dequeue(Slot slot, uint64_t set) {
  Task& task = tasks_[slot];
  const bool from_thread = (task.pending & set) != 0;
  const Pending pending = from_thread ? ThreadPending(slot) : SharedPending(task.leader);
  const uint64_t there = *pending.bits & set;
  if (there == 0) return {};
  const int signal = FirstOf(there);
  TakeOne(pending, signal);
  if (signal == kSigChld && task.leader == 0 && !from_thread) {
    g_.taken_news = std::exchange(g_.news, {});
  }
  if (signal == kSigAlrm && !from_thread) RearmAlarm(Leader(task));
  return {static_cast<uint8_t>(signal), from_thread, false};
}

// Likewise, and the process learns the number.
Kernel::Taken Kernel::Take(Slot slot, uint64_t set) {
  Taken taken = Dequeue(slot, set);
  taken.owed = taken.signal != 0 && g_.owing && tasks_[slot].leader == 0 &&
               TakeShadow(taken.from_thread, taken.signal);
  return taken;
}

int Kernel::FirstOf(uint64_t signals) {
  constexpr uint64_t kSynchronous = SignalBit(kSigSegv) | SignalBit(kSigBus) | SignalBit(kSigIll) |
                                    SignalBit(kSigTrap) | SignalBit(kSigFpe) | SignalBit(kSigSys);
  const uint64_t first = signals & kSynchronous;
  return std::countr_zero(first != 0 ? first : signals) + 1;
}

// An instance leaves the shadow set. Those that were pending before StartOwing leave first.
bool Kernel::TakeShadow(bool from_thread, int signal) {
  const int which = from_thread ? 0 : 1;
  const Pending pending = Shadow(which, false);
  const Pending unowed = Shadow(which, true);
  if ((*pending.bits & SignalBit(signal)) == 0) return false;
  TakeOne(pending, signal);
  if ((*unowed.bits & SignalBit(signal)) == 0) return true;
  TakeOne(unowed, signal);
  return false;
}

void Kernel::StartOwing() {
  g_.owing = true;
  for (int which = 0; which < 2; ++which) {
    const Pending real = which == 0 ? ThreadPending(0) : SharedPending(0);
    for (const bool unowed : {false, true}) {
      const Pending shadow = Shadow(which, unowed);
      FlushPending(shadow, kAllSignals);
      for (uint64_t left = *real.bits; left != 0; left &= left - 1) {
        const int signal = std::countr_zero(left) + 1;
        SetEntries(shadow, signal, Entries(*real.bits, real.owner, signal));
      }
    }
  }
}

uint64_t Kernel::Owed() const {
  uint64_t owed = 0;
  for (uint64_t left = g_.shadow[0].pending | g_.shadow[1].pending; left != 0; left &= left - 1) {
    const int signal = std::countr_zero(left) + 1;
    if (OwedCount(signal) > 0) owed |= SignalBit(signal);
  }
  return owed;
}

int Kernel::OwedCount(int signal) const {
  if (signal == kSigKill || signal == kSigStop || signal == kSigChld) return 0;
  int count = 0;
  for (int which = 0; which < 2; ++which) {
    const ShadowSet& set = g_.shadow[static_cast<std::size_t>(which)];
    const auto owner = static_cast<uint16_t>(kShadowOwner + which * 2);
    count += Instances(set.pending, owner, signal);
    count -= Instances(set.unowed, static_cast<uint16_t>(owner + 1), signal);
  }
  return count;
}

int Kernel::Instances(uint64_t bits, uint16_t owner, int signal) const {
  if ((bits & SignalBit(signal)) == 0) return 0;
  return std::max(1, Entries(bits, owner, signal));
}

int Kernel::PendingCount(Pid thread, int signal, bool for_process) const {
  const Slot slot = FindSlot(thread);
  if (slot == kNoSlot) return 0;
  const Slot leader = tasks_[slot].leader;
  return for_process ? Instances(tasks_[leader].shared_pending,
                                 static_cast<uint16_t>(leader * 2 + 1), signal)
                     : Instances(tasks_[slot].pending, static_cast<uint16_t>(slot * 2), signal);
}

}  // namespace minit::kernel
