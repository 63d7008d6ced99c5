#include "proptest/plain_judge.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace minit::proptest {
namespace {

using contract::Rule;
using contract::Step;
using kernel::Activity;
using kernel::CallKind;
using kernel::kInit;
using kernel::Pid;
namespace calls = kernel::calls;

constexpr std::string_view kPath = "/core";

bool IsDead(Pid pid, const kernel::Kernel& kernel) {
  const kernel::Glance view = kernel.GlanceAt(pid);
  return !view.exists || view.activity == Activity::kZombie;
}
bool HasLiveThread(Pid process, const kernel::Kernel& kernel) {
  for (int i = 1; i < kernel.size(); ++i) {
    const Pid pid = kernel.PidAt(i);
    if (kernel.Look(pid).process == process && !IsDead(pid, kernel)) return true;
  }
  return false;
}
bool IsStop(int raw) { return (raw & 0xff) == 0x7f; }
contract::Cause CauseOf(int raw) {
  if (IsStop(raw)) return contract::Cause::kTracedStop;
  if ((raw & 0x7f) == 0) return contract::Cause::kExit;
  return (raw & 0x80) != 0 ? contract::Cause::kCore : contract::Cause::kKill;
}
int ShellStatus(int raw) { return (raw & 0x7f) != 0 ? 128 + (raw & 0x7f) : raw >> 8; }

// What a waitid would have told as a wait.
kernel::Result AsOfWait(const kernel::Result& by_id) {
  enum { kExited = 1, kDumped = 3, kTrapped = 4, kStopped = 5 };  // CLD_…
  kernel::Result result = by_id;
  if (by_id.value < 0) return result;
  result.value = by_id.pid;
  if (by_id.code == kExited) result.status = by_id.status << 8;
  if (by_id.code == kDumped) result.status = by_id.status | 0x80;
  if (by_id.code == kTrapped || by_id.code == kStopped) result.status = by_id.status << 8 | 0x7f;
  return result;
}

contract::Facts OfSignal(int signal, contract::How how,
                         contract::Whose whose = contract::Whose::kNobody) {
  return {.cause = contract::Cause::kSignal,
          .signal = static_cast<uint8_t>(signal),
          .whose = whose,
          .how = how};
}

int32_t Milliseconds(uint64_t time_ns) { return static_cast<int32_t>(time_ns / 1'000'000); }

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

bool IsMinus(std::string_view line, std::size_t at) {
  return line[at] == '-' &&
         (at == 0 || std::isalnum(static_cast<unsigned char>(line[at - 1])) == 0);
}

// The decimal numbers in a line. No status is as large, or below zero.
std::vector<int> NumbersIn(std::string_view line) {
  constexpr int kMost = 10'000;
  std::vector<int> numbers;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!IsDigit(line[i])) continue;
    if (i == 0 || !IsDigit(line[i - 1])) {
      numbers.push_back(i > 0 && IsMinus(line, i - 1) ? kMost : 0);
    }
    numbers.back() = std::min(numbers.back() * 10 + (line[i] - '0'), kMost);
  }
  return numbers;
}

}  // namespace

void PlainJudge::Break(Rule rule, const Kernel& kernel, contract::Break found) {
  using contract::Phase;
  found.rule = rule;
  found.time_ns = kernel.now_ns();
  found.facts.faults = faults_;
  found.facts.entry = entry_;
  found.facts.phase = refused_ns_ != 0 ? Phase::kAfterRefusal
                      : rested_since_  ? Phase::kWaiting
                      : ended_         ? Phase::kEnded
                      : executed_      ? Phase::kRunning
                                       : Phase::kStarting;
  if (BelongsTo(rule, profile_)) broken_.emplace(rule, found);
  if (rule == Rule::kEndsOnlyWithChild || rule == Rule::kNeverExits) over_ = true;
}

PlainJudge::Whose PlainJudge::WhoseIs(Pid pid, const Kernel& kernel) const {
  if (pid == 0 || pid == kInit) return Whose::kNobody;
  const kernel::View view = kernel.Look(pid);
  const bool was_child = pid == child_ && (!reaped_ || view.pid == 0);
  if (was_child) return executed_ ? Whose::kChild : Whose::kChildBeforeExec;
  if (view.pid != 0 && view.process != pid) return Whose::kThread;
  if (view.subject) return Whose::kHelper;
  if (pid <= inherited_) return Whose::kInherited;  // by the number: it may be gone
  return view.parent == kInit ? Whose::kOrphan : Whose::kStranger;
}

