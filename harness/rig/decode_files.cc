// Decoder: descriptors, names of files, reading and writing.

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <climits>

#include "harness/rig/decode.h"

namespace minit::rig {
namespace {

namespace calls = kernel::calls;
using kernel::Call;
using kernel::CallKind;
using kernel::Path;
using kernel::Result;

constexpr std::size_t kLongestText = std::size_t{64} << 10;  // of one write to the console
constexpr uint32_t kPipeFlags = kernel::kOpenNonBlock | kernel::kOpenCloseOnExec;
constexpr int kLimit = 1024;  // of descriptors, that a kernel gives init; here it has fewer
constexpr const char* kTooHigh = "a descriptor above 63";
constexpr uint32_t kDescriptorFlags =
    kernel::kOpenNoTerminal | kernel::kOpenNonBlock | kernel::kOpenCloseOnExec;

// The number in /proc/self/fd/N and the like, or nothing.
std::optional<int> DescriptorNamed(const std::string& name) {
  for (const std::string_view folder : {"/proc/self/fd/", "/proc/1/fd/", "/dev/fd/"}) {
    if (!name.starts_with(folder)) continue;
    int number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + folder.size(), end, number);
    if (error == std::errc() && rest == end) return number;
  }
  if (name == "/dev/stdin") return 0;
  if (name == "/dev/stdout") return 1;
  if (name == "/dev/stderr") return 2;
  return std::nullopt;
}

bool IsFolder(const std::string& name) {
  return name == "/" || name == "/dev" || name == "/proc" || name == "/sys";
}

bool IsOfWorld(const std::string& name) {
  return IsFolder(name) || name.starts_with("/dev/") || name.starts_with("/proc/") ||
         name.starts_with("/sys/");
}

// "/lib/libc.so.6", "/etc/ld.so.cache", "/etc/ld-musl-x86_64.path".
bool IsOfLibraries(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') + 1);
  return last.ends_with(".so") || last.find(".so.") != std::string::npos ||
         last.starts_with("ld-musl-");
}

// `mode` is of what is no device.
struct stat StatusOf(Path path, mode_t mode) {
  struct stat status{};
  status.st_mode = path == Path::kOther ? mode : S_IFCHR | 0600;
  status.st_nlink = 1;
  status.st_blksize = 4096;
  if (path == Path::kConsole) status.st_rdev = makedev(5, 1);
  if (path == Path::kNull) status.st_rdev = makedev(1, 3);
  if (path == Path::kTerminal) status.st_rdev = makedev(4, 1);
  return status;
}

// As a struct stat, or as that of statx.
Asked TellStatus(Process& process, const struct stat& status, uint64_t address) {
  Body& body = *process.body;
  if (body.trap().number != SYS_statx) return Returns(body.Write(address, status) ? 0 : -EFAULT);
  struct statx told{};
  told.stx_mask = STATX_BASIC_STATS;
  told.stx_mode = static_cast<uint16_t>(status.st_mode);
  told.stx_nlink = static_cast<uint32_t>(status.st_nlink);
  told.stx_blksize = static_cast<uint32_t>(status.st_blksize);
  told.stx_rdev_major = major(status.st_rdev);
  told.stx_rdev_minor = minor(status.st_rdev);
  return Returns(body.Write(address, told) ? 0 : -EFAULT);
}

}  // namespace

// --- Names ---------------------------------------------------------------------------------------

Path Decoder::PathOf(Process& process, const std::string& name) const {
  if (const auto number = DescriptorNamed(name)) {
    return cast_.Reopened(process.pid, *number, kernel_);
  }
  if (name == "/dev/console") return cast_.Named(Path::kConsole);
  if (name == "/dev/null") return cast_.Named(Path::kNull);
  // The controlling terminal, if there is one.
  if (name == "/dev/tty" && kernel_.Look(process.pid).has_terminal) return Path::kTerminal;
  return Path::kMissing;
}

// Whether there is such a file.
bool Decoder::Has(Process& process, const std::string& name) const {
  return IsFolder(name) || name == child_.front() || IsThere(PathOf(process, name));
}

