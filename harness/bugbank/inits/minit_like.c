// A stand-in for an init that fleets boot: small, by the C library's usual calls, and right in what
// it is mostly asked. What it is known to break:
//
//   - signals that come before its child has called setsid reach nobody
//   - those numbered 32 to 34 are left out: the C library keeps them to itself (glibc 32 and 33)
//   - a fork that is refused makes it exit
//   - the child gets what was ignored, blocked or open when init began; and if SIGCHLD was ignored,
//     init never learns of the child's end
//   - it reaps neither what it was handed at its start, nor anything during the 30 seconds
//   - a traced process that stops is not let go; if it is the child, that counts as its end
//   - a sync or a console that hangs takes it along, and so does a restart that is refused; from
//     then on it sends signals to whoever has the child's number
//   - built with glibc: a /core that is no program is run by a shell
//
// The faults are what a hurried change could do to it.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/bugbank/inits/fault.h"

static sigset_t g_signals, g_old_signals;
static pid_t g_child;
static int g_refused;  // a restart was

// In one write: what dprintf makes of it is the C library's choice.
static void Say(const char *format, int number) {
  if (FAULTY(m_says_nothing)) return;
  char line[128];
  const int size = snprintf(line, sizeof line, format, number);
  (void)!write(STDERR_FILENO, line, (size_t)size);
}

static void RunChild(void) {
  static char *const arguments[] = {"/core", NULL};
  const char *const path = FAULTY(m_executes_another) ? "/bin/core" : "/core";
  static char *const nothing[] = {NULL};
  extern char **environ;
  if (FAULTY(m_restores_the_mask)) {
    sigprocmask(SIG_SETMASK, &g_old_signals, NULL);
  } else if (!FAULTY(m_leaves_the_mask)) {
    sigprocmask(SIG_UNBLOCK, &g_signals, NULL);
  }
  if (FAULTY(m_sleeps_before_its_session)) sleep(2);
  if (!FAULTY(m_leaves_the_session)) setsid();
  if (FAULTY(m_leaks_a_descriptor)) dup(STDERR_FILENO);
  if (FAULTY(m_closes_the_output)) close(STDOUT_FILENO);
  for (int i = 0; FAULTY(m_cuts_the_environment) && environ[i] != NULL; ++i) {
    if (i == 31) environ[i + 1] = NULL;
  }
  execvpe(path, arguments, FAULTY(m_drops_the_environment) ? nothing : environ);
  char line[128];
  const int size = snprintf(line, sizeof line,
                            FAULTY(m_names_no_path) ? "exec: %s\n" : "cannot execute /core: %s\n",
                            strerror(errno));
  (void)!write(STDERR_FILENO, line, (size_t)size);
  if (FAULTY(m_runs_on_after_exec)) return;
  _exit(FAULTY(m_failed_exec_exits_0) ? 0 : 1);
}

// How the child's status is told; one that is neither of an exit nor of a kill counts as failure.
static int Translated(int status) {
  if (WIFEXITED(status)) return FAULTY(m_exits_count_as_1) ? !!status : WEXITSTATUS(status);
  if (FAULTY(m_kills_are_successes)) return 0;
  if (FAULTY(m_core_flag_stays) && WCOREDUMP(status)) return 256 + WTERMSIG(status);
  if (WIFSIGNALED(status)) return (FAULTY(m_status_without_128) ? 0 : 128) + WTERMSIG(status);
  Say("\nstrange status of the child: %d\n", status);
  return 1;
}

static void End(int status) {
  Say("\nthe child exited with status %d\n", status);
  const int delay = FAULTY(m_waits_3_seconds)    ? 3
                    : FAULTY(m_waits_29_seconds) ? 29
                    : FAULTY(m_waits_5_minutes)  ? 300
                                                 : 30;
  if (!FAULTY(m_never_syncs) && !FAULTY(m_syncs_after_the_delay)) sync();
  if (FAULTY(m_never_waits) || (status == 0 && !FAULTY(m_waits_after_success))) {
    Say("synced, restarting\n", 0);
  } else {
    Say("synced, restarting in a while\n", 0);
    sleep((unsigned)delay);
    Say("restarting\n", 0);
  }
  if (FAULTY(m_syncs_after_the_delay)) sync();
  if (FAULTY(m_exits_at_the_end)) _exit(status);
  if (FAULTY(m_goes_on)) return;
  reboot(FAULTY(m_powers_off) ? RB_POWER_OFF : FAULTY(m_halts) ? RB_HALT_SYSTEM : RB_AUTOBOOT);
  g_refused = 1;
  if (FAULTY(m_exits_if_refused)) _exit(status);
  if (FAULTY(m_kills_the_group_if_refused)) kill(-g_child, SIGKILL);
}

