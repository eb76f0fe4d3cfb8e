"""
Faults on demand: what goes wrong between a program and its Redis.

Each kind is a method of :class:`Faults`, narrowed by command, key, client and
chance. It returns a :class:`Fault`, which counts how often it happened, and
which ends what it began when used as a context manager::

    with server.faults.error("GET", "LOADING Redis is loading the dataset in memory") as fault:
        assert cache.lookup("k") is None        # falls back
    assert fault.count == 1
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import Protocol

from pyredis.errors import RedisError
from pyredis.execution.blocking import Blocked
from pyredis.execution.key_specs import find_keys_and_access
from pyredis.primitives.patterns import compile_glob
from pyredis.testing.clock import Run
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import LATER, NO_REPLY, Reply

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.table import Command

_REASON = "faults"

Happen = Callable[["Client", "Command", Sequence[bytes]], Reply | None]


class Fault:
    """
    One fault that was asked for: until :meth:`remove`, or until its ``with`` block ends.

    Attributes:
        count: How often it happened.
    """

    def __init__(self, faults: Faults, description: str, happen: Happen, where: Where) -> None:
        self._faults = faults
        self._description = description
        self.happen = happen
        self.where = where
        self.count = 0

    def remove(self) -> None:
        """End it; what it delays or holds open is not changed by that."""
        self._faults.remove(self)

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<{self._description}: happened {self.count} times>"


class Where:
    """
    Which requests a fault meets.

    Args:
        command: A name, several, or ``"*"`` for all; ``"CLIENT LIST"`` names a subcommand.
        key: A pattern as KEYS takes; a request that has no such key is passed over.
        client: The name, id or address of a connection.
        probability: From 0 to 1, how often of those it happens.
        times: After so many times it happens no more.
        chance: Where the probability comes from.
    """

    def __init__(
        self,
        command: str | Iterable[str],
        key: str | bytes | None,
        client: str | int | None,
        probability: float,
        times: int | None,
        chance: random.Random,
    ) -> None:
        names = (command,) if isinstance(command, str) else tuple(command)
        self._commands = None if "*" in names else {_full_name(n) for n in names}
        pattern = key.encode() if isinstance(key, str) else key
        self._has_key = None if pattern is None else compile_glob(pattern)
        self._client = client
        self._probability = probability
        self.left = times
        self._chance = chance

    def meets(self, client: Client, command: Command, argv: Sequence[bytes]) -> bool:
        """Tell whether a request is met this time."""
        return self._is_meant(client, command, argv) and self.happens()

    def happens(self) -> bool:
        """Tell whether it happens this time, as far as chance and number decide."""
        if self.left == 0:
            return False
        if self._probability < 1 and self._chance.random() >= self._probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def _is_meant(self, client: Client, command: Command, argv: Sequence[bytes]) -> bool:
        name = command.declaration.name
        if self._commands is not None and self._commands.isdisjoint((name, name.partition("|")[0])):
            return False
        who = (client.name.decode("utf-8", "replace"), client.id, client.address)
        if self._client is not None and self._client not in who:
            return False
        matches = self._has_key
        if matches is None:
            return True
        found = find_keys_and_access(command.key_specs, argv)
        return any(matches(argv[index]) for index, _ in found)


class Faults:
    """
    The faults of a server under test; each method begins one, and returns it.

    All kinds take ``command``, ``key``, ``client``, ``probability`` and ``times``,
    see :class:`Where`. Several may be on at once: the first that meets a request
    happens to it. A name that is no command's raises ``ValueError``.

    Args:
        server: Where they happen.
        run: Calls a function where the server lives.

    Attributes:
        were_used: Whether anything was ever asked of them.
    """

    def __init__(self, server: Instance, run: Run) -> None:
        self._server = server
        self._run = run
        self.were_used = False
        self._faults: list[Fault] = []
        self._refusals: list[Fault] = []
        self._excused: Client | None = None
        self._chance = random.Random(0)

    def seed(self, seed: int) -> None:
        """Begin the sequence of chances anew; every server begins with 0."""
        self.were_used = True
        self._chance.seed(seed)

    def error(self, command: str | Iterable[str] = "*", message: str = "", **where: Any) -> Fault:
        """
        Answer an error instead of running the command.

        Args:
            command: Which, see :class:`Where`.
            message: With its code, as Redis sends it: ``"OOM command not allowed …"``.
            where: What else narrows it.
        """
        code, _, text = (message or "ERR fault injected by a test").partition(" ")
        error = RedisError(text, code=code)
        return self._add(f"error {code}", lambda *request: error, command, where)

    def delay(self, seconds: float, command: str | Iterable[str] = "*", **where: Any) -> Fault:
        """
        Run the command only after so many seconds of the server's clock.

        While the clock is frozen, ``clock.advance()`` lets the delay pass.
        """

        def happen(client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
            reply = self._server.waiting_room.enter(client, command, argv, Blocked((), 0, bytes))
            waiting = client.waiting
            self._server.scheduler.callLater(seconds, self._go_on, client, waiting)
            return reply

        return self._add(f"delay of {seconds} s", happen, command, where)

    def drop_connection(
        self, command: str | Iterable[str] = "*", *, after_bytes: int = 0, **where: Any
    ) -> Fault:
        """
        Run the command, send the first bytes of its reply, and reset the connection.

        Args:
            command: Which, see :class:`Where`.
            after_bytes: How many bytes of the reply arrive, most probably.
            where: What else narrows it.
        """

        def happen(client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
            self._send(client, self._reply_of(client, command, argv)[:after_bytes])
            client.kill()
            return NO_REPLY

        return self._add(f"connection dropped after {after_bytes} bytes", happen, command, where)

    def truncate_reply(
        self, command: str | Iterable[str] = "*", *, length: int | None = None, **where: Any
    ) -> Fault:
        """
        Run the command, send only the beginning of its reply, and close in good order.

        Args:
            command: Which, see :class:`Where`.
            length: How many bytes of the reply are sent; half of it if None.
            where: What else narrows it.
        """

        def happen(client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
            whole = self._reply_of(client, command, argv)
            self._send(client, whole[: len(whole) // 2 if length is None else length])
            client.close()
            return NO_REPLY

        return self._add("truncated reply", happen, command, where)

    def half_open(self, command: str | Iterable[str] = "*", **where: Any) -> Fault:
        """
        Never answer, and serve nothing more of that connection, which stays open.

        So it looks to a client when the server's machine has lost its power.
        """

        def happen(client: Client, command: Command, argv: Sequence[bytes]) -> Reply:
            return self._server.waiting_room.enter(client, command, argv, Blocked((), 0, bytes))

        return self._add("half-open connection", happen, command, where)

    def refuse(self, *, probability: float = 1.0, times: int | None = None) -> Fault:
        """Hang up on whoever connects; connections that are there already stay."""
        self.were_used = True
        where = Where("*", None, None, probability, times, self._chance)
        fault = Fault(self, "refused connections", lambda *request: None, where)
        self._run(lambda: self._refusals.append(fault))
        return fault

    def remove(self, fault: Fault) -> None:
        """End a fault, if it has not ended."""

        def remove() -> None:
            for faults in (self._faults, self._refusals):
                if fault in faults:
                    faults.remove(fault)
            self._look_out()

        self._run(remove)

    def clear(self) -> None:
        """End them all."""

        def clear() -> None:
            self._faults.clear()
            self._refusals.clear()
            self._look_out()

        self._run(clear)

    def refuse_connection(self) -> Protocol | None:
        """Return a protocol that hangs up, if one refuses connections now."""
        for fault in self._refusals:
            if fault.where.happens():
                fault.count += 1
                return _HangUp()
        return None

    # Within

    def _add(
        self,
        description: str,
        happen: Happen,
        command: str | Iterable[str],
        where: dict[str, Any],
    ) -> Fault:
        names = command if isinstance(command, str) else tuple(command)
        fault = Fault(self, description, happen, self._where(names, **where))
        self.were_used = True

        def add() -> None:
            self._faults.append(fault)
            self._look_out()

        self._run(add)
        return fault

    def _where(
        self,
        command: str | Iterable[str],
        *,
        key: str | bytes | None = None,
        client: str | int | None = None,
        probability: float = 1.0,
        times: int | None = None,
    ) -> Where:
        for name in (command,) if isinstance(command, str) else command:
            if name != "*" and self._server.table.lookup(_full_name(name).encode()) is None:
                raise ValueError(f"there is no command {name}: the fault would never happen")
        return Where(command, key, client, probability, times, self._chance)

    def _look_out(self) -> None:
        """See every command while there is a fault to happen to one."""
        dispatcher = self._server.dispatcher
        if self._faults:
            dispatcher.intercept = self._intercept
            dispatcher.watch_over(_REASON)
        else:
            dispatcher.intercept = None
            dispatcher.let_go(_REASON)

    def _intercept(self, client: Client, command: Command, argv: Sequence[bytes]) -> Reply | None:
        if client is self._excused:
            return None
        for fault in self._faults:
            if fault.where.meets(client, command, argv):
                fault.count += 1
                return fault.happen(client, command, argv)
        return None

    def _go_on(self, client: Client, waiting: object) -> None:
        """Run a command whose delay is over, unless its client has left."""
        if client.waiting is None or client.waiting is not waiting:
            return
        argv = client.waiting.argv
        self._server.waiting_room.leave(client)
        self._excused = client
        try:
            reply = self._server.dispatcher.dispatch(client, argv)
        finally:
            self._excused = None
        if reply is not LATER:
            client.answer(reply)

    def _reply_of(self, client: Client, command: Command, argv: Sequence[bytes]) -> bytes:
        """Run a command and return its reply as the client would get it; none if it waits."""
        reply = self._server.dispatcher.call(client, command, argv)
        return b"" if reply.__class__ is Blocked else encoded(reply, client.resp)

    @staticmethod
    def _send(client: Client, data: bytes) -> None:
        if data:
            client.connection.write(data)


def _full_name(command: str) -> str:
    return command.upper().replace(" ", "|")


class _HangUp(Protocol):
    """Closes at once, with a reset."""

    def connectionMade(self) -> None:
        """Hang up."""
        transport: Any = self.transport
        transport.abortConnection()
