// The text form of scenarios, for people and for git: a line for each move, docs/scenarios.md
// describes it. Print gives the canonical form; Parse reads that and, besides, comments, blank lines
// and any amount of blanks between words. text_test.cc holds the round trip and the errors.

#ifndef MINIT_HARNESS_SCENARIO_TEXT_H_
#define MINIT_HARNESS_SCENARIO_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// What is wrong with a text, and where. Lines and columns (of bytes) count from 1.
struct TextError {
  int line = 0;
  int column = 0;
  std::string found;    // what stands there
  std::string allowed;  // what could

  // "file:line:column: found …; allowed: …"
  std::string Describe(std::string_view file) const;
};

// The line for one move or entry item, without the newline. Requires IsValid(move).
std::string Print(const Move& move);

// All lines. Requires IsValid(scenario).
std::string Print(const Scenario& scenario);

// Makes `scenario` what the text says; on an error it is left with what came before that.
std::optional<TextError> Parse(std::string_view text, Scenario& scenario);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_TEXT_H_
