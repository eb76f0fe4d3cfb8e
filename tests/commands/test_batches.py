"""Tests of pyredis.commands.batches: pipelines of one command do what single requests do."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import hiredis
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.errors import RedisError
from pyredis.execution.dispatch import FLUSH_BYTES
from pyredis.keyspace.digest import digest_of_value
from pyredis.primitives.numbers import INT64_MAX
from pyredis.wire.batches import Batch
from pyredis.wire.replies import LATER
from tests.commands.session import Session
from tests.marks import takes_minutes

KEYS = [b"a", b"b", b"mylist", b"myset", b"myhash"]
WORDS = [b"0", b"1", b"2", b"-7", b"x", b"y" * 9, b"z" * 70, b"9223372036854775806", b""]
ODD_WORDS = [b"-1", b"1.5", b"+inf", b"(1", b"-", b"+", b"[x", b"*", b"5-1", b"EX", b"PX", b"NX"]
ODD_WORDS += [b"xx", b"GET", b"GT", b"INCR", b"CH", b"WITHSCORES", b"REV", b"LIMIT", b"LEFT"]
ODD_WORDS += [b"RIGHT", b"BEFORE", b"MAXLEN", b"nan", b" 1", b"1e300", b"100000", b"PERSIST"]
WIDTHS = {
    b"PING": 0,
    b"GET": 1,
    b"SET": 2,
    b"INCR": 1,
    b"MSET": 4,
    b"LPUSH": 2,
    b"RPUSH": 2,
    b"LPOP": 1,
    b"RPOP": 1,
    b"SADD": 2,
    b"SPOP": 1,
    b"HSET": 3,
    b"BITCOUNT": 1,
    b"DECR": 1,
    b"EVAL": 3,
    b"EVALSHA": 2,
    b"EXISTS": 1,
    b"EXPIRE": 2,
    b"GEOADD": 4,
    b"GEODIST": 3,
    b"GEORADIUSBYMEMBER_RO": 4,
    b"GEORADIUS_RO": 5,
    b"GEOSEARCH": 7,
    b"GETBIT": 2,
    b"HGET": 2,
    b"HINCRBY": 3,
    b"INCRBY": 2,
    b"LLEN": 1,
    b"PFADD": 2,
    b"SCARD": 1,
    b"SETBIT": 3,
    b"SETEX": 3,
    b"SISMEMBER": 2,
    b"SREM": 2,
    b"STRLEN": 1,
    b"TTL": 1,
    b"XADD": 4,
    b"ZADD": 3,
    b"ZCARD": 1,
    b"ZCOUNT": 3,
    b"ZINCRBY": 3,
    b"ZPOPMAX": 1,
    b"ZPOPMIN": 1,
    b"ZRANGE": 3,
    b"ZRANGEBYLEX": 3,
    b"ZRANGEBYSCORE": 3,
    b"ZRANK": 2,
    b"ZREM": 2,
    b"ZREVRANGE": 3,
    b"ZREVRANGEBYLEX": 3,
    b"ZREVRANGEBYSCORE": 3,
    b"ZREVRANK": 2,
    b"ZSCORE": 2,
    b"APPEND": 2,
    b"DEL": 1,
    b"PEXPIRE": 2,
    b"SMEMBERS": 1,
    b"DECRBY": 2,
    b"EXPIREAT": 2,
    b"GETDEL": 1,
    b"GETEX": 3,
    b"GETRANGE": 3,
    b"GETSET": 2,
    b"HDEL": 3,
    b"HEXISTS": 2,
    b"HGETALL": 1,
    b"HINCRBYFLOAT": 3,
    b"HKEYS": 1,
    b"HLEN": 1,
    b"HMGET": 3,
    b"HMSET": 5,
    b"HSETNX": 3,
    b"HSTRLEN": 2,
    b"HVALS": 1,
    b"INCRBYFLOAT": 2,
    b"LINDEX": 2,
    b"LINSERT": 4,
    b"LMOVE": 4,
    b"LPOS": 2,
    b"LPUSHX": 2,
    b"LREM": 3,
    b"LSET": 3,
    b"LTRIM": 3,
    b"MGET": 3,
    b"PERSIST": 1,
    b"PEXPIREAT": 2,
    b"PSETEX": 3,
    b"PTTL": 1,
    b"PUBLISH": 2,
    b"RPOPLPUSH": 2,
    b"RPUSHX": 2,
    b"SETNX": 2,
    b"SETRANGE": 3,
    b"SMISMEMBER": 3,
    b"SMOVE": 3,
    b"SPUBLISH": 2,
    b"SRANDMEMBER": 1,
    b"TOUCH": 2,
    b"TYPE": 1,
    b"UNLINK": 1,
    b"BLMOVE": 5,
    b"BLMPOP": 4,
    b"BLPOP": 2,
    b"BRPOP": 2,
    b"BRPOPLPUSH": 3,
    b"BZMPOP": 4,
    b"BZPOPMAX": 2,
    b"BZPOPMIN": 2,
    # No batches of this, but it makes an index of the same keys.
    b"SCAN": 1,
    b"LRANGE": 3,
}
SET_OPTIONS: list[list[bytes]] = [
    [],
    [b"EX", b"1"],
    [b"ex", b"2"],
    [b"PX", b"700"],
    [b"PXAT", b"9999999999999"],
    [b"EX", b"0"],
    [b"NX", b"GET"],
    [b"KEEPTTL"],
]
SMALL = {
    "list_max_listpack_size": 5,
    "set_max_intset_entries": 4,
    "set_max_listpack_entries": 5,
    "hash_max_listpack_entries": 4,
}


@st.composite
def runs(draw: st.DrawFn) -> tuple[bytes, list[list[bytes]]]:
    """Return a command and the arguments of several requests of it."""
    name = draw(st.sampled_from(sorted(WIDTHS)))
    count = draw(st.integers(1, 9))
    one_key = draw(st.sampled_from(KEYS))
    keys = st.just(one_key) if draw(st.integers(0, 3)) else st.sampled_from(KEYS)
    words = st.sampled_from(WORDS if draw(st.integers(0, 3)) else WORDS + ODD_WORDS)
    if draw(st.booleans()):
        words = st.just(draw(words))
    options = draw(st.sampled_from(SET_OPTIONS)) if name == b"SET" else []
    width = WIDTHS[name] if draw(st.integers(0, 3)) else draw(st.integers(0, 7))
    return name, [
        [draw(keys if place == 0 else words) for place in range(width)] + options
        for _ in range(count)
    ]


def let_time_pass(seconds: float, *sessions: Session) -> None:
    """Let time pass for servers."""
    for session in sessions:
        session.clock.advance(seconds)
        session.server.keyspace.refresh_now()


def state(session: Session) -> Any:
    """Return all there is to see of a server's database, order and encodings included."""
    db = session.db
    values: dict[bytes, Any] = {}
    for key, value in db.values.items():
        if isinstance(value, ListValue):
            values[key] = "list", [*value], value.encoding, value.node_lengths()
        elif isinstance(value, SetValue):
            values[key] = "set", [*value], value.encoding
        elif value.__class__ in HASHES:
            values[key] = "hash", [*value.fields.items()], value.encoding
        elif isinstance(value, SortedSetValue):
            values[key] = "zset", repr([*value.items()]), value.encoding
        else:
            values[key] = value.__class__, digest_of_value(db, key)
    keyspace = session.server.keyspace
    calls = {c.display_name: c.calls for c in session.server.table if c.calls}
    return values, dict(db.deadlines), db.hits, db.misses, keyspace.dirty, calls