contract::Facts PlainJudge::About(const Event& event, How how, const Kernel& kernel) const {
  Facts facts{.cause = event.cause, .whose = WhoseIs(event.pid, kernel), .how = how};
  if (event.cause == Cause::kSignal) facts.signal = static_cast<uint8_t>(event.signal);
  return facts;
}

void PlainJudge::On(const Step& step, const Kernel& kernel) {
  if (over_ || in_doubt_) return;
  if (ended_) CountTime(kernel);
  if (step.kind != Step::Kind::kCalls) {
    if (child_ != 0 && !reaped_) FollowChild(kernel);
    FollowHelpers(kernel);
  }
  if (step.by_init) resting_ = false;
  switch (step.kind) {
    case Step::Kind::kEntered:
      OnEntered(kernel);
      break;
    case Step::Kind::kCalls:
      OnCall(step, kernel);
      break;
    case Step::Kind::kReturns:
      if (step.result.state == kernel::Result::State::kDone) OnReturn(step, kernel);
      break;
    case Step::Kind::kBlocks:
      if (step.by_init && step.call.kind == CallKind::kFork) {
        Pid newborn = 0;
        for (int i = 1; i < kernel.size(); ++i) {
          const Pid pid = kernel.PidAt(i);
          if (kernel.Look(pid).subject && !IsDead(pid, kernel)) newborn = pid;
        }
        OnForked(newborn, kernel);
      }
      break;
    case Step::Kind::kMove:
      last_ = {step.cause, step.signal, step.pid};
      if (step.cause == Cause::kFault) NoteFaults(kernel.faults());
      [[fallthrough]];
    case Step::Kind::kTime:
      if (resting_ && kernel.AtRest()) Rest(kernel, false);
      break;
    case Step::Kind::kSpins:
      if (step.by_init) {
        Break(Rule::kComesToRest, kernel, {.facts = About(last_, How::kNever, kernel)});
      } else if (step.pid == child_ && exec_failed_ && !reaped_) {
        BreakByFailedStart(kernel);
      }
      break;
    case Step::Kind::kRest:
      Rest(kernel, !std::exchange(resting_, true));
      break;
    default:
      break;
  }
  FollowFailedStart(kernel);
  if (kernel.ending() == kernel::Ending::kInitDied && !over_) {
    if (step.kind != Step::Kind::kMove) {
      Break(Rule::kNeverExits, kernel,
            {.facts = {.cause = Cause::kKill}, .number = kernel.ending_status() & 0x7f});
    }
    if (ended_) {
      Break(Rule::kExitsWithStatus, kernel,
            {.facts = OfTheChild(How::kNever), .expected = status_});
    }
    over_ = true;
  }
  // Of who waits in the child's stead nobody can tell whether it is one.
  if (refused_ && hindered_) in_doubt_ = true;
}

void PlainJudge::OnEntered(const Kernel& kernel) {
  const kernel::View init = kernel.Look(kInit);
  inherited_ = kernel.PidAt(kernel.size() - 1);
  streams_ = init.descriptors & contract::kStreams;
  if (init.ignored != 0) entry_ |= contract::kEnteredIgnoring;
  if ((init.ignored >> (kernel::kSigChld - 1) & 1) != 0) entry_ |= contract::kEnteredIgnoringChld;
  if (init.mask != 0) entry_ |= contract::kEnteredMasked;
  if (kernel.size() > 1) entry_ |= contract::kEnteredParent;
}

void PlainJudge::NoteFaults(const kernel::Faults& faults) {
  if (faults.fork_failures != 0) faults_ |= contract::kFaultForks;
  if (faults.exec_failures != 0) faults_ |= contract::kFaultExecs;
  if (faults.reboot_failures != 0) faults_ |= contract::kFaultReboots;
  if (faults.sync_hangs) faults_ |= contract::kFaultSync;
  if (faults.console_room >= 0) faults_ |= contract::kFaultConsole;
}

