// The command line: what is the tool's, what is the subject's, and what is said of mistakes.
#include "harness/crosscheck/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace minit::crosscheck {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Given {
  Options options;
  std::string problem;
};

Given Give(std::vector<std::string> words) {
  words.insert(words.begin(), "crosscheck");
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  Given given;
  given.problem = ReadOptions(static_cast<int>(words.size()), pointers.data(), given.options);
  return given;
}

TEST(Options, WhatFollowsTheSubjectIsItsOwn) {
  const Given given = Give({"--profile", "container", "/usr/bin/tini", "--seed", "--", "/core"});
  EXPECT_EQ(given.problem, "");
  EXPECT_EQ(given.options.profile, contract::Profile::kContainer);
  EXPECT_THAT(given.options.subjects,
              ElementsAre(ElementsAre("/usr/bin/tini", "--seed", "--", "/core")));
  EXPECT_FALSE(given.options.seed.has_value());
}

TEST(Options, SubjectsCanBeSeveral) {
  const Given given = Give({"--subject", "/a -v  x", "--subject=/b", "/c", "d"});
  EXPECT_EQ(given.problem, "");
  EXPECT_THAT(given.options.subjects,
              ElementsAre(ElementsAre("/a", "-v", "x"), ElementsAre("/b"), ElementsAre("/c", "d")));
}

TEST(Options, ANumberOfScenariosTakesThePlaceOfTheTime) {
  EXPECT_EQ(Give({"/a"}).options.seconds, 20);
  EXPECT_EQ(Give({"--scenarios", "5", "/a"}).options.seconds, 0);
  const Given both = Give({"--scenarios=5", "--seconds=0.5", "/a"});
  EXPECT_EQ(both.options.scenarios, 5u);
  EXPECT_EQ(both.options.seconds, 0.5);
}

TEST(Options, MistakesAreNamed) {
  EXPECT_THAT(Give({}).problem, HasSubstr("no SUBJECT"));
  EXPECT_THAT(Give({"--profile", "server", "/a"}).problem, HasSubstr("machine or container"));
  EXPECT_THAT(Give({"--rig", "vm", "/a"}).problem, HasSubstr("in-process or ptrace"));
  EXPECT_THAT(Give({"--seconds", "soon", "/a"}).problem, HasSubstr("--seconds soon"));
  EXPECT_THAT(Give({"--seconds", "-1", "/a"}).problem, HasSubstr("above 0"));
  EXPECT_THAT(Give({"--scenarios", "1e3", "/a"}).problem, HasSubstr("at least 1"));
  for (const char* memory : {"4", "16385", "99999999", "-1", "99999999999999999999"}) {
    EXPECT_THAT(Give({"--memory", memory, "/a"}).problem,
                HasSubstr("at least 16 and at most 16384"));
  }
  EXPECT_EQ(Give({"--memory", "16384", "/a"}).problem, "");
  EXPECT_THAT(Give({"--child", "core", "/a"}).problem, HasSubstr("absolute"));
  EXPECT_THAT(Give({"--fast", "/a"}).problem, HasSubstr("--fast"));
  EXPECT_THAT(Give({"--seed"}).problem, HasSubstr("--seed needs a value"));
  EXPECT_THAT(Give({"--subject", " ", "/a"}).problem, HasSubstr("empty"));
  EXPECT_THAT(Give({"--ledger", "f", "--subject", "/a", "/b"}).problem, HasSubstr("one subject"));
}

TEST(Options, HarmlessIsWhatTheReportCanName) {
  const Given given = Give({"--harmless", "prctl 24", "--harmless=setuid to another user",
                            "--harmless", "a 32-bit call", "--harmless", "system call 999", "/a"});
  EXPECT_EQ(given.problem, "");
  EXPECT_THAT(given.options.harmless, ElementsAre("a 32-bit call", "prctl 24",
                                                  "setuid to another user", "system call 999"));
  EXPECT_THAT(Give({"--harmless", "nosuchcall", "/a"}).problem,
              HasSubstr("\"nosuchcall\" is no system call; the closest is "));
  EXPECT_THAT(Give({"--harmless", "setuit to another user", "/a"}).problem,
              AllOf(HasSubstr("closest is \"setuid\""), HasSubstr("Calls that no one answered")));
  EXPECT_THAT(Give({"--harmless", "", "/a"}).problem, HasSubstr("nothing is no system call"));
}

// Whatever the rigs name in words, in their sources.
TEST(Options, HarmlessTakesWhateverTheRigsName) {
  int seen = 0;
  for (const auto& file : std::filesystem::directory_iterator(MINIT_SOURCE_DIR "/harness/rig")) {
    if (file.path().extension() != ".cc") continue;
    std::ifstream in(file.path());
    const std::string source{std::istreambuf_iterator<char>(in), {}};
    const std::regex named(R"re(\b(?:Refuse\(process,|Report\()\s*"([^"]+)")re");
    for (std::sregex_iterator at(source.begin(), source.end(), named), end; at != end; ++at) {
      EXPECT_EQ(Give({"--harmless", (*at)[1], "/a"}).problem, "") << file.path();
      ++seen;
    }
  }
  EXPECT_GT(seen, 10);
}

TEST(Options, HelpNamesEachOption) {
  EXPECT_TRUE(Give({"--help"}).options.help);
  for (const char* option :
       {"--profile",        "--subject",       "--child",          "--calls",
        "--ledger",         "--seconds",       "--scenarios",      "--seed",
        "--first",          "--corpus",        "--keep",           "--rig",
        "--no-patch",       "--memory",        "--loop-ms",        "--harmless",
        "--json",           "--sarif",         "--require-spoken", "--verbose",
        "--propose-ledger", "--propose-calls", "--play",           "--help"}) {
    EXPECT_THAT(kUsage, HasSubstr(std::string("  ") + option)) << option;
  }
}

}  // namespace
}  // namespace minit::crosscheck
