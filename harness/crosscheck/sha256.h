// SHA-256, by libcrypto.
#ifndef MINIT_HARNESS_CROSSCHECK_SHA256_H_
#define MINIT_HARNESS_CROSSCHECK_SHA256_H_

#include <optional>
#include <string>
#include <string_view>

namespace minit::crosscheck {

// 64 hexadecimal digits.
std::string Sha256Of(std::string_view bytes);

// Nothing, with `errno` as it was left, if the file cannot be read.
std::optional<std::string> Sha256OfFile(const std::string& path);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_SHA256_H_
