#include "proptest/watch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/kernel/digest.h"

namespace minit::proptest {
namespace {

using namespace kernel;  // NOLINT: this is about all of it
using Views = std::vector<View>;

constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr uint64_t kStops =
    SignalBit(kSigStop) | SignalBit(kSigTstp) | SignalBit(kSigTtin) | SignalBit(kSigTtou);
constexpr uint64_t kHarmless =
    SignalBit(kSigChld) | SignalBit(kSigCont) | SignalBit(kSigUrg) | SignalBit(kSigWinch);
// They end a process once it runs, not as they are sent.
constexpr uint64_t kDumpsCore = SignalBit(3) | SignalBit(4) | SignalBit(5) | SignalBit(6) |
                                SignalBit(7) | SignalBit(8) | SignalBit(11) | SignalBit(24) |
                                SignalBit(25) | SignalBit(31);

// What a wait tells of: CLD_EXITED and its like, and those that follow.
enum News : uint8_t { kDeath = 3, kTraced = 4, kStop = 5, kContinue = 6 };

bool Has(uint64_t set, int signal) { return (set & SignalBit(signal)) != 0; }

int SignalOf(uint8_t value) {
  constexpr int kOften[] = {1, 9, 11, 15, 17, 18, 19, 20, 28, 34};
  return kOften[value % 10];
}

uint64_t SetOf(uint8_t value) {
  const uint64_t one = SignalBit(SignalOf(value / 4));
  return value % 4 == 0 ? kAllSignals : value % 4 == 1 ? one : value % 4 == 2 ? ~one : 0;
}

const View* Find(const Views& views, Pid pid) {
  const auto at = std::ranges::find(views, pid, &View::pid);
  return at == views.end() ? nullptr : &*at;
}

bool IsDead(const View& view) { return view.activity == Activity::kZombie; }

// Its threads that live.
Views ThreadsOf(const Views& views, Pid process) {
  Views threads;
  std::ranges::copy_if(views, std::back_inserter(threads), [process](const View& one) {
    return one.process == process && !IsDead(one);
  });
  return threads;
}

bool Lives(const Views& views, Pid process) { return !ThreadsOf(views, process).empty(); }

bool IsIn(const View& view, CallKind kind) { return view.call.kind == kind; }

bool IsInACall(const View& view) { return view.call.kind != CallKind::kOther; }

}  // namespace

void Watch::Begin(uint8_t how) {
  is_namespace_ = (how & 2) != 0;
  world_->Reset({.pid_max = (how & 4) != 0 ? 24 : 32768, .pid_namespace = is_namespace_});
  world_->SetCallTime(0);
  for (int i = 0; i < 3; ++i) world_->Fork(kInit);
  if ((how & 1) == 0) world_->Issue(kInit, calls::SigProcMask(kMaskSet, kAllSignals));
}

const char* Watch::Happen(const Row& row) {
  deed_ = {};
  Look(&before_);
  Do(row);
  if (world_->ending() != Ending::kNone) return nullptr;
  if (const char* const broken = world_->WhatIsBroken()) return broken;
  Look(&after_);
  for (const auto law :
       {&Watch::OfCallers, &Watch::OfWaits, &Watch::OfTraces, &Watch::OfSignals,
        &Watch::OfTerminalStops, &Watch::OfActions, &Watch::OfMasks, &Watch::OfPipes,
        &Watch::OfFaults, &Watch::OfForks, &Watch::OfExecs, &Watch::OfDeaths, &Watch::OfOthers,
        &Watch::OfVforks, &Watch::OfReadiness}) {
    if (const char* const broken = (this->*law)()) return broken;
  }
  return nullptr;
}

uint64_t Watch::SaidLast() const {
  const Result& said = deed_.result;
  Digest digest;
  digest.Add(said.state, said.value);
  digest.Add(said.code << 8 | said.signal, said.pid);
  digest.Add(said.status, said.set);
  return digest.value();
}

void Watch::Look(Views* views) const {
  views->clear();
  for (int i = 0; i < world_->size(); ++i) views->push_back(world_->Look(world_->PidAt(i)));
}

// --- What can happen -------------------------------------------------------------------------------

// The call is what the laws are about: whatever its caller had to be told of comes before.
void Watch::Issue(Pid pid, const Call& call) {
  for (int i = 0; i < 8 && world_->Foresee(pid) == Step::Kind::kReturns; ++i) {
    const Step step = world_->Resume(pid);
    if (step.kind != Step::Kind::kHandler) continue;
    world_->EnterHandler(pid, SignalBit(step.signal));
    if (step.signal % 2 == 0) world_->LeaveHandler(pid, step.mask);
  }
  Look(&before_);
  const bool can_call = world_->Foresee(pid) == Step::Kind::kRuns;
  deed_ = {.kind = Deed::Kind::kCall, .by = pid, .call = call, .can_call = can_call};
  const bool waits = call.kind == CallKind::kWait4 || call.kind == CallKind::kWaitId;
  if (waits && can_call) deed_.foreseen = Foresee(call, pid);
  if (call.kind == CallKind::kPoll) *before_poll_ = *world_;
  const Pid target = call.kind == CallKind::kThreadKill ? call.value : call.pid;
  deed_.at_returns = world_->Foresee(target) == Step::Kind::kReturns;
  deed_.result = world_->Issue(pid, call);
  if (call.kind != CallKind::kKill && call.kind != CallKind::kThreadKill) return;
  if (call.pid <= 0 && call.kind == CallKind::kKill) return;
  deed_.to_thread = call.kind == CallKind::kThreadKill;
  deed_.at = deed_.to_thread ? call.value : call.pid;
  if (can_call && deed_.result.value == 0) deed_.kind = Deed::Kind::kSignal;
  deed_.value = call.signal;
}

void Watch::Do(const Row& row) {
  const auto& [kind, who, a, b] = row;
  const Pid pid = PidAt(who);
  const bool crowded = world_->size() >= kMaxTasks;
  switch (kind % kKinds) {
    case 0:
      return world_->AdvanceTo(world_->now_ns() + a * kMillisecondNs);
    case 1: {
      constexpr uint32_t kFlags[] = {
          0, 0, 0, kCloneVfork, kClonePtrace, kCloneParent, kCloneClearHandlers, kClonePtrace};
      if (crowded) return;
      return Issue(pid, calls::Fork(kFlags[a % 8], b % 4 == 0 ? b % 40 : +kSigChld));
    }
    case 2:
      // Nobody drives further threads of subjects.
      if (!crowded && !world_->Look(pid).subject) world_->StartThread(world_->Look(pid).process);
      return;
    case 3:
      if (world_->Look(pid).process == kInit) return;
      deed_ = {.kind = Deed::Kind::kExitThread, .at = pid, .value = a};
      world_->ExitThread(pid, a);
      return;
    case 4:
      if (pid == kInit) return;
      deed_ = {.kind = Deed::Kind::kExit, .at = pid, .value = a};
      world_->Exit(pid, a);
      return;
    case 5:
    case 6:
      return Issue(pid, calls::Kill(a % 8 == 7 ? -PidAt(a / 8) : PidAt(a), SignalOf(b)));
    case 7:
      return Issue(pid, calls::ThreadKill(-1, PidAt(a), SignalOf(b)));
    case 8: {
      const int signal = SignalOf(b);
      const bool at_returns = world_->Foresee(pid) == Step::Kind::kReturns;
      if (world_->SendFromKernel(pid, signal) == 0) {
        deed_ = {.kind = Deed::Kind::kSignal, .at = pid, .value = signal, .at_returns = at_returns};
      }
      return;
    }
    case 9:
    case 10:
      return Issue(pid, AnyWait(a, b, false));
    case 11:
      if (pid != kInit || a % 4 == 0) Issue(pid, AnyWait(a, b, true));
      return;
    default:
      return kind % kKinds < 19 ? DoToThreads(row, pid) : DoToDescriptors(row, pid);
  }
}

void Watch::DoToThreads(const Row& row, Pid pid) {
  const auto& [kind, who, a, b] = row;
  constexpr int32_t kBegin[] = {kPtraceTraceMe, kPtraceAttach, kPtraceSeize};
  constexpr int32_t kGoOn[] = {kPtraceContinue, kPtraceDetach, kPtraceContinue, kPtraceKill};
  switch (kind % kKinds) {
    case 12:
      return Issue(pid, calls::Ptrace(kBegin[b % 3], PidAt(a)));
    case 13:
      return Issue(pid, calls::Ptrace(kGoOn[b % 4], PidAt(a), b % 8 < 4 ? 0 : SignalOf(b / 8)));
    case 14:
      return Issue(pid, calls::SigProcMask(a % 3, SetOf(b)));
    case 15: {
      const int32_t what = pid == kInit && a % 3 == kSigDfl ? +kSigHandler : a % 3;
      const uint32_t flags = (a & 16) != 0 ? kSaRestart : a / 32 % 4;
      return Issue(pid, calls::SigAction(SignalOf(b), what, flags));
    }
    case 16:
      return Issue(pid, calls::SigTimedWait(SetOf(b), a < 128 ? 0 : a * kMillisecondNs));
    case 17:
      return Issue(pid, a % 4 == 0   ? calls::SetSid()
                        : a % 4 == 1 ? calls::SetPgid(0, b % 2 == 0 ? 0 : PidAt(b))
                        : a % 4 == 2 ? calls::Subreaper(b % 2 == 0)
                                     : calls::Exec());
    default:
      if (a % 4 == 0) return Issue(pid, calls::SigSuspend(SetOf(b)));
      if (a % 4 == 1) return Issue(pid, calls::Alarm(b * kMillisecondNs));
      return Issue(pid, a % 4 == 2 ? calls::Pause() : calls::Sleep(b * kMillisecondNs));
  }
}

void Watch::DoToDescriptors(const Row& row, Pid pid) {
  const auto& [kind, who, a, b] = row;
  const auto fd = static_cast<int16_t>(a % 8);
  const uint32_t flags = ((b & 1) != 0 ? kOpenNonBlock : 0) | ((b & 2) != 0 ? kOpenCloseOnExec : 0);
  switch (kind % kKinds) {
    case 19: {
      Call call = a % 7 == 0   ? calls::Pipe()
                  : a % 7 == 1 ? calls::SignalFd(SetOf(b))
                  : a % 7 == 2 ? calls::EpollCreate()
                  : a % 7 == 3 ? calls::TimerFdCreate()
                  : a % 7 == 4 ? calls::PidFdOpen(PidAt(b))
                  : a % 7 == 5 ? calls::EventFd(b / 8, (b & 4) != 0 ? kEventFdSemaphore : 0)
                               : calls::SocketPair();
      call.flags |= flags;
      return Issue(pid, call);
    }
    case 20:
      if (b % 16 == 8) return Issue(pid, calls::WriteEventFd(fd, b));
      if (b % 4 == 0) return Issue(pid, calls::Write(fd, b * 257));
      if (pid == kInit) return Issue(pid, calls::Read(fd, kReadMore));
      return Issue(pid, {.kind = CallKind::kRead, .fd = fd, .flags = b % 2U, .value = b});
    case 21:
      return Issue(pid, calls::Poll(a, pid == kInit || b < 128 ? 0 : b * kMillisecondNs));
    case 22: {
      Call call = calls::EpollWait(fd, b < 96 ? 0 : b < 192 ? b * kMillisecondNs : kForever, b % 3);
      call.flags = b % 2 == 0 ? 0 : kPollMask;
      call.mask = SetOf(b / 2);
      return Issue(pid, call);
    }
    case 23: {
      constexpr uint32_t kHow[] = {kEpollAdd, kEpollAdd, kEpollModify, 0};
      const uint32_t by = ((b & 8) != 0 ? kEpollEdge : 0) | ((b & 16) != 0 ? kEpollOnce : 0);
      return Issue(pid, calls::EpollAdd(fd, b % 8, b < 192 ? kHow[b / 64] | by : 0));
    }
    case 24:
      if (b % 4 == 0) return Issue(pid, calls::Dup(fd, b / 4 % 8));
      if (b % 4 == 1) return Issue(pid, calls::TimerFdSet(fd, b * kMillisecondNs));
      return Issue(pid, b % 4 == 2 ? calls::SetNonBlock(fd, b > 128) : calls::Close(fd));
    default:
      if (a % 4 == 0) world_->SetFaults({.sync_hangs = b % 2 == 0});
      if (a % 4 == 1) Issue(pid, calls::Sync());
      if (a % 4 == 2 && world_->Look(pid).process != kInit) {
        deed_ = {.kind = Deed::Kind::kFault, .at = pid};
        world_->Fault(pid, kSigSegv);
      }
      if (a % 4 == 3) world_->StartOwing();
  }
}

Call Watch::AnyWait(uint8_t a, uint8_t b, bool blocks) const {
  constexpr uint32_t kFlags[] = {kWaitAll,
                                 kWaitUntraced,
                                 kWaitContinued,
                                 0,
                                 kWaitAll | kWaitUntraced,
                                 kWaitClone,
                                 kWaitUntraced | kWaitContinued,
                                 kWaitAll};
  const uint32_t flags = kFlags[a % 8] | (blocks ? 0 : kWaitNoHang);
  if (b % 4 != 0) {
    return calls::Wait4(b % 4 == 1   ? PidAt(b / 4)
                        : b % 8 == 2 ? -PidAt(b / 8)
                        : b % 8 == 6 ? 0
                                     : -1,
                        flags);
  }
  const uint32_t leaves = (a & 8) != 0 ? kWaitNoWait : 0;
  const bool of_the_living = (a & 16) != 0 && (flags & (kWaitUntraced | kWaitContinued)) != 0;
  return calls::WaitId(kWaitForAny, 0, flags | (of_the_living ? 0 : kWaitExited) | leaves);
}

// --- Laws: of all calls, of waits ------------------------------------------------------------------

// Only who runs makes a call.
const char* Watch::OfCallers() const {
  if (deed_.kind != Deed::Kind::kCall || deed_.can_call) return nullptr;
  if (deed_.result.state != Result::State::kGone) return "one that does not run makes a call";
  return before_ == after_ ? nullptr : "a call that is none does something";
}

// What wait(2) and ptrace(2) promise, by what is seen: children in their order, then tracees; deaths,
// traced stops, and if asked for, stops and continues.
Result Watch::Foresee(const Call& wait, Pid caller) const {
  const View& waiter = *Find(before_, caller);
  const bool any = wait.kind == CallKind::kWaitId || wait.pid == -1;
  const Pid group = any || wait.pid > 0 ? 0 : wait.pid == 0 ? waiter.group : -wait.pid;
  const auto asks = [&wait](uint32_t flag) { return (wait.flags & flag) != 0; };
  const bool asks_for_dead = wait.kind == CallKind::kWait4 || asks(kWaitExited);
  bool is_any_there = false;
  for (const bool as_child : {true, false}) {
    for (const View& view : before_) {
      const bool is_child = view.pid == view.process && view.parent == waiter.process;
      const bool is_tracee = view.tracer == waiter.process;
      if (as_child ? !is_child : !is_tracee) continue;
      if (!any && (group != 0 ? view.group != group : view.pid != wait.pid)) continue;
      const bool clone = view.exit_signal != kSigChld;
      if (as_child && !asks(kWaitAll) && clone != asks(kWaitClone)) continue;
      const bool is_last = view.pid != view.process || !Lives(before_, view.process);
      const bool has_others = std::ranges::any_of(before_, [&view](const View& other) {
        return other.process == view.pid && other.pid != view.pid;
      });
      if (IsDead(view) && is_last && !has_others && (view.tracer == 0 || is_tracee)) {
        if (!asks_for_dead) continue;
        return {.code = kDeath, .pid = view.pid, .status = view.status};
      }
      // A dead one that cannot yet be told of may still be told of to its parent; to its tracer, if asked.
      is_any_there |= !IsDead(view) || !is_tracee || asks_for_dead || asks(kWaitContinued);
      if (is_tracee && view.trace_stop_to_tell) {
        return {.code = kTraced, .pid = view.pid, .status = view.trace_stop};
      }
      if (!is_tracee && asks(kWaitUntraced) && view.stop_to_tell) {
        return {.code = kStop, .pid = view.pid};
      }
      if (asks(kWaitContinued) && view.continue_to_tell) {
        return {.code = kContinue, .pid = view.pid, .status = 0xffff};
      }
    }
  }
  return {.value = is_any_there ? 0 : -ECHILD};
}

const char* Watch::OfWaits() const {
  const bool by_id = deed_.call.kind == CallKind::kWaitId;
  if (!deed_.can_call || (deed_.call.kind != CallKind::kWait4 && !by_id)) return nullptr;
  const Result& result = deed_.result;
  const Result& foreseen = deed_.foreseen;
  if (result.state == Result::State::kBlocked) {
    return foreseen.pid != 0 || foreseen.value != 0 ? "a wait blocks that has an answer" : nullptr;
  }
  if (result.state == Result::State::kGone) return nullptr;
  if (result.value < 0) return result.value == foreseen.value ? nullptr : "a wait fails";
  if ((by_id ? result.pid : result.value) != foreseen.pid) return "a wait tells of another";
  if (foreseen.pid == 0) return nullptr;
  if (by_id ? std::max(result.code, uint8_t{kDeath}) != foreseen.code
            : foreseen.code != kStop && result.status != foreseen.status) {
    return "a wait tells of something else";
  }
  const View& told = *Find(before_, foreseen.pid);
  const View* const now = Find(after_, foreseen.pid);
  if ((deed_.call.flags & kWaitNoWait) != 0 && by_id) {
    return before_ == after_ ? nullptr : "what was to be left is gone";
  }
  if (foreseen.code != kDeath) {
    if (now == nullptr) return "who was told of to live is gone";
    const bool again = foreseen.code == kTraced ? now->trace_stop_to_tell
                       : foreseen.code == kStop ? now->stop_to_tell
                                                : now->continue_to_tell;
    return again ? "told of twice" : nullptr;
  }
  const Pid own = Find(before_, deed_.by)->process;
  const bool is_others = told.pid == told.process && told.parent != own;
  if (!is_others) return now == nullptr ? nullptr : "who was reaped is there";
  return now == nullptr || now->tracer == 0 ? nullptr : "the dead are traced after the wait";
}

// --- Laws: of tracing ------------------------------------------------------------------------------

const char* Watch::OfTraces() const {
  if (!deed_.can_call || deed_.call.kind != CallKind::kPtrace) return nullptr;
  const Call& call = deed_.call;
  const View& by = *Find(before_, deed_.by);
  if (call.value == kPtraceTraceMe) {
    const bool refused = by.tracer != 0 || by.process == kInit;
    if (refused) return deed_.result.value == -EPERM ? nullptr : "two tracers";
    const View* const now = Find(after_, by.pid);
    return now == nullptr || now->tracer == by.parent ? nullptr : "the parent is not the tracer";
  }
  const View& was = *Find(before_, call.pid);
  const View* const now = Find(after_, call.pid);
  if (call.value == kPtraceAttach || call.value == kPtraceSeize) {
    const bool refused =
        was.process == by.process || was.process == kInit || was.tracer != 0 || IsDead(was);
    if (refused) return deed_.result.value == -EPERM ? nullptr : "traced who cannot be";
    if (deed_.result.value != 0) return "not traced who can be";
    if (now->tracer != by.process || now->parent != was.parent) return "traced by another";
    const bool is_held = IsIn(was, CallKind::kFork) || IsIn(was, CallKind::kSync);
    const bool is_due = ((was.pending_thread | was.pending_process) & ~was.mask) != 0;
    if (is_due) return nullptr;
    const bool stops = was.stopped || (call.value == kPtraceAttach && !is_held);
    return (now->activity == Activity::kTraced) == stops ? nullptr
                                                         : "an attach stops, a seizure not";
  }
  const bool can_be = was.tracer == by.process && !IsDead(was);
  if (call.value == kPtraceKill) {
    if (deed_.result.value != (was.tracer == by.process ? 0 : -ESRCH))
      return "killed by a stranger";
    return can_be && Lives(after_, was.process) ? "killed, and it lives" : nullptr;
  }
  if (!can_be || was.activity != Activity::kTraced) {
    return deed_.result.value == -ESRCH ? nullptr : "goes on, who is not in a stop of the tracer's";
  }
  if (deed_.result.value != 0) return "does not go on";
  const bool is_pending = ((was.pending_thread | was.pending_process) & ~was.mask) != 0;
  if (now == nullptr || IsDead(*now)) {
    return call.signal == 0 && !is_pending ? "dies of nothing" : nullptr;
  }
  if (call.value == kPtraceDetach && now->tracer != 0) return "traced after the end of it";
  if (call.value == kPtraceContinue && now->tracer != was.tracer) return "let go too early";
  if (call.signal != 0 || is_pending) return nullptr;
  if (call.value == kPtraceDetach && was.stopped) {
    return now->activity == Activity::kStopped ? nullptr : "a group-stop ends with the tracer's";
  }
  return now->activity == Activity::kTraced && now->trace_stop == was.trace_stop &&
                 call.value == kPtraceContinue && !now->trace_stop_to_tell
             ? "the same stop again"
             : nullptr;
}

// --- Laws: of signals ------------------------------------------------------------------------------

const char* Watch::OfSignals() const {
  if (deed_.kind != Deed::Kind::kSignal || deed_.value == 0) return nullptr;
  const View* const target = Find(before_, deed_.at);
  if (target == nullptr || !Lives(before_, target->process)) return nullptr;
  Views reached = ThreadsOf(before_, target->process);
  if (deed_.to_thread) {
    std::erase_if(reached, [this](const View& thread) { return thread.pid != deed_.at; });
  }
  const View& process = *Find(before_, target->process);
  return OfThoseSentTo(process, deed_.to_thread ? *target : process, reached);
}

// Whether somebody traces is asked of the target: the process, that is its leader, or the thread.
const char* Watch::OfThoseSentTo(const View& process, const View& target,
                                 const Views& reached) const {
  const int signal = deed_.value;
  const View* const now = Find(after_, process.pid);
  const bool lives = Lives(after_, process.pid);
  const Views threads = ThreadsOf(before_, process.pid);
  const auto all = [](const Views& of, const auto& is) { return std::ranges::all_of(of, is); };
  const bool is_free = all(threads, [](const View& one) {
    return !IsIn(one, CallKind::kSync) && !IsIn(one, CallKind::kFork);
  });
  if (signal == kSigKill) {
    if (process.pid == kInit) return nullptr;
    if (lives && is_free && !reached.empty()) return "KILL does not kill";
    return lives || now == nullptr || (now->status & 0x7f) == kSigKill ? nullptr : "not by KILL";
  }
  const bool all_traced =
      target.tracer != 0 && all(threads, [](const View& one) { return one.tracer != 0; });
  if (!lives) {
    if (all_traced) return "what is sent to the traced kills them";
    if (now != nullptr && now->status != 0 && (now->status & 0x7f) == 0) return "killed, and exits";
    return nullptr;
  }
  if (now == nullptr) return "a zombie for a live thread is gone";
  const View* const at = Find(after_, deed_.at);
  const uint64_t opposite = signal == kSigCont    ? kStops
                            : Has(kStops, signal) ? SignalBit(kSigCont)
                                                  : 0;
  for (const View& one : after_) {
    if (one.process == process.pid &&
        ((one.pending_thread | one.pending_process) & opposite) != 0) {
      return "stop and continue are both pending";
    }
  }
  if (signal == kSigCont && now->stopped) return "stopped after SIGCONT";
  const bool takes = std::ranges::any_of(threads, IsInACall);
  const bool blocked = !reached.empty() && (deed_.to_thread || Has(process.mask, signal)) &&
                       all(reached, [&](const View& one) { return Has(one.mask, signal); });
  if (blocked && !takes && at != nullptr) {
    const uint64_t pending = deed_.to_thread ? at->pending_thread : at->pending_process;
    if (!Has(pending, signal)) return "a blocked signal is not pending";
    const uint64_t elsewhere = deed_.to_thread ? at->pending_process : at->pending_thread;
    const View& was = *Find(before_, deed_.at);
    if (Has(elsewhere & ~(deed_.to_thread ? was.pending_process : was.pending_thread), signal)) {
      return "pending where it was not sent";
    }
    if (signal != kSigCont && now->stopped != process.stopped) return "what is blocked acts";
  }
  // A default that ends a process does so at once, whichever thread could take it; if its target is
  // traced, when another takes it that is not, since that one cannot.
  const bool is_default = !Has(process.handled | process.ignored, signal);
  const bool ends =
      is_default && process.pid != kInit && !Has(kHarmless | kStops | kDumpsCore, signal);
  const auto can_take = [signal](const View& one) {
    return !IsDead(one) && one.activity != Activity::kTraced && !Has(one.mask, signal);
  };
  const bool another_takes = !can_take(target) && !takes && all(reached, [&](const View& one) {
    return one.tracer == 0 || !can_take(one);
  });
  const bool is_taken =
      std::ranges::any_of(reached, can_take) && (target.tracer == 0 || another_takes);
  if (ends && is_taken && !process.stopped && is_free) return "lives through what ends it";
  // The one thread that is traced stops for its tracer, once it has entered the handler that is due.
  const bool is_one = threads.size() == 1 && threads[0].pid == process.pid;
  if (reached.size() == 1 && (deed_.to_thread || is_one) && is_free) {
    const View& one = reached[0];
    const View& stopped = *Find(after_, one.pid);
    const bool runs = one.activity == Activity::kRunning && !Has(one.mask, signal);
    if (one.tracer != 0 && runs && signal != kSigCont && !deed_.at_returns) {
      if (stopped.activity != Activity::kTraced) return "the tracer is passed over";
      if (stopped.trace_stop != (signal << 8 | 0x7f)) return "stops for another signal";
      if (Has(stopped.pending_thread | stopped.pending_process, signal) && signal != kSigChld &&
          signal < kSigRtMin) {
        return "a signal that its tracer has is pending";
      }
    }
  }
  return nullptr;
}

// TSTP at default stops who is not of an orphaned group: one without a member whose parent is of the same
// session, of another group, and not the init of a machine.
const char* Watch::OfTerminalStops() const {
  if (deed_.kind != Deed::Kind::kSignal || deed_.value != kSigTstp || deed_.to_thread)
    return nullptr;
  const View* const target = Find(before_, deed_.at);
  if (target == nullptr || target->process == kInit) return nullptr;
  const Views threads = ThreadsOf(before_, target->process);
  if (threads.size() != 1 || threads[0].pid != target->process) return nullptr;
  const View& was = threads[0];
  const bool is_due = ((was.pending_thread | was.pending_process) & ~was.mask) != 0;
  const bool stops_at_once = was.tracer == 0 && was.activity == Activity::kRunning && !is_due &&
                             !Has(was.mask | was.handled | was.ignored, kSigTstp);
  if (!stops_at_once) return nullptr;
  const bool has_guard = std::ranges::any_of(before_, [&](const View& one) {
    if (one.pid != one.process || one.group != was.group || !Lives(before_, one.pid)) return false;
    if (one.parent == 0 || (one.parent == kInit && !is_namespace_)) return false;
    const View& parent = *Find(before_, one.parent);
    return parent.group != one.group && parent.session == one.session;
  });
  return Find(after_, was.pid)->stopped == has_guard
             ? nullptr
             : "an orphaned group stops, or another does not";
}

// --- Laws: of dispositions, masks, faults, forks and execs -------------------------------------------------

// Whatever is pending of a signal that is now ignored is gone.
const char* Watch::OfActions() const {
  const Call& call = deed_.call;
  if (!deed_.can_call || call.kind != CallKind::kSigAction || deed_.result.value != 0)
    return nullptr;
  const bool ignored =
      call.value == kSigIgn || (call.value == kSigDfl && Has(kHarmless, call.signal));
  for (const View& view : after_) {
    if (view.process != Find(before_, deed_.by)->process || !ignored || IsDead(view)) continue;
    if (Has(view.pending_thread | view.pending_process, call.signal)) return "ignored, and pending";
  }
  return nullptr;
}

// A mask that a call puts in place is that of its caller as long as it lasts.
const char* Watch::OfMasks() const {
  using enum CallKind;
  const Call& call = deed_.call;
  const bool polls = call.kind == kPoll || call.kind == kEpollWait;
  const bool puts = call.kind == kSigSuspend || (polls && (call.flags & kPollMask) != 0);
  if (!puts || !deed_.can_call) return nullptr;
  const View* const now = Find(after_, deed_.by);
  if (now == nullptr || !IsIn(*now, call.kind)) return nullptr;
  const uint64_t mask = call.mask & ~(SignalBit(kSigKill) | SignalBit(kSigStop));
  return now->mask == mask ? nullptr : "a call leaves the mask in place";
}

// Who writes to a pipe that nobody reads is sent SIGPIPE: the thread, not its process.
const char* Watch::OfPipes() const {
  if (!deed_.can_call || deed_.call.kind != CallKind::kWrite) return nullptr;
  const View& was = *Find(before_, deed_.by);
  if (deed_.result.value != -EPIPE || !Has(was.mask, kSigPipe)) return nullptr;
  const View* const now = Find(after_, deed_.by);
  if (now == nullptr || IsDead(*now)) return "SIGPIPE kills who blocks it";
  if (!Has(now->pending_thread, kSigPipe)) return "a write that fails raises no SIGPIPE";
  return Has(now->pending_process & ~was.pending_process, kSigPipe) ? "SIGPIPE is for all threads"
                                                                    : nullptr;
}

// A fault ends who has no handler, or has it blocked; who is traced stops first.
const char* Watch::OfFaults() const {
  if (deed_.kind != Deed::Kind::kFault) return nullptr;
  const View& was = *Find(before_, deed_.at);
  if (IsDead(was)) return nullptr;
  const bool lives = Lives(after_, was.process);
  if (was.tracer != 0) return lives ? nullptr : "a fault is hidden from the tracer";
  const bool is_felt = Has(was.handled, kSigSegv) && !Has(was.mask, kSigSegv);
  return lives == is_felt ? nullptr : "a fault ends who does not handle it";
}

// A child has the mask of the thread that forks, and what is of the process.
const char* Watch::OfForks() const {
  const Call& call = deed_.call;
  if (!deed_.can_call || call.kind != CallKind::kFork) return nullptr;
  const View& by = *Find(before_, deed_.by);
  const View& process = *Find(before_, by.process);
  for (const View& child : after_) {
    if (Find(before_, child.pid) != nullptr) continue;
    if (std::ranges::any_of(before_, [&child](const View& one) {
          return one.group == child.pid || one.session == child.pid;
        })) {
      return "a number is given out that a group or a session has";
    }
    const bool sibling = (call.flags & kCloneParent) != 0;
    if (child.parent != (sibling ? process.parent : by.process)) return "a child of another";
    if (child.exit_signal != (sibling ? process.exit_signal : call.signal)) {
      return "a child with another exit signal";
    }
    if (child.mask != by.mask || child.ignored != process.ignored ||
        child.handled != ((call.flags & kCloneClearHandlers) != 0 ? 0 : process.handled) ||
        child.group != process.group || child.session != process.session ||
        child.descriptors != process.descriptors || child.close_on_exec != process.close_on_exec) {
      return "a child is not as its parent";
    }
    const bool clears = (call.flags & kCloneClearHandlers) != 0;
    if (child.no_child_wait != (process.no_child_wait && !clears)) {
      return "a child keeps children, and its parent does not";
    }
    if (child.tracer != ((call.flags & kClonePtrace) != 0 ? by.tracer : 0)) {
      return "a child is traced by another";
    }
  }
  return nullptr;
}

// An exec keeps the mask and what is ignored, and nothing of the program that was.
const char* Watch::OfExecs() const {
  if (!deed_.can_call || deed_.call.kind != CallKind::kExec) return nullptr;
  const View& by = *Find(before_, deed_.by);
  const View& process = *Find(before_, by.process);
  const bool has_threads = std::ranges::count(before_, by.process, &View::process) != 1;
  if (has_threads) return deed_.result.value == -EAGAIN ? nullptr : "an exec with threads";
  const View* const now = Find(after_, by.pid);
  if (now == nullptr || IsDead(*now)) return nullptr;
  const bool is_new = now->has_execed && now->handled == 0 && !now->no_child_wait &&
                      now->exit_signal == kSigChld && now->close_on_exec == 0;
  if (!is_new) return "an exec leaves of the old program";
  const bool is_kept = now->mask == by.mask && now->ignored == process.ignored &&
                       now->descriptors == (process.descriptors & ~process.close_on_exec);
  return is_kept ? nullptr : "an exec takes what should stay";
}

// --- Laws: of deaths, and of who has nothing to do with it ------------------------------------------

// A tracer that blocks SIGCHLD has it pending once a thread that it traces has died.
const char* Watch::OfDeathsTold() const {
  if (deed_.call.kind == CallKind::kPtrace) return nullptr;
  for (const View& was : before_) {
    const View* const now = Find(after_, was.pid);
    if (was.tracer == 0 || IsDead(was) || (now != nullptr && !IsDead(*now))) continue;
    const bool tells_otherwise = was.pid == was.process && was.tracer == was.parent;
    if (tells_otherwise && was.exit_signal != kSigChld) continue;
    const View* const tracer = Find(after_, was.tracer);
    if (tracer == nullptr || !Has(Find(before_, was.tracer)->mask, kSigChld)) continue;
    const Views waiters = ThreadsOf(before_, was.tracer);
    const bool blocks = std::ranges::all_of(
        waiters, [](const View& one) { return Has(one.mask, kSigChld) && !IsInACall(one); });
    const bool lives = Lives(after_, was.tracer) && !waiters.empty();
    if (blocks && lives && !Has(tracer->pending_process, kSigChld)) return "a tracer hears nothing";
  }
  return nullptr;
}

// Who dies leaves children and tracees behind: those to the nearest that adopts, these to themselves.
const char* Watch::OfDeaths() const {
  std::vector<Pid> dead;
  for (const View& view : before_) {
    if (view.pid == view.process && Lives(before_, view.pid) && !Lives(after_, view.pid)) {
      dead.push_back(view.pid);
    }
  }
  if (deed_.kind == Deed::Kind::kExitThread) {
    const View* const was = Find(before_, deed_.at);
    const bool was_last = ThreadsOf(before_, was->process).size() == 1;
    const bool has_ended = std::ranges::find(dead, was->process) != dead.end();
    // A leader's exit lets go of who vforked it; if that dies then, a stopped group may be hung up.
    const bool is_hung_up = has_ended && was->stopped;
    if (!IsDead(*was) && has_ended != was_last && !is_hung_up) {
      return "a process ends with its last thread";
    }
  }
  if (dead.size() != 1) return nullptr;
  const View& was = *Find(before_, dead[0]);
  Pid reaper = was.parent;
  while (reaper > kInit && !(Find(before_, reaper)->subreaper && Lives(before_, reaper))) {
    reaper = Find(before_, reaper)->parent;
  }
  const View& parent = *Find(before_, was.parent);
  for (const View& child : before_) {
    if (child.parent != was.pid || child.pid != child.process) continue;
    const View* const now = Find(after_, child.pid);
    if (now == nullptr) continue;
    if (now->parent != std::max(reaper, Pid{kInit})) return "adopted by another";
    if (now->exit_signal != kSigChld)
      return "an adopted child ends with another signal than SIGCHLD";
  }
  for (const View& tracee : before_) {
    const View* const now = Find(after_, tracee.pid);
    if (tracee.tracer != was.pid || IsDead(tracee) || tracee.pid == deed_.at) continue;
    const uint64_t pending = (tracee.pending_thread | tracee.pending_process) & ~tracee.mask;
    if (tracee.trace_stop_to_tell || pending != 0) continue;
    if (now == nullptr || IsDead(*now)) return "dies with its tracer";
  }
  const View* const now = Find(after_, was.pid);
  if (deed_.kind == Deed::Kind::kExit) {
    for (const View& view : after_) {
      if (view.process == was.pid && view.status != deed_.value << 8 &&
          !IsDead(*Find(before_, view.pid))) {
        return "the end of a process is that of its threads";
      }
    }
  }
  const bool has_dead_threads = std::ranges::any_of(
      after_, [&](const View& one) { return one.process == was.pid && one.pid != was.pid; });
  const bool is_let_go = deed_.call.kind == CallKind::kPtrace && deed_.call.value == kPtraceDetach;
  const bool of_many = was.tracer != 0 && ThreadsOf(before_, was.pid).size() != 1;
  if (has_dead_threads || is_let_go || of_many) return nullptr;
  const bool is_parents = was.tracer == 0;
  const View& told = is_parents ? parent : *Find(before_, was.tracer);
  const int signal = is_parents || was.tracer == was.parent ? was.exit_signal : +kSigChld;
  const bool ignores = Has(told.ignored, kSigChld);
  const Views waiters = ThreadsOf(before_, told.process);
  if (std::ranges::any_of(waiters, IsInACall)) return nullptr;
  const bool vanishes = is_parents && signal == kSigChld && (ignores || told.no_child_wait);
  if (vanishes != (now == nullptr))
    return vanishes ? "kept for who ignores it" : "reaped by nobody";
  const bool blocks = std::ranges::all_of(
      waiters, [signal](const View& one) { return signal != 0 && Has(one.mask, signal); });
  if (!blocks || waiters.empty() || !Has(told.mask, signal) ||
      (is_parents && signal == kSigChld && ignores))
    return nullptr;
  const View* const told_now = Find(after_, told.pid);
  return Has(told_now->pending_process, signal) ? nullptr : "nobody is told of a death";
}

// What one does to itself or to another is felt by these two, and by those who are told.
const char* Watch::OfOthers() const {
  using enum CallKind;
  constexpr uint64_t kOfFew = KindBit(kSigProcMask) | KindBit(kSigAction) | KindBit(kSigTimedWait) |
                              KindBit(kWait4) | KindBit(kWaitId) | KindBit(kPtrace) |
                              KindBit(kKill) | KindBit(kThreadKill) | KindBit(kGetId) |
                              KindBit(kExec) | KindBit(kAlarm) | KindBit(kClose);
  const bool is_call = deed_.call.kind != kOther && (kOfFew & KindBit(deed_.call.kind)) != 0;
  if (!is_call || (deed_.call.kind == kKill && deed_.call.pid <= 0)) return nullptr;
  std::vector<Pid> near = {Find(before_, deed_.by)->process};
  for (const Pid pid : {deed_.at, deed_.call.pid, deed_.foreseen.pid}) {
    if (const View* const one = Find(before_, pid)) near.push_back(one->process);
  }
  for (const View& view : before_) {
    const View* const now = Find(after_, view.pid);
    const bool died = now != nullptr && IsDead(view) != IsDead(*now);
    const bool is_told = view.pid == deed_.foreseen.pid;
    if (died || (now == nullptr && !is_told)) return nullptr;  // felt by many
  }
  // A parent is told, and the tracer of the parent if that is a signal to it, and so on. Who goes on with
  // a wait may take a dead tracee, which is then its parent's.
  for (std::size_t i = 0; i < near.size(); ++i) {
    for (const View& view : before_) {
      const bool is_taken = IsDead(view) && view.tracer == near[i];
      if (is_taken && std::ranges::find(near, view.process) == near.end()) {
        near.push_back(view.process);
      }
      if (view.process != near[i]) continue;
      for (const Pid told : {view.parent, view.tracer}) {
        if (std::ranges::find(near, told) == near.end()) near.push_back(told);
      }
    }
  }
  for (const View& view : before_) {
    if (std::ranges::find(near, view.process) != near.end()) continue;
    View now = *Find(after_, view.pid);
    if (now.activity == Activity::kSuspended) now.activity = view.activity;  // for who was stopped
    if (view.activity == Activity::kSuspended) now.activity = view.activity;
    if (!(now == view)) return "felt by one that has nothing to do with it";
  }
  return nullptr;
}

// Who waits for its vfork goes on as the child calls exec, or its leader ends.
const char* Watch::OfVforks() const {
  const bool may_go_on = std::ranges::any_of(before_, [this](const View& was) {
    const View* const now = Find(after_, was.pid);
    if (was.pid != was.process) return false;
    return now == nullptr || IsDead(*now) != IsDead(was) || now->has_execed != was.has_execed;
  });
  if (may_go_on) return nullptr;
  for (const View& was : before_) {
    const View* const now = Find(after_, was.pid);
    if (now == nullptr || IsDead(*now)) continue;
    if (IsIn(was, CallKind::kFork) && !IsIn(*now, CallKind::kFork)) {
      return "a vfork ends too early";
    }
  }
  return nullptr;
}

// poll says readable exactly if a read that does not block would not say EAGAIN.
const char* Watch::OfReadiness() const {
  if (!deed_.can_call || deed_.call.kind != CallKind::kPoll) return nullptr;
  const Result& result = deed_.result;
  if (result.state == Result::State::kGone) return nullptr;
  if (result.state == Result::State::kBlocked && IsDead(*Find(after_, deed_.by))) return nullptr;
  const View& by = *Find(before_, deed_.by);
  for (int16_t fd = 0; fd < 8; ++fd) {
    if (((deed_.call.set & by.descriptors) >> fd & 1) == 0) continue;
    const bool ready = (result.set >> fd & 1) != 0;
    *aside_ = *before_poll_;
    const Call read{.kind = CallKind::kRead, .fd = fd, .flags = kReadMore, .value = 8};
    const Result answer = aside_->Issue(deed_.by, read);
    if (answer.value == -EINVAL) {  // no read: an epoll, or a pidfd
      const Result inner = aside_->Issue(deed_.by, calls::EpollWait(fd, 0));
      if (inner.value >= 0 && ready != (inner.value > 0)) return "an epoll is ready for nothing";
      continue;
    }
    if (answer.value == -EBADF) continue;  // the end of a pipe that is written
    if (ready == (answer.value == -EAGAIN)) return "poll and read differ";
  }
  return nullptr;
}

}  // namespace minit::proptest
