#include "proptest/plain_judge.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "harness/contract/judge.h"

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
bool IsStop(int raw) { return (raw & 0xff) == 0x7f; }

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

void PlainJudge::Break(Rule rule) {
  if (BelongsTo(rule, profile_)) broken_.insert(rule);
  if (rule == Rule::kEndsOnlyWithChild || rule == Rule::kNeverExits) over_ = true;
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
    case Step::Kind::kTime:
      if (resting_ && kernel.AtRest()) Rest(kernel, false);
      break;
    case Step::Kind::kSpins:
      if (step.by_init) {
        Break(Rule::kComesToRest);
      } else if (step.pid == child_ && exec_failed_ && !reaped_) {
        BreakByFailedStart();
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
    if (step.kind != Step::Kind::kMove) Break(Rule::kNeverExits);
    if (ended_) Break(Rule::kExitsWithStatus);
    over_ = true;
  }
  // Of who waits in the child's stead nobody can tell whether it is one.
  if (refused_ && hindered_) in_doubt_ = true;
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
  if (known_ && (pid != child_ || reaped_)) return Break(Rule::kStartsChildClean);
  if (!known_ && ended_) in_doubt_ = true;
  known_ = true;
  child_ = pid;
  exec_failed_ = false;
  const kernel::View view = kernel.Look(pid);
  const Pid apart = profile_ == contract::Profile::kContainer ? view.group : view.session;
  unclean_ = apart != pid || view.mask != 0;
}

void PlainJudge::JudgeExec() {
  if (std::exchange(unclean_, false)) Break(Rule::kStartsChildClean);
}

void PlainJudge::FollowChild(const Kernel& kernel) {
  const kernel::View view = kernel.Look(child_);
  if (view.pid != 0 && view.has_execed && known_ && !executed_) {
    executed_ = true;
    path_named_ = false;
    JudgeExec();
  }
  if (!IsDead(child_, kernel)) return;
  // Whoever traces it puts its end off.
  const auto look = calls::WaitId(kernel::kWaitForPid, child_,
                                  kernel::kWaitExited | kernel::kWaitNoHang | kernel::kWaitAll);
  const bool held = view.pid != 0 && kernel.PeekWait(kInit, look).pid != child_;
  if (!known_ || held) {
    in_doubt_ = true;
    return;
  }
  if (!ended_) {
    const int signal = view.status & 0x7f;
    killed_ = signal != 0;
    status_ = killed_ ? 128 + signal : view.status >> 8;
    for (Taken& taken : taken_) taken.owed = false;
    JudgeExec();
    End(kernel);
  }
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
  const bool goes_on = kernel.ending() == kernel::Ending::kNone;
  if (used_ns_ > contract::kRestartWithinNs && goes_on) Break(Rule::kAlwaysRestarts);
}

// Seconds count while nobody keeps it from going on.
void PlainJudge::FollowFailedStart(const Kernel& kernel) {
  const bool over = executed_ || reaped_ || IsDead(child_, kernel);
  if (over) failed_ns_.reset();
  if (over || !exec_failed_) return;
  const kernel::View view = kernel.Look(child_);
  const bool held = view.kept || view.stopped || view.activity == Activity::kTraced;
  if (!failed_ns_ || held) failed_ns_ = kernel.now_ns();
  if (kernel.now_ns() - *failed_ns_ > contract::kRestartWithinNs) BreakByFailedStart();
}