def one_by_one(session: Session, name: bytes, requests: list[list[bytes]]) -> list[Any]:
    """Run requests as single ones are run, and return their replies."""
    replies = []
    for request in requests:
        argv = [name, *request]
        reply = session.server.dispatcher.call_plain(session.client, argv)
        replies.append(session.do(*argv) if reply is LATER else reply)
        if session.waits:
            session.another().do("CLIENT", "UNBLOCK", session.client.id)
    return replies


def together(session: Session, name: bytes, requests: list[list[bytes]]) -> tuple[int, list[Any]]:
    """Run requests as a batch as far as that goes; return how far, and the replies."""
    flat = [word for request in requests for word in request]
    batch = Batch(name, len(requests), len(requests[0]), flat)
    replies = session.server.dispatcher.run_batch(session.client, batch)
    done = len(replies)
    return done, replies + one_by_one(session, name, requests[done:])


def comparable(replies: list[Any]) -> list[Any]:
    """Return replies with errors as their texts."""
    return [reply.text if isinstance(reply, RedisError) else reply for reply in replies]


def accesses(session: Session) -> Any:
    """
    Return when each key was last used, or which were counted by how often they are.

    How often exactly depends on chance in any case, and what stops a batch
    half-way is counted once more.
    """
    found = session.db.accesses
    return found if session.server.keyspace.frequency is None else found and found.keys()


