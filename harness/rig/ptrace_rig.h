// PtraceRig: any init, unmodified, static or dynamic, x86-64, as a subject: a fresh process for
// each scenario, every system call of it answered by the kernel model (PTRACE_SYSEMU).
//
//   PtraceRig rig({.path = "/usr/bin/tini", .arguments = {"--", "/core"}});
//   const Outcome outcome = rig.Run(scenario, observer);
//
// The process has run up to its first call that depends on the world before, once for each environment
// and arguments, and is a copy of that (moment.h); or, with `from_exec`, is executed. That is slow and
// obvious, and the judge of what is quicker.
//
// What its subject forks is forked for real, so that it has the memory that it should; it is
// followed until it executes or ends, and from then on is a process of the model alone. Handlers of
// signals are entered for real. Memory is real; nothing else is (fence.h, decode.h).
//
// Invariants
//   1. One process of the subject runs at a time, on the processor of the caller.
//   2. The same scenario, binary and code give the same trace.
//   3. Every run ends, and leaves no process of its own behind; the rig leaves none when it goes.
//   4. From the exec on or not, the trace is the same.
// Held by ptrace_rig_test.cc (/init against the machine rig; other inits with and without an exec) and
// ptrace_subjects_test.cc (each interface, against subjects written by hand).
//
// Not for: programs with threads, time-stamp counters read by instruction (rdtsc), calls by the
// vsyscall page.

#ifndef MINIT_HARNESS_RIG_PTRACE_RIG_H_
#define MINIT_HARNESS_RIG_PTRACE_RIG_H_

#include <sched.h>

#include <array>
#include <cstdint>
#include <memory>

#include "harness/rig/binary_rig.h"
#include "harness/rig/moment.h"
#include "harness/rig/spawner.h"
#include "harness/rig/tracee.h"
#include "harness/rig/watch.h"

namespace minit::rig {

class PtraceRig final : public BinaryRig {
 public:
  // Throws CannotRun, here or at the first run: no namespaces, no fence, a binary that cannot be
  // executed.
  explicit PtraceRig(const SubjectOptions& options);
  ~PtraceRig() override;

 private:
  // How it stands at its first call that depends on the world.
  struct Start {
    bool tried = false;
    std::shared_ptr<Moment> moment;  // nothing: only an exec gets there
    Trap trap;
    Breakpoint breakpoint;  // it is in a loader
    uint64_t calls = 0;
  };

  std::unique_ptr<Body> Begin(const scenario::Entry& entry, uint64_t* calls) override;
  std::unique_ptr<Tracee> Execute(const scenario::Entry& entry);
  void MakeStart(const scenario::Entry& entry, Start& start);

  cpu_set_t before_{};  // where the caller could run
  Watch watch_;
  std::unique_ptr<Spawner> spawner_;
  std::array<Start, kStarts> starts_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PTRACE_RIG_H_
