// CheckSubject: one subject through the whole of a cross-check: search, confirmation of what was
// found by the ptrace rig, the ledger, and the report.
//
// Held by crosscheck_tool_test.py, bugbank_test.cc and ledgers_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_CHECK_H_
#define MINIT_HARNESS_CROSSCHECK_CHECK_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/report.h"
#include "harness/rig/outcome.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

enum class RigChoice : uint8_t { kAuto, kInProcess, kPtrace };

struct CheckOptions {
  rig::SubjectOptions subject{};
  contract::Profile profile = contract::Profile::kMachine;
  RigChoice rig = RigChoice::kAuto;
  uint64_t seed = 1;
  uint64_t scenarios = 0;           // after the corpus; 0: no bound
  double seconds = 20;              // 0: no bound, of what comes after the search neither
  std::function<double()> clock{};  // see SearchOptions
  std::vector<scenario::Scenario> corpus{};
  std::vector<LedgerEntry> ledger{};
  const contract::CallList* calls = nullptr;     // must outlive the check
  std::function<bool(contract::Rule)> enough{};  // see SearchOptions
  std::set<std::string> harmless{};              // calls that no one covers and that do not matter
};

// What the judge of such a check is told; all must outlive it.
contract::Terms TermsOf(const CheckOptions& options, const Known& known);

// How far a search is.
struct Progress {
  double seconds = 0;
  uint64_t scenarios = 0;
  uint64_t kept = 0;
  uint32_t found = 0;  // ways in which rules are broken, known ones too
};

struct Checked {
  SubjectReport report{};
  std::vector<scenario::Scenario> kept{};  // they showed something new
  contract::CallList calls_seen{};  // what init made; `waits`: where it was blocked without bound
};

// Throws rig::CannotRun. `tell` is called about once a second.
Checked CheckSubject(const CheckOptions& options, const std::atomic<bool>& stop,
                     const std::function<void(const Progress&)>& tell);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_CHECK_H_
