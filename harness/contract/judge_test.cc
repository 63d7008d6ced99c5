// The judge, step by step: on a kernel driven by hand, what each rule says at the edges.
#include "harness/contract/judge.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/contract/stand.h"

namespace minit::contract {
namespace {

using kernel::Call;
using kernel::kInit;
using kernel::Pid;
using kernel::Result;
namespace calls = kernel::calls;

using Rules = std::vector<Rule>;

// --- Silence -------------------------------------------------------------------------------------

TEST(Judge, BeforeAnythingHappensOnlyThoseThatAlwaysSpeakDo) {
  Stand stand;
  for (const RuleText& rule : kRuleTexts) {
    const bool always = std::string_view(rule.speaks_when) == "always";
    EXPECT_EQ(stand.judge.verdict(rule.rule), always ? Verdict::kHolds : Verdict::kSilent)
        << rule.name;
  }
}

TEST(Judge, ARuleSpeaksOnlyOnceItsWhenHasOccurred) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  const auto silent = [&stand](Rule rule) { return stand.judge.verdict(rule) == Verdict::kSilent; };
  EXPECT_TRUE(silent(Rule::kForwardsEverySignal));
  EXPECT_TRUE(silent(Rule::kEndsOnlyWithChild));
  stand.Send(15);
  EXPECT_EQ(stand.Return(kInit).signal, 15);
  EXPECT_FALSE(silent(Rule::kForwardsEverySignal));
  EXPECT_FALSE(silent(Rule::kEndsOnlyWithChild));
  stand.Make(kInit, calls::Kill(-child, 15));
  EXPECT_TRUE(silent(Rule::kForwardsInOrder));
  EXPECT_TRUE(silent(Rule::kReportsStatus));
  EXPECT_TRUE(silent(Rule::kFreesTheTraced));
  EXPECT_TRUE(silent(Rule::kReapsAtRest));
  EXPECT_TRUE(silent(Rule::kKeepsToItsCalls));
  EXPECT_EQ(stand.broken(), Rules{});
}

// One that was not sent stands in the list before one that was; then more come than the list holds.
TEST(Judge, WhatIsBeyondItsRoomIsInNoWrongOrder) {
  Stand stand;
  const Pid child = stand.Start();
  const auto take_and_send = [&stand, child](int signal) {
    stand.Send(signal);
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
    stand.Make(kInit, calls::Kill(-child, signal));
  };
  stand.Send(34);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  stand.Send(18);
  stand.Return(kInit);
  stand.Make(kInit, calls::Kill(-child, 18));
  for (int i = 0; i < 62; ++i) take_and_send(34);
  EXPECT_EQ(stand.judge.verdict(Rule::kForwardsInOrder), Verdict::kHolds);
  take_and_send(34);
  EXPECT_EQ(stand.judge.verdict(Rule::kForwardsInOrder), Verdict::kHolds) << "there was no room";
}

// The phases in which a rule has spoken, a letter each.
std::string PhasesOf(Rule rule, const Judge& judge) {
  std::string phases;
  for (std::size_t i = 0; i < kPhaseCount; ++i) {
    phases += judge.SpokeIn(rule, static_cast<Phase>(i)) ? "srewa"[i] : '-';
  }
  return phases;
}

TEST(Judge, SaysInWhichPhasesARuleHasSpoken) {
  Stand stand;
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "s----");
  const Pid child = stand.Start();
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "sr---");
  stand.Wait();
  stand.Send(15);
  stand.Return(kInit);
  stand.Make(kInit, calls::Kill(-child, 15));
  stand.Wait();
  stand.Exit(child, 0);
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "sre--");
  EXPECT_EQ(PhasesOf(Rule::kEndsOnlyWithChild, stand.judge), "-r---");
  EXPECT_EQ(PhasesOf(Rule::kReapsAtRest, stand.judge), "-----");
  stand.RefuseRestarts();
  stand.EndWell("0\n");
  EXPECT_EQ(PhasesOf(Rule::kReapsAtRest, stand.judge), "--e--");
  stand.Wait(1);
  stand.PassTo(kSecondNs);
  stand.Return(kInit);
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "srew-");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "srewa");
  EXPECT_EQ(PhasesOf(Rule::kForwardsEverySignal, stand.judge), "-r---");
  EXPECT_EQ(PhasesOf(Rule::kAlwaysRestarts, stand.judge), "--e-a");
  EXPECT_EQ(PhasesOf(Rule::kExitsWithStatus, stand.judge), "-----") << "it is of containers";
  EXPECT_EQ(PhasesOf(Rule::kKeepsToItsCalls, stand.judge), "-----") << "no list was given";
}

TEST(Judge, WhatBrokeARuleSpokeInThatPhase) {
  Stand stand;
  stand.Make(kInit, calls::Sync());
  ASSERT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild});
  EXPECT_EQ(PhasesOf(Rule::kEndsOnlyWithChild, stand.judge), "s----");
}

// A helper that is forked first and killed might have been the child, until another execs.
TEST(Judge, WhatSpokeInAnEndThatWasNoneSpokeBeforeTheStart) {
  Stand stand;
  stand.BlockAll();
  const Pid helper = stand.Fork();
  stand.kernel.Die(helper, 9, false);
  stand.Move(Cause::kKill, helper, 9);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  EXPECT_EQ(PhasesOf(Rule::kSyncsFirst, stand.judge), "--e--");
  EXPECT_EQ(PhasesOf(Rule::kReapsAtRest, stand.judge), "--e--");
  stand.Start();
  EXPECT_EQ(PhasesOf(Rule::kSyncsFirst, stand.judge), "-----");
  EXPECT_EQ(PhasesOf(Rule::kReapsAtRest, stand.judge), "s----");
  EXPECT_EQ(PhasesOf(Rule::kComesToRest, stand.judge), "sr---");
}

TEST(Judge, AnEndingTooEarlyIsLaidToWhatInitWasTold) {
  Stand stand;
  const Pid child = stand.Start();
  const Pid orphan = stand.kernel.Fork(kInit);
  stand.Exit(orphan, 3);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.Send(15);
  stand.Move(Cause::kContinue, child, 18);
  stand.Make(kInit, calls::Sync());
  ASSERT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild});
  const Facts& facts = stand.judge.FindBreak(Rule::kEndsOnlyWithChild)->facts;
  EXPECT_EQ(facts.cause, Cause::kExit) << ToString(facts);
  EXPECT_EQ(facts.whose, Whose::kOrphan) << ToString(facts);
}

TEST(Judge, AStopThatNobodyTracesIsToldAsSuch) {
  for (const bool traced : {false, true}) {
    Stand stand;
    stand.Start();
    const Pid orphan = stand.kernel.Fork(kInit);
    stand.kernel.Issue(orphan, calls::SigProcMask(kernel::kMaskSet, 0));
    if (traced) stand.kernel.Issue(orphan, calls::Ptrace(kernel::kPtraceTraceMe));
    stand.kernel.SendFromKernel(orphan, kernel::kSigStop);
    stand.Move(Cause::kOther, orphan);
    const Call wait = calls::Wait4(-1, kernel::kWaitNoHang | kernel::kWaitUntraced);
    EXPECT_EQ(stand.Make(kInit, wait).value, orphan);
    stand.Make(kInit, calls::Sync());
    ASSERT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild});
    const Facts& facts = stand.judge.FindBreak(Rule::kEndsOnlyWithChild)->facts;
    EXPECT_EQ(facts.cause, traced ? Cause::kTracedStop : Cause::kUntracedStop);
  }
}

TEST(Judge, AFailedStartThatWaitsInsteadOfEndingNeverEnds) {
  Stand stand;
  const Pid child = stand.StartThatFails();
  stand.Make(child, calls::SigProcMask(kernel::kMaskSet, kernel::kAllSignals));
  stand.Make(child, calls::Sleep(kSecondNs));
  stand.Wait();
  EXPECT_TRUE(stand.broken().empty()) << "a sleep ends";
  stand.PassTo(2 * kSecondNs);
  stand.Return(child);
  stand.Make(child, calls::SigTimedWait(kernel::kAllSignals));
  stand.Exit(stand.kernel.Fork(kInit), 0);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.Wait();
  ASSERT_EQ(stand.broken(), Rules{Rule::kAlwaysRestarts});
  const Break& broken = *stand.judge.FindBreak(Rule::kAlwaysRestarts);
  EXPECT_EQ(broken.facts.how, How::kNever);
  EXPECT_EQ(broken.facts.whose, Whose::kChildBeforeExec);
  EXPECT_EQ(Explain(broken),
            "the exec of process 2 failed, and it goes on instead of ending, at 2.000003 s");
}

// It sleeps, and may try again, for no longer than the restart may take. Time in which it is held does not
// count.
TEST(Judge, AFailedStartThatSleepsTooLongNeverEnds) {
  enum { kSleepsOn, kFailsAgain, kSucceeds, kIsHeld, kEnds };
  for (const int does : {kSleepsOn, kFailsAgain, kSucceeds, kIsHeld, kEnds}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    stand.Make(child, calls::Sleep(20 * kSecondNs));
    stand.Wait();
    stand.PassTo(21 * kSecondNs);
    stand.Return(child);
    if (does == kFailsAgain) stand.kernel.SetFaults({.exec_failures = 1});
    if (does == kFailsAgain || does == kSucceeds) stand.Exec(child);
    if (does == kEnds) stand.Make(child, calls::Exit(1));
    if (does != kEnds && does != kSucceeds) stand.Make(child, calls::Sleep(20 * kSecondNs));
    stand.kernel.Keep(child, does == kIsHeld);
    stand.Move(Cause::kOther, child);
    stand.PassTo(31 * kSecondNs);
    EXPECT_EQ(stand.judge.FindBreak(Rule::kAlwaysRestarts), nullptr);
    stand.PassTo(32 * kSecondNs);
    EXPECT_EQ(stand.judge.FindBreak(Rule::kAlwaysRestarts) != nullptr, does <= kFailsAgain) << does;
  }
}

TEST(Judge, AFailedStartIsLateAfterItsLastNanosecond) {
  for (const uint64_t more_ns : {0U, 1U}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    const uint64_t failed_ns = stand.kernel.now_ns();
    stand.Make(child, calls::Sleep(100 * kSecondNs));
    stand.Wait();
    stand.PassTo(failed_ns + kRestartWithinNs + more_ns);
    EXPECT_EQ(stand.broken(), more_ns == 0 ? Rules{} : Rules{Rule::kAlwaysRestarts});
  }
}

TEST(Judge, AFailedStartThatRunsOnNeverEnds) {
  Stand stand;
  const Pid child = stand.StartThatFails();
  stand.Tell({.kind = Step::Kind::kSpins, .pid = child});
  EXPECT_EQ(stand.broken(), Rules{Rule::kAlwaysRestarts});
}

TEST(Judge, WhatIsSentAndIsNoSignalHasFactsThatCanBeRead) {
  Stand stand;
  stand.Start();
  stand.Make(kInit, calls::Kill(-1, -4));
  ASSERT_EQ(stand.broken(), Rules{Rule::kSignalsNobodyElse});
  const Facts& facts = stand.judge.FindBreak(Rule::kSignalsNobodyElse)->facts;
  std::string error;
  const auto read = ParseFacts(ToString(facts), &error);
  ASSERT_TRUE(read) << error;
  EXPECT_TRUE(read->Matches(facts));
}

