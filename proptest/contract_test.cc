// Laws of the judge, on the traces of faultless machines and of faulty ones.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/console_line.h"
#include "harness/contract/facts.h"
#include "harness/contract/judge.h"
#include "harness/contract/raw_status.h"
#include "harness/contract/rules.h"
#include "harness/contract/stand.h"
#include "harness/contract/step.h"
#include "harness/rig/runner.h"
#include "proptest/story.h"

namespace minit::proptest {
namespace {

using contract::Judge;
using contract::Rule;
using contract::Step;
using contract::Verdict;
using kernel::Kernel;

const Fault* AnyFault() {
  const auto faults = Faults();
  const auto which = *rc::gen::inRange<std::size_t>(0, faults.size() + 1);
  return which == faults.size() ? nullptr : &faults[which];
}

template <typename Observer>
void Hear(const Story& story, const Fault* fault, Observer& observer) {
  static kernel::ScenarioKernel world;
  rig::Runner<Observer> runner(world, observer);
  FaultyRig rig(fault);
  runner.Enter(story.scenario);
  Play(runner, rig, [] { return false; });
}

bool Same(const Judge& one, const Judge& other) {
  for (const contract::RuleText& text : contract::kRuleTexts) {
    if (one.verdict(text.rule) != other.verdict(text.rule)) return false;
  }
  return true;
}

// Keeps the judge of the step before beside that of this one.
struct Monotone {
  Judge judge;
  bool lost = false;     // a break was taken back, or changed
  bool went_on = false;  // it judged after it had stopped
  void On(const Step& step, const Kernel& kernel) {
    const Judge before = judge;
    judge.Observe(step, kernel);
    for (const contract::RuleText& text : contract::kRuleTexts) {
      const contract::Break* const was = before.FindBreak(text.rule);
      if (was == nullptr) continue;
      const contract::Break* const is = judge.FindBreak(text.rule);
      lost |= is == nullptr || !(*is == *was) || judge.verdict(text.rule) != Verdict::kBroken;
    }
    went_on |= before.stopped() && !Same(before, judge);
  }
};

RC_GTEST_PROP(Judge, ARuleThatIsBrokenStaysBroken, (const Story& story)) {
  Monotone monotone;
  Hear(story, AnyFault(), monotone);
  RC_ASSERT(!monotone.lost);
}

// Breaks of some kinds are known.
struct SomeKinds final : contract::KnownBreaks {
  explicit SomeKinds(uint32_t hows) : known(hows) {}
  bool Has(const contract::Break& broken) const override {
    return (known >> static_cast<int>(broken.facts.how) & 1) != 0;
  }
  uint32_t known;
};

RC_GTEST_PROP(Judge, WhatIsKnownChangesNoVerdictAndHidesOnlyWhatIsKnown,
              (const Story& story, uint32_t hows)) {
  const SomeKinds kinds(hows);
  struct Two {
    Judge plain, knowing;
    void On(const Step& step, const Kernel& kernel) {
      plain.Observe(step, kernel);
      knowing.Observe(step, kernel);
    }
  } two{Judge(), Judge({.known = &kinds})};
  Hear(story, AnyFault(), two);
  RC_ASSERT(Same(two.plain, two.knowing));
  for (const contract::RuleText& text : contract::kRuleTexts) {
    std::vector<contract::Break> breaks;
    for (const contract::Break& broken : two.knowing.breaks()) {
      if (broken.rule == text.rule) breaks.push_back(broken);
    }
    const contract::Break* const first = two.plain.FindBreak(text.rule);
    RC_ASSERT(breaks.size() <= 2u);
    RC_ASSERT(breaks.empty() || (first != nullptr && breaks[0] == *first));
    if (breaks.size() == 2) RC_ASSERT(kinds.Has(breaks[0]) && !kinds.Has(breaks[1]));
  }
}

RC_GTEST_PROP(Judge, OnceStoppedItSaysNothingNew, (const Story& story)) {
  Monotone monotone;
  Hear(story, FindFault("exits-when-interrupted"), monotone);
  RC_ASSERT(!monotone.went_on);
}

// A copy made on the way, a judge from the start, and one that hears of moves that were none.
struct Several {
  uint32_t copied_at = 0;
  Judge judge{};
  Judge twin{};
  std::optional<Judge> copy{};
  Judge plain{{.counts_calls = false}};
  Judge disturbed{{.counts_calls = false}};

