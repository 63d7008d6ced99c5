// The judge says today what it said yesterday: of each init by hand, faultless or broken, and of each
// fault that can be planted in the machine, how often each rule is broken in random scenarios, of how
// many it spoke, and one number over all breaks with their facts, steps and times.
//
// verdicts.table is what it said. Where a line differs somebody changed what a rule asks, what it
// excuses or when it speaks; or the model, the runner, the generator or an init. If that was meant,
// the table as it is now is to be put in the place of the old one: the failure says where it lies.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/contract/subjects.h"
#include "harness/kernel/digest.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"
#include "proptest/faulty_rig.h"

namespace minit::proptest {
namespace {

using contract::Judge;
using contract::Profile;
using contract::RuleText;
using contract::Terms;

constexpr uint64_t kScenarios = 50;
constexpr uint64_t kFirstSeed = 100'000;

struct Listener {
  Judge judge;
  void On(const contract::Step& step, const kernel::Kernel& kernel) { judge.Observe(step, kernel); }
};
using Runner = rig::Runner<Listener>;

// What a judge said of one run, in a number.
void Add(const Judge& judge, kernel::Digest& digest) {
  digest.Add(judge.faults(), judge.steps());
  for (const RuleText& text : contract::kRuleTexts) {
    uint64_t spoke = static_cast<uint64_t>(judge.verdict(text.rule));
    for (std::size_t phase = 0; phase < contract::kPhaseCount; ++phase) {
      spoke = spoke << 1 | (judge.SpokeIn(text.rule, static_cast<contract::Phase>(phase)) ? 1 : 0);
    }
    digest.Add(static_cast<uint64_t>(text.rule), spoke);
    const contract::Break* const broken = judge.FindBreak(text.rule);
    if (broken == nullptr) continue;
    const contract::Facts& facts = broken->facts;
    digest.Add(uint64_t{facts.entry} << 32 | uint64_t{facts.faults} << 8 | facts.signal,
               static_cast<uint64_t>(facts.phase) << 24 | static_cast<uint64_t>(facts.cause) << 16 |
                   static_cast<uint64_t>(facts.whose) << 8 | static_cast<uint64_t>(facts.how));
    digest.Add(uint64_t{broken->step} << 32 | static_cast<uint32_t>(broken->pid), broken->time_ns);
    digest.Add(static_cast<uint32_t>(broken->number), static_cast<uint32_t>(broken->expected));
  }
}

// "NAME 1:3/120 … 0123456789abcdef": rule 1 was broken in 3 of 120 of whom it spoke.
std::string Line(const std::string& name, const Terms& terms,
                 const std::function<void(Runner&)>& play) {
  static kernel::ScenarioKernel world;
  std::vector<std::pair<int, int>> counts(std::size(contract::kRuleTexts));
  kernel::Digest digest;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + kScenarios; ++seed) {
    Listener listener{Judge(terms)};
    Runner runner(world, listener);
    const scenario::Scenario scenario = scenario::Generate(seed);
    runner.Enter(scenario);
    play(runner);
    Add(listener.judge, digest);
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

std::vector<std::string> Table() {
  static const contract::CallList calls = Calls();
  const Terms machine{.calls = &calls};
  const Terms container{.profile = Profile::kContainer};
  std::vector<std::string> table;
  const auto add = [&](const std::string& name, const Terms& terms,
                       const std::function<rig::Script<>()>& make) {
    table.push_back(Line(name, terms, [&make](Runner& runner) {
      rig::ScriptedInit init(make());
      Play(runner, init);
    }));
  };
  for (int i = 0; i <= static_cast<int>(contract::Fault::kWakesTooOften); ++i) {
    const auto fault = static_cast<contract::Fault>(i);
    add("machine-" + std::to_string(i), machine, [=] { return SigTimedWaitInit(fault); });
    const bool both =
        fault >= contract::Fault::kExitsWithZero && fault <= contract::Fault::kRestsBeforeExit;
    if (i == 0 || both) {
      add("container-" + std::to_string(i), container, [=] { return TimedInit(fault); });
    }
  }
  add("poll", machine, [] { return contract::SignalFdInit(false); });
  add("epoll", machine, [] { return contract::SignalFdInit(true); });
  add("sigsuspend", machine, [] { return contract::SigSuspendInit(); });
  add("waitid", machine, [] { return contract::WaitIdInit(); });
  add("session", container, [] { return contract::SessionInit(); });
  for (const Fault& fault : Faults()) {
    table.push_back(Line(fault.name, machine, [&fault](Runner& runner) {
      FaultyRig rig(&fault);
      Play(runner, rig, [] { return false; });
    }));
  }
  return table;
}

TEST(Verdicts, AreThoseOfTheTable) {
  std::ifstream in(MINIT_SOURCE_DIR "/proptest/verdicts.table");
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);) expected.push_back(line);
  const std::vector<std::string> table = Table();
  EXPECT_EQ(table.size(), expected.size());
  for (std::size_t i = 0; i < table.size() && i < expected.size(); ++i) {
    EXPECT_EQ(table[i], expected[i]);
  }
  if (!HasFailure()) return;
  const std::string path = testing::TempDir() + "verdicts.table";
  std::ofstream out(path);
  for (const std::string& line : table) out << line << "\n";
  ADD_FAILURE() << "the table as it is now: " << path;
}

}  // namespace
}  // namespace minit::proptest
