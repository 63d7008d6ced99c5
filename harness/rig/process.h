// Process: one process of a subject, as the ptrace rig sees it: the real one, and what the kernel
// model does not keep: addresses of handlers, whom an epoll tells what, and what stands in a pipe.

#ifndef MINIT_HARNESS_RIG_PROCESS_H_
#define MINIT_HARNESS_RIG_PROCESS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/rig/tracee.h"

namespace minit::rig {

// The kernel's struct sigaction.
struct SignalAction {
  uint64_t handler = 0;
  uint64_t flags = 0;
  uint64_t restorer = 0;
  uint64_t mask = 0;
};

struct Process {
  struct File {
    bool non_block = false;
    std::shared_ptr<std::string> pipe;  // what was written and not read; none: no pipe
  };
  struct Interest {  // of an epoll in a descriptor
    uint32_t events = 0;
    uint64_t data = 0;
  };
  // What the parent asked, for the real fork.
  struct Fork {
    uint64_t flags = 0;
    uint64_t stack = 0;
    uint64_t parent_number = 0;  // addresses
    uint64_t child_number = 0;
    uint64_t thread_pointer = 0;
  };

  Process(Tracee process, kernel::Pid number) : tracee(std::move(process)), pid(number) {}

  Tracee tracee;
  kernel::Pid pid;
  bool newborn = false;  // has not yet returned from the fork that made it
  std::array<SignalAction, kernel::kSigRtMax + 1> actions{};
  std::array<File, kernel::kDescriptors> files{};
  std::map<std::pair<int, int>, Interest> interests;

  // The call it is in.
  kernel::Call call;
  SignalAction action;      // rt_sigaction
  Fork fork;                // fork and the like
  uint64_t written_to = 0;  // poll: descriptors that may be written to
  uint32_t done = 0;       // bytes or descriptors that it has got so far, if it takes several calls
                           // of the model
  bool fork_told = false;  // the model has made the newborn

  uint64_t traps = 0;
  uint64_t traps_at_tick = UINT64_MAX;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PROCESS_H_