  void On(const Step& step, const Kernel& kernel) {
    judge.Observe(step, kernel);
    twin.Observe(step, kernel);
    if (copy) copy->Observe(step, kernel);
    if (judge.steps() == copied_at) copy = judge;
    plain.Observe(step, kernel);
    disturbed.Observe(step, kernel);
    if (step.kind == Step::Kind::kMove) disturbed.Observe({.kind = Step::Kind::kMove}, kernel);
  }
};

RC_GTEST_PROP(Judge, IsAFunctionOfTheTrace, (const Story& story)) {
  Several several;
  Hear(story, AnyFault(), several);
  RC_ASSERT(several.judge == several.twin);
}

RC_GTEST_PROP(Judge, ACopyJudgesAsTheOriginal, (const Story& story)) {
  Several several{.copied_at = *rc::gen::inRange(1U, 200U)};
  Hear(story, AnyFault(), several);
  RC_PRE(several.copy.has_value());
  RC_ASSERT(*several.copy == several.judge);
  RC_ASSERT(several.copy->SameFuture(several.judge));
  RC_ASSERT(several.copy->Hash() == several.judge.Hash());
}

RC_GTEST_PROP(Judge, MovesThatHadNoEffectChangeNoVerdict, (const Story& story)) {
  Several several;
  Hear(story, AnyFault(), several);
  RC_ASSERT(Same(several.plain, several.disturbed));
}

RC_GTEST_PROP(CallList, HasWhatASetOfNumbersWouldHave, (uint64_t seed)) {
  contract::CallList list;
  std::set<int> numbers;
  for (int i = 0; i < 64; ++i) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    const int number = static_cast<int>(seed >> 55);
    numbers.insert(number);
    list.others[static_cast<std::size_t>(number) / 64] |= uint64_t{1} << number % 64;
  }
  for (int number = -64; number < 1100; ++number) {
    RC_ASSERT(list.Has(kernel::calls::Other(number)) == numbers.contains(number));
  }
}

// Facts, of which `field` is drawn, or all if that is 0.
void Draw(contract::Facts& facts, int field) {
  using Pattern = contract::FactsPattern;
  const auto drawn = [field](int other) { return field == 0 || field == other; };
  const auto below = [](int bound) { return *rc::gen::inRange(0, bound); };
  if (drawn(Pattern::kPhase)) facts.phase = static_cast<contract::Phase>(below(5));
  if (drawn(Pattern::kEntry)) facts.entry = static_cast<uint16_t>(below(4096));
  if (drawn(Pattern::kFaults)) facts.faults = static_cast<uint8_t>(below(32));
  if (drawn(Pattern::kCause)) facts.cause = static_cast<contract::Cause>(below(10));
  if (drawn(Pattern::kWhose)) facts.whose = static_cast<contract::Whose>(below(8));
  if (drawn(Pattern::kHow)) facts.how = static_cast<contract::How>(below(13));
  if (facts.cause != contract::Cause::kSignal) {
    facts.signal = 0;
  } else if (drawn(Pattern::kSignal) || facts.signal == 0) {
    facts.signal = static_cast<uint8_t>(*rc::gen::element(1, 64, 1 + below(64)));
  }
}

// Some facts with some fields left open, and others that differ from them in one field, if at all.
RC_GTEST_PROP(Facts, AreReadBackAndMatchAsTheyAreOpen, ()) {
  using Pattern = contract::FactsPattern;
  Pattern pattern;
  Draw(pattern.facts, 0);
  contract::Facts other = pattern.facts;
  Draw(other, 1 << *rc::gen::inRange(0, 7));
  if (*rc::gen::arbitrary<bool>()) other.entry |= pattern.facts.entry;
  if (*rc::gen::arbitrary<bool>()) other.faults |= pattern.facts.faults;
  pattern.open = static_cast<uint8_t>(*rc::gen::element(0, *rc::gen::inRange(0, 128)));
  const auto open = [&pattern](int field) { return (pattern.open & field) != 0; };
  if (open(Pattern::kCause) || pattern.facts.cause != contract::Cause::kSignal) {
    pattern.open &= static_cast<uint8_t>(~Pattern::kSignal);
  }
  const contract::Facts& facts = pattern.facts;
  const bool entry_fits =
      open(Pattern::kEntry) ? (facts.entry & ~other.entry) == 0 : facts.entry == other.entry;
  const bool faults_fit =
      open(Pattern::kFaults) ? (facts.faults & ~other.faults) == 0 : facts.faults == other.faults;
  const bool same_signal = open(Pattern::kSignal) || facts.signal == other.signal;
  RC_ASSERT(pattern.Matches(other) ==
            ((open(Pattern::kPhase) || facts.phase == other.phase) && entry_fits && faults_fit &&
             (open(Pattern::kCause) || (facts.cause == other.cause && same_signal)) &&
             (open(Pattern::kWhose) || facts.whose == other.whose) &&
             (open(Pattern::kHow) || facts.how == other.how)));
  // What is open is not said, but for entries and faults that have to be there.
  const contract::Facts none;
  if (open(Pattern::kPhase)) pattern.facts.phase = none.phase;
  if (open(Pattern::kCause)) pattern.facts.cause = none.cause;
  if (open(Pattern::kCause | Pattern::kSignal)) pattern.facts.signal = none.signal;
  if (open(Pattern::kWhose)) pattern.facts.whose = none.whose;
  if (open(Pattern::kHow)) pattern.facts.how = none.how;
  std::string error;
  const auto read = contract::ParseFacts(ToString(pattern), &error);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == pattern);
}

RC_GTEST_PROP(ConsoleLine, HasTheNumbersThatASearchFinds, (uint64_t seed)) {
  std::string text;
  for (uint64_t bits = seed; bits > 6; bits /= 7) text += "/aa019-"[bits % 7];
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (!digit) continue;
    if (i == 0 || text[i - 1] < '0' || text[i - 1] > '9') numbers.emplace_back();
    const bool minus = i > 0 && text[i - 1] == '-';
    if (minus && (i == 1 || text[i - 2] == '/' || text[i - 2] == '-')) numbers.back() = "99999";
    numbers.back() += text[i];
  }
  // Some begin again within themselves.
  const std::string path = *rc::gen::element<std::string>("/aa", "/a/a0", "//a", "/a/a/aa");
  contract::ConsoleLine line;
  const std::size_t half = seed % (text.size() + 1);
  line.Add(text.substr(0, half), path.c_str(), true);
  line.Add(text.substr(half), path.c_str(), false);
  RC_ASSERT(line.has_one_number() == (numbers.size() == 1));
  if (numbers.size() == 1) {
    const uint64_t value = std::stoull("0" + numbers[0].substr(0, 18));
    RC_ASSERT(static_cast<uint64_t>(line.number()) ==
              std::min<uint64_t>(value, contract::ConsoleLine::kTooMuch));
  }
  RC_ASSERT(line.names_path() == (text.find(path) != std::string::npos));
  RC_ASSERT(line.begun() == !text.empty());
  RC_ASSERT(line.since_end() == (half > 0));
}

