// Laws of the machine itself, against an independent reckoning of what a PID 1 owes, whatever a
// kernel may legally answer.
#include "core/machine.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <cerrno>
#include <optional>
#include <ostream>
#include <variant>
#include <vector>

#include "proptest/story.h"

namespace minit::proptest {
namespace {

constexpr int kBatch = 3;
constexpr int kChild = 100;
constexpr int kHelper = 200;
constexpr int kOrphan = 300;
constexpr uint32_t kStops[] = {0x057f, 0x0a7f, 0x137f};  // of SIGTRAP, 10 and SIGSTOP
constexpr uint32_t kDeaths[] = {0x0000, 0x0100, 0x0009, 0x008b, 0xff00};

// What is owed, by the events alone.
struct Owed {
  bool booted = false;
  bool child = false;  // alive
  bool ended = false;
  bool helper = false;  // alive
  bool synced = false;
  bool armed = false;
  std::optional<int> to_send;         // taken, and the child was alive
  std::optional<Release> to_release;  // a stop was reported
  std::optional<Announce> to_say;
  bool given_up = false;  // the restart was due and the disks were not synced
  bool waited = false;    // the last event ended a wait for a signal
  int reaps = 0;          // since the last look at the signals
  bool left = false;      // there may be somebody to reap
};

using Machines = rc::state::Command<Owed, Machine>;

// Any answer that the action in question can have. `choice` says which.
Event Answer(ActionKind asked, const Owed& owed, int choice, int number) {
  switch (asked) {
    case kKindOf<StartChild>:
      return choice % 8 == 0 ? Event{ChildFailed{EAGAIN}} : Event{ChildStarted{kChild}};
    case kKindOf<AwaitSignal>:
      if (choice % 8 == 0) return Interrupted{};
      if (choice % 8 == 1) return NothingTaken{};
      if (choice % 8 < 4 && owed.armed) return RebootDue{};
      return SignalTaken{choice % 2 == 0 ? kSigChld : number % 8 + 1};
    case kKindOf<Reap>: {
      if (choice % 8 == 0 && owed.child) return Reaped{kChild, WaitStatus(kDeaths[number % 5])};
      if (choice % 8 == 1 && owed.helper) return Reaped{kHelper, WaitStatus(kDeaths[number % 3])};
      if (choice % 8 == 2) return Reaped{kOrphan, WaitStatus(kStops[number % 3])};
      if (choice % 8 < 5) return Reaped{kOrphan, WaitStatus(0)};
      if (choice % 8 == 6 && number % 4 == 0) return NoChildren{};  // they are gone unseen
      return owed.child || owed.helper ? Event{NothingToReap{}} : Event{NoChildren{}};
    }
    case kKindOf<Forward>:
      return Forwarded{choice % 4 == 0 ? ESRCH : 0};
    case kKindOf<Release>:
      return Released{choice % 4 == 0 ? ESRCH : 0};
    case kKindOf<Announce>:
      return Announced{};
    case kKindOf<Sync>:
      return choice % 4 == 0 ? Event{NoHelper{EAGAIN}} : Event{SyncStarted{kHelper}};
    case kKindOf<RebootAfterDelay>:
      return DelayStarted{};
    case kKindOf<Reboot>:
      return RebootFailed{EPERM};
    default:
      return Booted{};
  }
}

// What init has to say of an event.
void ReckonWords(const Event& event, Owed& owed) {
  using What = Announce::What;
  owed.to_say.reset();
  if (std::holds_alternative<Booted>(event)) owed.to_say = {What::kBanner};
  if (const auto* failed = std::get_if<ChildFailed>(&event); failed != nullptr) {
    owed.to_say = {What::kStartFailed, failed->error};
  }
  const auto* const reaped = std::get_if<Reaped>(&event);
  if (reaped != nullptr && reaped->pid == kChild && owed.child) {
    const auto word = static_cast<int>(reaped->status.word());
    owed.to_say = {What::kChildEnded, (word & 0x7f) != 0 ? 128 + (word & 0x7f) : word >> 8};
  }
  if (std::holds_alternative<NoChildren>(event) && owed.child) owed.to_say = {What::kChildLost};
  if (std::holds_alternative<RebootDue>(event)) {
    if (!owed.synced && !owed.given_up) owed.to_say = {What::kNotSynced};
    owed.given_up = true;
  }
  if (const auto* failed = std::get_if<RebootFailed>(&event); failed != nullptr) {
    owed.to_say = {What::kRestartFailed, failed->error};
  }
}

// What an event does to what is owed.
void Reckon(const Event& event, Owed& owed) {
  owed.to_send.reset();
  owed.to_release.reset();
  ReckonWords(event, owed);
  owed.waited = std::holds_alternative<SignalTaken>(event) ||
                std::holds_alternative<NothingTaken>(event) ||
                std::holds_alternative<Interrupted>(event);
  if (std::holds_alternative<Booted>(event)) owed.booted = true;
  if (std::holds_alternative<ChildStarted>(event)) owed.child = true;
  if (std::holds_alternative<ChildFailed>(event)) owed.ended = true;
  if (const auto* taken = std::get_if<SignalTaken>(&event); taken != nullptr) {
    if (taken->signal != kSigChld && owed.child) owed.to_send = taken->signal;
  }
  if (const auto* reaped = std::get_if<Reaped>(&event); reaped != nullptr) {
    ++owed.reaps;
    if (reaped->status.kind() == WaitStatus::Kind::kStopped) {
      owed.to_release = {reaped->pid, reaped->status.word() == 0x0a7f ? 10 : 0};
    } else if (reaped->pid == kChild && owed.child) {
      owed.child = false;
      owed.ended = true;
    } else if (reaped->pid == kHelper) {
      owed.helper = false;
      owed.synced |= reaped->status.word() == 0;
    }
  } else {
    owed.reaps = 0;
  }
  if (std::holds_alternative<NoChildren>(event)) {
    owed.ended |= owed.child;
    owed.child = owed.helper = false;
  }
  owed.left |=
      std::holds_alternative<ChildStarted>(event) || std::holds_alternative<ChildFailed>(event) ||
      std::holds_alternative<SignalTaken>(event) || std::holds_alternative<RebootFailed>(event);
  if (std::holds_alternative<NothingToReap>(event)) owed.left = false;
  if (std::holds_alternative<NoChildren>(event)) owed.left = owed.to_say.has_value();
  if (std::holds_alternative<SyncStarted>(event)) owed.helper = true;
  if (std::holds_alternative<DelayStarted>(event)) owed.armed = true;
  if (std::holds_alternative<RebootDue>(event)) owed.armed = false;
}

// Plays a machine for as long as there are choices, and hands each action with what is owed to
// `law`.
template <typename Law>
void PlayMachine(const std::vector<uint8_t>& choices, Law law) {
  Machine machine(Settings{.reaps_in_a_row = kBatch});
  Owed owed;
  Event event = Booted{};
  for (std::size_t i = 0; i + 1 < choices.size(); i += 2) {
    Reckon(event, owed);
    const Action action = machine.Step(event);
    RC_ASSERT(machine.IsValid());
    law(action, owed);
    event = Answer(static_cast<ActionKind>(action.index()), owed, choices[i], choices[i + 1]);
  }
}

RC_GTEST_PROP(Machine, SendsASignalAtOnceAndOnlyToALivingChild,
              (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    const auto* const forward = std::get_if<Forward>(&action);
    RC_ASSERT((forward != nullptr) == owed.to_send.has_value());
    if (forward == nullptr) return;
    RC_ASSERT(forward->child == kChild);
    RC_ASSERT(forward->signal == *owed.to_send);
  });
}

RC_GTEST_PROP(Machine, ReleasesWhoStoppedAtOnceAndNobodyElse,
              (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    const auto* const release = std::get_if<Release>(&action);
    RC_ASSERT((release != nullptr) == owed.to_release.has_value());
    if (release != nullptr) RC_ASSERT(*release == *owed.to_release);
  });
}

