#include "harness/scenario/generate.h"

#include <algorithm>
#include <array>

#include "harness/kernel/call.h"
#include "harness/scenario/entry.h"

namespace minit::scenario {
namespace {

using enum MoveKind;
using kernel::kSigAbrt, kernel::kSigChld, kernel::kSigHup, kernel::kSigInt, kernel::kSigKill,
    kernel::kSigStop, kernel::kSigTerm, kernel::kSigUsr1;

constexpr Who kChild = Who::kChild, kHelper = Who::kHelper, kInit = Who::kInit;
constexpr Who kFirst = Process(1), kSecond = Process(2);
constexpr uint8_t kEagain = 11, kEnoent = 2, kEperm = 1;

// A move at rest, or before call `call`.
constexpr Move Of(MoveKind kind, Who who = kChild, int number = 0, uint16_t call = 0) {
  return {kind, who, 0, static_cast<uint16_t>(number), {call}};
}
constexpr Move On(MoveKind kind, Who who, Who other, int number = 0, uint16_t call = 0) {
  return {kind, who, static_cast<uint8_t>(other), static_cast<uint16_t>(number), {call}};
}
constexpr Move With(MoveKind kind, Who who, uint8_t other, int number, uint16_t call = 0) {
  return {kind, who, other, static_cast<uint16_t>(number), {call}};
}

// --- Stories: beginnings of what went wrong somewhere, for chance to go on from ---

constexpr Move kOrphanDies[] = {On(kDoubleFork, kChild, kFirst), Of(kExit, kFirst, 3)};
constexpr Move kTermAndRace[] = {Of(kHandleAll), Of(kFromAncestor, kInit, kSigTerm),
                                 Of(kExit, kChild, 0, 2)};
constexpr Move kStorm[] = {With(kBurst, kChild, 1, 257), Of(kFromAncestor, kInit, kSigHup, 256),
                           Of(kExit, kChild, 7, 258)};
constexpr Move kBeforeSetSid[] = {Of(kKeepNext, kChild, 0, 1), Of(kFromAncestor, kInit, kSigTerm),
                                  Of(kFromAncestor, kInit, 34), Of(kOneCall), Of(kLet)};
constexpr Move kFrozen[] = {On(kDoubleFork, kChild, kFirst), Of(kFreeze), Of(kExit, kFirst, 1),
                            Of(kExit, kChild, 2), Of(kThaw)};
constexpr Move kTraced[] = {On(kDoubleFork, kChild, kFirst), Of(kTraceMe, kFirst),
                            Of(kFromKernel, kFirst, kSigUsr1)};
constexpr Move kTracedChild[] = {Of(kTraceMe), Of(kExec), Of(kDumpCore, kChild, kSigAbrt)};
constexpr Move kHelperDies[] = {Of(kExit), Of(kDie, kHelper, kSigKill, 4), Of(kPass, kChild, 1000)};
constexpr Move kHelperWaits[] = {Of(kKeepNext), Of(kExit), Of(kPass, kChild, 29999),
                                 Of(kLet, kHelper)};
constexpr Move kHung[] = {Of(kHangSync), Of(kExit), Of(kPass, kChild, 30001)};
constexpr Move kRefused[] = {With(kFailReboots, kChild, kEperm, 2), Of(kExit, kChild, 1),
                             Of(kPass, kChild, 30001), Of(kPass, kChild, 31000)};
constexpr Move kNoFork[] = {With(kFailForks, kChild, kEagain, 1, 1)};
constexpr Move kNoExec[] = {With(kFailExecs, kChild, kEnoent, 1, 1)};
constexpr Move kLeaderFirst[] = {Of(kThreadStart), Of(kLeaderExit, kChild, 9), Of(kThreadExit)};
constexpr Move kNumberAgain[] = {On(kDoubleFork, kChild, kFirst), Of(kExit),
                                 Of(kNextPid, kChild, 0), On(kFork, kFirst, kSecond),
                                 Of(kFromAncestor, kInit, kSigTerm)};
constexpr Move kMassacre[] = {On(kDoubleFork, kChild, kFirst), Of(kExit, kChild, 1),
                              Of(kKillAll, kFirst, kSigKill, 5)};
constexpr Move kQueues[] = {Of(kHandleAll), Of(kFreeze), On(kQueue, kChild, kInit, 34),
                            With(kRepeat, kChild, 1, 64), Of(kThaw)};
constexpr Move kForged[] = {On(kQueue, kChild, kInit, kSigChld),
                            On(kKillThread, kChild, kInit, kSigChld)};
constexpr Move kStops[] = {Of(kStop, kChild, kSigStop), Of(kFromAncestor, kInit, kSigInt),
                           Of(kContinue)};
constexpr Move kInterrupted[] = {Of(kFreeze), Of(kThaw), Of(kExit, kChild, 0, 1)};
constexpr Move kForeignTracer[] = {On(kDoubleFork, kChild, kFirst), On(kAttach, kFirst, kChild),
                                   Of(kDie, kChild, kSigKill), On(kDetach, kFirst, kChild)};
constexpr Move kHelperTraced[] = {On(kDoubleFork, kChild, kFirst), Of(kExit),
                                  On(kSeize, kFirst, kHelper, 0, 5),
                                  On(kKill, kFirst, kHelper, kSigStop, 6)};
constexpr Move kFullConsole[] = {Of(kFillConsole, kChild, 10), Of(kExit, kChild, 1)};
constexpr Move kCounters[] = {With(kBurst, kChild, 0, 256), With(kRepeat, kChild, 1, 256)};
constexpr Move kLateFlood[] = {On(kDoubleFork, kChild, kFirst), Of(kExit, kChild, 1),
                               With(kBurst, kFirst, 0, 64), On(kQueue, kFirst, kInit, kSigTerm),
                               With(kRepeat, kChild, 2, 16)};

constexpr Move kTakesItsTime[] = {Of(kHandleAll), Of(kFromAncestor, kInit, kSigTerm),
                                  Of(kPass, kChild, 65000), With(kRepeat, kChild, 1, 64)};

constexpr std::span<const Move> kStories[] = {
    kOrphanDies,  kTermAndRace, kStorm,         kBeforeSetSid, kFrozen,      kTraced,
    kTracedChild, kHelperDies,  kHelperWaits,   kHung,         kRefused,     kNoFork,
    kNoExec,      kLeaderFirst, kNumberAgain,   kMassacre,     kQueues,      kForged,
    kStops,       kInterrupted, kForeignTracer, kHelperTraced, kFullConsole, kCounters,
    kLateFlood,   kTakesItsTime};

// --- Chance ---

MoveKind RandomKind(int first, int last, Random& random) {
  uint32_t total = 0;
  for (int i = first; i < last; ++i) total += KindOf(static_cast<MoveKind>(i)).weight;
  uint32_t left = random.Below(total);
  int kind = first;
  while (left >= KindOf(static_cast<MoveKind>(kind)).weight) {
    left -= KindOf(static_cast<MoveKind>(kind++)).weight;
  }
  return static_cast<MoveKind>(kind);
}

Move RandomOfKind(MoveKind kind, Random& random) {
  Move move{.kind = kind};
  for (const Field field : kFields) {
    Set(move, field, RandomOperand(KindOf(kind).operands[field], random));
  }
  if (HasAnchor(kind)) move.anchor = RandomAnchor(random);
  return move;
}

Who RandomWho(Operand operand, Random& random) {
  const uint32_t dice = random.Below(16);
  if (operand == Operand::kNamed)
    return Process(1 + static_cast<int>(dice < 12 ? dice % 3 : dice % 8));
  if (operand == Operand::kAnyone && dice < 7) return kInit;
  if (dice < 10) return kChild;
  if (dice < 12) return kFirst;
  if (dice < 13) return kHelper;
  return Process(1 + static_cast<int>(random.Below(kProcesses)));
}

void AddIfRoom(Scenario& scenario, const Move& move) {
  if (!scenario.full()) scenario.Add(move);
}

// The child's end, and what comes just then.
void AddEnd(Scenario& scenario, Random& random) {
  static constexpr MoveKind kEnds[] = {kExit, kExit, kExit, kDie, kDumpCore};
  Move end = RandomOfKind(random.Pick(std::span<const MoveKind>(kEnds)), random);
  end.who = kChild;
  AddIfRoom(scenario, end);
  for (uint32_t i = random.Below(4); i > 0; --i) {
    Move race = RandomMove(random);
    if (HasAnchor(race.kind)) race.anchor.call = static_cast<uint16_t>(random.Below(13));
    AddIfRoom(scenario, race);
  }
}

}  // namespace

uint16_t RandomOperand(Operand operand, Random& random) {
  const OperandRange& range = RangeOf(operand);
  if (IsWho(operand)) return static_cast<uint16_t>(RandomWho(operand, random));
  if (operand == Operand::kStretch && !random.OneIn(4)) {
    return static_cast<uint16_t>(1 + random.Below(4));
  }
  if (!range.edges.empty() && !random.OneIn(4)) return range.Settle(random.Pick(range.edges));
  return range.Settle(range.low + random.Below(uint32_t{range.high} - range.low + 1));
}

Anchor RandomAnchor(Random& random) {
  const uint32_t dice = random.Below(8);
  if (dice < 4) return {};
  if (dice < 7) return {static_cast<uint16_t>(1 + random.Below(12))};
  return {RandomOperand(Operand::kCall, random)};
}

Move RandomMove(Random& random) { return RandomOfKind(RandomKind(0, kMoveKinds, random), random); }

Move RandomEntryItem(Random& random) {
  return RandomOfKind(RandomKind(kMoveKinds, kAllKinds, random), random);
}

std::span<const Move> RandomStory(Random& random) {
  return random.Pick(std::span<const std::span<const Move>>(kStories));
}

Scenario Generate(uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  if (random.OneIn(6)) {
    for (uint32_t i = 1 + random.Below(3); i > 0; --i) {
      Apply(RandomEntryItem(random), scenario.entry);
    }
  }
  const uint32_t size = random.OneIn(64) ? kMaxMoves : random.OneIn(8) ? 40 : 10;
  const uint32_t wanted = random.Below(size);
  while (scenario.size() < wanted) {
    if (random.OneIn(2)) {
      scenario.Add(RandomMove(random));
      continue;
    }
    for (Move move : RandomStory(random)) {
      if (HasAnchor(move.kind) && random.OneIn(8)) move.anchor = RandomAnchor(random);
      if (random.OneIn(8)) {
        move.number = RandomOperand(KindOf(move.kind).operands[kNumberField], random);
      }
      AddIfRoom(scenario, move);
    }
  }
  if (!random.OneIn(5)) AddEnd(scenario, random);
  return scenario;
}

}  // namespace minit::scenario
