// Rules 1 and 12: nobody who died is left, and nobody who stopped under init's tracing is held.

#include <algorithm>
#include <cerrno>

#include "harness/contract/judge.h"
#include "harness/contract/raw_status.h"

namespace minit::contract {
namespace {

using kernel::kInit;

// What a tracer should pass on: not the signals that tracing itself stops with.
constexpr int DataFor(int signal) {
  return signal == kernel::kSigTrap || signal == kernel::kSigStop ? 0 : signal;
}

// Of wait4.
kernel::Result WhatIsLeft(kernel::Pid pid, const kernel::Kernel& kernel) {
  return kernel.PeekWait(kInit, kernel::calls::Wait4(pid, kernel::kWaitNoHang));
}

}  // namespace

// Init has waited: it could have gone on until nobody was left.
void Judge::PassOver(const Kernel& kernel) {
  past_.passed_over = 0;
  if (kernel.NoneIsDeadOrTraced()) return;
  const kernel::Result left = WhatIsLeft(-1, kernel);
  if (left.value > 0 && IsDeath(left.status)) past_.passed_over = left.value;
}

// A wait of init's has returned.
void Judge::OnWaited(const Step& step, const Kernel& kernel) {
  const kernel::Call& call = step.call;
  const bool by_id = call.kind == kernel::CallKind::kWaitId;
  if (by_id && (call.flags & kernel::kWaitNoWait) != 0) return;
  const bool of_any = by_id ? call.value == kernel::kWaitForAny : call.pid == -1;
  const Pid pid = PidTold(step);
  if (step.result.value >= 0) PassOver(kernel);
  if (pid <= 0) {
    const bool nothing = step.result.value == 0 || step.result.value == -ECHILD;
    if (nothing && of_any && life_.ended) ending_.clean = true;
    return;
  }
  ++effort_.credit;
  const int raw = StatusTold(step);
  past_.told = CauseOf(raw);
  if (IsStop(raw) && kernel.Look(pid).tracer != kInit) past_.told = Cause::kUntracedStop;
  past_.told_of = pid;
  auto* const begin = tracing_.stopped.data();
  auto* const end = begin + tracing_.count;
  auto* const known =
      std::find_if(begin, end, [pid](const Tracing::Stopped& it) { return it.pid == pid; });
  if (IsDeath(raw)) {
    Speak(Rule::kReapsAtRest);
    if (known != end) {
      *known = *(end - 1);
      *(end - 1) = {};
      --tracing_.count;
    }
    if (pid == ending_.sync_by) {
      ending_.sync_done |= ShellStatus(raw) == 0;
      ending_.sync_by = 0;
    }
    if (life_.ended && pid != life_.child && ending_.zombies != 0) --ending_.zombies;
    return;
  }
  if (!IsStop(raw) || kernel.Look(pid).tracer != kInit) return;
  Speak(Rule::kFreesTheTraced);
  const auto data = static_cast<uint8_t>(DataFor(StopSignal(raw)));
  if (known != end) {
    known->data = data;
  } else if (tracing_.count < kMaxStopped) {
    *end = {.pid = pid, .data = data};
    ++tracing_.count;
  }
}

// Tried is enough: it fails if the process has died meanwhile.
void Judge::OnDetach(const kernel::Call& call, const Kernel& kernel) {
  auto* const end = tracing_.stopped.data() + tracing_.count;
  auto* const known = std::find_if(tracing_.stopped.data(), end, [&call](const auto& stopped) {
    return stopped.pid == call.pid;
  });
  if (known == end) return;
  if (known->data != call.signal) {
    Fail(Rule::kFreesTheTraced, kernel,
         {.facts = {.cause = Cause::kTracedStop,
                    .whose = WhoseIs(call.pid, kernel),
                    .how = How::kWrongValue},
          .pid = call.pid,
          .number = call.signal,
          .expected = known->data});
  }
  *known = *(end - 1);
  *(end - 1) = {};
  --tracing_.count;
}

void Judge::CheckNothingLeft(const Kernel& kernel) {
  kernel::Result left = WhatIsLeft(-1, kernel);
  if (left.value <= 0) return;
  const bool stop = IsStop(left.status);
  const bool passed_over = !stop && past_.passed_over != 0;
  if (passed_over) left = WhatIsLeft(past_.passed_over, kernel);
  const Rule rule = stop ? Rule::kFreesTheTraced : Rule::kReapsAtRest;
  Speak(rule);
  Fail(rule, kernel,
       {.facts = {.cause = CauseOf(left.status),
                  .whose = WhoseIs(left.value, kernel),
                  .how = passed_over ? How::kPassedOver : How::kNever},
        .pid = left.value,
        .number = stop ? StopSignal(left.status) : ShellStatus(left.status)});
}

void Judge::CheckReaped(const Kernel& kernel, bool fresh) {
  if (!kernel.NoneIsDeadOrTraced()) CheckNothingLeft(kernel);
  if (!fresh || tracing_.count == 0) return;
  for (std::size_t i = 0; i < tracing_.count; ++i) {
    const Pid pid = tracing_.stopped[i].pid;
    const kernel::View view = kernel.Look(pid);
    if (view.pid == 0 || view.activity == kernel::Activity::kZombie) continue;
    Fail(Rule::kFreesTheTraced, kernel,
         {.facts = {.cause = Cause::kTracedStop, .whose = WhoseIs(pid, kernel), .how = How::kNever},
          .pid = pid,
          .number = tracing_.stopped[i].data});
  }
  tracing_ = Tracing{};
}

}  // namespace minit::contract
