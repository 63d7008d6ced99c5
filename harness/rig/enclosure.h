// Enclosure: a process with PID and mount namespaces of its own, for who then enters a fence in it.

#ifndef MINIT_HARNESS_RIG_ENCLOSURE_H_
#define MINIT_HARNESS_RIG_ENCLOSURE_H_

#include <sys/types.h>

#include <functional>
#include <string>

namespace minit::rig {

// The descriptor that a process in an enclosure has besides 0 to 2, which are /dev/null.
inline constexpr int kKeptDescriptor = 3;

// Forks a process that is process 1 of a new PID namespace and has a new mount namespace (and a new
// user namespace, if the caller is not root), no signals blocked, no descriptors but `kept`, if that
// is one, as kKeptDescriptor, and whose life ends with that of the calling thread. It runs `inside`,
// which does not return, with what is wrong, or "". The caller must have no other threads. Throws
// CannotRun if there can be none.
pid_t StartEnclosed(int kept, const std::function<void(const std::string& problem)>& inside);

// Ends it, and with it everything inside.
void EndEnclosed(pid_t pid);

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_ENCLOSURE_H_
