// ConsoleLine: reads the lines that init writes to the console, piece by piece, in bounded room.
//
// A line may come in several writes, and of several processes: the console is one. What matters of
// it is how many decimal numbers it holds, the first of them, and whether it names the child's path.
// A decimal number is a run of digits, as long as it goes: "v12.5" holds two. One below zero, "= -3", is a
// number that nobody can have ended with; a minus behind a letter or a digit is a hyphen.
// Held by console_line_test.cc.
#ifndef MINIT_HARNESS_CONTRACT_CONSOLE_LINE_H_
#define MINIT_HARNESS_CONTRACT_CONSOLE_LINE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace minit::contract {

class ConsoleLine {
 public:
  static constexpr uint16_t kTooMuch = 10000;  // what a larger number counts as, and one below 0

  // More of the line, not the newline. `now`: whether the child has ended.
  void Add(std::string_view text, const char* path, bool now) {
    if (text.empty()) return;
    if (!begun_) {
      begun_ = true;
      since_end_ = now;
    }
    AddNumbers(text);
    while (!named_ && !text.empty()) {
      if (matched_ == 0) text.remove_prefix(std::min(text.find(*path), text.size()));
      if (text.empty()) return;
      Match(text.front(), path);
      text.remove_prefix(1);
    }
  }

  bool begun() const { return begun_; }
  bool since_end() const { return since_end_; }  // it was begun after the child's end
  bool has_one_number() const { return numbers_ == 1; }
  int number() const { return number_; }
  bool names_path() const { return named_; }

  bool operator==(const ConsoleLine&) const = default;
  uint64_t Word() const {  // all of it
    return uint64_t{number_} << 32 | uint64_t{numbers_} << 24 | uint64_t{matched_} << 16 |
           uint64_t{minus_} << 5 | uint64_t{in_word_} << 4 | uint64_t{begun_} << 3 |
           uint64_t{since_end_} << 2 | uint64_t{in_number_} << 1 | uint64_t{named_};
  }

 private:
  static bool IsDigit(char byte) { return static_cast<unsigned char>(byte - '0') < 10; }

  static bool IsLetter(char byte) { return static_cast<unsigned char>((byte | 0x20) - 'a') < 26; }

  // Whether one of eight bytes may be a digit: its upper half is 3, and still is when 6 is added. (The
  // lines of init are long, and few bytes of them are.)
  static constexpr std::ptrdiff_t kWord = sizeof(uint64_t);
  static bool MayHaveDigit(const char* bytes) {
    constexpr uint64_t kOnes = 0x0101010101010101;
    uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word &= kOnes * 0x7f;
    const uint64_t other =
        ((word ^ kOnes * 0x30) | ((word + kOnes * 6) ^ kOnes * 0x30)) & kOnes * 0x70;
    return ((other - kOnes) & ~other & kOnes * 0x80) != 0;  // a byte of it is 0
  }

  // Of what stands between two numbers nothing counts but its last two bytes.
  void AddNumbers(std::string_view text) {
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end; ++at) {
      if (IsDigit(*at)) {
        AddDigit(*at);
        continue;
      }
      const char* const first = at;
      while (end - at > kWord && !MayHaveDigit(at + 1)) at += kWord;
      while (at + 1 != end && !IsDigit(at[1])) ++at;
      minus_ = *at == '-' && !(at == first ? in_word_ : IsLetter(at[-1]));
      in_word_ = IsLetter(*at);
      in_number_ = false;
    }
  }

  void AddDigit(char digit) {
    if (!in_number_ && numbers_ < 2) {
      ++numbers_;
      if (minus_ && numbers_ == 1) number_ = kTooMuch;
    }
    if (numbers_ == 1) {
      const int next = number_ * 10 + (digit - '0');
      number_ = next < kTooMuch ? static_cast<uint16_t>(next) : kTooMuch;
    }
    in_number_ = in_word_ = true;
    minus_ = false;
  }

  // The longest beginning of the path that the line now ends with (Knuth, Morris and Pratt, with
  // their table worked out anew at each mismatch: paths are short).
  void Match(char byte, const char* path) {
    int length = matched_;
    while (length > 0 && path[length] != byte) {
      int shorter = length - 1;
      while (shorter > 0 && !EndsWith(path, length, shorter)) --shorter;
      length = shorter;
    }
    if (path[length] == byte) ++length;
    named_ = length > 0 && path[length] == '\0';
    matched_ = named_ ? 0 : static_cast<uint8_t>(length);
  }

  // Whether the first `length` bytes of the path end with its first `shorter`.
  static bool EndsWith(const char* path, int length, int shorter) {
    for (int i = 0; i < shorter; ++i) {
      if (path[i] != path[length - shorter + i]) return false;
    }
    return true;
  }

  uint16_t number_ = 0;
  uint8_t numbers_ = 0;  // 2: several
  uint8_t matched_ = 0;
  bool begun_ = false;
  bool since_end_ = false;
  bool in_number_ = false;
  bool in_word_ = false;
  bool minus_ = false;  // the last byte was one
  bool named_ = false;
};

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_CONSOLE_LINE_H_
