#include "harness/contract/facts.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <span>

namespace minit::contract {
namespace {

// In the order of the enums and of the bits.
constexpr std::array<const char*, kPhaseCount> kPhases = {"starting", "running", "ended", "waiting",
                                                          "after-refusal"};
constexpr std::array<const char*, 13> kEntries = {
    "ignoring",  "masked",     "pending",      "parent",    "descriptors",
    "streams",   "queue",      "environment",  "arguments", "without-files",
    "namespace", "old-kernel", "ignoring-chld"};
constexpr std::array<const char*, 5> kFaults = {"forks", "execs", "reboots", "sync", "console"};
constexpr std::array<const char*, 9> kCauses = {
    "none", "exit", "kill", "core", "untraced-stop", "traced-stop", "continue", "signal", "fault"};
constexpr const char* kOtherCause = "other";
constexpr std::array<const char*, 8> kWhoses = {
    "nobody", "child", "child-before-exec", "orphan", "inherited", "thread", "helper", "stranger"};
constexpr std::array<const char*, kHowCount> kHows = {
    "plain",       "never-taken",  "taken-not-sent",  "esrch",
    "twice",       "process-only", "other-number",    "early",
    "late",        "never",        "other-command",   "wrong-value",
    "passed-over", "other-path",   "other-arguments", "other-environment",
    "not-apart",   "terminal",     "signals-blocked", "signals-ignored",
    "descriptors", "streams",      "child-blocked"};
constexpr const char* kAny = "any";

std::string Joined(std::span<const char* const> names, unsigned bits, const char* none) {
  std::string joined;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((bits >> i & 1) == 0) continue;
    if (!joined.empty()) joined += '+';
    joined += names[i];
  }
  return joined.empty() ? none : joined;
}

std::string CauseText(const FactsPattern& pattern) {
  if ((pattern.open & FactsPattern::kCause) != 0) return kAny;
  std::string text = NameOf(pattern.facts.cause);
  if (pattern.facts.cause != Cause::kSignal) return text;
  text += '-';
  const bool open = (pattern.open & FactsPattern::kSignal) != 0;
  return text + (open ? std::string(kAny) : std::to_string(pattern.facts.signal));
}

// --- Reading -------------------------------------------------------------------------------------

int IndexOf(std::span<const char* const> names, std::string_view word) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (word == names[i]) return static_cast<int>(i);
  }
  return -1;
}

// Words joined by '+', or `none`. -1: one of them is not known.
int BitsOf(std::span<const char* const> names, std::string_view text, const char* none) {
  if (text == none) return 0;
  int bits = 0;
  while (true) {
    const std::size_t plus = text.find('+');
    const int index = IndexOf(names, text.substr(0, plus));
    if (index < 0) return -1;
    bits |= 1 << index;
    if (plus == std::string_view::npos) return bits;
    text.remove_prefix(plus + 1);
  }
}

int ReadCause(std::string_view value, FactsPattern* pattern) {
  constexpr std::string_view kSignalPrefix = "signal-";
  if (value == kOtherCause) return static_cast<int>(Cause::kOther);
  if (!value.starts_with(kSignalPrefix)) {
    const int index = IndexOf(kCauses, value);
    return index == static_cast<int>(Cause::kSignal) ? -1 : index;
  }
  value.remove_prefix(kSignalPrefix.size());
  if (value == kAny) {
    pattern->open |= FactsPattern::kSignal;
    return static_cast<int>(Cause::kSignal);
  }
  int signal = 0;
  const char* const end = value.data() + value.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the end is given
  const auto [at, error] = std::from_chars(value.data(), end, signal);
  if (error != std::errc() || at != end || signal < 1 || signal > 64) return -1;
  pattern->facts.signal = static_cast<uint8_t>(signal);
  return static_cast<int>(Cause::kSignal);
}

struct FieldText {
  const char* name;
  FactsPattern::Field field;
  std::span<const char* const> words;
};
constexpr std::array<FieldText, 6> kFields = {{{"phase", FactsPattern::kPhase, kPhases},
                                               {"entry", FactsPattern::kEntry, kEntries},
                                               {"faults", FactsPattern::kFaults, kFaults},
                                               {"cause", FactsPattern::kCause, kCauses},
                                               {"whose", FactsPattern::kWhose, kWhoses},
                                               {"how", FactsPattern::kHow, kHows}}};

