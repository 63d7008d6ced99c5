#include "harness/scenario/recount.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/scenario/text.h"

namespace minit::scenario {
namespace {

std::vector<std::string> RecountedTexts(const std::string& text, int most) {
  Scenario scenario;
  EXPECT_FALSE(Parse(text, scenario)) << text;
  std::vector<std::string> texts;
  for (const Scenario& each : Recounted(scenario, most)) texts.push_back(Print(each));
  return texts;
}

TEST(Recount, CountsOtherwiseFromEachMoveOnUpToTheNextRest) {
  EXPECT_EQ(RecountedTexts("before call 2: init is frozen\n"
                           "before call 5: child exits 0\n"
                           "at rest: child stops on STOP\n"
                           "before call 1: child exits 1\n",
                           1),
            (std::vector<std::string>{"before call 3: init is frozen\n"
                                      "before call 6: child exits 0\n"
                                      "at rest: child stops on STOP\n"
                                      "before call 1: child exits 1\n",
                                      "before call 1: init is frozen\n"
                                      "before call 4: child exits 0\n"
                                      "at rest: child stops on STOP\n"
                                      "before call 1: child exits 1\n",
                                      "before call 2: init is frozen\n"
                                      "before call 6: child exits 0\n"
                                      "at rest: child stops on STOP\n"
                                      "before call 1: child exits 1\n",
                                      "before call 2: init is frozen\n"
                                      "before call 4: child exits 0\n"
                                      "at rest: child stops on STOP\n"
                                      "before call 1: child exits 1\n",
                                      "before call 2: init is frozen\n"
                                      "before call 5: child exits 0\n"
                                      "at rest: child stops on STOP\n"
                                      "before call 2: child exits 1\n"}));
}

TEST(Recount, TriesSmallDifferencesFirst) {
  EXPECT_EQ(RecountedTexts("before call 3: child exits 0\n", 2),
            (std::vector<std::string>{
                "before call 4: child exits 0\n", "before call 2: child exits 0\n",
                "before call 5: child exits 0\n", "before call 1: child exits 0\n"}));
}

TEST(Recount, HasNothingForAScenarioThatCountsNoCalls) {
  EXPECT_TRUE(RecountedTexts("at rest: child exits 0\n", 4).empty());
  EXPECT_TRUE(RecountedTexts("", 4).empty());
}

}  // namespace
}  // namespace minit::scenario
