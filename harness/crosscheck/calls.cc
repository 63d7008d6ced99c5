#include "harness/crosscheck/calls.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "harness/kernel/call.h"
#include "harness/kernel/system_calls.h"

namespace minit::crosscheck {
namespace {

using contract::CallList;
using kernel::CallKind;
using kernel::SystemCall;

struct Kinds {
  std::string_view name;
  CallKind kind;
  bool can_wait = false;  // without bound
};
// What the rigs make of a call. A name that can become several kinds has several rows; of a kind the
// first name is the plainest.
constexpr Kinds kKinds[] = {
    {"fork", CallKind::kFork},
    {"vfork", CallKind::kFork},
    {"clone", CallKind::kFork},
    {"clone3", CallKind::kFork},
    {"execve", CallKind::kExec},
    {"execveat", CallKind::kExec},
    {"exit_group", CallKind::kExit},
    {"exit", CallKind::kExit},
    {"rt_sigprocmask", CallKind::kSigProcMask},
    {"rt_sigaction", CallKind::kSigAction},
    {"rt_sigtimedwait", CallKind::kSigTimedWait, true},
    {"signalfd4", CallKind::kSignalFd},
    {"signalfd", CallKind::kSignalFd},
    {"read", CallKind::kRead, true},
    {"poll", CallKind::kPoll, true},
    {"ppoll", CallKind::kPoll, true},
    {"select", CallKind::kPoll, true},
    {"pselect6", CallKind::kPoll, true},
    {"epoll_create1", CallKind::kEpollCreate},
    {"epoll_create", CallKind::kEpollCreate},
    {"epoll_ctl", CallKind::kEpollControl},
    {"epoll_wait", CallKind::kEpollWait, true},
    {"epoll_pwait", CallKind::kEpollWait, true},
    {"epoll_pwait2", CallKind::kEpollWait, true},
    {"pause", CallKind::kPause, true},
    {"futex", CallKind::kPause, true},
    {"rt_sigsuspend", CallKind::kSigSuspend, true},
    {"wait4", CallKind::kWait4, true},
    {"waitid", CallKind::kWaitId, true},
    {"kill", CallKind::kKill},
    {"tgkill", CallKind::kThreadKill},
    {"tkill", CallKind::kThreadKill},
    {"rt_sigqueueinfo", CallKind::kSigQueue},
    {"pidfd_open", CallKind::kPidFdOpen},
    {"pidfd_send_signal", CallKind::kPidFdSendSignal},
    {"nanosleep", CallKind::kSleep, true},
    {"clock_nanosleep", CallKind::kSleep, true},
    {"alarm", CallKind::kAlarm},
    {"setitimer", CallKind::kAlarm},
    {"timerfd_create", CallKind::kTimerFdCreate},
    {"timerfd_settime", CallKind::kTimerFdSet},
    {"clock_gettime", CallKind::kClockRead},
    {"gettimeofday", CallKind::kClockRead},
    {"time", CallKind::kClockRead},
    {"setsid", CallKind::kSetSid},
    {"setpgid", CallKind::kSetPgid},
    {"prctl", CallKind::kSubreaper},
    {"ptrace", CallKind::kPtrace},
    {"ioctl", CallKind::kTerminal},
    {"openat", CallKind::kOpen},
    {"open", CallKind::kOpen},
    {"creat", CallKind::kOpen},
    {"pipe", CallKind::kOpen},
    {"pipe2", CallKind::kOpen},
    {"close", CallKind::kClose},
    {"dup", CallKind::kDup},
    {"dup2", CallKind::kDup},
    {"dup3", CallKind::kDup},
    {"close_range", CallKind::kCloseRange},
    {"fcntl", CallKind::kSetNonBlock},
    {"fcntl", CallKind::kSetCloseOnExec},
    {"fcntl", CallKind::kDup},
    {"write", CallKind::kWrite, true},
    {"writev", CallKind::kWrite, true},
    {"sync", CallKind::kSync, true},
    {"syncfs", CallKind::kSync, true},
    {"reboot", CallKind::kReboot},
    {"pipe2", CallKind::kPipe},
    {"pipe", CallKind::kPipe},
    {"socketpair", CallKind::kPipe},
    {"eventfd2", CallKind::kEventFd},
    {"eventfd", CallKind::kEventFd},
    {"recvfrom", CallKind::kRead, true},
    {"sendto", CallKind::kWrite, true},
    {"getpid", CallKind::kGetId},
    {"gettid", CallKind::kGetId},
    {"set_tid_address", CallKind::kGetId},
    {"getppid", CallKind::kGetId},
    {"getpgrp", CallKind::kGetId},
    {"getpgid", CallKind::kGetId},
    {"getsid", CallKind::kGetId},
};

constexpr uint64_t Bit(CallKind kind) { return uint64_t{1} << static_cast<int>(kind); }

uint64_t KindsOf(std::string_view name) {
  uint64_t kinds = 0;
  for (const Kinds& row : kKinds) {
    if (row.name == name) kinds |= Bit(row.kind);
  }
  return kinds;
}

uint64_t WaitingKindsOf(std::string_view name) {
  uint64_t kinds = 0;
  for (const Kinds& row : kKinds) {
    if (row.name == name && row.can_wait) kinds |= Bit(row.kind);
  }
  return kinds;
}

const SystemCall* Find(std::string_view name) {
  const auto calls = kernel::SystemCalls();
  const auto found = std::ranges::find(calls, name, &SystemCall::name);
  return found == calls.end() ? nullptr : &*found;
}

// How many characters must be put in, left out or changed to make one of the other.
std::size_t Distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

bool Has(const CallList& list, int number) { return list.Has(kernel::calls::Other(number)); }

std::string LineFor(std::string_view name, const CallList& list) {
  const bool waits = (WaitingKindsOf(name) & list.waits) != 0;
  return std::string(name) + (waits ? " waits\n" : "\n");
}

// One line: "NAME" or "NAME waits".
std::optional<InputError> ParseLine(std::string_view line, int number, CallList& list) {
  constexpr std::string_view kBlanks = " \t";
  const auto error = [&](std::size_t column, std::string problem) {
    return InputError{
        .line = number, .column = static_cast<int>(column) + 1, .problem = std::move(problem)};
  };
  const std::size_t begin = line.find_first_not_of(kBlanks);
  const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
  const std::string_view name = line.substr(begin, end - begin);
  const SystemCall* const call = Find(name);
  if (call == nullptr) {
    return error(begin,
                 "found " + Quoted(name) +
                     "; allowed: a system call of Linux on x86-64, of which the closest is " +
                     Quoted(ClosestCall(name)));
  }
  if (Has(list, call->number)) return error(begin, "found " + Quoted(name) + " a second time");
  const std::size_t mark = line.find_first_not_of(kBlanks, end);
  if (mark != line.npos && line.substr(mark) != "waits") {
    return error(mark, "found " + Quoted(line.substr(mark)) + "; allowed: \"waits\", or nothing");
  }
  if (mark != line.npos && WaitingKindsOf(name) == 0) {
    return error(mark, "found " + Quoted(line.substr(mark)) + " behind " + std::string(name) +
                           ", which never blocks without bound; allowed: nothing");
  }
  const auto at = static_cast<std::size_t>(call->number);
  list.others[at / 64] |= uint64_t{1} << at % 64;
  list.kinds |= KindsOf(name);
  if (mark != line.npos) list.waits |= WaitingKindsOf(name);
  return std::nullopt;
}

}  // namespace

// Perhaps somebody wrote one of the model's ("exec").
std::string_view ClosestCall(std::string_view name) {
  for (const Kinds& row : kKinds) {
    if (name == kernel::CallName(row.kind)) return row.name;
  }
  return std::ranges::min(kernel::SystemCalls(), {},
                          [&](const SystemCall& call) { return Distance(name, call.name); })
      .name;
}

std::optional<InputError> ParseCalls(std::string_view text, CallList& list) {
  list = {};
  Lines lines(text);
  while (lines.Next()) {
    const std::string_view line = lines.line();
    const std::string_view content = line.substr(0, line.find('#'));
    const std::size_t last = content.find_last_not_of(" \t");
    if (auto error = ParseLine(content.substr(0, last + 1), lines.number(), list)) return error;
  }
  return std::nullopt;
}

std::string Print(const CallList& list) {
  std::string text;
  uint64_t named = 0;
  for (const SystemCall& call : kernel::SystemCalls()) {
    if (!Has(list, call.number)) continue;
    named |= KindsOf(call.name);
    text += LineFor(call.name, list);
  }
  for (const Kinds& row : kKinds) {
    if ((list.kinds & ~named & Bit(row.kind)) == 0) continue;
    named |= KindsOf(row.name);
    text += LineFor(row.name, list);
  }
  return text;
}

}  // namespace minit::crosscheck
