// Signals: what becomes of one when it is generated, and what a thread does about those that are
// pending. After kernel/signal.c (prepare_signal, sig_ignored, complete_signal, get_signal).

#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr uint64_t kIgnoredByDefault =
    SignalBit(kSigCont) | SignalBit(kSigChld) | SignalBit(kSigWinch) | SignalBit(kSigUrg);
constexpr uint64_t kKernelOnly = SignalBit(kSigKill) | SignalBit(kSigStop);
// At default these end a process with a core dump; not by group exit at generation, then.
constexpr uint64_t kDumpsCore = SignalBit(kSigQuit) | SignalBit(kSigIll) | SignalBit(kSigTrap) |
                                SignalBit(kSigAbrt) | SignalBit(kSigFpe) | SignalBit(kSigSegv) |
                                SignalBit(kSigBus) | SignalBit(kSigSys) | SignalBit(kSigXcpu) |
                                SignalBit(kSigXfsz);

constexpr bool Has(uint64_t set, int signal) { return (set & SignalBit(signal)) != 0; }

}  // namespace

// Whether a signal is dropped as it is generated. A blocked one never is, even if it is ignored; nor
// one that a tracer should see. Init drops what it leaves at default.
bool Kernel::Discards(const Task& task, const Sending& sending) const {
  const int signal = sending.signal;
  if (Has(task.mask, signal) || (task.tracer != kNoSlot && signal != kSigKill)) return false;
  const Task& leader = Leader(task);
  if (Has(leader.handled, signal)) return false;
  if (Has(leader.ignored, signal)) return true;
  if (task.leader == 0 && !(sending.forced && Has(kKernelOnly, signal))) return true;
  // The init of a machine has no ancestor that could kill it.
  if (task.leader == 0 && signal == kSigKill && !g_.entry.pid_namespace) return true;
  return Has(kIgnoredByDefault, signal);
}

// The target's leader stands for a process, any thread for itself. 0 or -EAGAIN.
int Kernel::Generate(Slot target, const Sending& sending) {
  const int signal = sending.signal;
  const Slot leader = tasks_[target].leader;
  if (signal == 0 || tasks_[leader].exiting || IsDead(tasks_[leader])) return 0;

  const bool to_init = leader == 0 && g_.owing;
  const int which = sending.to_thread ? 0 : 1;
  const uint64_t opposite = Has(kStopSignals, signal) ? SignalBit(kSigCont)
                            : signal == kSigCont      ? kStopSignals
                                                      : 0;
  if (opposite != 0) {
    FlushProcess(leader, opposite);
    if (to_init) FlushShadow(opposite);
    if (signal == kSigCont) {
      ContinueProcess(leader);
      if (tasks_[leader].exiting) return 0;  // by what waited for that
      // One that is seized hears of it by a stop of its own, before the signal.
      ForEachThread(leader, [&](Slot slot) {
        tasks_[slot].trap_due = tasks_[slot].seized;
        tasks_[slot].may_stop = false;
      });
    }
  }

  const bool room = signal < kSigRtMin ||
                    (QueueLength() < g_.entry.signal_queue_limit && g_.surplus_count < kMaxSurplus);
  if (!room && sending.must_queue && !Discards(tasks_[target], sending)) return -EAGAIN;
  if (to_init) AddPending(Shadow(which, false), signal, room);
  if (Discards(tasks_[target], sending)) {
    if (signal == kSigCont) NoticeAll(leader);  // the stop that tells of it is due all the same
    return 0;
  }
  const Pending pending = sending.to_thread ? ThreadPending(target) : SharedPending(leader);
  // One that is there already wakes nobody.
  const bool wakes = g_.interests != 0 && (signal >= kSigRtMin || !Has(*pending.bits, signal)) &&
                     WakeInterestsInSignals(tasks_[leader].pid);
  AddPending(pending, signal, room);
  NoticeNew(target, sending);
  if (wakes) ReconsiderAll(KindBit(CallKind::kPoll) | KindBit(CallKind::kEpollWait));
  return 0;
}

