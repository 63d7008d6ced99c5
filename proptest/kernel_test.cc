// Laws of the kernel model, on stories of calls and events that shrink.
#include "harness/kernel/kernel.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proptest/story.h"

namespace minit::kernel {
namespace {

// --- Lives: a family, reckoned independently -------------------------------------------------------

// What is true of each process ever born, and the order in which init waits for its own.
struct Family {
  enum class Fate { kAlive, kZombie, kReaped };
  struct Member {
    Fate fate = Fate::kAlive;
    Pid parent = kInit;
    int code = 0;
  };
  std::map<Pid, Member> members;
  std::vector<Pid> of_init;  // alive or zombie, in the order of waiting

  std::vector<Pid> Alive() const {
    std::vector<Pid> alive;
    for (const auto& [pid, member] : members) {
      if (member.fate == Fate::kAlive) alive.push_back(pid);
    }
    return alive;
  }
  Pid FirstZombie() const {
    for (const Pid pid : of_init) {
      if (members.at(pid).fate == Fate::kZombie) return pid;
    }
    return 0;
  }
  void Bear(Pid pid, Pid parent) {
    members[pid] = {.parent = parent};
    if (parent == kInit) of_init.push_back(pid);
  }
  // Children of the dead go to init, in order of birth, the dead ones too.
  void Kill(Pid pid, int code) {
    members[pid].fate = Fate::kZombie;
    members[pid].code = code;
    for (auto& [child, member] : members) {
      if (member.parent != pid || member.fate == Fate::kReaped) continue;
      member.parent = kInit;
      of_init.push_back(child);
    }
  }
  void Reap(Pid pid) {
    members[pid].fate = Fate::kReaped;
    std::erase(of_init, pid);
  }
};

using World = ScenarioKernel;
using FamilyCommand = rc::state::Command<Family, World>;

void CheckFamily(const Family& family, const World& world) {
  std::size_t present = 0;
  for (const auto& [pid, member] : family.members) {
    const View view = world.Look(pid);
    if (member.fate == Family::Fate::kReaped) {
      RC_ASSERT(view.pid == 0);
      continue;
    }
    ++present;
    RC_ASSERT(view.pid == pid);
    RC_ASSERT(view.parent == member.parent);
    RC_ASSERT((view.activity == Activity::kZombie) == (member.fate == Family::Fate::kZombie));
  }
  RC_ASSERT(static_cast<std::size_t>(world.size()) == present + 1);
  const char* const broken = world.WhatIsBroken();
  RC_ASSERT(broken == nullptr);
}

// A process is born to init (before it was entered, as it were) or to any that lives.
struct Birth : FamilyCommand {
  explicit Birth(const Family& family) {
    std::vector<Pid> alive = family.Alive();
    alive.push_back(kInit);
    parent = *rc::gen::elementOf(alive);
    pid = static_cast<Pid>(family.members.size()) + 2;  // numbers go up, and are not given again
  }
  void checkPreconditions(const Family& family) const override {
    RC_PRE(family.members.size() < 60U);
    RC_PRE(pid == static_cast<Pid>(family.members.size()) + 2);
    RC_PRE(parent == kInit || (family.members.contains(parent) &&
                               family.members.at(parent).fate == Family::Fate::kAlive));
  }
  void apply(Family& family) const override { family.Bear(pid, parent); }
  void run(const Family& before, World& world) const override {
    RC_ASSERT(world.Fork(parent) == pid);
    Family after = before;
    apply(after);
    CheckFamily(after, world);
  }
  void show(std::ostream& out) const override { out << parent << " forks " << pid; }
  Pid parent;
  Pid pid;
};

struct Death : FamilyCommand {
  explicit Death(const Family& family) {
    const std::vector<Pid> alive = family.Alive();
    RC_PRE(!alive.empty());
    pid = *rc::gen::elementOf(alive);
    code = *rc::gen::inRange(0, 256);
  }
  void checkPreconditions(const Family& family) const override {
    RC_PRE(family.members.contains(pid));
    RC_PRE(family.members.at(pid).fate == Family::Fate::kAlive);
  }
  void apply(Family& family) const override { family.Kill(pid, code); }
  void run(const Family& before, World& world) const override {
    RC_ASSERT(world.Exit(pid, code) == 0);
    Family after = before;
    apply(after);
    CheckFamily(after, world);
  }
  void show(std::ostream& out) const override { out << pid << " exits " << code; }
  Pid pid;
  int code;
};

// Init waits without hanging: it gets the first zombie of its own, each exactly once.
struct Reaping : FamilyCommand {
  void apply(Family& family) const override {
    if (const Pid pid = family.FirstZombie(); pid != 0) family.Reap(pid);
  }
  void run(const Family& before, World& world) const override {
    const Result result = world.Issue(kInit, calls::Wait4(-1, kWaitNoHang));
    const Pid expected = before.FirstZombie();
    RC_ASSERT(result.value == (expected != 0 ? expected : before.of_init.empty() ? -10 : 0));
    if (expected != 0) RC_ASSERT(result.status == before.members.at(expected).code << 8);
    Family after = before;
    apply(after);
    CheckFamily(after, world);
  }
  void show(std::ostream& out) const override { out << "init reaps"; }
};

RC_GTEST_PROP(Kernel, EveryProcessIsAliveAZombieOrReapedOnceAndOrphansGoToInit, ()) {
  const auto world = std::make_unique<World>();
  rc::state::check(Family{}, *world, rc::state::gen::execOneOfWithArgs<Birth, Death, Reaping>());
}

// --- Signals ---------------------------------------------------------------------------------------

int AnySoftSignal() {
  return *rc::gen::suchThat(rc::gen::inRange(1, 65),
                            [](int signal) { return signal != kSigKill && signal != kSigStop; });
}

// Init, with everything blocked.
void BlockAll(World& world) { world.Issue(kInit, calls::SigProcMask(kMaskSet, kAllSignals)); }

RC_GTEST_PROP(Signals, ArePendingOnceEachUnlessRealTime, ()) {
  World world;
  BlockAll(world);
  const int signal = AnySoftSignal();
  const int times = *rc::gen::inRange(1, 20);
  for (int i = 0; i < times; ++i) world.SendFromAncestor(kInit, signal);
  const int expected = signal >= kSigRtMin ? times : 1;
  RC_ASSERT(world.PendingCount(kInit, signal, true) == expected);
}

// Stop and continue signals discard each other.
constexpr uint64_t kDiscarding =
    SignalBit(kSigCont) | SignalBit(kSigTstp) | SignalBit(kSigTtin) | SignalBit(kSigTtou);

// Those that an instruction causes come first.
bool IsCausedByAnInstruction(int signal) {
  return signal == kSigIll || signal == kSigTrap || signal == kSigBus || signal == kSigFpe ||
         signal == kSigSegv || signal == kSigSys;
}

RC_GTEST_PROP(Signals, AreTakenLowestFirstAndEachAsOftenAsItIsPending,
              (const std::vector<uint8_t>& bytes)) {
  World world;
  BlockAll(world);
  std::multiset<int> pending;
  for (const uint8_t byte : bytes) {
    const int signal = byte % 64 + 1;
    if (signal == kSigKill || signal == kSigStop || ((kDiscarding >> (signal - 1)) & 1) != 0)
      continue;
    world.SendFromAncestor(kInit, signal);
    if (signal >= kSigRtMin || !pending.contains(signal)) pending.insert(signal);
  }
  std::vector<int> expected(pending.begin(), pending.end());
  std::sort(expected.begin(), expected.end(), [](int a, int b) {
    return std::pair(!IsCausedByAnInstruction(a), a) < std::pair(!IsCausedByAnInstruction(b), b);
  });
  for (const int signal : expected) {
    RC_ASSERT(world.Issue(kInit, calls::SigTimedWait(kAllSignals, 0)).value == signal);
  }
  RC_ASSERT(world.Issue(kInit, calls::SigTimedWait(kAllSignals, 0)).value == -11);
}

RC_GTEST_PROP(Signals, StayPendingWhileMaskedAndAWaitForOthersLeavesThem,
              (uint64_t sent, uint64_t waited)) {
  World world;
  BlockAll(world);
  sent &= ~(SignalBit(kSigKill) | SignalBit(kSigStop));
  sent &= ~kDiscarding;
  for (int signal = 1; signal <= 64; ++signal) {
    if ((sent & SignalBit(signal)) != 0) world.SendFromAncestor(kInit, signal);
  }
  RC_ASSERT(world.Look(kInit).pending_process == sent);
  while (world.Issue(kInit, calls::SigTimedWait(waited, 0)).value > 0) {
  }
  RC_ASSERT(world.Look(kInit).pending_process == (sent & ~waited));
}

RC_GTEST_PROP(Signals, ToAGroupReachExactlyItsMembers, (const std::vector<bool>& joins)) {
  RC_PRE(!joins.empty() && joins.size() < 100U);
  World world;
  const Pid leader = world.Fork(kInit);
  world.Issue(leader, calls::SetPgid(0, 0));
  std::vector<Pid> others;
  for (const bool join : joins) {
    const Pid pid = world.Fork(kInit);
    if (join) RC_ASSERT(world.Issue(pid, calls::SetPgid(0, leader)).value == 0);
    others.push_back(pid);
  }
  RC_ASSERT(world.Issue(kInit, calls::Kill(-leader, kSigTerm)).value == 0);
  RC_ASSERT(world.Look(leader).activity == Activity::kZombie);
  for (std::size_t i = 0; i < joins.size(); ++i) {
    RC_ASSERT((world.Look(others[i]).activity == Activity::kZombie) == joins[i]);
  }
}

RC_GTEST_PROP(Signals, AtTheirDefaultDoNothingToInit, ()) {
  World world;
  const World before = world;
  const int signal = AnySoftSignal();
  const Pid sender = world.Fork(kInit);
  world.Issue(sender, calls::Kill(kInit, signal));
  world.SendFromKernel(kInit, signal);
  RC_ASSERT(world.ending() == Ending::kNone);
  RC_ASSERT(world.Look(kInit).pending_process == 0U);
  RC_ASSERT(world.Look(kInit).activity == before.Look(kInit).activity);
}

// --- Time, tracing, threads ------------------------------------------------------------------------

RC_GTEST_PROP(TimeOuts, EndExactlyOnTime, ()) {
  World world;
  world.SetCallTime(0);
  std::map<Pid, std::pair<uint64_t, Call>> sleepers;
  const int count = *rc::gen::inRange(1, 11);
  for (int i = 0; i < count; ++i) {
    const Pid pid = world.Fork(kInit);
    const uint64_t for_ns = *rc::gen::inRange<uint64_t>(1, 1000);
    const auto epoll = static_cast<int16_t>(world.Issue(pid, calls::EpollCreate()).value);
    const auto timer = static_cast<int16_t>(world.Issue(pid, calls::TimerFdCreate()).value);
    RC_ASSERT(world.Issue(pid, calls::TimerFdSet(timer, for_ns)).value == 0);
    const Call call = *rc::gen::element(calls::Sleep(for_ns), calls::Poll(0, for_ns),
                                        calls::SigTimedWait(kAllSignals, for_ns),
                                        calls::EpollWait(epoll, for_ns), calls::Read(timer));
    RC_ASSERT(world.Issue(pid, call).state == Result::State::kBlocked);
    sleepers[pid] = {world.now_ns() + for_ns, call};
    world.AdvanceTo(world.now_ns() + *rc::gen::inRange<uint64_t>(0, 100));
  }
  while (!sleepers.empty()) {
    world.AdvanceTo(world.now_ns() + *rc::gen::inRange<uint64_t>(1, 400));
    for (auto it = sleepers.begin(); it != sleepers.end();) {
      const auto& [pid, sleep] = *it;
      const auto& [until_ns, call] = sleep;
      const Step step = world.Resume(pid);
      RC_ASSERT((step.kind == Step::Kind::kBlocked) == (world.now_ns() < until_ns));
      if (step.kind == Step::Kind::kBlocked) {
        ++it;
        continue;
      }
      RC_ASSERT(step.kind == Step::Kind::kReturns);
      RC_ASSERT(step.result.value == (call.kind == CallKind::kSigTimedWait ? -11
                                      : call.kind == CallKind::kRead       ? 8
                                                                           : 0));
      it = sleepers.erase(it);
    }
  }
}

RC_GTEST_PROP(Alarms, GoOffOnceAndOnTime, ()) {
  World world;
  world.SetCallTime(0);
  BlockAll(world);
  const uint64_t in_ns = *rc::gen::inRange<uint64_t>(1, 1'000'000);
  world.Issue(kInit, calls::Alarm(in_ns));
  const uint64_t until_ns = *rc::gen::inRange<uint64_t>(1, 2 * in_ns + 1);
  RC_ASSERT(world.NextTimer() == in_ns);
  world.AdvanceTo(until_ns);
  RC_ASSERT(world.PendingCount(kInit, kSigAlrm, true) == (until_ns >= in_ns));
  world.Issue(kInit, calls::SigTimedWait(SignalBit(kSigAlrm), 0));
  world.AdvanceTo(until_ns + in_ns);
  RC_ASSERT(world.PendingCount(kInit, kSigAlrm, true) == (until_ns < in_ns));
}

// A traced process stops for its tracer on every signal but KILL, and is told of once; let go with a
// signal, it is as if that had just come.
RC_GTEST_PROP(Tracing, StopsOnASignalAndPassesOnWhatTheTracerSays, ()) {
  World world;
  const Pid pid = world.Fork(kInit);
  BlockAll(world);
  RC_ASSERT(world.Issue(pid, calls::Ptrace(kPtraceTraceMe)).value == 0);
  RC_ASSERT(world.Issue(pid, calls::Ptrace(kPtraceTraceMe)).value == -1);
  const int signal = *rc::gen::inRange(1, 9);
  const int data = *rc::gen::element(0, 1, 2, 10, 15);
  RC_ASSERT(world.SendFromKernel(pid, signal) == 0);
  RC_ASSERT(world.PendingCount(kInit, kSigChld, true) == 1);
  const Call wait = calls::Wait4(-1, kWaitNoHang);
  const Result told = world.Issue(kInit, wait);
  RC_ASSERT(told.value == pid && told.status == (signal << 8 | 0x7f));
  RC_ASSERT(world.Issue(kInit, wait).value == 0);
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(kPtraceDetach, pid, data)).value == 0);
  const Result end = world.Issue(kInit, wait);
  RC_ASSERT(end.value == (data == 0 ? 0 : pid));
  RC_ASSERT(end.status == data);
}

