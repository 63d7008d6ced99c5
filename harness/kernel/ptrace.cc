// Tracing, as far as a process that waits can tell. After kernel/ptrace.c and kernel/signal.c
// (ptrace_signal, ptrace_stop). The tracer is a process here, not one of its threads.

#include <array>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {

void Kernel::Trace(Slot tracee, Slot tracer, bool seize) {
  Task& task = tasks_[tracee];
  task.tracer = tracer;
  task.seized = seize;
  ++g_.traces;
}

void Kernel::Untrace(Task& task) {
  task.tracer = kNoSlot;
  task.seized = false;
  task.trap_due = false;
  --g_.traces;
}

Result Kernel::DoPtrace(Slot slot, const Call& call) {
  const Slot own = tasks_[slot].leader;
  if (call.value == kPtraceTraceMe) {
    if (tasks_[slot].tracer != kNoSlot) return Error(EPERM);
    const Slot parent = tasks_[own].parent;
    if (parent == kNoSlot) return Error(EPERM);  // init's parent is outside
    Trace(slot, parent, false);
    return Value(0);
  }
  const Slot target = FindSlot(call.pid);
  if (target == kNoSlot) return Error(ESRCH);
  Task& task = tasks_[target];
  if (call.value == kPtraceAttach || call.value == kPtraceSeize) {
    if (task.leader == own || task.leader == 0 || task.tracer != kNoSlot ||
        task.run == Run::kZombie) {
      return Error(EPERM);
    }
    const bool seize = call.value == kPtraceSeize;
    const bool was_stopped = tasks_[task.leader].stopped;
    Trace(target, own, seize);
    if (!seize) {
      FlushProcess(task.leader, SignalBit(kSigCont));
      task.pending |= SignalBit(kSigStop);
    }
    // A stopped one passes straight into a stop that its tracer can see, with the SIGSTOP to come.
    if (was_stopped) {
      StopForTracer(target, kSigStop, false);
    } else {
      ActOnSignals(target);
    }
    return Value(0);
  }
  if (task.tracer != own) return Error(ESRCH);
  if (call.value == kPtraceKill) {
    if (task.run != Run::kZombie) EndTraceStop(target, kSigKill);
    return Value(0);
  }
  if (task.run == Run::kZombie || !task.trace_stopped) return Error(ESRCH);
  const int data = call.signal;
  if (data < 0 || data > kSigRtMax) return Error(EIO);
  if (call.value == kPtraceDetach) {
    Untrace(task);
    EndTraceStop(target, data);
    return Value(0);
  }
  if (call.value == kPtraceContinue) {
    EndTraceStop(target, data);
    return Value(0);
  }
  return Error(EIO);
}

// The thread stops, and its tracer is told. `injects`: the stop comes with a signal, which the
// tracer may pass on, change or drop.
void Kernel::StopForTracer(Slot slot, int signal, bool injects) {
  Task& task = tasks_[slot];
  InterruptWithoutHandler(slot);
  SetStop(task.trace_stopped, true);
  task.trace_injects = injects;
  task.may_stop = injects;
  if (!injects) task.trap_due = false;
  // PTRACE_EVENT_STOP marks the stops of a seized one that are no delivery of a signal.
  const uint32_t event = task.seized && !injects ? 0x80U << 16 : 0;
  task.trace_status = event | static_cast<uint32_t>(signal) << 8 | 0x7f;
  task.trace_report = task.trace_status;
  NotifyOfStop(task.tracer, {.pid = task.pid, .code = kTrapped, .status = signal});
}

// The thread leaves its stop, with `signal` (0: none) if that stop takes one.
void Kernel::EndTraceStop(Slot slot, int signal) {
  Task& task = tasks_[slot];
  // A SIGCONT in between takes from a stop signal its effect (JOBCTL_STOP_DEQUEUED).
  const bool injects = task.trace_injects && (task.may_stop || !IsStopSignal(signal));
  SetStop(task.trace_stopped, false);
  task.trace_injects = false;
  task.trace_report = 0;
  if (signal == kSigKill) {
    KillProcess(task.leader, kSigKill);
    return;
  }
  const Pid pid = task.pid;
  if (injects && signal != 0) {
    Task& leader = Leader(task);
    const uint64_t bit = SignalBit(signal);
    if ((task.mask & bit) != 0) {
      task.pending |= bit;
    } else if ((leader.handled & bit) == 0) {
      ActOnSignal(slot, signal);
    } else if (leader.subject) {
      task.injected = static_cast<uint8_t>(signal);
    }
  }
  if (task.pid != pid || task.run == Run::kZombie) return;
  Reconsider(slot);
  ActOnSignals(slot);
}

// The tracer ends. A stop does too: with its signal, if the tracer was not yet told (the wait clears
// exit_code, which ptrace_signal reads). A zombie becomes its parent's.
void Kernel::Detach(Slot tracee) {
  Task& task = tasks_[tracee];
  const Slot tracer = task.tracer;
  Untrace(task);
  if (task.run != Run::kZombie) {
    if (task.trace_stopped) EndTraceStop(tracee, static_cast<int>(task.trace_report >> 8 & 0xff));
    return;
  }
  if (task.dying) return;  // it is about to be told of
  if (task.leader != tracee) {
    DropThread(tracee);
    return;
  }
  if (task.threads != 0) return;
  if (task.parent != tracer) {
    LeaveZombie(tracee, task.exit_signal);
  } else if (tasks_[tracer].no_child_wait || (tasks_[tracer].ignored & SignalBit(kSigChld)) != 0) {
    Reap(tracee);
  }
}

void Kernel::ReleaseTracees(Slot tracer) {
  std::array<Pid, kScenarioCapacity> tracees;
  std::size_t count = 0;
  for (int i = 0; i < g_.count; ++i) {
    if (tasks_[order_[i]].tracer == tracer) tracees[count++] = tasks_[order_[i]].pid;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Slot slot = FindSlot(tracees[i]);
    if (slot != kNoSlot && tasks_[slot].tracer == tracer) Detach(slot);
  }
}

}  // namespace minit::kernel
