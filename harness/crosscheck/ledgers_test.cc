// The ledgers and the lists of calls that the project keeps: each can be read, each entry of a ledger
// still shows, and each init keeps to its list.
//
// usage: crosscheck_ledgers_test DIRECTORY INIT [gtest options]
//   DIRECTORY: where the bug bank's inits are; INIT: ours
// PRODUCTION_INIT: path of the minit that a fleet boots, to be tried beside its stand-in

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "harness/crosscheck/calls.h"
#include "harness/crosscheck/check.h"
#include "harness/crosscheck/ledger.h"

namespace minit::crosscheck {
namespace {

using contract::Profile;
namespace fs = std::filesystem;

std::string g_directory;
std::string g_init;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path FolderOf(const std::string& name) {
  return fs::path(MINIT_SOURCE_DIR "/harness/crosscheck") / name;
}

std::vector<LedgerEntry> ReadLedger(const fs::path& path) {
  std::vector<LedgerEntry> entries;
  const auto error = ParseLedger(ReadFile(path), entries);
  EXPECT_FALSE(error) << error->Describe(path.string());
  return entries;
}

contract::CallList ReadCalls(const fs::path& path) {
  contract::CallList calls;
  const auto error = ParseCalls(ReadFile(path), calls);
  EXPECT_FALSE(error) << error->Describe(path.string());
  return calls;
}

TEST(Ledgers, CanBeReadAndSayWhy) {
  int seen = 0;
  for (const auto& file : fs::directory_iterator(FolderOf("ledgers"))) {
    const std::vector<LedgerEntry> entries = ReadLedger(file.path());
    EXPECT_FALSE(entries.empty()) << file.path();
    for (const LedgerEntry& entry : entries) {
      EXPECT_TRUE(entry.justified()) << file.path() << ":" << entry.line;
    }
    ++seen;
  }
  EXPECT_GT(seen, 0);
}

// No entry is stale, and its scenarios need no call that is not on the list.
void ExpectShows(const std::string& name, Profile profile, const std::string& path,
                 const std::vector<std::string>& arguments) {
  ASSERT_TRUE(fs::exists(path)) << path << " is not installed: scripts/setup does that";
  const contract::CallList calls = ReadCalls(FolderOf("calls") / (name + ".calls"));
  CheckOptions options{.subject = {.path = path, .arguments = arguments}, .profile = profile};
  options.scenarios = 1;  // beside those of the ledger
  options.seconds = 0;
  options.ledger = ReadLedger(FolderOf("ledgers") / (name + ".ledger"));
  options.calls = &calls;
  const std::atomic<bool> never = false;
  const SubjectReport report = CheckSubject(options, never, [](const Progress&) {}).report;
  for (const LedgerEntry& entry : report.ledger) {
    EXPECT_EQ(entry.shows, Shows::kYes)
        << name << ".ledger:" << entry.line << " shows no more in " << path;
  }
  for (const Finding& finding : report.findings) {
    EXPECT_NE(finding.rule, contract::Rule::kKeepsToItsCalls) << path << ": " << finding.sentence;
  }
}

TEST(Ledgers, Tini) { ExpectShows("tini", Profile::kContainer, "/usr/bin/tini", {"--", "/core"}); }

TEST(Ledgers, TiniStatic) {
  ExpectShows("tini", Profile::kContainer, "/usr/bin/tini-static", {"--", "/core"});
}

TEST(Ledgers, DumbInit) {
  ExpectShows("dumb-init", Profile::kContainer, "/usr/bin/dumb-init", {"/core"});
}

TEST(Ledgers, Catatonit) {
  ExpectShows("catatonit", Profile::kContainer, "/usr/bin/catatonit", {"--", "/core"});
}

TEST(Ledgers, StandInForMinit) {
  ExpectShows("minit", Profile::kMachine, g_directory + "/minit_like", {});
}

TEST(Ledgers, StandInForMinitBuiltWithGlibc) {
  ExpectShows("minit-glibc", Profile::kMachine, g_directory + "/minit_like_glibc", {});
}

TEST(Ledgers, Minit) {
  const char* const path = std::getenv("PRODUCTION_INIT");
  if (path == nullptr) {
    std::cout << "PRODUCTION_INIT is not set: minit itself was not tried, only its stand-in\n";
    return;
  }
  ExpectShows("minit", Profile::kMachine, path, {});
}

// It has no ledger: it breaks nothing.
TEST(Calls, OursKeepsToItsList) {
  const contract::CallList calls = ReadCalls(FolderOf("calls") / "init.calls");
  CheckOptions options{.subject = {.path = g_init}, .seed = 1};
  options.scenarios = 1000;
  options.seconds = 0;
  options.calls = &calls;
  const std::atomic<bool> never = false;
  const SubjectReport report = CheckSubject(options, never, [](const Progress&) {}).report;
  EXPECT_EQ(report.tally(contract::Rule::kKeepsToItsCalls).broken, 0u);
  EXPECT_GT(report.tally(contract::Rule::kKeepsToItsCalls).held, 0u);
  for (const Finding& finding : report.findings) ADD_FAILURE() << finding.sentence;
}

}  // namespace
}  // namespace minit::crosscheck

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 3) return 2;
  minit::crosscheck::g_directory = argv[1];
  minit::crosscheck::g_init = argv[2];
  return RUN_ALL_TESTS();
}
