#include "harness/rig/ptrace_rig.h"

#include <algorithm>
#include <utility>

#include "harness/rig/traced.h"

namespace minit::rig {

PtraceRig::PtraceRig(const SubjectOptions& options)
    : BinaryRig(options), watch_(options.limits.loop_ms) {
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

std::unique_ptr<Tracee> PtraceRig::Execute(const scenario::Entry& entry) {
  const Spawned spawned = spawner_->Spawn(entry.environment, entry.arguments);
  auto tracee = std::make_unique<Tracee>(spawned.pid);
  if (spawned.entry != 0) tracee->BreakAt(spawned.entry);
  return tracee;
}

std::unique_ptr<Body> PtraceRig::Begin(const scenario::Entry& entry, uint64_t* calls) {
  watch_.Take();
  if (options().from_exec) return Execute(entry);
  Start& start = starts_[StartOf(entry)];
  if (!start.tried) MakeStart(entry, start);
  if (start.moment == nullptr) return Execute(entry);
  std::shared_ptr<Space> space = start.moment->Take();
  const pid_t pid = space == nullptr ? -1 : space->Make(start.moment->registers());
  if (pid < 0) {  // somebody has killed what was kept
    start = {};
    return Execute(entry);
  }
  *calls = start.calls;
  return std::make_unique<Tracee>(std::move(space), pid, start.trap,
                                  start.moment->registers().rip - kCallBytes, start.breakpoint);
}

void PtraceRig::MakeStart(const scenario::Entry& entry, Start& start) {
  start.tried = true;
  std::unique_ptr<Tracee> executed = Execute(entry);
  Tracee& body = *executed;
  const std::size_t files = body.CountFiles();
  Process process;
  process.pid = kernel::kInit;
  process.body = std::move(executed);
  const Stop stop = RunUp(process, &start.calls);
  // Who shares an open file would share where it is read.
  if (stop.kind != Stop::Kind::kCall || !body.trap().native || body.CountFiles() != files) return;
  start.trap = body.trap();
  start.breakpoint = body.breakpoint();
  start.moment = Moment::Of(body.Release());
}

}  // namespace minit::rig
