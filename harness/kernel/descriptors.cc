// Descriptors, and what they are: the console, other files, signalfds, timers, epolls (epoll.cc), pidfds,
// eventfds (eventfd.cc) and pipes (pipes.cc). A descriptor names an object (Linux: an open file description), which forks and dups share.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr int kMaxEpollDepth = 4;

bool IsDescriptor(int fd) { return fd >= 0 && fd < kDescriptors; }
uint64_t FdBit(int fd) { return uint64_t{1} << fd; }

}  // namespace

int Kernel::AddObject(ObjectKind kind, Path path, bool non_block) {
  int index = 0;
  while (index < g_.object_high && objects_[static_cast<std::size_t>(index)].users != 0) ++index;
  if (index == kMaxObjects) return -ENFILE;
  if (index == g_.object_high) ++g_.object_high;
  objects_[static_cast<std::size_t>(index)] = {.kind = kind, .path = path, .non_block = non_block};
  return index;
}

// The lowest free number from `lowest` on, for one more user of the object.
int Kernel::AddDescriptor(Task& leader, int object, int lowest, bool close_on_exec) {
  if (lowest >= kDescriptors) return -EMFILE;
  const uint64_t free = ~leader.open & ~(FdBit(lowest) - 1);
  if (free == 0) return -EMFILE;
  const int fd = std::countr_zero(free);
  leader.open |= FdBit(fd);
  if (close_on_exec) leader.close_on_exec |= FdBit(fd);
  leader.objects[static_cast<std::size_t>(fd)] = static_cast<uint8_t>(object);
  ++objects_[static_cast<std::size_t>(object)].users;
  return fd;
}

Result Kernel::NewDescriptor(Slot slot, ObjectKind kind, Path path, uint32_t flags,
                             uint64_t value) {
  Task& leader = Leader(tasks_[slot]);
  if (leader.open == ~uint64_t{0}) return Error(EMFILE);
  const int object = AddObject(kind, path, (flags & kOpenNonBlock) != 0);
  if (object < 0) return Value(object);
  objects_[static_cast<std::size_t>(object)].value = value;
  return Value(AddDescriptor(leader, object, 0, (flags & kOpenCloseOnExec) != 0));
}

const Kernel::Object* Kernel::ObjectAt(const Task& task, int fd) const {
  const Task& leader = Leader(task);
  if (!IsDescriptor(fd) || (leader.open & FdBit(fd)) == 0) return nullptr;
  return &objects_[leader.objects[static_cast<std::size_t>(fd)]];
}

Kernel::Object* Kernel::ObjectAt(const Task& task, int fd) {
  return const_cast<Object*>(static_cast<const Kernel*>(this)->ObjectAt(task, fd));
}

void Kernel::CloseDescriptor(Task& leader, int fd) {
  uint8_t& index = leader.objects[static_cast<std::size_t>(fd)];
  Object& object = objects_[index];
  index = 0;
  leader.open &= ~FdBit(fd);
  leader.close_on_exec &= ~FdBit(fd);
  if (--object.users != 0) return;
  if (IsPipe(object.kind)) CutPipe(object);
  ForgetInEpolls(object, leader.pid, fd);
  object = Object{};
  while (g_.object_high != 0 && objects_[static_cast<std::size_t>(g_.object_high - 1)].users == 0) {
    --g_.object_high;
  }
}

void Kernel::CloseSet(Task& leader, uint64_t set) {
  for (; set != 0; set &= set - 1) CloseDescriptor(leader, std::countr_zero(set));
}

