// Calls: which does what, which block, and how a blocked one ends: by what it waits for, by its
// time-out, by a handler, or (for two kinds, see signal(7)) by a stop and a continue.

#include <cerrno>
#include <new>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

bool HasTimeOut(const Call& call) {
  constexpr uint64_t kKinds = KindBit(CallKind::kSigTimedWait) | KindBit(CallKind::kPoll) |
                              KindBit(CallKind::kEpollWait) | KindBit(CallKind::kSleep);
  return (kKinds & KindBit(call.kind)) != 0 && call.time_ns != kForever;
}

bool PutsMaskInPlace(const Call& call) {
  if (call.kind == CallKind::kSigSuspend) return true;
  return (call.kind == CallKind::kPoll || call.kind == CallKind::kEpollWait) &&
         (call.flags & kPollMask) != 0;
}

// signal(7): "Interruption of system calls and library functions by stop signals".
bool FailsAfterStop(CallKind kind) {
  return kind == CallKind::kSigTimedWait || kind == CallKind::kEpollWait;
}

}  // namespace

bool Kernel::IsVisibleNow(Pid caller, const Call& call) const {
  return IsVisible(call, WritesToConsole(caller, call));
}

void Kernel::Issue(Pid caller, const Call& call, bool visible, Result* result) {
  const Slot slot = FindSlot(caller);
  if (!LetCall(slot, visible)) {
    *result = kNeverReturns;
    return;
  }
  Task& task = tasks_[slot];
  task.result = Result{};
  ::new (static_cast<void*>(result)) Result(Perform(slot, call));
  if (result->state == Result::State::kBlocked) *result = Block(slot, call);
  if (g_.pipe_changed) WakeForPipes();
  if (Over() || task.pid != caller || task.run == Run::kZombie) *result = kNeverReturns;
}

// Whether the call can be made: who makes it runs, and still does when the time it takes is over. Inline
// whatever the compiler thinks: Issue alone asks, at every call.
[[gnu::always_inline]] inline bool Kernel::LetCall(Slot slot, bool visible) {
  if (Over() || slot == kNoSlot) return false;
  Task& task = tasks_[slot];
  const Pid caller = task.pid;
  const bool subject = Leader(task).subject;
  if (task.run == Run::kReturns && !subject) task.run = Run::kRuns;
  if (task.run != Run::kRuns || IsStopped(task)) return false;
  if (!subject || !visible) return true;
  AdvanceTo(Later(g_.now_ns, g_.call_time_ns));
  return !Over() && task.pid == caller && task.run == Run::kRuns;
}

Result Kernel::Perform(Slot slot, const Call& call) {
  switch (call.kind) {
    case CallKind::kSigTimedWait:
    case CallKind::kRead:
    case CallKind::kWrite:
    case CallKind::kPoll:
    case CallKind::kEpollWait:
    case CallKind::kPause:
    case CallKind::kSigSuspend:
    case CallKind::kSleep:
    case CallKind::kWait4:
    case CallKind::kWaitId:
    case CallKind::kSync:
      return Attempt(slot, call);
    case CallKind::kSigProcMask:
    case CallKind::kSigAction:
    case CallKind::kKill:
    case CallKind::kThreadKill:
    case CallKind::kSigQueue:
    case CallKind::kPidFdSendSignal:
      return PerformOnSignals(slot, call);
    case CallKind::kFork:
    case CallKind::kExec:
    case CallKind::kExit:
    case CallKind::kSetSid:
    case CallKind::kSetPgid:
    case CallKind::kSubreaper:
    case CallKind::kPtrace:
    case CallKind::kGetId:
    case CallKind::kReboot:
      return PerformOnProcesses(slot, call);
    case CallKind::kTerminal:
      return DoTerminal(slot, call);
    case CallKind::kClockRead:
      return {.time_ns = g_.now_ns};
    case CallKind::kAlarm:
      return DoAlarm(slot, call);
    case CallKind::kOther:
      if ((call.flags & kOtherAnswered) != 0) return {.value = call.signal};
      return Error(ENOSYS);
    default:
      return PerformOnDescriptors(slot, call);
  }
}

