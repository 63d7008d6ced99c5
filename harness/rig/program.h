// What can be told of a program by its file: whether a kernel would start it, before any rig tries, and
// what is read of the file system before its own first instruction.

#ifndef MINIT_HARNESS_RIG_PROGRAM_H_
#define MINIT_HARNESS_RIG_PROGRAM_H_

#include <cstdint>
#include <string>

namespace minit::rig {

// Throws CannotRun if it is not there, no file, not executable, or an ELF file that is cut off. Of what
// else a kernel refuses, it says why itself. Held by crosscheck_tool_test.py.
void RequireProgram(const std::string& path);

enum class Loads : uint8_t {
  kNothing,    // a static program
  kLibraries,  // one with a loader
  kAnything,   // one that its own interpreter reads
};
// kNothing if it cannot be read. Held by ptrace_subjects_test.cc.
Loads WhatIsLoadedFor(const std::string& path);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PROGRAM_H_
