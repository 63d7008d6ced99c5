#include "harness/crosscheck/sha256.h"

#include <openssl/sha.h>

#include <array>
#include <cstdio>
#include <memory>
#include <vector>

namespace minit::crosscheck {

std::string Sha256Of(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string text;
  for (const unsigned char byte : digest) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::optional<std::string> Sha256OfFile(const std::string& path) {
  // Not a stream: of a folder that one says that it is empty.
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return std::nullopt;
  std::string bytes;
  std::vector<char> piece(1 << 16);
  std::size_t size = 0;
  do {
    size = std::fread(piece.data(), 1, piece.size(), file.get());
    bytes.append(piece.data(), size);
  } while (size == piece.size());
  if (std::ferror(file.get()) != 0) return std::nullopt;
  return Sha256Of(bytes);
}

}  // namespace minit::crosscheck
