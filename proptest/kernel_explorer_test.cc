// The kernel model in every story of three things that can happen: against the sketch of it; with
// threads and tracing, under laws and against a table; and against the plain channels.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/kernel/digest.h"
#include "proptest/channels.h"
#include "proptest/sketch_pair.h"
#include "proptest/watch.h"

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

// --- With threads and tracing ----------------------------------------------------------------------

// How a story begins: by what has happened, in a world that begins in one way or another.
struct Opening {
  const char* name;
  std::vector<Row> rows;
  uint8_t how = 0;
};

// What a row says that is wrong, of a law and of a difference.
std::string WrongOf(const char* law) { return law == nullptr ? "" : law; }
std::string WrongOf(std::string difference) { return difference; }

// All stories of so many rows after an opening. A World has Begin, GoOnFrom and Happen, as Watch has them.
template <typename World>
class Stories {
 public:
  explicit Stories(std::span<const Row> rows) : rows_(rows) {}

  // Nothing, or the first that goes wrong: as it goes on, or as `end` says of the world that it ends in.
  template <typename End>
  std::string FirstWrong(const Opening& opening, End&& end) {
    told_ = opening.rows;
    worlds_[0].Begin(opening.how);
    for (const Row& row : opening.rows) {
      const std::string wrong = WrongOf(worlds_[0].Happen(row));
      if (!wrong.empty()) return Told(told_) + wrong;
    }
    return GoOn(1, end);
  }

 private:
  static constexpr std::size_t kLength = 3;

  template <typename End>
  std::string GoOn(std::size_t length, End& end) {
    for (const Row& row : rows_) {
      World& world = worlds_[length];
      world.GoOnFrom(worlds_[length - 1]);
      told_.push_back(row);
      std::string wrong = WrongOf(world.Happen(row));
      if (wrong.empty() && length == kLength) wrong = end(world);
      if (!wrong.empty()) return Told(told_) + wrong;
      if (length < kLength) wrong = GoOn(length + 1, end);
      if (!wrong.empty()) return wrong;
      told_.pop_back();
    }
    return "";
  }

  std::span<const Row> rows_;
  std::array<World, kLength + 1> worlds_;
  std::vector<Row> told_;
};

// Process 2 is a child of init's, as are 3 and 4; the next born are 5 and 6.

