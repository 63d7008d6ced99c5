// Breaks in words: one sentence each, with its numbers.

#include <array>
#include <cstddef>
#include <string>

#include "harness/contract/judge.h"
#include "harness/kernel/system_calls.h"

namespace minit::contract {
namespace {

// "30.000001": so many thousandths or millionths behind the point, without zeros at the end.
std::string Decimal(uint64_t number, uint64_t unit) {
  std::string fraction = std::to_string(unit + number % unit).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(number / unit) + (fraction.empty() ? "" : "." + fraction);
}

std::string Number(int64_t number) { return std::to_string(number); }

// "SIGTERM (15)".
std::string Signal(int signal) {
  static constexpr std::array<const char*, 32> kNames = {
      "0",         "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
      "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
      "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
      "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};
  const bool named = signal > 0 && signal < static_cast<int>(kNames.size());
  return (named ? kNames[static_cast<std::size_t>(signal)] : std::string("signal")) + " (" +
         Number(signal) + ")";
}

std::string Process(const Break& broken) {
  static constexpr std::array<const char*, 8> kWho = {"process",
                                                      "the child, process",
                                                      "the child before its exec, process",
                                                      "orphan",
                                                      "inherited child",
                                                      "thread",
                                                      "helper",
                                                      "stranger"};
  return std::string(kWho[static_cast<std::size_t>(broken.facts.whose)]) + " " + Number(broken.pid);
}

std::string OfDefects(const Break& broken) {
  static constexpr std::array<const char*, 9> kDefects = {
      "another path",
      "other arguments",
      "another environment",
      "no session or group of its own",
      "a controlling terminal",
      "signals blocked",
      "signals ignored",
      "descriptors beyond 0 to 2",
      "a standard stream closed that init began with"};
  constexpr auto kFirst = static_cast<std::size_t>(How::kOtherPath);
  std::string text;
  for (std::size_t i = 0; i < kDefects.size(); ++i) {
    if ((broken.number >> i & 1) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::string(kDefects[i]);
    const bool is_it = static_cast<std::size_t>(broken.facts.how) == kFirst + i;
    if (is_it && broken.facts.signal != 0) text += " such as " + Signal(broken.facts.signal);
  }
  return text;
}

std::string OfForwarding(const Break& broken) {
  const std::string child = Number(broken.pid);
  switch (broken.facts.how) {
    case How::kNeverTaken:
      return Signal(broken.number) + " was owed and not taken when init rested";
    case How::kTakenNotSent:
      return Signal(broken.number) + " was taken and not sent to group " + child +
             " before init rested";
    case How::kNoSuchProcess:
    case How::kChildBlocked:
      return Signal(broken.number) + " was taken, and its kill of group " + child +
             " returned ESRCH" +
             (broken.facts.how == How::kChildBlocked ? ", for the child waits before its exec"
                                                     : "") +
             ": it reached nobody before init rested";
    case How::kTwice:
      return Signal(broken.number) + " was sent to group " + child + " once more than it was taken";
    case How::kProcessOnly:
      return Signal(broken.number) + " was sent to process " + child + " and not to its group";
    default:
      return Signal(broken.expected) + " was taken, and " + Signal(broken.number) +
             " was sent to group " + child + " in its stead";
  }
}

std::string OfSend(const Break& broken) {
  const std::string sent = Signal(broken.number) + " was sent to ";
  const bool never_taken = broken.facts.how == How::kNeverTaken;
  if (broken.facts.how == How::kLate || (never_taken && broken.facts.whose == Whose::kStranger)) {
    return sent + Number(broken.pid) + " after the child was reaped" +
           (never_taken ? " and was never taken" : "") + ": that number may be anybody's";
  }
  if (never_taken) {
    return sent + "the child's group " + Number(broken.pid) + " and was never taken";
  }
  if (broken.pid == -1) return sent + "everyone (kill -1)";
  if (broken.pid == 0) return sent + "init's own group (kill 0)";
  if (broken.pid < 0) return sent + Number(broken.pid) + ", which is not the child's group";
  return sent + Process(broken);
}

std::string OfStart(const Break& broken) {
  switch (broken.facts.how) {
    case How::kNever:
      return "init rested before it had forked its child";
    case How::kTwice:
      return "a second process of init's, " + Number(broken.pid) + ", called exec";
    default:
      return "process " + Number(broken.pid) + " called exec with " + OfDefects(broken);
  }
}

std::string OfEnding(const Break& broken) {
  std::string last = broken.facts.cause == Cause::kSignal ? Signal(broken.facts.signal)
                                                          : std::string(NameOf(broken.facts.cause));
  if (broken.pid != 0) last += " of " + Process(broken);
  return "the ending began and the child had not ended; what init was told last: " + last;
}

// Of reboot.
std::string Command(int32_t command) {
  const char* const name = kernel::CommandName(command);
  return name != nullptr ? name : "command " + Number(command);
}

std::string OfStatus(const Break& broken) {
  if (broken.facts.how == How::kWrongValue) {
    return "the console was told " + Number(broken.number) + ", the status is " +
           Number(broken.expected);
  }
  if (broken.facts.whose == Whose::kChildBeforeExec) {
    return "init restarts, and no line names the path that could not be started";
  }
  return "init restarts, and no line told the status " + Number(broken.expected) +
         " and no other number";
}

std::string OfSync(const Break& broken) {
  switch (broken.facts.how) {
    case How::kLate:
      return "init rested after the child's end and had not begun to sync";
    case How::kEarly:
      return "init restarts before the sync has returned, and before the delay is over";
    default:
      return "init restarts and has not synced since the child's end";
  }
}

// Of a break of rules 10 and 14: the end never comes.
bool IsFailedStart(const Break& broken) {
  return broken.facts.whose == Whose::kChildBeforeExec && broken.pid != 0;
}

std::string OfFailedStart(const Break& broken) {
  return "the exec of process " + Number(broken.pid) + " failed, and it goes on instead of ending";
}

std::string OfRestart(const Break& broken) {
  if (IsFailedStart(broken)) return OfFailedStart(broken);
  switch (broken.facts.how) {
    case How::kOtherCommand:
      return "reboot was called with " + Command(broken.number);
    case How::kWrongValue:
      return "reboot was called with wrong magic numbers";
    case How::kEarly:
      return "restart was called again " + Number(broken.number) + " ms after it was refused";
    default:
      return "the restart was due at " +
             TimeText(static_cast<uint64_t>(broken.expected) * 1'000'000) + " at the latest";
  }
}

std::string OfDelay(const Break& broken) {
  if (broken.facts.how == How::kLate) {
    return "the child ended with status 0 and the sync is done, and init rested";
  }
  const std::string after = "init restarts " + Number(broken.number) + " ms after ";
  if (broken.facts.whose == Whose::kChildBeforeExec) return after + "the start of its child failed";
  return after + "the child's end with status " + Number(broken.expected);
}

std::string OfExit(const Break& broken) {
  if (broken.facts.how == How::kNever && IsFailedStart(broken)) return OfFailedStart(broken);
  if (broken.facts.how == How::kLate) return "the child has ended, and init rested";
  if (broken.facts.how == How::kNever) return "init died after its child and did not exit";
  if (broken.facts.how == How::kEarly) {
    return "init exits and has not reaped " + Process(broken);
  }
  return "init exits with " + Number(broken.number) + ", the child's status is " +
         Number(broken.expected);
}

std::string OfCalls(const Break& broken) {
  const auto kind = static_cast<kernel::CallKind>(broken.number);
  std::string call = kernel::CallName(kind);
  if (kind == kernel::CallKind::kOther) call = kernel::NameOfSystemCall(broken.expected);
  if (broken.facts.how == How::kNever) {
    return "init waits without bound in " + call + ", which is not marked for that";
  }
  return "process " + Number(broken.pid) + " made " + call + ", which is not in its list";
}

std::string Sentence(const Break& broken) {
  switch (broken.rule) {
    case Rule::kReapsAtRest:
      return Process(broken) + " (status " + Number(broken.number) + ")" +
             (broken.facts.how == How::kPassedOver ? " was dead when init last waited, and is"
                                                   : " is dead and") +
             " not reaped while init rests";
    case Rule::kForwardsEverySignal:
      return OfForwarding(broken);
    case Rule::kForwardsInOrder:
      return Signal(broken.number) + " was sent after " + Signal(broken.expected) +
             ", and taken before it";
    case Rule::kSignalsNobodyElse:
      return OfSend(broken);
    case Rule::kStartsChildClean:
      return OfStart(broken);
    case Rule::kEndsOnlyWithChild:
      return OfEnding(broken);
    case Rule::kReportsStatus:
      return OfStatus(broken);
    case Rule::kSyncsFirst:
      return OfSync(broken);
    case Rule::kWaitsOutTheDelay:
      return OfDelay(broken);
    case Rule::kAlwaysRestarts:
      return OfRestart(broken);
    case Rule::kNeverExits:
      return broken.facts.cause == Cause::kKill && broken.facts.whose == Whose::kNobody
                 ? "init died of " + Signal(broken.number)
                 : "init exits with " + Number(broken.number);
    case Rule::kFreesTheTraced:
      return broken.facts.how == How::kWrongValue
                 ? Process(broken) + " was let go with " + Signal(broken.number) + ", not " +
                       Signal(broken.expected)
                 : Process(broken) + " stopped under init's tracing and was not let go";
    case Rule::kKeepsToItsCalls:
      return OfCalls(broken);
    case Rule::kExitsWithStatus:
      return OfExit(broken);
    case Rule::kComesToRest:
      if (broken.number == 0) return "init runs on and on, and does not rest";
      return broken.facts.how == How::kNever
                 ? "init made " + Number(broken.number) + " calls and has not come to rest"
                 : "init made " + Number(broken.number) +
                       " calls in a second after it had come to rest, before the next move";
  }
  return {};
}

}  // namespace

std::string TimeText(uint64_t time_ns) {
  const uint64_t us = time_ns / 1000;
  if (us < 1000) return std::to_string(us) + " µs";
  return us < 1'000'000 ? Decimal(us, 1000) + " ms" : Decimal(us, 1'000'000) + " s";
}

std::string Explain(const Break& broken) {
  return Sentence(broken) + ", at " + TimeText(broken.time_ns);
}

}  // namespace minit::contract
