#include "harness/rig/guest.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

#include "harness/rig/fence.h"

namespace minit::rig {
namespace {

constexpr uint64_t kCallBytes = 2;  // of a syscall instruction
constexpr uint64_t kRedZone = 128;
constexpr uint64_t kEndOfUser = 0x7fff'ffff'f000;

// The frame of a signal (arch/x86/include/asm/sigframe.h, include/uapi/asm/ucontext.h). The stack
// pointer is at `restorer` as the handler begins, and behind it at rt_sigreturn.
struct Frame {
  uint64_t restorer;
  uint64_t flags;
  uint64_t link;
  uint64_t stack;
  uint64_t stack_flags;  // 32 bits and padding
  uint64_t stack_size;
  std::array<uint64_t, 18> registers;  // r8 … flags
  uint64_t segments;
  uint64_t error;
  uint64_t trap;
  uint64_t old_mask;
  uint64_t fault_address;
  uint64_t floats;
  std::array<uint64_t, 8> reserved;
  uint64_t mask;
  siginfo_t info;
};
static_assert(sizeof(Frame) == 440);
static_assert(offsetof(Frame, registers) == 8 + 40);
static_assert(offsetof(Frame, mask) == 8 + 296);
static_assert(sizeof(Registers) == sizeof(Frame::registers) + sizeof(uint64_t));

constexpr uint64_t kFrameFlags = 7;  // UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
constexpr uint64_t kUserSegments = 0x33 | uint64_t{0x2b} << 48;
constexpr uint64_t kSaOnStack = 0x08000000;
constexpr uint64_t kSaRestorer = 0x04000000;
constexpr uint64_t kDirection = 0x400, kResume = 0x10000, kTrap = 0x100;
constexpr uint64_t kRestored = 0x50dd5;  // of the flags, by a sigreturn
constexpr uint64_t kSmallestStack = 2048;
constexpr int kAutoDisarm = INT32_MIN;  // SS_AUTODISARM

constexpr std::size_t kSoftwareBytes = 464;  // where a frame says what its XSAVE area has
constexpr std::size_t kLegacyBytes = 512;

}  // namespace

Guest::State Guest::Keep(const Stop& stop) const {
  State state = state_;
  state.trap = trap_;
  state.stop = stop;
  return state;
}

Stop Guest::Run() {
  if (state_.stop) {
    const Stop stop = *state_.stop;
    state_.stop.reset();
    return stop;
  }
  memory_.SwitchToChange(version_);
  Registers& r = registers();
  for (;;) {
    // To where no code of a subject can be.
    if (r.rip >= kHarnessFrom) return {.kind = Stop::Kind::kFault, .signal = SIGSEGV};
    const Exit exit = PassGate(state_.context);
    switch (exit.signal) {
      case SIGSYS:
        trap_.native = exit.native;
        trap_.number = static_cast<long>(r.rax);
        trap_.arguments = {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};
        return {.kind = Stop::Kind::kCall};
      case SIGPROF:
        return {.kind = Stop::Kind::kTick, .signal = SIGPROF};
      case SIGSEGV:
        if (memory_.Touch(exit.address)) continue;
        [[fallthrough]];
      default:
        return {.kind = Stop::Kind::kFault, .signal = exit.signal};
    }
  }
}

void Guest::Return(int64_t value) { registers().rax = static_cast<uint64_t>(value); }

void Guest::MakeAgain() {
  registers().rip -= kCallBytes;
  registers().rax = static_cast<uint64_t>(trap_.number);
}

void Guest::SetThreadPointer(uint64_t address) {
  if (address < kEndOfUser) registers().fs = address;
}

bool Guest::Read(uint64_t address, void* to, std::size_t size) const {
  memory_.SwitchTo(version_);
  return memory_.Read(address, to, size);
}

bool Guest::Write(uint64_t address, const void* from, std::size_t size) {
  memory_.SwitchTo(version_);
  return memory_.Write(address, from, size);
}

// --- Calls about memory --------------------------------------------------------------------------

bool Guest::PassThrough() {
  memory_.SwitchToChange(version_);
  Return(trap_.number == SYS_sigaltstack ? SetAlternateStack(trap_.arguments[0], trap_.arguments[1])
                                         : PassMemory());
  return true;
}

int64_t Guest::PassMemory() {
  const auto& a = trap_.arguments;
  switch (trap_.number) {
    case SYS_mmap:
      return memory_.Map(a[0], a[1], static_cast<int>(a[2]), static_cast<int>(a[3]));
    case SYS_munmap:
      return memory_.Unmap(a[0], a[1]);
    case SYS_mprotect:
      return memory_.Protect(a[0], a[1], static_cast<int>(a[2]));
    case SYS_mremap:
      return memory_.Remap(a[0], a[1], a[2], static_cast<int>(a[3]));
    case SYS_madvise:
      return memory_.Advise(a[0], a[1], static_cast<int>(a[2]));
    case SYS_brk:
      return memory_.SetHeapEnd(a[0]);
    default:
      return -ENOSYS;
  }
}

bool Guest::IsOnAlternateStack() const {
  const uint64_t stack = state_.context.registers.rsp;
  return stack > state_.alternate_stack &&
         stack - state_.alternate_stack <= state_.alternate_size &&
         (state_.alternate_flags & kAutoDisarm) == 0;
}

int64_t Guest::SetAlternateStack(uint64_t to, uint64_t old) {
  const stack_t before = {
      .ss_sp = reinterpret_cast<void*>(state_.alternate_stack),
      .ss_flags = state_.alternate_size == 0
                      ? SS_DISABLE
                      : state_.alternate_flags | (IsOnAlternateStack() ? SS_ONSTACK : 0),
      .ss_size = state_.alternate_size};
  if (to != 0) {
    const auto wanted = Read<stack_t>(to);
    if (!wanted) return -EFAULT;
    if (IsOnAlternateStack()) return -EPERM;
    const int mode = wanted->ss_flags & ~kAutoDisarm;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
    if (mode != SS_DISABLE && wanted->ss_size < kSmallestStack) return -ENOMEM;
    const bool none = mode == SS_DISABLE;
    state_.alternate_stack = none ? 0 : reinterpret_cast<uint64_t>(wanted->ss_sp);
    state_.alternate_size = none ? 0 : wanted->ss_size;
    state_.alternate_flags = wanted->ss_flags & kAutoDisarm;
  }
  return old == 0 || Write(old, before) ? 0 : -EFAULT;
}

// Files that a loader reads: none are there for a program that needs no loader.
std::optional<int64_t> Guest::Execute(long, const std::array<uint64_t, 6>&) { return -ENOENT; }

int64_t Guest::InstallHandler(int signal, uint64_t) {
  return signal == SIGKILL || signal == SIGSTOP ? -EINVAL : 0;
}

std::unique_ptr<Body> Guest::Fork(const ForkRequest& request, int32_t newborn) {
  memory_.SwitchToChange(version_);
  const bool shares = (request.flags & CLONE_VM) != 0;
  const bool tells = (request.flags & CLONE_CHILD_SETTID) != 0;
  // The newborn alone is to see that.
  const auto before = Read<int32_t>(request.child_number);
  if (tells) Write(request.child_number, newborn);
  Memory::Version* version = version_;
  if (shares) {
    memory_.Use(version);
  } else {
    version = memory_.Fork();
    if (tells && before) Write(request.child_number, *before);
  }
  auto child = std::make_unique<Guest>(memory_, version, state_);
  child->trap_ = trap_;
  child->Return(0);
  if (request.stack != 0) child->registers().rsp = request.stack;
  if ((request.flags & CLONE_SETTLS) != 0) child->SetThreadPointer(request.thread_pointer);
  if ((request.flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM) child->state_.alternate_size = 0;
  if ((request.flags & CLONE_PARENT_SETTID) != 0) Write(request.parent_number, newborn);
  return child;
}

// --- Handlers ------------------------------------------------------------------------------------

// As the kernel lays a frame out (arch/x86/kernel/signal_64.c).
bool Guest::EnterHandler(const SignalAction& action, const siginfo_t& info, uint64_t mask) {
  if ((action.flags & kSaRestorer) == 0) return false;
  Registers& r = registers();
  uint64_t stack = r.rsp - kRedZone;
  const bool changes =
      (action.flags & kSaOnStack) != 0 && state_.alternate_size != 0 && !IsOnAlternateStack();
  if (changes) stack = state_.alternate_stack + state_.alternate_size;
  const uint64_t floats = (stack - FloatBytes() - sizeof(uint32_t)) & ~uint64_t{63};
  const uint64_t at = ((floats - sizeof(Frame)) & ~uint64_t{15}) - 8;
  if ((changes || IsOnAlternateStack()) && at <= state_.alternate_stack) return false;

  Frame frame{};
  frame.restorer = action.restorer;
  frame.flags = kFrameFlags;
  frame.stack = state_.alternate_stack;
  frame.stack_size = state_.alternate_size;
  frame.stack_flags =
      static_cast<uint32_t>(state_.alternate_size == 0
                                ? SS_DISABLE
                                : state_.alternate_flags | (IsOnAlternateStack() ? SS_ONSTACK : 0));
  memcpy(frame.registers.data(), &r, sizeof frame.registers);
  frame.segments = kUserSegments;
  frame.old_mask = mask;
  frame.floats = floats;
  frame.mask = mask;
  frame.info = info;
  if (!WriteFloats(floats) || !Write(at, frame)) return false;
  if ((state_.alternate_flags & kAutoDisarm) != 0) state_.alternate_size = 0;

  r.rdi = static_cast<uint64_t>(info.si_signo);
  r.rsi = at + offsetof(Frame, info);
  r.rdx = at + offsetof(Frame, flags);
  r.rax = 0;
  r.rsp = at;
  r.rip = action.handler;
  r.flags &= ~(kDirection | kResume | kTrap);
  return true;
}

bool Guest::WriteFloats(uint64_t address) {
  const auto size = static_cast<uint32_t>(FloatBytes());
  Expand(state_.context);
  Floats floats = state_.context.floats;
  _fpx_sw_bytes software{};
  software.magic1 = FP_XSTATE_MAGIC1;
  software.extended_size = size + static_cast<uint32_t>(FP_XSTATE_MAGIC2_SIZE);
  software.xstate_bv = FloatStates();
  software.xstate_size = size;
  memcpy(floats.data() + kSoftwareBytes, &software, sizeof software);
  constexpr uint32_t kEnd = FP_XSTATE_MAGIC2;
  return Write(address, floats.data(), size) && Write(address + size, kEnd);
}

// What stands there may be anything; it must not be more than XRSTOR takes.
bool Guest::ReadFloats(uint64_t address) {
  auto& floats = state_.context.floats;
  state_.context.quick = 0;
  floats = InitialFloats();
  if (address == 0) return true;
  _fpx_sw_bytes software;
  if (!Read(address + kSoftwareBytes, &software, sizeof software)) return false;
  const bool whole = software.magic1 == FP_XSTATE_MAGIC1 && software.xstate_size == FloatBytes();
  if (!Read(address, floats.data(), whole ? FloatBytes() : kLegacyBytes)) return false;
  uint64_t states = 3;  // x87, SSE
  if (whole) memcpy(&states, floats.data() + kFloatHeader, sizeof states);
  states &= FloatStates();
  memset(floats.data() + kFloatHeader, 0, 64);
  memcpy(floats.data() + kFloatHeader, &states, sizeof states);
  uint32_t control;
  memcpy(&control, floats.data() + kFloatControl, sizeof control);
  control &= 0xffff;
  memcpy(floats.data() + kFloatControl, &control, sizeof control);
  return true;
}

std::optional<uint64_t> Guest::ReadMaskOfFrame() {
  return Read<uint64_t>(registers().rsp - sizeof(uint64_t) + offsetof(Frame, mask));
}

bool Guest::LeaveHandler() {
  Registers& r = registers();
  const auto frame = Read<Frame>(r.rsp - sizeof(uint64_t));
  if (!frame || !ReadFloats(frame->floats)) return false;
  const uint64_t flags = r.flags, thread_pointer = r.fs;
  memcpy(&r, frame->registers.data(), sizeof frame->registers);
  r.flags = (flags & ~kRestored) | (r.flags & kRestored);
  r.fs = thread_pointer;
  state_.alternate_stack = frame->stack;
  state_.alternate_flags = static_cast<int>(frame->stack_flags) & kAutoDisarm;
  const bool none = (frame->stack_flags & SS_DISABLE) != 0;
  state_.alternate_size = none ? 0 : frame->stack_size;
  return true;
}

}  // namespace minit::rig
