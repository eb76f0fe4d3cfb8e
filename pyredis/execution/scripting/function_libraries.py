"""
Libraries of functions: what FUNCTION LOAD keeps and FCALL runs.

A library's text runs once, to name its functions; all libraries share one Lua
state, which is not the one of EVAL's scripts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyredis.errors import RedisError
from pyredis.execution.scripting.code import Code
from pyredis.execution.scripting.offered_functions import constants
from pyredis.execution.scripting.sandbox import Sandbox
from pyredis.execution.scripting.shebang import FLAGS_BY_NAME, ScriptFlag, library_header

if TYPE_CHECKING:
    from pyredis.execution.scripting.runtime import Scripting

LOAD_TIMEOUT_NS = 500_000_000
"""How long a library may take to name its functions."""

_is_name = re.compile(rb"[A-Za-z0-9_]+").fullmatch
_BAD_NAME = (
    b"Library names can only contain letters, numbers, or underscores(_) and must be at least "
    b"one character long"
)


class Function:
    """
    A function of a library.

    Args:
        name: As it was registered.
        code: Its Lua function, ready to be called.
        description: What it says about itself.
    """

    __slots__ = ("code", "description", "name")

    def __init__(self, name: bytes, code: Code, description: bytes | None) -> None:
        self.name = name
        self.code = code
        self.description = description


class Library:
    """A library: its name, its text with the first line, its functions by name in lower case."""

    __slots__ = ("code", "functions", "name")

    def __init__(self, name: bytes, code: bytes) -> None:
        self.name = name
        self.code = code
        self.functions: dict[bytes, Function] = {}


class _WrongArgument(Exception):
    """An argument of register_function; the text says which."""


class FunctionLibraries:
    """
    The libraries of one server.

    Args:
        scripting: What runs scripts.

    Attributes:
        libraries: By name.
        functions: All libraries' functions, by name in lower case.
    """

    def __init__(self, scripting: Scripting) -> None:
        self._scripting = scripting
        self._sandbox: Sandbox | None = None
        self._loading: Library | None = None
        self.libraries: dict[bytes, Library] = {}
        self.functions: dict[bytes, Function] = {}

    @property
    def sandbox(self) -> Sandbox:
        """The Lua state of the functions."""
        if self._sandbox is None:
            scripting = self._scripting
            self._sandbox = Sandbox(
                scripting.functions(), constants(), scripting.tick, self._register
            )
        return self._sandbox

    # Loading

    def load(self, code: bytes, replace: bool) -> bytes:
        """
        Keep a library; return its name.

        Args:
            code: Its text.
            replace: Whether it may take the place of one of its name.

        Raises:
            RedisError: It was refused; nothing has changed.
        """
        library = self.read(code, {} if replace else self.libraries)
        self.join([library], replace)
        return library.name

    def read(self, code: bytes, known: dict[bytes, Library]) -> Library:
        """
        Return the library of a text, which is not kept yet.

        Args:
            code: The text.
            known: Libraries whose names it must not have.

        Raises:
            RedisError: It cannot be used.
        """
        engine, name, text = library_header(code)
        if not _is_name(name):
            raise RedisError(_BAD_NAME)
        if engine.lower() != b"lua":
            raise RedisError(b"Engine '%b' not found" % engine)
        if name in known:
            raise RedisError(b"Library '%b' already exists" % name)
        library = Library(name, code)
        sandbox = self.sandbox
        function = sandbox.compile(text, b"@user_function")
        if function.__class__ is bytes:
            raise RedisError(b"Error compiling function: " + function)
        self._loading = library
        try:
            problem = self._scripting.load_library(sandbox, function, LOAD_TIMEOUT_NS)
        finally:
            self._loading = None
        if problem is not None:
            raise RedisError(b"Error registering functions: " + problem)
        if not library.functions:
            raise RedisError("No functions registered")
        return library

    def join(self, libraries: Sequence[Library], replace: bool) -> None:
        """
        Keep libraries, all or none.

        Args:
            libraries: That were read.
            replace: Whether they may take the place of others of their names.

        Raises:
            RedisError: A name is taken.
        """
        if not replace:
            for library in libraries:
                if library.name in self.libraries:
                    raise RedisError(b"Library %b already exists" % library.name)
        kept = {**self.libraries}
        for library in libraries:
            kept.pop(library.name, None)
        functions = _functions_of(kept)
        for library in libraries:
            for name, function in library.functions.items():
                if name in functions:
                    raise RedisError(b"Function %b already exists" % function.name)
            functions.update(library.functions)
            kept[library.name] = library
        self.libraries, self.functions = kept, functions

    def replace_all(self, libraries: Sequence[Library]) -> None:
        """Keep these libraries only."""
        self.libraries = {library.name: library for library in libraries}
        self.functions = _functions_of(self.libraries)

    def delete(self, name: bytes) -> None:
        """
        Forget a library.

        Raises:
            RedisError: There is none of that name.
        """
        if name not in self.libraries:
            raise RedisError("Library not found")
        del self.libraries[name]
        self.functions = _functions_of(self.libraries)

    def flush(self) -> None:
        """Forget all libraries, and all that they have left behind."""
        self.libraries, self.functions = {}, {}
        self._sandbox = None

    def _register(self, *arguments: Any) -> None:
        """Take a function's name and callback, or a table that says more."""
        library, sandbox = self._loading, self.sandbox
        if library is None:
            raise sandbox.refuse(
                b"ERR redis.register_function can only be called on FUNCTION LOAD command"
            )
        try:
            function = self._function_of(arguments)
            if not _is_name(function.name):
                raise _WrongArgument(_BAD_NAME.decode())
            if function.name.lower() in library.functions:
                raise _WrongArgument("Function already exists in the library")
        except _WrongArgument as wrong:
            raise sandbox.refuse(b"ERR " + str(wrong).encode()) from None
        library.functions[function.name.lower()] = function

    def _function_of(self, arguments: Sequence[Any]) -> Function:
        if not 1 <= len(arguments) <= 2:
            raise _WrongArgument("wrong number of arguments to redis.register_function")
        if len(arguments) == 1:
            return self._named(arguments[0])
        name = _text(arguments[0])
        if name is None:
            raise _WrongArgument("first argument to redis.register_function must be a string")
        if self._type(arguments[1]) != "function":
            raise _WrongArgument("second argument to redis.register_function must be a function")
        return self._made(name, arguments[1], None, ScriptFlag.NONE)

    def _named(self, table: Any) -> Function:
        if self._type(table) != "table":
            raise _WrongArgument(
                "calling redis.register_function with a single argument is only applicable to Lua "
                "table (representing named arguments)."
            )
        name: bytes | None = None
        callback: Any = None
        description: bytes | None = None
        flags = ScriptFlag.NONE
        for key, value in table.items():
            text = _text(key)
            if text is None:
                raise _WrongArgument(
                    "named argument key given to redis.register_function is not a string"
                )
            match text.lower():
                case b"function_name":
                    name = self._string("function_name", value)
                case b"description":
                    description = self._string("description", value)
                case b"callback":
                    if self._type(value) != "function":
                        raise _WrongArgument(
                            "callback argument given to redis.register_function must be a function"
                        )
                    callback = value
                case b"flags":
                    flags = self._flags(value)
                case _:
                    raise _WrongArgument("unknown argument given to redis.register_function")
        if name is None:
            raise _WrongArgument("redis.register_function must get a function name argument")
        if callback is None:
            raise _WrongArgument("redis.register_function must get a callback argument")
        return self._made(name, callback, description, flags)

    def _made(
        self, name: bytes, callback: Any, description: bytes | None, flags: ScriptFlag
    ) -> Function:
        code = Code(self.sandbox, callback, name, flags, False)
        return Function(name, code, description)

    @staticmethod
    def _string(what: str, value: Any) -> bytes:
        text = _text(value)
        if text is None:
            raise _WrongArgument(
                f"{what} argument given to redis.register_function must be a string"
            )
        return text

    def _flags(self, table: Any) -> ScriptFlag:
        if self._type(table) != "table":
            raise _WrongArgument(
                "flags argument to redis.register_function must be a table representing function "
                "flags"
            )
        flags = ScriptFlag.NONE
        position = 1
        while (value := table[position]) is not None:
            flag = FLAGS_BY_NAME.get((_text(value) or b"").lower())
            if flag is None:
                raise _WrongArgument("unknown flag given")
            flags |= flag
            position += 1
        return flags

    def _type(self, value: Any) -> str | None:
        kind = self.sandbox.lua_type(value)
        return kind.decode() if isinstance(kind, bytes) else kind


def _functions_of(libraries: dict[bytes, Library]) -> dict[bytes, Function]:
    return {n: f for library in libraries.values() for n, f in library.functions.items()}


def _text(value: Any) -> bytes | None:
    """Return a Lua string, or a number as one."""
    if value.__class__ is bytes:
        return value
    if value.__class__ is int:
        return b"%d" % value
    return b"%.14g" % value if value.__class__ is float else None
