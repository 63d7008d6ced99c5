// Machine: everything that a PID 1 for one program decides, and nothing else.
//
// The kernel starts one process, PID 1, and owes it nothing. If PID 1 exits, the kernel panics.
// Every process whose parent dies becomes PID 1's child, and stays a zombie, holding its number,
// until PID 1 waits for it. Signals to PID 1 that it does not ask for are dropped. This machine
// runs one child:
//
//   new     -> running  It starts the child, and reaps what it was handed at birth.
//   running -> running  It takes signals one by one and passes each on to the child. SIGCHLD is its
//                       own: it says that there may be something to reap, and not how much.
//   running -> ended    The child was reaped (or could not be started, or is gone unseen): it says
//                       the status, arms the delay, has the disks synced by a helper, and goes on
//                       reaping.
//   ended   -> restart  At once if the child ended with 0 and the disks are synced, else when the
//                       delay is over. A restart that is refused is tried again after another
//                       delay, for ever.
//
// It is a pure function of its past: no clock, no system call, no allocation, no globals. Step() is
// given what the kernel answered and says what to ask it next (action.h); the whole driver of any
// world is
//
//   for (Event event = Booted{};;) event = Perform(machine.Step(event));
//
// How it works: the handlers (`On`, one for each kind of event) answer at once where the event
// calls for one thing, and otherwise note what is owed; Next() picks the most pressing thing owed.
// So no event can break a sequence, and every state has an answer to every event.
//
// Invariants
//   1  StartChild is asked for exactly once, first of all but the banner.
//   2  Forward follows at once on the taking of that signal, and only between ChildStarted and the
//      child's reaping: after that its number may belong to a stranger.
//   3  After the start, and after every signal taken, it reaps until nothing is left before it
//      waits for the next; also while it waits for the restart.
//   4  Reaping and signals cannot starve each other, whoever floods init with either: after 256
//      reaps in a row it looks at the signals once, and after every signal it reaps.
//   5  Only the end of the child leads to the restart: no orphan's death, no stop, no signal does.
//   6  Once the child has ended every fair run reaches Reboot: at the latest when the delay is
//      over.
//   7  At most one sync helper lives at a time. Syncing is never done in place: a disk can hang.
//   8  A process that stopped under init's tracing is released, always, and never taken for dead.
//   9  Step is total. An event that makes no sense is announced, counts as the failure of what was
//      asked, and leaves 1 to 8 as they are.
//
// Held by machine_test.cc: every reachable state with every kind of event, and whole stories at
// compile time.
#ifndef MINIT_CORE_MACHINE_H_
#define MINIT_CORE_MACHINE_H_

#include <cstdint>
#include <type_traits>
#include <variant>

#include "core/action.h"
#include "core/event.h"
#include "core/signal.h"
#include "core/wait_status.h"

namespace minit {

// What a site may choose, and what a search makes small.
struct Settings {
  int delay_seconds = 30;    // > 0: between the end of a child that failed and the restart
  int reaps_in_a_row = 256;  // > 0: then it looks at the signals (invariant 4)
  friend constexpr bool operator==(const Settings&, const Settings&) = default;
};

class Machine {
 public:
  constexpr explicit Machine(Settings settings = {}) : settings_(settings) {}

  // Takes the result of the last action (at first: Booted) and returns the next one.
  constexpr Action Step(const Event& event) {
    const Action next =
        Answers(asked_, event)
            ? std::visit([this](const auto& sensible) { return On(sensible); }, event)
            : OnNonsense();
    asked_ = static_cast<ActionKind>(next.index());
    return next;
  }

  // True from ChildStarted to the reaping of the child.
  constexpr bool child_alive() const { return child_ != 0; }
  constexpr int child() const { return child_; }    // its pid, 0 if it is not alive
  constexpr int helper() const { return helper_; }  // pid of the sync helper, 0 if there is none
  constexpr bool ended() const { return phase_ == Phase::kEnded; }
  constexpr bool armed() const { return armed_; }  // a deadline is armed, as far as it was told

