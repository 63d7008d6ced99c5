#include "harness/rig/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <string>

#include "harness/rig/cannot_run.h"

namespace minit::rig {
namespace {

constexpr uint64_t kMapsBase = 0x2e00'0000'0000;
constexpr uint64_t kPlacedBase = 0x2d00'0000'0000;
constexpr uint64_t kPlacedBytes = uint64_t{4} << 20;
constexpr uint64_t kCodeDistance = uint64_t{1} << 30;  // from the program to what jumps lead to

constexpr uint64_t Down(uint64_t address) { return address & ~(kPageBytes - 1); }
constexpr uint64_t Up(uint64_t address) { return Down(address + kPageBytes - 1); }

void* At(uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

// --- Laying out ----------------------------------------------------------------------------------

Memory::Memory(const Image& image, uint64_t limit) : limit_pages_(limit / kPageBytes) {
  uint64_t low = UINT64_MAX, high = 0;
  for (const Image::Segment& segment : image.segments) {
    low = std::min(low, Down(segment.address));
    high = std::max(high, Up(segment.address + segment.size));
  }
  heap_start_ = heap_end_ = high;
  Reserve(areas_[kProgram], low, (high - low) / kPageBytes + limit_pages_);
  Reserve(areas_[kMaps], kMapsBase, limit_pages_);
  Reserve(areas_[kStack], kStackTop - kStackBytes, kStackBytes / kPageBytes);
  Reserve(areas_[kPlaced], kPlacedBase, kPlacedBytes / kPageBytes);
  placed_end_ = kPlacedBase;
  for (const Image::Segment& segment : image.segments) Load(segment);
  Area& stack = areas_[kStack];
  std::fill(stack.rights.begin(), stack.rights.end(), uint8_t{kMapped | kRead | kWrite});
  Protect(stack, 0, stack.pages());
  for (const Area& area : areas_) {
    mapped_pages_ += static_cast<uint64_t>(
        std::count_if(area.rights.begin(), area.rights.end(), [](uint8_t r) { return r != 0; }));
  }
}

Memory::~Memory() {
  for (const Area& area : areas_) {
    if (area.base != 0) munmap(At(area.base), area.pages() * kPageBytes);
  }
  if (code_ != 0) munmap(At(code_), code_size_);
}

void Memory::Reserve(Area& area, uint64_t base, std::size_t pages) {
  const void* const got =
      mmap(At(base), pages * kPageBytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != At(base)) {
    throw CannotRun("the addresses of the subject are taken: " + std::string(strerror(errno)));
  }
  area = {.base = base,
          .rights = std::vector<uint8_t>(pages, 0),
          .listed = std::vector<int32_t>(pages, -1)};
}

void Memory::Load(const Image::Segment& segment) {
  Area& area = areas_[kProgram];
  const uint64_t from = Down(segment.address);
  const std::size_t index = (from - area.base) / kPageBytes;
  const std::size_t count = (Up(segment.address + segment.size) - from) / kPageBytes;
  uint8_t rights = kMapped;
  if (segment.readable) rights |= kRead;
  if (segment.writable) rights |= kWrite;
  if (segment.executable) rights |= kExecute;
  mprotect(At(from), count * kPageBytes, PROT_READ | PROT_WRITE);
  std::copy(segment.bytes.begin(), segment.bytes.end(), static_cast<uint8_t*>(At(segment.address)));
  for (std::size_t i = 0; i < count; ++i) area.rights[index + i] |= rights;
  Protect(area, index, count);
}

uint64_t Memory::Place(const std::vector<uint8_t>& bytes) {
  Area& area = areas_[kPlaced];
  const uint64_t address = placed_end_;
  const std::size_t count = Up(bytes.size()) / kPageBytes;
  if (count * kPageBytes > area.end() - address) throw CannotRun("arguments are too long");
  placed_end_ += count * kPageBytes;
  mprotect(At(address), count * kPageBytes, PROT_READ | PROT_WRITE);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(At(address)));
  const std::size_t index = (address - area.base) / kPageBytes;
  std::fill_n(area.rights.begin() + static_cast<std::ptrdiff_t>(index), count,
              uint8_t{kMapped | kRead | kWrite});
  Protect(area, index, count);
  return address;
}

void Memory::Patch(uint64_t address, const std::vector<uint8_t>& bytes) {
  const Area& area = areas_[kProgram];
  const std::size_t index = (Down(address) - area.base) / kPageBytes;
  const std::size_t count = (Up(address + bytes.size()) - Down(address)) / kPageBytes;
  mprotect(At(Down(address)), count * kPageBytes, PROT_READ | PROT_WRITE);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(At(address)));
  Protect(area, index, count);
}

uint64_t Memory::ReserveCode(std::size_t size) {
  code_size_ = Up(size);
  const uint64_t address = Up(areas_[kProgram].base + kCodeDistance);
  const void* const got = mmap(At(address), code_size_, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != At(address)) return 0;
  code_ = address;
  return address;
}

void Memory::FillCode(const std::vector<uint8_t>& code) {
  std::copy(code.begin(), code.end(), static_cast<uint8_t*>(At(code_)));
  mprotect(At(code_), code_size_, PROT_READ | PROT_EXEC);
}

// --- Pages ---------------------------------------------------------------------------------------

Memory::Area* Memory::Find(uint64_t address, std::size_t size) {
  for (Area& area : areas_) {
    const uint64_t bytes = area.pages() * kPageBytes;
    if (address - area.base < bytes && size <= bytes - (address - area.base)) return &area;
  }
  return nullptr;
}

bool Memory::Allows(uint64_t address, std::size_t size, uint8_t right) const {
  const Area* const area = Find(address, size);
  if (area == nullptr) return false;
  const std::size_t last = (address + std::max<std::size_t>(size, 1) - 1 - area->base) / kPageBytes;
  for (std::size_t i = (address - area->base) / kPageBytes; i <= last; ++i) {
    if ((area->rights[i] & right) == 0) return false;
  }
  return true;
}

Memory::Entry& Memory::List(Area& area, std::size_t index) {
  int32_t& listed = area.listed[index];
  if (listed < 0) {
    listed = static_cast<int32_t>(list_.size());
    list_.push_back({.address = static_cast<uint8_t*>(At(area.base + index * kPageBytes)),
                     .area = &area,
                     .index = index,
                     .first_rights = area.rights[index],
                     .written = false,
                     .stamp = 0,
                     .first = nullptr,
                     .shared = nullptr});
  }
  return list_[static_cast<std::size_t>(listed)];
}

// From here on, and for good, what is in it counts.
void Memory::MakeWritable(Area& area, std::size_t index) {
  Entry& entry = List(area, index);
  if (entry.written) return;
  mprotect(entry.address, kPageBytes, PROT_READ | PROT_WRITE);
  static constexpr Page kZeros{};
  if (memcmp(entry.address, kZeros.data(), kPageBytes) != 0) {
    entry.first = std::make_unique<Page>();
    memcpy(entry.first->data(), entry.address, kPageBytes);
  }
  entry.written = true;
  Protect(area, index, 1);
}

int Memory::RealRights(const Area& area, std::size_t index) const {
  const uint8_t rights = area.rights[index];
  int real = PROT_NONE;
  if ((rights & kRead) != 0) real |= PROT_READ;
  if ((rights & kExecute) != 0) real |= PROT_EXEC;
  if ((rights & kWrite) == 0) return real;
  const int32_t listed = area.listed[index];
  const bool written = listed >= 0 && list_[static_cast<std::size_t>(listed)].written;
  return written ? real | PROT_READ | PROT_WRITE : real | PROT_READ;
}

// Gives the pages what rights they really have, in as few calls as can be.
void Memory::Protect(const Area& area, std::size_t index, std::size_t count) const {
  for (std::size_t i = index; i < index + count;) {
    const int real = RealRights(area, i);
    std::size_t end = i + 1;
    while (end < index + count && RealRights(area, end) == real) ++end;
    mprotect(At(area.base + i * kPageBytes), (end - i) * kPageBytes, real);
    i = end;
  }
}

void Memory::SetRights(Area& area, std::size_t index, std::size_t count, uint8_t rights) {
  for (std::size_t i = index; i < index + count; ++i) {
    Entry& entry = List(area, i);
    if ((rights & kWrite) != 0) entry.stamp = 0;
    if (rights != 0 && area.rights[i] == 0) ++mapped_pages_;
    if (rights == 0 && area.rights[i] != 0) --mapped_pages_;
    area.rights[i] = rights;
  }
  Protect(area, index, count);
}

bool Memory::Read(uint64_t address, void* to, std::size_t size) const {
  if (size == 0) return true;
  if (!Allows(address, size, kRead | kWrite | kExecute)) return false;
  memcpy(to, At(address), size);
  return true;
}

bool Memory::Write(uint64_t address, const void* from, std::size_t size) {
  if (size == 0) return true;
  if (!Allows(address, size, kWrite)) return false;
  twin_ = nullptr;
  Area& area = *Find(address);
  const std::size_t last = (address + size - 1 - area.base) / kPageBytes;
  for (std::size_t i = (address - area.base) / kPageBytes; i <= last; ++i) MakeWritable(area, i);
  memcpy(At(address), from, size);
  return true;
}

bool Memory::Touch(uint64_t address) {
  Area* const area = Find(address);
  if (area == nullptr) return false;
  const std::size_t index = (address - area->base) / kPageBytes;
  if ((area->rights[index] & kWrite) == 0) return false;
  const int32_t listed = area->listed[index];
  if (listed >= 0 && list_[static_cast<std::size_t>(listed)].written) return false;
  MakeWritable(*area, index);
  return true;
}

// --- Versions ------------------------------------------------------------------------------------

Memory::Version* Memory::NewVersion() {
  if (spare_.empty()) {
    versions_.push_back(std::make_unique<Version>());
    spare_.push_back(versions_.back().get());
  }
  Version* const version = spare_.back();
  spare_.pop_back();
  version->users = 1;
  return version;
}

void Memory::Drop(Version* version) {
  if (--version->users != 0) return;
  if (version == live_) live_ = nullptr;
  if (version == twin_) twin_ = nullptr;
  spare_.push_back(version);
}

void Memory::KeepContent(Version::Kept& kept, Entry& entry) {
  if (kept.content == nullptr) kept.content = std::make_unique<Page>();
  // Rarely: it may not be read.
  const bool open = RealRights(*entry.area, entry.index) != PROT_NONE;
  if (!open) mprotect(entry.address, kPageBytes, PROT_READ);
  memcpy(kept.content->data(), entry.address, kPageBytes);
  if (!open) Protect(*entry.area, entry.index, 1);
  kept.has_content = true;
  const bool fixed = (entry.area->rights[entry.index] & kWrite) == 0;
  if (fixed && entry.stamp == 0) entry.stamp = ++last_stamp_;
  kept.stamp = fixed ? entry.stamp : 0;
}

// Of a page that is mapped.
void Memory::Fill(Entry& entry, const Version::Kept& kept) {
  if (kept.has_content && kept.stamp != 0 && kept.stamp == entry.stamp) return;
  const Page* const from = kept.has_content ? kept.content.get() : entry.first.get();
  // Rarely: it may be read only.
  const bool open = (RealRights(*entry.area, entry.index) & PROT_WRITE) != 0;
  if (!open) mprotect(entry.address, kPageBytes, PROT_READ | PROT_WRITE);
  if (from != nullptr) {
    memcpy(entry.address, from->data(), kPageBytes);
  } else {
    memset(entry.address, 0, kPageBytes);
  }
  entry.stamp = open || !kept.has_content ? 0 : kept.stamp;
  if (!open) Protect(*entry.area, entry.index, 1);
}

Memory::Version* Memory::Begin(const Version* kept) {
  static const Version::Kept kFirst{};
  live_ = NewVersion();
  twin_ = nullptr;
  heap_end_ = kept == nullptr ? heap_start_ : kept->heap_end;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    Entry& entry = list_[i];
    const bool known = kept != nullptr && i < kept->pages.size();
    const uint8_t rights = known ? kept->pages[i].rights : entry.first_rights;
    if (entry.area->rights[entry.index] != rights) {
      SetRights(*entry.area, entry.index, 1, rights);
    }
    if (entry.written && rights != 0) Fill(entry, known ? kept->pages[i] : kFirst);
  }
  return live_;
}

