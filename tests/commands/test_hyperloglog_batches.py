"""Tests of pyredis.commands.hyperloglog_batches: pipelines that count elements."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session
from tests.commands.test_batches import comparable, one_by_one, state, together


@st.composite
def runs(draw: st.DrawFn) -> list[list[bytes]]:
    """Return the arguments of several PFADDs, mostly of one key and with one element."""
    key = draw(st.sampled_from([b"sparse", b"dense", b"absent", b"string", b"corrupt"]))
    width = draw(st.sampled_from([0, 1, 1, 1, 2]))
    start = draw(st.sampled_from([b"", b"element:"]))
    return [
        [key, *(start + b"%d" % draw(st.integers(0, 200)) for _ in range(width))]
        for _ in range(draw(st.integers(1, 20)))
    ]


class SameAsSingleTests(SynchronousTestCase):
    """A batch leaves and answers what its requests would."""

    @settings(max_examples=60)
    @given(st.lists(runs(), max_size=6), st.sampled_from([30, 60, 3000]))
    def test_replies_and_bytes(self, steps: list[list[list[bytes]]], limit: int) -> None:
        """Replies, the bytes of the strings, and what is told of changes."""
        mine = Session(hll_sparse_max_bytes=limit)
        theirs = Session(hll_sparse_max_bytes=limit)
        for session in (mine, theirs):
            session.do("PFADD", "sparse", "a")
            session.do("PFADD", "dense", "a")
            session.do("PFDEBUG", "TODENSE", "dense")
            session.do("SET", "string", "s")
            session.do("SET", "corrupt", b"HYLL\x01" + bytes(11) + b"\x7f\x00")
        for requests in steps:
            _, replies = together(mine, b"PFADD", requests)

            self.assertEqual(
                comparable(replies), comparable(one_by_one(theirs, b"PFADD", requests)), requests
            )
            self.assertEqual(state(mine), state(theirs), requests)
            for key in (b"sparse", b"dense", b"absent", b"corrupt"):
                self.assertEqual(mine.db.values.get(key), theirs.db.values.get(key))


class AtOnceTests(SynchronousTestCase):
    """What is run at once."""

    def test_a_change_is_counted_for_each(self) -> None:
        """A batch counts for as many changes as elements that were new."""
        session = Session()
        session.do("PFADD", "h", "a")
        before = session.server.keyspace.dirty
        requests = [[b"h", b"%d" % (number % 5)] for number in range(20)]

        done, replies = together(session, b"PFADD", requests)

        self.assertEqual((done, replies), (20, [1] * 5 + [0] * 15))
        self.assertEqual(session.server.keyspace.dirty - before, 5)
        self.assertEqual(session.do("PFCOUNT", "h"), 6)
