"""The searches that scripts/verify runs beside the trials: in the kernel model, each a program of its own.

Each says by its exit status how it came out (0 held, 1 found something, else it could not run) and
prints what it found, with the command that shows it again.
"""

import dataclasses
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUZZ_SECONDS = 20
# Every program with properties, those that take longest first; and cases of each.
PROPERTIES = {
    "contract": "proptest/proptest_contract_test",
    "tale": "proptest/proptest_tale_test",
    "kernel": "proptest/proptest_kernel_test",
    "scenario-text": "harness/scenario/scenario_text_test",
    "scenario-bytes": "harness/scenario/scenario_bytes_test",
    "generator": "harness/scenario/scenario_generate_test",
    "ledger": "harness/crosscheck/crosscheck_ledger_test",
    "scenario": "harness/scenario/scenario_test",
    "minimiser": "harness/scenario/scenario_minimise_test",
    "sketch": "proptest/proptest_sketch_test",
    "channels": "proptest/proptest_channels_test",
    "story": "proptest/proptest_story_test",
    "machine": "proptest/proptest_machine_test",
    "moves": "proptest/proptest_moves_test",
}
CASES = 200_000
CROSSCHECK_SECONDS = 20
LEDGERS = ROOT / "harness/crosscheck/ledgers"
CALLS = ROOT / "harness/crosscheck/calls"
FUZZ_TARGETS = ("kernel_fuzzer", "machine_fuzzer", "scenario_fuzzer", "wait_status_fuzzer", "scenario_text_fuzzer")


@dataclasses.dataclass
class Search:
    name: str
    command: list
    environment: dict
    report: pathlib.Path | None = None  # JSON that it writes


def crosschecks(programs, init, production):
    """Inits in the kernel model: ours, those of other people, and the one that production boots, if given."""
    subjects = [("init", "machine", [init]),
                ("tini", "container", ["/usr/bin/tini", "--", "/core"]),
                ("dumb-init", "container", ["/usr/bin/dumb-init", "/core"]),
                ("catatonit", "container", ["/usr/bin/catatonit", "--", "/core"])]
    if production:  # whatever its name is, if that is not of a ledger
        name = pathlib.Path(production).name
        subjects.append((name if (LEDGERS / f"{name}.ledger").exists() else "minit", "machine", [production]))
    reports = programs / "crosscheck"
    reports.mkdir(exist_ok=True)
    for name, profile, command in subjects:
        report = reports / f"{name}.json"
        known = [option for option, path in (("--ledger", LEDGERS / f"{name}.ledger"), ("--calls", CALLS / f"{name}.calls"))
                 if path.exists() for option in (option, path)]
        yield Search(f"crosscheck-{name}",
                     [programs / "harness/crosscheck/crosscheck", "--seconds", str(CROSSCHECK_SECONDS),
                      "--profile", profile, "--json", report, *known, *command], {}, report)


def table(reports):
    """Rules and subjects, from the reports of crosschecks."""
    subjects = []
    for path in reports:
        with open(path, encoding="utf-8") as file:
            subjects += json.load(file)["subjects"]
    names = [pathlib.Path(subject["command"][0]).name for subject in subjects]
    width = max(map(len, names), default=0) + 4
    width = max(width, 16)
    lines = [" " * 28 + "".join(f"{name:<{width}}" for name in names).rstrip()]
    for rules in zip(*(subject["rules"] for subject in subjects)):
        cells = [{"holds": f"holds {rule['held']:,}", "broken": f"BROKEN {rule['broken']:,}",
                  "known": f"known {rule['broken']:,}", "silent": "silent"}.get(rule["verdict"], "-")
                 for rule in rules]
        lines.append(f"{rules[0]['number']:>2} {rules[0]['name']:<25}" + "".join(f"{cell:<{width}}" for cell in cells).rstrip())
    return lines


def searches(programs, fuzz_programs, init, production):
    """programs: a build's folder, e.g. build/release; fuzz_programs: that of the fuzz targets, or None;
    init: ours; production: another, that is to be cross-checked as well, or None."""
    corpus = sorted(str(path) for path in (ROOT / "corpus").glob("*.scenario"))
    found = [Search(f"properties-of-{law}",
                    [programs / program, "--gtest_brief=1"],
                    {"RC_PARAMS": f"max_success={CASES}"}) for law, program in PROPERTIES.items()]
    found += [
        Search("every-order-of-events", [programs / "proptest/explore", "--quiet"], {}),
        Search("corpus-replay", [programs / "harness/rig/replay", "--brief", *corpus], {}),
    ]
    if fuzz_programs:
        found += [Search(f"fuzz-{target}",
                         ["python3", "-B", ROOT / "fuzz/fuzz.py", "--seconds", str(FUZZ_SECONDS), "--jobs", "1",
                          "--programs", fuzz_programs, target], {}) for target in FUZZ_TARGETS]
        found.append(Search("fuzz-reach",
                            ["python3", "-B", ROOT / "fuzz/reach_test.py", fuzz_programs / "scenario_fuzzer",
                             fuzz_programs / "scenario_covered", fuzz_programs / "seeds/scenarios"], {}))
    return found + list(crosschecks(programs, init, production))
