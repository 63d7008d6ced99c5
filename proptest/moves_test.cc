// Laws of moves, in the midst of random scenarios: what is said of one is what it did.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/machine_rig.h"
#include "harness/rig/stage.h"
#include "harness/scenario/random.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/text.h"
#include "harness/scenario/vocabulary.h"
#include "proptest/story.h"

namespace minit::proptest {
namespace {

using kernel::ScenarioKernel;
using scenario::Move;
using scenario::MoveKind;

// A runner as plain as can be, which looks at the world before and after each move. Names that are nobody's
// are replaced by somebody's, as a rule: moves about nobody are soon told.
class Player {
 public:
  Player() : stage_(world_, nobody_) {}

  // Calls check(effect, before, after) for each move; made() says which moves were made so far.
  template <typename Check>
  void Play(const scenario::Scenario& scenario, const Check& check) {
    constexpr int kMaxCalls = 5000;
    made_.entry = scenario.entry;
    stage_.Enter(scenario.entry);
    int since = 0;
    rig::Turn turn;
    scenario::Cursor cursor(scenario);
    for (int calls = 0; calls < kMaxCalls && world_.ending() == kernel::Ending::kNone;) {
      if (cursor.done()) return;
      const scenario::Anchor anchor = cursor.move().anchor;
      if (stage_.begun()) {
        const bool visible = stage_.begun_is_visible();
        const bool due = visible && !stage_.in_one_call() && !anchor.at_rest();
        if (due && since + 1 >= anchor.call) {
          Make(cursor, check);
        } else {
          since += visible;
          stage_.TakeEffect();
        }
      } else if (stage_.Pick(turn)) {
        const auto asks = rig_.Answer(turn, stage_.cast(), world_);
        stage_.Begin(turn.pid, asks.call, asks.text);
        ++calls;
      } else if (!stage_.begun() && !stage_.in_one_call()) {
        since = 0;
        Make(cursor, check);
      }
    }
  }

  const scenario::Scenario& made() const { return made_; }

 private:
  template <typename Check>
  void Make(scenario::Cursor& cursor, const Check& check) {
    const Move move = AboutSomebody(cursor.move());
    cursor.Advance();
    if (!made_.full()) made_.Add(move);
    const uint64_t before = Fingerprint();
    const rig::Effect effect = stage_.Make(move);
    check(effect, before, Fingerprint());
    if (move.kind == MoveKind::kPass)
      stage_.PassTime(world_.now_ns() + move.number * uint64_t{1'000'000});
  }

  // Of the kernel, and who is found by which name.
  uint64_t Fingerprint() const { return world_.Fingerprint() + stage_.cast().Fingerprint(world_); }

  Move AboutSomebody(Move move) {
    for (const scenario::Field field : {scenario::kWhoField, scenario::kOtherField}) {
      const scenario::Operand operand = scenario::KindOf(move.kind).operands[field];
      if (!scenario::IsWho(operand) || operand == scenario::Operand::kNamed) continue;
      const scenario::OperandRange& range = scenario::RangeOf(operand);
      for (int tries = 0; tries < 20; ++tries) {
        const auto who = static_cast<scenario::Who>(Get(move, field));
        if (stage_.cast().Find(who, world_) != 0) break;
        Set(move, field, range.Settle(range.low + random_.Below(range.high - range.low + 1U)));
      }
    }
    return move;
  }

  ScenarioKernel world_;
  rig::NoObserver nobody_;
  rig::MachineRig rig_;
  rig::Stage<rig::NoObserver> stage_;
  scenario::Random random_{1};
  scenario::Scenario made_;
};

RC_GTEST_PROP(Moves, OneWithoutEffectLeavesTheWorldAsItWas, (const Story& story)) {
  Player player;
  player.Play(story.scenario, [&](const rig::Effect& effect, uint64_t before, uint64_t after) {
    if (effect.cause != contract::Cause::kNone || before == after) return;
    RC_FAIL("the last of these moves was said to have no effect, and the world is another:\n" +
            scenario::Print(player.made()));
  });
}

}  // namespace
}  // namespace minit::proptest
