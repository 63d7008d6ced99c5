// The ending of those that run a machine: the status on the console, a sync by a helper, 30 seconds
// unless all went well, and the restart, again and again if it is refused.
#ifndef MINIT_HARNESS_BUGBANK_INITS_MACHINE_H_
#define MINIT_HARNESS_BUGBANK_INITS_MACHINE_H_

#include <linux/reboot.h>
#include <stdarg.h>
#include <stdio.h>

#include "harness/bugbank/inits/common.h"

static int g_at_once;  // restart as soon as the disks are synced
static long g_due_ns;  // when to restart at the latest

static long Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

static void Say(const char *format, ...) {
  char line[128];
  va_list values;
  va_start(values, format);
  const int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (g_console >= 0) (void)!write(g_console, line, (size_t)length);
}

static void TrySync(void) {
  g_sync_later = 0;
  if (FAULTY(syncs_in_place)) {
    sync();
    g_synced = 1;
    return;
  }
  const pid_t pid = FAULTY(syncs_by_vfork) ? vfork() : fork();
  if (pid == 0) {
    sync();
    _exit(0);
  }
  g_helper = pid > 0 ? pid : 0;
  g_sync_later = pid < 0;
}

static void Report(int start_failed, int status) {
  if (FAULTY(says_nothing)) return;
  if (FAULTY(tells_the_watchdog)) {
    open("/dev/watchdog", O_WRONLY | O_CLOEXEC);
    return;
  }
  if (!start_failed) {
    Say("/core has ended with status %d\n", status);
  } else {
    Say(FAULTY(names_no_path) ? "cannot start the program\n" : "cannot start /core\n");
  }
}

static void End(int status) {
  const int start_failed = g_child < 0 || g_exec_error != 0;
  g_ended = 1;
  if (FAULTY(sends_to_everyone)) kill(-1, SIGTERM);
  Report(start_failed, status);
  g_at_once = status == 0 && !start_failed && !FAULTY(waits_after_success);
  if (!FAULTY(delay_counts_from_boot)) g_due_ns = Now();
  g_due_ns += (FAULTY(waits_a_second) ? 1 : FAULTY(waits_a_minute) ? 60 : 30) * kSecond;
  if (FAULTY(failed_start_restarts_at_once) && start_failed) {
    g_at_once = g_synced = 1;
    return;
  }
  g_synced = FAULTY(never_syncs) || FAULTY(syncs_after_the_delay) || FAULTY(does_not_await_sync);
  if (!FAULTY(never_syncs) && !FAULTY(syncs_after_the_delay)) TrySync();
}

static void Restart(void) {
  unsigned command = LINUX_REBOOT_CMD_RESTART;
  if (FAULTY(powers_off)) command = LINUX_REBOOT_CMD_POWER_OFF;
  if (FAULTY(halts)) command = LINUX_REBOOT_CMD_HALT;
  if (FAULTY(restarts_with_a_command)) command = LINUX_REBOOT_CMD_RESTART2;
  if (FAULTY(exits_at_the_end)) _exit(0);
  if (FAULTY(syncs_after_the_delay)) sync();
  syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, FAULTY(restarts_without_magic) ? 0 : LINUX_REBOOT_MAGIC2,
          command, "");
  g_at_once = 0;  // refused: from now on by the clock alone
  g_due_ns = Now() + (FAULTY(retries_at_once) ? 0 : 30 * kSecond);
  if (FAULTY(gives_up)) g_due_ns += 1000000 * kSecond;
}

// All that follows a wait. How long the next may be, in nanoseconds, or kForever.
static long Proceed(void) {
  if (!FAULTY(reaps_nothing_in_the_delay) || !g_ended) ReapAll();
  while (g_ended) {
    if (g_sync_later) TrySync();
    const long left = g_due_ns - Now();
    if (!(g_at_once && g_synced) && left > 0) {
      if (FAULTY(wakes_each_millisecond)) return kSecond / 1000;
      return g_sync_later && left > kSecond ? kSecond : left;
    }
    Restart();
    ReapAll();
  }
  return kForever;
}

static void Start(void) {
  StartChild();
  if (g_child < 0) End(1);
}

#endif  // MINIT_HARNESS_BUGBANK_INITS_MACHINE_H_
