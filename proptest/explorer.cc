#include "proptest/explorer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "harness/contract/judge.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/runner.h"
#include "harness/scenario/minimise.h"
#include "proptest/seen.h"
#include "proptest/trial.h"
#include "proptest/world.h"

namespace minit::proptest {
namespace {

using contract::Rule;
using scenario::Move;
using scenario::MoveKind;
using scenario::Scenario;
using scenario::Who;

constexpr Who kChild = Who::kChild, kHelper = Who::kHelper, kInit = Who::kInit;
constexpr Who kOrphan = Who::kProcess1;

const std::array kMishaps = {
    Mishap{"fork", {.kind = MoveKind::kFailForks, .other = EAGAIN, .number = 1}, {}},
    Mishap{"exec", {.kind = MoveKind::kFailExecs, .other = ENOENT, .number = 1}, {}},
    Mishap{"reboot", {.kind = MoveKind::kFailReboots, .other = EPERM, .number = 1}, {}},
    Mishap{"sync", {.kind = MoveKind::kHangSync}, {}},
    Mishap{"console", {.kind = MoveKind::kFillConsole}, {}},
    Mishap{"freeze", {.kind = MoveKind::kFreeze}, Move{.kind = MoveKind::kThaw}},
    Mishap{"helper-killed", {.kind = MoveKind::kDie, .who = kHelper, .number = 9}, {}},
    Mishap{"helper-kept",
           {.kind = MoveKind::kKeep, .who = kHelper},
           Move{.kind = MoveKind::kLet, .who = kHelper}},
    Mishap{"helper-early", {.kind = MoveKind::kOneCall, .who = kHelper}, {}},
    Mishap{"child-stops",
           {.kind = MoveKind::kStop, .who = kChild, .number = 19},
           Move{.kind = MoveKind::kContinue, .who = kChild}},
    Mishap{"child-traced", {.kind = MoveKind::kTraceMe, .who = kChild}, {}},
    Mishap{"orphan-traced",
           {.kind = MoveKind::kTraceMe, .who = kOrphan},
           Move{.kind = MoveKind::kStop, .who = kOrphan, .number = 20}},
    Mishap{"forged", {.kind = MoveKind::kFromKernel, .who = kInit, .number = 17}, {}},
    Mishap{"everyone-killed", {.kind = MoveKind::kKillAll, .who = kChild, .number = 9}, {}},
};

std::vector<Mishap> Chosen(const Bounds& bounds) {
  std::vector<Mishap> chosen;
  for (const Mishap& mishap : kMishaps) {
    const auto& names = bounds.mishaps;
    if (std::find(names.begin(), names.end(), mishap.name) != names.end()) chosen.push_back(mishap);
  }
  return chosen;
}

// What is wrong with a state.
struct Finding {
  Rule rule;
  std::string why;
};

class Search {
 public:
  using Tell = std::function<bool(const Progress&)>;

  // Paths of more than `max_moves` moves are not followed.
  Search(const Bounds& bounds, const Fault* fault, int max_moves, const Tell& tell)
      : bounds_(bounds),
        mishaps_(Chosen(bounds)),
        fault_(fault),
        max_moves_(max_moves),
        tell_(tell) {}

  // True: all of it was searched, and nothing found.
  bool Run();
  const Progress& progress() const { return progress_; }
  const std::optional<Finding>& finding() const { return finding_; }
  Scenario Path() const;

 private:
  struct Frame {
    World world;
    Choices choices;
    std::size_t next = 0;
    int moves = 0;
    uint64_t fingerprint = 0;
    Choice taken;  // the one that led here
  };

  Frame& FrameAt(std::size_t depth);
  void Push(std::size_t depth);
  bool Follow(std::size_t depth);
  std::optional<Finding> Examine(const World& world, Seen::Status status) const;
  bool GivesUp();

