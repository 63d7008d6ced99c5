#include "harness/scenario/recount.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace minit::scenario {
namespace {

// From this move on.
Scenario Shifted(const Scenario& scenario, std::size_t from, int by) {
  Scenario shifted = scenario;
  for (Move& move : shifted.moves().subspan(from)) {
    if (!HasAnchor(move.kind)) continue;
    if (move.anchor.at_rest()) break;
    move.anchor.call =
        static_cast<uint16_t>(std::clamp(move.anchor.call + by, 1, int{Anchor::kMaxCall}));
  }
  return shifted;
}

}  // namespace

std::vector<Scenario> Recounted(const Scenario& scenario, int most) {
  std::vector<Scenario> all;
  for (int count = 1; count <= most; ++count) {
    for (std::size_t from = 0; from < scenario.size(); ++from) {
      const Move& move = scenario.moves()[from];
      if (!HasAnchor(move.kind) || move.anchor.at_rest()) continue;
      for (const int by : {count, -count}) {
        Scenario shifted = Shifted(scenario, from, by);
        if (shifted != scenario) all.push_back(std::move(shifted));
      }
    }
  }
  return all;
}

}  // namespace minit::scenario
