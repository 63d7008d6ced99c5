// Decoder: signals.

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include <algorithm>
#include <bit>

#include "harness/rig/decode.h"

namespace minit::rig {
namespace {

namespace calls = kernel::calls;
using kernel::Result;

constexpr uint64_t kSetBytes = sizeof(uint64_t);

}  // namespace

Decoder::Maybe Decoder::DecodeSignal(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  Body& body = *process.body;
  switch (trap.number) {
    case SYS_rt_sigaction:
      return SigAction(process);
    case SYS_rt_sigreturn:
      return Asked{.way = Asked::Way::kLeaveHandler};
    case SYS_rt_sigprocmask: {
      if (a[3] != kSetBytes) return Returns(-EINVAL);
      if (a[1] == 0) return Model(calls::SigProcMask(kernel::kMaskBlock, 0));  // asks, no more
      const auto set = body.Read<uint64_t>(a[1]);
      return set ? Model(calls::SigProcMask(Int(a[0]), *set)) : Returns(-EFAULT);
    }
    case SYS_rt_sigpending: {
      const kernel::View view = kernel_.Look(process.pid);
      const uint64_t pending = (view.pending_thread | view.pending_process) & view.mask;
      return Returns(body.Write(a[0], pending) ? 0 : -EFAULT);
    }
    case SYS_rt_sigtimedwait: {
      if (a[3] != kSetBytes) return Returns(-EINVAL);
      const auto set = body.Read<uint64_t>(a[0]);
      if (!set) return Returns(-EFAULT);
      const auto time_ns = ReadTime(body, a[2]);
      return time_ns ? Model(calls::SigTimedWait(*set, *time_ns)) : Returns(-EINVAL);
    }
    case SYS_rt_sigsuspend: {
      const auto mask = body.Read<uint64_t>(a[0]);
      return mask ? Model(calls::SigSuspend(*mask)) : Returns(-EFAULT);
    }
    case SYS_pause:
      return Model(calls::Pause());
    case SYS_signalfd:
    case SYS_signalfd4: {
      if (a[2] != kSetBytes) return Returns(-EINVAL);
      const auto set = body.Read<uint64_t>(a[1]);
      if (!set) return Returns(-EFAULT);
      const uint32_t flags = trap.number == SYS_signalfd4 ? Flags(a[3]) : 0;
      if ((flags & ~static_cast<uint32_t>(SFD_CLOEXEC | SFD_NONBLOCK)) != 0)
        return Returns(-EINVAL);
      return Model(calls::SignalFd(*set, flags, Descriptor16(a[0])));
    }
    default:
      return std::nullopt;
  }
}

Decoder::Maybe Decoder::DecodeSending(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_kill:
      return Model(calls::Kill(Int(a[0]), Int(a[1])));
    case SYS_tkill:
      return Model(calls::ThreadKill(-1, Int(a[0]), Int(a[1])));
    case SYS_tgkill:
      if (Int(a[0]) <= 0) return Returns(-EINVAL);
      return Model(calls::ThreadKill(Int(a[0]), Int(a[1]), Int(a[2])));
    case SYS_rt_sigqueueinfo:
      return Model(calls::SigQueue(Int(a[0]), Int(a[1])));
    case SYS_pidfd_open:
      return Model(calls::PidFdOpen(Int(a[0])));
    case SYS_pidfd_send_signal:
      // Since Linux 6.9 there are three, of which one: to the thread, the process, the group.
      if (Flags(a[3]) > kernel::kPidFdGroup || std::popcount(Flags(a[3])) > 1) {
        return Returns(-EINVAL);
      }
      return Model(calls::PidFdSendSignal(Descriptor16(a[0]), Int(a[1]), Flags(a[3])));
    default:
      return std::nullopt;
  }
}