const std::vector<Opening>& Openings() {
  static const std::vector<Opening> openings = {
      {"nothing", {}},
      {"2 has a thread", {{2, 1, 0, 0}}},
      {"2 has a thread, and init traces both", {{2, 1, 0, 0}, {12, 0, 1, 2}, {12, 0, 4, 2}}},
      {"the leader of 2 is dead, its thread lives", {{2, 1, 0, 0}, {3, 1, 7, 0}}},
      {"init has attached to 2", {{12, 0, 1, 1}, {9, 0, 0, 2}}},
      {"3 traces 2, which lets it go on", {{12, 2, 1, 1}, {9, 2, 0, 2}, {13, 2, 1, 0}}},
      {"2 has a child and asks init to trace it", {{1, 1, 0, 1}, {12, 1, 0, 0}}},
      {"2 and its thread are stopped", {{2, 1, 0, 0}, {8, 1, 0, 6}}},
      {"3 has a thread and traces that of 2", {{2, 2, 0, 0}, {2, 1, 0, 0}, {12, 2, 5, 2}}},
      {"2 has a pipe and a signalfd, and a child waits",
       {{19, 1, 0, 0}, {19, 1, 1, 2}, {1, 1, 0, 1}, {20, 4, 0, 1}}},
      {"2 is a subreaper with a thread, a child and a grandchild",
       {{17, 1, 2, 0}, {2, 1, 0, 0}, {1, 1, 0, 1}, {1, 5, 0, 1}}},
      {"2 waits for its vfork, whose child has a thread", {{1, 1, 3, 1}, {2, 4, 0, 0}}},
      {"a child of 2 has a thread and ends with signal 12, which 2 blocks",
       {{14, 1, 2, 0}, {1, 1, 0, 12}, {2, 4, 0, 0}}},
      {"3 waits for 2 by a pidfd in an epoll",
       {{19, 2, 4, 1}, {19, 2, 2, 0}, {23, 2, 1, 0}, {22, 2, 1, 192}}},
      {"3 traces a child of 2", {{1, 1, 0, 1}, {12, 2, 4, 2}}},
      {"2 has a timerfd in an epoll, its thread waits",
       {{19, 1, 3, 0}, {19, 1, 2, 0}, {23, 1, 1, 0}, {2, 1, 0, 0}, {22, 4, 1, 192}}},
      {"2 ignores CHLD and waits for its vfork, which asks to be traced",
       {{15, 1, 1, 4}, {1, 1, 3, 1}, {12, 4, 0, 0}}},
      {"3 blocks all, traces a dead child of 2 and knows of that",
       {{14, 2, 2, 0}, {1, 1, 0, 1}, {12, 2, 4, 2}, {3, 4, 6, 0}, {16, 2, 0, 0}}},
      {"3 traces the thread of 2, which was continued",
       {{2, 1, 0, 0}, {12, 2, 4, 2}, {8, 1, 0, 6}, {8, 1, 0, 5}, {9, 2, 6, 2}}},
      {"init has passed HUP on to one of its own that handles it",
       {{1, 0, 0, 1}, {14, 4, 2, 3}, {15, 4, 17, 0}, {12, 4, 0, 0}, {5, 0, 4, 0}, {13, 0, 4, 4}}},
      {"2 is stopped in a poll, and its time is over",
       {{19, 1, 0, 0}, {18, 2, 3, 140}, {21, 1, 1, 128}, {8, 1, 0, 6}, {0, 0, 200, 0}}},
      {"2 has a pipe in an epoll, its thread waits",
       {{19, 1, 0, 0}, {19, 1, 2, 0}, {23, 1, 2, 0}, {2, 1, 0, 0}, {22, 4, 2, 192}}},
      {"2 blocks all and has a signalfd by edges in an epoll, its thread waits",
       {{14, 1, 2, 0}, {19, 1, 1, 2}, {19, 1, 2, 0}, {23, 1, 1, 8}, {2, 1, 0, 0}, {22, 4, 1, 192}}},
      {"2 blocks all and has a pipe, its thread waits for room for one byte",
       {{14, 1, 2, 0},
        {19, 1, 0, 0},
        {20, 1, 1, 252},
        {20, 1, 0, 255},
        {2, 1, 0, 0},
        {20, 4, 1, 4}}},
  };
  return openings;
}

