"""Tests of pyredis.commands.sorted_set_pops."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import LATER, NULL_ARRAY, Double, Scored
from tests.commands.session import Session

WRONG_TYPE = b"WRONGTYPE Operation against a key holding the wrong kind of value"
NOT_POSITIVE = b"ERR value is out of range, must be positive"
SYNTAX = b"ERR syntax error"


class PopCase(SynchronousTestCase):
    """Members a to e scored 1 to 5 under ``z`` and a string under ``s``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "s", "x")
        self.do("ZADD", "z", 1, "a", 2, "b", 3, "c", 4, "d", 5, "e")

    def waiting(self, *words: str | int | float) -> Session:
        """Return a client that waits for a command's answer."""
        client = self.session.another()
        self.assertIs(client.do(*words), LATER)
        return client


class AtOnceTests(PopCase):
    """ZPOPMIN, ZPOPMAX and ZMPOP."""

    def test_one_pair(self) -> None:
        """Without a count the pair is flat in both protocols."""
        self.assertEqual(self.do("ZPOPMIN", "z"), [b"a", Double(1)])
        self.assertNotIsInstance(self.do("ZPOPMAX", "z"), Scored)
        self.assertEqual(self.do("ZPOPMIN", "k"), [])

    def test_several_pairs(self) -> None:
        """With a count there are pairs, the outermost first."""
        pairs = self.do("ZPOPMAX", "z", 2)
        self.assertIsInstance(pairs, Scored)
        self.assertEqual(pairs, [(b"e", 5.0), (b"d", 4.0)])
        self.assertEqual(self.do("ZPOPMIN", "z", 0), [])
        self.assertEqual(self.do("ZPOPMIN", "z", 9), [(b"a", 1.0), (b"b", 2.0), (b"c", 3.0)])
        self.assertIsNone(self.session.db.peek(b"z"))

    def test_equal_scores(self) -> None:
        """The greatest bytes are popped first from the upper end."""
        self.do("ZADD", "l", 0, "a", 0, "b", 0, "c")
        self.assertEqual(self.do("ZPOPMAX", "l", 2), [(b"c", 0.0), (b"b", 0.0)])

    def test_a_large_set(self) -> None:
        """Members come off either end in order, one by one."""
        words = [word for number in range(1500) for word in (number, f"m{number}")]
        self.do("ZADD", "big", *words)
        low = [self.do("ZPOPMIN", "big")[1] for _ in range(700)]
        high = [self.do("ZPOPMAX", "big")[1] for _ in range(700)]
        self.assertEqual(low, list(range(700)))
        self.assertEqual(high, list(range(1499, 799, -1)))

    def test_counts(self) -> None:
        """A count must not be negative; one is enough."""
        self.assertEqual(self.error("ZPOPMIN", "s", -1), NOT_POSITIVE)
        self.assertEqual(self.error("ZPOPMIN", "s", "x"), NOT_POSITIVE)
        self.assertEqual(self.error("ZPOPMIN", "s", 1, 2), SYNTAX)
        self.assertEqual(self.error("ZPOPMAX", "s", 0), WRONG_TYPE)

    def test_zmpop(self) -> None:
        """The first key that is there is popped from and named; pairs are nested."""
        self.assertEqual(self.do("ZMPOP", 2, "k", "z", "MIN"), [b"z", [[b"a", Double(1)]]])
        self.assertEqual(
            self.do("ZMPOP", 1, "z", "max", "count", 2),
            [b"z", [[b"e", Double(5)], [b"d", Double(4)]]],
        )
        self.assertIs(self.do("ZMPOP", 1, "k", "MIN"), NULL_ARRAY)
        self.assertEqual(self.error("ZMPOP", 2, "s", "z", "MIN"), WRONG_TYPE)

    def test_zmpop_wrong(self) -> None:
        """Each word is checked in its turn."""
        numkeys = b"ERR numkeys should be greater than 0"
        count = b"ERR count should be greater than 0"
        for words, error in (
            ((0, "z", "MIN"), numkeys),
            (("x", "z", "MIN"), numkeys),
            ((2, "z", "MIN"), SYNTAX),
            ((1, "z", "UP"), SYNTAX),
            ((1, "z", "MIN", "COUNT"), SYNTAX),
            ((1, "z", "MIN", "COUNT", 0), count),
            ((1, "z", "MIN", "COUNT", "x"), count),
            ((1, "z", "MIN", "COUNT", 1, "COUNT", 1), SYNTAX),
            ((1, "z", "MIN", "FOO", 1), SYNTAX),
        ):
            self.assertEqual(self.error("ZMPOP", *words), error)

    def test_events_and_effects(self) -> None:
        """A pop is one event, counts each member, and is repeated as ZPOPMIN or ZPOPMAX."""
        self.assertEqual(self.session.events("ZPOPMIN", "z"), [(b"zpopmin", b"z")])
        self.assertEqual(self.session.changes("ZPOPMAX", "z", 2), 2)
        self.assertEqual(
            self.session.events("ZMPOP", 1, "z", "MAX", "COUNT", 9),
            [(b"zpopmax", b"z"), (b"del", b"z")],
        )
        self.do("ZADD", "z", 1, "a", 2, "b")
        self.assertEqual(
            self.session.effects("ZMPOP", 1, "z", "MIN", "COUNT", 9), [(b"ZPOPMIN", b"z", b"2")]
        )


