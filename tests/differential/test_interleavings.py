"""Several connections, every frame of each compared with a real server's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from tests.differential.families import DifferentialTestCase, walking
from tests.differential.grammar import Grammar
from tests.differential.interleavings import report
from tests.differential.script import Step, Word, script

_POOLS: dict[str, Sequence[Word]] = {
    "name": ["l1", "l2", "z1", "s1", "k1", "k2"],
    "list": ["l1", "l2", "l1", "l2", "k1"],
    "zset": ["z1", "z2", "z1", "l1"],
    "stream": ["s1", "s1", "l1"],
    "string": ["k1", "k2", "l1"],
    "wait": [0, 0, 0, "0.005"],
    "db": [0, 0, 1],
    "channel": ["c1", "c2", "__keyevent@0__:lpop", "__keyevent@0__:set"],
    "pattern": ["c*", "__keyspace@0__:*"],
    "client": ["{a}", "{b}", "{c}", "{d}"],
    "element": ["x", "y", "z"],
    "script": [
        "redis.call('RPUSH', KEYS[1], 'x') return redis.call('PUBLISH', 'c1', 'm')",
        "redis.call('PUBLISH', 'c1', 'm') redis.call('LPOP', KEYS[1]) return {1, 2}",
        "redis.call('RPUSH', KEYS[1], 'x', 'y') redis.call('LPOP', KEYS[1]) return 'served'",
        "redis.call('GET', 'k1') return redis.call('SET', 'k1', KEYS[1])",
        "redis.call('BLPOP', KEYS[1], 0) redis.call('SET', 'k2', 1) error('stop')",
    ],
}
_CALLS = """
    WATCH {name} [{name}]
    UNWATCH
    MULTI
    MULTI
    EXEC
    EXEC
    EXEC
    DISCARD
    SET {string} {element}
    SET {string} {element} PX 1
    GET {string}
    MGET {string} {list}
    INCR {string}
    DEL {name} [{name}]
    PEXPIRE {name} 1
    EXISTS {name}
    RENAME {name} {name}
    COPY {name} {name} [DB {db}] [REPLACE]
    MOVE {name} {db}
    SELECT {db}
    SELECT 0
    SWAPDB 0 1
    FLUSHALL
    FLUSHDB
    BLPOP {list} [{list}] {wait}
    BRPOP {list} {wait}
    BLMOVE {list} {list} LEFT RIGHT {wait}
    BRPOPLPUSH {list} {list} {wait}
    BLMPOP {wait} 2 {list} {list} LEFT [COUNT 2]
    BZPOPMIN {zset} [{zset}] {wait}
    BZPOPMAX {zset} {wait}
    BZMPOP {wait} 1 {zset} MIN [COUNT 2]
    XREAD BLOCK 0 STREAMS {stream} $
    XREADGROUP GROUP g m BLOCK 0 STREAMS {stream} >
    XGROUP CREATE {stream} g $ MKSTREAM
    XGROUP DESTROY {stream} g
    XADD {stream} 1-* f v
    XDEL {stream} 1-0
    RPUSH {list} {element}
    RPUSH {list} {element} {element}
    LPUSH {list} {element}
    LPOP {list}
    LRANGE {list} 0 -1
    LMOVE {list} {list} LEFT LEFT
    SORT {list} ALPHA STORE {list}
    ZADD {zset} 1 {element} [2 {element}]
    ZPOPMIN {zset}
    ZRANGESTORE {zset} {zset} 0 -1
    CLIENT UNBLOCK {client} [ERROR|TIMEOUT]
    SUBSCRIBE {channel} [{channel}]
    PSUBSCRIBE {pattern}
    SSUBSCRIBE {channel}
    UNSUBSCRIBE {channel} [{channel}]
    PUNSUBSCRIBE {pattern}
    SUNSUBSCRIBE {channel}
    PUBLISH {channel} {element}
    SPUBLISH {channel} {element}
    EVAL {script} 1 {list}
    CLIENT TRACKING ON
    CLIENT TRACKING ON [NOLOOP] [OPTIN|OPTOUT]
    CLIENT TRACKING ON BCAST [PREFIX l] [NOLOOP]
    CLIENT TRACKING ON REDIRECT {client} [BCAST]
    CLIENT TRACKING OFF
    CLIENT CACHING (YES|NO)
    CLIENT REPLY (ON|OFF|SKIP)
    CLIENT REPLY ON
    CLIENT KILL ID {client}
    CLIENT PAUSE 100000 WRITE
    CLIENT UNPAUSE
    CLIENT UNPAUSE
    CLIENT UNPAUSE
    CLIENT NO-TOUCH (ON|OFF)
    RESET
    HELLO 2
    HELLO 3
    PING
    ECHO {element}
