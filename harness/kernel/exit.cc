// Death: of a thread, of a process; who is told, and who inherits the children. After kernel/exit.c
// (do_exit, exit_notify, forget_original_parent) and kernel/signal.c (do_notify_parent).

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

ChildNews DeathOf(Pid pid, int raw) {
  return {.pid = pid, .code = CodeOfDeath(raw), .status = DetailOfDeath(raw)};
}

}  // namespace

// Ends all threads of a process with one raw status. Init's end is the end of the world.
void Kernel::KillProcess(Slot leader, int status) {
  Task& process = tasks_[leader];
  if (Over() || process.exiting || IsDead(process)) return;
  if (leader == 0) {
    g_.ending = Ending::kInitDied;
    g_.ending_status = static_cast<uint16_t>(status);
    return;
  }
  const Pid pid = process.pid;
  process.exiting = true;
  process.status = static_cast<uint16_t>(status);
  SetStop(process.stopped, false);
  if (process.threads == 0) {
    EndThread(leader, status);
    return;
  }
  ForEachThread(leader, [&](Slot slot) {
    if (tasks_[leader].pid == pid) EndThread(slot, status);
  });
}

// One thread stops for good. If it is the last that lives, so does the process. Whoever is hung up for that
// dies after it was told of: kernel/exit.c, exit_notify holds a lock that deaths wait for.
void Kernel::EndThread(Slot slot, int status) {
  if (tasks_[slot].run == Run::kZombie) return;
  const bool is_first = !std::exchange(g_.in_exit, true);
  LeaveThread(slot, status);
  if (!is_first) return;
  while (g_.hang_ups != 0) HangUpNext();
  g_.in_exit = false;
}

void Kernel::LeaveThread(Slot slot, int status) {
  Task& task = tasks_[slot];
  const Slot leader = task.leader;
  if (task.run == Run::kInCall) --g_.blocked;
  task.run = Run::kZombie;
  task.dying = true;
  ++g_.zombies;
  task.deadline_ns = kForever;
  SetStop(task.trace_stopped, false);
  task.trace_report = 0;
  task.injected = 0;
  task.trap_due = false;
  FlushPending(ThreadPending(slot), kAllSignals);
  bool last = true;
  if (tasks_[leader].threads != 0) {
    for (int i = 0; i < g_.count; ++i) {
      const Task& other = tasks_[order_[i]];
      last &= other.leader != leader || other.run == Run::kZombie;
    }
  }
  Task& process = tasks_[leader];
  if (slot != leader || !process.exiting) task.status = static_cast<uint16_t>(status);
  if (last && !process.exiting && g_.entry.last_thread_status) {
    process.status = static_cast<uint16_t>(status);
  }
  if (g_.blocked != 0 && slot == leader) EndVfork(task.pid);
  if (last) EndProcess(leader);
  if (g_.pipe_changed) WakeForPipes();  // whom that ends may be its parent
  task.dying = false;

  if (slot != leader) {
    ReleaseThread(slot);
    return;
  }
  if (process.threads != 0) {  // waited for when the last thread is gone
    if (process.tracer != kNoSlot) {
      TellOf(process.tracer, kSigChld, DeathOf(process.pid, process.status));
    }
    return;
  }
  const bool own = process.tracer == kNoSlot || process.tracer == process.parent;
  LeaveZombie(leader, own ? process.exit_signal : static_cast<int>(kSigChld));
}

// A signal about a child. If it is taken at once, so is the news.
void Kernel::TellOf(Slot to, int signal, const ChildNews& news) {
  const auto pending = [this] { return (tasks_[0].shared_pending & SignalBit(kSigChld)) != 0; };
  const bool first = to == 0 && signal == kSigChld && !pending();
  if (first) g_.news = news;
  Generate(to, {.signal = signal});
  if (first && !pending()) g_.news = {};
}

