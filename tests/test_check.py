"""Tests of pyredis.check: the command line."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.check import DAMAGED, UNREADABLE, VALID, main
from tests.test_file_examination import SNAPSHOT, commands


class CheckTests(SynchronousTestCase):
    """What is printed, and what is done."""

    def setUp(self) -> None:
        """Make a directory with a file that is torn."""
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.whole = commands("SET k v", "INCR n")
        self.torn = self.root / "torn.aof"
        self.torn.write_bytes(self.whole + b"*3\r\n$3\r\nSET")
        self.dump = self.root / "dump.rdb"
        self.dump.write_bytes(SNAPSHOT)

    def run_it(self, *arguments: object, typed: str = "") -> tuple[int, str, str]:
        """Return the exit code and what was printed."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdin", io.StringIO(typed))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return code, out.getvalue(), err.getvalue()

    def test_a_table(self) -> None:
        """For people."""
        code, out, _ = self.run_it(self.dump)
        self.assertEqual(code, VALID)
        self.assertIn("dump.rdb: rdb, ", out)
        self.assertIn("  keys by type\n    string  1\n    list    1\n", out)
        self.assertIn("    keys that expire        1\n", out)

    def test_json(self) -> None:
        """For programs; one entry a file."""
        code, out, _ = self.run_it("--json", self.dump, self.torn)
        self.assertEqual(code, DAMAGED)
        dump, torn = json.loads(out)
        self.assertEqual((dump["valid"], dump["types"]["list"]), (True, 1))
        self.assertEqual((torn["valid"], torn["whole"]), (False, len(self.whole)))

    def test_damage(self) -> None:
        """Is told, with the offset."""
        code, out, _ = self.run_it(self.torn)
        self.assertEqual(code, DAMAGED)
        self.assertIn(f"a command without an end, behind offset {len(self.whole)}", out)

    def test_fixing_asks_first(self) -> None:
        """Nothing is cut off without a yes."""
        code, _, err = self.run_it("--fix", self.torn, typed="n\n")
        self.assertEqual(code, DAMAGED)
        self.assertIn("cut off 11 bytes", err)
        self.assertNotEqual(self.torn.read_bytes(), self.whole)
        code, out, _ = self.run_it("--fix", self.torn, typed="y\n")
        self.assertEqual(code, VALID)
        self.assertIn("valid", out)
        self.assertEqual(self.torn.read_bytes(), self.whole)

    def test_fixing_without_asking(self) -> None:
        """What is valid stays as it is."""
        self.assertEqual(self.run_it("--fix", "--yes", self.torn, self.dump)[0], VALID)
        self.assertEqual(self.torn.read_bytes(), self.whole)
        self.assertEqual(self.dump.read_bytes(), SNAPSHOT)

    def test_what_cannot_be_fixed(self) -> None:
        """A snapshot is whole or useless."""
        self.dump.write_bytes(SNAPSHOT[:-1])
        code, _, err = self.run_it("--fix", "--yes", self.dump)
        self.assertEqual(code, DAMAGED)
        self.assertIn("cannot be mended", err)

    def test_what_is_not_there(self) -> None:
        """Is told; the other files are examined all the same."""
        code, out, err = self.run_it(self.root / "none", self.dump)
        self.assertEqual(code, UNREADABLE)
        self.assertIn("No such file", err)
        self.assertIn("dump.rdb", out)
