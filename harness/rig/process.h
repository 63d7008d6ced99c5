// Process: one process of a subject, as a rig sees it: its body, and what the kernel model does not
// keep: addresses of handlers, whom an epoll tells what, and what stands in a pipe or a socket.

#ifndef MINIT_HARNESS_RIG_PROCESS_H_
#define MINIT_HARNESS_RIG_PROCESS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "harness/kernel/kernel.h"
#include "harness/rig/body.h"

namespace minit::rig {

// Bytes that were written and not read: what one end of a pipe or of a pair of sockets reads, and what is
// written to it. Of a pipe both are the same. Of whatever else there are none.
struct Stream {
  std::shared_ptr<std::string> in;
  std::shared_ptr<std::string> out;
  bool of_packets = false;  // SOCK_SEQPACKET: what was written as one is read as one
};

struct Process {
  struct Interest {  // of an epoll in a descriptor
    uint32_t events = 0;
    uint64_t data = 0;
  };

  std::unique_ptr<Body> body;
  kernel::Pid pid = 0;
  bool newborn = false;  // has not yet returned from the fork that made it
  std::array<SignalAction, kernel::kSigRtMax + 1> actions{};
  uint64_t non_block = 0;       // descriptors
  std::map<int, Stream> pipes;  // by descriptor
  // By the epoll, as the kernel numbers open file descriptions, and the descriptor.
  std::map<std::pair<int, int>, Interest> interests;
  uint64_t roots = 0;   // descriptors of the root, as a folder
  uint64_t loaded = 0;  // descriptors that its loader has open, as the real kernel numbers them

  // The call it is in.
  kernel::Call call{};
  SignalAction action{};    // rt_sigaction
  ForkRequest fork{};       // fork and the like
  Interest interest{};      // epoll_ctl
  uint64_t written_to = 0;  // poll: descriptors that it would write to
  uint32_t done = 0;  // bytes or descriptors that it has got so far, if it takes several calls
                      // of the model
  bool opens_root = false;
  bool fork_told = false;  // the model has made the newborn

  uint64_t traps = 0;
  uint64_t traps_at_tick = UINT64_MAX;  // the last one

  // Is another one from now on.
  void Begin(kernel::Pid number, std::unique_ptr<Body> its_body) {
    body = std::move(its_body);
    pid = number;
    newborn = false;
    actions = {};
    non_block = 0;
    pipes.clear();
    interests.clear();
    roots = 0;
    loaded = 0;
    call = {};
    fork_told = false;
    traps = 0;
    traps_at_tick = UINT64_MAX;
  }
  // Descriptors of files that a loader reads are told from the model's by this.
  static constexpr int kLoaderDescriptors = 1000;
  bool IsLoaded(uint64_t descriptor) const {
    const int64_t real = int64_t{static_cast<int32_t>(descriptor)} - kLoaderDescriptors;
    return real >= 0 && real < 64 && (loaded >> real & 1) != 0;
  }
  Stream StreamOf(int fd) const {
    const auto found = pipes.find(fd);
    return found == pipes.end() ? Stream{} : found->second;
  }
  // Of an end of a pipe or a socket: what is read there, and where goes what is written. Else nullptr.
  std::string* PipeAt(int fd) const { return pipes.empty() ? nullptr : StreamOf(fd).in.get(); }
  std::string* SinkAt(int fd) const { return pipes.empty() ? nullptr : StreamOf(fd).out.get(); }
  bool IsSocket(int fd) const { return PipeAt(fd) != SinkAt(fd); }
  bool IsRoot(uint64_t fd) const { return fd < 64 && (roots >> fd & 1) != 0; }
  void SetNonBlock(int fd, bool does_not_block) {
    const uint64_t bit = uint64_t{1} << fd;
    non_block = does_not_block ? non_block | bit : non_block & ~bit;
  }
  // What a descriptor is from now on.
  void SetFile(int fd, bool does_not_block, Stream stream = {}, bool is_root = false) {
    const uint64_t bit = uint64_t{1} << fd;
    roots = is_root ? roots | bit : roots & ~bit;
    SetNonBlock(fd, does_not_block);
    if (stream.in != nullptr) {
      pipes[fd] = std::move(stream);
    } else if (!pipes.empty()) {
      pipes.erase(fd);
    }
  }
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_PROCESS_H_
