// Rule 5: init starts its child once, first of all, and with nothing of its own.

#include <bit>

#include "harness/contract/judge.h"
#include "harness/contract/waits.h"

namespace minit::contract {

// Of the exec that `step` begins, as ExecDefect.
uint16_t Judge::DefectsOf(const Step& step, const Kernel& kernel) const {
  const kernel::View view = kernel.Look(step.pid);
  const kernel::Call& call = step.call;
  const bool own_session = view.session == step.pid;
  const bool own_group = view.group == step.pid;
  const bool apart = terms_.profile == Profile::kContainer ? own_group : own_session;
  const uint64_t passed_on = view.descriptors & ~view.close_on_exec;
  int defects = 0;
  if (call.path != kernel::Path::kChild) defects |= kOtherPath;
  if ((call.flags & kernel::kExecArgumentsRight) == 0) defects |= kOtherArguments;
  if ((call.flags & kernel::kExecEnvironmentRight) == 0) defects |= kOtherEnvironment;
  if (!apart) defects |= kNotApart;
  if (view.has_terminal) defects |= kTerminal;
  if (view.mask != 0) defects |= kMasked;
  if (view.ignored != 0) defects |= kIgnoring;
  if ((passed_on & ~kStreams) != 0) defects |= kDescriptors;
  if ((past_.streams & ~passed_on) != 0) defects |= kWithoutStreams;
  return static_cast<uint16_t>(defects);
}

// Each that is wrong is a break of its own, and each signal: who knows of one excuses no other.
void Judge::JudgeExec(const Kernel& kernel) {
  for (unsigned left = exec_defects_; left != 0; left &= left - 1) {
    const int which = std::countr_zero(left);
    const unsigned defect = 1U << which;
    Break found{.facts = {.whose = Whose::kChildBeforeExec,
                          .how = static_cast<How>(static_cast<int>(How::kOtherPath) + which)},
                .pid = life_.child,
                .number = exec_defects_};
    uint64_t signals = defect == kMasked ? exec_blocked_ : defect == kIgnoring ? exec_ignored_ : 0;
    if (signals == 0) Fail(Rule::kStartsChildClean, kernel, found);
    for (; signals != 0; signals &= signals - 1) {
      found.facts.cause = Cause::kSignal;
      found.facts.signal = static_cast<uint8_t>(std::countr_zero(signals) + 1);
      Fail(Rule::kStartsChildClean, kernel, found);
    }
  }
  exec_defects_ = 0;
  exec_blocked_ = exec_ignored_ = 0;
}

void Judge::CheckStarted(const Kernel& kernel) {
  if (life_.rested) return;
  life_.rested = true;
  if (life_.known || life_.refused || life_.ended || life_.child != 0) return;
  Fail(Rule::kStartsChildClean, kernel, {.facts = {.whose = Whose::kChild, .how = How::kNever}});
}

bool Judge::BlocksBeforeExec(const kernel::View& child) const {
  return child.subject && !child.has_execed && !child.kept && !child.stopped &&
         child.activity == kernel::Activity::kBlocked;
}

// The end of a child that could not be started is the death of the process that failed. One that waits
// instead, for what may never come, puts it off for ever.
void Judge::CheckFailedStart(const Kernel& kernel) {
  const kernel::View child = kernel.Look(life_.child);
  if (BlocksBeforeExec(child) && WaitsWithoutBound(child.call)) FailToEnd(kernel);
}

// It may try again, or sleep, but the restart does not wait for that. Time in which it is kept from running
// does not count, be it in another exec, of which nobody knows yet that it fails.
void Judge::FollowFailedStart(const Kernel& kernel) {
  if (life_.dead) {
    life_.failed_ns = 0;
    return;
  }
  const uint64_t now_ns = kernel.now_ns();
  const kernel::Glance view = kernel.GlanceAt(life_.child);
  const bool held = view.kept || view.stopped || view.activity == kernel::Activity::kTraced;
  if (life_.failed_ns == 0 || held) life_.failed_ns = now_ns;
  if (life_.exec_failed && now_ns > life_.failed_ns + kRestartWithinNs) FailToEnd(kernel);
}

void Judge::FailToEnd(const Kernel& kernel) {
  const Break found{.facts = {.whose = Whose::kChildBeforeExec, .how = How::kNever},
                    .pid = life_.child};
  Fail(Rule::kAlwaysRestarts, kernel, found);
  Fail(Rule::kExitsWithStatus, kernel, found);
}

}  // namespace minit::contract
