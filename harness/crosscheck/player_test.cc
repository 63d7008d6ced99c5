// What comes of one scenario: verdicts that count or do not, and feedback.
#include "harness/crosscheck/player.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>

#include "harness/contract/subjects.h"
#include "harness/crosscheck/scripted_rig.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Fault;
using contract::Rule;
using contract::Verdict;

scenario::Scenario Read(const std::string& text) {
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  return scenario;
}

TEST(Player, SaysWhatIsBrokenWithTheWholeEntry) {
  ScriptedRig rig([] { return contract::SigTimedWaitInit(Fault::kDropsUsr1); });
  Player player(rig, {});
  player.Play(Read("entry: init is in a PID namespace\nat rest: ancestor sends USR1 to init\n"));
  ASSERT_TRUE(player.counts());
  ASSERT_EQ(player.judge().verdict(Rule::kForwardsEverySignal), Verdict::kBroken);
  EXPECT_EQ(player.FindBreak(Rule::kForwardsEverySignal)->facts.entry, contract::kEnteredNamespace);
}

TEST(Player, SeesNothingNewInTheSameScenarioAgain) {
  ScriptedRig rig([] { return contract::SigTimedWaitInit(); });
  Player player(rig, {});
  player.Play(Read(""));
  EXPECT_TRUE(player.showed_something_new());
  player.Play(Read(""));
  EXPECT_FALSE(player.showed_something_new());
  player.Play(Read("at rest: ancestor sends USR1 to init\n"));
  EXPECT_TRUE(player.showed_something_new()) << "a signal was taken and sent";
}

TEST(Player, EndsARunThatNeverRests) {
  ScriptedRig rig([] { return contract::SigTimedWaitInit(Fault::kSpins); });
  Player player(rig, {});
  for (uint64_t seed = 0; seed < 500; ++seed) {
    player.Play(scenario::Generate(seed));
    if (player.judge().verdict(Rule::kComesToRest) != Verdict::kBroken) continue;
    EXPECT_EQ(player.outcome().end, rig::Outcome::End::kOver) << "it was not to be given up";
    return;
  }
  FAIL() << "no scenario made it spin";
}

rig::Script<> ReadsClockForEver() {
  for (;;) co_await kernel::calls::ClockRead();
}

rig::Script<> ForksOneThatReadsClockForEver() {
  co_await kernel::calls::SigProcMask(kernel::kMaskSet, kernel::kAllSignals);
  co_await rig::Fork(ReadsClockForEver());
  co_await kernel::calls::SigTimedWait(kernel::kAllSignals);
}

TEST(Player, OfARunThatTheRigEndedNothingCountsUnlessItIsABreak) {
  ScriptedRig rig([] { return ForksOneThatReadsClockForEver(); });
  Player player(rig, {});
  player.Play(Read(""));
  EXPECT_EQ(player.outcome().end, rig::Outcome::End::kGaveUp);
  EXPECT_FALSE(player.judge().any_broken());
  EXPECT_FALSE(player.counts());

  ScriptedRig other([] { return ReadsClockForEver(); });
  Player counting(other, {});
  counting.Play(Read(""));
  EXPECT_EQ(counting.judge().verdict(Rule::kComesToRest), Verdict::kBroken);
  EXPECT_TRUE(counting.counts());
}

// mount() comes before the signal that it loses: whether that is its doing nobody knows.
TEST(Player, OfARunWithACallThatNobodyCoversWhatWasBrokenBeforeIs) {
  const scenario::Scenario signal = Read("at rest: ancestor sends USR1 to init\n");
  ScriptedRig rig([] { return contract::SigTimedWaitInit(Fault::kDropsUsr1); });
  Player player(rig, {});
  rig.Leave("mount", kernel::CallKind::kFork);
  player.Play(signal);
  EXPECT_FALSE(player.counts());
  EXPECT_EQ(player.FindBreak(Rule::kForwardsEverySignal), nullptr);

  rig.Leave("mount", kernel::CallKind::kReboot);
  player.Play(signal);
  EXPECT_FALSE(player.counts());
  ASSERT_NE(player.FindBreak(Rule::kForwardsEverySignal), nullptr);
  EXPECT_EQ(player.FindBreak(Rule::kForwardsEverySignal)->number, kernel::kSigUsr1);
}

rig::Script<> MountsAndMountsAgain() {
  co_await kernel::calls::Other(SYS_mount);
  co_await kernel::calls::Other(SYS_swapon);
  for (;;) co_await kernel::calls::SigTimedWait(kernel::kAllSignals);
}

// That it was made is known, whatever comes of it.
TEST(Player, ACallThatNobodyCoversBreaksRule13IfItIsNotInTheList) {
  ScriptedRig rig([] { return MountsAndMountsAgain(); });
  rig.Leave("mount", kernel::CallKind::kOther);
  contract::CallList list;
  list.kinds = ~uint64_t{0};
  list.waits = ~uint64_t{0};
  Player player(rig, {.calls = &list});
  player.Play(Read(""));
  EXPECT_FALSE(player.counts());
  ASSERT_NE(player.FindBreak(Rule::kKeepsToItsCalls), nullptr);
  EXPECT_EQ(player.FindBreak(Rule::kKeepsToItsCalls)->expected, SYS_mount);

  list.others[SYS_mount / 64] |= uint64_t{1} << SYS_mount % 64;
  player.Play(Read(""));
  EXPECT_EQ(player.FindBreak(Rule::kKeepsToItsCalls), nullptr)
      << "what it does after the mount that it may make is not known to be its doing";
}

// A bound on calls that what is there to do extends: who makes itself things to do never rests either.
rig::Script<> SendsItselfSignalsForEver() {
  co_await kernel::calls::SigProcMask(kernel::kMaskSet, kernel::kAllSignals);
  const kernel::Result self = co_await kernel::calls::PidFdOpen(kernel::kInit);
  for (;;) {
    co_await kernel::calls::PidFdSendSignal(static_cast<int16_t>(self.value), kernel::kSigUsr1);
    co_await kernel::calls::SigTimedWait(kernel::kAllSignals);
  }
}

TEST(Player, WhoMakesCallsUntilTheRunIsGivenUpDoesNotComeToRest) {
  ScriptedRig rig([] { return SendsItselfSignalsForEver(); });
  Player player(rig, {});
  player.Play(Read(""));
  EXPECT_EQ(player.judge().verdict(Rule::kComesToRest), Verdict::kBroken);
}

TEST(Player, RemembersWhichCallsWereMadeAndWhichWaited) {
  ScriptedRig rig([] { return contract::SigTimedWaitInit(); });
  Player player(rig, {});
  player.Play(Read(""));
  const contract::CallList& seen = player.calls_seen();
  const auto bit = [](kernel::CallKind kind) { return uint64_t{1} << static_cast<int>(kind); };
  EXPECT_NE(seen.kinds & bit(kernel::CallKind::kSigTimedWait), 0u);
  EXPECT_NE(seen.waits & bit(kernel::CallKind::kSigTimedWait), 0u);
  EXPECT_NE(seen.kinds & bit(kernel::CallKind::kReboot), 0u);
  EXPECT_EQ(seen.waits & bit(kernel::CallKind::kWait4), 0u);
  EXPECT_EQ(seen.kinds & bit(kernel::CallKind::kEpollWait), 0u);
}

}  // namespace
}  // namespace minit::crosscheck
