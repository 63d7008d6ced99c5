// The rules of the contract, as a table: number, name, sentence, when it speaks, and for which profile.
//
// docs/contract.md says them in full. The number is for talk, the name for output: a SARIF rule, a
// column, the name of a test. Neither ever changes its meaning; a new rule gets the next number.
// Held by rules_test.cc, also against the document.
#ifndef MINIT_HARNESS_CONTRACT_RULES_H_
#define MINIT_HARNESS_CONTRACT_RULES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace minit::contract {

enum class Rule : uint8_t {
  kReapsAtRest = 1,
  kForwardsEverySignal,
  kForwardsInOrder,
  kSignalsNobodyElse,
  kStartsChildClean,
  kEndsOnlyWithChild,
  kReportsStatus,
  kSyncsFirst,
  kWaitsOutTheDelay,
  kAlwaysRestarts,
  kNeverExits,
  kFreesTheTraced,
  kKeepsToItsCalls,
  kExitsWithStatus,
  kComesToRest,
};
inline constexpr int kRules = 15;

// What sort of init is judged.
enum class Profile : uint8_t {
  kMachine,    // it runs a machine, and restarts that when its child has ended
  kContainer,  // it ends with its child, and passes its status on: tini, dumb-init, catatonit
};

struct RuleText {
  Rule rule;
  const char* name;
  const char* sentence;
  const char* speaks_when;
  bool of_machine;
  bool of_container;
};

// In the order of their numbers.
inline constexpr std::array<RuleText, kRules> kRuleTexts = {{
    {Rule::kReapsAtRest, "reaps-at-rest", "At rest nobody who died is left for init to reap.",
     "a child of init dies", true, true},
    {Rule::kForwardsEverySignal, "forwards-every-signal",
     "Each owed signal is taken and sent to the child's group, once, before init rests again.",
     "a signal is owed", true, true},
    {Rule::kForwardsInOrder, "forwards-in-order", "Signals are sent in the order of their taking.",
     "two are sent", true, true},
    {Rule::kSignalsNobodyElse, "signals-nobody-else",
     "Init sends nothing else, and nothing at all once its child is reaped.", "always", true, true},
    {Rule::kStartsChildClean, "starts-child-clean",
     "Init forks its child once, and first of all; the child begins with nothing of init's.",
     "always", true, true},
    {Rule::kEndsOnlyWithChild, "ends-only-with-child", "Only the child's end starts the ending.",
     "anything else happens to a process", true, true},
    {Rule::kReportsStatus, "reports-status",
     "The console is told the child's status, or the path that could not be started.",
     "the child ends", true, false},
    {Rule::kSyncsFirst, "syncs-first", "The disks are synced at once, and before the restart.",
     "the child ends", true, false},
    {Rule::kWaitsOutTheDelay, "waits-out-the-delay",
     "After status 0 init restarts as soon as it has synced, after any other not within 30 s.",
     "the child ends", true, false},
    {Rule::kAlwaysRestarts, "always-restarts",
     "Init restarts within 31 s, again and again if refused, and asks reboot for nothing else.",
     "the child ends", true, false},
    {Rule::kNeverExits, "never-exits", "Init does not exit and does not die of itself.", "always",
     true, false},
    {Rule::kFreesTheTraced, "frees-the-traced",
     "Whoever stops while init traces it is let go, with the signal that it stopped for.",
     "a process that init traces stops", true, true},
    {Rule::kKeepsToItsCalls, "keeps-to-its-calls",
     "Init makes no call outside its list, and waits only in those marked for it.",
     "a list is given", true, true},
    {Rule::kExitsWithStatus, "exits-with-status",
     "Init reaps who is dead and exits with its child's status before it rests again.",
     "the child ends", false, true},
    {Rule::kComesToRest, "comes-to-rest", "Init does what is to be done in few calls, and rests.",
     "always", true, true},
}};

constexpr const RuleText& TextOf(Rule rule) {
  return kRuleTexts[static_cast<std::size_t>(rule) - 1];
}
constexpr bool BelongsTo(Rule rule, Profile profile) {
  return profile == Profile::kMachine ? TextOf(rule).of_machine : TextOf(rule).of_container;
}

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_RULES_H_
