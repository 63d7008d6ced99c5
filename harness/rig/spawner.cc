#include "harness/rig/spawner.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "harness/rig/enclosure.h"
#include "harness/rig/fence.h"
#include "harness/rig/traced.h"

namespace minit::rig {
namespace {

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;

constexpr std::size_t kLongEnvironment = std::size_t{100} << 10;
constexpr int kManyStrings = 100;
static_assert(kLongEnvironment < kSpawnedStackBytes / 4);  // more exec would not allow
constexpr rlim_t kFiles = 64;

[[noreturn]] void Throw(const std::string& what) { throw CannotRun(what + ": " + strerror(errno)); }

bool IsEvent(int status, int event) { return status >> 8 == (SIGTRAP | event << 8); }

std::vector<char*> PointersTo(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

// What the process of the spawner and its maker tell each other.
struct Spawner::Board {
  std::size_t environment;
  std::size_t arguments;
  int exec_error;
  std::array<char, 512> problem;
};

std::vector<std::string> EnvironmentFor(scenario::Environment environment) {
  switch (environment) {
    case scenario::Environment::kEmpty:
      return {};
    case scenario::Environment::kLong: {  // many strings, too
      std::vector<std::string> all = {"HOME=/", "TERM=linux",
                                      "LONG=" + std::string(kLongEnvironment, 'x')};
      for (int i = 0; i < kManyStrings; ++i)
        all.push_back("N" + std::to_string(i) + "=" + std::to_string(i));
      return all;
    }
    default:
      return {"HOME=/", "TERM=linux"};  // as the kernel has it (init/main.c)
  }
}

std::vector<std::string> ArgumentsFor(const Program& program, scenario::Arguments arguments) {
  std::vector<std::string> all = {"/init"};
  all.insert(all.end(), program.arguments.begin(), program.arguments.end());
  if (!program.arguments.empty()) return all;
  // Linux makes one empty string of none (since 5.18; fs/exec.c: do_execveat_common).
  if (arguments == scenario::Arguments::kNone) return {""};
  if (arguments == scenario::Arguments::kExtra) all.insert(all.end(), {"single", "quiet"});
  return all;
}

Spawner::Spawner(const Program& program, const Limits& limits)
    : program_(program), limits_(limits), outer_mounts_(MountNamespace()) {
  for (std::size_t i = 0; i < kEnvironments; ++i) {
    environments_[i] = EnvironmentFor(static_cast<scenario::Environment>(i));
    environment_pointers_[i] = PointersTo(environments_[i]);
  }
  for (std::size_t i = 0; i < kArguments; ++i) {
    arguments_[i] = ArgumentsFor(program_, static_cast<scenario::Arguments>(i));
    argument_pointers_[i] = PointersTo(arguments_[i]);
  }
  void* const page =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) Throw("no memory to share");
  board_ = static_cast<Board*>(page);

  pid_ = StartEnclosed(-1, [this](const std::string& problem) {
    if (!problem.empty()) Refuse(problem);
    Run();
  });
  WaitUntilReady();
}

Spawner::~Spawner() {
  EndEnclosed(pid_);
  munmap(board_, sizeof(Board));
}

void Spawner::WaitUntilReady() {
  for (;;) {
    const int status = WaitForTraced(pid_);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) break;
    if (!WIFSTOPPED(status)) {
      pid_ = -1;
      const std::string problem = board_->problem.data();
      throw CannotRun(problem.empty() ? "the process that starts subjects died" : problem);
    }
    ptrace(PTRACE_CONT, pid_, 0, 0);
  }
  if (ptrace(PTRACE_SETOPTIONS, pid_, 0, kOptions) != 0) Throw("cannot trace");
}

// --- In the process of the spawner ---------------------------------------------------------------

void Spawner::Refuse(const std::string& problem) {
  problem.copy(board_->problem.data(), board_->problem.size() - 1);
  _exit(1);
}

void Spawner::Run() {
  if (personality(ADDR_NO_RANDOMIZE) < 0) Refuse("cannot turn address randomisation off");
  if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) Refuse("cannot be traced");
  if (const std::string problem = EnterFence(outer_mounts_, Inmates::kProcesses);
      !problem.empty()) {
    Refuse(problem);
  }
  signal(SIGCHLD, SIG_IGN);  // subjects that have died are nobody's business
  __builtin_debugtrap();
  alignas(16) static std::array<char, 65536> stack;
  for (;;) {
    clone(Execute, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, this);
  }
}

