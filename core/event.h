// Events: what the kernel answered. One event is the result of one action (see the table in
// action.h).
//
// Errors are errno values as the kernel numbers them (> 0), 0 for success or an unknown one.
#ifndef MINIT_CORE_EVENT_H_
#define MINIT_CORE_EVENT_H_

#include <variant>

#include "core/action.h"
#include "core/wait_status.h"

namespace minit {

// The first event, and the only one that answers no action: init has been started.
struct Booted {};

// StartChild.
struct ChildStarted {
  int pid;  // a pid of 1 or less counts as a failure
};
struct ChildFailed {
  int error;
};

// AwaitSignal.
struct SignalTaken {
  int signal;  // 1 to 64
};
struct NothingTaken {};  // the wait was over before a signal came
struct Interrupted {};   // EINTR: init was stopped and continued, or thawed

// Reap.
struct Reaped {
  int pid;            // > 1
  WaitStatus status;  // a death, or a stop of a process that init traces
};
struct NothingToReap {};  // 0: there are children, and none has anything to tell
struct NoChildren {};     // ECHILD
struct WaitFailed {
  int error;
};

// Forward, Release, Announce.
struct Forwarded {
  int error;
};
struct Released {
  int error;  // ESRCH: it is dying already
};
struct Announced {};

// Sync.
struct SyncStarted {
  int pid;  // of the helper; 1 or less counts as none
};
struct NoHelper {
  int error;
};

// RebootAfterDelay; then, in place of a wait for a signal, once the time has come; Reboot.
struct DelayStarted {};
struct RebootDue {};
struct RebootFailed {
  int error;
};

using Event =
    std::variant<Booted, ChildStarted, ChildFailed, SignalTaken, NothingTaken, Interrupted, Reaped,
                 NothingToReap, NoChildren, WaitFailed, Forwarded, Released, Announced, SyncStarted,
                 NoHelper, DelayStarted, RebootDue, RebootFailed>;

template <typename... Kinds>
constexpr bool IsOneOf(const Event& event) {
  return (std::holds_alternative<Kinds>(event) || ...);
}

// True if `event` can be the result of an action of this kind: the right-hand column of the table
// in action.h. With kNoAction, for what starts it all.
constexpr bool Answers(ActionKind action, const Event& event) {
  switch (action) {
    case kKindOf<StartChild>:
      return IsOneOf<ChildStarted, ChildFailed>(event);
    case kKindOf<AwaitSignal>:
      return IsOneOf<SignalTaken, NothingTaken, Interrupted, RebootDue>(event);
    case kKindOf<Reap>:
      return IsOneOf<Reaped, NothingToReap, NoChildren, WaitFailed>(event);
    case kKindOf<Forward>:
      return IsOneOf<Forwarded>(event);
    case kKindOf<Release>:
      return IsOneOf<Released>(event);
    case kKindOf<Announce>:
      return IsOneOf<Announced>(event);
    case kKindOf<Sync>:
      return IsOneOf<SyncStarted, NoHelper>(event);
    case kKindOf<RebootAfterDelay>:
      return IsOneOf<DelayStarted>(event);
    case kKindOf<Reboot>:
      return IsOneOf<RebootFailed>(event);
    default:
      return IsOneOf<Booted>(event);
  }
}

}  // namespace minit

#endif  // MINIT_CORE_EVENT_H_
