// World: one state of the explorer, and what can come next in it.

#ifndef MINIT_PROPTEST_WORLD_H_
#define MINIT_PROPTEST_WORLD_H_

#include <array>
#include <cstdint>
#include <span>

#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"
#include "proptest/explorer.h"
#include "proptest/faulty_rig.h"

namespace minit::proptest {

// What the world can still do, in terms of some Bounds.
struct Left {
  uint8_t born = 0;         // orphans
  bool child_over = false;  // it was ended: once, for until one calls exec the name goes on
  uint8_t mishaps = 0;      // that can still begin
  uint8_t open = 0;         // the mishap, from 1, whose second move is still to come; 0: none
  uint16_t signals = 0;     // bit i: Bounds::signals[i]
  uint16_t untouched = 0;   // bit i: mishap i was not

  uint64_t Word() const {
    return uint64_t{born} | uint64_t{child_over} << 4 | uint64_t{mishaps} << 8 |
           uint64_t{open} << 16 | uint64_t{signals} << 24 |
           (mishaps == 0 ? 0 : uint64_t{untouched} << 40);
  }
};

// One way to go on.
struct Choice {
  enum class Kind : uint8_t { kGoOn, kChildEnds, kBirth, kOrphanDies, kSignal, kMishap, kSecond };
  Kind kind = Kind::kGoOn;
  uint8_t index = 0;     // of the signal or the mishap
  bool is_move = false;  // `move` stands in the scenario of a path that takes this choice
  scenario::Move move;
};

class Choices {
 public:
  void clear() { size_ = 0; }
  void Add(const Choice& choice) { storage_[size_++] = choice; }
  std::size_t size() const { return size_; }
  const Choice& operator[](std::size_t i) const { return storage_[i]; }

 private:
  std::array<Choice, 64> storage_;
  std::size_t size_ = 0;
};

class World {
 public:
  World() : stage_(kernel_, listener_) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  void CopyFrom(const World& other);

  void Enter(const Bounds& bounds, std::span<const Mishap> mishaps, const Fault* fault);

  // All that can come next. Empty: the run is over, or nobody will ever run.
  void List(const Bounds& bounds, std::span<const Mishap> mishaps, Choices& choices) const;
  // Takes one of them, and goes on to the next point at which there are some. False: it had no
  // effect. `choice` is given its anchor, and time that passes its length.
  bool Take(Choice& choice, std::span<const Mishap> mishaps);

  // The child has ended, init is at rest, and nothing will ever happen by itself.
  bool IsStuck() const;
  // Init makes call after call and none is visible.
  bool spins() const { return spins_; }
  bool over() const { return kernel_.ending() != kernel::Ending::kNone; }
  const contract::Judge& judge() const { return listener_.judge; }
  uint64_t Fingerprint() const;

 private:
  struct Listener {
    contract::Judge judge{{.counts_calls = false}};
    void On(const contract::Step& step, const kernel::Kernel& kernel) {
      judge.Observe(step, kernel);
    }
  };

  void Settle();
  void AddOrphans(Choices& choices) const;

  kernel::ExplorerKernel kernel_;
  Listener listener_;
  rig::Stage<Listener> stage_;
  FaultyRig rig_;
  Left left_;
  uint16_t calls_ = 0;  // visible ones since the last rest: for anchors, no part of the state
  bool spins_ = false;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_WORLD_H_
