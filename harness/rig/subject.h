// Subjects written by hand: an init as a coroutine, which reads like the C that it would be.
//
//   Script<> Child() {
//     co_await calls::SetSid();
//     co_await calls::SigProcMask(kMaskSet, 0);
//     co_await calls::Exec();
//     co_await calls::Exit(127);
//   }
//   Script<> Init() {
//     co_await calls::SigProcMask(kMaskSet, kAllSignals);
//     const Pid child = co_await Fork(Child(), kCloneVfork);
//     for (;;) {
//       const Result taken = co_await calls::SigTimedWait(kAllSignals);
//       ...
//     }
//   }
//   ScriptedInit init(Init());
//   Play(runner, init);
//
// co_await takes
//   a kernel::Call       and gives its kernel::Result
//   Fork(body, flags)    and gives the number, or -errno, to the parent; the newborn runs `body`
//   Say(text, fd)        a write, and gives its Result
//   Handle(signal, …)    installs a handler, itself a script, and gives the Result of sigaction
//   a Script<T>          runs it to its end, as a function of the same process, and gives its T
//
// The end of the outermost script is exit(0). A script is a coroutine: what it takes by reference has
// to outlive it, and a lambda with captures must not be one. For tests: it allocates, and is not
// copied. Processes share variables that their scripts share, which real ones would not.
//
// Held by subject_test.cc.

#ifndef MINIT_HARNESS_RIG_SUBJECT_H_
#define MINIT_HARNESS_RIG_SUBJECT_H_

#include <array>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/stage.h"

namespace minit::rig {

template <typename T = void>
class Script;

using Handler = std::function<Script<>(int signal)>;

// What a script asks for, beside plain calls.
struct ForkRequest;
struct SayRequest {
  std::string text;
  int16_t fd;
};
struct HandleRequest {
  int signal;
  Handler handler;
  uint32_t flags;
  uint64_t mask;
};

inline SayRequest Say(std::string text, int16_t fd = 2) { return {std::move(text), fd}; }
// `mask`: blocked in the handler, beside the signal itself. `flags`: kernel::kSa….
inline HandleRequest Handle(int signal, Handler handler, uint32_t flags = 0, uint64_t mask = 0) {
  return {signal, std::move(handler), flags, mask};
}

namespace internal {

// One process of the subject, as its scripts see it.
struct Process {
  // A script and, above it, the handlers that interrupted it.
  struct Frame;
  struct Disposition {
    Handler handler;
    uint64_t mask = 0;
  };

  uint32_t id = 0;  // of the fork that made it; see ScriptedInit
  std::vector<Frame> frames;
  std::map<int, Disposition> handlers;

  // Between a script that asks and the rig that answers.
  std::coroutine_handle<> asking;
  kernel::Call call;
  std::string text;
  std::function<Script<>()> body;  // for kFork
  kernel::Result result;
};

struct PromiseBase {
  Process* process = nullptr;
  std::coroutine_handle<> caller;  // the script that waits for this one

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() { std::terminate(); }

  struct ReturnToCaller {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      const std::coroutine_handle<> waiting = done.promise().caller;
      return waiting ? waiting : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  ReturnToCaller final_suspend() noexcept { return {}; }

  struct Ask {
    Process* process;
    kernel::Call call;
    std::string text;
    std::function<Script<>()> body;

    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> asking) {
      // The analyzer does not follow a value from await_transform into the coroutine.
      process->asking = asking;  // NOLINT(clang-analyzer-core.CallAndMessage)
      process->call = call;
      process->text = std::move(text);
      process->body = std::move(body);
    }
    kernel::Result await_resume() { return process->result; }
  };
  struct AskForNumber : Ask {
    kernel::Pid await_resume() { return process->result.value; }
  };
  template <typename T>
  struct RunScript {
    Process* process;
    Script<T> script;

    bool await_ready() { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting);
    T await_resume();
  };

