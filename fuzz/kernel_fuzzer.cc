// Fuzz target: whatever happens to a Linux, in the kernel model and in the sketch of it.
//
// Input: a byte (whether numbers and queue are few), then four bytes for each thing that happens, as
// proptest/sketch_pair.h reads them.
// Reaches: harness/kernel but for threads and tracing, with calls that no scenario makes.
// A crash means: the model and the sketch say different things of a call, or differ afterwards; one of
// them is at fault.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "fuzz/target.h"
#include "proptest/sketch_pair.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static minit::proptest::Pair pair;
  pair.Begin(data[0] % 2 != 0);
  for (std::size_t at = 1; at + 4 <= size; at += 4) {
    minit::proptest::Row row;
    std::copy_n(data + at, row.size(), row.begin());
    const std::string difference = pair.Happen(row);
    if (difference.empty()) continue;
    std::fprintf(stderr, "kernel_fuzzer: at byte %zu: %s\n", at, difference.c_str());
    std::abort();
  }
  return 0;
}
