// The kernel model against the sketch of it: whatever happens, both say the same.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "proptest/sketch_pair.h"

namespace minit::proptest {
namespace {

inline const int kConfigured = setenv("RC_PARAMS", "max_success=10000 seed=1 max_size=200", 0);

using Rows = std::vector<Row>;

RC_GTEST_PROP(Kernel, DoesWhatTheSketchOfItDoes, (const Rows& rows, bool few)) {
  Pair pair(few);
  for (const Row& row : rows) RC_ASSERT(pair.Happen(row) == "");
}

}  // namespace
}  // namespace minit::proptest
