#include "harness/scenario/vocabulary.h"

#include "harness/kernel/call.h"

namespace minit::scenario {
namespace {

using kernel::SignalBit;

// --- Words ---

constexpr const char* kWho[] = {"child",     "process 1", "process 2", "process 3",
                                "process 4", "process 5", "process 6", "process 7",
                                "process 8", "helper",    "init"};

// Real-time signals go by number: their names differ from one C library to the next.
constexpr std::array<const char*, 65> SignalWords(const char* zero) {
  return {zero,     "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
          "FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
          "STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
          "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS"};
}
constexpr std::array<const char*, 65> kOrNothing = SignalWords("nothing");
constexpr std::array<const char*, 65> kOrEvery = SignalWords("every signal");
constexpr const char* const* kSignalWords = kOrNothing.data() + 1;

constexpr const char* kErrors[] = {"EPERM",  "ENOENT",  "ESRCH",   "EINTR",  "EIO",    "ENXIO",
                                   "E2BIG",  "ENOEXEC", "EBADF",   "ECHILD", "EAGAIN", "ENOMEM",
                                   "EACCES", "EFAULT",  "ENOTBLK", "EBUSY",  "EEXIST", "EXDEV",
                                   "ENODEV", "ENOTDIR", "EISDIR",  "EINVAL"};
constexpr uint16_t kEperm = 1, kEnoent = 2, kEio = 5, kEnoexec = 8, kEagain = 11, kEnomem = 12,
                   kEacces = 13, kEinval = 22;
constexpr const char* kFaults[] = {"forks", "execs", "reboots", "sync", "console", "everything"};
constexpr const char* kStreams[] = {"stdin", "stdout", "stderr"};
constexpr const char* kStreamKinds[] = {"closed", "/dev/null", "a terminal", "a file"};
constexpr const char* kEnvironments[] = {"empty", "long"};
constexpr const char* kArgumentKinds[] = {"missing", "extra"};
constexpr const char* kMissingFiles[] = {"/dev/console", "/dev/null"};

// --- Sets ---

template <typename... Numbers>
constexpr uint64_t Only(Numbers... numbers) {
  return (SignalBit(numbers) | ...);
}
constexpr uint64_t kHard = Only(kernel::kSigKill, kernel::kSigStop);
constexpr uint64_t kStops =
    Only(kernel::kSigStop, kernel::kSigTstp, kernel::kSigTtin, kernel::kSigTtou);
constexpr uint64_t kHarmless =
    Only(kernel::kSigChld, kernel::kSigCont, kernel::kSigUrg, kernel::kSigWinch);
constexpr uint64_t kCores =
    Only(kernel::kSigQuit, kernel::kSigIll, kernel::kSigTrap, kernel::kSigAbrt, kernel::kSigBus,
         kernel::kSigFpe, kernel::kSigSegv, kernel::kSigXcpu, kernel::kSigXfsz, kernel::kSigSys);

// --- Edges: values at which implementations are known to break ---

constexpr uint16_t kSignalEdges[] = {15, 17, 1, 2, 18, 31, 32, 33, 34, 63, 64, 20, 19, 9, 3, 6, 11};
constexpr uint16_t kSetEdges[] = {0, 17, 15, 1, 18, 32, 34, 64};
constexpr uint16_t kCodeEdges[] = {0, 1, 127, 128, 255, 2, 126, 129, 137, 143, 254};
constexpr uint16_t kBurstEdges[] = {1,  2,  3,   15,  16,  17,  31,  32,  33,  63,
                                    64, 65, 127, 128, 129, 255, 256, 257, 258, 400};
constexpr uint16_t kTimesEdges[] = {1, 2, 3, 16, 64, 127, 255, 256, 257, 1000, 1023, 1024, 5000};
constexpr uint16_t kTimeEdges[] = {1,     999,   1000,  1001,  2000,  10000, 29000, 29998,
                                   29999, 30000, 30001, 30002, 31000, 60000, 61000, 65000};
constexpr uint16_t kPidEdges[] = {0, 1, 2, 255, 256, 257, 512, 299, 4096, 32764, 32765, 32766};
constexpr uint16_t kCountEdges[] = {1, 2, 3, 31, 32, kAlways};
constexpr uint16_t kRoomEdges[] = {0, 1, 2, 10, 20, 100, 4095};
constexpr uint16_t kCallEdges[] = {0,  1,  2,  3,  4,   5,   6,   7,   8,   9,   10,  11,
                                   12, 13, 14, 15, 16,  17,  18,  20,  22,  24,  28,  32,
                                   40, 48, 64, 66, 128, 255, 256, 257, 258, 259, 260, 400};
constexpr uint16_t kDescriptorEdges[] = {3, 4, 5, 62, 63};
constexpr uint16_t kQueueEdges[] = {0, 1, 2, 64};

}  // namespace

// In the order of Operand.
constexpr std::array<OperandRange, kOperandTypes> kOperands = {{
    {"nothing", 0, 0, 0, {}},
    {"a process (child, process 1 to process 8, helper, init)", 0, 10, 0, {}, kWho},
    {"a process but not init (child, process 1 to process 8, helper)", 0, 9, 0, {}, kWho},
    {"process 1 to process 8", 1, 8, 1, {}, kWho + 1},
    {"a signal (HUP, INT, … SYS, 32 to 64)", 1, 64, 15, kSignalEdges, kSignalWords},
    {"a signal but neither KILL nor STOP (HUP, INT, … SYS, 32 to 64)", 1, 64, 15, kSignalEdges,
     kSignalWords, ~kHard},
    {"a signal but not KILL (HUP, INT, … SYS, 32 to 64)", 1, 64, 15, kSignalEdges, kSignalWords,
     ~SignalBit(kernel::kSigKill)},
    {"a signal that kills by default (HUP, INT, … SYS, 32 to 64)", 1, 64, 9, kSignalEdges,
     kSignalWords, ~(kStops | kHarmless)},
    {"a signal that dumps core by default (QUIT, ILL, TRAP, ABRT, BUS, FPE, SEGV, XCPU, XFSZ, SYS)",
     1, 31, 6, kSignalEdges, kSignalWords, kCores},
    {"a signal that stops by default (STOP, TSTP, TTIN, TTOU)", 19, 22, 19, {}, kSignalWords + 18},
    {"a signal or nothing (nothing, HUP, INT, … SYS, 32 to 64)", 0, 64, 0, kSignalEdges,
     kOrNothing.data()},
    {"every signal, or a signal but neither KILL nor STOP (HUP, INT, … SYS, 32 to 64)", 0, 64, 15,
     kSetEdges, kOrEvery.data(), ~kHard},
    {"an exit code (0 to 255)", 0, 255, 0, kCodeEdges},
    {"a number of orphans (1 to 400)", 1, 400, 1, kBurstEdges},
    {"a number of moves (1 to 255)", 1, 255, 1, {}},
    {"how many times (1 to 5000)", 1, 5000, 1, kTimesEdges},
    {"milliseconds (1 to 65000)", 1, 65000, 1000, kTimeEdges},
    {"an offset (0 to 32766)", 0, 32766, 0, kPidEdges},
    {"a number of failures (1 to 255; 255 is until healed)", 1, 255, 1, kCountEdges},
    {"a number of bytes (0 to 4095)", 0, 4095, 0, kRoomEdges},
    {"an error of fork (EAGAIN, ENOMEM)", kEagain, kEnomem, kEagain, {}, kErrors + kEagain - 1},
    {"an error of exec (ENOENT, EIO, ENOEXEC, ENOMEM, EACCES)",
     kEnoent,
     kEacces,
     kEnoent,
     {},
     kErrors + kEnoent - 1,
     Only(kEnoent, kEio, kEnoexec, kEnomem, kEacces)},
    {"an error of reboot (EPERM, EINVAL)",
     kEperm,
     kEinval,
     kEperm,
     {},
     kErrors,
     Only(kEperm, kEinval)},
    {"a fault (forks, execs, reboots, sync, console, everything)", 0, 5, 5, {}, kFaults},
    {"a number of calls (1 to 1000)", 0, Anchor::kMaxCall, 0, kCallEdges},
    {"a stream (stdin, stdout, stderr)", 0, 2, 0, {}, kStreams},
    {"what a stream is (closed, /dev/null, a terminal, a file)", 1, 4, 1, {}, kStreamKinds},
    {"a descriptor (3 to 63)", 3, 63, 3, kDescriptorEdges},
    {"a number of queued signals (0 to 1023)", 0, kPlainSignalQueue - 1, 0, kQueueEdges},
    {"what the environment is (empty, long)", 1, 2, 1, {}, kEnvironments},
    {"what the arguments are (missing, extra)", 1, 2, 1, {}, kArgumentKinds},
    {"a file (/dev/console, /dev/null)", 0, 1, 0, {}, kMissingFiles},
}};

namespace {

constexpr OperandBytes Settled(const OperandRange& range) {
  OperandBytes bytes{};
  for (std::size_t byte = 0; byte < bytes.value.size(); ++byte) {
    bytes.value[byte] = range.Settle(static_cast<uint32_t>(byte));
    bytes.number[byte] = range.edges.empty() ? bytes.value[byte]
                                             : range.Settle(range.edges[byte % range.edges.size()]);
  }
  return bytes;
}

constexpr std::array<OperandBytes, kOperandTypes> AllSettled() {
  std::array<OperandBytes, kOperandTypes> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = Settled(kOperands[i]);
  return all;
}

}  // namespace

constexpr std::array<OperandBytes, kOperandTypes> kOperandBytes = AllSettled();

using enum Operand;

// In the order of MoveKind.
constexpr std::array<Kind, kAllKinds> kKinds = {{
    {"{who} exits {number}", {kNotInit, kNone, kCode}, 12},
    {"{who} dies of {number}", {kNotInit, kNone, kFatalSignal}, 6},
    {"{who} dumps core on {number}", {kNotInit, kNone, kCoreSignal}, 3},
    {"{who} forks {other}", {kNotInit, kNamed, kNone}, 6},
    {"{who} double-forks {other}", {kNotInit, kNamed, kNone}, 10},
    {"{who} leaves {number} dead orphans of exit code {other}", {kNotInit, kCode, kBurst}, 2},
    {"{who} calls exec", {kNotInit, kNone, kNone}, 2},
    {"{who} reaps", {kNotInit, kNone, kNone}, 2},
    {"{who} starts a thread", {kNotInit, kNone, kNone}, 3},
    {"youngest thread of {who} exits", {kNotInit, kNone, kNone}, 3},
    {"leader of {who} exits {number}", {kNotInit, kNone, kCode}, 3},

    {"{who} calls setsid", {kNotInit, kNone, kNone}, 2},
    {"{who} joins the group of {other}", {kNotInit, kAnyone, kNone}, 2},
    {"{who} becomes a subreaper", {kNotInit, kNone, kNone}, 1},
    {"{who} ignores {number}", {kNotInit, kNone, kSoftSignal}, 2},
    {"{who} handles every signal", {kNotInit, kNone, kNone}, 6},
    {"{who} asks to be traced", {kNotInit, kNone, kNone}, 5},
    {"{who} attaches to {other}", {kNotInit, kNotInit, kNone}, 3},
    {"{who} seizes {other}", {kNotInit, kNotInit, kNone}, 1},
    {"{who} detaches from {other} with {number}", {kNotInit, kNotInit, kSignalOrNone}, 2},
    {"{who} resumes {other} with {number}", {kNotInit, kNotInit, kSignalOrNone}, 2},

    {"{who} sends {number} to {other}", {kNotInit, kAnyone, kSignal}, 8},
    {"{who} sends {number} to the thread {other}", {kNotInit, kAnyone, kSignal}, 3},
    {"{who} queues {number} to {other}", {kNotInit, kAnyone, kSignal}, 4},
    {"{who} sends {number} to the group of {other}", {kNotInit, kAnyone, kSignal}, 3},
    {"{who} sends {number} to everyone", {kNotInit, kNone, kSignal}, 2},
    {"kernel sends {number} to {who}", {kAnyone, kNone, kSoftSignal}, 6},
    {"kernel sends {number} to the group of {who}", {kAnyone, kNone, kSoftSignal}, 2},
    {"ancestor sends {number} to {who}", {kAnyone, kNone, kSoftSignal}, 6},
    {"ancestor sends {number} to the thread {who}", {kAnyone, kNone, kSoftSignal}, 2},
    {"ancestor queues {number} to {who}", {kAnyone, kNone, kSoftSignal}, 2},
    {"{who} stops on {number}", {kNotInit, kNone, kStopSignal}, 4},
    {"{who} continues", {kNotInit, kNone, kNone}, 4},
    {"init is frozen", {kNone, kNone, kNone}, 3},
    {"init is thawed", {kNone, kNone, kNone}, 3},

    {"{who} is kept waiting", {kNotInit, kNone, kNone}, 2},
    {"next process of init is kept waiting", {kNone, kNone, kNone}, 3},
    {"{who} may run", {kNotInit, kNone, kNone}, 3},
    {"{who} makes one call", {kNotInit, kNone, kNone}, 3},

    {"next {number} forks fail with {other}", {kNone, kForkError, kFaultCount}, 2},
    {"next {number} execs fail with {other}", {kNone, kExecError, kFaultCount}, 2},
    {"next {number} reboots fail with {other}", {kNone, kRebootError, kFaultCount}, 2},
    {"sync hangs", {kNone, kNone, kNone}, 2},
    {"console takes {number} more bytes", {kNone, kNone, kConsoleRoom}, 2},
    {"heal {other}", {kNone, kFault, kNone}, 2},

    {"next pid is that of {who} plus {number}", {kAnyone, kNone, kPidOffset}, 3},
    {"{number} ms pass", {kNone, kNone, kMilliseconds}, 6},
    {"the last {other} moves {number} times", {kNone, kStretch, kTimes}, 1},

    {"{other} is {number}", {kNone, kStreamNumber, kStreamKind}, 3},
    {"descriptor {number} is open", {kNone, kNone, kDescriptorNumber}, 2},
    {"{number} is ignored", {kNone, kNone, kSignalOrEvery}, 3},
    {"{number} is blocked", {kNone, kNone, kSignalOrEvery}, 3},
    {"{number} is pending", {kNone, kNone, kSignalOrEvery}, 3},
    {"{who} is inherited", {kNamed, kNone, kNone}, 2},
    {"{who} is inherited as a zombie that exited {number}", {kNamed, kNone, kCode}, 3},
    {"{who} is inherited as a zombie killed by {number}", {kNamed, kNone, kFatalSignal}, 2},
    {"{who} is inherited as a tracee stopped by {number}", {kNamed, kNone, kNotKill}, 2},
    {"signal queue holds {number}", {kNone, kNone, kQueueLimit}, 1},
    {"environment is {number}", {kNone, kNone, kEnvironmentKind}, 1},
    {"arguments are {number}", {kNone, kNone, kArgumentsKind}, 1},
    {"{other} is missing", {kNone, kMissingKind, kNone}, 1},
    {"init is in a PID namespace", {kNone, kNone, kNone}, 1},
    {"status of a leader survives its threads", {kNone, kNone, kNone}, 1},
}};

Move PlainMove(MoveKind kind) {
  Move move{.kind = kind};
  for (const Field field : kFields) {
    Set(move, field, RangeOf(KindOf(kind).operands[field]).plain);
  }
  return move;
}

bool IsValid(const Move& move) {
  if (static_cast<int>(move.kind) >= kAllKinds) return false;
  for (const Field field : kFields) {
    if (!RangeOf(KindOf(move.kind).operands[field]).Allows(Get(move, field))) return false;
  }
  return RangeOf(kCall).Allows(move.anchor.call) && (HasAnchor(move.kind) || move.anchor.at_rest());
}

}  // namespace minit::scenario
