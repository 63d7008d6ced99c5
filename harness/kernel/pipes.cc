// Pipes: two objects, one for each end, that know of each other; the end that is read keeps how many
// bytes there are. What the bytes are is the business of who plays the processes. After fs/pipe.c, but
// for one thing: a write goes in as a whole, whatever its size, or waits until there is room. A pair of
// sockets (socketpair(2), of streams) is the same, both ways.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr uint64_t kReaders = KindBit(CallKind::kRead) | KindBit(CallKind::kWrite) |
                              KindBit(CallKind::kPoll) | KindBit(CallKind::kEpollWait);

}  // namespace

Result Kernel::DoPipe(Slot slot, const Call& call) {
  Task& leader = Leader(tasks_[slot]);
  if (std::popcount(~leader.open) < 2) return Error(EMFILE);
  const bool sockets = (call.flags & kPipeOfSockets) != 0;
  const auto end = [&](ObjectKind kind) {
    return NewDescriptor(slot, sockets ? ObjectKind::kSocket : kind, Path::kOther, call.flags, 0);
  };
  const Result reader = end(ObjectKind::kPipeReader);
  if (reader.value < 0) return reader;
  const Result writer = end(ObjectKind::kPipeWriter);
  if (writer.value < 0) {
    CloseDescriptor(leader, reader.value);
    return writer;
  }
  const auto index = [&leader](int fd) { return leader.objects[static_cast<std::size_t>(fd)]; };
  ObjectAt(leader, reader.value)->other_end = static_cast<uint8_t>(index(writer.value) + 1);
  ObjectAt(leader, writer.value)->other_end = static_cast<uint8_t>(index(reader.value) + 1);
  return {.value = reader.value, .status = writer.value};
}

Result Kernel::ReadPipe(Object& reader, const Call& call, const Result& nothing) {
  const uint64_t most = static_cast<uint64_t>(std::max(call.value, 0));
  if (reader.value == 0 && reader.other_end != 0 && most != 0) return nothing;
  const uint64_t bytes = std::min(most, reader.value);
  reader.value -= bytes;
  g_.pipe_changed |= bytes != 0;
  return Value(static_cast<int>(bytes));
}

Result Kernel::WritePipe(Slot slot, const Object& writer, const Call& call) {
  if (call.value < 0 || call.value > kPipeBytes) return Error(EINVAL);
  // Nothing can be written to a pipe at any time, but to a socket only while there is another end.
  const bool fails = writer.kind == ObjectKind::kSocket && writer.other_end == 0;
  if (call.value == 0 && !fails) return Value(0);
  if (writer.other_end == 0) {
    EndCall(tasks_[slot]);
    if ((call.flags & kWriteNoSignal) == 0) {
      Generate(slot, {.signal = kSigPipe, .to_thread = true});
    }
    return Error(EPIPE);
  }
  Object& reader = objects_[static_cast<std::size_t>(writer.other_end - 1)];
  if (reader.value + static_cast<uint64_t>(call.value) > kPipeBytes) {
    return writer.non_block ? Error(EAGAIN) : kStillBlocked;
  }
  reader.value += static_cast<uint64_t>(call.value);
  g_.pipe_changed = true;
  WakeInterestsIn(reader);
  return Value(call.value);
}

// An end has no user any more.
void Kernel::CutPipe(const Object& end) {
  if (end.other_end == 0) return;
  Object& other = objects_[static_cast<std::size_t>(end.other_end - 1)];
  other.other_end = 0;
  g_.pipe_changed = true;
  WakeInterestsIn(other);
}

// Whoever waits for a pipe looks again. (What changes by that is seen to in Reconsider.)
void Kernel::WakeForPipes() {
  g_.pipe_changed = false;
  if (g_.blocked != 0) ReconsiderAll(kReaders);
}

bool Kernel::IsCut(Pid process, int fd) const {
  const Slot slot = FindSlot(process);
  const Object* const object = slot == kNoSlot ? nullptr : ObjectAt(tasks_[slot], fd);
  return object != nullptr && IsPipe(object->kind) && object->other_end == 0;
}

// A process of the subject's own, before exec, is kept from running, and the call ends no sooner than that
// one goes on: a vfork of it, or the read of what it has still to write or to close, or a wait without
// bound until that can be read.
bool Kernel::AwaitsOwn(const Task& task) const {
  const Call& call = task.call;
  if (call.kind == CallKind::kFork) {
    const Task* const newborn = Find(task.result.value);
    return newborn != nullptr && IsHeld(*newborn);
  }
  if (call.kind == CallKind::kRead) return AwaitsOwnOn(task, ObjectAt(task, call.fd));
  uint64_t set = call.kind == CallKind::kPoll ? call.set : 0;
  if (call.kind == CallKind::kEpollWait) {
    const Object* const epoll = ObjectAt(task, call.fd);
    if (epoll != nullptr && epoll->kind == ObjectKind::kEpoll) set = epoll->value;
  }
  const bool for_room = call.kind == CallKind::kPoll && call.value != 0;
  if (set == 0 || for_room || call.time_ns != kForever) return false;
  for (; set != 0; set &= set - 1) {
    if (!AwaitsOwnOn(task, ObjectAt(task, std::countr_zero(set)))) return false;
  }
  return true;
}

bool Kernel::AwaitsOwnOn(const Task& task, const Object* object) const {
  if (object == nullptr) return false;
  // Whoever has that one could write.
  const bool is_event = object->kind == ObjectKind::kEventFd;
  const int written = is_event ? static_cast<int>(object - objects_.data()) + 1 : object->other_end;
  if (written == 0 || object->kind == ObjectKind::kPipeWriter) return false;
  for (int i = 0; i < g_.count; ++i) {
    const Task& other = tasks_[order_[i]];
    if (other.leader == task.leader || other.leader != order_[i] || !other.subject) continue;
    if (!IsHeld(other)) continue;
    for (uint64_t left = other.open; left != 0; left &= left - 1) {
      const std::size_t fd = static_cast<std::size_t>(std::countr_zero(left));
      if (other.objects[fd] + 1 == written) return true;
    }
  }
  return false;
}

}  // namespace minit::kernel
