// Each interface of an init under the ptrace rig, by small programs (testdata/subject.c) against
// two libcs, static, and one dynamic: the visible calls are these. And programs that mean harm:
// they are bounded and reported, nothing is left behind, and nothing outside has changed.
//
// usage: ptrace_subjects_test SUBJECT... [gtest options]

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "harness/rig/program.h"
#include "harness/rig/ptrace_rig.h"
#include "harness/rig/timeline.h"
#include "harness/scenario/text.h"

namespace minit::rig {
namespace {

using contract::Step;

std::vector<std::string> g_subjects;

// Visible calls and their results, and handlers, a line each; others than init with their number.
struct Story final : Observer {
  void On(const Step& step, const kernel::Kernel&) override {
    const std::string who = step.by_init ? "" : std::to_string(step.pid) + ": ";
    if (step.kind == Step::Kind::kCalls) said = step.text;
    if (step.kind == Step::Kind::kHandler) text += who + "enters " + SignalName(step.signal) + "\n";
    if (step.kind == Step::Kind::kHandled) text += who + "leaves\n";
    if (step.kind == Step::Kind::kSpins) text += who + "runs on\n";
    if (!step.visible) return;
    if (step.kind == Step::Kind::kBlocks) text += who + Print(step.call) + " ...\n";
    if (step.kind != Step::Kind::kReturns) return;
    text += step.to_console ? who + said
                            : who + Print(step.call) + " = " + Print(step.call, step.result) + "\n";
  }

