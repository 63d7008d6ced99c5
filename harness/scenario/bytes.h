// The byte form of scenarios, for fuzzers. Every byte string is a scenario: there are no rejected
// inputs. Each scenario has one canonical encoding, which Encode gives and Decode reads back.
//
// The form is a list of records of seven bytes, one a move, the last one filled up with zeros:
//
//   0     kind: below 0xF0 a move, that many-th of MoveKind (modulo their number); from 0xF0 on an
//         entry item likewise. Entry items are applied wherever they stand; canonically they stand
//         first, as Items orders them, and without an anchor
//   1     who      the operand itself (OperandRange::Settle makes any byte one)
//   2     other    likewise
//   3, 4  number   if the second byte is 0, the first is an index (modulo) into the edge values of
//                  the operand, or the operand itself if it has no edges; otherwise the two are the
//                  number plus 256, low byte first. Canonically an edge is written by its index
//   5, 6  anchor   in the same way: zeros are at rest; no matter for a repeat
//
// What comes after move number kMaxMoves is left out. So a fuzzer that flips, inserts or copies
// bytes makes neighbouring scenarios, and a single byte reaches each edge value. bytes_test.cc holds
// totality, canonicity and the round trip.

#ifndef MINIT_HARNESS_SCENARIO_BYTES_H_
#define MINIT_HARNESS_SCENARIO_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/scenario/entry.h"
#include "harness/scenario/scenario.h"

namespace minit::scenario {

inline constexpr std::size_t kRecordBytes = 7;
inline constexpr std::size_t kMaxBytes = (Items::kMax + kMaxMoves) * kRecordBytes;  // canonical

// Makes `scenario` what the bytes say, whatever it was and whatever they are. Allocates nothing.
void Decode(std::span<const uint8_t> bytes, Scenario& scenario);

// Writes the canonical encoding, as many whole records as there is room for, and returns the number
// of bytes. In kMaxBytes there is room for any. Requires IsValid(scenario).
std::size_t Encode(const Scenario& scenario, std::span<uint8_t> bytes);

std::vector<uint8_t> Encode(const Scenario& scenario);

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_BYTES_H_
