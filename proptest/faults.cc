// The faults: what broken inits have done, or could do, one line each.

#include <algorithm>
#include <array>
#include <cerrno>

#include "harness/kernel/call.h"
#include "proptest/faulty_rig.h"

namespace minit::proptest {
namespace {

using contract::Rule;
using kernel::CallKind;
namespace calls = kernel::calls;

bool Took(const Heard& heard, int signal) {
  return heard.call.kind == CallKind::kSigTimedWait && heard.result.value == signal;
}
bool TookAny(const Heard& heard) {
  return heard.call.kind == CallKind::kSigTimedWait && heard.result.value > 0;
}
bool Reaped(const Heard& heard) {
  return heard.call.kind == CallKind::kWait4 && heard.result.value > 0;
}
bool IsStop(const kernel::Result& reaped) { return (reaped.status & 0xff) == 0x7f; }
bool IsKill(const kernel::Result& reaped) { return !IsStop(reaped) && (reaped.status & 0x7f) != 0; }
bool ReapedOrphan(const Heard& heard) {
  return Reaped(heard) && heard.machine.child_alive() && !IsStop(heard.result) &&
         !heard.IsChild(heard.result);
}
bool RestartRefused(const Heard& heard) {
  return heard.call.kind == CallKind::kReboot && heard.result.value < 0;
}

constexpr auto kNever = nullptr;

constexpr std::array kFaults = {
    // Signals.
    Fault{"drops-term", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) { a.left_out = a.Is(CallKind::kKill) && a.call.signal == 15; }},
    Fault{"never-takes-term", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kSigTimedWait)) a.call.set &= ~kernel::SignalBit(15);
          }},
    Fault{"does-not-block-term", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kSigProcMask)) a.call.set &= ~kernel::SignalBit(15);
          }},
    Fault{"forwards-twice", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kKill)) a.before = a.call;
          }},
    Fault{"forwards-to-the-process-only", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kKill)) a.call.pid = -a.call.pid;
          }},
    Fault{"forwards-int-for-term", Rule::kForwardsEverySignal, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kKill) && a.call.signal == 15) a.call.signal = 2;
          }},
    Fault{"forwards-sigchld", Rule::kSignalsNobodyElse,
          [](const Heard& h) { h.flag = Took(h, kernel::kSigChld) && h.machine.child_alive(); },
          [](const Asked& a) {
            if (a.by_init && a.flag) a.before = calls::Kill(-a.child, kernel::kSigChld);
            if (a.by_init) a.flag = false;
          }},
    Fault{"forwards-after-the-end", Rule::kSignalsNobodyElse,
          [](const Heard& h) { h.flag = TookAny(h) && h.machine.ended() && h.child > 0; },
          [](const Asked& a) {
            if (a.by_init && a.flag) a.before = calls::Kill(-a.child, kernel::kSigHup);
            if (a.by_init) a.flag = false;
          }},
    // Reaping.
    Fault{"ignores-sigchld", Rule::kReapsAtRest,
          [](const Heard& h) {
            if (Took(h, kernel::kSigChld)) h.result.value = -EINTR;
          },
          kNever},
    Fault{"reaps-one-for-each-signal", Rule::kReapsAtRest,
          [](const Heard& h) { h.flag |= Reaped(h); },
          [](const Asked& a) {
            a.left_out = a.Is(CallKind::kWait4) && a.flag;
            if (a.Is(CallKind::kSigTimedWait)) a.flag = false;
          }},
    Fault{"reaps-the-child-only", Rule::kReapsAtRest, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kWait4) && a.machine.child_alive()) a.call.pid = a.machine.child();
          }},
    Fault{"does-not-reap-during-the-delay", Rule::kReapsAtRest, kNever,
          [](const Asked& a) { a.left_out = a.Is(CallKind::kWait4) && a.machine.armed(); }},
    Fault{"does-not-reap-after-a-refusal", Rule::kReapsAtRest,
          [](const Heard& h) { h.flag |= RestartRefused(h); },
          [](const Asked& a) { a.left_out = a.Is(CallKind::kWait4) && a.flag; }},
    Fault{"never-releases", Rule::kFreesTheTraced, kNever,
          [](const Asked& a) { a.left_out = a.Is(CallKind::kPtrace); }},
    Fault{"releases-without-the-signal", Rule::kFreesTheTraced, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kPtrace)) a.call.signal = 0;
          }},
    // The end.
    Fault{"takes-a-stop-for-death", Rule::kEndsOnlyWithChild,
          [](const Heard& h) {
            if (Reaped(h) && IsStop(h.result)) h.result.status = h.result.status >> 8 & 0x7f;
          },
          [](const Asked& a) {
            if (a.Is(CallKind::kWait4)) a.call.flags |= kernel::kWaitUntraced;
          }},
    Fault{"takes-an-orphan-for-the-child", Rule::kEndsOnlyWithChild,
          [](const Heard& h) {
            if (ReapedOrphan(h)) h.result.value = h.machine.child();
          },
          kNever},
    Fault{"ends-with-an-orphan-that-succeeds", Rule::kEndsOnlyWithChild,
          [](const Heard& h) {
            if (ReapedOrphan(h) && h.result.status == 0) h.result.value = h.machine.child();
          },
          kNever},
    Fault{"takes-a-kill-for-an-exit", Rule::kReportsStatus,
          [](const Heard& h) {
            if (Reaped(h) && IsKill(h.result)) h.result.status = (h.result.status & 0x7f) << 8;
          },
          kNever},
    Fault{"tells-no-status", Rule::kReportsStatus, kNever,
          [](const Asked& a) {
            if (a.by_init && a.asks.text.starts_with("init: the child ended")) {
              a.asks.text = "init: the child ended\n";
              a.call.value = static_cast<int>(a.asks.text.size());
            }
          }},
    Fault{"waits-two-seconds-less", Rule::kWaitsOutTheDelay, kNever, kNever, -2},
    Fault{"waits-too-long", Rule::kAlwaysRestarts, kNever, kNever, 5},
    Fault{"waits-out-the-delay-after-success", Rule::kWaitsOutTheDelay,
          [](const Heard& h) {
            if (Reaped(h) && h.machine.helper() == h.result.value) h.result.value = INT32_MAX;
          },
          kNever},
    Fault{"does-not-sync", Rule::kSyncsFirst, kNever,
          [](const Asked& a) { a.left_out = a.call.kind == CallKind::kSync; }},
    Fault{"syncs-in-place", Rule::kAlwaysRestarts, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kFork) && a.machine.ended()) a.before = calls::Sync();
          }},
    Fault{"halts", Rule::kAlwaysRestarts, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kReboot)) a.call.value = kernel::kRebootHalt;
          }},
    Fault{"gives-up-after-a-refusal", Rule::kAlwaysRestarts,
          [](const Heard& h) { h.flag |= RestartRefused(h); },
          [](const Asked& a) { a.left_out = a.Is(CallKind::kReboot) && a.flag; }},
    Fault{"tries-again-at-once", Rule::kAlwaysRestarts,
          [](const Heard& h) { h.flag = RestartRefused(h); },
          [](const Asked& a) {
            if (a.by_init && a.flag) a.before = calls::Reboot(kernel::kRebootRestart);
            if (a.by_init) a.flag = false;
          }},
    Fault{"exits-in-the-end", Rule::kNeverExits, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kReboot)) a.call = calls::Exit(0);
          }},
    Fault{"exits-when-interrupted", Rule::kEndsOnlyWithChild,
          [](const Heard& h) {
            h.flag = h.call.kind == CallKind::kSigTimedWait && h.result.value == -EINTR;
          },
          [](const Asked& a) {
            if (a.by_init && a.flag) a.call = calls::Exit(1);
          }},
    // The rest.
    Fault{"leaves-the-child-blocked", Rule::kStartsChildClean, kNever,
          [](const Asked& a) { a.left_out = !a.by_init && a.call.kind == CallKind::kSigProcMask; }},
    Fault{"leaves-the-child-in-its-session", Rule::kStartsChildClean, kNever,
          [](const Asked& a) { a.left_out = a.call.kind == CallKind::kSetSid; }},
    Fault{"spins", Rule::kComesToRest, kNever,
          [](const Asked& a) {
            if (a.Is(CallKind::kSigTimedWait)) a.call.time_ns = 0;
          }},
};

}  // namespace

std::span<const Fault> Faults() { return kFaults; }

const Fault* FindFault(std::string_view name) {
  const auto* const found = std::find_if(kFaults.begin(), kFaults.end(),
                                         [&](const Fault& fault) { return name == fault.name; });
  return found == kFaults.end() ? nullptr : found;
}

}  // namespace minit::proptest
