"""Tests of pyredis.services.append_only_service: the append-only file of a server in memory."""

from __future__ import annotations

import errno
from importlib.util import find_spec

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.persistence.aof_reader import AofReader, Request
from pyredis.services.append_only_files import AppendOnlyError
from pyredis.services.append_only_service import OFF, ON, WAITING, AppendOnlyService
from pyredis.services.loading import Loading
from tests.commands.session import START_S, Session
from tests.services.memory_files import Child, MemoryFiles, Thread, in_one_step

DIRECTORY = "/appendonlydir/appendonly.aof"


class ServiceTestCase(SynchronousTestCase):
    """A server whose files are in memory."""

    def setUp(self) -> None:
        """Make it."""
        self.session = Session(dir="/", save=())
        self.server = self.session.server
        self.settings = self.server.settings
        self.files = MemoryFiles()
        self.child = Child()
        self.thread = Thread()
        self.listens = False
        self.round = False
        self.service = AppendOnlyService(
            self.server,
            self.files,
            self.child,  # type: ignore[arg-type]
            self.thread,
            Loading(self.server),
            self.session.clock,
        )
        self.service.listen = self.listen
        self.service.in_round = lambda: self.round
        self.server.append_only = self.service
        self.settings.observe("appendonly", self.service.apply_setting)
        self.service.startService()

    def listen(self, wanted: bool) -> None:
        """Note whether the service wants to hear of what is done."""
        self.listens = wanted

    def begin(self) -> None:
        """Begin with appendonly yes."""
        self.settings.appendonly = True
        for _ in self.service.load():
            pass
        self.service.open()

    def turn(self, on: str) -> object:
        """Set appendonly."""
        return self.session.do("CONFIG", "SET", "appendonly", on)

    def info(self) -> dict[str, str]:
        """Return INFO persistence."""
        text = self.session.do("INFO", "persistence").text.decode()
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    def increment(self, number: int = 1) -> list[Request]:
        """Return the commands of an increment."""
        return list(AofReader().feed(self.files.data(f"{DIRECTORY}.{number}.incr.aof")))

    @property
    def manifest(self) -> list[str]:
        """The names in the manifest."""
        text = self.files.data(DIRECTORY + ".manifest").decode()
        return [line.split()[1].removeprefix("appendonly.aof.") for line in text.splitlines()]


