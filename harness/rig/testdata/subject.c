// Small inits, one for each way to wait, to be informed and to start a program; and some that mean
// harm. Which one is said by the first argument. Built against musl and against glibc, static, and
// against glibc, dynamic. Only what the ptrace rig answers keeps them in.
//
// None of them is fit to be anybody's init: each makes its calls, says what it finds on the
// console, and exits.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/vt.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

extern char **environ;
static char *const kCore[] = {"/core", NULL};

static void Say(const char *text) { (void)!write(2, text, strlen(text)); }
static void SayNumber(const char *what, long number) {
  char line[128];
  Say((snprintf(line, sizeof line, "%s %ld\n", what, number), line));
}

static void BlockAll(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}
static void UnblockAll(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t StartChild(void) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  setsid();
  UnblockAll();
  execve("/core", kCore, environ);
  _exit(127);
}

// Exits once the child is reaped.
static void ReapAll(pid_t child) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == child) exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

static void SigTimedWait(void) {
  BlockAll();
  const pid_t child = StartChild();
  for (;;) {
    sigset_t all;
    siginfo_t info;
    sigfillset(&all);
    const int signal = sigwaitinfo(&all, &info);
    if (signal == SIGCHLD) {
      if (info.si_code == CLD_EXITED) SayNumber("exited", info.si_status);
      ReapAll(child);
    } else if (signal > 0) {
      kill(-child, signal);
    }
  }
}

// One child by its pidfd: waits until it is readable, and reaps by it.
static void PidFd(void) {
  BlockAll();
  const pid_t child = StartChild();
  const int fd = (int)syscall(SYS_pidfd_open, child, 0);
  struct pollfd one = {.fd = fd, .events = POLLIN};
  siginfo_t info = {0};
  SayNumber("nothing yet", waitid((idtype_t)3, (id_t)fd, &info, WEXITED | WNOHANG) + info.si_pid);
  poll(&one, 1, -1);
  SayNumber("reaped", waitid((idtype_t)3, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == child);
  SayNumber("gone", waitid((idtype_t)3, (id_t)fd, &info, WEXITED) + errno);
  exit(info.si_status);
}

static int SignalFd(int flags) {
  sigset_t all;
  sigfillset(&all);
  return signalfd(-1, &all, flags | SFD_CLOEXEC);
}

static void TakeAll(int fd, pid_t child) {
  struct signalfd_siginfo infos[4];
  const ssize_t size = read(fd, infos, sizeof infos);
  for (ssize_t i = 0; i < size / (ssize_t)sizeof *infos; ++i) {
    if (infos[i].ssi_signo == SIGCHLD) {
      ReapAll(child);
    } else {
      kill(-child, (int)infos[i].ssi_signo);
    }
  }
}

static void SignalFdPoll(void) {
  BlockAll();
  const int fd = SignalFd(0);
  const pid_t child = StartChild();
  for (;;) {
    struct pollfd one[2] = {{fd, POLLIN, 0}, {-1, POLLIN, 0}};
    if (poll(one, 2, -1) == 1 && one[0].revents == POLLIN) TakeAll(fd, child);
  }
}

static void SignalFdEpoll(void) {
  BlockAll();
  const int fd = SignalFd(SFD_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {.u64 = 0x1234567890}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  const pid_t child = StartChild();
  for (;;) {
    struct epoll_event happened[8];
    const int count = epoll_wait(epoll, happened, 8, 5000);
    if (count == 0) Say("nothing\n");
    if (count != 1 || happened[0].data.u64 != 0x1234567890) continue;
    TakeAll(fd, child);
    struct signalfd_siginfo more;
    const ssize_t size = read(fd, &more, sizeof more);
    if (size != -1 || errno != EAGAIN) SayNumber("bad", size);
  }
}

static void SignalFdSelect(void) {
  BlockAll();
  const int fd = SignalFd(0);
  const pid_t child = StartChild();
  for (;;) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    if (select(fd + 1, &set, NULL, NULL, NULL) == 1 && FD_ISSET(fd, &set)) TakeAll(fd, child);
  }
}

static volatile pid_t g_child;
static volatile sig_atomic_t g_died, g_depth, g_deepest, g_bad, g_blocked;

static void OnChild(int signal) {
  (void)signal;
  g_died = 1;
}

// What a handler finds has to be what a kernel gives, and what it changes must not last.
static void OnTerm(int signal, siginfo_t *info, void *context) {
  const ucontext_t *const user = context;
  int on_stack;
  if (info->si_signo != signal || user->uc_stack.ss_size < 4096) g_bad = 1;
  if ((char *)&on_stack < (char *)user->uc_stack.ss_sp ||
      (char *)&on_stack >= (char *)user->uc_stack.ss_sp + user->uc_stack.ss_size) {
    g_bad = 2;
  }
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  if (!sigismember(&now, SIGUSR1) || !sigismember(&now, signal)) g_bad = 3;
  if (sigismember(&user->uc_sigmask, SIGUSR1) != g_blocked) g_bad = 4;
  asm volatile("pxor %%xmm7, %%xmm7" ::: "xmm7");
  if (++g_depth > g_deepest) g_deepest = g_depth;
  kill(g_child > 0 ? -g_child : 0, signal);
  --g_depth;
}

static void Install(int flags) {
  static char stack[65536];
  const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_flags = flags | SA_SIGINFO | SA_ONSTACK};
  action.sa_sigaction = OnTerm;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGUSR1);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  struct sigaction child = {.sa_flags = flags};
  child.sa_handler = OnChild;
  sigaction(SIGCHLD, &child, NULL);
}