// A process that is dead as a whole: its tracer, or else its parent, is sent `signal`. A parent that
// ignores SIGCHLD or has set SA_NOCLDWAIT never gets to see the zombie.
void Kernel::LeaveZombie(Slot leader, int signal) {
  const Task& process = tasks_[leader];
  const bool traced = process.tracer != kNoSlot;
  const Slot to = traced ? process.tracer : process.parent;
  const ChildNews news = DeathOf(process.pid, process.status);
  if (g_.interests != 0) WakeInterestsInDeath(process.pid);
  if (!traced && signal == kSigChld) {
    const bool ignored = (tasks_[to].ignored & SignalBit(kSigChld)) != 0;
    if (ignored || tasks_[to].no_child_wait) Reap(leader);
    if (ignored) signal = 0;
  }
  if (signal != 0) TellOf(to, signal, news);
  WakeWaiter(to);
  if (g_.blocked != 0) ReconsiderAll(KindBit(CallKind::kPoll) | KindBit(CallKind::kEpollWait));
}

// What the process had goes: tracees, children, descriptors, terminal, alarm.
void Kernel::EndProcess(Slot leader) {
  Task& process = tasks_[leader];
  process.exiting = true;
  SetStop(process.stopped, false);
  process.stop_report = 0;
  process.continued = false;
  process.alarm_ns = kForever;
  process.alarm_every_ns = 0;
  process.alarm_is_out = false;
  FlushPending(SharedPending(leader), kAllSignals);
  CloseSet(process, process.open);
  if (process.has_terminal && process.session == process.pid) LoseTerminal(process);
  if (g_.traces != 0) ReleaseTracees(leader);
  Reparent(leader);
  NoteIfOrphaned(leader, kNoSlot);
}

// A further thread leaves no zombie, except to its tracer. The last to go lets a dead leader be told
// of.
void Kernel::ReleaseThread(Slot slot) {
  const Slot tracer = tasks_[slot].tracer;
  if (tracer != kNoSlot) {
    TellOf(tracer, kSigChld, DeathOf(tasks_[slot].pid, tasks_[slot].status));
    WakeWaiter(tracer);
    return;
  }
  DropThread(slot);
}

void Kernel::DropThread(Slot slot) {
  const Slot leader = tasks_[slot].leader;
  RemoveTask(slot);
  Task& process = tasks_[leader];
  --process.threads;
  if (IsDead(process)) LeaveZombie(leader, process.exit_signal);
}

// Tells of a stop or a continue: SIGCHLD, unless ignored or SA_NOCLDSTOP; a wait wakes either way.
void Kernel::NotifyOfStop(Slot to, const ChildNews& news) {
  const Task& parent = tasks_[to];
  if ((parent.ignored & SignalBit(kSigChld)) == 0 && !parent.no_child_stop) {
    TellOf(to, kSigChld, news);
  }
  WakeWaiter(to);
}

// The zombie is gone, and its number with it, unless a group or session still has that.
void Kernel::Reap(Slot leader) {
  const Pid pid = tasks_[leader].pid;
  for (int i = 0; i < g_.object_high; ++i) {
    Object& object = objects_[static_cast<std::size_t>(i)];
    if (object.kind == ObjectKind::kPidFd && object.pid == pid) object.pid = 0;
  }
  RemoveTask(leader);
}

// Who adopts: the nearest ancestor that is a subreaper, else init. (A sibling thread would come
// first, but children here belong to processes and a process ends with its last thread.)
Kernel::Slot Kernel::Reaper(Slot father) const {
  for (Slot slot = tasks_[father].parent; slot != kNoSlot && slot != 0;
       slot = tasks_[slot].parent) {
    if (tasks_[slot].subreaper && !tasks_[slot].exiting && !IsDead(tasks_[slot])) return slot;
  }
  return 0;
}

