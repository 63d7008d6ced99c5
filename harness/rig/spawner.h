// Spawner: a process behind the fence (fence.h) that starts a subject again and again, each time as
// a fresh process of it, traced by whoever made the spawner.
//
// Invariants
//   1. All that runs is in a PID namespace whose process 1 is the spawner: it dies with the thread
//      that made it, and with it everything inside, whatever that has forked.
//   2. A subject finds the same memory each time: no randomised layout, no vDSO, the same auxiliary
//      vector and the same random bytes in it.
//   3. It is bounded: address space, stack and files. (Processor time used between two calls: watch.h.)
// Held by ptrace_subjects_test.cc.

#ifndef MINIT_HARNESS_RIG_SPAWNER_H_
#define MINIT_HARNESS_RIG_SPAWNER_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/rig/cannot_run.h"
#include "harness/rig/outcome.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

// In how many ways a scenario can have each; and a number for what an entry has of both.
inline constexpr std::size_t kEnvironments = 3;
inline constexpr std::size_t kArguments = 3;
inline constexpr std::size_t kStarts = kEnvironments * kArguments;
constexpr std::size_t StartOf(const scenario::Entry& entry) {
  return static_cast<std::size_t>(entry.environment) * kArguments +
         static_cast<std::size_t>(entry.arguments);
}

inline constexpr uint64_t kSpawnedStackBytes = uint64_t{1} << 20;  // at most

// What is started.
struct Program {
  std::string path;                    // of the binary, on this machine
  std::vector<std::string> arguments;  // after the first, which is "/init"
};

// The environment, as a list of NAME=VALUE, in each way that a scenario has it; and the arguments.
// A program that is given arguments always gets just those.
std::vector<std::string> EnvironmentFor(scenario::Environment environment);
std::vector<std::string> ArgumentsFor(const Program& program, scenario::Arguments arguments);

// A process of it, stopped for its tracer just after its exec.
struct Spawned {
  pid_t pid = -1;
  uint64_t entry = 0;  // where the program itself begins, if a loader runs before it
};

class Spawner {
 public:
  // Throws CannotRun if there can be no fence, or no namespaces.
  Spawner(const Program& program, const Limits& limits);
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;
  ~Spawner();  // ends all that it has started

  // A new process of the subject, to be killed and waited for by the caller. Throws CannotRun if the
  // binary cannot be executed.
  Spawned Spawn(scenario::Environment environment, scenario::Arguments arguments);

 private:
  struct Board;

  [[noreturn]] void Run();
  [[noreturn]] void Refuse(const std::string& problem);
  void WaitUntilReady();
  static int Execute(void* spawner);
  static uint64_t PatchVector(pid_t pid, const std::string& path);

  Program program_;
  Limits limits_;
  std::string outer_mounts_;
  std::array<std::vector<std::string>, kEnvironments> environments_;
  std::array<std::vector<std::string>, kArguments> arguments_;
  std::array<std::vector<char*>, kEnvironments> environment_pointers_;
  std::array<std::vector<char*>, kArguments> argument_pointers_;
  Board* board_ = nullptr;  // shared with the process
  pid_t pid_ = -1;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_SPAWNER_H_
