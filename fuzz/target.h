// The one function that every fuzz target is, as libFuzzer, AFL++ and others want it.
#ifndef MINIT_FUZZ_TARGET_H_
#define MINIT_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>

// Judges one input: returns 0, or ends the process. The input is gone once it has returned.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size);

#endif  // MINIT_FUZZ_TARGET_H_
