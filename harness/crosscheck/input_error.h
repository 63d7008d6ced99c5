// What is wrong with a file that somebody wrote for the cross-check, and where.
#ifndef MINIT_HARNESS_CROSSCHECK_INPUT_ERROR_H_
#define MINIT_HARNESS_CROSSCHECK_INPUT_ERROR_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace minit::crosscheck {

struct InputError {
  int line = 0;         // from 1
  int column = 0;       // of bytes, from 1
  std::string problem;  // what was found, and what is allowed

  // "file:line:column: problem"
  std::string Describe(std::string_view file) const {
    return std::string(file) + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
           problem;
  }
};

// For messages: in quotes, cut short, and of printable ASCII whatever it holds ("\x1b").
std::string Quoted(std::string_view text);

// Lines of a text with their numbers; blank ones and those that are comments (#) are passed over.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // Goes on to the next line that says something. False: there is none.
  bool Next();
  std::string_view line() const { return line_; }  // without blanks at its end
  int number() const { return number_; }           // of it; after the end: of the last line

  // Takes whole lines as they stand, blank ones too, up to the next with something in its first
  // column (the end, if there is none). Next goes on from there.
  std::string_view TakeIndented();

 private:
  std::string_view rest_;
  std::string_view line_;
  int number_ = 0;
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_INPUT_ERROR_H_
