// Patching: of a program's code, so that its system calls become jumps into the harness, which cost a
// fiftieth of a call that is dispatched there by the kernel.
//
// Over at least five bytes of instructions that stand before a call, and could stand anywhere, goes a
// jump to a stub; there they stand again, and from there it goes to PatchedGate. The call itself
// stays: who jumps right to it is dispatched as before. A call is left alone if there is no room, or
// if a jump, or what may be the address of one, leads in between.
//
// What this cannot see: a jump to an address that is computed otherwise than by a table, and leads
// into what was overwritten. So the same program without patches is the judge.
// Held by in_process_rig_test.cc.

#ifndef MINIT_HARNESS_RIG_PATCH_H_
#define MINIT_HARNESS_RIG_PATCH_H_

#include <cstddef>

#include "harness/rig/image.h"
#include "harness/rig/memory.h"

namespace minit::rig {

// How many calls there are in the code of a program, and how many of those are jumps now.
struct Patches {
  std::size_t calls = 0;
  std::size_t patched = 0;
};

// Which calls could be patched: nothing is done.
Patches CountPatches(const Image& image);
// `memory` has the image. To be done before anything runs.
Patches PatchCalls(const Image& image, Memory& memory);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PATCH_H_
