#include "harness/kernel/call.h"

#include <array>
#include <cstddef>

namespace minit::kernel {
namespace {

// In the order of CallKind.
constexpr std::array<const char*, kCallKinds> kNames = {
    "fork",
    "exec",
    "exit",
    "sigprocmask",
    "sigaction",
    "sigtimedwait",
    "signalfd",
    "read",
    "poll",
    "epoll_create",
    "epoll_ctl",
    "epoll_wait",
    "pause",
    "sigsuspend",
    "wait4",
    "waitid",
    "kill",
    "tgkill",
    "rt_sigqueueinfo",
    "pidfd_open",
    "pidfd_send_signal",
    "sleep",
    "alarm",
    "timerfd_create",
    "timerfd_settime",
    "clock_gettime",
    "setsid",
    "setpgid",
    "prctl",
    "ptrace",
    "ioctl",
    "open",
    "close",
    "dup",
    "close_range",
    "fcntl(F_SETFL)",
    "fcntl(F_SETFD)",
    "write",
    "sync",
    "reboot",
    "getpid",
    "pipe",
    "eventfd",
    "other",
};

}  // namespace

const char* CommandName(int32_t command) {
  switch (command) {
    case kRebootRestart:
      return "RESTART";
    case kRebootRestart2:
      return "RESTART2";
    case kRebootHalt:
      return "HALT";
    case kRebootPowerOff:
      return "POWER_OFF";
    case kRebootCadOn:
      return "CAD_ON";
    case kRebootCadOff:
      return "CAD_OFF";
    default:
      return nullptr;
  }
}

const char* CallName(CallKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

}  // namespace minit::kernel
