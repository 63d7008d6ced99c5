// The judge in every tale of three things: after each of many openings, all that can happen next.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/rules.h"
#include "harness/kernel/digest.h"
#include "proptest/said.h"
#include "proptest/tale.h"

namespace minit::proptest {
namespace {

using contract::Judge;
using contract::RuleText;

constexpr int kLength = 3;

uint32_t BrokenRules(const Judge& judge) {
  uint32_t rules = 0;
  for (const RuleText& text : contract::kRuleTexts) {
    const bool broken = judge.verdict(text.rule) == contract::Verdict::kBroken;
    rules |= static_cast<uint32_t>(broken) << static_cast<uint32_t>(text.rule);
  }
  return rules;
}

// Which opening, and which letters: one more than there are is none.
using Path = std::array<uint8_t, kLength + 1>;

std::string Told(const Path& path) {
  std::string text = Openings()[path[0]].name;
  for (std::size_t i = 1; i < path.size() && path[i] < Letters().size(); ++i) {
    text += std::string(", ") + Letters()[path[i]].name;
  }
  return text;
}

// What comes of a letter: whether it can happen, which rules it breaks, and the state after it.
struct Outcome {
  bool happens = false;
  uint32_t breaks = 0;
  uint64_t key = 0;
  bool operator==(const Outcome&) const = default;
};

class Enumeration {
 public:
  // All tales with this opening.
  void Begin(std::size_t opening) {
    path_.fill(static_cast<uint8_t>(Letters().size()));
    path_[0] = static_cast<uint8_t>(opening);
    digest_ = {};
    tales_ = 0;
    counts_.fill(0);
    GoOn(Openings()[opening].begin(nullptr), 1);
  }

  // "OPENING: TALES tales 1:BROKEN … DIGEST".
  std::string Line() const {
    std::string line =
        Openings()[path_[0]].name + std::string(": ") + std::to_string(tales_) + " tales";
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      line += " " + std::to_string(i + 1) + ":" + std::to_string(counts_[i]);
    }
    return line + " " + std::to_string(digest_.value());
  }

 private:
  void GoOn(const Tale& tale, std::size_t at) {
    const uint64_t key = tale.Key();
    for (std::size_t i = 0; i < Letters().size(); ++i) {
      path_[at] = static_cast<uint8_t>(i);
      Tale next = tale;
      Outcome outcome{.happens = Happen(Letters()[i], next)};
      if (outcome.happens) {
        outcome.breaks = BrokenRules(next.stand.judge) & ~BrokenRules(tale.stand.judge);
        outcome.key = next.Key();
        Count(next.stand.judge, outcome.breaks);
      }
      Compare(key ^ i * 0x9e3779b97f4a7c15, outcome);
      if (outcome.happens && at < kLength) GoOn(next, at + 1);
    }
    path_[at] = static_cast<uint8_t>(Letters().size());
  }
  // `breaks`: the rules that it has just broken, which it says in words.
  void Count(const Judge& judge, uint32_t breaks) {
    ++tales_;
    AddSaid(judge, digest_, [&](const contract::Break& broken) {
      if ((breaks >> static_cast<uint32_t>(broken.rule) & 1) == 0) return;
      for (const char byte : Explain(broken)) digest_.Add(static_cast<uint8_t>(byte), 0);
    });
    digest_.Add(judge.Hash(), judge.faults());
    const uint32_t broken = BrokenRules(judge);
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += broken >> (i + 1) & 1;
  }
  void Compare(uint64_t place, const Outcome& outcome) {
    const auto [at, fresh] = outcomes_.try_emplace(place, outcome, path_);
    const auto& [before, path] = at->second;
    if (fresh || before == outcome || ++differing_ > 3) return;
    ADD_FAILURE() << "the hash says that the last thing does the same to both, and it does not:\n"
                  << Told(path) << "\n"
                  << Told(path_) << "\nbits of the rules that it breaks: " << before.breaks
                  << " and " << outcome.breaks;
  }

  Path path_{};
  kernel::Digest digest_;
  uint64_t tales_ = 0;
  std::array<uint64_t, contract::kRules> counts_{};
  int differing_ = 0;
  std::unordered_map<uint64_t, std::pair<Outcome, Path>> outcomes_;
};

// A state is what the kernel and the judge say that matters to come (Judge::Hash): whoever comes to one
// again, whichever way, finds that all that can happen does there what it did.
//
// What the judge says of all tales is in a table, so that who changes it sees of how many.
TEST(JudgeExplorer, EqualStatesHaveEqualFuturesAndVerdictsAreThoseOfTheTable) {
  std::ifstream in(MINIT_SOURCE_DIR "/proptest/tales.table");
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);) expected.push_back(line);
  EXPECT_EQ(expected.size(), Openings().size());
  expected.resize(Openings().size());
  Enumeration enumeration;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < Openings().size(); ++i) {
    enumeration.Begin(i);
    lines.push_back(enumeration.Line());
    EXPECT_EQ(lines.back(), expected[i]);
  }
  if (!HasFailure()) return;
  const std::string path = testing::TempDir() + "tales.table";
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << "\n";
  ADD_FAILURE() << "the table as it is now: " << path;
}

}  // namespace
}  // namespace minit::proptest
