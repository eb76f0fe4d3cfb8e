"""Tests of pyredis.commands.sorted_set_batches: sorted sets of all sizes, asked in pipelines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes import score_order, sorted_sets
from pyredis.execution.dispatch import FLUSH_BYTES
from tests.commands.session import Session
from tests.commands.test_batches import comparable, one_by_one, state, together
from tests.execution.test_propagation import Recorder

MEMBERS = [b"m%d" % number for number in range(30)]
SCORES = [
    b"0",
    b"-0",
    b"1",
    b"2",
    b"7.5",
    b"-3",
    b"12",
    b"1e1",
    b"inf",
    b"-inf",
    b"0x2",
    b"x",
    b" 1",
]
PLACES = [b"0", b"13.5", b"-0.25", b"15e0", b"89"]

_keys = st.sampled_from([b"small", b"large", b"large", b"absent", b"string"])
_member = st.sampled_from(MEMBERS)
_score = st.sampled_from(SCORES)
_index = st.sampled_from([b"0", b"1", b"-1", b"5", b"-4", b"100", b"x"])
_place = st.sampled_from(PLACES)
COMMANDS = {
    b"ZADD": (_score, _member),
    b"ZINCRBY": (_score, _member),
    b"ZPOPMIN": (),
    b"ZPOPMAX": (),
    b"ZREM": (_member,),
    b"ZSCORE": (_member,),
    b"ZRANK": (_member,),
    b"ZREVRANK": (_member,),
    b"ZCARD": (),
    b"ZRANGE": (_index, _index),
    b"ZREVRANGE": (_index, _index),
    b"ZRANGEBYSCORE": (_score, _score),
    b"GEOADD": (_place, _place, _member),
    b"GEODIST": (_member, _member),
    b"GEOSEARCH": tuple(
        st.just(word) for word in (b"FROMMEMBER", b"m3", b"BYRADIUS", b"9000", b"km")
    ),
}
FURTHER = {
    b"ZADD": [[b"CH"], [b"1", b"m1"], [b"1"]],
    b"ZPOPMIN": [[b"2"], [b"0"]],
    b"ZRANK": [[b"WITHSCORE"]],
    b"ZRANGE": [[b"WITHSCORES"], [b"REV"]],
    b"GEOADD": [[b"1", b"1", b"m1"], [b"CH"]],
    b"GEOSEARCH": [[b"WITHCOORD"], [b"ASC", b"COUNT", b"3"]],
}


@st.composite
def runs(draw: st.DrawFn) -> tuple[bytes, list[list[bytes]]]:
    """Return a command and the arguments of several requests of it, often of one key or equal."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    count = draw(st.integers(1, 9))
    one_key = draw(_keys)
    keys = st.just(one_key) if draw(st.integers(0, 4)) else _keys
    request = st.tuples(keys, *COMMANDS[name])
    end = draw(st.sampled_from([[], [], *FURTHER.get(name, [])]))
    if not draw(st.integers(0, 2)):
        return name, [[*draw(request), *end]] * count
    return name, [[*draw(request), *end] for _ in range(count)]


