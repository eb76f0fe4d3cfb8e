"""Tests of pyredis.commands.plain_batches; see tests.commands.test_batches for what they do."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.batches import Batch
from tests.commands.session import Session


class PlainBatchesTests(SynchronousTestCase):
    """Requests that are run in turn."""

    def setUp(self) -> None:
        """Make a server with some keys."""
        self.session = Session()
        self.session.do("MSET", "a", "1", "b", "2")
        self.session.do("HSET", "h", "f", "v" * 50, "g", "w" * 50)

    def run_batch(self, name: bytes, *requests: list[bytes], most: int = 65536) -> list[object]:
        """Run requests as a batch; return the replies of those that were."""
        words = [word for request in requests for word in request]
        batch = Batch(name, len(requests), len(requests[0]), words)
        return self.session.server.dispatcher.run_batch(self.session.client, batch, most)

    def test_one_behind_the_other(self) -> None:
        """The second finds what the first has left."""
        self.assertEqual(self.run_batch(b"DEL", [b"a"], [b"a"], [b"b"]), [1, 0, 1])
        self.assertEqual(self.session.do("DBSIZE"), 1)

    def test_up_to_one_that_fails(self) -> None:
        """That one is left to be run by itself."""
        self.assertEqual(self.run_batch(b"APPEND", [b"a", b"x"], [b"h", b"x"], [b"b", b"x"]), [2])

    def test_equal_questions(self) -> None:
        """They are answered once, as often as fits."""
        self.assertEqual(len(self.run_batch(b"HGETALL", *[[b"h"]] * 9, most=330)), 3)
        self.assertEqual(len(self.run_batch(b"HGETALL", *[[b"h"]] * 9)), 9)

    def test_different_questions(self) -> None:
        """No more is answered at once than fits."""
        requests = [[b"h"], [b"no"]] * 4
        self.assertEqual(len(self.run_batch(b"HGETALL", *requests, most=200)), 3)
