// How long the model takes: nanoseconds for a call, and for a copy of a world. Not a test.

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "harness/kernel/kernel.h"

namespace minit::kernel {
namespace {

template <typename Function>
void Measure(const char* name, int calls_each, Function function) {
  constexpr int kRounds = 2'000'000;
  uint64_t sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) {
    sum += function();
    asm volatile("" ::"r"(sum) : "memory");
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  std::printf("%-44s %8.1f ns\n", name, took.count() / kRounds / calls_each);
}

// A world with `processes` beside init, all children of init.
template <typename KernelType>
KernelType World(int processes) {
  KernelType kernel(Entry{.mask = kAllSignals});
  for (int i = 0; i < processes; ++i) kernel.Fork(kInit);
  return kernel;
}

}  // namespace
}  // namespace minit::kernel

int main() {
  using namespace minit::kernel;
  const auto five = World<ExplorerKernel>(4);
  auto target = five;
  Measure("copy, 5 processes, room for 8", 1, [&] {
    target = five;
    return target.now_ns();
  });
  const auto large_five = World<ScenarioKernel>(4);
  auto large_target = large_five;
  Measure("copy, 5 processes, room for 512", 1, [&] {
    large_target = large_five;
    return large_target.now_ns();
  });
  Measure("reset", 1, [&] {
    target.Reset();
    return target.now_ns();
  });
  target = five;
  Measure("hash, 5 processes", 1, [&] { return target.Hash(); });
  Measure("compare, 5 processes", 1, [&] { return static_cast<uint64_t>(target == five); });
  const auto call = [&](const Call& what) {
    return static_cast<uint64_t>(target.Issue(kInit, what).value);
  };
  Measure("getpid", 1, [&] { return call(calls::GetId(kIdProcess)); });
  Measure("sigtimedwait, nothing pending, no time", 1,
          [&] { return call(calls::SigTimedWait(kAllSignals, 0)); });
  Measure("wait4(-1, WNOHANG), nothing to reap", 1,
          [&] { return call(calls::Wait4(-1, kWaitNoHang)); });
  Measure("kill(child, 0)", 1, [&] { return call(calls::Kill(3, 0)); });
  Measure("kill(1, TERM) and sigtimedwait (each)", 2, [&] {
    call(calls::Kill(1, kSigTerm));
    return call(calls::SigTimedWait(kAllSignals, 0));
  });
  Measure("fork, exit, wait4 (each)", 3, [&] {
    const Pid pid = target.Fork(kInit);
    target.Exit(pid, 0);
    return call(calls::Wait4(-1, kWaitNoHang));
  });
}