// --- Bounds, on a kernel driven by hand ---

namespace calls = kernel::calls;
using contract::kSecondNs;
using kernel::kInit;

// Often the bound itself, or one beside it.
uint64_t Near(uint64_t bound) {
  return bound - 1 +
         *rc::gen::oneOf(rc::gen::inRange<uint64_t>(0, 3),
                         rc::gen::inRange(uint64_t{0}, kSecondNs));
}

RC_GTEST_PROP(RawStatus, OfADeathBothWaitsAndTheMoveTellTheSame, ()) {
  using contract::Cause;
  contract::Stand stand;
  const kernel::Pid pid = stand.kernel.Fork(kInit);
  const Cause cause = *rc::gen::element(Cause::kExit, Cause::kKill, Cause::kCore);
  const bool exits = cause == Cause::kExit;
  const int number = exits ? *rc::gen::inRange(0, 1024) : *rc::gen::inRange(1, 65);
  if (exits) {
    stand.kernel.Exit(pid, number);
  } else {
    stand.kernel.Die(pid, number, cause == Cause::kCore);
  }
  const int raw = contract::StatusOf(cause, number);
  RC_ASSERT(contract::IsDeath(raw));
  RC_ASSERT(contract::CauseOf(raw) == cause);
  RC_ASSERT(contract::ShellStatus(raw) == (exits ? number & 0xff : 128 + number));
  constexpr uint32_t kFlags = kernel::kWaitExited | kernel::kWaitNoHang | kernel::kWaitAll;
  for (const kernel::Call& call : {calls::Wait4(pid, kernel::kWaitNoHang | kernel::kWaitAll),
                                   calls::WaitId(kernel::kWaitForPid, pid, kFlags)}) {
    const Step step{.call = call, .result = stand.kernel.PeekWait(kInit, call)};
    RC_ASSERT(contract::TellsOf(step, pid));
    RC_ASSERT(contract::StatusTold(step) == raw);
  }
  const int none = contract::StatusOf(Cause::kContinue, number);
  RC_ASSERT(!contract::IsDeath(none));
  RC_ASSERT(contract::CauseOf(none) == Cause::kNone);
}

RC_GTEST_PROP(Judge, TellsHowInitWasEntered, ()) {
  const int signal = *rc::gen::elementOf(std::vector<int>{1, 10, 15, 34, 64});
  const auto random = [] { return *rc::gen::arbitrary<bool>(); };
  const bool ignoring = random();
  const bool masked = random();
  const bool pending = masked && random();
  const int children = *rc::gen::inRange(0, 3);
  const int descriptor = *rc::gen::inRange(2, 8);  // 2: none beyond
  const uint64_t other = kernel::SignalBit(12);
  contract::Stand stand(
      {}, {.ignored = ignoring ? other : 0, .mask = masked ? kernel::SignalBit(signal) : 0});
  if (pending) stand.kernel.SendFromKernel(kInit, signal);
  for (int i = 0; i < children; ++i) stand.kernel.Fork(kInit);
  if (descriptor > 2) {
    stand.kernel.GiveDescriptor(kInit, descriptor, kernel::Path::kNull, 0);
  }
  // What the kernel does not tell, it is told.
  const auto told = static_cast<uint16_t>(*rc::gen::inRange(0, 128) * contract::kEnteredStreams);
  stand.judge = Judge({.entry = told});
  stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
  stand.Make(kInit, calls::Kill(-1, signal));  // a break, that has the facts
  const int entry =
      (ignoring ? contract::kEnteredIgnoring : 0) | (masked ? contract::kEnteredMasked : 0) |
      (pending ? contract::kEnteredPending : 0) | (children != 0 ? contract::kEnteredParent : 0) |
      (descriptor > 2 ? contract::kEnteredDescriptors : 0) | told;
  const contract::Break* const found = stand.judge.FindBreak(Rule::kSignalsNobodyElse);
  RC_ASSERT(found != nullptr);
  RC_ASSERT(found->facts.entry == entry);
  RC_ASSERT(found->facts.signal == signal);
}

