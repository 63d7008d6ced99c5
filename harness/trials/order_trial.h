// The trial of signals that come before the child can take them.
#ifndef MINIT_HARNESS_TRIALS_ORDER_TRIAL_H_
#define MINIT_HARNESS_TRIALS_ORDER_TRIAL_H_

#include <string>
#include <vector>

#include "harness/rig/namespace.h"

namespace minit::trials {

// Sends 40 signals, all different or real-time, at the moment when init's /proc status shows them
// blocked: before it has forked its child. None may be lost, and init must send them on in the order
// in which it took them. Returns what did not hold.
std::vector<std::string> SignalsKeepTheirOrder(const rig::NamespaceOptions& options);

}  // namespace minit::trials

#endif  // MINIT_HARNESS_TRIALS_ORDER_TRIAL_H_
