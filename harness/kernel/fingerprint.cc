// Fingerprint: 64 bits for all of a world that can matter to come. Slots are told by their rank, and
// times by how far off they are; what the dead had, but for what a wait tells, is left out.

#include <algorithm>
#include <bit>

#include "harness/kernel/digest.h"
#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

template <typename... Bits>
uint64_t Packed(Bits... bits) {
  uint64_t word = 0;
  ((word = word << 1 | static_cast<uint64_t>(bits)), ...);
  return word;
}

uint64_t Pair(uint64_t high, uint64_t low) { return high << 32 | (low & 0xffffffff); }

uint64_t Left(uint64_t time_ns, uint64_t now_ns) {
  return time_ns == kForever ? kForever : std::max(time_ns, now_ns) - now_ns;
}

void AddResult(const Result& result, Digest& digest) {
  digest.Add(Packed(result.from_thread, result.owed) << 32 |
                 static_cast<uint64_t>(result.state) << 16 | uint64_t{result.code} << 8 |
                 result.signal,
             result.value);
  digest.Add(Pair(static_cast<uint64_t>(result.pid), static_cast<uint64_t>(result.status)),
             result.set);
  digest.Add(result.time_ns, 0);
}

}  // namespace

void Add(const Call& call, Digest& digest) {
  digest.Add(Pair(static_cast<uint64_t>(call.kind) << 24 | static_cast<uint64_t>(call.path) << 16 |
                      static_cast<uint16_t>(call.fd),
                  call.flags),
             Pair(static_cast<uint64_t>(call.pid), static_cast<uint64_t>(call.value)));
  digest.Add(call.signal, call.set);
  digest.Add(call.mask, call.time_ns);
}

uint64_t Kernel::Fingerprint() const {
  std::array<Slot, kScenarioCapacity> rank;
  Ranks(rank.data());
  Digest digest;
  const Faults& faults = g_.faults;
  digest.Add(Pair(Packed(g_.owing, faults.sync_hangs) << 24 | uint64_t{faults.fork_failures} << 16 |
                      uint64_t{faults.exec_failures} << 8 | faults.reboot_failures,
                  static_cast<uint64_t>(faults.console_room)),
             Pair(static_cast<uint64_t>(g_.last_pid),
                  static_cast<uint64_t>(g_.ending) << 16 | g_.ending_status));
  if ((faults.fork_failures | faults.exec_failures | faults.reboot_failures) != 0) {
    digest.Add(faults.fork_error, Pair(static_cast<uint16_t>(faults.exec_error),
                                       static_cast<uint16_t>(faults.reboot_error)));
  }
  digest.Add(
      Pair(static_cast<uint64_t>(g_.terminal_session), static_cast<uint64_t>(g_.terminal_group)),
      g_.count);
  if (g_.owing) {
    for (const ShadowSet& set : g_.shadow) digest.Add(set.pending, set.unowed);
  }
  for (int i = 0; i < g_.count; ++i) AddTask(order_[i], rank.data(), digest);
  // Where the surplus lies depends on slots: its sum does not.
  uint64_t surplus = 0;
  for (std::size_t i = 0; i < g_.surplus_count; ++i) {
    const Surplus& each = surplus_[i];
    const uint64_t owner = each.owner < kShadowOwner
                               ? uint64_t{rank[each.owner / 2]} * 2 + each.owner % 2
                               : each.owner;
    Digest one;
    one.Add(owner, Pair(each.signal, each.entries));
    surplus += one.value();
  }
  digest.Add(surplus, g_.surplus_count);
  for (std::size_t i = 0; i < g_.interests; ++i) {
    const Interest& each = interests_[i];
    digest.Add(Pair(uint64_t{each.epoll} << 16 | uint64_t{each.object} << 8 | each.fd,
                    Packed(each.edge, each.once, each.woken, each.spent)),
               g_.interests);
  }
  return digest.value();
}

void Kernel::AddTask(Slot slot, const Slot* rank, Digest& digest) const {
  static_assert(sizeof(Task) == 312, "a task has other fields: which of them belong here?");
  const auto rank_of = [&](Slot other) { return other == kNoSlot ? kNoSlot : rank[other]; };
  const Task& task = tasks_[slot];
  digest.Add(Pair(static_cast<uint64_t>(task.pid),
                  uint64_t{rank_of(task.leader)} << 16 | rank_of(task.tracer)),
             Pair(uint64_t{rank_of(task.parent)} << 16 | task.threads,
                  uint64_t{task.status} << 16 | uint64_t{task.exit_signal} << 8 |
                      static_cast<uint64_t>(task.run)));
  digest.Add(Pair(static_cast<uint64_t>(task.group), static_cast<uint64_t>(task.session)),
             Packed(task.seized, task.trace_stopped, task.trace_injects, task.trap_due,
                    task.trace_stopped && task.may_stop, task.mask_saved,
                    task.run == Run::kReturns && task.told, task.subject, task.execed, task.kept,
                    task.exiting, task.stopped, task.continued, task.subreaper, task.has_terminal,
                    task.no_child_stop, task.no_child_wait)
                     << 16 |
                 uint64_t{task.injected} << 8 | task.stop_report);
  if (task.tracer != kNoSlot) {
    digest.Add(task.trace_report, task.trace_stopped ? task.trace_status : 0);
  }
  if (task.run == Run::kZombie && task.threads == 0) return;
  digest.Add(task.mask, task.pending);
  digest.Add(task.shared_pending, task.ignored);
  digest.Add(task.handled, task.restarts);
  digest.Add(task.memory, task.mask_saved ? task.saved_mask : 0);
  const uint64_t alarm_ns =
      task.alarm_is_out ? NextExpiry(task.alarm_ns, task.alarm_every_ns, g_.now_ns) : task.alarm_ns;
  digest.Add(Left(task.deadline_ns, g_.now_ns), Left(alarm_ns, g_.now_ns));
  if (task.alarm_every_ns != 0) digest.Add(task.alarm_every_ns, task.alarm_is_out);
  digest.Add(task.open, task.close_on_exec);
  if (task.run != Run::kRuns && task.run != Run::kZombie) {
    kernel::Add(task.call, digest);
    AddResult(task.result, digest);
  }
  for (uint64_t left = task.open; left != 0; left &= left - 1) {
    const std::size_t index = task.objects[static_cast<std::size_t>(std::countr_zero(left))];
    const Object& object = objects_[index];
    const bool is_timer = object.kind == ObjectKind::kTimerFd;
    // How long ago it expired first counts only if it has expired more often since.
    const uint64_t value = !is_timer                  ? object.value
                           : object.every_ns == 0     ? Left(object.value, g_.now_ns)
                           : object.value == kForever ? kForever
                                                      : object.value - g_.now_ns;
    digest.Add(Pair(index, Packed(object.semaphore, object.non_block) << 16 |
                               static_cast<uint64_t>(object.kind) << 8 |
                               static_cast<uint64_t>(object.path)),
               Pair(static_cast<uint64_t>(object.pid), object.other_end) ^ value);
    if (object.every_ns != 0) digest.Add(object.every_ns, 0);
  }
}

}  // namespace minit::kernel