Decoder::Maybe Decoder::DecodeName(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_open:
      return Open(process, a[0], a[1]);
    case SYS_openat:
      return Open(process, a[1], a[2]);
    case SYS_creat:
      return Open(process, a[0], O_CREAT | O_WRONLY | O_TRUNC);
    case SYS_readlink:
    case SYS_readlinkat: {
      const std::size_t first = trap.number == SYS_readlink ? 0 : 1;
      const auto name = process.body->ReadString(a[first]);
      if (!name) return Returns(-EFAULT);
      if (*name != "/proc/self/exe") return Returns(-ENOENT);
      constexpr std::string_view kInit = "/init";
      const std::size_t size = std::min<std::size_t>(kInit.size(), a[first + 2]);
      if (!process.body->Write(a[first + 1], kInit.data(), size)) return Returns(-EFAULT);
      return Returns(static_cast<int64_t>(size));
    }
    case SYS_access:
    case SYS_faccessat:
    case SYS_stat:
    case SYS_lstat:
    case SYS_newfstatat:
    case SYS_statx: {
      const bool plain =
          trap.number == SYS_access || trap.number == SYS_stat || trap.number == SYS_lstat;
      const auto name = process.body->ReadString(a[plain ? 0 : 1]);
      if (!name) return Returns(-EFAULT);
      const std::size_t to = plain ? 1 : trap.number == SYS_statx ? 4 : 2;
      const bool may_be_empty = trap.number == SYS_newfstatat || trap.number == SYS_statx;
      if (may_be_empty && name->empty()) return Stat(process, Int(a[0]), a[to]);
      if (!Has(process, *name)) return Returns(-ENOENT);
      if (trap.number == SYS_access || trap.number == SYS_faccessat) return Returns(0);
      return StatOf(process, *name, a[to]);
    }
    default:
      return std::nullopt;
  }
}

Asked Decoder::Open(Process& process, uint64_t path, uint64_t flags) {
  const auto name = process.body->ReadString(path);
  if (!name) return Returns(-EFAULT);
  if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY && MayLoad(*process.body, *name)) {
    const auto result = process.body->Execute(
        SYS_openat, {static_cast<uint64_t>(AT_FDCWD), path, O_RDONLY | O_NONBLOCK | O_CLOEXEC});
    if (!result || *result < 0) return Returns(result.value_or(-EFAULT));
    process.loaded |= uint64_t{1} << *result;
    return Returns(*result + Process::kLoaderDescriptors);
  }
  if (*name == "/") {
    if ((flags & (O_ACCMODE | O_CREAT)) != O_RDONLY) return Returns(-EISDIR);
    process.opens_root = true;
    return Model(calls::Open(Path::kOther, Flags(flags) & kDescriptorFlags));
  }
  const Path found = PathOf(process, *name);
  if (found == Path::kMissing && (flags & O_CREAT) != 0) return Returns(-EROFS);
  return Model(calls::Open(found, Flags(flags) & kDescriptorFlags));
}

// A loader, or an interpreter, may read it of the host.
bool Decoder::MayLoad(const Body& body, const std::string& name) const {
  if (!loading_ || name.empty() || name == child_.front() || IsOfWorld(name)) return false;
  return loads_ == Loads::kAnything || (body.loading() && IsOfLibraries(name));
}