  // The relations between the members that hold between any two steps.
  constexpr bool IsValid() const {
    return (child_ > 1) == (phase_ == Phase::kRunning) && (child_ == 0 || child_ > 1) &&
           (helper_ == 0 || (helper_ > 1 && ended())) &&
           (sync_ != SyncState::kUnderWay || helper_ != 0) &&
           (ended() || (sync_ == SyncState::kNotOwed && !arm_owed_ && !armed_ && !restart_owed_)) &&
           0 <= reaps_in_a_row_ && reaps_in_a_row_ <= settings_.reaps_in_a_row;
  }

  friend constexpr bool operator==(const Machine&, const Machine&) = default;

 private:
  enum class Phase : std::uint8_t { kNew, kStarting, kRunning, kEnded };
  enum class SyncState : std::uint8_t {
    kNotOwed,
    kNow,       // a helper is to be made now
    kLater,     // it failed: again when the next wait is over
    kUnderWay,  // the helper is at it
    kDone,
    kGivenUp,
  };
  using What = Announce::What;

  // --- What is answered, and what follows from it ---

  constexpr Action On(Booted) {
    phase_ = Phase::kStarting;
    start_owed_ = true;
    return Announce{What::kBanner};
  }

  constexpr Action On(ChildStarted started) {
    if (started.pid <= 1) return On(ChildFailed{0});
    phase_ = Phase::kRunning;
    child_ = started.pid;
    OpenRound();  // a zombie inherited from before init's exec sends no SIGCHLD any more
    return Next();
  }

  constexpr Action On(ChildFailed failed) { return End({What::kStartFailed, failed.error}); }

  constexpr Action On(SignalTaken taken) {
    WaitIsOver();
    OpenRound();  // one SIGCHLD may stand for many deaths, and a flood of lower numbers hides it
    if (!CanBeTaken(taken.signal)) return Announce{What::kNonsense};
    if (taken.signal == kSigChld) return Next();
    if (!child_alive()) return Next();  // its group's number may belong to a stranger by now
    return Forward{child_, taken.signal};
  }

  constexpr Action On(NothingTaken) {
    WaitIsOver();
    reaps_in_a_row_ = 0;  // no signal is starved: the round may go on
    return Next();
  }

  constexpr Action On(Interrupted) { return On(NothingTaken{}); }

  constexpr Action On(Reaped reaped) {
    ++reaps_in_a_row_;
    if (reaped.pid <= 1) return Announce{What::kNonsense};
    if (reaped.status.kind() == WaitStatus::Kind::kStopped) {
      return Release{reaped.pid, reaped.status.signal_to_pass_on()};
    }
    if (!reaped.status.is_death()) return Announce{What::kNonsense};
    if (reaped.pid == child_) return OnChildDied(reaped.status);
    if (reaped.pid == helper_) return OnHelperDied(reaped.status);
    return Next();  // an orphan: to reap it is all that was owed
  }

  constexpr Action On(NothingToReap) {
    EndRound();
    return Next();
  }

  constexpr Action On(NoChildren) {
    EndRound();
    ForgetHelper();
    return child_alive() ? End({What::kChildLost}) : Next();
  }

  constexpr Action On(WaitFailed) {
    EndRound();  // not to be expected, and no reason to spin
    return Announce{What::kNonsense};
  }

  // Refused or not, the signal has had its chance.
  constexpr Action On(Forwarded) { return Next(); }

  // ESRCH: it is dying already, and will be reaped.
  constexpr Action On(Released) { return Next(); }

  constexpr Action On(Announced) { return Next(); }

  constexpr Action On(SyncStarted started) {
    if (started.pid <= 1) return On(NoHelper{0});
    helper_ = started.pid;
    sync_ = SyncState::kUnderWay;
    return Next();
  }

  constexpr Action On(NoHelper) {
    sync_ = SyncState::kLater;
    return Next();
  }

  constexpr Action On(DelayStarted) {
    armed_ = true;
    return Next();
  }

  constexpr Action On(RebootDue) {
    if (!armed_) return Announce{What::kNonsense};
    armed_ = false;
    Restart();
    if (sync_ == SyncState::kDone || sync_ == SyncState::kGivenUp) return Next();
    sync_ = SyncState::kGivenUp;
    return Announce{What::kNotSynced};
  }

  constexpr Action On(RebootFailed failed) {
    restart_owed_ = false;
    arm_owed_ = true;
    round_open_ = true;
    return Announce{What::kRestartFailed, failed.error};
  }

