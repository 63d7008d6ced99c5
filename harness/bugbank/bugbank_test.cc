// The cross-check finds each fault of the bank by its rule, and nothing in the inits without.
//
// usage: bugbank_test DIRECTORY [gtest options]       DIRECTORY: where the inits are
// MINIT_SCENARIOS: how many a faultless init has to stand, beside the corpus (3000)

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "harness/crosscheck/check.h"
#include "harness/crosscheck/ledger.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/text.h"

namespace minit::bugbank {
namespace {

using contract::Profile;
using contract::Rule;
using crosscheck::Checked;
using crosscheck::CheckOptions;
using crosscheck::Finding;

// --- The bank ------------------------------------------------------------------------------------

struct Init {
  const char* name;
  Profile profile;
  const char* ledger;
  const char* sentence;
};

struct Bug {
  const char* name;
  const char* init;
  const char* rules;
  const char* report;
  const char* sentence;
};

constexpr Init kInits[] = {
#define INIT(name, profile, ledger, sentence) {#name, Profile::profile, ledger, sentence},
#define BUG(name, init, rules, report, sentence)
#include "harness/bugbank/bank.h"
#undef INIT
#undef BUG
};

constexpr Bug kBugs[] = {
#define INIT(name, profile, ledger, sentence)
#define BUG(name, init, rules, report, sentence) {#name, #init, rules, report, sentence},
#include "harness/bugbank/bank.h"
#undef INIT
#undef BUG
};

void PrintTo(const Init& init, std::ostream* out) { *out << init.sentence; }
void PrintTo(const Bug& bug, std::ostream* out) { *out << bug.sentence << " " << bug.report; }

const Init& InitOf(const Bug& bug) {
  const Init* const init = std::find_if(std::begin(kInits), std::end(kInits), [&](const Init& one) {
    return std::string(one.name) == bug.init;
  });
  if (init == std::end(kInits)) std::abort();  // bank.h names an init that it has not
  return *init;
}

// Rules as a set: rule n is bit n - 1.
using RuleSet = uint32_t;
constexpr RuleSet Bit(Rule rule) { return RuleSet{1} << (static_cast<int>(rule) - 1); }

RuleSet ParseRules(const char* text) {
  RuleSet rules = 0;
  std::istringstream in(text);
  for (int number; in >> number;) rules |= Bit(static_cast<Rule>(number));
  return rules;
}

std::string NamesOf(RuleSet rules) {
  std::string names;
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if ((rules & Bit(text.rule)) != 0) names += std::string(names.empty() ? "" : ", ") + text.name;
  }
  return names.empty() ? "none" : names;
}

// --- Checks --------------------------------------------------------------------------------------

constexpr double kSeconds = 10;  // in which a fault has to be found
constexpr uint64_t kScenarios = 3000;

std::string g_directory;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<scenario::Scenario> ReadCorpus() {
  std::vector<scenario::Named> files;
  EXPECT_EQ(scenario::ReadFolder(MINIT_SOURCE_DIR "/corpus", files), std::nullopt);
  std::vector<scenario::Scenario> corpus;
  corpus.reserve(files.size());
  for (const scenario::Named& file : files) corpus.push_back(file.scenario);
  return corpus;
}

// As the tool would be told, with the same seed each time.
CheckOptions OptionsFor(const std::string& name, const Init& init) {
  static const std::vector<scenario::Scenario> corpus = ReadCorpus();
  CheckOptions options{.subject = {.path = g_directory + "/" + name}, .profile = init.profile};
  if (init.profile == Profile::kContainer) options.subject.arguments = {"/core"};
  options.seconds = 0;
  options.corpus = corpus;
  if (*init.ledger != '\0') {
    const auto error = crosscheck::ParseLedger(
        ReadFile(std::string(MINIT_SOURCE_DIR "/harness/crosscheck/ledgers/") + init.ledger),
        options.ledger);
    EXPECT_FALSE(error) << error->Describe(init.ledger);
  }
  return options;
}

Checked Check(const CheckOptions& options) {
  static const std::atomic<bool> never = false;
  return crosscheck::CheckSubject(options, never, [](const crosscheck::Progress&) {});
}

// What a faultless one was seen to do is asked for again for the faults of rule 13.
const Checked& CheckFaultless(const Init& init) {
  static std::map<std::string, Checked> all;
  const auto [at, is_new] = all.try_emplace(init.name);
  if (!is_new) return at->second;
  const char* const wanted = std::getenv("MINIT_SCENARIOS");
  CheckOptions options = OptionsFor(init.name, init);
  options.scenarios = wanted == nullptr ? kScenarios : std::strtoull(wanted, nullptr, 10);
  return at->second = Check(options);
}

class FaultlessInit : public testing::TestWithParam<Init> {};

TEST_P(FaultlessInit, BreaksNothingBeyondItsLedger) {
  const crosscheck::SubjectReport& report = CheckFaultless(GetParam()).report;
  for (const Finding& finding : report.findings) {
    EXPECT_GE(finding.excused_by, 0) << finding.sentence << "\n" << finding.timeline;
  }
  EXPECT_EQ(crosscheck::NewBreaks(report), 0u);
  for (const crosscheck::LedgerEntry& entry : report.ledger) {
    EXPECT_EQ(entry.shows, crosscheck::Shows::kYes)
        << "line " << entry.line << " of the ledger shows no more";
  }
  EXPECT_EQ(report.troubles.unconfirmed, 0u)
      << scenario::Print(report.troubles.unconfirmed_scenario);
  EXPECT_EQ(report.troubles.not_counted, 0u);
  EXPECT_EQ(report.troubles.lost_workers, 0u);
  EXPECT_TRUE(report.troubles.not_covered.empty());
}

INSTANTIATE_TEST_SUITE_P(Bank, FaultlessInit, testing::ValuesIn(kInits),
                         [](const auto& info) { return std::string(info.param.name); });

class Fault : public testing::TestWithParam<Bug> {};

TEST_P(Fault, IsFoundByItsRules) {
  const Bug& bug = GetParam();
  const Init& init = InitOf(bug);
  const RuleSet wanted = ParseRules(bug.rules);
  ASSERT_NE(wanted, 0u);
  CheckOptions options = OptionsFor(bug.name, init);
  options.seconds = kSeconds;
  if ((wanted & Bit(Rule::kKeepsToItsCalls)) != 0) {
    options.calls = &CheckFaultless(init).calls_seen;
  }
  RuleSet missing = wanted;
  options.enough = [&missing](Rule rule) { return (missing &= ~Bit(rule)) == 0; };
  const Checked checked = Check(options);
  RuleSet found = 0;
  std::string sentences;
  for (const Finding& finding : checked.report.findings) {
    if (finding.excused_by >= 0) continue;
    found |= Bit(finding.rule);
    sentences += finding.sentence + "\n";
  }
  EXPECT_EQ(NamesOf(wanted & ~found), "none")
      << bug.sentence << ": not found in " << checked.report.seconds << " s and "
      << checked.report.scenarios << " scenarios by the rig " << checked.report.rig
      << ", which found\n"
      << sentences;
  RecordProperty("scenarios", static_cast<int>(checked.report.scenarios));
}

INSTANTIATE_TEST_SUITE_P(Bank, Fault, testing::ValuesIn(kBugs),
                         [](const auto& info) { return std::string(info.param.name); });

// The time for what was found is over when the first of it is confirmed: of the clocks only that of this
// process goes, for the search is in another.
CheckOptions WithoutTimeToConfirm() {
  CheckOptions options = OptionsFor("loses_realtime", kInits[0]);
  options.seconds = 1000;
  options.scenarios = 1;  // and the corpus: what random ones come to is another thing with a ledger
  options.clock = [process = getpid(), now = 0.0]() mutable {
    return getpid() == process ? now += 3000 : 0;
  };
  return options;
}

TEST(Time, WhatIsNotConfirmedInItIsNotLookedInto) {
  CheckOptions options = WithoutTimeToConfirm();
  const crosscheck::SubjectReport report = Check(options).report;
  EXPECT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].confirmed_by, "ptrace");
  EXPECT_GT(report.beyond, 0u);
  EXPECT_EQ(report.troubles.unconfirmed, 0u);
  EXPECT_TRUE(crosscheck::HasNewBreak(report));

  options.seconds = 0;
  const crosscheck::SubjectReport unbound = Check(options).report;
  EXPECT_GT(unbound.findings.size(), 1u);
  EXPECT_EQ(unbound.beyond, 0u);

  // What the ledger excuses stays known.
  options = WithoutTimeToConfirm();
  options.ledger = crosscheck::Propose(unbound.findings);
  const crosscheck::SubjectReport known = Check(options).report;
  EXPECT_GT(known.findings.size(), 1u);
  EXPECT_EQ(std::ranges::count(known.findings, "ptrace", &Finding::confirmed_by), 1);
  EXPECT_EQ(known.beyond, 0u);
  EXPECT_FALSE(crosscheck::HasNewBreak(known));
}

// The bank is what it says it is.
TEST(Bank, HasTwoFaultsForEachRule) {
  for (const contract::RuleText& text : contract::kRuleTexts) {
    const auto count = std::count_if(std::begin(kBugs), std::end(kBugs), [&](const Bug& bug) {
      return (ParseRules(bug.rules) & Bit(text.rule)) != 0;
    });
    EXPECT_GE(count, 2) << text.name;
  }
}

}  // namespace
}  // namespace minit::bugbank

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  minit::bugbank::g_directory = argv[1];
  return RUN_ALL_TESTS();
}
