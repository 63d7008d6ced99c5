#include "harness/rig/body.h"

#include <string.h>

#include <algorithm>

namespace minit::rig {

// Page by page: what lies behind the string need not be there.
std::optional<std::string> Body::ReadString(uint64_t address, std::size_t limit) const {
  constexpr uint64_t kPage = 4096;
  std::string text;
  while (text.size() < limit) {
    std::array<char, kPage> part;
    // Most strings are short.
    const std::size_t size =
        std::min<std::size_t>(kPage - address % kPage, text.empty() ? 256 : kPage);
    if (!Read(address, part.data(), size)) return std::nullopt;
    const auto end = std::find(part.begin(), part.begin() + size, '\0');
    text.append(part.begin(), end);
    if (end != part.begin() + size) return text;
    address += size;
  }
  return std::nullopt;
}

bool Body::Holds(uint64_t address, std::string_view string) const {
  for (std::size_t done = 0;;) {
    std::array<char, 256> part;
    const std::size_t left = string.size() - done;
    const std::size_t size = std::min(left + 1, part.size());
    if (!Read(address + done, part.data(), size)) return false;
    const std::size_t text = std::min(left, size);
    if (memcmp(part.data(), string.data() + done, text) != 0) return false;
    if (text < size) return part[text] == '\0';
    done += size;
  }
}

}  // namespace minit::rig
