#include "harness/rig/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <vector>

#include "harness/rig/enclosure.h"

namespace minit::rig {
namespace {

// What whoever starts subjects needs for itself.
constexpr std::array kOwnCalls = {SYS_exit, SYS_exit_group, SYS_wait4};
constexpr std::array kCallsToStart = {SYS_execve, SYS_prlimit64};
// And who has one inside: memory, time, and signals.
constexpr std::array kCallsToHost = {
    SYS_futex,        SYS_sched_yield,    SYS_clock_gettime, SYS_timer_create, SYS_timer_settime,
    SYS_timer_delete, SYS_rt_sigprocmask, SYS_getpid,        SYS_gettid,
};

// Those sanitize too, who try a piece of memory by writing it to a pipe. (Nothing else is open.)
#if defined(__has_feature) && __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr std::array kCallsOfSanitizers = {SYS_pipe2, SYS_write, SYS_prlimit64};

std::string Problem(const char* what) { return std::string(what) + ": " + strerror(errno); }

// --- The first: no capability to restart anything ------------------------------------------------

constexpr unsigned kKept = CAP_DAC_OVERRIDE;

std::string DropCapabilities() {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if (capability == kKept) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
      return Problem("cannot drop a capability from the bounding set");
    }
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return Problem("capget");
  for (__user_cap_data_struct& half : data) half.effective = half.permitted = half.inheritable = 0;
  data[0].permitted = data[0].effective = 1u << kKept;
  if (syscall(SYS_capset, &header, data.data()) != 0) {
    data[0].permitted = data[0].effective = 0;
    if (syscall(SYS_capset, &header, data.data()) != 0) return Problem("cannot drop capabilities");
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Problem("no_new_privs");
  return "";
}

// The kernel asks for the capability before it looks at the command, which is none.
std::string TryToRestart() {
  constexpr unsigned kNoCommand = 0x0BADC0DE;
  if (syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, kNoCommand, 0) == -1 &&
      errno == EPERM) {
    return "";
  }
  return "a process without CAP_SYS_BOOT was not refused a restart";
}

// --- The second: a filter ------------------------------------------------------------------------

void AddJump(std::vector<sock_filter>& program, unsigned short test, uint32_t value, uint8_t yes,
             uint8_t no) {
  program.push_back({static_cast<unsigned short>(BPF_JMP | test | BPF_K), yes, no, value});
}
void AddLoad(std::vector<sock_filter>& program, std::size_t offset) {
  program.push_back({BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<uint32_t>(offset)});
}
void AddReturn(std::vector<sock_filter>& program, uint32_t verdict) {
  program.push_back({BPF_RET | BPF_K, 0, 0, verdict});
}

// The call is let through if the lower half of the argument has none of these bits.
void AddIfWithout(std::vector<sock_filter>& program, long call, unsigned argument, uint32_t bits) {
  AddJump(program, BPF_JEQ, static_cast<uint32_t>(call), 0, 4);
  AddLoad(program, offsetof(seccomp_data, args) + argument * sizeof(uint64_t));
  AddJump(program, BPF_JSET, bits, 0, 1);
  AddReturn(program, SECCOMP_RET_KILL_PROCESS);
  AddReturn(program, SECCOMP_RET_ALLOW);
}

// The call is let through if its first arguments are just these.
void AddIfEqual(std::vector<sock_filter>& program, long call, const std::vector<uint64_t>& wanted) {
  constexpr std::size_t kHalf = sizeof(uint32_t);
  const auto size = static_cast<uint8_t>(wanted.size() * 4 + 2);
  AddJump(program, BPF_JEQ, static_cast<uint32_t>(call), 0, size);
  for (std::size_t half = 0; half < wanted.size() * 2; ++half) {
    const std::size_t left = wanted.size() * 2 - half - 1;
    AddLoad(program, offsetof(seccomp_data, args) + half * kHalf);
    AddJump(program, BPF_JEQ, static_cast<uint32_t>(wanted[half / 2] >> half % 2 * 32), 0,
            static_cast<uint8_t>(left * 2 + 1));
  }
  AddReturn(program, SECCOMP_RET_ALLOW);
  AddReturn(program, SECCOMP_RET_KILL_PROCESS);
}

std::string InstallFilter(Inmates inmates) {
  std::vector<sock_filter> program;
  AddLoad(program, offsetof(seccomp_data, arch));
  AddJump(program, BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
  AddReturn(program, SECCOMP_RET_KILL_PROCESS);
  AddLoad(program, offsetof(seccomp_data, nr));
  AddIfWithout(program, SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC);
  AddIfWithout(program, SYS_clone, 0,
               ~static_cast<uint32_t>(CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_SETTLS | 0xff));
  const auto allow = [&program](long call) {
    AddJump(program, BPF_JEQ, static_cast<uint32_t>(call), 0, 1);
    AddReturn(program, SECCOMP_RET_ALLOW);
  };
  for (const long call : kPassedCalls) allow(call);
  for (const long call : kOwnCalls) allow(call);
  if (inmates == Inmates::kProcesses) {
    for (const long call : kCallsToStart) allow(call);
  } else {
    for (const long call : kCallsToHost) allow(call);
    if (kSanitized) {
      for (const long call : kCallsOfSanitizers) allow(call);
    }
    AddIfEqual(program, SYS_write, {kKeptDescriptor});
    AddIfEqual(program, SYS_prctl,
               {PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, kHarnessFrom, kHarnessBytes, 0});
  }
  AddReturn(program, SECCOMP_RET_KILL_PROCESS);
  const sock_fprog installed = {static_cast<unsigned short>(program.size()), program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &installed) != 0) {
    return Problem("cannot install a seccomp filter");
  }
  return "";
}

// In processes that share the memory of their maker, who waits: raw calls, and nothing else.
int TryReboot(void*) { return static_cast<int>(syscall(SYS_reboot, 0, 0, 0, 0)); }
int TryWriting(void*) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY));
}
int TryReading(void*) { return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0 ? 1 : 0; }

// The raw wait status of a process that does this, or -1.
int StatusOf(int (*trial)(void*)) {
  alignas(16) static std::array<char, 65536> stack;
  const int pid =
      clone(trial, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

bool IsKilledByFilter(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

std::string TryFilter() {
  if (StatusOf(TryReading) != 0) return "the seccomp filter kept a process from reading a file";
  if (!IsKilledByFilter(StatusOf(TryReboot))) return "the seccomp filter lets reboot(2) pass";
  if (!IsKilledByFilter(StatusOf(TryWriting))) {
    return "the seccomp filter lets files be opened for writing";
  }
  return "";
}

}  // namespace

std::string MountNamespace() {
  std::array<char, 64> target{};
  const ssize_t size = readlink("/proc/self/ns/mnt", target.data(), target.size());
  return size <= 0 ? "" : std::string(target.data(), static_cast<std::size_t>(size));
}

std::string EnterFence(const std::string& outer_mounts, Inmates inmates) {
  if (getpid() != 1) return "the PID namespace is not a new one";
  const std::string mounts = MountNamespace();
  if (mounts.empty() || mounts == outer_mounts) {
    return "the mount namespace is not a new one (is /proc mounted?)";
  }
  // From a chroot that cannot be done: its root is no mount. Nothing is mounted from here on anyway, for
  // want of the capability.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL) {
    return Problem("cannot make the mounts private");
  }
  std::string problem = DropCapabilities();
  if (problem.empty()) problem = TryToRestart();
  if (problem.empty()) problem = InstallFilter(inmates);
  if (problem.empty()) problem = TryFilter();
  return problem;
}

}  // namespace minit::rig
