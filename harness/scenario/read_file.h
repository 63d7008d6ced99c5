// ReadFile: all that stands in a file, or why it cannot be read.

#ifndef MINIT_HARNESS_SCENARIO_READ_FILE_H_
#define MINIT_HARNESS_SCENARIO_READ_FILE_H_

#include <optional>
#include <string>

namespace minit::scenario {

// Makes `content` what stands in the file; "-" is standard input. On a problem says what and where:
// "cannot read corpus: Is a directory".
std::optional<std::string> ReadFile(const std::string& path, std::string& content);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_READ_FILE_H_
