// Rule 5: init starts its child once, first of all, and with nothing of its own.

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

void Judge::JudgeExec(const Kernel& kernel) {
  if (exec_defects_ == 0) return;
  Fail(Rule::kStartsChildClean, kernel,
       {.facts = {.cause = exec_signal_ != 0 ? Cause::kSignal : Cause::kNone,
                  .signal = exec_signal_,
                  .whose = Whose::kChildBeforeExec,
                  .how = How::kWrongValue},
        .pid = life_.child,
        .number = exec_defects_});
  exec_defects_ = exec_signal_ = 0;
}

void Judge::CheckStarted(const Kernel& kernel) {
  if (life_.rested) return;
  life_.rested = true;
  if (life_.known || life_.refused || life_.ended || life_.child != 0) return;
  Fail(Rule::kStartsChildClean, kernel, {.facts = {.whose = Whose::kChild, .how = How::kNever}});
}

// The end of a child that could not be started is the death of the process that failed. One that waits
// instead, for what may never come, puts it off for ever.
void Judge::CheckFailedStart(const Kernel& kernel) {
  const kernel::View view = kernel.Look(life_.child);
  const bool waits = view.subject && !view.has_execed && !view.kept && !view.stopped &&
                     view.activity == kernel::Activity::kBlocked && WaitsWithoutBound(view.call);
  if (waits) FailToEnd(kernel);
}

// It may try again, or sleep, but the restart does not wait for that.
void Judge::FollowFailedStart(const Kernel& kernel) {
  if (life_.dead) {
    life_.failed_ns = 0;
    return;
  }
  const uint64_t now_ns = kernel.now_ns();
  const kernel::Glance view = kernel.GlanceAt(life_.child);
  const bool held = view.kept || view.stopped || view.activity == kernel::Activity::kTraced;
  if (life_.failed_ns == 0 || held) life_.failed_ns = now_ns;
  if (now_ns > life_.failed_ns + kRestartWithinNs) FailToEnd(kernel);
}

void Judge::FailToEnd(const Kernel& kernel) {
  const Break found{.facts = {.whose = Whose::kChildBeforeExec, .how = How::kNever},
                    .pid = life_.child};
  Fail(Rule::kAlwaysRestarts, kernel, found);
  Fail(Rule::kExitsWithStatus, kernel, found);
}

}  // namespace minit::contract
