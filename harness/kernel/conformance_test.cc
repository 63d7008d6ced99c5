// The same little story told in the model and in a PID namespace of the running kernel: what is seen
// in one must be seen in the other. So the model is held to the kernel, not only to its own tests.
//
// In the real world every process is a puppet that reads calls from a socket, makes them and answers.
// The test sits outside the namespace. Nothing waits for luck: what takes time (a death, a stop, a
// call that blocks) is looked for in /proc until it is there, at most for kPatience.
//
// Where no PID namespace can be made, the tests are skipped and say so.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "harness/kernel/kernel.h"

namespace minit::kernel {
namespace {

using namespace calls;  // NOLINT: the vocabulary of every line below

constexpr std::chrono::seconds kPatience{5};
constexpr uint64_t kMillisecond = 1'000'000;

class World {
 public:
  virtual ~World() = default;
  // A call that returns at once.
  virtual Result Do(Pid who, const Call& call) = 0;
  // A call that blocks, and later its end; or one that never returns.
  virtual void Start(Pid who, const Call& call) = 0;
  virtual Result Finish(Pid who) = 0;
  virtual Pid Fork(Pid who, uint32_t flags = 0, int exit_signal = kSigChld) = 0;
  virtual Pid StartThread(Pid who) = 0;
  virtual void ExitThread(Pid who, int code) = 0;
  virtual void Exit(Pid who, int code) = 0;
  virtual void SendFromOutside(Pid to, int signal) = 0;
  virtual void SetNextPid(Pid pid) = 0;
  // R (or sleeping), T, t, Z or - (gone); once it is `expected`, or not for kPatience.
  virtual char State(Pid pid, char expected) = 0;
  // Raw status with which init ended.
  virtual int InitStatus() = 0;

  // What was seen, for comparing.
  void Note(const std::string& what, long value) {
    seen += what + " " + std::to_string(value) + "\n";
  }
  void NoteState(Pid pid, char expected) {
    seen += "state of " + std::to_string(pid) + " " + State(pid, expected) + "\n";
  }
  Result NoteCall(Pid who, const Call& call) {
    const Result result = Do(who, call);
    NoteResult(call, result);
    return result;
  }
  void NoteResult(const Call& call, const Result& result) {
    seen += std::string(CallName(call.kind)) + " = " + std::to_string(result.value) + " pid " +
            std::to_string(result.pid) + " code " + std::to_string(result.code) + " status " +
            std::to_string(result.status) + "\n";
  }
  void NoteTaken() {
    for (Result taken; (taken = Do(kInit, SigTimedWait(kAllSignals, 0))).value > 0;) {
      Note("taken", taken.value);
      if (taken.value != kSigChld || taken.pid == 0) continue;
      Note("of", taken.pid);
      Note("code", taken.code);
      Note("status", taken.status);
    }
  }
  void NoteReaped(uint32_t flags = 0) {
    while (NoteCall(kInit, Wait4(-1, kWaitNoHang | flags)).value > 0) {
    }
  }
  void BlockAll(Pid who) { Do(who, SigProcMask(kMaskSet, kAllSignals)); }

  int16_t pidfd = -1;  // of the last fork with one
  std::string seen;
};

// --- The model -----------------------------------------------------------------------------------

class ModelWorld : public World {
 public:
  explicit ModelWorld(uint32_t queue_limit)
      : kernel_({.signal_queue_limit = queue_limit, .pid_namespace = true}) {}

  Result Do(Pid who, const Call& call) override {
    Result result = kernel_.Issue(who, call);
    const bool blocked = result.state == Result::State::kBlocked;
    if (blocked && call.kind == CallKind::kSleep)
      kernel_.AdvanceTo(kernel_.now_ns() + call.time_ns);
    if (blocked) result = Finish(who);
    if (call.kind == CallKind::kSigTimedWait && result.value == kSigChld && who == kInit) {
      const ChildNews& news = kernel_.NewsOfInit();
      result.pid = news.pid;
      result.code = news.code;
      result.status = news.status;
    }
    return result;
  }
  void Start(Pid who, const Call& call) override {
    call_ = call;
    EXPECT_NE(kernel_.Issue(who, call).state, Result::State::kDone) << "does not block";
  }
  Result Finish(Pid who) override {
    for (;;) {
      const Step step = kernel_.Resume(who);
      if (step.kind != Step::Kind::kHandler) {
        EXPECT_EQ(static_cast<int>(step.kind), static_cast<int>(Step::Kind::kReturns));
        return step.result;
      }
      kernel_.EnterHandler(who, SignalBit(step.signal));
      kernel_.LeaveHandler(who, step.mask);
      if (!step.restarts) return step.result;
      const Result again = kernel_.Issue(who, call_);
      if (again.state != Result::State::kBlocked) return again;
    }
  }
  Pid Fork(Pid who, uint32_t flags, int exit_signal) override {
    if (flags == 0 && exit_signal == kSigChld) return kernel_.Fork(who);
    const Result forked = kernel_.Issue(who, calls::Fork(flags, exit_signal));
    const Pid pid = forked.value;
    pidfd = static_cast<int16_t>(forked.status);
    kernel_.Resume(pid);  // returns from the fork, if it can run
    return pid;
  }
  Pid StartThread(Pid who) override { return kernel_.StartThread(who); }
  void ExitThread(Pid who, int code) override { kernel_.ExitThread(who, code); }
  void Exit(Pid who, int code) override { kernel_.Exit(who, code); }
  void SendFromOutside(Pid to, int signal) override { kernel_.SendFromAncestor(to, signal); }
  void SetNextPid(Pid pid) override { kernel_.SetNextPid(pid); }
  char State(Pid pid, char) override {
    if (!kernel_.Exists(pid) || kernel_.ending() != Ending::kNone) return '-';
    switch (kernel_.Look(pid).activity) {
      case Activity::kZombie:
        return 'Z';
      case Activity::kStopped:
        return 'T';
      case Activity::kTraced:
        return 't';
      default:
        return 'R';
    }
  }
  int InitStatus() override { return kernel_.ending_status(); }

  // Init and what it forks are subjects, whose handlers would wait for a rig.
  void RunHandlers(Pid pid) {
    for (Step step; (step = kernel_.Resume(pid)).kind == Step::Kind::kHandler;) {
      kernel_.EnterHandler(pid, SignalBit(step.signal));
      kernel_.LeaveHandler(pid, step.mask);
    }
  }
  const Kernel& kernel() const { return kernel_; }

