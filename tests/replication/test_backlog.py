"""Tests for :mod:`pyredis.replication.backlog`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.backlog import Backlog

KIB = 1024


def numbered(size: int) -> bytes:
    """Return bytes of which no two parts are alike."""
    return b"".join(b"%07d." % number for number in range(size // 8))


class BacklogTests(SynchronousTestCase):
    """The newest bytes of a history, by their offsets."""

    def test_what_is_there(self) -> None:
        """Everything from an offset on can be read while it is kept, nothing at the end."""
        backlog = Backlog(16 * KIB, 10)
        self.assertEqual((backlog.offset, backlog.first, backlog.length), (10, 11, 0))
        backlog.append(b"abc")
        self.assertEqual((backlog.offset, backlog.first, backlog.length), (13, 11, 3))
        self.assertEqual(backlog.read(11, 100), b"abc")
        self.assertEqual(backlog.read(13, 100), b"c")
        self.assertEqual(backlog.read(11, 2), b"ab")
        self.assertTrue(backlog.reaches(14))

    def test_what_is_not_there(self) -> None:
        """What is gone, or not written yet, cannot be read."""
        backlog = Backlog(4 * KIB, 0)
        backlog.append(bytes(16 * KIB))
        for offset, is_reached in (
            (-5, False),
            (11 * KIB, False),
            (12 * KIB + 1, True),
            (16 * KIB + 1, True),
            (16 * KIB + 2, False),
        ):
            self.assertIs(backlog.reaches(offset), is_reached, offset)

    def test_parts_of_any_size(self) -> None:
        """Whatever the sizes of what is written and read, the bytes are the same."""
        whole = numbered(40 * KIB)
        for written, read in ((7, 1000), (1000, 7000), (40 * KIB, 64 * KIB), (3000, 1024)):
            backlog = Backlog(100 * KIB, 5)
            for at in range(0, len(whole), written):
                backlog.append(whole[at : at + written])
            place, found = 6, b""
            while place <= backlog.offset:
                piece = backlog.read(place, read)
                self.assertTrue(0 < len(piece) <= read)
                place += len(piece)
                found += piece
            self.assertEqual(found, whole, (written, read))

    def test_it_does_not_grow(self) -> None:
        """Little more than the limit is kept, whatever is written."""
        backlog = Backlog(16 * KIB, 0)
        for _ in range(1000):
            backlog.append(b"x" * 999)
            self.assertLess(backlog.length, 18 * KIB)
        self.assertGreaterEqual(backlog.length, 16 * KIB)
        self.assertEqual(backlog.offset, 999_000)
        self.assertLess(backlog.memory, 20 * KIB)

    def test_it_grows_for_who_is_behind(self) -> None:
        """What somebody is still to be sent is kept, and let go of when that is over."""
        wanted = [1]
        backlog = Backlog(16 * KIB, 0, lambda: wanted[0])
        whole = numbered(1000 * KIB)
        for at in range(0, len(whole), 1000):
            backlog.append(whole[at : at + 1000])
        self.assertEqual(backlog.length, 1000 * KIB)
        wanted[0] = 500 * KIB + 1
        backlog.trim()
        self.assertEqual(backlog.first, wanted[0])
        self.assertEqual(backlog.read(wanted[0], 64 * KIB), whole[500 * KIB : 564 * KIB])
        wanted[0] = 1000 * KIB + 1
        backlog.trim()
        self.assertLess(backlog.memory, 19 * KIB)

    def test_room_comes_in_blocks(self) -> None:
        """Memory is taken a block at a time, whatever is written."""
        backlog = Backlog(64 * KIB, 0)
        empty = backlog.memory
        for _ in range(16):
            backlog.append(bytes(60))
            self.assertEqual(backlog.memory, empty)
        backlog.append(bytes(KIB))
        self.assertGreaterEqual(backlog.memory, empty + KIB)
        self.assertLess(backlog.memory, empty + 2 * KIB)

    def test_another_size(self) -> None:
        """A smaller limit cuts at once, a larger one lets it grow."""
        backlog = Backlog(64 * KIB, 0)
        backlog.append(numbered(64 * KIB))
        backlog.resize(16 * KIB)
        self.assertEqual(backlog.length, 16 * KIB)
        backlog.resize(32 * KIB)
        backlog.append(numbered(64 * KIB))
        self.assertEqual(backlog.length, 32 * KIB)
