#include "harness/crosscheck/feedback.h"

#include <bit>

namespace minit::crosscheck {
namespace {

using contract::Step;
using kernel::CallKind;

constexpr uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 29);
}

// Numbers that only grow are told by their size.
uint64_t Size(int count) {
  return static_cast<uint64_t>(std::bit_width(static_cast<unsigned>(count)));
}

uint64_t WorldOf(const kernel::Kernel& kernel) {
  const kernel::Faults& faults = kernel.faults();
  const uint64_t active = (faults.fork_failures != 0 ? 1U : 0U) |
                          (faults.exec_failures != 0 ? 2U : 0U) |
                          (faults.reboot_failures != 0 ? 4U : 0U) | (faults.sync_hangs ? 8U : 0U) |
                          (faults.console_room >= 0 ? 16U : 0U);
  const uint64_t owed = static_cast<uint64_t>(std::popcount(kernel.Owed()) > 0);
  return Size(kernel.size()) | active << 8 | owed << 16 | uint64_t{kernel.owing()} << 17;
}

// What a call comes with, as far as it makes a difference of kind: not numbers of processes.
uint64_t KindOf(const kernel::Call& call) {
  const uint64_t target = call.pid < -1 ? 3 : call.pid == -1 ? 2 : call.pid == 0 ? 0 : 1;
  return static_cast<uint64_t>(call.kind) | target << 8 |
         static_cast<uint64_t>(call.signal & 0xff) << 16 | static_cast<uint64_t>(call.path) << 24 |
         uint64_t{call.flags} << 32;
}

uint64_t KindOf(const Step& step) {
  if (step.kind == Step::Kind::kBlocks) return 1;
  const kernel::Result& result = step.result;
  const int value = result.value;
  // Errors, signals and statuses are told apart, numbers of processes are not.
  const bool is_number = step.call.kind == CallKind::kSigTimedWait || value <= 0;
  const uint64_t what = is_number ? static_cast<uint64_t>(static_cast<uint32_t>(value)) : 0x10000;
  return 2 | what << 8 | static_cast<uint64_t>(static_cast<uint32_t>(result.status) & 0xffff) << 40;
}

}  // namespace

void Feedback::Begin(uint16_t entry) {
  previous_ = entry;
  world_ = 0;
  new_ = false;
}

void Feedback::Add(const Step& step, const kernel::Kernel& kernel) {
  switch (step.kind) {
    case Step::Kind::kReturns:
    case Step::Kind::kBlocks: {
      if (!step.visible) return;
      const uint64_t call = Mix(KindOf(step.call), KindOf(step)) << 1 | (step.by_init ? 1U : 0U);
      See(Mix(Mix(world_, previous_), call));
      previous_ = call;
      return;
    }
    case Step::Kind::kHandler:
      previous_ = Mix(3, step.signal);
      return;
    case Step::Kind::kMove:
      world_ = Mix(WorldOf(kernel), static_cast<uint64_t>(step.cause));
      return;
    case Step::Kind::kRest:
      world_ = WorldOf(kernel);
      previous_ = 0;
      return;
    default:
      return;
  }
}

void Feedback::See(uint64_t tuple) {
  if (!counters_.empty()) ++counters_[tuple % counters_.size()];
  const std::size_t bit = tuple >> (64 - kBits);
  if (seen_->test(bit)) return;
  seen_->set(bit);
  ++tuples_;
  new_ = true;
}

}  // namespace minit::crosscheck
