// Every move of every scenario in corpus/ does something when the machine plays it. One that does not is
// a slip of the pen, or its scenario shows less than its comment says.
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/runner.h"
#include "harness/scenario/folder.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

struct Allowed {
  std::string_view file;
  std::string_view move;
  std::string_view reason;
};

constexpr Allowed kAllowed[] = {
    {"no-room-to-queue.scenario", "at rest: ancestor queues 41 to init",
     "that it is refused is what the scenario is about"},
};

bool IsAllowed(const std::string& file, const std::string& move) {
  for (const Allowed& allowed : kAllowed) {
    if (file.ends_with(allowed.file) && move == allowed.move) return true;
  }
  return false;
}

// What came of the moves, by their place in the list. Of one that repeats make again, all must do
// something; the repeats themselves are none that a runner makes.
struct Effects : Observer {
  struct Of {
    int made = 0;
    int in_vain = 0;
  };

  void On(const contract::Step& step, const kernel::Kernel&) override {
    const scenario::Move* const move = runner == nullptr ? nullptr : runner->move();
    if (step.kind != contract::Step::Kind::kMove || move == nullptr) return;
    Of& effect = of[static_cast<std::size_t>(move - first)];
    ++effect.made;
    effect.in_vain += step.cause == contract::Cause::kNone;
  }

  const Runner<Observer>* runner = nullptr;
  const scenario::Move* first = nullptr;
  std::vector<Of> of;
};

std::vector<Effects::Of> Play(const scenario::Scenario& scenario) {
  static kernel::ScenarioKernel kernel;
  Effects effects;
  Runner<Observer> runner(kernel, effects);
  effects.runner = &runner;
  effects.first = scenario.moves().data();
  effects.of.resize(scenario.size());
  runner.Enter(scenario);
  MachineRig rig;
  Play(runner, rig);
  return effects.of;
}

// A line for each move that did nothing: where, which, and why that is bad.
std::string WhatIsInVain(const scenario::Named& named) {
  std::string all;
  const std::vector<Effects::Of> effects = Play(named.scenario);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const scenario::Move& move = named.scenario.moves()[i];
    const std::string text = scenario::Print(move);
    if (move.kind == scenario::MoveKind::kRepeat || IsAllowed(named.name, text)) continue;
    const Effects::Of& effect = effects[i];
    if (effect.made == 0) {
      all += named.name + ": " + text + ": is never made, the run is over before\n";
    } else if (effect.in_vain > 0) {
      all += named.name + ": " + text + ": has no effect, " + std::to_string(effect.in_vain) +
             " of " + std::to_string(effect.made) +
             " times: it is about nobody, or is refused (scripts/replay shows it)\n";
    }
  }
  return all;
}

std::vector<scenario::Named> Corpus() {
  std::vector<scenario::Named> corpus;
  EXPECT_EQ(scenario::ReadFolder(MINIT_SOURCE_DIR "/corpus", corpus), std::nullopt);
  return corpus;
}

TEST(CorpusMoves, EachDoesSomething) {
  for (const scenario::Named& named : Corpus()) EXPECT_EQ(WhatIsInVain(named), "");
}

TEST(CorpusMoves, WhatIsAllowedToDoNothingStillDoesNothing) {
  const std::vector<scenario::Named> corpus = Corpus();
  for (const Allowed& allowed : kAllowed) {
    bool in_vain = false;
    for (const scenario::Named& named : corpus) {
      if (!named.name.ends_with(allowed.file)) continue;
      const std::vector<Effects::Of> effects = Play(named.scenario);
      for (std::size_t i = 0; i < effects.size(); ++i) {
        in_vain |= effects[i].in_vain > 0 &&
                   IsAllowed(named.name, scenario::Print(named.scenario.moves()[i]));
      }
    }
    EXPECT_TRUE(in_vain) << allowed.file << ": " << allowed.move << ": take it from the list";
  }
}

TEST(CorpusMoves, OneInVainIsFound) {
  scenario::Named named;
  named.name = "x.scenario";
  ASSERT_FALSE(
      scenario::Parse("at rest: child exits 0\n"
                      "at rest: process 1 exits 0\n",
                      named.scenario));
  EXPECT_NE(WhatIsInVain(named).find("x.scenario: at rest: process 1 exits 0: is never made"),
            std::string::npos);
  ASSERT_FALSE(scenario::Parse("at rest: process 1 exits 0\n", named.scenario));
  EXPECT_NE(WhatIsInVain(named).find("process 1 exits 0: has no effect, 1 of 1 times"),
            std::string::npos);
}

}  // namespace
}  // namespace minit::rig
