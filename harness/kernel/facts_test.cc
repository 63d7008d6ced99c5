// One test a fact of docs/kernel-model.md, in its order and by its number. What libc or real hardware
// alone can show has here the test of what follows for the model.

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "harness/kernel/kernel.h"

namespace minit::kernel {
namespace {

using namespace calls;  // NOLINT: the vocabulary of every line below

constexpr uint64_t kSecond = 1'000'000'000;

class Facts : public testing::Test {
 protected:
  explicit Facts(const Entry& entry = {.mask = kAllSignals}) : kernel(entry) {}
  ~Facts() override { EXPECT_EQ(kernel.WhatIsBroken(), nullptr) << kernel.WhatIsBroken(); }

  Result Do(Pid who, const Call& call) { return kernel.Issue(who, call); }
  int Returns(Pid who, const Call& call) { return Do(who, call).value; }
  // What init takes, one after the other, until there is nothing.
  std::vector<int> TakenByInit() {
    std::vector<int> taken;
    for (int signal; (signal = Returns(kInit, SigTimedWait(kAllSignals, 0))) > 0;) {
      taken.push_back(signal);
    }
    return taken;
  }
  uint64_t PendingOfInit() { return kernel.Look(kInit).pending_process; }
  Result Reap(uint32_t flags = 0) { return Do(kInit, Wait4(-1, kWaitNoHang | flags)); }
  Activity ActivityOf(Pid pid) { return kernel.Look(pid).activity; }
  // A child in a session of its own, as init starts one.
  Pid Child() {
    const Pid pid = kernel.Fork(kInit);
    Do(pid, SetSid());
    return pid;
  }

  ScenarioKernel kernel;
};

using Signals = Facts;
using Waiting = Facts;
using Numbers = Facts;
using Restart = Facts;

class InNamespace : public Facts {
 protected:
  InNamespace() : Facts({.pid_namespace = true, .mask = kAllSignals}) {}
};
using SignalsInNamespace = InNamespace;
using RestartInNamespace = InNamespace;
using Tracing = Facts;
using Timers = Facts;

class Events : public Facts {
 protected:
  int16_t Opened(const Call& call) { return static_cast<int16_t>(Returns(kInit, call)); }
  // What an epoll of init's tells of now.
  uint64_t Told(int16_t epoll, int most = 0) { return Do(kInit, EpollWait(epoll, 0, most)).set; }
  static uint64_t FdBit(int fd) { return uint64_t{1} << fd; }
  static constexpr uint32_t kByEdges = kEpollAdd | kEpollEdge;
};

// --- Signals -------------------------------------------------------------------------------------

// 1
TEST_F(Signals, StandardSignalsCoalesceRealTimeOnesQueue) {
  EXPECT_EQ(kernel.Burst(kInit, 5, 0), 5);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  int zombies = 0;
  while (Reap().value > 0) ++zombies;
  EXPECT_EQ(zombies, 5);
  for (int i = 0; i < 3; ++i) kernel.SendFromAncestor(kInit, 40);
  EXPECT_EQ(kernel.PendingCount(kInit, 40, true), 3);
  EXPECT_EQ(TakenByInit(), (std::vector<int>{40, 40, 40}));
}

// 2
TEST_F(Signals, SynchronousOnesComeFirstThenTheLowest) {
  for (const int signal : {64, 34, 17, 15, 18, 1, 11, 31}) kernel.SendFromAncestor(kInit, signal);
  EXPECT_EQ(TakenByInit(), (std::vector<int>{11, 31, 1, 15, 17, 18, 34, 64}));
}

// 3
TEST_F(Signals, StopAndContinueDiscardEachOtherWhenGenerated) {
  kernel.SendFromAncestor(kInit, kSigTstp);
  kernel.SendFromAncestor(kInit, kSigTtin);
  kernel.SendFromAncestor(kInit, kSigCont);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigCont});
  kernel.SendFromAncestor(kInit, kSigCont);
  kernel.SendFromAncestor(kInit, kSigTstp);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigTstp});
}

// 4
TEST_F(Signals, WithoutRoomInTheQueueKillCollapsesAndSigqueueIsRefused) {
  kernel.Reset({.signal_queue_limit = 0, .mask = kAllSignals});
  const Pid child = Child();
  EXPECT_EQ(Returns(child, Kill(kInit, 40)), 0);
  EXPECT_EQ(Returns(child, Kill(kInit, 40)), 0);
  EXPECT_EQ(Returns(child, SigQueue(kInit, 40)), -EAGAIN);
  EXPECT_EQ(Returns(child, ThreadKill(kInit, kInit, 40)), -EAGAIN);
  EXPECT_EQ(Returns(child, SigQueue(kInit, kSigTerm)), 0);
  kernel.Exit(child, 0);
  EXPECT_EQ(TakenByInit(), (std::vector<int>{kSigTerm, kSigChld, 40}));
}

// 5
TEST_F(SignalsInNamespace, InitDropsWhatIsAtDefaultUnlessBlocked) {
  const Pid child = Child();
  Do(kInit, SigProcMask(kMaskUnblock, SignalBit(kSigTerm)));
  EXPECT_EQ(Returns(child, Kill(kInit, kSigTerm)), 0);
  EXPECT_EQ(Returns(child, Kill(kInit, kSigUsr1)), 0);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigUsr1}) << "TERM was not blocked";
  EXPECT_EQ(Returns(kInit, Kill(kInit, kSigKill)), 0);
  EXPECT_EQ(Returns(child, Kill(kInit, kSigStop)), 0);
  EXPECT_EQ(kernel.ending(), Ending::kNone);
  EXPECT_EQ(ActivityOf(kInit), Activity::kRunning);
  Do(kInit, Pause());
  kernel.SendFromAncestor(kInit, kSigStop);
  EXPECT_EQ(ActivityOf(kInit), Activity::kStopped);
  EXPECT_FALSE(kernel.AtRest());
  kernel.SendFromAncestor(kInit, kSigCont);
  EXPECT_EQ(ActivityOf(kInit), Activity::kBlocked);
  EXPECT_TRUE(kernel.AtRest());
  kernel.SendFromAncestor(kInit, kSigKill);
  EXPECT_EQ(kernel.ending(), Ending::kInitDied);
  EXPECT_EQ(kernel.ending_status(), kSigKill);
}

// 6: an init whose libc leaves 32 to 34 out of "all" never takes them; they stay pending.
TEST_F(Signals, WhatASetLeavesOutStaysPending) {
  constexpr uint64_t kLibcAll = kAllSignals & ~(SignalBit(32) | SignalBit(33) | SignalBit(34));
  for (const int signal : {32, 33, 34, 35}) kernel.SendFromAncestor(kInit, signal);
  EXPECT_EQ(Returns(kInit, SigTimedWait(kLibcAll, 0)), 35);
  EXPECT_EQ(Returns(kInit, SigTimedWait(kLibcAll, 0)), -EAGAIN);
  EXPECT_EQ(PendingOfInit(), kAllSignals & ~kLibcAll);
}

// 7
TEST_F(Signals, IgnoringChildrenReapsThemUnseenAndSurvivesExec) {
  Do(kInit, SigAction(kSigChld, kSigIgn));
  Do(kInit, SigProcMask(kMaskSet, 0));
  kernel.Exit(Child(), 3);
  EXPECT_EQ(Reap().value, -ECHILD);
  EXPECT_EQ(PendingOfInit(), 0U);
  const Pid blocked = kernel.Fork(kInit);
  ASSERT_EQ(Do(kInit, Wait4(-1)).state, Result::State::kBlocked);
  kernel.Exit(blocked, 3);
  EXPECT_EQ(kernel.Resume(kInit).result.value, -ECHILD) << "a wait already under way";
  EXPECT_EQ(Returns(kInit, Exec()), 0);
  kernel.Exit(Child(), 3);
  EXPECT_EQ(Reap().value, -ECHILD) << "after exec";
}

TEST_F(Signals, NoChildWaitReapsThemButTheSignalComes) {
  Do(kInit, SigAction(kSigChld, kSigDfl, kSaNoChildWait));
  kernel.Exit(Child(), 3);
  EXPECT_EQ(Reap().value, -ECHILD);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
}

// 8
TEST_F(Signals, ThoseForTheThreadComeBeforeThoseForTheProcess) {
  for (const int signal : {15, 31, 11, 1}) kernel.SendFromAncestor(kInit, signal);
  for (const int signal : {64, 1}) kernel.SendToThreadFromAncestor(kInit, signal);
  EXPECT_EQ(TakenByInit(), (std::vector<int>{1, 64, 11, 31, 1, 15}));
}

// 9
TEST_F(Signals, AnIgnoredOneThatIsBlockedIsPendingUntilTheDispositionIsSet) {
  Do(kInit, SigAction(kSigTerm, kSigIgn));
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(PendingOfInit(), SignalBit(kSigTerm));
  Do(kInit, SigAction(kSigTerm, kSigIgn));
  EXPECT_EQ(PendingOfInit(), 0U) << "set to be ignored once more";
  kernel.Exit(Child(), 0);
  EXPECT_EQ(PendingOfInit(), SignalBit(kSigChld));
  Do(kInit, SigAction(kSigChld, kSigDfl));
  EXPECT_EQ(PendingOfInit(), 0U) << "its default is to be ignored";
  EXPECT_GT(Reap().value, 0) << "the zombie is there, unannounced";
  kernel.SendFromAncestor(kInit, kSigUsr1);
  Do(kInit, SigAction(kSigUsr1, kSigDfl));
  EXPECT_EQ(PendingOfInit(), SignalBit(kSigUsr1)) << "its default is to end";
}

// 10
TEST_F(Signals, AContinuedChildRaisesSigchld) {
  const Pid child = Child();
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  kernel.SendFromAncestor(child, kSigCont);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, 0);
  const Result continued = Reap(kWaitContinued);
  EXPECT_EQ(continued.value, child);
  EXPECT_EQ(continued.status, 0xffff);
  EXPECT_EQ(Reap(kWaitContinued).value, 0) << "told twice";
  kernel.SendFromAncestor(child, kSigCont);
  EXPECT_TRUE(TakenByInit().empty()) << "it was not stopped";
}

