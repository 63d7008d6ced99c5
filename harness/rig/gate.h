// Gate: between the harness and code of a subject that runs in the same process, on the same thread,
// by its own registers and stack. Nothing here knows what either does.
//
//   OpenGate(100);
//   const Exit exit = PassGate(context);   // the subject runs until something stops it
//
// A system call of the subject does not reach the kernel: syscall user dispatch (SUD) raises a signal
// for each call that is made from outside kHarnessFrom (fence.h). Nor does the subject see signals of
// the harness, nor the harness the subject's stack, flags, vector registers or thread pointer.
//
// Needs an x86-64 processor and kernel with SUD, FSGSBASE and XSAVEOPT. One thread of a process can
// have the gate open.
// Held by in_process_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_GATE_H_
#define MINIT_HARNESS_RIG_GATE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace minit::rig {

// In the order of a signal frame.
struct Registers {
  uint64_t r8 = 0, r9 = 0, r10 = 0, r11 = 0, r12 = 0, r13 = 0, r14 = 0, r15 = 0;
  uint64_t rdi = 0, rsi = 0, rbp = 0, rbx = 0, rdx = 0, rax = 0, rcx = 0, rsp = 0, rip = 0;
  uint64_t flags = 0x202;
  uint64_t fs = 0;  // what it asked for; instructions that change it are not noticed
};

// The area of XSAVE, not compacted: x87, SSE, AVX and AVX-512.
inline constexpr std::size_t kFloatBytes = 2688;
inline constexpr uint64_t kFloatStates = 0xe7;
inline constexpr std::size_t kFloatControl = 24;  // MXCSR, which is always valid
inline constexpr std::size_t kFloatHeader = 512;  // what else is; all zero: the rest is as at first

using Floats = std::array<uint8_t, kFloatBytes>;
constexpr Floats InitialFloats() {
  Floats floats{};
  floats[kFloatControl] = 0x80;
  floats[kFloatControl + 1] = 0x1f;
  return floats;
}

// Everything that code of a subject can see of the processor. Vector registers are kept in one of two
// forms: as an XSAVE area; or, where that is quicker, each by itself, as long as nobody asks (Expand)
// and no other context runs. Copied is what counts.
struct alignas(64) Context {
  Context() = default;
  Context(const Context& other) { *this = other; }
  Context& operator=(const Context& other);
  ~Context();

  Registers registers;
  uint64_t quick = 0;    // 1: not in `floats`, and x87 in the processor still
  uint32_t control = 0;  // quick: MXCSR
  alignas(64) Floats floats = InitialFloats();
  alignas(64) std::array<uint8_t, std::size_t{32} * 64> vectors;  // quick: zmm0 to zmm31
  std::array<uint64_t, 8> masks;                                  // quick: k0 to k7
};

// Why the subject stopped.
struct Exit {
  int signal = 0;        // SIGSYS: a call. SIGPROF: a tick. Else a fault
  bool native = true;    // SIGSYS: false for a call with the numbers of 32-bit programs
  uint64_t address = 0;  // of a fault
};

// "" if this machine has what it takes.
std::string WhyNoGate();

// Afterwards code outside the harness makes no call. A tick comes after each `tick_ms` of processor
// time. Returns what is wrong, or "".
std::string OpenGate(uint32_t tick_ms);
// No more ticks, and signals are what they were before. Calls go on being dispatched.
void CloseGate();

// Runs the subject. The context is as it was then.
Exit PassGate(Context& context);

// Makes sure that `floats` has the vector registers.
void Expand(Context& context);

// Where a call that was rewritten to a jump goes, with rcx the address behind the call and r11 free.
uint64_t PatchedGate();

// The bytes of Context::floats that this machine uses, and which states.
std::size_t FloatBytes();
uint32_t FloatStates();

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_GATE_H_
