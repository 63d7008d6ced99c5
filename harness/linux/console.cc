#include "harness/linux/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "harness/linux/system_call.h"

namespace minit {

namespace {

// Opens `path` for writing if writes to it can be told not to block; else -1.
int OpenNonBlocking(const char* path, struct stat& status) {
  const long opened = SystemCall(SYS_open, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (opened < 0) return -1;
  const bool known = SystemCall(SYS_fstat, opened, &status) == 0;
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the kernel has written it
  if (known && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))) {
    return static_cast<int>(opened);
  }
  SystemCall(SYS_close, opened);
  return -1;
}

}  // namespace

void Console::Open() {
  struct stat status;
  descriptor_ = OpenNonBlocking("/dev/console", status);
  is_system_console_ = descriptor_ >= 0 && status.st_rdev == makedev(5, 1);
  if (descriptor_ < 0) descriptor_ = OpenNonBlocking("/proc/self/fd/2", status);
}

void Console::Write(const Line& line) {
  if (descriptor_ < 0) return WriteByHelper(line);
  // Whoever takes over the console's output (TIOCCONS, as xconsole does) gives it the blocking mode
  // of another open file. The same call on the console itself ends that; on anything else it begins
  // it.
  if (is_system_console_) SystemCall(SYS_ioctl, descriptor_, TIOCCONS, 0);
  if (SystemCall(SYS_write, descriptor_, line.text(), line.size()) != -EPIPE) return;
  // The write has raised SIGPIPE for this very thread. It stands before those that were sent to the
  // process, and must not be forwarded: the child did nothing to deserve it.
  const unsigned long pipe = 1ul << (SIGPIPE - 1);
  const timespec at_once = {};
  SystemCall(SYS_rt_sigtimedwait, &pipe, nullptr, &at_once, sizeof pipe);
}

void Console::WriteByHelper(const Line& line) {
  writer_ = SystemCall(SYS_fork);
  if (writer_ != 0) return;
  const char* text = line.text();
  for (unsigned long left = line.size(); left > 0;) {
    const long written = SystemCall(SYS_write, STDERR_FILENO, text, left);
    if (written <= 0) break;
    text += written;
    left -= static_cast<unsigned long>(written);
  }
  for (;;) SystemCall(SYS_exit_group, 0);
}

void Console::AwaitWriter() const {
  constexpr timespec kPause = {.tv_sec = 0, .tv_nsec = 50'000'000};
  for (int tries = 0; tries < 20; ++tries) {
    if (writer_ <= 0 || SystemCall(SYS_kill, writer_, 0) != 0) return;  // reaped: it is done
    SystemCall(SYS_nanosleep, &kPause, nullptr);
  }
}

}  // namespace minit
