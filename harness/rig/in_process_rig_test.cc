// The in-process rig, patched and trapped, against the ptrace rig: the same visible calls, the same
// ending and the same verdicts, for whole inits, on every scenario of the corpus and on random ones.
//
// usage: rig_in_process_test [INIT [ARGUMENT...]] [gtest options]
// Without an init, the one that the environment names as PRODUCTION_INIT. Exit status 77: it names none.

#include "harness/rig/in_process_rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/timeline.h"
#include "harness/rig/worker.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;

constexpr int kSkipped = 77;

SubjectOptions g_subject;

std::vector<scenario::Named> Corpus() {
  std::vector<scenario::Named> corpus;
  EXPECT_EQ(scenario::ReadFolder(MINIT_SOURCE_DIR "/corpus", corpus), std::nullopt);
  EXPECT_GE(corpus.size(), 100u);
  return corpus;
}

// What two rigs have to agree on, of one run.
struct Report {
  uint64_t hash;
  uint64_t calls;
  int end;
  int ending;
  int ending_status;
  int crash;
  uint64_t not_covered;
  std::array<uint8_t, 16> verdicts;

  bool operator==(const Report&) const = default;
  std::string Print() const {
    std::string text = "trace " + std::to_string(hash) + ", " + std::to_string(calls) +
                       " calls, end " + std::to_string(end) + ", ending " + std::to_string(ending) +
                       ", status " + std::to_string(ending_status) + ", crash " +
                       std::to_string(crash) + ", not covered " + std::to_string(not_covered) +
                       ", verdicts ";
    for (const uint8_t verdict : verdicts) text += static_cast<char>('0' + verdict);
    return text + "\n";
  }
};

struct Judging final : Observer {
  void On(const Step& step, const kernel::Kernel& kernel) override { judge.Observe(step, kernel); }
  contract::Judge judge;
};

Report Play(Rig& rig, const scenario::Scenario& scenario) {
  Judging judging;
  const Outcome outcome = rig.Run(scenario, judging);
  Report report{};
  report.hash = outcome.trace_hash;
  report.calls = outcome.calls;
  report.end = static_cast<int>(outcome.end);
  report.ending = static_cast<int>(outcome.ending);
  report.ending_status = outcome.ending_status;
  report.crash = outcome.crash;
  report.not_covered = outcome.not_covered.size();
  for (std::size_t i = 1; i < report.verdicts.size(); ++i) {
    report.verdicts[i] =
        static_cast<uint8_t>(judging.judge.verdict(static_cast<contract::Rule>(i)));
  }
  return report;
}

// Visible calls and their results, a line each.
struct Story final : Observer {
  void On(const Step& step, const kernel::Kernel&) override {
    const std::string who = std::to_string(step.pid) + ": ";
    if (step.kind == Step::Kind::kHandler) text += who + "enters " + SignalName(step.signal) + "\n";
    if (step.kind == Step::Kind::kHandled) text += who + "leaves\n";
    if (!step.visible) return;
    if (step.kind == Step::Kind::kCalls) text += who + Print(step.call, step.text) + "\n";
    if (step.kind == Step::Kind::kBlocks) text += who + Print(step.call) + " ...\n";
    if (step.kind != Step::Kind::kReturns) return;
    text += who + Print(step.call) + " = " + Print(step.call, step.result) + "\n";
  }
  std::string text;
};

std::string StoryInProcess(const SubjectOptions& options, const scenario::Scenario& scenario) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig(options);
    Story story;
    rig.Run(scenario, story);
    link.Send(story.text);
  });
  const auto text = worker.Next(std::chrono::seconds(20));
  return text ? *text : "(no story: the worker " + worker.HowItEnded() + ")\n";
}

std::vector<Report> PlayInProcess(const SubjectOptions& options,
                                  const std::vector<scenario::Named>& all) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig(options);
    std::vector<Report> reports;
    for (const scenario::Named& one : all) reports.push_back(Play(rig, one.scenario));
    link.Send({reinterpret_cast<const char*>(reports.data()), reports.size() * sizeof(Report)});
  });
  const auto message = worker.Next(std::chrono::minutes(5));
  std::vector<Report> reports(all.size());
  if (!message || message->size() != reports.size() * sizeof(Report)) {
    throw CannotRun("the worker " + worker.HowItEnded());
  }
  memcpy(reports.data(), message->data(), message->size());
  return reports;
}

