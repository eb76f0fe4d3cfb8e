"""Tests of pyredis.commands.introspection; the descriptions are compared with Redis elsewhere."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.flags import FAST, READONLY, RO, Access, Category
from pyredis.execution.key_specs import KeyRange
from pyredis.execution.table import MODULE, Declaration
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import SetReply, Simple
from tests.commands.session import Session


def twin(ctx: object, key: bytes) -> None:
    """Do nothing with a key."""


class CommandCase(SynchronousTestCase):
    """A server."""

    def setUp(self) -> None:
        """Start it."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error


class InfoTests(CommandCase):
    """COMMAND, COMMAND INFO and COMMAND COUNT."""

    def test_a_description_has_ten_parts(self) -> None:
        """Name, arity, flags, keys, categories, tips, key specifications and subcommands."""
        [described] = self.do("COMMAND", "INFO", "get")

        self.assertEqual(described[:2], [b"get", 2])
        self.assertEqual(described[2], [Simple(b"readonly"), Simple(b"fast")])
        self.assertEqual(described[3:6], [1, 1, 1])
        self.assertEqual(described[6], [Simple(b"@read"), Simple(b"@string"), Simple(b"@fast")])
        self.assertEqual(described[7], [])
        self.assertEqual(
            described[8],
            [
                {
                    b"flags": [Simple(b"RO"), Simple(b"access")],
                    b"begin_search": {b"type": b"index", b"spec": {b"index": 1}},
                    b"find_keys": {
                        b"type": b"range",
                        b"spec": {b"lastkey": 0, b"keystep": 1, b"limit": 0},
                    },
                }
            ],
        )
        self.assertEqual(described[9], [])
        for part in (2, 6, 7, 8, 9):
            self.assertIsInstance(described[part], SetReply)

    def test_subcommands_are_described_in_their_container(self) -> None:
        """As an array, and by their full name as well."""
        [described, alone] = self.do("COMMAND", "INFO", "client", "CLIENT|ID")

        names = [subcommand[0] for subcommand in described[9]]
        self.assertNotIsInstance(described[9], SetReply)
        self.assertIn(b"client|id", names)
        self.assertEqual(alone[0], b"client|id")

    def test_what_is_unknown_is_nil(self) -> None:
        """Unknown commands, subcommands, and more than one bar."""
        unknown = self.do("COMMAND", "INFO", "foo", "get|key", "config|get|key")

        self.assertEqual(unknown, [None] * 3)

    def test_without_names_all_are_described(self) -> None:
        """COMMAND, COMMAND INFO and COMMAND COUNT agree."""
        count = self.do("COMMAND", "COUNT")

        self.assertEqual(len(self.do("COMMAND")), count)
        self.assertEqual(len(self.do("COMMAND", "INFO")), count)

    def test_unknown_subcommands_are_refused(self) -> None:
        """COMMAND runs alone, but has no other subcommand."""
        self.assertEqual(
            self.error("COMMAND", "foo"), b"ERR unknown subcommand 'foo'. Try COMMAND HELP."
        )


class DocsTests(CommandCase):
    """COMMAND DOCS."""

    def test_a_command_is_documented(self) -> None:
        """With summary, group, arguments, and what changed when."""
        document = self.do("COMMAND", "DOCS", "GETEX")[b"getex"]

        self.assertEqual(document[b"since"], b"6.2.0")
        self.assertEqual(document[b"group"], b"string")
        self.assertEqual(document[b"complexity"], b"O(1)")
        self.assertEqual(document[b"arguments"][0][b"name"], b"key")
        self.assertEqual(document[b"arguments"][1][b"flags"], [Simple(b"optional")])

    def test_what_is_deprecated_says_so(self) -> None:
        """Since when, and what to use."""
        document = self.do("COMMAND", "DOCS", "quit")[b"quit"]

        self.assertEqual(document[b"doc_flags"], [Simple(b"deprecated")])
        self.assertEqual(document[b"deprecated_since"], b"7.2.0")
        self.assertIn(b"replaced_by", document)

    def test_subcommands_are_documented_inside(self) -> None:
        """By their full names."""
        document = self.do("COMMAND", "DOCS", "client")[b"client"]

        self.assertIn(b"summary", document[b"subcommands"][b"client|kill"])

    def test_unknown_names_are_left_out(self) -> None:
        """They are no error."""
        self.assertEqual(self.do("COMMAND", "DOCS", "foo"), {})

    def test_every_command_can_be_documented_and_sent(self) -> None:
        """All summaries are there; the whole is a map in RESP3."""
        documents = self.do("COMMAND", "DOCS")

        for name, document in documents.items():
            if b"subcommands" not in document:
                self.assertTrue(document[b"summary"], name)
        self.assertTrue(encoded(documents, 3).startswith(b"%"))