 private:
  ScenarioKernel kernel_;
  Call call_;
};

// --- A puppet, inside the namespace: no libc that keeps state, one order after the other ----------

struct Order {
  enum class Kind : uint8_t { kCall, kStartThread, kExitThread, kSetNextPid };
  Kind kind = Kind::kCall;
  Call call;
};

// A terminal for the puppets: one end of a pseudo-terminal whose other end the test holds.
char terminal_path[64];

void Obey(int socket);

void OnSignal(int) {}

void Answer(int socket, const Result& result, int passed = -1) {
  Result copy = result;
  iovec data{&copy, sizeof(copy)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (passed >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &passed, sizeof(int));
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

Result Raw(long value) { return {.value = static_cast<int32_t>(value < 0 ? -errno : value)}; }

timespec Time(uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

uint64_t Nanoseconds(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

void ForkPuppet(int socket, const Call& call) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
  int pidfd = 0;
  const long pid = syscall(SYS_clone, call.flags | static_cast<uint32_t>(call.signal), 0,
                           (call.flags & kClonePidFd) != 0 ? &pidfd : nullptr, 0, 0);
  if (pid == 0) {
    close(socket);
    close(ends[1]);
    Obey(ends[0]);
  }
  Result result = Raw(pid);
  result.status = pidfd;
  close(ends[0]);
  Answer(socket, result, ends[1]);
  close(ends[1]);
}

int ObeyAsThread(void* socket) {
  Obey(static_cast<int>(reinterpret_cast<intptr_t>(socket)));
  return 0;
}

void StartPuppetThread(int socket) {
  alignas(16) static char stacks[4][1 << 16];
  static int next = 0;
  int ends[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
  const int thread =
      clone(ObeyAsThread, stacks[next] + sizeof(stacks[0]),
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
            reinterpret_cast<void*>(static_cast<intptr_t>(ends[0])));
  ++next;
  Answer(socket, Raw(thread), ends[1]);
  close(ends[1]);
}

Result Wait(const Call& call) {
  if (call.kind == CallKind::kWait4) {
    int status = 0;
    Result result =
        Raw(syscall(SYS_wait4, call.pid, &status, static_cast<int>(call.flags), nullptr));
    if (result.value > 0) result.status = status;
    return result;
  }
  siginfo_t info{};
  Result result =
      Raw(syscall(SYS_waitid, call.value, call.pid, &info, static_cast<int>(call.flags), nullptr));
  result.pid = info.si_pid;
  result.code = static_cast<uint8_t>(info.si_code);
  result.status = info.si_status;
  return result;
}

Result OnSignals(const Call& call) {
  const timespec time = Time(call.time_ns);
  switch (call.kind) {
    case CallKind::kSigProcMask:
      return Raw(syscall(SYS_rt_sigprocmask, call.value, &call.set, nullptr, 8));
    case CallKind::kSigAction: {
      struct sigaction action{};
      action.sa_handler = call.value == kSigIgn   ? SIG_IGN
                          : call.value == kSigDfl ? SIG_DFL
                                                  : OnSignal;
      action.sa_flags = static_cast<int>(call.flags);
      return Raw(sigaction(call.signal, &action, nullptr));
    }
    case CallKind::kSigTimedWait: {
      siginfo_t info{};
      Result result = Raw(syscall(SYS_rt_sigtimedwait, &call.set, &info,
                                  call.time_ns == kForever ? nullptr : &time, 8));
      if (result.value != SIGCHLD || info.si_code <= 0) return result;
      result.pid = info.si_pid;
      result.code = static_cast<uint8_t>(info.si_code);
      result.status = info.si_status;
      return result;
    }
    case CallKind::kKill:
      return Raw(kill(call.pid, call.signal));
    case CallKind::kThreadKill:
      return Raw(syscall(SYS_tgkill, call.pid, call.value, call.signal));
    case CallKind::kSigQueue: {
      siginfo_t info{};
      info.si_code = SI_QUEUE;
      return Raw(syscall(SYS_rt_sigqueueinfo, call.pid, call.signal, &info));
    }
    default:
      return Raw(syscall(SYS_pidfd_send_signal, call.fd, call.signal, nullptr, call.flags));
  }
}

Result SetTimer(const Call& call) {
  const itimerspec timer{Time(call.set), Time(call.time_ns)};
  itimerspec old{};
  Result result;
  if (call.kind == CallKind::kTimerFdSet) {
    result = Raw(timerfd_settime(call.fd, static_cast<int>(call.flags), &timer, &old));
  } else {
    itimerval alarm{};
    itimerval old_alarm{};
    TIMESPEC_TO_TIMEVAL(&alarm.it_interval, &timer.it_interval);
    TIMESPEC_TO_TIMEVAL(&alarm.it_value, &timer.it_value);
    result = Raw(setitimer(ITIMER_REAL, &alarm, &old_alarm));
    TIMEVAL_TO_TIMESPEC(&old_alarm.it_interval, &old.it_interval);
    TIMEVAL_TO_TIMESPEC(&old_alarm.it_value, &old.it_value);
  }
  result.set = Nanoseconds(old.it_interval);
  result.time_ns = Nanoseconds(old.it_value);
  return result;
}

Result OpenPair(const Call& call) {
  const auto flags = static_cast<int>(call.flags & ~kPipeOfSockets);
  int ends[2];
  Result result =
      Raw((call.flags & kPipeOfSockets) != 0 ? socketpair(AF_UNIX, SOCK_STREAM | flags, 0, ends)
                                             : pipe2(ends, flags));
  if (result.value != 0) return result;
  return {.value = ends[0], .status = ends[1]};
}

Result ReadOrWrite(const Call& call) {
  std::vector<char> bytes(static_cast<std::size_t>(call.value));
  if (call.kind == CallKind::kRead) {
    Result result = Raw(read(call.fd, bytes.data(), bytes.size()));
    if (result.value == sizeof result.set) memcpy(&result.set, bytes.data(), sizeof result.set);
    return result;
  }
  if (bytes.size() >= sizeof call.set) memcpy(bytes.data(), &call.set, sizeof call.set);
  if ((call.flags & kWriteNoSignal) != 0) {
    return Raw(send(call.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  return Raw(write(call.fd, bytes.data(), bytes.size()));
}

Result OnEpolls(const Call& call) {
  if (call.kind == CallKind::kEpollCreate) return Raw(epoll_create1(0));
  if (call.kind == CallKind::kEpollControl) {
    const auto with = [&call](uint32_t flag, uint32_t event) {
      return (call.flags & flag) != 0 ? event : 0;
    };
    epoll_event event{};
    event.events = with(kEpollEdge, EPOLLET) | with(kEpollOnce, EPOLLONESHOT) |
                   ((call.flags & kEpollNever) != 0 ? 0 : +EPOLLIN);
    event.data.fd = call.value;
    const int what = (call.flags & kEpollAdd) != 0      ? EPOLL_CTL_ADD
                     : (call.flags & kEpollModify) != 0 ? EPOLL_CTL_MOD
                                                        : EPOLL_CTL_DEL;
    return Raw(epoll_ctl(call.fd, what, call.value, &event));
  }
  epoll_event events[8];
  const int timeout = call.time_ns == kForever ? -1 : static_cast<int>(call.time_ns / 1'000'000);
  Result result = Raw(epoll_wait(call.fd, events, call.value == 0 ? 8 : call.value, timeout));
  for (int i = 0; i < result.value; ++i) result.set |= uint64_t{1} << events[i].data.fd;
  return result;
}

Result OnDescriptors(const Call& call) {
  switch (call.kind) {
    case CallKind::kPidFdOpen:
      return Raw(syscall(SYS_pidfd_open, call.pid, 0));
    case CallKind::kPipe:
      return OpenPair(call);
    case CallKind::kEventFd:
      return Raw(eventfd(static_cast<unsigned>(call.set), static_cast<int>(call.flags)));
    case CallKind::kSignalFd:
      return Raw(syscall(SYS_signalfd4, call.fd, &call.set, sizeof call.set, call.flags));
    case CallKind::kRead:
    case CallKind::kWrite:
      return ReadOrWrite(call);
    case CallKind::kClose:
      return Raw(close(call.fd));
    case CallKind::kDup:
      return Raw(call.value == -1 ? dup(call.fd) : dup2(call.fd, call.value));
    case CallKind::kPoll: {
      pollfd one{call.fd, POLLIN, 0};
      return Raw(poll(&one, 1, static_cast<int>(call.time_ns / 1'000'000)));
    }
    case CallKind::kEpollCreate:
    case CallKind::kEpollControl:
    case CallKind::kEpollWait:
      return OnEpolls(call);
    case CallKind::kTimerFdSet:
      return SetTimer(call);
    case CallKind::kTimerFdCreate:
      return Raw(timerfd_create(CLOCK_MONOTONIC, static_cast<int>(call.flags)));
    case CallKind::kSetNonBlock:
      return Raw(fcntl(call.fd, F_SETFL, call.value != 0 ? O_NONBLOCK : 0));
    case CallKind::kOpen:
      return Raw(open(terminal_path, O_RDWR | O_CLOEXEC | static_cast<int>(call.flags)));
    case CallKind::kTerminal: {
      Pid group = call.pid;
      Result result = Raw(ioctl(call.fd, static_cast<unsigned long>(call.value), &group));
      const bool asks = call.value == kTerminalForeground || call.value == kTerminalSession;
      if (asks && result.value == 0) result.pid = group;
      return result;
    }
    default:
      return {.value = -ENOSYS};
  }
}

Result Make(const Call& call) {
  const timespec time = Time(call.time_ns);
  switch (call.kind) {
    case CallKind::kSigProcMask:
    case CallKind::kSigAction:
    case CallKind::kSigTimedWait:
    case CallKind::kKill:
    case CallKind::kThreadKill:
    case CallKind::kSigQueue:
    case CallKind::kPidFdSendSignal:
      return OnSignals(call);
    case CallKind::kExit:
      return Raw(syscall(SYS_exit_group, call.value));
    case CallKind::kWait4:
    case CallKind::kWaitId:
      return Wait(call);
    case CallKind::kSleep:
      return Raw(syscall(SYS_nanosleep, &time, nullptr));
    case CallKind::kAlarm:
      return SetTimer(call);
    case CallKind::kPause:
      return Raw(pause());
    case CallKind::kSetSid:
      return Raw(setsid());
    case CallKind::kSetPgid:
      return Raw(setpgid(call.pid, call.value));
    case CallKind::kSubreaper:
      return Raw(prctl(PR_SET_CHILD_SUBREAPER, call.value));
    case CallKind::kPtrace:
      return Raw(syscall(SYS_ptrace, call.value, call.pid, 0, call.signal));
    case CallKind::kReboot:
      return Raw(
          syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, call.value, nullptr));
    case CallKind::kGetId:
      return Raw(call.value == kIdParent ? getppid() : getpid());
    default:
      return OnDescriptors(call);
  }
}

void Obey(int socket) {
  for (;;) {
    Order order;
    const ssize_t got = read(socket, &order, sizeof(order));
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof(order)) {
      syscall(SYS_exit_group, 99);
      return;
    }
    if (order.kind == Order::Kind::kStartThread) {
      StartPuppetThread(socket);
    } else if (order.kind == Order::Kind::kExitThread) {
      syscall(SYS_exit, order.call.value);
      return;
    } else if (order.kind == Order::Kind::kSetNextPid) {
      const std::string text = std::to_string(order.call.pid - 1);
      const int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
      const ssize_t put = write(file, text.data(), text.size());
      close(file);
      Answer(socket, Raw(put));
    } else if (order.call.kind == CallKind::kFork) {
      ForkPuppet(socket, order.call);
    } else {
      Answer(socket, Make(order.call));
    }
  }
}

// --- The real world, from outside ----------------------------------------------------------------

class RealWorld final : public World {
 public:
  explicit RealWorld(uint32_t queue_limit) {
    int ends[2];
    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
    const int flags = CLONE_NEWPID | SIGCHLD | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    terminal_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal_ >= 0 && unlockpt(terminal_) == 0) {
      ptsname_r(terminal_, terminal_path, sizeof(terminal_path));
    }
    init_ = static_cast<pid_t>(syscall(SYS_clone, flags, 0, 0, 0, 0));
    if (init_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (queue_limit == 0) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_SIGPENDING, &none);
      }
      close(ends[1]);
      Obey(ends[0]);
    }
    close(ends[0]);
    sockets_[kInit] = ends[1];
    outer_[kInit] = init_;
    if (Possible()) Do(kInit, SetSid());
  }
  ~RealWorld() override {
    if (Possible() && !reaped_) {
      kill(init_, SIGKILL);
      waitpid(init_, nullptr, 0);
    }
    for (const auto& [pid, socket] : sockets_) close(socket);
    close(terminal_);
  }
  bool Possible() const { return init_ > 0; }

  Result Do(Pid who, const Call& call) override {
    Give(who, {Order::Kind::kCall, call});
    return Finish(who);
  }
  // One whose answer may never come.
  void Ask(Pid who, const Call& call) { Give(who, {Order::Kind::kCall, call}); }
  void Start(Pid who, const Call& call) override {
    Give(who, {Order::Kind::kCall, call});
    EXPECT_TRUE(Await([&] { return IsInOtherCallThanRead(who) || StateNow(who) == 'Z'; }))
        << who << " does not block";
  }
  Result Finish(Pid who) override {
    Result result;
    const int passed = Receive(who, &result);
    if (passed >= 0) close(passed);
    return result;
  }
  Pid Fork(Pid who, uint32_t flags, int exit_signal) override {
    return Born(who, {Order::Kind::kCall, calls::Fork(flags, exit_signal)});
  }
  Pid StartThread(Pid who) override { return Born(who, {Order::Kind::kStartThread, {}}); }
  void ExitThread(Pid who, int code) override {
    Give(who, {Order::Kind::kExitThread, calls::Exit(code)});
    AwaitDeath(who);
  }
  void Exit(Pid who, int code) override {
    Give(who, {Order::Kind::kCall, calls::Exit(code)});
    AwaitDeath(who);
  }
  void SendFromOutside(Pid to, int signal) override { kill(outer_[to], signal); }
  void SetNextPid(Pid pid) override {
    Order order{Order::Kind::kSetNextPid, {}};
    order.call.pid = pid;
    Give(kInit, order);
    EXPECT_GT(Finish(kInit).value, 0) << "ns_last_pid can't be written";
  }
  char State(Pid pid, char expected) override {
    char state = '?';
    Await([&] { return (state = StateNow(pid)) == expected; });
    return state;
  }
  // Waits until a task is as the model has it. What it is, if that does not come about.
  std::string Awaited(Pid pid, const std::string& expected) {
    std::string found;
    Await([&] { return (found = Describe(pid)) == expected; });
    return found;
  }
  int InitStatus() override {
    int status = 0;
    waitpid(init_, &status, 0);
    reaped_ = true;
    return status;
  }

 private:
  template <typename Condition>
  static bool Await(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }
  void AwaitDeath(Pid who) {
    EXPECT_TRUE(Await([&] {
      const char state = StateNow(who);
      return state == 'Z' || state == '-';
    })) << who
        << " lives on";
  }
  void Give(Pid who, const Order& order) {
    EXPECT_EQ(write(sockets_[who], &order, sizeof(order)), static_cast<ssize_t>(sizeof(order)));
  }
  int Receive(Pid who, Result* result) {
    iovec data{result, sizeof(*result)};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    pollfd one{sockets_[who], POLLIN, 0};
    if (poll(&one, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1) {
      ADD_FAILURE() << who << " does not answer";
      return -1;
    }
    if (recvmsg(sockets_[who], &message, MSG_CMSG_CLOEXEC) <= 0) return -1;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    int passed = -1;
    if (header != nullptr) memcpy(&passed, CMSG_DATA(header), sizeof(int));
    return passed;
  }
  Pid Born(Pid who, const Order& order) {
    Give(who, order);
    Result result;
    const int socket = Receive(who, &result);
    if (result.value <= 0) {
      if (socket >= 0) close(socket);
      return result.value;
    }
    pidfd = static_cast<int16_t>(result.status);
    sockets_[result.value] = socket;
    outer_[result.value] = FindOuter(result.value);
    return result.value;
  }
  // The number, outside, of a process or thread of the namespace.
  pid_t FindOuter(Pid inner) const {
    const auto own = std::filesystem::read_symlink("/proc/" + std::to_string(init_) + "/ns/pid");
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::error_code error;
      if (std::filesystem::read_symlink(entry.path() / "ns/pid", error) != own) continue;
      for (const auto& task : std::filesystem::directory_iterator(entry.path() / "task", error)) {
        std::ifstream status(task.path() / "status");
        for (std::string line; std::getline(status, line);) {
          if (line.rfind("NSpid:", 0) != 0) continue;
          if (std::stoi(line.substr(line.find_last_of('\t') + 1)) == inner) {
            return std::stoi(task.path().filename());
          }
        }
      }
    }
    ADD_FAILURE() << inner << " is not to be found";
    return -1;
  }
  std::string Describe(Pid pid) {
    const char state = StateNow(pid);
    std::string text(1, state);
    if (state == '-' || state == 'Z') return text;
    std::ifstream status("/proc/" + std::to_string(outer_[pid]) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("SigPnd:", 0) == 0 || line.rfind("ShdPnd:", 0) == 0) {
        text += " " + line.substr(line.find('\t') + 1);
      }
    }
    return text;
  }
  char StateNow(Pid pid) {
    std::ifstream stat("/proc/" + std::to_string(outer_[pid]) + "/stat");
    std::string line;
    if (!std::getline(stat, line)) return '-';
    const char state = line[line.rfind(')') + 2];
    return state == 'S' || state == 'D' ? 'R' : state == 'X' ? '-' : state;
  }
  bool IsInOtherCallThanRead(Pid pid) {
    std::ifstream file("/proc/" + std::to_string(outer_[pid]) + "/syscall");
    std::string number;
    return (file >> number) && number != "running" && number != std::to_string(SYS_read) &&
           number != std::to_string(SYS_sendmsg);
  }

  pid_t init_ = -1;
  int terminal_ = -1;
  bool reaped_ = false;
  std::map<Pid, int> sockets_;
  std::map<Pid, pid_t> outer_;
};

using Story = void (*)(World&);

void Compare(Story story, uint32_t queue_limit = 1024) {
  RealWorld real(queue_limit);
  ASSERT_TRUE(real.Possible()) << "no PID namespace to be had: " << strerror(errno);
  ModelWorld model(queue_limit);
  story(model);
  story(real);
  EXPECT_EQ(real.seen, model.seen) << "the kernel (first) and the model (second) differ";
  EXPECT_FALSE(model.seen.empty());
}

Pid Child(World& world) {
  const Pid pid = world.Fork(kInit);
  world.Do(pid, SetSid());
  return pid;
}

// --- Stories, by the number of the fact ----------------------------------------------------------

TEST(Conformance, Fact1StandardSignalsCoalesceRealTimeOnesQueue) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    Pid pids[5];
    for (Pid& pid : pids) pid = world.Fork(kInit);
    for (const Pid pid : pids) world.Exit(pid, 0);
    for (int i = 0; i < 3; ++i) world.SendFromOutside(kInit, 40);
    world.NoteTaken();
    world.NoteReaped();
  });
}

