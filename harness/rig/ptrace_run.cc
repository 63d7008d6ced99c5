// ptrace_run: plays a scenario to any init under the ptrace rig and prints what happened, for
// people.

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "harness/rig/ptrace_rig.h"
#include "harness/rig/timeline.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

constexpr int kGood = 0;
constexpr int kCannotRun = 2;

constexpr const char* kUsage =
    "usage: ptrace_run [--child PATH] SUBJECT [ARGUMENT...] <SCENARIO\n"
    "\n"
    "Plays the scenario on standard input to SUBJECT, any init as it is, and prints a time line of "
    "its\n"
    "visible calls. Nothing of it reaches this machine.\n"
    "\n"
    "  --child PATH      the program that it has to execute (default: /core)\n"
    "  --help            print this\n"
    "\n"
    "Exit: 0 it was played, whatever came of it; 2 it could not be (what, and why, is said).\n";

int Fail(const std::string& what) {
  std::cerr << "ptrace_run: " << what << "\n";
  return kCannotRun;
}

const char* NameOf(Outcome::End end) {
  switch (end) {
    case Outcome::End::kOver:
      return "played to its end";
    case Outcome::End::kGaveUp:
      return "given up: calls without end";
    case Outcome::End::kLooped:
      return "ended by the rig: it loops without making calls";
    case Outcome::End::kLost:
      return "ended by the rig: the process died";
    case Outcome::End::kCrowded:
      return "ended by the rig: too many processes";
  }
  return "";
}

const char* NameOf(kernel::Ending ending) {
  switch (ending) {
    case kernel::Ending::kRestart:
      return "the machine restarted";
    case kernel::Ending::kRestart2:
      return "the machine restarted with a command";
    case kernel::Ending::kHalt:
      return "the machine was halted";
    case kernel::Ending::kPowerOff:
      return "the machine was switched off";
    case kernel::Ending::kInitDied:
      return "init died";
    default:
      return "init still runs";
  }
}

void PrintOutcome(const Outcome& outcome) {
  std::cout << "\n" << NameOf(outcome.end);
  if (outcome.signal != 0) std::cout << " of signal " << outcome.signal;
  std::cout << "; " << NameOf(outcome.ending);
  if (outcome.ending == kernel::Ending::kInitDied) {
    std::cout << " (status " << (outcome.ending_status >> 8) << ", signal "
              << (outcome.ending_status & 0x7f) << ")";
  }
  std::cout << "\n" << outcome.calls << " calls\n";
  if (outcome.crash != 0) std::cout << "an instruction raised signal " << outcome.crash << "\n";
  for (const auto& [what, count] : outcome.not_covered) {
    std::cout << "not covered: " << what << ", " << count << " times\n";
  }
}

int Play(const SubjectOptions& options) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  scenario::Scenario scenario;
  if (const auto error = scenario::Parse(text, scenario)) return Fail(error->Describe("scenario"));
  Timeline timeline;
  PtraceRig rig(options);
  timeline.Follow(rig.runner());
  const Outcome outcome = rig.Run(scenario, timeline);
  std::cout << timeline.Print();
  PrintOutcome(outcome);
  return std::cout.flush() ? kGood : Fail("cannot write to standard output");
}

int Main(int argc, char** argv) {
  SubjectOptions options;
  int at = 1;
  for (; at < argc && std::string_view(argv[at]).starts_with("-"); ++at) {
    const std::string_view argument = argv[at];
    if (argument == "--help") {
      std::cout << kUsage;
      return kGood;
    }
    if (argument != "--child" || ++at == argc) {
      return Fail("unknown option '" + std::string(argument) + "'; see ptrace_run --help");
    }
    options.child = {argv[at]};
  }
  if (at == argc) return Fail("no SUBJECT is named; see ptrace_run --help");
  options.path = argv[at];
  options.arguments.assign(argv + at + 1, argv + argc);
  try {
    return Play(options);
  } catch (const CannotRun& problem) {
    return Fail(problem.what());
  }
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) { return minit::rig::Main(argc, argv); }
