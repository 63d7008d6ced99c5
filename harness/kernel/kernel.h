// The kernel model: Linux as PID 1 can see it, at the level of system calls, in virtual time.
//
// What this is: a deterministic state machine that says what each call returns and what each event
// of the world does, by the rules of the real kernel. docs/kernel-model.md lists the rules, their
// sources, the test that holds each, and what is left out. It knows no particular init.
// What this is not: a scheduler. Nothing runs by itself; whoever drives it decides who is next.
//
// A Kernel is a plain value. It allocates nothing; copying and resetting cost as much as lives in it.
//
// Two ways in:
//   calls   Issue() makes a system call for a process or thread and says how it ended, or that it
//           blocks. Resume() says what a thread does when it next runs: what its call returned, or
//           which signal handler it must run.
//   world   Events that no modelled process asks for by a call of its own: births and deaths of
//           puppets, threads, signals from elsewhere, faults.
//
// Two sorts of processes: *subjects* run init's own code (init, and what it forks, until that calls
// exec): a rig drives them by Issue and Resume. *Puppets* are all others: they are moved from
// outside, by Issue or the events below; handlers of theirs run unseen, at once.
//
// Invariants, all checked by IsValid():
//   1. Init is alive until ending() says otherwise, and is in slot 0.
//   2. Order lists each live slot once; children and tracees are waited for in that order: own
//      children by birth, adopted ones appended when adopted (so a move to the end).
//   3. Numbers are unique. No number in use as a process, thread, group or session is given out.
//   4. Parent, tracer and leader name live tasks; only leaders have parents; nobody is its own
//      parent but init, whose parent is outside.
//   5. A zombie leader without live threads waits to be reaped by its parent or tracer; other dead
//      threads are gone, unless traced. Nothing blocked or stopped is dead.
//   6. KILL and STOP are never masked, ignored or handled. Ignored and handled are disjoint.
//   7. A signal that is pending, unmasked and at a default that does something, on a thread that is
//      neither stopped nor in an uninterruptible call, has been acted on.
//   8. A blocked call that could complete has completed; a deadline in the past has fired.
//   9. Every descriptor names an object that counts it; the ends of a pipe know each other; a pidfd
//      names nobody once its process is reaped; what an epoll keeps of a descriptor is of one that is
//      in it.
//  10. What a bit can't say of a pending signal is said of one that is pending.
//  11. Who has a controlling terminal is of the session that has it.
// The tests beside hold them; totality_test.cc after every step of random stories.

#ifndef MINIT_HARNESS_KERNEL_KERNEL_H_
#define MINIT_HARNESS_KERNEL_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "harness/kernel/call.h"

namespace minit::kernel {

class Digest;

inline constexpr int kExplorerCapacity = 8;    // tasks (processes and threads) for an enumeration
inline constexpr int kScenarioCapacity = 512;  // tasks for everything else
inline constexpr int kDescriptors = 64;        // per process: numbers 0 to 63, else EMFILE
inline constexpr uint64_t kCallTimeNs = 1000;  // what a visible call of a subject takes

// How init is entered. Children, descriptors and pending signals are given by events after Reset.
struct Entry {
  uint32_t signal_queue_limit = 1024;  // RLIMIT_SIGPENDING of everyone (one user)
  Pid pid_max = 32768;                 // numbers run from 2 to pid_max - 1
  bool last_thread_status = true;      // 6.18: the last thread's exit code wins; else the leader's
  bool pid_namespace = false;          // PID 1 of a namespace rather than of the machine: reboot(2)
  uint64_t ignored = 0;                // dispositions of init
  uint64_t mask = 0;                   // of init

  bool operator==(const Entry&) const = default;
};

// Faults that the kernel can give. They stay until changed, those with a count until used up.
struct Faults {
  uint8_t fork_failures = 0;    // so many forks of subjects fail next; 255: all
  int16_t fork_error = 11;      // EAGAIN or ENOMEM
  uint8_t exec_failures = 0;    // so many execs of subjects fail next; 255: all
  int16_t exec_error = 2;       // ENOENT, EACCES, ENOEXEC, …
  uint8_t reboot_failures = 0;  // so many reboots fail next; 255: all
  int16_t reboot_error = 1;     // EPERM or EINVAL
  bool sync_hangs = false;      // sync does not return until this is false again
  int32_t console_room = -1;    // bytes that the console still takes; -1: any number

  bool operator==(const Faults&) const = default;
};

// What a thread does when it is next allowed to run.
struct Step {
  enum class Kind : uint8_t {
    kRuns,     // it is in user mode, nothing to report: it may make a call
    kReturns,  // its call has ended with `result`
    kHandler,  // it enters the handler of `signal`; see EnterHandler
    kBlocked,  // its call goes on, or it waits for the end of its vfork
    kStopped,  // it is stopped, by a signal or a tracer
    kGone,     // it does not exist, is dead, or the machine is no more
  };

