// Each interface of an init in process, by small programs (testdata/subject.c), static, against two
// libcs and at any address: what happens is what happens under the ptrace rig. And programs that
// mean harm: those that only the ptrace rig's fence would hold are held here too, and those that try
// to get out by what is in the same memory end the worker, and no more.
//
// usage: in_process_subjects_test DIRECTORY_OF_SUBJECTS [gtest options]

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/rig/in_process_rig.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/timeline.h"
#include "harness/rig/worker.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;

std::string g_directory;

std::vector<std::string> Subjects() {
  return {g_directory + "/subject-musl", g_directory + "/subject-glibc",
          g_directory + "/subject-static-pie"};
}

// Visible calls and their results, and handlers, a line each.
struct Story final : Observer {
  void On(const Step& step, const kernel::Kernel&) override {
    const std::string who = std::to_string(step.pid) + ": ";
    if (step.kind == Step::Kind::kHandler) text += who + "enters " + SignalName(step.signal) + "\n";
    if (step.kind == Step::Kind::kHandled) text += who + "leaves\n";
    if (!step.visible) return;
    if (step.kind == Step::Kind::kCalls) {
      text += who + Print(step.call, step.text) + "\n";
    }
    if (step.kind == Step::Kind::kBlocks) text += who + Print(step.call) + " ...\n";
    if (step.kind != Step::Kind::kReturns) return;
    text += who + Print(step.call) + " = " + Print(step.call, step.result) + "\n";
  }
  std::string text;
};

std::string Play(Rig& rig, const std::string& text) {
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  Story story;
  const Outcome outcome = rig.Run(scenario, story);
  story.text += "end " + std::to_string(static_cast<int>(outcome.end)) + ", ending " +
                std::to_string(static_cast<int>(outcome.ending)) + " with " +
                std::to_string(outcome.ending_status) + ", crash " + std::to_string(outcome.crash) +
                "\n";
  for (const auto& [what, count] : outcome.not_covered) {
    story.text += what + ", " + std::to_string(count) + " times\n";
  }
  return story.text;
}

// Twice in one worker, to see that the second is as the first.
std::string PlayInProcess(const SubjectOptions& options, const std::string& text) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig(options);
    link.Send(Play(rig, text));
    link.Send(Play(rig, text));
  });
  const auto once = worker.Next(std::chrono::minutes(1));
  const auto twice = worker.Next(std::chrono::minutes(1));
  if (!once || !twice) return "the worker " + worker.HowItEnded();
  EXPECT_EQ(*once, *twice) << options.path;
  return *once;
}

// All three ways agree.
void Agree(const std::vector<std::string>& subjects, const std::vector<std::string>& arguments,
           const std::string& text) {
  for (const std::string& path : subjects) {
    SCOPED_TRACE(path + (arguments.empty() ? "" : " " + arguments.back()));
    SubjectOptions options = {.path = path, .arguments = arguments};
    PtraceRig rig(options);
    const std::string traced = Play(rig, text);
    EXPECT_EQ(PlayInProcess(options, text), traced) << "patched";
    options.patch = false;
    EXPECT_EQ(PlayInProcess(options, text), traced) << "trapped";
  }
}

constexpr const char* kBusy =
    "at rest: child ignores USR2\nat rest: kernel sends USR2 to init\n"
    "at rest: child leaves 3 dead orphans of exit code 4\nat rest: init is frozen\n"
    "at rest: kernel sends TERM to init\nat rest: kernel sends WINCH to init\n"
    "at rest: init is thawed\nat rest: 6000 ms pass\nat rest: child exits 7\n";

class Interface : public testing::TestWithParam<const char*> {};