std::string NameOf(const SubjectOptions& options, const char* rig) {
  return options.path + ", " + rig + ": ";
}

// Plays all in process, both ways, and under ptrace.
void Compare(const std::vector<scenario::Named>& all) {
  const SubjectOptions& options = g_subject;
  SubjectOptions trapped = options;
  trapped.patch = false;
  const std::vector<Report> a = PlayInProcess(options, all);
  const std::vector<Report> b = PlayInProcess(trapped, all);
  PtraceRig rig(options);
  int differ = 0;
  for (std::size_t i = 0; i < all.size() && differ < 2; ++i) {
    const Report c = Play(rig, all[i].scenario);
    if (a[i] == b[i] && b[i] == c) continue;
    ++differ;
    Story story;
    rig.Run(all[i].scenario, story);
    ADD_FAILURE() << all[i].name << "\n"
                  << scenario::Print(all[i].scenario) << NameOf(options, "patched") << a[i].Print()
                  << StoryInProcess(options, all[i].scenario) << NameOf(options, "trapped")
                  << b[i].Print() << StoryInProcess(trapped, all[i].scenario)
                  << NameOf(options, "ptrace") << c.Print() << story.text;
  }
}

TEST(InProcess, IsAsPtraceOnTheCorpus) { Compare(Corpus()); }

// Calls that the machine makes in a scenario, up to this many.
int LengthOf(const scenario::Scenario& scenario, int most) {
  static kernel::ScenarioKernel kernel;
  NoObserver nobody;
  Runner<NoObserver> runner(kernel, nobody);
  runner.Enter(scenario);
  MachineRig rig;
  int calls = 0;
  while (const Turn* const turn = runner.Next()) {
    if (++calls == most) break;
    const MachineRig::Asks asks = rig.Answer(*turn, runner.cast(), kernel);
    runner.Call(asks.call, asks.text);
  }
  return calls;
}

// Generated ones of so many calls, less than `below`. One in ten has more than 400, up to a million.
std::vector<scenario::Named> Generated(std::size_t count, int from, int below) {
  std::vector<scenario::Named> all;
  for (uint64_t seed = 0; all.size() < count; ++seed) {
    const scenario::Scenario scenario = scenario::Generate(seed);
    const int length = LengthOf(scenario, below);
    if (length >= from && length < below) {
      all.push_back({"seed " + std::to_string(seed), scenario});
    }
  }
  return all;
}

constexpr int kLong = 400;

TEST(InProcess, IsAsPtraceOnRandomScenarios) { Compare(Generated(10'000, 0, kLong)); }

TEST(InProcess, IsAsPtraceOnLongScenarios) { Compare(Generated(20, kLong, 20'000)); }

// The same again and again, and after others: nothing is left of a run.
TEST(InProcess, ARunLeavesNothingBehind) {
  const std::vector<scenario::Named> each = Generated(20, 0, kLong);
  std::vector<scenario::Named> all;
  for (int i = 0; i < 20; ++i) all.insert(all.end(), each.begin(), each.end());
  const std::vector<Report> reports = PlayInProcess(g_subject, all);
  for (std::size_t i = each.size(); i < reports.size(); ++i) {
    ASSERT_EQ(reports[i].Print(), reports[i % each.size()].Print()) << all[i].name;
  }
}

TEST(InProcess, MostCallsArePatched) {
  const Patches patches = CountPatches(ReadImage(g_subject.path));
  EXPECT_GE(patches.calls, 30u);
  EXPECT_GE(patches.patched * 10, patches.calls * 8);
  EXPECT_EQ(WhyNotInProcess(g_subject), "");
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const char* const production = std::getenv("PRODUCTION_INIT");
  if (argc < 2 && production == nullptr) {
    std::cout << "PRODUCTION_INIT is not set: its stand-in is tried, the real one was not\n";
    return minit::rig::kSkipped;
  }
  const char* const path = argc < 2 ? production : argv[1];
  if (!std::filesystem::exists(path)) {
    std::cout << path << " is not there: scripts/setup installs the inits of others\n";
    return 1;
  }
  minit::rig::g_subject = {.path = path, .arguments = {argv + std::min(argc, 2), argv + argc}};
  return RUN_ALL_TESTS();
}