  Kind kind = Kind::kGone;
  uint8_t signal = 0;
  bool owed = false;      // the handler's signal was owed: see StartOwing
  bool in_call = false;   // kHandler: it interrupts a call, or comes as one returns
  bool restarts = false;  // then the call is made again after the handler; else it returns `result`
  bool told = false;      // the result is no news: see Defer; or a newborn returns from its fork
  uint64_t mask = 0;      // kHandler: what LeaveHandler should put back
  Result result{};
};

// How it all ended, as far as it did.
enum class Ending : uint8_t {
  kNone,
  kRestart,   // reboot(RESTART)
  kRestart2,  // reboot(RESTART2)
  kHalt,
  kPowerOff,
  kInitDied,  // exit or signal: a panic, or the end of the namespace
};

enum class Activity : uint8_t {
  kRunning,    // in user mode, or about to return to it
  kBlocked,    // in a call
  kSuspended,  // in a vfork or on a pipe, for a process of its own that a move keeps from running
  kStopped,    // by a stop signal
  kTraced,     // in a stop that its tracer can see
  kZombie,     // dead, not reaped
};

// What the siginfo of a SIGCHLD tells, as waitid would. pid 0: no child is behind it, somebody sent it.
struct ChildNews {
  Pid pid = 0;
  uint8_t code = 0;    // CLD_…
  int32_t status = 0;  // the code of an exit, or a signal
};

// What can be seen of a timer.
struct TimerView {
  uint64_t left_ns = 0;   // until it goes off next; 0: it does not
  uint64_t every_ns = 0;  // then, every so often; 0: no more

  bool operator==(const TimerView&) const = default;
};

// What can be seen of one process or thread.
struct View {
  Pid pid = 0;
  Pid process = 0;  // its process: pid itself unless this is a further thread
  Pid parent = 0;   // 0 for init
  Pid tracer = 0;   // 0 for none
  Pid group = 0;
  Pid session = 0;
  Activity activity = Activity::kZombie;
  bool subject = false;       // runs init's code
  bool has_execed = false;    // since its fork
  bool kept = false;          // see Keep
  bool stopped = false;       // its process is in a group-stop
  bool stop_to_tell = false;  // … that a wait with WUNTRACED would still report
  bool has_terminal = false;  // its session's controlling terminal is its own
  bool subreaper = false;
  bool no_child_wait = false;     // SA_NOCLDWAIT
  bool continue_to_tell = false;  // a wait with WCONTINUED would
  int exit_signal = 0;
  int status = 0;                   // of a zombie: raw wait status
  int trace_stop = 0;               // kTraced: raw status of the stop
  bool trace_stop_to_tell = false;  // … that a wait of the tracer would report
  uint64_t mask = 0;
  uint64_t pending_thread = 0;
  uint64_t pending_process = 0;
  uint64_t ignored = 0;
  uint64_t handled = 0;
  uint64_t descriptors = 0;  // open
  uint64_t close_on_exec = 0;
  Call call;  // kBlocked: in which

  bool operator==(const View&) const = default;
};

// What of a View is asked at every step.
struct Glance {
  bool exists = false;
  bool subject = false;
  bool has_execed = false;
  bool kept = false;
  bool stopped = false;
  Activity activity = Activity::kZombie;
  Pid process = 0;
  Pid group = 0;
  Pid tracer = 0;
};

class Kernel {
 public:
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  // Everything anew: init alone, running, without descriptors.
  void Reset(const Entry& entry = {});

  // Becomes equal to `other`, whatever the capacity of either. False, and unchanged, if that has
  // more tasks than fit here.
  bool CopyFrom(const Kernel& other);

  // The same world: the same future for the same calls and events.
  bool operator==(const Kernel& other) const;
  uint64_t Hash() const;
  // Of two worlds that were entered alike and for which this is the same, the same calls and events
  // have the same results at the same distances of time, whenever it is: but for a chance of 2^-64.
  uint64_t Fingerprint() const;

  // Nothing is broken; see the invariants above. Slow.
  bool IsValid() const { return WhatIsBroken() == nullptr; }
  const char* WhatIsBroken() const;  // the first invariant that does not hold, or nullptr

  // --- Calls -------------------------------------------------------------------------------------

  // Makes `call` for the thread `caller`, which must be running (see Resume); otherwise, or once
  // ending() is not kNone, the answer is kGone. A visible call of a subject first takes its time.
  Result Issue(Pid caller, const Call& call) {
    Result result;
    Issue(caller, call, IsVisibleNow(caller, call), &result);
    return result;
  }
  // In place, by whoever knows already what IsVisibleNow says.
  void Issue(Pid caller, const Call& call, bool visible, Result* result);

  // Whether this call, now, by this caller, is a write to the console; and whether it is a visible one.
  bool WritesToConsole(Pid caller, const Call& call) const {
    return call.kind == CallKind::kWrite && DescriptorPath(caller, call.fd) == Path::kConsole;
  }
  bool IsVisibleNow(Pid caller, const Call& call) const;

  // Lets `thread` run and says what it does. The result of a call is handed out once. kHandler takes
  // the signal; the rig then calls EnterHandler with the signals to be blocked meanwhile (the
  // handler's own mask and, without SA_NODEFER, the signal), asks Resume again, since more handlers
  // may come on top, and LeaveHandler at the sigreturn.
  Step Resume(Pid thread) {
    Step step;
    Resume(thread, &step);
    return step;
  }
  // In place. Of kReturns, and of what is no turn at all, other fields keep what they had: `restarts` is
  // false, `told` and `result` are new.
  void Resume(Pid thread, Step* step);
  // The kind that Resume would say, without its doing anything, as far as that is plain: kRuns,
  // kBlocked, kStopped or kGone. kReturns: only Resume can tell.
  Step::Kind Foresee(Pid thread) const;
  void EnterHandler(Pid thread, uint64_t blocked);
  void LeaveHandler(Pid thread, uint64_t mask);

