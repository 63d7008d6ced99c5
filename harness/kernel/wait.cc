// Waiting for children and tracees. After kernel/exit.c (do_wait, wait_consider_task and below).

#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr int kStatusContinued = 0xffff;

bool HasFlag(uint32_t flags, uint32_t flag) { return (flags & flag) != 0; }

}  // namespace

struct Kernel::WaitRequest {
  enum class Which : uint8_t { kAny, kPid, kGroup };
  Which which = Which::kAny;
  Pid pid = 0;  // kPid: 0 is nobody
  uint32_t flags = 0;
  bool polls = false;  // by a pidfd that does not block: EAGAIN in place of waiting
};

// What a wait found: a task to tell of, or why there is nothing.
struct Kernel::WaitMatch {
  Slot slot = kNoSlot;
  Code code = kExited;
  bool as_tracer = false;
  bool has_candidates = false;  // somebody might yet be told of
  int status = 0;               // raw
};

// One child (or, `as_tracer`, one tracee) is considered. True: it is the one.
bool Kernel::Consider(Slot slot, bool as_tracer, const WaitRequest& request,
                      WaitMatch* match) const {
  const Task& task = tasks_[slot];
  if (request.which == WaitRequest::Which::kPid && task.pid != request.pid) return false;
  if (request.which == WaitRequest::Which::kGroup && Leader(task).group != request.pid) {
    return false;
  }
  if (!as_tracer && !HasFlag(request.flags, kWaitAll) &&
      (task.exit_signal != kSigChld) != HasFlag(request.flags, kWaitClone)) {
    return false;
  }
  // Dead, seen and released by the tracer: the parent's turn comes with Detach. A child that its own
  // parent traces is that tracer's.
  if (!as_tracer && task.tracer != kNoSlot && task.tracer == task.parent) as_tracer = true;
  match->slot = slot;
  match->as_tracer = as_tracer;
  if (task.run == Run::kZombie && !task.dying) {
    const bool whole = task.leader != slot || task.threads == 0;
    if (whole && (as_tracer || task.tracer == kNoSlot)) {
      match->has_candidates |= HasFlag(request.flags, kWaitExited);
      if (!HasFlag(request.flags, kWaitExited)) return false;
      match->status = task.status;
      match->code = CodeOfDeath(task.status);
      return true;
    }
    if (!as_tracer || HasFlag(request.flags, kWaitContinued | kWaitExited)) {
      match->has_candidates = true;
    }
  } else {
    match->has_candidates = true;
  }
  return ConsiderStopped(task, request, match);
}

// Stops and continues. A stop for the tracer needs no WUNTRACED, and each is told of once.
bool Kernel::ConsiderStopped(const Task& task, const WaitRequest& request, WaitMatch* match) const {
  const Task& leader = Leader(task);
  const bool wants_stops = match->as_tracer || HasFlag(request.flags, kWaitUntraced);
  if (wants_stops && match->as_tracer && task.trace_stopped && task.trace_report != 0) {
    match->status = static_cast<int>(task.trace_report);
    match->code = kTrapped;
    return true;
  }
  if (wants_stops && !match->as_tracer && leader.stopped && leader.stop_report != 0) {
    match->status = leader.stop_report << 8 | 0x7f;
    match->code = kStopped;
    return true;
  }
  if (HasFlag(request.flags, kWaitContinued) && leader.continued) {
    match->status = kStatusContinued;
    match->code = kContinued;
    return true;
  }
  return false;
}

Kernel::WaitMatch Kernel::FindWaited(Slot slot, const WaitRequest& request) const {
  const Slot waiter = tasks_[slot].leader;
  WaitMatch match;
  constexpr uint32_t kOfLiving = kWaitUntraced | kWaitContinued;
  if (NoneIsDeadOrTraced() && request.which == WaitRequest::Which::kAny &&
      HasFlag(request.flags, kWaitAll) && !HasFlag(request.flags, kOfLiving)) {
    match.has_candidates = tasks_[waiter].children != 0;
    return match;
  }
  for (int i = 0; i < g_.count; ++i) {
    if (tasks_[order_[i]].parent == waiter && Consider(order_[i], false, request, &match)) {
      return match;
    }
  }
  if (g_.traces != 0) {
    for (int i = 0; i < g_.count; ++i) {
      if (tasks_[order_[i]].tracer == waiter && Consider(order_[i], true, request, &match)) {
        return match;
      }
    }
  }
  match.slot = kNoSlot;
  return match;
}

