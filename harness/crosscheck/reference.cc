#include "harness/crosscheck/reference.h"

#include <algorithm>

#include "harness/contract/judge.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/rig/timeline.h"

namespace minit::crosscheck {
namespace {

using contract::Step;
using kernel::CallKind;
using kernel::Pid;

constexpr const char* kSyncs = "calls sync";
constexpr const char* kReboots = "calls reboot";
constexpr uint64_t kSameNs = 1'000'000;

std::string Describe(const Deed& deed) {
  return deed.what + " at " + contract::TimeText(deed.time_ns);
}

std::string Describe(const std::vector<Deed>& deeds, std::size_t at) {
  return at < deeds.size() ? Describe(deeds[at]) : "does nothing more";
}

// A raw wait status of a death, as a shell would say it.
std::string StatusOf(int status) {
  const int signal = status & 0x7f;
  if (signal == 0) return "exited " + std::to_string(status >> 8 & 0xff);
  return "killed by " + rig::SignalName(signal);
}

bool IsDeath(int status) { return (status & 0xff) != 0x7f && status != 0xffff; }

}  // namespace

void Deeds::On(const Step& step, const kernel::Kernel& kernel) {
  const uint64_t now_ns = kernel.now_ns();
  if (step.kind == Step::Kind::kCalls) {
    if (step.call.kind == CallKind::kExec) {
      executed_.insert(step.pid);
      helpers_.erase(step.pid);
    }
    if (step.call.kind == CallKind::kReboot) deeds_.push_back({kReboots, now_ns});
    if (step.call.kind == CallKind::kSync) deeds_.push_back({kSyncs, now_ns});
  }
  if (step.kind == Step::Kind::kReturns) OnReturn(step, now_ns);
}

void Deeds::OnReturn(const Step& step, uint64_t now_ns) {
  const kernel::Call& call = step.call;
  const int value = step.result.value;
  switch (call.kind) {
    case CallKind::kFork:
      if (value > 0 && executed_.erase(value) == 0) helpers_.insert(value);
      return;
    case CallKind::kWait4:
      if (value > 0 && IsDeath(step.result.status)) OnReap(value, step.result.status, now_ns);
      return;
    case CallKind::kWaitId: {
      const kernel::Result& result = step.result;
      const bool leaves = (call.flags & kernel::kWaitNoWait) != 0;
      if (value != 0 || result.pid <= 0 || leaves || result.code < 1 || result.code > 3) return;
      return OnReap(result.pid, result.code == 1 ? result.status << 8 : result.status, now_ns);
    }
    case CallKind::kKill:
    case CallKind::kSigQueue:
    case CallKind::kThreadKill:
      if (call.signal == 0) return;
      deeds_.push_back({"sends " + rig::SignalName(call.signal) + " to " +
                            TargetOf(call.kind == CallKind::kThreadKill ? call.value : call.pid) +
                            (value < 0 ? ", refused" : ""),
                        now_ns});
      return;
    case CallKind::kPtrace:
      if (call.value == kernel::kPtraceDetach) {
        deeds_.push_back({"releases " + NameOf(call.pid), now_ns});
      }
      return;
    default:
      return;
  }
}

void Deeds::OnReap(Pid pid, int status, uint64_t now_ns) {
  if (helpers_.erase(pid) != 0) return;
  deeds_.push_back({"reaps " + NameOf(pid) + ", " + StatusOf(status), now_ns});
}

// As kill(2) has it.
std::string Deeds::TargetOf(Pid pid) const {
  if (pid == -1) return "everyone";
  if (pid == 0) return "its own group";
  return pid < 0 ? "the group of " + NameOf(-pid) : NameOf(pid);
}

std::string Deeds::NameOf(Pid pid) const {
  if (pid == cast_.LastNumber(scenario::Who::kChild)) return "child";
  for (int number = scenario::kProcesses; number >= 1; --number) {
    if (pid == cast_.LastNumber(scenario::Process(number))) {
      return "process " + std::to_string(number);
    }
  }
  return pid == kernel::kInit ? "init" : "another process";
}

std::vector<Deed> ReferenceDeeds(const scenario::Scenario& scenario) {
  static kernel::ScenarioKernel kernel;
  struct Late final : rig::Observer {  // the cast is the runner's, which needs an observer
    void On(const Step& step, const kernel::Kernel& world) override { deeds->On(step, world); }
    Deeds* deeds = nullptr;
  } late;
  rig::Runner<rig::Observer> runner(kernel, late);
  Deeds deeds(runner.cast());
  late.deeds = &deeds;
  runner.Enter(scenario);
  rig::MachineRig machine;
  rig::Play(runner, machine);
  return deeds.deeds();
}

std::vector<Deed> WithoutEnding(std::vector<Deed> deeds) {
  std::erase_if(deeds,
                [](const Deed& deed) { return deed.what == kSyncs || deed.what == kReboots; });
  return deeds;
}

std::string FirstDifference(const std::vector<Deed>& subject, const std::vector<Deed>& reference) {
  const auto same = [](const Deed& a, const Deed& b) {
    const uint64_t apart = a.time_ns > b.time_ns ? a.time_ns - b.time_ns : b.time_ns - a.time_ns;
    return a.what == b.what && apart < kSameNs;
  };
  const auto [mine, other] =
      std::mismatch(subject.begin(), subject.end(), reference.begin(), reference.end(), same);
  if (mine == subject.end() && other == reference.end()) return "";
  const auto at = static_cast<std::size_t>(mine - subject.begin());
  const std::string after = at == 0 ? "from the start" : "after it " + Describe(subject[at - 1]);
  return after + ": the subject " + Describe(subject, at) + "; the reference " +
         Describe(reference, at);
}

}  // namespace minit::crosscheck
