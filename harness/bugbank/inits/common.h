// What the inits of the bank have in common: the start of the child, the reaping, the forwarding.
// How to wait for signals is each one's own; how to end is in machine.h, or its own. As in
// harness/linux, calls that musl has a policy of its own for are made without it.
//
// FAULT, given by the compiler, is one of bank.h. A fault is a condition on a constant: a binary
// with one differs from the faultless one in that alone.
#ifndef MINIT_HARNESS_BUGBANK_INITS_COMMON_H_
#define MINIT_HARNESS_BUGBANK_INITS_COMMON_H_

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/bugbank/inits/fault.h"

// A set of signals as the kernel has it: signal n is bit n - 1.
typedef unsigned long SignalSet;
static const SignalSet kAll = ~0ul, kNone = 0;
#define BIT(signal) (1ul << ((signal) - 1))

// The kernel's struct sigaction; SIG_DFL without flags is all zero.
struct Action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  SignalSet mask;
};

static const long kSecond = 1000000000, kForever = -1;

static pid_t g_child;              // 0: there is none; negative: it could not be forked
static pid_t g_helper;             // 0: there is none
static pid_t g_named;              // by the last SIGCHLD
static volatile int g_exec_error;  // of the child's exec; it shares our memory until then
static int g_console = -1;
static int g_synced, g_sync_later, g_ended;

static void SetMask(const SignalSet *mask) {
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
}

static void SetAction(int signal, const struct Action *action) {
  syscall(SYS_rt_sigaction, signal, action, NULL, sizeof(SignalSet));
}

// --- The start -----------------------------------------------------------------------------------

static void SetUp(void) {
  static const struct Action usual;
  const int waits = FAULTY(console_can_block) ? 0 : O_NONBLOCK;
  const int leaks = FAULTY(leaks_the_console) ? 0 : O_CLOEXEC;
  int opened;
  if (FAULTY(closed_stdin_is_fatal) && fcntl(0, F_GETFD) < 0) _exit(1);
  do {
    opened = open("/dev/null", O_RDWR | O_NOCTTY);
  } while (0 <= opened && opened < 2);
  if (opened > 2) close(opened);
  if (!FAULTY(leaves_descriptors)) syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (!FAULTY(leaves_sigchld_ignored)) SetAction(SIGCHLD, &usual);
  if (!FAULTY(blocks_after_the_fork) && !FAULTY(blocks_nothing)) SetMask(&kAll);
  g_console = open("/dev/console", O_WRONLY | O_NOCTTY | waits | leaks);
}

static void BecomeChild(void) {
  extern char **environ;
  static const struct Action usual;
  static char *const core[] = {"/core", NULL}, *const more[] = {"/core", "--init", NULL};
  static char *const nothing[] = {NULL};
  for (int signal = 1; signal <= 64 && !FAULTY(leaves_signals_ignored); ++signal) {
    SetAction(signal, &usual);
  }
  if (!FAULTY(leaves_the_session)) setsid();
  if (!FAULTY(leaves_the_mask)) SetMask(&kNone);
  if (FAULTY(closes_the_input)) close(STDIN_FILENO);
  execve(core[0], FAULTY(passes_an_argument) ? more : core,
         FAULTY(drops_the_environment) ? nothing : environ);
}

// vfork: init waits until the child has called exec, and no signal can fall between.
static void StartChild(void) {
  const pid_t pid = FAULTY(forks_without_waiting) ? fork() : vfork();
  if (FAULTY(exits_without_a_fork) && pid < 0) _exit(1);
  if (pid == 0) {
    BecomeChild();
    if (FAULTY(failed_exec_exits_0)) _exit(0);
    g_exec_error = errno;
    if (FAULTY(sleeps_after_a_failed_exec)) nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
    while (FAULTY(tries_exec_at_once_again)) BecomeChild();
    _exit(127);
  }
  g_child = pid;
  if (FAULTY(blocks_after_the_fork)) SetMask(&kAll);
}

// --- Deaths and stops ----------------------------------------------------------------------------

static void End(int status);

static int Translated(int status) {
  if (FAULTY(status_is_always_0)) return 0;
  if (FAULTY(status_is_0_or_255)) return status == 0 ? 0 : 255;
  if (FAULTY(status_as_it_came)) return status;
  if (FAULTY(core_flag_stays) && !WIFEXITED(status)) return 128 + (status & 0xff);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return (FAULTY(status_without_128) ? 0 : 128) + WTERMSIG(status);
}

static void LetGo(pid_t pid, int stop) {
  int data = stop == SIGTRAP || stop == SIGSTOP ? 0 : stop;
  if (FAULTY(leaves_the_traced)) return;
  if (FAULTY(detach_drops_the_signal)) data = 0;
  if (FAULTY(detach_passes_trap_on)) data = stop;
  ptrace(FAULTY(continues_the_traced) ? PTRACE_CONT : PTRACE_DETACH, pid, NULL, data);
}

static void OnTold(pid_t pid, int status) {
  const int is_child = pid == g_child || (FAULTY(orphans_end_is_the_end) && pid != g_helper);
  if (WIFSTOPPED(status) &&
      !(is_child && (FAULTY(traced_stop_is_the_end) || FAULTY(stop_is_the_end)))) {
    LetGo(pid, WSTOPSIG(status));
  } else if (pid == g_helper) {
    g_synced = status == 0;
    g_sync_later = !g_synced;
    g_helper = 0;
  } else if (is_child && !g_ended) {
    End(Translated(status));
    if (!FAULTY(forwards_to_the_reaped)) g_child = 0;
  }
}

static void ReapAll(void) {
  const int stops = FAULTY(stop_is_the_end) ? WUNTRACED : 0;
  const int waits = FAULTY(waits_in_wait) && !g_ended ? 0 : WNOHANG;
  pid_t whom = -1, pid;
  int status;
  if (FAULTY(reaps_its_child_alone) && !g_ended) whom = g_child;
  if (FAULTY(reaps_whom_the_signal_names) && !g_ended && g_named != 0) whom = g_named;
  while ((pid = waitpid(whom, &status, waits | stops | __WALL)) >= 0) {
    if (pid == 0 && !FAULTY(spins_with_nothing_to_reap)) break;
    if (pid > 0) OnTold(pid, status);
    if (FAULTY(reaps_one_a_signal)) break;
  }
}

// --- Signals -------------------------------------------------------------------------------------

static void Forward(int signal) {
  if (signal == SIGCHLD && !FAULTY(forwards_sigchld)) return;
  if (g_child <= 0 && !FAULTY(sends_to_group_0)) return;
  if (FAULTY(loses_term) && signal == SIGTERM) return;
  if (FAULTY(loses_abrt) && signal == SIGABRT) return;
  if (FAULTY(swallows_tstp) && signal == SIGTSTP) return;
  if (FAULTY(ends_on_term) && signal == SIGTERM) return End(0);
  if (FAULTY(sends_kill_for_term) && signal == SIGTERM) signal = SIGKILL;
  kill(FAULTY(sends_to_the_child_alone) ? g_child : -g_child, signal);
  if (FAULTY(sends_twice)) kill(-g_child, signal);
}

#endif  // MINIT_HARNESS_BUGBANK_INITS_COMMON_H_
