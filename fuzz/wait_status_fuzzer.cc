// Fuzz target: wait statuses, against the macros of libc.
//
// Input: words of four bytes, low byte first; a last one that is shorter is filled up with zeros.
// Reaches: all of core/wait_status.h.
// A crash means: the machine and libc read a status in different ways.

#include <sys/wait.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/wait_status.h"
#include "fuzz/target.h"

namespace {

using minit::WaitStatus;

// Says which word it was.
void Check(bool holds, uint32_t word, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wait_status_fuzzer: 0x%08x: %s\n", word, what);
  std::abort();
}

void CheckWord(uint32_t word) {
  const WaitStatus ours(word);
  const int libc = static_cast<int>(word);
  const WaitStatus::Kind kind = ours.kind();
  Check((kind == WaitStatus::Kind::kExited) == WIFEXITED(libc), word, "exited or not");
  Check((kind == WaitStatus::Kind::kKilled) == WIFSIGNALED(libc), word, "killed or not");
  Check((kind == WaitStatus::Kind::kStopped) == WIFSTOPPED(libc), word, "stopped or not");
  Check((kind == WaitStatus::Kind::kContinued) == WIFCONTINUED(libc), word, "continued or not");
  Check(ours.is_death() == (WIFEXITED(libc) || WIFSIGNALED(libc)), word, "a death or not");
  Check(ours.word() == word, word, "the word itself");
  if (WIFEXITED(libc)) {
    Check(ours.exit_code() == WEXITSTATUS(libc), word, "exit code");
    Check(ours.shell_status() == WEXITSTATUS(libc), word, "status as a shell gives it");
  }
  if (WIFSIGNALED(libc)) {
    Check(ours.killed_by() == WTERMSIG(libc), word, "signal that killed");
    Check(ours.dumped_core() == (WCOREDUMP(libc) != 0), word, "core dump");
    Check(ours.shell_status() == 128 + WTERMSIG(libc), word, "status as a shell gives it");
  }
  if (WIFSTOPPED(libc)) {
    const int signal = WSTOPSIG(libc);
    const bool by_tracing = signal == SIGTRAP || signal == SIGSTOP;
    const bool can_be_sent = signal >= 1 && signal <= SIGRTMAX && signal != SIGKILL;
    Check(ours.stopped_by() == signal, word, "signal that stopped");
    Check(ours.signal_to_pass_on() == (by_tracing || !can_be_sent ? 0 : signal), word,
          "signal to pass on");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  for (std::size_t at = 0; at < size; at += 4) {
    uint32_t word = 0;
    for (std::size_t i = 0; i < 4 && at + i < size; ++i) {
      word |= static_cast<uint32_t>(data[at + i]) << (8 * i);
    }
    CheckWord(word);
  }
  return 0;
}
