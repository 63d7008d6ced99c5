#include "proptest/sketch.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace minit::proptest {
namespace {

constexpr int kKill = 9;
constexpr int kAlarm = 14;
constexpr int kChild = 17;
constexpr int kContinue = 18;
constexpr int kStop = 19;
constexpr int kHangUp = 1;

bool Stops(int signal) { return signal >= 19 && signal <= 22; }
bool IsHarmless(int signal) {
  return signal == kChild || signal == kContinue || signal == 23 || signal == 28;
}

bool DumpsCore(int signal) { return std::set{3, 4, 5, 6, 7, 8, 11, 24, 25, 31}.contains(signal); }

bool IsPending(const Sketch::Pending& pending, int signal) {
  return std::ranges::any_of(pending, [=](const auto& one) { return one.signal == signal; });
}

// A standard signal is pending once. A real-time one is as often as it found room in the queue, and
// once if it found none.
void Add(Sketch::Pending& pending, const Sketch::Instance& added) {
  const auto at = std::ranges::find(pending, added.signal, &Sketch::Instance::signal);
  if (at == pending.end()) {
    pending.push_back(added);
  } else if (added.signal >= 32 && added.queued) {
    if (std::exchange(at->queued, true)) pending.push_back(added);
  }
}

// Those of an instruction first, then by number.
int FirstOf(const std::set<int>& signals) {
  for (const int signal : {4, 5, 7, 8, 11, 31}) {
    if (signals.contains(signal)) return signal;
  }
  return *signals.begin();
}

}  // namespace

// --- Birth and death -----------------------------------------------------------------------------

// The next that names no process, group or session.
int Sketch::NextNumber() {
  for (int tried = 0; tried < pid_max_; ++tried) {
    const int first = last_ >= 300 ? 300 : 2;
    const int next = last_ + 1 >= pid_max_ ? std::min(first, pid_max_ - 1) : last_ + 1;
    last_ = next;
    const bool taken = std::any_of(people.begin(), people.end(), [next](const auto& one) {
      return one.first == next || one.second.group == next || one.second.session == next;
    });
    if (!taken) return next;
  }
  return 0;
}

int Sketch::Fork(int pid, int exit_signal, bool with_descriptors) {
  const int before = last_;
  const int child = NextNumber();
  if (child == 0) {
    last_ = before;
    return -EAGAIN;
  }
  const Process& parent = people[pid];
  Process& born = people[child];
  born.parent = pid;
  born.group = parent.group;
  born.session = parent.session;
  born.exit_signal = exit_signal;
  born.mask = parent.mask;
  born.ignored = parent.ignored;
  born.handled = parent.handled;
  born.restarts = parent.restarts;
  born.no_child_stop = parent.no_child_stop;
  born.no_child_wait = parent.no_child_wait;
  born.has_terminal = parent.has_terminal;
  if (with_descriptors) born.descriptors = parent.descriptors;
  order.push_back(child);
  return child;
}

void Sketch::End(int pid, int status) {
  Process& process = people[pid];
  process.zombie = process.dying = true;
  process.status = status;
  const bool is_first = !std::exchange(in_exit_, true);
  process.stopped = process.continued = false;
  process.stop_to_tell = 0;
  process.pending.clear();
  process.own.clear();
  process.descriptors.clear();
  process.alarm_ns = 0;
  process.call.reset();
  process.answer.reset();
  if (process.has_terminal && process.session == pid) LoseTerminal(pid);
  Adopt(pid);
  NoteIfOrphaned(pid, 0);
  process.dying = false;
  LeaveZombie(pid, process.exit_signal);
  if (!is_first) return;
  // Only now, when this death was told of, does another come of it.
  while (!to_hang_up_.empty()) {
    const int group = to_hang_up_.front();
    to_hang_up_.pop_front();
    SendToGroup(group, kHangUp);
    SendToGroup(group, kContinue);
  }
  in_exit_ = false;
}

