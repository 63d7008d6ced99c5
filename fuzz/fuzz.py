#!/usr/bin/env python3
"""Searches with the fuzz targets and keeps what they find. scripts/fuzz builds, then runs this."""

import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Inputs are scenarios, as bytes or as text, or something else.
BYTES, TEXT, OTHER = "scenario bytes", "scenario text", "other"
TARGETS = {
    "kernel_fuzzer": OTHER,
    "machine_fuzzer": OTHER,
    "scenario_fuzzer": BYTES,
    "scenario_text_fuzzer": TEXT,
    "wait_status_fuzzer": OTHER,
    "negative_fuzzer": BYTES,
}
BY_DEFAULT = [name for name in TARGETS if name != "negative_fuzzer"]

# After so many crashes of a target, which are mostly one fault met again, searching on is of no use.
MAX_CRASHES = 10
INPUT_TIMEOUT_SECONDS = 10
MINIMISE_SECONDS = 20

STATUS = re.compile(r"^#(\d+)\s.*?\bcov: (\d+)")
STATISTIC = re.compile(r"^stat::number_of_executed_units:\s+(\d+)")
ARTIFACT = re.compile(r"Test unit written to (\S+)")
# What a target says of a broken rule: sentence, scenario (see fuzz/trial.h).
REPORT = re.compile(r"^\w+: (rule .*|no rule .*)\n\d+ of \d+ moves .*\nscripts/replay - <<'END'\n(.*?)^END$",
                    re.MULTILINE | re.DOTALL)


class CannotRun(Exception):
    pass


class Stopped(Exception):
    """By Ctrl-C or SIGTERM."""


@dataclasses.dataclass
class Finding:
    target: str
    what: str  # a sentence; findings of one target with the same are one
    file: str
    replay: str
    scenario: str = ""
    crashes: int = 1


@dataclasses.dataclass
class Progress:
    target: str
    seconds: float = 0.0
    executions: int = 0
    edges: int = 0
    inputs: int = 0
    findings: list = dataclasses.field(default_factory=list)

    def line(self):
        rate = self.executions / self.seconds if self.seconds else 0
        return (f"{self.target:<22}{self.seconds:6.0f} s {self.executions:>13,} executions {rate:>10,.0f}/s "
                f"{self.edges:>6} edges {len(self.findings):>3} findings")


