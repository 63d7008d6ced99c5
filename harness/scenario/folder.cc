#include "harness/scenario/folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "harness/scenario/text.h"

namespace minit::scenario {

std::optional<std::string> ReadFolder(const std::string& folder, std::vector<Named>& scenarios) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (file.path().extension() == ".scenario") files.push_back(file.path());
  }
  if (error) return "cannot read folder " + folder + ": " + error.message();
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) return "cannot read " + file.string();
    Named& named = scenarios.emplace_back();
    named.name = file.filename();
    if (const auto wrong = Parse(text, named.scenario)) {
      scenarios.pop_back();
      return wrong->Describe(file.string());
    }
  }
  return std::nullopt;
}

}  // namespace minit::scenario
