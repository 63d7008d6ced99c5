// Judge: holds any init to the contract, from the trace and the kernel alone.
//
// What this is: the fifteen rules of docs/contract.md as one observer, fed step by step by any rig.
// What this is not: it knows no particular init, no scenario and no rig, and changes nothing.
//
//   Judge judge({.profile = Profile::kMachine});
//   judge.Observe(step, kernel);   // each step of a run, the kernel as it is after it
//   judge.verdict(Rule::kReapsAtRest);
//
// A Judge is a plain value of fixed size: copy it with the kernel and both go on as before. It
// allocates nothing.
//
// Invariants
//   1. What is observed is told by the steps and by const queries of the kernel; the same steps give
//      the same judge.
//   2. Once a rule is broken it stays so, and its first break is kept; if that is known (Terms::known)
//      so is the first that is not. At the first break of rule 6 or 11 judging stops: what follows is
//      that one's consequence.
//   3. A rule is broken only by what init did or left undone. Where the truth cannot be known in
//      bounded room (see docs/contract.md, "What the judge cannot see") it keeps silent.
//   4. Fields that can matter no more are put back to what they were at first, so that equal futures
//      look equal.
//
// Held by judge_test.cc (each rule speaks, keeps silent and names the moment), subjects_test.cc
// (broken inits are found, faultless ones of other construction are not), judge_property_test.cc, and
// in proptest/ by tale_test.cc (a plainer judge says the same) and judge_explorer_test.cc (4, too).
#ifndef MINIT_HARNESS_CONTRACT_JUDGE_H_
#define MINIT_HARNESS_CONTRACT_JUDGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "harness/contract/console_line.h"
#include "harness/contract/facts.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"

namespace minit::contract {

// Which calls an init may make (rule 13): one bit for each kernel::CallKind.
struct CallList {
  uint64_t kinds = 0;
  uint64_t waits = 0;                   // of those: may block without bound
  std::array<uint64_t, 8> others = {};  // of CallKind::kOther: system call numbers 0 to 511

  bool Has(const kernel::Call& call) const;
};

struct Break;

// Breaks that somebody knows of before, a ledger's for example.
class KnownBreaks {
 public:
  virtual bool Has(const Break& broken) const = 0;

 protected:
  ~KnownBreaks() = default;
};

// What a judge is told beforehand.
struct Terms {
  Profile profile = Profile::kMachine;
  uint16_t entry = 0;  // EntryFact: of how init is entered what the kernel does not tell
  const CallList* calls = nullptr;  // nullptr: rule 13 is silent. Must outlive the judge
  bool counts_calls = true;    // false: rule 15 is silent, for searches that find what never rests
  const char* path = "/core";  // of the child, at most 255 bytes. Must outlive the judge
  // A break that they have does not keep the next of its rule from being seen. Must outlive the judge.
  const KnownBreaks* known = nullptr;

  bool operator==(const Terms&) const = default;
};

// The bounds of the rules.
inline constexpr uint64_t kSecondNs = 1'000'000'000;
inline constexpr uint64_t kDelayNs = 30 * kSecondNs;          // rule 9: at least
inline constexpr uint64_t kRestartWithinNs = 31 * kSecondNs;  // rule 10: at most
inline constexpr uint64_t kPauseNs = kSecondNs;               // rule 10: after a refusal, at least
inline constexpr uint32_t kCallsToRest = 500;                 // rule 15
inline constexpr uint32_t kCallsForEach = 8;
inline constexpr uint32_t kCallsInASecond = 200;

enum class Verdict : uint8_t { kSilent, kHolds, kBroken };

// What can be wrong with an exec of the child (rule 5): bits of Break::number, and a How for each.
enum ExecDefect : uint16_t {
  kOtherPath = 1 << 0,
  kOtherArguments = 1 << 1,
  kOtherEnvironment = 1 << 2,
  kNotApart = 1 << 3,  // no session (container: no group) of its own
  kTerminal = 1 << 4,
  kMasked = 1 << 5,
  kIgnoring = 1 << 6,
  kDescriptors = 1 << 7,     // more than 0 to 2
  kWithoutStreams = 1 << 8,  // one of 0 to 2 is closed with which init was entered
};
inline constexpr uint64_t kStreams = 0b111;  // descriptors 0 to 2

// A break of a rule.
struct Break {
  Rule rule = Rule::kReapsAtRest;
  Facts facts;
  uint32_t step = 0;     // which step of the trace, from 1: it is the one that breaks the rule
  kernel::Pid pid = 0;   // whom it is about, 0: nobody
  int32_t number = 0;    // what was found, as the sentence has it: a signal, status, data, count …
  int32_t expected = 0;  // what should have been
  uint64_t time_ns = 0;  // virtual

