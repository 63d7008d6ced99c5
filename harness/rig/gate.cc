#include "harness/rig/gate.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "harness/rig/fence.h"

// What the code below and the assembly share.
extern "C" {
[[gnu::visibility("hidden")]] minit::rig::Context* gate_context;  // of who runs
[[gnu::visibility("hidden")]] uint64_t gate_stack;                // of the harness
[[gnu::visibility("hidden")]] uint64_t gate_thread_pointer;       // of the harness
[[gnu::visibility("hidden")]] uint64_t gate_target;
[[gnu::visibility("hidden")]] uint32_t gate_states;
[[gnu::visibility("hidden")]] uint32_t gate_control = 0x1f80;    // MXCSR of the harness
[[gnu::visibility("hidden")]] uint64_t gate_quick;               // whether to keep vectors so
[[gnu::visibility("hidden")]] minit::rig::Context gate_initial;  // its floats: the initial ones

int gate_enter(minit::rig::Context* context);
void gate_expand(minit::rig::Context* context);
[[noreturn]] void gate_leave();
void gate_signal(int signal, siginfo_t* info, void* context);
void gate_on_signal(int signal, siginfo_t* info, void* context);
void gate_patched();
}

static_assert(offsetof(minit::rig::Registers, rsp) == 120);
static_assert(offsetof(minit::rig::Registers, fs) == 144);
static_assert(offsetof(minit::rig::Context, quick) == 152);
static_assert(offsetof(minit::rig::Context, control) == 160);
static_assert(offsetof(minit::rig::Context, floats) == 192);
static_assert(offsetof(minit::rig::Context, vectors) == 2880);
static_assert(offsetof(minit::rig::Context, masks) == 4928);

// gate_enter keeps what a function has to keep, and its stack; then every register is the subject's.
// Back comes who does gate_leave (from a handler of a signal: 0), or gate_patched (1). That runs on
// what it finds, until all of it is saved: no flag may be trusted, no stack used.
asm(R"(
.text
.globl gate_enter, gate_leave, gate_signal, gate_patched, gate_expand
.hidden gate_enter, gate_leave, gate_signal, gate_patched, gate_expand

.macro gate_load_vectors context
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 2880+64*\n(\context), %zmm\n
  .endr
  .irp n, 0,1,2,3,4,5,6,7
    kmovq 4928+8*\n(\context), %k\n
  .endr
  ldmxcsr 160(\context)
.endm
.macro gate_keep_vectors context
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    vmovdqa64 %zmm\n, 2880+64*\n(\context)
  .endr
  .irp n, 0,1,2,3,4,5,6,7
    kmovq %k\n, 4928+8*\n(\context)
  .endr
  stmxcsr 160(\context)
.endm

.type gate_enter, @function
gate_enter:
  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15
  sub $8, %rsp
  mov %rsp, gate_stack(%rip)
  mov %rdi, gate_context(%rip)
  cmpq $0, 152(%rdi)
  jne 2f
  mov gate_states(%rip), %eax
  xor %edx, %edx
  xrstor64 192(%rdi)
  jmp 3f
2:
  gate_load_vectors %rdi
3:
  mov 18*8(%rdi), %rax
  wrfsbase %rax
  mov 16*8(%rdi), %rax
  mov %rax, gate_target(%rip)
  mov 0*8(%rdi), %r8;   mov 1*8(%rdi), %r9;   mov 2*8(%rdi), %r10;  mov 3*8(%rdi), %r11
  mov 4*8(%rdi), %r12;  mov 5*8(%rdi), %r13;  mov 6*8(%rdi), %r14;  mov 7*8(%rdi), %r15
  mov 9*8(%rdi), %rsi;  mov 10*8(%rdi), %rbp; mov 11*8(%rdi), %rbx; mov 12*8(%rdi), %rdx
  mov 13*8(%rdi), %rax; mov 14*8(%rdi), %rcx
  push 17*8(%rdi)
  popfq
  mov 15*8(%rdi), %rsp
  mov 8*8(%rdi), %rdi
  jmp *gate_target(%rip)

.type gate_leave, @function
gate_leave:
  xor %eax, %eax
gate_return:
  cld
  mov gate_stack(%rip), %rsp
  add $8, %rsp
  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx
  ret

.type gate_patched, @function
gate_patched:
  mov gate_context(%rip), %r11
  mov %rsp, 15*8(%r11)
  mov gate_stack(%rip), %rsp
  mov %r8, 0*8(%r11);   mov %r9, 1*8(%r11);   mov %r10, 2*8(%r11)
  mov %r12, 4*8(%r11);  mov %r13, 5*8(%r11);  mov %r14, 6*8(%r11);  mov %r15, 7*8(%r11)
  mov %rdi, 8*8(%r11);  mov %rsi, 9*8(%r11);  mov %rbp, 10*8(%r11); mov %rbx, 11*8(%r11)
  mov %rdx, 12*8(%r11); mov %rax, 13*8(%r11); mov %rcx, 14*8(%r11); mov %rcx, 16*8(%r11)
  pushfq
  pop %rdx
  mov %rdx, 3*8(%r11)
  mov %rdx, 17*8(%r11)
  test $0x40500, %edx
  jz 1f
  push $0x202
  popfq
1:
  mov gate_thread_pointer(%rip), %rax
  wrfsbase %rax
  cmpq $0, gate_quick(%rip)
  je 2f
  movq $1, 152(%r11)
  gate_keep_vectors %r11
  vzeroupper
  ldmxcsr gate_control(%rip)
  mov $1, %eax
  jmp gate_return
2:
  mov gate_states(%rip), %eax
  xor %edx, %edx
  xsaveopt64 192(%r11)
  lea gate_initial(%rip), %rcx
  xrstor64 192(%rcx)
  mov $1, %eax
  jmp gate_return

.type gate_expand, @function
gate_expand:
  gate_load_vectors %rdi
  mov gate_states(%rip), %eax
  xor %edx, %edx
  xsave64 192(%rdi)
  movq $0, 152(%rdi)
  vzeroupper
  ldmxcsr gate_control(%rip)
  ret

.type gate_signal, @function
gate_signal:
  pushfq
  andq $~0x40000, (%rsp)
  popfq
  jmp gate_on_signal
)");