// 11: what musl makes of EINTR is its business; here is when the kernel says it (signal(7)).
TEST_F(Signals, StopAndContinueInterruptSigtimedwaitAndEpollButNotSleep) {
  const auto after_stop_and_continue = [&](const Call& call) {
    EXPECT_EQ(Do(kInit, call).state, Result::State::kBlocked);
    kernel.SendFromAncestor(kInit, kSigStop);
    EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kStopped);
    kernel.SendFromAncestor(kInit, kSigCont);
    const Step step = kernel.Resume(kInit);
    if (step.kind != Step::Kind::kReturns) {
      kernel.AdvanceTo(kernel.now_ns() + 2 * kSecond);
      EXPECT_EQ(kernel.Resume(kInit).result.value, 0);
      return 0;
    }
    return step.result.value;
  };
  const auto epoll = static_cast<int16_t>(Returns(kInit, EpollCreate()));
  EXPECT_EQ(after_stop_and_continue(SigTimedWait(SignalBit(kSigUsr1), kForever)), -EINTR);
  EXPECT_EQ(after_stop_and_continue(EpollWait(epoll, kForever)), -EINTR);
  EXPECT_EQ(after_stop_and_continue(Sleep(kSecond)), 0);
  EXPECT_EQ(after_stop_and_continue(Poll(0, kSecond)), 0);
  EXPECT_EQ(Do(kInit, SigTimedWait(kAllSignals, kSecond)).value, kSigCont) << "it was pending";
}

TEST_F(Signals, AHandlerThatIsTakenBackHasEndedSigtimedwaitAndEpollAllTheSame) {
  Do(kInit, SigAction(kSigTstp, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  const auto epoll = static_cast<int16_t>(Returns(kInit, EpollCreate()));
  const auto taken_back = [&](const Call& call) {
    EXPECT_EQ(Do(kInit, call).state, Result::State::kBlocked);
    kernel.SendFromAncestor(kInit, kSigTstp);
    kernel.SendFromAncestor(kInit, kSigCont);
    return kernel.Resume(kInit);
  };
  EXPECT_EQ(taken_back(SigTimedWait(SignalBit(kSigUsr1))).result.value, -EINTR);
  EXPECT_EQ(taken_back(EpollWait(epoll, kForever)).result.value, -EINTR);
  EXPECT_EQ(taken_back(Pause()).kind, Step::Kind::kBlocked);
}

TEST_F(Signals, AHandlerInterruptsAndRestartsOnlyWithTheFlag) {
  kernel.Fork(kInit);
  Do(kInit, SigProcMask(kMaskSet, 0));
  const auto interrupt = [&](const Call& call, uint32_t flags) {
    Do(kInit, SigAction(kSigUsr1, kSigHandler, flags));
    EXPECT_EQ(Do(kInit, call).state, Result::State::kBlocked);
    kernel.SendFromAncestor(kInit, kSigUsr1);
    const Step step = kernel.Resume(kInit);
    EXPECT_EQ(step.kind, Step::Kind::kHandler);
    EXPECT_EQ(step.signal, kSigUsr1);
    kernel.EnterHandler(kInit, SignalBit(kSigUsr1));
    EXPECT_EQ(kernel.Look(kInit).mask, SignalBit(kSigUsr1) | step.mask);
    kernel.LeaveHandler(kInit, step.mask);
    EXPECT_EQ(kernel.Look(kInit).mask, 0U);
    return step.restarts ? 1 : step.result.value;
  };
  EXPECT_EQ(interrupt(Wait4(-1), 0), -EINTR);
  EXPECT_EQ(interrupt(Wait4(-1), kSaRestart), 1);
  EXPECT_EQ(interrupt(WaitId(kWaitForAny, 0, kWaitExited), kSaRestart), 1);
  EXPECT_EQ(interrupt(Sleep(kSecond), kSaRestart), -EINTR);
  EXPECT_EQ(interrupt(Pause(), kSaRestart), -EINTR);
  EXPECT_EQ(interrupt(Poll(0, kForever), kSaRestart), -EINTR);
  EXPECT_EQ(interrupt(SigTimedWait(SignalBit(2)), kSaRestart), -EINTR);
}

TEST_F(Signals, TheQueueIsOfThreadsAndProcessesTogether) {
  kernel.Reset({.signal_queue_limit = 2, .mask = kAllSignals});
  const Pid child = Child();
  kernel.SendFromKernel(child, kSigTerm);
  Do(kInit, ThreadKill(child, child, kSigTerm));
  EXPECT_EQ(Returns(kInit, SigQueue(child, kSigRtMin)), -EAGAIN);
}

// A core is dumped by who takes the signal; one without ends the process before anybody can.
TEST_F(Signals, AWaitTakesOneThatWouldDumpCoreNoOtherThatIsFatal) {
  constexpr uint64_t kDumpsCore = SignalBit(kSigQuit) | SignalBit(kSigIll) | SignalBit(kSigTrap) |
                                  SignalBit(kSigAbrt) | SignalBit(kSigBus) | SignalBit(kSigFpe) |
                                  SignalBit(kSigSegv) | SignalBit(kSigXcpu) | SignalBit(kSigXfsz) |
                                  SignalBit(kSigSys);
  for (int signal = 1; signal <= kSigRtMax; ++signal) {
    const bool is_taken = (kDumpsCore & SignalBit(signal)) != 0;
    if (!is_taken && signal != kSigTerm && signal != kSigUsr1 && signal != kSigRtMax) continue;
    const Pid child = Child();
    Do(child, SigProcMask(kMaskSet, 0));
    Do(child, SigTimedWait(SignalBit(signal)));
    kernel.SendFromKernel(child, signal);
    EXPECT_EQ(kernel.Resume(child).result.value, is_taken ? signal : 0) << signal;
    EXPECT_EQ(ActivityOf(child), is_taken ? Activity::kRunning : Activity::kZombie) << signal;
  }
}

TEST_F(Signals, SigsuspendPutsTheOldMaskBackAfterTheHandler) {
  Do(kInit, SigAction(kSigTerm, kSigHandler));
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(Do(kInit, SigSuspend(~SignalBit(kSigTerm))).state, Result::State::kBlocked);
  const Step step = kernel.Resume(kInit);
  EXPECT_EQ(step.kind, Step::Kind::kHandler);
  EXPECT_EQ(step.result.value, -EINTR);
  EXPECT_EQ(step.mask, kAllSignals & ~(SignalBit(kSigKill) | SignalBit(kSigStop)));
}

// --- Waiting -------------------------------------------------------------------------------------

// 12
TEST_F(Waiting, StatusWords) {
  const auto status_of = [&](auto end) {
    const Pid pid = Child();
    end(pid);
    return Reap(kWaitUntraced).status;
  };
  EXPECT_EQ(status_of([&](Pid pid) { kernel.Exit(pid, 261); }), 0x0500);
  EXPECT_EQ(status_of([&](Pid pid) { Do(pid, Exit(261)); }), 0x0500);
  EXPECT_EQ(status_of([&](Pid pid) { kernel.SendFromAncestor(pid, kSigKill); }), 0x0009);
  EXPECT_EQ(status_of([&](Pid pid) {
              Do(pid, SigProcMask(kMaskSet, 0));
              kernel.SendFromAncestor(pid, kSigTerm);
            }),
            0x000f);
  EXPECT_EQ(status_of([&](Pid pid) { kernel.Die(pid, kSigRtMax, false); }), 0x0040);
  EXPECT_EQ(status_of([&](Pid pid) { kernel.Die(pid, kSigAbrt, true); }), 0x0086);
  EXPECT_EQ(status_of([&](Pid pid) { kernel.SendFromAncestor(pid, kSigStop); }), 0x137f);
}

// 13
TEST_F(Waiting, TracedStopsAreToldOnceWithoutUntraced) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(child, Ptrace(kPtraceTraceMe)), 0);
  EXPECT_EQ(kernel.Look(child).tracer, kInit);
  kernel.SendFromAncestor(child, kSigUsr1);
  EXPECT_EQ(ActivityOf(child), Activity::kTraced);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  const Result stop = Reap();
  EXPECT_EQ(stop.value, child);
  EXPECT_EQ(stop.status, 0x0a7f);
  EXPECT_EQ(Reap().value, 0) << "told twice";
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceDetach, child, kSigUsr1)), 0);
  EXPECT_EQ(Reap().status, kSigUsr1) << "the detach passes the signal on";
  const Pid other = Child();
  Do(other, SigProcMask(kMaskSet, 0));
  Do(other, Ptrace(kPtraceTraceMe));
  kernel.SendFromAncestor(other, kSigUsr1);
  kernel.SendFromAncestor(other, kSigKill);
  EXPECT_EQ(Reap().status, kSigKill) << "KILL frees it";
}

// 14
TEST_F(Waiting, ADeadLeaderWithLiveThreadsIsNotToldOf) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  kernel.ExitThread(child, 9);
  EXPECT_EQ(ActivityOf(child), Activity::kZombie);
  EXPECT_EQ(Returns(kInit, Kill(child, 0)), 0);
  EXPECT_EQ(Reap().value, 0);
  EXPECT_TRUE(TakenByInit().empty());
  kernel.ExitThread(thread, 0);
  EXPECT_FALSE(kernel.Exists(thread)) << "a further thread leaves no zombie";
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, child);
}

// 15
TEST_F(Waiting, TheLastThreadsCodeWinsOrTheLeaders) {
  for (const bool last : {true, false}) {
    kernel.Reset({.last_thread_status = last, .mask = kAllSignals});
    const Pid child = Child();
    const Pid thread = kernel.StartThread(child);
    kernel.ExitThread(child, 9);
    kernel.ExitThread(thread, 0);
    EXPECT_EQ(Reap().status, last ? 0x0000 : 0x0900);
  }
}

TEST_F(Waiting, ADeadLeaderHasItsOwnCodeUntilTheLastThreadEnds) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  const Pid last = kernel.StartThread(child);
  kernel.ExitThread(child, 9);
  kernel.ExitThread(thread, 3);
  EXPECT_EQ(kernel.Look(child).status, 0x0900);
  kernel.ExitThread(last, 0);
  EXPECT_EQ(kernel.Look(child).status, 0x0000);
}

// 16
TEST_F(Waiting, AChildWithoutExitSignalNeedsWaitAllUntilItIsAdopted) {
  const Pid child = Child();
  const Pid quiet = Returns(child, Fork(0, 0));
  kernel.Exit(quiet, 4);
  EXPECT_EQ(Returns(child, Wait4(-1, kWaitNoHang)), -ECHILD);
  EXPECT_EQ(kernel.PeekWait(child, Wait4(-1, kWaitNoHang | kWaitAll)).value, quiet);
  EXPECT_EQ(kernel.PeekWait(child, Wait4(-1, kWaitNoHang | kWaitClone)).value, quiet);
  EXPECT_EQ(kernel.Look(child).pending_process, 0U);
  kernel.Exit(child, 0);
  EXPECT_EQ(Reap().value, child);
  EXPECT_EQ(Reap().value, quiet);
}

// 17
TEST_F(Waiting, CloneParentMakesASibling) {
  const Pid child = Child();
  const Pid sibling = Returns(child, Fork(kCloneParent, 0));
  EXPECT_EQ(kernel.Look(sibling).parent, kInit);
  EXPECT_EQ(kernel.Look(sibling).exit_signal, kSigChld);
  EXPECT_EQ(Returns(kInit, Fork(kCloneParent)), -EINVAL);
}

