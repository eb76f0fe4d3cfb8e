"""Tests of pyredis.execution.table: what is declared, what is refused, what is found."""

from __future__ import annotations

from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution import table
from pyredis.execution.client import Context
from pyredis.execution.flags import (
    ADMIN,
    ALLOW_BUSY,
    BLOCKING,
    FAST,
    LOADING,
    MODULE,
    MOVABLEKEYS,
    NO_AUTH,
    NO_MULTI,
    NOSCRIPT,
    PUBSUB,
    READONLY,
    RW,
    STALE,
    WRITE,
    Category,
)
from pyredis.execution.key_specs import KeyNum, KeyRange
from pyredis.execution.table import (
    NO_MAXIMUM,
    Command,
    CommandTable,
    Declaration,
    check_arity,
    container,
    declare,
    declared_commands,
    family,
)
from pyredis.wire.replies import OK, Reply


def one(ctx: Context, key: bytes) -> Reply:
    """Do one thing.

    And say more about it.
    """
    return OK


def some(ctx: Context, key: bytes, *options: bytes) -> Reply:
    """Do some things"""  # noqa: D415 - without a full stop
    return OK


def running(ctx: Context, *words: bytes) -> Reply:
    """Do as told."""
    return OK


def undocumented(ctx: Context, key: bytes) -> Reply:  # noqa: D103
    return OK


class DeclarationTests(SynchronousTestCase):
    """A declaration says everything about a command."""

    def test_facts(self) -> None:
        """What is declared is kept, what follows is derived."""
        keys = KeyRange(1, access=RW)
        declaration = Declaration(
            "ONE",
            one,
            arity=2,
            flags=WRITE | FAST,
            keys=keys,
            since="2.0.0",
            syntax="key",
            complexity="O(1)",
            group="string",
            categories=Category.STRING,
        )

        self.assertEqual((declaration.minimum, declaration.maximum), (2, 2))
        self.assertEqual(declaration.summary, "Do one thing")
        self.assertEqual(declaration.key_specs, (keys,))
        self.assertEqual(declaration.categories, Category.STRING | Category.WRITE | Category.FAST)
        self.assertEqual(declaration.display_name, "one")
        self.assertFalse(declaration.runs_in_transaction)

    def test_open_arity(self) -> None:
        """A negative arity is a minimum."""
        declaration = Declaration("SOME", some, arity=-2)

        self.assertEqual((declaration.minimum, declaration.maximum), (2, NO_MAXIMUM))
        self.assertEqual(declaration.summary, "Do some things")

    def test_movable_keys(self) -> None:
        """Keys that are found by a number have the flag for it."""
        self.assertIn(
            MOVABLEKEYS, Declaration("A", some, arity=-2, keys=KeyNum(1, access=RW)).flags
        )
        self.assertNotIn(
            MOVABLEKEYS, Declaration("A", one, arity=2, keys=KeyRange(1, access=RW)).flags
        )

    def test_a_subcommand(self) -> None:
        """A subcommand's body gets what is behind both words."""
        declaration = Declaration("BOX|ONE", one, arity=3)

        self.assertEqual(declaration.minimum, 3)
        self.assertEqual(declaration.display_name, "box|one")

    def test_refused(self) -> None:
        """What could only fail at run time is refused."""
        wrong: dict[str, tuple[str, Any, dict[str, Any]]] = {
            "a name in small letters": ("one", one, {"arity": 2}),
            "no arity": ("ONE", one, {"arity": 0}),
            "reading and writing": ("ONE", one, {"arity": 2, "flags": WRITE | READONLY}),
            "no docstring": ("ONE", undocumented, {"arity": 2}),
            "too few arguments": ("ONE", one, {"arity": 1}),
            "too many arguments": ("ONE", one, {"arity": 3}),
            "an open arity for a closed body": ("ONE", one, {"arity": -2}),
            "a closed arity for an open body": ("SOME", some, {"arity": 2}),
            "an open arity below the body's": ("SOME", some, {"arity": -1}),
            "a subcommand counted without its container": ("BOX|ONE", one, {"arity": 2}),
        }
        for why, (name, body, facts) in wrong.items():
            with self.subTest(why):
                self.assertRaises(ValueError, Declaration, name, body, **facts)


