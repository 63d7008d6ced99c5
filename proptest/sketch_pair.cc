#include "proptest/sketch_pair.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace minit::proptest {
namespace {

using namespace kernel;  // NOLINT: this is about all of it
using Kind = Sketch::Call::Kind;
using File = Sketch::File;

constexpr int kMaxOpened = 16;
constexpr std::size_t kMaxPeople = 40;
constexpr int kMaxCrowd = 40;  // the model's list of instances is bounded
constexpr uint64_t kMillisecondNs = 1'000'000;

uint64_t Bits(const std::set<int>& members, int first) {
  uint64_t bits = 0;
  for (const int member : members) bits |= uint64_t{1} << (member - first);
  return bits;
}

uint64_t Bits(const std::set<int>& signals) { return Bits(signals, 1); }

std::set<int> Members(uint64_t bits, int first) {
  std::set<int> members;
  for (int i = 0; i < 64; ++i) {
    if ((bits >> i & 1) != 0) members.insert(i + first);
  }
  return members;
}

std::set<int> Signals(uint64_t bits) {
  return Members(bits & ~(SignalBit(kSigKill) | SignalBit(kSigStop)), 1);
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

// As wait4 would have it.
int CodeAndStatus(const Result& result) {
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

}  // namespace

void Pair::Begin(bool few) {
  world_->Reset(few ? Entry{.signal_queue_limit = 6, .pid_max = 24} : Entry{});
  sketch_ = few ? Sketch(24, 6) : Sketch(32768, 1024);
  instants_ = 0;
  opened_ = 0;
  world_->SetCallTime(0);
  for (int i = 0; i < 3; ++i) Fork(kInit, kSigChld);
  world_->Issue(kInit, calls::SigProcMask(kMaskSet, kAllSignals));
  sketch_.SetMask(kInit, Signals(kAllSignals));
}

std::string Pair::Happen(const Row& row) {
  if (!IsDone(row)) return "what the call returns differs";
  const std::string answers = TellAnswers();
  return answers.empty() ? Difference() : answers;
}

// --- What can happen -----------------------------------------------------------------------------

// False: their answers differ.
bool Pair::IsDone(const Row& row) {
  const auto& [kind, who, a, b] = row;
  const int what = kind % kKinds;
  // Init, to whom most come in the end, waits as often as all others together.
  const bool waits = what == 7 || what == 8;
  const int pid = world_->PidAt(waits && who % 2 == 0 ? 0 : who % world_->size());
  if (what == 0) {
    world_->AdvanceTo(world_->now_ns() + a * kMillisecondNs);
    sketch_.AdvanceTo(sketch_.now_ns + a * kMillisecondNs);
    return true;
  }
  if (what == 19) return Faults(a, b);
  const auto& process = sketch_.people.at(pid);
  if (process.answer) return true;  // it is stopped: whoever makes a call for it takes that away
  if (process.zombie || process.stopped || process.call) {
    return Says(Issue(pid, calls::GetId(kIdProcess)), -1);
  }
  return IsDoneByAny(pid, what, a, b);
}

bool Pair::IsDoneByAny(int pid, int what, uint8_t a, uint8_t b) {
  switch (what) {
    case 1:
    case 2:
      return sketch_.people.size() == kMaxPeople || Fork(pid, a % 4 == 0 ? b % 65 : +kSigChld);
    case 3:
      return pid == kInit || Exit(pid, a);
    case 4:
    case 5:
    case 6:
      return Send(pid, Target(a), SignalOf(b));
    case 7:
    case 8:
      return Wait(pid, a, b, false);
    case 9:
      return Take(pid, SetOf(a), 0);
    case 10:
      return SendOtherwise(pid, a, b);
    case 11:
      return Alarm(pid, a);
    case 12:
      return Descriptors(pid, a, b);
    case 13:
    case 14:
      return OpenFile(pid, a, b);
    case 15:
      return BlockOnFile(pid, a, b);
    case 16:
      return a < 192 || Take(pid, SetOf(b), Soon(b));
    case 17:
      return Says(Issue(pid, calls::SetSid()), sketch_.SetSid(pid));
    case 18:
      return Terminal(pid, a, b);
    default:
      return pid == kInit || IsDoneByOther(pid, what, a, b);
  }
}

bool Pair::IsDoneByOther(int pid, int what, uint8_t a, uint8_t b) {
  switch (what) {
    case 20:
      return Mask(pid, a % 3, SetOf(b));
    case 21:
    case 22:
      return Action(pid, a, b);
    case 23:
      sketch_.Exec(pid);
      return Says(Issue(pid, calls::Exec()), 0, pid);
    case 24:
      return SetGroup(pid, a % 2 == 0 ? pid : Target(b), b % 2 == 0 ? 0 : Target(a));
    case 25:
      sketch_.people[pid].subreaper = a % 2 == 0;
      return Says(Issue(pid, calls::Subreaper(a % 2 == 0)), 0);
    default:
      return Block(pid, a, b);
  }
}

Result Pair::Issue(int pid, const Call& call) {
  Result result = world_->Issue(pid, call);
  if (result.state != Result::State::kDone) result.value = -1;
  return result;
}

// `caller`: of a call that may have ended or stopped it, and then does not tell.
bool Pair::Says(const Result& result, int expected, int caller) {
  if (caller != 0 && (!sketch_.Lives(caller))) expected = -1;
  return result.value == expected;
}

// A call that may block: it does in both, or returns the same.
bool Pair::Ends(int pid, const Call& call, const Sketch::Call& sketched) {
  const Sketch::MaybeAnswer expected = sketch_.Make(pid, sketched);
  const Result result = world_->Issue(pid, call);
  if ((result.state == Result::State::kDone) != expected.has_value()) return false;
  return !expected || SameAnswer(result, *expected, call.kind);
}

bool Pair::SameAnswer(const Result& result, const Sketch::Answer& answer, CallKind kind) const {
  if (kind == CallKind::kWaitId && answer.value > 0) {
    return result.value == 0 && result.pid == answer.value &&
           CodeAndStatus(result) == answer.status;
  }
  if (result.value != answer.value || result.signal != answer.signal) return false;
  if (kind == CallKind::kWait4) return result.status == answer.status;
  if (kind == CallKind::kPoll) return result.set == Bits(answer.ready, 0);
  if (kind == CallKind::kSleep) return result.time_ns == answer.left_ns;
  return result.from_thread == answer.own && result.owed == answer.owed &&
         result.set == answer.expired;
}

// Who was in a call that has ended runs, and is told of the same.
std::string Pair::TellAnswers() {
  for (const int pid : std::vector<int>(sketch_.order)) {
    Sketch::Process& process = sketch_.people[pid];
    if (!process.answer || process.stopped) continue;
    const CallKind kind = world_->LastCall(pid).kind;
    const Step step = world_->Resume(pid);
    if (step.kind != Step::Kind::kReturns || !SameAnswer(step.result, *process.answer, kind)) {
      return std::to_string(pid) + " is told otherwise, of " + CallName(kind);
    }
    process.answer.reset();
  }
  return "";
}

int Pair::Target(uint8_t a) const {
  const int pid = world_->PidAt(a / 4 % world_->size());
  return a % 16 == 3 ? -1 : a % 8 == 7 ? 0 : a % 4 == 2 ? -pid : a == 255 ? 4000 : pid;
}

// Each an instant of its own.
uint64_t Pair::Soon(uint8_t a) {
  return a == 0 ? 0 : sketch_.now_ns + uint64_t{a} * 3 * kMillisecondNs + ++instants_;
}

bool Pair::IsCrowded(bool many) const {
  int crowd = many ? static_cast<int>(sketch_.people.size()) : 3;
  for (const auto& [pid, process] : sketch_.people) {
    for (const auto* pending : {&process.pending, &process.own}) {
      std::set<int> more;
      for (const Sketch::Instance& one : *pending) {
        const auto count = std::ranges::count(*pending, one.signal, &Sketch::Instance::signal);
        if (count > 1 || !one.queued) more.insert(one.signal);
      }
      crowd += static_cast<int>(more.size()) * (pid == kInit ? 3 : 1);
    }
  }
  return crowd > kMaxCrowd;
}

bool Pair::Fork(int pid, int exit_signal) {
  if (pid == kInit) return world_->Fork(pid) == sketch_.Fork(pid, kSigChld, false);
  return Says(Issue(pid, calls::Fork(0, exit_signal)), sketch_.Fork(pid, exit_signal, true));
}

bool Pair::Exit(int pid, uint8_t a) {
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

bool Pair::Send(int pid, int target, int signal) {
  if (signal >= kSigRtMin && IsCrowded(target <= 0)) return true;
  const int expected = sketch_.Kill(pid, target, signal);
  return Says(Issue(pid, calls::Kill(target, signal)), expected, pid);
}

// To the thread, with sigqueue, through a pidfd; or from nobody.
bool Pair::SendOtherwise(int pid, uint8_t a, uint8_t b) {
  const int signal = SignalOf(b);
  const int target = world_->PidAt(a / 4 % world_->size());
  if (signal >= kSigRtMin && IsCrowded(false)) return true;
  switch (a % 4) {
    case 0:
      return Says(Issue(pid, calls::ThreadKill(target, target, signal)),
                  sketch_.Generate(target, signal, Sketch::How::kThread), pid);
    case 1:
      return Says(Issue(pid, calls::SigQueue(target, signal)),
                  sketch_.Generate(target, signal, Sketch::How::kQueue), pid);
    case 2: {
      const auto fd = static_cast<int16_t>(a / 4 % 8);
      const int expected = sketch_.SendByFile(pid, fd, signal);
      return Says(Issue(pid, calls::PidFdSendSignal(fd, signal)), expected, pid);
    }
    default:
      if (target == kInit && (signal == kSigKill || signal == kSigStop)) return true;
      sketch_.Generate(target, signal);
      return world_->SendFromKernel(target, signal) == 0;
  }
}

// --- Calls that may block ------------------------------------------------------------------------

bool Pair::Wait(int pid, uint8_t a, uint8_t b, bool blocks) {
  Sketch::Wanted wanted{.which = a % 2 == 0 ? -1 : Target(b),
                        .exited = true,
                        .stopped = (a & 4) != 0,
                        .continued = (a & 8) != 0,
                        .all = (a & 16) != 0,
                        .clone = (a & 32) != 0};
  uint32_t flags = (blocks ? 0 : kWaitNoHang) | (wanted.stopped ? kWaitUntraced : 0) |
                   (wanted.continued ? kWaitContinued : 0) | (wanted.all ? kWaitAll : 0) |
                   (wanted.clone ? kWaitClone : 0);
  if (b % 3 != 0) {
    return Ends(pid, calls::Wait4(wanted.which, flags),
                {.kind = Kind::kWait, .once = !blocks, .wanted = wanted});
  }
  wanted.exited = (a & 64) != 0;
  wanted.leave = (a & 128) != 0;
  wanted.which = -1;
  if (!wanted.exited && !wanted.stopped && !wanted.continued) return true;
  flags |= (wanted.exited ? kWaitExited : 0) | (wanted.leave ? kWaitNoWait : 0);
  const int child = world_->PidAt(b / 12 % world_->size());
  Call call = calls::WaitId(kWaitForAny, 0, flags);
  switch (b / 3 % 4) {
    case 1:
      wanted.which = child;
      call = calls::WaitId(kWaitForPid, child, flags);
      break;
    case 2:
      wanted.group = child;
      call = calls::WaitId(kWaitForGroup, child, flags);
      break;
    case 3:
      wanted.fd = b / 12 % 8;
      call = calls::WaitId(kWaitForPidFd, wanted.fd, flags);
      break;
    default:
      break;
  }
  return Ends(pid, call, {.kind = Kind::kWait, .once = !blocks, .wanted = wanted});
}

// `until_ns` 0: does not wait.
bool Pair::Take(int pid, uint64_t set, uint64_t until_ns) {
  const uint64_t in_ns = until_ns == 0 ? 0 : until_ns - sketch_.now_ns;
  return Ends(
      pid, calls::SigTimedWait(set, in_ns),
      {.kind = Kind::kTake, .once = until_ns == 0, .until_ns = until_ns, .set = Signals(set)});
}

bool Pair::Block(int pid, uint8_t a, uint8_t b) {
  const uint64_t until_ns = Soon(b);
  const uint64_t in_ns = until_ns == 0 ? kForever : until_ns - sketch_.now_ns;
  switch (a % 8) {
    case 0:
      return Ends(pid, calls::Sleep(until_ns == 0 ? 0 : in_ns),
                  {.kind = Kind::kSleep, .until_ns = until_ns});
    case 1:
      return Ends(pid, calls::Sleep(until_ns, kSleepAbsolute),
                  {.kind = Kind::kSleep, .absolute = true, .until_ns = until_ns});
    case 2:
      return Ends(pid, calls::Pause(), {});
    case 3:
      return Ends(pid, calls::SigSuspend(SetOf(b)), {.mask = Signals(SetOf(b))});
    case 4:
      return Ends(pid, calls::SigTimedWait(SetOf(b), in_ns),
                  {.kind = Kind::kTake, .until_ns = until_ns, .set = Signals(SetOf(b))});
    case 5: {
      Call call = calls::Poll(b / 8, in_ns);
      call.flags = kPollMask;
      call.mask = SetOf(b);
      return Ends(pid, call,
                  {.kind = Kind::kPoll,
                   .until_ns = until_ns,
                   .set = Members(b / 8, 0),
                   .mask = Signals(SetOf(b))});
    }
    case 6:
      return Ends(pid, calls::Sync(), {.kind = Kind::kSync});
    default:
      return Wait(pid, static_cast<uint8_t>(a * 2), b, true);
  }
}

bool Pair::BlockOnFile(int pid, uint8_t a, uint8_t b) {
  const auto fd = static_cast<int16_t>(b % 8);
  // Init goes on: who waits for it would wait for ever.
  const bool once = pid == kInit || a < 96;
  switch (a % 4) {
    case 0:
    case 1:
      return Ends(pid, calls::Read(fd, once ? kReadMore : 0),
                  {.kind = Kind::kRead, .once = once, .fd = fd});
    case 2: {
      const uint64_t until_ns = once ? 0 : Soon(a);
      const uint64_t in_ns = until_ns == 0 ? 0 : until_ns - sketch_.now_ns;
      return Ends(
          pid, calls::Poll(b, in_ns),
          {.kind = Kind::kPoll, .once = until_ns == 0, .until_ns = until_ns, .set = Members(b, 0)});
    }
    default:
      return pid == kInit || Ends(pid, calls::Write(fd, a / 16 + 1),
                                  {.kind = Kind::kWrite, .fd = fd, .bytes = a / 16 + 1});
  }
}

// --- Signals, groups, time -----------------------------------------------------------------------

bool Pair::Mask(int pid, int how, uint64_t set) {
  const uint64_t before = Bits(sketch_.people[pid].mask);
  const uint64_t after = how == kMaskBlock     ? before | set
                         : how == kMaskUnblock ? before & ~set
                                               : set;
  sketch_.SetMask(pid, Signals(after));
  const Result result = Issue(pid, calls::SigProcMask(how, set));
  return !sketch_.Lives(pid) || (result.value == 0 && result.set == before);
}

bool Pair::Action(int pid, uint8_t a, uint8_t b) {
  const Sketch::Action action{
      .what = a % 3, .restarts = (a & 16) != 0, .no_stop = (a & 4) != 0, .no_wait = (a & 8) != 0};
  const uint32_t flags = (action.restarts ? kSaRestart : 0) |
                         (action.no_stop ? kSaNoChildStop : 0) |
                         (action.no_wait ? kSaNoChildWait : 0);
  const auto& process = sketch_.people[pid];
  const int signal = SignalOf(b);
  const int before = process.handled.contains(signal) ? 2 : process.ignored.contains(signal);
  const int expected = sketch_.SetAction(pid, signal, action);
  const Result result = Issue(pid, calls::SigAction(signal, action.what, flags));
  return Says(result, expected) && (expected != 0 || result.status == before);
}

bool Pair::SetGroup(int pid, int target, int group) {
  if (target < 0 || group < 0) return true;
  const int expected = sketch_.SetGroup(pid, target, group);
  return Says(Issue(pid, calls::SetPgid(target, group)), expected);
}

// Those of puppets go off once.
bool Pair::Alarm(int pid, uint8_t a) {
  auto& process = sketch_.people[pid];
  const uint64_t until_ns = Soon(a);
  const bool runs = process.alarm_ns != 0 && !process.alarm_is_out;
  const uint64_t left_ns = runs ? process.alarm_ns - sketch_.now_ns : 0;
  const uint64_t old_every_ns = process.alarm_every_ns;
  const bool repeats = pid == kInit && a % 4 != 0;
  process.alarm_ns = until_ns;
  process.alarm_every_ns = repeats ? a * kMillisecondNs : 0;
  process.alarm_is_out = false;
  const uint64_t in_ns = until_ns == 0 ? 0 : until_ns - sketch_.now_ns;
  const Result old = Issue(pid, calls::Alarm(in_ns, process.alarm_every_ns));
  return old.time_ns == left_ns && old.set == old_every_ns;
}

bool Pair::Faults(uint8_t a, uint8_t b) {
  if (a < 32) {
    sketch_.StartOwing();
    world_->StartOwing();
    return true;
  }
  const bool hangs = a % 2 == 0;
  const int room = b % 2 == 0 ? -1 : b / 16;
  sketch_.SetFaults(hangs, room);
  world_->SetFaults({.sync_hangs = hangs, .console_room = room});
  return true;
}

// --- Descriptors, the terminal -------------------------------------------------------------------

// A timer that it has; else `fd`.
int16_t Pair::TimerOf(int pid, int16_t fd) const {
  for (const auto& [number, descriptor] : sketch_.people.at(pid).descriptors) {
    if (descriptor.file->kind == File::Kind::kTimer) return static_cast<int16_t>(number);
  }
  return fd;
}

bool Pair::Descriptors(int pid, uint8_t a, uint8_t b) {
  const auto fd = static_cast<int16_t>(b % 8);
  switch (a % 5) {
    case 0:
      return Says(Issue(pid, calls::Dup(fd)), sketch_.Duplicate(pid, fd, -1));
    case 1:
      return Says(Issue(pid, calls::Dup(fd, a % 16)), sketch_.Duplicate(pid, fd, a % 16));
    case 2: {
      const uint64_t at_ns = Soon(a);
      const uint64_t every_ns = a % 2 == 0 ? a * kMillisecondNs : 0;
      const int16_t timer = TimerOf(pid, fd);
      const int expected = sketch_.SetTimer(pid, timer, at_ns, every_ns);
      const uint64_t in_ns = at_ns == 0 ? 0 : at_ns - sketch_.now_ns;
      return Says(Issue(pid, calls::TimerFdSet(timer, in_ns, every_ns)), expected);
    }
    default: {
      const bool only = a % 5 == 4;
      sketch_.CloseRange(pid, fd, fd + a % 3, only);
      return Says(Issue(pid, calls::CloseRange(fd, fd + a % 3, only ? kCloseRangeOnExec : 0)), 0);
    }
  }
}

bool Pair::OpenFile(int pid, uint8_t a, uint8_t b) {
  if (opened_ == kMaxOpened) return true;
  ++opened_;
  const bool on_exec = b % 2 == 0;
  const bool non_block = (b & 2) != 0;
  const bool no_terminal = (b & 4) != 0;
  const uint32_t flags = (on_exec ? kOpenCloseOnExec : 0) | (non_block ? kOpenNonBlock : 0) |
                         (no_terminal ? kOpenNoTerminal : 0);
  File file{.non_block = non_block};
  Call call;
  switch (a % 6) {
    case 0:
      call = calls::Open(Path::kNull, flags);
      break;
    case 1:
      file.kind = File::Kind::kConsole;
      call = calls::Open(Path::kConsole, flags);
      break;
    case 2:
      file.kind = File::Kind::kTerminal;
      call = calls::Open(Path::kTerminal, flags);
      break;
    case 3:
      file.kind = File::Kind::kSignals;
      file.signals = Signals(SetOf(b));
      call = calls::SignalFd(SetOf(b), flags);
      break;
    case 4:
      file.kind = File::Kind::kTimer;
      call = calls::TimerFdCreate();
      call.flags = flags;
      break;
    default: {
      const int target = Target(b);
      const bool waits_not = (a & 8) != 0;
      call = calls::PidFdOpen(target);
      call.flags = waits_not ? kOpenNonBlock : 0;
      return Says(Issue(pid, call), sketch_.OpenProcess(pid, target, waits_not));
    }
  }
  return Says(Issue(pid, call), sketch_.Open(pid, file, on_exec, no_terminal));
}

bool Pair::Terminal(int pid, uint8_t a, uint8_t b) {
  const auto fd = static_cast<int16_t>(b % 8);
  switch (a % 4) {
    case 0:
      return Says(Issue(pid, calls::Terminal(kTerminalAcquire, fd)),
                  sketch_.AcquireTerminal(pid, fd));
    case 1:
      return Says(Issue(pid, calls::Terminal(kTerminalRelease, fd)),
                  sketch_.ReleaseTerminal(pid, fd), pid);
    default: {
      const int group = std::abs(Target(a));
      return Says(Issue(pid, calls::Terminal(kTerminalSetForeground, fd, group)),
                  sketch_.SetForeground(pid, fd, group));
    }
  }
}

// --- What can be seen ----------------------------------------------------------------------------

std::string Pair::Difference() const {
  std::string out;
  const auto note = [&out](const std::string& text) { out += text + "; "; };
  if (static_cast<std::size_t>(world_->size()) != sketch_.order.size()) {
    note("there are " + std::to_string(world_->size()) + " and " +
         std::to_string(sketch_.order.size()));
    return out;
  }
  const uint64_t next_ns = sketch_.NextTimer() == 0 ? kForever : sketch_.NextTimer();
  if (world_->NextTimer() != next_ns) note("the next timer is another");
  for (uint64_t owed = world_->Owed() | sketch_.Owed(); owed != 0; owed &= owed - 1) {
    const int signal = std::countr_zero(owed) + 1;
    if (world_->OwedCount(signal) == sketch_.OwedCount(signal)) continue;
    note(std::to_string(signal) + " is owed " + std::to_string(world_->OwedCount(signal)) +
         " times, not " + std::to_string(sketch_.OwedCount(signal)));
  }
  for (std::size_t i = 0; i < sketch_.order.size(); ++i) {
    const int pid = sketch_.order[i];
    if (world_->PidAt(static_cast<int>(i)) != pid) {
      note(std::to_string(pid) + " is not number " + std::to_string(i));
    }
    Compare(pid, out);
  }
  return out;
}

void Pair::Compare(int pid, std::string& out) const {
  const Sketch::Process& is = sketch_.people.at(pid);
  const View view = world_->Look(pid);
  const auto same = [&](const char* what, auto seen, auto expected) {
    if (static_cast<uint64_t>(seen) == static_cast<uint64_t>(expected)) return;
    out += std::to_string(pid) + " has " + what + " " + std::to_string(seen) + ", not " +
           std::to_string(expected) + "; ";
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
  same("rest", view.activity == Activity::kBlocked, is.call && !is.stopped);
  same("terminal", view.has_terminal, is.has_terminal);
  same("mask", view.mask, Bits(is.mask));
  same("ignored", view.ignored, Bits(is.ignored));
  same("handled", view.handled, Bits(is.handled));
  uint64_t open = 0;
  uint64_t on_exec = 0;
  for (const auto& [fd, descriptor] : is.descriptors) {
    open |= uint64_t{1} << fd;
    on_exec |= descriptor.on_exec ? uint64_t{1} << fd : 0;
  }
  same("descriptors", view.descriptors, open);
  same("close-on-exec", view.close_on_exec, on_exec);
  ComparePending(pid, is, out);
}

void Pair::ComparePending(int pid, const Sketch::Process& is, std::string& out) const {
  const View view = world_->Look(pid);
  for (const bool of_process : {false, true}) {
    const Sketch::Pending& pending = of_process ? is.pending : is.own;
    uint64_t there = of_process ? view.pending_process : view.pending_thread;
    for (const Sketch::Instance& one : pending) there |= SignalBit(one.signal);
    for (; there != 0; there &= there - 1) {
      const int signal = std::countr_zero(there) + 1;
      const auto count = std::ranges::count(pending, signal, &Sketch::Instance::signal);
      if (world_->PendingCount(pid, signal, of_process) == count) continue;
      out += std::to_string(pid) + " has signal " + std::to_string(signal) + " pending, not " +
             std::to_string(count) + " times; ";
    }
  }
}

}  // namespace minit::proptest
