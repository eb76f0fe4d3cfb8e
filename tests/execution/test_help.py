"""Tests of pyredis.execution.help."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

import pyredis.commands  # noqa: F401 - declares the commands
from pyredis.execution.help import help_of, help_reply
from pyredis.execution.table import declared_commands


class HelpTests(SynchronousTestCase):
    """HELP of containers."""

    def test_a_help(self) -> None:
        """Usage and summary of each, in order, between the lines that all helps have."""
        reply = help_reply(
            "BOX", [("OPEN", "key [WIDE]", "Open a box"), ("CLOSE", "", "Close all boxes")]
        )

        self.assertEqual(
            [line.text.decode() for line in reply],
            [
                "BOX <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
                "CLOSE",
                "    Close all boxes.",
                "OPEN key [WIDE]",
                "    Open a box.",
                "HELP",
                "    Print this help.",
            ],
        )

    def test_long_lines_are_broken(self) -> None:
        """Usage goes on under its arguments, a summary under itself."""
        syntax = " ".join(f"argument{number}" for number in range(9))
        reply = help_reply("BOX", [("OPEN", syntax, "word " * 30)])
        lines = [line.text.decode() for line in reply]

        self.assertTrue(all(len(line) <= 80 for line in lines))
        self.assertTrue(lines[2].startswith("     argument"))

    def test_every_container_can_help(self) -> None:
        """Each subcommand of each container has its line."""
        for name, declaration in declared_commands().items():
            if declaration.subcommands:
                lines = [line.text.decode() for line in help_of(name)]
                for subcommand in declaration.subcommands:
                    self.assertTrue(any(line.startswith(subcommand) for line in lines), lines)
