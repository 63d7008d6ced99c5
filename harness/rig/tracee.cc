#include "harness/rig/tracee.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/rig/traced.h"

namespace minit::rig {
namespace {

constexpr int kCallStop = SIGTRAP | 0x80;
// In an rt_sigframe, counted from the stack pointer at rt_sigreturn: the mask in its ucontext
// (arch/x86/include/asm/sigframe.h; the restorer's address has been popped).
constexpr uint64_t kMaskInFrame = 296;

// As big as any area of XSAVE is (Intel SDM 1, 13.5).
constexpr std::size_t kFloatBytes = 16384;

bool PokeText(pid_t pid, uint64_t address, uint64_t word) {
  return Trace(PTRACE_POKETEXT, pid, address, reinterpret_cast<const void*>(word)) == 0;
}

bool CopyFloats(pid_t from, pid_t to) {
  static std::array<uint8_t, kFloatBytes> floats;
  iovec area = {floats.data(), floats.size()};
  return Trace(PTRACE_GETREGSET, from, NT_X86_XSTATE, &area) == 0 &&
         Trace(PTRACE_SETREGSET, to, NT_X86_XSTATE, &area) == 0;
}

}  // namespace

Tracee::Tracee(std::shared_ptr<Space> space, pid_t pid, const Trap& trap, uint64_t call_at,
               const Breakpoint& breakpoint)
    : pid_(pid),
      space_(std::move(space)),
      call_at_(call_at),
      breakpoint_(breakpoint),
      newborn_(true),
      at_call_(true) {
  trap_ = trap;
  loading_ = breakpoint.at != 0;
}

void Tracee::Kill() {
  KillTraced(pid_);
  pid_ = -1;
}

std::size_t Tracee::CountFiles() const {
  const std::filesystem::directory_iterator files("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

int Tracee::Resume(int request, int signal) {
  if (pid_ <= 0) return 0;
  newborn_ = false;
  const int status = ResumeTraced(pid_, request, signal);
  if (!WIFSTOPPED(status)) pid_ = -1;
  return status;
}

Stop Tracee::Run() {
  if (std::exchange(at_call_, false)) return {.kind = Stop::Kind::kCall};
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
        return {.kind = Stop::Kind::kTick, .signal = stop};
      case SIGTRAP:
        if (LeaveLoader()) break;
        [[fallthrough]];
      case SIGSEGV:
      case SIGBUS:
      case SIGILL:
      case SIGFPE:
        return {.kind = Stop::Kind::kFault, .signal = stop};
      default:
        break;  // from outside, and not for it
    }
  }
}

bool Tracee::GetTrap() {
  __ptrace_syscall_info info{};
  if (Trace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info) <= 0) return false;
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
  trap_.native = info.arch == AUDIT_ARCH_X86_64;
  trap_.number = static_cast<long>(info.entry.nr);
  call_at_ = info.instruction_pointer - kCallBytes;
  std::copy(std::begin(info.entry.args), std::end(info.entry.args), trap_.arguments.begin());
  return true;
}

// --- The end of the loader ------------------------------------------------------------------------

void Tracee::BreakAt(uint64_t address) {
  constexpr uint64_t kInt3 = 0xcc;
  breakpoint_ = {.at = address};
  loading_ = Trace(PTRACE_PEEKTEXT, pid_, address, &breakpoint_.covered) == 0 &&
             PokeText(pid_, address, (breakpoint_.covered & ~uint64_t{0xff}) | kInt3);
}

// False: it is not there.
bool Tracee::LeaveLoader() {
  user_regs_struct registers;
  if (!loading_ || !GetRegisters(pid_, &registers)) return false;
  if (registers.rip != breakpoint_.at + 1) return false;
  registers.rip = breakpoint_.at;
  loading_ = false;
  if (space_ != nullptr) space_->Spoil();  // it has no breakpoint any more
  return SetRegisters(pid_, registers) && PokeText(pid_, breakpoint_.at, breakpoint_.covered);
}

// --- Registers and memory ------------------------------------------------------------------------

void Tracee::Poke(std::size_t offset, uint64_t value) {
  Trace(PTRACE_POKEUSER, pid_, offset, reinterpret_cast<const void*>(value));
}

void Tracee::Return(int64_t value) {
  Poke(offsetof(user_regs_struct, rax), static_cast<uint64_t>(value));
}

void Tracee::SetThreadPointer(uint64_t address) {
  Poke(offsetof(user_regs_struct, fs_base), address);
}

bool Tracee::Read(uint64_t address, void* to, std::size_t size) const {
  return ReadMemory(pid_, address, to, size);
}

bool Tracee::Write(uint64_t address, const void* from, std::size_t size) {
  return WriteMemory(pid_, address, from, size);
}

