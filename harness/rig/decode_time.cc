// Decoder: time, and waiting for processes.

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>

#include "harness/rig/decode.h"

namespace minit::rig {
namespace {

namespace calls = kernel::calls;
using kernel::CallKind;
using kernel::kForever;
using kernel::Result;

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kMicrosecondNs = 1000;
constexpr uint32_t kTimerFlags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
constexpr const char* kOfProcessor = "a timer of processor time";

std::optional<uint64_t> Nanoseconds(int64_t seconds, int64_t rest, uint64_t unit_ns) {
  if (seconds < 0 || rest < 0 || static_cast<uint64_t>(rest) >= kSecondNs / unit_ns) {
    return std::nullopt;
  }
  constexpr auto kMost = static_cast<int64_t>(kForever / kSecondNs) - 1;
  return static_cast<uint64_t>(std::min(seconds, kMost)) * kSecondNs +
         static_cast<uint64_t>(rest) * unit_ns;
}

std::optional<uint64_t> Nanoseconds(const timespec& time) {
  return Nanoseconds(time.tv_sec, time.tv_nsec, 1);
}
std::optional<uint64_t> Nanoseconds(const timeval& time) {
  return Nanoseconds(time.tv_sec, time.tv_usec, kMicrosecondNs);
}

// Those of other processes and threads are negative.
bool IsOfProcessor(uint64_t clock) {
  return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID ||
         static_cast<int32_t>(clock) < 0;
}

bool IsTimeOfDay(uint64_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

// From the reading of a clock to what the kernel model's would say.
uint64_t OfModel(uint64_t clock, uint64_t time_ns) {
  const uint64_t beginning_ns = IsTimeOfDay(clock) ? kBeginningNs : kBootNs;
  return time_ns < beginning_ns ? 0 : time_ns - beginning_ns;
}

timespec Seconds(uint64_t time_ns) {
  return {.tv_sec = static_cast<time_t>(time_ns / kSecondNs),
          .tv_nsec = static_cast<long>(time_ns % kSecondNs)};
}

timeval Microseconds(uint64_t time_ns) {
  return {.tv_sec = static_cast<time_t>(time_ns / kSecondNs),
          .tv_usec = static_cast<suseconds_t>(time_ns % kSecondNs / kMicrosecondNs)};
}

}  // namespace

std::optional<uint64_t> ReadTime(const Body& body, uint64_t address) {
  if (address == 0) return kForever;
  const auto time = body.Read<timespec>(address);
  if (!time) return std::nullopt;
  return Nanoseconds(*time);
}

bool WriteTime(Body& body, uint64_t address, uint64_t time_ns) {
  return body.Write(address, Seconds(time_ns));
}

// --- Time ----------------------------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeTime(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  Body& body = *process.body;
  switch (trap.number) {
    case SYS_clock_gettime:
      // Of processor time init takes none.
      if (IsOfProcessor(a[0])) return Returns(WriteTime(body, a[1], 0) ? 0 : -EFAULT);
      return Model(calls::ClockRead());
    case SYS_gettimeofday:
    case SYS_time:
      return Model(calls::ClockRead());
    case SYS_clock_getres:
      return Returns(a[1] == 0 || WriteTime(body, a[1], 1) ? 0 : -EFAULT);
    case SYS_nanosleep: {
      const auto time_ns = ReadTime(body, a[0]);
      return a[0] != 0 && time_ns ? Model(calls::Sleep(*time_ns)) : Returns(-EINVAL);
    }
    case SYS_clock_nanosleep: {
      const auto time_ns = ReadTime(body, a[2]);
      if (a[2] == 0 || !time_ns) return Returns(-EINVAL);
      if (IsOfProcessor(a[0])) return Refuse(process, "a sleep by processor time");
      if ((a[1] & TIMER_ABSTIME) == 0) return Model(calls::Sleep(*time_ns));
      return Model(calls::Sleep(OfModel(a[0], *time_ns), kernel::kSleepAbsolute));
    }
    default:
      return DecodeTimer(process);
  }
}

Decoder::Maybe Decoder::DecodeTimer(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  Body& body = *process.body;
  switch (trap.number) {
    case SYS_alarm:
      return Model(calls::Alarm(static_cast<uint32_t>(a[0]) * kSecondNs));
    case SYS_setitimer: {
      // No address: to disarm it (an accident of old that Linux keeps).
      const auto timer = a[1] == 0 ? itimerval{} : body.Read<itimerval>(a[1]);
      if (!timer) return Returns(-EFAULT);
      const auto first = Nanoseconds(timer->it_value);
      const auto every = Nanoseconds(timer->it_interval);
      if (!first || !every || a[0] > ITIMER_PROF) return Returns(-EINVAL);
      if (a[0] != ITIMER_REAL) return Refuse(process, kOfProcessor);
      return Model(calls::Alarm(*first, *every));
    }
    case SYS_getitimer: {
      if (a[0] > ITIMER_PROF) return Returns(-EINVAL);
      if (a[0] != ITIMER_REAL) return Refuse(process, kOfProcessor);
      const kernel::TimerView timer = kernel_.AlarmOf(process.pid);
      const itimerval told = {Microseconds(timer.every_ns), Microseconds(timer.left_ns)};
      return Returns(body.Write(a[1], told) ? 0 : -EFAULT);
    }
    case SYS_timerfd_create:
      return Model({.kind = CallKind::kTimerFdCreate, .flags = Flags(a[1])});
    case SYS_timerfd_settime: {
      const auto timer = body.Read<itimerspec>(a[2]);
      if (!timer) return Returns(-EFAULT);
      const auto first = Nanoseconds(timer->it_value);
      const auto every = Nanoseconds(timer->it_interval);
      const auto flags = Flags(a[1]);
      // That the time of day is set, which ends a wait for it, does not happen here.
      if (!first || !every || (flags & ~kTimerFlags) != 0) {
        return Returns(-EINVAL);
      }
      uint64_t time_ns = *first;
      const bool absolute = time_ns != 0 && (flags & TFD_TIMER_ABSTIME) != 0;
      if (absolute) {
        // The descriptor does not say of which clock it is: what is far is a time of day.
        time_ns = OfModel(time_ns >= kBeginningNs ? CLOCK_REALTIME : CLOCK_MONOTONIC, time_ns);
        time_ns = std::max<uint64_t>(time_ns, 1);
      }
      return Model(calls::TimerFdSet(Descriptor16(a[0]), time_ns, *every,
                                     absolute ? kernel::kTimerAbsolute : 0));
    }
    case SYS_timerfd_gettime: {
      const auto timer = kernel_.TimerOf(process.pid, Int(a[0]));
      if (!timer) return Returns(IsOpen(process, a[0]) ? -EINVAL : -EBADF);
      const itimerspec told = {Seconds(timer->every_ns), Seconds(timer->left_ns)};
      return Returns(body.Write(a[1], told) ? 0 : -EFAULT);
    }
    default:
      return std::nullopt;
  }
}

int64_t Decoder::AnswerTime(Process& process, const Result& result) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  Body& body = *process.body;
  if (result.value < 0 && result.value != -EINTR) return result.value;
  const uint64_t of_day_ns = kBeginningNs + result.time_ns;
  bool written = true;
  switch (trap.number) {
    case SYS_clock_gettime:
      written = WriteTime(body, a[1], IsTimeOfDay(a[0]) ? of_day_ns : kBootNs + result.time_ns);
      break;
    case SYS_gettimeofday:
      written = a[0] == 0 || body.Write(a[0], Microseconds(of_day_ns));
      break;
    case SYS_time: {
      const auto seconds = static_cast<int64_t>(of_day_ns / kSecondNs);
      return a[0] == 0 || body.Write(a[0], seconds) ? seconds : -EFAULT;
    }
    case SYS_nanosleep:
    case SYS_clock_nanosleep: {
      const uint64_t rest = trap.number == SYS_nanosleep ? a[1] : a[3];
      const bool absolute = trap.number == SYS_clock_nanosleep && (a[1] & TIMER_ABSTIME) != 0;
      if (result.value < 0 && rest != 0 && !absolute) {
        written = WriteTime(body, rest, result.time_ns);
      }
      break;
    }
    case SYS_alarm:  // rounded, but never down to none (kernel/time/itimer.c)
      if (result.time_ns == 0) return 0;
      return std::max<int64_t>(1,
                               static_cast<int64_t>((result.time_ns + kSecondNs / 2) / kSecondNs));
    case SYS_setitimer:
      written = a[2] == 0 ||
                body.Write(a[2], itimerval{Microseconds(result.set), Microseconds(result.time_ns)});
      break;
    case SYS_timerfd_settime:
      written =
          a[3] == 0 || body.Write(a[3], itimerspec{Seconds(result.set), Seconds(result.time_ns)});
      break;
    default:
      break;
  }
  return written ? result.value : -EFAULT;
}