static void Suspend(void) {
  sigset_t none;
  BlockAll();
  g_blocked = 1;
  Install(0);
  sigemptyset(&none);
  g_child = StartChild();
  for (;;) {
    double kept = 3.5;
    asm volatile("movsd %0, %%xmm7" ::"m"(kept) : "xmm7");
    const int result = sigsuspend(&none);
    double still;
    asm volatile("movsd %%xmm7, %0" : "=m"(still)::"xmm7");
    if (result != -1 || errno != EINTR) g_bad = 5;
    if (still != kept) g_bad = 6;
    if (g_bad) SayNumber("bad", g_bad);
    if (g_died) ReapAll(g_child);
    g_died = 0;
  }
}

static void Pause(void) {
  Install(0);
  g_child = StartChild();
  for (;;) {
    pause();
    if (g_bad) SayNumber("bad", g_bad);
    if (g_died) ReapAll(g_child);
    g_died = 0;
  }
}

static void Wait(int flags) {
  Install(flags);
  g_child = StartChild();
  for (;;) {
    int status;
    const pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0) SayNumber("errno", errno);
    if (g_bad) SayNumber("bad", g_bad);
    if (pid == g_child) exit(WEXITSTATUS(status));
  }
}

static void Spawn(void) {
  pid_t child;
  BlockAll();
  SayNumber("spawn", posix_spawn(&child, "/none", NULL, NULL, kCore, environ));
  SayNumber("spawn", posix_spawn(&child, "/core", NULL, NULL, kCore, environ));
  int status;
  waitpid(child, &status, 0);
  exit(WEXITSTATUS(status));
}

static void Vfork(void) {
  static volatile int shared;
  const pid_t child = vfork();
  if (child == 0) {
    shared = 7;
    execve("/core", kCore, environ);
    _exit(127);
  }
  SayNumber("shared", shared);
  int status;
  waitpid(child, &status, 0);
  exit(WEXITSTATUS(status));
}

struct CloneArguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static void Clone3(void) {
  struct CloneArguments arguments = {0};
  int number = 0;
  arguments.flags = 0x00100000;  // CLONE_PARENT_SETTID
  arguments.parent_tid = (uint64_t)&number;
  arguments.exit_signal = SIGCHLD;
  const pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    execve("/core", kCore, environ);
    _exit(127);
  }
  SayNumber("same", number == child);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
  SayNumber("waitid", info.si_pid == child && info.si_code == CLD_EXITED);
  waitid(P_PID, (id_t)child, &info, WEXITED);
  exit(info.si_status);
}

// By clone3, by clone, and by one that waits for the exec.
static void ForkWithPidFd(void) {
  int fd = -1, status = 0;
  siginfo_t info;
  struct CloneArguments arguments = {.flags = 0x1000, .exit_signal = SIGCHLD};
  SayNumber("nowhere", syscall(SYS_clone3, &arguments, sizeof arguments) + errno);
  arguments.pidfd = (uint64_t)&fd;
  pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    SayNumber("inherited", fd != -1);
    SayNumber("open", fcntl(3, F_GETFD) + errno);
    _exit(4);
  }
  SayNumber("fd", fd);
  SayNumber("flags", fcntl(fd, F_GETFD));
  memset(&info, 0, sizeof info);
  SayNumber("reaped", waitid((idtype_t)3, (id_t)fd, &info, WEXITED) + info.si_status);
  SayNumber("twice", syscall(SYS_clone, 0x101000 | SIGCHLD, 0, &fd, 0, 0) + errno);
  child = (pid_t)syscall(SYS_clone, 0x1000 | SIGCHLD, 0, &fd, 0, 0);
  if (child == 0) _exit(5);
  SayNumber("fd", fd);
  waitpid(child, &status, 0);
  arguments.flags |= 0x4000;  // CLONE_VFORK
  child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    execve("/core", kCore, environ);
    _exit(127);
  }
  SayNumber("fd", fd);
  struct pollfd one = {.fd = fd, .events = POLLIN};
  poll(&one, 1, -1);
  SayNumber("reaped", waitid((idtype_t)3, (id_t)fd, &info, WEXITED) == 0 && info.si_pid == child);
  exit(info.si_status);
}