  Ask await_transform(const kernel::Call& call) { return {process, call, {}, {}}; }
  Ask await_transform(SayRequest say) {
    return {process,
            kernel::calls::Write(say.fd, static_cast<int>(say.text.size())),
            std::move(say.text),
            {}};
  }
  Ask await_transform(HandleRequest request) {
    process->handlers[request.signal] = {std::move(request.handler), request.mask};
    return {process,
            kernel::calls::SigAction(request.signal, kernel::kSigHandler, request.flags),
            {},
            {}};
  }
  AskForNumber await_transform(ForkRequest fork);
  template <typename T>
  RunScript<T> await_transform(Script<T> script) {
    return {process, std::move(script)};
  }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Script<T> get_return_object();
  void return_value(T result) { value = std::move(result); }
};
template <>
struct Promise<void> : PromiseBase {
  Script<void> get_return_object();
  void return_void() {}
};

}  // namespace internal

// A coroutine that makes system calls and ends with a T. Owns its frame; moved, not copied.
template <typename T>
class [[nodiscard]] Script {
 public:
  using promise_type = internal::Promise<T>;

  explicit Script(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Script(Script&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Script& operator=(Script&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Script() {
    if (handle_) handle_.destroy();
  }

  std::coroutine_handle<promise_type> handle() const { return handle_; }

 private:
  std::coroutine_handle<promise_type> handle_;
};

struct ForkRequest {
  Script<> body;
  uint32_t flags;
};
inline ForkRequest Fork(Script<> body, uint32_t flags = 0) { return {std::move(body), flags}; }

namespace internal {

struct Process::Frame {
  enum class Next : uint8_t { kResume, kMakeAgain };

  Script<> script;
  Next next = Next::kResume;
  uint64_t mask_after = 0;  // of a handler
  // Of the script, while handlers stand above it.
  std::coroutine_handle<> asking{};
  kernel::Call call{};
  std::string text{};
  std::function<Script<>()> body{};
  kernel::Result result{};
};

inline PromiseBase::AskForNumber PromiseBase::await_transform(ForkRequest fork) {
  // A std::function wants to copy what it holds: hence the shared owner.
  auto body = std::make_shared<Script<>>(std::move(fork.body));
  return {{process, kernel::calls::Fork(fork.flags), {}, [body] { return std::move(*body); }}};
}

template <typename T>
std::coroutine_handle<> PromiseBase::RunScript<T>::await_suspend(std::coroutine_handle<> waiting) {
  script.handle().promise().process = process;
  script.handle().promise().caller = waiting;
  return script.handle();
}
template <typename T>
T PromiseBase::RunScript<T>::await_resume() {
  if constexpr (!std::is_void_v<T>) return std::move(*script.handle().promise().value);
}

template <typename T>
Script<T> Promise<T>::get_return_object() {
  return Script<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Script<void> Promise<void>::get_return_object() {
  return Script<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace internal

// An init made of scripts, as a subject.
class ScriptedInit {
 public:
  explicit ScriptedInit(Script<> init);

  // Plays on to the end of the run; see Play.
  template <typename R>
  void PlayOn(R& runner);

 private:
  using Process = internal::Process;
  using Frame = Process::Frame;
  struct Newborn {
    std::function<Script<>()> body;
    std::map<int, Process::Disposition> handlers;
  };

  Process& Find(kernel::Pid pid, kernel::Kernel& kernel);
  // Takes what a turn says. True: it was a handler, which `blocked` says how to enter.
  bool Learn(Process& process, const Turn& turn, uint64_t* blocked);
  // Runs the process up to its next call. False: a handler is over, with `mask` to be put back.
  bool RunOn(Process& process, uint64_t* mask);
  void Push(Process& process, Script<> script, uint64_t mask_after);
  void Pop(Process& process);

  std::map<kernel::Pid, Process> processes_;
  std::vector<Newborn> newborns_;  // by id
};

template <typename R>
void ScriptedInit::PlayOn(R& runner) {
  while (const Turn* turn = runner.Next()) {
    const kernel::Pid pid = turn->pid;
    Process& process = Find(pid, runner.kernel());
    uint64_t mask = 0;
    if (Learn(process, *turn, &mask)) {
      runner.EnterHandler(mask);
    } else if (!RunOn(process, &mask)) {
      runner.LeaveHandler(mask);
    } else {
      if (process.call.kind == kernel::CallKind::kFork && process.body) {
        newborns_.push_back({std::move(process.body), process.handlers});
        // A newborn finds the number of its fork in the lower half of the word that it inherits.
        runner.kernel().SetMemory(pid, uint64_t{process.id} << 32 | (newborns_.size() - 1));
      }
      runner.Call(process.call, process.text);
    }
  }
}

template <typename R>
void Play(R& runner, ScriptedInit& init) {
  init.PlayOn(runner);
}

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_SUBJECT_H_