// Reads the request from the call. False: EINVAL.
bool Kernel::ReadWait(Slot slot, const Call& call, WaitRequest* request, int* error) const {
  using Which = WaitRequest::Which;
  const bool by_id = call.kind == CallKind::kWaitId;
  const uint32_t allowed = kWaitNoHang | kWaitUntraced | kWaitContinued | kWaitNoThread | kWaitAll |
                           kWaitClone | (by_id ? kWaitExited | kWaitNoWait : 0);
  *error = EINVAL;
  if ((call.flags & ~allowed) != 0) return false;
  request->flags = call.flags | (by_id ? 0 : kWaitExited);
  request->pid = call.pid;
  if (by_id) {
    if (!HasFlag(call.flags, kWaitExited | kWaitUntraced | kWaitContinued)) return false;
    if (call.value < kWaitForAny || call.value > kWaitForPidFd) return false;
    if (call.value == kWaitForPid && call.pid <= 0) return false;
    if (call.value == kWaitForGroup && call.pid < 0) return false;
    request->which = static_cast<Which>(call.value);
    if (call.value == kWaitForPidFd) return ReadPidFd(slot, call, request, error);
  } else {
    *error = ESRCH;
    if (call.pid == INT32_MIN) return false;
    request->which = call.pid == -1 ? Which::kAny : call.pid > 0 ? Which::kPid : Which::kGroup;
    if (call.pid < -1) request->pid = -call.pid;
  }
  if (request->which == Which::kGroup && request->pid == 0) {
    request->pid = Leader(tasks_[slot]).group;
  }
  return true;
}

bool Kernel::ReadPidFd(Slot slot, const Call& call, WaitRequest* request, int* error) const {
  if (call.pid < 0) return false;
  *error = EBADF;
  const Object* const object = ObjectAt(Leader(tasks_[slot]), call.pid);
  if (object == nullptr || object->kind != ObjectKind::kPidFd) return false;
  request->which = WaitRequest::Which::kPid;
  request->pid = object->pid;
  request->polls = object->non_block && !HasFlag(call.flags, kWaitNoHang);
  return true;
}

// What the wait returns if nothing changes first.
Result Kernel::DoWait(Slot slot, const Call& call, WaitMatch* match) const {
  WaitRequest request;
  int error = 0;
  if (!ReadWait(slot, call, &request, &error)) return Error(error);
  *match = FindWaited(slot, request);
  const bool by_id = call.kind == CallKind::kWaitId;
  if (match->slot == kNoSlot) {
    if (!match->has_candidates) return Error(ECHILD);
    if (request.polls) return Error(EAGAIN);
    return HasFlag(request.flags, kWaitNoHang) ? Value(0) : kStillBlocked;
  }
  const Pid pid = tasks_[match->slot].pid;
  if (!by_id) return {.value = pid, .status = match->status};
  int status = DetailOfDeath(match->status);
  if (match->code == kTrapped || match->code == kStopped) status = match->status >> 8;
  if (match->code == kContinued) status = kSigCont;
  return {.code = match->code, .pid = pid, .status = status};
}

Result Kernel::Wait(Slot slot, const Call& call) {
  WaitMatch match;
  const Result result = DoWait(slot, call, &match);
  const bool leaves = call.kind == CallKind::kWaitId && HasFlag(call.flags, kWaitNoWait);
  if (match.slot == kNoSlot || leaves) return result;
  EndCall(tasks_[slot]);  // what is told of may leave another to be told of
  Consume(match);
  return result;
}

// What was told of is not told of again. A dead child that somebody else traced now becomes its
// parent's zombie.
void Kernel::Consume(const WaitMatch& match) {
  Task& task = tasks_[match.slot];
  switch (match.code) {
    case kTrapped:
      task.trace_report = 0;
      return;
    case kStopped:
      task.stop_report = 0;
      return;
    case kContinued:
      Leader(task).continued = false;
      return;
    default:
      break;
  }
  if (task.leader != match.slot) {
    DropThread(match.slot);
  } else if (task.tracer != kNoSlot && task.tracer != task.parent) {
    Untrace(task);
    LeaveZombie(match.slot, task.exit_signal);
  } else {
    Reap(match.slot);
  }
}

// A process of `leader`'s may have something to wait for, or nothing any more.
void Kernel::WakeWaiter(Slot leader) {
  if (g_.blocked == 0 || tasks_[leader].pid == 0) return;
  ForEachThread(leader, [&](Slot slot) {
    const Task& task = tasks_[slot];
    if (task.run != Run::kInCall) return;
    if (task.call.kind == CallKind::kWait4 || task.call.kind == CallKind::kWaitId) {
      Reconsider(slot);
    }
  });
}

Result Kernel::PeekWait(Pid process, const Call& wait) const {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot) return Error(ESRCH);
  WaitMatch match;
  return DoWait(slot, wait, &match);
}

}  // namespace minit::kernel
