#include "harness/rig/timeline.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "harness/kernel/call.h"
#include "harness/kernel/system_calls.h"
#include "harness/scenario/text.h"
#include "harness/scenario/vocabulary.h"

namespace minit::rig {
namespace {

using contract::Step;
using kernel::Call;
using kernel::CallKind;
using kernel::Kernel;
using kernel::kInit;
using kernel::Pid;
using kernel::Result;

std::string ErrorName(int error) {
  static constexpr struct {
    int error;
    const char* name;
  } kNames[] = {{EPERM, "EPERM"},     {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"},   {EINTR, "EINTR"},
                {EIO, "EIO"},         {EBADF, "EBADF"},   {ECHILD, "ECHILD"}, {EAGAIN, "EAGAIN"},
                {ENOMEM, "ENOMEM"},   {EACCES, "EACCES"}, {EEXIST, "EEXIST"}, {EINVAL, "EINVAL"},
                {ENOEXEC, "ENOEXEC"}, {EMFILE, "EMFILE"}, {ENFILE, "ENFILE"}, {ENOSYS, "ENOSYS"}};
  for (const auto& [number, name] : kNames) {
    if (number == error) return name;
  }
  return "errno " + std::to_string(error);
}

std::string Seconds(uint64_t ns) {
  if (ns == kernel::kForever) return "forever";
  char text[40];
  std::snprintf(text, sizeof text, "%.9f", static_cast<double>(ns) / 1e9);
  std::string seconds = text;
  while (seconds.back() == '0') seconds.pop_back();
  if (seconds.back() == '.') seconds.pop_back();
  return seconds + " s";
}

std::string SetOf(uint64_t set) {
  const uint64_t soft =
      ~(kernel::SignalBit(kernel::kSigKill) | kernel::SignalBit(kernel::kSigStop));
  if ((set & soft) == soft) return "all";
  std::string text;
  // Whichever is shorter: what is in it, or what is not.
  const bool inverted = __builtin_popcountll(set & soft) > 32;
  for (int signal = 1; signal <= kernel::kSigRtMax; ++signal) {
    const bool in = (set & kernel::SignalBit(signal)) != 0;
    if (in != inverted && (soft & kernel::SignalBit(signal)) != 0) {
      text += (text.empty() ? "" : " ") + SignalName(signal);
    }
  }
  return (inverted ? "all but {" : "{") + text + "}";
}

std::string WaitFlags(uint32_t flags) {
  static constexpr std::pair<uint32_t, const char*> kFlags[] = {
      {kernel::kWaitNoHang, "WNOHANG"}, {kernel::kWaitUntraced, "WUNTRACED"},
      {kernel::kWaitExited, "WEXITED"}, {kernel::kWaitContinued, "WCONTINUED"},
      {kernel::kWaitNoWait, "WNOWAIT"}, {kernel::kWaitAll, "__WALL"},
      {kernel::kWaitClone, "__WCLONE"}};
  std::string text;
  for (const auto& [flag, name] : kFlags) {
    if ((flags & flag) != 0) text += (text.empty() ? "" : "|") + std::string(name);
  }
  return text.empty() ? "0" : text;
}

// As C writes it, and cut short: a subject can write anything, to whoever reads this at a terminal too.
std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = 200;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      quoted += "\\n";
    } else if (c == '"' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (byte >= ' ' && byte < 0x7f) {
      quoted += c;
    } else {
      std::array<char, 5>
          octal{};  // of three digits, so that no digit behind it is taken for a part
      std::snprintf(octal.data(), octal.size(), "\\%03o", byte);
      quoted += octal.data();
    }
  }
  return quoted + (text.size() > kMost ? "…\"" : "\"");
}

std::string Command(int32_t command) {
  const char* const name = kernel::CommandName(command);
  return name != nullptr ? name : std::to_string(command);
}

std::string RequestName(int32_t request) {
  switch (request) {
    case kernel::kPtraceTraceMe:
      return "TRACEME";
    case kernel::kPtraceContinue:
      return "CONT";
    case kernel::kPtraceKill:
      return "KILL";
    case kernel::kPtraceAttach:
      return "ATTACH";
    case kernel::kPtraceDetach:
      return "DETACH";
    case kernel::kPtraceSeize:
      return "SEIZE";
    default:
      return std::to_string(request);
  }
}

// What a raw wait status says.
std::string StatusText(int status) {
  const int low = status & 0x7f;
  if (status == 0xffff) return "continued";
  if (low == 0) return "exited " + std::to_string(status >> 8 & 0xff);
  if (low == 0x7f) return "stopped by " + SignalName(status >> 8 & 0x7f);
  return "killed by " + SignalName(low) + ((status & 0x80) != 0 ? ", core dumped" : "");
}

std::string Arguments(const Call& call, std::string_view text) {
  const auto number = [](int64_t value) { return std::to_string(value); };
  switch (call.kind) {
    case CallKind::kExec:
      return call.path == kernel::Path::kChild ? "/core" : "something else";
    case CallKind::kExit:
      return number(call.value);
    case CallKind::kSigTimedWait:
      return SetOf(call.set) + ", " + (call.time_ns == 0 ? "no time" : Seconds(call.time_ns));
    case CallKind::kSigSuspend:
      return SetOf(call.mask);
    case CallKind::kRead:
      return number(call.fd);
    case CallKind::kPoll:
      return Seconds(call.time_ns);
    case CallKind::kEpollWait:
      return number(call.fd) + ", " + Seconds(call.time_ns);
    case CallKind::kWait4:
      return number(call.pid) + ", " + WaitFlags(call.flags);
    case CallKind::kWaitId:
      return number(call.value) + ", " + number(call.pid) + ", " + WaitFlags(call.flags);
    case CallKind::kKill:
    case CallKind::kSigQueue:
      return number(call.pid) + ", " + SignalName(call.signal);
    case CallKind::kThreadKill:
      return number(call.pid) + ", " + number(call.value) + ", " + SignalName(call.signal);
    case CallKind::kPidFdSendSignal:
      return number(call.fd) + ", " + SignalName(call.signal);
    case CallKind::kSleep:
      return Seconds(call.time_ns);
    case CallKind::kPtrace:
      return RequestName(call.value) + ", " + number(call.pid) +
             (call.signal == 0 ? "" : ", " + SignalName(call.signal));
    case CallKind::kWrite:
      return number(call.fd) + ", " + (text.empty() ? "…" : Quoted(text)) + ", " +
             number(call.value);
    case CallKind::kReboot:
      return Command(call.value) + (call.flags == 0 ? ", wrong magic" : "");
    default:
      return "";
  }
}

bool Sends(scenario::MoveKind kind) {
  return kind >= scenario::MoveKind::kKill && kind <= scenario::MoveKind::kKillAll;
}

}  // namespace

