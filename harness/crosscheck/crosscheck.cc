// crosscheck: puts inits on trial. See options.cc for what it says of itself.

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/crosscheck/calls.h"
#include "harness/crosscheck/check.h"
#include "harness/crosscheck/commit.h"
#include "harness/crosscheck/json.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/options.h"
#include "harness/crosscheck/player.h"
#include "harness/crosscheck/report.h"
#include "harness/crosscheck/sarif.h"
#include "harness/crosscheck/sha256.h"
#include "harness/crosscheck/table.h"
#include "harness/rig/cannot_run.h"
#include "harness/rig/entry_facts.h"
#include "harness/rig/judged_timeline.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/read_file.h"
#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using rig::CannotRun;

constexpr int kGood = 0;
constexpr int kBroken = 1;
constexpr int kCannotRun = 2;

std::atomic<bool> g_stop = false;

void OnSignal(int) { g_stop = true; }
// A write to who reads no more fails, as one to a full disk does. No SIG_IGN: that subjects would inherit.
void OnPipe(int) {}

// --- Files ---------------------------------------------------------------------------------------

std::string ReadFile(const std::string& path) {
  std::string text;
  if (const auto problem = scenario::ReadFile(path, text)) throw CannotRun(*problem);
  return text;
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw CannotRun(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
}

void FlushOutput() {
  if (!std::cout.flush()) {
    throw CannotRun(absl::StrCat("cannot write to standard output: ", strerror(errno)));
  }
}

scenario::Scenario ReadScenario(const std::string& path) {
  scenario::Scenario scenario;
  if (const auto error = scenario::Parse(ReadFile(path), scenario)) {
    throw CannotRun(error->Describe(path == "-" ? "standard input" : path));
  }
  return scenario;
}

void ReadScenarios(const std::string& folder, std::vector<scenario::Scenario>& scenarios) {
  std::vector<scenario::Named> files;
  if (const auto problem = scenario::ReadFolder(folder, files)) throw CannotRun(*problem);
  for (const scenario::Named& file : files) scenarios.push_back(file.scenario);
}

void Keep(const std::string& folder, const std::vector<scenario::Scenario>& scenarios) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw CannotRun(absl::StrCat("cannot make folder ", folder, ": ", error.message()));
  for (const scenario::Scenario& scenario : scenarios) {
    const std::string text = scenario::Print(scenario);
    const std::string path = absl::StrCat(folder, "/", Sha256Of(text).substr(0, 16), ".scenario");
    if (!std::filesystem::exists(path)) WriteFile(path, text);
  }
}

// --- One scenario --------------------------------------------------------------------------------

rig::SubjectOptions SubjectOf(const Options& options, const std::vector<std::string>& command) {
  rig::SubjectOptions subject{
      .path = command.front(),
      .arguments = {command.begin() + 1, command.end()},
      .child = {options.child},
      .limits = {.memory_bytes = options.memory_mib << 20, .loop_ms = options.loop_ms},
      .patch = options.patch};
  // An init of containers has to be told what to start.
  const bool untold = subject.arguments.empty() && options.profile == contract::Profile::kContainer;
  if (untold) subject.arguments = subject.child;
  return subject;
}

// What was broken, and what of that the ledger excuses: the one for the end of the output, the other told.
std::string BrokenRules(const Player& player, const std::vector<LedgerEntry>& ledger) {
  std::string rules;
  const Known known_breaks(ledger);
  for (const contract::Break& broken : player.breaks()) {
    const std::string name = "rule " + std::to_string(static_cast<int>(broken.rule)) + " " +
                             contract::TextOf(broken.rule).name;
    if (const int known = known_breaks.Find(broken); known >= 0) {
      const LedgerEntry& entry = ledger[static_cast<std::size_t>(known)];
      std::cout << "known: " << name << " (line " << entry.line
                << " of the ledger: " << entry.reason << ")\n";
    } else {
      rules += (rules.empty() ? "" : ", ") + name;
    }
  }
  return rules;
}

std::string WhyNothingCounts(const Player& player) {
  if (player.outcome().lost()) return "the rig lost it, so no verdict counts";
  if (player.outcome().cut_off() && !player.unanswered()) {
    return "a process ran on until the rig ended it, so no verdict counts";
  }
  return "no verdict counts, for no one covers a call that it made. Next: say --harmless CALL\nof "
         "each that does not matter for it, or cover it (docs/crosscheck.md, Adding an interface)";
}

std::vector<LedgerEntry> ReadLedger(const Options& options) {
  std::vector<LedgerEntry> ledger;
  if (options.ledger.empty()) return ledger;
  if (const auto error = ParseLedger(ReadFile(options.ledger), ledger)) {
    throw CannotRun(error->Describe(options.ledger));
  }
  return ledger;
}

int PlayOne(const Options& options, const contract::CallList* calls) {
  const scenario::Scenario scenario = ReadScenario(options.play);
  const std::vector<LedgerEntry> ledger = ReadLedger(options);
  const Known known(ledger);
  const contract::Terms terms{.profile = options.profile,
                              .entry = rig::EntryFactsOf(scenario.entry),
                              .calls = calls,
                              .path = options.child.c_str(),
                              .known = &known};
  rig::SubjectOptions subject = SubjectOf(options, options.subjects.front());
  subject.from_exec = true;
  rig::PtraceRig rig(subject);
  rig::JudgedTimeline timeline(terms);
  timeline.Follow(rig.runner());
  Player player(rig, terms, options.harmless);
  player.Play(scenario, &timeline);
  const rig::Outcome& outcome = player.outcome();
  std::cout << timeline.Print() << "\n" << timeline.Verdicts();
  for (const auto& [what, count] : outcome.not_covered) {
    std::cout << "not covered: " << what << ", " << count << " times"
              << (options.harmless.contains(what) ? " (harmless)\n" : "\n");
  }
  const std::string broken = BrokenRules(player, ledger);
  if (!player.counts()) std::cout << "NOT JUDGED: " << WhyNothingCounts(player) << ".\n";
  if (!player.counts() && !broken.empty()) {
    std::cout << "But what was broken before that is: " << broken << ".\n";
  }
  FlushOutput();
  if (!broken.empty()) return kBroken;
  return player.counts() ? kGood : kCannotRun;
}

