// How fast the ptrace rig is: ptrace_bench SUBJECT [ARGUMENT...]
// Short scenarios: the child exits 0, in a fresh process each. A long one: five hundred signals to
// pass on. In rounds, of which the best and the median are told: what else runs on the machine can cost
// more than half. MINIT_FROM_EXEC: each scenario from the exec on.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/rig/ptrace_rig.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

struct Nobody final : Observer {
  void On(const contract::Step&, const kernel::Kernel&) override {}
};

void Measure(PtraceRig& rig, const char* name, const char* text, int runs) {
  constexpr int kRounds = 21;
  scenario::Scenario scenario;
  if (const auto error = scenario::Parse(text, scenario)) {
    std::fprintf(stderr, "%s\n", error->Describe(name).c_str());
    std::abort();
  }
  Nobody nobody;
  rig.Run(scenario, nobody);  // to warm up
  std::vector<double> rates;  // of scenarios, in each round
  uint64_t calls = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < runs; ++i) calls += rig.Run(scenario, nobody).calls;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    rates.push_back(runs / time.count());
  }
  std::sort(rates.begin(), rates.end());
  const double each = static_cast<double>(calls) / runs / kRounds;
  for (const bool best : {true, false}) {
    const double rate = best ? rates.back() : rates[kRounds / 2];
    std::printf("%-8s %-6s %7.0f scenarios/s, %8.0f calls/s, %6.1f calls a scenario\n", name,
                best ? "best" : "median", rate, rate * each, each);
  }
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: ptrace_bench SUBJECT [ARGUMENT...]\n");
    return 2;
  }
  try {
    PtraceRig rig({.path = argv[1],
                   .arguments = {argv + 2, argv + argc},
                   .from_exec = std::getenv("MINIT_FROM_EXEC") != nullptr});
    Measure(rig, "short", "at rest: child exits 0\n", 50);
    Measure(rig, "long",
            "at rest: kernel sends WINCH to init\nrepeat: the last 1 moves 500 times\n", 1);
  } catch (const CannotRun& problem) {
    std::fprintf(stderr, "ptrace_bench: %s\n", problem.what());
    return 2;
  }
  double load = 0;
  getloadavg(&load, 1);
  std::printf("load     %.2f\n", load);
  return 0;
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) { return minit::rig::Main(argc, argv); }