Result Kernel::PerformOnDescriptors(Slot slot, const Call& call) {
  Task& leader = Leader(tasks_[slot]);
  switch (call.kind) {
    case CallKind::kSignalFd:
      return DoSignalFd(slot, call);
    case CallKind::kEpollCreate:
      return NewDescriptor(slot, ObjectKind::kEpoll, Path::kOther, call.flags, 0);
    case CallKind::kTimerFdCreate:
      return NewDescriptor(slot, ObjectKind::kTimerFd, Path::kOther, call.flags, kForever);
    case CallKind::kPidFdOpen:
      return DoPidFdOpen(slot, call);
    case CallKind::kPipe:
      return DoPipe(slot, call);
    case CallKind::kEventFd:
      return DoEventFd(slot, call);
    case CallKind::kOpen:
      return DoOpen(slot, call);
    case CallKind::kDup:
      return Duplicate(slot, call);
    case CallKind::kCloseRange: {
      if (call.fd < 0 || call.fd > call.value) return Error(EINVAL);
      if (call.fd >= kDescriptors) return Value(0);
      const uint64_t upto =
          call.value >= kDescriptors - 1 ? ~uint64_t{0} : FdBit(call.value + 1) - 1;
      const uint64_t set = leader.open & upto & ~(FdBit(call.fd) - 1);
      if ((call.flags & kCloseRangeOnExec) != 0) {
        leader.close_on_exec |= set;
      } else {
        CloseSet(leader, set);
      }
      return Value(0);
    }
    default:
      return PerformOnDescriptor(slot, call);
  }
}

// Calls about one descriptor, which has to be open.
Result Kernel::PerformOnDescriptor(Slot slot, const Call& call) {
  Task& leader = Leader(tasks_[slot]);
  Object* object = ObjectAt(leader, call.fd);
  if (object == nullptr) return Error(EBADF);
  switch (call.kind) {
    case CallKind::kClose:
      CloseDescriptor(leader, call.fd);
      return Value(0);
    case CallKind::kSetNonBlock:
      object->non_block = call.value != 0;
      return Value(0);
    case CallKind::kSetCloseOnExec:
      leader.close_on_exec =
          (leader.close_on_exec & ~FdBit(call.fd)) | (call.value != 0 ? FdBit(call.fd) : 0);
      return Value(0);
    case CallKind::kTimerFdSet:
      if (object->kind != ObjectKind::kTimerFd) return Error(EINVAL);
      return SetTimer(*object, call);
    case CallKind::kEpollControl:
      return DoEpollControl(leader, *object, call);
    default:
      return Error(ENOSYS);
  }
}

Result Kernel::SetTimer(Object& timer, const Call& call) {
  const TimerView old = ViewOf(timer);
  const bool absolute = (call.flags & kTimerAbsolute) != 0;
  timer.value = call.time_ns == 0 ? kForever
                : absolute        ? call.time_ns
                                  : Later(g_.now_ns, call.time_ns);
  timer.every_ns = call.set;
  ArmDeadline(timer.value);
  if (timer.value <= g_.now_ns) {
    WakeInterestsIn(timer);
    WakeForDescriptors();
  }
  return {.set = old.every_ns, .time_ns = old.left_ns};
}

Result Kernel::DoOpen(Slot slot, const Call& call) {
  if (!IsThere(call.path)) return Error(ENOENT);
  const Result result = NewDescriptor(slot, ObjectKind::kFile, call.path, call.flags, 0);
  if (result.value >= 0 && call.path == Path::kTerminal && (call.flags & kOpenNoTerminal) == 0) {
    AcquireTerminal(Leader(tasks_[slot]));
  }
  return result;
}

Result Kernel::DoSignalFd(Slot slot, const Call& call) {
  const uint64_t set = call.set & ~kUnmaskable;
  if (call.fd == -1) {
    return NewDescriptor(slot, ObjectKind::kSignalFd, Path::kOther, call.flags, set);
  }
  Object* object = ObjectAt(tasks_[slot], call.fd);
  if (object == nullptr) return Error(EBADF);
  if (object->kind != ObjectKind::kSignalFd) return Error(EINVAL);
  object->value = set;
  WakeInterestsInSignals(Leader(tasks_[slot]).pid);
  WakeForDescriptors();
  return Value(call.fd);
}

// Whoever waits on a descriptor looks again: another may have changed what it says.
void Kernel::WakeForDescriptors() {
  if (g_.blocked == 0) return;
  ReconsiderAll(KindBit(CallKind::kRead) | KindBit(CallKind::kPoll) |
                KindBit(CallKind::kEpollWait));
}

