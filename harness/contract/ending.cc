// Rules 6 to 11 and 14: nothing but the child's end starts the ending, and then all of it is due: the
// status told, the disks synced, the delay waited out, the restart; in a container, the exit.

#include <algorithm>
#include <string_view>

#include "harness/contract/judge.h"

namespace minit::contract {
namespace {

using kernel::Activity;
using kernel::kInit;

constexpr int32_t Milliseconds(uint64_t time_ns) {
  return static_cast<int32_t>(std::min<uint64_t>(time_ns / 1'000'000, INT32_MAX));
}

}  // namespace

// Init or a helper does what only an ending has. False: the child has not ended, and judging is over.
// By that, or else by what the world did last, whatever it was that it took for the end.
Facts Judge::WhatInitWasTold(const Kernel& kernel) const {
  const bool told = past_.told != Cause::kNone;
  const Cause cause = told ? past_.told : past_.cause;
  const uint8_t signal = told ? past_.told_signal : past_.signal;
  Whose whose = WhoseIs(told ? past_.told_of : past_.pid, kernel);
  // Whom a wait told of and nobody knows any more was reaped by it.
  if (told && whose == Whose::kStranger) whose = Whose::kOrphan;
  return {.cause = cause, .signal = cause == Cause::kSignal ? signal : uint8_t{0}, .whose = whose};
}

bool Judge::StartEnding(const Kernel& kernel) {
  if (life_.ended) return true;
  // The end of a failed start is its death, which init may know of otherwise than by a wait, whoever
  // traces it.
  if (life_.exec_failed && life_.dead) {
    End(kernel);
    return true;
  }
  if (MayHaveEnded()) {
    EndAsLost(kernel);
    return true;
  }
  Break found{.facts = WhatInitWasTold(kernel), .pid = past_.told_of};
  if (past_.told == Cause::kNone) found.pid = past_.pid;
  found.facts.how = How::kEarly;
  Fail(Rule::kEndsOnlyWithChild, kernel, found);
  stopped_ = true;
  return false;
}

// --- The status (rule 7) -------------------------------------------------------------------------

void Judge::OnWrite(const Step& step, const Kernel& kernel) {
  line_before_ = line_;
  writer_ = step.pid;
  const bool says_unknown = step.text.data() == nullptr;
  if (says_unknown) ending_.write_failed |= life_.ended;
  std::string_view left = step.text;
  while (!left.empty() && !stopped_) {
    const std::string_view line = left.substr(0, left.find('\n'));
    line_.Add(line, terms_.path, life_.ended);
    left.remove_prefix(line.size());
    if (left.empty()) break;
    left.remove_prefix(1);
    OnLine(kernel);
    line_ = ConsoleLine{};
  }
}

// Not all of it was written: of a short write, who knows what.
void Judge::OnWritten(const Step& step) {
  if (step.result.value != step.call.value) {
    if (writer_ == step.pid) line_ = step.result.value <= 0 ? line_before_ : ConsoleLine{};
    ending_.write_failed |= life_.ended;
  }
  if (writer_ != step.pid) return;
  writer_ = 0;
  line_before_ = ConsoleLine{};
}

void Judge::OnLine(const Kernel& kernel) {
  if (life_.start_failed() && line_.names_path()) ending_.path_named = true;
  if (!line_.has_one_number()) return;
  if (!life_.ended) {
    if (life_.executed) StartEnding(kernel);
    // If that was the end, it is told.
    if (life_.lost != 0) ending_.reported |= line_.number() == life_.status;
  } else if (line_.since_end() && !ending_.reported) {
    OnStatusLine(kernel);
  }
}

void Judge::OnStatusLine(const Kernel& kernel) {
  ending_.reported = true;
  if (life_.start_failed() || life_.status < 0 || line_.number() == life_.status) return;
  // The line of the status may be the one that did not get there, or is still to come.
  if (ending_.hindered || ending_.fork_refused || ending_.write_failed) return;
  Fail(Rule::kReportsStatus, kernel,
       {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kWrongValue},
        .pid = life_.child,
        .number = line_.number(),
        .expected = life_.status});
}

// --- The sync (rule 8) ---------------------------------------------------------------------------

