// The judge as a value: copies go on as the original does, and its hash has what matters to come, and
// nothing else.
#include <gtest/gtest.h>

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/contract/judge.h"
#include "harness/contract/stand.h"
#include "harness/contract/subjects.h"
#include "harness/rig/runner.h"
#include "harness/scenario/text.h"

namespace minit::contract {
namespace {

using kernel::Call;
using kernel::kInit;
using kernel::Pid;
namespace calls = kernel::calls;

struct Copying {
  Judge judge;
  Judge copy;
  uint32_t at;
  void On(const Step& step, const kernel::Kernel& kernel) {
    judge.Observe(step, kernel);
    if (judge.steps() == at) copy = judge;
    if (judge.steps() > at) {
      copy.Observe(step, kernel);
      ASSERT_EQ(copy, judge);
      ASSERT_EQ(copy.Hash(), judge.Hash());
      ASSERT_TRUE(copy.SameFuture(judge));
    }
  }
};

TEST(JudgeValue, ACopyAnywhereGoesOnAsTheOriginal) {
  scenario::Scenario scenario;
  ASSERT_FALSE(
      scenario::Parse("at rest: child handles every signal\n"
                      "at rest: kernel sends TERM to init\n"
                      "at rest: child exits 3\n",
                      scenario));
  for (uint32_t at = 1; at < 100; at += 3) {
    for (const Fault fault : {Fault::kNone, Fault::kSendsTwice, Fault::kSleepsOutTheDelay}) {
      static kernel::ScenarioKernel kernel;
      Copying listener{Judge(), Judge(), at};
      rig::Runner<Copying> runner(kernel, listener);
      runner.Enter(scenario);
      rig::ScriptedInit init(SigTimedWaitInit(fault));
      Play(runner, init);
    }
  }
}

TEST(JudgeValue, WhatIsOverIsNoPartOfTheHash) {
  // One init forwards two signals in one order, another in the other: at rest nothing is left of it.
  const auto forwards = [](int first, int second) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    for (const int signal : {first, second}) {
      stand.Send(signal);
      stand.Return(kInit);
      stand.Make(kInit, calls::Kill(-child, signal));
      stand.Wait();
    }
    return stand.judge;
  };
  const Judge one = forwards(10, 12);
  const Judge other = forwards(12, 10);
  EXPECT_EQ(one.Hash(), other.Hash());
  EXPECT_TRUE(one.SameFuture(other));
  const Judge third = forwards(10, 10);
  EXPECT_NE(one.Hash(), third.Hash());
  EXPECT_FALSE(one.SameFuture(third));
}

// Who has ended or was let go, and what was sent, leave nothing behind, in whichever order.
TEST(JudgeValue, WhatIsOverLeavesNothing) {
  const auto helpers_end = [](bool turned) {
    Stand stand;
    stand.EndChild(1);
    Pid first = stand.Fork();
    Pid second = stand.Fork();
    if (turned) std::swap(first, second);
    for (const Pid pid : {first, second}) stand.Make(pid, calls::Exit(0));
    return stand.judge;
  };
  const auto tracees_go = [](bool turned) {
    Stand stand;
    stand.Start();
    Pid first = stand.AddTracee();
    Pid second = stand.AddTracee();
    for (const Pid pid : {first, second}) stand.StopTracee(pid, 10);
    if (turned) std::swap(first, second);
    for (const Pid pid : {first, second}) {
      stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, pid, 10));
    }
    return stand.judge;
  };
  const auto signals_are_sent = [](bool turned) {
    Stand stand;
    const Pid child = stand.Start();
    for (int i = 0; i < 2; ++i) {
      const int signal = (i == 0) != turned ? 10 : 12;
      stand.Send(signal);
      stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
      stand.Make(kInit, calls::Kill(-child, signal));
    }
    stand.Send(kernel::kSigChld);
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
    stand.Wait();
    return stand.judge;
  };
  const auto starts = [](bool says_why_not) {
    Stand stand;
    const Pid child = stand.StartThatFails();
    stand.Make(child, calls::Write(2, 6), says_why_not ? "/core\n" : "/cork\n");
    stand.Make(child, calls::Exec());
    return stand.judge;
  };
  EXPECT_EQ(starts(false), starts(true));
  EXPECT_EQ(helpers_end(false), helpers_end(true));
  EXPECT_EQ(tracees_go(false), tracees_go(true));
  EXPECT_EQ(signals_are_sent(false), signals_are_sent(true));
}

