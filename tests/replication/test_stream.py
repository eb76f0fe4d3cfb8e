"""Tests for :mod:`pyredis.replication.stream`."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from pyredis.replication.backlog import Backlog
from pyredis.replication.stream import ReplicationStream

SELECT_3 = b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
PING = b"*1\r\n$4\r\nPING\r\n"


class ReplicationStreamTests(SynchronousTestCase):
    """Effects as bytes."""

    def setUp(self) -> None:
        """Make a stream that leaves when it is told to."""
        self.sent: list[bytes] = []
        self.due: list[Callable[[], None]] = []
        self.backlog = Backlog(1 << 20, 0)
        self.stream = ReplicationStream(self.backlog, self.deliver, self.due.append)

    def deliver(self) -> None:
        """Take what is new in the backlog."""
        place = sum(map(len, self.sent)) + 1
        self.sent.append(self.backlog.read(place, 1 << 20))

    def test_the_database_is_selected_when_it_changes(self) -> None:
        """SELECT comes before the first effect in another database only."""
        self.stream.feed([(3, (b"PING",)), (3, (b"PING",))])
        self.stream.feed([(-1, (b"PING",)), (3, (b"PING",))])
        self.stream.flush()
        self.assertEqual(b"".join(self.sent), SELECT_3 + 4 * PING)

    def test_the_database_is_selected_anew(self) -> None:
        """Who begins to listen hears the database."""
        self.stream.feed([(3, (b"PING",))])
        self.stream.select_anew()
        self.stream.feed([(3, (b"PING",))])
        self.stream.flush()
        self.assertEqual(b"".join(self.sent), 2 * (SELECT_3 + PING))

    def test_encoded_requests(self) -> None:
        """They are passed on as they are, behind the database they are for."""
        self.stream.feed_requests(3, 2 * PING)
        self.stream.feed_requests(3, PING)
        self.stream.feed([(3, (b"PING",))])
        self.stream.flush()
        self.assertEqual(b"".join(self.sent), SELECT_3 + 4 * PING)

    def test_what_belongs_to_one_moment_leaves_together(self) -> None:
        """Effects are gathered until the command under way is over."""
        self.stream.feed([(-1, (b"PING",))])
        self.stream.feed([(-1, (b"PING",))])
        self.assertEqual(self.sent, [])
        self.assertEqual(self.stream.backlog.offset, 2 * len(PING))
        (flush,) = self.due
        flush()
        flush()
        self.assertEqual(self.sent, [2 * PING])

    def test_much_leaves_at_once(self) -> None:
        """Effects are not gathered without end."""
        for _ in range(3):
            self.stream.feed([(-1, (b"x" * 40000,))])
        self.assertEqual(len(self.sent), 1)

    def test_a_host_that_calls_at_once(self) -> None:
        """Nothing is left behind where functions are called at once instead of soon."""
        stream = ReplicationStream(self.backlog, self.deliver, lambda call: call())
        stream.feed([(-1, (b"PING",))])
        self.assertEqual(self.sent, [PING])
