// The plain channels: what a call does to them, who it wakes, and what comes of a death or of time. The model
// is not asked.

#include <algorithm>
#include <bit>
#include <cerrno>
#include <utility>

#include "proptest/channels.h"

namespace minit::proptest {
namespace {

using namespace kernel;  // NOLINT: this is about all of it

constexpr uint64_t kPipeRoom = 65536;

uint64_t Bit(int number) { return uint64_t{1} << number; }

Result Fails(int error) { return {.value = -error}; }
Result Is(int value) { return {.value = value}; }

}  // namespace

// --- Calls -----------------------------------------------------------------------------------------

std::optional<Result> Channels::Make(const Call& call, int who) {
  using enum CallKind;
  Process& process = plain_.processes[static_cast<std::size_t>(who)];
  const int at = FileAt(who, call.fd);
  File* const file = at < 0 ? nullptr : &plain_.files[static_cast<std::size_t>(at)];
  switch (call.kind) {
    case kEventFd:
    case kPipe:
    case kEpollCreate:
    case kTimerFdCreate:
    case kPidFdOpen:
      return Open(call, who);
    case kSignalFd:
      if (call.fd == -1) return Open(call, who);
      if (file == nullptr) return Fails(EBADF);
      if (file->kind != Kind::kSignals) return Fails(EINVAL);
      file->set = call.set;
      HearSignals(who);
      return Is(call.fd);
    case kDup:
      return file == nullptr ? Fails(EBADF) : Duplicate(call, who);
    case kClose:
      if (file == nullptr) return Fails(EBADF);
      Close(who, call.fd);
      return Is(0);
    case kSetNonBlock:
      if (file == nullptr) return Fails(EBADF);
      file->non_block = call.value != 0;
      return Is(0);
    case kTimerFdSet:
      if (file == nullptr) return Fails(EBADF);
      return file->kind == Kind::kTimer ? SetTimer(*file, call) : Fails(EINVAL);
    case kEpollControl:
      return Control(call, who);
    case kPidFdSendSignal:
      if (file == nullptr || file->kind != Kind::kProcess) return Fails(EBADF);
      return SendByPidFd(*file, call);
    default: {
      const std::optional<Result> result = Attempt(call, who);
      process.waits = !result;
      if (!result) process.call = call;
      return result;
    }
  }
}

// As far as it can be made now, for the first time or again.
std::optional<Result> Channels::Attempt(const Call& call, int who) {
  if (call.kind == CallKind::kPoll || call.kind == CallKind::kEpollWait) return Poll(call, who);
  const int at = FileAt(who, call.fd);
  if (at < 0) return Fails(EBADF);
  File& file = plain_.files[static_cast<std::size_t>(at)];
  const bool reads = call.kind == CallKind::kRead;
  const std::optional<Result> result = reads ? Read(file, call, who) : Write(file, call, who);
  const bool once = file.non_block || (reads && (call.flags & kReadMore) != 0);
  return !result && once ? Fails(EAGAIN) : result;
}

std::optional<Result> Channels::Read(File& file, const Call& call, int who) {
  switch (file.kind) {
    case Kind::kCounter: {
      if (call.value < 8) return Fails(EINVAL);
      if (file.count == 0) return std::nullopt;
      const uint64_t taken = file.semaphore ? 1 : file.count;
      file.count -= taken;
      return Result{.value = 8, .set = taken};
    }
    case Kind::kReader:
    case Kind::kSocket: {
      const auto most = static_cast<uint64_t>(call.value);
      if (most != 0 && file.count == 0 && file.peer >= 0) return std::nullopt;
      const uint64_t bytes = std::min(most, file.count);
      file.count -= bytes;
      return Is(static_cast<int>(bytes));
    }
    case Kind::kSignals: {
      const Result taken = Take(who, file.set);
      return taken.value == 0 ? std::nullopt : std::optional(taken);
    }
    case Kind::kTimer: {
      if (file.at_ns > plain_.now_ns) return std::nullopt;
      uint64_t expired = 1;
      if (file.every_ns != 0) expired += (plain_.now_ns - file.at_ns) / file.every_ns;
      file.at_ns = file.every_ns == 0 ? kForever : file.at_ns + expired * file.every_ns;
      return Result{.value = 8, .set = expired};
    }
    case Kind::kWriter:
      return Fails(EBADF);
    default:
      return Fails(EINVAL);
  }
}

std::optional<Result> Channels::Write(File& file, const Call& call, int who) {
  switch (file.kind) {
    case Kind::kCounter:
      if (call.value != 8 || call.set == UINT64_MAX) return Fails(EINVAL);
      if (call.set > UINT64_MAX - 1 - file.count) return std::nullopt;
      file.count += call.set;
      Hear(FileAt(who, call.fd));
      return Is(8);
    case Kind::kWriter:
    case Kind::kSocket:
      return WriteBytes(file, call, who);
    case Kind::kReader:
      return Fails(EBADF);
    default:
      return Fails(EINVAL);
  }
}

// To write nothing to a pipe is always right; to a socket it is not, once the other end is closed.
std::optional<Result> Channels::WriteBytes(const File& file, const Call& call, int who) {
  if (call.value == 0 && (file.kind == Kind::kWriter || file.peer >= 0)) return Is(0);
  if (file.peer < 0) {
    if ((call.flags & kWriteNoSignal) == 0) Raise(who, kSigPipe, true);
    return Fails(EPIPE);
  }
  File& other = plain_.files[static_cast<std::size_t>(file.peer)];
  const auto bytes = static_cast<uint64_t>(call.value);
  if (other.count + bytes > kPipeRoom) return std::nullopt;
  other.count += bytes;
  Hear(file.peer);
  return Is(call.value);
}

std::optional<Result> Channels::Poll(const Call& call, int who) {
  uint64_t ready = 0;
  int count = 0;
  if (call.kind == CallKind::kPoll) {
    for (int number = 0; number < kNumbers; ++number) {
      const int file = FileAt(who, number);
      if ((call.set & Bit(number)) == 0) continue;
      const bool is = file < 0 || IsReady(plain_.files[static_cast<std::size_t>(file)], who);
      if (is) ready |= Bit(number);
    }
    count = std::popcount(ready) + (call.value != 0 && plain_.has_room ? 1 : 0);
  } else {
    const int epoll = FileAt(who, call.fd);
    if (epoll < 0) return Fails(EBADF);
    if (plain_.files[static_cast<std::size_t>(epoll)].kind != Kind::kEpoll) return Fails(EINVAL);
    for (int number = 0; number < kNumbers && (call.value == 0 || count < call.value); ++number) {
      const Item* const item = ItemAt(epoll, number);
      if (item == nullptr || !IsReady(*item, who)) continue;
      ready |= Bit(number);
      ++count;
    }
    // What is asked for and not ready has to be heard of again, too.
    for (Item& item : plain_.items) {
      if (item.epoll != epoll) continue;
      const bool told = (ready & Bit(item.number)) != 0;
      const File& file = plain_.files[static_cast<std::size_t>(item.file)];
      if (told || !IsReady(file, who)) item.heard = false;
      if (told && item.once) item.spent = true;
    }
  }
  if (count == 0 && call.time_ns != 0) return std::nullopt;
  return Result{.value = count, .set = ready};
}

Result Channels::Open(const Call& call, int who) {
  const bool is_pair = call.kind == CallKind::kPipe;
  if (Opened() + (is_pair ? 2 : 1) > kFilesInAll) return Fails(ENFILE);
  File file{.non_block = (call.flags & kOpenNonBlock) != 0};
  if (!is_pair) {
    switch (call.kind) {
      case CallKind::kEventFd:
        file.kind = Kind::kCounter;
        file.count = call.set;
        file.semaphore = (call.flags & kEventFdSemaphore) != 0;
        break;
      case CallKind::kSignalFd:
        file.kind = Kind::kSignals;
        file.set = call.set;
        break;
      case CallKind::kPidFdOpen:
        file.kind = Kind::kProcess;
        file.process = call.pid - 1;
        break;
      default:
        file.kind = call.kind == CallKind::kEpollCreate ? Kind::kEpoll : Kind::kTimer;
    }
    return Is(New(who, file));
  }
  const bool sockets = (call.flags & kPipeOfSockets) != 0;
  file.kind = sockets ? Kind::kSocket : Kind::kReader;
  const int one = New(who, file);
  file.kind = sockets ? Kind::kSocket : Kind::kWriter;
  file.peer = FileAt(who, one);
  const int other = New(who, file);
  plain_.files[static_cast<std::size_t>(file.peer)].peer = FileAt(who, other);
  return {.value = one, .status = other};
}

Result Channels::Duplicate(const Call& call, int who) {
  const int file = FileAt(who, call.fd);
  const int to = call.value < 0 ? Lowest(who) : call.value;
  if (to != call.fd && FileAt(who, to) >= 0) Close(who, to);
  plain_.processes[static_cast<std::size_t>(who)].files[static_cast<std::size_t>(to)] =
      static_cast<int8_t>(file);
  return Is(to);
}

Result Channels::Control(const Call& call, int who) {
  const int epoll = FileAt(who, call.fd);
  const int file = FileAt(who, call.value);
  if (epoll < 0 || file < 0) return Fails(EBADF);
  if (plain_.files[static_cast<std::size_t>(epoll)].kind != Kind::kEpoll || epoll == file) {
    return Fails(EINVAL);
  }
  Item* const item = ItemAt(epoll, call.value);
  const bool edge = (call.flags & kEpollEdge) != 0;
  const Item wanted{.epoll = epoll,
                    .number = call.value,
                    .file = file,
                    .edge = edge,
                    .once = (call.flags & kEpollOnce) != 0,
                    .heard = edge,
                    .spent = (call.flags & kEpollNever) != 0};
  if ((call.flags & kEpollAdd) != 0) {
    if (item != nullptr) return Fails(EEXIST);
    plain_.items.push_back(wanted);
    plain_.files[static_cast<std::size_t>(epoll)].process = who;
    return Is(0);
  }
  if (item == nullptr) return Fails(ENOENT);
  if ((call.flags & kEpollModify) != 0) {
    *item = wanted;
  } else {
    plain_.items.erase(plain_.items.begin() + (item - plain_.items.data()));
  }
  return Is(0);
}

Result Channels::SetTimer(File& timer, const Call& call) {
  Result old{.set = timer.every_ns};
  uint64_t next_ns = timer.at_ns;
  while (timer.every_ns != 0 && next_ns <= plain_.now_ns) next_ns += timer.every_ns;
  if (next_ns != kForever && next_ns > plain_.now_ns) old.time_ns = next_ns - plain_.now_ns;
  const bool absolute = (call.flags & kTimerAbsolute) != 0;
  timer.at_ns = call.time_ns == 0 ? kForever : call.time_ns + (absolute ? 0 : plain_.now_ns);
  timer.every_ns = call.set;
  if (timer.at_ns <= plain_.now_ns) Hear(static_cast<int>(&timer - plain_.files.data()));
  return old;
}

// The second process has a group of its own, and the third is in it.
Result Channels::SendByPidFd(const File& file, const Call& call) {
  if (call.flags == kPidFdThread) return Is(Raise(file.process, call.signal, true));
  if (call.flags != kPidFdGroup) {
    Raise(file.process, call.signal, false);
    return Is(0);
  }
  if (file.process == 2) return Fails(ESRCH);
  if (file.process == 1) Raise(2, call.signal, false);
  Raise(file.process, call.signal, false);
  return Is(0);
}

// --- Files -----------------------------------------------------------------------------------------

int Channels::FileAt(int who, int number) const {
  if (number < 0 || number >= kNumbers) return -1;
  return plain_.processes[static_cast<std::size_t>(who)].files[static_cast<std::size_t>(number)];
}

int Channels::New(int who, File file) {
  int at = 0;
  while (IsOpen(at)) ++at;
  if (static_cast<std::size_t>(at) == plain_.files.size()) plain_.files.emplace_back();
  plain_.files[static_cast<std::size_t>(at)] = file;
  const int number = Lowest(who);
  plain_.processes[static_cast<std::size_t>(who)].files[static_cast<std::size_t>(number)] =
      static_cast<int8_t>(at);
  return number;
}

int Channels::Lowest(int who) const {
  int number = 0;
  while (FileAt(who, number) >= 0) ++number;
  return number;
}

int Channels::Opened() const {
  int count = 0;
  for (std::size_t at = 0; at < plain_.files.size(); ++at) count += IsOpen(static_cast<int>(at));
  return count;
}

void Channels::Close(int who, int number) {
  auto& files = plain_.processes[static_cast<std::size_t>(who)].files;
  const int at = files[static_cast<std::size_t>(number)];
  files[static_cast<std::size_t>(number)] = -1;
  if (IsOpen(at)) return;
  std::erase_if(plain_.items, [at](const Item& one) { return one.file == at || one.epoll == at; });
  const int peer = std::exchange(plain_.files[static_cast<std::size_t>(at)], {}).peer;
  if (peer < 0) return;
  plain_.files[static_cast<std::size_t>(peer)].peer = -1;
  Hear(peer);
}

int Channels::UsersOf(int file) const {
  long users = 0;
  for (const Process& process : plain_.processes) users += std::ranges::count(process.files, file);
  return static_cast<int>(users);
}

bool Channels::IsOpen(int file) const { return UsersOf(file) != 0; }

// It has the epoll, or one in which that is.
bool Channels::Sees(int who, int epoll) const {
  const auto& files = plain_.processes[static_cast<std::size_t>(who)].files;
  return std::ranges::find(files, epoll) != files.end() ||
         std::ranges::any_of(plain_.items, [&](const Item& item) {
           return item.file == epoll && Sees(who, item.epoll);
         });
}

Channels::Item* Channels::ItemAt(int epoll, int number) {
  const auto at = std::ranges::find_if(
      plain_.items, [&](const Item& item) { return item.epoll == epoll && item.number == number; });
  return at == plain_.items.end() ? nullptr : &*at;
}

const Channels::Item* Channels::ItemAt(int epoll, int number) const {
  return const_cast<Channels*>(this)->ItemAt(epoll, number);
}

bool Channels::IsReady(const File& file, int who) const {
  switch (file.kind) {
    case Kind::kCounter:
      return file.count != 0;
    case Kind::kReader:
    case Kind::kSocket:
      return file.count != 0 || file.peer < 0;
    case Kind::kWriter:
      return file.peer < 0;
    case Kind::kTimer:
      return file.at_ns <= plain_.now_ns;
    case Kind::kProcess:
      return plain_.processes[static_cast<std::size_t>(file.process)].is_dead;
    case Kind::kSignals: {
      const auto& pending = plain_.processes[static_cast<std::size_t>(who)].pending;
      for (std::size_t i = 0; i < kKnown.size(); ++i) {
        const bool is_in = (file.set & SignalBit(kKnown[i])) != 0;
        if (is_in && pending[0][i] + pending[1][i] != 0) return true;
      }
      return false;
    }
    default:
      return std::ranges::any_of(plain_.items, [&](const Item& item) {
        return item.epoll == &file - plain_.files.data() && IsReady(item, who);
      });
  }
}

bool Channels::IsReady(const Item& item, int who) const {
  if (item.spent || (item.edge && !item.heard)) return false;
  return IsReady(plain_.files[static_cast<std::size_t>(item.file)], who);
}

// --- What comes of it --------------------------------------------------------------------------------

// An error, or 0. All signals are blocked.
int Channels::Raise(int who, int signal, bool to_thread) {
  Process& process = plain_.processes[static_cast<std::size_t>(who)];
  const bool is_real_time = signal >= kSigRtMin;
  if (process.is_dead) return 0;
  if (is_real_time && !plain_.has_queue && to_thread) return -EAGAIN;
  const auto index = std::ranges::find(kKnown, signal) - kKnown.begin();
  int& count = process.pending[to_thread ? 1 : 0][static_cast<std::size_t>(index)];
  if (count != 0 && !is_real_time) return 0;
  if (count == 0 || plain_.has_queue) ++count;
  HearSignals(who);
  return 0;
}

// Those of the thread first, and the lowest.
Result Channels::Take(int who, uint64_t set) {
  auto& pending = plain_.processes[static_cast<std::size_t>(who)].pending;
  for (const bool of_thread : {true, false}) {
    for (std::size_t i = 0; i < kKnown.size(); ++i) {
      int& count = pending[of_thread ? 1 : 0][i];
      if (count == 0 || (set & SignalBit(kKnown[i])) == 0) continue;
      --count;
      const auto signal = static_cast<uint8_t>(kKnown[i]);
      return {.signal = signal, .from_thread = of_thread, .value = 128};
    }
  }
  return {};
}

// By edges: something has come.
void Channels::Hear(int file) {
  for (Item& item : plain_.items) {
    if (item.edge && item.file == file) item.heard = true;
  }
}

// All signalfds that `who` has added: a signal has come to that, or there are others to look for.
void Channels::HearSignals(int who) {
  for (Item& item : plain_.items) {
    const bool is_own = plain_.files[static_cast<std::size_t>(item.epoll)].process == who;
    const Kind kind = plain_.files[static_cast<std::size_t>(item.file)].kind;
    if (item.edge && is_own && kind == Kind::kSignals) item.heard = true;
  }
}

void Channels::Pass(uint64_t until_ns) {
  for (;;) {
    uint64_t next_ns = kForever;
    for (const File& file : plain_.files) {
      if (file.at_ns > plain_.now_ns) next_ns = std::min(next_ns, file.at_ns);
    }
    if (next_ns > until_ns) break;
    plain_.now_ns = next_ns;
    for (std::size_t at = 0; at < plain_.files.size(); ++at) {
      if (plain_.files[at].at_ns == next_ns) Hear(static_cast<int>(at));
    }
    Settle();
  }
  plain_.now_ns = until_ns;
}

// What it had goes first, which those hear of who have other ends; then all are told of the death.
void Channels::Die(int who) {
  Process& process = plain_.processes[static_cast<std::size_t>(who)];
  process.is_dead = true;
  process.waits = false;
  process.pending = {};
  const auto ends = [this] {
    return std::ranges::count_if(plain_.files, [](const File& file) { return file.peer >= 0; });
  };
  const auto before = ends();
  for (int number = 0; number < kNumbers; ++number) {
    if (FileAt(who, number) >= 0) Close(who, number);
  }
  if (ends() != before) Settle();
  for (std::size_t at = 0; at < plain_.files.size(); ++at) {
    const File& file = plain_.files[at];
    if (file.kind == Kind::kProcess && file.process == who) Hear(static_cast<int>(at));
  }
  Raise(0, kSigChld, false);
}

// Whoever waits looks again, until nobody finds anything.
void Channels::Settle() {
  for (bool again = true; again;) {
    again = false;
    for (int who = 0; who < kProcesses; ++who) {
      Process& process = plain_.processes[static_cast<std::size_t>(who)];
      if (!process.waits) continue;
      process.answer = Attempt(process.call, who);
      process.waits = !process.answer;
      again |= !process.waits;
    }
  }
}

}  // namespace minit::proptest
