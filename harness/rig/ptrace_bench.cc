// How fast the ptrace rig is: ptrace_bench SUBJECT [ARGUMENT...]
// Short scenarios: the child exits 0, in a fresh process each. A long one: a thousand signals to
// pass on. The load of the machine is told beside the figures: it is half of them.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "harness/rig/ptrace_rig.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

struct Nobody final : Observer {
  void On(const contract::Step&, const kernel::Kernel&) override {}
};

void Measure(PtraceRig& rig, const char* name, const char* text, int runs) {
  scenario::Scenario scenario;
  if (const auto error = scenario::Parse(text, scenario)) {
    std::fprintf(stderr, "%s\n", error->Describe(name).c_str());
    std::abort();
  }
  Nobody nobody;
  rig.Run(scenario, nobody);  // to warm up
  const auto begin = std::chrono::steady_clock::now();
  uint64_t calls = 0;
  for (int i = 0; i < runs; ++i) calls += rig.Run(scenario, nobody).calls;
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  std::printf("%-8s %7.0f scenarios/s, %8.0f calls/s, %6.1f calls a scenario\n", name,
              runs / time.count(), static_cast<double>(calls) / time.count(),
              static_cast<double>(calls) / runs);
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: ptrace_bench SUBJECT [ARGUMENT...]\n");
    return 2;
  }
  try {
    PtraceRig rig({.path = argv[1], .arguments = {argv + 2, argv + argc}});
    Measure(rig, "short", "at rest: child exits 0\n", 2000);
    Measure(rig, "long",
            "at rest: kernel sends WINCH to init\nrepeat: the last 1 moves 500 times\n", 40);
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
