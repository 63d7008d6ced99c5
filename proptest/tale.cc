#include "proptest/tale.h"

#include <string_view>

#include "harness/contract/rules.h"
#include "harness/kernel/kernel.h"

namespace minit::proptest {
namespace {

using contract::Cause;
using contract::kSecondNs;
using contract::Profile;
using contract::Stand;
using contract::Step;
using kernel::Call;
using kernel::kInit;
using kernel::Pid;
namespace calls = kernel::calls;

// --- Who ---

// Of the processes of init's that have not called exec and live: the first, or the last. 0: none.
Pid Subject(const Tale& tale, bool last) {
  Pid found = 0;
  for (int i = 1; i < tale.stand.kernel.size(); ++i) {
    const kernel::Glance view = tale.stand.kernel.GlanceAtIndex(i);
    if (!view.subject || view.has_execed || view.activity == kernel::Activity::kZombie) continue;
    if (found == 0 || last) found = tale.stand.kernel.PidAt(i);
  }
  return found;
}
// Of those that have, or of the orphans, the first. 0: none.
Pid Other(const Tale& tale, bool execed) {
  for (int i = 1; i < tale.stand.kernel.size(); ++i) {
    const kernel::Glance view = tale.stand.kernel.GlanceAtIndex(i);
    if (view.activity == kernel::Activity::kZombie || view.has_execed != execed) continue;
    if (!view.subject || execed) return tale.stand.kernel.PidAt(i);
  }
  return 0;
}

// --- What happens ---

// `pid` learns what its call returned, if it has.
bool Wake(Tale& tale, Pid pid) {
  if (!tale.stand.kernel.Exists(pid)) return false;
  Step step{.kind = Step::Kind::kReturns,
            .by_init = pid == kInit,
            .pid = pid,
            .call = tale.stand.kernel.LastCall(pid)};
  step.to_console = step.call.kind == kernel::CallKind::kWrite;
  const kernel::Step woken = tale.stand.kernel.Resume(pid);
  if (woken.kind != kernel::Step::Kind::kReturns) return false;
  step.result = woken.result;
  if (!woken.told) tale.stand.Tell(step);
  if (pid == kInit) tale.rests = false;
  return true;
}

// False: `pid` cannot run.
bool Make(Tale& tale, Pid pid, const Call& call, std::string_view text = {}) {
  using Kind = kernel::Step::Kind;
  if (pid == 0) return false;
  if (tale.stand.kernel.Foresee(pid) == Kind::kReturns) Wake(tale, pid);
  if (tale.stand.kernel.Foresee(pid) != Kind::kRuns) return false;
  if (pid == kInit) tale.rests = false;
  tale.stand.Make(pid, call, text);
  return true;
}
bool Init(Tale& tale, const Call& call) { return Make(tale, kInit, call); }
bool Write(Tale& tale, Pid pid, std::string_view text) {
  return Make(tale, pid, calls::Write(2, static_cast<int>(text.size())), text);
}

bool Exit(Tale& tale, Pid pid, int code) {
  if (pid == 0) return false;
  tale.stand.Exit(pid, code);
  return true;
}
bool Die(Tale& tale, Pid pid, bool core) {
  if (pid == 0) return false;
  tale.stand.kernel.Die(pid, core ? 11 : 9, core);
  tale.stand.Move(core ? Cause::kCore : Cause::kKill, pid, core ? 11 : 9);
  return true;
}
bool Send(Tale& tale, int signal) {
  tale.stand.Send(signal);
  return true;
}
bool Fail(Tale& tale, const kernel::Faults& faults) {
  if (tale.stand.kernel.faults() == faults) return false;
  tale.stand.kernel.SetFaults(faults);
  tale.stand.Move(Cause::kFault);
  return true;
}
bool Freeze(Tale& tale, int signal) {
  const bool frozen = tale.stand.kernel.InitActivity() == kernel::Activity::kStopped;
  if (frozen == (signal == kernel::kSigStop)) return false;
  tale.stand.kernel.SendFromAncestor(kInit, signal);
  tale.stand.Move(frozen ? Cause::kContinue : Cause::kUntracedStop, kInit, signal);
  return true;
}
bool Pass(Tale& tale, uint64_t time_ns) {
  tale.stand.PassTo(tale.stand.kernel.now_ns() + time_ns);
  return true;
}
bool Trace(Tale& tale) {
  kernel::ExplorerKernel& kernel = tale.stand.kernel;
  const Pid pid = kernel.Fork(kInit);
  if (pid < 0) return false;
  kernel.Issue(pid, calls::SigProcMask(kernel::kMaskSet, 0));
  kernel.Issue(pid, calls::Ptrace(kernel::kPtraceTraceMe));
  kernel.SendFromKernel(pid, 10);
  tale.stand.Move(Cause::kTracedStop, pid, 10);
  return true;
}
// The first process that init traces, 0: none.
Pid Traced(const Tale& tale) {
  for (int i = 1; i < tale.stand.kernel.size(); ++i) {
    const Pid pid = tale.stand.kernel.PidAt(i);
    if (tale.stand.kernel.Look(pid).tracer == kInit) return pid;
  }
  return 0;
}
bool StopAgain(Tale& tale) {
  const Pid pid = Traced(tale);
  if (pid == 0 || !Init(tale, calls::Ptrace(kernel::kPtraceContinue, pid, 0))) return false;
  tale.stand.kernel.SendFromKernel(pid, kernel::kSigStop);
  tale.stand.Move(Cause::kTracedStop, pid, kernel::kSigStop);
  return true;
}
bool StopOrphan(Tale& tale) {
  const Pid pid = Other(tale, false);
  if (pid == 0 || tale.stand.kernel.Look(pid).tracer != 0) return false;
  if (tale.stand.kernel.GlanceAt(pid).stopped) return false;
  tale.stand.kernel.SendFromKernel(pid, kernel::kSigStop);
  tale.stand.Move(Cause::kUntracedStop, pid, kernel::kSigStop);
  return true;
}
bool StopSubject(Tale& tale) {
  const Pid pid = Subject(tale, true);
  if (pid == 0 || tale.stand.kernel.GlanceAt(pid).stopped) return false;
  tale.stand.kernel.SendFromKernel(pid, kernel::kSigStop);
  tale.stand.Move(Cause::kUntracedStop, pid, kernel::kSigStop);
  return true;
}
bool KeepSubject(Tale& tale) {
  const Pid pid = Subject(tale, true);
  if (pid == 0) return false;
  tale.stand.kernel.Keep(pid, !tale.stand.kernel.GlanceAt(pid).kept);
  tale.stand.Move(Cause::kFault);
  return true;
}
bool Exec(Tale& tale, bool last, bool prepared = true) {
  const Pid pid = Subject(tale, last);
  if (prepared && !Make(tale, pid, calls::SetSid())) return false;
  if (prepared) Make(tale, pid, calls::SigProcMask(kernel::kMaskSet, 0));
  if (!Make(tale, pid, calls::Exec())) return false;
  if (tale.stand.kernel.Exists(pid) && tale.stand.kernel.GlanceAt(pid).has_execed) {
    tale.stand.kernel.HandleAll(pid);
  }
  return true;
}
bool Detach(Tale& tale, int data) {
  const Pid pid = Traced(tale);
  return pid != 0 && Init(tale, calls::Ptrace(kernel::kPtraceDetach, pid, data));
}

// The first process has called exec, which has not yet come to anything.
bool DieInExec(Tale& tale) {
  const Pid pid = Subject(tale, false);
  if (pid == 0 || tale.stand.kernel.Foresee(pid) != kernel::Step::Kind::kRuns) return false;
  tale.stand.Tell({.kind = Step::Kind::kCalls, .pid = pid, .call = calls::Exec()});
  return Die(tale, pid, false);
}

// It was there, or not.
bool Open(Tale& tale, kernel::Path path) {
  if (!Init(tale, calls::Open(path, kernel::kOpenCloseOnExec))) return false;
  if (IsThere(path)) Init(tale, calls::Close(3));
  return true;
}

constexpr uint64_t kAll = kernel::kAllSignals;
constexpr uint32_t kNoHang = kernel::kWaitNoHang;

constexpr Letter kLetters[] = {
    {"a signal comes", [](Tale& t) { return Send(t, 10); }},
    {"another one comes", [](Tale& t) { return Send(t, 34); }},
    {"the child exits with 0", [](Tale& t) { return Exit(t, Other(t, true), 0); }},
    {"the child exits with 1", [](Tale& t) { return Exit(t, Other(t, true), 1); }},
    {"the child dumps core", [](Tale& t) { return Die(t, Other(t, true), true); }},
    {"an orphan comes", [](Tale& t) { return t.stand.kernel.Fork(kInit) > 0; }},
    {"an orphan exits", [](Tale& t) { return Exit(t, Other(t, false), 1); }},
    {"a traced process comes and stops", Trace},
    {"it goes on and stops again", StopAgain},
    {"an orphan stops", StopOrphan},
    {"numbers start over",
     [](Tale& t) {
       t.stand.kernel.SetNextPid(2);
       return true;
     }},
    {"the first process is killed", [](Tale& t) { return Die(t, Subject(t, false), false); }},
    {"the last process dumps core", [](Tale& t) { return Die(t, Subject(t, true), true); }},
    {"the last process is made to exit", [](Tale& t) { return Exit(t, Subject(t, true), 0); }},
    {"the last process stops", StopSubject},
    {"the last process is kept, or no longer", KeepSubject},
    {"a fork will fail", [](Tale& t) { return Fail(t, {.fork_failures = 1}); }},
    {"an exec will fail", [](Tale& t) { return Fail(t, {.exec_failures = 1}); }},
    {"restarts fail", [](Tale& t) { return Fail(t, {.reboot_failures = 255}); }},
    {"sync hangs", [](Tale& t) { return Fail(t, {.sync_hangs = true}); }},
    {"the console takes a byte", [](Tale& t) { return Fail(t, {.console_room = 1}); }},
    {"all works again", [](Tale& t) { return Fail(t, {}); }},
    {"init crashes",
     [](Tale& t) {
       t.stand.kernel.Fault(kInit, 11);
       t.stand.Move(Cause::kCore, kInit, 11);
       return true;
     }},
    {"init crashes in a call",
     [](Tale& t) {
       if (!Init(t, calls::ClockRead())) return false;
       t.stand.kernel.Fault(kInit, 11);
       t.stand.Tell({.kind = Step::Kind::kReturns,
                     .by_init = true,
                     .pid = kInit,
                     .call = calls::ClockRead(),
                     .result = {.state = kernel::Result::State::kGone}});
       return true;
     }},
    {"init runs on and on",
     [](Tale& t) {
       if (!Init(t, calls::ClockRead())) return false;
       t.stand.Tell({.kind = Step::Kind::kSpins, .by_init = true, .pid = kInit});
       return true;
     }},
    {"the first process runs on and on",
     [](Tale& t) {
       const Pid pid = Subject(t, false);
       if (pid == 0 || t.stand.kernel.Foresee(pid) != kernel::Step::Kind::kRuns) return false;
       t.stand.Tell({.kind = Step::Kind::kSpins, .pid = pid});
       return true;
     }},
    {"init is frozen", [](Tale& t) { return Freeze(t, kernel::kSigStop); }},
    {"init is thawed", [](Tale& t) { return Freeze(t, kernel::kSigCont); }},
    {"a second passes", [](Tale& t) { return Pass(t, kSecondNs); }},
    {"thirty seconds pass", [](Tale& t) { return Pass(t, contract::kDelayNs); }},
    {"init wakes", [](Tale& t) { return Wake(t, kInit); }},
    {"init takes a signal", [](Tale& t) { return Init(t, calls::SigTimedWait(kAll, 0)); }},
    {"init waits for signals", [](Tale& t) { return Init(t, calls::SigTimedWait(kAll)); }},
    {"init waits for SIGCHLD",
     [](Tale& t) { return Init(t, calls::SigTimedWait(kernel::SignalBit(17))); }},
    {"init sleeps", [](Tale& t) { return Init(t, calls::Sleep(kSecondNs)); }},
    {"init reaps", [](Tale& t) { return Init(t, calls::Wait4(-1, kNoHang)); }},
    {"init reaps 2", [](Tale& t) { return Init(t, calls::Wait4(2, kNoHang)); }},
    {"init reaps and is told of stops",
     [](Tale& t) { return Init(t, calls::Wait4(-1, kNoHang | kernel::kWaitUntraced)); }},
    {"init reaps by id",
     [](Tale& t) {
       return Init(t, calls::WaitId(kernel::kWaitForAny, 0, kernel::kWaitExited | kNoHang));
     }},
    {"init looks who is dead",
     [](Tale& t) {
       constexpr uint32_t kLook = kernel::kWaitExited | kernel::kWaitNoWait | kNoHang;
       return Init(t, calls::WaitId(kernel::kWaitForAny, 0, kLook));
     }},
    {"init sends group 2 the signal", [](Tale& t) { return Init(t, calls::Kill(-2, 10)); }},
    {"init sends group 2 the other", [](Tale& t) { return Init(t, calls::Kill(-2, 34)); }},
    {"init sends 2 the signal", [](Tale& t) { return Init(t, calls::Kill(2, 10)); }},
    {"init sends 3 the signal", [](Tale& t) { return Init(t, calls::Kill(3, 10)); }},
    {"init sends itself the signal", [](Tale& t) { return Init(t, calls::Kill(1, 10)); }},
    {"init sends its own group the signal", [](Tale& t) { return Init(t, calls::Kill(0, 10)); }},
    {"init sends all the signal", [](Tale& t) { return Init(t, calls::Kill(-1, 10)); }},
    {"init sends thread 2 the signal",
     [](Tale& t) { return Init(t, calls::ThreadKill(-1, 2, 10)); }},
    {"init ignores the signal",
     [](Tale& t) { return Init(t, calls::SigAction(10, kernel::kSigIgn)); }},
    {"init lets go with the signal", [](Tale& t) { return Detach(t, 10); }},
    {"init lets go without", [](Tale& t) { return Detach(t, 0); }},
    {"init forks", [](Tale& t) { return Init(t, calls::Fork()); }},
    {"init forks and waits", [](Tale& t) { return Init(t, calls::Fork(kernel::kCloneVfork)); }},
    {"init says 0", [](Tale& t) { return Write(t, kInit, "0\n"); }},
    {"init says 1 and goes on", [](Tale& t) { return Write(t, kInit, "1"); }},
    {"init says the path", [](Tale& t) { return Write(t, kInit, " /core\n"); }},
    {"init says what is not known", [](Tale& t) { return Init(t, calls::Write(2, 1)); }},
    {"init finds a console", [](Tale& t) { return Open(t, kernel::Path::kConsole); }},
    {"init finds none", [](Tale& t) { return Open(t, kernel::Path::kNoConsole); }},
    {"init syncs", [](Tale& t) { return Init(t, calls::Sync()); }},
    {"init restarts", [](Tale& t) { return Init(t, calls::Reboot(kernel::kRebootRestart)); }},
    {"init restarts by a wrong word",
     [](Tale& t) { return Init(t, calls::Reboot(kernel::kRebootRestart, false)); }},
    {"init halts", [](Tale& t) { return Init(t, calls::Reboot(kernel::kRebootHalt)); }},
    {"init exits with 0", [](Tale& t) { return Init(t, calls::Exit(0)); }},
    {"init exits with 1", [](Tale& t) { return Init(t, calls::Exit(1)); }},
    {"the first process calls exec", [](Tale& t) { return Exec(t, false); }},
    {"the last process calls exec", [](Tale& t) { return Exec(t, true); }},
    {"the last process calls exec unprepared", [](Tale& t) { return Exec(t, true, false); }},
    {"the first process is killed in its exec", DieInExec},
    {"the last process exits", [](Tale& t) { return Make(t, Subject(t, true), calls::Exit(0)); }},
    {"the last process syncs", [](Tale& t) { return Make(t, Subject(t, true), calls::Sync()); }},
    {"the last process says 1", [](Tale& t) { return Write(t, Subject(t, true), "1\n"); }},
    {"the last process waits", [](Tale& t) { return Make(t, Subject(t, true), calls::Pause()); }},
    {"the last process sleeps",
     [](Tale& t) { return Make(t, Subject(t, true), calls::Sleep(kSecondNs)); }},
    {"the last process wakes", [](Tale& t) { return Wake(t, Subject(t, true)); }},
};

// --- How it begins ---

using Hearer = contract::Hearer;

Tale Entered(Profile profile = Profile::kMachine) {
  return {.stand = Stand({.profile = profile, .counts_calls = false}),
          .of_container = profile == Profile::kContainer};
}
// Calls take no time, so that tales differ only in what happened. A full console refuses.
void SetUp(Tale& tale) {
  tale.stand.kernel.SetCallTime(0);
  tale.stand.PassTo(kSecondNs);
  tale.stand.BlockAll();
  tale.stand.Make(kInit, calls::SetNonBlock(2, true));
}
Tale Begin(Hearer* hearer, Profile profile = Profile::kMachine) {
  Tale tale = Entered(profile);
  tale.stand.hearer = hearer;
  SetUp(tale);
  return tale;
}
// It had a child, and a stream was closed.
Tale BeginWithAChild(Hearer* hearer) {
  Tale tale = Entered();
  tale.stand.kernel.Issue(kInit, calls::Close(0));
  tale.stand.kernel.Fork(kInit);
  tale.stand.judge = contract::Judge({.counts_calls = false});
  tale.stand.hearer = hearer;
  tale.stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
  SetUp(tale);
  return tale;
}

Tale Running(Hearer* hearer, Profile profile = Profile::kMachine) {
  Tale tale = Begin(hearer, profile);
  tale.stand.Start();
  return tale;
}
Tale Ended(Hearer* hearer, int code) {
  Tale tale = Running(hearer);
  tale.stand.Wait();
  tale.stand.kernel.Fork(kInit);
  tale.stand.Exit(2, code);
  return tale;
}
// The child ended with `code`, and init has done its part but for the restart.
Tale Done(Hearer* hearer, int code) {
  Tale tale = Running(hearer);
  tale.stand.Wait();
  tale.stand.Exit(2, code);
  tale.stand.EndWell(code == 0 ? "0\n" : "1\n");
  return tale;
}
Tale ForkedTwice(Hearer* hearer) {
  Tale tale = Begin(hearer);
  tale.stand.Fork();
  tale.stand.Fork();
  return tale;
}

constexpr Opening kOpenings[] = {
    {"entered", false, [](Hearer* hearer) { return Begin(hearer); }},
    {"entered with a child and without a stream", false, BeginWithAChild},
    {"forked twice", false, ForkedTwice},
    {"first of two killed", false,
     [](Hearer* hearer) {
       Tale tale = ForkedTwice(hearer);
       Die(tale, 2, false);
       return tale;
     }},
    {"last of two killed", false,
     [](Hearer* hearer) {
       Tale tale = ForkedTwice(hearer);
       Die(tale, 3, false);
       return tale;
     }},
    {"second fork refused", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       tale.stand.Fork();
       Fail(tale, {.fork_failures = 1});
       tale.stand.Make(kInit, calls::Fork());
       return tale;
     }},
    {"a signal between two forks", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       tale.stand.Fork();
       tale.stand.Send(10);
       tale.stand.Fork();
       return tale;
     }},
    {"killed before its exec, and init rested", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       tale.stand.Fork();
       tale.stand.Wait();
       Die(tale, 2, false);
       Wake(tale, kInit);
       Init(tale, calls::Wait4(-1, kNoHang));
       Init(tale, calls::Fork());
       return tale;
     }},
    {"first fork refused, and a helper kept", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       Fail(tale, {.fork_failures = 1});
       tale.stand.Make(kInit, calls::Fork());
       Init(tale, calls::Fork());
       KeepSubject(tale);
       return tale;
     }},
    {"start failed", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       tale.stand.StartThatFails();
       return tale;
     }},
    {"start failed, and was kept in another exec", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       const Pid child = tale.stand.StartThatFails();
       Fail(tale, {.exec_failures = 2});
       tale.stand.Begin(child, calls::Exec());
       KeepSubject(tale);
       Pass(tale, 40 * kSecondNs);
       KeepSubject(tale);
       Pass(tale, kSecondNs);
       return tale;
     }},
    {"start failed, and ended while an orphan traces it", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       const Pid child = tale.stand.StartThatFails();
       const Pid tracer = tale.stand.kernel.Fork(kInit);
       tale.stand.kernel.Issue(tracer, calls::Ptrace(kernel::kPtraceSeize, child));
       tale.stand.Move(Cause::kOther, child);
       tale.stand.Make(child, calls::Exit(127));
       return tale;
     }},
    {"start failed, and a helper has its number", false,
     [](Hearer* hearer) {
       Tale tale = Begin(hearer);
       tale.stand.Make(tale.stand.StartThatFails(), calls::Exit(127));
       Init(tale, calls::Wait4(-1, kNoHang));
       tale.stand.kernel.SetNextPid(2);
       tale.stand.Fork();
       return tale;
     }},
    {"running", false, [](Hearer* hearer) { return Running(hearer); }},
    {"at rest", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       tale.stand.Wait();
       tale.rests = true;
       return tale;
     }},
    {"two signals taken", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       for (const int signal : {10, 34}) {
         tale.stand.Send(signal);
         Init(tale, calls::SigTimedWait(kAll, 0));
       }
       return tale;
     }},
    {"a traced process was told of", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       Trace(tale);
       Init(tale, calls::Wait4(-1, kNoHang));
       return tale;
     }},
    {"two orphans were reaped", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       for (int i = 0; i < 2; ++i) tale.stand.Exit(tale.stand.kernel.Fork(kInit), 1);
       for (int i = 0; i < 2; ++i) Init(tale, calls::Wait4(-1, kNoHang));
       return tale;
     }},
    {"the child is traced by an orphan", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       const Pid tracer = tale.stand.kernel.Fork(kInit);
       tale.stand.kernel.Issue(tracer, calls::Ptrace(kernel::kPtraceSeize, 2));
       tale.stand.Move(Cause::kOther, 2);
       return tale;
     }},
    {"the child's first thread ended, and another lives", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       tale.stand.kernel.StartThread(2);
       tale.stand.kernel.ExitThread(2, 1);
       tale.stand.Move(Cause::kOther, 2);
       return tale;
     }},
    {"ended with 0", false, [](Hearer* hearer) { return Ended(hearer, 0); }},
    {"ended with 1", false, [](Hearer* hearer) { return Ended(hearer, 1); }},
    {"helper forked", false,
     [](Hearer* hearer) {
       Tale tale = Ended(hearer, 0);
       Wake(tale, kInit);
       Init(tale, calls::Wait4(-1, kNoHang));
       Write(tale, kInit, "0\n");
       tale.stand.Fork();
       return tale;
     }},
    {"ended with 0, and a helper of before syncs and hangs", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       const Pid helper = tale.stand.Fork();
       tale.stand.Wait();
       tale.stand.Exit(2, 0);
       Wake(tale, kInit);
       Init(tale, calls::Wait4(-1, kNoHang));
       Write(tale, kInit, "0\n");
       Fail(tale, {.sync_hangs = true});
       Make(tale, helper, calls::Sync());
       return tale;
     }},
    {"done after 0", false, [](Hearer* hearer) { return Done(hearer, 0); }},
    {"done after 1", false, [](Hearer* hearer) { return Done(hearer, 1); }},
    {"restart refused", false,
     [](Hearer* hearer) {
       Tale tale = Done(hearer, 0);
       tale.stand.RefuseRestarts();
       tale.stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
       return tale;
     }},
    {"restart refused, and there is no console", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       Open(tale, kernel::Path::kNoConsole);
       tale.stand.Wait();
       tale.stand.Exit(2, 0);
       tale.stand.EndWell("");
       tale.stand.RefuseRestarts();
       tale.stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
       return tale;
     }},
    {"more helpers than there is room for", false,
     [](Hearer* hearer) {
       Tale tale = Running(hearer);
       tale.stand.Wait();
       tale.stand.Exit(2, 1);
       Wake(tale, kInit);
       Init(tale, calls::Wait4(-1, kNoHang));
       for (int i = 0; i < 7; ++i) tale.stand.Fork();
       return tale;
     }},
    {"container running", true,
     [](Hearer* hearer) { return Running(hearer, Profile::kContainer); }},
    {"container ended with 1", true,
     [](Hearer* hearer) {
       Tale tale = Running(hearer, Profile::kContainer);
       tale.stand.Wait();
       tale.stand.kernel.Exit(tale.stand.kernel.Fork(kInit), 0);
       tale.stand.Exit(2, 1);
       return tale;
     }},
    // Of one that sends no SIGCHLD no plain wait tells.
    {"container ended, and nobody is found", true,
     [](Hearer* hearer) {
       Tale tale = Running(hearer, Profile::kContainer);
       tale.stand.kernel.Exit(tale.stand.Make(kInit, calls::Fork(0, 0)).value, 0);
       tale.stand.Wait();
       tale.stand.Exit(2, 1);
       Wake(tale, kInit);
       for (int i = 0; i < 2; ++i) Init(tale, calls::Wait4(-1, kNoHang));
       return tale;
     }},
};

}  // namespace

uint64_t Tale::Key() const {
  constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;
  uint64_t key = stand.kernel.Fingerprint() * kPrime ^ stand.judge.Hash(stand.kernel.now_ns());
  key = (key ^ key >> 29) * kPrime ^ static_cast<uint64_t>(of_container) << 1 ^ (rests ? 1 : 0);
  return (key ^ key >> 32) * kPrime;
}

std::span<const Opening> Openings() { return kOpenings; }
std::span<const Letter> Letters() { return kLetters; }

bool Happen(const Letter& letter, Tale& tale) {
  if (tale.stand.kernel.ending() != kernel::Ending::kNone || tale.stand.judge.stopped())
    return false;
  if (!letter.happen(tale)) return false;
  if (!tale.rests && tale.stand.kernel.AtRest() && !tale.stand.judge.stopped()) {
    tale.stand.Rest();
    tale.rests = true;
  }
  return true;
}

}  // namespace minit::proptest
