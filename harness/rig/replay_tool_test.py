#!/usr/bin/env python3
"""Tests of replay as a program: what it takes, what it says of what it cannot take, and its exit status.

usage: replay_tool_test.py REPLAY [TEST...]
"""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).parent.parent))
from tool_testing import ToolTest

REPLAY = pathlib.Path(sys.argv.pop(1)).resolve()


class ReplayTest(ToolTest):
    program = REPLAY
    limit_seconds = 60

    def test_a_scenario_is_a_time_line_with_verdicts(self):
        for file, text in ((self.write("one.scenario", "at rest: child exits 0\n"), ""),
                           ("-", "at rest: child exits 0\n")):
            status, output, errors = self.run_it(file, text=text)
            self.assertEqual(status, 0, output + errors)
            self.assertIn("at rest: child exits 0", output)
            self.assertIn("held: 1 reaps-at-rest", output)

    def test_a_text_is_one_whatever_its_name_is(self):
        text = "# a comment, 5 µs long\nat rest: child exits 3\n"
        for name in ("one.scenario", "one.txt", "one"):
            self.assertEqual(self.run_it("--text", self.write(name, text)), (0, "at rest: child exits 3\n", ""))
        status, output, errors = self.run_it("--text", self.write("two", "at rest: child exits 3\nat rest: sings\n"))
        self.assertEqual((status, output), (2, ""))
        self.assertIn("two:2:10: ", errors)

    def test_bytes_of_a_fuzzer_are_taken_as_they_are(self):
        crash = self.scratch / "crash-1"
        text = "at rest: child exits 3\nbefore call 2: kernel sends TERM to init\n"
        self.assertEqual(self.run_it("--bytes", crash, self.write("one.scenario", text))[0], 0)
        self.assertEqual(self.run_it("--text", crash), (0, text, ""))
        # By chance printable, and no text.
        status, output, errors = self.run_it("--text", self.write("crash-2", "Ab3 xY\n"))
        self.assertEqual((status, len(output.splitlines())), (0, 1), output + errors)
        self.assertIn("crash-2: taken as bytes", errors)

    def test_of_a_folder_all_scenarios_are_played(self):
        self.write("b.scenario", "at rest: child exits 1\n")
        self.write("a.scenario", "at rest: child exits 0\n")
        self.write("notes.md", "no scenario\n")
        status, output, errors = self.run_it("--brief", self.scratch)
        self.assertEqual(status, 0, output + errors)
        self.assertEqual(output, f"held    {self.scratch}/a.scenario\nheld    {self.scratch}/b.scenario\n")
        status, output, errors = self.run_it(self.scratch)
        self.assertEqual(status, 0, output + errors)
        self.assertIn(f"--- {self.scratch}/b.scenario\n", output)

    def test_moves_without_effect_are_counted(self):
        for text, words in (("at rest: child exits 1\n", ""),
                            ("at rest: process 1 exits 0\n", ": 1 move without effect"),
                            ("at rest: process 1 exits 0\nrepeat: the last 1 moves 2 times\n",
                             ": 3 moves without effect")):
            scenario = self.write("one.scenario", text)
            self.assertEqual(self.run_it("--brief", scenario), (0, f"held    {scenario}{words}\n", ""))

    def test_what_is_wrong_in_a_folder_is_said_and_the_others_are_played(self):
        self.write("a.scenario", "at rest: child sings\n")
        self.write("b.scenario", "at rest: child exits 0\n")
        (self.scratch / "c.scenario").mkdir()
        status, output, errors = self.run_it("--brief", self.scratch)
        self.assertEqual(status, 2, output + errors)
        self.assertIn("a.scenario:1:", errors)
        self.assertIn("c.scenario: Is a directory", errors)
        self.assertIn("b.scenario", output)

    def test_what_cannot_be_read_or_written_is_said_with_the_reason(self):
        scenario = self.write("one.scenario", "at rest: child exits 0\n")
        self.write("two.scenario", "at rest: child exits 0\n")
        (self.scratch / "empty").mkdir()
        for arguments, words in (
                ((), "no FILE is named"),
                (("--fast",), "--fast"),
                ((self.scratch / "absent",), "absent: No such file or directory"),
                ((self.scratch / "empty",), "ends in .scenario"),
                (("--svg", self.scratch / "out.svg", self.scratch), "take one FILE"),
                (("--svg", self.scratch / "absent/out.svg", scenario), "out.svg: No such file or directory"),
                (("--bytes", self.scratch, scenario), "Is a directory")):
            status, output, errors = self.run_it(*arguments)
            self.assertEqual(status, 2, f"{arguments}: {output}{errors}")
            self.assertIn(words, errors, arguments)


if __name__ == "__main__":
    unittest.main(verbosity=2)
