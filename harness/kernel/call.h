// The vocabulary between a process and the simulated kernel: what a process asks (`Call`), and what
// comes back (`Result`). It holds the calls of any init, at the level of the system call table;
// numbers and flags have the values of Linux on x86-64, so that a rig passes them on as it finds
// them. Both are plain values without pointers: an address is reduced to what the kernel makes of it
// (which path, whether the arguments are right) by the rig, which alone can read the memory.
//
// Signals are named by number, 1 to 64, and sets of them are words of 64 bits: signal n is bit n - 1.
// Times are nanoseconds of virtual time. Errors are negative errno values, as the kernel returns them.

#ifndef MINIT_HARNESS_KERNEL_CALL_H_
#define MINIT_HARNESS_KERNEL_CALL_H_

#include <cstdint>

namespace minit::kernel {

using Pid = int32_t;  // of a process or of a thread: Linux numbers both from one supply

inline constexpr Pid kInit = 1;
inline constexpr uint64_t kForever = UINT64_MAX;  // a time-out: none; a time: never

// Signals that the kernel treats specially, and those that stories need by name.
enum Signal : uint8_t {
  kSigHup = 1,
  kSigInt = 2,
  kSigQuit = 3,
  kSigIll = 4,
  kSigTrap = 5,
  kSigAbrt = 6,
  kSigBus = 7,
  kSigFpe = 8,
  kSigKill = 9,
  kSigUsr1 = 10,
  kSigSegv = 11,
  kSigUsr2 = 12,
  kSigPipe = 13,
  kSigAlrm = 14,
  kSigTerm = 15,
  kSigChld = 17,
  kSigCont = 18,
  kSigStop = 19,
  kSigTstp = 20,
  kSigTtin = 21,
  kSigTtou = 22,
  kSigUrg = 23,
  kSigXcpu = 24,
  kSigXfsz = 25,
  kSigWinch = 28,
  kSigSys = 31,
  kSigRtMin = 32,  // the kernel's, not libc's
  kSigRtMax = 64,
};

constexpr uint64_t SignalBit(int signal) { return uint64_t{1} << (signal - 1); }
inline constexpr uint64_t kAllSignals = ~uint64_t{0};

enum class CallKind : uint8_t {
  kFork,          // flags: kClone…; signal: exit signal (SIGCHLD for a plain fork)
  kExec,          // path; flags: kExec…Right, for the judge
  kExit,          // value: code; the whole process ends
  kSigProcMask,   // value: kMask…; set
  kSigAction,     // signal; value: kSigDfl, kSigIgn or kSigHandler; flags: kSa…
  kSigTimedWait,  // set; time_ns: 0, a relative time-out, or kForever
  kSignalFd,      // fd: -1 to create, else which to update; set; flags: kOpen…
  kRead,          // fd: signalfd, timerfd, pipe or other; value: bytes, of a pipe; flags: kReadMore
  kPoll,  // set: descriptors, bit n for n; value: 1: or until the console has room; time_ns as
          // kSigTimedWait; flags: kPollMask, mask
  kEpollCreate,   // flags: kOpenCloseOnExec
  kEpollControl,  // fd: the epoll; value: descriptor; flags: kEpoll…, 0 to remove
  kEpollWait,  // fd; value: at most so many, 0: all; time_ns as kSigTimedWait; flags: kPollMask, mask
  kPause,      //
  kSigSuspend,       // mask
  kWait4,            // pid: as wait4(2) has it; flags: kWait…
  kWaitId,           // value: kWaitFor…; pid, for kWaitForPidFd a descriptor; flags: kWait…
  kKill,             // pid: as kill(2) has it; signal
  kThreadKill,       // tgkill: pid: thread group or -1 (tkill); value: thread; signal
  kSigQueue,         // rt_sigqueueinfo: pid; signal
  kPidFdOpen,        // pid
  kPidFdSendSignal,  // fd; signal; flags: kPidFd…
  kSleep,            // nanosleep, clock_nanosleep: time_ns; flags: kSleepAbsolute
  kAlarm,            // of ITIMER_REAL: time_ns: 0 to disarm; set: interval in ns, 0: once
  kTimerFdCreate,    // flags: kOpen…
  kTimerFdSet,       // fd; time_ns and set as kAlarm; flags: kTimerAbsolute
  kClockRead,        //
  kSetSid,           //
  kSetPgid,          // pid; value: group
  kSubreaper,        // prctl(PR_SET_CHILD_SUBREAPER): value: 0 or 1
  kPtrace,           // value: kPtrace…; pid; signal: data of CONT and DETACH
  kTerminal,         // value: kTerminal…; fd; pid: group for kTerminalSetForeground
  kOpen,             // path; flags: kOpen…
  kClose,            // fd
  kDup,              // fd; value: to which, -1 for the lowest free; flags: kOpenCloseOnExec
  kCloseRange,       // fd: first; value: last; flags: kCloseRangeOnExec
  kSetNonBlock,      // fcntl(F_SETFL): fd; value: 0 or 1
  kSetCloseOnExec,   // fcntl(F_SETFD): fd; value: 0 or 1
  kWrite,            // fd; value: bytes; set: what is added to an eventfd; flags: kWriteNoSignal
  kSync,             //
  kReboot,           // value: kReboot…; flags: 1 if both magic numbers are right
  kGetId,            // value: kId…
  kPipe,  // flags: kOpen…, kPipeOfSockets; returns the end to read, and as `status` the end to write
  kEventFd,  // set: its count; flags: kOpen…, kEventFdSemaphore
  kOther,    // value: number of the call; recorded, otherwise ENOSYS. flags: kOtherAnswered, signal
};
inline constexpr int kCallKinds = static_cast<int>(CallKind::kOther) + 1;
constexpr uint64_t KindBit(CallKind kind) { return uint64_t{1} << static_cast<int>(kind); }

// What can be opened or run by name. Only the path that the profile names exists for exec.
enum class Path : uint8_t {
  kChild,
  kConsole,
  kNull,
  kTerminal,
  kOther,
  kMissing,    // there is no such file
  kNoConsole,  // … and that would be the console
};
constexpr bool IsThere(Path path) { return path < Path::kMissing; }

// Flags of kFork.
inline constexpr uint32_t kCloneVfork = 0x00004000;   // the caller waits until exec or death
inline constexpr uint32_t kClonePtrace = 0x00002000;  // a tracer of the caller traces the child too
inline constexpr uint32_t kClonePidFd = 0x00001000;   // it makes a pidfd: `status` of the result
inline constexpr uint32_t kCloneParent = 0x00008000;  // the child becomes the caller's sibling
inline constexpr uint32_t kCloneClearHandlers = 0x10000;  // CLONE_CLEAR_SIGHAND, moved to 32 bits
// Flags of kExec.
inline constexpr uint32_t kExecArgumentsRight = 1;
inline constexpr uint32_t kExecEnvironmentRight = 2;
// Ways of kSigProcMask.
inline constexpr int32_t kMaskBlock = 0;
inline constexpr int32_t kMaskUnblock = 1;
inline constexpr int32_t kMaskSet = 2;
// Dispositions and flags of kSigAction. The handler's address, its own mask, SA_NODEFER and
// SA_RESETHAND are the rig's business: see Kernel::EnterHandler.
inline constexpr int32_t kSigDfl = 0;
inline constexpr int32_t kSigIgn = 1;
inline constexpr int32_t kSigHandler = 2;
inline constexpr int32_t kSigActionQuery = -1;  // only asks for the old one
inline constexpr uint32_t kSaNoChildStop = 0x00000001;
inline constexpr uint32_t kSaNoChildWait = 0x00000002;
inline constexpr uint32_t kSaRestart = 0x10000000;
// Flags of kPoll and kEpollWait: ppoll and epoll_pwait, with `mask` for as long as the call lasts.
inline constexpr uint32_t kPollMask = 1;
// Flags of kEpollControl: which it is, and how the epoll tells of the descriptor then: by edges
// (EPOLLET), once until it is modified (EPOLLONESHOT), never (it is asked for nothing).
inline constexpr uint32_t kEpollAdd = 1;
inline constexpr uint32_t kEpollModify = 2;
inline constexpr uint32_t kEpollEdge = 4;
inline constexpr uint32_t kEpollOnce = 8;
inline constexpr uint32_t kEpollNever = 16;
// Flags of kWrite: to a socket whose other end is closed, without SIGPIPE.
inline constexpr uint32_t kWriteNoSignal = 1;
// Flags of kPipe, beside kOpen…: both ends can be read and written.
inline constexpr uint32_t kPipeOfSockets = 1;
// Flags of kEventFd, beside kOpen….
inline constexpr uint32_t kEventFdSemaphore = 1;  // EFD_SEMAPHORE
// Flags of kPidFdSendSignal: to whom. 0 is the process.
inline constexpr uint32_t kPidFdThread = 1;   // PIDFD_SIGNAL_THREAD
inline constexpr uint32_t kPidFdProcess = 2;  // PIDFD_SIGNAL_THREAD_GROUP
inline constexpr uint32_t kPidFdGroup = 4;    // PIDFD_SIGNAL_PROCESS_GROUP
// Flags of kRead. A signalfd gives one signal a call. A rig serves a read with room for more by
// asking again with kReadMore until it returns EAGAIN: that never blocks and is not visible.
inline constexpr uint32_t kReadMore = 1;
// Flags of kWait4 and kWaitId, and the targets of the latter.
inline constexpr uint32_t kWaitNoHang = 0x00000001;
inline constexpr uint32_t kWaitUntraced = 0x00000002;  // WSTOPPED of waitid
inline constexpr uint32_t kWaitExited = 0x00000004;    // waitid alone: wait4 always has it
inline constexpr uint32_t kWaitContinued = 0x00000008;
inline constexpr uint32_t kWaitNoWait = 0x01000000;  // waitid alone
inline constexpr uint32_t kWaitNoThread = 0x20000000;
inline constexpr uint32_t kWaitAll = 0x40000000;
inline constexpr uint32_t kWaitClone = 0x80000000;
inline constexpr int32_t kWaitForAny = 0;
inline constexpr int32_t kWaitForPid = 1;
inline constexpr int32_t kWaitForGroup = 2;
inline constexpr int32_t kWaitForPidFd = 3;  // pid: the descriptor
// Flags of kSleep.
inline constexpr uint32_t kSleepAbsolute = 1;
// Flags of kTimerFdSet.
inline constexpr uint32_t kTimerAbsolute = 1;
// Requests of kPtrace.
inline constexpr int32_t kPtraceTraceMe = 0;
inline constexpr int32_t kPtraceContinue = 7;
inline constexpr int32_t kPtraceKill = 8;
inline constexpr int32_t kPtraceAttach = 16;
inline constexpr int32_t kPtraceDetach = 17;
inline constexpr int32_t kPtraceSeize = 0x4206;
// Requests of kTerminal.
inline constexpr int32_t kTerminalAcquire = 0x540E;        // TIOCSCTTY
inline constexpr int32_t kTerminalRelease = 0x5422;        // TIOCNOTTY
inline constexpr int32_t kTerminalSetForeground = 0x5410;  // TIOCSPGRP, tcsetpgrp(3)
inline constexpr int32_t kTerminalForeground = 0x540F;     // TIOCGPGRP, tcgetpgrp(3)
inline constexpr int32_t kTerminalSession = 0x5429;        // TIOCGSID, tcgetsid(3)
// Flags of what makes a descriptor, and of kCloseRange.
inline constexpr uint32_t kOpenNoTerminal = 0x00100;   // O_NOCTTY
inline constexpr uint32_t kOpenNonBlock = 0x00800;     // O_NONBLOCK
inline constexpr uint32_t kOpenCloseOnExec = 0x80000;  // O_CLOEXEC
inline constexpr uint32_t kCloseRangeOnExec = 4;       // CLOSE_RANGE_CLOEXEC
// Commands of kReboot.
inline constexpr int32_t kRebootRestart = 0x01234567;
inline constexpr int32_t kRebootRestart2 = static_cast<int32_t>(0xA1B2C3D4);
inline constexpr int32_t kRebootHalt = static_cast<int32_t>(0xCDEF0123);
inline constexpr int32_t kRebootPowerOff = 0x4321FEDC;
inline constexpr int32_t kRebootCadOn = static_cast<int32_t>(0x89ABCDEF);
inline constexpr int32_t kRebootCadOff = 0;
// Flags of kOther: whoever plays the process knows the answer, and this is it: `signal`.
inline constexpr uint32_t kOtherAnswered = 1;
// What kGetId asks for.
inline constexpr int32_t kIdProcess = 0;
inline constexpr int32_t kIdThread = 1;
inline constexpr int32_t kIdParent = 2;
inline constexpr int32_t kIdGroup = 3;
inline constexpr int32_t kIdSession = 4;

// One system call. Which fields mean something is said beside each kind; the rest are 0.
struct Call {
  CallKind kind = CallKind::kOther;
  Path path = Path::kOther;
  int16_t fd = 0;
  uint32_t flags = 0;
  int32_t value = 0;
  Pid pid = 0;
  int32_t signal = 0;
  uint64_t set = 0;
  uint64_t mask = 0;
  uint64_t time_ns = 0;

