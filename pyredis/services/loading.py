"""
From files into the keyspace, without holding up the server.

What loads is an iterator of steps: :meth:`Loading.in_slices` does as many as fit
into a few milliseconds, lets everybody else be served, and goes on;
:meth:`Loading.at_once` does them all. :meth:`Loading.rdb` makes the steps of an
RDB file, wherever its bytes come from: a file, the base of an append-only file,
a primary. Between :meth:`Loading.begin` and :meth:`Loading.end` clients are told
to wait, nothing expires, and INFO shows how far it is. So whoever loads, does::

    loading.begin(total_bytes)
    loaded = loading.in_slices(loading.rdb(portions, total_bytes))
    loaded.addBoth(lambda result: (loading.end(), result)[1])
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from pyredis.datatypes.strings import SHORT_BYTES
from pyredis.errors import RedisError
from pyredis.keyspace.frequencies import FrequencyCounting
from pyredis.persistence.rdb_format import (
    NEWEST_READ,
    RdbError,
    TruncatedRdb,
    WrongChecksum,
)
from pyredis.persistence.rdb_reader import RdbReader, Record

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.execution.scripting.function_libraries import FunctionLibraries
    from pyredis.keyspace.database import Database
    from pyredis.services.files import Files, ReadFile

Steps = Generator[int, None, None]
"""
Pieces of work well under a millisecond; each yields how many keys it has loaded, none if it
found nothing to do: what it needs has still to come.
"""

OnExpired = Callable[[int, bytes], object]
"""Called with the database and name of a key that is due and was not loaded."""

_SLICE_NS = 4_000_000
_IDLE_NS = 5_000_000
_PORTION_BYTES = 1 << 18
_KEYS_A_STEP = 128
_TOLD_EVERY_NS = 5_000_000_000
_REASON = "loading"

FATAL = "Fatal error loading the DB, check server logs. Exiting."
TERMINATING = "Terminating server after rdb file reading failure."
ENDINGS = frozenset({FATAL, TERMINATING})
"""Lines of :class:`LoadingFailed` that tell that the server ends, where it does."""


class LoadingFailed(Exception):
    """
    A file cannot be loaded.

    Attributes:
        lines: Why, for the log.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