namespace minit::rig {
namespace {

constexpr std::array kSignals = {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGPROF};
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

Exit g_exit;
timer_t g_timer;
bool g_open = false;
std::array<struct sigaction, kSignals.size()> g_before;
stack_t g_stack_before;
void* g_stack = nullptr;
std::size_t g_float_bytes = kFloatBytes;

// Where the thread pointer may stand by chance. Some kernels keep the one that a program has set by
// an instruction only as long as nobody else runs: then they put back what they were asked for by a
// call. So they are asked for one that leads nowhere: who uses it faults, and is given his own.
constexpr uint64_t kNowhere = 0x2c00'0000'0000;
constexpr uint64_t kNowhereBytes = uint64_t{64} << 20;
constexpr uint64_t kStray = kNowhere + kNowhereBytes / 2;

constexpr bool IsOfHarness(uint64_t address) { return address - kHarnessFrom < kHarnessBytes; }

}  // namespace

namespace {

// What the kernel thinks it is; it stays what it was.
[[gnu::noinline]] void SetThreadPointer(uint64_t address) {
  long result;
  asm volatile("syscall\n wrfsbase %3"
               : "=a"(result)
               : "0"(SYS_arch_prctl), "D"(ARCH_SET_FS), "r"(gate_thread_pointer), "S"(address)
               : "rcx", "r11", "memory");
}

bool HasInstructions() {
  const pid_t pid = fork();
  if (pid == 0) {
    uint64_t pointer;
    asm volatile("rdfsbase %0" : "=r"(pointer));
    _exit(0);
  }
  int status = 1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return pid > 0 && status == 0;
}

}  // namespace

std::string WhyNoGate() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!HasInstructions()) return "no FSGSBASE instructions on this machine";
  if (__get_cpuid_count(13, 1, &a, &b, &c, &d) == 0 || (a & 1) == 0) {
    return "no XSAVEOPT instruction on this machine";
  }
  // To turn off what is not on is allowed wherever there is such a thing.
  if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0) != 0) {
    return "no syscall user dispatch in this kernel";
  }
  return "";
}

std::size_t FloatBytes() { return g_float_bytes; }
uint32_t FloatStates() { return gate_states; }
uint64_t PatchedGate() { return reinterpret_cast<uint64_t>(&gate_patched); }

// --- Signals -------------------------------------------------------------------------------------

}  // namespace minit::rig

// On the alternate stack, with the thread pointer of the subject until it is put back: nothing may be
// called before, nor checked.
extern "C" [[gnu::used, gnu::visibility("hidden"), clang::no_sanitize("all"),
             clang::no_stack_protector]] void
