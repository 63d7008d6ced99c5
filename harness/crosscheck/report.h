// Report: what a cross-check came to, as plain data. The search fills it in (search.h); the table for
// people, JSON and SARIF are made from it, and from nothing else.
//
// Counts are of scenarios unless another unit is said.
#ifndef MINIT_HARNESS_CROSSCHECK_REPORT_H_
#define MINIT_HARNESS_CROSSCHECK_REPORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

// How one rule came out over all scenarios. Those in which it did not speak are in none of these.
struct Tally {
  uint64_t held = 0;
  uint64_t broken = 0;
  // In how many it spoke, by when and under what: words of facts.h. One scenario may count under
  // several phases, entries and faults.
  std::map<std::string, uint64_t> by_phase{};
  std::map<std::string, uint64_t> by_entry{};
  std::map<std::string, uint64_t> by_fault{};

  uint64_t spoke() const { return held + broken; }
};

// A way in which a rule is broken. No two findings of a subject have the same rule and facts.
struct Finding {
  contract::Rule rule = contract::Rule::kReapsAtRest;
  contract::Facts facts{};  // of the scenario; entry complete
  std::string sentence{};   // contract::Explain of the break
  scenario::Scenario scenario{};
  // With any part of the scenario left out or made plainer it does not show. False: it is excused, or
  // to find that out took too long.
  bool minimal = true;
  std::string timeline{};    // of it, verdicts in between; many lines; "": it was not confirmed
  std::string difference{};  // from the reference, at the first place; "": there is none
  uint64_t seen = 0;         // how many scenarios broke the rule in this way
  // Rig that showed it again in a fresh process: "ptrace". "": there was no time for that, and it is
  // excused.
  std::string confirmed_by{};
  int excused_by = -1;  // index in SubjectReport::ledger; -1: nothing excuses it
};

// Whether a ledger's entry broke its rule with such facts in this run.
enum class Shows : uint8_t {
  kUnknown,  // its scenario was not played, or its verdicts do not count (Troubles::not_counted)
  kYes,      // in its own scenario
  kElsewhere,  // not there, but in another: the same with calls counted otherwise, or one that the search found
  kNo,  // the entry is stale
};

// An entry of a ledger as it was read, and whether it still shows.
struct LedgerEntry {
  contract::Rule rule = contract::Rule::kReapsAtRest;
  contract::FactsPattern pattern{};
  std::string reason{};           // one line, for people
  scenario::Scenario scenario{};  // shows it
  int line = 0;                   // in its file
  Shows shows = Shows::kUnknown;
  scenario::Scenario elsewhere{};  // kElsewhere: which one

  // False: somebody has still to say why it is lived with. Its reason begins with kUnjustified.
  bool justified() const;
  bool operator==(const LedgerEntry&) const = default;
};
inline constexpr std::string_view kUnjustified = "to be justified";

// How runs ended other than by the scenario, and what the rig did not know.
struct Troubles {
  uint64_t crashed = 0;  // an instruction of init raised a signal that ended it
  uint64_t looped = 0;   // it used processor time, and made no call
  uint64_t gave_up = 0;  // calls without end
  uint64_t lost = 0;     // the real process died: out of memory, or of the rig
  uint64_t crowded = 0;  // more processes before exec than the rig follows
  // Scenarios whose verdicts do not count: see Player::counts.
  uint64_t not_counted = 0;
  // Breaks that a quicker rig found and the ptrace rig does not show: a fault of this program.
  uint64_t unconfirmed = 0;
  scenario::Scenario unconfirmed_scenario{};  // one of them
  uint64_t lost_workers = 0;  // processes with the subject in their memory that died or hung
  std::map<std::string, uint64_t>
      not_covered{};  // calls that no one answered, harmless ones too: calls, not scenarios
};

struct SubjectReport {
  std::vector<std::string> command{};  // path and arguments
  std::string sha256{};                // of the binary, 64 hexadecimal digits
  contract::Profile profile = contract::Profile::kMachine;
  std::string ledger_path{};         // "": none
  std::string calls_path{};          // … of the list for rule 13
  std::string child = "/core";       // what it is to start
  std::set<std::string> harmless{};  // calls that do not matter, though no one covers them
  std::string rig{};       // really used: "in-process, patched", "in-process, trapped", "ptrace"
  std::string rig_note{};  // why not a quicker one; "": it was
  uint64_t seed = 0;
  uint64_t scenarios = 0;  // played, those of minimising apart
  uint64_t kept = 0;       // that showed something new, by the feedback
  uint64_t tuples = 0;     // states, calls and results seen together: what the feedback counts
  double seconds = 0;
  bool interrupted = false;                       // ended early, by a signal
  std::array<Tally, contract::kRules> tallies{};  // by rule number, from 0 for rule 1
  std::vector<Finding> findings{};                // by rule, then facts
  uint64_t beyond =
      0;  // breaks not looked into, for there were too many or no time: none is excused
  std::vector<LedgerEntry> ledger{};
  Troubles troubles{};

  const Tally& tally(contract::Rule rule) const {
    return tallies[static_cast<std::size_t>(rule) - 1];
  }
  Tally& tally(contract::Rule rule) { return tallies[static_cast<std::size_t>(rule) - 1]; }
  // Rules of the profile that no scenario spoke of, but rule 13 if no list was given.
  std::vector<contract::Rule> Silent(bool has_call_list) const;
};

struct Report {
  std::string tool_commit{};  // of this program's source; "unknown" outside a repository
  std::string started{};      // UTC, as 2026-11-24T23:40:00Z
  bool require_spoken = false;
  bool has_call_list = false;
  bool interrupted = false;  // a signal ended it early
  uint64_t not_begun = 0;    // subjects that were to follow then
  std::vector<SubjectReport> subjects{};
};

// How a rule came out for a subject.
enum class Outcome : uint8_t {
  kHolds,
  kBroken,
  kKnown,  // broken, and the ledger excuses each way in which it was
  kSilent,
  kNotAsked,  // not of the profile, or rule 13 without a list of calls
};
Outcome OutcomeOf(const SubjectReport& subject, contract::Rule rule, bool has_call_list);

// What makes the exit status 1.
// Findings that nothing excuses, breaks beyond, and rules that are broken with no finding to say how.
uint64_t NewBreaks(const SubjectReport& subject);
// Those last, if none of their breaks can be among those beyond.
std::vector<contract::Rule> BrokenUnseen(const SubjectReport& subject);
bool HasNewBreak(const SubjectReport& subject);
bool HasStaleEntry(const SubjectReport& subject);
// That nothing new was found says something. False: more than one scenario of kUncountedIn does not count
// (Troubles::not_counted); what breaks there, nobody sees.
bool IsJudged(const SubjectReport& subject);
inline constexpr uint64_t kUncountedIn = 100;
// 1 for a new break, a stale entry or a break that was not confirmed; else 2 if it was interrupted; else 1
// if Report::require_spoken and a subject that is judged has a silent rule; else 2 if one is not judged;
// else 0.
int ExitStatus(const Report& report);

const char* NameOf(contract::Profile profile);  // "machine", "container"

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_REPORT_H_
