// Tests of the machine alone: whole stories at compile time, then every reachable state with every
// kind of event. What it does to a Linux is tested where there is one (harness/).
#include "core/machine.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <deque>
#include <initializer_list>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace minit {
namespace {

using Patience = AwaitSignal::Patience;
using What = Announce::What;

constexpr WaitStatus Exit(int code) { return WaitStatus(static_cast<std::uint32_t>(code) << 8); }
constexpr WaitStatus Killed(int signal) { return WaitStatus(static_cast<std::uint32_t>(signal)); }
constexpr WaitStatus Stopped(int signal) {
  return WaitStatus(static_cast<std::uint32_t>(signal) << 8 | 0x7f);
}

// --- Stories ---

struct Line {
  Event event;
  Action action;
};

constexpr int kCore = 2, kHelper = 3, kOrphan = 4;

constexpr AwaitSignal kAwait{Patience::kUnbounded}, kAwaitASecond{Patience::kOneSecond},
    kLook{Patience::kNone};

constexpr Line kStart[] = {
    {Booted{}, Announce{What::kBanner}},
    {Announced{}, StartChild{}},
    {ChildStarted{kCore}, Reap{}},
    {NothingToReap{}, kAwait},
};

// Returns the number of the first line that the machine does not follow, or -1.
constexpr int FirstDifference(std::initializer_list<Line> story) {
  Machine machine;
  for (const Line& line : kStart) {
    if (machine.Step(line.event) != line.action) return 0;
  }
  int number = 0;
  for (const Line& line : story) {
    ++number;
    if (machine.Step(line.event) != line.action || !machine.IsValid()) return number;
  }
  return -1;
}
constexpr bool Follows(std::initializer_list<Line> story) { return FirstDifference(story) == -1; }

static_assert(Follows({
                  {SignalTaken{15}, Forward{kCore, 15}},
                  {Forwarded{0}, Reap{}},  // a flood of signals must not hide a death
                  {NothingToReap{}, kAwait},
                  {SignalTaken{64}, Forward{kCore, 64}},
                  {Forwarded{3}, Reap{}},
                  {NothingToReap{}, kAwait},
              }),
              "every signal is the child's, whatever its sending answers");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kOrphan, Exit(1)}, Reap{}},
                  {Reaped{5, Killed(9)}, Reap{}},
                  {NothingToReap{}, kAwait},
              }),
              "one SIGCHLD may stand for many deaths, and no orphan's death ends the machine");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Exit(0)}, Announce{What::kChildEnded, 0}},
                  {Announced{}, RebootAfterDelay{30}},
                  {DelayStarted{}, Sync{}},
                  {SyncStarted{kHelper}, Reap{}},
                  {NothingToReap{}, kAwait},
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kHelper, Exit(0)}, Announce{What::kRestarting}},
                  {Announced{}, Reboot{}},
              }),
              "a child that ends with 0 restarts the machine as soon as the disks are synced");