std::string SignalName(int signal) {
  const scenario::OperandRange& range = scenario::RangeOf(scenario::Operand::kSignal);
  if (signal < range.low || signal > range.high) return std::to_string(signal);
  const char* const word = range.words[signal - range.low];
  return word == nullptr ? std::to_string(signal) : word;
}

std::string Print(const Call& call, std::string_view text) {
  const bool vfork = call.kind == CallKind::kFork && (call.flags & kernel::kCloneVfork) != 0;
  const std::string name = call.kind == CallKind::kOther ? kernel::NameOfSystemCall(call.value)
                           : vfork                       ? "vfork"
                                                         : CallName(call.kind);
  return name + "(" + Arguments(call, text) + ")";
}

std::string Print(const Call& call, const Result& result) {
  if (result.state == Result::State::kGone) return "never returns";
  if (result.state == Result::State::kBlocked) return "blocked";
  if (result.value < 0) return ErrorName(-result.value);
  std::string value = std::to_string(result.value);
  switch (call.kind) {
    case CallKind::kWait4:
      return result.value == 0 ? value : value + ", " + StatusText(result.status);
    case CallKind::kSigTimedWait:
      return SignalName(result.value);
    case CallKind::kRead:
      return result.signal == 0 ? value : value + ", " + SignalName(result.signal);
    default:
      return value;
  }
}

