// What the facts leave open: owed signals, births and execs, rest, faults, time and descriptors.

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <span>
#include <string>

#include "harness/kernel/kernel.h"
#include "harness/kernel/system_calls.h"

namespace minit::kernel {
namespace {

using namespace calls;  // NOLINT: the vocabulary of every line below

constexpr uint64_t kSecond = 1'000'000'000;

class KernelTest : public testing::Test {
 protected:
  KernelTest() : kernel({.mask = kAllSignals}) {}
  ~KernelTest() override { EXPECT_EQ(kernel.WhatIsBroken(), nullptr) << kernel.WhatIsBroken(); }

  Result Do(Pid who, const Call& call) { return kernel.Issue(who, call); }
  int Returns(Pid who, const Call& call) { return Do(who, call).value; }
  bool Blocks(Pid who, const Call& call) { return Do(who, call).state == Result::State::kBlocked; }
  int16_t Opened(const Call& call) { return static_cast<int16_t>(Returns(kInit, call)); }

  ExplorerKernel kernel;
};

using Owed = KernelTest;
using Birth = KernelTest;
using Rest = KernelTest;
using Fault = KernelTest;
using Time = KernelTest;
using Descriptors = KernelTest;

// --- Owed signals --------------------------------------------------------------------------------

TEST_F(Owed, WhatWasPendingBeforeIsNotOwedWhatComesAfterIs) {
  kernel.SendFromAncestor(kInit, kSigTerm);
  kernel.SendFromAncestor(kInit, 40);
  kernel.StartOwing();
  EXPECT_EQ(kernel.Owed(), 0U);
  kernel.SendFromAncestor(kInit, kSigTerm);  // coalesces with the first
  kernel.SendFromAncestor(kInit, 40);        // queues behind it
  kernel.SendFromAncestor(kInit, kSigHup);
  EXPECT_EQ(kernel.Owed(), SignalBit(40) | SignalBit(kSigHup));
  EXPECT_TRUE(Do(kInit, SigTimedWait(SignalBit(kSigHup))).owed);
  EXPECT_FALSE(Do(kInit, SigTimedWait(SignalBit(kSigTerm))).owed);
  EXPECT_FALSE(Do(kInit, SigTimedWait(SignalBit(40))).owed) << "the older leaves first";
  EXPECT_EQ(kernel.OwedCount(40), 1);
  EXPECT_TRUE(Do(kInit, SigTimedWait(SignalBit(40))).owed);
  EXPECT_EQ(kernel.Owed(), 0U);
}

TEST_F(Owed, OneThatInitDropsStaysOwed) {
  Do(kInit, SigProcMask(kMaskSet, 0));
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(kernel.Look(kInit).pending_process, 0U) << "at default and not blocked";
  EXPECT_EQ(kernel.Owed(), SignalBit(kSigTerm));
}

TEST_F(Owed, OneThatIsDroppedAsInitUnblocksItStaysOwed) {
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTerm);
  Do(kInit, SigProcMask(kMaskSet, 0));
  kernel.Resume(kInit);
  EXPECT_EQ(kernel.Look(kInit).pending_process, 0U) << "at default";
  EXPECT_EQ(kernel.Owed(), SignalBit(kSigTerm)) << "nobody told init";
}

TEST_F(Owed, ItsOwnDispositionsDiscardNone) {
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTerm);
  Do(kInit, SigAction(kSigTerm, kSigIgn));
  EXPECT_EQ(kernel.Look(kInit).pending_process, 0U);
  EXPECT_EQ(kernel.OwedCount(kSigTerm), 1);
}

TEST_F(Owed, StopAndContinueDiscardEachOtherThereToo) {
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTstp);
  kernel.SendFromAncestor(kInit, kSigCont);
  EXPECT_EQ(kernel.Owed(), SignalBit(kSigCont));
}

TEST_F(Owed, ThreadAndProcessOweApartAndChldNever) {
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTerm);
  kernel.SendToThreadFromAncestor(kInit, kSigTerm);
  kernel.SendFromAncestor(kInit, kSigChld);
  EXPECT_EQ(kernel.OwedCount(kSigTerm), 2);
  EXPECT_EQ(kernel.Owed(), SignalBit(kSigTerm));
  EXPECT_TRUE(Do(kInit, SigTimedWait(SignalBit(kSigTerm))).from_thread);
  EXPECT_EQ(kernel.OwedCount(kSigTerm), 1);
}

TEST_F(Owed, WhatIsOwedTakesNoRoomInTheQueue) {
  kernel.Reset({.signal_queue_limit = 6, .mask = kAllSignals});
  kernel.StartOwing();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(kernel.QueueFromAncestor(kInit, 40), 0) << i;
  EXPECT_EQ(kernel.QueueFromAncestor(kInit, 40), -EAGAIN);
}