bool Decoder::IsOfLoader(const Process& process) const {
  const Body& body = *process.body;
  const Trap& trap = body.trap();
  const auto& a = trap.arguments;
  const auto names_plain_file = [&](uint64_t path) {
    const auto name = body.ReadString(path);
    return name && MayLoad(body, *name);
  };
  const auto is_for_reading = [](uint64_t flags) {
    return (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY;
  };
  switch (trap.number) {
    case SYS_open:
      return is_for_reading(a[1]) && names_plain_file(a[0]);
    case SYS_openat:
      return is_for_reading(a[2]) && names_plain_file(a[1]);
    case SYS_access:
    case SYS_stat:
    case SYS_lstat:
      return names_plain_file(a[0]);
    case SYS_newfstatat:
    case SYS_faccessat:
    case SYS_statx:
      if (!process.IsLoaded(a[0])) return names_plain_file(a[1]);
      [[fallthrough]];
    case SYS_read:
    case SYS_close:
    case SYS_fstat:
    case SYS_lseek:
    case SYS_pread64:
      return process.IsLoaded(a[0]);
    default:
      return false;
  }
}

// A call about a file that the loader reads: the real kernel does it.
Asked Decoder::OfLoader(Process& process) {
  const Trap& trap = process.body->trap();
  auto arguments = trap.arguments;
  uint64_t& descriptor = arguments[trap.number == SYS_mmap ? 4 : 0];
  descriptor = static_cast<uint64_t>(Int(descriptor) - Process::kLoaderDescriptors);
  if (trap.number == SYS_close) process.loaded &= ~(uint64_t{1} << descriptor);
  long number = trap.number;
  if (number == SYS_newfstatat) {
    number = SYS_fstat;
    arguments[1] = arguments[2];
  }
  return Returns(process.body->Execute(number, arguments).value_or(-EFAULT));
}

Asked Decoder::Stat(Process& process, int fd, uint64_t address) {
  const Path path = kernel_.DescriptorPath(process.pid, fd);
  if (path == Path::kMissing) return Returns(-EBADF);
  const bool is_pipe = process.PipeAt(fd) != nullptr;
  const bool is_root = process.IsRoot(static_cast<uint64_t>(fd));
  const struct stat status = StatusOf(path, process.IsSocket(fd) ? S_IFSOCK | 0777
                                            : is_pipe            ? S_IFIFO | 0600
                                            : is_root            ? S_IFDIR | 0755
                                                                 : S_IFREG | 0644);
  return TellStatus(process, status, address);
}

// Requires that there is such a file.
Asked Decoder::StatOf(Process& process, const std::string& name, uint64_t address) {
  const bool is_child = name == child_.front();
  const Path path = IsFolder(name) || is_child ? Path::kOther : PathOf(process, name);
  const struct stat status = StatusOf(path, IsFolder(name) ? S_IFDIR | 0755
                                            : is_child     ? S_IFREG | 0755
                                                           : S_IFREG | 0644);
  return TellStatus(process, status, address);
}

// --- Descriptors ---------------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeDescriptor(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_close:
      if (process.IsLoaded(a[0])) return OfLoader(process);
      return Model(calls::Close(Descriptor16(a[0])));
    case SYS_fstat:
      if (process.IsLoaded(a[0])) return OfLoader(process);
      return Stat(process, Int(a[0]), a[1]);
    case SYS_newfstatat:
      if (process.IsLoaded(a[0])) return OfLoader(process);
      return std::nullopt;
    case SYS_lseek:
    case SYS_pread64:
      if (process.IsLoaded(a[0])) return OfLoader(process);
      return Returns(-ESPIPE);
    case SYS_close_range: {
      const auto clamp = [](uint64_t number, uint32_t most) {
        return static_cast<int>(std::min(static_cast<uint32_t>(number), most));
      };
      if (Flags(a[0]) > Flags(a[1])) return Returns(-EINVAL);
      return Model(calls::CloseRange(static_cast<int16_t>(clamp(a[0], INT16_MAX)),
                                     clamp(a[1], INT_MAX),
                                     Flags(a[2]) & kernel::kCloseRangeOnExec));
    }
    case SYS_dup:
      return Model(calls::Dup(Descriptor16(a[0])));
    case SYS_dup2:
      return DupTo(process, Int(a[1]), 0);
    case SYS_dup3:
      if (Int(a[0]) == Int(a[1])) return Returns(-EINVAL);
      return DupTo(process, Int(a[1]), Flags(a[2]) & kernel::kOpenCloseOnExec);
    case SYS_fcntl:
      return Fcntl(process);
    case SYS_ioctl:
      return Ioctl(process);
    case SYS_pipe:
      return Model(calls::Pipe());
    case SYS_pipe2:
      if ((Flags(a[1]) & ~kPipeFlags) != 0) return Refuse(process, "pipe2 with flags");
      return Model(calls::Pipe(Flags(a[1])));
    case SYS_syncfs:
      if (!IsOpen(process, a[0])) return Returns(-EBADF);
      return IsOnDisk(process, a[0]) ? Model(calls::Sync()) : Returns(0);
    case SYS_fsync:
    case SYS_fdatasync:
      if (!IsOpen(process, a[0])) return Returns(-EBADF);
      return Returns(IsOnDisk(process, a[0]) ? 0 : -EINVAL);
    case SYS_eventfd:
    case SYS_eventfd2: {
      const uint32_t flags = trap.number == SYS_eventfd2 ? Flags(a[1]) : 0;
      if ((flags & ~(kPipeFlags | kernel::kEventFdSemaphore)) != 0) return Returns(-EINVAL);
      return Model(calls::EventFd(Flags(a[0]), flags));
    }
    default:
      return DecodeSocket(process);
  }
}

