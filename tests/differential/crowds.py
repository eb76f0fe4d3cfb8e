"""Many clients at once: what each sends, and what it must get.

A server may serve what many clients have sent together, as one batch. Nobody may
see that: each client's replies are those that a real server gives to the same
bytes, sent by it alone. Clients of a crowd work on keys of their own, mostly on
the same command at the same time, and their bytes come in any pieces.
"""

from __future__ import annotations

import random
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.differential.frames import request
from tests.differential.peers import Connection, Peer

SIZES = (0, 1, 3, 8, 9, 64, 200, 470, 511, 513, 1000, 2047, 2049, 4096, 16383, 16385)
LARGEST = 300_000
END = b"the end"
WOKEN = b"w"
"""A list of each client's own which others push to: one element at a time in a crowd."""
PATIENCE_S = 30.0
_ENDING = b"$%d\r\n%b\r\n" % (len(END), END)
_SENT_AT_ONCE = 1 << 18
_PLENTY = [b"x"] * 20

Make = Callable[[random.Random, bytes], bytes]


def words(*argv: bytes | str | int) -> bytes:
    """Return a request as client libraries send it."""
    return request([w if isinstance(w, bytes) else str(w).encode() for w in argv])


def value(rng: random.Random, size: int) -> bytes:
    """Return a value; some look like requests."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.randbytes(1) * size
    if kind == 1:
        return rng.randbytes(size)
    if kind == 2:
        return (b"\r\n*2\r\n$3\r\nGET\r\n$1\r\n" * (size // 20 + 1))[:size]
    return (b"%d" % rng.randrange(10**6)).ljust(size, b"0")[:size]


def usual(rng: random.Random) -> Make:
    """Return what makes requests of one command, with values of one size."""
    size = rng.choice(SIZES)
    same = value(rng, size)
    data: Callable[[random.Random], bytes] = rng.choice([lambda r: same, lambda r: value(r, size)])

    def key(r: random.Random, own: bytes) -> bytes:
        return own + b"k%d" % r.randrange(6)

    pairs = rng.randrange(1, 4)
    wrong = rng.choice(["SET", "LPUSH", "SADD", "HSET", "ZADD", "XADD", "EVAL", "EXPIRE", "MSET"])
    forms: Sequence[Make] = (
        lambda r, own: words("SET", key(r, own), data(r)),
        lambda r, own: words("GET", key(r, own)),
        lambda r, own: words("INCR", own + b"n%d" % r.randrange(3)),
        lambda r, own: words("INCR", key(r, own)),
        lambda r, own: words("APPEND", key(r, own), b"x"),
        lambda r, own: words("SETEX", key(r, own), 100, data(r)),
        lambda r, own: words("DEL", key(r, own)),
        lambda r, own: words("MSET", *(w for _ in range(pairs) for w in (key(r, own), data(r)))),
        lambda r, own: words("MGET", *(key(r, own) for _ in range(pairs))),
        lambda r, own: words("LPUSH", own + b"l", data(r)),
        lambda r, own: words("RPUSH", own + b"l", data(r)),
        lambda r, own: words("LPOP", own + b"l"),
        lambda r, own: words("RPOP", own + b"l"),
        lambda r, own: words("LRANGE", own + b"l", 0, r.choice([1, 99])),
        lambda r, own: words("SADD", own + b"s", b"m%d" % r.randrange(20)),
        lambda r, own: words("SREM", own + b"s", b"m%d" % r.randrange(20)),
        lambda r, own: words("HSET", own + b"h", b"f%d" % r.randrange(9), data(r)),
        lambda r, own: words("HGET", own + b"h", b"f%d" % r.randrange(9)),
        lambda r, own: words("HINCRBY", own + b"h", b"f%d" % r.randrange(99), 1),
        lambda r, own: words("HGETALL", own + b"g%d" % r.randrange(3)),
        lambda r, own: words("HMGET", own + b"h", b"f1", b"f%d" % r.randrange(9)),
        lambda r, own: words("HSET", own + b"g%d" % r.randrange(3), b"f", r.random(), b"g", "x"),
        lambda r, own: words("SET", key(r, own), data(r), "EX", 100),
        lambda r, own: words("SET", key(r, own), data(r), *r.choice([("NX",), ("XX", "GET")])),
        lambda r, own: words("GETEX", key(r, own), "EX", 100),
        lambda r, own: words("EXPIRE", key(r, own), r.choice([100, 100, 100, -1])),
        lambda r, own: words("PERSIST", key(r, own)),
        lambda r, own: words("TYPE", key(r, own)),
        lambda r, own: words("GETSET", key(r, own), data(r)),
        lambda r, own: words("GETDEL", key(r, own)),
        lambda r, own: words("INCRBY", own + b"n%d" % r.randrange(3), 5),
        lambda r, own: words("DECRBY", key(r, own), r.choice([1, 7])),
        lambda r, own: words("LINDEX", own + b"l", r.randrange(-3, 3)),
        lambda r, own: words("LMOVE", own + b"l", own + b"m", "LEFT", "RIGHT"),
        lambda r, own: words("LPUSH", key(r, own) + b"l", data(r)),
        lambda r, own: words("PUBLISH", own + b"c", data(r)),
        lambda r, own: words("ZADD", own + b"z", r.randrange(10, 99), b"m%d" % r.randrange(9)),
        lambda r, own: words("ZRANGE", own + b"z", 0, 4, "WITHSCORES"),
        lambda r, own: words("ZPOPMIN", own + b"z"),
        lambda r, own: words("PFADD", own + b"p", b"e%d" % r.randrange(50)),
        lambda r, own: words("EVAL", "return redis.call('incr',KEYS[1])", 1, own + b"n0"),
        lambda r, own: words("EVAL", "return redis.call('incr',KEYS[1])", 1, key(r, own)),
        lambda r, own: words("EVAL", "return {ARGV,redis.call('get',KEYS[1])}", 1, key(r, own), 7),
        lambda r, own: words("ECHO", data(r)),
        lambda r, own: words("PING"),
        lambda r, own: words(
            r.choice(["SET", "LPUSH", "SADD", "HSET", "ZADD", "XADD"]), own + b"l"
        ),
        lambda r, own: words(wrong, own + b"l"),
    )
    return rng.choice(forms)


def unusual(rng: random.Random, own: bytes) -> bytes:
    """Return what keeps requests from being served together, or makes one fail."""
    key = own + b"k%d" % rng.randrange(6)
    return rng.choice(
        [
            words("LPUSH", key, "x"),
            words("GET", own + b"l"),
            words("NOSUCH", "x"),
            words("GET"),
            words("MULTI") + words("SET", key, "x") + words("INCR", own + b"n1") + words("EXEC"),
            words("MULTI") + words("NOSUCH") + words("EXEC"),
            words("WATCH", key) + words("MULTI") + words("SET", key, "w") + words("EXEC"),
            words("CLIENT", "REPLY", "SKIP") + words("SET", key, value(rng, 600)),
            words("SELECT", 3) + words("SET", key, "three") + words("SELECT", 0),
            words("RPUSH", own + b"q", "x") + words("BLPOP", own + b"q", 0),
            words("BLPOP", own + b"never", rng.choice(["0.001", "0.003", "0.01"])),
            *[words("BLPOP", own + WOKEN, 0)] * 3,
            words("SUBSCRIBE", own + b"c") + words("UNSUBSCRIBE", own + b"c"),
            b"*0\r\n" + words("PING"),
            words("ECHO", value(rng, rng.choice([1, 65536, LARGEST]))),
            words("SET", key, value(rng, LARGEST)),
            words("CLIENT", "SETNAME", "n"),
        ]
    )


# Behind these a connection is closed.
_LAST_WORDS = (
    words("QUIT"),
    b"*1\r\n+x\r\n",
    b"*abc\r\n",
    b"*1\r\n$-5\r\n",
    b"*2\r\n$3\r\nGET\r\n:1\r\n",
    b"*1\r\n$99999999999\r\n",
)


@dataclass
class Member:
    """
    One client of a crowd.

    Attributes:
        own: What the names of its keys begin with.
        resp: The version of the protocol that it speaks.
        stream: All it sends.
        is_closed_by_peer: Whether its last request makes the server hang up.
    """

    own: bytes
    resp: int = 2
    stream: bytes = b""
    is_closed_by_peer: bool = False
    pieces: list[bytes] = field(default_factory=list)

    def is_answered(self, got: bytes | bytearray) -> bool:
        """Tell whether all has come that will, for who is not hung up on."""
        return not self.is_closed_by_peer and got.endswith(_ENDING)


def crowd(rng: random.Random) -> list[Member]:
    """Return clients, each with as many pieces of what it sends as the others."""
    versions = rng.choice([(2,), (2,), (3,), (2, 3)])
    count = rng.choice([1, 2, 4, 5, 12, 30])
    members = [Member(b"c%02d:" % number, rng.choice(versions)) for number in range(count)]
    depth = rng.choice([1, 1, 2, 16, 40])
    oddness = rng.choice([0, 0.02, 0.2])
    is_cut = rng.random() < 0.5
    for _ in range(rng.randrange(3, 9)):
        make = usual(rng)
        for member in members:
            requests = [make(rng, member.own) for _ in range(depth)]
            if rng.random() < 0.3:
                requests = requests[:1] * depth
            if rng.random() < oddness:
                requests.insert(rng.randrange(depth + 1), unusual(rng, member.own))
            _add(member, b"".join(requests), rng.random() if is_cut else 1.0)
    for member in members:
        member.is_closed_by_peer = rng.random() < 0.1
        _add(member, rng.choice(_LAST_WORDS) if member.is_closed_by_peer else words("ECHO", END), 1)
    return members


def _add(member: Member, data: bytes, share: float) -> None:
    """Let a client send bytes, or a part of them now and the rest with the next ones."""
    member.stream += data
    sent = sum(map(len, member.pieces))
    piece = member.stream[sent:]
    member.pieces.append(piece[: round(len(piece) * share)] if share > 0.5 else piece)


def alone(peer: Peer, member: Member) -> bytes:
    """Return what a server answers to a client's bytes when nobody else is there."""
    connection = Connection(peer.address, member.resp, PATIENCE_S)
    try:
        peer.admin.call(b"RPUSH", member.own + WOKEN, *_PLENTY)
        connection.send(member.stream)
        return connection.rest(None if member.is_closed_by_peer else _ENDING)
    finally:
        connection.close()