TEST_F(Owed, AHandlerTakesOneToo) {
  Do(kInit, SigAction(kSigTerm, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  kernel.StartOwing();
  kernel.SendFromAncestor(kInit, kSigTerm);
  const Step step = kernel.Resume(kInit);
  EXPECT_EQ(step.kind, Step::Kind::kHandler);
  EXPECT_TRUE(step.owed);
  EXPECT_EQ(kernel.Owed(), 0U);
}

TEST_F(Fault, OfWhoBlocksItsSignalEndsItWhateverTheHandler) {
  const Pid blocks = kernel.Fork(kInit);
  const Pid handles = kernel.Fork(kInit);
  for (const Pid pid : {blocks, handles}) Do(pid, SigAction(kSigSegv, kSigHandler));
  Do(blocks, SigProcMask(kMaskSet, SignalBit(kSigSegv)));
  Do(handles, SigProcMask(kMaskSet, 0));
  for (const Pid pid : {blocks, handles}) EXPECT_EQ(kernel.Fault(pid, kSigSegv), 0);
  EXPECT_EQ(kernel.Look(blocks).activity, Activity::kZombie) << "force_sig_info_to_task";
  EXPECT_EQ(kernel.Look(handles).activity, Activity::kRunning);
}

// --- Birth and exec ------------------------------------------------------------------------------

TEST_F(Birth, AChildInheritsMaskAndDispositionsButNothingPending) {
  Do(kInit, SigAction(kSigTerm, kSigHandler));
  Do(kInit, SigAction(kSigHup, kSigIgn));
  kernel.SendFromAncestor(kInit, kSigUsr1);
  const Pid child = Returns(kInit, Fork());
  const View view = kernel.Look(child);
  EXPECT_EQ(view.mask, kernel.Look(kInit).mask);
  EXPECT_EQ(view.handled, SignalBit(kSigTerm));
  EXPECT_EQ(view.ignored, SignalBit(kSigHup));
  EXPECT_EQ(view.pending_process, 0U);
  EXPECT_TRUE(view.subject);
  const Step step = kernel.Resume(child);
  EXPECT_EQ(step.kind, Step::Kind::kReturns);
  EXPECT_EQ(step.result.value, 0) << "what fork returns in the child";
}

// kernel/fork.c, copy_sighand: as an exec does, by flush_signal_handlers. Seen on 6.18.
TEST_F(Birth, AForkThatClearsHandlersClearsTheFlagsOfSigaction) {
  const Pid parent = kernel.Fork(kInit);
  Do(parent, SigAction(kSigUsr1, kSigHandler));
  Do(parent, SigAction(kSigHup, kSigIgn));
  Do(parent, SigAction(kSigChld, kSigDfl, kSaNoChildStop | kSaNoChildWait));
  for (const bool clears : {false, true}) {
    const Pid child = Returns(parent, Fork(clears ? kCloneClearHandlers : 0));
    EXPECT_EQ(kernel.Look(child).handled, clears ? 0 : SignalBit(kSigUsr1));
    EXPECT_EQ(kernel.Look(child).ignored, SignalBit(kSigHup));
    const Pid grandchild = kernel.Fork(child);
    kernel.SendFromAncestor(grandchild, kSigStop);
    EXPECT_EQ(kernel.Look(child).pending_process, clears ? SignalBit(kSigChld) : 0);
    kernel.Exit(grandchild, 3);
    EXPECT_EQ(Returns(child, Wait4(-1, kWaitNoHang)), clears ? grandchild : -ECHILD);
  }
}

TEST_F(Birth, AThreadHasANumberOfItsOwnAndItsProcesss) {
  const Pid process = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(process);
  EXPECT_EQ(Returns(thread, GetId(kIdThread)), thread);
  EXPECT_EQ(Returns(thread, GetId(kIdProcess)), process);
  EXPECT_EQ(Returns(thread, GetId(kIdParent)), kInit);
}

TEST_F(Birth, WhatIsSentToAProcessIsPendingForEachThreadOfIt) {
  const Pid process = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(process);
  kernel.SendFromAncestor(process, kSigTerm);
  for (const Pid one : {process, thread}) {
    EXPECT_EQ(kernel.Look(one).pending_process, SignalBit(kSigTerm));
    EXPECT_EQ(kernel.Look(one).pending_thread, 0U);
  }
}

TEST_F(Birth, ABurstIsOfTheProcessOfAThread) {
  const Pid process = kernel.Fork(kInit);
  Do(process, SetSid());
  EXPECT_EQ(kernel.Burst(kernel.StartThread(process), 1, 3), 1);
  const Result told = Do(kInit, Wait4(-process, kWaitNoHang));
  EXPECT_EQ(told.value, 4);
  EXPECT_EQ(told.status, 0x0300);
}

TEST_F(Birth, ExecResetsHandlersAndKeepsTheRest) {
  Do(kInit, SigAction(kSigTerm, kSigHandler));
  Do(kInit, SigAction(kSigHup, kSigIgn));
  Do(kInit, SigAction(kSigChld, kSigDfl, kSaNoChildStop | kSaNoChildWait));
  kernel.GiveDescriptor(kInit, 0, Path::kConsole, 0);
  kernel.GiveDescriptor(kInit, 5, Path::kOther, kOpenCloseOnExec);
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  kernel.SendFromAncestor(child, kSigUsr1);
  EXPECT_EQ(Returns(child, Exec()), 0);
  const View view = kernel.Look(child);
  EXPECT_EQ(view.handled, 0U);
  EXPECT_EQ(view.ignored, SignalBit(kSigHup));
  EXPECT_EQ(view.mask, kernel.Look(kInit).mask);
  EXPECT_EQ(view.pending_process, SignalBit(kSigUsr1));
  EXPECT_EQ(view.descriptors, 1U) << "5 closes on exec";
  EXPECT_TRUE(view.has_execed);
  EXPECT_FALSE(view.subject);
  EXPECT_FALSE(view.no_child_wait) << "the flags of sigaction go: flush_signal_handlers";
  const Pid grandchild = kernel.Fork(child);
  kernel.SendFromAncestor(grandchild, kSigStop);
  EXPECT_EQ(kernel.Look(child).pending_process, SignalBit(kSigUsr1) | SignalBit(kSigChld));
  kernel.Exit(grandchild, 0);
  EXPECT_EQ(Returns(child, Wait4(grandchild, kWaitNoHang)), grandchild) << "it is kept";
}

// fs/exec.c, de_thread
TEST_F(Birth, WhoCallsExecEndsWithSigchldWhateverItWasBornWith) {
  const Pid parent = kernel.Fork(kInit);
  const Pid child = Returns(parent, Fork(0, kSigUsr1));
  EXPECT_EQ(Returns(child, Exec()), 0);
  kernel.Exit(child, 0);
  EXPECT_EQ(kernel.Look(parent).pending_process, SignalBit(kSigChld));
  EXPECT_EQ(Returns(parent, Wait4(-1, kWaitNoHang)), child);
}

TEST_F(Birth, SetpgidFindsGroupsOfItsOwnSessionAlone) {
  const Pid leader = kernel.Fork(kInit);
  const Pid other = kernel.Fork(kInit);
  EXPECT_EQ(Returns(leader, SetPgid(0, 0)), 0);
  EXPECT_EQ(Returns(other, SetPgid(0, leader)), 0);
  EXPECT_EQ(Returns(other, SetPgid(0, 0)), 0);
  EXPECT_EQ(Returns(kernel.Fork(leader), SetSid()), 4);
  EXPECT_EQ(Returns(other, SetPgid(0, 4)), -EPERM) << "that is of another session";
}

TEST_F(Birth, OnlyTheProfilesPathExists) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  EXPECT_EQ(Returns(child, Exec(Path::kOther)), -ENOENT);
  kernel.SetFaults({.exec_failures = 1, .exec_error = EACCES});
  EXPECT_EQ(Returns(child, Exec()), -EACCES);
  EXPECT_EQ(Returns(child, Exec()), 0);
}

TEST_F(Birth, VforkSuspendsUntilExecOrDeathWhateverTheSignals) {
  for (const bool execs : {true, false}) {
    kernel.Reset();
    Do(kInit, SigAction(kSigUsr1, kSigHandler));
    ASSERT_TRUE(Blocks(kInit, Fork(kCloneVfork)));
    EXPECT_FALSE(kernel.AtRest()) << "the child can run";
    kernel.SendFromAncestor(kInit, kSigUsr1);
    EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kBlocked) << "a handler is due and waits";
    kernel.Resume(2);
    Do(2, execs ? Exec() : Exit(1));
    const Step step = kernel.Resume(kInit);
    EXPECT_EQ(step.kind, Step::Kind::kHandler);
    EXPECT_EQ(step.result.value, 2) << "the fork returned, then the handler came";
  }
}

TEST_F(Birth, VforkSuspendsWhateverFurtherThreadsOfTheChildDo) {
  const Pid child = kernel.Fork(kInit);
  Do(child, Fork(kCloneVfork));
  const Pid grandchild = kernel.PidAt(2);
  const Pid thread = kernel.StartThread(grandchild);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kBlocked);
  kernel.Exit(grandchild, 0);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kReturns);
}

TEST_F(Birth, AnExecWithFurtherThreadsIsRefused) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(child, Exec()), -EAGAIN);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(Returns(child, Exec()), 0);
}

TEST_F(Birth, AChildHasTheMaskOfTheThreadThatForks) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(kernel.Look(thread).mask, kernel.Look(child).mask) << "as has a thread";
  Do(thread, SigProcMask(kMaskSet, SignalBit(kSigUsr1)));
  EXPECT_EQ(kernel.Look(Returns(thread, Fork())).mask, SignalBit(kSigUsr1));
}

TEST_F(Birth, SetsidIsRefusedToALeaderOfAGroup) {
  const Pid child = kernel.Fork(kInit);
  EXPECT_EQ(Returns(child, SetSid()), child);
  EXPECT_EQ(Returns(child, SetSid()), -EPERM);
  EXPECT_EQ(Returns(child, SetPgid(0, 0)), -EPERM);
}

TEST_F(Birth, ANumberOfAGroupAloneIsTakenToo) {
  const Pid child = kernel.Fork(kInit);
  Do(child, SetPgid(0, 0));  // no session of that number
  const Pid member = kernel.Fork(child);
  kernel.Exit(child, 0);
  EXPECT_EQ(Returns(kInit, Wait4(-1)), child);
  kernel.SetNextPid(child);
  EXPECT_NE(kernel.Fork(kInit), child);
  kernel.Exit(member, 0);
  EXPECT_EQ(Returns(kInit, Wait4(-1)), member);
  kernel.SetNextPid(child);
  EXPECT_EQ(kernel.Fork(kInit), child);
}

// --- Rest ----------------------------------------------------------------------------------------

TEST_F(Rest, WhileNothingOfInitsCanRun) {
  const Pid child = Returns(kInit, Fork());
  EXPECT_FALSE(kernel.AtRest()) << "init itself runs";
  ASSERT_TRUE(Blocks(kInit, SigTimedWait(kAllSignals)));
  EXPECT_FALSE(kernel.AtRest()) << "the child has yet to return from fork";
  kernel.Keep(child, true);
  EXPECT_TRUE(kernel.AtRest()) << "kept waiting";
  kernel.Keep(child, false);
  kernel.Resume(child);
  EXPECT_FALSE(kernel.AtRest());
  Do(child, Exec());
  EXPECT_TRUE(kernel.AtRest()) << "after its exec it is a puppet";
  kernel.Exit(child, 0);
  EXPECT_FALSE(kernel.AtRest()) << "SIGCHLD has been taken";
  EXPECT_EQ(kernel.Resume(kInit).result.signal, kSigChld);
}

TEST_F(Rest, NotWhileItsVforkAwaitsOneThatIsKeptOrStopped) {
  ASSERT_TRUE(Blocks(kInit, Fork(kCloneVfork)));
  kernel.Keep(2, true);
  EXPECT_FALSE(kernel.AtRest());
  EXPECT_EQ(kernel.InitActivity(), Activity::kSuspended);
  kernel.Keep(2, false);
  kernel.Resume(2);
  EXPECT_EQ(kernel.InitActivity(), Activity::kBlocked);
  EXPECT_FALSE(kernel.AtRest()) << "the child can run";
  kernel.SetFaults({.sync_hangs = true});
  ASSERT_TRUE(Blocks(2, Sync()));
  EXPECT_TRUE(kernel.AtRest()) << "the child blocks of itself";
  kernel.SendFromAncestor(2, kSigStop);
  EXPECT_TRUE(kernel.AtRest()) << "a sync that hangs is not stopped";
  kernel.SetFaults({});
  EXPECT_EQ(kernel.InitActivity(), Activity::kSuspended) << "it is stopped as the sync ends";
}

