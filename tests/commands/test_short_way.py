"""Pipelines and transactions on the short way do what the long way does with them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session
from tests.commands.test_batches import (
    CIRCUMSTANCES,
    SMALL,
    Witness,
    accesses,
    let_time_pass,
    runs,
    state,
)
from tests.marks import takes_minutes

Requests = list[list[bytes]]

# What begins and ends transactions, changes how they go, or is looked at by others.
TURNS = [
    line.split()
    for line in (
        *[b"MULTI"] * 6,
        *[b"EXEC"] * 6,
        b"DISCARD",
        b"WATCH a",
        b"UNWATCH",
        b"SELECT 1",
        b"SELECT 0",
        b"SWAPDB 0 1",
        b"FLUSHALL",
        b"MOVE a 1",
        b"RENAME a b",
        b"COPY a b REPLACE",
        b"NOSUCH a",
        b"GET",
        b"BLPOP mylist 0",
        b"RESET",
        b"CLIENT REPLY SKIP",
        b"CLIENT REPLY OFF",
        b"CLIENT REPLY ON",
        b"CLIENT NO-TOUCH ON",
        b"CLIENT NO-EVICT ON",
        b"CLIENT TRACKING ON OPTIN",
        b"CLIENT CACHING YES",
        b"CONFIG SET maxmemory-policy allkeys-lru",
        b"CONFIG SET maxmemory 4gb",
        b"CONFIG SET maxmemory 1",
        b"CONFIG SET maxmemory 0",
        b"ACL SETUSER default -set -get ~a resetkeys",
        b"ACL SETUSER default allcommands allkeys",
        b"ACL SETUSER default -multi -incr",
        b"SUBSCRIBE c",
        b"UNSUBSCRIBE c",
        b"SCAN 0",
        b"EXPIRE a 1",
        b"PEXPIRE b 300",
        b"FCALL f 1 a",
        b"OBJECT ENCODING a",
        b"DBSIZE",
        b"LASTSAVE",
    )
]
TURNS += [[b"EVAL", b"return redis.call('incr', KEYS[1])", b"1", b"a"]]


@st.composite
def pipelines(draw: st.DrawFn) -> list[Requests]:
    """Return what a client sends, chunk by chunk."""
    chunks = []
    for _ in range(draw(st.integers(1, 5))):
        chunk: Requests = []
        for _ in range(draw(st.integers(1, 6))):
            if draw(st.booleans()):
                chunk.append(draw(st.sampled_from(TURNS)))
            else:
                name, requests = draw(runs())
                chunk += [[name, *request] for request in requests[:3]]
        chunks.append(chunk)
    return chunks


class ShortWayTests(SynchronousTestCase):
    """Nobody can tell which way a request went."""

    @settings(max_examples=150)
    @given(st.sampled_from(CIRCUMSTANCES), st.sampled_from([2, 3]), pipelines())
    def test_both_ways(
        self, circumstances: tuple[str, dict[str, Any]], resp: int, chunks: list[Requests]
    ) -> None:
        """Replies, data, counters and what others hear are the same."""
        self.check(circumstances, resp, chunks)

    @takes_minutes
    @settings(max_examples=20_000, deadline=None)
    @given(st.sampled_from(CIRCUMSTANCES), st.sampled_from([2, 3]), pipelines())
    def test_both_ways_often(
        self, circumstances: tuple[str, dict[str, Any]], resp: int, chunks: list[Requests]
    ) -> None:
        """The same with many more of them."""
        self.check(circumstances, resp, chunks)

    def check(
        self, circumstances: tuple[str, dict[str, Any]], resp: int, chunks: list[Requests]
    ) -> None:
        """Fail unless chunks have the same effects when every request is watched over."""
        hears, config = circumstances
        short, long = sessions = [Session(**SMALL, **config) for _ in range(2)]
        long.server.dispatcher.watch_over("test")
        witnesses = [Witness(session, hears) for session in sessions]
        for session in sessions:
            session.client.resp = resp
        for chunk in chunks:
            outputs: list[bytes] = []
            for session in sessions:
                pieces: list[bytes] = []
                session.server.dispatcher.run(session.client, iter(chunk), pieces.append)
                session.server.propagation.flush()
                outputs.append(b"".join(pieces))
            self.assertEqual(*outputs, chunk)
            self.assertEqual(state(short), state(long), chunk)
            self.assertEqual(accesses(short), accesses(long), chunk)
            self.assertEqual(witnesses[0].heard, witnesses[1].heard, chunk)
            self.assertEqual(short.waits, long.waits, chunk)
            if short.waits or short.client.closing:
                break
            let_time_pass(0.4, short, long)
