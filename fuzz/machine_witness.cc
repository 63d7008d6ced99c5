#include "fuzz/machine_witness.h"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <type_traits>

namespace minit::fuzz {
namespace {

using What = Announce::What;
using Patience = AwaitSignal::Patience;

template <typename T>
bool Is(const Action& action) {
  return std::holds_alternative<T>(action);
}

bool Says(const Action& action, What what) {
  const auto* const said = std::get_if<Announce>(&action);
  return said != nullptr && said->what == what;
}

int RawStatus(const Reaped& reaped) { return static_cast<int>(reaped.status.word()); }

bool IsTakeable(int signal) {
  return signal >= 1 && signal <= 64 && signal != SIGKILL && signal != SIGSTOP;
}

}  // namespace

// The machine's own table (core/event.h) is not asked: it is on trial too.
bool MachineWitness::Sensible(const Event& event) const {
  constexpr std::array<ActionKind, std::variant_size_v<Event>> kResultsOf = {
      kNoAction,                  // Booted
      kKindOf<StartChild>,        // ChildStarted
      kKindOf<StartChild>,        // ChildFailed
      kKindOf<AwaitSignal>,       // SignalTaken
      kKindOf<AwaitSignal>,       // NothingTaken
      kKindOf<AwaitSignal>,       // Interrupted
      kKindOf<Reap>,              // Reaped
      kKindOf<Reap>,              // NothingToReap
      kKindOf<Reap>,              // NoChildren
      kKindOf<Reap>,              // WaitFailed
      kKindOf<Forward>,           // Forwarded
      kKindOf<Release>,           // Released
      kKindOf<Announce>,          // Announced
      kKindOf<Sync>,              // SyncStarted
      kKindOf<Sync>,              // NoHelper
      kKindOf<RebootAfterDelay>,  // DelayStarted
      kKindOf<AwaitSignal>,       // RebootDue
      kKindOf<Reboot>,            // RebootFailed
  };
  const ActionKind asked = begun_ ? static_cast<ActionKind>(asked_.index()) : kNoAction;
  return kResultsOf[event.index()] == asked;
}

const char* MachineWitness::Observe(const Event& event, const Action& action) {
  const Demand demand = Sensible(event) ? Learn(event) : LearnNonsense();
  if (demand.action && action != *demand.action) return demand.otherwise;
  // Said, or done, by order of an event, and never else.
  if (!demand.action) {
    if (Is<Forward>(action)) return "2: a signal is forwarded that was not just taken";
    if (Is<Release>(action)) return "8: somebody is released who has not just stopped";
    if (Is<Announce>(action) && !Says(action, What::kRestarting)) return "9: said for no reason";
  }
  if (const char* const wrong = Judge(action); wrong != nullptr) return wrong;
  Account(action);
  return nullptr;
}

// --- What an event says --------------------------------------------------------------------------

MachineWitness::Demand MachineWitness::Learn(const Event& event) {
  if (std::holds_alternative<Booted>(event)) {
    return {Announce{What::kBanner}, "1: the first word is not the banner"};
  }
  if (const auto* const started = std::get_if<ChildStarted>(&event); started != nullptr) {
    if (started->pid <= 1) return ChildFailedWith(0);
    child_ = started->pid;
    round_open_ = true;
    return {};
  }
  if (const auto* const failed = std::get_if<ChildFailed>(&event); failed != nullptr) {
    return ChildFailedWith(failed->error);
  }
  if (const auto* const started = std::get_if<SyncStarted>(&event); started != nullptr) {
    helper_ = started->pid > 1 ? started->pid : 0;
    return {};
  }
  if (std::holds_alternative<DelayStarted>(event)) {
    armed_ = true;
    return {};
  }
  if (const auto* const failed = std::get_if<RebootFailed>(&event); failed != nullptr) {
    round_open_ = true;
    return {Announce{What::kRestartFailed, failed->error}, "6: a refused restart is not said"};
  }
  return LearnOfWait(event);
}

// What was asked for counts as failed, and that is said: but no echo of an announcement.
MachineWitness::Demand MachineWitness::LearnNonsense() {
  if (!begun_) return Learn(Booted{});
  if (Is<StartChild>(asked_)) return ChildFailedWith(0);
  if (Is<Reboot>(asked_)) return Learn(RebootFailed{0});
  if (Is<Announce>(asked_)) return {};
  if (Is<Reap>(asked_)) RoundEnds();
  if (Is<AwaitSignal>(asked_)) reaped_in_a_row_ = 0;
  return {Announce{What::kNonsense}, "9: an event that makes no sense is not announced"};
}

// Answers to AwaitSignal and Reap.
MachineWitness::Demand MachineWitness::LearnOfWait(const Event& event) {
  const Demand nonsense = {Announce{What::kNonsense},
                           "9: a value that makes no sense is passed by"};
  if (const auto* const taken = std::get_if<SignalTaken>(&event); taken != nullptr) {
    round_open_ = reap_owed_ = true;
    reaped_in_a_row_ = 0;
    if (!IsTakeable(taken->signal)) return nonsense;
    if (taken->signal == SIGCHLD || child_ == 0) return {};
    return {Forward{child_, taken->signal}, "2: a signal is not forwarded at once"};
  }
  if (const auto* const reaped = std::get_if<Reaped>(&event); reaped != nullptr) {
    ++reaped_in_a_row_;
    const int status = RawStatus(*reaped);
    if (reaped->pid <= 1) return nonsense;
    if (WIFSTOPPED(status)) {
      const int signal = WSTOPSIG(status);
      return {Release{reaped->pid, IsTakeable(signal) && signal != SIGTRAP ? signal : 0},
              "8: who stopped under tracing is not released"};
    }
    if (!WIFEXITED(status) && !WIFSIGNALED(status)) return nonsense;
    return LearnOfDeath(*reaped);
  }
  if (std::holds_alternative<NothingTaken>(event) || std::holds_alternative<Interrupted>(event)) {
    reaped_in_a_row_ = 0;
    return {};
  }
  if (std::holds_alternative<RebootDue>(event)) {
    if (!armed_) return nonsense;
    armed_ = false;
    due_ = true;
    if (synced_ || given_up_) return {};
    given_up_ = true;
    return {Announce{What::kNotSynced}, "6: that the disks are not synced is not said"};
  }
  if (std::holds_alternative<NothingToReap>(event)) RoundEnds();
  if (std::holds_alternative<WaitFailed>(event)) {
    RoundEnds();
    return nonsense;
  }
  if (std::holds_alternative<NoChildren>(event)) {
    RoundEnds();
    helper_ = 0;
    if (child_ == 0) return {};
    ChildEnds();
    return {Announce{What::kChildLost}, "6: the child is gone, and that is not its end"};
  }
  return {};
}

MachineWitness::Demand MachineWitness::LearnOfDeath(const Reaped& reaped) {
  const int status = RawStatus(reaped);
  if (reaped.pid == child_) {
    const int as_shell = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ChildEnds();
    ended_well_ = as_shell == 0;
    return {Announce{What::kChildEnded, as_shell}, "6: the status of the child is not said"};
  }
  if (reaped.pid == helper_) {
    helper_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) synced_ = true;
  }
  return {};
}