RC_GTEST_PROP(Machine, RestartsAndSyncsOnlyOnceTheChildHasEnded,
              (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    const bool ending = std::holds_alternative<Reboot>(action) ||
                        std::holds_alternative<Sync>(action) ||
                        std::holds_alternative<RebootAfterDelay>(action);
    RC_ASSERT(!ending || owed.ended);
  });
}

RC_GTEST_PROP(Machine, HasOneHelperAtATimeAndNoneOnceItIsSynced,
              (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    if (std::holds_alternative<Sync>(action)) RC_ASSERT(!owed.helper && !owed.synced);
  });
}

RC_GTEST_PROP(Machine, SaysAtOnceWhatHappenedAndNothingElseButThatItRestarts,
              (const std::vector<uint8_t>& choices)) {
  bool restarts = false;
  PlayMachine(choices, [&restarts](const Action& action, const Owed& owed) {
    RC_ASSERT(std::holds_alternative<Reboot>(action) == restarts);
    const auto* const said = std::get_if<Announce>(&action);
    restarts = said != nullptr && said->what == Announce::What::kRestarting;
    if (owed.to_say) {
      RC_ASSERT(said != nullptr);
      RC_ASSERT(*said == *owed.to_say);
    } else {
      RC_ASSERT(said == nullptr || restarts);
    }
  });
}

