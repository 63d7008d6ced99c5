// Explorer: every way in which the world can race the machine, up to bounds.
//
// Where a random search makes one choice at each point, this makes all of them: before each visible
// call takes effect, and whenever nobody can run, it lets things go on or makes any of the moves
// that are left, in any order. It visits each state once, breadth and depth known, and so shows for
// small worlds what tests of examples cannot: that no order of events breaks the contract.
//
// Safety: the judge breaks no rule in any state. Liveness: once the child has ended, every path
// leads to the restart. A path can only fail to if it comes to a state in which nothing can happen,
// or to one that it has been in; both are sought, and both are found, for the graph is searched to
// its end.
//
// What a state is. The kernel, the stage, the machine, the judge and the moves left. States are
// told apart by 64 bits (see Kernel::Fingerprint). Left out is what makes no difference to come:
//   time     How late it is. Deadlines count from now. Calls take no time (Kernel::SetCallTime):
//            time passes when nobody can run, to the next timer. So no path of the model is lost
//            but those in which a deadline falls between two calls; to a judge, which counts in
//            seconds, and to a machine that reads the clock, those are the paths in which it has
//            just passed, or not.
//   effort   How many calls were made since the last move (rule 15): what never rests is found as a
//            path that comes to a state twice.
//   counts   The machine's batch of reaps is made small, so that it ends within the bounds.
//   signals  One that comes just before a call to which signals mean nothing (a wait, a write, a
//            kill …) might as well come just after it, so that is where it comes: all orders that
//            differ are searched. SIGCONT, which means something to who is stopped, comes anywhere.
//   orphans  They differ in nothing but their number. Of those that stand side by side among init's
//            children, and have not been made different by a fault, the first is the next to die:
//            each set of them counts once.
//
// Held by explorer_test.cc: planted faults are found, the shortest scenario of one is pinned, and
// so is the size of a small graph.

#ifndef MINIT_PROPTEST_EXPLORER_H_
#define MINIT_PROPTEST_EXPLORER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/rules.h"
#include "harness/scenario/scenario.h"
#include "proptest/faulty_rig.h"

namespace minit::proptest {

// A thing that can go wrong, in one move or in two, the second any time after the first.
struct Mishap {
  const char* name;
  scenario::Move first;
  std::optional<scenario::Move> second;
};

// All that there are, in the order in which they are listed to a user.
std::span<const Mishap> Mishaps();

// What can happen in a world.
struct Bounds {
  int orphans = 3;
  std::vector<uint8_t> signals = {15, 23, 28, 34};       // each sent to init once
  std::vector<std::string_view> mishaps = AllMishaps();  // by name
  int mishaps_at_once = 1;                               // so many of those happen, at most
  int reaps_in_a_row = 2;                                // of the machine

  static std::vector<std::string_view> AllMishaps();
  static constexpr int kMaxOrphans = 4;  // a world has room for eight
  static constexpr std::size_t kMaxSignals = 16;
};

// What is wrong with the bounds; empty if nothing is.
std::string WhatIsWrong(const Bounds& bounds);

struct Progress {
  uint64_t states = 0;
  uint64_t transitions = 0;
  int depth = 0;  // of the longest path so far, in transitions
};

struct Violation {
  contract::Rule rule;
  std::string why;              // in a sentence
  scenario::Scenario scenario;  // the shortest there is in moves, and then as plain as it can be
  bool replays = false;         // played by a Runner, where calls take time, it breaks the rule too
};

struct Outcome {
  Progress progress;
  bool complete = false;  // all states were visited
  std::optional<Violation> violation;
};

// Searches to the end or to the first violation, and then for the shortest one. `fault`: planted in
// the machine, nullptr for none. `tell` is called every so often; false gives up.
Outcome Explore(const Bounds& bounds, const Fault* fault = nullptr,
                const std::function<bool(const Progress&)>& tell = {});

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_EXPLORER_H_
