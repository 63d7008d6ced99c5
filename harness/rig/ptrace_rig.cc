#include "harness/rig/ptrace_rig.h"

#include <linux/sched.h>

#include <algorithm>
#include <utility>

namespace minit::rig {
namespace {

using contract::Step;
using kernel::CallKind;
using kernel::kInit;

constexpr std::size_t kMaxProcesses = 128;  // before exec, at one time
constexpr uint32_t kMaxUnseen = 100'000;    // calls in a row that the model does not see

constexpr uint64_t kSaResetHand = 0x80000000;
constexpr uint64_t kSaNoDefer = 0x40000000;

}  // namespace

PtraceRig::PtraceRig(const SubjectOptions& options)
    : options_(options),
      runner_(kernel_, *this),
      decoder_(runner_.cast(), kernel_, options_.child) {
  for (int i = 0; i < 3; ++i) {
    environments_.push_back(EnvironmentFor(static_cast<scenario::Environment>(i)));
  }
  // Tracer and tracee take turns: on one processor that is quickest.
  sched_getaffinity(0, sizeof before_, &before_);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(std::max(0, sched_getcpu())), &one);
  sched_setaffinity(0, sizeof one, &one);
  spawner_ = std::make_unique<Spawner>(
      Program{.path = options_.path, .arguments = options_.arguments}, options_.limits);
}

PtraceRig::~PtraceRig() { sched_setaffinity(0, sizeof before_, &before_); }

Outcome PtraceRig::Run(const scenario::Scenario& scenario, Observer& observer) {
  outcome_ = {};
  hash_ = {};
  unseen_ = 0;
  observer_ = &observer;
  decoder_.Begin(&environments_[static_cast<std::size_t>(scenario.entry.environment)]);
  processes_.emplace(
      kInit, Process(Tracee(spawner_->Spawn(scenario.entry.environment, scenario.entry.arguments)),
                     kInit));
  runner_.Enter(scenario);
  while (const Turn* turn = runner_.Next()) TakeTurn(*turn);
  processes_.clear();
  if (outcome_.end == Outcome::End::kOver && runner_.gave_up()) {
    outcome_.end = Outcome::End::kGaveUp;
  }
  outcome_.ending = kernel_.ending();
  outcome_.ending_status = kernel_.ending_status();
  outcome_.trace_hash = hash_.value();
  outcome_.not_covered = decoder_.not_covered();
  return std::move(outcome_);
}

void PtraceRig::End(Outcome::End end) {
  outcome_.end = end;
  runner_.Stop();
}

// --- The model tells -----------------------------------------------------------------------------

// What it has done with a fork, an exec or an exit, the real processes follow at once: before
// anybody can change the memory that a newborn inherits.
void PtraceRig::On(const Step& step, const kernel::Kernel& kernel) {
  if (step.kind == Step::Kind::kReturns || step.kind == Step::Kind::kBlocks) {
    hash_.Add(step);
    const bool blocks = step.kind == Step::Kind::kBlocks;
    const bool gone = step.result.state == kernel::Result::State::kGone;
    switch (step.call.kind) {
      case CallKind::kFork: {
        const auto parent = processes_.find(step.pid);
        if (parent == processes_.end() || parent->second.fork_told || gone) break;
        parent->second.fork_told = true;
        if (blocks || step.result.value > 0) MakeFork(step.pid, kernel.PidAt(kernel.size() - 1));
        break;
      }
      case CallKind::kExec:
        if (gone || blocks || step.result.value != 0) break;
        if (step.pid == kInit) decoder_.Report("an exec by init itself: the run ends there");
        processes_.erase(step.pid);
        break;
      case CallKind::kExit:
        if (gone && step.pid != kInit) processes_.erase(step.pid);
        break;
      default:
        break;
    }
  }
  observer_->On(step, kernel);
}