class AppendingTests(ServiceTestCase):
    """What is fed is in the file."""

    def test_an_empty_server_begins_with_an_empty_base(self) -> None:
        """And an increment."""
        self.begin()
        self.assertEqual(self.manifest, ["1.base.rdb", "1.incr.aof"])
        self.assertTrue(self.files.data(DIRECTORY + ".1.base.rdb").startswith(b"REDIS"))
        self.assertTrue(self.listens)

    def test_databases(self) -> None:
        """They are selected when they change; what needs none selects none."""
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.service.feed([(-1, [b"MULTI"]), (0, [b"INCR", b"a"]), (9, [b"DEL", b"b"])])
        self.service.feed([(9, [b"DEL", b"c"])])
        self.session.clock.advance(0)
        self.assertEqual(
            [b" ".join(argv) for argv in self.increment()],
            [b"SELECT 0", b"SET a 1", b"MULTI", b"INCR a", b"SELECT 9", b"DEL b", b"DEL c"],
        )

    def test_encoded_requests(self) -> None:
        """They are written as they are, behind the database they are for."""
        self.begin()
        self.service.feed_requests(2, b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n" * 2)
        self.service.feed_requests(2, b"*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n")
        self.session.clock.advance(0)
        self.assertEqual(
            [b" ".join(argv) for argv in self.increment()],
            [b"SELECT 2", b"INCR a", b"INCR a", b"INCR b"],
        )

    def test_within_a_round_its_end_writes(self) -> None:
        """Before the replies leave."""
        self.begin()
        self.round = True
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.assertEqual(self.increment(), [])
        self.assertTrue(self.service.end_round())
        self.assertEqual(len(self.increment()), 2)

    def test_outside_a_round_with_always(self) -> None:
        """It is on the disk when the command is over, or the client gets an error."""
        self.settings.appendfsync = "always"
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        file = self.files.contents[DIRECTORY + ".1.incr.aof"]
        self.assertEqual(file.synced, bytes(file.data))
        file.sync_error = errno.EIO
        error = self.assertRaises(RedisError, self.service.feed, [(0, [b"SET", b"a", b"2"])])
        self.assertEqual(error.text, b"MISCONF Errors writing to the AOF file: Input/output error")

    def test_times(self) -> None:
        """An annotation a second, before what it is for."""
        self.settings.aof_timestamp_enabled = True
        self.begin()
        for _ in range(2):
            self.service.feed([(0, [b"INCR", b"a"])])
        self.session.clock.advance(1)
        self.server.keyspace.refresh_now()
        self.service.feed([(0, [b"INCR", b"a"])])
        self.session.clock.advance(0)
        data = self.files.data(DIRECTORY + ".1.incr.aof")
        self.assertTrue(data.startswith(b"#TS:%d\r\n" % START_S))
        self.assertEqual(data.count(b"#TS"), 2)

    def test_going_on_after_a_restart(self) -> None:
        """What was done is there, and the file is gone on with."""
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.service.stopService()
        files = self.files
        self.setUp()
        self.service._files = self.service._directory._files = files
        self.files = files
        self.begin()
        self.assertEqual(self.session.do("GET", "a"), b"1")
        self.service.feed([(0, [b"SET", b"a", b"2"])])
        self.service.stopService()
        self.assertEqual(len(self.increment()), 4)

    def test_nothing_is_fed_back(self) -> None:
        """What is loaded is not appended once more."""
        self.begin()
        self.server.keyspace.loading = True
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.assertEqual(self.increment(), [])

    def test_where_nothing_can_be_made(self) -> None:
        """The server does not start."""
        for failing in ("make_directory", "open_to_append", "write", "rename"):
            self.setUp()
            self.files.failing[failing] = errno.ENOSPC
            self.assertRaises(AppendOnlyError, self.begin)
            self.assertEqual(self.service.state, OFF)


class SwitchingTests(ServiceTestCase):
    """CONFIG SET appendonly."""

    def test_on(self) -> None:
        """A base is written in the background; what is done meanwhile goes with it."""
        self.session.do("SET", "before", 1)
        self.turn("yes")
        self.assertEqual(self.service.state, WAITING)
        self.service.feed([(0, [b"SET", b"meanwhile", b"1"])])
        self.child.end()
        self.assertEqual(self.service.state, ON)
        self.assertEqual(self.manifest, ["1.base.rdb", "1.incr.aof"])
        self.service.feed([(0, [b"SET", b"after", b"1"])])
        self.session.clock.advance(0)
        self.assertEqual([argv[1] for argv in self.increment()], [b"0", b"meanwhile", b"after"])
        self.assertNotIn("/appendonlydir/temp-appendonly.aof.incr", self.files.names)

    def test_off(self) -> None:
        """What was written stays."""
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.turn("no")
        self.assertEqual((self.service.state, self.listens), (OFF, False))
        self.assertEqual(len(self.increment()), 2)
        self.assertFalse(self.service.is_on)
        self.assertEqual(self.service.synced_offset, -1)
        self.assertEqual(self.info()["aof_enabled"], "0")

    def test_off_ends_a_rewrite(self) -> None:
        """Nobody wants it any more."""
        self.turn("yes")
        self.turn("no")
        self.assertFalse(self.child.is_active)
        self.turn("yes")
        self.assertTrue(self.child.is_active)

    def test_until_a_base_is_written_it_is_tried_again(self) -> None:
        """What was gathered for one that failed is dropped."""
        self.turn("yes")
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.child.end(signal=9)
        self.assertEqual(self.info()["aof_rewrite_scheduled"], "1")
        self.assertEqual(self.files.names, [])
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.starts, 2)
        self.child.end()
        self.assertEqual(self.service.state, ON)

    def test_while_another_child_works(self) -> None:
        """It is scheduled, and nothing is appended before it begins."""
        self.child.start("rdb", in_one_step(lambda: 0), lambda code, signal: None)
        self.turn("yes")
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.assertEqual(self.info()["aof_rewrite_scheduled"], "1")
        self.child.end()
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.kind, "aof")

    def test_in_a_transaction(self) -> None:
        """It is scheduled, for the transaction is not over."""
        self.session.do("MULTI")
        self.turn("yes")
        self.session.do("EXEC")
        self.assertFalse(self.child.is_active)
        self.session.clock.advance(0.1)
        self.assertTrue(self.child.is_active)

    def test_while_it_is_rewritten(self) -> None:
        """A rewrite that began before does not know what was done since: another begins."""
        self.session.do("BGREWRITEAOF")
        self.turn("yes")
        self.assertEqual(self.child.starts, 2)

    def test_it_cannot_begin(self) -> None:
        """The client is told."""
        self.files.failing["open_to_append"] = errno.ENOSPC
        error = self.turn("yes")
        assert isinstance(error, RedisError)
        self.assertIn(b"Unable to turn on AOF. Check server logs.", error.text)
        self.assertEqual(self.service.state, OFF)
        self.assertEqual(self.session.do("CONFIG", "GET", "appendonly")[b"appendonly"], b"no")