// --- What happened -------------------------------------------------------------------------------

namespace {

void Replace(const std::string& from, const std::string& to, std::string& in) {
  if (const std::size_t at = in.find(from); at != std::string::npos)
    in.replace(at, from.size(), to);
}

bool IsWait(CallKind kind) { return kind == CallKind::kWait4 || kind == CallKind::kWaitId; }

}  // namespace

// A line for each thing that is not plain about it.
void Timeline::AddEntry(const scenario::Entry& entry) {
  scenario::Scenario entered;
  entered.entry = entry;
  const std::string text = scenario::Print(entered);
  for (std::string_view left = text; !left.empty();) {
    const std::size_t size = std::min(left.find('\n'), left.size());
    Add(Kind::kNote, "", std::string(left.substr(0, size)));
    left.remove_prefix(std::min(left.size(), size + 1));
  }
}

void Timeline::On(const Step& step, const Kernel& kernel) {
  now_ns_ = kernel.now_ns();
  if (step.kind == Step::Kind::kReturns && IsWait(step.call.kind)) {
    if (step.result.value > 0) UpdateReaped(step, kernel);
  } else if (step.kind != Step::Kind::kCalls && step.kind != Step::Kind::kBlocks) {
    Update(kernel);
  }
  switch (step.kind) {
    case Step::Kind::kEntered:
      Add(Kind::kNote, "init", "is entered");
      if (runner_ != nullptr) AddEntry(runner_->entry());
      break;
    case Step::Kind::kCalls:
      if (!step.visible) break;
      calling_ = step.pid;
      calling_who_ = Name(step.pid, kernel);
      calling_text_ = rig::Print(step.call, step.text);
      break;
    case Step::Kind::kReturns:
    case Step::Kind::kBlocks:
      if (!step.visible) break;
      if (step.pid != calling_) {
        calling_who_ = Name(step.pid, kernel);
        calling_text_ = "… " + rig::Print(step.call);
      }
      calling_ = 0;
      AddCall(step, step.kind == Step::Kind::kBlocks
                        ? calling_text_ + " …"
                        : calling_text_ + " = " + rig::Print(step.call, step.result));
      break;
    case Step::Kind::kHandler:
      TellPending();
      Add(Kind::kCall, Name(step.pid, kernel), "enters its handler of " + SignalName(step.signal))
          .lane = LaneOf(step.pid);
      break;
    case Step::Kind::kHandled:
      Add(Kind::kCall, Name(step.pid, kernel), "leaves it").lane = LaneOf(step.pid);
      break;
    case Step::Kind::kMove:
      TellPending();
      AddMove(step);
      break;
    case Step::Kind::kTime:
      Add(Kind::kTime, "", "time goes on");
      break;
    case Step::Kind::kSpins:
      Add(Kind::kNote, Name(step.pid, kernel), "runs on and on");
      break;
    case Step::Kind::kRest:
      AddRest(kernel);
      break;
    case Step::Kind::kFinale:
      Add(Kind::kNote, "", "finale: what holds init back ends, then the child is killed");
      break;
    case Step::Kind::kOver: {
      static constexpr const char* kEndings[] = {"init never restarted the machine",
                                                 "the machine restarts",
                                                 "the machine restarts, by RESTART2",
                                                 "the machine halts",
                                                 "the machine is off",
                                                 "init died"};
      std::string text = kEndings[static_cast<std::size_t>(kernel.ending())];
      if (kernel.ending() == kernel::Ending::kInitDied) {
        text += ": " + StatusText(kernel.ending_status());
      }
      if (runner_ != nullptr && runner_->gave_up()) text = "stopped: init never rests";
      Add(Kind::kNote, "", "over: " + text);
      break;
    }
  }
}

void Timeline::Note(std::string text) { Add(Kind::kNote, "", std::move(text)); }

// A call that something comes before, once it was made and before it took effect.
void Timeline::TellPending() {
  if (calling_ == 0) return;
  Add(Kind::kCall, calling_who_, "is about to " + calling_text_).lane = LaneOf(calling_);
  calling_ = 0;
}

