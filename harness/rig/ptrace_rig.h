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
#include "harness/rig/outcome.h"
#include "harness/rig/process.h"
#include "harness/rig/runner.h"
#include "harness/rig/spawner.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

class PtraceRig final : public Rig, private Observer {
 public:
  // Throws CannotRun, here or at the first run: no namespaces, no fence, a binary that cannot be
  // executed.
  explicit PtraceRig(const SubjectOptions& options);
  ~PtraceRig() override;
  PtraceRig(const PtraceRig&) = delete;
  PtraceRig& operator=(const PtraceRig&) = delete;

  Outcome Run(const scenario::Scenario& scenario, Observer& observer) override;
  void EndEarly() override { runner_.Stop(); }
  const Runner<Observer>& runner() const override { return runner_; }

 private:
  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  void TakeTurn(const Turn& turn);
  void RunOn(Process& process);
  void Leave(Process& process);
  bool EnterHandler(Process& process, const kernel::Step& step);
  void MakeFork(kernel::Pid parent, kernel::Pid newborn);
  bool Loops(Process& process);
  void EndSpinning(const Process& process);
  void Lose(const Stop& stop);
  void End(Outcome::End end);

  SubjectOptions options_;
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