TEST_F(Rest, NotWhileItWaitsOnAPipeForAProcessOfItsOwnThatIsKept) {
  const Result pipe = Do(kInit, Pipe(kOpenCloseOnExec));
  const auto reader = static_cast<int16_t>(pipe.value);
  const Pid child = Returns(kInit, Fork());
  Do(kInit, Close(static_cast<int16_t>(pipe.status)));
  ASSERT_TRUE(Blocks(kInit, ReadPipe(reader, 4)));
  EXPECT_FALSE(kernel.AtRest()) << "the child can run";
  kernel.Keep(child, true);
  EXPECT_FALSE(kernel.AtRest());
  EXPECT_EQ(kernel.InitActivity(), Activity::kSuspended);
  kernel.Keep(child, false);
  kernel.SendFromAncestor(child, kSigStop);
  EXPECT_FALSE(kernel.AtRest()) << "the child is stopped";
  EXPECT_EQ(kernel.InitActivity(), Activity::kSuspended);
  kernel.SendFromAncestor(child, kSigCont);
  kernel.Resume(child);
  ASSERT_TRUE(Blocks(child, Sleep(kSecond)));
  EXPECT_TRUE(kernel.AtRest()) << "the child sleeps of itself";
  kernel.AdvanceTo(2 * kSecond);
  kernel.Resume(child);
  EXPECT_EQ(Returns(child, Exec()), 0);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 0) << "the exec has closed it";
}

// However it waits, if for nothing else and without bound.
TEST_F(Rest, AWaitForAPipeOfOnesOwnMayBeAPollOrAnEpoll) {
  for (const int way : {0, 1, 2, 3}) {
    kernel.Reset({});
    const Result pipe = Do(kInit, Pipe(kOpenCloseOnExec));
    const auto reader = static_cast<int16_t>(pipe.value);
    const auto epoll = static_cast<int16_t>(Do(kInit, EpollCreate()).value);
    Do(kInit, EpollAdd(epoll, reader));
    const auto console = static_cast<int16_t>(Do(kInit, Open(Path::kConsole)).value);
    const Pid child = Returns(kInit, Fork());
    Do(kInit, Close(static_cast<int16_t>(pipe.status)));
    kernel.Keep(child, true);
    const uint64_t bit = uint64_t{1} << reader;
    ASSERT_TRUE(Blocks(kInit, way == 0   ? Poll(bit, kForever)
                              : way == 1 ? EpollWait(epoll, kForever)
                              : way == 2 ? Poll(bit, kSecond)
                                         : Poll(bit | uint64_t{1} << console, kForever)));
    EXPECT_EQ(kernel.AtRest(), way >= 2) << way;
  }
}

// What a child has yet to read, or a console to take, is no news of one's own.
TEST_F(Rest, AWaitForRoomIsForNobodyOfOnesOwn) {
  for (const bool for_room : {true, false}) {
    kernel.Reset({});
    kernel.SetFaults({.console_room = 0});
    const Result pipe = Do(kInit, Pipe());
    const Pid child = Returns(kInit, Fork());
    Do(kInit, Close(static_cast<int16_t>(for_room ? pipe.status : pipe.value)));
    kernel.Keep(child, true);
    Call poll = Poll(uint64_t{1} << (for_room ? pipe.value : pipe.status), kForever);
    poll.value = for_room;
    ASSERT_TRUE(Blocks(kInit, poll));
    EXPECT_TRUE(kernel.AtRest()) << for_room;
  }
}

TEST_F(Rest, SignalsPendingButBlockedDontMatter) {
  ASSERT_TRUE(Blocks(kInit, Sleep(30 * kSecond)));
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_TRUE(kernel.AtRest());
}

// --- Pipes ---------------------------------------------------------------------------------------

class Pipes : public KernelTest {
 protected:
  Pipes() {
    const Result pipe = Do(kInit, Pipe());
    reader = static_cast<int16_t>(pipe.value);
    writer = static_cast<int16_t>(pipe.status);
  }
  int16_t reader = 0;
  int16_t writer = 0;
};

TEST_F(Pipes, AReadWaitsForAWriteOrForTheLastWriter) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  ASSERT_TRUE(Blocks(kInit, ReadPipe(reader, 8)));
  EXPECT_EQ(Returns(child, Write(writer, 3)), 3);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 3);
  ASSERT_TRUE(Blocks(kInit, ReadPipe(reader, 8)));
  Do(child, Close(writer));
  EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kBlocked) << "it has one itself";
}

TEST_F(Pipes, TheDeathOfTheLastWriterIsTheEnd) {
  const Pid child = Returns(kInit, Fork());
  Do(kInit, Close(writer));
  ASSERT_TRUE(Blocks(kInit, ReadPipe(reader, 8)));
  kernel.Die(child, kSigKill, false);
  EXPECT_FALSE(kernel.AtRest());
  EXPECT_EQ(kernel.Resume(kInit).result.value, 0);
}

TEST_F(Pipes, APollWaitsForAWriteAndForTheEnd) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(kInit, Close(writer));
  ASSERT_TRUE(Blocks(kInit, Poll(uint64_t{1} << reader, kForever)));
  Do(child, Write(writer, 1));
  EXPECT_EQ(kernel.Resume(kInit).result.set, uint64_t{1} << reader);
  EXPECT_FALSE(kernel.IsCut(kInit, reader));
  EXPECT_EQ(Returns(kInit, ReadPipe(reader, 8)), 1);
  ASSERT_TRUE(Blocks(kInit, Poll(uint64_t{1} << reader, kForever)));
  Do(child, CloseRange(0, INT32_MAX));
  EXPECT_EQ(kernel.Resume(kInit).result.set, uint64_t{1} << reader);
  EXPECT_TRUE(kernel.IsCut(kInit, reader));
}

TEST_F(Pipes, AWriteWaitsForRoom) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  EXPECT_EQ(Returns(kInit, Write(writer, 65536)), 65536);
  ASSERT_TRUE(Blocks(child, Write(writer, 2)));
  EXPECT_EQ(Returns(kInit, ReadPipe(reader, 1)), 1);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kBlocked);
  EXPECT_EQ(Returns(kInit, ReadPipe(reader, 1)), 1);
  EXPECT_EQ(kernel.Resume(child).result.value, 2);
}

TEST_F(Pipes, SigpipeIsForTheThreadThatWrites) {
  Do(kInit, Close(reader));
  EXPECT_EQ(Returns(kInit, Write(writer, 1)), -EPIPE);
  EXPECT_EQ(kernel.Look(kInit).pending_thread, SignalBit(kSigPipe));
}

TEST_F(Pipes, AFullOneRefusesWhoDoesNotBlock) {
  EXPECT_EQ(Returns(kInit, Poll(uint64_t{1} << writer, 0)), 0) << "that is not covered";
  EXPECT_EQ(Returns(kInit, SetNonBlock(writer, true)), 0);
  EXPECT_EQ(Returns(kInit, Write(writer, 65536)), 65536);
  EXPECT_EQ(Returns(kInit, Write(writer, 1)), -EAGAIN);
  EXPECT_EQ(Returns(kInit, ReadPipe(reader, 0)), 0);
}

TEST_F(Pipes, AReadOfNothingSucceedsAtOnce) {
  EXPECT_EQ(Returns(kInit, ReadPipe(reader, 0)), 0);
  EXPECT_TRUE(Blocks(kInit, ReadPipe(reader, 1)));
}

TEST_F(Pipes, WhoIsStoppedReadsNothing) {
  const Pid stopped = Returns(kInit, Fork());
  const Pid other = Returns(kInit, Fork());
  for (const Pid child : {stopped, other}) kernel.Resume(child);
  ASSERT_TRUE(Blocks(stopped, ReadPipe(reader, 8)));
  kernel.SendFromAncestor(stopped, kSigStop);
  EXPECT_EQ(Returns(kInit, Write(writer, 3)), 3);
  EXPECT_EQ(Returns(other, ReadPipe(reader, 8)), 3);
  kernel.SendFromAncestor(stopped, kSigCont);
  EXPECT_EQ(kernel.Resume(stopped).kind, Step::Kind::kBlocked);
}

// fs/select.c, do_restart_poll: it looks once more, whatever the time.
TEST_F(Pipes, APollThatIsStoppedBeyondItsTimeFindsWhatIsThereAsItGoesOn) {
  const Pid child = Returns(kInit, Fork());
  const Pid other = kernel.Fork(kInit);
  kernel.Resume(child);
  ASSERT_TRUE(Blocks(child, Poll(uint64_t{1} << reader, kSecond)));
  kernel.SendFromAncestor(child, kSigStop);
  ASSERT_TRUE(Blocks(other, Sleep(2 * kSecond)));
  kernel.AdvanceTo(kernel.now_ns() + 3 * kSecond);
  EXPECT_EQ(kernel.Resume(other).kind, Step::Kind::kReturns);
  EXPECT_EQ(Returns(kInit, Write(writer, 1)), 1);
  kernel.SendFromAncestor(child, kSigCont);
  EXPECT_EQ(kernel.Resume(child).result.set, uint64_t{1} << reader);
}