// A call keeps vector and floating-point registers, whoever returns from it, whoever runs meanwhile.
static long CallAndKeep(long number, long first, int *second, double before, int *kept) {
  double vector = 0, x87 = 0;
  register long fourth asm("r10") = 0;
  asm volatile("movsd %3, %%xmm0; fldl %3; syscall; movsd %%xmm0, %1; fstpl %2"
               : "+a"(number), "=m"(vector), "=m"(x87)
               : "m"(before), "D"(first), "S"(second), "d"(0), "r"(fourth)
               : "rcx", "r11", "memory", "xmm0");
  *kept = vector == before && x87 == before;
  return number;
}

static void Vectors(void) {
  int kept, status = 0;
  CallAndKeep(SYS_getppid, 0, NULL, 1.5, &kept);
  SayNumber("kept", kept);
  const long child = CallAndKeep(SYS_fork, 0, NULL, 2.5, &kept);
  if (child == 0) {
    SayNumber("kept by the child", kept);
    CallAndKeep(SYS_getppid, 0, NULL, 3.5, &kept);
    execve("/core", kCore, environ);
    _exit(127);
  }
  SayNumber("kept", kept);
  CallAndKeep(SYS_wait4, child, &status, 4.5, &kept);
  SayNumber("kept", kept);
  exit(WEXITSTATUS(status));
}

static void OnAlarm(int signal) { (void)signal; }

static void Timers(void) {
  struct sigaction action = {.sa_flags = 0};
  action.sa_handler = OnAlarm;
  sigaction(SIGALRM, &action, NULL);
  alarm(2);
  struct timespec rest, five = {5, 0};
  SayNumber("slept", nanosleep(&five, &rest) == -1 && errno == EINTR);
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const struct itimerspec timer = {{0, 0}, {3, 0}};
  timerfd_settime(fd, 0, &timer, NULL);
  uint64_t expired = 0;
  (void)!read(fd, &expired, sizeof expired);
  SayNumber("expired", (long)expired);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  SayNumber("seconds", now.tv_sec);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  SayNumber("of a processor", now.tv_sec);
  exit(0);
}

static void SayTimers(int fd) {
  struct itimerval alarm;
  struct itimerspec timer = {0};
  getitimer(ITIMER_REAL, &alarm);
  SayNumber("alarm in", alarm.it_value.tv_sec);
  SayNumber("every", alarm.it_interval.tv_sec);
  SayNumber("timer", timerfd_gettime(fd, &timer) + (errno == EINVAL ? errno : 0));
  SayNumber("in", timer.it_value.tv_sec);
  SayNumber("every", timer.it_interval.tv_sec);
}

static void RepeatingTimers(void) {
  struct sigaction action = {.sa_flags = 0};
  action.sa_handler = OnAlarm;
  sigaction(SIGALRM, &action, NULL);
  const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const struct itimerval alarms = {{3, 0}, {5, 0}}, none = {{0, 0}, {0, 0}};
  const struct itimerspec timer = {{2, 0}, {1, 0}};
  timerfd_settime(fd, 0, &timer, NULL);
  setitimer(ITIMER_REAL, &alarms, NULL);
  for (int i = 0; i < 2; ++i) pause();
  SayTimers(fd);
  uint64_t expired = 0;
  for (int i = 0; i < 2; ++i) {
    (void)!read(fd, &expired, sizeof expired);
    SayNumber("expired", (long)expired);
  }
  SayTimers(fd);
  struct itimerval old_alarms;
  struct itimerspec old_timer;
  setitimer(ITIMER_REAL, &none, &old_alarms);
  SayNumber("alarms every", old_alarms.it_interval.tv_sec);
  const struct itimerspec past = {{1, 0}, {0, 1}};
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &past, &old_timer);
  SayNumber("every", old_timer.it_interval.tv_sec);
  SayNumber("in", old_timer.it_value.tv_sec);
  (void)!read(fd, &expired, sizeof expired);
  SayNumber("expired", (long)expired);
  SayTimers(2);
  const struct itimerspec wrong = {{0, -1}, {1, 0}};
  SayNumber("wrong", timerfd_settime(fd, 0, &wrong, NULL) + errno);
  SayNumber("none", timerfd_gettime(40, &old_timer) + errno);
  exit(0);
}