// What can happen in one, as watch.cc reads it.
constexpr Row kDeeds[] = {
    {0, 0, 50, 0},    // fifty milliseconds pass
    {1, 1, 0, 1},     // 2 forks
    {1, 1, 4, 1},     // … a child for its tracer, too
    {2, 1, 0, 0},     // a thread of 2 begins
    {3, 1, 5, 0},     // the leader of 2 ends
    {3, 4, 6, 0},     // the first that was born since ends
    {3, 5, 6, 0},     // … the second does
    {4, 1, 3, 0},     // 2 exits
    {4, 5, 3, 0},     // the second that was born since does
    {4, 2, 3, 0},     // 3 exits
    {5, 0, 1, 0},     // init sends 2 HUP
    {5, 0, 1, 1},     // … KILL
    {5, 0, 1, 2},     // … SEGV
    {5, 0, 1, 5},     // … CONT
    {5, 0, 1, 6},     // … STOP
    {5, 0, 1, 9},     // … 34
    {7, 0, 4, 0},     // … the first that was born since, HUP
    {7, 0, 4, 5},     // … CONT
    {7, 0, 1, 6},     // … the thread of 2 STOP
    {9, 0, 0, 2},     // init waits
    {9, 0, 6, 2},     // … for stops and continues
    {9, 0, 8, 0},     // … and leaves what it finds
    {9, 2, 6, 2},     // 3 waits, for stops and continues too
    {11, 1, 0, 2},    // 2 waits as long as it takes
    {11, 2, 4, 2},    // 3 does
    {12, 1, 0, 0},    // 2 asks to be traced
    {12, 0, 1, 1},    // init attaches to 2
    {12, 2, 1, 2},    // 3 seizes 2
    {12, 2, 4, 2},    // … the first that was born since
    {13, 0, 1, 0},    // init lets 2 go on
    {13, 0, 1, 4},    // … with HUP
    {13, 2, 1, 1},    // 3 lets go of 2
    {13, 2, 4, 1},    // … of the first that was born since
    {13, 0, 1, 3},    // init kills 2 as its tracer
    {14, 1, 2, 0},    // 2 blocks all signals
    {14, 4, 2, 0},    // the first that was born since does
    {14, 1, 2, 3},    // 2 unblocks all
    {15, 1, 18, 0},   // 2 ignores CHLD or the like
    {15, 1, 17, 0},   // 2 handles HUP
    {15, 2, 1, 4},    // 3 ignores CHLD
    {16, 1, 200, 0},  // 2 takes a signal, or waits for one
    {17, 1, 2, 0},    // 2 is a subreaper
    {17, 1, 3, 0},    // 2 calls exec
    {18, 1, 0, 3},    // 2 is in sigsuspend
    {19, 1, 4, 1},    // 2 opens a pidfd of itself
    {20, 1, 0, 1},    // 2 reads its first descriptor
    {20, 1, 1, 4},    // 2 writes to its second
    {21, 1, 3, 200},  // 2 polls both
    {24, 1, 0, 3},    // 2 closes the first
    {24, 1, 0, 41},   // 2 sets its timer
    {25, 1, 2, 0},    // 2 has a fault
};

// One line about all stories with one opening.
std::string LineOf(const Opening& opening, Stories<Watch>& stories) {
  kernel::Digest digest;
  int count = 0;
  const std::string wrong = stories.FirstWrong(opening, [&](const Watch& world) {
    digest.Add(world.world().Fingerprint(), world.SaidLast());
    ++count;
    return "";
  });
  EXPECT_EQ(wrong, "") << "a table that has such a line is none";
  return std::string(opening.name) + ": " + std::to_string(count) + " stories " +
         std::to_string(digest.value()) + wrong;
}

// Where all stories end, and what the last call said, is in a table: who changes what the model does,
// sees after which openings it does that.
TEST(Kernel, KeepsTheLawsInEveryShortStoryAndEndsAsInTheTable) {
  std::ifstream in(MINIT_SOURCE_DIR "/proptest/stories.table");
  std::vector<std::string> expected;
  for (std::string line; std::getline(in, line);) expected.push_back(line);
  EXPECT_EQ(expected.size(), Openings().size());
  expected.resize(Openings().size());
  std::vector<std::string> lines;
  Stories<Watch> stories(kDeeds);
  for (const Opening& opening : Openings()) {
    lines.push_back(LineOf(opening, stories));
    EXPECT_EQ(lines.back(), expected[lines.size() - 1]);
  }
  if (!HasFailure()) return;
  const std::string path = testing::TempDir() + "stories.table";
  std::ofstream out(path);
  for (const std::string& line : lines) out << line << "\n";
  ADD_FAILURE() << "the table as it is now: " << path;
}

// --- Channels --------------------------------------------------------------------------------------

