#include "harness/crosscheck/words.h"

#include <algorithm>
#include <cstdio>

namespace minit::crosscheck {
namespace {

bool StartsCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

}  // namespace

std::string Grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string Count(uint64_t number, std::string_view one, std::string_view many) {
  return Grouped(number) + " " + std::string(number == 1 ? one : many);
}

std::string Fixed(double number) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, StartsCharacter));
}

std::string Fit(std::string_view text, std::size_t columns) {
  const std::size_t has = Columns(text);
  if (has <= columns) return std::string(text) + std::string(columns - has, ' ');
  std::string cut;
  std::size_t kept = 0;
  for (const char byte : text) {
    if (StartsCharacter(byte) && ++kept == columns) break;
    cut += byte;
  }
  return cut + "…";
}

std::string Trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

std::string Wrapped(const std::string& head, std::string_view text) {
  const std::size_t indent = Columns(head);
  std::string wrapped = head;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    if (column > indent && column + 1 + Columns(word) > kWidth) {
      wrapped += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += Columns(word);
  }
  return Trimmed(wrapped) + "\n";
}

std::string Indented(std::string_view text, std::size_t indent) {
  std::string indented;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    indented += Trimmed(std::string(indent, ' ') + std::string(line)) + "\n";
  }
  return indented;
}

std::string Quoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == argument.npos) return argument;
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string Joined(std::span<const std::string> command) {
  std::string joined;
  for (const std::string& argument : command) {
    joined += (joined.empty() ? "" : " ") + Quoted(argument);
  }
  return joined;
}

std::string NumberAndName(contract::Rule rule) {
  return std::to_string(static_cast<int>(rule)) + " " + contract::TextOf(rule).name;
}

std::string ShortName(const Report& report, std::size_t index) {
  const std::vector<std::string>& command = report.subjects[index].command;
  const std::string path = command.empty() ? "?" : command.front();
  return "[" + std::to_string(index + 1) + "] " + path.substr(path.rfind('/') + 1);
}

std::string LedgerPlace(const SubjectReport& subject, const LedgerEntry& entry) {
  return subject.ledger_path + ":" + std::to_string(entry.line);
}

const LedgerEntry* ExcuseOf(const SubjectReport& subject, const Finding& finding) {
  return finding.excused_by < 0 ? nullptr
                                : &subject.ledger[static_cast<std::size_t>(finding.excused_by)];
}

}  // namespace minit::crosscheck
