// The kernel model against the sketch of it: whatever happens, both say the same.
#include "proptest/sketch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness/kernel/kernel.h"

namespace minit::proptest {
namespace {

using namespace kernel;  // NOLINT: this is about all of it
using World = ScenarioKernel;
using Row = std::array<uint8_t, 4>;  // what, who, and two values
using Rows = std::vector<Row>;

inline const int kConfigured = setenv("RC_PARAMS", "max_success=10000 max_size=200", 0);
constexpr int kMaxOpened = 16;
constexpr std::size_t kMaxPeople = 40;

uint64_t Bits(const std::set<int>& signals) {
  uint64_t bits = 0;
  for (const int signal : signals) bits |= SignalBit(signal);
  return bits;
}

std::set<int> Signals(uint64_t bits) {
  std::set<int> signals;
  for (int signal = 1; signal <= 64; ++signal) {
    if ((bits & SignalBit(signal)) != 0) signals.insert(signal);
  }
  return signals;
}

// Those that matter to each other, mostly.
int SignalOf(uint8_t value) {
  constexpr int kOften[] = {1, 9, 11, 14, 15, 17, 18, 19, 20, 21, 23, 28, 32, 34, 34, 64};
  return value < 192 ? kOften[value % 16] : value - 192 + 1;
}

uint64_t SetOf(uint8_t value) {
  const uint64_t few = SignalBit(SignalOf(value)) | SignalBit(SignalOf(value / 2));
  return value % 3 == 0 ? kAllSignals : value % 3 == 1 ? few : ~few;
}

// Both, side by side.
class Pair {
 public:
  explicit Pair(bool few_numbers)
      : world_(std::make_unique<World>(Entry{.pid_max = few_numbers ? 24 : 32768})),
        sketch_(few_numbers ? 24 : 32768) {
    world_->SetCallTime(0);
    for (int i = 0; i < 3; ++i) ForkBy(kInit, kSigChld);
    world_->Issue(kInit, calls::SigProcMask(kMaskSet, kAllSignals));
    sketch_.SetMask(kInit, Signals(kAllSignals));
  }

  // One thing happens to both. False: their answers differ.
  bool Happen(const Row& row) {
    const auto& [what, who, a, b] = row;
    // Init, to whom most come in the end, waits as often as all others together.
    const bool waits = what % 20 == 7 || what % 20 == 8;
    const Pid pid = world_->PidAt(waits && who % 2 == 0 ? 0 : who % world_->size());
    if (what % 20 == 0) {
      world_->AdvanceTo(world_->now_ns() + a * uint64_t{1'000'000});
      sketch_.AdvanceTo(sketch_.now_ns + a * uint64_t{1'000'000});
      return true;
    }
    const auto& process = sketch_.people.at(pid);
    if (process.zombie || process.stopped) return Says(Issue(pid, calls::GetId(kIdProcess)), -1);
    switch (what % 20) {
      case 1:
      case 2:
        return sketch_.people.size() == kMaxPeople || ForkBy(pid, a % 4 == 0 ? b % 65 : +kSigChld);
      case 3:
        return pid == kInit || ExitOf(pid, a);
      case 4:
      case 5:
      case 6:
        return Send(pid, Target(a), SignalOf(b));
      case 7:
      case 8:
        return Wait(pid, a, b);
      case 9:
        return Take(pid, SetOf(a));
      default:
        return pid == kInit ? Says(Issue(pid, calls::SetSid()), sketch_.SetSid(pid))
                            : HappenToOther(pid, what % 20, a, b);
    }
  }

  // Nothing of the two differs. Empty, or what does.
  std::string Difference() const {
    std::ostringstream out;
    if (static_cast<std::size_t>(world_->size()) != sketch_.order.size()) {
      out << "there are " << world_->size() << " and " << sketch_.order.size() << "; ";
    }
    for (std::size_t i = 0; i < sketch_.order.size(); ++i) {
      const int pid = sketch_.order[i];
      if (world_->PidAt(static_cast<int>(i)) != pid) out << pid << " is not number " << i << "; ";
      Compare(pid, out);
    }
    return out.str();
  }

 private:
  Result Issue(Pid pid, const Call& call) {
    Result result = world_->Issue(pid, call);
    if (result.state != Result::State::kDone) result.value = -1;
    return result;
  }
  // `caller`: of a call that may have ended or stopped it, and then does not tell.
  bool Says(const Result& result, int expected, Pid caller = 0) {
    if (caller != 0 && (!sketch_.Lives(caller))) expected = -1;
    return result.value == expected;
  }
  Pid Target(uint8_t a) const {
    const Pid pid = world_->PidAt(a / 4 % world_->size());
    return a % 16 == 3 ? -1 : a % 8 == 7 ? 0 : a % 4 == 2 ? -pid : a == 255 ? 4000 : pid;
  }

