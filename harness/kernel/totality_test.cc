// Random stories: whatever is asked, the model answers, stays valid, and a copy of it has the same
// future.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "harness/kernel/kernel.h"

namespace minit::kernel {
namespace {

class Storyteller {
 public:
  explicit Storyteller(uint32_t seed) : random_(seed) {}

  int Upto(int bound) { return static_cast<int>(random_() % static_cast<uint32_t>(bound)); }
  uint64_t Word() {
    // Mostly sparse or dense: single signals and all but a few.
    const uint64_t bits = uint64_t{1} << Upto(64) | uint64_t{1} << Upto(20);
    return Upto(3) == 0 ? ~bits : bits;
  }
  Pid AnyPid(const Kernel& kernel) {
    if (Upto(20) == 0) return Upto(60) - 5;
    return kernel.PidAt(Upto(kernel.size()));
  }
  int AnySignal() {
    static constexpr int kOften[] = {1, 2, 9, 11, 15, 17, 18, 19, 20, 32, 34, 64};
    return Upto(4) == 0 ? Upto(67) - 1 : kOften[Upto(12)];
  }
  uint64_t AnyTime() {
    static constexpr uint64_t kTimes[] = {0, 1, 1000, 1'000'000'000, kForever, kForever - 1};
    return kTimes[Upto(6)];
  }

  Call AnyCall(const Kernel& kernel) {
    static constexpr uint32_t kFlags[] = {0,
                                          1,
                                          2,
                                          4,
                                          8,
                                          11,
                                          kEpollAdd | kEpollEdge,
                                          kEpollAdd | kEpollEdge | kEpollOnce,
                                          kWaitAll,
                                          kCloneVfork,
                                          kClonePidFd,
                                          kClonePtrace,
                                          kCloneParent,
                                          kOpenNonBlock,
                                          kSaRestart};
    static constexpr int32_t kRequests[] = {kPtraceTraceMe,  kPtraceAttach, kPtraceDetach,
                                            kPtraceContinue, kPtraceSeize,  kPtraceKill};
    Call call;
    call.kind = static_cast<CallKind>(Upto(kCallKinds));
    call.path = static_cast<Path>(Upto(6));
    call.fd = static_cast<int16_t>(Upto(12) - 1);
    call.flags = kFlags[Upto(15)];
    call.value = Upto(10) - 1;
    call.pid = Upto(4) == 0 ? -1 : Upto(4) == 0 ? -AnyPid(kernel) : AnyPid(kernel);
    call.signal = call.kind == CallKind::kFork && Upto(4) != 0 ? +kSigChld : AnySignal();
    call.set = Word();
    call.mask = Word();
    call.time_ns = AnyTime();
    if (call.kind == CallKind::kPtrace) call.value = kRequests[Upto(6)];
    if (call.kind == CallKind::kThreadKill) call.value = AnyPid(kernel);
    if (call.kind == CallKind::kTerminal) {
      static constexpr int32_t kOfTerminal[] = {kTerminalAcquire, kTerminalSetForeground,
                                                kTerminalForeground, kTerminalSession};
      call.value = kOfTerminal[Upto(4)];
    }
    return call;
  }

  // One step of the story. Says what it was.
  std::string Tell(Kernel& kernel) {
    const Pid pid = AnyPid(kernel);
    const std::string who = " " + std::to_string(pid);
    if (Upto(3) != 0) return TellCall(kernel, pid);
    switch (Upto(16)) {
      case 0:
        return "fork" + who + " = " + std::to_string(kernel.Fork(pid));
      case 1:
        return "burst" + who + " = " + std::to_string(kernel.Burst(pid, Upto(3), Upto(3)));
      case 2:
        return "thread" + who + " = " + std::to_string(kernel.StartThread(pid));
      case 3:
        return "thread exit" + who + " = " + std::to_string(kernel.ExitThread(pid, Upto(3)));
      case 4:
        return "exit" + who + " = " + (pid == 1 ? "no" : std::to_string(kernel.Exit(pid, 3)));
      case 5:
        return "die" + who + " = " + std::to_string(kernel.Die(pid, AnySignal(), Upto(2) == 0));
      case 6:
        return "fault" + who + " = " + (pid == 1 ? "no" : std::to_string(kernel.Fault(pid, 11)));
      case 7:
        return "ancestor" + who + " = " + std::to_string(kernel.SendFromAncestor(pid, AnySignal()));
      case 8:
        return "group" + who + " = " +
               std::to_string(kernel.SendFromKernelToGroup(pid, AnySignal()));
      case 9:
        return "queue" + who + " = " + std::to_string(kernel.QueueFromAncestor(pid, AnySignal()));
      case 10:
        return "to thread" + who + " = " +
               std::to_string(kernel.SendToThreadFromAncestor(pid, AnySignal()));
      case 11:
        return "next" + who + " = " + std::to_string(kernel.SetNextPid(Upto(40)));
      case 12:
        return "keep" + who + " = " + std::to_string(kernel.Keep(pid, Upto(2) == 0));
      case 13:
        kernel.SetFaults({.fork_failures = static_cast<uint8_t>(Upto(4) == 0),
                          .reboot_failures = UINT8_MAX,
                          .sync_hangs = Upto(2) == 0,
                          .console_room = Upto(20) - 1});
        return "faults";
      case 14:
        kernel.StartOwing();
        return "owe";
      default:
        kernel.AdvanceTo(kernel.now_ns() + static_cast<uint64_t>(Upto(2'000'000'000)));
        return "time";
    }
  }

  std::string TellCall(Kernel& kernel, Pid pid) {
    const Step step = kernel.Resume(pid);
    if (step.kind == Step::Kind::kHandler) {
      kernel.EnterHandler(pid, Word());
      if (Upto(2) == 0) kernel.LeaveHandler(pid, step.mask);
    }
    Call call = AnyCall(kernel);
    if (pid == kInit && call.kind == CallKind::kExit) call.kind = CallKind::kPause;
    const Result result = kernel.Issue(pid, call);
    return std::string(CallName(call.kind)) + " by " + std::to_string(pid) + " on " +
           std::to_string(call.pid) + " value " + std::to_string(call.value) + " signal " +
           std::to_string(call.signal) + " = " + std::to_string(result.value) + " state " +
           std::to_string(static_cast<int>(result.state));
  }

 private:
  std::mt19937 random_;
};

template <typename KernelType>
void TellStories(uint32_t first_seed, int stories, int steps) {
  for (uint32_t seed = first_seed; seed < first_seed + static_cast<uint32_t>(stories); ++seed) {
    Storyteller teller(seed);
    KernelType kernel(Entry{.signal_queue_limit = static_cast<uint32_t>(teller.Upto(8)),
                            .pid_max = seed % 3 == 0 ? 12 : 32768,
                            .last_thread_status = teller.Upto(2) == 0,
                            .pid_namespace = teller.Upto(2) == 0,
                            .ignored = teller.Upto(2) == 0 ? 0 : teller.Word(),
                            .mask = teller.Upto(2) == 0 ? kAllSignals : teller.Word()});
    KernelType twin;
    std::string story;
    for (int i = 0; i < steps && kernel.ending() == Ending::kNone; ++i) {
      if (i % 7 == 0) {
        twin = kernel;
        ASSERT_TRUE(twin == kernel) << "seed " << seed << story;
        ASSERT_EQ(twin.Hash(), kernel.Hash());
      }
      Storyteller same = teller;
      const std::string told = teller.Tell(kernel);
      ASSERT_EQ(same.Tell(twin), told) << "seed " << seed << story;
      story += "\n" + told;
      const char* broken = kernel.WhatIsBroken();
      ASSERT_EQ(broken, nullptr) << broken << ", seed " << seed << story;
      ASSERT_TRUE(twin == kernel) << "a copy went another way, seed " << seed << story;
    }
  }
}

TEST(Totality, SmallWorldsStayValid) { TellStories<ExplorerKernel>(1, 5000, 120); }
TEST(Totality, LargeWorldsStayValid) { TellStories<ScenarioKernel>(100'000, 1000, 400); }

TEST(Totality, ResetEqualsFresh) {
  Storyteller teller(7);
  ScenarioKernel kernel;
  const ScenarioKernel fresh;
  for (int i = 0; i < 50; ++i) teller.Tell(kernel);
  ASSERT_FALSE(kernel == fresh);
  kernel.Reset();
  EXPECT_TRUE(kernel == fresh);
  EXPECT_EQ(kernel.Hash(), fresh.Hash());
}

TEST(Totality, CopiesGoBetweenCapacities) {
  ScenarioKernel large;
  ExplorerKernel small;
  large.Fork(kInit);
  EXPECT_TRUE(small.CopyFrom(large));
  EXPECT_TRUE(small == large);
  large.Burst(kInit, 20, 0);
  EXPECT_FALSE(small.CopyFrom(large)) << "22 tasks in a world for 8";
  EXPECT_EQ(small.size(), 2);
}

// A number is looked for first where its last owner was born: what lived there in another life is not it.
TEST(Totality, ACopyFindsNobodyWhoLivedInTheTarget) {
  ScenarioKernel lasting;
  const Pid first = lasting.Fork(kInit);
  const Pid second = lasting.Fork(kInit);
  ScenarioKernel kernel = lasting;
  ASSERT_EQ(lasting.Die(second, kSigKill, false), 0);
  ASSERT_GT(lasting.Issue(kInit, calls::Wait4(second, 0)).value, 0);
  ASSERT_TRUE(kernel.CopyFrom(lasting));
  EXPECT_TRUE(kernel.Exists(first));
  EXPECT_FALSE(kernel.Exists(second)) << "it was reaped before the copy was made";
}

}  // namespace
}  // namespace minit::kernel
