#include "harness/scenario/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <cstddef>

namespace minit::scenario {

std::optional<std::string> ReadFile(const std::string& path, std::string& content) {
  const bool is_standard = path == "-";
  const std::string name = is_standard ? "standard input" : path;
  const auto problem = [&name] { return "cannot read " + name + ": " + strerror(errno); };
  content.clear();
  const int file = is_standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return problem();
  std::array<char, 65536> part;
  std::optional<std::string> wrong;
  for (ssize_t size; (size = read(file, part.data(), part.size())) != 0;) {
    if (size > 0) {
      content.append(part.data(), static_cast<std::size_t>(size));
    } else if (errno != EINTR) {
      wrong = problem();
      break;
    }
  }
  if (!is_standard) close(file);
  return wrong;
}

}  // namespace minit::scenario
