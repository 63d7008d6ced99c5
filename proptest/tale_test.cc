// Laws of the judge in tales, where init and its processes do whatever they like.
#include "proptest/tale.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/scenario/cases.h"
#include "proptest/plain_judge.h"

namespace minit::proptest {
namespace {

using contract::Profile;
using contract::RuleText;
using contract::Verdict;

// All but the step. Of more broken rules than it has room for the judge does not tell all.
std::string TextOf(const contract::Break& broken) {
  return std::string(TextOf(broken.rule).name) + ": " + ToString(broken.facts) + ", process " +
         std::to_string(broken.pid) + ", " + std::to_string(broken.number) + " for " +
         std::to_string(broken.expected) + ", at " + std::to_string(broken.time_ns) + "\n";
}
std::string BreaksOf(const contract::Judge& judge) {
  std::string text;
  for (const RuleText& rule : contract::kRuleTexts) {
    if (judge.verdict(rule.rule) != Verdict::kBroken) continue;
    const contract::Break* const broken = judge.FindBreak(rule.rule);
    text += broken != nullptr ? TextOf(*broken) : std::string(rule.name) + "\n";
  }
  return text;
}
std::string BreaksOf(const PlainJudge& plain, const contract::Judge& judge) {
  std::string text;
  for (const auto& [rule, broken] : plain.broken()) {
    const bool untold = judge.verdict(rule) == Verdict::kBroken && judge.FindBreak(rule) == nullptr;
    text += untold ? std::string(TextOf(rule).name) + "\n" : TextOf(broken);
  }
  return text;
}

// Which letters come; those that cannot happen then do not, and 0 is none, so that it shrinks.
std::vector<uint8_t> SomeLetters() {
  const auto letters = static_cast<uint8_t>(Letters().size());
  return *rc::gen::scale(3, rc::gen::container<std::vector<uint8_t>>(
                                rc::gen::inRange(uint8_t{0}, static_cast<uint8_t>(letters + 1))));
}

RC_GTEST_PROP(Judge, TellsOfTheBreaksThatThePlainJudgeTellsOf, ()) {
  const Opening& opening = Openings()[*rc::gen::inRange<std::size_t>(0, Openings().size())];
  PlainJudge plain(opening.of_container ? Profile::kContainer : Profile::kMachine);
  Tale tale = opening.begin(&plain);
  std::string told = opening.name;
  for (const uint8_t letter : SomeLetters()) {
    if (plain.in_doubt()) return;
    const std::string broken = BreaksOf(tale.stand.judge);
    const std::string plainly = BreaksOf(plain, tale.stand.judge);
    if (broken != plainly) {
      RC_LOG() << told << "\njudge:\n" << broken << "plain:\n" << plainly;
      RC_FAIL("the judges differ");
    }
    if (letter == 0 || !Happen(Letters()[letter - 1U], tale)) continue;
    told += std::string(", ") + Letters()[letter - 1U].name;
  }
}

// What a fact is not about, such as a signal where the cause is none, is not in it: a ledger that has
// the text has all of it.
RC_GTEST_PROP(Judge, TheTextOfABreaksFactsHasAllOfThem, ()) {
  const Opening& opening = Openings()[*rc::gen::inRange<std::size_t>(0, Openings().size())];
  Tale tale = opening.begin(nullptr);
  for (const uint8_t letter : SomeLetters()) {
    if (letter != 0) Happen(Letters()[letter - 1U], tale);
  }
  for (const RuleText& text : contract::kRuleTexts) {
    const contract::Break* const broken = tale.stand.judge.FindBreak(text.rule);
    if (broken == nullptr) continue;
    std::string error;
    const auto read = contract::ParseFacts(ToString(broken->facts), &error);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == contract::FactsPattern{.facts = broken->facts});
  }
}

std::string NewlyBroken(const contract::Judge& judge, const contract::Judge& before) {
  std::string text;
  for (const RuleText& rule : contract::kRuleTexts) {
    const bool was = before.verdict(rule.rule) == Verdict::kBroken;
    if (!was && judge.verdict(rule.rule) == Verdict::kBroken) text += std::string(rule.name) + " ";
  }
  return text;
}

bool SameFuture(const Tale& one, const Tale& other) {
  return one.stand.judge.SameFuture(other.stand.judge, one.stand.kernel.now_ns(),
                                    other.stand.kernel.now_ns());
}

// Whatever comes next comes to the same in both.
void ExpectTheSameNext(const Tale& one, const Tale& other, const std::string& told) {
  for (const Letter& letter : Letters()) {
    Tale next = one;
    Tale other_next = other;
    RC_ASSERT(Happen(letter, next) == Happen(letter, other_next));
    const std::string breaks = NewlyBroken(next.stand.judge, one.stand.judge);
    const std::string other_breaks = NewlyBroken(other_next.stand.judge, other.stand.judge);
    if (breaks == other_breaks && next.Key() == other_next.Key()) continue;
    RC_LOG() << told << "; then " << letter.name << "\nbreaks " << breaks << "or " << other_breaks
             << "\n";
    RC_FAIL("states that are the same have different futures");
  }
}

// Two things change places. If that is all the same to kernel and judge, it is so for good.
RC_GTEST_PROP(Judge, WhereTheOrderMadeNoDifferenceItNeverDoes, ()) {
  const Opening& opening = Openings()[*rc::gen::inRange<std::size_t>(0, Openings().size())];
  Tale tale = opening.begin(nullptr);
  std::string told = opening.name;
  const std::vector<uint8_t> letters = SomeLetters();
  const auto at = *rc::gen::inRange<std::size_t>(0, letters.size() + 1);
  const auto happen = [&told](uint8_t letter, Tale& to) {
    if (letter == 0 || !Happen(Letters()[letter - 1U], to)) return false;
    told += std::string(", ") + Letters()[letter - 1U].name;
    return true;
  };
  for (std::size_t i = 0; i < at; ++i) happen(letters[i], tale);
  Tale turned = tale;
  uint8_t first = 0;
  for (std::size_t i = at; i < letters.size(); ++i) {
    if (!happen(letters[i], tale)) continue;
    if (first == 0) {
      first = letters[i];
      continue;
    }
    if (!happen(letters[i], turned) || !happen(first, turned)) return;
    const auto hash_of = [](const Tale& of) {
      return of.stand.judge.Hash(of.stand.kernel.now_ns());
    };
    RC_ASSERT(SameFuture(tale, turned) == (hash_of(tale) == hash_of(turned)));
    if (tale.Key() == turned.Key()) ExpectTheSameNext(tale, turned, told);
    return;
  }
}

}  // namespace
}  // namespace minit::proptest
