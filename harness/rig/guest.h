// Guest: a Body in this process: a process of a subject that is no process, but registers that are
// put aside, and a version of the memory.

#ifndef MINIT_HARNESS_RIG_GUEST_H_
#define MINIT_HARNESS_RIG_GUEST_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "harness/rig/body.h"
#include "harness/rig/gate.h"
#include "harness/rig/memory.h"

namespace minit::rig {

class Guest final : public Body {
 public:
  // All that a guest is, but for its memory.
  struct State {
    Context context;
    Trap trap;
    std::optional<Stop> stop;  // with which it begins
    uint64_t alternate_stack = 0;
    uint64_t alternate_size = 0;  // 0: none
    int alternate_flags = 0;
  };

  // One with this version of the memory, of which it is a user from now on.
  Guest(Memory& memory, Memory::Version* version, const State& state)
      : memory_(memory), version_(version), state_(state) {
    trap_ = state.trap;
  }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() override { memory_.Drop(version_); }

  // It as it stands, at `stop`.
  State Keep(const Stop& stop) const;

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

 private:
  int64_t SetAlternateStack(uint64_t to, uint64_t old);
  bool IsOnAlternateStack() const;
  int64_t PassMemory();
  bool WriteFloats(uint64_t address);
  bool ReadFloats(uint64_t address);
  Registers& registers() { return state_.context.registers; }

  Memory& memory_;
  Memory::Version* version_;
  State state_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_GUEST_H_
