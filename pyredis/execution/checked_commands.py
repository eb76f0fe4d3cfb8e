"""
The short way for users who may not touch every key.

The dispatcher's short way asks nobody; it finds a command in the client's own
table and calls it. A user of whom only keys are to be looked at finds there
commands that look first: they are the server's own in all but the body, which
compares the keys with the user's patterns, compiled into one function, and then
runs the real one. What this look does not permit is asked about in full, so that
a refusal has one text and one place that writes it down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pyredis.acl.selectors import READ, WRITE, Selector
from pyredis.execution.flags import ACCESS, DELETE, INCOMPLETE, INSERT, NOT_KEY, UPDATE, Access
from pyredis.execution.key_specs import KeyRange, KeySpec, has_keys
from pyredis.execution.latencies import LatencyHistogram
from pyredis.execution.table import Command
from pyredis.primitives.patterns import Matcher, compile_globs

if TYPE_CHECKING:
    from pyredis.acl.users import User
    from pyredis.errors import RedisError
    from pyredis.execution.client import Client, Context

Refusal: TypeAlias = Callable[["Client", Command, Sequence[bytes]], "RedisError | None"]
"""Asks about a request in full."""

_CHANGES = INSERT | DELETE | UPDATE
_OWN = frozenset({"batch", "batch_width", "call"})
_COUNTED = frozenset({"calls", "failed", "histogram", "nanoseconds", "rejected"})


def permissions_for(access: Access) -> int:
    """Return which permissions an access to a key takes."""
    return (READ if access & ACCESS else 0) | (WRITE if access & _CHANGES else 0)


class CommandsOfUser(dict[bytes, Command | None]):
    """
    The commands that may go the short way for a user, found when they are first asked for.

    Args:
        user: Whose they are; made anew when the user changes.
        plain: The server's own table.
        refusal: Asks about a request in full; None leaves out what would have to
            be asked about, as for scripts, where a refusal reads otherwise.
    """

    __slots__ = ("_plain", "_refusal", "_user")

    def __init__(self, user: User, plain: dict[bytes, Command], refusal: Refusal | None) -> None:
        super().__init__()
        self._user = user
        self._plain = plain
        self._refusal = refusal

    def __missing__(self, name: bytes) -> Command | None:
        """Find a command; of names that are none nothing is kept."""
        command = self._plain.get(name)
        if command is None:
            return None
        found = self[name] = self._permitted(command)
        return found

    def _permitted(self, command: Command) -> Command | None:
        """Return a command as it may run without a question, None if not at all."""
        if command.declaration.channels is not None:
            return None
        selectors = [s for s in self._user.selectors if _permits(s, command)]
        if not selectors:
            return None
        if not has_keys(command.key_specs) or any(s.all_keys for s in selectors):
            return command
        if self._refusal is None:
            return None
        body = _checking_body(command, selectors, self._refusal)
        return None if body is None else CheckedCommand(command, body)


class CheckedCommand(Command):
    """
    A command that looks at its keys first; it is counted as the one it stands for.

    Args:
        command: The server's own.
        body: Called in place of its body.
    """

    __slots__ = ("_command",)

    def __init__(self, command: Command, body: Callable[..., Any]) -> None:
        self._command = command
        for name in Command.__slots__:
            if name not in _OWN and name not in _COUNTED:
                setattr(self, name, getattr(command, name))
        self.call = body
        self.batch = None
        self.batch_width = 0

    @property
    def calls(self) -> int:
        """How often the command ran."""
        return self._command.calls

    @calls.setter
    def calls(self, count: int) -> None:
        self._command.calls = count

    @property
    def failed(self) -> int:
        """How often it failed."""
        return self._command.failed

    @failed.setter
    def failed(self, count: int) -> None:
        self._command.failed = count

    @property
    def rejected(self) -> int:
        """How often it was refused."""
        return self._command.rejected

    @rejected.setter
    def rejected(self, count: int) -> None:
        self._command.rejected = count

    @property
    def nanoseconds(self) -> int:
        """For how long it ran."""
        return self._command.nanoseconds

    @nanoseconds.setter
    def nanoseconds(self, count: int) -> None:
        self._command.nanoseconds = count

    @property
    def histogram(self) -> LatencyHistogram | None:
        """How long each call took."""
        return self._command.histogram

    @histogram.setter
    def histogram(self, histogram: LatencyHistogram | None) -> None:
        self._command.histogram = histogram


def _permits(selector: Selector, command: Command) -> bool:
    return selector.all_commands or command.display_name in selector.allowed


def _checking_body(
    command: Command, selectors: Sequence[Selector], refusal: Refusal
) -> Callable[..., Any] | None:
    """
    Return what looks at the keys of a request before it runs the command's body.

    Args:
        command: What to run.
        selectors: Those that permit the command itself.
        refusal: Asks in full, where the keys are not permitted at first sight.

    Returns:
        None if only a look in full tells what a request may do.
    """
    ranges = [spec for spec in command.key_specs if NOT_KEY not in spec.access]
    if not all(_is_certain(spec) for spec in ranges):
        return None
    matchers = {}
    for spec in ranges:
        needed = permissions_for(spec.access)
        matcher = _matcher(selectors, needed)
        if matcher is None:
            return None
        matchers[needed] = matcher

    def ask(ctx: Context, argv: Sequence[bytes]) -> Any:
        # With too many words it is the body that says so.
        if len(argv) <= command.maximum:
            error = refusal(ctx.client, command, argv)
            if error is not None:
                # It has not run, and has not failed: the dispatcher will count both.
                command.calls -= 1
                command.failed -= 1
                command.rejected += 1
                raise error
        return command.call(ctx, *argv[1:])  # type: ignore[misc]

    name = command.declaration.name.encode()
    only = ranges[0]
    if len(ranges) == 1 and isinstance(only, KeyRange) and (only.begin, only.last) == (1, 0):
        return _looking_at_one(command, name, next(iter(matchers.values())), ask)
    if len(selectors) > 1:
        return None  # one of them has to permit all keys
    places = [(spec.find, matchers[permissions_for(spec.access)]) for spec in ranges]
    return _looking_at_all(command, name, places, ask)


_Ask: TypeAlias = "Callable[[Context, Sequence[bytes]], Any]"


def _looking_at_one(
    command: Command, name: bytes, permits: Matcher, ask: _Ask
) -> Callable[..., Any]:
    """Return a body for a command with one key, its first argument."""

    def call(ctx: Context, key: bytes, *arguments: bytes) -> Any:
        if permits(key):
            return command.call(ctx, key, *arguments)  # type: ignore[misc]
        return ask(ctx, (name, key, *arguments))

    return call


def _looking_at_all(
    command: Command,
    name: bytes,
    places: Sequence[tuple[Callable[[Sequence[bytes]], list[int]], Matcher]],
    ask: _Ask,
) -> Callable[..., Any]:
    """Return a body for a command with keys in ``places``, each with what permits those there."""

    def call(ctx: Context, *arguments: bytes) -> Any:
        argv = (name, *arguments)
        try:
            for find, permits in places:
                for index in find(argv):
                    if not permits(argv[index]):
                        return ask(ctx, argv)
        except ValueError:
            return ask(ctx, argv)
        return command.call(ctx, *arguments)  # type: ignore[misc]

    return call


def _is_certain(spec: KeySpec) -> bool:
    """
    Tell whether a specification finds all keys of it in a request, with what is done to them.

    What is done may depend on an option: then a key that may be read and written is certain.
    """
    if not isinstance(spec, KeyRange) or not isinstance(spec.begin, int):
        return False
    if Access.VARIABLE_FLAGS in spec.access:
        return permissions_for(spec.access) == READ | WRITE and INCOMPLETE not in spec.access
    return INCOMPLETE not in spec.access and spec.positions is None


def _matcher(selectors: Sequence[Selector], needed: int) -> Matcher | None:
    """Return what tells whether a key may be accessed so by any selector, None if none may."""
    patterns = [
        pattern
        for selector in selectors
        for pattern, held in selector.keys.items()
        if held & needed == needed
    ]
    return compile_globs(patterns) if patterns else None
