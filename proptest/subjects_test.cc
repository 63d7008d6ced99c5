// The judge is neither blind nor a bigot, in random scenarios too: what each broken init by hand does
// wrong is found under its rule, and faultless ones of other construction than our own are cleared.
// subjects_test.cc of the contract shows the same in scenarios made for it.
#include "harness/contract/subjects.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"

namespace minit::contract {
namespace {

// One scenario in ten goes on for up to a million steps: of each so many are judged.
constexpr uint32_t kSteps = 10'000;

struct Listener {
  Judge judge;
  rig::Runner<Listener>* runner = nullptr;
  void On(const Step& step, const kernel::Kernel& kernel) {
    judge.Observe(step, kernel);
    if (judge.steps() == kSteps) runner->Stop();
  }
};

Judge Play(const Terms& terms, rig::Script<> script, const scenario::Scenario& scenario) {
  static kernel::ScenarioKernel kernel;
  Listener listener{.judge = Judge(terms)};
  rig::Runner<Listener> runner(kernel, listener);
  listener.runner = &runner;
  runner.Enter(scenario);
  rig::ScriptedInit init(std::move(script));
  Play(runner, init);
  return listener.judge;
}

// --- Broken inits --------------------------------------------------------------------------------

struct Broken {
  Rule rule;
  Fault fault;
};

constexpr Broken kBroken[] = {
    {Rule::kReapsAtRest, Fault::kReapsOnceASignal},
    {Rule::kReapsAtRest, Fault::kReapsOnlyItsChild},
    {Rule::kReapsAtRest, Fault::kSleepsOutTheDelay},
    {Rule::kForwardsEverySignal, Fault::kLeavesOut34},
    {Rule::kForwardsEverySignal, Fault::kForksWithoutWaiting},
    {Rule::kForwardsEverySignal, Fault::kDropsUsr1},
    {Rule::kForwardsEverySignal, Fault::kSendsTwice},
    {Rule::kForwardsEverySignal, Fault::kSendsToTheProcess},
    {Rule::kForwardsEverySignal, Fault::kSendsInterruptForTerm},
    {Rule::kForwardsInOrder, Fault::kSendsBackwards},
    {Rule::kForwardsInOrder, Fault::kSendsHangUpLast},
    {Rule::kSignalsNobodyElse, Fault::kKillsEveryoneAtTheEnd},
    {Rule::kSignalsNobodyElse, Fault::kForwardsAfterTheReap},
    {Rule::kSignalsNobodyElse, Fault::kForwardsChildSignals},
    {Rule::kStartsChildClean, Fault::kLeavesItsSession},
    {Rule::kStartsChildClean, Fault::kLeavesItsMask},
    {Rule::kStartsChildClean, Fault::kLeavesIgnored},
    {Rule::kStartsChildClean, Fault::kLeaksDescriptor},
    {Rule::kStartsChildClean, Fault::kClosesStream},
    {Rule::kStartsChildClean, Fault::kPassesOtherArguments},
    {Rule::kStartsChildClean, Fault::kPassesOtherEnvironment},
    {Rule::kStartsChildClean, Fault::kStartsAnotherProgram},
    {Rule::kStartsChildClean, Fault::kTakesTerminal},
    {Rule::kStartsChildClean, Fault::kStartsTwice},
    {Rule::kStartsChildClean, Fault::kStartsLate},
    {Rule::kEndsOnlyWithChild, Fault::kTakesOrphanForChild},
    {Rule::kEndsOnlyWithChild, Fault::kTakesStopForEnd},
    {Rule::kEndsOnlyWithChild, Fault::kEndsOnTerm},
    {Rule::kReportsStatus, Fault::kReportsCodeAlone},
    {Rule::kReportsStatus, Fault::kReportsNothing},
    {Rule::kReportsStatus, Fault::kNamesNoPath},
    {Rule::kSyncsFirst, Fault::kNeverSyncs},
    {Rule::kSyncsFirst, Fault::kSyncsLate},
    {Rule::kSyncsFirst, Fault::kDoesNotAwaitSync},
    {Rule::kWaitsOutTheDelay, Fault::kWaitsAfterSuccess},
    {Rule::kWaitsOutTheDelay, Fault::kWaitsTooShort},
    {Rule::kAlwaysRestarts, Fault::kPowersOff},
    {Rule::kAlwaysRestarts, Fault::kGivesUp},
    {Rule::kAlwaysRestarts, Fault::kRetriesAtOnce},
    {Rule::kAlwaysRestarts, Fault::kNeverRestarts},
    {Rule::kAlwaysRestarts, Fault::kWaitsTooLong},
    {Rule::kAlwaysRestarts, Fault::kRestartsWithoutMagic},
    {Rule::kNeverExits, Fault::kExitsWithoutFork},
    {Rule::kNeverExits, Fault::kExitsAtTheEnd},
    {Rule::kFreesTheTraced, Fault::kLeavesTraced},
    {Rule::kFreesTheTraced, Fault::kContinuesTraced},
    {Rule::kFreesTheTraced, Fault::kDropsTheSignal},
    {Rule::kKeepsToItsCalls, Fault::kMakesAnotherCall},
    {Rule::kKeepsToItsCalls, Fault::kWaitsInWait},
    {Rule::kExitsWithStatus, Fault::kExitsWithZero},
    {Rule::kExitsWithStatus, Fault::kExitsWithCodeAlone},
    {Rule::kExitsWithStatus, Fault::kExitsBeforeReaping},
    {Rule::kExitsWithStatus, Fault::kRestsBeforeExit},
    {Rule::kComesToRest, Fault::kSpins},
    {Rule::kComesToRest, Fault::kIsBusy},
    {Rule::kComesToRest, Fault::kWakesTooOften},
};

// All but what those two faults add.
CallList Calls() {
  using kernel::CallKind;
  CallList list;
  list.kinds = ~(KindBit(CallKind::kOther) | KindBit(CallKind::kPoll));
  list.waits = ~KindBit(CallKind::kWait4);
  return list;
}

class BrokenSubject : public testing::TestWithParam<Broken> {};

TEST_P(BrokenSubject, IsFoundByRandomScenarios) {
  static const CallList calls = Calls();
  constexpr uint64_t kEnough = 5000;
  const auto [rule, fault] = GetParam();
  const bool container = rule == Rule::kExitsWithStatus;
  const Terms terms{.profile = container ? Profile::kContainer : Profile::kMachine,
                    .calls = rule == Rule::kKeepsToItsCalls ? &calls : nullptr};
  for (uint64_t seed = 0; seed < kEnough; ++seed) {
    const Judge judge = Play(terms, container ? TimedInit(fault) : SigTimedWaitInit(fault),
                             scenario::Generate(seed));
    if (judge.verdict(rule) == Verdict::kBroken) return;
  }
  FAIL() << "not found in " << kEnough << " scenarios";
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenSubject, testing::ValuesIn(kBroken), [](const auto& info) {
  return "Rule" + std::to_string(static_cast<int>(info.param.rule)) + "Fault" +
         std::to_string(static_cast<int>(info.param.fault));
});

// --- Faultless inits -----------------------------------------------------------------------------

struct Faultless {
  const char* name;
  Profile profile;
  std::function<rig::Script<>()> make;
};

class FaultlessSubject : public testing::TestWithParam<Faultless> {};

// The scripts write to the console and fork without more ado, as small inits do: what comes of a
// console that is full or missing, or of a refused fork, is theirs.
bool IsOfTheScripts(const scenario::Entry& entry, const Facts& facts) {
  return (facts.faults & (kFaultConsole | kFaultForks)) != 0 || entry.missing != 0 ||
         entry.streams != scenario::Entry{}.streams;
}

TEST_P(FaultlessSubject, IsClearedInRandomScenarios) {
  constexpr uint64_t kScenarios = 1000;
  int broken_runs = 0;
  for (uint64_t seed = 0; seed < kScenarios && broken_runs < 3; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    const Judge judge = Play({.profile = GetParam().profile}, GetParam().make(), scenario);
    std::string found;
    for (const RuleText& rule : kRuleTexts) {
      const Break* const broken = judge.FindBreak(rule.rule);
      if (broken == nullptr || IsOfTheScripts(scenario.entry, broken->facts)) continue;
      found += std::string(rule.name) + ": " + Explain(*broken) + "\n";
    }
    if (found.empty()) continue;
    ++broken_runs;
    ADD_FAILURE() << "seed " << seed << "\n" << found << scenario::Print(scenario);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Construction, FaultlessSubject,
    testing::Values(Faultless{"SigTimedWait", Profile::kMachine, [] { return SigTimedWaitInit(); }},
                    Faultless{"Poll", Profile::kMachine, [] { return SignalFdInit(false); }},
                    Faultless{"Epoll", Profile::kMachine, [] { return SignalFdInit(true); }},
                    Faultless{"SigSuspend", Profile::kMachine, [] { return SigSuspendInit(); }},
                    Faultless{"WaitId", Profile::kMachine, [] { return WaitIdInit(); }},
                    Faultless{"ManyForks", Profile::kMachine, [] { return ManyForksInit(); }},
                    Faultless{"ReadsOn", Profile::kMachine,
                              [] { return ReadInit(kernel::kReadMore); }},
                    Faultless{"LateDetach", Profile::kMachine, [] { return LateDetachInit(); }},
                    Faultless{"ReapById", Profile::kMachine, [] { return ReapByIdInit(); }},
                    Faultless{"Timed", Profile::kContainer, [] { return TimedInit(); }},
                    Faultless{"Session", Profile::kContainer, [] { return SessionInit(); }}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace minit::contract
