#include "harness/rig/tracee.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace minit::rig {
namespace {

constexpr int kCallStop = SIGTRAP | 0x80;
constexpr uint64_t kCallBytes = 2;  // of a syscall instruction

// In an rt_sigframe, counted from the stack pointer at rt_sigreturn: the mask in its ucontext
// (arch/x86/include/asm/sigframe.h; the restorer's address has been popped).
constexpr uint64_t kMaskInFrame = 296;

long Trace(int request, pid_t pid, uint64_t address, const void* data) {
  return syscall(SYS_ptrace, request, pid, address, data);
}

int StopSignal(int status) { return WIFSTOPPED(status) ? status >> 8 : -1; }

bool IsFork(int status) {
  const int stop = StopSignal(status);
  return stop == (SIGTRAP | PTRACE_EVENT_FORK << 8) ||
         stop == (SIGTRAP | PTRACE_EVENT_VFORK << 8) || stop == (SIGTRAP | PTRACE_EVENT_CLONE << 8);
}

}  // namespace

void Tracee::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  int status = 0;
  pid_t waited;
  do {
    waited = waitpid(pid_, &status, __WALL);
  } while ((waited == pid_ && WIFSTOPPED(status)) || (waited < 0 && errno == EINTR));
  pid_ = -1;
}

int Tracee::Resume(int request, int signal) {
  int status = 0;
  if (pid_ <= 0) return 0;
  if (Trace(request, pid_, 0, reinterpret_cast<const void*>(static_cast<intptr_t>(signal))) != 0) {
    Kill();
    return 0;
  }
  while (waitpid(pid_, &status, __WALL) < 0) {
    if (errno != EINTR) return 0;
  }
  if (!WIFSTOPPED(status)) pid_ = -1;
  return status;
}

Stop Tracee::Run() {
  for (;;) {
    const int status = Resume(PTRACE_SYSEMU);
    const int stop = StopSignal(status);
    if (stop < 0) {
      return {.kind = Stop::Kind::kEnded, .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0};
    }
    if (stop == kCallStop) {
      if (!GetTrap()) return {};
      return {.kind = Stop::Kind::kCall};
    }
    switch (stop) {
      case SIGPROF:
      case SIGXCPU:
        return {.kind = Stop::Kind::kTick, .signal = stop};
      case SIGSEGV:
      case SIGBUS:
      case SIGILL:
      case SIGFPE:
      case SIGTRAP:
        return {.kind = Stop::Kind::kFault, .signal = stop};
      default:
        break;  // from outside, and not for it
    }
  }
}

bool Tracee::GetTrap() {
  __ptrace_syscall_info info;
  if (Trace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) return false;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  trap_.native = info.arch == AUDIT_ARCH_X86_64;
  trap_.number = static_cast<long>(info.entry.nr);
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), trap_.arguments.begin());
  return true;
}

// --- Registers and memory ------------------------------------------------------------------------

void Tracee::Poke(std::size_t offset, uint64_t value) {
  Trace(PTRACE_POKEUSER, pid_, offset, reinterpret_cast<const void*>(value));
}

bool Tracee::GetRegisters(user_regs_struct* registers) const {
  return Trace(PTRACE_GETREGS, pid_, 0, registers) == 0;
}

bool Tracee::SetRegisters(const user_regs_struct& registers) {
  return Trace(PTRACE_SETREGS, pid_, 0, &registers) == 0;
}

void Tracee::Return(int64_t value) {
  Poke(offsetof(user_regs_struct, rax), static_cast<uint64_t>(value));
}

void Tracee::SetThreadPointer(uint64_t address) {
  Poke(offsetof(user_regs_struct, fs_base), address);
}