static void Descriptors(void) {
  int ends[2];
  char byte = 0;
  SayNumber("pipe", pipe2(ends, O_CLOEXEC));
  (void)!write(ends[1], "x", 1);
  SayNumber("read", read(ends[0], &byte, 1) + byte);
  SayNumber("dup", fcntl(2, F_DUPFD_CLOEXEC, 10));
  SayNumber("flags", fcntl(10, F_GETFD));
  SayNumber("tty", isatty(2));
  SayNumber("null", open("/dev/null", O_RDWR | O_CLOEXEC));
  SayNumber("none", open("/etc/passwd", O_RDONLY) < 0);
  SayNumber("group", tcsetpgrp(2, getpid()) == -1);
  SayNumber("pid", getpid());
  SayNumber("reaper", prctl(PR_SET_CHILD_SUBREAPER, 1));
  exit(0);
}

static void Pipes(void) {
  int ends[2];
  char bytes[8] = "";
  (void)!pipe2(ends, O_CLOEXEC);
  if (fork() == 0) {
    static char *const arguments[] = {"/core", NULL};
    close(ends[0]);
    sleep(1);
    (void)!write(ends[1], "abc", 3);
    execv("/core", arguments);
  }
  close(ends[1]);
  struct pollfd one = {ends[0], POLLIN, 0};
  SayNumber("none yet", poll(&one, 1, 0));
  SayNumber("read", read(ends[0], bytes, 2));
  poll(&one, 1, 0);
  SayNumber("more", one.revents);
  (void)!read(ends[0], bytes, 1);
  SayNumber("rest", bytes[0]);
  poll(&one, 1, -1);
  SayNumber("hung up", one.revents);
  SayNumber("end", read(ends[0], bytes, 8));
  close(ends[0]);
  (void)!pipe2(ends, O_NONBLOCK);
  SayNumber("empty", read(ends[0], bytes, 8) + errno);
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  SayNumber("broken", write(ends[1], "x", 1) + errno);
  exit(0);
}

// By edges, as the loops of libraries do it: handlers write to one of a pair of sockets, an eventfd wakes
// the loop, and it waits by a duplicate of the epoll.
static int g_sockets[2];

static void WriteSignal(int signal) {
  const char byte = (char)signal;
  (void)!send(g_sockets[1], &byte, 1, MSG_NOSIGNAL);
}

// More open files, or more descriptors, than there is room for.
static void TakesMany(int files) {
  const int first = open("/dev/null", O_RDWR);
  int last = first;
  for (int i = 0; i < 80 && last >= 0; ++i) {
    last = files ? open("/dev/null", O_RDWR) : dup(first);
  }
  exit(0);
}

static void Events(void) {
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC);
  const int other = fcntl(epoll, F_DUPFD_CLOEXEC, 3);
  struct epoll_event edge = {EPOLLIN | EPOLLRDHUP | EPOLLET, {.u64 = 7}};
  uint64_t number = 5;
  SayNumber("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, g_sockets));
  SayNumber("wakes", epoll_ctl(other, EPOLL_CTL_ADD, event, &edge));
  edge.data.u64 = 8;
  SayNumber("signals", epoll_ctl(other, EPOLL_CTL_ADD, g_sockets[0], &edge));
  SayNumber("write", write(event, &number, sizeof number));
  SayNumber("short", write(event, &number, 4) + errno);
  struct sigaction action = {.sa_handler = WriteSignal, .sa_flags = SA_RESTART};
  for (int signal = 1; signal < 32; ++signal) sigaction(signal, &action, NULL);
  const pid_t child = StartChild();
  for (;;) {
    struct epoll_event happened[4];
    const int count = epoll_wait(epoll, happened, 4, -1);
    for (int i = 0; i < count; ++i) {
      char signals[8];
      ssize_t size = 0;
      if (happened[i].data.u64 == 7 && read(event, &number, sizeof number) == 8) {
        SayNumber("woken", (long)number);
      }
      if (happened[i].data.u64 != 8) continue;
      while ((size = recv(g_sockets[0], signals, sizeof signals, 0)) > 0) {
        for (ssize_t n = 0; n < size; ++n)
          signals[n] == SIGCHLD ? ReapAll(child) : (void)kill(-child, signals[n]);
      }
      SayNumber("drained", size == -1 ? errno : 0);
    }
  }
}

