#include "harness/rig/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/rig/cannot_run.h"

namespace minit::rig {
namespace {

// What an ELF file has to have for all that its headers tell of to be there; 0: it is none, or none for
// 64 bits.
uint64_t LeastSize(int file) {
  Elf64_Ehdr header{};
  const ssize_t read = pread(file, &header, sizeof header, 0);
  if (read < SELFMAG || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return 0;
  if (read < static_cast<ssize_t>(sizeof header)) return sizeof header;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) return 0;
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  const std::size_t table = segments.size() * sizeof(Elf64_Phdr);
  uint64_t least = header.e_phoff + table;
  if (pread(file, segments.data(), table, static_cast<off_t>(header.e_phoff)) !=
      static_cast<ssize_t>(table)) {
    return least;
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD) least = std::max(least, segment.p_offset + segment.p_filesz);
  }
  return least;
}

bool HasLoader(int file, const Elf64_Ehdr& header) {
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const auto at = static_cast<off_t>(header.e_phoff + static_cast<uint64_t>(i) * sizeof segment);
    if (pread(file, &segment, sizeof segment, at) != sizeof segment) return false;
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

}  // namespace

Loads WhatIsLoadedFor(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Loads::kNothing;
  Elf64_Ehdr header{};
  const ssize_t read = pread(file, &header, sizeof header, 0);
  Loads loads = Loads::kAnything;
  if (read >= SELFMAG && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
    loads = HasLoader(file, header) ? Loads::kLibraries : Loads::kNothing;
  }
  close(file);
  return loads;
}

void RequireProgram(const std::string& path) {
  const auto refuse = [&path](const std::string& why) {
    throw CannotRun("cannot execute " + path + ": " + why);
  };
  struct stat status;
  if (stat(path.c_str(), &status) != 0) refuse(strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse("it is no regular file");
  if ((status.st_mode & 0111) == 0) {
    refuse("it has no x bit, without which no kernel starts it; chmod +x it");
  }
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse(strerror(errno));
  const uint64_t least = LeastSize(file);
  close(file);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < least) {
    refuse("it is cut off: it has " + std::to_string(size) + " bytes, and its headers tell of " +
           std::to_string(least));
  }
}

}  // namespace minit::rig