  bool operator==(const Break&) const = default;
};

// One sentence with numbers: "SIGTERM (15) was taken and not sent before init rested at 3 µs".
std::string Explain(const Break& broken);
// "3 µs", "100.006 ms", "30.000001 s": as short as it is exact, to the microsecond.
std::string TimeText(uint64_t time_ns);

class Judge {
 public:
  explicit Judge(const Terms& terms = {}) : terms_(terms) {}

  // The next step of the run, and the kernel as it is after it.
  void Observe(const Step& step, const kernel::Kernel& kernel);

  Verdict verdict(Rule rule) const;
  // Whether the rule has spoken while the world was in `phase`; one that speaks always does so in
  // every phase that was reached. Of what was, as verdicts are: no part of Hash or SameFuture.
  bool SpokeIn(Rule rule, Phase phase) const {
    return (spoken_[static_cast<std::size_t>(phase)] & Bit(rule)) != 0 && Judges(rule);
  }
  uint8_t faults() const { return past_.faults; }  // FaultFact: of those active at any time so far
  // In the order in which they came about. No more than kMaxBreaks are kept.
  std::span<const Break> breaks() const { return {breaks_.data(), break_count_}; }
  // The first of a rule. nullptr: it is not broken, or its break was not kept.
  const Break* FindBreak(Rule rule) const;
  bool any_broken() const { return broken_ != 0; }
  // Nothing that comes can change a verdict any more.
  bool stopped() const { return stopped_; }
  uint32_t steps() const { return steps_; }

  // Of two judges for which this holds every further step means the same: the breaks to come, not
  // those that were. Times count from `origin_ns`: pass the kernel's now on both sides if the worlds
  // are compared without regard to when it is.
  uint64_t Hash(uint64_t origin_ns = 0) const;
  bool SameFuture(const Judge& other, uint64_t origin_ns = 0, uint64_t other_origin_ns = 0) const;
  // Equal in all that was, too.
  bool operator==(const Judge&) const = default;

  static constexpr int kMaxBreaks = 8;

 private:
  using Kernel = kernel::Kernel;
  using Pid = kernel::Pid;
  static constexpr int kMaxTaken = 64;  // signals taken and not sent; beyond, order is not judged
  static constexpr int kMaxStopped =
      8;  // stops told of and not let go; beyond, data are not judged
  static constexpr int kMaxHelpers = 6;

  // The child, as the world knows it.
  struct Life {
    Pid child = 0;          // which process is, or may be, the child
    Pid first = 0;          // the first that init forked
    Pid lost = 0;           // was killed before its exec, while another may be the child
    bool known = false;     // a process of init's called exec
    bool executed = false;  // … and began the program
    bool exec_failed = false;
    bool refused = false;  // the fork was
    bool dead = false;
    bool ended = false;  // init can learn of it, or could have
    bool reaped = false;
    bool rested = false;        // init has been at rest since entry
    bool rested_since = false;  // … since the end
    Cause end_cause = Cause::kNone;
    int16_t status = -1;  // as a shell gives it; -1: unknown, or none
    uint64_t end_ns = 0;
    uint64_t failed_ns =
        0;  // when its exec failed, or it was last held since; 0: no exec did, or it is dead

    bool start_failed() const { return refused || exec_failed; }
    bool operator==(const Life&) const = default;
  };

