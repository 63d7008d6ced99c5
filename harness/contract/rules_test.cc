// The table of rules is in order, its names are unlike, and docs/contract.md has the same.
#include "harness/contract/rules.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "harness/contract/facts.h"

namespace minit::contract {
namespace {

std::string Document() {
  const std::ifstream file(MINIT_SOURCE_DIR "/docs/contract.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Rules, StandInTheOrderOfTheirNumbersAndHaveUnlikeNames) {
  std::set<std::string> names;
  int number = 0;
  for (const RuleText& rule : kRuleTexts) {
    EXPECT_EQ(static_cast<int>(rule.rule), ++number);
    EXPECT_EQ(&TextOf(rule.rule), &rule);
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_TRUE(rule.of_machine || rule.of_container) << rule.name;
    EXPECT_EQ(std::string(rule.name).find_first_not_of("abcdefghijklmnopqrstuvwxyz-"),
              std::string::npos);
  }
}

TEST(Rules, BelongToTheProfilesThatTheContractSays) {
  for (const RuleText& rule : kRuleTexts) {
    const int number = static_cast<int>(rule.rule);
    EXPECT_EQ(BelongsTo(rule.rule, Profile::kMachine), number != 14) << rule.name;
    EXPECT_EQ(BelongsTo(rule.rule, Profile::kContainer), number < 7 || number > 11) << rule.name;
  }
}

TEST(Rules, AreInTheDocumentByNumberAndName) {
  const std::string document = Document();
  for (const RuleText& rule : kRuleTexts) {
    const std::string row =
        "| " + std::to_string(static_cast<int>(rule.rule)) + " | `" + rule.name + "` |";
    EXPECT_NE(document.find(row), std::string::npos) << row;
  }
}

TEST(Rules, TheWordsOfFactsAreInTheDocument) {
  const std::string document = Document();
  const auto check = [&document](const std::string& word) {
    EXPECT_NE(document.find("`" + word + "`"), std::string::npos) << word;
  };
  for (int i = 0; i <= static_cast<int>(Phase::kAfterRefusal); ++i) {
    check(NameOf(static_cast<Phase>(i)));
  }
  for (int i = 0; i <= static_cast<int>(Cause::kOther); ++i) check(NameOf(static_cast<Cause>(i)));
  for (int i = 0; i <= static_cast<int>(Whose::kStranger); ++i) {
    check(NameOf(static_cast<Whose>(i)));
  }
  for (std::size_t i = 0; i < kHowCount; ++i) check(NameOf(static_cast<How>(i)));
}

}  // namespace
}  // namespace minit::contract
