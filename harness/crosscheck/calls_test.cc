// Lists of calls: the round trip, what a name allows, and errors that name place and remedy.
#include "harness/crosscheck/calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <string>

#include "harness/kernel/call.h"

namespace minit::crosscheck {
namespace {

namespace calls = kernel::calls;
using contract::CallList;
using kernel::CallKind;
using ::testing::HasSubstr;
using ::testing::StartsWith;

CallList ListOf(const std::string& text) {
  CallList list;
  const auto error = ParseCalls(text, list);
  EXPECT_EQ(error ? error->Describe("list") : "", "");
  return list;
}

std::string ErrorOf(const std::string& text) {
  CallList list;
  const auto error = ParseCalls(text, list);
  return error ? error->Describe("f") : "";
}

bool Waits(const CallList& list, CallKind kind) {
  return (list.waits >> static_cast<int>(kind) & 1) != 0;
}

bool Same(const CallList& one, const CallList& other) {
  return one.kinds == other.kinds && one.waits == other.waits && one.others == other.others;
}

TEST(Calls, NamesAllowWhatTheRigsMakeOfThem) {
  const CallList list = ListOf(
      "# minit\nexecve\n  wait4\nrt_sigtimedwait waits  # here alone\n"
      "fcntl\nmount\n");
  EXPECT_TRUE(list.Has(calls::Exec()));
  EXPECT_TRUE(list.Has(calls::Wait4(-1)));
  EXPECT_TRUE(list.Has(calls::SigTimedWait(0)));
  EXPECT_TRUE(list.Has(calls::SetNonBlock(1, true)));
  EXPECT_TRUE(list.Has(calls::SetCloseOnExec(1, true)));
  EXPECT_TRUE(list.Has(calls::Dup(1)));
  EXPECT_TRUE(list.Has(calls::Other(SYS_mount)));
  EXPECT_FALSE(list.Has(calls::Fork()));
  EXPECT_FALSE(list.Has(calls::WaitId(0, 0, 0)));
  EXPECT_FALSE(list.Has(calls::Other(SYS_umount2)));
  EXPECT_TRUE(ListOf("syncfs\n").Has(calls::Sync()));
  EXPECT_TRUE(Waits(list, CallKind::kSigTimedWait));
  EXPECT_FALSE(Waits(list, CallKind::kWait4));
}

// A clone of a thread or an unknown prctl is told by its number.
TEST(Calls, NameAllowsTheCallWhenTheModelHasNoKindForThatUseOfIt) {
  EXPECT_TRUE(ListOf("clone\n").Has(calls::Other(SYS_clone)));
  EXPECT_TRUE(ListOf("prctl\n").Has(calls::Other(SYS_prctl)));
  EXPECT_FALSE(ListOf("clone\n").Has(calls::Other(SYS_clone3)));
}

TEST(Calls, EveryKindOfCallHasAName) {
  for (int kind = 0; kind < kernel::kCallKinds; ++kind) {
    if (static_cast<CallKind>(kind) == CallKind::kOther) continue;
    const CallList one{.kinds = uint64_t{1} << kind};
    const std::string text = Print(one);
    EXPECT_NE(ListOf(text).kinds & one.kinds, 0U)
        << kernel::CallName(static_cast<CallKind>(kind)) << " is printed as \"" << text << "\"";
  }
}

TEST(Calls, ParseUndoesPrint) {
  const std::string text =
      "fork\nexecve\nexit_group\nread\nwritev waits\npoll "
      "waits\nppoll\nfcntl\nfutex\nsocket\nmount\n"
      "pidfd_getfd\nwait4\nsync\nreboot\n";
  const CallList list = ListOf(text);
  EXPECT_TRUE(Same(ListOf(Print(list)), list)) << Print(list);
  EXPECT_EQ(Print(ListOf(Print(list))), Print(list));
  EXPECT_EQ(Print(ListOf("wait4\nread\nkill\n# none\nrt_sigtimedwait waits\n")),
            "read\nwait4\nkill\nrt_sigtimedwait waits\n");
  EXPECT_EQ(Print(CallList{}), "");
}

TEST(Calls, NumbersAreThoseOfTheKernel) {
  for (const auto& [name, number] :
       {std::pair{"read", SYS_read}, {"wait4", SYS_wait4}, {"clone3", SYS_clone3}}) {
    const CallList list = ListOf(std::string(name) + "\n");
    EXPECT_TRUE(list.Has(calls::Other(static_cast<int>(number)))) << name;
  }
}

TEST(Calls, ErrorsNamePlaceWhatWasFoundAndWhatIsAllowed) {
  EXPECT_THAT(ErrorOf("wait4\n  wait3\n"),
              AllOf(StartsWith("f:2:3: found \"wait3\"; allowed: a system call"),
                    HasSubstr("the closest is \"wait4\"")));
  EXPECT_THAT(ErrorOf("exec\n"), HasSubstr("the closest is \"execve\""));
  EXPECT_THAT(ErrorOf("sigaction\n"), HasSubstr("the closest is \"rt_sigaction\""));
  EXPECT_THAT(ErrorOf("sleep\n"), HasSubstr("the closest is \"nanosleep\""));
  EXPECT_THAT(ErrorOf("rebbot # once\n"), HasSubstr("the closest is \"reboot\""));
  EXPECT_THAT(ErrorOf("epol_wait\n"), HasSubstr("the closest is \"epoll_wait\""));
  EXPECT_THAT(ErrorOf("ptracee\n"), HasSubstr("the closest is \"ptrace\""));
  EXPECT_THAT(ErrorOf("wai\x1b[31mt4\xc3\n"), HasSubstr("found \"wai\\x1b[31mt4\\xc3\""));
  EXPECT_THAT(ErrorOf("wait4 for\n"), StartsWith("f:1:7: found \"for\"; allowed: \"waits\""));
  EXPECT_THAT(ErrorOf("wait4 waits long\n"), StartsWith("f:1:7: found \"waits long\""));
  EXPECT_THAT(ErrorOf("kill waits\n"),
              StartsWith("f:1:6: found \"waits\" behind kill, which never"));
  EXPECT_THAT(ErrorOf("mount waits\n"), StartsWith("f:1:7: found \"waits\" behind mount"));
  EXPECT_THAT(ErrorOf("kill\n\nkill\n"), StartsWith("f:3:1: found \"kill\" a second time"));
}

}  // namespace
}  // namespace minit::crosscheck