  // What was asked for gave no answer that makes sense: it counts as failed.
  constexpr Action OnNonsense() {
    switch (asked_) {
      case kKindOf<StartChild>:
        return On(ChildFailed{0});
      case kKindOf<Reboot>:
        return On(RebootFailed{0});
      case kKindOf<Announce>:
        return Next();  // no echo of echoes
      case kNoAction:
        return On(Booted{});
      case kKindOf<AwaitSignal>:
        On(Interrupted{});
        break;
      case kKindOf<Reap>:
        On(NothingToReap{});
        break;
      case kKindOf<Sync>:
        On(NoHelper{0});
        break;
      case kKindOf<RebootAfterDelay>:
        arm_owed_ = true;
        break;
      default:  // Forward, Release: nothing hangs on their answer
        break;
    }
    return Announce{What::kNonsense};
  }

  constexpr Action OnChildDied(WaitStatus status) {
    at_once_ = status.shell_status() == 0;
    return End({What::kChildEnded, status.shell_status()});
  }

  constexpr Action OnHelperDied(WaitStatus status) {
    const bool synced = status.kind() == WaitStatus::Kind::kExited && status.exit_code() == 0;
    if (synced && sync_ == SyncState::kUnderWay) {
      sync_ = SyncState::kDone;
      if (at_once_) Restart();
    }
    ForgetHelper();
    return Next();
  }

  // --- What is owed ---

  // The child is no more: says so, arms the delay, syncs, and goes on reaping.
  constexpr Action End(Announce why) {
    phase_ = Phase::kEnded;
    child_ = 0;  // the number can be anybody's from now on, the helper's too
    arm_owed_ = true;
    sync_ = SyncState::kNow;
    round_open_ = true;
    return why;
  }

  constexpr void Restart() {
    say_restarting_ = true;
    restart_owed_ = true;
  }

  constexpr void OpenRound() {
    round_open_ = true;
    reaps_in_a_row_ = 0;
  }

  constexpr void EndRound() {
    round_open_ = false;
    reaps_in_a_row_ = 0;
  }

  constexpr void WaitIsOver() {
    if (sync_ == SyncState::kLater) sync_ = SyncState::kNow;
  }

  constexpr void ForgetHelper() {
    helper_ = 0;
    if (sync_ == SyncState::kUnderWay) sync_ = SyncState::kLater;
  }

  // The most pressing thing owed. What is asked for once is owed no more.
  constexpr Action Next() {
    if (Take(start_owed_)) return StartChild{};
    if (Take(arm_owed_)) return RebootAfterDelay{settings_.delay_seconds};
    if (sync_ == SyncState::kNow) return Sync{};
    if (Take(say_restarting_)) return Announce{What::kRestarting};
    if (restart_owed_) return Reboot{};
    if (round_open_ && reaps_in_a_row_ < settings_.reaps_in_a_row) return Reap{};
    return AwaitSignal{patience()};
  }

  constexpr AwaitSignal::Patience patience() const {
    if (round_open_) return AwaitSignal::Patience::kNone;
    if (sync_ == SyncState::kLater) return AwaitSignal::Patience::kOneSecond;
    return AwaitSignal::Patience::kUnbounded;
  }

  static constexpr bool Take(bool& owed) {
    const bool was_owed = owed;
    owed = false;
    return was_owed;
  }

  Settings settings_;
  int child_ = 0;
  int helper_ = 0;
  std::int16_t reaps_in_a_row_ = 0;
  ActionKind asked_ = kNoAction;
  Phase phase_ = Phase::kNew;
  SyncState sync_ = SyncState::kNotOwed;
  bool start_owed_ = false;
  bool round_open_ = false;  // there may be more to reap
  bool arm_owed_ = false;
  bool armed_ = false;
  bool at_once_ = false;  // restart as soon as the disks are synced
  bool say_restarting_ = false;
  bool restart_owed_ = false;
};

// Two machines are in the same state exactly if their bytes are the same: explorers may hash those.
static_assert(std::has_unique_object_representations_v<Machine>);

}  // namespace minit

#endif  // MINIT_CORE_MACHINE_H_
