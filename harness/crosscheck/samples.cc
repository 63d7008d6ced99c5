#include "harness/crosscheck/samples.h"

#include <cstdlib>
#include <string>

#include "harness/scenario/text.h"

namespace minit::crosscheck {
namespace {

using contract::Cause;
using contract::Facts;
using contract::FactsPattern;
using contract::How;
using contract::Phase;
using contract::Rule;

scenario::Scenario ScenarioOf(const char* text) {
  scenario::Scenario scenario;
  if (scenario::Parse(text, scenario)) std::abort();
  return scenario;
}

Facts Lost(uint8_t signal, How how) {
  return {.phase = Phase::kRunning, .cause = Cause::kSignal, .signal = signal, .how = how};
}

SubjectReport Subject(const char* path) {
  SubjectReport subject{.command = {path},
                        .sha256 = std::string(60, '0') + "cafe",
                        .rig = "in-process, patched",
                        .seed = 18446744073709551615U,
                        .scenarios = 1234567,
                        .kept = 312,
                        .tuples = 4512,
                        .seconds = 12.34};
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (!contract::BelongsTo(text.rule, subject.profile)) continue;
    subject.tally(text.rule) = {.held = 1000 + static_cast<uint64_t>(text.rule),
                                .by_phase = {{"running", 1000}, {"ended", 3}},
                                .by_entry = {{"plain", 990}, {"masked", 13}},
                                .by_fault = {{"none", 1003}}};
  }
  return subject;
}

Report ReportOf(std::vector<SubjectReport> subjects) {
  return {.tool_commit = "667204f0d7c1a3b5e9f2667204f0d7c1a3b5e9f2",
          .started = "2026-11-24T23:40:00Z",
          .has_call_list = true,
          .subjects = std::move(subjects)};
}

constexpr const char* kTimeline =
    "    0.000000  init   execve(\"/core\") = 7\n"
    "    0.000003  world  at rest: ancestor sends TERM to init\n"
    "              break  forwards-every-signal\n";

}  // namespace

Report EmptyReport() { return ReportOf({}); }

Report CleanReport() { return ReportOf({Subject("/sbin/init")}); }

Report BrokenReport() {
  SubjectReport subject = Subject("/usr/lib/minit");
  subject.ledger_path = "harness/crosscheck/ledgers/minit.ledger";
  subject.ledger = {
      {.rule = Rule::kForwardsEverySignal,
       .pattern = {.facts = Lost(0, How::kTakenNotSent), .open = FactsPattern::kSignal},
       .reason = "its library keeps signals 32 to 34 to itself, and nothing sends them here; it is "
                 "to be mended with the next release, see the notes there",
       .scenario = ScenarioOf("at rest: child sends 34 to init\n"),
       .line = 3,
       .shows = Shows::kYes},
      {.rule = Rule::kReapsAtRest,
       .pattern = {.facts = {.phase = Phase::kWaiting, .how = How::kNever}},
       .reason = "to be justified: process 7 is dead and not reaped",
       .scenario = ScenarioOf("at rest: child exits 1\n"),
       .line = 10,
       .shows = Shows::kYes},
      {.rule = Rule::kSyncsFirst,
       .pattern = {.facts = {.phase = Phase::kEnded, .how = How::kLate}},
       .reason = "it rests before it syncs",
       .scenario = ScenarioOf("at rest: child exits 0\n"),
       .line = 17,
       .shows = Shows::kNo}};
  subject.findings = {
      {.rule = Rule::kReapsAtRest,
       .facts = {.phase = Phase::kWaiting, .how = How::kNever},
       .sentence = "process 7 is dead and not reaped when init rests, at 4 µs",
       .scenario = ScenarioOf("at rest: child exits 1\n"),
       .timeline = kTimeline,
       .seen = 812,
       .confirmed_by = "ptrace",
       .excused_by = 1},
      {.rule = Rule::kForwardsEverySignal,
       .facts = Lost(15, How::kNeverTaken),
       .sentence = "SIGTERM (15) is owed and was still pending when init rested after it had taken "
                   "SIGCHLD (17) and reaped process 7, at 3 µs",
       .scenario = ScenarioOf("at rest: init is frozen\nat rest: ancestor sends TERM to init\n"),
       .minimal = false,
       .timeline = kTimeline,
       .difference = "call 4: init calls wait4(-1, WNOHANG), the reference kill(-7, TERM)",
       .seen = 17,
       .confirmed_by = "ptrace",
       .excused_by = -1},
      {.rule = Rule::kForwardsEverySignal,
       .facts = Lost(34, How::kTakenNotSent),
       .sentence = "signal 34 was taken and not sent before init rested, at 3 µs",
       .scenario = ScenarioOf("at rest: child sends 34 to init\n"),
       .minimal = false,
       .seen = 20345,
       .excused_by = 0}};
  subject.tally(Rule::kReapsAtRest).broken = 812;
  subject.tally(Rule::kForwardsEverySignal).broken = 20362;
  return ReportOf({subject});
}

Report TroubledReport() {
  SubjectReport odd = Subject("/srv/an init's: 100%/ä\xff-and-a-name-that-is-rather-long");
  odd.command.insert(odd.command.end(), {"-s", "", "$HOME"});
  odd.profile = contract::Profile::kContainer;
  odd.rig = "ptrace";
  odd.rig_note = "it is linked dynamically";
  odd.interrupted = true;
  odd.harmless = {"prctl 1234"};
  odd.seconds = 0;
  odd.tallies = {};
  odd.tally(Rule::kNeverExits).held = 1;
  odd.tally(Rule::kComesToRest) = {.held = 5, .broken = 4};
  odd.beyond = 4;
  odd.troubles = {.crashed = 1,
                  .looped = 2000,
                  .gave_up = 3,
                  .lost = 4,
                  .crowded = 5,
                  .not_counted = 6,
                  .unconfirmed = 7,
                  .lost_workers = 8,
                  .not_covered = {{"prctl 1234", 7}, {"system call 41", 1}}};
  Report report = ReportOf({CleanReport().subjects[0], odd});
  report.require_spoken = true;
  report.has_call_list = false;
  report.interrupted = true;
  report.not_begun = 1;
  return report;
}

}  // namespace minit::crosscheck
