"""Tests of pyredis.execution.checked_commands: the short way for users with key patterns."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.checked_commands import CheckedCommand
from pyredis.wire.replies import LATER
from tests.commands.session import Session, word


class CheckedCommandTests(SynchronousTestCase):
    """Requests of a user who may touch some keys, on the short way and the long."""

    def setUp(self) -> None:
        """Make a server with some keys."""
        self.session = Session()
        self.server = self.session.server
        self.access = self.server.access
        self.session.do("MSET", "app:1", "one", "app:2", "two", "other", "three")
        self.session.do("RPUSH", "app:l", "1", "2")

    def client(self, *rules: str) -> Session:
        """Return a client of a user with rules."""
        self.session.do("ACL", "SETUSER", "ann", "reset", "on", "nopass", *rules)
        client = self.session.another()
        client.do("AUTH", "ann", "x")
        return client

    def short(self, client: Session, *words: Any) -> Any:
        """Return a request's answer on the short way; LATER if it has to go the long one."""
        return self.server.dispatcher.call_plain(client.client, [word(each) for each in words])

    def checked(self, client: Session, names: Sequence[str]) -> set[str]:
        """Return which of some commands look at their keys first."""
        return {
            name for name in names if isinstance(client.client.plain(name.encode()), CheckedCommand)
        }

    def test_permitted_keys(self) -> None:
        """Commands with one key and with several do what they always do."""
        client = self.client("+@all", "~app:*", "~exact")
        self.assertEqual(self.short(client, "GET", "app:1"), b"one")
        self.assertEqual(self.short(client, "MGET", "app:1", "app:2"), [b"one", b"two"])
        self.assertIsNot(self.short(client, "SET", "exact", "x", "EX", 10), LATER)
        self.assertEqual(self.short(client, "COPY", "app:1", "app:3"), 1)
        self.assertEqual(self.short(client, "DEL", "app:3", "exact"), 2)

    def test_denied_keys(self) -> None:
        """They are refused with the text of the long way, and entered in the log."""
        client = self.client("+@all", "~app:*")
        for request in (
            ["GET", "other"],
            ["GET", ""],
            ["SET", "other", "x"],
            ["MGET", "app:1", "other"],
            ["COPY", "app:1", "other"],
        ):
            error = self.short(client, *request)
            self.assertEqual(error.text, b"NOPERM No permissions to access a key")
            self.assertEqual(error.text, client.do(*request).text)
        self.assertEqual(self.session.do("GET", "other"), b"three")
        self.assertEqual(len(self.session.do("ACL", "LOG")), 2)

    def test_what_is_done_with_a_key(self) -> None:
        """A key that may only be read is not written, and the other way round."""
        client = self.client("+@all", "%R~app:*", "%W~out:*")
        self.assertEqual(self.short(client, "GET", "app:1"), b"one")
        self.assertEqual(self.short(client, "COPY", "app:1", "out:1"), 1)
        self.assertIsNot(self.short(client, "APPEND", "out:1", "x"), LATER)
        for request in (["APPEND", "app:1", "x"], ["GET", "out:1"], ["COPY", "out:1", "app:1"]):
            self.assertEqual(self.short(client, *request).code, "NOPERM")

    def test_what_an_option_does_with_a_key(self) -> None:
        """SET reads only with GET."""
        client = self.client("+@all", "~both", "%W~out")
        self.assertIsNone(self.short(client, "SET", "both", "x", "GET"))
        self.assertEqual(client.do("SET", "out", "x"), self.short(client, "SET", "out", "x"))
        self.assertEqual(self.short(client, "SET", "out", "x", "GET").code, "NOPERM")

    def test_selectors(self) -> None:
        """Any may permit a key, but one has to permit all of a request's."""
        client = self.client("+@all", "~a", "(+mget +get ~b ~c)")
        for key in ("a", "b", "c"):
            self.assertIsNone(self.short(client, "GET", key))
        self.assertEqual(self.short(client, "SET", "b", "x").code, "NOPERM")
        self.assertEqual(client.do("MGET", "b", "c"), [None, None])
        self.assertEqual(client.do("MGET", "a", "b").code, "NOPERM")
        self.assertEqual(self.short(client, "GETDEL", "d").code, "NOPERM")

    def test_words_too_many_or_too_few(self) -> None:
        """They are told of before the keys are, as on the long way."""
        client = self.client("+@all", "~app:*")
        for request in (["GET"], ["GET", "other", "x"], ["GET", "app:1", "x"]):
            answers = [self.short(client, *request), client.do(*request)]
            texts = {answer.text for answer in answers if answer is not LATER}
            self.assertEqual(texts, {b"ERR wrong number of arguments for 'get' command"})
        client = self.client("+@all", "~app:*")
        self.assertEqual(self.short(client, "MSET", "app:1", "x", "app:2").code, "ERR")

    def test_commands_that_are_left_to_the_long_way(self) -> None:
        """Those whose keys are not all among the words, that are denied, or have channels."""
        client = self.client("+@all", "-strlen", "~app:*")
        names = ["SORT", "SORT_RO", "EVAL", "STRLEN", "ZUNIONSTORE", "PUBLISH", "GET", "PING"]
        self.assertEqual(self.checked(client, names), {"GET"})
        self.assertIsNone(client.client.plain(b"nothing"))
        self.assertIsNotNone(client.client.plain(b"PING"))
        self.assertEqual(
            client.do("SORT_RO", "app:l", "BY", "*").text,
            b"ERR BY option of SORT denied due to insufficient ACL permissions.",
        )

    def test_counted_as_the_command(self) -> None:
        """What runs and what is refused is counted where it belongs."""
        client = self.client("+@all", "~app:*")
        command = self.server.table.commands["GET"]
        self.server.statistics.errors.clear()
        self.short(client, "GET", "app:1")
        self.short(client, "GET", "app:l")
        self.short(client, "GET", "other")
        self.assertEqual((command.calls, command.failed, command.rejected), (2, 1, 1))
        self.session.do("CONFIG", "RESETSTAT")
        self.short(client, "GET", "app:1")
        self.assertEqual((command.calls, command.failed, command.rejected), (1, 0, 0))
        self.assertIsNotNone(command.histogram)

    def test_changed_rules(self) -> None:
        """They hold at once."""
        client = self.client("+@all", "~app:*")
        self.assertEqual(self.short(client, "GET", "app:1"), b"one")
        self.session.do("ACL", "SETUSER", "ann", "resetkeys", "~other")
        self.assertEqual(self.short(client, "GET", "app:1").code, "NOPERM")
        self.assertEqual(self.short(client, "GET", "other"), b"three")

    def test_watched_bodies(self) -> None:
        """A body that is exchanged later, as for an append-only file, is the one that runs."""
        client = self.client("+@all", "~app:*")
        self.assertEqual(self.short(client, "GET", "app:1"), b"one")
        self.server.table.commands["GET"].call = lambda ctx, key: b"instead"
        self.assertEqual(self.short(client, "GET", "app:1"), b"instead")

    def test_as_the_long_way(self) -> None:
        """Whatever the command and the words, both ways permit the same."""
        rng = random.Random(7)
        words = (b"a1", b"b1", b"c", b"1", b"2", b"GET", b"STORE", b"a*", b"")
        for rules in (("~a*",), ("%R~a*", "%W~b*"), ("%R~a*", "(+@all ~b*)")):
            client = self.client("+@all", *rules)
            ctx, user = client.client.ctx, client.client.user
            for name, command in self.server.table.plain.items():
                checked = client.client.plain(name)
                if not isinstance(checked, CheckedCommand) or checked.call is None:
                    continue
                body, command.call = command.call, lambda ctx, *arguments: b"permitted"
                least = command.minimum
                for _ in range(10):
                    argv = [name, *rng.choices(words, k=least - 1 + rng.randrange(3))]
                    if len(argv) > command.maximum:
                        continue
                    is_denied = user.denial(self.access.request(command, argv)) is not None
                    try:
                        was_denied = checked.call(ctx, *argv[1:]) != b"permitted"
                    except RedisError:
                        was_denied = True
                    self.assertEqual(was_denied, is_denied, (rules, argv))
                command.call = body

    def test_scripts(self) -> None:
        """What a script may not touch is refused in the words for scripts."""
        client = self.client("+@all", "~app:*")
        script = "return redis.pcall('GET', KEYS[1])"
        self.assertEqual(client.do("EVAL", script, 1, "app:1"), b"one")
        refused = client.do("EVAL", "return redis.pcall('GET', 'other')", 0)
        self.assertIn(b"ACL failure in script: No permissions to access a key", refused.text)