void Sketch::LeaveZombie(int pid, int signal) {
  const int parent = people[pid].parent;
  const bool ignored = signal == kChild && people[parent].ignored.contains(kChild);
  if (ignored || (signal == kChild && people[parent].no_child_wait)) Bury(pid);
  if (signal != 0 && !ignored) Generate(parent, signal);
  if (Has(parent) && people[parent].call && people[parent].call->kind == Call::Kind::kWait) {
    Again(parent);
  }
  AllAgain({Call::Kind::kPoll});
}

void Sketch::Bury(int pid) {
  for (auto& [one, process] : people) {
    for (auto& [fd, descriptor] : process.descriptors) {
      File& file = *descriptor.file;
      if (file.kind == File::Kind::kProcess && file.pid == pid) file.pid = 0;
    }
  }
  std::erase(order, pid);
  people.erase(pid);
}

int Sketch::ReaperFor(int pid) const {
  for (int at = people.at(pid).parent; at > 1; at = people.at(at).parent) {
    if (people.at(at).subreaper && !people.at(at).zombie) return at;
  }
  return 1;
}

void Sketch::Adopt(int father) {
  const int reaper = ReaperFor(father);
  std::vector<int> adopted;
  for (const int pid : order) {
    if (people[pid].parent == father) adopted.push_back(pid);
  }
  for (const int pid : adopted) {
    people[pid].parent = reaper;
    people[pid].exit_signal = kChild;
    std::erase(order, pid);
    order.push_back(pid);
  }
  for (const int pid : adopted) {
    if (!Has(pid) || people[pid].parent != reaper) continue;
    NoteIfOrphaned(pid, father);
    if (Has(pid) && people[pid].zombie && !people[pid].dying) LeaveZombie(pid, kChild);
  }
}

// Nobody in it has a parent in another group of the same session. The machine's init is no parent.
bool Sketch::IsOrphaned(int group, int ignoring) const {
  return std::none_of(people.begin(), people.end(), [&](const auto& one) {
    const auto& [pid, process] = one;
    if (process.group != group || process.zombie || pid == ignoring) return false;
    if (process.parent <= 1) return false;
    const Process& parent = people.at(process.parent);
    return parent.group != group && parent.session == process.session;
  });
}

// A group that loses its last tie, with a member stopped, is to be hung up and continued.
void Sketch::NoteIfOrphaned(int pid, int father) {
  const int group = people[pid].group;
  const Process& parent = people[father != 0 ? father : people[pid].parent];
  if (parent.group == group || parent.session != people[pid].session) return;
  const bool any_stopped = std::any_of(people.begin(), people.end(), [&](const auto& one) {
    return one.second.group == group && one.second.stopped;
  });
  if (!any_stopped || !IsOrphaned(group, father != 0 ? 0 : pid)) return;
  if (std::ranges::find(to_hang_up_, group) == to_hang_up_.end()) to_hang_up_.push_back(group);
}

// --- Signals -------------------------------------------------------------------------------------

int Sketch::Generate(int pid, int signal, How how) {
  Process& process = people[pid];
  if (signal == 0 || process.zombie) return 0;
  const bool own = how == How::kThread;
  if (Stops(signal)) Forget(pid, {kContinue});
  if (signal == kContinue) {
    Forget(pid, {19, 20, 21, 22});
    Continue(pid);
    if (!Lives(pid)) return 0;
  }
  const bool blocked = process.mask.contains(signal);
  const bool dropped = !blocked && !process.handled.contains(signal) &&
                       (pid == 1 || process.ignored.contains(signal) || IsHarmless(signal));
  const bool room = signal < 32 || Queue() < queue_limit_;
  if (!room && how != How::kKill && !dropped) return -EAGAIN;
  const Instance instance{.signal = signal, .queued = room, .owed = true};
  if (pid == 1 && owing_) Add(owed_[own ? 0 : 1], instance);
  if (dropped) return 0;
  Add(own ? process.own : process.pending, instance);
  if (IsFatalAtOnce(pid, signal)) {
    End(pid, signal);
  } else {
    Again(pid);
    Act(pid);
  }
  return 0;
}