// What a wait of a tracer finds.
Result Told(World& world, Pid tracer) {
  return world.Issue(tracer, calls::Wait4(-1, kWaitNoHang | kWaitAll));
}

// Ways to become a tracer of `pid`, a child of `tracer`. The stop of an attach is told of and over.
enum class Way { kAsks, kAttached, kSeized };

void Trace(World& world, Pid tracer, Pid pid, Way way) {
  if (way == Way::kAsks) RC_ASSERT(world.Issue(pid, calls::Ptrace(kPtraceTraceMe)).value == 0);
  if (way == Way::kSeized) {
    RC_ASSERT(world.Issue(tracer, calls::Ptrace(kPtraceSeize, pid)).value == 0);
  }
  if (way != Way::kAttached) return;
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(kPtraceAttach, pid)).value == 0);
  RC_ASSERT(Told(world, tracer).status == (kSigStop << 8 | 0x7f));
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(kPtraceContinue, pid)).value == 0);
}

// Once it has begun the new program, by SIGTRAP, and told of once. Who was seized goes on.
RC_GTEST_PROP(Tracing, AnExecIsAStopUnlessTheTraceeWasSeized, (bool to_init)) {
  World world;
  const Pid tracer = to_init ? Pid{kInit} : world.Fork(kInit);
  const Pid pid = world.Fork(tracer);
  const auto way = *rc::gen::element(Way::kAsks, Way::kAttached, Way::kSeized);
  Trace(world, tracer, pid, way);
  world.Issue(pid, calls::Exec());
  RC_ASSERT(world.Look(pid).has_execed);
  const Result told = Told(world, tracer);
  RC_ASSERT(told.value == (way == Way::kSeized ? 0 : pid));
  RC_ASSERT(told.status == (way == Way::kSeized ? 0 : kSigTrap << 8 | 0x7f));
  RC_ASSERT(Told(world, tracer).value == 0);
  if (way == Way::kSeized) return;
  RC_ASSERT(world.Look(pid).activity == Activity::kTraced);
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(kPtraceDetach, pid)).value == 0);
  RC_ASSERT(world.Look(pid).activity == Activity::kRunning);
  RC_ASSERT(world.Look(pid).tracer == 0);
}

// The stop is one for a signal: what the tracer passes on acts as if it had just come, wherever it is
// passed on to.
RC_GTEST_PROP(Tracing, WhatIsPassedOnIsBlockedHandledIgnoredOrActs, ()) {
  World world;
  const Pid pid = world.Fork(kInit);
  const int data = *rc::gen::element(0, 1, 3, 15, 17, 19, 28, 34);
  const int how = *rc::gen::inRange(0, 4);
  if (how == 0) world.Issue(pid, calls::SigProcMask(kMaskSet, SignalBit(data == 0 ? 1 : data)));
  if (how == 1) world.Issue(pid, calls::SigAction(data, kSigHandler));
  if (how == 2) world.Issue(pid, calls::SigAction(data, kSigIgn));
  Trace(world, kInit, pid, *rc::gen::element(Way::kAsks, Way::kAttached, Way::kSeized));
  world.SendFromKernel(pid, kSigUsr1);
  RC_ASSERT(Told(world, kInit).status == (kSigUsr1 << 8 | 0x7f));
  const int32_t request = *rc::gen::element(kPtraceDetach, kPtraceContinue);
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(request, pid, 65)).value == -5);
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(request, pid, data)).value == 0);
  const bool harmless = data == 0 || data == 17 || data == 28;
  const bool stops = data == 19;
  const bool acts = how == 3 && !harmless && !stops;
  const bool stops_again = stops && request == kPtraceContinue;
  RC_ASSERT((world.Look(pid).activity == Activity::kTraced) == stops_again);
  const View view = world.Look(pid);
  RC_ASSERT((view.pending_thread != 0) == (how == 0 && data != 0 && !stops));
  RC_ASSERT((view.activity == Activity::kZombie) == acts);
  RC_ASSERT(view.stopped == stops);
}

