"""
What becomes of a script that runs for too long: Redis' busy mode.

A script that has run for ``busy-reply-threshold`` milliseconds goes on, but now
and then the other connections are served in between. Nearly all commands are
refused then; SCRIPT KILL, FUNCTION KILL and SHUTDOWN NOSAVE end the script.

Others are served in the middle of a command, so what holds for that command is
put back behind them: the frozen moment above all. Clients that the script has
made ready to go on do so when it is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance

_KILLED = b"ERR Script killed by user with SCRIPT KILL..."
_SHUT_DOWN = b"ERR Script ended, because the server shuts down"
_REASON = "a busy script"


class BusyMode:
    """
    Whether a server is busy with a script, and whether that must end.

    Args:
        server: Whose scripts they are.

    Attributes:
        is_on: Whether others are served while the script runs.
        ending: The error that is to end the script; None while it may go on.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._is_eval = False
        self.is_on = False
        self.ending: bytes | None = None

    def begin(self, name: bytes, is_eval: bool, elapsed_ms: int) -> None:
        """
        Refuse what is not to run beside the script, and tell the operator.

        Args:
            name: The script's digest, or the function's name.
            is_eval: Whether it is a script of EVAL.
            elapsed_ms: How long it has run.
        """
        self.is_on = True
        self._is_eval = is_eval
        self._server.waiting_room.is_held = True
        self._server.dispatcher.watch_over(_REASON)
        text = (
            b"Slow script detected: still in execution after %d milliseconds. You can try "
            b"killing the script using the %b KILL command. Script name is: %b."
        )
        words = (elapsed_ms, b"SCRIPT" if is_eval else b"FUNCTION", name)
        self._server.scripting.log("warning", text % words)

    def serve_others(self, caller: Client) -> None:
        """Serve all connections but the one whose script runs, for a moment."""
        keyspace = self._server.keyspace
        frozen_ms = keyspace.now_ms
        self._server.serve_others(caller)
        keyspace.now_ms = frozen_ms

    def end(self) -> None:
        """Be as before, since the script is over."""
        self.is_on = False
        self.ending = None
        room = self._server.waiting_room
        room.is_held = False
        self._server.dispatcher.let_go(_REASON)

    def refusal(self) -> RedisError:
        """Return what other clients are told meanwhile."""
        return busy_with(self._is_eval)

    def kill(self) -> None:
        """End the script at its next instruction, as a client wishes."""
        self._server.scripting.log("notice", b"Lua script killed by user with SCRIPT KILL.")
        self.ending = _KILLED

    def shut_down(self) -> None:
        """End the script at its next instruction, since the server is to stop."""
        self.ending = _SHUT_DOWN


def busy_with(is_eval: bool) -> RedisError:
    """Return the refusal that says which command ends the script that runs."""
    kill = "SCRIPT KILL" if is_eval else "FUNCTION KILL"
    return RedisError(
        f"Redis is busy running a script. You can only call {kill} or SHUTDOWN NOSAVE.",
        code="BUSY",
    )
