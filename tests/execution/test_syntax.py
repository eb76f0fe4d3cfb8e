"""Tests of pyredis.execution.syntax.

``documented_arguments.json`` holds what Redis 7.2 answers to COMMAND DOCS about some commands,
the most tangled ones among them.
"""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.syntax import (
    BLOCK,
    ONE_OF,
    TOKEN,
    Argument,
    fewest_words,
    is_variadic,
    parse_syntax,
    syntax_line,
)

DOCUMENTED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("documented_arguments.json").read_text()
)


def sorted_flags(described: dict[str, Any]) -> dict[str, Any]:
    """Put flags, a set on the wire, in the order of the alphabet."""
    described = dict(described)
    if "flags" in described:
        described["flags"] = sorted(described["flags"])
    if "arguments" in described:
        described["arguments"] = [sorted_flags(member) for member in described["arguments"]]
    return described


class DocumentedCommandTests(SynchronousTestCase):
    """Lines of the language against what a real server tells about the same commands."""

    def test_the_arguments_are_those_of_redis(self) -> None:
        """COMMAND DOCS can be answered from one line a command."""
        for name, documented in DOCUMENTED.items():
            replies = [argument.reply() for argument in parse_syntax(documented["syntax"])]
            self.assertEqual(list(map(sorted_flags, replies)), documented["arguments"], name)

    def test_the_arity_is_that_of_redis(self) -> None:
        """The shortest call and whether there are longer ones make the arity."""
        for name, documented in DOCUMENTED.items():
            arguments = parse_syntax(documented["syntax"])
            words = len(name.split("|")) + fewest_words(arguments)
            arity = -words if is_variadic(arguments) else words
            self.assertEqual(arity, documented["arity"], name)

    def test_a_human_reads_the_usual_notation(self) -> None:
        """The line for a human has brackets, bars and dots where Redis's pages have them."""
        for name, documented in DOCUMENTED.items():
            line = syntax_line(name, parse_syntax(documented["syntax"]))
            self.assertEqual(line, documented["line"], name)


class LanguageTests(SynchronousTestCase):
    """The language, construct by construct."""

    def one(self, text: str) -> Argument:
        """Read a line that has one argument."""
        (argument,) = parse_syntax(text)
        return argument

    def test_types_follow_from_usual_names(self) -> None:
        """A name that means the same everywhere needs no type; others are strings."""
        self.assertEqual(
            [argument.type for argument in parse_syntax("key count pattern member score:double")],
            ["key", "integer", "pattern", "string", "double"],
        )

    def test_keys_count_their_specifications(self) -> None:
        """Keys are numbered as they come, unless a number is given; other values have none."""
        found = parse_syntax("key value (key [STORE destination#5]):pair pattern#1 newkey")
        self.assertEqual([argument.key_spec_index for argument in found], [0, None, None, 1, 3])
        self.assertEqual([member.key_spec_index for member in found[2].arguments], [1, 5])

    def test_a_word_takes_the_value_behind_it(self) -> None:
        """Before a value a word is its token; else, or in brackets of its own, it stands alone."""
        first, second, third = parse_syntax("COUNT count (NX) value")
        self.assertEqual((first.token, first.name, first.type), ("COUNT", "count", "integer"))
        self.assertEqual((second.token, second.name, second.type), ("NX", "nx", TOKEN))
        self.assertIsNone(third.token)

    def test_a_word_in_front_of_a_group_takes_all_of_it(self) -> None:
        """Several arguments behind a word are a block named for the word."""
        limit = self.one("[LIMIT offset count]@6.2.0")
        self.assertEqual((limit.name, limit.type, limit.token), ("limit", BLOCK, "LIMIT"))
        self.assertTrue(limit.optional)
        self.assertEqual(limit.since, "6.2.0")
        self.assertEqual([member.token for member in limit.arguments], [None, None])
        self.assertEqual(self.one("(GROUP group consumer):group-block").name, "group-block")

    def test_alternatives_may_be_behind_a_word(self) -> None:
        """A choice behind a word is named for it unless it has a name."""
        self.assertEqual(self.one("UNIT (M | KM)").name, "unit")
        kind = self.one("[TYPE (NORMAL | PUBSUB):client-type]")
        self.assertEqual((kind.name, kind.type, kind.token), ("client-type", ONE_OF, "TYPE"))
        self.assertTrue(kind.optional)

    def test_repetition_inside_or_outside_the_brackets(self) -> None:
        """The word is repeated if the dots are behind the bracket, else not."""
        once, each = self.one("[KEYS key...]"), self.one("[GET pattern]...")
        self.assertEqual((once.multiple, once.multiple_token), (True, False))
        self.assertEqual((each.multiple, each.multiple_token), (True, True))
        self.assertFalse(self.one("[arg]...").multiple_token)

    def test_odd_words(self) -> None:
        """Signs and the empty string are words, and need names."""
        choice = self.one('(*:auto-id | "":empty-string | id):which')
        self.assertEqual([member.token for member in choice.arguments], ["*", "", None])
        self.assertEqual(syntax_line("X", [choice]), 'X <* | "" | id>')

    def test_shown_text_and_deprecation(self) -> None:
        """A human may be shown something else than the name."""
        old = self.one("old-format/ip:port!2.8.12")
        self.assertEqual(
            (old.name, old.shown, old.deprecated_since), ("old-format", "ip:port", "2.8.12")
        )
        self.assertEqual(old.reply()["deprecated_since"], "2.8.12")

    def test_no_arguments(self) -> None:
        """An empty line has no arguments."""
        self.assertEqual(parse_syntax("  "), ())
        self.assertEqual(syntax_line("CLIENT|ID", ()), "CLIENT ID")

    def test_mistakes_are_refused_with_the_line(self) -> None:
        """What is not in the language is refused when a command is declared."""
        for text in (
            "[key",
            "key]",
            "(key]",
            "key | value",
            "(NX | XX)",
            "(a b)",
            "()",
            "[NX | ]:x",
            "key:number",
            "[value]:name",
            "(a b):pair#1",
            "key@6",
            "...",
            "a.b",
        ):
            error = self.assertRaises(ValueError, parse_syntax, text)
            self.assertIn(repr(text), str(error))

    @given(st.text('aB1 []()|:/#@!."', max_size=20))
    def test_only_value_errors_are_raised(self, text: str) -> None:
        """Any line is either read, and can be shown, or refused."""
        try:
            arguments = parse_syntax(text)
        except ValueError:
            return
        self.assertTrue(syntax_line("NAME", arguments).startswith("NAME"))
        self.assertGreaterEqual(fewest_words(arguments), 0)
