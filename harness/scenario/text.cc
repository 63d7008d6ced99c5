#include "harness/scenario/text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "harness/scenario/entry.h"
#include "harness/scenario/escaped.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

constexpr std::string_view kBlanks = " \t\r";

// --- The words of a row: literals, and where operands stand ---

struct Word {
  std::string_view literal;  // as it stands in the row
  bool is_operand = false;
  Field field = kWhoField;  // of the operand
};

// Calls visit(word) for each word of the row until that returns false.
template <typename Visit>
bool ForEachWord(const Kind& row, Visit visit) {
  std::string_view text = row.text;
  while (!text.empty()) {
    const std::string_view token = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), token.size() + 1));
    Word word{.literal = token};
    if (token == "{who}") word = {token, true, kWhoField};
    if (token == "{other}") word = {token, true, kOtherField};
    if (token == "{number}") word = {token, true, kNumberField};
    if (!visit(word)) return false;
  }
  return true;
}

const char* WordFor(const OperandRange& range, int value) {
  return range.words == nullptr ? nullptr : range.words[value - range.low];
}

std::string PrintValue(const OperandRange& range, int value) {
  const char* word = WordFor(range, value);
  return word != nullptr ? word : std::to_string(value);
}

// --- Parsing ---

// Reads one line. Every failure to match is noted; those farthest to the right make the message,
// since there the text was last in keeping with something.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) { SkipBlanks(); }

  bool Literal(std::string_view word) {
    if (!Matches(word)) return Fail("\"" + std::string(word) + "\"");
    Take(word.size());
    return true;
  }

  bool Value(const OperandRange& range, uint16_t& value) {
    if (range.words != nullptr) {
      for (uint32_t v = range.low; v <= range.high; ++v) {
        const char* word = WordFor(range, static_cast<int>(v));
        if (word == nullptr || !range.Allows(v) || !Matches(word)) continue;
        value = static_cast<uint16_t>(v);
        Take(std::string_view(word).size());
        return true;
      }
    }
    return Number(range, value);
  }

  bool End() { return at_ == line_.size() || Fail("the end of the line"); }

  // A move or entry item of the kinds from `first` up to but not `last`, and the end of the line.
  bool AnyKind(int first, int last, Move& move) {
    const std::size_t start = at_;
    for (int i = first; i < last; ++i) {
      move = Move{.kind = static_cast<MoveKind>(i)};
      at_ = start;
      if (OneKind(KindOf(move.kind), move) && End()) return true;
    }
    return false;
  }

  TextError Error(int line_number) const {
    TextError error{
        line_number, static_cast<int>(farthest_) + 1, Quote(line_.substr(farthest_)), {}};
    for (const std::string& allowed : allowed_) {
      error.allowed += (error.allowed.empty() ? "" : ", ") + allowed;
    }
    return error;
  }

 private:
  bool OneKind(const Kind& row, Move& move) {
    return ForEachWord(row, [&](const Word& word) {
      if (!word.is_operand) return Literal(word.literal);
      uint16_t value = 0;
      if (!Value(RangeOf(row.operands[word.field]), value)) return false;
      Set(move, word.field, value);
      return true;
    });
  }

  // A number that the range has no word for, in the form in which it is printed.
  bool Number(const OperandRange& range, uint16_t& value) {
    std::size_t end = at_;
    uint32_t number = 0;
    while (end < line_.size() && line_[end] >= '0' && line_[end] <= '9' && end - at_ < 6) {
      number = number * 10 + static_cast<uint32_t>(line_[end++] - '0');
    }
    const std::string_view digits = line_.substr(at_, end - at_);
    const bool canonical = !digits.empty() && (digits == "0" || digits[0] != '0');
    if (!canonical || !AtBoundary(end) || !range.Allows(number) ||
        WordFor(range, static_cast<int>(number)) != nullptr) {
      return Fail(range.allowed);
    }
    value = static_cast<uint16_t>(number);
    Take(digits.size());
    return true;
  }

  bool AtBoundary(std::size_t at) const {
    return at >= line_.size() || line_[at] == ':' || kBlanks.find(line_[at]) != kBlanks.npos;
  }
  bool Matches(std::string_view word) const {
    return line_.substr(at_).starts_with(word) &&
           (word.ends_with(':') || AtBoundary(at_ + word.size()));
  }
  void Take(std::size_t size) {
    at_ += size;
    SkipBlanks();
  }
  void SkipBlanks() {
    while (at_ < line_.size() && kBlanks.find(line_[at_]) != kBlanks.npos) ++at_;
  }

  bool Fail(const std::string& allowed) {
    if (at_ > farthest_) allowed_.clear();
    if (at_ >= farthest_) {
      farthest_ = at_;
      if (std::find(allowed_.begin(), allowed_.end(), allowed) == allowed_.end()) {
        allowed_.push_back(allowed);
      }
    }
    return false;
  }

  static std::string Quote(std::string_view text) {
    if (text.empty()) return "the end of the line";
    return "\"" + Escaped(text.substr(0, 40)) + (text.size() > 40 ? "…\"" : "\"");
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::size_t farthest_ = 0;
  std::vector<std::string> allowed_;
};

