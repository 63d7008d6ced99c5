// The judge is neither blind nor a bigot: every broken init is found under its rule and no other, in
// a small scenario, and faultless inits of different construction are cleared in all of them.
#include "harness/contract/subjects.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/rig/runner.h"
#include "harness/scenario/text.h"

namespace minit::contract {
namespace {

struct Listener {
  Judge judge;
  void On(const Step& step, const kernel::Kernel& kernel) { judge.Observe(step, kernel); }
};

// Init makes what our own does, and waits in one call.
CallList Calls() {
  using kernel::CallKind;
  CallList list;
  for (const CallKind kind :
       {CallKind::kFork, CallKind::kExec, CallKind::kExit, CallKind::kSigProcMask,
        CallKind::kSigAction, CallKind::kSigTimedWait, CallKind::kWait4, CallKind::kKill,
        CallKind::kClockRead, CallKind::kSetSid, CallKind::kPtrace, CallKind::kCloseRange,
        CallKind::kWrite, CallKind::kSync, CallKind::kReboot}) {
    list.kinds |= uint64_t{1} << static_cast<int>(kind);
  }
  list.waits = uint64_t{1} << static_cast<int>(CallKind::kSigTimedWait);
  return list;
}

Judge Play(const Terms& terms, rig::Script<> script, const std::string& text) {
  static kernel::ScenarioKernel kernel;
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  Listener listener{Judge(terms)};
  rig::Runner<Listener> runner(kernel, listener);
  runner.Enter(scenario);
  rig::ScriptedInit init(std::move(script));
  Play(runner, init);
  return listener.judge;
}

std::string BreaksOf(const Judge& judge) {
  std::string text;
  for (const RuleText& rule : kRuleTexts) {
    if (judge.verdict(rule.rule) != Verdict::kBroken) continue;
    text += std::string(rule.name) + ": ";
    const Break* broken = judge.FindBreak(rule.rule);
    if (broken != nullptr) text += Explain(*broken) + "\n  " + ToString(broken->facts);
    text += "\n";
  }
  return text;
}

// --- Small scenarios -----------------------------------------------------------------------------

constexpr const char* kSucceeds = "at rest: child exits 0\n";
constexpr const char* kFails = "at rest: child exits 3\n";
constexpr const char* kKilled = "at rest: child dies of TERM\n";
constexpr const char* kNoFork = "before call 1: next 1 forks fail with EAGAIN\n";
constexpr const char* kNoExec = "before call 1: next 1 execs fail with ENOENT\n";
constexpr const char* kOrphanDies =
    "at rest: child double-forks process 1\n"
    "at rest: process 1 exits 3\n";
constexpr const char* kOrphansDieAtOnce = "at rest: child leaves 3 dead orphans of exit code 0\n";
constexpr const char* kOrphanDiesLate =
    "at rest: child double-forks process 1\n"
    "at rest: child exits 1\n"
    "at rest: process 1 exits 3\n";
constexpr const char* kHandles = "at rest: child handles every signal\n";
constexpr const char* kTerm =
    "at rest: child handles every signal\n"
    "at rest: kernel sends TERM to init\n";
constexpr const char* kUsr1 =
    "at rest: child handles every signal\n"
    "at rest: kernel sends USR1 to init\n";
constexpr const char* kThirtyFour =
    "at rest: child handles every signal\n"
    "at rest: kernel sends 34 to init\n"
    "at rest: kernel sends TERM to init\n";
constexpr const char* kTermBeforeSetSid =
    "before call 1: next process of init is kept waiting\n"
    "at rest: kernel sends TERM to init\n"
    "at rest: child may run\n";
constexpr const char* kThreeAtOnce =
    "at rest: child handles every signal\n"
    "at rest: init is frozen\n"
    "at rest: kernel sends TERM to init\n"
    "at rest: kernel sends HUP to init\n"
    "at rest: kernel sends 40 to init\n"
    "at rest: init is thawed\n";
constexpr const char* kTermInTheDelay =
    "at rest: child exits 3\n"
    "at rest: kernel sends TERM to init\n";
constexpr const char* kIgnoring =
    "entry: HUP is ignored\n"
    "entry: descriptor 7 is open\n";
constexpr const char* kTraced =
    "at rest: child handles every signal\n"
    "at rest: child asks to be traced\n"
    "at rest: kernel sends USR1 to child\n";
constexpr const char* kTracedStop =
    "at rest: child asks to be traced\n"
    "at rest: child stops on STOP\n"
    "at rest: child continues\n";
constexpr const char* kRefused =
    "at rest: next 1 reboots fail with EPERM\n"
    "at rest: child exits 0\n";
constexpr const char* kSyncHangs =
    "at rest: sync hangs\n"
    "at rest: child exits 0\n";
constexpr const char* kZombiesAtTheEnd =
    "at rest: init is frozen\n"
    "at rest: child leaves 2 dead orphans of exit code 0\n"
    "at rest: child exits 4\n"
    "at rest: init is thawed\n";

const std::vector<const char*>& AllScenarios() {
  static const std::vector<const char*> all = {
      kSucceeds, kFails,     kKilled,           kNoFork,      kNoExec,         kOrphanDies,
      kHandles,  kTerm,      kOrphansDieAtOnce, kUsr1,        kOrphanDiesLate, kThirtyFour,
      kIgnoring, kTraced,    kTermBeforeSetSid, kThreeAtOnce, kTermInTheDelay, kTracedStop,
      kRefused,  kSyncHangs, kZombiesAtTheEnd};
  return all;
}

// --- Broken inits --------------------------------------------------------------------------------

struct Broken {
  Rule rule;
  Fault fault;
  const char* scenario;
  How how;
};

const std::vector<Broken>& AllBroken() {
  static const std::vector<Broken> all = {
      {Rule::kReapsAtRest, Fault::kReapsOnceASignal, kOrphansDieAtOnce, How::kPassedOver},
      {Rule::kReapsAtRest, Fault::kReapsOnlyItsChild, kOrphanDies, How::kPassedOver},
      {Rule::kReapsAtRest, Fault::kSleepsOutTheDelay, kOrphanDiesLate, How::kNever},
      {Rule::kForwardsEverySignal, Fault::kLeavesOut34, kThirtyFour, How::kNeverTaken},
      {Rule::kForwardsEverySignal, Fault::kForksWithoutWaiting, kTermBeforeSetSid,
       How::kNoSuchProcess},
      {Rule::kForwardsEverySignal, Fault::kDropsUsr1, kUsr1, How::kTakenNotSent},
      {Rule::kForwardsEverySignal, Fault::kSendsTwice, kUsr1, How::kTwice},
      {Rule::kForwardsEverySignal, Fault::kSendsToTheProcess, kTerm, How::kProcessOnly},
      {Rule::kForwardsEverySignal, Fault::kSendsInterruptForTerm, kTerm, How::kOtherNumber},
      {Rule::kForwardsInOrder, Fault::kSendsBackwards, kThreeAtOnce, How::kLate},
      {Rule::kForwardsInOrder, Fault::kSendsHangUpLast, kThreeAtOnce, How::kLate},
      {Rule::kSignalsNobodyElse, Fault::kKillsEveryoneAtTheEnd, kFails, How::kPlain},
      {Rule::kSignalsNobodyElse, Fault::kForwardsAfterTheReap, kTermInTheDelay, How::kLate},
      {Rule::kSignalsNobodyElse, Fault::kForwardsChildSignals, kOrphanDies, How::kNeverTaken},
      {Rule::kStartsChildClean, Fault::kLeavesItsMask, kSucceeds, How::kSignalsBlocked},
      {Rule::kStartsChildClean, Fault::kLeavesItsSession, kFails, How::kNotApart},
      {Rule::kStartsChildClean, Fault::kLeavesItsSession, kNoExec, How::kNotApart},
      {Rule::kStartsChildClean, Fault::kLeavesIgnored, kIgnoring, How::kSignalsIgnored},
      {Rule::kStartsChildClean, Fault::kLeaksDescriptor, kIgnoring, How::kDescriptors},
      {Rule::kStartsChildClean, Fault::kClosesStream, kSucceeds, How::kStreams},
      {Rule::kStartsChildClean, Fault::kPassesOtherArguments, kFails, How::kOtherArguments},
      {Rule::kStartsChildClean, Fault::kPassesOtherEnvironment, kFails, How::kOtherEnvironment},
      {Rule::kStartsChildClean, Fault::kStartsAnotherProgram, kSucceeds, How::kOtherPath},
      {Rule::kStartsChildClean, Fault::kTakesTerminal, kFails, How::kTerminal},
      {Rule::kStartsChildClean, Fault::kStartsTwice, kFails, How::kTwice},
      {Rule::kStartsChildClean, Fault::kStartsLate, kFails, How::kNever},
      {Rule::kEndsOnlyWithChild, Fault::kTakesOrphanForChild, kOrphanDies, How::kEarly},
      {Rule::kEndsOnlyWithChild, Fault::kTakesStopForEnd, kTracedStop, How::kEarly},
      {Rule::kEndsOnlyWithChild, Fault::kEndsOnTerm, kTerm, How::kEarly},
      {Rule::kReportsStatus, Fault::kReportsCodeAlone, kKilled, How::kWrongValue},
      {Rule::kReportsStatus, Fault::kReportsNothing, kFails, How::kNever},
      {Rule::kReportsStatus, Fault::kNamesNoPath, kNoExec, How::kNever},
      {Rule::kReportsStatus, Fault::kNamesNoPath, kNoFork, How::kNever},
      {Rule::kSyncsFirst, Fault::kNeverSyncs, kFails, How::kLate},
      {Rule::kSyncsFirst, Fault::kSyncsLate, kFails, How::kLate},
      {Rule::kSyncsFirst, Fault::kDoesNotAwaitSync, kSucceeds, How::kNever},
      {Rule::kWaitsOutTheDelay, Fault::kWaitsAfterSuccess, kSucceeds, How::kLate},
      {Rule::kWaitsOutTheDelay, Fault::kWaitsTooShort, kFails, How::kEarly},
      {Rule::kWaitsOutTheDelay, Fault::kWaitsTooShort, kNoExec, How::kEarly},
      {Rule::kAlwaysRestarts, Fault::kPowersOff, kFails, How::kOtherCommand},
      {Rule::kAlwaysRestarts, Fault::kGivesUp, kRefused, How::kNever},
      {Rule::kAlwaysRestarts, Fault::kRetriesAtOnce, kRefused, How::kEarly},
      {Rule::kAlwaysRestarts, Fault::kNeverRestarts, kFails, How::kNever},
      {Rule::kAlwaysRestarts, Fault::kWaitsTooLong, kFails, How::kNever},
      {Rule::kAlwaysRestarts, Fault::kRestartsWithoutMagic, kFails, How::kWrongValue},
      {Rule::kNeverExits, Fault::kExitsWithoutFork, kNoFork, How::kPlain},
      {Rule::kNeverExits, Fault::kExitsAtTheEnd, kFails, How::kPlain},
      {Rule::kFreesTheTraced, Fault::kLeavesTraced, kTraced, How::kNever},
      {Rule::kFreesTheTraced, Fault::kContinuesTraced, kTraced, How::kNever},
      {Rule::kFreesTheTraced, Fault::kDropsTheSignal, kTraced, How::kWrongValue},
      {Rule::kKeepsToItsCalls, Fault::kMakesAnotherCall, kFails, How::kOtherCommand},
      {Rule::kKeepsToItsCalls, Fault::kWaitsInWait, kFails, How::kNever},
      {Rule::kExitsWithStatus, Fault::kExitsWithZero, kFails, How::kWrongValue},
      {Rule::kExitsWithStatus, Fault::kExitsWithCodeAlone, kKilled, How::kWrongValue},
      {Rule::kExitsWithStatus, Fault::kExitsBeforeReaping, kZombiesAtTheEnd, How::kEarly},
      {Rule::kExitsWithStatus, Fault::kRestsBeforeExit, kFails, How::kLate},
      {Rule::kComesToRest, Fault::kSpins, kTerm, How::kNever},
      {Rule::kComesToRest, Fault::kIsBusy, kTerm, How::kNever},
      {Rule::kComesToRest, Fault::kWakesTooOften, kFails, How::kTwice},
  };
  return all;
}

Judge PlayBroken(const Broken& broken) {
  static const CallList calls = Calls();
  const bool container = broken.rule == Rule::kExitsWithStatus;
  const Terms terms{.profile = container ? Profile::kContainer : Profile::kMachine,
                    .calls = broken.rule == Rule::kKeepsToItsCalls ? &calls : nullptr};
  return Play(terms, container ? TimedInit(broken.fault) : SigTimedWaitInit(broken.fault),
              broken.scenario);
}

TEST(BrokenSubjects, AreFoundUnderTheirRuleAndNoOther) {
  for (const Broken& broken : AllBroken()) {
    const Judge judge = PlayBroken(broken);
    SCOPED_TRACE(std::string(TextOf(broken.rule).name) + ", fault " +
                 std::to_string(static_cast<int>(broken.fault)) + "\n" + broken.scenario);
    for (const RuleText& rule : kRuleTexts) {
      EXPECT_EQ(judge.verdict(rule.rule) == Verdict::kBroken, rule.rule == broken.rule)
          << rule.name << "\n"
          << BreaksOf(judge);
    }
    const Break* found = judge.FindBreak(broken.rule);
    if (found == nullptr) continue;
    EXPECT_EQ(found->facts.how, broken.how) << BreaksOf(judge);
    EXPECT_NE(found->step, 0U);
    EXPECT_LE(found->step, judge.steps());
    EXPECT_FALSE(Explain(*found).empty());
  }
}

TEST(BrokenSubjects, ThereAreTwoForEveryRule) {
  std::map<Rule, int> count;
  std::map<Fault, int> seen;
  for (const Broken& broken : AllBroken()) {
    if (seen[broken.fault]++ == 0) ++count[broken.rule];
  }
  for (const RuleText& rule : kRuleTexts) EXPECT_GE(count[rule.rule], 2) << rule.name;
}

// --- Faultless inits -----------------------------------------------------------------------------

struct Faultless {
  const char* name;
  Profile profile;
  std::function<rig::Script<>()> make;
};

const std::vector<Faultless>& AllFaultless() {
  static const std::vector<Faultless> all = {
      {"sigtimedwait", Profile::kMachine, [] { return SigTimedWaitInit(); }},
      {"signalfd and poll", Profile::kMachine, [] { return SignalFdInit(false); }},
      {"signalfd and epoll", Profile::kMachine, [] { return SignalFdInit(true); }},
      {"handlers and sigsuspend", Profile::kMachine, [] { return SigSuspendInit(); }},
      {"handlers and waitid", Profile::kMachine, [] { return WaitIdInit(); }},
      {"many forks", Profile::kMachine, [] { return ManyForksInit(); }},
      {"reads on", Profile::kMachine, [] { return ReadInit(kernel::kReadMore); }},
      {"late detach", Profile::kMachine, [] { return LateDetachInit(); }},
      {"reaps by id", Profile::kMachine, [] { return ReapByIdInit(); }},
      {"container, group", Profile::kContainer, [] { return TimedInit(); }},
      {"container, session", Profile::kContainer, [] { return SessionInit(); }}};
  return all;
}

TEST(FaultlessSubjects, OfEveryConstructionAreCleared) {
  for (const Faultless& subject : AllFaultless()) {
    for (const char* scenario : AllScenarios()) {
      const Judge judge = Play({.profile = subject.profile}, subject.make(), scenario);
      EXPECT_FALSE(judge.any_broken()) << subject.name << "\n" << scenario << BreaksOf(judge);
    }
  }
}

TEST(FaultlessSubjects, MakeEveryRuleOfTheirProfileSpeak) {
  for (const Faultless& subject : AllFaultless()) {
    std::map<Rule, int> spoke;
    for (const char* scenario : AllScenarios()) {
      const Judge judge = Play({.profile = subject.profile}, subject.make(), scenario);
      for (const RuleText& rule : kRuleTexts) {
        spoke[rule.rule] += judge.verdict(rule.rule) == Verdict::kHolds;
      }
    }
    for (const RuleText& rule : kRuleTexts) {
      const bool judged =
          BelongsTo(rule.rule, subject.profile) && rule.rule != Rule::kKeepsToItsCalls;
      EXPECT_EQ(spoke[rule.rule] > 0, judged) << subject.name << ": " << rule.name;
    }
  }
}

}  // namespace
}  // namespace minit::contract
