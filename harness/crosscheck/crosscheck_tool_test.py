#!/usr/bin/env python3
"""Tests of crosscheck as a program: what it prints and writes, its exit status, and what it leaves behind.

usage: crosscheck_tool_test.py CROSSCHECK INIT BANK SUBJECT [TEST...]
  INIT  ours; BANK: the folder with the inits of the bug bank; SUBJECT: that of the rigs' tests
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent.parent))
from tool_testing import ToolTest

CROSSCHECK = pathlib.Path(sys.argv.pop(1)).resolve()
INIT = pathlib.Path(sys.argv.pop(1)).resolve()
BANK = pathlib.Path(sys.argv.pop(1)).resolve()
SUBJECT = pathlib.Path(sys.argv.pop(1)).resolve()
LIMIT_SECONDS = 300


class CrosscheckTest(ToolTest):
    program = CROSSCHECK
    limit_seconds = LIMIT_SECONDS

    def own(self, program):
        """A copy, so that processes with its path are this test's."""
        return pathlib.Path(shutil.copy(program, self.scratch))

    def processes_of(self, subject):
        """Of the subject, and of whoever searches with it."""
        found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
        return [line for line in found.splitlines() if str(subject) in line and "crosscheck_tool_test" not in line]

    def test_our_init_holds_and_both_reports_say_so(self):
        json_path, sarif_path = self.scratch / "r.json", self.scratch / "r.sarif"
        status, output, errors = self.run_it("--scenarios", 300, "--seed", 1, "--json", json_path, "--sarif",
                                             sarif_path, INIT)
        self.assertEqual(status, 0, output + errors)
        self.assertIn("passed: no new break", output)
        subject = json.loads(json_path.read_text())["subjects"][0]
        self.assertEqual(subject["seed"], "1")
        self.assertEqual(len(subject["sha256"]), 64)
        self.assertGreater(subject["scenarios"], 200)
        self.assertEqual(subject["troubles"]["unconfirmed"], 0)
        self.assertEqual(subject["troubles"]["notCovered"], {})
        self.assertEqual(subject["silent"], [])
        self.assertEqual(json.loads(sarif_path.read_text())["runs"][0]["results"], [])

    def test_same_seed_and_number_give_the_same_findings(self):
        reports = []
        for name in ("one", "other"):
            path = self.scratch / name
            self.run_it("--scenarios", 200, "--seed", 7, "--json", path, BANK / "loses_term")
            subject = json.loads(path.read_text())["subjects"][0]
            reports.append((subject["findings"], subject["rules"], subject["tuples"]))
        self.assertEqual(reports[0], reports[1])

    def test_a_break_is_told_small_and_can_be_played_again(self):
        status, output, errors = self.run_it("--first", "--seed", 1, BANK / "loses_term")
        self.assertEqual(status, 1, output + errors)
        self.assertIn("breaks 2 forwards-every-signal", output)
        self.assertIn("FAILED: 1 new break", output)
        command = output[output.index("scripts/crosscheck"):]
        scenario = command[command.index("\n") + 1:command.index("END\n", command.index("\n"))]
        self.assertLessEqual(len(scenario.splitlines()), 2, scenario)
        status, output, errors = self.run_it("--play", "-", BANK / "loses_term", text=scenario)
        self.assertEqual(status, 1, errors)
        self.assertIn("broken: 2 forwards-every-signal", output)
        status, output, errors = self.run_it("--play", "-", INIT, text=scenario)
        self.assertEqual(status, 0, output + errors)

    def test_a_time_line_has_the_facts_that_a_ledger_has(self):
        scenario = "entry: init is in a PID namespace\nat rest: ancestor sends TERM to init\n"
        status, output, errors = self.run_it("--play", "-", BANK / "loses_term", text=scenario)
        self.assertEqual(status, 1, errors)
        self.assertIn("[phase=running entry=namespace faults=none cause=signal-15 ", output)

    def test_a_ledger_excuses_until_its_entry_is_stale(self):
        ledger = self.scratch / "proposed.ledger"
        arguments = ("--scenarios", 200, "--seed", 1)
        status, _, _ = self.run_it(*arguments, "--propose-ledger", ledger, BANK / "loses_term")
        self.assertEqual(status, 1)
        status, output, errors = self.run_it(*arguments, "--ledger", ledger, BANK / "loses_term")
        self.assertEqual(status, 0, output + errors)
        self.assertIn("to be justified", output)
        scenario = "at rest: ancestor sends TERM to init\n"
        status, output, errors = self.run_it("--play", "-", "--ledger", ledger, BANK / "loses_term", text=scenario)
        self.assertEqual(status, 0, errors)
        self.assertIn("known: rule 2 forwards-every-signal (line ", output)
        status, output, errors = self.run_it(*arguments, "--ledger", ledger, INIT)
        self.assertEqual(status, 1, "what init no longer breaks is to be taken out")
        self.assertIn("Stale ledger entries", output)

    def test_an_entry_that_shows_in_another_scenario_than_its_own_has_moved_and_is_not_stale(self):
        def check(init, rule, scenario):
            ledger = self.write("moved.ledger", rule + "reason it is known\nscenario\n" + scenario)
            path = self.scratch / "r.json"
            _, output, _ = self.run_it("--scenarios", 200, "--seed", 1, "--ledger", ledger, "--json", path, BANK / init)
            entry = json.loads(path.read_text())["subjects"][0]["ledger"][0]
            self.assertTrue(entry["shows"])
            self.assertIn("that their own scenarios do not show any more", output)
            return entry["showsIn"]

        moves = ("  at rest: child double-forks process 1\n  at rest: child dies of KILL\n"
                 "  before call {}: process 1 leaves 1 dead orphans of exit code 0\n")
        rule = ("rule 1 reaps-at-rest\n"
                "facts phase=ended entry=plain faults=none cause=any whose=orphan how=never\n")
        self.assertIn("before call 3", check("minit_like", rule, moves.format(1)), "a call is counted otherwise")
        rule = ("rule 2 forwards-every-signal\n"
                "facts phase=any entry=any faults=any cause=signal-15 whose=any how=any\n")
        self.assertIn("sends TERM", check("loses_term", rule, "  at rest: ancestor sends HUP to init\n"),
                      "the search found another")

    def test_where_no_run_counts_nothing_is_judged_and_no_entry_is_stale(self):
        ledger = self.write("known.ledger", "rule 5 starts-child-clean\n"
                            "facts phase=starting entry=plain faults=none cause=none whose=child how=never\n"
                            "reason it starts none\nscenario\n")
        json_path, sarif_path = self.scratch / "r.json", self.scratch / "r.sarif"
        status, output, errors = self.run_it("--scenarios", 20, "--seed", 1, "--ledger", ledger, "--json", json_path,
                                             "--sarif", sarif_path, SUBJECT, "set-up-otherwise")
        self.assertEqual(status, 2, output + errors)
        self.assertIn("NOT JUDGED", output)
        self.assertIn("setuid to another user", output)
        self.assertIn("of which nothing is known", output)
        self.assertNotIn("tale entr", output)
        report = json.loads(json_path.read_text())
        self.assertEqual(report["exitStatus"], 2)
        self.assertFalse(report["subjects"][0]["judged"])
        invocation = json.loads(sarif_path.read_text())["runs"][0]["invocations"][0]
        self.assertEqual(invocation["exitCode"], 2)
        self.assertFalse(invocation["executionSuccessful"])
        status, output, errors = self.run_it("--play", "-", SUBJECT, "set-up-otherwise")
        self.assertEqual(status, 2, output + errors)
        self.assertIn("not covered: chroot, 1 times\n", output)
        self.assertIn("NOT JUDGED", output)
        calls = self.write("some.calls", "exit\n")
        status, output, errors = self.run_it("--play", "-", "--calls", calls, SUBJECT, "set-up-otherwise")
        self.assertEqual(status, 1, output + errors)
        self.assertIn("NOT JUDGED", output)
        self.assertIn("was broken before that is: rule 13 keeps-to-its-calls", output)

    def test_what_is_said_to_be_harmless_counts(self):
        harmless = ("setuid to another user", "chroot", "mount on /", "a descriptor above 63",
                    "a sleep by processor time", "pipe2 with flags",
                    "a wait for a pipe otherwise than to read it", "ioctl 21586")
        arguments = [argument for call in harmless for argument in ("--harmless", call)]
        status, output, errors = self.run_it("--scenarios", 20, "--seed", 1, *arguments, SUBJECT, "set-up-otherwise")
        self.assertEqual(status, 1, output + errors)
        self.assertIn("--harmless 'setuid to another user' --play -", output)
        status, output, errors = self.run_it(*arguments, "--play", "-", SUBJECT, "set-up-otherwise")
        self.assertEqual(status, 1, output + errors)
        self.assertIn("not covered: chroot, 1 times (harmless)\n", output)

    def test_a_list_of_calls_is_kept_to(self):
        calls = self.scratch / "init.calls"
        status, output, errors = self.run_it("--scenarios", 300, "--seed", 1, "--propose-calls", calls, INIT)
        self.assertEqual(status, 0, output + errors)
        status, output, errors = self.run_it("--scenarios", 100, "--seed", 1, "--calls", calls, INIT)
        self.assertEqual(status, 0, output + errors)
        self.write("init.calls", calls.read_text().replace("reboot\n", ""))
        status, output, errors = self.run_it("--scenarios", 100, "--seed", 1, "--calls", calls, INIT)
        self.assertEqual(status, 1, output + errors)
        self.assertIn("breaks 13 keeps-to-its-calls", output)

    def test_what_showed_something_new_is_kept_and_read_again(self):
        kept = self.scratch / "kept"
        self.run_it("--scenarios", 200, "--seed", 1, "--keep", kept, INIT)
        first = {path.name for path in kept.iterdir()}
        self.assertGreater(len(first), 20)
        json_path = self.scratch / "r.json"
        self.run_it("--scenarios", 1, "--seed", 2, "--keep", kept, "--json", json_path, INIT)
        self.assertGreater(json.loads(json_path.read_text())["subjects"][0]["scenarios"], len(first))
        self.assertLessEqual(first, {path.name for path in kept.iterdir()})

    def test_inits_that_loop_or_eat_memory_are_bounded_and_reported(self):
        for name, rule in (("loops_without_calls", "15 comes-to-rest"), ("eats_memory", "11 never-exits")):
            subject = self.own(BANK / name)
            status, output, errors = self.run_it("--first", "--seconds", 60, "--seed", 1, subject)
            self.assertEqual(status, 1, name + output + errors)
            self.assertIn(f"breaks {rule}", output, name)
            self.assertEqual(self.processes_of(subject), [])

    def test_a_silent_rule_fails_only_if_that_is_asked(self):
        empty = self.scratch / "empty"
        empty.mkdir()
        self.write("empty/one.scenario", "at rest: child exits 0\n")
        arguments = ("--corpus", empty, "--scenarios", 1, "--seed", 1)
        status, output, errors = self.run_it(*arguments, INIT)
        self.assertEqual(status, 0, output + errors)
        self.assertIn("Silent rules", output)
        status, output, errors = self.run_it(*arguments, "--require-spoken", INIT)
        self.assertEqual(status, 1, output + errors)

    def test_several_subjects_share_a_table(self):
        status, output, errors = self.run_it("--scenarios", 50, "--seed", 1, "--subject", INIT, "--subject",
                                             BANK / "loses_term")
        self.assertEqual(status, 1, output + errors)
        self.assertRegex(output, r"\[1\] init +\[2\] loses_term")

    def test_what_cannot_be_run_is_said_with_what_to_do(self):
        bad = self.write("bad.ledger", "rule 2 forwards-every-signal\nfacts phase=nowhere\n")
        scenario = self.write("bad.scenario", "at rest: child flies\n")
        text = self.write("text", "no program\n")
        unloadable = self.own("/usr/bin/tini")
        unloadable.write_bytes(unloadable.read_bytes().replace(b"libc.so.6", b"libx.so.6"))
        for arguments, words in (
                ((), "no SUBJECT"),
                (("--nonsense", INIT), "--nonsense"),
                ((self.scratch / "absent",), "absent"),
                (("--ledger", bad, INIT), "bad.ledger:2:"),
                (("--ledger", self.scratch / "absent", INIT), "absent: No such file"),
                (("--ledger", self.scratch, INIT), "Is a directory"),
                (("--play", self.scratch, INIT), "Is a directory"),
                (("--corpus", self.scratch / "absent", INIT), "cannot read folder"),
                (("--play", scenario, INIT), "bad.scenario:1:"),
                (("--json", self.scratch / "absent/r.json", "--scenarios", 1, INIT), "cannot write"),
                (("--rig", "in-process", sys.executable), "dynamic"),
                (("--scenarios", 1, unloadable), "libx.so.6"),
                (("--scenarios", 1, text), "text")):
            status, output, errors = self.run_it(*arguments)
            self.assertEqual(status, 2, f"{arguments}: {output}{errors}")
            self.assertIn(words, errors, arguments)

    def interrupt(self, *arguments):
        """As a terminal does: all of its processes that it did not take out of its group hear of it."""
        command = [CROSSCHECK, "--seconds", "200", "--seed", "1", *map(str, arguments)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        progress = running.stderr.readline()  # it is under way
        self.assertIn("scenarios", progress)
        os.killpg(running.pid, signal.SIGINT)
        output, errors = running.communicate(timeout=60)
        return running.returncode, output, errors

    def test_what_no_kernel_starts_is_refused_under_each_rig(self):
        unmarked = self.own(INIT).rename(self.scratch / "unmarked")
        unmarked.chmod(0o644)
        cut = self.own(INIT).rename(self.scratch / "cut")
        cut.write_bytes(INIT.read_bytes()[:1000])
        cut_dynamic = self.own("/usr/bin/tini").rename(self.scratch / "cut-dynamic")
        cut_dynamic.write_bytes(cut_dynamic.read_bytes()[:2000])
        script = self.write("script", "echo\n")
        script.chmod(0o755)
        play = ("--play", self.write("one.scenario", "at rest: child exits 0\n"))
        for subject, words in (
                (unmarked, "it has no x bit"),
                (cut, "it is cut off: it has 1000 bytes"),
                (cut_dynamic, "it is cut off: it has 2000 bytes"),
                (self.scratch, "it is no regular file")):
            for options in (("--rig", "in-process"), ("--rig", "ptrace"), (), play):
                status, output, errors = self.run_it(*options, "--scenarios", 1, subject)
                self.assertEqual(status, 2, f"{options} {subject}: {output}{errors}")
                self.assertIn(f"cannot execute {subject}: {words}", errors)
        status, output, errors = self.run_it("--scenarios", 1, script)
        self.assertEqual(status, 2, output + errors)
        self.assertIn(f"cannot execute {script}: Exec format error", errors)

    def test_what_cannot_be_written_is_said(self):
        subject = self.own(INIT)
        play = ("--play", self.write("one.scenario", "at rest: child exits 0\n"))
        for options, words in ((("--json", "/dev/stdout"), "cannot write /dev/stdout: Broken pipe"),
                               ((), "cannot write to standard output: Broken pipe"),
                               (play, "cannot write to standard output: Broken pipe"),
                               (("--json", "/dev/full"), "cannot write /dev/full: No space left on device")):
            reader, writer = os.pipe()
            os.close(reader)
            ran = subprocess.run([CROSSCHECK, *map(str, options), "--scenarios", "1", subject], stdout=writer,
                                 stderr=subprocess.PIPE, text=True, timeout=LIMIT_SECONDS)
            os.close(writer)
            self.assertEqual(ran.returncode, 2, f"{options} {ran.stderr}")
            self.assertIn(words, ran.stderr)
            self.assertEqual(self.processes_of(subject), [])

    def test_the_most_memory_is_there(self):
        # In process it is so much but under sanitizers, who have addresses of their own from 2 GiB on.
        for rig, memory in (("in-process", 1024), ("ptrace", 16384)):
            status, output, errors = self.run_it("--rig", rig, "--memory", memory, "--scenarios", 5, "--seed", 1, INIT)
            self.assertEqual(status, 0, output + errors)

    def test_an_interrupt_ends_it_with_a_report_and_leaves_nothing(self):
        subject = self.own(INIT)
        for rig in ("in-process", "ptrace"):
            json_path, sarif_path = self.scratch / "r.json", self.scratch / "r.sarif"
            status, output, errors = self.interrupt("--rig", rig, "--json", json_path, "--sarif", sarif_path,
                                                    "--subject", subject, "--subject", INIT)
            self.assertEqual(status, 2, output + errors)
            self.assertIn("reaps-at-rest", output)
            self.assertRegex(output, r"\nINTERRUPTED after [0-9,]+ scenarios, with 1 subject not begun: no new break")
            report = json.loads(json_path.read_text())
            self.assertEqual((report["exitStatus"], report["interrupted"], report["notBegun"]), (2, True, 1))
            troubles = report["subjects"][0]["troubles"]
            # How far it came depends on the machine, and so whether a scenario crowded it on the way.
            lost = troubles["notCounted"] - troubles["crowded"]
            self.assertEqual((troubles["lost"], lost, troubles["lostWorkers"]), (0, 0, 0))
            invocation = json.loads(sarif_path.read_text())["runs"][0]["invocations"][0]
            self.assertEqual((invocation["exitCode"], invocation["executionSuccessful"]), (2, False))
            self.assertEqual(self.processes_of(subject), [])

    def test_a_break_found_before_an_interrupt_is_one(self):
        json_path = self.scratch / "r.json"
        status, output, errors = self.interrupt("--json", json_path, BANK / "loses_term")
        self.assertEqual(status, 1, output + errors)
        self.assertRegex(output, r"\nINTERRUPTED after [0-9,]+ scenarios\. FAILED: \d+ new break")
        self.assertEqual(json.loads(json_path.read_text())["exitStatus"], 1)

    def test_a_kill_leaves_nothing_either(self):
        subject = self.own(INIT)
        running = subprocess.Popen([CROSSCHECK, "--seconds", "200", "--seed", "1", subject], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        running.stderr.readline()
        running.kill()
        running.wait()
        running.stderr.close()
        until = time.monotonic() + 30
        while self.processes_of(subject) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(self.processes_of(subject), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