  // A signal that has a handler is pending for the thread, and not blocked. Requires Exists(thread).
  bool HandlerIsDue(Pid thread) const;

  // Takes back the result of a call that Issue said was done, for Resume to hand out: for a caller
  // that does not run on at once.
  void Defer(Pid thread, const Result& result);

  // The call in which a thread is blocked, or that Resume says has returned. Requires Exists(thread).
  const Call& LastCall(Pid thread) const { return Find(thread)->call; }

  // One word of the memory of a thread, for whoever drives it: a fork copies it, an exec clears it.
  // Requires Exists(thread).
  uint64_t Memory(Pid thread) const { return Find(thread)->memory; }
  void SetMemory(Pid thread, uint64_t word) { tasks_[FindSlot(thread)].memory = word; }

  // --- Time --------------------------------------------------------------------------------------

  uint64_t now_ns() const { return g_.now_ns; }
  // When the next time-out, alarm or timer ends; kForever if none is running.
  uint64_t NextTimer() const;
  // What a visible call of a subject takes, until Reset: kCallTimeNs, unless a search says 0 so that
  // worlds do not differ by how many calls it took to get there.
  void SetCallTime(uint64_t call_time_ns) { g_.call_time_ns = call_time_ns; }
  // Lets time pass to `time_ns` (no effect if that is past), firing timers in order on the way.
  void AdvanceTo(uint64_t time_ns) {
    if (time_ns < g_.soonest_ns) {
      if (time_ns > g_.now_ns) g_.now_ns = time_ns;
    } else {
      FireUntil(time_ns);
    }
  }

  // --- World -------------------------------------------------------------------------------------
  // Each returns 0 or a number, or -errno where the world cannot do that: ESRCH (no such process, or
  // dead), EAGAIN (no room for another task), EINVAL, EPERM.

  // Gives init, or another process, a descriptor that it was entered with.
  int GiveDescriptor(Pid process, int fd, Path what, uint32_t open_flags);
  // A puppet, forked by a puppet, or by init before it was entered: it inherits the mask and the
  // dispositions of its parent, and no descriptors. Returns its number.
  Pid Fork(Pid parent);
  // `count` processes that init adopts from the session of `relative`, each dead with status `code`.
  // Returns how many there was room for.
  int Burst(Pid relative, int count, int code);
  // A further thread of a process. Returns its number.
  Pid StartThread(Pid process);
  // Ends one thread alone, or the leader alone if that is named.
  int ExitThread(Pid thread, int code);
  // Ends a process.
  int Exit(Pid process, int code);
  // Ends a process by a signal, from within: a crash. Not init.
  int Die(Pid process, int signal, bool core);
  // A fault at an instruction: forced on the thread even if blocked or ignored. Kills init too.
  int Fault(Pid thread, int signal);
  // From nobody: as the terminal or a driver does. And from an ancestor of the PID namespace, from
  // where KILL and STOP also work on init: STOP freezes it, CONT thaws it.
  int SendFromKernel(Pid process, int signal);
  int SendFromAncestor(Pid process, int signal);
  int SendFromKernelToGroup(Pid group, int signal);
  int QueueFromAncestor(Pid process, int signal);  // sigqueue rather than kill
  int SendToThreadFromAncestor(Pid thread, int signal);
  // The next number to be given out, as after writing one less to ns_last_pid.
  int SetNextPid(Pid pid);
  // As if the process called sigaction, without flags, for each signal that can be handled. Returns 0.
  int HandleAll(Pid process);
  // Keeps a subject from running (`at rest` does not wait for it), or no longer.
  int Keep(Pid process, bool kept);

  const Faults& faults() const { return g_.faults; }
  void SetFaults(const Faults& faults);

  // --- What a judge asks; nothing changes --------------------------------------------------------

  // Init is blocked in a call that only an event, the end of a fault or time can end, it is neither
  // frozen nor suspended (Activity), and no subject that it forked can run.
  bool AtRest() const;
  // What init is doing.
  Activity InitActivity() const { return ActivityOf(tasks_[0]); }
  // Init is frozen (stopped, or in a stop for a tracer) or suspended.
  bool InitIsHeldUp() const;
  // There is none: no wait finds a death or a traced stop.
  bool NoneIsDeadOrTraced() const { return g_.zombies == 0 && g_.traces == 0; }
  // The first, in order of birth or adoption, of init's processes before exec that can run and is
  // not kept waiting; 0 if there is none.
  Pid RunnableSubject() const;
  Ending ending() const { return g_.ending; }
  int ending_status() const { return g_.ending_status; }  // kInitDied: raw wait status