TEST(Judge, InitThatRunsOnWithoutACallDoesNotComeToRest) {
  Stand stand;
  stand.Start();
  stand.Tell({.kind = Step::Kind::kSpins, .pid = 2});
  EXPECT_TRUE(stand.broken().empty()) << "of another process the rule says nothing";
  stand.Tell({.kind = Step::Kind::kSpins, .by_init = true, .pid = kInit});
  ASSERT_EQ(stand.broken(), Rules{Rule::kComesToRest});
  EXPECT_EQ(stand.judge.FindBreak(Rule::kComesToRest)->facts.how, How::kNever);
}

TEST(Judge, SaysWhichFaultsThereHaveBeen) {
  Stand stand;
  EXPECT_EQ(stand.judge.faults(), 0);
  kernel::Faults faults;
  faults.sync_hangs = true;
  stand.kernel.SetFaults(faults);
  stand.Move(Cause::kFault);
  EXPECT_EQ(stand.judge.faults(), kFaultSync);
  stand.kernel.SetFaults({});
  stand.Move(Cause::kFault);
  faults.sync_hangs = false;
  faults.fork_failures = 1;
  stand.kernel.SetFaults(faults);
  stand.Move(Cause::kFault);
  EXPECT_EQ(stand.judge.faults(), kFaultSync | kFaultForks) << "also of those that are over";
}

TEST(Judge, EachFaultHasItsOwnWord) {
  const std::vector<std::pair<kernel::Faults, int>> each = {{{.fork_failures = 1}, kFaultForks},
                                                            {{.exec_failures = 1}, kFaultExecs},
                                                            {{.reboot_failures = 1}, kFaultReboots},
                                                            {{.sync_hangs = true}, kFaultSync},
                                                            {{.console_room = 0}, kFaultConsole}};
  for (const auto& [faults, word] : each) {
    Stand stand;
    stand.kernel.SetFaults(faults);
    stand.Move(Cause::kFault);
    EXPECT_EQ(stand.judge.faults(), word);
  }
}

TEST(Judge, OfTheEntryItTellsWhatItWasToldAndWhatItSees) {
  Stand stand({.entry = kEnteredNamespace | kEnteredStreams}, {.mask = kernel::SignalBit(10)});
  stand.Make(kInit, calls::Kill(-1, 10));
  EXPECT_EQ(int{stand.judge.FindBreak(Rule::kSignalsNobodyElse)->facts.entry},
            kEnteredNamespace | kEnteredStreams | kEnteredMasked);
}

// By one who sends a signal to all.
TEST(Judge, EachWayInWhichInitWasEnteredHasItsOwnWord) {
  const auto entry_of = [](const kernel::Entry& entry, auto prepare) {
    Stand stand({}, entry);
    prepare(stand.kernel);
    stand.judge = Judge();
    stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
    stand.Make(kInit, calls::Kill(-1, 10));
    return int{stand.judge.FindBreak(Rule::kSignalsNobodyElse)->facts.entry};
  };
  const auto nothing = [](auto&) {};
  const kernel::Entry masked{.mask = kernel::SignalBit(10)};
  EXPECT_EQ(entry_of({}, nothing), 0);
  EXPECT_EQ(entry_of({.ignored = kernel::SignalBit(10)}, nothing), kEnteredIgnoring);
  EXPECT_EQ(entry_of({.ignored = kernel::SignalBit(kernel::kSigChld)}, nothing),
            kEnteredIgnoring | kEnteredIgnoringChld);
  EXPECT_EQ(entry_of(masked, nothing), kEnteredMasked);
  EXPECT_EQ(entry_of(masked, [](auto& kernel) { kernel.SendFromKernel(kInit, 10); }),
            kEnteredMasked | kEnteredPending);
  EXPECT_EQ(entry_of({}, [](auto& kernel) { kernel.Fork(kInit); }), kEnteredParent);
  EXPECT_EQ(
      entry_of({}, [](auto& kernel) { kernel.GiveDescriptor(kInit, 3, kernel::Path::kNull, 0); }),
      kEnteredDescriptors);
}

TEST(Judge, RulesOfTheOtherProfileStaySilent) {
  Stand machine;
  machine.Start();
  machine.Wait();
  machine.Exit(2, 0);
  EXPECT_EQ(machine.judge.verdict(Rule::kExitsWithStatus), Verdict::kSilent);
  EXPECT_EQ(machine.judge.verdict(Rule::kSyncsFirst), Verdict::kHolds);
  Stand container({.profile = Profile::kContainer});
  container.Start();
  container.Wait();
  container.Exit(2, 0);
  EXPECT_EQ(container.judge.verdict(Rule::kExitsWithStatus), Verdict::kHolds);
  EXPECT_EQ(container.judge.verdict(Rule::kSyncsFirst), Verdict::kSilent);
}

// --- Moments -------------------------------------------------------------------------------------

TEST(Judge, ABreakNamesTheMomentInASentenceWithNumbers) {
  Stand stand;
  stand.Start();
  stand.Wait();
  stand.Send(15);
  stand.Return(kInit);
  EXPECT_EQ(stand.broken(), Rules{});
  stand.Wait();
  ASSERT_EQ(stand.broken(), Rules{Rule::kForwardsEverySignal});
  const Break& found = *stand.judge.FindBreak(Rule::kForwardsEverySignal);
  EXPECT_EQ(Explain(found),
            "SIGTERM (15) was taken and not sent to group 2 before init rested, at 5 µs");
  EXPECT_EQ(ToString(found.facts),
            "phase=running entry=plain faults=none cause=signal-15 whose=nobody "
            "how=taken-not-sent");
  EXPECT_EQ(found.step, stand.judge.steps());
}

TEST(Judge, TheFirstBreakOfARuleIsKept) {
  Stand stand;
  stand.Start();
  stand.Make(kInit, calls::Kill(-1, 10));
  stand.Make(kInit, calls::Kill(1, 12));
  const Break& found = *stand.judge.FindBreak(Rule::kSignalsNobodyElse);
  EXPECT_EQ(found.number, 10);
  EXPECT_EQ(found.pid, -1);
  EXPECT_EQ(found.facts.whose, Whose::kStranger);
}

// Knows the breaks of that kind.
struct KnownHow final : KnownBreaks {
  explicit KnownHow(How known) : how(known) {}
  bool Has(const Break& broken) const override { return broken.facts.how == how; }
  How how;
};

TEST(Judge, ABreakThatIsKnownHidesNoOtherOfItsRule) {
  const KnownHow late(How::kLate);
  Stand stand({.known = &late});
  const kernel::Pid child = stand.EndChild(1);
  stand.ReapAll();
  stand.Make(kInit, calls::Kill(-child, 10));  // never taken: the rule says no more
  EXPECT_EQ(stand.judge.breaks().size(), 1u);

  Stand other({.known = &late});
  const kernel::Pid second = other.Start();
  other.Wait();
  other.Send(10);
  other.Return(kInit);
  other.Make(kInit, calls::Kill(-second, 10));
  other.Wait();
  other.Exit(second, 1);
  other.Return(kInit);
  other.ReapAll();
  other.Make(kInit, calls::Kill(-second, 10));
  other.Make(kInit, calls::Kill(-second, 10));
  ASSERT_EQ(other.judge.breaks().size(), 1u) << "what is known is kept once";
  EXPECT_EQ(other.judge.breaks()[0].facts.how, How::kLate);
  other.Make(kInit, calls::Kill(-1, 10));
  other.Make(kInit, calls::Kill(-1, 12));
  ASSERT_EQ(other.judge.breaks().size(), 2u) << "the first that is not known is the last";
  EXPECT_EQ(other.judge.breaks()[1].pid, -1);
  EXPECT_EQ(other.judge.breaks()[1].number, 10);
  EXPECT_EQ(other.judge.FindBreak(Rule::kSignalsNobodyElse)->facts.how, How::kLate);
  EXPECT_EQ(other.broken(), Rules{Rule::kSignalsNobodyElse});
}

TEST(Judge, WhoIsLeftAtEachRestIsOneBreak) {
  struct KnownPhase final : KnownBreaks {
    bool Has(const Break& broken) const override { return broken.facts.phase == Phase::kRunning; }
  } running;
  Stand stand({.known = &running});
  const kernel::Pid child = stand.Start();
  const kernel::Pid orphan = stand.kernel.Fork(kInit);
  stand.Wait();
  stand.Exit(orphan, 0);
  stand.Return(kInit);
  stand.Wait();
  ASSERT_EQ(stand.judge.breaks().size(), 1u);
  stand.Exit(child, 0);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(child, kernel::kWaitNoHang));
  stand.Wait();
  for (const Break& broken : stand.judge.breaks()) {
    EXPECT_TRUE(broken.rule != Rule::kReapsAtRest || broken.facts.phase == Phase::kRunning)
        << Explain(broken);
  }
}

TEST(Judge, EachThingThatExecHasWrongIsABreakOfItsOwn) {
  const auto breaks_of = [](const KnownBreaks* known) {
    Stand stand({.known = known});
    stand.BlockAll();
    stand.kernel.GiveDescriptor(kInit, 5, kernel::Path::kNull, 0);
    const kernel::Pid child = stand.Fork();
    stand.Make(child, calls::SetSid());
    stand.Make(child, calls::SigProcMask(kernel::kMaskSet, kernel::SignalBit(kernel::kSigTerm)));
    stand.Make(child, calls::Exec());
    stand.Wait();
    const auto found = stand.judge.breaks();
    return std::vector<Break>(found.begin(), found.end());
  };
  const std::vector<Break> first = breaks_of(nullptr);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].facts.how, How::kSignalsBlocked);
  EXPECT_EQ(int{first[0].facts.signal}, kernel::kSigTerm);
  EXPECT_EQ(first[0].number, kMasked | kDescriptors);
  const KnownHow blocked(How::kSignalsBlocked);
  const std::vector<Break> both = breaks_of(&blocked);
  ASSERT_EQ(both.size(), 2u) << "what is known of signals says nothing of descriptors";
  EXPECT_EQ(both[1].facts.how, How::kDescriptors);
  EXPECT_EQ(both[1].facts.cause, Cause::kNone);
}

TEST(Judge, EachSignalThatTheChildBeginsWithIsABreakOfItsOwn) {
  struct KnownSignal final : KnownBreaks {
    bool Has(const Break& broken) const override { return broken.facts.signal == 32; }
  } known;
  for (const bool blocked : {true, false}) {
    Stand stand({.known = &known});
    stand.BlockAll();
    const uint64_t signals = kernel::SignalBit(32) | kernel::SignalBit(40);
    for (const int signal : {32, 40}) {
      if (!blocked) stand.Make(kInit, calls::SigAction(signal, kernel::kSigIgn));
    }
    const kernel::Pid child = stand.Fork();
    stand.Make(child, calls::SetSid());
    stand.Make(child, calls::SigProcMask(kernel::kMaskSet, blocked ? signals : 0));
    stand.Make(child, calls::Exec());
    const auto found = stand.judge.breaks();
    ASSERT_EQ(found.size(), 2u) << "blocked: " << blocked;
    EXPECT_EQ(int{found[1].facts.signal}, 40);
    EXPECT_EQ(found[1].facts.how, blocked ? How::kSignalsBlocked : How::kSignalsIgnored);
  }
}

