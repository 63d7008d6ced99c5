// InProcessRig: what PtraceRig does, for static x86-64 binaries, quickly: the subject runs in this
// process, on this thread, and its calls are dispatched to the harness (gate.h). There is no process
// for each scenario: the memory is put back page by page (memory.h), to the moment of the first call
// that depends on the world, and a fork is a copy of what was written.
//
//   Worker worker([&](const Worker::Link& link) {
//     InProcessRig rig({.path = "/sbin/init"});
//     const Outcome outcome = rig.Run(scenario, observer); …
//   });
//
// It trusts the subject with its memory: one that writes where it likes can change what the harness
// finds. So it belongs in a Worker, whose fence holds whatever the subject does, and what it finds
// counts once the ptrace rig has found it in a process of its own.
//
// Beyond what PtraceRig is not for, the subject must not: be linked dynamically, read files before
// its first visible call, single-step itself, or rely on where it lies in memory. `Limits::memory_bytes` is
// for what it maps, in all.
//
// Invariants
//   1. The same scenario gives the same visible calls as under the ptrace rig.
//   2. A run leaves nothing behind for the next.
// Held by in_process_rig_test.cc, against the ptrace rig and by hostile subjects.

#ifndef MINIT_HARNESS_RIG_IN_PROCESS_RIG_H_
#define MINIT_HARNESS_RIG_IN_PROCESS_RIG_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "harness/rig/binary_rig.h"
#include "harness/rig/guest.h"
#include "harness/rig/image.h"
#include "harness/rig/memory.h"
#include "harness/rig/outcome.h"
#include "harness/rig/patch.h"
#include "harness/rig/spawner.h"

namespace minit::rig {

// "" if a subject can run in process, here, patched if that is asked; else why not, for people. Not to
// be asked in a worker.
std::string WhyNotInProcess(const SubjectOptions& options);

class InProcessRig final : public BinaryRig {
 public:
  // Throws CannotRun. One at a time in a process.
  explicit InProcessRig(const SubjectOptions& options);
  ~InProcessRig() override;

  // For reports: how the calls of this subject are caught.
  const char* name() const {
    return options().patch ? "in-process, patched" : "in-process, trapped";
  }
  const Patches& patches() const { return patches_; }

 private:
  // How it stands at its first call that depends on the world.
  struct Start {
    Guest::State state;
    std::unique_ptr<Memory::Version> memory;
    uint64_t calls = 0;
  };
  // What an entry leaves on the stack: words, and strings that they point to.
  struct Vector {
    std::vector<uint64_t> words;
  };

  std::unique_ptr<Body> Begin(const scenario::Entry& entry, uint64_t* calls) override;
  Vector PlaceVector(std::size_t environment, std::size_t arguments);
  void MakeStart(std::size_t which);

  Image image_;
  Memory memory_;
  Patches patches_;
  std::array<Vector, kStarts> vectors_;
  std::array<Start, kStarts> starts_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_IN_PROCESS_RIG_H_