  // Signals on their way (rules 2 to 4).
  struct Forwarding {
    struct Taken {
      uint8_t less_one : 6 = 0;  // the signal's number, less one
      uint8_t owed : 1 = 0;      // must be sent; else may be
      uint8_t sent : 1 = 0;

      static constexpr Taken Of(int signal, bool owed) {
        return {.less_one = static_cast<uint8_t>((signal - 1) & 63), .owed = owed};
      }
      int signal() const { return less_one + 1; }
      bool operator==(const Taken&) const = default;
    };
    std::array<Taken, kMaxTaken> taken{};  // in order, since the last rest
    uint8_t count = 0;
    uint8_t cursor = 0;       // behind the last one sent
    uint8_t sends = 0;        // that succeeded, up to 2
    uint64_t refused = 0;     // signals whose kill returned ESRCH, for the facts
    bool overflowed = false;  // more were taken than fit
    uint8_t sending = 0;      // which of `taken` is being sent, from 1; 0: none
    uint64_t doubtful = 0;    // numbers that may be owed, or not: see OnFork
    uint64_t ever_sent = 0;

    bool operator==(const Forwarding&) const = default;
  };

  // Stops that wait told init of, and that it has not let go (rule 12).
  struct Tracing {
    struct Stopped {
      Pid pid = 0;
      uint8_t data = 0;

      bool operator==(const Stopped&) const = default;
    };
    std::array<Stopped, kMaxStopped> stopped{};
    uint8_t count = 0;

    bool operator==(const Tracing&) const = default;
  };

  // What follows the child's end (rules 7 to 10, 14).
  struct Ending {
    std::array<Pid, kMaxHelpers> helpers{};  // alive, forked by init since the end
    uint8_t helper_count = 0;
    bool fork_refused = false;  // since the end
    bool hindered = false;      // a helper was killed, stopped or kept from running
    bool sync_called = false;
    bool sync_returned = false;
    bool sync_done = false;  // … and its helper, if any, is reaped
    Pid sync_by = 0;         // helper whose sync returned
    bool restart_called = false;
    bool reported = false;  // a line with one number was written
    bool path_named = false;
    bool write_failed = false;
    bool excluded = false;    // init is frozen, or suspended
    bool clean = false;       // rule 14: a wait found nothing more
    uint16_t zombies = 0;     // rule 14: of the moment of the end, not yet reaped
    uint64_t due_ns = 0;      // restart at the latest, pauses included
    uint64_t seen_ns = 0;     // up to when `due_ns` is right
    uint64_t refused_ns = 0;  // when a restart was last refused, 0: never

    bool operator==(const Ending&) const = default;
  };

  // Rule 15.
  struct Effort {
    uint32_t calls = 0;   // since the last move, until rest
    uint32_t credit = 0;  // signals taken and wait results since then
    bool rested = false;  // since the last move
    uint16_t in_window = 0;
    uint64_t window_ns = 0;  // when the window began

    bool operator==(const Effort&) const = default;
  };

  // What the world did last, and how init was entered: for the facts.
  struct Past {
    Cause cause = Cause::kNone;
    uint8_t signal = 0;
    uint8_t faults = 0;
    uint16_t entry = 0;
    uint8_t streams = 0;      // of kStreams, those with which init was entered
    bool no_console = false;  // init could not open it
    Pid pid = 0;
    // What init was told last, by a wait or by a signal other than CHLD, since it last took CHLD.
    Cause told = Cause::kNone;
    uint8_t told_signal = 0;
    Pid told_of = 0;
    Pid inherited = 0;    // the highest number of a process from before init was entered
    Pid passed_over = 0;  // dead, and left, when init last waited
    uint64_t taken = 0;   // which signals init ever took

    bool operator==(const Past&) const = default;
  };

