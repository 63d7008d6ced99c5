#include "harness/contract/subjects.h"

#include <map>
#include <string>

namespace minit::contract {
namespace {

using namespace kernel;  // NOLINT: an init is full of its constants
using rig::Fork;
using rig::Handle;
using rig::Say;
using rig::Script;

constexpr uint64_t kSecond = 1'000'000'000;

struct State {
  Fault fault = Fault::kNone;
  Pid child = 0;
  Pid syncer = 0;
  int status = 0;
  bool ended = false;
  bool exec_failed = false;  // as through a shared page
  bool synced = false;
  bool sync_later = false;
  uint64_t due_ns = 0;

  bool Has(Fault other) const { return fault == other; }
};

// --- The child -----------------------------------------------------------------------------------

Script<> Child(State& init) {
  if (!init.Has(Fault::kLeavesIgnored)) {
    for (int signal = 1; signal <= 64; ++signal) co_await calls::SigAction(signal, kSigDfl);
  }
  if (!init.Has(Fault::kLeavesItsSession)) co_await calls::SetSid();
  if (!init.Has(Fault::kLeavesItsMask)) co_await calls::SigProcMask(kMaskSet, 0);
  if (init.Has(Fault::kTakesTerminal)) co_await calls::Open(Path::kTerminal, kOpenCloseOnExec);
  if (init.Has(Fault::kClosesStream)) co_await calls::SetCloseOnExec(1, true);
  const Path path = init.Has(Fault::kStartsAnotherProgram) ? Path::kOther : Path::kChild;
  const uint32_t right = (init.Has(Fault::kPassesOtherArguments) ? 0 : kExecArgumentsRight) |
                         (init.Has(Fault::kPassesOtherEnvironment) ? 0 : kExecEnvironmentRight);
  const Result failed = co_await calls::Exec(path, right);
  init.exec_failed = failed.value < 0;
  co_await calls::Exit(127);
}

Script<> Syncer() { co_await calls::Sync(); }

// --- Reaping -------------------------------------------------------------------------------------

int Translated(int status) {
  return (status & 0x7f) == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f);
}

Script<> LetGo(const State& init, Pid pid, int stop) {
  const int data =
      stop == kSigTrap || stop == kSigStop || init.Has(Fault::kDropsTheSignal) ? 0 : stop;
  if (init.Has(Fault::kLeavesTraced)) co_return;
  const int32_t request = init.Has(Fault::kContinuesTraced) ? kPtraceContinue : kPtraceDetach;
  co_await calls::Ptrace(request, pid, data);
}

Script<> Digest(State& init, const Result told) {
  const bool stop = (told.status & 0xff) == 0x7f;
  const bool child = told.value == init.child || init.Has(Fault::kTakesOrphanForChild);
  if (stop && !(child && init.Has(Fault::kTakesStopForEnd))) {
    co_await LetGo(init, told.value, told.status >> 8 & 0xff);
  } else if (told.value == init.syncer) {
    init.synced = told.status == 0;
    init.sync_later = !init.synced;
    init.syncer = 0;
  } else if (child && !init.ended) {
    init.ended = true;
    init.status = Translated(told.status);
  }
}

Script<> ReapAll(State& init) {
  for (;;) {
    const Pid whom = init.Has(Fault::kReapsOnlyItsChild) && !init.ended ? init.child : -1;
    const Result told = co_await calls::Wait4(whom, kWaitNoHang | kWaitAll);
    if (told.value <= 0) co_return;
    co_await Digest(init, told);
    if (init.Has(Fault::kReapsOnceASignal) && !init.ended) co_return;
  }
}

// --- The ending ----------------------------------------------------------------------------------

Script<> Report(const State& init) {
  if (init.Has(Fault::kReportsNothing)) co_return;
  if (init.child < 0 || init.exec_failed) {
    const bool named = !init.Has(Fault::kNamesNoPath);
    co_await Say(named ? "cannot start /core\n" : "cannot start it\n");
    co_return;
  }
  const bool alone = init.Has(Fault::kReportsCodeAlone) && init.status >= 128;
  // In two writes: a line is a line.
  co_await Say("the program ended with ");
  co_await Say(std::to_string(alone ? 0 : init.status) + "\n");
}

Script<> TrySync(State& init) {
  init.sync_later = false;
  init.syncer = co_await Fork(Syncer());
  if (init.syncer < 0) init.sync_later = true;
}

Script<> BeginEnding(State& init) {
  if (init.Has(Fault::kKillsEveryoneAtTheEnd)) co_await calls::Kill(-1, kSigTerm);
  co_await Report(init);
  init.due_ns = (co_await calls::ClockRead()).time_ns + 30 * kSecond;
  if (init.Has(Fault::kWaitsTooShort)) init.due_ns -= kSecond / 10;
  if (init.Has(Fault::kWaitsTooLong)) init.due_ns += 11 * kSecond / 10;
  const bool late = init.Has(Fault::kNeverSyncs) || init.Has(Fault::kSyncsLate);
  if (!late) co_await TrySync(init);
}

// Until when to wait at most, for the restart or for another try to sync; 0: the restart is due.
Script<uint64_t> Left(State& init) {
  const uint64_t now_ns = (co_await calls::ClockRead()).time_ns;
  const bool failed = init.child < 0 || init.exec_failed || init.status != 0;
  const bool at_once = !failed && !init.Has(Fault::kWaitsAfterSuccess);
  if (at_once && (init.synced || init.Has(Fault::kDoesNotAwaitSync))) co_return 0;
  if (now_ns >= init.due_ns) co_return 0;
  const uint64_t left_ns = init.due_ns - now_ns;
  if (init.Has(Fault::kWakesTooOften)) co_return kSecond / 1000;
  co_return init.sync_later&& left_ns > kSecond ? kSecond : left_ns;
}

Script<> RestartOnce(State& init) {
  if (init.Has(Fault::kSyncsLate)) co_await calls::Sync();
  if (init.Has(Fault::kExitsAtTheEnd)) co_await calls::Exit(0);
  if (init.Has(Fault::kNeverRestarts)) {
    for (;;) {
      co_await calls::SigTimedWait(kAllSignals);
      co_await ReapAll(init);
    }
  }
  co_await calls::Reboot(init.Has(Fault::kPowersOff) ? kRebootPowerOff : kRebootRestart,
                         !init.Has(Fault::kRestartsWithoutMagic));
  const uint64_t now_ns = (co_await calls::ClockRead()).time_ns;
  init.due_ns = now_ns + (init.Has(Fault::kRetriesAtOnce) ? kSecond / 10 : 30 * kSecond);
  if (init.Has(Fault::kGivesUp)) init.due_ns = kForever - 1;
  init.status = 1;  // from now on by the clock alone
}

Script<> End(State& init) {
  co_await BeginEnding(init);
  for (;;) {
    const uint64_t left_ns = co_await Left(init);
    if (left_ns == 0) {
      co_await RestartOnce(init);
      co_await ReapAll(init);
      continue;
    }
    if (init.sync_later) co_await TrySync(init);
    if (init.Has(Fault::kSleepsOutTheDelay)) {
      co_await ReapAll(init);
      co_await calls::Sleep(left_ns);
      continue;
    }
    const Result taken = co_await calls::SigTimedWait(kAllSignals, left_ns);
    if (taken.value > 0 && taken.value != kSigChld && init.Has(Fault::kForwardsAfterTheReap)) {
      co_await calls::Kill(-init.child, taken.value);
    }
    co_await ReapAll(init);
  }
}

// --- Forwarding ----------------------------------------------------------------------------------

Script<> Forward(const State& init, int signal) {
  if (signal == kSigChld && !init.Has(Fault::kForwardsChildSignals)) co_return;
  if (signal == kSigUsr1 && init.Has(Fault::kDropsUsr1)) co_return;
  if (signal == kSigTerm && init.Has(Fault::kSendsInterruptForTerm)) signal = kSigInt;
  co_await calls::Kill(init.Has(Fault::kSendsToTheProcess) ? init.child : -init.child, signal);
  if (init.Has(Fault::kSendsTwice)) co_await calls::Kill(-init.child, signal);
}

// Takes all that is pending, then sends it the wrong way round.
Script<> ForwardBatch(const State& init, int first) {
  std::string taken(1, static_cast<char>(first));
  for (;;) {
    const int next = (co_await calls::SigTimedWait(kAllSignals, 0)).value;
    if (next <= 0) break;
    taken += static_cast<char>(next);
  }
  if (init.Has(Fault::kSendsBackwards)) taken = std::string(taken.rbegin(), taken.rend());
  if (init.Has(Fault::kSendsHangUpLast) && taken[0] == kSigHup) taken = taken.substr(1) + taken[0];
  for (const char signal : taken) co_await Forward(init, signal);
}

uint64_t WaitedFor(const State& init) {
  if (!init.Has(Fault::kLeavesOut34)) return kAllSignals;
  return kAllSignals & ~(SignalBit(32) | SignalBit(33) | SignalBit(34));
}

Script<> WaitForWork(State& init) {
  const bool batches = init.Has(Fault::kSendsBackwards) || init.Has(Fault::kSendsHangUpLast);
  const int signal = (co_await calls::SigTimedWait(WaitedFor(init))).value;
  if (signal > 0 && batches) {
    co_await ForwardBatch(init, signal);
  } else if (signal > 0) {
    co_await Forward(init, signal);
  }
  if (signal == kSigTerm && init.Has(Fault::kEndsOnTerm)) init.ended = true;
  if (init.Has(Fault::kMakesAnotherCall)) co_await calls::Other(39);
  for (int i = 0; signal == kSigTerm && init.Has(Fault::kIsBusy) && i < 600; ++i) {
    co_await calls::Poll(0, 0);
  }
  while (signal == kSigTerm && init.Has(Fault::kSpins)) co_await calls::Poll(0, 0);
}

Script<> Start(State& init) {
  co_await calls::CloseRange(3, 63, init.Has(Fault::kLeaksDescriptor) ? 0 : kCloseRangeOnExec);
  if (init.Has(Fault::kLeaksDescriptor)) co_await calls::Open(Path::kNull);
  co_await calls::SigAction(kSigChld, kSigDfl);
  co_await calls::SigProcMask(kMaskSet, kAllSignals);
  if (init.Has(Fault::kStartsLate)) co_await calls::Sleep(kSecond);
  const uint32_t flags = init.Has(Fault::kForksWithoutWaiting) ? 0 : kCloneVfork;
  init.child = co_await Fork(Child(init), flags);
  if (init.child < 0 && init.Has(Fault::kExitsWithoutFork)) co_await calls::Exit(1);
  if (init.child < 0) init.ended = true;
  if (init.Has(Fault::kStartsTwice)) co_await Fork(Child(init), kCloneVfork);
}

}  // namespace

