#include "harness/scenario/folder.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "harness/scenario/read_file.h"
#include "harness/scenario/text.h"

namespace minit::scenario {

std::optional<std::string> ListFolder(const std::string& folder, std::vector<std::string>& paths) {
  std::error_code error;
  const auto first = static_cast<std::ptrdiff_t>(paths.size());
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (file.path().extension() == ".scenario") paths.push_back(file.path().string());
  }
  if (error) return "cannot read folder " + folder + ": " + error.message();
  std::sort(paths.begin() + first, paths.end());
  return std::nullopt;
}

std::optional<std::string> ReadFolder(const std::string& folder, std::vector<Named>& scenarios) {
  std::vector<std::string> paths;
  if (auto problem = ListFolder(folder, paths)) return problem;
  for (const std::string& path : paths) {
    std::string text;
    if (auto problem = ReadFile(path, text)) return problem;
    Named& named = scenarios.emplace_back();
    named.name = std::filesystem::path(path).filename();
    if (const auto wrong = Parse(text, named.scenario)) {
      scenarios.pop_back();
      return wrong->Describe(path);
    }
  }
  return std::nullopt;
}

}  // namespace minit::scenario
