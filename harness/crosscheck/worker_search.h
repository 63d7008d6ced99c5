// WorkerSearch: a search with the subject in the memory of a process that may be lost: a worker
// behind the fence (harness/rig/worker.h), with its board in memory that it shares with this one.
//
// A subject that writes where it likes can make the worker die, hang or say anything. So a worker that
// makes no progress is ended, what it leaves is believed only if it is sound, the scenario that it
// was at is remembered, and another takes over; after a few, none does.
// Held by crosscheck_tool_test.py.
#ifndef MINIT_HARNESS_CROSSCHECK_WORKER_SEARCH_H_
#define MINIT_HARNESS_CROSSCHECK_WORKER_SEARCH_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "harness/crosscheck/board.h"
#include "harness/crosscheck/check.h"
#include "harness/crosscheck/search.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

struct WorkerSearch {
  std::string rig{};                          // as the rig names itself
  std::vector<scenario::Scenario> lost_at{};  // workers were lost while they played these
  bool given_up = false;                      // too many were
};

// Searches until a bound is reached, or `stop` is true; `tick` is called a few times a second.
// `board` lies in shared memory. Throws rig::CannotRun.
WorkerSearch SearchInWorkers(const CheckOptions& options, SearchOptions search, const Known& known,
                             const std::atomic<bool>& stop, const std::function<void()>& tick,
                             Board& board);

// A board in memory that processes forked from now on share.
class SharedBoard {
 public:
  SharedBoard();
  ~SharedBoard();
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;
  Board& operator*() { return *board_; }

 private:
  Board* board_;
};

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_WORKER_SEARCH_H_