  std::string text;
  std::string said;
};

struct Played {
  Outcome outcome;
  std::string story;
};

Played PlayOnce(PtraceRig& rig, const std::string& text) {
  scenario::Scenario scenario;
  const auto error = scenario::Parse(text, scenario);
  EXPECT_FALSE(error) << error->Describe("test");
  Story story;
  Played run;
  run.outcome = rig.Run(scenario, story);
  // libcs keep some signals for themselves, and musl's posix_spawn has a pipe.
  run.story = std::regex_replace(story.text, std::regex("all but \\{[^}]*\\}"), "all");
  run.story = std::regex_replace(run.story, std::regex("read\\(3\\) = [04]\n"), "");
  return run;
}

Played Play(const std::string& subject, std::vector<std::string> arguments,
            const std::string& text) {
  PtraceRig rig({.path = subject, .arguments = std::move(arguments)});
  return PlayOnce(rig, text);
}

// From the exec on; from a moment; and again, in memory that was used before: all the same.
void Expect(const std::string& mode, const std::string& scenario, const std::string& story) {
  for (const std::string& subject : g_subjects) {
    SCOPED_TRACE(subject);
    PtraceRig executing({.path = subject, .arguments = {mode}, .from_exec = true});
    PtraceRig rig({.path = subject, .arguments = {mode}});
    const Played first = PlayOnce(executing, scenario);
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(i);
      const Played run = i == 0 ? first : PlayOnce(rig, scenario);
      EXPECT_EQ(run.story, story);
      EXPECT_EQ(run.outcome.end, Outcome::End::kOver);
      EXPECT_EQ(run.outcome.crash, 0);
      EXPECT_EQ(run.outcome.calls, first.outcome.calls);
      EXPECT_TRUE(run.outcome.not_covered.empty()) << run.outcome.not_covered.begin()->first;
    }
  }
}

constexpr const char* kUsr =
    "at rest: child ignores USR2\nat rest: kernel sends USR2 to init\n"
    "at rest: child exits 7\n";
constexpr const char* kTerm = "at rest: kernel sends TERM to init\n";

// --- Waiting -------------------------------------------------------------------------------------

TEST(Subjects, SigTimedWait) {
  Expect("sigtimedwait", kUsr, R"(fork() = 2
sigtimedwait(all, forever) ...
2: setsid() = 2
2: exec(/core) = 0
sigtimedwait(all, forever) = USR2
kill(-2, USR2) = 0
sigtimedwait(all, forever) ...
sigtimedwait(all, forever) = CHLD
exited 7
wait4(-1, WNOHANG) = 2, exited 7
exit(7) = never returns
)");
}

TEST(Subjects, SignalFdAndPoll) {
  Expect("poll", kUsr, R"(fork() = 2
poll(forever) ...
2: setsid() = 2
2: exec(/core) = 0
poll(forever) = 1
read(3) = 128, USR2
kill(-2, USR2) = 0
poll(forever) ...
poll(forever) = 1
read(3) = 128, CHLD
wait4(-1, WNOHANG) = 2, exited 7
exit(7) = never returns
)");
}

TEST(Subjects, SignalFdAndEpollTakingSeveralAtOnce) {
  Expect("epoll",
         "at rest: child ignores USR2\nat rest: child ignores WINCH\nat rest: 6000 ms pass\n"
         "at rest: init is frozen\nat rest: kernel sends USR2 to init\nat rest: kernel sends WINCH "
         "to init\n"
         "at rest: init is thawed\nat rest: child exits 7\n",
         R"(fork() = 2
epoll_wait(4, 5 s) ...
2: setsid() = 2
2: exec(/core) = 0
epoll_wait(4, 5 s) = 0
nothing
epoll_wait(4, 5 s) ...
epoll_wait(4, 5 s) = EINTR
epoll_wait(4, 5 s) = 1
read(3) = 128, USR2
kill(-2, USR2) = 0
kill(-2, CONT) = 0
kill(-2, WINCH) = 0
read(3) = EAGAIN
epoll_wait(4, 5 s) ...
epoll_wait(4, 5 s) = 1
read(3) = 128, CHLD
wait4(-1, WNOHANG) = 2, exited 7
exit(7) = never returns
)");
}

TEST(Subjects, SignalFdAndSelect) {
  Expect("select", "at rest: child exits 7\n", R"(fork() = 2
poll(forever) ...
2: setsid() = 2
2: exec(/core) = 0
poll(forever) = 1
read(3) = 128, CHLD
wait4(-1, WNOHANG) = 2, exited 7
exit(7) = never returns
)");
}

// --- Handlers ------------------------------------------------------------------------------------

TEST(Subjects, HandlersAndSigSuspend) {
  Expect("suspend", kTerm, R"(fork() = 2
sigsuspend({}) ...
2: setsid() = 2
2: exec(/core) = 0
sigsuspend({}) = EINTR
enters TERM
kill(-2, TERM) = 0
enters CHLD
leaves
leaves
wait4(-1, WNOHANG) = 2, killed by TERM
exit(143) = never returns
)");
}

TEST(Subjects, HandlersAndPause) {
  Expect(
      "pause",
      "at rest: child ignores TERM\nat rest: kernel sends TERM to init\nat rest: child exits 3\n",
      R"(fork() = 2
pause() ...
2: setsid() = 2
2: exec(/core) = 0
pause() = EINTR
enters TERM
kill(-2, TERM) = 0
leaves
pause() ...
pause() = EINTR
enters CHLD
leaves
wait4(-1, WNOHANG) = 2, exited 3
exit(3) = never returns
)");
}

TEST(Subjects, BlockingWait) {
  Expect("wait", kTerm, R"(fork() = 2
wait4(-1, 0) ...
2: setsid() = 2
2: exec(/core) = 0
wait4(-1, 0) = EINTR
enters TERM
kill(-2, TERM) = 0
enters CHLD
leaves
leaves
errno 4
wait4(-1, 0) = 2, killed by TERM
exit(0) = never returns
)");
}

TEST(Subjects, BlockingWaitThatRestarts) {
  Expect("wait-restart", kTerm, R"(fork() = 2
wait4(-1, 0) ...
2: setsid() = 2
2: exec(/core) = 0
enters TERM
kill(-2, TERM) = 0
enters CHLD
leaves
leaves
wait4(-1, 0) = 2, killed by TERM
exit(0) = never returns
)");
}

// --- Starting ------------------------------------------------------------------------------------

TEST(Subjects, PosixSpawn) {
  Expect("spawn", "at rest: process 1 exits 5\n", R"(vfork() ...
2: exec(something else) = ENOENT
2: exit(127) = never returns
vfork() = 2
wait4(2, 0) = 2, exited 127
spawn 2
vfork() ...
3: exec(/core) = 0
vfork() = 3
spawn 0
wait4(3, 0) ...
)");
}

TEST(Subjects, Vfork) {
  Expect("vfork", "at rest: child exits 1\n", R"(vfork() ...
2: exec(/core) = 0
vfork() = 2
shared 7
wait4(2, 0) ...
wait4(2, 0) = 2, exited 1
exit(1) = never returns
)");
}

TEST(Subjects, Clone3AndWaitId) {
  Expect("clone3", "at rest: child exits 1\n", R"(fork() = 2
same 1
waitid(0, 0, WEXITED|WNOWAIT) ...
2: exec(/core) = 0
waitid(0, 0, WEXITED|WNOWAIT) = 0
waitid 1
waitid(1, 2, WEXITED) = 0
exit(1) = never returns
)");
}

TEST(Subjects, ForksWithAPidfd) {
  Expect("fork-with-pidfd", "at rest: child exits 7\n", R"(nowhere 13
fork() = 2
fd 3
flags 1
waitid(3, 3, WEXITED) ...
2: inherited 0
2: open 8
2: exit(4) = never returns
waitid(3, 3, WEXITED) = 0
reaped 4
twice 21
fork() = 3
fd 4
wait4(3, 0) ...
3: exit(5) = never returns
wait4(3, 0) = 3, exited 5
vfork() ...
4: exec(/core) = 0
vfork() = 4
fd 5
poll(forever) ...
poll(forever) = 1
waitid(3, 5, WEXITED) = 0
reaped 1
exit(7) = never returns
)");
}

TEST(Subjects, VectorsAreKept) {
  Expect("vectors", "at rest: child exits 1\n", R"(kept 1
fork() = 2
kept 1
wait4(2, 0) ...
2: kept by the child 1
2: exec(/core) = 0
wait4(2, 0) = 2, exited 1
kept 1
exit(1) = never returns
)");
}

// --- Time and descriptors ------------------------------------------------------------------------

TEST(Subjects, Timers) {
  Expect("timers", "", R"(sleep(5 s) ...
sleep(5 s) = EINTR
enters ALRM
leaves
slept 1
read(3) ...
read(3) = 8
expired 1
seconds 8
of a processor 0
exit(0) = never returns
)");
}

// The alarm goes off at 5 and 8 s, the timer at 1, 3, 5, 7, 9 … s.
TEST(Subjects, TimersThatRepeat) {
  Expect("repeating-timers", "", R"(pause() ...
pause() = EINTR
enters ALRM
leaves
pause() ...
pause() = EINTR
enters ALRM
leaves
alarm in 3
every 3
timer 0
in 0
every 2
read(3) = 8
expired 4
read(3) ...
read(3) = 8
expired 1
alarm in 1
every 3
timer 0
in 1
every 2
alarms every 3
every 2
in 1
read(3) = 8
expired 10
alarm in 0
every 0
timer 21
in 0
every 0
wrong 21
none 8
exit(0) = never returns
)");
}

TEST(Subjects, Descriptors) {
  Expect("descriptors", "", R"(pipe 0
read(3) = 1
read 121
dup 10
flags 1
tty 1
null 5
none 1
group 1
pid 1
reaper 0
exit(0) = never returns
)");
}

TEST(Subjects, Pipes) {
  Expect("pipes", "at rest: 2000 ms pass\n", R"(fork() = 2
none yet 0
read(3) ...
2: sleep(1 s) ...
2: sleep(1 s) = 0
read(3) = 2
read 2
more 1
read(3) = 1
rest 99
poll(forever) ...
2: exec(/core) = 0
poll(forever) = 1
hung up 16
end 0
read(3) = EAGAIN
empty 10
broken 31
exit(0) = never returns
)");
}

TEST(Subjects, EpollByEdgesWithSocketsAndAnEventfd) {
  Expect(
      "events",
      "at rest: child ignores USR2\nat rest: kernel sends USR2 to init\nat rest: child exits 7\n",
      R"(pair 0
wakes 0
signals 0
write 8
short 21
fork() = 2
epoll_wait(4, forever) = 1
read(3) = 8
woken 5
epoll_wait(4, forever) ...
2: setsid() = 2
2: exec(/core) = 0
epoll_wait(4, forever) = EINTR
enters USR2
leaves
epoll_wait(4, forever) = 1
read(6) = 1
kill(-2, USR2) = 0
read(6) = EAGAIN
drained 11
epoll_wait(4, forever) ...
epoll_wait(4, forever) = EINTR
enters CHLD
leaves
epoll_wait(4, forever) = 1
read(6) = 1
wait4(-1, WNOHANG) = 2, exited 7
exit(7) = never returns
)");
}

TEST(Subjects, EpollsAndSocketsSayWhatTheyAreNotFor) {
  for (const std::string& subject : g_subjects) {
    const Played run = Play(subject, {"events-refused"}, "");
    EXPECT_EQ(run.story, R"(flags 21
what 21
none 1
once 1
no more 0
stream 87
pair 0
not to block 0
on exec 1
socket 1
poll(forever) = 1
hung up 8210
read(6) = 0
end 0
pidfd_send_signal(7, 0) = 0
group 0
two 21
packets 0
one 3
two 37
less 37
read(10) = 3
one 3
datagrams 37
within 37
exit(0) = never returns
)") << subject;
    EXPECT_EQ(run.outcome.not_covered,
              (NotCovered{{"a packet behind another", 1},
                          {"a read of less than a packet", 1},
                          {"a socketpair of neither streams nor packets", 1},
                          {"an epoll by edges that watches an epoll, or very many", 1}}))
        << subject;
  }
}

TEST(Subjects, Ioctls) {
  Expect("ioctls", "", R"(in a pipe 3
typed 0
in none 24
in none 24
in none 24
in none 8
nowhere 13
group of another's 24
own 0
group 1
session 1
group of a pipe 24
exit(0) = never returns
)");
}

TEST(Subjects, SetUp) {
  Expect("set-up", "", R"(locked 0
priority 0
umask 18
folder 16
new folder 29
mount 0
mount nowhere 1
root 1
child 1
console 1
the same 1
as open 1
network 96
serial 24
private 0
user 0
name 0
limit 0
exit(0) = never returns
)");
}

constexpr const char* kSyncs = R"(data 0
of a device 21
root 1
read 20
written to 20
sync() ...
sync() = 0
all 0
all of devices 0
without a place 21
without a place 21
without a place 21
without a place 21
all of none 8
of none 8
data of none 8
sent to none 8
message to none 8
sent to no socket 87
written to none 8
exit(0) = never returns
)";

