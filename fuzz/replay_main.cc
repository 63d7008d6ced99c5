// Runs a fuzz target over files, with any compiler and without a fuzzing engine: corpora and old
// crashes as ordinary tests.
//
// usage: NAME_replay [--at-least N] FILE_OR_DIRECTORY...
//
// Directories are searched with all that is in them; one that does not exist holds nothing. Each
// input is given in a block of its own size, so that a sanitizer sees a read beyond its end.
// Exit: 0 all ran, 2 something could not be read or there were fewer than N; a finding aborts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesIn(const fs::path& path) {
  std::vector<fs::path> files;
  std::error_code error;
  if (fs::is_regular_file(path, error)) files.push_back(path);
  for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

bool Run(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> read{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    std::fprintf(stderr, "replay: cannot read %s\n", path.c_str());
    return false;
  }
  const std::vector<uint8_t> input(read.begin(), read.end());
  std::fprintf(stderr, "%s\n", path.c_str());  // of a crash the last line says where
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t at_least = 0, ran = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--at-least" && i + 1 < argc) {
      at_least = std::strtoul(argv[++i], nullptr, 10);
      continue;
    }
    for (const fs::path& path : FilesIn(argument)) {
      if (!Run(path)) return 2;
      ++ran;
    }
  }
  std::fprintf(stderr, "replay: %zu inputs\n", ran);
  if (ran >= at_least) return 0;
  std::fprintf(stderr, "replay: at least %zu were expected\n", at_least);
  return 2;
}
