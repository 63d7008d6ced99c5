// Options: the command line of crosscheck.
#ifndef MINIT_HARNESS_CROSSCHECK_OPTIONS_H_
#define MINIT_HARNESS_CROSSCHECK_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/contract/rules.h"
#include "harness/crosscheck/check.h"

namespace minit::crosscheck {

struct Options {
  bool help = false;
  contract::Profile profile = contract::Profile::kMachine;
  RigChoice rig = RigChoice::kAuto;
  bool patch = true;
  double seconds = 20;
  uint64_t scenarios = 0;
  std::optional<uint64_t> seed{};
  std::vector<std::string> corpus{};  // folders
  std::string keep{};
  std::string ledger{};
  std::string propose_ledger{};
  std::string calls{};
  std::string propose_calls{};
  std::string json{};
  std::string sarif{};
  std::string play{};  // a scenario to be played, "-": standard input
  bool require_spoken = false;
  bool first = false;
  bool verbose = false;
  std::string child = "/core";
  std::set<std::string> harmless{};
  uint64_t memory_mib = 256;
  uint32_t loop_ms = 100;
  // Paths and arguments.
  std::vector<std::vector<std::string>> subjects{};
};

extern const char* const kUsage;

// Makes `options` what the arguments say. Returns what is wrong with them, or "".
std::string ReadOptions(int argc, char** argv, Options& options);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_OPTIONS_H_