gate_on_signal(int signal, siginfo_t* info, void* user) {
  using minit::rig::g_exit;
  auto& from = static_cast<ucontext_t*>(user)->uc_mcontext;
  const auto rip = static_cast<uint64_t>(from.gregs[REG_RIP]);
  const bool of_harness = minit::rig::IsOfHarness(rip);
  minit::rig::Context& to = *gate_context;
  uint64_t thread_pointer;
  asm volatile("rdfsbase %0" : "=r"(thread_pointer));
  if (signal == SIGSEGV && thread_pointer == minit::rig::kStray) {
    // The kernel has let others run in between. What faulted is made again.
    thread_pointer = of_harness ? gate_thread_pointer : to.registers.fs;
    asm volatile("wrfsbase %0" ::"r"(thread_pointer));
    return;
  }
  if (of_harness) {
    if (signal == SIGPROF) return;
    // A fault of the harness itself: it is to die of that. (0: SIG_DFL.)
    const std::array<uint64_t, 4> none{};
    long result;
    asm volatile("mov $8, %%r10\n syscall"
                 : "=a"(result)
                 : "a"(SYS_rt_sigaction), "D"(signal), "S"(none.data()), "d"(0)
                 : "rcx", "r11", "r10", "memory");
    return;
  }
  asm volatile("wrfsbase %0" ::"r"(gate_thread_pointer));
  // The order is the same: r8 … flags.
  const void* source = from.gregs;
  void* target = &to.registers;
  std::size_t size = 18 * sizeof(uint64_t);
  asm volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(size)::"memory");
  source = from.fpregs;
  target = to.floats.data();
  size = minit::rig::g_float_bytes;
  asm volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(size)::"memory");
  to.quick = 0;
  g_exit.signal = signal;
  g_exit.native = signal != SIGSYS || info->si_arch == AUDIT_ARCH_X86_64;
  g_exit.address = reinterpret_cast<uint64_t>(info->si_addr);
  // Not by sigreturn: nothing was blocked, and of the registers all is in the context.
  gate_leave();
}

namespace minit::rig {

std::string OpenGate(uint32_t tick_ms) {
  if (g_open) return "a gate is open already";
  unsigned a = 0, b = 0, c = 0, d = 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  gate_states = low & kFloatStates;
  // How far the last of these states reaches.
  g_float_bytes = 576;
  for (unsigned state = 2; state < 8; ++state) {
    if ((gate_states >> state & 1) == 0) continue;
    __get_cpuid_count(13, state, &a, &b, &c, &d);
    g_float_bytes = std::max<std::size_t>(g_float_bytes, a + b);
  }
  gate_quick = gate_states == kFloatStates;
  if (g_float_bytes > kFloatBytes) return "vector registers are larger than known";
  asm volatile("rdfsbase %0" : "=r"(gate_thread_pointer));
  if (mmap(reinterpret_cast<void*>(kNowhere), kNowhereBytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return "addresses that are needed are taken";
  }

  g_stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g_stack == MAP_FAILED) return "no memory for a stack";
  const stack_t stack = {.ss_sp = g_stack, .ss_flags = 0, .ss_size = kStackBytes};
  if (sigaltstack(&stack, &g_stack_before) != 0) return "sigaltstack";
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action{};
    action.sa_sigaction = gate_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
    if (sigaction(kSignals[i], &action, &g_before[i]) != 0) return "sigaction";
  }
  SetThreadPointer(kStray);
  if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, kHarnessFrom, kHarnessBytes, 0) !=
      0) {
    return std::string("cannot dispatch system calls: ") + strerror(errno);
  }
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGPROF;
  event._sigev_un._tid = static_cast<int>(syscall(SYS_gettid));
  const timespec tick = {.tv_sec = tick_ms / 1000, .tv_nsec = long{tick_ms % 1000} * 1'000'000};
  const itimerspec timer = {tick, tick};
  if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &g_timer) != 0 ||
      timer_settime(g_timer, 0, &timer, nullptr) != 0) {
    return std::string("no timer: ") + strerror(errno);
  }
  g_open = true;
  return "";
}

void CloseGate() {
  if (!g_open) return;
  SetThreadPointer(gate_thread_pointer);
  timer_delete(g_timer);
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &g_before[i], nullptr);
  sigaltstack(&g_stack_before, nullptr);
  munmap(g_stack, kStackBytes);
  g_open = false;
}

// --- Contexts ------------------------------------------------------------------------------------

Context& Context::operator=(const Context& other) {
  if (this == &other) return *this;
  registers = other.registers;
  quick = other.quick;
  control = other.control;
  if (quick == 0) {
    std::copy_n(other.floats.data(), g_float_bytes, floats.data());
    return *this;
  }
  // What is in the processor is the other's alone.
  vectors = other.vectors;
  masks = other.masks;
  Expand(*this);
  return *this;
}

Context::~Context() {
  if (gate_context == this) gate_context = nullptr;
}

void Expand(Context& context) {
  if (context.quick != 0) gate_expand(&context);
}

Exit PassGate(Context& context) {
  // x87 is in the processor still, and is about to be another's.
  if (gate_context != &context && gate_context != nullptr) Expand(*gate_context);
  constexpr uint64_t kTrapFlag = 0x100;  // would stop the harness on its way in
  context.registers.flags &= ~kTrapFlag;
  if (gate_enter(&context) != 0) return {.signal = SIGSYS};
  return g_exit;
}

}  // namespace minit::rig