class SameAsSingleTests(SynchronousTestCase):
    """Whatever the sorted sets hold, a batch leaves and answers what its requests would."""

    def setUp(self) -> None:
        """Let sets of a few members be packed, flat, or in chunks."""
        self.patch(sorted_sets, "FLAT_MAX", 12)
        self.patch(sorted_sets, "PACK_MAX", 6)
        self.patch(score_order, "_CHUNK", 4)
        self.patch(score_order, "_SPARSE", 2)

    def session(self) -> Session:
        """Return a server with sorted sets of either encoding, and a string."""
        session = Session(zset_max_listpack_entries=8)
        session.do("ZADD", "small", 1, "m1", 2, "m2", 7.5, "m3")
        for number, member in enumerate(MEMBERS[:25]):
            session.do("ZADD", "large", number // 2, member)
        session.do("SET", "string", "s")
        return session

    @settings(max_examples=150)
    @given(st.lists(runs(), max_size=12), st.booleans())
    def test_replies_and_state(
        self, steps: list[tuple[bytes, list[list[bytes]]]], scanned: bool
    ) -> None:
        """Replies, order, encodings, counters: all as one by one; with an index for ZSCAN, too."""
        mine, theirs = self.session(), self.session()
        if scanned:
            mine.do("ZSCAN", "large", 0)
            theirs.do("ZSCAN", "large", 0)
        for name, requests in steps:
            _, replies = together(mine, name, requests)

            self.assertEqual(
                repr(comparable(replies)),
                repr(comparable(one_by_one(theirs, name, requests))),
                (name, requests),
            )
            self.assertEqual(state(mine), state(theirs), (name, requests))
        for key in ("small", "large"):
            self.assertEqual(mine.do("ZSCAN", key, 0), theirs.do("ZSCAN", key, 0))

    @settings(max_examples=100)
    @given(st.lists(runs(), max_size=8))
    def test_what_is_repeated(self, steps: list[tuple[bytes, list[list[bytes]]]]) -> None:
        """Replicas and the append-only file get the requests that changed something."""
        mine, theirs = self.session(), self.session()
        told = Recorder(), Recorder()
        mine.server.propagation.add(told[0])
        theirs.server.propagation.add(told[1])
        for name, requests in steps:
            together(mine, name, requests)
            one_by_one(theirs, name, requests)
            for session in (mine, theirs):
                session.server.propagation.flush()

            self.assertEqual(told[0].taken(), told[1].taken(), (name, requests))
            self.assertEqual(state(mine), state(theirs), (name, requests))


class AtOnceTests(SynchronousTestCase):
    """What is run at once, and what is not."""

    def setUp(self) -> None:
        """Store a sorted set of a thousand members."""
        self.session = Session()
        for number in range(1000):
            self.session.do("ZADD", "z", number, f"m{number}")

    def test_the_last_member_is_left(self) -> None:
        """Who pops the last member removes the key as well, which is for the body to do."""
        self.session.do("ZADD", "few", 1, "a", 2, "b")

        done, replies = together(self.session, b"ZPOPMAX", [[b"few"]] * 3)

        self.assertEqual((done, replies), (1, [[b"b", 2.0], [b"a", 1.0], []]))
        self.assertEqual(self.session.do("EXISTS", "few"), 0)

    def test_large_members_are_not_gathered(self) -> None:
        """More than the client should take at once is not popped at once."""
        for number in range(9):
            self.session.do("ZADD", "huge", number, b"x" * (FLUSH_BYTES // 4) + b"%d" % number)

        self.assertEqual(together(self.session, b"ZPOPMIN", [[b"huge"]] * 8)[0], 0)
        self.assertEqual(self.session.do("ZCARD", "huge"), 1)

    def test_several_members_each(self) -> None:
        """ZADD of several pairs, or with options, is run one after the other, but in one go."""
        requests = [[b"z", b"CH", b"1", b"m%d" % n] for n in range(5)]

        self.assertEqual(together(self.session, b"ZADD", requests), (5, [1, 0, 1, 1, 1]))

    def test_changes_are_counted(self) -> None:
        """Each change counts for the next snapshot, a score that stays does not."""
        keyspace = self.session.server.keyspace
        before = keyspace.dirty

        replies = together(
            self.session,
            b"ZADD",
            [[b"z", b"7", b"m7"], [b"z", b"8", b"m7"], [b"z", b"8", b"m7"], [b"z", b"8", b"new"]],
        )

        self.assertEqual(replies, (4, [0, 0, 0, 1]))
        self.assertEqual(keyspace.dirty - before, 2)

    def test_the_same_place(self) -> None:
        """Places of one position are in order of their names."""
        requests = [[b"geo", b"15.5", b"37.5", b"p%d" % (n * 7 % 10)] for n in range(10)]
        self.session.do("GEOADD", "geo", "0", "0", "origin")

        self.assertEqual(together(self.session, b"GEOADD", requests), (10, [1] * 10))
        self.assertEqual(
            self.session.do("ZRANGE", "geo", 1, -1), [b"p%d" % number for number in range(10)]
        )