// 18
TEST_F(Waiting, StopsRaiseSigchldUnlessForbiddenAndNeedUntraced) {
  const Pid child = Child();
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, 0);
  EXPECT_EQ(Reap(kWaitUntraced).status, 0x137f);
  EXPECT_EQ(Reap(kWaitUntraced).value, 0) << "told twice";
  kernel.SendFromAncestor(child, kSigCont);
  TakenByInit();
  Do(kInit, SigAction(kSigChld, kSigDfl, kSaNoChildStop));
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_TRUE(TakenByInit().empty());
  EXPECT_EQ(Reap(kWaitUntraced).value, child);
}

// 19
TEST_F(Waiting, ChildrenAreWaitedForByBirthAdoptedOnesByAdoption) {
  const Pid first = Child();
  const Pid grandchild = kernel.Fork(first);
  const Pid second = Child();
  kernel.Exit(first, 0);
  const Pid third = Child();
  for (const Pid pid : {third, grandchild, second}) kernel.Exit(pid, 0);
  std::vector<Pid> order;
  for (Pid pid; (pid = Reap().value) > 0;) order.push_back(pid);
  EXPECT_EQ(order, (std::vector<Pid>{first, second, grandchild, third}));
}

// 20
TEST_F(Tracing, AZombieThatAnotherTracesIsInvisibleToItsParent) {
  const Pid child = Child();
  const Pid tracer = Child();
  Do(tracer, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, child)), 0);
  kernel.Exit(child, 5);
  EXPECT_TRUE(TakenByInit().empty());
  EXPECT_EQ(Reap().value, 0);
  auto other = kernel;
  EXPECT_EQ(Returns(tracer, Wait4(-1, kWaitNoHang)), child);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, child) << "after its tracer waited";
  kernel = other;
  kernel.Exit(tracer, 0);
  EXPECT_EQ(Reap().value, child) << "after its tracer died";
}

// 21
TEST_F(Tracing, ThreadsAndClonedTraceesAreReturnedByWait) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  const Pid thread = kernel.StartThread(child);
  Do(thread, SigProcMask(kMaskSet, 0));
  Do(thread, Ptrace(kPtraceTraceMe));
  EXPECT_EQ(Returns(kInit, ThreadKill(child, thread, kSigUsr1)), 0);
  EXPECT_EQ(Reap().value, thread);
  Do(kInit, Ptrace(kPtraceDetach, thread, 0));
  Do(child, Ptrace(kPtraceTraceMe));
  const Pid clone = Returns(child, Fork(kClonePtrace));
  EXPECT_EQ(kernel.Look(clone).tracer, kInit);
  EXPECT_EQ(kernel.Look(clone).parent, child);
  const Result stop = Reap();
  EXPECT_EQ(stop.value, clone);
  EXPECT_EQ(stop.status, 0x137f) << "a tracee made by CLONE_PTRACE starts with a SIGSTOP";
}

TEST_F(Waiting, ASigchldThatIsDiscardedTakesItsNewsAlong) {
  for (const int32_t disposition : {kSigIgn, kSigDfl}) {
    kernel.Reset({.mask = kAllSignals});
    kernel.Exit(Child(), 7);
    Do(kInit, SigAction(kSigChld, disposition));
    Do(kInit, SigAction(kSigChld, kSigHandler));
    kernel.SendFromAncestor(kInit, kSigChld);
    EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
    EXPECT_EQ(kernel.NewsOfInit().pid, 0);
  }
}

TEST_F(Waiting, NewsOfTheFirstStayWhileItsSigchldIsPending) {
  const Pid first = Child();
  const Pid second = Child();
  kernel.Exit(second, 7);
  kernel.Die(first, kSigTerm, false);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(kernel.NewsOfInit().pid, second);
  EXPECT_EQ(kernel.NewsOfInit().status, 7);
}

// The death of the last thread, once it is told of, leaves its leader to be told of.
TEST_F(Tracing, AWaitTellsOfAThreadAndTheNextOfItsLeaderBlockedOrNot) {
  for (const uint32_t flags : {0U, kWaitNoHang}) {
    kernel.Reset({.mask = kAllSignals});
    const Pid child = Child();
    const Pid thread = kernel.StartThread(child);
    Do(thread, Ptrace(kPtraceTraceMe));
    kernel.ExitThread(child, 0);
    if (flags == 0) EXPECT_EQ(Do(kInit, Wait4(-1, 0)).state, Result::State::kBlocked);
    kernel.SendFromAncestor(child, kSigKill);
    const Result first = flags == 0 ? kernel.Resume(kInit).result : Do(kInit, Wait4(-1, flags));
    EXPECT_EQ(first.value, thread);
    EXPECT_EQ(Reap().value, child);
    EXPECT_EQ(Reap().value, -ECHILD);
  }
}

TEST_F(Tracing, TheDataOfDetachIsIgnoredInAGroupStop) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  Do(child, Ptrace(kPtraceTraceMe));
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(Reap().status, 0x137f);
  Do(kInit, Ptrace(kPtraceContinue, child, kSigStop));
  EXPECT_EQ(Reap().status, 0x137f) << "the group-stop, told to the tracer";
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceDetach, child, kSigTerm)), 0);
  EXPECT_EQ(ActivityOf(child), Activity::kStopped) << "TERM was ignored, the stop remains";
}

TEST_F(Tracing, WhoIsInAStopForItsTracerStaysInThatOneAsItsProcessStops) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, thread)), 0);
  EXPECT_EQ(Returns(kInit, ThreadKill(child, thread, kSigUsr1)), 0);
  EXPECT_EQ(Reap().status, 0x0a7f);
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(ActivityOf(child), Activity::kStopped);
  EXPECT_EQ(kernel.Look(thread).trace_stop, 0x0a7f);
  EXPECT_EQ(Reap().value, 0) << "told of once";
}

TEST_F(Tracing, ASigcontInBetweenTakesItsEffectFromTheSignalOfAStop) {
  for (const bool continued : {false, true}) {
    kernel.Reset({.mask = kAllSignals});
    const Pid child = Child();
    Do(child, SigProcMask(kMaskSet, 0));
    Do(child, Ptrace(kPtraceTraceMe));
    kernel.SendFromAncestor(child, kSigStop);
    EXPECT_EQ(Reap().status, 0x137f);
    if (continued) kernel.SendFromAncestor(child, kSigCont);
    EXPECT_EQ(Returns(kInit, Ptrace(kPtraceDetach, child, kSigStop)), 0);
    EXPECT_EQ(ActivityOf(child), continued ? Activity::kRunning : Activity::kStopped);
  }
}

TEST_F(Tracing, ASignalThatIsPassedOnToAThreadHasItsHandlerRunThere) {
  const Pid child = Returns(kInit, Fork());
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kReturns);
  Do(child, SigAction(kSigUsr1, kSigHandler));
  Do(child, SigProcMask(kMaskSet, 0));
  const Pid thread = kernel.StartThread(child);
  for (const Pid one : {child, thread}) {
    EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, one)), 0);
    EXPECT_EQ(Returns(kInit, ThreadKill(child, one, kSigHup)), 0);
    EXPECT_EQ(Returns(kInit, Ptrace(kPtraceContinue, one, kSigUsr1)), 0);
    const Step step = kernel.Resume(one);
    EXPECT_EQ(step.kind, Step::Kind::kHandler) << one;
    EXPECT_EQ(step.signal, kSigUsr1);
  }
}

TEST_F(Tracing, WhoIsStoppedIsInAStopForItsTracerAtOnce) {
  for (const int32_t request : {kPtraceSeize, kPtraceAttach}) {
    kernel.Reset({.mask = kAllSignals});
    const Pid child = Child();
    const Pid tracer = Child();
    kernel.SendFromAncestor(child, kSigStop);
    ASSERT_EQ(ActivityOf(child), Activity::kStopped);
    EXPECT_EQ(Returns(tracer, Ptrace(request, child)), 0);
    EXPECT_EQ(ActivityOf(child), Activity::kTraced);
    EXPECT_EQ(Returns(tracer, Wait4(-1, kWaitNoHang)), child);
  }
}

TEST_F(Tracing, AStopThatWasNotToldPassesItsSignalOnWhenTheTracerEnds) {
  for (const bool told : {true, false}) {
    kernel.Reset({.mask = kAllSignals});
    const Pid child = Child();
    const Pid tracer = Child();
    Do(child, SigProcMask(kMaskSet, 0));
    Do(tracer, Ptrace(kPtraceSeize, child));
    kernel.SendFromAncestor(child, kSigTerm);
    if (told) EXPECT_EQ(Returns(tracer, Wait4(-1)), child);
    kernel.Exit(tracer, 0);
    EXPECT_EQ(ActivityOf(child), told ? Activity::kRunning : Activity::kZombie);
  }
}

TEST_F(Tracing, AnAttachDiscardsASigcontThatIsPending) {
  const Pid child = Child();
  kernel.SendFromKernel(child, kSigCont);
  EXPECT_EQ(kernel.Look(child).pending_process, SignalBit(kSigCont));
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceAttach, child)), 0);
  EXPECT_EQ(kernel.Look(child).pending_process, 0U);
}

TEST_F(Tracing, ASeizedThreadHearsOfASigcontThatItsProcessIgnores) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, thread)), 0);
  kernel.SendFromKernel(child, kSigCont);
  EXPECT_EQ(Reap().status, 0x80057f);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceContinue, thread)), 0);
  EXPECT_EQ(Reap().value, 0) << "of one SIGCONT once";
}

TEST_F(Tracing, ATracerHearsOfADeadLeaderWhoseThreadsLive) {
  const Pid child = Child();
  kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, child)), 0);
  kernel.ExitThread(child, 3);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, 0) << "there is nothing to be waited for";
}

TEST_F(Tracing, ATracerThatEndsLeavesADeadLeaderToItsThreads) {
  const Pid parent = Child();
  const Pid child = kernel.Fork(parent);
  const Pid thread = kernel.StartThread(child);
  const Pid tracer = Child();
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, child)), 0);
  kernel.ExitThread(child, 3);
  kernel.Exit(tracer, 0);
  EXPECT_EQ(kernel.Look(parent).pending_process, 0U) << "a thread of it lives";
  EXPECT_EQ(Returns(parent, Wait4(child, kWaitNoHang)), 0);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Look(parent).pending_process, SignalBit(kSigChld));
}

TEST_F(Tracing, AThreadOfAKilledProcessEndsWithItsStatus) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, thread)), 0);
  kernel.Exit(child, 3);
  const Result first = Reap();
  EXPECT_EQ(first.value, thread);
  EXPECT_EQ(first.status, 0x300);
  EXPECT_EQ(Reap().value, child);
}

