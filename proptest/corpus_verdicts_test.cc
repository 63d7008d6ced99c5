// The judge says today of the corpus, played to every init that we have, what it said yesterday: see
// verdicts.h. The corpus has the corners that random scenarios seldom meet.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "harness/scenario/folder.h"
#include "harness/scenario/scenario.h"
#include "proptest/verdicts.h"

namespace minit::proptest {
namespace {

TEST(CorpusVerdicts, AreThoseOfTheTable) {
  std::vector<scenario::Named> corpus;
  ASSERT_EQ(scenario::ReadFolder(MINIT_SOURCE_DIR "/corpus", corpus), std::nullopt);
  std::vector<scenario::Scenario> scenarios;
  for (const scenario::Named& each : corpus) scenarios.push_back(each.scenario);
  ExpectVerdicts(scenarios, 4, "corpus_verdicts.table");
}

}  // namespace
}  // namespace minit::proptest