RC_GTEST_PROP(Judge, FindsAllThatAnExecIsGivenWrong, ()) {
  const auto random = [] { return *rc::gen::arbitrary<bool>(); };
  const bool container = random();
  contract::Stand stand(
      {.profile = container ? contract::Profile::kContainer : contract::Profile::kMachine});
  const int without = *rc::gen::inRange(0, 4);  // a stream that is closed; 3: none
  const bool entered_so = random();
  const auto close = [&stand, without](kernel::Pid pid) {
    if (without < 3) stand.kernel.Issue(pid, calls::Close(static_cast<int16_t>(without)));
  };
  if (entered_so) {
    close(kInit);
    stand.judge =
        Judge({.profile = container ? contract::Profile::kContainer : contract::Profile::kMachine});
    stand.Tell({.kind = Step::Kind::kEntered, .pid = kInit});
  }
  const int ignored = *rc::gen::element(0, 10, 34);
  const int masked = *rc::gen::element(0, 12, 64);
  if (ignored != 0) stand.kernel.Issue(kInit, calls::SigAction(ignored, kernel::kSigIgn));
  const kernel::Pid child = stand.Fork();
  if (!entered_so) close(child);
  const bool session = random();
  const bool group = random();
  if (session) stand.Make(child, calls::SetSid());
  if (group && !session) stand.Make(child, calls::SetPgid(0, 0));
  stand.Make(child,
             calls::SigProcMask(kernel::kMaskSet, masked == 0 ? 0 : kernel::SignalBit(masked)));
  const bool leaks = random();
  const bool on_exec = random();
  if (leaks) {
    stand.kernel.GiveDescriptor(child, 5, kernel::Path::kNull,
                                on_exec ? kernel::kOpenCloseOnExec : 0);
  }
  const bool path = random();
  const uint32_t flags = *rc::gen::inRange(0U, 4U);
  stand.Make(child, calls::Exec(path ? kernel::Path::kChild : kernel::Path::kOther, flags));
  stand.kernel.Die(child, 9, false);  // another path is not found
  stand.Move(contract::Cause::kKill, child, 9);
  const int defects =
      (path ? 0 : contract::kOtherPath) |
      ((flags & kernel::kExecArgumentsRight) != 0 ? 0 : contract::kOtherArguments) |
      ((flags & kernel::kExecEnvironmentRight) != 0 ? 0 : contract::kOtherEnvironment) |
      (session || (container && group) ? 0 : contract::kNotApart) |
      (masked == 0 ? 0 : contract::kMasked) | (ignored == 0 ? 0 : contract::kIgnoring) |
      (leaks && !on_exec ? contract::kDescriptors : 0) |
      (without < 3 && !entered_so ? contract::kWithoutStreams : 0);
  const contract::Break* const found = stand.judge.FindBreak(Rule::kStartsChildClean);
  RC_ASSERT((found != nullptr) == (defects != 0));
  if (found == nullptr) return;
  RC_ASSERT(found->number == defects);
  const int first = std::countr_zero(static_cast<unsigned>(defects));
  RC_ASSERT(static_cast<int>(found->facts.how) ==
            static_cast<int>(contract::How::kOtherPath) + first);
  RC_ASSERT(int{found->facts.signal} == (1 << first == contract::kMasked     ? masked
                                         : 1 << first == contract::kIgnoring ? ignored
                                                                             : 0));
}

RC_GTEST_PROP(Judge, TheDelayAndTheDeadlineAreToTheNanosecond, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  const uint64_t end_ns = stand.kernel.now_ns();
  stand.EndWell("1\n");
  const bool of_delay = *rc::gen::arbitrary<bool>();
  const uint64_t after_ns = Near(of_delay ? contract::kDelayNs : contract::kRestartWithinNs);
  stand.PassTo(end_ns + after_ns);
  const bool late = stand.judge.verdict(Rule::kAlwaysRestarts) == Verdict::kBroken;
  RC_ASSERT(late == (after_ns > contract::kRestartWithinNs));
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  const bool early = stand.judge.verdict(Rule::kWaitsOutTheDelay) == Verdict::kBroken;
  RC_ASSERT(early == (after_ns < contract::kDelayNs));
}

// Time in which it was kept from running is not its own.
RC_GTEST_PROP(Judge, TheTimeOfAFailedStartIsToTheNanosecond, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.StartThatFails();
  uint64_t since_ns = stand.kernel.now_ns();
  stand.Make(child, calls::Sleep(100 * kSecondNs));
  stand.Wait();
  if (*rc::gen::arbitrary<bool>()) {
    stand.kernel.Keep(child, true);
    stand.Move(contract::Cause::kOther, child);
    stand.PassTo(stand.kernel.now_ns() + Near(contract::kRestartWithinNs));
    since_ns = stand.kernel.now_ns();
    stand.kernel.Keep(child, false);
    stand.Move(contract::Cause::kOther, child);
  }
  const uint64_t after_ns = Near(contract::kRestartWithinNs);
  stand.PassTo(since_ns + after_ns);
  const bool late = stand.judge.verdict(Rule::kAlwaysRestarts) == Verdict::kBroken;
  RC_ASSERT(late == (after_ns > contract::kRestartWithinNs));
}

// It may be frozen after the last step that was told.
RC_GTEST_PROP(Judge, TheDeadlineLeavesOutFrozenTime, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 1);
  uint64_t used_ns = 0 - stand.kernel.now_ns();
  stand.EndWell("1\n");
  stand.Wait();
  used_ns += stand.kernel.now_ns();
  for (int spans = *rc::gen::inRange(1, 6); spans > 0; --spans) {
    const bool frozen = *rc::gen::arbitrary<bool>();
    const uint64_t time_ns =
        *rc::gen::element(10 * kSecondNs, Near(contract::kRestartWithinNs / 2), kSecondNs);
    if (frozen) {
      stand.kernel.SendFromAncestor(kInit, kernel::kSigStop);
      const bool told = *rc::gen::arbitrary<bool>();
      if (told) stand.Move(contract::Cause::kUntracedStop, kInit, kernel::kSigStop);
    }
    stand.PassTo(stand.kernel.now_ns() + time_ns);
    if (!frozen) used_ns += time_ns;
    if (!frozen) continue;
    stand.kernel.SendFromAncestor(kInit, kernel::kSigCont);
    stand.Move(contract::Cause::kContinue, kInit, kernel::kSigCont);
  }
  const bool late = stand.judge.verdict(Rule::kAlwaysRestarts) == Verdict::kBroken;
  RC_ASSERT(late == (used_ns > contract::kRestartWithinNs));
}

RC_GTEST_PROP(Judge, ThePauseIsToTheNanosecond, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, 0);
  stand.RefuseRestarts();
  stand.EndWell("0\n");
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  const uint64_t after_ns = Near(contract::kPauseNs);
  stand.PassTo(stand.kernel.now_ns() + after_ns);
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  const bool early = stand.judge.verdict(Rule::kAlwaysRestarts) == Verdict::kBroken;
  RC_ASSERT(early == (after_ns < contract::kPauseNs));
}

