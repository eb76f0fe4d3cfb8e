"""Tests of pyredis.acl.log."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.log import GROUPED_MS, AccessLog, Where
from pyredis.acl.selectors import Reason


class AccessLogTests(SynchronousTestCase):
    """What was denied, the newest first."""

    def setUp(self) -> None:
        """Make a log."""
        self.log = AccessLog()

    def deny(self, what: bytes, now_ms: int = 0, reason: Reason = Reason.KEY) -> None:
        """Enter a denial."""
        self.log.add(reason, Where.TOPLEVEL, what, b"ann", b"id=%d" % now_ms, now_ms, 20)

    def shown(self) -> list[tuple[bytes, int, int]]:
        """Return what was denied, how often, and the numbers of the entries."""
        return [(entry.what, entry.count, entry.number) for entry in self.log.newest(100)]

    def test_the_same_is_counted(self) -> None:
        """It comes to the front and has the client and the time of the last."""
        self.deny(b"a")
        self.deny(b"b")
        self.deny(b"a", GROUPED_MS)

        self.assertEqual(self.shown(), [(b"a", 2, 0), (b"b", 1, 1)])
        newest = self.log.newest(1)[0]
        self.assertEqual((newest.created_ms, newest.updated_ms), (0, GROUPED_MS))
        self.assertEqual(newest.client, b"id=%d" % GROUPED_MS)

    def test_what_is_not_the_same(self) -> None:
        """Another reason, or the same a while later."""
        self.deny(b"a")
        self.deny(b"a", reason=Reason.CHANNEL)
        self.deny(b"a", GROUPED_MS + 1)

        self.assertEqual(self.shown(), [(b"a", 1, 2), (b"a", 1, 1), (b"a", 1, 0)])

    def test_only_the_newest_are_looked_at(self) -> None:
        """What was denied ten entries ago gets a new one."""
        for number in range(11):
            self.deny(b"%d" % number)
        self.deny(b"0")

        self.assertEqual(self.shown()[0], (b"0", 1, 11))

    def test_the_length_is_limited(self) -> None:
        """The oldest go."""
        for number in range(30):
            self.deny(b"%d" % number)

        self.assertEqual(len(self.log), 20)
        self.assertEqual(self.shown()[-1], (b"10", 1, 10))

    def test_numbers_go_on(self) -> None:
        """Even when the log was cleared."""
        self.deny(b"a")
        self.log.clear()
        self.deny(b"a")

        self.assertEqual(self.shown(), [(b"a", 1, 1)])
