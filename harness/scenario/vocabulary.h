// The vocabulary: one row for each kind of move or entry item, one for each kind of operand. Text,
// bytes, generator, mutator, minimiser and IsValid are all driven by these two tables; a new move is
// a new row (docs/scenarios.md says how, and vocabulary_test.cc tells what was forgotten).

#ifndef MINIT_HARNESS_SCENARIO_VOCABULARY_H_
#define MINIT_HARNESS_SCENARIO_VOCABULARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/scenario/scenario.h"

namespace minit::scenario {

// What an operand can be. kOperands has the row of each.
enum class Operand : uint8_t {
  kNone,
  kAnyone,  // any process that has a name
  kNotInit,
  kNamed,       // process 1 to process 8
  kSignal,      // any of 1 to 64
  kSoftSignal,  // neither KILL nor STOP
  kNotKill,
  kFatalSignal,  // kills by default
  kCoreSignal,   // dumps core by default
  kStopSignal,   // stops by default
  kSignalOrNone,
  kSignalOrEvery,  // a soft signal, or 0 for all of them
  kCode,
  kBurst,
  kStretch,
  kTimes,
  kMilliseconds,
  kPidOffset,
  kFaultCount,
  kConsoleRoom,
  kForkError,
  kExecError,
  kRebootError,
  kFault,
  kCall,  // an anchor's
  kStreamNumber,
  kStreamKind,
  kDescriptorNumber,
  kQueueLimit,
  kEnvironmentKind,
  kArgumentsKind,
  kMissingKind,
};
inline constexpr int kOperandTypes = static_cast<int>(Operand::kMissingKind) + 1;

// The values of one kind of operand: `low` to `high`, and of those only the ones in `only`.
struct OperandRange {
  const char* allowed;  // in words, for errors
  uint16_t low = 0;
  uint16_t high = 0;
  uint16_t plain = 0;                  // where minimising leads to
  std::span<const uint16_t> edges;     // where implementations break; also a byte each in bytes.h
  const char* const* words = nullptr;  // [value - low], nullptr for a number
  uint64_t only = 0;                   // if not 0: value v from 1 on is allowed if bit v - 1 is set

  constexpr bool Allows(uint32_t value) const {
    return value >= low && value <= high &&
           (only == 0 || value == 0 || (only >> (value - 1) & 1) != 0);
  }
  // Any number made a value: itself if allowed, else wrapped into the range, then the next allowed.
  constexpr uint16_t Settle(uint32_t value) const {
    const uint32_t width = uint32_t{high} - low;
    if (value - low > width) value = low + value % (width + 1);  // below low it wraps, too
    if (only == 0) return static_cast<uint16_t>(value);
    while (!Allows(value)) value = value == high ? low : value + 1;
    return static_cast<uint16_t>(value);
  }
};

// What each byte of the byte form (bytes.h) is for an operand: looked up, for fuzzers decode as often as
// they play.
struct OperandBytes {
  std::array<uint16_t, 256> value;   // `who` and `other`: what Settle makes of it
  std::array<uint16_t, 256> number;  // a number whose second byte is 0: an edge, if it has edges
};

// The places of operands in a Move.
enum Field : uint8_t { kWhoField, kOtherField, kNumberField };
inline constexpr Field kFields[] = {kWhoField, kOtherField, kNumberField};

constexpr uint16_t Get(const Move& move, Field field) {
  return field == kWhoField     ? static_cast<uint16_t>(move.who)
         : field == kOtherField ? move.other
                                : move.number;
}
constexpr void Set(Move& move, Field field, uint16_t value) {
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): callers keep to RangeOf
  if (field == kWhoField) move.who = static_cast<Who>(value);
  if (field == kOtherField) move.other = static_cast<uint8_t>(value);
  if (field == kNumberField) move.number = value;
}

// One kind of move. The text has {who}, {other} and {number} where the operands stand.
struct Kind {
  const char* text;
  std::array<Operand, 3> operands = {};  // by Field
  uint8_t weight = 1;                    // how often the generator picks it, against the others
};

extern const std::array<OperandRange, kOperandTypes> kOperands;
extern const std::array<OperandBytes, kOperandTypes> kOperandBytes;
extern const std::array<Kind, kAllKinds> kKinds;

inline const OperandRange& RangeOf(Operand operand) {
  return kOperands[static_cast<std::size_t>(operand)];
}
inline const OperandBytes& BytesOf(Operand operand) {
  return kOperandBytes[static_cast<std::size_t>(operand)];
}
inline const Kind& KindOf(MoveKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
// Whether values of this operand are those of Who.
constexpr bool IsWho(Operand operand) {
  return operand == Operand::kAnyone || operand == Operand::kNotInit || operand == Operand::kNamed;
}
constexpr bool IsEntryItem(MoveKind kind) { return static_cast<int>(kind) >= kMoveKinds; }

// A move or entry item whose operands are all plain.
Move PlainMove(MoveKind kind);
// Every operand in its range; no anchor where the kind has none.
bool IsValid(const Move& move);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_VOCABULARY_H_
