"""A snapshot taken from the link to a primary, and loaded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication import intake
from pyredis.replication.incoming_snapshot import IncomingSnapshot
from pyredis.replication.intake import Intake

MARK = b"0123456789" * 4


class Link:
    """Notes whether it is to take nothing."""

    is_paused = False

    def pause(self) -> None:
        """Take nothing."""
        self.is_paused = True

    def resume(self) -> None:
        """Take what comes."""
        self.is_paused = False


class IntakeTests(SynchronousTestCase):
    """Who is told what, and when the link is held up."""

    def begin(self, header: bytes, *, direct: bool) -> Intake:
        """Announce a snapshot."""
        self.link: Any = Link()
        self.loaded: Deferred[Any] = Deferred()
        self.portions: Iterator[bytes] | None = None
        self.ended: list[object] = []

        def load(incoming: IncomingSnapshot) -> Deferred[Any]:
            self.portions = incoming.portions()
            return self.loaded

        spool = None if direct else io.BytesIO()
        self.intake = Intake(self.link, header, spool, load, self.ended.append)
        self.intake.start()
        return self.intake

    def next(self) -> bytes:
        """Load the next portion."""
        assert self.portions is not None
        return next(self.portions)

    def test_from_disk(self) -> None:
        """It is loaded when all of it has come; what comes behind it waits."""
        one = self.begin(b"$5", direct=False)
        one.take(b"abc")
        self.assertFalse(one.is_loading)
        self.assertEqual(one.fields()["master_sync_left_bytes"], 2)
        one.take(b"dePI")
        self.assertTrue(one.is_loading and self.link.is_paused and not one.is_waiting)
        one.take(b"NG")
        self.assertEqual((self.next(), bytes(one.rest)), (b"abcde", b"PING"))
        self.loaded.callback({b"name": b"value"})
        self.assertEqual(self.ended, [{b"name": b"value"}])

    def test_while_it_comes(self) -> None:
        """It is loaded from the start; where nothing has come there is nothing to load yet."""
        one = self.begin(b"$EOF:" + MARK, direct=True)
        self.assertTrue(one.is_loading and one.is_waiting)
        self.assertEqual(self.next(), b"")
        one.take(b"abc" + MARK[:10])
        self.assertEqual(self.next(), b"")
        one.take(MARK[10:])
        self.assertEqual(self.next(), b"abc")
        self.assertRaises(StopIteration, self.next)
        self.assertTrue(self.link.is_paused)

    def test_more_than_can_be_loaded(self) -> None:
        """No more is taken from the link than is loaded in time."""
        self.patch(intake, "_MOST_HELD_BYTES", 100)
        one = self.begin(b"$1000", direct=True)
        for _ in range(3):
            one.take(b"x" * 50)
        self.assertTrue(self.link.is_paused and not one.is_waiting)
        self.next()
        self.assertTrue(self.link.is_paused)
        self.next()
        self.next()
        self.assertFalse(self.link.is_paused)

    def test_a_link_that_is_lost(self) -> None:
        """What has come is loaded, then there is no more."""
        one = self.begin(b"$10", direct=True)
        one.take(b"abc")
        one.lose_link()
        self.assertEqual(self.next(), b"abc")
        self.assertRaises(StopIteration, self.next)
        self.loaded.errback(Failure(ValueError()))
        self.assertIsInstance(self.ended[0], Failure)

    def test_ending_it(self) -> None:
        """Loading is stopped, and nobody is told."""
        one = self.begin(b"$10", direct=True)
        one.cancel()
        self.assertTrue(self.loaded.called)
        self.assertEqual(self.ended, [])
