// Body: the registers and the memory of one process of a subject, whatever holds them: what the
// decoder and BinaryRig ask of a process. Tracee is one that is a process of its own.
//
// The process makes calls of the system, none of which is executed: it stops at each, and is told
// what came of it.

#ifndef MINIT_HARNESS_RIG_BODY_H_
#define MINIT_HARNESS_RIG_BODY_H_

#include <signal.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

// The kernel's struct sigaction.
struct SignalAction {
  uint64_t handler = 0;
  uint64_t flags = 0;
  uint64_t restorer = 0;
  uint64_t mask = 0;
};

// What a process asks when it forks.
struct ForkRequest {
  uint64_t flags = 0;
  uint64_t stack = 0;
  uint64_t parent_number = 0;  // addresses
  uint64_t child_number = 0;
  uint64_t pidfd = 0;
  uint64_t thread_pointer = 0;
};

class Body {
 public:
  virtual ~Body() = default;

  // Runs until it stops next.
  virtual Stop Run() = 0;
  const Trap& trap() const { return trap_; }
  // Its loader is at work: it has not come to the first instruction of the program itself.
  bool loading() const { return loading_; }

  // After kCall. What the call returns; that it is to be made once more, now; or that it is executed
  // (one of those about memory). False: it has died, or its memory is not what it was.
  virtual void Return(int64_t value) = 0;
  virtual void MakeAgain() = 0;
  virtual bool PassThrough() = 0;
  // Makes a call about a file that a loader reads, and stays stopped; then, Return. Nothing: as
  // above.
  virtual std::optional<int64_t> Execute(long number, const std::array<uint64_t, 6>& arguments) = 0;
  // A handler, which is none of SIG_DFL and SIG_IGN, is installed: 0, or -errno. The action stands
  // at `address`.
  virtual int64_t InstallHandler(int signal, uint64_t address) = 0;
  // What the trap is, a clone, fork or vfork: a newborn with this number, about to return 0. Nothing
  // if there can be none.
  virtual std::unique_ptr<Body> Fork(const ForkRequest& request, int32_t newborn) = 0;

  // Enters the handler `action` at once, on top of what was to come. `mask` is what will be found in
  // its frame. False: it died of it.
  virtual bool EnterHandler(const SignalAction& action, const siginfo_t& info, uint64_t mask) = 0;
  // At rt_sigreturn: the mask in the frame that it leaves.
  virtual std::optional<uint64_t> ReadMaskOfFrame() = 0;
  virtual bool LeaveHandler() = 0;

  virtual void SetThreadPointer(uint64_t address) = 0;

  virtual bool Read(uint64_t address, void* to, std::size_t size) const = 0;
  virtual bool Write(uint64_t address, const void* from, std::size_t size) = 0;

  template <typename T>
  std::optional<T> Read(uint64_t address) const {
    T value;
    return Read(address, &value, sizeof value) ? std::optional<T>(value) : std::nullopt;
  }
  template <typename T>
  bool Write(uint64_t address, const T& value) {
    return Write(address, &value, sizeof value);
  }
  // A string of at most `limit` bytes.
  std::optional<std::string> ReadString(uint64_t address, std::size_t limit = 4096) const;
  // Whether just this string stands there; false too if that cannot be read.
  bool Holds(uint64_t address, std::string_view string) const;

 protected:
  Trap trap_;
  bool loading_ = false;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_BODY_H_