TEST_F(Tracing, AChildThatItsParentTracesEndsWithItsOwnSignalAndIsKept) {
  const Pid parent = Child();
  const Pid child = Returns(parent, Fork(0, kSigUsr1));
  Do(parent, SigAction(kSigChld, kSigIgn));
  EXPECT_EQ(Returns(parent, Ptrace(kPtraceSeize, child)), 0);
  kernel.Exit(child, 3);
  EXPECT_EQ(kernel.Look(parent).pending_process, SignalBit(kSigUsr1));
  EXPECT_EQ(Returns(parent, Wait4(child, kWaitAll | kWaitNoHang)), child);
}

TEST_F(Tracing, ATracerThatIgnoresSigchldStillHasItsTracees) {
  const Pid tracer = Child();
  const Pid child = Child();
  Do(tracer, SigAction(kSigChld, kSigIgn));
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, child)), 0);
  kernel.Exit(child, 3);
  EXPECT_EQ(Reap().value, 0);
  EXPECT_EQ(Returns(tracer, Wait4(child, kWaitNoHang)), child);
  EXPECT_EQ(Reap().value, child);
}

TEST_F(Tracing, WhoAdoptsAZombieThatAnotherTracesIsToldOfItLater) {
  const Pid parent = Child();
  const Pid child = kernel.Fork(parent);
  const Pid tracer = Child();
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, child)), 0);
  kernel.Exit(child, 3);
  EXPECT_EQ(Returns(tracer, SigTimedWait(kAllSignals, 0)), kSigChld);
  kernel.Exit(parent, 0);
  EXPECT_EQ(Returns(tracer, SigTimedWait(kAllSignals, 0)), -EAGAIN) << "it knows of that";
  EXPECT_EQ(Reap().value, parent);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Returns(tracer, Wait4(child, kWaitNoHang)), child);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, child);
}

TEST_F(Tracing, AThreadThatDiesEndsTheWaitOfItsTracerThoughThatDropsSigchld) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  const Pid tracer = Child();
  Do(tracer, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, thread)), 0);
  Do(tracer, Wait4(thread));
  kernel.ExitThread(thread, 3);
  EXPECT_EQ(kernel.Resume(tracer).result.value, thread);
}

TEST_F(Tracing, AWaitForAGroupFindsThreadsOfItsProcesses) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, thread)), 0);
  kernel.ExitThread(thread, 3);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Returns(kInit, Wait4(-child, kWaitNoHang)), thread);
}

TEST_F(Tracing, AnAttachToOneThatIsStoppedFindsAStopThatTakesNoSignal) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceAttach, child)), 0);
  EXPECT_EQ(Reap().status, 0x137f);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceContinue, child, kSigTerm)), 0);
  EXPECT_EQ(Reap().status, 0x137f) << "TERM was ignored; the SIGSTOP of the attach";
}

TEST_F(Tracing, AWaitidHasTheEventOfASeizedOnesStop) {
  const Pid child = Child();
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, child)), 0);
  const Result told = Do(kInit, WaitId(kWaitForAny, 0, kWaitExited | kWaitNoHang));
  EXPECT_EQ(told.pid, child);
  EXPECT_EQ(told.status, 0x8013);
}

TEST_F(Tracing, AContinueIsToldOnceByWhicheverThread) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  const Pid tracer = Child();
  EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, thread)), 0);
  kernel.SendFromAncestor(child, kSigStop);
  kernel.SendFromAncestor(child, kSigCont);
  const Call wait = Wait4(thread, kWaitNoHang | kWaitContinued);
  EXPECT_EQ(Do(tracer, wait).status, 0x80137f);
  EXPECT_EQ(Do(tracer, wait).status, 0xffff);
  EXPECT_EQ(Returns(tracer, wait), 0);
}

TEST_F(Waiting, AWaitForStopsAloneKnowsOfADeadLeaderWithLiveThreads) {
  const Pid child = Child();
  kernel.StartThread(child);
  kernel.ExitThread(child, 0);
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForAny, 0, kWaitUntraced | kWaitNoHang)), 0);
}

TEST_F(Tracing, ASleepThatEndsDuringAStopIsOverAfterIt) {
  const Pid child = Child();
  Do(child, Sleep(kSecond));
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceAttach, child)), 0);
  kernel.AdvanceTo(2 * kSecond);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kStopped);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceContinue, child)), 0);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kReturns);
}

TEST_F(Tracing, AZombieOfATracerThatIgnoresItsChildrenEndsWithIt) {
  const Pid parent = Child();
  const Pid child = kernel.Fork(parent);
  Do(parent, SigAction(kSigChld, kSigIgn));
  EXPECT_EQ(Returns(parent, Ptrace(kPtraceSeize, child)), 0);
  kernel.Exit(child, 3);
  EXPECT_EQ(ActivityOf(child), Activity::kZombie);
  kernel.Exit(parent, 0);
  EXPECT_FALSE(kernel.Exists(child));
}

TEST_F(Tracing, ACloneOfASeizedOneBeginsWithAStopThatTakesNoSignal) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, child)), 0);
  const Pid plain = Returns(child, Fork());
  EXPECT_EQ(kernel.Look(plain).tracer, 0);
  const Pid clone = Returns(child, Fork(kClonePtrace));
  EXPECT_EQ(kernel.Look(clone).trace_stop, 0x80057f);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceContinue, clone, kSigTerm)), 0);
  EXPECT_EQ(ActivityOf(clone), Activity::kRunning);
}

TEST_F(Tracing, ASigcontToOneThreadIsToldToAll) {
  const Pid child = Child();
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, child)), 0);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, thread)), 0);
  EXPECT_EQ(Returns(kInit, ThreadKill(child, thread, kSigCont)), 0);
  for (const Pid one : {child, thread}) EXPECT_EQ(kernel.Look(one).trace_stop, 0x80057f) << one;
}

// 21c
TEST_F(Tracing, WhetherASignalEndsAllAtOnceIsAskedOfWhomItIsSentTo) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  Do(child, Ptrace(kPtraceTraceMe));
  kernel.StartThread(child);
  kernel.SendFromAncestor(child, kSigHup);
  EXPECT_EQ(Reap().status, 0x017f) << "its leader is traced, and takes it";
  kernel.Die(child, kSigKill, false);
  EXPECT_EQ(Reap().value, child);

  for (const int signal : {kSigHup, kSigQuit}) {
    const Pid other = Child();
    const Pid thread = kernel.StartThread(other);
    Do(thread, SigProcMask(kMaskSet, 0));
    Do(thread, Ptrace(kPtraceTraceMe));
    kernel.SendFromAncestor(other, signal);
    const Result first = Reap();
    EXPECT_EQ(first.value, thread);
    EXPECT_EQ(first.status, signal == kSigHup ? 0x0001 : 0x037f)
        << "its leader is not traced, and blocks it; what dumps core waits for who takes it";
    kernel.Die(other, kSigKill, false);
    while (Reap().value > 0) continue;
  }
}

TEST_F(Tracing, AnExecIsToldToTheThreadWhereItIsBlockedToo) {
  const Pid child = Child();
  Do(child, Ptrace(kPtraceTraceMe));
  Do(child, Exec());
  EXPECT_EQ(kernel.Look(child).pending_thread, SignalBit(kSigTrap));
  EXPECT_EQ(kernel.Look(child).pending_process, 0U);
}

TEST_F(Waiting, AWaitOfOneThreadIsForTheChildrenOfAll) {
  const Pid parent = Child();
  const Pid thread = kernel.StartThread(parent);
  const Pid child = kernel.Fork(thread);
  Do(thread, Wait4(-1));
  kernel.Exit(child, 3);
  EXPECT_EQ(kernel.Resume(thread).result.value, child);
  EXPECT_EQ(Returns(thread, Wait4(0, kWaitNoHang)), -ECHILD);
  kernel.Fork(parent);
  EXPECT_EQ(Returns(thread, Wait4(0, kWaitNoHang)), 0) << "of the group of its process";
}

TEST_F(Waiting, TheLastThreadTellsOfItsProcessByTheExitSignal) {
  const Pid parent = Child();
  const Pid child = Returns(parent, Fork(0, kSigUsr1));
  const Pid thread = kernel.StartThread(child);
  kernel.ExitThread(child, 0);
  EXPECT_EQ(kernel.Look(parent).pending_process, 0U);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Look(parent).pending_process, SignalBit(kSigUsr1));
}

// 22
TEST_F(Waiting, ChildrenComeBeforeTraceesAndNoHangNeverSleeps) {
  const Pid child = Child();
  const Pid grandchild = kernel.Fork(child);
  Do(grandchild, SigProcMask(kMaskSet, 0));
  const Pid late = Child();
  Do(kInit, Ptrace(kPtraceAttach, grandchild));
  kernel.Exit(late, 0);
  EXPECT_EQ(Reap().value, late);
  EXPECT_EQ(Reap().value, grandchild);
  Do(kInit, SigAction(kSigUsr1, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  kernel.SendFromAncestor(kInit, kSigUsr1);
  EXPECT_EQ(Reap().value, 0) << "not EINTR, handler due or not";
}

// --- Numbers and groups --------------------------------------------------------------------------

// 23
TEST_F(Numbers, AGroupDoesNotExistBeforeSetsid) {
  const Pid child = kernel.Fork(kInit);
  EXPECT_EQ(Returns(kInit, Kill(-child, kSigTerm)), -ESRCH);
  Do(child, SetSid());
  EXPECT_EQ(Returns(kInit, Kill(-child, kSigTerm)), 0);
}

// 24
TEST_F(Numbers, ALeadersNumberIsTakenWhileItsGroupHasAMember) {
  const Pid child = Child();
  const Pid member = kernel.Fork(child);
  kernel.Exit(child, 0);
  EXPECT_EQ(Reap().value, child);
  kernel.SetNextPid(child);
  EXPECT_NE(kernel.Fork(kInit), child);
  kernel.Exit(member, 0);
  kernel.SetNextPid(child);
  EXPECT_NE(kernel.Fork(kInit), child) << "a zombie is a member too";
  EXPECT_EQ(Reap().value, member);
  kernel.SetNextPid(child);
  const Pid stranger = kernel.Fork(kInit);
  EXPECT_EQ(stranger, child);
  Do(stranger, SetSid());
  Do(stranger, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(kInit, Kill(-child, kSigTerm)), 0);
  EXPECT_EQ(ActivityOf(stranger), Activity::kZombie) << "a late kill hits a stranger";
}

TEST_F(Numbers, NumbersWrapAroundPastTheReservedOnes) {
  kernel.SetNextPid(32767);
  EXPECT_EQ(kernel.Fork(kInit), 32767);
  EXPECT_EQ(kernel.Fork(kInit), 300);
}

// 25
TEST_F(Numbers, ANumberOfASessionAloneIsTakenToo) {
  const Pid child = Child();
  const Pid member = kernel.Fork(child);
  Do(member, SetPgid(0, 0));
  kernel.Exit(child, 0);
  EXPECT_EQ(Reap().value, child);
  kernel.SetNextPid(child);
  EXPECT_NE(kernel.Fork(kInit), child);
}

TEST_F(Numbers, TheReservedOnesEndWith299) {
  kernel.Reset({.pid_max = 301});
  kernel.SetNextPid(299);
  EXPECT_EQ(kernel.Fork(kInit), 299);
  EXPECT_EQ(kernel.Fork(kInit), 300);
  EXPECT_EQ(kernel.Fork(kInit), -EAGAIN);
}

TEST_F(Numbers, KillingAGroupOfZombiesSucceeds) {
  const Pid child = Child();
  kernel.Exit(child, 0);
  EXPECT_EQ(Returns(kInit, Kill(-child, kSigTerm)), 0);
  EXPECT_EQ(Reap().status, 0) << "and changes nothing";
  EXPECT_EQ(Returns(kInit, Kill(-child, kSigTerm)), -ESRCH);
}

// 26
TEST_F(Numbers, KillAllSkipsInitAndTheCaller) {
  EXPECT_EQ(Returns(kInit, Kill(-1, kSigTerm)), -ESRCH);
  const Pid child = Child();
  const Pid other = Child();
  const auto before = kernel;
  for (const bool by_elder : {true, false}) {
    kernel = before;
    EXPECT_EQ(Returns(by_elder ? child : other, Kill(-1, kSigKill)), 0);
    EXPECT_EQ(ActivityOf(by_elder ? child : other), Activity::kRunning);
    EXPECT_EQ(ActivityOf(by_elder ? other : child), Activity::kZombie);
    EXPECT_EQ(kernel.ending(), Ending::kNone);
  }
}

// 27
TEST_F(Numbers, TerminalStopsDoNothingInAnOrphanedGroup) {
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, 0));
  for (const int signal : {kSigTstp, kSigTtin, kSigTtou}) kernel.SendFromAncestor(child, signal);
  EXPECT_EQ(ActivityOf(child), Activity::kRunning);
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_EQ(ActivityOf(child), Activity::kStopped);
  kernel.SendFromAncestor(child, kSigCont);
  const Pid job = kernel.Fork(child);
  Do(job, SetPgid(0, 0));
  kernel.SendFromAncestor(job, kSigTstp);
  EXPECT_EQ(ActivityOf(job), Activity::kStopped) << "its parent is in the session: not orphaned";
}

