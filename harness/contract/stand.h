// A stand for tests of the judge: a kernel driven by hand, a judge, and the telling between them.
#ifndef MINIT_HARNESS_CONTRACT_STAND_H_
#define MINIT_HARNESS_CONTRACT_STAND_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"

namespace minit::contract {

// Hears what the judge of a stand hears.
class Hearer {
 public:
  virtual ~Hearer() = default;
  virtual void On(const Step& step, const kernel::Kernel& kernel) = 0;
};

template <typename World>
class StandOf {
  using Call = kernel::Call;
  using Pid = kernel::Pid;
  using Result = kernel::Result;
  static constexpr Pid kInit = kernel::kInit;

 public:
  explicit StandOf(const Terms& terms = {}, const kernel::Entry& entry = {})
      : kernel(entry), judge(terms) {
    for (int fd = 0; fd < 3; ++fd) kernel.GiveDescriptor(kInit, fd, kernel::Path::kConsole, 0);
    Tell({.kind = Step::Kind::kEntered, .pid = kInit});
  }

  Result Make(Pid pid, const Call& call, std::string_view text = {}) {
    Step step{.kind = Step::Kind::kCalls,
              .by_init = pid == kInit,
              .to_console = call.kind == kernel::CallKind::kWrite,
              .pid = pid,
              .call = call,
              .text = text};
    Tell(step);
    if (call.kind == kernel::CallKind::kFork && pid == kInit && !kernel.owing()) {
      kernel.StartOwing();
    }
    step.result = kernel.Issue(pid, call);
    const bool blocked = step.result.state == Result::State::kBlocked;
    step.kind = blocked ? Step::Kind::kBlocks : Step::Kind::kReturns;
    Tell(step);
    return step.result;
  }

  // The call in which `pid` was blocked returns.
  Result Return(Pid pid) {
    Step step{.kind = Step::Kind::kReturns, .by_init = pid == kInit, .pid = pid};
    step.call = kernel.LastCall(pid);
    step.result = kernel.Resume(pid).result;
    Tell(step);
    return step.result;
  }

  void Move(Cause cause, Pid pid = 0, int signal = 0) {
    Tell({.kind = Step::Kind::kMove,
          .signal = static_cast<uint8_t>(signal),
          .cause = cause,
          .pid = pid});
  }
  void Exit(Pid pid, int code) {
    kernel.Exit(pid, code);
    Move(Cause::kExit, pid, code);
  }
  void Send(int signal) {
    kernel.SendFromKernel(kInit, signal);
    Move(Cause::kSignal, kInit, signal);
  }
  void Rest() { Tell({.kind = Step::Kind::kRest}); }
  void PassTo(uint64_t time_ns) {
    kernel.AdvanceTo(time_ns);
    Tell({.kind = Step::Kind::kTime});
  }
  void Tell(const Step& step) {
    judge.Observe(step, kernel);
    if (hearer != nullptr) hearer->On(step, kernel);
  }

  void BlockAll() {
    Make(kInit, kernel::calls::SigProcMask(kernel::kMaskSet, kernel::kAllSignals));
  }
  // Init forks, and the newborn has its turn.
  Pid Fork() {
    const Pid pid = Make(kInit, kernel::calls::Fork()).value;
    kernel.Resume(pid);
    return pid;
  }
  // What the child does up to its exec.
  void Exec(Pid child) {
    Make(child, kernel::calls::SetSid());
    Make(child, kernel::calls::SigProcMask(kernel::kMaskSet, 0));
    Make(child, kernel::calls::Exec());
  }
  // Blocks all, and has the child run.
  Pid Start() {
    BlockAll();
    const Pid child = Fork();
    Exec(child);
    for (int signal = 1; signal <= 64; ++signal) {
      kernel.Issue(child, kernel::calls::SigAction(signal, kernel::kSigHandler));
    }
    return child;
  }
  // As Start, but the exec fails, and that is where the child stands then.
  Pid StartThatFails() {
    kernel::Faults faults;
    faults.exec_failures = 1;
    kernel.SetFaults(faults);
    BlockAll();
    const Pid child = Fork();
    Exec(child);
    return child;
  }
  void RefuseRestarts() {
    kernel::Faults faults;
    faults.reboot_failures = UINT8_MAX;
    kernel.SetFaults(faults);
    Move(Cause::kFault);
  }
  void Wait(uint64_t time_ns = kernel::kForever) {
    Make(kInit, kernel::calls::SigTimedWait(kernel::kAllSignals, time_ns));
    Rest();
  }
  // After the child's death: reaps it and says `line`, and a helper syncs.
  void EndWell(const char* line) {
    Return(kInit);
    Make(kInit, kernel::calls::Wait4(-1, kernel::kWaitNoHang));
    Make(kInit, kernel::calls::Write(2, static_cast<int>(std::string_view(line).size())), line);
    const Pid helper = Fork();
    Make(helper, kernel::calls::Sync());
    Make(helper, kernel::calls::Exit(0));
    Make(kInit, kernel::calls::SigTimedWait(kernel::kAllSignals));
    Make(kInit, kernel::calls::Wait4(-1, kernel::kWaitNoHang));
  }

  // It is told that `pid` makes a call, and not yet what comes of it.
  void Begin(Pid pid, const Call& call, std::string_view text = {}) {
    Tell({.kind = Step::Kind::kCalls,
          .by_init = pid == kInit,
          .to_console = call.kind == kernel::CallKind::kWrite,
          .pid = pid,
          .call = call,
          .text = text});
  }
  void Kill(Pid pid) {
    kernel.Die(pid, 9, false);
    Move(Cause::kKill, pid, 9);
  }
  // The child has started and ended, and is not reaped; init has woken.
  Pid EndChild(int code) {
    const Pid child = Start();
    Wait();
    Exit(child, code);
    Return(kInit);
    return child;
  }
  // A child of init's that it traces.
  Pid AddTracee() {
    const Pid pid = kernel.Fork(kInit);
    kernel.Issue(pid, kernel::calls::SigProcMask(kernel::kMaskSet, 0));
    kernel.Issue(pid, kernel::calls::Ptrace(kernel::kPtraceTraceMe));
    Move(Cause::kOther, pid);
    return pid;
  }
  // It stops, and init is told.
  void StopTracee(Pid pid, int signal) {
    kernel.SendFromKernel(pid, signal);
    Move(Cause::kTracedStop, pid, signal);
    Make(kInit, kernel::calls::Wait4(-1, kernel::kWaitNoHang));
  }

  void ReapAll() {
    while (Make(kInit, kernel::calls::Wait4(-1, kernel::kWaitNoHang)).value > 0) {
    }
  }

  std::vector<Rule> broken() const {
    std::vector<Rule> rules;
    for (const RuleText& rule : kRuleTexts) {
      if (judge.verdict(rule.rule) == Verdict::kBroken) rules.push_back(rule.rule);
    }
    return rules;
  }
  How HowOf(Rule rule) const {
    const Break* found = judge.FindBreak(rule);
    return found == nullptr ? How::kPlain : found->facts.how;
  }

  World kernel;
  Judge judge;
  Hearer* hearer = nullptr;
};
using Stand = StandOf<kernel::ExplorerKernel>;
using LargeStand = StandOf<kernel::ScenarioKernel>;  // for more than seven processes beside init

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_STAND_H_
