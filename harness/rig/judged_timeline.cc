#include "harness/rig/judged_timeline.h"

#include "harness/contract/facts.h"

namespace minit::rig {
namespace {

std::size_t IndexOf(const contract::RuleText& text) {
  return static_cast<std::size_t>(text.rule) - 1;
}

std::string NameOf(const contract::RuleText& text) {
  return std::to_string(IndexOf(text) + 1) + ' ' + text.name;
}

}  // namespace

void JudgedTimeline::On(const contract::Step& step, const kernel::Kernel& kernel) {
  judge_.Observe(step, kernel);
  if (step.kind == contract::Step::Kind::kMove && step.cause == contract::Cause::kNone) {
    ++moves_without_effect_;
  }
  if (brief_) return;
  timeline_.On(step, kernel);
  for (; told_ < judge_.breaks().size(); ++told_) {
    const contract::Break& broken = judge_.breaks()[told_];
    timeline_.Note(NameOf(contract::TextOf(broken.rule)) + " is broken: " +
                   contract::Explain(broken) + " [" + contract::ToString(broken.facts) + "]");
  }
}

std::string JudgedTimeline::Verdicts() const {
  using contract::Verdict;
  std::string broken, held;
  for (const contract::RuleText& text : contract::kRuleTexts) {
    const Verdict verdict = judge_.verdict(text.rule);
    if (verdict == Verdict::kBroken) broken += ' ' + NameOf(text);
    if (verdict == Verdict::kHolds) held += ' ' + NameOf(text);
  }
  return (broken.empty() ? "" : "broken:" + broken + "\n") + "held:" + held + "\n";
}

}  // namespace minit::rig
