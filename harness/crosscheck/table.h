// Table: a report for people, as plain text no wider than 110 columns; only scenarios, time lines,
// commands and single words may be wider.
//
// In this order: each subject and how it was searched; a table of rules and subjects; new breaks in
// full, with the command that plays each again; known ones; what else there is to know (calls that no
// one answered, troubles, stale and unjustified entries, silent rules); and a last line that sums up
// and says what to do next.
//
// Held by table_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_TABLE_H_
#define MINIT_HARNESS_CROSSCHECK_TABLE_H_

#include <string>

#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

// `verbose`: every break in full, known or new, with the whole of its time line, and by when and under
// what each rule was spoken of.
std::string PrintTable(const Report& report, bool verbose = false);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_TABLE_H_
