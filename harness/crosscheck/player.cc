#include "harness/crosscheck/player.h"

#include <algorithm>

#include "harness/contract/waits.h"

namespace minit::crosscheck {

using contract::Rule;
using contract::Step;
using contract::Verdict;

uint16_t EntryFactsOf(const scenario::Entry& entry) {
  const scenario::Entry plain;
  const bool has_children =
      std::any_of(entry.children.begin(), entry.children.end(),
                  [](const auto& child) { return child.how != scenario::Inheritance::kNone; });
  uint16_t facts = 0;
  const auto add = [&facts](contract::EntryFact fact, bool holds) {
    if (holds) facts |= fact;
  };
  add(contract::kEnteredIgnoring, entry.ignored != 0);
  add(contract::kEnteredMasked, entry.mask != 0);
  add(contract::kEnteredPending, entry.pending != 0);
  add(contract::kEnteredParent, has_children);
  add(contract::kEnteredDescriptors, entry.descriptors != 0);
  add(contract::kEnteredStreams, entry.streams != plain.streams);
  add(contract::kEnteredShortQueue, entry.signal_queue != plain.signal_queue);
  add(contract::kEnteredEnvironment, entry.environment != plain.environment);
  add(contract::kEnteredArguments, entry.arguments != plain.arguments);
  add(contract::kEnteredWithoutFiles, entry.missing != 0);
  add(contract::kEnteredNamespace, entry.pid_namespace);
  add(contract::kEnteredOldKernel, entry.leader_status);
  return facts;
}

void Player::Play(const scenario::Scenario& scenario, rig::Observer* also) {
  also_ = also;
  judge_ = contract::Judge(terms_);
  entry_ = EntryFactsOf(scenario.entry);
  over_ = false;
  feedback_.Begin(entry_);
  outcome_ = rig_.Run(scenario, *this);
  const bool lost =
      outcome_.end == rig::Outcome::End::kLost || outcome_.end == rig::Outcome::End::kCrowded;
  counts_ =
      !lost && std::all_of(outcome_.not_covered.begin(), outcome_.not_covered.end(),
                           [this](const auto& call) { return harmless_.contains(call.first); });
  showed_something_new_ = feedback_.End();
}

contract::Break Player::BreakOf(Rule rule) const {
  contract::Break broken = *judge_.FindBreak(rule);
  broken.facts.entry = entry_;
  return broken;
}

void Player::On(const Step& step, const kernel::Kernel& kernel) {
  if (over_) return;
  NoteCall(step);
  judge_.Observe(step, kernel);
  feedback_.Add(step, kernel);
  if (also_ != nullptr) also_->On(step, kernel);
  // What never rests shows nothing more, however long one watches.
  if (judge_.stopped() || judge_.verdict(Rule::kComesToRest) == Verdict::kBroken) {
    over_ = true;
    rig_.EndEarly();
  }
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
