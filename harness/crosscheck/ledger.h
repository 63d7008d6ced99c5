// Ledger: what one subject is known to break, as a text for people and for git. An entry excuses the
// breaks of its rule that have its facts, and no others.
//
//   # musl keeps 32 to 34 to itself.
//   rule 2 forwards-every-signal
//   facts phase=running entry=plain faults=none cause=signal-34 whose=nobody how=taken-not-sent
//   reason the kill of its library refuses 32 to 34, and nothing on our machines sends them
//   scenario
//     at rest: child sends 34 to init
//
// The four parts stand in this order. The scenario (harness/scenario/text.h) is what is indented below
// its line; a scenario of no moves has nothing there. In facts any value may be `any`, but not all:
// that would excuse every break of the rule; `entry=masked+any` is any entry that has that one. A reason
// that begins "to be justified" is taken, and warned of. Comments have a line of their own.
//
// Parse(Print(entries)) are the same entries, but for their lines. Held by ledger_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_LEDGER_H_
#define MINIT_HARNESS_CROSSCHECK_LEDGER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/crosscheck/input_error.h"
#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

// Makes `entries` what the text says; on an error they are those before it.
std::optional<InputError> ParseLedger(std::string_view text, std::vector<LedgerEntry>& entries);

// The canonical form, without comments. Requires that reasons are one line each, and not empty.
std::string Print(std::span<const LedgerEntry> entries);

bool Excuses(const LedgerEntry& entry, const contract::Break& broken);

// What a ledger excuses, for judges and searches. The entries must outlive it.
class Known final : public contract::KnownBreaks {
 public:
  Known() = default;  // nothing
  explicit Known(std::span<const LedgerEntry> entries) : entries_(entries) {}

  // Index of the first entry that excuses it, or -1.
  int Find(const contract::Break& broken) const;
  bool Has(const contract::Break& broken) const override;
  // What that entry excuses is not known to judges from now on: they show it. -1: it is again.
  void LeaveOut(int entry) { left_out_ = entry; }

 private:
  std::span<const LedgerEntry> entries_{};
  int left_out_ = -1;
};

// Entries for the findings that nothing excuses, for somebody to justify or to refuse.
std::vector<LedgerEntry> Propose(std::span<const Finding> findings);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_LEDGER_H_