// Pairs of sockets. One of packets (SOCK_SEQPACKET) is a stream in which there is one packet at a time. There
// is no network.
Decoder::Maybe Decoder::DecodeSocket(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_socketpair: {
      const uint32_t type = Flags(a[1]) & ~kPipeFlags;
      const bool is_covered = type == SOCK_STREAM || type == SOCK_SEQPACKET;
      if (Int(a[0]) != AF_UNIX || !is_covered || a[2] != 0) {
        return Refuse(process, "a socketpair of neither streams nor packets");
      }
      return Model(calls::SocketPair(Flags(a[1]) & kPipeFlags));
    }
    case SYS_sendto:
    case SYS_recvfrom: {
      if (!IsOpen(process, a[0])) return Returns(-EBADF);
      if (!process.IsSocket(Int(a[0]))) return Returns(-ENOTSOCK);
      const bool sends = trap.number == SYS_sendto;
      const bool is_plain = a[4] == 0 && (a[3] & ~static_cast<uint64_t>(MSG_NOSIGNAL)) == 0;
      if (!is_plain) return Refuse(process, "sendto or recvfrom with flags, or an address");
      if (!sends) return Read(process);
      Asked asked = Write(process, a[2]);
      if ((a[3] & MSG_NOSIGNAL) != 0) asked.call.flags |= kernel::kWriteNoSignal;
      return asked;
    }
    case SYS_sendmsg:
    case SYS_recvmsg:
      if (!IsOpen(process, a[0])) return Returns(-EBADF);
      if (process.IsSocket(Int(a[0]))) return std::nullopt;
      return Returns(-ENOTSOCK);
    default:
      return std::nullopt;
  }
}

bool Decoder::IsOpen(const Process& process, uint64_t fd) const {
  return kernel_.DescriptorPath(process.pid, Int(fd)) != Path::kMissing;
}

// A file, and no device.
bool Decoder::IsOnDisk(const Process& process, uint64_t fd) const {
  return kernel_.IsFile(process.pid, Int(fd)) &&
         kernel_.DescriptorPath(process.pid, Int(fd)) == Path::kOther;
}

Asked Decoder::DupTo(Process& process, int to, uint32_t flags) {
  const auto& a = process.body->trap().arguments;
  // To the model, -1 means any.
  if (to >= kernel::kDescriptors && to < kLimit) return Refuse(process, kTooHigh);
  if (to < 0 || to >= kLimit) return Returns(-EBADF);
  return Model(calls::Dup(Descriptor16(a[0]), to, flags));
}

