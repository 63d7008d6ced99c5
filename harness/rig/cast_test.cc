// Names: whom they mean, and whom no longer. The effects of moves are those of the kernel model.
#include "harness/rig/cast.h"

#include <gtest/gtest.h>

#include "harness/kernel/kernel.h"

namespace minit::rig {
namespace {

using kernel::kInit;
using kernel::Pid;
using kernel::ScenarioKernel;
using scenario::MoveKind;
using scenario::Who;
namespace calls = kernel::calls;

struct CastTest : testing::Test {
  CastTest() { cast.Enter({}, world); }
  Pid Fork() {
    cast.BeforeBirth(world);
    const Pid pid = world.Issue(kInit, calls::Fork()).value;
    cast.OnFork(pid, world);
    return pid;
  }
  void Exec(Pid pid) {
    cast.OnExec(pid);
    world.Resume(pid);
    world.Issue(pid, calls::Exec());
  }
  Effect Make(MoveKind kind, Who who, int number = 0, Who other = Who::kChild) {
    return cast.Make({kind, who, static_cast<uint8_t>(other), static_cast<uint16_t>(number), {}},
                     world);
  }

  ScenarioKernel world;
  Cast cast;
};

TEST_F(CastTest, TheChildIsTheOneForkedLastUntilOneCallsExec) {
  const Pid first = Fork();
  const Pid second = Fork();
  EXPECT_EQ(cast.Find(Who::kChild, world), second);
  EXPECT_EQ(cast.Find(Who::kHelper, world), first);
  Exec(first);
  EXPECT_EQ(cast.Find(Who::kChild, world), first);
  EXPECT_EQ(cast.Find(Who::kHelper, world), second);
  EXPECT_TRUE(cast.child_is_known());
}

TEST_F(CastTest, AReapedProcessIsNobodyThoughItsNumberIsGivenAgain) {
  Exec(Fork());
  Make(MoveKind::kDoubleFork, Who::kChild, 0, Who::kProcess1);
  const Pid first = cast.Find(Who::kProcess1, world);
  Make(MoveKind::kExit, Who::kProcess1, 3);
  EXPECT_EQ(cast.Find(Who::kProcess1, world), first) << "a zombie is somebody";
  EXPECT_EQ(world.Issue(kInit, calls::Wait4(-1, kernel::kWaitNoHang)).value, first);
  EXPECT_EQ(cast.Find(Who::kProcess1, world), 0);
  Make(MoveKind::kNextPid, Who::kProcess1);
  Make(MoveKind::kFork, Who::kChild, 0, Who::kProcess2);
  EXPECT_EQ(cast.Find(Who::kProcess2, world), first);
  EXPECT_EQ(cast.Find(Who::kProcess1, world), 0);
}

TEST_F(CastTest, WhatCannotBeDoneHasNoEffect) {
  EXPECT_EQ(Make(MoveKind::kExit, Who::kChild).cause, contract::Cause::kNone) << "nobody";
  const Pid helper = Fork();
  EXPECT_EQ(Make(MoveKind::kSetSid, Who::kChild).cause, contract::Cause::kNone) << "init's own";
  EXPECT_EQ(Make(MoveKind::kKeep, Who::kChild).pid, helper);
  Exec(helper);
  EXPECT_EQ(Make(MoveKind::kKeep, Who::kChild).cause, contract::Cause::kNone) << "after its exec";
}

TEST_F(CastTest, TheEntryIsAsDescribed) {
  scenario::Entry entry;
  entry.streams[2] = scenario::Stream::kClosed;
  entry.descriptors = ~uint64_t{7};
  entry.mask = kernel::SignalBit(kernel::kSigTerm);
  entry.pending = kernel::SignalBit(kernel::kSigTerm) | kernel::SignalBit(kernel::kSigHup);
  entry.children[1] = {scenario::Inheritance::kExited, 7};
  entry.children[2] = {scenario::Inheritance::kTraced, kernel::kSigUsr1};
  cast.Enter(entry, world);
  const kernel::View init = world.Look(kInit);
  EXPECT_EQ(init.descriptors, ~uint64_t{4});
  EXPECT_EQ(init.pending_process, kernel::SignalBit(kernel::kSigTerm)) << "HUP is dropped";
  EXPECT_EQ(world.Look(cast.Find(Who::kProcess2, world)).status, 7 << 8);
  EXPECT_EQ(world.Look(cast.Find(Who::kProcess3, world)).trace_stop, 0x7f | kernel::kSigUsr1 << 8);
}

}  // namespace
}  // namespace minit::rig