TEST(Subjects, SyncsOfOneFileAndWhatIsSent) {
  Expect("syncs", "entry: descriptor 3 is open\nbefore call 1: sync hangs\nat rest: heal sync\n",
         kSyncs);
}

// Numbers of calls that the model has no part in, and is told of.
struct Told final : Observer {
  void On(const Step& step, const kernel::Kernel&) override {
    if (step.kind == Step::Kind::kCalls && step.call.kind == kernel::CallKind::kOther) {
      numbers.insert(step.call.value);
    }
  }
  std::set<int> numbers;
};

TEST(Subjects, SyncsOfOneFileAndWhatIsSentAreToldToWhoJudgesCalls) {
  for (const std::string& subject : g_subjects) {
    PtraceRig rig({.path = subject, .arguments = {"syncs"}});
    Told told;
    rig.Run({}, told);
    for (const int number : {SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_sendto, SYS_sendmsg}) {
      EXPECT_TRUE(told.numbers.contains(number)) << subject << " " << number;
    }
  }
}

// A run from the exec on has the loader's calls, one from its first own call has not.
TEST(Subjects, OfWhatALoaderDoesWhoJudgesCallsHearsNothing) {
  for (const std::string& subject : g_subjects) {
    std::set<int> numbers[2];
    for (const bool from_exec : {false, true}) {
      PtraceRig rig({.path = subject, .arguments = {"syncs"}, .from_exec = from_exec});
      Told told;
      rig.Run({}, told);
      numbers[from_exec ? 1 : 0] = told.numbers;
    }
    EXPECT_TRUE(numbers[1].contains(SYS_syncfs)) << subject;
    EXPECT_EQ(numbers[0], numbers[1]) << subject;
  }
}

