// Words, numbers and lines of reports for people, who read them on a screen of 110 columns. Columns are of
// characters in UTF-8, each of which takes one.
#ifndef MINIT_HARNESS_CROSSCHECK_WORDS_H_
#define MINIT_HARNESS_CROSSCHECK_WORDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harness/contract/rules.h"
#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

inline constexpr std::size_t kWidth = 110;

std::string Grouped(uint64_t number);  // "20,362"
// "1 scenario", "2,000 scenarios".
std::string Count(uint64_t number, std::string_view one, std::string_view many);
std::string Fixed(double number);  // one digit behind the point

std::size_t Columns(std::string_view text);
// Padded with blanks, or cut short, to so many columns.
std::string Fit(std::string_view text, std::size_t columns);
std::string Trimmed(std::string text);  // without blanks and line ends behind
// `head`, and the words of `text` behind it, in lines that begin below the first word.
std::string Wrapped(const std::string& head, std::string_view text);
std::string Indented(std::string_view text, std::size_t indent);

// As an argument, and as a command, for a shell.
std::string Quoted(const std::string& argument);
std::string Joined(std::span<const std::string> command);

std::string NumberAndName(contract::Rule rule);                  // "8 syncs-first"
std::string ShortName(const Report& report, std::size_t index);  // "[2] tini"
std::string LedgerPlace(const SubjectReport& subject,
                        const LedgerEntry& entry);  // "tini.ledger:17"
// The entry that excuses it; nullptr: none does.
const LedgerEntry* ExcuseOf(const SubjectReport& subject, const Finding& finding);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_WORDS_H_