TEST(Conformance, Fact2And8OrderOfTaking) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    for (const int signal : {64, 34, 15, 18, 1, 11, 31, 7}) world.SendFromOutside(kInit, signal);
    for (const int signal : {64, 1, 11}) world.Do(kInit, ThreadKill(kInit, kInit, signal));
    world.NoteTaken();
  });
}

TEST(Conformance, Fact3StopAndContinueDiscardEachOther) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    world.SendFromOutside(kInit, kSigTstp);
    world.SendFromOutside(kInit, kSigCont);
    world.NoteTaken();
    world.SendFromOutside(kInit, kSigCont);
    world.SendFromOutside(kInit, kSigTtou);
    world.NoteTaken();
  });
}

TEST(Conformance, Fact4NoRoomInTheQueue) {
  Compare(
      [](World& world) {
        world.BlockAll(kInit);
        const Pid child = Child(world);
        for (int i = 0; i < 2; ++i) world.NoteCall(child, Kill(kInit, 40));
        world.NoteCall(child, SigQueue(kInit, 41));
        world.NoteCall(child, SigQueue(kInit, kSigTerm));
        world.NoteCall(child, ThreadKill(kInit, kInit, 42));
        world.NoteCall(child, ThreadKill(kInit, kInit, kSigUsr1));
        world.Exit(child, 0);
        world.NoteTaken();
      },
      0);
}

