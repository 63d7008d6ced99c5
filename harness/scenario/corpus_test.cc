// Tests of corpus/: every file is a scenario, in canonical form but for comments, and says in its
// first lines what it is about.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/bytes.h"
#include "harness/scenario/entry.h"
#include "harness/scenario/text.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

struct File {
  std::string name;
  std::string text;
};

std::vector<File> Corpus() {
  std::vector<File> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(MINIT_SOURCE_DIR "/corpus")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    files.push_back({entry.path().string(), {std::istreambuf_iterator<char>(in), {}}});
  }
  std::ranges::sort(files, {}, &File::name);
  return files;
}

// The text without comment lines and blank lines.
std::string WithoutComments(const std::string& text) {
  std::string rest;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text[at] != '#' && text[at] != '\n') rest += text.substr(at, end - at);
    at = end;
  }
  return rest;
}

TEST(Corpus, EveryFileIsACanonicalScenarioWithAComment) {
  const std::vector<File> files = Corpus();
  EXPECT_GE(files.size(), 60U);
  for (const File& file : files) {
    Scenario scenario, decoded;
    const auto error = Parse(file.text, scenario);
    ASSERT_FALSE(error) << error->Describe(file.name);
    EXPECT_EQ(WithoutComments(file.text), Print(scenario)) << file.name;
    Decode(Encode(scenario), decoded);
    EXPECT_EQ(Print(decoded), Print(scenario)) << file.name;
    EXPECT_TRUE(file.name.ends_with(".scenario")) << file.name;
    EXPECT_TRUE(file.text.starts_with("# ")) << file.name;
  }
}

TEST(Corpus, NoTwoFilesAreTheSameScenario) {
  std::set<std::string> seen;
  for (const File& file : Corpus()) {
    EXPECT_TRUE(seen.insert(WithoutComments(file.text)).second) << file.name;
  }
}

TEST(Corpus, EveryKindOccurs) {
  std::set<MoveKind> kinds;
  for (const File& file : Corpus()) {
    Scenario scenario;
    if (Parse(file.text, scenario)) continue;
    for (const Move& item : Items(scenario.entry)) kinds.insert(item.kind);
    for (const Move& move : scenario.moves()) kinds.insert(move.kind);
  }
  for (int i = 0; i < kAllKinds; ++i) {
    EXPECT_TRUE(kinds.count(static_cast<MoveKind>(i))) << KindOf(static_cast<MoveKind>(i)).text;
  }
}

// A name that nothing gave out is a slip of the pen: such a move has no effect.
TEST(Corpus, EveryProcessIsBornBeforeItIsNamed) {
  for (const File& file : Corpus()) {
    Scenario scenario;
    if (Parse(file.text, scenario)) continue;
    std::set<int> born;
    for (int n = 1; n <= kProcesses; ++n) {
      if (scenario.entry.children[static_cast<std::size_t>(n) - 1].how != Inheritance::kNone) {
        born.insert(n);
      }
    }
    for (const Move& move : scenario.moves()) {
      for (const Field field : {kWhoField, kOtherField}) {
        const Operand operand = KindOf(move.kind).operands[field];
        if (!IsWho(operand)) continue;
        const int who = Get(move, field);
        if (operand == Operand::kNamed) born.insert(who);
        const bool numbered = who >= 1 && who <= kProcesses;
        EXPECT_TRUE(!numbered || born.count(who)) << file.name << ": " << Print(move);
      }
    }
  }
}

}  // namespace
}  // namespace minit::scenario
