#include "harness/rig/traced.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/rig/watch.h"

namespace minit::rig {

long Trace(int request, pid_t pid, uint64_t address, const void* data) {
  return syscall(SYS_ptrace, request, pid, address, data);
}

int WaitForTraced(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, __WALL) < 0) {
    if (errno != EINTR) return 0;
  }
  return status;
}

int ResumeTraced(pid_t pid, int request, int signal) {
  const auto* const data = reinterpret_cast<const void*>(static_cast<intptr_t>(signal));
  if (Trace(request, pid, 0, data) != 0) {
    KillTraced(pid);
    return 0;
  }
  Watch::Begin(pid);
  const int status = WaitForTraced(pid);
  Watch::End();
  return status;
}

void KillTraced(pid_t pid) {
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  while (WIFSTOPPED(WaitForTraced(pid))) {
  }
}

int StopSignal(int status) { return WIFSTOPPED(status) ? status >> 8 : -1; }

bool IsFork(int status) {
  const int stop = StopSignal(status);
  return stop == (SIGTRAP | PTRACE_EVENT_FORK << 8) ||
         stop == (SIGTRAP | PTRACE_EVENT_VFORK << 8) || stop == (SIGTRAP | PTRACE_EVENT_CLONE << 8);
}

user_regs_struct BeforeCall(user_regs_struct registers, long number,
                            const std::array<uint64_t, 6>& arguments) {
  registers.rip -= kCallBytes;
  registers.rax = static_cast<uint64_t>(number);
  registers.rdi = arguments[0];
  registers.rsi = arguments[1];
  registers.rdx = arguments[2];
  registers.r10 = arguments[3];
  registers.r8 = arguments[4];
  registers.r9 = arguments[5];
  return registers;
}

bool GetRegisters(pid_t pid, user_regs_struct* registers) {
  return Trace(PTRACE_GETREGS, pid, 0, registers) == 0;
}

bool SetRegisters(pid_t pid, const user_regs_struct& registers) {
  return Trace(PTRACE_SETREGS, pid, 0, &registers) == 0;
}

bool ReadMemory(pid_t pid, uint64_t address, void* to, std::size_t size) {
  const iovec here = {to, size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_readv(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

bool WriteMemory(pid_t pid, uint64_t address, const void* from, std::size_t size) {
  const iovec here = {const_cast<void*>(from), size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_writev(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace minit::rig
