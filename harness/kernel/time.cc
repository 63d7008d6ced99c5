// Virtual time. It passes when a subject makes a visible call and when the driver says so. Ends of
// time-outs, alarms and timers take effect in order; at the same instant, in order of the tasks.

#include <algorithm>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {

uint64_t Kernel::NextTimer() const {
  if (Over()) return kForever;
  uint64_t next = kForever;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.run == Run::kInCall && !IsStopped(task)) next = std::min(next, task.deadline_ns);
    if (!task.alarm_is_out) next = std::min(next, task.alarm_ns);
  }
  for (int i = 0; i < g_.object_high; ++i) {
    const Object& object = objects_[static_cast<std::size_t>(i)];
    // One that has run out is ready, and stays so until it is read: nothing more happens.
    if (object.kind == ObjectKind::kTimerFd && object.value > g_.now_ns) {
      next = std::min(next, object.value);
    }
  }
  return next;
}

void Kernel::ArmDeadline(uint64_t at_ns) { g_.soonest_ns = std::min(g_.soonest_ns, at_ns); }

void Kernel::FireUntil(uint64_t time_ns) {
  while (!Over() && time_ns >= g_.soonest_ns) {
    const uint64_t next = NextTimer();
    g_.soonest_ns = next;
    if (next > time_ns) break;
    g_.now_ns = std::max(g_.now_ns, next);
    g_.soonest_ns = 0;  // what fires may arm anew
    FireDue();
  }
  g_.now_ns = std::max(g_.now_ns, time_ns);
}

void Kernel::FireDue() {
  for (int i = 0; i < g_.count; ++i) {
    const Slot slot = order_[i];
    Task& task = tasks_[slot];
    if (task.alarm_ns <= g_.now_ns && !task.alarm_is_out) {
      // That of a puppet does not repeat: its handlers run by themselves, as often as one likes.
      task.alarm_is_out = task.alarm_every_ns != 0 && task.subject;
      if (!task.alarm_is_out) task.alarm_ns = kForever;
      Generate(slot, {.signal = kSigAlrm, .forced = true});
    }
    const bool due = task.run == Run::kInCall && task.deadline_ns <= g_.now_ns;
    if (due && !IsStopped(task)) TimeOut(slot);
  }
  if (g_.object_high != 0) {
    if (g_.interests != 0) WakeInterestsInTimers();
    ReconsiderAll(KindBit(CallKind::kPoll) | KindBit(CallKind::kEpollWait) |
                  KindBit(CallKind::kRead));
  }
}

// The signal of an alarm is taken. Of one that was ignored or discarded it never is: then the alarm is
// out until it is set anew, or another SIGALRM is taken (posixtimer_rearm_itimer).
void Kernel::RearmAlarm(Task& process) {
  if (!process.alarm_is_out) return;
  process.alarm_is_out = false;
  process.alarm_ns = NextExpiry(process.alarm_ns, process.alarm_every_ns, g_.now_ns);
  ArmDeadline(process.alarm_ns);
}

TimerView Kernel::AlarmOf(Pid process) const {
  const Task& leader = Leader(*Find(process));
  const bool runs = leader.alarm_ns != kForever && !leader.alarm_is_out;
  return {.left_ns = runs ? leader.alarm_ns - g_.now_ns : 0, .every_ns = leader.alarm_every_ns};
}

std::optional<TimerView> Kernel::TimerOf(Pid process, int fd) const {
  const Object* const object = ObjectAt(*Find(process), fd);
  if (object == nullptr || object->kind != ObjectKind::kTimerFd) return std::nullopt;
  return ViewOf(*object);
}

// It goes on whether it is read or not.
TimerView Kernel::ViewOf(const Object& timer) const {
  const uint64_t next =
      timer.value > g_.now_ns ? timer.value : NextExpiry(timer.value, timer.every_ns, g_.now_ns);
  return {.left_ns = next == kForever ? 0 : next - g_.now_ns, .every_ns = timer.every_ns};
}

}  // namespace minit::kernel