// --- Signals -------------------------------------------------------------------------------------

TEST(Judge, WhatWasTakenBeforeTheStartMayBeSentOnceOrNotAtAll) {
  for (const int sends : {0, 1, 2}) {
    Stand stand;
    stand.BlockAll();
    stand.Send(10);
    const Pid child = stand.Start();
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
    for (int i = 0; i < sends; ++i) stand.Make(kInit, calls::Kill(-child, 10));
    stand.Wait();
    EXPECT_EQ(stand.broken(), sends < 2 ? Rules{} : Rules{Rule::kForwardsEverySignal}) << sends;
  }
}

// The child, which dies when init has taken TERM and not sent it.
Pid DiesBeforeTheSend(Stand& stand) {
  const Pid child = stand.Start();
  stand.Wait();
  stand.Send(15);
  stand.Return(kInit);
  stand.Exit(child, 0);
  return child;
}

TEST(Judge, WhatIsUnsentAtTheChildsDeathMayBeSentUntilTheReapOrDropped) {
  for (const bool send : {false, true}) {
    Stand stand;
    const Pid child = DiesBeforeTheSend(stand);
    if (send) EXPECT_EQ(stand.Make(kInit, calls::Kill(-child, 15)).value, 0);
    EXPECT_EQ(stand.broken(), Rules{});
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    EXPECT_EQ(stand.broken(), Rules{});
    stand.Make(kInit, calls::Kill(-child, 15));
    EXPECT_EQ(stand.broken(), Rules{Rule::kSignalsNobodyElse});
    EXPECT_EQ(stand.HowOf(Rule::kSignalsNobodyElse), How::kLate);
  }
}

TEST(Judge, ASendAfterTheReapIsOfASignalThatInitTookOrOfItsOwn) {
  for (const int taken : {9, 10, 15}) {
    for (const int sent : {9, 10, 15, 65, -EINTR}) {
      Stand stand;
      const Pid child = stand.EndChild(1);
      stand.ReapAll();
      if (taken != 9) {
        stand.Send(taken);
        stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
      }
      stand.Make(kInit, calls::Kill(-child, sent));
      EXPECT_EQ(stand.broken(), Rules{Rule::kSignalsNobodyElse});
      const bool took = taken != 9 && taken == sent;
      EXPECT_EQ(stand.HowOf(Rule::kSignalsNobodyElse), took ? How::kLate : How::kNeverTaken)
          << "took " << taken << ", sent " << sent;
    }
  }
}

TEST(Judge, AKillThatFailsMayBeMadeAgain) {
  Stand stand;
  stand.BlockAll();
  const Pid child = stand.Fork();
  stand.Send(15);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  EXPECT_EQ(stand.Make(kInit, calls::Kill(-child, 15)).value, -ESRCH);
  stand.Make(child, calls::SetSid());
  EXPECT_EQ(stand.Make(kInit, calls::Kill(-child, 15)).value, 0);
  stand.Make(child, calls::SigProcMask(kernel::kMaskSet, 0));
  stand.Wait();
  EXPECT_EQ(stand.judge.verdict(Rule::kForwardsEverySignal), Verdict::kHolds);
}

TEST(Judge, AnEqualOneThatWasNotOwedStandsInForAnOwedOne) {
  Stand stand;
  stand.BlockAll();
  stand.kernel.SendFromKernel(kInit, 40);  // before the start
  const Pid child = stand.Start();
  stand.kernel.SendFromKernel(kInit, 40);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  stand.Make(kInit, calls::Kill(-child, 40));
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, AnInitThatCannotBeWokenOwesAtOnceOneThatSleepsWhenItRestsAgain) {
  for (const uint64_t time_ns : {kernel::kForever, kSecondNs}) {
    Stand stand;
    stand.Start();
    stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(17), time_ns));
    stand.Rest();
    stand.Send(15);
    EXPECT_EQ(stand.broken().empty(), time_ns != kernel::kForever);
    stand.PassTo(2 * kSecondNs);
    if (time_ns != kernel::kForever) {
      stand.Return(kInit);
      stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(17), time_ns));
      stand.Rest();
    }
    EXPECT_EQ(stand.broken(), Rules{Rule::kForwardsEverySignal});
    EXPECT_EQ(stand.HowOf(Rule::kForwardsEverySignal), How::kNeverTaken);
  }
}

TEST(Judge, AContainersInitMaySignalTheChildAlone) {
  for (const Profile profile : {Profile::kMachine, Profile::kContainer}) {
    for (const int way : {0, 1, 2, 3}) {
      Stand stand({.profile = profile});
      const Pid child = stand.Start();
      const auto fd = static_cast<int16_t>(stand.Make(kInit, calls::PidFdOpen(child)).value);
      stand.Wait();
      stand.Send(10);
      stand.Return(kInit);
      stand.Make(kInit, way == 0   ? calls::Kill(child, 10)
                        : way == 1 ? calls::SigQueue(child, 10)
                        : way == 2 ? calls::PidFdSendSignal(fd, 10)
                                   : calls::ThreadKill(child, child, 10));
      stand.Wait();
      EXPECT_EQ(stand.broken().empty(), profile == Profile::kContainer && way < 3) << way;
    }
  }
}

// What was not sent by then may be sent later, behind what came after it.
TEST(Judge, AtRestTheOrderBeginsAnew) {
  Stand stand;
  stand.BlockAll();
  stand.Send(10);
  const Pid child = stand.Start();
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  stand.Wait();
  for (const int signal : {12, 15}) {
    stand.Send(signal);
    stand.Return(kInit);
    stand.Make(kInit, calls::Kill(-child, signal));
    stand.Wait();
  }
  stand.Make(kInit, calls::Kill(-child, 10));
  EXPECT_EQ(stand.judge.verdict(Rule::kForwardsInOrder), Verdict::kHolds);
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, OfTwoAlikeThatAreOwedBothAreSent) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Send(40);
  stand.Send(40);
  for (int i = 0; i < 2; ++i) stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  stand.Make(kInit, calls::Kill(-child, 40));
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{Rule::kForwardsEverySignal});
  EXPECT_EQ(stand.HowOf(Rule::kForwardsEverySignal), How::kTakenNotSent);
}

TEST(Judge, WhetherTheChildWaitsByItselfBeforeItHasAGroupIsTold) {
  enum class Child { kSleeps, kIsKept, kHasItsGroup };
  for (const Child which : {Child::kSleeps, Child::kIsKept, Child::kHasItsGroup}) {
    Stand stand;
    stand.BlockAll();
    const Pid child = stand.Fork();
    if (which == Child::kSleeps) stand.Make(child, calls::Sleep(kSecondNs));
    if (which == Child::kIsKept) stand.kernel.Keep(child, true);
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
    stand.Send(kernel::kSigTerm);
    stand.Return(kInit);
    EXPECT_EQ(stand.Make(kInit, calls::Kill(-child, kernel::kSigTerm)).value, -ESRCH);
    if (which == Child::kHasItsGroup) {
      stand.Make(child, calls::SetSid());
      stand.Make(child, calls::Sleep(kSecondNs));
    }
    stand.Wait();
    EXPECT_EQ(stand.HowOf(Rule::kForwardsEverySignal),
              which == Child::kSleeps ? How::kChildBlocked : How::kNoSuchProcess)
        << static_cast<int>(which);
  }
}

// That nobody was there is said only of a kill of this time, and only if that was its result.
TEST(Judge, WhyASignalWasNotSentIsOfTheLastKill) {
  Stand stand;
  stand.BlockAll();
  stand.Send(10);
  const Pid child = stand.Fork();
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  EXPECT_EQ(stand.Make(kInit, calls::Kill(-child, 10)).value, -ESRCH);
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{});
  stand.Send(10);
  stand.Return(kInit);
  Step step{
      .kind = Step::Kind::kCalls, .by_init = true, .pid = kInit, .call = calls::Kill(-child, 10)};
  stand.Tell(step);
  step.kind = Step::Kind::kReturns;
  step.result.value = -EPERM;
  stand.Tell(step);
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{Rule::kForwardsEverySignal});
  EXPECT_EQ(stand.HowOf(Rule::kForwardsEverySignal), How::kTakenNotSent);
}

TEST(Judge, WhatIsUnsentAtTheChildsDeathIsNotOwedAnyMore) {
  Stand stand;
  const Pid child = DiesBeforeTheSend(stand);
  stand.Make(kInit, calls::Kill(-child, 10));
  EXPECT_EQ(stand.broken(), Rules{Rule::kSignalsNobodyElse}) << "it stands in for none";
  EXPECT_EQ(stand.HowOf(Rule::kSignalsNobodyElse), How::kNeverTaken);
}

// Nor is what comes after it, though somebody else traces it and init is told later.
TEST(Judge, WhatComesAfterTheChildsDeathIsNotOwed) {
  enum { kDropped, kNotTaken, kAnotherSent };
  for (const int does : {kDropped, kNotTaken, kAnotherSent}) {
    for (const bool traced : {false, true}) {
      Stand stand;
      const Pid child = stand.Start();
      const Pid tracer = stand.kernel.Fork(kInit);
      if (traced) stand.kernel.Issue(tracer, calls::Ptrace(kernel::kPtraceSeize, child));
      stand.Wait();
      stand.Exit(child, 0);
      stand.Send(10);
      while (does != kNotTaken && stand.kernel.PendingCount(kInit, 10, true) != 0) {
        if (stand.kernel.Foresee(kInit) == kernel::Step::Kind::kReturns) stand.Return(kInit);
        stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
      }
      if (does == kAnotherSent) stand.Make(kInit, calls::Kill(-child, 12));
      stand.Make(kInit, calls::Sleep(1));
      stand.Rest();
      EXPECT_NE(stand.judge.verdict(Rule::kForwardsEverySignal), Verdict::kBroken) << does;
      EXPECT_EQ(stand.judge.verdict(Rule::kSignalsNobodyElse),
                does == kAnotherSent ? Verdict::kBroken : Verdict::kHolds);
    }
  }
}

// Of those beyond the room for them nothing is known until init rests, and all after that.
TEST(Judge, AtRestThereIsRoomAgain) {
  for (const int taken : {64, 65}) {
    for (const bool rests : {false, true}) {
      Stand stand;
      stand.BlockAll();
      for (int i = 0; i < taken; ++i) stand.Send(40);  // before the start: none is owed
      const Pid child = stand.Start();
      for (int i = 0; i < taken; ++i) stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
      if (rests) {
        stand.Wait();
        stand.Send(17);
        stand.Return(kInit);
      }
      stand.Make(kInit, calls::Kill(-child, 10));
      EXPECT_EQ(stand.broken().empty(), taken == 65 && !rests) << taken << rests;
    }
  }
}

