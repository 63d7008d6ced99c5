// What an init shows that makes some calls more, or fewer, than the one for which a scenario was written:
// there the same moment has another number. Held by recount_test.cc.

#ifndef MINIT_HARNESS_SCENARIO_RECOUNT_H_
#define MINIT_HARNESS_SCENARIO_RECOUNT_H_

#include <vector>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// The scenario with calls counted otherwise from one of its moves on, up to the next move at rest, where
// they are counted anew: each time by as many, up to `most` more or fewer; small differences first. Moves
// that would come before the first call stay there.
std::vector<Scenario> Recounted(const Scenario& scenario, int most);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_RECOUNT_H_
