// BinaryRig: what the rigs that run real binaries do alike, whatever holds the processes: between the
// runner, which says whose turn it is, and the processes, whose every call the decoder translates.
// A rig that derives from it says how init comes about; the Body that it returns does the rest.

#ifndef MINIT_HARNESS_RIG_BINARY_RIG_H_
#define MINIT_HARNESS_RIG_BINARY_RIG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/kernel.h"
#include "harness/rig/decode.h"
#include "harness/rig/outcome.h"
#include "harness/rig/process.h"
#include "harness/rig/runner.h"
#include "harness/rig/stage.h"
#include "harness/scenario/scenario.h"

namespace minit::rig {

class BinaryRig : public Rig, private Observer {
 public:
  BinaryRig(const BinaryRig&) = delete;
  BinaryRig& operator=(const BinaryRig&) = delete;
  ~BinaryRig() override;

  Outcome Run(const scenario::Scenario& scenario, Observer& observer) override;
  const NotCovered& not_covered() const override { return decoder_.not_covered(); }
  void EndEarly() override { runner_.Stop(); }
  const Runner<Observer>& runner() const override { return runner_; }

 protected:
  explicit BinaryRig(const SubjectOptions& options);

  const SubjectOptions& options() const { return options_; }
  // Runs init, just executed, up to its first call that can depend on the world, or that it makes
  // after too many, or to whatever stops it before. `calls`: how many it made.
  Stop RunUp(Process& process, uint64_t* calls);

 private:
  // Init, as it is executed with these; at a later moment too, if it made no call before that which
  // depends on the world. `calls`: how many it made.
  virtual std::unique_ptr<Body> Begin(const scenario::Entry& entry, uint64_t* calls) = 0;

  void On(const contract::Step& step, const kernel::Kernel& kernel) override;
  void TakeTurn(const Turn& turn);
  void RunOn(Process& process);
  void Leave(Process& process);
  bool EnterHandler(Process& process, const kernel::Step& step);
  void MakeFork(Process& parent, kernel::Pid newborn);
  bool Loops(Process& process);
  void EndSpinning(const Process& process);
  void Lose(const Stop& stop);
  void End(Outcome::End end);

  Process* Find(kernel::Pid pid);
  Process& Add(kernel::Pid pid, std::unique_ptr<Body> body);
  void Remove(kernel::Pid pid);
  template <typename Matches>
  void RemoveIf(Matches matches);

  SubjectOptions options_;
  std::vector<std::vector<std::string>> environments_;
  kernel::ScenarioKernel kernel_;
  Runner<Observer> runner_;
  Decoder decoder_;

  // Of a run.
  Observer* observer_ = nullptr;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Process>> spare_;
  Outcome outcome_;
  TraceHash hash_;
  uint32_t unseen_ = 0;  // calls since the model saw one
};

}  // namespace minit::rig

#endif  // MINIT_HARNESS_RIG_BINARY_RIG_H_