MachineWitness::Demand MachineWitness::ChildFailedWith(int error) {
  ChildEnds();
  return {Announce{What::kStartFailed, error}, "6: that the child cannot be started is not said"};
}

void MachineWitness::ChildEnds() {
  child_ = 0;
  ended_ = true;
  round_open_ = true;
}

// --- What may be asked for -----------------------------------------------------------------------

const char* MachineWitness::Judge(const Action& action) const {
  if (Is<StartChild>(action)) return start_asked_ ? "1: the child is started twice" : nullptr;
  if (begun_ && !start_asked_) return "1: something comes between the banner and the start";
  if (restart_said_ != Is<Reboot>(action)) {
    return restart_said_ ? "6: the restart is said and not made" : "6: an unannounced restart";
  }
  const bool ends =
      Is<Sync>(action) || Is<RebootAfterDelay>(action) || Says(action, What::kRestarting);
  if (ends && !ended_) return "5: it ends, and the child has not";
  if (Is<Sync>(action)) {
    if (helper_ != 0) return "7: a second helper, while one lives";
    if (synced_) return "7: the disks are synced again";
  }
  if (const auto* const delay = std::get_if<RebootAfterDelay>(&action); delay != nullptr) {
    if (delay->seconds != settings_.delay_seconds) return "6: another delay";
  }
  if (Says(action, What::kRestarting) && !due_ && !(ended_well_ && synced_)) {
    return "6: it restarts before the delay is over";
  }
  return JudgeWaits(action);
}

const char* MachineWitness::JudgeWaits(const Action& action) const {
  if (Is<Reap>(action)) {
    if (!round_open_) return "3: it reaps, and there was nothing left";
    if (reaped_in_a_row_ >= settings_.reaps_in_a_row) return "4: deaths starve the signals";
  }
  if (const auto* const await = std::get_if<AwaitSignal>(&action); await != nullptr) {
    if (reap_owed_) return "4: signals starve the deaths";
    if (round_open_ != (await->patience == Patience::kNone)) {
      return round_open_ ? "3: it waits, and there may be more to reap" : "3: it spins";
    }
    if (due_ || (ended_ && !armed_)) return "6: it waits, and nothing will end that";
  }
  return nullptr;
}

void MachineWitness::Account(const Action& action) {
  begun_ = true;
  asked_ = action;
  if (Is<StartChild>(action)) start_asked_ = true;
  if (Is<Reap>(action)) reap_owed_ = false;
  if (Is<Reboot>(action)) due_ = armed_ = false;
  restart_said_ = Says(action, What::kRestarting);
}

}  // namespace minit::fuzz
