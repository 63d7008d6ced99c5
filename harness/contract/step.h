// Step: one line of a trace, as a rig tells it to the judge and to whoever prints time lines.
//
// A trace is everything that happened in one run, in order: calls of init and of its processes before
// exec, what the world did to them, and the moments at which init came to rest. A rig tells each step
// as it is taken; beside the step goes the kernel model as it is *after* the step, and of that an
// observer may ask anything that changes nothing.
#ifndef MINIT_HARNESS_CONTRACT_STEP_H_
#define MINIT_HARNESS_CONTRACT_STEP_H_

#include <cstdint>
#include <string_view>

#include "harness/kernel/call.h"
#include "harness/kernel/kernel.h"

namespace minit::contract {

// What the world did: the closed list of causes that a break can have (CONTRACT: facts).
enum class Cause : uint8_t {
  kNone,
  kExit,          // a process exited by itself
  kKill,          // a process died of a signal, without a core dump
  kCore,          // … with one
  kUntracedStop,  // a stop signal took effect, nobody traces
  kTracedStop,    // a stop for a tracer
  kContinue,      // a SIGCONT
  kSignal,        // `signal` was sent to `pid`
  kFault,         // a fault began or healed
  kOther,         // anything else: fork, setsid, time, …
};

struct Step {
  enum class Kind : uint8_t {
    kEntered,  // init begins; the first step. `pid` is init
    kCalls,    // `pid`, which runs init's code, makes `call`; what the world does before it takes
               // effect comes between this and the next
    kReturns,  // … which ended with `result` (State kDone or kGone), at once or after blocking
    kBlocks,   // … which blocks
    kHandler,  // `pid` enters the handler of `signal`; `owed` as in kernel::Step
    kHandled,  // … and leaves it
    kMove,    // the world made a move: `cause`, `pid` (0: nobody in particular), `signal` (or code)
    kTime,    // the clock went on while nobody ran; the new time is the kernel's
    kSpins,   // `pid` runs on and makes no call, or makes calls without end: the rig ends the run
    kRest,    // init is at rest: told once each time it comes to rest, before the next move
    kFinale,  // the scenario's moves are over; the world now brings the run to its end
    kOver,    // the run is over: init ended, or the time of the finale is up. The last step
  };

  Kind kind = Kind::kEntered;
  bool by_init = false;     // `pid` is init itself, not a process that it forked
  bool visible = false;     // kCalls, kReturns, kBlocks: `call` is a visible one
  bool to_console = false;  // kCalls, kReturns, kBlocks of a write: it goes to the console
  bool owed = false;        // kHandler
  uint8_t signal = 0;
  Cause cause = Cause::kNone;
  kernel::Pid pid = 0;
  kernel::Call call{};
  kernel::Result result{};
  // kCalls of a write to the console by a process of init: what is written. Valid during the telling.
  std::string_view text{};
};

}  // namespace minit::contract

#endif  // MINIT_HARNESS_CONTRACT_STEP_H_