RC_GTEST_PROP(Judge, WaitsWithoutBoundAreJudgedByTheListAndOfInitAlone, ()) {
  constexpr uint64_t kAll = kernel::kAllSignals;
  constexpr uint64_t kForever = kernel::kForever;
  const std::vector<kernel::Call> bounded = {
      calls::SigTimedWait(kAll, kSecondNs), calls::Sleep(kSecondNs), calls::Poll(0, kSecondNs),
      calls::EpollWait(3, kSecondNs), calls::Fork(kernel::kCloneVfork)};
  const std::vector<kernel::Call> unbounded = {
      calls::SigTimedWait(kAll),     calls::Sleep(kForever), calls::Poll(0, kForever),
      calls::EpollWait(3, kForever), calls::Pause(),         calls::Wait4(-1)};
  const bool without_bound = *rc::gen::arbitrary<bool>();
  const auto call = *rc::gen::elementOf(without_bound ? unbounded : bounded);
  contract::CallList list;
  list.kinds = ~uint64_t{0};
  const bool listed = *rc::gen::arbitrary<bool>();
  if (listed) list.waits = kernel::KindBit(call.kind);
  contract::Stand stand({.calls = &list});
  const kernel::Pid child = stand.Start();
  const bool by_init = *rc::gen::arbitrary<bool>();
  stand.Make(kInit, calls::EpollCreate());
  const kernel::Pid helper = stand.Fork();
  if (call.kind == kernel::CallKind::kWait4) stand.kernel.Fork(helper);
  stand.Make(by_init ? kInit : helper, call);
  RC_ASSERT(stand.kernel.Exists(child));
  const bool broken = stand.judge.verdict(Rule::kKeepsToItsCalls) == Verdict::kBroken;
  RC_ASSERT(broken == (by_init && without_bound && !listed));
}

RC_GTEST_PROP(Judge, CallsAreJudgedByTheListWhoeverMakesThem, ()) {
  const std::vector<kernel::Call> some = {calls::Sync(), calls::ClockRead(), calls::GetId(0),
                                          calls::SetSid(), calls::EpollCreate()};
  const auto listed = *rc::gen::elementOf(some);
  const auto call = *rc::gen::elementOf(some);
  contract::CallList list;
  list.kinds = kernel::KindBit(listed.kind);
  contract::Stand stand;
  const kernel::Pid helper = stand.Fork();
  stand.judge = Judge({.calls = &list});
  const bool by_init = *rc::gen::arbitrary<bool>();
  stand.Make(by_init ? kInit : helper, call);
  const contract::Break* const found = stand.judge.FindBreak(Rule::kKeepsToItsCalls);
  RC_ASSERT((found != nullptr) == (call.kind != listed.kind));
  if (found == nullptr) return;
  RC_ASSERT(found->facts.how == contract::How::kOtherCommand);
  RC_ASSERT(found->facts.whose == (by_init ? contract::Whose::kNobody : contract::Whose::kHelper));
  RC_ASSERT(found->number == static_cast<int>(call.kind));
}

RC_GTEST_PROP(Judge, OfAnExitTheLowByteIsTheStatus, (uint8_t status, uint16_t code)) {
  contract::Stand stand({.profile = contract::Profile::kContainer});
  const kernel::Pid child = stand.Start();
  stand.Wait();
  stand.Exit(child, status);
  stand.Return(kInit);
  stand.Make(kInit, calls::Wait4(-1, kernel::kWaitNoHang));
  const int exits = *rc::gen::arbitrary<bool>() ? code : 256 * (code & 0xff) + status;
  stand.Make(kInit, calls::Exit(exits));
  const bool broken = stand.judge.verdict(Rule::kExitsWithStatus) == Verdict::kBroken;
  RC_ASSERT(broken == ((exits & 0xff) != status));
}

// It is told that init makes a call: that is all that is counted.
template <typename World>
void Call(contract::StandOf<World>& stand, uint64_t times) {
  const Step step{
      .kind = Step::Kind::kCalls, .by_init = true, .pid = kInit, .call = calls::ClockRead()};
  for (uint64_t i = 0; i < times; ++i) stand.Tell(step);
}

RC_GTEST_PROP(Judge, CallsOfASecondAreCountedFromTheFirst, ()) {
  contract::Stand stand;
  stand.kernel.SetCallTime(0);
  stand.Start();
  stand.Wait(1);
  uint64_t since_ns = 0;
  uint64_t count = 0;
  bool broken = false;
  const auto makes = [&](uint64_t times) {
    const uint64_t now_ns = stand.kernel.now_ns();
    if (count == 0 || now_ns - since_ns >= kSecondNs) {
      count = 0;
      since_ns = now_ns;
    }
    count += times;
    broken |= count > contract::kCallsInASecond;
  };
  for (int bursts = *rc::gen::inRange(1, 5); bursts > 0; --bursts) {
    stand.PassTo(stand.kernel.now_ns() + *rc::gen::element(kSecondNs / 2, Near(kSecondNs)));
    stand.Return(kInit);
    const uint64_t times = *rc::gen::element<uint64_t>(1, 100, 198, 199, 200);
    makes(times);
    Call(stand, times);
    if (*rc::gen::arbitrary<bool>()) stand.PassTo(stand.kernel.now_ns() + Near(kSecondNs));
    makes(1);
    stand.Wait(1);
  }
  RC_ASSERT((stand.judge.verdict(Rule::kComesToRest) == Verdict::kBroken) == broken);
}