std::unique_ptr<Memory::Version> Memory::Keep() {
  auto kept = std::make_unique<Version>();
  kept->heap_end = heap_end_;
  kept->pages.resize(list_.size());
  for (std::size_t i = 0; i < list_.size(); ++i) {
    Entry& entry = list_[i];
    kept->pages[i].rights = entry.area->rights[entry.index];
    if (entry.written && kept->pages[i].rights != 0) KeepContent(kept->pages[i], entry);
  }
  return kept;
}

Memory::Version* Memory::Fork() {
  Version* const copy = NewVersion();
  copy->heap_end = heap_end_;
  copy->pages.resize(list_.size());
  for (std::size_t i = 0; i < list_.size(); ++i) {
    Entry& entry = list_[i];
    Version::Kept& kept = copy->pages[i];
    kept.rights = entry.area->rights[entry.index];
    kept.has_content = false;
    if (entry.written && IsPrivate(kept.rights)) KeepContent(kept, entry);
  }
  twin_ = copy;
  return copy;
}

void Memory::DoSwitchTo(Version* version) {
  if (version == twin_ && live_ != nullptr) {
    // What is there is the copy as well; so the copy is what the other one has.
    std::swap(live_->pages, version->pages);
    std::swap(live_->heap_end, version->heap_end);
    live_ = version;
    twin_ = nullptr;
    return;
  }
  static const Version::Kept kFirst{};
  twin_ = nullptr;
  if (live_ != nullptr) {
    live_->heap_end = heap_end_;
    live_->pages.resize(list_.size());
  }
  for (std::size_t i = 0; i < list_.size(); ++i) {
    Entry& entry = list_[i];
    const uint8_t before = entry.area->rights[entry.index];
    const bool known = i < version->pages.size();
    const uint8_t after = known ? version->pages[i].rights : entry.first_rights;
    if (live_ != nullptr) {
      Version::Kept& kept = live_->pages[i];
      kept.rights = before;
      kept.has_content = false;
      if (entry.written && IsPrivate(before)) KeepContent(kept, entry);
    }
    if ((before & kShared) != 0 && (after & kShared) == 0 && entry.written) {
      if (entry.shared == nullptr) entry.shared = std::make_unique<Page>();
      memcpy(entry.shared->data(), entry.address, kPageBytes);
    }
    if (before != after) SetRights(*entry.area, entry.index, 1, after);
    if (!entry.written || after == 0) continue;
    if ((after & kShared) == 0) {
      Fill(entry, known ? version->pages[i] : kFirst);
    } else if ((before & kShared) == 0 && entry.shared != nullptr) {
      Version::Kept shared;
      shared.has_content = true;
      shared.content = std::move(entry.shared);
      Fill(entry, shared);
      entry.shared = std::move(shared.content);
    }
  }
  heap_end_ = version->heap_end;
  live_ = version;
}

