// Decoder: processes, identity, memory and trifles; and the way to the others.

#include "harness/rig/decode.h"

#include <asm/prctl.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <climits>

#include "harness/kernel/system_calls.h"

namespace minit::rig {
namespace {

namespace calls = kernel::calls;
using kernel::Call;

// Strings at the addresses of a list that a null ends.
std::optional<std::vector<std::string>> ReadList(const Body& body, uint64_t address) {
  constexpr std::size_t kMost = 1024;
  constexpr std::size_t kLongest = std::size_t{256} << 10;
  std::vector<std::string> list;
  if (address == 0) return list;
  for (; list.size() < kMost; address += sizeof(uint64_t)) {
    const auto pointer = body.Read<uint64_t>(address);
    if (!pointer) return std::nullopt;
    if (*pointer == 0) return list;
    auto string = body.ReadString(*pointer, kLongest);
    if (!string) return std::nullopt;
    list.push_back(std::move(*string));
  }
  return std::nullopt;
}

// Whether just this list stands there.
bool ListIs(const Body& body, uint64_t address, const std::vector<std::string>& list) {
  if (address == 0) return list.empty();
  for (const std::string& string : list) {
    const auto pointer = body.Read<uint64_t>(address);
    if (!pointer || *pointer == 0 || !body.Holds(*pointer, string)) return false;
    address += sizeof(uint64_t);
  }
  return body.Read<uint64_t>(address) == 0u;
}

constexpr uint64_t kForkFlags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT |
    CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
    CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND;

}  // namespace

void Decoder::Begin(const std::vector<std::string>* environment) {
  environment_ = environment;
  loading_ = loads_ != Loads::kNothing;
  not_covered_.clear();
}

Asked Decoder::Decode(Process& process) {
  process.call = Call{};
  process.done = 0;
  process.written_to = 0;
  process.fork_told = false;
  process.opens_root = false;
  if (!process.body->trap().native) return Refuse(process, "a 32-bit call");
  using Decodes = Maybe (Decoder::*)(Process&);
  static constexpr std::array<Decodes, 12> kAll = {
      &Decoder::DecodeSignal,   &Decoder::DecodeSending,    &Decoder::DecodeProcess,
      &Decoder::DecodeWaiting,  &Decoder::DecodeMemory,     &Decoder::DecodeTime,
      &Decoder::DecodeFile,     &Decoder::DecodeDescriptor, &Decoder::DecodeName,
      &Decoder::DecodeIdentity, &Decoder::DecodeTrifle,     &Decoder::DecodeSetUp};
  // Before it is served: a close ends that the descriptor is the loader's.
  const bool is_told = IsTold(process);
  for (const Decodes decodes : kAll) {
    Maybe asked = (this->*decodes)(process);
    if (!asked) continue;
    if (asked->way == Asked::Way::kReturn && is_told) {
      asked = Model(calls::OtherAnswered(static_cast<int>(process.body->trap().number),
                                         static_cast<int32_t>(asked->value)));
    }
    if (asked->way == Asked::Way::kModel) {
      process.call = asked->call;
      if (kernel_.IsVisibleNow(process.pid, asked->call)) loading_ = false;
    }
    return *asked;
  }
  return Refuse(process);
}

// Whether a judge of calls is to hear of it, though the model has no part in it.
bool Decoder::IsTold(const Process& process) const {
  const long number = process.body->trap().number;
  const bool of_memory = number == SYS_mremap || number == SYS_madvise || number == SYS_futex;
  return !of_memory && !IsOfStartUp(number) && !IsOfLoader(process);
}

bool Decoder::IsOfStartUp(long number) {
  switch (number) {
    case SYS_arch_prctl:
    case SYS_brk:
    case SYS_mmap:
    case SYS_mprotect:
    case SYS_munmap:
    case SYS_set_tid_address:
    case SYS_set_robust_list:
    case SYS_rseq:
    case SYS_prlimit64:
    case SYS_readlink:
    case SYS_readlinkat:
    case SYS_getrandom:
    case SYS_uname:
    case SYS_sched_getaffinity:
      return true;
    default:
      return false;
  }
}

// No machine has so few: what init would have done with the next one nobody knows.
void Decoder::NoteLimits(const kernel::Result& result) {
  if (result.value == -ENFILE) Report("an open file more than the model has room for");
  if (result.value == -EMFILE) Report("a descriptor more than the model has room for");
}

Asked Decoder::Refuse(Process& process, const std::string& what) {
  const Trap& trap = process.body->trap();
  const auto number = static_cast<int>(trap.number);
  Report(what.empty() ? kernel::NameOfSystemCall(number) : what);
  process.call = calls::Other(number);
  return Model(process.call);
}

// --- Processes -----------------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeProcess(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  process.fork = {};
  switch (trap.number) {
    case SYS_fork:
      return Fork(process, 0, SIGCHLD);
    case SYS_vfork:
      return Fork(process, CLONE_VM | CLONE_VFORK, SIGCHLD);
    case SYS_clone:
      process.fork = {.stack = a[1],
                      .parent_number = a[2],
                      .child_number = a[3],
                      .pidfd = a[2],
                      .thread_pointer = a[4]};
      return Fork(process, a[0] & 0xffffff00, Int(a[0] & 0xff));
    case SYS_clone3: {
      clone_args request{};
      if (a[1] > 4096 || !process.body->Read(a[0], &request, std::min(a[1], sizeof request))) {
        return Returns(-EFAULT);
      }
      if (request.set_tid_size != 0) return Refuse(process, "clone3 with numbers given");
      process.fork = {.stack = request.stack == 0 ? 0 : request.stack + request.stack_size,
                      .parent_number = request.parent_tid,
                      .child_number = request.child_tid,
                      .pidfd = request.pidfd,
                      .thread_pointer = request.tls};
      return Fork(process, request.flags, Int(request.exit_signal));
    }
    case SYS_execve:
      return Exec(process, a[0], a[1], a[2]);
    case SYS_execveat:
      if (a[4] != 0) return Refuse(process, "execveat with flags");
      return Exec(process, a[1], a[2], a[3]);
    case SYS_exit:
    case SYS_exit_group:
      return Model(calls::Exit(Int(a[0]) & 0xff));
    case SYS_setsid:
      return Model(calls::SetSid());
    case SYS_setpgid:
      return Model(calls::SetPgid(Int(a[0]), Int(a[1])));
    case SYS_prctl:
      return Prctl(process);
    case SYS_ptrace:
      return Model(calls::Ptrace(Int(a[0]), Int(a[1]), Int(a[3])));
    case SYS_sync:
      return Model(calls::Sync());
    case SYS_reboot: {
      const auto second = Flags(a[1]);
      const bool right = Flags(a[0]) == LINUX_REBOOT_MAGIC1 &&
                         (second == LINUX_REBOOT_MAGIC2 || second == LINUX_REBOOT_MAGIC2A ||
                          second == LINUX_REBOOT_MAGIC2B || second == LINUX_REBOOT_MAGIC2C);
      return Model(calls::Reboot(Int(a[2]), right));
    }
    default:
      return std::nullopt;
  }
}