TEST_P(Interface, IsAsUnderPtrace) {
  for (const char* const scenario :
       {"", "at rest: child exits 3\n", "at rest: kernel sends TERM to init\n", kBusy}) {
    Agree(Subjects(), {GetParam()}, scenario);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Interface,
                         testing::Values("sigtimedwait", "poll", "epoll", "select", "suspend",
                                         "pause", "wait", "wait-restart", "spawn", "vfork",
                                         "clone3", "fork-with-pidfd", "vectors", "timers",
                                         "repeating-timers", "descriptors", "pipes", "ioctls",
                                         "events", "events-refused", "set-up", "syncs", "pidfd"));

// Linux gives one empty string where it is given none (since 5.18).
TEST(Arguments, AreAsTheScenarioHasThemAndNeverNone) {
  const char* const kNone = "entry: arguments are missing\n";
  Agree(Subjects(), {}, kNone);
  Agree(Subjects(), {}, "entry: arguments are extra\n");
  PtraceRig rig({.path = Subjects().front()});
  const std::string story = Play(rig, kNone);
  EXPECT_NE(story.find("arguments 1\\n"), std::string::npos) << story;
  EXPECT_NE(story.find("length of the first 0\\n"), std::string::npos) << story;
}

// --- Those that mean harm ------------------------------------------------------------------------

class Harm : public testing::TestWithParam<const char*> {};

TEST_P(Harm, IsAsUnderPtrace) { Agree({Subjects().front()}, {"harm", GetParam()}, ""); }

INSTANTIATE_TEST_SUITE_P(All, Harm,
                         testing::Values("int80", "own-code", "files", "early-files", "in-loader",
                                         "loop", "child-loop", "calls", "silent-calls", "crash",
                                         "overflow", "turn-off"));

// How a worker ends in which the first subject does this.
std::string EndOf(const std::vector<std::string>& arguments) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig({.path = Subjects().front(), .arguments = arguments});
    link.Send(Play(rig, ""));
  });
  const auto message = worker.Next(std::chrono::minutes(1));
  return message ? "it ran:\n" + *message : worker.HowItEnded();
}

TEST(Escape, MemoryIsBounded) {
  EXPECT_EQ(EndOf({"harm", "eat"}),
            "it ran:\n1: write(2, \"bounded 1\\n\", 10)\n1: write(2, …, 10) = 10\n1: exit(0)\n"
            "1: exit(0) = never returns\nend 0, ending 5 with 0, crash 0\n");
}

// Its own calls are caught. So it calls a function of the harness: what that asks of the kernel is
// not caught, but filtered.
class Outside : public testing::TestWithParam<const char*> {};

std::string AddressOfSyscall() {
  std::array<char, 32> address{};
  std::snprintf(address.data(), address.size(), "%lx",
                reinterpret_cast<unsigned long>(dlsym(RTLD_DEFAULT, "syscall")));
  return address.data();
}

TEST_P(Outside, EndsTheWorkerAndNoMore) {
  struct stat before{}, after{};
  ASSERT_EQ(stat("/etc/passwd", &before), 0);
  EXPECT_EQ(EndOf({"harm", GetParam(), AddressOfSyscall()}), "was killed by SIGSYS");
  EXPECT_FALSE(std::filesystem::exists("/tmp/minit-hostile"));
  ASSERT_EQ(stat("/etc/passwd", &after), 0);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

INSTANTIATE_TEST_SUITE_P(All, Outside,
                         testing::Values("reboot", "open", "turn-off", "widen", "kill", "execute",
                                         "mount", "thread"));

// So what ended those was the filter, and no accident on the way to it.
TEST(Escape, ByACallThatTheFilterKnowsIsMade) {
  EXPECT_EQ(EndOf({"harm", "allowed", AddressOfSyscall()}),
            "it ran:\n1: exit(99)\n1: exit(99) = never returns\n"
            "end 0, ending 5 with 25344, crash 0\n");
}

// The page of vsyscalls is no code of a subject, and no memory: a call by it is not dispatched.
TEST(Escape, ByTheVsyscallPageEndsTheWorkerOrFaults) {
  const std::string end = EndOf({"harm", "vsyscall"});
  const std::string fault = "crash " + std::to_string(SIGSEGV);
  EXPECT_TRUE(end == "was killed by SIGSYS" || end.find(fault) != std::string::npos) << end;
}

TEST(Refused, WhatCannotRunSaysWhy) {
  const auto why = [](const std::string& path) { return WhyNotInProcess({.path = path}); };
  EXPECT_EQ(why(g_directory + "/subject-dynamic"),
            g_directory + "/subject-dynamic is linked dynamically");
  EXPECT_EQ(why("/etc/passwd"), "/etc/passwd is no program for x86-64");
  EXPECT_EQ(why("/nonexistent"), "cannot open /nonexistent: No such file or directory");
  EXPECT_EQ(why(Subjects().front()), "");
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  minit::rig::g_directory = argv[1];
  return RUN_ALL_TESTS();
}