// A signal has become pending: it ends all at once, or whom it concerns looks at it.
void Kernel::NoticeNew(Slot target, const Sending& sending) {
  const int signal = sending.signal;
  const Slot leader = tasks_[target].leader;
  if (sending.to_thread && signal != kSigCont) {
    if (IsFatalAtOnce(target, target, signal)) return KillProcess(leader, signal);
    return Notice(target);
  }
  bool fatal = false;
  ForEachThread(leader, [&](Slot slot) { fatal |= IsFatalAtOnce(slot, target, signal); });
  if (fatal) {
    KillProcess(leader, signal);
  } else {
    NoticeAll(leader);
  }
}

void Kernel::FlushShadow(uint64_t signals) {
  for (int which = 0; which < 2; ++which) {
    for (const bool unowed : {false, true}) FlushPending(Shadow(which, unowed), signals);
  }
}

// Such a signal ends the whole process before any of its threads runs again, if `slot` is one that could
// take it. One that is stopped keeps it pending, KILL apart; one in a sync that hangs even that. Whether
// somebody traces is asked of the target, not of who takes it (wants_signal, complete_signal).
bool Kernel::IsFatalAtOnce(Slot slot, Slot target, int signal) const {
  const Task& task = tasks_[slot];
  if (task.run == Run::kZombie || Has(task.mask, signal)) return false;
  if (task.run == Run::kInCall && task.call.kind == CallKind::kSync) return false;
  if (signal == kSigKill) return true;
  if (IsStopped(task)) return false;
  const Task& leader = Leader(task);
  return tasks_[target].tracer == kNoSlot && task.leader != 0 &&
         !Has(leader.handled | leader.ignored | kIgnoredByDefault | kStopSignals | kDumpsCore,
              signal);
}

void Kernel::NoticeAll(Slot leader) {
  const Pid pid = tasks_[leader].pid;
  ForEachThread(leader, [&](Slot slot) {
    // What one thread did may have ended all.
    if (tasks_[leader].pid == pid) Notice(slot);
  });
}

// A thread looks at what is pending: a call that waits for signals may return, then they act.
void Kernel::Notice(Slot slot) {
  Reconsider(slot);
  ActOnSignals(slot);
}

int Kernel::NextDeliverable(const Task& task) const {
  const uint64_t own = task.pending & ~task.mask;
  const uint64_t all = own != 0 ? own : Leader(task).shared_pending & ~task.mask;
  return all == 0 ? 0 : FirstOf(all);
}

void Kernel::ActOnPending(Slot slot) {
  Task& task = tasks_[slot];
  const Pid pid = task.pid;
  while (!Over() && task.pid == pid && task.run != Run::kZombie && !IsStopped(task) &&
         task.injected == 0) {
    if (task.run == Run::kInCall && IsUninterruptible(task.call.kind)) return;
    if (task.trap_due) {
      StopForTracer(slot, kSigTrap, false);
      return;
    }
    const int signal = NextDeliverable(task);
    if (signal == 0) return;
    const bool traced = task.tracer != kNoSlot && signal != kSigKill;
    if (!traced && Has(Leader(task).handled, signal)) {
      if (!RunHandlerOfPuppet(slot, signal)) return;
      continue;
    }
    if (traced) {
      Take(slot, SignalBit(signal));
      StopForTracer(slot, signal, true);
    } else {
      Dequeue(slot, SignalBit(signal));
      ActOnSignal(slot, signal);
    }
  }
}

// A handler of a puppet runs, unseen, and returns. That of a subject is left for Resume: false.
bool Kernel::RunHandlerOfPuppet(Slot slot, int signal) {
  Task& task = tasks_[slot];
  if (Leader(task).subject) {
    if (task.run == Run::kInCall) {
      task.run = Run::kSignaled;
      if (task.call.kind == CallKind::kSleep) task.result.time_ns = LeftToSleep(task);
      --g_.blocked;
    }
    return false;
  }
  Take(slot, SignalBit(signal));
  if (task.run != Run::kInCall) return true;
  Result result;
  const bool restarts = InterruptForHandler(slot, signal, &result);
  if (task.mask_saved) task.mask = task.saved_mask;
  task.mask_saved = false;
  if (!restarts) Return(slot, result);
  return true;
}