  // judge.cc: what each kind of step means to whom.
  void OnChange(const Step& step, const Kernel& kernel);
  void OnEntered(const Kernel& kernel);
  void OnCallOfInit(const Step& step, const Kernel& kernel);
  void OnCall(const Step& step, const Kernel& kernel);
  void OnReturn(const Step& step, const Kernel& kernel);
  void OnMove(const Step& step, const Kernel& kernel);
  void OnRest(const Kernel& kernel);
  void CheckRest(const Kernel& kernel, bool fresh);
  void Speak(Rule rule) { SpeakAll(Bit(rule)); }
  void SpeakAll(uint16_t rules) { spoken_[static_cast<std::size_t>(PhaseNow())] |= rules; }
  void SpeakInNewPhase();
  bool Judges(Rule rule) const { return BelongsTo(rule, terms_.profile); }
  // The rule is broken, now, if it is judged. It is kept if no other was before, or only known ones and
  // this is not. What is left out of `found` is added: phase, entry, faults, step and time.
  void Fail(Rule rule, const Kernel& kernel, Break found);
  bool IsOfTheSame(Rule rule, Pid pid) const;
  Phase PhaseNow() const;
  Whose WhoseIs(Pid pid, const Kernel& kernel) const;
  // Once it is reaped its number can be anybody's, a helper's too.
  bool IsChild(Pid pid) const { return pid == life_.child && !life_.reaped; }

  // life.cc: who the child is, and its end.
  void OnForkCalled(const Kernel& kernel);
  void OnFork(Pid newborn, const Kernel& kernel);
  void OnForkRefused(const Kernel& kernel);
  // Nobody has called exec. What ended may have been a helper, or its fork, and who is hindered since
  // then the child.
  bool EndIsInDoubt() const { return life_.ended && !life_.known && ending_.hindered; }
  // A fork was refused, or somebody killed, while another process might be the child: which of them it
  // was, nobody can tell.
  bool ChildIsInDoubt() const { return MayHaveEnded() && !life_.known && !life_.ended; }
  // The end of a failed start is its death; if somebody else traces it, init may know or not.
  bool EndIsDue() const { return life_.ended || (life_.exec_failed && life_.dead); }
  void OnExec(const Step& step, const Kernel& kernel);
  void FollowChild(const Step& step, const Kernel& kernel);
  int StatusSeen(const Step& step) const;
  bool LoseCandidate(const Step& step, int raw, const Kernel& kernel);
  bool MayHaveEnded() const { return life_.refused || life_.lost != 0; }
  void EndAsLost(const Kernel& kernel);
  void ForgetLost();
  void Die(const Kernel& kernel);
  void End(const Kernel& kernel);
  void Unend();
  void LearnStatus(int raw);

  // starting.cc: rule 5.
  uint16_t DefectsOf(const Step& step, const Kernel& kernel) const;
  void JudgeExec(const Kernel& kernel);
  // The child does, by a call of its own.
  bool BlocksBeforeExec(const kernel::View& child) const;
  void CheckStarted(const Kernel& kernel);
  void FollowFailedStart(const Kernel& kernel);
  void CheckFailedStart(const Kernel& kernel);
  void FailToEnd(const Kernel& kernel);

  // forwarding.cc: rules 2 to 4.
  void Take(int signal, bool owed);
  void OnSend(const Step& step, const Kernel& kernel);
  void OnSendToChild(int signal, bool rightly, const Kernel& kernel);
  void OnSent(const Step& step);
  bool WasTaken(int signal) const;
  int FindTaken(int signal, int from) const;
  void CheckForwarded(const Kernel& kernel, bool fresh);
  How WhyRefused(const Kernel& kernel) const;
  void CheckSent(const Kernel& kernel);
  void KeepWhatMayBeSent();

  // reaping.cc: rules 1 and 12.
  void OnWaited(const Step& step, const Kernel& kernel);
  void OnDetach(const kernel::Call& call, const Kernel& kernel);
  void CheckReaped(const Kernel& kernel, bool fresh);
  void PassOver(const Kernel& kernel);
  void CheckNothingLeft(const Kernel& kernel);

