// Tracee: one real process of a subject, under PTRACE_SYSEMU: its registers, its memory, its stops.
//
// Invariants
//   1. Between any two operations here it is stopped. While it runs, no other of the subject does.
//   2. No system call of it is executed but by Execute, PassThrough and Fork, each of which checks
//      at the entry of the call that it is the one that was meant.
//   3. It blocks no signal for real, and gets none but those that EnterHandler delivers.
// Held by ptrace_subjects_test.cc.

#ifndef MINIT_HARNESS_RIG_TRACEE_H_
#define MINIT_HARNESS_RIG_TRACEE_H_

#include <signal.h>
#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace minit::rig {

// A system call, as it stands in the registers.
struct Trap {
  bool native = true;  // false: by int 0x80 or the like, with the numbers of 32-bit programs
  long number = -1;
  std::array<uint64_t, 6> arguments{};
};

// Why it stopped.
struct Stop {
  enum class Kind : uint8_t {
    kCall,   // it makes the call trap(), which will not be executed
    kFault,  // an instruction raised `signal`
    kTick,   // it has used some processor time: see Limits
    kEnded,  // it is dead, which the rig did not want
  };

  Kind kind = Kind::kEnded;
  int signal = 0;  // kFault; kEnded: of what it died, 0 if it exited
};

class Tracee {
 public:
  // A process that is traced, and stopped; it is killed with this.
  explicit Tracee(pid_t pid) : pid_(pid) {}
  Tracee(Tracee&& other) noexcept;
  Tracee& operator=(Tracee&& other) noexcept;
  ~Tracee() { Kill(); }

  // Runs until it stops next.
  Stop Run();
  const Trap& trap() const { return trap_; }

  // After kCall. What the call returns; that it is to be made once more, now; or that it is executed
  // for real when it runs next. False: it has died, or its memory is not what it was.
  void Return(int64_t value);
  void MakeAgain();
  bool PassThrough();
  // Makes a call for real, and stays stopped; then, Return. Nothing: as above.
  std::optional<int64_t> Execute(long number, const std::array<uint64_t, 6>& arguments);
  // What the trap is, a clone, fork or vfork, for real, with these of its flags. The newborn is
  // stopped as it returns 0. Nothing if the kernel refuses.
  std::optional<Tracee> Fork(uint64_t flags, uint64_t stack, uint64_t thread_pointer);

  // Enters the handler that is installed for `info.si_signo`, at once, on top of what was to come.
  // `mask` is what will be found in its frame. False: it died of it.
  bool EnterHandler(const siginfo_t& info, uint64_t mask);
  // At rt_sigreturn: the mask in the frame that it leaves.
  std::optional<uint64_t> ReadMaskOfFrame();
  bool LeaveHandler();

  void SetThreadPointer(uint64_t address);

  bool Read(uint64_t address, void* to, std::size_t size) const;
  bool Write(uint64_t address, const void* from, std::size_t size);
  // A string of at most `limit` bytes; a list of them that a null pointer ends.
  std::optional<std::string> ReadString(uint64_t address, std::size_t limit = 4096) const;

  template <typename T>
  std::optional<T> Read(uint64_t address) const {
    T value;
    return Read(address, &value, sizeof value) ? std::optional<T>(value) : std::nullopt;
  }
  template <typename T>
  bool Write(uint64_t address, const T& value) {
    return Write(address, &value, sizeof value);
  }

  void Kill();

 private:
  int Resume(int request, int signal = 0);  // returns a wait status
  bool ReachEntry(long number, const std::array<uint64_t, 6>& arguments);
  bool GetTrap();
  bool GetRegisters(user_regs_struct* registers) const;
  bool SetRegisters(const user_regs_struct& registers);
  void Poke(std::size_t offset, uint64_t value);

  pid_t pid_ = -1;
  Trap trap_;
  user_regs_struct before_{};  // Execute and Fork: as they were at the trap
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_TRACEE_H_
