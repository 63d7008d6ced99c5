// Digest: 64 bits for any number of words, for searches that keep states apart by them. By folded
// multiplication, as wyhash does it: two words a step. Not meant against whoever seeks collisions.

#ifndef MINIT_HARNESS_KERNEL_DIGEST_H_
#define MINIT_HARNESS_KERNEL_DIGEST_H_

#include <cstdint>

#include "harness/kernel/call.h"

namespace minit::kernel {

class Digest {
 public:
  // Order counts. Words that are integers or enums of at most 64 bits.
  template <typename A, typename B>
  void Add(A a, B b) {
    state_ = Fold(state_ ^ Word(a), Word(b) ^ 0xe7037ed1a0b428db);
    state_ += 0x9e3779b97f4a7c15;
  }
  uint64_t value() const { return Fold(state_, 0xa0761d6478bd642f); }

 private:
  __extension__ typedef unsigned __int128 Wide;

  template <typename T>
  static uint64_t Word(T value) {
    return static_cast<uint64_t>(value);
  }
  static uint64_t Fold(uint64_t a, uint64_t b) {
    const Wide product = Wide{a} * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  uint64_t state_ = 0x2d358dccaa6c78a5;
};

// All of a call.
void Add(const Call& call, Digest& digest);

}  // namespace minit::kernel

#endif  // MINIT_HARNESS_KERNEL_DIGEST_H_