TEST_F(Pipes, AWriteEndsAnEpollWait) {
  const int16_t epoll = Opened(EpollCreate());
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, reader)), 0);
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  ASSERT_TRUE(Blocks(child, EpollWait(epoll, kForever)));
  EXPECT_EQ(Returns(kInit, Write(writer, 1)), 1);
  EXPECT_EQ(kernel.Resume(child).result.set, uint64_t{1} << reader);
}

TEST_F(Pipes, WhoHandlesSigpipeFindsThePipeBrokenAfterIt) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(kInit, SigAction(kSigPipe, kSigHandler, kSaRestart));
  Do(kInit, SigProcMask(kMaskSet, 0));
  Do(kInit, Close(reader));
  EXPECT_EQ(Returns(kInit, Write(writer, 65536)), 65536);
  ASSERT_TRUE(Blocks(kInit, Write(writer, 1)));
  Do(child, Close(reader));
  const Step step = kernel.Resume(kInit);
  EXPECT_EQ(step.kind, Step::Kind::kHandler);
  EXPECT_EQ(step.signal, kSigPipe);
  EXPECT_FALSE(step.restarts);
  EXPECT_EQ(step.result.value, -EPIPE);
}

// The writer is the parent of who reads last, and dies of SIGPIPE while that one is about to be told of.
TEST_F(Pipes, TheDeathOfTheLastReaderMayKillItsParent) {
  Do(kInit, SigAction(kSigChld, kSigIgn));
  const Pid parent = Returns(kInit, Fork());
  kernel.Resume(parent);
  const Pid child = Returns(parent, Fork());
  kernel.Resume(child);
  Do(parent, Close(reader));
  Do(kInit, Close(reader));
  Do(parent, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(parent, Write(writer, 65536)), 65536);
  ASSERT_TRUE(Blocks(parent, Write(writer, 1)));
  kernel.Die(child, kSigKill, false);
  EXPECT_EQ(kernel.size(), 1);
  EXPECT_EQ(kernel.WhatIsBroken(), nullptr);
}

TEST_F(Pipes, WhoIsKilledAsItGoesOnIsGone) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, Close(reader));
  Do(child, SigAction(kSigTstp, kSigHandler));
  Do(child, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(kInit, Write(writer, 65536)), 65536);
  ASSERT_TRUE(Blocks(child, Write(writer, 1)));
  kernel.SendFromAncestor(child, kSigTstp);
  Do(kInit, Close(reader));
  kernel.SendFromAncestor(child, kSigCont);
  EXPECT_EQ(kernel.Resume(child).kind, Step::Kind::kGone);
  EXPECT_EQ(kernel.Look(child).activity, Activity::kZombie);
}

TEST_F(Pipes, WhoWaitsForRoomIsKilledOnceNobodyReads) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, Close(reader));
  Do(child, SigProcMask(kMaskSet, 0));
  EXPECT_EQ(Returns(kInit, Write(writer, 65536)), 65536);
  ASSERT_TRUE(Blocks(child, Write(writer, 1)));
  Do(kInit, Close(reader));
  EXPECT_EQ(Do(kInit, Wait4(child, kWaitNoHang)).status, kSigPipe);
}

// --- Faults --------------------------------------------------------------------------------------

TEST_F(Fault, ForksOfSubjectsFailThoseOfPuppetsDoNot) {
  kernel.SetFaults({.fork_failures = 1, .fork_error = ENOMEM});
  const Pid puppet = kernel.Fork(kInit);
  EXPECT_GT(Returns(puppet, Fork()), 0);
  EXPECT_EQ(Returns(kInit, Fork()), -ENOMEM);
  EXPECT_GT(Returns(kInit, Fork()), 0);
}

TEST_F(Fault, NoRoomForAnotherTask) {
  while (kernel.size() < kExplorerCapacity) ASSERT_GT(Returns(kInit, Fork()), 0);
  EXPECT_EQ(Returns(kInit, Fork()), -EAGAIN);
  EXPECT_EQ(kernel.Fork(kInit), -EAGAIN);
}

TEST_F(Fault, AFullConsoleRefusesOrBlocks) {
  const int16_t polite = Opened(Open(Path::kConsole, kOpenNonBlock));
  const int16_t patient = Opened(Open(Path::kConsole));
  const int16_t file = Opened(Open(Path::kOther));
  kernel.SetFaults({.console_room = 4});
  EXPECT_EQ(Returns(kInit, Write(polite, 10)), 4) << "a short write";
  EXPECT_EQ(Returns(kInit, Write(polite, 6)), -EAGAIN);
  EXPECT_EQ(Returns(kInit, Write(file, 10)), 10);
  ASSERT_TRUE(Blocks(kInit, Write(patient, 10)));
  EXPECT_TRUE(kernel.AtRest());
  kernel.SetFaults({.console_room = 3});
  EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kBlocked);
  EXPECT_EQ(kernel.faults().console_room, 0) << "what fitted is written";
  kernel.SetFaults({});
  EXPECT_EQ(kernel.Resume(kInit).result.value, 10);
}

TEST_F(Fault, APollMayWaitUntilTheConsoleHasRoom) {
  Call poll = Poll(0, kForever);
  poll.value = 1;
  EXPECT_EQ(Returns(kInit, poll), 1);
  kernel.SetFaults({.console_room = 0});
  ASSERT_TRUE(Blocks(kInit, poll));
  EXPECT_TRUE(kernel.AtRest());
  kernel.SetFaults({});
  EXPECT_EQ(kernel.Resume(kInit).result.value, 1);
}

TEST_F(Fault, AWriteThatWroteNothingIsInterrupted) {
  for (const int room : {0, 3}) {
    kernel.Reset({.mask = 0});
    kernel.SetCallTime(0);
    Do(kInit, SigAction(kSigTerm, kSigHandler));
    const int16_t fd = Opened(Open(Path::kConsole));
    kernel.SetFaults({.console_room = room});
    ASSERT_TRUE(Blocks(kInit, Write(fd, 10)));
    kernel.SendFromKernel(kInit, kSigTerm);
    EXPECT_EQ(kernel.Resume(kInit).result.value, room == 0 ? -EINTR : room);
  }
}

TEST_F(Fault, OfAThreadThatIsTracedIsToldToItsTracer) {
  const Pid child = kernel.Fork(kInit);
  EXPECT_EQ(Returns(kInit, Ptrace(kPtraceSeize, child)), 0);
  EXPECT_EQ(kernel.Fault(child, kSigSegv), 0);
  EXPECT_EQ(kernel.Look(child).trace_stop, kSigSegv << 8 | 0x7f);
}

// --- Time ----------------------------------------------------------------------------------------

TEST_F(Time, VisibleCallsOfSubjectsTakeAMicrosecond) {
  Do(kInit, GetId(kIdProcess));
  EXPECT_EQ(kernel.now_ns(), 0U);
  Do(kInit, Kill(kInit, 0));
  EXPECT_EQ(kernel.now_ns(), kCallTimeNs);
  Do(kernel.Fork(kInit), SetSid());
  EXPECT_EQ(kernel.now_ns(), kCallTimeNs) << "a puppet's takes none";
}

TEST_F(Time, TimeOutsEndInOrder) {
  ASSERT_TRUE(Blocks(kInit, SigTimedWait(SignalBit(kSigUsr1), kSecond)));
  EXPECT_EQ(kernel.NextTimer(), kSecond + kCallTimeNs);
  kernel.AdvanceTo(kSecond + kCallTimeNs - 1);
  EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kBlocked);
  kernel.AdvanceTo(kSecond + kCallTimeNs);
  EXPECT_EQ(kernel.Resume(kInit).result.value, -EAGAIN);
  EXPECT_EQ(kernel.NextTimer(), kForever);
}

