// The trials that a VM cannot give cheaply: calls that the kernel refuses or never ends, consoles that
// nobody reads, and signals sent at one exact moment. Each runs an init in a PID namespace of the kernel
// here, with trial.cc as its child. scripts/verify runs them all, ctest too.
//
// usage: namespace_trials --init PATH --child PATH CASE | --list
// Prints what did not hold, a line each. Exit: 0 all held, 1 something did not, 2 could not run.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "harness/rig/namespace.h"
#include "harness/trials/order_trial.h"

namespace minit {
namespace {

using rig::CannotRun;
using rig::Namespace;
using rig::NamespaceOptions;
using rig::NowNs;
using Kind = Namespace::Event::Kind;
using Problems = std::vector<std::string>;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDelay = 30 * kSecond;
// A busy host may add this much to what the contract allows; nothing here waits for it to pass.
constexpr std::int64_t kSlack = 15 * kSecond;

// What becomes of a held call.
enum class Fate { kPasses, kRefused, kHangs, kPretended };

struct HeldCall {
  std::int64_t time_ns;
  int number;
  bool by_init;
  Fate fate;
};

// All that happened in one trial.
struct Course {
  std::vector<HeldCall> calls;
  std::vector<std::string> reports;
  std::int64_t child_ended_ns = -1;
  std::int64_t ended_ns = -1;  // process 1
  int status = 0;
  std::string console;

  // The times of the calls with this number and fate.
  std::vector<std::int64_t> TimesOf(int number, Fate fate) const {
    std::vector<std::int64_t> times;
    for (const HeldCall& call : calls) {
      if (call.number == number && call.fate == fate) times.push_back(call.time_ns);
    }
    return times;
  }
  bool restarted() const {  // as it looks from outside a PID namespace: reboot(2)
    return ended_ns >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP &&
           !TimesOf(SYS_reboot, Fate::kPasses).empty();
  }
};

// A held call, as a policy sees it.
struct Asked {
  int number;
  bool by_init;
  int forks;  // how many init has asked for before
};
using Policy = std::function<Fate(const Asked& asked)>;
// Does something to the namespace when the child reports a line.
using Reaction = std::function<void(Namespace& place, const std::string& line)>;

bool IsFork(int number) {
  return number == SYS_clone || number == SYS_fork || number == SYS_vfork || number == SYS_clone3;
}

// Runs the trial to its end, or for as long as two delays would take. `init`: gets its pid at first.
Course RunTrial(NamespaceOptions options, const char* trial, const Policy& policy,
                const Reaction& reaction = {}, int* init = nullptr) {
  options.environment = {std::string("TRIAL=") + trial, "TRIAL_REPORT=/report", "MARK=unchanged"};
  options.held_calls = {SYS_clone,  SYS_fork, SYS_vfork,  SYS_clone3,
                        SYS_execve, SYS_sync, SYS_reboot, SYS_mmap};
  Namespace place(options);
  if (init != nullptr) *init = place.pid();
  place.Run();
  Course course;
  int forks = 0;
  const std::int64_t deadline = NowNs() + 2 * kDelay + kSlack;
  for (;;) {
    const Namespace::Event event = place.Next(deadline);
    if (event.kind == Kind::kTimedOut) break;
    if (event.kind == Kind::kEnded) {
      course.ended_ns = event.time_ns;
      course.status = event.status;
      break;
    }
    if (event.kind == Kind::kReport) {
      const bool ends = event.line.rfind("end ", 0) == 0;
      if (ends) course.child_ended_ns = std::stoll(event.line.substr(4));
      course.reports.push_back(ends ? "end" : event.line);
      if (reaction) reaction(place, course.reports.back());
      continue;
    }
    const bool by_init = event.pid == place.pid();
    const Fate fate = policy({event.number, by_init, forks});
    forks += IsFork(event.number) && by_init;
    course.calls.push_back({event.time_ns, event.number, by_init, fate});
    if (fate == Fate::kPasses) place.LetPass(event);
    if (fate == Fate::kRefused) place.Refuse(event, event.number == SYS_reboot ? EPERM : EAGAIN);
    if (fate == Fate::kPretended) place.Pretend(event);
  }
  course.console = place.console();
  return course;
}

// Syncing the disks of this machine is nobody's business here; all else is performed.
Fate Ordinary(const Asked& asked) {
  return asked.number == SYS_sync ? Fate::kPretended : Fate::kPasses;
}

void Expect(bool holds, const std::string& otherwise, Problems* problems) {
  if (!holds) problems->push_back(otherwise);
}

// What every trial must come to.
Problems JudgeRestart(const Course& course, bool child_started) {
  Problems problems;
  for (const std::string& report : course.reports) {
    if (report.rfind("fault", 0) == 0) problems.push_back(report);
  }
  if (child_started) {
    Expect(course.child_ended_ns >= 0, "the child was not started, or died early", &problems);
  }
  Expect(course.restarted(), "init did not restart the machine", &problems);
  return problems;
}

std::string Seconds(std::int64_t ns) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(ns) / 1e9);
  return text;
}