TEST(Conformance, Fact5InitDropsWhatItLeavesAtDefault) {
  Compare([](World& world) {
    world.Do(kInit, SigProcMask(kMaskSet, SignalBit(kSigUsr1)));
    for (const int signal : {kSigTerm, kSigUsr1, kSigKill, kSigStop}) {
      world.NoteCall(kInit, Kill(kInit, signal));
    }
    world.SendFromOutside(kInit, kSigHup);
    world.NoteTaken();
    world.SendFromOutside(kInit, kSigStop);
    world.NoteState(kInit, 'T');
    world.SendFromOutside(kInit, kSigCont);
    world.NoteState(kInit, 'R');
    world.SendFromOutside(kInit, kSigKill);
    world.Note("init", world.InitStatus());
  });
}

TEST(Conformance, Fact7ChildrenOfOneWhoIgnoresThemVanish) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    world.Do(kInit, SigAction(kSigChld, kSigIgn));
    Pid child = Child(world);
    world.Start(kInit, Wait4(-1));
    world.Exit(child, 1);
    world.NoteResult(Wait4(-1), world.Finish(kInit));
    world.NoteState(child, '-');
    world.NoteTaken();
    world.Do(kInit, SigAction(kSigChld, kSigDfl, kSaNoChildWait));
    child = Child(world);
    world.Exit(child, 1);
    world.NoteState(child, '-');
    world.NoteReaped();
    world.NoteTaken();
  });
}

TEST(Conformance, Fact9WhatSettingADispositionFlushes) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    world.Do(kInit, SigAction(kSigTerm, kSigIgn));
    world.SendFromOutside(kInit, kSigTerm);
    world.SendFromOutside(kInit, kSigUsr1);
    world.Exit(Child(world), 0);
    world.Do(kInit, SigAction(kSigChld, kSigDfl));
    world.Do(kInit, SigAction(kSigUsr1, kSigDfl));
    world.NoteTaken();
    world.SendFromOutside(kInit, kSigTerm);
    world.Do(kInit, SigAction(kSigTerm, kSigIgn));
    world.NoteTaken();
    world.NoteReaped();
  });
}

TEST(Conformance, Fact10And18StopsAndContinues) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.NoteCall(kInit, Kill(child, kSigStop));
    world.NoteState(child, 'T');
    world.NoteTaken();
    world.NoteCall(kInit, Wait4(-1, kWaitNoHang));
    world.NoteCall(kInit, WaitId(kWaitForAny, 0, kWaitNoHang | kWaitUntraced | kWaitNoWait));
    world.NoteReaped(kWaitUntraced);
    world.NoteCall(kInit, Kill(child, kSigCont));
    // The child itself tells of it, once it has a processor.
    world.NoteCall(kInit, SigTimedWait(SignalBit(kSigChld), kForever));
    world.NoteState(child, 'R');
    world.NoteCall(kInit, Wait4(-1, kWaitContinued));
    world.NoteReaped(kWaitContinued);
    world.Do(kInit, SigAction(kSigChld, kSigDfl, kSaNoChildStop));
    world.NoteCall(kInit, Kill(child, kSigStop));
    world.NoteState(child, 'T');
    world.NoteTaken();
    world.NoteCall(kInit, WaitId(kWaitForPid, child, kWaitNoHang | kWaitUntraced));
  });
}

TEST(Conformance, Fact11StopAndContinueInterruptSomeCalls) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const auto epoll = static_cast<int16_t>(world.Do(kInit, EpollCreate()).value);
    for (const Call& call : {SigTimedWait(SignalBit(kSigUsr1)), EpollWait(epoll, kForever)}) {
      world.Start(kInit, call);
      world.SendFromOutside(kInit, kSigStop);
      world.NoteState(kInit, 'T');
      world.SendFromOutside(kInit, kSigCont);
      world.NoteResult(call, world.Finish(kInit));
    }
    world.NoteTaken();
  });
}

TEST(Conformance, Fact11HandlersInterruptOrRestart) {
  Compare([](World& world) {
    const Pid child = Child(world);
    for (const uint32_t flags : {0U, kSaRestart}) {
      world.Do(kInit, SigAction(kSigUsr1, kSigHandler, flags));
      const Call wait = Wait4(child, kWaitUntraced);
      world.Start(kInit, wait);
      world.SendFromOutside(kInit, kSigUsr1);
      if (flags == kSaRestart) world.Exit(child, 7);
      world.NoteResult(wait, world.Finish(kInit));
      world.Start(kInit, Pause());
      world.SendFromOutside(kInit, kSigUsr1);
      world.NoteResult(Pause(), world.Finish(kInit));
    }
  });
}

TEST(Conformance, Fact12StatusWords) {
  Compare([](World& world) {
    world.Exit(Child(world), 261);
    for (const int signal : {kSigKill, kSigTerm, kSigRtMax}) {
      const Pid pid = Child(world);
      world.NoteCall(kInit, Kill(pid, signal));
      world.NoteState(pid, 'Z');
    }
    world.NoteCall(kInit, WaitId(kWaitForAny, 0, kWaitExited | kWaitNoWait));
    world.NoteReaped();
  });
}

TEST(Conformance, Fact13TracedStops) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = world.Fork(kInit);
    world.Do(child, SigProcMask(kMaskSet, 0));
    world.NoteCall(child, Ptrace(kPtraceTraceMe));
    world.NoteCall(child, Ptrace(kPtraceTraceMe));
    world.SendFromOutside(child, kSigUsr1);
    world.NoteState(child, 't');
    world.NoteTaken();
    world.NoteReaped();
    world.NoteCall(kInit, Ptrace(kPtraceDetach, child, kSigUsr1));
    world.NoteState(child, 'Z');
    world.NoteReaped();
  });
}

TEST(Conformance, Fact14And15ADeadLeaderWithALiveThread) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    const Pid thread = world.StartThread(child);
    world.Note("thread", thread);
    world.ExitThread(child, 9);
    world.NoteState(child, 'Z');
    world.NoteCall(kInit, Kill(child, 0));
    world.NoteReaped();
    world.NoteTaken();
    world.ExitThread(thread, 0);
    world.NoteTaken();
    world.NoteReaped();
  });
}

TEST(Conformance, Fact16ExitSignals) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.BlockAll(child);
    const Pid quiet = world.Fork(child, 0, 0);
    world.Exit(quiet, 4);
    world.NoteCall(child, Wait4(-1, kWaitNoHang));
    world.NoteCall(child, SigTimedWait(kAllSignals, 0));
    world.NoteCall(child, WaitId(kWaitForAny, 0, kWaitExited | kWaitNoWait | kWaitAll));
    world.NoteCall(child, WaitId(kWaitForAny, 0, kWaitExited | kWaitNoWait | kWaitClone));
    world.Exit(child, 0);
    world.NoteReaped();
  });
}

TEST(Conformance, Fact17CloneParent) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    world.Note("by init", world.Fork(kInit, kCloneParent));
    const Pid sibling = world.Fork(Child(world), kCloneParent, 0);
    world.NoteCall(sibling, GetId(kIdParent));
    world.Exit(sibling, 2);
    world.NoteTaken();
    world.NoteReaped();
  });
}

TEST(Conformance, Fact19OrderOfWaiting) {
  Compare([](World& world) {
    const Pid first = Child(world);
    const Pid grandchild = world.Fork(first);
    const Pid second = Child(world);
    world.Exit(first, 0);
    const Pid third = Child(world);
    for (const Pid pid : {third, grandchild, second}) world.Exit(pid, 0);
    world.NoteReaped();
  });
}

TEST(Conformance, Fact20AZombieThatAnotherTraces) {
  for (const bool waits : {true, false}) {
    const Story story = waits ? Story([](World& world) {
      world.BlockAll(kInit);
      const Pid child = Child(world);
      const Pid tracer = Child(world);
      world.NoteCall(tracer, Ptrace(kPtraceSeize, child));
      world.Exit(child, 5);
      world.NoteReaped();
      world.NoteTaken();
      world.NoteCall(tracer, Wait4(-1, kWaitNoHang));
      world.NoteTaken();
      world.NoteReaped();
    })
                              : Story([](World& world) {
                                  world.BlockAll(kInit);
                                  const Pid child = Child(world);
                                  const Pid tracer = Child(world);
                                  world.NoteCall(tracer, Ptrace(kPtraceSeize, child));
                                  world.Exit(child, 5);
                                  world.NoteReaped();
                                  world.Exit(tracer, 0);
                                  world.NoteTaken();
                                  world.NoteReaped();
                                });
    Compare(story);
  }
}