// --- The machine's inits -------------------------------------------------------------------------

Script<> SigTimedWaitInit(Fault fault) {
  State init{.fault = fault};
  co_await Start(init);
  if (!init.ended) co_await ReapAll(init);
  while (!init.ended) {
    if (init.Has(Fault::kWaitsInWait)) {
      co_await Digest(init, co_await calls::Wait4(-1, kWaitAll));
      continue;
    }
    co_await WaitForWork(init);
    co_await ReapAll(init);
  }
  co_await End(init);
}

// Reads what there is, then waits for more; the same loop before and after the child's end.
Script<> SignalFdInit(bool epoll) {
  State init;
  co_await Start(init);
  const auto signals =
      static_cast<int16_t>((co_await calls::SignalFd(kAllSignals, kOpenNonBlock)).value);
  auto waits = signals;
  if (epoll) {
    waits = static_cast<int16_t>((co_await calls::EpollCreate()).value);
    co_await calls::EpollAdd(waits, signals);
  }
  bool begun = false;
  uint64_t left_ns = kForever;
  for (;;) {
    co_await ReapAll(init);
    if (init.ended && !begun) co_await BeginEnding(init);
    begun = init.ended;
    if (begun) {
      if (init.sync_later) co_await TrySync(init);
      left_ns = co_await Left(init);
      if (left_ns == 0) {
        co_await RestartOnce(init);
        continue;
      }
    }
    co_await (epoll ? calls::EpollWait(waits, left_ns)
                    : calls::Poll(uint64_t{1} << signals, left_ns));
    for (;;) {
      const Result taken = co_await calls::Read(signals);
      if (taken.signal == 0) break;
      if (!init.ended && taken.signal != kSigChld) {
        co_await calls::Kill(-init.child, taken.signal);
      }
    }
  }
}

