// Laws of the kernel model, on stories of calls and events that shrink.
#include "harness/kernel/kernel.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <algorithm>
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
  const int count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    const Pid pid = world.Fork(kInit);
    const uint64_t for_ns = *rc::gen::inRange<uint64_t>(1, 1000);
    const Call call = *rc::gen::element(calls::Sleep(for_ns), calls::Poll(0, for_ns),
                                        calls::SigTimedWait(kAllSignals, for_ns));
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
      RC_ASSERT(step.result.value == (call.kind == CallKind::kSigTimedWait ? -11 : 0));
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

// A number is taken for as long as a group has it, though its process is gone.
RC_GTEST_PROP(Numbers, OfAGroupAreNotGivenOut, ()) {
  World world(Entry{.pid_max = 12});
  const Pid leader = world.Fork(kInit);
  world.Issue(leader, calls::SetPgid(0, 0));
  const Pid member = world.Fork(leader);
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