class BlockingTests(PopCase):
    """BZPOPMIN, BZPOPMAX and BZMPOP."""

    def test_at_once(self) -> None:
        """What is there is popped at once, with the key's name."""
        self.assertEqual(self.do("BZPOPMIN", "k", "z", 0), [b"z", b"a", Double(1)])
        self.assertEqual(self.do("BZPOPMAX", "z", "s", 0), [b"z", b"e", Double(5)])
        self.assertEqual(
            self.do("BZMPOP", 0, 1, "z", "MIN", "COUNT", 2),
            [b"z", [[b"b", Double(2)], [b"c", Double(3)]]],
        )
        self.assertEqual(self.error("BZPOPMIN", "k", "s", "z", 0), WRONG_TYPE)

    def test_waiting(self) -> None:
        """A client waits for the first of its keys, and takes one member."""
        client = self.waiting("BZPOPMIN", "k", "l", 0)
        self.do("ZADD", "l", 2, "b", 1, "a")
        self.assertEqual(client.written, [[b"l", b"a", b"1"]])
        self.assertEqual(self.do("ZCARD", "l"), 1)

    def test_first_come_first_served(self) -> None:
        """Clients are served in the order they came, each from its end."""
        first = self.waiting("BZPOPMAX", "k", 0)
        second = self.waiting("BZMPOP", 0, 1, "k", "MIN", "COUNT", 2)
        third = self.waiting("BZPOPMIN", "k", 0)
        self.do("ZADD", "k", 1, "a", 2, "b", 3, "c")
        self.assertEqual(first.written, [[b"k", b"c", b"3"]])
        self.assertEqual(second.written, [[b"k", [[b"a", b"1"], [b"b", b"2"]]]])
        self.assertTrue(third.waits)
        self.assertIsNone(self.session.db.peek(b"k"))

    def test_other_types_do_not_wake(self) -> None:
        """A list under the key leaves the client waiting."""
        client = self.waiting("BZPOPMIN", "k", 0)
        self.do("RPUSH", "k", "a")
        self.assertTrue(client.waits)

    def test_other_ways_to_make_the_key(self) -> None:
        """Whatever makes a sorted set serves who waits for it."""
        for command in (
            ("ZINCRBY", "k", 1, "m"),
            ("ZUNIONSTORE", "k", 1, "z"),
            ("ZRANGESTORE", "k", "z", 0, 0),
            ("GEOADD", "k", 1, 1, "m"),
        ):
            client = self.waiting("BZPOPMIN", "k", 0)
            self.do(*command)
            self.assertEqual(len(client.written), 1)
            self.session.db.delete(b"k")

    def test_the_time_runs_out(self) -> None:
        """Nothing came: the null array is answered."""
        for command in (("BZPOPMIN", "k", 2), ("BZMPOP", 2, 1, "k", "MIN")):
            client = self.waiting(*command)
            self.session.clock.advance(2.5)
            self.assertEqual((client.written, client.waits), ([None], False))

    def test_in_a_transaction_nobody_waits(self) -> None:
        """Inside MULTI the command answers as if its time had run out."""
        self.do("MULTI")
        self.do("BZPOPMIN", "k", 0)
        self.do("BZMPOP", 0, 1, "k", "MAX")
        self.assertEqual(self.do("EXEC"), [NULL_ARRAY, NULL_ARRAY])

    def test_timeouts(self) -> None:
        """The timeout is read before the keys, but behind BZMPOP's other words."""
        self.assertEqual(
            self.error("BZPOPMIN", "s", "x"), b"ERR timeout is not a float or out of range"
        )
        self.assertEqual(self.error("BZPOPMAX", "s", -1), b"ERR timeout is negative")
        self.assertEqual(self.error("BZMPOP", "x", 1, "s", "UP"), SYNTAX)
        self.assertEqual(
            self.error("BZMPOP", "x", 1, "s", "MIN"), b"ERR timeout is not a float or out of range"
        )

    def test_effects(self) -> None:
        """What was popped is repeated as ZPOPMIN or ZPOPMAX."""
        self.assertEqual(self.session.effects("BZPOPMAX", "z", 0), [(b"ZPOPMAX", b"z")])
        self.assertEqual(
            self.session.effects("BZMPOP", 0, 1, "z", "MIN", "COUNT", 3),
            [(b"ZPOPMIN", b"z", b"3")],
        )