class Witness:
    """Keeps what others are told of a server's changes."""

    def __init__(self, session: Session, hears: str) -> None:
        self.heard: list[Any] = []
        server = session.server
        if hears == "repetitions":
            server.propagation.add(self)
        elif hears == "events":
            server.keyspace.observe_events(lambda *event: self.heard.append(event[1:]))
        elif hears == "changes":
            server.keyspace.observe_changes(lambda db, key: self.heard.append(key))

    def feed(self, effects: Any) -> None:
        """Keep what is repeated elsewhere; what belongs together says so only one by one."""
        self.heard += [(number, *argv) for number, argv in effects if number >= 0]

    def feed_requests(self, number: int, data: bytes) -> None:
        """Keep requests that are repeated as they came."""
        reader = hiredis.Reader()
        reader.feed(data)
        while argv := reader.gets():
            self.heard.append((number, *argv))


CIRCUMSTANCES: list[tuple[str, dict[str, Any]]] = [
    *[("nothing", {})] * 3,
    ("nothing", {"maxmemory_policy": "allkeys-lru"}),
    ("nothing", {"maxmemory_policy": "volatile-lfu", "lfu_log_factor": 0}),
    ("repetitions", {}),
    ("events", {}),
    ("changes", {}),
]
Runs = list[tuple[bytes, list[list[bytes]]]]


class SameAsSingleTests(SynchronousTestCase):
    """Whatever is in the database, a batch leaves and answers what its requests would."""

    @settings(max_examples=150)
    @given(st.sampled_from(CIRCUMSTANCES), st.lists(runs(), max_size=12))
    def test_batches(self, circumstances: tuple[str, dict[str, Any]], steps: Runs) -> None:
        """Replies, values, encodings, nodes, counters, what others hear: all as one by one."""
        self.check(circumstances, steps)

    @takes_minutes
    @settings(max_examples=20_000, deadline=None)
    @given(st.sampled_from(CIRCUMSTANCES), st.lists(runs(), max_size=12))
    def test_many_batches(self, circumstances: tuple[str, dict[str, Any]], steps: Runs) -> None:
        """The same with many more of them."""
        self.check(circumstances, steps)

    def check(self, circumstances: tuple[str, dict[str, Any]], steps: Runs) -> None:
        """Fail unless batches are like single requests."""
        hears, config = circumstances
        mine, theirs = Session(**SMALL, **config), Session(**SMALL, **config)
        witnesses = Witness(mine, hears), Witness(theirs, hears)
        for name, requests in steps:
            _, replies = together(mine, name, requests)

            self.assertEqual(
                comparable(replies), comparable(one_by_one(theirs, name, requests)), name
            )
            for session in (mine, theirs):
                session.server.propagation.flush()
            self.assertEqual(state(mine), state(theirs), name)
            self.assertEqual(accesses(mine), accesses(theirs), name)
            self.assertEqual(witnesses[0].heard, witnesses[1].heard, name)
            let_time_pass(0.4, mine, theirs)


