// How many scenarios of ten moves the machine rig plays in a second. Not a test.
//
// usage: rig_bench [SECONDS]

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/ten_moves.h"

namespace {

using minit::scenario::Scenario;

struct Counter {
  uint64_t steps = 0;
  uint64_t calls = 0;
  uint64_t rests = 0;
  uint64_t overs = 0;
  void On(const minit::contract::Step& step, const minit::kernel::Kernel&) {
    ++steps;
    calls += step.kind == minit::contract::Step::Kind::kCalls;
    overs += step.kind == minit::contract::Step::Kind::kOver;
    rests += step.kind == minit::contract::Step::Kind::kRest;
    asm volatile("" ::"r"(&step) : "memory");
  }
};

struct VirtualCounter final : minit::rig::Observer {
  Counter counter;
  void On(const minit::contract::Step& step, const minit::kernel::Kernel& kernel) override {
    counter.On(step, kernel);
  }
};

template <typename Observer>
void Measure(const char* name, const std::vector<Scenario>& scenarios, double seconds,
             Observer& observer) {
  static minit::kernel::ScenarioKernel kernel;
  uint64_t runs = 0;
  uint64_t restarts = 0;
  // Time of this process on a processor: others may be busy on the machine.
  const std::clock_t start = std::clock();
  double took = 0;
  do {
    for (const Scenario& scenario : scenarios) {
      minit::rig::Runner<Observer> runner(kernel, observer);
      minit::rig::MachineRig rig;
      runner.Enter(scenario);
      Play(runner, rig);
      ++runs;
      restarts += kernel.ending() == minit::kernel::Ending::kRestart;
    }
    took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (took < seconds);
  std::printf("%-28s %10.0f scenarios/s  (%.1f%% restart)\n", name,
              static_cast<double>(runs) / took,
              100.0 * static_cast<double>(restarts) / static_cast<double>(runs));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const std::vector<Scenario> scenarios = minit::scenario::TenMoves(2000);
  minit::rig::NoObserver nobody;
  Measure("nobody listens", scenarios, seconds, nobody);
  Counter counter;
  Measure("a listener that is inlined", scenarios, seconds, counter);
  std::printf("(in each: %.1f steps, %.1f of them calls, %.1f rests)\n",
              static_cast<double>(counter.steps) / static_cast<double>(counter.overs),
              static_cast<double>(counter.calls) / static_cast<double>(counter.overs),
              static_cast<double>(counter.rests) / static_cast<double>(counter.overs));
  VirtualCounter virtual_counter;
  Measure<minit::rig::Observer>("one behind a virtual call", scenarios, seconds, virtual_counter);
  std::vector<Scenario> plain(1000);
  for (Scenario& scenario : plain) scenario.Add({.kind = minit::scenario::MoveKind::kExit});
  Measure("only `child exits 0`", plain, seconds, nobody);
}