TEST(Subjects, ThatWouldRunByAnotherUserOrInOtherFilesAreToldThatNobodyCoversIt) {
  for (const std::string& subject : g_subjects) {
    const Played run = Play(subject, {"set-up-otherwise"}, "");
    EXPECT_EQ(run.outcome.not_covered,
              (NotCovered{{"setuid to another user", 1},
                          {"mount on /", 1},
                          {"chroot", 1},
                          {"a descriptor above 63", 2},
                          {"a wait for a pipe otherwise than to read it", 1},
                          {"pipe2 with flags", 1},
                          {"ioctl 21586", 1},
                          {"a sleep by processor time", 1}}))
        << subject;
  }
}

TEST(Subjects, ThatTakeMoreThanThereIsRoomForAreToldThatNobodyCoversIt) {
  for (const std::string& subject : g_subjects) {
    EXPECT_EQ(Play(subject, {"many-files"}, "").outcome.not_covered,
              (NotCovered{{"an open file more than the model has room for", 1}}))
        << subject;
    EXPECT_EQ(Play(subject, {"many-descriptors"}, "").outcome.not_covered,
              (NotCovered{{"a descriptor more than the model has room for", 1}}))
        << subject;
  }
}

TEST(Subjects, ThatWaitToWriteAreToldThatNobodyCoversItUnlessThereIsRoom) {
  const std::string epoll = "an epoll that waits to write";
  for (const std::string& subject : g_subjects) {
    EXPECT_EQ(Play(subject, {"waits-to-write"}, "").outcome.not_covered, (NotCovered{{epoll, 1}}));
    EXPECT_EQ(Play(subject, {"waits-to-write"},
                   "before call 1: console takes 0 more bytes\nat rest: heal console\n")
                  .outcome.not_covered,
              (NotCovered{{epoll, 1}}));
  }
}

