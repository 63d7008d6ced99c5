#include "harness/scenario/long_lives.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "harness/kernel/call.h"

namespace minit::scenario {
namespace {

using enum MoveKind;

constexpr Who kOrphan = Process(1);

// The child asks for every signal, `moves` come over and over, each at rest, and the child ends.
Scenario LifeOf(std::span<const Move> moves, uint16_t code) {
  Scenario life;
  life.Add({.kind = kHandleAll});
  for (const Move& move : moves) life.Add(move);
  const auto times = static_cast<uint16_t>(kMaxRepeated / moves.size());
  life.Add({.kind = kRepeat, .other = static_cast<uint8_t>(moves.size()), .number = times});
  life.Add({.kind = kExit, .number = code});
  return life;
}

constexpr Move Sent(int signal) {
  return {.kind = kFromAncestor, .who = Who::kInit, .number = static_cast<uint16_t>(signal)};
}

constexpr bool IsOfNoAccount(int signal) {
  return signal == kernel::kSigKill || signal == kernel::kSigStop || signal == kernel::kSigChld;
}

constexpr std::array kOfEveryDay = {kernel::kSigTerm, kernel::kSigHup,  kernel::kSigInt,
                                    kernel::kSigUsr1, kernel::kSigUsr2, kernel::kSigCont};

// Twice in a round, for that can come 5,000 times at most.
Scenario LifeOfOne(int signal) {
  return LifeOf(std::array{Sent(signal), Sent(signal)}, signal % 2 == 0 ? 0 : 1);
}

// An orphan comes, and goes in that way.
Scenario LifeOfDeaths(std::initializer_list<Move> ways) {
  std::vector<Move> moves = {{.kind = kDoubleFork, .other = static_cast<uint8_t>(kOrphan)}};
  moves.insert(moves.end(), ways.begin(), ways.end());
  return LifeOf(moves, 1);
}

// They die together, while init has something else to do: one SIGCHLD stands for all. Whom init reaps last
// of them it cannot miss by leaving off with him: but for a few he is the last of no burst of another size.
Scenario LifeOfBursts(int size, uint16_t code) {
  Scenario life;
  life.Add({.kind = kHandleAll});
  life.Add(Sent(kernel::kSigHup));
  life.Add({.kind = kBurst, .number = static_cast<uint16_t>(size), .anchor = {.call = 1}});
  life.Add({.kind = kRepeat, .other = 2, .number = static_cast<uint16_t>(kMaxRepeated / size)});
  life.Add({.kind = kExit, .number = code});
  return life;
}

// What never works: the restart is refused each time, and life goes on.
Scenario LifeAfterRefusal() {
  constexpr uint8_t kEperm = 1;
  Scenario life;
  life.Add({.kind = kDoubleFork, .other = static_cast<uint8_t>(kOrphan)});
  life.Add({.kind = kFailReboots, .other = kEperm, .number = kAlways});
  life.Add({.kind = kExit, .number = 1});
  life.Add({.kind = kPass, .number = 31000});
  life.Add({.kind = kBurst, .who = kOrphan, .number = 1});
  life.Add(Sent(kernel::kSigHup));
  life.Add({.kind = kRepeat, .other = 3, .number = kMaxRepeated / 3});
  return life;
}

Scenario LifeOfEverything(uint16_t code) {
  std::vector<Move> moves;
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    if (!IsOfNoAccount(signal)) moves.push_back(Sent(signal));
  }
  moves.push_back({.kind = kBurst, .number = 1});
  return LifeOf(moves, code);
}

}  // namespace

std::vector<Scenario> LongLives() {
  const auto dies = [](MoveKind kind, int number) {
    return Move{.kind = kind, .who = kOrphan, .number = static_cast<uint16_t>(number)};
  };
  std::vector<Scenario> lives = {
      LifeOfEverything(0),
      LifeOfEverything(1),
      LifeOfBursts(50, 0),
      LifeOfBursts(47, 1),
      LifeOfDeaths({dies(kExit, 0)}),
      LifeOfDeaths({dies(kExit, 1)}),
      LifeOfDeaths({dies(kDie, kernel::kSigKill)}),
      LifeOfDeaths({dies(kDie, kernel::kSigTerm)}),
      LifeOfDeaths({dies(kDumpCore, kernel::kSigSegv)}),
      LifeOfDeaths({dies(kTraceMe, 0), dies(kFromKernel, kernel::kSigTerm)}),
      LifeOf(std::array{Sent(kernel::kSigChld), Sent(kernel::kSigChld)}, 1),
      LifeOf(std::array{Move{.kind = kFreeze}, Move{.kind = kThaw}, Sent(kernel::kSigTerm)}, 1),
      LifeAfterRefusal()};
  for (const int signal : kOfEveryDay) lives.push_back(LifeOfOne(signal));
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    const bool told = IsOfNoAccount(signal) || std::ranges::count(kOfEveryDay, signal) != 0;
    if (!told) lives.push_back(LifeOfOne(signal));
  }
  return lives;
}

}  // namespace minit::scenario