"""
GRAMMAR = Grammar(_CALLS, _POOLS)


def random_steps(seed: int, length: int) -> list[Step]:
    """Return an interleaving of so many steps, the same for the same seed."""
    rng = random.Random(seed)
    steps = [Step((b"HELLO", b"%d" % rng.choice((2, 3))), on=name) for name in "abcd"]
    in_transaction: set[str] = set()
    for _ in range(length):
        name, argv = rng.choice("abcd"), GRAMMAR.step(rng.randrange).argv
        if argv[0] == b"MULTI":
            in_transaction.add(name)
        elif argv[0] in (b"EXEC", b"DISCARD", b"RESET"):
            in_transaction.discard(name)
        elif argv[:2] == (b"CLIENT", b"REPLY") and name in in_transaction:
            continue  # Redis would send the head of EXEC's reply, but nothing behind it.
        elif argv[:2] == ((b"CLIENT", b"PAUSE") if seed % 2 else (b"CLIENT", b"UNBLOCK")):
            continue  # Redis dies if it unblocks somebody that waits for the end of a pause.
        elif seed % 2 == 0 and b"0.005" in argv:
            continue  # It would begin whenever the pause ends.
        steps.append(Step(argv, on=name))
    return steps


_ROWS = {
    "a group that goes touches no watcher, but wakes who waits for it": """
        @a XGROUP CREATE s1 g $ MKSTREAM ; @b WATCH s1 ; @c HELLO 3 ; @c CLIENT TRACKING ON BCAST
        @d XREADGROUP GROUP g m BLOCK 0 STREAMS s1 > ; @a XGROUP DESTROY s1 g
        @b MULTI ; @b PING ; @b EXEC
    """,
    "shards are not listened to in a transaction": """
        @d MULTI ; @d SSUBSCRIBE c ; @d EXEC ; @d PING
    """,
    "what is sent during a pause runs behind it": """
        @d CLIENT PAUSE 100000 WRITE ; @b INCR k ; @b INCR k ; @c CLIENT UNPAUSE
    """,
    "who is served during a pause waits for its end": """
        @b MULTI ; @c BLPOP l1 0 ; @b CLIENT PAUSE 100000 WRITE ; @b LPUSH l1 x ; @b EXEC
        @b LRANGE l1 0 -1 ; @a CLIENT UNPAUSE ; @b LRANGE l1 0 -1
    """,
    "a push uses up a skipped reply": """
        @d CLIENT REPLY SKIP ; @d UNSUBSCRIBE c2 ; @d ECHO z
    """,
    "confirmations of a silenced transaction": """
        @a CLIENT REPLY OFF ; @a MULTI ; @a PUNSUBSCRIBE p ; @a PING ; @a EXEC ; @a PING
    """,
    "messages to oneself": """
        @a HELLO 3 ; @a SUBSCRIBE c ; @a CLIENT TRACKING ON ; @a GET k ; @a MULTI
        @a SET k v ; @a PUBLISH c x ; @a EXEC ; @b HELLO 3 ; @b SUBSCRIBE __keyevent@0__:lpop
        @b BLPOP l 0 ; @a LPUSH l x y ; @a EVAL "redis.call('PUBLISH', 'c', 'y') return 'z'" 0
    """,
    "a transaction that pushes and pops serves with what is left": """
        @a BLPOP l 0 ; @b BLPOP l 0 ; @c MULTI ; @c RPUSH l x y ; @c LPOP l ; @c EXEC
        @c RPUSH l z ; @d CLIENT UNBLOCK {a}
    """,
    "databases that are exchanged": """
        @a WATCH k ; @b BLPOP l 0 ; @c SELECT 1 ; @c RPUSH l x ; @c SET k v ; @c SWAPDB 0 1
        @a MULTI ; @a PING ; @a EXEC
    """,
    "a key that expires under WATCH": """
        @a SET k v PX 1 ; @b WATCH k ; @b MULTI ; @b EXISTS k ; @b EXEC
        @c HELLO 3 ; @c CLIENT TRACKING ON ; @c SET k v PX 1 ; @c GET k ; @a GET k
    """,
    "who is told is killed": """
        @a HELLO 3 ; @b HELLO 3 ; @a CLIENT TRACKING ON REDIRECT {b} ; @a GET k ; @c SET k v
        @a GET k ; @c CLIENT KILL ID {b} ; @c SET k w
    """,
}


class InterleavingTests(DifferentialTestCase):
    """What all clients receive is what they receive of Redis 7.2, byte for byte."""

    events: ClassVar[dict[str, str]] = {"notify-keyspace-events": "KEA"}

    def setUp(self) -> None:
        """Find both servers; an older one sends a client's messages before its reply."""
        super().setUp()
        self.require("7.2")

    def test_rows(self) -> None:
        """Each difference there was stays away."""
        with self.pair.configured(self.events):
            found = [
                f"{title}: {text}"
                for title, row in _ROWS.items()
                if (text := report(self.pair, script(row)))
            ]
        self.assertEqual(found, [], "\n".join(found))

    def test_walks(self) -> None:
        """Chance finds none."""

        @walking
        @given(st.integers(0, 1 << 32))
        def walk(seed: int) -> None:
            found = report(self.pair, random_steps(seed, 40), frees=True)
            if found:
                raise AssertionError(f"\n{found}")

        with self.pair.configured(self.events):
            walk()
