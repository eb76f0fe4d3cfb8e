"""Tests of pyredis.execution.scripting.debugging: EVAL of a client that debugs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import LATER, OK
from tests.commands.session import Session
from tests.execution.scripting.dialogues import DebuggingHost, ScriptedDialogue, debugged


class SyncTests(SynchronousTestCase):
    """Sessions that work on the data themselves."""

    def test_a_session(self) -> None:
        """The script goes step by step; its reply comes at the end, then the connection ends."""
        session, dialogue = debugged(
            "redis.call('set', KEYS[1], 'x')\nreturn redis.call('get', KEYS[1])",
            "s",
            "s",
            words=("k",),
        )
        self.assertEqual(
            dialogue.heard,
            [
                [
                    b"* Stopped at 1, stop reason = step over",
                    b"-> 1   redis.call('set', KEYS[1], 'x')",
                ],
                [
                    b"<redis> set k x",
                    b'<reply> "+OK"',
                    b"* Stopped at 2, stop reason = step over",
                    b"-> 2   return redis.call('get', KEYS[1])",
                ],
                [b"<redis> get k", b'<reply> "x"', b"<endsession>"],
            ],
        )
        self.assertEqual(session.written, [b"x"])
        self.assertTrue(dialogue.is_closed)
        self.assertTrue(session.client.closing)
        self.assertEqual(session.another().do("GET", "k"), b"x")

    def test_commands_for_the_client(self) -> None:
        """They are run as the script's would be, and shown."""
        _, dialogue = debugged("return 1", "r set a 1", "redis nope", "r incr a", "c")
        self.assertEqual(
            dialogue.heard[1:4],
            [
                [b"<redis> set a 1", b'<reply> "+OK"'],
                [b"<redis> nope", b"<error> Unknown Redis command called from script"],
                [b"<redis> incr a", b"<reply> 2"],
            ],
        )

    def test_a_command_that_fails(self) -> None:
        """The error is shown, and is the reply."""
        session, dialogue = debugged("return redis.call('incr', 'a', 'b')", "s")
        self.assertIn(b"<error> Wrong number of args", dialogue.heard[-1][1])
        self.assertIn(b"Wrong number of args", session.written[0].text)

    def test_ending_it(self) -> None:
        """What the script has done stays."""
        session, dialogue = debugged("redis.call('set', 'a', 1)\nwhile true do end", "s", "a")
        self.assertTrue(session.written[0].text.startswith(b"ERR script aborted for user request"))
        self.assertEqual(dialogue.heard[-1], [b"<endsession>"])
        self.assertEqual(session.another().do("GET", "a"), b"1")

    def test_what_does_not_run(self) -> None:
        """The session ends at once, with the error behind it."""
        session, dialogue = debugged("this is no lua")
        self.assertEqual(dialogue.heard, [[b"<endsession>"]])
        self.assertIn(b"Error compiling script", session.written[0].text)

    def test_other_scripts(self) -> None:
        """Those of other clients, and of the same mode switched off, are not debugged."""
        session, _ = debugged("return 1", "c")
        self.assertEqual(session.another().do("EVAL", "return redis.breakpoint()", 0), None)
        other = session.another()
        other.do("SCRIPT", "DEBUG", "YES")
        self.assertTrue(other.client.special)
        other.do("SCRIPT", "DEBUG", "NO")
        self.assertFalse(other.client.special)
        self.assertEqual(other.do("EVAL", "return 7", 0), 7)

    def test_a_client_that_left_before(self) -> None:
        """Nothing runs."""
        session = Session()
        dialogue = ScriptedDialogue()
        session.server.host = DebuggingHost(dialogue)
        session.do("SCRIPT", "DEBUG", "SYNC")
        self.assertIs(session.do("EVAL", "return 1", 0), LATER)
        session.server.disconnect(session.client)
        session.clock.advance(0)
        self.assertEqual(dialogue.heard, [])

    def test_without_a_way_to_the_client(self) -> None:
        """It is refused."""
        session = Session()
        session.do("SCRIPT", "DEBUG", "SYNC")
        session.do("EVAL", "return 1", 0)
        session.clock.advance(0)
        self.assertEqual(session.written[0].text, b"ERR scripts cannot be debugged here")


class ForkedTests(SynchronousTestCase):
    """Sessions that work on a copy."""

    def test_a_session(self) -> None:
        """The child speaks to the end; others are told nothing of what it does."""
        script = "redis.call('publish', 'c', 'x')\nreturn 5"
        session, dialogue = debugged(script, "s", "s", mode="YES")
        self.assertEqual(dialogue.heard[-2:], [[b"<endsession>"], 5])
        self.assertEqual(session.written, [])
        self.assertFalse(session.server.propagation.is_on)

    def test_an_error(self) -> None:
        """It is sent like any other reply."""
        _, dialogue = debugged("error('oops')", "s", mode="YES")
        self.assertIn("user_script:1: oops", str(dialogue.heard[-1]))


class ModeTests(SynchronousTestCase):
    """SCRIPT DEBUG itself."""

    def setUp(self) -> None:
        """Make a server."""
        self.session = Session()

    def test_modes(self) -> None:
        """There are three."""
        for mode in ("yes", "SYNC", "No"):
            self.assertEqual(self.session.do("SCRIPT", "DEBUG", mode), OK)
        self.assertEqual(
            self.session.error("SCRIPT", "DEBUG", "x"), b"ERR Use SCRIPT DEBUG YES/SYNC/NO"
        )

    def test_in_a_transaction(self) -> None:
        """It is refused there, and a script runs as usual."""
        self.session.do("MULTI")
        self.session.do("SCRIPT", "DEBUG", "YES")
        self.assertEqual(
            self.session.do("EXEC")[0].text,
            b"ERR SCRIPT DEBUG must be called outside a pipeline",
        )
        self.session.do("SCRIPT", "DEBUG", "YES")
        self.session.do("MULTI")
        self.session.do("EVAL", "return 3", 0)
        self.assertEqual(self.session.do("EXEC"), [3])

    def test_known_scripts(self) -> None:
        """Their text is to be at hand."""
        self.session.do("SCRIPT", "DEBUG", "YES")
        self.assertEqual(
            self.session.error("EVALSHA", "a" * 40, 0),
            b"ERR Please use EVAL instead of EVALSHA for debugging",
        )
        self.assertTrue(self.session.error("EVALSHA", "a", 0).startswith(b"NOSCRIPT"))
