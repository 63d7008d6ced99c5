// The sketch: calls that block and what ends them, descriptors, the terminal, time.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proptest/sketch.h"

namespace minit::proptest {
namespace {

constexpr int kHangUp = 1;
constexpr int kAlarm = 14;
constexpr int kChild = 17;
constexpr int kContinue = 18;

}  // namespace

// --- Calls that block ----------------------------------------------------------------------------

Sketch::MaybeAnswer Sketch::Make(int pid, const Call& call) {
  Call made = call;
  if (MaybeAnswer answer = Try(pid, made)) return answer;
  Process& process = people[pid];
  process.call = made;
  if (made.mask) {
    process.mask_after = process.mask;
    process.mask = *made.mask;
  }
  Act(pid);
  if (!Lives(pid) || people[pid].stopped) return {};
  return std::exchange(people[pid].answer, {});
}

Sketch::MaybeAnswer Sketch::Try(int pid, Call& call) {
  switch (call.kind) {
    case Call::Kind::kTake:
      return TryTake(pid, call.set, call.once);
    case Call::Kind::kSleep:
      return call.until_ns <= now_ns ? MaybeAnswer(Answer{}) : MaybeAnswer();
    case Call::Kind::kPause:
      return {};
    case Call::Kind::kWait:
      return TryWait(pid, call);
    case Call::Kind::kRead:
      return TryRead(pid, call);
    case Call::Kind::kWrite:
      return TryWrite(pid, call);
    case Call::Kind::kSync:
      return sync_hangs_ ? MaybeAnswer() : MaybeAnswer(Answer{});
    case Call::Kind::kPoll:
      break;
  }
  Answer answer;
  for (const int fd : call.set) {
    const File* const file = FileAt(pid, fd);
    if (file == nullptr || IsReadable(pid, *file)) answer.ready.insert(fd);
  }
  answer.value = static_cast<int>(answer.ready.size());
  return answer.value != 0 || call.once ? MaybeAnswer(answer) : MaybeAnswer();
}

// The thread's own before the process's; of each those of an instruction before the lowest number.
Sketch::MaybeAnswer Sketch::TryTake(int pid, const std::set<int>& wanted, bool once) {
  const Process& process = people[pid];
  for (const Pending* pending : {&process.own, &process.pending}) {
    std::set<std::pair<bool, int>> there;
    for (const Instance& one : *pending) {
      const bool of_instruction = std::set{4, 5, 7, 8, 11, 31}.contains(one.signal);
      if (wanted.contains(one.signal)) there.insert({!of_instruction, one.signal});
    }
    if (!there.empty()) return Taken(pid, there.begin()->second);
  }
  return once ? MaybeAnswer(Answer{.value = -EAGAIN}) : MaybeAnswer();
}

Sketch::MaybeAnswer Sketch::TryWait(int pid, const Call& call) {
  const Wanted& wanted = call.wanted;
  const int group = wanted.which == 0 ? people[pid].group : -wanted.which;
  const File* const file = FileAt(pid, wanted.fd);
  if (wanted.fd >= 0 && (file == nullptr || file->kind != File::Kind::kProcess)) {
    return Answer{.value = -EBADF};
  }
  bool any = false;
  for (const int one : order) {
    Process& child = people[one];
    if (child.parent != pid) continue;
    if (wanted.fd >= 0 && one != file->pid) continue;
    if (wanted.group != 0 && child.group != wanted.group) continue;
    if (wanted.which > 0 && one != wanted.which) continue;
    if (wanted.which != -1 && wanted.which <= 0 && child.group != group) continue;
    if (!wanted.all && (child.exit_signal != kChild) != wanted.clone) continue;
    any |= !child.zombie || child.dying || wanted.exited;
    if (child.zombie && !child.dying && wanted.exited) {
      Answer told{.value = one, .status = child.status};
      if (!wanted.leave) Bury(one);
      return told;
    }
    if (child.stopped && child.stop_to_tell != 0 && wanted.stopped) {
      Answer told{.value = one, .status = child.stop_to_tell << 8 | 0x7f};
      if (!wanted.leave) child.stop_to_tell = 0;
      return told;
    }
    if (child.continued && wanted.continued) {
      if (!wanted.leave) child.continued = false;
      return Answer{.value = one, .status = 0xffff};
    }
  }
  if (!any) return Answer{.value = -ECHILD};
  if (wanted.fd >= 0 && file->non_block && !call.once) return Answer{.value = -EAGAIN};
  return call.once ? MaybeAnswer(Answer{}) : MaybeAnswer();
}

Sketch::Answer Sketch::ReadTimer(File& timer) const {
  Answer answer{.value = 8};
  do {
    ++answer.expired;
    timer.at_ns += timer.every_ns;
  } while (timer.every_ns != 0 && timer.at_ns <= now_ns);
  if (timer.every_ns == 0) timer.at_ns = 0;
  return answer;
}

Sketch::MaybeAnswer Sketch::TryRead(int pid, const Call& call) {
  File* const file = FileAt(pid, call.fd);
  if (file == nullptr) return Answer{.value = -EBADF};
  MaybeAnswer nothing =
      file->non_block || call.once ? MaybeAnswer(Answer{.value = -EAGAIN}) : MaybeAnswer();
  switch (file->kind) {
    case File::Kind::kSignals: {
      MaybeAnswer taken = TryTake(pid, file->signals, true);
      if (taken->value < 0) return nothing;
      taken->value = 128;  // bytes
      return taken;
    }
    case File::Kind::kTimer:
      if (!IsReadable(pid, *file)) return nothing;
      return ReadTimer(*file);
    case File::Kind::kProcess:
      return Answer{.value = -EINVAL};
    case File::Kind::kNull:
      return Answer{};  // its end
    default:
      return nothing;
  }
}

Sketch::MaybeAnswer Sketch::TryWrite(int pid, Call& call) {
  const File* const file = FileAt(pid, call.fd);
  if (file == nullptr) return Answer{.value = -EBADF};
  if (file->kind == File::Kind::kNull || file->kind == File::Kind::kTerminal) {
    return Answer{.value = call.bytes};
  }
  if (file->kind != File::Kind::kConsole) return Answer{.value = -EINVAL};
  if (console_room_ < 0) return Answer{.value = call.bytes};
  const int part = std::min(call.bytes - call.written, console_room_);
  console_room_ -= part;
  call.written += part;
  if (call.written == call.bytes) return Answer{.value = call.bytes};
  if (!file->non_block) return {};
  return Answer{.value = call.written > 0 ? call.written : -EAGAIN};
}

bool Sketch::IsReadable(int pid, const File& file) const {
  const Process& process = people.at(pid);
  switch (file.kind) {
    case File::Kind::kSignals:
      return std::ranges::any_of(
                 process.own,
                 [&](const Instance& one) { return file.signals.contains(one.signal); }) ||
             std::ranges::any_of(process.pending, [&](const Instance& one) {
               return file.signals.contains(one.signal);
             });
    case File::Kind::kTimer:
      return file.at_ns != 0 && file.at_ns <= now_ns;
    case File::Kind::kProcess:
      return !Lives(file.pid);
    default:
      return file.kind == File::Kind::kNull;
  }
}

// What it waits for may be there, or its time over.
void Sketch::Again(int pid) {
  if (!Lives(pid) || people[pid].stopped || !people[pid].call) return;
  Call& call = *people[pid].call;
  if (const MaybeAnswer answer = Try(pid, call)) {
    Return(pid, *answer);
  } else if (call.until_ns != 0 && call.until_ns <= now_ns) {
    Return(pid, {.value = call.kind == Call::Kind::kTake ? -EAGAIN : 0});
  }
}

void Sketch::AllAgain(const std::set<Call::Kind>& kinds) {
  const std::vector<int> everyone = order;
  for (const int pid : everyone) {
    if (Has(pid) && people[pid].call && kinds.contains(people[pid].call->kind)) Again(pid);
  }
}

void Sketch::Return(int pid, const Answer& answer) {
  Process& process = people[pid];
  process.answer = answer;
  process.call.reset();
  if (process.mask_after) process.mask = *std::exchange(process.mask_after, {});
  Act(pid);
}

// By a handler. Some calls are then made again, if that asks for it.
void Sketch::Interrupt(int pid, int signal) {
  if (!people[pid].call) return;
  const Call call = *people[pid].call;
  const bool can_restart = call.kind == Call::Kind::kWait || call.kind == Call::Kind::kRead ||
                           call.kind == Call::Kind::kWrite;
  Answer answer{.value = -EINTR};
  if (call.written > 0) {
    answer.value = call.written;
  } else if (can_restart && people[pid].restarts.contains(signal)) {
    return;
  }
  const bool tells_what_is_left = call.kind == Call::Kind::kSleep && !call.absolute;
  if (tells_what_is_left && call.until_ns > now_ns) answer.left_ns = call.until_ns - now_ns;
  Return(pid, answer);
}

// --- Descriptors ---------------------------------------------------------------------------------

Sketch::File* Sketch::FileAt(int pid, int fd) {
  const auto at = people[pid].descriptors.find(fd);
  return at == people[pid].descriptors.end() ? nullptr : at->second.file.get();
}

// -EMFILE: as many as are allowed are open.
int Sketch::LowestFree(int pid) {
  constexpr int kMost = 64;
  int fd = 0;
  while (people[pid].descriptors.contains(fd)) ++fd;
  return fd < kMost ? fd : -EMFILE;
}

int Sketch::Open(int pid, const File& file, bool on_exec, bool no_terminal) {
  const int fd = LowestFree(pid);
  if (fd < 0) return fd;
  people[pid].descriptors[fd] = {std::make_shared<File>(file), on_exec};
  const bool acquires = file.kind == File::Kind::kTerminal && !no_terminal;
  if (acquires && MayHaveTerminal(pid)) TakeTerminal(pid);
  return fd;
}

int Sketch::OpenProcess(int pid, int target, bool non_block) {
  if (target <= 0) return -EINVAL;
  if (!Has(target)) return -ESRCH;
  return Open(pid, {.kind = File::Kind::kProcess, .non_block = non_block, .pid = target}, true);
}

int Sketch::SendByFile(int pid, int fd, int signal) {
  const File* const file = FileAt(pid, fd);
  if (file == nullptr || file->kind != File::Kind::kProcess) return -EBADF;
  return file->pid == 0 ? -ESRCH : Kill(pid, file->pid, signal);
}

int Sketch::SetTimer(int pid, int fd, uint64_t at_ns, uint64_t every_ns) {
  File* const file = FileAt(pid, fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != File::Kind::kTimer) return -EINVAL;
  file->at_ns = at_ns;
  file->every_ns = every_ns;
  return 0;
}

int Sketch::Duplicate(int pid, int fd, int to) {
  auto& descriptors = people[pid].descriptors;
  if (!descriptors.contains(fd)) return -EBADF;
  if (to == fd) return to;
  const int at = to == -1 ? LowestFree(pid) : to;
  if (at < 0) return at;
  descriptors[at] = {descriptors[fd].file, false};
  return at;
}

void Sketch::CloseRange(int pid, int first, int last, bool on_exec_only) {
  auto& descriptors = people[pid].descriptors;
  for (int fd = first; fd <= last; ++fd) {
    if (!descriptors.contains(fd)) continue;
    if (on_exec_only) {
      descriptors[fd].on_exec = true;
    } else {
      descriptors.erase(fd);
    }
  }
}

// --- The terminal --------------------------------------------------------------------------------

// A session leader without one, if no other session has it.
bool Sketch::MayHaveTerminal(int pid) const {
  const Process& process = people.at(pid);
  return process.session == pid && !process.has_terminal && terminal_session_ == 0;
}

void Sketch::TakeTerminal(int pid) {
  people[pid].has_terminal = true;
  terminal_session_ = pid;
  terminal_group_ = people[pid].group;
}

// Its session's leader lets go of it: everyone in the session has, and the foreground is hung up.
void Sketch::LoseTerminal(int pid) {
  const int group = terminal_group_;
  for (auto& [one, process] : people) {
    if (process.session == people[pid].session) process.has_terminal = false;
  }
  terminal_session_ = terminal_group_ = 0;
  SendToGroup(group, kHangUp);
}

int Sketch::AcquireTerminal(int pid, int fd) {
  const File* const file = FileAt(pid, fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != File::Kind::kConsole && file->kind != File::Kind::kTerminal) return -ENOTTY;
  if (people[pid].has_terminal && terminal_session_ == pid) return 0;
  if (!MayHaveTerminal(pid)) return -EPERM;
  TakeTerminal(pid);
  return 0;
}

int Sketch::ReleaseTerminal(int pid, int fd) {
  const File* const file = FileAt(pid, fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != File::Kind::kConsole && file->kind != File::Kind::kTerminal) return -ENOTTY;
  Process& process = people[pid];
  if (!process.has_terminal || process.session != terminal_session_) return -ENOTTY;
  process.has_terminal = false;
  if (process.session == pid) {
    const int group = terminal_group_;
    LoseTerminal(pid);
    SendToGroup(group, kContinue);
  }
  return 0;
}

int Sketch::SetForeground(int pid, int fd, int group) {
  const File* const file = FileAt(pid, fd);
  if (file == nullptr) return -EBADF;
  if (file->kind != File::Kind::kConsole && file->kind != File::Kind::kTerminal) return -ENOTTY;
  const Process& process = people[pid];
  if (!process.has_terminal || process.session != terminal_session_) return -ENOTTY;
  if (group < 0) return -EINVAL;
  const bool exists = std::ranges::any_of(people, [&](const auto& one) {
    return one.second.group == group && one.second.session == process.session;
  });
  if (!exists) return -EPERM;
  terminal_group_ = group;
  return 0;
}

// --- Faults, time --------------------------------------------------------------------------------

void Sketch::SetFaults(bool sync_hangs, int console_room) {
  sync_hangs_ = sync_hangs;
  console_room_ = console_room;
  AllAgain({Call::Kind::kSync, Call::Kind::kWrite});
}

uint64_t Sketch::NextTimer() const {
  uint64_t next = 0;
  const auto consider = [&next](uint64_t at_ns) {
    if (at_ns != 0 && (next == 0 || at_ns < next)) next = at_ns;
  };
  for (const auto& [pid, process] : people) {
    if (!process.alarm_is_out) consider(process.alarm_ns);
    if (process.call && !process.stopped) consider(process.call->until_ns);
    for (const auto& [fd, descriptor] : process.descriptors) {
      const File& file = *descriptor.file;
      if (file.kind == File::Kind::kTimer && file.at_ns > now_ns) consider(file.at_ns);
    }
  }
  return next;
}

void Sketch::AdvanceTo(uint64_t time_ns) {
  for (uint64_t next = NextTimer(); next != 0 && next <= time_ns; next = NextTimer()) {
    now_ns = std::max(now_ns, next);
    const std::vector<int> everyone = order;
    for (const int pid : everyone) {
      if (!Has(pid)) continue;
      Process& process = people[pid];
      if (process.alarm_ns != 0 && process.alarm_ns <= now_ns && !process.alarm_is_out) {
        process.alarm_is_out = process.alarm_every_ns != 0;
        if (!process.alarm_is_out) process.alarm_ns = 0;
        Generate(pid, kAlarm);
      }
      if (Has(pid) && people[pid].call && people[pid].call->until_ns == now_ns) Again(pid);
    }
    AllAgain({Call::Kind::kPoll, Call::Kind::kRead});
  }
  now_ns = std::max(now_ns, time_ns);
}

}  // namespace minit::proptest
