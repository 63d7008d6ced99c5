// Who the child is, and when it ends. The child is the process of init's that calls exec; until one
// does, any that init forks may be it: the one forked last is taken for it.

#include <bit>
#include <utility>

#include "harness/contract/judge.h"
#include "harness/contract/raw_status.h"

namespace minit::contract {
namespace {

using kernel::kInit;

// Its own death would be returned to init.
bool CanBeReaped(kernel::Pid pid, const kernel::Kernel& kernel) {
  constexpr uint32_t kLook =
      kernel::kWaitExited | kernel::kWaitNoHang | kernel::kWaitNoWait | kernel::kWaitAll;
  const kernel::Result result =
      kernel.PeekWait(kInit, kernel::calls::WaitId(kernel::kWaitForPid, pid, kLook));
  return result.pid == pid && result.code <= 3;
}

bool HasLiveThread(kernel::Pid process, const kernel::Kernel& kernel) {
  for (int i = 0; i < kernel.size(); ++i) {
    const kernel::Glance view = kernel.GlanceAtIndex(i);
    if (view.process == process && view.activity != kernel::Activity::kZombie) return true;
  }
  return false;
}

// The process of init's own that was born last and lives, 0 if there is none.
kernel::Pid YoungestSubject(const kernel::Kernel& kernel) {
  for (int i = kernel.size() - 1; i > 0; --i) {
    const kernel::Pid pid = kernel.PidAt(i);
    const kernel::Glance view = kernel.GlanceAtIndex(i);
    const bool process = view.process == pid && pid != kInit;
    if (view.subject && process && view.activity != kernel::Activity::kZombie) return pid;
  }
  return 0;
}

}  // namespace

// What is owed counts from the fork that makes the child. The kernel counts from a fork at which
// nobody was yet who could be the child; if another fork makes it, what came in between is owed or
// not: it may be sent, and is not asked for.
void Judge::OnForkCalled(const Kernel& kernel) {
  if (life_.known || life_.ended || life_.child == 0 || !kernel.owing()) return;
  forwarding_.doubtful |= kernel.Owed();
}

// `newborn` 0: the fork suspends init, and does not say whom it made.
void Judge::OnFork(Pid newborn, const Kernel& kernel) {
  if (newborn == 0) newborn = YoungestSubject(kernel);
  if (newborn == 0 || IsChild(newborn)) return;
  const kernel::Glance view = kernel.GlanceAt(newborn);
  const bool gone = !view.exists || view.activity == kernel::Activity::kZombie;
  if (newborn == life_.lost && gone) return;              // a vfork tells of it twice
  if (MayHaveEnded() && !life_.ended) EndAsLost(kernel);  // init goes on; an exec would undo it
  if (!life_.known && !life_.ended) {
    if (life_.child == 0) life_.first = newborn;
    life_.child = newborn;
    return;
  }
  if (!EndIsDue()) return;
  // Who was killed before an exec may have been a helper, and this is the child.
  if (!life_.known && !life_.rested) life_.status = kNoStatus;
  DropHelper(newborn);  // a vfork tells of it twice
  if (!view.subject || gone) return;
  if (ending_.helper_count == kMaxHelpers) {
    ending_.hindered = true;  // there is no room to see what becomes of it
    return;
  }
  ending_.helpers[ending_.helper_count++] = newborn;
}

void Judge::OnForkRefused(const Kernel& kernel) {
  if (EndIsDue()) {
    ending_.fork_refused = true;
    // Who was killed before an exec may have been a helper, and this the child's fork: then there is
    // no status that init should tell.
    if (!life_.known && !life_.rested) life_.status = kNoStatus;
  } else if (!life_.known && life_.refused) {
    ending_.fork_refused = true;  // the first was the child's, though another process is about
  } else if (!life_.known) {
    life_.refused = true;
    life_.end_ns = kernel.now_ns();
    // With another process about, that may be the child, and this was a helper.
    if (life_.child == 0) End(kernel);
  }
}

void Judge::OnExec(const Step& step, const Kernel& kernel) {
  if (!life_.known) {
    life_.known = true;
    if (life_.ended && !life_.rested) Unend();
    if (!life_.ended) {
      life_.refused = false;
      ForgetLost();
      ending_ = Ending{};  // a refusal or a line of before belongs to no end
      if (step.pid == life_.first) forwarding_.doubtful = 0;
      life_.child = step.pid;
    }
    life_.first = 0;
  } else if (!IsChild(step.pid)) {
    Fail(Rule::kStartsChildClean, kernel,
         {.facts = {.whose = Whose::kHelper, .how = How::kTwice}, .pid = step.pid});
    return;
  }
  if (IsChild(step.pid)) {
    exec_defects_ = DefectsOf(step, kernel);
    const kernel::View view = kernel.Look(step.pid);
    exec_blocked_ = view.mask;
    exec_ignored_ = view.ignored;
    life_.exec_failed = false;  // it may fail again: failed_ns stays
  }
}

void Judge::FollowChild(const Step& step, const Kernel& kernel) {
  if (life_.executed && kernel.Lives(life_.child)) return;
  const kernel::Glance view = kernel.GlanceAt(life_.child);
  const bool gone = !view.exists;
  if (!gone && view.has_execed && life_.known && !life_.executed) {
    life_.executed = true;
    life_.failed_ns = 0;
    ending_.path_named = false;  // of an exec before this one, that failed
    SpeakInNewPhase();
    JudgeExec(kernel);
  }
  if (!gone && view.activity != kernel::Activity::kZombie) return;
  if (!life_.ended) {
    const int raw = gone ? StatusSeen(step) : kernel.Look(life_.child).status;
    const bool ended = gone || CanBeReaped(life_.child, kernel);
    if (!ended && HasLiveThread(life_.child, kernel)) return;
    if (!life_.known && !life_.dead && LoseCandidate(step, raw, kernel)) return;
    LearnStatus(raw);
    if (!life_.dead) Die(kernel);
    if (ended) End(kernel);
  }
  if (!gone) return;
  life_.reaped = true;
  forwarding_ = Forwarding{.sends = forwarding_.sends};
}

// The status of a child that was gone as soon as it was dead.
int Judge::StatusSeen(const Step& step) const {
  if (step.kind == Step::Kind::kReturns && TellsOf(step, life_.child)) return StatusTold(step);
  if (step.pid != life_.child) return kNoStatus;
  if (step.kind == Step::Kind::kMove) return StatusOf(step.cause, step.signal);
  const bool exits = step.call.kind == kernel::CallKind::kExit;
  return exits ? StatusOf(Cause::kExit, step.call.value) : kNoStatus;
}

// One that may have been the child is dead and has not called exec. Who exits by itself was a helper;
// who was killed may have been the child, and was if nobody is left who could be. True: we look at
// another one now, or it has all been done.
bool Judge::LoseCandidate(const Step& step, int raw, const Kernel& kernel) {
  const bool left = CauseOf(raw) == Cause::kExit && step.kind != Step::Kind::kMove;
  const Pid other = YoungestSubject(kernel);
  if (!left) {
    if (other == 0) {
      ending_.hindered |= life_.lost != 0;  // which of the two was the child, nobody can tell
      return false;
    }
    life_.lost = life_.child;
    life_.end_ns = kernel.now_ns();
    LearnStatus(raw);
  }
  life_.child = other;
  if (other != 0 || !MayHaveEnded()) return true;
  const Pid lost = life_.lost;
  if (kernel.Exists(lost) && !CanBeReaped(lost, kernel)) {
    life_.child = lost;  // it was, and init is not told yet
    life_.lost = 0;
    Die(kernel);
  } else {
    EndAsLost(kernel);
  }
  return true;
}

// What may have been the end was it.
void Judge::EndAsLost(const Kernel& kernel) {
  life_.child = life_.lost;
  life_.lost = 0;
  End(kernel);
}

void Judge::ForgetLost() {
  life_.lost = 0;
  life_.status = -1;
  life_.end_cause = Cause::kNone;
  life_.end_ns = 0;
}

// From now on what is unsent may be dropped.
void Judge::Die(const Kernel& kernel) {
  life_.dead = true;
  if (life_.exec_failed) life_.end_ns = kernel.now_ns();
  JudgeExec(kernel);
  for (Forwarding::Taken& taken : forwarding_.taken) taken.owed = false;
}

void Judge::End(const Kernel& kernel) {
  life_.ended = true;
  life_.dead = true;
  if (life_.end_ns == 0) life_.end_ns = kernel.now_ns();
  SpeakInNewPhase();
  SpeakAll(OfTheEnd());
  // From now, not from an end that is only now known for one: between the two init may have been frozen.
  ending_.due_ns = kernel.now_ns() + kRestartWithinNs;
  CheckTime(kernel, false);
  if (terms_.profile != Profile::kContainer) return;
  for (int i = 0; i < kernel.size(); ++i) {
    const kernel::View view = kernel.Look(kernel.PidAt(i));
    if (view.pid != life_.child && view.parent == kInit && CanBeReaped(view.pid, kernel)) {
      ++ending_.zombies;
    }
  }
}

// The fork that was refused, or the process that was killed before its exec, was not the child's:
// what has spoken since, but for the end, spoke before the start.
void Judge::Unend() {
  life_.ended = life_.dead = life_.reaped = life_.rested_since = false;
  ForgetLost();
  ending_ = Ending{};
  int spoken = 0;
  for (const uint16_t rules : std::exchange(spoken_, {})) spoken |= rules;
  SpeakAll(static_cast<uint16_t>(spoken & ~OfTheEnd()));
}

void Judge::LearnStatus(int raw) {
  life_.end_cause = CauseOf(raw);
  life_.status = static_cast<int16_t>(ShellStatus(raw));
}

}  // namespace minit::contract