// --- The child ---

void PlainJudge::OnForked(Pid newborn, const Kernel& kernel) {
  if (newborn == 0 || (newborn == child_ && !reaped_)) return;
  if (ended_) {
    helpers_.erase(newborn);  // a vfork tells of it twice
    if (!IsDead(newborn, kernel) && kernel.Look(newborn).subject) helpers_.insert(newborn);
    hindered_ |= helpers_.size() > 6;  // beyond, the judge does not see what becomes of them
  } else if (!known_) {
    if (child_ != 0) in_doubt_ = true;
    child_ = newborn;
  }
}

void PlainJudge::OnForkRefused(const Kernel& kernel) {
  if (ended_) {
    fork_refused_ = true;
  } else if (!known_) {
    if (child_ != 0) in_doubt_ = true;
    refused_ = true;
    End(kernel);
  }
}

void PlainJudge::OnExec(Pid pid, const Kernel& kernel) {
  if (known_ && (pid != child_ || reaped_)) {
    return Break(Rule::kStartsChildClean, kernel,
                 {.facts = {.whose = Whose::kHelper, .how = How::kTwice}, .pid = pid});
  }
  if (!known_ && ended_) in_doubt_ = true;
  known_ = true;
  child_ = pid;
  exec_failed_ = false;
  const kernel::View view = kernel.Look(pid);
  const Pid apart = profile_ == contract::Profile::kContainer ? view.group : view.session;
  const uint64_t passed_on = view.descriptors & ~view.close_on_exec;
  unclean_ = 0;
  if (apart != pid) unclean_ |= contract::kNotApart;
  if (view.has_terminal) unclean_ |= contract::kTerminal;
  if (view.mask != 0) unclean_ |= contract::kMasked;
  if (view.ignored != 0) unclean_ |= contract::kIgnoring;
  if (passed_on > contract::kStreams) unclean_ |= contract::kDescriptors;
  if ((streams_ & ~passed_on) != 0) unclean_ |= contract::kWithoutStreams;
  unclean_signals_ = view.mask != 0 ? view.mask : view.ignored;
}

void PlainJudge::JudgeExec(const Kernel& kernel) {
  const int unclean = std::exchange(unclean_, 0);
  if (unclean == 0) return;
  // The first of what is wrong; tales have no path, arguments or environment.
  static constexpr std::array<std::pair<int, How>, 6> kHows = {
      {{contract::kNotApart, How::kNotApart},
       {contract::kTerminal, How::kTerminal},
       {contract::kMasked, How::kSignalsBlocked},
       {contract::kIgnoring, How::kSignalsIgnored},
       {contract::kDescriptors, How::kDescriptors},
       {contract::kWithoutStreams, How::kStreams}}};
  const auto is_wrong = [unclean](const auto& how) { return (how.first & unclean) != 0; };
  const auto [defect, how] = *std::ranges::find_if(kHows, is_wrong);
  const bool of_signals = defect == contract::kMasked || defect == contract::kIgnoring;
  const Event event{.cause = of_signals ? Cause::kSignal : Cause::kNone,
                    .signal = std::countr_zero(unclean_signals_) + 1};
  contract::Break found{.facts = About(event, how, kernel)};
  found.facts.whose = Whose::kChildBeforeExec;
  found.pid = child_;
  found.number = unclean;
  Break(Rule::kStartsChildClean, kernel, found);
}

void PlainJudge::FollowChild(const Kernel& kernel) {
  const kernel::View view = kernel.Look(child_);
  if (view.pid != 0 && view.has_execed && known_ && !executed_) {
    executed_ = true;
    path_named_ = false;
    JudgeExec(kernel);
  }
  if (!IsDead(child_, kernel) || HasLiveThread(child_, kernel)) return;
  // Whoever traces it puts its end off.
  const auto look = calls::WaitId(kernel::kWaitForPid, child_,
                                  kernel::kWaitExited | kernel::kWaitNoHang | kernel::kWaitAll);
  const bool held = view.pid != 0 && kernel.PeekWait(kInit, look).pid != child_;
  if (!known_ || (held && exec_failed_)) {
    in_doubt_ = true;
    return;
  }
  if (!std::exchange(dead_, true)) {
    end_cause_ = CauseOf(view.status);
    status_ = ShellStatus(view.status);
    for (Taken& taken : taken_) taken.owed = false;
    JudgeExec(kernel);
  }
  if (!ended_ && !held) End(kernel);
  if (view.pid != 0) return;
  reaped_ = true;
  taken_.clear();
  ever_sent_.clear();
  behind_last_sent_ = 0;
}

