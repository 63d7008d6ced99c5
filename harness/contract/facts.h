// Facts: what is known of a break beside its rule, as closed lists with a stable text form.
//
// A ledger excuses breaks by their facts, and a report tells old from new by them, so the words are
// never changed, and a new one is added at the end of its list. docs/contract.md says what each
// means and which rule uses which.
//
//   phase=running entry=plain faults=none cause=signal-15 whose=nobody how=never-taken
//
// In a pattern any field may be `any`, `cause=signal-any` is any signal, and `entry=masked+any` any
// entry that has that one (faults likewise). Held by facts_test.cc.
#ifndef MINIT_HARNESS_CONTRACT_FACTS_H_
#define MINIT_HARNESS_CONTRACT_FACTS_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/contract/step.h"

namespace minit::contract {

// By the world's truth, not by what init knows.
enum class Phase : uint8_t {
  kStarting,      // the child has not begun its program
  kRunning,       // … it has
  kEnded,         // the child has ended, and init has not rested since
  kWaiting,       // … it has rested: it waits for the restart
  kAfterRefusal,  // a restart was refused
};
inline constexpr std::size_t kPhaseCount = 5;

// How init was entered, if not plainly. A judge sees those that the kernel can tell (the first
// five, and the last); whoever knows the scenario tells the others (Terms::entry).
enum EntryFact : uint16_t {
  kEnteredIgnoring = 1 << 0,     // signals ignored
  kEnteredMasked = 1 << 1,       // … blocked
  kEnteredPending = 1 << 2,      // … pending
  kEnteredParent = 1 << 3,       // with children: alive, dead or traced
  kEnteredDescriptors = 1 << 4,  // with descriptors beyond 0 to 2
  kEnteredStreams = 1 << 5,      // with 0 to 2 other than on the console
  kEnteredShortQueue = 1 << 6,   // RLIMIT_SIGPENDING
  kEnteredEnvironment = 1 << 7,
  kEnteredArguments = 1 << 8,
  kEnteredWithoutFiles = 1 << 9,   // /dev/console or /dev/null is missing
  kEnteredNamespace = 1 << 10,     // as PID 1 of a namespace
  kEnteredOldKernel = 1 << 11,     // a leader's status is told
  kEnteredIgnoringChld = 1 << 12,  // of the signals ignored one is CHLD: the kernel reaps then
};

// Faults that were active at some time of the run up to the break.
enum FaultFact : uint8_t {
  kFaultForks = 1 << 0,
  kFaultExecs = 1 << 1,
  kFaultReboots = 1 << 2,
  kFaultSync = 1 << 3,
  kFaultConsole = 1 << 4,
};

enum class Whose : uint8_t {
  kNobody,  // no process in particular
  kChild,
  kChildBeforeExec,
  kOrphan,
  kInherited,  // a child of init from before it was entered
  kThread,
  kHelper,
  kStranger,  // no child of init, or nobody at all
};

enum class How : uint8_t {
  kPlain,  // the rule says it all
  kNeverTaken,
  kTakenNotSent,
  kNoSuchProcess,  // sent, but the kill returned ESRCH
  kTwice,
  kProcessOnly,
  kOtherNumber,
  kEarly,
  kLate,
  kNever,
  kOtherCommand,
  kWrongValue,
  kPassedOver,  // dead, and left, when init last waited
  // What an exec of the child had wrong, in the order of ExecDefect (judge.h).
  kOtherPath,
  kOtherArguments,
  kOtherEnvironment,
  kNotApart,
  kTerminal,
  kSignalsBlocked,
  kSignalsIgnored,
  kDescriptors,
  kStreams,
  kChildBlocked,  // as kNoSuchProcess: the child blocks, by a call of its own, before it has a group
};
inline constexpr std::size_t kHowCount = 23;

struct Facts {
  Phase phase = Phase::kStarting;
  uint8_t faults = 0;  // FaultFact
  uint16_t entry = 0;  // EntryFact; 0: plain
  Cause cause = Cause::kNone;
  uint8_t signal = 0;  // of Cause::kSignal
  Whose whose = Whose::kNobody;
  How how = How::kPlain;

  auto operator<=>(const Facts&) const = default;
};

// Facts of which some are left open.
struct FactsPattern {
  enum Field : uint8_t {
    kPhase = 1 << 0,
    kEntry = 1 << 1,
    kFaults = 1 << 2,
    kCause = 1 << 3,
    kSignal = 1 << 4,  // of Cause::kSignal alone
    kWhose = 1 << 5,
    kHow = 1 << 6,
  };

  Facts facts;       // entry and faults, if they are left open: those that have to be there
  uint8_t open = 0;  // Field

  bool Matches(const Facts& other) const;
  bool operator==(const FactsPattern&) const = default;
};

std::string ToString(const Facts& facts);
std::string ToString(const FactsPattern& pattern);
// Reads what ToString writes: every field, in any order, once. On failure nothing is returned and
// `error` says what was found and what is allowed, and `at`, if given, is where in the text.
std::optional<FactsPattern> ParseFacts(std::string_view text, std::string* error,
                                       std::size_t* at = nullptr);

const char* NameOf(Phase phase);
const char* NameOf(Cause cause);
const char* NameOf(Whose whose);
const char* NameOf(How how);

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_FACTS_H_