// Init has an eventfd (0), a semaphore (1), a pipe (2, 3), sockets (4, 5), a signalfd (6), a timer (7), two
// epolls (8, 9) and a pidfd of 2 (10); 2 and 3 have the same, but for the last.
const std::vector<Opening>& OpeningsOfChannels() {
  static const std::vector<Opening> openings = {
      {"nothing", {}},
      {"no call waits", {}, 1},
      {"2 waits for edges",
       {{7, 1, 8, 16}, {7, 1, 8, 18}, {7, 1, 8, 22}, {7, 1, 8, 23}, {6, 1, 8, 4}}},
      {"init waits for levels, and 3 in a poll",
       {{7, 0, 8, 0}, {7, 0, 8, 2}, {7, 0, 8, 6}, {7, 0, 8, 26}, {6, 0, 8, 4}, {5, 2, 19, 5}}},
      {"some are told of once", {{7, 0, 8, 33}, {7, 0, 8, 48}, {7, 0, 8, 36}, {7, 0, 8, 39}}},
      {"both epolls have the counters",
       {{7, 0, 9, 16}, {7, 0, 9, 17}, {7, 0, 8, 0}, {7, 0, 8, 17}, {3, 0, 0, 0}}},
      {"an epoll is in the other, in which init waits",
       {{7, 0, 9, 16}, {7, 0, 9, 2}, {7, 0, 8, 9}, {6, 0, 8, 4}}},
      {"2 waits for room in the pipe, 3 for some in the eventfd",
       {{3, 0, 3, 3}, {3, 1, 3, 0}, {3, 0, 0, 3}, {3, 2, 0, 4}}},
      {"2 reads the pipe, to which init alone can write, 3 the signalfd",
       {{8, 1, 3, 0}, {8, 2, 3, 0}, {4, 1, 2, 0}, {4, 2, 6, 0}}},
      {"2 alone has a socket that 3 reads, in an epoll by edges",
       {{8, 0, 5, 0}, {8, 2, 5, 0}, {7, 2, 8, 20}, {4, 2, 4, 0}}},
      {"a timer repeats, of which nobody has heard, and real-time signals find no room",
       {{7, 0, 8, 23}, {7, 0, 8, 22}, {12, 0, 7, 4}, {0, 0, 9, 0}},
       2},
      {"what init has closed is in its epoll by edges",
       {{7, 0, 8, 16}, {7, 0, 8, 18}, {8, 0, 0, 0}, {8, 0, 2, 0}}},
      {"2 has the signalfd in an epoll by edges, which init polls that has heard of its own signal",
       {{1, 0, 0, 2}, {7, 1, 8, 22}, {6, 0, 8, 0}, {5, 0, 24, 8}}},
      {"there is room for one open file",
       {{10, 0, 0, 0},
        {10, 0, 0, 0},
        {10, 0, 0, 0},
        {10, 1, 0, 0},
        {10, 1, 0, 0},
        {10, 1, 0, 0},
        {10, 1, 0, 0},
        {10, 2, 0, 0},
        {10, 2, 0, 0},
        {10, 2, 0, 0},
        {10, 2, 0, 0},
        {10, 2, 0, 0}}},
      {"2 has an eventfd in the epoll of init, where that has closed it",
       {{8, 0, 0, 0}, {7, 1, 8, 16}, {10, 0, 0, 2}, {7, 0, 9, 16}}},
  };
  return openings;
}

