// Reports to try the printers on. For tests alone.
#ifndef MINIT_HARNESS_CROSSCHECK_SAMPLES_H_
#define MINIT_HARNESS_CROSSCHECK_SAMPLES_H_

#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

// No subject at all.
Report EmptyReport();
// One subject, each rule of its profile spoken of, nothing broken.
Report CleanReport();
// One subject that breaks two rules in three ways: two are excused, one of those by an entry that is
// still to be justified; and an entry is stale.
Report BrokenReport();
// Two subjects, one with every trouble, silent rules, an odd name, and breaks beyond.
Report TroubledReport();

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_SAMPLES_H_
