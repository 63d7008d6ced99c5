#include "harness/scenario/minimise.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "harness/scenario/entry.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

using Predicate = std::function<bool(const Scenario&)>;

// How far from plain a value is: every step of the minimiser makes one rank smaller, so it ends.
uint32_t Rank(Operand operand, uint16_t value) {
  if (value == RangeOf(operand).plain) return 0;
  if (operand == Operand::kSignalOrEvery && value == 0) return UINT16_MAX + 1;  // all: the most
  return uint32_t{value} + 1;
}

// The values worth trying instead of `value`, plainest first.
std::vector<uint16_t> Plainer(Operand operand, uint16_t value) {
  const OperandRange& range = RangeOf(operand);
  std::vector<uint16_t> values = {range.plain, range.low};
  if (range.high - range.low <= 64) {
    for (uint32_t v = range.low; v <= range.high; ++v) values.push_back(static_cast<uint16_t>(v));
  } else {
    values.insert(values.end(), range.edges.begin(), range.edges.end());
    values.push_back(static_cast<uint16_t>(range.low + (value - range.low) / 2));
    values.push_back(static_cast<uint16_t>(value - (value > range.low)));
  }
  std::erase_if(values, [&](uint16_t v) {
    return !range.Allows(v) || Rank(operand, v) >= Rank(operand, value);
  });
  const auto plainer = [&](uint16_t a, uint16_t b) { return Rank(operand, a) < Rank(operand, b); };
  std::sort(values.begin(), values.end(), plainer);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

class Minimiser {
 public:
  Minimiser(const Scenario& scenario, const Predicate& shows) : best_(scenario), shows_(shows) {}

  Scenario Run() {
    do {
      changed_ = false;
      DropMoves();
      DropEntryItems();
      RenameProcesses();
      for (std::size_t i = 0; i < best_.size(); ++i) SimplifyMove(i);
      SimplifyEntryItems();
    } while (changed_);
    return best_;
  }

 private:
  bool Try(const Scenario& candidate) {
    if (!shows_(candidate)) return false;
    best_ = candidate;
    changed_ = true;
    return true;
  }

  // Stretches of half the moves, of a quarter, …, of one.
  void DropMoves() {
    for (std::size_t length = best_.size(); length > 0; length /= 2) {
      for (std::size_t end = best_.size(); end > 0;) {
        const std::size_t start = end - std::min(length, end);
        Scenario candidate = best_;
        for (std::size_t i = end; i-- > start;) candidate.Remove(i);
        Try(candidate);
        end = std::min(start, best_.size());
      }
    }
  }

  void DropEntryItems() {
    Scenario candidate = best_;
    candidate.entry = Entry{};
    if (best_.entry == Entry{} || Try(candidate)) return;
    const Items items(best_.entry);
    std::vector<Move> kept(items.begin(), items.end());
    for (std::size_t i = kept.size(); i-- > 0;) {
      std::vector<Move> fewer = kept;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      if (TryEntry(fewer)) kept = fewer;
    }
  }

  bool TryEntry(const std::vector<Move>& items) {
    Scenario candidate = best_;
    candidate.entry = Entry{};
    for (const Move& item : items) Apply(item, candidate.entry);
    return Try(candidate);
  }

  // Each process to the lowest number that none has.
  void RenameProcesses() {
    for (int from = 2; from <= kProcesses; ++from) {
      for (int to = 1; to < from; ++to) {
        Scenario candidate = best_;
        if (Rename(candidate, Process(from), Process(to)) && Try(candidate)) break;
      }
    }
  }

  // False if `from` is not named, or `to` is.
  static bool Rename(Scenario& scenario, Who from, Who to) {
    auto& children = scenario.entry.children;
    Entry::Child& old_child = children[static_cast<std::size_t>(from) - 1];
    Entry::Child& new_child = children[static_cast<std::size_t>(to) - 1];
    bool named = old_child.how != Inheritance::kNone;
    if (new_child.how != Inheritance::kNone) return false;
    std::swap(old_child, new_child);
    for (Move& move : scenario.moves()) {
      for (const Field field : {kWhoField, kOtherField}) {
        if (!IsWho(KindOf(move.kind).operands[field])) continue;
        if (Get(move, field) == static_cast<uint16_t>(to)) return false;
        if (Get(move, field) != static_cast<uint16_t>(from)) continue;
        Set(move, field, static_cast<uint16_t>(to));
        named = true;
      }
    }
    return named;
  }

  // Makes one value plainer as long as one of those to try will do.
  template <typename Value, typename Attempt>
  static void SimplifyValue(Operand operand, Value value, Attempt attempt) {
    for (bool again = true; again;) {
      again = false;
      for (const uint16_t plainer : Plainer(operand, value())) {
        if (attempt(plainer)) {
          again = true;
          break;
        }
      }
    }
  }

  // Anchor and operands of one move; `attempt(move)` says whether the changed move will do.
  template <typename Attempt>
  static void Simplify(Move& move, Attempt attempt) {
    const auto keep_if = [&](const Move& candidate) {
      if (!attempt(candidate)) return false;
      move = candidate;
      return true;
    };
    SimplifyValue(
        Operand::kCall, [&] { return move.anchor.call; },
        [&](uint16_t call) {
          Move candidate = move;
          candidate.anchor.call = call;
          return keep_if(candidate);
        });
    for (const Field field : kFields) {
      SimplifyValue(
          KindOf(move.kind).operands[field], [&] { return Get(move, field); },
          [&](uint16_t value) {
            Move candidate = move;
            Set(candidate, field, value);
            return keep_if(candidate);
          });
    }
  }

  void SimplifyMove(std::size_t at) {
    Move move = best_.moves()[at];
    Simplify(move, [&](const Move& simpler) {
      Scenario candidate = best_;
      candidate.moves()[at] = simpler;
      return Try(candidate);
    });
  }

  void SimplifyEntryItems() {
    const Items items(best_.entry);
    std::vector<Move> list(items.begin(), items.end());
    for (std::size_t i = 0; i < list.size(); ++i) {
      Simplify(list[i], [&](const Move& simpler) {
        std::vector<Move> candidate = list;
        candidate[i] = simpler;
        return TryEntry(candidate);
      });
    }
  }

  Scenario best_;
  const Predicate& shows_;
  bool changed_ = false;
};

}  // namespace

Scenario Minimise(const Scenario& scenario, const Predicate& shows) {
  return Minimiser(scenario, shows).Run();
}

}  // namespace minit::scenario
