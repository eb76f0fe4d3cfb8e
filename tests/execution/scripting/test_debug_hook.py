"""Tests of pyredis.execution.scripting.debug_hook: what the debugger finds in Lua."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.execution.scripting.dialogues import debugged

SCRIPT = """local a = 1
local t = {1, 'two', {x = true}}
local f = function(n)
  local inner = n * 2
  return inner
end
local r = f(21)
return {a, r}"""


class LookingTests(SynchronousTestCase):
    """Variables, calls and code."""

    def heard(self, script: str, *lines: str, words: tuple[str, ...] = ()) -> list[bytes]:
        """Return the lines that the client was sent."""
        _, dialogue = debugged(script, *lines, words=words)
        return [line for lines_ in dialogue.heard for line in lines_]

    def test_local_variables(self) -> None:
        """All of them, in the order they were made; or one, wherever it is."""
        heard = self.heard(SCRIPT, "b 5", "c", "p", "p a", "p nope")
        self.assertIn(b"<value> n = 21", heard)
        self.assertIn(b"<value> inner = 42", heard)
        self.assertIn(b"<value> 1", heard)
        self.assertIn(b"No such variable.", heard)
        self.assertIn(b"No local variables in the current context.", self.heard(SCRIPT, "print"))

    def test_values(self) -> None:
        """Tables as what they look like; functions by their place."""
        heard = self.heard(SCRIPT, "b 7", "c", "p t", "p f")
        self.assertIn(b'<value> {1; "two"; {["x"]=true}}', heard)
        self.assertTrue(any(line.startswith(b'<value> "function@0x') for line in heard))

    def test_a_value_within_itself(self) -> None:
        """It is not followed for ever."""
        heard = self.heard("local t = {}\nt[1] = t\nreturn 1", "s", "s", "p t")
        self.assertTrue(any(b"max recursion level reached" in line for line in heard))

    def test_values_with_ideas_of_their_own(self) -> None:
        """What is shown is not what a metatable says, and runs none of its functions."""
        script = (
            "local u = newproxy(true)\n"
            "getmetatable(u).__tostring = function() while true do end end\n"
            "local t = setmetatable({}, {__index = function() while true do end end})\n"
            "return 1"
        )
        heard = self.heard(script, "b 4", "c", "p u", "p t")
        self.assertIn(b'<value> "userdata"', heard)
        self.assertIn(b"<value> {}", heard)

    def test_keys_and_arguments(self) -> None:
        """They are shown like variables."""
        heard = self.heard("return 1", "p KEYS", "p ARGV", words=("k",))
        self.assertIn(b'<value> {"k"}', heard)
        self.assertIn(b"<value> {}", heard)

    def test_calls(self) -> None:
        """Who called what runs, innermost first."""
        heard = self.heard(SCRIPT, "b 5", "c", "t")
        start = heard.index(b"In f:")
        self.assertEqual(
            heard[start : start + 4],
            [b"In f:", b"->#5     return inner", b"From top level:", b"   7   local r = f(21)"],
        )

    def test_code(self) -> None:
        """An expression or a statement is run in the script's environment."""
        heard = self.heard(SCRIPT, "e 1+1", "e local z = 3 return z", "e KEYS", "e a b")
        self.assertIn(b"<retval> 2", heard)
        self.assertIn(b"<retval> 3", heard)
        self.assertIn(b"<retval> {}", heard)
        self.assertTrue(any(line.startswith(b"<error> ldb_eval:1:") for line in heard))

    def test_code_that_fails(self) -> None:
        """It is told how, by a command as well; the script is where it was."""
        heard = self.heard(SCRIPT, "e error('oops')", "e redis.call('nope')", "e io.open('x')", "c")
        self.assertIn(b"<error> ldb_eval:1: oops", heard)
        self.assertIn(b"<error> ERR Unknown Redis command called from script", heard)
        self.assertTrue(any(b"nonexistent global variable 'io'" in line for line in heard))
        self.assertEqual(heard[-1], b"<endsession>")

    def test_breakpoints_of_the_script(self) -> None:
        """It stops before the next line, and shows what it is told to."""
        heard = self.heard("redis.debug('hi', 1.5, nil)\nredis.breakpoint()\nreturn 1", "c", "c")
        self.assertIn(b'<debug> line 1: "hi", 1.5, nil', heard)
        self.assertIn(b"* Stopped at 3, stop reason = redis.breakpoint() called", heard)