  // Live tasks, zombies included, in order of birth or adoption.
  int size() const { return g_.count; }
  Pid PidAt(int index) const;
  bool Exists(Pid pid) const { return Find(pid) != nullptr; }
  View Look(Pid pid) const;  // pid 0 if there is none
  Glance GlanceAt(Pid pid) const;
  // Of what is followed step by step. It lives: it exists, and is not dead. It is free: beside that, no
  // stop and no move (Keep) keeps it from running.
  bool Lives(Pid pid) const {
    const Task* const task = Find(pid);
    return task != nullptr && task->run != Run::kZombie;
  }
  bool IsFree(Pid pid) const {
    const Task* const task = Find(pid);
    return task != nullptr && task->run != Run::kZombie && !Leader(*task).kept && !IsStopped(*task);
  }
  Glance GlanceAtIndex(int index) const { return GlanceOf(tasks_[order_[index]]); }
  // What that wait would return now, without doing it: value 0 for nothing, -ECHILD.
  // Of kWait4: Wait4(-1, kWaitNoHang) for deaths and traced stops.
  Result PeekWait(Pid process, const Call& wait) const;
  // How often `signal` is pending for a thread itself, or for its process.
  int PendingCount(Pid thread, int signal, bool for_process) const;
  // What an open descriptor is; kMissing if it is closed, kOther if it has no name.
  Path DescriptorPath(Pid process, int fd) const;
  // Whom the SIGCHLD is about that init took last. Of several that come while one is pending that is the
  // first. No part of what a kernel is compared by.
  const ChildNews& NewsOfInit() const { return g_.taken_news; }
  // Of a process: ITIMER_REAL. Of a descriptor: nothing if it is no timerfd. Requires Exists(process).
  TimerView AlarmOf(Pid process) const;
  std::optional<TimerView> TimerOf(Pid process, int fd) const;
  // Of an open descriptor: it is of a file, so no pipe, and nothing that has no place in a file system
  // (a signalfd, a timerfd, an epoll, a pidfd).
  bool IsFile(Pid process, int fd) const;
  // Of an open descriptor: it is an eventfd; or nothing can ever be written to it, though it may be read
  // or waited for. And which open file description it names: of two that are the same, the same; -1: none.
  bool IsEventFd(Pid process, int fd) const;
  bool IsForReading(Pid process, int fd) const;
  int DescriptionOf(Pid process, int fd) const;
  // Of an end of a pipe or of a pair of sockets: the other one is closed.
  bool IsCut(Pid process, int fd) const;

  // Owed signals: pending sets of init kept as if all 64 had been blocked from StartOwing on. What
  // was pending then is not owed. An instance leaves when init takes its number: Result::owed and
  // Step::owed say whether the one taken was. Init's own changes of disposition discard none.
  void StartOwing();
  bool owing() const { return g_.owing; }
  uint64_t Owed() const;  // owed, from either set
  int OwedCount(int signal) const;

 protected:
  using Slot = uint16_t;
  static constexpr Slot kNoSlot = 0xffff;
  static constexpr uint64_t kUnmaskable = SignalBit(kSigKill) | SignalBit(kSigStop);
  static constexpr uint16_t kShadowOwner = 0xfff0;  // see Pending; 4 of them
  static constexpr int kMaxSurplus = 48;
  static constexpr int kMaxObjects = 24;
  static constexpr int kMaxInterests = 24;
  static constexpr int kPipeBytes = 65536;  // room in a pipe

  // Whether a thread can run. A group-stop or a stop for a tracer comes on top.
  enum class Run : uint8_t {
    kRuns,      // in user mode
    kReturns,   // its call has ended, Resume has not yet said so
    kInCall,    // blocked
    kSignaled,  // blocked no longer, for a handler is due (or was: it may have been discarded)
    kZombie,
  };

  // A thread. What belongs to the process is kept in its leader's.
  struct Task {
    Pid pid = 0;  // 0: the slot is free
    Slot leader = kNoSlot;
    Slot tracer = kNoSlot;  // the leader of the process that traces this thread
    Run run = Run::kRuns;
    bool seized = false;         // traced by PTRACE_SEIZE: no SIGSTOP, no SIGTRAP at exec
    bool trace_stopped = false;  // stopped for its tracer
    bool trace_injects = false;  // … with a signal that the tracer may pass on
    bool trap_due = false;       // seized, and a SIGCONT is to be told of by a stop
    bool may_stop = false;       // no SIGCONT came since it stopped with a signal to inject
    bool mask_saved = false;     // sigsuspend and the like put saved_mask back
    bool told = false;           // see Step::told
    bool dying = false;          // dead, and not yet told of: nobody can wait for it
    uint8_t injected = 0;        // a signal that its tracer passed on, its handler due
    uint32_t trace_report = 0;   // raw status of that stop, 0 once it was reported
    uint32_t trace_status = 0;   // the same, kept
    uint64_t mask = 0;
    uint64_t saved_mask = 0;
    uint64_t pending = 0;
    uint64_t deadline_ns = kForever;
    uint64_t memory = 0;
    Call call;
    Result result;

    // Of the process.
    Slot parent = kNoSlot;  // leader of the parent; kNoSlot for init and for further threads
    uint16_t hang_up = 0;   // in_exit: its group is to be hung up, as the how manieth; 0: not
    Pid group = 0;
    Pid session = 0;
    bool subject = false;
    bool execed = false;
    bool kept = false;
    bool exiting = false;    // the whole process ends with `status`, whatever threads say
    bool stopped = false;    // group-stop
    bool continued = false;  // a SIGCONT not yet reported
    bool subreaper = false;
    bool has_terminal = false;
    bool no_child_stop = false;  // SA_NOCLDSTOP
    bool no_child_wait = false;  // SA_NOCLDWAIT
    bool alarm_is_out = false;   // see alarm_ns
    uint8_t stop_report = 0;     // signal of a group-stop not yet reported
    uint8_t exit_signal = 0;
    uint16_t children = 0;
    uint16_t threads = 0;  // further ones: live, or dead and kept for their tracer
    uint16_t status = 0;   // raw wait status, once dead (of a further thread: its own)
    uint64_t shared_pending = 0;
    uint64_t ignored = 0;
    uint64_t handled = 0;
    uint64_t restarts = 0;  // handlers with SA_RESTART
    // When the alarm goes off. One that repeats goes on only once its signal is taken: until then it is
    // out, and this is when it went off.
    uint64_t alarm_ns = kForever;
    uint64_t alarm_every_ns = 0;  // 0: once
    uint64_t close_on_exec = 0;
    uint64_t open = 0;
    std::array<uint8_t, kDescriptors> objects{};