// --- Waiting for processes -----------------------------------------------------------------------

Decoder::Maybe Decoder::DecodeWaiting(Process& process) {
  const Trap& trap = process.body->trap();
  const auto& a = trap.arguments;
  switch (trap.number) {
    case SYS_wait4:
      return Model(calls::Wait4(Int(a[0]), Flags(a[2])));
    case SYS_waitid:
      if (a[0] > kernel::kWaitForPidFd) return Returns(-EINVAL);
      return Model(calls::WaitId(Int(a[0]), Int(a[1]), Flags(a[3])));
    default:
      return std::nullopt;
  }
}

int64_t Decoder::AnswerWaiting(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  Body& body = *process.body;
  if (process.call.kind == CallKind::kWaitId) return AnswerWaitId(process, result);
  if (result.value <= 0) return result.value;
  if (a[1] != 0 && !body.Write(a[1], result.status)) return -EFAULT;
  if (a[3] != 0 && !body.Write(a[3], rusage{})) return -EFAULT;
  return result.value;
}

int64_t Decoder::AnswerWaitId(Process& process, const Result& result) {
  const auto& a = process.body->trap().arguments;
  if (result.value < 0) return result.value;
  siginfo_t info{};
  if (result.pid != 0) {
    info.si_signo = SIGCHLD;
    info.si_code = result.code;
    info.si_pid = result.pid;
    info.si_status = result.status;
  }
  if (a[2] != 0 && !process.body->Write(a[2], info)) return -EFAULT;
  if (a[4] != 0 && !process.body->Write(a[4], rusage{})) return -EFAULT;
  return 0;
}

}  // namespace minit::rig
