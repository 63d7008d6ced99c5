// The names of Linux's system calls on x86-64, by number. A table that the build makes from the kernel's
// own header (asm/unistd_64.h), so that it knows what that header knows.
//
// Held by calls_test.cc.
#ifndef MINIT_HARNESS_KERNEL_SYSTEM_CALLS_H_
#define MINIT_HARNESS_KERNEL_SYSTEM_CALLS_H_

#include <span>
#include <string>
#include <string_view>

namespace minit::kernel {

struct SystemCall {
  std::string_view name;  // "mlockall"
  int number;
};

// All of them, in the order of their numbers.
std::span<const SystemCall> SystemCalls();

// Its name; "system call 999" if it has none.
std::string NameOfSystemCall(int number);

}  // namespace minit::kernel

#endif  // MINIT_HARNESS_KERNEL_SYSTEM_CALLS_H_
