// How fast the in-process rig is, patched and not, beside the ptrace rig, with the kernel model and a
// judge: in_process_bench SUBJECT [ARGUMENT...]
//
// Scenarios of some 20 calls: the child is sent two signals and exits. Each figure is the median of
// several rounds, by processor time: others may be busy on the machine. What a system call costs just
// then is told beside them: the unpatched rigs cost many.

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/rig/in_process_rig.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/worker.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

constexpr int kRounds = 7;

constexpr const char* kText =
    "at rest: kernel sends HUP to init\n"
    "at rest: child exits 0\n";

struct Judging final : Observer {
  void On(const contract::Step& step, const kernel::Kernel& kernel) override {
    judge.Observe(step, kernel);
  }
  contract::Judge judge;
};

// Of this process and those that it waited for.
double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Figures {
  double scenarios_a_second;
  double calls;
  double call_ns;  // of a system call, then
  std::array<std::size_t, 2> patched_of;
};

double Median(std::array<double, kRounds> values) {
  std::sort(values.begin(), values.end());
  return values[kRounds / 2];
}

Figures Measure(Rig& rig, int runs, double (*now)()) {
  scenario::Scenario scenario;
  if (scenario::Parse(kText, scenario)) std::abort();
  Judging judging;
  uint64_t calls = 0;
  std::array<double, kRounds> rates{};
  for (double& rate : rates) {
    const double begin = now();
    for (int i = 0; i < runs; ++i) {
      judging.judge = contract::Judge();
      calls += rig.Run(scenario, judging).calls;
    }
    rate = runs / (now() - begin);
  }
  constexpr int kCalls = 20'000;
  const double begin = now();
  for (int i = 0; i < kCalls; ++i) getpid();
  return {.scenarios_a_second = Median(rates),
          .calls = static_cast<double>(calls) / runs / kRounds,
          .call_ns = (now() - begin) / kCalls * 1e9,
          .patched_of = {}};
}

Figures MeasureInProcess(const SubjectOptions& options, int runs) {
  Worker worker([&](const Worker::Link& link) {
    InProcessRig rig(options);
    Figures figures = Measure(rig, runs, ProcessorSeconds);
    figures.patched_of = {rig.patches().patched, rig.patches().calls};
    link.Send({reinterpret_cast<const char*>(&figures), sizeof figures});
  });
  const auto message = worker.Next(std::chrono::minutes(2));
  if (!message) throw CannotRun("the worker " + worker.HowItEnded());
  Figures figures;
  memcpy(&figures, message->data(), sizeof figures);
  return figures;
}

// The tracer waits while the subject runs: both are on one processor, so the time that passes counts.
double PassedSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Print(const char* name, const Figures& figures, const Figures& last) {
  std::printf("%-8s %8.0f scenarios/s, %5.1f calls each, %6.1f times ptrace", name,
              figures.scenarios_a_second, figures.calls,
              figures.scenarios_a_second / last.scenarios_a_second);
  if (figures.call_ns > 0) std::printf("; a system call %5.0f ns", figures.call_ns);
  if (figures.patched_of[1] != 0) {
    std::printf("; %zu of %zu calls patched", figures.patched_of[0], figures.patched_of[1]);
  }
  std::printf("\n");
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: in_process_bench SUBJECT [ARGUMENT...]\n");
    return 2;
  }
  SubjectOptions options = {.path = argv[1], .arguments = {argv + 2, argv + argc}};
  try {
    if (const std::string why = WhyNotInProcess(options); !why.empty()) throw CannotRun(why);
    const Figures patched = MeasureInProcess(options, 5000);
    options.patch = false;
    const Figures trapped = MeasureInProcess(options, 1000);
    PtraceRig rig(options);
    const Figures traced = Measure(rig, 50, PassedSeconds);
    Print("patched", patched, traced);
    Print("trapped", trapped, traced);
    Print("ptrace", traced, traced);
  } catch (const CannotRun& problem) {
    std::fprintf(stderr, "in_process_bench: %s\n", problem.what());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) { return minit::rig::Main(argc, argv); }
