// An init of the plain sort, in the place of one that cannot be had here: it blocks every signal,
// forks its program, takes signals one by one, reaps, and restarts the machine at the end. Static,
// against musl and against glibc.

#include <errno.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t Start(const sigset_t *all) {
  const pid_t child = fork();
  if (child != 0) return child;
  sigprocmask(SIG_UNBLOCK, all, NULL);
  char *const arguments[] = {"/core", NULL};
  if (setsid() >= 0) execvp(arguments[0], arguments);
  fprintf(stderr, "cannot start: %s\n", strerror(errno));
  _exit(1);
}

static void End(int status) {
  fprintf(stderr, "\n  ended with status: %d\n", status);
  sync();
  if (status != 0) {
    fprintf(stderr, "  restarting in 30 seconds\n");
    sleep(30);
  }
  fprintf(stderr, "  restarting\n\n");
  reboot(LINUX_REBOOT_CMD_RESTART);
}

static void Reap(pid_t child) {
  int end = -1, status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != child) continue;
    if (WIFEXITED(status)) end = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end = 128 + WTERMSIG(status);
  }
  if (end >= 0) End(end);
}

int main(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  fprintf(stderr, "\n  starting\n\n");
  const pid_t child = Start(&all);
  if (child < 0) return 1;
  for (;;) {
    int signal;
    sigwait(&all, &signal);
    if (signal == SIGCHLD) {
      Reap(child);
    } else {
      kill(-child, signal);
    }
  }
}
