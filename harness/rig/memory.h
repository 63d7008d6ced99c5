// Memory: that of a subject which runs in this process, at addresses of its own; what the kernel
// would do with it (mmap and the like); and several versions of it, of which one is there at a time.
//
// What was written is known page by page: a page that a program may write to is write-protected until
// it first is. From then on it is on a list, for good, and can be written to; to go from one version
// to another, the pages of the list are copied, and no others. That is what makes a start quick.
//
// Invariants
//   1. A page can be read, written and executed by the subject as it asked, no more: what it may not
//      do faults.
//   2. Pages that are not on the list are as they were loaded, in every version.
//   3. Versions share the pages that they have mapped as shared, and no others.
// Held by in_process_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_MEMORY_H_
#define MINIT_HARNESS_RIG_MEMORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "harness/rig/image.h"

namespace minit::rig {

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kStackBytes = uint64_t{1} << 20;
inline constexpr uint64_t kStackTop = 0x2f00'0010'0000;

class Memory {
 public:
  using Page = std::array<uint8_t, kPageBytes>;

  // A version. Made, and kept from one use to the next, by Memory alone.
  class Version {
   private:
    friend class Memory;
    struct Kept {
      uint8_t rights = 0;
      bool has_content = false;  // else that with which it was loaded
      uint64_t stamp = 0;        // as Entry::stamp
      std::unique_ptr<Page> content;
    };
    std::vector<Kept> pages;  // as the list has them
    uint64_t heap_end = 0;
    uint32_t users = 0;
  };

  // Lays out the program; `limit` bytes is all that it may map. Throws CannotRun if something else is
  // at its addresses.
  Memory(const Image& image, uint64_t limit);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  // Before the subject runs: bytes that it will find, as if they had been loaded. Their address.
  uint64_t Place(const std::vector<uint8_t>& bytes);
  // Changes what was loaded, whatever the rights.
  void Patch(uint64_t address, const std::vector<uint8_t>& bytes);
  // Room for code that is not the subject's, within reach of a jump from the program, and that code.
  // 0: there is none.
  uint64_t ReserveCode(std::size_t size);
  void FillCode(const std::vector<uint8_t>& code);

  // --- Versions ----------------------------------------------------------------------------------

  // The memory becomes what it was when this was kept, as a version of its own with one user; all
  // that went before but what is kept has to have been dropped. nullptr: as it was loaded.
  Version* Begin(const Version* kept);
  std::unique_ptr<Version> Keep();
  // Makes it the one that is there; and for who is about to change it.
  void SwitchTo(Version* version) {
    if (version != live_) DoSwitchTo(version);
  }
  void SwitchToChange(Version* version) {
    SwitchTo(version);
    twin_ = nullptr;
  }
  // A copy of the one that is there.
  Version* Fork();
  void Use(Version* version) { ++version->users; }
  void Drop(Version* version);

  // --- By the subject ----------------------------------------------------------------------------

  // Of the version that is there. Copies of what the subject can read or write itself; false, and
  // nothing is copied, if it cannot.
  bool Read(uint64_t address, void* to, std::size_t size) const;
  bool Write(uint64_t address, const void* from, std::size_t size);
  // An instruction faulted there. True: it may be made again, for the page was write-protected only.
  bool Touch(uint64_t address);

  // As the system calls: a value, or -errno.
  int64_t Map(uint64_t address, uint64_t size, int rights, int flags);
  int64_t Unmap(uint64_t address, uint64_t size);
  int64_t Protect(uint64_t address, uint64_t size, int rights);
  int64_t Remap(uint64_t from, uint64_t old_size, uint64_t new_size, int flags);
  int64_t Advise(uint64_t address, uint64_t size, int advice);
  int64_t SetHeapEnd(uint64_t address);

 private:
  enum Right : uint8_t { kRead = 1, kWrite = 2, kExecute = 4, kMapped = 8, kShared = 16 };

  static bool IsPrivate(uint8_t rights) { return (rights & (kMapped | kShared)) == kMapped; }

  // Addresses that are the subject's, mapped or not.
  struct Area {
    uint64_t base = 0;
    std::vector<uint8_t> rights;  // by page
    std::vector<int32_t> listed;  // where on the list, or -1

    std::size_t pages() const { return rights.size(); }
    uint64_t end() const { return base + pages() * kPageBytes; }
  };
  // A page on the list.
  struct Entry {
    uint8_t* address = nullptr;
    Area* area = nullptr;
    std::size_t index = 0;
    uint8_t first_rights = 0;
    bool written = false;
    uint64_t stamp =
        0;  // of the content, while nobody can write to the page: equal, it is the same
    std::unique_ptr<Page> first;   // content when loaded, if it was written since; null: zeros
    std::unique_ptr<Page> shared;  // content, while no version is there that shares it
  };
  enum { kProgram, kMaps, kStack, kPlaced, kAreas };

  void Reserve(Area& area, uint64_t base, std::size_t pages);
  void Load(const Image::Segment& segment);
  Area* Find(uint64_t address, std::size_t size = 1);
  const Area* Find(uint64_t address, std::size_t size = 1) const {
    return const_cast<Memory*>(this)->Find(address, size);
  }
  bool Allows(uint64_t address, std::size_t size, uint8_t right) const;
  Entry& List(Area& area, std::size_t index);
  void MakeWritable(Area& area, std::size_t index);
  void SetRights(Area& area, std::size_t index, std::size_t count, uint8_t rights);
  void Protect(const Area& area, std::size_t index, std::size_t count) const;
  int RealRights(const Area& area, std::size_t index) const;
  void Clear(Area& area, std::size_t index, std::size_t count);
  std::size_t FindFree(std::size_t count) const;
  bool AllMapped(const Area& area, std::size_t index, std::size_t count) const;
  void DoSwitchTo(Version* version);
  void KeepContent(Version::Kept& kept, Entry& entry);
  void Fill(Entry& entry, const Version::Kept& kept);
  Version* NewVersion();

  std::array<Area, kAreas> areas_;
  std::vector<Entry> list_;
  uint64_t limit_pages_ = 0;
  uint64_t mapped_pages_ = 0;
  uint64_t heap_start_ = 0;
  uint64_t heap_end_ = 0;
  uint64_t placed_end_ = 0;
  uint64_t code_ = 0;
  std::size_t code_size_ = 0;
  uint64_t last_stamp_ = 0;
  Version* live_ = nullptr;
  Version* twin_ = nullptr;  // the copy that was made of the one that is there, equal to it still
  std::vector<std::unique_ptr<Version>> versions_;
  std::vector<Version*> spare_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_MEMORY_H_