// A subject has its handler run by the thread that the signal is passed on to.
RC_GTEST_PROP(Tracing, WhatIsPassedOnIsHandledThere, ()) {
  World world;
  const Pid process = world.Issue(kInit, calls::Fork()).value;
  world.Resume(process);
  const int data = *rc::gen::element(1, 3, 15, 17, 20, 28, 34);
  world.Issue(process, calls::SigAction(data, kSigHandler));
  std::vector<Pid> threads = {process};
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) threads.push_back(world.StartThread(process));
  const Pid thread = *rc::gen::elementOf(threads);
  Trace(world, kInit, thread, *rc::gen::element(Way::kAttached, Way::kSeized));
  world.Issue(kInit, calls::ThreadKill(process, thread, kSigUsr1));
  RC_ASSERT(Told(world, kInit).status == (kSigUsr1 << 8 | 0x7f));
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(kPtraceContinue, thread, data)).value == 0);
  for (const Pid one : threads) {
    const Step step = world.Resume(one);
    RC_ASSERT((step.kind == Step::Kind::kHandler) == (one == thread));
    RC_ASSERT(step.signal == (one == thread ? data : 0));
  }
}

// It ends: a stop that it was told of is over, one that it was not told of passes its signal on.
RC_GTEST_PROP(Tracing, ATracerThatEndsDropsOnlyWhatItWasToldOf, (bool was_told)) {
  World world;
  const Pid tracer = world.Fork(kInit);
  const Pid pid = world.Fork(*rc::gen::element(Pid{kInit}, tracer));
  Trace(world, tracer, pid, *rc::gen::element(Way::kAttached, Way::kSeized));
  const int signal = *rc::gen::element(1, 2, 10, 15, 34);
  world.SendFromKernel(pid, signal);
  RC_ASSERT(world.Look(pid).activity == Activity::kTraced);
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(kPtraceDetach, pid)).value == -3);
  if (was_told) RC_ASSERT(Told(world, tracer).status == (signal << 8 | 0x7f));
  world.Exit(tracer, 0);
  RC_ASSERT(world.Look(pid).tracer == 0);
  RC_ASSERT(world.Look(pid).parent == kInit);
  RC_ASSERT((world.Look(pid).activity == Activity::kZombie) == !was_told);
}

// The dead are the tracer's first: then, by whatever way it lets go, their parent's.
RC_GTEST_PROP(Tracing, AZombieIsItsParentsOnceTheTracerHasLetGo, ()) {
  World world;
  const Pid tracer = world.Fork(kInit);
  const Pid pid = world.Fork(kInit);
  Trace(world, tracer, pid, *rc::gen::element(Way::kAttached, Way::kSeized));
  BlockAll(world);
  const int code = *rc::gen::inRange(0, 256);
  world.Exit(pid, code);
  RC_ASSERT(Told(world, kInit).value == 0);
  RC_ASSERT(world.PendingCount(kInit, kSigChld, true) == 0);
  if (*rc::gen::arbitrary<bool>()) {
    RC_ASSERT(Told(world, tracer).status == code << 8);
    RC_ASSERT(world.Exists(pid));
    RC_ASSERT(Told(world, tracer).value == -10);
  } else {
    world.Exit(tracer, 0);
    RC_ASSERT(Told(world, kInit).value == tracer);
  }
  RC_ASSERT(world.PendingCount(kInit, kSigChld, true) == 1);
  const Result told = Told(world, kInit);
  RC_ASSERT(told.value == pid && told.status == code << 8);
}

// A stop signal that is passed on stops the process as a whole: a second stop, which takes no signal.
RC_GTEST_PROP(Tracing, AGroupStopTakesNoSignalAndSigcontEndsIt, (bool continued)) {
  World world;
  const Pid pid = world.Fork(kInit);
  const auto way = *rc::gen::element(Way::kAsks, Way::kAttached, Way::kSeized);
  Trace(world, kInit, pid, way);
  world.SendFromKernel(pid, kSigStop);
  RC_ASSERT(Told(world, kInit).status == (kSigStop << 8 | 0x7f));
  if (continued) world.SendFromKernel(pid, kSigCont);  // takes from the stop its effect
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(kPtraceContinue, pid, kSigStop)).value == 0);
  RC_ASSERT(world.Look(pid).stopped == !continued);
  const uint32_t event = way == Way::kSeized ? 0x80U << 16 : 0;
  const Result told = Told(world, kInit);
  if (continued) {
    const int next = way == Way::kSeized ? kSigTrap : kSigCont;
    RC_ASSERT(told.status == static_cast<int>(event | static_cast<uint32_t>(next) << 8 | 0x7f));
    return;
  }
  RC_ASSERT(told.status == static_cast<int>(event | uint32_t{kSigStop} << 8 | 0x7f));
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(kPtraceDetach, pid, kSigTerm)).value == 0);
  RC_ASSERT(world.Look(pid).activity == Activity::kStopped);
  world.SendFromKernel(pid, kSigCont);
  RC_ASSERT(world.Look(pid).activity == Activity::kRunning);
}

// Nobody traces init, or what is traced; a stopped process is one for its tracer at once.
RC_GTEST_PROP(Tracing, IsRefusedOrStopsAtOnce, (bool stopped)) {
  World world;
  const Pid tracer = world.Fork(kInit);
  const Pid pid = world.Fork(kInit);
  const int32_t request = *rc::gen::element(kPtraceAttach, kPtraceSeize);
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(request, kInit)).value == -1);
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(request, tracer)).value == -1);
  if (stopped) world.SendFromKernel(pid, kSigStop);
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(request, pid)).value == 0);
  RC_ASSERT(world.Issue(kInit, calls::Ptrace(request, pid)).value == -1);
  const bool seized = request == kPtraceSeize;
  const Activity activity = world.Look(pid).activity;
  RC_ASSERT(activity == (seized && !stopped ? Activity::kRunning : Activity::kTraced));
  RC_ASSERT(Told(world, tracer).value == (activity == Activity::kTraced ? pid : -0));
  RC_ASSERT(world.Issue(tracer, calls::Ptrace(kPtraceKill, pid)).value == 0);
  RC_ASSERT(world.Look(pid).activity == Activity::kZombie);
}

// A process dies with its last thread, and only then can be waited for.
RC_GTEST_PROP(Threads, TheLastEndsTheProcess, (bool last_counts)) {
  World world(Entry{.last_thread_status = last_counts});
  const Pid process = world.Fork(kInit);
  std::vector<Pid> threads = {process};
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) threads.push_back(world.StartThread(process));
  int code = 0;
  int code_of_leader = 0;
  const Call wait = calls::Wait4(-1, kWaitNoHang);
  while (!threads.empty()) {
    RC_ASSERT(world.Issue(kInit, wait).value == 0);
    const std::size_t which = *rc::gen::inRange<std::size_t>(0, threads.size());
    RC_ASSERT(world.ExitThread(threads[which], ++code) == 0);
    if (threads[which] == process) code_of_leader = code;
    threads.erase(threads.begin() + static_cast<std::ptrdiff_t>(which));
  }
  const Result end = world.Issue(kInit, wait);
  RC_ASSERT(end.value == process);
  RC_ASSERT(end.status == (last_counts ? code : code_of_leader) << 8);
}

// A number is taken for as long as a group or a session has it, though its process is gone.
RC_GTEST_PROP(Numbers, OfAGroupOrASessionAreNotGivenOut, (bool of_session)) {
  World world(Entry{.pid_max = 12});
  const Pid leader = world.Fork(kInit);
  world.Issue(leader, of_session ? calls::SetSid() : calls::SetPgid(0, 0));
  const Pid member = world.Fork(leader);
  if (of_session && *rc::gen::arbitrary<bool>()) world.Issue(member, calls::SetPgid(0, 0));
  world.Exit(leader, 0);
  RC_ASSERT(world.Issue(kInit, calls::Wait4(leader, kWaitNoHang)).value == leader);
  const int births = *rc::gen::inRange(1, 40);
  for (int i = 0; i < births; ++i) {
    const Pid pid = world.Fork(kInit);
    RC_ASSERT(pid != leader && pid != member);
    world.Exit(pid, 0);
    world.Issue(kInit, calls::Wait4(pid, kWaitNoHang));
  }
}

