"""
A snapshot taken from the link to a primary, and loaded.

Kept on disk, it is loaded when all of it is there. What is loaded while it comes
is taken from the link no faster than that; the rest waits in the system, and so in
the end at the primary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pyredis.replication.incoming_snapshot import IncomingSnapshot

if TYPE_CHECKING:
    from pyredis.net.primary_link import PrimaryLink
    from pyredis.replication.transfer import Spool

_MOST_HELD_BYTES = 1 << 20

Aux = Mapping[bytes, bytes]
Load = Callable[[IncomingSnapshot], "Deferred[Aux]"]


class Loader(Protocol):
    """Replaces all data by a snapshot's; its Deferreds bring the AUX fields."""

    def at_once(self, incoming: IncomingSnapshot) -> Deferred[Aux]:
        """Remove all data, then load a snapshot."""

    def aside(self, incoming: IncomingSnapshot, serving: bool) -> Deferred[Aux]:
        """Load a snapshot, and swap the data; until then serve the old ones, or nothing."""


class Intake:
    """
    Takes one snapshot from a link and lets it be loaded.

    Args:
        link: To the primary.
        header: The line that announced the snapshot.
        spool: Keeps the snapshot; None to load it while it comes.
        load: Loads it.
        ended: Called with the AUX fields, or with why it could not be loaded.

    Attributes:
        rest: What came behind the snapshot.
        is_lost: The link was lost meanwhile.

    Raises:
        ValueError: The line announces no snapshot.
    """

    _log = Logger()

    def __init__(
        self,
        link: PrimaryLink,
        header: bytes,
        spool: Spool | None,
        load: Load,
        ended: Callable[[Aux | Failure], None],
    ) -> None:
        self._snapshot = IncomingSnapshot(header, spool)
        self._snapshot.on_read = self._read
        self._link = link
        self._load = load
        self._ended = ended
        self._loaded: Deferred[None] | None = None
        self._is_paused = False
        self.rest = bytearray()
        self.is_lost = False

    @property
    def is_direct(self) -> bool:
        """Whether it is loaded while it comes."""
        return self._snapshot.is_direct

    @property
    def is_loading(self) -> bool:
        """Whether loading has begun."""
        return self._loaded is not None

    @property
    def is_waiting(self) -> bool:
        """Whether more is to come, and there is room for it."""
        return not self._snapshot.is_complete and not self._is_paused

    def fields(self) -> dict[str, object]:
        """Return what INFO says of it, by the names of the fields."""
        total, taken = self._snapshot.total_bytes, self._snapshot.taken_bytes
        return {
            "master_sync_total_bytes": total,
            "master_sync_read_bytes": taken,
            "master_sync_left_bytes": max(total - taken, 0),
            "master_sync_perc": f"{100 * taken / total if total else 0:.2f}",
        }

    def start(self) -> None:
        """Say what is coming, and load it already if that is wanted."""
        total = self._snapshot.total_bytes
        self._log.info(
            "MASTER <-> REPLICA sync: receiving {what} to {target}",
            what=f"{total} bytes from master" if total else "streamed RDB from master with EOF",
            target="parser" if self.is_direct else "disk",
        )
        if self.is_direct:
            self._begin()

    def take(self, data: bytes) -> None:
        """
        Take what comes.

        Raises:
            OSError: It cannot be kept.
        """
        snapshot = self._snapshot
        self.rest += snapshot.take(data)
        if snapshot.is_complete or snapshot.held_bytes > _MOST_HELD_BYTES:
            # What comes behind it waits in the system until this is loaded.
            self._is_paused = True
            self._link.pause()
        if snapshot.is_complete and not self.is_loading:
            self._begin()

    def lose_link(self) -> None:
        """Take note that the link is lost; what has come is loaded all the same."""
        self.is_lost = True
        self._snapshot.break_off()

    def cancel(self) -> None:
        """Load no further; nobody is told."""
        self._ended = lambda result: None
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.cancel()
        self._snapshot.close()

    def _begin(self) -> None:
        loaded = self._load(self._snapshot)
        self._loaded = loaded.addBoth(self._over)

    def _over(self, result: Aux | Failure) -> None:
        self._snapshot.close()
        self._ended(result)

    def _read(self) -> None:
        """Take more, now that there is room for it."""
        snapshot = self._snapshot
        if (
            self._is_paused
            and not snapshot.is_complete
            and snapshot.held_bytes < _MOST_HELD_BYTES // 2
        ):
            self._is_paused = False
            self._link.resume()