RC_GTEST_PROP(Machine, StartsTheChildOnceAfterTheBanner, (const std::vector<uint8_t>& choices)) {
  int started = 0;
  int step = 0;
  PlayMachine(choices, [&](const Action& action, const Owed&) {
    ++step;
    const bool starts = std::holds_alternative<StartChild>(action);
    started += starts;
    RC_ASSERT(starts == (step == 2));
  });
  RC_ASSERT(started <= 1);
}

RC_GTEST_PROP(Machine, LooksAtTheSignalsAfterEachBatchOfReaps,
              (const std::vector<uint8_t>& choices)) {
  int reaps = 0;
  PlayMachine(choices, [&](const Action& action, const Owed&) {
    reaps = std::holds_alternative<Reap>(action) ? reaps + 1 : 0;
    RC_ASSERT(reaps <= kBatch);
  });
}

RC_GTEST_PROP(Machine, WaitsOnlyWhenNothingIsLeftToReap, (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    if (const auto* await = std::get_if<AwaitSignal>(&action); await != nullptr) {
      const bool waits = await->patience != AwaitSignal::Patience::kNone;
      RC_ASSERT(!waits || !owed.left);
    }
  });
}

// Whatever ends that wait, it is tried again.
RC_GTEST_PROP(Machine, WaitsForASecondExactlyIfTheSyncIsOwedAndNobodyIsAtIt,
              (const std::vector<uint8_t>& choices)) {
  PlayMachine(choices, [](const Action& action, const Owed& owed) {
    const bool is_owed = owed.ended && !owed.helper && !owed.synced && !owed.given_up;
    if (owed.waited && is_owed) RC_ASSERT(std::holds_alternative<Sync>(action));
    const auto* const await = std::get_if<AwaitSignal>(&action);
    if (await == nullptr || await->patience == AwaitSignal::Patience::kNone) return;
    RC_ASSERT((await->patience == AwaitSignal::Patience::kOneSecond) == is_owed);
  });
}

// One step, by rc::state: the machine is told any answer at all, sensible or not.
struct Anything : Machines {
  explicit Anything(const Owed&)
      : kind(*rc::gen::inRange<int>(0, static_cast<int>(std::variant_size_v<Event>))),
        number(*rc::gen::element(-1, 0, 1, 2, 17, 64, 65, kChild, kHelper)) {}
  void checkPreconditions(const Owed& owed) const override { RC_PRE(owed.booted || kind == 0); }
  void apply(Owed& owed) const override {
    owed.booted = true;
    owed.child |= kind == 1;  // may be: it was asked for
  }
  void run(const Owed&, Machine& machine) const override {
    const Action action = machine.Step(Made());
    RC_ASSERT(machine.IsValid());
    if (std::holds_alternative<Forward>(action)) RC_ASSERT(machine.child_alive());
    if (std::holds_alternative<Reboot>(action)) RC_ASSERT(machine.ended());
  }
  Event Made() const {
    switch (kind) {
      case 0:
        return Booted{};
      case 1:
        return ChildStarted{number};
      case 2:
        return ChildFailed{number};
      case 3:
        return SignalTaken{number};
      case 4:
        return NothingTaken{};
      case 5:
        return Interrupted{};
      case 6:
        return Reaped{number, WaitStatus(static_cast<uint32_t>(number))};
      case 7:
        return NothingToReap{};
      case 8:
        return NoChildren{};
      case 9:
        return WaitFailed{number};
      case 10:
        return Forwarded{number};
      case 11:
        return Released{number};
      case 12:
        return Announced{};
      case 13:
        return SyncStarted{number};
      case 14:
        return NoHelper{number};
      case 15:
        return DelayStarted{};
      case 16:
        return RebootDue{};
      default:
        return RebootFailed{number};
    }
  }
  void show(std::ostream& out) const override { out << "event " << kind << " of " << number; }
  int kind;
  int number;
};

