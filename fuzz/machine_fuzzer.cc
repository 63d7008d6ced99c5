// Fuzz target: events in any order, absurd ones too, against the invariants of core/machine.h.
//
// Input: a byte for the settings, then events. A byte below 0xE0 picks one of those that can answer
// what the machine asked, any other one of all. What an event carries follows: a byte each, of which
// high ones stand for names (the child, the helper) or announce four bytes more.
// Reaches: all of core/.
// A crash means: an invariant is broken, or the machine left it to chance how it goes on; or a fair
// kernel never brings it to the restart. The story is printed as it went.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/event.h"
#include "core/machine.h"
#include "fuzz/machine_witness.h"
#include "fuzz/target.h"

namespace {

using namespace minit;

// Zeros once the input is used up.
class Input {
 public:
  explicit Input(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  uint32_t Word() {
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i) word = word << 8 | Byte();
    return word;
  }
  int Number() {
    const uint8_t byte = Byte();
    return byte < 0xF0 ? byte : static_cast<int>(Word());
  }
  int Pid(const fuzz::MachineWitness& told) {
    const uint8_t byte = Byte();
    if (byte >= 0xF0) return static_cast<int>(Word());
    return byte >= 0xC0 ? told.child() : byte >= 0x80 ? told.helper() : byte;
  }
  WaitStatus Status() {
    const uint8_t byte = Byte();
    if (byte >= 0xF0) return WaitStatus(Word());
    if (byte >= 0xC0) return WaitStatus(byte & 0x3FU);
    if (byte >= 0x80) return WaitStatus((byte & 0x7FU) << 8 | 0x7FU);
    return WaitStatus(uint32_t{byte} << 8);
  }

 private:
  std::span<const uint8_t> bytes_;
};

constexpr std::size_t kEvents = std::variant_size_v<Event>;

template <typename T>
T Plain() {
  if constexpr (std::is_same_v<T, Reaped>)
    return {0, WaitStatus(0)};
  else
    return T{};
}

template <std::size_t... kIndex>
Event EventNumber(std::size_t index, std::index_sequence<kIndex...>) {
  Event event;
  (void)((kIndex == index && (event = Plain<std::variant_alternative_t<kIndex, Event>>(), true)) ||
         ...);
  return event;
}

Event NextEvent(const fuzz::MachineWitness& told, Input& input) {
  const uint8_t choice = input.Byte();
  std::size_t sensible[kEvents], count = 0;
  for (std::size_t index = 0; index < kEvents; ++index) {
    const Event event = EventNumber(index, std::make_index_sequence<kEvents>());
    if (choice >= 0xE0 || told.Sensible(event)) sensible[count++] = index;
  }
  Event event = EventNumber(sensible[choice % count], std::make_index_sequence<kEvents>());
  std::visit(
      [&]<typename T>(T& what) {
        if constexpr (requires { what.pid; }) what.pid = input.Pid(told);
        if constexpr (requires { what.signal; }) what.signal = input.Number();
        if constexpr (requires { what.error; }) what.error = input.Number();
        if constexpr (requires { what.status; }) what.status = input.Status();
      },
      event);
  return event;
}

void Print(const Event& event, const Action& action) {
  std::fprintf(stderr, "  event %zu", event.index());
  std::visit(
      []<typename T>(const T& what) {
        if constexpr (requires { what.pid; }) std::fprintf(stderr, " pid %d", what.pid);
        if constexpr (requires { what.signal; }) std::fprintf(stderr, " signal %d", what.signal);
        if constexpr (requires { what.error; }) std::fprintf(stderr, " error %d", what.error);
        if constexpr (requires { what.status; }) {
          std::fprintf(stderr, " status 0x%x", what.status.word());
        }
      },
      event);
  std::fprintf(stderr, " -> action %zu\n", action.index());
}

// What a fair kernel answers: the child dies, a delay ends, nothing else lives.
Event FairAnswer(const fuzz::MachineWitness& told) {
  if (told.Sensible(Booted{})) return Booted{};
  switch (static_cast<ActionKind>(told.asked().index())) {
    case kKindOf<StartChild>:
      return ChildStarted{2};
    case kKindOf<AwaitSignal>:
      if (told.armed()) return RebootDue{};
      return SignalTaken{kSigChld};
    case kKindOf<Reap>:
      if (told.child() != 0) return Reaped{told.child(), WaitStatus(0x100)};
      return NoChildren{};
    case kKindOf<Forward>:
      return Forwarded{0};
    case kKindOf<Release>:
      return Released{0};
    case kKindOf<Sync>:
      return NoHelper{0};
    case kKindOf<RebootAfterDelay>:
      return DelayStarted{};
    default:
      return Announced{};
  }
}

// A machine and its witness. Tell and Finish return what is wrong, or nullptr.
class Story {
 public:
  Story(const Settings& settings, bool aloud)
      : machine_(settings), told_(settings), aloud_(aloud) {}

  const char* Tell(const Event& event) {
    const Action action = machine_.Step(event);
    if (aloud_) Print(event, action);
    if (const char* const wrong = told_.Observe(event, action); wrong != nullptr) return wrong;
    if (!machine_.IsValid()) return "the machine is not valid";
    if (machine_.child() != told_.child() || machine_.helper() != told_.helper() ||
        machine_.ended() != told_.ended()) {
      return "the machine believes what it was not told";
    }
    return nullptr;
  }

  const char* Finish() {
    constexpr int kEnough = 64;
    for (int i = 0; i < kEnough; ++i) {
      if (std::holds_alternative<Reboot>(told_.asked())) return nullptr;
      if (const char* const wrong = Tell(FairAnswer(told_)); wrong != nullptr) return wrong;
    }
    return "6: a fair kernel does not bring it to the restart";
  }

  const fuzz::MachineWitness& told() const { return told_; }

 private:
  Machine machine_;
  fuzz::MachineWitness told_;
  bool aloud_;
};

const char* Play(Input input, bool aloud) {
  constexpr int kReapsInARow[] = {256, 1, 2, 7};
  const uint8_t choice = input.Byte();
  const Settings settings{.delay_seconds = 1 + choice / 4,
                          .reaps_in_a_row = kReapsInARow[choice % 4]};
  Story story(settings, aloud);
  while (!input.empty()) {
    if (const char* const wrong = story.Tell(NextEvent(story.told(), input)); wrong != nullptr) {
      return wrong;
    }
  }
  return story.Finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const Input input({data, size});
  if (const char* const wrong = Play(input, false); wrong != nullptr) {
    std::fprintf(stderr, "machine_fuzzer: invariant %s. The story:\n", wrong);
    Play(input, true);
    std::abort();
  }
  return 0;
}
