"""Tests of what scripts can reach, and of what they cannot."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.scripting.code import Code
from pyredis.execution.scripting.sandbox import Sandbox
from pyredis.execution.scripting.shebang import ScriptFlag
from tests.commands.session import Session

ESCAPES = {
    "python": "return python",
    "the attributes of a function": "return redis.call.__globals__",
    "the class of a function": "return redis.call.__class__.__mro__",
    "the metatable of a function": "return getmetatable(redis.call).__index",
    "an attribute of an error": (
        "local ok, e = pcall(redis.call, 'nosuch'); return e.__traceback__.x"
    ),
    "io": "return io.open('/etc/passwd')",
    "os": "return os.execute('true')",
    "debug": "return debug.getregistry()",
    "package": "return package.loaded",
    "require": "return require('os')",
    "dofile": "return dofile('/etc/passwd')",
    "loadfile": "return loadfile('/etc/passwd')",
    "another environment": "return getfenv(0).os.execute",
    "the environment of a function": "return getfenv(redis.call).python.eval",
    "the environment of Lua's functions": "return getfenv(string.format).debug.x",
    "the environment of a wrapper": "return getfenv(pcall).io.open",
    "a change of the environment": "setfenv(pcall, {}) return pcall",
    "a change of the thread's environment": "setfenv(0, {}) return 1",
    "bytecode": "return loadstring(string.dump(function() return 1 end))()",
    "bytecode by pieces": (
        "local t = string.dump(function() return 1 end) local i = 0 "
        "return load(function() i = i + 1 return string.sub(t, i, i) end)()"
    ),
    "a global": "x = 1",
    "a global by rawset": "rawset(_G, 'x', 1)",
    "a finalizer": "getmetatable(newproxy(true)).__gc = error",
    "a finalizer by another metatable": (
        "local p = newproxy(newproxy(true)) getmetatable(p).__metatable = false "
        "getmetatable(p).__gc = error"
    ),
    "a library": "string.format = nil",
    "a library by rawset": "rawset(string, 'format', 1)",
    "a library by table.insert": "table.insert(redis, 1)",
    "the metatable of strings": "getmetatable('').__index = {}",
    "another metatable for globals": "setmetatable(_G, {})",
    "another metatable for strings' methods": "setmetatable(getmetatable(''), {})",
    "a function of the library behind pairs": "local _, t = pairs(redis) t.call = nil",
    "the table of a library by its metatable": "return getmetatable(redis).__index.call",
}


def sandbox(**facts: Any) -> Sandbox:
    """Return one that offers nothing."""
    return Sandbox({}, {}, lambda: None, **facts)


class EscapeTests(SynchronousTestCase):
    """What others have got out by."""

    def test_every_way_out_is_closed(self) -> None:
        """No known trick gives a script anything but an error."""
        for name, script in ESCAPES.items():
            with self.subTest(name):
                reply = Session().do("EVAL", script, 0)
                self.assertIsInstance(reply, RedisError, f"{name}: {reply!r}")

    def test_proxies(self) -> None:
        """What else they can do they do."""
        script = (
            "local p = newproxy(true) local m = getmetatable(p) "
            "m.__index = function(_, k) return k .. '!' end rawset(m, '__gc', error) "
            "local q = newproxy(p) return {p.x, q.y, type(newproxy()), tostring(m.__gc == nil)}"
        )
        self.assertEqual([b"x!", b"y!", b"userdata", b"false"], Session().do("EVAL", script, 0))
        session = Session()
        session.do("EVAL", "rawset(getmetatable(newproxy(true)), '__gc', error)", 0)
        self.assertEqual(1, session.do("EVAL", "collectgarbage() return 1", 0))

    def test_nothing_a_script_sees_is_of_python(self) -> None:
        """Walking all that can be reached finds tables, functions, values and JSON's null."""
        walk = """
            local seen, found = {}, {}
            local function walk(value, path)
              local kind = type(value)
              if kind == 'userdata' or kind == 'thread' then found[#found + 1] = path end
              if kind ~= 'table' or seen[value] then return end
              seen[value] = true
              for k, v in pairs(value) do walk(v, path .. '.' .. tostring(k)) end
              local behind = getmetatable(value)
              if behind then walk(behind, path .. '<meta>') end
            end
            walk(_G, '_G')
            return found
        """
        self.assertEqual([b"_G.cjson.null"], Session().do("EVAL", walk, 0))

    def test_an_error_python_raised_is_a_table(self) -> None:
        """Whatever catches an error sees Redis' error, not Python's."""
        for catch in (
            "local ok, e = pcall(redis.call, 'nosuch') return type(e)",
            "local ok, e = xpcall(function() redis.call('nosuch') end, type) return e",
            "local ok, e = coroutine.resume(coroutine.create(function() redis.call('nosuch') end))"
            " return type(e)",
            "local ok, e = pcall(coroutine.wrap(function() redis.call('nosuch') end))"
            " return type(e)",
        ):
            with self.subTest(catch):
                self.assertIn(Session().do("EVAL", catch, 0), (b"string", b"table"))


def run(box: Sandbox, script: bytes, *arguments: bytes) -> Any:
    """Run a script without keys, and return what the sandbox makes of it."""
    function = box.compile(script, b"@user_script")
    return box.run(Code(box, function, b"x", ScriptFlag.COMPATIBLE, True), 0, arguments)


class MemoryTests(SynchronousTestCase):
    """A script cannot take all of the machine's memory."""

    def check(self, script: bytes) -> None:
        """Run a script in little memory, and see that another runs behind it."""
        box = sandbox(memory_limit=8 << 20)
        result = run(box, script)
        reply, _ = box.reply(result, 2, b"x")
        self.assertIn(b"not enough memory", reply.text)
        self.assertEqual(7, run(box, b"return 7"))

    def test_a_string_that_doubles(self) -> None:
        """It ends when it is too large."""
        self.check(b"local s = 'x' while true do s = s .. s end")

    def test_a_table_that_grows(self) -> None:
        """It ends when it is too large."""
        self.check(b"local t = {} for i = 1, 1e9 do t[i] = {i} end")

    def test_a_repeated_string(self) -> None:
        """It is refused at once."""
        self.check(b"return string.rep('x', 1e9)")

    def test_arguments_that_do_not_fit(self) -> None:
        """They are refused before they are copied."""
        box = sandbox(memory_limit=8 << 20)
        result = run(box, b"return 1", b"x" * (9 << 20))
        reply, _ = box.reply(result, 2, b"x")
        self.assertIn(b"not enough memory", reply.text)


class ReplyTests(SynchronousTestCase):
    """What a script gives."""

    def test_a_table_within_itself_ends(self) -> None:
        """It is nested as deep as Redis would go no further, with an error inside."""
        reply: Any = Session().do("EVAL", "local a = {} a[1] = a return a", 0)
        depth = 0
        while isinstance(reply, list):
            (reply,) = reply
            depth += 1
        self.assertGreater(depth, 100)
        self.assertEqual(b"ERR reached lua stack limit", reply.text)

    def test_many_members(self) -> None:
        """They come in order."""
        reply = Session().do("EVAL", "local t = {} for i = 1, 1000 do t[i] = i end return t", 0)
        self.assertEqual(list(range(1, 1001)), reply)

    def test_many_arguments(self) -> None:
        """They arrive, keys and others apart."""
        words = [str(number) for number in range(1000)]
        reply = Session().do("EVAL", "return {#KEYS, #ARGV, KEYS[300], ARGV[700]}", 300, *words)
        self.assertEqual([300, 700, b"299", b"999"], reply)
