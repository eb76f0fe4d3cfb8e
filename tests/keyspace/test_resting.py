"""Tests of pyredis.keyspace.resting: hashes that nobody uses are packed."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.hashes import HashValue
from pyredis.datatypes.packed_hashes import JoinedHash, PackedHash, RestingHash
from pyredis.errors import RedisError
from pyredis.keyspace import keyspace as keyspace_module
from pyredis.keyspace import resting
from pyredis.keyspace.digest import digest_of_keyspace
from pyredis.keyspace.frozen_keyspace import FrozenKeyspace
from pyredis.keyspace.resting import Resting
from tests.commands.session import Session
from tests.differential.grammar import Choose
from tests.differential.walk import grammar_of

_PAUSE_MS = 5000


def pack_all(session: Session) -> None:
    """Let two rounds pass in which nobody uses anything."""
    for db in session.server.keyspace.databases:
        for _ in range(2):
            db.rest(len(db.unpacked))


class RoundTests(SynchronousTestCase):
    """A hash is packed when it was not used for a whole round."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()
        self.db = self.session.db
        self.resting = Resting(self.session.server.keyspace, _PAUSE_MS)

    def kind(self, key: bytes = b"h") -> type:
        """Return the class of a value."""
        kind: type = self.db.values[key].__class__
        return kind

    def go_on(self, seconds: float = 5.0) -> None:
        """Do all there is to do of the next round."""
        self.session.clock.advance(seconds)
        for _ in range(2):
            self.resting.work(lambda: False)

    def test_a_hash_made_field_by_field(self) -> None:
        """It is marked, and packed by the next round if nobody used it."""
        self.session.do("HSET", "h", "f", "v")
        self.session.do("HSET", "h", "g", "w")
        self.assertIs(self.kind(), HashValue)
        self.go_on()
        self.assertIs(self.kind(), RestingHash)
        self.assertEqual(self.session.do("HGET", "h", "g"), b"w")
        self.assertIs(self.kind(), HashValue)
        self.go_on()
        self.go_on()
        self.assertIs(self.kind(), PackedHash)
        self.assertEqual(len(self.db.unpacked), 0)
        self.assertEqual(self.session.do("HGETALL", "h"), {b"f": b"v", b"g": b"w"})
        self.assertIs(self.kind(), HashValue)
        self.go_on()
        self.go_on()
        self.assertIs(self.kind(), PackedHash)

    def test_a_hash_made_at_once(self) -> None:
        """It is one object from the start, and packed by the first round."""
        self.session.do("HSET", "h", "f", "v", "g", "w")
        self.assertIs(self.kind(), JoinedHash)
        self.go_on()
        self.assertIs(self.kind(), PackedHash)

    def test_looking_at_the_key_is_no_use(self) -> None:
        """What is asked of the whole of it leaves it packed."""
        self.session.do("HSET", "h", "f", "v", "g", "w")
        self.go_on()
        before = self.db.values[b"h"]
        for line in (
            "TYPE h",
            "OBJECT ENCODING h",
            "MEMORY USAGE h",
            "DUMP h",
            "COPY h i",
            "EXPIRE h 100",
            "EXISTS h",
            "SCAN 0 TYPE hash",
            "RENAME h j",
            "SORT none BY h->f",
        ):
            reply = self.session.do(*line.split())
            self.assertFalse(isinstance(reply, RedisError), line)
        self.assertIs(self.db.values[b"j"], before)
        self.assertIs(self.db.values[b"i"], before)
        self.assertEqual(self.session.encoding("j"), "listpack")

    def test_a_pause_between_rounds(self) -> None:
        """So long a hash is left alone."""
        self.session.do("HSET", "h", "f", "v")
        self.go_on()
        self.go_on(4.9)
        self.assertIs(self.kind(), RestingHash)
        self.go_on(0.1)
        self.assertIs(self.kind(), PackedHash)

    def test_work_is_done_in_pieces(self) -> None:
        """As many keys as there is time for."""
        for number in range(100):
            self.session.do("HSET", f"h{number}", "f", "v", "g", "w")
        self.session.clock.advance(5)
        calls = 0
        while JoinedHash in {value.__class__ for value in self.db.values.values()}:
            self.resting.work(lambda: True)
            calls += 1
        self.assertGreater(calls, 5)

    def test_many_unpacked_hashes_do_not_wait(self) -> None:
        """There is no pause while they are a large part of all."""
        self.patch(resting, "_MANY", 10)
        for number in range(12):
            self.session.do("HSET", f"h{number}", "f", "v")
        self.assertTrue(self.resting.is_urgent)
        for _ in range(4):
            self.resting.work(lambda: False)
        self.assertEqual({v.__class__ for v in self.db.values.values()}, {PackedHash})
        self.assertFalse(self.resting.is_urgent)

    def test_what_was_noted_may_be_gone(self) -> None:
        """Or be something else, in another database, or with deadlines."""
        for key in "abcdefg":
            self.session.do("HSET", key, "f", "v")
        self.session.do("DEL", "a")
        self.session.do("SET", "b", "x")
        self.session.do("RENAME", "c", "h")
        self.session.do("HEXPIRE", "d", 100, "FIELDS", 1, "f")
        self.session.do("HSET", "e", "f", "x" * 100)
        self.session.do("MOVE", "f", 1)
        self.go_on()
        self.session.do("RENAME", "g", "i")
        self.go_on()
        self.go_on()
        for key, kind in (
            (b"b", bytes),
            (b"h", PackedHash),
            (b"d", HashValue),
            (b"e", HashValue),
            (b"i", PackedHash),
        ):
            self.assertIs(self.kind(key), kind, key)
        other = self.session.server.keyspace.databases[1]
        self.assertIs(other.values[b"f"].__class__, PackedHash)
        self.session.do("HSET", "k", "f", "v")
        self.session.do("FLUSHALL")
        self.assertEqual(len(self.db.unpacked), 0)

    def test_databases_exchanged_within_a_round(self) -> None:
        """And emptied."""
        for number in range(100):
            self.session.do("HSET", f"h{number}", "f", "v")
        self.session.clock.advance(5)
        self.resting.work(lambda: True)
        self.resting.work(lambda: True)
        self.session.do("SWAPDB", 0, 1)
        self.go_on()
        self.session.do("SELECT", 1)
        self.assertEqual(self.session.do("HGET", "h7", "f"), b"v")
        self.session.do("FLUSHALL")
        self.go_on()

    def test_a_frozen_keyspace(self) -> None:
        """What is packed or unpacked meanwhile is kept as it was, without a copy."""
        self.session.do("HSET", "h", "f", "v", "g", "w")
        self.session.do("HSET", "i", "f", "v")
        self.go_on()
        frozen = FrozenKeyspace(self.session.server.keyspace)
        self.go_on()
        self.session.do("HSET", "h", "f", "new")
        self.session.do("HSET", "i", "f", "new")
        kept = {key: value.fields for key, value in frozen.databases[0].take()}
        self.assertEqual(kept, {b"h": {b"f": b"v", b"g": b"w"}, b"i": {b"f": b"v"}})
        self.assertEqual(frozen.copied, 0)
        frozen.release()

    def test_freeing_packed_hashes(self) -> None:
        """They are one object each, however long."""
        self.patch(keyspace_module, "_FREE_AT_ONCE", 8)
        for number in range(20):
            words = [word for n in range(20) for word in (f"field:{n}", "x" * 20)]
            self.session.do("HSET", f"h{number}", *words)
        keyspace = self.session.server.keyspace
        self.session.do("DEL", "h1")
        self.session.do("UNLINK", "h2")
        self.go_on()
        self.session.do("DEL", "h3")
        self.assertFalse(keyspace.lazy_free)
        self.session.do("FLUSHALL", "ASYNC")
        self.assertTrue(keyspace.lazy_free)
        while keyspace.free_some(3):
            pass
        self.assertEqual(keyspace.lazy_freed, 1)