  // ending.cc: rules 6 to 11 and 14.
  Facts WhatInitWasTold(const Kernel& kernel) const;
  bool StartEnding(const Kernel& kernel);
  void OnWrite(const Step& step, const Kernel& kernel);
  void OnLine(const Kernel& kernel);
  void OnStatusLine(const Kernel& kernel);
  void OnWritten(const Step& step);
  void OnSync(const Kernel& kernel);
  void OnSynced(const Step& step);
  void OnReboot(const Step& step, const Kernel& kernel);
  void CheckDelay(const Kernel& kernel);
  void CheckBeforeRestart(const Kernel& kernel);
  void OnRebootRefused(const Kernel& kernel);
  void OnExit(const Step& step, const Kernel& kernel);
  void CheckStatus(const Step& step, const Kernel& kernel);
  void CheckEnded(const Kernel& kernel);
  void CheckTime(const Kernel& kernel, bool time_passed);
  void FailToRestart(const Kernel& kernel);
  void FollowHelpers(const Kernel& kernel);
  void DropHelper(Pid pid);
  void OnInitDied(const Step& step, const Kernel& kernel);

  // effort.cc: rules 13 and 15.
  void CountCall(const Step& step, const Kernel& kernel);
  void CheckCalls(uint32_t bound, const Kernel& kernel);
  void OnSpin(const Kernel& kernel);
  void JudgeCall(const Step& step, const Kernel& kernel);
  void JudgeBlock(const Step& step, const Kernel& kernel);

  static constexpr uint16_t Bit(Rule rule) {
    return static_cast<uint16_t>(1U << (static_cast<unsigned>(rule) - 1));
  }
  // Those that speak when the child ends.
  static constexpr uint16_t OfTheEnd() {
    return Bit(Rule::kReportsStatus) | Bit(Rule::kSyncsFirst) | Bit(Rule::kWaitsOutTheDelay) |
           Bit(Rule::kAlwaysRestarts) | Bit(Rule::kExitsWithStatus);
  }
  template <typename Visitor>
  void VisitFuture(uint64_t origin_ns, Visitor&& visit) const;

  Terms terms_;
  std::array<uint16_t, kPhaseCount> spoken_{};  // rules, for each Phase
  uint16_t broken_ = 0;
  uint16_t known_ = 0;  // of those, the ones of which all breaks so far are known
  uint8_t break_count_ = 0;
  uint16_t exec_defects_ = 0;  // of the last exec of the child, not yet judged
  uint64_t exec_blocked_ = 0;  // signals, then
  uint64_t exec_ignored_ = 0;
  bool stopped_ = false;
  bool resting_ = false;  // init has not run since it was last at rest
  uint32_t steps_ = 0;
  Past past_;
  Life life_;
  Forwarding forwarding_;
  Tracing tracing_;
  Ending ending_;
  Effort effort_;
  ConsoleLine line_;
  ConsoleLine line_before_;  // the last write under way
  Pid writer_ = 0;           // … and who makes it
  std::array<Break, kMaxBreaks> breaks_{};
};

// Inline: whoever tells of a step mostly knows its kind.
inline void Judge::Observe(const Step& step, const Kernel& kernel) {
  if (stopped_) return;
  ++steps_;
  if (step.by_init) resting_ = false;
  if (step.kind == Step::Kind::kCalls) {
    OnCall(step, kernel);
  } else {
    OnChange(step, kernel);
  }
}

// The deadline goes on while init is frozen from outside, or suspended. It may have come to that after
// the last step (from a handler it was about to enter, say), but not by time alone. Inline: it is asked
// at every step.
inline void Judge::CheckTime(const Kernel& kernel, bool time_passed) {
  const uint64_t now_ns = kernel.now_ns();
  const bool excluded = kernel.InitIsHeldUp();
  if (now_ns != ending_.seen_ns) {
    if (ending_.excluded || (time_passed && excluded)) ending_.due_ns += now_ns - ending_.seen_ns;
    ending_.seen_ns = now_ns;
  }
  ending_.excluded = excluded;
  if (now_ns > ending_.due_ns && kernel.ending() == kernel::Ending::kNone) FailToRestart(kernel);
}

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_JUDGE_H_
