// Worker: a process behind the fence (fence.h) that runs a function, for code that has a subject in
// its own memory (in_process_rig.h): what that does to it, it does to this process alone.
//
//   Worker worker([&](const Worker::Link& link) { … link.Send(report); });
//   while (const auto message = worker.Next(1s)) …
//
// Invariants
//   1. It is process 1 of a PID namespace and dies with the thread that made it.
//   2. Messages come whole and in order. What it had said before it died is not lost.
//   3. The function runs behind the fence, or not at all.
// Held by in_process_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_WORKER_H_
#define MINIT_HARNESS_RIG_WORKER_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/rig/cannot_run.h"

namespace minit::rig {

class Worker {
 public:
  // The worker's end.
  class Link {
   public:
    explicit Link(int fd) : fd_(fd) {}
    // Waits while the other end does not listen.
    void Send(std::string_view message) const { Send(kMessage, message); }
    // Waits until the other end says so: see Go. False: it never will.
    bool Wait() const;

   private:
    friend class Worker;
    void Send(uint32_t kind, std::string_view text) const;
    int fd_;
  };
  using Body = std::function<void(const Link&)>;

  // Throws CannotRun if there can be no fence, or no namespaces. The caller must have no other
  // threads. What `body` throws, a CannotRun too, comes out of Next() as a CannotRun.
  explicit Worker(const Body& body);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // The next message. Nothing: none came in that time, or it has ended().
  std::optional<std::string> Next(std::chrono::milliseconds timeout);

  // Lets one Wait of the worker's end return. No effect if it has ended.
  void Go();

  void Kill();
  bool ended() const { return pid_ <= 0; }
  // Once it has: the raw wait status, and that in words ("exited 0", "was killed by SIGSYS").
  int status() const { return status_; }
  std::string HowItEnded() const;

 private:
  static constexpr uint32_t kMessage = 0x4d534731;  // told from what a stray write would say
  static constexpr uint32_t kReady = 0x4d534732;
  static constexpr uint32_t kProblem = 0x4d534733;
  struct Frame {
    uint32_t kind;
    uint32_t size;
  };

  std::optional<std::pair<uint32_t, std::string>> Take();
  bool Listen(std::chrono::milliseconds timeout);
  void WaitForEnd();

  pid_t pid_ = -1;
  int fd_ = -1;
  int status_ = 0;
  std::string heard_;  // and not yet taken
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_WORKER_H_