// What epoll_ctl and the calls about sockets say of what they are not for.
static void EventsRefused(void) {
  const int epoll = epoll_create1(0), inner = epoll_create1(0), event = eventfd(1, 0);
  struct epoll_event edge = {EPOLLIN | EPOLLET, {.fd = 0}},
                     once = {EPOLLIN | EPOLLONESHOT, {.fd = 0}};
  int ends[2], on = 1;
  char byte, bytes[8];
  SayNumber("flags", eventfd(0, 4) + errno);
  SayNumber("what", epoll_ctl(epoll, 7, event, &once) + errno);
  SayNumber("none", epoll_ctl(epoll, EPOLL_CTL_MOD, event, &once) + errno);
  SayNumber("once", epoll_ctl(epoll, EPOLL_CTL_ADD, event, &once) + epoll_wait(epoll, &once, 1, 0));
  SayNumber("no more", epoll_wait(epoll, &once, 1, 0));
  SayNumber("stream", recv(event, &byte, 1, 0) + errno);
  SayNumber("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  SayNumber("not to block",
            ioctl(ends[0], FIONBIO, &on) + fcntl(ends[0], F_GETFL) - O_RDWR - O_NONBLOCK);
  SayNumber("on exec", ioctl(ends[0], FIOCLEX) + fcntl(ends[0], F_GETFD));
  struct stat status;
  SayNumber("socket", fstat(ends[0], &status) + S_ISSOCK(status.st_mode));
  close(ends[1]);
  struct pollfd one = {ends[0], POLLIN | POLLRDHUP, 0};
  SayNumber("hung up", poll(&one, 1, -1) + one.revents);
  SayNumber("end", recv(ends[0], &byte, 1, 0));
  SayNumber("group", syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, 1, 0), 0, NULL, 4));
  SayNumber("two",
            syscall(SYS_pidfd_send_signal, syscall(SYS_pidfd_open, 1, 0), 0, NULL, 3) + errno);
  SayNumber("packets", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
  SayNumber("one", write(ends[0], "abc", 3));
  SayNumber("two", write(ends[0], "abc", 3) + errno);
  SayNumber("less", read(ends[1], &byte, 1) + errno);
  SayNumber("one", read(ends[1], bytes, sizeof bytes));
  SayNumber("datagrams", socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) + errno);
  SayNumber("within", epoll_ctl(epoll, EPOLL_CTL_ADD, inner, &edge) + errno);
  exit(0);
}

static void Ioctls(void) {
  int ends[2], bytes = -1;
  (void)!pipe2(ends, O_CLOEXEC);
  (void)!write(ends[1], "abc", 3);
  SayNumber("in a pipe", ioctl(ends[0], FIONREAD, &bytes) + bytes);
  SayNumber("typed", ioctl(2, FIONREAD, &bytes) + bytes);
  const int none[] = {SignalFd(0), open("/dev/null", O_RDONLY), open("/", O_RDONLY | O_DIRECTORY),
                      40};
  for (size_t i = 0; i < sizeof none / sizeof *none; ++i) {
    SayNumber("in none", ioctl(none[i], FIONREAD, &bytes) + errno);
  }
  SayNumber("nowhere", ioctl(ends[0], FIONREAD, NULL) + errno);
  SayNumber("group of another's", ioctl(2, TIOCGPGRP, &bytes) + errno);
  SayNumber("own", ioctl(2, TIOCSCTTY, 0));
  SayNumber("group", tcgetpgrp(2) == getpgrp());
  SayNumber("session", tcgetsid(2) == getsid(0));
  SayNumber("group of a pipe", ioctl(ends[0], TIOCGPGRP, &bytes) + errno);
  exit(0);
}

