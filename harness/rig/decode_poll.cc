// Decoder: waiting for descriptors.

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <algorithm>
#include <bit>

#include "harness/rig/decode.h"

namespace minit::rig {
namespace {

namespace calls = kernel::calls;
using kernel::Call;
using kernel::Result;

constexpr uint64_t Bit(int fd) {
  return fd < 0 || fd >= kernel::kDescriptors ? 0 : uint64_t{1} << fd;
}

constexpr uint64_t kMostPolled = 1024;
constexpr const char* kOtherThanReading = "a wait for a pipe otherwise than to read it";

}  // namespace

// The call with this mask for as long as it lasts, if there is one at the address.
Asked Decoder::WithMask(Process& process, Call call, uint64_t mask) {
  if (mask != 0) {
    const auto set = process.body->Read<uint64_t>(mask);
    if (!set) return Returns(-EFAULT);
    call.flags |= kernel::kPollMask;
    call.mask = *set;
  }
  return Model(call);
}

// Of a descriptor that the model calls readable: POLLIN, or what a pipe or a socket is ready for that has
// but one end. (EPOLLIN and the others are the same.)
uint32_t Decoder::ReadyAs(const Process& process, int fd, uint32_t events) const {
  const std::string* const pipe = process.PipeAt(fd);
  if (pipe == nullptr || !kernel_.IsCut(process.pid, fd)) return POLLIN;
  if (process.IsSocket(fd)) return POLLIN | POLLHUP | (events & POLLRDHUP);
  return pipe->empty() ? POLLHUP : POLLIN | POLLHUP;
}

// --- poll, ppoll ---------------------------------------------------------------------------------

// Of what the process asks whether it can be written to: what can. In this world that is whatever is open,
// but for a console that is full.
uint64_t Decoder::Writable(const Process& process) const {
  if (kernel_.faults().console_room != 0) return process.written_to;
  uint64_t writable = process.written_to;
  for (uint64_t left = writable; left != 0; left &= left - 1) {
    const int fd = std::countr_zero(left);
    if (kernel_.DescriptorPath(process.pid, fd) == kernel::Path::kConsole) writable &= ~Bit(fd);
  }
  return writable;
}

Asked Decoder::PollFor(Process& process, uint64_t readable, uint64_t time_ns, uint64_t mask) {
  const bool is_full = process.written_to != 0 && Writable(process) == 0;
  Call call = calls::Poll(readable, process.written_to != 0 && !is_full ? 0 : time_ns);
  call.value = is_full ? 1 : 0;
  return WithMask(process, call, mask);
}

Asked Decoder::Poll(Process& process, const std::optional<uint64_t>& time_ns, uint64_t mask) {
  const auto& a = process.body->trap().arguments;
  if (!time_ns || a[1] > kMostPolled) return Returns(-EINVAL);
  std::vector<pollfd> all(a[1]);
  if (!process.body->Read(a[0], all.data(), all.size() * sizeof(pollfd))) return Returns(-EFAULT);
  const uint64_t open = kernel_.Look(process.pid).descriptors;
  uint64_t readable = 0;
  for (const pollfd& one : all) {
    if (one.fd < 0) continue;
    if ((one.events & POLLIN) == 0 && process.PipeAt(one.fd) != nullptr) {
      return Refuse(process, kOtherThanReading);
    }
    if ((one.events & POLLIN) != 0 || (open & Bit(one.fd)) == 0) readable |= Bit(one.fd);
    if ((one.events & POLLOUT) != 0) process.written_to |= open & Bit(one.fd);
  }
  return PollFor(process, readable, *time_ns, mask);
}

int64_t Decoder::AnswerPoll(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  if (result.value < 0) return result.value;
  const uint64_t open = kernel_.Look(process.pid).descriptors;
  const uint64_t writable = Writable(process);
  std::vector<pollfd> all(a[1]);
  if (!process.body->Read(a[0], all.data(), all.size() * sizeof(pollfd))) return -EFAULT;
  int64_t count = 0;
  for (pollfd& one : all) {
    one.revents = 0;
    if (one.fd >= 0 && (open & Bit(one.fd)) == 0) one.revents = POLLNVAL;
    if ((result.set & open & Bit(one.fd)) != 0)
      one.revents =
          static_cast<int16_t>(ReadyAs(process, one.fd, static_cast<uint16_t>(one.events)));
    if ((writable & Bit(one.fd) & open) != 0 && (one.events & POLLOUT) != 0) {
      one.revents |= POLLOUT;
    }
    if (one.revents != 0) ++count;
  }
  const bool written = process.body->Write(a[0], all.data(), all.size() * sizeof(pollfd));
  return written || all.empty() ? count : -EFAULT;
}

// --- select, pselect6 ----------------------------------------------------------------------------

Asked Decoder::Select(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  const Body& body = *process.body;
  if (Int(a[0]) < 0 || Int(a[0]) > kernel::kDescriptors) return Returns(-EINVAL);
  const uint64_t asked = Int(a[0]) == kernel::kDescriptors ? ~uint64_t{0} : Bit(Int(a[0])) - 1;
  const auto set = [&](uint64_t address) {
    return address == 0 ? 0 : body.Read<uint64_t>(address).value_or(0) & asked;
  };
  const uint64_t readable = set(a[1]);
  process.written_to = set(a[2]);
  for (uint64_t left = process.written_to; left != 0; left &= left - 1) {
    if (process.PipeAt(std::countr_zero(left)) != nullptr) {
      return Refuse(process, kOtherThanReading);
    }
  }
  if (((readable | process.written_to) & ~kernel_.Look(process.pid).descriptors) != 0) {
    return Returns(-EBADF);
  }
  std::optional<uint64_t> time_ns = kernel::kForever;
  uint64_t mask = 0;
  if (trap.number == SYS_pselect6) {
    time_ns = ReadTime(body, a[4]);
    if (a[5] != 0) mask = body.Read<uint64_t>(a[5]).value_or(0);
  } else if (a[4] != 0) {
    const auto time = body.Read<timeval>(a[4]);
    if (!time || time->tv_sec < 0 || time->tv_usec < 0) return Returns(-EINVAL);
    time_ns = static_cast<uint64_t>(time->tv_sec) * 1'000'000'000 +
              static_cast<uint64_t>(time->tv_usec) * 1000;
  }
  if (!time_ns) return Returns(-EINVAL);
  return PollFor(process, readable, *time_ns, mask);
}

int64_t Decoder::AnswerSelect(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  if (result.value < 0) return result.value;
  const auto put = [&](uint64_t address, uint64_t set) {
    return address == 0 || process.body->Write(address, set);
  };
  const uint64_t writable = Writable(process);
  if (!put(a[1], result.set) || !put(a[2], writable) || !put(a[3], 0)) return -EFAULT;
  return std::popcount(result.set) + std::popcount(writable);
}

// --- epoll ---------------------------------------------------------------------------------------

Asked Decoder::EpollControl(Process& process) {
  const auto& a = process.body->trap().arguments;
  const int16_t epoll = Descriptor16(a[0]);
  const int fd = Int(a[2]);
  if (Int(a[1]) == EPOLL_CTL_DEL) return Model(calls::EpollAdd(epoll, fd, 0));
  if (Int(a[1]) != EPOLL_CTL_ADD && Int(a[1]) != EPOLL_CTL_MOD) return Returns(-EINVAL);
  const auto event = process.body->Read<epoll_event>(a[3]);
  if (!event) return Returns(-EFAULT);
  if ((event->events & EPOLLIN) == 0 && process.PipeAt(fd) != nullptr) {
    return Refuse(process, kOtherThanReading);
  }
  // What can only be read is never ready to be written to.
  if ((event->events & EPOLLOUT) != 0 && !kernel_.IsForReading(process.pid, fd)) {
    return Refuse(process, "an epoll that waits to write");
  }
  uint32_t flags = Int(a[1]) == EPOLL_CTL_ADD ? kernel::kEpollAdd : kernel::kEpollModify;
  if ((event->events & EPOLLET) != 0) flags |= kernel::kEpollEdge;
  if ((event->events & EPOLLONESHOT) != 0) flags |= kernel::kEpollOnce;
  if ((event->events & EPOLLIN) == 0) flags |= kernel::kEpollNever;
  process.interest = {event->events, event->data.u64};
  return Model(calls::EpollAdd(epoll, fd, flags));
}

// ENOSYS is the model's: it does not have that.
int64_t Decoder::AnswerEpollControl(Process& process, const Result& result) {
  const auto& call = process.call;
  const std::pair<int, int> key(kernel_.DescriptionOf(process.pid, call.fd), call.value);
  if (result.value == -ENOSYS) Report("an epoll by edges that watches an epoll, or very many");
  if (result.value != 0) return result.value;
  if (call.flags == 0) {
    process.interests.erase(key);
  } else {
    process.interests[key] = process.interest;
  }
  return 0;
}

Asked Decoder::EpollWait(Process& process, const std::optional<uint64_t>& time_ns, uint64_t mask) {
  const auto& a = process.body->trap().arguments;
  if (!time_ns || Int(a[2]) <= 0) return Returns(-EINVAL);
  const int most = std::min(Int(a[2]), kernel::kDescriptors);
  return WithMask(process, calls::EpollWait(Descriptor16(a[0]), *time_ns, most), mask);
}

int64_t Decoder::AnswerEpoll(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  if (result.value < 0) return result.value;
  const int epoll = kernel_.DescriptionOf(process.pid, process.call.fd);
  int64_t count = 0;
  for (uint64_t left = result.set; left != 0 && count < Int(a[2]); left &= left - 1) {
    const int fd = std::countr_zero(left);
    const Process::Interest& interest = process.interests[{epoll, fd}];
    epoll_event event{};
    event.events = ReadyAs(process, fd, interest.events);
    event.data.u64 = interest.data;
    const uint64_t address = a[1] + static_cast<uint64_t>(count) * sizeof event;
    if (!process.body->Write(address, event)) return -EFAULT;
    ++count;
  }
  return count;
}

// --- Answers, of all kinds -----------------------------------------------------------------------

void Decoder::Finish(Process& process, const Result& result) {
  NoteLimits(result);
  process.body->Return(Answer(process, result));
}

int64_t Decoder::Answer(Process& process, const Result& result) {
  const Trap& trap = process.body->trap();
  using kernel::CallKind;
  switch (process.call.kind) {
    case CallKind::kSigProcMask:
    case CallKind::kSigAction:
    case CallKind::kSigTimedWait:
      return AnswerSignal(process, result);
    case CallKind::kClockRead:
    case CallKind::kSleep:
    case CallKind::kAlarm:
    case CallKind::kTimerFdSet:
      return AnswerTime(process, result);
    case CallKind::kWait4:
    case CallKind::kWaitId:
      return AnswerWaiting(process, result);
    case CallKind::kRead:
      return AnswerRead(process, result);
    case CallKind::kPoll:
      if (trap.number == SYS_select || trap.number == SYS_pselect6) {
        return AnswerSelect(process, result);
      }
      return AnswerPoll(process, result);
    case CallKind::kEpollControl:
      return AnswerEpollControl(process, result);
    case CallKind::kEpollWait:
      return AnswerEpoll(process, result);
    default:
      return AnswerFile(process, result);
  }
}

}  // namespace minit::rig
