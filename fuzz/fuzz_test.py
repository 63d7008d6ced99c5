#!/usr/bin/env python3
"""Tests of fuzz.py, and with it of the search itself: a planted fault is found, from no seeds.

usage: fuzz_test.py PROGRAMS [TEST...]     PROGRAMS: the folder with the built targets
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(sys.argv.pop(1)).resolve()


class FuzzTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="minit-fuzz-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        # What fuzz.py keeps in passing comes to lie here too.
        self.environment = dict(os.environ, TMPDIR=scratch.name)

    def command(self, *arguments):
        return [sys.executable, "-B", str(HERE / "fuzz.py"), "--programs", str(PROGRAMS),
                "--corpus", str(self.scratch / "corpus"), "--findings", str(self.scratch / "findings"),
                "--json", str(self.scratch / "report.json"), *arguments]

    def run_fuzz(self, *arguments):
        ran = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=300,
                             env=self.environment)
        return ran.returncode, ran.stdout + ran.stderr

    def report(self):
        return json.loads((self.scratch / "report.json").read_text())

    def assert_nothing_left(self):
        left = [name for name in os.listdir(self.scratch) if name.startswith("minit-fuzz-")]
        self.assertEqual(left, [])
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(str(self.scratch), listed)

    def test_planted_fault_is_found_from_no_seeds(self):
        status, output = self.run_fuzz("--seconds", "30", "--jobs", "1", "--no-seeds", "negative_fuzzer")
        self.assertEqual(status, 1, output)
        finding = self.report()["findings"][0]
        self.assertIn("rule 2 (forwards-every-signal)", finding["what"])
        self.assertIn("HUP", finding["scenario"])
        self.assertLessEqual(len(finding["scenario"].splitlines()), 3, "it is minimised")
        self.assertIn("    " + finding["scenario"].splitlines()[0], output)
        self.assertIn(f"replay: {finding['replay']}", output)
        self.assertEqual(pathlib.Path(finding["file"]).read_text(), finding["scenario"])
        self.assertGreater(self.report()["targets"][0]["executions"], 0)
        self.assert_nothing_left()

    def test_nothing_is_found_where_there_is_nothing(self):
        status, output = self.run_fuzz("--seconds", "5", "--jobs", "1", "--seed", "1", "scenario_fuzzer")
        self.assertEqual(status, 0, output)
        self.assertIs(self.report()["interrupted"], False)
        target = self.report()["targets"][0]
        self.assertGreater(target["executions"], 100)
        self.assertGreater(target["edges"], 0)
        self.assertGreater(target["inputs"], 0)
        self.assertEqual(len(os.listdir(self.scratch / "corpus/scenario_fuzzer")), target["inputs"])
        self.assert_nothing_left()

    def test_it_can_be_interrupted(self):
        for stop in (signal.SIGINT, signal.SIGTERM):
            shutil.rmtree(self.scratch / "corpus", ignore_errors=True)
            process = subprocess.Popen(self.command("--seconds", "60", "scenario_fuzzer"), env=self.environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            corpus = self.scratch / "corpus/scenario_fuzzer"
            self.wait_for(lambda: corpus.is_dir() and any(corpus.iterdir()))
            process.send_signal(stop)
            output, _ = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 2, output)
            self.assertIn("fuzz: interrupted", output)
            self.assertIs(self.report()["interrupted"], True)
            self.assertEqual(self.report()["findings"], [])
            self.assertGreater(self.report()["targets"][0]["inputs"], 0)
            self.assert_nothing_left()

    def test_what_was_found_before_an_interruption_is_told(self):
        for stop in (signal.SIGINT, signal.SIGTERM):
            # The first of the two is left alone after ten crashes; the other goes on.
            process = subprocess.Popen(
                self.command("--seconds", "120", "--jobs", "2", "--no-seeds", "negative_fuzzer", "scenario_fuzzer"),
                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertTrue(any(line.startswith("FINDING") for line in process.stdout))
            process.send_signal(stop)
            output, _ = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 1, output)
            self.assertIn("fuzz: 1 findings", output)
            self.assertIn("fuzz: interrupted", output)
            report = self.report()
            self.assertIs(report["interrupted"], True)
            self.assertIn("rule 2", report["findings"][0]["what"])
            self.assertTrue(pathlib.Path(report["findings"][0]["file"]).exists())
            self.assertEqual([target["target"] for target in report["targets"]],
                             ["negative_fuzzer", "scenario_fuzzer"])
            (self.scratch / "report.json").unlink()
            self.assert_nothing_left()

    def test_a_crash_that_is_being_made_smaller_is_kept_as_it_is(self):
        programs = self.scratch / "programs"
        programs.mkdir()
        target = programs / "machine_fuzzer"
        target.write_text(f"""#!/bin/sh
case "$*" in *-minimize_crash=1*) touch {self.scratch}/begun; sleep 600; exit 1 ;; esac
for argument; do case $argument in -artifact_prefix=*) crash=${{argument#*=}}crash-1 ;; esac; done
printf 'an input' >"$crash"
echo "machine_fuzzer: it is absurd" >&2
echo "artifact_prefix='…'; Test unit written to $crash" >&2
exit 77
""")
        target.chmod(0o755)
        process = subprocess.Popen(self.command("--programs", str(programs), "machine_fuzzer"), env=self.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.wait_for(lambda: (self.scratch / "begun").exists())
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, output)
        finding, = self.report()["findings"]
        self.assertEqual(finding["what"], "it is absurd")
        self.assertEqual(pathlib.Path(finding["file"]).read_text(), "an input")
        self.assert_nothing_left()

    def wait_for(self, condition):
        for _ in range(600):
            if condition():
                return
            time.sleep(0.1)
        self.fail("it does not get that far")

    def test_one_that_cannot_run_takes_nothing_from_the_others(self):
        programs = self.scratch / "programs"
        programs.mkdir()
        for program in PROGRAMS.iterdir():
            (programs / program.name).symlink_to(program)
        broken = programs / "wait_status_fuzzer"
        broken.unlink(missing_ok=True)  # not every build has it
        broken.write_text("#!/bin/sh\necho its library is not there >&2\nexit 127\n")
        broken.chmod(0o755)
        status, output = self.run_fuzz("--programs", str(programs), "--seconds", "30", "--jobs", "1",
                                       "negative_fuzzer", "wait_status_fuzzer")
        self.assertEqual(status, 1, output)
        self.assertIn("wait_status_fuzzer ended with 127", output)
        self.assertIn("its library is not there", self.report()["problem"])
        self.assertEqual(self.report()["findings"][0]["target"], "negative_fuzzer")
        status, output = self.run_fuzz("--programs", str(programs), "--seconds", "2", "wait_status_fuzzer")
        self.assertEqual(status, 2, output)
        self.assertIn("fuzz: 0 findings", output)
        self.assert_nothing_left()

    def test_what_it_cannot_do_it_says(self):
        for arguments, said in [(("no_such_fuzzer",), "there is no target 'no_such_fuzzer'"),
                                (("--seconds", "0"), "at least 1"),
                                (("--programs", str(self.scratch)), "scripts/fuzz builds them")]:
            status, output = self.run_fuzz(*arguments)
            self.assertEqual(status, 2, output)
            self.assertIn(said, output)


if __name__ == "__main__":
    unittest.main()
