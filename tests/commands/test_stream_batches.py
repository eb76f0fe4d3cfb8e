"""Tests of pyredis.commands.stream_batches: pipelines that add to streams."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.streams import StreamValue
from tests.commands.session import Session
from tests.commands.test_batches import comparable, one_by_one, state, together

_values = st.sampled_from([b"", b"1", b"x", b"12345", b"y" * 40, b"z" * 90])
_fields = st.sampled_from([b"f", b"f", b"f", b"g"])
_ids = st.sampled_from([b"*"] * 8 + [b"0-*", b"7-7", b"NOMKSTREAM"])


@st.composite
def runs(draw: st.DrawFn) -> list[list[bytes]]:
    """Return the arguments of several XADDs, mostly to one stream with IDs that are next."""
    width = draw(st.sampled_from([1, 1, 1, 2]))
    same_id = draw(st.booleans())
    key = draw(st.sampled_from([b"s", b"s", b"t", b"string"]))
    requests = []
    for _ in range(draw(st.integers(1, 20))):
        row = [word for _ in range(width) for word in (draw(_fields), draw(_values))]
        requests.append([key, b"*" if same_id else draw(_ids), *row])
    return requests


def nodes(session: Session, key: str) -> Any:
    """Return how the entries of a stream lie in nodes, their sizes included."""
    stream = session.db.values.get(key.encode())
    if not isinstance(stream, StreamValue):
        return None
    found = [
        (node.first, node.fields, node.ids(0, node.total), node.rows(0, node.total), node.deleted)
        for node in stream.nodes
    ]
    return found, stream.length, stream.entries_added, stream.last_id


class SameAsSingleTests(SynchronousTestCase):
    """A batch leaves and answers what its requests would."""

    @settings(max_examples=100)
    @given(
        st.lists(runs(), max_size=8),
        st.sampled_from([0, 3, 7, 100]),
        st.sampled_from([0, 60, 200, 4096]),
    )
    def test_replies_and_nodes(
        self, steps: list[list[list[bytes]]], entries: int, size: int
    ) -> None:
        """Replies, entries, and where nodes end, whatever limits these have."""
        mine = Session(stream_node_max_entries=entries, stream_node_max_bytes=size)
        theirs = Session(stream_node_max_entries=entries, stream_node_max_bytes=size)
        for session in (mine, theirs):
            session.do("XADD", "s", "1-1", "f", "v")
            session.do("SET", "string", "s")
        for requests in steps:
            _, replies = together(mine, b"XADD", requests)

            self.assertEqual(
                comparable(replies), comparable(one_by_one(theirs, b"XADD", requests)), requests
            )
            self.assertEqual(state(mine), state(theirs))
            for key in ("s", "t"):
                self.assertEqual(nodes(mine, key), nodes(theirs, key))
            for session in (mine, theirs):
                for entry_id, _ in session.do("XREVRANGE", "s", "+", "-")[:1]:
                    session.do("XDEL", "s", entry_id)
                session.clock.advance(0.001)


class AtOnceTests(SynchronousTestCase):
    """What is run at once, and what is not."""

    def setUp(self) -> None:
        """Store a stream with an entry."""
        self.session = Session()
        self.session.do("XADD", "s", "1-1", "f", "v")

    def test_many_nodes(self) -> None:
        """One batch may fill several nodes."""
        done, replies = together(self.session, b"XADD", [[b"s", b"*", b"f", b"v"]] * 250)

        self.assertEqual(done, 250)
        self.assertEqual(len({*replies}), 250)
        stream = self.session.db.values[b"s"]
        self.assertEqual([node.total for node in stream.nodes], [100, 100, 51])
        self.assertEqual(self.session.do("XLEN", "s"), 251)

    def test_behind_a_later_id(self) -> None:
        """Where the clock is behind the stream IDs go on, into the next millisecond."""
        self.session.do("XADD", "s", f"99999999999999-{2**64 - 2}", "f", "v")

        done, replies = together(self.session, b"XADD", [[b"s", b"*", b"f", b"v"]] * 3)

        self.assertEqual(
            (done, replies),
            (3, [b"99999999999999-%d" % (2**64 - 1), b"100000000000000-0", b"100000000000000-1"]),
        )

    def test_the_last_id_of_all(self) -> None:
        """Beyond the greatest ID there is none: the requests say so one by one."""
        last = 2**64 - 1
        self.session.do("XADD", "s", f"{last}-{last - 1}", "f", "v")

        done, replies = together(self.session, b"XADD", [[b"s", b"*", b"f", b"v"]] * 2)

        self.assertEqual((done, replies[0]), (0, b"%d-%d" % (last, last)))
        self.assertIn(b"exhausted", comparable(replies)[1])
