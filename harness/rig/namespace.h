// The namespace rig: runs any init, unmodified, as process 1 of a PID namespace on the kernel that runs
// here, with a root of its own (a tmpfs that goes with it) and, if asked for, with some of its system
// calls held until the trial says what becomes of them (seccomp_unotify(2)). A static filter could not
// do that: it cannot tell the first fork from the second.
//
// Nothing gets out: a restart asked for in a PID namespace ends that namespace (reboot(2)), and the
// whole of it is killed with the rig's process, however that ends (PR_SET_PDEATHSIG).
//
// Needs root or user namespaces. Linux 5.9 or later.
#ifndef MINIT_HARNESS_RIG_NAMESPACE_H_
#define MINIT_HARNESS_RIG_NAMESPACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/rig/cannot_run.h"

namespace minit::rig {

// An open descriptor, closed at the end. Movable.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { Close(); }

  int number() const { return number_; }  // -1: none
  int Release();
  void Close();

 private:
  int number_ = -1;
};

struct NamespaceOptions {
  std::string init;                      // path of the binary that becomes /init
  std::string child;                     // path of the binary that becomes /core
  std::vector<std::string> environment;  // NAME=VALUE
  bool proc = true;                      // mount /proc
  int standard_error = -1;               // becomes 1 and 2 of init; -1: a pipe, see console()
  std::string console;          // what /dev/console is: a device or fifo outside; "": nothing
  std::vector<int> held_calls;  // numbers of system calls, see Event
};

class Namespace {
 public:
  // Ready to run: process 1 exists and waits for Run(). Throws CannotRun.
  explicit Namespace(const NamespaceOptions& options);
  ~Namespace();  // kills all of it, and waits for that

  int pid() const { return pid_; }  // of process 1, as it is seen from here

  // Lets process 1 execute /init.
  void Run();

  struct Event {
    enum class Kind {
      kHeld,      // a process is about to make a held call: Answer or nothing, then it hangs
      kReport,    // a line came from TRIAL_REPORT
      kEnded,     // process 1 has ended, with `status`; comes once
      kTimedOut,  // nothing happened until the deadline
    };
    Kind kind = Kind::kTimedOut;
    std::int64_t time_ns = 0;  // by CLOCK_MONOTONIC
    std::uint64_t id = 0;      // kHeld: for Answer
    int pid = 0;               // kHeld: who calls
    int number = 0;            // kHeld: of the call
    std::string line;          // kReport
    int status = 0;            // kEnded: raw wait status
  };

  // The next thing that happens, at most until `deadline_ns`.
  Event Next(std::int64_t deadline_ns);

  // Lets a held call be performed; or makes it return `error` (> 0), or 0 without being performed.
  void LetPass(const Event& held);
  void Refuse(const Event& held, int error);
  void Pretend(const Event& held);

  // What init wrote to standard error so far, if that was left to the rig.
  const std::string& console() const { return console_; }

  // A line from TRIAL_REPORT, or "" if none comes before the deadline. For trials that trace.
  std::string NextReport(std::int64_t deadline_ns);

 private:
  void Answer(const Event& held, int error, unsigned flags);
  void DrainConsole();
  bool TakeLine(std::string* line);

  int pid_ = -1;
  bool ended_ = false;
  Descriptor control_, listener_, report_, console_end_, process_;
  std::string console_, report_text_;
};

std::int64_t NowNs();  // CLOCK_MONOTONIC

// From now on SIGINT, SIGTERM and SIGHUP make Namespace::Next throw CannotRun, so that all is cleaned
// up, and SIGALRM interrupts what waits.
void StopOnSignals();

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_NAMESPACE_H_