void PtraceRig::MakeFork(kernel::Pid parent_pid, kernel::Pid newborn_pid) {
  Process& parent = processes_.at(parent_pid);
  processes_.erase(newborn_pid);  // of one who had the number and was killed
  if (processes_.size() >= kMaxProcesses) {
    std::erase_if(processes_, [this](const auto& entry) {
      const kernel::View view = kernel_.Look(entry.first);
      return view.pid == 0 || view.activity == kernel::Activity::kZombie;
    });
    if (processes_.size() >= kMaxProcesses) return End(Outcome::End::kCrowded);
  }
  const Process::Fork& fork = parent.fork;
  std::optional<Tracee> real = parent.tracee.Fork(fork.flags, fork.stack, fork.thread_pointer);
  if (!real) return Lose({});
  const auto [at, added] = processes_.emplace(newborn_pid, Process(*std::move(real), newborn_pid));
  Process& newborn = at->second;
  newborn.newborn = true;
  newborn.files = parent.files;
  newborn.interests = parent.interests;
  newborn.actions = parent.actions;
  if ((fork.flags & CLONE_CHILD_SETTID) != 0) newborn.tracee.Write(fork.child_number, newborn_pid);
  if ((fork.flags & CLONE_PARENT_SETTID) != 0) {
    parent.tracee.Write(fork.parent_number, newborn_pid);
  }
}

// --- Turns ---------------------------------------------------------------------------------------

void PtraceRig::TakeTurn(const Turn& turn) {
  const auto found = processes_.find(turn.pid);
  if (found == processes_.end()) return Lose({});  // its real fork was refused, or init has exec'd
  Process& process = found->second;
  const kernel::Step& step = turn.step;
  const bool newborn = std::exchange(process.newborn, false);
  if (step.kind == kernel::Step::Kind::kHandler) {
    if (step.in_call && !newborn) {
      step.restarts ? process.tracee.MakeAgain() : decoder_.Finish(process, step.result);
    }
    if (!EnterHandler(process, step)) Lose({});
    return;
  }
  if (step.kind == kernel::Step::Kind::kReturns && !newborn) {
    if (const auto further = decoder_.Continue(process, step.result)) {
      return runner_.Call(*further);
    }
  }
  RunOn(process);
}

// Up to the next call that concerns the model.
void PtraceRig::RunOn(Process& process) {
  for (;;) {
    const Stop stop = process.tracee.Run();
    switch (stop.kind) {
      case Stop::Kind::kEnded:
        return Lose(stop);
      case Stop::Kind::kTick:
        if (Loops(process)) return EndSpinning(process);
        continue;
      case Stop::Kind::kFault:
        if (process.pid == kInit) outcome_.crash = stop.signal;
        kernel_.Fault(process.pid, stop.signal);
        return;
      case Stop::Kind::kCall:
        break;
    }
    ++process.traps;
    ++outcome_.calls;
    if (++unseen_ > kMaxUnseen) return EndSpinning(process);
    const Asked asked = decoder_.Decode(process);
    switch (asked.way) {
      case Asked::Way::kModel:
        unseen_ = 0;
        return runner_.Call(asked.call, asked.text);
      case Asked::Way::kLeaveHandler:
        return Leave(process);
      case Asked::Way::kReturn:
        process.tracee.Return(asked.value);
        break;
      case Asked::Way::kPass:
        process.tracee.PassThrough();
        break;
    }
  }
}

// Two ticks without a call in between.
bool PtraceRig::Loops(Process& process) {
  return std::exchange(process.traps_at_tick, process.traps) == process.traps;
}

void PtraceRig::EndSpinning(const Process& process) {
  observer_->On(
      {.kind = Step::Kind::kSpins, .by_init = process.pid == kInit, .pid = process.pid}, kernel_);
  End(Outcome::End::kLooped);
}

void PtraceRig::Lose(const Stop& stop) {
  outcome_.signal = stop.signal;
  End(Outcome::End::kLost);
}

// --- Handlers ------------------------------------------------------------------------------------

bool PtraceRig::EnterHandler(Process& process, const kernel::Step& step) {
  SignalAction& action = process.actions[step.signal];
  const uint64_t own = (action.flags & kSaNoDefer) != 0 ? 0 : kernel::SignalBit(step.signal);
  if (!process.tracee.EnterHandler(decoder_.InfoOf(process.pid, step.signal, false), step.mask)) {
    return false;
  }
  runner_.EnterHandler(action.mask | own);
  if ((action.flags & kSaResetHand) != 0) {
    kernel_.Issue(process.pid, kernel::calls::SigAction(step.signal, kernel::kSigDfl));
  }
  return true;
}

void PtraceRig::Leave(Process& process) {
  const auto mask = process.tracee.ReadMaskOfFrame();
  if (!mask || !process.tracee.LeaveHandler()) return Lose({});
  runner_.LeaveHandler(*mask);
}

}  // namespace minit::rig