TEST_F(Time, AnAlarmIsASignalAndASleepEndsEarlyByAHandler) {
  Do(kInit, SigAction(kSigAlrm, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  Do(kInit, Alarm(kSecond));
  ASSERT_TRUE(Blocks(kInit, Sleep(3 * kSecond)));
  kernel.AdvanceTo(10 * kSecond);
  const Step step = kernel.Resume(kInit);
  EXPECT_EQ(step.kind, Step::Kind::kHandler);
  EXPECT_EQ(step.result.value, -EINTR);
}

TEST_F(Time, ASleepThatAHandlerInterruptsTellsWhatWasLeft) {
  Do(kInit, SigAction(kSigUsr1, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  ASSERT_TRUE(Blocks(kInit, Sleep(3 * kSecond)));
  kernel.AdvanceTo(kSecond + kCallTimeNs);
  kernel.SendFromKernel(kInit, kSigUsr1);
  EXPECT_EQ(kernel.NextTimer(), kForever) << "it is awake";
  kernel.AdvanceTo(2 * kSecond);
  const Step step = kernel.Resume(kInit);
  ASSERT_EQ(step.kind, Step::Kind::kHandler);
  EXPECT_EQ(step.result.value, -EINTR);
  EXPECT_EQ(step.result.time_ns, 2 * kSecond) << "of when it was woken";
}

TEST_F(Time, ASleepWhoseSignalIsDiscardedEndsWhenItWouldHave) {
  Do(kInit, SigAction(kSigTstp, kSigHandler));
  Do(kInit, SigProcMask(kMaskSet, 0));
  for (const bool late : {false, true}) {
    const uint64_t start_ns = kernel.now_ns();
    ASSERT_TRUE(Blocks(kInit, Sleep(3 * kSecond)));
    kernel.SendFromKernel(kInit, kSigTstp);
    if (late) kernel.AdvanceTo(start_ns + 9 * kSecond);
    kernel.SendFromKernel(kInit, kSigCont);  // takes the other back
    if (!late) {
      EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kBlocked);
      ASSERT_EQ(kernel.NextTimer(), start_ns + 3 * kSecond + kCallTimeNs);
      kernel.AdvanceTo(kernel.NextTimer());
    }
    const Step step = kernel.Resume(kInit);
    EXPECT_EQ(step.kind, Step::Kind::kReturns);
    EXPECT_EQ(step.result, Result{});
  }
}

TEST_F(Time, AnAbsoluteSleepAndATimerfd) {
  const int16_t timer = Opened(TimerFdCreate());
  Do(kInit, TimerFdSet(timer, kSecond));
  EXPECT_EQ(Returns(kInit, Read(timer, kReadMore)), -EAGAIN);
  ASSERT_TRUE(Blocks(kInit, Poll(uint64_t{1} << timer, kForever)));
  kernel.AdvanceTo(kSecond);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 1);
  EXPECT_EQ(Returns(kInit, Read(timer)), 8);
  ASSERT_TRUE(Blocks(kInit, Sleep(5 * kSecond, kSleepAbsolute)));
  EXPECT_EQ(kernel.NextTimer(), 5 * kSecond);
  kernel.AdvanceTo(5 * kSecond);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 0);
  EXPECT_EQ(Returns(kInit, Sleep(kSecond, kSleepAbsolute)), 0) << "in the past";
}

TEST_F(Time, AFrozenSleepEndsWhenThawed) {
  ASSERT_TRUE(Blocks(kInit, Sleep(kSecond)));
  kernel.SendFromAncestor(kInit, kSigStop);
  kernel.AdvanceTo(5 * kSecond);
  EXPECT_EQ(kernel.Resume(kInit).kind, Step::Kind::kStopped);
  kernel.SendFromAncestor(kInit, kSigCont);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 0);
}

// --- Descriptors ---------------------------------------------------------------------------------

TEST_F(Descriptors, ASignalfdGivesWhatIsPending) {
  const int16_t fd = Opened(SignalFd(SignalBit(kSigTerm) | SignalBit(40)));
  const int16_t epoll = Opened(EpollCreate());
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd)), 0);
  ASSERT_TRUE(Blocks(kInit, EpollWait(epoll, kForever)));
  kernel.SendFromAncestor(kInit, kSigHup);
  EXPECT_TRUE(kernel.AtRest()) << "not in its set";
  kernel.SendFromAncestor(kInit, 40);
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(kernel.Resume(kInit).result.set, uint64_t{1} << fd);
  EXPECT_EQ(Do(kInit, Read(fd)).signal, kSigTerm);
  EXPECT_EQ(Do(kInit, Read(fd, kReadMore)).signal, 40);
  EXPECT_EQ(Returns(kInit, Read(fd, kReadMore)), -EAGAIN);
  ASSERT_TRUE(Blocks(kInit, Read(fd)));
  EXPECT_EQ(Returns(kernel.Fork(kInit), Kill(kInit, kSigTerm)), 0);
  EXPECT_EQ(kernel.Resume(kInit).result.value, 128);
}

TEST_F(Descriptors, ASignalfdGivesEachThreadItsOwn) {
  const Pid process = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(process);
  for (const Pid one : {process, thread}) Do(one, SigProcMask(kMaskSet, kAllSignals));
  const auto fd = static_cast<int16_t>(Returns(process, SignalFd(SignalBit(kSigTerm))));
  Do(kInit, ThreadKill(process, thread, kSigTerm));
  EXPECT_EQ(Returns(process, Read(fd, kReadMore)), -EAGAIN) << "another thread's";
  const Result read = Do(thread, Read(fd, kReadMore));
  EXPECT_EQ(read.signal, kSigTerm);
  EXPECT_TRUE(read.from_thread);
}

TEST_F(Descriptors, AnEpollTakesAnOpenOneOnceAndNeverItself) {
  const int16_t fd = Opened(SignalFd(0));
  const int16_t epoll = Opened(EpollCreate());
  const auto remove = [](int16_t from, int16_t what) {
    Call call = EpollAdd(from, what);
    call.flags = 0;
    return call;
  };
  EXPECT_EQ(Returns(kInit, remove(epoll, fd)), -ENOENT);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd)), 0);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, fd)), -EEXIST);
  EXPECT_EQ(Returns(kInit, remove(epoll, fd)), 0);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, epoll)), -EINVAL);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, Returns(kInit, Dup(epoll)))), -EINVAL);
  EXPECT_EQ(Returns(kInit, EpollAdd(fd, epoll)), -EINVAL);
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, 60)), -EBADF);
  EXPECT_EQ(Returns(kInit, EpollAdd(fd, 60)), -EBADF) << "looked at first (do_epoll_ctl)";
}

TEST_F(Descriptors, APollMayPutAMaskInPlace) {
  Do(kInit, SigAction(kSigTerm, kSigHandler));
  Call poll = Poll(0, kForever);
  poll.flags = kPollMask;
  poll.mask = 0;
  const uint64_t mask = kernel.Look(kInit).mask;
  ASSERT_TRUE(Blocks(kInit, poll));
  EXPECT_EQ(kernel.Look(kInit).mask, 0U);
  kernel.SendFromAncestor(kInit, kSigTerm);
  EXPECT_EQ(kernel.Resume(kInit).mask, mask);
}

TEST_F(Descriptors, AnEpollWaitMayPutAMaskInPlaceAndEndsInTime) {
  const int16_t epoll = Opened(EpollCreate());
  Call wait = EpollWait(epoll, kSecond);
  wait.flags = kPollMask;
  wait.mask = SignalBit(kSigUsr1);
  const uint64_t mask = kernel.Look(kInit).mask;
  ASSERT_TRUE(Blocks(kInit, wait));
  EXPECT_EQ(kernel.Look(kInit).mask, SignalBit(kSigUsr1));
  kernel.AdvanceTo(kernel.NextTimer());
  const Step step = kernel.Resume(kInit);
  EXPECT_EQ(step.kind, Step::Kind::kReturns);
  EXPECT_EQ(step.result.value, 0);
  EXPECT_EQ(kernel.Look(kInit).mask, mask);
}

TEST_F(Descriptors, ATimerEndsAReadAPollAndAnEpollWait) {
  const int16_t timer = Opened(TimerFdCreate());
  const int16_t epoll = Opened(EpollCreate());
  const int16_t outer = Opened(EpollCreate());
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, timer)), 0);
  EXPECT_EQ(Returns(kInit, EpollAdd(outer, epoll)), 0);
  for (const Call& call : {EpollWait(epoll, kForever), EpollWait(outer, kForever),
                           Poll(uint64_t{1} << outer, kForever), Read(timer)}) {
    EXPECT_EQ(Returns(kInit, TimerFdSet(timer, kSecond)), 0);
    ASSERT_TRUE(Blocks(kInit, call)) << CallName(call.kind);
    kernel.AdvanceTo(kernel.NextTimer());
    EXPECT_GT(kernel.Resume(kInit).result.value, 0) << CallName(call.kind);
  }
}

TEST_F(Descriptors, ADeathOfAllThreadsEndsAnEpollWaitForAPidfd) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  EXPECT_EQ(Returns(kInit, PidFdOpen(thread)), -ENOENT);
  const Pid other = kernel.Fork(kInit);  // it hears of that in no other way
  const int pidfd = Returns(other, PidFdOpen(child));
  const auto epoll = static_cast<int16_t>(Returns(other, EpollCreate()));
  EXPECT_EQ(Returns(other, EpollAdd(epoll, pidfd)), 0);
  ASSERT_TRUE(Blocks(other, EpollWait(epoll, kForever)));
  kernel.ExitThread(child, 0);
  EXPECT_EQ(kernel.Resume(other).kind, Step::Kind::kBlocked);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(kernel.Resume(other).result.set, uint64_t{1} << pidfd);
}

