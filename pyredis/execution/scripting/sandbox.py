"""
One Lua state whose scripts reach nothing but what is meant for them.

It is lupa's Lua 5.1, without Python's builtins, with every attribute of every
Python object refused, and with a limit to its memory. What scripts call of
Python's are C closures around functions that take and return bytes, numbers,
booleans and Lua tables only.

Python converts values into Lua's memory where Lua cannot unwind safely, so
there must be room then: a call is refused while more than three quarters of the
memory are in use, and so is a reply that would not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyredis.errors import RedisError
from pyredis.execution.scripting import debug_hook, prelude
from pyredis.execution.scripting.conversion import FromLua, error_of, status_of
from pyredis.execution.scripting.libraries import bit, cjson, cmsgpack, struct
from pyredis.execution.scripting.random_numbers import RandomNumbers
from pyredis.wire.replies import Reply

if TYPE_CHECKING:
    from pyredis.execution.scripting.code import Code

MEMORY_LIMIT = 1 << 30
"""How many bytes all scripts of one state may use."""

INSTRUCTIONS_A_TICK = 100_000

MAX_DEPTH = 160
"""How deep tables may be nested in what a script returns."""

_CHUNK = b"@pyredis"
_AT_ONCE = 200
_SMALL = 1 << 16
_TABLE, _FLAT, _FAILED, _STATUS = 1, 2, 3, 4
_LIBRARIES: tuple[tuple[bytes, Any], ...] = (
    (b"bit", bit),
    (b"cjson", cjson),
    (b"cmsgpack", cmsgpack),
    (b"struct", struct),
)


class Refused(Exception):
    """What a script called cannot be done; the error table is the sandbox's ``pending``."""


def _no_attribute(obj: object, name: object, setting: bool) -> str:
    raise AttributeError("not for scripts")


def _lua() -> Any:
    """
    Return the module of Lua 5.1.

    Raises:
        RedisError: It is not installed.
    """
    try:
        from lupa import lua51
    except ImportError:
        raise RedisError("Scripting needs Lua, which is not installed: pip install lupa") from None
    return lua51