Result Kernel::DoPidFdOpen(Slot slot, const Call& call) {
  if (call.pid <= 0) return Error(EINVAL);
  const Slot target = FindSlot(call.pid);
  if (target == kNoSlot) return Error(ESRCH);
  if (tasks_[target].leader != target) return Error(ENOENT);
  const Result result =
      NewDescriptor(slot, ObjectKind::kPidFd, Path::kOther, call.flags | kOpenCloseOnExec, 0);
  if (result.value >= 0) ObjectAt(tasks_[slot], result.value)->pid = call.pid;
  return result;
}

Result Kernel::Duplicate(Slot slot, const Call& call) {
  Task& leader = Leader(tasks_[slot]);
  if (ObjectAt(leader, call.fd) == nullptr) return Error(EBADF);
  const int object = leader.objects[static_cast<std::size_t>(call.fd)];
  const bool close_on_exec = (call.flags & kOpenCloseOnExec) != 0;
  if (call.value == -1) return Value(AddDescriptor(leader, object, 0, close_on_exec));
  if (!IsDescriptor(call.value)) return Error(EBADF);
  if (call.value == call.fd) return Value(call.fd);
  if ((leader.open & FdBit(call.value)) != 0) CloseDescriptor(leader, call.value);
  return Value(AddDescriptor(leader, object, call.value, close_on_exec));
}

int Kernel::GiveDescriptor(Pid process, int fd, Path what, uint32_t open_flags) {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot || IsDead(Leader(tasks_[slot]))) return -ESRCH;
  Task& leader = Leader(tasks_[slot]);
  if (!IsDescriptor(fd) || what == Path::kMissing) return -EINVAL;
  if ((leader.open & FdBit(fd)) != 0) CloseDescriptor(leader, fd);
  const int object = AddObject(ObjectKind::kFile, what, (open_flags & kOpenNonBlock) != 0);
  if (object < 0) return object;
  return AddDescriptor(leader, object, fd, (open_flags & kOpenCloseOnExec) != 0);
}

Path Kernel::DescriptorPath(Pid process, int fd) const {
  const Slot slot = FindSlot(process);
  if (slot == kNoSlot) return Path::kMissing;
  const Object* object = ObjectAt(tasks_[slot], fd);
  return object == nullptr ? Path::kMissing : object->path;
}

bool Kernel::IsFile(Pid process, int fd) const {
  const Slot slot = FindSlot(process);
  const Object* const object = slot == kNoSlot ? nullptr : ObjectAt(tasks_[slot], fd);
  return object != nullptr && object->kind == ObjectKind::kFile;
}

bool Kernel::IsEventFd(Pid process, int fd) const {
  const int index = DescriptionOf(process, fd);
  return index >= 0 && objects_[static_cast<std::size_t>(index)].kind == ObjectKind::kEventFd;
}

bool Kernel::IsForReading(Pid process, int fd) const {
  const int index = DescriptionOf(process, fd);
  if (index < 0) return false;
  switch (objects_[static_cast<std::size_t>(index)].kind) {
    case ObjectKind::kSignalFd:
    case ObjectKind::kTimerFd:
    case ObjectKind::kEpoll:
    case ObjectKind::kPidFd:
    case ObjectKind::kPipeReader:
      return true;
    default:
      return false;
  }
}

int Kernel::DescriptionOf(Pid process, int fd) const {
  const Slot slot = FindSlot(process);
  const Object* const object = slot == kNoSlot ? nullptr : ObjectAt(tasks_[slot], fd);
  return object == nullptr ? -1 : static_cast<int>(object - objects_.data());
}

// --- Waiting on descriptors ----------------------------------------------------------------------

bool Kernel::IsReady(Slot slot, const Object& object, int depth) const {
  const Task& task = tasks_[slot];
  switch (object.kind) {
    case ObjectKind::kSignalFd:
      return ((task.pending | Leader(task).shared_pending) & object.value) != 0;
    case ObjectKind::kTimerFd:
      return object.value <= g_.now_ns;
    case ObjectKind::kPidFd: {
      const Slot target = FindSlot(object.pid);
      return target == kNoSlot || IsDead(tasks_[target]);
    }
    case ObjectKind::kEpoll:
      for (uint64_t set = object.value; set != 0 && depth < kMaxEpollDepth; set &= set - 1) {
        if (IsReadyIn(slot, object, std::countr_zero(set), depth + 1)) return true;
      }
      return false;
    case ObjectKind::kEventFd:
      return object.value != 0;
    case ObjectKind::kPipeReader:
    case ObjectKind::kSocket:
      return object.value != 0 || object.other_end == 0;
    case ObjectKind::kPipeWriter:
      return object.other_end == 0;  // an error
    default:
      // Nobody types at the console; a file is always ready.
      return object.path != Path::kConsole && object.path != Path::kTerminal;
  }
}

