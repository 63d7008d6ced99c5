#include "harness/rig/subject.h"

namespace minit::rig {

ScriptedInit::ScriptedInit(Script<> init) {
  newborns_.emplace_back();  // id 0 is init's
  Push(processes_[kernel::kInit], std::move(init), 0);
}

// The process that has this number now. A word of memory with the id of another, or of none, is that
// of a newborn.
auto ScriptedInit::Find(kernel::Pid pid, kernel::Kernel& kernel) -> Process& {
  const uint64_t word = kernel.Memory(pid);
  const auto found = processes_.find(pid);
  if (found != processes_.end() && found->second.id == word >> 32) return found->second;
  const auto id = static_cast<uint32_t>(word);
  processes_.erase(pid);
  Process& process = processes_[pid];
  process.id = id;
  process.handlers = newborns_[id].handlers;
  Push(process, newborns_[id].body(), 0);
  kernel.SetMemory(pid, uint64_t{id} << 32);
  return process;
}

void ScriptedInit::Push(Process& process, Script<> script, uint64_t mask_after) {
  if (!process.frames.empty()) {
    Frame& below = process.frames.back();
    below.asking = process.asking;
    below.call = process.call;
    below.text = std::move(process.text);
    below.body = std::move(process.body);
    below.result = process.result;
  }
  script.handle().promise().process = &process;
  process.asking = script.handle();
  Frame frame{.script = std::move(script), .mask_after = mask_after};
  process.frames.push_back(std::move(frame));
}

void ScriptedInit::Pop(Process& process) {
  process.frames.pop_back();
  Frame& frame = process.frames.back();
  process.asking = frame.asking;
  process.call = frame.call;
  process.text = std::move(frame.text);
  process.body = std::move(frame.body);
  process.result = frame.result;
}

bool ScriptedInit::Learn(Process& process, const Turn& turn, uint64_t* blocked) {
  const kernel::Step& step = turn.step;
  using Kind = kernel::Step::Kind;
  Frame& frame = process.frames.back();
  if (step.kind == Kind::kReturns || (step.kind == Kind::kHandler && step.in_call)) {
    process.result = *turn.result;
    frame.next = step.restarts ? Frame::Next::kMakeAgain : Frame::Next::kResume;
  }
  if (step.kind != Kind::kHandler) return false;
  const Process::Disposition& disposition = process.handlers.at(step.signal);
  *blocked = disposition.mask | kernel::SignalBit(step.signal);
  Push(process, disposition.handler(step.signal), step.mask);
  return true;
}

bool ScriptedInit::RunOn(Process& process, uint64_t* mask) {
  Frame& frame = process.frames.back();
  if (frame.next == Frame::Next::kMakeAgain) {
    frame.next = Frame::Next::kResume;
    return true;
  }
  process.asking.resume();
  if (!frame.script.handle().done()) return true;
  if (process.frames.size() == 1) {
    process.call = kernel::calls::Exit(0);
    process.text.clear();
    return true;
  }
  *mask = frame.mask_after;
  Pop(process);
  return false;
}

}  // namespace minit::rig