// A whole line: "entry:" and an item, "repeat:" and what, or when and a move.
bool ParseMove(LineParser& parser, Move& move) {
  constexpr int kRepeat = static_cast<int>(MoveKind::kRepeat);
  if (parser.Literal("entry:")) return parser.AnyKind(kMoveKinds, kAllKinds, move);
  if (parser.Literal("repeat:")) return parser.AnyKind(kRepeat, kMoveKinds, move);
  static constexpr OperandRange kBefore{
      "a number of calls (1 to 1000)", 1, Anchor::kMaxCall, 1, {}};
  Anchor anchor;
  const bool at_rest = parser.Literal("at");
  const bool anchored = at_rest ? parser.Literal("rest:")
                                : parser.Literal("before") && parser.Literal("call") &&
                                      parser.Value(kBefore, anchor.call) && parser.Literal(":");
  if (!anchored || !parser.AnyKind(0, kRepeat, move)) return false;
  move.anchor = anchor;
  return true;
}

// Without the comment and the blanks at its end.
std::string_view Content(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t last = line.find_last_not_of(kBlanks);
  return last == line.npos ? std::string_view{} : line.substr(0, last + 1);
}

std::optional<TextError> ParseLine(std::string_view line, int number, Scenario& scenario) {
  LineParser parser(line);
  Move move;
  if (!ParseMove(parser, move)) return parser.Error(number);
  const bool entry_item = IsEntryItem(move.kind);
  if (entry_item && scenario.size() != 0) {
    return TextError{number, 1, "an entry line after a move", "entry lines before all moves"};
  }
  if (entry_item) {
    Apply(move, scenario.entry);
    return std::nullopt;
  }
  if (scenario.full()) {
    return TextError{number, 1, "one move more than there is room for",
                     "up to " + std::to_string(kMaxMoves) + " moves"};
  }
  scenario.Add(move);
  return std::nullopt;
}

}  // namespace

std::string TextError::Describe(std::string_view file) const {
  return std::string(file) + ":" + std::to_string(line) + ":" + std::to_string(column) +
         ": found " + found + "; allowed: " + allowed;
}

std::string Print(const Move& move) {
  std::string text = "at rest:";
  if (IsEntryItem(move.kind)) text = "entry:";
  if (move.kind == MoveKind::kRepeat) text = "repeat:";
  if (!move.anchor.at_rest()) text = "before call " + std::to_string(move.anchor.call) + ":";
  const Kind& row = KindOf(move.kind);
  ForEachWord(row, [&](const Word& word) {
    text += ' ';
    text += word.is_operand ? PrintValue(RangeOf(row.operands[word.field]), Get(move, word.field))
                            : std::string(word.literal);
    return true;
  });
  return text;
}

std::string Print(const Scenario& scenario) {
  std::string text;
  const Items items(scenario.entry);
  for (const Move& item : items) text += Print(item) + "\n";
  for (const Move& move : scenario.moves()) text += Print(move) + "\n";
  return text;
}

std::optional<TextError> Parse(std::string_view text, Scenario& scenario) {
  scenario.entry = Entry{};
  scenario.clear();
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view content = Content(line);
    if (content.empty()) continue;
    if (auto error = ParseLine(content, number, scenario)) return error;
  }
  return std::nullopt;
}

}  // namespace minit::scenario
