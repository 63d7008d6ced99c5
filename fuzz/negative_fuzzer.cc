// Fuzz target that must crash: scenario_fuzzer with a fault planted in the machine.
//
// The fault: SIGHUP is passed on to the child alone, not to its group, as inits often do.
// Reaches: what scenario_fuzzer does.
// A crash means: the search works and the oracle sees. None within half a minute, from no seeds,
// means that one of them has gone blind: that is the test.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/target.h"
#include "fuzz/trial.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/scenario.h"

namespace {

class FaultyRig {
 public:
  minit::kernel::Call Answer(const minit::rig::Turn& turn, const minit::rig::Cast& cast,
                             minit::kernel::Kernel& kernel, std::string_view* text) {
    auto call = rig_.Answer(turn, cast, kernel, text);
    constexpr int kSigHup = 1;
    if (call.kind == minit::kernel::CallKind::kKill && call.signal == kSigHup) {
      call.pid = -call.pid;
    }
    return call;
  }

 private:
  minit::rig::MachineRig rig_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static minit::fuzz::Trial<FaultyRig> trial;
  static minit::scenario::Scenario scenario;
  minit::scenario::Decode({data, size}, scenario);
  if (!trial.Holds(scenario)) ReportAndAbort("negative_fuzzer", trial, scenario);
  return 0;
}
