"""Tests of pyredis.acl.rules: what rules do to a selector, and which are refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.acl.catalogue import CommandEntry
from pyredis.acl.rules import (
    RuleError,
    UnknownName,
    UnmatchedParenthesis,
    apply,
    has_spaces,
    merge_selectors,
    recompute,
)
from pyredis.acl.selectors import Selector
from tests.acl.samples import catalogue


def described(*rules: bytes) -> bytes:
    """Return the description of a selector that rules made."""
    selector = Selector()
    for rule in rules:
        apply(selector, rule, catalogue())
    return selector.describe()


def allowed(*rules: bytes) -> set[str]:
    """Return which commands rules allow."""
    selector = Selector()
    for rule in rules:
        apply(selector, rule, catalogue())
    return selector.allowed


class CommandRuleTests(SynchronousTestCase):
    """Rules for commands and categories."""

    def test_order_is_kept_and_repetition_is_not(self) -> None:
        """A later rule takes the place of an equal one, of either sign, and of subcommands."""
        for rules, expected in (
            (b"+get -set +get", b"-@all -set +get"),
            (b"+@all -@write -set +SET", b"+@all -@write +set"),
            (b"+config|get +config|set -config", b"-@all -config"),
            (b"+config +config|get", b"-@all +config +config|get"),
            (b"+select|1 +select|0 +select|1", b"-@all +select|0 +select|1"),
            (b"+get allcommands", b"+@all"),
            (b"+@all nocommands +get", b"-@all +get"),
            (b"+@READ -@read", b"-@all -@read"),
        ):
            with self.subTest(rules):
                self.assertEqual(described(*rules.split()), b"resetchannels " + expected)

    def test_what_is_allowed(self) -> None:
        """A container stands for its subcommands, a category for all that are in it."""
        config = {"config", "config|get", "config|set"}
        for rules, expected in (
            (b"+config", config),
            (b"+config -config|set", {"config", "config|get"}),
            (b"+config|get", {"config|get"}),
            (b"+@write", {"set", "config|set"}),
            (b"+@slow -@admin", {"set", "config"}),
            (b"+@all -@slow", {"get", "select", "extra"}),
            (b"+select|0", set()),
        ):
            with self.subTest(rules):
                self.assertEqual(allowed(*rules.split()), expected)

    def test_a_whole_command_needs_no_first_argument_any_more(self) -> None:
        """Nor does one that is denied."""
        for last in (b"+select", b"-select", b"+@fast", b"-@all"):
            selector = Selector()
            apply(selector, b"+select|0", catalogue())
            apply(selector, last, catalogue())
            with self.subTest(last):
                self.assertEqual(selector.first_arguments, {})

    def test_refused(self) -> None:
        """With the text of Redis, and without a change."""
        unknown = "Unknown command or category name in ACL"
        for rule, text in (
            (b"+fun", unknown),
            (b"-fun", unknown),
            (b"+@fun", unknown),
            (b"+config|fun", unknown),
            (b"-select|0", unknown),
            (b"+fun|x", unknown),
            (b"+select|a|b", unknown),
            (b"+config|get|x", "Allowing first-arg of a subcommand is not supported"),
            (b"+config|", "Syntax error"),
            (b"+select|", "Syntax error"),
            (b"+select|a b", "Syntax error"),
            (b"get", "Syntax error"),
            (b")", "Syntax error"),
        ):
            with self.subTest(rule):
                error = self.assertRaises(RuleError, described, rule)
                self.assertEqual(str(error), text)

    def test_commands_that_come_later(self) -> None:
        """They are allowed to who was allowed all, and to who has their category."""
        commands = catalogue()
        made = {}
        for rule in (b"+@all", b"+@read", b"+@write"):
            made[rule] = Selector()
            apply(made[rule], rule, commands)
            apply(made[rule], b"-get", commands)
        commands.add([CommandEntry("more", frozenset({"read"}))])
        for selector in made.values():
            recompute(selector, commands)

        self.assertEqual(
            {rule: "more" in selector.allowed for rule, selector in made.items()},
            {b"+@all": True, b"+@read": True, b"+@write": False},
        )
        self.assertEqual(made[b"+@all"].describe_commands(), b"+@all -get")
        self.assertNotIn("get", made[b"+@all"].allowed)


class PatternRuleTests(SynchronousTestCase):
    """Rules for keys and channels."""

    def test_described(self) -> None:
        """As they were given, access to one pattern put together."""
        for rules, expected in (
            (b"~a ~b ~a", b"~a ~b resetchannels"),
            (b"%R~a %W~b %rw~c", b"%R~a %W~b ~c resetchannels"),
            (b"%R~a %W~a", b"~a resetchannels"),
            (b"~a allkeys", b"~* resetchannels"),
            (b"~a resetkeys", b"resetchannels"),
            (b"%R~*", b"%R~* resetchannels"),
            (b"%R", b"%R~ resetchannels"),
            (b"~", b"~ resetchannels"),
            (b"&a &b", b"resetchannels &a &b"),
            (b"&a allchannels", b"&*"),
            (b"allchannels resetchannels &a", b"resetchannels &a"),
        ):
            with self.subTest(rules):
                self.assertEqual(described(*rules.split()), expected + b" -@all")

    def test_refused(self) -> None:
        """Blanks, unknown access, and what has no effect."""
        for rule in (b"~a b", b"~a\0", b"&a\tb", b"%~a", b"%X~a", b"%RR~a", b"%"):
            with self.subTest(rule):
                self.assertEqual(str(self.assertRaises(RuleError, described, rule)), "Syntax error")
        error = self.assertRaises(RuleError, described, b"~*", b"~a")
        self.assertIn("(or the 'allkeys' flag) is not valid", str(error))
        error = self.assertRaises(RuleError, described, b"&*", b"&a")
        self.assertIn("Try 'resetchannels' to start with an empty list", str(error))

    def test_a_nul_byte_ends_a_keyword(self) -> None:
        """As it ends a C string."""
        self.assertEqual(described(b"ALLKEYS\0x"), b"~* resetchannels -@all")


class WordTests(SynchronousTestCase):
    """Words before they are rules."""

    def test_selectors_are_joined(self) -> None:
        """From the word that opens to the one that closes."""
        self.assertEqual(
            merge_selectors([b"on", b"(~a", b"+get", b"-set)", b"(x)", b"off"]),
            [b"on", b"(~a +get -set)", b"(x)", b"off"],
        )

    def test_an_open_selector(self) -> None:
        """The error names its first word."""
        error = self.assertRaises(UnmatchedParenthesis, merge_selectors, [b"on", b"(~a", b"+get"])
        self.assertEqual((error.index, error.rule), (1, b"(~a"))

    def test_spaces(self) -> None:
        """All that C counts as blank, and NUL."""
        self.assertTrue(all(has_spaces(b"a%b" % byte) for byte in (b" ", b"\v", b"\f", b"\0")))
        self.assertFalse(has_spaces(b"a\xa0b"))

    def test_unknown_names_are_a_kind_of_their_own(self) -> None:
        """They may become known."""
        self.assertRaises(UnknownName, described, b"+fun")
