#include "harness/rig/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace minit::rig {
namespace {

[[noreturn]] void ThrowErrno(const std::string& what, int error) {
  throw CannotRun(what + ": " + strerror(error));
}

int Check(long result, const std::string& what) {
  if (result < 0) ThrowErrno(what, errno);
  return static_cast<int>(result);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (content.empty()) throw CannotRun("cannot read " + path);
  return content;
}

void WriteAll(const std::string& path, const std::string& content, int mode) {
  const Descriptor file(Check(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, mode), path));
  for (std::size_t done = 0; done < content.size();) {
    done += static_cast<std::size_t>(
        Check(write(file.number(), content.data() + done, content.size() - done), path));
  }
}

// --- In the new process 1, until it executes /init. What fails is told through the control socket ---

// One message: a text (empty: all is well so far) and descriptors. False: the rig is gone.
bool SendMessage(int control, const std::string& text, const std::vector<int>& descriptors) {
  const char none = '\0';
  iovec part = {.iov_base = const_cast<char*>(text.empty() ? &none : text.data()),
                .iov_len = std::max<std::size_t>(text.size(), 1)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> buffer{};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const std::size_t size = descriptors.size() * sizeof(int);
    message.msg_control = buffer.data();
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors.data(), size);
  }
  return sendmsg(control, &message, 0) >= 0;
}

// Binds what `from` names, a path or an open descriptor, to a new file at `to`.
void BindDevice(const std::string& from, const std::string& to) {
  WriteAll(to, "", 0600);
  Check(mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr), "cannot bind " + from);
}

std::string PathOf(const Descriptor& descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor.number());
}

// From a chroot neither can mounts be made private nor the root be changed: both want a root that is
// a mount. So this goes to the root of the mount namespace, by the way that is always open to root.
// `directory` is any other directory.
void LeaveChroot(const std::string& directory) {
  const Descriptor inside(Check(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "cannot open /"));
  Check(chroot(directory.c_str()), "cannot change the root");
  Check(fchdir(inside.number()), "cannot go back to /");
  struct stat here{}, above{};
  do {
    Check(stat(".", &here), "cannot stat");
    Check(chdir(".."), "cannot go up");
    Check(stat(".", &above), "cannot stat");
  } while (here.st_ino != above.st_ino || here.st_dev != above.st_dev);
  Check(chroot("."), "cannot change the root");
}

// Makes a tmpfs the root, with nothing of the old one left in sight. `directory` is where it stands
// meanwhile, a path as the rig sees it.
void BuildRoot(const NamespaceOptions& options, const std::string& directory,
               const std::string& init, const std::string& child) {
  const Descriptor place(
      Check(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "cannot open " + directory));
  const Descriptor null(Check(open("/dev/null", O_PATH | O_CLOEXEC), "cannot open /dev/null"));
  Descriptor console;
  if (!options.console.empty()) {
    console = Descriptor(
        Check(open(options.console.c_str(), O_PATH | O_CLOEXEC), "cannot open " + options.console));
  }
  LeaveChroot(directory);
  Check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "cannot make mounts private");
  Check(mount("trial", PathOf(place).c_str(), "tmpfs", 0, "mode=755"), "cannot mount a tmpfs");
  // What `place` names is under the new mount; the way up and down again leads onto it.
  Check(fchdir(place.number()), "cannot enter the new root");
  Check(chdir(".."), "cannot enter the new root");
  Check(chdir(directory.substr(directory.rfind('/') + 1).c_str()), "cannot enter the new root");
  for (const char* name : {"dev", "proc"}) Check(mkdir(name, 0755), "cannot make a directory");
  WriteAll("init", init, 0755);
  WriteAll("core", child, 0755);
  Check(mkfifo("report", 0600), "cannot make a fifo");
  BindDevice(PathOf(null), "dev/null");
  if (console.number() >= 0) BindDevice(PathOf(console), "dev/console");
  if (options.proc) Check(mount("proc", "proc", "proc", 0, nullptr), "cannot mount /proc");
  Check(syscall(SYS_pivot_root, ".", "."), "cannot make it the root");
  Check(umount2(".", MNT_DETACH), "cannot leave the old root");
  Check(chdir("/"), "cannot enter the new root");
}

// A filter that holds `calls`; returns the descriptor on which they are told.
int HoldCalls(const std::vector<int>& calls) {
  std::vector<sock_filter> filter = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const int call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program = {.len = static_cast<unsigned short>(filter.size()),
                              .filter = filter.data()};
  Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "cannot give up new privileges");
  return Check(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
      "no seccomp filter with a listener");
}