// What can happen in one, as channels.cc reads it.
constexpr Row kActs[] = {
    {0, 0, 9, 0},     // ten milliseconds pass
    {1, 0, 0, 0},     // init is sent HUP
    {1, 0, 0, 2},     // … TERM
    {1, 0, 0, 3},     // … 34
    {1, 1, 0, 2},     // 2 is sent TERM
    {2, 1, 0, 0},     // 2 exits
    {2, 2, 0, 0},     // 3 exits
    {3, 0, 0, 0},     // init writes 1 to the eventfd
    {3, 0, 0, 1},     // … 0
    {3, 0, 0, 3},     // … all that it can hold
    {3, 0, 1, 2},     // … 2 to the semaphore
    {3, 0, 3, 0},     // … a byte to the pipe
    {3, 1, 3, 3},     // 2 fills the pipe
    {3, 0, 4, 0},     // init writes a byte to a socket
    {3, 0, 4, 1},     // … none
    {3, 0, 4, 4},     // … without SIGPIPE
    {3, 1, 5, 0},     // 2 writes a byte to the other
    {4, 0, 0, 0},     // init reads the eventfd
    {4, 1, 0, 4},     // 2 reads it if there is something
    {4, 0, 1, 0},     // init reads the semaphore
    {4, 0, 2, 1},     // … a byte of the pipe
    {4, 0, 4, 3},     // init reads all of a socket
    {4, 1, 5, 0},     // 2 reads the other
    {4, 0, 6, 0},     // init takes a signal
    {4, 1, 6, 4},     // 2 does, if one is there
    {4, 0, 7, 0},     // init reads the timer
    {5, 0, 16, 2},    // … polls the eventfd and the pipe
    {5, 1, 19, 29},   // 2 polls the end to write, or waits for room at the console
    {6, 0, 8, 0},     // init asks the epoll
    {6, 0, 8, 1},     // … for one
    {6, 0, 9, 0},     // … the other one
    {6, 1, 8, 0},     // 2 asks the epoll
    {6, 2, 8, 4},     // 3 waits in it
    {7, 0, 8, 0},     // init adds the eventfd
    {7, 0, 8, 17},    // … the semaphore, by edges
    {7, 0, 8, 18},    // … the pipe
    {7, 0, 8, 22},    // … the signalfd
    {7, 0, 8, 26},    // … the pidfd
    {7, 0, 8, 41},    // … the other epoll, once
    {7, 0, 40, 16},   // … has the eventfd told of by edges
    {7, 0, 40, 49},   // … the semaphore by edges, once
    {7, 0, 40, 0},    // … by levels
    {7, 0, 40, 112},  // … no more
    {7, 1, 40, 22},   // 2 has the signalfd told of by edges
    {7, 0, 56, 0},    // init removes the eventfd
    {7, 0, 56, 2},    // … the pipe
    {8, 0, 0, 0},     // init closes the eventfd
    {8, 1, 0, 0},     // 2 does
    {8, 0, 3, 0},     // init closes the end to write
    {8, 0, 5, 0},     // … a socket
    {8, 0, 8, 0},     // … the epoll
    {9, 0, 8, 0},     // … has the epoll twice
    {10, 0, 0, 2},    // … opens an eventfd, of 1
    {10, 0, 2, 0},    // … a pipe
    {12, 0, 7, 0},    // … sets the timer
    {12, 0, 7, 7},    // … in the past, and again and again
    {13, 0, 10, 0},   // … sends 2 TERM by the pidfd
    {13, 0, 10, 3},   // … its thread 34
    {13, 0, 10, 6},   // … its group TERM
    {14, 0, 6, 2},    // … reads other signals
    {15, 0, 0, 1},    // the console is full
    {15, 0, 0, 0},    // … and no longer
};

// None differs from the plain one, nor have two worlds that do one fingerprint.
TEST(Kernel, DoesWhatThePlainChannelsDoInEveryShortStory) {
  Stories<Channels> stories(kActs);
  for (const Opening& opening : OpeningsOfChannels()) {
    std::unordered_map<uint64_t, uint64_t> seen;  // what is told, by fingerprint
    const auto end = [&seen](const Channels& world) {
      const uint64_t told = world.Told();
      const auto [at, is_new] = seen.try_emplace(world.world().Fingerprint(), told);
      return at->second == told ? "" : "two that differ have one fingerprint";
    };
    EXPECT_EQ(stories.FirstWrong(opening, end), "") << opening.name;
  }
}

TEST(Channels, OfEachRowOfAnOpeningSomethingComes) {
  for (const Opening& opening : OpeningsOfChannels()) {
    Channels world(opening.how);
    for (const Row& row : opening.rows) {
      const uint64_t before = world.Told();
      world.Happen(row);
      EXPECT_NE(world.Told(), before) << opening.name << ": " << Told({&row, 1});
    }
  }
}

}  // namespace
}  // namespace minit::proptest
