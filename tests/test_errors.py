"""Tests of pyredis.errors: what is said to clients, to the byte."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis import errors
from pyredis.errors import ProtocolError, RedisError, WrongType, unknown_command, unknown_subcommand

TEXTS = {
    "syntax_error": "ERR syntax error",
    "not_an_integer": "ERR value is not an integer or out of range",
    "not_a_float": "ERR value is not a valid float",
    "out_of_range": "ERR value is out of range",
    "not_positive": "ERR value is out of range, must be positive",
    "no_such_key": "ERR no such key",
    "index_out_of_range": "ERR index out of range",
    "string_too_long": "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
    "overflow": "ERR increment or decrement would overflow",
    "db_index_out_of_range": "ERR DB index is out of range",
}


class RedisErrorTests(SynchronousTestCase):
    """An error is a code and a message."""

    def test_text(self) -> None:
        """The text is both; the message may be bytes."""
        self.assertEqual(RedisError("no").text, b"ERR no")
        self.assertEqual(RedisError(b"\xff", "BUSY").text, b"BUSY \xff")
        self.assertEqual(RedisError("größer").text, "ERR größer".encode())

    def test_one_line(self) -> None:
        """What would end the line is a blank."""
        self.assertEqual(RedisError("a\r\nb\nc").text, b"ERR a  b c")

    def test_a_code_of_its_own(self) -> None:
        """A code given to one error is not another's."""
        RedisError("x", "BUSY")

        self.assertEqual(RedisError("x").code, "ERR")
        self.assertEqual(WrongType().code, "WRONGTYPE")

    def test_protocol_errors(self) -> None:
        """A protocol error says so."""
        self.assertEqual(ProtocolError("too big").text, b"ERR Protocol error: too big")
        self.assertEqual(ProtocolError(b"got '\xff'").text, b"ERR Protocol error: got '\xff'")

    def test_always_a_new_one(self) -> None:
        """No error is shared: it would keep the tracebacks of all its raises."""
        for name in TEXTS:
            make = getattr(errors, name)

            self.assertIsNot(make(), make())


class TextTests(SynchronousTestCase):
    """Redis' own words."""

    def test_fixed_texts(self) -> None:
        """Those that are always the same."""
        for name, text in TEXTS.items():
            self.assertEqual(getattr(errors, name)().text, text.encode())

    def test_by_command(self) -> None:
        """Those that name the command."""
        self.assertEqual(
            errors.wrong_arity("client|list").text,
            b"ERR wrong number of arguments for 'client|list' command",
        )
        self.assertEqual(
            errors.invalid_expire("set").text, b"ERR invalid expire time in 'set' command"
        )

    def test_unknown_commands(self) -> None:
        """The name and the beginning of the arguments, 128 bytes of each at most."""
        for name, arguments, expected in (
            (b"foo", [], b"'foo', with args beginning with: "),
            (b"foo", [b"a", b"b"], b"'foo', with args beginning with: 'a' 'b' "),
            (b"x" * 200, [], b"'%b', with args beginning with: " % (b"x" * 128)),
            (b"foo", [b"y" * 200, b"z"], b"'foo', with args beginning with: '%b' " % (b"y" * 128)),
            (
                b"foo",
                [b"y" * 120, b"z" * 20, b"z"],
                b"'foo', with args beginning with: '%b' 'zzzzz' " % (b"y" * 120),
            ),
        ):
            with self.subTest(name=name[:5], arguments=len(arguments)):
                self.assertEqual(
                    unknown_command(name, arguments).text, b"ERR unknown command " + expected
                )

    def test_unknown_subcommands(self) -> None:
        """The subcommand as it was spelled, 128 bytes at most."""
        self.assertEqual(
            unknown_subcommand(b"Foo", "CLIENT").text,
            b"ERR unknown subcommand 'Foo'. Try CLIENT HELP.",
        )
        self.assertEqual(
            unknown_subcommand(b"x" * 200, "CLIENT").text,
            b"ERR unknown subcommand '%b'. Try CLIENT HELP." % (b"x" * 128),
        )
