#include "harness/scenario/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/scenario/bytes.h"
#include "harness/scenario/text.h"

namespace minit::scenario {
namespace {

// Of bytes as a fuzzer makes them, this many are all printable once in a million.
constexpr std::size_t kByChance = 2 * kRecordBytes;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// No control characters but white space, and beyond ASCII nothing but UTF-8 (comments may have it).
bool IsPrintable(std::string_view content) {
  while (!content.empty()) {
    const auto first = static_cast<unsigned char>(content[0]);
    const bool is_space = first == '\n' || first == '\t' || first == '\r';
    if ((first < ' ' && !is_space) || first == 0x7F) return false;
    std::size_t length = 1;
    if (first >= 0x80) {
      if (first < 0xC2 || first > 0xF4) return false;
      length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
      if (content.size() < length) return false;
      const std::string_view rest = content.substr(1, length - 1);
      if (!std::all_of(rest.begin(), rest.end(), IsContinuation)) return false;
    }
    content.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::optional<std::string> ReadFile(const std::string& path, std::string& content) {
  const bool is_standard = path == "-";
  const std::string name = is_standard ? "standard input" : path;
  const auto problem = [&name] { return "cannot read " + name + ": " + strerror(errno); };
  content.clear();
  const int file = is_standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return problem();
  std::array<char, 65536> part;
  std::optional<std::string> wrong;
  for (ssize_t size; (size = read(file, part.data(), part.size())) != 0;) {
    if (size > 0) {
      content.append(part.data(), static_cast<std::size_t>(size));
    } else if (errno != EINTR) {
      wrong = problem();
      break;
    }
  }
  if (!is_standard) close(file);
  return wrong;
}

std::optional<std::string> ReadScenario(const std::string& path, Scenario& scenario,
                                        std::string& note) {
  note.clear();
  std::string content;
  if (auto problem = ReadFile(path, content)) return problem;
  const bool is_named_text = path == "-" || path.ends_with(".scenario") || path.ends_with(".txt");
  const bool is_printable = !path.ends_with(".bytes") && IsPrintable(content);
  if (is_named_text || is_printable) {
    const auto error = Parse(content, scenario);
    if (is_named_text || content.size() >= kByChance) {
      if (error) return error->Describe(path == "-" ? "standard input" : path);
      return std::nullopt;
    }
    if (!error && scenario != Scenario{}) return std::nullopt;
    if (!content.empty())
      note = path + ": taken as bytes; the name of a text ends in .scenario or .txt";
  }
  Decode({reinterpret_cast<const uint8_t*>(content.data()), content.size()}, scenario);
  return std::nullopt;
}

}  // namespace minit::scenario