static_assert(
    Follows({
        {SignalTaken{kSigChld}, Reap{}},
        {Reaped{kCore, Killed(11)}, Announce{What::kChildEnded, 139}},
        {Announced{}, RebootAfterDelay{30}},
        {DelayStarted{}, Sync{}},
        {SyncStarted{kHelper}, Reap{}},
        {Reaped{kHelper, Exit(0)}, Reap{}},
        {NoChildren{}, kAwait},
        {SignalTaken{15}, Reap{}},  // nobody's any more
        {NoChildren{}, kAwait},
        {SignalTaken{kSigChld}, Reap{}},
        {Reaped{kOrphan, Exit(0)}, Reap{}},
        {NoChildren{}, kAwait},
        {NothingTaken{}, kAwait},
        {RebootDue{}, Announce{What::kRestarting}},
        {Announced{}, Reboot{}},
        {RebootFailed{1}, Announce{What::kRestartFailed, 1}},
        {Announced{}, RebootAfterDelay{30}},
        {DelayStarted{}, Reap{}},
        {NoChildren{}, kAwait},
        {RebootDue{}, Announce{What::kRestarting}},
        {Announced{}, Reboot{}},
    }),
    "a child that fails restarts it after the delay, in which orphans are reaped; a restart "
    "that is refused is tried again");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Exit(0)}, Announce{What::kChildEnded, 0}},
                  {Announced{}, RebootAfterDelay{30}},
                  {DelayStarted{}, Sync{}},
                  {NoHelper{11}, Reap{}},
                  {NoChildren{}, kAwaitASecond},
                  {NothingTaken{}, Sync{}},
                  {NoHelper{11}, kAwaitASecond},
                  {SignalTaken{15}, Sync{}},
                  {SyncStarted{kCore}, Reap{}},  // the child's old number
                  {NothingToReap{}, kAwait},
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Killed(9)}, Reap{}},
                  {NoChildren{}, kAwaitASecond},
                  {RebootDue{}, Announce{What::kNotSynced}},
                  {Announced{}, Announce{What::kRestarting}},
                  {Announced{}, Reboot{}},
              }),
              "a helper that cannot be made, or dies, is tried again until the delay is over");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Stopped(10)}, Release{kCore, 10}},
                  {Released{0}, Reap{}},
                  {Reaped{kOrphan, Stopped(19)}, Release{kOrphan, 0}},
                  {Released{3}, Reap{}},
                  {NothingToReap{}, kAwait},
                  {SignalTaken{15}, Forward{kCore, 15}},
              }),
              "a traced stop is no death: it is let go");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {NoChildren{}, Announce{What::kChildLost}},
                  {Announced{}, RebootAfterDelay{30}},
                  {DelayStarted{}, Sync{}},
                  {SyncStarted{kHelper}, Reap{}},
              }),
              "a child that vanished unseen counts as one that failed");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Exit(1)}, Announce{What::kChildEnded, 1}},
                  {Announced{}, RebootAfterDelay{30}},
                  {NothingTaken{}, Announce{What::kNonsense}},
                  {Announced{}, RebootAfterDelay{30}},
                  {DelayStarted{}, Sync{}},
              }),
              "a delay of which nobody said that it is armed is armed again");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {Reaped{kCore, Exit(0)}, Announce{What::kChildEnded, 0}},
                  {Announced{}, RebootAfterDelay{30}},
                  {DelayStarted{}, Sync{}},
                  {SyncStarted{kHelper}, Reap{}},
                  {NoChildren{}, kAwaitASecond},  // it is gone: nobody will tell of its end
                  {NothingTaken{}, Sync{}},
              }),
              "a helper that vanished unseen is tried again");

static_assert(
    Follows({
        {SignalTaken{kSigChld}, Reap{}},
        {Reaped{kCore, Exit(0)}, Announce{What::kChildEnded, 0}},
        {Announced{}, RebootAfterDelay{30}},
        {DelayStarted{}, Sync{}},
        {SyncStarted{kHelper}, Reap{}},
        {NothingToReap{}, kAwait},
        {RebootDue{}, Announce{What::kNotSynced}},
        {Announced{}, Announce{What::kRestarting}},
        {Announced{}, Reboot{}},
        {RebootFailed{1}, Announce{What::kRestartFailed, 1}},
        {Announced{}, RebootAfterDelay{30}},
        {DelayStarted{}, Reap{}},
        {Reaped{kHelper, Exit(0)}, Reap{}},
        {NoChildren{}, kAwait},
        {RebootDue{}, Announce{What::kRestarting}},
    }),
    "a sync that ends after it was given up does not hurry the next restart, before which "
    "nothing more is said of it");

static_assert(Follows({
                  {SignalTaken{kSigChld}, Reap{}},
                  {WaitFailed{22}, Announce{What::kNonsense}},
                  {Announced{}, kAwait},
              }),
              "a wait that fails is told once, and not made again at once");

