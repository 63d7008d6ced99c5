#include "harness/rig/binary_rig.h"

#include <algorithm>
#include <utility>

#include "harness/rig/program.h"
#include "harness/rig/spawner.h"

namespace minit::rig {
namespace {

using contract::Step;
using kernel::CallKind;
using kernel::kInit;

constexpr std::size_t kMaxProcesses = 128;  // before exec, at one time
constexpr uint64_t kMaxStartUp = 10'000;
constexpr uint32_t kMaxUnseen = 100'000;  // calls in a row that the model does not see

constexpr uint64_t kSaResetHand = 0x80000000;
constexpr uint64_t kSaNoDefer = 0x40000000;

}  // namespace

BinaryRig::BinaryRig(const SubjectOptions& options)
    : options_(options),
      runner_(kernel_, *this),
      decoder_(runner_.cast(), kernel_, options_.child, WhatIsLoadedFor(options_.path)) {
  RequireProgram(options_.path);
  for (std::size_t i = 0; i < kEnvironments; ++i) {
    environments_.push_back(EnvironmentFor(static_cast<scenario::Environment>(i)));
  }
}

BinaryRig::~BinaryRig() = default;

Outcome BinaryRig::Run(const scenario::Scenario& scenario, Observer& observer) {
  outcome_ = {};
  hash_ = {};
  observer_ = &observer;
  decoder_.Begin(&environments_[static_cast<std::size_t>(scenario.entry.environment)]);
  Add(kInit, Begin(scenario.entry, &outcome_.calls));
  unseen_ = static_cast<uint32_t>(outcome_.calls);
  runner_.Enter(scenario);
  while (const Turn* turn = runner_.Next()) TakeTurn(*turn);
  RemoveIf([](const Process&) { return true; });
  if (outcome_.end == Outcome::End::kOver && runner_.gave_up()) {
    outcome_.end = Outcome::End::kGaveUp;
  }
  outcome_.ending = kernel_.ending();
  outcome_.ending_status = kernel_.ending_status();
  outcome_.trace_hash = hash_.value();
  outcome_.not_covered = decoder_.not_covered();
  return std::move(outcome_);
}

void BinaryRig::End(Outcome::End end) {
  outcome_.end = end;
  runner_.Stop();
}

// --- Processes -----------------------------------------------------------------------------------

Process* BinaryRig::Find(kernel::Pid pid) {
  for (const auto& process : processes_) {
    if (process->pid == pid) return process.get();
  }
  return nullptr;
}

// A process that was removed is used again: that costs less than a new one.
Process& BinaryRig::Add(kernel::Pid pid, std::unique_ptr<Body> body) {
  if (spare_.empty()) spare_.push_back(std::make_unique<Process>());
  processes_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Process& process = *processes_.back();
  process.Begin(pid, std::move(body));
  return process;
}

void BinaryRig::Remove(kernel::Pid pid) {
  RemoveIf([pid](const Process& process) { return process.pid == pid; });
}

template <typename Matches>
void BinaryRig::RemoveIf(Matches matches) {
  for (std::size_t i = 0; i < processes_.size();) {
    if (!matches(*processes_[i])) {
      ++i;
      continue;
    }
    processes_[i]->body.reset();
    spare_.push_back(std::move(processes_[i]));
    processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// --- The model tells -----------------------------------------------------------------------------

// What it has done with a fork, an exec or an exit, the real processes follow at once: before
// anybody can change the memory that a newborn inherits.
void BinaryRig::On(const Step& step, const kernel::Kernel& kernel) {
  if (step.kind == Step::Kind::kReturns || step.kind == Step::Kind::kBlocks) {
    hash_.Add(step);
    const bool blocks = step.kind == Step::Kind::kBlocks;
    const bool gone = step.result.state == kernel::Result::State::kGone;
    switch (step.call.kind) {
      case CallKind::kFork: {
        Process* const parent = Find(step.pid);
        if (parent == nullptr || parent->fork_told || gone) break;
        parent->fork_told = true;
        if (blocks || step.result.value > 0) MakeFork(*parent, kernel.PidAt(kernel.size() - 1));
        break;
      }
      case CallKind::kExec:
        if (gone || blocks || step.result.value != 0) break;
        if (step.pid == kInit) decoder_.Report("an exec by init itself: the run ends there");
        Remove(step.pid);
        break;
      case CallKind::kWrite: {
        // What stands in it comes out wrong if such a write is interrupted or made again.
        Process* const writer = blocks ? Find(step.pid) : nullptr;
        if (writer != nullptr && writer->PipeAt(step.call.fd) != nullptr) {
          decoder_.Report("a write to a pipe that is full");
        }
        break;
      }
      case CallKind::kExit:
        if (gone && step.pid != kInit) Remove(step.pid);
        break;
      default:
        break;
    }
  }
  observer_->On(step, kernel);
}

void BinaryRig::MakeFork(Process& parent, kernel::Pid newborn_pid) {
  Remove(newborn_pid);  // of one who had the number and was killed
  if (processes_.size() >= kMaxProcesses) {
    RemoveIf([this](const Process& process) {
      const kernel::View view = kernel_.Look(process.pid);
      return view.pid == 0 || view.activity == kernel::Activity::kZombie;
    });
    if (processes_.size() >= kMaxProcesses) return End(Outcome::End::kCrowded);
  }
  std::unique_ptr<Body> body = parent.body->Fork(parent.fork, newborn_pid);
  if (body == nullptr) return Lose({});
  Process& newborn = Add(newborn_pid, std::move(body));
  newborn.newborn = true;
  newborn.non_block = parent.non_block;
  newborn.pipes = parent.pipes;
  newborn.interests = parent.interests;
  newborn.actions = parent.actions;
  newborn.roots = parent.roots;
  newborn.loaded = parent.loaded;
}

// --- Turns ---------------------------------------------------------------------------------------

void BinaryRig::TakeTurn(const Turn& turn) {
  Process* const found = Find(turn.pid);
  if (found == nullptr) return Lose({});  // its real fork was refused, or init has exec'd
  Process& process = *found;
  const kernel::Step& step = turn.step;
  const bool newborn = std::exchange(process.newborn, false);
  if (step.kind == kernel::Step::Kind::kHandler) {
    if (step.in_call && !newborn) {
      step.restarts ? process.body->MakeAgain() : decoder_.Finish(process, *turn.result);
    }
    if (!EnterHandler(process, step)) Lose({});
    return;
  }
  if (step.kind == kernel::Step::Kind::kReturns && !newborn) {
    if (const auto further = decoder_.Continue(process, *turn.result)) {
      return runner_.Call(*further);
    }
  }
  RunOn(process);
}

Stop BinaryRig::RunUp(Process& process, uint64_t* calls) {
  const Body& body = *process.body;
  *calls = 0;
  for (int ticks = 0;;) {
    const Stop stop = process.body->Run();
    if (stop.kind == Stop::Kind::kTick && ++ticks < 2) continue;
    if (stop.kind != Stop::Kind::kCall || *calls == kMaxStartUp || !body.trap().native) return stop;
    if (!decoder_.IsOfLoader(process) && !Decoder::IsOfStartUp(body.trap().number)) return stop;
    ++*calls;
    const Asked asked = decoder_.Decode(process);
    if (asked.way == Asked::Way::kPass) {
      process.body->PassThrough();
    } else {
      process.body->Return(asked.value);
    }
  }
}

// Up to the next call that concerns the model.
void BinaryRig::RunOn(Process& process) {
  for (;;) {
    const Stop stop = process.body->Run();
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
        process.body->Return(asked.value);
        break;
      case Asked::Way::kPass:
        process.body->PassThrough();
        break;
    }
  }
}

// Two ticks without a call in between.
bool BinaryRig::Loops(Process& process) {
  return std::exchange(process.traps_at_tick, process.traps) == process.traps;
}

void BinaryRig::EndSpinning(const Process& process) {
  observer_->On({.kind = Step::Kind::kSpins, .by_init = process.pid == kInit, .pid = process.pid},
                kernel_);
  End(Outcome::End::kLooped);
}

void BinaryRig::Lose(const Stop& stop) {
  outcome_.signal = stop.signal;
  End(Outcome::End::kLost);
}

// --- Handlers ------------------------------------------------------------------------------------

bool BinaryRig::EnterHandler(Process& process, const kernel::Step& step) {
  const SignalAction& action = process.actions[step.signal];
  const uint64_t own = (action.flags & kSaNoDefer) != 0 ? 0 : kernel::SignalBit(step.signal);
  if (!process.body->EnterHandler(action, decoder_.InfoOf(process.pid, step.signal, false),
                                  step.mask)) {
    return false;
  }
  runner_.EnterHandler(action.mask | own);
  if ((action.flags & kSaResetHand) != 0) {
    kernel_.Issue(process.pid, kernel::calls::SigAction(step.signal, kernel::kSigDfl));
  }
  return true;
}

void BinaryRig::Leave(Process& process) {
  const auto mask = process.body->ReadMaskOfFrame();
  if (!mask || !process.body->LeaveHandler()) return Lose({});
  runner_.LeaveHandler(*mask);
}

}  // namespace minit::rig
