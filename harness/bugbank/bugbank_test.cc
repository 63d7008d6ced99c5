// The harness finds each fault of the bank by its rule, and nothing in inits without.
//
// usage: bugbank_test DIRECTORY [gtest options]       DIRECTORY: where the inits are
// MINIT_SCENARIOS: how many random ones a faultless init has to stand

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/waits.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::bugbank {
namespace {

using contract::Judge;
using contract::Profile;
using contract::Rule;
using contract::Step;
using scenario::Scenario;

// --- The bank ------------------------------------------------------------------------------------

struct Init {
  const char* name;
  Profile profile;
  const char* known;
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
#define INIT(name, profile, known, sentence) {#name, Profile::profile, known, sentence},
#define BUG(name, init, rules, report, sentence)
#include "harness/bugbank/bank.h"
#undef INIT
#undef BUG
};

constexpr Bug kBugs[] = {
#define INIT(name, profile, known, sentence)
#define BUG(name, init, rules, report, sentence) {#name, #init, rules, report, sentence},
#include "harness/bugbank/bank.h"
#undef INIT
#undef BUG
};

void PrintTo(const Init& init, std::ostream* out) { *out << init.sentence; }
void PrintTo(const Bug& bug, std::ostream* out) { *out << bug.sentence << " " << bug.report; }

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

// --- Scenarios -----------------------------------------------------------------------------------

// The corpus, then random ones. Long ones take most of the time, and are left out.
constexpr uint64_t kLong = 1000;
constexpr std::size_t kMost = 3000;

uint64_t LengthOf(const Scenario& scenario) {
  struct Counter {
    uint64_t calls = 0;
    void On(const Step& step, const kernel::Kernel&) { calls += step.kind == Step::Kind::kCalls; }
  };
  static kernel::ScenarioKernel kernel;
  Counter counter;
  rig::Runner<Counter> runner(kernel, counter);
  runner.Enter(scenario);
  rig::MachineRig rig;
  Play(runner, rig);
  return counter.calls;
}

class Scenarios {
 public:
  Scenarios() {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(MINIT_SOURCE_DIR "/corpus")) {
      if (file.path().extension() == ".scenario") files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      std::ifstream in(file);
      Scenario scenario;
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      EXPECT_FALSE(scenario::Parse(text, scenario)) << file;
      Add(std::move(scenario), file.stem());
    }
    of_corpus_ = scenarios_.size();
  }

  std::size_t of_corpus() const { return of_corpus_; }

  const Scenario& at(std::size_t index) {
    for (; scenarios_.size() <= index; ++seed_) {
      Add(scenario::Generate(seed_), "seed " + std::to_string(seed_));
    }
    return scenarios_[index];
  }
  const std::string& name(std::size_t index) const { return names_[index]; }

 private:
  void Add(Scenario scenario, std::string name) {
    if (LengthOf(scenario) > kLong) return;
    scenarios_.push_back(std::move(scenario));
    names_.push_back(std::move(name));
  }

  std::vector<Scenario> scenarios_;
  std::vector<std::string> names_;
  std::size_t of_corpus_ = 0;
  uint64_t seed_ = 0;
};

Scenarios& AllScenarios() {
  static Scenarios scenarios;
  return scenarios;
}

// --- Trials --------------------------------------------------------------------------------------

std::string g_directory;

// What an init calls, and where it waits.
struct Learner final : rig::Observer {
  void On(const Step& step, const kernel::Kernel&) override {
    const auto kind = static_cast<int>(step.call.kind);
    if (step.kind == Step::Kind::kCalls && step.call.kind != kernel::CallKind::kOther) {
      list.kinds |= uint64_t{1} << kind;
    } else if (step.kind == Step::Kind::kCalls) {
      const auto number = static_cast<std::size_t>(step.call.value);
      if (number < 64 * list.others.size()) {
        list.others[number / 64] |= uint64_t{1} << number % 64;
      }
    } else if (step.kind == Step::Kind::kBlocks && step.by_init &&
               contract::WaitsWithoutBound(step.call)) {
      list.waits |= uint64_t{1} << kind;
    }
  }
  contract::CallList list;
};

struct Judged final : rig::Observer {
  explicit Judged(const contract::Terms& terms) : judge(terms) {}
  void On(const Step& step, const kernel::Kernel& kernel) override { judge.Observe(step, kernel); }
  Judge judge;
};

// The rules that were broken, and how each was first.
struct Result {
  RuleSet broken = 0;
  std::map<Rule, contract::Facts> facts;
  std::string sentences;  // a line for each

  // Those that are not broken there, or in another way.
  RuleSet BrokenUnlike(const Result& other) const {
    RuleSet rules = 0;
    for (const auto& [rule, fact] : facts) {
      const auto found = other.facts.find(rule);
      if (found == other.facts.end() || found->second != fact) rules |= Bit(rule);
    }
    return rules;
  }
};

// One binary and what came of it in the scenarios, played as they are asked for.
class Subject {
 public:
  Subject(const std::string& name, Profile profile)
      : rig_({.path = g_directory + "/" + name}), terms_{.profile = profile} {}

  void KeepTo(const contract::CallList& calls) { terms_.calls = &calls; }

  const Result& In(std::size_t index) {
    while (results_.size() <= index) results_.push_back(Play(AllScenarios().at(results_.size())));
    return results_[index];
  }

  // What it calls in the scenarios of the corpus.
  contract::CallList Learn() {
    Learner learner;
    for (std::size_t i = 0; i < AllScenarios().of_corpus(); ++i) {
      rig_.Run(AllScenarios().at(i), learner);
    }
    return learner.list;
  }

 private:
  Result Play(const Scenario& scenario) {
    Judged judged(terms_);
    const rig::Outcome outcome = rig_.Run(scenario, judged);
    Result result;
    for (const contract::RuleText& text : contract::kRuleTexts) {
      if (judged.judge.verdict(text.rule) != contract::Verdict::kBroken) continue;
      result.broken |= Bit(text.rule);
      const contract::Break* const broken = judged.judge.FindBreak(text.rule);
      if (broken == nullptr) continue;
      result.facts[text.rule] = broken->facts;
      result.sentences += std::string(text.name) + ": " + Explain(*broken) + "\n";
    }
    // A judge sees calls: of a loop without any the rig tells.
    if (outcome.end == rig::Outcome::End::kLooped) {
      result.broken |= Bit(Rule::kComesToRest);
      result.facts[Rule::kComesToRest] = {};
      result.sentences += "it loops and makes no call\n";
    }
    return result;
  }

  rig::PtraceRig rig_;
  contract::Terms terms_;
  std::vector<Result> results_;
};

// A faultless one is asked again for each of its faults.
Subject& Faultless(const Init& init) {
  static std::map<std::string, std::unique_ptr<Subject>> subjects;
  std::unique_ptr<Subject>& subject = subjects[init.name];
  if (subject == nullptr) subject = std::make_unique<Subject>(init.name, init.profile);
  return *subject;
}

class FaultlessInit : public testing::TestWithParam<Init> {};

TEST_P(FaultlessInit, BreaksNothingButWhatIsKnown) {
  const char* const wanted = std::getenv("MINIT_SCENARIOS");
  const std::size_t random = wanted == nullptr ? 200 : std::strtoull(wanted, nullptr, 10);
  const RuleSet known = ParseRules(GetParam().known);
  Subject& subject = Faultless(GetParam());
  RuleSet seen = 0;
  for (std::size_t i = 0; i < AllScenarios().of_corpus() + random; ++i) {
    const Result& result = subject.In(i);
    seen |= result.broken;
    if ((result.broken & ~known) == 0) continue;
    ADD_FAILURE() << AllScenarios().name(i) << "\n"
                  << scenario::Print(AllScenarios().at(i)) << result.sentences;
  }
  EXPECT_EQ(NamesOf(seen & known), NamesOf(known)) << "some that are known do not show";
}

INSTANTIATE_TEST_SUITE_P(Bank, FaultlessInit, testing::ValuesIn(kInits),
                         [](const auto& info) { return std::string(info.param.name); });

class Fault : public testing::TestWithParam<Bug> {};

TEST_P(Fault, IsFoundByItsRules) {
  const Bug& bug = GetParam();
  const Init* const init = std::find_if(std::begin(kInits), std::end(kInits), [&](const Init& one) {
    return std::string(one.name) == bug.init;
  });
  ASSERT_NE(init, std::end(kInits)) << bug.init << " is no init of the bank";
  Subject& faultless = Faultless(*init);
  Subject faulty(bug.name, init->profile);
  RuleSet missing = ParseRules(bug.rules);
  ASSERT_NE(missing, 0u);
  contract::CallList calls;
  if ((missing & Bit(Rule::kKeepsToItsCalls)) != 0) {
    calls = faultless.Learn();
    faulty.KeepTo(calls);
  }
  std::size_t played = 0;
  for (; played < kMost && missing != 0; ++played) {
    const Result& result = faulty.In(played);
    if ((result.broken & missing) != 0) missing &= ~result.BrokenUnlike(faultless.In(played));
  }
  EXPECT_EQ(missing, 0u) << bug.sentence << "\nnot broken in " << played
                         << " scenarios: " << NamesOf(missing);
  RecordProperty("scenarios", static_cast<int>(played));
}

INSTANTIATE_TEST_SUITE_P(Bank, Fault, testing::ValuesIn(kBugs),
                         [](const auto& info) { return std::string(info.param.name); });

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