Result Kernel::AttemptPoll(Slot slot, const Call& call) const {
  uint64_t set = call.set;
  const Object* epoll = nullptr;
  if (call.kind == CallKind::kEpollWait) {
    epoll = ObjectAt(tasks_[slot], call.fd);
    if (epoll == nullptr) return Error(EBADF);
    if (epoll->kind != ObjectKind::kEpoll) return Error(EINVAL);
    set = epoll->value;
  }
  Result result;
  for (; set != 0; set &= set - 1) {
    const int fd = std::countr_zero(set);
    const Object* object = ObjectAt(tasks_[slot], fd);
    // poll says POLLNVAL of a closed one.
    const bool ready = epoll != nullptr    ? IsReadyIn(slot, *epoll, fd, 0)
                       : object == nullptr ? true
                                           : IsReady(slot, *object, 0);
    if (ready) result.set |= FdBit(fd);
  }
  result.value = std::popcount(result.set);
  if (epoll == nullptr && call.value != 0 && g_.faults.console_room != 0) ++result.value;
  if (result.value == 0 && call.time_ns != 0) return kStillBlocked;
  return result;
}

Result Kernel::AttemptRead(Slot slot, const Call& call) {
  Object* object = ObjectAt(tasks_[slot], call.fd);
  if (object == nullptr) return Error(EBADF);
  const bool may_block = !object->non_block && (call.flags & kReadMore) == 0;
  const Result nothing = may_block ? kStillBlocked : Error(EAGAIN);
  switch (object->kind) {
    case ObjectKind::kSignalFd: {
      const Taken taken = Take(slot, object->value);
      if (taken.signal == 0) return nothing;
      constexpr int kBytes = 128;  // of a struct signalfd_siginfo
      return {.signal = taken.signal,
              .from_thread = taken.from_thread,
              .owed = taken.owed,
              .value = kBytes};
    }
    case ObjectKind::kTimerFd: {
      if (object->value > g_.now_ns) return nothing;
      const uint64_t expired = Expirations(object->value, object->every_ns, g_.now_ns);
      object->value = NextExpiry(object->value, object->every_ns, g_.now_ns);
      ArmDeadline(object->value);
      constexpr int kBytes = 8;  // of the count of expirations
      return {.value = kBytes, .set = expired};
    }
    case ObjectKind::kEventFd:
      return ReadEventFd(*object, call, nothing);
    case ObjectKind::kPipeReader:
    case ObjectKind::kSocket:
      return ReadPipe(*object, call, nothing);
    case ObjectKind::kPipeWriter:
      return Error(EBADF);
    case ObjectKind::kFile:
      if (object->path == Path::kConsole || object->path == Path::kTerminal) return nothing;
      return Value(0);
    default:
      return Error(EINVAL);
  }
}

// task.result.value is what earlier attempts of the same call wrote.
Result Kernel::AttemptWrite(Slot slot, const Call& call) {
  Object* object = ObjectAt(tasks_[slot], call.fd);
  if (object == nullptr) return Error(EBADF);
  if (object->kind == ObjectKind::kPipeReader) return Error(EBADF);
  if (IsPipe(object->kind)) return WritePipe(slot, *object, call);
  if (object->kind == ObjectKind::kEventFd) return WriteEventFd(*object, call);
  if (object->kind != ObjectKind::kFile || call.value < 0) return Error(EINVAL);
  int32_t& room = g_.faults.console_room;
  if (object->path != Path::kConsole || room < 0) return Value(call.value);
  int32_t& written = tasks_[slot].result.value;
  const int32_t part = std::min(call.value - written, room);
  room -= part;
  written += part;
  if (written == call.value) return Value(written);
  if (!object->non_block) return kStillBlocked;
  return written > 0 ? Value(written) : Error(EAGAIN);
}

}  // namespace minit::kernel
