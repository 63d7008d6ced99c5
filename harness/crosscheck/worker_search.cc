#include "harness/crosscheck/worker_search.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <optional>

#include "harness/crosscheck/player.h"
#include "harness/rig/cannot_run.h"
#include "harness/rig/in_process_rig.h"
#include "harness/rig/worker.h"

namespace minit::crosscheck {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxLost = 6;
constexpr auto kLook = std::chrono::milliseconds(100);
// A scenario takes far less; only a process that is out of its senses takes more.
constexpr auto kPatience = std::chrono::seconds(20);

// Runs in the worker.
void RunSearch(const CheckOptions& options, const SearchOptions& search, const Known& known,
               Board& board, const rig::Worker::Link& link) {
  rig::InProcessRig rig(options.subject);
  link.Send(rig.name());
  Player player(rig, TermsOf(options, known), options.harmless);
  Search(player, search, known, board).Run(board.stop);
}

// Follows a worker to its end. False: it was lost.
bool Follow(rig::Worker& worker, const std::atomic<bool>& stop, const std::function<void()>& tick,
            Board& board, std::string& rig) {
  uint64_t plays = board.plays;
  Clock::time_point progress = Clock::now();
  while (!worker.ended()) {
    if (const auto name = worker.Next(kLook)) rig = *name;
    if (stop) board.stop = true;
    tick();
    const Clock::time_point now = Clock::now();
    if (plays != board.plays) {
      plays = board.plays;
      progress = now;
    } else if (now - progress > kPatience) {
      worker.Kill();
    }
  }
  return WIFEXITED(worker.status()) && WEXITSTATUS(worker.status()) == 0;
}

}  // namespace

WorkerSearch SearchInWorkers(const CheckOptions& options, SearchOptions search, const Known& known,
                             const std::atomic<bool>& stop, const std::function<void()>& tick,
                             Board& board) {
  WorkerSearch result;
  const Clock::time_point started = Clock::now();
  const double seconds = search.seconds;
  for (;;) {
    rig::Worker worker(
        [&](const rig::Worker::Link& link) { RunSearch(options, search, known, board, link); });
    if (Follow(worker, stop, tick, board, result.rig) || stop) return result;
    // A scenario of which nothing is left is not one to remember.
    if (IsSound(board.playing)) result.lost_at.push_back(board.playing);
    if (!IsSound(board)) new (&board) Board();
    if (result.lost_at.size() == kMaxLost) {
      result.given_up = true;
      return result;
    }
    // Another goes on with other scenarios: those of the corpus were played, but for the one.
    ++search.seed;
    search.corpus.clear();
    if (seconds == 0) continue;
    search.seconds = seconds - std::chrono::duration<double>(Clock::now() - started).count();
    if (search.seconds <= 0) return result;
  }
}

SharedBoard::SharedBoard() {
  void* const memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw rig::CannotRun(std::string("no memory to share: ") + std::strerror(errno));
  }
  board_ = new (memory) Board();
}

SharedBoard::~SharedBoard() { munmap(board_, sizeof(Board)); }

}  // namespace minit::crosscheck