Asked Decoder::Fork(Process& process, uint64_t flags, int signal) {
  if ((flags & CLONE_THREAD) != 0) return Refuse(process, "clone of a thread");
  if ((flags & ~kForkFlags) != 0) return Refuse(process, "clone with new namespaces");
  if ((flags & CLONE_PIDFD) != 0) {
    const ForkRequest& fork = process.fork;
    if ((flags & CLONE_PARENT_SETTID) != 0 && fork.pidfd == fork.parent_number) {
      return Returns(-EINVAL);
    }
    const auto there = process.body->Read<int32_t>(fork.pidfd);
    if (!there || !process.body->Write(fork.pidfd, *there)) return Returns(-EFAULT);
  }
  process.fork.flags = flags;
  uint32_t told = static_cast<uint32_t>(flags & (kernel::kCloneVfork | kernel::kClonePtrace |
                                                 kernel::kCloneParent | kernel::kClonePidFd));
  if ((flags & CLONE_CLEAR_SIGHAND) != 0) told |= kernel::kCloneClearHandlers;
  return Model(calls::Fork(told, signal));
}

Asked Decoder::Exec(Process& process, uint64_t path, uint64_t arguments, uint64_t environment) {
  constexpr uint32_t kRight = kernel::kExecArgumentsRight | kernel::kExecEnvironmentRight;
  if (process.body->Holds(path, child_.front()) && ListIs(*process.body, arguments, child_) &&
      ListIs(*process.body, environment, *environment_)) {
    return Model(calls::Exec(kernel::Path::kChild, kRight));
  }
  const auto name = process.body->ReadString(path);
  const auto given = ReadList(*process.body, arguments);
  const auto passed_on = ReadList(*process.body, environment);
  if (!name || !given || !passed_on) return Returns(-EFAULT);
  uint32_t flags = 0;
  if (*given == child_) flags |= kernel::kExecArgumentsRight;
  if (*passed_on == *environment_) flags |= kernel::kExecEnvironmentRight;
  return Model(
      calls::Exec(*name == child_.front() ? kernel::Path::kChild : kernel::Path::kOther, flags));
}

