// Folders are read whole, by name, or the problem is named.
#include "harness/scenario/folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace minit::scenario {
namespace {

class Folder : public testing::Test {
 protected:
  Folder() {
    std::string pattern = testing::TempDir() + "folder-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Folder() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::optional<std::string> Read() { return ReadFolder(folder_, scenarios_); }

  std::string folder_;
  std::vector<Named> scenarios_;
};

TEST_F(Folder, GivesItsScenariosByName) {
  Write("b.scenario", "at rest: child exits 2\n");
  Write("a.scenario", "# A comment.\nat rest: child exits 1\nat rest: child exits 1\n");
  Write("notes.txt", "not a scenario");
  EXPECT_EQ(Read(), std::nullopt);
  ASSERT_EQ(scenarios_.size(), 2U);
  EXPECT_EQ(scenarios_[0].name, "a.scenario");
  EXPECT_EQ(scenarios_[0].scenario.size(), 2U);
  EXPECT_EQ(scenarios_[1].name, "b.scenario");
}

TEST_F(Folder, NamesTheFileAndTheLineThatIsWrong) {
  Write("a.scenario", "at rest: child exits 1\n");
  Write("b.scenario", "at rest: child sings\n");
  EXPECT_THAT(Read().value_or(""), testing::StartsWith(folder_ + "/b.scenario:1:"));
  EXPECT_EQ(scenarios_.size(), 1U);
}

TEST_F(Folder, SaysWhyAFileCannotBeRead) {
  std::filesystem::create_directory(folder_ + "/a.scenario");
  EXPECT_EQ(Read().value_or(""), "cannot read " + folder_ + "/a.scenario: Is a directory");
}

TEST_F(Folder, ListsThePathsOfItsScenariosByName) {
  Write("b.scenario", "");
  Write("a.scenario", "at rest: child sings\n");
  Write("notes.txt", "");
  std::vector<std::string> paths = {"z"};
  EXPECT_EQ(ListFolder(folder_, paths), std::nullopt);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"z", folder_ + "/a.scenario", folder_ + "/b.scenario"}));
}

TEST_F(Folder, ThatIsNotThereIsNamed) {
  EXPECT_THAT(ReadFolder(folder_ + "/none", scenarios_).value_or(""),
              testing::StartsWith("cannot read folder " + folder_ + "/none: "));
}

}  // namespace
}  // namespace minit::scenario
