#include "harness/crosscheck/options.h"

#include <getopt.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "harness/crosscheck/calls.h"
#include "harness/crosscheck/input_error.h"
#include "harness/kernel/system_calls.h"
#include "harness/scenario/escaped.h"

namespace minit::crosscheck {

const char* const kUsage =
    R"(usage: crosscheck [OPTION...] SUBJECT [ARGUMENT...]
       crosscheck [OPTION...] --subject "SUBJECT ARGUMENT..." [--subject ...]
       crosscheck [OPTION...] --play FILE SUBJECT [ARGUMENT...]

Puts an init, any x86-64 binary as it is, on trial: runs it in a simulated Linux through the corpus
and through as many other scenarios as the time allows, and judges it by the contract
(docs/contract.md). Nothing of it reaches this machine. Printed are a table of rules, and for each
way in which a rule is broken the smallest scenario that shows it, as a time line, and where the
subject first does otherwise than the reference.

What is on trial
  --profile P          machine: it restarts the machine when its child has ended (the default);
                       container: it exits then, with the child's status
  --subject "CMD..."   one more subject, words parted by blanks
  --child PATH         the program that it has to start (default /core)
  --calls FILE         the calls that it may make (rule 13)
  --ledger FILE        the breaks that are known of it; they do not count
How long
  --seconds S          time for each subject (default 20). To make small what is found, and to play
                       it again, there is as much once more, and at least 10 s; what that is too
                       short for is said: a scenario is not minimal, a break not looked into
  --scenarios N        instead: so many scenarios after the corpus, and no bound of time
  --seed N             of the random ones (default: another one each time; it is printed)
  --first              no longer than until a break is found that the ledger does not excuse
  --corpus DIR         scenarios to begin with, instead of this project's; may be given again
  --keep DIR           begin with those that are there too, and add those that show something new
How it is run
  --rig R              auto (the default), in-process or ptrace
  --no-patch           in-process: leave the code of the subject as it is
  --memory MIB         address space of each process (16 to 16384; default 256)
  --loop-ms MS         processor time without a call that is taken for a loop (default 100)
  --harmless CALL      a call that no one covers does not matter for this subject: judge it all the
                       same; may be given again. CALL is as the report has it under "Calls that no
                       one answered": the name of a call, alone or with what is not covered of it
                       ("prctl 24", "setuid to another user"), or words ("a 32-bit call")
What comes out
  --json FILE          the report, for programs
  --sarif FILE         the findings, as SARIF 2.1.0
  --require-spoken     exit 1 if a rule stayed silent
  --verbose            every break in full, known ones too; and in how many scenarios each rule
                       spoke, by phase, entry and fault (--json and --sarif have that always)
  --propose-ledger FILE   write entries for what is new, to be justified by a person
  --propose-calls FILE    write the list of calls that it made
  --play FILE          play this one scenario (- for standard input), print its time line and what
                       is broken, and no more
  --help               print this

Exit status: 0 all holds, or is in the ledger; 1 a break that is not, or an entry of the ledger that
shows no more; 2 it could not be run or judged (why, and what to do, is said). It is not judged if
nothing new was found and more than one scenario of a hundred did not count, for the subject made
calls there that no one covers, or the rig lost it, or had to end it. A search that a signal ends (INT,
TERM, HUP) reports what it has: 1 if that is a break, else 2.
)";

namespace {

enum : int {
  kProfile = 256,
  kSubject,
  kChild,
  kCalls,
  kLedger,
  kSeconds,
  kScenarios,
  kSeed,
  kFirst,
  kCorpus,
  kKeep,
  kRig,
  kNoPatch,
  kMemory,
  kLoop,
  kHarmless,
  kJson,
  kSarif,
  kRequireSpoken,
  kVerbose,
  kProposeLedger,
  kProposeCalls,
  kPlay,
  kHelp,
};

// More would be in the way of the addresses that a subject has in process.
constexpr uint64_t kLeastMemoryMib = 16;
constexpr uint64_t kMostMemoryMib = 16384;

constexpr option kLongOptions[] = {
    {"profile", required_argument, nullptr, kProfile},
    {"subject", required_argument, nullptr, kSubject},
    {"child", required_argument, nullptr, kChild},
    {"calls", required_argument, nullptr, kCalls},
    {"ledger", required_argument, nullptr, kLedger},
    {"seconds", required_argument, nullptr, kSeconds},
    {"scenarios", required_argument, nullptr, kScenarios},
    {"seed", required_argument, nullptr, kSeed},
    {"first", no_argument, nullptr, kFirst},
    {"corpus", required_argument, nullptr, kCorpus},
    {"keep", required_argument, nullptr, kKeep},
    {"rig", required_argument, nullptr, kRig},
    {"no-patch", no_argument, nullptr, kNoPatch},
    {"memory", required_argument, nullptr, kMemory},
    {"loop-ms", required_argument, nullptr, kLoop},
    {"harmless", required_argument, nullptr, kHarmless},
    {"json", required_argument, nullptr, kJson},
    {"sarif", required_argument, nullptr, kSarif},
    {"require-spoken", no_argument, nullptr, kRequireSpoken},
    {"verbose", no_argument, nullptr, kVerbose},
    {"propose-ledger", required_argument, nullptr, kProposeLedger},
    {"propose-calls", required_argument, nullptr, kProposeCalls},
    {"play", required_argument, nullptr, kPlay},
    {"help", no_argument, nullptr, kHelp},
    {},
};

// A number from `least` to `most`; "" or what is wrong.
template <typename Number>
std::string Read(std::string_view name, std::string_view text, Number& number, Number least,
                 Number most = std::numeric_limits<Number>::max()) {
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is given
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && at == end && number >= least && number <= most) return "";
  const bool bounded = most != std::numeric_limits<Number>::max();
  return "--" + std::string(name) + " " + std::string(text) + ": a number of at least " +
         std::to_string(least) + (bounded ? " and at most " + std::to_string(most) : "") +
         " is needed";
}