// --- As the system calls -------------------------------------------------------------------------

namespace {

uint8_t Bits(int rights) {
  return static_cast<uint8_t>(rights & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

}  // namespace

bool Memory::AllMapped(const Area& area, std::size_t index, std::size_t count) const {
  const auto begin = area.rights.begin() + static_cast<std::ptrdiff_t>(index);
  return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(count),
                     [](uint8_t rights) { return rights != 0; });
}

// Makes zeros of pages that can be written to.
void Memory::Clear(Area& area, std::size_t index, std::size_t count) {
  static const Version::Kept kFirst{};
  for (std::size_t i = index; i < index + count; ++i) {
    Entry& entry = List(area, i);
    if (!entry.written && area.base != areas_[kMaps].base) MakeWritable(area, i);
    if (!entry.written) continue;
    entry.stamp = 0;
    mprotect(entry.address, kPageBytes, PROT_READ | PROT_WRITE);
    memset(entry.address, 0, kPageBytes);
    Protect(area, i, 1);
  }
}

// The first of so many pages in a row where maps go; beyond the end: there are none.
std::size_t Memory::FindFree(std::size_t count) const {
  const Area& area = areas_[kMaps];
  std::size_t free = 0;
  for (std::size_t i = 0; i < area.pages(); ++i) {
    free = area.rights[i] == 0 ? free + 1 : 0;
    if (free == count) return i + 1 - count;
  }
  return area.pages();
}

int64_t Memory::Map(uint64_t address, uint64_t size, int rights, int flags) {
  if (size == 0) return -EINVAL;
  if (size > limit_pages_ * kPageBytes) return -ENOMEM;
  const std::size_t count = Up(size) / kPageBytes;
  Area* area = &areas_[kMaps];
  std::size_t index = 0;
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
    if (address % kPageBytes != 0) return -EINVAL;
    area = Find(address, count * kPageBytes);
    if (area == nullptr) return -ENOMEM;
    index = (address - area->base) / kPageBytes;
    for (std::size_t i = index; (flags & MAP_FIXED) == 0 && i < index + count; ++i) {
      if (area->rights[i] != 0) return -EEXIST;
    }
    SetRights(*area, index, count, 0);
  } else {
    index = FindFree(count);
  }
  if (index + count > area->pages() || mapped_pages_ + count > limit_pages_) return -ENOMEM;
  const bool is_shared = (flags & MAP_TYPE) != MAP_PRIVATE;
  SetRights(*area, index, count,
            static_cast<uint8_t>(kMapped | Bits(rights) | (is_shared ? kShared : 0)));
  Clear(*area, index, count);
  return static_cast<int64_t>(area->base + index * kPageBytes);
}

