#include "harness/kernel/call.h"

#include <array>
#include <cstddef>

namespace minit::kernel {
namespace {

enum class Visible : uint8_t { kNever, kAlways, kDepends };

struct Kind {
  const char* name;
  Visible visible;
};

// In the order of CallKind.
constexpr std::array<Kind, kCallKinds> kKinds = {{
    {"fork", Visible::kAlways},
    {"exec", Visible::kAlways},
    {"exit", Visible::kAlways},
    {"sigprocmask", Visible::kNever},
    {"sigaction", Visible::kNever},
    {"sigtimedwait", Visible::kAlways},
    {"signalfd", Visible::kNever},
    {"read", Visible::kDepends},  // the first of a read with room for several
    {"poll", Visible::kDepends},  // if it can wait
    {"epoll_create", Visible::kNever},
    {"epoll_ctl", Visible::kNever},
    {"epoll_wait", Visible::kDepends},  // if it can wait
    {"pause", Visible::kAlways},
    {"sigsuspend", Visible::kAlways},
    {"wait4", Visible::kAlways},
    {"waitid", Visible::kAlways},
    {"kill", Visible::kAlways},
    {"tgkill", Visible::kAlways},
    {"rt_sigqueueinfo", Visible::kAlways},
    {"pidfd_open", Visible::kNever},
    {"pidfd_send_signal", Visible::kAlways},
    {"sleep", Visible::kAlways},
    {"alarm", Visible::kNever},
    {"timerfd_create", Visible::kNever},
    {"timerfd_settime", Visible::kNever},
    {"clock_gettime", Visible::kNever},
    {"setsid", Visible::kAlways},
    {"setpgid", Visible::kNever},
    {"prctl", Visible::kNever},
    {"ptrace", Visible::kAlways},
    {"ioctl", Visible::kNever},
    {"open", Visible::kNever},
    {"close", Visible::kNever},
    {"dup", Visible::kNever},
    {"close_range", Visible::kNever},
    {"fcntl(F_SETFL)", Visible::kNever},
    {"fcntl(F_SETFD)", Visible::kNever},
    {"write", Visible::kDepends},  // if it goes to the console
    {"sync", Visible::kAlways},
    {"reboot", Visible::kAlways},
    {"getpid", Visible::kNever},
    {"other", Visible::kNever},
}};

}  // namespace

bool IsVisible(const Call& call, bool to_console) {
  const Visible visible = kKinds[static_cast<std::size_t>(call.kind)].visible;
  if (visible != Visible::kDepends) return visible == Visible::kAlways;
  switch (call.kind) {
    case CallKind::kRead:
      return (call.flags & kReadMore) == 0;
    case CallKind::kWrite:
      return to_console;
    default:
      return call.time_ns != 0;
  }
}

const char* CallName(CallKind kind) { return kKinds[static_cast<std::size_t>(kind)].name; }

}  // namespace minit::kernel
