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

// A copy is the same world, and what makes a difference to the plain ones is seen by equality and by
// fingerprints.
RC_GTEST_PROP(Worlds, ThatDifferToThePlainChannelsAreNotTheSame,
              (const Rows& rows, const Channels::Row& last, uint8_t how)) {
  Channels one(how);
  for (const Channels::Row& row : rows) one.Happen(row);
  Channels other;
  other.GoOnFrom(one);
  RC_ASSERT(other.world() == one.world());
  other.Happen(last);
  if (other.Told() == one.Told()) return;
  RC_ASSERT(!(other.world() == one.world()));
  RC_ASSERT(other.world().Fingerprint() != one.world().Fingerprint());
}

}  // namespace
}  // namespace minit::proptest
