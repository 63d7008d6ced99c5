// The in-process rig against the ptrace rig: the same visible calls, the same ending and the same
// verdicts, on every scenario of the corpus and on random ones.
//
// usage: in_process_rig_test INIT [gtest options]

#include "harness/rig/in_process_rig.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/timeline.h"
#include "harness/rig/worker.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;

std::string g_init;

struct Named {
  std::string name;
  scenario::Scenario scenario;
};

std::vector<Named> Corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(MINIT_SOURCE_DIR "/corpus")) {
    if (file.path().extension() == ".scenario") files.push_back(file.path());
  }
  EXPECT_GE(files.size(), 100u);
  std::vector<Named> corpus;
  for (const auto& file : files) {
    std::ifstream in(file);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    corpus.push_back({file.filename(), {}});
    EXPECT_FALSE(scenario::Parse(text, corpus.back().scenario)) << file;
  }
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
    return "hash " + std::to_string(hash) + " calls " + std::to_string(calls) + " end " +
           std::to_string(end) + " ending " + std::to_string(ending) + " status " +
           std::to_string(ending_status) + " crash " + std::to_string(crash) + " not covered " +
           std::to_string(not_covered);
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
  for (std::size_t i = 1; i <= 15; ++i) {
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
    if (step.kind == Step::Kind::kCalls)
      text += who + Print(step.call, {step.text, step.text_size}) + "\n";
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

std::vector<Report> PlayInProcess(const SubjectOptions& options, const std::vector<Named>& all) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig(options);
    for (const Named& one : all) {
      const Report report = Play(rig, one.scenario);
      link.Send({reinterpret_cast<const char*>(&report), sizeof report});
    }
  });
  std::vector<Report> reports;
  while (reports.size() < all.size()) {
    const auto message = worker.Next(std::chrono::seconds(20));
    if (!message) {
      ADD_FAILURE() << "the worker " << worker.HowItEnded() << " at " << all[reports.size()].name;
      break;
    }
    reports.emplace_back();
    memcpy(&reports.back(), message->data(), sizeof(Report));
  }
  return reports;
}

void Compare(const SubjectOptions& options, const std::vector<Named>& all) {
  const std::vector<Report> here = PlayInProcess(options, all);
  PtraceRig rig(options);
  int differ = 0;
  for (std::size_t i = 0; i < here.size() && differ < 3; ++i) {
    const Report there = Play(rig, all[i].scenario);
    if (here[i] == there) continue;
    ++differ;
    Story story;
    rig.Run(all[i].scenario, story);
    ADD_FAILURE() << options.path << " " << all[i].name << "\nin process: " << here[i].Print()
                  << "\nptrace:     " << there.Print() << "\n"
                  << scenario::Print(all[i].scenario) << "--- in process\n"
                  << StoryInProcess(options, all[i].scenario) << "--- ptrace\n"
                  << story.text;
  }
}

TEST(InProcess, InitOnTheCorpus) { Compare({.path = g_init}, Corpus()); }

TEST(InProcess, TinyOnTheCorpus) {
  Compare({.path = "/usr/bin/tini-static", .arguments = {"--", "/core"}}, Corpus());
}
TEST(InProcess, CatatonitOnTheCorpus) {
  Compare({.path = "/usr/bin/catatonit", .arguments = {"--", "/core"}}, Corpus());
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  minit::rig::g_init = argv[1];
  return RUN_ALL_TESTS();
}
