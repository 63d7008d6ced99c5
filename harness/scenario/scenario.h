// Scenarios: what the world does to an init. How init is entered, then a list of moves.
//
// What this is: plain values, the vocabulary of moves, and the rules by which a runner plays them.
// What this is not: the runner. It resolves the names, watches the anchors and moves the kernel
// model (harness/kernel); nothing here knows a process number.
//
// Invariants
//   1. A Scenario is a value without pointers or allocation. Moves beyond size() mean nothing.
//   2. Whether a Scenario may exist is decided by IsValid alone: each operand of each move lies in
//      the range that vocabulary.h gives it, operands that a kind lacks are 0. Everything that
//      makes scenarios (decoding, parsing, generating, mutating, minimising) makes valid ones.
//   3. Every valid scenario can be played, and ends: a move that cannot be made has no effect.
//   4. Text and bytes are lossless: Decode(Encode(s)) == s and Parse(Print(s)) == s.
// scenario_test.cc, text_test.cc, bytes_test.cc and generate_test.cc hold them.
//
// --- How a scenario is played ---
//
// Order. Moves are made in the order of the list (see Cursor for repeats), each when it is due.
//
// Anchors. Let c be the number of visible calls (IsVisible in harness/kernel/call.h) that init and
// its processes before exec have begun since init was last at rest, or since entry.
//   at rest        due when init is at rest (Kernel::AtRest).
//   before call n  due when a visible call is about to take effect and c + 1 >= n, counting that
//                  call as c + 1: so before it. An anchor already passed is due at the next call.
// A move not yet due falls due when init is at rest or when nothing in the world can run. After a
// move made then, what can run runs until the next move is due; otherwise moves due at the same
// moment are made one after the other, with nothing between.
//
// Time. A move `ms pass` says until when the world waits: before then, nothing is due because init
// is at rest or nothing can run; instead the clock goes on to the next timer or to that time, and
// what wakes up runs. What is anchored before a call is not held back: with c counted from the last
// rest, it can fall into whatever init does meanwhile, such as its restart.
//
// Names. A move names processes by role; the runner looks up the number when the move is made.
//   init       PID 1.
//   child      Of the processes that init has forked since entry: the first that called exec,
//              whether or not it succeeded; as long as none has, the one forked last.
//   helper     Of the processes that init has forked since entry and that have not called exec, the
//              one forked last, the child apart.
//   process n  The process last born under that number, by a move or by the entry. A second birth
//              under the same number takes the name over; the older process lives on without one.
// A name whose process was never born or has been reaped means nobody, even if its pid is in use
// again. A zombie is still somebody. So removing a move changes no name but those it gave out.
//
// Effects. Each kind below says which operation of the kernel model it is. A move has no effect if
// it names nobody, or if the model refuses it. "calls" means that the process makes that system
// call itself, through its leader or, if that is dead, its oldest living thread: it has no effect
// if the process is one of init's own before exec, dead, stopped, or blocked.

#ifndef MINIT_HARNESS_SCENARIO_SCENARIO_H_
#define MINIT_HARNESS_SCENARIO_SCENARIO_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace minit::scenario {

inline constexpr int kMaxMoves = 256;
inline constexpr int kProcesses = 8;            // named `process 1` to `process 8`
inline constexpr int kMaxRepeated = 10000;      // moves that repeats add to one run, all together
inline constexpr int kPlainSignalQueue = 1024;  // entries: RLIMIT_SIGPENDING
inline constexpr uint8_t kAlways = 255;         // as the count of a fault: until it heals

// Who a move is about. process n is Who{n}.
enum class Who : uint8_t {
  kChild,
  kProcess1,
  kProcess2,
  kProcess3,
  kProcess4,
  kProcess5,
  kProcess6,
  kProcess7,
  kProcess8,
  kHelper,
  kInit,
};

constexpr Who Process(int number) { return static_cast<Who>(number); }

