"""Tests for :mod:`pyredis.execution.propagation`."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.propagation import Audience, Effect
from pyredis.wire.batches import Batch, batch_of_chunks
from pyredis.wire.request_encoder import encode_request
from pyredis.wire.requests import RequestReader
from tests.commands.session import Session


class Recorder:
    """A feed that keeps what it is handed, as lines that start with a database's number."""

    def __init__(self) -> None:
        self.units: list[list[str]] = []

    def feed(self, effects: Sequence[Effect]) -> None:
        """Keep one unit."""
        lines = [f"{database} {b' '.join(argv).decode()}" for database, argv in effects]
        self.units.append(lines)

    def feed_requests(self, database: int, data: bytes) -> None:
        """Keep each as a unit."""
        for argv in RequestReader().feed(data):
            self.feed([(database, argv)])

    def taken(self) -> list[list[str]]:
        """Return what came since the last call."""
        units, self.units = self.units, []
        return units


class PropagationTests(SynchronousTestCase):
    """What a command did reaches every feed, once and in Redis' form."""

    def setUp(self) -> None:
        """Make a server with one feed."""
        self.session = Session()
        self.propagation = self.session.server.propagation
        self.recorder = Recorder()
        self.propagation.add(self.recorder)

    def units_of(self, *lines: str) -> list[list[str]]:
        """Run commands the long way; return what was handed on."""
        for line in lines:
            self.session.do(*line.split())
        return self.recorder.taken()

    def run_short(self, *lines: str) -> list[list[str]]:
        """Run commands the short way; return what was handed on."""
        for line in lines:
            argv = line.encode().split()
            self.session.server.dispatcher.call_plain(self.session.client, argv)
        return self.recorder.taken()

    def test_nothing_without_a_feed(self) -> None:
        """Without a feed a command's body is called directly."""
        set_ = self.session.server.table.find(b"SET")
        assert set_ is not None
        self.assertIsNot(set_.call, set_.declaration.body)
        self.propagation.remove(self.recorder)

        self.assertFalse(self.propagation.is_on)
        self.assertIs(set_.call, set_.declaration.body)
        self.assertIs(set_.batch, set_.declaration.batch)
        self.assertIsNone(self.session.client.ctx.effects)
        self.assertEqual(self.units_of("SET a 1"), [])

    def test_a_write_is_repeated_as_it_came(self) -> None:
        """The request is repeated as it was sent if it changed something."""
        self.assertEqual(self.units_of("set a 1"), [["0 set a 1"]])
        self.assertEqual(self.run_short("SET a 2"), [["0 SET a 2"]])

    def test_what_changes_nothing_is_not_repeated(self) -> None:
        """Neither a read, nor a write without effect, nor one that fails is repeated."""
        lines = ("GET a", "DEL a", "SET a 1 XX", "INCRBY", "HSET a b", "SADD s", "TTL a")
        self.assertEqual(self.units_of(*lines), [])
        self.assertEqual(self.run_short(*lines), [])

    def test_what_failed_after_a_change_is_repeated(self) -> None:
        """What a command changed before it failed has been changed."""
        db = self.session.client.ctx.db

        def body(*arguments: bytes) -> None:
            db.store(b"a", b"1")
            db.changed(b"a", 0, b"x")
            raise ValueError

        table = self.session.server.table
        set_ = table.find(b"SET")
        assert set_ is not None
        set_.call = self.propagation._watched(body, (b"SET",))
        self.session.server.dispatcher.log_failure = lambda name: None
        self.assertEqual(self.run_short("SET a 1"), [["0 SET a 1"]])

    def test_the_database_is_told(self) -> None:
        """Every effect comes with its database."""
        self.assertEqual(self.units_of("SELECT 3", "SET a 1"), [["3 SET a 1"]])

    def test_an_effect_instead_of_the_request(self) -> None:
        """What a body propagates stands for its request."""
        self.units_of("SET a 1")
        self.assertEqual(self.units_of("INCRBYFLOAT a 1.5"), [["0 SET a 2.5 KEEPTTL"]])
        self.assertEqual(self.run_short("INCRBYFLOAT a 1.5"), [["0 SET a 4 KEEPTTL"]])

    def test_a_transaction_is_one_unit(self) -> None:
        """What EXEC ran comes wrapped, if it is more than one effect."""
        self.assertEqual(
            self.units_of("MULTI", "SET a 1", "GET a", "INCR n", "EXEC"),
            [["-1 MULTI", "0 SET a 1", "0 INCR n", "-1 EXEC"]],
        )
        self.assertEqual(self.units_of("MULTI", "GET a", "INCR n", "EXEC"), [["0 INCR n"]])
        self.assertEqual(self.units_of("MULTI", "GET a", "EXEC"), [])

    def test_a_script_is_one_unit(self) -> None:
        """What a script did is repeated, not the script."""
        do = self.session.do
        do("EVAL", "redis.call('set','a','1'); redis.call('incr','n'); return 1", "0")
        do("EVAL", "return redis.call('incr','n')", "0")
        do("EVAL", "return redis.call('get','n')", "0")
        self.assertEqual(
            self.recorder.taken(),
            [["-1 MULTI", "0 set a 1", "0 incr n", "-1 EXEC"], ["0 incr n"]],
        )

    def test_a_script_chooses_its_audience(self) -> None:
        """redis.set_repl says who repeats what follows."""
        replicas = Recorder()
        self.propagation.add(replicas, Audience.REPLICAS)
        script = (
            "redis.set_repl(redis.REPL_NONE); redis.call('incr','none');"
            "redis.set_repl(redis.REPL_AOF); redis.call('incr','file');"
            "redis.call('incrbyfloat','file','1');"
            "redis.set_repl(redis.REPL_SLAVE); redis.call('incr','replicas');"
            "redis.set_repl(redis.REPL_ALL); redis.call('incr','all')"
        )
        self.session.do("EVAL", script, "0")
        self.assertEqual(
            self.recorder.taken(),
            [["-1 MULTI", "0 incr file", "0 SET file 2 KEEPTTL", "0 incr all", "-1 EXEC"]],
        )
        self.assertEqual(
            replicas.taken(), [["-1 MULTI", "0 incr replicas", "0 incr all", "-1 EXEC"]]
        )
        self.assertEqual(len(self.units_of("INCR all")), 1)

    def test_what_nobody_hears_wraps_nothing(self) -> None:
        """Effects for an audience that is not there do not make a transaction."""
        script = (
            "redis.set_repl(redis.REPL_SLAVE); redis.call('incr','replicas');"
            "redis.set_repl(redis.REPL_ALL); redis.call('incr','all')"
        )
        self.session.do("EVAL", script, "0")
        self.assertEqual(self.recorder.taken(), [["0 incr all"]])

    def test_what_is_not_repeated(self) -> None:
        """A body can keep its command from being repeated, whatever it changed."""
        self.units_of("XGROUP CREATE s g 0 MKSTREAM")
        self.assertEqual(self.units_of("XREADGROUP GROUP g a STREAMS s 0"), [])

    def test_messages_are_for_replicas(self) -> None:
        """PUBLISH changes no data: it is repeated on replicas, not in the file."""
        replicas = Recorder()
        self.propagation.add(replicas, Audience.REPLICAS)
        self.assertEqual(self.units_of("PUBLISH c hello", "SPUBLISH d hi"), [])
        self.assertEqual(replicas.taken(), [["0 PUBLISH c hello"], ["0 SPUBLISH d hi"]])
        self.assertEqual(self.units_of("MULTI", "PUBLISH c x", "PUBLISH c y", "EXEC"), [])
        self.assertEqual(
            replicas.taken(), [["-1 MULTI", "0 PUBLISH c x", "0 PUBLISH c y", "-1 EXEC"]]
        )

    def test_one_who_waited_is_a_unit_of_its_own(self) -> None:
        """A push is repeated, and then the pop that it made possible."""
        waiter = self.session.another()
        waiter.do("BLPOP", "l", "0")
        self.assertEqual(self.units_of("RPUSH l a b"), [["0 RPUSH l a b"], ["0 LPOP l"]])

    def test_an_expired_key_before_the_write_that_found_it(self) -> None:
        """A key that turns out to have expired is deleted elsewhere, too, before the command."""
        self.units_of("SELECT 2", "SET a 1 PX 5")
        self.session.clock.advance(1)
        self.assertEqual(
            self.units_of("APPEND a x"), [["-1 MULTI", "2 DEL a", "2 APPEND a x", "-1 EXEC"]]
        )

    def test_expired_keys_found_by_reads(self) -> None:
        """What a read finds expired is one unit, handed on before anything that follows."""
        self.units_of("MSET a 1 b 2", "PEXPIRE a 5", "PEXPIRE b 5")
        self.session.clock.advance(1)
        both = ["-1 MULTI", "0 DEL a", "0 DEL b", "-1 EXEC"]
        self.session.server.keyspace.refresh_now()
        self.assertEqual(self.run_short("MGET a b", "SET c 1"), [both, ["0 SET c 1"]])
        self.units_of("SET a 1 PX 5")
        self.session.clock.advance(1)
        self.assertEqual(self.units_of("GET a"), [])
        self.session.clock.advance(0)
        self.assertEqual(self.recorder.taken(), [["0 DEL a"]])

    def test_keys_that_expire_by_themselves(self) -> None:
        """Each key that nobody looked for is a unit of its own; lazily, if that is configured."""
        self.session.server.settings.lazyfree_lazy_expire = True
        self.units_of("MSET a 1 b 2", "PEXPIRE a 5", "PEXPIRE b 6")
        self.session.clock.advance(1)
        self.session.server.keyspace.refresh_now()
        self.session.server.keyspace.expire_due(10)
        self.assertEqual(self.recorder.taken(), [["0 UNLINK a"], ["0 UNLINK b"]])

    def test_fields_that_expire(self) -> None:
        """Fields that expired are deleted elsewhere one by one, each a unit if looked for."""
        self.units_of("HSET h a 1 b 2 c 3", "HPEXPIRE h 5 FIELDS 2 a b")
        self.session.clock.advance(1)
        self.session.server.keyspace.refresh_now()
        self.session.server.keyspace.expire_due(10)
        self.assertEqual(self.recorder.taken(), [["0 HDEL h a"], ["0 HDEL h b"]])

    def test_expired_fields_found_by_reads(self) -> None:
        """Fields that expired and are come across are deleted elsewhere as one unit."""
        self.units_of("HSET h a 1 b 2 c 3", "HPEXPIRE h 5 FIELDS 2 a b")
        self.session.clock.advance(1)
        self.assertEqual(self.units_of("HGET h c"), [])
        self.session.clock.advance(0)
        self.assertEqual(
            self.recorder.taken(), [["-1 MULTI", "0 HDEL h a", "0 HDEL h b", "-1 EXEC"]]
        )

    def test_an_evicted_key(self) -> None:
        """A key that had to make room is deleted elsewhere."""
        self.units_of("MSET a 1 b 2")
        self.session.db.evict(b"a")
        self.session.server.settings.lazyfree_lazy_eviction = True
        self.session.db.evict(b"b")
        self.assertEqual(self.recorder.taken(), [["0 DEL a"], ["0 UNLINK b"]])

    def test_batches(self) -> None:
        """Requests that are run at once are repeated one by one."""
        server = self.session.server

        def run(name: bytes, *requests: bytes) -> list[list[str]]:
            words = b" ".join(requests).split()
            batch = Batch(name, len(requests), len(words) // len(requests), words)
            replies = server.dispatcher.run_batch(self.session.client, batch)
            self.assertEqual(len(replies), len(requests))
            return self.recorder.taken()

        self.assertEqual(run(b"set", b"a 1", b"b 2"), [["0 SET a 1"], ["0 SET b 2"]])
        self.assertEqual(
            run(b"MSET", b"a 1 b 2", b"c 3 d 4"), [["0 MSET a 1 b 2"], ["0 MSET c 3 d 4"]]
        )
        self.units_of("SADD s x")
        self.assertEqual(run(b"SADD", b"s x", b"s y", b"s z"), [["0 SADD s y"], ["0 SADD s z"]])
        self.assertEqual(run(b"GET", b"a", b"b"), [])

    def test_batches_as_they_came(self) -> None:
        """What came as arrays and changed something each time is repeated byte for byte."""
        dispatcher, client = self.session.server.dispatcher, self.session.client
        data: list[bytes] = []
        self.patch(self.recorder, "feed_requests", lambda database, wire: data.append(wire))

        def run(*requests: tuple[bytes, ...]) -> list[bytes]:
            data.clear()
            (batch, _) = batch_of_chunks([encode_request(argv) for argv in requests]) or self.fail()
            dispatcher.run_batch(client, batch)
            return data

        sets = (b"set", b"a", b"1"), (b"set", b"b", b"2")
        self.assertEqual(run(*sets), [b"".join(map(encode_request, sets))])
        self.units_of("SADD s x")
        adds = (b"sadd", b"s", b"x"), (b"sadd", b"s", b"y")
        self.assertEqual(run(*adds), [encode_request((b"SADD", b"s", b"y"))])
        self.assertEqual(run(*adds), [])

    def test_clients_and_commands_that_come_later(self) -> None:
        """Clients that connect and commands that are added while there is a feed count as well."""
        later = self.session.another()
        later.do("SET", "a", "1", "EX", "10")
        later.do("INCRBYFLOAT", "n", "1")
        self.assertEqual(len(self.recorder.taken()), 2)
        table = self.session.server.table
        table.add(table.remove("SET"), "STORE")
        self.assertEqual(self.run_short("STORE a 1"), [["0 STORE a 1"]])

    def test_two_feeds(self) -> None:
        """Each of several feeds is handed everything, until it is removed."""
        other = Recorder()
        self.propagation.add(other)
        self.assertEqual(self.run_short("SET a 1"), [["0 SET a 1"]])
        self.assertEqual(other.taken(), [["0 SET a 1"]])
        self.propagation.remove(self.recorder)
        self.assertEqual(self.run_short("SET a 1"), [])
        self.assertEqual(other.taken(), [["0 SET a 1"]])
