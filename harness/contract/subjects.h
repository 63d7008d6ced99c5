// Inits written by hand against the kernel model, to judge the judge by.
//
// Faultless ones of different construction show that it holds inits to the contract and not to one
// way of writing them. Each fault turns a faultless one into one that breaks a single rule; most are
// taken from reports of real inits.
#ifndef MINIT_HARNESS_CONTRACT_SUBJECTS_H_
#define MINIT_HARNESS_CONTRACT_SUBJECTS_H_

#include <cstdint>

#include "harness/rig/subject.h"

namespace minit::contract {

enum class Fault : uint8_t {
  kNone,
  // 1 reaps-at-rest
  kReapsOnceASignal,
  kReapsOnlyItsChild,
  kSleepsOutTheDelay,
  // 2 forwards-every-signal
  kLeavesOut34,
  kForksWithoutWaiting,
  kDropsUsr1,
  kSendsTwice,
  kSendsToTheProcess,
  kSendsInterruptForTerm,
  // 3 forwards-in-order
  kSendsBackwards,
  kSendsHangUpLast,
  // 4 signals-nobody-else
  kKillsEveryoneAtTheEnd,
  kForwardsAfterTheReap,
  kForwardsChildSignals,
  // 5 starts-child-clean
  kLeavesItsSession,
  kLeavesItsMask,
  kLeavesIgnored,
  kLeaksDescriptor,
  kClosesStream,
  kPassesOtherArguments,
  kPassesOtherEnvironment,
  kStartsAnotherProgram,
  kTakesTerminal,
  kStartsTwice,
  kStartsLate,
  // 6 ends-only-with-child
  kTakesOrphanForChild,
  kTakesStopForEnd,
  kEndsOnTerm,
  // 7 reports-status
  kReportsCodeAlone,
  kReportsNothing,
  kNamesNoPath,
  // 8 syncs-first
  kNeverSyncs,
  kSyncsLate,
  kDoesNotAwaitSync,
  // 9 waits-out-the-delay
  kWaitsAfterSuccess,
  kWaitsTooShort,
  // 10 always-restarts
  kPowersOff,
  kGivesUp,
  kRetriesAtOnce,
  kNeverRestarts,
  kWaitsTooLong,
  kRestartsWithoutMagic,
  // 11 never-exits
  kExitsWithoutFork,
  kExitsAtTheEnd,
  // 12 frees-the-traced
  kLeavesTraced,
  kContinuesTraced,
  kDropsTheSignal,
  // 13 keeps-to-its-calls
  kMakesAnotherCall,
  kWaitsInWait,
  // 14 exits-with-status
  kExitsWithZero,
  kExitsWithCodeAlone,
  kExitsBeforeReaping,
  kRestsBeforeExit,
  // 15 comes-to-rest
  kSpins,
  kIsBusy,
  kWakesTooOften,
};

// Machine profile.
rig::Script<> SigTimedWaitInit(Fault fault = Fault::kNone);  // all blocked, vfork
rig::Script<> SignalFdInit(bool epoll);                      // signalfd, non-blocking, and poll
rig::Script<> SigSuspendInit();                              // handlers, blocked but in sigsuspend
rig::Script<> WaitIdInit();  // handlers forward while init waits without bound in waitid

// Machine profile, with ways that are rare.
rig::Script<> ManyForksInit();  // helpers before the child and after it, before anybody calls exec
// Waits in a read, and once reads 600 times from where there is nothing: how often that is counted
// depends on `flags`; with kernel::kReadMore it is faultless.
rig::Script<> ReadInit(uint32_t flags);
rig::Script<> LateDetachInit();           // lets go at its second stop of who has stopped
rig::Script<> ReapByIdInit();             // reaps with waitid, and has stops told
rig::Script<> OtherCallInit(int number);  // makes a call that the model has no name for

// Container profile.
rig::Script<> TimedInit(Fault fault = Fault::kNone);  // as tini: own group, child alone, a second
rig::Script<> SessionInit();                          // as dumb-init: own session, its group

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_SUBJECTS_H_
