"""Tests for :mod:`pyredis.replication.primary`."""

from __future__ import annotations

import re

from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.replicas import Stage
from pyredis.replication.primary import replica_name
from pyredis.replication.snapshots import MadeAtOnce
from pyredis.server_log import ServerLog
from pyredis.wire.replies import OK
from pyredis.wire.request_encoder import encode_request
from tests.commands.session import Session
from tests.replication.followers import Follower, primary_of, settle

SELECT_0 = encode_request((b"SELECT", b"0"))
PING = encode_request((b"PING",))
GETACK = encode_request((b"REPLCONF", b"GETACK", b"*"))


def set_(key: str, value: str) -> bytes:
    """Return a SET as the stream has it."""
    return encode_request((b"SET", key.encode(), value.encode()))


class PrimaryTestCase(SynchronousTestCase):
    """A primary that makes snapshots at once."""

    def setUp(self) -> None:
        """Start a primary."""
        self.session = Session(repl_diskless_sync_delay=0, repl_ping_replica_period=1000)
        self.server = self.session.server
        self.primary = primary_of(self.session)

    def online(self, port: int = 7000) -> Follower:
        """Return a replica that has everything and follows the stream."""
        follower = Follower(self.session, port)
        follower.introduce(port)
        follower.do("PSYNC", "?", -1)
        settle(self.session)
        follower.do("REPLCONF", "ACK", self.primary.offset)
        follower.taken()
        return follower

    def history(self) -> tuple[str, int]:
        """Return what a replica that has everything would ask for."""
        return self.server.replication_id, self.primary.offset + 1


