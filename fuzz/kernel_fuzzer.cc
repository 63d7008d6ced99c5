// Fuzz target: whatever happens to a Linux, in the kernel model and in the sketch of it; or in the model
// alone, with threads and tracing, under the laws of proptest/watch.h.
//
// Input: a byte (its lowest bit: under the laws; else the next: whether numbers and queue are few), then
// four bytes for each thing that happens, as proptest/sketch_pair.h or watch.h reads them.
// Reaches: harness/kernel, with calls that no scenario makes.
// A crash means: the model and the sketch say different things of a call, or differ afterwards; or the
// model breaks a law. One of them is at fault.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/target.h"
#include "proptest/sketch_pair.h"
#include "proptest/watch.h"

namespace {

using minit::proptest::Row;

// What is wrong after a row; empty for nothing.
std::string Happen(const Row& row, minit::proptest::Pair& pair) { return pair.Happen(row); }
std::string Happen(const Row& row, minit::proptest::Watch& watch) {
  const char* const broken = watch.Happen(row);
  return broken == nullptr ? "" : broken;
}

template <typename World>
void HappenAll(const uint8_t* data, std::size_t size, World& world) {
  for (std::size_t at = 1; at + 4 <= size; at += 4) {
    Row row;
    std::copy_n(data + at, row.size(), row.begin());
    const std::string wrong = Happen(row, world);
    if (wrong.empty()) continue;
    std::fprintf(stderr, "kernel_fuzzer: at byte %zu: %s\n", at, wrong.c_str());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static minit::proptest::Pair pair;
  static minit::proptest::Watch watch;
  if (data[0] % 2 != 0) {
    watch.Begin(data[0] / 2);
    HappenAll(data, size, watch);
  } else {
    pair.Begin(data[0] / 2 % 2 != 0);
    HappenAll(data, size, pair);
  }
  return 0;
}