TEST(Judge, WhatCameBeforeTheChildsForkNeedNotBeTaken) {
  for (const bool before : {true, false}) {
    Stand stand;
    stand.BlockAll();
    stand.Make(stand.Fork(), calls::Sleep(100 * kSecondNs));
    if (before) stand.Send(10);
    const Pid child = stand.Fork();
    if (!before) stand.Send(10);
    stand.Exec(child);
    stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(17)));
    stand.Rest();
    EXPECT_EQ(stand.broken(), before ? Rules{} : Rules{Rule::kForwardsEverySignal});
  }
}

// Only a fork that may make the child puts in doubt what is owed.
TEST(Judge, AForkOfAHelperTakesNothingBack) {
  Stand stand;
  stand.Start();
  stand.Send(10);
  stand.Make(stand.Fork(), calls::Sleep(100 * kSecondNs));
  stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(17)));
  stand.Rest();
  EXPECT_EQ(stand.broken(), Rules{Rule::kForwardsEverySignal});
}

TEST(Judge, TheHandlersOfOthersTakeNothing) {
  for (const bool by_init : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Tell({.kind = Step::Kind::kHandler,
                .by_init = by_init,
                .owed = true,
                .signal = 15,
                .pid = by_init ? kInit : child});
    EXPECT_EQ(stand.judge.verdict(Rule::kForwardsEverySignal),
              by_init ? Verdict::kHolds : Verdict::kSilent);
  }
}

TEST(Judge, WhatBecomesOfAnothersKillIsNothingToInits) {
  Stand stand;
  const Pid child = stand.Start();
  const Pid helper = stand.Fork();
  stand.Send(10);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
  stand.Begin(kInit, calls::Kill(-child, 10));
  for (const Pid pid : {helper, kInit}) {
    stand.Tell({.kind = Step::Kind::kReturns,
                .by_init = pid == kInit,
                .pid = pid,
                .call = calls::Kill(-child, 10),
                .result = {.value = pid == kInit ? 0 : -ESRCH}});
  }
  stand.Make(helper, calls::Pause());
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, AHelperIsNobodyToSignal) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  stand.EndWell("1\n");
  const Pid helper = stand.Make(kInit, calls::Fork()).value;
  stand.Make(kInit, calls::Kill(helper, 9));
  EXPECT_EQ(stand.broken(), Rules{Rule::kSignalsNobodyElse});
}

// --- The child's end -----------------------------------------------------------------------------

TEST(Judge, AForeignTracerPutsTheChildsEndOff) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  const Pid tracer = stand.kernel.Fork(child);
  stand.kernel.Issue(tracer, calls::SetSid());
  EXPECT_EQ(stand.kernel.Issue(tracer, calls::Ptrace(kernel::kPtraceSeize, child)).value, 0);
  stand.Move(Cause::kOther, tracer);
  stand.Exit(child, 0);
  EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kSilent);
  stand.PassTo(100 * kSecondNs);
  stand.Exit(tracer, 0);
  EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kHolds);
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, TheEndOfAChildThatCouldNotBeForkedIsTheRefusal) {
  Stand stand;
  kernel::Faults faults;
  faults.fork_failures = 1;
  stand.kernel.SetFaults(faults);
  stand.Move(Cause::kFault);
  EXPECT_EQ(stand.Make(kInit, calls::Fork()).value, -EAGAIN);
  EXPECT_EQ(stand.judge.verdict(Rule::kAlwaysRestarts), Verdict::kHolds);
  stand.Make(kInit, calls::Write(2, 6), "/core\n");
  stand.Make(kInit, calls::Sync());
  stand.Make(kInit, calls::Sleep(30 * kSecondNs));
  stand.Rest();
  stand.PassTo(31 * kSecondNs);
  EXPECT_EQ(stand.broken(), Rules{});
  stand.PassTo(32 * kSecondNs);
  EXPECT_EQ(stand.broken(), Rules{Rule::kAlwaysRestarts});
}

TEST(Judge, AHelperForkedFirstIsNotTakenForTheChild) {
  Stand stand;
  stand.BlockAll();
  const Pid helper = stand.Fork();
  stand.Make(helper, calls::Write(2, 7), "banner\n");
  stand.Make(helper, calls::Exit(0));
  const Pid child = stand.Start();
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.Wait();
  EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kSilent);
  stand.Exit(child, 0);
  stand.EndWell("status 0\n");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, UpperBoundsLeaveOutFrozenTimeAndLowerBoundsDoNot) {
  // It may stop after the last step that was told: as it enters a handler.
  for (const bool told : {true, false}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 1);
    stand.EndWell("status 1\n");
    stand.Wait();
    stand.kernel.SendFromAncestor(kInit, kernel::kSigStop);
    if (told) stand.Move(Cause::kUntracedStop, kInit, kernel::kSigStop);
    stand.PassTo(50 * kSecondNs);
    stand.kernel.SendFromAncestor(kInit, kernel::kSigCont);
    stand.Move(Cause::kContinue, kInit);
    stand.Return(kInit);
    stand.PassTo(80 * kSecondNs);
    EXPECT_EQ(stand.broken(), Rules{});
    stand.PassTo(82 * kSecondNs);
    EXPECT_EQ(stand.broken(), Rules{Rule::kAlwaysRestarts});
  }
}

TEST(Judge, AStatusThatNobodySawNeedNotBeReported) {
  for (const bool seen : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Make(kInit, calls::SigAction(kernel::kSigChld, kernel::kSigIgn));
    stand.Wait();
    stand.kernel.SendFromAncestor(child, 9);
    stand.Move(seen ? Cause::kKill : Cause::kOther, child, 9);
    stand.PassTo(30 * kSecondNs);
    stand.Send(10);
    stand.Return(kInit);
    stand.Make(kInit, calls::Sync());
    stand.PassTo(31 * kSecondNs);
    EXPECT_EQ(stand.HowOf(Rule::kReportsStatus), How::kPlain);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.HowOf(Rule::kReportsStatus), seen ? How::kNever : How::kPlain);
  }
}

TEST(Judge, TheStatusMayComeInPiecesAndRefusedWritesExcuse) {
  for (const bool refused : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 7);
    if (refused) {
      kernel::Faults faults;
      faults.console_room = 4;
      stand.kernel.SetFaults(faults);
      stand.kernel.Issue(kInit, calls::SetNonBlock(2, true));
    }
    stand.EndWell(refused ? "status 8\n" : "status\n1");
    if (!refused) {
      stand.Make(kInit, calls::Write(2, 1), "0");
      stand.Make(kInit, calls::Write(2, 1), "\n");
    }
    EXPECT_EQ(stand.broken(), Rules{Rule::kReportsStatus});  // said so, refused or not
    EXPECT_EQ(stand.judge.FindBreak(Rule::kReportsStatus)->number, refused ? 8 : 10);
  }
}

TEST(Judge, AHelperThatIsKeptWaitingExcusesTheSync) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.Make(kInit, calls::Write(2, 2), "1\n");
  const Pid helper = stand.Make(kInit, calls::Fork()).value;
  stand.kernel.Keep(helper, true);
  stand.Move(Cause::kFault);
  stand.Wait(30 * kSecondNs);
  stand.PassTo(30 * kSecondNs + 100'000);
  stand.Return(kInit);
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, AHelperMayGetTheChildsNumber) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.Make(kInit, calls::Write(2, 2), "1\n");
  stand.kernel.SetNextPid(child);
  ASSERT_EQ(stand.Make(kInit, calls::Fork()).value, child);
  stand.kernel.Keep(child, true);
  stand.Move(Cause::kFault);
  stand.Wait(30 * kSecondNs);
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, AfterARefusalTheRestartIsDueAgainAndNotAtOnce) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 0);
  stand.RefuseRestarts();
  stand.EndWell("0\n");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  stand.PassTo(10 * kSecondNs);
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{});
  Judge early = stand.judge;
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.HowOf(Rule::kAlwaysRestarts), How::kEarly);
  EXPECT_EQ(stand.judge.FindBreak(Rule::kAlwaysRestarts)->facts.phase, Phase::kAfterRefusal);
  stand.judge = early;
  stand.PassTo(42 * kSecondNs);
  EXPECT_EQ(stand.HowOf(Rule::kAlwaysRestarts), How::kNever);
}

TEST(Judge, JudgingStopsAtTheFirstBreakOfRulesSixAndEleven) {
  Stand stand;
  stand.Start();
  stand.Make(kInit, calls::Sync());
  EXPECT_TRUE(stand.judge.stopped());
  const Judge then = stand.judge;
  stand.Make(kInit, calls::Kill(-1, 15));
  EXPECT_EQ(stand.judge, then);
  EXPECT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild});
}

TEST(Judge, TheDelayIsOverAtItsLastNanosecond) {
  for (const uint64_t less_ns : {0U, 1U}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 1);
    const uint64_t end_ns = stand.kernel.now_ns();
    stand.EndWell("1\n");
    stand.PassTo(end_ns + kDelayNs - less_ns);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), less_ns == 0 ? Rules{} : Rules{Rule::kWaitsOutTheDelay});
  }
}

TEST(Judge, TheRestartIsLateAfterItsLastNanosecond) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  const uint64_t end_ns = stand.kernel.now_ns();
  stand.EndWell("1\n");
  stand.PassTo(end_ns + kRestartWithinNs);
  EXPECT_EQ(stand.broken(), Rules{});
  stand.PassTo(end_ns + kRestartWithinNs + 1);
  EXPECT_EQ(stand.broken(), Rules{Rule::kAlwaysRestarts});
}

TEST(Judge, ThePauseAfterARefusalIsOverAtItsLastNanosecond) {
  for (const uint64_t less_ns : {0U, 1U}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 0);
    stand.RefuseRestarts();
    stand.EndWell("0\n");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    stand.PassTo(stand.kernel.now_ns() + kPauseNs - less_ns);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), less_ns == 0 ? Rules{} : Rules{Rule::kAlwaysRestarts});
  }
}

// … but not while that one blocks of itself.
TEST(Judge, TheDeadlineGoesOnWhileInitsVforkIsKeptFromRunning) {
  for (const bool kept : {true, false}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 1);
    stand.Return(kInit);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    stand.Make(kInit, calls::Write(2, 2), "1\n");
    stand.Make(kInit, calls::Fork(kernel::kCloneVfork));
    stand.kernel.Keep(stand.kernel.PidAt(1), kept);
    stand.Move(Cause::kOther, stand.kernel.PidAt(1));
    stand.PassTo(50 * kSecondNs);
    stand.PassTo(100 * kSecondNs);
    EXPECT_EQ(stand.broken(), kept ? Rules{} : Rules{Rule::kAlwaysRestarts});
  }
}

// A line is read by then, though it has no end.
TEST(Judge, AtTheRestartWhatWasBegunIsALine) {
  for (const int status : {1, 2}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, status);
    stand.EndWell("status 1");
    stand.PassTo(40 * kSecondNs);
    EXPECT_EQ(stand.HowOf(Rule::kReportsStatus), How::kPlain);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.judge.verdict(Rule::kReportsStatus),
              status == 1 ? Verdict::kHolds : Verdict::kBroken);
  }
}

