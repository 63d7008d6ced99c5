// Mutation and crossover by move, for libFuzzer: most changes are to the scenario that the bytes
// stand for, some to the bytes first, which brings in what libFuzzer learned from comparisons.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "harness/scenario/bytes.h"
#include "harness/scenario/mutate.h"
#include "harness/scenario/random.h"
#include "harness/scenario/scenario.h"

#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#endif

using minit::scenario::Decode;
using minit::scenario::Encode;
using minit::scenario::MoveKind;
using minit::scenario::Scenario;

extern "C" std::size_t LLVMFuzzerMutate(uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

// A scenario that plays thousands of moves costs as much as thousands of others, and a search that
// has one in its corpus would do little else. Few are let through: counters do overflow.
void Tame(Scenario& scenario) {
  constexpr uint16_t kTimes = 3, kOrphans = 33;
  for (minit::scenario::Move& move : scenario.moves()) {
    if (move.kind == MoveKind::kRepeat) move.number = std::min(move.number, kTimes);
    if (move.kind == MoveKind::kBurst) move.number = std::min(move.number, kOrphans);
  }
}
constexpr uint32_t kOneUntamedIn = 256;

// libFuzzer is not built with MemorySanitizer: what it wrote counts as never written.
void Written([[maybe_unused]] const uint8_t* data, [[maybe_unused]] std::size_t size) {
#if __has_feature(memory_sanitizer)
  __msan_unpoison(data, size);
#endif
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  minit::scenario::Random random(seed);
  static Scenario scenario;
  if (random.OneIn(8)) size = LLVMFuzzerMutate(data, size, max_size);
  Written(data, size);
  Decode({data, size}, scenario);
  Mutate(scenario, random.Next(), max_size / minit::scenario::kRecordBytes);
  if (!random.OneIn(kOneUntamedIn)) Tame(scenario);
  return Encode(scenario, {data, max_size});
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, std::size_t size1,
                                                 const uint8_t* data2, std::size_t size2,
                                                 uint8_t* out, std::size_t max_out_size,
                                                 unsigned int seed) {
  static Scenario one, other, result;
  Written(data1, size1);
  Written(data2, size2);
  Decode({data1, size1}, one);
  Decode({data2, size2}, other);
  Crossover(one, other, seed, result, max_out_size / minit::scenario::kRecordBytes);
  if (seed % kOneUntamedIn != 0) Tame(result);
  return Encode(result, {out, max_out_size});
}
