"""Tests of pyredis.execution.scripting.busy: scripts that run for too long."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.client import Client
from pyredis.wire.replies import NO_REPLY, OK
from tests.commands.session import Session

BUSY = b"BUSY Redis is busy running a script. You can only call %b KILL or SHUTDOWN NOSAVE."


class BusyTestCase(SynchronousTestCase):
    """A server on which time flies, and what another client says in the middle of a script."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session()
        self.other = self.session.another()
        self.server = self.session.server
        moments = itertools.count(0, 1_000_000_000)
        self.server.timer = lambda: next(moments)
        self.logged: list[tuple[str, bytes]] = []
        self.server.scripting.log = lambda level, text: self.logged.append((level, text))
        self.replies: list[Any] = []

    def meanwhile(self, *requests: tuple[Any, ...]) -> None:
        """Let the other client send these while a script is busy, one each time."""
        waiting = list(requests)

        def serve(caller: Client) -> None:
            self.server.keyspace.refresh_now()
            if waiting:
                self.replies.append(self.other.do(*waiting.pop(0)))

        self.server.serve_others = serve

    def refused(self, *words: Any) -> bytes:
        """Run what must fail."""
        reply = self.session.do(*words)
        assert isinstance(reply, RedisError), reply
        return reply.text


class KillTests(BusyTestCase):
    """SCRIPT KILL and FUNCTION KILL."""

    def test_a_script_is_killed(self) -> None:
        """What it catches does not keep it going; the server goes on as before."""
        for script in (
            "while true do end",
            "while true do pcall(function() while true do end end) end",
        ):
            self.meanwhile(
                ("PING",), ("FUNCTION", "STATS"), ("FUNCTION", "KILL"), ("SCRIPT", "KILL")
            )
            self.assertIn(
                b"ERR Script killed by user with SCRIPT KILL... script: ",
                self.refused("EVAL", script, 0),
            )
            *refused, killed = self.replies
            self.assertEqual({reply.text for reply in refused}, {BUSY % b"SCRIPT"})
            self.assertEqual(killed, OK)
            self.replies.clear()
        self.assertFalse(self.server.dispatcher.special)
        self.assertEqual(self.session.do("EVAL", "return 1", 0), 1)
        self.assertIn(b"NOTBUSY", self.refused("SCRIPT", "KILL"))
        self.assertEqual([level for level, _ in self.logged[:2]], ["warning", "notice"])
        self.assertIn(b"Slow script detected", self.logged[0][1])

    def test_a_function_is_killed(self) -> None:
        """It is not with SCRIPT KILL; FUNCTION STATS shows it."""
        code = "#!lua name=l\nredis.register_function('f', function() while true do end end)"
        self.session.do("FUNCTION", "LOAD", code)
        self.meanwhile(("SCRIPT", "KILL"), ("FUNCTION", "STATS"), ("FUNCTION", "KILL"))
        self.assertIn(b"killed by user", self.refused("FCALL", "f", 0))

        refusal, stats, killed = self.replies
        self.assertEqual((refusal.text, killed), (BUSY % b"FUNCTION", OK))
        running = stats[b"running_script"]
        self.assertEqual(running[b"command"], [b"FCALL", b"f", b"0"])
        self.assertEqual(running[b"name"], b"f")
        self.assertGreater(running[b"duration_ms"], 5000)

    def test_what_has_written_is_not(self) -> None:
        """Only the end of the server ends it."""
        stopped: list[Any] = []
        self.server.host.shutdown = (  # type: ignore[method-assign]
            lambda *arguments: stopped.append(arguments)
        )
        self.meanwhile(("SCRIPT", "KILL"), ("SHUTDOWN",), ("SHUTDOWN", "NOSAVE"))
        self.assertIn(
            b"shuts down", self.refused("EVAL", "redis.call('incr', 'n') while true do end", 0)
        )

        self.assertEqual(
            [reply.text for reply in self.replies[:2]],
            [
                b"UNKILLABLE Sorry the script already executed write commands against the "
                b"dataset. You can either wait the script termination or kill the server in a "
                b"hard way using the SHUTDOWN NOSAVE command.",
                BUSY % b"SCRIPT",
            ],
        )
        self.assertIs(self.replies[2], NO_REPLY)
        self.assertEqual(stopped, [(False, False, False)])


class MeanwhileTests(BusyTestCase):
    """Others are served in the middle of a command."""

    script = "for i = 1, 2000000 do end return redis.call('time')[1]"

    def test_it_goes_on(self) -> None:
        """Its time stands still."""
        self.meanwhile(("PING",), ("MULTI",))
        before = self.session.do("TIME")
        advance: Callable[..., None] = self.session.clock.advance
        outer = self.server.serve_others

        def serve(caller: Client) -> None:
            advance(100)
            outer(caller)

        self.server.serve_others = serve
        reply = self.session.do("EVAL", self.script, 0)

        self.assertEqual(reply, before[0])
        self.assertEqual(self.replies[1], OK)

    def test_a_transaction_is_refused_as_a_whole(self) -> None:
        """Half of it must not run when the script is over."""
        self.meanwhile(("MULTI",), ("SET", "k", 1))
        self.session.do("EVAL", self.script, 0)

        self.assertIn(b"EXECABORT", self.other.error("EXEC"))

    def test_who_waits_is_served_behind_it(self) -> None:
        """Not in the middle."""
        waiter = self.session.another()
        waiter.do("BLPOP", "l", 0)
        self.meanwhile(("HELLO", 2))
        script = (
            "redis.call('lpush', 'l', 'y') for i = 1, 2000000 do end redis.call('lpush', 'l', 'z')"
        )
        self.session.do("EVAL", script, 0)

        self.assertEqual(waiter.written, [[b"l", b"z"]])

    def test_in_a_transaction(self) -> None:
        """It is as busy there."""
        self.meanwhile(("GET", "k"), ("SCRIPT", "KILL"))
        self.session.do("MULTI")
        self.session.do("EVAL", "while true do end", 0)
        self.session.do("SET", "k", 1)
        replies = self.session.do("EXEC")

        self.assertIn(b"killed by user", replies[0].text)
        self.assertEqual(replies[1], OK)
        self.assertEqual(self.replies[0].text, BUSY % b"SCRIPT")

    def test_never_busy(self) -> None:
        """If the threshold is 0."""
        self.server.settings.busy_reply_threshold = 0
        self.meanwhile(("PING",))
        self.session.do("EVAL", self.script, 0)

        self.assertEqual(self.replies, [])
