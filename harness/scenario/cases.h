// What rapidcheck does where RC_PARAMS does not say otherwise: 10,000 cases of each property, always the
// same ones, so that a test says the same of the same sources. Searches (scripts/verify) set RC_PARAMS,
// and get a new seed each time; a failure prints it. For tests alone.

#ifndef MINIT_HARNESS_SCENARIO_CASES_H_
#define MINIT_HARNESS_SCENARIO_CASES_H_

#include <cstdlib>

namespace minit::scenario {

inline const int kCasesAreSet = setenv("RC_PARAMS", "max_success=10000 seed=1", /*replace=*/0);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_CASES_H_
