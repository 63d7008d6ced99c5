// Decoder: the dictionary between the system calls of a real process and those of the kernel model.
// Decode says what becomes of a call; Answer writes what came of it where the process will look.
//
// Four things become of a call:
//   the model answers      all by which an init is judged, and whatever depends on the world
//   the rig answers        what is the same in every world: user ids, limits, priorities …; the model is told
//                          of it as kOther with the answer, but for what every program begins with
//   the real kernel does   memory, and the libraries that a loader reads before the program's own first
//                          instruction; of a script, until the first visible call, what its interpreter reads
//   nobody covers it       ENOSYS, told to the model as kOther, and reported
//
// What is made up, where the model knows less than a process is told: siginfo names no sender (but
// for init's SIGCHLD); times of day begin at a fixed moment; statistics of
// use are 0.
// Held by ptrace_subjects_test.cc.

#ifndef MINIT_HARNESS_RIG_DECODE_H_
#define MINIT_HARNESS_RIG_DECODE_H_

#include <signal.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/cast.h"
#include "harness/rig/outcome.h"
#include "harness/rig/process.h"
#include "harness/rig/program.h"

namespace minit::rig {

// What becomes of a call.
struct Asked {
  enum class Way : uint8_t {
    kModel,         // `call`, and what it writes to the console is `text`
    kReturn,        // `value`
    kPass,          // it is executed
    kLeaveHandler,  // rt_sigreturn
  };

  Way way = Way::kReturn;
  kernel::Call call{};
  int64_t value = 0;
  std::string_view text{};  // valid until the next call is decoded
};

class Decoder {
 public:
  // All must outlive it. `child`: the command that a subject has to execute. `loads`: what the subject's own
  // file says.
  Decoder(const Cast& cast, kernel::Kernel& kernel, const std::vector<std::string>& child,
          Loads loads)
      : cast_(cast), kernel_(kernel), child_(child), loads_(loads) {}

  // A run begins: with these in the environment.
  void Begin(const std::vector<std::string>* environment);

  Asked Decode(Process& process);
  // The model has answered. A further call that it takes to serve the one of the process, or
  // nothing: then the process has its answer, and may run on.
  std::optional<kernel::Call> Continue(Process& process, const kernel::Result& result);
  // The process has its answer, in whatever state that is.
  void Finish(Process& process, const kernel::Result& result);

  // What a handler is told.
  siginfo_t InfoOf(kernel::Pid pid, int signal, bool from_thread) const;

  // Whether a call is one that programs begin with and that is answered alike whatever the world.
  static bool IsOfStartUp(long number);
  // Or is one by which a loader reads files.
  bool IsOfLoader(const Process& process) const;

  void Report(const std::string& what) { ++not_covered_[what]; }
  const NotCovered& not_covered() const { return not_covered_; }

 private:
  using Maybe = std::optional<Asked>;

  void NoteLimits(const kernel::Result& result);
  bool IsTold(const Process& process) const;
  bool MayLoad(const Body& body, const std::string& name) const;

  // Each knows some calls. Nothing: not this one.
  Maybe DecodeProcess(Process& process);
  Maybe DecodeIdentity(Process& process);
  Maybe DecodeSignal(Process& process);
  Maybe DecodeSending(Process& process);
  Maybe DecodeTime(Process& process);
  Maybe DecodeTimer(Process& process);
  Maybe DecodeWaiting(Process& process);
  Maybe DecodeDescriptor(Process& process);
  Maybe DecodeFile(Process& process);
  Maybe DecodeName(Process& process);
  Maybe DecodeMemory(Process& process);
  Maybe DecodeTrifle(Process& process);
  Maybe DecodeSetUp(Process& process);