void PlainJudge::End(const Kernel& kernel) {
  ended_ = true;
  end_ns_ = seen_ns_ = kernel.now_ns();
  CountTime(kernel);
  for (int i = 1; i < kernel.size(); ++i) {
    const Pid pid = kernel.PidAt(i);
    if (pid != child_ && IsDead(pid, kernel)) dead_at_end_.insert(pid);
  }
}

// Time in which init is frozen, or waits for its own vfork, counts for no deadline.
void PlainJudge::CountTime(const Kernel& kernel) {
  if (!held_) used_ns_ += kernel.now_ns() - seen_ns_;
  seen_ns_ = kernel.now_ns();
  const Activity activity = kernel.InitActivity();
  held_ = activity == Activity::kStopped || activity == Activity::kSuspended;
  if (used_ns_ <= contract::kRestartWithinNs || kernel.ending() != kernel::Ending::kNone) return;
  const uint64_t due_ns = kernel.now_ns() + contract::kRestartWithinNs - used_ns_;
  Break(Rule::kAlwaysRestarts, kernel,
        {.facts = OfTheEnd(How::kNever), .expected = Milliseconds(due_ns)});
}

// Seconds count while nobody keeps it from going on.
void PlainJudge::FollowFailedStart(const Kernel& kernel) {
  const bool over = executed_ || reaped_ || IsDead(child_, kernel);
  if (over) failed_ns_.reset();
  if (over || (!exec_failed_ && !failed_ns_)) return;
  const kernel::View view = kernel.Look(child_);
  const bool held = view.kept || view.stopped || view.activity == Activity::kTraced;
  if (!failed_ns_ || held) failed_ns_ = kernel.now_ns();
  const bool late = kernel.now_ns() - *failed_ns_ > contract::kRestartWithinNs;
  if (exec_failed_ && late) BreakByFailedStart(kernel);
}

void PlainJudge::BreakByFailedStart(const Kernel& kernel) {
  const contract::Break found{.facts = {.whose = Whose::kChildBeforeExec, .how = How::kNever},
                              .pid = child_};
  Break(Rule::kAlwaysRestarts, kernel, found);
  Break(Rule::kExitsWithStatus, kernel, found);
}

void PlainJudge::FollowHelpers(const Kernel& kernel) {
  for (const Pid pid : std::set<Pid>(helpers_)) {
    const kernel::Glance view = kernel.GlanceAt(pid);
    if (IsDead(pid, kernel)) helpers_.erase(pid);
    hindered_ |= IsDead(pid, kernel) || view.kept || view.activity == Activity::kStopped;
  }
}

// --- What is called ---

void PlainJudge::OnCall(const Step& step, const Kernel& kernel) {
  const kernel::Call& call = step.call;
  switch (call.kind) {
    case CallKind::kExec:
      OnExec(step.pid, kernel);
      break;
    case CallKind::kKill:
    case CallKind::kThreadKill:
      OnSend(call, kernel);
      break;
    case CallKind::kPtrace:
      if (step.by_init && call.value == kernel::kPtraceDetach) OnDetach(call, kernel);
      break;
    case CallKind::kWrite:
      OnWrite(step, kernel);
      break;
    case CallKind::kSync:
      if (MayEnd(kernel)) sync_called_ = true;
      break;
    case CallKind::kReboot:
      if (call.value != kernel::kRebootRestart) {
        Break(Rule::kAlwaysRestarts, kernel,
              {.facts = {.how = How::kOtherCommand}, .pid = step.pid, .number = call.value});
      } else if (MayEnd(kernel)) {
        if (call.flags == 0) {
          Break(Rule::kAlwaysRestarts, kernel,
                {.facts = {.how = How::kWrongValue}, .pid = step.pid});
        }
        OnRestart(kernel);
      }
      break;
    case CallKind::kExit:
      if (step.by_init) {
        OnExit(step, kernel);
      } else {
        helpers_.erase(step.pid);
      }
      break;
    default:
      break;
  }
}