    bool operator==(const Task&) const = default;
  };

  // An open file description.
  enum class ObjectKind : uint8_t {
    kNone,
    kFile,
    kSignalFd,
    kTimerFd,
    kEpoll,
    kPidFd,
    kPipeReader,
    kPipeWriter,
    kSocket,  // of a pair: an end that is read and written
    kEventFd,
  };
  // Or a socket: whatever has another end.
  static constexpr bool IsPipe(ObjectKind kind) {
    return kind >= ObjectKind::kPipeReader && kind <= ObjectKind::kSocket;
  }
  struct Object {
    ObjectKind kind = ObjectKind::kNone;
    Path path = Path::kOther;
    bool non_block = false;
    uint8_t other_end = 0;  // pipe: its place in objects_, from 1; 0: closed
    uint16_t users = 0;
    bool semaphore = false;  // eventfd: a read takes one
    Pid pid = 0;             // pidfd: 0 once that process is reaped; epoll: who added to it last
    uint64_t value =
        0;  // signalfd: set; timerfd: when, kForever if unarmed (of what was not read, the
    // first); epoll: descriptors; pipe or socket that is read: bytes in it; eventfd: its count
    uint64_t every_ns = 0;  // timerfd: 0: once

    bool operator==(const Object&) const = default;
  };

  // What an epoll keeps of a descriptor that it does not simply ask each time: see epoll.cc.
  struct Interest {
    uint8_t epoll = 0;   // its place in objects_
    uint8_t object = 0;  // likewise, of what the descriptor named as it was added
    uint8_t fd = 0;
    bool edge = false;
    bool once = false;
    bool woken = false;  // edge: since it was told of
    bool spent = false;  // it is told of no more

    bool operator==(const Interest&) const = default;
  };

  // How many entries a pending signal has in its queue, where that is not one: a repeated real-time
  // signal, or one for which the queue had no room (0: it is pending all the same).
  struct Surplus {
    uint16_t owner = 0;  // see Pending
    uint8_t signal = 0;
    uint16_t entries = 0;

    bool operator==(const Surplus&) const = default;
  };

  // One pending set: the word, and the owner by which its surplus is found.
  struct Pending {
    uint64_t* bits;
    uint16_t owner;
  };
  struct ShadowSet {  // see StartOwing
    uint64_t pending = 0;
    uint64_t unowed = 0;

    bool operator==(const ShadowSet&) const = default;
  };

  // All that is not a task.
  struct Globals {
    Entry entry;
    Faults faults;
    Ending ending = Ending::kNone;
    bool owing = false;
    bool in_exit = false;       // of a thread, with what comes of it
    bool pipe_changed = false;  // and who waits for it has not been woken
    uint16_t ending_status = 0;
    uint16_t hang_ups = 0;  // groups noted so far in this exit
    uint16_t count = 0;     // live tasks
    uint16_t high = 0;      // slots from here on were never used since Reset
    uint16_t blocked = 0;   // tasks in a call
    uint16_t surplus_count = 0;
    uint16_t object_high = 0;
    uint16_t interests = 0;
    uint16_t traces = 0;    // tasks with a tracer
    uint16_t zombies = 0;   // tasks that are dead
    uint16_t stops = 0;     // tasks with `stopped`, and those with `trace_stopped`
    uint16_t subjects = 0;  // processes beside init that run its code, or did when they died
    Pid last_pid = 1;
    Pid highest_pid = 1;  // no number above was given out yet
    Pid terminal_session = 0;
    Pid terminal_group = 0;  // foreground
    uint64_t now_ns = 0;
    uint64_t call_time_ns = kCallTimeNs;
    ChildNews news;                   // of init's SIGCHLD that is pending for the process
    ChildNews taken_news;             // … that it took last
    uint64_t soonest_ns = kForever;   // no timer ends before this (there may be none)
    std::array<ShadowSet, 2> shadow;  // of the thread, of the process
    // Where FindSlotOfOther looks first: the slot of the last task with a number that ends in these
    // four bits. No part of the state: a wrong one costs a search.
    std::array<Slot, 16> born{};
  };

  Kernel(Task* tasks, Slot* order, int capacity)
      : tasks_(tasks), order_(order), capacity_(capacity) {}
  ~Kernel() = default;

 private:
  // What a signal is sent with. `forced`: KILL and STOP reach init. `must_queue`: a real-time one
  // that finds no room is refused, as sigqueue and tgkill have it, rather than sent without entry.
  struct Sending {
    int signal = 0;
    bool to_thread = false;
    bool forced = false;
    bool must_queue = false;
  };
  struct Taken {
    uint8_t signal = 0;  // 0: nothing was there
    bool from_thread = false;
    bool owed = false;
  };

