// MachineWitness: holds a machine to the invariants at the head of core/machine.h, from outside.
//
// What this is: a second opinion. It is shown each event and the action that followed, keeps its own
// account of what was told, and knows nothing of the machine's members.
// What it is not: a second machine. Where the invariants leave a choice, it accepts any.
//
// An event that does not answer the action is read as the failure of it (invariant 9); so are a pid
// of 1 or less where one was born.
// Tried against machines with a fault each (invariants 2, 4 and 6); no test holds that yet.
#ifndef MINIT_FUZZ_MACHINE_WITNESS_H_
#define MINIT_FUZZ_MACHINE_WITNESS_H_

#include <optional>
#include <variant>

#include "core/action.h"
#include "core/event.h"
#include "core/machine.h"

namespace minit::fuzz {

class MachineWitness {
 public:
  explicit MachineWitness(const Settings& settings) : settings_(settings) {}

  // `event` was given to the machine, which answered `action`. Returns what is wrong with that, with
  // the number of the invariant, or nullptr.
  const char* Observe(const Event& event, const Action& action);

  // What it was told.
  int child() const { return child_; }    // 0: not alive
  int helper() const { return helper_; }  // 0: none
  bool ended() const { return ended_; }
  bool armed() const { return armed_; }
  const Action& asked() const { return asked_; }
  // It can be the result of what was asked.
  bool Sensible(const Event& event) const;

 private:
  // What must follow an event at once.
  struct Demand {
    std::optional<Action> action{};
    const char* otherwise = nullptr;  // what is wrong if it does not
  };

  Demand Learn(const Event& event);
  Demand LearnNonsense();
  Demand LearnOfWait(const Event& event);
  Demand LearnOfDeath(const Reaped& reaped);
  Demand ChildFailedWith(int error);
  void ChildEnds();
  void RoundEnds() { round_open_ = false, reaped_in_a_row_ = 0; }
  const char* Judge(const Action& action) const;
  const char* JudgeWaits(const Action& action) const;
  void Account(const Action& action);

  Settings settings_;
  Action asked_{};
  int child_ = 0;
  int helper_ = 0;
  int reaped_in_a_row_ = 0;  // since signals were looked at, or there was nothing to reap
  bool begun_ = false;
  bool start_asked_ = false;
  bool ended_ = false;
  bool ended_well_ = false;    // the child, with status 0
  bool synced_ = false;        // a helper exited with 0
  bool given_up_ = false;      // … or that none did was said
  bool armed_ = false;         // the delay is running
  bool due_ = false;           // … or over, since the last restart was asked for
  bool restart_said_ = false;  // Reboot is next
  bool round_open_ = false;    // there may be more to reap
  bool reap_owed_ = false;     // for a signal taken
};

}  // namespace minit::fuzz

#endif  // MINIT_FUZZ_MACHINE_WITNESS_H_
