#include "harness/rig/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <utility>

#include "harness/rig/enclosure.h"
#include "harness/rig/fence.h"

namespace minit::rig {
namespace {

constexpr std::size_t kLongest = std::size_t{64} << 20;  // message

}  // namespace

// --- In the worker -------------------------------------------------------------------------------

void Worker::Link::Send(uint32_t kind, std::string_view text) const {
  const Frame frame = {kind, static_cast<uint32_t>(text.size())};
  std::string all(reinterpret_cast<const char*>(&frame), sizeof frame);
  all += text;
  for (std::size_t done = 0; done < all.size();) {
    const ssize_t wrote = write(fd_, all.data() + done, all.size() - done);
    if (wrote < 0 && errno != EINTR) _exit(1);  // nobody listens
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
}

bool Worker::Link::Wait() const {
  char go;
  ssize_t got;
  do {
    got = read(fd_, &go, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// --- In its maker --------------------------------------------------------------------------------

Worker::Worker(const Body& body) {
  const std::string outer_mounts = MountNamespace();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw CannotRun("no sockets");
  fd_ = ends[0];
  const auto inside = [&](std::string problem) {
    const Link link(kKeptDescriptor);
    if (problem.empty()) problem = EnterFence(outer_mounts, Inmates::kThisProcess);
    if (problem.empty()) {
      link.Send(kReady, "");
      try {
        body(link);
        _exit(0);
      } catch (const std::exception& thrown) {
        problem = thrown.what();
      }
    }
    link.Send(kProblem, problem);
    _exit(1);
  };
  try {
    pid_ = StartEnclosed(ends[1], inside);
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
  try {
    while (heard_.empty() && !ended()) Listen(std::chrono::hours(1));
    const auto first = Take();
    if (!first) throw CannotRun("a worker " + HowItEnded() + " before it had begun");
    if (first->first == kProblem) throw CannotRun(first->second);
  } catch (...) {
    Kill();
    close(fd_);
    throw;
  }
}

Worker::~Worker() {
  Kill();
  close(fd_);
}

// The first whole frame of what was heard. What is no frame ends the worker: it was written over.
std::optional<std::pair<uint32_t, std::string>> Worker::Take() {
  Frame frame;
  if (heard_.size() < sizeof frame) return std::nullopt;
  memcpy(&frame, heard_.data(), sizeof frame);
  const bool known = frame.kind == kMessage || frame.kind == kReady || frame.kind == kProblem;
  if (!known || frame.size > kLongest) {
    heard_.clear();
    Kill();
    return std::nullopt;
  }
  if (heard_.size() < sizeof frame + frame.size) return std::nullopt;
  std::string text = heard_.substr(sizeof frame, frame.size);
  heard_.erase(0, sizeof frame + frame.size);
  return std::pair(frame.kind, std::move(text));
}

// False: nothing came in that time.
bool Worker::Listen(std::chrono::milliseconds timeout) {
  pollfd one = {fd_, POLLIN, 0};
  const int count = poll(&one, 1, static_cast<int>(timeout.count()));
  if (count == 0) return false;
  std::array<char, 65536> part;
  const ssize_t size = count < 0 ? -1 : read(fd_, part.data(), part.size());
  if (size > 0) heard_.append(part.data(), static_cast<std::size_t>(size));
  const bool gone = size == 0 || (size < 0 && errno == ECONNRESET);
  if (gone) WaitForEnd();
  return true;
}

std::optional<std::string> Worker::Next(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    if (auto frame = Take()) {
      if (frame->first == kProblem) {
        Kill();
        throw CannotRun(frame->second);
      }
      return std::move(frame->second);
    }
    if (ended()) return std::nullopt;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (!Listen(std::max(left, std::chrono::milliseconds(0)))) return std::nullopt;
  }
}

void Worker::Go() { send(fd_, "", 1, MSG_NOSIGNAL); }

void Worker::WaitForEnd() {
  if (ended()) return;
  while (waitpid(pid_, &status_, __WALL) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void Worker::Kill() {
  if (ended()) return;
  kill(pid_, SIGKILL);
  WaitForEnd();
}

std::string Worker::HowItEnded() const {
  if (WIFEXITED(status_)) return "exited " + std::to_string(WEXITSTATUS(status_));
  const char* const name = sigabbrev_np(WTERMSIG(status_));
  return std::string("was killed by SIG") + (name == nullptr ? "?" : name);
}

}  // namespace minit::rig
