"""Tests for :mod:`pyredis.replication.backlog`."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.backlog import Backlog


class BacklogTests(SynchronousTestCase):
    """The newest bytes of a history, by their offsets."""

    def test_what_is_there(self) -> None:
        """Everything from an offset on is returned while it is kept, nothing at the end."""
        backlog = Backlog(100, 10)
        self.assertEqual((backlog.offset, backlog.first, backlog.length), (10, 11, 0))
        backlog.append(b"abc")
        self.assertEqual((backlog.offset, backlog.first, backlog.length), (13, 11, 3))
        self.assertEqual(backlog.since(11), b"abc")
        self.assertEqual(backlog.since(13), b"c")
        self.assertEqual(backlog.since(14), b"")

    def test_what_is_not_there(self) -> None:
        """What is gone, or not written yet, is not returned."""
        backlog = Backlog(4, 0)
        backlog.append(b"abcdef")
        self.assertIsNone(backlog.since(2))
        self.assertEqual(backlog.since(3), b"cdef")
        self.assertIsNone(backlog.since(8))
        self.assertIsNone(backlog.since(-5))

    def test_it_does_not_grow(self) -> None:
        """No more than the limit is kept, whatever is written."""
        backlog = Backlog(1000, 0)
        for _ in range(100):
            backlog.append(b"x" * 999)
        self.assertEqual(backlog.length, 1000)
        self.assertEqual(backlog.offset, 99900)

    def test_another_size(self) -> None:
        """A smaller limit cuts at once, a larger one lets it grow."""
        backlog = Backlog(6, 0)
        backlog.append(b"abcdef")
        backlog.resize(2)
        self.assertEqual(backlog.since(backlog.first), b"ef")
        backlog.resize(4)
        backlog.append(b"gh")
        self.assertEqual(backlog.since(backlog.first), b"efgh")