TEST(Conformance, Fact21ThreadsClonesAndGroupStopsOfTracees) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.Do(child, SigProcMask(kMaskSet, 0));
    world.NoteCall(child, Ptrace(kPtraceTraceMe));
    const Pid clone = world.Fork(child, kClonePtrace);
    world.NoteState(clone, 't');
    world.NoteReaped();
    world.NoteCall(kInit, Ptrace(kPtraceDetach, clone, 0));
    world.NoteState(clone, 'R');
    world.SendFromOutside(child, kSigStop);
    world.NoteState(child, 't');
    world.NoteReaped();
    world.NoteCall(kInit, Ptrace(kPtraceContinue, child, kSigStop));
    world.NoteCall(kInit, Wait4(child));
    world.NoteCall(kInit, Ptrace(kPtraceDetach, child, kSigTerm));
    world.NoteState(child, 'T');
  });
}

TEST(Conformance, Fact21AttachAndSeize) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.NoteCall(kInit, Ptrace(kPtraceAttach, child));
    world.NoteCall(kInit, Wait4(child));
    world.NoteReaped();
    world.NoteCall(kInit, Ptrace(kPtraceDetach, child, 0));
    world.NoteState(child, 'R');
    world.NoteCall(kInit, Ptrace(kPtraceSeize, child));
    world.NoteCall(kInit, Kill(child, kSigStop));
    world.NoteCall(kInit, Wait4(child));
    world.NoteCall(kInit, Ptrace(kPtraceContinue, child, kSigStop));
    world.NoteCall(kInit, Wait4(child));
  });
}

TEST(Conformance, Fact21AttachDiscardsASigcont) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.BlockAll(child);
    world.NoteCall(kInit, Kill(child, kSigCont));
    world.NoteCall(kInit, Ptrace(kPtraceAttach, child));
    world.NoteCall(kInit, Wait4(child));
    world.NoteCall(kInit, Ptrace(kPtraceDetach, child, 0));
    world.NoteState(child, 'R');
    world.NoteCall(child, SigTimedWait(SignalBit(kSigCont), 0));
  });
}

TEST(Conformance, Fact21ASeizedThreadHearsOfASigcontThatIsIgnored) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.Do(child, SigProcMask(kMaskSet, 0));
    const Pid thread = world.StartThread(child);
    world.NoteCall(kInit, Ptrace(kPtraceSeize, thread));
    world.SendFromOutside(child, kSigCont);
    world.NoteState(thread, 't');
    world.NoteReaped();
  });
}

TEST(Conformance, Fact21ATracerHearsOfADeadLeaderWithLiveThreads) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.StartThread(child);
    world.NoteCall(kInit, Ptrace(kPtraceSeize, child));
    world.ExitThread(child, 3);
    world.NoteState(child, 'Z');
    world.NoteCall(kInit, SigTimedWait(SignalBit(kSigChld), 0));
    world.NoteReaped();
  });
}

TEST(Conformance, Fact21ALeaderThatIsTracedTakesWhatWouldEndAll) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    world.Do(child, SigProcMask(kMaskSet, 0));
    world.NoteCall(child, Ptrace(kPtraceTraceMe));
    // One that has only begun may look at what is pending before the leader does.
    const Pid thread = world.StartThread(child);
    world.Do(thread, SigProcMask(kMaskSet, 0));
    world.SendFromOutside(child, kSigHup);
    world.NoteState(child, 't');
    world.NoteReaped();
  });
}

TEST(Conformance, Fact21AThreadThatIsTracedDoesNotTakeWhatEndsAll) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    const Pid thread = world.StartThread(child);
    world.BlockAll(child);
    world.Do(thread, SigProcMask(kMaskSet, 0));
    world.NoteCall(thread, Ptrace(kPtraceTraceMe));
    world.SendFromOutside(child, kSigHup);
    for (const Pid one : {child, thread}) world.NoteState(one, 'Z');
    world.NoteReaped();
  });
}

// Its group is hung up for the exit that is told of first.
TEST(Conformance, Fact35WhoIsHungUpIsToldOfLater) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    const Pid job = world.Fork(child);
    world.NoteCall(job, SetPgid(0, 0));
    world.Do(job, SigProcMask(kMaskSet, 0));
    world.SendFromOutside(job, kSigStop);
    world.NoteState(job, 'T');
    world.Exit(child, 0);
    world.NoteState(job, 'Z');
    world.NoteTaken();
    for (int i = 0; i < 3; ++i) world.NoteReaped();
  });
}

TEST(Conformance, Fact22ChildrenComeBeforeTracees) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    const Pid grandchild = world.Fork(child);
    const Pid late = Child(world);
    world.NoteCall(kInit, Ptrace(kPtraceAttach, grandchild));
    world.NoteState(grandchild, 't');
    world.Exit(late, 0);
    world.NoteReaped();
  });
}

TEST(Conformance, Fact23To25Groups) {
  Compare([](World& world) {
    const Pid child = world.Fork(kInit);
    world.NoteCall(kInit, Kill(-child, 0));
    world.Do(child, SetSid());
    world.NoteCall(kInit, Kill(-child, 0));
    const Pid member = world.Fork(child);
    world.Exit(child, 0);
    world.NoteReaped();
    world.SetNextPid(child);
    world.Note("next", world.Fork(kInit));
    world.Exit(member, 0);
    world.NoteCall(kInit, Kill(-child, kSigTerm));
    world.SetNextPid(child);
    world.Note("next", world.Fork(kInit));
    world.NoteReaped();
    world.NoteCall(kInit, Kill(-child, kSigTerm));
    world.SetNextPid(child);
    world.Note("next", world.Fork(kInit));
  });
}

TEST(Conformance, Fact26KillAll) {
  Compare([](World& world) {
    world.NoteCall(kInit, Kill(-1, 0));
    const Pid child = Child(world);
    const Pid other = Child(world);
    world.NoteCall(child, Kill(-1, kSigKill));
    world.NoteState(other, 'Z');
    world.NoteState(child, 'R');
    world.NoteReaped();
  });
}

TEST(Conformance, Fact27And35OrphanedGroups) {
  Compare([](World& world) {
    const Pid child = Child(world);
    world.NoteCall(child, Kill(child, kSigTstp));
    world.NoteState(child, 'R');
    const Pid job = world.Fork(child);
    world.Do(job, SetPgid(0, 0));
    world.BlockAll(job);
    world.Do(job, SigProcMask(kMaskUnblock, SignalBit(kSigTstp) | SignalBit(kSigCont)));
    world.NoteCall(child, Kill(job, kSigTstp));
    world.NoteState(job, 'T');
    world.Exit(child, 0);
    world.NoteState(job, 'R');
    world.NoteCall(job, SigTimedWait(kAllSignals, 0));
    // In the session of a namespace's init, which counts as a parent.
    const Pid own = world.Fork(kInit);
    world.Do(own, SetPgid(0, 0));
    world.NoteCall(kInit, Kill(own, kSigTstp));
    world.NoteState(own, 'T');
  });
}

TEST(Conformance, Fact28Pidfds) {
  Compare([](World& world) {
    const Pid child = Child(world);
    const auto fd = static_cast<int16_t>(world.Do(kInit, PidFdOpen(child)).value);
    Call poll = Poll(uint64_t{1} << fd, 0);
    poll.fd = fd;
    world.Note("ready", world.Do(kInit, poll).value);
    world.Exit(child, 0);
    world.Note("ready", world.Do(kInit, poll).value);
    world.NoteCall(kInit, PidFdSendSignal(fd, kSigTerm));
    world.NoteReaped();
    world.NoteCall(kInit, PidFdSendSignal(fd, kSigTerm));
    world.Note("ready", world.Do(kInit, poll).value);
  });
}

TEST(Conformance, Fact28PidfdsOfForks) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = world.Fork(kInit, kClonePidFd);
    const int16_t fd = world.pidfd;
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited | kWaitNoHang));
    world.NoteCall(kInit, PidFdSendSignal(fd, 0));
    world.NoteCall(child, PidFdSendSignal(fd, 0));
    world.Exit(child, 3);
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited));
    world.NoteCall(kInit, PidFdSendSignal(fd, 0));
  });
}

TEST(Conformance, Fact28WaitsByPidfd) {
  Compare([](World& world) {
    const Pid child = Child(world);
    const Pid other = Child(world);
    const auto fd = static_cast<int16_t>(world.Do(kInit, PidFdOpen(child)).value);
    world.Exit(other, 3);
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited | kWaitNoHang));
    world.Do(kInit, SetNonBlock(fd, true));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited | kWaitNoHang));
    world.Exit(child, 5);
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, fd, kWaitExited));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, 2, kWaitExited));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, 60, kWaitExited));
    world.NoteCall(kInit, WaitId(kWaitForPidFd, -1, kWaitExited));
    world.NoteReaped();
  });
}