// They go up, and after the last begin again: with 2, or past those reserved once these were reached.
RC_GTEST_PROP(Numbers, GoUpAndBeginAgain, ()) {
  const Pid max = *rc::gen::element(5, 40, 299, 300, 301, 302, 310);
  World world(Entry{.pid_max = max});
  Pid last = *rc::gen::inRange<Pid>(1, max - 1);
  RC_ASSERT(world.SetNextPid(last + 1) == 0);
  std::set<Pid> taken = {kInit};
  for (int births = *rc::gen::inRange(1, 20); births > 0; --births) {
    Pid next = last;
    int tried = 0;
    do {
      next = next + 1 < max ? next + 1 : last >= 300 ? 300 : 2;
    } while (taken.contains(next) && ++tried < max);
    const Pid pid = world.Fork(kInit);
    RC_ASSERT(pid == (tried < max ? next : -EAGAIN));
    if (pid < 0) return;
    taken.insert(pid);
    last = pid;
    if (!*rc::gen::arbitrary<bool>()) continue;
    world.Exit(pid, 0);
    world.Issue(kInit, calls::Wait4(pid, kWaitNoHang));
    taken.erase(pid);
  }
}

// They are dead when init adopts them, one after the other, from the session and the group of another.
RC_GTEST_PROP(Bursts, AreOfTheProcessThatTheyComeFrom, (bool of_thread, uint8_t code)) {
  World world;
  const Pid process = world.Fork(kInit);
  const Pid thread = world.StartThread(process);
  if (*rc::gen::arbitrary<bool>()) world.Issue(process, calls::SetSid());
  const int count = *rc::gen::inRange(0, 6);
  RC_ASSERT(world.Burst(of_thread ? thread : process, count, code) == count);
  for (int i = 0; i < count; ++i) {
    const View orphan = world.Look(thread + 1 + i);
    RC_ASSERT(orphan.parent == kInit && orphan.activity == Activity::kZombie);
    RC_ASSERT(orphan.group == world.Look(process).group);
    RC_ASSERT(orphan.session == world.Look(process).session);
    const Result told = Told(world, kInit);
    RC_ASSERT(told.value == orphan.pid && told.status == code << 8);
  }
  RC_ASSERT(Told(world, kInit).value == 0);
}

// --- Threads ---------------------------------------------------------------------------------------

// One that is for the process is taken by whichever thread does not block it, one for a thread by
// that alone; what is fatal ends them all.
RC_GTEST_PROP(Threads, TakeWhatTheyDoNotBlock, (bool to_thread)) {
  World world;
  const Pid process = world.Fork(kInit);
  const int signal = *rc::gen::element(1, 3, 11, 15, 34);
  std::vector<Pid> threads = {process};
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) threads.push_back(world.StartThread(process));
  const std::size_t target = *rc::gen::inRange<std::size_t>(0, threads.size());
  std::vector<bool> blocks;
  for (const Pid thread : threads) {
    blocks.push_back(*rc::gen::arbitrary<bool>());
    if (blocks.back()) world.Issue(thread, calls::SigProcMask(kMaskSet, SignalBit(signal)));
  }
  if (to_thread) {
    world.Issue(kInit, calls::ThreadKill(process, threads[target], signal));
  } else {
    world.Issue(kInit, calls::Kill(threads[target], signal));  // finds the process
  }
  const bool pends = to_thread
                         ? blocks[target]
                         : std::all_of(blocks.begin(), blocks.end(), [](bool is) { return is; });
  RC_ASSERT((world.Look(process).activity == Activity::kZombie) == !pends);
  RC_ASSERT(world.Exists(threads.back()) == pends);
  if (!pends) {
    const Result end = world.Issue(kInit, calls::Wait4(-1, kWaitNoHang));
    RC_ASSERT(end.value == process && end.status == signal);
    return;
  }
  RC_ASSERT(world.PendingCount(process, signal, true) == !to_thread);
  for (std::size_t i = 0; i < threads.size(); ++i) {
    RC_ASSERT(world.PendingCount(threads[i], signal, false) == (to_thread && i == target));
  }
  world.Issue(threads[target], calls::SigProcMask(kMaskSet, 0));
  RC_ASSERT(world.Look(process).activity == Activity::kZombie);
}

// Each knows its own number, and all the rest is their process's.
RC_GTEST_PROP(Threads, AreOfOneProcess, ()) {
  World world;
  const Pid process = world.Fork(kInit);
  if (*rc::gen::arbitrary<bool>()) world.Issue(process, calls::SetSid());
  const Pid thread = world.StartThread(process);
  for (const int32_t which : {kIdProcess, kIdParent, kIdGroup, kIdSession}) {
    const int32_t told = world.Issue(process, calls::GetId(which)).value;
    RC_ASSERT(world.Issue(thread, calls::GetId(which)).value == told);
  }
  RC_ASSERT(world.Issue(process, calls::GetId(kIdThread)).value == process);
  RC_ASSERT(world.Issue(thread, calls::GetId(kIdThread)).value == thread);
  RC_ASSERT(world.Issue(thread, calls::GetId(kIdProcess)).value == process);
  RC_ASSERT(world.Issue(thread, calls::GetId(kIdParent)).value == kInit);
}

// A signalfd gives whoever reads it its own signals and its process's, whoever made it.
RC_GTEST_PROP(Threads, ReadWhatIsTheirs, (bool of_leader, bool by_leader, bool to_thread)) {
  World world;
  const Pid process = world.Fork(kInit);
  const Pid thread = world.StartThread(process);
  for (const Pid one : {process, thread}) {
    world.Issue(one, calls::SigProcMask(kMaskSet, kAllSignals));
  }
  const int signal = *rc::gen::element(1, 15, 34, 64);
  const Call open = calls::SignalFd(SignalBit(signal));
  const int fd = world.Issue(by_leader ? process : thread, open).value;
  const Pid target = of_leader ? process : thread;
  world.Issue(kInit,
              to_thread ? calls::ThreadKill(process, target, signal) : calls::Kill(target, signal));
  const Pid other = of_leader ? thread : process;
  const Call poll = calls::Poll(uint64_t{1} << fd, 0);
  RC_ASSERT(world.Issue(other, poll).value == !to_thread);
  RC_ASSERT(world.Issue(target, poll).value == 1);
  const Call read = calls::Read(static_cast<int16_t>(fd), kReadMore);
  RC_ASSERT((world.Issue(other, read).signal == signal) == !to_thread);
  const Result result = world.Issue(target, read);
  RC_ASSERT((result.signal == signal) == to_thread);
  RC_ASSERT(result.from_thread == to_thread);
}

// A fault ends who has no handler for it, or can't have it run.
RC_GTEST_PROP(Threads, FeelTheirFaults, (bool handles, bool blocks, bool ignores)) {
  World world;
  const Pid process = world.Fork(kInit);
  const Pid thread = world.StartThread(process);
  const int signal = *rc::gen::element(kSigSegv, kSigBus, kSigIll, kSigFpe, kSigTrap);
  if (handles || ignores) {
    world.Issue(process, calls::SigAction(signal, handles ? kSigHandler : kSigIgn));
  }
  if (blocks) world.Issue(thread, calls::SigProcMask(kMaskSet, SignalBit(signal)));
  RC_ASSERT(world.Fault(thread, signal) == 0);
  const bool felt = handles && !blocks;
  RC_ASSERT((world.Look(process).activity == Activity::kZombie) == !felt);
  RC_ASSERT(world.Exists(thread) == felt);
}

// An epoll is a set of open descriptors, itself not among them.
RC_GTEST_PROP(Epolls, AreSets, (const std::vector<std::pair<bool, uint8_t>>& changes)) {
  World world;
  std::vector<int16_t> fds;
  for (int i = 0; i < 3; ++i) {
    fds.push_back(static_cast<int16_t>(world.Issue(kInit, calls::SignalFd(0)).value));
  }
  const auto epoll = static_cast<int16_t>(world.Issue(kInit, calls::EpollCreate()).value);
  constexpr int16_t kClosed = 60;
  fds.insert(fds.end(), {epoll, kClosed});
  std::set<int> inside;
  for (const auto& [add, which] : changes) {
    const int16_t fd = fds[which % fds.size()];
    Call call = calls::EpollAdd(epoll, fd);
    call.flags = add ? 1 : 0;
    const int expected = fd == kClosed                ? -EBADF
                         : fd == epoll                ? -EINVAL
                         : add == inside.contains(fd) ? (add ? -EEXIST : -ENOENT)
                                                      : 0;
    RC_ASSERT(world.Issue(kInit, call).value == expected);
    if (expected == 0 && add) inside.insert(fd);
    if (expected == 0 && !add) inside.erase(fd);
  }
}