TEST(Judge, WhatIsWrittenAndNotKnownMayBeTheReport) {
  for (const bool writes : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 0);
    if (writes) stand.Make(kInit, calls::Write(2, 5));
    stand.EndWell("");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), writes ? Rules{} : Rules{Rule::kReportsStatus});
  }
}

TEST(Judge, AWriteThatIsRefusedIsNoPartOfALine) {
  Stand stand;
  stand.Start();
  stand.Make(kInit, calls::Write(2, 1), "7");
  kernel::Faults faults;
  faults.console_room = 0;
  stand.kernel.SetFaults(faults);
  stand.kernel.Issue(kInit, calls::SetNonBlock(2, true));
  EXPECT_LT(stand.Make(kInit, calls::Write(2, 2), " 8").value, 0);
  stand.kernel.SetFaults({});
  EXPECT_EQ(stand.broken(), Rules{});
  stand.Make(kInit, calls::Write(2, 1), "\n");
  EXPECT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild}) << "a line with a number";
}

TEST(Judge, AWriteOfNothingIsNoPartOfALine) {
  for (const int written : {0, -EAGAIN}) {
    Stand stand;
    stand.Start();
    stand.Make(kInit, calls::Write(2, 1), "7");
    stand.Begin(kInit, calls::Write(2, 2), " 8");
    stand.Tell({.kind = Step::Kind::kReturns,
                .by_init = true,
                .to_console = true,
                .pid = kInit,
                .call = calls::Write(2, 2),
                .result = {.value = written}});
    stand.Make(kInit, calls::Write(2, 1), "\n");
    EXPECT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild}) << written;
  }
}

// If it exits by itself it has time to tell init why.
TEST(Judge, OfAFailedStartTheStatusAloneIsNoReport) {
  for (const Cause cause : {Cause::kExit, Cause::kKill, Cause::kCore}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    stand.Wait();
    const bool exits = cause == Cause::kExit;
    if (exits) {
      stand.Make(child, calls::Exit(127));
    } else {
      stand.kernel.Die(child, 9, cause == Cause::kCore);
      stand.Move(cause, child, 9);
    }
    stand.EndWell(exits ? "127\n" : "137\n");
    stand.PassTo(30 * kSecondNs + kSecondNs / 2);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), exits ? Rules{Rule::kReportsStatus} : Rules{});
  }
}

// A line is read at the time of the failure, or later, or it does not count.
TEST(Judge, AFailedStartIsNotReportedBeforeItFails) {
  for (const bool before : {false, true}) {
    Stand stand;
    kernel::Faults faults;
    faults.exec_failures = 1;
    stand.kernel.SetFaults(faults);
    stand.BlockAll();
    const Pid child = stand.Fork();
    if (before) stand.Make(child, calls::Write(2, 6), "/core\n");
    stand.Exec(child);
    if (!before) stand.Make(child, calls::Write(2, 6), "/core\n");
    stand.Wait();
    stand.Make(child, calls::Exit(127));
    stand.EndWell("x\n");
    stand.PassTo(30 * kSecondNs + kSecondNs / 2);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), before ? Rules{Rule::kReportsStatus} : Rules{});
  }
}

TEST(Judge, AnExecThatFailedAndWasMadeAgainHasNotFailed) {
  Stand stand;
  const Pid child = stand.StartThatFails();
  stand.Make(child, calls::Exec());
  stand.Wait();
  stand.Exit(child, 0);
  stand.EndWell("0\n");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{});
}

// Of the last exec nobody knows whether it would have failed: the status is what there is to tell.
TEST(Judge, WhoIsKilledInASecondExecHasNotFailed) {
  for (const bool again : {false, true}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    if (again) stand.Begin(child, calls::Exec());
    stand.Kill(child);
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    stand.Make(kInit, calls::Write(2, 6), "/core\n");
    stand.Make(kInit, calls::Sync());
    stand.PassTo(30 * kSecondNs + kSecondNs / 2);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), again ? Rules{Rule::kReportsStatus} : Rules{});
  }
}

TEST(Judge, AFailedStartThatLivesHasNotEnded) {
  Stand stand;
  stand.StartThatFails();
  stand.Make(kInit, calls::Sync());
  EXPECT_EQ(stand.broken(), Rules{Rule::kEndsOnlyWithChild});
}

// What was not written, or is not known, before the child's end was no report.
TEST(Judge, AWriteOfBeforeTheEndExcusesNothing) {
  for (const bool refused : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait(1);
    stand.PassTo(kSecondNs);
    stand.Return(kInit);
    stand.kernel.Issue(kInit, calls::SetNonBlock(2, true));
    kernel::Faults faults;
    faults.console_room = refused ? 0 : -1;
    stand.kernel.SetFaults(faults);
    stand.Make(kInit, calls::Write(2, 5), refused ? "hello" : std::string_view());
    stand.kernel.SetFaults({});
    stand.Wait();
    stand.Exit(child, 0);
    stand.EndWell("");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), Rules{Rule::kReportsStatus}) << refused;
  }
}

TEST(Judge, WhereAForkWasRefusedTheStatusMayBeAnothers) {
  for (const bool refused : {false, true}) {
    Stand stand;
    stand.EndChild(3);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    kernel::Faults faults;
    faults.fork_failures = refused ? 1 : 0;
    stand.kernel.SetFaults(faults);
    if (refused) stand.Make(kInit, calls::Fork());
    stand.Make(kInit, calls::Write(2, 2), "4\n");
    EXPECT_EQ(stand.broken(), refused ? Rules{} : Rules{Rule::kReportsStatus});
  }
}

TEST(Judge, ALineBegunBeforeTheEndIsNoReport) {
  for (const bool begun_before : {true, false}) {
    Stand stand;
    const Pid child = stand.Start();
    if (begun_before) stand.Make(kInit, calls::Write(2, 1), "x");
    stand.Wait();
    stand.Exit(child, 0);
    stand.EndWell("0\n");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), begun_before ? Rules{Rule::kReportsStatus} : Rules{});
  }
}

TEST(Judge, AWriteThatReturnsLateTakesNothingFromOneBegunSince) {
  for (const bool refused : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    const auto returns = [&stand](Pid pid, int value) {
      stand.Tell({.kind = Step::Kind::kReturns,
                  .by_init = pid == kInit,
                  .to_console = true,
                  .pid = pid,
                  .call = calls::Write(2, 1),
                  .result = {.value = value}});
    };
    stand.Begin(child, calls::Write(2, 1), "x");
    stand.Begin(kInit, calls::Write(2, 1), "1");
    returns(child, -EAGAIN);
    returns(kInit, refused ? -EAGAIN : 1);
    stand.Make(kInit, calls::Write(2, 1), "\n");
    EXPECT_EQ(stand.broken(), refused ? Rules{} : Rules{Rule::kEndsOnlyWithChild})
        << "a line with a number";
  }
}

// Of a machine init must not die; what the world does to it is not its doing.
TEST(Judge, WhoDiesByTheWorldsDoingHasNotExited) {
  for (const Profile profile : {Profile::kMachine, Profile::kContainer}) {
    for (const bool ended : {false, true}) {
      for (const bool by_world : {false, true}) {
        Stand stand({.profile = profile});
        if (ended) stand.EndChild(0);
        if (!ended) stand.Start();
        stand.kernel.Fault(kInit, 11);
        if (by_world) stand.Move(Cause::kCore, kInit, 11);
        if (!by_world) stand.Tell({.kind = Step::Kind::kTime});
        const bool machine = profile == Profile::kMachine;
        EXPECT_EQ(stand.broken(), machine && !by_world ? Rules{Rule::kNeverExits}
                                  : !machine && ended  ? Rules{Rule::kExitsWithStatus}
                                                       : Rules{});
        EXPECT_TRUE(stand.judge.stopped());
      }
    }
  }
}

// Who was dead at the child's end is to be reaped, and nobody else.
TEST(Judge, WhoDiesAfterTheChildNeedNotBeReapedBeforeTheExit) {
  for (const bool before : {false, true}) {
    Stand stand({.profile = Profile::kContainer});
    const Pid child = stand.Start();
    const Pid orphan = stand.kernel.Fork(kInit);
    stand.Wait();
    if (before) stand.Exit(orphan, 0);
    stand.Exit(child, 3);
    if (!before) stand.Exit(orphan, 0);
    stand.Return(kInit);
    stand.Make(kInit, calls::Wait4(child, kernel::kWaitNoHang));
    stand.Make(kInit, calls::Exit(3));
    EXPECT_EQ(stand.broken(), before ? Rules{Rule::kExitsWithStatus} : Rules{});
  }
}

// Of one that sends no SIGCHLD a plain wait does not tell: who found nobody left has done its part.
TEST(Judge, WhoNoWaitTellsOfNeedNotBeReapedBeforeTheExit) {
  Stand stand({.profile = Profile::kContainer});
  const Pid child = stand.Start();
  stand.kernel.Exit(stand.Make(kInit, calls::Fork(0, 0)).value, 0);
  stand.Wait();
  stand.Exit(child, 3);
  stand.Return(kInit);
  stand.ReapAll();
  stand.Exit(stand.kernel.Fork(kInit), 0);
  stand.Make(kInit, calls::Exit(3));
  EXPECT_EQ(stand.broken(), Rules{});
}

TEST(Judge, ToWaitForOneIsNotToFindNobodyLeft) {
  for (const Pid whom : {Pid{-1}, Pid{2}}) {
    Stand stand({.profile = Profile::kContainer});
    const Pid child = stand.Start();
    ASSERT_EQ(child, 2);
    stand.Wait();
    stand.kernel.Exit(stand.kernel.Fork(kInit), 0);
    stand.Exit(child, 3);
    stand.Return(kInit);
    while (stand.Make(kInit, calls::Wait4(whom, kernel::kWaitNoHang)).value > 0) {
    }
    stand.Make(kInit, calls::Exit(3));
    EXPECT_EQ(stand.broken(), whom == -1 ? Rules{} : Rules{Rule::kExitsWithStatus});
  }
}

TEST(Judge, WhoFoundNoConsoleNeedNotReport) {
  using kernel::Path;
  for (const Path later : {Path::kMissing, Path::kConsole}) {
    const bool found_later = later == Path::kConsole;
    Stand stand;
    const Pid child = stand.Start();
    stand.Make(kInit, calls::Open(Path::kNoConsole));
    stand.Make(kInit, calls::Open(later));
    stand.Wait();
    stand.Exit(child, 0);
    stand.EndWell("");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), found_later ? Rules{Rule::kReportsStatus} : Rules{});
  }
}

TEST(Judge, WhoFoundNoOtherFileHasToReport) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Make(kInit, calls::Open(kernel::Path::kMissing));
  stand.Wait();
  stand.Exit(child, 0);
  stand.EndWell("");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{Rule::kReportsStatus});
}

