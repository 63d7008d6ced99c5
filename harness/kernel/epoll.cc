// Epolls: which descriptors are in one, and what it tells of them, after fs/eventpoll.c.
//
// By levels an epoll asks each time what is ready; that needs no more than the set of descriptors in it.
// Of one that is told of by edges, or once, it keeps an interest: by edges, it is told of if something
// has woken it since (a signal to its process, whichever; a write; an expiry; a death; a hang-up; that it
// was added or modified), and if it is ready then. So what was told of and not read is not told of again.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "harness/kernel/kernel.h"
#include "harness/kernel/kernel_inline.h"

namespace minit::kernel {
namespace {

constexpr uint64_t FdBit(int fd) { return uint64_t{1} << fd; }

}  // namespace

Result Kernel::DoEpollControl(Task& leader, Object& epoll, const Call& call) {
  const Object* const object = ObjectAt(leader, call.value);
  if (object == nullptr) return Error(EBADF);
  if (epoll.kind != ObjectKind::kEpoll || object == &epoll) return Error(EINVAL);
  const uint64_t bit = FdBit(call.value);
  const bool there = (epoll.value & bit) != 0;
  if (there == ((call.flags & kEpollAdd) != 0)) return Error(there ? EEXIST : ENOENT);
  const bool removes = (call.flags & (kEpollAdd | kEpollModify)) == 0;
  if (there) DropInterest(epoll, call.value);
  if (removes) {
    epoll.value &= ~bit;
  } else {
    const uint8_t place = leader.objects[static_cast<std::size_t>(call.value)];
    if (const Result kept = KeepInterest(epoll, place, call); kept.value < 0) return kept;
    epoll.value |= bit;
    if (!there) epoll.pid = leader.pid;
  }
  WakeForDescriptors();
  return Value(0);
}

// ENOSYS: more than there is room for; or the edges of an epoll within, of which this one hears nothing.
Result Kernel::KeepInterest(Object& epoll, uint8_t object, const Call& call) {
  const bool edge = (call.flags & kEpollEdge) != 0;
  const bool once = (call.flags & kEpollOnce) != 0;
  const bool never = (call.flags & kEpollNever) != 0;
  if (!edge && !once && !never) return Value(0);
  const bool is_epoll = objects_[object].kind == ObjectKind::kEpoll;
  if (g_.interests == kMaxInterests || (edge && is_epoll)) return Error(ENOSYS);
  interests_[g_.interests++] = {.epoll = static_cast<uint8_t>(&epoll - objects_.data()),
                                .object = object,
                                .fd = static_cast<uint8_t>(call.value),
                                .edge = edge,
                                .once = once,
                                .woken = edge,
                                .spent = never};
  return Value(0);
}

const Kernel::Interest* Kernel::InterestIn(const Object& epoll, int fd) const {
  const auto place = &epoll - objects_.data();
  for (std::size_t i = 0; i < g_.interests; ++i) {
    const Interest& interest = interests_[i];
    if (interest.epoll == place && interest.fd == fd) return &interest;
  }
  return nullptr;
}

// Whether an epoll has something to tell of a descriptor in it. One that was closed it has forgotten.
bool Kernel::IsReadyIn(Slot slot, const Object& epoll, int fd, int depth) const {
  const Interest* const interest = g_.interests == 0 ? nullptr : InterestIn(epoll, fd);
  if (interest == nullptr) {
    const Object* const object = ObjectAt(tasks_[slot], fd);
    return object != nullptr && IsReady(slot, *object, depth);
  }
  if (interest->spent || (interest->edge && !interest->woken)) return false;
  return IsReady(slot, objects_[interest->object], depth);
}

// Of what is ready a wait tells no more than it has room for. What is told of by edges then waits for the
// next one; so does what turns out not to be ready.
void Kernel::TellOfReady(Slot slot, const Call& call, Result* result) {
  const auto place = ObjectAt(tasks_[slot], call.fd) - objects_.data();
  while (call.value > 0 && result->value > call.value) {
    result->set &= ~std::bit_floor(result->set);
    --result->value;
  }
  for (std::size_t i = 0; i < g_.interests; ++i) {
    Interest& interest = interests_[i];
    if (interest.epoll != place) continue;
    const bool told = (result->set & FdBit(interest.fd)) != 0;
    if (told || !IsReady(slot, objects_[interest.object], 0)) interest.woken = false;
    interest.spent |= told && interest.once;
  }
}

void Kernel::DropInterest(const Object& epoll, int fd) {
  const Interest* const interest = InterestIn(epoll, fd);
  if (interest == nullptr) return;
  const auto at = interests_.begin() + (interest - interests_.data());
  std::copy(at + 1, interests_.begin() + g_.interests, at);
  --g_.interests;
}

// `process` was the last to close what was `fd` to it: no epoll knows of it any more. Of which an epoll
// has an interest, that says what was closed: it may have had the number before.
void Kernel::ForgetInEpolls(const Object& closed, Pid process, int fd) {
  for (int i = 0; i < g_.object_high; ++i) {
    Object& epoll = objects_[static_cast<std::size_t>(i)];
    if (epoll.kind != ObjectKind::kEpoll || epoll.pid != process) continue;
    if (InterestIn(epoll, fd) == nullptr) epoll.value &= ~FdBit(fd);
  }
  if (g_.interests == 0) return;
  const auto place = &closed - objects_.data();
  Interest* const end = interests_.data() + g_.interests;
  Interest* const left = std::remove_if(interests_.data(), end, [&](const Interest& interest) {
    if (interest.object != place && interest.epoll != place) return false;
    objects_[interest.epoll].value &= ~FdBit(interest.fd);
    return true;
  });
  g_.interests = static_cast<uint16_t>(left - interests_.data());
}

// --- What wakes ----------------------------------------------------------------------------------

// Whoever calls these sees to it that those who wait look again.
template <typename Concerns>
bool Kernel::WakeInterests(Concerns concerns) {
  bool any = false;
  for (std::size_t i = 0; i < g_.interests; ++i) {
    Interest& interest = interests_[i];
    if (!interest.edge || !concerns(interest)) continue;
    interest.woken = true;
    any = true;
  }
  return any;
}

void Kernel::WakeInterestsIn(const Object& object) {
  const auto place = &object - objects_.data();
  WakeInterests([place](const Interest& interest) { return interest.object == place; });
}

// Linux hangs a signalfd in an epoll on the signals of the process that added it (signalfd_notify): any of
// them wakes it.
bool Kernel::WakeInterestsInSignals(Pid process) {
  return WakeInterests([&](const Interest& interest) {
    return objects_[interest.object].kind == ObjectKind::kSignalFd &&
           objects_[interest.epoll].pid == process;
  });
}

void Kernel::WakeInterestsInDeath(Pid process) {
  WakeInterests([&](const Interest& interest) {
    const Object& object = objects_[interest.object];
    return object.kind == ObjectKind::kPidFd && object.pid == process;
  });
}

// A timer that repeats wakes once, then not until it is read (timerfd_tmrproc).
void Kernel::WakeInterestsInTimers() {
  WakeInterests([this](const Interest& interest) {
    const Object& object = objects_[interest.object];
    return object.kind == ObjectKind::kTimerFd && object.value == g_.now_ns;
  });
}

}  // namespace minit::kernel
