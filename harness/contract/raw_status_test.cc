// What is read of a status is what libc reads of it.
#include "harness/contract/raw_status.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace minit::contract {
namespace {

TEST(RawStatus, IsReadAsLibcDoes) {
  for (int raw = 0; raw <= 0xffff; ++raw) {
    const bool death = WIFEXITED(raw) || (WIFSIGNALED(raw) && !WIFCONTINUED(raw));
    ASSERT_EQ(IsStop(raw), WIFSTOPPED(raw)) << raw;
    ASSERT_EQ(IsContinue(raw), WIFCONTINUED(raw)) << raw;
    if (WIFSTOPPED(raw)) ASSERT_EQ(StopSignal(raw), WSTOPSIG(raw)) << raw;
    if (WIFEXITED(raw)) ASSERT_EQ(ShellStatus(raw), WEXITSTATUS(raw)) << raw;
    if (WIFSIGNALED(raw)) ASSERT_EQ(ShellStatus(raw), 128 + WTERMSIG(raw)) << raw;
    if (!death) continue;
    ASSERT_TRUE(IsDeath(raw)) << raw;
    const bool core = WIFSIGNALED(raw) && WCOREDUMP(raw);
    ASSERT_EQ(CauseOf(raw), WIFEXITED(raw) ? Cause::kExit : core ? Cause::kCore : Cause::kKill);
  }
  EXPECT_FALSE(IsDeath(0xffff));
  EXPECT_FALSE(IsDeath(kNoStatus));
  EXPECT_EQ(CauseOf(kNoStatus), Cause::kNone);
  EXPECT_EQ(CauseOf(0x137f), Cause::kTracedStop);
  EXPECT_EQ(CauseOf(0xffff), Cause::kContinue);
  EXPECT_EQ(ShellStatus(kNoStatus), -1);
}

TEST(RawStatus, OfADeathByAMoveIsReadBack) {
  for (int number = 1; number <= 64; ++number) {
    for (const Cause cause : {Cause::kExit, Cause::kKill, Cause::kCore}) {
      const int raw = StatusOf(cause, number);
      EXPECT_EQ(CauseOf(raw), cause);
      EXPECT_EQ(ShellStatus(raw), cause == Cause::kExit ? number : 128 + number);
    }
  }
  EXPECT_EQ(StatusOf(Cause::kExit, 256 + 3), 3 << 8);
  EXPECT_EQ(StatusOf(Cause::kContinue, 18), kNoStatus);
}

TEST(RawStatus, OfBothWaitsIsTheSame) {
  const auto by_id = [](int code, int status) {
    Step step;
    step.call = kernel::calls::WaitId(kernel::kWaitForAny, 0, kernel::kWaitExited);
    step.result.pid = 7;
    step.result.code = static_cast<decltype(step.result.code)>(code);
    step.result.status = status;
    EXPECT_EQ(PidTold(step), 7);
    return StatusTold(step);
  };
  EXPECT_EQ(by_id(CLD_EXITED, 3), 0x0300);
  EXPECT_EQ(by_id(CLD_KILLED, 15), 15);
  EXPECT_EQ(by_id(CLD_DUMPED, 6), 0x86);
  EXPECT_EQ(by_id(CLD_TRAPPED, 19), 0x137f);
  EXPECT_EQ(by_id(CLD_STOPPED, 20), 0x147f);
  EXPECT_EQ(by_id(CLD_CONTINUED, 18), 0xffff);
  Step step;
  step.call = kernel::calls::Wait4(-1);
  step.result.value = 9;
  step.result.status = 0x86;
  EXPECT_TRUE(TellsOf(step, 9));
  EXPECT_EQ(StatusTold(step), 0x86);
  step.result.value = -10;
  EXPECT_EQ(PidTold(step), 0);
  step.call = kernel::calls::Kill(9, 15);
  step.result.value = 9;
  EXPECT_EQ(PidTold(step), 0);
}

}  // namespace
}  // namespace minit::contract
