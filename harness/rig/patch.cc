#include "harness/rig/patch.h"

#include <Zydis/Zydis.h>
#include <string.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/rig/gate.h"

namespace minit::rig {
namespace {

constexpr std::size_t kJumpBytes = 5;
constexpr std::size_t kCallBytes = 2;
constexpr std::size_t kMostBytes = 32;      // to be moved
constexpr std::size_t kMostEntries = 4096;  // of a table

struct Instruction {
  uint64_t address = 0;
  uint8_t size = 0;
  bool is_call = false;  // of the system
  bool movable = false;
};

// One place: what is moved, up to the call behind it.
struct Site {
  uint64_t from = 0;
  uint64_t call = 0;
};

class Code {
 public:
  explicit Code(const Image& image) : image_(image) {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (const Image::Segment& segment : image.segments) {
      if (segment.executable) Decode(segment);
    }
    for (const uint64_t table : tables_) AddTable(table);
    for (const Image::Segment& segment : image.segments) AddWords(segment);
    std::sort(targets_.begin(), targets_.end());
  }

  std::size_t calls() const { return calls_; }

  std::vector<Site> Sites() const {
    std::vector<Site> sites;
    for (std::size_t i = 0; i < instructions_.size(); ++i) {
      if (!instructions_[i].is_call) continue;
      if (const auto from = FindRoom(i)) sites.push_back({*from, instructions_[i].address});
    }
    return sites;
  }

  // Of a program that was decoded.
  const uint8_t* BytesAt(uint64_t address) const {
    for (const Image::Segment& segment : image_.segments) {
      if (address - segment.address < segment.bytes.size()) {
        return segment.bytes.data() + (address - segment.address);
      }
    }
    return nullptr;
  }

 private:
  void Decode(const Image::Segment& segment);
  void Note(const ZydisDecodedInstruction& decoded, uint64_t address);
  void AddTarget(uint64_t address) {
    if (IsCode(address)) targets_.push_back(address);
  }
  bool IsCode(uint64_t address) const {
    return std::any_of(image_.segments.begin(), image_.segments.end(), [&](const auto& segment) {
      return segment.executable && address - segment.address < segment.bytes.size();
    });
  }
  void AddTable(uint64_t table);
  void AddWords(const Image::Segment& segment);
  std::optional<uint64_t> FindRoom(std::size_t call) const;

