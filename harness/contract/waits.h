// Which blocked calls have no end in time.
#ifndef MINIT_HARNESS_CONTRACT_WAITS_H_
#define MINIT_HARNESS_CONTRACT_WAITS_H_

#include "harness/kernel/call.h"

namespace minit::contract {

// A call that has blocked: only an event or the end of a fault can end it. Not so a vfork, which ends
// with its child's exec or death.
constexpr bool WaitsWithoutBound(const kernel::Call& call) {
  switch (call.kind) {
    case kernel::CallKind::kSigTimedWait:
    case kernel::CallKind::kPoll:
    case kernel::CallKind::kEpollWait:
    case kernel::CallKind::kSleep:
      return call.time_ns == kernel::kForever;
    case kernel::CallKind::kFork:
      return false;
    default:
      return true;
  }
}

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_WAITS_H_