std::string ReadProfile(std::string_view text, Options& options) {
  if (text != "machine" && text != "container") {
    return "--profile " + std::string(text) + ": it is machine or container";
  }
  options.profile = text == "machine" ? contract::Profile::kMachine : contract::Profile::kContainer;
  return "";
}

std::string ReadRig(std::string_view text, Options& options) {
  if (text == "auto")
    options.rig = RigChoice::kAuto;
  else if (text == "in-process")
    options.rig = RigChoice::kInProcess;
  else if (text == "ptrace")
    options.rig = RigChoice::kPtrace;
  else
    return "--rig " + std::string(text) + ": it is auto, in-process or ptrace";
  return "";
}

// Of what the report names as not covered: a call by its name or number, alone or with what is not
// covered of it behind ("setuid to another user"); or a use of calls in words ("a 32-bit call").
std::string ReadHarmless(std::string_view text, Options& options) {
  const std::string_view first = text.substr(0, text.find(' '));
  const bool is_call = std::ranges::any_of(
      kernel::SystemCalls(), [first](const auto& call) { return call.name == first; });
  const bool in_words = text.starts_with("a ") || text.starts_with("an ");
  if (!is_call && !in_words && !text.starts_with("system call ")) {
    return "--harmless " + scenario::Escaped(text) + ": " + Quoted(first) +
           " is no system call; the closest is " + Quoted(ClosestCall(first)) +
           ". Give a name as the report has it under \"Calls that no one answered\"";
  }
  options.harmless.emplace(text);
  return "";
}

std::string ReadSeconds(std::string_view text, Options& options) {
  double seconds = 0;
  if (!absl::SimpleAtod({text.data(), text.size()}, &seconds) || !(seconds > 0)) {
    return "--seconds " + std::string(text) + ": a number above 0 is needed";
  }
  options.seconds = seconds;
  return "";
}

std::string ReadOne(int which, const std::string& text, Options& options) {
  switch (which) {
    case kProfile:
      return ReadProfile(text, options);
    case kSubject:
      options.subjects.push_back(absl::StrSplit(text, ' ', absl::SkipEmpty()));
      return options.subjects.back().empty() ? "--subject is empty" : "";
    case kChild:
      options.child = text;
      return text.starts_with("/") && text.size() < 256
                 ? ""
                 : "--child " + text + ": an absolute path of less than 256 bytes is needed";
    case kSeconds:
      return ReadSeconds(text, options);
    case kScenarios:
      return Read<uint64_t>("scenarios", text, options.scenarios, 1);
    case kSeed:
      return Read<uint64_t>("seed", text, options.seed.emplace(), 0);
    case kMemory:
      return Read<uint64_t>("memory", text, options.memory_mib, kLeastMemoryMib, kMostMemoryMib);
    case kLoop:
      return Read<uint32_t>("loop-ms", text, options.loop_ms, 10);
    case kRig:
      return ReadRig(text, options);
    case kCorpus:
      options.corpus.push_back(text);
      return "";
    case kHarmless:
      return ReadHarmless(text, options);
    case kNoPatch:
      options.patch = false;
      return "";
    case kRequireSpoken:
      options.require_spoken = true;
      return "";
    case kFirst:
      options.first = true;
      return "";
    case kVerbose:
      options.verbose = true;
      return "";
    case kHelp:
      options.help = true;
      return "";
    default:
      break;
  }
  std::string& file = which == kCalls           ? options.calls
                      : which == kLedger        ? options.ledger
                      : which == kKeep          ? options.keep
                      : which == kJson          ? options.json
                      : which == kSarif         ? options.sarif
                      : which == kProposeLedger ? options.propose_ledger
                      : which == kProposeCalls  ? options.propose_calls
                                                : options.play;
  file = text;
  return "";
}

std::string CheckTogether(const Options& options) {
  if (options.subjects.empty()) return "no SUBJECT is named";
  const bool several = options.subjects.size() > 1;
  if (several && !options.play.empty()) return "--play takes one subject";
  if (several && !(options.ledger.empty() && options.propose_ledger.empty() &&
                   options.calls.empty() && options.propose_calls.empty())) {
    return "ledgers and lists of calls are kept for one subject: name one";
  }
  return "";
}

}  // namespace

std::string ReadOptions(int argc, char** argv, Options& options) {
  optind = 0;
  opterr = 0;
  bool timed = false;
  for (;;) {
    // "+": the first that is no option is the subject, and what follows is its own.
    const int which = getopt_long(argc, argv, "+:", kLongOptions, nullptr);
    if (which == -1) break;
    if (which == ':') return std::string(argv[optind - 1]) + " needs a value";
    if (which == '?') return "unknown option " + std::string(argv[optind - 1]);
    timed = timed || which == kSeconds;
    const std::string problem = ReadOne(which, optarg == nullptr ? "" : optarg, options);
    if (!problem.empty()) return problem;
  }
  if (options.help) return "";
  if (optind < argc) options.subjects.emplace_back(argv + optind, argv + argc);
  if (options.scenarios != 0 && !timed) options.seconds = 0;
  return CheckTogether(options);
}

}  // namespace minit::crosscheck