void Judge::OnSync(const Kernel& kernel) {
  if (StartEnding(kernel)) ending_.sync_called |= life_.ended;
}

void Judge::OnSynced(const Step& step) {
  if (!ending_.sync_called) return;
  ending_.sync_returned = true;
  if (step.by_init) {
    ending_.sync_done = true;
  } else {
    ending_.sync_by = step.pid;
  }
}

// A helper that the world kills, stops or keeps waiting has not failed to sync.
void Judge::FollowHelpers(const Kernel& kernel) {
  for (std::size_t i = ending_.helper_count; i-- > 0;) {
    if (kernel.IsFree(ending_.helpers[i])) continue;
    const kernel::Glance view = kernel.GlanceAt(ending_.helpers[i]);
    const bool lost = !view.exists || view.activity == Activity::kZombie;
    ending_.hindered |= lost || view.kept || view.activity == Activity::kStopped ||
                        view.activity == Activity::kTraced;
    if (lost) DropHelper(ending_.helpers[i]);
  }
}

void Judge::DropHelper(Pid pid) {
  auto* const end = ending_.helpers.data() + ending_.helper_count;
  auto* const at = std::find(ending_.helpers.data(), end, pid);
  if (at == end) return;
  std::copy(at + 1, end, at);
  *(end - 1) = 0;
  --ending_.helper_count;
}

// --- The restart (rules 9 and 10) ----------------------------------------------------------------

void Judge::OnReboot(const Step& step, const Kernel& kernel) {
  const kernel::Call& call = step.call;
  if (call.value != kernel::kRebootRestart) {
    Fail(Rule::kAlwaysRestarts, kernel,
         {.facts = {.how = How::kOtherCommand}, .pid = step.pid, .number = call.value});
    return;
  }
  if (!StartEnding(kernel)) return;
  if (call.flags == 0) {
    Fail(Rule::kAlwaysRestarts, kernel, {.facts = {.how = How::kWrongValue}, .pid = step.pid});
  }
  if (!ending_.restart_called) CheckBeforeRestart(kernel);
  const uint64_t now_ns = kernel.now_ns();
  if (ending_.refused_ns != 0 && now_ns < ending_.refused_ns + kPauseNs) {
    Fail(Rule::kAlwaysRestarts, kernel,
         {.facts = {.how = How::kEarly}, .number = Milliseconds(now_ns - ending_.refused_ns)});
  }
  ending_.restart_called = true;
}

void Judge::CheckBeforeRestart(const Kernel& kernel) {
  if (line_.begun()) OnLine(kernel);
  // Who was killed between an exec that failed and its own exit had no time to tell init why, and who
  // was killed where a fork had been refused may have been the child: then the status is as good.
  const bool killed = life_.end_cause == Cause::kKill || life_.end_cause == Cause::kCore;
  const bool status_will_do = !life_.start_failed() || killed;
  const bool unknown = !life_.start_failed() && life_.status < 0;
  const bool told = unknown || (life_.start_failed() && ending_.path_named) ||
                    (status_will_do && ending_.reported);
  const bool excused = past_.no_console || ending_.write_failed || ending_.fork_refused;
  if (!told && !excused && !ending_.hindered) {
    Fail(Rule::kReportsStatus, kernel,
         {.facts = {.cause = life_.end_cause,
                    .whose = life_.start_failed() ? Whose::kChildBeforeExec : Whose::kChild,
                    .how = How::kNever},
          .expected = life_.status});
  }
  const bool delay_over = kernel.now_ns() >= life_.end_ns + kDelayNs;
  // One that is still under way, or whose helper has not had its turn, has outlasted the delay.
  const bool outlasted = delay_over && (ending_.sync_called || ending_.helper_count != 0);
  if (!ending_.sync_returned && !outlasted && !ending_.fork_refused && !ending_.hindered) {
    Fail(Rule::kSyncsFirst, kernel,
         {.facts = {.cause = life_.end_cause,
                    .whose = Whose::kChild,
                    .how = ending_.sync_called ? How::kEarly : How::kNever}});
  }
  CheckDelay(kernel);
}