void PrepareAndExecute(const NamespaceOptions& options, const std::string& directory, int control,
                       const std::string& init, const std::string& child, int standard_error) {
  Check(prctl(PR_SET_PDEATHSIG, SIGKILL), "cannot tie it to the rig");
  char word;
  if (read(control, &word, 1) != 1) _exit(1);
  BuildRoot(options, directory, init, child);
  std::vector<int> descriptors = {Check(open("/report", O_RDWR | O_CLOEXEC), "cannot open a fifo")};
  Check(dup2(Check(open("/dev/null", O_RDWR | O_CLOEXEC), "no /dev/null"), 0), "cannot dup");
  Check(dup2(standard_error, 1), "cannot dup");
  Check(dup2(standard_error, 2), "cannot dup");
  // All else has been opened to be closed at exec, but for what the rig's own caller left open.
  Check(syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */), "no close_range");
  if (!options.held_calls.empty()) descriptors.push_back(HoldCalls(options.held_calls));
  if (!SendMessage(control, "", descriptors) || read(control, &word, 1) != 1) _exit(1);
  std::vector<char*> environment;
  environment.reserve(options.environment.size() + 1);
  for (const std::string& one : options.environment) {
    environment.push_back(const_cast<char*>(one.c_str()));
  }
  environment.push_back(nullptr);
  char name[] = "/init";
  char* const arguments[] = {name, nullptr};
  Check(execve(name, arguments, environment.data()), "cannot execute " + options.init);
}

// --- Outside ---

// Receives one message of SendMessage. Throws what it tells.
std::vector<Descriptor> ReceiveMessage(int control) {
  std::array<char, 400> text{};
  iovec part = {.iov_base = text.data(), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> buffer{};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = buffer.data();
  message.msg_controllen = buffer.size();
  const ssize_t size = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  if (size <= 0) throw CannotRun("process 1 of the namespace died before it could run init");
  if (text[0] != '\0') throw CannotRun(std::string(text.data(), static_cast<std::size_t>(size)));
  std::vector<Descriptor> descriptors;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr) {
    std::array<int, 2> numbers{};
    const std::size_t bytes = header->cmsg_len - CMSG_LEN(0);
    memcpy(numbers.data(), CMSG_DATA(header), bytes);
    for (std::size_t i = 0; i < bytes / sizeof(int); ++i) descriptors.emplace_back(numbers[i]);
  }
  return descriptors;
}

// Where the tmpfs is mounted until it becomes the root; nothing stands there afterwards.
struct TemporaryDirectory {
  explicit TemporaryDirectory(std::string name) : path(std::move(name)) {}
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { rmdir(path.c_str()); }

  std::string path;
};

volatile sig_atomic_t g_stop = 0;
void RequestStop(int signal) { g_stop = signal != SIGALRM; }

void MapUser(int pid, unsigned user, unsigned group) {
  const std::string base = "/proc/" + std::to_string(pid);
  WriteAll(base + "/setgroups", "deny", 0);
  WriteAll(base + "/uid_map", "0 " + std::to_string(user) + " 1", 0);
  WriteAll(base + "/gid_map", "0 " + std::to_string(group) + " 1", 0);
}

}  // namespace

std::int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  sigaction(SIGALRM, &action, nullptr);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  Close();
  number_ = other.Release();
  return *this;
}

int Descriptor::Release() { return std::exchange(number_, -1); }

void Descriptor::Close() {
  if (number_ >= 0) close(number_);
  number_ = -1;
}

Namespace::Namespace(const NamespaceOptions& options) {
  const std::string init = ReadAll(options.init), child = ReadAll(options.child);
  std::string pattern = "/tmp/minit-trial-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) ThrowErrno("cannot make a directory in /tmp", errno);
  const TemporaryDirectory directory(pattern);

  int control[2], console[2] = {-1, -1};
  Check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), "no socket pair");
  control_ = Descriptor(control[0]);
  Descriptor other_end(control[1]), console_other_end;
  if (options.standard_error < 0) {
    Check(pipe2(console, O_CLOEXEC), "no pipe");
    console_end_ = Descriptor(console[0]);
    console_other_end = Descriptor(console[1]);
    fcntl(console[0], F_SETFL, O_NONBLOCK);
  }
  const int standard_error = options.standard_error < 0 ? console[1] : options.standard_error;

  const unsigned user = geteuid(), group = getegid();
  const long user_namespace = user == 0 ? 0 : CLONE_NEWUSER;
  const long pid =
      syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | user_namespace | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    control_.Close();
    try {
      PrepareAndExecute(options, pattern, other_end.number(), init, child, standard_error);
    } catch (const CannotRun& problem) {
      SendMessage(other_end.number(), problem.what(), {});
    }
    _exit(1);
  }
  pid_ = Check(pid, "cannot make a PID namespace (root, or user namespaces, are needed)");
  process_ = Descriptor(Check(syscall(SYS_pidfd_open, pid_, 0), "no pidfd"));
  other_end.Close();
  if (user_namespace != 0) MapUser(pid_, user, group);
  Run();
  std::vector<Descriptor> descriptors = ReceiveMessage(control_.number());
  report_ = std::move(descriptors.at(0));
  if (descriptors.size() > 1) listener_ = std::move(descriptors[1]);
}

