"""Tests of pyredis.commands.configuration; what settings do is tested with them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.ports import NoHost
from pyredis.wire.replies import OK
from tests.commands.session import Session


class RecordingHost(NoHost):
    """A process that notes what it is asked for."""

    def __init__(self) -> None:
        self.rewritten: list[bool] = []

    def rewrite_config(self, force_all: bool = False) -> None:
        """Note it."""
        self.rewritten.append(force_all)


class ConfigTests(SynchronousTestCase):
    """CONFIG."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error

    def test_get_answers_a_map(self) -> None:
        """Names are shown as asked for, patterns find several."""
        self.assertEqual(self.do("CONFIG", "GET", "MaxMemory"), {b"MaxMemory": b"0"})
        found = self.do("CONFIG", "GET", "maxmemory-s*", "timeout")
        self.assertEqual(found, {b"maxmemory-samples": b"5", b"timeout": b"0"})
        self.assertEqual(self.do("CONFIG", "GET", "nothing*"), {})

    def test_set_changes_all_or_nothing(self) -> None:
        """One bad value and the others stay as they were."""
        self.assertEqual(self.do("CONFIG", "SET", "maxmemory", "1kb", "timeout", "9"), OK)
        self.assertEqual(self.session.server.settings.maxmemory, 1024)
        error = self.error("CONFIG", "SET", "maxmemory", "2kb", "timeout", "never")

        self.assertTrue(
            error.startswith(b"ERR CONFIG SET failed (possibly related to argument 'timeout') - ")
        )
        self.assertEqual(self.session.server.settings.maxmemory, 1024)

    def test_set_needs_pairs_of_known_names(self) -> None:
        """A name without a value, and a name nobody knows."""
        self.assertEqual(self.error("CONFIG", "SET", "a", "b", "c"), b"ERR syntax error")
        self.assertEqual(
            self.error("CONFIG", "SET", "foo", "1"),
            b"ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
        )

    def test_protected_parameters_are_for_those_who_may(self) -> None:
        """With ``local``, a client from elsewhere is refused."""
        self.session.server.settings.enable_protected_configs = "local"
        self.assertEqual(self.do("CONFIG", "SET", "dbfilename", "a.rdb"), OK)

        self.session.client.address = "192.0.2.1:1234"
        self.assertTrue(
            self.error("CONFIG", "SET", "dbfilename", "b.rdb").endswith(
                b"can't set protected config"
            )
        )

    def test_some_must_wait_while_loading(self) -> None:
        """Where files are found cannot change while one is read."""
        self.session.server.settings.enable_protected_configs = "yes"
        self.session.server.keyspace.loading = True

        self.assertTrue(self.error("CONFIG", "SET", "dir", "/").startswith(b"LOADING "))

    def test_rewrite_is_the_process_s(self) -> None:
        """It is done by the host, or refused where there is no file."""
        self.assertEqual(
            self.error("CONFIG", "REWRITE"), b"ERR The server is running without a config file"
        )
        host = self.session.server.host = RecordingHost()
        self.assertEqual(self.do("CONFIG", "REWRITE"), OK)
        self.assertEqual(host.rewritten, [False])

    def test_resetstat_counts_anew(self) -> None:
        """Commands, errors, hits and misses, bytes; what is no statistic stays."""
        server = self.session.server
        self.do("SET", "k", "v")
        self.do("GET", "k")
        self.do("GET", "x")
        self.do("INCR", "k")
        self.session.client.input_bytes = 100
        self.assertEqual(self.do("CONFIG", "RESETSTAT"), OK)

        # The reset itself is counted after it.
        self.assertEqual(server.commands_processed(), 1)
        self.assertEqual((server.input_bytes(), server.statistics.error_replies), (0, 0))
        self.assertEqual((self.session.db.hits, self.session.db.misses), (0, 0))
        self.assertEqual(self.do("GET", "k"), b"v")

    def test_help(self) -> None:
        """It lists the subcommands."""
        lines = [line.text for line in self.do("CONFIG", "HELP")]

        self.assertIn(b"SET parameter value [parameter value ...]", lines)
        self.assertNotIsInstance(lines, RedisError)
