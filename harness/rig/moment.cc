#include "harness/rig/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <string>
#include <utility>

#include "harness/rig/spawner.h"
#include "harness/rig/traced.h"

namespace minit::rig {
namespace {

constexpr uint64_t kPage = 4096;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;  // to compare
constexpr std::size_t kMostFree = 8;                      // spaces
constexpr std::size_t kPieces = 512;                      // in one go

// Of an entry of a pagemap (Documentation/admin-guide/mm/pagemap.rst).
constexpr uint64_t kIsThere = uint64_t{3} << 62;  // in memory, or swapped
constexpr uint64_t kIsOfFile = uint64_t{1} << 61;

// A page that nobody wrote to is not there, or the one of the file.
bool MayBeWritten(uint64_t entry) { return (entry & kIsThere) != 0 && (entry & kIsOfFile) == 0; }

struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool writable = false;
  bool shared = false;
  bool stack = false;
};

constexpr uint64_t UpToPage(uint64_t address) { return (address + kPage - 1) / kPage * kPage; }

// A line of /proc/PID/maps.
Mapping ParseMapping(const std::string& line) {
  Mapping mapping;
  const char* const end = line.data() + line.size();
  const auto [minus, one] = std::from_chars(line.data(), end, mapping.begin, 16);
  if (minus == end) return {};
  const auto [blank, other] = std::from_chars(minus + 1, end, mapping.end, 16);
  if (end - blank < 5) return {};
  mapping.writable = blank[2] == 'w';
  mapping.shared = blank[4] == 's';
  mapping.stack = line.ends_with("[stack]");
  return mapping;
}

}  // namespace

// --- Space ---------------------------------------------------------------------------------------

Space::Space(Moment& moment, pid_t holder)
    : moment_(moment), holder_(holder), heap_end_(moment.heap_end_) {
  const std::string name = "/proc/" + std::to_string(holder) + "/pagemap";
  pages_ = open(name.c_str(), O_RDONLY | O_CLOEXEC);
}

Space::~Space() {
  if (pages_ >= 0) close(pages_);
  KillTraced(holder_);
}

pid_t Space::Make(const user_regs_struct& registers) {
  const pid_t pid = Clone(CLONE_VM);
  if (pid > 0) SetRegisters(pid, registers);
  return pid;
}

std::shared_ptr<Space> Space::TakeAnother() const { return moment_.Take(); }

// The holder takes one step, which is the call: whatever stands there, no other is made.
int Space::Step(long number, const std::array<uint64_t, 6>& arguments) {
  const user_regs_struct registers = BeforeCall(moment_.registers_, number, arguments);
  if (holder_ <= 0 || !SetRegisters(holder_, registers)) return 0;
  return ResumeTraced(holder_, PTRACE_SINGLESTEP);
}

void Space::Lose() {
  KillTraced(holder_);
  holder_ = -1;
}

int64_t Space::Call(long number, const std::array<uint64_t, 6>& arguments) {
  user_regs_struct after;
  if (StopSignal(Step(number, arguments)) == SIGTRAP && GetRegisters(holder_, &after)) {
    return static_cast<int64_t>(after.rax);
  }
  Lose();
  return -ESRCH;
}

pid_t Space::Clone(uint64_t flags) {
  unsigned long number = 0;
  // Its end is the spawner's business.
  int status = Step(SYS_clone, {flags | CLONE_PARENT | SIGCHLD});
  if (IsFork(status)) {
    Trace(PTRACE_GETEVENTMSG, holder_, 0, &number);
    status = ResumeTraced(holder_, PTRACE_SINGLESTEP);
  }
  const auto pid = static_cast<pid_t>(number);
  if (pid > 0) WaitForTraced(pid);  // the stop with which it begins
  if (StopSignal(status) == SIGTRAP && pid > 0) return pid;
  Lose();
  KillTraced(pid);
  return -1;
}

// --- What is mapped

void Space::NoteHeapEnd(uint64_t address) {
  if (address < moment_.heap_end_) Spoil();  // what was there is gone
  heap_end_ = address;
}

bool Space::SetHeapEnd(uint64_t address) {
  heap_end_ = address;
  return Call(SYS_brk, {address}) == static_cast<int64_t>(address);
}

bool Space::PutMappingsBack() {
  if (heap_end_ != moment_.heap_end_ && !SetHeapEnd(moment_.heap_end_)) return false;
  for (const auto& [address, size] : added_) {
    if (Call(SYS_munmap, {address, size}) != 0) return false;
  }
  added_.clear();
  return true;
}

// --- What is in it

