// Scenarios for rapidcheck: any valid one, each value as likely as any other, shrunk by leaving out
// moves and items. Printed as text. For tests alone; independent of generate.h, which leans.

#ifndef MINIT_HARNESS_SCENARIO_ARBITRARY_H_
#define MINIT_HARNESS_SCENARIO_ARBITRARY_H_

#include <rapidcheck.h>

#include <cstdint>
#include <ostream>
#include <vector>

#include "harness/scenario/cases.h"
#include "harness/scenario/entry.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {

inline void showValue(const Move& move, std::ostream& out) { out << Print(move); }
inline void showValue(const Scenario& scenario, std::ostream& out) { out << Print(scenario); }
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << Print(scenario); }

}  // namespace minit::scenario

namespace rc {

// A move, or an entry item, of the kinds from `first` up to but not `last`.
inline Gen<minit::scenario::Move> MoveOfKinds(int first, int last) {
  using namespace minit::scenario;
  return gen::exec([=] {
    Move move{.kind = static_cast<MoveKind>(*gen::inRange(first, last))};
    for (const Field field : kFields) {
      const OperandRange& range = RangeOf(KindOf(move.kind).operands[field]);
      Set(move, field, range.Settle(*gen::inRange<uint32_t>(range.low, range.high + 1U)));
    }
    if (HasAnchor(move.kind)) {
      move.anchor.call = *gen::inRange<uint16_t>(0, Anchor::kMaxCall + 1);
    }
    return move;
  });
}

template <>
struct Arbitrary<minit::scenario::Scenario> {
  static Gen<minit::scenario::Scenario> arbitrary() {
    using namespace minit::scenario;
    const auto items = gen::container<std::vector<Move>>(MoveOfKinds(kMoveKinds, kAllKinds));
    const auto moves = gen::container<std::vector<Move>>(MoveOfKinds(0, kMoveKinds));
    return gen::apply(
        [](const std::vector<Move>& entry_items, const std::vector<Move>& list) {
          Scenario scenario;
          for (const Move& item : entry_items) Apply(item, scenario.entry);
          for (const Move& move : list) {
            if (!scenario.full()) scenario.Add(move);
          }
          return scenario;
        },
        items, moves);
  }
};

}  // namespace rc

#endif  // MINIT_HARNESS_SCENARIO_ARBITRARY_H_
