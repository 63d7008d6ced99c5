// The program on the other side of a trial: /core, as init starts it, with a mode for each case.
//
// TRIAL=MODE[:N] in the environment says what it does; every mode first checks that it was started as
// the contract has it (rule 5: starts-child-clean). What it finds goes, a line at a time, to the file
// that TRIAL_REPORT names, by default the kernel's log:
//
//   ok WHAT      held        fault WHAT   did not hold        end NS   it is about to end, at that time
//                                                             (CLOCK_MONOTONIC)
//
// As process 1 it is the other way round: it makes the state that ENTRY asks for (words parted by
// commas, see Enter), then executes /subject, the init on trial, as a boot loader's program might.
//
// It runs in a VM with nothing else in it, so it is linked with musl, static; it waits for
// conditions, never for a time to pass, but where a deadline is the fault.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "harness/linux/system_call.h"

namespace minit {
namespace {

constexpr int kLastSignal = 64;
constexpr unsigned long kAllSignals = ~0ul;
constexpr int kPatienceSeconds = 20;
constexpr int kHighDescriptor = 70'000;

__attribute__((format(printf, 1, 2))) void Report(const char* format, ...) {
  const char* path = getenv("TRIAL_REPORT");
  char line[200];
  // In the kernel's log: important enough for a quiet console.
  int size = snprintf(line, sizeof line, "%s", path == nullptr ? "<2>trial: " : "");
  va_list arguments;
  va_start(arguments, format);
  size +=
      vsnprintf(line + size, sizeof line - static_cast<unsigned long>(size) - 1, format, arguments);
  va_end(arguments);
  line[size++] = '\n';
  const int log = open(path == nullptr ? "/dev/kmsg" : path, O_WRONLY | O_CLOEXEC | O_APPEND);
  if (log < 0) return;
  write(log, line, static_cast<unsigned long>(size));
  close(log);
}

// Asked without a write: one of no bytes waits too, for a terminal on which another writer waits.
bool IsWritable(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

bool Check(bool holds, const char* what) {
  if (!holds) Report("fault %s", what);
  return holds;
}

// Told before the end, so that what comes 30 s after the end comes at least so long after this.
void ReportEnd() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Report("end %lld", now.tv_sec * 1'000'000'000ll + now.tv_nsec);
}

[[noreturn]] void End(int code) {
  ReportEnd();
  _exit(code);
}

// True if `condition` comes to hold in time.
template <typename Condition>
bool Becomes(Condition condition) {
  for (int tries = 0; tries < kPatienceSeconds * 100; ++tries) {
    if (condition()) return true;
    usleep(10'000);
  }
  return condition();
}

// --- Signals, as the kernel has them: libc leaves 32 to 34 out of every set ---

void BlockAll() {
  SystemCall(SYS_rt_sigprocmask, SIG_SETMASK, &kAllSignals, nullptr, sizeof kAllSignals);
}

// The next signal, or -errno: -EAGAIN if none comes in time.
int TakeSignal(int seconds) {
  const timespec limit = {.tv_sec = seconds, .tv_nsec = 0};
  return static_cast<int>(
      SystemCall(SYS_rt_sigtimedwait, &kAllSignals, nullptr, &limit, sizeof kAllSignals));
}

bool IsAtDefault(int signal) {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    unsigned long mask;
  } action = {};
  SystemCall(SYS_rt_sigaction, signal, nullptr, &action, sizeof action.mask);
  return action.handler == nullptr;
}

// --- What all modes check: rule 5 ---

void CheckStart(int count, char** arguments) {
  bool clean = Check(count == 1 && strcmp(arguments[0], "/core") == 0, "arguments");
  clean &= Check(getsid(0) == getpid() && getpgrp() == getpid(), "no session of its own");
  unsigned long mask = kAllSignals;
  SystemCall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  clean &= Check(mask == 0, "signals blocked");
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    clean &= Check(IsAtDefault(signal), "a signal not at its default");
  }
  for (int descriptor = 0; descriptor <= kHighDescriptor; ++descriptor) {
    const bool is_open = fcntl(descriptor, F_GETFD) >= 0;
    clean &= Check(is_open == (descriptor <= STDERR_FILENO), "descriptors other than 0 to 2");
  }
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    clean &= Check(IsWritable(descriptor), "cannot write to 0, 1 and 2");
  }
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  clean &= Check(terminal < 0, "a controlling terminal");
  const char* mark = getenv("MARK");
  clean &= Check(mark != nullptr && strcmp(mark, "unchanged") == 0, "environment");
  if (clean) Report("ok started clean");
}

// --- Zombies ---

// How many of init's children are zombies. Needs /proc.
int CountZombiesOfInit() {
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return -1;
  int count = 0;
  while (const dirent* entry = readdir(processes)) {
    char path[300], content[400] = {};
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    const int stat = open(path, O_RDONLY | O_CLOEXEC);
    if (stat < 0) continue;
    read(stat, content, sizeof content - 1);
    close(stat);
    const char* after_name = strrchr(content, ')');
    char state = 0;
    int parent = 0;
    if (after_name != nullptr && sscanf(after_name, ") %c %d", &state, &parent) == 2) {
      count += state == 'Z' && parent == 1;
    }
  }
  closedir(processes);
  return count;
}

void ExpectNoZombies(const char* what) {
  if (mount("proc", "/proc", "proc", 0, nullptr) != 0 && errno != EBUSY) {
    Report("fault cannot mount /proc: errno %d", errno);
    return;
  }
  if (Becomes([] { return CountZombiesOfInit() == 0; })) {
    Report("ok %s", what);
  } else {
    Report("fault %s: %d zombies left", what, CountZombiesOfInit());
  }
}

// Runs `body` in a process whose parent is init; returns its pid.
template <typename Body>
pid_t MakeOrphan(Body body) {
  int channel[2];
  if (pipe(channel) != 0) return -1;
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t orphan = fork();
    if (orphan != 0) {
      write(channel[1], &orphan, sizeof orphan);
      _exit(0);
    }
    close(channel[0]);
    close(channel[1]);
    while (getppid() != 1) usleep(1'000);
    body();
    _exit(0);
  }
  pid_t orphan = -1;
  if (parent > 0) read(channel[0], &orphan, sizeof orphan);
  close(channel[0]);
  close(channel[1]);
  waitpid(parent, nullptr, 0);
  return orphan;
}

// Hands `count` zombies to init at once: their parent dies when all of them are dead.
void HandOverZombies(int count) {
  const pid_t parent = fork();
  if (parent == 0) {
    int alive[2];
    if (pipe(alive) != 0) _exit(1);
    for (int i = 0; i < count; ++i) {
      const pid_t child = fork();
      if (child == 0) _exit(i & 0xff);
      if (child < 0) _exit(1);
    }
    close(alive[1]);
    char nothing;
    _exit(read(alive[0], &nothing, 1) == 0 ? 0 : 1);  // at its end when nobody holds it any more
  }
  int status = 1;
  waitpid(parent, &status, 0);
  Check(status == 0, "could not make the zombies");
}

void Orphans() {
  for (int i = 0; i < 500; ++i) {
    if (MakeOrphan([i] { _exit(i & 0xff); }) < 0) Check(false, "could not make an orphan");
  }
  ExpectNoZombies("500 orphans reaped");
  HandOverZombies(2000);
  ExpectNoZombies("2000 zombies reaped");
  End(0);
}

// Ends with 3; a witness stays, and sees orphans die and be reaped while init waits to restart.
void LateOrphans() {
  MakeOrphan([] {
    setsid();
    pid_t orphans[3];
    for (int i = 0; i < 3; ++i) {
      const int seconds = 2 + 9 * i;
      orphans[i] = MakeOrphan([seconds] { sleep(static_cast<unsigned>(seconds)); });
    }
    Report("ok witness ready");
    for (const pid_t orphan : orphans) {
      if (!Becomes([orphan] { return kill(orphan, 0) != 0; })) {
        Report("fault an orphan that died in the delay was not reaped");
        _exit(1);
      }
    }
    Report("ok orphans reaped in the delay");
    for (;;) pause();
  });
  End(3);
}

// Ends with 1; the wall clock jumps while init waits to restart, which must not care.
void ClockJumps() {
  MakeOrphan([] {
    setsid();
    for (const long seconds : {100'000l, -200'000l}) {
      sleep(5);
      timeval now = {};
      gettimeofday(&now, nullptr);
      now.tv_sec += seconds;
      Check(settimeofday(&now, nullptr) == 0, "cannot set the clock");
    }
    Report("ok the clock has jumped");
    for (;;) pause();
  });
  End(1);
}

// Ends with 0; the console's output is redirected to a terminal that nobody reads, and whose writers
// block. An orphan keeps it open.
void RedirectConsole() {
  mkdir("/dev/pts", 0755);
  Check(mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666") == 0, "cannot mount devpts");
  const int reader = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
  int unlock = 0;
  Check(ioctl(reader, TIOCSPTLCK, &unlock) == 0, "cannot make a terminal");
  const int writer = open("/dev/pts/0", O_RDWR | O_NOCTTY);
  const int filler = open("/dev/pts/0", O_RDWR | O_NOCTTY | O_NONBLOCK);
  while (write(filler, "x", 1) > 0) {
  }
  Check(ioctl(writer, TIOCCONS, nullptr) == 0, "cannot redirect the console");
  MakeOrphan([] {
    setsid();
    for (;;) pause();
  });
  End(0);
}

// --- Signals ---

bool IsForChild(int signal) { return signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD; }

// Another process of the child's group, which is owed the same signals: for each that it takes it
// writes the number to the pipe.
void FollowSignals(int pipe_end) {
  for (;;) {
    const int taken = TakeSignal(kPatienceSeconds);
    if (taken < 0) _exit(1);
    write(pipe_end, &taken, sizeof taken);
  }
}

void EachSignal() {
  BlockAll();
  int channel[2];
  if (pipe(channel) != 0) _exit(2);
  const pid_t member = fork();
  if (member == 0) FollowSignals(channel[1]);
  close(channel[1]);
  int arrived = 0;
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    if (!IsForChild(signal)) continue;
    kill(1, signal);
    const int taken = TakeSignal(kPatienceSeconds);
    int taken_by_member = 0;
    read(channel[0], &taken_by_member, sizeof taken_by_member);
    if (taken == signal && taken_by_member == signal) {
      ++arrived;
    } else {
      Report("fault sent %d, got %d, and another of the group got %d", signal, taken,
             taken_by_member);
    }
  }
  const int more = TakeSignal(1);
  if (more != -EAGAIN) Report("fault %d came twice", more);
  kill(member, SIGKILL);
  Report("ok %d signals arrived once each", arrived);
  End(0);
}

// Says that it is ready, then names each of the next `count` signals.
void Collect(int count) {
  BlockAll();
  Report("ready");
  for (int i = 0; i < count; ++i) {
    const int taken = TakeSignal(kPatienceSeconds);
    Report(taken > 0 ? "took %d" : "fault no signal came: %d", taken);
    if (taken < 0) break;
  }
  End(0);
}

// Init rests when a signal sent to it has come back; nothing else may have come by then.
void Settle() {
  BlockAll();
  kill(1, kLastSignal);
  const int taken = TakeSignal(kPatienceSeconds);
  if (taken == kLastSignal) {
    Report("ok no signal that nobody sent");
  } else {
    Report("fault signal %d, which nobody sent", taken);
  }
  End(0);
}

// --- Being traced by init: whoever calls PTRACE_TRACEME is traced by its parent ---

volatile sig_atomic_t g_handled = 0;
void Handle(int signal) { g_handled = signal; }

// Stops under the tracing of init, over a signal that must be passed on and one that must not.
void StopTraced(const char* who) {
  signal(SIGUSR1, Handle);
  signal(SIGTRAP, Handle);
  const long self = SystemCall(SYS_gettid);
  Check(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0, "cannot be traced");
  SystemCall(SYS_tgkill, getpid(), self, SIGUSR1);
  const bool passed_on = g_handled == SIGUSR1;
  g_handled = 0;
  Check(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0, "not released");
  SystemCall(SYS_tgkill, getpid(), self, SIGTRAP);
  if (Check(passed_on && g_handled == 0, "released with the wrong signal")) Report("ok %s", who);
}

void* StopTracedInThread(void*) {
  StopTraced("a traced thread of an orphan was released");
  return nullptr;
}

template <typename Body>
void InOrphan(Body body) {
  const pid_t orphan = MakeOrphan(body);
  Check(Becomes([orphan] { return kill(orphan, 0) != 0; }), "the traced orphan did not end");
  End(0);
}

void TraceThread() {
  InOrphan([] {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, StopTracedInThread, nullptr) != 0) {
      Report("fault cannot make a thread");
    }
    pthread_join(thread, nullptr);
  });
}

