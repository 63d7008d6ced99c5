// Random numbers that are the same on every machine and with every library: splitmix64 (Steele, Lea
// and Flood 2014; public domain code by Vigna), and choices made from it without distributions of
// the standard library, whose results differ.

#ifndef MINIT_HARNESS_SCENARIO_RANDOM_H_
#define MINIT_HARNESS_SCENARIO_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace minit::scenario {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // From 0 to bound - 1, for bound > 0; uneven by less than bound / 2^32.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>((Next() >> 32) * bound >> 32); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

  template <typename T>
  const T& Pick(std::span<const T> choices) {  // requires one
    return choices[Below(static_cast<uint32_t>(choices.size()))];
  }

 private:
  uint64_t state_;
};

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_RANDOM_H_