// Acts on a signal that is no longer pending and has no handler.
void Kernel::ActOnSignal(Slot slot, int signal) {
  const Slot leader = tasks_[slot].leader;
  const Task& process = tasks_[leader];
  if (Has(process.ignored | kIgnoredByDefault, signal)) return;
  if (leader == 0 && !Has(kKernelOnly, signal)) return;
  if (!Has(kStopSignals, signal)) {
    KillProcess(leader, signal);
  } else if (signal == kSigStop || !IsOrphaned(process.group, kNoSlot)) {
    StopProcess(leader, signal);
  }
}

void Kernel::StopProcess(Slot leader, int signal) {
  Task& process = tasks_[leader];
  if (!process.stopped) {
    SetStop(process.stopped, true);
    process.continued = false;
    process.stop_report = static_cast<uint8_t>(signal);
  }
  const Slot parent = process.parent;
  const bool parent_is_told = process.tracer == kNoSlot || process.tracer != parent;
  ForEachThread(leader, [&](Slot slot) {
    Task& task = tasks_[slot];
    if (task.run == Run::kZombie) return;
    InterruptWithoutHandler(slot);
    if (task.tracer != kNoSlot && !task.trace_stopped) StopForTracer(slot, signal, false);
  });
  if (parent == kNoSlot || !parent_is_told) return;
  NotifyOfStop(parent, {.pid = process.pid, .code = kStopped, .status = signal});
}

// Generating a SIGCONT continues, whatever becomes of the signal. A thread in a stop for its tracer
// stays there.
void Kernel::ContinueProcess(Slot leader) {
  Task& process = tasks_[leader];
  if (!process.stopped) return;
  SetStop(process.stopped, false);
  process.stop_report = 0;
  process.continued = true;
  const Slot parent = process.parent;
  if (parent != kNoSlot)
    NotifyOfStop(parent, {.pid = process.pid, .code = kContinued, .status = kSigCont});
  NoticeAll(leader);
}

// --- Sending -------------------------------------------------------------------------------------

namespace {
constexpr bool IsSignal(int signal) { return signal >= 0 && signal <= kSigRtMax; }
}  // namespace

// kill(2), without pid -1 and groups for the calls that have none.
int Kernel::Send(Slot sender, Pid pid, const Sending& sending) {
  if (!IsSignal(sending.signal)) return -EINVAL;
  if (pid == -1) return SendToAll(sender, sending);
  if (pid == 0) return SendToGroup(Leader(tasks_[sender]).group, sending);
  if (pid == INT32_MIN) return -ESRCH;
  if (pid < 0) return SendToGroup(-pid, sending);
  const Slot slot = FindSlot(pid);
  if (slot == kNoSlot) return -ESRCH;
  // A thread's number finds its process.
  return Generate(tasks_[slot].leader, sending);
}

// Newest member first, as the kernel walks a group: it matters when one death ends another.
int Kernel::SendToGroup(Pid group, const Sending& sending) {
  if (!IsSignal(sending.signal)) return -EINVAL;
  return SendToMany(sending, [group](const Task& task) { return task.group == group; });
}

int Kernel::SendToAll(Slot sender, const Sending& sending) {
  const Slot own = tasks_[sender].leader;
  return SendToMany(
      sending, [this, own](const Task& task) { return task.pid != kInit && SlotOf(task) != own; });
}

int Kernel::SendToThread(Pid process, Pid thread, const Sending& sending) {
  if (thread <= 0 || process == 0 || process < -1 || !IsSignal(sending.signal)) return -EINVAL;
  const Slot slot = FindSlot(thread);
  if (slot == kNoSlot || (process > 0 && Leader(tasks_[slot]).pid != process)) return -ESRCH;
  return Generate(slot, sending);
}

int Kernel::SendFromKernel(Pid process, int signal) {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot || tasks_[slot].leader != slot) return -ESRCH;
  if (!IsSignal(signal)) return -EINVAL;
  return Generate(slot, {.signal = signal, .forced = true});
}

