// What the judge says of each init by hand, faultless or broken, and of each fault that can be planted
// in the machine, in scenarios of whoever asks: a line each. Of every rule how often it is broken, and
// of how many it spoke; and one number over all breaks with their sentences, facts, steps and times,
// and over what the judge keeps whenever init rests.

#ifndef MINIT_PROPTEST_VERDICTS_H_
#define MINIT_PROPTEST_VERDICTS_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace minit::proptest {

// Who is broken plays one in `share` scenarios, each another part of them.
std::vector<std::string> VerdictsOf(std::span<const scenario::Scenario> scenarios,
                                    std::size_t share);

// The same against the lines of a file, under proptest/. Where a line differs somebody changed what a
// rule asks, what it excuses or when it speaks; or the model, the runner, the generator or an init. If
// that was meant, the table as it is now is to be put in the place of the old one: the failure says where
// it lies.
void ExpectVerdicts(std::span<const scenario::Scenario> scenarios, std::size_t share,
                    const std::string& table);

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_VERDICTS_H_