// In a process that shares the memory of the spawner's, which waits: raw calls, and nothing else.
__attribute__((no_sanitize("address", "undefined"))) int Spawner::Execute(void* spawner) {
  const Spawner& self = *static_cast<const Spawner*>(spawner);
  Board& board = *self.board_;
  const rlimit memory = {self.limits_.memory_bytes, self.limits_.memory_bytes};
  const rlimit stack = {kSpawnedStackBytes, kSpawnedStackBytes};
  const rlimit files = {kFiles, kFiles};
  const rlimit cores = {0, 0};
  syscall(SYS_prlimit64, 0, RLIMIT_AS, &memory, nullptr);
  syscall(SYS_prlimit64, 0, RLIMIT_STACK, &stack, nullptr);
  syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &files, nullptr);
  syscall(SYS_prlimit64, 0, RLIMIT_CORE, &cores, nullptr);
  syscall(SYS_execve, self.program_.path.c_str(), self.argument_pointers_[board.arguments].data(),
          self.environment_pointers_[board.environment].data());
  board.exec_error = errno;
  syscall(SYS_exit_group, 127);
  return 0;
}

// --- In the process of its maker -----------------------------------------------------------------

// The spawner is stopped in its last vfork, or before its first.
Spawned Spawner::Spawn(scenario::Environment environment, scenario::Arguments arguments) {
  board_->environment = static_cast<std::size_t>(environment);
  board_->arguments = static_cast<std::size_t>(arguments);
  board_->exec_error = 0;
  unsigned long number = 0;
  if (ptrace(PTRACE_CONT, pid_, 0, 0) != 0 || !IsEvent(WaitForTraced(pid_), PTRACE_EVENT_VFORK) ||
      ptrace(PTRACE_GETEVENTMSG, pid_, 0, &number) != 0) {
    throw CannotRun("the process that starts subjects does not do so");
  }
  const pid_t pid = static_cast<pid_t>(number);
  int status = WaitForTraced(pid);  // the stop of a newborn
  if (WIFSTOPPED(status) && ptrace(PTRACE_CONT, pid, 0, 0) == 0) status = WaitForTraced(pid);
  if (!IsEvent(status, PTRACE_EVENT_EXEC)) {
    if (WIFSTOPPED(status)) {
      kill(pid, SIGKILL);
      WaitForTraced(pid);
    }
    const std::string problem = "cannot execute " + program_.path;
    errno = board_->exec_error;
    if (errno != 0) Throw(problem);
    // Where the kernel can go back no more, it kills.
    throw CannotRun(problem +
                    ": the kernel gave it up as it laid it out in memory; it is damaged, or needs "
                    "more than --memory gives it");
  }
  return {.pid = pid, .entry = PatchVector(pid, program_.path)};
}

// The vDSO would give the time that it is here; and the random bytes would be that. Returns Spawned::entry.
uint64_t Spawner::PatchVector(pid_t pid, const std::string& path) {
  user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, 0, &registers) != 0) Throw("cannot read registers");
  // Arguments, environment and vector: far below a page each way but in the number of strings.
  std::array<uint64_t, 256> words{};
  iovec here = {words.data(), sizeof words};
  iovec there = {reinterpret_cast<void*>(registers.rsp), sizeof words};
  const ssize_t read = process_vm_readv(pid, &here, 1, &there, 1, 0);
  if (read < 0) Throw("cannot read the memory of the subject");
  const std::size_t count = static_cast<std::size_t>(read) / sizeof(uint64_t);
  std::size_t at = 1 + words[0] + 1;          // the arguments' count, they, and a null
  while (at < count && words[at] != 0) ++at;  // the environment
  uint64_t random_bytes = 0, loader = 0, entry = 0;
  for (++at; at + 1 < count && words[at] != AT_NULL; at += 2) {
    if (words[at] == AT_SYSINFO_EHDR) words[at] = AT_IGNORE;
    if (words[at] == AT_RANDOM) random_bytes = words[at + 1];
    if (words[at] == AT_BASE) loader = words[at + 1];
    if (words[at] == AT_ENTRY) entry = words[at + 1];
  }
  std::array<unsigned char, 16> fixed{};
  for (std::size_t i = 0; i < fixed.size(); ++i) fixed[i] = static_cast<unsigned char>(0x11 * i);
  std::array<iovec, 2> from = {
      {{words.data(), at * sizeof(uint64_t)}, {fixed.data(), fixed.size()}}};
  std::array<iovec, 2> to = {{{reinterpret_cast<void*>(registers.rsp), at * sizeof(uint64_t)},
                              {reinterpret_cast<void*>(random_bytes), fixed.size()}}};
  if (at + 1 >= count || random_bytes == 0 ||
      process_vm_writev(pid, from.data(), from.size(), to.data(), to.size(), 0) < 0) {
    throw CannotRun("cannot find the auxiliary vector of " + path);
  }
  return loader == 0 ? 0 : entry;
}

}  // namespace minit::rig