class Loading:
    """
    Loads into the keyspace of one server.

    Args:
        server: Whose keyspace it is.

    Attributes:
        loaded_bytes: How much of :attr:`total_bytes` is loaded; whoever makes
            steps of its own moves it forward.
        keys_loaded: By the last load, or so far.
        keys_expired: Left out by it for they were past their time.
    """

    _log = Logger()

    def __init__(self, server: Instance) -> None:
        self._server = server
        self._keyspace = server.keyspace
        self.total_bytes = self.loaded_bytes = 0
        self.keys_loaded = self.keys_expired = 0
        self._used_memory = 0
        self._started_ms = self._started_ns = self._told_ns = 0

    # What INFO shows

    def fields(self) -> dict[str, object]:
        """Return the fields of INFO that are there only while something is loaded."""
        if not (self._keyspace.loading or self._keyspace.loading_aside):
            return {}
        elapsed_s = (self._keyspace.clock() - self._started_ms) // 1000
        total, loaded = self.total_bytes, self.loaded_bytes
        return {
            "loading_start_time": self._started_ms // 1000,
            "loading_total_bytes": total,
            "loading_rdb_used_mem": self._used_memory,
            "loading_loaded_bytes": loaded,
            "loading_loaded_perc": f"{100 * loaded / total if total else 0:.2f}",
            "loading_eta_seconds": self._left_s(elapsed_s) if elapsed_s else 1,
        }

    def _left_s(self, elapsed_s: float) -> int:
        """Estimate the seconds left."""
        left = max(0, self.total_bytes - self.loaded_bytes)
        return int(elapsed_s * left / (self.loaded_bytes + 1))

    # The state of loading

    def begin(self, total_bytes: int, *, serving: bool = False) -> None:
        """
        Be loading: clients are told to wait, nothing expires.

        Args:
            total_bytes: How much there is to load, 0 if that is not known.
            serving: Whether the data that are there are served all the while; what is
                loaded must be put elsewhere then.
        """
        self.total_bytes = total_bytes
        self.loaded_bytes = self.keys_loaded = self.keys_expired = self._used_memory = 0
        self._started_ms = self._keyspace.clock()
        self._started_ns = self._told_ns = self._server.timer()
        self._keyspace.loading = not serving
        self._keyspace.loading_aside = serving
        self._server.dispatcher.watch_over(_REASON)

    def end(self) -> None:
        """Serve everybody again."""
        self._keyspace.loading = self._keyspace.loading_aside = False
        self._server.dispatcher.let_go(_REASON)

    @property
    def elapsed_s(self) -> float:
        """Seconds since :meth:`begin`."""
        return (self._server.timer() - self._started_ns) / 1e9

    # Doing steps

    def in_slices(self, steps: Steps) -> Deferred[None]:
        """
        Do steps, a few milliseconds at a time.

        Returns:
            A Deferred that fires after the last one, or fails with what one of
            them raised. Cancelling it stops the work.
        """
        pending: Any = None

        def stop(_: Any) -> None:
            if pending is not None and pending.active():
                pending.cancel()
            steps.close()

        def go_on() -> None:
            nonlocal pending
            try:
                pause_ns = self._slice(steps)
            except Exception:
                done.errback()
                return
            if pause_ns is None:
                done.callback(None)
            else:
                pending = self._server.scheduler.callLater(pause_ns / 1e9, go_on)

        done: Deferred[None] = Deferred(stop)
        go_on()
        return done

    @staticmethod
    def at_once(steps: Steps) -> None:
        """Do all steps; whatever one of them raises is raised."""
        for _ in steps:
            pass

    def _slice(self, steps: Steps) -> int | None:
        """Do some steps; return how long to wait before the next, None if there is none."""
        timer = self._server.timer
        started = now = timer()
        pause_ns = 0
        for loaded in steps:
            if not loaded:
                return max(pause_ns, _IDLE_NS)
            pause_ns += self._delay_ns(loaded)
            now = timer()
            if now - started + pause_ns >= _SLICE_NS:
                break
        else:
            return None
        if now - self._told_ns >= _TOLD_EVERY_NS:
            self._told_ns = now
            self._tell()
        return pause_ns

    def _delay_ns(self, keys: int) -> int:
        """Return how long loading some keys is to take longer (``key-load-delay``)."""
        delay: int = self._server.settings.key_load_delay
        # Below zero it says after how many keys to wait for a microsecond.
        return keys * delay * 1000 if delay >= 0 else keys * 1000 // -delay

    def _tell(self) -> None:
        if self.total_bytes:
            self._log.info(
                "Loading: {percent:.1f}% of {megabytes:.1f} MB, {keys} keys, about {left} s left",
                percent=100 * self.loaded_bytes / self.total_bytes,
                megabytes=self.total_bytes / 1e6,
                keys=self.keys_loaded,
                left=self._left_s(self.elapsed_s),
            )

    # Whole files

    def file(
        self,
        files: Files,
        path: str,
        *,
        keeping_expired: bool = False,
        replacing: bool = False,
        on_expired: OnExpired | None = None,
        on_end: Callable[[RdbReader], object] = lambda reader: None,
    ) -> Steps | None:
        """
        Begin to load an RDB file; the state of loading ends with the last step.

        Args:
            files: The file system.
            path: Its name.
            keeping_expired: See :meth:`rdb`, as for the others.
            replacing: Whether its keys take the places of those that are there.
            on_expired: See there.
            on_end: See there.

        Returns:
            The steps; None if there is no such file.

        Raises:
            LoadingFailed: It cannot be opened.
        """
        try:
            file = files.open_to_read(path)
            total_bytes = files.size(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror
            raise LoadingFailed(
                f"Fatal error: can't open the RDB file {path} for reading: {why}", FATAL
            ) from None
        self.begin(total_bytes)
        steps = self.rdb(
            _portions(file),
            total_bytes,
            keeping_expired=keeping_expired,
            replacing=replacing,
            on_expired=on_expired,
            on_end=on_end,
        )
        return self._whole(path, file, steps)

    def _whole(self, path: str, file: ReadFile, steps: Steps) -> Steps:
        try:
            yield from steps
        except OSError as error:
            why = error.strerror
            raise LoadingFailed(f"Can't read the RDB file {path}: {why}", FATAL) from None
        finally:
            file.close()
            self.end()

    def rdb(
        self,
        portions: Iterator[bytes],
        total_bytes: int | None = None,
        *,
        keeping_expired: bool = False,
        replacing: bool = False,
        on_expired: OnExpired | None = None,
        on_end: Callable[[RdbReader], object] = lambda reader: None,
        place: Place | None = None,
    ) -> Steps:
        """
        Return the steps that load an RDB file.

        Args:
            portions: Its bytes. No more are taken than up to its end. An empty one
                says that the next has still to come.
            total_bytes: Its size, if known.
            keeping_expired: Whether keys past their time are loaded all the same:
                those that follow the file (commands, a primary) count on them.
            replacing: Whether keys, and libraries of functions, may take the
                places of those that are there; else that is a failure.
            on_expired: Called with the database and name of each key that is past its
                time and not loaded.
            on_end: Called with the reader at the end: it knows the AUX fields,
                and what came behind the end.
            place: Where everything is put; None for where it is served from.

        Raises:
            LoadingFailed: The file cannot be used. What was loaded by then, stays.
        """
        server, settings = self._server, self._server.settings
        reader = RdbReader(
            server.limits,
            checking=settings.rdbchecksum and not server.switches.checksums_ignored,
            total_bytes=total_bytes or None,
        )
        filling = _Filling(self, reader, replacing, on_expired, place or served_by(server))
        if not keeping_expired and self._keyspace.may_expire:
            filling.now_ms = self._keyspace.clock()
        before = self.loaded_bytes
        try:
            for portion in portions:
                if not portion:
                    yield 0
                    continue
                yield from filling.take(reader.feed(portion))
                self.loaded_bytes = before + reader.bytes_read
                if reader.finished:
                    break
            yield from filling.take(reader.finish())
        except RdbError as error:
            raise LoadingFailed(*_reasons(reader, error, self.keys_loaded)) from error
        filling.finish()
        on_end(reader)

    def note_used_memory(self, used_bytes: int) -> None:
        """Note how much memory the data took where the file was written."""
        self._used_memory = used_bytes


class Place(NamedTuple):
    """Where a file is loaded to: databases, and the libraries of functions."""

    databases: Sequence[Database]
    libraries: FunctionLibraries


def served_by(server: Instance) -> Place:
    """Return what clients see."""
    return Place(server.keyspace.databases, server.scripting.libraries)


class _Filling:
    """The way of one file's records into the keyspace."""

    def __init__(
        self,
        loading: Loading,
        reader: RdbReader,
        replacing: bool,
        on_expired: OnExpired | None,
        place: Place,
    ) -> None:
        self._on_expired = on_expired
        self.now_ms = -(1 << 63)
        self._loading = loading
        self._reader = reader
        self._replacing = replacing
        self._server = loading._server
        self._databases, self._libraries = place
        self._aux_seen = self._functions_seen = self._empty_seen = 0
        delay = self._server.settings.key_load_delay
        self._keys_a_step = max(1, min(_KEYS_A_STEP, 1000 // delay)) if delay > 0 else _KEYS_A_STEP

    def take(self, records: Iterator[Record]) -> Steps:
        """Enter records."""
        while loaded := self._enter(islice(records, self._keys_a_step)):
            yield loaded
        self._heed()

    def _enter(self, records: Iterator[Record]) -> int:
        """Enter some records; return how many there were."""
        now_ms, current = self.now_ms, -1
        count = expired = 0
        for number, key, value, deadline_ms, idle_s, frequency in records:
            count += 1
            if deadline_ms is not None and deadline_ms < now_ms:
                expired += 1
                if self._on_expired is not None:
                    self._on_expired(number, key)
                continue
            if number != current:
                db, current = self._database(number), number
                values, load, shared = db.values, db.load, db.short_strings
            if key in values:
                self._make_room(db, key)
            if value.__class__ is bytes and len(value) <= SHORT_BYTES:
                value = shared[value]
            load(key, value, deadline_ms)
            if (idle_s is not None or frequency is not None) and db.accesses is not None:
                note_use(self._server, db, key, idle_s, frequency)
        self._loading.keys_expired += expired
        self._loading.keys_loaded += count - expired
        return count

    def _database(self, number: int) -> Database:
        try:
            return self._databases[number]
        except IndexError:
            raise LoadingFailed(
                "FATAL: Data file was created with a server configured to handle more than "
                f"{len(self._databases)} databases. Exiting"
            ) from None

    def _make_room(self, db: Any, key: bytes) -> None:
        if not self._replacing:
            raise LoadingFailed(f"RDB has duplicated key {key!r} in DB {db.number}", FATAL)
        db.delete(key)

    def _heed(self) -> None:
        """Take over what stands beside the keys."""
        reader = self._reader
        if len(reader.aux) != self._aux_seen:
            for name in islice(reader.aux, self._aux_seen, None):
                self._tell_aux(name, reader.aux[name])
            self._aux_seen = len(reader.aux)
        for code in reader.functions[self._functions_seen :]:
            try:
                self._libraries.load(code, self._replacing)
            except RedisError as error:
                text = error.text.decode("utf-8", "backslashreplace")
                raise LoadingFailed(f"Failed loading library, {text}", FATAL) from None
        self._functions_seen = len(reader.functions)
        for key in reader.empty_key_names[self._empty_seen :]:
            self._log("skipping empty key: {text}", key)
        self._empty_seen = len(reader.empty_key_names)

    def _tell_aux(self, name: bytes, value: bytes) -> None:
        number = int(value) if value.isdigit() else 0
        if name == b"redis-ver":
            self._log("Loading RDB produced by version {text}", value)
        elif name == b"ctime":
            age_s = max(0, self._server.keyspace.clock() // 1000 - number)
            self._log("RDB age {text} seconds", b"%d" % age_s)
        elif name == b"used-mem":
            self._loading.note_used_memory(number)
            self._log("RDB memory usage when created {text} Mb", b"%.2f" % (number / (1 << 20)))
        elif name == b"aof-preamble" and number:
            self._log("RDB has an AOF tail")
        elif name == b"aof-base" and number:
            self._log("RDB is base AOF")
        elif name.startswith(b"%"):
            self._log(f"RDB '{_shown(name)}': {{text}}", value)

    def _log(self, line: str, text: bytes = b"") -> None:
        self._loading._log.info(line, text=_shown(text))

    def finish(self) -> None:
        """Sum up in the log."""
        reader, loading = self._reader, self._loading
        if self._server.settings.rdbchecksum and reader.unchecked:
            self._log("RDB file was saved with checksum disabled: no check performed.")
        skipped = f", empty keys skipped: {reader.empty_keys}" if reader.empty_keys else ""
        loading._log.info(
            "Done loading RDB, keys loaded: {loaded}, keys expired: {expired}{skipped}.",
            loaded=loading.keys_loaded,
            expired=loading.keys_expired,
            skipped=skipped,
        )


def note_use(
    server: Instance, db: Database, key: bytes, idle_s: int | None, frequency: int | None
) -> None:
    """Note how a key was used, if the eviction policy of this server goes by the same."""
    keyspace, settings = server.keyspace, server.settings
    if keyspace.frequency is None:
        if idle_s is not None:
            keyspace.set_idle_ms(db, key, idle_s * 1000)
    elif frequency is not None:
        counting = FrequencyCounting(settings.lfu_log_factor, settings.lfu_decay_time)
        keyspace.set_access_count(db, key, counting, frequency)


def _portions(file: ReadFile) -> Iterator[bytes]:
    while data := file.read(_PORTION_BYTES):
        yield data


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _reasons(reader: RdbReader, error: RdbError, keys: int) -> tuple[str, ...]:
    """Return what the log has to say of a file that is not right."""
    if not reader.version:
        return "Wrong signature trying to load DB from file", FATAL
    if not 1 <= reader.version <= NEWEST_READ:
        return f"Can't handle RDB format version {reader.version}", FATAL
    where = f"Internal error in RDB reading offset {reader.bytes_read}, behind {keys} keys -> "
    if isinstance(error, WrongChecksum):
        return f"Wrong RDB checksum: {error}. Aborting now.", where + "RDB CRC error", TERMINATING
    if isinstance(error, TruncatedRdb):
        return (
            "Short read or OOM loading DB. Unrecoverable error, aborting now.",
            where + "Unexpected EOF reading RDB file",
            TERMINATING,
        )
    return (
        f"{where}integrity check failed: {error}",
        "The RDB file is damaged, or of another kind: integrity check failed",
        TERMINATING,
    )
