// Seen: the states that a search has been in, by fingerprint, and which of them lie on its path.

#ifndef MINIT_PROPTEST_SEEN_H_
#define MINIT_PROPTEST_SEEN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace minit::proptest {

class Seen {
 public:
  enum class Status : uint8_t { kNew, kOnPath, kLeft };

  // Whether it was seen before. A new one lies on the path from now on, until Leave.
  Status Enter(uint64_t fingerprint) {
    if (2 * size_ >= table_.size()) Grow();
    uint64_t& place = Find(fingerprint);
    if (place != 0) return (place & kOnPathBit) != 0 ? Status::kOnPath : Status::kLeft;
    place = Key(fingerprint) | kOnPathBit;
    ++size_;
    return Status::kNew;
  }
  void Leave(uint64_t fingerprint) { Find(fingerprint) &= ~kOnPathBit; }
  std::size_t size() const { return size_; }

 private:
  static constexpr uint64_t kOnPathBit = 1;
  static constexpr uint64_t kUsedBit = 2;  // so that none is 0

  static uint64_t Key(uint64_t fingerprint) { return (fingerprint & ~kOnPathBit) | kUsedBit; }

  uint64_t& Find(uint64_t fingerprint) {
    const uint64_t key = Key(fingerprint);
    std::size_t at = key >> 20 & (table_.size() - 1);
    while (table_[at] != 0 && (table_[at] & ~kOnPathBit) != key)
      at = (at + 1) & (table_.size() - 1);
    return table_[at];
  }
  void Grow() {
    std::vector<uint64_t> old(table_.size() * 2);
    old.swap(table_);
    for (const uint64_t place : old) {
      if (place != 0) Find(place) = place;
    }
  }

  std::vector<uint64_t> table_ = std::vector<uint64_t>(1 << 16);
  std::size_t size_ = 0;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_SEEN_H_
