// Fence: what shuts in a process that runs foreign code. Two, each enough to keep the machine up:
//   no capability but that to execute files of other users: CAP_SYS_BOOT is gone for good, and so
//   is the way back (no_new_privs, an empty bounding set); PID and mount namespaces are its own;
//   a seccomp filter that knows a list of calls and kills at any other, reboot(2) among them, at
//   32-bit calls, and at opening a path for anything but reading.
// Both are inherited by all that the process forks and executes. Both are tried on entering.
// Held by ptrace_subjects_test.cc and in_process_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_FENCE_H_
#define MINIT_HARNESS_RIG_FENCE_H_

#include <sys/syscall.h>

#include <array>
#include <cstdint>
#include <string>

namespace minit::rig {

// What the real kernel may be asked to do for a subject: memory, handlers of signals, and for the
// loader reading files. (openat for reading and clone without threads, namespaces or a tracer, are
// let through besides.)
inline constexpr std::array kPassedCalls = {
    SYS_mmap,       SYS_munmap,     SYS_mprotect,    SYS_mremap,       SYS_madvise,
    SYS_brk,        SYS_arch_prctl, SYS_sigaltstack, SYS_rt_sigaction, SYS_rt_sigreturn,
    SYS_read,       SYS_pread64,    SYS_lseek,       SYS_close,        SYS_fstat,
    SYS_newfstatat, SYS_faccessat,  SYS_readlinkat,
};

// Who is shut in: processes that are forked and executed and that someone traces; or code that runs in
// the process itself, all of whose calls are dispatched to it (in_process_rig.h).
enum class Inmates { kProcesses, kThisProcess };

// In a process with such inmates, only code from here on makes calls: of the dispatch that keeps in
// the rest, the filter lets through just this, so that nobody turns it off.
inline constexpr uint64_t kHarnessFrom = 0x5400'0000'0000;
inline constexpr uint64_t kHarnessBytes = 0x7fff'ffff'f000 - kHarnessFrom;

// Shuts in the calling process, which has to be process 1 of a PID namespace and to have a mount
// namespace of its own, `outer_mounts` being the one outside (the target of /proc/self/ns/mnt).
// Returns what is wrong, or "". Once it is in, the caller can make no call that is not listed here
// or in fence.cc. With kThisProcess it may write to kKeptDescriptor, and nowhere else.
std::string EnterFence(const std::string& outer_mounts, Inmates inmates);

// The target of /proc/self/ns/mnt.
std::string MountNamespace();

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_FENCE_H_