class SameServerTests(SynchronousTestCase):
    """A server answers the same whether its hashes are packed or not."""

    grammar = grammar_of(["hashes", "keys", "dumping", "sorting", "scan", "expiration"])

    def walk(self, choose: Choose, steps: int) -> None:
        """Play the same to a server that packs all the time and to one that never does."""
        limits: dict[str, Any] = {"hash_max_listpack_entries": 5, "hash_max_listpack_value": 60}
        packing, plain = Session(**limits), Session(**limits)
        table = plain.server.table
        grammar = self.grammar.restricted_to(
            lambda name: name != "MULTI" and table.find(name.encode()) is not None
        )
        for _ in range(steps):
            argv = grammar.step(choose).argv
            if argv[0].upper() == b"MEMORY":
                continue
            answers = [shown(session.do(*argv)) for session in (packing, plain)]
            self.assertEqual(*answers, argv)
            pack_all(packing)
            self.assertEqual(
                *(digest_of_keyspace(session.server.keyspace) for session in (packing, plain)), argv
            )

    def test_a_long_walk(self) -> None:
        """A thousand commands."""
        self.walk(random.Random(5).randrange, 1000)

    @settings(max_examples=20)
    @given(st.randoms(use_true_random=False))
    def test_walks(self, rng: random.Random) -> None:
        """Whatever comes in whatever order."""
        self.walk(rng.randrange, 15)


def shown(reply: Any) -> Any:
    """Return a reply so that equal ones are equal."""
    return str(reply) if isinstance(reply, RedisError) else reply
