"""The table language."""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from tests.differential.compare import Pair, report, shrunk
from tests.differential.grammar import Grammar
from tests.differential.mutations import Sample, compared
from tests.differential.peers import Connection, Peer, oracle
from tests.differential.script import Mode, Step, quoted, script, words


class ScriptTests(SynchronousTestCase):
    """Lines become steps, and steps can be written as lines again."""

    def test_words_are_quoted_as_in_redis_cli(self) -> None:
        """Double quotes take escapes, single quotes do not."""
        self.assertEqual(
            words(r"""SET "a b\x00\r\n" 'c\n' "" é"""),
            [b"SET", b"a b\x00\r\n", b"c\\n", b"", "é".encode()],
        )
        self.assertRaises(ValueError, words, 'SET "a')

    def test_every_word_survives_being_printed(self) -> None:
        """What a failure prints can be pasted into a table."""
        for word in (b"", b"a", b"a b", b'"', b"\\", b"'", b";", bytes(range(256)), b"@a", b"#"):
            self.assertEqual(words(quoted(word)), [word])

    def test_prefixes_and_directives(self) -> None:
        """Connections, forms, repetition and comments are understood."""
        steps = script(
            """
            # nothing
            SET k v ; GET k
            @b! ~shape BLPOP l 0
            @b?
            %times 2 RPUSH l x{}
            %many 2 2 HSET h f{} v{}
            %scan SSCAN s 0
            SET k ';'
            """
        )
        self.assertEqual(
            steps,
            [
                Step((b"SET", b"k", b"v")),
                Step((b"GET", b"k")),
                Step((b"BLPOP", b"l", b"0"), Mode.SEND, "b", "shape"),
                Step((), Mode.READ, "b"),
                Step((b"RPUSH", b"l", b"x0")),
                Step((b"RPUSH", b"l", b"x1")),
                Step((b"HSET", b"h", b"f0", b"v0", b"f1", b"v1")),
                Step((b"SSCAN", b"s", b"0"), Mode.SCAN),
                Step((b"SET", b"k", b";")),
            ],
        )
        for step in steps:
            self.assertEqual(script(str(step)), [step])

    def test_a_script_shrinks_to_what_matters(self) -> None:
        """Only the steps that the failure needs are left."""
        steps = script("%times 40 PING {}")
        needed = {steps[3], steps[30]}
        self.assertEqual(
            shrunk(steps, lambda candidate: needed <= set(candidate)), [steps[3], steps[30]]
        )

    def test_a_grammar_line_makes_all_its_calls(self) -> None:
        """Options come and go, groups repeat, pools are drawn from."""
        grammar = Grammar("SET {k} (a|b c)+ [NX|XX]", {"k": ["x", "y"]})
        rng = random.Random(1)
        made = {grammar.step(rng.randrange).argv for _ in range(500)}
        self.assertIn((b"SET", b"x", b"a"), made)
        self.assertIn((b"SET", b"y", b"b", b"c", b"XX"), made)
        self.assertIn((b"SET", b"x", b"a", b"a", b"NX"), made)
        self.assertTrue(all(argv[0] == b"SET" and argv[1] in b"xy" for argv in made))


class _Liar(Peer):
    """A real server that answers GET in its own way."""

    def connect(self, resp: int = 2) -> Connection:
        """Return a connection that lies."""
        return _LyingConnection(self.address, resp)


class _LyingConnection(Connection):
    def reply(self) -> bytes:
        return super().reply().replace(b"hello", b"HELLO").replace(b":3\r\n", b":4\r\n")


class DifferenceTests(SynchronousTestCase):
    """A comparison that cannot fail would be worth nothing."""

    def test_a_wrong_reply_is_shown_with_the_least_script(self) -> None:
        """The steps that do not matter are gone, and both replies are there."""
        real = oracle()
        pair = Pair(real, _Liar("a liar", real.address))
        steps = script("SET a 1 ; SET b hello ; %times 9 GET a ; GET b ; DEL b ; PING")
        text = report(pair, "title", steps, 2)
        self.assertIn("  script:\n    SET b hello\n    GET b\n  difference:", text)
        self.assertIn(r"redis:   '$5\r\nhello\r\n'", text)
        self.assertIn(r"pyredis: '$5\r\nHELLO\r\n'", text)

    def test_a_wrong_call_among_mutations_is_found(self) -> None:
        """Only the calls that differ are named."""
        real = oracle()
        pair = Pair(real, _Liar("a liar", real.address))
        found = compared(pair, Sample("LPUSHX missing a"))
        self.assertEqual(
            found,
            [
                "LPUSHX string a then GET string\n"
                r"    redis:   '$5\r\nhello\r\n'"
                "\n"
                r"    pyredis: '$5\r\nHELLO\r\n'"
            ],
        )

    def test_equal_servers_have_no_difference(self) -> None:
        """The same server agrees with itself."""
        real = oracle()
        self.assertEqual(report(Pair(real, real), "title", script("SET a 1 ; GET a"), 3), "")
