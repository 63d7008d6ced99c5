// Laws of the judge, on the traces of faultless machines and of faulty ones.
#include <optional>
#include <set>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/contract/step.h"
#include "harness/rig/runner.h"
#include "proptest/story.h"

namespace minit::proptest {
namespace {

using contract::Judge;
using contract::Rule;
using contract::Step;
using contract::Verdict;
using kernel::Kernel;

const Fault* AnyFault() {
  const auto faults = Faults();
  const auto which = *rc::gen::inRange<std::size_t>(0, faults.size() + 1);
  return which == faults.size() ? nullptr : &faults[which];
}

template <typename Observer>
void Hear(const Story& story, const Fault* fault, Observer& observer) {
  static kernel::ScenarioKernel world;
  rig::Runner<Observer> runner(world, observer);
  FaultyRig rig(fault);
  runner.Enter(story.scenario);
  Play(runner, rig, [] { return false; });
}

bool Same(const Judge& one, const Judge& other) {
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (one.verdict(text.rule) != other.verdict(text.rule)) return false;
  }
  return true;
}

// Keeps the judge of the step before beside that of this one.
struct Monotone {
  Judge judge;
  bool lost = false;     // a break was taken back, or changed
  bool went_on = false;  // it judged after it had stopped
  void On(const Step& step, const Kernel& kernel) {
    const Judge before = judge;
    judge.Observe(step, kernel);
    for (const contract::RuleText& text : contract::kRuleTexts) {
      const contract::Break* const was = before.FindBreak(text.rule);
      if (was == nullptr) continue;
      const contract::Break* const is = judge.FindBreak(text.rule);
      lost |= is == nullptr || !(*is == *was) || judge.verdict(text.rule) != Verdict::kBroken;
    }
    went_on |= before.stopped() && !Same(before, judge);
  }
};

RC_GTEST_PROP(Judge, ARuleThatIsBrokenStaysBroken, (const Story& story)) {
  Monotone monotone;
  Hear(story, AnyFault(), monotone);
  RC_ASSERT(!monotone.lost);
}

RC_GTEST_PROP(Judge, OnceStoppedItSaysNothingNew, (const Story& story)) {
  Monotone monotone;
  Hear(story, FindFault("exits-when-interrupted"), monotone);
  RC_ASSERT(!monotone.went_on);
}

// A copy made on the way, a judge from the start, and one that hears of moves that were none.
struct Several {
  uint32_t copied_at = 0;
  Judge judge{};
  Judge twin{};
  std::optional<Judge> copy{};
  Judge plain{{.counts_calls = false}};
  Judge disturbed{{.counts_calls = false}};

  void On(const Step& step, const Kernel& kernel) {
    judge.Observe(step, kernel);
    twin.Observe(step, kernel);
    if (copy) copy->Observe(step, kernel);
    if (judge.steps() == copied_at) copy = judge;
    plain.Observe(step, kernel);
    disturbed.Observe(step, kernel);
    if (step.kind == Step::Kind::kMove) disturbed.Observe({.kind = Step::Kind::kMove}, kernel);
  }
};

RC_GTEST_PROP(Judge, IsAFunctionOfTheTrace, (const Story& story)) {
  Several several;
  Hear(story, AnyFault(), several);
  RC_ASSERT(several.judge == several.twin);
}

RC_GTEST_PROP(Judge, ACopyJudgesAsTheOriginal, (const Story& story)) {
  Several several{.copied_at = *rc::gen::inRange(1U, 200U)};
  Hear(story, AnyFault(), several);
  RC_PRE(several.copy.has_value());
  RC_ASSERT(*several.copy == several.judge);
  RC_ASSERT(several.copy->SameFuture(several.judge));
  RC_ASSERT(several.copy->Hash() == several.judge.Hash());
}

RC_GTEST_PROP(Judge, MovesThatHadNoEffectChangeNoVerdict, (const Story& story)) {
  Several several;
  Hear(story, AnyFault(), several);
  RC_ASSERT(Same(several.plain, several.disturbed));
}

RC_GTEST_PROP(CallList, HasWhatASetOfNumbersWouldHave, (uint64_t seed)) {
  contract::CallList list;
  std::set<int> numbers;
  for (int i = 0; i < 64; ++i) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    const int number = static_cast<int>(seed >> 55);
    numbers.insert(number);
    list.others[static_cast<std::size_t>(number) / 64] |= uint64_t{1} << number % 64;
  }
  for (int number = -64; number < 1100; ++number) {
    RC_ASSERT(list.Has(kernel::calls::Other(number)) == numbers.contains(number));
  }
}

// Whether what two of the rules speak of ever happened.
struct Occasions {
  Judge judge;
  int sends = 0;
  bool traced = false;
  void On(const Step& step, const Kernel& kernel) {
    judge.Observe(step, kernel);
    sends += step.by_init && step.kind == Step::Kind::kReturns &&
             step.call.kind == kernel::CallKind::kKill;
    // Nothing else makes a tracer of init.
    if (step.kind != Step::Kind::kMove && step.kind != Step::Kind::kEntered) return;
    for (int i = 1; i < kernel.size() && !traced; ++i) {
      traced = kernel.Look(kernel.PidAt(i)).tracer == kernel::kInit;
    }
  }
};

RC_GTEST_PROP(Judge, IsSilentOfWhatDidNotOccur, (const Story& story)) {
  Occasions occasions;
  Hear(story, nullptr, occasions);
  const Judge& judge = occasions.judge;
  if (occasions.sends < 2) RC_ASSERT(judge.verdict(Rule::kForwardsInOrder) == Verdict::kSilent);
  if (!occasions.traced) RC_ASSERT(judge.verdict(Rule::kFreesTheTraced) == Verdict::kSilent);
  RC_ASSERT(judge.verdict(Rule::kKeepsToItsCalls) == Verdict::kSilent);
  RC_ASSERT(judge.verdict(Rule::kExitsWithStatus) == Verdict::kSilent);
}

RC_GTEST_PROP(Judge, SpeaksOfTheEndInEveryRun, (const Story& story)) {
  Occasions occasions;
  Hear(story, nullptr, occasions);
  for (const Rule rule :
       {Rule::kReportsStatus, Rule::kSyncsFirst, Rule::kWaitsOutTheDelay, Rule::kAlwaysRestarts}) {
    RC_ASSERT(occasions.judge.verdict(rule) == Verdict::kHolds);
  }
}

}  // namespace
}  // namespace minit::proptest