Asked Decoder::Prctl(Process& process) {
  const auto& a = process.body->trap().arguments;
  switch (static_cast<int>(a[0])) {
    case PR_SET_CHILD_SUBREAPER:
      return Model(calls::Subreaper(a[1] != 0));
    case PR_GET_CHILD_SUBREAPER: {
      const int32_t is = kernel_.Look(process.pid).subreaper ? 1 : 0;
      return Returns(process.body->Write(a[1], is) ? 0 : -EFAULT);
    }
    case PR_GET_NAME: {
      constexpr char kName[16] = "init";
      return Returns(process.body->Write(a[1], kName) ? 0 : -EFAULT);
    }
    // Without a meaning in this world: names, and what a process may still become.
    case PR_SET_NAME:
    case PR_SET_DUMPABLE:
    case PR_SET_NO_NEW_PRIVS:
    case PR_SET_KEEPCAPS:
    case PR_SET_PDEATHSIG:  // init's parent does not die; of others it would tell init's end
    case PR_SET_TIMERSLACK:
    case PR_SET_THP_DISABLE:
      return Returns(0);
    case PR_SET_VMA:  // names of memory, an option of the kernel
      return Returns(-EINVAL);
    default:
      return Refuse(process, "prctl " + std::to_string(a[0]));
  }
}

// --- Identity ------------------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeIdentity(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  const auto of_other = [&](bool session) -> Maybe {
    if (a[0] == 0 || Int(a[0]) == process.pid) {
      return Model(calls::GetId(session ? kernel::kIdSession : kernel::kIdGroup));
    }
    if (!kernel_.Exists(Int(a[0]))) return Returns(-ESRCH);
    const kernel::View view = kernel_.Look(Int(a[0]));
    return Returns(session ? view.session : view.group);
  };
  switch (trap.number) {
    case SYS_getpid:
      return Model(calls::GetId(kernel::kIdProcess));
    case SYS_gettid:
      return Model(calls::GetId(kernel::kIdThread));
    case SYS_getppid:
      return Model(calls::GetId(kernel::kIdParent));
    case SYS_getpgrp:
      return Model(calls::GetId(kernel::kIdGroup));
    case SYS_getpgid:
      return of_other(false);
    case SYS_getsid:
      return of_other(true);
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
      return Returns(0);
    case SYS_getresuid:
    case SYS_getresgid: {
      constexpr uint32_t kRoot = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        if (!process.body->Write(a[i], kRoot)) return Returns(-EFAULT);
      }
      return Returns(0);
    }
    default:
      return std::nullopt;
  }
}

