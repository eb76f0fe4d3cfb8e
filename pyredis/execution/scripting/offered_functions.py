"""
What every script is offered as ``redis`` besides calls of commands.

None of these may fail but by :meth:`Scripting.refuse`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyredis._version import REDIS_VERSION
from pyredis.errors import RedisError
from pyredis.execution.propagation import Audience
from pyredis.execution.scripting.conversion import words

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.scripting.runtime import Scripting

NO_ARGUMENTS = b"ERR Please specify at least one argument for this redis lib call"
WRONG_ARGUMENTS = b"ERR Lua redis lib command arguments must be strings or integers"
NO_SUCH_COMMAND = b"ERR Unknown Redis command called from script"
WRONG_ARITY = b"ERR Wrong number of args calling Redis command from script"
NOT_FROM_SCRIPTS = b"ERR This Redis command is not allowed from script"
NO_WRITES = b"ERR Write commands are not allowed from read-only scripts."
STALE_REPLICA = b"ERR Can not execute the command on a stale replica"

_LOG_LEVELS = ("debug", "verbose", "notice", "warning")


def version_number(version: str) -> int:
    """Return a version as Redis writes it in one number, a byte a part."""
    major, minor, patch = (int(part) for part in version.split("."))
    return major << 16 | minor << 8 | patch


def constants() -> dict[bytes, Any]:
    """Return what else is in ``redis``."""
    return {
        b"LOG_DEBUG": 0,
        b"LOG_VERBOSE": 1,
        b"LOG_NOTICE": 2,
        b"LOG_WARNING": 3,
        b"REPL_NONE": int(Audience.NOBODY),
        b"REPL_AOF": int(Audience.FILE),
        b"REPL_SLAVE": int(Audience.REPLICAS),
        b"REPL_REPLICA": int(Audience.REPLICAS),
        b"REPL_ALL": int(Audience.ALL),
        b"REDIS_VERSION": REDIS_VERSION.encode(),
        b"REDIS_VERSION_NUM": version_number(REDIS_VERSION),
    }


class OfferedFunctions:
    """
    The functions of one server's scripts.

    Args:
        scripting: Which script runs, and for whom.
        server: Whose scripts they are.
    """

    def __init__(self, scripting: Scripting, server: Instance) -> None:
        self._scripting = scripting
        self._server = server

    def functions(self) -> dict[bytes, Callable[..., Any]]:
        """Return the functions by their names."""
        return {
            b"sha1hex": self._sha1hex,
            b"log": self._log,
            b"setresp": self._setresp,
            b"set_repl": self._set_repl,
            b"acl_check_cmd": self._acl_check_cmd,
        }

    def _sha1hex(self, *arguments: Any) -> bytes:
        if len(arguments) != 1:
            raise self._scripting.refuse(b"ERR wrong number of arguments")
        try:
            text = words(arguments)[0]
        except TypeError:
            text = b""
        return hashlib.sha1(text).hexdigest().encode()

    def _log(self, *arguments: Any) -> None:
        if len(arguments) < 2:
            raise self._scripting.refuse(b"ERR redis.log() requires two arguments or more.")
        level = _lua_number(arguments[0])
        if level is None:
            raise self._scripting.refuse(b"ERR First argument must be a number (log level).")
        if not 0 <= level < len(_LOG_LEVELS):
            raise self._scripting.refuse(b"ERR Invalid debug level.")
        shown = [argument for argument in arguments[1:] if argument.__class__ in _SHOWN]
        self._scripting.log(_LOG_LEVELS[int(level)], b" ".join(words(shown)))

    def _setresp(self, *arguments: Any) -> None:
        if len(arguments) != 1:
            raise self._scripting.refuse(b"ERR redis.setresp() requires one argument.")
        resp = _lua_number(arguments[0])
        if resp is None or int(resp) not in (2, 3):
            raise self._scripting.refuse(b"ERR RESP version must be 2 or 3.")
        self._scripting.client.resp = int(resp)

    def _set_repl(self, *arguments: Any) -> None:
        if len(arguments) != 1:
            raise self._scripting.refuse(b"ERR redis.set_repl() requires one argument.")
        flags = int(_lua_number(arguments[0]) or 0)
        if flags & ~int(Audience.ALL):
            raise self._scripting.refuse(
                b"ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."
            )
        propagation = self._server.propagation
        propagation.audience = Audience(flags)
        # Bodies need not say what nobody is told of.
        self._scripting.client.ctx.effects = propagation.effects if flags else None

    def _acl_check_cmd(self, *arguments: Any) -> bool:
        try:
            argv = words(arguments)
        except TypeError:
            raise self._scripting.refuse(WRONG_ARGUMENTS) from None
        if not argv:
            raise self._scripting.refuse(NO_ARGUMENTS)
        try:
            command = self._server.table.resolve(argv)
        except RedisError:
            raise self._scripting.refuse(
                b"ERR Invalid command passed to redis.acl_check_cmd()"
            ) from None
        request = self._server.access.request(command, argv)
        return self._scripting.client.user.denial(request) is None


_SHOWN = (bytes, int, float)


def _lua_number(value: Any) -> float | None:
    """Return a number, or a string's that reads as one, as Lua takes them; None if it is none."""
    if value.__class__ is int or value.__class__ is float:
        return value if value - value == 0 else None
    if value.__class__ is bytes:
        try:
            return float(value)
        except ValueError:
            return None
    return None