Namespace::~Namespace() {
  if (pid_ > 0 && !ended_) {
    kill(pid_, SIGKILL);
    listener_.Close();  // what waits for an answer gets one
    waitpid(pid_, nullptr, __WALL);
  }
}

void Namespace::Run() { Check(write(control_.number(), "", 1), "cannot reach process 1"); }

void Namespace::DrainConsole() {
  std::array<char, 4096> text;
  ssize_t size;
  while ((size = read(console_end_.number(), text.data(), text.size())) > 0) {
    console_.append(text.data(), static_cast<std::size_t>(size));
  }
}

bool Namespace::TakeLine(std::string* line) {
  const std::size_t end = report_text_.find('\n');
  if (end == std::string::npos) return false;
  *line = report_text_.substr(0, end);
  report_text_.erase(0, end + 1);
  return true;
}

Namespace::Event Namespace::Next(std::int64_t deadline_ns) {
  for (;;) {
    Event event;
    event.time_ns = NowNs();
    if (TakeLine(&event.line)) {
      event.kind = Event::Kind::kReport;
      return event;
    }
    const std::int64_t left_ms = (deadline_ns - event.time_ns) / 1'000'000;
    if (left_ms <= 0) return event;
    std::array<pollfd, 4> sources = {{{report_.number(), POLLIN, 0},
                                      {listener_.number(), POLLIN, 0},
                                      {console_end_.number(), POLLIN, 0},
                                      {ended_ ? -1 : process_.number(), POLLIN, 0}}};
    poll(sources.data(), sources.size(), static_cast<int>(std::min<std::int64_t>(left_ms, 1000)));
    if (g_stop != 0) throw CannotRun("interrupted");
    event.time_ns = NowNs();
    if ((sources[2].revents & POLLIN) != 0) DrainConsole();
    if ((sources[0].revents & POLLIN) != 0) {
      std::array<char, 4096> text;
      const ssize_t size = read(report_.number(), text.data(), text.size());
      if (size > 0) report_text_.append(text.data(), static_cast<std::size_t>(size));
    } else if ((sources[1].revents & POLLIN) != 0) {
      seccomp_notif held = {};
      if (ioctl(listener_.number(), SECCOMP_IOCTL_NOTIF_RECV, &held) != 0) continue;  // it has died
      event.kind = Event::Kind::kHeld;
      event.id = held.id;
      event.pid = static_cast<int>(held.pid);
      event.number = held.data.nr;
      return event;
    } else if ((sources[3].revents & POLLIN) != 0) {
      event.kind = Event::Kind::kEnded;
      Check(waitpid(pid_, &event.status, 0), "cannot wait for process 1");
      ended_ = true;
      DrainConsole();
      return event;
    }
  }
}

void Namespace::Answer(const Event& held, int error, unsigned flags) {
  seccomp_notif_resp answer = {};
  answer.id = held.id;
  answer.error = -error;
  answer.flags = flags;
  // ENOENT: the caller has died meanwhile.
  if (ioctl(listener_.number(), SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0 && errno != ENOENT) {
    ThrowErrno("cannot answer a held call", errno);
  }
}

void Namespace::LetPass(const Event& held) { Answer(held, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }
void Namespace::Refuse(const Event& held, int error) { Answer(held, error, 0); }
void Namespace::Pretend(const Event& held) { Answer(held, 0, 0); }

std::string Namespace::NextReport(std::int64_t deadline_ns) {
  std::string line;
  while (!TakeLine(&line)) {
    pollfd source = {report_.number(), POLLIN, 0};
    const std::int64_t left_ms = (deadline_ns - NowNs()) / 1'000'000;
    if (left_ms <= 0 || poll(&source, 1, static_cast<int>(left_ms)) <= 0) return "";
    std::array<char, 4096> text;
    const ssize_t size = read(report_.number(), text.data(), text.size());
    if (size > 0) report_text_.append(text.data(), static_cast<std::size_t>(size));
  }
  return line;
}

}  // namespace minit::rig
