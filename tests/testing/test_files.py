"""Files that fill a server."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from tests.testing.test_service import START, ServiceTestCase


class FileTests(ServiceTestCase):
    """RDB files and files of commands."""

    def file(self, content: bytes) -> str:
        """Return the path of a file with some content."""
        number, path = tempfile.mkstemp()
        os.close(number)
        self.addCleanup(os.unlink, path)
        Path(path).write_bytes(content)
        return path

    def rdb(self) -> bytes:
        """Return an RDB file with three keys, one of which has expired."""
        past, future = int(START * 1000) - 1, int(START * 1000) + 5000
        records = [
            (0, b"k", b"v", None, None, None),
            (0, b"gone", b"v", past, None, None),
            (2, b"x", b"v", future, None, None),
        ]
        return b"".join(write_rdb(records, ValueWriter()))

    def test_an_rdb_file(self) -> None:
        """Its keys are added, with their deadlines, in their databases."""
        self.redis.data["mine"] = 1
        self.assertEqual(self.redis.load(self.file(self.rdb())), 3)
        self.assertEqual(dict(self.redis.data), {b"mine": b"1", b"k": b"v"})
        self.assertEqual(self.redis.data.database(2).ttl("x"), 5)

    def test_a_broken_rdb_file(self) -> None:
        """The error says where it is broken."""
        path = self.file(self.rdb()[:-12])
        error = self.assertRaises(ValueError, self.redis.load, path)
        self.assertRegex(str(error), f"^{path}: .*EOF")

    def test_a_file_of_commands(self) -> None:
        """Lines as typed at redis-cli; SELECT counts, comments do not."""
        path = self.file(b'# users\nSET "user 1" Ada\n\nSELECT 1\nRPUSH q a b "\\x00"\n  # end\n')
        self.assertEqual(self.redis.load(path), 3)
        self.assertEqual(self.redis.data["user 1"], b"Ada")
        self.assertEqual(self.redis.data.database(1)["q"], [b"a", b"b", b"\x00"])

    def test_a_wrong_command(self) -> None:
        """The error says in which line."""
        for line in (b'SET "k', b"NOPE", b"SELECT x"):
            path = self.file(b"PING\n" + line)
            error = self.assertRaises(ValueError, self.redis.load, path)
            self.assertIn(f"{path}, line 2: ", str(error))

    def test_no_such_file(self) -> None:
        """A missing file is an OSError."""
        self.assertRaises(OSError, self.redis.load, "/nowhere/at/all.rdb")
