// /init: the machine of core/ on a real Linux.
//
// It runs one program, MINIT_CHILD_PATH, and takes no arguments. What it decides, and why, is told in
// core/machine.h; how it asks the kernel, in driver.h.
#include <unistd.h>

#include "core/machine.h"
#include "harness/linux/driver.h"
#include "harness/linux/system_call.h"

int main(int, char**, char** environment) {
  using namespace minit;
  if (SystemCall(SYS_getpid) != 1) {
    Line line;
    line
        << "init: refusing to run: this is not process 1, and its last act would be to restart the "
           "machine\n";
    SystemCall(SYS_write, STDERR_FILENO, line.text(), line.size());
    return 1;
  }
  Driver driver(environment);
  driver.SetUp();
  Machine machine({.delay_seconds = MINIT_DELAY_SECONDS});
  for (Event event = Booted{};;) event = driver.Perform(machine.Step(event));
}