// All that has died; the end of the child follows once it is all reaped.
static void Reap(void) {
  const pid_t whom = FAULTY(m_reaps_its_child_alone) ? g_child : -1;
  const int flags = FAULTY(m_waits_for_children) ? 0
                    : FAULTY(m_asks_for_stops)   ? WNOHANG | WUNTRACED
                                                 : WNOHANG;
  int status, ended = -1, left = 16;
  for (pid_t pid; (pid = waitpid(whom, &status, flags)) > 0;) {
    if (pid == g_child || FAULTY(m_any_end_is_the_end)) ended = Translated(status);
    if (FAULTY(m_reports_the_last_status) && ended >= 0) ended = Translated(status);
    if (FAULTY(m_reaps_one_a_signal)) break;
    if (FAULTY(m_reaps_16_at_most) && --left == 0) break;
    if (FAULTY(m_stops_reaping_at_orphans) && pid != g_child) break;
    if (FAULTY(m_stops_reaping_at_its_child) && pid == g_child) break;
  }
  while (FAULTY(m_spins_while_children_live) && waitpid(-1, &status, WNOHANG) == 0) continue;
  if (ended >= 0) End(ended);
}

static void Forward(int signal) {
  static int last;
  if (FAULTY(m_drops_repeated) && signal == last) return;
  if (FAULTY(m_ends_on_second_int) && signal == SIGINT && last == SIGINT) End(0);
  last = signal;
  if (FAULTY(m_forgets_term) && signal == SIGTERM) return;
  if (FAULTY(m_forgets_usr2) && signal == SIGUSR2) return;
  if (FAULTY(m_forgets_realtime) && signal >= 32) return;
  static int usr1;
  if (FAULTY(m_tires_of_usr1) && signal == SIGUSR1 && ++usr1 > 200) return;
  if (FAULTY(m_sends_term_for_int) && signal == SIGINT) signal = SIGTERM;
  static int since;
  if (FAULTY(m_sends_to_everyone_at_last) && g_refused && ++since == 2) {
    kill(-1, signal);
    return;
  }
  kill(FAULTY(m_sends_to_the_child_alone) ? g_child
       : FAULTY(m_sends_to_everyone)      ? -1
       : FAULTY(m_sends_to_group_0)       ? 0
                                          : -g_child,
       signal);
  if (FAULTY(m_sends_twice)) kill(-g_child, signal);
}

// Takes all that is pending first; a SIGCHLD among it counts too.
static void ForwardBackwards(int first) {
  static const struct timespec kNone;
  const int next = sigtimedwait(&g_signals, NULL, &kNone);
  if (next > 0) ForwardBackwards(next);
  if (first == SIGCHLD) {
    Reap();
  } else {
    Forward(first);
  }
}

int main(void) {
  if (getpid() != 1) return 1;
  sigfillset(&g_signals);
  if (FAULTY(m_leaves_quit_unblocked)) sigdelset(&g_signals, SIGQUIT);
  if (!FAULTY(m_blocks_after_the_fork)) sigprocmask(SIG_BLOCK, &g_signals, &g_old_signals);
  if (FAULTY(m_asks_for_a_socket)) socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Say("\n  a stand-in\n\n", 0);
  g_child = fork();
  if (g_child < 0) return Say("fork: error %d\n", errno), 1;
  if (g_child == 0) RunChild();
  if (FAULTY(m_blocks_after_the_fork)) sigprocmask(SIG_BLOCK, &g_signals, NULL);
  for (;;) {
    siginfo_t info;
    const struct timespec none = {0};
    const int signal = FAULTY(m_polls_without_pause) ? sigtimedwait(&g_signals, &info, &none)
                                                     : sigwaitinfo(&g_signals, &info);
    if (FAULTY(m_sends_backwards) && signal != SIGCHLD) {
      ForwardBackwards(signal);
      continue;
    }
    if (FAULTY(m_ends_on_term) && signal == SIGTERM) End(0);
    if (FAULTY(m_waits_for_exits_alone) && signal == SIGCHLD && info.si_code != CLD_EXITED)
      continue;
    if (signal == SIGCHLD) Reap();
    if (signal > 0 && (signal != SIGCHLD || FAULTY(m_sends_sigchld))) Forward(signal);
  }
}