int64_t Memory::Unmap(uint64_t address, uint64_t size) {
  if (address % kPageBytes != 0 || size == 0) return -EINVAL;
  Area* const area = Find(address, Up(size));
  if (area == nullptr) return 0;
  SetRights(*area, (address - area->base) / kPageBytes, Up(size) / kPageBytes, 0);
  return 0;
}

int64_t Memory::Protect(uint64_t address, uint64_t size, int rights) {
  if (address % kPageBytes != 0) return -EINVAL;
  if (size == 0) return 0;
  Area* const area = Find(address, Up(size));
  const std::size_t count = Up(size) / kPageBytes;
  if (area == nullptr) return -ENOMEM;
  const std::size_t index = (address - area->base) / kPageBytes;
  if (!AllMapped(*area, index, count)) return -ENOMEM;
  for (std::size_t i = index; i < index + count; ++i) {
    SetRights(*area, i, 1,
              static_cast<uint8_t>((area->rights[i] & (kMapped | kShared)) | Bits(rights)));
  }
  return 0;
}

int64_t Memory::Remap(uint64_t from, uint64_t old_size, uint64_t new_size, int flags) {
  if (from % kPageBytes != 0 || new_size == 0 || old_size == 0) return -EINVAL;
  if ((flags & ~MREMAP_MAYMOVE) != 0) return -EINVAL;
  Area* const area = Find(from, Up(old_size));
  if (area == nullptr) return -EFAULT;
  const std::size_t index = (from - area->base) / kPageBytes;
  const std::size_t old_count = Up(old_size) / kPageBytes;
  const std::size_t new_count = Up(new_size) / kPageBytes;
  if (!AllMapped(*area, index, old_count)) return -EFAULT;
  if (new_count <= old_count) {
    if (new_count < old_count) SetRights(*area, index + new_count, old_count - new_count, 0);
    return static_cast<int64_t>(from);
  }
  if ((flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;
  const uint8_t rights = area->rights[index];
  const int64_t to =
      Map(0, new_size, PROT_READ | PROT_WRITE, (rights & kShared) != 0 ? MAP_SHARED : MAP_PRIVATE);
  if (to < 0) return to;
  Page page;
  for (std::size_t i = 0; i < old_count; ++i) {
    if (!Read(from + i * kPageBytes, page.data(), kPageBytes)) continue;
    Write(static_cast<uint64_t>(to) + i * kPageBytes, page.data(), kPageBytes);
  }
  Protect(static_cast<uint64_t>(to), new_size, rights & (kRead | kWrite | kExecute));
  SetRights(*area, index, old_count, 0);
  return to;
}

int64_t Memory::Advise(uint64_t address, uint64_t size, int advice) {
  if (address % kPageBytes != 0) return -EINVAL;
  if (size == 0) return 0;
  Area* const area = Find(address, Up(size));
  if (area == nullptr) return -ENOMEM;
  const std::size_t index = (address - area->base) / kPageBytes;
  if (!AllMapped(*area, index, Up(size) / kPageBytes)) return -ENOMEM;
  if (advice == MADV_DONTNEED) Clear(*area, index, Up(size) / kPageBytes);
  return 0;
}

int64_t Memory::SetHeapEnd(uint64_t address) {
  Area& area = areas_[kProgram];
  if (address < heap_start_ || address > area.end()) return static_cast<int64_t>(heap_end_);
  const std::size_t before = (Up(heap_end_) - area.base) / kPageBytes;
  const std::size_t after = (Up(address) - area.base) / kPageBytes;
  if (after > before) {
    if (mapped_pages_ + (after - before) > limit_pages_) return static_cast<int64_t>(heap_end_);
    SetRights(area, before, after - before, kMapped | kRead | kWrite);
    for (std::size_t i = before; i < after; ++i) {
      if (List(area, i).written) Clear(area, i, 1);
    }
  } else if (after < before) {
    SetRights(area, after, before - after, 0);
  }
  heap_end_ = address;
  return static_cast<int64_t>(address);
}

}  // namespace minit::rig
