// ReadFile: all that stands in a file, or why it cannot be read. ReadScenario: the scenario in it, as
// text or as bytes.

#ifndef MINIT_HARNESS_SCENARIO_READ_FILE_H_
#define MINIT_HARNESS_SCENARIO_READ_FILE_H_

#include <optional>
#include <string>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// Makes `content` what stands in the file; "-" is standard input. On a problem says what and where:
// "cannot read corpus: Is a directory".
std::optional<std::string> ReadFile(const std::string& path, std::string& content);

// Makes `scenario` what stands in the file: a text if its name ends in .scenario or .txt or is "-"
// (standard input), bytes if it ends in .bytes. Under other names a text is what can be read as one
// and says something, or is too long for bytes that are printable by chance. On a problem says what
// and where. `note` is made a sentence if bytes were taken that might have been meant as text.
std::optional<std::string> ReadScenario(const std::string& path, Scenario& scenario,
                                        std::string& note);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_READ_FILE_H_
