// The rules of play, on stories small enough to read; and over random scenarios: every run ends, the
// same one twice is the same, and a copy goes on as the original does.
#include "harness/rig/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/timeline.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;
using kernel::Ending;
using kernel::Kernel;
using kernel::ScenarioKernel;
using testing::StartsWith;

scenario::Scenario Parsed(const std::string& text) {
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  return scenario;
}

// Visible calls and their results, moves and rests, from the first rest on (or from the entry): a
// line each, other processes than init with their number in front.
struct Story : Observer {
  explicit Story(bool from_entry) : begun(from_entry) {}

  void On(const Step& step, const Kernel& kernel) override {
    switch (step.kind) {
      case Step::Kind::kReturns:
      case Step::Kind::kBlocks: {
        if (!step.visible || !begun) break;
        if (!step.by_init) text += std::to_string(step.pid) + ": ";
        const bool blocks = step.kind == Step::Kind::kBlocks;
        text +=
            Print(step.call) + (blocks ? " ...\n" : " = " + Print(step.call, step.result) + "\n");
        break;
      }
      case Step::Kind::kMove:
        if (step.cause != contract::Cause::kNone && begun) text += "move\n";
        break;
      case Step::Kind::kTime:
        if (begun) text += "at " + std::to_string(kernel.now_ns() / 1'000'000) + " ms\n";
        break;
      case Step::Kind::kRest:
        if (begun) text += "rest\n";
        begun = true;
        break;
      case Step::Kind::kFinale:
        text += "finale\n";
        break;
      default:
        break;
    }
  }

  bool begun;
  std::string text;
};

std::string Tell(const std::string& text, bool from_entry = false) {
  static ScenarioKernel kernel;
  const scenario::Scenario scenario = Parsed(text);
  Story story(from_entry);
  Runner<Observer> runner(kernel, story);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  EXPECT_EQ(kernel.ending(), Ending::kRestart) << story.text;
  return story.text;
}

// --- Stories -------------------------------------------------------------------------------------

TEST(Play, AChildThatExitsWithZero) {
  EXPECT_EQ(Tell("at rest: child exits 0\n", true),
            R"(write(3, …, 10) = 10
vfork() ...
2: setsid() = 2
2: exec(/core) = 0
vfork() = 2
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, forever) ...
rest
move
sigtimedwait(all, forever) = CHLD
wait4(-1, WNOHANG|__WALL) = 2, exited 0
write(3, …, 82) = 82
fork() = 3
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, 29.999998 s) ...
3: sync() = 0
3: exit(0) = never returns
sigtimedwait(all, 29.999998 s) = CHLD
wait4(-1, WNOHANG|__WALL) = 3, exited 0
write(3, …, 29) = 29
reboot(RESTART) = never returns
)");
}

TEST(Play, AChildThatFailsIsFollowedByTheDelay) {
  EXPECT_EQ(Tell("at rest: child exits 1\n"),
            R"(move
sigtimedwait(all, forever) = CHLD
wait4(-1, WNOHANG|__WALL) = 2, exited 1
write(3, …, 66) = 66
fork() = 3
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, 29.999998 s) ...
3: sync() = 0
3: exit(0) = never returns
sigtimedwait(all, 29.999998 s) = CHLD
wait4(-1, WNOHANG|__WALL) = 3, exited 0
wait4(-1, WNOHANG|__WALL) = ECHILD
sigtimedwait(all, 29.999993 s) ...
rest
finale
at 30000 ms
sigtimedwait(all, 29.999993 s) = EAGAIN
write(3, …, 29) = 29
reboot(RESTART) = never returns
)");
}

TEST(Play, AMoveBeforeACallComesBetweenItAndItsEffect) {
  EXPECT_THAT(Tell("at rest: child handles every signal\n"
                   "at rest: child double-forks process 1\n"
                   "at rest: ancestor sends HUP to init\n"
                   "before call 1: process 1 exits 3\n"
                   "before call 3: child exits 0\n"),
              StartsWith(R"(move
rest
move
rest
move
sigtimedwait(all, forever) = HUP
move
kill(-2, HUP) = 0
wait4(-1, WNOHANG|__WALL) = 4, exited 3
move
wait4(-1, WNOHANG|__WALL) = 2, exited 0
write(3, …, 82) = 82
fork() = 5
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, 29.999998 s) = CHLD
wait4(-1, WNOHANG|__WALL) = 0
)"));
}

