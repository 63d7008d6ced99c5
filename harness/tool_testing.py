"""What tests of a program have in common: run it, give it files, clear them away."""

import pathlib
import subprocess
import tempfile
import unittest


class ToolTest(unittest.TestCase):
    """A subclass says what `program` is, and how long one run of it may take."""
    program: pathlib.Path
    limit_seconds: int

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="minit-tool-test-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def run_it(self, *arguments, text=""):
        ran = subprocess.run([self.program, *map(str, arguments)], input=text, capture_output=True, text=True,
                             timeout=self.limit_seconds)
        return ran.returncode, ran.stdout, ran.stderr

    def write(self, name, text):
        path = self.scratch / name
        path.write_text(text)
        return path
