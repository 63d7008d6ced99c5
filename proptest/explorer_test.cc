#include "proptest/explorer.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/scenario/text.h"
#include "proptest/trial.h"

namespace minit::proptest {
namespace {

constexpr uint8_t kTerm = 15;

TEST(Explorer, TheMachineBreaksNoRuleInASmallWorld) {
  const Outcome outcome = Explore({.orphans = 2, .signals = {kTerm}});
  EXPECT_TRUE(outcome.complete);
  if (outcome.violation) {
    ADD_FAILURE() << outcome.violation->why << "\n" << Report(outcome.violation->scenario);
  }
}

// A change here means that the machine, the model or the explorer goes other ways than before.
TEST(Explorer, TheSizeOfASmallGraphIsPinned) {
  const Outcome outcome = Explore({.orphans = 1, .signals = {kTerm}, .mishaps = {}});
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(outcome.progress.states, 1559U);
  EXPECT_EQ(outcome.progress.transitions, 2025U);
  EXPECT_EQ(outcome.progress.depth, 29);
}

TEST(Explorer, TheSameBoundsGiveTheSameGraph) {
  const Bounds bounds{.orphans = 1, .signals = {kTerm}, .mishaps = {"reboot", "helper-killed"}};
  const Outcome once = Explore(bounds);
  const Outcome again = Explore(bounds);
  EXPECT_EQ(once.progress.states, again.progress.states);
  EXPECT_EQ(once.progress.transitions, again.progress.transitions);
}

TEST(Explorer, FindsTheShortestScenario) {
  const Outcome outcome = Explore({}, FindFault("reaps-one-for-each-signal"));
  ASSERT_TRUE(outcome.violation);
  EXPECT_TRUE(outcome.violation->replays);
  EXPECT_EQ(scenario::Print(outcome.violation->scenario),
            "at rest: child double-forks process 1\n"
            "at rest: child double-forks process 1\n"
            "at rest: kernel sends TERM to init\n");
}

TEST(Explorer, GivesUpWhenTold) {
  const Outcome outcome = Explore({}, nullptr, [](const Progress&) { return false; });
  EXPECT_FALSE(outcome.complete);
  EXPECT_FALSE(outcome.violation);
}

TEST(Explorer, RefusesBoundsThatMakeNoSense) {
  EXPECT_EQ(WhatIsWrong({}), "");
  EXPECT_NE(WhatIsWrong({.orphans = Bounds::kMaxOrphans + 1}), "");
  EXPECT_NE(WhatIsWrong({.signals = {9}}), "");
  EXPECT_NE(WhatIsWrong({.mishaps = {"flood"}}), "");
  EXPECT_NE(WhatIsWrong({.reaps_in_a_row = 0}), "");
}

}  // namespace
}  // namespace minit::proptest