bool Tracee::Read(uint64_t address, void* to, std::size_t size) const {
  const iovec here = {to, size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_readv(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

bool Tracee::Write(uint64_t address, const void* from, std::size_t size) {
  const iovec here = {const_cast<void*>(from), size};
  const iovec there = {reinterpret_cast<void*>(address), size};
  return process_vm_writev(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

// --- Calls for real ------------------------------------------------------------------------------

void Tracee::MakeAgain() {
  user_regs_struct registers;
  if (!GetRegisters(&registers)) return;
  registers.rip -= kCallBytes;
  registers.rax = registers.orig_rax;
  SetRegisters(registers);
}

// From the trap to the entry of a call that will be executed.
bool Tracee::ReachEntry(long number, const std::array<uint64_t, 6>& arguments) {
  if (!trap_.native || !GetRegisters(&before_)) return false;
  user_regs_struct registers = before_;
  registers.rip -= kCallBytes;
  registers.rax = static_cast<uint64_t>(number);
  registers.rdi = arguments[0];
  registers.rsi = arguments[1];
  registers.rdx = arguments[2];
  registers.r10 = arguments[3];
  registers.r8 = arguments[4];
  registers.r9 = arguments[5];
  if (!SetRegisters(registers)) return false;
  // The first stop is the end of the call that was not executed.
  int status = Resume(PTRACE_SYSCALL);
  if (StopSignal(status) == kCallStop) status = Resume(PTRACE_SYSCALL);
  while (StopSignal(status) == SIGPROF || StopSignal(status) == SIGXCPU) {
    status = Resume(PTRACE_SYSCALL);
  }
  const Trap wanted = trap_;
  if (StopSignal(status) != kCallStop || !GetTrap() || !trap_.native || trap_.number != number) {
    Kill();  // something else stood there: nothing of it was executed
    return false;
  }
  trap_ = wanted;
  return true;
}

bool Tracee::PassThrough() { return ReachEntry(trap_.number, trap_.arguments); }

std::optional<int64_t> Tracee::Execute(long number, const std::array<uint64_t, 6>& arguments) {
  if (!ReachEntry(number, arguments)) return std::nullopt;
  user_regs_struct after;
  if (StopSignal(Resume(PTRACE_SYSCALL)) != kCallStop || !GetRegisters(&after)) {
    Kill();
    return std::nullopt;
  }
  user_regs_struct registers = before_;
  registers.rax = after.rax;
  registers.fs_base = after.fs_base;
  SetRegisters(registers);
  return static_cast<int64_t>(after.rax);
}

// For real as well, so that the kernel can make its frame.
int64_t Tracee::InstallHandler(int signal, uint64_t address) {
  return Execute(SYS_rt_sigaction, {static_cast<uint64_t>(signal), address, 0, sizeof(uint64_t)})
      .value_or(-EFAULT);
}

// CLONE_PARENT: the newborn's end is the spawner's business, who takes no notice.
std::unique_ptr<Body> Tracee::Fork(const ForkRequest& request, int32_t newborn) {
  const uint64_t flags = (request.flags & (CLONE_VM | CLONE_SETTLS)) | CLONE_PARENT | SIGCHLD;
  if (!ReachEntry(SYS_clone, {flags, request.stack, 0, 0, request.thread_pointer, 0})) {
    return nullptr;
  }
  int status = Resume(PTRACE_SYSCALL);
  unsigned long number = 0;
  if (IsFork(status)) {
    Trace(PTRACE_GETEVENTMSG, pid_, 0, &number);
    status = Resume(PTRACE_SYSCALL);
  }
  if (StopSignal(status) != kCallStop) Kill();
  SetRegisters(before_);
  if (number == 0) return nullptr;

  auto child = std::make_unique<Tracee>(static_cast<pid_t>(number));
  child->trap_ = trap_;
  waitpid(child->pid_, &status, __WALL);  // the stop with which it begins
  user_regs_struct own;
  if (!child->GetRegisters(&own)) return nullptr;
  user_regs_struct registers = before_;
  registers.rax = 0;
  registers.rsp = own.rsp;
  registers.fs_base = own.fs_base;
  child->SetRegisters(registers);
  if ((request.flags & CLONE_CHILD_SETTID) != 0) child->Write(request.child_number, newborn);
  if ((request.flags & CLONE_PARENT_SETTID) != 0) Write(request.parent_number, newborn);
  return child;
}

// --- Handlers ------------------------------------------------------------------------------------

// The signal is sent for real, and caught on its way: so the kernel makes the frame, as it would,
// with what was saved of the registers and on which stack.
bool Tracee::EnterHandler(const SignalAction&, const siginfo_t& info, uint64_t mask) {
  constexpr uint64_t kNone = 0;
  if (syscall(SYS_tgkill, pid_, pid_, info.si_signo) != 0) return false;
  int status;
  do {
    status = Resume(PTRACE_SYSEMU);
    if (StopSignal(status) < 0) return false;
  } while (StopSignal(status) != info.si_signo);
  Trace(PTRACE_SETSIGINFO, pid_, 0, &info);
  // A step ends at the first instruction of the handler.
  status = Resume(PTRACE_SINGLESTEP, info.si_signo);
  if (StopSignal(status) != SIGTRAP) {
    Kill();  // no room for a frame
    return false;
  }
  // The kernel has blocked what the handler wants blocked, which here the model does. In the frame
  // it saved a mask that is always empty; had the model's been set before, it would have put the
  // signal off (kernel/signal.c: ptrace_signal).
  user_regs_struct registers;
  return Trace(PTRACE_SETSIGMASK, pid_, sizeof kNone, &kNone) == 0 && GetRegisters(&registers) &&
         Write(registers.rsp + sizeof(uint64_t) + kMaskInFrame, mask);
}

std::optional<uint64_t> Tracee::ReadMaskOfFrame() {
  user_regs_struct registers;
  if (!GetRegisters(&registers)) return std::nullopt;
  return Read<uint64_t>(registers.rsp + kMaskInFrame);
}

bool Tracee::LeaveHandler() {
  user_regs_struct registers;
  constexpr uint64_t kNone = 0;
  if (!GetRegisters(&registers)) return false;
  if (!Write(registers.rsp + kMaskInFrame, kNone)) return false;
  if (!PassThrough()) return false;
  return StopSignal(Resume(PTRACE_SYSCALL)) == kCallStop;
}

}  // namespace minit::rig
