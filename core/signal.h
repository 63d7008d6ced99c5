// The signal numbers that the machine knows by name (signal(7); include/uapi/asm-generic/signal.h).
//
// core/ is freestanding: it includes no system header, so that it reads the same in /init, in a
// fuzzer and at compile time. wait_status_test.cc holds them against <signal.h>.
#ifndef MINIT_CORE_SIGNAL_H_
#define MINIT_CORE_SIGNAL_H_

namespace minit {

inline constexpr int kSigTrap = 5;
inline constexpr int kSigKill = 9;
inline constexpr int kSigChld = 17;
inline constexpr int kSigStop = 19;

// Signals are 1 to 64 on every Linux that this runs on; 32 to 64 are the real-time ones.
inline constexpr int kLastSignal = 64;

// True for a number that a process can take: all but SIGKILL and SIGSTOP, which never wait to be
// taken.
constexpr bool CanBeTaken(int signal) {
  return 1 <= signal && signal <= kLastSignal && signal != kSigKill && signal != kSigStop;
}

}  // namespace minit

#endif  // MINIT_CORE_SIGNAL_H_