// One is ready if anything in it is, an epoll too, and so on.
RC_GTEST_PROP(Epolls, AreReadyAsWhatIsWithin, (bool is_pending)) {
  World world(Entry{.mask = kAllSignals});
  const auto open = [&world](const Call& call) {
    return static_cast<int16_t>(world.Issue(kInit, call).value);
  };
  const int16_t idle = open(calls::SignalFd(0));
  int16_t outermost = open(calls::SignalFd(SignalBit(kSigUsr1)));
  for (int depth = *rc::gen::inRange(1, 5); depth > 0; --depth) {
    const int16_t epoll = open(calls::EpollCreate());
    if (*rc::gen::arbitrary<bool>()) world.Issue(kInit, calls::EpollAdd(epoll, idle));
    RC_ASSERT(world.Issue(kInit, calls::EpollAdd(epoll, outermost)).value == 0);
    outermost = epoll;
  }
  if (is_pending) world.SendFromAncestor(kInit, kSigUsr1);
  RC_ASSERT(world.Issue(kInit, calls::Poll(uint64_t{1} << outermost, 0)).value == is_pending);
  RC_ASSERT(world.Issue(kInit, calls::EpollWait(outermost, 0)).value == is_pending);
}

// A timer that repeats wakes an edge once, then not until it was read, whatever other timers do.
RC_GTEST_PROP(Epolls, TellOfARepeatingTimerOnceUntilItIsRead, (const std::vector<uint8_t>& deeds)) {
  constexpr uint64_t kMs = 1'000'000;
  struct Timer {
    int16_t fd;
    uint64_t every_ns;
    uint64_t due_ns;
    bool expired = false;
    bool heard = false;
  };
  World world(Entry{.mask = kAllSignals});
  const auto epoll = static_cast<int16_t>(world.Issue(kInit, calls::EpollCreate()).value);
  std::vector<Timer> timers;
  for (const uint64_t every_ns : {7 * kMs, 10 * kMs}) {
    const auto fd =
        static_cast<int16_t>(world.Issue(kInit, calls::TimerFdCreate(kOpenNonBlock)).value);
    timers.push_back({fd, every_ns, world.now_ns() + every_ns});
    world.Issue(kInit, calls::TimerFdSet(fd, every_ns, every_ns));
    world.Issue(kInit, calls::EpollAdd(epoll, fd, kEpollAdd | kEpollEdge));
  }
  const auto expire = [&] {
    for (Timer& timer : timers) {
      if (timer.expired || timer.due_ns > world.now_ns()) continue;
      timer.expired = timer.heard = true;
    }
  };
  for (const uint8_t deed : deeds) {
    Timer& timer = timers[deed / 4 % 2];
    if (deed % 4 < 2) {
      world.AdvanceTo(world.now_ns() + (1 + deed / 16) * kMs + kMs / 2);
      expire();
    } else if (deed % 4 == 2) {
      RC_ASSERT(world.Issue(kInit, calls::ReadPipe(timer.fd, 8)).value ==
                (timer.expired ? 8 : -EAGAIN));
      while (timer.expired && timer.due_ns <= world.now_ns()) timer.due_ns += timer.every_ns;
      timer.expired = false;
    } else {
      const Result told = world.Issue(kInit, calls::EpollWait(epoll, 0));
      for (Timer& each : timers) {
        RC_ASSERT(((told.set >> each.fd & 1) != 0) == (each.expired && each.heard));
        each.heard = false;
      }
    }
    expire();
    RC_ASSERT(world.WhatIsBroken() == nullptr);
  }
}

// An eventfd, and what an epoll knows of it: epoll(7) and eventfd(2), told in the plainest way.
struct Counter {
  uint64_t count = 0;
  bool semaphore = false;
  bool inside = false;
  bool edge = false;
  bool once = false;
  bool heard = false;  // something came since it was told of
  bool silent = false;

  bool IsTold() const { return inside && !silent && count != 0 && (!edge || heard); }
  void Tell() {
    heard = false;
    silent = once;
  }
};

// Whatever is written to eventfds and read, an epoll by edges tells of each write once, if it is not
// too late; one that tells once does until it is modified.
RC_GTEST_PROP(Epolls, TellOfEdges, (const std::vector<std::tuple<uint8_t, uint8_t>>& deeds)) {
  World world(Entry{.mask = kAllSignals});
  const auto epoll = static_cast<int16_t>(world.Issue(kInit, calls::EpollCreate()).value);
  std::vector<Counter> counters(3);
  std::vector<int16_t> fds;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    counters[i].semaphore = i == 1;
    const uint32_t flags = kOpenNonBlock | (i == 1 ? kEventFdSemaphore : 0);
    fds.push_back(static_cast<int16_t>(world.Issue(kInit, calls::EventFd(0, flags)).value));
  }
  for (const auto& [what, how] : deeds) {
    Counter& counter = counters[how % counters.size()];
    const int16_t fd = fds[how % counters.size()];
    const bool edge = (how & 8) != 0;
    const bool once = (how & 16) != 0;
    const uint32_t flags = (edge ? kEpollEdge : 0) | (once ? kEpollOnce : 0);
    if (what % 8 < 2) {
      RC_ASSERT(world.Issue(kInit, calls::WriteEventFd(fd, how / 64)).value == 8);
      counter.count += how / 64;
      counter.heard = true;
    } else if (what % 8 == 2) {
      const Result read = world.Issue(kInit, calls::ReadPipe(fd, 8));
      RC_ASSERT(read.value == (counter.count == 0 ? -EAGAIN : 8));
      const uint64_t taken = std::min(counter.count, counter.semaphore ? 1 : counter.count);
      RC_ASSERT(read.set == taken);
      counter.count -= taken;
    } else if (what % 8 == 3) {
      const bool modifies = counter.inside;
      const Call call = calls::EpollAdd(epoll, fd, (modifies ? kEpollModify : kEpollAdd) | flags);
      RC_ASSERT(world.Issue(kInit, call).value == 0);
      counter = {counter.count, counter.semaphore, true, edge, once, true};
    } else if (what % 8 == 4) {
      const int result = world.Issue(kInit, calls::EpollAdd(epoll, fd, 0)).value;
      RC_ASSERT(result == (counter.inside ? 0 : -ENOENT));
      counter.inside = false;
    } else {
      const Result told = world.Issue(kInit, calls::EpollWait(epoll, 0));
      for (std::size_t i = 0; i < counters.size(); ++i) {
        RC_ASSERT(((told.set >> fds[i] & 1) != 0) == counters[i].IsTold());
        if (counters[i].IsTold()) counters[i].Tell();
      }
    }
    RC_ASSERT(world.WhatIsBroken() == nullptr);
  }
}

// There is room for 24 that are told of by edges or once, in all epolls together; by levels for any.
RC_GTEST_PROP(Epolls, KeepSoManyInterests,
              (const std::vector<std::pair<uint8_t, uint8_t>>& deeds)) {
  constexpr std::size_t kRoom = 24;
  World world;
  std::vector<int16_t> fds = {static_cast<int16_t>(world.Issue(kInit, calls::EventFd(1)).value)};
  while (fds.size() < 16) {
    fds.push_back(static_cast<int16_t>(world.Issue(kInit, calls::Dup(fds[0])).value));
  }
  std::vector<int16_t> epolls;
  for (int i = 0; i < 3; ++i) {
    epolls.push_back(static_cast<int16_t>(world.Issue(kInit, calls::EpollCreate()).value));
  }
  std::map<std::pair<int16_t, int16_t>, bool> inside;  // whether it is told of otherwise
  for (const auto& [where, how] : deeds) {
    const int16_t epoll = epolls[where / 16U % 3];
    const int16_t fd = fds[where % 16U];
    const bool removes = how % 8 == 7;
    const bool is_plain = how % 8 == 6;
    const bool is_there = inside.contains({epoll, fd});
    std::size_t kept = 0;
    for (const auto& [place, otherwise] : inside) kept += otherwise;
    const bool frees = is_there && inside[{epoll, fd}];
    const bool fits = is_plain || kept - (frees ? 1 : 0) < kRoom;
    const uint32_t by = is_plain ? 0 : how % 2 == 0 ? kEpollEdge : kEpollOnce;
    const uint32_t what = is_there ? kEpollModify : kEpollAdd;
    const Call call = calls::EpollAdd(epoll, fd, removes ? 0 : what | by);
    const int result = world.Issue(kInit, call).value;
    RC_ASSERT(result == (removes ? (is_there ? 0 : -ENOENT) : fits ? 0 : -ENOSYS));
    if (removes) inside.erase({epoll, fd});
    if (!removes && fits) inside[{epoll, fd}] = !is_plain;
    RC_ASSERT(world.WhatIsBroken() == nullptr);
  }
}

// What a process is given it keeps at exec, unless it was given with O_CLOEXEC.
RC_GTEST_PROP(Descriptors, AreGivenWithTheirFlag, (const std::vector<bool>& close)) {
  World world;
  const Pid pid = world.Fork(kInit);
  uint64_t stay = 0;
  uint64_t all = 0;
  const int step = *rc::gen::inRange(1, 4);
  for (std::size_t i = 0; i < std::min<std::size_t>(close.size(), 12); ++i) {
    const int fd = static_cast<int>(i) * step;
    const uint32_t flags = close[i] ? kOpenCloseOnExec : 0;
    RC_ASSERT(world.GiveDescriptor(pid, fd, Path::kOther, flags) == fd);
    all |= uint64_t{1} << fd;
    if (!close[i]) stay |= uint64_t{1} << fd;
  }
  RC_ASSERT(world.Look(pid).descriptors == all);
  RC_ASSERT(world.Look(pid).close_on_exec == (all & ~stay));
  RC_ASSERT(world.Issue(pid, calls::Exec()).value == 0);
  RC_ASSERT(world.Look(pid).descriptors == stay);
}

