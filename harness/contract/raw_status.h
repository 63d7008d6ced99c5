// Wait statuses, as the kernel writes them (wait(2)), read for the judge.
#ifndef MINIT_HARNESS_CONTRACT_RAW_STATUS_H_
#define MINIT_HARNESS_CONTRACT_RAW_STATUS_H_

#include "harness/contract/step.h"

namespace minit::contract {

inline constexpr int kNoStatus = -1;

constexpr bool IsStop(int raw) { return (raw & 0xff) == 0x7f; }
constexpr bool IsContinue(int raw) { return raw == 0xffff; }
constexpr bool IsDeath(int raw) { return raw >= 0 && !IsStop(raw) && !IsContinue(raw); }
constexpr int StopSignal(int raw) { return raw >> 8 & 0xff; }

// The exit code, or 128 + signal, core dump or not; -1 of none.
constexpr int ShellStatus(int raw) {
  if (raw < 0) return kNoStatus;
  return (raw & 0x7f) == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f);
}

constexpr Cause CauseOf(int raw) {
  if (raw < 0) return Cause::kNone;
  if (IsStop(raw)) return Cause::kTracedStop;
  if (IsContinue(raw)) return Cause::kContinue;
  if ((raw & 0x7f) == 0) return Cause::kExit;
  return (raw & 0x80) != 0 ? Cause::kCore : Cause::kKill;
}

// What a death by that move leaves; `number` is the code or the signal.
constexpr int StatusOf(Cause cause, int number) {
  switch (cause) {
    case Cause::kExit:
      return (number & 0xff) << 8;
    case Cause::kKill:
      return number;
    case Cause::kCore:
      return number | 0x80;
    default:
      return kNoStatus;
  }
}

// Of whom a wait that returned told, 0: nobody; and the raw status that it told.
constexpr kernel::Pid PidTold(const Step& step) {
  const kernel::Result& result = step.result;
  if (result.value < 0) return 0;
  if (step.call.kind == kernel::CallKind::kWait4) return result.value;
  return step.call.kind == kernel::CallKind::kWaitId ? result.pid : 0;
}
constexpr bool TellsOf(const Step& step, kernel::Pid pid) { return PidTold(step) == pid; }
constexpr int StatusTold(const Step& step) {
  const kernel::Result& result = step.result;
  if (step.call.kind == kernel::CallKind::kWait4) return result.status;
  switch (result.code) {  // CLD_…
    case 1:
      return (result.status & 0xff) << 8;
    case 2:
      return result.status;
    case 3:
      return result.status | 0x80;
    case 6:
      return 0xffff;
    default:
      return (result.status & 0xff) << 8 | 0x7f;
  }
}

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_RAW_STATUS_H_
