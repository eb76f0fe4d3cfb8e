"""Directives of redis.conf as Python values."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.conf_file import ConfigFileError
from pyredis.errors import RedisError
from pyredis.testing.directives import configure
from pyredis.testing.service import RedisTestService, used_table


class ConfigureTests(SynchronousTestCase):
    """How values are spelled, and what is said of wrong ones."""

    def test_values(self) -> None:
        """Booleans, numbers, several words, lists of lines, and None for the default."""
        settings, _ = configure(
            {
                "lazyfree_lazy_eviction": True,
                "hz": 20,
                "client_output_buffer_limit": "pubsub 1mb 1mb 60",
                "save": ["900 1", "300 10"],
                "requirepass": None,
            },
            0,
            None,
        )
        self.assertEqual((settings.lazyfree_lazy_eviction, settings.hz), (True, 20))
        told = dict(settings.get(b"save", b"requirepass", b"client-output-buffer-limit"))
        self.assertEqual((told["save"], told["requirepass"]), (b"900 1 300 10", b""))
        self.assertIn(b"pubsub 1048576 1048576 60", told["client-output-buffer-limit"])

    def test_wrong_ones(self) -> None:
        """The error names the directive, and the one that may have been meant."""
        for directives, text in (
            ({"maxmemory": "much"}, "maxmemory: argument must be a memory value"),
            (
                {"maxmemroy": "1mb"},
                "there is no option or directive maxmemroy, did you mean maxmemory?",
            ),
            ({"frozn": True}, "there is no option or directive frozn, did you mean frozen?"),
            ({"qqq": 1}, "there is no option or directive qqq"),
        ):
            error = self.assertRaises(ConfigFileError, configure, directives, 0, None)
            self.assertEqual(str(error), text)


class EffectTests(SynchronousTestCase):
    """Directives that are no settings."""

    def make(self, **directives: object) -> RedisTestService:
        """Return a service that is not started."""
        return RedisTestService(directives, reactor=Clock(), listens=False)

    def test_users(self) -> None:
        """They are there from the start."""
        redis = self.make(user=["ann on >pw ~* +@all", "bob off"])
        self.assertEqual(redis.execute("ACL", "USERS"), [b"ann", b"bob", b"default"])
        self.assertEqual(redis.execute("AUTH", "ann", "pw"), b"OK")

    def test_renamed_commands(self) -> None:
        """The new name is served, the old one is not, and the table is no other server's."""
        redis = self.make(rename_command=["GET FETCH", 'FLUSHALL ""'])
        self.assertIsNone(redis.execute("FETCH", "k"))
        for name in ("GET", "FLUSHALL"):
            self.assertRaises(RedisError, redis.execute, name, "k")
        self.assertIsNone(used_table(redis))

    def test_those_that_fail(self) -> None:
        """Modules, users and names that are wrong are told of."""
        for directives in (
            {"loadmodule": "no.such.module"},
            {"user": "ann +nonsense(("},
            {"user": ["ann on", "ann off"]},
            {"rename_command": "NOSUCH NAME"},
        ):
            self.assertRaises(ConfigFileError, self.make, **directives)
