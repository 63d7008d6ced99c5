#!/usr/bin/env python3
"""Holds that a search from no seeds reaches every edge of core/ that the corpus reaches.

usage: reach_test.py FUZZER COVERED SEEDS [SECONDS]

FUZZER is scenario_fuzzer; COVERED the same target as a program that runs files, built with
-fprofile-instr-generate -fcoverage-mapping; SEEDS the seed corpus. An edge is one side of a branch, or
the entry of a function, of a file in core/, as llvm-cov counts them. The search ends as soon as all
are reached, after SECONDS (60) at the latest.
Exit: 0 all reached, 1 some were not (which is said) or an input crashed, 2 it could not run.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time


def edges_reached(covered, inputs, scratch):
    """Names of all edges of core/ that the inputs reach."""
    raw, merged = scratch / "raw", scratch / "merged"
    subprocess.run([covered, *inputs], check=True, capture_output=True,
                   env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", raw, "-o", merged], check=True)
    exported = subprocess.run(["llvm-cov-19", "export", covered, f"-instr-profile={merged}"],
                              check=True, capture_output=True).stdout
    reached = set()
    for function in json.loads(exported)["data"][0]["functions"]:
        names = [name.split("/core/")[-1] for name in function["filenames"] if "/core/" in name]
        if not names:
            continue
        if function["count"]:
            reached.add(f"{names[0]}: {function['name'].split(':')[-1]} is called")
        for line, column, _, _, taken, passed, *_ in function["branches"]:
            if taken:
                reached.add(f"{names[0]}:{line}:{column} is true")
            if passed:
                reached.add(f"{names[0]}:{line}:{column} is false")
    return reached


def snapshot(corpus, scratch):
    """A copy: the search replaces inputs by smaller ones as it goes."""
    copy = scratch / "snapshot"
    copy.mkdir(exist_ok=True)
    for path in corpus.iterdir():
        try:
            (copy / path.name).write_bytes(path.read_bytes())
        except FileNotFoundError:
            pass
    return copy


def run():
    fuzzer, covered, seeds = sys.argv[1:4]
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 60
    with tempfile.TemporaryDirectory(prefix="minit-reach-") as name:
        scratch = pathlib.Path(name)
        corpus = scratch / "corpus"
        corpus.mkdir()
        wanted = edges_reached(covered, [seeds], scratch)
        if not wanted:
            print("reach_test: the corpus reaches nothing of core/", file=sys.stderr)
            return 2
        start = time.monotonic()
        search = subprocess.Popen([fuzzer, f"-max_total_time={seconds:.0f}", "-entropic_scale_per_exec_time=1",
                                   f"-artifact_prefix={scratch}/", corpus],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while True:
                running = search.poll() is None
                missing = wanted - edges_reached(covered, [snapshot(corpus, scratch)], scratch)
                if not missing or not running:
                    break
                time.sleep(2)
        finally:
            search.kill()
            search.wait()
        took = time.monotonic() - start
    if search.returncode > 0:
        print("reach_test: the search found a crash, and ended; scripts/fuzz scenario_fuzzer shows what")
    print(f"reach_test: {len(wanted) - len(missing)} of {len(wanted)} edges of core/ after {took:.0f} s")
    for edge in sorted(missing):
        print(f"  not reached: {edge}")
    return 1 if missing or search.returncode > 0 else 0


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run()
    except (OSError, subprocess.CalledProcessError) as problem:
        print(f"reach_test: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reach_test: interrupted", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
