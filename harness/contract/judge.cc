// What each kind of step means to whom, and how verdicts are kept. One file for each idea beside:
// life.cc, starting.cc, forwarding.cc, reaping.cc, ending.cc, effort.cc.

#include "harness/contract/judge.h"

#include <bit>
#include <cstddef>

namespace minit::contract {
namespace {

using kernel::CallKind;
using kernel::kInit;

bool IsOfProcess(Cause cause) { return cause >= Cause::kExit && cause <= Cause::kSignal; }

uint8_t FaultsIn(const kernel::Faults& faults) {
  return static_cast<uint8_t>((faults.fork_failures != 0 ? kFaultForks : 0) |
                              (faults.exec_failures != 0 ? kFaultExecs : 0) |
                              (faults.reboot_failures != 0 ? kFaultReboots : 0) |
                              (faults.sync_hangs ? kFaultSync : 0) |
                              (faults.console_room >= 0 ? kFaultConsole : 0));
}

}  // namespace

void Judge::OnChange(const Step& step, const Kernel& kernel) {
  if (life_.ended) CheckTime(kernel, step.kind == Step::Kind::kTime);
  if (life_.child != 0 && !life_.reaped) FollowChild(step, kernel);
  if (ending_.helper_count != 0) FollowHelpers(kernel);
  switch (step.kind) {
    case Step::Kind::kEntered:
      OnEntered(kernel);
      break;
    case Step::Kind::kReturns:
      OnReturn(step, kernel);
      break;
    case Step::Kind::kBlocks:
      if (step.by_init && step.call.kind == CallKind::kFork) OnFork(0, kernel);
      if (terms_.calls != nullptr) JudgeBlock(step, kernel);
      break;
    case Step::Kind::kHandler:
      if (step.by_init) Take(step.signal, step.owed);
      break;
    case Step::Kind::kMove:
    case Step::Kind::kFinale:
      OnMove(step, kernel);
      break;
    case Step::Kind::kRest:
      CheckRest(kernel, !resting_);
      resting_ = true;
      break;
    case Step::Kind::kTime:
      if (resting_ && kernel.AtRest()) CheckRest(kernel, false);
      break;
    case Step::Kind::kSpins:
      if (step.by_init) {
        OnSpin(kernel);
      } else if (IsChild(step.pid) && life_.exec_failed) {
        FailToEnd(kernel);
      }
      break;
    case Step::Kind::kCalls:
    case Step::Kind::kHandled:
    case Step::Kind::kOver:
      break;
  }
  if (life_.failed_ns != 0 || life_.exec_failed) FollowFailedStart(kernel);
  if (kernel.ending() == kernel::Ending::kInitDied && !stopped_) OnInitDied(step, kernel);
}

void Judge::OnEntered(const Kernel& kernel) {
  SpeakInNewPhase();
  const kernel::View init = kernel.Look(kInit);
  int facts = 0;
  if (init.ignored != 0) facts |= kEnteredIgnoring;
  if ((init.ignored & kernel::SignalBit(kernel::kSigChld)) != 0) facts |= kEnteredIgnoringChld;
  if (init.mask != 0) facts |= kEnteredMasked;
  if ((init.pending_thread | init.pending_process) != 0) facts |= kEnteredPending;
  if (kernel.size() > 1) facts |= kEnteredParent;
  if ((init.descriptors >> 3) != 0) facts |= kEnteredDescriptors;
  past_.entry = static_cast<uint16_t>(facts);
  past_.streams = static_cast<uint8_t>(init.descriptors & kStreams);
  past_.faults = FaultsIn(kernel.faults());
  for (int i = 1; i < kernel.size(); ++i) past_.inherited = kernel.PidAt(i);
}

void Judge::OnCallOfInit(const Step& step, const Kernel& kernel) {
  CountCall(step, kernel);
  const kernel::Call& call = step.call;
  if (call.kind == CallKind::kFork) OnForkCalled(kernel);
  if (call.kind == CallKind::kPtrace && call.value == kernel::kPtraceDetach) {
    OnDetach(call, kernel);
  }
}

// Of init, or of a process that it forked. It has not taken effect yet: nothing has become of anybody,
// nor is it later.
void Judge::OnCall(const Step& step, const Kernel& kernel) {
  if (step.by_init) OnCallOfInit(step, kernel);
  if (terms_.calls != nullptr) JudgeCall(step, kernel);
  switch (step.call.kind) {
    case CallKind::kExec:
      if (!step.by_init) OnExec(step, kernel);
      break;
    case CallKind::kKill:
    case CallKind::kThreadKill:
    case CallKind::kSigQueue:
    case CallKind::kPidFdSendSignal:
      if (step.call.signal != 0) OnSend(step, kernel);
      break;
    case CallKind::kWrite:
      if (step.to_console) OnWrite(step, kernel);
      break;
    case CallKind::kSync:
      OnSync(kernel);
      break;
    case CallKind::kReboot:
      OnReboot(step, kernel);
      break;
    case CallKind::kExit:
      OnExit(step, kernel);
      break;
    default:
      break;
  }
}

void Judge::OnReturn(const Step& step, const Kernel& kernel) {
  const kernel::Result& result = step.result;
  if (result.state != kernel::Result::State::kDone) return;
  switch (step.call.kind) {
    case CallKind::kFork:
      if (!step.by_init) break;
      if (result.value < 0) {
        OnForkRefused(kernel);
      } else {
        // Whom it makes itself does not excuse that it has to reap him (rule 15).
        if (effort_.credit != 0) --effort_.credit;
        OnFork(result.value, kernel);
      }
      break;
    case CallKind::kExec:
      if (IsChild(step.pid)) life_.exec_failed = result.value < 0;
      break;
    case CallKind::kSigTimedWait:
    case CallKind::kRead:
      if (step.by_init && result.signal != 0) Take(result.signal, result.owed);
      break;
    case CallKind::kWait4:
    case CallKind::kWaitId:
      if (step.by_init) OnWaited(step, kernel);
      break;
    case CallKind::kKill:
    case CallKind::kThreadKill:
    case CallKind::kSigQueue:
    case CallKind::kPidFdSendSignal:
      if (step.by_init) OnSent(step);
      break;
    case CallKind::kWrite:
      if (step.to_console) OnWritten(step);
      break;
    case CallKind::kOpen:
      if (step.call.path == kernel::Path::kConsole || step.call.path == kernel::Path::kNoConsole) {
        past_.no_console = result.value < 0;
      }
      break;
    case CallKind::kSync:
      OnSynced(step);
      break;
    case CallKind::kReboot:
      OnRebootRefused(kernel);
      break;
    default:
      break;
  }
}

void Judge::OnMove(const Step& step, const Kernel& kernel) {
  const bool still = resting_ && kernel.AtRest();
  // What it took and has still to see to, it has even if something else comes meanwhile.
  effort_ = Effort{.credit = still ? 0 : effort_.credit, .rested = still};
  if (step.cause != Cause::kNone) {
    past_.cause = step.cause;
    past_.pid = step.pid;
    past_.signal = step.signal;
  }
  if (step.cause == Cause::kFault) past_.faults |= FaultsIn(kernel.faults());
  if (IsOfProcess(step.cause) && !life_.ended) Speak(Rule::kEndsOnlyWithChild);
  if (still) CheckRest(kernel, false);
}

// What has to be so at rest. A rest is fresh if init has run since it was last at rest; if it has
// not, a move came that did not wake it, and what it was given time to do is not yet asked for.
void Judge::CheckRest(const Kernel& kernel, bool fresh) {
  CheckReaped(kernel, fresh);
  CheckForwarded(kernel, fresh);
  if (!fresh) return;
  CheckStarted(kernel);
  if (life_.exec_failed && !life_.dead) CheckFailedStart(kernel);
  if (life_.ended) CheckEnded(kernel);
  const bool window_over = kernel.now_ns() - effort_.window_ns >= kSecondNs;
  effort_.calls = effort_.credit = 0;
  effort_.rested = true;
  if (window_over) effort_ = Effort{.rested = true};
}

// Those that speak always do so in this phase, too.
void Judge::SpeakInNewPhase() {
  constexpr int kAlways = Bit(Rule::kSignalsNobodyElse) | Bit(Rule::kStartsChildClean) |
                          Bit(Rule::kNeverExits) | Bit(Rule::kComesToRest);
  const int listed = terms_.calls != nullptr ? Bit(Rule::kKeepsToItsCalls) : 0;
  SpeakAll(static_cast<uint16_t>(kAlways | listed));
}

Verdict Judge::verdict(Rule rule) const {
  if ((broken_ & Bit(rule)) != 0) return Verdict::kBroken;
  int spoken = 0;
  for (const uint16_t rules : spoken_) spoken |= rules;
  return (spoken & Bit(rule)) != 0 && Judges(rule) ? Verdict::kHolds : Verdict::kSilent;
}

const Break* Judge::FindBreak(Rule rule) const {
  for (const Break& broken : breaks()) {
    if (broken.rule == rule) return &broken;
  }
  return nullptr;
}

// Who is left is left at each rest to come: that is one break.
bool Judge::IsOfTheSame(Rule rule, Pid pid) const {
  const Break* const known = FindBreak(rule);
  const bool lasts = rule == Rule::kReapsAtRest || rule == Rule::kFreesTheTraced;
  return lasts && known != nullptr && known->pid == pid;
}

void Judge::Fail(Rule rule, const Kernel& kernel, Break found) {
  const bool is_first = (broken_ & Bit(rule)) == 0;
  if (!Judges(rule) || !(is_first || (known_ & Bit(rule)) != 0)) return;
  if (!is_first && IsOfTheSame(rule, found.pid)) return;
  found.rule = rule;
  found.facts.phase = PhaseNow();
  found.facts.entry = past_.entry | terms_.entry;
  found.facts.faults = past_.faults;
  found.step = steps_;
  found.time_ns = kernel.now_ns();
  const bool is_known = terms_.known != nullptr && terms_.known->Has(found);
  if (!is_first && is_known) return;
  broken_ |= Bit(rule);
  known_ = static_cast<uint16_t>(is_known ? known_ | Bit(rule) : known_ & ~Bit(rule));
  Speak(rule);
  if (break_count_ < kMaxBreaks) breaks_[break_count_++] = found;
}

Phase Judge::PhaseNow() const {
  if (ending_.refused_ns != 0) return Phase::kAfterRefusal;
  if (life_.ended) return life_.rested_since ? Phase::kWaiting : Phase::kEnded;
  return life_.executed ? Phase::kRunning : Phase::kStarting;
}

Whose Judge::WhoseIs(Pid pid, const Kernel& kernel) const {
  if (pid == 0 || pid == kInit) return Whose::kNobody;
  const bool was_child = pid == life_.child && (!life_.reaped || !kernel.Exists(pid));
  if (was_child) return life_.executed ? Whose::kChild : Whose::kChildBeforeExec;
  const kernel::View view = kernel.Look(pid);
  if (view.pid != 0 && view.process != pid) return Whose::kThread;
  if (view.subject) return Whose::kHelper;
  if (pid <= past_.inherited) return Whose::kInherited;
  return view.parent == kInit ? Whose::kOrphan : Whose::kStranger;
}

// --- What matters to come ------------------------------------------------------------------------

template <typename Visitor>
void Judge::VisitFuture(uint64_t origin_ns, Visitor&& visit) const {
  const auto flags = [](auto... values) {
    uint64_t word = 0;
    ((word = word << 1 | static_cast<uint64_t>(values)), ...);
    return word;
  };
  const auto age = [origin_ns](uint64_t time_ns) { return time_ns - origin_ns; };
  const auto pair = [](auto high, auto low) {
    return static_cast<uint64_t>(static_cast<uint32_t>(high)) << 32 |
           static_cast<uint64_t>(static_cast<uint32_t>(low));
  };
  visit(pair(known_ << 16 | broken_,
             exec_defects_ << 5 | past_.streams << 2 | stopped_ << 1 | resting_));
  visit(pair(life_.child, life_.status));
  visit(pair(life_.lost, ending_.helper_count));
  visit(pair(life_.known ? 0 : life_.first,
             flags(life_.known, life_.executed, life_.exec_failed, life_.refused, life_.dead,
                   life_.ended, life_.reaped, life_.rested, life_.rested_since, past_.no_console)));
  visit(pair(forwarding_.count << 8 | forwarding_.cursor,
             forwarding_.sends << 16 | forwarding_.sending << 8 | forwarding_.overflowed));
  visit(forwarding_.doubtful);
  visit(forwarding_.ever_sent);
  for (std::size_t i = 0; i < forwarding_.count; ++i) {
    const auto& taken = forwarding_.taken[i];
    visit(pair(taken.less_one, flags(taken.owed, taken.sent)));
  }
  visit(tracing_.count);
  for (std::size_t i = 0; i < tracing_.count; ++i) {
    visit(pair(tracing_.stopped[i].pid, tracing_.stopped[i].data));
  }
  if (terms_.counts_calls) {
    visit(pair(effort_.calls, effort_.credit));
    visit(pair(effort_.in_window, effort_.rested));
    if (effort_.in_window != 0) visit(age(effort_.window_ns));
  }
  visit(line_.Word());
  visit(pair(writer_, life_.end_cause));
  if (writer_ != 0) visit(line_before_.Word());
  visit(life_.failed_ns == 0 ? 0 : age(life_.failed_ns));
  if (!life_.ended && !life_.exec_failed && !MayHaveEnded()) return;
  const Ending& e = ending_;
  visit(flags(e.fork_refused, e.hindered, e.sync_called, e.sync_returned, e.sync_done,
              e.restart_called, e.reported, e.path_named, e.write_failed, e.excluded, e.clean));
  visit(pair(e.helper_count << 16 | e.zombies, e.sync_by));
  for (std::size_t i = 0; i < e.helper_count; ++i) visit(static_cast<uint64_t>(e.helpers[i]));
  visit(life_.ended ? age(e.due_ns) : 0);
  visit(e.excluded ? age(e.seen_ns) : 0);
  visit(e.restart_called || !(EndIsDue() || MayHaveEnded()) ? 0 : age(life_.end_ns));
  visit(e.refused_ns == 0 ? 0 : age(e.refused_ns));
}

uint64_t Judge::Hash(uint64_t origin_ns) const {
  uint64_t hash = 0;
  VisitFuture(origin_ns,
              [&hash](uint64_t word) { hash = (std::rotl(hash, 23) ^ word) * 0x9e3779b97f4a7c15; });
  return hash ^ hash >> 32;
}

bool Judge::SameFuture(const Judge& other, uint64_t origin_ns, uint64_t other_origin_ns) const {
  // 25 words, and one for each signal, stop and helper that there is room for.
  std::array<uint64_t, 32 + kMaxTaken + kMaxStopped + kMaxHelpers> words{};
  std::size_t count = 0;
  VisitFuture(origin_ns, [&](uint64_t word) { words[count++] = word; });
  std::size_t at = 0;
  bool same = terms_ == other.terms_;
  other.VisitFuture(other_origin_ns, [&](uint64_t word) {
    same = same && at < count && words[at] == word;
    ++at;
  });
  return same && at == count;
}

}  // namespace minit::contract
