#include "harness/rig/entry_facts.h"

#include <algorithm>

#include "harness/contract/facts.h"

namespace minit::rig {

uint16_t EntryFactsOf(const scenario::Entry& entry) {
  const scenario::Entry plain;
  const bool has_children =
      std::any_of(entry.children.begin(), entry.children.end(),
                  [](const auto& child) { return child.how != scenario::Inheritance::kNone; });
  uint16_t facts = 0;
  const auto add = [&facts](contract::EntryFact fact, bool holds) {
    if (holds) facts |= fact;
  };
  add(contract::kEnteredIgnoring, entry.ignored != 0);
  add(contract::kEnteredIgnoringChld, (entry.ignored & kernel::SignalBit(kernel::kSigChld)) != 0);
  add(contract::kEnteredMasked, entry.mask != 0);
  add(contract::kEnteredPending, entry.pending != 0);
  add(contract::kEnteredParent, has_children);
  add(contract::kEnteredDescriptors, entry.descriptors != 0);
  add(contract::kEnteredStreams, entry.streams != plain.streams);
  add(contract::kEnteredShortQueue, entry.signal_queue != plain.signal_queue);
  add(contract::kEnteredEnvironment, entry.environment != plain.environment);
  add(contract::kEnteredArguments, entry.arguments != plain.arguments);
  add(contract::kEnteredWithoutFiles, entry.missing != 0);
  add(contract::kEnteredNamespace, entry.pid_namespace);
  add(contract::kEnteredOldKernel, entry.leader_status);
  return facts;
}

}  // namespace minit::rig
