#include "harness/rig/enclosure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/rig/cannot_run.h"

namespace minit::rig {
namespace {

[[noreturn]] void Throw(const std::string& what) { throw CannotRun(what + ": " + strerror(errno)); }

void WriteFile(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) Throw("cannot open " + path);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  if (!written) Throw("cannot write " + path);
}

void MapUser(pid_t pid) {
  const std::string base = "/proc/" + std::to_string(pid);
  WriteFile(base + "/setgroups", "deny");
  WriteFile(base + "/uid_map", "0 " + std::to_string(geteuid()) + " 1");
  WriteFile(base + "/gid_map", "0 " + std::to_string(getegid()) + " 1");
}

// In the new process. `go` is closed at its other end once the user is mapped. What is wrong, or "".
std::string SettleIn(int go, int kept) {
  constexpr int kAside = 16;
  char byte;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return "cannot be bound to its maker";
  // What a terminal sends is its maker's business, who ends it.
  if (setsid() < 0) return "cannot leave its maker's session";
  go = fcntl(go, F_DUPFD, kAside);
  if (kept >= 0) kept = fcntl(kept, F_DUPFD, kAside);
  const int null = open("/dev/null", O_RDWR);
  if (null < 0) return "cannot open /dev/null";
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  dup2(kept >= 0 ? kept : null, kKeptDescriptor);
  go = dup2(go, kKeptDescriptor + 1);
  syscall(SYS_close_range, kKeptDescriptor + 2, ~0u, 0);
  if (go < 0 || read(go, &byte, 1) != 0) return "lost its maker";
  close(go);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGCHLD, SIG_DFL);
  return "";
}

}  // namespace

pid_t StartEnclosed(int kept, const std::function<void(const std::string& problem)>& inside) {
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) Throw("no pipe");
  const bool is_root = geteuid() == 0;
  const auto pid = static_cast<pid_t>(syscall(
      SYS_clone, CLONE_NEWPID | CLONE_NEWNS | (is_root ? 0 : CLONE_NEWUSER) | SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) {
    // Its own copy of the other end would keep it waiting for ever.
    close(go[1]);
    inside(SettleIn(go[0], kept));
    _exit(1);
  }
  const int error = errno;
  close(go[0]);
  if (pid < 0) {
    close(go[1]);
    errno = error;
    Throw("cannot make a PID namespace (root, or user namespaces, are needed)");
  }
  try {
    if (!is_root) MapUser(pid);
  } catch (...) {
    EndEnclosed(pid);
    close(go[1]);
    throw;
  }
  close(go[1]);  // the user is mapped
  return pid;
}

void EndEnclosed(pid_t pid) {
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, __WALL) == pid || errno == EINTR) errno = 0;
}

}  // namespace minit::rig