TEST(Conformance, PipesThatDoNotBlock) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    Call poll = Poll(0, 0);
    const auto note_ready = [&](int16_t fd) {
      poll.fd = fd;
      poll.set = uint64_t{1} << fd;
      world.Note("ready", world.Do(kInit, poll).value);
    };
    const auto open = [&](int16_t& reader, int16_t& writer) {
      const Result pipe = world.Do(kInit, Pipe(kOpenNonBlock));
      reader = static_cast<int16_t>(pipe.value);
      writer = static_cast<int16_t>(pipe.status);
    };
    int16_t reader = 0;
    int16_t writer = 0;
    open(reader, writer);
    note_ready(reader);
    world.NoteCall(kInit, ReadPipe(reader, 5));
    world.NoteCall(kInit, Write(writer, 3));
    note_ready(reader);
    for (const int bytes : {0, 2, 5, 5}) world.NoteCall(kInit, ReadPipe(reader, bytes));
    for (const int bytes : {65536, 1, 0}) world.NoteCall(kInit, Write(writer, bytes));
    world.NoteCall(kInit, ReadPipe(reader, 65536));
    world.NoteCall(kInit, Write(reader, 1));
    world.NoteCall(kInit, ReadPipe(writer, 1));
    world.NoteCall(kInit, Write(writer, 2));
    world.NoteCall(kInit, Close(writer));
    note_ready(reader);
    for (const int bytes : {5, 5, 0}) world.NoteCall(kInit, ReadPipe(reader, bytes));
    open(reader, writer);
    world.NoteCall(kInit, Close(reader));
    for (const int bytes : {1, 0}) world.NoteCall(kInit, Write(writer, bytes));
    world.NoteTaken();
  });
}

TEST(Conformance, Fact43SocketPairs) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Result pair = world.Do(kInit, SocketPair(kOpenNonBlock));
    const auto one = static_cast<int16_t>(pair.value);
    const auto other = static_cast<int16_t>(pair.status);
    world.NoteCall(kInit, ReadPipe(one, 5));
    world.NoteCall(kInit, Write(one, 3));
    world.NoteCall(kInit, Write(other, 2));
    for (const int16_t fd : {one, other, one, other}) world.NoteCall(kInit, ReadPipe(fd, 5));
    world.NoteCall(kInit, Write(other, 4));
    world.NoteCall(kInit, Close(other));
    for (const int bytes : {3, 3, 3}) world.NoteCall(kInit, ReadPipe(one, bytes));
    Call quietly = Write(one, 1);
    quietly.flags = kWriteNoSignal;
    world.NoteCall(kInit, quietly);
    world.NoteTaken();
    for (const int bytes : {1, 0}) {
      world.NoteCall(kInit, Write(one, bytes));
      world.NoteTaken();
    }
    const Result pipe = world.Do(kInit, Pipe());
    world.Do(kInit, Close(static_cast<int16_t>(pipe.value)));
    world.NoteCall(kInit, Write(static_cast<int16_t>(pipe.status), 0));
  });
}

// --- Eventfds, and epolls by edges ---------------------------------------------------------------

void NoteCount(World& world, int16_t fd) {
  const Result result = world.NoteCall(kInit, ReadPipe(fd, 8));
  if (result.value > 0) world.Note("count", static_cast<long>(result.set));
}

TEST(Conformance, Fact39Eventfds) {
  Compare([](World& world) {
    const auto fd = static_cast<int16_t>(world.Do(kInit, EventFd(0, kOpenNonBlock)).value);
    NoteCount(world, fd);
    for (const uint64_t number : {3U, 0U, 4U}) world.NoteCall(kInit, WriteEventFd(fd, number));
    for (const int bytes : {0, 7}) world.NoteCall(kInit, ReadPipe(fd, bytes));
    for (const int bytes : {0, 7, 16}) world.NoteCall(kInit, Write(fd, bytes));
    Call poll = Poll(uint64_t{1} << fd, 0);
    poll.fd = fd;
    world.Note("ready", world.Do(kInit, poll).value);
    NoteCount(world, fd);
    world.Note("ready", world.Do(kInit, poll).value);
    NoteCount(world, fd);
    constexpr uint64_t kMost = UINT64_MAX;
    for (const uint64_t number : {kMost, kMost - 1, uint64_t{1}, uint64_t{0}}) {
      world.NoteCall(kInit, WriteEventFd(fd, number));
    }
    NoteCount(world, fd);
    const uint32_t flags = kOpenNonBlock | kEventFdSemaphore;
    const auto semaphore = static_cast<int16_t>(world.Do(kInit, EventFd(2, flags)).value);
    for (int i = 0; i < 3; ++i) NoteCount(world, semaphore);
  });
}

TEST(Conformance, Fact39EventfdsThatBlock) {
  Compare([](World& world) {
    const auto fd = static_cast<int16_t>(world.Do(kInit, EventFd(0)).value);
    const auto epoll = static_cast<int16_t>(world.Do(kInit, EpollCreate()).value);
    world.NoteCall(kInit, EpollAdd(epoll, fd, kEpollAdd | kEpollEdge));
    const Pid child = world.Fork(kInit, kClonePidFd);
    for (int i = 0; i < 2; ++i) {
      world.Start(kInit, EpollWait(epoll, kForever));
      world.NoteCall(child, WriteEventFd(fd, (UINT64_MAX - 1) / 2));
      world.Note("ready", world.Finish(kInit).value);
    }
    world.Start(kInit, WriteEventFd(fd, 2));
    world.NoteCall(child, ReadPipe(fd, 8));
    world.Note("written", world.Finish(kInit).value);
    NoteCount(world, fd);
  });
}

// An epoll of init's, with what it tells of being noted.
class Epoll {
 public:
  explicit Epoll(World& world)
      : world_(world), fd_(static_cast<int16_t>(world.Do(kInit, EpollCreate()).value)) {}

  void Control(int fd, uint32_t flags) { world_.NoteCall(kInit, EpollAdd(fd_, fd, flags)); }
  void NoteWait(int most = 0) { world_.NoteCall(kInit, EpollWait(fd_, 0, most)); }
  void NoteWaits() {  // told of once, or not
    for (int i = 0; i < 2; ++i) NoteWait();
  }

 private:
  World& world_;
  int16_t fd_;
};

TEST(Conformance, Fact40EdgesOfASignalfd) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const uint64_t set = SignalBit(kSigTerm) | SignalBit(kSigUsr1);
    const auto fd = static_cast<int16_t>(world.Do(kInit, SignalFd(set, kOpenNonBlock)).value);
    Epoll epoll(world);
    epoll.Control(fd, kEpollAdd | kEpollEdge);
    epoll.NoteWaits();
    const auto send = [&](int signal) {
      world.Do(kInit, Kill(kInit, signal));
      world.Note("sent", signal);
      epoll.NoteWaits();
    };
    // A signal that is pending already wakes nobody; one that is not in the set does.
    for (const int signal : {kSigTerm, kSigUsr1, kSigTerm, kSigHup, kSigHup}) send(signal);
    world.NoteCall(kInit, ReadPipe(fd, 128));
    epoll.NoteWaits();
    epoll.Control(fd, kEpollModify | kEpollEdge);
    epoll.NoteWaits();
    for (int i = 0; i < 2; ++i) world.NoteCall(kInit, ReadPipe(fd, 128));
    for (const int signal : {+kSigUsr2, 40, +kSigTerm, 40, +kSigChld}) send(signal);
    world.NoteCall(kInit, ReadPipe(fd, 128));
    world.NoteCall(kInit, ReadPipe(fd, 128));
    world.Do(kInit, SignalFd(SignalBit(40), 0, fd));
    epoll.NoteWaits();
    epoll.Control(fd, 0);
    epoll.Control(fd, kEpollModify | kEpollEdge);
  });
}

TEST(Conformance, Fact40EdgesOfPipesAndEventfds) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    for (const Call& open : {Pipe(), SocketPair()}) {
      const Result ends = world.Do(kInit, open);
      const auto reader = static_cast<int16_t>(ends.value);
      const auto writer = static_cast<int16_t>(ends.status);
      Epoll epoll(world);
      world.Do(kInit, Write(writer, 3));
      epoll.Control(reader, kEpollAdd | kEpollEdge);
      epoll.NoteWaits();
      world.NoteCall(kInit, ReadPipe(reader, 1));
      epoll.NoteWaits();
      world.Do(kInit, Write(writer, 1));
      epoll.NoteWaits();
      world.Do(kInit, Write(writer, 1));
      world.NoteCall(kInit, ReadPipe(reader, 10));
      epoll.NoteWaits();
      world.Do(kInit, Close(writer));
      epoll.NoteWaits();
    }
    const auto fd = static_cast<int16_t>(world.Do(kInit, EventFd(0, kOpenNonBlock)).value);
    Epoll epoll(world);
    epoll.Control(fd, kEpollAdd | kEpollEdge);
    for (const uint64_t number : {0U, 1U, 1U, 0U}) {
      world.NoteCall(kInit, WriteEventFd(fd, number));
      epoll.NoteWaits();
    }
    NoteCount(world, fd);
    epoll.NoteWaits();
  });
}

