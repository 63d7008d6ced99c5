// Laws of the machine in the model, whatever the world does.
#include "proptest/story.h"

#include <array>
#include <bit>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"

namespace minit::proptest {
namespace {

using contract::Step;
using kernel::CallKind;
using kernel::Kernel;
using kernel::kInit;
using scenario::Move;
using scenario::MoveKind;
using scenario::Scenario;
using scenario::Who;

// Plays a story to the machine, and tells `On` each step.
template <typename Observer>
void Hear(const Scenario& scenario, Observer& observer) {
  static kernel::ScenarioKernel world;
  rig::Runner<Observer> runner(world, observer);
  FaultyRig rig;
  runner.Enter(scenario);
  Play(runner, rig, [] { return false; });
}

RC_GTEST_PROP(InAnyStory, NoRuleIsBroken, (const Story& story)) {
  Trial trial;
  trial.Play(story.scenario);
  RC_ASSERT(trial.Findings() == "");
}

RC_GTEST_PROP(InAnyStory, TheEndIsTheRestart, (const Story& story)) {
  Trial trial;
  trial.Play(story.scenario);
  RC_ASSERT(trial.ending == kernel::Ending::kRestart);
}

RC_GTEST_PROP(InAnyStory, TheBatchOfReapsMakesNoDifferenceToTheContract, (const Story& story)) {
  Trial trial;
  trial.Play(story.scenario, nullptr, {.reaps_in_a_row = *rc::gen::inRange(1, 5)});
  RC_ASSERT(trial.Findings() == "");
  RC_ASSERT(trial.ending == kernel::Ending::kRestart);
}

RC_GTEST_PROP(InAnyStory, ItIsTheSameTraceTwice, (const Story& story, const Story& between)) {
  Trial once;
  once.Play(story.scenario);
  Trial other;
  other.Play(between.scenario);
  Trial again;
  again.Play(story.scenario);
  RC_ASSERT(once.trace == again.trace);
  RC_ASSERT(once.judge == again.judge);
}

// Helpers are forked otherwise.
bool MakesTheChild(const kernel::Call& call) {
  return call.kind == CallKind::kFork && (call.flags & kernel::kCloneVfork) != 0;
}

// By the kernel's word, not by the judge's.
struct Rests {
  int left_to_reap = 0;
  int left_to_forward = 0;
  bool child_alive = false;
  kernel::Pid child = 0;

  void On(const Step& step, const Kernel& kernel) {
    if (step.kind == Step::Kind::kReturns && step.by_init) {
      if (MakesTheChild(step.call)) child = step.result.value;
    }
    if (step.kind != Step::Kind::kRest) return;
    const auto wait = kernel::calls::Wait4(-1, kernel::kWaitNoHang | kernel::kWaitAll);
    left_to_reap += kernel.PeekWait(kInit, wait).value > 0;
    child_alive = child > 0 && kernel.Exists(child);
    left_to_forward += child_alive && kernel.Owed() != 0;
  }
};

RC_GTEST_PROP(AtEveryRest, NobodyIsLeftToReap, (const Story& story)) {
  Rests rests;
  Hear(story.scenario, rests);
  RC_ASSERT(rests.left_to_reap == 0);
}

RC_GTEST_PROP(AtEveryRest, NoSignalIsLeftToTake, (const Story& story)) {
  Rests rests;
  Hear(story.scenario, rests);
  RC_ASSERT(rests.left_to_forward == 0);
}

// What init took and sent, by the trace.
struct Post {
  std::vector<int> taken;  // while it had a child it had not reaped; SIGCHLD apart
  std::vector<int> sent;
  int sent_to_others = 0;
  int late = 0;
  int restarts_early = 0;
  kernel::Pid child = 0;
  bool reaped = false;