TEST(Judge, WhatTheWorldDoesToAHelperExcusesTheSync) {
  for (const Cause cause : {Cause::kNone, Cause::kKill, Cause::kUntracedStop, Cause::kTracedStop}) {
    Stand stand;
    const Pid child = stand.Start();
    const Pid tracer = stand.kernel.Fork(kInit);
    stand.Wait();
    stand.Exit(child, 0);
    stand.Return(kInit);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    stand.Make(kInit, calls::Write(2, 2), "0\n");
    const Pid helper = stand.Fork();
    if (cause == Cause::kTracedStop) {
      const Call attach = calls::Ptrace(kernel::kPtraceAttach, helper);
      EXPECT_EQ(stand.kernel.Issue(tracer, attach).value, 0);
    }
    if (cause == Cause::kKill) stand.kernel.Die(helper, 9, false);
    if (cause == Cause::kUntracedStop) stand.kernel.SendFromKernel(helper, kernel::kSigStop);
    if (cause != Cause::kNone) stand.Move(cause, helper, 9);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), cause == Cause::kNone ? Rules{Rule::kSyncsFirst} : Rules{});
  }
}

// What becomes of one that there is no room to follow excuses what being killed would.
TEST(Judge, OfMoreHelpersThanThereIsRoomForAnyMayHaveBeenKilled) {
  for (const int helpers : {6, 7}) {
    Stand stand;
    stand.EndChild(1);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    for (int i = 0; i < helpers; ++i) stand.Fork();
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    const Rules seen = {Rule::kReportsStatus, Rule::kSyncsFirst, Rule::kWaitsOutTheDelay};
    EXPECT_EQ(stand.broken(), helpers == 6 ? seen : Rules{Rule::kWaitsOutTheDelay}) << helpers;
  }
}

TEST(Judge, AnExitsStatusIsItsLowByte) {
  for (const int code : {3, 256 + 3, 4}) {
    Stand stand({.profile = Profile::kContainer});
    const Pid child = stand.Start();
    stand.Wait();
    stand.Exit(child, 3);
    stand.Return(kInit);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    stand.Make(kInit, calls::Exit(code));
    EXPECT_EQ(stand.broken(), code == 4 ? Rules{Rule::kExitsWithStatus} : Rules{}) << code;
  }
}

// --- Who is the child ----------------------------------------------------------------------------

// Of three processes one calls exec; the others stay, exit or are killed before that.
TEST(Judge, OfSeveralTheOneThatCallsExecIsTheChild) {
  for (const std::size_t execs : {0U, 1U, 2U}) {
    for (const Cause fate : {Cause::kNone, Cause::kExit, Cause::kKill}) {
      for (const int status : {3, 4}) {
        SCOPED_TRACE(std::to_string(execs) + NameOf(fate) + std::to_string(status));
        Stand stand;
        stand.BlockAll();
        std::vector<Pid> pids;
        for (int i = 0; i < 3; ++i) {
          pids.push_back(stand.Fork());
        }
        const Pid child = pids[execs];
        for (const Pid pid : pids) {
          if (pid == child) continue;
          if (fate == Cause::kExit) stand.Make(pid, calls::Exit(0));
          if (fate != Cause::kKill) continue;
          stand.kernel.Die(pid, 9, false);
          stand.Move(Cause::kKill, pid, 9);
        }
        stand.Exec(child);
        stand.kernel.Issue(child, calls::SigAction(15, kernel::kSigHandler));
        stand.ReapAll();
        stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
        stand.Wait();
        EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kSilent);
        stand.Send(15);
        stand.Return(kInit);
        stand.Make(kInit, calls::Kill(-child, 15));
        stand.Wait();
        stand.Exit(child, 3);
        EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kHolds);
        stand.EndWell((std::to_string(status) + "\n").c_str());
        stand.PassTo(30 * kSecondNs + kSecondNs / 2);
        stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
        EXPECT_EQ(stand.broken(), status == 3 ? Rules{} : Rules{Rule::kReportsStatus});
      }
    }
  }
}

TEST(Judge, ARefusedForkIsNoEndWhileAnotherMayBeTheChild) {
  Stand stand;
  const auto ended = [&stand] {
    return stand.judge.verdict(Rule::kSyncsFirst) != Verdict::kSilent;
  };
  stand.BlockAll();
  stand.Fork();
  kernel::Faults faults;
  faults.fork_failures = 1;
  stand.kernel.SetFaults(faults);
  stand.Move(Cause::kFault);
  EXPECT_LT(stand.Make(kInit, calls::Fork()).value, 0);
  EXPECT_FALSE(ended());
  stand.kernel.SetFaults({});
  stand.Make(kInit, calls::Fork());
  EXPECT_TRUE(ended()) << "init goes on, so it was the child's";
}

// The first may have been the child's, and the second that of a helper, which excuses what it is for.
TEST(Judge, ASecondForkThatIsRefusedMayBeAHelpers) {
  for (const bool again : {false, true}) {
    Stand stand;
    stand.BlockAll();
    stand.Fork();
    stand.kernel.SetFaults({.fork_failures = 2});
    stand.Make(kInit, calls::Fork());
    if (again) stand.Make(kInit, calls::Fork());
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    const Rules all = {Rule::kReportsStatus, Rule::kSyncsFirst, Rule::kWaitsOutTheDelay};
    EXPECT_EQ(stand.broken(), again ? Rules{Rule::kWaitsOutTheDelay} : all) << again;
  }
}

TEST(Judge, WhoWasKilledBeforeItsExecWasTheChildIfInitGoesOn) {
  Stand stand;
  const auto ended = [&stand] {
    return stand.judge.verdict(Rule::kSyncsFirst) != Verdict::kSilent;
  };
  stand.BlockAll();
  stand.Fork();
  const Pid killed = stand.Fork();
  stand.kernel.Die(killed, 9, false);
  stand.Move(Cause::kKill, killed, 9);
  EXPECT_FALSE(ended());
  stand.Make(kInit, calls::Fork());
  EXPECT_TRUE(ended());
}

// Init goes on, so that was the child; and its number is free.
TEST(Judge, AHelperMayGetTheNumberOfWhoWasKilledBeforeItsExec) {
  Stand stand;
  stand.BlockAll();
  stand.Fork();
  const Pid killed = stand.Fork();
  stand.Kill(killed);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  stand.kernel.SetNextPid(killed);
  EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kSilent);
  EXPECT_EQ(stand.Fork(), killed);
  EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), Verdict::kHolds);
}

// Who exits by itself was a helper; who is made to was killed.
TEST(Judge, WhoIsMadeToExitBeforeItsExecMayHaveBeenTheChild) {
  for (const bool made_to : {false, true}) {
    Stand stand;
    stand.BlockAll();
    stand.Fork();
    const Pid last = stand.Fork();
    if (made_to) stand.Exit(last, 0);
    if (!made_to) stand.Make(last, calls::Exit(0));
    stand.Make(kInit, calls::Fork());
    EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), made_to ? Verdict::kHolds : Verdict::kSilent);
  }
}

TEST(Judge, OnceInitHasRestedAnEndIsNotTakenBack) {
  for (const bool rests : {false, true}) {
    Stand stand;
    stand.BlockAll();
    const Pid killed = stand.Fork();
    if (rests) {
      stand.Make(killed, calls::Pause());
      stand.Wait();
    }
    stand.Kill(killed);
    if (rests) stand.Return(kInit);
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    stand.Exec(stand.Fork());
    EXPECT_EQ(stand.judge.verdict(Rule::kSyncsFirst), rests ? Verdict::kHolds : Verdict::kSilent);
  }
}

// Whenever it was forked.
TEST(Judge, AfterItsSyncAHelperIsWaitedFor) {
  for (const bool before : {false, true}) {
    Stand stand;
    const Pid child = stand.Start();
    Pid helper = before ? stand.Fork() : 0;
    stand.Wait();
    stand.Exit(child, 0);
    stand.Return(kInit);
    stand.ReapAll();
    stand.Make(kInit, calls::Write(2, 2), "0\n");
    if (!before) helper = stand.Fork();
    stand.Make(helper, calls::Sync());
    stand.Wait();
    EXPECT_EQ(stand.broken(), Rules{}) << before;
    stand.Make(helper, calls::Exit(0));
    stand.Return(kInit);
    stand.ReapAll();
    stand.Wait();
    EXPECT_EQ(stand.broken(), Rules{Rule::kWaitsOutTheDelay}) << before;
  }
}

TEST(Judge, ASyncOfBeforeTheStartIsNone) {
  Stand stand;
  stand.kernel.SetFaults({.sync_hangs = true});
  stand.BlockAll();
  stand.Kill(stand.Fork());
  const Pid helper = stand.Fork();
  stand.Make(helper, calls::Sync());
  const Pid child = stand.Fork();
  stand.Exec(child);
  stand.kernel.SetFaults({});
  stand.Move(Cause::kFault);
  stand.Return(helper);
  stand.Make(helper, calls::Exit(0));
  stand.ReapAll();
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  stand.Exit(child, 0);
  stand.Return(kInit);
  stand.ReapAll();
  stand.Make(kInit, calls::Write(2, 2), "0\n");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  EXPECT_EQ(stand.broken(), Rules{Rule::kSyncsFirst});
  EXPECT_EQ(stand.HowOf(Rule::kSyncsFirst), How::kNever);
}

TEST(Judge, OfSignalsThatTheChildFindsTheLowestBlockedIsNamed) {
  for (const uint64_t mask : {uint64_t{0}, kernel::SignalBit(15) | kernel::SignalBit(12)}) {
    Stand stand;
    stand.kernel.Issue(kInit, calls::SigAction(10, kernel::kSigIgn));
    const Pid child = stand.Fork();
    stand.Make(child, calls::SetSid());
    stand.Make(child, calls::SigProcMask(kernel::kMaskSet, mask));
    stand.Make(child, calls::Exec());
    ASSERT_EQ(stand.broken(), Rules{Rule::kStartsChildClean});
    const Break& found = *stand.judge.FindBreak(Rule::kStartsChildClean);
    EXPECT_EQ(found.facts.signal, mask != 0 ? 12 : 10);
    EXPECT_EQ(found.number, mask != 0 ? kMasked | kIgnoring : int{kIgnoring});
  }
}

// Who was killed before an exec may have been a helper: then there is no status to be told.
TEST(Judge, WhereNobodyCalledExecAnyStatusWillDo) {
  for (const bool refused : {false, true}) {
    Stand stand({.profile = Profile::kContainer});
    stand.BlockAll();
    stand.Kill(stand.Fork());
    stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
    kernel::Faults faults;
    faults.fork_failures = refused ? 1 : 0;
    stand.kernel.SetFaults(faults);
    stand.Make(kInit, calls::Fork());
    stand.Make(kInit, calls::Exit(3));
    EXPECT_EQ(stand.broken(), Rules{}) << refused;
  }
}

TEST(Judge, WhoIsKilledWhereAForkWasRefusedMayBeReportedByStatusOrPath) {
  for (const char* const line : {"137\n", "/core\n", "x\n"}) {
    Stand stand;
    kernel::Faults faults;
    faults.fork_failures = 1;
    stand.BlockAll();
    const Pid other = stand.Fork();
    stand.kernel.SetFaults(faults);
    EXPECT_LT(stand.Make(kInit, calls::Fork()).value, 0);
    stand.Kill(other);
    stand.ReapAll();
    stand.Make(kInit, calls::Write(2, static_cast<int>(std::string_view(line).size())), line);
    stand.Make(kInit, calls::Sync());
    stand.PassTo(40 * kSecondNs);
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.judge.verdict(Rule::kReportsStatus),
              std::string_view(line) == "x\n" ? Verdict::kBroken : Verdict::kHolds)
        << line;
  }
}

