// Birth, numbers, groups, sessions and exec. After kernel/fork.c, kernel/pid.c, kernel/sys.c and
// fs/exec.c.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr Pid kReservedPids = 300;  // after the first round numbers start here

}  // namespace

bool Kernel::IsTaken(Pid pid) const {
  if (pid > g_.highest_pid) return false;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.pid == pid || task.group == pid || task.session == pid) return true;
  }
  return false;
}

// The next free number, or 0 if there is none. A number is taken as long as it names a process, a
// thread, a group or a session, of which a zombie may be the last member.
Pid Kernel::AllocatePid() {
  const Pid first = g_.last_pid >= kReservedPids ? kReservedPids : kInit + 1;
  Pid pid = g_.last_pid;
  for (Pid tried = 0; tried < g_.entry.pid_max; ++tried) {
    pid = pid + 1 >= g_.entry.pid_max ? std::min(first, g_.entry.pid_max - 1) : pid + 1;
    if (IsTaken(pid)) continue;
    g_.last_pid = pid;
    g_.highest_pid = std::max(g_.highest_pid, pid);
    return pid;
  }
  return 0;
}

int Kernel::SetNextPid(Pid pid) {
  if (pid < 2 || pid >= g_.entry.pid_max) return -EINVAL;
  g_.last_pid = pid - 1;
  return 0;
}

// A process that inherits from `relative` what a fork passes on; kNoSlot without room or number.
Kernel::Slot Kernel::NewProcess(Slot relative, Slot parent, int exit_signal) {
  if (g_.count == capacity_) return kNoSlot;
  const Pid pid = AllocatePid();
  if (pid == 0) return kNoSlot;
  const Slot slot = AddTask(pid);
  Task& child = tasks_[slot];
  const Task& leader = tasks_[relative];
  child.leader = slot;
  child.parent = parent;
  ++tasks_[parent].children;
  child.group = leader.group;
  child.session = leader.session;
  child.exit_signal = static_cast<uint8_t>(exit_signal);
  child.mask = leader.mask;
  child.ignored = leader.ignored;
  child.handled = leader.handled;
  child.restarts = leader.restarts;
  child.no_child_stop = leader.no_child_stop;
  child.no_child_wait = leader.no_child_wait;
  child.has_terminal = leader.has_terminal;
  return slot;
}

Result Kernel::DoFork(Slot slot, const Call& call) {
  const Slot leader = tasks_[slot].leader;
  const bool subject = tasks_[leader].subject;
  const bool sibling = (call.flags & kCloneParent) != 0;
  if (call.signal < 0 || call.signal > kSigRtMax || (sibling && leader == 0)) return Error(EINVAL);
  if (subject && g_.faults.fork_failures != 0) {
    if (g_.faults.fork_failures != UINT8_MAX) --g_.faults.fork_failures;
    return Error(g_.faults.fork_error);
  }
  const bool wants_pidfd = (call.flags & kClonePidFd) != 0;
  Result forked;
  if (wants_pidfd) {
    const Result made = NewDescriptor(slot, ObjectKind::kPidFd, Path::kOther, kOpenCloseOnExec, 0);
    if (made.value < 0) return made;
    forked.status = made.value;
  }
  const Slot child_slot = NewProcess(leader, sibling ? tasks_[leader].parent : leader,
                                     sibling ? tasks_[leader].exit_signal : call.signal);
  if (child_slot == kNoSlot) {
    if (wants_pidfd) CloseDescriptor(tasks_[leader], forked.status);
    return Error(EAGAIN);
  }
  Task& child = tasks_[child_slot];
  const Task& process = tasks_[leader];
  child.mask = tasks_[slot].mask;
  child.subject = subject;
  g_.subjects += subject;
  child.memory = tasks_[slot].memory;
  if (subject) child.run = Run::kReturns;  // from the fork, with 0
  child.told = true;
  if ((call.flags & kCloneClearHandlers) != 0) {
    child.handled = child.restarts = 0;
    child.no_child_stop = child.no_child_wait = false;
  }
  child.open = process.open;
  child.close_on_exec = process.close_on_exec;
  child.objects = process.objects;
  for (uint64_t left = child.open; left != 0; left &= left - 1) {
    ++objects_[child.objects[static_cast<std::size_t>(std::countr_zero(left))]].users;
  }
  forked.value = child.pid;
  if (wants_pidfd) {
    ObjectAt(process, forked.status)->pid = child.pid;
    CloseDescriptor(child, forked.status);  // the parent alone has it
  }
  if ((call.flags & kClonePtrace) != 0 && tasks_[slot].tracer != kNoSlot) {
    Trace(child_slot, tasks_[slot].tracer, tasks_[slot].seized);
    if (tasks_[slot].seized) {
      StopForTracer(child_slot, kSigTrap, false);
    } else {
      child.pending |= SignalBit(kSigStop);
      ActOnSignals(child_slot);
    }
  }
  if ((call.flags & kCloneVfork) == 0) return forked;
  tasks_[slot].result = forked;
  return kStillBlocked;
}

// Whoever waits since the vfork of `child` goes on.
void Kernel::EndVfork(Pid child) {
  for (int i = 0; i < g_.count && g_.blocked != 0; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.run == Run::kInCall && task.call.kind == CallKind::kFork &&
        task.result.value == child) {
      Return(order_[i], Result(task.result));
      return;
    }
  }
}

