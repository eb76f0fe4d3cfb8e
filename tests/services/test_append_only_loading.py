"""Tests of pyredis.services.append_only_loading: from files to data."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.persistence.rdb_writer import write_rdb
from pyredis.services.append_only_files import AppendOnlyError, AppendOnlyFiles
from pyredis.services.append_only_loading import AppendOnlyLoader
from pyredis.services.loading import Loading
from pyredis.wire.request_encoder import encode_request
from tests.commands.session import Session
from tests.services.memory_files import MemoryFiles

BASE = "/appendonlydir/appendonly.aof.1.base.rdb"
FIRST = "/appendonlydir/appendonly.aof.1.incr.aof"
LAST = "/appendonlydir/appendonly.aof.2.incr.aof"
MANIFEST = (
    b"file appendonly.aof.1.base.rdb seq 1 type b\n"
    b"file appendonly.aof.1.incr.aof seq 1 type i\n"
    b"file appendonly.aof.2.incr.aof seq 2 type i\n"
)


def commands(*lines: str) -> bytes:
    """Return commands as a file has them."""
    return b"".join(encode_request(line.encode().split()) for line in lines)


SNAPSHOT = b"".join(
    write_rdb(
        [(0, b"k", b"v", None, None, None), (3, b"old", 5, 1000, None, None)],
        ValueWriter(),
        functions=[b"#!lua name=l\nredis.register_function('f', function() return 1 end)"],
    )
)


class LoadingTestCase(SynchronousTestCase):
    """A base and two increments in memory."""

    def setUp(self) -> None:
        """Make them."""
        self.session = Session(dir="/")
        self.server = self.session.server
        self.server.keyspace.loading = True
        self.files = MemoryFiles()
        self.files.put("/appendonlydir/appendonly.aof.manifest", MANIFEST)
        for path in (BASE, FIRST, LAST):
            self.files.put(path, b"")

    def load(self) -> AppendOnlyLoader:
        """Load."""
        directory = AppendOnlyFiles(self.server.settings, self.files)
        directory.read_manifest()
        self.loading = Loading(self.server)
        self.loading.begin(0)
        self.loader = AppendOnlyLoader(self.server, directory, self.files, self.loading)
        self.slices = sum(1 for _ in self.loader.steps())
        self.loading.end()
        return self.loader

    def get(self, key: str) -> object:
        """Return what a key holds."""
        return self.session.do("GET", key)


class LoadingTests(LoadingTestCase):
    """What is right is loaded."""

    def test_a_snapshot_and_what_was_done_since(self) -> None:
        """Keys, databases, deadlines, functions; then the commands of all increments."""
        self.files.put(BASE, SNAPSHOT)
        self.files.put(FIRST, commands("SELECT 0", "APPEND k 1", "SELECT 3", "INCR old"))
        self.files.put(LAST, commands("SELECT 0", "APPEND k 2"))
        loader = self.load()
        self.assertEqual(self.get("k"), b"v12")
        self.assertEqual(self.server.keyspace.databases[3].values[b"old"], 6)
        self.assertEqual(self.session.do("FCALL", "f", 0), 1)
        self.assertEqual(
            loader.total_bytes, sum(len(self.files.data(path)) for path in (BASE, FIRST, LAST))
        )
        self.assertEqual(self.loading.loaded_bytes, loader.total_bytes)
        self.assertEqual(self.loading.total_bytes, loader.total_bytes)
        self.assertEqual(self.loading.keys_loaded, 2)
        self.assertEqual(loader.base_bytes, len(SNAPSHOT))

    def test_how_keys_were_used(self) -> None:
        """Is known again where the eviction policy goes by it."""
        self.server.keyspace.track_accesses()
        records = [(0, b"k", b"v", None, 100, None), (0, b"l", b"v", None, None, None)]
        self.files.put(BASE, b"".join(write_rdb(records, ValueWriter())))
        self.load()
        self.assertEqual(self.session.do("OBJECT", "IDLETIME", "k"), 100)

    def test_a_base_of_commands(self) -> None:
        """And a snapshot with commands behind it, as older versions wrote them."""
        self.files.put(BASE, commands("SET k 1"))
        self.load()
        self.assertEqual(self.get("k"), b"1")
        self.files.put(BASE, SNAPSHOT + commands("APPEND k tail"))
        self.session.do("FLUSHALL")
        self.session.do("FUNCTION", "FLUSH")
        self.load()
        self.assertEqual(self.get("k"), b"vtail")
        self.assertEqual(self.loading.loaded_bytes, self.loader.total_bytes)

    def test_what_is_due_stays_until_all_is_loaded(self) -> None:
        """A later command may still need it."""
        self.files.put(LAST, commands("RPUSH l a", "PEXPIREAT l 1000", "RPUSH l b"))
        self.load()
        self.assertEqual(self.session.do("LLEN", "l"), 0)

    def test_transactions(self) -> None:
        """They are run as they are, and each file begins without one."""
        self.files.put(FIRST, commands("MULTI", "SET a 1", "SELECT 2", "SET b 2", "EXEC"))
        self.load()
        self.assertEqual(self.get("a"), b"1")
        self.assertIn(b"b", self.server.keyspace.databases[2].values)

    def test_whatever_the_default_user_may(self) -> None:
        """What was done is done again, scripts of older files included."""
        self.server.access.set_user(b"default", [b"reset"])
        script = [b"EVAL", b"return redis.call('SET', KEYS[1], ARGV[1])", b"1", b"s", b"1"]
        self.files.put(FIRST, commands("SET k v") + encode_request(script))
        self.load()
        self.session.client.become(self.server.access.superuser)
        self.assertEqual((self.get("k"), self.get("s")), (b"v", b"1"))

    def test_in_slices(self) -> None:
        """Now and then others have their turn."""
        self.files.put(LAST, commands(*["INCR n"] * 1000))
        times = iter(range(0, 10**12, 10_000_000))
        self.server.timer = lambda: next(times)
        self.load()
        self.assertEqual(self.get("n"), b"1000")
        self.assertGreater(self.slices, 5)

    def test_nothing(self) -> None:
        """Empty files hold nothing."""
        self.assertEqual(self.load().total_bytes, 0)

    def test_a_command_that_fails_is_passed_over(self) -> None:
        """As Redis does, with a line in the log."""
        self.files.put(LAST, commands("SET k v", "RPUSH k x", "GET", "SHUTDOWN", "SET a 1"))
        self.load()
        self.assertEqual(self.get("a"), b"1")
        self.assertEqual(self.get("k"), b"v")

    def test_blocking_commands_do_not_wait(self) -> None:
        """There is nobody to wait."""
        self.files.put(LAST, commands("BLPOP l 0", "SET a 1"))
        self.load()
        self.assertEqual(self.get("a"), b"1")


class DamageTests(LoadingTestCase):
    """What is wrong is refused, or cut off where that is allowed."""

    def test_an_end_that_is_missing(self) -> None:
        """The last file is cut off behind its last whole command."""
        whole = commands("SET a 1")
        self.files.put(LAST, whole + commands("SET b 2")[:-1])
        self.assertTrue(self.load().is_truncated)
        self.assertEqual(self.files.data(LAST), whole)
        self.assertEqual((self.get("a"), self.get("b")), (b"1", None))

    def test_a_transaction_that_is_not_whole(self) -> None:
        """Nothing of it is done."""
        whole = commands("SET a 1")
        self.files.put(LAST, whole + commands("MULTI", "SET b 2"))
        self.load()
        self.assertEqual(self.files.data(LAST), whole)
        self.assertIsNone(self.get("b"))

    def test_only_the_last_file_may_end_early(self) -> None:
        """And only where the configuration allows it."""
        torn = commands("SET a 1")[:-1]
        self.files.put(FIRST, torn)
        self.files.put(LAST, commands("SET b 2"))
        self.assertRaises(AppendOnlyError, self.load)
        self.files.put(FIRST, b"")
        self.files.put(LAST, torn)
        self.server.settings.aof_load_truncated = False
        self.assertRaises(AppendOnlyError, self.load)
        self.assertEqual(self.files.data(LAST), torn)
        self.server.settings.aof_load_truncated = True
        self.files.failing["truncate"] = errno.EROFS
        self.assertRaises(AppendOnlyError, self.load)

    def test_what_cannot_be_trusted(self) -> None:
        """Garbage, an unknown command, a snapshot that is torn or wrong."""
        for path, data in (
            (LAST, commands("SET a 1") + b"!!!"),
            (LAST, commands("SET a 1") + b"\0" * 100),
            (LAST, commands("bla a 1")),
            (BASE, SNAPSHOT[:-12]),
            (BASE, SNAPSHOT[:-1] + b"x"),
            (BASE, b"REDIS0099"),
        ):
            self.setUp()
            self.files.put(path, data)
            self.assertRaises(AppendOnlyError, self.load)

    def test_a_database_that_there_is_not(self) -> None:
        """A snapshot of a server with more databases."""
        data = b"".join(write_rdb([(99, b"k", b"v", None, None, None)], ValueWriter()))
        self.files.put(BASE, data)
        self.assertRaises(AppendOnlyError, self.load)

    def test_a_key_twice_in_a_snapshot(self) -> None:
        """No server writes that."""
        records = [(0, b"k", b"v", None, None, None)] * 2
        self.files.put(BASE, b"".join(write_rdb(records, ValueWriter())))
        self.assertRaises(AppendOnlyError, self.load)

    def test_a_large_snapshot(self) -> None:
        """It comes in portions, and others have their turn meanwhile."""
        records = [(0, b"k%d" % n, b"x" * 100, None, None, None) for n in range(2000)]
        self.files.put(BASE, b"".join(write_rdb(records, ValueWriter())))
        times = iter(range(0, 10**12, 10_000_000))
        self.server.timer = lambda: next(times)
        self.load()
        self.assertEqual(self.session.do("DBSIZE"), 2000)
        self.assertGreater(self.slices, 3)

    def test_a_disk_that_fails(self) -> None:
        """Before the first byte, or behind it."""
        for failing in ("open_to_read", "read"):
            self.setUp()
            self.files.put(LAST, commands("SET a 1"))
            self.files.failing[failing] = errno.EIO
            self.assertRaises(AppendOnlyError, self.load)

    def test_cut_anywhere(self) -> None:
        """What is loaded of a file that was cut off is what was whole in it."""
        data = commands("SET a 1", "MULTI", "SET b 2", "EXEC", "SET c 3")
        for cut in range(len(data)):
            self.setUp()
            self.files.put(LAST, data[:cut])
            self.load()
            whole = self.files.data(LAST)
            self.assertTrue(data.startswith(whole))
            self.setUp()
            self.files.put(LAST, whole)
            self.assertFalse(self.load().is_truncated)
