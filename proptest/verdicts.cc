#include "proptest/verdicts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/contract/subjects.h"
#include "harness/kernel/digest.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "proptest/faulty_rig.h"
#include "proptest/said.h"

namespace minit::proptest {
namespace {

using contract::Judge;
using contract::Profile;
using contract::RuleText;
using contract::Terms;

struct Listener {
  Judge judge;
  kernel::Digest kept;  // by the judge, at each rest
  void On(const contract::Step& step, const kernel::Kernel& kernel) {
    judge.Observe(step, kernel);
    if (step.kind == contract::Step::Kind::kRest) kept.Add(judge.Hash(kernel.now_ns()), 0);
  }
};
using Runner = rig::Runner<Listener>;

// What a judge said of one run, with its sentences.
void Add(const Judge& judge, kernel::Digest& digest) {
  digest.Add(judge.faults(), judge.steps());
  AddSaid(judge, digest, [&digest](const contract::Break& broken) {
    for (const char byte : Explain(broken)) digest.Add(static_cast<uint8_t>(byte), 0);
  });
}

// "NAME 1:3/120 … 0123456789abcdef": rule 1 was broken in 3 of 120 of whom it spoke.
std::string Line(std::span<const scenario::Scenario> scenarios, const std::string& name,
                 const Terms& terms, const std::function<void(Runner&)>& play) {
  static kernel::ScenarioKernel world;
  std::vector<std::pair<int, int>> counts(std::size(contract::kRuleTexts));
  kernel::Digest digest;
  for (const scenario::Scenario& scenario : scenarios) {
    Listener listener{Judge(terms), {}};
    Runner runner(world, listener);
    runner.Enter(scenario);
    play(runner);
    Add(listener.judge, digest);
    digest.Add(listener.kept.value(), 0);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const contract::Verdict verdict = listener.judge.verdict(contract::kRuleTexts[i].rule);
      counts[i].first += verdict == contract::Verdict::kBroken;
      counts[i].second += verdict != contract::Verdict::kSilent;
    }
  }
  std::string line = name;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    line += " " + std::to_string(i + 1) + ":" + std::to_string(counts[i].first) + "/" +
            std::to_string(counts[i].second);
  }
  return line + " " + std::to_string(digest.value());
}

// All but two sorts of calls, so that rule 13 has something to say.
contract::CallList Calls() {
  using kernel::CallKind;
  contract::CallList list;
  list.kinds = ~(KindBit(CallKind::kOther) | KindBit(CallKind::kPoll));
  list.waits = ~KindBit(CallKind::kWait4);
  return list;
}

// Of the calls without a name those with the first number of each word and, but in the second word, the
// last.
contract::CallList OtherCalls() {
  contract::CallList list = Calls();
  list.waits = ~uint64_t{0};
  for (uint64_t& word : list.others) word = 1 | uint64_t{1} << 63;
  list.others[1] &= 1;
  return list;
}

contract::CallList NoBlockingReads() {
  contract::CallList list = Calls();
  list.waits = ~KindBit(kernel::CallKind::kRead);
  return list;
}

}  // namespace

std::vector<std::string> VerdictsOf(std::span<const scenario::Scenario> scenarios,
                                    std::size_t share) {
  static const contract::CallList calls = Calls();
  static const contract::CallList others = OtherCalls();
  static const contract::CallList no_reads = NoBlockingReads();
  const Terms machine{.calls = &calls};
  const Terms container{.profile = Profile::kContainer};
  std::vector<std::string> table;
  // Of the next line.
  const auto part = [&](bool all) {
    std::vector<scenario::Scenario> some;
    for (std::size_t i = 0; i < scenarios.size(); ++i) {
      if (all || i % share == table.size() % share) some.push_back(scenarios[i]);
    }
    return some;
  };
  const auto add = [&](const std::string& name, const Terms& terms,
                       const std::function<rig::Script<>()>& make, bool all = true) {
    table.push_back(Line(part(all), name, terms, [&make](Runner& runner) {
      rig::ScriptedInit init(make());
      Play(runner, init);
    }));
  };
  for (int i = 0; i <= static_cast<int>(contract::Fault::kWakesTooOften); ++i) {
    const auto fault = static_cast<contract::Fault>(i);
    add("machine-" + std::to_string(i), machine, [=] { return SigTimedWaitInit(fault); }, i == 0);
    const bool both =
        fault >= contract::Fault::kExitsWithZero && fault <= contract::Fault::kRestsBeforeExit;
    if (i == 0 || both) {
      add("container-" + std::to_string(i), container, [=] { return TimedInit(fault); }, i == 0);
    }
  }
  add("poll", machine, [] { return contract::SignalFdInit(false); });
  add("epoll", machine, [] { return contract::SignalFdInit(true); });
  add("sigsuspend", machine, [] { return contract::SigSuspendInit(); });
  add("waitid", machine, [] { return contract::WaitIdInit(); });
  add("session", container, [] { return contract::SessionInit(); });
  add("many-forks", machine, [] { return contract::ManyForksInit(); });
  add("reads-on", {.calls = &no_reads}, [] { return contract::ReadInit(kernel::kReadMore); });
  add("reads-anew", machine, [] { return contract::ReadInit(0); });
  add("late-detach", machine, [] { return contract::LateDetachInit(); });
  add("reap-by-id", machine, [] { return contract::ReapByIdInit(); });
  for (const int number : {-1, 63, 64, 127, 511, 512, 512 + 63}) {
    add(
        "call-" + std::to_string(number), {.calls = &others},
        [number] { return contract::OtherCallInit(number); }, false);
  }
  for (const Fault& fault : Faults()) {
    // It takes as long as all the others.
    if (share > 1 && fault.name == std::string_view("spins")) continue;
    table.push_back(Line(part(false), fault.name, machine, [&fault](Runner& runner) {
      FaultyRig rig(&fault);
      Play(runner, rig, [] { return false; });
    }));
  }
  return table;
}

void ExpectVerdicts(std::span<const scenario::Scenario> scenarios, std::size_t share,
                    const std::string& table) {
  std::ifstream in(MINIT_SOURCE_DIR "/proptest/" + table);
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);) expected.push_back(line);
  const std::vector<std::string> now = VerdictsOf(scenarios, share);
  EXPECT_EQ(now.size(), expected.size());
  for (std::size_t i = 0; i < now.size() && i < expected.size(); ++i) {
    EXPECT_EQ(now[i], expected[i]);
  }
  if (!testing::Test::HasFailure()) return;
  const std::string path = testing::TempDir() + table;
  std::ofstream out(path);
  for (const std::string& line : now) out << line << "\n";
  ADD_FAILURE() << "the table as it is now: " << path;
}

}  // namespace minit::proptest