int Kernel::SendFromAncestor(Pid process, int signal) { return SendFromKernel(process, signal); }

int Kernel::SendFromKernelToGroup(Pid group, int signal) {
  return SendToGroup(group, {.signal = signal, .forced = true});
}

int Kernel::QueueFromAncestor(Pid process, int signal) {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot || tasks_[slot].leader != slot) return -ESRCH;
  if (!IsSignal(signal)) return -EINVAL;
  return Generate(slot, {.signal = signal, .forced = true, .must_queue = true});
}

int Kernel::SendToThreadFromAncestor(Pid thread, int signal) {
  return SendToThread(-1, thread,
                      {.signal = signal, .to_thread = true, .forced = true, .must_queue = true});
}

// Resets the disposition if the fault would not be felt, and takes PID 1's protection away
// (force_sig_info_to_task).
int Kernel::Fault(Pid thread, int signal) {
  const Slot slot = FindSlot(thread);
  if (slot == kNoSlot || tasks_[slot].run == Run::kZombie) return -ESRCH;
  if (signal < 1 || signal > kSigRtMax || Has(kKernelOnly, signal)) return -EINVAL;
  Task& task = tasks_[slot];
  Task& leader = Leader(task);
  if (Has(task.mask | leader.ignored, signal)) {
    task.mask &= ~SignalBit(signal);
    leader.ignored &= ~SignalBit(signal);
    leader.handled &= ~SignalBit(signal);
  }
  if (!Has(leader.handled, signal) && task.tracer == kNoSlot) {
    KillProcess(task.leader, signal);
    return 0;
  }
  return Generate(slot, {.signal = signal, .to_thread = true, .forced = true});
}

// --- Calls about masks and dispositions ----------------------------------------------------------

Result Kernel::SetMask(Slot slot, const Call& call) {
  Task& task = tasks_[slot];
  const Result result{.set = task.mask};
  const uint64_t set = call.set & ~kUnmaskable;
  switch (call.value) {
    case kMaskBlock:
      task.mask |= set;
      break;
    case kMaskUnblock:
      task.mask &= ~set;
      break;
    case kMaskSet:
      task.mask = set;
      break;
    default:
      return Error(EINVAL);
  }
  ActOnSignals(slot);
  return result;
}

Result Kernel::SetAction(Slot slot, const Call& call) {
  const int signal = call.signal;
  const bool query = call.value == kSigActionQuery;
  if (signal < 1 || signal > kSigRtMax || (!query && Has(kKernelOnly, signal))) {
    return Error(EINVAL);
  }
  const Slot leader = tasks_[slot].leader;
  Task& process = tasks_[leader];
  const uint64_t bit = SignalBit(signal);
  const Result result{.status = Has(process.handled, signal)   ? kSigHandler
                                : Has(process.ignored, signal) ? kSigIgn
                                                               : kSigDfl};
  if (query) return result;
  const auto put = [bit](uint64_t& set, bool in) { set = in ? set | bit : set & ~bit; };
  put(process.handled, call.value == kSigHandler);
  put(process.ignored, call.value == kSigIgn);
  put(process.restarts, call.value == kSigHandler && (call.flags & kSaRestart) != 0);
  if (signal == kSigChld) {
    process.no_child_stop = (call.flags & kSaNoChildStop) != 0;
    process.no_child_wait = (call.flags & kSaNoChildWait) != 0;
  }
  // Whatever is pending of a signal that is now ignored goes, even if it is blocked (do_sigaction;
  // POSIX 2.4.3). The shadow sets stay: see StartOwing.
  if (call.value == kSigIgn || (call.value == kSigDfl && Has(kIgnoredByDefault, signal))) {
    FlushProcess(leader, bit);
    NoticeAll(leader);  // what had to wait for that one
  }
  return result;
}

// Setting a handler discards nothing.
int Kernel::HandleAll(Pid process) {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot) return -ESRCH;
  Task& leader = Leader(tasks_[slot]);
  leader.handled = ~kUnmaskable;
  leader.ignored = leader.restarts = 0;
  leader.no_child_stop = leader.no_child_wait = false;
  return 0;
}

}  // namespace minit::kernel
