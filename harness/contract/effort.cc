// Rules 13 and 15: which calls init makes, and how many.

#include "harness/contract/judge.h"
#include "harness/contract/waits.h"

namespace minit::contract {
namespace {

using kernel::CallKind;
using kernel::kInit;

// Signals that are pending, and deaths and stops that init could be told of.
uint32_t LeftToDo(const kernel::Kernel& kernel) {
  int left = 0;
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    left += kernel.PendingCount(kInit, signal, false) + kernel.PendingCount(kInit, signal, true);
  }
  for (int i = 1; i < kernel.size(); ++i) {
    const kernel::View view = kernel.Look(kernel.PidAt(i));
    if (view.parent != kInit && view.tracer != kInit) continue;
    left += view.activity == kernel::Activity::kZombie || view.stop_to_tell ||
            view.activity == kernel::Activity::kTraced;
  }
  return static_cast<uint32_t>(left);
}

}  // namespace

bool CallList::Has(const kernel::Call& call) const {
  if (call.kind != CallKind::kOther) return (kinds >> static_cast<int>(call.kind) & 1) != 0;
  const auto number = static_cast<uint32_t>(call.value);
  return number < 64 * others.size() && (others[number / 64] >> number % 64 & 1) != 0;
}

// What there was to do when the move came is what has been done of it and what is left. That is
// counted only when it is needed, so a little more is allowed than the rule says: what came later.
void Judge::CountCall(const Step& step, const Kernel& kernel) {
  if (!terms_.counts_calls) return;
  const kernel::Call& call = step.call;
  const bool second_half = call.kind == CallKind::kRead && (call.flags & kernel::kReadMore) != 0;
  if (second_half) return;
  if (!effort_.rested) {
    const uint32_t bound = kCallsToRest + kCallsForEach * effort_.credit;
    if (++effort_.calls > bound) CheckCalls(bound, kernel);
    return;
  }
  const uint64_t now_ns = kernel.now_ns();
  if (effort_.in_window == 0 || now_ns - effort_.window_ns >= kSecondNs) {
    effort_.in_window = 0;
    effort_.window_ns = now_ns;
  }
  if (++effort_.in_window <= kCallsInASecond) return;
  effort_.in_window = kCallsInASecond;
  Fail(Rule::kComesToRest, kernel,
       {.facts = {.how = How::kTwice}, .number = static_cast<int32_t>(kCallsInASecond) + 1});
}

// It has made more calls than what was done asks for: what is left to do may ask for more.
void Judge::CheckCalls(uint32_t bound, const Kernel& kernel) {
  if (effort_.calls <= bound + kCallsForEach * LeftToDo(kernel)) return;
  Fail(Rule::kComesToRest, kernel,
       {.facts = {.cause = past_.cause,
                  .signal = past_.cause == Cause::kSignal ? past_.signal : uint8_t{0},
                  .whose = WhoseIs(past_.pid, kernel),
                  .how = How::kNever},
        .number = static_cast<int32_t>(effort_.calls)});
}

// It will not rest, whatever it is busy with: that takes a call.
void Judge::OnSpin(const Kernel& kernel) {
  Fail(Rule::kComesToRest, kernel,
       {.facts = {.cause = past_.cause,
                  .signal = past_.cause == Cause::kSignal ? past_.signal : uint8_t{0},
                  .whose = WhoseIs(past_.pid, kernel),
                  .how = How::kNever}});
}

void Judge::JudgeCall(const Step& step, const Kernel& kernel) {
  if (terms_.calls->Has(step.call)) return;
  Fail(Rule::kKeepsToItsCalls, kernel,
       {.facts = {.whose = WhoseIs(step.pid, kernel), .how = How::kOtherCommand},
        .pid = step.pid,
        .number = static_cast<int32_t>(step.call.kind),
        .expected = step.call.value});
}

// A helper exists to wait in init's stead.
void Judge::JudgeBlock(const Step& step, const Kernel& kernel) {
  if (!step.by_init || !WaitsWithoutBound(step.call)) return;
  if ((terms_.calls->waits >> static_cast<int>(step.call.kind) & 1) != 0) return;
  Fail(Rule::kKeepsToItsCalls, kernel,
       {.facts = {.how = How::kNever}, .number = static_cast<int32_t>(step.call.kind)});
}

}  // namespace minit::contract
