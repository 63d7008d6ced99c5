// Tests of the generator and the mutator: determinism, validity, reach, leaning.
#include "harness/scenario/generate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "harness/scenario/arbitrary.h"
#include "harness/scenario/mutate.h"

namespace minit::scenario {
namespace {

void Collect(const Scenario& scenario, std::set<MoveKind>& kinds) {
  for (const Move& item : Items(scenario.entry)) kinds.insert(item.kind);
  for (const Move& move : scenario.moves()) kinds.insert(move.kind);
}

bool EndsTheChild(const Move& move) {
  return move.who == Who::kChild && (move.kind == MoveKind::kExit || move.kind == MoveKind::kDie ||
                                     move.kind == MoveKind::kDumpCore);
}

TEST(Generate, TenThousandScenariosAreValidAndHaveEveryKind) {
  std::set<MoveKind> kinds;
  for (uint64_t seed = 0; seed < 10000; ++seed) {
    const Scenario scenario = Generate(seed);
    ASSERT_TRUE(IsValid(scenario)) << "seed " << seed;
    Collect(scenario, kinds);
  }
  for (int i = 0; i < kAllKinds; ++i) {
    EXPECT_TRUE(kinds.count(static_cast<MoveKind>(i))) << KindOf(static_cast<MoveKind>(i)).text;
  }
}

TEST(Generate, LeansToPlainEntriesChildrenThatEndAndRaces) {
  int plain = 0, ends = 0, races = 0, small = 0;
  for (uint64_t seed = 0; seed < 10000; ++seed) {
    const Scenario scenario = Generate(seed);
    const auto moves = scenario.moves();
    plain += scenario.entry == Entry{};
    ends += std::ranges::any_of(moves, EndsTheChild);
    races += std::ranges::any_of(moves, [](const Move& m) { return !m.anchor.at_rest(); });
    small += moves.size() <= 16;
  }
  EXPECT_GT(plain, 8000);
  EXPECT_LT(plain, 9000);
  EXPECT_GT(ends, 8000);
  EXPECT_GT(races, 6000);
  EXPECT_GT(small, 8000);
}

// The same on every machine. A change here means that every seed anyone noted means something else.
TEST(Generate, ASeedIsPinned) {
  EXPECT_EQ(Print(Generate(7)),
            "at rest: child calls exec\n"
            "before call 28: 29999 ms pass\n"
            "at rest: child queues CHLD to init\n"
            "at rest: child sends CHLD to the thread init\n"
            "at rest: process 4 asks to be traced\n"
            "at rest: child exits 127\n"
            "before call 10: console takes 1308 more bytes\n"
            "before call 6: kernel sends CHLD to the group of process 1\n");
}

TEST(Generate, AThousandSeedsArePinned) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    for (const char c : Print(Generate(seed))) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  EXPECT_EQ(hash, 5229284922089713701U);
}

TEST(Mutate, ASeedIsPinned) {
  Scenario scenario = Generate(7);
  for (uint64_t seed = 0; seed < 8; ++seed) Mutate(scenario, seed);
  EXPECT_EQ(Print(scenario),
            "before call 28: 29999 ms pass\n"
            "at rest: child sends CHLD to the thread init\n"
            "at rest: child exits 127\n"
            "before call 255: kernel sends 33 to child\n"
            "before call 10: console takes 1308 more bytes\n"
            "at rest: child handles every signal\n"
            "before call 10: next 3 execs fail with ENOMEM\n"
            "at rest: child seizes child\n");
}

RC_GTEST_PROP(Mutate, KeepsScenariosValidAndTheirSizeInBounds,
              (const Scenario& before, uint64_t seed)) {
  Scenario scenario = before;
  const auto bound = *rc::gen::inRange<std::size_t>(0, 2 * kMaxMoves);
  Mutate(scenario, seed, bound);
  RC_ASSERT(IsValid(scenario));
  RC_ASSERT(scenario.size() <= std::max(bound, before.size()));
  Scenario again = before;
  Mutate(again, seed, bound);
  RC_ASSERT(again == scenario);
}

TEST(Mutate, AFullScenarioDoesNotGrow) {
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    Scenario scenario;
    for (int i = 0; i < 3; ++i) scenario.Add(PlainMove(MoveKind::kExit));
    Mutate(scenario, seed, 3);
    ASSERT_LE(scenario.size(), 3U) << "seed " << seed;
  }
}

TEST(Mutate, ReachesEveryKindFromNothing) {
  std::set<MoveKind> kinds;
  Scenario scenario;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    if (seed % 100 == 0) scenario = Scenario();
    Mutate(scenario, seed);
    ASSERT_TRUE(IsValid(scenario));
    Collect(scenario, kinds);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(kAllKinds));
}

TEST(Mutate, NearlyAlwaysChangesSomething) {
  int changed = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const Scenario before = Generate(seed);
    Scenario after = before;
    Mutate(after, seed);
    changed += !(before == after);
  }
  EXPECT_GT(changed, 800);
}

RC_GTEST_PROP(Crossover, TakesABeginningAndAnEnd,
              (const Scenario& one, const Scenario& other, uint64_t seed)) {
  Scenario result;
  Crossover(one, other, seed, result);
  RC_ASSERT(IsValid(result));
  RC_ASSERT(result.entry == one.entry || result.entry == other.entry);
  bool found = false;
  for (std::size_t head = 0; head <= std::min(one.size(), result.size()); ++head) {
    const std::size_t tail = result.size() - head;
    found |= tail <= other.size() &&
             std::ranges::equal(result.moves().first(head), one.moves().first(head)) &&
             std::ranges::equal(result.moves().last(tail), other.moves().last(tail));
  }
  RC_ASSERT(found);
}

}  // namespace
}  // namespace minit::scenario
