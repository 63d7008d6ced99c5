#include "harness/linux/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <variant>

#include "harness/linux/system_call.h"

namespace minit {
namespace {

constexpr long kSecond = 1'000'000'000;

// A set of signals as the kernel has it: signal n is bit n - 1.
using SignalSet = unsigned long;
constexpr SignalSet kAllSignals = ~0ul;
constexpr SignalSet kNoSignals = 0;

// The kernel's struct sigaction; SIG_DFL without flags is all zero.
struct KernelAction {
  void* handler;
  unsigned long flags;
  void* restorer;
  SignalSet mask;
};

int ErrorOf(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

[[noreturn]] void ExitProcess(int code) {
  for (;;) SystemCall(SYS_exit_group, code);
}

void SetToDefault(int signal) {
  const KernelAction action = {};
  SystemCall(SYS_rt_sigaction, signal, &action, nullptr, sizeof(SignalSet));
}

void SetMask(const SignalSet& mask) {
  SystemCall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

long Now() {
  timespec now = {};
  SystemCall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

// Without them, what is opened next would become standard input, output or error. Given up where
// there is no /dev/null.
void FillStandardDescriptors() {
  long opened;
  do {
    opened = SystemCall(SYS_open, "/dev/null", O_RDWR | O_NOCTTY);
  } while (0 <= opened && opened < STDERR_FILENO);
  if (opened > STDERR_FILENO) SystemCall(SYS_close, opened);
}

}  // namespace

void Driver::SetUp() {
  FillStandardDescriptors();
  SystemCall(SYS_close_range, STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
  SetToDefault(SIGCHLD);  // ignored, as it may be inherited, children would vanish unseen
  SetMask(kAllSignals);
  console_.Open();
}

Event Driver::Perform(const Action& action) {
  return std::visit([this](const auto& one) { return On(one); }, action);
}

Event Driver::On(const StartChild&) {
  // Where the new process leaves the errno of an exec that failed. Without it the failure is seen as
  // the exit of the child.
  const long shared = SystemCall(SYS_mmap, nullptr, sizeof(int), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int* const failure = shared < 0 ? nullptr : reinterpret_cast<int*>(shared);
  // Not CLONE_VM: the new process has memory of its own, and CLONE_VFORK alone makes init wait until
  // it has called exec or died.
  const long pid = SystemCall(SYS_clone, CLONE_VFORK | SIGCHLD, nullptr);
  if (pid == 0) {
    const int error = BecomeChild();
    if (failure != nullptr) *failure = error;
    ExitProcess(127);
  }
  const int error = failure == nullptr ? 0 : *failure;
  if (failure != nullptr) SystemCall(SYS_munmap, failure, sizeof(int));
  if (pid < 0) return ChildFailed{ErrorOf(pid)};
  if (error != 0) return ChildFailed{error};
  return ChildStarted{static_cast<int>(pid)};
}

int Driver::BecomeChild() const {
  for (int signal = 1; signal <= kLastSignal; ++signal) SetToDefault(signal);
  SystemCall(SYS_setsid);
  SetMask(kNoSignals);
  const char* const arguments[] = {MINIT_CHILD_PATH, nullptr};
  return ErrorOf(SystemCall(SYS_execve, MINIT_CHILD_PATH, arguments, environment_));
}

long Driver::TimeLeft() const {
  return deadline_ns_ == kNoDeadline ? kNoDeadline : std::max(deadline_ns_ - Now(), 0l);
}

Event Driver::On(const AwaitSignal& await) {
  const long left = TimeLeft();
  if (left == 0) return RebootDue{};
  long limit = left;
  if (await.patience == AwaitSignal::Patience::kNone) limit = 0;
  if (await.patience == AwaitSignal::Patience::kOneSecond) {
    limit = left == kNoDeadline ? kSecond : std::min(left, kSecond);
  }
  const timespec timeout = {.tv_sec = limit / kSecond, .tv_nsec = limit % kSecond};
  const long taken = SystemCall(SYS_rt_sigtimedwait, &kAllSignals, nullptr,
                                limit == kNoDeadline ? nullptr : &timeout, sizeof kAllSignals);
  if (taken > 0) return SignalTaken{static_cast<int>(taken)};
  if (taken == -EAGAIN) return NothingTaken{};
  return Interrupted{};
}

Event Driver::On(const Reap&) {
  int status = 0;
  // __WALL: also children that a predecessor of init made without an exit signal.
  const long pid = SystemCall(SYS_wait4, -1, &status, WNOHANG | __WALL, nullptr);
  if (pid > 0) return Reaped{static_cast<int>(pid), WaitStatus(static_cast<unsigned>(status))};
  if (pid == 0) return NothingToReap{};
  if (pid == -ECHILD) return NoChildren{};
  return WaitFailed{ErrorOf(pid)};
}

Event Driver::On(const Forward& forward) {
  return Forwarded{ErrorOf(SystemCall(SYS_kill, -forward.child, forward.signal))};
}

Event Driver::On(const Release& release) {
  return Released{
      ErrorOf(SystemCall(SYS_ptrace, PTRACE_DETACH, release.pid, nullptr, release.signal))};
}

Event Driver::On(const Announce& announce) {
  Line line;
  Compose(announce, line);
  console_.Write(line);
  return Announced{};
}

Event Driver::On(const Sync&) {
  const long pid = SystemCall(SYS_fork);
  if (pid == 0) {
    SystemCall(SYS_sync);
    console_.AwaitWriter();
    ExitProcess(0);
  }
  if (pid < 0) return NoHelper{ErrorOf(pid)};
  return SyncStarted{static_cast<int>(pid)};
}

Event Driver::On(const RebootAfterDelay& delay) {
  deadline_ns_ = Now() + delay.seconds * kSecond;
  return DelayStarted{};
}

Event Driver::On(const Reboot&) {
  return RebootFailed{ErrorOf(SystemCall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
                                         LINUX_REBOOT_CMD_RESTART, nullptr))};
}

}  // namespace minit