// False: the value is none of the field's.
bool ReadField(FactsPattern::Field field, std::string_view value, FactsPattern* pattern) {
  if (value == kAny) {
    pattern->open |= field;
    return true;
  }
  constexpr std::string_view kMore = "+any";
  const bool of_bits = field == FactsPattern::kEntry || field == FactsPattern::kFaults;
  if (of_bits && value.ends_with(kMore)) {
    pattern->open |= field;
    value.remove_suffix(kMore.size());
  }
  Facts& facts = pattern->facts;
  int read = -1;
  switch (field) {
    case FactsPattern::kPhase:
      facts.phase = static_cast<Phase>(read = IndexOf(kPhases, value));
      break;
    case FactsPattern::kEntry:
      facts.entry = static_cast<uint16_t>(read = BitsOf(kEntries, value, "plain"));
      break;
    case FactsPattern::kFaults:
      facts.faults = static_cast<uint8_t>(read = BitsOf(kFaults, value, "none"));
      break;
    case FactsPattern::kWhose:
      facts.whose = static_cast<Whose>(read = IndexOf(kWhoses, value));
      break;
    case FactsPattern::kHow:
      facts.how = static_cast<How>(read = IndexOf(kHows, value));
      break;
    default:
      facts.cause = static_cast<Cause>(read = ReadCause(value, pattern));
      break;
  }
  return read >= 0;
}

std::string Allowed(const FieldText& field) {
  std::string text = kAny;
  for (const char* word : field.words) {
    text += ", ";
    text += word;
    if (word == std::string_view("signal")) text += "-N, signal-any";
  }
  if (field.field == FactsPattern::kCause) text += ", other";
  if (field.field == FactsPattern::kEntry) text += " (several joined by +, or +any), plain";
  if (field.field == FactsPattern::kFaults) text += " (several joined by +, or +any), none";
  return text;
}

}  // namespace

const char* NameOf(Phase phase) { return kPhases[static_cast<std::size_t>(phase)]; }
const char* NameOf(Cause cause) {
  return cause == Cause::kOther ? kOtherCause : kCauses[static_cast<std::size_t>(cause)];
}
const char* NameOf(Whose whose) { return kWhoses[static_cast<std::size_t>(whose)]; }
const char* NameOf(How how) { return kHows[static_cast<std::size_t>(how)]; }

bool FactsPattern::Matches(const Facts& other) const {
  const auto is = [this](Field field, bool same) { return (open & field) != 0 || same; };
  const auto has = [](int all, int some) { return (all & some) == some; };
  return is(kPhase, facts.phase == other.phase) && is(kEntry, facts.entry == other.entry) &&
         has(other.entry, facts.entry) && is(kFaults, facts.faults == other.faults) &&
         has(other.faults, facts.faults) && is(kCause, facts.cause == other.cause) &&
         ((open & kCause) != 0 || is(kSignal, facts.signal == other.signal)) &&
         is(kWhose, facts.whose == other.whose) && is(kHow, facts.how == other.how);
}

std::string ToString(const Facts& facts) { return ToString(FactsPattern{.facts = facts}); }

std::string ToString(const FactsPattern& pattern) {
  const Facts& facts = pattern.facts;
  const auto text = [&pattern](FactsPattern::Field field, const std::string& value) {
    return (pattern.open & field) != 0 ? std::string(kAny) : value;
  };
  const auto bits = [&text](FactsPattern::Field field, int some, const std::string& joined) {
    const std::string more = text(field, "");
    return some == 0 && !more.empty() ? more : joined + (more.empty() ? "" : "+") + more;
  };
  const std::string entries = Joined(kEntries, facts.entry, "plain");
  const std::string faults = Joined(kFaults, facts.faults, "none");
  return "phase=" + text(FactsPattern::kPhase, NameOf(facts.phase)) +
         " entry=" + bits(FactsPattern::kEntry, facts.entry, entries) +
         " faults=" + bits(FactsPattern::kFaults, facts.faults, faults) +
         " cause=" + CauseText(pattern) +
         " whose=" + text(FactsPattern::kWhose, NameOf(facts.whose)) +
         " how=" + text(FactsPattern::kHow, NameOf(facts.how));
}

std::optional<FactsPattern> ParseFacts(std::string_view text, std::string* error, std::size_t* at) {
  FactsPattern pattern;
  int seen = 0;
  const std::size_t size = text.size();
  std::size_t begin = 0;  // of the word looked at
  const auto fail = [&](std::string why) {
    *error = std::move(why);
    if (at != nullptr) *at = begin;
    return std::nullopt;
  };
  while (!text.empty()) {
    begin = size - text.size();
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    const FieldText* found = nullptr;
    for (const FieldText& field : kFields) {
      if (equals != std::string_view::npos && word.substr(0, equals) == field.name) found = &field;
    }
    if (found == nullptr) {
      return fail("\"" + std::string(word) +
                  "\" is no fact; allowed: phase=, entry=, faults=, cause=, whose=, how=");
    }
    if ((seen & found->field) != 0) return fail(std::string(found->name) + "= is given twice");
    seen |= found->field;
    if (!ReadField(found->field, word.substr(equals + 1), &pattern)) {
      return fail("\"" + std::string(word) + "\": allowed are " + Allowed(*found));
    }
  }
  begin = size;
  for (const FieldText& field : kFields) {
    if ((seen & field.field) == 0) return fail(std::string(field.name) + "= is missing");
  }
  return pattern;
}

}  // namespace minit::contract
