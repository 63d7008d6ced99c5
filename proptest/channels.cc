// The channels beside the model: what can happen, to both, and what may differ. The plain ones are in
// channels_plain.cc.

#include "proptest/channels.h"

#include <algorithm>
#include <utility>

#include "harness/kernel/digest.h"

namespace minit::proptest {
namespace {

using namespace kernel;  // NOLINT: this is about all of it

constexpr uint64_t kMillisecondNs = 1'000'000;
constexpr uint32_t kByInterest = kEpollEdge | kEpollOnce | kEpollNever;

uint64_t Bit(int number) { return uint64_t{1} << number; }

bool IsSame(const Result& one, const Result& other) {
  return one.state == other.state && one.value == other.value && one.set == other.set &&
         one.status == other.status && one.signal == other.signal &&
         one.from_thread == other.from_thread && one.time_ns == other.time_ns;
}

std::string TextOf(const Result& result) {
  if (result.state != Result::State::kDone) return "waits";
  return std::to_string(result.value) + " set " + std::to_string(result.set) + " status " +
         std::to_string(result.status) + " signal " + std::to_string(result.signal) + " left " +
         std::to_string(result.time_ns);
}

uint64_t SetOf(uint8_t b) {
  constexpr uint64_t kSets[] = {SignalBit(15), SignalBit(15) | SignalBit(10), kAllSignals,
                                SignalBit(34)};
  return kSets[b % 4] & ~(SignalBit(kSigKill) | SignalBit(kSigStop));
}

}  // namespace

void Channels::Begin(uint8_t how) {
  const bool has_queue = (how & 2) == 0;
  world_->Reset({.signal_queue_limit = has_queue ? 1024U : 0U, .mask = kAllSignals});
  world_->SetCallTime(0);
  plain_ = Plain{};
  plain_.has_queue = has_queue;
  for (Process& process : plain_.processes) process.files.fill(-1);
  const uint32_t flags = (how & 1) != 0 ? kOpenNonBlock : 0;
  for (const Call& call :
       {calls::EventFd(0, flags), calls::EventFd(2, flags | kEventFdSemaphore), calls::Pipe(flags),
        calls::SocketPair(flags), calls::SignalFd(SetOf(1), flags), calls::TimerFdCreate(flags),
        calls::EpollCreate(), calls::EpollCreate()}) {
    world_->Issue(kInit, call);
    Open(call, 0);
  }
  for (int who = 1; who < kProcesses; ++who) {
    world_->Issue(kInit, calls::Fork());
    world_->Resume(PidOf(who));
    world_->Issue(PidOf(who), calls::SetPgid(0, who == 1 ? 0 : PidOf(1)));
    plain_.processes[static_cast<std::size_t>(who)] = plain_.processes[0];
  }
  world_->Issue(kInit, calls::PidFdOpen(PidOf(1)));
  Open(calls::PidFdOpen(PidOf(1)), 0);
}

void Channels::GoOnFrom(const Channels& other) {
  *world_ = *other.world_;
  plain_ = other.plain_;
}

std::string Channels::Happen(const Row& row) {
  const int who = row[1] % kProcesses;
  const Process& process = plain_.processes[static_cast<std::size_t>(who)];
  if (process.is_dead) return "";
  const std::optional<Call> call = CallOf(row, who);
  if (!call) {
    HappenToAll(row, who);
    Settle();
    return Difference();
  }
  if (process.waits || IsBeyond(*call, who)) return "";
  const Result result = world_->Issue(PidOf(who), *call);
  const std::optional<Result> expected = Make(*call, who);
  Settle();
  const Result said = expected.value_or(Result{.state = Result::State::kBlocked});
  if (!IsSame(result, said)) return TextOf(result) + ", not " + TextOf(said);
  return Difference();
}

// --- What can happen -----------------------------------------------------------------------------

void Channels::HappenToAll(const Row& row, int who) {
  const auto& [what, by, a, b] = row;
  switch (what % kKinds) {
    case 0: {
      const uint64_t until_ns = plain_.now_ns + (1 + a % 16) * kMillisecondNs;
      world_->AdvanceTo(until_ns);
      return Pass(until_ns);
    }
    case 1: {
      constexpr int kSent[] = {1, 10, 15, 34};
      world_->SendFromAncestor(PidOf(who), kSent[b % 4]);
      Raise(who, kSent[b % 4], false);
      return;
    }
    case 2:
      if (who == 0 || a % 8 != 0) return;
      world_->Exit(PidOf(who), 0);
      return Die(who);
    default: {
      constexpr int kRooms[] = {-1, 0, 5};
      world_->SetFaults({.console_room = kRooms[b % 3]});
      plain_.has_room = b % 3 != 1;
    }
  }
}

// Most of what asks an epoll asks one of init's, and most does not wait.
std::optional<Call> Channels::CallOf(const Row& row, int who) const {
  const auto& [what, by, a, b] = row;
  const auto fd = static_cast<int16_t>(a % kNumbers);
  const auto epoll = static_cast<int16_t>(fd > 1 && fd < 8 ? 8 + a % 2 : fd);
  const uint32_t flags = (b & 1) != 0 ? kOpenNonBlock : 0;
  const int file = FileAt(who, fd);
  const Kind kind = file < 0 ? Kind::kReader : plain_.files[static_cast<std::size_t>(file)].kind;
  switch (what % kKinds) {
    case 3: {
      constexpr uint64_t kAdded[] = {1, 0, 2, UINT64_MAX - 1, 1, 2, UINT64_MAX, 3};
      constexpr int kBytes[] = {1, 0, 30000, 65536};
      if (kind != Kind::kCounter) {
        Call call = calls::Write(fd, kBytes[b % 4]);
        if (kind == Kind::kSocket && (b & 4) != 0) call.flags = kWriteNoSignal;
        return call;
      }
      if (b % 16 == 15) return calls::Write(fd, b < 128 ? 7 : 16);
      return calls::WriteEventFd(fd, kAdded[b % 8]);
    }
    case 4: {
      constexpr int kBytes[] = {8, 1, 0, 70000};
      const bool is_whole = kind == Kind::kSignals || kind == Kind::kTimer;
      Call call = calls::ReadPipe(fd, is_whole ? 128 : kBytes[b % 4]);
      if (b % 16 >= 4) call.flags = kReadMore;
      return call;
    }
    case 5: {
      Call call = calls::Poll(Bit(fd) | Bit(b % kNumbers), a / 16 % 4 == 1 ? kForever : 0);
      call.value = (b & 16) != 0;
      return call;
    }
    case 6:
      return calls::EpollWait(epoll, b / 4 % 4 == 1 ? kForever : 0, b % 4 % 3);
    case 7:
      return ControlOf(epoll, row);
    case 8:
      return b % 4 == 0 ? calls::Close(fd) : calls::EpollWait(epoll, 0, b / 4 % 3);
    case 9:
      return calls::Dup(fd, (b & 1) != 0 ? b / 2 % kNumbers : -1);
    case 10: {
      Call call = a % 8 == 0   ? calls::EventFd(b / 2 % 3)
                  : a % 8 == 1 ? calls::EventFd(b / 2 % 3, kEventFdSemaphore)
                  : a % 8 == 2 ? calls::Pipe()
                  : a % 8 == 3 ? calls::SocketPair()
                  : a % 8 == 4 ? calls::SignalFd(SetOf(b / 2))
                  : a % 8 == 5 ? calls::EpollCreate()
                  : a % 8 == 6 ? calls::TimerFdCreate()
                               : calls::PidFdOpen(PidOf(b / 2 % kProcesses));
      call.flags |= flags;
      return call;
    }
    case 11:
      return calls::SetNonBlock(fd, (b & 1) != 0);
    case 12: {
      constexpr uint64_t kTimes[] = {5 * kMillisecondNs, 0, 10 * kMillisecondNs, 1};
      const uint64_t every_ns = (b & 4) != 0 ? 7 * kMillisecondNs : 0;
      return calls::TimerFdSet(fd, kTimes[b % 4], every_ns, b % 4 == 3 ? kTimerAbsolute : 0);
    }
    case 13: {
      constexpr int kSent[] = {15, 34};
      constexpr uint32_t kTo[] = {0, kPidFdThread, kPidFdProcess, kPidFdGroup};
      return calls::PidFdSendSignal(fd, kSent[b % 2], kTo[b / 2 % 4]);
    }
    case 14:
      return calls::SignalFd(SetOf(b), 0, fd);
    default:
      return std::nullopt;
  }
}

Call Channels::ControlOf(int16_t epoll, const Row& row) const {
  const auto& [what, by, a, b] = row;
  constexpr uint32_t kHow[] = {kEpollAdd, kEpollAdd, kEpollModify, 0};
  const uint32_t how = kHow[a / 16 % 4];
  const bool never = b / 16 % 8 == 7;
  const uint32_t by_what =
      never ? kEpollNever : ((b & 16) != 0 ? kEpollEdge : 0) | ((b & 32) != 0 ? kEpollOnce : 0);
  return calls::EpollAdd(epoll, b % kNumbers, how == 0 ? 0 : how | by_what);
}

// --- What the model has not: see its limits --------------------------------------------------------

bool Channels::IsBeyond(const Call& call, int who) const {
  const auto& files = plain_.processes[static_cast<std::size_t>(who)].files;
  const auto left = std::count(files.begin(), files.end(), -1);
  const bool any_waits = std::ranges::any_of(plain_.processes, &Process::waits);
  switch (call.kind) {
    case CallKind::kClose:
      return IsBeyondClose(who, call.fd);
    case CallKind::kDup:
      return call.value < 0 ? left == 0 : call.value != call.fd && IsBeyondClose(who, call.value);
    case CallKind::kEpollControl:
      return IsBeyondControl(call, who);
    case CallKind::kPoll:
      for (int number = 0; number < kNumbers && call.time_ns != 0 && any_waits; ++number) {
        const bool polls = (call.set & Bit(number)) != 0;
        if (polls && HearsOfOthers(FileAt(who, number), who)) return true;
      }
      return false;
    case CallKind::kEpollWait: {
      const int epoll = FileAt(who, call.fd);
      constexpr int kNobody = -1;
      return call.time_ns != 0 && HearsOfOthers(epoll, any_waits ? kNobody : who);
    }
    case CallKind::kSetNonBlock:  // of one in a call on it, who would not hear of that
      return any_waits;
    case CallKind::kSignalFd:
      return call.fd < 0 && left == 0;
    case CallKind::kEventFd:
    case CallKind::kPipe:
    case CallKind::kEpollCreate:
    case CallKind::kTimerFdCreate:
    case CallKind::kPidFdOpen:
      return left < 2;
    default:
      return false;
  }
}

// The signals of another wake who waits in the epoll, and what is ready is then asked of whoever looks first.
bool Channels::HearsOfOthers(int epoll, int who) const {
  return std::ranges::any_of(plain_.items, [&](const Item& item) {
    const Kind kind = plain_.files[static_cast<std::size_t>(item.file)].kind;
    if (item.epoll != epoll) return false;
    if (kind == Kind::kEpoll) return HearsOfOthers(item.file, who);
    return item.edge && kind == Kind::kSignals &&
           plain_.files[static_cast<std::size_t>(epoll)].process != who;
  });
}

// What an epoll has by levels is what has that number for all who see the epoll.
bool Channels::IsBeyondClose(int who, int number) const {
  const int file = FileAt(who, number);
  return std::ranges::any_of(plain_.items, [&](const Item& item) {
    if (item.file != file || item.number != number || !item.IsPlain()) return false;
    const int by = plain_.files[static_cast<std::size_t>(item.epoll)].process;
    return Sees(who, item.epoll) && (UsersOf(file) > 1 || by != who);
  });
}

bool Channels::IsBeyondControl(const Call& call, int who) const {
  const int epoll = FileAt(who, call.fd);
  const int file = FileAt(who, call.value);
  if (epoll < 0 || file < 0 || epoll == file) return false;
  const File& outer = plain_.files[static_cast<std::size_t>(epoll)];
  const Kind kind_of_it = plain_.files[static_cast<std::size_t>(file)].kind;
  const bool is_within = kind_of_it == Kind::kEpoll;
  if (outer.kind != Kind::kEpoll) return false;
  const Item* const item = ItemAt(epoll, call.value);
  if (item != nullptr && item->file != file) return true;
  if ((call.flags & (kEpollAdd | kEpollModify)) == 0) return false;
  const auto any = [this](auto is) { return std::ranges::any_of(plain_.items, is); };
  if (item == nullptr && outer.process != who &&
      any([&](const Item& one) { return one.epoll == epoll; })) {
    return true;
  }
  if (std::ranges::count(plain_.items, false, &Item::IsPlain) >= kFilesInAll) return true;
  if (is_within && ((call.flags & kEpollEdge) != 0 || any([&](const Item& one) {
                      const Kind kind = plain_.files[static_cast<std::size_t>(one.file)].kind;
                      return (one.epoll == file && kind == Kind::kEpoll) || one.file == epoll;
                    }))) {
    return true;
  }
  for (int other = 0; other < kProcesses; ++other) {
    if (!Sees(other, epoll)) continue;
    const bool waits = plain_.processes[static_cast<std::size_t>(other)].waits;
    if (waits && (kind_of_it == Kind::kSignals || is_within)) return true;
    if ((call.flags & kByInterest) == 0 && FileAt(other, call.value) != file) return true;
    if (any([&](const Item& one) {
          return one.epoll == file && one.IsPlain() && FileAt(other, one.number) != one.file;
        })) {
      return true;
    }
  }
  return false;
}

// --- Both beside each other ------------------------------------------------------------------------

std::string Channels::Difference() {
  if (const char* const broken = world_->WhatIsBroken()) return broken;
  for (int who = 0; who < kProcesses; ++who) {
    Process& process = plain_.processes[static_cast<std::size_t>(who)];
    const std::string name = "process " + std::to_string(PidOf(who));
    const View view = world_->Look(PidOf(who));
    if ((view.activity == Activity::kZombie) != process.is_dead) return name + " is dead or not";
    if (process.is_dead) continue;
    uint64_t open = 0;
    for (int number = 0; number < kNumbers; ++number) {
      const int at = FileAt(who, number);
      if (at < 0) continue;
      open |= Bit(number);
      const File& file = plain_.files[static_cast<std::size_t>(at)];
      const bool is_pipe =
          file.kind == Kind::kReader || file.kind == Kind::kWriter || file.kind == Kind::kSocket;
      const bool is_cut = is_pipe && file.peer < 0;
      if (world_->IsCut(PidOf(who), number) != is_cut) return name + " has one that is cut or not";
      const bool reads =
          file.kind != Kind::kCounter && file.kind != Kind::kWriter && file.kind != Kind::kSocket;
      if (world_->IsForReading(PidOf(who), number) != reads)
        return name + " has one to read or not";
      const bool counts = file.kind == Kind::kCounter;
      if (world_->IsEventFd(PidOf(who), number) != counts) return name + " has an eventfd or not";
    }
    if (view.descriptors != open) return name + " has other descriptors";
    std::array<uint64_t, 2> pending{};
    for (std::size_t which = 0; which < 2; ++which) {
      for (std::size_t i = 0; i < kKnown.size(); ++i) {
        if (process.pending[which][i] != 0) pending[which] |= SignalBit(kKnown[i]);
      }
    }
    if (view.pending_process != pending[0] || view.pending_thread != pending[1]) {
      return name + " has other signals";
    }
    if (!process.answer) {
      const bool waits = view.activity == Activity::kBlocked;
      if (waits != process.waits) return name + (waits ? " waits" : " does not wait");
      continue;
    }
    const Step step = world_->Resume(PidOf(who));
    if (step.kind != Step::Kind::kReturns) return name + " waits on";
    if (!IsSame(step.result, *process.answer)) {
      return name + " hears " + TextOf(step.result) + ", not " + TextOf(*process.answer);
    }
    process.answer.reset();
  }
  return "";
}

uint64_t Channels::Told() const {
  Digest digest;
  std::array<int, kFilesInAll> names{};  // by which they are met
  std::array<bool, kFilesInAll> are_told{};
  int named = 0;
  const auto name_of = [&](int file) {
    if (file < 0) return 0;
    int& name = names[static_cast<std::size_t>(file)];
    if (name == 0) name = ++named;
    return name;
  };
  for (const Process& process : plain_.processes) {
    digest.Add(process.is_dead, process.waits);
    if (process.is_dead) continue;
    for (const int file : process.files) digest.Add(name_of(file), 0);
    for (const Pending& pending : process.pending) {
      for (const int count : pending) digest.Add(count, 0);
    }
    if (process.waits) Add(process.call, digest);
  }
  for (const Process& process : plain_.processes) {
    for (const int at : process.files) {
      if (at < 0 || std::exchange(are_told[static_cast<std::size_t>(at)], true)) continue;
      const File& file = plain_.files[static_cast<std::size_t>(at)];
      // How long ago it expired counts only if it has expired more often since.
      const bool is_over = file.at_ns <= plain_.now_ns;
      const uint64_t passed_ns = is_over && file.every_ns != 0 ? plain_.now_ns - file.at_ns : 0;
      const uint64_t left_ns = is_over || file.at_ns == kForever ? 0 : file.at_ns - plain_.now_ns;
      digest.Add(name_of(at) << 2 | file.non_block << 1 | file.semaphore, file.count);
      digest.Add(file.set, name_of(file.peer));
      digest.Add(is_over, passed_ns);
      digest.Add(left_ns, file.every_ns);
      if (file.kind != Kind::kEpoll) continue;
      for (int number = 0; number < kNumbers; ++number) {
        const Item* const item = ItemAt(at, number);
        if (item == nullptr) continue;
        digest.Add(name_of(item->file) << 8 | file.process, number);
        digest.Add(item->edge << 1 | item->once, item->heard << 1 | item->spent);
      }
    }
  }
  digest.Add(plain_.has_room, 0);
  return digest.value();
}

}  // namespace minit::proptest
