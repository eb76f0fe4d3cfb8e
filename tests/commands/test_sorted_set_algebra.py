"""Tests of pyredis.commands.sorted_set_algebra."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import Scored
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_INTEGER = b"ERR value is not an integer or out of range"
SYNTAX = b"ERR syntax error"


class AlgebraCase(SynchronousTestCase):
    """Sorted sets ``a`` (x 1, y 2, z 3) and ``b`` (y 10, z 20, w 30), a set ``p``, a string."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("ZADD", "a", 1, "x", 2, "y", 3, "z")
        self.do("ZADD", "b", 10, "y", 20, "z", 30, "w")
        self.do("SADD", "p", "x", "q")
        self.do("SET", "s", "x")

    def scores(self, *words: str | int | float) -> dict[str, float]:
        """Run a command and return members and scores."""
        pairs = self.do(*words, "WITHSCORES")
        self.assertIsInstance(pairs, Scored)
        return {member.decode(): float(score) for member, score in pairs}

    def stored(self, key: str = "d") -> dict[str, float]:
        """Return members and scores of a key."""
        return self.scores("ZRANGE", key, 0, -1)


class UnionTests(AlgebraCase):
    """ZUNION and ZUNIONSTORE."""

    def test_scores_are_added(self) -> None:
        """Members come in the order of their new scores."""
        self.assertEqual(self.do("ZUNION", 2, "a", "b"), [b"x", b"y", b"z", b"w"])
        self.assertEqual(self.scores("ZUNION", 2, "a", "b"), {"x": 1, "y": 12, "z": 23, "w": 30})
        self.assertEqual(self.scores("ZUNION", 2, "a", "missing"), {"x": 1, "y": 2, "z": 3})
        self.assertEqual(self.do("ZUNION", 1, "missing"), [])

    def test_weights_and_aggregates(self) -> None:
        """Scores are weighted before they are put together."""
        self.assertEqual(
            self.scores("ZUNION", 2, "a", "b", "WEIGHTS", 2, 0.5),
            {"x": 2, "y": 9, "z": 16, "w": 15},
        )
        self.assertEqual(
            self.scores("ZUNION", 2, "a", "b", "aggregate", "min"),
            {"x": 1, "y": 2, "z": 3, "w": 30},
        )
        self.assertEqual(
            self.scores("ZUNION", 2, "a", "b", "AGGREGATE", "MAX", "WEIGHTS", 1, -1),
            {"x": 1, "y": 2, "z": 3, "w": -30},
        )

    def test_a_set_scores_one(self) -> None:
        """A plain set's members have a score of 1 each."""
        self.assertEqual(
            self.scores("ZUNION", 2, "a", "p", "WEIGHTS", 1, 5), {"x": 6, "y": 2, "z": 3, "q": 5}
        )

    def test_no_nan(self) -> None:
        """Infinity less infinity, and nothing times infinity, are 0."""
        self.do("ZADD", "i", "inf", "x")
        self.do("ZADD", "j", "-inf", "x")
        self.assertEqual(self.scores("ZUNION", 2, "i", "j"), {"x": 0})
        self.assertEqual(self.scores("ZUNION", 1, "i", "WEIGHTS", 0), {"x": 0})
        self.assertEqual(self.scores("ZINTER", 2, "i", "j", "WEIGHTS", 0, 0), {"x": 0})

    def test_store(self) -> None:
        """The result replaces what was there; an empty one deletes it."""
        self.assertEqual(self.do("ZUNIONSTORE", "s", 2, "a", "b"), 4)
        self.assertEqual(self.stored("s"), {"x": 1, "y": 12, "z": 23, "w": 30})
        self.assertEqual(self.do("ZUNIONSTORE", "a", 2, "a", "a"), 3)
        self.assertEqual(self.stored("a"), {"x": 2, "y": 4, "z": 6})
        self.assertEqual(
            self.session.events("ZUNIONSTORE", "d", 1, "a"),
            [(b"new", b"d"), (b"zunionstore", b"d")],
        )
        events = self.session.events("ZUNIONSTORE", "d", 1, "missing")
        self.assertEqual(events[1:], [(b"del", b"d")])
        self.assertEqual(self.session.changes("ZUNIONSTORE", "d", 1, "missing"), 0)

    def test_a_source_is_not_changed(self) -> None:
        """The stored result is no part of its sources."""
        self.do("ZUNIONSTORE", "d", 1, "a")
        self.do("ZADD", "d", 9, "x")
        self.assertEqual(self.stored("a"), {"x": 1, "y": 2, "z": 3})


