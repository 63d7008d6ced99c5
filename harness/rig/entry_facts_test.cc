#include "harness/rig/entry_facts.h"

#include <gtest/gtest.h>

#include "harness/contract/facts.h"

namespace minit::rig {
namespace {

TEST(EntryFacts, AreAllThatIsNotPlain) {
  EXPECT_EQ(EntryFactsOf({}), 0);
  scenario::Entry entry;
  entry.streams[1] = scenario::Stream::kClosed;
  EXPECT_EQ(EntryFactsOf(entry), contract::kEnteredStreams);
  entry = {};
  entry.children[7].how = scenario::Inheritance::kExited;
  EXPECT_EQ(EntryFactsOf(entry), contract::kEnteredParent);
  entry = {};
  entry.missing = 2;
  entry.pid_namespace = true;
  entry.leader_status = true;
  EXPECT_EQ(EntryFactsOf(entry), contract::kEnteredWithoutFiles | contract::kEnteredNamespace |
                                     contract::kEnteredOldKernel);
  entry = {.ignored = kernel::SignalBit(kernel::kSigChld)};
  EXPECT_EQ(EntryFactsOf(entry), contract::kEnteredIgnoring | contract::kEnteredIgnoringChld);
  entry = {.descriptors = 8,
           .ignored = 1,
           .mask = 1,
           .pending = 1,
           .signal_queue = 0,
           .environment = scenario::Environment::kEmpty,
           .arguments = scenario::Arguments::kNone};
  EXPECT_EQ(EntryFactsOf(entry), contract::kEnteredDescriptors | contract::kEnteredIgnoring |
                                     contract::kEnteredMasked | contract::kEnteredPending |
                                     contract::kEnteredShortQueue | contract::kEnteredEnvironment |
                                     contract::kEnteredArguments);
}

}  // namespace
}  // namespace minit::rig
