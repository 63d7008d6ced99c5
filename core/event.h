// Events: what the kernel answered. One event is the result of one action (see the table in
// action.h).
//
// Errors are errno values as the kernel numbers them (> 0), 0 for success or an unknown one.
#ifndef MINIT_CORE_EVENT_H_
#define MINIT_CORE_EVENT_H_

#include <cstdint>
#include <type_traits>
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

// Kinds of events, as a set of bits.
using EventKinds = std::uint32_t;
template <typename Kind, typename... All>
constexpr EventKinds BitOf(const std::variant<All...>*) {
  EventKinds bit = 1;
  static_cast<void>(((std::is_same_v<Kind, All> || (bit <<= 1, false)) || ...));
  return bit;
}
template <typename... Kinds>
inline constexpr EventKinds kEvents = (BitOf<Kinds>(static_cast<const Event*>(nullptr)) | ...);

// What can be the result of an action of this kind: the right-hand column of the table in action.h.
// With kNoAction, what starts it all.
constexpr EventKinds AnswersOf(ActionKind action) {
  switch (action) {
    case kKindOf<StartChild>:
      return kEvents<ChildStarted, ChildFailed>;
    case kKindOf<AwaitSignal>:
      return kEvents<SignalTaken, NothingTaken, Interrupted, RebootDue>;
    case kKindOf<Reap>:
      return kEvents<Reaped, NothingToReap, NoChildren, WaitFailed>;
    case kKindOf<Forward>:
      return kEvents<Forwarded>;
    case kKindOf<Release>:
      return kEvents<Released>;
    case kKindOf<Announce>:
      return kEvents<Announced>;
    case kKindOf<Sync>:
      return kEvents<SyncStarted, NoHelper>;
    case kKindOf<RebootAfterDelay>:
      return kEvents<DelayStarted>;
    case kKindOf<Reboot>:
      return kEvents<RebootFailed>;
    default:
      return kEvents<Booted>;
  }
}
constexpr bool Answers(ActionKind action, const Event& event) {
  return (AnswersOf(action) >> event.index() & 1) != 0;
}

}  // namespace minit

#endif  // MINIT_CORE_EVENT_H_
