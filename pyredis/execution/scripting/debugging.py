"""
Debugging the scripts of a client: SCRIPT DEBUG, and what becomes of EVAL then.

The client's script runs in a Lua state of its own, so that nothing of the debugger
is in the way of other scripts. It begins a turn later than the request came: by then
all that was answered before has left, and the debugger can speak on the same wire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pyredis.errors import RedisError
from pyredis.execution.blocking import Blocked
from pyredis.execution.ports import Dialogue, NoConnection
from pyredis.execution.scripting.code import Code
from pyredis.execution.scripting.conversion import words
from pyredis.execution.scripting.debugger import DebugSession
from pyredis.execution.scripting.offered_functions import constants
from pyredis.execution.scripting.sandbox import Sandbox
from pyredis.execution.scripting.shebang import script_header
from pyredis.primitives.quoting import quote
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import NO_REPLY, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client, Context
    from pyredis.execution.instance import Instance
    from pyredis.execution.scripting.runtime import Scripting

FORKED, SYNC = "forked", "sync"
"""How a client's scripts are debugged."""


class ScriptDebugging:
    """
    The debugged scripts of one server.

    Args:
        scripting: All scripts of the server.
        server: Whose they are.
    """

    def __init__(self, scripting: Scripting, server: Instance) -> None:
        self._scripting = scripting
        self._server = server
        self._due: Client | None = None

    def run(
        self,
        ctx: Context,
        script: bytes,
        key_count: Callable[[], int],
        arguments: Sequence[bytes],
        ro: bool,
    ) -> Reply | Blocked:
        """
        Debug a script.

        Args:
            ctx: Who asks.
            script: Its text.
            key_count: Returns how many of the arguments are keys, or raises RedisError.
            arguments: Keys, then arguments.
            ro: Whether it was called as one that does not write.

        Returns:
            What to wait with, the first time; then its reply.

        Raises:
            RedisError: It may not run, or failed, or there is no way to debug it.
        """
        client = ctx.client
        if self._due is not client:
            blocked = Blocked((), 0, bytes, None, may_be_ended=False)
            self._server.soon(partial(self._begin, client, blocked))
            return blocked
        self._due = None
        host = self._server.host
        run = partial(self._run, ctx, script, key_count, arguments, ro)
        if client.debug_mode == FORKED:
            client.debug_mode = ""
            client.refresh()
            host.fork_dialogue(client, partial(self._run_in_child, client, run))
            return NO_REPLY
        dialogue = host.open_dialogue(client)
        # The client learns from the end of the connection that the session is over.
        self._server.soon(client.close)
        self._log(b"Redis synchronous debugging eval session started")
        try:
            reply: Reply = run(dialogue)
        finally:
            dialogue.close()
            self._log(b"Redis synchronous debugging eval session ended")
        return reply

    def _begin(self, client: Client, blocked: Blocked) -> None:
        """Run the client's script now, if the client is still there."""
        server = self._server
        waiting = client.waiting
        if waiting is None or waiting.blocked is not blocked:
            return
        server.keyspace.refresh_now()
        self._due = client
        try:
            server.waiting_room.run_again(client)
        finally:
            self._due = None
        if server.waiting_room.ready:
            server.waiting_room.serve()

    def _run_in_child(self, client: Client, run: Any, dialogue: Dialogue) -> None:
        """Run a script on a copy of the data, of which nobody is told."""
        server = self._server
        server.propagation.stop()
        for other in server.clients.values():
            other.connection = NoConnection()
        self._log(b"Redis forked for debugging eval")
        try:
            reply: Reply = run(dialogue)
        except RedisError as error:
            reply = error
        dialogue.send(encoded(reply, client.resp))
        self._log(b"Lua debugging session child exiting")

    def _run(
        self,
        ctx: Context,
        script: bytes,
        key_count: Callable[[], int],
        arguments: Sequence[bytes],
        ro: bool,
        dialogue: Dialogue,
    ) -> Reply:
        server = self._server
        session = DebugSession(dialogue, script, server.timer, server.settings.busy_reply_threshold)
        try:
            numkeys = key_count()
            self._scripting.load(script)
            sandbox = self._sandbox(session)
            flags, text = script_header(script)
            function = sandbox.compile(text, b"@user_script")
            sha = hashlib.sha1(script).hexdigest().encode()
            code = Code(sandbox, function, sha, flags, True)
            return self._scripting.run(ctx, code, numkeys, arguments, ro)
        finally:
            session.end()

    def _sandbox(self, session: DebugSession) -> Sandbox:
        """Return a Lua state whose scripts the session looks into."""
        scripting = self._scripting

        def perform(arguments: Sequence[Any]) -> Any:
            try:
                session.tell_call(words(arguments))
            except TypeError:
                session.tell_call(())
            scripting.has_refused = False
            reply = scripting.perform(arguments)
            if scripting.has_refused:
                session.tell_refusal(reply)
            else:
                session.tell_reply(reply, scripting.client.resp)
            return reply

        def command() -> object:
            action = session.next_action()
            if action is not None and isinstance(action[1], list):
                return action[0], sandbox.table(action[1])
            return action

        functions = scripting.functions(perform)
        functions[b"replicate_commands"] = lambda *_: True
        sandbox = Sandbox(functions, constants(), session.tick)
        sandbox.debug_with(
            {
                b"stops": session.stops,
                b"command": command,
                b"told": session.tell_shortened,
                b"quoted": quote,
                b"traced": session.tell_trace,
                b"debugged": session.tell_debugged,
                b"stops_next": session.stops_next,
            }
        )
        return sandbox

    def _log(self, text: bytes) -> None:
        self._scripting.log("notice", text)
