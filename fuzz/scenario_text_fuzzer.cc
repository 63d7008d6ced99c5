// Fuzz target: the text form of scenarios.
//
// Input: a text.
// Reaches: scenario::Parse, Print, TextError::Describe, Encode, Decode, IsValid.
// A crash means: a text that is accepted does not come back the same from Print and Parse, or from
// Encode and Decode, or is no valid scenario; or an error names a place outside of the text, or says
// nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/target.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"

namespace {

using minit::scenario::Scenario;
using minit::scenario::TextError;

void Check(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "scenario_text_fuzzer: %s\nThe text:\n%.*s\n", what,
               static_cast<int>(text.size()), text.data());
  std::abort();
}

// The place may be the one just behind the last byte of a line.
bool LiesInside(const TextError& error, std::string_view text) {
  std::string_view line = text;
  for (int number = 1; number < error.line; ++number) {
    const std::size_t end = line.find('\n');
    if (end == std::string_view::npos) return false;
    line.remove_prefix(end + 1);
  }
  line = line.substr(0, line.find('\n'));
  return error.line >= 1 && error.column >= 1 &&
         static_cast<std::size_t>(error.column) <= line.size() + 1;
}

void CheckRoundTrips(const Scenario& scenario, std::string_view text) {
  static Scenario again;
  Check(IsValid(scenario), "what was read is no valid scenario", text);
  const std::string printed = Print(scenario);
  Check(!Parse(printed, again), "what is printed cannot be read", printed);
  Check(again == scenario, "what is printed reads as something else", text);
  Check(Print(again) == printed, "printing has no fixed form", text);

  static std::array<uint8_t, minit::scenario::kMaxBytes> bytes;
  const std::size_t size = Encode(scenario, bytes);
  minit::scenario::Decode({bytes.data(), size}, again);
  Check(again == scenario, "its bytes stand for something else", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static Scenario scenario;
  const std::string text(data, data + size);
  if (const std::optional<TextError> error = Parse(text, scenario)) {
    Check(LiesInside(*error, text), "an error names a place outside of the text", text);
    Check(!error->found.empty() && !error->allowed.empty(), "an error says nothing", text);
    Check(!error->Describe("file").empty(), "an error says nothing", text);
    Check(IsValid(scenario), "what came before an error is no valid scenario", text);
  } else {
    CheckRoundTrips(scenario, text);
  }
  return 0;
}
