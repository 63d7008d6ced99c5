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

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "harness/rig/body.h"

namespace minit::rig {

class Tracee final : public Body {
 public:
  // A process that is traced, and stopped; it is killed with this.
  explicit Tracee(pid_t pid) : pid_(pid) {}
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

  void Kill();

 private:
  int Resume(int request, int signal = 0);  // returns a wait status
  bool ReachEntry(long number, const std::array<uint64_t, 6>& arguments);
  bool GetTrap();
  bool GetRegisters(user_regs_struct* registers) const;
  bool SetRegisters(const user_regs_struct& registers);
  void Poke(std::size_t offset, uint64_t value);

  pid_t pid_ = -1;
  user_regs_struct before_{};  // Execute and Fork: as they were at the trap
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_TRACEE_H_
