// Makes a scenario that shows something as small and plain as it can while it still shows it, by
// delta debugging (Zeller and Hildebrandt 2002): first whole moves, then names, operands, anchors
// and the entry. Deterministic. generate_test.cc holds that planted minima are found.

#ifndef MINIT_HARNESS_SCENARIO_MINIMISE_H_
#define MINIT_HARNESS_SCENARIO_MINIMISE_H_

#include <functional>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// Requires shows(scenario), and that `shows` always answers the same. In the result no move can be
// left out, no process renamed to a lower free number, no operand, anchor or entry item made plainer
// alone without `shows` becoming false. Plainer means: the plain value of vocabulary.h, else a
// lower one of those tried (for wide ranges edges, halves and the next lower).
Scenario Minimise(const Scenario& scenario, const std::function<bool(const Scenario&)>& shows);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_MINIMISE_H_
