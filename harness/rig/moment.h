// Moment: a process at the entry of a call, kept there, so that others can go on from it, each a fresh
// process that has the memory, the registers and the descriptors that it had.
//
//   const auto moment = Moment::Of(pid);
//   const std::shared_ptr<Space> space = moment->Take();
//   const pid_t pid = space->Make();      // of a number of its own; stopped, as a newborn is
//
// To make an address space is what costs most of a fork, on a virtual machine ten times the rest. So
// spaces are used again: a Space is one that a process at rest holds, its holder; a fresh process is
// made to share it (clone with CLONE_VM); and when all those are gone, each page in which it is not
// as it was at the moment is put back. A fork is the same to another space: the pages that differ are
// copied. What differs is found by comparing all pages that could be written to; nothing is believed
// of who wrote where.
//
// Invariants
//   1. A space that is taken is as it was at the moment, byte by byte, and mapped the same. Memory that
//      was added goes; one in which anything else was mapped otherwise (Spoil), or whose stack has
//      grown, is not used again.
//   2. Its holder executes no instruction but those that make a process or put its mappings back.
//   3. A moment at which memory is shared, or can be looked at by nobody, is none: Of says so.
// Held by ptrace_subjects_test.cc (MemoryIsAsItWasFirst, SoItIsIfTheStackHasGrown) and
// ptrace_rig_test.cc (FromExecOrNot): what is played from a moment is what is played from the exec on.

#ifndef MINIT_HARNESS_RIG_MOMENT_H_
#define MINIT_HARNESS_RIG_MOMENT_H_

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace minit::rig {

class Moment;

class Space {
 public:
  ~Space();
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  // A process of this memory, with these registers; -1: there can be none.
  pid_t Make(const user_regs_struct& registers);
  // What its processes have mapped: anonymous memory where there was none, and that they have removed it
  // again (false: it was not that, or not all of it); where their heap ends; anything else.
  void NoteMapped(uint64_t address, uint64_t size) { added_.emplace_back(address, size); }
  bool NoteUnmapped(uint64_t address, uint64_t size) {
    return std::erase(added_, std::pair(address, size)) != 0;
  }
  void NoteHeapEnd(uint64_t address);
  void Spoil() { spoilt_ = true; }

  bool CanBeCopied() const { return !spoilt_ && added_.empty(); }
  std::shared_ptr<Space> TakeAnother() const;  // of the same moment
  // `other`, of the same moment and just taken, becomes what this is. False: it could not be done.
  bool CopyTo(Space& other);

 private:
  friend class Moment;
  Space(Moment& moment, pid_t holder);

  // Pages, and how they are now; they are found in the scratch of the moment.
  struct Change {
    uint64_t address;
    const uint8_t* now;
    const uint8_t* then;
  };
  bool FindChanges();
  bool FindPages();
  bool PutBack();
  bool Write(pid_t to, const uint8_t* Change::* content) const;
  pid_t Clone(uint64_t flags);
  int64_t Call(long number, const std::array<uint64_t, 6>& arguments);
  int Step(long number, const std::array<uint64_t, 6>& arguments);
  void Lose();
  bool PutMappingsBack();
  bool SetHeapEnd(uint64_t address);

  Moment& moment_;
  pid_t holder_;
  int pages_ = -1;  // /proc/PID/pagemap
  bool spoilt_ = false;
  std::vector<std::pair<uint64_t, uint64_t>> added_;
  uint64_t heap_end_ = 0;
  // Of the last search.
  std::vector<std::pair<uint64_t, const uint8_t*>> found_;  // pages, and what was in each then
  std::vector<Change> changes_;
};

class Moment : public std::enable_shared_from_this<Moment> {
 public:
  // Takes a process that is stopped, by PTRACE_SYSEMU, at the entry of a call. Nothing: others cannot
  // go on from there.
  static std::shared_ptr<Moment> Of(pid_t pid);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

  // Memory as it was; it comes back when nobody has it any more. Nothing: there is none.
  std::shared_ptr<Space> Take();
  const user_regs_struct& registers() const { return registers_; }

 private:
  friend class Space;
  // Pages that can be written to, and what was in them.
  struct Range {
    uint64_t begin;
    uint64_t end;
    std::size_t content;  // where in content_
  };

  Moment() = default;
  bool Keep(pid_t pid);
  bool ReadRanges(pid_t pid);
  void GiveBack(std::unique_ptr<Space> space);

  user_regs_struct registers_{};
  std::vector<Range> ranges_;
  std::vector<uint8_t> content_;
  uint64_t stack_ = 0;  // where it begins, and how far down it could
  uint64_t stack_limit_ = 0;
  uint64_t heap_end_ = 0;
  std::unique_ptr<Space> first_;  // never taken
  std::vector<std::unique_ptr<Space>> free_;
  // For all spaces.
  std::vector<uint64_t> entries_;
  std::vector<uint8_t> scratch_;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_MOMENT_H_