class IntersectionTests(AlgebraCase):
    """ZINTER, ZINTERSTORE and ZINTERCARD."""

    def test_common_members(self) -> None:
        """Only what is in all sets stays."""
        self.assertEqual(self.scores("ZINTER", 2, "a", "b"), {"y": 12, "z": 23})
        self.assertEqual(self.scores("ZINTER", 2, "a", "p", "WEIGHTS", 10, 1), {"x": 11})
        self.assertEqual(self.scores("ZINTER", 2, "b", "a", "AGGREGATE", "MIN"), {"y": 2, "z": 3})
        self.assertEqual(self.do("ZINTER", 2, "a", "missing"), [])
        self.assertEqual(self.scores("ZINTER", 2, "a", "a"), {"x": 2, "y": 4, "z": 6})

    def test_store(self) -> None:
        """The result is stored."""
        self.assertEqual(self.do("ZINTERSTORE", "d", 2, "a", "b", "WEIGHTS", 2, 1), 2)
        self.assertEqual(self.stored(), {"y": 14, "z": 26})
        self.assertEqual(self.session.events("ZINTERSTORE", "d", 1, "a"), [(b"zinterstore", b"d")])

    def test_zintercard(self) -> None:
        """ZINTERCARD counts, up to a limit."""
        self.assertEqual(self.do("ZINTERCARD", 2, "a", "b"), 2)
        self.assertEqual(self.do("ZINTERCARD", 2, "a", "b", "LIMIT", 1), 1)
        self.assertEqual(self.do("ZINTERCARD", 2, "a", "b", "LIMIT", 0), 2)
        self.assertEqual(self.do("ZINTERCARD", 3, "a", "b", "p"), 0)
        self.assertEqual(
            self.error("ZINTERCARD", 1, "a", "LIMIT", -1), b"ERR LIMIT can't be negative"
        )
        self.assertEqual(
            self.error("ZINTERCARD", 1, "a", "LIMIT", "x"), b"ERR LIMIT can't be negative"
        )
        self.assertEqual(self.error("ZINTERCARD", 1, "a", "WITHSCORES"), SYNTAX)


class DifferenceTests(AlgebraCase):
    """ZDIFF and ZDIFFSTORE."""

    def test_what_is_left(self) -> None:
        """Members keep the scores of the first set."""
        self.assertEqual(self.scores("ZDIFF", 2, "a", "b"), {"x": 1})
        self.assertEqual(self.scores("ZDIFF", 3, "b", "a", "p"), {"w": 30})
        self.assertEqual(self.scores("ZDIFF", 2, "p", "a"), {"q": 1})
        self.assertEqual(self.do("ZDIFF", 2, "a", "a"), [])
        self.assertEqual(self.do("ZDIFF", 2, "missing", "a"), [])

    def test_many_to_subtract(self) -> None:
        """A large set to subtract does not matter."""
        self.do("SADD", "many", *[f"m{n}" for n in range(200)], "y")
        self.assertEqual(self.scores("ZDIFF", 2, "a", "many"), {"x": 1, "z": 3})

    def test_store(self) -> None:
        """The result is stored."""
        self.assertEqual(self.do("ZDIFFSTORE", "d", 2, "a", "p"), 2)
        self.assertEqual(self.stored(), {"y": 2, "z": 3})
        self.assertEqual(self.session.events("ZDIFFSTORE", "d", 1, "a"), [(b"zdiffstore", b"d")])


class WrongWordsTests(AlgebraCase):
    """Errors, in Redis' order."""

    def test_the_number_of_keys(self) -> None:
        """There must be a key, and as many as announced."""
        self.assertEqual(
            self.error("ZUNION", 0, "a"), b"ERR at least 1 input key is needed for 'zunion' command"
        )
        self.assertEqual(
            self.error("ZDIFFSTORE", "d", -1, "a"),
            b"ERR at least 1 input key is needed for 'zdiffstore' command",
        )
        self.assertEqual(self.error("ZINTER", "x", "s"), NOT_INTEGER)
        self.assertEqual(self.error("ZINTER", 3, "s", "b"), SYNTAX)

    def test_types_come_before_options(self) -> None:
        """A key of another type is told before a wrong option."""
        self.assertEqual(self.error("ZUNION", 2, "a", "s", "FOO"), WRONG_TYPE)
        self.assertEqual(self.error("ZINTERSTORE", "d", 2, "missing", "s"), WRONG_TYPE)

    def test_options(self) -> None:
        """Each command has its own options."""
        for words in (
            ("ZUNION", 1, "a", "WEIGHTS"),
            ("ZUNION", 2, "a", "b", "WEIGHTS", 1),
            ("ZUNION", 1, "a", "AGGREGATE"),
            ("ZUNION", 1, "a", "AGGREGATE", "avg"),
            ("ZUNION", 1, "a", "LIMIT", 1),
            ("ZUNIONSTORE", "d", 1, "a", "WITHSCORES"),
            ("ZDIFF", 1, "a", "WEIGHTS", 1),
            ("ZDIFFSTORE", "d", 1, "a", "WITHSCORES"),
            ("ZINTERCARD", 1, "a", "LIMIT"),
        ):
            self.assertEqual(self.error(*words), SYNTAX)
        self.assertEqual(
            self.error("ZUNION", 1, "a", "WEIGHTS", "x"), b"ERR weight value is not a float"
        )