  bool operator==(const Call&) const = default;
};

// What the kernel answers.
struct Result {
  enum class State : uint8_t {
    kDone,     // `value` and the other fields are what the call returned
    kBlocked,  // the call has not returned: Kernel::Resume says when it does, and with what
    kGone,     // the call never returns: the caller has ended, or the machine has restarted
  };

  State state = State::kDone;
  uint8_t signal = 0;            // taken by sigtimedwait or from a signalfd
  bool from_thread : 1 = false;  // it was directed at the thread (tgkill), not at the process
  bool owed : 1 = false;         // it was owed: see Kernel::StartOwing
  uint8_t code = 0;      // waitid: CLD_… (1 exited, 2 killed, 3 dumped, 4 trapped, 5 stopped,
                         // 6 continued)
  int32_t value = 0;     // what the call returns: at least 0, or -errno
  Pid pid = 0;           // waitid: of which task; terminal: group or session asked for
  int32_t status = 0;    // wait4: raw status; waitid: si_status; sigaction: old disposition;
                         // pipe: the end to write; fork: the pidfd, if asked for
  uint64_t set = 0;      // sigprocmask: old mask; poll: descriptors ready; read of a timerfd:
                         // expirations; alarm, timerfd_settime: old interval
  uint64_t time_ns = 0;  // clock: now; sleep ended by EINTR, alarm, timerfd_settime: what was
                         // left

