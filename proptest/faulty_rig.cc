#include "proptest/faulty_rig.h"

#include "harness/kernel/call.h"

namespace minit::proptest {

using kernel::CallKind;
using kernel::kInit;
using rig::MachineRig;

MachineRig::Asks FaultyRig::Distorted(const rig::Turn& turn, const rig::Cast& cast,
                                      kernel::Kernel& kernel) {
  const bool by_init = turn.pid == kInit;
  if (by_init && postpones_) {
    postpones_ = false;
    call_ = postponed_.call;
    return postponed_;
  }
  rig::Turn heard = turn;
  kernel::Result result = *turn.result;
  heard.result = &result;
  if (left_out_ == turn.pid) {
    result = {};
    left_out_ = 0;
  }
  if (by_init) {
    if (call_.kind == CallKind::kFork && (call_.flags & kernel::kCloneVfork) != 0) {
      child_ = result.value;
    }
    if (fault_->hear != nullptr && turn.step.kind == kernel::Step::Kind::kReturns) {
      fault_->hear({{machine(), child_, flag_}, call_, result});
    }
  }
  return Ask(turn.pid, rig_.Answer(heard, cast, kernel));
}

MachineRig::Asks FaultyRig::Ask(kernel::Pid pid, MachineRig::Asks asks) {
  kernel::Call before;
  bool left_out = false;
  if (fault_->ask != nullptr) {
    fault_->ask({{machine(), child_, flag_}, pid == kInit, asks, asks.call, before, left_out});
  }
  if (pid == kInit) call_ = asks.call;
  if (left_out) {
    left_out_ = pid;
    return {.call = kernel::calls::GetId(kernel::kIdProcess), .text = {}};
  }
  if (before.kind == CallKind::kOther) return asks;
  postponed_ = asks;
  postpones_ = true;
  return {.call = before, .text = {}};
}

uint64_t FaultyRig::Hash(uint64_t origin_ns) const {
  const uint64_t hash = rig_.Hash(origin_ns);
  if (fault_ == nullptr) return hash;
  const uint64_t own = static_cast<uint64_t>(call_.kind) << 40 | uint64_t{postpones_} << 33 |
                       uint64_t{flag_} << 32 | static_cast<uint32_t>(child_);
  return hash ^ (own ^ static_cast<uint64_t>(left_out_) << 50) * 0x9e3779b97f4a7c15;
}

}  // namespace minit::proptest
