#include "harness/scenario/mutate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/scenario/entry.h"
#include "harness/scenario/generate.h"
#include "harness/scenario/random.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

std::size_t RandomIndex(std::size_t size, Random& random) {
  return random.Below(static_cast<uint32_t>(size));
}

void ChangeAnchor(Move& move, Random& random) {
  if (!HasAnchor(move.kind)) return;
  const uint16_t call = move.anchor.call;
  switch (random.Below(4)) {
    case 0:
      move.anchor = RandomAnchor(random);
      break;
    case 1:
      move.anchor = {};
      break;
    case 2:
      move.anchor.call = static_cast<uint16_t>(std::min<int>(call + 1, Anchor::kMaxCall));
      break;
    default:
      move.anchor.call = static_cast<uint16_t>(std::max(call - 1, 0));
      break;
  }
}

// Another value for one operand, often the next one up or down; the anchor if there is none.
void ChangeOperand(Move& move, Random& random) {
  std::array<Field, 3> fields{};
  std::size_t count = 0;
  for (const Field field : kFields) {
    if (KindOf(move.kind).operands[field] != Operand::kNone) fields[count++] = field;
  }
  if (count == 0) return ChangeAnchor(move, random);
  const Field field = fields[RandomIndex(count, random)];
  const Operand operand = KindOf(move.kind).operands[field];
  const OperandRange& range = RangeOf(operand);
  const uint32_t value = Get(move, field);
  const uint32_t lower = value > range.low ? value - 1 : range.high;
  Set(move, field,
      !random.OneIn(3) ? RandomOperand(operand, random)
                       : range.Settle(random.OneIn(2) ? value + 1 : lower));
}

void ChangeEntry(Entry& entry, Random& random) {
  const Items items(entry);
  if (items.size() != 0 && random.OneIn(2)) {  // without one of its items
    const Move* without = items.begin() + RandomIndex(items.size(), random);
    entry = Entry{};
    for (const Move& item : items) {
      if (&item != without) Apply(item, entry);
    }
    return;
  }
  Apply(RandomEntryItem(random), entry);
}

// Changes that need no move to be there.
void Grow(Scenario& scenario, Random& random, std::size_t max_moves) {
  std::size_t at = RandomIndex(scenario.size() + 1, random);
  if (scenario.size() >= max_moves) return;
  if (random.OneIn(3)) {
    for (const Move& move : RandomStory(random)) {
      if (scenario.size() < max_moves) scenario.Insert(at++, move);
    }
  } else {
    scenario.Insert(at, RandomMove(random));
  }
}

void MutateOnce(Scenario& scenario, Random& random, std::size_t max_moves) {
  if (random.OneIn(24)) return ChangeEntry(scenario.entry, random);
  if (scenario.size() == 0 || random.OneIn(4)) return Grow(scenario, random, max_moves);
  const std::size_t at = RandomIndex(scenario.size(), random);
  Move& move = scenario.moves()[at];
  switch (random.Below(8)) {
    case 0:
      scenario.Remove(at);
      break;
    case 1:
      if (scenario.size() < max_moves) scenario.Insert(at, Move(move));
      break;
    case 2:
      std::swap(move, scenario.moves()[RandomIndex(scenario.size(), random)]);
      break;
    case 3:
      move = RandomMove(random);
      break;
    case 4:
    case 5:
      ChangeAnchor(move, random);
      break;
    default:
      ChangeOperand(move, random);
      break;
  }
}

}  // namespace

void Mutate(Scenario& scenario, uint64_t seed, std::size_t max_moves) {
  Random random(seed);
  max_moves = std::min<std::size_t>(max_moves, kMaxMoves);
  do {
    MutateOnce(scenario, random, max_moves);
  } while (random.OneIn(3));
}

void Crossover(const Scenario& one, const Scenario& other, uint64_t seed, Scenario& result,
               std::size_t max_moves) {
  Random random(seed);
  max_moves = std::min<std::size_t>(max_moves, kMaxMoves);
  result.clear();
  result.entry = random.OneIn(4) ? other.entry : one.entry;
  const std::size_t head = RandomIndex(one.size() + 1, random);
  const std::size_t tail = RandomIndex(other.size() + 1, random);
  for (const Move& move : one.moves().first(head)) {
    if (result.size() < max_moves) result.Add(move);
  }
  for (const Move& move : other.moves().subspan(tail)) {
    if (result.size() < max_moves) result.Add(move);
  }
}

}  // namespace minit::scenario