  const Bounds& bounds_;
  const std::vector<Mishap> mishaps_;
  const Fault* fault_;
  const int max_moves_;
  const Tell& tell_;
  Seen seen_;
  std::vector<std::unique_ptr<Frame>> frames_;
  std::size_t depth_ = 0;
  Progress progress_;
  std::optional<Finding> finding_;
};

Search::Frame& Search::FrameAt(std::size_t depth) {
  while (frames_.size() <= depth) frames_.push_back(std::make_unique<Frame>());
  return *frames_[depth];
}

bool Search::Run() {
  Frame& root = FrameAt(0);
  root.world.Enter(bounds_, mishaps_, fault_);
  root.fingerprint = root.world.Fingerprint();
  finding_ = Examine(root.world, seen_.Enter(root.fingerprint));
  if (finding_) return false;
  Push(0);
  while (true) {
    Frame& frame = *frames_[depth_];
    if (frame.next == frame.choices.size()) {
      seen_.Leave(frame.fingerprint);
      if (depth_ == 0) break;
      --depth_;
      continue;
    }
    if (!Follow(depth_ + 1)) continue;
    if (finding_ || GivesUp()) return false;
  }
  progress_.states = seen_.size();
  return true;
}

// The state at `depth` is a new one, and the search goes on from there.
void Search::Push(std::size_t depth) {
  Frame& frame = *frames_[depth];
  depth_ = depth;
  frame.next = 0;
  frame.world.List(bounds_, mishaps_, frame.choices);
  progress_.depth = std::max(progress_.depth, static_cast<int>(depth));
}

// Takes the next choice of the frame before `depth`. False: it had no effect.
bool Search::Follow(std::size_t depth) {
  Frame& frame = FrameAt(depth);
  Frame& from = *frames_[depth - 1];
  frame.taken = from.choices[from.next++];
  frame.moves = from.moves + (frame.taken.kind != Choice::Kind::kGoOn);
  if (frame.moves > max_moves_) return false;
  frame.world.CopyFrom(from.world);
  if (!frame.world.Take(frame.taken, mishaps_)) return false;
  ++progress_.transitions;
  frame.fingerprint = frame.world.Fingerprint();
  const Seen::Status status = seen_.Enter(frame.fingerprint);
  finding_ = Examine(frame.world, status);
  if (finding_) {
    depth_ = depth;
  } else if (status == Seen::Status::kNew) {
    Push(depth);
  }
  return true;
}

std::optional<Finding> Search::Examine(const World& world, Seen::Status status) const {
  if (world.judge().any_broken()) {
    for (const contract::RuleText& text : contract::kRuleTexts) {
      const contract::Break* const broken = world.judge().FindBreak(text.rule);
      if (broken != nullptr) return Finding{text.rule, Explain(*broken)};
    }
  }
  if (world.spins())
    return Finding{Rule::kComesToRest, "init makes calls that nobody can see, on and on"};
  if (status == Seen::Status::kOnPath) {
    return Finding{Rule::kComesToRest, "init goes round in circles: this state was there before"};
  }
  if (world.IsStuck()) {
    return Finding{Rule::kAlwaysRestarts, "the child has ended, and init waits for nothing"};
  }
  return std::nullopt;
}

bool Search::GivesUp() {
  constexpr uint64_t kEvery = 1 << 16;
  progress_.states = seen_.size();
  return progress_.transitions % kEvery == 0 && tell_ && !tell_(progress_);
}

Scenario Search::Path() const {
  Scenario scenario;
  for (std::size_t depth = 1; depth <= depth_; ++depth) {
    const Choice& taken = frames_[depth]->taken;
    if (taken.is_move && !scenario.full()) scenario.Add(taken.move);
  }
  return scenario;
}

// By the number of moves: a path of fewer is sought first.
Violation Shortest(const Bounds& bounds, const Fault* fault) {
  const std::function<bool(const Progress&)> on;
  for (int moves = 0;; ++moves) {
    Search search(bounds, fault, moves, on);
    if (search.Run()) continue;
    Violation violation{
        .rule = search.finding()->rule, .why = search.finding()->why, .scenario = search.Path()};
    const auto breaks = [&](const Scenario& scenario) {
      return Trial().Breaks(scenario, violation.rule, fault);
    };
    violation.replays = breaks(violation.scenario);
    if (violation.replays) violation.scenario = scenario::Minimise(violation.scenario, breaks);
    return violation;
  }
}

}  // namespace

std::span<const Mishap> Mishaps() { return kMishaps; }

std::vector<std::string_view> Bounds::AllMishaps() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kMishaps));
  for (const Mishap& mishap : kMishaps) names.emplace_back(mishap.name);
  return names;
}

std::string WhatIsWrong(const Bounds& bounds) {
  if (bounds.orphans < 0 || bounds.orphans > Bounds::kMaxOrphans) {
    return "orphans: 0 to " + std::to_string(Bounds::kMaxOrphans);
  }
  if (bounds.signals.size() > Bounds::kMaxSignals) {
    return "signals: at most " + std::to_string(Bounds::kMaxSignals);
  }
  for (const uint8_t signal : bounds.signals) {
    if (signal < 1 || signal > 64 || signal == 9 || signal == 19) {
      return "signals: 1 to 64, neither 9 nor 19";
    }
  }
  for (const std::string_view name : bounds.mishaps) {
    const bool known = std::any_of(kMishaps.begin(), kMishaps.end(),
                                   [&](const Mishap& mishap) { return name == mishap.name; });
    if (!known) return "there is no mishap called \"" + std::string(name) + "\"";
  }
  if (bounds.mishaps_at_once < 0 || bounds.mishaps_at_once > 8) return "mishaps at once: 0 to 8";
  if (bounds.reaps_in_a_row < 1) return "reaps in a row: at least 1";
  return "";
}

Outcome Explore(const Bounds& bounds, const Fault* fault,
                const std::function<bool(const Progress&)>& tell) {
  constexpr int kAnyNumber = 1 << 20;
  Search search(bounds, fault, kAnyNumber, tell);
  const bool complete = search.Run();
  Outcome outcome{.progress = search.progress(), .complete = complete, .violation = {}};
  if (search.finding()) outcome.violation = Shortest(bounds, fault);
  return outcome;
}

}  // namespace minit::proptest
