// Sketch: the kernel once more, in the plainest way, for the kernel model to be compared with.
//
// What this is: processes of one thread each, as rows of sets and maps: births, deaths, adoption,
// groups and sessions, masks, dispositions, pending signals and their queue, what init is owed, stops,
// waits, calls that block and what ends them, descriptors, timers, the terminal, a sync that hangs and
// a console that is full. After kill(2), wait(2), signal(7), signalfd(2), timerfd_create(2),
// pidfd_open(2), setpgid(2), credentials(7), tty_ioctl(4) and exit(2), one sentence a line.
// What this is not: no threads, no tracing, no epoll; slow; and no line of it is shared with
// harness/kernel.
//
// Init has all signals blocked and nothing handled. Handlers of all others run at once.
//
// Held by sketch_test.cc, against harness/kernel.

#ifndef MINIT_PROPTEST_SKETCH_H_
#define MINIT_PROPTEST_SKETCH_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace minit::proptest {

class Sketch {
 public:
  // One instance of a pending signal.
  struct Instance {
    int signal = 0;
    bool queued = true;  // it has an entry in the queue, which has a limit
    bool owed = false;
  };
  using Pending = std::vector<Instance>;

  // What descriptors name, and forks and dups share.
  struct File {
    enum class Kind { kNull, kConsole, kTerminal, kSignals, kTimer, kProcess };
    Kind kind = Kind::kNull;
    bool non_block = false;
    std::set<int> signals{};
    uint64_t at_ns = 0;  // of a timer: the first time that was not read, 0: none
    uint64_t every_ns = 0;
    int pid = 0;  // of a process, 0: it was reaped
  };
  struct Descriptor {
    std::shared_ptr<File> file;
    bool on_exec = false;
  };

  // `which` as wait4 has it; with none of what `exited`, `stopped` or `continued` asks for nobody is
  // told of. `all`: whatever its exit signal is; else `clone`: if that is not SIGCHLD.
  struct Wanted {
    int which = -1;
    bool exited = true;
    bool stopped = false;
    bool continued = false;
    bool all = false;
    bool clone = false;
    bool leave = false;
    int group = 0;  // of a waitid: only of that one
    int fd = -1;    // of a waitid: only whom that one names
  };

  // A call that may block.
  struct Call {
    enum class Kind { kTake, kSleep, kPause, kWait, kRead, kPoll, kWrite, kSync };
    Kind kind = Kind::kPause;
    bool once = false;      // does not wait at all: WNOHANG, a time-out of 0
    bool absolute = false;  // kSleep
    uint64_t until_ns = 0;  // 0: for ever
    int fd = 0;
    std::set<int> set{};  // signals, or descriptors
    Wanted wanted{};
    int bytes = 0;
    std::optional<std::set<int>> mask{};  // for as long as it lasts
    int written = 0;
  };
  struct Answer {
    int value = 0;  // or -errno
    int status = 0;
    int signal = 0;
    bool own = false;
    bool owed = false;
    std::set<int> ready{};
    uint64_t left_ns = 0;
    uint64_t expired = 0;
  };
  using MaybeAnswer = std::optional<Answer>;  // none: it blocks

  struct Process {
    int parent = 1;
    int group = 1;
    int session = 1;
    bool zombie = false;
    bool dying = false;  // a zombie that nobody can wait for yet, nor is told of
    int status = 0;      // raw
    int exit_signal = 17;
    std::set<int> mask, ignored, handled, restarts;
    Pending pending, own;  // of the process, of its thread
    bool stopped = false;
    int stop_to_tell = 0;
    bool continued = false;
    bool subreaper = false;
    bool execed = false;
    bool no_child_stop = false;
    bool no_child_wait = false;
    bool has_terminal = false;
    std::map<int, Descriptor> descriptors;
    uint64_t alarm_ns = 0;  // 0: none
    uint64_t alarm_every_ns = 0;
    bool alarm_is_out = false;                // it repeats, and its signal was not yet taken
    std::optional<Call> call;                 // in which it is
    std::optional<std::set<int>> mask_after;  // that call
    MaybeAnswer answer;                       // of the call that it was in
  };