  bool ForkBy(Pid pid, int exit_signal) {
    if (pid == kInit) return world_->Fork(pid) == sketch_.Fork(pid, kSigChld, false);
    return Says(Issue(pid, calls::Fork(0, exit_signal)), sketch_.Fork(pid, exit_signal, true));
  }

  bool ExitOf(Pid pid, uint8_t a) {
    if (a % 2 == 0) {
      Issue(pid, calls::Exit(a));
      sketch_.End(pid, a << 8);
      return true;
    }
    const int signal = a % 64 + 1;
    const bool core = a >= 128;
    sketch_.End(pid, signal | (core ? 0x80 : 0));
    return world_->Die(pid, signal, core) == 0;
  }

  bool Send(Pid pid, Pid target, int signal) {
    const int expected = sketch_.Kill(pid, target, signal);
    return Says(Issue(pid, calls::Kill(target, signal)), expected, pid);
  }

  bool Wait(Pid pid, uint8_t a, uint8_t b) {
    Sketch::Wanted wanted{.which = a % 2 == 0 ? -1 : Target(b),
                          .exited = true,
                          .stopped = (a & 4) != 0,
                          .continued = (a & 8) != 0,
                          .all = (a & 16) != 0,
                          .clone = (a & 32) != 0};
    uint32_t flags = kWaitNoHang | (wanted.stopped ? kWaitUntraced : 0) |
                     (wanted.continued ? kWaitContinued : 0) | (wanted.all ? kWaitAll : 0) |
                     (wanted.clone ? kWaitClone : 0);
    if (b % 3 != 0) {
      const Sketch::Told told = sketch_.Wait(pid, wanted);
      const Result result = Issue(pid, calls::Wait4(wanted.which, flags));
      return Says(result, told.pid) && result.status == told.status;
    }
    wanted.exited = (a & 64) != 0;
    wanted.leave = (a & 128) != 0;
    wanted.which = -1;
    if (!wanted.exited && !wanted.stopped && !wanted.continued) return true;
    flags |= (wanted.exited ? kWaitExited : 0) | (wanted.leave ? kWaitNoWait : 0);
    const Sketch::Told told = sketch_.Wait(pid, wanted);
    const Result result = Issue(pid, calls::WaitId(kWaitForAny, 0, flags));
    if (told.pid <= 0) return Says(result, told.pid);
    return result.value == 0 && result.pid == told.pid && CodeAndStatus(result) == told.status;
  }

  // As wait4 would have it.
  static int CodeAndStatus(const Result& result) {
    switch (result.code) {
      case 1:
        return result.status << 8;
      case 2:
        return result.status;
      case 3:
        return result.status | 0x80;
      case 5:
        return result.status << 8 | 0x7f;
      default:
        return result.status == kSigCont ? 0xffff : -1;
    }
  }

  bool Take(Pid pid, uint64_t set) {
    const int expected = sketch_.Take(pid, Signals(set & ~(SignalBit(9) | SignalBit(19))));
    return Says(Issue(pid, calls::SigTimedWait(set, 0)), expected);
  }

  bool HappenToOther(Pid pid, int what, uint8_t a, uint8_t b) {
    switch (what) {
      case 10:
        return Mask(pid, a % 3, SetOf(b));
      case 11:
      case 12: {
        const uint32_t flags = (a & 4 ? kSaNoChildStop : 0) | (a & 8 ? kSaNoChildWait : 0);
        const int expected = sketch_.SetAction(pid, SignalOf(b), a % 3, (a & 4) != 0, (a & 8) != 0);
        const Result result = Issue(pid, calls::SigAction(SignalOf(b), a % 3, flags));
        return Says(result, expected);
      }
      case 13:
        sketch_.Exec(pid);
        return Says(Issue(pid, calls::Exec()), 0, pid);
      case 14:
        return Says(Issue(pid, calls::SetSid()), sketch_.SetSid(pid));
      case 15:
        return SetGroup(pid, a % 2 == 0 ? pid : Target(b), b % 2 == 0 ? 0 : Target(a));
      case 16:
        sketch_.people[pid].subreaper = a % 2 == 0;
        return Says(Issue(pid, calls::Subreaper(a % 2 == 0)), 0);
      case 17:
        return Alarm(pid, a);
      default:
        return Descriptors(pid, a, b);
    }
  }