TEST(Subjects, PidFd) {
  Expect("pidfd", "at rest: child double-forks process 1\nat rest: child exits 7\n",
         R"(fork() = 2
waitid(3, 3, WNOHANG|WEXITED) = 0
nothing yet 0
poll(forever) ...
2: setsid() = 2
2: exec(/core) = 0
poll(forever) = 1
waitid(3, 3, WEXITED) = 0
reaped 1
waitid(3, 3, WEXITED) = ECHILD
gone 9
exit(7) = never returns
)");
}

// --- Memory --------------------------------------------------------------------------------------

constexpr const char* kClean = R"(begins 1
clean 1
heap 1
mapped 1
%fork() = 2
wait4(2, 0) ...
2: inherited 1
2: exit(0) = never returns
wait4(2, 0) = 2, exited 0
kept 1
fork() = 3
wait4(3, 0) ...
3: inherited 1
3: exit(0) = never returns
wait4(3, 0) = 3, exited 0
kept 1
room 1
exit(0) = never returns
)";

TEST(Subjects, MemoryIsAsItWasFirst) {
  Expect("scribble", "", std::regex_replace(kClean, std::regex("%"), ""));
}

TEST(Subjects, SoItIsIfTheHeapHasShrunk) {
  Expect("scribble-and-shrink", "", std::regex_replace(kClean, std::regex("%"), ""));
}

TEST(Subjects, SoItIsIfTheStackHasGrown) {
  Expect("scribble-deep", "", std::regex_replace(kClean, std::regex("%"), "far down 0\n"));
}

// --- Those that mean harm ------------------------------------------------------------------------

class Harm : public testing::Test {
 protected:
  // Plays a plain scenario to it, in seconds.
  static Played Plays(const std::string& what) {
    const auto begin = std::chrono::steady_clock::now();
    Played run = Play(g_subjects.front(), {"harm", what}, "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
    return run;
  }
  // Processes that the rig has started and that still are.
  static int Children() {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream status(entry.path() / "status");
      for (std::string line; std::getline(status, line);) {
        if (line == "PPid:\t" + std::to_string(getpid())) ++count;
        if (line == "TracerPid:\t" + std::to_string(getpid())) ++count;
      }
    }
    return count;
  }
  void TearDown() override { EXPECT_EQ(Children(), 0); }
};

TEST_F(Harm, CallsOf32BitProgramsAreNotMade) {
  const Played run = Plays("int80");
  if (run.outcome.crash == SIGSEGV) return;  // a kernel without them
  EXPECT_EQ(run.story, "int80 -38\nexit(0) = never returns\n");
  EXPECT_EQ(run.outcome.not_covered.count("a 32-bit call"), 1u);
}

