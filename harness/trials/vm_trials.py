"""The trials in a VM: one boot of a real machine each, judged by the contract's rules.

A case says how the machine is booted and what must come of it; judge() compares. What the trial program
(trial.cc) reports stands in the kernel's log, so all times are of one clock, the guest's.
"""

import dataclasses
import re

import vm

DELAY_SECONDS = 30
# An ending that need not wait may still take this long in a slow guest.
AT_ONCE_SECONDS = 5


@dataclasses.dataclass
class Case:
    name: str
    trial: str = "exit:0"  # what /core does: a mode of trial.cc
    entry: str = ""  # the state in which init is entered: words of trial.cc's ENTRY
    core: str = "program"  # or "missing", "not executable"
    status: int | None = 0  # what init must say; None: the start fails
    expects: tuple = ()  # reports that must have come, each once


CASES = [
    Case("child-exits-0"),
    Case("child-exits-1", "exit:1", status=1),
    Case("child-exits-42", "exit:42", status=42),
    Case("child-exits-255", "exit:255", status=255),
    Case("child-dies-of-segv", "kill:11", status=139),
    Case("child-dies-of-kill", "kill:9", status=137),
    Case("child-dies-of-real-time-signal", "kill:64", status=192),
    Case("core-missing", entry="mark", core="missing", status=None),
    Case("core-not-executable", entry="mark", core="not executable", status=None),
    Case("descriptors-closed-at-entry", entry="closed"),
    Case("descriptors-left-open-at-entry", entry="descriptors"),
    Case("signals-ignored-at-entry", entry="ignored"),
    Case("zombie-inherited-at-entry", "no-zombies", entry="zombie",
         expects=("ok the inherited zombie was reaped",)),
    Case("silent-zombie-inherited-at-entry", "no-zombies", entry="clone",
         expects=("ok the inherited zombie was reaped",)),
    Case("orphans-and-a-storm-of-zombies", "orphans",
         expects=("ok 500 orphans reaped", "ok 2000 zombies reaped")),
    Case("orphans-die-in-the-delay", "late-orphans", status=3,
         expects=("ok witness ready", "ok orphans reaped in the delay")),
    Case("clock-jumps-in-the-delay", "clock-jumps", status=1, expects=("ok the clock has jumped",)),
    Case("console-redirected-to-a-full-terminal", "redirected-console", status=0),
    Case("each-signal-arrives-once", "signals", expects=("ok 61 signals arrived once each",)),
    Case("child-stops-traced", "trace-child", expects=("ok the traced child was released",)),
    Case("orphan-stops-traced", "trace-orphan", expects=("ok a traced orphan was released",)),
    Case("thread-of-orphan-stops-traced", "trace-thread",
         expects=("ok a traced thread of an orphan was released",)),
]


def run(case, init, trial, timeout, stop):
    """Boots `case`. Returns (problems, the boot): no problems, it passed."""
    files = {"/init": (init, 0o755)}
    parameters = f"TRIAL={case.trial} MARK=unchanged"
    if case.entry:
        files = {"/init": (trial, 0o755), "/subject": (init, 0o755)}
        parameters += f" ENTRY={case.entry}"
    if case.core != "missing":
        files["/core"] = (trial, 0o755 if case.core == "program" else 0o644)
    boot = vm.boot(files, parameters, timeout, f"verify-{case.name}", stop=stop)
    return judge(case, boot), boot


def judge(case, boot):
    if boot.outcome != vm.RESTARTED:
        return [f"the machine did not restart: {boot.outcome}"]
    reports = re.findall(r"trial: (.*)", boot.kernel)
    problems = [report for report in reports if report.startswith("fault")]
    expects = case.expects + (("ok started clean",) if case.core == "program" else ())
    problems += [f"'{expected}' was reported {reports.count(expected)} times, not once"
                 for expected in expects if reports.count(expected) != 1]
    return problems + judge_status(case, boot) + judge_delay(case, boot)


def judge_status(case, boot):
    """Rule 7: the first line with exactly one number holds the status; a failed start names the path."""
    lines = [line for line in boot.console.splitlines() if not line.startswith("[")]
    if case.status is None:
        return [] if any("/core" in line for line in lines) else ["no line names /core"]
    for line in lines:
        numbers = re.findall(r"\d+", line)
        if len(numbers) == 1:
            return [] if int(numbers[0]) == case.status else [f"not status {case.status}: '{line}'"]
    return ["no line holds a status"]


def judge_delay(case, boot):
    """Rule 9: status 0 restarts at once, any other end after the delay; rule 10: but not much later."""
    ended, restarted = boot.time_of("trial: end"), boot.time_of("reboot: Restarting system")
    if ended is None:
        return ["the machine restarted before the child ended"]
    after = restarted - ended
    earliest, latest = (0, AT_ONCE_SECONDS) if case.status == 0 else (DELAY_SECONDS, DELAY_SECONDS + 1)
    if earliest <= after <= latest:
        return []
    return [f"restarted {after:.3f} s after the child's end, not within {earliest} to {latest} s"]