  void On(const Step& step, const Kernel&) {
    // A start that failed is an end, reaped or not.
    if (step.kind == Step::Kind::kReturns && step.call.kind == CallKind::kExec) {
      failed |= step.result.value < 0;
    }
    if (!step.by_init) return;
    if (step.kind == Step::Kind::kCalls) {
      if (step.call.kind == CallKind::kKill) {
        sent.push_back(step.call.signal);
        sent_to_others += step.call.pid != -child;
        late += reaped || child <= 0;
      }
      restarts_early += step.call.kind == CallKind::kReboot && child > 0 && !reaped && !failed;
    }
    if (step.kind != Step::Kind::kReturns) return;
    const int value = step.result.value;
    if (MakesTheChild(step.call)) {
      child = value;
      failed |= value < 0;
    }
    if (step.call.kind == CallKind::kWait4 && value == child && child > 0) {
      reaped |= (step.result.status & 0xff) != 0x7f;
    }
    if (step.call.kind == CallKind::kSigTimedWait && value > 0 && value != kernel::kSigChld &&
        child > 0 && !reaped) {
      taken.push_back(value);
    }
  }

  bool failed = false;
};

RC_GTEST_PROP(Signals, AreSentAsTheyWereTakenEachOnce, (const Story& story)) {
  Post post;
  Hear(story.scenario, post);
  // After a start that failed, what comes before the reap is taken and dropped.
  RC_PRE(post.taken.empty() || !post.sent.empty());
  RC_ASSERT(post.sent == post.taken);
}

RC_GTEST_PROP(Signals, GoToTheChildsGroupAndToNobodyElse, (const Story& story)) {
  Post post;
  Hear(story.scenario, post);
  RC_ASSERT(post.sent_to_others == 0);
  RC_ASSERT(post.late == 0);
}

RC_GTEST_PROP(InAnyStory, TheRestartComesOnlyOnceTheChildIsReaped, (const Story& story)) {
  Post post;
  Hear(story.scenario, post);
  RC_ASSERT(post.restarts_early == 0);
}

bool Names(const Scenario& scenario, Who who) {
  for (const Move& move : scenario.moves()) {
    const auto& operands = scenario::KindOf(move.kind).operands;
    if (scenario::IsWho(operands[scenario::kWhoField]) && move.who == who) return true;
    if (scenario::IsWho(operands[scenario::kOtherField]) && move.other_process() == who)
      return true;
  }
  return scenario.entry.children[static_cast<std::size_t>(who) - 1].how !=
         scenario::Inheritance::kNone;
}

bool Repeats(const Scenario& scenario) {
  for (const Move& move : scenario.moves()) {
    if (move.kind == MoveKind::kRepeat) return true;
  }
  return false;
}

RC_GTEST_PROP(Moves, WithoutEffectChangeNothingThatInitDoes, (const Story& story)) {
  const Who nobody = Who::kProcess8;
  RC_PRE(!Names(story.scenario, nobody) && !Repeats(story.scenario));
  RC_PRE(story.scenario.size() > 0U && !story.scenario.full());
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, story.scenario.size());
  Story more = story;
  const scenario::Anchor anchor = story.scenario.moves()[at].anchor;
  more.scenario.Insert(at, {.kind = MoveKind::kExit, .who = nobody, .anchor = anchor});
  Trial once;
  once.Play(story.scenario);
  Trial again;
  again.Play(more.scenario);
  RC_ASSERT(once.deeds == again.deeds);
}

RC_GTEST_PROP(Moves, NameProcessesByAnyNumbers, (const Story& story)) {
  RC_PRE(story.scenario.entry.children == scenario::Entry{}.children);
  const auto turn = [](int who) { return who % scenario::kProcesses + 1; };
  Story renamed = story;
  for (Move& move : renamed.scenario.moves()) {
    const auto& operands = scenario::KindOf(move.kind).operands;
    for (const scenario::Field field : {scenario::kWhoField, scenario::kOtherField}) {
      const int who = Get(move, field);
      if (!scenario::IsWho(operands[field]) || who < 1 || who > scenario::kProcesses) continue;
      Set(move, field, static_cast<uint16_t>(turn(who)));
    }
  }
  Trial once;
  once.Play(story.scenario);
  Trial again;
  again.Play(renamed.scenario);
  RC_ASSERT(once.deeds == again.deeds);
}

}  // namespace
}  // namespace minit::proptest
