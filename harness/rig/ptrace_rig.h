// PtraceRig: any init, unmodified, static or dynamic, x86-64, as a subject: a fresh process for
// each scenario, every system call of it answered by the kernel model (PTRACE_SYSEMU).
//
//   PtraceRig rig({.path = "/usr/bin/tini", .arguments = {"--", "/core"}});
//   const Outcome outcome = rig.Run(scenario, observer);
//
// It is slow and obvious, and the judge of what is quicker.
//
// What its subject forks is forked for real, so that it has the memory that it should; it is
// followed until it executes or ends, and from then on is a process of the model alone. Handlers of
// signals are entered for real. Memory is real; nothing else is (fence.h, decode.h).
//
// Invariants
//   1. One process of the subject runs at a time, on the processor of the caller.
//   2. The same scenario, binary and code give the same trace.
//   3. Every run ends, and leaves no process behind; the rig leaves none when it goes.
// Held by ptrace_rig_test.cc (/init against the machine rig) and
// ptrace_subjects_test.cc (each interface, against subjects written by hand).
//
// Not for: programs with threads, time-stamp counters read by instruction (rdtsc), calls by the
// vsyscall page.

#ifndef MINIT_HARNESS_RIG_PTRACE_RIG_H_
#define MINIT_HARNESS_RIG_PTRACE_RIG_H_

#include <sched.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/decode.h"
#include "harness/rig/process.h"
#include "harness/rig/runner.h"
#include "harness/rig/spawner.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

struct PtraceOptions {
  std::string path;                         // of the binary, on this machine
  std::vector<std::string> arguments{};     // after the first, which is "/init"
  std::vector<std::string> child{"/core"};  // the command that it has to execute
  Limits limits{};
};

// How a run ended, beside its trace.
struct Outcome {
  enum class End : uint8_t {
    kOver,     // as the scenario has it: `ending` says how
    kGaveUp,   // too many calls between two moves: see Runner
    kLooped,   // a process used processor time and made no call
    kLost,     // a real process died that should not: `signal`
    kCrowded,  // more processes before exec than the rig follows
  };

  End end = End::kOver;
  kernel::Ending ending = kernel::Ending::kNone;
  int ending_status = 0;    // raw wait status, if init died
  int crash = 0;            // a signal that an instruction of init raised last, 0: none
  int signal = 0;           // kLost: of what it died
  uint64_t calls = 0;       // made by all processes of the subject, those that no model sees too
  uint64_t trace_hash = 0;  // of visible calls: who, which, with what, and what came of it
  NotCovered not_covered;
};

// A hash over the visible calls of a trace, step by step. Numbers that it gives are those of this
// build of the harness.
class TraceHash {
 public:
  void Add(const contract::Step& step);
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};

class PtraceRig final : private Observer {
 public:
  // Throws CannotRun, here or at the first run: no namespaces, no fence, a binary that cannot be
  // executed.
  explicit PtraceRig(const PtraceOptions& options);
  ~PtraceRig();
  PtraceRig(const PtraceRig&) = delete;
  PtraceRig& operator=(const PtraceRig&) = delete;

  // Plays the scenario. `observer` hears the trace.
  Outcome Run(const scenario::Scenario& scenario, Observer& observer);

  // For who needs to know more than a trace says (Timeline::Follow).
  const Runner<Observer>& runner() const { return runner_; }

 private:
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  void TakeTurn(const Turn& turn);
  void RunOn(Process& process);
  void Leave(Process& process);
  bool EnterHandler(Process& process, const kernel::Step& step);
  void MakeFork(kernel::Pid parent, kernel::Pid newborn);
  bool Loops(Process& process);
  void Lose(const Stop& stop);
  void End(Outcome::End end);

  PtraceOptions options_;
  cpu_set_t before_{};  // where the caller could run
  std::vector<std::vector<std::string>> environments_;
  kernel::ScenarioKernel kernel_;
  Runner<Observer> runner_;
  Decoder decoder_;
  std::unique_ptr<Spawner> spawner_;

  // Of a run.
  Observer* observer_ = nullptr;
  std::map<kernel::Pid, Process> processes_;
  Outcome outcome_;
  TraceHash hash_;
  uint32_t unseen_ = 0;  // calls since the model saw one
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PTRACE_RIG_H_
