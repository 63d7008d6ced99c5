#include "proptest/sketch.h"

#include <algorithm>
#include <cerrno>

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
  born.no_child_stop = parent.no_child_stop;
  born.no_child_wait = parent.no_child_wait;
  if (with_descriptors) born.descriptors = parent.descriptors;
  order.push_back(child);
  return child;
}

void Sketch::End(int pid, int status) {
  Process& process = people[pid];
  process.zombie = true;
  process.status = status;
  process.stopped = process.continued = false;
  process.stop_to_tell = 0;
  process.pending.clear();
  process.descriptors.clear();
  process.alarm_ns = 0;
  Adopt(pid);
  HangUpIfOrphaned(pid, 0);
  LeaveZombie(pid, people[pid].exit_signal);
}

void Sketch::LeaveZombie(int pid, int signal) {
  const int to = people[pid].parent;
  const bool ignored = people[to].ignored.contains(kChild);
  const bool no_wait = people[to].no_child_wait;
  if (signal == kChild && (ignored || no_wait)) Bury(pid);
  if (signal != 0 && !(signal == kChild && ignored)) Generate(to, signal);
}

void Sketch::Bury(int pid) {
  people.erase(pid);
  std::erase(order, pid);
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
    HangUpIfOrphaned(pid, father);
    if (Has(pid) && people[pid].zombie) LeaveZombie(pid, kChild);
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

// A group that loses its last tie, with a member stopped, is hung up and continued.
void Sketch::HangUpIfOrphaned(int pid, int father) {
  const Process process = people[pid];
  const Process& parent = people[father != 0 ? father : process.parent];
  if (parent.group == process.group || parent.session != process.session) return;
  const bool any_stopped = std::any_of(people.begin(), people.end(), [&](const auto& one) {
    return one.second.group == process.group && one.second.stopped;
  });
  if (!any_stopped || !IsOrphaned(process.group, father != 0 ? 0 : pid)) return;
  SendToGroup(process.group, kHangUp);
  SendToGroup(process.group, kContinue);
}

// --- Signals -------------------------------------------------------------------------------------

void Sketch::Generate(int pid, int signal) {
  Process& process = people[pid];
  if (signal == 0 || process.zombie) return;
  if (Stops(signal)) process.pending.erase(kContinue);
  if (signal == kContinue) {
    for (const int stop : {19, 20, 21, 22}) process.pending.erase(stop);
    Continue(pid);
    if (!Lives(pid)) return;
  }
  if (!process.mask.contains(signal) && !process.handled.contains(signal)) {
    if (pid == 1 || process.ignored.contains(signal) || IsHarmless(signal)) return;
  }
  if (signal >= 32 || !process.pending.contains(signal)) process.pending.insert(signal);
  if (signal == kKill) {
    End(pid, kKill);
  } else {
    Act(pid);
  }
}

void Sketch::Act(int pid) {
  while (Lives(pid) && !people[pid].stopped && pid != 1) {
    Process& process = people[pid];
    std::set<int> due;
    for (const int signal : process.pending) {
      if (!process.mask.contains(signal)) due.insert(signal);
    }
    if (due.empty()) return;
    const int signal = FirstOf(due);
    process.pending.erase(process.pending.find(signal));
    if (process.handled.contains(signal) || process.ignored.contains(signal)) continue;
    if (IsHarmless(signal)) continue;
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
  TellOfStop(people[pid].parent);
}

void Sketch::Continue(int pid) {
  if (!people[pid].stopped) return;
  people[pid].stopped = false;
  people[pid].stop_to_tell = 0;
  people[pid].continued = true;
  TellOfStop(people[pid].parent);
  Act(pid);
}

void Sketch::TellOfStop(int parent) {
  if (parent == 0 || people[parent].ignored.contains(kChild)) return;
  if (!people[parent].no_child_stop) Generate(parent, kChild);
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

int Sketch::Take(int pid, const std::set<int>& wanted) {
  std::multiset<int>& pending = people[pid].pending;
  std::set<int> there;
  for (const int signal : pending) {
    if (wanted.contains(signal)) there.insert(signal);
  }
  if (there.empty()) return -EAGAIN;
  const int signal = FirstOf(there);
  pending.erase(pending.find(signal));
  return signal;
}

void Sketch::SetMask(int pid, const std::set<int>& mask) {
  people[pid].mask = mask;
  people[pid].mask.erase(kKill);
  people[pid].mask.erase(kStop);
  Act(pid);
}

int Sketch::SetAction(int pid, int signal, int what, bool no_stop, bool no_wait) {
  if (signal < 1 || signal > 64 || signal == kKill || signal == kStop) return -EINVAL;
  Process& process = people[pid];
  process.ignored.erase(signal);
  process.handled.erase(signal);
  if (what == 1) process.ignored.insert(signal);
  if (what == 2) process.handled.insert(signal);
  if (what == 1 || (what == 0 && IsHarmless(signal))) process.pending.erase(signal);
  if (signal == kChild) {
    process.no_child_stop = no_stop;
    process.no_child_wait = no_wait;
  }
  return 0;
}

// --- Waiting -------------------------------------------------------------------------------------

Sketch::Told Sketch::Wait(int pid, const Wanted& wanted) {
  const int group = wanted.which == 0 ? people[pid].group : -wanted.which;
  bool any = false;
  for (const int one : order) {
    Process& child = people[one];
    if (child.parent != pid) continue;
    if (wanted.which > 0 && one != wanted.which) continue;
    if (wanted.which != -1 && wanted.which <= 0 && child.group != group) continue;
    if (!wanted.all && (child.exit_signal != kChild) != wanted.clone) continue;
    any |= !child.zombie || wanted.exited;
    if (child.zombie && wanted.exited) {
      const Told told{one, child.status};
      if (!wanted.leave) Bury(one);
      return told;
    }
    if (child.stopped && child.stop_to_tell != 0 && wanted.stopped) {
      const Told told{one, child.stop_to_tell << 8 | 0x7f};
      if (!wanted.leave) child.stop_to_tell = 0;
      return told;
    }
    if (child.continued && wanted.continued) {
      if (!wanted.leave) child.continued = false;
      return {one, 0xffff};
    }
  }
  return {any ? 0 : -ECHILD, 0};
}

// --- Exec, groups, descriptors, time -------------------------------------------------------------

void Sketch::Exec(int pid) {
  Process& process = people[pid];
  process.handled.clear();
  process.no_child_stop = process.no_child_wait = false;
  process.exit_signal = kChild;
  process.execed = true;
  std::erase_if(process.descriptors, [](const auto& one) { return one.second; });
  Act(pid);
}

int Sketch::SetSid(int pid) {
  for (const auto& [one, process] : people) {
    if (process.group == pid) return -EPERM;
  }
  people[pid].group = people[pid].session = pid;
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

int Sketch::Open(int pid, bool close_on_exec) {
  int fd = 0;
  while (people[pid].descriptors.contains(fd)) ++fd;
  people[pid].descriptors[fd] = close_on_exec;
  return fd;
}

int Sketch::Duplicate(int pid, int fd, int to) {
  if (!people[pid].descriptors.contains(fd)) return -EBADF;
  if (to == -1) return Open(pid, false);
  if (to != fd) people[pid].descriptors[to] = false;
  return to;
}

void Sketch::CloseRange(int pid, int first, int last, bool on_exec_only) {
  auto& descriptors = people[pid].descriptors;
  for (int fd = first; fd <= last; ++fd) {
    if (!descriptors.contains(fd)) continue;
    if (on_exec_only) {
      descriptors[fd] = true;
    } else {
      descriptors.erase(fd);
    }
  }
}

void Sketch::AdvanceTo(uint64_t time_ns) {
  for (;;) {
    int next = 0;
    for (const auto& [pid, process] : people) {
      const uint64_t at_ns = process.alarm_ns;
      if (at_ns == 0 || at_ns > time_ns) continue;
      if (next == 0 || at_ns < people[next].alarm_ns) next = pid;
    }
    if (next == 0) break;
    now_ns = people[next].alarm_ns;
    people[next].alarm_ns = 0;
    Generate(next, kAlarm);
  }
  now_ns = time_ns;
}

}  // namespace minit::proptest
