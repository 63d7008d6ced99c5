#include "harness/rig/ptrace_rig.h"

#include <algorithm>

#include "harness/rig/tracee.h"

namespace minit::rig {

PtraceRig::PtraceRig(const SubjectOptions& options) : BinaryRig(options) {
  // Tracer and tracee take turns: on one processor that is quickest.
  sched_getaffinity(0, sizeof before_, &before_);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(std::max(0, sched_getcpu())), &one);
  sched_setaffinity(0, sizeof one, &one);
  spawner_ = std::make_unique<Spawner>(
      Program{.path = options.path, .arguments = options.arguments}, options.limits);
}

PtraceRig::~PtraceRig() { sched_setaffinity(0, sizeof before_, &before_); }

std::unique_ptr<Body> PtraceRig::Begin(const scenario::Entry& entry, uint64_t*) {
  return std::make_unique<Tracee>(spawner_->Spawn(entry.environment, entry.arguments));
}

}  // namespace minit::rig
