#include "harness/rig/machine_rig.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>
#include <variant>

#include "core/wait_status.h"
#include "harness/kernel/call.h"
#include "harness/linux/announcement.h"

namespace minit::rig {
namespace {

using kernel::Call;
using kernel::kForever;
using kernel::kInit;
using kernel::Path;
namespace calls = kernel::calls;
using What = Announce::What;

constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kLooksAtWriter = 20;
constexpr uint64_t kLookEveryNs = 50'000'000;
constexpr int16_t kStandardError = 2;
constexpr uint32_t kConsoleFlags =
    kernel::kOpenNonBlock | kernel::kOpenNoTerminal | kernel::kOpenCloseOnExec;

// The word in the memory of init's other processes: what runs there, and how far it has come.
//   bits 0-7 which program, 8-15 how far; a syncer's: 16-47 the last writer; a writer's: 16-23 what
//   it announces, 24-39 the number in it, 40-55 how many bytes were written
enum class Program : uint8_t { kChild = 1, kSyncer, kWriter };

constexpr uint64_t Word(Program program, uint64_t stage = 0) {
  return static_cast<uint64_t>(program) | stage << 8;
}
constexpr uint64_t WriterWord(const Announce& announce, uint64_t written) {
  return Word(Program::kWriter) | static_cast<uint64_t>(announce.what) << 16 |
         static_cast<uint64_t>(static_cast<uint16_t>(announce.number)) << 24 | written << 40;
}

constexpr std::size_t kWhats = static_cast<std::size_t>(What::kNonsense) + 1;
constexpr std::size_t kNumbers = 256;  // statuses end at 254, errors of the model well below

using Lines = std::array<std::array<std::string, kNumbers>, kWhats>;

Lines ComposeAll() {
  Lines lines;
  for (std::size_t what = 0; what < kWhats; ++what) {
    for (std::size_t number = 0; number < kNumbers; ++number) {
      Line line;
      Compose({static_cast<What>(what), static_cast<int>(number)}, line);
      lines[what][number].assign(line.text(), line.size());
    }
  }
  return lines;
}

}  // namespace

std::string_view TextOf(const Announce& announce) {
  static const Lines& lines = *new Lines(ComposeAll());
  const auto number = static_cast<std::size_t>(announce.number);
  return lines[static_cast<std::size_t>(announce.what)][std::min(number, kNumbers - 1)];
}

Call MachineRig::Answer(const Turn& turn, const Cast& cast, kernel::Kernel& kernel, Text text) {
  if (turn.pid != kInit) return AnswerForOther(turn, kernel, text);
  if (point_ != Point::kActs) return SetUp(turn.result->value, cast, kernel, text);
  return Act(EventOf(*turn.result), kernel, text);
}

// Driver::SetUp. Each case is what comes after the call that the point names.
Call MachineRig::SetUp(int32_t result, const Cast& cast, kernel::Kernel& kernel, Text text) {
  const auto ask = [this](Point point, const Call& call) {
    point_ = point;
    return call;
  };
  switch (point_) {
    case Point::kOpensNull:
      if (result > kStandardError) {
        return ask(Point::kClosesNull, calls::Close(static_cast<int16_t>(result)));
      }
      if (result == kStandardError || result < 0) break;
      [[fallthrough]];
    case Point::kEntered:
      return ask(Point::kOpensNull, calls::Open(cast.Named(Path::kNull), kernel::kOpenNoTerminal));
    case Point::kClosesNull:
      break;
    case Point::kClosesRange:
      return ask(Point::kDefaultsChild, calls::SigAction(kernel::kSigChld, kernel::kSigDfl));
    case Point::kDefaultsChild:
      return ask(Point::kBlocks, calls::SigProcMask(kernel::kMaskSet, kernel::kAllSignals));
    case Point::kBlocks:
      return ask(Point::kOpensConsole, calls::Open(cast.Named(Path::kConsole), kConsoleFlags));
    case Point::kOpensConsole:
      if (result < 0) {
        const Path reopened = cast.Reopened(kInit, kStandardError, kernel);
        return ask(Point::kReopens, calls::Open(reopened, kConsoleFlags));
      }
      console_ = static_cast<int16_t>(result);
      return Act(Booted{}, kernel, text);
    case Point::kReopens: {
      const auto reopened = static_cast<int16_t>(result);
      const bool is_file = kernel.DescriptorPath(kInit, reopened) == Path::kOther;
      if (result >= 0 && is_file) return ask(Point::kClosesFile, calls::Close(reopened));
      console_ = reopened;
      return Act(Booted{}, kernel, text);
    }
    default:  // it has closed what heeds no O_NONBLOCK: console_ is none
      return Act(Booted{}, kernel, text);
  }
  return ask(Point::kClosesRange,
             calls::CloseRange(kStandardError + 1, INT_MAX, kernel::kCloseRangeOnExec));
}

// Driver::Perform, up to the first call. What the clock is read for is done once without one: a machine
// at fault that arms the delay or waits all the same makes calls for it, again and again, and so spins.
Call MachineRig::Act(const Event& event, kernel::Kernel& kernel, Text text) {
  action_ = machine_.Step(event);
  if (const auto* delay = std::get_if<RebootAfterDelay>(&action_); delay != nullptr) {
    deadline_ns_ = kernel.now_ns() + static_cast<uint64_t>(delay->seconds) * kSecondNs;
    action_ = machine_.Step(DelayStarted{});
  }
  if (deadline_ns_ == kForever) return Perform(kForever, kernel, text);
  if (deadline_ns_ <= kernel.now_ns() && std::holds_alternative<AwaitSignal>(action_)) {
    action_ = machine_.Step(RebootDue{});
  }
  return Perform(std::max(deadline_ns_, kernel.now_ns()) - kernel.now_ns(), kernel, text);
}

// The call that the action is. `left_ns`: until the deadline.
Call MachineRig::Perform(uint64_t left_ns, kernel::Kernel& kernel, Text text) {
  point_ = Point::kActs;
  switch (static_cast<ActionKind>(action_.index())) {
    case kKindOf<StartChild>:
      exec_error_ = 0;
      kernel.SetMemory(kInit, Word(Program::kChild));
      return calls::Fork(kernel::kCloneVfork);
    case kKindOf<AwaitSignal>: {
      using Patience = AwaitSignal::Patience;
      const Patience patience = std::get<AwaitSignal>(action_).patience;
      const uint64_t limit_ns = patience == Patience::kNone        ? 0
                                : patience == Patience::kOneSecond ? std::min(left_ns, kSecondNs)
                                                                   : left_ns;
      return calls::SigTimedWait(kernel::kAllSignals, limit_ns);
    }
    case kKindOf<Reap>:
      return calls::Wait4(-1, kernel::kWaitNoHang | kernel::kWaitAll);
    case kKindOf<Forward>: {
      const auto& forward = std::get<Forward>(action_);
      return calls::Kill(-forward.child, forward.signal);
    }
    case kKindOf<Release>: {
      const auto& release = std::get<Release>(action_);
      return calls::Ptrace(kernel::kPtraceDetach, release.pid, release.signal);
    }
    case kKindOf<Announce>:
      return Write(std::get<Announce>(action_), kernel, text);
    case kKindOf<Sync>:
      kernel.SetMemory(kInit, Word(Program::kSyncer) | static_cast<uint64_t>(writer_) << 16);
      return calls::Fork();
    case kKindOf<RebootAfterDelay>:
      return calls::ClockRead();
    default:
      return calls::Reboot(kernel::kRebootRestart);
  }
}

// Console::Write. (The model knows no broken pipe.)
Call MachineRig::Write(const Announce& announce, kernel::Kernel& kernel, Text text) const {
  if (console_ < 0) {
    kernel.SetMemory(kInit, WriterWord(announce, 0));
    return calls::Fork();
  }
  *text = TextOf(announce);
  return calls::Write(console_, static_cast<int>(text->size()));
}

Event MachineRig::EventOf(const kernel::Result& result) {
  const int value = result.value;
  const int error = value < 0 ? -value : 0;
  switch (static_cast<ActionKind>(action_.index())) {
    case kKindOf<StartChild>:
      if (error != 0) return ChildFailed{error};
      if (exec_error_ != 0) return ChildFailed{exec_error_};
      return ChildStarted{value};
    case kKindOf<AwaitSignal>:
      if (value > 0) return SignalTaken{value};
      if (error == EAGAIN) return NothingTaken{};
      return Interrupted{};
    case kKindOf<Reap>:
      if (value > 0) return Reaped{value, WaitStatus(static_cast<uint32_t>(result.status))};
      if (value == 0) return NothingToReap{};
      if (error == ECHILD) return NoChildren{};
      return WaitFailed{error};
    case kKindOf<Forward>:
      return Forwarded{error};
    case kKindOf<Release>:
      return Released{error};
    case kKindOf<Announce>:
      if (console_ < 0) writer_ = std::max(value, 0);
      return Announced{};
    case kKindOf<Sync>:
      if (error != 0) return NoHelper{error};
      return SyncStarted{value};
    case kKindOf<RebootAfterDelay>:
      return DelayStarted{};
    default:
      return RebootFailed{error};
  }
}

// --- Init's other processes ----------------------------------------------------------------------

Call MachineRig::AnswerForOther(const Turn& turn, kernel::Kernel& kernel, Text text) {
  const uint64_t word = kernel.Memory(turn.pid);
  const uint64_t stage = word >> 8 & 0xff;
  switch (static_cast<Program>(word & 0xff)) {
    case Program::kChild:
      return AnswerForChild(turn, stage, kernel);
    case Program::kWriter:
      return AnswerForWriter(turn, word, kernel, text);
    default:
      return AnswerForSyncer(turn, word, kernel);
  }
}

// The sync, then Console::AwaitWriter: `stage` calls were made, the sync and pairs of kill and sleep.
Call MachineRig::AnswerForSyncer(const Turn& turn, uint64_t word, kernel::Kernel& kernel) {
  const uint64_t stage = word >> 8 & 0xff;
  const auto writer = static_cast<kernel::Pid>(word >> 16 & 0xffffffff);
  kernel.SetMemory(turn.pid, word + (1 << 8));
  if (stage == 0) return calls::Sync();
  const bool asked = stage % 2 == 0;
  const bool gone = writer == 0 || (asked && turn.result->value != 0);
  if (gone || stage > 2 * kLooksAtWriter) return calls::Exit(0);
  return asked ? calls::Sleep(kLookEveryNs) : calls::Kill(writer, 0);
}

// Driver::BecomeChild.
Call MachineRig::AnswerForChild(const Turn& turn, uint64_t stage, kernel::Kernel& kernel) {
  if (stage == 0) {
    const uint64_t ignored = kernel.Look(turn.pid).ignored;
    if (ignored != 0) {
      return calls::SigAction(std::countr_zero(ignored) + 1, kernel::kSigDfl);
    }
  }
  kernel.SetMemory(turn.pid, Word(Program::kChild, stage + 1));
  switch (stage) {
    case 0:
      return calls::SetSid();
    case 1:
      return calls::SigProcMask(kernel::kMaskSet, 0);
    case 2:
      return calls::Exec();
    default:
      exec_error_ = static_cast<int16_t>(-turn.result->value);
      return calls::Exit(127);
  }
}

// Console::WriteByHelper. The first result is that of the fork.
Call MachineRig::AnswerForWriter(const Turn& turn, uint64_t word, kernel::Kernel& kernel,
                                 Text text) {
  const Announce announce{static_cast<What>(word >> 16 & 0xff),
                          static_cast<int>(word >> 24 & 0xffff)};
  const std::string_view whole = TextOf(announce);
  const int32_t result = turn.result->value;
  const bool newborn = (word >> 8 & 0xff) == 0;
  const uint64_t written = (word >> 40 & 0xffff) + static_cast<uint64_t>(newborn ? 0 : result);
  if (!newborn && (result <= 0 || written >= whole.size())) return calls::Exit(0);
  kernel.SetMemory(turn.pid, WriterWord(announce, written) | 1 << 8);
  *text = whole.substr(written);
  return calls::Write(kStandardError, static_cast<int>(text->size()));
}

uint64_t MachineRig::Hash(uint64_t origin_ns) const {
  uint64_t hash =
      deadline_ns_ == kForever ? kForever : std::max(deadline_ns_, origin_ns) - origin_ns;
  const auto mix = [&hash](uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  };
  const auto bytes = std::bit_cast<std::array<uint32_t, sizeof(Machine) / 4>>(machine_);
  for (const uint32_t word : bytes) mix(word);
  mix(static_cast<uint64_t>(action_.index()) << 32 | static_cast<uint64_t>(point_) << 16 |
      static_cast<uint16_t>(console_));
  mix(static_cast<uint64_t>(writer_) << 16 | static_cast<uint16_t>(exec_error_));
  std::visit(
      [&mix](const auto& action) {
        using T = std::decay_t<decltype(action)>;
        if constexpr (std::is_same_v<T, Forward>) mix(static_cast<uint64_t>(action.signal));
        if constexpr (std::is_same_v<T, Release>) {
          mix(static_cast<uint64_t>(action.pid) * 128 + static_cast<uint64_t>(action.signal));
        }
        if constexpr (std::is_same_v<T, AwaitSignal>) mix(static_cast<uint64_t>(action.patience));
        if constexpr (std::is_same_v<T, Announce>) {
          mix(static_cast<uint64_t>(action.what) * 1024 + static_cast<uint64_t>(action.number));
        }
      },
      action_);
  return hash;
}

}  // namespace minit::rig
