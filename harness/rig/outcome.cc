#include "harness/rig/outcome.h"

namespace minit::rig {

using contract::Step;

void TraceHash::Add(const Step& step) {
  if (!step.visible || (step.kind != Step::Kind::kReturns && step.kind != Step::Kind::kBlocks)) {
    return;
  }
  const kernel::Call& call = step.call;
  const kernel::Result& result = step.result;
  for (const uint64_t value :
       {static_cast<uint64_t>(step.kind), static_cast<uint64_t>(step.pid),
        static_cast<uint64_t>(call.kind) << 32 | static_cast<uint64_t>(call.path) << 16 |
            static_cast<uint16_t>(call.fd),
        uint64_t{call.flags} << 32 | static_cast<uint32_t>(call.value),
        static_cast<uint64_t>(call.pid) << 32 | static_cast<uint32_t>(call.signal), call.set,
        call.mask, call.time_ns,
        static_cast<uint64_t>(result.state) << 32 | static_cast<uint32_t>(result.value),
        static_cast<uint64_t>(result.pid) << 32 | static_cast<uint32_t>(result.status),
        uint64_t{result.signal}, result.set, result.time_ns}) {
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
    hash_ ^= hash_ >> 29;
  }
}

}  // namespace minit::rig
