#!/usr/bin/env python3
"""The main job: puts an init through every trial on real kernels, and the machine through every search.

Several at once, a line each. scripts/verify builds, then runs this.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "harness/rig"))

import searches  # noqa: E402
import vm  # noqa: E402
import vm_trials  # noqa: E402

HELD, FAILED, COULD_NOT_RUN = "held", "failed", "could not run"
VM_TIMEOUT_SECONDS = 300
PROGRAM_TIMEOUT_SECONDS = 1200  # beyond what a trial or search gives itself


@dataclasses.dataclass
class Verdict:
    name: str
    where: str  # "vm", "namespace" or "model"
    outcome: str
    seconds: float
    problems: list
    logs: list


class Trials:
    """All trials of one init, and searches. `programs` is a build's folder; see searches.py."""

    def __init__(self, programs, fuzz_programs, init, production=None):
        self.programs = programs
        self.fuzz_programs = fuzz_programs
        self.init = init
        self.production = production
        self.trial = programs / "bin/trial"
        self.namespace_trials = programs / "harness/trials/namespace_trials"
        self.stop = threading.Event()
        self.reports = []  # of crosschecks, as they end

    def all(self):
        """(name, where, function without arguments that returns a Verdict), the longest first."""
        listed = subprocess.run([self.namespace_trials, "--list"], capture_output=True, text=True, check=True)
        trials = [(name, "namespace", lambda name=name: self.in_namespace(name))
                  for name in listed.stdout.split()]
        trials += [(case.name, "vm", lambda case=case: self.in_vm(case)) for case in vm_trials.CASES]
        return [(search.name, "model", lambda search=search: self.in_model(search))
                for search in searches.searches(self.programs, self.fuzz_programs, self.programs / "bin/init",
                                                self.production)] + trials

    def in_vm(self, case):
        started = time.monotonic()
        try:
            problems, boot = vm_trials.run(case, vm.read_program(self.init, "init"),
                                           vm.read_program(self.trial, "child"), VM_TIMEOUT_SECONDS, self.stop)
        except vm.CannotStart as problem:
            return Verdict(case.name, "vm", COULD_NOT_RUN, time.monotonic() - started, [str(problem)], [])
        return Verdict(case.name, "vm", FAILED if problems else HELD, boot.seconds, problems,
                       [str(boot.console_path), str(boot.kernel_path)])

    def in_namespace(self, name):
        return self.run_program(name, "namespace", [self.namespace_trials, "--init", self.init,
                                                    "--child", self.trial, name], {})

    def in_model(self, search):
        verdict = self.run_program(search.name, "model", search.command, search.environment)
        if search.report and search.report.exists() and verdict.outcome != COULD_NOT_RUN:
            self.reports.append(search.report)
        return verdict

    def run_program(self, name, where, command, environment):
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                errors="replace", start_new_session=True, env={**os.environ, **environment})
        except OSError as problem:
            return Verdict(name, where, COULD_NOT_RUN, 0.0, [str(problem)], [])
        while True:
            try:
                output, _ = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if self.stop.is_set() or time.monotonic() > started + PROGRAM_TIMEOUT_SECONDS:
                    process.terminate()
        outcome = {0: HELD, 1: FAILED}.get(process.returncode, COULD_NOT_RUN)
        problems = [] if outcome == HELD else output.splitlines()
        if process.returncode < 0 and not self.stop.is_set():
            problems.append(f"ended by signal {-process.returncode}")
        return Verdict(name, where, outcome, time.monotonic() - started, problems, [])


