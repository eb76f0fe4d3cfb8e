"""
Loading the append-only file: its base and its increments, in slices.

A generator does the work and yields whenever it has worked for a while, so that
clients can be told meanwhile that the server is loading. Commands are run as
they are, without guards; nothing expires and nothing is propagated while that
goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from pyredis.errors import RedisError
from pyredis.execution.client import Client
from pyredis.execution.flags import ADMIN
from pyredis.execution.table import check_arity
from pyredis.persistence.aof_reader import (
    PORTION_BYTES,
    RDB_MAGIC,
    AofReader,
    CorruptAof,
    TruncatedAof,
)
from pyredis.services.append_only_files import AppendOnlyError
from pyredis.services.loading import LoadingFailed

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.persistence.rdb_reader import RdbReader
    from pyredis.services.append_only_files import AppendOnlyFiles
    from pyredis.services.files import Files, ReadFile
    from pyredis.services.loading import Loading, Steps

_SLICE_NS = 20_000_000
_LOOK_EVERY = 32
_LONGEST_WORD = 1 << 29
_FIX = (
    "make a backup of your AOF file, then use pyredis-check --fix <filename.manifest> or "
    "./redis-check-aof --fix <filename.manifest>"
)


class AppendOnlyLoader:
    """
    Loads once.

    Args:
        server: Where to.
        directory: What there is to load.
        files: The file system.
        loading: Loads snapshots, and shows how far everything is.

    Attributes:
        total_bytes: How much there is, known when it has begun.
        base_bytes: How large the base is.
        is_truncated: Whether the last file was cut off behind its last whole command.
    """

    _log = Logger()

    def __init__(
        self, server: Instance, directory: AppendOnlyFiles, files: Files, loading: Loading
    ) -> None:
        self._server = server
        self._loading = loading
        self._directory = directory
        self._files = files
        self._client = _make_client(server)
        self._timer = server.timer
        self._slice_began = 0
        self._errors = 0
        self.total_bytes = 0
        self.base_bytes = 0
        self.is_truncated = False

    def steps(self) -> Iterator[None]:
        """
        Load everything, a slice at a time.

        Raises:
            AppendOnlyError: It cannot be loaded; why is in the log.
        """
        directory = self._directory
        directory.upgrade()
        sizes = directory.sizes()
        self.total_bytes = self._loading.total_bytes = sum(sizes.values())
        if directory.manifest.base is not None:
            self.base_bytes = sizes[directory.manifest.base.name]
        if not self.total_bytes:
            return
        parts = directory.manifest.parts
        self._slice_began = self._timer()
        for part in parts:
            if not sizes[part.name]:
                continue
            began = self._timer()
            yield from self._load(part.name)
            if self.is_truncated and part is not parts[-1]:
                self._log.warn("Fatal error: the truncated file is not the last file")
                raise AppendOnlyError
            self._log.info(
                "DB loaded from {kind} file {name}: {seconds:.3f} seconds",
                kind="base" if part is directory.manifest.base else "incr",
                name=part.name,
                seconds=(self._timer() - began) / 1e9,
            )

    # One file

    def _load(self, name: str) -> Iterator[None]:
        try:
            file = self._files.open_to_read(self._directory.path(name))
        except OSError as error:
            self._log.warn(
                "Fatal error: can't open the append log file {name} for reading: {why}",
                name=name,
                why=error.strerror,
            )
            raise AppendOnlyError from None
        self._client = _make_client(self._server)
        try:
            data = file.read(PORTION_BYTES)
            rest, start = data, 0
            if data.startswith(RDB_MAGIC):
                snapshot = yield from self._load_snapshot(name, file, data)
                rest, start = snapshot.rest, snapshot.bytes_read
            yield from self._load_commands(name, file, rest, start)
        except OSError as error:
            self._log.warn(
                "Unrecoverable error reading the append only file {name}: {why}",
                name=name,
                why=error.strerror,
            )
            raise AppendOnlyError from None
        finally:
            file.close()

    def _load_snapshot(
        self, name: str, file: ReadFile, data: bytes
    ) -> Generator[None, None, RdbReader]:
        """Load a base, whether its keys are due or not; the reader is returned in the end."""
        is_old = name == self._directory.stem
        self._log.info(
            "Reading RDB preamble from AOF file..."
            if is_old
            else "Reading RDB base file on AOF loading..."
        )
        readers: list[RdbReader] = []
        portions = _portions(data, file)
        try:
            yield from self._paced(
                self._loading.rdb(portions, keeping_expired=True, on_end=readers.append)
            )
        except LoadingFailed as error:
            for line in error.lines:
                self._log.warn("{line}", line=line)
            what = "RDB preamble of the AOF file" if is_old else "RDB base file"
            self._log.warn(
                "Error reading the {what} {name}, AOF loading aborted", what=what, name=name
            )
            raise AppendOnlyError from None
        if is_old:
            self._log.info("Reading the remaining AOF tail...")
        return readers[0]

    def _load_commands(self, name: str, file: ReadFile, data: bytes, start: int) -> Iterator[None]:
        longest = max(_LONGEST_WORD, self._server.settings.proto_max_bulk_len)
        reader = AofReader(start, longest)
        replay = _Replay(self._client, self._complain)
        try:
            while data:
                yield from self._in_slices(reader.feed(data), replay.take)
                self._loading.loaded_bytes += len(data)
                data = file.read(PORTION_BYTES)
            yield from self._in_slices(reader.finish(), replay.take)
        except _UnknownCommand as error:
            self._log.warn(
                "Unknown command '{command}' reading the append only file {name}",
                command=str(error),
                name=name,
            )
            raise AppendOnlyError from None
        except CorruptAof as error:
            self._log.warn("{why}, at offset {at}", why=str(error), at=reader.offset)
            self._log.warn(
                "Bad file format reading the append only file {name}: {fix}", name=name, fix=_FIX
            )
            raise AppendOnlyError from None
        except TruncatedAof:
            if reader.in_transaction:
                self._log.warn(
                    "Revert incomplete MULTI/EXEC transaction in AOF file {name}", name=name
                )
            self._cut_off(name, reader.whole_offset)

    def _cut_off(self, name: str, size: int) -> None:
        """Drop the end of a file in which a command is not whole, if that is allowed."""
        if self._server.settings.aof_load_truncated:
            self._log.warn(
                "!!! Warning: short read while loading the AOF file {name}!!!", name=name
            )
            self._log.warn(
                "!!! Truncating the AOF {name} at offset {size} !!!", name=name, size=size
            )
            try:
                self._files.truncate(self._directory.path(name), size)
            except OSError as error:
                self._log.warn(
                    "Error truncating the AOF file {name}: {why}", name=name, why=error.strerror
                )
            else:
                self._log.warn(
                    "AOF {name} loaded anyway because aof-load-truncated is enabled", name=name
                )
                self.is_truncated = True
                return
        self._log.warn(
            "Unexpected end of file reading the append only file {name}. You can: 1) {fix}. 2) "
            "Alternatively you can set the 'aof-load-truncated' configuration option to yes and "
            "restart the server.",
            name=name,
            fix=_FIX[0].upper() + _FIX[1:],
        )
        raise AppendOnlyError

    def _in_slices(self, items: Iterator[Any], take: Callable[[Any], None]) -> Iterator[None]:
        """Take items, and yield when that has gone on for a while."""
        timer = self._timer
        pause_us = self._server.settings.key_load_delay
        left = _LOOK_EVERY
        for item in items:
            take(item)
            if pause_us > 0:
                self._server.host.sleep(pause_us / 1e6)
                left = 1
            left -= 1
            if not left:
                left = _LOOK_EVERY
                if timer() - self._slice_began > _SLICE_NS:
                    yield
                    self._go_on()

    def _paced(self, steps: Steps) -> Iterator[None]:
        """Do the steps of a snapshot, and yield when that has gone on for a while."""
        for loaded in steps:
            pause_us = self._server.settings.key_load_delay
            if pause_us > 0:
                self._server.host.sleep(loaded * pause_us / 1e6)
            if self._timer() - self._slice_began > _SLICE_NS:
                yield
                self._go_on()

    def _go_on(self) -> None:
        """Begin another slice."""
        self._server.keyspace.refresh_now()
        self._slice_began = self._timer()

    def _complain(self, argv: Sequence[bytes], error: RedisError) -> None:
        """Tell the operator that a command failed which had not failed before."""
        self._errors += 1
        self._server.statistics.errors_in_streams += 1
        if self._errors <= 10:
            self._log.warn(
                "== CRITICAL == This AOF-loading-client is sending an error to its AOF-loading-"
                "client: '{error}' after processing the command '{command}'",
                error=error.text.decode("utf-8", "backslashreplace"),
                command=argv[0].decode("utf-8", "backslashreplace"),
            )


def _portions(first: bytes, file: ReadFile) -> Iterator[bytes]:
    data = first
    while data:
        yield data
        data = file.read(PORTION_BYTES)


class _UnknownCommand(Exception):
    """There is no command of this name."""


class _Replay:
    """Runs the commands of one file; those of a transaction when it is complete."""

    def __init__(
        self, client: Client, complain: Callable[[Sequence[bytes], RedisError], None]
    ) -> None:
        self._client = client
        self._resolve = client.ctx.server.table.resolve
        self._plain = client.ctx.server.table.plain.get
        self._complain = complain
        self._queued: list[Sequence[bytes]] | None = None

    def take(self, argv: Sequence[bytes]) -> None:
        """
        Run a command, or keep it until its transaction is complete.

        Raises:
            _UnknownCommand: There is none of this name.
        """
        command = self._plain(argv[0])
        if command is None:
            try:
                command = self._resolve(argv)
            except RedisError:
                raise _UnknownCommand(argv[0].decode("utf-8", "backslashreplace")) from None
            name = command.declaration.name
            if name == "MULTI":
                self._queued = self._queued or []
                return
            if name in ("EXEC", "DISCARD"):
                queued, self._queued = self._queued or [], None
                for each in queued if name == "EXEC" else ():
                    self.take(each)
                return
        if self._queued is not None:
            self._queued.append(argv)
            return
        try:
            check_arity(command, argv)
            if ADMIN in command.flags:
                # It changes no data, and a file is not to rule the server.
                raise RedisError("no such command belongs into an append only file")
            reply = command.call(self._client.ctx, *argv[command.words :])  # type: ignore[misc]
        except RedisError as error:
            reply = error
        if isinstance(reply, RedisError):
            self._complain(argv, reply)


def _make_client(server: Instance) -> Client:
    """Return the client that commands are run for: nothing is refused to it."""
    client = Client(server, 0)
    client.authenticated = True
    client.become(server.access.superuser)
    client.ctx.may_block = False
    return client
