// Escaped: text from a file for a message to a terminal.
#ifndef MINIT_HARNESS_SCENARIO_ESCAPED_H_
#define MINIT_HARNESS_SCENARIO_ESCAPED_H_

#include <cstdio>
#include <string>
#include <string_view>

namespace minit::scenario {

// Bytes that are not printable ASCII as "\x1b". Held by text_test.cc and crosscheck's ledger_test.cc.
inline std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
    escaped += c >= ' ' && c <= '~' ? std::string(1, c) : hex;
  }
  return escaped;
}

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_ESCAPED_H_
