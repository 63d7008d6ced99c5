// What the machine does in a scenario, in words, and where another first does otherwise.
#include "harness/crosscheck/reference.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/contract/subjects.h"
#include "harness/crosscheck/scripted_rig.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Fault;

scenario::Scenario Read(const std::string& text) {
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  return scenario;
}

std::string Words(const std::vector<Deed>& deeds) {
  std::string words;
  for (const Deed& deed : deeds) {
    words += deed.what + " at " + std::to_string(deed.time_ns / 1'000'000) + "\n";
  }
  return words;
}

std::string DifferenceOf(Fault fault, const std::string& text) {
  ScriptedRig rig([fault] { return contract::SigTimedWaitInit(fault); });
  Deeds deeds(rig.runner().cast());
  const scenario::Scenario scenario = Read(text);
  rig.Run(scenario, deeds);
  return FirstDifference(deeds.deeds(), ReferenceDeeds(scenario));
}

TEST(Reference, TellsDeedsInOrderAndTime) {
  EXPECT_EQ(Words(ReferenceDeeds(Read("at rest: child forks process 1\n"
                                      "at rest: process 1 asks to be traced\n"
                                      "at rest: ancestor sends WINCH to init\n"
                                      "at rest: child exits 3\n"
                                      "at rest: process 1 exits 4\n"))),
            "sends WINCH to the group of child at 0\n"
            "reaps child, exited 3 at 0\n"
            "calls sync at 0\n"
            "reaps process 1, exited 4 at 0\n"
            "calls reboot at 30000\n");
}

TEST(Reference, AFaultlessInitOfOtherConstructionDoesTheSame) {
  EXPECT_EQ(DifferenceOf(Fault::kNone,
                         "at rest: ancestor sends WINCH to init\n"
                         "at rest: child exits 0\n"),
            "");
}

TEST(Reference, TellsToWhomASignalIsSent) {
  static kernel::ScenarioKernel kernel;
  rig::Cast cast;
  Deeds deeds(cast);
  for (const kernel::Call& call :
       {kernel::calls::Kill(-1, 9), kernel::calls::Kill(0, 15), kernel::calls::Kill(1, 6),
        kernel::calls::ThreadKill(1, 1, 6), kernel::calls::ThreadKill(-1, 7, 6),
        kernel::calls::Kill(-7, 2)}) {
    deeds.On({.kind = contract::Step::Kind::kReturns, .by_init = true, .pid = 1, .call = call},
             kernel);
  }
  EXPECT_EQ(Words(deeds.deeds()),
            "sends KILL to everyone at 0\n"
            "sends TERM to its own group at 0\n"
            "sends ABRT to init at 0\n"
            "sends ABRT to init at 0\n"
            "sends ABRT to another process at 0\n"
            "sends INT to the group of another process at 0\n");
}

TEST(Reference, SaysWhereABrokenInitFirstDoesOtherwise) {
  EXPECT_EQ(DifferenceOf(Fault::kDropsUsr1,
                         "at rest: child handles every signal\n"
                         "at rest: ancestor sends WINCH to init\n"
                         "at rest: ancestor sends USR1 to init\n"
                         "at rest: child exits 0\n"),
            "after it sends WINCH to the group of child at 6 µs: the subject reaps child, exited 0 "
            "at 11 µs; "
            "the reference sends USR1 to the group of child at 10 µs");
  EXPECT_EQ(DifferenceOf(Fault::kWaitsTooShort, "at rest: child exits 1\n").substr(0, 24),
            "after it calls sync at 1");
}

TEST(Reference, OfContainersIsWithoutTheEnding) {
  EXPECT_EQ(Words(WithoutEnding(ReferenceDeeds(Read("at rest: child exits 3\n")))),
            "reaps child, exited 3 at 0\n");
}

TEST(Difference, IsWhereOneEnds) {
  EXPECT_EQ(FirstDifference({}, {}), "");
  EXPECT_EQ(FirstDifference({}, {{"calls sync", 0}}),
            "from the start: the subject does nothing more; the reference calls sync at 0 µs");
  EXPECT_EQ(FirstDifference({{"calls sync", 5'000'000}}, {{"calls sync", 5'999'999}}), "");
  EXPECT_NE(FirstDifference({{"calls sync", 5'000'000}}, {{"calls sync", 6'000'000}}), "");
}

}  // namespace
}  // namespace minit::crosscheck
