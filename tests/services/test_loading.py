"""Loading, in virtual time and out of files in memory."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_reader import Record
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from pyredis.services.loading import Loading, LoadingFailed
from pyredis.services.snapshots import snapshot
from tests.commands.session import START_S, Session
from tests.services.memory_files import MemoryFiles

NOW_MS = START_S * 1000
LIBRARY = b"#!lua name=lib\nredis.register_function('f', function() return 7 end)"


def plain(key: bytes, value: bytes = b"v", database: int = 0) -> Record:
    """Return the record of a key."""
    return database, key, value, None, None, None


def rdb(
    *records: Record, checking: bool = True, aux: tuple[tuple[bytes, bytes], ...] = ()
) -> bytes:
    """Return a file."""
    return b"".join(
        write_rdb(records, ValueWriter(), aux=aux, functions=[LIBRARY], checking=checking)
    )


class LoadingTests(SynchronousTestCase):
    """Files come into the keyspace."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()
        self.loading = Loading(self.session.server)

    def load(self, data: bytes, **how: bool) -> None:
        """Load a file at once."""
        self.loading.begin(len(data))
        try:
            self.loading.at_once(self.loading.rdb(iter([data]), len(data), **how))
        finally:
            self.loading.end()

    def refused(self, data: bytes, **how: bool) -> str:
        """Load a file that must be refused, and return why."""
        error = self.assertRaises(LoadingFailed, self.load, data, **how)
        return "\n".join(error.lines)

    def test_everything_is_there(self) -> None:
        """Keys, databases, deadlines and functions."""
        self.load(
            rdb(
                plain(b"a"),
                (0, b"b", b"w", NOW_MS + 5000, None, None),
                plain(b"c", b"x", 3),
            )
        )

        self.assertEqual(self.session.do("MGET", "a", "b"), [b"v", b"w"])
        self.assertEqual(self.session.do("PTTL", "b"), 5000)
        self.assertEqual(self.session.do("FCALL", "f", 0), 7)
        self.session.do("SELECT", 3)
        self.assertEqual(self.session.do("GET", "c"), b"x")
        self.assertEqual(self.loading.keys_loaded, 3)

    def test_the_expired(self) -> None:
        """What is past its time is left out, unless those that follow the file count on it."""
        data = rdb((0, b"old", b"v", NOW_MS - 1, None, None), plain(b"a"))

        self.load(data)
        self.assertEqual(list(self.session.db.values), [b"a"])
        self.assertEqual((self.loading.keys_loaded, self.loading.keys_expired), (1, 1))

        self.session.db.clear()
        self.session.do("FUNCTION", "FLUSH")
        self.load(data, keeping_expired=True)
        self.assertEqual(len(self.session.db.values), 2)

    def test_on_a_replica(self) -> None:
        """There the primary says what expires."""
        self.session.server.keyspace.may_expire = False
        self.load(rdb((0, b"old", b"v", NOW_MS - 1, None, None)))

        self.assertEqual(len(self.session.db.values), 1)

    def test_a_key_twice(self) -> None:
        """That is no file of ours; what is loaded over other data takes its places if told so."""
        self.assertIn("duplicated key", self.refused(rdb(plain(b"a"), plain(b"a"))))

        self.load(rdb(plain(b"a", b"new")), replacing=True)
        self.assertEqual(self.session.do("GET", "a"), b"new")

    def test_too_many_databases(self) -> None:
        """A file of a server that has more of them."""
        self.assertIn("more than 16 databases", self.refused(rdb(plain(b"a", b"v", 16))))

    def test_damage(self) -> None:
        """What is wrong with a file is told in the words that Redis' users look for."""
        good = rdb(plain(b"a" * 50))
        for data, text in (
            (b"SIDER0011" + good[9:], "Wrong signature"),
            (b"REDIS0099" + good[9:], "Can't handle RDB format version 99"),
            (good[:-12], "Unexpected EOF"),
            (good[:-1] + bytes((good[-1] ^ 1,)), "RDB CRC error"),
            (b"REDIS0011\x08\1a\1b\xff" + bytes(8), "integrity check failed"),
        ):
            with self.subTest(text):
                self.assertIn(text, self.refused(data))

    def test_checksums_ignored(self) -> None:
        """DEBUG SET-SKIP-CHECKSUM-VALIDATION lets a wrong one pass."""
        data = rdb(plain(b"a"))
        self.session.server.switches.checksums_ignored = True
        self.load(data[:-1] + bytes((data[-1] ^ 1,)))

        self.assertEqual(self.session.do("GET", "a"), b"v")

    def test_in_slices(self) -> None:
        """Others are told to wait meanwhile, and see how far it is."""
        data = rdb(*(plain(b"%d" % number) for number in range(300)), aux=((b"used-mem", b"77"),))
        self.session.server.settings.key_load_delay = 1000
        self.loading.begin(len(data))
        done = self.loading.in_slices(self.loading.rdb(iter([data]), len(data)))
        done.addCallback(lambda _: self.loading.end())
        self.session.server.facts["persistence_extras"] = self.loading.fields

        self.session.clock.advance(0.1)
        self.assertEqual(
            self.session.error("GET", "1"), b"LOADING Redis is loading the dataset in memory"
        )
        text = self.session.do("INFO", "persistence").text
        self.assertIn(b"loading:1\r\n", text)
        self.assertIn(b"loading_total_bytes:%d\r\n" % len(data), text)
        self.assertNoResult(done)

        self.session.clock.pump([0.01] * 90)
        self.successResultOf(done)
        self.assertEqual(self.session.do("DBSIZE"), 300)
        self.assertNotIn(b"loading_total", self.session.do("INFO", "persistence").text)

    def test_cancelled(self) -> None:
        """A server that stops loads no further."""
        ended = []

        def steps() -> Iterator[int]:
            try:
                while True:
                    yield 1000
            finally:
                ended.append(True)

        self.session.server.settings.key_load_delay = 1000
        done = self.loading.in_slices(steps())  # type: ignore[arg-type]
        done.addErrback(lambda _: None)
        done.cancel()

        self.assertEqual(ended, [True])
        self.assertEqual(self.session.clock.getDelayedCalls(), [])

    def test_what_comes_behind(self) -> None:
        """Nothing is read any further than the file goes."""
        data = rdb(plain(b"a"))
        portions = iter([data[:20], data[20:] + b"*1\r\n", b"rest"])
        readers = []
        self.loading.at_once(self.loading.rdb(portions, on_end=readers.append))

        self.assertEqual(readers[0].rest, b"*1\r\n")
        self.assertEqual(list(portions), [b"rest"])

    def test_unreadable(self) -> None:
        """A file that is there and cannot be opened is a failure, one that is not there none."""
        files = MemoryFiles()
        self.assertIsNone(self.loading.file(files, "x.rdb"))  # type: ignore[arg-type]

        files.put("x.rdb", b"REDIS")
        files.failing["open_to_read"] = errno.EACCES
        error = self.assertRaises(LoadingFailed, self.loading.file, files, "x.rdb")
        self.assertIn("can't open the RDB file x.rdb", error.lines[0])


class DamageTests(SynchronousTestCase):
    """A file with any byte changed is refused or loaded, and nothing else happens."""

    def test_every_byte(self) -> None:
        """Of a file with values of each type, its checksum not looked at."""
        session = Session(rdbchecksum=False)
        for line in (
            "SET s 123", "SET t text", "SET e v PX 5000", "RPUSH l a b 3", "SADD i 1 2 3",
            "SADD m a b", "HSET h f v", "ZADD z 1 a 2 b", "XADD x 1-1 f v", "XGROUP CREATE x g 0",
        ):  # fmt: skip
            session.do(*line.split())
        good = b"".join(snapshot(session.server))
        rng = Random(1)
        loading = Loading(session.server)
        loaded = 0
        for place in range(9, len(good)):
            session.server.keyspace.databases[0].clear()
            bad = bytearray(good)
            bad[place] ^= 1 << rng.randrange(8)
            loading.begin(len(bad))
            try:
                loading.at_once(loading.rdb(iter([bytes(bad)]), len(bad)))
                loaded += 1
            except LoadingFailed as error:
                self.assertTrue(all(error.lines))
            finally:
                loading.end()
        self.assertGreater(loaded, 0)
