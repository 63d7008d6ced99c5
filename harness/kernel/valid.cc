// The invariants of kernel.h, checked. Slow: for tests.

#include <algorithm>
#include <array>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {

const char* Kernel::WhatIsBroken() const {
  if (Over()) return nullptr;
  if (const char* broken = WhatIsBrokenInGlobals()) return broken;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (const char* broken = WhatIsBrokenIn(task)) return broken;
    if (task.leader != order_[i]) continue;
    if (const char* broken = WhatIsBrokenInProcess(task)) return broken;
  }
  return nullptr;
}

const char* Kernel::WhatIsBrokenInGlobals() const {
  if (tasks_[0].pid != kInit || tasks_[0].exiting) return "1: init is not alive in slot 0";
  if (g_.count < 1 || g_.count > g_.high || g_.high > capacity_) return "2: counts";
  int used = 0;
  int blocked = 0;
  int traces = 0;
  int zombies = 0;
  int subjects = 0;
  int stops = 0;
  std::array<int, kMaxObjects> users{};
  for (Slot slot = 0; slot < g_.high; ++slot) {
    const Task& task = tasks_[slot];
    if (task.pid == 0) continue;
    ++used;
    if (std::count(order_, order_ + g_.count, slot) != 1) return "2: a live slot not in order once";
    blocked += task.run == Run::kInCall ? 1 : 0;
    traces += task.tracer != kNoSlot ? 1 : 0;
    zombies += task.run == Run::kZombie ? 1 : 0;
    stops += (task.stopped ? 1 : 0) + (task.trace_stopped ? 1 : 0);
    subjects += slot != 0 && task.subject ? 1 : 0;
    if (task.hang_up != 0) return "5: a hang-up that was noted and not sent";
    if (task.pid > g_.highest_pid) return "3: a number above the highest given out";
    for (int fd = 0; fd < kDescriptors; ++fd) {
      if ((task.open >> fd & 1) != 0) ++users[task.objects[static_cast<std::size_t>(fd)]];
    }
  }
  if (g_.in_exit || g_.hang_ups != 0) return "5: an exit that does not end";
  if (used != g_.count) return "2: order and slots differ";
  if (blocked != g_.blocked) return "8: the count of blocked calls is wrong";
  if (traces != g_.traces) return "4: the count of traces is wrong";
  if (zombies != g_.zombies) return "5: the count of the dead is wrong";
  if (stops != g_.stops) return "7: the count of stops is wrong";
  if (subjects != g_.subjects) return "2: the count of subjects is wrong";
  for (int i = 0; i < kMaxObjects; ++i) {
    const int counted = i < g_.object_high ? objects_[static_cast<std::size_t>(i)].users : 0;
    if (counted != users[static_cast<std::size_t>(i)])
      return "9: users of an object are miscounted";
    const Object& object = objects_[static_cast<std::size_t>(i)];
    if (counted != 0 && object.kind == ObjectKind::kPidFd && object.pid != 0 &&
        Find(object.pid) == nullptr) {
      return "9: a pidfd of one that was reaped";
    }
    if (counted == 0 || object.other_end == 0) continue;
    const Object& other = objects_[static_cast<std::size_t>(object.other_end - 1)];
    const bool match = object.kind == ObjectKind::kSocket ? other.kind == ObjectKind::kSocket
                                                          : other.kind != object.kind;
    if (!IsPipe(object.kind) || !IsPipe(other.kind) || !match || other.other_end != i + 1) {
      return "9: the ends of a pipe do not know each other";
    }
  }
  for (int i = 0; i < g_.interests; ++i) {
    const Interest& interest = interests_[static_cast<std::size_t>(i)];
    const Object& epoll = objects_[interest.epoll];
    if (epoll.kind != ObjectKind::kEpoll || objects_[interest.object].users == 0 ||
        (epoll.value >> interest.fd & 1) == 0 || InterestIn(epoll, interest.fd) != &interest) {
      return "9: an interest of no epoll, or in nothing";
    }
  }
  if (NextTimer() < g_.soonest_ns) return "8: a timer ends before the soonest";
  if (NextTimer() <= g_.now_ns) return "8: a deadline in the past has not fired";
  return WhatIsBrokenInSurplus();
}

// Each entry says of a signal that is pending what one bit cannot.
const char* Kernel::WhatIsBrokenInSurplus() const {
  for (int i = 0; i < g_.surplus_count; ++i) {
    const Surplus& surplus = surplus_[static_cast<std::size_t>(i)];
    if (surplus.entries == 1) return "10: an entry that says no more than the bit";
    if (surplus.owner >= kShadowOwner) continue;
    const Task& task = tasks_[surplus.owner / 2];
    const uint64_t pending = surplus.owner % 2 == 0 ? task.pending : task.shared_pending;
    if (surplus.owner / 2 >= g_.high || task.pid == 0 ||
        (pending & SignalBit(surplus.signal)) == 0) {
      return "10: an entry for a signal that is not pending";
    }
  }
  return nullptr;
}

