#include "harness/scenario/entry.h"

#include <algorithm>

#include "harness/kernel/call.h"
#include "harness/scenario/vocabulary.h"

namespace minit::scenario {
namespace {

using kernel::SignalBit;

constexpr uint64_t kSoft = ~(SignalBit(kernel::kSigKill) | SignalBit(kernel::kSigStop));

constexpr uint64_t SetOf(int signal) { return signal == 0 ? kSoft : SignalBit(signal); }

MoveKind KindOfChild(Inheritance how) {
  return static_cast<MoveKind>(static_cast<int>(MoveKind::kInheritLive) + static_cast<int>(how) -
                               static_cast<int>(Inheritance::kLive));
}

Inheritance HowOfChild(MoveKind kind) {
  return static_cast<Inheritance>(static_cast<int>(Inheritance::kLive) + static_cast<int>(kind) -
                                  static_cast<int>(MoveKind::kInheritLive));
}

}  // namespace

Items::Items(const Entry& entry) {
  for (int i = 0; i < 3; ++i) {
    const Stream stream = entry.streams[static_cast<std::size_t>(i)];
    if (stream != Stream::kConsole) Add(MoveKind::kStream, 0, i, static_cast<int>(stream));
  }
  for (int i = 3; i < 64; ++i) {
    if ((entry.descriptors >> i & 1) != 0) Add(MoveKind::kDescriptor, 0, 0, i);
  }
  AddSet(MoveKind::kIgnored, entry.ignored);
  AddSet(MoveKind::kMasked, entry.mask);
  AddSet(MoveKind::kPending, entry.pending);
  for (int i = 0; i < kProcesses; ++i) {
    const Entry::Child& child = entry.children[static_cast<std::size_t>(i)];
    if (child.how != Inheritance::kNone) Add(KindOfChild(child.how), i + 1, 0, child.value);
  }
  if (entry.signal_queue != kPlainSignalQueue) {
    Add(MoveKind::kSignalQueue, 0, 0, entry.signal_queue);
  }
  if (entry.environment != Environment::kPlain) {
    Add(MoveKind::kEnvironment, 0, 0, static_cast<int>(entry.environment));
  }
  if (entry.arguments != Arguments::kPlain) {
    Add(MoveKind::kArguments, 0, 0, static_cast<int>(entry.arguments));
  }
  for (int i = 0; i < 2; ++i) {
    if ((entry.missing >> i & 1) != 0) Add(MoveKind::kMissing, 0, i, 0);
  }
  if (entry.pid_namespace) Add(MoveKind::kPidNamespace, 0, 0, 0);
  if (entry.leader_status) Add(MoveKind::kLeaderStatus, 0, 0, 0);
}

void Items::Add(MoveKind kind, int who, int other, int number) {
  storage_[size_++] = {.kind = kind,
                       .who = static_cast<Who>(who),
                       .other = static_cast<uint8_t>(other),
                       .number = static_cast<uint16_t>(number)};
}

void Items::AddSet(MoveKind kind, uint64_t set) {
  if (set == kSoft) return Add(kind, 0, 0, 0);
  for (int signal = 1; signal <= 64; ++signal) {
    if ((set & SignalBit(signal)) != 0) Add(kind, 0, 0, signal);
  }
}

void Apply(const Move& item, Entry& entry) {
  switch (item.kind) {
    case MoveKind::kStream:
      entry.streams[item.other] = static_cast<Stream>(item.number);
      break;
    case MoveKind::kDescriptor:
      entry.descriptors |= uint64_t{1} << item.number;
      break;
    case MoveKind::kIgnored:
      entry.ignored |= SetOf(item.number);
      break;
    case MoveKind::kMasked:
      entry.mask |= SetOf(item.number);
      break;
    case MoveKind::kPending:
      entry.pending |= SetOf(item.number);
      break;
    case MoveKind::kInheritLive:
    case MoveKind::kInheritExited:
    case MoveKind::kInheritKilled:
    case MoveKind::kInheritTraced:
      entry.children[static_cast<std::size_t>(item.who) - 1] = {
          .how = HowOfChild(item.kind), .value = static_cast<uint8_t>(item.number)};
      break;
    case MoveKind::kSignalQueue:
      entry.signal_queue = item.number;
      break;
    case MoveKind::kEnvironment:
      entry.environment = static_cast<Environment>(item.number);
      break;
    case MoveKind::kArguments:
      entry.arguments = static_cast<Arguments>(item.number);
      break;
    case MoveKind::kMissing:
      entry.missing = static_cast<uint8_t>(entry.missing | 1 << item.other);
      break;
    case MoveKind::kPidNamespace:
      entry.pid_namespace = true;
      break;
    case MoveKind::kLeaderStatus:
      entry.leader_status = true;
      break;
    default:
      break;  // a move: excluded by contract
  }
}

bool IsValid(const Entry& entry) {
  // What the items cannot say: enumerations and sets out of range, values that no item carries.
  const auto valid_child = [](const Entry::Child& child) {
    if (child.how > Inheritance::kTraced) return false;
    if (child.how == Inheritance::kNone) return child.value == 0;
    const Move item{.kind = KindOfChild(child.how), .who = Process(1), .number = child.value};
    return IsValid(item);
  };
  return std::all_of(entry.streams.begin(), entry.streams.end(),
                     [](Stream stream) { return stream <= Stream::kFile; }) &&
         (entry.descriptors & 7) == 0 &&
         ((entry.ignored | entry.mask | entry.pending) & ~kSoft) == 0 &&
         std::all_of(entry.children.begin(), entry.children.end(), valid_child) &&
         entry.signal_queue <= kPlainSignalQueue && entry.environment <= Environment::kLong &&
         entry.arguments <= Arguments::kExtra && entry.missing < 4;
}

}  // namespace minit::scenario
