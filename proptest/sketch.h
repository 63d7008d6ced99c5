// Sketch: the kernel once more, in the plainest way, for the kernel model to be compared with.
//
// What this is: processes of one thread each, as rows of sets and maps: births, deaths, adoption,
// groups and sessions, masks, dispositions, pending signals, stops, waits, descriptors, alarms. After
// kill(2), wait(2), signal(7), setpgid(2), credentials(7) and exit(2), one sentence a line.
// What this is not: no threads, no tracing, no terminal, no call that blocks; slow; and no line of it
// is shared with harness/kernel.
//
// Init has all signals blocked and nothing handled. Handlers of all others run at once.
//
// Held by sketch_test.cc, against harness/kernel.

#ifndef MINIT_PROPTEST_SKETCH_H_
#define MINIT_PROPTEST_SKETCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

namespace minit::proptest {

class Sketch {
 public:
  struct Process {
    int parent = 1;
    int group = 1;
    int session = 1;
    bool zombie = false;
    int status = 0;  // raw
    int exit_signal = 17;
    std::set<int> mask, ignored, handled;
    std::multiset<int> pending;
    bool stopped = false;
    int stop_to_tell = 0;
    bool continued = false;
    bool subreaper = false;
    bool execed = false;
    bool no_child_stop = false;
    bool no_child_wait = false;
    std::map<int, bool> descriptors;  // which are open, and close on exec
    uint64_t alarm_ns = 0;            // 0: none
  };
  struct Told {
    int pid = 0;  // or 0 for nobody yet, or -errno
    int status = 0;

    bool operator==(const Told&) const = default;
  };

  explicit Sketch(int pid_max) : pid_max_(pid_max) {
    people[1].parent = 0;
    order.push_back(1);
  }

  bool Has(int pid) const { return people.contains(pid); }
  bool Lives(int pid) const { return Has(pid) && !people.at(pid).zombie; }

  int Fork(int pid, int exit_signal, bool with_descriptors);
  void End(int pid, int status);
  int Kill(int sender, int pid, int signal);
  void Generate(int pid, int signal);
  int Take(int pid, const std::set<int>& wanted);  // or -EAGAIN
  void SetMask(int pid, const std::set<int>& mask);
  int SetAction(int pid, int signal, int what, bool no_stop, bool no_wait);  // as kernel::kSig…
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
  };
  Told Wait(int pid, const Wanted& wanted);
  void Exec(int pid);
  int SetSid(int pid);
  int SetGroup(int pid, int target, int group);
  int Open(int pid, bool close_on_exec);
  int Duplicate(int pid, int fd, int to);
  void CloseRange(int pid, int first, int last, bool on_exec_only);
  void AdvanceTo(uint64_t time_ns);

  std::map<int, Process> people;
  std::vector<int> order;  // of birth or adoption
  uint64_t now_ns = 0;

 private:
  int NextNumber();
  void Act(int pid);
  void Stop(int pid, int signal);
  void Continue(int pid);
  void TellOfStop(int parent);
  void LeaveZombie(int pid, int signal);
  void Bury(int pid);
  int ReaperFor(int pid) const;
  void Adopt(int father);
  bool IsOrphaned(int group, int ignoring) const;
  void HangUpIfOrphaned(int pid, int father);
  int SendToGroup(int group, int signal);
  int SendToMany(const std::function<bool(int)>& matches, int signal);

  int pid_max_;
  int last_ = 1;
};

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_SKETCH_H_