// What inits do once as they begin.
static void SetUp(void) {
  SayNumber("locked", mlockall(MCL_CURRENT | MCL_FUTURE));
  SayNumber("priority", setpriority(PRIO_PROCESS, 0, -5) + getpriority(PRIO_PROCESS, 0));
  SayNumber("umask", (long)umask(077));
  SayNumber("folder", chdir("/") + mkdir("/dev", 0755) + errno);
  SayNumber("new folder", mkdir("/run", 0755) + errno);
  SayNumber("mount", mount("proc", "/proc", "proc", MS_NOSUID, ""));
  SayNumber("mount nowhere", mount("none", "/run", "tmpfs", 0, "") + errno);
  struct stat status;
  SayNumber("root", stat("/", &status) + S_ISDIR(status.st_mode));
  SayNumber("child", stat("/core", &status) + S_ISREG(status.st_mode));
  SayNumber("console", stat("/dev/console", &status) + S_ISCHR(status.st_mode));
  // The struct of statx, which not every C library has.
  struct {
    unsigned char skipped[28];
    unsigned short mode;
    unsigned char skipped_too[98];
    unsigned major, rest[31];
  } more;
  SayNumber("the same", syscall(SYS_statx, AT_FDCWD, "/dev/console", 0, 0x7ff, &more) +
                            (more.major == 5 && S_ISCHR(more.mode)));
  SayNumber("as open", syscall(SYS_statx, 2, "", 0x1000, 0x7ff, &more) + S_ISCHR(more.mode));
  SayNumber("network", socket(AF_UNIX, SOCK_STREAM, 0) + errno);
  SayNumber("serial", ioctl(2, VT_OPENQRY, &status) + errno);
  SayNumber("private", mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  SayNumber("user", setuid(0) + setgid(0) + setresuid(-1, 0, 0) + setgroups(0, NULL));
  SayNumber("name", sethostname("node", 4));
  struct rlimit limit = {512, 512};
  SayNumber("limit", setrlimit(RLIMIT_NOFILE, &limit));
  exit(0);
}
// What is written so reaches a disk, or nobody.
static void Syncs(void) {
  struct msghdr message = {0};
  SayNumber("data", fsync(3) + fdatasync(3));
  SayNumber("of a device", fsync(2) + errno);
  struct stat status;
  char byte;
  const int root = dup(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  SayNumber("root", fstat(root, &status) + S_ISDIR(status.st_mode));
  SayNumber("read", read(root, &byte, 1) + errno);
  SayNumber("written to", open("/", O_WRONLY) + errno);
  SayNumber("all", syncfs(root));
  SayNumber("all of devices", syncfs(2));
  const int none[] = {SignalFd(0), epoll_create1(EPOLL_CLOEXEC),
                      timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
                      (int)syscall(SYS_pidfd_open, 1, 0)};
  for (size_t i = 0; i < sizeof none / sizeof *none; ++i) {
    SayNumber("without a place", fsync(none[i]) + errno + syncfs(none[i]));
  }
  SayNumber("all of none", syncfs(40) + errno);
  SayNumber("of none", fsync(40) + errno);
  SayNumber("data of none", fdatasync(-1) + errno);
  SayNumber("sent to none", send(40, "x", 1, 0) + errno);
  SayNumber("message to none", sendmsg(-1, &message, 0) + errno);
  SayNumber("sent to no socket", send(2, "x", 1, 0) + errno);
  SayNumber("written to none", write(40, "x", 1) + errno);
  exit(0);
}

// What would change by whom, or in which files, init runs.
static void SetUpOtherwise(void) {
  SayNumber("user", setuid(65534));
  SayNumber("bind", mount("/new", "/", NULL, MS_BIND, NULL));
  SayNumber("root", chroot("/new"));
  SayNumber("high", dup2(2, 100));
  SayNumber("higher", fcntl(2, F_DUPFD, 1000));
  int ends[2];
  (void)!pipe2(ends, O_CLOEXEC);
  struct pollfd one = {ends[1], POLLOUT, 0};
  SayNumber("room", poll(&one, 1, -1));
  SayNumber("packets", pipe2(ends, O_DIRECT));
  int on = 1;
  SayNumber("signals", ioctl(ends[0], FIOASYNC, &on));
  const struct timespec second = {1, 0};
  SayNumber("sleep", clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &second, NULL));
  exit(0);
}

static void WaitsToWrite(void) {
  kill(1, 0);
  struct pollfd one = {2, POLLOUT, 0};
  poll(&one, 1, -1);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(2, &set);
  select(3, NULL, &set, NULL, NULL);
  struct epoll_event event = {EPOLLOUT, {.fd = 2}};
  epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, 2, &event);
  exit(0);
}

// --- Memory ---------------------------------------------------------------------------------------

// Says whether all of it is as it was first, and then changes it, in a fork too: what was loaded, what
// was not, the heap, the stack, and what is mapped.
static int g_loaded = 7;
static char g_bss[3 * 4096];

static int Deep(int depth) {
  volatile char room[1024];
  memset((char *)room, depth, sizeof room);
  return depth == 0 ? room[0] : Deep(depth - 1) + room[1023] % 2;
}

// What stands far down the stack, where nobody has been yet.
static int FarDown(void) {
  return *(volatile char *)((uintptr_t)__builtin_frame_address(0) - 250 * 1024);
}

enum How { kPlain, kDeep, kShrinks };

