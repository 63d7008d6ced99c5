// Tracee: one real process of a subject, under PTRACE_SYSEMU: its registers, its memory, its stops.
//
// Invariants
//   1. Between any two operations here it is stopped. While it runs, no other of the subject does.
//   2. No system call of it is executed but by Execute, PassThrough and Fork, each of which checks
//      at the entry of the call that it is the one that was meant.
//   3. It blocks no signal for real, and gets none but those that EnterHandler delivers.
// Held by ptrace_subjects_test.cc.
//
// A handler is installed when it is entered first.
//
// That a loader has come to the program itself tells a breakpoint, which is gone before that runs.
//
// Its memory is its own, or a Space (moment.h), which is told when what is mapped there changes. What
// it forks is forked for real; from a Space, if the kernel knows nothing else of it, by a copy of that.

#ifndef MINIT_HARNESS_RIG_TRACEE_H_
#define MINIT_HARNESS_RIG_TRACEE_H_

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "harness/rig/body.h"
#include "harness/rig/moment.h"

namespace minit::rig {

// Where a program begins whose loader is at work.
struct Breakpoint {
  uint64_t at = 0;       // 0: there is none
  uint64_t covered = 0;  // the word that stands there
};

class Tracee final : public Body {
 public:
  // A process that is traced, and stopped; it is killed with this.
  explicit Tracee(pid_t pid) : pid_(pid) {}
  // A newborn in a Space of a moment, at the call that was made then, by that instruction; with the
  // breakpoint that there was.
  Tracee(std::shared_ptr<Space> space, pid_t pid, const Trap& trap, uint64_t call_at,
         const Breakpoint& breakpoint);
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  ~Tracee() override { Kill(); }

  Stop Run() override;
  void Return(int64_t value) override;
  void MakeAgain() override;
  bool PassThrough() override;
  std::optional<int64_t> Execute(long number, const std::array<uint64_t, 6>& arguments) override;
  int64_t InstallHandler(int signal, uint64_t address) override;
  std::unique_ptr<Body> Fork(const ForkRequest& request, int32_t newborn) override;
  bool EnterHandler(const SignalAction& action, const siginfo_t& info, uint64_t mask) override;
  std::optional<uint64_t> ReadMaskOfFrame() override;
  bool LeaveHandler() override;
  void SetThreadPointer(uint64_t address) override;
  bool Read(uint64_t address, void* to, std::size_t size) const override;
  bool Write(uint64_t address, const void* from, std::size_t size) override;
  using Body::Read;
  using Body::Write;

  // It is loading() until it comes there.
  void BreakAt(uint64_t address);
  // As long as it is loading.
  Breakpoint breakpoint() const { return loading_ ? breakpoint_ : Breakpoint{}; }

  void Kill();
  std::size_t CountFiles() const;  // that are open
  pid_t Release() { return std::exchange(pid_, -1); }

 private:
  int Resume(int request, int signal = 0);  // returns a wait status
  std::optional<int64_t> ExecuteNow(long number, const std::array<uint64_t, 6>& arguments);
  bool TryInSpace();
  bool InstallNow(const SignalAction& action, int signal);
  bool ReachEntry(long number, const std::array<uint64_t, 6>& arguments);
  std::unique_ptr<Tracee> ForkForReal(const ForkRequest& request);
  std::unique_ptr<Tracee> ForkByCopy(const ForkRequest& request);
  bool GetTrap();
  bool LeaveLoader();
  void Poke(std::size_t offset, uint64_t value);

  pid_t pid_ = -1;
  std::shared_ptr<Space> space_;  // its memory, if that is one
  bool plain_ = true;             // nothing but memory and registers is other than at the moment,
  uint64_t installed_ = 0;        // and handlers of these signals
  uint64_t call_at_ = 0;          // the instruction that made the last call
  Breakpoint breakpoint_;
  bool newborn_ = false;       // not resumed yet
  bool at_call_ = false;       // Run has only to say so
  user_regs_struct before_{};  // Execute and Fork: as they were at the trap
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_TRACEE_H_