RC_GTEST_PROP(Judge, WhatThereIsToDoIsWorthEightCallsEach, ()) {
  contract::LargeStand stand;
  const kernel::Pid oldest = stand.kernel.Fork(kInit);
  stand.Start();
  const kernel::Pid helper = stand.Fork();
  const kernel::Pid stranger = stand.kernel.Fork(stand.kernel.Fork(kInit));
  stand.kernel.Issue(stranger, calls::SetSid());
  stand.kernel.Issue(stranger, calls::SigProcMask(kernel::kMaskSet, 0));
  stand.Make(kInit, calls::Ptrace(kernel::kPtraceSeize, stranger));
  stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(15)));
  stand.Rest();
  const int dead = *rc::gen::inRange(0, 3);
  const int traced = *rc::gen::inRange(0, 3);
  const int stopped = *rc::gen::inRange(0, 2);
  const int queued = *rc::gen::inRange(0, 3);
  const int to_thread = *rc::gen::inRange(0, 2);
  const int to_itself = *rc::gen::inRange(0, 3);
  const bool of_helper = *rc::gen::arbitrary<bool>();  // then others send it, and it is to be done
  const int signal = *rc::gen::element(34, 63, 64);
  for (int i = 0; i < dead; ++i) {
    stand.kernel.Exit(i == 0 ? oldest : stand.kernel.Fork(kInit), 0);
  }
  for (int i = 0; i < traced + stopped; ++i) {
    const kernel::Pid pid = stand.kernel.Fork(kInit);
    stand.kernel.Issue(pid, calls::SigProcMask(kernel::kMaskSet, 0));
    if (i < traced) stand.kernel.Issue(pid, calls::Ptrace(kernel::kPtraceTraceMe));
    stand.kernel.SendFromKernel(pid, kernel::kSigStop);
  }
  const bool stranger_stops = *rc::gen::arbitrary<bool>();
  if (stranger_stops) stand.kernel.SendFromKernel(stranger, kernel::kSigStop);
  for (int i = 0; i < queued; ++i) stand.kernel.QueueFromAncestor(kInit, signal);
  for (int i = 0; i < to_thread; ++i) stand.kernel.SendToThreadFromAncestor(kInit, 20);
  stand.kernel.SendFromKernel(kInit, 15);
  stand.Move(contract::Cause::kSignal, kInit, 15);
  // That wakes init; SIGCHLD is one more.
  const int of_children = dead + traced + stopped + (stranger_stops ? 1 : 0);
  const int things = of_children + (of_children != 0 ? 1 : 0) + queued + to_thread + 1;
  stand.Return(kInit);
  const auto bound =
      contract::kCallsToRest + contract::kCallsForEach * static_cast<uint64_t>(things);
  const bool one_more = *rc::gen::arbitrary<bool>();
  // What it sends itself is nothing that there was to do.
  for (int i = 0; i < to_itself; ++i) {
    stand.Make(of_helper ? helper : kInit, calls::Kill(*rc::gen::element(0, kInit), 28));
    stand.Make(kInit, calls::SigTimedWait(kernel::SignalBit(28), 0));
  }
  const auto times = static_cast<uint64_t>(to_itself);
  const uint64_t allowed =
      of_helper ? bound + (contract::kCallsForEach - 1) * times : bound - 2 * times;
  Call(stand, allowed + (one_more ? 1 : 0));
  RC_ASSERT((stand.judge.verdict(Rule::kComesToRest) == Verdict::kBroken) == one_more);
}

// Of those that stop some are let go and some die, in any order.
RC_GTEST_PROP(Judge, FindsWhoIsHeld, ()) {
  contract::Stand stand;
  stand.Start();
  const int count = *rc::gen::inRange(1, 4);
  std::vector<kernel::Pid> held;
  for (int i = 0; i < count; ++i) {
    const kernel::Pid pid = stand.kernel.Fork(kInit);
    stand.kernel.Issue(pid, calls::SigProcMask(kernel::kMaskSet, 0));
    stand.kernel.Issue(pid, calls::Ptrace(kernel::kPtraceTraceMe));
    stand.kernel.SendFromKernel(pid, 10);
    stand.Move(contract::Cause::kTracedStop, pid, 10);
    held.push_back(pid);
  }
  stand.ReapAll();
  for (int left = *rc::gen::inRange(0, count + 1); left > 0; --left) {
    const auto at = *rc::gen::inRange<std::size_t>(0, held.size());
    const kernel::Pid pid = held[at];
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    if (*rc::gen::arbitrary<bool>()) {
      stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, pid, 10));
    } else {
      stand.kernel.Die(pid, 9, false);
      stand.Move(contract::Cause::kKill, pid, 9);
    }
    stand.ReapAll();
  }
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  stand.Wait();
  const contract::Break* const found = stand.judge.FindBreak(Rule::kFreesTheTraced);
  RC_ASSERT((found != nullptr) == !held.empty());
  if (found != nullptr) RC_ASSERT(std::find(held.begin(), held.end(), found->pid) != held.end());
}

// Of as many as there is room for it is known what each stopped with.
RC_GTEST_PROP(Judge, KnowsTheSignalOfAsManyStopsAsThereIsRoomFor, ()) {
  constexpr int kRoom = 8;
  contract::LargeStand stand;
  stand.Start();
  std::vector<kernel::Pid> stopped;
  for (int i = *rc::gen::inRange(1, kRoom + 3); i > 0; --i) {
    stopped.push_back(stand.AddTracee());
    stand.StopTracee(stopped.back(), 10);
  }
  const auto at = *rc::gen::inRange<std::size_t>(0, stopped.size());
  const bool again = *rc::gen::arbitrary<bool>();  // with a signal that is not passed on
  if (again) {
    stand.Make(kInit, calls::Ptrace(kernel::kPtraceContinue, stopped[at], 0));
    stand.StopTracee(stopped[at], *rc::gen::element(kernel::kSigStop, kernel::kSigTrap));
  }
  const int data = *rc::gen::element(0, 10, 12);
  stand.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, stopped[at], data));
  const bool wrong = data != (again ? 0 : 10);
  const contract::Break* const found = stand.judge.FindBreak(Rule::kFreesTheTraced);
  RC_ASSERT((found != nullptr) == (wrong && at < kRoom));
  if (found == nullptr) return;
  RC_ASSERT(found->number == data);
  RC_ASSERT(found->expected == (again ? 0 : 10));
}

