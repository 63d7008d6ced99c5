// Laws of the kernel model in any story, threads and tracing too.
#include "proptest/watch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace minit::proptest {
namespace {

inline const int kConfigured = setenv("RC_PARAMS", "max_success=30000 seed=1 max_size=200", 0);

using Rows = std::vector<Watch::Row>;

RC_GTEST_PROP(Kernel, KeepsTheLawsWhateverHappens, (const Rows& rows, uint8_t how)) {
  Watch watch(how);
  for (const Watch::Row& row : rows) {
    const char* const broken = watch.Happen(row);
    if (broken != nullptr) RC_FAIL(broken);
  }
}

}  // namespace
}  // namespace minit::proptest