TEST_F(Descriptors, APidfdIsReadableOnceAllThreadsAreDead) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  const int16_t pidfd = Opened(PidFdOpen(child));
  kernel.ExitThread(child, 0);
  EXPECT_EQ(Returns(kInit, Poll(uint64_t{1} << pidfd, 0)), 0);
  kernel.ExitThread(thread, 0);
  EXPECT_EQ(Returns(kInit, Poll(uint64_t{1} << pidfd, 0)), 1);
}

TEST_F(Descriptors, ASignalfdIsReadableForWhoHasTheSignal) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  const auto fd = static_cast<int16_t>(Returns(child, SignalFd(SignalBit(kSigTerm))));
  Do(kInit, ThreadKill(child, thread, kSigTerm));
  EXPECT_EQ(Returns(child, Poll(uint64_t{1} << fd, 0)), 0);
  EXPECT_EQ(Returns(thread, Poll(uint64_t{1} << fd, 0)), 1);
}

TEST_F(Descriptors, WhatAnotherThreadChangesEndsAWait) {
  const Pid child = kernel.Fork(kInit);
  const Pid thread = kernel.StartThread(child);
  const auto signals = static_cast<int16_t>(Returns(child, SignalFd(SignalBit(kSigUsr1))));
  const auto epoll = static_cast<int16_t>(Returns(child, EpollCreate()));
  kernel.SendFromKernel(child, kSigTerm);
  ASSERT_TRUE(Blocks(thread, Read(signals)));
  EXPECT_EQ(Returns(child, SignalFd(SignalBit(kSigTerm), 0, signals)), signals);
  EXPECT_EQ(kernel.Resume(thread).result.signal, kSigTerm);
  const auto file = static_cast<int16_t>(Returns(child, Open(Path::kNull)));
  ASSERT_TRUE(Blocks(thread, EpollWait(epoll, kForever)));
  EXPECT_EQ(Returns(child, EpollAdd(epoll, file)), 0);
  EXPECT_EQ(kernel.Resume(thread).result.value, 1);
}

TEST_F(Descriptors, APollOfAClosedOneSaysSoAnEpollForgetsIt) {
  const int16_t file = Opened(Open(Path::kNull));
  const int16_t epoll = Opened(EpollCreate());
  EXPECT_EQ(Returns(kInit, EpollAdd(epoll, file)), 0);
  EXPECT_EQ(Returns(kInit, EpollWait(epoll, 0)), 1);
  EXPECT_EQ(Returns(kInit, Close(file)), 0);
  EXPECT_EQ(Returns(kInit, EpollWait(epoll, 0)), 0);
  EXPECT_EQ(Returns(kInit, Poll(uint64_t{1} << file, 0)), 1);
}

TEST_F(Descriptors, AreTheLowestFreeAndSharedByForks) {
  for (int fd = 0; fd < 3; ++fd) kernel.GiveDescriptor(kInit, fd, Path::kConsole, 0);
  EXPECT_EQ(Returns(kInit, Open(Path::kNull)), 3);
  EXPECT_EQ(Returns(kInit, Close(1)), 0);
  EXPECT_EQ(Returns(kInit, Dup(3)), 1);
  EXPECT_EQ(kernel.DescriptorPath(kInit, 1), Path::kNull);
  EXPECT_EQ(Returns(kInit, Dup(0, 9, kOpenCloseOnExec)), 9);
  EXPECT_EQ(kernel.Look(kInit).close_on_exec, uint64_t{1} << 9);
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, SetNonBlock(0, true));
  kernel.SetFaults({.console_room = 0});
  EXPECT_EQ(Returns(kInit, Write(0, 1)), -EAGAIN) << "O_NONBLOCK is of the shared object";
  EXPECT_EQ(Returns(child, CloseRange(3, INT32_MAX, kCloseRangeOnExec)), 0);
  EXPECT_EQ(kernel.Look(child).close_on_exec, uint64_t{1} << 9 | uint64_t{1} << 3);
  EXPECT_EQ(Returns(child, CloseRange(3, INT32_MAX)), 0);
  EXPECT_EQ(kernel.Look(child).descriptors, 7U);
  EXPECT_EQ(Returns(child, Close(3)), -EBADF);
  EXPECT_EQ(kernel.Look(kInit).descriptors, 0x20fU);
}

TEST_F(Descriptors, APipeThatFindsNoRoomLeavesNothing) {
  const int16_t fd = Opened(Open(Path::kNull));
  while (std::popcount(kernel.Look(kInit).descriptors) < 23) Opened(Open(Path::kNull));
  const uint64_t open = kernel.Look(kInit).descriptors;
  for (const Call& call : {Pipe(), SocketPair()}) EXPECT_EQ(Returns(kInit, call), -ENFILE);
  EXPECT_EQ(kernel.Look(kInit).descriptors, open);
  EXPECT_GT(Returns(kInit, EventFd(0)), 0) << "there is room for one";
  Do(kInit, Close(fd + 1));
  Do(kInit, Close(fd + 2));
  while (std::popcount(kernel.Look(kInit).descriptors) < 63) Opened(Dup(fd));
  for (const Call& call : {Pipe(), SocketPair()}) EXPECT_EQ(Returns(kInit, call), -EMFILE);
}

TEST_F(Descriptors, ADupOverOneOfTheSameFileAddsNoUser) {
  const int16_t fd = Opened(EventFd(1));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Returns(kInit, Dup(fd, 5)), 5);
  EXPECT_EQ(kernel.WhatIsBroken(), nullptr);
}

TEST_F(Descriptors, SomeAreForReading) {
  for (const Call& call : {SignalFd(0), TimerFdCreate(), EpollCreate(), PidFdOpen(kInit)}) {
    EXPECT_TRUE(kernel.IsForReading(kInit, Opened(call)));
  }
  const Result pipe = Do(kInit, Pipe());
  EXPECT_TRUE(kernel.IsForReading(kInit, pipe.value));
  EXPECT_FALSE(kernel.IsForReading(kInit, pipe.status));
  for (const Call& call : {EventFd(0), SocketPair(), Open(Path::kConsole)}) {
    EXPECT_FALSE(kernel.IsForReading(kInit, Opened(call)));
  }
}

TEST_F(Descriptors, ARangeIsClosedUpToItsLastOne) {
  for (int fd = 0; fd < 5; ++fd) EXPECT_EQ(Opened(Open(Path::kNull)), fd);
  EXPECT_EQ(Returns(kInit, CloseRange(3, 3)), 0);
  EXPECT_EQ(kernel.Look(kInit).descriptors, 0b10111U);
  EXPECT_EQ(Returns(kInit, CloseRange(1, 2, kCloseRangeOnExec)), 0);
  EXPECT_EQ(kernel.Look(kInit).close_on_exec, 0b00110U);
  EXPECT_EQ(Returns(kInit, CloseRange(1, 2)), 0);
  EXPECT_EQ(kernel.Look(kInit).descriptors, 0b10001U);
}

TEST_F(Descriptors, ADupClosesOnExecIfItSaysSoWhateverTheFirst) {
  EXPECT_EQ(Opened(Open(Path::kNull, kOpenCloseOnExec)), 0);
  EXPECT_EQ(Returns(kInit, Dup(0)), 1);
  EXPECT_EQ(Returns(kInit, Dup(0, 4)), 4);
  EXPECT_EQ(kernel.Look(kInit).close_on_exec, 0b1U);
  EXPECT_EQ(Returns(kInit, Dup(1, -1, kOpenCloseOnExec)), 2);
  EXPECT_EQ(kernel.Look(kInit).close_on_exec, 0b101U);
}

// fs/eventpoll.c, EP_MAX_NESTS
TEST_F(Descriptors, AnEpollInAnEpollInAnEpollIsReadyAsWhatIsWithin) {
  const int16_t timer = Opened(TimerFdCreate());
  int16_t inner = timer;
  for (int depth = 0; depth < 4; ++depth) {
    const int16_t outer = Opened(EpollCreate());
    EXPECT_EQ(Returns(kInit, EpollAdd(outer, inner)), 0);
    inner = outer;
  }
  const uint64_t outermost = uint64_t{1} << inner;
  EXPECT_EQ(Returns(kInit, Poll(outermost, 0)), 0);
  EXPECT_EQ(Returns(kInit, TimerFdSet(timer, kSecond)), 0);
  kernel.AdvanceTo(kernel.now_ns() + kSecond);
  EXPECT_EQ(Returns(kInit, Poll(outermost, 0)), 1);
}