  // tasks.cc: storage.
  const Task* Find(Pid pid) const;
  Slot FindSlot(Pid pid) const { return pid == kInit ? Slot{0} : FindSlotOfOther(pid); }
  Slot FindSlotOfOther(Pid pid) const;
  Slot AddTask(Pid pid);
  void RemoveTask(Slot slot);
  void MoveToEnd(int index);
  Task Canonical(Slot slot, const Slot* rank) const;
  void AddTask(Slot slot, const Slot* rank, Digest& digest) const;  // fingerprint.cc
  bool SameSurplus(const Kernel& other, const Slot* rank, const Slot* other_rank) const;
  void Ranks(Slot* rank) const;
  Task& Leader(const Task& task) { return tasks_[task.leader]; }
  const Task& Leader(const Task& task) const { return tasks_[task.leader]; }
  Activity ActivityOf(const Task& task) const;
  bool IsSuspended(const Task& task) const;
  Glance GlanceOf(const Task& task) const;
  Pid FindRunnableSubject() const;
  Slot SlotOf(const Task& task) const { return static_cast<Slot>(&task - tasks_); }
  bool Over() const { return g_.ending != Ending::kNone; }
  // Dead as a whole: nothing of it runs any more.
  bool IsDead(const Task& leader) const {
    return leader.run == Run::kZombie && leader.threads == 0;
  }
  bool IsStopped(const Task& task) const {
    if (g_.stops == 0) return false;
    return task.trace_stopped || (Leader(task).stopped && task.tracer == kNoSlot);
  }
  // `flag` is `stopped` or `trace_stopped` of a task.
  void SetStop(bool& flag, bool stops) {
    g_.stops = static_cast<uint16_t>(g_.stops - flag + stops);
    flag = stops;
  }

  // calls.cc: which call does what, and how calls end.
  bool LetCall(Slot slot, bool visible);
  Result Perform(Slot slot, const Call& call);
  Result PerformOnProcesses(Slot slot, const Call& call);
  Result PerformOnSignals(Slot slot, const Call& call);
  Result Attempt(Slot slot, const Call& call);  // of one that may block: its result, or kBlocked
  Result Block(Slot slot, const Call& call);
  void Return(Slot slot, const Result& result);
  void EndCall(Task& task);
  void Reconsider(Slot slot);
  void ReconsiderAll(uint64_t kinds);  // bit n for CallKind n
  void InterruptWithoutHandler(Slot slot);
  uint64_t LeftToSleep(const Task& task) const;
  bool InterruptForHandler(Slot slot, int signal, Result* result);  // true: the call restarts
  void EnterNextHandler(Slot slot, Step* step);
  Result DoReboot(const Call& call);
  Result DoAlarm(Slot slot, const Call& call);

  // time.cc
  void ArmDeadline(uint64_t at_ns);
  void FireUntil(uint64_t time_ns);
  void FireDue();
  void TimeOut(Slot slot);
  void RearmAlarm(Task& process);
  TimerView ViewOf(const Object& timer) const;

  // pending.cc
  Pending ThreadPending(Slot slot);
  Pending SharedPending(Slot leader);
  Pending Shadow(int which, bool unowed);
  int Entries(uint64_t bits, uint16_t owner, int signal) const;
  void SetEntries(const Pending& pending, int signal, int entries);
  void AddPending(const Pending& pending, int signal, bool room);
  void TakeOne(const Pending& pending, int signal);
  void FlushPending(const Pending& pending, uint64_t signals);
  void DropSurplus(uint16_t owner);
  void FlushProcess(Slot leader, uint64_t signals);
  void FlushShadow(uint64_t signals);
  static int FirstOf(uint64_t signals);
  int Instances(uint64_t bits, uint16_t owner, int signal) const;
  uint32_t QueueLength() const;
  Taken Dequeue(Slot slot, uint64_t set);
  Taken Take(Slot slot, uint64_t set);
  bool TakeShadow(bool from_thread, int signal);

  // signals.cc: generation, delivery, sending.
  bool Discards(const Task& task, const Sending& sending) const;
  bool IsFatalAtOnce(Slot slot, Slot target, int signal) const;
  int Generate(Slot target, const Sending& sending);
  void NoticeNew(Slot target, const Sending& sending);
  void Notice(Slot slot);
  void NoticeAll(Slot leader);
  int NextDeliverable(const Task& task) const;
  bool HasSignal(const Task& task) const;
  void ActOnSignals(Slot slot) {
    if (HasSignal(tasks_[slot])) ActOnPending(slot);
  }
  void ActOnPending(Slot slot);
  void ActOnSignal(Slot slot, int signal);
  bool RunHandlerOfPuppet(Slot slot, int signal);
  void StopProcess(Slot leader, int signal);
  void ContinueProcess(Slot leader);
  int Send(Slot sender, Pid pid, const Sending& sending);
  template <typename Matches>
  int SendToMany(const Sending& sending, Matches matches);
  int SendToGroup(Pid group, const Sending& sending);
  int SendToAll(Slot sender, const Sending& sending);
  int SendToThread(Pid process, Pid thread, const Sending& sending);
  Result SetAction(Slot slot, const Call& call);
  Result SetMask(Slot slot, const Call& call);

  // process.cc: birth, numbers, groups, sessions, exec.
  Pid AllocatePid();
  bool IsTaken(Pid pid) const;
  Result DoFork(Slot slot, const Call& call);
  Slot NewProcess(Slot relative, Slot parent, int exit_signal);
  Result DoExec(Slot slot, const Call& call);
  void EndVfork(Pid child);
  Result DoSetSid(Slot slot);
  Result DoSetPgid(Slot slot, const Call& call);
  Result DoGetId(const Task& task, int32_t which) const;
  bool IsOrphaned(Pid group, Slot ignoring) const;

