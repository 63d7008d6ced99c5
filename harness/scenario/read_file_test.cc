// Whether a file is text or bytes: by its name, else by what stands in it.
#include "harness/scenario/read_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "harness/scenario/bytes.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::scenario {
namespace {

class ReadScenarioTest : public testing::Test {
 protected:
  ReadScenarioTest() {
    std::string pattern = testing::TempDir() + "read-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ReadScenarioTest() override { std::filesystem::remove_all(folder_); }

  std::optional<std::string> Read(const std::string& name, const std::string& content) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return ReadScenario(folder_ + "/" + name, scenario_, note_);
  }

  static Scenario Decoded(const std::string& content) {
    const std::vector<uint8_t> bytes(content.begin(), content.end());
    Scenario scenario;
    Decode(bytes, scenario);
    return scenario;
  }

  std::string folder_;
  Scenario scenario_;
  std::string note_;
};

TEST_F(ReadScenarioTest, ATextIsOneUnderAnyName) {
  const std::string line = "at rest: child exits 3\n";
  for (const char* name : {"a.scenario", "a.txt", "a", "crash-1"}) {
    EXPECT_EQ(Read(name, "# Waits 5 µs.\n\n" + line), std::nullopt);
    EXPECT_EQ(Print(scenario_), line) << name;
    EXPECT_EQ(note_, "") << name;
  }
}

TEST_F(ReadScenarioTest, OfATextWithAFaultItSaysWhere) {
  EXPECT_THAT(Read("a", "at rest: child exits 3\nat rest: child sings\n").value_or(""),
              testing::StartsWith(folder_ + "/a:2:16: "));
  EXPECT_THAT(Read("b.txt", "x").value_or(""), testing::StartsWith(folder_ + "/b.txt:1:1: "));
  EXPECT_THAT(Read("c", "# only\nno scenario").value_or(""),
              testing::StartsWith(folder_ + "/c:2:1: "));
}

TEST_F(ReadScenarioTest, AllThatIsWrittenAsBytesIsReadAsBytes) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Scenario scenario = Generate(seed);
    const std::vector<uint8_t> bytes = Encode(scenario);
    ASSERT_EQ(Read("crash", std::string(bytes.begin(), bytes.end())), std::nullopt)
        << Print(scenario);
    ASSERT_EQ(Print(scenario_), Print(scenario));
  }
}

TEST_F(ReadScenarioTest, WhatSaysNothingAsTextIsBytes) {
  for (const char* content : {"\n", "#", "# short", "Ab3 xY\n", "\xC3\xA4"}) {
    EXPECT_EQ(Read("crash", content), std::nullopt);
    EXPECT_EQ(scenario_, Decoded(content)) << content;
    EXPECT_THAT(note_, testing::StartsWith(folder_ + "/crash: taken as bytes")) << content;
  }
  EXPECT_EQ(Read("crash", ""), std::nullopt);
  EXPECT_EQ(scenario_, Scenario{});
  EXPECT_EQ(note_, "");
}

TEST_F(ReadScenarioTest, WhatIsNotPrintableIsBytes) {
  using namespace std::string_literals;
  const std::string line = "at rest: child exits 3\n";
  for (const std::string& content :
       {line + "\0"s, line + "\x7F", line + "\x1B", line + "\xC3", line + "\x80",
        line + "\xE2\x80 ", line + "\xC0\x80", line + "\xFF"}) {
    EXPECT_EQ(Read("crash", content), std::nullopt);
    EXPECT_EQ(scenario_, Decoded(content));
    EXPECT_EQ(note_, "");
  }
}

TEST_F(ReadScenarioTest, ANameCanSayThatItIsBytes) {
  const std::string line = "at rest: child exits 3\n";
  EXPECT_EQ(Read("a.bytes", line), std::nullopt);
  EXPECT_EQ(scenario_, Decoded(line));
  EXPECT_EQ(note_, "");
}

}  // namespace
}  // namespace minit::scenario