  explicit Sketch(int pid_max = 32768, std::size_t queue_limit = 1024)
      : pid_max_(pid_max), queue_limit_(queue_limit) {
    people[1].parent = 0;
    order.push_back(1);
  }

  bool Has(int pid) const { return people.contains(pid); }
  bool Lives(int pid) const { return Has(pid) && !people.at(pid).zombie; }

  int Fork(int pid, int exit_signal, bool with_descriptors);
  void End(int pid, int status);
  int Kill(int sender, int pid, int signal);
  // kill; sigqueue, which wants room in the queue; or that, and to the thread itself.
  enum class How { kKill, kQueue, kThread };
  int Generate(int pid, int signal, How how = How::kKill);
  void SetMask(int pid, const std::set<int>& mask);
  struct Action {
    int what = 0;  // as kernel::kSig…
    bool restarts = false, no_stop = false, no_wait = false;
  };
  int SetAction(int pid, int signal, const Action& action);
  MaybeAnswer Make(int pid, const Call& call);
  void Exec(int pid);
  int SetSid(int pid);
  int SetGroup(int pid, int target, int group);
  int Open(int pid, const File& file, bool on_exec, bool no_terminal = false);
  int OpenProcess(int pid, int target, bool non_block);
  int SendByFile(int pid, int fd, int signal);
  int SetTimer(int pid, int fd, uint64_t at_ns, uint64_t every_ns);
  int Duplicate(int pid, int fd, int to);
  void CloseRange(int pid, int first, int last, bool on_exec_only);
  int AcquireTerminal(int pid, int fd);
  int ReleaseTerminal(int pid, int fd);
  int SetForeground(int pid, int fd, int group);
  void SetFaults(bool sync_hangs, int console_room);
  void StartOwing();
  uint64_t Owed() const;  // bit n - 1 for signal n
  int OwedCount(int signal) const;
  uint64_t NextTimer() const;  // 0: none
  void AdvanceTo(uint64_t time_ns);
  std::size_t Queue() const;

  std::map<int, Process> people;
  std::vector<int> order;  // of birth or adoption
  uint64_t now_ns = 0;

 private:
  // sketch.cc: births, deaths, signals, groups.
  int NextNumber();
  void Act(int pid);
  bool IsFatalAtOnce(int pid, int signal) const;
  void Stop(int pid, int signal);
  void Continue(int pid);
  void TellOfStop(int parent);
  void LeaveZombie(int pid, int signal);
  void Bury(int pid);
  int ReaperFor(int pid) const;
  void Adopt(int father);
  bool IsOrphaned(int group, int ignoring) const;
  void NoteIfOrphaned(int pid, int father);
  int SendToGroup(int group, int signal);
  int SendToMany(const std::function<bool(int)>& matches, int signal);
  Answer Taken(int pid, int signal);
  void Forget(int pid, const std::set<int>& signals);

  // sketch_calls.cc: calls that block, descriptors, the terminal, time.
  MaybeAnswer Try(int pid, Call& call);
  MaybeAnswer TryTake(int pid, const std::set<int>& wanted, bool once);
  MaybeAnswer TryWait(int pid, const Call& call);
  MaybeAnswer TryRead(int pid, const Call& call);
  Answer ReadTimer(File& timer) const;
  MaybeAnswer TryWrite(int pid, Call& call);
  bool IsReadable(int pid, const File& file) const;
  void Again(int pid);
  void AllAgain(const std::set<Call::Kind>& kinds);
  void Return(int pid, const Answer& answer);
  void Interrupt(int pid, int signal);
  File* FileAt(int pid, int fd);
  int LowestFree(int pid);
  bool MayHaveTerminal(int pid) const;
  void TakeTerminal(int pid);
  void LoseTerminal(int pid);

  int pid_max_;
  std::size_t queue_limit_;
  int last_ = 1;
  int terminal_session_ = 0;
  int terminal_group_ = 0;
  bool in_exit_ = false;
  std::deque<int> to_hang_up_;  // in_exit_: groups
  bool sync_hangs_ = false;
  int console_room_ = -1;  // -1: any number of bytes
  bool owing_ = false;
  std::array<Pending, 2> owed_;  // of init's thread and process: as if it had blocked all
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_SKETCH_H_
