"""
The history of the data: its name, how long it is, and its newest part.

A primary writes it by what it does; a replica repeats its primary's, name and
bytes, so that one history with one count of bytes holds for the whole chain,
and goes on with it under a new name when it becomes a primary itself. The former
name stays good up to the offset where the new one began. Who is sent the history,
and how, is known to :mod:`pyredis.replication.primary`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from twisted.logger import Logger

from pyredis.execution.propagation import Audience
from pyredis.execution.replicas import NO_HISTORY
from pyredis.replication.backlog import Backlog
from pyredis.replication.stream import ReplicationStream

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance

_ID = re.compile(rb"[0-9a-f]{40}")
_OFFSET = re.compile(rb"[0-9]{1,18}")


class History:
    """
    The history of one server's data; its name is the server's ``replication_id``.

    Args:
        server: Whose data.
        on_written: Called when there is something new to be sent.
        oldest_wanted: Returns the first offset that any replica is still to be sent.

    Attributes:
        is_own: This server writes it; else it repeats its primary's.
        second_id: What the history was called before, up to ``second_offset``.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        on_written: Callable[[], None],
        oldest_wanted: Callable[[], int],
    ) -> None:
        self._server = server
        self._on_written = on_written
        self._oldest_wanted = oldest_wanted
        self._stream: ReplicationStream | None = None
        self._offset = 0
        self.is_own = True
        self.second_id = NO_HISTORY
        self.second_offset = -1

    # What is so

    @property
    def is_kept(self) -> bool:
        """Whether it is known what came when, so that one may go on from there."""
        return self._stream is not None

    @property
    def backlog(self) -> Backlog:
        """What is kept of it; only while anything is."""
        assert self._stream is not None
        return self._stream.backlog

    @property
    def offset(self) -> int:
        """How long it is, in bytes, with what the command under way has done so far."""
        self._server.propagation.flush()
        return self._offset if self._stream is None else self._stream.backlog.offset

    @property
    def first(self) -> int:
        """The offset of the first byte kept, 0 if nothing is."""
        return self._stream.backlog.first if self._stream is not None else 0

    @property
    def length(self) -> int:
        """How many bytes of it are kept."""
        return self._stream.backlog.length if self._stream is not None else 0

    @property
    def memory(self) -> int:
        """How many bytes keeping it takes."""
        return self._stream.backlog.memory if self._stream is not None else 0

    def lacks(self, name: str, history: str, offset: int) -> bool:
        """
        Tell whether somebody cannot go on from where it is; the log says why.

        Args:
            name: How the log calls it.
            history: What it has a part of, ``?`` for nothing.
            offset: The first byte it does not have.
        """
        own, wanted = self._server.replication_id, history.lower()
        if wanted != own and (wanted != self.second_id or offset > self.second_offset):
            self._log_other_name(name, history, offset)
            return True
        if self._stream is not None and self._stream.backlog.reaches(offset):
            return False
        self._log.info(
            "Unable to partial resync with replica {name} for lack of backlog "
            "(Replica request was: {offset}).",
            name=name,
            offset=offset,
        )
        if offset > self.offset:
            self._log.warn(
                "Warning: replica {name} tried to PSYNC with an offset that is greater than "
                "the master replication offset.",
                name=name,
            )
        return True

    def _log_other_name(self, name: str, history: str, offset: int) -> None:
        if history.startswith("?"):
            self._log.info("Full resync requested by replica {name}", name=name)
        elif history.lower() != self.second_id:
            self._log.info(
                "Partial resynchronization not accepted: Replication ID mismatch (Replica "
                "asked for '{wanted}', my replication IDs are '{own}' and '{second}')",
                wanted=history,
                own=self._server.replication_id,
                second=self.second_id,
            )
        else:
            self._log.info(
                "Partial resynchronization not accepted: Requested offset for second ID was "
                "{offset}, but I can reply up to {most}",
                offset=offset,
                most=self.second_offset,
            )

    # Its own

    def begin(self) -> None:
        """Keep a history from now on; what was before is nobody's any more."""
        self._forget_names()
        self._server.propagation.add(self._keep(self._offset), Audience.REPLICAS)
        self._log.info(
            "Replication backlog created, my new replication IDs are '{own}' and '{second}'",
            own=self._server.replication_id,
            second=self.second_id,
        )

    def _keep(self, offset: int) -> ReplicationStream:
        server = self._server
        backlog = Backlog(server.settings.repl_backlog_size, offset, self._oldest_wanted)
        self._stream = ReplicationStream(backlog, self._on_written, server.soon)
        return self._stream

    def end(self) -> None:
        """Forget it: nobody came back for it in time."""
        stream = self._stream
        assert stream is not None
        self._server.propagation.remove(stream)
        self._offset = stream.backlog.offset
        self._stream = None
        self._forget_names()

    def _forget_names(self) -> None:
        self._server.replication_id = self._new_name()
        self.second_id, self.second_offset = NO_HISTORY, -1

    def _new_name(self) -> str:
        return f"{self._server.rng.getrandbits(160):040x}"

    def change_name(self) -> None:
        """Begin a new history, though the data stays (DEBUG CHANGE-REPL-ID)."""
        self._log.info("Changing replication IDs after receiving change-repl-id")
        self._forget_names()

    def resize(self) -> None:
        """Take over a new ``repl-backlog-size``."""
        if self._stream is not None:
            self._stream.backlog.resize(self._server.settings.repl_backlog_size)

    def trim(self) -> None:
        """Let go of what was kept for a replica that has it, or is gone."""
        if self._stream is not None:
            self._stream.backlog.trim()

    def begin_part(self) -> int:
        """Let a part begin here that can be understood by itself; return the offset so far."""
        stream = self._stream
        assert stream is not None
        offset = self.offset
        stream.select_anew()
        return offset

    def add(self, database: int, argv: Sequence[bytes]) -> None:
        """Add a request that this server does not run."""
        if self._stream is not None and self.is_own:
            self._server.propagation.flush()
            self._stream.feed([(database, argv)])

    # In files

    def place(self) -> Sequence[tuple[bytes, bytes]]:
        """Return which history, and how much of it, is in the data, as AUX fields of a file."""
        if not self.is_kept:
            return ()
        database = self._server.following.database if not self.is_own else 0
        return (
            (b"repl-stream-db", b"%d" % database),
            (b"repl-id", self._server.replication_id.encode()),
            (b"repl-offset", b"%d" % self.offset),
        )

    def resume(self, aux: Mapping[bytes, bytes], expired: Sequence[tuple[int, bytes]]) -> None:
        """
        Go on with the history that is in the data loaded at the start.

        Args:
            aux: What the file says beside the keys.
            expired: Keys that were due and not loaded, and their databases' numbers.
        """
        settings = self._server.settings
        name, offset = aux.get(b"repl-id", b""), aux.get(b"repl-offset", b"")
        if not (_ID.fullmatch(name) and _OFFSET.fullmatch(offset)):
            return
        if settings.replicaof is not None:
            self.repeat(name.decode(), int(offset))
            database = aux.get(b"repl-stream-db", b"")
            self._server.following.database = int(database) if database.isdigit() else 0
            return
        self._go_on_from(name.decode(), int(offset))
        word = b"UNLINK" if settings.lazyfree_lazy_expire else b"DEL"
        for number, key in expired:
            self.add(number, (word, key))

    def _go_on_from(self, former: str, offset: int) -> None:
        """Begin behind a history that was kept before the start, and whose end is known."""
        self._offset = offset
        self.begin()
        self.second_id, self.second_offset = former, offset + 1

    # Another's

    def stop_writing(self) -> None:
        """Add nothing of its own any more: what comes is its primary's."""
        if self._stream is not None:
            self._server.propagation.flush()
            self._stream.flush()
            self._server.propagation.remove(self._stream)
        self.is_own = False

    def repeat(self, history: str, offset: int) -> None:
        """Begin with another's, from an offset on."""
        self._server.replication_id = history
        self.second_id, self.second_offset = NO_HISTORY, -1
        self._keep(offset)

    def forget(self) -> None:
        """Know of nothing from which one could go on; the name is what it was."""
        if self._stream is not None:
            self._offset = self._stream.backlog.offset
            self._stream = None

    def take_name(self, history: str) -> None:
        """Go on with it under another name; the one before stays good up to here."""
        self.second_id, self.second_offset = self._server.replication_id, self.offset + 1
        self._server.replication_id = history

    def pass_on(self, data: bytes) -> None:
        """Add what came of it."""
        assert self._stream is not None
        self._stream.write(data)

    def write_on(self) -> None:
        """Go on with it under a name of its own, with what this server does."""
        self.is_own = True
        stream = self._stream
        if stream is None:
            return
        stream.flush()
        stream.select_anew()
        self.take_name(self._new_name())
        self._log.info(
            "Setting secondary replication ID to {second}, valid up to offset: {offset}. New "
            "replication ID is {own}",
            second=self.second_id,
            offset=self.second_offset,
            own=self._server.replication_id,
        )
        self._server.propagation.add(stream, Audience.REPLICAS)
