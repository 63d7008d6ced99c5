// The list of calls that an init may make (rule 13), as a text: a call a line by the name that Linux
// has for it, and "waits" behind those in which it may block without bound.
//
//   # minit: it waits here and nowhere else
//   rt_sigtimedwait waits
//   wait4
//   kill
//
// The kernel model knows kinds of calls, and several names can be one kind: who lists `wait4` has
// listed wait4 alone, but who lists `poll` has listed ppoll and select as well, and who lists `fcntl`
// has listed dup. What a name allows is what the rigs make of it (harness/rig/decode*.cc). Names that
// the model has no kind for (socket, mount) are taken by their numbers.
//
// Held by calls_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_CALLS_H_
#define MINIT_HARNESS_CROSSCHECK_CALLS_H_

#include <optional>
#include <string>
#include <string_view>

#include "harness/contract/judge.h"
#include "harness/crosscheck/input_error.h"

namespace minit::crosscheck {

// Of Linux's calls the one whose name is most like this.
std::string_view ClosestCall(std::string_view name);

// Makes `list` what the text says; on an error it is what came before. It must outlive the judges that
// are given it.
std::optional<InputError> ParseCalls(std::string_view text, contract::CallList& list);

// The canonical form: names in the order of their numbers. Parsed again, a list that ParseCalls made is
// the same. Of others, kinds are named by the first call of theirs.
std::string Print(const contract::CallList& list);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_CALLS_H_