Result Kernel::PerformOnProcesses(Slot slot, const Call& call) {
  Task& process = Leader(tasks_[slot]);
  switch (call.kind) {
    case CallKind::kFork:
      return DoFork(slot, call);
    case CallKind::kExec:
      return DoExec(slot, call);
    case CallKind::kExit:
      KillProcess(SlotOf(process), (call.value & 0xff) << 8);
      return kNeverReturns;
    case CallKind::kSetSid:
      return DoSetSid(slot);
    case CallKind::kSetPgid:
      return DoSetPgid(slot, call);
    case CallKind::kSubreaper:
      process.subreaper = call.value != 0;
      return Value(0);
    case CallKind::kPtrace:
      return DoPtrace(slot, call);
    case CallKind::kReboot:
      return DoReboot(call);
    default:
      return DoGetId(tasks_[slot], call.value);
  }
}

Result Kernel::PerformOnSignals(Slot slot, const Call& call) {
  switch (call.kind) {
    case CallKind::kSigProcMask:
      return SetMask(slot, call);
    case CallKind::kSigAction:
      return SetAction(slot, call);
    case CallKind::kKill:
      return Value(Send(slot, call.pid, {.signal = call.signal}));
    case CallKind::kThreadKill:
      return Value(SendToThread(call.pid, call.value,
                                {.signal = call.signal, .to_thread = true, .must_queue = true}));
    case CallKind::kSigQueue:
      if (call.pid <= 0) return Error(ESRCH);
      return Value(Send(slot, call.pid, {.signal = call.signal, .must_queue = true}));
    default: {
      const Object* object = ObjectAt(tasks_[slot], call.fd);
      if (object == nullptr || object->kind != ObjectKind::kPidFd) return Error(EBADF);
      if (object->pid == 0) return Error(ESRCH);
      if (call.flags == kPidFdGroup)
        return Value(SendToGroup(object->pid, {.signal = call.signal}));
      if (call.flags == kPidFdThread) {
        return Value(SendToThread(object->pid, object->pid,
                                  {.signal = call.signal, .to_thread = true, .must_queue = true}));
      }
      return Value(Send(slot, object->pid, {.signal = call.signal}));
    }
  }
}

// Makes the call as far as it can be made now, for the first time or again.
Result Kernel::Attempt(Slot slot, const Call& call) {
  switch (call.kind) {
    case CallKind::kSigTimedWait: {
      const Taken taken = Take(slot, call.set & ~kUnmaskable);
      if (taken.signal == 0) return call.time_ns == 0 ? Error(EAGAIN) : kStillBlocked;
      return {.signal = taken.signal,
              .from_thread = taken.from_thread,
              .owed = taken.owed,
              .value = taken.signal};
    }
    case CallKind::kRead:
      return AttemptRead(slot, call);
    case CallKind::kWrite:
      return AttemptWrite(slot, call);
    case CallKind::kPoll:
      return AttemptPoll(slot, call);
    case CallKind::kEpollWait: {
      Result result = AttemptPoll(slot, call);
      const bool asks = g_.interests != 0 || call.value != 0;
      if (asks && result.value >= 0) TellOfReady(slot, call, &result);
      return result;
    }
    case CallKind::kWait4:
    case CallKind::kWaitId:
      return Wait(slot, call);
    case CallKind::kSync:
      return g_.faults.sync_hangs ? kStillBlocked : Value(0);
    case CallKind::kSleep: {
      const bool absolute = (call.flags & kSleepAbsolute) != 0;
      return call.time_ns <= (absolute ? g_.now_ns : 0) ? Value(0) : kStillBlocked;
    }
    default:
      return kStillBlocked;
  }
}

Result Kernel::Block(Slot slot, const Call& call) {
  Task& task = tasks_[slot];
  const Pid pid = task.pid;
  task.call = call;
  task.run = Run::kInCall;
  ++g_.blocked;
  if (HasTimeOut(call)) {
    task.deadline_ns = (call.flags & kSleepAbsolute) != 0 && call.kind == CallKind::kSleep
                           ? call.time_ns
                           : Later(g_.now_ns, call.time_ns);
    ArmDeadline(task.deadline_ns);
  }
  if (PutsMaskInPlace(call)) {
    task.saved_mask = task.mask;
    task.mask_saved = true;
    task.mask = call.mask & ~kUnmaskable;
  }
  ActOnSignals(slot);
  if (Over() || task.pid != pid || task.run == Run::kZombie) return kNeverReturns;
  if (task.run != Run::kReturns || IsStopped(task)) return kStillBlocked;
  task.run = Run::kRuns;
  return task.result;
}