class GetKeysTests(CommandCase):
    """COMMAND GETKEYS and GETKEYSANDFLAGS."""

    def test_keys_come_in_order(self) -> None:
        """They are the arguments that the specifications name."""
        self.assertEqual(self.do("COMMAND", "GETKEYS", "MSET", "a", 1, "b", 2), [b"a", b"b"])
        self.assertEqual(self.do("COMMAND", "GETKEYS", "get", "k"), [b"k"])

    def test_flags_are_statuses(self) -> None:
        """What the command does with each key."""
        self.assertEqual(
            self.do("COMMAND", "GETKEYSANDFLAGS", "LMOVE", "a", "b", "left", "right"),
            [
                [b"a", [Simple(b"RW"), Simple(b"access"), Simple(b"delete")]],
                [b"b", [Simple(b"RW"), Simple(b"insert")]],
            ],
        )

    def test_refusals(self) -> None:
        """No command, no keys, a wrong number of words, and keys that cannot be told."""
        for words, expected in (
            (("foo",), b"ERR Invalid command specified"),
            (("client", "foo"), b"ERR Invalid command specified"),
            (("ping",), b"ERR The command has no key arguments"),
            (("get",), b"ERR Invalid number of arguments specified for command"),
            (("get", "a", "b"), b"ERR Invalid number of arguments specified for command"),
            (
                ("lmpop", "x", "a", "LEFT"),
                b"ERR Invalid arguments specified for command",
            ),
        ):
            self.assertEqual(self.error("COMMAND", "GETKEYS", *words), expected)


class ListTests(CommandCase):
    """COMMAND LIST."""

    def test_all_commands_and_subcommands(self) -> None:
        """Containers are in it, too."""
        names = self.do("COMMAND", "LIST")

        for name in (b"set", b"client", b"client|list"):
            self.assertIn(name, names)
        self.assertEqual(len(names), len(set(names)))

    def test_by_pattern(self) -> None:
        """Patterns know no case."""
        by_pattern = lambda pattern: self.do(  # noqa: E731
            "COMMAND", "LIST", "FILTERBY", "pattern", pattern
        )
        self.assertEqual(by_pattern("SET"), [b"set"])
        self.assertEqual(set(by_pattern("config|*re*")), {b"config|resetstat", b"config|rewrite"})
        self.assertEqual(by_pattern("xyz*"), [])

    def test_by_category(self) -> None:
        """An unknown one has no commands."""
        names = self.do("COMMAND", "LIST", "FILTERBY", "ACLCAT", "Transaction")

        self.assertIn(b"exec", names)
        self.assertNotIn(b"set", names)
        self.assertEqual(self.do("COMMAND", "LIST", "FILTERBY", "ACLCAT", "foo"), [])

    def test_by_module(self) -> None:
        """A module is found by its dotted name."""
        declaration = Declaration(
            "TWIN",
            twin,
            arity=2,
            flags=READONLY | FAST | MODULE,
            keys=KeyRange(1, access=RO | Access.ACCESS),
            categories=Category.STRING,
        )
        self.session.server.table.add(declaration)

        self.assertEqual(self.do("COMMAND", "LIST", "FILTERBY", "MODULE", __name__), [b"twin"])
        self.assertEqual(self.do("COMMAND", "LIST", "FILTERBY", "MODULE", "other"), [])

    def test_what_is_no_filter(self) -> None:
        """It takes FILTERBY, a kind and a word, or nothing."""
        for words in (["x"], ["FILTERBY", "x"], ["FILTERBY", "x", "y"], ["FILTERBY", "MODULE"]):
            self.assertEqual(self.error("COMMAND", "LIST", *words), b"ERR syntax error")
