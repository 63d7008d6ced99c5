// Makes the fuzzers' seeds, from what is kept as text: corpora of bytes, and a dictionary.
//
// usage: make_seeds DIRECTORY FILE.scenario...   the byte form of each, under DIRECTORY
//        make_seeds --dictionary FILE            the words of the text form, for -dict=FILE

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/bytes.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"
#include "harness/scenario/vocabulary.h"

namespace {

using namespace minit::scenario;
namespace fs = std::filesystem;

bool Fail(std::string_view what) {
  std::fprintf(stderr, "make_seeds: %.*s\n", static_cast<int>(what.size()), what.data());
  return false;
}

bool Write(const fs::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  return file.good() || Fail("cannot write " + path.string());
}

bool MakeSeed(const fs::path& directory, const fs::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return Fail("cannot read " + path.string());
  Scenario scenario;
  if (const auto error = Parse(text, scenario)) return Fail(error->Describe(path.string()));
  const std::vector<uint8_t> bytes = Encode(scenario);
  return Write(directory / path.stem(), std::string(bytes.begin(), bytes.end()));
}

// What of a line's text is no operand.
void AddFixedWords(std::string_view text, std::set<std::string>& words) {
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    if (open != 0) words.emplace(text.substr(0, open));
    const std::size_t close = text.find('}', open);
    text.remove_prefix(close == std::string_view::npos ? text.size() : close + 1);
  }
}

bool MakeDictionary(const fs::path& path) {
  std::set<std::string> words = {"at rest: ", "before call ", "entry: ", "repeat: "};
  for (const Kind& kind : kKinds) AddFixedWords(kind.text, words);
  for (const OperandRange& range : kOperands) {
    if (range.words == nullptr) continue;
    for (int value = range.low; value <= range.high; ++value) {
      const char* const word = range.words[value - range.low];
      if (word != nullptr && range.Allows(static_cast<uint32_t>(value))) words.insert(word);
    }
  }
  std::string dictionary;
  for (const std::string& word : words) dictionary += "\"" + word + "\"\n";
  return Write(path, dictionary);
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() == 3 && arguments[1] == std::string_view("--dictionary")) {
    return MakeDictionary(arguments[2]) ? 0 : 2;
  }
  if (arguments.size() < 3) return Fail("see the head of fuzz/make_seeds.cc for how to call it"), 2;
  const fs::path directory = arguments[1];
  std::error_code error;
  fs::remove_all(directory, error);  // seeds of files that are no more
  fs::create_directories(directory, error);
  for (const char* path : arguments.subspan(2)) {
    if (!MakeSeed(directory, path)) return 2;
  }
  return 0;
}