def together(peer: Peer, members: Sequence[Member]) -> list[bytes]:
    """Let all clients send at the same time, piece by piece; return what each got."""
    links = [_Link(Connection(peer.address, member.resp).detached(), member) for member in members]
    try:
        for pieces in zip(*(member.pieces for member in members), strict=True):
            # The server looks up when all of it has come.
            wake = [words("RPUSH", member.own + WOKEN, "x") for member in members]
            peer.admin.send(b"".join([*wake, words("DEBUG", "SLEEP", "0.002")]))
            for link, piece in zip(links, pieces, strict=True):
                link.send(piece)
            _pump(links, lambda: True)
            for _ in (*wake, "sleep"):
                peer.admin.reply()
        for member in members:
            peer.admin.call(b"RPUSH", member.own + WOKEN, *_PLENTY)
        _pump(links, lambda: all(link.is_done for link in links))
        return [bytes(link.got) + (Connection.CLOSED if link.closed else b"") for link in links]
    finally:
        for link in links:
            link.socket.close()


class _Link:
    """A client's end of its connection."""

    def __init__(self, connected: socket.socket, member: Member) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.member = member
        self.got = bytearray()
        self.closed = False
        self._unsent = b""

    @property
    def is_done(self) -> bool:
        return self.closed or (not self._unsent and self.member.is_answered(self.got))

    def send(self, data: bytes = b"") -> None:
        self._unsent += data
        try:
            while self._unsent and not self.closed:
                self._unsent = self._unsent[self.socket.send(self._unsent[:_SENT_AT_ONCE]) :]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = b""  # who hung up may have said why

    def receive(self) -> None:
        try:
            data = self.socket.recv(_SENT_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.got += data
        self.closed = not data


def _pump(links: Sequence[_Link], is_enough: Callable[[], bool]) -> None:
    """Send and receive until it is enough, or nothing has come for long."""
    end = time.monotonic() + PATIENCE_S
    while True:
        open_ones = {link.socket: link for link in links if not link.closed}
        readable = select.select([*open_ones], [], [], 0)[0] if open_ones else []
        for sock in readable:
            open_ones[sock].receive()
        for link in open_ones.values():
            link.send()
        if is_enough() or time.monotonic() > end:
            return
        if not readable:
            time.sleep(0.001)