TEST(Play, AForkThatIsRefusedEndsInARestart) {
  EXPECT_THAT(Tell("before call 1: next 255 forks fail with EAGAIN\n", true), StartsWith(R"(move
write(3, …, 10) = 10
vfork() = EAGAIN
write(3, …, 35) = 35
fork() = EAGAIN
wait4(-1, WNOHANG|__WALL) = ECHILD
sigtimedwait(all, 1 s) ...
rest
finale
move
rest
at 1000 ms
sigtimedwait(all, 1 s) = EAGAIN
fork() = 2
sigtimedwait(all, 28.999996 s) ...
)"));
}

TEST(Play, AHungSyncDelaysNothing) {
  const std::string story = Tell("at rest: sync hangs\nat rest: child exits 0\n");
  EXPECT_NE(story.find("3: sync() ...\nrest\n"), std::string::npos) << story;
  EXPECT_NE(story.find("at 30000 ms\n"), std::string::npos) << story;
}

TEST(Play, AFrozenInitRunsOnceItIsThawed) {
  EXPECT_THAT(Tell("at rest: init is frozen\nat rest: child exits 0\nat rest: init is thawed\n"),
              StartsWith(R"(move
move
move
sigtimedwait(all, forever) = EINTR
sigtimedwait(all, forever) = CHLD
wait4(-1, WNOHANG|__WALL) = 2, exited 0
write(3, …, 82) = 82
fork() = 3
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, 29.999998 s) = CONT
)"));
}

TEST(Play, ATracerKeepsTheChildsEndBackUntilItDies) {
  const std::string story = Tell(
      "at rest: child double-forks process 1\nat rest: process 1 attaches to child\n"
      "at rest: child dies of KILL\n");
  const std::size_t finale = story.find("finale\n");
  EXPECT_EQ(story.find("killed by KILL"), story.find("killed by KILL", finale)) << story;
}

TEST(Play, TimePassesToTheNextTimerOrToWhatTheWorldWaitsFor) {
  const std::string story =
      Tell("at rest: child exits 1\nat rest: 10000 ms pass\nat rest: child sends TERM to init\n");
  EXPECT_NE(story.find("at 10000 ms\n"), std::string::npos) << story;
}

TEST(Play, AKeptProcessMakesOneCallAtATime) {
  EXPECT_THAT(Tell("before call 1: next process of init is kept waiting\n"
                   "at rest: ancestor sends TERM to init\n"
                   "at rest: child makes one call\n"
                   "at rest: ancestor sends HUP to init\n"
                   "at rest: child may run\n",
                   true),
              StartsWith(R"(move
write(3, …, 10) = 10
vfork() ...
move
move
2: setsid() = 2
move
move
2: exec(/core) = 0
vfork() = 2
wait4(-1, WNOHANG|__WALL) = 0
sigtimedwait(all, forever) = H)"));
}

TEST(Play, InitFrozenBeforeACallMakesItWhenThawed) {
  EXPECT_THAT(Tell("at rest: child handles every signal\n"
                   "at rest: ancestor sends HUP to init\n"
                   "before call 1: init is frozen\n"
                   "at rest: child exits 0\n"
                   "at rest: init is thawed\n"),
              StartsWith(R"(move
rest
move
sigtimedwait(all, forever) = HUP
move
move
move
kill(-2, HUP) = 0
wait4(-1, WNOHANG|__WALL) = 2, exited )"));
}

// --- Random scenarios ----------------------------------------------------------------------------

struct Hasher {
  uint64_t hash = 0;
  void Mix(uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  void On(const Step& step, const Kernel& kernel) {
    Mix(static_cast<uint64_t>(step.kind) << 32 | static_cast<uint64_t>(step.pid));
    Mix(static_cast<uint64_t>(step.call.kind) << 32 | static_cast<uint32_t>(step.call.value));
    Mix(static_cast<uint64_t>(step.result.value) << 32 | static_cast<uint32_t>(step.result.status));
    Mix(static_cast<uint64_t>(step.cause) << 8 | step.signal);
    Mix(kernel.now_ns());
  }
};

uint64_t TraceOf(const scenario::Scenario& scenario, Kernel& kernel, bool* restarts) {
  Hasher hasher;
  Runner<Hasher> runner(kernel, hasher);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  *restarts = kernel.ending() == Ending::kRestart && !runner.gave_up();
  return hasher.hash;
}

// Bursts repeated thousands of times cost more than all the others together: a sixteenth will do.
bool IsHeavy(const scenario::Scenario& scenario) {
  bool repeats = false;
  bool bursts = false;
  for (const scenario::Move& move : scenario.moves()) {
    repeats |= move.kind == scenario::MoveKind::kRepeat;
    bursts |= move.kind == scenario::MoveKind::kBurst;
  }
  return repeats && bursts;
}

TEST(Runner, EveryRunOfTheMachineEndsInARestartAndTheSameWayTwice) {
  static ScenarioKernel kernel;
  for (uint64_t seed = 0; seed < 21'000; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    if (seed % 16 != 0 && IsHeavy(scenario)) continue;
    bool restarts = false;
    const uint64_t once = TraceOf(scenario, kernel, &restarts);
    ASSERT_TRUE(restarts) << "seed " << seed << "\n" << scenario::Print(scenario);
    ASSERT_TRUE(kernel.IsValid()) << kernel.WhatIsBroken() << ", seed " << seed;
    if (seed % 8 != 0) continue;
    ASSERT_EQ(TraceOf(scenario, kernel, &restarts), once) << "seed " << seed;
  }
}

// What is told of a call as it blocks or ends is what was told as it began; and what it writes, then alone.
struct CallsAsTold {
  struct Told {
    kernel::Call call;
    bool visible = false;
    bool to_console = false;
  };
  std::map<kernel::Pid, Told> begun;
  int ended = 0;

  void On(const Step& step, const Kernel&) {
    const bool begins = step.kind == Step::Kind::kCalls;
    const bool ends = step.kind == Step::Kind::kReturns || step.kind == Step::Kind::kBlocks;
    const int writes = begins && step.to_console ? step.call.value : 0;
    EXPECT_EQ(static_cast<int>(step.text.size()), writes) << Print(step.call);
    if (begins) begun[step.pid] = {step.call, step.visible, step.to_console};
    if (!ends) return;
    const Told& told = begun.at(step.pid);
    EXPECT_EQ(step.call, told.call) << Print(step.call);
    EXPECT_EQ(step.visible, told.visible) << Print(step.call);
    EXPECT_EQ(step.to_console, told.to_console) << Print(step.call);
    ++ended;
  }
};

TEST(Runner, TellsOfACallAsItEndsWhatItToldAsItBegan) {
  static ScenarioKernel kernel;
  CallsAsTold calls;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    if (IsHeavy(scenario)) continue;
    Runner<CallsAsTold> runner(kernel, calls);
    runner.Enter(scenario);
    MachineRig rig;
    Play(runner, rig);
    ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << scenario::Print(scenario);
  }
}

TEST(Runner, TellsOfAWriteThatBlockedAsItEnds) {
  static ScenarioKernel kernel;
  const scenario::Scenario scenario =
      Parsed("before call 1: console takes 2 more bytes\nat rest: heal console\n");
  CallsAsTold calls;
  Runner<CallsAsTold> runner(kernel, calls);
  runner.Enter(scenario);
  ASSERT_NE(runner.Next(), nullptr);
  runner.Call(kernel::calls::Write(1, 4), "four");
  const Turn* const turn = runner.Next();
  ASSERT_NE(turn, nullptr);
  EXPECT_EQ(turn->result->value, 4);
  EXPECT_EQ(calls.ended, 2) << "it has blocked, and returned";
}

// At the n-th call of the original a copy is made and played to its end, then the original.
TEST(Runner, ACopyGoesOnAsTheOriginalDoes) {
  static ScenarioKernel kernel;
  static ScenarioKernel copied_kernel;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    Hasher hasher;
    Runner<Hasher> runner(kernel, hasher);
    runner.Enter(scenario);
    MachineRig rig;
    for (uint64_t calls = 0; calls < seed % 97; ++calls) {
      const Turn* turn = runner.Next();
      if (turn == nullptr) break;
      runner.Call(rig.Answer(*turn, runner.cast(), kernel).call);
    }
    copied_kernel = kernel;
    Hasher copied_hasher = hasher;
    Runner<Hasher> copy(runner, copied_kernel, copied_hasher);
    MachineRig copied_rig = rig;
    ASSERT_EQ(copy.Hash(), runner.Hash());
    Play(copy, copied_rig);
    Play(runner, rig);
    ASSERT_EQ(copied_hasher.hash, hasher.hash) << "seed " << seed;
    ASSERT_EQ(copied_kernel, kernel);
    ASSERT_EQ(copied_rig, rig);
    ASSERT_EQ(copied_rig.Hash(), rig.Hash());
  }
}

TEST(Corpus, EveryFileOfTheCorpusPlaysToARestart) {
  static ScenarioKernel kernel;
  const std::filesystem::path corpus = MINIT_SOURCE_DIR "/corpus";
  ASSERT_TRUE(std::filesystem::exists(corpus)) << "there is no corpus at " << corpus;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus)) {
    if (entry.path().extension() != ".scenario") continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    bool restarts = false;
    TraceOf(Parsed(text), kernel, &restarts);
    EXPECT_TRUE(restarts) << entry.path();
  }
}

}  // namespace
}  // namespace minit::rig