TEST(Conformance, Fact40EdgesOfTimersAndDeaths) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const auto timer = static_cast<int16_t>(world.Do(kInit, TimerFdCreate(kOpenNonBlock)).value);
    Epoll epoll(world);
    epoll.Control(timer, kEpollAdd | kEpollEdge);
    epoll.NoteWaits();
    world.Do(kInit, TimerFdSet(timer, kMillisecond, kMillisecond));
    for (int i = 0; i < 4; ++i) {
      world.Do(kInit, Sleep(20 * kMillisecond));
      epoll.NoteWaits();
      if (i == 1) world.NoteCall(kInit, ReadPipe(timer, 8));
    }
    world.Do(kInit, TimerFdSet(timer, 1, 0, kTimerAbsolute));
    world.Do(kInit, Sleep(kMillisecond));
    epoll.NoteWaits();
    const Pid child = Child(world);
    const auto pidfd = static_cast<int16_t>(world.Do(kInit, PidFdOpen(child)).value);
    epoll.Control(pidfd, kEpollAdd | kEpollEdge);
    epoll.NoteWaits();
    world.Exit(child, 0);
    epoll.NoteWaits();
  });
}

TEST(Conformance, Fact41OnceOrNever) {
  Compare([](World& world) {
    const auto fd = static_cast<int16_t>(world.Do(kInit, EventFd(1)).value);
    const auto other = static_cast<int16_t>(world.Do(kInit, EventFd(1)).value);
    for (const uint32_t edge : {0U, kEpollEdge}) {
      Epoll epoll(world);
      epoll.Control(fd, kEpollAdd | kEpollOnce | edge);
      epoll.NoteWaits();
      world.Do(kInit, WriteEventFd(fd, 1));
      epoll.NoteWaits();
      epoll.Control(fd, kEpollModify | kEpollOnce | edge);
      epoll.NoteWaits();
      epoll.Control(fd, kEpollModify | kEpollNever | edge);
      epoll.NoteWaits();
      epoll.Control(fd, kEpollModify | edge);
      epoll.NoteWaits();
      epoll.Control(fd, kEpollAdd);
      epoll.Control(fd, kEpollModify | kEpollEdge);
      epoll.Control(other, kEpollAdd | kEpollEdge);
      for (int i = 0; i < 3; ++i) epoll.NoteWait(/*most=*/1);
    }
  });
}

TEST(Conformance, Fact41AWaitTellsOfNoMoreThanItHasRoomFor) {
  Compare([](World& world) {
    Epoll epoll(world);
    for (int i = 0; i < 3; ++i) epoll.Control(world.Do(kInit, EventFd(1)).value, kEpollAdd);
    for (const int most : {1, 2, 3, 4}) epoll.NoteWait(most);
  });
}

TEST(Conformance, Fact41AnEpollIsNeverInItself) {
  Compare([](World& world) {
    const auto epoll = static_cast<int16_t>(world.Do(kInit, EpollCreate()).value);
    const auto again = static_cast<int16_t>(world.Do(kInit, Dup(epoll)).value);
    for (const int16_t one : {epoll, again}) world.NoteCall(kInit, EpollAdd(epoll, one));
  });
}

TEST(Conformance, Fact42WhatIsClosedIsForgotten) {
  Compare([](World& world) {
    for (const uint32_t edge : {0U, kEpollEdge}) {
      Epoll epoll(world);
      const auto fd = static_cast<int16_t>(world.Do(kInit, EventFd(1)).value);
      epoll.Control(fd, kEpollAdd | edge);
      world.Do(kInit, Close(fd));
      world.Note("again", world.Do(kInit, EventFd(1)).value == fd);
      epoll.NoteWait();
      epoll.Control(fd, kEpollAdd | edge);
      epoll.NoteWait();
    }
  });
}

TEST(Conformance, Fact28PidfdsToGroupsAndThreads) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid child = Child(world);
    const Pid member = world.Fork(kInit);
    const auto fd = static_cast<int16_t>(world.Do(kInit, PidFdOpen(child)).value);
    const auto other = static_cast<int16_t>(world.Do(kInit, PidFdOpen(member)).value);
    for (const uint32_t flags : {kPidFdThread, kPidFdProcess, kPidFdGroup}) {
      for (const int16_t to : {fd, other}) {
        world.NoteCall(kInit, PidFdSendSignal(to, 0, flags));
      }
    }
    world.NoteCall(kInit, PidFdSendSignal(fd, kSigStop, kPidFdGroup));
    world.NoteState(child, 'T');
    world.NoteState(member, 'R');
    world.NoteCall(kInit, PidFdSendSignal(fd, kSigKill, kPidFdThread));
    world.NoteState(child, 'Z');
    world.NoteReaped();
    for (const uint32_t flags : {kPidFdThread, kPidFdProcess, kPidFdGroup}) {
      world.NoteCall(kInit, PidFdSendSignal(fd, 0, flags));
    }
  });
}

// Nothing here restarts the machine: in a PID namespace the call ends that namespace's init.
TEST(Conformance, Fact29Reboot) {
  Compare([](World& world) {
    world.NoteCall(kInit, Reboot(kRebootCadOn));
    world.Start(kInit, Reboot(kRebootRestart));
    world.Note("init", world.InitStatus());
  });
}

TEST(Conformance, Fact33ExitOfInitEndsAll) {
  Compare([](World& world) {
    const Pid child = Child(world);
    world.Exit(kInit, 3);
    world.NoteState(child, '-');
    world.Note("init", world.InitStatus());
  });
}

TEST(Conformance, Fact34And35WhoAdopts) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    const Pid reaper = Child(world);
    const Pid father = world.Fork(reaper);
    const Pid child = world.Fork(father);
    const Pid dead = world.Fork(father);
    world.Exit(dead, 3);
    world.Do(reaper, Subreaper(true));
    world.NoteTaken();
    world.Exit(father, 0);
    world.NoteCall(child, GetId(kIdParent));
    world.Exit(reaper, 0);
    world.NoteCall(child, GetId(kIdParent));
    world.NoteTaken();
    world.NoteReaped();
  });
}

TEST(Conformance, Fact35And36Terminals) {
  Compare([](World& world) {
    const Pid child = Child(world);
    world.BlockAll(child);
    const auto open = [&](Pid who, uint32_t flags) {
      return static_cast<int16_t>(world.Do(who, Open(Path::kTerminal, flags)).value);
    };
    const int16_t fd = open(child, kOpenNoTerminal);
    world.NoteCall(child, Terminal(kTerminalSetForeground, fd, child));
    open(child, 0);
    world.NoteCall(child, Terminal(kTerminalSetForeground, fd, child));
    world.NoteCall(child, Terminal(kTerminalForeground, fd));
    world.NoteCall(child, Terminal(kTerminalSession, fd));
    const Pid other = Child(world);
    world.NoteCall(other, Terminal(kTerminalAcquire, open(other, 0)));
    world.NoteCall(other, Terminal(kTerminalForeground, open(other, kOpenNoTerminal)));
    const Pid group = world.Fork(child);
    world.Do(group, SetPgid(0, 0));
    world.NoteCall(child, Terminal(kTerminalSetForeground, fd, group));
    world.Exit(group, 0);
    world.NoteCall(child, Wait4(group));
    world.NoteCall(child, Terminal(kTerminalForeground, fd));
    world.NoteCall(child, Terminal(kTerminalSetForeground, fd, child));
    const Pid job = world.Fork(child);
    world.Exit(child, 0);
    for (int i = 0; i < 2; ++i) world.NoteCall(job, SigTimedWait(kAllSignals, 0));
    world.BlockAll(other);
    const int16_t own = open(other, 0);
    world.NoteCall(other, Terminal(kTerminalSetForeground, own, other));
    world.NoteCall(other, Terminal(kTerminalRelease, own));
    for (int i = 0; i < 3; ++i) world.NoteCall(other, SigTimedWait(kAllSignals, 0));
    world.NoteCall(other, Terminal(kTerminalSetForeground, own, other));
  });
}

constexpr uint64_t kLong = 1'000'000 * kMillisecond;

void NoteTimer(World& world, const Call& call) {
  const Result old = world.NoteCall(kInit, call);
  world.Note("runs", old.time_ns != 0);
  world.Note("every", static_cast<long>(old.set / kMillisecond));
}

