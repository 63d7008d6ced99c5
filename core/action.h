// Actions: what the machine asks of the kernel. One action is one system call.
//
//   action            system call                            answered by (event.h)
//   ----------------  -------------------------------------  --------------------------------------
//   StartChild        clone(CLONE_VFORK); in it setsid,      ChildStarted, ChildFailed
//                     an empty mask, exec
//   AwaitSignal       rt_sigtimedwait                        SignalTaken, NothingTaken,
//                                                            Interrupted, RebootDue
//   Reap              wait4(-1, WNOHANG | __WALL)           Reaped, NothingToReap, NoChildren,
//                                                            WaitFailed
//   Forward           kill(-child, signal)                   Forwarded
//   Release           ptrace(PTRACE_DETACH, pid, signal)     Released
//   Announce          write to the console, one that         Announced
//                     cannot block
//   Sync              fork of a helper that syncs            SyncStarted, NoHelper
//   RebootAfterDelay  clock_gettime: arms the deadline       DelayStarted
//   Reboot            reboot(RESTART)                        RebootFailed, or nothing ever
//
// Once a deadline is armed and due, RebootDue is the answer to AwaitSignal, which is then not
// performed (no wait goes past the deadline, and a round of reaping is bounded). So the machine needs
// no clock. All other actions are always performed.
#ifndef MINIT_CORE_ACTION_H_
#define MINIT_CORE_ACTION_H_

#include <cstddef>
#include <cstdint>
#include <variant>

namespace minit {

// Starts the one child: a session of its own, no signal blocked or ignored, descriptors 0 to 2. The
// kernel holds init until the child has begun its program or failed to (CLONE_VFORK), so that init
// cannot forward a signal to a group that does not exist yet.
struct StartChild {
  friend constexpr bool operator==(StartChild, StartChild) = default;
};

// Takes one pending signal, of all 64, or waits for one.
struct AwaitSignal {
  enum class Patience : std::uint8_t {
    kNone,       // only looks
    kOneSecond,  // until something that failed should be tried again
    kUnbounded,  // until a signal comes, or the deadline if one is armed
  };
  Patience patience = Patience::kUnbounded;
  friend constexpr bool operator==(AwaitSignal, AwaitSignal) = default;
};

// Collects one dead child, whoever's it was, or one stop of a process that init traces.
struct Reap {
  friend constexpr bool operator==(Reap, Reap) = default;
};

// Sends `signal` (1 to 64) to the child's process group, whose number is the child's pid (> 1).
struct Forward {
  int child;
  int signal;
  friend constexpr bool operator==(Forward, Forward) = default;
};

// Lets go a process (pid > 1) that stopped while init traces it; it sees `signal` (0: none).
struct Release {
  int pid;
  int signal;
  friend constexpr bool operator==(Release, Release) = default;
};

// Says something on the console. Best effort: it is never waited for.
struct Announce {
  enum class What : std::uint8_t {
    kBanner,         // init is there
    kStartFailed,    // the child could not be started; number: errno, 0 if unknown
    kChildEnded,     // number: its status as a shell gives it, 0 to 254
    kChildLost,      // no children are left, but the child was never reaped
    kNotSynced,      // the disks could not be synced in time
    kRestarting,     // the next action is Reboot
    kRestartFailed,  // number: errno
    kNonsense,       // an event came that makes no sense: a fault of the driver
  };
  What what;
  int number = 0;
  friend constexpr bool operator==(Announce, Announce) = default;
};

// Makes a helper process that syncs the disks and exits with 0: a hung disk must not hang init.
struct Sync {
  friend constexpr bool operator==(Sync, Sync) = default;
};

// Arms the deadline anew, `seconds` (> 0) from now.
struct RebootAfterDelay {
  int seconds;
  friend constexpr bool operator==(RebootAfterDelay, RebootAfterDelay) = default;
};

// Restarts the machine. Returns only if it was refused.
struct Reboot {
  friend constexpr bool operator==(Reboot, Reboot) = default;
};

using Action = std::variant<StartChild, AwaitSignal, Reap, Forward, Release, Announce, Sync,
                            RebootAfterDelay, Reboot>;

// Which of them an action is, as a small number.
using ActionKind = std::uint8_t;
template <typename T>
inline constexpr ActionKind kKindOf = static_cast<ActionKind>(Action(T{}).index());
inline constexpr ActionKind kNoAction = std::variant_size_v<Action>;

}  // namespace minit

#endif  // MINIT_CORE_ACTION_H_