Result Kernel::DoExec(Slot slot, const Call& call) {
  const Slot leader = tasks_[slot].leader;
  Task& process = tasks_[leader];
  if (process.subject && g_.faults.exec_failures != 0) {
    if (g_.faults.exec_failures != UINT8_MAX) --g_.faults.exec_failures;
    return Error(g_.faults.exec_error);
  }
  if (process.subject && call.path != Path::kChild) return Error(ENOENT);
  if (process.threads != 0) return Error(EAGAIN);  // see the limits in docs/kernel-model.md
  process.handled = 0;
  process.restarts = 0;
  process.no_child_stop = false;
  process.no_child_wait = false;
  process.exit_signal = kSigChld;
  process.execed = true;
  process.memory = 0;
  if (leader != 0) {
    g_.subjects -= process.subject;
    process.subject = false;
  }
  CloseSet(process, process.open & process.close_on_exec);
  EndVfork(process.pid);
  if (process.tracer != kNoSlot && !process.seized) {
    Generate(slot, {.signal = kSigTrap, .to_thread = true});
  }
  ActOnSignals(slot);  // what had a handler has none now
  return Value(0);
}

Result Kernel::DoSetSid(Slot slot) {
  Task& process = Leader(tasks_[slot]);
  const Pid pid = process.pid;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.leader == order_[i] && task.group == pid) return Error(EPERM);
  }
  process.group = pid;
  process.session = pid;
  process.has_terminal = false;
  return Value(pid);
}

Result Kernel::DoSetPgid(Slot slot, const Call& call) {
  const Slot own = tasks_[slot].leader;
  const Slot target = call.pid == 0 ? own : FindSlot(call.pid);
  if (call.value < 0) return Error(EINVAL);
  if (target == kNoSlot) return Error(ESRCH);
  Task& process = tasks_[target];
  if (process.leader != target) return Error(EINVAL);
  const Pid group = call.value == 0 ? process.pid : call.value;
  if (process.parent == own) {
    if (process.session != tasks_[own].session) return Error(EPERM);
    if (process.execed) return Error(EACCES);
  } else if (target != own) {
    return Error(ESRCH);
  }
  if (process.session == process.pid) return Error(EPERM);
  if (group != process.pid) {
    const bool exists = std::any_of(order_, order_ + g_.count, [&](Slot other) {
      const Task& task = tasks_[other];
      return task.leader == other && task.group == group && task.session == process.session;
    });
    if (!exists) return Error(EPERM);
  }
  process.group = group;
  return Value(0);
}

// No member has a parent outside the group but in its session, so nobody could continue it after a
// stop. `ignoring` is a member on its way out. The machine's init as a parent does not count; that
// of a PID namespace does (will_become_orphaned_pgrp, which asks is_global_init).
bool Kernel::IsOrphaned(Pid group, Slot ignoring) const {
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.leader != order_[i] || task.group != group || order_[i] == ignoring) continue;
    if (IsDead(task) || task.parent == kNoSlot) continue;
    if (task.parent == 0 && !g_.entry.pid_namespace) continue;
    const Task& parent = tasks_[task.parent];
    if (parent.group != group && parent.session == task.session) return false;
  }
  return true;
}

Result Kernel::DoGetId(const Task& task, int32_t which) const {
  const Task& leader = Leader(task);
  switch (which) {
    case kIdProcess:
      return Value(leader.pid);
    case kIdThread:
      return Value(task.pid);
    case kIdParent:
      return Value(leader.parent == kNoSlot ? 0 : tasks_[leader.parent].pid);
    case kIdGroup:
      return Value(leader.group);
    case kIdSession:
      return Value(leader.session);
    default:
      return Error(EINVAL);
  }
}

// --- World ---------------------------------------------------------------------------------------

Pid Kernel::Fork(Pid parent) {
  const Slot slot = FindSlot(parent);
  if (Over() || slot == kNoSlot || tasks_[slot].run == Run::kZombie) return -ESRCH;
  const Slot leader = tasks_[slot].leader;
  const Slot child = NewProcess(leader, leader, kSigChld);
  return child == kNoSlot ? -EAGAIN : tasks_[child].pid;
}

int Kernel::Burst(Pid relative, int count, int code) {
  const Slot slot = FindSlot(relative);
  if (Over() || slot == kNoSlot) return -ESRCH;
  for (int made = 0; made < count; ++made) {
    const Slot orphan = NewProcess(tasks_[slot].leader, 0, kSigChld);
    if (orphan == kNoSlot) return made;
    KillProcess(orphan, (code & 0xff) << 8);
  }
  return count;
}

Pid Kernel::StartThread(Pid process) {
  const Slot leader = FindSlot(process);
  if (Over() || leader == kNoSlot || tasks_[leader].leader != leader) return -ESRCH;
  if (IsDead(tasks_[leader]) || tasks_[leader].exiting) return -ESRCH;
  if (g_.count == capacity_) return -EAGAIN;
  const Pid pid = AllocatePid();
  if (pid == 0) return -EAGAIN;
  const Slot slot = AddTask(pid);
  tasks_[slot].leader = leader;
  tasks_[slot].mask = tasks_[leader].mask;
  ++tasks_[leader].threads;
  ActOnSignals(slot);  // what waits for the process, and other threads could not take
  return pid;
}

int Kernel::Keep(Pid process, bool kept) {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot || slot == 0 || tasks_[slot].leader != slot) return -ESRCH;
  tasks_[slot].kept = kept;
  return 0;
}

}  // namespace minit::kernel