namespace {

Script<> ForwardFromHandler(const State& init, int signal) {
  if (signal != kSigChld && !init.ended) co_await calls::Kill(-init.child, signal);
}

// All signals blocked and handled; a handler is interrupted by none.
Script<> HandleAll(State& init) {
  co_await calls::SigProcMask(kMaskSet, kAllSignals);
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == kSigKill || signal == kSigStop) continue;
    co_await Handle(
        signal, [&init](int taken) { return ForwardFromHandler(init, taken); }, kSaRestart,
        kAllSignals);
  }
  init.child = co_await Fork(Child(init), kCloneVfork);
  if (init.child < 0) init.ended = true;
}

}  // namespace

Script<> SigSuspendInit() {
  State init;
  co_await calls::CloseRange(3, 63, kCloseRangeOnExec);
  co_await HandleAll(init);
  if (!init.ended) co_await ReapAll(init);
  while (!init.ended) {
    co_await calls::SigSuspend(0);
    co_await ReapAll(init);
  }
  co_await BeginEnding(init);
  for (;;) {
    if (init.sync_later) co_await TrySync(init);
    const uint64_t left_ns = co_await Left(init);
    if (left_ns == 0) {
      co_await RestartOnce(init);
      co_await ReapAll(init);
      continue;
    }
    co_await calls::Alarm(left_ns);
    co_await calls::SigSuspend(0);
    co_await ReapAll(init);
  }
}