  // exit.cc
  void KillProcess(Slot leader, int status);
  void EndThread(Slot slot, int status);
  void LeaveThread(Slot slot, int status);
  void EndProcess(Slot leader);
  void ReleaseThread(Slot slot);
  void DropThread(Slot slot);
  void LeaveZombie(Slot leader, int signal);
  void NotifyOfStop(Slot to, const ChildNews& news);
  void TellOf(Slot to, int signal, const ChildNews& news);
  void Reap(Slot leader);
  Slot Reaper(Slot father) const;
  void Reparent(Slot father);
  void NoteIfOrphaned(Slot slot, Slot father);
  void HangUpNext();

  // wait.cc
  struct WaitRequest;
  struct WaitMatch;
  bool ReadWait(Slot slot, const Call& call, WaitRequest* request, int* error) const;
  bool ReadPidFd(Slot slot, const Call& call, WaitRequest* request, int* error) const;
  Result DoWait(Slot slot, const Call& call, WaitMatch* match) const;
  bool Consider(Slot slot, bool as_tracer, const WaitRequest& request, WaitMatch* match) const;
  bool ConsiderStopped(const Task& task, const WaitRequest& request, WaitMatch* match) const;
  Result Wait(Slot slot, const Call& call);
  WaitMatch FindWaited(Slot slot, const WaitRequest& request) const;
  void Consume(const WaitMatch& match);
  void WakeWaiter(Slot leader);

  // ptrace.cc
  Result DoPtrace(Slot slot, const Call& call);
  void Trace(Slot tracee, Slot tracer, bool seize);
  void StopForTracer(Slot slot, int signal, bool injects);
  void EndTraceStop(Slot slot, int signal);
  void Untrace(Task& task);
  void Detach(Slot tracee);
  void ReleaseTracees(Slot tracer);

  // descriptors.cc
  int AddObject(ObjectKind kind, Path path, bool non_block);
  int AddDescriptor(Task& leader, int object, int lowest, bool close_on_exec);
  Result NewDescriptor(Slot slot, ObjectKind kind, Path path, uint32_t flags, uint64_t value);
  Result PerformOnDescriptors(Slot slot, const Call& call);
  Result PerformOnDescriptor(Slot slot, const Call& call);
  Result DoOpen(Slot slot, const Call& call);
  Result DoPidFdOpen(Slot slot, const Call& call);
  Result SetTimer(Object& timer, const Call& call);
  Object* ObjectAt(const Task& task, int fd);
  const Object* ObjectAt(const Task& task, int fd) const;
  void CloseDescriptor(Task& leader, int fd);
  void CloseSet(Task& leader, uint64_t set);
  Result Duplicate(Slot slot, const Call& call);
  bool IsReady(Slot slot, const Object& object, int depth) const;
  Result AttemptPoll(Slot slot, const Call& call) const;
  Result AttemptRead(Slot slot, const Call& call);
  Result AttemptWrite(Slot slot, const Call& call);
  Result DoSignalFd(Slot slot, const Call& call);
  void WakeForDescriptors();

  // epoll.cc
  Result DoEpollControl(Task& leader, Object& epoll, const Call& call);
  Result KeepInterest(Object& epoll, uint8_t object, const Call& call);
  const Interest* InterestIn(const Object& epoll, int fd) const;
  bool IsReadyIn(Slot slot, const Object& epoll, int fd, int depth) const;
  void TellOfReady(Slot slot, const Call& call, Result* result);
  void DropInterest(const Object& epoll, int fd);
  void ForgetInEpolls(const Object& closed, Pid process, int fd);
  template <typename Concerns>
  bool WakeInterests(Concerns concerns);
  void WakeInterestsIn(const Object& object);
  bool WakeInterestsInSignals(Pid process);
  void WakeInterestsInDeath(Pid process);
  void WakeInterestsInTimers();

  // eventfd.cc
  Result DoEventFd(Slot slot, const Call& call);
  Result ReadEventFd(Object& event, const Call& call, const Result& nothing);
  Result WriteEventFd(Object& event, const Call& call);
  static bool HasRoom(const Object& event, uint64_t number) {
    return number < UINT64_MAX - event.value;
  }

  // pipes.cc
  Result DoPipe(Slot slot, const Call& call);
  Result ReadPipe(Object& reader, const Call& call, const Result& nothing);
  Result WritePipe(Slot slot, const Object& writer, const Call& call);
  void CutPipe(const Object& end);
  void WakeForPipes();
  bool AwaitsOwn(const Task& task) const;
  bool IsHeld(const Task& task) const { return task.kept || IsStopped(task); }
  bool AwaitsOwnOn(const Task& task, const Object* object) const;

  // terminal.cc
  Result DoTerminal(Slot slot, const Call& call);
  void AcquireTerminal(Task& leader);
  void LoseTerminal(Task& leader);

  // valid.cc
  const char* WhatIsBrokenIn(const Task& task) const;
  const char* WhatIsBrokenInProcess(const Task& leader) const;
  const char* WhatIsBrokenInGlobals() const;
  const char* WhatIsBrokenInSurplus() const;
  bool CouldReturn(const Task& task) const;