// --- Calls for real ------------------------------------------------------------------------------

void Tracee::MakeAgain() {
  user_regs_struct registers;
  if (!GetRegisters(pid_, &registers)) return;
  registers.rip -= kCallBytes;
  registers.rax = registers.orig_rax;
  SetRegisters(pid_, registers);
}

// From the trap to the entry of a call that will be executed.
bool Tracee::ReachEntry(long number, const std::array<uint64_t, 6>& arguments) {
  if (!trap_.native || !GetRegisters(pid_, &before_)) return false;
  if (!SetRegisters(pid_, BeforeCall(before_, number, arguments))) return false;
  // The first stop is the end of the call that was not executed; a newborn is past that.
  const bool newborn = newborn_;
  int status = Resume(PTRACE_SYSCALL);
  if (!newborn && StopSignal(status) == kCallStop) status = Resume(PTRACE_SYSCALL);
  while (StopSignal(status) == SIGPROF) status = Resume(PTRACE_SYSCALL);
  const Trap wanted = trap_;
  if (StopSignal(status) != kCallStop || !GetTrap() || !trap_.native || trap_.number != number) {
    Kill();  // something else stood there: nothing of it was executed
    return false;
  }
  trap_ = wanted;
  return true;
}

// A call that changes what is mapped in a Space, which is told. False: it is to be made anyhow.
bool Tracee::TryInSpace() {
  const auto& a = trap_.arguments;
  switch (trap_.number) {
    case SYS_mmap: {
      constexpr uint64_t kPlain = MAP_SHARED | MAP_PRIVATE | MAP_STACK | MAP_NORESERVE;
      if ((a[3] & ~kPlain) != MAP_ANONYMOUS) break;
      const auto address = ExecuteNow(trap_.number, a);
      if (address && *address > 0) space_->NoteMapped(static_cast<uint64_t>(*address), a[1]);
      return true;
    }
    case SYS_brk: {
      const auto end = ExecuteNow(trap_.number, a);
      if (end) space_->NoteHeapEnd(static_cast<uint64_t>(*end));
      return true;
    }
    case SYS_munmap:
      if (space_->NoteUnmapped(a[0], a[1])) return false;
      break;
    default:
      break;
  }
  space_->Spoil();
  return false;
}

bool Tracee::PassThrough() {
  if (trap_.number == SYS_sigaltstack) {
    plain_ = false;
  } else if (space_ != nullptr && TryInSpace()) {
    return pid_ > 0;
  }
  return ReachEntry(trap_.number, trap_.arguments);
}

// About a file: no copy would have that open, or mapped.
std::optional<int64_t> Tracee::Execute(long number, const std::array<uint64_t, 6>& arguments) {
  plain_ = false;
  if (number == SYS_mmap && space_ != nullptr) space_->Spoil();
  return ExecuteNow(number, arguments);
}

std::optional<int64_t> Tracee::ExecuteNow(long number, const std::array<uint64_t, 6>& arguments) {
  if (!ReachEntry(number, arguments)) return std::nullopt;
  user_regs_struct after;
  if (StopSignal(Resume(PTRACE_SYSCALL)) != kCallStop || !GetRegisters(pid_, &after)) {
    Kill();
    return std::nullopt;
  }
  user_regs_struct registers = before_;
  registers.rax = after.rax;
  registers.fs_base = after.fs_base;
  SetRegisters(pid_, registers);
  return static_cast<int64_t>(after.rax);
}

// For real too, so that the kernel can make its frame, but not before it has to: most are never entered.
// That takes a stack, on which one for a stack that has overflowed cannot rely.
int64_t Tracee::InstallHandler(int signal, uint64_t address) {
  installed_ &= ~kernel::SignalBit(signal);
  const auto action = Read<SignalAction>(address);
  if (!action || (action->flags & SA_ONSTACK) == 0) return action ? 0 : -EFAULT;
  installed_ |= kernel::SignalBit(signal);
  return Execute(SYS_rt_sigaction, {static_cast<uint64_t>(signal), address, 0, sizeof(uint64_t)})
      .value_or(-EFAULT);
}