// It looks who is dead without reaping, with handlers running, and reaps with all blocked: so no
// handler sends to a number that is free again.
Script<> WaitIdInit() {
  State init;
  co_await calls::CloseRange(3, 63, kCloseRangeOnExec);
  co_await HandleAll(init);
  if (!init.ended) co_await ReapAll(init);
  while (!init.ended) {
    co_await calls::SigProcMask(kMaskSet, 0);
    co_await calls::WaitId(kWaitForAny, 0, kWaitExited | kWaitNoWait | kWaitAll);
    co_await calls::SigProcMask(kMaskSet, kAllSignals);
    co_await ReapAll(init);
  }
  co_await End(init);
}

// --- Rare ways ---

namespace {

Script<> Banner() { co_await Say("a banner\n"); }
Script<> Idler() { co_await calls::Sleep(kSecond / 1000); }

Script<> ForwardUntilTheEnd(State& init) {
  if (!init.ended) co_await ReapAll(init);
  while (!init.ended) {
    co_await WaitForWork(init);
    co_await ReapAll(init);
  }
  co_await End(init);
}

}  // namespace

Script<> ManyForksInit() {
  State init;
  co_await calls::CloseRange(3, 63, kCloseRangeOnExec);
  co_await calls::SigAction(kSigChld, kSigDfl);
  co_await calls::SigProcMask(kMaskSet, kAllSignals);
  co_await Fork(Banner());
  co_await Fork(Idler());
  init.child = co_await Fork(Child(init), kCloneVfork);
  if (init.child < 0) init.ended = true;
  co_await Fork(Idler());
  co_await ForwardUntilTheEnd(init);
}

Script<> ReadInit(uint32_t flags) {
  State init;
  co_await Start(init);
  const auto quiet = static_cast<int16_t>((co_await calls::SignalFd(0, kOpenNonBlock)).value);
  const auto signals = static_cast<int16_t>((co_await calls::SignalFd(kAllSignals)).value);
  int left = 600;
  if (!init.ended) co_await ReapAll(init);
  while (!init.ended) {
    const int signal = (co_await calls::Read(signals)).signal;
    if (signal > 0) co_await Forward(init, signal);
    for (; left > 0; --left) co_await calls::Read(quiet, flags);
    co_await ReapAll(init);
  }
  co_await End(init);
}