// --- The two roles ---

void Run(const char* mode) {
  const char* colon = strchr(mode, ':');
  const int number = colon == nullptr ? 0 : atoi(colon + 1);
  const auto is = [mode, colon](const char* name) {
    const unsigned long size =
        colon == nullptr ? strlen(mode) : static_cast<unsigned long>(colon - mode);
    return strlen(name) == size && strncmp(mode, name, size) == 0;
  };
  if (is("exit")) End(number);
  if (is("kill")) {
    ReportEnd();
    kill(getpid(), number);
  }
  if (is("orphans")) Orphans();
  if (is("late-orphans")) LateOrphans();
  if (is("no-zombies")) ExpectNoZombies("the inherited zombie was reaped"), End(0);
  if (is("clock-jumps")) ClockJumps();
  if (is("redirected-console")) RedirectConsole();
  if (is("signals")) EachSignal();
  if (is("collect")) Collect(number);
  if (is("settle")) Settle();
  if (is("trace-child")) StopTraced("the traced child was released"), End(0);
  if (is("trace-orphan")) {
    InOrphan([] { StopTraced("a traced orphan was released"); });
  }
  if (is("trace-thread")) TraceThread();
  Report("fault no such mode: %s", mode);
  _exit(2);
}

// Makes the state in which init is to be entered.
void Enter(const char* words) {
  if (strstr(words, "zombie") != nullptr) {
    const pid_t child = fork();
    if (child == 0) _exit(7);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  }
  if (strstr(words, "clone") != nullptr) {  // its end raises no signal
    const long child = SystemCall(SYS_clone, 0, nullptr);
    if (child == 0) _exit(7);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT | __WALL);
  }
  if (strstr(words, "ignored") != nullptr) {
    for (int signal = 1; signal <= kLastSignal; ++signal) {
      if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_IGN);
    }
  }
  if (strstr(words, "mark") != nullptr) ReportEnd();
  if (strstr(words, "descriptors") != nullptr) {
    const rlimit many = {.rlim_cur = kHighDescriptor + 1, .rlim_max = kHighDescriptor + 1};
    setrlimit(RLIMIT_NOFILE, &many);
    for (int i = 3; i < 64; ++i) dup2(0, i);
    if (dup2(0, kHighDescriptor) < 0) Report("fault cannot open a high descriptor");
  }
  if (strstr(words, "closed") != nullptr) {
    for (int i = 0; i <= 2; ++i) close(i);
  }
}

}  // namespace
}  // namespace minit

int main(int count, char** arguments, char** environment) {
  using namespace minit;
  if (getpid() == 1) {
    const char* entry = getenv("ENTRY");
    Enter(entry == nullptr ? "" : entry);
    char name[] = "/init";
    char* const init_arguments[] = {name, nullptr};
    execve("/subject", init_arguments, environment);
    Report("fault cannot execute /subject: errno %d", errno);
    return 2;
  }
  CheckStart(count, arguments);
  const char* mode = getenv("TRIAL");
  Run(mode == nullptr ? "exit:0" : mode);
}
