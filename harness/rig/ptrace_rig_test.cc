// The ptrace rig with /init as it is shipped: its visible calls equal the machine rig's step for
// step, on every scenario of the corpus and on random ones. So the machine rig is the driver. And
// inits of other people, whose every call is covered.
//
// usage: ptrace_rig_test INIT [gtest options]
// MINIT_SCENARIOS: how many random ones; MINIT_LONG_SCENARIOS: those of many calls as well

#include "harness/rig/ptrace_rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "harness/rig/machine_rig.h"
#include "harness/rig/timeline.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/minimise.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;

std::string g_init;

// The steps that two rigs have to agree on: visible calls with their arguments, results and texts,
// signals that handlers take, rests, moves and the clock.
struct Record final : Observer {
  struct Line {
    Step::Kind kind;
    kernel::Pid pid;
    kernel::Call call;
    kernel::Result result;
    contract::Cause cause;
    int signal;
    uint64_t now_ns;
    std::string text;

    bool operator==(const Line&) const = default;
  };

  void On(const Step& step, const kernel::Kernel& kernel) override {
    const bool is_call = step.kind == Step::Kind::kCalls || step.kind == Step::Kind::kReturns ||
                         step.kind == Step::Kind::kBlocks;
    if (is_call && !step.visible) return;
    hash.Add(step);
    lines.push_back({step.kind, step.pid, step.call, step.result, step.cause, step.signal,
                     kernel.now_ns(), std::string(step.text)});
  }

  std::vector<Line> lines;
  TraceHash hash;
};

std::string Describe(const Record& record, std::size_t at) {
  if (at >= record.lines.size()) return "(the end)";
  const Record::Line& line = record.lines[at];
  return std::to_string(static_cast<int>(line.kind)) + " by " + std::to_string(line.pid) + " " +
         Print(line.call, line.text) + " = " + Print(line.call, line.result) + " at " +
         std::to_string(line.now_ns);
}

// How two traces differ first; "" if they do not.
std::string Difference(const Record& one, const Record& other) {
  const auto [a, b] =
      std::mismatch(one.lines.begin(), one.lines.end(), other.lines.begin(), other.lines.end());
  if (a == one.lines.end() && b == other.lines.end()) return "";
  const auto at = static_cast<std::size_t>(a - one.lines.begin());
  return "step " + std::to_string(at) + ":\n  machine rig: " + Describe(one, at) +
         "\n  /init:       " + Describe(other, at) + "\n";
}

class AgainstMachine : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    rig_ = std::make_unique<PtraceRig>(SubjectOptions{.path = g_init});
  }
  static void TearDownTestSuite() { rig_.reset(); }

  // Plays to both.
  static std::string Compare(const scenario::Scenario& scenario) {
    static kernel::ScenarioKernel kernel;
    Record machine, real;
    Runner<Observer> runner(kernel, machine);
    runner.Enter(scenario);
    MachineRig machine_rig;
    Play(runner, machine_rig);
    const Outcome outcome = rig_->Run(scenario, real);
    std::string problem = Difference(machine, real);
    for (const auto& [what, count] : outcome.not_covered) problem += "not covered: " + what + "\n";
    if (outcome.end != Outcome::End::kOver) problem += "ended by the rig\n";
    if (outcome.trace_hash != real.hash.value()) problem += "hash of another trace\n";
    return problem;
  }

  static void Check(const scenario::Scenario& scenario, const std::string& name) {
    if (Compare(scenario).empty()) return;
    scenario::Scenario least = scenario;
    scenario::Minimise(least,
                       [](const scenario::Scenario& smaller) { return !Compare(smaller).empty(); });
    ADD_FAILURE() << name << "\n" << scenario::Print(least) << Compare(least);
  }

  static std::unique_ptr<PtraceRig> rig_;
};
std::unique_ptr<PtraceRig> AgainstMachine::rig_;

std::vector<scenario::Named> Corpus() {
  std::vector<scenario::Named> corpus;
  EXPECT_EQ(scenario::ReadFolder(MINIT_SOURCE_DIR "/corpus", corpus), std::nullopt);
  EXPECT_GE(corpus.size(), 100u);
  return corpus;
}

TEST_F(AgainstMachine, EveryScenarioOfTheCorpus) {
  for (const scenario::Named& one : Corpus()) Check(one.scenario, one.name);
}

// How many calls the machine makes in a scenario.
uint64_t LengthOf(const scenario::Scenario& scenario) {
  struct Counter {
    uint64_t calls = 0;
    void On(const Step& step, const kernel::Kernel&) { calls += step.kind == Step::Kind::kCalls; }
  };
  static kernel::ScenarioKernel kernel;
  Counter counter;
  Runner<Counter> runner(kernel, counter);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  return counter.calls;
}

