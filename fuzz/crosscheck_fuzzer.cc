// Fuzz target: any scenario, played to the machine and to a binary, under the contract.
//
//   MINIT_SUBJECT="/sbin/init ARGUMENT..."   the binary, as it is; it has to run in process
//   MINIT_PROFILE=container                  else machine
//   MINIT_LEDGER=FILE                        breaks that are known of it
//   MINIT_SAME=1                             its visible calls have to equal the machine's
//
// Input: a scenario in its byte form (harness/scenario/bytes.h).
// Guided by: a counter for each state, call and result seen together (harness/crosscheck/feedback.h), so
// without a look inside the binary. That runs in a worker behind the fence, as in crosscheck.
// A crash means: the binary broke a rule in a way that its ledger does not excuse, and the ptrace rig
// shows it too; or the rigs do not agree; or it took the worker with it.

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "harness/crosscheck/ledger.h"
#include "harness/crosscheck/player.h"
#include "harness/rig/cannot_run.h"
#include "harness/rig/in_process_rig.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/worker.h"
#include "harness/scenario/bytes.h"
#include "harness/scenario/text.h"

namespace minit::fuzz {
namespace {

using contract::Break;
using scenario::Scenario;

constexpr std::size_t kCounters = 1 << 15;
[[gnu::section("__libfuzzer_extra_counters"), gnu::used]] uint8_t g_counters[kCounters];

constexpr auto kPatience = std::chrono::seconds(20);  // with one scenario

// What the worker and this process tell each other.
struct Shared {
  Scenario scenario;
  std::array<uint8_t, kCounters> counters;
  uint64_t trace_hash;
  int breaks;
  std::array<Break, contract::Judge::kMaxBreaks> broken;
};

[[noreturn]] void Refuse(const std::string& why) {
  std::fprintf(stderr, "crosscheck_fuzzer: %s\n", why.c_str());
  std::exit(2);
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// What the machine does in a scenario.
uint64_t MachineHash(const Scenario& scenario) {
  struct Hash {
    void On(const contract::Step& step, const kernel::Kernel&) { hash.Add(step); }
    rig::TraceHash hash;
  } hash;
  static kernel::ScenarioKernel kernel;
  rig::Runner<Hash> runner(kernel, hash);
  runner.Enter(scenario);
  rig::MachineRig machine;
  Play(runner, machine);
  return hash.hash.value();
}

class Session {
 public:
  Session() {
    std::istringstream words(Variable("MINIT_SUBJECT"));
    if (!(words >> subject_.path))
      Refuse("MINIT_SUBJECT names no binary; see crosscheck_fuzzer.cc");
    for (std::string word; words >> word;) subject_.arguments.push_back(word);
    if (Variable("MINIT_PROFILE") == "container") terms_.profile = contract::Profile::kContainer;
    if (const std::string path = Variable("MINIT_LEDGER"); !path.empty()) {
      std::ifstream in(path);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      if (!in) Refuse("cannot read " + path);
      if (const auto error = crosscheck::ParseLedger(text, ledger_)) Refuse(error->Describe(path));
      known_ = crosscheck::Known(ledger_);
      terms_.known = &known_;
    }
    if (const std::string why = rig::WhyNotInProcess(subject_); !why.empty()) Refuse(why);
    void* const memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) Refuse("no memory to share");
    shared_ = new (memory) Shared;
    worker_ = std::make_unique<rig::Worker>([this](const rig::Worker::Link& link) { Serve(link); });
  }

  void Try(const Scenario& scenario) {
    shared_->scenario = scenario;
    worker_->Go();
    if (!worker_->Next(kPatience)) {
      Report("it took the worker with it, or holds it: that " + worker_->HowItEnded());
    }
    for (std::size_t i = 0; i < kCounters; ++i) g_counters[i] = shared_->counters[i];
    const uint64_t machine = MachineHash(scenario);
    if (same_ && shared_->trace_hash != machine) Report("its visible calls are not the machine's");
    for (int i = 0; i < shared_->breaks && i < contract::Judge::kMaxBreaks; ++i) {
      const Break& broken = shared_->broken[static_cast<std::size_t>(i)];
      if (!known_.Has(broken)) Confirm(broken);
    }
  }

 private:
  void Serve(const rig::Worker::Link& link) {
    rig::InProcessRig rig(subject_);
    crosscheck::Player player(rig, terms_);
    player.feedback().CountInto(shared_->counters);
    while (link.Wait()) {
      shared_->counters.fill(0);
      player.Play(shared_->scenario);
      shared_->trace_hash = player.outcome().trace_hash;
      shared_->breaks = 0;
      for (const Break& broken : player.breaks()) {
        shared_->broken[static_cast<std::size_t>(shared_->breaks++)] = broken;
      }
      link.Send("");
    }
  }

  [[noreturn]] void Confirm(const Break& broken) {
    subject_.from_exec = true;
    rig::PtraceRig rig(subject_);
    crosscheck::Player player(rig, terms_);
    player.Play(shared_->scenario);
    const bool shown = std::ranges::any_of(player.breaks(), [&broken](const Break& other) {
      return other.rule == broken.rule && other.facts == broken.facts;
    });
    const contract::RuleText& rule = contract::TextOf(broken.rule);
    Report("rule " + std::to_string(static_cast<int>(broken.rule)) + " (" + rule.name +
           "): " + contract::Explain(broken) + " [" + contract::ToString(broken.facts) + "]" +
           (shown ? "" : ", and the ptrace rig does not show it"));
  }

  [[noreturn]] void Report(const std::string& what) {
    const bool container = terms_.profile == contract::Profile::kContainer;
    std::fprintf(stderr, "crosscheck_fuzzer: %s\nscripts/crosscheck %s--play - %s <<'END'\n%sEND\n",
                 what.c_str(), container ? "--profile container " : "",
                 Variable("MINIT_SUBJECT").c_str(), scenario::Print(shared_->scenario).c_str());
    std::abort();
  }

  rig::SubjectOptions subject_;
  contract::Terms terms_;
  std::vector<crosscheck::LedgerEntry> ledger_;
  crosscheck::Known known_;  // of the ledger
  bool same_ = !Variable("MINIT_SAME").empty();
  Shared* shared_ = nullptr;
  std::unique_ptr<rig::Worker> worker_;
};

std::unique_ptr<Session> g_session;

}  // namespace
}  // namespace minit::fuzz

// Before the engine has threads: a worker is forked.
extern "C" int LLVMFuzzerInitialize(int*, char***);
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  try {
    minit::fuzz::g_session = std::make_unique<minit::fuzz::Session>();
  } catch (const minit::rig::CannotRun& problem) {
    minit::fuzz::Refuse(problem.what());
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static minit::scenario::Scenario scenario;
  minit::scenario::Decode({data, size}, scenario);
  minit::fuzz::g_session->Try(scenario);
  return 0;
}