// A blocked call ends.
void Kernel::Return(Slot slot, const Result& result) {
  Task& task = tasks_[slot];
  if (task.run == Run::kInCall) --g_.blocked;
  task.run = Run::kReturns;
  task.result = result;
  task.told = false;
  task.deadline_ns = kForever;
  if (task.mask_saved) task.mask = task.saved_mask;
  task.mask_saved = false;
  ActOnSignals(slot);  // what the mask, or an uninterruptible call, held back
}

// What a call brings about finds it over, though what it returns is not yet said.
void Kernel::EndCall(Task& task) {
  if (task.run != Run::kInCall) return;
  task.run = Run::kReturns;
  --g_.blocked;
}

void Kernel::Reconsider(Slot slot) {
  Task& task = tasks_[slot];
  if (task.run != Run::kInCall || IsStopped(task) || task.call.kind == CallKind::kFork) return;
  const Pid pid = task.pid;
  const Result result = Attempt(slot, task.call);
  if (task.pid != pid || task.run == Run::kZombie) return;  // by SIGPIPE
  if (result.state != Result::State::kBlocked) {
    Return(slot, result);
    if (g_.pipe_changed) WakeForPipes();
  } else if (task.deadline_ns <= g_.now_ns) {
    TimeOut(slot);
  } else {
    ArmDeadline(task.deadline_ns);
  }
}

void Kernel::ReconsiderAll(uint64_t kinds) {
  for (int i = 0; i < g_.count && g_.blocked != 0;) {
    const Slot slot = order_[i];
    if (tasks_[slot].run == Run::kInCall && (kinds & KindBit(tasks_[slot].call.kind)) != 0) {
      Reconsider(slot);
    }
    if (i < g_.count && order_[i] == slot) ++i;
  }
}

void Kernel::TimeOut(Slot slot) {
  Return(slot, tasks_[slot].call.kind == CallKind::kSigTimedWait ? Error(EAGAIN) : Value(0));
}

// The thread is woken, with no handler to run: most calls just go on.
void Kernel::InterruptWithoutHandler(Slot slot) {
  const Task& task = tasks_[slot];
  if (task.run == Run::kInCall && FailsAfterStop(task.call.kind)) Return(slot, Error(EINTR));
}

// What a sleep tells of as left, if it is interrupted now.
uint64_t Kernel::LeftToSleep(const Task& task) const {
  const bool relative = (task.call.flags & kSleepAbsolute) == 0;
  return relative && task.deadline_ns > g_.now_ns ? task.deadline_ns - g_.now_ns : 0;
}

bool Kernel::InterruptForHandler(Slot slot, int signal, Result* result) {
  const Task& task = tasks_[slot];
  *result = Error(EINTR);
  switch (task.call.kind) {
    case CallKind::kWrite:
      if (task.result.value > 0) {
        *result = task.result;
        return false;
      }
      break;
    case CallKind::kRead:
    case CallKind::kWait4:
    case CallKind::kWaitId:
      break;
    case CallKind::kSleep:
      result->time_ns = task.run == Run::kSignaled ? task.result.time_ns : LeftToSleep(task);
      return false;
    default:
      return false;
  }
  return (Leader(task).restarts & SignalBit(signal)) != 0;
}

// --- Running again -------------------------------------------------------------------------------

void Kernel::Resume(Pid thread, Step* step) {
  const Slot slot = FindSlot(thread);
  step->kind = Step::Kind::kGone;
  if (Over() || slot == kNoSlot) return;
  Task& task = tasks_[slot];
  ActOnSignals(slot);
  if (Over() || task.pid != thread || task.run == Run::kZombie) return;
  step->kind = Step::Kind::kStopped;
  if (IsStopped(task)) return;
  step->kind = Step::Kind::kBlocked;
  if (task.run == Run::kInCall) return;
  // ActOnSignals left only one with a handler.
  if (task.injected != 0 || NextDeliverable(task) != 0) return EnterNextHandler(slot, step);
  if (task.run == Run::kSignaled) {
    // What woke it was discarded meanwhile: it goes on until when it always would have.
    task.run = Run::kInCall;
    if (task.call.kind == CallKind::kSleep) task.result = Result{};
    ++g_.blocked;
    InterruptWithoutHandler(slot);
    Reconsider(slot);
    const bool gone = task.pid != thread || task.run == Run::kZombie;
    if (gone) step->kind = Step::Kind::kGone;
    if (gone || task.run == Run::kInCall) return;
  }
  if (task.run != Run::kReturns) {
    *step = {.kind = Step::Kind::kRuns};
    return;
  }
  task.run = Run::kRuns;
  step->kind = Step::Kind::kReturns;
  step->restarts = false;
  step->told = task.told;
  step->result = task.result;
}

