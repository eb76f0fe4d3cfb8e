"""Tests of pyredis.file_examination: what is found in files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import pyredis.commands  # noqa: F401 - declares the commands
from pyredis.datatypes.encodings import EncodingLimits
from pyredis.datatypes.lists import ListValue
from pyredis.file_examination import examine
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from pyredis.wire.request_encoder import encode_request


def commands(*lines: str) -> bytes:
    """Return commands as a file has them."""
    return b"".join(encode_request(line.encode().split()) for line in lines)


SNAPSHOT = b"".join(
    write_rdb(
        [
            (0, b"k", b"v", 1 << 41, None, None),
            (2, b"l", ListValue.of([b"x" * 100] * 20, EncodingLimits()), None, None, None),
        ],
        ValueWriter(),
        aux=[(b"redis-ver", b"7.2.6")],
        functions=[b"#!lua name=l"],
    )
)
MANIFEST = "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"


class ExaminationTests(SynchronousTestCase):
    """Files of all kinds, whole and damaged."""

    def setUp(self) -> None:
        """Make a directory."""
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, name: str, data: bytes) -> str:
        """Write a file and return its path."""
        (self.root / name).write_bytes(data)
        return str(self.root / name)

    def test_a_snapshot(self) -> None:
        """Keys by type and database, deadlines, functions, what it says of itself."""
        report = examine(self.write("dump.rdb", SNAPSHOT))
        self.assertTrue(report.is_valid)
        self.assertEqual((report.kind, report.whole), ("rdb", len(SNAPSHOT)))
        self.assertEqual(dict(report.types), {"string": 1, "list": 1})
        self.assertEqual(dict(report.databases), {0: 1, 2: 1})
        self.assertEqual((report.expiring, report.functions), (1, 1))
        self.assertEqual(report.about, {"version": "11", "redis-ver": "7.2.6"})
        self.assertEqual(report.biggest[0][:2], ("l", "list"))

    def test_commands(self) -> None:
        """By name, with the times between which they were written, and the busiest keys."""
        data = b"#TS:5\r\n" + commands("SET k v", "INCR n", "SET big xxxxxxxxx", "wrong x")
        report = examine(self.write("a.aof", data + b"#TS:9\r\n" + commands("GET k")))
        self.assertTrue(report.is_valid)
        self.assertEqual(dict(report.commands), {"SET": 2, "INCR": 1, "(unknown)": 1, "GET": 1})
        self.assertEqual(report.about, {"first time": "5", "last time": "9"})
        self.assertEqual(report.biggest[0][0], "big")

    def test_a_snapshot_with_commands_behind(self) -> None:
        """As servers before 7.0 wrote it."""
        report = examine(self.write("a.aof", SNAPSHOT + commands("SET k v")))
        self.assertTrue(report.is_valid)
        self.assertEqual(report.kind, "aof with a snapshot in front")
        self.assertEqual(report.commands["SET"], 1)

    def test_what_is_torn(self) -> None:
        """It is whole up to its last command or transaction, and can be cut off there."""
        whole = commands("SET k v")
        for behind in (commands("SET k v")[:-1], commands("MULTI", "SET k v")):
            report = examine(self.write("a.aof", whole + behind))
            self.assertEqual((report.whole, report.can_be_cut), (len(whole), True))
            self.assertIs(report.torn, report)
        report = examine(self.write("a.aof", whole + b"\0\0\0"))
        self.assertEqual(report.whole, len(whole))
        self.assertFalse(report.is_valid)

    def test_a_snapshot_that_is_damaged(self) -> None:
        """It cannot be mended."""
        for data in (SNAPSHOT[:-20], SNAPSHOT[:-1] + b"x"):
            report = examine(self.write("dump.rdb", data))
            self.assertFalse(report.is_valid)
            self.assertIsNone(report.torn)

    def test_a_manifest(self) -> None:
        """With all its files; only the last one may be cut off."""
        path = self.write("a.manifest", MANIFEST.encode())
        self.write("a.1.base.rdb", SNAPSHOT)
        self.write("a.1.incr.aof", commands("SET k v"))
        report = examine(path)
        self.assertTrue(report.is_valid)
        self.assertEqual([part.kind for part in report.parts], ["rdb", "aof"])
        torn = self.write("a.1.incr.aof", commands("SET k v")[:-1])
        report = examine(path)
        assert report.torn is not None
        self.assertEqual(report.torn.path, torn)
        self.write("a.1.base.rdb", commands("SET k v")[:-1])
        self.assertIsNone(examine(path).torn)
        (self.root / "a.1.base.rdb").unlink()
        self.assertIn("No such file", examine(path).parts[0].problem)

    def test_manifests_that_are_wrong(self) -> None:
        """The line is named; one that names itself is not read for ever."""
        report = examine(self.write("x", b"file a seq 1 type b\nfile ../b seq 1 type i\n"))
        self.assertIn("line 2", report.problem)
        self.assertIsNone(report.torn)
        report = examine(self.write("a.manifest", b"file a.manifest seq 1 type b\n"))
        self.assertFalse(report.is_valid)

    def test_many_keys(self) -> None:
        """The busiest are found among more than are remembered."""
        import pyredis.file_examination as module

        self.patch(module, "_MOST_COUNTED", 50)
        lines = [f"SET k{number} v" for number in range(300)] + ["APPEND busy xxxxxxxxxx"] * 9
        report = examine(self.write("a.aof", commands(*lines)))
        self.assertEqual(report.biggest[0][0], "busy")

    def test_names_are_safe_on_a_terminal(self) -> None:
        """And not too long."""
        data = encode_request([b"SET", b"\x1b[2J" + b"k" * 100, b"v"])
        name = examine(self.write("a.aof", data)).biggest[0][0]
        self.assertTrue(name.startswith("\\x1b[2J"))
        self.assertLess(len(name), 80)