// --- Pipes: who holds which end, and how many bytes there are, reckoned independently ---------------

struct PipeHolders {
  struct Ends {
    bool reads = true;
    bool writes = true;
  };
  std::map<Pid, Ends> all = {{kInit, {}}};
  bool one_waits = true;  // with an end to read, beside them
  int bytes = 0;

  bool AnyReads() const {
    return one_waits ||
           std::any_of(all.begin(), all.end(), [](const auto& one) { return one.second.reads; });
  }
  bool AnyWrites() const {
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return one.second.writes; });
  }
  bool IsReady() const { return bytes != 0 || !AnyWrites(); }
  int OfWrite(Pid pid, int size) {
    if (!all[pid].writes) return -EBADF;
    if (size == 0) return 0;
    if (!AnyReads()) return -EPIPE;
    if (bytes + size > 65536) return -EAGAIN;
    bytes += size;
    return size;
  }
  int OfRead(Pid pid, int size) {
    if (!all[pid].reads) return -EBADF;
    const int got = std::min(size, bytes);
    bytes -= got;
    return got == 0 && size != 0 && AnyWrites() ? -EAGAIN : got;
  }
};

RC_GTEST_PROP(Pipes, GiveWhatWasPutInAndEndWithTheLastWriter, ()) {
  World world({.mask = kAllSignals});
  const bool is_set_later = *rc::gen::arbitrary<bool>();
  const Result pipe = world.Issue(kInit, calls::Pipe(is_set_later ? 0 : kOpenNonBlock));
  const auto reader = static_cast<int16_t>(pipe.value);
  const auto writer = static_cast<int16_t>(pipe.status);
  for (const int16_t end : {reader, writer}) {
    if (is_set_later) RC_ASSERT(world.Issue(kInit, calls::SetNonBlock(end, true)).value == 0);
  }
  PipeHolders holders;
  // One waits for it all the time, and does nothing else.
  const Pid waiter = world.Issue(kInit, calls::Fork()).value;
  world.Resume(waiter);
  world.Issue(waiter, calls::Close(writer));
  const Call poll = calls::Poll(uint64_t{1} << reader, kForever);
  bool waits = world.Issue(waiter, poll).state == Result::State::kBlocked;
  RC_ASSERT(waits);
  for (int acts = *rc::gen::inRange(0, 20); acts > 0; --acts) {
    const Pid pid = std::next(holders.all.begin(),
                              *rc::gen::inRange<long>(0, static_cast<long>(holders.all.size())))
                        ->first;
    const int size = *rc::gen::element(0, 1, 7, 4096, 30000, 65535, 65536);
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
      case 1:
      case 2:
        RC_ASSERT(world.Issue(pid, calls::Write(writer, size)).value == holders.OfWrite(pid, size));
        break;
      case 3:
      case 4:
        RC_ASSERT(world.Issue(pid, calls::ReadPipe(reader, size)).value ==
                  holders.OfRead(pid, size));
        break;
      case 5:
        if (holders.all.size() < 5) {
          const Pid child = world.Issue(pid, calls::Fork()).value;
          world.Resume(child);
          holders.all[child] = holders.all[pid];
        }
        break;
      case 6:
        world.Issue(pid, calls::Close(writer));
        holders.all[pid].writes = false;
        break;
      case 7:
        world.Issue(pid, calls::Close(reader));
        holders.all[pid].reads = false;
        break;
      default:
        if (pid != kInit) {
          world.Die(pid, kSigKill, false);
          holders.all.erase(pid);
        }
    }
    RC_ASSERT(world.WhatIsBroken() == nullptr);
    RC_ASSERT(world.IsCut(waiter, reader) == !holders.AnyWrites());
    waits = waits ? world.Resume(waiter).kind == Step::Kind::kBlocked
                  : world.Issue(waiter, poll).state == Result::State::kBlocked;
    RC_ASSERT(waits != holders.IsReady());
  }
  world.Die(waiter, kSigKill, false);
  holders.one_waits = false;
  RC_ASSERT(world.Issue(kInit, calls::Write(writer, 1)).value == holders.OfWrite(kInit, 1));
}

// Init that waits on a pipe, a socket or an eventfd is suspended while one of its own, before exec, has
// the other end and is kept from running, by a stop or otherwise: but not if anything else may end that.
RC_GTEST_PROP(Pipes, SuspendWhoWaitsForOneThatCannotRun, ()) {
  World world;
  world.SetFaults({.console_room = 0});
  const Call opens = *rc::gen::element(calls::Pipe(), calls::SocketPair(), calls::EventFd(0));
  const bool is_event = opens.kind == CallKind::kEventFd;
  const Result made = world.Issue(kInit, opens);
  const auto reader = static_cast<int16_t>(made.value);
  const auto writer = static_cast<int16_t>(is_event ? made.value : made.status);
  const Result other = world.Issue(kInit, calls::Pipe());
  const auto epoll = static_cast<int16_t>(world.Issue(kInit, calls::EpollCreate()).value);
  const auto idle = static_cast<int16_t>(world.Issue(kInit, calls::SignalFd(0)).value);
  world.Issue(kInit, calls::EpollAdd(epoll, reader));
  std::vector<Pid> children;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    children.push_back(world.Issue(kInit, calls::Fork()).value);
    world.Resume(children.back());
  }
  if (!is_event) world.Issue(kInit, calls::Close(writer));
  world.Issue(kInit, calls::Close(static_cast<int16_t>(other.value)));
  bool is_suspended = false;
  bool is_held = is_event;
  for (const Pid child : children) {
    const bool closes = *rc::gen::arbitrary<bool>();
    const bool execs = *rc::gen::arbitrary<bool>();
    const bool is_kept = *rc::gen::arbitrary<bool>();
    const bool is_stopped = *rc::gen::arbitrary<bool>();
    if (closes) world.Issue(child, calls::Close(writer));
    if (execs) world.Issue(child, calls::Exec());
    if (*rc::gen::arbitrary<bool>()) world.StartThread(child);
    if (is_kept) world.Keep(child, true);
    if (is_stopped) world.SendFromKernel(child, kSigStop);
    is_held |= !closes;
    is_suspended |= !closes && !execs && (is_kept || is_stopped);
  }
  RC_PRE(is_held);
  const auto poll = [](uint64_t set, bool for_room) {
    Call call = calls::Poll(set, kForever);
    call.value = for_room;
    return call;
  };
  const uint64_t one = uint64_t{1} << reader;
  const auto [call, is_for_that] = *rc::gen::element(
      std::pair(calls::ReadPipe(reader, 8), true), std::pair(poll(one, false), true),
      std::pair(calls::EpollWait(epoll, kForever), true), std::pair(poll(one, true), false),
      std::pair(poll(one | uint64_t{1} << idle, false), false),
      std::pair(poll(uint64_t{1} << other.status, false), false));
  RC_ASSERT(world.Issue(kInit, call).state == Result::State::kBlocked);
  RC_ASSERT(world.InitActivity() ==
            (is_suspended && is_for_that ? Activity::kSuspended : Activity::kBlocked));
  for (const Pid child : children) {
    world.Keep(child, false);
    world.SendFromKernel(child, kSigCont);
  }
  RC_ASSERT(world.InitActivity() == Activity::kBlocked);
}

// A group-stop stops all threads and a SIGCONT lets all go on, blocked or not.
RC_GTEST_PROP(Threads, StopAndGoOnTogether, (bool blocks)) {
  World world;
  const Pid process = world.Fork(kInit);
  const Pid thread = world.StartThread(process);
  if (blocks) world.Issue(process, calls::SigProcMask(kMaskSet, kAllSignals));
  world.Issue(thread, calls::SigTimedWait(SignalBit(kSigUsr1)));
  world.SendFromKernel(process, kSigStop);
  for (const Pid each : {process, thread}) {
    RC_ASSERT(world.Look(each).activity == Activity::kStopped);
  }
  world.SendFromKernel(process, kSigCont);
  RC_ASSERT(world.Look(process).activity == Activity::kRunning);
  const Step step = world.Resume(thread);
  RC_ASSERT(step.kind == Step::Kind::kReturns && step.result.value == -4);
}

// --- A subject's handlers --------------------------------------------------------------------------