// At rest all is forgotten that was done to get there; and a second of calls once it is over.
TEST(JudgeValue, CallsThatAreOverAreNoPartOfTheHash) {
  const auto rests_after = [](uint64_t set, int count, uint64_t time_ns) {
    Stand stand;
    stand.kernel.SetCallTime(0);
    stand.Start();
    stand.Send(17);
    stand.Make(kInit, calls::SigTimedWait(set, 0));
    stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(15), kSecondNs));
    stand.Rest();
    stand.PassTo(2 * kSecondNs);
    stand.Return(kInit);
    for (int i = 0; i < count; ++i) stand.Make(kInit, calls::ClockRead());
    stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(15)));
    stand.PassTo(2 * kSecondNs + time_ns);  // a helper keeps it from rest
    stand.Rest();
    return stand.judge;
  };
  const Judge plain = rests_after(kernel::SignalBit(15), 0, kSecondNs);
  EXPECT_TRUE(plain.SameFuture(rests_after(kernel::kAllSignals, 0, kSecondNs)));
  EXPECT_FALSE(rests_after(1, 1, 0).SameFuture(rests_after(1, 2, 0)));
  EXPECT_FALSE(rests_after(1, 1, kSecondNs - 1).SameFuture(rests_after(1, 2, kSecondNs - 1)));
  EXPECT_TRUE(rests_after(1, 1, kSecondNs).SameFuture(rests_after(1, 2, kSecondNs)));
}

TEST(JudgeValue, TimesCountFromTheOrigin) {
  const auto ends_at = [](uint64_t time_ns) {
    Stand stand;
    const Pid child = stand.Start();
    stand.Wait();
    stand.PassTo(time_ns);
    stand.Exit(child, 1);
    return stand.judge;
  };
  const Judge early = ends_at(kSecondNs);
  const Judge late = ends_at(9 * kSecondNs);
  EXPECT_FALSE(early.SameFuture(late));
  EXPECT_TRUE(early.SameFuture(late, kSecondNs, 9 * kSecondNs));
  EXPECT_EQ(early.Hash(kSecondNs), late.Hash(9 * kSecondNs));
}

// The delay counts from there, if it turns out to have been the end.
TEST(JudgeValue, WhenTheChildMayHaveEndedIsPartOfTheHash) {
  for (const bool killed : {false, true}) {
    const auto may_end_at = [killed](uint64_t time_ns) {
      Stand stand;
      stand.BlockAll();
      stand.Fork();
      const Pid other = stand.Fork();
      stand.PassTo(time_ns);
      if (killed) {
        stand.kernel.Die(other, 9, false);
        stand.Move(Cause::kKill, other, 9);
      } else {
        stand.kernel.SetFaults({.fork_failures = 1});
        stand.Make(kInit, calls::Fork());
      }
      stand.PassTo(9 * kSecondNs);
      return stand.judge;
    };
    const Judge early = may_end_at(kSecondNs);
    const Judge late = may_end_at(2 * kSecondNs);
    EXPECT_FALSE(early.SameFuture(late)) << killed;
    EXPECT_NE(early.Hash(), late.Hash()) << killed;
    EXPECT_TRUE(early.SameFuture(may_end_at(kSecondNs))) << killed;
  }
}

// Of two that differ in one thing that matters to come the hash tells that they do.
struct Differing {
  const char* in_what;
  std::function<void(Stand&)> one;
  std::function<void(Stand&)> other;
};

// Calls take no time, so that nothing else differs.
Judge After(const std::function<void(Stand&)>& happens, const Terms& terms) {
  Stand stand(terms);
  stand.kernel.SetCallTime(0);
  stand.PassTo(kSecondNs);
  happens(stand);
  return stand.judge;
}

void ExpectToDiffer(const std::vector<Differing>& pairs, const Terms& terms) {
  for (const Differing& pair : pairs) {
    const Judge one = After(pair.one, terms);
    const Judge other = After(pair.other, terms);
    EXPECT_FALSE(one.SameFuture(other)) << pair.in_what;
    EXPECT_NE(one.Hash(), other.Hash()) << pair.in_what;
    EXPECT_TRUE(one.SameFuture(After(pair.one, terms))) << pair.in_what;
  }
}