// 28
TEST_F(Numbers, APidfdOutlivesTheProcess) {
  const Pid child = Child();
  const auto fd = static_cast<int16_t>(Returns(kInit, PidFdOpen(child)));
  ASSERT_GE(fd, 0);
  const uint64_t bit = uint64_t{1} << fd;
  EXPECT_EQ(Returns(kInit, Poll(bit, 0)), 0);
  ASSERT_EQ(Do(kInit, Poll(bit, kForever)).state, Result::State::kBlocked);
  kernel.Exit(child, 0);
  EXPECT_EQ(kernel.Resume(kInit).result.set, bit) << "readable on a zombie";
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigTerm)), 0);
  EXPECT_EQ(Reap().value, child);
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigTerm)), -ESRCH);
  kernel.SetNextPid(child);
  EXPECT_EQ(kernel.Fork(kInit), child);
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigTerm)), -ESRCH) << "not the new owner's";
  EXPECT_EQ(Returns(kInit, Poll(bit, 0)), 1);
}

// 28: kernel/exit.c, kernel_waitid_prepare
TEST_F(Numbers, AWaitByPidfdIsForThatProcessAlone) {
  const Pid child = Child();
  const Pid other = Child();
  const auto fd = static_cast<int16_t>(Returns(kInit, PidFdOpen(child)));
  const auto wait = [&](uint32_t flags) { return Do(kInit, WaitId(kWaitForPidFd, fd, flags)); };
  kernel.Exit(other, 3);
  EXPECT_EQ(wait(kWaitExited | kWaitNoHang).pid, 0);
  ASSERT_EQ(wait(kWaitExited).state, Result::State::kBlocked);
  kernel.Exit(child, 5);
  const Result found = kernel.Resume(kInit).result;
  EXPECT_EQ(found.pid, child);
  EXPECT_EQ(found.status, 5);
  EXPECT_EQ(wait(kWaitExited).value, -ECHILD) << "it is reaped";
  kernel.SetNextPid(child);
  EXPECT_EQ(kernel.Fork(kInit), child);
  EXPECT_EQ(wait(kWaitExited).value, -ECHILD) << "not the new owner of its number";
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForPidFd, 9, kWaitExited)), -EBADF);
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForPidFd, -1, kWaitExited)), -EINVAL);
  const int file = Returns(kInit, Open(Path::kOther));
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForPidFd, file, kWaitExited)), -EBADF) << "no pidfd";
}

// 28: likewise; since Linux 5.10
TEST_F(Numbers, AWaitByAPidfdThatDoesNotBlockSaysSo) {
  const Pid child = Child();
  const auto fd = static_cast<int16_t>(Returns(kInit, PidFdOpen(child)));
  EXPECT_EQ(Returns(kInit, SetNonBlock(fd, true)), 0);
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForPidFd, fd, kWaitExited)), -EAGAIN);
  EXPECT_EQ(Returns(kInit, WaitId(kWaitForPidFd, fd, kWaitExited | kWaitNoHang)), 0);
  kernel.Exit(child, 0);
  EXPECT_EQ(Do(kInit, WaitId(kWaitForPidFd, fd, kWaitExited)).pid, child);
}

// 28
TEST_F(Numbers, APidfdCanNameAThreadOrAGroup) {
  const Pid child = Child();
  const Pid member = kernel.Fork(child);
  const auto fd = static_cast<int16_t>(Returns(kInit, PidFdOpen(child)));
  const auto other = static_cast<int16_t>(Returns(kInit, PidFdOpen(member)));
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(other, 0, kPidFdGroup)), -ESRCH) << "leads none";
  Do(child, SigProcMask(kMaskSet, kAllSignals));
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigUsr1, kPidFdThread)), 0);
  EXPECT_EQ(kernel.Look(child).pending_thread, SignalBit(kSigUsr1));
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigUsr2, kPidFdProcess)), 0);
  EXPECT_EQ(kernel.Look(child).pending_process, SignalBit(kSigUsr2));
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, kSigStop, kPidFdGroup)), 0);
  EXPECT_EQ(ActivityOf(member), Activity::kStopped);
}

// 28: to a thread as tgkill does, else as kill
TEST_F(Numbers, WithoutRoomInTheQueueAPidfdIsRefusedByThreadsAlone) {
  kernel.Reset({.signal_queue_limit = 0, .mask = kAllSignals});
  const Pid child = Child();
  Do(child, SigProcMask(kMaskSet, kAllSignals));
  const auto fd = static_cast<int16_t>(Returns(kInit, PidFdOpen(child)));
  for (const uint32_t flags : {0U, kPidFdProcess, kPidFdGroup}) {
    EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, 40, flags)), 0) << flags;
  }
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(fd, 40, kPidFdThread)), -EAGAIN);
  const int file = Returns(kInit, Open(Path::kOther));
  EXPECT_EQ(Returns(kInit, PidFdSendSignal(static_cast<int16_t>(file), 40)), -EBADF) << "no pidfd";
}

// --- Restart and death ---------------------------------------------------------------------------

// 28
TEST_F(Numbers, AForkGivesThePidfdToTheParentAlone) {
  for (const uint32_t vfork : {0U, kCloneVfork}) {
    Result forked = Do(kInit, Fork(kClonePidFd | vfork));
    const Pid child = kernel.PidAt(kernel.size() - 1);
    EXPECT_EQ(kernel.Look(child).descriptors, 0U);
    EXPECT_EQ(kernel.Look(kInit).close_on_exec, 1U);
    kernel.Exit(child, 3);
    if (vfork != 0) forked = kernel.Resume(kInit).result;
    EXPECT_EQ(forked, (Result{.value = child, .status = 0}));
    const Result waited = Do(kInit, WaitId(kWaitForPidFd, forked.status, kWaitExited));
    EXPECT_EQ(waited.pid, child);
    EXPECT_EQ(waited.status, 3);
    EXPECT_EQ(Returns(kInit, Close(0)), 0);
  }
}

// 28
TEST_F(Numbers, AForkWithoutRoomForThePidfdFails) {
  while (Returns(kInit, PidFdOpen(kInit)) >= 0) {
  }
  EXPECT_EQ(Returns(kInit, Fork(kClonePidFd)), -ENFILE);
  EXPECT_EQ(kernel.size(), 1);
}

// 29
TEST_F(RestartInNamespace, RebootEndsInitByASignal) {
  struct Case {
    int32_t command;
    Ending ending;
    int status;
  };
  constexpr Case kCases[] = {{kRebootRestart, Ending::kRestart, kSigHup},
                             {kRebootRestart2, Ending::kRestart2, kSigHup},
                             {kRebootHalt, Ending::kHalt, kSigInt},
                             {kRebootPowerOff, Ending::kPowerOff, kSigInt}};
  EXPECT_EQ(Returns(kInit, Reboot(kRebootCadOn)), -EINVAL);
  EXPECT_EQ(Returns(kInit, Reboot(kRebootCadOff)), -EINVAL);
  EXPECT_EQ(Returns(kInit, Reboot(0x45584543)), -EINVAL) << "KEXEC";
  EXPECT_EQ(Returns(kInit, Reboot(kRebootRestart, false)), -EINVAL) << "wrong magic";
  kernel.SetFaults({.reboot_failures = 1, .reboot_error = EPERM});
  EXPECT_EQ(Returns(kInit, Reboot(kRebootRestart)), -EPERM);
  const auto before = kernel;
  for (const Case& c : kCases) {
    kernel = before;
    EXPECT_EQ(Do(kInit, Reboot(c.command)).state, Result::State::kGone);
    EXPECT_EQ(kernel.ending(), c.ending);
    EXPECT_EQ(kernel.ending_status(), c.status);
  }
}

// 30
TEST_F(Restart, RestartOfAMachineDoesNotReturn) {
  EXPECT_EQ(Do(kInit, Reboot(kRebootRestart)).state, Result::State::kGone);
  EXPECT_EQ(kernel.ending(), Ending::kRestart);
  EXPECT_EQ(Do(kInit, GetId(kIdProcess)).state, Result::State::kGone);
}

// 31
TEST_F(Restart, RebootNeverSyncs) {
  kernel.SetFaults({.sync_hangs = true});
  EXPECT_EQ(Do(kInit, Reboot(kRebootRestart)).state, Result::State::kGone);
  EXPECT_EQ(kernel.ending(), Ending::kRestart) << "a disk that hangs does not hold it";
}

