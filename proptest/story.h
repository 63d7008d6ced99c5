// Story: a scenario for properties, with rapidcheck's means to make and to shrink it. Half of them
// are the leaning ones of harness/scenario/generate.h, half are what random bytes decode to.
//
// Repeats are played a few times only, for the sake of speed; the fuzzers play them all.
//
// A failure prints the shrunk scenario as text, and the command that plays it.
//
// How many cases, and which: harness/scenario/cases.h.

#ifndef MINIT_PROPTEST_STORY_H_
#define MINIT_PROPTEST_STORY_H_

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <ostream>
#include <vector>

#include "harness/scenario/bytes.h"
#include "harness/scenario/cases.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/vocabulary.h"
#include "proptest/trial.h"

namespace minit::proptest {

struct Story {
  scenario::Scenario scenario;
};

inline Story WithFewRepeats(const scenario::Scenario& scenario) {
  constexpr uint16_t kFew = 8;
  Story story{scenario};
  for (scenario::Move& move : story.scenario.moves()) {
    if (move.kind != scenario::MoveKind::kRepeat) continue;
    move.number = static_cast<uint16_t>(move.number % kFew + 1);
  }
  return story;
}

inline void showValue(const Story& story, std::ostream& out) { out << Report(story.scenario); }

// Stories that are smaller by a stretch of moves, or plainer by an anchor or the entry; the
// smallest first.
inline std::vector<Story> Simpler(const Story& story) {
  std::vector<Story> simpler;
  const std::size_t size = story.scenario.size();
  for (std::size_t stretch = size; stretch > 0; stretch /= 2) {
    for (std::size_t from = 0; from + stretch <= size; from += stretch) {
      Story less = story;
      // A repeat may go with what it repeats.
      for (std::size_t i = 0; i < stretch && from < less.scenario.size(); ++i) {
        less.scenario.Remove(from);
      }
      simpler.push_back(less);
    }
  }
  if (!(story.scenario.entry == scenario::Entry{})) {
    simpler.push_back(story);
    simpler.back().scenario.entry = {};
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (story.scenario.moves()[i].anchor.at_rest()) continue;
    simpler.push_back(story);
    simpler.back().scenario.moves()[i].anchor = {};
  }
  return simpler;
}

}  // namespace minit::proptest

namespace rc {

template <>
struct Arbitrary<minit::proptest::Story> {
  static Gen<minit::proptest::Story> arbitrary() {
    using minit::proptest::Story;
    const auto leaning = gen::map(gen::noShrink(gen::arbitrary<uint64_t>()), [](uint64_t seed) {
      return minit::proptest::WithFewRepeats(minit::scenario::Generate(seed));
    });
    const auto decoded =
        gen::map(gen::noShrink(gen::arbitrary<std::vector<uint8_t>>()), [](const auto& bytes) {
          minit::scenario::Scenario scenario;
          Decode(bytes, scenario);
          return minit::proptest::WithFewRepeats(scenario);
        });
    return gen::shrink(gen::oneOf(leaning, decoded),
                       [](const Story& story) { return seq::fromContainer(Simpler(story)); });
  }
};

}  // namespace rc

#endif  // MINIT_PROPTEST_STORY_H_
