// WaitStatus: what the status word of wait4(2) says.
//
// The word, as the kernel writes it (wait(2); kernel/exit.c, kernel/ptrace.c):
//
//   exited     code << 8                         exit(261) is 0x0500: a code has eight bits
//   killed     signal, | 0x80 with a core dump   0x000f SIGTERM, 0x0086 SIGABRT with a core
//   stopped    signal << 8 | 0x7f                0x137f SIGSTOP; a ptrace event adds bits above 16
//   continued  0xffff
//
// Only the first two are a death. wait4 reports a stop even without WUNTRACED if the waiter traces
// the process, which a child brings about by itself with PTRACE_TRACEME: reading every status as an
// exit restarts the machine when somebody starts a debugger.
//
// Decoding is total: every 32-bit word is exactly one of the five kinds.
// Held by wait_status_test.cc, against libc's macros for all 65,536 16-bit words.
#ifndef MINIT_CORE_WAIT_STATUS_H_
#define MINIT_CORE_WAIT_STATUS_H_

#include <cstdint>

#include "core/signal.h"

namespace minit {

class WaitStatus {
 public:
  enum class Kind : std::uint8_t { kExited, kKilled, kStopped, kContinued, kUnknown };

  constexpr explicit WaitStatus(std::uint32_t word) : word_(word) {}

  constexpr std::uint32_t word() const { return word_; }

  constexpr Kind kind() const {
    if (low_bits() == 0) return Kind::kExited;
    if (word_ == 0xffff) return Kind::kContinued;
    if ((word_ & 0xff) == 0x7f) return Kind::kStopped;
    if (low_bits() == 0x7f) return Kind::kUnknown;  // no kernel writes these
    return Kind::kKilled;
  }

  constexpr bool is_death() const { return kind() == Kind::kExited || kind() == Kind::kKilled; }

  // Exited only: 0 to 255.
  constexpr int exit_code() const { return static_cast<int>(word_ >> 8 & 0xff); }

  // Killed only: 1 to 126; the kernel gives 1 to 64.
  constexpr int killed_by() const { return static_cast<int>(low_bits()); }
  constexpr bool dumped_core() const { return (word_ & 0x80) != 0; }

  // Stopped only: 0 to 255; the kernel gives 1 to 64, or SIGTRAP | 0x80 at a traced system call.
  constexpr int stopped_by() const { return static_cast<int>(word_ >> 8 & 0xff); }

  // A death only: the one number that a shell would give, 0 to 254. The exit code, or 128 + signal,
  // core dump or not.
  constexpr int shell_status() const {
    return kind() == Kind::kExited ? exit_code() : 128 + killed_by();
  }

  // Stopped only: what to pass on when letting a traced process go (data of PTRACE_DETACH): the
  // signal that it was stopped over, but none for SIGTRAP and SIGSTOP, with which the tracing
  // itself stops it.
  constexpr int signal_to_pass_on() const {
    const int signal = stopped_by();
    return CanBeTaken(signal) && signal != kSigTrap ? signal : 0;
  }

  friend constexpr bool operator==(WaitStatus, WaitStatus) = default;

 private:
  constexpr std::uint32_t low_bits() const { return word_ & 0x7f; }

  std::uint32_t word_;
};

}  // namespace minit

#endif  // MINIT_CORE_WAIT_STATUS_H_