class Processes:
    """Every process that this program starts, so that none outlives it."""

    def __init__(self):
        self.lock = threading.RLock()  # a signal may come while it is held
        self.running = set()
        self.stopping = threading.Event()
        self.interrupted = False

    def start(self, command, **how):
        with self.lock:
            if self.stopping.is_set():
                raise Stopped
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                       start_new_session=True, **how)
            self.running.add(process)
            return process

    def run(self, command, timeout):
        """Returns (exit status, all output); the status is None if it had to be killed."""
        process = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            self.kill(process)
            output, status = process.communicate()[0], None
        self.forget(process)
        if self.stopping.is_set():
            raise Stopped
        return status, output.decode(errors="replace")

    def forget(self, process):
        with self.lock:
            self.running.discard(process)

    @staticmethod
    def kill(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(self):
        with self.lock:
            self.stopping.set()
            for process in self.running:
                self.kill(process)

    def interrupt(self, *_):
        """Ctrl-C or SIGTERM: who waits for a process is told by Stopped, and keeps what there is."""
        self.interrupted = True
        self.stop()


class Search:
    """Fuzzes one target with some workers that share a corpus."""

    def __init__(self, target, options, processes, scratch):
        self.target = target
        self.options = options
        self.processes = processes
        self.program = options.programs / target
        self.scratch = scratch / target
        self.corpus = options.corpus / target
        self.progress = Progress(target)
        self.lock = threading.Lock()
        self.crashes = 0
        self.counts = {}  # by worker: executions of its earlier processes, and of the present one

    def seeds(self):
        if self.options.no_seeds:
            return []
        folder = self.options.programs / "seeds/scenarios"
        own = {BYTES: [folder], TEXT: [ROOT / "corpus"], OTHER: []}[TARGETS[self.target]]
        return [path for path in own + [ROOT / "fuzz/regressions" / self.target] if path.is_dir()]

    def common_options(self):
        return [f"-timeout={INPUT_TIMEOUT_SECONDS}", "-rss_limit_mb=2048", "-print_final_stats=1"]

    def run(self, workers, seconds):
        self.corpus.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True)
        self.started = time.monotonic()
        try:
            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                running = [pool.submit(self.work, worker, seconds) for worker in range(workers)]
                for done in running:
                    done.result()
            self.progress.seconds = time.monotonic() - self.started
            self.compact()
        finally:
            self.progress.inputs = sum(1 for _ in self.corpus.iterdir())

    # One libFuzzer after another: each ends with its first crash.
    def work(self, worker, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0.5 and self.crashes < MAX_CRASHES:
            artifacts = self.scratch / f"artifacts-{worker}"
            artifacts.mkdir(exist_ok=True)
            command = [self.program, f"-max_total_time={max(int(left), 1)}", "-reload=1", "-print_funcs=0",
                       f"-artifact_prefix={artifacts}/", *self.common_options()]
            if self.options.seed:
                command.append(f"-seed={self.options.seed + worker}")
            if self.options.max_len:
                command.append(f"-max_len={self.options.max_len}")
            if TARGETS[self.target] == BYTES:
                command.append("-entropic_scale_per_exec_time=1")  # scenarios differ a thousandfold
            if TARGETS[self.target] == TEXT:
                command.append(f"-dict={self.options.programs / 'seeds/scenario_text.dict'}")
            process = self.processes.start([*command, self.corpus, *self.seeds()], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE)
            output = self.follow(process, worker)
            if process.returncode == 0:
                continue
            crashed = ARTIFACT.search(output)
            if crashed:
                self.keep(pathlib.Path(crashed[1]), output)
            if self.processes.stopping.is_set():
                raise Stopped
            if not crashed:
                raise CannotRun(f"{self.target} ended with {process.returncode}:\n{output[-2000:]}")

    # Reads what libFuzzer says until it ends; returns its last words.
    def follow(self, process, worker):
        lines = []
        earlier = self.counts.get(worker, 0)
        for raw in process.stderr:
            line = raw.decode(errors="replace")
            lines.append(line)
            del lines[:-2000]
            with self.lock:
                if status := STATUS.match(line):
                    self.counts[worker] = earlier + int(status[1])
                    self.progress.edges = max(self.progress.edges, int(status[2]))
                elif total := STATISTIC.match(line):
                    self.counts[worker] = earlier + int(total[1])
                self.progress.executions = sum(self.counts.values())
                self.progress.seconds = time.monotonic() - self.started
        process.wait()
        self.processes.forget(process)
        return "".join(lines)

    # A crash becomes a finding: minimised, saved, with the command that shows it again.
    def keep(self, crash, output):
        report = REPORT.search(output)
        scenario = ""
        if report:  # the target has minimised it, move by move
            what, scenario = report[1], report[2]
            kept, ending = scenario.encode(), ".scenario"
        else:
            what = describe(output)
            kept, ending = self.minimise(crash).read_bytes(), ".input"
        with self.lock:
            self.crashes += 1
            for known in self.progress.findings:
                if signature(known.what) == signature(what):
                    known.crashes += 1
                    return
            folder = self.options.findings
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{self.target}-{hashlib.sha256(kept).hexdigest()[:12]}{ending}"
            path.write_bytes(kept)
            finding = Finding(self.target, what, str(path), self.replay_command(path, report), scenario)
            self.progress.findings.append(finding)
            show(finding)

    def replay_command(self, path, report):
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        if report and self.target != "negative_fuzzer":
            return f"scripts/replay {shown}"
        program = self.program.relative_to(ROOT) if self.program.is_relative_to(ROOT) else self.program
        if not report:
            return f"{program} {shown}"
        # The fault is planted in this target alone: only it shows it again.
        return f"scripts/replay --bytes /tmp/input {shown} && {program} /tmp/input"

    def minimise(self, crash):
        smallest = crash.with_suffix(".small")
        try:
            self.processes.run([self.program, "-minimize_crash=1", f"-max_total_time={MINIMISE_SECONDS}",
                                f"-exact_artifact_path={smallest}", crash], MINIMISE_SECONDS + 30)
        except Stopped:
            return crash
        return smallest if smallest.exists() and smallest.stat().st_size else crash

    # The corpus without what others in it make superfluous; the seeds count as there.
    def compact(self):
        if not any(self.corpus.iterdir()):
            return
        small = self.corpus.with_name(self.corpus.name + ".new")
        shutil.rmtree(small, ignore_errors=True)
        small.mkdir()
        try:
            status, _ = self.processes.run([self.program, "-merge=1", *self.common_options(), small, self.corpus],
                                           600)
            if status == 0 and any(small.iterdir()):
                shutil.rmtree(self.corpus)
                small.rename(self.corpus)
        finally:
            shutil.rmtree(small, ignore_errors=True)


def describe(output):
    """The most telling line of a crash that is no broken rule."""
    for pattern in (r"^(\w+_fuzzer: .*)$", r"^SUMMARY: (.*)$", r"^==\d+== ?(ERROR: .*)$"):
        if found := re.search(pattern, output, re.MULTILINE):
            return re.sub(r"^\w+_fuzzer: ", "", found[1])
    return "it crashed and said nothing"


def signature(what):
    """Two crashes with the same are one finding: a rule's name, else the sentence without its numbers."""
    rule = re.match(r"rule (\d+)", what)
    return rule[0] if rule else re.sub(r"0x[0-9a-f]+|\d+", "N", what)


printing = threading.Lock()


def show(finding):
    with printing:
        print(f"FINDING  {finding.target}: {finding.what}", flush=True)
        for line in finding.scenario.splitlines():
            print(f"    {line}")
        print(f"    kept:   {finding.file}\n    replay: {finding.replay}", flush=True)


def show_progress(searches, processes):
    while not processes.stopping.wait(5):
        with printing:
            for search in searches:
                if search.progress.seconds and not search.progress.inputs:
                    print(search.progress.line(), flush=True)


def search_all(searches, options, processes):
    at_once = min(options.jobs, len(searches))
    workers = max(options.jobs // len(searches), 1)
    threading.Thread(target=show_progress, args=(searches, processes), daemon=True).start()
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(search.run, workers, options.seconds) for search in searches]
        try:
            for done in concurrent.futures.as_completed(running):
                done.result()
        except BaseException:
            processes.stop()
            for waiting in running:
                waiting.cancel()
            raise
    processes.stop()


def summarise(searches, options, interrupted, problem):
    findings = [finding for search in searches for finding in search.progress.findings]
    for search in searches:
        print(f"{search.progress.line()} {search.progress.inputs:>6} inputs kept")
    print(f"fuzz: {len(findings)} findings" + (f", in {options.findings}" if findings else ""), flush=True)
    if interrupted:
        print("fuzz: interrupted; the corpus is kept", file=sys.stderr)
    if options.json:
        report = {"interrupted": interrupted, "problem": problem,
                  "findings": [dataclasses.asdict(finding) for finding in findings],
                  "targets": [dataclasses.asdict(search.progress) for search in searches]}
        for target in report["targets"]:
            target["findings"] = len(target["findings"])
        try:
            pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        except OSError as problem:
            raise CannotRun(f"cannot write {options.json}: {problem.strerror}") from problem
    if problem:
        print(f"fuzz: {problem}", file=sys.stderr)
    return 1 if findings else 2 if interrupted or problem else 0


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description="Fuzzes the machine, its world and its words.",
        epilog="Exit: 0 nothing found, 1 findings, 2 it could not run, or was interrupted before there were any. "
               "Ctrl-C ends it; what was learned and found stays.")
    parser.add_argument("targets", metavar="TARGET", nargs="*", default=[],
                        help=f"of {', '.join(TARGETS)} (default: all but the last, which must crash)")
    parser.add_argument("--seconds", metavar="S", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(),
                        help="processes at once; more than targets: they share (default: a core each)")
    parser.add_argument("--engine", choices=["libfuzzer"], default="libfuzzer", help="(default: %(default)s)")
    parser.add_argument("--corpus", metavar="DIR", type=pathlib.Path, default=ROOT / "build/fuzz-corpus",
                        help="where what is learned is kept (default: build/fuzz-corpus)")
    parser.add_argument("--findings", metavar="DIR", type=pathlib.Path, default=ROOT / "build/fuzz-findings",
                        help="where crashes are kept (default: build/fuzz-findings)")
    parser.add_argument("--seed", metavar="N", type=int, default=0,
                        help="of the search: the same finds the same, as far as it gets (default: another each time)")
    parser.add_argument("--no-seeds", action="store_true", help="begin without the corpus of the sources")
    parser.add_argument("--max-len", metavar="BYTES", type=int, help="of an input (a move is 7)")
    parser.add_argument("--json", metavar="FILE", help="also write the outcome there")
    parser.add_argument("--memory", action="store_true",
                        help="under MemorySanitizer, not AddressSanitizer and UndefinedBehaviorSanitizer")
    parser.add_argument("--programs", metavar="DIR", type=pathlib.Path,
                        help="where the built targets are (default: build/fuzz/fuzz; --memory: build/fuzz-msan/fuzz)")
    options = parser.parse_args(arguments)
    for name in options.targets:
        if name not in TARGETS:
            parser.error(f"there is no target '{name}'; there are {', '.join(TARGETS)}")
    if options.seconds < 1 or options.jobs < 1:
        parser.error("--seconds and --jobs are at least 1")
    if options.programs is None:
        options.programs = ROOT / "build" / ("fuzz-msan" if options.memory else "fuzz") / "fuzz"
    options.targets = list(dict.fromkeys(options.targets)) or BY_DEFAULT
    options.corpus, options.findings, options.programs = (
        path.absolute() for path in (options.corpus, options.findings, options.programs))
    return options


def main():
    options = parse(None)
    missing = [name for name in options.targets if not os.access(options.programs / name, os.X_OK)]
    if missing:
        print(f"fuzz: {', '.join(missing)} not in {options.programs}; scripts/fuzz builds them", file=sys.stderr)
        return 2
    processes = Processes()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, processes.interrupt)
    with tempfile.TemporaryDirectory(prefix="minit-fuzz-") as scratch:
        searches = [Search(name, options, processes, pathlib.Path(scratch)) for name in options.targets]
        # Whatever ends it, what was found until then is told.
        problem = None
        try:
            search_all(searches, options, processes)
        except Stopped:
            pass
        except (CannotRun, OSError) as what:
            problem = str(what)
        try:
            return summarise(searches, options, processes.interrupted, problem)
        except CannotRun as what:
            print(f"fuzz: {what}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
