"""Tests of pyredis.execution.scripting.debugger: the conversation about a script."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.scripting.debugger import DebugSession, Malformed, parse_request
from pyredis.wire.replies import OK
from tests.execution.scripting.dialogues import ScriptedDialogue, request

SOURCE = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"


class ConversationTests(SynchronousTestCase):
    """What the client asks is done, or left to Lua."""

    def setUp(self) -> None:
        """Have no time."""
        self.now_ns = 0

    def session(self, *lines: str | bytes) -> DebugSession:
        """Return a session that stopped at line 3, whose client says lines."""
        self.dialogue = ScriptedDialogue(*lines)
        session = DebugSession(self.dialogue, SOURCE, lambda: self.now_ns, 100)
        self.assertTrue(session.stops(3))
        self.dialogue.heard.clear()
        return session

    def heard(self, *lines: str | bytes) -> list[bytes]:
        """Return what the client is sent for lines that need no Lua."""
        session = self.session(*lines, "c")
        self.assertIsNone(session.next_action())
        return [line for lines_ in self.dialogue.heard for line in lines_]

    def test_stopping(self) -> None:
        """Step by step, at breakpoints, and where the script says so."""
        session = DebugSession(ScriptedDialogue("b 5", "c", "s"), SOURCE, lambda: 0, 0)
        self.assertTrue(session.stops(1))
        self.assertIsNone(session.next_action())
        self.assertFalse(session.stops(2))
        self.assertTrue(session.stops(5))
        self.assertIsNone(session.next_action())
        self.assertTrue(session.stops(6))
        session.is_stepping = False
        session.stops_next()
        self.assertTrue(session.stops(7))

    def test_a_script_that_runs_on(self) -> None:
        """It is stopped after a while, counted from when it went on."""
        session = self.session("c", "c")
        self.now_ns = 50_000_000
        self.assertIsNone(session.next_action())
        self.now_ns += 99_000_000
        self.assertFalse(session.stops(4))
        self.now_ns += 1_000_000
        self.assertTrue(session.stops(4))
        self.assertIn(b"timeout reached, infinite loop?", self.dialogue.heard[-1][0])

    def test_lines(self) -> None:
        """The whole script, or what is around a line."""
        self.assertEqual(
            self.heard("l"),
            [
                b"   1   one",
                b"   2   two",
                b"-> 3   three",
                b"   4   four",
                b"   5   five",
                b"   6   six",
                b"   7   seven",
                b"   8   eight",
            ],
        )
        self.assertEqual(self.heard("list 7 1"), [b"   6   six", b"   7   seven", b"   8   eight"])
        self.assertEqual(self.heard("l 0 0"), [b"-> 3   three"])
        self.assertEqual(len(self.heard("whole")), 9)

    def test_breakpoints(self) -> None:
        """They are set, shown and taken away."""
        self.assertEqual(
            self.heard("b", "b 3", "b 3", "b 5 99 x", "b", "b -5", "b -5", "b 0", "b"),
            [
                b"No breakpoints set. Use 'b <line>' to add one.",
                b"   2   two",
                b"->#3   three",
                b"   4   four",
                b"Wrong line number.",
                b"   4   four",
                b"  #5   five",
                b"   6   six",
                b"Wrong line number.",
                b"Invalid argument:'x'",
                b"2 breakpoints set:",
                b"->#3   three",
                b"  #5   five",
                b"Breakpoint removed.",
                b"No breakpoint in the specified line.",
                b"All breakpoints removed.",
                b"No breakpoints set. Use 'b <line>' to add one.",
            ],
        )

    def test_too_many_breakpoints(self) -> None:
        """There is an end to them."""
        dialogue = ScriptedDialogue(*(f"b {line}" for line in range(1, 66)), "c")
        session = DebugSession(dialogue, b"x\n" * 100, lambda: 0, 0)
        session.stops(1)
        session.next_action()
        self.assertEqual(dialogue.heard[-1], [b"Too many breakpoints set."])

    def test_what_is_left_to_lua(self) -> None:
        """Variables, calls, code, commands, and how the script ends."""
        for line, action in (
            ("p", (b"locals", None)),
            ("print x", (b"print", b"x")),
            ("t", (b"trace", None)),
            ("e a b", (b"eval", b"a b")),
            ("r get k", (b"redis", [b"get", b"k"])),
            ("abort", (b"fail", b"ERR script aborted for user request")),
            (b"PING\r\n", (b"fail", b"ERR protocol error")),
        ):
            self.assertEqual(self.session(line).next_action(), action)

    def test_what_is_nothing(self) -> None:
        """It is said so."""
        error = b"<error> Unknown Redis Lua debugger command or wrong number of arguments."
        self.assertEqual(self.heard("nope", "r"), [error, error])

    def test_help(self) -> None:
        """Every command is in it."""
        text = b"\n".join(self.heard("h"))
        for name in (b"[s]tep", b"[c]ontinue", b"[b]reak", b"[a]bort", b"redis.breakpoint()"):
            self.assertIn(name, text)

    def test_long_lines(self) -> None:
        """They are cut, which is told once, unless the client wants them whole."""
        session = self.session("c", "m", "m 10", "c", "m 0", "c")
        for _ in range(3):
            session.tell_shortened(b"x" * 300)
            session.tell_shortened(b"y" * 300)
            self.assertIsNone(session.next_action())
        heard = [line for lines in self.dialogue.heard for line in lines]
        self.assertEqual(heard[0], b"x" * 256 + b" ...")
        self.assertTrue(heard[1].startswith(b"<hint>"))
        self.assertIn(b"<value> replies are truncated at 256 bytes.", heard)
        self.assertIn(b"<value> replies are truncated at 60 bytes.", heard)
        self.assertIn(b"<value> replies are unlimited.", heard)

    def test_commands_of_the_script(self) -> None:
        """They are shown with their replies, step by step, and the first few words of them."""
        session = self.session()
        session.tell_call([b"get"])
        session.is_stepping = True
        session.tell_call([b"set", b"a", b"b\r\n"])
        session.tell_call([b"%d" % number for number in range(12)])
        session.tell_reply(OK, 2)
        session.send()
        self.assertEqual(
            self.dialogue.heard,
            [
                [
                    b"<redis> set a b  ",
                    b"<redis> 0 1 2 3 4 5 6 7 8 9 ... (1 more)",
                    b'<reply> "+OK"',
                ]
            ],
        )

    def test_a_client_that_leaves(self) -> None:
        """The script goes on without stopping; one that would not end is ended."""
        session = self.session("b 5")
        self.assertIsNone(session.next_action())
        self.assertFalse(session.stops(5))
        self.now_ns = 10**9
        self.assertTrue(session.stops(6))
        self.assertEqual(
            session.next_action(),
            (b"fail", b"ERR timeout during Lua debugging with client closing connection"),
        )

    def test_too_much(self) -> None:
        """A client cannot fill the memory."""
        part = b"*1000\r\n" + b"$1024\r\n%b\r\n" % (b"x" * 1024) * 900
        session = self.session(part, part)
        self.assertEqual(session.next_action(), (b"fail", b"ERR max client buffer reached"))

    def test_code_that_takes_long(self) -> None:
        """It ends as a script does that runs on."""
        session = self.session("e x")
        session.next_action()
        self.assertIsNone(session.tick())
        self.now_ns = 10**9
        self.assertEqual(session.tick(), b"ERR it takes too long")


class RequestTests(SynchronousTestCase):
    """Requests in bytes."""

    def test_at_every_cut(self) -> None:
        """One that is not complete is waited for."""
        whole = request(b"set", b"a\r\nb", b"*1")
        for end in range(len(whole)):
            self.assertIsNone(parse_request(whole[:end]))
        self.assertEqual(parse_request(whole), [b"set", b"a\r\nb", b"*1"])

    def test_what_is_none(self) -> None:
        """It is refused as soon as it shows."""
        for data in (
            b"x",
            b"PING\r\n",
            b"*0\r\n",
            b"*-1\r\n",
            b"*1025\r\n",
            b"*x\r\n",
            b"*1\r\nx\r\n",
            b"*1\r\n$0\r\n\r\n",
            b"*1\r\n$1025\r\n",
            b"*1\r\n$1\r\nabc",
        ):
            with self.assertRaises(Malformed):
                parse_request(data)
