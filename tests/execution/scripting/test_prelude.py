"""Tests of the sandbox's own Lua: coroutines, errors, read-only tables."""

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class PreludeTests(SynchronousTestCase):
    """What scripts find in Lua's own functions."""

    def eval(self, script: str) -> object:
        """Return a script's reply."""
        return Session().do("EVAL", script, 0)

    def test_coroutines_give_and_take(self) -> None:
        """They work as in Lua."""
        script = """
            local c = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
            return {c(1), c(5)}
        """
        self.assertEqual([2, 10], self.eval(script))

    def test_libraries_can_be_listed(self) -> None:
        """Iterating over a read-only table gives what is behind it."""
        script = "local n = 0 for k in pairs(bit) do n = n + 1 end return {n, (next(bit)) ~= nil}"
        self.assertEqual([12, 1], self.eval(script))

    def test_load_takes_text(self) -> None:
        """What it compiles sees the sandbox's globals alone."""
        script = "local f = loadstring('return redis ~= nil and KEYS ~= nil') return f()"
        self.assertEqual(1, self.eval(script))

    def test_random_numbers_are_those_of_redis(self) -> None:
        """A seed gives the same numbers everywhere."""
        script = (
            "math.randomseed(10) return {math.random(1000), math.random(1000), math.random(5, 9)}"
        )
        self.assertEqual(self.eval(script), self.eval(script))

    def test_an_error_is_placed(self) -> None:
        """Script and line are in the text, of a tail call too."""
        text = Session().error("EVAL", "local a = 1\nreturn redis.call('nosuch')", 0)
        self.assertTrue(text.endswith(b", on @user_script:2."), text)

    def test_a_tail_call_that_fails(self) -> None:
        """Whose line it was is in the text as if the caller were still there."""
        session = Session()
        problem = b"Expected value but found invalid token at character 1"
        for script, place in (
            ("return cjson.decode('x')", b"user_script:1: "),
            ("local a = 1\nreturn cjson.decode('x')", b"user_script:2: "),
            ("local a = cjson.decode('x')\nreturn a", b"user_script:1: "),
            ("return pcall(cjson.decode, 'x')", b""),
            ("return pcall(function() return cjson.decode('x') end)", b"user_script:1: "),
        ):
            script = script.replace("return pcall", "return select(2, pcall") + (
                ")" if "pcall" in script else ""
            )
            reply = session.do("EVAL", script, 0)
            text = reply if isinstance(reply, bytes) else reply.text.removeprefix(b"ERR ")
            self.assertTrue(text.startswith(place + problem), text)
        for call, problem in (
            ("struct.pack('z')", b"bad argument #1 to 'pack' (invalid format option 'z')"),
            ("bit.tobit('a')", b"bad argument #1 to 'tobit' (number expected, got string)"),
            (
                "setmetatable(1, 2)",
                b"bad argument #1 to 'setmetatable' (table expected, got number)",
            ),
            ("math.random(0)", b"bad argument #1 to 'random' (interval is empty)"),
        ):
            for script in (f"return {call}", f"local a = {call}"):
                text = session.error("EVAL", script, 0)
                self.assertTrue(text.startswith(b"ERR user_script:1: " + problem), text)

    def test_a_tail_call_that_fails_in_a_function(self) -> None:
        """The place is that of its library."""
        session = Session()
        library = "#!lua name=lib\nredis.register_function('f', function()\nreturn %s\nend)"
        session.do("FUNCTION", "LOAD", library % "cjson.decode('x')")
        self.assertIn(b"user_function:3: Expected value", session.error("FCALL", "f", 0))