Asked Decoder::SigAction(Process& process) {
  const auto& a = process.body->trap().arguments;
  const int signal = Int(a[0]);
  if (a[3] != kSetBytes || signal < 1 || signal > kernel::kSigRtMax) return Returns(-EINVAL);
  process.action = process.actions[static_cast<std::size_t>(signal)];
  if (a[1] == 0) return Model(calls::SigAction(signal, kernel::kSigActionQuery));
  const auto action = process.body->Read<SignalAction>(a[1]);
  if (!action) return Returns(-EFAULT);
  process.action = *action;
  const auto flags = static_cast<uint32_t>(action->flags) &
                     (kernel::kSaNoChildStop | kernel::kSaNoChildWait | kernel::kSaRestart);
  if (action->handler > reinterpret_cast<uint64_t>(SIG_IGN)) {
    const int64_t result = process.body->InstallHandler(signal, a[1]);
    if (result < 0) return Returns(result);
    return Model(calls::SigAction(signal, kernel::kSigHandler, flags));
  }
  return Model(
      calls::SigAction(signal, action->handler == 0 ? kernel::kSigDfl : kernel::kSigIgn, flags));
}

// --- Answers -------------------------------------------------------------------------------------

int64_t Decoder::AnswerSignal(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  Body& body = *process.body;
  if (result.value < 0) return result.value;
  switch (process.call.kind) {
    case kernel::CallKind::kSigProcMask:
      if (a[2] != 0 && !body.Write(a[2], result.set)) return -EFAULT;
      break;
    case kernel::CallKind::kSigAction: {
      SignalAction& kept = process.actions[static_cast<std::size_t>(process.call.signal)];
      SignalAction old = kept;
      if (result.status == kernel::kSigDfl) old.handler = 0;
      if (result.status == kernel::kSigIgn) old.handler = 1;
      if (a[1] != 0) kept = process.action;
      if (a[2] != 0 && !body.Write(a[2], old)) return -EFAULT;
      break;
    }
    case kernel::CallKind::kSigTimedWait:
      if (a[1] != 0 && !body.Write(a[1], InfoOf(process.pid, result.signal, result.from_thread))) {
        return -EFAULT;
      }
      break;
    default:
      break;
  }
  return result.value;
}

siginfo_t Decoder::InfoOf(kernel::Pid pid, int signal, bool from_thread) const {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = from_thread ? SI_TKILL : SI_USER;
  if (signal != SIGCHLD || from_thread || pid != kernel::kInit) return info;
  const kernel::ChildNews& news = kernel_.NewsOfInit();
  if (news.pid == 0) return info;
  info.si_code = news.code;
  info.si_pid = news.pid;
  info.si_status = news.status;
  return info;
}

// One signal of a signalfd; the file is asked again as long as there is room.
int64_t Decoder::AnswerRead(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  Body& body = *process.body;
  if (result.value <= 0 && process.done == 0) return result.value;
  if (std::string* const pipe = process.PipeAt(process.call.fd)) {
    const std::string bytes = pipe->substr(0, static_cast<std::size_t>(result.value));
    pipe->erase(0, bytes.size());
    return body.Write(a[1], bytes.data(), bytes.size()) ? result.value : -EFAULT;
  }
  if (result.value <= 0) return process.done;
  if (result.signal == 0) {
    const uint64_t expired = result.set;  // of a timerfd
    if (expired == 0) return result.value;
    if (a[2] < sizeof expired) return -EINVAL;
    return body.Write(a[1], expired) ? result.value : -EFAULT;
  }
  const siginfo_t from = InfoOf(process.pid, result.signal, result.from_thread);
  signalfd_siginfo info{};
  info.ssi_signo = result.signal;
  info.ssi_code = from.si_code;
  info.ssi_pid = static_cast<uint32_t>(from.si_pid);
  info.ssi_status = from.si_status;
  if (a[2] < sizeof info) return -EINVAL;
  if (!body.Write(a[1] + process.done, info)) return -EFAULT;
  process.done += sizeof info;
  return process.done;
}

}  // namespace minit::rig