// A wait tells of one process alone, and long runs are made of waits.
void Timeline::UpdateReaped(const Step& step, const Kernel& kernel) {
  const Pid pid = step.call.kind == CallKind::kWaitId ? step.result.pid : step.result.value;
  const int lane = LaneOf(pid);
  if (lane < 0 || kernel.Exists(pid)) return;
  lanes_[static_cast<std::size_t>(lane)].reaped = RowCount();
  std::erase(unreaped_, static_cast<std::size_t>(lane));
}

// Who was born, has died or is gone, since the last step.
void Timeline::Update(const Kernel& kernel) {
  const int row = RowCount();
  for (const std::size_t index : unreaped_) {
    Lane& lane = lanes_[index];
    const kernel::View view = kernel.Look(lane.pid);
    if (view.pid == 0 || view.process != view.pid) lane.reaped = row;
    if (lane.died < 0 && (lane.reaped >= 0 || view.activity == kernel::Activity::kZombie)) {
      lane.died = row;
    }
    if (lane.reaped < 0) Rename(lane, Name(lane.pid, kernel));
  }
  std::erase_if(unreaped_, [this](std::size_t index) { return lanes_[index].reaped >= 0; });
  for (int i = 0; i < kernel.size(); ++i) {
    const kernel::View view = kernel.Look(kernel.PidAt(i));
    if (view.process != view.pid || LaneOf(view.pid) >= 0) continue;
    unreaped_.push_back(lanes_.size());
    lanes_.push_back({.pid = view.pid,
                      .name = Name(view.pid, kernel),
                      .born = row,
                      .died = view.activity == kernel::Activity::kZombie ? row : -1});
  }
}

// One of init's own that is now known to be the child, or a helper, was that all along. Other names are
// given by moves, from then on.
void Timeline::Rename(Lane& lane, std::string name) {
  if (lane.name == name) return;
  if (lane.name.starts_with("init's own")) {
    for (auto row = rows_.begin() + lane.born; row != rows_.end(); ++row) {
      if (row->who == lane.name) row->who = name;
      if (row->kind == Kind::kRest) Replace(lane.name, name, row->text);
    }
    if (calling_who_ == lane.name) calling_who_ = name;
  }
  lane.name = std::move(name);
}

int Timeline::LaneOf(Pid pid) const {
  for (const std::size_t index : unreaped_) {
    if (lanes_[index].pid == pid) return static_cast<int>(index);
  }
  return -1;
}

std::string Timeline::Name(Pid pid, const Kernel& kernel) const {
  if (pid == kInit) return "init";
  const std::string number = " [" + std::to_string(pid) + "]";
  if (runner_ != nullptr) {
    const Cast& cast = runner_->cast();
    for (int n = 1; n <= scenario::kProcesses; ++n) {
      if (cast.Find(scenario::Process(n), kernel) == pid) {
        return "process " + std::to_string(n) + number;
      }
    }
    if (cast.child_is_known()) {
      if (cast.Find(scenario::Who::kChild, kernel) == pid) return "child" + number;
    } else if (kernel.Look(pid).subject) {
      return "init's own" + number;  // it may yet turn out to be the child
    }
  }
  return (kernel.Look(pid).subject ? "helper" : "orphan") + number;
}

auto Timeline::Add(Kind kind, std::string who, std::string text) -> Row& {
  rows_.push_back(
      {.now_ns = now_ns_, .kind = kind, .who = std::move(who), .text = std::move(text)});
  return rows_.back();
}

void Timeline::AddCall(const Step& step, std::string text) {
  const int to_reap = step.call.kind == CallKind::kWait4 ? step.result.value : 0;
  int reaped = -1;
  // It is gone from the kernel already: the lane that ended with this very row.
  for (std::size_t i = 0; i < lanes_.size() && to_reap > 0; ++i) {
    if (lanes_[i].pid == to_reap && lanes_[i].reaped == RowCount()) reaped = static_cast<int>(i);
  }
  Row& row = Add(Kind::kCall, calling_who_, std::move(text));
  row.lane = LaneOf(step.pid);
  if (reaped >= 0) {
    row.from = reaped;
    row.to = row.lane;
  }
  const bool sends = step.call.kind == CallKind::kKill && step.result.value == 0;
  if (sends && step.kind == Step::Kind::kReturns) {
    row.from = row.lane;
    row.to = LaneOf(std::abs(step.call.pid));
  }
}