// A death whose hang-up continues the parent, which waits: it hears of the child when that is dead as a
// whole, by SIGCHLD too, and once. (Linux makes the zombie, and tells of it, after the hang-up:
// exit_notify.)
class Death : public KernelTest {
 protected:
  // Init's child, in a group of its own, of which one member is a child of `dying`. It blocks all signals.
  Death() {
    parent = kernel.Fork(kInit);
    Do(parent, SetPgid(0, 0));
    dying = kernel.Fork(parent);
    Do(dying, SetPgid(0, 0));
    Do(kernel.Fork(dying), SetPgid(0, parent));
  }
  void Stop() { kernel.SendFromKernel(parent, kSigStop); }

  Pid parent, dying;
};

TEST_F(Death, IsToldOfBySignalToAParentThatItsHangUpContinues) {
  EXPECT_TRUE(Blocks(parent, Wait4(dying)));
  Stop();
  kernel.Exit(dying, 3);
  const Step step = kernel.Resume(parent);
  EXPECT_EQ(step.kind, Step::Kind::kReturns);
  EXPECT_EQ(step.result.value, dying);
  EXPECT_EQ(kernel.PendingCount(parent, kSigChld, true), 1);
}

TEST_F(Death, IsReapedOnceIfItsParentIgnoresIt) {
  Do(parent, SigAction(kSigChld, kSigIgn));
  EXPECT_TRUE(Blocks(parent, Wait4(dying)));
  Stop();
  kernel.Exit(dying, 3);
  EXPECT_FALSE(kernel.Exists(dying));
  EXPECT_EQ(kernel.Resume(parent).result.value, -ECHILD);
}

TEST_F(Death, IsTheAdoptersIfItsHangUpEndsTheParent) {
  Do(parent, SigProcMask(kMaskUnblock, SignalBit(kSigHup)));
  Stop();
  kernel.Exit(dying, 3);
  EXPECT_FALSE(kernel.Exists(parent) && kernel.Look(parent).activity != Activity::kZombie);
  EXPECT_EQ(Returns(kInit, Wait4(dying, kWaitNoHang)), dying);
  EXPECT_EQ(Returns(kInit, Wait4(dying, kWaitNoHang)), -ECHILD);
}

// The tracer is hung up with the terminal of whom it traces, and ends while that one is about to be told of.
TEST_F(KernelTest, DeathIsToldOfOnceIfItsHangUpEndsTheTracer) {
  for (const bool ignores : {false, true}) {
    kernel.Reset({.mask = kAllSignals});
    if (ignores) Do(kInit, SigAction(kSigChld, kSigIgn));
    const Pid leader = kernel.Fork(kInit);
    Do(leader, SetSid());
    EXPECT_EQ(Returns(leader, Open(Path::kTerminal)), 0);
    const Pid tracer = kernel.Fork(leader);
    Do(tracer, SigProcMask(kMaskSet, 0));
    EXPECT_EQ(Returns(tracer, Ptrace(kPtraceSeize, leader)), 0);
    kernel.Exit(leader, 3);
    EXPECT_EQ(kernel.WhatIsBroken(), nullptr);
    EXPECT_EQ(kernel.size(), ignores ? 1 : 3);
    EXPECT_EQ(Returns(kInit, Wait4(leader, kWaitNoHang)), ignores ? -ECHILD : leader);
  }
}

// drivers/tty/tty_jobctrl.c, disassociate_ctty
TEST_F(KernelTest, ALeaderThatLetsGoOfItsTerminalHangsUpItsForegroundAndContinuesIt) {
  const Pid leader = kernel.Fork(kInit);
  Do(leader, SetSid());
  EXPECT_EQ(Returns(leader, Open(Path::kTerminal)), 0);
  const Pid job = kernel.Fork(leader);
  Do(job, SetPgid(0, 0));
  EXPECT_EQ(Returns(leader, Terminal(kTerminalSetForeground, 0, job)), 0);
  kernel.SendFromAncestor(job, kSigStop);
  EXPECT_EQ(Returns(leader, Terminal(kTerminalRelease, 0)), 0);
  EXPECT_EQ(kernel.Look(job).activity, Activity::kRunning);
  EXPECT_EQ(kernel.Look(job).pending_process, SignalBit(kSigHup) | SignalBit(kSigCont));
  EXPECT_FALSE(kernel.Look(job).has_terminal);
  EXPECT_EQ(kernel.Look(leader).pending_process & SignalBit(kSigHup), 0U);
}

TEST_F(KernelTest, WhatAHandlerHeldBackActsAsItReturns) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, SigAction(kSigUsr1, kSigHandler));
  Do(child, SigProcMask(kMaskSet, 0));
  kernel.SendFromAncestor(child, kSigUsr1);
  const Step step = kernel.Resume(child);
  ASSERT_EQ(step.kind, Step::Kind::kHandler);
  kernel.EnterHandler(child, kAllSignals);
  kernel.SendFromAncestor(child, kSigTerm);
  EXPECT_EQ(kernel.Look(child).activity, Activity::kRunning);
  kernel.LeaveHandler(child, step.mask);
  EXPECT_EQ(kernel.Look(child).activity, Activity::kZombie);
}

// Both came while it ran: the one is blocked before its handler begins, the other is not.
TEST_F(KernelTest, AMaskThatBlocksTheFirstOfTwoSignalsLeavesTheNextToAct) {
  const Pid child = Returns(kInit, Fork());
  kernel.Resume(child);
  Do(child, SigAction(kSigHup, kSigHandler));
  Do(child, SigProcMask(kMaskSet, 0));
  kernel.SendFromAncestor(child, kSigHup);
  kernel.SendFromAncestor(child, kSigQuit);
  EXPECT_EQ(kernel.Look(child).activity, Activity::kRunning) << "it takes that itself";
  EXPECT_EQ(Do(child, SigProcMask(kMaskBlock, SignalBit(kSigHup))).state, Result::State::kGone);
  EXPECT_EQ(kernel.Look(child).status, kSigQuit);
}

// --- Worlds that differ, and worlds that do not ----------------------------------------------------

struct TwoWorlds {
  const char* name;
  void (*one)(ExplorerKernel& kernel);
  void (*other)(ExplorerKernel& kernel);
};

void Have(ExplorerKernel& kernel, Pid who, const Call& call) { kernel.Issue(who, call); }

// 2 has pipes, whose ends are 0 and 1 to read, 2 and 3 to write.
void JoinPipes(ExplorerKernel& kernel, bool crossed) {
  for (int i = 0; i < 4; ++i) Have(kernel, 2, Open(Path::kNull));
  for (const int16_t first : {int16_t{0}, int16_t{1}}) {
    Have(kernel, 2, Close(first));
    Have(kernel, 2, Close(static_cast<int16_t>((first == 1) != crossed ? 3 : 2)));
    Have(kernel, 2, Pipe());
  }
}

// 2 has an eventfd in an epoll.
void AddEventFd(ExplorerKernel& kernel, uint32_t flags) {
  Have(kernel, 2, EventFd(1));
  Have(kernel, 2, EpollCreate());
  Have(kernel, 2, EpollAdd(1, 0, flags));
}

void Watch(ExplorerKernel& kernel, bool told) {
  AddEventFd(kernel, kEpollAdd | kEpollEdge);
  if (told) Have(kernel, 2, EpollWait(1, 0));
}

// 2 is a subject that init traces, has a handler, and is let go on.
void PassOn(ExplorerKernel& kernel, int signal) {
  kernel.Exit(2, 0);
  Have(kernel, kInit, Wait4(2, kWaitNoHang));
  kernel.SetNextPid(2);
  Have(kernel, kInit, Fork());
  kernel.Resume(2);
  Have(kernel, 2, SigAction(kSigUsr1, kSigHandler));
  Have(kernel, kInit, Ptrace(kPtraceSeize, 2));
  kernel.SendFromAncestor(2, kSigHup);
  Have(kernel, kInit, Ptrace(kPtraceContinue, 2, signal));
}

// 2 is in a stop for 3, which was told of it or not.
void StopForTracer(ExplorerKernel& kernel, bool told) {
  Have(kernel, 3, Ptrace(kPtraceSeize, 2));
  kernel.SendFromAncestor(2, kSigUsr1);
  if (told) Have(kernel, 3, Wait4(-1, kWaitNoHang));
}

