#include "harness/crosscheck/player.h"

#include <algorithm>

#include "harness/contract/waits.h"
#include "harness/rig/entry_facts.h"

namespace minit::crosscheck {

using contract::Rule;
using contract::Step;
using contract::Verdict;

void Player::Play(const scenario::Scenario& scenario, rig::Observer* also) {
  also_ = also;
  terms_.entry = rig::EntryFactsOf(scenario.entry);
  judge_ = contract::Judge(terms_);
  over_ = false;
  unanswered_ = false;
  feedback_.Begin(terms_.entry);
  outcome_ = rig_.Run(scenario, *this);
  if (!unanswered_ && MadeCallOfNobody()) {
    unanswered_ = true;
    judge_then_ = judge_;
  }
  showed_something_new_ = feedback_.End();
}

void Player::On(const Step& step, const kernel::Kernel& kernel) {
  if (over_) return;
  NoteCall(step);
  Judge(step, kernel);
  feedback_.Add(step, kernel);
  if (also_ != nullptr) also_->On(step, kernel);
  // What never rests shows nothing more, however long one watches.
  if (judge_.stopped() || judge_.verdict(Rule::kComesToRest) == Verdict::kBroken) {
    over_ = true;
    rig_.EndEarly();
  }
}

void Player::Judge(const Step& step, const kernel::Kernel& kernel) {
  const bool is_first = !unanswered_ && MadeCallOfNobody();
  const bool is_that_call = step.kind == Step::Kind::kCalls &&
                            step.call.kind == kernel::CallKind::kOther &&
                            (step.call.flags & kernel::kOtherAnswered) == 0;
  if (is_first && !is_that_call) judge_then_ = judge_;
  judge_.Observe(step, kernel);
  if (is_first && is_that_call) judge_then_ = judge_;
  unanswered_ |= is_first;
}

bool Player::MadeCallOfNobody() const {
  const rig::NotCovered& calls = rig_.not_covered();
  return std::any_of(calls.begin(), calls.end(),
                     [this](const auto& call) { return !harmless_.contains(call.first); });
}

void Player::NoteCall(const Step& step) {
  const auto kind = static_cast<int>(step.call.kind);
  if (step.kind == Step::Kind::kCalls) {
    calls_seen_.kinds |= uint64_t{1} << kind;
    const auto number = static_cast<uint32_t>(step.call.value);
    const bool other = step.call.kind == kernel::CallKind::kOther;
    if (other && number < 64 * calls_seen_.others.size()) {
      calls_seen_.others[number / 64] |= uint64_t{1} << number % 64;
    }
  }
  if (step.kind == Step::Kind::kBlocks && step.by_init && contract::WaitsWithoutBound(step.call)) {
    calls_seen_.waits |= uint64_t{1} << kind;
  }
}

}  // namespace minit::crosscheck