// Before it can run again, and so before a call that waits for the signal can take it. Those that
// dump core wait for it to run; it does not run while it is stopped, which KILL alone ends, nor in a
// sync.
bool Sketch::IsFatalAtOnce(int pid, int signal) const {
  const Process& process = people.at(pid);
  if (pid == 1 || process.mask.contains(signal)) return false;
  if (process.call && process.call->kind == Call::Kind::kSync) return false;
  if (signal == kKill) return true;
  if (process.stopped || process.handled.contains(signal)) return false;
  return !process.ignored.contains(signal) && !IsHarmless(signal) && !Stops(signal) &&
         !DumpsCore(signal);
}

void Sketch::Forget(int pid, const std::set<int>& signals) {
  const auto forget = [&](Pending& pending) {
    std::erase_if(pending, [&](const Instance& one) { return signals.contains(one.signal); });
  };
  forget(people[pid].pending);
  forget(people[pid].own);
  if (pid == 1) std::ranges::for_each(owed_, forget);
}

std::size_t Sketch::Queue() const {
  std::size_t entries = 0;
  for (const auto& [pid, process] : people) {
    for (const Pending* pending : {&process.pending, &process.own}) {
      entries += static_cast<std::size_t>(std::ranges::count(*pending, true, &Instance::queued));
    }
  }
  return entries;
}

void Sketch::StartOwing() {
  owing_ = true;
  owed_ = {people[1].own, people[1].pending};
  for (Pending& pending : owed_) {
    for (Instance& instance : pending) instance.owed = false;
  }
}

uint64_t Sketch::Owed() const {
  uint64_t owed = 0;
  for (int signal = 1; signal <= 64; ++signal) {
    if (OwedCount(signal) != 0) owed |= uint64_t{1} << (signal - 1);
  }
  return owed;
}

int Sketch::OwedCount(int signal) const {
  if (signal == kKill || signal == kStop || signal == kChild) return 0;
  std::ptrdiff_t count = 0;
  for (const Pending& pending : owed_) {
    count += std::ranges::count_if(
        pending, [=](const Instance& one) { return one.signal == signal && one.owed; });
  }
  return static_cast<int>(count);
}

// One that is pending is no more. The thread's own come first.
Sketch::Answer Sketch::Taken(int pid, int signal) {
  Process& process = people[pid];
  const bool own = IsPending(process.own, signal);
  const auto take = [signal](Pending& from) {
    const auto at = std::ranges::find(from, signal, &Instance::signal);
    const bool owed = at != from.end() && at->owed;
    if (at != from.end()) from.erase(at);
    return owed;
  };
  take(own ? process.own : process.pending);
  const bool owed = pid == 1 && owing_ && take(owed_[own ? 0 : 1]);
  if (signal == kAlarm && !own && process.alarm_is_out) {
    process.alarm_is_out = false;
    while (process.alarm_ns <= now_ns) process.alarm_ns += process.alarm_every_ns;
  }
  return {.value = signal, .signal = signal, .own = own, .owed = owed};
}

void Sketch::Act(int pid) {
  while (Lives(pid) && !people[pid].stopped && pid != 1) {
    Process& process = people[pid];
    if (process.call && process.call->kind == Call::Kind::kSync) return;
    std::set<int> due;
    for (const Pending* pending : {&process.own, &process.pending}) {
      if (!due.empty()) break;
      for (const Instance& one : *pending) {
        if (!process.mask.contains(one.signal)) due.insert(one.signal);
      }
    }
    if (due.empty()) return;
    const int signal = FirstOf(due);
    Taken(pid, signal);
    if (process.handled.contains(signal)) {
      Interrupt(pid, signal);
      continue;
    }
    if (process.ignored.contains(signal) || IsHarmless(signal)) continue;
    if (!Stops(signal)) {
      End(pid, signal);
    } else if (signal == kStop || !IsOrphaned(process.group, 0)) {
      Stop(pid, signal);
    }
  }
}

void Sketch::Stop(int pid, int signal) {
  people[pid].stopped = true;
  people[pid].continued = false;
  people[pid].stop_to_tell = signal;
  const auto& call = people[pid].call;
  if (call && call->kind == Call::Kind::kTake) Return(pid, {.value = -EINTR});
  TellOfStop(people[pid].parent);
}