// In each, 2 and 3 are children of init's, and nothing is blocked.
const TwoWorlds kDifferent[] = {
    {"how much longer a sleep takes",
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, Sleep(2 * kSecond));
       kernel.AdvanceTo(kSecond);
     },
     [](ExplorerKernel& kernel) {
       kernel.AdvanceTo(kSecond);
       Have(kernel, 2, Sleep(2 * kSecond));
     }},
    {"how much longer an alarm takes",
     [](ExplorerKernel& kernel) { Have(kernel, 2, Alarm(kSecond)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, Alarm(2 * kSecond)); }},
    {"whether a handler lets a call restart",
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigUsr1, kSigHandler)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigUsr1, kSigHandler, kSaRestart)); }},
    {"whether a stop of a child is told of",
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigChld, kSigDfl)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigChld, kSigDfl, kSaNoChildStop)); }},
    {"whether a child is kept",
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigChld, kSigDfl)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigChld, kSigDfl, kSaNoChildWait)); }},
    {"which mask is put back",
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SigProcMask(kMaskSet, SignalBit(kSigTerm)));
       Have(kernel, 2, SigSuspend(0));
     },
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigSuspend(0)); }},
    {"whether a tracer was told of a stop",
     [](ExplorerKernel& kernel) { StopForTracer(kernel, false); },
     [](ExplorerKernel& kernel) { StopForTracer(kernel, true); }},
    {"whether a SIGCONT is yet to be told of by a stop",
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SigProcMask(kMaskSet, kAllSignals));
       Have(kernel, 3, Ptrace(kPtraceSeize, 2));
       kernel.SendFromAncestor(2, kSigCont);
     },
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SigProcMask(kMaskSet, kAllSignals));
       Have(kernel, 3, Ptrace(kPtraceSeize, 2));
       for (int i = 0; i < 2; ++i) kernel.SendFromAncestor(2, kSigCont);
     }},
    {"whether a SIGCONT that another thread took came after a stop",
     [](ExplorerKernel& kernel) {
       kernel.StartThread(2);
       Have(kernel, 3, Ptrace(kPtraceAttach, 2));
     },
     [](ExplorerKernel& kernel) {
       kernel.StartThread(2);
       Have(kernel, 3, Ptrace(kPtraceAttach, 2));
       kernel.SendFromAncestor(2, kSigCont);
     }},
    {"which signal a tracer has passed on", [](ExplorerKernel& kernel) { PassOn(kernel, 0); },
     [](ExplorerKernel& kernel) { PassOn(kernel, kSigUsr1); }},
    {"which end of a pipe belongs to which",
     [](ExplorerKernel& kernel) { JoinPipes(kernel, false); },
     [](ExplorerKernel& kernel) { JoinPipes(kernel, true); }},
    {"whether an eventfd is read one by one",
     [](ExplorerKernel& kernel) { Have(kernel, 2, EventFd(2)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, EventFd(2, kEventFdSemaphore)); }},
    {"whether an epoll has told of an edge", [](ExplorerKernel& kernel) { Watch(kernel, false); },
     [](ExplorerKernel& kernel) { Watch(kernel, true); }},
    {"whether an epoll goes by edges",
     [](ExplorerKernel& kernel) { AddEventFd(kernel, kEpollAdd); },
     [](ExplorerKernel& kernel) { AddEventFd(kernel, kEpollAdd | kEpollEdge); }},
    {"whether an epoll by edges tells more than once",
     [](ExplorerKernel& kernel) { AddEventFd(kernel, kEpollAdd | kEpollEdge); },
     [](ExplorerKernel& kernel) { AddEventFd(kernel, kEpollAdd | kEpollEdge | kEpollOnce); }},
    {"which group is in the foreground",
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SetSid());
       Have(kernel, 2, Open(Path::kTerminal));
       Have(kernel, kernel.Fork(2), SetPgid(0, 0));
     },
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SetSid());
       Have(kernel, 2, Open(Path::kTerminal));
       Have(kernel, kernel.Fork(2), SetPgid(0, 0));
       Have(kernel, 2, Terminal(kTerminalSetForeground, 0, 4));
     }},
};

const TwoWorlds kAlike[] = {
    {"how many seconds ago a sleep began that goes on for two",
     [](ExplorerKernel& kernel) { Have(kernel, 2, Sleep(2 * kSecond)); },
     [](ExplorerKernel& kernel) {
       kernel.AdvanceTo(kSecond);
       Have(kernel, 2, Sleep(2 * kSecond));
     }},
    {"when nothing has yet happened", [](ExplorerKernel&) {},
     [](ExplorerKernel& kernel) { kernel.AdvanceTo(kSecond); }},
};

const TwoWorlds kSame[] = {
    {"whether a SIGCONT was yet to be told of to who is dead",
     [](ExplorerKernel& kernel) {
       StopForTracer(kernel, true);
       kernel.Exit(2, 0);
     },
     [](ExplorerKernel& kernel) {
       StopForTracer(kernel, true);
       kernel.SendFromAncestor(2, kSigCont);
       kernel.Exit(2, 0);
     }},
    {"which signal was passed on to who is dead",
     [](ExplorerKernel& kernel) {
       PassOn(kernel, 0);
       kernel.Exit(2, 0);
     },
     [](ExplorerKernel& kernel) {
       PassOn(kernel, kSigUsr1);
       kernel.Exit(2, 0);
     }},
    {"whether calls restart after a signal that has no handler",
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigUsr1, kSigIgn)); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, SigAction(kSigUsr1, kSigIgn, kSaRestart)); }},
    {"whether calls restart after a signal whose handler is cleared",
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SigAction(kSigUsr1, kSigHandler));
       Have(kernel, 2, Fork(kCloneClearHandlers));
       Have(kernel, 2, SigAction(kSigUsr1, kSigDfl));
     },
     [](ExplorerKernel& kernel) {
       Have(kernel, 2, SigAction(kSigUsr1, kSigHandler, kSaRestart));
       Have(kernel, 2, Fork(kCloneClearHandlers));
       Have(kernel, 2, SigAction(kSigUsr1, kSigDfl));
     }},
    {"by what a process that runs was born", [](ExplorerKernel& kernel) { kernel.Fork(2); },
     [](ExplorerKernel& kernel) { Have(kernel, 2, Fork()); }},
};

void Enter(ExplorerKernel& kernel, void (*happens)(ExplorerKernel&)) {
  kernel.SetCallTime(0);
  for (int i = 0; i < 2; ++i) kernel.Fork(kInit);
  happens(kernel);
  EXPECT_EQ(kernel.WhatIsBroken(), nullptr);
}

void Expect(std::span<const TwoWorlds> all, bool equal, bool one_fingerprint) {
  for (const TwoWorlds& worlds : all) {
    ExplorerKernel one, other;
    Enter(one, worlds.one);
    Enter(other, worlds.other);
    EXPECT_EQ(one == other, equal) << worlds.name;
    EXPECT_EQ(one.Fingerprint() == other.Fingerprint(), one_fingerprint) << worlds.name;
  }
}

TEST(Worlds, ThatMayGoOnInOtherWaysDiffer) { Expect(kDifferent, false, false); }

TEST(Worlds, ThatDifferInTimeAloneHaveOneFingerprint) { Expect(kAlike, false, true); }

TEST(Worlds, ThatDifferInWhatNoLongerMattersAreEqual) { Expect(kSame, true, true); }

TEST(CallTest, VisibleCallsAreThoseOfTheDesign) {
  std::string visible;
  for (int kind = 0; kind < kCallKinds; ++kind) {
    const Call call{.kind = static_cast<CallKind>(kind), .time_ns = 1};
    if (IsVisible(call, true)) visible += std::string(CallName(call.kind)) + " ";
  }
  EXPECT_EQ(visible,
            "fork exec exit sigtimedwait read poll epoll_wait pause sigsuspend wait4 waitid kill "
            "tgkill rt_sigqueueinfo pidfd_send_signal sleep setsid ptrace write sync reboot ");
  EXPECT_FALSE(IsVisible(Write(1, 1), false)) << "not to the console";
  EXPECT_FALSE(IsVisible(Poll(1, 0), false)) << "cannot wait";
  EXPECT_FALSE(IsVisible(Read(1, kReadMore), false));
}

TEST_F(KernelTest, CallThatItDoesNotHaveIsRefusedUnlessSomebodyKnowsTheAnswer) {
  EXPECT_EQ(Returns(kInit, Other(151)), -ENOSYS);
  EXPECT_EQ(Returns(kInit, OtherAnswered(151, 0)), 0);
  EXPECT_EQ(Returns(kInit, OtherAnswered(41, -EAFNOSUPPORT)), -EAFNOSUPPORT);
}

TEST(SystemCalls, HaveTheirNamesByNumber) {
  EXPECT_EQ(NameOfSystemCall(0), "read");
  EXPECT_EQ(NameOfSystemCall(151), "mlockall");
  EXPECT_EQ(NameOfSystemCall(425), "io_uring_setup");
  EXPECT_EQ(NameOfSystemCall(-1), "system call -1");
  EXPECT_EQ(NameOfSystemCall(400), "system call 400") << "no call has that number";
  EXPECT_EQ(NameOfSystemCall(100'000), "system call 100000");
}

}  // namespace
}  // namespace minit::kernel
