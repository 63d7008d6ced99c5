// What a judge said of a run, in a number: two that differ in a verdict, in when a rule spoke, or in a
// break and its facts differ in that.
#ifndef MINIT_PROPTEST_SAID_H_
#define MINIT_PROPTEST_SAID_H_

#include <cstddef>
#include <cstdint>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/kernel/digest.h"

namespace minit::proptest {

// `also(break)` is called for each break, to add what else is to count.
template <typename Also>
void AddSaid(const contract::Judge& judge, kernel::Digest& digest, Also also) {
  for (const contract::RuleText& text : contract::kRuleTexts) {
    uint64_t spoke = static_cast<uint64_t>(judge.verdict(text.rule));
    for (std::size_t phase = 0; phase < contract::kPhaseCount; ++phase) {
      spoke = spoke << 1 | (judge.SpokeIn(text.rule, static_cast<contract::Phase>(phase)) ? 1 : 0);
    }
    digest.Add(static_cast<uint64_t>(text.rule), spoke);
    const contract::Break* const broken = judge.FindBreak(text.rule);
    if (broken == nullptr) continue;
    const contract::Facts& facts = broken->facts;
    digest.Add(uint64_t{facts.entry} << 32 | uint64_t{facts.faults} << 8 | facts.signal,
               static_cast<uint64_t>(facts.phase) << 24 | static_cast<uint64_t>(facts.cause) << 16 |
                   static_cast<uint64_t>(facts.whose) << 8 | static_cast<uint64_t>(facts.how));
    digest.Add(uint64_t{broken->step} << 32 | static_cast<uint32_t>(broken->pid), broken->time_ns);
    digest.Add(static_cast<uint32_t>(broken->number), static_cast<uint32_t>(broken->expected));
    also(*broken);
  }
}

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_SAID_H_
