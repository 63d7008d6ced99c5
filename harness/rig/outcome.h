// What the rigs that run real binaries have in common: what they are told of a subject, how a run of
// it ended, and Rig, which is either of them.

#ifndef MINIT_HARNESS_RIG_OUTCOME_H_
#define MINIT_HARNESS_RIG_OUTCOME_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

struct Limits {
  uint64_t memory_bytes = uint64_t{256} << 20;  // address space of each process
  uint32_t loop_ms = 100;  // processor time that a process may use without making a call
};

struct SubjectOptions {
  std::string path;                         // of the binary, on this machine
  std::vector<std::string> arguments{};     // after the first, which is "/init"
  std::vector<std::string> child{"/core"};  // the command that it has to execute
  Limits limits{};
  // ptrace: whether each scenario begins with an exec, else where that had come to its first call that
  // depends on the world.
  bool from_exec = false;
  bool patch = true;  // in-process: calls that can be are rewritten to jumps into the harness
};

// Calls, or uses of one, that no one answered, and how often.
using NotCovered = std::map<std::string, uint32_t>;

// How a run ended, beside its trace.
struct Outcome {
  enum class End : uint8_t {
    kOver,     // as the scenario has it: `ending` says how
    kGaveUp,   // too many calls between two moves: see Runner
    kLooped,   // a process used processor time and made no call
    kLost,     // a real process died that should not: `signal`
    kCrowded,  // more processes before exec than the rig follows
  };

  // The rig knows no more of it: no verdict counts.
  bool lost() const { return end == End::kLost || end == End::kCrowded; }
  // The rig ended it before the scenario did.
  bool cut_off() const { return end == End::kLooped || end == End::kGaveUp; }

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

class Rig {
 public:
  virtual ~Rig() = default;

  // Plays the scenario. `observer` hears the trace.
  virtual Outcome Run(const scenario::Scenario& scenario, Observer& observer) = 0;

  // Of the run that goes on, or of the last one: as in Outcome.
  virtual const NotCovered& not_covered() const = 0;

  // Ends the run early: for an observer that has heard enough.
  virtual void EndEarly() = 0;

  // For who needs to know more than a trace says (Timeline::Follow).
  virtual const Runner<Observer>& runner() const = 0;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_OUTCOME_H_