void PlainJudge::BreakByFailedStart() {
  Break(Rule::kAlwaysRestarts);
  Break(Rule::kExitsWithStatus);
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
      if (step.by_init && call.value == kernel::kPtraceDetach && stopped_.contains(call.pid)) {
        if (stopped_[call.pid] != call.signal) Break(Rule::kFreesTheTraced);
        stopped_.erase(call.pid);
      }
      break;
    case CallKind::kWrite:
      OnWrite(step);
      break;
    case CallKind::kSync:
      if (MayEnd()) sync_called_ = true;
      break;
    case CallKind::kReboot:
      if (call.value != kernel::kRebootRestart) {
        Break(Rule::kAlwaysRestarts);
      } else if (MayEnd()) {
        if (call.flags == 0) Break(Rule::kAlwaysRestarts);
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
      if (step.by_init && result.signal != 0 && result.signal != kernel::kSigChld && !reaped_) {
        taken_.push_back({result.signal, result.owed && !ended_, false});
      }
      break;
    case CallKind::kWait4:
      if (step.by_init) OnWaited(step, kernel);
      break;
    case CallKind::kKill:
      if (step.by_init && sending_ >= 0 && result.value == 0) {
        Taken& sent = taken_[static_cast<std::size_t>(sending_)];
        sent.sent = true;
        ever_sent_.insert(sent.signal);
        behind_last_sent_ = std::max(behind_last_sent_, static_cast<std::size_t>(sending_) + 1);
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

void PlainJudge::OnWaited(const Step& step, const Kernel& kernel) {
  const Pid pid = step.result.value;
  const int raw = step.result.status;
  if (pid <= 0) {
    found_nobody_ |= ended_ && step.call.pid == -1 && (pid == 0 || pid == -ECHILD);
  } else if (IsStop(raw)) {
    const int signal = raw >> 8 & 0xff;
    const bool plain = signal == kernel::kSigStop || signal == kernel::kSigTrap;
    if (kernel.Look(pid).tracer == kInit) stopped_[pid] = plain ? 0 : signal;
  } else {
    stopped_.erase(pid);
    dead_at_end_.erase(pid);
    if (pid == synced_by_) sync_done_ |= raw == 0;
    if (pid == synced_by_) synced_by_ = 0;
  }
}

// --- Signals ---

void PlainJudge::OnSend(const kernel::Call& call, const Kernel& kernel) {
  sending_ = -1;
  const bool kill = call.kind == CallKind::kKill;
  const Pid named = kill ? call.pid : call.value;
  const bool to_group = kill && child_ > 1 && named == -child_;
  if (!reaped_ && (to_group || (child_ > 1 && named == child_))) {
    const bool container = profile_ == contract::Profile::kContainer;
    OnSendToChild(call.signal, to_group || (kill && container));
    return;
  }
  // Where the child's fork was refused nobody can tell whose it was.
  const Pid target = std::abs(named);
  if (refused_ && target != kInit && kernel.Look(target).subject) return;
  Break(Rule::kSignalsNobodyElse);
}

void PlainJudge::OnSendToChild(int signal, bool rightly) {
  const auto find = [this, signal](std::size_t from) {
    for (std::size_t i = from; i < taken_.size(); ++i) {
      if (taken_[i].signal == signal && !taken_[i].sent) return static_cast<int>(i);
    }
    return -1;
  };
  int at = find(behind_last_sent_);
  if (at < 0) {
    at = find(0);
    if (at >= 0) Break(Rule::kForwardsInOrder);
  }
  if (at >= 0 && rightly) {
    sending_ = at;
  } else if (at >= 0) {
    taken_[static_cast<std::size_t>(at)].sent = true;
    Break(Rule::kForwardsEverySignal);
  } else if (ever_sent_.contains(signal)) {
    Break(Rule::kForwardsEverySignal);
  } else {
    const auto instead = std::find_if(taken_.begin(), taken_.end(),
                                      [](const Taken& it) { return it.owed && !it.sent; });
    if (instead != taken_.end()) instead->sent = true;
    Break(instead != taken_.end() ? Rule::kForwardsEverySignal : Rule::kSignalsNobodyElse);
  }
}

void PlainJudge::RestFromSignals(const Kernel& kernel, bool fresh) {
  const kernel::Call& call = kernel.LastCall(kInit);
  const bool sleeps = call.kind == CallKind::kFork ||
                      (call.time_ns != kernel::kForever &&
                       (call.kind == CallKind::kSigTimedWait || call.kind == CallKind::kSleep));
  const bool alive = child_ != 0 && !ended_;
  if (alive && (fresh || !sleeps) && kernel.Owed() != 0) Break(Rule::kForwardsEverySignal);
  if (!fresh) return;
  // Of equal ones it does not matter which were sent, only how many.
  std::map<int, int> missing;
  for (const Taken& taken : taken_) {
    missing[taken.signal] += (taken.owed ? 1 : 0) - (taken.sent ? 1 : 0);
  }
  for (const auto& [signal, count] : missing) {
    if (alive && count > 0) Break(Rule::kForwardsEverySignal);
  }
  std::erase_if(taken_, [](const Taken& it) { return it.sent; });
  for (Taken& taken : taken_) taken.owed = false;
  behind_last_sent_ = 0;
}

// --- The ending ---

bool PlainJudge::MayEnd() {
  if (!ended_) Break(Rule::kEndsOnlyWithChild);
  return ended_;
}

void PlainJudge::OnWrite(const Step& step) {
  line_before_ = line_;
  writer_ = step.pid;
  if (step.text == nullptr) write_failed_ |= ended_;
  for (const char byte : std::string_view(step.text, step.text_size)) {
    if (byte != '\n') {
      if (line_.text.empty()) line_.since_end = ended_;
      line_.text += byte;
      continue;
    }
    OnLine();
    line_ = {};
    if (over_) return;
  }
}

void PlainJudge::OnLine() {
  if (start_failed() && line_.text.find(kPath) != std::string::npos) path_named_ = true;
  const std::vector<int> numbers = NumbersIn(line_.text);
  if (numbers.size() != 1) return;
  if (!ended_) {
    if (executed_) MayEnd();
    return;
  }
  if (!line_.since_end || reported_) return;
  reported_ = true;
  if (start_failed() || excused() || write_failed_) return;
  if (numbers[0] != status_) Break(Rule::kReportsStatus);
}

void PlainJudge::OnRestart(const Kernel& kernel) {
  const uint64_t now_ns = kernel.now_ns();
  const bool delay_over = now_ns >= end_ns_ + contract::kDelayNs;
  if (!restart_called_) {
    if (!line_.text.empty()) OnLine();
    const bool status_will_do = !start_failed() || (exec_failed_ && killed_);
    const bool told = (start_failed() && path_named_) || (status_will_do && reported_);
    if (!told && !excused() && !write_failed_ && !no_console_) Break(Rule::kReportsStatus);
    const bool outlasted = delay_over && (sync_called_ || !helpers_.empty());
    if (!sync_returned_ && !outlasted && !excused()) Break(Rule::kSyncsFirst);
    if (!delay_over && (start_failed() || status_ != 0)) Break(Rule::kWaitsOutTheDelay);
  }
  if (refused_ns_ != 0 && now_ns < refused_ns_ + contract::kPauseNs) Break(Rule::kAlwaysRestarts);
  restart_called_ = true;
}

void PlainJudge::OnExit(const Step& step, const Kernel& kernel) {
  if (MayEnd()) {
    if (status_ >= 0 && step.call.value != status_) Break(Rule::kExitsWithStatus);
    const auto look = calls::Wait4(-1, kernel::kWaitNoHang);
    const bool left = kernel.PeekWait(kInit, look).value > 0;
    if (left && !dead_at_end_.empty() && !found_nobody_) Break(Rule::kExitsWithStatus);
  }
  Break(Rule::kNeverExits);
}

// --- Rest ---

void PlainJudge::Rest(const Kernel& kernel, bool fresh) {
  const auto look = calls::Wait4(-1, kernel::kWaitNoHang);
  const kernel::Result left = kernel.PeekWait(kInit, look);
  if (left.value > 0) Break(IsStop(left.status) ? Rule::kFreesTheTraced : Rule::kReapsAtRest);
  RestFromSignals(kernel, fresh);
  if (!fresh) return;
  for (const auto& [pid, data] : stopped_) {
    if (!IsDead(pid, kernel)) Break(Rule::kFreesTheTraced);
  }
  stopped_.clear();
  if (!std::exchange(has_rested_, true) && child_ == 0 && !refused_) {
    Break(Rule::kStartsChildClean);
  }
  if (exec_failed_ && !ended_) {
    const kernel::View view = kernel.Look(child_);
    const bool waits = view.activity == Activity::kBlocked && !view.kept && !view.stopped &&
                       view.subject && view.call.kind != CallKind::kSleep;
    if (waits) BreakByFailedStart();
  }
  if (ended_) RestAfterEnd();
}

void PlainJudge::RestAfterEnd() {
  const bool first = !std::exchange(rested_since_, true);
  if (first && !sync_called_ && !excused()) Break(Rule::kSyncsFirst);
  const bool succeeded = status_ == 0 && !start_failed();
  if (succeeded && sync_done_ && !restart_called_) Break(Rule::kWaitsOutTheDelay);
  Break(Rule::kExitsWithStatus);
}

}  // namespace minit::proptest