static void Scribble(enum How how) {
  volatile char below[4096];
  char *early = (char *)syscall(SYS_brk, 0);
  syscall(SYS_brk, early + 8192);
  early[5000] = 3;
  SayNumber("begins",
            1);  // the first call that matters: all before it may be done once for many runs
  int clean = g_loaded == 7 && early[5000] == 3;
  for (size_t i = 0; i < sizeof g_bss; ++i) clean &= g_bss[i] == 0;
  SayNumber("clean", clean);
  g_loaded = 8;
  memset(g_bss, 1, sizeof g_bss);
  memset((char *)below, 2, sizeof below);
  char *heap = (char *)syscall(SYS_brk, 0);
  char *top = heap + (100 << 20);  // thrice that is too much
  SayNumber("heap", (char *)syscall(SYS_brk, top) == top && heap[8000] == 0);
  memset(heap, 4, 8192);
  char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SayNumber("mapped", mapped[5000] == 0);
  mapped[5000] = 5;
  if (how == kDeep) SayNumber("far down", FarDown()), Deep(300);
  pid_t pid = fork();
  if (pid == 0) {
    SayNumber("inherited", g_loaded == 8 && g_bss[5000] == 1 && heap[8191] == 4 && below[0] == 2 &&
                               mapped[5000] == 5);
    g_loaded = 9;
    heap[8191] = 6;
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  SayNumber("kept", g_loaded == 8 && heap[8191] == 4);
  munmap(mapped, 8192);
  pid = fork();
  if (pid == 0) {
    SayNumber("inherited", g_loaded == 8 && heap[8191] == 4 && below[0] == 2);
    g_loaded = 9;
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  SayNumber("kept", g_loaded == 8);
  // Five times that is too much.
  void *room = mmap(NULL, 60 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SayNumber("room", room != MAP_FAILED);
  if (how == kShrinks) syscall(SYS_brk, early);
  exit(0);
}

// --- What a loader reads --------------------------------------------------------------------------

static const char *const kLibrary = "/lib64/ld-linux-x86-64.so.2";
static int g_in_loader = -1;

// A loader calls it before the first instruction of the program: it makes a call that depends on the world.
static void InLoader(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[2], "in-loader")) return;
  getppid();
  g_in_loader = open(kLibrary, O_RDONLY);
  close(g_in_loader);
}
__attribute__((section(".preinit_array"), used)) static void (*g_of_loader)(int,
                                                                            char **) = InLoader;

// --- Those that mean harm ------------------------------------------------------------------------

// Calls the harness's own `syscall`, if that is in the same memory: at this address.
static void Outside(const char *what, const char *address) {
  long (*const call)(long, ...) = (long (*)(long, ...))strtoul(address, NULL, 16);
  const unsigned long from = 0, all = ~0ul >> 1;
  if (!strcmp(what, "reboot")) call(SYS_reboot, 0xfee1dead, 672274793, 0x01234567, 0);
  if (!strcmp(what, "open")) call(SYS_openat, -100, "/tmp/minit-hostile", O_CREAT | O_WRONLY, 0600);
  if (!strcmp(what, "turn-off")) call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0);
  if (!strcmp(what, "widen")) call(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, 1, from, all, 0);
  if (!strcmp(what, "kill")) call(SYS_kill, -1, SIGKILL);
  if (!strcmp(what, "execute")) call(SYS_execve, "/bin/sh", NULL, NULL);
  if (!strcmp(what, "mount")) call(SYS_mount, "none", "/tmp", "tmpfs", 0, 0);
  if (!strcmp(what, "thread")) call(SYS_clone, 0x10f00 | SIGCHLD, 0, 0, 0, 0);
  if (!strcmp(what, "allowed") && call(SYS_getpid) != 1) exit(98);
}