TEST_F(Restart, ASyncThatHangsEndsWithTheFaultAndByNoSignal) {
  const Pid helper = Returns(kInit, Fork());
  EXPECT_EQ(kernel.Resume(helper).kind, Step::Kind::kReturns);
  kernel.SetFaults({.sync_hangs = true});
  EXPECT_EQ(Do(helper, Sync()).state, Result::State::kBlocked);
  Do(kInit, Pause());
  EXPECT_TRUE(kernel.AtRest()) << "a helper in a call that hangs cannot run";
  kernel.SetFaults({});
  EXPECT_FALSE(kernel.AtRest());
  EXPECT_EQ(kernel.Resume(helper).result.value, 0);
}

// 32: until CAD_OFF the keys restart without asking init: outside the model. What CAD_OFF would do is
// ask init by SIGINT.
TEST_F(Restart, CadOffIsACommandThatReturns) {
  EXPECT_EQ(Returns(kInit, Reboot(kRebootCadOff)), 0);
  EXPECT_EQ(kernel.ending(), Ending::kNone);
  kernel.SendFromKernel(kInit, kSigInt);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigInt});
}

// 33
TEST_F(Restart, ExitOfInitIsTheEnd) {
  const Pid child = Child();
  EXPECT_EQ(Do(kInit, Exit(1)).state, Result::State::kGone);
  EXPECT_EQ(kernel.ending(), Ending::kInitDied);
  EXPECT_EQ(kernel.ending_status(), 0x0100);
  EXPECT_EQ(Do(child, GetId(kIdProcess)).state, Result::State::kGone) << "for all";
}

TEST_F(Restart, AFaultOfInitIsTheEndToo) {
  EXPECT_EQ(kernel.Fault(kInit, kSigSegv), 0);
  EXPECT_EQ(kernel.ending(), Ending::kInitDied);
  EXPECT_EQ(kernel.ending_status(), kSigSegv);
}

// 34
TEST_F(Restart, AdoptionGoesToTheNearestSubreaperElseInit) {
  const Pid reaper = Child();
  const Pid middle = kernel.Fork(reaper);
  const Pid father = kernel.Fork(middle);
  const Pid child = kernel.Fork(father);
  const Pid later = kernel.Fork(father);
  Do(reaper, Subreaper(true));
  const Pid thread = kernel.StartThread(father);
  kernel.ExitThread(father, 0);
  EXPECT_EQ(kernel.Look(child).parent, father) << "while a thread lives";
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Look(child).parent, reaper);
  kernel.Exit(reaper, 0);
  EXPECT_EQ(kernel.Look(child).parent, kInit);
  EXPECT_EQ(kernel.Look(later).parent, kInit);
}

TEST_F(Restart, ASubreaperAdoptsAsLongAsAThreadOfItLives) {
  const Pid reaper = Child();
  const Pid thread = kernel.StartThread(reaper);
  const Pid father = kernel.Fork(reaper);
  const Pid child = kernel.Fork(father);
  Do(reaper, Subreaper(true));
  kernel.ExitThread(reaper, 0);
  kernel.Exit(father, 0);
  EXPECT_EQ(kernel.Look(child).parent, reaper);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Look(child).parent, kInit);
}

// 35
TEST_F(Restart, AZombieHandedOverRaisesSigchldAgain) {
  const Pid child = Child();
  const Pid grandchild = kernel.Fork(child);
  kernel.Exit(grandchild, 3);
  EXPECT_TRUE(TakenByInit().empty());
  kernel.Exit(child, 0);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
  EXPECT_EQ(Reap().value, child);
  EXPECT_EQ(Reap().status, 0x0300);
}

TEST_F(Restart, AMachinesInitKeepsNoGroupFromBeingOrphanedANamespacesDoes) {
  for (const bool is_namespace : {false, true}) {
    kernel.Reset({.pid_namespace = is_namespace, .mask = kAllSignals});
    const Pid child = kernel.Fork(kInit);  // in init's session
    Do(child, SetPgid(0, 0));
    Do(child, SigProcMask(kMaskSet, 0));
    kernel.SendFromAncestor(child, kSigTstp);
    EXPECT_EQ(ActivityOf(child), is_namespace ? Activity::kStopped : Activity::kRunning);
  }
}

TEST_F(Restart, AGroupThatBecomesOrphanedWithAStoppedMemberIsHungUp) {
  const Pid child = Child();
  const Pid job = kernel.Fork(child);
  Do(job, SetPgid(0, 0));
  Do(job, SigProcMask(kMaskSet, SignalBit(kSigHup)));
  kernel.SendFromAncestor(job, kSigStop);
  kernel.Exit(child, 0);
  EXPECT_EQ(kernel.Look(job).pending_process, SignalBit(kSigHup));
  EXPECT_EQ(ActivityOf(job), Activity::kRunning) << "continued";
}

// 35
TEST_F(Restart, WhoIsHungUpDiesAfterTheOneForWhomThatIsWasToldOf) {
  for (const bool has_thread : {false, true}) {
    kernel.Reset({.mask = kAllSignals});
    const Pid child = Child();
    const Pid job = kernel.Fork(child);
    const Pid thread = has_thread ? kernel.StartThread(child) : child;
    Do(job, SetPgid(0, 0));
    Do(job, SigProcMask(kMaskSet, 0));
    kernel.SendFromAncestor(job, kSigStop);
    if (has_thread) kernel.ExitThread(child, 0);
    kernel.ExitThread(thread, 0);
    ASSERT_EQ(kernel.Look(job).status, kSigHup);
    EXPECT_EQ(TakenByInit(), std::vector<int>{kSigChld});
    EXPECT_EQ(kernel.NewsOfInit().pid, child);
  }
}

TEST_F(Restart, AGroupThatWasOrphanedBeforeIsNotHungUp) {
  const Pid child = Child();
  const Pid job = kernel.Fork(child);
  kernel.SendFromAncestor(job, kSigStop);
  kernel.Exit(child, 0);
  EXPECT_EQ(kernel.Look(job).pending_process, 0U);
  EXPECT_EQ(ActivityOf(job), Activity::kStopped);
}

// 36
TEST_F(Restart, TheConsoleNeverBecomesControllingATerminalDoes) {
  const Pid child = Child();
  EXPECT_GE(Returns(child, Open(Path::kConsole)), 0);
  EXPECT_FALSE(kernel.Look(child).has_terminal);
  EXPECT_GE(Returns(child, Open(Path::kTerminal, kOpenNoTerminal)), 0);
  EXPECT_FALSE(kernel.Look(child).has_terminal);
  EXPECT_GE(Returns(child, Open(Path::kTerminal)), 0);
  EXPECT_TRUE(kernel.Look(child).has_terminal);
  const Pid job = kernel.Fork(child);
  EXPECT_TRUE(kernel.Look(job).has_terminal);
  Do(job, SigProcMask(kMaskSet, 0));
  kernel.Exit(child, 0);
  EXPECT_EQ(ActivityOf(job), Activity::kZombie) << "SIGHUP to the foreground group";
  EXPECT_EQ(kernel.Look(job).status, kSigHup);
}

// 36a
TEST_F(Restart, TheForegroundGroupIsToldToTheSessionOfTheTerminalAlone) {
  const Pid child = Child();
  const auto fd = static_cast<int16_t>(Returns(child, Open(Path::kTerminal, kOpenNoTerminal)));
  EXPECT_EQ(Returns(child, Terminal(kTerminalForeground, fd)), -ENOTTY);
  EXPECT_EQ(Returns(child, Terminal(kTerminalAcquire, fd)), 0);
  EXPECT_EQ(Do(child, Terminal(kTerminalForeground, fd)).pid, child);
  const Pid job = kernel.Fork(child);
  EXPECT_EQ(Returns(job, SetPgid(0, 0)), 0);
  EXPECT_EQ(Returns(child, Terminal(kTerminalSetForeground, fd, job)), 0);
  EXPECT_EQ(Do(child, Terminal(kTerminalForeground, fd)).pid, job);
  EXPECT_EQ(Do(child, Terminal(kTerminalSession, fd)).pid, child);
  kernel.Exit(job, 0);
  Do(child, Wait4(job));
  EXPECT_EQ(Do(child, Terminal(kTerminalForeground, fd)).pid, job) << "though it is no more";
  const auto file = static_cast<int16_t>(Returns(child, Open(Path::kNull)));
  EXPECT_EQ(Returns(child, Terminal(kTerminalForeground, file)), -ENOTTY);
}

// --- Timers --------------------------------------------------------------------------------------

// 37
TEST_F(Timers, AnAlarmThatRepeatsGoesOnOnItsGridOnceItsSignalIsTaken) {
  Do(kInit, Alarm(3 * kSecond, 2 * kSecond));
  EXPECT_EQ(kernel.AlarmOf(kInit), (TimerView{3 * kSecond, 2 * kSecond}));
  kernel.AdvanceTo(3 * kSecond);
  EXPECT_EQ(PendingOfInit(), SignalBit(kSigAlrm));
  EXPECT_EQ(kernel.AlarmOf(kInit), (TimerView{0, 2 * kSecond}));
  EXPECT_EQ(kernel.NextTimer(), kForever) << "nothing happens until it is taken";
  kernel.AdvanceTo(8 * kSecond);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigAlrm});
  EXPECT_EQ(kernel.NextTimer(), 9 * kSecond);
  kernel.AdvanceTo(9 * kSecond);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigAlrm});
  EXPECT_EQ(kernel.NextTimer(), 11 * kSecond);
  EXPECT_EQ(Do(kInit, Alarm(0, kSecond)).set, 2 * kSecond);
  EXPECT_EQ(kernel.AlarmOf(kInit), TimerView{}) << "one that is disarmed forgets its interval";
}

// 37
TEST_F(Timers, AWaitForTheSignalOfAnAlarmTakesIt) {
  Do(kInit, Alarm(kSecond, kSecond));
  for (uint64_t i = 1; i < 4; ++i) {
    Do(kInit, SigTimedWait(SignalBit(kSigAlrm)));
    kernel.AdvanceTo(kernel.NextTimer());
    EXPECT_EQ(kernel.Resume(kInit).result.signal, kSigAlrm);
    EXPECT_EQ(kernel.NextTimer(), (i + 1) * kSecond);
  }
}

// 37
TEST_F(Timers, AnAlarmWhoseSignalIsNotTakenIsOutUntilAnotherIs) {
  Do(kInit, SigProcMask(kMaskSet, 0));
  Do(kInit, SigAction(kSigAlrm, kSigIgn));
  Do(kInit, Alarm(kSecond, 2 * kSecond));
  kernel.AdvanceTo(4 * kSecond);
  EXPECT_EQ(kernel.AlarmOf(kInit), (TimerView{0, 2 * kSecond}));
  EXPECT_EQ(kernel.NextTimer(), kForever);
  Do(kInit, SigProcMask(kMaskSet, kAllSignals));
  Do(kInit, ThreadKill(kInit, kInit, kSigAlrm));
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigAlrm});
  EXPECT_EQ(kernel.NextTimer(), kForever) << "a thread's own is not the one";
  kernel.SendFromAncestor(kInit, kSigAlrm);
  EXPECT_EQ(TakenByInit(), std::vector<int>{kSigAlrm});
  EXPECT_EQ(kernel.NextTimer(), 5 * kSecond);
}