Script<> LateDetachInit() {
  State init;
  co_await Start(init);
  std::map<Pid, int> stopped;  // with what it should be let go
  for (;;) {
    for (;;) {
      const Result told = co_await calls::Wait4(-1, kWaitNoHang | kWaitAll);
      if (told.value <= 0) break;
      if ((told.status & 0xff) != 0x7f) {
        stopped.erase(told.value);
        co_await Digest(init, told);
        continue;
      }
      const int signal = told.status >> 8 & 0xff;
      const bool first = !stopped.contains(told.value);
      stopped[told.value] = signal == kSigTrap || signal == kSigStop ? 0 : signal;
      if (first) co_await calls::Ptrace(kPtraceContinue, told.value, stopped[told.value]);
    }
    for (const auto& [pid, data] : stopped) co_await calls::Ptrace(kPtraceDetach, pid, data);
    stopped.clear();
    if (init.ended) break;
    co_await WaitForWork(init);
  }
  co_await End(init);
}

namespace {

Script<> ReapAllById(State& init) {
  constexpr uint32_t kAll = kWaitExited | kWaitUntraced | kWaitContinued | kWaitNoHang | kWaitAll;
  for (;;) {
    const Result told = co_await calls::WaitId(kWaitForAny, 0, kAll);
    if (told.value < 0 || told.pid == 0) co_return;
    Result death{.value = told.pid, .status = told.status};
    if (told.code == 4) co_await LetGo(init, told.pid, told.status);
    if (told.code > 3) continue;
    if (told.code == 1) death.status = told.status << 8;
    if (told.code == 3) death.status |= 0x80;
    co_await Digest(init, death);
  }
}

}  // namespace

Script<> ReapByIdInit() {
  State init;
  co_await Start(init);
  if (!init.ended) co_await ReapAllById(init);
  while (!init.ended) {
    co_await WaitForWork(init);
    co_await ReapAllById(init);
  }
  co_await End(init);
}

Script<> OtherCallInit(int number) {
  State init;
  co_await Start(init);
  co_await calls::Other(number);
  co_await ForwardUntilTheEnd(init);
}

// --- The containers' inits -----------------------------------------------------------------------

namespace {

Script<> GroupChild() {
  co_await calls::SetPgid(0, 0);
  for (int signal = 1; signal <= 64; ++signal) co_await calls::SigAction(signal, kSigDfl);
  co_await calls::SigProcMask(kMaskSet, 0);
  co_await calls::Exec();
  co_await calls::Exit(127);
}

Script<> ExitWith(State& init) {
  int code = init.status;
  if (init.Has(Fault::kExitsWithZero)) code = 0;
  if (init.Has(Fault::kExitsWithCodeAlone) && code >= 128) code -= 128;
  if (init.Has(Fault::kRestsBeforeExit)) co_await calls::Sleep(kSecond);
  co_await calls::Exit(code);
}

}  // namespace

Script<> TimedInit(Fault fault) {
  State init{.fault = fault};
  co_await calls::CloseRange(3, 63, kCloseRangeOnExec);
  co_await calls::SigAction(kSigChld, kSigDfl);
  co_await calls::SigProcMask(kMaskSet, kAllSignals);
  init.child = co_await Fork(GroupChild());
  if (init.child < 0) co_await calls::Exit(1);
  for (;;) {
    if (init.Has(Fault::kExitsBeforeReaping)) {
      const Result told = co_await calls::Wait4(init.child, kWaitNoHang | kWaitAll);
      if (told.value == init.child) {
        co_await Digest(init, told);
        if (init.ended) co_await ExitWith(init);
      }
    }
    co_await ReapAll(init);
    if (init.ended) co_await ExitWith(init);
    const int signal = (co_await calls::SigTimedWait(kAllSignals, kSecond)).value;
    if (signal > 0 && signal != kSigChld) co_await calls::Kill(init.child, signal);
  }
}

Script<> SessionInit() {
  State init;
  co_await Start(init);
  if (init.child < 0) co_await calls::Exit(1);
  for (;;) {
    co_await ReapAll(init);
    if (init.ended) co_await calls::Exit(init.status);
    const int signal = (co_await calls::SigTimedWait(kAllSignals)).value;
    if (signal > 0 && signal != kSigChld) co_await calls::Kill(-init.child, signal);
  }
}

}  // namespace minit::contract
