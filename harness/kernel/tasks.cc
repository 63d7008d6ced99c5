// Storage: tasks live in slots that never move, and a list of slots gives their order. Copying,
// comparing and hashing touch what lives and nothing else.

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/kernel/kernel.h"

namespace minit::kernel {
namespace {

void Mix(uint64_t& hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  hash ^= hash >> 29;
}

template <typename... Values>
void MixAll(uint64_t& hash, const Values&... values) {
  (Mix(hash, static_cast<uint64_t>(values)), ...);
}

}  // namespace

void Kernel::Reset(const Entry& entry) {
  static_assert(std::is_trivially_copyable_v<Task> && std::is_trivially_destructible_v<Task>);
  g_ = Globals{};
  g_.entry = entry;
  g_.count = 1;
  g_.high = 1;
  order_[0] = 0;
  Task& init = tasks_[0];
  init = Task{};
  init.pid = kInit;
  init.group = kInit;
  init.session = kInit;
  init.leader = 0;
  init.subject = true;
  init.mask = entry.mask & ~kUnmaskable;
  init.ignored = entry.ignored & ~kUnmaskable;
}

bool Kernel::CopyFrom(const Kernel& other) {
  if (other.g_.high > capacity_) return false;
  if (this == &other) return true;
  g_ = other.g_;
  std::memcpy(order_, other.order_, g_.count * sizeof(Slot));
  std::memcpy(static_cast<void*>(tasks_), other.tasks_, g_.high * sizeof(Task));
  std::copy_n(other.surplus_.begin(), g_.surplus_count, surplus_.begin());
  std::copy_n(other.objects_.begin(), g_.object_high, objects_.begin());
  if (g_.interests != 0) {
    std::copy_n(other.interests_.begin(), g_.interests, interests_.begin());
  }
  return true;
}

void Kernel::Ranks(Slot* rank) const {
  for (int i = 0; i < g_.count; ++i) rank[order_[i]] = static_cast<Slot>(i);
}

// A task without what depends on which slots were free, or is stale.
Kernel::Task Kernel::Canonical(Slot slot, const Slot* rank) const {
  Task task = tasks_[slot];
  task.leader = rank[task.leader];
  if (task.parent != kNoSlot) task.parent = rank[task.parent];
  if (task.tracer != kNoSlot) task.tracer = rank[task.tracer];
  if (task.run != Run::kInCall && task.run != Run::kSignaled) task.call = Call{};
  if (task.run == Run::kRuns || task.run == Run::kZombie) task.result = Result{};
  if (task.run != Run::kReturns) task.told = false;
  if (task.run == Run::kZombie) task.memory = 0;
  if (!task.mask_saved) task.saved_mask = 0;
  if (!task.trace_stopped) {
    task.trace_status = 0;
    task.may_stop = false;
  }
  return task;
}

bool Kernel::SameSurplus(const Kernel& other, const Slot* rank, const Slot* other_rank) const {
  const auto canonical = [](Surplus surplus, const Slot* by) {
    const int slot = surplus.owner / 2;
    if (surplus.owner < kShadowOwner) {
      surplus.owner = static_cast<uint16_t>(by[slot] * 2 + surplus.owner % 2);
    }
    return surplus;
  };
  const auto* end = other.surplus_.begin() + other.g_.surplus_count;
  return std::all_of(
      surplus_.begin(), surplus_.begin() + g_.surplus_count, [&](const Surplus& surplus) {
        return std::any_of(other.surplus_.begin(), end, [&](const Surplus& candidate) {
          return canonical(surplus, rank) == canonical(candidate, other_rank);
        });
      });
}

bool Kernel::operator==(const Kernel& other) const {
  const Globals& a = g_;
  const Globals& b = other.g_;
  if (a.count != b.count || a.now_ns != b.now_ns || a.last_pid != b.last_pid ||
      a.ending != b.ending || a.ending_status != b.ending_status || a.owing != b.owing ||
      a.surplus_count != b.surplus_count || a.terminal_session != b.terminal_session ||
      a.terminal_group != b.terminal_group || a.shadow != b.shadow || !(a.entry == b.entry) ||
      !(a.faults == b.faults) || a.object_high != b.object_high || a.interests != b.interests) {
    return false;
  }
  std::array<Slot, kScenarioCapacity> rank;
  std::array<Slot, kScenarioCapacity> other_rank;
  Ranks(rank.data());
  other.Ranks(other_rank.data());
  for (int i = 0; i < a.count; ++i) {
    if (!(Canonical(order_[i], rank.data()) ==
          other.Canonical(other.order_[i], other_rank.data()))) {
      return false;
    }
  }
  return std::equal(objects_.begin(), objects_.begin() + a.object_high, other.objects_.begin()) &&
         std::equal(interests_.begin(), interests_.begin() + a.interests,
                    other.interests_.begin()) &&
         SameSurplus(other, rank.data(), other_rank.data());
}

uint64_t Kernel::Hash() const {
  uint64_t hash = 0;
  MixAll(hash, g_.count, g_.now_ns, g_.last_pid, g_.ending, g_.owing, g_.terminal_session,
         g_.terminal_group, g_.shadow[0].pending, g_.shadow[1].pending, g_.shadow[0].unowed,
         g_.shadow[1].unowed, g_.surplus_count, g_.faults.fork_failures, g_.faults.exec_failures,
         g_.faults.reboot_failures, g_.faults.sync_hangs, g_.faults.console_room);
  for (int i = 0; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    const Task& leader = Leader(task);
    MixAll(hash, task.pid, leader.pid, task.run, task.mask, task.pending, task.deadline_ns,
           IsStopped(task), task.tracer == kNoSlot ? 0 : tasks_[task.tracer].pid, task.trace_report,
           task.run == Run::kZombie ? 0 : task.memory,
           task.run == Run::kReturns ? task.result.value : 0);
    if (task.leader != order_[i]) continue;
    MixAll(hash, task.parent == kNoSlot ? 0 : tasks_[task.parent].pid, task.group, task.session,
           task.subject, task.execed, task.kept, task.stopped, task.continued, task.stop_report,
           task.exit_signal, task.status, task.shared_pending, task.ignored, task.handled,
           task.alarm_ns, task.alarm_every_ns, task.alarm_is_out, task.open, task.close_on_exec);
    if (task.run == Run::kInCall) MixAll(hash, task.call.kind, task.call.set, task.call.pid);
  }
  // Where the surplus lies depends on slots: its sum does not.
  uint64_t entries = 0;
  for (std::size_t i = 0; i < g_.surplus_count; ++i) {
    entries += uint64_t{surplus_[i].entries} * surplus_[i].signal;
  }
  Mix(hash, entries);
  return hash;
}

Kernel::Slot Kernel::AddTask(Pid pid) {
  if (g_.count == capacity_) return kNoSlot;
  int slot = g_.high;
  if (g_.count < g_.high) {
    slot = 0;
    while (tasks_[slot].pid != 0) ++slot;
  } else {
    ++g_.high;
  }
  tasks_[slot] = Task{};
  tasks_[slot].pid = pid;
  g_.born[static_cast<uint32_t>(pid) % g_.born.size()] = static_cast<Slot>(slot);
  order_[g_.count++] = static_cast<Slot>(slot);
  return static_cast<Slot>(slot);
}

void Kernel::RemoveTask(Slot slot) {
  // A dead thread that is kept for its tracer may have been sent signals; a dead process not.
  if (g_.surplus_count != 0) DropSurplus(ThreadPending(slot).owner);
  Slot* const end = order_ + g_.count;
  Slot* const at = std::find(order_, end, slot);
  std::copy(at + 1, end, at);
  --g_.count;
  if (tasks_[slot].tracer != kNoSlot) --g_.traces;
  if (tasks_[slot].run == Run::kZombie) --g_.zombies;
  if (tasks_[slot].subject) --g_.subjects;
  if (tasks_[slot].parent != kNoSlot) --tasks_[tasks_[slot].parent].children;
  tasks_[slot].pid = 0;
  while (tasks_[g_.high - 1].pid == 0) --g_.high;
}

void Kernel::MoveToEnd(int index) {
  std::rotate(order_ + index, order_ + index + 1, order_ + g_.count);
}

View Kernel::Look(Pid pid) const {
  View view;
  const Task* task = Find(pid);
  if (task == nullptr) return view;
  const Task& leader = Leader(*task);
  view.pid = pid;
  view.process = leader.pid;
  view.parent = leader.parent == kNoSlot ? 0 : tasks_[leader.parent].pid;
  view.tracer = task->tracer == kNoSlot ? 0 : tasks_[task->tracer].pid;
  view.group = leader.group;
  view.session = leader.session;
  view.activity = ActivityOf(*task);
  view.subject = leader.subject;
  view.has_execed = leader.execed;
  view.kept = leader.kept;
  view.stopped = leader.stopped;
  view.stop_to_tell = leader.stop_report != 0;
  view.has_terminal = leader.has_terminal;
  view.subreaper = leader.subreaper;
  view.no_child_wait = leader.no_child_wait;
  view.continue_to_tell = leader.continued;
  view.exit_signal = leader.exit_signal;
  view.status = task->run == Run::kZombie ? task->status : 0;
  view.trace_stop = task->trace_stopped ? static_cast<int>(task->trace_status) : 0;
  view.trace_stop_to_tell = task->trace_report != 0;
  view.mask = task->mask;
  view.pending_thread = task->pending;
  view.pending_process = leader.shared_pending;
  view.ignored = leader.ignored;
  view.handled = leader.handled;
  view.descriptors = leader.open;
  view.close_on_exec = leader.close_on_exec;
  if (task->run == Run::kInCall) view.call = task->call;
  return view;
}

Pid Kernel::FindRunnableSubject() const {
  for (int i = 1; i < g_.count; ++i) {
    const Task& task = tasks_[order_[i]];
    // Further threads of a subject do not count: nobody drives them.
    if (task.leader == order_[i] && task.subject && !task.kept &&
        ActivityOf(task) == Activity::kRunning) {
      return task.pid;
    }
  }
  return 0;
}

}  // namespace minit::kernel
