"""Holds the SARIF of the sample reports to the schema of the standard, and that to documents that are wrong.

usage: sarif_schema_test.py SAMPLES SCHEMA

SAMPLES is the program that prints them. SCHEMA is that of third_party/sarif-spec.
"""

import copy
import json
import re
import subprocess
import sys

import jsonschema

# The formats that the schema names, as narrow as the cross-check writes them.
FORMATS = {
    "date-time": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
    "uri": r"https?://[-A-Za-z0-9._~/]*",
    "uri-reference": r"(file://|)([-A-Za-z0-9._~/]|%[0-9A-F]{2})*",
}

# What makes a document wrong, and the change that does.
DAMAGES = {
    "no version": lambda log: log.pop("version"),
    "another version": lambda log: log.update(version="2.0.0"),
    "no runs": lambda log: log.pop("runs"),
    "a key that the standard does not have": lambda log: log["runs"][0].update(finding=1),
    "a run without a tool": lambda log: log["runs"][0].pop("tool"),
    "a tool without a name": lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
    "a rule without an id": lambda log: log["runs"][0]["tool"]["driver"]["rules"][3].pop("id"),
    "the same rule twice": lambda log: log["runs"][0]["tool"]["driver"]["rules"].append(
        log["runs"][0]["tool"]["driver"]["rules"][0]),
    "a description that is no message": lambda log: log["runs"][0]["tool"]["driver"]["rules"][3]
    .update(shortDescription="short"),
    "a result without a message": lambda log: log["runs"][0]["results"][0].pop("message"),
    "an empty message": lambda log: log["runs"][0]["results"][0]["message"].clear(),
    "an unknown level": lambda log: log["runs"][0]["results"][0].update(level="fatal"),
    "an index in words": lambda log: log["runs"][0]["results"][0].update(ruleIndex="two"),
    "a count of none": lambda log: log["runs"][0]["results"][0].update(occurrenceCount=0),
    "a fingerprint that is a number": lambda log: log["runs"][0]["results"][0]
    ["partialFingerprints"].update({"minitContractFacts/v1": 1}),
    "an unknown kind of suppression": lambda log: log["runs"][0]["results"][0]["suppressions"][0]
    .update(kind="ledger"),
    "an unknown status of suppression": lambda log: log["runs"][0]["results"][0]["suppressions"][0]
    .update(status="unjustified"),
    "line 0": lambda log: log["runs"][0]["results"][3]["locations"][0]["physicalLocation"]["region"]
    .update(startLine=0),
    "a hash that is a list": lambda log: log["runs"][0]["artifacts"][0]["hashes"].update(
        {"sha-256": []}),
    "a file that is no URI": lambda log: log["runs"][0]["artifacts"][0]["location"].update(
        uri="file:///an init"),
    "a time without a zone": lambda log: log["runs"][0]["invocations"][0].update(
        startTimeUtc="2026-11-24T23:40:00"),
    "an unknown role": lambda log: log["runs"][0]["artifacts"][0].update(roles=["subject"]),
    "an invocation that does not say whether it went well": lambda log: log["runs"][0]
    ["invocations"][0].pop("executionSuccessful"),
    "an exit code in words": lambda log: log["runs"][0]["invocations"][0].update(exitCode="one"),
    "a notification without a message": lambda log: log["runs"][0]["invocations"][0]
    ["toolExecutionNotifications"].append({"level": "note"}),
}


def main():
    samples_program, schema_path = sys.argv[1:]
    samples = json.loads(subprocess.run([samples_program], check=True, stdout=subprocess.PIPE).stdout)
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    validator_class = jsonschema.validators.validator_for(schema)
    validator_class.check_schema(schema)
    checker = jsonschema.FormatChecker(formats=())
    for name, form in FORMATS.items():
        checker.checks(name)(re.compile(form).fullmatch)
    validator = validator_class(schema, format_checker=checker)

    failures = []
    for name, sample in samples.items():
        for error in validator.iter_errors(sample):
            place = "/".join(str(key) for key in error.absolute_path)
            failures.append(f"the sample '{name}' at {place}: {error.message[:300]}")
    damages = {} if failures else DAMAGES  # they are of a document that is right
    for damage, change in damages.items():
        wrong = copy.deepcopy(samples["broken"])
        change(wrong)
        if validator.is_valid(wrong):
            failures.append(f"{damage}: the schema takes it")
    for failure in failures:
        print(failure)
    print(f"{len(samples)} samples, {len(damages)} damages, {len(failures)} failures")
    return 1 if failures or not samples else 0


if __name__ == "__main__":
    sys.exit(main())