TEST(JudgeValue, WhatMattersOfTheStartIsPartOfTheHash) {
  const auto forks = [](Pid number) {
    return [number](Stand& stand) {
      stand.BlockAll();
      stand.Fork();
      stand.kernel.SetNextPid(number);
      stand.Kill(stand.Fork());
    };
  };
  const auto enters_without = [](int16_t fd) {
    return [fd](Stand& stand) {
      stand.kernel.Issue(kInit, calls::Close(fd));
      stand.judge = Judge({.counts_calls = false});
      stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
    };
  };
  const auto calls_exec = [](kernel::Path path) {
    return [path](Stand& stand) {
      stand.BlockAll();
      const Pid child = stand.Fork();
      stand.Make(child, calls::SetSid());
      stand.Make(child, calls::SigProcMask(kernel::kMaskSet, 0));
      stand.Begin(child, calls::Exec(path));
    };
  };
  const auto opens = [](kernel::Path path) {
    return [path](Stand& stand) { stand.Make(kInit, calls::Open(path)); };
  };
  const auto rests = [](bool rest) {
    return [rest](Stand& stand) {
      stand.BlockAll();
      stand.Fork();
      if (rest) stand.kernel.Keep(2, true);
      if (rest) stand.Wait();
      stand.Make(kInit, calls::ClockRead());
    };
  };
  ExpectToDiffer(
      {{"streams", enters_without(0), enters_without(1)},
       {"what exec was given", calls_exec(kernel::Path::kChild), calls_exec(kernel::Path::kOther)},
       {"whether there is a console", opens(kernel::Path::kNoConsole), opens(kernel::Path::kNull)},
       {"who may have been the child", forks(3), forks(5)},
       {"whether init has rested", rests(true), rests(false)},
       {"who was forked first",
        [](Stand& stand) {
          stand.BlockAll();
          for (int i = 0; i < 3; ++i) stand.Fork();
          stand.Make(2, calls::Exit(0));
        },
        [](Stand& stand) {
          stand.BlockAll();
          stand.Make(stand.Fork(), calls::Exit(0));
          stand.Fork();
          stand.Fork();
        }},
       {"what came before the second fork",
        [](Stand& stand) {
          stand.BlockAll();
          stand.Fork();
          stand.Send(10);
          stand.Fork();
        },
        [](Stand& stand) {
          stand.BlockAll();
          stand.Fork();
          stand.Fork();
          stand.Send(10);
        }}},
      {.counts_calls = false});
  EXPECT_FALSE(Judge().SameFuture(Judge({.profile = Profile::kContainer})));
}

TEST(JudgeValue, WhatMattersOfSignalsIsPartOfTheHash) {
  const auto takes = [](Stand& stand) {
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  };
  const auto takes_many = [takes](int count) {
    return [takes, count](Stand& stand) {
      stand.Start();
      for (int i = 0; i < count; ++i) {
        stand.Send(40);
        takes(stand);
      }
    };
  };
  const auto sends = [takes](int count, bool again) {
    return [takes, count, again](Stand& stand) {
      const Pid child = stand.Start();
      for (int i = 0; i < count; ++i) {
        stand.Send(10);
        takes(stand);
        if (i == 0 || again) stand.Make(kInit, calls::Kill(-child, 10));
      }
      stand.Wait(1);
      stand.PassTo(2 * kSecondNs);
      stand.Return(kInit);
    };
  };
  const auto stops = [](int signal) {
    return [signal](Stand& stand) {
      stand.Start();
      stand.StopTracee(stand.AddTracee(), signal);
    };
  };
  ExpectToDiffer({{"whether it is owed",
                   [takes](Stand& stand) {
                     stand.BlockAll();
                     stand.Send(10);
                     stand.Start();
                     takes(stand);
                   },
                   [takes](Stand& stand) {
                     stand.Start();
                     stand.Send(10);
                     takes(stand);
                   }},
                  {"whether it is being sent",
                   [takes](Stand& stand) {
                     stand.Start();
                     stand.Send(10);
                     takes(stand);
                   },
                   [takes](Stand& stand) {
                     const Pid child = stand.Start();
                     stand.Send(10);
                     takes(stand);
                     stand.Begin(kInit, calls::Kill(-child, 10));
                   }},
                  {"whether there was room", takes_many(64), takes_many(65)},
                  {"whether two were sent", sends(1, true), sends(2, true)},
                  {"the signal of a stop", stops(10), stops(12)}},
                 {.counts_calls = false});
}