class FullSynchronizationTests(PrimaryTestCase):
    """A replica that has nothing, or what nobody knows."""

    def test_as_a_stream(self) -> None:
        """It is told history and offset, sent a snapshot, and after its first word the rest."""
        self.session.do("SET", "a", "1")
        follower = Follower(self.session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        settle(self.session)
        self.session.do("SET", "b", "2")
        sent = follower.taken()
        head = rb"\+FULLRESYNC %b 0\r\n\$EOF:([0-9a-f]{40})\r\nREDIS0011"
        found = re.match(head % self.server.replication_id.encode(), sent)
        assert found is not None
        self.assertTrue(sent.endswith(found[1]))
        follower.do("REPLCONF", "ACK", 0)
        self.assertEqual(follower.taken(), SELECT_0 + set_("b", "2"))
        self.session.do("SET", "c", "3")
        self.assertEqual(follower.taken(), set_("c", "3"))

    def test_as_a_file(self) -> None:
        """A replica that knows no streams is told the length, and needs no word."""
        follower = Follower(self.session)
        follower.do("SYNC")
        self.session.do("SET", "b", "2")
        settle(self.session)
        sent = follower.taken()
        head, _, rest = sent.partition(b"\r\n")
        length = int(head.removeprefix(b"$"))
        self.assertTrue(rest.startswith(b"REDIS0011"))
        self.assertEqual(rest[length:], SELECT_0 + set_("b", "2"))

    def test_a_file_because_it_is_configured(self) -> None:
        """Without repl-diskless-sync a snapshot is a file for everybody."""
        self.server.settings.repl_diskless_sync = False
        follower = Follower(self.session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        settle(self.session)
        self.assertRegex(follower.taken(), rb"\+FULLRESYNC \w+ 0\r\n\$\d+\r\nREDIS")

    def test_snapshots_wait_for_more_replicas(self) -> None:
        """A streamed snapshot begins late, for all who have come, or when enough have."""
        self.server.settings.repl_diskless_sync_delay = 5
        self.server.settings.repl_diskless_sync_max_replicas = 3
        followers = []
        for port in (7000, 7001, 7002):
            follower = Follower(self.session, port)
            follower.introduce(port)
            follower.do("PSYNC", "?", -1)
            followers.append(follower)
            if port == 7001:
                self.session.clock.advance(2)
                self.primary.tick()
                settle(self.session)
                self.assertEqual(follower.taken(), b"")
        self.primary.tick()
        settle(self.session)
        for follower in followers:
            self.assertIn(b"$EOF:", follower.taken())

    def test_one_who_comes_while_a_file_is_made(self) -> None:
        """It gets the same file, and the same stream."""
        first, second = Follower(self.session), Follower(self.session)
        first.do("SYNC")
        self.session.do("SET", "b", "2")
        second.do("SYNC")
        settle(self.session)
        self.assertEqual(first.taken(), second.taken())

    def test_one_who_comes_while_a_stream_is_sent(self) -> None:
        """It waits for the next one."""
        first, second = Follower(self.session), Follower(self.session)
        for follower in (first, second):
            follower.introduce()
        first.do("PSYNC", "?", -1)
        first.wire.unsent = 1 << 21
        second.do("PSYNC", "?", -1)
        settle(self.session)
        self.assertEqual(second.taken(), b"")
        first.wire.unsent = 0
        settle(self.session)
        self.assertIn(b"$EOF:", second.taken())

    def test_only_a_snapshot(self) -> None:
        """A replica that wants no stream is closed when it has its snapshot."""
        follower = Follower(self.session)
        follower.introduce()
        follower.do("REPLCONF", "rdb-only", 1)
        follower.do("REPLCONF", "rdb-filter-only", "functions")
        follower.do("PSYNC", "?", -1)
        settle(self.session)
        self.assertTrue(follower.wire.is_cut)
        assert follower.client.replica is not None
        self.assertIs(follower.client.replica.stage, Stage.TRANSMITTED)

    def test_a_filter_needs_a_stream(self) -> None:
        """Part of the data is never written to disk."""
        follower = Follower(self.session)
        follower.do("REPLCONF", "rdb-filter-only", "")
        reply = follower.do("SYNC")
        self.assertIsInstance(reply, RedisError)

    def test_no_snapshot_can_be_made(self) -> None:
        """Who waits for it is told, and sent away."""

        def fail(*arguments: object) -> None:
            raise OSError("no process")

        self.primary._snapshots.begin = fail  # type: ignore[method-assign]
        follower = Follower(self.session)
        follower.do("SYNC")
        self.assertIn(b"-ERR BGSAVE failed, replication can't continue", follower.taken())
        self.assertTrue(follower.wire.is_cut)
        self.assertEqual(self.primary.replicas(), ())

    def test_something_else_is_under_way(self) -> None:
        """A snapshot begins when there is room for a child process."""
        snapshots = MadeAtOnce(lambda contents: iter((b"data",)))
        self.primary._snapshots = snapshots
        snapshots.is_busy = True
        follower = Follower(self.session)
        follower.do("SYNC")
        self.primary.tick()
        settle(self.session)
        self.assertEqual(follower.taken(), b"")
        snapshots.is_busy = False
        self.primary.tick()
        settle(self.session)
        self.assertEqual(follower.taken(), b"$4\r\ndata")

    def test_a_snapshot_breaks(self) -> None:
        """Who was to get it is cut off, and the next one can be made."""
        follower = Follower(self.session)
        follower.do("SYNC")
        (transfer,) = self.primary._transfers
        transfer._stop("broken")
        self.assertTrue(follower.wire.is_cut)
        follower.leave()
        self.online()

    def test_one_that_asks_for_more(self) -> None:
        """What would answer a replica is not sent: it is told of in the log, and cut off."""
        events: list[LogEvent] = []
        observer = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        ServerLog(self.server).listen()
        for words, error in (
            (("PING",), ""),
            (("GET", "a"), "ERR Replica can't interact with the keyspace"),
            (("XINFO", "HELP"), ""),
        ):
            follower = self.online()
            events.clear()
            follower.do("REPLCONF", "ACK", 1)
            self.assertFalse(follower.wire.is_cut)
            follower.do(*words)
            self.assertEqual(follower.taken(), b"")
            self.assertTrue(follower.wire.is_cut)
            follower.leave()
            lines = [*map(formatEvent, events)]
            name = "|".join(words[: 1 + (words[0] == "XINFO")]).lower()
            what = f"Replica generated a reply to command '{name}', disconnecting it: id="
            self.assertEqual(sum(what in line for line in lines), 1)
            told = f"is sending an error to its replica: '{error}' after processing the command"
            self.assertEqual(any(told in line for line in lines), bool(error))
        self.assertEqual(self.server.statistics.errors_in_streams, 1)

    def test_an_offset_that_is_none(self) -> None:
        """It is refused, and told of in the log."""
        follower = Follower(self.session)
        events: list[LogEvent] = []
        observer = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        error = follower.do("PSYNC", "?", "x")
        self.assertEqual(str(error), "value is not an integer or out of range")
        lines = [*map(formatEvent, events)]
        name = "10.0.0.1:<unknown-replica-port>"
        line = f"Replica {name} asks for synchronization but with a wrong offset"
        self.assertEqual(lines, [line])

    def test_unread_replies(self) -> None:
        """Replies that were not taken would be mixed up with the snapshot."""
        follower = Follower(self.session)
        follower.wire.unsent = 1
        self.assertIsInstance(follower.do("SYNC"), RedisError)

    def test_what_is_held_is_limited(self) -> None:
        """What gathers for a replica counts as its output."""
        follower = Follower(self.session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        follower.wire.unsent = 1 << 21
        self.session.do("SET", "a", "x" * 1000)
        self.session.clock.advance(0)
        self.assertGreater(follower.wire.checked[-1], 1000)


class PartialSynchronizationTests(PrimaryTestCase):
    """A replica that comes back."""

    def test_it_goes_on(self) -> None:
        """It gets what it has missed, then the stream."""
        follower = self.online()
        follower.leave()
        history, offset = self.history()
        self.session.do("SET", "a", "1")
        again = Follower(self.session)
        again.introduce()
        again.do("PSYNC", history.upper(), offset)
        self.assertEqual(
            again.taken(), f"+CONTINUE {history}\r\n".encode() + SELECT_0 + set_("a", "1")
        )
        self.session.do("SET", "b", "2")
        self.assertEqual(again.taken(), set_("b", "2"))
        self.assertEqual(self.primary.facts()["sync_partial_ok"], 1)

    def test_an_old_replica_is_not_told_the_id(self) -> None:
        """Who does not say that it understands new ids gets none."""
        self.online().leave()
        again = Follower(self.session)
        again.do("PSYNC", *self.history())
        self.assertEqual(again.taken(), b"+CONTINUE\r\n")

    def test_what_cannot_be_continued(self) -> None:
        """Another history, or a part that is gone or not written yet, needs a snapshot."""
        self.online()
        own, offset = self.history()
        for history, wanted in (("x" * 40, 1), (own, offset + 1), (own, -5)):
            follower = Follower(self.session)
            follower.introduce()
            follower.do("PSYNC", history, wanted)
            settle(self.session)
            self.assertIn(b"+FULLRESYNC", follower.taken())
        self.assertEqual(self.primary.facts()["sync_partial_err"], 3)

    def test_the_history_before(self) -> None:
        """The former id is good up to the offset where it ended."""
        self.online()
        self.session.do("SET", "a", "1")
        self.primary.history.second_id, self.primary.history.second_offset = "b" * 40, 5
        for offset, answer in ((5, b"+CONTINUE"), (6, b"+FULLRESYNC")):
            follower = Follower(self.session)
            follower.introduce()
            follower.do("PSYNC", "b" * 40, offset)
            self.assertIn(answer, follower.taken())

    def test_the_backlog_is_given_up(self) -> None:
        """Without replicas for repl-backlog-ttl the history ends; effects are not gathered then."""
        self.online().leave()
        history = self.server.replication_id
        self.assertTrue(self.server.propagation.is_on)
        self.session.clock.advance(3599)
        self.primary.tick()
        self.assertEqual(self.server.replication_id, history)
        self.session.clock.advance(2)
        self.primary.tick()
        self.assertNotEqual(self.server.replication_id, history)
        self.assertFalse(self.server.propagation.is_on)
        self.assertEqual(self.primary.facts()["repl_backlog_active"], 0)

    def test_another_id(self) -> None:
        """DEBUG CHANGE-REPL-ID makes everybody begin anew."""
        follower = self.online()
        history, offset = self.history()
        self.primary.change_id()
        follower.leave()
        again = Follower(self.session)
        again.do("PSYNC", history, offset)
        settle(self.session)
        self.assertIn(b"+FULLRESYNC", again.taken())


class FollowingTests(PrimaryTestCase):
    """Replicas that follow."""

    def test_pings(self) -> None:
        """A ping comes each repl-ping-replica-period."""
        self.server.settings.repl_ping_replica_period = 2
        follower = self.online()
        self.primary.tick()
        self.assertEqual(follower.taken(), b"")
        self.primary.tick()
        self.assertEqual(follower.taken(), PING)

    def test_newlines(self) -> None:
        """Who waits for a snapshot is kept from giving up."""
        self.server.settings.repl_diskless_sync_delay = 5
        follower = Follower(self.session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        self.primary.tick()
        self.assertEqual(follower.wire.written, [b"\n"])

    def test_silent_replicas(self) -> None:
        """A replica that says nothing for repl-timeout is cut off, an old one is not asked."""
        old = Follower(self.session)
        old.do("SYNC")
        follower = self.online()
        self.session.clock.advance(60)
        self.primary.tick()
        self.assertFalse(follower.wire.is_cut)
        self.session.clock.advance(1)
        self.primary.tick()
        self.assertTrue(follower.wire.is_cut)
        self.assertFalse(old.wire.is_cut)

    def test_one_that_does_not_take_its_snapshot(self) -> None:
        """It would hold up the others: it is cut off."""
        follower = Follower(self.session)
        follower.introduce()
        follower.do("PSYNC", "?", -1)
        self.primary._transfers[0]._write(follower.client, b"x")
        follower.wire.unsent = 1 << 21
        self.session.clock.advance(61)
        self.primary.tick()
        self.assertTrue(follower.wire.is_cut)

    def test_waiting(self) -> None:
        """WAIT asks replicas how far they are, and ends when enough are."""
        follower = self.online()
        self.session.do("SET", "a", "1")
        follower.taken()
        waiter = self.session.another()
        waiter.do("WAIT", "1", "0")
        self.assertEqual(follower.taken(), GETACK)
        self.session.do("SET", "b", "1")
        follower.do("REPLCONF", "ACK", 1)
        self.assertEqual(waiter.written, [])
        offset = self.primary.offset - len(set_("b", "1")) - len(GETACK)
        follower.do("REPLCONF", "ACK", offset)
        self.assertEqual(waiter.written, [1])

    def test_waiting_for_files(self) -> None:
        """WAITAOF counts what is on the replicas' disks, at a timeout as far as it is."""
        follower = self.online()
        self.session.do("SET", "a", "1")
        waiter, other = self.session.another(), self.session.another()
        waiter.do("WAITAOF", "0", "1", "0")
        other.do("WAITAOF", "0", "2", "1000")
        offset = self.primary.offset
        follower.do("REPLCONF", "ACK", offset)
        self.assertEqual(waiter.written, [])
        follower.do("REPLCONF", "ACK", offset, "FACK", offset)
        self.assertEqual(waiter.written, [[0, 1]])
        self.session.clock.advance(1)
        self.assertEqual(other.written, [[0, 1]])

    def test_too_few_replicas(self) -> None:
        """Writes are refused while min-replicas-to-write are not near enough; reads are not."""
        self.server.settings.min_replicas_to_write = 1
        self.primary.count_near_replicas()
        text = b"NOREPLICAS Not enough good replicas to write."
        self.assertEqual(self.session.error("SET", "a", "1"), text)
        script = "return redis.call('set','a','1')"
        self.assertIn(b"NOREPLICAS", self.session.error("EVAL", script, 0))
        self.assertIsNone(self.session.do("GET", "a"))
        self.assertTrue(self.server.dispatcher.special)
        follower = self.online()
        self.assertEqual(self.session.do("SET", "a", "1"), OK)
        self.assertFalse(self.server.dispatcher.special)
        self.session.clock.advance(12)
        self.primary.tick()
        self.assertEqual(self.session.error("SET", "a", "1"), text)
        follower.do("REPLCONF", "ACK", 1)
        self.assertEqual(self.session.do("SET", "a", "1"), OK)

    def test_debug_replicate(self) -> None:
        """DEBUG REPLICATE sends words as they are; CHANGE-REPL-ID begins a new history."""
        follower = self.online()
        history = self.server.replication_id
        self.server.settings.enable_debug_command = "yes"
        self.session.do("DEBUG", "REPLICATE", "some", "words")
        self.assertEqual(follower.taken(), encode_request((b"some", b"words")))
        self.session.do("DEBUG", "CHANGE-REPL-ID")
        self.assertNotEqual(self.server.replication_id, history)

    def test_a_request_of_its_own(self) -> None:
        """Replicas can be sent what this server does not run."""
        follower = self.online()
        self.primary.repeat(0, (b"SET", b"x", b"y"))
        self.assertEqual(follower.taken(), SELECT_0 + set_("x", "y"))

    def test_statistics(self) -> None:
        """What was sent is counted, until CONFIG RESETSTAT."""
        follower = self.online()
        self.session.do("SET", "a", "1")
        follower.taken()
        facts = self.primary.facts()
        self.assertEqual(facts["sync_full"], 1)
        self.assertEqual(facts["repl_backlog_first_byte_offset"], 1)
        self.assertEqual(facts["repl_backlog_histlen"], self.primary.offset)
        self.assertGreater(facts["total_net_repl_output_bytes"], 0)
        self.server.reset_statistics()
        self.assertEqual(self.primary.facts()["sync_full"], 0)

    def test_memory(self) -> None:
        """INFO tells what the backlog holds, and what waits for replicas."""
        follower = self.online()
        self.session.do("SET", "a", "1")
        follower.wire.unsent = 100
        self.assertGreater(self.server.fact("mem_replication_backlog"), self.primary.offset)
        self.assertEqual(self.server.fact("mem_clients_slaves"), 100)
        self.assertEqual(self.server.fact("mem_not_counted_for_evict"), 100)
        limit = self.server.settings.repl_backlog_size
        follower.wire.unsent = 1 << 20
        self.session.do("SET", "a", "x" * 2 * limit)
        self.assertEqual(self.server.fact("mem_replication_backlog"), limit)
        beyond = self.server.fact("mem_clients_slaves")
        self.assertGreater(beyond, limit)
        self.assertEqual(self.server.fact("mem_total_replication_buffers"), limit + beyond)
        self.assertEqual(self.server.fact("mem_not_counted_for_evict"), beyond)

    def test_names(self) -> None:
        """The log calls replicas by the address where others reach them."""
        follower = Follower(self.session)
        self.assertEqual(replica_name(follower.client), "10.0.0.1:<unknown-replica-port>")
        follower.do("REPLCONF", "ip-address", "host", "listening-port", 1)
        self.assertEqual(replica_name(follower.client), "host:1")
        self.assertEqual(replica_name(self.session.client), f"client id #{self.session.client.id}")

    def test_the_server_stops(self) -> None:
        """Transfers end with it."""
        Follower(self.session).do("SYNC")
        self.primary.close()
        settle(self.session)
        self.assertEqual(self.primary._transfers, [])

    def test_another_backlog_size(self) -> None:
        """CONFIG SET repl-backlog-size reaches the backlog."""
        follower = self.online()
        self.session.do("SET", "a", "x" * 60000)
        follower.taken()
        self.server.settings.repl_backlog_size = 16384
        self.primary.history.resize()
        self.assertLess(self.primary.facts()["repl_backlog_histlen"], 34000)
