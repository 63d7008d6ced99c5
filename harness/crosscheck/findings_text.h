// The breaks of a report, for people. Of each rule the new ones that are soonest understood come first: of
// plain entries and few moves, then those seen most often; three in full, and the others in two lines each.
// Those that differ in the signal alone count once. Known ones have a line each, and come before all.
//
// Held by table_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_FINDINGS_TEXT_H_
#define MINIT_HARNESS_CROSSCHECK_FINDINGS_TEXT_H_

#include <string>

#include "harness/crosscheck/report.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

// `verbose`: each in full, with the whole of its time line.
std::string FindingsText(const Report& report, bool verbose);

// For a shell at the root of the tree; the scenario is in it. Ends with a newline.
std::string PlayCommand(const SubjectReport& subject, const scenario::Scenario& scenario);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_FINDINGS_TEXT_H_