Asked Decoder::Fcntl(Process& process) {
  const auto& a = process.body->trap().arguments;
  const int16_t fd = Descriptor16(a[0]);
  const kernel::View view = kernel_.Look(process.pid);
  if (fd < 0 || fd >= kernel::kDescriptors || (view.descriptors >> fd & 1) == 0) {
    return Returns(-EBADF);
  }
  switch (Int(a[1])) {
    case F_GETFD:
      return Returns(static_cast<int64_t>(view.close_on_exec >> fd & 1));
    case F_SETFD:
      return Model(calls::SetCloseOnExec(fd, (a[2] & FD_CLOEXEC) != 0));
    case F_GETFL:
      return Returns(O_RDWR | ((process.non_block >> fd & 1) != 0 ? O_NONBLOCK : 0));
    case F_SETFL:
      return Model(calls::SetNonBlock(fd, (a[2] & O_NONBLOCK) != 0));
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      if (Int(a[2]) >= kernel::kDescriptors && Int(a[2]) < kLimit) return Refuse(process, kTooHigh);
      if (Int(a[2]) < 0 || Int(a[2]) >= kLimit) return Returns(-EINVAL);
      const uint64_t free = ~view.descriptors & ~uint64_t{0} << Int(a[2]);
      if (free == 0) return Refuse(process, kTooHigh);
      return Model(calls::Dup(fd, std::countr_zero(free),
                              Int(a[1]) == F_DUPFD ? 0 : kernel::kOpenCloseOnExec));
    }
    default:
      return Refuse(process, "fcntl " + std::to_string(Int(a[1])));
  }
}

Asked Decoder::Ioctl(Process& process) {
  const auto& a = process.body->trap().arguments;
  Body& body = *process.body;
  const Path path = kernel_.DescriptorPath(process.pid, Int(a[0]));
  const bool is_terminal = path == Path::kConsole || path == Path::kTerminal;
  switch (Flags(a[1])) {
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCGPGRP:
    case TIOCGSID:
      return Model(calls::Terminal(Int(a[1]), Descriptor16(a[0])));
    case TIOCSPGRP: {
      const auto group = body.Read<int32_t>(a[2]);
      if (!group) return Returns(-EFAULT);
      return Model(calls::Terminal(Int(a[1]), Descriptor16(a[0]), *group));
    }
    default:
      break;
  }
  if (path == Path::kMissing) return Returns(-EBADF);
  switch (Flags(a[1])) {
    case FIONREAD: {
      const std::string* const pipe = process.PipeAt(Int(a[0]));
      const bool is_file = IsOnDisk(process, a[0]) && !process.IsRoot(a[0]);
      if (pipe == nullptr && !is_file && !is_terminal) return Returns(-ENOTTY);
      // Nobody types, and files are empty.
      const int32_t bytes = pipe == nullptr ? 0 : static_cast<int32_t>(pipe->size());
      return Returns(body.Write(a[2], bytes) ? 0 : -EFAULT);
    }
    // Of any descriptor.
    case FIONBIO: {
      const auto on = body.Read<int32_t>(a[2]);
      return on ? Model(calls::SetNonBlock(Descriptor16(a[0]), *on != 0)) : Returns(-EFAULT);
    }
    case FIOCLEX:
    case FIONCLEX:
      return Model(calls::SetCloseOnExec(Descriptor16(a[0]), Flags(a[1]) == FIOCLEX));
    case FIOASYNC:
      return Refuse(process, "ioctl " + std::to_string(Flags(a[1])));
    default:
      break;
  }
  if (!is_terminal) return Returns(-ENOTTY);
  switch (Flags(a[1])) {
    case TCGETS: {
      termios settings{};
      settings.c_lflag = ISIG | ICANON | ECHO;
      return Returns(body.Write(a[2], settings) ? 0 : -EFAULT);
    }
    case TIOCGWINSZ: {
      const std::array<uint16_t, 4> size = {25, 80, 0, 0};
      return Returns(body.Write(a[2], size) ? 0 : -EFAULT);
    }
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSBRK:
    case TCXONC:
    case TCFLSH:
    case TIOCSWINSZ:
    case TIOCCONS:  // nobody redirects the console in the model
      return Returns(0);
    default:
      // Of keyboards and virtual terminals: this one is a serial line.
      if (Flags(a[1]) >> 8 == 'K' || Flags(a[1]) >> 8 == 'V') return Returns(-ENOTTY);
      return Refuse(process, "ioctl " + std::to_string(Flags(a[1])) + " on a terminal");
  }
}