// 37: to the child of a fork it is not passed on, through an exec it goes on.
TEST_F(Timers, AnAlarmThatRepeatsIsNotInherited) {
  Do(kInit, Alarm(kSecond, kSecond));
  const Pid child = Do(kInit, Fork()).value;
  EXPECT_EQ(kernel.AlarmOf(child), TimerView{});
  kernel.Resume(child);
  Do(child, Alarm(kSecond, kSecond));
  Do(child, Exec());
  EXPECT_EQ(kernel.AlarmOf(child).every_ns, kSecond);
}

// 38
TEST_F(Timers, ATimerfdThatRepeatsCountsWhatWasNotRead) {
  const auto fd = static_cast<int16_t>(Returns(kInit, TimerFdCreate(kOpenNonBlock)));
  Do(kInit, TimerFdSet(fd, 3 * kSecond, 2 * kSecond));
  kernel.AdvanceTo(3 * kSecond);
  EXPECT_EQ(kernel.NextTimer(), kForever) << "it is ready: nothing more happens until it is read";
  EXPECT_EQ(kernel.TimerOf(kInit, fd), (TimerView{2 * kSecond, 2 * kSecond}));
  kernel.AdvanceTo(8 * kSecond);
  EXPECT_EQ(kernel.TimerOf(kInit, fd), (TimerView{kSecond, 2 * kSecond}));
  EXPECT_EQ(Do(kInit, Read(fd)).set, 3U);
  EXPECT_EQ(Returns(kInit, Read(fd)), -EAGAIN);
  EXPECT_EQ(kernel.NextTimer(), 9 * kSecond);
  kernel.AdvanceTo(9 * kSecond);
  const Result old = Do(kInit, TimerFdSet(fd, 0, 7));
  EXPECT_EQ(old.set, 2 * kSecond);
  EXPECT_EQ(old.time_ns, 2 * kSecond);
  EXPECT_EQ(Returns(kInit, Read(fd)), -EAGAIN) << "what was not read is forgotten";
  EXPECT_EQ(kernel.TimerOf(kInit, fd), (TimerView{0, 7})) << "one that is disarmed keeps it";
}

// 38
TEST_F(Timers, ATimerfdThatBeganInThePastHasExpiredSinceThen) {
  kernel.AdvanceTo(10 * kSecond + 1);
  const auto fd = static_cast<int16_t>(Returns(kInit, TimerFdCreate()));
  Do(kInit, TimerFdSet(fd, kSecond, kSecond, kTimerAbsolute));
  EXPECT_EQ(Do(kInit, Read(fd)).set, 10U);
  EXPECT_EQ(kernel.NextTimer(), 11 * kSecond);
  Do(kInit, TimerFdSet(fd, kSecond, 0, kTimerAbsolute));
  EXPECT_EQ(Do(kInit, Read(fd)).set, 1U);
  EXPECT_EQ(kernel.NextTimer(), kForever);
}

// What comes is the same, and that is what a fingerprint is of.
TEST_F(Timers, AFingerprintIsOfHowFarOffTheyAreAndOfWhatIsToBeRead) {
  const auto fd = static_cast<int16_t>(Returns(kInit, TimerFdCreate()));
  Do(kInit, TimerFdSet(fd, kSecond));
  Do(kInit, Alarm(kSecond, 2 * kSecond));
  kernel.AdvanceTo(2 * kSecond);
  const uint64_t fingerprint = kernel.Fingerprint();
  kernel.AdvanceTo(4 * kSecond);
  EXPECT_EQ(kernel.Fingerprint(), fingerprint);
  kernel.AdvanceTo(4 * kSecond + 1);
  EXPECT_NE(kernel.Fingerprint(), fingerprint) << "nearer to the next";
  Do(kInit, TimerFdSet(fd, kSecond, 2 * kSecond));
  kernel.AdvanceTo(6 * kSecond);
  const uint64_t read_once = kernel.Fingerprint();
  kernel.AdvanceTo(8 * kSecond);
  EXPECT_NE(kernel.Fingerprint(), read_once) << "it has expired twice";
}

// A long time with quick timers takes no longer than a short one, if nobody hears of them.
TEST_F(Timers, TimersThatNobodyHearsOfCostNothing) {
  constexpr uint64_t kYear = kSecond * 365 * 86400;
  const auto fd = static_cast<int16_t>(Returns(kInit, TimerFdCreate()));
  Do(kInit, TimerFdSet(fd, 1, 1));
  Do(kInit, Alarm(1, 1));
  const Pid puppet = kernel.Fork(kInit);
  Do(puppet, SigProcMask(kMaskSet, 0));
  Do(puppet, SigAction(kSigAlrm, kSigHandler));
  Do(puppet, Alarm(1, 1));
  Do(kInit, Pause());
  kernel.AdvanceTo(kYear);
  EXPECT_EQ(kernel.NextTimer(), kForever);
  EXPECT_EQ(kernel.TimerOf(kInit, fd), (TimerView{1, 1}));
}

// --- Eventfds, epolls by edges, sockets ----------------------------------------------------------

// 39
TEST_F(Events, AReadOfAnEventfdTakesItsCountOrOne) {
  const int16_t fd = Opened(EventFd(0, kOpenNonBlock));
  EXPECT_TRUE(kernel.IsEventFd(kInit, fd));
  EXPECT_EQ(Returns(kInit, ReadPipe(fd, 8)), -EAGAIN);
  for (const uint64_t number : {3U, 4U}) EXPECT_EQ(Returns(kInit, WriteEventFd(fd, number)), 8);
  EXPECT_EQ(Do(kInit, Poll(FdBit(fd), 0)).set, FdBit(fd));
  EXPECT_EQ(Returns(kInit, ReadPipe(fd, 7)), -EINVAL);
  const Result read = Do(kInit, ReadPipe(fd, 100));
  EXPECT_EQ(read.value, 8);
  EXPECT_EQ(read.set, 7U);
  EXPECT_EQ(Do(kInit, Poll(FdBit(fd), 0)).set, 0U);
  const int16_t semaphore = Opened(EventFd(2, kOpenNonBlock | kEventFdSemaphore));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Do(kInit, ReadPipe(semaphore, 8)).set, 1U);
  EXPECT_EQ(Returns(kInit, ReadPipe(semaphore, 8)), -EAGAIN);
}

// 39
TEST_F(Events, AnEventfdTakesEightBytesAndNoMoreThanItCounts) {
  const int16_t fd = Opened(EventFd(0, kOpenNonBlock));
  for (const int bytes : {0, 7, 16}) EXPECT_EQ(Returns(kInit, Write(fd, bytes)), -EINVAL);
  EXPECT_EQ(Returns(kInit, WriteEventFd(fd, UINT64_MAX)), -EINVAL);
  EXPECT_EQ(Returns(kInit, WriteEventFd(fd, UINT64_MAX - 1)), 8);
  EXPECT_EQ(Returns(kInit, WriteEventFd(fd, 1)), -EAGAIN);
  EXPECT_EQ(Returns(kInit, WriteEventFd(fd, 0)), 8);
}

// 39
TEST_F(Events, WhoReadsAnEventfdWaitsForACountAndWhoWritesForRoom) {
  const int16_t fd = Opened(EventFd(0));
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  ASSERT_EQ(Do(kInit, ReadPipe(fd, 8)).state, Result::State::kBlocked);
  Do(child, WriteEventFd(fd, UINT64_MAX - 1));
  EXPECT_EQ(kernel.Resume(kInit).result.set, UINT64_MAX - 1);
  Do(kInit, WriteEventFd(fd, UINT64_MAX - 1));
  ASSERT_EQ(Do(child, WriteEventFd(fd, 2)).state, Result::State::kBlocked);
  EXPECT_EQ(Do(kInit, ReadPipe(fd, 8)).set, UINT64_MAX - 1);
  EXPECT_EQ(kernel.Resume(child).result.value, 8);
  EXPECT_EQ(Do(kInit, ReadPipe(fd, 8)).set, 2U);
}

// 39: what a fork of init's has yet to write keeps init from being at rest, as with a pipe.
TEST_F(Events, AWaitForAnEventfdOrASocketOfOnesOwnThatIsKeptIsNoRest) {
  const int16_t event = Opened(EventFd(0));
  const int16_t socket = Opened(SocketPair());
  const Pid child = Returns(kInit, Fork());
  kernel.Keep(child, true);
  ASSERT_EQ(Do(kInit, Poll(FdBit(event) | FdBit(socket), kForever)).state, Result::State::kBlocked);
  EXPECT_FALSE(kernel.AtRest());
  kernel.Keep(child, false);
  kernel.Resume(child);
  Do(child, CloseRange(0, kDescriptors));
  Do(child, Pause());
  EXPECT_TRUE(kernel.AtRest());
}

// 40
TEST_F(Events, ByEdgesASignalfdIsToldOfOncePerSignalThatBecomesPending) {
  const int16_t fd = Opened(SignalFd(SignalBit(kSigTerm) | SignalBit(kSigUsr1)));
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, fd, kByEdges));
  const auto after = [&](int signal) {
    kernel.SendFromAncestor(kInit, signal);
    return std::pair(Told(epoll), Told(epoll));
  };
  const std::pair<uint64_t, uint64_t> once(FdBit(fd), 0);
  const std::pair<uint64_t, uint64_t> never(0, 0);
  EXPECT_EQ(after(kSigHup), never) << "not in its set";
  EXPECT_EQ(after(kSigTerm), once);
  EXPECT_EQ(after(kSigUsr1), once);
  EXPECT_EQ(after(kSigTerm), never) << "it is pending already";
  EXPECT_EQ(after(kSigUsr2), once) << "not in its set, and wakes all the same";
  Do(kInit, Read(fd));
  EXPECT_EQ(Told(epoll), 0U) << "there is another, and nothing new";
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd, kEpollModify | kEpollEdge)), 0);
  EXPECT_EQ(Told(epoll), FdBit(fd)) << "as it is modified it is asked";
  EXPECT_EQ(Told(epoll), 0U);
}

// 40
TEST_F(Events, AnEdgeEndsAWaitThatBeganWithoutOne) {
  const int16_t fd = Opened(SignalFd(SignalBit(kSigTerm) | SignalBit(kSigUsr1)));
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, fd, kByEdges));
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(Told(epoll), FdBit(fd));
  ASSERT_EQ(Do(kInit, EpollWait(epoll, kForever)).state, Result::State::kBlocked);
  EXPECT_TRUE(kernel.AtRest()) << "with a signal that it has not read";
  kernel.SendFromAncestor(kInit, kSigUsr1);
  EXPECT_EQ(kernel.Resume(kInit).result.set, FdBit(fd));
}