constexpr bool StartThatFailsEndsLikeAFailedChild(Event failure, int error) {
  Machine machine({.delay_seconds = 7});
  machine.Step(Booted{});
  return machine.Step(Announced{}) == Action(StartChild{}) &&
         machine.Step(failure) == Action(Announce{What::kStartFailed, error}) &&
         machine.Step(Announced{}) == Action(RebootAfterDelay{7}) &&
         machine.Step(DelayStarted{}) == Action(Sync{}) &&
         machine.Step(SyncStarted{kHelper}) == Action(Reap{}) &&
         machine.Step(Reaped{kCore, Exit(127)}) == Action(Reap{}) &&
         machine.Step(NothingToReap{}) == Action(kAwait);
}
static_assert(StartThatFailsEndsLikeAFailedChild(ChildFailed{2}, 2));
static_assert(StartThatFailsEndsLikeAFailedChild(ChildStarted{1}, 0));
static_assert(StartThatFailsEndsLikeAFailedChild(ChildStarted{-11}, 0));

// A storm of deaths: after 256 reaps one look at the signals, then on, whether there was one or not.
constexpr bool StormDoesNotStarveSignals() {
  Machine machine;
  for (const Line& line : kStart) machine.Step(line.event);
  Action next = machine.Step(SignalTaken{kSigChld});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < Settings{}.reaps_in_a_row; ++i) {
      if (next != Action(Reap{})) return false;
      next = machine.Step(Reaped{100 + i, Exit(0)});
    }
    if (next != Action(kLook)) return false;
    if (machine.Step(SignalTaken{15}) != Action(Forward{kCore, 15})) return false;
    next = machine.Step(Forwarded{0});
  }
  return next == Action(Reap{}) && machine.Step(NothingToReap{}) == Action(kAwait);
}
static_assert(StormDoesNotStarveSignals());

// More dead than are reaped in a row, and no signals: it looks, finds none, and reaps on to the end.
constexpr bool StormEnds(int dead) {
  Machine machine;
  for (const Line& line : kStart) machine.Step(line.event);
  Action next = machine.Step(SignalTaken{kSigChld});
  for (int left = 2 * dead; next != Action(kAwait); --left) {
    if (left == 0) return false;
    if (next == Action(Reap{})) {
      next = dead-- > 0 ? machine.Step(Reaped{100, Exit(0)}) : machine.Step(NothingToReap{});
    } else if (next == Action(kLook)) {
      next = machine.Step(NothingTaken{});
    } else {
      return false;
    }
  }
  return dead == -1;
}
static_assert(StormEnds(3 * 256 + 1));

// --- Every reachable state, every kind of event ---

std::string Name(const Action& action) {
  static constexpr std::array<const char*, kNoAction> kNames = {
      "StartChild", "AwaitSignal",      "Reap",  "Forward", "Release", "Announce",
      "Sync",       "RebootAfterDelay", "Reboot"};
  return kNames.at(action.index());
}

// Every signal and some that are none, each class of wait status, each class of errno and of pid.
std::vector<Event> AllKindsOfEvents() {
  std::vector<Event> events = {Booted{},     NothingTaken{}, Interrupted{},  NothingToReap{},
                               NoChildren{}, Announced{},    DelayStarted{}, RebootDue{}};
  for (int signal = 1; signal <= 64; ++signal) events.push_back(SignalTaken{signal});
  for (int signal : {-1, 0, 65, 1 << 20}) events.push_back(SignalTaken{signal});
  for (int pid : {-1, 0, 1, 2, 3, 4}) {
    events.push_back(ChildStarted{pid});
    events.push_back(SyncStarted{pid});
    for (std::uint32_t word : {0x0000u, 0x0100u, 0xff00u, 0x0009u, 0x008bu, 0x0040u, 0x057fu,
                               0x0a7fu, 0x137fu, 0x857fu, 0x1057fu, 0xffffu, 0x00ffu}) {
      events.push_back(Reaped{pid, WaitStatus(word)});
    }
  }
  for (int error : {-1, 0, 1, 2, 3, 4, 10, 11, 12, 22, 133}) {
    events.push_back(ChildFailed{error});
    events.push_back(WaitFailed{error});
    events.push_back(Forwarded{error});
    events.push_back(Released{error});
    events.push_back(NoHelper{error});
    events.push_back(RebootFailed{error});
  }
  return events;
}