// Of more helpers than there is room for any may have been killed; of fewer none was.
RC_GTEST_PROP(Judge, FollowsAsManyHelpersAsThereIsRoomFor, ()) {
  constexpr int kRoom = 6;
  contract::Stand stand;
  stand.EndChild(1);
  stand.ReapAll();
  const int helpers = *rc::gen::inRange(0, kRoom + 2);
  for (int i = 0; i < helpers; ++i) stand.Fork();
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  const bool unsynced = stand.judge.verdict(Rule::kSyncsFirst) == Verdict::kBroken;
  RC_ASSERT(unsynced == (helpers <= kRoom));
}

// All taken before one of another number, which is sent first: the order is known of as many as
// there is room for.
RC_GTEST_PROP(Judge, KnowsTheOrderOfAsManySignalsAsThereIsRoomFor, ()) {
  constexpr int kRoom = 64;
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  const int before = *rc::gen::inRange(1, kRoom + 2);
  for (int i = 0; i < before; ++i) stand.Send(40);
  stand.Send(50);
  for (int i = 0; i <= before; ++i) {
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  }
  stand.Make(kInit, calls::Kill(-child, 50));
  stand.Make(kInit, calls::Kill(-child, 40));
  const contract::Break* const found = stand.judge.FindBreak(Rule::kForwardsInOrder);
  RC_ASSERT((found != nullptr) == (before < kRoom));
  if (found == nullptr) return;
  RC_ASSERT(found->number == 40);
  RC_ASSERT(found->expected == 50);
}