void Kernel::Reparent(Slot father) {
  if (tasks_[father].children == 0) return;
  const Slot reaper = Reaper(father);
  std::array<Pid, kScenarioCapacity> adopted;
  std::size_t count = 0;
  for (int i = 0, left = g_.count; i < left;) {
    Task& child = tasks_[order_[i]];
    if (child.parent != father) {
      ++i;
      continue;
    }
    child.parent = reaper;
    --tasks_[father].children;
    ++tasks_[reaper].children;
    child.exit_signal = kSigChld;
    adopted[count++] = child.pid;
    MoveToEnd(i);
    --left;
  }
  // Only now is anyone told, for that may end or wake others.
  for (std::size_t i = 0; i < count; ++i) {
    const Slot slot = FindSlot(adopted[i]);
    if (slot == kNoSlot || tasks_[slot].parent != reaper) continue;
    NoteIfOrphaned(slot, father);
    if (tasks_[slot].tracer != kNoSlot || !IsDead(tasks_[slot]) || tasks_[slot].dying) continue;
    LeaveZombie(slot, kSigChld);
  }
}

// A group that becomes orphaned with a stopped member is to be hung up. Asked for a process that ends, and
// for each child that it leaves behind (then `father` is that process).
void Kernel::NoteIfOrphaned(Slot slot, Slot father) {
  const Task& task = tasks_[slot];
  const Slot parent = father != kNoSlot ? father : task.parent;
  const Pid group = task.group;
  if (tasks_[parent].group == group || tasks_[parent].session != task.session) return;
  bool stopped = false;
  for (int i = 0; i < g_.count && !stopped; ++i) {
    const Task& member = tasks_[order_[i]];
    stopped = member.leader == order_[i] && member.group == group && member.stopped;
  }
  if (!stopped || !IsOrphaned(group, father != kNoSlot ? kNoSlot : slot)) return;
  ++g_.hang_ups;
  for (int i = 0; i < g_.count; ++i) {
    Task& member = tasks_[order_[i]];
    if (member.group == group && member.hang_up == 0) member.hang_up = g_.hang_ups;
  }
}

// The group that was noted first gets HUP and CONT, as far as it still lives.
void Kernel::HangUpNext() {
  Pid group = 0;
  uint16_t first = UINT16_MAX;
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    if (task.hang_up == 0 || task.hang_up >= first) continue;
    first = task.hang_up;
    group = task.group;
  }
  if (group == 0) {
    g_.hang_ups = 0;
    return;
  }
  for (int i = 0; i < g_.count; ++i) {
    Task& task = tasks_[order_[i]];
    if (task.group == group) task.hang_up = 0;
  }
  SendFromKernelToGroup(group, kSigHup);
  SendFromKernelToGroup(group, kSigCont);
}

// --- World ---------------------------------------------------------------------------------------

int Kernel::Exit(Pid process, int code) {
  const Slot slot = FindSlot(process);
  if (Over() || slot == kNoSlot || tasks_[slot].leader != slot) return -ESRCH;
  if (IsDead(tasks_[slot]) || tasks_[slot].exiting) return -ESRCH;
  KillProcess(slot, (code & 0xff) << 8);
  return 0;
}

int Kernel::ExitThread(Pid thread, int code) {
  const Slot slot = FindSlot(thread);
  if (Over() || slot == kNoSlot || tasks_[slot].run == Run::kZombie) return -ESRCH;
  if (tasks_[slot].leader == 0 && tasks_[0].threads == 0) return Exit(thread, code);
  if (slot == 0) return -EPERM;  // see the limits in docs/kernel-model.md
  EndThread(slot, (code & 0xff) << 8);
  return 0;
}

int Kernel::Die(Pid process, int signal, bool core) {
  const Slot slot = FindSlot(process);
  if (Over() || slot == kNoSlot || tasks_[slot].leader != slot) return -ESRCH;
  if (IsDead(tasks_[slot]) || tasks_[slot].exiting) return -ESRCH;
  if (slot == 0) return -EPERM;
  if (signal < 1 || signal > kSigRtMax) return -EINVAL;
  KillProcess(slot, signal | (core ? 0x80 : 0));
  return 0;
}

}  // namespace minit::kernel
