#include "harness/rig/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <array>

#include "harness/rig/cannot_run.h"

namespace minit::rig {
namespace {

// What stands in a file, or nothing if that is more than fits in memory easily.
std::vector<uint8_t> ReadFile(const std::string& path) {
  constexpr std::size_t kMost = std::size_t{256} << 20;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw CannotRun("cannot open " + path + ": " + strerror(errno));
  std::vector<uint8_t> bytes;
  static std::array<uint8_t, 65536> part;
  ssize_t size;
  while ((size = read(file, part.data(), part.size())) > 0 && bytes.size() < kMost) {
    bytes.insert(bytes.end(), part.data(), part.data() + size);
  }
  close(file);
  if (size != 0) throw CannotRun("cannot read " + path);
  return bytes;
}

Image::Segment ReadSegment(const Elf64_Phdr& header, const std::vector<uint8_t>& file,
                           uint64_t base, const std::string& path) {
  if (header.p_offset > file.size() || header.p_filesz > file.size() - header.p_offset ||
      header.p_filesz > header.p_memsz || header.p_memsz > uint64_t{1} << 30) {
    throw CannotRun(path + " is cut off, or too large");
  }
  const uint8_t* const from = file.data() + header.p_offset;
  return {.address = base + header.p_vaddr,
          .size = header.p_memsz,
          .bytes = {from, from + header.p_filesz},
          .readable = (header.p_flags & PF_R) != 0,
          .writable = (header.p_flags & PF_W) != 0,
          .executable = (header.p_flags & PF_X) != 0};
}

}  // namespace

Image ReadImage(const std::string& path) {
  const std::vector<uint8_t> file = ReadFile(path);
  Elf64_Ehdr header;
  if (file.size() < sizeof header) throw CannotRun(path + " is no program");
  memcpy(&header, file.data(), sizeof header);
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_machine != EM_X86_64 || (header.e_type != ET_EXEC && header.e_type != ET_DYN)) {
    throw CannotRun(path + " is no program for x86-64");
  }
  const uint64_t base = header.e_type == ET_DYN ? kImageBase : 0;
  const uint64_t table = uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > file.size() ||
      table > file.size() - header.e_phoff) {
    throw CannotRun(path + " is cut off");
  }
  Image image = {.segments = {},
                 .entry = base + header.e_entry,
                 .headers = 0,
                 .header_size = header.e_phentsize,
                 .header_count = header.e_phnum};
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr one;
    memcpy(&one, file.data() + header.e_phoff + i * sizeof one, sizeof one);
    if (one.p_type == PT_INTERP) throw CannotRun(path + " is linked dynamically");
    if (one.p_type != PT_LOAD || one.p_memsz == 0) continue;
    image.segments.push_back(ReadSegment(one, file, base, path));
    if (one.p_offset <= header.e_phoff && header.e_phoff + table <= one.p_offset + one.p_filesz) {
      image.headers = base + one.p_vaddr + (header.e_phoff - one.p_offset);
    }
  }
  if (image.segments.empty()) throw CannotRun(path + " is no program");
  return image;
}

}  // namespace minit::rig
