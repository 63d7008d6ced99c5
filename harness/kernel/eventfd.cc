// Eventfds: a count that a write adds to and a read takes, after fs/eventfd.c.

#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr int kBytes = 8;  // of the count, in a read and in a write

}  // namespace

Result Kernel::DoEventFd(Slot slot, const Call& call) {
  const Result made = NewDescriptor(slot, ObjectKind::kEventFd, Path::kOther, call.flags, call.set);
  if (made.value >= 0) {
    ObjectAt(tasks_[slot], made.value)->semaphore = (call.flags & kEventFdSemaphore) != 0;
  }
  return made;
}

Result Kernel::ReadEventFd(Object& event, const Call& call, const Result& nothing) {
  if (call.value < kBytes) return Error(EINVAL);
  if (event.value == 0) return nothing;
  const uint64_t taken = event.semaphore ? 1 : event.value;
  event.value -= taken;
  g_.pipe_changed = true;  // who waits for room looks again
  return {.value = kBytes, .set = taken};
}

Result Kernel::WriteEventFd(Object& event, const Call& call) {
  if (call.value != kBytes || call.set == UINT64_MAX) return Error(EINVAL);
  if (!HasRoom(event, call.set)) return event.non_block ? Error(EAGAIN) : kStillBlocked;
  event.value += call.set;
  g_.pipe_changed = true;
  WakeInterestsIn(event);
  return Value(kBytes);
}

}  // namespace minit::kernel