void PlainJudge::OnReturn(const Step& step, const Kernel& kernel) {
  const kernel::Result& result = step.result;
  switch (step.call.kind) {
    case CallKind::kFork:
      if (result.value < 0) {
        OnForkRefused(kernel);
      } else {
        OnForked(result.value, kernel);
      }
      break;
    case CallKind::kExec:
      if (step.pid == child_ && !reaped_) exec_failed_ = result.value < 0;
      break;
    case CallKind::kSigTimedWait:
      if (!step.by_init || result.signal == 0) break;
      told_ = {};
      ever_taken_.insert(result.signal);
      if (result.signal == kernel::kSigChld) break;
      told_ = {.cause = Cause::kSignal, .signal = result.signal};
      if (!reaped_) taken_.push_back({result.signal, result.owed && !ended_ && !dead_, false});
      break;
    case CallKind::kWait4:
      if (step.by_init) OnWaited(result, step.call.pid == -1, kernel);
      break;
    case CallKind::kWaitId:
      if (!step.by_init || (step.call.flags & kernel::kWaitNoWait) != 0) break;
      OnWaited(AsOfWait(result), step.call.value == kernel::kWaitForAny, kernel);
      break;
    case CallKind::kKill:
      if (step.by_init && sending_ >= 0 && result.value == 0) {
        Taken& sent = taken_[static_cast<std::size_t>(sending_)];
        sent.sent = true;
        ever_sent_.insert(sent.signal);
        behind_last_sent_ = std::max(behind_last_sent_, static_cast<std::size_t>(sending_) + 1);
      }
      if (step.by_init && sending_ >= 0 && result.value == -ESRCH) {
        found_nobody_to_send_to_.insert(taken_[static_cast<std::size_t>(sending_)].signal);
      }
      sending_ = -1;
      break;
    case CallKind::kWrite:
      if (result.value != step.call.value) {
        if (writer_ == step.pid) line_ = result.value <= 0 ? line_before_ : Line{};
        write_failed_ |= ended_;
      }
      if (writer_ == step.pid) writer_ = 0;
      break;
    case CallKind::kOpen:
      if (step.call.path == kernel::Path::kConsole) no_console_ = result.value < 0;
      if (step.call.path == kernel::Path::kNoConsole) no_console_ = true;
      break;
    case CallKind::kSync:
      if (!sync_called_) break;
      sync_returned_ = true;
      if (step.by_init) {
        sync_done_ = true;
      } else {
        synced_by_ = step.pid;
      }
      break;
    case CallKind::kReboot:
      if (!restart_called_) break;
      refused_ns_ = kernel.now_ns();
      used_ns_ = 0;
      break;
    default:
      break;
  }
}