TEST_F(Harm, CodeOfItsOwnIsCaughtTheSame) {
  EXPECT_EQ(Plays("own-code").story,
            "reboot(CAD_OFF, wrong magic) = EINVAL\nreboot -22\nexit(0) = never returns\n");
}

TEST_F(Harm, NothingOutsideIsReached) {
  struct stat before{}, after{};
  ASSERT_EQ(stat("/etc/passwd", &before), 0);
  const Played run = Plays("files");
  EXPECT_EQ(
      run.story,
      "open -1\ncreate -1\nunlink -1\nmount -1\nsocket -1\nkill(2, KILL) = ESRCH\noutside -1\n"
      "trace -1\nexit(0) = never returns\n");
  ASSERT_EQ(stat("/etc/passwd", &after), 0);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  EXPECT_EQ(before.st_nlink, after.st_nlink);
  EXPECT_FALSE(std::filesystem::exists("/tmp/minit-hostile"));
  EXPECT_EQ(run.outcome.not_covered.size(), 2u);
}

// Not even before the first call that matters, when a loader reads libraries.
TEST_F(Harm, NothingOfTheHostIsRead) {
  for (const std::string& subject : g_subjects) {
    EXPECT_EQ(Play(subject, {"harm", "early-files"}, "").story,
              "file -1\nfolder -1\nlibrary -1\ngiven -1\nexit(0) = never returns\n")
        << subject;
  }
}

// Even if the loader has made a call that depends on the world, at which others begin.
TEST_F(Harm, OnlyTheLoaderReadsLibraries) {
  for (const std::string& subject : g_subjects) {
    for (const bool from_exec : {true, false}) {
      PtraceRig rig({.path = subject, .arguments = {"harm", "in-loader"}, .from_exec = from_exec});
      const bool has_loader = WhatIsLoadedFor(subject) == Loads::kLibraries;
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(PlayOnce(rig, "").story, std::string("in the loader ") +
                                               (has_loader ? "1" : "0") +
                                               "\nlibrary -1\nexit(0) = never returns\n")
            << subject;
      }
    }
  }
}

TEST_F(Harm, LoopsWithoutCallsEnd) {
  EXPECT_EQ(Plays("loop").outcome.end, Outcome::End::kLooped);
  EXPECT_TRUE(Plays("loop").story.ends_with("runs on\n")) << Plays("loop").story;
  EXPECT_EQ(Plays("child-loop").outcome.end, Outcome::End::kLooped);
}

TEST_F(Harm, CallsWithoutEndEnd) {
  EXPECT_EQ(Plays("calls").outcome.end, Outcome::End::kGaveUp);
  EXPECT_EQ(Plays("silent-calls").outcome.end, Outcome::End::kLooped);
}

TEST_F(Harm, ForksWithoutEndEnd) { EXPECT_EQ(Plays("bomb").outcome.end, Outcome::End::kCrowded); }

TEST_F(Harm, MemoryIsBounded) {
  EXPECT_EQ(Plays("eat").story, "bounded 1\nexit(0) = never returns\n");
  const Played run = Plays("overflow");
  EXPECT_EQ(run.outcome.ending, kernel::Ending::kInitDied);
  EXPECT_EQ(run.outcome.crash, SIGSEGV);
}

TEST_F(Harm, CrashesAreTold) {
  const Played run = Plays("crash");
  EXPECT_EQ(run.outcome.crash, SIGSEGV);
  EXPECT_EQ(run.outcome.ending, kernel::Ending::kInitDied);
  EXPECT_EQ(run.outcome.ending_status, SIGSEGV);
}

TEST_F(Harm, WhatCannotBeExecutedIsRefused) {
  EXPECT_THROW(PtraceRig({.path = "/nonexistent"}), CannotRun);
  PtraceRig rig({.path = g_subjects.front(), .limits = {.memory_bytes = 4096}});
  Story story;
  EXPECT_THROW(rig.Run({}, story), CannotRun) << "it is killed in its exec";
}

}  // namespace
}  // namespace minit::rig

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc < 2) return 2;
  minit::rig::g_subjects.assign(argv + 1, argv + argc);
  return RUN_ALL_TESTS();
}
