// Console: where init says what it does, without ever being held up by it.
//
// A console can block for ever: a serial line whose other side holds flow control, a terminal or a
// pipe that nobody reads. So it is opened non-blocking, in an open file of its own (O_NONBLOCK set on
// an inherited one would change it for everybody who shares it). Where nothing can be opened that
// heeds O_NONBLOCK (a file on a disk that hangs does not), each line is written by a helper process,
// which may block in init's stead. Polling before a blocking write would not do: a terminal with room
// for one byte says that it is writable.
//
// Best effort: what the console does not take at once is lost.
#ifndef MINIT_HARNESS_LINUX_CONSOLE_H_
#define MINIT_HARNESS_LINUX_CONSOLE_H_

#include "harness/linux/announcement.h"

namespace minit {

class Console {
 public:
  // Opens the first that can be had: /dev/console; what standard error is, through /proc; else
  // none, and helpers write to standard error.
  void Open();

  // Writes the line, or as much as is taken. Never waits. Leaves no SIGPIPE pending.
  void Write(const Line& line);

  // For a helper that is about to let the machine restart: gives the one that writes the last line
  // up to a second to be done.
  void AwaitWriter() const;

 private:
  void WriteByHelper(const Line& line);

  int descriptor_ = -1;
  bool is_system_console_ = false;
  long writer_ = -1;  // the helper that was last made to write
};

}  // namespace minit

#endif  // MINIT_HARNESS_LINUX_CONSOLE_H_