void PlainJudge::OnWaited(const kernel::Result& told, bool of_any, const Kernel& kernel) {
  const Pid pid = told.value;
  const int raw = told.status;
  if (pid >= 0) {
    const kernel::Result left = kernel.PeekWait(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    passed_over_ = left.value > 0 && !IsStop(left.status) ? left.value : 0;
  }
  if (pid <= 0) {
    found_nobody_ |= ended_ && of_any && (pid == 0 || pid == -ECHILD);
    return;
  }
  const auto known = std::find_if(stopped_.begin(), stopped_.end(),
                                  [pid](const Stopped& it) { return it.pid == pid; });
  told_ = {.cause = CauseOf(raw), .pid = pid};
  if (IsStop(raw)) {
    if (kernel.Look(pid).tracer != kInit) {
      told_.cause = Cause::kUntracedStop;
      return;
    }
    const int signal = raw >> 8 & 0xff;
    const bool plain = signal == kernel::kSigStop || signal == kernel::kSigTrap;
    Stopped& stopped = known == stopped_.end() ? stopped_.emplace_back() : *known;
    stopped = {pid, plain ? 0 : signal};
  } else {
    if (known != stopped_.end()) stopped_.erase(known);
    dead_at_end_.erase(pid);
    if (pid == synced_by_) sync_done_ |= raw == 0;
    if (pid == synced_by_) synced_by_ = 0;
  }
}

void PlainJudge::OnDetach(const kernel::Call& call, const Kernel& kernel) {
  const auto known = std::find_if(stopped_.begin(), stopped_.end(),
                                  [&call](const Stopped& it) { return it.pid == call.pid; });
  if (known == stopped_.end()) return;
  if (known->data != call.signal) {
    Break(Rule::kFreesTheTraced, kernel,
          {.facts = About({Cause::kTracedStop, 0, call.pid}, How::kWrongValue, kernel),
           .pid = call.pid,
           .number = call.signal,
           .expected = known->data});
  }
  stopped_.erase(known);
}

// --- Signals ---

void PlainJudge::OnSend(const kernel::Call& call, const Kernel& kernel) {
  sending_ = -1;
  const bool kill = call.kind == CallKind::kKill;
  const Pid named = kill ? call.pid : call.value;
  const bool to_group = kill && child_ > 1 && named == -child_;
  if (!reaped_ && (to_group || (child_ > 1 && named == child_))) {
    const bool container = profile_ == contract::Profile::kContainer;
    OnSendToChild(call.signal, to_group || (kill && container), kernel);
    return;
  }
  // Where the child's fork was refused nobody can tell whose it was.
  const Pid target = std::abs(named);
  if (refused_ && target != kInit && kernel.Look(target).subject) return;
  const bool late = reaped_ && child_ > 1 && (to_group || named == child_);
  const How how = !late                               ? How::kPlain
                  : ever_taken_.contains(call.signal) ? How::kLate
                                                      : How::kNeverTaken;
  const Whose whose = late || named == -1 ? Whose::kStranger : WhoseIs(target, kernel);
  Break(Rule::kSignalsNobodyElse, kernel,
        {.facts = OfSignal(call.signal, how, whose), .pid = named, .number = call.signal});
}

void PlainJudge::OnSendToChild(int signal, bool rightly, const Kernel& kernel) {
  const auto find = [this, signal](std::size_t from) {
    for (std::size_t i = from; i < taken_.size(); ++i) {
      if (taken_[i].signal == signal && !taken_[i].sent) return static_cast<int>(i);
    }
    return -1;
  };
  int at = find(behind_last_sent_);
  if (at < 0) {
    at = find(0);
    if (at >= 0) {
      Break(Rule::kForwardsInOrder, kernel,
            {.facts = OfSignal(signal, How::kLate),
             .number = signal,
             .expected = taken_[behind_last_sent_ - 1].signal});
    }
  }
  if (at >= 0 && rightly) {
    sending_ = at;
    return;
  }
  contract::Break found{
      .facts = OfSignal(signal, How::kProcessOnly), .pid = child_, .number = signal};
  if (at >= 0) {
    taken_[static_cast<std::size_t>(at)].sent = true;
    return Break(Rule::kForwardsEverySignal, kernel, found);
  }
  found.facts.how = How::kTwice;
  if (ever_sent_.contains(signal)) return Break(Rule::kForwardsEverySignal, kernel, found);
  const auto instead = std::find_if(taken_.begin(), taken_.end(),
                                    [](const Taken& it) { return it.owed && !it.sent; });
  if (instead == taken_.end()) {
    found.facts = OfSignal(signal, How::kNeverTaken, WhoseIs(child_, kernel));
    return Break(Rule::kSignalsNobodyElse, kernel, found);
  }
  instead->sent = true;
  found.facts = OfSignal(instead->signal, How::kOtherNumber);
  found.expected = instead->signal;
  Break(Rule::kForwardsEverySignal, kernel, found);
}

// The child has no group, and does not come to make one for it waits for something.
bool PlainJudge::IsHeldUpByItself(const Kernel& kernel) const {
  const kernel::View child = kernel.Look(child_);
  return child.subject && child.group != child_ && !child.has_execed && !child.kept &&
         !child.stopped && child.activity == kernel::Activity::kBlocked;
}

void PlainJudge::RestFromSignals(const Kernel& kernel, bool fresh) {
  const kernel::Call& call = kernel.LastCall(kInit);
  const bool sleeps = call.kind == CallKind::kFork ||
                      (call.time_ns != kernel::kForever &&
                       (call.kind == CallKind::kSigTimedWait || call.kind == CallKind::kSleep));
  const bool alive = child_ != 0 && !ended_ && !dead_;
  if (alive && (fresh || !sleeps) && kernel.Owed() != 0) {
    const int signal = std::countr_zero(kernel.Owed()) + 1;
    Break(Rule::kForwardsEverySignal, kernel,
          {.facts = OfSignal(signal, How::kNeverTaken), .number = signal});
  }
  if (!fresh) return;
  // Of equal ones it does not matter which were sent, only how many.
  std::map<int, int> spare;
  for (const Taken& taken : taken_) spare[taken.signal] += taken.sent && !taken.owed ? 1 : 0;
  for (const Taken& taken : taken_) {
    if (!alive || !taken.owed || taken.sent || spare[taken.signal]-- > 0) continue;
    const bool nobody = found_nobody_to_send_to_.contains(taken.signal);
    const How refused = IsHeldUpByItself(kernel) ? How::kChildBlocked : How::kNoSuchProcess;
    Break(Rule::kForwardsEverySignal, kernel,
          {.facts = OfSignal(taken.signal, nobody ? refused : How::kTakenNotSent),
           .pid = child_,
           .number = taken.signal});
  }
  found_nobody_to_send_to_.clear();
  std::erase_if(taken_, [](const Taken& it) { return it.sent; });
  for (Taken& taken : taken_) taken.owed = false;
  behind_last_sent_ = 0;
}

// --- The ending ---

bool PlainJudge::MayEnd(const Kernel& kernel) {
  if (ended_) return true;
  const bool told = told_.cause != Cause::kNone;
  const Event& event = told ? told_ : last_;
  contract::Break found{.facts = About(event, How::kEarly, kernel), .pid = event.pid};
  // Whom a wait told of was a child of init's.
  if (told && found.facts.whose == Whose::kStranger) found.facts.whose = Whose::kOrphan;
  Break(Rule::kEndsOnlyWithChild, kernel, found);
  return false;
}

void PlainJudge::OnWrite(const Step& step, const Kernel& kernel) {
  line_before_ = line_;
  writer_ = step.pid;
  if (step.text.data() == nullptr) write_failed_ |= ended_;
  for (const char byte : step.text) {
    if (byte != '\n') {
      if (line_.text.empty()) line_.since_end = ended_;
      line_.text += byte;
      continue;
    }
    OnLine(kernel);
    line_ = {};
    if (over_) return;
  }
}

void PlainJudge::OnLine(const Kernel& kernel) {
  if (start_failed() && line_.text.find(kPath) != std::string::npos) path_named_ = true;
  const std::vector<int> numbers = NumbersIn(line_.text);
  if (numbers.size() != 1) return;
  if (!ended_) {
    if (executed_) MayEnd(kernel);
    return;
  }
  if (!line_.since_end || reported_) return;
  reported_ = true;
  if (start_failed() || excused() || write_failed_) return;
  if (numbers[0] == status_) return;
  Break(Rule::kReportsStatus, kernel,
        {.facts = OfTheChild(How::kWrongValue),
         .pid = child_,
         .number = numbers[0],
         .expected = status_});
}

void PlainJudge::OnRestart(const Kernel& kernel) {
  const uint64_t now_ns = kernel.now_ns();
  const bool delay_over = now_ns >= end_ns_ + contract::kDelayNs;
  if (!restart_called_) {
    if (!line_.text.empty()) OnLine(kernel);
    const bool killed = end_cause_ == Cause::kKill || end_cause_ == Cause::kCore;
    const bool status_will_do = !start_failed() || (exec_failed_ && killed);
    const bool told = (start_failed() && path_named_) || (status_will_do && reported_);
    if (!told && !excused() && !write_failed_ && !no_console_) {
      Break(Rule::kReportsStatus, kernel, {.facts = OfTheEnd(How::kNever), .expected = status_});
    }
    const bool outlasted = delay_over && (sync_called_ || !helpers_.empty());
    if (!sync_returned_ && !outlasted && !excused()) {
      Break(Rule::kSyncsFirst, kernel,
            {.facts = OfTheChild(sync_called_ ? How::kEarly : How::kNever)});
    }
    if (!delay_over && (start_failed() || status_ != 0)) {
      Break(Rule::kWaitsOutTheDelay, kernel,
            {.facts = OfTheEnd(How::kEarly),
             .number = Milliseconds(now_ns - end_ns_),
             .expected = status_});
    }
  }
  if (refused_ns_ != 0 && now_ns < refused_ns_ + contract::kPauseNs) {
    Break(Rule::kAlwaysRestarts, kernel,
          {.facts = {.how = How::kEarly}, .number = Milliseconds(now_ns - refused_ns_)});
  }
  restart_called_ = true;
}

void PlainJudge::OnExit(const Step& step, const Kernel& kernel) {
  const int code = step.call.value;
  if (MayEnd(kernel)) {
    contract::Break found{
        .facts = OfTheChild(How::kWrongValue), .number = code, .expected = status_};
    if (status_ >= 0 && code != status_) Break(Rule::kExitsWithStatus, kernel, found);
    const Pid left = kernel.PeekWait(kInit, calls::Wait4(-1, kernel::kWaitNoHang)).value;
    found = {.facts = OfTheChild(How::kEarly), .pid = left, .number = code};
    found.facts.whose = WhoseIs(left, kernel);
    if (left > 0 && !dead_at_end_.empty() && !found_nobody_) {
      Break(Rule::kExitsWithStatus, kernel, found);
    }
  }
  Break(Rule::kNeverExits, kernel, {.facts = About(last_, How::kPlain, kernel), .number = code});
}

// --- Rest ---

void PlainJudge::Rest(const Kernel& kernel, bool fresh) {
  RestFromReaping(kernel);
  RestFromSignals(kernel, fresh);
  if (!fresh) return;
  for (const Stopped& stopped : std::exchange(stopped_, {})) {
    if (IsDead(stopped.pid, kernel)) continue;
    Break(Rule::kFreesTheTraced, kernel,
          {.facts = About({Cause::kTracedStop, 0, stopped.pid}, How::kNever, kernel),
           .pid = stopped.pid,
           .number = stopped.data});
  }
  if (!std::exchange(has_rested_, true) && child_ == 0 && !refused_) {
    Break(Rule::kStartsChildClean, kernel, {.facts = {.whose = Whose::kChild, .how = How::kNever}});
  }
  if (exec_failed_ && !ended_) {
    const kernel::View view = kernel.Look(child_);
    const bool waits = view.activity == Activity::kBlocked && !view.kept && !view.stopped &&
                       view.subject && view.call.kind != CallKind::kSleep;
    if (waits) BreakByFailedStart(kernel);
  }
  if (ended_) RestAfterEnd(kernel);
}

void PlainJudge::RestFromReaping(const Kernel& kernel) {
  const auto look = [&kernel](Pid pid) {
    return kernel.PeekWait(kInit, calls::Wait4(pid, kernel::kWaitNoHang));
  };
  kernel::Result left = look(-1);
  if (left.value <= 0) return;
  const bool stop = IsStop(left.status);
  const bool passed_over = !stop && passed_over_ != 0;
  if (passed_over) left = look(passed_over_);
  const Event event{.cause = CauseOf(left.status), .pid = left.value};
  Break(stop ? Rule::kFreesTheTraced : Rule::kReapsAtRest, kernel,
        {.facts = About(event, passed_over ? How::kPassedOver : How::kNever, kernel),
         .pid = left.value,
         .number = stop ? left.status >> 8 & 0xff : ShellStatus(left.status)});
}

void PlainJudge::RestAfterEnd(const Kernel& kernel) {
  const bool first = !std::exchange(rested_since_, true);
  if (first && !sync_called_ && !excused()) {
    Break(Rule::kSyncsFirst, kernel, {.facts = OfTheChild(How::kLate)});
  }
  const bool succeeded = status_ == 0 && !start_failed();
  if (succeeded && sync_done_ && !restart_called_) {
    Break(Rule::kWaitsOutTheDelay, kernel, {.facts = OfTheChild(How::kLate)});
  }
  Break(Rule::kExitsWithStatus, kernel, {.facts = OfTheChild(How::kLate), .expected = status_});
}

}  // namespace minit::proptest
