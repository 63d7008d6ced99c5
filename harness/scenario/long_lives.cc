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
Scenario LifeOf(std::span<const Move> moves) {
  Scenario life;
  life.Add({.kind = kHandleAll});
  for (const Move& move : moves) life.Add(move);
  const auto times = static_cast<uint16_t>(kMaxRepeated / moves.size());
  life.Add({.kind = kRepeat, .other = static_cast<uint8_t>(moves.size()), .number = times});
  life.Add({.kind = kExit});
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
Scenario LifeOfOne(int signal) { return LifeOf(std::array{Sent(signal), Sent(signal)}); }

// An orphan comes, and goes in that way.
Scenario LifeOfDeaths(std::initializer_list<Move> ways) {
  std::vector<Move> moves = {{.kind = kDoubleFork, .other = static_cast<uint8_t>(kOrphan)}};
  moves.insert(moves.end(), ways.begin(), ways.end());
  return LifeOf(moves);
}

// They die together, while init has something else to do: one SIGCHLD stands for all. Whom init reaps last
// of them it cannot miss by leaving off with him: but for a few he is the last of no burst of another size.
Scenario LifeOfBursts(int size) {
  Scenario life;
  life.Add({.kind = kHandleAll});
  life.Add(Sent(kernel::kSigHup));
  life.Add({.kind = kBurst, .number = static_cast<uint16_t>(size), .anchor = {.call = 1}});
  life.Add({.kind = kRepeat, .other = 2, .number = static_cast<uint16_t>(kMaxRepeated / size)});
  life.Add({.kind = kExit});
  return life;
}

Scenario LifeOfEverything() {
  std::vector<Move> moves;
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    if (!IsOfNoAccount(signal)) moves.push_back(Sent(signal));
  }
  moves.push_back({.kind = kBurst, .number = 1});
  return LifeOf(moves);
}

}  // namespace

std::vector<Scenario> LongLives() {
  std::vector<Scenario> lives = {
      LifeOfEverything(),
      LifeOfBursts(50),
      LifeOfBursts(47),
      LifeOfDeaths({{.kind = kExit, .who = kOrphan}}),
      LifeOfDeaths({{.kind = kDie, .who = kOrphan, .number = kernel::kSigKill}}),
      LifeOfDeaths({{.kind = kTraceMe, .who = kOrphan},
                    {.kind = kFromKernel, .who = kOrphan, .number = kernel::kSigTerm}})};
  for (const int signal : kOfEveryDay) lives.push_back(LifeOfOne(signal));
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    const bool told = IsOfNoAccount(signal) || std::ranges::count(kOfEveryDay, signal) != 0;
    if (!told) lives.push_back(LifeOfOne(signal));
  }
  return lives;
}

}  // namespace minit::scenario