void ExpectAfter(std::int64_t from, std::int64_t at_least, std::int64_t at_most,
                 const Course& course, Problems* problems) {
  const std::vector<std::int64_t> restarts = course.TimesOf(SYS_reboot, Fate::kPasses);
  if (from < 0 || restarts.empty()) return;  // told already
  const std::int64_t after = restarts.front() - from;
  Expect(at_least <= after && after <= at_most + kSlack,
         "restarted " + Seconds(after) + " after the end, not within " + Seconds(at_least) +
             " to " + Seconds(at_most),
         problems);
}

// --- Calls refused, calls that hang ---

Problems ForkOfChildRefused(const NamespaceOptions& options) {
  const Course course = RunTrial(options, "exit:0", [](const Asked& asked) {
    return IsFork(asked.number) && asked.by_init && asked.forks == 0 ? Fate::kRefused
                                                                     : Ordinary(asked);
  });
  Problems problems = JudgeRestart(course, false);
  Expect(course.reports.empty(), "a child ran all the same", &problems);
  Expect(course.console.find("/core") != std::string::npos, "no line names /core", &problems);
  for (const HeldCall& call : course.calls) {
    if (call.fate != Fate::kRefused) continue;
    ExpectAfter(call.time_ns, kDelay, kDelay + kSecond, course, &problems);
  }
  return problems;
}

// The forks after the child's are refused, `refused` of them.
Course RefuseHelper(const NamespaceOptions& options, int refused) {
  return RunTrial(options, "exit:0", [refused](const Asked& asked) {
    const bool is_helper = IsFork(asked.number) && asked.by_init && asked.forks >= 1;
    return is_helper && asked.forks <= refused ? Fate::kRefused : Ordinary(asked);
  });
}

Problems JudgeRefusedHelper(const Course& course, std::size_t least_tries) {
  Problems problems = JudgeRestart(course, true);
  std::size_t tries = 0;
  for (const HeldCall& call : course.calls) {
    tries += call.fate == Fate::kRefused;
    Expect(call.number != SYS_sync || !call.by_init, "init synced in place", &problems);
  }
  Expect(tries >= least_tries, "forked only " + std::to_string(tries) + " times", &problems);
  return problems;
}

Problems ForkOfHelperRefusedTwice(const NamespaceOptions& options) {
  const Course course = RefuseHelper(options, 2);
  Problems problems = JudgeRefusedHelper(course, 2);
  Expect(!course.TimesOf(SYS_sync, Fate::kPretended).empty(), "not synced", &problems);
  ExpectAfter(course.child_ended_ns, 0, 2 * kSecond, course, &problems);
  return problems;
}

Problems ForkOfHelperRefusedAlways(const NamespaceOptions& options) {
  const Course course = RefuseHelper(options, INT32_MAX);
  Problems problems = JudgeRefusedHelper(course, 20);
  ExpectAfter(course.child_ended_ns, kDelay, kDelay + kSecond, course, &problems);
  return problems;
}

Problems SyncHangs(const NamespaceOptions& options) {
  const Course course = RunTrial(options, "exit:0", [](const Asked& asked) {
    return asked.number == SYS_sync ? Fate::kHangs : Fate::kPasses;
  });
  Problems problems = JudgeRestart(course, true);
  Expect(!course.TimesOf(SYS_sync, Fate::kHangs).empty(), "nothing was synced", &problems);
  ExpectAfter(course.child_ended_ns, kDelay, kDelay + kSecond, course, &problems);
  return problems;
}

Problems RestartRefused(const NamespaceOptions& options) {
  bool refused = false;
  const Course course = RunTrial(options, "exit:0", [&refused](const Asked& asked) {
    if (asked.number != SYS_reboot || refused) return Ordinary(asked);
    refused = true;
    return Fate::kRefused;
  });
  Problems problems = JudgeRestart(course, true);
  const std::vector<std::int64_t> first = course.TimesOf(SYS_reboot, Fate::kRefused);
  Expect(first.size() == 1, "no restart was tried", &problems);
  if (!first.empty()) ExpectAfter(first.front(), kSecond, kDelay + kSecond, course, &problems);
  return problems;
}

// No page can be had through which the new process would tell why its exec failed.
Problems NoPageToShare(const NamespaceOptions& options) {
  const Course course = RunTrial(options, "exit:0", [](const Asked& asked) {
    return asked.number == SYS_mmap && asked.by_init ? Fate::kRefused : Ordinary(asked);
  });
  Problems problems = JudgeRestart(course, true);
  Expect(!course.TimesOf(SYS_mmap, Fate::kRefused).empty(), "nothing was refused", &problems);
  return problems;
}

