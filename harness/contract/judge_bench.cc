// What judging costs, beside playing. Not a test.
//
// usage: contract_bench [SECONDS]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/ten_moves.h"

namespace {

using minit::contract::Judge;
using minit::contract::Step;
using minit::scenario::Scenario;

struct Counter {
  uint64_t steps = 0;
  uint64_t sum = 0;
  void Begin() {}
  void On(const Step&, const minit::kernel::Kernel& kernel) { sum += kernel.now_ns(), ++steps; }
};
struct Judging : Counter {
  Judge judge;
  void Begin() { judge = Judge(); }
  void On(const Step& step, const minit::kernel::Kernel& kernel) {
    Counter::On(step, kernel);
    judge.Observe(step, kernel);
  }
};
struct JudgingAndHashing : Judging {
  void On(const Step& step, const minit::kernel::Kernel& kernel) {
    Judging::On(step, kernel);
    sum += judge.Hash(kernel.now_ns());
  }
};
struct JudgingAndCopying : Judging {
  void On(const Step& step, const minit::kernel::Kernel& kernel) {
    Judging::On(step, kernel);
    Judge copy = judge;
    asm volatile("" ::"r"(&copy) : "memory");
  }
};

// Nanoseconds for each step of the trace, playing included.
template <typename Listener>
double Measure(const char* name, const std::vector<Scenario>& scenarios, double seconds,
               double without_ns) {
  static minit::kernel::ScenarioKernel kernel;
  Listener listener;
  uint64_t runs = 0;
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> took{};
  do {
    for (const Scenario& scenario : scenarios) {
      listener.Begin();
      minit::rig::Runner<Listener> runner(kernel, listener);
      minit::rig::MachineRig rig;
      runner.Enter(scenario);
      Play(runner, rig);
      ++runs;
    }
    took = std::chrono::steady_clock::now() - start;
  } while (took.count() < seconds);
  const double step_ns = took.count() * 1e9 / static_cast<double>(listener.steps);
  std::printf("%-22s %8.0f scenarios/s, %5.1f steps each, %6.1f ns a step", name,
              static_cast<double>(runs) / took.count(),
              static_cast<double>(listener.steps) / static_cast<double>(runs), step_ns);
  if (without_ns > 0) std::printf(", %5.1f of it here", step_ns - without_ns);
  std::printf("  [%llx]\n", static_cast<unsigned long long>(listener.sum & 0xff));
  return step_ns;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::vector<Scenario> scenarios = minit::scenario::TenMoves(2000);
  std::printf("a judge has %zu bytes\n", sizeof(Judge));
  const double bare = Measure<Counter>("playing", scenarios, seconds, 0);
  const double judged = Measure<Judging>("and judging", scenarios, seconds, bare);
  Measure<JudgingAndHashing>("and hashing each step", scenarios, seconds, judged);
  Measure<JudgingAndCopying>("and copying each step", scenarios, seconds, judged);
}