// Fills found_. False: not all is known.
bool Space::FindPages() {
  found_.clear();
  std::vector<uint64_t>& entries = moment_.entries_;
  const auto look = [&](uint64_t begin, uint64_t end) {
    entries.resize((end - begin) / kPage);
    const std::size_t bytes = entries.size() * sizeof(uint64_t);
    return pread(pages_, entries.data(), bytes,
                 static_cast<off_t>(begin / kPage * sizeof(uint64_t))) ==
           static_cast<ssize_t>(bytes);
  };
  for (const Moment::Range& range : moment_.ranges_) {
    if (!look(range.begin, range.end)) return false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!MayBeWritten(entries[i])) continue;
      found_.emplace_back(range.begin + i * kPage,
                          moment_.content_.data() + range.content + i * kPage);
    }
  }
  static const std::array<uint8_t, kPage> kZeros{};
  const uint64_t heap = UpToPage(moment_.heap_end_);
  if (!look(heap, std::max(heap, UpToPage(heap_end_)))) return false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (MayBeWritten(entries[i])) found_.emplace_back(heap + i * kPage, kZeros.data());
  }
  if (!look(moment_.stack_limit_, moment_.stack_)) return false;
  return std::none_of(entries.begin(), entries.end(), MayBeWritten);  // else it has grown
}

bool Space::FindChanges() {
  changes_.clear();
  if (!FindPages()) return false;
  std::vector<uint8_t>& scratch = moment_.scratch_;
  scratch.resize(found_.size() * kPage);
  for (std::size_t done = 0; done < found_.size();) {
    std::array<iovec, kPieces> there;
    const std::size_t count = std::min(found_.size() - done, kPieces);
    for (std::size_t i = 0; i < count; ++i) {
      there[i] = {reinterpret_cast<void*>(found_[done + i].first), kPage};
    }
    const iovec here = {scratch.data() + done * kPage, count * kPage};
    if (process_vm_readv(holder_, &here, 1, there.data(), count, 0) !=
        static_cast<ssize_t>(count * kPage)) {
      return false;
    }
    done += count;
  }
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const auto& [address, then] = found_[i];
    const uint8_t* const now = scratch.data() + i * kPage;
    if (memcmp(now, then, kPage) != 0) changes_.push_back({address, now, then});
  }
  return true;
}

bool Space::Write(pid_t to, const uint8_t* Change::* content) const {
  for (std::size_t done = 0; done < changes_.size();) {
    std::array<iovec, kPieces> here;
    std::array<iovec, kPieces> there;
    const std::size_t count = std::min(changes_.size() - done, kPieces);
    for (std::size_t i = 0; i < count; ++i) {
      const Change& change = changes_[done + i];
      here[i] = {const_cast<uint8_t*>(change.*content), kPage};
      there[i] = {reinterpret_cast<void*>(change.address), kPage};
    }
    if (process_vm_writev(to, here.data(), count, there.data(), count, 0) !=
        static_cast<ssize_t>(count * kPage)) {
      return false;
    }
    done += count;
  }
  return true;
}

bool Space::PutBack() {
  return PutMappingsBack() && FindChanges() && Write(holder_, &Change::then);
}

bool Space::CopyTo(Space& other) {
  if (heap_end_ != other.heap_end_ && !other.SetHeapEnd(heap_end_)) return false;
  return FindChanges() && Write(other.holder_, &Change::now);
}

// --- Moment --------------------------------------------------------------------------------------

std::shared_ptr<Moment> Moment::Of(pid_t pid) {
  std::shared_ptr<Moment> moment(new Moment());
  return moment->Keep(pid) ? moment : nullptr;
}

Moment::~Moment() = default;

bool Moment::Keep(pid_t pid) {
  first_.reset(new Space(*this, pid));
  if (first_->pages_ < 0 || !GetRegisters(pid, &registers_) || !ReadRanges(pid)) return false;
  // To the end of the call, which is not executed.
  if (StopSignal(ResumeTraced(pid, PTRACE_SYSCALL)) != (SIGTRAP | 0x80)) return false;
  const int64_t heap_end = first_->Call(SYS_brk, {});
  heap_end_ = first_->heap_end_ = static_cast<uint64_t>(heap_end);
  return heap_end > 0;
}

bool Moment::ReadRanges(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    const Mapping mapping = ParseMapping(line);
    if (!mapping.writable) continue;
    if (mapping.shared) return false;
    const std::size_t size = mapping.end - mapping.begin;
    if (content_.size() + size > kMostBytes) return false;
    ranges_.push_back({mapping.begin, mapping.end, content_.size()});
    content_.resize(content_.size() + size);
    if (!ReadMemory(pid, mapping.begin, content_.data() + ranges_.back().content, size))
      return false;
    if (mapping.stack) {
      stack_ = mapping.begin;
      stack_limit_ = std::min(mapping.begin, mapping.end - kSpawnedStackBytes);
    }
  }
  return stack_ != 0;
}

std::shared_ptr<Space> Moment::Take() {
  std::unique_ptr<Space> space;
  if (free_.empty()) {
    const pid_t holder = first_->Clone(0);
    if (holder < 0) return nullptr;
    space.reset(new Space(*this, holder));
    space->spoilt_ = space->pages_ < 0;
  } else {
    space = std::move(free_.back());
    free_.pop_back();
  }
  return {space.release(), [moment = shared_from_this()](Space* used) {
            moment->GiveBack(std::unique_ptr<Space>(used));
          }};
}

void Moment::GiveBack(std::unique_ptr<Space> space) {
  if (free_.size() < kMostFree && !space->spoilt_ && space->PutBack()) {
    free_.push_back(std::move(space));
  }
}

}  // namespace minit::rig