// 40
TEST_F(Events, ByEdgesEachWriteIsToldOfAndTheEnd) {
  for (const Call& open : {Pipe(), SocketPair()}) {
    const Result ends = Do(kInit, open);
    const auto writer = static_cast<int16_t>(ends.status);
    const int16_t epoll = Opened(EpollCreate());
    Do(kInit, Write(writer, 1));
    Do(kInit, EpollAdd(epoll, ends.value, kByEdges));
    EXPECT_EQ(Told(epoll), FdBit(ends.value)) << "it was ready as it was added";
    EXPECT_EQ(Told(epoll), 0U);
    Do(kInit, Write(writer, 1));
    EXPECT_EQ(Told(epoll), FdBit(ends.value));
    Do(kInit, Write(writer, 1));
    Do(kInit, ReadPipe(static_cast<int16_t>(ends.value), 3));
    EXPECT_EQ(Told(epoll), 0U) << "nothing is there";
    Do(kInit, Close(writer));
    EXPECT_EQ(Told(epoll), FdBit(ends.value));
    EXPECT_EQ(Told(epoll), 0U);
  }
  const int16_t event = Opened(EventFd(0));
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, event, kByEdges));
  for (const uint64_t number : {1U, 1U}) {
    Do(kInit, WriteEventFd(event, number));
    EXPECT_EQ(Told(epoll), FdBit(event));
    EXPECT_EQ(Told(epoll), 0U);
  }
}

// 40
TEST_F(Events, ByEdgesATimerIsToldOfOnceUntilItIsReadAndADeathOnce) {
  const int16_t timer = Opened(TimerFdCreate());
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, timer, kByEdges));
  Do(kInit, TimerFdSet(timer, kSecond, kSecond));
  kernel.AdvanceTo(kSecond + 1);
  EXPECT_EQ(Told(epoll), FdBit(timer));
  kernel.AdvanceTo(3 * kSecond);
  EXPECT_EQ(Told(epoll), 0U);
  EXPECT_EQ(Do(kInit, Read(timer)).set, 3U);
  kernel.AdvanceTo(4 * kSecond);
  EXPECT_EQ(Told(epoll), FdBit(timer));
  Do(kInit, TimerFdSet(timer, 1, 0, kTimerAbsolute));
  EXPECT_EQ(Told(epoll), FdBit(timer)) << "in the past";
  const Pid child = kernel.Fork(kInit);
  const int16_t pidfd = Opened(PidFdOpen(child));
  Do(kInit, EpollAdd(epoll, pidfd, kByEdges));
  EXPECT_EQ(Told(epoll), 0U);
  ASSERT_EQ(Do(kInit, EpollWait(epoll, kForever)).state, Result::State::kBlocked);
  kernel.Exit(child, 0);
  EXPECT_EQ(kernel.Resume(kInit).result.set, FdBit(pidfd));
  EXPECT_EQ(Told(epoll), 0U);
  kernel.Exit(kernel.Fork(kInit), 0);
  EXPECT_EQ(Told(epoll), 0U) << "another's";
}

// 40
TEST_F(Events, AnEdgeEndsAPollOfTheEpollToo) {
  const int16_t fd = Opened(SignalFd(SignalBit(kSigTerm)));
  const int16_t epoll = Opened(EpollCreate());
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, EpollAdd(epoll, fd, kByEdges));
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(Told(epoll), FdBit(fd));
  ASSERT_EQ(Do(kInit, Poll(FdBit(epoll), kForever)).state, Result::State::kBlocked);
  kernel.SendFromAncestor(child, kSigHup);
  EXPECT_EQ(kernel.Resume(kInit).result.set, FdBit(epoll));
}

// 40: a signalfd hangs on the signals of who added it, and is read by who waits.
TEST_F(Events, TheEdgesOfASignalfdAreOfTheProcessThatAddedIt) {
  const int16_t fd = Opened(SignalFd(SignalBit(kSigTerm)));
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, fd, kByEdges));
  Told(epoll);
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, EpollAdd(epoll, fd, kEpollModify | kEpollEdge));  // that adds nothing
  ASSERT_EQ(Do(child, EpollWait(epoll, kForever)).state, Result::State::kBlocked);
  kernel.SendFromAncestor(child, kSigTerm);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kBlocked);
  kernel.SendFromAncestor(kInit, kSigHup);
  EXPECT_EQ(kernel.Resume(child).result.set, FdBit(fd));
  EXPECT_EQ(Told(epoll), 0U);
  kernel.SendToThreadFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(Told(epoll), FdBit(fd)) << "one to the thread is an edge too";
}

// 40: the edges of an epoll within, and more than there is room for, nobody covers.
TEST_F(Events, AnEpollWithinOneByEdgesIsRefused) {
  const int16_t outer = Opened(EpollCreate());
  const int16_t inner = Opened(EpollCreate());
  EXPECT_EQ(Returns(kInit, EpollAdd(outer, inner, kByEdges)), -ENOSYS);
  EXPECT_EQ(Returns(kInit, EpollAdd(outer, inner)), 0);
  const int16_t fd = Opened(EventFd(1));
  Do(kInit, EpollAdd(inner, fd, kByEdges));
  EXPECT_EQ(Told(outer), FdBit(inner));
  EXPECT_EQ(Told(inner), FdBit(fd));
  EXPECT_EQ(Told(outer), 0U);
  int errors = 0;
  for (int i = 0; i < 30; ++i) {
    const int again = Returns(kInit, Dup(fd));
    if (Returns(kInit, EpollAdd(inner, again, kByEdges)) == -ENOSYS) ++errors;
  }
  EXPECT_EQ(errors, 7) << "of 31 there is room for 24";
}

// 41
TEST_F(Events, OneThatIsToldOfOnceIsSoAgainWhenItIsModified) {
  const int16_t fd = Opened(EventFd(1));
  const int16_t epoll = Opened(EpollCreate());
  Do(kInit, EpollAdd(epoll, fd, kEpollAdd | kEpollOnce));
  EXPECT_EQ(Told(epoll), FdBit(fd));
  Do(kInit, WriteEventFd(fd, 1));
  EXPECT_EQ(Told(epoll), 0U);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd, kEpollModify | kEpollOnce)), 0);
  EXPECT_EQ(Told(epoll), FdBit(fd));
  Do(kInit, EpollAdd(epoll, fd, kEpollModify | kEpollNever));
  EXPECT_EQ(Told(epoll), 0U);
  Do(kInit, EpollAdd(epoll, fd, kEpollModify));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Told(epoll), FdBit(fd)) << "by levels";
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd, 0)), 0);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd, kEpollModify)), -ENOENT);
}

// 41
TEST_F(Events, AWaitTellsOfNoMoreThanItHasRoomForLowestFirst) {
  for (const uint32_t flags : {kEpollAdd, kEpollAdd | kEpollOnce}) {
    const int16_t epoll = Opened(EpollCreate());
    const int16_t low = Opened(EventFd(1));
    const int16_t high = Opened(EventFd(1));
    for (const int16_t fd : {high, low}) Do(kInit, EpollAdd(epoll, fd, flags));
    EXPECT_EQ(Told(epoll, 1), FdBit(low));
    EXPECT_EQ(Told(epoll, 1), FdBit(flags == kEpollAdd ? low : high));
  }
}

// 41
TEST_F(Events, WhatAWaitHasNoRoomForIsToldOfByTheNext) {
  const int16_t epoll = Opened(EpollCreate());
  uint64_t all = 0;
  for (int i = 0; i < 3; ++i) {
    const int16_t fd = Opened(EventFd(1));
    Do(kInit, EpollAdd(epoll, fd, kByEdges));
    all |= FdBit(fd);
  }
  const uint64_t first = Told(epoll, 2);
  EXPECT_EQ(first | Told(epoll, 2), all);
  EXPECT_EQ(Told(epoll), 0U);
}

// 42
TEST_F(Events, AnEpollForgetsWhatNobodyHasOpenAnyMore) {
  for (const uint32_t flags : {kEpollAdd, kByEdges}) {
    const int16_t epoll = Opened(EpollCreate());
    const int16_t fd = Opened(EventFd(1));
    Do(kInit, EpollAdd(epoll, fd, flags));
    Do(kInit, Close(fd));
    ASSERT_EQ(Opened(EventFd(1)), fd);
    EXPECT_EQ(Told(epoll), 0U);
    EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd, flags)), 0);
    EXPECT_EQ(Told(epoll), FdBit(fd));
    Do(kInit, Close(epoll));
    Do(kInit, Close(fd));
  }
}

// 42: a number that was another's is closed by who has added that one.
TEST_F(Events, AnEpollForgetsNothingThatOthersHaveOpen) {
  const int16_t epoll = Opened(EpollCreate());
  const int16_t levels = Opened(EpollCreate());
  const int16_t fd = Opened(EventFd(1));
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(kInit, EpollAdd(levels, fd));
  Do(child, EpollAdd(epoll, fd, kByEdges));
  Do(child, Close(fd));
  ASSERT_EQ(Returns(child, EventFd(0)), fd);
  Do(child, Close(fd));
  for (const int16_t one : {epoll, levels}) EXPECT_EQ(Told(one), FdBit(fd));
  EXPECT_EQ(kernel.WhatIsBroken(), nullptr);
}

// 43
TEST_F(Events, APairOfSocketsIsAPipeBothWays) {
  const Result pair = Do(kInit, SocketPair(kOpenNonBlock));
  const auto one = static_cast<int16_t>(pair.value);
  const auto other = static_cast<int16_t>(pair.status);
  EXPECT_EQ(Returns(kInit, Write(one, 3)), 3);
  EXPECT_EQ(Returns(kInit, ReadPipe(one, 5)), -EAGAIN);
  EXPECT_EQ(Returns(kInit, ReadPipe(other, 5)), 3);
  EXPECT_EQ(Returns(kInit, Write(other, 2)), 2);
  Do(kInit, Close(other));
  EXPECT_TRUE(kernel.IsCut(kInit, one));
  EXPECT_EQ(Returns(kInit, ReadPipe(one, 5)), 2);
  EXPECT_EQ(Returns(kInit, ReadPipe(one, 5)), 0);
  Call quietly = Write(one, 1);
  quietly.flags = kWriteNoSignal;
  EXPECT_EQ(Returns(kInit, quietly), -EPIPE);
  EXPECT_EQ(kernel.Look(kInit).pending_thread, 0U);
  EXPECT_EQ(Returns(kInit, Write(one, 0)), -EPIPE);
  EXPECT_EQ(kernel.Look(kInit).pending_thread, SignalBit(kSigPipe));
}

}  // namespace
}  // namespace minit::kernel
