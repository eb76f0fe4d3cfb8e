"""
The command table: one decorated function a command, and everything follows from it.

``@command`` makes a :class:`Command` of a function and its declaration; arity
errors, COMMAND INFO and DOCS, ACL categories, key extraction, HELP and the
per-command statistics all read that record. What is inconsistent is refused
when the module is imported.

A family module says its group and category once::

    command = family("string", Category.STRING)

    @command("GETDEL", arity=2, flags=WRITE | FAST, keys=KeyRange(1, access=...), since="6.2.0")
    def getdel(ctx: Context, key: bytes) -> Reply:
        ...

Declarations are shared by all servers of a process; what one server counts or
renames lives in its own :class:`CommandTable`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from pyredis.errors import unknown_command, unknown_subcommand, wrong_arity
from pyredis.execution.flags import (
    ADMIN,
    ALLOW_BUSY,
    BLOCKING,
    LOADING,
    MODULE,
    MOVABLEKEYS,
    NO_AUTH,
    NO_MULTI,
    NOSCRIPT,
    PROTECTED,
    PUBSUB,
    READONLY,
    RO,
    STALE,
    WRITE,
    Category,
    Flag,
    implicit_categories,
)
from pyredis.execution.key_specs import Channels, KeySpec, is_movable
from pyredis.execution.latencies import LatencyHistogram

Body = Callable[..., Any]
_B = TypeVar("_B", bound=Body)


class Decorator(Protocol):
    """``@command`` of a family."""

    def __call__(self, name: str, **facts: Any) -> Callable[[_B], _B]:
        """Declare the command that the decorated body is."""


NO_MAXIMUM = 1 << 62
ANY_WIDTH = -1

# A command with one of these may change what the guards look at, may wait, or
# is refused to somebody: it always goes the long way through the dispatcher.
# But not what runs scripts, shown to monitors by itself: it is refused to scripts
# alone, and they look after that.
_SPECIAL = ADMIN | NO_AUTH | NOSCRIPT | NO_MULTI | PUBSUB | ALLOW_BUSY


def _special_among(flags: Flag) -> Flag:
    """Return which flags make a command with these go the long way."""
    if Flag.SKIP_MONITOR in flags:
        return _SPECIAL & ~NOSCRIPT
    # Who publishes is not told of messages by the reply, as who subscribes is.
    return _SPECIAL & ~PUBSUB if Flag.MAY_REPLICATE in flags else _SPECIAL


class Declaration:
    """
    What is declared about a command.

    Attributes:
        name: In capitals; a subcommand's is ``CONTAINER|NAME``.
        body: Called with the context and the arguments behind the name.
        arity: As Redis counts it, the name included; negative means at least.
        key_specs: Where its keys are.
        channels: Which arguments are channels it publishes or subscribes to.
        subcommands: Of a container, by their names in capitals.
        runs_in_transaction: Runs at once between MULTI and EXEC instead of being queued.
        may_wait: Makes its client wait, whether or not it has the flag (WAIT has not).
        while_subscribed: Allowed to a RESP2 client that has subscribed to something.
        inflates: May take far more memory than its request has bytes.
        tells_health: Refused when the disk fails, though it writes nothing.
        runs_queue: Runs the commands queued since MULTI: what holds for one of them
            holds for it.
        runs_commands: Changes nothing but by other commands that it runs.
        summary: The first line of the body's docstring.
        batch: Runs several requests at once, see :func:`in_batch`; None if nothing does.
        batch_width: With how many arguments each, or :data:`ANY_WIDTH`.
        batch_in_order: It takes them request by request instead of by column.
    """

    def __init__(
        self,
        name: str,
        body: Body | None,
        *,
        arity: int,
        flags: Flag = Flag.NONE,
        keys: KeySpec | Sequence[KeySpec] = (),
        since: str = "1.0.0",
        complexity: str = "",
        syntax: str = "",
        categories: Category = Category.NONE,
        group: str = "",
        history: Sequence[tuple[str, str]] = (),
        deprecated: tuple[str, str] | None = None,
        tips: Sequence[str] = (),
        runs_in_transaction: bool = False,
        while_subscribed: bool = False,
        tells_health: bool = False,
        may_wait: bool = False,
        runs_queue: bool = False,
        inflates: bool = False,
        runs_commands: bool = False,
        channels: Channels | None = None,
    ) -> None:
        self.name = name
        self.body = body
        self.arity = arity
        self.key_specs: tuple[KeySpec, ...] = (keys,) if isinstance(keys, KeySpec) else tuple(keys)
        self.flags = flags | (MOVABLEKEYS if is_movable(self.key_specs) else Flag.NONE)
        self.categories = categories | implicit_categories(flags, categories)
        self.since = since
        self.complexity = complexity
        self.syntax = syntax
        self.group = group
        self.history = tuple(history)
        self.deprecated = deprecated
        self.tips = tuple(tips)
        self.runs_in_transaction = runs_in_transaction
        self.while_subscribed = while_subscribed
        self.tells_health = tells_health
        self.may_wait = may_wait or BLOCKING in flags
        self.runs_queue = runs_queue
        # What is made of other keys may be as large as they are.
        self.inflates = inflates or (
            Flag.DENYOOM in flags
            and len(self.key_specs) > 1
            and any(RO in spec.access for spec in self.key_specs)
        )
        self.runs_commands = runs_commands or runs_queue
        self.channels = channels
        self.subcommands: dict[str, Declaration] = {}
        self.batch: Body | None = None
        self.batch_width = 0
        self.batch_in_order = False
        self.summary = (inspect.getdoc(body) or "").partition("\n")[0].rstrip(".") if body else ""
        self._check()

    @property
    def minimum(self) -> int:
        """The least number of words, the name included (a subcommand's has two)."""
        return abs(self.arity)

    @property
    def maximum(self) -> int:
        """The largest number of words."""
        return self.arity if self.arity > 0 else NO_MAXIMUM

    @property
    def is_steady(self) -> bool:
        """Whether it takes constant time."""
        return self.complexity.startswith("O(1)")

    @property
    def display_name(self) -> str:
        """The name as Redis shows it in errors and COMMAND: ``client|list``."""
        return self.name.lower()

    def _check(self) -> None:
        """Refuse a declaration that could only fail at run time."""
        if self.name != self.name.upper() or self.arity == 0:
            raise ValueError(f"{self.name}: bad name or arity")
        if WRITE in self.flags and READONLY in self.flags:
            raise ValueError(f"{self.name}: both WRITE and READONLY")
        if self.body is None:
            return
        if not self.summary:
            raise ValueError(f"{self.name}: no docstring")
        words = self.name.count("|") + 1
        signature = inspect.signature(self.body)
        least = self.minimum - words
        for count in (least,) if self.arity > 0 else (least, least + 1, least + 6):
            if not _takes(signature, count):
                raise ValueError(f"{self.name} does not take {count} arguments")
        # The short way through the dispatcher compares with the minimum only.
        if self.arity > 0 and _takes(signature, least + 1):
            raise ValueError(f"{self.name} takes more arguments than its arity says")


def _takes(signature: inspect.Signature, count: int) -> bool:
    """Tell whether a body takes a context and so many arguments."""
    try:
        signature.bind(None, *[b""] * count)
    except TypeError:
        return False
    return True


_declared: dict[str, Declaration] = {}


def declared_commands() -> dict[str, Declaration]:
    """Return all declarations by name, containers with their subcommands inside."""
    return _declared


def declare(declaration: Declaration) -> None:
    """
    Enter a declaration.

    Raises:
        ValueError: The name is taken by another body.
    """
    container, bar, name = declaration.name.partition("|")
    if bar:
        if container not in _declared:
            raise ValueError(f"{declaration.name}: its container is not declared")
        declarations = _declared[container].subcommands
    else:
        declarations, name = _declared, container
    known = declarations.get(name)
    if known is not None and (
        known.body is None
        or declaration.body is None
        or known.body.__qualname__ != declaration.body.__qualname__
        or known.body.__module__ != declaration.body.__module__
    ):
        raise ValueError(f"{declaration.name} is declared twice")
    declarations[name] = declaration


def family(group: str, category: Category = Category.NONE) -> Decorator:
    """
    Return the ``@command`` decorator of a family of commands.

    Args:
        group: The family's name in COMMAND DOCS.
        category: The ACL category of all its commands.
    """

    def command(name: str, **facts: Any) -> Callable[[_B], _B]:
        def decorate(body: _B) -> _B:
            facts.setdefault("group", group)
            own = facts.pop("categories", Category.NONE)
            declare(Declaration(name, body, categories=own | category, **facts))
            return body

        return decorate

    return command


def container(name: str, group: str, **facts: Any) -> None:
    """Declare a command that only has subcommands, such as CLIENT; its HELP is made of theirs."""
    facts.setdefault("arity", -2)
    declare(Declaration(name, None, group=group, **facts))


def command(name: str, *, arity: int, flags: Flag = Flag.NONE, **facts: Any) -> Callable[[_B], _B]:
    """
    Declare a command of a user's own module, named by ``loadmodule``.

    What is decorated gets the context and the words behind the name as ``bytes``, and
    returns the reply: ``bytes``, ``int``, None, ``list``, ``dict`` or a value of
    :mod:`pyredis.wire.replies`. The first line of its docstring is the command's summary.

    Args:
        name: In capitals, such as ``"MYCOUNT"``.
        arity: Words including the name; negative for at least so many.
        flags: Of :mod:`pyredis.execution.flags`: ``WRITE`` or ``READONLY``, ``FAST``, ….
        facts: As :class:`Declaration` takes them: ``keys`` says which words are keys
            (:mod:`pyredis.execution.key_specs`), ``syntax``, ``complexity`` and ``since``
            are for COMMAND DOCS.

    Raises:
        ValueError: The function does not take what the arity allows or has no docstring,
            or there is such a command already.

    Example::

        @command("HELLO2", arity=2, syntax="name")
        def hello2(ctx, name):
            "Greet somebody."
            return b"Hello, " + name
    """

    def decorate(body: _B) -> _B:
        facts.setdefault("group", "module")
        declare(Declaration(name, body, arity=arity, flags=flags | MODULE, **facts))
        return body

    return decorate


def in_batch(body: Body, *, in_order: bool = False) -> Callable[[_B], _B]:
    """
    Declare how several requests of one command in a row are run at once.

    What is decorated gets the context, the number of requests, and the first
    arguments of all of them, the second ones and so on. It is called only while
    nobody observes changes. It runs the requests, or the first few of them,
    exactly as one after the other would be, and returns a list of their replies;
    the others are run by themselves. So what is rare or goes wrong is simply left
    to the body, and so are requests with another number of arguments.

    Args:
        body: The command's.
        in_order: What is decorated gets, behind the number of requests, one sequence
            of all their arguments, however many each has: first those of the first.
    """

    def decorate(form: _B) -> _B:
        declaration = next(d for d in _declared.values() if d.body is body)
        declaration.batch = form
        parameters = inspect.signature(form).parameters.values()
        takes_any = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
        declaration.batch_width = ANY_WIDTH if takes_any or in_order else len(parameters) - 2
        declaration.batch_in_order = in_order
        return form

    return decorate


def may_take_long(body: Body) -> bool:
    """Tell whether no command is declared with this body that takes constant time."""
    return not any(
        declaration.body is body and declaration.is_steady for declaration in _declared.values()
    )


class Command:
    """
    One command as one server runs it: the declaration's facts as plain attributes, and counters.

    Attributes:
        call: The body; ``batch`` runs several requests at once, if each has
            ``batch_width`` arguments or that is :data:`ANY_WIDTH`, and takes them
            ``batch_in_order`` or by column.
        minimum: Least number of words; ``maximum`` the largest.
        words: 1, or 2 for a subcommand: what comes before the arguments.
        is_short: Goes the short way when nobody watches over it.
        is_plain: It does, and never makes its client wait.
        is_simple: It is plain, and runs no other commands.
        is_steady: Takes constant time, so that several in a row are timed together.
        is_write: And the other booleans: flags the guards ask about.
        calls: How often it ran; ``nanoseconds`` for how long in sum.
        rejected: Refused before it ran (arity, guards); ``failed`` while it ran.
    """

    __slots__ = (
        "allow_busy",
        "allowed_loading",
        "allowed_stale",
        "arity",
        "batch",
        "batch_in_order",
        "batch_width",
        "call",
        "calls",
        "declaration",
        "deny_oom",
        "display_name",
        "failed",
        "flags",
        "histogram",
        "is_fast",
        "is_hidden",
        "is_plain",
        "is_protected",
        "is_short",
        "is_simple",
        "is_steady",
        "is_write",
        "key_specs",
        "maximum",
        "may_replicate",
        "may_wait",
        "minimum",
        "nanoseconds",
        "needs_auth",
        "no_async_loading",
        "no_multi",
        "no_script",
        "rejected",
        "runs_in_transaction",
        "runs_queue",
        "skip_monitor",
        "skip_slowlog",
        "subcommands",
        "tells_health",
        "touches_keys",
        "while_subscribed",
        "words",
    )

    def __init__(self, declaration: Declaration) -> None:
        flags = declaration.flags
        self.declaration = declaration
        self.call = declaration.body
        self.batch = declaration.batch
        self.batch_width = declaration.batch_width
        self.batch_in_order = declaration.batch_in_order
        self.display_name = declaration.display_name
        self.arity = declaration.arity
        self.minimum = declaration.minimum
        self.maximum = declaration.maximum
        self.words = 2 if "|" in declaration.name else 1
        self.flags = flags
        self.key_specs = declaration.key_specs
        self.is_write = Flag.WRITE in flags
        self.deny_oom = Flag.DENYOOM in flags
        self.needs_auth = NO_AUTH not in flags
        self.is_protected = PROTECTED in flags
        self.no_multi = NO_MULTI in flags
        self.no_script = NOSCRIPT in flags
        self.allowed_loading = LOADING in flags
        self.no_async_loading = Flag.NO_ASYNC_LOADING in flags
        self.allowed_stale = STALE in flags
        self.allow_busy = ALLOW_BUSY in flags
        self.runs_in_transaction = declaration.runs_in_transaction
        self.while_subscribed = declaration.while_subscribed
        self.tells_health = declaration.tells_health
        self.runs_queue = declaration.runs_queue
        self.may_replicate = Flag.MAY_REPLICATE in flags
        self.skip_monitor = Flag.SKIP_MONITOR in flags
        self.is_hidden = bool(flags & (Flag.SKIP_MONITOR | ADMIN))
        self.is_fast = Flag.FAST in flags
        self.touches_keys = bool(flags & (Flag.WRITE | READONLY | Flag.MAY_REPLICATE))
        self.skip_slowlog = Flag.SKIP_SLOWLOG in flags
        self.subcommands = {n: Command(d) for n, d in declaration.subcommands.items()}
        self.is_short = (
            declaration.body is not None
            and not self.subcommands
            and declaration.may_wait == (BLOCKING in flags)
            and not flags & _special_among(flags)
        )
        self.may_wait = declaration.may_wait
        self.is_plain = self.is_short and not self.may_wait
        self.is_simple = self.is_plain and self.words == 1 and not declaration.runs_commands
        self.is_steady = declaration.is_steady
        self.histogram: LatencyHistogram | None = None
        self.reset_statistics()

    def takes(self, width: int) -> bool:
        """Tell whether a batch of requests with so many arguments can be given to its form."""
        any_width = self.batch_width == ANY_WIDTH
        return any_width and self.minimum <= width + 1 <= self.maximum

    def reset_statistics(self) -> None:
        """Start counting anew (CONFIG RESETSTAT)."""
        self.calls = self.nanoseconds = self.rejected = self.failed = 0
        self.histogram = None
        for subcommand in self.subcommands.values():
            subcommand.reset_statistics()


class CommandTable:
    """
    The commands of one server.

    Attributes:
        commands: By name in capitals.
        short: Body-ready commands for the short way, by lower- and upper-case bytes.
        plain: Those of them that never make their client wait.
        on_add: Called with a command that is served from now on, and its name.
    """

    def __init__(self, declarations: Iterable[Declaration] | None = None) -> None:
        self.commands: dict[str, Command] = {}
        self.short: dict[bytes, Command] = {}
        self.plain: dict[bytes, Command] = {}
        self._holds_inflating = self._holds_writes = False
        self._by_bytes: dict[bytes, Command] = {}
        self.on_add: Callable[[Command, str], None] | None = None
        for declaration in _declared.values() if declarations is None else declarations:
            self.add(declaration)

    def add(self, declaration: Declaration, name: str | None = None) -> None:
        """Serve a command, under another name if one is given (``rename-command``)."""
        name = name or declaration.name
        record = Command(declaration)
        self.commands[name] = record
        for spelled in (name.upper().encode(), name.lower().encode()):
            self._by_bytes[spelled] = record
            self._sort_in(spelled, record)
        if self.on_add is not None:
            self.on_add(record, name.upper())

    def hold_back_inflating(self) -> None:
        """Send what may take very much memory the long way, where the limit is asked about."""
        self._holds_inflating = True
        self._sort_out()

    def let_inflating_go(self) -> None:
        """Let it go the short way again."""
        self._holds_inflating = False
        self._sort_out()

    def hold_back_writes(self) -> None:
        """Send what writes the long way, where a replica refuses it."""
        self._holds_writes = True
        self._sort_out()

    def let_writes_go(self) -> None:
        """Let it go the short way again."""
        self._holds_writes = False
        self._sort_out()

    def _sort_in(self, spelled: bytes, record: Command) -> None:
        """Let a command go the short way if it may now."""
        held = (self._holds_inflating and record.declaration.inflates) or (
            self._holds_writes and (record.is_write or record.may_replicate)
        )
        if record.is_short and not held:
            self.short[spelled] = record
            if record.is_plain:
                self.plain[spelled] = record

    def _sort_out(self) -> None:
        """Find out anew what goes the short way."""
        self.short.clear()
        self.plain.clear()
        for spelled, record in self._by_bytes.items():
            self._sort_in(spelled, record)

    def remove(self, name: str) -> Declaration:
        """
        Stop serving a command.

        Raises:
            KeyError: There is none of that name.
        """
        record = self.commands.pop(name.upper())
        for spelled in (name.upper().encode(), name.lower().encode()):
            for table in (self._by_bytes, self.short, self.plain):
                table.pop(spelled, None)
        return record.declaration

    def find(self, name: bytes) -> Command | None:
        """Return the command of a name in any case, a container itself for its name."""
        record = self._by_bytes.get(name)
        return record if record is not None else self._by_bytes.get(name.upper())

    def resolve(self, argv: Sequence[bytes]) -> Command:
        """
        Return the command, or subcommand, that a request names.

        Raises:
            RedisError: It names none; the text is Redis' own.
        """
        record = self.find(argv[0])
        if record is None:
            raise unknown_command(argv[0], list(argv[1:]))
        if record.subcommands and len(argv) > 1:
            name = argv[1].decode("latin-1").upper()
            subcommand = record.subcommands.get(name)
            if subcommand is None:
                raise unknown_subcommand(argv[1], record.declaration.name)
            return subcommand
        return record

    def lookup(self, name: bytes) -> Command | None:
        """Return the command of a full name such as ``client|list``, or None."""
        head, bar, tail = name.partition(b"|")
        record = self.find(head)
        if record is None or not bar:
            return record
        return record.subcommands.get(tail.decode("latin-1").upper())

    def __iter__(self) -> Iterator[Command]:
        """Iterate over the commands, containers without their subcommands."""
        return iter(self.commands.values())

    def every(self) -> Iterator[Command]:
        """Iterate over all that can run or be counted, subcommands included."""
        for record in self:
            if record.call is not None:
                yield record
            yield from record.subcommands.values()


def check_arity(command: Command, argv: Sequence[bytes]) -> None:
    """
    Refuse a request with too few or too many words.

    Raises:
        RedisError: With Redis' text.
    """
    if command.call is None or not command.minimum <= len(argv) <= command.maximum:
        raise wrong_arity(command.display_name)
