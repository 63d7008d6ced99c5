#include "harness/trials/order_trial.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace minit::trials {
namespace {

using rig::CannotRun;

constexpr std::int64_t kPatienceNs = 30'000'000'000;

void Trace(long result, const char* what) {
  if (result != 0)
    throw CannotRun(std::string("cannot trace init: ") + what + ": " + strerror(errno));
}

// 40 signals: those of the standard ones that the child is owed, but for SIGCONT, which would discard
// the stop signals, then real-time ones, some of them more than once.
std::vector<int> FortySignals() {
  std::vector<int> signals;
  for (int signal = 1; signal <= 31; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD && signal != SIGCONT) {
      signals.push_back(signal);
    }
  }
  for (const int signal : {64, 32, 33, 34, 64, 35, 50, 63, 64, 40, 32, 63, 34}) {
    signals.push_back(signal);
  }
  return signals;
}

bool BlocksEverything(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    // KILL and STOP cannot be blocked.
    if (line.rfind("SigBlk:", 0) == 0) return line.find("fffffffffffbfeff") != std::string::npos;
  }
  return false;
}

std::string Join(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
  return text;
}

struct Seen {
  std::vector<int> taken, sent;  // by init, in order
  bool to_group = true;          // all that init sent went to a process group
  bool sent_all = false;         // the trial has sent its signals
  int status = 0;                // with which init ended
};

// Follows init call by call to its end. When it first waits, it is held until the child is ready.
Seen Follow(rig::Namespace& place, const std::vector<int>& signals) {
  Seen seen;
  const int pid = place.pid();
  const std::int64_t deadline = rig::NowNs() + kPatienceNs;
  alarm(kPatienceNs / 1'000'000'000 + 1);  // StopOnSignals: interrupts the wait
  bool child_ready = false, takes_any = false;
  long entered = -1;
  for (;;) {
    if (waitpid(pid, &seen.status, __WALL) != pid) {
      if (errno == EINTR && rig::NowNs() > deadline) return seen;
      throw CannotRun("cannot wait for init");
    }
    if (WIFEXITED(seen.status) || WIFSIGNALED(seen.status)) return seen;
    __ptrace_syscall_info info = {};
    const bool at_call = WSTOPSIG(seen.status) == (SIGTRAP | 0x80) &&
                         ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0;
    if (at_call && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      entered = static_cast<long>(info.entry.nr);
      // Of a wait: for all signals, not for a SIGPIPE of init's own making.
      takes_any = entered == SYS_rt_sigtimedwait &&
                  ptrace(PTRACE_PEEKDATA, pid, info.entry.args[0], 0) == -1;
      if (entered == SYS_kill) {
        seen.sent.push_back(static_cast<int>(info.entry.args[1]));
        seen.to_group &= static_cast<std::int64_t>(info.entry.args[0]) < -1;
      }
      if (takes_any && !child_ready) {
        if (place.NextReport(rig::NowNs() + kPatienceNs) != "ok started clean" ||
            place.NextReport(rig::NowNs() + kPatienceNs) != "ready") {
          return seen;
        }
        child_ready = true;
      }
    }
    if (at_call && info.op == PTRACE_SYSCALL_INFO_EXIT) {
      if (entered == SYS_rt_sigtimedwait && takes_any && info.exit.rval > 0 &&
          info.exit.rval != SIGCHLD) {
        seen.taken.push_back(static_cast<int>(info.exit.rval));
      }
      if (!seen.sent_all && BlocksEverything(pid)) {
        for (const int signal : signals) Trace(kill(pid, signal), "sending a signal");
        seen.sent_all = true;
      }
    }
    const bool exec_or_group_stop = WSTOPSIG(seen.status) == SIGTRAP || at_call;
    Trace(ptrace(PTRACE_SYSCALL, pid, 0, exec_or_group_stop ? 0 : WSTOPSIG(seen.status)),
          "going on");
  }
}

}  // namespace

std::vector<std::string> SignalsKeepTheirOrder(const rig::NamespaceOptions& base) {
  const std::vector<int> signals = FortySignals();
  rig::NamespaceOptions options = base;
  options.environment = {"TRIAL=collect:" + std::to_string(signals.size()), "TRIAL_REPORT=/report",
                         "MARK=unchanged"};
  rig::Namespace place(options);
  Trace(ptrace(PTRACE_SEIZE, place.pid(), 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), "seizing");
  Trace(ptrace(PTRACE_INTERRUPT, place.pid(), 0, 0), "stopping");
  place.Run();
  const Seen seen = Follow(place, signals);

  std::vector<std::string> problems;
  const auto expect = [&problems](bool holds, const std::string& otherwise) {
    if (!holds) problems.push_back(otherwise);
  };
  std::vector<int> arrived;
  for (std::string line; !(line = place.NextReport(rig::NowNs() + 100'000'000)).empty();) {
    if (line.rfind("took ", 0) == 0) arrived.push_back(std::stoi(line.substr(5)));
    expect(line.rfind("fault", 0) != 0, line);
  }
  expect(seen.to_group, "init sent a signal to a process alone");
  expect(seen.sent_all, "init never blocked all signals");
  expect(seen.taken == seen.sent,
         "taken: " + Join(seen.taken) + "; sent in another order: " + Join(seen.sent));
  std::vector<int> wanted = signals;
  std::sort(wanted.begin(), wanted.end());
  std::sort(arrived.begin(), arrived.end());
  expect(arrived == wanted, "sent to init: " + Join(wanted) + "; the child got: " + Join(arrived));
  expect(WIFSIGNALED(seen.status) && WTERMSIG(seen.status) == SIGHUP,
         "init did not restart the machine");
  return problems;
}

}  // namespace minit::trials
