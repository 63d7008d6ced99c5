#include "harness/scenario/bytes.h"

#include <algorithm>
#include <array>

#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

using Record = std::array<uint8_t, kRecordBytes>;

constexpr uint8_t kFirstEntryKind = 0xF0;
static_assert(kMoveKinds <= kFirstEntryKind && kEntryKinds <= 16);

constexpr std::array<MoveKind, 256> KindsOfBytes() {
  std::array<MoveKind, 256> kinds{};
  for (int byte = 0; byte < 256; ++byte) {
    const int kind = byte < kFirstEntryKind ? byte % kMoveKinds
                                            : kMoveKinds + (byte - kFirstEntryKind) % kEntryKinds;
    kinds[static_cast<std::size_t>(byte)] = static_cast<MoveKind>(kind);
  }
  return kinds;
}
constexpr std::array<MoveKind, 256> kKindOfByte = KindsOfBytes();

uint8_t ByteOfKind(MoveKind kind) {
  const int index = static_cast<int>(kind);
  return static_cast<uint8_t>(IsEntryItem(kind) ? kFirstEntryKind + index - kMoveKinds : index);
}

uint16_t NumberFromBytes(Operand operand, uint8_t low, uint8_t high) {
  if (high == 0) return BytesOf(operand).number[low];
  return RangeOf(operand).Settle(low + (uint32_t{high} - 1) * 256);
}

void BytesOfNumber(const OperandRange& range, uint16_t number, uint8_t* bytes) {
  const auto edge = std::find(range.edges.begin(), range.edges.end(), number);
  if (edge != range.edges.end()) {
    bytes[0] = static_cast<uint8_t>(edge - range.edges.begin());
  } else if (range.edges.empty()) {
    bytes[0] = static_cast<uint8_t>(number);  // those without edges are below 256: see the test
  } else {
    bytes[0] = static_cast<uint8_t>(number);
    bytes[1] = static_cast<uint8_t>(number / 256 + 1);
  }
}

Move MoveFromRecord(const uint8_t* record) {
  const MoveKind kind = kKindOfByte[record[0]];
  const Kind& row = KindOf(kind);
  Move move{.kind = kind,
            .who = static_cast<Who>(BytesOf(row.operands[kWhoField]).value[record[1]]),
            .other = static_cast<uint8_t>(BytesOf(row.operands[kOtherField]).value[record[2]]),
            .number = NumberFromBytes(row.operands[kNumberField], record[3], record[4])};
  if (HasAnchor(kind)) {
    move.anchor.call = NumberFromBytes(Operand::kCall, record[5], record[6]);
  }
  return move;
}

// Takes the next record, filled up with zeros if it is the last one and short.
Move NextMove(std::span<const uint8_t>& bytes) {
  if (bytes.size() < kRecordBytes) {
    Record last{};
    std::copy(bytes.begin(), bytes.end(), last.begin());
    bytes = {};
    return MoveFromRecord(last.data());
  }
  const uint8_t* const record = bytes.data();
  bytes = bytes.subspan(kRecordBytes);
  return MoveFromRecord(record);
}

Record RecordOfMove(const Move& move) {
  Record record{ByteOfKind(move.kind), static_cast<uint8_t>(move.who), move.other};
  BytesOfNumber(RangeOf(KindOf(move.kind).operands[kNumberField]), move.number, &record[3]);
  BytesOfNumber(RangeOf(Operand::kCall), move.anchor.call, &record[5]);
  return record;
}

}  // namespace

void Decode(std::span<const uint8_t> bytes, Scenario& scenario) {
  scenario.entry = Entry{};
  scenario.clear();
  while (!bytes.empty() && !scenario.full()) {
    const Move move = NextMove(bytes);
    if (IsEntryItem(move.kind)) {
      Apply(move, scenario.entry);
    } else {
      scenario.Add(move);
    }
  }
}

std::size_t Encode(const Scenario& scenario, std::span<uint8_t> bytes) {
  std::size_t size = 0;
  const auto write = [&](const auto& moves) {
    for (const Move& move : moves) {
      if (bytes.size() - size < kRecordBytes) return;
      const Record record = RecordOfMove(move);
      std::copy(record.begin(), record.end(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      size += kRecordBytes;
    }
  };
  write(Items(scenario.entry));
  write(scenario.moves());
  return size;
}

std::vector<uint8_t> Encode(const Scenario& scenario) {
  std::vector<uint8_t> bytes(kMaxBytes);
  bytes.resize(Encode(scenario, bytes));
  return bytes;
}

}  // namespace minit::scenario
