#include "harness/rig/cast.h"

#include <algorithm>
#include <bit>

#include "harness/kernel/call.h"
#include "harness/kernel/digest.h"

namespace minit::rig {
namespace {

using contract::Cause;
using kernel::Kernel;
using kernel::kInit;
using kernel::Path;
using kernel::Pid;
using scenario::Move;
using scenario::MoveKind;
using scenario::Who;
namespace calls = kernel::calls;

constexpr Effect kNothing{};

constexpr Effect Did(Cause cause, Pid pid = 0, int signal_or_code = 0) {
  return {.cause = cause, .pid = pid, .signal = static_cast<uint8_t>(signal_or_code)};
}

Path PathOf(scenario::Stream stream) {
  switch (stream) {
    case scenario::Stream::kConsole:
      return Path::kConsole;
    case scenario::Stream::kNull:
      return Path::kNull;
    case scenario::Stream::kTerminal:
      return Path::kTerminal;
    case scenario::Stream::kFile:
      return Path::kOther;
    case scenario::Stream::kClosed:
      break;
  }
  return Path::kMissing;
}

// Through whom a process makes calls: its leader or, if that is dead, its oldest living thread.
Pid SpeakerOf(Pid process, const Kernel& kernel) {
  if (kernel.GlanceAt(process).activity != kernel::Activity::kZombie) return process;
  for (int i = 0; i < kernel.size(); ++i) {
    const Pid pid = kernel.PidAt(i);
    const kernel::Glance view = kernel.GlanceAt(pid);
    if (view.process == process && view.activity != kernel::Activity::kZombie) return pid;
  }
  return process;
}

Pid YoungestThread(Pid process, const Kernel& kernel) {
  for (int i = kernel.size() - 1; i >= 0; --i) {
    const Pid pid = kernel.PidAt(i);
    const kernel::Glance view = kernel.GlanceAt(pid);
    if (view.process == process && pid != process && view.activity != kernel::Activity::kZombie) {
      return pid;
    }
  }
  return 0;
}

bool IsAlive(Pid pid, const Kernel& kernel) {
  const kernel::Glance view = kernel.GlanceAt(pid);
  return view.exists && view.activity != kernel::Activity::kZombie;
}

// `who` makes a call by itself. False: it cannot, or was refused. Of one that it dies of no result comes.
bool Calls(Pid who, const kernel::Call& call, Kernel& kernel) {
  const bool lived = IsAlive(who, kernel);
  const kernel::Result result = kernel.Issue(who, call);
  if (result.state == kernel::Result::State::kDone) return result.value >= 0;
  return lived && !IsAlive(who, kernel);
}

// What a signal that was sent to a process has brought about.
Effect SentTo(Pid pid, int signal, const kernel::Glance& before, const Kernel& kernel) {
  const kernel::Glance after = kernel.GlanceAt(pid);
  using kernel::Activity;
  const bool was_stopped = before.stopped || before.activity == Activity::kTraced;
  if (after.activity == Activity::kTraced && before.activity != Activity::kTraced) {
    return Did(Cause::kTracedStop, pid, signal);
  }
  if (after.stopped && !was_stopped) return Did(Cause::kUntracedStop, pid, signal);
  if (signal == kernel::kSigCont && was_stopped) return Did(Cause::kContinue, pid, signal);
  return Did(Cause::kSignal, pid, signal);
}

}  // namespace

// --- Entry ---------------------------------------------------------------------------------------

void Cast::Enter(const scenario::Entry& entry, Kernel& kernel) {
  *this = Cast{};
  missing_ = entry.missing;
  has_proc_ = entry.pid_namespace;
  environment_ = entry.environment;
  arguments_ = entry.arguments;
  kernel.Reset({.signal_queue_limit = entry.signal_queue,
                .last_thread_status = !entry.leader_status,
                .pid_namespace = entry.pid_namespace});
  EnterDescriptors(entry, kernel);
  // Children first: they are older than the mask and the dispositions that init is entered with, and
  // their deaths and stops have long been announced.
  for (int n = 1; n <= scenario::kProcesses; ++n) {
    const scenario::Entry::Child& child = entry.children[static_cast<std::size_t>(n) - 1];
    if (child.how != scenario::Inheritance::kNone) Inherit(n, child, kernel);
  }
  EnterSignals(entry, kernel);
}

// Streams of the same kind share one open file, as they do when a kernel or a shell opens it.
void Cast::EnterDescriptors(const scenario::Entry& entry, Kernel& kernel) {
  for (int fd = 0; fd < 3; ++fd) {
    const scenario::Stream stream = entry.streams[static_cast<std::size_t>(fd)];
    if (stream == scenario::Stream::kClosed) continue;
    int same = 0;
    while (entry.streams[static_cast<std::size_t>(same)] != stream) ++same;
    if (same < fd) {
      kernel.Issue(kInit, calls::Dup(static_cast<int16_t>(same), fd));
    } else {
      kernel.GiveDescriptor(kInit, fd, PathOf(stream), 0);
    }
  }
  int first = -1;
  for (uint64_t left = entry.descriptors; left != 0; left &= left - 1) {
    const int fd = std::countr_zero(left);
    if (first >= 0) {
      kernel.Issue(kInit, calls::Dup(static_cast<int16_t>(first), fd));
    } else {
      kernel.GiveDescriptor(kInit, fd, Path::kOther, 0);
      first = fd;
    }
  }
}

void Cast::Inherit(int number, const scenario::Entry::Child& child, Kernel& kernel) {
  const Pid pid = kernel.Fork(kInit);
  if (pid <= 0) return;
  Bind(scenario::Process(number), pid);
  switch (child.how) {
    case scenario::Inheritance::kExited:
      kernel.Exit(pid, child.value);
      break;
    case scenario::Inheritance::kKilled:
      kernel.Die(pid, child.value, false);
      break;
    case scenario::Inheritance::kTraced:
      kernel.Issue(pid, calls::Ptrace(kernel::kPtraceTraceMe));
      kernel.SendFromKernel(pid, child.value);
      break;
    default:
      break;
  }
}

void Cast::EnterSignals(const scenario::Entry& entry, Kernel& kernel) {
  for (uint64_t left = entry.ignored; left != 0; left &= left - 1) {
    kernel.Issue(kInit, calls::SigAction(std::countr_zero(left) + 1, kernel::kSigIgn));
  }
  if (entry.mask != 0) {
    kernel.Issue(kInit, calls::SigProcMask(kernel::kMaskSet, entry.mask));
  }
  for (uint64_t left = entry.pending; left != 0; left &= left - 1) {
    kernel.SendFromAncestor(kInit, std::countr_zero(left) + 1);
  }
}

// --- Names ---------------------------------------------------------------------------------------

const Cast::Name* Cast::NameOf(Who who) const {
  static constexpr Name kInitsName{.pid = kInit};
  static constexpr Name kNobody{};
  const auto forked = [&](int from_end) {
    return forked_count_ < from_end ? &kNobody
                                    : &forked_[static_cast<std::size_t>(forked_count_ - from_end)];
  };
  switch (who) {
    case Who::kInit:
      return &kInitsName;
    case Who::kChild:
      return child_is_known_ ? &child_ : forked(1);
    case Who::kHelper:
      return child_is_known_ ? forked(1) : forked(2);
    default:
      return &processes_[static_cast<std::size_t>(who) - 1];
  }
}

Pid Cast::Find(Who who, const Kernel& kernel) const {
  const Name& name = *NameOf(who);
  return name.gone || !kernel.Exists(name.pid) ? 0 : name.pid;
}

Pid Cast::LastNumber(Who who) const { return NameOf(who)->pid; }

void Cast::Bind(Who who, Pid pid) { processes_[static_cast<std::size_t>(who) - 1] = {.pid = pid}; }

void Cast::BeforeBirth(const Kernel& kernel) {
  const auto sweep = [&](Name& name) {
    if (name.pid != 0 && !name.gone && !kernel.Exists(name.pid)) name.gone = true;
  };
  for (Name& name : processes_) sweep(name);
  for (int i = 0; i < forked_count_; ++i) sweep(forked_[static_cast<std::size_t>(i)]);
  sweep(child_);
}

void Cast::OnFork(Pid newborn, Kernel& kernel) {
  if (forked_count_ == kMaxForked) {
    std::shift_left(forked_.begin(), forked_.end(), 1);
    --forked_count_;
  }
  forked_[forked_count_++] = {.pid = newborn};
  if (keep_next_) kernel.Keep(newborn, true);
  keep_next_ = false;
}

void Cast::OnExec(Pid pid) {
  for (int i = forked_count_ - 1; i >= 0; --i) {
    Name* const at = &forked_[static_cast<std::size_t>(i)];
    if (at->pid != pid || at->gone) continue;
    if (!child_is_known_) child_ = *at;
    child_is_known_ = true;
    std::shift_left(at, forked_.data() + forked_count_, 1);
    forked_[--forked_count_] = Name{};
    return;
  }
}

Path Cast::Named(Path path) const {
  using scenario::MissingFile;
  const auto missing = [&](MissingFile file) {
    return (missing_ >> static_cast<int>(file) & 1) != 0;
  };
  if (path == Path::kConsole && missing(MissingFile::kConsole)) return Path::kNoConsole;
  if (path == Path::kNull && missing(MissingFile::kNull)) return Path::kMissing;
  return path;
}

Path Cast::Reopened(Pid process, int fd, const Kernel& kernel) const {
  return has_proc_ ? kernel.DescriptorPath(process, fd) : Path::kMissing;
}

bool Cast::ChildMayBeForked(const Kernel& kernel) const {
  return std::any_of(forked_.begin(), forked_.begin() + forked_count_, [&kernel](const Name& name) {
    return !name.gone && kernel.GlanceAt(name.pid).activity != kernel::Activity::kZombie;
  });
}

uint64_t Cast::Hash() const {
  uint64_t hash = forked_count_;
  const auto mix = [&hash](uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  };
  for (const Name& name : processes_) mix(static_cast<uint64_t>(name.pid) * 2 + name.gone);
  for (int i = 0; i < forked_count_; ++i) {
    const Name& name = forked_[static_cast<std::size_t>(i)];
    mix(static_cast<uint64_t>(name.pid) * 2 + name.gone);
  }
  mix(static_cast<uint64_t>(child_.pid) * 2 + child_.gone);
  mix(uint64_t{child_is_known_} * 2 + keep_next_);
  return hash;
}

uint64_t Cast::Fingerprint(const Kernel& kernel) const {
  kernel::Digest digest;
  const auto find = [&](const Name& name) {
    return name.pid == 0 || name.gone || !kernel.Exists(name.pid) ? 0 : name.pid;
  };
  for (std::size_t i = 0; i < processes_.size(); i += 2) {
    digest.Add(find(processes_[i]), find(processes_[i + 1]));
  }
  for (int i = 0; i < forked_count_; ++i) {
    digest.Add(find(forked_[static_cast<std::size_t>(i)]), i);
  }
  digest.Add(find(child_), child_is_known_ * 2 + keep_next_);
  return digest.value();
}

// --- Moves ---------------------------------------------------------------------------------------

Effect Cast::Make(const Move& move, Kernel& kernel) {
  // Most names are somebody's; what needs nobody comes under kInit or goes by itself.
  const Pid who = Find(move.who, kernel);
  switch (move.kind) {
    case MoveKind::kDie:
    case MoveKind::kDumpCore:
    case MoveKind::kFork:
    case MoveKind::kDoubleFork:
    case MoveKind::kBurst:
      return who == 0 ? kNothing : MakeOfLife(move, who, kernel);
    case MoveKind::kExit:
    case MoveKind::kThreadStart:
    case MoveKind::kThreadExit:
    case MoveKind::kLeaderExit:  // what runs init's code does only what that says
      return who == 0 || kernel.GlanceAt(who).subject ? kNothing : MakeOfLife(move, who, kernel);
    case MoveKind::kFromKernel:
    case MoveKind::kFromKernelGroup:
    case MoveKind::kFromAncestor:
    case MoveKind::kFromAncestorThread:
    case MoveKind::kFromAncestorQueue:
    case MoveKind::kStop:
    case MoveKind::kContinue:
      return who == 0 ? kNothing : MakeOfSignal(move, who, kernel);
    case MoveKind::kFreeze:
    case MoveKind::kThaw:
      return MakeOfSignal(move, kInit, kernel);
    case MoveKind::kKeep:
    case MoveKind::kKeepNext:
    case MoveKind::kLet:
    case MoveKind::kOneCall:
    case MoveKind::kFailForks:
    case MoveKind::kFailExecs:
    case MoveKind::kFailReboots:
    case MoveKind::kHangSync:
    case MoveKind::kFillConsole:
    case MoveKind::kHeal:
    case MoveKind::kNextPid:
    case MoveKind::kPass:
      return MakeOfWorld(move, who, kernel);
    default:
      break;
  }
  if (who == 0) return kNothing;
  const kernel::Glance view = kernel.GlanceAt(who);
  return view.subject ? kNothing : MakeByCall(move, SpeakerOf(who, kernel), kernel);
}

Effect Cast::Fork(Pid who, Who newborn, Kernel& kernel) {
  const Pid born = kernel.Fork(who);
  if (born <= 0) return kNothing;
  Bind(newborn, born);
  return Did(Cause::kOther, born);
}

Effect Cast::DoubleFork(Pid who, Who orphan, Kernel& kernel) {
  const Pid middle = kernel.Fork(who);
  if (middle <= 0) return kNothing;
  const Pid born = kernel.Fork(middle);
  if (born > 0) Bind(orphan, born);
  kernel.Exit(middle, 0);
  kernel.Issue(who, calls::Wait4(middle));
  return Did(Cause::kOther, born > 0 ? born : who);
}

Effect Cast::MakeOfLife(const Move& move, Pid who, Kernel& kernel) {
  const int number = move.number;
  switch (move.kind) {
    case MoveKind::kExit:
      return kernel.Exit(who, number) == 0 ? Did(Cause::kExit, who, number) : kNothing;
    case MoveKind::kDie:
      return kernel.Die(who, number, false) == 0 ? Did(Cause::kKill, who, number) : kNothing;
    case MoveKind::kDumpCore:
      return kernel.Die(who, number, true) == 0 ? Did(Cause::kCore, who, number) : kNothing;
    case MoveKind::kLeaderExit:
      return kernel.ExitThread(who, number) == 0 ? Did(Cause::kExit, who, number) : kNothing;
    case MoveKind::kThreadExit: {
      const Pid thread = YoungestThread(who, kernel);
      if (thread == 0 || kernel.ExitThread(thread, 0) != 0) return kNothing;
      return Did(Cause::kExit, thread);
    }
    default:
      break;
  }
  // Births.
  BeforeBirth(kernel);
  if (move.kind == MoveKind::kFork || move.kind == MoveKind::kDoubleFork) {
    const Pid speaker = SpeakerOf(who, kernel);
    const kernel::Glance view = kernel.GlanceAt(speaker);
    if (view.subject || view.activity != kernel::Activity::kRunning) return kNothing;
    return move.kind == MoveKind::kFork ? Fork(speaker, move.other_process(), kernel)
                                        : DoubleFork(speaker, move.other_process(), kernel);
  }
  if (move.kind == MoveKind::kBurst) {
    return kernel.Burst(who, number, move.other) > 0 ? Did(Cause::kExit, 0, move.other) : kNothing;
  }
  const Pid born = kernel.StartThread(who);
  return born > 0 ? Did(Cause::kOther, born) : kNothing;
}

Effect Cast::MakeByCall(const Move& move, Pid who, Kernel& kernel) {
  const int number = move.number;
  const auto by = [&](const kernel::Call& call) {
    return Calls(who, call, kernel) ? Did(Cause::kOther, who) : kNothing;
  };
  switch (move.kind) {
    case MoveKind::kExec:
      return by(calls::Exec());
    case MoveKind::kReap:
      return by(calls::Wait4(-1, kernel::kWaitNoHang));
    case MoveKind::kSetSid:
      return by(calls::SetSid());
    case MoveKind::kSubreaper:
      return by(calls::Subreaper(true));
    case MoveKind::kIgnore:
      return by(calls::SigAction(number, kernel::kSigIgn));
    case MoveKind::kHandleAll: {
      const Effect effect = by(calls::SigAction(kernel::kSigHup, kernel::kSigHandler));
      if (effect.cause != Cause::kNone) kernel.HandleAll(who);
      return effect;
    }
    case MoveKind::kTraceMe:
      return by(calls::Ptrace(kernel::kPtraceTraceMe));
    case MoveKind::kKillAll:
      return Calls(who, calls::Kill(-1, number), kernel) ? Did(Cause::kSignal, 0, number)
                                                         : kNothing;
    default:
      break;
  }
  // Calls about another.
  const Pid other = Find(move.other_process(), kernel);
  if (other == 0) return kNothing;
  const kernel::Glance before = kernel.GlanceAt(other);
  const auto sends = [&](const kernel::Call& call) {
    return Calls(who, call, kernel) ? SentTo(other, number, before, kernel) : kNothing;
  };
  switch (move.kind) {
    case MoveKind::kSetPgid:
      return by(calls::SetPgid(0, move.other_process() == move.who ? 0 : before.group));
    case MoveKind::kAttach:
      return sends(calls::Ptrace(kernel::kPtraceAttach, other));
    case MoveKind::kSeize:
      return by(calls::Ptrace(kernel::kPtraceSeize, other));
    case MoveKind::kDetach:
      return by(calls::Ptrace(kernel::kPtraceDetach, other, number));
    case MoveKind::kResume:
      return by(calls::Ptrace(kernel::kPtraceContinue, other, number));
    case MoveKind::kKill:
      return sends(calls::Kill(other, number));
    case MoveKind::kKillThread:
      return sends(calls::ThreadKill(other, other, number));
    case MoveKind::kQueue:
      return sends(calls::SigQueue(other, number));
    case MoveKind::kKillGroup:
      return sends(calls::Kill(-before.group, number));
    default:
      return kNothing;
  }
}

Effect Cast::MakeOfSignal(const Move& move, Pid who, Kernel& kernel) {
  const kernel::Glance before = kernel.GlanceAt(who);
  int signal = move.number;
  int error = 0;
  switch (move.kind) {
    case MoveKind::kFromKernelGroup:
      error = kernel.SendFromKernelToGroup(before.group, signal);
      break;
    case MoveKind::kFromAncestor:
      error = kernel.SendFromAncestor(who, signal);
      break;
    case MoveKind::kFromAncestorThread:
      error = kernel.SendToThreadFromAncestor(who, signal);
      break;
    case MoveKind::kFromAncestorQueue:
      error = kernel.QueueFromAncestor(who, signal);
      break;
    case MoveKind::kContinue:
      signal = kernel::kSigCont;
      error = kernel.SendFromKernel(who, signal);
      break;
    case MoveKind::kFreeze:
      signal = kernel::kSigStop;
      error = kernel.SendFromAncestor(who, signal);
      break;
    case MoveKind::kThaw:
      signal = kernel::kSigCont;
      error = kernel.SendFromAncestor(who, signal);
      break;
    default:  // kFromKernel, kStop
      error = kernel.SendFromKernel(who, signal);
      break;
  }
  return error == 0 ? SentTo(who, signal, before, kernel) : kNothing;
}

Effect Cast::MakeOfWorld(const Move& move, Pid who, Kernel& kernel) {
  const auto number = static_cast<uint8_t>(move.number);
  kernel::Faults faults = kernel.faults();
  switch (move.kind) {
    case MoveKind::kKeep:
      if (who == 0 || !kernel.GlanceAt(who).subject) return kNothing;
      return kernel.Keep(who, true) == 0 ? Did(Cause::kOther, who) : kNothing;
    case MoveKind::kLet:
      return kernel.Keep(who, false) == 0 ? Did(Cause::kOther, who) : kNothing;
    case MoveKind::kOneCall:
      return who != 0 && kernel.GlanceAt(who).subject ? Did(Cause::kOther, who) : kNothing;
    case MoveKind::kKeepNext:
      keep_next_ = true;
      return Did(Cause::kOther);
    case MoveKind::kNextPid: {
      constexpr Pid kEnd = kernel::Entry{}.pid_max;  // no entry changes it
      const Pid last = LastNumber(move.who);
      Pid next = last + move.number;
      while (next >= kEnd) next -= kEnd - 2;
      next = std::max(next, 2);
      return last != 0 && kernel.SetNextPid(next) == 0 ? Did(Cause::kOther) : kNothing;
    }
    case MoveKind::kPass:
      return Did(Cause::kOther);
    case MoveKind::kFailForks:
      faults.fork_failures = number;
      faults.fork_error = move.other;
      break;
    case MoveKind::kFailExecs:
      faults.exec_failures = number;
      faults.exec_error = move.other;
      break;
    case MoveKind::kFailReboots:
      faults.reboot_failures = number;
      faults.reboot_error = move.other;
      break;
    case MoveKind::kHangSync:
      faults.sync_hangs = true;
      break;
    case MoveKind::kFillConsole:
      faults.console_room = move.number;
      break;
    default: {  // kHeal
      const auto heals = [&](scenario::Fault fault) {
        const auto which = static_cast<scenario::Fault>(move.other);
        return which == fault || which == scenario::Fault::kAll;
      };
      if (heals(scenario::Fault::kForks)) faults.fork_failures = 0;
      if (heals(scenario::Fault::kExecs)) faults.exec_failures = 0;
      if (heals(scenario::Fault::kReboots)) faults.reboot_failures = 0;
      if (heals(scenario::Fault::kSync)) faults.sync_hangs = false;
      if (heals(scenario::Fault::kConsole)) faults.console_room = -1;
      break;
    }
  }
  if (faults == kernel.faults()) return kNothing;
  kernel.SetFaults(faults);
  return Did(Cause::kFault);
}

}  // namespace minit::rig