class Sandbox:
    """
    A Lua state.

    Args:
        functions: What ``redis`` offers, by name.
        constants: Numbers and strings in ``redis``, by name.
        tick: Called now and then while a script runs; what it returns ends the script.
        register: What libraries call to name their functions, if there are any.
        memory_limit: In bytes.

    Attributes:
        crowded_from: How many bytes may be in use before there may be no room for
            values from outside.
        pending: The fields of the error table that goes with :class:`Refused`.

    Raises:
        RedisError: Lua is not installed.
    """

    def __init__(
        self,
        functions: dict[bytes, Callable[..., Any]],
        constants: dict[bytes, Any],
        tick: Callable[[], bytes | None],
        register: Callable[..., Any] | None = None,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        lua51 = _lua()
        self.lua_type: Callable[[Any], str | None] = lua51.lua_type
        self.lua_errors = (lua51.LuaError, MemoryError)
        self.pending: dict[bytes, Any] | None = None
        self._limit = memory_limit
        self.crowded_from = memory_limit // 4 * 3
        self._lua: Any = lua51.LuaRuntime(
            encoding=None,
            source_encoding="latin-1",
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            attribute_filter=_no_attribute,
            max_memory=memory_limit,
        )
        self._tick = tick
        self._functions = functions
        table = self._lua.table_from
        numbers = RandomNumbers()
        host = table(
            {
                b"call": self._take_error,
                b"take_error": self._take_error,
                b"tick": self._on_tick,
                b"call_with_many": self._call_with_many,
                b"random": numbers.random,
                b"randomseed": numbers.seed,
                b"functions": table(functions),
                b"constants": table(constants),
                b"for_scripts": register is None,
                b"register": register or False,
                b"every": INSTRUCTIONS_A_TICK,
                b"depth": MAX_DEPTH,
            }
        )
        # Made before the state loses what makes it.
        makers = [
            (name, self._lua.execute(library.SOURCE, name=_CHUNK), library)
            for name, library in _LIBRARIES
        ]
        self.exports: Any = self._lua.execute(prelude.SOURCE, host, name=_CHUNK)
        for name, make, library in makers:
            self.exports[b"import"](name, make, table(getattr(library, "HELPERS", {})))
        self.exports[b"lock"]()
        self.table = table
        self._compile = self.exports[b"compile"]
        self._load = self.exports[b"load"]
        self._slice = self.exports[b"slice"]
        self._runners = self.exports[b"call_runner"], self.exports[b"eval_runner"]
        self._with_tables = self.exports[b"call_tables"], self.exports[b"eval_tables"]
        self.memory_used: Callable[[], int] = self._lua.get_memory_used

    # What Lua calls

    def _take_error(self) -> Any:
        """Return the error table that belongs to the exception just raised."""
        pending, self.pending = self.pending, None
        return None if pending is None else self.table(pending)

    def _on_tick(self) -> Any:
        text = self._tick()
        return None if text is None else self.table({b"err": text})

    def _call_with_many(self, name: bytes, count: int, arguments: Any) -> Any:
        """Call a function with arguments that are in a table."""
        return self._functions[name](*self._tokens(arguments, count))

    # What Python calls

    def refuse(self, text: bytes, counted: bool = False) -> Refused:
        """
        Return what to raise to make a function that a script called fail.

        Args:
            text: The error, code included.
            counted: Whether the error statistics know of it.
        """
        self.pending = {b"err": text}
        if counted:
            self.pending[b"ignore_error_stats_update"] = True
        return Refused()

    @property
    def room(self) -> int:
        """How many bytes may be put into the state from outside."""
        return self._limit * 7 // 8 - self.memory_used()

    def is_crowded(self) -> bool:
        """Tell whether there may be no room for values from outside."""
        return self.memory_used() > self.crowded_from

    def compile(self, text: bytes, name: bytes) -> Any:
        """
        Return the Lua function of a text, or the compiler's complaint as bytes.

        Raises:
            RedisError: There is no room for it.
        """
        if self._is_too_large(len(text) * 4):
            return b"not enough memory"
        return self._compile(text, name)

    def _is_too_large(self, size: int) -> bool:
        if size > self.room or self.is_crowded():
            self._lua.gccollect()
            return size > self.room or self.is_crowded()
        return False

    def runner(self, function: Any, is_eval: bool) -> Callable[..., Any]:
        """Return what runs a function, see :attr:`Code.runner`."""
        made: Callable[..., Any] = self._runners[is_eval](function)
        return made

    def run(self, code: Code, numkeys: int, arguments: Sequence[bytes]) -> Any:
        """
        Run a script or a function; return what it gave, see :meth:`reply`.

        Args:
            code: What to run.
            numkeys: How many of the arguments are keys.
            arguments: Keys, then arguments.
        """
        size = sum(map(len, arguments)) + 64 * len(arguments) if arguments else 0
        if (size > _SMALL or self.memory_used() > self.crowded_from) and self._is_too_large(size):
            return (_FAILED, b"not enough memory")
        try:
            if not arguments:
                return code.runner()
            if len(arguments) <= _AT_ONCE:
                return code.runner(numkeys, *arguments)
            keys = self.table(list(arguments[:numkeys]))
            others = self.table(list(arguments[numkeys:]))
            return self._with_tables[code.is_eval](code.function, keys, others)
        except self.lua_errors as error:
            self._lua.gccollect()
            return (_FAILED, str(error).encode() or b"not enough memory")

    def reply(self, result: Any, resp: int, name: bytes) -> tuple[Reply, bool]:
        """
        Return what a script answers, and whether it is an error that was counted already.

        Args:
            result: Of :meth:`run`; neither bytes nor an integer.
            resp: What the script had set, 2 or 3.
            name: The script's, for errors.
        """
        reader = FromLua(resp)
        if result.__class__ is not tuple:
            return reader.plain(result), False
        kind = result[0]
        if kind == _STATUS:
            return status_of(result[1]), False
        if kind == _FLAT:
            return list(result[2:]), False
        if kind == _TABLE:
            tokens = self._tokens(result[2], result[1])
            counted = tokens[0] == 1 and bool(tokens[2])
            return reader.read(iter(tokens)), counted
        return self._failure(result[1:], name)

    def _tokens(self, table: Any, count: int) -> list[Any]:
        tokens: list[Any] = []
        for first in range(1, count + 1, _AT_ONCE):
            part = self._slice(table, first, min(count, first + _AT_ONCE - 1))
            if part.__class__ is tuple:
                tokens += part
            else:
                tokens.append(part)
        return tokens

    @staticmethod
    def _failure(facts: Sequence[Any], name: bytes) -> tuple[Reply, bool]:
        if len(facts) == 1:
            problem = facts[0] or b"execution failure"
            return RedisError(b"Error running script %b, %b" % (name, problem[:100])), False
        text, source, line, counted = facts
        text = text or b"ERR"
        if source is not None and line is not None:
            text += b" script: %b, on %b:%b." % (name, source, line)
        return error_of(text), counted

    def load(self, function: Any) -> bytes | None:
        """Run the text of a library; return why it failed, if it did."""
        try:
            problem: bytes | None = self._load(function)
        except self.lua_errors as error:
            self._lua.gccollect()
            return b"ERR " + (str(error).encode() or b"not enough memory")
        return problem

    def debug_with(self, functions: dict[bytes, Callable[..., Any]]) -> None:
        """
        Let whatever runs here from now on be debugged.

        Args:
            functions: What :mod:`pyredis.execution.scripting.debug_hook` calls, by name.
        """
        make = self._lua.execute(b"return function(...)" + debug_hook.SOURCE + b"end", name=_CHUNK)
        self.exports[b"debug_with"](make, self.table(functions))

    def rehook(self) -> None:
        """Count instructions again, after a script was killed."""
        self.exports[b"rehook"]()