// The process that is kept may be the child, and the one whose fork was refused a helper.
TEST(Judge, NobodyIsLateWhileTheChildMayBeKept) {
  for (const Profile profile : {Profile::kMachine, Profile::kContainer}) {
    for (const bool kept : {false, true}) {
      Stand stand({.profile = profile});
      kernel::Faults faults;
      faults.fork_failures = 1;
      stand.kernel.SetFaults(faults);
      stand.BlockAll();
      EXPECT_LT(stand.Make(kInit, calls::Fork()).value, 0);
      stand.Make(kInit, calls::Write(2, 6), "/core\n");
      stand.Make(kInit, calls::Sync());
      const Pid other = stand.Fork();
      if (!kept) stand.Make(other, calls::Pause());
      stand.kernel.Keep(other, kept);
      stand.Move(Cause::kFault);
      stand.Wait();
      stand.PassTo(40 * kSecondNs);
      const bool machine = profile == Profile::kMachine;
      EXPECT_EQ(stand.broken(), kept      ? Rules{}
                                : machine ? Rules{Rule::kAlwaysRestarts}
                                          : Rules{Rule::kExitsWithStatus});
    }
  }
}

// What comes between the first fork and the one that makes the child is owed only if they are the same.
TEST(Judge, WhatCameBeforeTheChildsForkNeedNotBeSent) {
  for (const std::size_t execs : {0U, 1U, 2U}) {
    for (const int sent : {10, 12}) {
      Stand stand;
      stand.BlockAll();
      std::vector<Pid> pids;
      for (int i = 0; i < 3; ++i) {
        pids.push_back(stand.Fork());
        if (i == 0) stand.Send(10);
      }
      stand.Send(12);
      const Pid child = pids[execs];
      stand.Exec(child);
      for (const int signal : {10, 12}) {
        stand.kernel.Issue(child, calls::SigAction(signal, kernel::kSigHandler));
        stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
        if (signal == sent) stand.Make(kInit, calls::Kill(-child, signal));
      }
      stand.Wait();
      const bool excused = execs != 0 && sent == 12;
      EXPECT_EQ(stand.broken(), excused ? Rules{} : Rules{Rule::kForwardsEverySignal})
          << execs << " " << sent;
    }
  }
}

TEST(Judge, AForkRefusedBeforeTheChildsExecExcusesNothing) {
  for (const uint8_t refusals : {uint8_t{0}, uint8_t{1}, uint8_t{2}}) {
    Stand stand;
    stand.BlockAll();
    const Pid child = stand.Fork();
    kernel::Faults faults;
    faults.fork_failures = refusals;
    stand.kernel.SetFaults(faults);
    stand.Move(Cause::kFault);
    for (int i = 0; i < refusals; ++i) EXPECT_LT(stand.Make(kInit, calls::Fork()).value, 0);
    stand.Exec(child);
    stand.Wait();
    stand.Exit(child, 0);
    stand.EndWell("");
    stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
    EXPECT_EQ(stand.broken(), Rules{Rule::kReportsStatus}) << int{refusals};
  }
}

TEST(Judge, AFailedStartThatIsKeptFromEndingIsNotLate) {
  for (const bool kept : {false, true}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    stand.Make(child, calls::SigTimedWait(kernel::kAllSignals));
    stand.kernel.Keep(child, kept);
    stand.Wait();
    EXPECT_EQ(stand.broken(), kept ? Rules{} : Rules{Rule::kAlwaysRestarts});
  }
}

// catatonit's child tries a shell when the program is none.
TEST(Judge, AFailedStartThatIsKeptInAnotherExecIsNotLate) {
  for (const bool kept : {false, true}) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    stand.Wait();
    stand.kernel.SetFaults({.exec_failures = 1});
    stand.Begin(child, calls::Exec());
    stand.kernel.Keep(child, kept);
    stand.Move(Cause::kOther, child);
    stand.PassTo(40 * kSecondNs);
    EXPECT_EQ(stand.broken(), Rules{});
    stand.kernel.Keep(child, false);
    stand.Move(Cause::kOther, child);
    Step fails{.kind = Step::Kind::kReturns, .pid = child, .call = calls::Exec()};
    fails.result = stand.kernel.Issue(child, fails.call);
    ASSERT_LT(fails.result.value, 0);
    stand.Tell(fails);
    EXPECT_EQ(stand.broken(), kept ? Rules{} : Rules{Rule::kAlwaysRestarts});
  }
}

// --- Who stops -----------------------------------------------------------------------------------

TEST(Judge, WhoStopsTwiceIsLetGoOnceWithTheLastSignal) {
  for (const int data : {10, 12, 0}) {
    Stand stand;
    stand.Start();
    const Pid pid = stand.AddTracee();
    stand.StopTracee(pid, 10);
    stand.Make(kInit, calls::Ptrace(kernel::kPtraceContinue, pid, 0));
    stand.StopTracee(pid, 12);
    if (data != 0) stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, pid, data));
    stand.ReapAll();
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
    stand.Wait();
    if (data == 12) {
      EXPECT_EQ(stand.broken(), Rules{});
      continue;
    }
    ASSERT_EQ(stand.broken(), Rules{Rule::kFreesTheTraced});
    const Break& found = *stand.judge.FindBreak(Rule::kFreesTheTraced);
    EXPECT_EQ(found.facts.how, data == 0 ? How::kNever : How::kWrongValue);
    EXPECT_EQ(data == 0 ? found.number : found.expected, 12);
  }
}

// Of three that stop one is let go and one killed, in every order: the third is held.
TEST(Judge, WhoIsHeldIsFoundAmongThoseLetGoAndDead) {
  for (const std::size_t held : {0U, 1U, 2U}) {
    for (const std::size_t after : {1U, 2U}) {
      Stand stand;
      stand.Start();
      std::vector<Pid> pids;
      for (int i = 0; i < 3; ++i) pids.push_back(stand.AddTracee());
      for (const Pid pid : pids) stand.StopTracee(pid, 10);
      const Pid let_go = pids[(held + after) % 3];
      const Pid killed = pids[(held + 3 - after) % 3];
      stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, let_go, 10));
      stand.kernel.Die(killed, 9, false);
      stand.Move(Cause::kKill, killed, 9);
      stand.ReapAll();
      stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
      stand.Wait();
      ASSERT_EQ(stand.broken(), Rules{Rule::kFreesTheTraced});
      EXPECT_EQ(stand.judge.FindBreak(Rule::kFreesTheTraced)->pid, pids[held]);
    }
  }
}

TEST(Judge, OfEightStopsTheDataAreKnown) {
  for (const int stops : {8, 9}) {
    LargeStand stand;
    stand.Start();
    Pid last = 0;
    for (int i = 0; i < stops; ++i) {
      last = stand.AddTracee();
      stand.StopTracee(last, 10);
    }
    stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, last, 12));
    EXPECT_EQ(stand.broken(), stops == 8 ? Rules{Rule::kFreesTheTraced} : Rules{}) << stops;
  }
}

TEST(Judge, WhoDiedIsNotHeld) {
  Stand stand;
  stand.Start();
  const Pid pid = stand.AddTracee();
  stand.StopTracee(pid, 10);
  stand.Kill(pid);
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{Rule::kReapsAtRest});
}

TEST(Judge, AGroupStopIsNoneOfInitsBusiness) {
  Stand stand;
  stand.Start();
  const Pid orphan = stand.kernel.Fork(kInit);
  stand.kernel.SendFromKernel(orphan, kernel::kSigStop);
  stand.Move(Cause::kUntracedStop, orphan, kernel::kSigStop);
  const Call wait = calls::Wait4(-1, kernel::kWaitNoHang | kernel::kWaitUntraced);
  EXPECT_EQ(stand.Make(kInit, wait).value, orphan);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  EXPECT_EQ(stand.judge.verdict(Rule::kFreesTheTraced), Verdict::kSilent);
}

TEST(Judge, WhoWasThereBeforeInitIsInherited) {
  for (const int which : {0, 1, 2}) {
    Stand stand;
    std::vector<Pid> pids = {stand.kernel.Fork(kInit), stand.kernel.Fork(kInit)};
    stand.judge = Judge();
    stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
    pids.push_back(stand.kernel.Fork(kInit));
    stand.Start();
    stand.Exit(pids[static_cast<std::size_t>(which)], 0);
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
    stand.Wait();
    ASSERT_EQ(stand.broken(), Rules{Rule::kReapsAtRest});
    EXPECT_EQ(stand.judge.FindBreak(Rule::kReapsAtRest)->facts.whose,
              which == 2 ? Whose::kOrphan : Whose::kInherited);
  }
}

// Init waits `waits` times when `dead` orphans are, and more die before it rests.
const Break* LeaveSome(Stand& stand, int dead, int waits, int die_later) {
  stand.Start();
  std::vector<Pid> orphans;
  for (int i = 0; i < dead + die_later; ++i) orphans.push_back(stand.kernel.Fork(kInit));
  // Later ones come first in order of birth.
  const auto later = orphans.begin() + die_later;
  std::for_each(later, orphans.end(), [&](Pid pid) { stand.Exit(pid, 0); });
  for (int i = 0; i < waits; ++i) stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  std::for_each(orphans.begin(), later, [&](Pid pid) { stand.Exit(pid, 0); });
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  return stand.judge.FindBreak(Rule::kReapsAtRest);
}

TEST(Judge, WhoWasDeadWhenInitLastWaitedIsPassedOver) {
  for (const int die_later : {0, 1}) {
    Stand stand;
    const Break* const found = LeaveSome(stand, 2, 1, die_later);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->facts.how, How::kPassedOver);
    EXPECT_EQ(found->pid, stand.kernel.PidAt(stand.kernel.size() - 1));
  }
}

TEST(Judge, WhoDiedSinceInitLastWaitedIsNotPassedOver) {
  struct {
    int dead;
    int waits;
    int die_later;
  } const cases[] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 1}, {1, 1, 1}, {2, 2, 1}, {2, 3, 1}};
  for (const auto& each : cases) {
    Stand stand;
    const Break* const found = LeaveSome(stand, each.dead, each.waits, each.die_later);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->facts.how, How::kNever)
        << each.dead << " dead, " << each.waits << " waits, " << each.die_later << " later";
  }
}

TEST(Judge, WhoStoppedIsNotPassedOverForDead) {
  Stand stand;
  const Pid child = stand.Start();
  const Pid traced = stand.AddTracee();
  stand.kernel.SendFromKernel(traced, 10);
  stand.Move(Cause::kTracedStop, traced, 10);
  stand.Make(kInit, calls::Wait4(child, kernel::kWaitNoHang));
  stand.Exit(child, 3);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  const Break* const found = stand.judge.FindBreak(Rule::kReapsAtRest);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->pid, child);
  EXPECT_EQ(found->facts.how, How::kNever);
}

TEST(Judge, AWaitForAnotherPassesOverToo) {
  Stand stand;
  const Pid child = stand.Start();
  stand.Exit(stand.kernel.Fork(kInit), 0);
  stand.Make(kInit, calls::Wait4(child, kernel::kWaitNoHang));
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  EXPECT_EQ(stand.HowOf(Rule::kReapsAtRest), How::kPassedOver);
}