  const Image& image_;
  ZydisDecoder decoder_;
  std::vector<Instruction> instructions_;  // by address; what is none is left out
  std::vector<uint64_t> targets_;          // where a jump may lead
  std::vector<uint64_t> tables_;           // what may be tables of distances
  std::size_t calls_ = 0;
};

void Code::Decode(const Image::Segment& segment) {
  for (std::size_t at = 0; at < segment.bytes.size();) {
    ZydisDecodedInstruction decoded;
    const ZyanStatus status = ZydisDecoderDecodeInstruction(
        &decoder_, nullptr, segment.bytes.data() + at, segment.bytes.size() - at, &decoded);
    if (!ZYAN_SUCCESS(status)) {
      ++at;
      continue;
    }
    Note(decoded, segment.address + at);
    at += decoded.length;
  }
}

void Code::Note(const ZydisDecodedInstruction& decoded, uint64_t address) {
  const uint64_t end = address + decoded.length;
  const bool relative = (decoded.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0;
  for (const auto& immediate : decoded.raw.imm) {
    if (immediate.size == 0) continue;
    AddTarget(immediate.is_relative ? end + static_cast<uint64_t>(immediate.value.s)
                                    : immediate.value.u);
  }
  if (relative && decoded.raw.disp.size == 32) {
    const uint64_t address_of = end + static_cast<uint64_t>(decoded.raw.disp.value);
    AddTarget(address_of);
    if (decoded.mnemonic == ZYDIS_MNEMONIC_LEA) tables_.push_back(address_of);
  }
  const bool is_call = decoded.mnemonic == ZYDIS_MNEMONIC_SYSCALL && decoded.length == kCallBytes;
  bool movable = !relative && decoded.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE;
  switch (decoded.meta.category) {
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_CET:  // where an indirect jump may lead
      movable = false;
      break;
    default:
      break;
  }
  if (decoded.mnemonic == ZYDIS_MNEMONIC_UD2) movable = false;
  instructions_.push_back(
      {.address = address, .size = decoded.length, .is_call = is_call, .movable = movable});
  calls_ += is_call;
}

// Distances, of 32 bits, from the table to code, as long as they are that.
void Code::AddTable(uint64_t table) {
  for (std::size_t i = 0; i < kMostEntries; ++i) {
    const uint8_t* const at = BytesAt(table + i * sizeof(int32_t));
    if (at == nullptr || BytesAt(table + i * sizeof(int32_t) + 3) != at + 3) return;
    int32_t distance;
    memcpy(&distance, at, sizeof distance);
    const uint64_t target = table + static_cast<uint64_t>(int64_t{distance});
    if (!IsCode(target)) return;
    targets_.push_back(target);
  }
}

// Addresses that stand in memory. Those of a program that can lie anywhere count from its base.
void Code::AddWords(const Image::Segment& segment) {
  const uint64_t base = image_.segments.front().address >= kImageBase ? kImageBase : 0;
  for (std::size_t at = 0; at + sizeof(uint64_t) <= segment.bytes.size(); at += 4) {
    uint64_t word;
    memcpy(&word, segment.bytes.data() + at, sizeof word);
    AddTarget(base + word);
  }
}

// From where on everything up to the call can be moved, and is enough.
std::optional<uint64_t> Code::FindRoom(std::size_t call) const {
  const uint64_t end = instructions_[call].address;
  uint64_t expected = end;
  for (std::size_t i = call; i-- > 0;) {
    const Instruction& one = instructions_[i];
    if (!one.movable || one.address + one.size != expected) return std::nullopt;
    if (end - one.address > kMostBytes) return std::nullopt;
    if (end - one.address >= kJumpBytes) return one.address;
    // More has to come before it, so nobody may come right here.
    if (std::binary_search(targets_.begin(), targets_.end(), one.address)) return std::nullopt;
    expected = one.address;
  }
  return std::nullopt;
}

void Append(std::vector<uint8_t>& code, std::initializer_list<uint8_t> bytes) {
  code.insert(code.end(), bytes);
}
void Append(std::vector<uint8_t>& code, const void* from, std::size_t size) {
  const auto* const bytes = static_cast<const uint8_t*>(from);
  code.insert(code.end(), bytes, bytes + size);
}

// What was moved; mov $behind the call, %rcx; mov $PatchedGate, %r11; jmp *%r11
void AppendStub(std::vector<uint8_t>& code, const uint8_t* moved, const Site& site) {
  const uint64_t behind = site.call + kCallBytes, gate = PatchedGate();
  Append(code, moved, site.call - site.from);
  Append(code, {0x48, 0xb9});
  Append(code, &behind, sizeof behind);
  Append(code, {0x49, 0xbb});
  Append(code, &gate, sizeof gate);
  Append(code, {0x41, 0xff, 0xe3});
}

}  // namespace

Patches CountPatches(const Image& image) {
  const Code code(image);
  return {.calls = code.calls(), .patched = code.Sites().size()};
}

Patches PatchCalls(const Image& image, Memory& memory) {
  constexpr uint8_t kStop = 0xcc;  // int3
  constexpr std::size_t kStubBytes = kMostBytes + 32;
  const Code code(image);
  const std::vector<Site> sites = code.Sites();
  Patches patches = {.calls = code.calls(), .patched = 0};
  const uint64_t room = sites.empty() ? 0 : memory.ReserveCode(sites.size() * kStubBytes);
  if (room == 0) return patches;
  std::vector<uint8_t> stubs;
  for (const Site& site : sites) {
    const uint64_t stub = room + stubs.size();
    const auto distance = static_cast<int32_t>(stub - (site.from + kJumpBytes));
    AppendStub(stubs, code.BytesAt(site.from), site);
    std::vector<uint8_t> jump = {0xe9};
    Append(jump, &distance, sizeof distance);
    jump.resize(site.call - site.from, kStop);
    memory.Patch(site.from, jump);
    ++patches.patched;
  }
  memory.FillCode(stubs);
  return patches;
}

}  // namespace minit::rig
