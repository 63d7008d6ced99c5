#ifndef MINIT_HARNESS_RIG_CANNOT_RUN_H_
#define MINIT_HARNESS_RIG_CANNOT_RUN_H_

#include <stdexcept>

namespace minit::rig {

// Something that this machine does not allow or have, so that a rig refuses. What it was, and what
// to do about it, is in what().
class CannotRun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_CANNOT_RUN_H_
