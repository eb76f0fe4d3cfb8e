"""A snapshot on its way from a primary."""

from __future__ import annotations

import io

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.incoming_snapshot import IncomingSnapshot

MARK = b"0123456789" * 4


class IncomingSnapshotTests(SynchronousTestCase):
    """Both forms, however the bytes are cut."""

    def test_a_length_that_is_known(self) -> None:
        """What comes behind so many bytes is handed back."""
        snapshot = IncomingSnapshot(b"$5", io.BytesIO())
        self.assertEqual(snapshot.take(b"abc"), b"")
        self.assertFalse(snapshot.is_complete)
        self.assertEqual(snapshot.take(b"dePING"), b"PING")
        self.assertTrue(snapshot.is_complete)
        self.assertEqual(b"".join(snapshot.portions()), b"abcde")

    def test_a_stream_with_a_mark(self) -> None:
        """It ends with the mark, wherever that is cut."""
        data = b"some data, 0123456789 among them" + MARK
        for size in (1, 7, 39, 40, 41, 1000):
            snapshot = IncomingSnapshot(b"$EOF:" + MARK, io.BytesIO())
            for start in range(0, len(data), size):
                self.assertFalse(snapshot.is_complete)
                self.assertEqual(snapshot.take(data[start : start + size]), b"")
            self.assertTrue(snapshot.is_complete)
            self.assertEqual(b"".join(snapshot.portions()), data[: -len(MARK)])
            self.assertEqual(snapshot.total_bytes, len(data) - len(MARK))

    def test_an_empty_one(self) -> None:
        """Nothing is nothing."""
        self.assertTrue(IncomingSnapshot(b"$0", io.BytesIO()).is_complete)

    def test_other_lines_announce_none(self) -> None:
        """They are refused."""
        for line in (b"+OK", b"$-1", b"$x", b"$", b"$EOF:short"):
            self.assertRaises(ValueError, IncomingSnapshot, line, io.BytesIO())
