"""Tests of FUNCTION and FCALL."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK, Simple
from tests.commands.session import Session

LIBRARY = """#!lua name=lib
local function both(keys, arguments) return {keys[1], arguments[1]} end
redis.register_function('both', both)
redis.register_function{
  function_name = 'reads', description = 'It reads.', flags = {'no-writes'},
  callback = function(keys) return redis.call('get', keys[1]) end,
}
redis.register_function('writes', function(keys) return redis.call('set', keys[1], 1) end)
"""


class FunctionTests(SynchronousTestCase):
    """Libraries, and calling what is in them."""

    def setUp(self) -> None:
        """Load a library."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.assertEqual(b"lib", self.do("FUNCTION", "LOAD", LIBRARY))

    def test_calling(self) -> None:
        """Keys and arguments are the function's arguments."""
        self.assertEqual([b"k", b"a"], self.do("FCALL", "both", 1, "k", "a"))
        self.assertEqual([b"k", b"a"], self.do("FCALL", "BOTH", 1, "k", "a"))
        self.assertEqual(Simple(b"OK"), self.do("FCALL", "writes", 1, "k"))
        self.assertEqual(b"1", self.do("FCALL_RO", "reads", 1, "k"))

    def test_what_cannot_be_called(self) -> None:
        """Unknown functions, wrong counts, and what may write where it must not."""
        self.assertEqual(b"ERR Function not found", self.error("FCALL", "no", 0))
        self.assertEqual(b"ERR Bad number of keys provided", self.error("FCALL", "both", "x"))
        self.assertEqual(
            b"ERR Number of keys can't be greater than number of args",
            self.error("FCALL", "both", 1),
        )
        self.assertEqual(
            b"ERR Can not execute a script with write flag using *_ro command.",
            self.error("FCALL_RO", "both", 0),
        )

    def test_a_name_is_taken(self) -> None:
        """REPLACE takes the place; another library may not have the same functions."""
        self.assertEqual(
            b"ERR Library 'lib' already exists", self.error("FUNCTION", "LOAD", LIBRARY)
        )
        self.assertEqual(b"lib", self.do("FUNCTION", "LOAD", "REPLACE", LIBRARY))
        self.assertEqual(
            b"ERR Function both already exists",
            self.error("FUNCTION", "LOAD", LIBRARY.replace("name=lib", "name=other")),
        )

    def test_a_bad_replacement_changes_nothing(self) -> None:
        """The old library stays."""
        self.error("FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nreturn 1")
        self.assertEqual([b"k", b"a"], self.do("FCALL", "both", 1, "k", "a"))

    def test_what_a_library_may_not_do(self) -> None:
        """While it loads there is little it can reach."""
        for text, expected in (
            ("redis.call('get', 'a')", b"nonexistent global variable 'call'"),
            ("math.random()", b"nonexistent global variable 'math'"),
            ("x = 1", b"Attempt to modify a readonly table"),
            ("redis.x = 1", b"Attempt to modify a readonly table"),
        ):
            with self.subTest(text):
                self.assertIn(expected, self.error("FUNCTION", "LOAD", f"#!lua name=x\n{text}"))

    def test_refusals(self) -> None:
        """Other things FUNCTION LOAD does not take."""
        for words, text in (
            (("#!lua name=x\nreturn 1",), b"ERR No functions registered"),
            (("#!foo name=x\n",), b"ERR Engine 'foo' not found"),
            (("what", LIBRARY), b"ERR Unknown option given: what"),
            (
                ("#!lua name=x\nreturn {",),
                b"ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'",
            ),
        ):
            with self.subTest(words):
                self.assertEqual(text, self.error("FUNCTION", "LOAD", *words))

    def test_listing(self) -> None:
        """Libraries by a pattern, with their text if asked for."""
        (library,) = self.do("FUNCTION", "LIST", "LIBRARYNAME", "LI*", "WITHCODE")
        self.assertEqual(LIBRARY.encode(), library[b"library_code"])
        self.assertEqual(b"LUA", library[b"engine"])
        reads = library[b"functions"][1]
        self.assertEqual(
            {b"name": b"reads", b"description": b"It reads.", b"flags": [Simple(b"no-writes")]},
            reads,
        )
        self.assertEqual([], self.do("FUNCTION", "LIST", "LIBRARYNAME", "x"))
        self.assertEqual(b"ERR Unknown argument x", self.error("FUNCTION", "LIST", "x"))
        self.assertEqual(
            b"ERR library name argument was not given",
            self.error("FUNCTION", "LIST", "LIBRARYNAME"),
        )

    def test_statistics(self) -> None:
        """They count libraries and functions."""
        statistics = self.do("FUNCTION", "STATS")
        self.assertIsNone(statistics[b"running_script"])
        self.assertEqual(
            {b"libraries_count": 1, b"functions_count": 3}, statistics[b"engines"][b"LUA"]
        )

    def test_deleting(self) -> None:
        """It takes the functions along."""
        self.assertEqual(1, self.session.changes("FUNCTION", "DELETE", "lib"))
        self.assertEqual(b"ERR Function not found", self.error("FCALL", "both", 0))
        self.assertEqual(b"ERR Library not found", self.error("FUNCTION", "DELETE", "lib"))

    def test_dumped_and_restored(self) -> None:
        """What was dumped comes back, by the policy given."""
        payload = self.do("FUNCTION", "DUMP")
        self.assertEqual(
            b"ERR Library lib already exists", self.error("FUNCTION", "RESTORE", payload)
        )
        self.assertEqual(OK, self.do("FUNCTION", "RESTORE", payload, "REPLACE"))
        self.assertEqual(OK, self.do("FUNCTION", "FLUSH"))
        self.assertEqual([], self.do("FUNCTION", "LIST"))
        self.assertEqual(OK, self.do("FUNCTION", "RESTORE", payload))
        self.do("FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('x', function() end)")
        self.assertEqual(OK, self.do("FUNCTION", "RESTORE", payload, "FLUSH"))
        self.assertEqual(1, len(self.do("FUNCTION", "LIST")))

    def test_payloads_that_are_none(self) -> None:
        """Changed ones, and unknown policies, are refused."""
        payload = self.do("FUNCTION", "DUMP")
        for bad in (b"abc", payload[:-1] + b"\0", payload[1:]):
            self.assertEqual(
                b"ERR DUMP payload version or checksum are wrong",
                self.error("FUNCTION", "RESTORE", bad),
            )
        self.assertEqual(
            b"ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            self.error("FUNCTION", "RESTORE", payload, "x"),
        )

    def test_flushing(self) -> None:
        """It takes SYNC or ASYNC."""
        self.assertEqual(OK, self.do("FUNCTION", "FLUSH", "async"))
        self.assertEqual(
            b"ERR FUNCTION FLUSH only supports SYNC|ASYNC option",
            self.error("FUNCTION", "FLUSH", "x"),
        )

    def test_nothing_to_kill(self) -> None:
        """Without a running function there is nothing to end."""
        self.assertEqual(
            b"NOTBUSY No scripts in execution right now.", self.error("FUNCTION", "KILL")
        )
