// Tests of the minimiser: planted minima are found, and nothing is lost on the way.
#include "harness/scenario/minimise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <string>

#include "harness/kernel/call.h"
#include "harness/scenario/arbitrary.h"
#include "harness/scenario/generate.h"

namespace minit::scenario {
namespace {

Scenario Parsed(std::string_view text) {
  Scenario scenario;
  const auto error = Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("planted");
  return scenario;
}

int Count(const Scenario& scenario, MoveKind kind) {
  return static_cast<int>(std::ranges::count(scenario.moves(), kind, &Move::kind));
}

// A long scenario with the planted lines somewhere inside.
Scenario Hidden(std::string_view planted, uint64_t seed) {
  Random random(seed);
  Scenario scenario = Parsed(planted);
  while (scenario.size() < 100) {
    scenario.Insert(random.Below(static_cast<uint32_t>(scenario.size()) + 1), RandomMove(random));
  }
  return scenario;
}

TEST(Minimise, FindsThePlantedMoves) {
  // A queued signal of 34 on, some time after a process froze init.
  const auto shows = [](const Scenario& scenario) {
    bool frozen = false;
    for (const Move& move : scenario.moves()) {
      frozen |= move.kind == MoveKind::kFreeze;
      if (frozen && move.kind == MoveKind::kQueue && move.number >= 34) return true;
    }
    return false;
  };
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Scenario hidden = Hidden(
        "before call 7: init is frozen\nbefore call 2: process 6 queues 60 to helper\n", seed);
    EXPECT_EQ(Print(Minimise(hidden, shows)),
              "at rest: init is frozen\nat rest: child queues 34 to child\n");
  }
}

TEST(Minimise, FindsThresholdsInWideRanges) {
  const auto shows = [](const Scenario& scenario) {
    return std::ranges::any_of(scenario.moves(), [](const Move& move) {
      return move.kind == MoveKind::kPass && move.number > 12345 && move.anchor.call >= 77;
    });
  };
  EXPECT_EQ(Print(Minimise(Hidden("before call 500: 61234 ms pass\n", 1), shows)),
            "before call 77: 12346 ms pass\n");
}

TEST(Minimise, FindsTheEntryItem) {
  const auto shows = [](const Scenario& scenario) {
    return (scenario.entry.ignored & kernel::SignalBit(kernel::kSigChld)) != 0 &&
           Count(scenario, MoveKind::kExit) > 0;
  };
  const Scenario hidden = Parsed(
      "entry: stdin is closed\nentry: every signal is ignored\nentry: every signal is blocked\n"
      "entry: process 3 is inherited\nat rest: child exits 9\nat rest: process 3 exits 0\n");
  EXPECT_EQ(Print(Minimise(hidden, shows)), "entry: CHLD is ignored\nat rest: child exits 0\n");
}

TEST(Minimise, RenamesProcessesTogether) {
  // A named process is born and exits.
  const auto shows = [](const Scenario& scenario) {
    const auto moves = scenario.moves();
    return std::ranges::any_of(moves, [&](const Move& birth) {
      return birth.kind == MoveKind::kFork && std::ranges::any_of(moves, [&](const Move& end) {
               return end.kind == MoveKind::kExit && end.who == birth.other_process();
             });
    });
  };
  EXPECT_EQ(Print(Minimise(Parsed("at rest: child forks process 7\nat rest: process 7 exits 3\n"),
                           shows)),
            "at rest: child forks process 1\nat rest: process 1 exits 0\n");
}

TEST(Minimise, ShortensRepeatsWithTheirStretch) {
  // 300 exits or more are made.
  const auto shows = [](const Scenario& scenario) {
    int exits = 0;
    for (Cursor cursor(scenario); !cursor.done(); cursor.Advance()) {
      exits += cursor.move().kind == MoveKind::kExit;
    }
    return exits >= 300;
  };
  EXPECT_EQ(Print(Minimise(Parsed("at rest: child reaps\nat rest: process 2 exits 3\n"
                                  "at rest: child reaps\nrepeat: the last 3 moves 900 times\n"),
                           shows)),
            "at rest: child exits 0\nrepeat: the last 1 moves 299 times\n");
}

RC_GTEST_PROP(Minimise, ResultShowsItIsMinimalAndDeterministic, (const Scenario& scenario)) {
  // Any cheap property of scenarios will do.
  const auto shows = [](const Scenario& s) {
    return s.size() * 7 + static_cast<std::size_t>(std::popcount(s.entry.mask)) >= 20 ||
           Count(s, MoveKind::kKill) > 0;
  };
  RC_PRE(shows(scenario));
  const Scenario minimal = Minimise(scenario, shows);
  RC_ASSERT(shows(minimal));
  RC_ASSERT(IsValid(minimal));
  RC_ASSERT(Minimise(scenario, shows) == minimal);
  RC_ASSERT(Minimise(minimal, shows) == minimal);
  for (std::size_t i = 0; i < minimal.size(); ++i) {
    Scenario fewer = minimal;
    fewer.Remove(i);
    RC_ASSERT(!shows(fewer));
  }
}

}  // namespace
}  // namespace minit::scenario
