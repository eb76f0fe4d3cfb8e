"""Tests of pyredis.execution.scripting.code."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.scripting.code import Code
from pyredis.execution.scripting.shebang import ScriptFlag
from tests.commands.session import Session


class CodeTests(SynchronousTestCase):
    """What is known of a function before it runs."""

    def make(self, flags: ScriptFlag) -> Code:
        """Return a script that gives its first key."""
        sandbox = Session().server.scripting.sandbox
        function = sandbox.compile(b"return KEYS[1] or #ARGV", b"@user_script")
        return Code(sandbox, function, b"x", flags, True)

    def test_what_it_declares(self) -> None:
        """A script without a shebang is judged by what it calls."""
        self.assertTrue(self.make(ScriptFlag.COMPATIBLE).is_compatible)
        self.assertFalse(self.make(ScriptFlag.COMPATIBLE).no_writes)
        self.assertTrue(self.make(ScriptFlag.NO_WRITES | ScriptFlag.ALLOW_OOM).no_writes)
        self.assertFalse(self.make(ScriptFlag.NONE).is_compatible)

    def test_its_runner(self) -> None:
        """Keys are told from arguments by their number."""
        runner = self.make(ScriptFlag.NONE).runner
        self.assertEqual(
            (runner(), runner(0, b"a"), runner(1, b"a"), runner(1, b"a", b"b")), (0, 1, b"a", b"a")
        )
