// Fuzz target: any scenario, played to the machine in the kernel model, under the contract.
//
// Input: a scenario in its byte form (harness/scenario/bytes.h): every byte string is one.
// Reaches: scenario::Decode, rig::Runner, rig::MachineRig, all of core/, all of harness/kernel that
// a scenario can move, contract::Judge.
// A crash means: the machine broke a rule of docs/contract.md, or a run did not end in the restart,
// in a Linux that may do that; or the kernel model, the runner or the judge is at fault. It prints the
// scenario, as small as it gets, and the command that replays it.

#include <cstddef>
#include <cstdint>

#include "fuzz/target.h"
#include "fuzz/trial.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static minit::fuzz::Trial<> trial;
  static minit::scenario::Scenario scenario;
  minit::scenario::Decode({data, size}, scenario);
  if (!trial.Holds(scenario)) ReportAndAbort("scenario_fuzzer", trial, scenario);
  return 0;
}