void Timeline::AddMove(const Step& step) {
  const scenario::Move* const move = runner_ == nullptr ? nullptr : runner_->move();
  std::string text = move != nullptr                            ? scenario::Print(*move)
                     : step.cause == contract::Cause::kKill     ? "is killed"
                     : step.cause == contract::Cause::kContinue ? "is thawed"
                     : step.cause == contract::Cause::kFault    ? "call faults heal"
                                                                : "may run";
  if (move != nullptr && step.cause == contract::Cause::kNone) text += "   (no effect)";
  std::string who = "world";
  if (move == nullptr && LaneOf(step.pid) >= 0) {
    who = lanes_[static_cast<std::size_t>(LaneOf(step.pid))].name;
  }
  Row& row = Add(Kind::kMove, std::move(who), std::move(text));
  row.lane = LaneOf(step.pid);
  const bool signal = step.cause == contract::Cause::kSignal && step.pid != 0;
  if (signal || step.cause == contract::Cause::kUntracedStop ||
      step.cause == contract::Cause::kTracedStop || step.cause == contract::Cause::kContinue) {
    row.to = row.lane;
    if (move != nullptr && Sends(move->kind))
      row.from = LaneOf(runner_->cast().LastNumber(move->who));
  }
}

namespace {

// " with thread 3", and whether one of them lives.
std::pair<std::string, bool> ThreadsOf(kernel::Pid process, const Kernel& kernel) {
  std::string text;
  bool live = false;
  for (int i = 1; i < kernel.size(); ++i) {
    const kernel::Glance glance = kernel.GlanceAtIndex(i);
    const kernel::Pid pid = kernel.PidAt(i);
    if (glance.process != process || pid == process) continue;
    text += (text.empty() ? " with thread " : ", ") + std::to_string(pid);
    live |= glance.activity != kernel::Activity::kZombie;
  }
  return {text, live};
}

}  // namespace

void Timeline::AddRest(const Kernel& kernel) {
  std::string alive;
  std::string zombies;
  int hidden = 0;
  for (int i = 1; i < kernel.size(); ++i) {
    const kernel::View view = kernel.Look(kernel.PidAt(i));
    if (view.process != view.pid) continue;
    if (i > 12) {
      ++hidden;
      continue;
    }
    const bool dead = view.activity == kernel::Activity::kZombie;
    const auto [threads, live] = ThreadsOf(view.pid, kernel);
    std::string& list = dead && !live ? zombies : alive;
    list += (list.empty() ? "" : ", ") + Name(view.pid, kernel) + threads;
    if (dead && live) list += " (its leader is dead)";
    if (view.activity == kernel::Activity::kStopped) list += " (stopped)";
    if (view.activity == kernel::Activity::kTraced) list += " (stopped for its tracer)";
    if (view.kept) list += " (kept waiting)";
  }
  std::string text = "rests in " + rig::Print(kernel.Look(kInit).call);
  text += alive.empty() ? "; nobody else lives" : "; alive: " + alive;
  if (!zombies.empty()) text += "; zombies: " + zombies;
  if (hidden != 0) text += "; and " + std::to_string(hidden) + " more";
  Add(Kind::kRest, "init", std::move(text)).lane = 0;
}

std::string Timeline::Print() const {
  std::string all;
  for (const Row& row : rows_) {
    char head[96];
    const bool move = row.kind == Kind::kMove;
    std::snprintf(head, sizeof head, "%15.6f  %c %-14s ", static_cast<double>(row.now_ns) / 1e9,
                  move                      ? '>'
                  : row.kind == Kind::kRest ? '='
                                            : ' ',
                  row.who.c_str());
    all += head + row.text + "\n";
  }
  return all;
}

}  // namespace minit::rig