// Whether what a blocked call waits for is there. One whose descriptor was closed meanwhile waits on.
bool Kernel::CouldReturn(const Task& task) const {
  const Call& call = task.call;
  const auto is_closed = [&](int fd) { return ObjectAt(task, fd) == nullptr; };
  switch (call.kind) {
    case CallKind::kSigTimedWait:
      return ((task.pending | Leader(task).shared_pending) & call.set & ~kUnmaskable) != 0;
    case CallKind::kWait4:
    case CallKind::kWaitId: {
      // Nobody is woken for what becomes another's to tell of, as by adoption, but for the dead.
      Call wait = call;
      wait.flags &= ~(kWaitUntraced | kWaitContinued);
      const Result found = PeekWait(task.pid, wait);
      return found.value > 0 || found.pid != 0;
    }
    case CallKind::kPoll:
      return (call.set & ~Leader(task).open) == 0 &&
             AttemptPoll(SlotOf(task), call).state == Result::State::kDone;
    case CallKind::kEpollWait:
      return !is_closed(call.fd) && AttemptPoll(SlotOf(task), call).value > 0;
    case CallKind::kRead:
      return !is_closed(call.fd) && IsReady(SlotOf(task), *ObjectAt(task, call.fd), 0);
    case CallKind::kWrite: {
      const Object* const end = ObjectAt(task, call.fd);
      if (end == nullptr) return false;
      if (end->kind == ObjectKind::kEventFd) return HasRoom(*end, call.set);
      if (!IsPipe(end->kind)) return false;
      return end->other_end == 0 || objects_[static_cast<std::size_t>(end->other_end - 1)].value +
                                            static_cast<uint64_t>(call.value) <=
                                        kPipeBytes;
    }
    case CallKind::kSync:
      return !g_.faults.sync_hangs;
    default:
      return false;
  }
}

const char* Kernel::WhatIsBrokenIn(const Task& task) const {
  const Slot slot = SlotOf(task);
  for (int i = 0; i < g_.count; ++i) {
    if (order_[i] != slot && tasks_[order_[i]].pid == task.pid)
      return "3: two tasks have one number";
  }
  if (task.leader >= g_.high || tasks_[task.leader].pid == 0) return "4: the leader is gone";
  const Task& leader = Leader(task);
  if (leader.leader != task.leader) return "4: the leader is none";
  if (task.tracer != kNoSlot) {
    const Task& tracer = tasks_[task.tracer];
    if (tracer.pid == 0 || IsDead(tracer) || tracer.leader != task.tracer) {
      return "4: the tracer is not a live process";
    }
    if (task.tracer == task.leader) return "4: a process traces itself";
  } else if (task.trace_stopped) {
    return "4: stopped for a tracer that is none";
  }
  if (task.trap_due && !task.seized) return "4: a stop is due to no tracer";
  if (task.trace_report != 0 && !task.trace_stopped) return "4: a stop to tell of is over";
  if (task.run == Run::kZombie) {
    if (task.injected != 0) return "5: a signal is passed on to a dead thread";
    if (task.trace_stopped || task.deadline_ns != kForever)
      return "5: a dead thread stopped or timed";
    if (task.leader != slot && task.tracer == kNoSlot) return "5: a dead thread is kept for nobody";
    return nullptr;
  }
  if (leader.exiting) return "5: a thread outlives its process";
  if (((task.mask | leader.ignored | leader.handled) & kUnmaskable) != 0) return "6: KILL or STOP";
  if ((leader.ignored & leader.handled) != 0) return "6: ignored and handled";
  const bool in_call = task.run == Run::kInCall || task.run == Run::kSignaled;
  if (task.mask_saved && !in_call) return "6: a mask is saved for no call";
  if (task.deadline_ns != kForever && !in_call) return "8: a deadline of no call";
  if (task.run == Run::kInCall && !IsStopped(task) && CouldReturn(task)) {
    return "8: a call goes on though it could return";
  }
  const bool uninterruptible = task.run == Run::kInCall && IsUninterruptible(task.call.kind);
  const int signal = IsStopped(task) || uninterruptible ? 0 : NextDeliverable(task);
  if (signal != 0 && task.injected == 0 &&
      ((leader.handled & SignalBit(signal)) == 0 || !leader.subject || task.run == Run::kInCall ||
       task.tracer != kNoSlot)) {
    return "7: a signal was not acted on";
  }
  return nullptr;
}

const char* Kernel::WhatIsBrokenInProcess(const Task& leader) const {
  const Slot slot = SlotOf(leader);
  int threads = 0;
  int children = 0;
  for (int i = 0; i < g_.count; ++i) {
    if (tasks_[order_[i]].leader == slot && order_[i] != slot) ++threads;
    if (tasks_[order_[i]].parent == slot) ++children;
  }
  if (children != leader.children) return "4: the count of children is wrong";
  if (threads != leader.threads) return "5: the count of threads is wrong";
  if ((slot == 0) != (leader.parent == kNoSlot))
    return "4: a process without parent, or init with one";
  if (slot != 0) {
    const Task& parent = tasks_[leader.parent];
    if (parent.pid == 0 || IsDead(parent) || parent.leader != leader.parent) {
      return "4: the parent is not a live process";
    }
    Slot ancestor = leader.parent;
    for (int depth = 0; ancestor != 0; ++depth) {
      if (depth > g_.count) return "4: parents in a ring";
      ancestor = tasks_[ancestor].parent;
    }
  }
  if (IsDead(leader)) {
    if (leader.open != 0 || leader.stopped || leader.alarm_ns != kForever ||
        leader.alarm_every_ns != 0 || leader.shared_pending != 0 || leader.continued) {
      return "5: a dead process holds something";
    }
  }
  if (leader.alarm_is_out && (leader.alarm_every_ns == 0 || leader.alarm_ns > g_.now_ns)) {
    return "8: an alarm is out that has not gone off, or does not repeat";
  }
  if ((leader.close_on_exec & ~leader.open) != 0) return "9: a closed descriptor has a flag";
  if (leader.has_terminal && leader.session != g_.terminal_session) {
    return "11: a terminal of another session";
  }
  if (leader.stop_report != 0 && !leader.stopped) return "7: a stop to report of one that runs";
  return nullptr;
}

}  // namespace minit::kernel