TEST(JudgeValue, WhatMattersOfTheConsoleIsPartOfTheHash) {
  const auto writes = [](std::vector<std::string_view> pieces, bool begins_last) {
    return [pieces, begins_last](Stand& stand) {
      stand.BlockAll();
      for (const std::string_view& piece : pieces) {
        const Call call = calls::Write(2, static_cast<int>(piece.size()));
        if (begins_last && &piece == &pieces.back()) {
          stand.Begin(kInit, call, piece);
        } else {
          stand.Make(kInit, call, piece);
        }
      }
    };
  };
  ExpectToDiffer({{"whether a number may go on", writes({"1"}, false), writes({"1 "}, false)},
                  {"how much of the path", writes({"/co"}, false), writes({"/cx"}, false)},
                  {"whether one is under way", writes({"1"}, false), writes({"1"}, true)},
                  {"what was there before it", writes({"1", " 2"}, true), writes({"1 2"}, true)}},
                 {.counts_calls = false});
}

TEST(JudgeValue, WhatMattersOfTheEndIsPartOfTheHash) {
  const auto ends = [](int code, bool by_signal) {
    return [code, by_signal](Stand& stand) {
      const Pid child = stand.StartThatFails();
      stand.Wait();
      if (by_signal) stand.Kill(child);
      if (!by_signal) stand.Exit(child, code);
    };
  };
  const auto frozen_after = [](uint64_t time_ns) {
    return [time_ns](Stand& stand) {
      stand.EndChild(1);
      stand.PassTo(stand.kernel.now_ns() + time_ns);
      stand.kernel.SendFromAncestor(kInit, kernel::kSigStop);
      stand.Move(Cause::kUntracedStop, kInit, kernel::kSigStop);
    };
  };
  const auto synced_by = [](Pid number) {
    return [number](Stand& stand) {
      stand.EndChild(0);
      stand.Fork();
      stand.Fork();
      stand.Make(number, calls::Sync());
    };
  };
  ExpectToDiffer({{"the status", ends(1, false), ends(2, false)},
                  {"whether it was killed", ends(137, false), ends(137, true)},
                  {"since when init is frozen", frozen_after(1), frozen_after(2)},
                  {"who has synced", synced_by(3), synced_by(4)}},
                 {.counts_calls = false});
  const auto exits = [](bool orphan_first) {
    return [orphan_first](Stand& stand) {
      const Pid child = stand.Start();
      const Pid orphan = stand.kernel.Fork(kInit);
      stand.Wait();
      stand.Exit(orphan_first ? orphan : child, 0);
      stand.Exit(orphan_first ? child : orphan, 0);
    };
  };
  const auto waits = [](Pid whom) {
    return [whom](Stand& stand) {
      stand.EndChild(0);
      for (int i = 0; i < 2; ++i) stand.Make(kInit, calls::Wait4(whom, kernel::kWaitNoHang));
    };
  };
  ExpectToDiffer({{"who was dead at the end", exits(true), exits(false)},
                  {"whether nobody was left", waits(-1), waits(2)}},
                 {.profile = Profile::kContainer, .counts_calls = false});
}

TEST(JudgeValue, WhatMattersOfCallsIsPartOfTheHash) {
  const auto takes = [](uint64_t set) {
    return [set](Stand& stand) {
      stand.Start();
      stand.Send(17);
      stand.Make(kInit, calls::SigTimedWait(set, 0));
    };
  };
  const auto is_busy = [](uint64_t second, int count) {
    return [second, count](Stand& stand) {
      stand.Start();
      stand.Wait(kSecondNs);
      stand.PassTo(second * kSecondNs);
      stand.Return(kInit);
      for (int i = 0; i < count; ++i) stand.Make(kInit, calls::ClockRead());
    };
  };
  ExpectToDiffer({{"whether there was something to do", takes(kernel::kAllSignals), takes(2)},
                  {"since when a second counts", is_busy(3, 2), is_busy(4, 2)},
                  {"how many there were in it", is_busy(3, 1), is_busy(3, 2)}},
                 {});
}

TEST(JudgeValue, IsSmall) { EXPECT_LE(sizeof(Judge), 784U); }

}  // namespace
}  // namespace minit::contract
