"""Tests of replies that repeat elements as often as a client asks for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.ports import NoConnection
from pyredis.execution.repetitions import MOST_REPEATED
from tests.commands.session import Session


class _Limited(NoConnection):
    """It notes how much output it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[int] = []

    def check_output(self, waiting: int) -> bool:
        """Note it."""
        self.waiting.append(waiting)
        return True


class RepetitionsTests(SynchronousTestCase):
    """A count alone cannot make the server hold a reply of any size."""

    def setUp(self) -> None:
        """Make one element of each kind."""
        self.session = Session()
        self.session.do("HSET", "HRANDFIELD", "field", "value")
        self.session.do("SADD", "SRANDMEMBER", "member")
        self.session.do("ZADD", "ZRANDMEMBER", 1, "member")
        self.connection = self.session.client.connection = _Limited()

    def test_more_than_the_bound(self) -> None:
        """The output limit is asked about the least size of the reply, which then is refused."""
        for name in ("HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER"):
            self.connection.waiting.clear()
            for count in (-MOST_REPEATED - 1, -999_999_999):
                self.assertIsInstance(self.session.do(name, name, count), RedisError)
            self.assertEqual(
                self.connection.waiting, [6 * (MOST_REPEATED + 1), 6 * 999_999_999], name
            )

    def test_below_the_bound(self) -> None:
        """It is answered, and its size is seen where it is sent."""
        for name in ("HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER"):
            self.assertEqual(len(self.session.do(name, name, -5)), 5)
        self.assertEqual(self.connection.waiting, [])

    def test_different_elements(self) -> None:
        """A positive count has no bound but the size of the collection."""
        for name in ("HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER"):
            self.assertEqual(len(self.session.do(name, name, 999_999_999)), 1)