  bool Mask(Pid pid, int how, uint64_t set) {
    const uint64_t before = Bits(sketch_.people[pid].mask);
    const uint64_t after = how == kMaskBlock     ? before | set
                           : how == kMaskUnblock ? before & ~set
                                                 : set;
    sketch_.SetMask(pid, Signals(after));
    const Result result = Issue(pid, calls::SigProcMask(how, set));
    return !sketch_.Lives(pid) || (result.value == 0 && result.set == before);
  }

  bool SetGroup(Pid pid, Pid target, Pid group) {
    if (target < 0 || group < 0) return true;
    const int expected = sketch_.SetGroup(pid, target, group);
    return Says(Issue(pid, calls::SetPgid(target, group)), expected);
  }

  // Each at an instant of its own.
  bool Alarm(Pid pid, uint8_t a) {
    auto& process = sketch_.people[pid];
    const uint64_t in_ns = a == 0 ? 0 : a * uint64_t{3'000'000} + ++alarms_;
    const uint64_t left_ns = process.alarm_ns == 0 ? 0 : process.alarm_ns - sketch_.now_ns;
    process.alarm_ns = in_ns == 0 ? 0 : sketch_.now_ns + in_ns;
    return Issue(pid, calls::Alarm(in_ns)).time_ns == left_ns;
  }

  bool Descriptors(Pid pid, uint8_t a, uint8_t b) {
    const auto fd = static_cast<int16_t>(b % 8);
    switch (a % 5) {
      case 0: {
        if (opened_ == kMaxOpened) return true;
        ++opened_;
        const bool on_exec = b % 2 == 0;
        const Call call = calls::Open(Path::kNull, on_exec ? kOpenCloseOnExec : 0);
        return Says(Issue(pid, call), sketch_.Open(pid, on_exec));
      }
      case 1:
        return Says(Issue(pid, calls::Dup(fd)), sketch_.Duplicate(pid, fd, -1));
      case 2:
        return Says(Issue(pid, calls::Dup(fd, a % 16)), sketch_.Duplicate(pid, fd, a % 16));
      default: {
        const bool only = a % 5 == 4;
        sketch_.CloseRange(pid, fd, fd + a % 3, only);
        return Says(Issue(pid, calls::CloseRange(fd, fd + a % 3, only ? kCloseRangeOnExec : 0)), 0);
      }
    }
  }

  void Compare(int pid, std::ostream& out) const {
    const Sketch::Process& is = sketch_.people.at(pid);
    const View view = world_->Look(pid);
    const auto same = [&](const char* what, auto seen, auto expected) {
      if (seen == expected) return;
      out << pid << " has " << what << " " << +seen << ", not " << +expected << "; ";
    };
    same("parent", view.parent, is.parent);
    same("group", view.group, is.group);
    same("session", view.session, is.session);
    same("death", view.activity == Activity::kZombie, is.zombie);
    same("status", view.status, is.zombie ? is.status : 0);
    same("exit signal", view.exit_signal, pid == kInit ? view.exit_signal : is.exit_signal);
    same("stopped", view.stopped, is.stopped);
    same("stop to tell", view.stop_to_tell, is.stop_to_tell != 0);
    same("subreaper", view.subreaper, is.subreaper);
    if (is.zombie) return;
    same("mask", view.mask, Bits(is.mask));
    same("ignored", view.ignored, Bits(is.ignored));
    same("handled", view.handled, Bits(is.handled));
    uint64_t open = 0;
    uint64_t on_exec = 0;
    for (const auto& [fd, closes] : is.descriptors) {
      open |= uint64_t{1} << fd;
      on_exec |= closes ? uint64_t{1} << fd : 0;
    }
    same("descriptors", view.descriptors, open);
    same("close-on-exec", view.close_on_exec, on_exec);
    for (int signal = 1; signal <= 64; ++signal) {
      const auto count = static_cast<int>(is.pending.count(signal));
      if (world_->PendingCount(pid, signal, true) != count) {
        out << pid << " has signal " << signal << " pending " << count << " times; ";
      }
    }
  }

  std::unique_ptr<World> world_;
  Sketch sketch_;
  uint64_t alarms_ = 0;
  int opened_ = 0;
};

RC_GTEST_PROP(Kernel, DoesWhatTheSketchOfItDoes, (const Rows& rows, bool few_numbers)) {
  Pair pair(few_numbers);
  for (const Row& row : rows) {
    RC_ASSERT(pair.Happen(row));
    RC_ASSERT(pair.Difference() == "");
  }
}

}  // namespace
}  // namespace minit::proptest
