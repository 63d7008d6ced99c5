// Workers: what they say comes through, however they end; and the fence that they are behind.

#include "harness/rig/worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>

#include "harness/rig/enclosure.h"
#include "harness/rig/fence.h"

namespace minit::rig {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

// How one ends that does this.
std::string EndOf(const std::function<void()>& deed) {
  Worker worker([&](const Worker::Link& link) {
    link.Send("begins");
    deed();
    link.Send("survives");
  });
  EXPECT_EQ(worker.Next(minutes(1)), "begins");
  const auto further = worker.Next(minutes(1));
  if (further) return *further;
  EXPECT_TRUE(worker.ended());
  return worker.HowItEnded();
}

constexpr const char* kKilled = "was killed by SIGSYS";

TEST(Worker, MessagesComeWholeAndInOrder) {
  Worker worker([](const Worker::Link& link) {
    link.Send("");
    link.Send(std::string(1, '\0'));
    link.Send(std::string(3'000'000, 'x'));
    link.Send("last");
  });
  EXPECT_EQ(worker.Next(minutes(1)), "");
  EXPECT_EQ(worker.Next(minutes(1)), std::string(1, '\0'));
  EXPECT_EQ(worker.Next(minutes(1)), std::string(3'000'000, 'x'));
  EXPECT_EQ(worker.Next(minutes(1)), "last");
  EXPECT_EQ(worker.Next(minutes(1)), std::nullopt);
  EXPECT_TRUE(worker.ended());
  EXPECT_EQ(worker.HowItEnded(), "exited 0");
}

TEST(Worker, TimeRunsOutAndItIsKilled) {
  Worker worker([](const Worker::Link&) {
    for (volatile int i = 0;;) i = i + 1;
  });
  EXPECT_EQ(worker.Next(milliseconds(1)), std::nullopt);
  EXPECT_FALSE(worker.ended());
  worker.Kill();
  EXPECT_TRUE(worker.ended());
  EXPECT_EQ(worker.HowItEnded(), "was killed by SIGKILL");
}

TEST(Worker, WhatItThrowsIsThrownHere) {
  Worker worker([](const Worker::Link& link) {
    link.Send("first");
    throw CannotRun("for this reason");
  });
  EXPECT_EQ(worker.Next(minutes(1)), "first");
  try {
    worker.Next(minutes(1));
    FAIL() << "nothing was thrown";
  } catch (const CannotRun& problem) {
    EXPECT_STREQ(problem.what(), "for this reason");
  }
}

TEST(Worker, WhatIsNoMessageEndsIt) {
  Worker worker([](const Worker::Link&) {
    const char stray[] = "written over all that was there";
    (void)!write(kKeptDescriptor, stray, sizeof stray);
    for (volatile int i = 0;;) i = i + 1;
  });
  EXPECT_EQ(worker.Next(minutes(1)), std::nullopt);
  EXPECT_TRUE(worker.ended());
}

TEST(Worker, DiesWithItsMaker) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const pid_t maker = fork();
  if (maker == 0) {
    Worker worker([](const Worker::Link&) {
      for (volatile int i = 0;;) i = i + 1;
    });
    _exit(7);  // without a destructor
  }
  int status = 0, others = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0;) {
    if (pid == maker) {
      EXPECT_EQ(WEXITSTATUS(status), 7);
    } else {
      ++others;
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
  }
  EXPECT_EQ(others, 1);
}

TEST(Fence, LetsReadAndCompute) {
  EXPECT_EQ(EndOf([] { close(open("/dev/null", O_RDONLY)); }), "survives");
}

TEST(Fence, KillsOnRestartAndOnWriting) {
  EXPECT_EQ(EndOf([] { syscall(SYS_reboot, 0, 0, 0, 0); }), kKilled);
  EXPECT_EQ(EndOf([] { syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY); }), kKilled);
  EXPECT_EQ(EndOf([] { syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CREAT); }), kKilled);
#if !__has_feature(address_sanitizer)  // those write to pipes of their own
  EXPECT_EQ(EndOf([] { syscall(SYS_write, 1, "x", 1); }), kKilled);
#endif
}

TEST(Fence, KillsOnLeavingIt) {
  EXPECT_EQ(EndOf([] { syscall(SYS_execve, "/bin/true", nullptr, nullptr); }), kKilled);
  EXPECT_EQ(EndOf([] { syscall(SYS_kill, -1, SIGKILL); }), kKilled);
  EXPECT_EQ(EndOf([] { syscall(SYS_unshare, 0); }), kKilled);
}

TEST(Fence, LetsDispatchBeTurnedOnInOneWayOnly) {
  const auto dispatch = [](long mode, uint64_t from, uint64_t bytes, uint64_t selector) {
    return EndOf(
        [=] { syscall(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, mode, from, bytes, selector); });
  };
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_ON, kHarnessFrom, kHarnessBytes, 0), "survives");
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_OFF, 0, 0, 0), kKilled);
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_ON, 0, kHarnessBytes, 0), kKilled);
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_ON, kHarnessFrom, UINT64_MAX / 2, 0), kKilled);
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_ON, kHarnessFrom, kHarnessBytes, 1), kKilled);
  EXPECT_EQ(dispatch(PR_SYS_DISPATCH_ON, kHarnessFrom | 1, kHarnessBytes, 0), kKilled);
  EXPECT_EQ(EndOf([] { syscall(SYS_prctl, PR_SET_NAME, "x", 0, 0, 0); }), kKilled);
}

}  // namespace
}  // namespace minit::rig
