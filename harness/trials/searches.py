"""The searches that scripts/verify runs beside the trials: in the kernel model, each a program of its own.

Each says by its exit status how it came out (0 held, 1 found something, else it could not run) and
prints what it found, with the command that shows it again.
"""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUZZ_SECONDS = 20
# Cases of each property. Those of the judge play several scenarios a case.
CASES = {"story": 200_000, "kernel": 200_000, "machine": 200_000, "contract": 20_000}
FUZZ_TARGETS = ("machine_fuzzer", "scenario_fuzzer", "wait_status_fuzzer", "scenario_text_fuzzer")


@dataclasses.dataclass
class Search:
    name: str
    command: list
    environment: dict


def searches(programs, fuzz_programs):
    """programs: a build's folder, e.g. build/release; fuzz_programs: that of the fuzz targets, or None."""
    corpus = sorted(str(path) for path in (ROOT / "corpus").glob("*.scenario"))
    found = [
        Search("corpus-replay", [programs / "harness/rig/replay", "--brief", *corpus], {}),
        Search("every-order-of-events", [programs / "proptest/explore", "--quiet"], {}),
    ]
    found += [Search(f"properties-of-{law}",
                     [programs / f"proptest/proptest_{law}_test", "--gtest_brief=1"],
                     {"RC_PARAMS": f"max_success={cases}"}) for law, cases in CASES.items()]
    if fuzz_programs:
        found += [Search(f"fuzz-{target}",
                         ["python3", "-B", ROOT / "fuzz/fuzz.py", "--seconds", str(FUZZ_SECONDS), "--jobs", "1",
                          "--programs", fuzz_programs, target], {}) for target in FUZZ_TARGETS]
    return found