RC_GTEST_PROP(Machine, KeepsItsInvariantsWhateverItIsTold, ()) {
  Machine machine(Settings{.reaps_in_a_row = kBatch});
  rc::state::check(Owed{}, machine, rc::state::gen::execOneOfWithArgs<Anything>());
}

// How the kernel says that what was asked for has failed, or is done where nothing hangs on that.
// There is no such answer to RebootAfterDelay, which cannot fail: that is asked for again.
std::optional<Event> Failure(ActionKind asked) {
  switch (asked) {
    case kKindOf<StartChild>:
      return ChildFailed{0};
    case kKindOf<AwaitSignal>:
      return Interrupted{};
    case kKindOf<Reap>:
      return NothingToReap{};
    case kKindOf<Forward>:
      return Forwarded{0};
    case kKindOf<Release>:
      return Released{0};
    case kKindOf<Announce>:
      return Announced{};
    case kKindOf<Sync>:
      return NoHelper{0};
    case kKindOf<Reboot>:
      return RebootFailed{0};
    default:
      return std::nullopt;
  }
}

RC_GTEST_PROP(Machine, TakesNonsenseForTheFailureOfWhatItAskedFor,
              (const std::vector<uint8_t>& choices)) {
  Machine machine(Settings{.reaps_in_a_row = kBatch});
  Owed owed;
  Event event = Booted{};
  Action asked;
  for (std::size_t i = 0; i + 1 < choices.size() || i == 0; i += 2) {
    Reckon(event, owed);
    asked = machine.Step(event);
    if (i + 1 >= choices.size()) break;
    event = Answer(static_cast<ActionKind>(asked.index()), owed, choices[i], choices[i + 1]);
  }
  const auto kind = static_cast<ActionKind>(asked.index());
  const Event nonsense = Anything(owed).Made();
  RC_PRE(!Answers(kind, nonsense));
  const std::optional<Event> failure = Failure(kind);
  Machine told = machine;
  const Action expected = failure ? told.Step(*failure) : asked;
  Action next = machine.Step(nonsense);
  if (next == Action(Announce{Announce::What::kNonsense})) next = machine.Step(Announced{});
  RC_ASSERT(next == expected);
}

// Once the child has ended, a kernel that lets time pass gets a Reboot in the end.
RC_GTEST_PROP(Machine, ReachesTheRestartOnceTheChildHasEnded,
              (const std::vector<uint8_t>& choices)) {
  Machine machine(Settings{.reaps_in_a_row = kBatch});
  Owed owed;
  Event event = Booted{};
  Action action;
  const auto step = [&] {
    Reckon(event, owed);
    action = machine.Step(event);
  };
  for (std::size_t i = 0; i + 1 < choices.size(); i += 2) {
    step();
    event = Answer(static_cast<ActionKind>(action.index()), owed, choices[i], choices[i + 1]);
  }
  step();
  RC_PRE(owed.ended);
  constexpr int kPatience = 100;
  for (int i = 0; i < kPatience && !std::holds_alternative<Reboot>(action); ++i) {
    const bool waits = std::holds_alternative<AwaitSignal>(action);
    event = waits && owed.armed
                ? Event{RebootDue{}}
                : Answer(static_cast<ActionKind>(action.index()), owed, waits ? 1 : 7, 1);
    step();
  }
  RC_ASSERT(std::holds_alternative<Reboot>(action));
}

}  // namespace
}  // namespace minit::proptest