  Asked Refuse(Process& process, const std::string& what = "");
  Asked Fork(Process& process, uint64_t flags, int signal);
  Asked Exec(Process& process, uint64_t path, uint64_t arguments, uint64_t environment);
  Asked Prctl(Process& process);
  Asked Mount(Process& process);
  Asked MakeFile(Process& process, uint64_t path);
  Asked SigAction(Process& process);
  Asked Poll(Process& process, const std::optional<uint64_t>& time_ns, uint64_t mask);
  Asked Select(Process& process);
  Asked PollFor(Process& process, uint64_t readable, uint64_t time_ns, uint64_t mask);
  uint64_t Writable(const Process& process) const;
  Asked EpollControl(Process& process);
  Asked EpollWait(Process& process, const std::optional<uint64_t>& time_ns, uint64_t mask);
  Asked WithMask(Process& process, kernel::Call call, uint64_t mask);
  uint32_t ReadyAs(const Process& process, int fd, uint32_t events) const;
  Asked Fcntl(Process& process);
  Asked DupTo(Process& process, int to, uint32_t flags);
  Asked Ioctl(Process& process);
  bool ReadText(Process& process);
  Asked Read(Process& process);
  Asked Write(Process& process, uint64_t size);
  Maybe DecodeSocket(Process& process);
  Asked Open(Process& process, uint64_t path, uint64_t flags);
  Asked Stat(Process& process, int fd, uint64_t address);
  Asked StatOf(Process& process, const std::string& name, uint64_t address);
  Asked OfLoader(Process& process);
  bool Has(Process& process, const std::string& name) const;
  bool IsOpen(const Process& process, uint64_t fd) const;
  bool IsOnDisk(const Process& process, uint64_t fd) const;
  kernel::Path PathOf(Process& process, const std::string& name) const;

  // Of an answer.
  int64_t Answer(Process& process, const kernel::Result& result);
  int64_t AnswerSignal(Process& process, const kernel::Result& result);
  int64_t AnswerTime(Process& process, const kernel::Result& result);
  int64_t AnswerWaiting(Process& process, const kernel::Result& result);
  int64_t AnswerFile(Process& process, const kernel::Result& result);
  int64_t AnswerPoll(Process& process, const kernel::Result& result);
  int64_t AnswerSelect(Process& process, const kernel::Result& result);
  int64_t AnswerEpoll(Process& process, const kernel::Result& result);
  int64_t AnswerEpollControl(Process& process, const kernel::Result& result);
  int64_t AnswerWaitId(Process& process, const kernel::Result& result);
  int64_t AnswerRead(Process& process, const kernel::Result& result);

  const Cast& cast_;
  kernel::Kernel& kernel_;
  const std::vector<std::string>& child_;
  const std::vector<std::string>* environment_ = nullptr;
  Loads loads_;
  bool loading_ = true;  // something may be loaded, and no visible call was made yet
  std::string text_;     // of the last write to the console
  NotCovered not_covered_;
};

// --- For the files of the decoder ----------------------------------------------------------------

// Times of day begin here: 2026-01-01.
inline constexpr uint64_t kBeginningNs = 1'767'225'600'000'000'000;
// What the monotonic clocks say then: the kernel took that long to start init. (0 is no time that a
// program could be started at: there are some that use it for none.)
inline constexpr uint64_t kBootNs = 3'000'000'000;

inline Asked Model(const kernel::Call& call) { return {.way = Asked::Way::kModel, .call = call}; }
inline Asked Returns(int64_t value) { return {.way = Asked::Way::kReturn, .value = value}; }

// What does not fit names no descriptor either.
constexpr int16_t Descriptor16(uint64_t argument) {
  const auto number = static_cast<int32_t>(argument);
  return number < 0 || number > INT16_MAX ? int16_t{-1} : static_cast<int16_t>(number);
}
constexpr int32_t Int(uint64_t argument) { return static_cast<int32_t>(argument); }
constexpr uint32_t Flags(uint64_t argument) { return static_cast<uint32_t>(argument); }

// A timespec at an address: nothing if it is not one; forever if the address is null.
std::optional<uint64_t> ReadTime(const Body& body, uint64_t address);
bool WriteTime(Body& body, uint64_t address, uint64_t time_ns);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_DECODE_H_