void Sketch::Continue(int pid) {
  if (!people[pid].stopped) return;
  people[pid].stopped = false;
  people[pid].stop_to_tell = 0;
  people[pid].continued = true;
  TellOfStop(people[pid].parent);
  Again(pid);
  Act(pid);
}

void Sketch::TellOfStop(int parent) {
  if (parent == 0) return;
  const Process& told = people[parent];
  if (!told.ignored.contains(kChild) && !told.no_child_stop) Generate(parent, kChild);
  if (Has(parent) && people[parent].call && people[parent].call->kind == Call::Kind::kWait) {
    Again(parent);
  }
}

int Sketch::SendToMany(const std::function<bool(int)>& matches, int signal) {
  std::vector<int> targets;
  std::copy_if(order.rbegin(), order.rend(), std::back_inserter(targets), matches);
  for (const int pid : targets) {
    if (Has(pid)) Generate(pid, signal);
  }
  return targets.empty() ? -ESRCH : 0;
}

int Sketch::SendToGroup(int group, int signal) {
  return SendToMany([this, group](int one) { return people[one].group == group; }, signal);
}

int Sketch::Kill(int sender, int pid, int signal) {
  if (signal < 0 || signal > 64) return -EINVAL;
  if (pid == -1) return SendToMany([sender](int one) { return one > 1 && one != sender; }, signal);
  const int group = pid == 0 ? people[sender].group : -pid;
  if (pid <= 0) return SendToGroup(group, signal);
  if (!Has(pid)) return -ESRCH;
  Generate(pid, signal);
  return 0;
}

void Sketch::SetMask(int pid, const std::set<int>& mask) {
  people[pid].mask = mask;
  people[pid].mask.erase(kKill);
  people[pid].mask.erase(kStop);
  Act(pid);
}

int Sketch::SetAction(int pid, int signal, const Action& action) {
  if (signal < 1 || signal > 64 || signal == kKill || signal == kStop) return -EINVAL;
  Process& process = people[pid];
  for (auto* signals : {&process.ignored, &process.handled, &process.restarts}) {
    signals->erase(signal);
  }
  if (action.what == 1) process.ignored.insert(signal);
  if (action.what == 2) process.handled.insert(signal);
  if (action.what == 2 && action.restarts) process.restarts.insert(signal);
  if (action.what == 1 || (action.what == 0 && IsHarmless(signal))) Forget(pid, {signal});
  if (signal == kChild) {
    process.no_child_stop = action.no_stop;
    process.no_child_wait = action.no_wait;
  }
  return 0;
}

// --- Exec, sessions, groups ----------------------------------------------------------------------

void Sketch::Exec(int pid) {
  Process& process = people[pid];
  process.handled.clear();
  process.restarts.clear();
  process.no_child_stop = process.no_child_wait = false;
  process.exit_signal = kChild;
  process.execed = true;
  std::erase_if(process.descriptors, [](const auto& one) { return one.second.on_exec; });
  Act(pid);
}

int Sketch::SetSid(int pid) {
  for (const auto& [one, process] : people) {
    if (process.group == pid) return -EPERM;
  }
  people[pid].group = people[pid].session = pid;
  people[pid].has_terminal = false;
  return pid;
}

int Sketch::SetGroup(int pid, int target, int group) {
  if (target == 0) target = pid;
  if (!Has(target)) return -ESRCH;
  Process& process = people[target];
  if (group == 0) group = target;
  const bool own_child = process.parent == pid;
  if (!own_child && target != pid) return -ESRCH;
  if (own_child && process.session != people[pid].session) return -EPERM;
  if (own_child && process.execed) return -EACCES;
  if (process.session == target) return -EPERM;
  const bool exists = std::any_of(people.begin(), people.end(), [&](const auto& one) {
    return one.second.group == group && one.second.session == process.session;
  });
  if (group != target && !exists) return -EPERM;
  process.group = group;
  return 0;
}

}  // namespace minit::proptest