class DeclaringTests(SynchronousTestCase):
    """Declarations are entered once."""

    def setUp(self) -> None:
        """Begin with none."""
        self.declared: dict[str, Declaration] = {}
        patch = mock.patch.object(table, "_declared", self.declared)
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_family(self) -> None:
        """The decorator of a family enters the body and returns it as it is."""
        command = family("string", Category.STRING)

        self.assertIs(command("ONE", arity=2, flags=WRITE)(one), one)
        declaration = declared_commands()["ONE"]

        self.assertIs(declaration.body, one)
        self.assertEqual(declaration.group, "string")
        self.assertIn(Category.STRING, declaration.categories)

    def test_categories_of_its_own(self) -> None:
        """A command of a family may be of more categories, and of another group."""
        family("string", Category.STRING)(
            "ONE", arity=2, categories=Category.DANGEROUS, group="generic"
        )(one)
        declaration = declared_commands()["ONE"]

        self.assertIn(Category.STRING | Category.DANGEROUS, declaration.categories)
        self.assertEqual(declaration.group, "generic")

    def test_a_users_command(self) -> None:
        """A command of a user's module says so."""
        table.command("ONE", arity=2, flags=READONLY)(one)
        declaration = declared_commands()["ONE"]

        self.assertEqual(declaration.flags, READONLY | MODULE)
        self.assertEqual(declaration.group, "module")

    def test_a_container(self) -> None:
        """A subcommand is entered in its container, which has to be there."""
        self.assertRaises(ValueError, declare, Declaration("BOX|ONE", one, arity=3))
        container("BOX", group="generic")
        declare(Declaration("BOX|ONE", one, arity=3))

        self.assertEqual(list(declared_commands()), ["BOX"])
        self.assertEqual(list(declared_commands()["BOX"].subcommands), ["ONE"])

    def test_twice(self) -> None:
        """A name is taken once; the same body may come again (a module that is reloaded)."""
        declare(Declaration("ONE", one, arity=2))
        declare(Declaration("ONE", one, arity=2))

        self.assertRaises(ValueError, declare, Declaration("ONE", some, arity=-2))
        container("BOX", group="generic")
        self.assertRaises(ValueError, container, "BOX", group="generic")


def box() -> Declaration:
    """Return a container with a subcommand."""
    declaration = Declaration("BOX", None, arity=-2)
    declaration.subcommands["OPEN"] = Declaration("BOX|OPEN", one, arity=3)
    return declaration


class CommandTests(SynchronousTestCase):
    """A record of one server."""

    def test_plain(self) -> None:
        """What no guard asks about may go the short way."""
        for flags in (WRITE, READONLY | FAST, LOADING | STALE):
            self.assertTrue(Command(Declaration("ONE", one, arity=2, flags=flags)).is_plain)
        for flags in (ADMIN, NO_AUTH, NOSCRIPT, NO_MULTI, PUBSUB, ALLOW_BUSY):
            with self.subTest(flags):
                self.assertFalse(Command(Declaration("ONE", one, arity=2, flags=flags)).is_short)
        self.assertFalse(Command(box()).is_short)

    def test_short(self) -> None:
        """What may make its client wait may go the short way, but is not plain."""
        record = Command(Declaration("ONE", one, arity=2, flags=BLOCKING, may_wait=True))
        self.assertEqual((record.is_short, record.is_plain), (True, False))
        # It would wait where not even Redis expects it to.
        record = Command(Declaration("ONE", one, arity=2, may_wait=True))
        self.assertFalse(record.is_short)

    def test_words(self) -> None:
        """A subcommand has two words in front of its arguments."""
        record = Command(box())

        self.assertEqual(record.words, 1)
        self.assertEqual(record.subcommands["OPEN"].words, 2)

    def test_steady(self) -> None:
        """Constant time is known by the declared complexity."""
        for complexity, steady in (
            ("O(1)", True),
            ("O(1) per key", True),
            ("O(N)", False),
            ("O(log(N))", False),
            ("", False),
        ):
            record = Command(Declaration("ONE", one, arity=2, complexity=complexity))
            self.assertIs(record.is_steady, steady)

    def test_statistics(self) -> None:
        """A reset reaches subcommands."""
        record = Command(box())
        inner = record.subcommands["OPEN"]
        inner.calls = inner.failed = inner.rejected = inner.nanoseconds = 5
        record.reset_statistics()

        self.assertEqual(
            (inner.calls, inner.failed, inner.rejected, inner.nanoseconds), (0, 0, 0, 0)
        )


