// JSON: everything in a report, for programs. Keys are always there, in this order; whoever reads them
// passes over those that he does not know. Texts that are not UTF-8 have U+FFFD in place of bad bytes.
//
//   format            1; the number changes when a key changes its meaning or goes
//   commit, started   of this program's source; UTC, "2026-11-24T23:40:00Z"
//   exitStatus        0, 1 or 2: with which the program exits
//   requireSpoken, hasCallList
//   interrupted       ended early, by a signal
//   notBegun          subjects that were to follow then
//   subjects[]
//     command[], sha256, profile ("machine", "container"), ledgerPath, callsPath ("": none), child
//     rig, rigNote ("": it is the quickest), seed (as text: a number of 64 bits)
//     harmless[]      calls that do not matter, though no one covers them
//     scenarios, kept, tuples, seconds, interrupted
//     judged          false: too few scenarios count for "nothing new was found" to say something
//     rules[]         all of the contract's, by number
//       number, name, asked (of this profile), verdict ("holds", "broken", "known": the ledger excuses
//       all its breaks, "silent", "notAsked"), held, broken (scenarios)
//       byPhase, byEntry, byFault: word → scenarios
//     findings[]      by rule, then facts
//       rule, name, facts (as text), sentence, scenario (as text), minimal (false: it may be larger
//       than it has to be), timeline, difference, seen, confirmedBy ("": there was no time for that),
//       excusedBy (index in ledger, or null: it is new)
//     beyond
//     ledger[]        rule, name, facts (a pattern), reason, justified, scenario, line, shows
//                     (null: its scenario does not count), showsIn (another one; "": its own)
//     silent[]        numbers of rules
//     troubles        crashed, looped, gaveUp, lost, crowded, notCounted (scenarios),
//                     unconfirmed (breaks), lostWorkers, notCovered: call → calls
//
// What each says is in report.h. Held by json_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_JSON_H_
#define MINIT_HARNESS_CROSSCHECK_JSON_H_

#include <string>

#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

// Indented by two, and ends with a newline.
std::string PrintJson(const Report& report);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_JSON_H_
