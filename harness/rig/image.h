// Image: a static x86-64 program, as its file says that it is to be laid out in memory.

#ifndef MINIT_HARNESS_RIG_IMAGE_H_
#define MINIT_HARNESS_RIG_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace minit::rig {

struct Image {
  struct Segment {
    uint64_t address = 0;
    uint64_t size = 0;  // in memory: zeros follow the bytes
    std::vector<uint8_t> bytes;
    bool readable = false;
    bool writable = false;
    bool executable = false;
  };

  std::vector<Segment> segments;  // by address
  uint64_t entry = 0;
  // Of the program headers, for the auxiliary vector.
  uint64_t headers = 0;
  uint64_t header_size = 0;
  uint64_t header_count = 0;
};

// Where programs are laid out that can be laid out anywhere.
inline constexpr uint64_t kImageBase = 0x1f00'0000'0000;

// Throws CannotRun: no such file, no program, not for x86-64, or one that is linked dynamically.
Image ReadImage(const std::string& path);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_IMAGE_H_