  template <typename Function>
  void ForEachThread(Slot leader, Function function);
  template <typename Function>
  void ForEachOfThreads(Slot leader, Function& function);

  Globals g_;
  std::array<Surplus, kMaxSurplus> surplus_;
  std::array<Object, kMaxObjects> objects_;
  std::array<Interest, kMaxInterests> interests_;
  Task* tasks_;
  Slot* order_;
  int capacity_;
};

// --- What is asked at every step, inline ---------------------------------------------------------

inline Kernel::Slot Kernel::FindSlotOfOther(Pid pid) const {
  if (pid <= 0) return kNoSlot;
  const Slot likely = g_.born[static_cast<uint32_t>(pid) % g_.born.size()];
  if (likely < g_.high && tasks_[likely].pid == pid) return likely;
  for (int slot = 1; slot < g_.high; ++slot) {  // init has the first
    if (tasks_[slot].pid == pid) return static_cast<Slot>(slot);
  }
  return kNoSlot;
}

inline const Kernel::Task* Kernel::Find(Pid pid) const {
  const Slot slot = FindSlot(pid);
  return slot == kNoSlot ? nullptr : &tasks_[slot];
}

inline Pid Kernel::PidAt(int index) const { return tasks_[order_[index]].pid; }

inline bool Kernel::IsSuspended(const Task& task) const {
  constexpr uint64_t kMayAwait = KindBit(CallKind::kFork) | KindBit(CallKind::kRead) |
                                 KindBit(CallKind::kPoll) | KindBit(CallKind::kEpollWait);
  return task.run == Run::kInCall && (kMayAwait & KindBit(task.call.kind)) != 0 && AwaitsOwn(task);
}

inline Activity Kernel::ActivityOf(const Task& task) const {
  if (task.run == Run::kZombie) return Activity::kZombie;
  if (g_.stops != 0) {
    if (task.trace_stopped) return Activity::kTraced;
    if (IsStopped(task)) return Activity::kStopped;
  }
  if (task.run != Run::kInCall) return Activity::kRunning;
  return IsSuspended(task) ? Activity::kSuspended : Activity::kBlocked;
}

inline bool Kernel::InitIsHeldUp() const {
  const Task& init = tasks_[0];
  return IsSuspended(init) || (g_.stops != 0 && init.run != Run::kZombie && IsStopped(init));
}

inline Glance Kernel::GlanceOf(const Task& task) const {
  const Task& leader = Leader(task);
  return {.exists = true,
          .subject = leader.subject,
          .has_execed = leader.execed,
          .kept = leader.kept,
          .stopped = leader.stopped,
          .activity = ActivityOf(task),
          .process = leader.pid,
          .group = leader.group,
          .tracer = task.tracer == kNoSlot ? 0 : tasks_[task.tracer].pid};
}

inline Glance Kernel::GlanceAt(Pid pid) const {
  const Task* const task = Find(pid);
  return task == nullptr ? Glance{} : GlanceOf(*task);
}

inline Pid Kernel::RunnableSubject() const { return g_.subjects == 0 ? 0 : FindRunnableSubject(); }

inline bool Kernel::AtRest() const {
  return !Over() && InitActivity() == Activity::kBlocked && RunnableSubject() == 0;
}

// A signal is pending and not blocked, or a stop is due to a tracer.
inline bool Kernel::HasSignal(const Task& task) const {
  return ((task.pending | Leader(task).shared_pending) & ~task.mask) != 0 || task.trap_due;
}

inline bool Kernel::HandlerIsDue(Pid thread) const {
  const Task& task = *Find(thread);
  const Task& leader = Leader(task);
  return ((task.pending | leader.shared_pending) & ~task.mask & leader.handled) != 0;
}

inline Step::Kind Kernel::Foresee(Pid thread) const {
  const Task* const task = Find(thread);
  if (Over() || task == nullptr || task->run == Run::kZombie) return Step::Kind::kGone;
  if (IsStopped(*task)) return Step::Kind::kStopped;
  if (HasSignal(*task) || task->injected != 0) return Step::Kind::kReturns;
  if (task->run == Run::kInCall) return Step::Kind::kBlocked;
  return task->run == Run::kRuns ? Step::Kind::kRuns : Step::Kind::kReturns;
}

// A kernel with room for `capacity` tasks. A value like any other.
template <int capacity>
class KernelOf : public Kernel {
 public:
  explicit KernelOf(const Entry& entry = {}) : Kernel(tasks(), order_, capacity) { Reset(entry); }
  KernelOf(const KernelOf& other) : Kernel(tasks(), order_, capacity) { CopyFrom(other); }
  KernelOf& operator=(const KernelOf& other) {
    if (this != &other) CopyFrom(other);
    return *this;
  }
  ~KernelOf() = default;

 private:
  Task* tasks() { return reinterpret_cast<Task*>(task_bytes_); }

  // Uninitialised beyond what is live: neither read, compared nor copied. Task is a type whose
  // objects begin to live when bytes are copied there.
  alignas(Task) std::byte task_bytes_[sizeof(Task) * capacity];
  Slot order_[static_cast<std::size_t>(capacity)];
};

using ExplorerKernel = KernelOf<kExplorerCapacity>;
using ScenarioKernel = KernelOf<kScenarioCapacity>;

}  // namespace minit::kernel

#endif  // MINIT_HARNESS_KERNEL_KERNEL_H_