// A handler ends a call, or the call is made again; what the call put in the place of the mask, or
// the handler adds, is gone when it returns. A signal that is taken back before it runs ends nothing.
RC_GTEST_PROP(Handlers, OfInitInterruptItsCalls, (bool restarts, bool taken_back)) {
  World world;
  world.SetCallTime(0);
  const Pid child = world.Fork(kInit);
  const int signal = taken_back ? +kSigTstp : *rc::gen::element(1, 10, 20, 34);
  world.Issue(kInit, calls::SigAction(signal, kSigHandler, restarts ? kSaRestart : 0));
  const uint64_t mask = SignalBit(kSigUsr2);
  world.Issue(kInit, calls::SigProcMask(kMaskSet, mask));
  const auto fd = static_cast<int16_t>(
      world.Issue(kInit, calls::SignalFd(SignalBit(13), kOpenCloseOnExec)).value);
  constexpr int16_t kConsoleFd = 7;
  world.GiveDescriptor(kInit, kConsoleFd, Path::kConsole, 0);
  world.SetFaults({.console_room = 0});
  const Call call = *rc::gen::element(
      calls::Wait4(child, 0), calls::WaitId(kWaitForAny, 0, kWaitExited), calls::Read(fd),
      calls::Poll(1, 1000), calls::Sleep(1000), calls::Pause(),
      calls::SigSuspend(SignalBit(kSigInt)), calls::SigTimedWait(SignalBit(kSigQuit), 1000),
      calls::Write(kConsoleFd, 4));
  RC_ASSERT(world.Issue(kInit, call).state == Result::State::kBlocked);
  const uint64_t passed_ns = *rc::gen::inRange<uint64_t>(0, 900);
  world.AdvanceTo(world.now_ns() + passed_ns);
  world.SendFromAncestor(kInit, signal);
  if (taken_back) {
    world.SendFromAncestor(kInit, kSigCont);
    const Step step = world.Resume(kInit);
    const bool ends = call.kind == CallKind::kSigTimedWait;
    RC_ASSERT(step.kind == (ends ? Step::Kind::kReturns : Step::Kind::kBlocked));
    return;
  }
  const Step step = world.Resume(kInit);
  RC_ASSERT(step.kind == Step::Kind::kHandler && step.signal == signal && step.in_call);
  RC_ASSERT(step.mask == mask);
  const bool can_restart = call.kind == CallKind::kWait4 || call.kind == CallKind::kWaitId ||
                           call.kind == CallKind::kRead || call.kind == CallKind::kWrite;
  RC_ASSERT(step.restarts == (restarts && can_restart));
  RC_ASSERT(step.restarts || step.result.value == -4);
  RC_ASSERT(step.result.time_ns == (call.kind == CallKind::kSleep ? 1000 - passed_ns : 0));
  world.EnterHandler(kInit, SignalBit(signal));
  const uint64_t before = call.kind == CallKind::kSigSuspend ? SignalBit(kSigInt) : mask;
  RC_ASSERT(world.Look(kInit).mask == (before | SignalBit(signal)));
  world.SendFromAncestor(kInit, signal);
  RC_ASSERT(world.Resume(kInit).kind == Step::Kind::kRuns);
  world.LeaveHandler(kInit, step.mask);
  RC_ASSERT(world.Look(kInit).mask == mask);
  RC_ASSERT(world.Resume(kInit).kind == Step::Kind::kHandler);
  RC_ASSERT(world.NextTimer() == kForever);
}

// A handler that comes between the end of a call and its return takes nothing of what the call returns.
RC_GTEST_PROP(Handlers, OfInitLeaveACallItsResult, (bool restarts)) {
  World world;
  world.Issue(kInit, calls::SigAction(kSigTerm, kSigHandler, restarts ? kSaRestart : 0));
  world.Issue(kInit, calls::SigProcMask(kMaskSet, kAllSignals & ~SignalBit(kSigTerm)));
  const Pid child = world.Fork(kInit);
  const int what = *rc::gen::inRange(0, 4);
  const int code = *rc::gen::inRange(0, 256);
  const Call call = what == 0   ? calls::SigTimedWait(SignalBit(kSigUsr1), kForever)
                    : what == 1 ? calls::Wait4(-1)
                    : what == 2 ? calls::Sleep(1000)
                                : calls::SigTimedWait(SignalBit(kSigUsr1), 1000);
  RC_ASSERT(world.Issue(kInit, call).state == Result::State::kBlocked);
  if (what == 0) world.SendFromAncestor(kInit, kSigUsr1);
  if (what == 1) world.Exit(child, code);
  if (what >= 2) world.AdvanceTo(world.NextTimer());
  world.SendFromAncestor(kInit, kSigTerm);
  const Step step = world.Resume(kInit);
  RC_ASSERT(step.kind == Step::Kind::kHandler && step.signal == kSigTerm);
  RC_ASSERT(step.in_call && !step.restarts);
  const int expected[] = {kSigUsr1, child, 0, -EAGAIN};
  RC_ASSERT(step.result.value == expected[what]);
  if (what == 1) RC_ASSERT(step.result.status == code << 8);
}

// As one returns, what it held back acts just as if sigprocmask had put the mask back.
RC_GTEST_PROP(Handlers, ThatReturnDoWhatSigprocmaskDoes, (uint64_t mask)) {
  World world;
  const Pid pid = world.Issue(kInit, calls::Fork()).value;
  world.Resume(pid);
  for (const int signal : {1, 3, 11, 15, 17, 20, 34}) {
    world.Issue(pid, calls::SigAction(signal, *rc::gen::inRange(0, 3)));
  }
  world.Issue(pid, calls::SigAction(kSigUsr1, kSigHandler));
  world.SendFromKernel(pid, kSigUsr1);
  RC_ASSERT(world.Resume(pid).kind == Step::Kind::kHandler);
  world.EnterHandler(pid, kAllSignals);
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    const int signal = *rc::gen::element(1, 3, 11, 15, 17, 20, 34);
    if (*rc::gen::arbitrary<bool>()) {
      world.SendFromKernel(pid, signal);
    } else {
      world.SendToThreadFromAncestor(pid, signal);
    }
  }
  World other = world;
  world.LeaveHandler(pid, mask);
  other.Issue(pid, calls::SigProcMask(kMaskSet, mask));
  RC_ASSERT(world == other);
  RC_ASSERT(world.Fingerprint() == other.Fingerprint());
}

// Whichever way it is put: added to, taken from, or set as a whole, a mask is that mask.
RC_GTEST_PROP(Masks, AreTheSameByWhicheverWay, (bool blocks)) {
  World world;
  const Pid pid = world.Issue(kInit, calls::Fork()).value;
  world.Resume(pid);
  constexpr int kSignals[] = {1, 3, 6, 20};  // as set below, none ends a process at once
  const auto any = [&] {
    uint64_t set = 0;
    for (const int signal : kSignals) set |= *rc::gen::arbitrary<bool>() ? SignalBit(signal) : 0;
    return set;
  };
  for (const int signal : kSignals) {
    const bool handles = signal == 1 || *rc::gen::arbitrary<bool>();
    world.Issue(pid, calls::SigAction(signal, handles ? kSigHandler : kSigDfl));
  }
  world.Issue(pid, calls::SigProcMask(kMaskSet, any()));
  for (const int signal : kSignals) {
    if (*rc::gen::arbitrary<bool>()) world.SendFromKernel(pid, signal);
  }
  const uint64_t mask = world.Look(pid).mask;
  const uint64_t change = any();
  World other = world;
  world.Issue(pid, calls::SigProcMask(blocks ? kMaskBlock : kMaskUnblock, change));
  other.Issue(pid, calls::SigProcMask(kMaskSet, blocks ? mask | change : mask & ~change));
  RC_ASSERT(world == other);
  RC_ASSERT(world.Fingerprint() == other.Fingerprint());
  RC_ASSERT(world.WhatIsBroken() == nullptr);
}

// --- Faults, reboot --------------------------------------------------------------------------------

// As many as were said fail, with that error, and only of subjects; 255: all do.
RC_GTEST_PROP(Faults, AreGivenAsOftenAsTheyWereSaid, ()) {
  World world;
  const uint8_t times = *rc::gen::element<uint8_t>(0, 1, 2, 3, 7, 255);
  const int16_t error = *rc::gen::element<int16_t>(1, 2, 8, 11, 12, 13, 22);
  const Pid puppet = world.Fork(kInit);
  const Pid subject = world.Issue(kInit, calls::Fork()).value;
  const int which = *rc::gen::inRange(0, 3);
  kernel::Faults faults;
  (which == 0   ? faults.fork_failures
   : which == 1 ? faults.exec_failures
                : faults.reboot_failures) = times;
  (which == 0 ? faults.fork_error : which == 1 ? faults.exec_error : faults.reboot_error) = error;
  world.SetFaults(faults);
  const Call call = which == 0   ? calls::Fork()
                    : which == 1 ? calls::Exec()
                                 : calls::Reboot(kRebootCadOff);
  world.Resume(subject);
  if (which < 2) RC_ASSERT(world.Issue(puppet, call).value >= 0);
  const int tries = times == UINT8_MAX ? 300 : times;
  for (int i = 0; i < tries; ++i) RC_ASSERT(world.Issue(subject, call).value == -error);
  RC_ASSERT((world.Issue(subject, call).value == -error) == (times == UINT8_MAX));
}