static void Hostile(const char *what) {
  if (!strcmp(what, "int80")) {
    long result;
    // 32-bit: reboot is 88, open is 5.
    asm volatile("int $0x80"
                 : "=a"(result)
                 : "a"(88), "b"(0xfee1dead), "c"(672274793), "d"(0x01234567)
                 : "memory", "r8", "r9", "r10", "r11");
    SayNumber("int80", result);
  } else if (!strcmp(what, "turn-off")) {
    // Its own calls are caught, this one too.
    SayNumber("prctl", prctl(PR_SET_SYSCALL_USER_DISPATCH, 0, 0, 0, 0));
    SayNumber("still caught", getpid() == 1);
  } else if (!strcmp(what, "vsyscall")) {
    SayNumber("time", ((long (*)(long *))0xffffffffff600400)(NULL) != 0);
  } else if (!strcmp(what, "files")) {
    SayNumber("open", open("/etc/passwd", O_WRONLY));
    SayNumber("create", open("/tmp/minit-hostile", O_CREAT | O_RDWR, 0600));
    SayNumber("unlink", unlink("/etc/passwd"));
    SayNumber("mount", (long)syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
    SayNumber("socket", socket(AF_INET, SOCK_STREAM, 0));
    SayNumber("outside", kill(2, SIGKILL));
    SayNumber("trace", (long)syscall(SYS_process_vm_writev, 1, 0, 0, 0, 0, 0));
  } else if (!strcmp(what, "early-files")) {
    const int file = open("/etc/passwd", O_RDONLY);
    const int folder = open("/dev", O_RDONLY | O_DIRECTORY);
    const int library = open(kLibrary, O_RDONLY);
    struct stat status;
    const int given = fstat(1000, &status);  // as the rig numbers what a loader has open
    SayNumber("file", file);
    SayNumber("folder", folder);
    SayNumber("library", library);
    SayNumber("given", given);
  } else if (!strcmp(what, "in-loader")) {
    const int library = open(kLibrary, O_RDONLY);
    SayNumber("in the loader", g_in_loader >= 0);
    SayNumber("library", library);
  } else if (!strcmp(what, "loop")) {
    for (;;) asm volatile("");
  } else if (!strcmp(what, "child-loop")) {
    if (fork() == 0) {
      for (;;) asm volatile("");
    }
    pause();
  } else if (!strcmp(what, "calls")) {
    for (;;) getppid();
  } else if (!strcmp(what, "silent-calls")) {
    for (;;) syscall(SYS_brk, 0);
  } else if (!strcmp(what, "bomb")) {
    for (;;) fork();
  } else if (!strcmp(what, "eat")) {
    long eaten = 0;
    for (;; ++eaten) {
      char *const more =
          mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (more == MAP_FAILED) break;
      memset(more, 1, 1 << 20);
    }
    SayNumber("bounded", eaten < 1024);
  } else if (!strcmp(what, "overflow")) {
    volatile char *down = alloca(16);
    for (;;) *(down -= 64) = 1;
  } else if (!strcmp(what, "crash")) {
    *(volatile int *)8 = 1;
  } else if (!strcmp(what, "own-code")) {
    // A call from memory that it has written itself: mov eax, 169 (reboot); syscall; ret.
    char *const page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, "\xb8\xa9\x00\x00\x00\x0f\x05\xc3", 8);
    SayNumber("reboot", ((int (*)(long, long, long))page)(0, 0, 0));
  }
  exit(0);
}

int main(int argc, char **argv) {
  const char *const mode = argc > 1 ? argv[1] : "";
  if (argc < 2) {  // as the scenario has it
    SayNumber("arguments", argc);
    SayNumber("length of the first", argv[0] == NULL ? -1 : (long)strlen(argv[0]));
  }
  if (!strcmp(mode, "sigtimedwait")) SigTimedWait();
  if (!strcmp(mode, "poll")) SignalFdPoll();
  if (!strcmp(mode, "epoll")) SignalFdEpoll();
  if (!strcmp(mode, "waits-to-write")) WaitsToWrite();
  if (!strcmp(mode, "many-files")) TakesMany(1);
  if (!strcmp(mode, "many-descriptors")) TakesMany(0);
  if (!strcmp(mode, "select")) SignalFdSelect();
  if (!strcmp(mode, "suspend")) Suspend();
  if (!strcmp(mode, "pause")) Pause();
  if (!strcmp(mode, "wait")) Wait(0);
  if (!strcmp(mode, "wait-restart")) Wait(SA_RESTART);
  if (!strcmp(mode, "spawn")) Spawn();
  if (!strcmp(mode, "vfork")) Vfork();
  if (!strcmp(mode, "clone3")) Clone3();
  if (!strcmp(mode, "fork-with-pidfd")) ForkWithPidFd();
  if (!strcmp(mode, "vectors")) Vectors();
  if (!strcmp(mode, "scribble")) Scribble(kPlain);
  if (!strcmp(mode, "scribble-deep")) Scribble(kDeep);
  if (!strcmp(mode, "scribble-and-shrink")) Scribble(kShrinks);
  if (!strcmp(mode, "timers")) Timers();
  if (!strcmp(mode, "repeating-timers")) RepeatingTimers();
  if (!strcmp(mode, "descriptors")) Descriptors();
  if (!strcmp(mode, "pipes")) Pipes();
  if (!strcmp(mode, "ioctls")) Ioctls();
  if (!strcmp(mode, "events")) Events();
  if (!strcmp(mode, "events-refused")) EventsRefused();
  if (!strcmp(mode, "pidfd")) PidFd();
  if (!strcmp(mode, "set-up")) SetUp();
  if (!strcmp(mode, "set-up-otherwise")) SetUpOtherwise();
  if (!strcmp(mode, "syncs")) Syncs();
  if (argc > 3) Outside(argv[2], argv[3]);
  if (argc == 3) Hostile(argv[2]);
  return 99;
}