// `W` is the process `who`, `O` the process `other`, N the number. Kernel:: operations are those of
// harness/kernel/kernel.h; what they return is of no account.
enum class MoveKind : uint8_t {
  // Lives and deaths.
  kExit,         // Kernel::Exit(W, N); no effect if W is one of init's own before exec: their code
                 // alone says when they exit, and what they do with threads
  kDie,          // Kernel::Die(W, N, false): of a signal whose default is to kill
  kDumpCore,     // Kernel::Die(W, N, true): of a signal that can dump core
  kFork,         // Kernel::Fork(W), and the new process has the name O; no effect if W cannot
                 // make a call
  kDoubleFork,   // W forks a process that forks O and exits 0, then W calls wait4 for the one in
                 // the middle: O is an orphan, in the group and session of W. Else as kFork
  kBurst,        // Kernel::Burst(W, N, O): N orphans, dead with code `other`
  kExec,         // W calls execve
  kReap,         // W calls wait4(-1, WNOHANG)
  kThreadStart,  // Kernel::StartThread(W)
  kThreadExit,   // Kernel::ExitThread: W's youngest living thread that is not the leader
  kLeaderExit,   // Kernel::ExitThread(W, N): the leader alone
  // Standing among processes.
  kSetSid,     // W calls setsid
  kSetPgid,    // W calls setpgid(0, group of O), or setpgid(0, 0) if O is W
  kSubreaper,  // W calls prctl(PR_SET_CHILD_SUBREAPER, 1)
  kIgnore,     // W calls sigaction: N is ignored
  kHandleAll,  // W calls sigaction for all signals that can be handled
  kTraceMe,    // W calls ptrace(PTRACE_TRACEME)
  kAttach,     // W calls ptrace(PTRACE_ATTACH, O)
  kSeize,      // W calls ptrace(PTRACE_SEIZE, O)
  kDetach,     // W calls ptrace(PTRACE_DETACH, O, N)
  kResume,     // W calls ptrace(PTRACE_CONT, O, N)
  // Signals.
  kKill,                // W calls kill(O, N)
  kKillThread,          // W calls tgkill(O, O, N)
  kQueue,               // W calls rt_sigqueueinfo(O, N)
  kKillGroup,           // W calls kill(-(group of O), N): of group 1, that is kill(-1, N)
  kKillAll,             // W calls kill(-1, N)
  kFromKernel,          // Kernel::SendFromKernel(W, N)
  kFromKernelGroup,     // Kernel::SendFromKernelToGroup(group of W, N): a key on a terminal
  kFromAncestor,        // Kernel::SendFromAncestor(W, N): from outside the PID namespace
  kFromAncestorThread,  // Kernel::SendToThreadFromAncestor(W, N)
  kFromAncestorQueue,   // Kernel::QueueFromAncestor(W, N)
  kStop,                // Kernel::SendFromKernel(W, N), of a signal that stops
  kContinue,            // Kernel::SendFromKernel(W, SIGCONT)
  kFreeze,              // Kernel::SendFromAncestor(init, SIGSTOP)
  kThaw,                // Kernel::SendFromAncestor(init, SIGCONT): also sends it that signal
  // Init's own processes, between fork and exec.
  kKeep,      // Kernel::Keep(W, true); no effect after its exec
  kKeepNext,  // the same, for the next process that init forks, from its birth on
  kLet,       // Kernel::Keep(W, false)
  kOneCall,   // W, before its exec, runs until it has made one visible call, kept waiting or not;
              // the call counts for anchors, but no move is due before it
  // Faults: Kernel::SetFaults. They stay until used up or healed.
  kFailForks,    // of init and its processes before exec: the next N (kAlways: all), errno `other`
  kFailExecs,    // likewise
  kFailReboots,  // likewise
  kHangSync,     // no sync returns
  kFillConsole,  // the console takes N more bytes, 0: none
  kHeal,         // the fault `other` (see Fault) ends
  // The world.
  kNextPid,  // Kernel::SetNextPid(x): x is the number that W has or had last, plus N; less
             // pid_max - 2 while it is not below pid_max; at least 2. No effect if W was never born
  kPass,     // the world waits until N milliseconds from now; see Time above
  kRepeat,  // the last `other` moves (fewer if there are fewer) are made N times more; see Cursor. Has no
            // anchor

  // Entry items: never in Scenario::moves, they stand for what an Entry holds; see entry.h.
  // They have no anchor.
  kStream,         // stream `other` (0 to 2) is N (see Stream)
  kDescriptor,     // descriptor N (3 to 63) is open, not close-on-exec
  kIgnored,        // signal N (0: every one) is ignored
  kMasked,         // signal N (0: every one) is blocked
  kPending,        // signal N (0: every one) was sent to init as it was entered
  kInheritLive,    // W is a child of init from before it was entered
  kInheritExited,  // … a zombie, code N
  kInheritKilled,  // … a zombie, killed by signal N
  kInheritTraced,  // … alive, traced by init and stopped by signal N, not yet waited for
  kSignalQueue,    // RLIMIT_SIGPENDING is N
  kEnvironment,    // N: see Environment
  kArguments,      // N: see Arguments
  kMissing,        // file `other` (see MissingFile) does not exist
  kPidNamespace,   // init is PID 1 of a PID namespace, not of the machine
  kLeaderStatus,   // an older kernel: of a process with threads, the leader's status is told
};
inline constexpr int kMoveKinds = static_cast<int>(MoveKind::kRepeat) + 1;
inline constexpr int kAllKinds = static_cast<int>(MoveKind::kLeaderStatus) + 1;
inline constexpr int kEntryKinds = kAllKinds - kMoveKinds;

