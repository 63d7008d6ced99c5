#include "harness/crosscheck/input_error.h"

#include <algorithm>

#include "harness/scenario/escaped.h"

namespace minit::crosscheck {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view WithoutBlanksAtEnd(std::string_view line) {
  const std::size_t last = line.find_last_not_of(kBlanks);
  return last == line.npos ? std::string_view{} : line.substr(0, last + 1);
}

}  // namespace

std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.empty()) return "nothing";
  return "\"" + scenario::Escaped(text.substr(0, kMost)) + (text.size() > kMost ? "…\"" : "\"");
}

bool Lines::Next() {
  while (!rest_.empty()) {
    const std::string_view whole = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(rest_.size(), whole.size() + 1));
    line_ = WithoutBlanksAtEnd(whole);
    ++number_;
    const std::size_t first = line_.find_first_not_of(kBlanks);
    if (first != line_.npos && line_[first] != '#') return true;
  }
  return false;
}

std::string_view Lines::TakeIndented() {
  std::size_t end = 0;
  while (end < rest_.size() && (rest_[end] == '\n' || kBlanks.find(rest_[end]) != kBlanks.npos)) {
    const std::size_t newline = rest_.find('\n', end);
    end = newline == rest_.npos ? rest_.size() : newline + 1;
    ++number_;
  }
  const std::string_view taken = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return taken;
}

}  // namespace minit::crosscheck