// One in ten is long, up to a million calls, and takes most of the time: those are played on
// demand.
TEST_F(AgainstMachine, RandomScenarios) {
  constexpr uint64_t kLong = 400;
  const char* const wanted = std::getenv("MINIT_SCENARIOS");
  const uint64_t count = wanted == nullptr ? 2000 : std::strtoull(wanted, nullptr, 10);
  const bool with_long = std::getenv("MINIT_LONG_SCENARIOS") != nullptr;
  uint64_t left_out = 0;
  for (uint64_t seed = 0, played = 0; played < count && !HasFailure(); ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    if (!with_long && LengthOf(scenario) > kLong) {
      ++left_out;
      continue;
    }
    Check(scenario, "seed " + std::to_string(seed));
    ++played;
  }
  std::cout << count << " played, " << left_out << " long ones left out\n";
}

TEST_F(AgainstMachine, TheSameTwiceIsTheSame) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    Record once, twice;
    const Outcome first = rig_->Run(scenario, once);
    const Outcome second = rig_->Run(scenario, twice);
    EXPECT_EQ(Difference(once, twice), "");
    EXPECT_EQ(first.trace_hash, second.trace_hash);
    EXPECT_EQ(first.calls, second.calls);
  }
}

std::vector<SubjectOptions> OtherInits() {
  return {{.path = "/usr/bin/tini", .arguments = {"-vvv", "-s", "-g", "--", "/core"}},
          {.path = "/usr/bin/tini-static", .arguments = {"--", "/core"}},
          {.path = "/usr/bin/dumb-init", .arguments = {"/core"}},
          {.path = "/usr/bin/catatonit", .arguments = {"--", "/core"}}};
}

// From the exec on, or from the first call that depends on the world: the same in all that is told.
TEST(FromExecOrNot, IsTheSame) {
  constexpr uint64_t kLong = 100;
  std::vector<scenario::Named> scenarios = Corpus();
  for (uint64_t seed = 0; scenarios.size() < 200; ++seed) {
    scenarios.push_back({"seed " + std::to_string(seed), scenario::Generate(seed)});
  }
  std::erase_if(scenarios,
                [](const scenario::Named& one) { return LengthOf(one.scenario) > kLong; });
  std::vector<SubjectOptions> inits = OtherInits();
  inits.push_back({.path = g_init});
  for (SubjectOptions& init : inits) {
    if (!std::filesystem::exists(init.path)) continue;
    PtraceRig rig(init);
    init.from_exec = true;
    PtraceRig executing(init);
    for (const scenario::Named& one : scenarios) {
      Record record, expected;
      const Outcome outcome = rig.Run(one.scenario, record);
      const Outcome wanted = executing.Run(one.scenario, expected);
      ASSERT_EQ(Difference(expected, record), "") << init.path << " " << one.name;
      EXPECT_EQ(outcome.trace_hash, wanted.trace_hash) << init.path << " " << one.name;
      EXPECT_EQ(outcome.calls, wanted.calls) << init.path << " " << one.name;
      EXPECT_EQ(outcome.end, wanted.end) << init.path << " " << one.name;
      EXPECT_EQ(outcome.ending_status, wanted.ending_status) << init.path << " " << one.name;
      EXPECT_EQ(outcome.not_covered, wanted.not_covered) << init.path << " " << one.name;
    }
  }
}

// Other people's inits, as far as they are installed: all that they ask is covered.
TEST(InitsOfOthers, AreCoveredOnTheWholeCorpus) {
  struct Nobody final : Observer {
    void On(const Step&, const kernel::Kernel&) override {}
  };
  const std::vector<scenario::Named> corpus = Corpus();
  for (const SubjectOptions& init : OtherInits()) {
    if (!std::filesystem::exists(init.path)) {
      std::cout << init.path << " is not installed, and was not tried\n";
      continue;
    }
    PtraceRig rig(init);
    Nobody nobody;
    for (const scenario::Named& one : corpus) {
      const Outcome outcome = rig.Run(one.scenario, nobody);
      EXPECT_EQ(outcome.end, Outcome::End::kOver) << init.path << " " << one.name;
      for (const auto& [what, count] : outcome.not_covered) {
        ADD_FAILURE() << init.path << " " << one.name << ": " << what << ", " << count << " times";
      }
    }
  }
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  minit::rig::g_init = argv[1];
  return RUN_ALL_TESTS();
}
