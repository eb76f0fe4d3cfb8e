"""
MIGRATE: keys that move to another server.

It is a RESTORE there and a DEL here, and nobody sees what is in between; see
:mod:`pyredis.execution.migrations`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyredis.commands.dumping import payload_writer
from pyredis.errors import RedisError, syntax_error
from pyredis.execution.arguments import Arguments, integer
from pyredis.execution.blocking import Blocked
from pyredis.execution.client import Context
from pyredis.execution.flags import ACCESS, DELETE, INCOMPLETE, RW, WRITE, Category
from pyredis.execution.key_specs import FoundKey, KeyRange, Keyword
from pyredis.execution.migrations import Arrival
from pyredis.execution.ports import Cargo
from pyredis.execution.table import family
from pyredis.keyspace.events import GENERIC
from pyredis.persistence.dump_payloads import dump
from pyredis.wire.replies import OK, Reply, Simple

command = family("generic", Category.KEYSPACE)

_FIRST_OPTION = 6
_ONLY_KEY = 3
_USUAL_TIMEOUT_MS = 1000
_OPTION_WORDS = {b"AUTH": 1, b"AUTH2": 2}
_NO_KEY = Simple(b"NOKEY")


def _migrate_keys(argv: Sequence[bytes]) -> list[FoundKey]:
    """Return the one key of MIGRATE, or those behind KEYS if the one is empty."""
    access = RW | ACCESS | DELETE
    at = _FIRST_OPTION
    while at < len(argv):
        word = argv[at].upper()
        if word == b"KEYS":
            # A key in both places is a syntax error, for the command to report.
            if argv[_ONLY_KEY]:
                return []
            return [(index, access) for index in range(at + 1, len(argv))]
        at += 1 + _OPTION_WORDS.get(word, 0)
    return [(_ONLY_KEY, access)]


@command(
    "MIGRATE",
    arity=-6,
    flags=WRITE,
    keys=(
        KeyRange(3, access=RW | ACCESS | DELETE),
        KeyRange(
            Keyword("KEYS", -2),
            last=-1,
            access=RW | ACCESS | DELETE | INCOMPLETE,
            positions=_migrate_keys,
        ),
    ),
    since="2.6.0",
    complexity="That of DUMP, DEL and RESTORE, and O(N) to send N bytes",
    categories=Category.DANGEROUS,
    history=[
        ("3.0.0", "`COPY` and `REPLACE`."),
        ("3.0.6", "`KEYS`."),
        ("4.0.7", "`AUTH`."),
        ("6.0.0", "`AUTH2`."),
    ],
    tips=["nondeterministic_output"],
    syntax=(
        'host port (key | "":empty-string):key-selector destination-db:integer timeout:integer '
        "[COPY@3.0.0] [REPLACE@3.0.0] [AUTH auth/password@4.0.7 | "
        "(AUTH2 username password)@6.0.0]:authentication [KEYS keys:key/key@3.0.6...]"
    ),
    may_wait=True,
)
def migrate(
    ctx: Context,
    host: bytes,
    port: bytes,
    key: bytes,
    destination_db: bytes,
    timeout: bytes,
    *options: bytes,
) -> Reply | Blocked:
    """Move keys to another server."""
    parsed = _Options(ctx, key, options)
    timeout_ms, database = integer(timeout), integer(destination_db)
    arrival = ctx.server.migrations.take_arrival()
    if arrival is not None:
        return _conclude(ctx, arrival, parsed.copies)
    keys = [each for each in parsed.keys if ctx.db.lookup_read(each) is not None]
    if not keys:
        return _NO_KEY
    if not ctx.may_block:
        raise RedisError(
            "MIGRATE is not allowed in a transaction or script: it waits for the other server"
        )
    cargo = Cargo(
        host.decode("latin-1"),
        _port(port),
        (timeout_ms if timeout_ms > 0 else _USUAL_TIMEOUT_MS) / 1000,
        parsed.credentials,
        database,
        _restores(ctx, keys, parsed.replaces),
    )
    argv = (b"MIGRATE", host, port, key, destination_db, timeout, *options)
    return ctx.server.migrations.begin(ctx.client, argv, keys, cargo)


class _Options:
    """What stands behind the timeout."""

    __slots__ = ("copies", "credentials", "keys", "replaces")

    def __init__(self, ctx: Context, key: bytes, options: tuple[bytes, ...]) -> None:
        self.copies = self.replaces = False
        self.credentials: tuple[bytes, ...] = ()
        self.keys: Sequence[bytes] = (key,)
        arguments = Arguments(options)
        while arguments:
            option = arguments.take_word()
            if option == b"COPY":
                self.copies = True
            elif option == b"REPLACE":
                self.replaces = True
            elif option in _OPTION_WORDS:
                at = _FIRST_OPTION + len(options) - arguments.left
                words = _OPTION_WORDS[option]
                if arguments.left < words:
                    raise syntax_error()
                self.credentials = tuple(arguments.take() for _ in range(words))
                ctx.client.redact(*range(at, at + words))
            elif option == b"KEYS":
                if key:
                    raise RedisError(
                        "When using MIGRATE KEYS option, the key argument must be set to the "
                        "empty string"
                    )
                self.keys = arguments.take_rest()
            else:
                raise syntax_error()


def _port(text: bytes) -> int:
    """Read a port as the C library does, which takes 16 bits of it; what is none leads nowhere."""
    digits = text.lstrip(b" \t\n\v\f\r").removeprefix(b"+")
    length = next((at for at, byte in enumerate(digits) if not 48 <= byte <= 57), len(digits))
    return int(digits[: min(length, 9)] or b"0") & 0xFFFF


def _restores(ctx: Context, keys: Sequence[bytes], replaces: bool) -> list[tuple[bytes, ...]]:
    """Return the requests that restore keys elsewhere."""
    writer = payload_writer(ctx)
    end = (b"REPLACE",) if replaces else ()
    requests = []
    for key in keys:
        deadline_ms = ctx.db.deadline_of(key)
        ttl_ms = 0 if deadline_ms is None else max(deadline_ms - ctx.now_ms, 1)
        payload = dump(ctx.db.peek(key), writer)
        requests.append((b"RESTORE", key, b"%d" % ttl_ms, payload, *end))
    return requests


def _conclude(ctx: Context, arrival: Arrival, copies: bool) -> Reply:
    """Delete what has arrived; answer what became of the whole."""
    db, cargo, delivery = arrival
    error: RedisError | None = None
    gone: list[bytes] = []
    for request, line in zip(cargo.requests, delivery.replies, strict=False):
        key = request[1]
        refusal = delivery.refusal or (line if line.startswith(b"-") else b"")
        if refusal:
            error = error or RedisError(b"Target instance replied with error: " + refusal[1:])
        elif not copies and db.delete(key):
            db.changed(key, GENERIC, b"del")
            gone.append(key)
    if gone:
        ctx.propagate(b"DEL", *gone)
    if error is not None:
        raise error
    if delivery.failure == "connecting":
        raise RedisError("error or timeout connecting to the client", code="IOERR")
    if delivery.failure:
        raise RedisError(f"error or timeout {delivery.failure} to target instance", code="IOERR")
    return OK