// --- All of them ---------------------------------------------------------------------------------

class ProgressLine {
 public:
  explicit ProgressLine(std::string subject) : subject_(std::move(subject)) {}
  ~ProgressLine() {
    if (told_ && tty_) std::fputc('\n', stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Tell(const Progress& progress) {
    const bool due = tty_ || progress.seconds >= next_;
    if (!due) return;
    next_ = progress.seconds + kSecondsBetween;
    const double rate = static_cast<double>(progress.scenarios) / progress.seconds;
    std::fprintf(stderr, "%s%s: %.0f s, %llu scenarios (%.0f a second), %llu kept, %u breaks%s",
                 tty_ ? "\r" : "", subject_.c_str(), progress.seconds,
                 static_cast<unsigned long long>(progress.scenarios), rate,
                 static_cast<unsigned long long>(progress.kept), progress.found,
                 tty_ ? "  " : "\n");
    std::fflush(stderr);
    told_ = true;
  }

 private:
  static constexpr double kSecondsBetween = 5;

  std::string subject_;
  bool tty_ = isatty(STDERR_FILENO) != 0;
  bool told_ = false;
  double next_ = 2;
};

// What all subjects have in common.
CheckOptions CommonOptions(const Options& options, const contract::CallList* calls) {
  CheckOptions common{.profile = options.profile,
                      .rig = options.rig,
                      .scenarios = options.scenarios,
                      .seconds = options.seconds,
                      .calls = calls,
                      .harmless = options.harmless};
  common.seed = options.seed.value_or(
      static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1000000);
  std::vector<std::string> folders = options.corpus;
  if (folders.empty()) folders = {MINIT_SOURCE_DIR "/corpus"};
  const bool has_kept = !options.keep.empty() && std::filesystem::exists(options.keep);
  if (has_kept) folders.push_back(options.keep);
  for (const std::string& folder : folders) ReadScenarios(folder, common.corpus);
  if (options.first) common.enough = [](contract::Rule) { return true; };
  common.ledger = ReadLedger(options);
  return common;
}

std::optional<contract::CallList> ReadCalls(const Options& options) {
  if (options.calls.empty()) return std::nullopt;
  contract::CallList list;
  if (const auto error = ParseCalls(ReadFile(options.calls), list)) {
    throw CannotRun(error->Describe(options.calls));
  }
  return list;
}

void WriteWhatIsAsked(const Options& options, const Report& report, const Checked& last) {
  if (!options.json.empty()) WriteFile(options.json, PrintJson(report));
  if (!options.sarif.empty()) WriteFile(options.sarif, PrintSarif(report));
  if (!options.propose_ledger.empty()) {
    WriteFile(options.propose_ledger, Print(Propose(last.report.findings)));
  }
  if (!options.propose_calls.empty()) WriteFile(options.propose_calls, Print(last.calls_seen));
}

int CheckAll(const Options& options, const contract::CallList* calls) {
  CheckOptions check = CommonOptions(options, calls);
  Report report{.tool_commit = kCommit,
                .started = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()),
                .require_spoken = options.require_spoken,
                .has_call_list = calls != nullptr};
  Checked checked;
  for (const std::vector<std::string>& command : options.subjects) {
    if (g_stop) break;
    check.subject = SubjectOf(options, command);
    {
      ProgressLine line(absl::StrJoin(command, " "));
      checked = CheckSubject(check, g_stop, [&line](const Progress& p) { line.Tell(p); });
    }
    checked.report.ledger_path = options.ledger;
    checked.report.calls_path = options.calls;
    checked.report.child = options.child;
    if (!options.keep.empty()) Keep(options.keep, checked.kept);
    report.subjects.push_back(checked.report);
  }
  // From here on nothing is left to interrupt: what is written, said and returned is one thing.
  report.interrupted = g_stop;
  report.not_begun = options.subjects.size() - report.subjects.size();
  WriteWhatIsAsked(options, report, checked);
  std::cout << PrintTable(report, options.verbose);
  FlushOutput();
  return ExitStatus(report);
}

int Fail(const std::string& what) {
  std::cerr << "crosscheck: " << what << "\n";
  return kCannotRun;
}

int Main(int argc, char** argv) {
  Options options;
  const std::string problem = ReadOptions(argc, argv, options);
  if (!problem.empty()) return Fail(problem + "; see crosscheck --help");
  if (options.help) {
    std::cout << kUsage;
    return kGood;
  }
  struct sigaction action{};
  action.sa_handler = OnSignal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = OnPipe;
  sigaction(SIGPIPE, &action, nullptr);
  try {
    const auto calls = ReadCalls(options);
    const contract::CallList* const list = calls ? &*calls : nullptr;
    return options.play.empty() ? CheckAll(options, list) : PlayOne(options, list);
  } catch (const CannotRun& reason) {
    return Fail(reason.what());
  }
}

}  // namespace
}  // namespace minit::crosscheck

int main(int argc, char** argv) { return minit::crosscheck::Main(argc, argv); }
