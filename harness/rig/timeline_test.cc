// A time line says what happened, in words and as well-formed a picture.
#include "harness/rig/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/rig/machine_rig.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using testing::HasSubstr;
using testing::Not;

// The machine plays the scenario.
void Follow(Timeline& timeline, const std::string& text) {
  static kernel::ScenarioKernel kernel;
  scenario::Scenario scenario;
  ASSERT_FALSE(scenario::Parse(text, scenario));
  Runner<Observer> runner(kernel, timeline);
  timeline.Follow(runner);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
}

TEST(Timeline, ARaceCanBeRead) {
  Timeline timeline;
  Follow(timeline,
         "entry: CHLD is ignored\n"
         "at rest: child handles every signal\n"
         "at rest: ancestor sends TERM to init\n"
         "before call 1: child exits 3\n"
         "at rest: process 1 exits 0\n");
  timeline.Note("all is well");
  const std::string text = timeline.Print();
  EXPECT_THAT(text, HasSubstr("init           is entered\n"
                              "       0.000000                   entry: CHLD is ignored\n"));
  EXPECT_THAT(text, HasSubstr("  init           is about to kill(-2, TERM)\n"));
  EXPECT_THAT(text, HasSubstr("> world          before call 1: child exits 3\n"));
  EXPECT_THAT(text, HasSubstr("init           … kill(-2, TERM) = 0\n"));
  EXPECT_THAT(text, HasSubstr("init           wait4(-1, WNOHANG|__WALL) = 2, exited 3\n"));
  EXPECT_THAT(text, HasSubstr("at rest: process 1 exits 0   (no effect)\n"));
  EXPECT_THAT(text,
              HasSubstr("= init           rests in sigtimedwait(all, forever); alive: child [2]"));
  EXPECT_THAT(text, HasSubstr("over: the machine restarts\n"));
  EXPECT_THAT(text, HasSubstr("all is well\n"));
  const std::string picture = timeline.Draw();
  EXPECT_TRUE(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
  EXPECT_THAT(picture, HasSubstr("child [2]"));
}

TEST(Timeline, OneOfInitsOwnIsTheChildOnlyIfItCallsExec) {
  Timeline killed;
  Follow(killed,
         "before call 1: next process of init is kept waiting\n"
         "at rest: child dies of KILL\n"
         "at rest: sync hangs\n");
  EXPECT_THAT(killed.Print(), HasSubstr("init's own [3] sync() = 0\n"));
  EXPECT_THAT(killed.Print(), Not(HasSubstr("child [")));
  EXPECT_THAT(killed.Draw(), HasSubstr(">init's own [2]<"));

  Timeline failed;
  Follow(failed, "before call 1: next 1 execs fail with ENOENT\n");
  EXPECT_THAT(failed.Print(), HasSubstr("child [2]      exec(/core) = ENOENT\n"));
  EXPECT_THAT(failed.Print(), HasSubstr("helper [3]     sync() = 0\n"));
}

// What it did before is told of it by the same name.
TEST(Timeline, OneThatTurnsOutToBeTheChildWasItAllAlong) {
  Timeline timeline;
  Follow(timeline,
         "entry: /dev/console is missing\n"
         "before call 1: next process of init is kept waiting\n"
         "before call 3: child is kept waiting\n"
         "at rest: child may run\n"
         "at rest: child may run\n");
  const std::string text = timeline.Print();
  EXPECT_THAT(text, HasSubstr("child [3]      is about to setsid()\n")) << text;
  EXPECT_THAT(text, HasSubstr("child [3]      … setsid() = 3\n")) << text;
  EXPECT_THAT(text, Not(HasSubstr("child [2]"))) << text;
  EXPECT_THAT(text, Not(HasSubstr("init's own"))) << text;
}

TEST(Timeline, AThreadThatOutlivesItsLeaderIsNamed) {
  Timeline timeline;
  Follow(timeline,
         "at rest: child starts a thread\n"
         "at rest: leader of child exits 0\n");
  const std::string text = timeline.Print();
  EXPECT_THAT(text, HasSubstr("(all, forever); alive: child [2] with thread 3\n"));
  EXPECT_THAT(text, HasSubstr("; alive: child [2] with thread 3 (its leader is dead)\n"));
}

TEST(Timeline, WhatASubjectWritesDoesNotReachTheTerminalOfWhoReadsIt) {
  const std::string written(
      "\x1b[2J a \"b\" \\ \0"
      "7\xff\t\n",
      18);
  EXPECT_EQ(Print(kernel::calls::Write(2, 18), written),
            R"(write(2, "\033[2J a \"b\" \\ \0007\377\011\n", 18))");
  EXPECT_EQ(Print(kernel::calls::Write(2, 300), std::string(300, 'a')),
            "write(2, \"" + std::string(200, 'a') + "…\", 300)");
}

TEST(Timeline, CallThatTheModelDoesNotHaveIsToldByItsName) {
  EXPECT_EQ(Print(kernel::calls::Other(151)), "mlockall()");
  EXPECT_EQ(Print(kernel::calls::Other(511)), "system call 511()");
}

}  // namespace
}  // namespace minit::rig
