#include "core/wait_status.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdint>
#include <random>

namespace minit {
namespace {

using Kind = WaitStatus::Kind;

// The examples of the header, at compile time.
static_assert(WaitStatus(0x0500).kind() == Kind::kExited && WaitStatus(0x0500).exit_code() == 5);
static_assert(WaitStatus(0x000f).kind() == Kind::kKilled && WaitStatus(0x000f).killed_by() == 15);
static_assert(WaitStatus(0x0040).kind() == Kind::kKilled &&
              WaitStatus(0x0040).shell_status() == 192);
static_assert(WaitStatus(0x0086).dumped_core() && WaitStatus(0x0086).shell_status() == 134);
static_assert(WaitStatus(0x137f).kind() == Kind::kStopped && WaitStatus(0x137f).stopped_by() == 19);
static_assert(WaitStatus(0xffff).kind() == Kind::kContinued && !WaitStatus(0xffff).is_death());

// What a traced process is let go with: its signal, but none for those that the tracing itself
// causes.
static_assert(WaitStatus(0x0a7f).signal_to_pass_on() == 10);
static_assert(WaitStatus(0x057f).signal_to_pass_on() == 0);   // SIGTRAP
static_assert(WaitStatus(0x137f).signal_to_pass_on() == 0);   // SIGSTOP
static_assert(WaitStatus(0x857f).signal_to_pass_on() == 0);   // SIGTRAP | 0x80, at a system call
static_assert(WaitStatus(0x3057f).signal_to_pass_on() == 0);  // PTRACE_EVENT_CLONE
static_assert(WaitStatus(0x407f).signal_to_pass_on() == 64);  // SIGRTMAX

// Compares with what libc's macros say of the same word, in each question that may be asked.
void ExpectAsLibc(std::uint32_t word) {
  const int status = static_cast<int>(word);
  const WaitStatus ours(word);
  const Kind kind = ours.kind();
  ASSERT_EQ(kind == Kind::kExited, WIFEXITED(status) != 0) << "word " << word;
  ASSERT_EQ(kind == Kind::kKilled, WIFSIGNALED(status) != 0) << "word " << word;
  ASSERT_EQ(kind == Kind::kStopped, WIFSTOPPED(status) != 0) << "word " << word;
  ASSERT_EQ(kind == Kind::kContinued, WIFCONTINUED(status) != 0) << "word " << word;
  ASSERT_EQ(ours.is_death(), WIFEXITED(status) || WIFSIGNALED(status)) << "word " << word;
  if (kind == Kind::kExited) {
    ASSERT_EQ(ours.exit_code(), WEXITSTATUS(status)) << "word " << word;
    ASSERT_EQ(ours.shell_status(), WEXITSTATUS(status)) << "word " << word;
  }
  if (kind == Kind::kKilled) {
    ASSERT_EQ(ours.killed_by(), WTERMSIG(status)) << "word " << word;
    ASSERT_EQ(ours.dumped_core(), WCOREDUMP(status) != 0) << "word " << word;
    ASSERT_EQ(ours.shell_status(), 128 + WTERMSIG(status)) << "word " << word;
  }
  if (kind == Kind::kStopped) {
    ASSERT_EQ(ours.stopped_by(), WSTOPSIG(status)) << "word " << word;
  }
}

TEST(WaitStatus, AgreesWithLibcOnEvery16BitWord) {
  for (std::uint32_t word = 0; word <= 0xffff; ++word) ASSERT_NO_FATAL_FAILURE(ExpectAsLibc(word));
}

TEST(WaitStatus, AgreesWithLibcOnALargeSampleOf32BitWords) {
  std::mt19937 random(1);
  for (int i = 0; i < 4'000'000; ++i) {
    ASSERT_NO_FATAL_FAILURE(ExpectAsLibc(static_cast<std::uint32_t>(random())));
  }
  // Ptrace events sit above bit 16: each of them over every stop.
  for (std::uint32_t event = 1; event < 256; ++event) {
    for (std::uint32_t signal = 0; signal < 256; ++signal) {
      ASSERT_NO_FATAL_FAILURE(ExpectAsLibc(event << 16 | signal << 8 | 0x7f));
    }
  }
}

TEST(WaitStatus, PassesOnNothingThatADetachWouldRefuseOrThatTracingCaused) {
  for (std::uint32_t stop = 0; stop < 256; ++stop) {
    const int passed_on = WaitStatus(stop << 8 | 0x7f).signal_to_pass_on();
    const bool plain =
        1 <= stop && stop <= 64 && stop != SIGTRAP && stop != SIGSTOP && stop != SIGKILL;
    EXPECT_EQ(passed_on, plain ? static_cast<int>(stop) : 0) << "stopped by " << stop;
  }
}

TEST(Signal, NumbersAreThoseOfTheSystem) {
  EXPECT_EQ(kSigTrap, SIGTRAP);
  EXPECT_EQ(kSigKill, SIGKILL);
  EXPECT_EQ(kSigChld, SIGCHLD);
  EXPECT_EQ(kSigStop, SIGSTOP);
  EXPECT_EQ(kLastSignal, SIGRTMAX);
}

}  // namespace
}  // namespace minit
