// Decoder: what inits do once as they begin, and what changes nothing by which they are judged. This
// world is one user's, root's; its files are what the kernel model has (the console, the child's path) in
// a root that nobody writes to. So a mount of a file system of the kernel's succeeds and shows nothing new;
// what would put other files in their places, or make another user of init, nobody covers.

#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include <algorithm>
#include <string>

#include "harness/kernel/system_calls.h"
#include "harness/rig/decode.h"

namespace minit::rig {
namespace {

constexpr uint64_t kPropagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

// The ids that a call asks for: all root's, or as they are.
bool StaysRoot(const Trap& trap, std::size_t ids) {
  return std::all_of(trap.arguments.begin(), trap.arguments.begin() + static_cast<long>(ids),
                     [](uint64_t id) { return Flags(id) == 0 || Int(id) == -1; });
}

}  // namespace

Asked Decoder::Mount(Process& process) {
  const auto& a = process.body->trap().arguments;
  const auto target = process.body->ReadString(a[1]);
  if (!target) return Returns(-EFAULT);
  if (!Has(process, *target)) return Returns(-ENOENT);
  const bool moves_files =
      (a[3] & (MS_BIND | MS_MOVE | MS_REMOUNT)) != 0 ||
      ((a[3] & kPropagation) == 0 && (*target == "/" || *target == "/dev/console"));
  return moves_files ? Refuse(process, "mount on " + *target) : Returns(0);
}

Asked Decoder::MakeFile(Process& process, uint64_t path) {
  const auto name = process.body->ReadString(path);
  if (!name) return Returns(-EFAULT);
  return Returns(Has(process, *name) ? -EEXIST : -EROFS);
}

Decoder::Maybe Decoder::DecodeSetUp(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  const auto for_root = [&](std::size_t ids) {
    if (StaysRoot(trap, ids)) return Returns(0);
    const std::string call = kernel::NameOfSystemCall(static_cast<int>(trap.number));
    return Refuse(process, call + " to another user");
  };
  switch (trap.number) {
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setfsuid:
    case SYS_setfsgid:
      return for_root(1);
    case SYS_setreuid:
    case SYS_setregid:
      return for_root(2);
    case SYS_setresuid:
    case SYS_setresgid:
      return for_root(3);
    case SYS_setgroups:
    case SYS_getgroups:  // none
    case SYS_mlock:
    case SYS_mlock2:
    case SYS_mlockall:
    case SYS_munlock:
    case SYS_munlockall:
    case SYS_setpriority:
    case SYS_ioprio_set:
    case SYS_sched_setparam:
    case SYS_sched_setscheduler:
    case SYS_sched_getscheduler:  // SCHED_OTHER
    case SYS_setrlimit:
    case SYS_sethostname:
    case SYS_setdomainname:
    case SYS_chdir:
      return Returns(0);
    case SYS_getpriority:
      return Returns(20);  // as the kernel has it: 20 less the priority
    case SYS_umask:
      return Returns(022);
    case SYS_mount:
      return Mount(process);
    case SYS_umount2:
      return Returns(-EINVAL);  // nothing that could be
    case SYS_statfs: {
      const auto name = process.body->ReadString(a[0]);
      if (!name) return Returns(-EFAULT);
      return Has(process, *name) ? Refuse(process, "statfs of " + *name) : Returns(-ENOENT);
    }
    case SYS_socket:
      return Returns(-EAFNOSUPPORT);  // there is no network
    case SYS_syslog:
      if (a[0] < 6 || a[0] > 8) return Refuse(process, "syslog " + std::to_string(a[0]));
      return Returns(0);  // what the kernel itself writes to the console
    case SYS_mkdir:
    case SYS_mknod:
      return MakeFile(process, a[0]);
    case SYS_mkdirat:
    case SYS_mknodat:
      return MakeFile(process, a[1]);
    default:
      return std::nullopt;
  }
}

}  // namespace minit::rig
