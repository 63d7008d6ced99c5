#include "harness/linux/console.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "harness/linux/system_call.h"

namespace minit {

void Line::Put(char character) {
  if (size_ < sizeof text_) text_[size_++] = character;
}

Line& Line::operator<<(const char* text) {
  while (*text != '\0') Put(*text++);
  return *this;
}

Line& Line::operator<<(int number) {
  char digits[12];
  int count = 0;
  unsigned rest = number < 0 ? 0u - static_cast<unsigned>(number) : static_cast<unsigned>(number);
  do {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) Put('-');
  while (count > 0) Put(digits[--count]);
  return *this;
}

void Console::Open() {
  constexpr int kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_APPEND | O_CLOEXEC;
  long opened = SystemCall(SYS_open, "/dev/console", kFlags);
  if (opened < 0) opened = SystemCall(SYS_open, "/proc/self/fd/2", kFlags);
  descriptor_ = static_cast<int>(opened);
}

void Console::Write(const Line& line) const {
  if (descriptor_ < 0) return WriteByHelper(line);
  if (SystemCall(SYS_write, descriptor_, line.text(), line.size()) != -EPIPE) return;
  // The write has raised SIGPIPE for this very thread. It stands before those that were sent to the
  // process, and must not be forwarded: the child did nothing to deserve it.
  const unsigned long pipe = 1ul << (SIGPIPE - 1);
  const timespec at_once = {};
  SystemCall(SYS_rt_sigtimedwait, &pipe, nullptr, &at_once, sizeof pipe);
}

void Console::WriteByHelper(const Line& line) const {
  if (SystemCall(SYS_fork) != 0) return;
  const char* text = line.text();
  for (unsigned long left = line.size(); left > 0;) {
    const long written = SystemCall(SYS_write, STDERR_FILENO, text, left);
    if (written <= 0) break;
    text += written;
    left -= static_cast<unsigned long>(written);
  }
  for (;;) SystemCall(SYS_exit_group, 0);
}

}  // namespace minit