// --- Reading and writing -------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeFile(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_read:
      if (process.IsLoaded(a[0])) return OfLoader(process);
      if (process.IsRoot(Flags(a[0])) && IsOpen(process, a[0])) return Returns(-EISDIR);
      return Read(process);
    case SYS_write:
      return Write(process, a[2]);
    case SYS_writev: {
      uint64_t size = 0;
      if (a[2] > 1024) return Returns(-EINVAL);
      for (uint64_t i = 0; i < a[2]; ++i) {
        const auto piece = process.body->Read<std::array<uint64_t, 2>>(a[1] + i * sizeof(iovec));
        if (!piece) return Returns(-EFAULT);
        size += std::min<uint64_t>((*piece)[1], INT_MAX);
      }
      return Write(process, size);
    }
    default:
      break;
  }
  // Waiting for descriptors. A time-out in milliseconds: below 0, none.
  const auto milliseconds = [](uint64_t argument) -> std::optional<uint64_t> {
    return Int(argument) < 0 ? kernel::kForever : static_cast<uint64_t>(Int(argument)) * 1'000'000;
  };
  switch (trap.number) {
    case SYS_poll:
      return Poll(process, milliseconds(a[2]), 0);
    case SYS_ppoll:
      return Poll(process, ReadTime(*process.body, a[2]), a[3]);
    case SYS_select:
    case SYS_pselect6:
      return Select(process);
    case SYS_epoll_create:
    case SYS_epoll_create1:
      return Model({.kind = CallKind::kEpollCreate,
                    .flags = trap.number == SYS_epoll_create ? 0 : Flags(a[0]) & kDescriptorFlags});
    case SYS_epoll_ctl:
      return EpollControl(process);
    case SYS_epoll_wait:
      return EpollWait(process, milliseconds(a[3]), 0);
    case SYS_epoll_pwait:
      return EpollWait(process, milliseconds(a[3]), a[4]);
    case SYS_epoll_pwait2:
      return EpollWait(process, ReadTime(*process.body, a[3]), a[4]);
    default:
      return std::nullopt;
  }
}

Asked Decoder::Read(Process& process) {
  const auto& a = process.body->trap().arguments;
  const int16_t fd = Descriptor16(a[0]);
  const auto most = static_cast<int>(std::min<uint64_t>(a[2], INT_MAX));
  const std::string* const pipe = process.PipeAt(fd);
  if (pipe != nullptr && process.StreamOf(fd).of_packets && a[2] < pipe->size()) {
    return Refuse(process, "a read of less than a packet");
  }
  const bool counts = pipe != nullptr || kernel_.IsEventFd(process.pid, fd);
  return Model(counts ? calls::ReadPipe(fd, most) : calls::Read(fd));
}

// What a write or writev is to write, up to kLongestText bytes of it; false: EFAULT.
bool Decoder::ReadText(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  text_.clear();
  const auto add = [&](uint64_t address, uint64_t length) {
    const std::size_t old = text_.size();
    text_.resize(old + std::min<uint64_t>(length, kLongestText - old));
    return process.body->Read(address, text_.data() + old, text_.size() - old);
  };
  if (trap.number != SYS_writev) return add(a[1], a[2]);
  for (uint64_t i = 0; i < a[2]; ++i) {
    const auto piece = process.body->Read<std::array<uint64_t, 2>>(a[1] + i * sizeof(iovec));
    if (!piece || !add((*piece)[0], (*piece)[1])) return false;
  }
  return true;
}

