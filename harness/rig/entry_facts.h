// How a scenario has init entered, in the words of facts: what a judge cannot see of the kernel alone.
// Held by entry_facts_test.cc.
#ifndef MINIT_HARNESS_RIG_ENTRY_FACTS_H_
#define MINIT_HARNESS_RIG_ENTRY_FACTS_H_

#include <cstdint>

#include "harness/scenario/scenario.h"

namespace minit::rig {

// EntryFact bits, for Terms::entry; 0: plainly.
uint16_t EntryFactsOf(const scenario::Entry& entry);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_ENTRY_FACTS_H_