TEST(Judge, ToLookWhoIsDeadIsNotToReap) {
  Stand stand;
  stand.Start();
  stand.Exit(stand.kernel.Fork(kInit), 0);
  stand.Make(kInit, calls::WaitId(kernel::kWaitForAny, 0,
                                  kernel::kWaitExited | kernel::kWaitNoHang | kernel::kWaitNoWait));
  EXPECT_EQ(stand.judge.verdict(Rule::kReapsAtRest), Verdict::kSilent);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  EXPECT_EQ(stand.broken(), Rules{Rule::kReapsAtRest});
  EXPECT_EQ(stand.HowOf(Rule::kReapsAtRest), How::kNever) << "nor to pass over";
}

// --- Calls ---------------------------------------------------------------------------------------

TEST(Judge, ACallListEndsWithItsLastNumber) {
  struct {
    CallList list;
    uint64_t behind = ~uint64_t{0};
  } memory;
  memory.list.others[0] = 1;
  memory.list.others[1] = uint64_t{1} << 63;
  memory.list.others.back() = uint64_t{1} << 63;
  std::vector<int> has;
  for (int number = -1; number < 1200; ++number) {
    if (memory.list.Has(calls::Other(number))) has.push_back(number);
  }
  EXPECT_EQ(has, (std::vector<int>{0, 127, 511}));
  EXPECT_FALSE(memory.list.Has(calls::Sync()));
  memory.list.kinds = kernel::KindBit(kernel::CallKind::kSync);
  EXPECT_TRUE(memory.list.Has(calls::Sync()));
}

TEST(Judge, WhereInitMayNotWaitAHelperMayAndInitForATime) {
  CallList list;
  list.kinds = ~uint64_t{0};
  list.waits = kernel::KindBit(kernel::CallKind::kSigTimedWait);
  Stand stand({.calls = &list});
  const Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  const Pid helper = stand.Fork();
  stand.Make(helper, calls::Pause());
  const auto epoll = static_cast<int16_t>(stand.Make(kInit, calls::EpollCreate()).value);
  uint64_t second = 1;
  for (const Call& wait :
       {calls::Sleep(kSecondNs), calls::Poll(0, kSecondNs), calls::EpollWait(epoll, kSecondNs)}) {
    EXPECT_EQ(stand.Make(kInit, wait).state, Result::State::kBlocked);
    EXPECT_EQ(stand.judge.verdict(Rule::kKeepsToItsCalls), Verdict::kHolds);
    stand.PassTo(2 * ++second * kSecondNs);
    stand.Return(kInit);
  }
  stand.Make(kInit, calls::Wait4(-1));
  EXPECT_EQ(stand.broken(), Rules{Rule::kKeepsToItsCalls});
  EXPECT_EQ(stand.HowOf(Rule::kKeepsToItsCalls), How::kNever);
}

TEST(Judge, AHelperKeepsToTheListToo) {
  for (const bool listed : {false, true}) {
    CallList list;
    list.kinds = ~kernel::KindBit(kernel::CallKind::kSync);
    Stand stand({.calls = &list});
    stand.Start();
    const Pid helper = stand.Fork();
    stand.Make(helper, listed ? calls::ClockRead() : calls::Sync());
    EXPECT_EQ(stand.judge.verdict(Rule::kKeepsToItsCalls),
              listed ? Verdict::kHolds : Verdict::kBroken);
  }
}

// A read that goes on with one before is none of its own.
TEST(Judge, ReadingOnIsNoCall) {
  for (const uint32_t flags : {0U, kernel::kReadMore}) {
    Stand stand;
    stand.Start();
    const Result opened = stand.Make(kInit, calls::SignalFd(0, kernel::kOpenNonBlock));
    stand.Wait();
    stand.Send(17);
    stand.Return(kInit);
    for (uint32_t i = 0; i < kCallsToRest; ++i) stand.Make(kInit, calls::ClockRead());
    for (uint32_t i = 0; i < kCallsToRest; ++i) {
      stand.Make(kInit, calls::Read(static_cast<int16_t>(opened.value), flags));
    }
    EXPECT_EQ(stand.broken(), flags == 0 ? Rules{Rule::kComesToRest} : Rules{});
  }
}

// --- Rest ----------------------------------------------------------------------------------------

TEST(Judge, WhomInitMakesAndReapsForEverExcusesNoCall) {
  Stand stand;
  stand.Start();
  stand.Wait();
  stand.Send(10);
  stand.Return(kInit);
  for (uint32_t i = 0; i < kCallsToRest && stand.broken().empty(); ++i) {
    const Pid helper = stand.Fork();
    stand.Make(helper, calls::Exit(0));
    stand.Make(kInit, calls::Wait4(helper, 0));
  }
  EXPECT_EQ(stand.broken(), Rules{Rule::kComesToRest});
}

TEST(Judge, WhatInitTookItMayStillSeeToAfterTheNextMove) {
  constexpr int kTaken = 30;
  Stand stand;
  stand.Start();
  for (int i = 0; i < kTaken; ++i) stand.kernel.SendFromAncestor(kInit, 40);
  stand.Move(Cause::kSignal, kInit, 40);
  for (int i = 0; i < kTaken; ++i) stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Move(Cause::kOther);
  for (uint32_t i = 0; i < kCallsToRest + kTaken * kCallsForEach; ++i) {
    stand.Make(kInit, calls::ClockRead());
  }
  EXPECT_EQ(stand.broken(), Rules{});
  stand.Make(kInit, calls::ClockRead());
  EXPECT_EQ(stand.broken(), Rules{Rule::kComesToRest});
}

TEST(Judge, CallsAreCountedAgainstWhatThereWasToDo) {
  Stand stand;
  stand.Start();
  stand.Wait();
  stand.Send(15);
  stand.Return(kInit);
  for (uint32_t i = 0; i < kCallsToRest + kCallsForEach; ++i) {
    stand.Make(kInit, calls::ClockRead());
  }
  EXPECT_EQ(stand.broken(), Rules{});
  stand.Make(kInit, calls::ClockRead());
  EXPECT_EQ(stand.broken(), Rules{Rule::kComesToRest});
}

// Whatever there is: signals of either sort, the dead, and who stopped; of init's own, or traced by it.
TEST(Judge, EachThingThatThereIsToDoIsWorthEightCalls) {
  struct Thing {
    const char* name;
    uint32_t count;
    std::function<void(Stand&)> happens;
  };
  const auto stopped = [](Stand& stand, Pid pid) {
    stand.kernel.Issue(pid, calls::SigProcMask(kernel::kMaskSet, 0));
    stand.kernel.SendFromKernel(pid, kernel::kSigStop);
  };
  const std::vector<Thing> things = {
      {"nothing", 0, [](Stand&) {}},
      {"the last signal", 1, [](Stand& stand) { stand.kernel.SendFromKernel(kInit, 64); }},
      {"one to the thread", 1,
       [](Stand& stand) { stand.kernel.SendToThreadFromAncestor(kInit, 20); }},
      {"a death, and SIGCHLD", 2,
       [](Stand& stand) { stand.kernel.Exit(stand.kernel.Fork(kInit), 0); }},
      {"the child's death, and SIGCHLD", 2, [](Stand& stand) { stand.kernel.Exit(2, 0); }},
      {"a stop, and SIGCHLD", 2,
       [stopped](Stand& stand) { stopped(stand, stand.kernel.Fork(kInit)); }},
      {"a traced child's stop, and SIGCHLD", 2,
       [](Stand& stand) { stand.kernel.SendFromKernel(stand.AddTracee(), 10); }},
      {"a traced stranger's stop, and SIGCHLD", 2,
       [stopped](Stand& stand) {
         const Pid stranger = stand.kernel.Fork(stand.kernel.Fork(kInit));
         stand.Send(17);
         stand.Return(kInit);
         stand.Make(kInit, calls::Ptrace(kernel::kPtraceSeize, stranger));
         stand.Wait();
         stopped(stand, stranger);
       }},
      {"another's dead child", 0,
       [](Stand& stand) { stand.kernel.Exit(stand.kernel.Fork(stand.kernel.Fork(kInit)), 0); }}};
  for (const Thing& thing : things) {
    Stand stand;
    stand.Start();
    stand.Wait();
    thing.happens(stand);
    stand.kernel.SendFromKernel(kInit, 15);
    stand.Move(Cause::kSignal, kInit, 15);
    stand.Return(kInit);
    for (uint32_t i = 0; i < kCallsToRest + (1 + thing.count) * kCallsForEach; ++i) {
      stand.Make(kInit, calls::ClockRead());
    }
    EXPECT_EQ(stand.broken(), Rules{}) << thing.name;
    stand.Make(kInit, calls::ClockRead());
    EXPECT_EQ(stand.broken(), Rules{Rule::kComesToRest}) << thing.name;
  }
}

// It has rested, and goes on by itself.
TEST(Judge, ASecondIsOverAtItsLastNanosecond) {
  for (const uint64_t less_ns : {0U, 1U}) {
    Stand stand;
    stand.kernel.SetCallTime(0);
    stand.Start();
    stand.Wait(kSecondNs);
    stand.PassTo(2 * kSecondNs);
    stand.Return(kInit);
    for (const uint64_t now_ns : {2 * kSecondNs, 3 * kSecondNs - less_ns}) {
      stand.PassTo(now_ns);
      for (uint32_t i = 0; i < kCallsInASecond; ++i) stand.Make(kInit, calls::ClockRead());
    }
    EXPECT_EQ(stand.broken(), less_ns == 0 ? Rules{} : Rules{Rule::kComesToRest});
  }
}

TEST(Judge, WhatInitSendsItselfIsNothingThatThereWasToDo) {
  for (const bool itself : {true, false}) {
    Stand stand;
    stand.Start();
    const Pid helper = stand.Fork();
    stand.Wait();
    stand.Send(15);
    stand.Return(kInit);
    for (uint32_t i = 0; i < 2 * kCallsToRest; ++i) {
      stand.Make(itself ? kInit : helper, calls::Kill(kInit, 15));
      stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals));
    }
    EXPECT_EQ(stand.judge.verdict(Rule::kComesToRest), itself ? Verdict::kBroken : Verdict::kHolds);
  }
}

TEST(Judge, AfterRestTwoHundredCallsASecondAreAllowed) {
  Stand stand;
  stand.Start();
  stand.Wait(kSecondNs);
  for (uint64_t second = 1; second < 5; ++second) {
    stand.PassTo(second * 2 * kSecondNs);
    stand.Return(kInit);
    for (uint32_t i = 1; i < kCallsInASecond; ++i) stand.Make(kInit, calls::ClockRead());
    stand.Wait(kSecondNs);
  }
  EXPECT_EQ(stand.broken(), Rules{});
  stand.PassTo(20 * kSecondNs);
  stand.Return(kInit);
  for (uint32_t i = 0; i <= kCallsInASecond; ++i) stand.Make(kInit, calls::ClockRead());
  EXPECT_EQ(stand.broken(), Rules{Rule::kComesToRest});
}

}  // namespace
}  // namespace minit::contract
