// Tests of the values themselves, and of the order in which moves are made.
#include "harness/scenario/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "harness/scenario/arbitrary.h"

namespace minit::scenario {
namespace {

using ::testing::ElementsAre;

constexpr Move Exit(int code) {
  return {MoveKind::kExit, Who::kChild, 0, static_cast<uint16_t>(code), {}};
}
constexpr Move Repeat(uint8_t last, uint16_t times) {
  return {MoveKind::kRepeat, Who::kChild, last, times, {}};
}

Scenario Of(std::initializer_list<Move> moves) {
  Scenario scenario;
  for (const Move& move : moves) scenario.Add(move);
  return scenario;
}

// The exit codes of the moves in the order in which they are made.
std::vector<int> Played(const Scenario& scenario) {
  std::vector<int> codes;
  for (Cursor cursor(scenario); !cursor.done(); cursor.Advance()) {
    EXPECT_EQ(cursor.move(), scenario.moves()[cursor.index()]);
    codes.push_back(cursor.move().number);
  }
  return codes;
}

TEST(Cursor, PlaysTheListAndRepeatsOnTop) {
  EXPECT_THAT(Played(Of({})), ElementsAre());
  EXPECT_THAT(Played(Of({Exit(1), Exit(2)})), ElementsAre(1, 2));
  EXPECT_THAT(Played(Of({Exit(1), Exit(2), Repeat(1, 2), Exit(3)})), ElementsAre(1, 2, 2, 2, 3));
  EXPECT_THAT(Played(Of({Exit(1), Exit(2), Repeat(2, 2)})), ElementsAre(1, 2, 1, 2, 1, 2));
}

TEST(Cursor, ARepeatReachesBackAsFarAsThereAreMoves) {
  EXPECT_THAT(Played(Of({Exit(1), Repeat(9, 1), Exit(2)})), ElementsAre(1, 1, 2));
  EXPECT_THAT(Played(Of({Repeat(1, 5), Exit(2)})), ElementsAre(2));
}

TEST(Cursor, RepeatsInsideAStretchArePassedOver) {
  EXPECT_THAT(Played(Of({Exit(1), Repeat(1, 2), Exit(2), Repeat(3, 1)})),
              ElementsAre(1, 1, 1, 2, 1, 2));
  EXPECT_THAT(Played(Of({Exit(1), Repeat(1, 1), Repeat(1, 5000), Exit(2)})), ElementsAre(1, 1, 2));
}

TEST(Cursor, RepeatsAddNoMoreThanTheBound) {
  const Scenario scenario =
      Of({Exit(1), Exit(2), Repeat(2, 5000), Repeat(3, 5000), Exit(3), Repeat(1, 1)});
  const std::vector<int> played = Played(scenario);
  EXPECT_EQ(played.size(), 3U + kMaxRepeated);
  EXPECT_EQ(played.back(), 3);
}

RC_GTEST_PROP(Cursor, EndsAndMakesEachListedMove, (const Scenario& scenario)) {
  std::vector<int> made(scenario.size());
  int all = 0;
  for (Cursor cursor(scenario); !cursor.done(); cursor.Advance()) {
    ++made[cursor.index()];
    RC_ASSERT(++all <= kMaxMoves + kMaxRepeated);
  }
  for (std::size_t i = 0; i < scenario.size(); ++i) {
    RC_ASSERT((made[i] > 0) == (scenario.moves()[i].kind != MoveKind::kRepeat));
  }
}

TEST(ScenarioValue, InsertAndRemoveKeepTheOrder) {
  Scenario scenario = Of({Exit(1), Exit(3)});
  scenario.Insert(1, Exit(2));
  scenario.Insert(0, Exit(0));
  scenario.Insert(4, Exit(4));
  EXPECT_THAT(Played(scenario), ElementsAre(0, 1, 2, 3, 4));
  scenario.Remove(4);
  scenario.Remove(0);
  EXPECT_THAT(Played(scenario), ElementsAre(1, 2, 3));
}

TEST(ScenarioValue, RemoveShortensTheRepeatsThatReachOverIt) {
  Scenario scenario = Of({Exit(1), Exit(2), Exit(3), Repeat(2, 1)});
  scenario.Remove(0);  // out of reach
  EXPECT_EQ(scenario, Of({Exit(2), Exit(3), Repeat(2, 1)}));
  scenario.Remove(1);
  EXPECT_EQ(scenario, Of({Exit(2), Repeat(1, 1)}));
  scenario.Remove(0);
  EXPECT_EQ(scenario, Of({}));
}

TEST(ScenarioValue, EqualityIgnoresWhatIsBeyondTheEnd) {
  Scenario scenario = Of({Exit(1), Exit(2)});
  scenario.Remove(1);
  EXPECT_EQ(scenario, Of({Exit(1)}));
  EXPECT_FALSE(scenario == Of({Exit(2)}));
  scenario.entry.pid_namespace = true;
  EXPECT_FALSE(scenario == Of({Exit(1)}));
}

TEST(ScenarioValue, IsValidSeesEveryPartOfTheEntry) {
  const auto valid = [](auto change) {
    Scenario scenario;
    change(scenario.entry);
    return IsValid(scenario);
  };
  EXPECT_TRUE(valid([](Entry&) {}));
  EXPECT_FALSE(valid([](Entry& e) { e.streams[2] = static_cast<Stream>(5); }));
  EXPECT_FALSE(valid([](Entry& e) { e.descriptors = 4; }));
  EXPECT_FALSE(valid([](Entry& e) { e.ignored = 1 << 8; }));
  EXPECT_FALSE(valid([](Entry& e) { e.mask = 1 << 18; }));
  EXPECT_FALSE(valid([](Entry& e) { e.pending = 1 << 8; }));
  EXPECT_FALSE(valid([](Entry& e) { e.children[7] = {Inheritance::kNone, 1}; }));
  EXPECT_FALSE(valid([](Entry& e) { e.children[7] = {Inheritance::kLive, 1}; }));
  EXPECT_FALSE(valid([](Entry& e) { e.children[7] = {Inheritance::kKilled, 17}; }));
  EXPECT_FALSE(valid([](Entry& e) { e.children[7] = {static_cast<Inheritance>(5), 0}; }));
  EXPECT_FALSE(valid([](Entry& e) { e.signal_queue = kPlainSignalQueue + 1; }));
  EXPECT_FALSE(valid([](Entry& e) { e.environment = static_cast<Environment>(3); }));
  EXPECT_FALSE(valid([](Entry& e) { e.arguments = static_cast<Arguments>(3); }));
  EXPECT_FALSE(valid([](Entry& e) { e.missing = 4; }));
}

TEST(ScenarioValue, IsValidRefusesEntryItemsAmongMoves) {
  EXPECT_FALSE(IsValid(Of({{MoveKind::kPidNamespace, Who::kChild, 0, 0, {}}})));
}

RC_GTEST_PROP(Items, RebuildTheEntry, (const Scenario& scenario)) {
  Entry entry;
  for (const Move& item : Items(scenario.entry)) {
    RC_ASSERT(IsValid(item));
    Apply(item, entry);
  }
  RC_ASSERT(entry == scenario.entry);
  RC_ASSERT(IsValid(scenario));
}

TEST(Items, HaveRoomForTheFullestEntry) {
  Entry entry;
  entry.streams.fill(Stream::kClosed);
  entry.descriptors = ~uint64_t{7};
  // One signal short of every one, else a set is a single item.
  entry.ignored = entry.mask = entry.pending = ~uint64_t{0x40101};
  entry.children.fill({Inheritance::kExited, 255});
  entry.signal_queue = 0;
  entry.environment = Environment::kEmpty;
  entry.arguments = Arguments::kNone;
  entry.missing = 3;
  entry.pid_namespace = entry.leader_status = true;
  ASSERT_TRUE(IsValid(entry));
  EXPECT_EQ(Items(entry).size(), Items::kMax);
}

}  // namespace
}  // namespace minit::scenario