// --- Memory --------------------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeMemory(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  const Asked pass{.way = Asked::Way::kPass};
  switch (trap.number) {
    case SYS_mmap:
      if (process.IsLoaded(a[4])) return OfLoader(process);
      if ((a[3] & 0x20) == 0) return Returns(-ENODEV);  // not MAP_ANONYMOUS: files are made up
      return pass;
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_mremap:
    case SYS_madvise:
    case SYS_brk:
    case SYS_sigaltstack:
      return pass;
    case SYS_arch_prctl:
      if (a[0] != ARCH_SET_FS) return Returns(-EINVAL);
      process.body->SetThreadPointer(a[1]);
      return Returns(0);
    case SYS_futex: {
      // One thread: to wake is to wake nobody, and to wait is to wait for ever.
      const auto operation = Int(a[1]) & FUTEX_CMD_MASK;
      if (operation == FUTEX_WAKE || operation == FUTEX_WAKE_BITSET) return Returns(0);
      if (operation != FUTEX_WAIT && operation != FUTEX_WAIT_BITSET) return std::nullopt;
      const auto word = process.body->Read<uint32_t>(a[0]);
      if (!word) return Returns(-EFAULT);
      if (*word != Flags(a[2])) return Returns(-EAGAIN);
      Report("a wait on a futex, for ever");
      return Model(calls::Pause());
    }
    default:
      return std::nullopt;
  }
}

// --- What is the same in every world -------------------------------------------------------------

Decoder::Maybe Decoder::DecodeTrifle(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  Body& body = *process.body;
  switch (trap.number) {
    case SYS_set_tid_address:
      return Returns(process.pid);
    case SYS_set_robust_list:
    case SYS_sched_yield:
      return Returns(0);
    case SYS_rseq:
    case SYS_membarrier:
      return Returns(-ENOSYS);
    case SYS_io_uring_setup:
      return Returns(-EPERM);  // as where kernel.io_uring_disabled says so
    case SYS_getcwd:
      if (a[1] < 2) return Returns(-ERANGE);
      return Returns(body.Write(a[0], "/", 2) ? 2 : -EFAULT);
    case SYS_getrlimit:
    case SYS_prlimit64: {
      const uint64_t to = trap.number == SYS_getrlimit ? a[1] : a[3];
      const auto which = static_cast<int>(trap.number == SYS_getrlimit ? a[0] : a[1]);
      constexpr rlimit kNone = {RLIM_INFINITY, RLIM_INFINITY};
      constexpr rlimit kStack = {8 << 20, RLIM_INFINITY};
      constexpr rlimit kFiles = {kernel::kDescriptors, kernel::kDescriptors};
      if (to == 0) return Returns(0);
      const rlimit& limit = which == RLIMIT_STACK    ? kStack
                            : which == RLIMIT_NOFILE ? kFiles
                                                     : kNone;
      return Returns(body.Write(to, limit) ? 0 : -EFAULT);
    }
    case SYS_getrandom: {
      std::vector<unsigned char> bytes(std::min<std::size_t>(a[1], 4096));
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 37);
      if (!body.Write(a[0], bytes.data(), bytes.size())) return Returns(-EFAULT);
      return Returns(static_cast<int64_t>(bytes.size()));
    }
    case SYS_uname: {
      utsname name{};
      const auto put = [](char(&to)[65], const char* from) { strncpy(to, from, 64); };
      put(name.sysname, "Linux");
      put(name.nodename, "localhost");
      put(name.release, "6.18.0");
      put(name.version, "#1");
      put(name.machine, "x86_64");
      return Returns(body.Write(a[0], name) ? 0 : -EFAULT);
    }
    case SYS_sched_getaffinity: {
      constexpr uint64_t kOne = 1;
      if (a[1] < sizeof kOne) return Returns(-EINVAL);
      return Returns(body.Write(a[2], kOne) ? static_cast<int64_t>(sizeof kOne) : -EFAULT);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace minit::rig
