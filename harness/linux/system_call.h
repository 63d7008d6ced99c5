// SystemCall: a call of the kernel and nothing around it.
//
// libc's wrappers have policies of their own, wrong for PID 1: signal sets without 32 to 34, a
// sigtimedwait that swallows EINTR and starts its time-out anew, a fork that runs handlers. So /init
// goes by them. Results are as the kernel gives them: at least 0, or -errno; there is no errno here.
#ifndef MINIT_HARNESS_LINUX_SYSTEM_CALL_H_
#define MINIT_HARNESS_LINUX_SYSTEM_CALL_H_

#include <sys/syscall.h>

#ifndef __x86_64__
#error "Only the x86-64 calling convention is written down here (syscall(2))."
#endif

namespace minit {

namespace internal {

inline long ToWord(long argument) { return argument; }
inline long ToWord(int argument) { return argument; }
inline long ToWord(unsigned argument) { return argument; }
inline long ToWord(unsigned long argument) { return static_cast<long>(argument); }
inline long ToWord(const void* argument) { return reinterpret_cast<long>(argument); }

}  // namespace internal

// Pointers may be given for arguments that are addresses; the kernel reads and writes what they name.
template <typename... Arguments>
inline long SystemCall(long number, Arguments... arguments) {
  static_assert(sizeof...(arguments) <= 6);
  const long words[6] = {internal::ToWord(arguments)...};
  register long fourth asm("r10") = words[3];
  register long fifth asm("r8") = words[4];
  register long sixth asm("r9") = words[5];
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(fourth), "r"(fifth),
                 "r"(sixth)
               : "rcx", "r11", "memory");
  return result;
}

}  // namespace minit

#endif  // MINIT_HARNESS_LINUX_SYSTEM_CALL_H_