class CommandTableTests(SynchronousTestCase):
    """Commands are found by name."""

    def setUp(self) -> None:
        """Make a table."""
        self.table = CommandTable(
            [
                Declaration("ONE", one, arity=2),
                Declaration("SOME", some, arity=-2, flags=ADMIN),
                box(),
            ]
        )

    def resolve(self, *argv: bytes) -> str:
        """Return the name of what a request names, or the refusal."""
        try:
            return self.table.resolve(argv).display_name
        except RedisError as error:
            return error.text.decode()

    def test_any_case(self) -> None:
        """Names are found in any case."""
        for name in (b"one", b"ONE", b"One"):
            record = self.table.find(name)
            assert record is not None
            self.assertEqual(record.display_name, "one")
        self.assertIsNone(self.table.find(b"two"))
        self.assertIsNone(self.table.find(b"\xff"))

    def test_the_short_way(self) -> None:
        """Plain commands are at hand in both cases, and those that may have to wait."""
        self.table.add(Declaration("WAIT", one, arity=2, flags=BLOCKING, may_wait=True))

        self.assertEqual(sorted(self.table.plain), [b"ONE", b"one"])
        self.assertEqual(sorted(self.table.short), [b"ONE", b"WAIT", b"one", b"wait"])

    def test_requests(self) -> None:
        """A request names a command, or a subcommand in any case."""
        self.assertEqual(self.resolve(b"one", b"k"), "one")
        self.assertEqual(self.resolve(b"Box", b"Open", b"k"), "box|open")
        self.assertEqual(self.resolve(b"BOX"), "box")
        self.assertEqual(
            self.resolve(b"one|open"), "ERR unknown command 'one|open', with args beginning with: "
        )
        self.assertEqual(
            self.resolve(b"box", b"shut", b"k"), "ERR unknown subcommand 'shut'. Try BOX HELP."
        )

    def test_odd_subcommands(self) -> None:
        """Bytes that are no text name no subcommand, and come back as they are."""
        error = self.assertRaises(RedisError, self.table.resolve, [b"box", b"\xb5\xdf\xff"])

        self.assertEqual(error.text, b"ERR unknown subcommand '\xb5\xdf\xff'. Try BOX HELP.")

    def test_a_container_that_runs(self) -> None:
        """A container with a body of its own still refuses subcommands it does not have."""
        declaration = Declaration("BOX", running, arity=-1)
        declaration.subcommands["OPEN"] = Declaration("BOX|OPEN", one, arity=3)
        self.table = CommandTable([declaration])

        self.assertEqual(self.resolve(b"box"), "box")
        self.assertEqual(self.resolve(b"box", b"x"), "ERR unknown subcommand 'x'. Try BOX HELP.")

    def test_full_names(self) -> None:
        """ACL and COMMAND name subcommands with a bar."""
        for name, found in (
            (b"one", "one"),
            (b"box|open", "box|open"),
            (b"BOX|Open", "box|open"),
            (b"box", "box"),
            (b"box|shut", None),
            (b"x|open", None),
            (b"one|open", None),
        ):
            record = self.table.lookup(name)
            self.assertEqual(record.display_name if record else None, found)

    def test_arity(self) -> None:
        """The words are counted with the name, a container alone never runs."""
        for argv, right in (
            ([b"one", b"k"], True),
            ([b"one"], False),
            ([b"one", b"k", b"l"], False),
            ([b"some", b"k"], True),
            ([b"some", *[b"k"] * 99], True),
            ([b"some"], False),
            ([b"box", b"open", b"k"], True),
            ([b"box", b"open"], False),
            ([b"box"], False),
        ):
            record = self.table.resolve(argv)
            with self.subTest(argv[:3]):
                if right:
                    check_arity(record, argv)
                else:
                    error = self.assertRaises(RedisError, check_arity, record, argv)
                    self.assertEqual(
                        error.text,
                        b"ERR wrong number of arguments for '%b' command"
                        % record.display_name.encode(),
                    )

    def test_renamed(self) -> None:
        """A command may be served under another name, or not at all."""
        declaration = self.table.remove("one")
        self.assertIsNone(self.table.find(b"one"))
        self.assertEqual((self.table.plain, self.table.short), ({}, {}))
        self.table.add(declaration, "UNO")

        self.assertEqual(self.resolve(b"uno", b"k"), "one")
        self.assertEqual(sorted(self.table.plain), [b"UNO", b"uno"])
        self.assertRaises(KeyError, self.table.remove, "ONE")

    def test_every(self) -> None:
        """All that can be counted: subcommands, but no containers without a body."""
        self.assertEqual(
            [record.display_name for record in self.table.every()], ["one", "some", "box|open"]
        )
        self.assertEqual([record.display_name for record in self.table], ["one", "some", "box"])

    def test_servers_count_for_themselves(self) -> None:
        """Two servers share declarations and nothing else."""
        declaration = Declaration("ONE", one, arity=2)
        first, second = CommandTable([declaration]), CommandTable([declaration])
        first.commands["ONE"].calls += 1

        self.assertEqual(second.commands["ONE"].calls, 0)
