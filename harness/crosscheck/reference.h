// Reference: what the machine of core/ does in a scenario, and where a subject first does otherwise.
//
// Compared are deeds, what an init does to others, in their order and times: reaps, sends, releases
// (of the traced), syncs and restarts. Processes are compared by their name in the scenario, not by
// number, and helpers are left out: how many of those an init has is its own affair. Times that
// differ by less than a millisecond are the same: inits differ in how many calls they take.
// Held by reference_test.cc.
#ifndef MINIT_HARNESS_CROSSCHECK_REFERENCE_H_
#define MINIT_HARNESS_CROSSCHECK_REFERENCE_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/contract/step.h"
#include "harness/kernel/kernel.h"
#include "harness/rig/cast.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::crosscheck {

struct Deed {
  std::string what;  // "reaps child, exited 3"
  uint64_t time_ns = 0;
};

// Hears a run, and writes down the deeds.
class Deeds final : public rig::Observer {
 public:
  // `cast` is that of the run's runner.
  explicit Deeds(const rig::Cast& cast) : cast_(cast) {}

  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  const std::vector<Deed>& deeds() const { return deeds_; }

 private:
  std::string TargetOf(kernel::Pid pid) const;
  std::string NameOf(kernel::Pid pid) const;
  void OnReturn(const contract::Step& step, uint64_t now_ns);
  void OnReap(kernel::Pid pid, int status, uint64_t now_ns);

  const rig::Cast& cast_;
  std::set<kernel::Pid> helpers_;   // forked by init or its processes, and not seen to exec
  std::set<kernel::Pid> executed_;  // called exec, and their fork has not returned
  std::vector<Deed> deeds_;
};

// Of the machine, in this scenario.
std::vector<Deed> ReferenceDeeds(const scenario::Scenario& scenario);

// But for syncs and restarts, which an init of containers has nothing to do with.
std::vector<Deed> WithoutEnding(std::vector<Deed> deeds);

// A sentence, or "" if there is no difference.
std::string FirstDifference(const std::vector<Deed>& subject, const std::vector<Deed>& reference);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_REFERENCE_H_