// Helpers end, or who was stopped is let go, in any order: once all have, nothing is left of it.
RC_GTEST_PROP(Judge, OfWhoIsGoneTheOrderIsForgotten, (bool helpers)) {
  contract::Stand stand;
  if (helpers) {
    stand.EndChild(1);
  } else {
    stand.Start();
  }
  std::vector<kernel::Pid> left;
  for (int i = *rc::gen::inRange(2, 6); i > 0; --i) {
    left.push_back(helpers ? stand.Fork() : stand.AddTracee());
    if (!helpers) stand.StopTracee(left.back(), 10);
  }
  contract::Stand in_turn = stand;
  const auto go = [helpers](contract::Stand& from, kernel::Pid pid) {
    if (helpers) {
      from.Make(pid, calls::Exit(0));
    } else {
      from.Make(kInit, calls::Ptrace(kernel::kPtraceDetach, pid, 10));
    }
  };
  for (const kernel::Pid pid : left) go(in_turn, pid);
  while (!left.empty()) {
    const auto at = *rc::gen::inRange<std::size_t>(0, left.size());
    go(stand, left[at]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  RC_ASSERT(stand.judge == in_turn.judge);
}

RC_GTEST_PROP(Judge, OfSignalsAlikeAsManyAreSentAsWereTaken, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  const int taken = *rc::gen::inRange(1, 4);
  const int sent = *rc::gen::inRange(0, 5);
  for (int i = 0; i < taken; ++i) stand.Send(40);
  for (int i = 0; i < taken; ++i) {
    stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
    if (i < sent) stand.Make(kInit, calls::Kill(-child, 40));
  }
  for (int i = taken; i < sent; ++i) stand.Make(kInit, calls::Kill(-child, 40));
  stand.Wait();
  const bool broken = stand.judge.verdict(Rule::kForwardsEverySignal) == Verdict::kBroken;
  RC_ASSERT(broken == (sent != taken));
}

// Before the child's end a line with one number is taken for the end; what is refused is no part of it.
RC_GTEST_PROP(Judge, ALineIsWhatWasWrittenOfIt, ()) {
  contract::Stand stand;
  stand.Start();
  stand.kernel.Issue(kInit, calls::SetNonBlock(2, true));
  std::string written;
  for (int pieces = *rc::gen::inRange(0, 5); pieces > 0; --pieces) {
    const char* const piece = *rc::gen::element("7", " ", "x");
    const bool refused = *rc::gen::arbitrary<bool>();
    kernel::Faults faults;
    if (refused) faults.console_room = 0;
    stand.kernel.SetFaults(faults);
    stand.Make(kInit, calls::Write(2, 1), piece);
    if (!refused) written += piece;
  }
  stand.kernel.SetFaults({});
  stand.Make(kInit, calls::Write(2, 1), "\n");
  contract::ConsoleLine line;
  line.Add(written, "/core", false);
  const bool broken = stand.judge.verdict(Rule::kEndsOnlyWithChild) == Verdict::kBroken;
  RC_ASSERT(broken == line.has_one_number());
}

// Of the lines begun after the child's end the first with one number is the report.
RC_GTEST_PROP(Judge, TheFirstNumberAloneInALineBegunAfterTheEndIsTheReport, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  std::string line;
  const auto text = [] { return *rc::gen::element<std::string>("", "x", "1 1"); };
  line = text();
  stand.Make(kInit, calls::Write(2, static_cast<int>(line.size())), line);
  bool begun_before = !line.empty();
  stand.Wait();
  stand.Exit(child, 0);
  stand.Return(kInit);
  stand.ReapAll();
  std::optional<int> reported;
  for (int lines = *rc::gen::inRange(0, 4); lines > 0; --lines) {
    const std::string piece = *rc::gen::element<std::string>("0", "1", "x", "= -0", "0 0", "");
    line += piece;
    contract::ConsoleLine read;
    read.Add(line, "/core", true);
    if (read.has_one_number() && !begun_before && !reported) reported = read.number();
    stand.Make(kInit, calls::Write(2, static_cast<int>(piece.size()) + 1), piece + "\n");
    line.clear();
    begun_before = false;
  }
  stand.Make(kInit, calls::Sync());
  stand.Make(kInit, calls::Reboot(kernel::kRebootRestart));
  const contract::Break* const found = stand.judge.FindBreak(Rule::kReportsStatus);
  RC_ASSERT((found == nullptr) == (reported == 0));
  if (found == nullptr) return;
  RC_ASSERT(found->facts.how ==
            (reported.has_value() ? contract::How::kWrongValue : contract::How::kNever));
  RC_ASSERT(found->number == reported.value_or(0));
}

// Of two that write to it at once, as it is told: whose write came last takes its own back, if it was
// refused.
RC_GTEST_PROP(Judge, OfTwoThatWriteAtOnceWhoCameLastTakesBackItsOwn, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  std::string line;
  std::string before;
  kernel::Pid last = 0;
  const auto tell = [&stand](kernel::Pid pid, std::string_view text, int value, bool begins) {
    stand.Tell({.kind = begins ? Step::Kind::kCalls : Step::Kind::kReturns,
                .by_init = pid == kInit,
                .to_console = true,
                .pid = pid,
                .call = calls::Write(2, 1),
                .result = {.value = value},
                .text = text});
  };
  std::set<kernel::Pid> writing;
  for (int i = *rc::gen::inRange(1, 9); i > 0; --i) {
    const kernel::Pid pid = *rc::gen::element(kInit, child);
    if (writing.insert(pid).second) {
      const std::string text = *rc::gen::element<std::string>("7", " ", "x");
      before = line;
      line += text;
      last = pid;
      tell(pid, text, 0, true);
    } else {
      writing.erase(pid);
      const bool refused = *rc::gen::arbitrary<bool>();
      if (last == pid && refused) line = before;
      if (last == pid) last = 0;
      tell(pid, "", refused ? *rc::gen::element(0, -EAGAIN) : 1, false);
    }
  }
  contract::ConsoleLine read;
  read.Add(line, "/core", false);
  stand.Make(kInit, calls::Write(2, 1), "\n");
  const bool broken = stand.judge.verdict(Rule::kEndsOnlyWithChild) == Verdict::kBroken;
  RC_ASSERT(broken == read.has_one_number());
}

// Signals and deaths that somebody else is told of, and what it sent, are not init's, though its own
// kill may be under way.
RC_GTEST_PROP(Judge, WhatOthersAreToldOfIsNothingToInit, ()) {
  contract::Stand stand;
  const kernel::Pid child = stand.Start();
  const kernel::Pid helper = stand.Fork();
  stand.Send(10);
  stand.Make(kInit, calls::SigTimedWait(kernel::kAllSignals, 0));
  if (*rc::gen::arbitrary<bool>()) {
    stand.Tell({.kind = Step::Kind::kCalls,
                .by_init = true,
                .pid = kInit,
                .call = calls::Kill(-child, 10)});
  }
  Step step{.kind = Step::Kind::kReturns, .owed = true, .signal = 12, .pid = helper};
  step.result = {.signal = 12, .owed = true, .value = 12};
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      step.kind = Step::Kind::kHandler;
      break;
    case 1:
      step.call = calls::SigTimedWait(kernel::kAllSignals);
      break;
    case 2:
      step.call = calls::Wait4(-1);
      break;
    case 3:
      step.call = calls::Kill(-child, 10);
      step.result.value = *rc::gen::element(0, -ESRCH);
      break;
    default:
      step.call = calls::Fork();
      step.result.value = *rc::gen::element(20, -EAGAIN);
      break;
  }
  const Judge before = stand.judge;
  stand.Tell(step);
  RC_ASSERT(Same(before, stand.judge));
  RC_ASSERT(before.SameFuture(stand.judge));
}

// Whether what two of the rules speak of ever happened.
struct Occasions {
  Judge judge;
  int sends = 0;
  bool traced = false;
  void On(const Step& step, const Kernel& kernel) {
    judge.Observe(step, kernel);
    sends += step.by_init && step.kind == Step::Kind::kReturns &&
             step.call.kind == kernel::CallKind::kKill;
    // Nothing else makes a tracer of init.
    if (step.kind != Step::Kind::kMove && step.kind != Step::Kind::kEntered) return;
    for (int i = 1; i < kernel.size() && !traced; ++i) {
      traced = kernel.Look(kernel.PidAt(i)).tracer == kernel::kInit;
    }
  }
};

RC_GTEST_PROP(Judge, IsSilentOfWhatDidNotOccur, (const Story& story)) {
  Occasions occasions;
  Hear(story, nullptr, occasions);
  const Judge& judge = occasions.judge;
  if (occasions.sends < 2) RC_ASSERT(judge.verdict(Rule::kForwardsInOrder) == Verdict::kSilent);
  if (!occasions.traced) RC_ASSERT(judge.verdict(Rule::kFreesTheTraced) == Verdict::kSilent);
  RC_ASSERT(judge.verdict(Rule::kKeepsToItsCalls) == Verdict::kSilent);
  RC_ASSERT(judge.verdict(Rule::kExitsWithStatus) == Verdict::kSilent);
}

RC_GTEST_PROP(Judge, SpeaksOfTheEndInEveryRun, (const Story& story)) {
  Occasions occasions;
  Hear(story, nullptr, occasions);
  for (const Rule rule :
       {Rule::kReportsStatus, Rule::kSyncsFirst, Rule::kWaitsOutTheDelay, Rule::kAlwaysRestarts}) {
    RC_ASSERT(occasions.judge.verdict(rule) == Verdict::kHolds);
  }
}

}  // namespace
}  // namespace minit::proptest