// Each goes off after 1 ms, and that is long past after 20.
TEST(Conformance, Fact37AnAlarmThatRepeats) {
  Compare([](World& world) {
    world.BlockAll(kInit);
    for (const bool taken : {false, true}) {
      NoteTimer(world, Alarm(kLong, kLong));
      NoteTimer(world, Alarm(kMillisecond, kMillisecond));
      world.Do(kInit, Sleep(20 * kMillisecond));
      NoteTimer(world, Alarm(kMillisecond, kLong));
      world.Do(kInit, Sleep(20 * kMillisecond));
      if (taken) world.NoteTaken();
      NoteTimer(world, Alarm(0, kLong));
    }
    world.Do(kInit, SigProcMask(kMaskSet, 0));
    world.Do(kInit, SigAction(kSigAlrm, kSigIgn));
    NoteTimer(world, Alarm(kMillisecond, kLong));
    world.Do(kInit, Sleep(20 * kMillisecond));
    world.BlockAll(kInit);
    world.Do(kInit, Kill(kInit, kSigAlrm));
    world.Do(kInit, SigTimedWait(SignalBit(kSigAlrm), 0));
    NoteTimer(world, Alarm(kMillisecond, kLong));
    world.Do(kInit, Sleep(20 * kMillisecond));
    world.NoteTaken();
    world.Do(kInit, SigProcMask(kMaskSet, 0));
    NoteTimer(world, Alarm(kMillisecond, kLong));
    world.Do(kInit, Sleep(20 * kMillisecond));
    NoteTimer(world, Alarm(0));
  });
}

TEST(Conformance, Fact38ATimerfdThatRepeats) {
  Compare([](World& world) {
    const auto fd = static_cast<int16_t>(world.Do(kInit, TimerFdCreate(kOpenNonBlock)).value);
    const auto note_read = [&] {
      const Result result = world.NoteCall(kInit, ReadPipe(fd, 8));
      if (result.value > 0)
        world.Note("expired", std::min<long>(static_cast<long>(result.set), 20));
    };
    note_read();
    NoteTimer(world, TimerFdSet(fd, kMillisecond, kLong));
    world.Do(kInit, Sleep(20 * kMillisecond));
    note_read();
    note_read();
    NoteTimer(world, TimerFdSet(fd, kMillisecond, kMillisecond));
    world.Do(kInit, Sleep(20 * kMillisecond));
    note_read();
    world.Do(kInit, Sleep(20 * kMillisecond));
    NoteTimer(world, TimerFdSet(fd, 0, kLong));
    note_read();
    NoteTimer(world, TimerFdSet(fd, 1, 0, kTimerAbsolute));
    world.Do(kInit, Sleep(kMillisecond));
    note_read();
    note_read();
    NoteTimer(world, TimerFdSet(fd, 1, kLong, kTimerAbsolute));
    world.Do(kInit, Sleep(kMillisecond));
    NoteTimer(world, TimerFdSet(fd, 0));
    note_read();
  });
}

// --- Random stories ------------------------------------------------------------------------------

std::string DescribeInModel(ModelWorld& world, Pid pid) {
  const char state = world.State(pid, ' ');
  if (state == '-' || state == 'Z') return {state};
  const View view = world.kernel().Look(pid);
  char text[64];
  snprintf(text, sizeof(text), "%c %016lx %016lx", state,
           static_cast<unsigned long>(view.pending_thread),
           static_cast<unsigned long>(view.pending_process));
  return text;
}

class RandomStory {
 public:
  explicit RandomStory(uint32_t seed) : random_(seed) {}

  // A call that does not block, by a process that runs.
  Call AnyCall(const std::vector<Pid>& pids) {
    static constexpr uint32_t kWaits[] = {0, kWaitUntraced, kWaitContinued, kWaitAll};
    static constexpr int32_t kRequests[] = {kPtraceTraceMe, kPtraceAttach, kPtraceSeize,
                                            kPtraceDetach, kPtraceContinue};
    const Pid other = pids[Upto(pids.size())];
    switch (Upto(14)) {
      case 0:
        return Fork(Upto(6) == 0   ? kCloneParent
                    : Upto(6) == 0 ? kClonePtrace
                                   : 0,
                    Upto(5) == 0 ? 0 : +kSigChld);
      case 1:
        return Exit(static_cast<int>(Upto(4)));
      case 2:
      case 3:
        return Kill(Upto(4) == 0 ? -other : other, AnySignal());
      case 4:
        return ThreadKill(other, other, AnySignal());
      case 5:
        return SigProcMask(static_cast<int32_t>(Upto(3)),
                           SignalBit(AnySignal()) | SignalBit(AnySignal()));
      case 6:
        return SigAction(AnySignal(), static_cast<int32_t>(Upto(3)),
                         Upto(4) == 0   ? kSaNoChildWait
                         : Upto(4) == 0 ? kSaNoChildStop
                                        : 0);
      case 7:
        return SigTimedWait(kAllSignals, 0);
      case 8:
      case 9:
        return Wait4(Upto(3) == 0   ? other
                     : Upto(4) == 0 ? 0
                                    : -1,
                     kWaitNoHang | kWaits[Upto(4)] | kWaits[Upto(4)]);
      case 10:
        return Upto(2) == 0
                   ? SetSid()
                   : SetPgid(Upto(2) == 0 ? 0 : other, Upto(2) == 0 ? 0 : pids[Upto(pids.size())]);
      case 11:
        return Upto(3) == 0 ? Subreaper(Upto(2) == 0) : GetId(kIdParent);
      default: {
        const int32_t request = kRequests[Upto(5)];
        return Ptrace(request, request == kPtraceTraceMe ? 0 : other,
                      request == kPtraceDetach || request == kPtraceContinue ? AnySignal() : 0);
      }
    }
  }
  int AnySignal() {
    static constexpr int kSignals[] = {kSigHup,  kSigKill, kSigUsr1, kSigTerm, kSigChld,
                                       kSigCont, kSigStop, kSigTstp, kSigTtin, 40};
    return kSignals[Upto(10)];
  }
  std::size_t Upto(std::size_t bound) { return random_() % bound; }

 private:
  std::mt19937 random_;
};

// Both worlds in step: after each call all tasks have to be in the same state, with the same signals
// pending, before the next is made.
void CompareRandomStory(uint32_t seed) {
  RealWorld real(1024);
  ASSERT_TRUE(real.Possible()) << "no PID namespace to be had";
  ModelWorld model(1024);
  RandomStory random(seed);
  std::vector<Pid> pids{kInit};
  std::string told;
  for (int step = 0; step < 60; ++step) {
    const Pid who = pids[random.Upto(pids.size())];
    const Call call = random.AnyCall(pids);
    if (model.State(who, ' ') != 'R') continue;
    if (call.kind == CallKind::kExit && who == kInit) continue;
    // In which order many die of one signal is a race, outside the model.
    if (call.kind == CallKind::kKill && call.pid < 0 && call.signal != kSigCont &&
        call.signal != kSigStop) {
      continue;
    }
    // Tracing init is a limit of the model.
    if (call.kind == CallKind::kPtrace && (who == kInit ? call.pid == 0 : call.pid == kInit))
      continue;
    if (call.kind == CallKind::kFork && pids.size() > 12) continue;
    told += std::to_string(who) + ": " + CallName(call.kind) + " pid " + std::to_string(call.pid) +
            " value " + std::to_string(call.value) + " signal " + std::to_string(call.signal) +
            " flags " + std::to_string(call.flags) + " set " + std::to_string(call.set) + "\n";
    if (call.kind == CallKind::kExit) {
      model.Exit(who, call.value);
      real.Exit(who, call.value);
    } else if (call.kind == CallKind::kFork) {
      const Pid expected = model.Fork(who, call.flags, call.signal);
      ASSERT_EQ(real.Fork(who, call.flags, call.signal), expected) << "seed " << seed << "\n"
                                                                   << told;
      if (expected > 0) pids.push_back(expected);
    } else {
      const Result expected = model.Do(who, call);
      const bool answers = model.State(who, ' ') == 'R';
      if (!answers && expected.state == Result::State::kDone) return;  // stopped by its own call
      if (!answers) {
        real.Ask(who, call);
      } else {
        const Result found = real.Do(who, call);
        ASSERT_EQ(found.value, expected.value) << "seed " << seed << "\n" << told;
        if (call.kind == CallKind::kWait4) {
          ASSERT_EQ(found.status, expected.status) << "seed " << seed << "\n" << told;
        }
      }
    }
    for (const Pid pid : pids) model.RunHandlers(pid);
    for (const Pid pid : pids) {
      const std::string expected = DescribeInModel(model, pid);
      ASSERT_EQ(real.Awaited(pid, expected), expected) << pid << ", seed " << seed << "\n" << told;
    }
  }
}

TEST(Conformance, RandomStories) {
  const char* first = getenv("FIRST_SEED");
  const char* count = getenv("SEEDS");
  const uint32_t seed = first == nullptr ? 1 : static_cast<uint32_t>(atol(first));
  const uint32_t seeds = count == nullptr ? 30 : static_cast<uint32_t>(atol(count));
  for (uint32_t i = 0; i < seeds && !HasFailure(); ++i) CompareRandomStory(seed + i);
}

}  // namespace
}  // namespace minit::kernel