// What kHeal can heal.
enum class Fault : uint8_t { kForks, kExecs, kReboots, kSync, kConsole, kAll };

// When a move is made: at rest, or before the n-th visible call after the last rest.
struct Anchor {
  uint16_t call = 0;  // 0: at rest; else 1 to kMaxCall
  static constexpr uint16_t kMaxCall = 1000;

  constexpr bool at_rest() const { return call == 0; }
  bool operator==(const Anchor&) const = default;
};

// One move. Operands that its kind lacks are 0.
struct Move {
  MoveKind kind = MoveKind::kExit;
  Who who = Who::kChild;
  uint8_t other = 0;    // a Who, or what the kind says
  uint16_t number = 0;  // a signal, code, errno count, …, as the kind says
  Anchor anchor = {};

  constexpr Who other_process() const { return static_cast<Who>(other); }
  bool operator==(const Move&) const = default;
};
static_assert(sizeof(Move) == 8);

// Whether a move of this kind is made at a moment of its own.
constexpr bool HasAnchor(MoveKind kind) { return kind < MoveKind::kRepeat; }

enum class Stream : uint8_t { kConsole, kClosed, kNull, kTerminal, kFile };
enum class Environment : uint8_t { kPlain, kEmpty, kLong };  // long: 100 KB
enum class Arguments : uint8_t { kPlain, kNone, kExtra };    // none: one empty string
enum class MissingFile : uint8_t { kConsole, kNull };        // /dev/console, /dev/null
enum class Inheritance : uint8_t { kNone, kLive, kExited, kKilled, kTraced };

// How init is entered. As default-constructed it is plain: standard streams on the console, and
// nothing else. Sets of signals are words, signal n is bit n - 1; KILL and STOP are in none.
struct Entry {
  struct Child {
    Inheritance how = Inheritance::kNone;
    uint8_t value = 0;  // kExited: code; kKilled, kTraced: signal; else 0

    bool operator==(const Child&) const = default;
  };

  std::array<Stream, 3> streams = {};  // 0 to 2
  uint64_t descriptors = 0;            // further ones: bits 3 to 63
  uint64_t ignored = 0;
  uint64_t mask = 0;
  uint64_t pending = 0;  // sent to the process after mask and dispositions were set, in this order;
                         // so those that the kernel then drops are not pending
  std::array<Child, kProcesses> children = {};  // [n - 1] is process n; born in this order
  uint16_t signal_queue = kPlainSignalQueue;    // 0 to kPlainSignalQueue
  Environment environment = Environment::kPlain;
  Arguments arguments = Arguments::kPlain;
  uint8_t missing = 0;  // bit m: MissingFile m
  bool pid_namespace = false;
  bool leader_status = false;

  bool operator==(const Entry&) const = default;
};

struct Scenario {
  Entry entry;

  std::span<const Move> moves() const { return {storage_.data(), size_}; }
  std::span<Move> moves() { return {storage_.data(), size_}; }
  std::size_t size() const { return size_; }
  bool full() const { return size_ == kMaxMoves; }
  void clear() { size_ = 0; }

  void Add(const Move& move) {  // requires !full()
    storage_[size_++] = move;
  }
  void Insert(std::size_t at, const Move& move);  // requires !full(), at <= size()
  // Repeats that reach back over the move reach one less far, or go with it if it was all they had.
  void Remove(std::size_t at);  // requires at < size()

  bool operator==(const Scenario& other) const;

 private:
  std::array<Move, kMaxMoves> storage_;  // meaningless from size_ on
  uint16_t size_ = 0;
};

// Whether every part of the scenario lies in its range.
bool IsValid(const Scenario& scenario);

// Walks the moves in the order in which they are made, repeats played out: a repeat is replaced by
// its stretch, N times. Repeats inside a stretch are passed over, so that cost only adds up. Once
// kMaxRepeated moves have been added, repeats add no more; the rest of the list still comes.
class Cursor {
 public:
  // `scenario` must outlive the cursor, unchanged.
  explicit Cursor(const Scenario& scenario) : moves_(scenario.moves()) { Settle(); }
  explicit Cursor(Scenario&&) = delete;

  bool done() const { return index_ == moves_.size(); }
  const Move& move() const { return moves_[index_]; }  // requires !done()
  std::size_t index() const { return index_; }         // of it in the list
  void Advance();                                      // requires !done()

 private:
  void Settle();
  void FindNext();

  std::span<const Move> moves_;
  std::size_t index_ = 0;  // of move() in the list
  std::size_t at_ = 0;     // likewise; a repeat while inside_
  std::size_t inner_ = 0;  // in the stretch
  int rounds_ = 0;         // still to be played after this one
  int added_ = 0;
  bool inside_ = false;
};

}  // namespace minit::scenario

#endif  // MINIT_HARNESS_SCENARIO_SCENARIO_H_