void Kernel::Defer(Pid thread, const Result& result) {
  const Slot slot = FindSlot(thread);
  if (slot == kNoSlot || tasks_[slot].run != Run::kRuns) return;
  tasks_[slot].run = Run::kReturns;
  tasks_[slot].result = result;
  tasks_[slot].told = true;
}

void Kernel::EnterNextHandler(Slot slot, Step* step) {
  Task& task = tasks_[slot];
  *step = {.kind = Step::Kind::kHandler};
  if (task.injected != 0) {
    step->signal = task.injected;
    task.injected = 0;
  } else {
    const Taken taken = Take(slot, ~task.mask);
    step->signal = taken.signal;
    step->owed = taken.owed;
  }
  step->in_call = task.run == Run::kSignaled || task.run == Run::kReturns;
  if (task.run == Run::kSignaled) {
    step->restarts = InterruptForHandler(slot, step->signal, &step->result);
  } else if (task.run == Run::kReturns) {
    step->result = task.result;
    step->told = task.told;
  }
  step->mask = task.mask_saved ? task.saved_mask : task.mask;
  task.mask_saved = false;
  task.run = Run::kRuns;
  task.deadline_ns = kForever;
}

void Kernel::EnterHandler(Pid thread, uint64_t blocked) {
  const Slot slot = FindSlot(thread);
  if (slot != kNoSlot) tasks_[slot].mask |= blocked & ~kUnmaskable;
}

void Kernel::LeaveHandler(Pid thread, uint64_t mask) {
  const Slot slot = FindSlot(thread);
  if (slot == kNoSlot) return;
  tasks_[slot].mask = mask & ~kUnmaskable;
  ActOnSignals(slot);
}

// --- The rest ------------------------------------------------------------------------------------

Result Kernel::DoAlarm(Slot slot, const Call& call) {
  Task& process = Leader(tasks_[slot]);
  const TimerView old = AlarmOf(process.pid);
  process.alarm_ns = call.time_ns == 0 ? kForever : Later(g_.now_ns, call.time_ns);
  process.alarm_every_ns = call.time_ns == 0 ? 0 : call.set;
  process.alarm_is_out = false;
  ArmDeadline(process.alarm_ns);
  return {.set = old.every_ns, .time_ns = old.left_ns};
}

// kernel/reboot.c, reboot_pid_ns. The capability is asked for first: a fault of EPERM says that it
// is not there.
Result Kernel::DoReboot(const Call& call) {
  if (g_.faults.reboot_failures != 0) {
    if (g_.faults.reboot_failures != UINT8_MAX) --g_.faults.reboot_failures;
    return Error(g_.faults.reboot_error);
  }
  if (call.flags == 0) return Error(EINVAL);
  const bool is_namespace = g_.entry.pid_namespace;
  int status = 0;
  Ending ending = Ending::kNone;
  switch (call.value) {
    case kRebootRestart:
    case kRebootRestart2:
      ending = call.value == kRebootRestart ? Ending::kRestart : Ending::kRestart2;
      status = kSigHup;
      break;
    case kRebootHalt:
    case kRebootPowerOff:
      ending = call.value == kRebootHalt ? Ending::kHalt : Ending::kPowerOff;
      status = kSigInt;
      break;
    case kRebootCadOn:
    case kRebootCadOff:
      return is_namespace ? Error(EINVAL) : Value(0);
    default:
      return Error(EINVAL);
  }
  g_.ending = ending;
  g_.ending_status = static_cast<uint16_t>(is_namespace ? status : 0);
  return kNeverReturns;
}

void Kernel::SetFaults(const Faults& faults) {
  g_.faults = faults;
  if (g_.blocked == 0) return;
  ReconsiderAll(KindBit(CallKind::kSync) | KindBit(CallKind::kWrite) | KindBit(CallKind::kPoll));
}

}  // namespace minit::kernel