// --- Moments at which init must wait, or must not ---

// The state of a process, as /proc has it: 'S' sleeps until a signal comes, 'D' sleeps whatever comes,
// 'T' is stopped; 0 if there is none.
char StateOf(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

// Waits until the process is in one of `states`; which, or 0 if that does not come in time.
char AwaitState(int pid, const std::string& states) {
  for (const std::int64_t deadline = NowNs() + kSlack; NowNs() < deadline;) {
    const char state = StateOf(pid);
    if (state != '\0' && states.find(state) != std::string::npos) return state;
    usleep(1000);
  }
  return '\0';
}

// While the new process has not begun its program, there is nobody whom init could send a signal to.
Problems WaitsForTheExec(const NamespaceOptions& options) {
  char state = '\0';
  int init = 0;
  const Course course = RunTrial(
      options, "exit:0",
      [&](const Asked& asked) {
        if (asked.number == SYS_execve && !asked.by_init) state = AwaitState(init, "SD");
        return Ordinary(asked);
      },
      {}, &init);
  Problems problems = JudgeRestart(course, true);
  Expect(state == 'D', "init went on before the child had begun its program", &problems);
  return problems;
}

void StopAndContinue(const Namespace& place, Problems* problems) {
  Expect(AwaitState(place.pid(), "S") == 'S', "init does not come to rest", problems);
  kill(place.pid(), SIGSTOP);
  Expect(AwaitState(place.pid(), "T") == 'T', "init cannot be stopped from outside", problems);
  kill(place.pid(), SIGCONT);
}

// The wait for signals ends with EINTR. The SIGCONT is the child's, like any other.
Problems StoppedAtRest(const NamespaceOptions& options) {
  Problems problems;
  const Course course =
      RunTrial(options, "collect:2", Ordinary, [&](Namespace& place, const auto& line) {
        if (line == "ready") StopAndContinue(place, &problems);
        if (line == "took 18") kill(place.pid(), SIGUSR1);
      });
  for (const std::string& problem : JudgeRestart(course, true)) problems.push_back(problem);
  Expect(course.reports == Problems{"ok started clean", "ready", "took 18", "took 10", "end"},
         "the child did not get SIGCONT and then SIGUSR1", &problems);
  return problems;
}

Problems StoppedInTheDelay(const NamespaceOptions& options) {
  Problems problems;
  const Course course =
      RunTrial(options, "exit:1", Ordinary, [&](Namespace& place, const auto& line) {
        if (line == "end") StopAndContinue(place, &problems);
      });
  for (const std::string& problem : JudgeRestart(course, true)) problems.push_back(problem);
  ExpectAfter(course.child_ended_ns, kDelay, kDelay + kSecond, course, &problems);
  return problems;
}

// --- Consoles that nobody reads ---

// A terminal or a pipe, as full as it gets. What is written next would block.
class FullConsole {
 public:
  explicit FullConsole(bool terminal) {
    if (terminal) {
      reader_ = rig::Descriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
      if (reader_.number() < 0 || unlockpt(reader_.number()) != 0) throw CannotRun("no terminal");
      path_ = ptsname(reader_.number());
    } else {
      std::string pattern = "/tmp/minit-console-XXXXXX";
      if (mkdtemp(pattern.data()) == nullptr) throw CannotRun("cannot make a directory in /tmp");
      directory_ = pattern;
      path_ = directory_ + "/fifo";
      if (mkfifo(path_.c_str(), 0600) != 0) throw CannotRun("cannot make a fifo");
      reader_ = rig::Descriptor(open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    writer_ = rig::Descriptor(open(path_.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    const std::string filler(512, 'x');
    while (write(writer_.number(), filler.data(), filler.size()) > 0) {
    }
    while (write(writer_.number(), "x", 1) > 0) {
    }
    fcntl(writer_.number(), F_SETFL, 0);  // for those who inherit it, it blocks
  }
  FullConsole(const FullConsole&) = delete;
  FullConsole& operator=(const FullConsole&) = delete;
  ~FullConsole() {
    if (directory_.empty()) return;
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  const std::string& path() const { return path_; }
  int writer() const { return writer_.number(); }

 private:
  std::string directory_, path_;
  rig::Descriptor reader_, writer_;
};

Problems JudgeConsole(const Course& course) {
  Problems problems = JudgeRestart(course, true);
  ExpectAfter(course.child_ended_ns, 0, kSecond, course, &problems);
  return problems;
}

Problems FullDevConsole(NamespaceOptions options, bool terminal) {
  const FullConsole console(terminal);
  options.console = console.path();
  return JudgeConsole(RunTrial(options, "exit:0", Ordinary));
}

Problems FullStandardError(NamespaceOptions options, bool terminal, bool proc) {
  const FullConsole console(terminal);
  options.standard_error = console.writer();
  options.proc = proc;
  return JudgeConsole(RunTrial(options, "exit:0", Ordinary));
}

// Where there is nothing that can be opened non-blocking, helpers write. Init restarts at once, but not
// before the line with the status is out.
Problems ReadStandardErrorWithoutProc(NamespaceOptions options) {
  options.proc = false;
  const Course course = RunTrial(options, "exit:0", Ordinary);
  Problems problems = JudgeConsole(course);
  Expect(course.console.find("status 0\n") != std::string::npos,
         "no status on the console: '" + course.console + "'", &problems);
  return problems;
}

// A pipe without a reader.
rig::Descriptor BrokenPipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw CannotRun("no pipe");
  const rig::Descriptor reader(ends[0]);
  return rig::Descriptor(ends[1]);
}

// Writing there raises SIGPIPE, for init itself: the child must not be given it.
Problems BrokenStandardError(NamespaceOptions options) {
  const rig::Descriptor broken = BrokenPipe();
  options.standard_error = broken.number();
  const Course course = RunTrial(options, "settle", Ordinary);
  Problems problems = JudgeConsole(course);
  Expect(course.reports.size() >= 2 && course.reports[1] == "ok no signal that nobody sent",
         "the child did not say that it got no signal", &problems);
  return problems;
}

// … and the signals that others sent by then must not go the same way.
Problems BrokenStandardErrorAndSignals(NamespaceOptions options) {
  const rig::Descriptor broken = BrokenPipe();
  options.standard_error = broken.number();
  return trials::SignalsKeepTheirOrder(options);
}

struct Case {
  const char* name;
  std::function<Problems(const NamespaceOptions&)> run;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"signals-before-the-child-runs", trials::SignalsKeepTheirOrder},
      {"exec-of-child-held", WaitsForTheExec},
      {"stopped-at-rest", StoppedAtRest},
      {"stopped-in-the-delay", StoppedInTheDelay},
      {"no-page-to-share", NoPageToShare},
      {"fork-of-child-refused", ForkOfChildRefused},
      {"fork-of-helper-refused-twice", ForkOfHelperRefusedTwice},
      {"fork-of-helper-refused-always", ForkOfHelperRefusedAlways},
      {"sync-hangs", SyncHangs},
      {"restart-refused", RestartRefused},
      {"full-terminal-as-dev-console", [](const auto& o) { return FullDevConsole(o, true); }},
      {"full-pipe-as-dev-console", [](const auto& o) { return FullDevConsole(o, false); }},
      {"full-terminal-as-stderr", [](const auto& o) { return FullStandardError(o, true, true); }},
      {"full-pipe-as-stderr", [](const auto& o) { return FullStandardError(o, false, true); }},
      {"full-terminal-as-stderr-no-proc",
       [](const auto& o) { return FullStandardError(o, true, false); }},
      {"full-pipe-as-stderr-no-proc",
       [](const auto& o) { return FullStandardError(o, false, false); }},
      {"stderr-is-read-no-proc", ReadStandardErrorWithoutProc},
      {"broken-pipe-as-stderr", BrokenStandardError},
      {"broken-pipe-as-stderr-and-signals", BrokenStandardErrorAndSignals},
  };
  return cases;
}

int RunCase(const Case& one, const NamespaceOptions& options) {
  const Problems problems = one.run(options);
  for (const std::string& problem : problems) std::printf("%s\n", problem.c_str());
  return problems.empty() ? 0 : 1;
}

int Main(int count, char** arguments) {
  NamespaceOptions options;
  std::string name;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--list") {
      for (const Case& one : Cases()) std::printf("%s\n", one.name);
      return 0;
    }
    if (argument == "--init" && i + 1 < count) {
      options.init = arguments[++i];
    } else if (argument == "--child" && i + 1 < count) {
      options.child = arguments[++i];
    } else {
      name = argument;
    }
  }
  for (const Case& one : Cases()) {
    if (name != one.name) continue;
    if (options.init.empty() || options.child.empty()) break;
    return RunCase(one, options);
  }
  std::fprintf(stderr, "usage: namespace_trials --init PATH --child PATH CASE | --list\n");
  return 2;
}

}  // namespace
}  // namespace minit

int main(int count, char** arguments) {
  minit::rig::StopOnSignals();
  try {
    return minit::Main(count, arguments);
  } catch (const minit::rig::CannotRun& problem) {
    std::fprintf(stderr, "namespace_trials: %s\n", problem.what());
    return 2;
  }
}
