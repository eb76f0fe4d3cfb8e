"""
One snapshot on its way to the replicas that wait for it.

It reaches them in one of two forms. As a *stream* it is passed on while it is
made, to all of them at the pace of the slowest, and ends with a mark that was
agreed before. As a *file* it is first kept on disk, so that its length is known
and each replica can take its own time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger

from pyredis.execution.replicas import ReplicaState, Stage

if TYPE_CHECKING:
    from pyredis.execution.client import Client
    from pyredis.execution.instance import Instance
    from pyredis.execution.ports import Timer
    from pyredis.replication.snapshots import Snapshot

_PIECE_BYTES = 1 << 18
_MOST_UNSENT_BYTES = 1 << 20
_AGAIN_S = 0.005
_PIECES_A_TURN = 8


class Spool(Protocol):
    """A temporary file (``tempfile.TemporaryFile``)."""

    def write(self, data: bytes, /) -> int:
        """Write at the position."""

    def read(self, size: int, /) -> bytes:
        """Read at the position."""

    def seek(self, offset: int, /) -> int:
        """Move the position."""

    def close(self) -> None:
        """Let go of it."""


def state_of(client: Client) -> ReplicaState:
    """Return what is known of a client that is a replica."""
    assert client.replica is not None
    return client.replica


class Transfer:
    """
    A snapshot and those who get it.

    Args:
        server: Whose data.
        snapshot: What is sent.
        members: Replicas for which it was begun.
        mark: Ends it in its streamed form; None for the other form.
        spool: Keeps it in the form of a file.
        on_sent: Called with a replica that has got all of it.
        on_end: Called when it has been made, with why that failed if it did.

    Attributes:
        members: Replicas that wait for it still, or are being sent it.
        is_made: The snapshot is complete; another one could be begun.
    """

    _log = Logger()

    def __init__(
        self,
        server: Instance,
        snapshot: Snapshot,
        members: Sequence[Client],
        *,
        mark: bytes | None,
        spool: Spool | None,
        on_sent: Callable[[Client], None],
        on_end: Callable[[Transfer, str | None], None],
    ) -> None:
        self._server = server
        self._snapshot = snapshot
        self._mark = mark
        self._spool = spool
        self._on_sent = on_sent
        self._on_end = on_end
        self._size = 0
        self._sent: dict[Client, int] = {}
        self._unsent: dict[Client, int] = {}
        self._timer: Timer | None = None
        self.members = list(members)
        self.is_made = False
        if mark is not None:
            for member in members:
                member.connection.write(b"$EOF:%b\r\n" % mark)
        self._again(0)

    @property
    def is_streamed(self) -> bool:
        """Whether it is passed on while it is made."""
        return self._mark is not None

    def join(self, client: Client) -> None:
        """Send it to one more replica, too."""
        self.members.append(client)

    def leave(self, client: Client) -> None:
        """Send a replica nothing more; without any, end."""
        if client in self.members:
            self.members.remove(client)
            self._sent.pop(client, None)
            self._unsent.pop(client, None)
            if not self.members:
                if self.is_streamed and not self.is_made:
                    self._log.warn(
                        "Diskless rdb transfer, last replica dropped, killing fork child."
                    )
                self._stop("nobody waits for it any more")

    def close(self) -> None:
        """End now; nobody is told."""
        self.is_made = True
        self.members.clear()
        self._release()

    # Step by step

    def _again(self, seconds: float) -> None:
        self._timer = self._server.scheduler.callLater(seconds, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        try:
            seconds = self._read() if not self.is_made else self._send_file()
        except OSError as error:
            self._stop(str(error))
            return
        if self.members:
            self._again(seconds)
        else:
            self._release()

    def _read(self) -> float:
        """Take pieces of the snapshot; return when to look again."""
        for _ in range(_PIECES_A_TURN):
            if self.is_streamed and self._is_held_up():
                return _AGAIN_S
            piece = self._snapshot.read()
            if piece is None:
                self._complete()
                return 0
            if not piece:
                return _AGAIN_S
            self._size += len(piece)
            if self.is_streamed:
                for member in list(self.members):
                    self._write(member, piece)
            else:
                assert self._spool is not None
                self._spool.write(piece)
        return 0

    def _is_held_up(self) -> bool:
        """Tell whether a replica has no room for more; those that have get on, or would."""
        is_held_up = False
        for member in self.members:
            unsent = member.connection.pending_output()
            if unsent <= _MOST_UNSENT_BYTES or unsent < self._unsent.get(member, 0):
                self._note_taken(member)
            self._unsent[member] = unsent
            is_held_up |= unsent > _MOST_UNSENT_BYTES
        return is_held_up

    def _complete(self) -> None:
        """Go on behind the last piece."""
        self.is_made = True
        if self._mark is not None:
            self._log.info(
                "Diskless rdb transfer, done reading from pipe, {count} replicas still up.",
                count=len(self.members),
            )
            members, self.members = self.members, []
            for member in members:
                self._write(member, self._mark)
                self._on_sent(member)
        else:
            for member in self.members:
                state_of(member).stage = Stage.SENDING
                self._sent[member] = 0
                self._write(member, b"$%d\r\n" % self._size)
        self._on_end(self, None)

    def _send_file(self) -> float:
        """Send each replica as much of the file as it takes; return when to look again."""
        assert self._spool is not None
        is_idle = True
        for member in list(self.members):
            if _is_full(member):
                continue
            is_idle = False
            if self._sent[member] < self._size:
                self._spool.seek(self._sent[member])
                piece = self._spool.read(_PIECE_BYTES)
                self._sent[member] += len(piece)
                self._write(member, piece)
            if self._sent[member] >= self._size and not member.connection.pending_output():
                # All has left: what waits from now on is the history, and limited.
                self.members.remove(member)
                del self._sent[member]
                self._on_sent(member)
        return _AGAIN_S if is_idle else 0

    def _write(self, member: Client, data: bytes) -> None:
        self._note_taken(member)
        member.connection.write(data)

    def _note_taken(self, member: Client) -> None:
        state_of(member).last_taken_ms = self._server.keyspace.clock()

    def _stop(self, reason: str) -> None:
        """End before all have got it."""
        was_made, self.is_made = self.is_made, True
        self._release()
        if was_made:
            # Only replicas that read the file are left, and it cannot be read.
            for member in list(self.members):
                member.kill()
        else:
            self._on_end(self, reason)
        self.members.clear()

    def _release(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self._snapshot.close()
        if self._spool is not None:
            self._spool.close()


def _is_full(member: Client) -> bool:
    return member.connection.pending_output() > _MOST_UNSENT_BYTES