void Judge::CheckDelay(const Kernel& kernel) {
  const bool status_known = life_.status >= 0 || life_.start_failed();
  const bool failed = life_.start_failed() || life_.status > 0;
  const uint64_t after_ns = kernel.now_ns() - life_.end_ns;
  if (!status_known || !failed || after_ns >= kDelayNs) return;
  Fail(Rule::kWaitsOutTheDelay, kernel,
       {.facts = {.cause = life_.end_cause,
                  .whose = life_.start_failed() ? Whose::kChildBeforeExec : Whose::kChild,
                  .how = How::kEarly},
        .number = Milliseconds(after_ns),
        .expected = life_.status});
}

void Judge::OnRebootRefused(const Kernel& kernel) {
  if (!life_.ended || !ending_.restart_called) return;
  ending_.refused_ns = kernel.now_ns();
  SpeakInNewPhase();
  Speak(Rule::kAlwaysRestarts);
  ending_.due_ns = kernel.now_ns() + kRestartWithinNs;
}

void Judge::FailToRestart(const Kernel& kernel) {
  if (EndIsInDoubt()) return;
  Fail(Rule::kAlwaysRestarts, kernel,
       {.facts = {.cause = life_.end_cause,
                  .whose = life_.start_failed() ? Whose::kChildBeforeExec : Whose::kChild,
                  .how = How::kNever},
        .expected = Milliseconds(ending_.due_ns)});
}

// Init is at rest for the first time since the child's end, or again.
void Judge::CheckEnded(const Kernel& kernel) {
  const bool first = !life_.rested_since;
  life_.rested_since = true;
  if (first) SpeakInNewPhase();
  if (first && !ending_.sync_called && !ending_.fork_refused && !ending_.hindered) {
    Fail(Rule::kSyncsFirst, kernel,
         {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kLate}});
  }
  const bool succeeded = life_.status == 0 && !life_.start_failed();
  if (succeeded && ending_.sync_done && !ending_.restart_called) {
    Fail(Rule::kWaitsOutTheDelay, kernel,
         {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kLate}});
  }
  if (EndIsInDoubt()) return;
  Fail(Rule::kExitsWithStatus, kernel,
       {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kLate},
        .expected = life_.status});
}

// --- The exit (rules 11 and 14) ------------------------------------------------------------------

void Judge::OnExit(const Step& step, const Kernel& kernel) {
  if (!step.by_init) {
    DropHelper(step.pid);
    return;
  }
  if (StartEnding(kernel)) CheckStatus(step, kernel);
  Fail(Rule::kNeverExits, kernel,
       {.facts = {.cause = past_.cause,
                  .signal = past_.cause == Cause::kSignal ? past_.signal : uint8_t{0},
                  .whose = WhoseIs(past_.pid, kernel)},
        .number = step.call.value});
  stopped_ = true;
}

void Judge::CheckStatus(const Step& step, const Kernel& kernel) {
  const int code = step.call.value & 0xff;
  if (life_.status >= 0 && code != life_.status) {
    Fail(Rule::kExitsWithStatus, kernel,
         {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kWrongValue},
          .number = code,
          .expected = life_.status});
  }
  const kernel::Result left = kernel.PeekWait(kInit, kernel::calls::Wait4(-1, kernel::kWaitNoHang));
  if (left.value > 0 && ending_.zombies != 0 && !ending_.clean) {
    Fail(Rule::kExitsWithStatus, kernel,
         {.facts = {.cause = life_.end_cause,
                    .whose = WhoseIs(left.value, kernel),
                    .how = How::kEarly},
          .pid = left.value,
          .number = code});
  }
}

// Not by an exit of its own. What the world does to init is not init's doing.
void Judge::OnInitDied(const Step& step, const Kernel& kernel) {
  if (step.kind != Step::Kind::kMove) {
    Fail(Rule::kNeverExits, kernel,
         {.facts = {.cause = Cause::kKill}, .number = kernel.ending_status() & 0x7f});
  }
  if (life_.ended) {
    Fail(Rule::kExitsWithStatus, kernel,
         {.facts = {.cause = life_.end_cause, .whose = Whose::kChild, .how = How::kNever},
          .expected = life_.status});
  }
  stopped_ = true;
}

}  // namespace minit::contract
