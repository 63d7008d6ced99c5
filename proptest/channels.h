// Channels: eventfds, pipes, pairs of sockets, signalfds, timers and pidfds, and epolls over them, by
// levels and by edges, once more in the plainest way, beside the kernel model.
//
// What this is: an oracle for what the sketch (sketch.h) does not have. Three processes share what init has
// opened: they read, write, poll, close, wait for each other and die. After each thing that happens both
// say the same of it, and of whose call has ended with what. After eventfd(2), pipe(7), unix(7),
// signalfd(2), timerfd_create(2), pidfd_send_signal(2), poll(2) and epoll(7).
// What this is not: a kernel. All signals are blocked, nobody is reaped, nothing is made by threads; and
// what docs/kernel-model.md has under "Limits" does not happen.
//
// Held by channels_test.cc and kernel_explorer_test.cc.

#ifndef MINIT_PROPTEST_CHANNELS_H_
#define MINIT_PROPTEST_CHANNELS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/kernel/kernel.h"

namespace minit::proptest {

class Channels {
 public:
  using Row = std::array<uint8_t, 4>;  // what, who, and two values
  static constexpr int kKinds = 16;    // of rows, by their first byte

  // What init has opened as it begins, for its children too; the pidfd is its own.
  enum : uint8_t {
    kCounter,
    kSemaphore,
    kReader,
    kWriter,
    kSocket,
    kOtherSocket,
    kSignals,
    kTimer,
    kEpoll,
    kOtherEpoll,
    kOfChild,
  };

  // `how`, by its bits: no call waits; real-time signals find no room in their queue.
  explicit Channels(uint8_t how = 0) { Begin(how); }
  void Begin(uint8_t how);
  void GoOnFrom(const Channels& other);

  // One thing happens. Empty, or what the two say of it.
  std::string Happen(const Row& row);

  const kernel::ScenarioKernel& world() const { return *world_; }
  // All that is true of the plain ones, whenever it is, but for a chance of 2^-64: what differs in this may
  // go on otherwise.
  uint64_t Told() const;

 private:
  using Call = kernel::Call;
  using Result = kernel::Result;
  static constexpr int kProcesses = 3;
  static constexpr int kNumbers = 16;  // of descriptors
  static constexpr int kFilesInAll = 24;
  static constexpr std::array<int, 6> kKnown = {1, 10, 13, 15, 17, 34};  // signals
  using Pending = std::array<int, kKnown.size()>;                        // how often each is

  enum class Kind { kCounter, kReader, kWriter, kSocket, kSignals, kTimer, kEpoll, kProcess };
  struct File {
    Kind kind{};
    bool non_block = false;
    bool semaphore = false;
    uint64_t count = 0;  // or bytes that are there to be read
    int peer = -1;       // of a pipe or socket: the other end, if that is open
    uint64_t set = 0;    // of a signalfd
    uint64_t at_ns =
        kernel::kForever;  // of a timer: the first expiry that was not read, or the next
    uint64_t every_ns = 0;
    int process = -1;  // of a pidfd; of an epoll: who added what is in it
  };
  // What is in an epoll.
  struct Item {
    int epoll = 0;
    int number = 0;
    int file = 0;
    bool edge = false;
    bool once = false;
    bool heard = false;  // by edges: something came since it was told of
    bool spent = false;

    bool IsPlain() const { return !edge && !once && !spent; }
  };
  struct Process {
    bool is_dead = false;
    std::array<int8_t, kNumbers> files{};  // -1: closed
    std::array<Pending, 2> pending{};      // of the process, of its thread
    bool waits = false;
    Call call{};
    std::optional<Result> answer;  // of a wait that is over
  };
  // All of the plain world.
  struct Plain {
    std::vector<File> files;
    std::vector<Item> items;
    std::array<Process, kProcesses> processes;
    uint64_t now_ns = 0;
    bool has_queue = true;
    bool has_room = true;  // the console
  };

  void HappenToAll(const Row& row, int who);
  std::optional<Call> CallOf(const Row& row, int who) const;
  Call ControlOf(int16_t epoll, const Row& row) const;
  bool IsBeyond(const Call& call, int who) const;
  bool IsBeyondControl(const Call& call, int who) const;
  bool IsBeyondClose(int who, int number) const;
  bool HearsOfOthers(int epoll, int who) const;

  // nullopt: it waits.
  std::optional<Result> Make(const Call& call, int who);
  std::optional<Result> Attempt(const Call& call, int who);
  std::optional<Result> Read(File& file, const Call& call, int who);
  std::optional<Result> Write(File& file, const Call& call, int who);
  std::optional<Result> WriteBytes(const File& file, const Call& call, int who);
  std::optional<Result> Poll(const Call& call, int who);
  Result Open(const Call& call, int who);
  Result Duplicate(const Call& call, int who);
  Result Control(const Call& call, int who);
  Result SetTimer(File& timer, const Call& call);
  Result SendByPidFd(const File& file, const Call& call);

  int FileAt(int who, int number) const;
  int New(int who, File file);
  int Lowest(int who) const;
  int Opened() const;
  void Close(int who, int number);
  bool IsOpen(int file) const;
  int UsersOf(int file) const;
  bool Sees(int who, int epoll) const;
  bool IsReady(const File& file, int who) const;
  bool IsReady(const Item& item, int who) const;
  Item* ItemAt(int epoll, int number);
  const Item* ItemAt(int epoll, int number) const;
  int Raise(int who, int signal, bool to_thread);
  Result Take(int who, uint64_t set);
  void Hear(int file);
  void HearSignals(int who);
  void Pass(uint64_t until_ns);
  void Die(int who);
  void Settle();

  std::string Difference();
  kernel::Pid PidOf(int who) const { return who + 1; }

  std::unique_ptr<kernel::ScenarioKernel> world_ = std::make_unique<kernel::ScenarioKernel>();
  Plain plain_;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_CHANNELS_H_
