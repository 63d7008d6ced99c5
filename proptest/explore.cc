// explore: searches every order of events in a small world, and says what it found.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "harness/contract/rules.h"
#include "harness/scenario/text.h"
#include "proptest/explorer.h"

namespace minit::proptest {
namespace {

constexpr int kHolds = 0;
constexpr int kBroken = 1;
constexpr int kUsage = 2;

constexpr const char* kHelp =
    "usage: explore [OPTION...]\n"
    "\n"
    "Plays every order of events between the machine and the kernel model, up to bounds, and "
    "judges\n"
    "each state by the contract. A violation is printed as the shortest scenario that shows it.\n"
    "\n"
    "  --orphans N       orphans that are born and die (0 to 4; default 3)\n"
    "  --signals LIST    signals that are sent to init, once each (default 15,23,28,34)\n"
    "  --faults LIST     what may go wrong: names, all or none (default all)\n"
    "  --at-once N       so many of those in one path, at most (default 1)\n"
    "  --batch N         reaps in a row before the machine looks at the signals (default 2)\n"
    "  --deep            larger bounds: four orphans and all of the above\n"
    "  --plant NAME      plants a fault in the machine: the search has to find it\n"
    "  --list            prints the names for --faults and --plant\n"
    "  --quiet           no live progress\n"
    "  --help            prints this\n"
    "\n"
    "Exit: 0 the contract holds in every state; 1 it is broken; 2 the arguments make no sense.\n";

using Clock = std::chrono::steady_clock;

struct Options {
  Bounds bounds;
  const Fault* fault = nullptr;
  bool quiet = false;
};

// "2,15,18" or "reboot,sync" in parts. An empty text has none.
std::vector<std::string_view> Parts(std::string_view list) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    parts.push_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return parts;
}

std::optional<int> Number(std::string_view text) {
  int number = 0;
  if (text.empty() || text.size() > 4) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

bool ReadSignals(std::string_view value, Bounds& bounds) {
  bounds.signals.clear();
  for (const std::string_view part : Parts(value)) {
    const std::optional<int> signal = Number(part);
    if (!signal || *signal > 64) return false;
    bounds.signals.push_back(static_cast<uint8_t>(*signal));
  }
  return true;
}

// One option that has a value. False: the value makes no sense, or there is no such option.
bool ReadValue(std::string_view option, std::string_view value, Options& options) {
  Bounds& bounds = options.bounds;
  if (option == "--signals") return ReadSignals(value, bounds);
  if (option == "--faults") {
    if (value != "all") bounds.mishaps = value == "none" ? Parts("") : Parts(value);
    return true;
  }
  if (option == "--plant") {
    options.fault = FindFault(value);
    return options.fault != nullptr;
  }
  const std::optional<int> number = Number(value);
  if (!number) return false;
  if (option == "--orphans") bounds.orphans = *number;
  if (option == "--at-once") bounds.mishaps_at_once = *number;
  if (option == "--batch") bounds.reaps_in_a_row = *number;
  return option == "--orphans" || option == "--at-once" || option == "--batch";
}

// What is wrong with the arguments; empty if nothing is.
std::string Read(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--quiet") {
      options.quiet = true;
    } else if (option == "--deep") {
      options.bounds.orphans = Bounds::kMaxOrphans;
    } else if (i + 1 == argc) {
      return "\"" + std::string(option) + "\" is no option, or wants a value";
    } else if (!ReadValue(option, argv[++i], options)) {
      return "\"" + std::string(option) + " " + argv[i] + "\" makes no sense";
    }
  }
  return WhatIsWrong(options.bounds);
}

void PrintNames() {
  std::cout << "for --faults:\n";
  for (const Mishap& mishap : Mishaps()) {
    std::cout << "  " << mishap.name << ": " << scenario::Print(mishap.first);
    if (mishap.second) std::cout << ", later " << scenario::Print(*mishap.second);
    std::cout << "\n";
  }
  std::cout << "for --plant:\n";
  for (const Fault& fault : Faults()) {
    std::cout << "  " << fault.name << " (breaks " << TextOf(fault.breaks).name << ")\n";
  }
}

std::string Sizes(const Progress& progress, double seconds) {
  const double rate = static_cast<double>(progress.transitions) / (seconds > 0 ? seconds : 1);
  char text[160];
  std::snprintf(text, sizeof text,
                "%.0f states, %.0f transitions, depth %d, %.1f s, %.2f M transitions/s",
                static_cast<double>(progress.states), static_cast<double>(progress.transitions),
                progress.depth, seconds, rate / 1e6);
  return text;
}

int Run(const Options& options) {
  const auto start = Clock::now();
  auto told = start + std::chrono::seconds(2);
  const auto seconds = [&start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  bool live = false;
  const Outcome outcome = Explore(options.bounds, options.fault, [&](const Progress& progress) {
    if (options.quiet || Clock::now() < told) return true;
    told = Clock::now() + std::chrono::milliseconds(500);
    live = true;
    std::cerr << "\r" << Sizes(progress, seconds()) << " … " << std::flush;
    return true;
  });
  if (live) std::cerr << "\r\033[K";
  std::cout << Sizes(outcome.progress, seconds()) << "\n";
  if (!outcome.violation) {
    std::cout << "The contract holds in every state, and every path from the child's end leads to "
                 "the restart.\n";
    return kHolds;
  }
  const Violation& violation = *outcome.violation;
  const std::string text = scenario::Print(violation.scenario);
  std::cout << "rule " << static_cast<int>(violation.rule) << ", " << TextOf(violation.rule).name
            << ": " << violation.why << "\n\n"
            << text << "\n";
  if (options.fault != nullptr) {
    std::cout << "The fault was planted; the machine as it is does not show it.\n";
  } else if (violation.replays) {
    std::cout << "scripts/replay - <<'END'\n" << text << "END\n";
  } else {
    std::cout << "It shows only in the explorer's world, where calls take no time and batches are "
                 "small.\n";
  }
  return kBroken;
}

}  // namespace
}  // namespace minit::proptest

int main(int argc, char** argv) {
  using namespace minit::proptest;
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == std::string_view("--help")) {
      std::cout << kHelp;
      return kHolds;
    }
    if (argv[i] == std::string_view("--list")) {
      PrintNames();
      return kHolds;
    }
  }
  Options options;
  const std::string wrong = Read(argc, argv, options);
  if (!wrong.empty()) {
    std::cerr << "explore: " << wrong << "; see --help\n";
    return kUsage;
  }
  return Run(options);
}