// What the invariants need to remember of the past, kept apart from the machine, in its own way.
struct Witness {
  bool started = false;    // StartChild was asked for
  int child = 0;           // the pid reported and not yet reaped
  bool child_was = false;  // the start was answered
  bool over = false;       // the child has ended
  int helpers = 0;         // sync helpers reported and not yet reaped
  bool to_reap = false;    // there may be something left to reap
  int reaps = 0;           // since init last looked at its signals
  auto operator<=>(const Witness&) const = default;
};

// Three stand for 256: the count has a beginning, a middle and an end.
constexpr Settings kSmall = {.delay_seconds = 30, .reaps_in_a_row = 3};

struct Node {
  Machine machine = Machine(kSmall);
  Action action = Reboot{};
  bool fresh = true;
  Witness witness;
};

// So no event can be taken for the result of anything else.
TEST(Events, AnswerOneKindOfActionEach) {
  for (const Event& event : AllKindsOfEvents()) {
    int kinds = 0;
    for (ActionKind kind = 0; kind <= kNoAction; ++kind) kinds += Answers(kind, event);
    EXPECT_EQ(kinds, 1) << "event " << event.index();
  }
}

class MachineInEveryState : public testing::Test {
 protected:
  // Feeds `event` to a copy of `node`; checks what may follow; returns the new node.
  static Node Check(const Node& node, const Event& event) {
    Node next = node;
    next.fresh = false;
    next.action = next.machine.Step(event);
    const bool sensible =
        Answers(node.fresh ? kNoAction : static_cast<ActionKind>(node.action.index()), event);
    Witness& witness = next.witness;

    EXPECT_TRUE(next.machine.IsValid());
    // Invariant 1.
    if (next.action == Action(StartChild{})) {
      EXPECT_FALSE(witness.started) << "a second StartChild";
      witness.started = true;
    }
    Observe(node, event, sensible, witness);
    // Invariant 2.
    if (const auto* forward = std::get_if<Forward>(&next.action)) {
      const auto* taken = std::get_if<SignalTaken>(&event);
      EXPECT_TRUE(sensible && taken != nullptr && taken->signal == forward->signal);
      EXPECT_TRUE(forward->child > 1 && forward->child == witness.child);
      EXPECT_TRUE(CanBeTaken(forward->signal) && forward->signal != kSigChld);
    }
    // Invariants 3 and 4.
    if (const auto* await = std::get_if<AwaitSignal>(&next.action)) {
      EXPECT_TRUE(!witness.to_reap || await->patience == Patience::kNone) << "sleeps over the dead";
      witness.reaps = 0;
    }
    if (Is<Reap>(next)) EXPECT_LE(++witness.reaps, kSmall.reaps_in_a_row) << "starves the signals";
    // Invariant 5: sync, delay and restart belong to the end alone.
    if (Is<Sync>(next) || Is<RebootAfterDelay>(next) || Is<Reboot>(next)) {
      EXPECT_TRUE(witness.over) << Name(next.action) << " while the child lives";
    }
    // Invariant 7.
    if (Is<Sync>(next)) EXPECT_EQ(witness.helpers, 0) << "a second helper";
    // Invariant 8.
    if (const auto* reaped = std::get_if<Reaped>(&event); reaped != nullptr && sensible) {
      const bool stop = reaped->status.kind() == WaitStatus::Kind::kStopped && reaped->pid > 1;
      EXPECT_EQ(stop, Is<Release>(next));
      if (stop) EXPECT_EQ(std::get<Release>(next.action).pid, reaped->pid);
    } else {
      EXPECT_FALSE(Is<Release>(next));
    }
    EXPECT_EQ(next.machine.child(), witness.child);
    EXPECT_EQ(next.machine.ended(), witness.over);
    return next;
  }

  // Invariant 6: with a kernel that answers sensibly and a clock that goes on, the restart comes.
  static void ExpectRestart(Node node) {
    bool armed = node.machine.armed();
    for (int step = 0; step < 40; ++step) {
      if (Is<Reboot>(node)) return;
      const Event event = FairAnswer(node.action, armed && step > 8);
      armed = armed || std::holds_alternative<DelayStarted>(event);
      node.action = node.machine.Step(event);
    }
    ADD_FAILURE() << "no restart; the last action was " << Name(node.action);
  }