def run_all(chosen, trials, jobs):
    """Runs the trials; prints a line each as it ends. Returns the verdicts in the order of `chosen`."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as busy_ones, \
         concurrent.futures.ThreadPoolExecutor(32) as idle_ones:  # namespace trials mostly wait
        running = [(idle_ones if where == "namespace" else busy_ones).submit(run) for _, where, run in chosen]
        try:
            for done in concurrent.futures.as_completed(running):
                print_verdict(done.result())
        except KeyboardInterrupt:
            trials.stop.set()
            for waiting in running:
                waiting.cancel()
            raise
    return [done.result() for done in running]


def print_verdict(verdict):
    print(f"{verdict.outcome:<14}{verdict.where:<10} {verdict.name:<34}{verdict.seconds:7.1f} s", flush=True)
    for problem in verdict.problems:
        print(f"    {problem}")
    if verdict.outcome == FAILED:
        for log in verdict.logs:
            print(f"    log: {log}")
        print(f"    again: scripts/verify --only '^{verdict.name}$'", flush=True)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/verify",
        description="Puts an init through every trial on real kernels (boots in QEMU, PID namespaces here), and "
                    "the state machine through every search in the kernel model.",
        epilog="Exit: 0 all held, 1 something did not, 2 something could not run.")
    parser.add_argument("--init", metavar="PATH", help="a static init to try (default: ours)")
    parser.add_argument("--production", metavar="PATH", type=pathlib.Path,
                        help="also cross-check this init, the one that a fleet boots, against the ledger of minit")
    parser.add_argument("--only", metavar="REGEX", default="", help="only the trials and searches whose name matches")
    parser.add_argument("--trials", action="store_true", help="only the trials on real kernels")
    parser.add_argument("--list", action="store_true", help="name the trials and searches, and end")
    parser.add_argument("--json", metavar="FILE", help="also write the verdicts there")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help="boots and searches at once (default: a core each)")
    parser.add_argument("--programs", metavar="DIR", type=pathlib.Path, default=ROOT / "build/release",
                        help="the build to take the programs from (default: %(default)s)")
    parser.add_argument("--fuzz-programs", metavar="DIR", type=pathlib.Path, default=ROOT / "build/fuzz/fuzz",
                        help="the built fuzz targets (default: %(default)s)")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    trials = Trials(options.programs, options.fuzz_programs, options.init or options.programs / "bin/init",
                    options.production)
    try:
        chosen = [one for one in trials.all()
                  if re.search(options.only, one[0]) and not (options.trials and one[1] == "model")]
    except re.error as problem:
        print(f"verify: --only '{options.only}' is no regular expression: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"verify: {problem}; build first: scripts/verify does", file=sys.stderr)
        return 2
    try:
        vm.read_program(trials.init, "init")
        if options.json:
            open(options.json, "a", encoding="utf-8").close()
    except vm.CannotStart as problem:
        print(f"verify: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        print(f"verify: cannot write {options.json}: {problem.strerror}", file=sys.stderr)
        return 2
    if options.list:
        for name, where, _ in chosen:
            print(f"{where:<10} {name}")
        return 0
    if not chosen:
        print(f"verify: nothing matches '{options.only}'; --list names them", file=sys.stderr)
        return 2
    started = time.monotonic()
    print(f"verify: {len(chosen)} trials and searches; the init on trial is {trials.init}", flush=True)
    try:
        verdicts = run_all(chosen, trials, max(options.jobs, 1))
    except KeyboardInterrupt:
        print("verify: interrupted", file=sys.stderr)
        return 2
    if trials.reports:
        print("\n".join(["", *searches.table(sorted(trials.reports)), ""]))
    return summarise(verdicts, time.monotonic() - started, options.json)


def summarise(verdicts, seconds, json_path):
    counts = {outcome: sum(verdict.outcome == outcome for verdict in verdicts)
              for outcome in (HELD, FAILED, COULD_NOT_RUN)}
    print(f"verify: {counts[HELD]} held, {counts[FAILED]} failed, {counts[COULD_NOT_RUN]} could not run, "
          f"in {seconds:.0f} s")
    if json_path:
        try:
            with open(json_path, "w", encoding="utf-8") as file:
                json.dump({"seconds": seconds, "counts": counts,
                           "trials": [dataclasses.asdict(verdict) for verdict in verdicts]}, file, indent=1)
        except OSError as problem:
            print(f"verify: cannot write {json_path}: {problem.strerror}", file=sys.stderr)
            return 2
    return 2 if counts[COULD_NOT_RUN] else 1 if counts[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main())
