"""The server under test on its own thread, spoken to by real clients."""

from __future__ import annotations

import os
import threading
from typing import Any

import redis
from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.conf_file import ConfigFileError
from pyredis.testing import RedisForTests
from pyredis.testing.thread import run_on_reactor, wait_on_reactor

_SECTIONS = (
    *("clients", "persistence", "stats", "replication", "modules", "commandstats"),
    *("errorstats", "cluster", "keyspace"),
)


class RedisForTestsTests(SynchronousTestCase):
    """What a test does with it, from a thread of its own."""

    def start(self, **options: Any) -> tuple[RedisForTests, Any]:
        """Return a started server and a client of it."""
        server = RedisForTests(**options).start()
        self.addCleanup(server.stop)
        client = redis.Redis.from_url(server.url)
        self.addCleanup(client.close)
        return server, client

    def test_one_that_cannot_start_leaves_no_folder(self) -> None:
        """What was made for it is gone when the error is known."""
        server = RedisForTests(maxmemory="much")
        with self.assertRaises(ConfigFileError):
            server.start()
        self.assertEqual(server._folder, "")

    def test_a_client_and_virtual_time(self) -> None:
        """A key set by redis-py expires when the clock is advanced."""
        server, client = self.start()
        client.set("k", "v", ex=3600)
        server.clock.advance(3600)
        self.assertIsNone(client.get("k"))

    def test_a_frozen_start(self) -> None:
        """Made frozen at a moment, that is the moment."""
        server, client = self.start(frozen=1_800_000_000)
        self.assertEqual(client.time(), (1_800_000_000, 0))
        self.assertTrue(server.clock.frozen)

    def test_a_unix_socket(self) -> None:
        """Its folder is there while the server is, and has a short path."""
        server, client = self.start(unixsocket=True)
        self.assertTrue(client.ping())
        self.assertEqual(server.port, 0)
        folder = os.path.dirname(server.unixsocket)
        server.stop()
        self.assertFalse(os.path.exists(folder))

    def test_waiting_for_what_another_thread_does(self) -> None:
        """wait_for() returns when the server has seen it; then time may pass."""
        server, client = self.start(frozen=True)
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(client.blpop("q", 60)))
        thread.start()
        server.wait_for(lambda: server.blocked_clients)
        server.clock.advance(60)
        thread.join(10)
        self.assertEqual(answers, [None])

    def test_waiting_in_vain(self) -> None:
        """What does not happen in time raises TimeoutError."""
        server, _ = self.start()
        self.assertRaises(TimeoutError, server.wait_for, lambda: False, 0.01)

    def test_reset_it_is_as_new_at_the_same_address(self) -> None:
        """Keys, settings, faults and time are gone; a client connects again."""
        server, client = self.start()
        client.set("k", "v")
        client.config_set("maxmemory", 12345678)
        server.faults.error("GET")
        server.clock.freeze(at=1.0)
        port = server.port
        server.reset()
        self.assertIsNone(client.get("k"))
        self.assertEqual(client.config_get("maxmemory"), {"maxmemory": "0"})
        self.assertEqual((server.port, server.clock.frozen), (port, False))
        self.assertEqual(client.info("commandstats")["cmdstat_get"]["calls"], 1)

    def test_idle_connections_outlive_a_reset(self) -> None:
        """A client goes on with its connection; one in a transaction is hung up on."""
        server, client = self.start()
        client.ping()
        busy = redis.Redis.from_url(server.url, single_connection_client=True)
        self.addCleanup(busy.close)
        busy.execute_command("MULTI")
        server.reset()
        client.set("k", "v")
        self.assertEqual(server.commands.names(), ["SET"])
        self.assertEqual(server.clients, 1)
        self.assertRaises(redis.ConnectionError, busy.execute_command, "EXEC")

    def test_reset_is_complete_whether_it_builds_or_renews(self) -> None:
        """INFO tells the same after an ordinary test and after one that changed settings."""
        server, client = self.start(seed=1)
        told = []
        for setting in ("", "hz", "", "", "", "hz"):
            client.set("k", "v", ex=100)
            client.eval("return redis.call('incr', 'n')", 0)
            with self.assertRaises(redis.ResponseError):
                client.lpush("k", 1)
            if setting:
                client.config_set(setting, 20)
            server.reset()
            facts = client.info(*_SECTIONS)
            del facts["rdb_last_save_time"]  # now
            told.append(facts)
        for each in told:
            self.assertEqual(each, told[0])

    def test_an_ordinary_test_needs_no_other_server(self) -> None:
        """From the second reset on it is renewed; one whose service was handed out is not."""
        server, client = self.start()
        services = []
        for _ in range(3):
            client.set("k", "v")
            services.append(server._service)
            server.reset()
        self.assertIsNot(services[0], services[1])
        self.assertIs(services[1], services[2])
        self.assertIs(server.service, services[2])
        server.reset()
        self.assertIsNot(server.service, services[2])

    def test_state_from_another_thread(self) -> None:
        """data, execute(), snapshot() and commands work from the test's thread."""
        server, client = self.start()
        server.data["l"] = ["a"]
        snapshot = server.snapshot()
        client.delete("l")
        server.restore(snapshot)
        self.assertEqual(server.execute("LRANGE", "l", 0, -1), [b"a"])
        self.assertEqual(server.commands.count("DEL"), 1)
        self.assertEqual(server.clients, 1)

    def test_a_fault_meets_a_real_client(self) -> None:
        """redis-py sees a dropped connection as one."""
        server, client = self.start()
        client.ping()
        with server.faults.drop_connection("GET", after_bytes=2) as fault:
            self.assertRaises(redis.ConnectionError, client.execute_command, "GET", "k")
        self.assertGreaterEqual(fault.count, 1)

    def test_it_must_be_started(self) -> None:
        """Before the start there is no server to ask; stopping it does no harm."""
        server = RedisForTests()
        server.stop()
        self.assertRaises(RuntimeError, server.execute, "PING")

    def test_several_live_side_by_side(self) -> None:
        """Servers share nothing but their thread."""
        first, _ = self.start()
        second, client = self.start()
        first.data["k"] = 1
        self.assertNotEqual(first.port, second.port)
        self.assertIsNone(client.get("k"))


class ThreadTests(SynchronousTestCase):
    """The thread of the servers under test."""

    def test_results_and_errors_come_back(self) -> None:
        """What is called there returns and raises here."""
        self.assertEqual(wait_on_reactor(lambda: succeed(7)), 7)
        self.assertRaises(ZeroDivisionError, run_on_reactor, lambda: 1 / 0)

    def test_it_is_another_thread(self) -> None:
        """Calls run elsewhere, those made there at once, and waiting there is refused."""
        here = threading.get_ident()
        there = run_on_reactor(threading.get_ident)
        self.assertNotEqual(here, there)
        self.assertEqual(run_on_reactor(lambda: run_on_reactor(threading.get_ident)), there)
        waiting = lambda: wait_on_reactor(lambda: succeed(1))  # noqa: E731
        self.assertRaises(RuntimeError, run_on_reactor, waiting)

    def test_the_applications_reactor_is_not_touched(self) -> None:
        """Twisted still takes this thread for the reactor's if it did before."""
        from twisted.python.threadable import isInIOThread

        before = isInIOThread()
        run_on_reactor(lambda: None)
        self.assertEqual(isInIOThread(), before)
