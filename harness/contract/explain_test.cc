// Breaks in words: which sentence, and which of its numbers stands where.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/kernel/call.h"

namespace minit::contract {
namespace {

// Without the moment.
std::string SentenceOf(const Break& broken) {
  const std::string text = Explain(broken);
  const std::string moment = ", at 0 µs";
  EXPECT_TRUE(text.ends_with(moment)) << text;
  return text.substr(0, text.size() - moment.size());
}

TEST(Explain, AMomentIsAsShortAsItIsExact) {
  const std::vector<std::pair<uint64_t, std::string>> moments = {{0, "0 µs"},
                                                                 {999, "0 µs"},
                                                                 {5'000, "5 µs"},
                                                                 {999'999, "999 µs"},
                                                                 {1'000'000, "1 ms"},
                                                                 {100'006'000, "100.006 ms"},
                                                                 {999'999'999, "999.999 ms"},
                                                                 {1'000'000'000, "1 s"},
                                                                 {1'000'001'000, "1.000001 s"},
                                                                 {30'500'000'000, "30.5 s"},
                                                                 {30'050'000'000, "30.05 s"},
                                                                 {100'000'000'000, "100 s"}};
  for (const auto& [time_ns, text] : moments) {
    const std::string sentence =
        Explain({.rule = Rule::kComesToRest, .facts = {}, .time_ns = time_ns});
    EXPECT_TRUE(sentence.ends_with(", at " + text)) << sentence;
  }
}

TEST(Explain, SignalsHaveNamesAndNumbers) {
  const auto died_of = [](int signal) {
    return SentenceOf(
        {.rule = Rule::kNeverExits, .facts = {.cause = Cause::kKill}, .number = signal});
  };
  EXPECT_EQ(died_of(1), "init died of SIGHUP (1)");
  EXPECT_EQ(died_of(31), "init died of SIGSYS (31)");
  EXPECT_EQ(died_of(32), "init died of signal (32)");
  EXPECT_EQ(died_of(64), "init died of signal (64)");
  EXPECT_EQ(died_of(0), "init died of signal (0)");
  EXPECT_EQ(died_of(-4), "init died of signal (-4)");
}

TEST(Explain, AnExitIsNoDeathBySignal) {
  const Facts after_a_kill{.cause = Cause::kKill, .whose = Whose::kOrphan};
  EXPECT_EQ(SentenceOf({.rule = Rule::kNeverExits, .facts = after_a_kill, .number = 3}),
            "init exits with 3");
  EXPECT_EQ(SentenceOf({.rule = Rule::kNeverExits, .facts = {}, .number = 3}), "init exits with 3");
}

TEST(Explain, CommandsOfRebootHaveTheirNames) {
  for (const auto& [command, name] :
       std::vector<std::pair<int, std::string>>{{kernel::kRebootRestart2, "RESTART2"},
                                                {kernel::kRebootHalt, "HALT"},
                                                {kernel::kRebootPowerOff, "POWER_OFF"},
                                                {kernel::kRebootCadOn, "CAD_ON"},
                                                {kernel::kRebootCadOff, "CAD_OFF"}}) {
    EXPECT_EQ(SentenceOf({.rule = Rule::kAlwaysRestarts,
                          .facts = {.how = How::kOtherCommand},
                          .number = command}),
              "reboot was called with " + name);
  }
}

TEST(Explain, WhatExecWasGivenIsListed) {
  const auto given = [](int defects) {
    return SentenceOf({.rule = Rule::kStartsChildClean,
                       .facts = {.how = How::kDescriptors},
                       .pid = 2,
                       .number = defects});
  };
  const std::string begin = "process 2 called exec with ";
  EXPECT_EQ(given(kOtherPath), begin + "another path");
  EXPECT_EQ(given(kOtherArguments | kOtherEnvironment),
            begin + "other arguments, another environment");
  EXPECT_EQ(given(kNotApart), begin + "no session or group of its own");
  EXPECT_EQ(given(kTerminal | kMasked | kIgnoring),
            begin + "a controlling terminal, signals blocked, signals ignored");
  EXPECT_EQ(given(kDescriptors | kWithoutStreams),
            begin + "descriptors beyond 0 to 2, a standard stream closed that init began with");
  EXPECT_EQ(
      SentenceOf({.rule = Rule::kStartsChildClean,
                  .facts = {.cause = Cause::kSignal, .signal = 12, .how = How::kSignalsBlocked},
                  .pid = 2,
                  .number = kMasked}),
      begin + "signals blocked such as SIGUSR2 (12)");
}

struct Case {
  Break broken;
  std::string sentence;
};

Break BreakOf(Rule rule, How how, Whose whose = Whose::kNobody, kernel::Pid pid = 0, int number = 0,
              int expected = 0) {
  return {.rule = rule,
          .facts = {.whose = whose, .how = how},
          .pid = pid,
          .number = number,
          .expected = expected};
}

void Expect(const std::vector<Case>& cases) {
  for (const Case& each : cases) EXPECT_EQ(SentenceOf(each.broken), each.sentence);
}

TEST(Explain, WhatIsWrongWithReapingAndForwarding) {
  using enum Rule;
  Expect(
      {{BreakOf(kReapsAtRest, How::kNever, Whose::kOrphan, 3, 137),
        "orphan 3 (status 137) is dead and not reaped while init rests"},
       {BreakOf(kReapsAtRest, How::kPassedOver, Whose::kOrphan, 3, 137),
        "orphan 3 (status 137) was dead when init last waited, and is not reaped while init rests"},
       {BreakOf(kForwardsEverySignal, How::kNeverTaken, Whose::kNobody, 0, 15),
        "SIGTERM (15) was owed and not taken when init rested"},
       {BreakOf(kForwardsEverySignal, How::kTakenNotSent, Whose::kNobody, 2, 15),
        "SIGTERM (15) was taken and not sent to group 2 before init rested"},
       {BreakOf(kForwardsEverySignal, How::kNoSuchProcess, Whose::kNobody, 2, 15),
        "SIGTERM (15) was taken, and its kill of group 2 returned ESRCH: it reached nobody before "
        "init rested"},
       {BreakOf(kForwardsEverySignal, How::kTwice, Whose::kNobody, 2, 15),
        "SIGTERM (15) was sent to group 2 once more than it was taken"},
       {BreakOf(kForwardsEverySignal, How::kProcessOnly, Whose::kNobody, 2, 15),
        "SIGTERM (15) was sent to process 2 and not to its group"},
       {BreakOf(kForwardsEverySignal, How::kOtherNumber, Whose::kNobody, 2, 2, 15),
        "SIGTERM (15) was taken, and SIGINT (2) was sent to group 2 in its stead"},
       {BreakOf(kForwardsInOrder, How::kLate, Whose::kNobody, 0, 10, 12),
        "SIGUSR1 (10) was sent after SIGUSR2 (12), and taken before it"},
       {BreakOf(kSignalsNobodyElse, How::kLate, Whose::kStranger, -2, 15),
        "SIGTERM (15) was sent to -2 after the child was reaped: that number may be anybody's"},
       {BreakOf(kSignalsNobodyElse, How::kNeverTaken, Whose::kStranger, -2, 9),
        "SIGKILL (9) was sent to -2 after the child was reaped and was never taken: that number "
        "may "
        "be anybody's"},
       {BreakOf(kSignalsNobodyElse, How::kNeverTaken, Whose::kChild, 2, 15),
        "SIGTERM (15) was sent to the child's group 2 and was never taken"},
       {BreakOf(kSignalsNobodyElse, How::kPlain, Whose::kStranger, -1, 15),
        "SIGTERM (15) was sent to everyone (kill -1)"},
       {BreakOf(kSignalsNobodyElse, How::kPlain, Whose::kNobody, 0, 15),
        "SIGTERM (15) was sent to init's own group (kill 0)"},
       {BreakOf(kSignalsNobodyElse, How::kPlain, Whose::kHelper, 3, 15),
        "SIGTERM (15) was sent to helper 3"}});
}

TEST(Explain, WhatIsWrongWithTheStartTheStatusAndTheSync) {
  using enum Rule;
  Expect({{BreakOf(kStartsChildClean, How::kNever), "init rested before it had forked its child"},
          {BreakOf(kStartsChildClean, How::kTwice, Whose::kHelper, 3),
           "a second process of init's, 3, called exec"},
          {BreakOf(kReportsStatus, How::kWrongValue, Whose::kChild, 2, 4, 3),
           "the console was told 4, the status is 3"},
          {BreakOf(kReportsStatus, How::kNever, Whose::kChild, 0, 0, 3),
           "init restarts, and no line told the status 3 and no other number"},
          {BreakOf(kReportsStatus, How::kNever, Whose::kChildBeforeExec),
           "init restarts, and no line names the path that could not be started"},
          {BreakOf(kSyncsFirst, How::kLate),
           "init rested after the child's end and had not begun to sync"},
          {BreakOf(kSyncsFirst, How::kEarly),
           "init restarts before the sync has returned, and before the delay is over"},
          {BreakOf(kSyncsFirst, How::kNever),
           "init restarts and has not synced since the child's end"}});
}

TEST(Explain, WhatIsWrongWithTheRestartAndTheExit) {
  using enum Rule;
  Expect({{BreakOf(kWaitsOutTheDelay, How::kLate),
           "the child ended with status 0 and the sync is done, and init rested"},
          {BreakOf(kWaitsOutTheDelay, How::kEarly, Whose::kChild, 0, 500, 0),
           "init restarts 500 ms after the child's end with status 0"},
          {BreakOf(kWaitsOutTheDelay, How::kEarly, Whose::kChildBeforeExec, 0, 500, -1),
           "init restarts 500 ms after the start of its child failed"},
          {BreakOf(kAlwaysRestarts, How::kOtherCommand, Whose::kNobody, 1, 7),
           "reboot was called with command 7"},
          {BreakOf(kAlwaysRestarts, How::kWrongValue, Whose::kNobody, 1),
           "reboot was called with wrong magic numbers"},
          {BreakOf(kAlwaysRestarts, How::kEarly, Whose::kNobody, 0, 20),
           "restart was called again 20 ms after it was refused"},
          {BreakOf(kAlwaysRestarts, How::kNever, Whose::kChild, 0, 0, 31'500),
           "the restart was due at 31.5 s at the latest"},
          {BreakOf(kAlwaysRestarts, How::kNever, Whose::kChildBeforeExec, 0, 0, 31'500),
           "the restart was due at 31.5 s at the latest"},
          {BreakOf(kAlwaysRestarts, How::kNever, Whose::kChildBeforeExec, 2),
           "the exec of process 2 failed, and it goes on instead of ending"},
          {BreakOf(kExitsWithStatus, How::kNever, Whose::kChildBeforeExec, 2),
           "the exec of process 2 failed, and it goes on instead of ending"},
          {BreakOf(kExitsWithStatus, How::kNever, Whose::kChild),
           "init died after its child and did not exit"},
          {BreakOf(kExitsWithStatus, How::kLate, Whose::kChild),
           "the child has ended, and init rested"},
          {BreakOf(kExitsWithStatus, How::kEarly, Whose::kOrphan, 3),
           "init exits and has not reaped orphan 3"},
          {BreakOf(kExitsWithStatus, How::kWrongValue, Whose::kChild, 0, 4, 3),
           "init exits with 4, the child's status is 3"}});
}

TEST(Explain, WhatIsWrongWithTheTracedTheCallsAndTheRest) {
  using enum Rule;
  Expect({{BreakOf(kFreesTheTraced, How::kNever, Whose::kThread, 4, 10),
           "thread 4 stopped under init's tracing and was not let go"},
          {BreakOf(kFreesTheTraced, How::kWrongValue, Whose::kInherited, 4, 0, 10),
           "inherited child 4 was let go with signal (0), not SIGUSR1 (10)"},
          {BreakOf(kKeepsToItsCalls, How::kOtherCommand, Whose::kNobody, 1,
                   static_cast<int>(kernel::CallKind::kSync)),
           "process 1 made sync, which is not in its list"},
          {BreakOf(kKeepsToItsCalls, How::kNever, Whose::kNobody, 0,
                   static_cast<int>(kernel::CallKind::kWait4)),
           "init waits without bound in wait4, which is not marked for that"},
          {BreakOf(kComesToRest, How::kNever), "init runs on and on, and does not rest"},
          {BreakOf(kComesToRest, How::kNever, Whose::kNobody, 0, 501),
           "init made 501 calls and has not come to rest"},
          {BreakOf(kComesToRest, How::kTwice, Whose::kNobody, 0, 201),
           "init made 201 calls in a second after it had come to rest, before the next move"}});
}

TEST(Explain, AnEndingTooEarlySaysWhatInitWasTold) {
  const auto told = [](const Facts& facts, kernel::Pid pid) {
    return SentenceOf({.rule = Rule::kEndsOnlyWithChild, .facts = facts, .pid = pid});
  };
  const std::string begin =
      "the ending began and the child had not ended; what init was told last: ";
  EXPECT_EQ(told({.cause = Cause::kExit, .whose = Whose::kOrphan}, 3), begin + "exit of orphan 3");
  EXPECT_EQ(told({.cause = Cause::kSignal, .signal = 15}, 0), begin + "SIGTERM (15)");
}

}  // namespace
}  // namespace minit::contract
