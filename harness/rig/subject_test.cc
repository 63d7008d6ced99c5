// A small faultless init, written by hand, plays like one; and handlers, forks and nested scripts do
// what those of a C program do.
#include "harness/rig/subject.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "harness/rig/runner.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using namespace kernel;  // NOLINT: an init is full of its constants

// --- The faultless init --------------------------------------------------------------------------

struct Small {
  Pid child = 0;
  Pid syncer = 0;
  int status = 0;
  bool ended = false;
  bool synced = false;
};

Script<> Child() {
  for (int signal = 1; signal <= 64; ++signal) co_await calls::SigAction(signal, kSigDfl);
  co_await calls::SetSid();
  co_await calls::SigProcMask(kMaskSet, 0);
  co_await calls::Exec();
  co_await calls::Exit(127);
}

Script<> Syncer() { co_await calls::Sync(); }

Script<> ReapAll(Small& init) {
  for (;;) {
    const Result told = co_await calls::Wait4(-1, kWaitNoHang | kWaitAll);
    if (told.value <= 0) co_return;
    const int stop = told.status >> 8 & 0xff;
    if ((told.status & 0xff) == 0x7f) {
      co_await calls::Ptrace(kPtraceDetach, told.value,
                             stop == kSigTrap || stop == kSigStop ? 0 : stop);
    } else if (told.value == init.syncer) {
      init.synced = told.status == 0;
      init.syncer = 0;
    } else if (told.value == init.child) {
      init.child = 0;
      init.ended = true;
      init.status = (told.status & 0x7f) == 0 ? stop : 128 + (told.status & 0x7f);
    }
  }
}

Script<> SmallInit(Small init) {
  co_await calls::CloseRange(3, 1 << 20, kCloseRangeOnExec);
  co_await calls::SigAction(kSigChld, kSigDfl);
  co_await calls::SigProcMask(kMaskSet, kAllSignals);
  init.child = co_await Fork(Child(), kCloneVfork);
  if (init.child < 0) init = {.status = 255, .ended = true};
  co_await ReapAll(init);
  while (!init.ended) {
    const int signal = (co_await calls::SigTimedWait(kAllSignals)).value;
    if (signal > 0 && signal != kSigChld) co_await calls::Kill(-init.child, signal);
    co_await ReapAll(init);
  }
  co_await Say("status " + std::to_string(init.status) + "\n");
  const uint64_t due_ns = (co_await calls::ClockRead()).time_ns + 30'000'000'000;
  init.syncer = co_await Fork(Syncer());
  for (;;) {
    const uint64_t now_ns = (co_await calls::ClockRead()).time_ns;
    if (now_ns >= due_ns || (init.synced && init.status == 0)) break;
    co_await calls::SigTimedWait(kAllSignals, due_ns - now_ns);
    co_await ReapAll(init);
  }
  co_await calls::Reboot(kRebootRestart);
}

// --- How it plays --------------------------------------------------------------------------------

// Each visible call of the subject that ended, by name.
struct Calls : Observer {
  std::string names;
  void On(const contract::Step& step, const Kernel&) override {
    if (step.kind != contract::Step::Kind::kReturns || !step.visible) return;
    names += std::string(names.empty() ? "" : " ") + CallName(step.call.kind);
  }
};

std::string PlayText(const std::string& text, Script<> script, Ending* ending, uint64_t* now_ns) {
  static ScenarioKernel kernel;
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  Calls calls;
  Runner<Observer> runner(kernel, calls);
  runner.Enter(scenario);
  ScriptedInit init(std::move(script));
  Play(runner, init);
  *ending = kernel.ending();
  *now_ns = kernel.now_ns();
  return calls.names;
}

TEST(Subject, AFaultlessInitRestartsAtOnceAfterSuccess) {
  Ending ending;
  uint64_t now_ns;
  EXPECT_EQ(PlayText("at rest: child exits 0\n", SmallInit({}), &ending, &now_ns),
            "setsid exec fork wait4 sigtimedwait wait4 wait4 write fork sync exit sigtimedwait "
            "wait4 wait4 reboot");
  EXPECT_EQ(ending, Ending::kRestart);
  EXPECT_LT(now_ns, 1'000'000U);
}

TEST(Subject, AFaultlessInitWaitsAfterAFailure) {
  Ending ending;
  uint64_t now_ns;
  PlayText("at rest: child exits 1\n", SmallInit({}), &ending, &now_ns);
  EXPECT_EQ(ending, Ending::kRestart);
  EXPECT_GE(now_ns, 30'000'000'000U);
  EXPECT_LT(now_ns, 31'000'000'000U);
}

// --- Handlers ------------------------------------------------------------------------------------

Script<> ForwardTo(Pid child, int signal) { co_await calls::Kill(child, signal); }

Script<> RunWithHandlers(uint32_t flags) {
  const Pid child = co_await Fork(Child());
  co_await Handle(kSigTerm, [child](int signal) { return ForwardTo(child, signal); }, flags);
  for (;;) {
    const Result told = co_await calls::Wait4(-1);
    if (told.value == child) break;
    co_await Say("woken\n");
  }
}

TEST(Subject, AHandlerInterruptsAndTheCallFails) {
  Ending ending;
  uint64_t now_ns;
  EXPECT_EQ(PlayText("at rest: child handles every signal\nat rest: ancestor sends TERM to init\n"
                     "at rest: child exits 3\n",
                     RunWithHandlers(0), &ending, &now_ns),
            "fork setsid exec wait4 kill write wait4 exit");
  EXPECT_EQ(ending, Ending::kInitDied);
}

TEST(Subject, AHandlerInterruptsAndTheCallIsMadeAgain) {
  Ending ending;
  uint64_t now_ns;
  EXPECT_EQ(PlayText("at rest: child handles every signal\nat rest: ancestor sends TERM to init\n"
                     "at rest: child exits 3\n",
                     RunWithHandlers(kSaRestart), &ending, &now_ns),
            "fork setsid exec kill wait4 exit");
  EXPECT_EQ(ending, Ending::kInitDied);
}

}  // namespace
}  // namespace minit::rig
