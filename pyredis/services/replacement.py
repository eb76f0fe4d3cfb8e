"""
All data of a replica, replaced by its primary's.

A snapshot that is kept on disk, or comes while nothing is here, takes the place of
what was there before it is loaded; should that fail, nothing is left. One that is
loaded aside takes that place when it is loaded whole (``repl-diskless-load swapdb``).
If it shows the same history at a later moment, clients are served the old data
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.errors import RedisError
from pyredis.execution.scripting.function_libraries import FunctionLibraries
from pyredis.keyspace.database import Database
from pyredis.replication.incoming_snapshot import IncomingSnapshot
from pyredis.services.loading import ENDINGS, LoadingFailed, Place, served_by

if TYPE_CHECKING:
    from pyredis.execution.instance import Instance
    from pyredis.persistence.rdb_reader import RdbReader
    from pyredis.services.append_only_service import AppendOnlyService
    from pyredis.services.loading import Loading


class Replacement:
    """
    Replaces the data of one server (:data:`pyredis.replication.following.LoadSnapshot`).

    Args:
        server: Whose data.
        loading: Loads them.
        append_only: Is written anew with them.
    """

    _log = Logger()

    def __init__(self, server: Instance, loading: Loading, append_only: AppendOnlyService) -> None:
        self._server = server
        self._loading = loading
        self._append_only = append_only

    def at_once(self, incoming: IncomingSnapshot) -> Deferred[Mapping[bytes, bytes]]:
        """
        Remove all data, then load a snapshot.

        Returns:
            A Deferred of what the snapshot says beside the keys; it fails if it
            cannot be loaded, and cancelling it stops the work.
        """
        self._remove_all()

        def ended(result: Failure | None) -> Failure | None:
            if isinstance(result, Failure):
                # Half of the data is worse than none: nobody could tell.
                self._remove_all()
            self._write_anew()
            return result

        return self._load(incoming, served_by(self._server), ended)

    def aside(self, incoming: IncomingSnapshot, serving: bool) -> Deferred[Mapping[bytes, bytes]]:
        """
        Load a snapshot, then let its data take the place of those that are here.

        Args:
            incoming: The snapshot.
            serving: Whether clients are served the old data meanwhile.

        Returns:
            See :meth:`at_once`.
        """
        keyspace = self._server.keyspace
        counts_accesses = keyspace.frequency is not None
        count = len(keyspace.databases)
        place = Place(
            [Database(number, keyspace) for number in range(count)],
            FunctionLibraries(self._server.scripting),
        )
        for fresh, old in zip(place.databases, keyspace.databases, strict=True):
            _note_accesses_as(old, fresh)

        def ended(result: Failure | None) -> Failure | None:
            if isinstance(result, Failure):
                self._log.info("MASTER <-> REPLICA sync: Discarding temporary DB in background")
            else:
                self._log.info("MASTER <-> REPLICA sync: Swapping active DB with loaded DB")
                self._swap(place, counts_accesses)
                self._log.info("MASTER <-> REPLICA sync: Discarding old DB in background")
                self._write_anew()
            for each in place.databases:
                each.clear()
            return result

        return self._load(incoming, place, ended, serving)

    def _load(
        self,
        incoming: IncomingSnapshot,
        place: Place,
        ended: Callable[[Failure | None], Failure | None],
        serving: bool = False,
    ) -> Deferred[Mapping[bytes, bytes]]:
        aux: dict[bytes, bytes] = {}
        loading = self._loading

        def read(reader: RdbReader) -> None:
            if incoming.is_direct and (not incoming.is_complete or reader.rest):
                raise LoadingFailed("Replication stream EOF marker is broken")
            aux.update(reader.aux)

        def over(result: Failure | None) -> Mapping[bytes, bytes] | Failure:
            loading.end()
            if isinstance(result, Failure) and isinstance(result.value, LoadingFailed):
                for line in result.value.lines:
                    if line not in ENDINGS:
                        self._log.warn("{line}", line=line)
            outcome = ended(result)
            return outcome if isinstance(outcome, Failure) else aux

        self._log.info("MASTER <-> REPLICA sync: Loading DB in memory")
        loading.begin(incoming.total_bytes, serving=serving)
        steps = loading.rdb(
            incoming.portions(),
            incoming.total_bytes,
            keeping_expired=True,
            replacing=True,
            on_end=read,
            place=place,
        )
        return loading.in_slices(steps).addBoth(over)

    def _remove_all(self) -> None:
        server = self._server
        self._log.info("MASTER <-> REPLICA sync: Flushing old data")
        server.remove_all_keys(server.keyspace.databases)
        server.scripting.libraries.flush()

    def _swap(self, place: Place, counted_accesses: bool) -> None:
        """Serve what was loaded; afterwards the other place has what was served before."""
        server = self._server
        databases = server.keyspace.databases
        counts_accesses = server.keyspace.frequency is not None
        for fresh, old in zip(place.databases, databases, strict=True):
            if fresh.accesses is None or counts_accesses != counted_accesses:
                _note_accesses_as(old, fresh)
            server.watched.database_changed(old, fresh)
            # Not the other way round: nobody has begun to read the fresh one slowly.
            fresh.exchange(old)
        server.scripting.libraries = place.libraries
        server.tracking.all_changed()
        server.waiting_room.database_changed(*databases)
        server.waiting_room.serve()

    def _write_anew(self) -> None:
        """Begin the append-only file again: what it holds are not these data."""
        if self._append_only.is_on:
            with suppress(RedisError):
                self._append_only.rewrite(later=True)


def _note_accesses_as(old: Database, fresh: Database) -> None:
    """Let accesses be noted in one database, from now on, if they are in another."""
    if old.accesses is not None:
        fresh.accesses = {}
        fresh.watchful = True
