#include "harness/rig/in_process_rig.h"

#include <elf.h>
#include <string.h>
#include <sys/auxv.h>

#include <algorithm>
#include <utility>

#include "harness/rig/cannot_run.h"
#include "harness/rig/gate.h"

namespace minit::rig {

std::string WhyNotInProcess(const SubjectOptions& options) {
  try {
    const Image image = ReadImage(options.path);
    if (options.patch && CountPatches(image).patched == 0) {
      return "none of the calls of " + options.path + " can be patched";
    }
  } catch (const CannotRun& problem) {
    return problem.what();
  }
  return WhyNoGate();
}

InProcessRig::InProcessRig(const SubjectOptions& options)
    : BinaryRig(options),
      image_(ReadImage(options.path)),
      memory_(image_, options.limits.memory_bytes) {
  if (options.patch) patches_ = PatchCalls(image_, memory_);
  for (std::size_t i = 0; i < vectors_.size(); ++i) {
    vectors_[i] = PlaceVector(i / kArguments, i % kArguments);
  }
  if (const std::string problem = OpenGate(options.limits.loop_ms); !problem.empty()) {
    CloseGate();
    throw CannotRun(problem);
  }
}

InProcessRig::~InProcessRig() { CloseGate(); }

// What a kernel leaves for a program that it executes.
auto InProcessRig::PlaceVector(std::size_t environment, std::size_t arguments) -> Vector {
  const auto given = ArgumentsFor({.path = options().path, .arguments = options().arguments},
                                  static_cast<scenario::Arguments>(arguments));
  const auto passed_on = EnvironmentFor(static_cast<scenario::Environment>(environment));
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> offsets;
  const auto add = [&](const std::string& string) {
    offsets.push_back(bytes.size());
    bytes.insert(bytes.end(), string.c_str(), string.c_str() + string.size() + 1);
  };
  for (std::size_t i = 0; i < 16; ++i) bytes.push_back(static_cast<uint8_t>(0x11 * i));  // random
  add("x86_64");
  add(options().path);
  for (const std::string& string : given) add(string);
  for (const std::string& string : passed_on) add(string);
  const uint64_t base = memory_.Place(bytes);

  Vector vector;
  std::vector<uint64_t>& words = vector.words;
  std::size_t at = 2;
  words.push_back(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) words.push_back(base + offsets[at++]);
  words.push_back(0);
  for (std::size_t i = 0; i < passed_on.size(); ++i) words.push_back(base + offsets[at++]);
  words.push_back(0);
  const std::array<std::pair<uint64_t, uint64_t>, 20> auxiliary = {{
      {AT_HWCAP, getauxval(AT_HWCAP)},
      {AT_PAGESZ, kPageBytes},
      {AT_CLKTCK, 100},
      {AT_PHDR, image_.headers},
      {AT_PHENT, image_.header_size},
      {AT_PHNUM, image_.header_count},
      {AT_BASE, 0},
      {AT_FLAGS, 0},
      {AT_ENTRY, image_.entry},
      {AT_UID, 0},
      {AT_EUID, 0},
      {AT_GID, 0},
      {AT_EGID, 0},
      {AT_SECURE, 0},
      {AT_RANDOM, base},
      {AT_HWCAP2, getauxval(AT_HWCAP2)},
      {AT_MINSIGSTKSZ, getauxval(AT_MINSIGSTKSZ)},
      {AT_EXECFN, base + offsets[1]},
      {AT_PLATFORM, base + offsets[0]},
      {AT_NULL, 0},
  }};
  for (const auto& [type, value] : auxiliary) {
    words.push_back(type);
    words.push_back(value);
  }
  return vector;
}

std::unique_ptr<Body> InProcessRig::Begin(const scenario::Entry& entry, uint64_t* calls) {
  const std::size_t which = StartOf(entry);
  Start& start = starts_[which];
  if (start.memory == nullptr) MakeStart(which);
  *calls = start.calls;
  return std::make_unique<Guest>(memory_, memory_.Begin(start.memory.get()), start.state);
}

// From the entry of the program to the first call that depends on the world.
void InProcessRig::MakeStart(std::size_t which) {
  Memory::Version* const version = memory_.Begin(nullptr);
  const std::vector<uint64_t>& words = vectors_[which].words;
  Guest::State first;
  first.context.registers.rip = image_.entry;
  const uint64_t stack = (kStackTop - words.size() * sizeof(uint64_t)) & ~uint64_t{15};
  first.context.registers.rsp = stack;

  Process process;
  process.pid = kernel::kInit;
  auto guest = std::make_unique<Guest>(memory_, version, first);
  Guest& body = *guest;
  process.body = std::move(guest);
  if (!body.Write(stack, words.data(), words.size() * sizeof(uint64_t))) {
    throw CannotRun("no stack for the subject");
  }
  Start& start = starts_[which];
  const Stop stop = RunUp(process, &start.calls);
  start.state = body.Keep(stop);
  start.memory = memory_.Keep();
}

}  // namespace minit::rig
