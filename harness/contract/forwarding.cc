// Rules 2 to 4: which signals init took, and whom it sent what.
//
// What was taken since the last rest stands in a list, in that order. A send uses up one of the same
// number behind the last one used, so the sends are in order exactly if there always is one; found
// only before it, the order is wrong. At rest each that was owed has to be used up, itself or by an
// equal one that was not owed.

#include <algorithm>
#include <bit>
#include <cerrno>

#include "harness/contract/judge.h"
#include "harness/contract/waits.h"

namespace minit::contract {
namespace {

using kernel::CallKind;
using kernel::kInit;

constexpr bool IsNeverOwed(int signal) {
  return signal == kernel::kSigKill || signal == kernel::kSigStop || signal == kernel::kSigChld;
}

// What is sent need not be a signal at all: -EINTR has been seen.
constexpr bool IsSignal(int number) { return number >= 1 && number <= kernel::kSigRtMax; }

Facts OfSignal(int signal, How how, Whose whose = Whose::kNobody) {
  if (!IsSignal(signal)) {
    return {.cause = Cause::kOther, .whose = whose, .how = how};
  }
  return {
      .cause = Cause::kSignal, .signal = static_cast<uint8_t>(signal), .whose = whose, .how = how};
}

}  // namespace

void Judge::Take(int signal, bool owed) {
  ++effort_.credit;
  past_.told = signal == kernel::kSigChld ? Cause::kNone : Cause::kSignal;
  past_.told_signal = static_cast<uint8_t>(signal);
  past_.told_of = 0;
  past_.taken |= kernel::SignalBit(signal);
  if (IsNeverOwed(signal) || life_.reaped) return;
  const bool must = owed && !life_.dead && !ChildIsInDoubt() &&
                    (forwarding_.doubtful & kernel::SignalBit(signal)) == 0;
  if (owed) Speak(Rule::kForwardsEverySignal);
  if (forwarding_.count == kMaxTaken) {
    forwarding_.overflowed = true;
    return;
  }
  forwarding_.taken[forwarding_.count++] = Forwarding::Taken::Of(signal, must);
}

// Ever.
bool Judge::WasTaken(int signal) const {
  return IsSignal(signal) && (past_.taken & kernel::SignalBit(signal)) != 0;
}

int Judge::FindTaken(int signal, int from) const {
  for (int i = from; i < forwarding_.count; ++i) {
    const Forwarding::Taken& taken = forwarding_.taken[static_cast<std::size_t>(i)];
    if (taken.signal() == signal && !taken.sent) return i;
  }
  return -1;
}

// A send begins. Whatever it returns, it is one.
void Judge::OnSend(const Step& step, const Kernel& kernel) {
  const kernel::Call& call = step.call;
  forwarding_.sending = 0;
  const bool kill = call.kind == CallKind::kKill;
  const bool to_whole = call.kind != CallKind::kThreadKill;
  // What init sends itself does not excuse that it has to take it (rule 15).
  const bool to_itself = call.pid == kInit || (kill && call.pid == 0);
  if (step.by_init && to_itself && effort_.credit != 0) --effort_.credit;
  const Pid named = call.kind == CallKind::kThreadKill        ? call.value
                    : call.kind == CallKind::kPidFdSendSignal ? life_.child
                                                              : call.pid;
  const bool to_group = kill && life_.child > 1 && call.pid == -life_.child;
  const bool to_process = life_.child > 1 && named == life_.child;
  if (step.by_init && !life_.reaped && (to_group || to_process)) {
    OnSendToChild(call.signal, to_group || (to_whole && terms_.profile == Profile::kContainer),
                  kernel);
    return;
  }
  const bool late = life_.reaped && (to_group || to_process);
  const Pid target = named < -1 ? -named : named;
  const Whose whose = late || target == -1 ? Whose::kStranger : WhoseIs(target, kernel);
  const How how = !late ? How::kPlain : WasTaken(call.signal) ? How::kLate : How::kNeverTaken;
  // Before anybody has called exec, each of them may be the child.
  if (whose == Whose::kHelper && !life_.known && (life_.ended || MayHaveEnded())) return;
  Fail(Rule::kSignalsNobodyElse, kernel,
       {.facts = OfSignal(call.signal, how, whose), .pid = named, .number = call.signal});
}

void Judge::OnSendToChild(int signal, bool rightly, const Kernel& kernel) {
  int at = FindTaken(signal, forwarding_.cursor);
  if (at < 0) {
    at = FindTaken(signal, 0);
    // What found no room in the list may be this one.
    if (at >= 0 && !forwarding_.overflowed) {
      Fail(Rule::kForwardsInOrder, kernel,
           {.facts = OfSignal(signal, How::kLate),
            .number = signal,
            .expected = forwarding_.taken[forwarding_.cursor - 1U].signal()});
    }
  }
  if (at >= 0 && rightly) {
    forwarding_.sending = static_cast<uint8_t>(at + 1);
    return;
  }
  if (at >= 0) {
    forwarding_.taken[static_cast<std::size_t>(at)].sent = true;
    Fail(Rule::kForwardsEverySignal, kernel,
         {.facts = OfSignal(signal, How::kProcessOnly), .pid = life_.child, .number = signal});
    return;
  }
  if (forwarding_.overflowed) return;
  auto* const end = forwarding_.taken.data() + forwarding_.count;
  auto* const other = std::find_if(forwarding_.taken.data(), end,
                                   [](const Forwarding::Taken& it) { return it.owed && !it.sent; });
  if ((forwarding_.ever_sent & kernel::SignalBit(signal)) != 0) {
    Fail(Rule::kForwardsEverySignal, kernel,
         {.facts = OfSignal(signal, How::kTwice), .pid = life_.child, .number = signal});
  } else if (other != end) {
    other->sent = true;
    Fail(Rule::kForwardsEverySignal, kernel,
         {.facts = OfSignal(other->signal(), How::kOtherNumber),
          .pid = life_.child,
          .number = signal,
          .expected = other->signal()});
  } else {
    Fail(Rule::kSignalsNobodyElse, kernel,
         {.facts = OfSignal(signal, How::kNeverTaken, WhoseIs(life_.child, kernel)),
          .pid = life_.child,
          .number = signal});
  }
}

void Judge::OnSent(const Step& step) {
  if (forwarding_.sending == 0) return;
  const auto at = static_cast<std::size_t>(forwarding_.sending - 1);
  forwarding_.sending = 0;
  if (step.result.value != 0) {
    if (step.result.value == -ESRCH)
      forwarding_.refused |= kernel::SignalBit(forwarding_.taken[at].signal());
    return;
  }
  Forwarding::Taken& taken = forwarding_.taken[at];
  taken.sent = true;
  forwarding_.ever_sent |= kernel::SignalBit(taken.signal());
  forwarding_.cursor = std::max(forwarding_.cursor, static_cast<uint8_t>(at + 1));
  if (forwarding_.sends < 2) ++forwarding_.sends;
  if (forwarding_.sends == 2) Speak(Rule::kForwardsInOrder);
}

// At rest. If init was not woken by what came, it rests again only if nothing but a signal or the
// like can wake it: one that sleeps for a time may still do what it owes when that is over.
void Judge::CheckForwarded(const Kernel& kernel, bool fresh) {
  const bool alive = life_.child != 0 && !life_.dead && !ChildIsInDoubt();
  if (alive && (fresh || WaitsWithoutBound(kernel.LastCall(kInit)))) {
    const uint64_t owed = kernel.Owed() & ~forwarding_.doubtful;
    if (owed != 0) {
      const int signal = std::countr_zero(owed) + 1;
      Speak(Rule::kForwardsEverySignal);
      Fail(Rule::kForwardsEverySignal, kernel,
           {.facts = OfSignal(signal, How::kNeverTaken), .number = signal});
    }
  }
  if (!fresh || forwarding_.count == 0) return;
  if (alive) CheckSent(kernel);
  KeepWhatMayBeSent();
}

// The child has no group yet: it was given no time to make one, or takes it by a call of its own.
How Judge::WhyRefused(const Kernel& kernel) const {
  const kernel::View child = kernel.Look(life_.child);
  const bool has_group = child.group == life_.child;
  return !has_group && BlocksBeforeExec(child) ? How::kChildBlocked : How::kNoSuchProcess;
}

void Judge::CheckSent(const Kernel& kernel) {
  auto* const begin = forwarding_.taken.data();
  auto* const end = begin + forwarding_.count;
  for (auto* taken = begin; taken != end; ++taken) {
    if (!taken->owed || taken->sent) continue;
    auto* const instead = std::find_if(begin, end, [taken](const Forwarding::Taken& other) {
      return other.signal() == taken->signal() && other.sent && !other.owed;
    });
    if (instead != end) {
      std::swap(*instead, *taken);
      continue;
    }
    const bool refused = (forwarding_.refused & kernel::SignalBit(taken->signal())) != 0;
    const How how = refused ? WhyRefused(kernel) : How::kTakenNotSent;
    Fail(Rule::kForwardsEverySignal, kernel,
         {.facts = OfSignal(taken->signal(), how), .pid = life_.child, .number = taken->signal()});
  }
}

// What was not sent may be, later; that it was owed has been judged.
void Judge::KeepWhatMayBeSent() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < forwarding_.count; ++i) {
    const Forwarding::Taken taken = forwarding_.taken[i];
    if (!taken.sent) forwarding_.taken[kept++] = Forwarding::Taken::Of(taken.signal(), false);
  }
  for (std::size_t i = kept; i < forwarding_.count; ++i) forwarding_.taken[i] = {};
  forwarding_.count = static_cast<uint8_t>(kept);
  forwarding_.cursor = forwarding_.sending = 0;
  forwarding_.refused = 0;
  forwarding_.overflowed = false;
}

}  // namespace minit::contract
