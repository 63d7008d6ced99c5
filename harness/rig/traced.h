// Traced: what a tracer asks of a process that is stopped for it, as functions of its number.
//
// Invariant: while one runs, ResumeTraced waits for it; so of all those traced one runs at a time,
// and how long it does is looked at (watch.h).

#ifndef MINIT_HARNESS_RIG_TRACED_H_
#define MINIT_HARNESS_RIG_TRACED_H_

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace minit::rig {

inline constexpr uint64_t kCallBytes = 2;  // of a syscall instruction

long Trace(int request, pid_t pid, uint64_t address, const void* data);

// Goes on in this way (PTRACE_CONT and the like) until it stops. Returns a wait status: 0 if there is
// no such process.
int ResumeTraced(pid_t pid, int request, int signal = 0);
int WaitForTraced(pid_t pid);
void KillTraced(pid_t pid);  // and waits for its end

// The signal, and the event above it, with which it stopped; -1: it did not.
int StopSignal(int status);
bool IsFork(int status);

// As they are before a syscall instruction, where `registers` is past it: it makes this call.
user_regs_struct BeforeCall(user_regs_struct registers, long number,
                            const std::array<uint64_t, 6>& arguments);

bool GetRegisters(pid_t pid, user_regs_struct* registers);
bool SetRegisters(pid_t pid, const user_regs_struct& registers);
bool ReadMemory(pid_t pid, uint64_t address, void* to, std::size_t size);
bool WriteMemory(pid_t pid, uint64_t address, const void* from, std::size_t size);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_TRACED_H_