class RewritingTests(ServiceTestCase):
    """BGREWRITEAOF, and rewrites that begin by themselves."""

    def test_a_rewrite(self) -> None:
        """What is done meanwhile goes to the next increment."""
        self.begin()
        self.session.do("SET", "k", "v")
        self.assertEqual(
            self.session.do("BGREWRITEAOF").text, b"Background append only file rewriting started"
        )
        self.assertEqual(self.manifest, ["1.base.rdb", "1.incr.aof", "2.incr.aof"])
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.child.end()
        self.assertEqual(self.manifest, ["2.base.rdb", "2.incr.aof"])
        self.assertEqual(len(self.increment(2)), 2)
        self.thread.run()

    def test_while_one_runs(self) -> None:
        """Only one at a time; behind another child it waits."""
        self.session.do("BGREWRITEAOF")
        self.assertEqual(
            self.session.error("BGREWRITEAOF"),
            b"ERR Background append only file rewriting already in progress",
        )
        self.child.end()
        self.child.start("rdb", in_one_step(lambda: 0), lambda code, signal: None)
        self.assertEqual(
            self.session.do("BGREWRITEAOF").text,
            b"Background append only file rewriting scheduled",
        )
        self.child.end()
        self.session.clock.advance(0.1)
        self.assertEqual(self.child.kind, "aof")

    def test_it_cannot_begin(self) -> None:
        """The client is told to look into the log."""
        self.child.cannot_start = True
        self.assertEqual(
            self.session.error("BGREWRITEAOF"),
            b"ERR Can't execute an AOF background rewriting. Please check the server logs for more "
            b"information.",
        )

    def test_growth(self) -> None:
        """Twice as large as after the last one, it is rewritten by itself."""
        self.settings.auto_aof_rewrite_min_size = 1
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"x" * 1000])])
        self.session.clock.pump([0.1, 0.1])
        self.assertTrue(self.child.is_active)
        self.child.end()
        self.thread.run()
        self.session.clock.pump([0.1, 0.1])
        self.assertFalse(self.child.is_active)

    def test_what_waits_for_the_disk_goes_to_the_next_increment(self) -> None:
        """Nothing that is in memory gets lost by a rewrite."""
        self.begin()
        self.files.contents[DIRECTORY + ".1.incr.aof"].room = 0
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.assertEqual(self.info()["aof_last_write_status"], "err")
        self.session.do("BGREWRITEAOF")
        self.session.clock.pump([0.1] * 11)
        self.assertEqual(self.info()["aof_last_write_status"], "ok")
        self.assertEqual(len(self.increment(2)), 2)

    def test_paused(self) -> None:
        """While nothing ticks, nothing begins."""
        self.service.paused = True
        self.turn("yes")
        self.child.end(signal=9)
        self.session.clock.advance(1)
        self.assertEqual(self.child.starts, 1)


class DiskTests(ServiceTestCase):
    """A disk that fails is told to clients."""

    def test_writes_are_refused_until_there_is_room(self) -> None:
        """And PING; what only reads is served."""
        self.begin()
        file = self.files.contents[DIRECTORY + ".1.incr.aof"]
        file.room = 0
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        refusal = b"MISCONF Errors writing to the AOF file: No space left on device"
        self.assertEqual(self.session.error("SET", "a", 2), refusal)
        self.assertEqual(self.session.error("PING"), refusal)
        self.assertIsNone(self.session.do("GET", "a"))
        self.session.do("MULTI")
        self.assertEqual(self.session.error("SET", "a", 2), refusal)
        self.session.do("DISCARD")
        if find_spec("lupa"):
            text = "return redis.call('SET', 'a', 1)"
            self.assertTrue(self.session.error("EVAL", text, 0).startswith(b"MISCONF"))
        file.room = None
        self.session.clock.pump([0.1] * 11)
        self.assertEqual(self.session.do("PING").text, b"PONG")

    def test_a_transaction_queued_before(self) -> None:
        """It is refused as a whole, if it writes."""
        self.begin()
        self.session.do("MULTI")
        self.session.do("SET", "a", 2)
        self.files.contents[DIRECTORY + ".1.incr.aof"].room = 0
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.assertTrue(self.session.error("EXEC").startswith(b"EXECABORT"))