  bool operator==(const Result&) const = default;
};
static_assert(sizeof(Result) == 32);  // it is copied with every call

// Whether a call counts as visible: for anchors, for comparing traces, and for time, since each
// takes one microsecond. Those are the calls by which an init is judged. The argument is needed where
// it depends: a poll that cannot wait is not visible, nor a write to anything but the console (which
// only the kernel knows: `to_console`), nor the second half of a read.
constexpr bool IsVisible(const Call& call, bool to_console) {
  using enum CallKind;
  constexpr uint64_t kAlways =
      KindBit(kFork) | KindBit(kExec) | KindBit(kExit) | KindBit(kSigTimedWait) | KindBit(kPause) |
      KindBit(kSigSuspend) | KindBit(kWait4) | KindBit(kWaitId) | KindBit(kKill) |
      KindBit(kThreadKill) | KindBit(kSigQueue) | KindBit(kPidFdSendSignal) | KindBit(kSleep) |
      KindBit(kSetSid) | KindBit(kPtrace) | KindBit(kSync) | KindBit(kReboot);
  if ((kAlways & KindBit(call.kind)) != 0) return true;
  switch (call.kind) {
    case kRead:
      return (call.flags & kReadMore) == 0;
    case kWrite:
      return to_console;
    case kPoll:
    case kEpollWait:
      return call.time_ns != 0;
    default:
      return false;
  }
}

// The name of the kind of call, as Linux calls it: "wait4".
const char* CallName(CallKind kind);
// Of reboot, as reboot(2) has it: "HALT"; nullptr: of none.
const char* CommandName(int32_t command);

// The calls by name, for rigs, stories and tests.
namespace calls {

constexpr Call Fork(uint32_t flags = 0, int exit_signal = kSigChld) {
  return {.kind = CallKind::kFork, .flags = flags, .signal = exit_signal};
}
constexpr Call Exec(Path path = Path::kChild,
                    uint32_t flags = kExecArgumentsRight | kExecEnvironmentRight) {
  return {.kind = CallKind::kExec, .path = path, .flags = flags};
}
constexpr Call Exit(int code) { return {.kind = CallKind::kExit, .value = code}; }
constexpr Call SigProcMask(int32_t how, uint64_t set) {
  return {.kind = CallKind::kSigProcMask, .value = how, .set = set};
}
constexpr Call SigAction(int signal, int32_t disposition, uint32_t flags = 0) {
  return {.kind = CallKind::kSigAction, .flags = flags, .value = disposition, .signal = signal};
}
constexpr Call SigTimedWait(uint64_t set, uint64_t timeout_ns = kForever) {
  return {.kind = CallKind::kSigTimedWait, .set = set, .time_ns = timeout_ns};
}
constexpr Call SignalFd(uint64_t set, uint32_t flags = 0, int16_t fd = -1) {
  return {.kind = CallKind::kSignalFd, .fd = fd, .flags = flags, .set = set};
}
constexpr Call Read(int16_t fd, uint32_t flags = 0) {
  return {.kind = CallKind::kRead, .fd = fd, .flags = flags};
}
constexpr Call Poll(uint64_t descriptors, uint64_t timeout_ns) {
  return {.kind = CallKind::kPoll, .set = descriptors, .time_ns = timeout_ns};
}
constexpr Call EpollCreate() { return {.kind = CallKind::kEpollCreate}; }
constexpr Call EpollAdd(int16_t epoll, int fd, uint32_t flags = kEpollAdd) {
  return {.kind = CallKind::kEpollControl, .fd = epoll, .flags = flags, .value = fd};
}
constexpr Call EpollWait(int16_t epoll, uint64_t timeout_ns, int most = 0) {
  return {.kind = CallKind::kEpollWait, .fd = epoll, .value = most, .time_ns = timeout_ns};
}
constexpr Call Pause() { return {.kind = CallKind::kPause}; }
constexpr Call SigSuspend(uint64_t mask) { return {.kind = CallKind::kSigSuspend, .mask = mask}; }
constexpr Call Wait4(Pid pid, uint32_t flags = 0) {
  return {.kind = CallKind::kWait4, .flags = flags, .pid = pid};
}
constexpr Call WaitId(int32_t which, Pid pid, uint32_t flags) {
  return {.kind = CallKind::kWaitId, .flags = flags, .value = which, .pid = pid};
}
constexpr Call Kill(Pid pid, int signal) {
  return {.kind = CallKind::kKill, .pid = pid, .signal = signal};
}
constexpr Call ThreadKill(Pid process, Pid thread, int signal) {
  return {.kind = CallKind::kThreadKill, .value = thread, .pid = process, .signal = signal};
}
constexpr Call SigQueue(Pid pid, int signal) {
  return {.kind = CallKind::kSigQueue, .pid = pid, .signal = signal};
}
constexpr Call PidFdOpen(Pid pid) { return {.kind = CallKind::kPidFdOpen, .pid = pid}; }
constexpr Call PidFdSendSignal(int16_t fd, int signal, uint32_t flags = 0) {
  return {.kind = CallKind::kPidFdSendSignal, .fd = fd, .flags = flags, .signal = signal};
}
constexpr Call Sleep(uint64_t time_ns, uint32_t flags = 0) {
  return {.kind = CallKind::kSleep, .flags = flags, .time_ns = time_ns};
}
constexpr Call Alarm(uint64_t time_ns, uint64_t every_ns = 0) {
  return {.kind = CallKind::kAlarm, .set = every_ns, .time_ns = time_ns};
}
constexpr Call TimerFdCreate(uint32_t flags = 0) {
  return {.kind = CallKind::kTimerFdCreate, .flags = flags};
}
constexpr Call TimerFdSet(int16_t fd, uint64_t time_ns, uint64_t every_ns = 0, uint32_t flags = 0) {
  return {
      .kind = CallKind::kTimerFdSet, .fd = fd, .flags = flags, .set = every_ns, .time_ns = time_ns};
}
constexpr Call ClockRead() { return {.kind = CallKind::kClockRead}; }
constexpr Call SetSid() { return {.kind = CallKind::kSetSid}; }
constexpr Call SetPgid(Pid pid, Pid group) {
  return {.kind = CallKind::kSetPgid, .value = group, .pid = pid};
}
constexpr Call Subreaper(bool on) { return {.kind = CallKind::kSubreaper, .value = on}; }
constexpr Call Ptrace(int32_t request, Pid pid = 0, int data = 0) {
  return {.kind = CallKind::kPtrace, .value = request, .pid = pid, .signal = data};
}
constexpr Call Terminal(int32_t request, int16_t fd, Pid group = 0) {
  return {.kind = CallKind::kTerminal, .fd = fd, .value = request, .pid = group};
}
constexpr Call Open(Path path, uint32_t flags = 0) {
  return {.kind = CallKind::kOpen, .path = path, .flags = flags};
}
constexpr Call Pipe(uint32_t flags = 0) { return {.kind = CallKind::kPipe, .flags = flags}; }
constexpr Call SocketPair(uint32_t flags = 0) { return Pipe(flags | kPipeOfSockets); }
constexpr Call EventFd(uint64_t count, uint32_t flags = 0) {
  return {.kind = CallKind::kEventFd, .flags = flags, .set = count};
}
constexpr Call WriteEventFd(int16_t fd, uint64_t number) {
  return {.kind = CallKind::kWrite, .fd = fd, .value = 8, .set = number};
}
constexpr Call ReadPipe(int16_t fd, int bytes) {
  return {.kind = CallKind::kRead, .fd = fd, .value = bytes};
}
constexpr Call Close(int16_t fd) { return {.kind = CallKind::kClose, .fd = fd}; }
constexpr Call Dup(int16_t fd, int to = -1, uint32_t flags = 0) {
  return {.kind = CallKind::kDup, .fd = fd, .flags = flags, .value = to};
}
constexpr Call CloseRange(int16_t first, int last, uint32_t flags = 0) {
  return {.kind = CallKind::kCloseRange, .fd = first, .flags = flags, .value = last};
}
constexpr Call SetNonBlock(int16_t fd, bool on) {
  return {.kind = CallKind::kSetNonBlock, .fd = fd, .value = on};
}
constexpr Call SetCloseOnExec(int16_t fd, bool on) {
  return {.kind = CallKind::kSetCloseOnExec, .fd = fd, .value = on};
}
constexpr Call Write(int16_t fd, int bytes) {
  return {.kind = CallKind::kWrite, .fd = fd, .value = bytes};
}
constexpr Call Sync() { return {.kind = CallKind::kSync}; }
constexpr Call Reboot(int32_t command, bool magic_right = true) {
  return {.kind = CallKind::kReboot, .flags = magic_right, .value = command};
}
constexpr Call GetId(int32_t which) { return {.kind = CallKind::kGetId, .value = which}; }
constexpr Call Other(int number) { return {.kind = CallKind::kOther, .value = number}; }
constexpr Call OtherAnswered(int number, int32_t result) {
  return {.kind = CallKind::kOther, .flags = kOtherAnswered, .value = number, .signal = result};
}

}  // namespace calls

}  // namespace minit::kernel

#endif  // MINIT_HARNESS_KERNEL_CALL_H_
