// RequireProgram: whether a kernel would start a file, before any rig tries.

#ifndef MINIT_HARNESS_RIG_PROGRAM_H_
#define MINIT_HARNESS_RIG_PROGRAM_H_

#include <string>

namespace minit::rig {

// Throws CannotRun if it is not there, no file, not executable, or an ELF file that is cut off. Of what
// else a kernel refuses, it says why itself. Held by crosscheck_tool_test.py.
void RequireProgram(const std::string& path);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PROGRAM_H_
