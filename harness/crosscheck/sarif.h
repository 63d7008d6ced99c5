// SARIF 2.1.0: the findings of a report, for the tools that show, count and compare them.
//
// One run. Rules are those of the contract, all fifteen, with ids that never change, since a rule's
// number and name never do: "R02-forwards-every-signal". What a result is matched by from one run to
// the next is its partial fingerprint "minitContractFacts/v1": of the rule, the facts and the file name
// of the subject; not of its folder, the sentence, the scenario, the seed, or how often it was seen.
//
//   a finding                    result, level error, located in the subject's binary
//   … that the ledger excuses    … with an external suppression, its reason the justification; under
//                                review as long as that is to be justified
//   a stale entry of a ledger    result, level warning, located in the ledger
//   breaks beyond, troubles, calls that no one answered, silent rules, an interruption
//                                notifications of the invocation
//   how it was searched, and how often each rule was spoken of, by phase, entry and fault
//                                properties of the run, with the names that they have in json.h
//
// Held by sarif_test.cc, and against the schema of the standard by sarif_schema_test.py.
#ifndef MINIT_HARNESS_CROSSCHECK_SARIF_H_
#define MINIT_HARNESS_CROSSCHECK_SARIF_H_

#include <string>
#include <string_view>

#include "harness/contract/rules.h"
#include "harness/crosscheck/report.h"

namespace minit::crosscheck {

inline constexpr std::string_view kSarifToolName = "minit-ref crosscheck";
inline constexpr std::string_view kSarifToolVersion =
    "0.1.0";  // semantic; the commit stands beside
inline constexpr std::string_view kSarifFingerprint = "minitContractFacts/v1";

// "R02-forwards-every-signal".
std::string SarifRuleId(contract::Rule rule);

// Indented by two, and ends with a newline.
std::string PrintSarif(const Report& report);

}  // namespace minit::crosscheck

#endif  // MINIT_HARNESS_CROSSCHECK_SARIF_H_
