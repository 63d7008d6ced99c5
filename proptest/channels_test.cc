// The kernel model against the plain channels: whatever happens to them, both say the same.
#include "proptest/channels.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace minit::proptest {
namespace {

inline const int kConfigured = setenv("RC_PARAMS", "max_success=40000 seed=1 max_size=200", 0);

using Rows = std::vector<Channels::Row>;

RC_GTEST_PROP(Kernel, DoesWhatThePlainChannelsDo, (const Rows& rows, uint8_t how)) {
  Channels channels(how);
  for (const Channels::Row& row : rows) RC_ASSERT(channels.Happen(row) == "");
}

}  // namespace
}  // namespace minit::proptest
