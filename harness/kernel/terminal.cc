// The one terminal of this world that can become a controlling one. /dev/console never does by being
// opened (drivers/tty/tty_io.c: tty_open), but TIOCSCTTY on it works (tty_jobctrl.c: tiocsctty).

#include <algorithm>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {

Result Kernel::DoTerminal(Slot slot, const Call& call) {
  Task& leader = Leader(tasks_[slot]);
  const Object* object = ObjectAt(leader, call.fd);
  if (object == nullptr) return Error(EBADF);
  if (object->kind != ObjectKind::kFile ||
      (object->path != Path::kConsole && object->path != Path::kTerminal)) {
    return Error(ENOTTY);
  }
  const bool is_own = leader.has_terminal && leader.session == g_.terminal_session;
  switch (call.value) {
    case kTerminalAcquire:
      if (is_own && leader.session == leader.pid) return Value(0);
      if (leader.session != leader.pid || leader.has_terminal || g_.terminal_session != 0) {
        return Error(EPERM);
      }
      AcquireTerminal(leader);
      return Value(0);
    case kTerminalRelease:
      if (!is_own) return Error(ENOTTY);
      if (leader.session == leader.pid) {
        const Pid group = g_.terminal_group;
        LoseTerminal(leader);
        SendFromKernelToGroup(group, kSigCont);
      }
      leader.has_terminal = false;
      return Value(0);
    case kTerminalForeground:
    case kTerminalSession:
      if (!is_own) return Error(ENOTTY);
      return {.pid = call.value == kTerminalSession ? g_.terminal_session : g_.terminal_group};
    case kTerminalSetForeground: {
      if (!is_own) return Error(ENOTTY);
      if (call.pid < 0) return Error(EINVAL);
      const auto in_session = [&](Slot other) {
        const Task& task = tasks_[other];
        return task.leader == other && task.group == call.pid && task.session == leader.session;
      };
      if (std::none_of(order_, order_ + g_.count, in_session)) return Error(EPERM);
      g_.terminal_group = call.pid;
      return Value(0);
    }
    default:
      return Error(ENOTTY);
  }
}

// Only a session leader without one gets it, and only if no other session has it.
void Kernel::AcquireTerminal(Task& leader) {
  if (leader.session != leader.pid || leader.has_terminal || g_.terminal_session != 0) return;
  leader.has_terminal = true;
  g_.terminal_session = leader.session;
  g_.terminal_group = leader.group;
}

// The session leader lets go of the terminal: the whole session has lost it, and its foreground group
// is told by SIGHUP.
void Kernel::LoseTerminal(Task& leader) {
  const Pid group = g_.terminal_group;
  for (int i = 0; i < g_.count; ++i) {
    Task& task = tasks_[order_[i]];
    if (task.session == leader.session) task.has_terminal = false;
  }
  g_.terminal_session = 0;
  g_.terminal_group = 0;
  if (group != 0) SendFromKernelToGroup(group, kSigHup);
}

}  // namespace minit::kernel