class DebuggingTests(ServiceTestCase):
    """DEBUG, and figures."""

    def test_loadaof(self) -> None:
        """What is in the files is what there is, afterwards."""
        self.settings.enable_debug_command = "yes"
        self.begin()
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.do("SET", "b", 2)
        self.session.do("DEBUG", "LOADAOF")
        self.assertEqual(self.session.do("MGET", "a", "b"), [b"1", None])
        self.assertEqual(self.server.keyspace.saved_at, self.server.keyspace.dirty)
        self.files.put(DIRECTORY + ".manifest", b"")
        self.assertEqual(
            self.session.error("DEBUG", "LOADAOF"),
            b"ERR Error trying to load the AOF files, check server logs.",
        )

    def test_flush_sleep(self) -> None:
        """Each writing takes so long."""
        self.settings.enable_debug_command = "yes"
        slept: list[float] = []
        self.server.host.sleep = slept.append  # type: ignore[method-assign]
        self.begin()
        self.session.do("DEBUG", "AOF-FLUSH-SLEEP", 500000)
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.session.clock.advance(0)
        self.assertEqual(slept, [0.5])

    def test_figures(self) -> None:
        """The fields of the file are there while it is in use."""
        self.assertNotIn("aof_current_size", self.info())
        self.begin()
        self.round = True
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.assertEqual(self.info()["aof_buffer_length"], "50")
        self.service.end_round()
        found = self.info()
        self.assertEqual(int(found["aof_current_size"]), 50)
        self.assertEqual(found["aof_buffer_length"], "0")
        self.assertEqual(found["aof_enabled"], "1")

    def test_how_far_the_disk_has_come(self) -> None:
        """For those who wait for it."""
        self.begin()
        told: list[int] = []
        self.service.call_when_synced(lambda: told.append(self.service.synced_offset))
        self.session.another().do("BLPOP", "nothing", 0)
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        offset = self.service.appended_offset
        self.session.clock.advance(0)
        self.assertEqual(self.service.appended_offset, offset)
        self.assertLess(self.service.synced_offset, offset)
        self.session.clock.advance(1)
        self.server.keyspace.refresh_now()
        self.session.clock.advance(0.1)
        self.thread.run()
        self.assertEqual((self.service.synced_offset, told), (offset, []))
        self.session.clock.advance(0)
        self.assertEqual(told, [offset])
        self.settings.appendfsync = "always"
        self.service.feed([(0, [b"SET", b"a", b"2"])])
        self.assertEqual(self.service.synced_offset, self.service.appended_offset)


class ShutdownTests(ServiceTestCase):
    """The end of a server."""

    def test_everything_is_on_the_disk(self) -> None:
        """What waited is written and synced, a rewrite is ended."""
        self.begin()
        self.session.do("BGREWRITEAOF")
        self.round = True
        self.service.feed([(0, [b"SET", b"a", b"1"])])
        self.service.prepare_shutdown(False)
        self.assertFalse(self.child.is_active)
        self.assertEqual(len(self.increment(2)), 2)
        file = self.files.contents[DIRECTORY + ".2.incr.aof"]
        self.assertEqual(file.synced, bytes(file.data))
        self.service.stopService()

    def test_not_before_the_first_base_is_written(self) -> None:
        """Or else the data would be lost; but forced it is."""
        self.turn("yes")
        self.assertRaises(RedisError, self.service.prepare_shutdown, False)
        self.assertTrue(self.child.is_active)
        self.service.prepare_shutdown(True)
        self.assertFalse(self.child.is_active)

    def test_a_server_that_appends_nothing(self) -> None:
        """Has nothing to do."""
        self.service.prepare_shutdown(False)
        self.service.stopService()
        self.assertEqual(self.files.names, [])