// Between two instructions, wherever it is: one step, which is the call whatever stands there, with its
// argument where nothing of the subject is.
bool Tracee::InstallNow(const SignalAction& action, int signal) {
  constexpr uint64_t kRedZone = 128;
  user_regs_struct before;
  SignalAction covered;
  if (!GetRegisters(pid_, &before)) return false;
  const uint64_t address = (before.rsp - kRedZone - sizeof action) & ~uint64_t{15};
  if (!Read(address, &covered, sizeof covered) || !Write(address, action)) return false;
  user_regs_struct registers = before;
  registers.rip = call_at_;
  registers.rax = SYS_rt_sigaction;
  registers.rdi = static_cast<uint64_t>(signal);
  registers.rsi = address;
  registers.rdx = 0;
  registers.r10 = sizeof(uint64_t);
  // At a call, the first step is the end of that.
  const bool newborn = newborn_;
  SetRegisters(pid_, registers);
  int status = Resume(PTRACE_SINGLESTEP);
  if (!newborn && StopSignal(status) == SIGTRAP) status = Resume(PTRACE_SINGLESTEP);
  user_regs_struct after;
  if (StopSignal(status) != SIGTRAP || !GetRegisters(pid_, &after) || after.rax != 0) return false;
  installed_ |= kernel::SignalBit(signal);
  return Write(address, covered) && SetRegisters(pid_, before);
}

std::unique_ptr<Body> Tracee::Fork(const ForkRequest& request, int32_t newborn) {
  const bool by_copy =
      space_ != nullptr && space_->CanBeCopied() && plain_ && (request.flags & CLONE_VM) == 0;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): it is returned, as its base
  std::unique_ptr<Tracee> child = by_copy ? ForkByCopy(request) : nullptr;
  if (child == nullptr) child = ForkForReal(request);
  if (child == nullptr) return nullptr;
  child->trap_ = trap_;
  child->newborn_ = true;
  child->call_at_ = call_at_;
  child->breakpoint_ = breakpoint_;
  child->loading_ = loading_;
  if ((request.flags & CLONE_CHILD_SETTID) != 0) child->Write(request.child_number, newborn);
  if ((request.flags & CLONE_PARENT_SETTID) != 0) Write(request.parent_number, newborn);
  return child;
}

// CLONE_PARENT: the newborn's end is the spawner's business, who takes no notice.
std::unique_ptr<Tracee> Tracee::ForkForReal(const ForkRequest& request) {
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
  SetRegisters(pid_, before_);
  if (number == 0) return nullptr;

  auto child = std::make_unique<Tracee>(static_cast<pid_t>(number));
  if ((flags & CLONE_VM) != 0) child->space_ = space_;
  child->plain_ = plain_;
  child->installed_ = installed_;
  WaitForTraced(child->pid_);  // the stop with which it begins
  user_regs_struct own;
  if (!GetRegisters(child->pid_, &own)) return nullptr;
  user_regs_struct registers = before_;
  registers.rax = 0;
  registers.rsp = own.rsp;
  registers.fs_base = own.fs_base;
  SetRegisters(child->pid_, registers);
  return child;
}

// As it would be had it been forked for real.
std::unique_ptr<Tracee> Tracee::ForkByCopy(const ForkRequest& request) {
  std::shared_ptr<Space> space = space_->TakeAnother();
  user_regs_struct registers;
  if (space == nullptr || !GetRegisters(pid_, &registers) || !space_->CopyTo(*space))
    return nullptr;
  registers.rax = 0;
  if (request.stack != 0) registers.rsp = request.stack;
  if ((request.flags & CLONE_SETTLS) != 0) registers.fs_base = request.thread_pointer;
  auto child = std::make_unique<Tracee>(space->Make(registers));
  child->space_ = std::move(space);
  return child->pid_ > 0 && CopyFloats(pid_, child->pid_) ? std::move(child) : nullptr;
}

// --- Handlers ------------------------------------------------------------------------------------

// The signal is sent for real, and caught on its way: so the kernel makes the frame, as it would,
// with what was saved of the registers and on which stack.
bool Tracee::EnterHandler(const SignalAction& action, const siginfo_t& info, uint64_t mask) {
  constexpr uint64_t kNone = 0;
  const bool installed = (installed_ & kernel::SignalBit(info.si_signo)) != 0;
  if (!installed && !InstallNow(action, info.si_signo)) {
    Kill();
    return false;
  }
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
  return Trace(PTRACE_SETSIGMASK, pid_, sizeof kNone, &kNone) == 0 &&
         GetRegisters(pid_, &registers) &&
         Write(registers.rsp + sizeof(uint64_t) + kMaskInFrame, mask);
}

std::optional<uint64_t> Tracee::ReadMaskOfFrame() {
  user_regs_struct registers;
  if (!GetRegisters(pid_, &registers)) return std::nullopt;
  return Read<uint64_t>(registers.rsp + kMaskInFrame);
}

bool Tracee::LeaveHandler() {
  user_regs_struct registers;
  constexpr uint64_t kNone = 0;
  if (!GetRegisters(pid_, &registers)) return false;
  if (!Write(registers.rsp + kMaskInFrame, kNone)) return false;
  if (!PassThrough()) return false;
  return StopSignal(Resume(PTRACE_SYSCALL)) == kCallStop;
}

}  // namespace minit::rig