Asked Decoder::Write(Process& process, uint64_t size) {
  const int16_t fd = Descriptor16(process.body->trap().arguments[0]);
  size = std::min<uint64_t>(size, 0x7ffff000);  // as the kernel cuts it
  const bool to_pipe = process.PipeAt(fd) != nullptr;
  if (to_pipe && size > kLongestText) return Refuse(process, "a write of over 64 KiB to a pipe");
  if (to_pipe && process.StreamOf(fd).of_packets && !process.SinkAt(fd)->empty()) {
    return Refuse(process, "a packet behind another");
  }
  Asked asked = Model(calls::Write(fd, static_cast<int>(size)));
  const bool to_event = kernel_.IsEventFd(process.pid, fd);
  const bool to_console = kernel_.DescriptorPath(process.pid, fd) == Path::kConsole;
  if (!to_pipe && !to_event && !to_console) return asked;
  if (!ReadText(process)) return Returns(-EFAULT);
  if (to_console) asked.text = text_;
  // Whoever waits for it may have its turn before this one is answered.
  if (to_pipe) *process.SinkAt(fd) += text_;
  if (to_event && text_.size() >= sizeof asked.call.set) {
    text_.copy(reinterpret_cast<char*>(&asked.call.set), sizeof asked.call.set);
  }
  return asked;
}

// A further call that the model needs; nothing once the process has its answer.
std::optional<Call> Decoder::Continue(Process& process, const Result& result) {
  const Trap& trap = process.body->trap();
  Finish(process, result);
  if (result.value < 0) return std::nullopt;
  constexpr uint32_t kSignalBytes = 128;
  if (process.call.kind == CallKind::kRead && result.signal != 0 &&
      process.done + kSignalBytes <= trap.arguments[2]) {
    process.call = calls::Read(process.call.fd, kernel::kReadMore);
    return process.call;
  }
  return std::nullopt;
}

int64_t Decoder::AnswerFile(Process& process, const Result& result) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  if (result.value < 0) {
    std::string* const pipe = process.SinkAt(process.call.fd);
    if (process.call.kind == CallKind::kWrite && pipe != nullptr) {
      pipe->resize(pipe->size() - static_cast<std::size_t>(process.call.value));
    }
    return result.value;
  }
  const bool does_not_block = (process.call.flags & kernel::kOpenNonBlock) != 0;
  switch (process.call.kind) {
    case CallKind::kSetNonBlock:
      process.SetNonBlock(process.call.fd, process.call.value != 0);
      return result.value;
    case CallKind::kDup:
      process.SetFile(result.value, (process.non_block >> process.call.fd & 1) != 0,
                      process.StreamOf(process.call.fd),
                      process.IsRoot(static_cast<uint64_t>(process.call.fd)));
      return result.value;
    case CallKind::kOpen:
      process.SetFile(result.value, does_not_block, {}, process.opens_root);
      return result.value;
    case CallKind::kSignalFd:
    case CallKind::kTimerFdCreate:
    case CallKind::kEpollCreate:
    case CallKind::kPidFdOpen:
    case CallKind::kEventFd:
      process.SetFile(result.value, does_not_block);
      return result.value;
    case CallKind::kFork:
      if ((process.call.flags & kernel::kClonePidFd) == 0) return result.value;
      process.SetFile(result.status, false);
      return process.body->Write(process.fork.pidfd, result.status) ? result.value : -EFAULT;
    case CallKind::kTerminal: {
      const bool asks = process.call.value == kernel::kTerminalForeground ||
                        process.call.value == kernel::kTerminalSession;
      return !asks || process.body->Write(a[2], result.pid) ? result.value : -EFAULT;
    }
    case CallKind::kPipe: {
      const auto one = std::make_shared<std::string>();
      const bool sockets = (process.call.flags & kernel::kPipeOfSockets) != 0;
      const auto other = sockets ? std::make_shared<std::string>() : one;
      const std::array<int32_t, 2> ends = {result.value, result.status};
      const auto type = Flags(a[1]) & ~kPipeFlags;
      const bool of_packets = sockets && type == SOCK_SEQPACKET;
      process.SetFile(ends[0], does_not_block, {.in = one, .out = other, .of_packets = of_packets});
      process.SetFile(ends[1], does_not_block, {.in = other, .out = one, .of_packets = of_packets});
      return process.body->Write(a[sockets ? 3 : 0], ends) ? 0 : -EFAULT;
    }
    default:
      return result.value;
  }
}

}  // namespace minit::rig