RC_GTEST_PROP(Reboot, EndsAMachineANamespaceOrNothing, (bool is_namespace, bool magic)) {
  World world(Entry{.pid_namespace = is_namespace});
  struct Row {
    int32_t command;
    Ending ending;
    int signal;
  };
  const Row row = *rc::gen::element(
      Row{kRebootRestart, Ending::kRestart, kSigHup},
      Row{kRebootRestart2, Ending::kRestart2, kSigHup}, Row{kRebootHalt, Ending::kHalt, kSigInt},
      Row{kRebootPowerOff, Ending::kPowerOff, kSigInt}, Row{kRebootCadOn, Ending::kNone, 0},
      Row{kRebootCadOff, Ending::kNone, 0}, Row{0x1234, Ending::kNone, -22});
  const Result result = world.Issue(kInit, calls::Reboot(row.command, magic));
  RC_ASSERT(world.ending() == (magic ? row.ending : Ending::kNone));
  if (!magic || row.ending == Ending::kNone) {
    const bool refused = !magic || is_namespace || row.signal < 0;
    RC_ASSERT(result.value == (refused ? -22 : 0));
    return;
  }
  RC_ASSERT(result.state == Result::State::kGone);
  RC_ASSERT(world.ending_status() == (is_namespace ? row.signal : 0));
}

// --- Worlds as values --------------------------------------------------------------------------------

// One event out of three bytes.
void Happen(uint8_t what, uint8_t who, uint8_t value, World& world) {
  const Pid pid = world.PidAt(who % world.size());
  const int signal = value % 64 + 1;
  switch (what % 14) {
    case 0:
      world.Fork(pid);
      break;
    case 1:
      if (pid != kInit) world.Exit(pid, value);
      break;
    case 2:
      world.SendFromKernel(pid, signal);
      break;
    case 3:
      world.SendFromAncestor(pid, signal);
      break;
    case 4:
      world.Issue(pid, calls::Kill(world.PidAt(value % world.size()), value % 65));
      break;
    case 5:
      world.Issue(pid, calls::Wait4(-1, kWaitNoHang | kWaitAll));
      break;
    case 6:
      world.Issue(pid, calls::SigTimedWait(kAllSignals, value * uint64_t{1'000'000}));
      break;
    case 7:
      world.Issue(pid, calls::SigProcMask(kMaskSet, value % 2 == 0 ? kAllSignals : 0));
      break;
    case 8:
      world.Issue(pid, calls::Ptrace(kPtraceTraceMe));
      break;
    case 9:
      world.Issue(pid, calls::SetSid());
      break;
    case 10:
      world.Issue(pid, calls::Sleep(value * uint64_t{10'000'000}));
      break;
    case 11:
      world.AdvanceTo(world.now_ns() + value * uint64_t{1'000'000});
      break;
    case 12:
      world.StartThread(pid);
      break;
    default:
      world.Resume(pid);
      break;
  }
}

using Events = std::vector<std::array<uint8_t, 3>>;

void HappenAll(const Events& events, World& world) {
  for (const auto& [what, who, value] : events) Happen(what, who, value, world);
}

RC_GTEST_PROP(Worlds, ACopyGoesOnAsTheOriginal, (const Events& before, const Events& after)) {
  World world;
  HappenAll(before, world);
  World copy = world;
  RC_ASSERT(copy == world);
  HappenAll(after, world);
  HappenAll(after, copy);
  RC_ASSERT(copy == world);
  RC_ASSERT(copy.Fingerprint() == world.Fingerprint());
}

RC_GTEST_PROP(Worlds, StayValidWhateverHappens, (const Events& events)) {
  World world;
  HappenAll(events, world);
  const char* const broken = world.WhatIsBroken();
  RC_ASSERT(broken == nullptr);
}

// Each difference that equality sees a fingerprint sees too, the belongings of the dead apart.
RC_GTEST_PROP(Worlds, ThatDifferHaveOtherFingerprints,
              (const Events& events, uint8_t what, uint8_t who, uint8_t value)) {
  World world;
  HappenAll(events, world);
  World other = world;
  Happen(what, who, value, other);
  bool dead = false;
  for (int i = 0; i < other.size(); ++i) {
    dead |= other.Look(other.PidAt(i)).activity == Activity::kZombie;
  }
  RC_PRE(!dead && world.now_ns() == other.now_ns());
  RC_ASSERT((world == other) == (world.Fingerprint() == other.Fingerprint()));
}

// A birth is the same whether its parent calls fork or is made to.
RC_GTEST_PROP(Worlds, AreTheSameByWhicheverBirth, (const Events& events)) {
  World world;
  HappenAll(events, world);
  world.Fork(kInit);
  std::vector<Pid> parents;
  for (int i = 0; i < world.size(); ++i) {
    const View view = world.Look(world.PidAt(i));
    const bool runs = world.Foresee(view.pid) == Step::Kind::kRuns;
    if (runs && view.pid == view.process && !view.subject) parents.push_back(view.pid);
  }
  RC_PRE(!parents.empty());
  const Pid parent = *rc::gen::elementOf(parents);
  World other = world;
  RC_ASSERT(world.Fork(parent) == other.Issue(parent, calls::Fork()).value);
  RC_ASSERT(world == other);
  RC_ASSERT(world.Fingerprint() == other.Fingerprint());
}

// A fork that clears handlers leaves a child as if that had set all to their default itself.
RC_GTEST_PROP(Worlds, AreTheSameByWhomeverHandlersAreCleared, ()) {
  World world;
  const Pid parent = world.Fork(kInit);
  constexpr int kSignals[] = {1, 11, 15, 17, 18, 20, 34};
  for (const int signal : kSignals) {
    const uint32_t flags =
        *rc::gen::element<uint32_t>(0, kSaRestart, kSaNoChildStop, kSaNoChildWait);
    world.Issue(parent, calls::SigAction(signal, *rc::gen::inRange(0, 3), flags));
  }
  World other = world;
  const Pid child = world.Issue(parent, calls::Fork(kCloneClearHandlers)).value;
  RC_ASSERT(other.Issue(parent, calls::Fork()).value == child);
  for (const int signal : kSignals) {
    const bool ignored = (other.Look(child).ignored & SignalBit(signal)) != 0;
    other.Issue(child, calls::SigAction(signal, ignored ? kSigIgn : kSigDfl));
  }
  RC_ASSERT(world == other);
  RC_ASSERT(world.Fingerprint() == other.Fingerprint());
}

// One that is given the foreground once more changes nothing, another does.
RC_GTEST_PROP(Worlds, DifferByTheForeground, ()) {
  World world;
  const Pid leader = world.Fork(kInit);
  world.Issue(leader, calls::SetSid());
  const auto terminal =
      static_cast<int16_t>(world.Issue(leader, calls::Open(Path::kTerminal)).value);
  std::vector<Pid> groups = {leader};
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    groups.push_back(world.Fork(leader));
    world.Issue(groups.back(), calls::SetPgid(0, 0));
  }
  Pid foreground = leader;
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    const World before = world;
    const Pid group = *rc::gen::elementOf(groups);
    const Call call = calls::Terminal(kTerminalSetForeground, terminal, group);
    RC_ASSERT(world.Issue(leader, call).value == 0);
    RC_ASSERT((world == before) == (group == foreground));
    RC_ASSERT((world.Fingerprint() == before.Fingerprint()) == (group == foreground));
    foreground = group;
  }
}

RC_GTEST_PROP(Worlds, LaterHaveTheSameFingerprintIfNoTimerEnded, (const Events& events)) {
  World world;
  HappenAll(events, world);
  RC_PRE(world.NextTimer() == kForever);
  for (int i = 0; i < world.size(); ++i) {  // the time-out of who is stopped has no timer
    const Activity activity = world.Look(world.PidAt(i)).activity;
    RC_PRE(activity != Activity::kStopped && activity != Activity::kTraced);
  }
  const uint64_t before = world.Fingerprint();
  world.AdvanceTo(world.now_ns() + *rc::gen::inRange<uint64_t>(1, 1'000'000'000));
  RC_ASSERT(world.Fingerprint() == before);
}

RC_GTEST_PROP(Worlds, KeepNumbersUnique, (const Events& events)) {
  World world(Entry{.pid_max = 40});
  HappenAll(events, world);
  std::set<Pid> numbers;
  for (int i = 0; i < world.size(); ++i) RC_ASSERT(numbers.insert(world.PidAt(i)).second);
}

RC_GTEST_PROP(Worlds, LookingChangesNothing, (const Events& events)) {
  World world;
  HappenAll(events, world);
  const World before = world;
  for (int i = 0; i < world.size(); ++i) world.Look(world.PidAt(i));
  world.PeekWait(kInit, calls::Wait4(-1, kWaitNoHang));
  world.AtRest();
  RC_ASSERT(world == before);
}

}  // namespace
}  // namespace minit::kernel
