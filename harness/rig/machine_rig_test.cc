// The machine as a subject makes the calls of harness/linux/driver.cc and console.cc also where the
// plain run does not come by: all calls of the set-up, visible or not, by name.
#include "harness/rig/machine_rig.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/rig/runner.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

struct Names : Observer {
  std::string text;
  void On(const contract::Step& step, const kernel::Kernel&) override {
    if (step.kind != contract::Step::Kind::kCalls) return;
    if (!step.by_init) text += std::to_string(step.pid) + ":";
    text += std::string(kernel::CallName(step.call.kind)) + " ";
  }
};

// The first calls, up to and with `last`.
std::string CallsUpTo(const std::string& last, const std::string& text) {
  static kernel::ScenarioKernel kernel;
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  Names names;
  Runner<Observer> runner(kernel, names);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  EXPECT_EQ(kernel.ending(), kernel::Ending::kRestart);
  const std::size_t at = names.text.find(last);
  return names.text.substr(0, at == std::string::npos ? at : at + last.size());
}

TEST(MachineRig, SetsUp) {
  EXPECT_EQ(CallsUpTo("2:exec", ""),
            "open close close_range sigaction sigprocmask open write fork 2:setsid 2:sigprocmask "
            "2:exec");
}

TEST(MachineRig, FillsTheStandardDescriptors) {
  EXPECT_EQ(CallsUpTo("close_range", "entry: stdin is closed\nentry: stderr is closed\n"),
            "open open close_range");
}

TEST(MachineRig, WritesByHelpersWithoutAConsole) {
  EXPECT_EQ(CallsUpTo("3:setsid", "entry: /dev/console is missing\n"),
            "open close close_range sigaction sigprocmask open open fork fork "
            "2:write 2:exit 3:setsid");
}

TEST(MachineRig, ReopensStandardErrorInAPidNamespace) {
  EXPECT_EQ(CallsUpTo("write",
                      "entry: init is in a PID namespace\n"
                      "entry: /dev/console is missing\n"
                      "entry: stderr is a terminal\n"
                      "at rest: child exits 0\n"),
            "open close close_range sigaction sigprocmask open open write");
}

TEST(MachineRig, LeavesAFileToAHelperAndTheSyncWaitsForIt) {
  EXPECT_EQ(CallsUpTo("reboot",
                      "entry: init is in a PID namespace\n"
                      "entry: /dev/console is missing\n"
                      "entry: stderr is a file\n"
                      "at rest: child exits 0\n"),
            "open close close_range sigaction sigprocmask open open close fork fork 2:write 2:exit "
            "3:setsid 3:sigprocmask 3:exec wait4 wait4 sigtimedwait wait4 sigtimedwait wait4 fork "
            "fork wait4 sigtimedwait 4:write 4:exit "
            "wait4 wait4 sigtimedwait 5:sync 5:kill 5:exit wait4 fork reboot");
}

TEST(MachineRig, TheChildGetsEveryDefaultBack) {
  EXPECT_EQ(CallsUpTo("2:setsid", "entry: TERM is ignored\nentry: 34 is ignored\n"),
            "open close close_range sigaction sigprocmask open write fork 2:sigaction 2:sigaction "
            "2:setsid");
}

TEST(MachineRig, AnExecThatFailsEndsTheChildWith127) {
  EXPECT_EQ(CallsUpTo("2:exit", "before call 1: next 1 execs fail with ENOENT\n"),
            "open close close_range sigaction sigprocmask open write fork 2:setsid 2:sigprocmask "
            "2:exec 2:exit");
  EXPECT_EQ(TextOf({Announce::What::kStartFailed, 2}), "init: cannot start /core: errno 2\n");
}

}  // namespace
}  // namespace minit::rig