class TogetherTests(SynchronousTestCase):
    """What programs really send is run at once."""

    samples: ClassVar[dict[bytes, list[list[bytes]]]] = {
        b"PING": [[]] * 20,
        b"GET": [[b"k%d" % n] for n in range(20)],
        b"SET": [[b"k%d" % n, b"v"] for n in range(20)],
        b"INCR": [[b"n%d" % n] for n in range(20)],
        b"MSET": [[b"k%d" % n, b"v", b"k%d" % (n + 1), b"w"] for n in range(20)],
        b"LPUSH": [[b"list", b"e%d" % n] for n in range(20)],
        b"RPUSH": [[b"list", b"e%d" % n] for n in range(20)],
        b"LPOP": [[b"list"]] * 20,
        b"RPOP": [[b"list"]] * 20,
        b"LRANGE": [[b"list", b"0", b"9"]] * 20,
        b"SADD": [[b"set", b"m%d" % n] for n in range(20)],
        b"SPOP": [[b"set"]] * 20,
        b"HSET": [[b"hash", b"f%d" % n, b"v"] for n in range(20)],
        b"BITCOUNT": [[b"k1"]] * 20,
        b"DECR": [[b"n1"]] * 20,
        b"EVAL": [[b"return ARGV[1]", b"0", b"%d" % n] for n in range(20)],
        b"EVALSHA": [[b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"0"]] * 20,
        b"EXISTS": [[b"k%d" % n] for n in range(20)],
        b"EXPIRE": [[b"k%d" % n, b"100"] for n in range(20)],
        b"GEOADD": [[b"geo", b"15.%d" % n, b"37", b"m%d" % n] for n in range(20)],
        b"GEODIST": [[b"geo", b"m1", b"m%d" % n] for n in range(20)],
        b"GEORADIUSBYMEMBER_RO": [[b"geo", b"m1", b"9", b"km"]] * 20,
        b"GEORADIUS_RO": [[b"geo", b"15", b"37", b"9", b"km"]] * 20,
        b"GEOSEARCH": [[b"geo", b"FROMMEMBER", b"m1", b"BYRADIUS", b"9", b"km", b"WITHDIST"]] * 20,
        b"GETBIT": [[b"k1", b"%d" % n] for n in range(20)],
        b"HGET": [[b"hash", b"h%d" % n] for n in range(20)],
        b"HINCRBY": [[b"counts", b"f%d" % n, b"2"] for n in range(20)],
        b"INCRBY": [[b"n1", b"5"]] * 20,
        b"LLEN": [[b"list"]] * 20,
        b"PFADD": [[b"hll", b"m%d" % n] for n in range(20)],
        b"SCARD": [[b"set"]] * 20,
        b"SETBIT": [[b"bits", b"%d" % n, b"1"] for n in range(20)],
        b"SETEX": [[b"e%d" % n, b"100", b"v"] for n in range(20)],
        b"SISMEMBER": [[b"set", b"s%d" % n] for n in range(20)],
        b"SREM": [[b"set", b"s%d" % n] for n in range(20)],
        b"STRLEN": [[b"k1"]] * 20,
        b"TTL": [[b"k%d" % n] for n in range(20)],
        b"XADD": [[b"stream", b"*", b"f", b"v%d" % n] for n in range(20)],
        b"ZADD": [[b"zset", b"%d" % n, b"m%d" % n] for n in range(20)],
        b"ZCARD": [[b"zset"]] * 20,
        b"ZCOUNT": [[b"zset", b"%d" % n, b"7"] for n in range(20)],
        b"ZINCRBY": [[b"zset", b"2.5", b"m%d" % n] for n in range(20)],
        b"ZRANGE": [[b"zset", b"0", b"%d" % n] for n in range(20)],
        b"ZRANGEBYLEX": [[b"zset", b"-", b"+"]] * 20,
        b"ZRANGEBYSCORE": [[b"zset", b"3", b"+inf", b"LIMIT", b"0", b"10"]] * 20,
        b"ZRANK": [[b"zset", b"m%d" % n] for n in range(20)],
        b"ZREVRANGE": [[b"zset", b"0", b"9", b"WITHSCORES"]] * 20,
        b"ZREVRANGEBYLEX": [[b"zset", b"+", b"-"]] * 20,
        b"ZREVRANGEBYSCORE": [[b"zset", b"7", b"3"]] * 20,
        b"ZREVRANK": [[b"zset", b"m%d" % n] for n in range(20)],
        b"ZSCORE": [[b"zset", b"m%d" % n] for n in range(20)],
        b"ZPOPMAX": [[b"zset"]] * 7,
        b"ZPOPMIN": [[b"zset"]] * 7,
        b"ZREM": [[b"zset", b"m%d" % n] for n in range(20)],
        b"APPEND": [[b"k%d" % n, b"x"] for n in range(20)],
        b"DECRBY": [[b"n1", b"5"]] * 20,
        b"DEL": [[b"k%d" % n] for n in range(20)],
        b"EXPIREAT": [[b"k%d" % n, b"9999999999"] for n in range(20)],
        b"GETDEL": [[b"k%d" % n] for n in range(20)],
        b"GETEX": [[b"k%d" % n, b"EX", b"100"] for n in range(20)],
        b"GETRANGE": [[b"k1", b"0", b"%d" % n] for n in range(20)],
        b"GETSET": [[b"k%d" % n, b"v"] for n in range(20)],
        b"HDEL": [[b"hash", b"h%d" % n, b"no"] for n in range(20)],
        b"HEXISTS": [[b"hash", b"h%d" % n] for n in range(20)],
        b"HGETALL": [[b"hash%d" % n] for n in range(20)],
        b"HINCRBYFLOAT": [[b"counts", b"f%d" % n, b"2.5"] for n in range(20)],
        b"HKEYS": [[b"hash%d" % n] for n in range(20)],
        b"HLEN": [[b"hash%d" % n] for n in range(20)],
        b"HMGET": [[b"hash", b"h%d" % n, b"h7"] for n in range(20)],
        b"HMSET": [[b"hash%d" % n, b"f", b"v", b"g", b"w"] for n in range(20)],
        b"HSETNX": [[b"hash", b"f%d" % n, b"v"] for n in range(20)],
        b"HSTRLEN": [[b"hash", b"h%d" % n] for n in range(20)],
        b"HVALS": [[b"hash%d" % n] for n in range(20)],
        b"INCRBYFLOAT": [[b"n1", b"5"]] * 20,
        b"LINDEX": [[b"list", b"%d" % n] for n in range(20)],
        b"LINSERT": [[b"list", b"BEFORE", b"3", b"e%d" % n] for n in range(20)],
        b"LMOVE": [[b"list", b"other", b"LEFT", b"RIGHT"]] * 20,
        b"LPOS": [[b"list", b"%d" % n] for n in range(20)],
        b"LPUSHX": [[b"list", b"e%d" % n] for n in range(20)],
        b"LREM": [[b"list", b"1", b"%d" % n] for n in range(20)],
        b"LSET": [[b"list", b"%d" % n, b"e"] for n in range(20)],
        b"LTRIM": [[b"list", b"0", b"%d" % (150 - n)] for n in range(20)],
        b"MGET": [[b"k%d" % n, b"k2", b"no"] for n in range(20)],
        b"PERSIST": [[b"k%d" % n] for n in range(20)],
        b"PEXPIRE": [[b"k%d" % n, b"100000"] for n in range(20)],
        b"PEXPIREAT": [[b"k%d" % n, b"9999999999999"] for n in range(20)],
        b"PSETEX": [[b"k%d" % n, b"100", b"v"] for n in range(20)],
        b"PTTL": [[b"k%d" % n] for n in range(20)],
        b"PUBLISH": [[b"channel", b"m%d" % n] for n in range(20)],
        b"RPOPLPUSH": [[b"list", b"list"]] * 20,
        b"RPUSHX": [[b"list", b"e%d" % n] for n in range(20)],
        b"SETNX": [[b"k%d" % n, b"v"] for n in range(20)],
        b"SETRANGE": [[b"k%d" % n, b"2", b"v"] for n in range(20)],
        b"SMEMBERS": [[b"set%d" % n] for n in range(20)],
        b"SMISMEMBER": [[b"set", b"s%d" % n, b"no"] for n in range(20)],
        b"SMOVE": [[b"set", b"set2", b"s%d" % n] for n in range(20)],
        b"SPUBLISH": [[b"channel", b"m%d" % n] for n in range(20)],
        b"SRANDMEMBER": [[b"set"]] * 20,
        b"TOUCH": [[b"k%d" % n, b"no"] for n in range(20)],
        b"TYPE": [[b"k%d" % n] for n in range(20)],
        b"UNLINK": [[b"k%d" % n] for n in range(20)],
        b"BLMOVE": [[b"list", b"list2", b"LEFT", b"RIGHT", b"0"]] * 20,
        b"BLMPOP": [[b"0", b"1", b"list", b"LEFT"]] * 20,
        b"BLPOP": [[b"list", b"0"]] * 20,
        b"BRPOP": [[b"no", b"list", b"0"]] * 20,
        b"BRPOPLPUSH": [[b"list", b"list2", b"0"]] * 20,
        b"BZMPOP": [[b"0", b"1", b"scores", b"MIN"]] * 20,
        b"BZPOPMAX": [[b"scores", b"0"]] * 20,
        b"BZPOPMIN": [[b"scores", b"0"]] * 20,
    }

    def setUp(self) -> None:
        """Store something of each kind."""
        self.session = Session(list_max_listpack_size=16)
        self.session.do("MSET", "k1", "v", "k2", 7)
        self.session.do("INCR", "n1")
        self.session.do("LPUSH", "list", *range(100))
        self.session.do("RPUSH", "list", *range(100))
        self.session.do("SADD", "set", *(f"s{n}" for n in range(1000)))
        self.session.do("HSET", "hash", *(f"h{n}" for n in range(1000)))
        self.session.do("ZADD", "scores", *range(200))
        self.session.do("SCRIPT", "LOAD", "return 1")

    def test_all_of_them(self) -> None:
        """Not one of the requests is left to be run by itself."""
        for name, requests in self.samples.items():
            with self.subTest(name):
                self.assertEqual(together(self.session, name, requests)[0], len(requests))

    def test_each_has_a_sample(self) -> None:
        """No batch is declared that these tests do not know."""
        declared = {c.display_name for c in self.session.server.table if c.batch is not None}

        self.assertEqual({name.decode().lower() for name in self.samples}, declared)
        self.assertLessEqual(self.samples.keys(), WIDTHS.keys())

    def test_wrong_numbers_of_arguments(self) -> None:
        """They are refused one by one, whatever the key holds."""
        self.session.do("ZADD", "zset", 1, "m")
        for name in self.samples:
            for key in (b"no", b"k1", b"list", b"set", b"hash", b"zset"):
                for width in range(8):
                    done, replies = together(self.session, name, [[key] * width] * 3)
                    command = self.session.server.table.resolve([name, key])
                    if not command.minimum <= width + 1 <= command.maximum:
                        self.assertEqual(done, 0, name)
                        self.assertEqual({reply.code for reply in replies}, {"ERR"}, name)

    def test_one_counter(self) -> None:
        """One number is counted up in one step, but not beyond the largest."""
        self.assertEqual(together(self.session, b"INCR", [[b"n1"]] * 3), (3, [2, 3, 4]))
        self.session.do("INCRBY", "n1", INT64_MAX - 6)

        done, replies = together(self.session, b"INCR", [[b"n1"]] * 3)

        self.assertEqual((done, replies[:2]), (0, [INT64_MAX - 1, INT64_MAX]))
        self.assertIsInstance(replies[2], RedisError)

    def test_counters_that_were_set(self) -> None:
        """Texts that are numbers are counted up as numbers; one that is none stops nobody else."""
        self.session.do("MSET", "a", "41", "b", "-1", "c", "07")

        self.assertEqual(
            together(self.session, b"INCR", [[b"a"], [b"b"], [b"n1"]]), (3, [42, 0, 2])
        )
        done, replies = together(self.session, b"INCR", [[b"a"], [b"c"], [b"b"]])

        self.assertEqual((done, replies[0], replies[2]), (0, 43, 1))
        self.assertIsInstance(replies[1], RedisError)

    def test_where_nothing_is(self) -> None:
        """Who takes from what is empty is told so, at once as well."""
        for name in (b"LPOP", b"RPOP", b"SPOP"):
            self.assertEqual(together(self.session, name, [[b"no"]] * 5), (5, [None] * 5))
            done, replies = together(self.session, name, [[b"no"], [b"k1"]])
            self.assertEqual((done, replies[0]), (0 if name == b"SPOP" else 1, None))

    def test_where_others_expire(self) -> None:
        """Deadlines of keys are in nobody's way until they have passed."""
        self.session.do("SET", "other", "v", "PX", "100")
        self.session.do("SET", "due", "v", "PX", "10")
        let_time_pass(0.05, self.session)

        self.assertEqual(together(self.session, b"GET", [[b"k1"], [b"other"]]), (2, [b"v", b"v"]))
        self.assertEqual(together(self.session, b"GET", [[b"k1"], [b"due"]])[0], 0)
        self.assertEqual(together(self.session, b"SET", [[b"k1", b""], [b"other", b""]])[0], 2)
        self.assertEqual(self.session.do("PTTL", "other"), -1)

    def test_with_deadlines(self) -> None:
        """Strings that expire after the same time are set at once, and looked at."""
        for name, requests in {
            b"SET": [[b"k1", b"1", b"ex", b"10"], [b"new", b"2", b"ex", b"10"]],
            b"SETEX": [[b"k1", b"10", b"1"], [b"new", b"10", b"2"]],
            b"EXPIRE": [[b"k1", b"10"], [b"new", b"10"]],
        }.items():
            self.assertEqual(together(self.session, name, requests)[0], 2, name)
            self.assertEqual([self.session.do("TTL", key) for key in ("k1", "new")], [10, 10])
            self.session.do("PERSIST", "k1")

    def test_while_somebody_scans(self) -> None:
        """What is new is found by who does."""
        self.session.do("SCAN", "0")

        self.assertEqual(together(self.session, b"SET", [[b"k1", b""], [b"new", b""]])[0], 2)
        self.assertIn(b"new", self.session.do("SCAN", "0", "COUNT", "100")[1])

    def test_how_often(self) -> None:
        """Accesses are counted one by one, those of keys that are not there not at all."""
        session = Session(maxmemory_policy="allkeys-lfu", lfu_log_factor=0)
        session.do("MSET", "a", "1", "b", "2")
        accesses = session.db.accesses
        assert accesses is not None

        self.assertEqual(together(session, b"GET", [[b"a"], [b"a"], [b"b"], [b"no"]])[0], 4)
        self.assertEqual(together(session, b"SET", [[b"b", b""], [b"new", b""]])[0], 2)
        self.assertEqual(together(session, b"INCR", [[b"a"], [b"n"], [b"m"]])[0], 3)

        counts = {key: state & 0xFF for key, state in accesses.items()}
        self.assertEqual(counts, {b"a": 8, b"b": 7, b"new": 5, b"n": 5, b"m": 5})

    def test_not_while_somebody_observes(self) -> None:
        """An observer is told of each change by itself."""
        told: list[bytes] = []
        self.session.server.keyspace.observe_changes(lambda db, key: told.append(key))

        done, _ = together(self.session, b"SET", [[b"x", b""], [b"y", b""]])

        self.assertEqual((done, told), (0, [b"x", b"y"]))

    def test_not_for_a_special_client(self) -> None:
        """In a transaction requests are queued."""
        self.session.do("MULTI")

        self.assertEqual(together(self.session, b"PING", [[], []])[0], 0)
        self.assertEqual(len(self.session.do("EXEC")), 2)

    def test_another_number_of_arguments(self) -> None:
        """LPOP with a count and the like are left to the body."""
        self.assertEqual(together(self.session, b"LPOP", [[b"list", b"2"]] * 2)[0], 0)

    def test_a_slow_one(self) -> None:
        """The slow log gets the whole request."""
        told: list[Any] = []
        dispatcher = self.session.server.dispatcher
        dispatcher.took_long = lambda client, command, argv, nanoseconds: told.append(argv)
        times = itertools.count(0, 2_000_000)
        for owner, name in ((self.session.server, "timer"), (dispatcher, "_timer")):
            self.patch(owner, name, lambda: next(times))

        self.assertEqual(together(self.session, b"ZRANGE", [[b"zset", b"0", b"-1"]] * 2)[0], 1)
        self.assertEqual(told[0], (b"ZRANGE", b"zset", b"0", b"-1"))

    def test_large_replies_are_not_gathered(self) -> None:
        """So much is not answered in one go: the client must take it first."""
        large = b"x" * (FLUSH_BYTES // 4)
        self.session.do("SET", "large", large)
        self.session.do("RPUSH", "list", *[large] * 20)
        self.session.do("LPUSH", "list", *[large] * 20)
        self.session.do("DEL", "set")
        self.session.do("SADD", "set", *(large + b"%d" % n for n in range(20)))

        self.assertEqual(together(self.session, b"GET", [[b"large"]] * 9)[0], 4)
        self.assertEqual(together(self.session, b"LPOP", [[b"list"]] * 9)[0], 0)
        self.assertEqual(together(self.session, b"LRANGE", [[b"list", b"0", b"0"]] * 9)[0], 3)
        self.assertEqual(together(self.session, b"RPOP", [[b"list"]] * 9)[0], 0)
        self.assertLess(together(self.session, b"SPOP", [[b"set"]] * 9)[0], 9)
        self.assertEqual(self.session.do("SCARD", "set"), 11)
