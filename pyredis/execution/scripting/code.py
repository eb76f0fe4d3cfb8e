"""What can be run: a script's Lua function or one of a library, made ready for its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyredis.execution.scripting.shebang import ScriptFlag

if TYPE_CHECKING:
    from pyredis.execution.scripting.sandbox import Sandbox


class Code:
    """
    A Lua function and what is asked about it at each of its calls.

    Args:
        sandbox: Where it lives.
        function: The Lua function.
        name: As errors and the log show it.
        flags: What it declares.
        is_eval: It is a script of EVAL: its keys and arguments are globals.

    Attributes:
        runner: Runs it: called without arguments, or with how many of them are
            keys, then those.
        is_compatible: It declares nothing.
        no_writes: It declares that it does not write.
    """

    __slots__ = (
        "flags",
        "function",
        "is_compatible",
        "is_eval",
        "name",
        "no_writes",
        "runner",
        "sandbox",
    )

    def __init__(
        self, sandbox: Sandbox, function: Any, name: bytes, flags: ScriptFlag, is_eval: bool
    ) -> None:
        self.sandbox = sandbox
        self.function = function
        self.name = name
        self.flags = flags
        self.is_eval = is_eval
        self.runner = sandbox.runner(function, is_eval)
        self.is_compatible = flags is ScriptFlag.COMPATIBLE
        self.no_writes = not self.is_compatible and ScriptFlag.NO_WRITES in flags


class Script:
    """A compiled script: its text, the digest of that in hexadecimal digits, and what runs."""

    __slots__ = ("body", "code", "sha")

    def __init__(self, body: bytes, sha: bytes, code: Code) -> None:
        self.body = body
        self.sha = sha
        self.code = code
