// replay: plays scenarios against the machine and prints what happened, for people.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/entry_facts.h"
#include "harness/rig/judged_timeline.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/read_file.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

constexpr int kGood = 0;
constexpr int kBroken = 1;
constexpr int kUnreadable = 2;

constexpr const char* kUsage =
    "usage: scripts/replay [OPTION...] FILE...\n"
    "\n"
    "Plays each scenario against the machine in the kernel model and prints it as a time line.\n"
    "A FILE is a scenario as text (a name that ends in .scenario or .txt, or whatever reads as\n"
    "text), or bytes as fuzzers have them (.bytes, or anything else): a crash, a file of a "
    "corpus.\n"
    "- is text from standard input. Of a folder all files are taken that end in .scenario.\n"
    "\n"
    "  --brief       a line for each FILE, with the rules that it breaks and how many of its "
    "moves\n"
    "                had no effect, and no time line\n"
    "  --text        print the scenario as text, and play nothing\n"
    "  --bytes OUT   write the scenario in its byte form to OUT, and play nothing\n"
    "  --svg OUT     draw the time line to OUT instead of printing it\n"
    "  --help        print this\n"
    "\n"
    "Exit: 0 all is well; 1 a run broke the contract, or did not end in a restart; 2 something "
    "could\n"
    "not be read or written (what and where is said).\n";

struct Options {
  bool brief = false;
  bool text = false;
  std::string bytes;
  std::string svg;
  std::vector<std::string> files;
};

int Fail(const std::string& what) {
  std::cerr << "replay: " << what << "\n";
  return kUnreadable;
}

// What is wrong with the arguments; nothing if they are right.
std::optional<std::string> Read(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--brief") {
      options.brief = true;
    } else if (argument == "--text") {
      options.text = true;
    } else if (argument == "--bytes" || argument == "--svg") {
      if (++i == argc) return std::string(argument) + " needs the name of a file to write";
      (argument == "--svg" ? options.svg : options.bytes) = argv[i];
    } else if (argument.size() > 1 && argument.starts_with("-")) {
      return "unknown option '" + std::string(argument) + "'; see scripts/replay --help";
    } else {
      options.files.emplace_back(argument);
    }
  }
  if (options.files.empty()) return "no FILE is named; see scripts/replay --help";
  return std::nullopt;
}

// Puts the scenarios of folders in the place of these. What is wrong, or nothing.
std::optional<std::string> ReplaceFolders(Options& options) {
  std::vector<std::string> files;
  for (const std::string& file : options.files) {
    std::error_code error;
    if (!std::filesystem::is_directory(file, error)) {
      files.push_back(file);
      continue;
    }
    const std::size_t before = files.size();
    if (auto problem = scenario::ListFolder(file, files)) return problem;
    if (files.size() == before) {
      return "no file of folder " + file + " ends in .scenario; name files of bytes one by one";
    }
  }
  options.files = files;
  if (files.size() > 1 && !(options.svg.empty() && options.bytes.empty())) {
    return "--svg and --bytes write one file, and take one FILE";
  }
  return std::nullopt;
}

// What is wrong, or nothing.
std::optional<std::string> Write(const std::string& file, std::string_view content) {
  std::ofstream out(file, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (out.good()) return std::nullopt;
  return "cannot write " + file + ": " + strerror(errno);
}

// ": 2 moves without effect", or nothing.
std::string InVain(const JudgedTimeline& judged) {
  const int count = judged.moves_without_effect();
  if (count == 0) return "";
  return ": " + std::to_string(count) + (count == 1 ? " move" : " moves") + " without effect";
}

int PlayOne(const std::string& file, const scenario::Scenario& scenario, const Options& options) {
  static kernel::ScenarioKernel kernel;
  JudgedTimeline judged({.entry = EntryFactsOf(scenario.entry)}, options.brief);
  Runner<Observer> runner(kernel, judged);
  judged.Follow(runner);
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  const bool restarted = kernel.ending() == kernel::Ending::kRestart;
  const bool good = restarted && !judged.judge().any_broken();
  if (!options.svg.empty()) {
    if (const auto problem = Write(options.svg, judged.Draw())) return Fail(*problem);
  } else if (options.brief) {
    std::cout << (good ? "held    " : "broken  ") << file << InVain(judged) << "\n";
    if (!good) std::cout << judged.Verdicts();
  } else {
    if (options.files.size() > 1) std::cout << "--- " << file << "\n";
    std::cout << judged.Print() << "\n" << judged.Verdicts();
  }
  if (!restarted) std::cout << "the run did not end in a restart\n";
  return good ? kGood : kBroken;
}

int Handle(const std::string& file, const Options& options) {
  scenario::Scenario scenario;
  std::string note;
  if (const auto error = scenario::ReadScenario(file, scenario, note)) return Fail(*error);
  if (!note.empty()) std::cerr << "replay: " << note << "\n";
  if (options.text) std::cout << scenario::Print(scenario);
  if (!options.bytes.empty()) {
    const std::vector<uint8_t> bytes = scenario::Encode(scenario);
    const std::string_view content = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (const auto problem = Write(options.bytes, content)) return Fail(*problem);
  }
  return options.text || !options.bytes.empty() ? kGood : PlayOne(file, scenario, options);
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--help" || std::string_view(argv[i]) == "-h") {
      std::cout << kUsage;
      return kGood;
    }
  }
  Options options;
  if (const auto error = Read(argc, argv, options)) return Fail(*error);
  if (const auto error = ReplaceFolders(options)) return Fail(*error);
  int worst = kGood;
  for (const std::string& file : options.files) {
    worst = std::max(worst, Handle(file, options));
  }
  if (!std::cout.flush()) return Fail("cannot write to standard output");
  return worst;
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) { return minit::rig::Main(argc, argv); }