  static Event FairAnswer(const Action& action, bool due) {
    switch (action.index()) {
      case kKindOf<StartChild>:
        return ChildStarted{kCore};
      case kKindOf<AwaitSignal>:
        return due ? Event(RebootDue{}) : Event(NothingTaken{});
      case kKindOf<Reap>:
        return NothingToReap{};
      case kKindOf<Forward>:
        return Forwarded{0};
      case kKindOf<Release>:
        return Released{0};
      case kKindOf<Announce>:
        return Announced{};
      case kKindOf<Sync>:
        return SyncStarted{kHelper};
      case kKindOf<RebootAfterDelay>:
        return DelayStarted{};
      default:
        return RebootFailed{1};
    }
  }

  template <typename T>
  static bool Is(const Node& node) {
    return std::holds_alternative<T>(node.action);
  }

  // What the event says of the world, without asking the machine.
  static void Observe(const Node& node, const Event& event, bool sensible, Witness& witness) {
    const bool asked_start = !node.fresh && Is<StartChild>(node);
    if (asked_start) {
      const auto* started = std::get_if<ChildStarted>(&event);
      witness.child_was = true;
      if (started != nullptr && started->pid > 1) {
        witness.child = started->pid;
      } else {
        witness.over = true;
      }
      witness.to_reap = true;
    }
    if (!node.fresh && Is<Reap>(node)) {
      witness.to_reap = std::holds_alternative<Reaped>(event);
      if (!witness.to_reap) witness.reaps = 0;  // nobody waits for this round any more
    }
    if (!sensible) return;
    if (const auto* taken = std::get_if<SignalTaken>(&event); taken != nullptr) {
      witness.to_reap = true;
    }
    // A deadline that is due interrupts a round; what is left is reaped after the restart was
    // refused.
    if (std::holds_alternative<RebootDue>(event)) witness.to_reap = false;
    if (const auto* started = std::get_if<SyncStarted>(&event);
        started != nullptr && started->pid > 1) {
      ++witness.helpers;
    }
    if (std::holds_alternative<NoChildren>(event)) {
      witness.helpers = 0;
      if (witness.child != 0) witness.over = true;
      witness.child = 0;
    }
    if (const auto* reaped = std::get_if<Reaped>(&event);
        reaped != nullptr && reaped->status.is_death()) {
      if (reaped->pid == node.machine.helper() && witness.helpers > 0) --witness.helpers;
      if (reaped->pid > 1 && reaped->pid == witness.child) {
        witness.child = 0;
        witness.over = true;
      }
    }
  }
};

using Bytes = std::array<unsigned char, sizeof(Machine)>;

struct ByState {
  static auto KeyOf(const Node& node) {
    return std::tuple(std::bit_cast<Bytes>(node.machine), node.witness);
  }
  bool operator()(const Node& a, const Node& b) const { return KeyOf(a) < KeyOf(b); }
};

// All states that any sequence of events leads to.
TEST_F(MachineInEveryState, KeepsItsInvariantsWhateverComes) {
  const std::vector<Event> events = AllKindsOfEvents();
  std::set<Node, ByState> seen;
  std::deque<Node> to_visit = {Node{}};
  seen.insert(Node{});
  while (!to_visit.empty() && !HasFailure()) {
    const Node node = to_visit.front();
    to_visit.pop_front();
    for (const Event& event : events) {
      const Node next = Check(node, event);
      ASSERT_FALSE(HasFailure()) << "after event number " << (&event - events.data())
                                 << " in answer to " << Name(node.action) << ", which gave "
                                 << Name(next.action);
      if (!seen.insert(next).second) continue;
      to_visit.push_back(next);
      if (next.witness.over) ExpectRestart(next);
    }
  }
  EXPECT_GT(seen.size(), 400u) << "the search has gone blind";
  RecordProperty("states", static_cast<int>(seen.size()));
}

}  // namespace
}  // namespace minit
