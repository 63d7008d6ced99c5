// The kernel model against the sketch of it, in every story of three things that can happen.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "proptest/sketch_pair.h"

namespace minit::proptest {
namespace {

// What can happen in one, as sketch_pair.cc reads it. Process 2 is a child of init's, as are 3 and 4.
constexpr Row kLetters[] = {
    {0, 0, 10, 0},    // ten milliseconds pass
    {1, 1, 1, 0},     // 2 forks
    {1, 1, 0, 34},    // … a child that ends with signal 34
    {3, 1, 6, 0},     // 2 exits
    {3, 1, 139, 0},   // 2 dies of signal 12 and dumps core
    {3, 4, 6, 0},     // the first that was born since exits
    {4, 0, 4, 8},     // init sends 2 STOP
    {4, 0, 4, 6},     // … CONT
    {4, 0, 4, 9},     // … TSTP
    {4, 0, 4, 4},     // … TERM
    {4, 0, 4, 2},     // … SEGV
    {4, 0, 4, 13},    // … 34
    {4, 0, 4, 1},     // … KILL
    {4, 0, 7, 0},     // init sends its group HUP
    {4, 1, 0, 4},     // 2 sends init TERM
    {4, 1, 0, 9},     // … TSTP
    {4, 1, 0, 6},     // … CONT
    {10, 1, 0, 13},   // … its thread 34
    {10, 1, 0, 4},    // … its thread TERM
    {10, 1, 1, 13},   // … 34, by sigqueue
    {10, 0, 4, 4},    // init sends the thread of 2 TERM
    {7, 0, 28, 1},    // init waits, for stops and continues too
    {7, 0, 0, 1},     // … for deaths
    {7, 0, 196, 0},   // … by waitid, and leaves what it finds
    {9, 0, 0, 0},     // init takes a signal
    {19, 0, 0, 0},    // init is owed signals from now on
    {19, 0, 32, 0},   // sync hangs
    {19, 0, 33, 65},  // … and no longer; the console has room for four bytes
    {19, 0, 33, 0},   // no fault is left
    {11, 1, 1, 0},    // 2 sets an alarm
    {17, 1, 0, 0},    // 2 calls setsid
    {20, 1, 0, 0},    // 2 blocks all signals
    {20, 1, 1, 0},    // 2 unblocks all
    {21, 1, 1, 5},    // 2 ignores CHLD
    {21, 1, 9, 5},    // 2 sets SA_NOCLDWAIT
    {21, 1, 20, 4},   // 2 handles TERM, with SA_RESTART
    {21, 1, 2, 4},    // … without
    {23, 1, 0, 0},    // 2 calls exec
    {25, 1, 0, 0},    // 2 is a subreaper
    {26, 1, 0, 1},    // 2 sleeps
    {26, 1, 3, 0},    // 2 is in sigsuspend, with all blocked
    {26, 1, 4, 7},    // 2 waits for HUP or STOP
    {26, 1, 6, 0},    // 2 syncs
    {26, 1, 7, 1},    // 2 waits for its children
    {26, 1, 39, 9},   // … for whom its first descriptor names
    {13, 1, 1, 1},    // 2 opens the console
    {13, 1, 2, 1},    // … the terminal
    {13, 1, 3, 9},    // … a signalfd
    {13, 1, 4, 1},    // … a timerfd
    {13, 1, 5, 8},    // … a pidfd of 3
    {13, 1, 11, 16},  // … one of its child, that does not block
    {12, 1, 2, 0},    // 2 sets its timer
    {15, 1, 100, 0},  // 2 reads what it opened first
    {15, 1, 98, 1},   // 2 polls it
    {15, 1, 99, 0},   // 2 writes seven bytes to it
    {18, 1, 0, 0},    // 2 makes it its terminal
    {18, 1, 1, 0},    // 2 lets go of its terminal
};

std::string Told(std::span<const Row> story) {
  std::string text;
  for (const Row& row : story) {
    text += "{";
    for (const uint8_t value : row) text += std::to_string(value) + ", ";
    text += "} ";
  }
  return text;
}

TEST(Kernel, DoesWhatTheSketchOfItDoesInEveryShortStory) {
  Pair pair;
  for (const Row& first : kLetters) {
    for (const Row& second : kLetters) {
      for (const Row& third : kLetters) {
        const std::array<Row, 3> story = {first, second, third};
        pair.Begin(/*few=*/false);
        for (const Row& row : story) ASSERT_EQ(pair.Happen(row), "") << Told(story);
      }
    }
  }
}

}  // namespace
}  // namespace minit::proptest
