// Tale: what happens on a stand, one thing after another: by the world, by init, and by the processes
// that init forked. Init and the others do whatever they like, not what an init should do.
//
// Each thing is a letter, so that tales can be enumerated and drawn. One that cannot happen now has no
// effect and is not told. A tale is a value: copy it, and both go on.
#ifndef MINIT_PROPTEST_TALE_H_
#define MINIT_PROPTEST_TALE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/contract/stand.h"

namespace minit::proptest {

struct Tale {
  contract::Stand stand;
  bool of_container = false;
  bool rests = false;  // init has not run since it was last told to be at rest

  // The state of it all but for when it is: two for which this is the same have the same future.
  uint64_t Key() const;
};

// How a tale can begin.
struct Opening {
  const char* name;
  bool of_container;
  Tale (*begin)(contract::Hearer*);  // who hears it from its beginning, or nullptr
};
std::span<const Opening> Openings();

// What can happen next.
struct Letter {
  const char* name;
  bool (*happen)(Tale&);  // false: it cannot, now
};
std::span<const Letter> Letters();

// Lets it happen, and tells that init is at rest if it has come to be. False: no effect.
bool Happen(const Letter& letter, Tale& tale);

}  // namespace minit::proptest

#endif  // MINIT_PROPTEST_TALE_H_
