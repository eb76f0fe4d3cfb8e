"""
Running scripts for one server: which there are, who runs, what they may call.

A script's commands run through the dispatcher for a client of their own, which
may not wait and whose database and protocol are its own for one run. A script
never runs inside another, so that what holds for the run under way is kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyredis.acl.log import Where
from pyredis.errors import RedisError, memory_exceeded, too_few_replicas
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Client
from pyredis.execution.guards import disk_failure, is_read_only_for, not_in_touch, not_writable
from pyredis.execution.permissions import denial_text
from pyredis.execution.propagation import Audience
from pyredis.execution.scripting.busy import BusyMode, busy_with
from pyredis.execution.scripting.code import Code, Script
from pyredis.execution.scripting.conversion import ToLua, TooLarge, words
from pyredis.execution.scripting.debugging import ScriptDebugging
from pyredis.execution.scripting.function_libraries import FunctionLibraries
from pyredis.execution.scripting.offered_functions import (
    NO_ARGUMENTS,
    NO_SUCH_COMMAND,
    NO_WRITES,
    NOT_FROM_SCRIPTS,
    STALE_REPLICA,
    WRONG_ARGUMENTS,
    WRONG_ARITY,
    OfferedFunctions,
    constants,
)
from pyredis.execution.scripting.sandbox import Sandbox
from pyredis.execution.scripting.script_slots import ScriptSlots
from pyredis.execution.scripting.shebang import ScriptFlag, script_header
from pyredis.execution.table import check_arity
from pyredis.wire.replies import LATER, Simple

if TYPE_CHECKING:
    from pyredis.execution.client import Context
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command
    from pyredis.wire.replies import Reply

TOO_LARGE = b"ERR not enough memory"

Perform = Callable[[Sequence[Any]], Any]
"""Runs a command that a script calls; returns its reply, errors included."""

_SHORT = 1 << 16
_EVERYBODY = Audience.ALL


class Scripting:
    """
    The scripts of one server.

    Args:
        server: Whose they are.

    Attributes:
        scripts: Compiled scripts by their digests.
        libraries: Of functions.
        caller: The client whose script runs, None while none does.
        request: How many keys the run under way got, its keys and arguments, and
            whether it was called as one that does not write.
        has_refused: A command that a script called was not let run.
        busy: What becomes of a script that runs for too long.
        log: Called with a level's name and what a script wants logged.
    """

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._dispatcher = server.dispatcher
        self._keyspace = server.keyspace
        self._settings = server.settings
        self._propagation = server.propagation
        self._cluster = server.cluster
        self.scripts: dict[bytes, Script] = {}
        self._by_body: dict[bytes, Script] = {}
        self._sandbox: Sandbox | None = None
        self._client: Client | None = None
        self.caller: Client | None = None
        self.log: Callable[[str, bytes], None] = lambda level, text: None
        self._read_only = False
        self._may_not_grow = False
        self._active: Sandbox | None = None
        self._until = 0
        self._started = 0
        self._code: Code | None = None
        self._wrote = False
        self._slots: ScriptSlots | None = None
        self._calls_plainly = False
        self._frozen_ms = 0
        self.request: tuple[int, Sequence[bytes], bool] = (0, (), False)
        self.has_refused = False
        self.busy = BusyMode(server)
        self._offered = OfferedFunctions(self, server)
        self.libraries = FunctionLibraries(self)
        self.debugging = ScriptDebugging(self, server)

    # Which scripts there are

    @property
    def sandbox(self) -> Sandbox:
        """The Lua state of EVAL's scripts."""
        if self._sandbox is None:
            functions = self.functions()
            functions[b"breakpoint"] = lambda *_: False
            functions[b"debug"] = lambda *_: None
            functions[b"replicate_commands"] = lambda *_: True
            self._sandbox = Sandbox(functions, constants(), self.tick)
        return self._sandbox

    def functions(self, perform: Perform | None = None) -> dict[bytes, Callable[..., Any]]:
        """
        Return what every sandbox offers as ``redis``.

        Args:
            perform: Runs a command that a script calls; :meth:`perform` if None.
        """
        perform = perform or self.perform
        return {
            b"call": self._raising(perform),
            b"pcall": self._catching(perform),
            **self._offered.functions(),
        }

    def load(self, body: bytes) -> Script:
        """
        Return the script of a text, compiled now if it is new.

        Raises:
            RedisError: It does not compile.
        """
        script = self._by_body.get(body)
        if script is None:
            sha = hashlib.sha1(body).hexdigest().encode()
            flags, text = script_header(body)
            function = self.sandbox.compile(text, b"@user_script")
            if function.__class__ is bytes:
                raise RedisError(b"Error compiling script (new function): " + function)
            script = Script(body, sha, Code(self.sandbox, function, sha, flags, True))
            self.scripts[sha] = self._by_body[body] = script
        return script

    def find(self, sha: bytes) -> Script:
        """
        Return the script of a digest.

        Raises:
            RedisError: There is none.
        """
        script = self.scripts.get(sha) or self.scripts.get(sha.lower())
        if script is None:
            raise RedisError("No matching script. Please use EVAL.", code="NOSCRIPT")
        return script

    def promises_no_writes(self, script: bytes) -> bool:
        """Tell whether a script, or a function by its name, declares that it does not write."""
        flags = self._flags_of(script)
        return flags is not ScriptFlag.COMPATIBLE and ScriptFlag.NO_WRITES in flags

    def may_write_as_it_says(self, script: bytes) -> bool:
        """Tell whether a script or function has flags, and may write by them."""
        flags = self._flags_of(script)
        return flags is not ScriptFlag.COMPATIBLE and ScriptFlag.NO_WRITES not in flags

    def _flags_of(self, script: bytes) -> ScriptFlag:
        """Return what a script or function declares; nothing if it is unknown."""
        known = self.scripts.get(script.lower()) or self._by_body.get(script)
        if known is not None:
            return known.code.flags
        function = self.libraries.functions.get(script.lower())
        if function is not None:
            return function.code.flags
        try:
            return script_header(script)[0]
        except RedisError:
            return ScriptFlag.COMPATIBLE

    def flush(self) -> None:
        """Forget all scripts, and all that they have left behind."""
        self.scripts.clear()
        self._by_body.clear()
        self._sandbox = None

    # Running

    def run(
        self, ctx: Context, code: Code, numkeys: int, arguments: Sequence[bytes], ro: bool
    ) -> Reply:
        """
        Run a script or a function.

        Args:
            ctx: Who asks.
            code: What to run.
            numkeys: How many of the arguments are keys.
            arguments: Keys, then arguments.
            ro: Whether it was called as one that does not write.

        Raises:
            RedisError: It may not run, or failed.
        """
        caller = ctx.client
        is_special = (
            ro
            or code.no_writes
            or caller.special
            or self._dispatcher.special
            # Reads go the short way on a replica, but flags may promise writes.
            or (not code.is_compatible and self._server.following.is_on)
        )
        if is_special:
            self._admit(caller, code, arguments[:numkeys], ro)
        self.begin(ctx, code)
        self._calls_plainly = not is_special
        try:
            reply = self.run_once(ctx, numkeys, arguments, ro)
        finally:
            self.end()
            if is_special:
                self._read_only = self._may_not_grow = False
                self._slots = None
        if reply.__class__ is not bytes and isinstance(reply, RedisError):
            raise reply
        return reply

    def may_run_several(self, ctx: Context, code: Code) -> bool:
        """Tell whether a script may run for several requests between one `begin` and `end`."""
        return not (
            code.no_writes
            or ctx.effects is not None
            or (not code.is_compatible and self._server.following.is_on)
        )

    def begin(self, ctx: Context, code: Code) -> None:
        """Let a script or a function run from now on, for whom a context belongs to."""
        client = self._client
        if client is None:
            client = self._client = self._make_client()
        self.caller = caller = ctx.client
        client.ctx.effects = ctx.effects
        client.user = caller.user
        client.plain = caller.plain_in_scripts
        client.no_touch = caller.no_touch
        self._code = code
        self._active = code.sandbox
        self._calls_plainly = True
        self._frozen_ms = self._keyspace.now_ms
        threshold_ms = self._settings.busy_reply_threshold
        self._started = started = self._server.timer()
        self._until = started + threshold_ms * 1_000_000 if threshold_ms > 0 else 0

    def run_once(
        self, ctx: Context, numkeys: int, arguments: Sequence[bytes], ro: bool = False
    ) -> Reply:
        """Run what `begin` was told; return its reply or error. See :meth:`run`."""
        client, code = self._client, self._code
        assert client is not None
        assert code is not None
        client.ctx.db = ctx.db
        client.resp = 2
        self.request = numkeys, arguments, ro
        self._wrote = False
        sandbox = code.sandbox
        # The run before may have chosen others.
        self._propagation.audience = _EVERYBODY
        result = sandbox.run(code, numkeys, arguments)
        kind = result.__class__
        if kind is bytes or kind is int or result is None:
            return result  # type: ignore[no-any-return]
        reply, counted = sandbox.reply(result, client.resp, code.name)
        if isinstance(reply, RedisError):
            reply.is_counted = counted
        return reply

    def end(self) -> None:
        """Let nothing run any more."""
        self.caller = None
        self._propagation.audience = _EVERYBODY
        if self._until < 0:
            assert self._active is not None
            self._active.rehook()
        self._until = 0
        if self.busy.is_on:
            self.busy.end()

    def _admit(self, caller: Client, code: Code, keys: Sequence[bytes], ro: bool) -> None:
        """
        See what a script may do where that is not everything.

        Args:
            caller: Who asks.
            code: What is to run.
            keys: What it was given as keys.
            ro: Whether it was called as one that does not write.

        Raises:
            RedisError: It may not run.
        """
        compatible, no_writes = code.is_compatible, code.no_writes
        if ro and not (compatible or no_writes):
            raise RedisError("Can not execute a script with write flag using *_ro command.")
        if self._server.following.is_on:
            self._check_replica(caller, code)
        if self._server.replication.lacks_replicas and not (compatible or no_writes):
            raise too_few_replicas()
        if self._cluster.is_on:
            self._slots = ScriptSlots(self._cluster, code.flags, keys)
        is_short = self._server.memory_limit.is_exceeded
        if is_short and not (compatible or no_writes or ScriptFlag.ALLOW_OOM in code.flags):
            raise RedisError(
                "allow-oom flag is not set on the script, can not run it when used memory > "
                "'maxmemory'",
                code="OOM",
            )
        # Ends with the script's first write: it cannot be stopped halfway.
        self._may_not_grow = is_short and (compatible or ScriptFlag.ALLOW_OOM not in code.flags)
        self._read_only = ro or no_writes

    def _make_client(self) -> Client:
        """Return the client that runs the commands of scripts."""
        client = Client(self._server, 0, None, "lua")
        client.authenticated = True
        client.refresh()
        client.ctx.may_block = False
        return client

    def load_library(self, sandbox: Sandbox, function: Any, timeout_ns: int) -> bytes | None:
        """Run the text of a library for so long at most; return why it failed, if it did."""
        self._active = sandbox
        self._started = self._server.timer()
        self._until = self._started + timeout_ns
        try:
            return sandbox.load(function)
        finally:
            self.end()

    def tick(self) -> bytes | None:
        """Say why what runs must end, if it must; called now and then while Lua runs."""
        if not self._until or self._server.timer() <= self._until:
            return None
        if self.caller is None:
            reason: bytes | None = b"ERR FUNCTION LOAD timeout"
        else:
            busy = self.busy
            if not busy.is_on:
                assert self._code is not None
                busy.begin(self._code.name, self._code.is_eval, self.running_ms)
            if busy.ending is None:
                busy.serve_others(self.caller)
            reason = busy.ending
        if reason is not None:
            self._until = -1
        return reason

    @property
    def running_ms(self) -> int:
        """How long the script has run."""
        return (self._server.timer() - self._started) // 1_000_000

    def running_function(self) -> tuple[bytes, int] | None:
        """
        Return the name of the function that runs and its milliseconds, or None.

        Raises:
            RedisError: It is a script of EVAL.
        """
        if self.caller is None or self._code is None:
            return None
        if self._code.is_eval:
            raise busy_with(True)
        return self._code.name, self.running_ms

    def kill(self, is_eval: bool) -> None:
        """
        End the script that runs, as SCRIPT KILL and FUNCTION KILL ask.

        Args:
            is_eval: Whether a script of EVAL is meant, or a function.

        Raises:
            RedisError: None runs, it is of the other kind, or it has written.
        """
        if self.caller is None or self._code is None:
            raise RedisError("No scripts in execution right now.", code="NOTBUSY")
        if self._wrote:
            raise RedisError(
                "Sorry the script already executed write commands against the dataset. You can "
                "either wait the script termination or kill the server in a hard way using the "
                "SHUTDOWN NOSAVE command.",
                code="UNKILLABLE",
            )
        if is_eval != self._code.is_eval:
            raise busy_with(self._code.is_eval)
        self.busy.kill()

    def runs(self, client: Client) -> bool:
        """Tell whether a client is the one that runs the commands of scripts."""
        return client is self._client

    def asker(self, client: Client) -> Client:
        """Return who asked for what a client runs: a script's commands are its caller's."""
        return self.caller if self.caller is not None and client is self._client else client

    @property
    def client(self) -> Client:
        """The client that runs the commands of the script under way."""
        assert self._client is not None
        return self._client

    # What scripts call. None of these may fail but by Sandbox.refuse.

    def refuse(self, text: bytes, counted: bool = False) -> Exception:
        """Return what to raise to make a function that the script under way called fail."""
        assert self._active is not None
        return self._active.refuse(text, counted)

    def _raising(self, perform: Perform) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            reply = perform(arguments)
            if reply.__class__ is not bytes and isinstance(reply, RedisError):
                raise self.refuse(reply.text, True)
            return self._to_lua(reply)

        return call

    def _catching(self, perform: Perform) -> Callable[..., Any]:
        def pcall(*arguments: Any) -> Any:
            reply = perform(arguments)
            if isinstance(reply, RedisError):
                assert self._active is not None
                error = {b"err": reply.text, b"ignore_error_stats_update": True}
                return self._active.table(error)
            return self._to_lua(reply)

        return pcall

    def _to_lua(self, reply: Any) -> Any:
        kind = reply.__class__
        if kind is int:
            return reply
        sandbox, client = self._active, self._client
        assert sandbox is not None
        assert client is not None
        if sandbox.memory_used() <= sandbox.crowded_from:
            if kind is bytes and len(reply) < _SHORT:
                return reply
            if kind is Simple:
                # Lua itself makes a table of it, which is a lot cheaper.
                return None, reply.text
        try:
            made = ToLua(client.resp, sandbox.room).value(reply)
        except TooLarge:
            raise self.refuse(TOO_LARGE) from None
        if made.__class__ is list or made.__class__ is dict:
            return sandbox.table(made, recursive=True)
        return made

    def perform(self, arguments: Sequence[Any]) -> Any:
        """Run a command that a script calls; return its reply, errors included."""
        client = self._client
        assert client is not None
        if self._calls_plainly and arguments:
            command = client.plain(arguments[0])
            if (
                command is not None
                and not command.no_script
                and command.minimum <= len(arguments) <= command.maximum
            ):
                for argument in arguments:
                    if argument.__class__ is not bytes:
                        break
                else:
                    if command.is_write:
                        self._wrote = True
                    client.argv = arguments
                    reply = self._dispatcher.call_plain(client, arguments)
                    # It moved if that took long; a script's time stands still.
                    self._keyspace.now_ms = self._frozen_ms
                    if reply is not LATER:
                        return reply
        try:
            argv: Sequence[bytes] = arguments
            for argument in arguments:
                if argument.__class__ is not bytes:
                    argv = words(arguments)
                    break
            command = self._command_of(argv)
        except TypeError:
            self.has_refused = True
            return self._refusal(None, WRONG_ARGUMENTS, counted=False)
        except RedisError as error:
            self.has_refused = True
            return error
        reply = self._dispatcher.call(client, command, argv)
        return reply.on_timeout if reply.__class__ is Blocked else reply

    def _command_of(self, argv: Sequence[bytes]) -> Command:
        """
        Return the command that a script calls, if it may.

        Raises:
            RedisError: It may not.
        """
        if not argv:
            raise self._refusal(None, NO_ARGUMENTS, counted=False)
        command = self._server.table.plain.get(argv[0])
        if command is None:
            try:
                command = self._server.table.resolve(argv)
            except RedisError:
                raise self._refusal(None, NO_SUCH_COMMAND) from None
        if not command.minimum <= len(argv) <= command.maximum:
            raise self._refusal(command, WRONG_ARITY)
        try:
            check_arity(command, argv)
        except RedisError:
            raise self._refusal(command, WRONG_ARITY) from None
        if command.no_script and not self._server.switches.scripts_run_anything:
            raise self._refusal(command, NOT_FROM_SCRIPTS)
        client = self._client
        assert client is not None
        if not client.user.is_unrestricted:
            denial = self._server.access.denial(client, command, argv, Where.LUA)
            if denial is not None:
                text = denial_text(denial, client.user, command, argv)
                raise self._refusal(command, b"ERR ACL failure in script: " + text)
        if self._read_only and (command.is_write or command.may_replicate):
            raise self._refusal(command, NO_WRITES)
        # Once it has written it goes on: half of its writes would be worse than all.
        if command.is_write and not self._wrote:
            self._check_first_write(command)
        if self._is_stale() and not command.allowed_stale:
            raise self._refusal(command, STALE_REPLICA)
        if self._slots is not None:
            refused = self._slots.refusal(command, argv)
            if refused is not None:
                raise self._refusal(command, refused)
        if self._may_not_grow and command.is_write:
            if command.deny_oom:
                raise self._denied(command, memory_exceeded())
            self._may_not_grow = False
        if command.is_write:
            failure = disk_failure(self._server)
            if failure is not None:
                raise failure
            self._wrote = True
        return command

    def _check_first_write(self, command: Command) -> None:
        """
        Check that a script may begin to write.

        Raises:
            RedisError: It may not, as replication is.
        """
        assert self.caller is not None
        if self._server.following.is_on and is_read_only_for(self.caller):
            raise self._denied(command, not_writable())
        if self._server.replication.lacks_replicas:
            raise self._denied(command, too_few_replicas())

    def _is_stale(self) -> bool:
        """Tell whether this is a replica that must not show data while it hears of no changes."""
        following = self._server.following
        return (
            following.is_on
            and not following.is_linked
            and not self._settings.replica_serve_stale_data
        )

    def _check_replica(self, client: Client, code: Code) -> None:
        """
        Check that a script may run on a replica.

        Raises:
            RedisError: It may not.
        """
        compatible = code.is_compatible
        if self._is_stale() and (compatible or ScriptFlag.ALLOW_STALE not in code.flags):
            raise not_in_touch()
        if is_read_only_for(client) and not (compatible or code.no_writes):
            raise not_writable()

    def _denied(self, command: Command, error: RedisError) -> RedisError:
        """Return what keeps a command from running, counted."""
        command.rejected += 1
        self._server.statistics.count_error(error.code)
        return error

    def _refusal(self, command: Command | None, text: bytes, counted: bool = True) -> RedisError:
        """Return the refusal of a command, counted as the statistics want it."""
        if counted:
            self._server.statistics.count_error("ERR")
        if command is not None:
            command.rejected += 1
        return RedisError(text[4:])
