"""Tests of libraries of functions."""

from itertools import count

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class RegisterTests(SynchronousTestCase):
    """redis.register_function."""

    def refusal(self, call: str) -> bytes:
        """Return why a library with a call of it is not loaded."""
        text = Session().error("FUNCTION", "LOAD", f"#!lua name=x\nredis.register_function({call})")
        self.assertTrue(text.startswith(b"ERR Error registering functions: ERR "), text)
        return text[len(b"ERR Error registering functions: ERR ") :]

    def test_wrong_arguments(self) -> None:
        """They are refused in Redis' words."""
        f = "function() end"
        for call, text in (
            ("", b"wrong number of arguments to redis.register_function"),
            ("'a', 'b', 'c'", b"wrong number of arguments to redis.register_function"),
            ("{}, " + f, b"first argument to redis.register_function must be a string"),
            ("'a', 'b'", b"second argument to redis.register_function must be a function"),
            ("{}", b"redis.register_function must get a function name argument"),
            ("{function_name = 'a'}", b"redis.register_function must get a callback argument"),
            ("{foo = 1}", b"unknown argument given to redis.register_function"),
            (
                "{function_name = {}}",
                b"function_name argument given to redis.register_function must be a string",
            ),
            (
                "{callback = 1}",
                b"callback argument given to redis.register_function must be a function",
            ),
            ("{flags = {'bad'}}", b"unknown flag given"),
            ("{[{}] = 1}", b"named argument key given to redis.register_function is not a string"),
        ):
            with self.subTest(call):
                self.assertEqual(text, self.refusal(call))

    def test_a_name_only_once(self) -> None:
        """A library has no two functions of a name."""
        self.assertEqual(
            b"Function already exists in the library",
            self.refusal("'a', function() end) redis.register_function('a', function() end"),
        )

    def test_only_while_loading(self) -> None:
        """A function cannot make others."""
        session = Session()
        code = (
            "#!lua name=x\nlocal register = redis.register_function\n"
            "register('f', function() register('g', function() end) end)"
        )
        session.do("FUNCTION", "LOAD", code)
        self.assertIn(
            b"redis.register_function can only be called on FUNCTION LOAD command",
            session.error("FCALL", "f", 0),
        )

    def test_loading_has_an_end(self) -> None:
        """A library that takes too long is refused, whatever it catches."""
        session = Session()
        ticks = count()
        session.server.timer = lambda: next(ticks) * 100_000_000
        for loop in ("while true do end", "local f = function() while true do end end f()"):
            self.assertEqual(
                b"ERR Error registering functions: ERR FUNCTION LOAD timeout",
                session.error("FUNCTION", "LOAD", f"#!lua name=x\n{loop}"),
            )
        self.assertEqual(1, session.do("EVAL", "for i = 1, 1000000 do end return 1", 0))
