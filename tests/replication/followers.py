"""A primary in memory, and replicas that keep the bytes they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from pyredis.execution.ports import NoConnection
from pyredis.replication.primary import Primary
from pyredis.replication.snapshots import Contents, MadeAtOnce
from pyredis.services.snapshots import snapshot
from tests.commands.session import Session


class Wire(NoConnection):
    """A wire that keeps what is sent; it can be full, and it can be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.unsent = 0
        self.is_cut = False
        self.checked: list[int] = []
        self.no_delay = True

    def pending_output(self) -> int:
        """Return what the test says."""
        return self.unsent

    def output_memory(self) -> int:
        """Return what the test says."""
        return self.unsent

    def check_output(self, waiting: int) -> bool:
        """Keep it."""
        self.checked.append(waiting)
        return False

    def set_no_delay(self, no_delay: bool) -> None:
        """Keep it."""
        self.no_delay = no_delay

    def close(self) -> None:
        """Note it."""
        self.is_cut = True

    def abort(self) -> None:
        """Note it."""
        self.is_cut = True


class Follower:
    """
    A replica that asks a server for its data.

    Args:
        session: A client of the same server.
        port: Where it claims to listen.
    """

    def __init__(self, session: Session, port: int = 7000) -> None:
        self.server = session.server
        self.clock = session.clock
        self.wire = Wire()
        self.client = self.server.connect(self.wire, f"10.0.0.1:{port + 10000}")

    def do(self, *words: str | int) -> object:
        """Send a request."""
        argv = [str(word).encode() for word in words]
        return self.server.dispatcher.dispatch(self.client, argv)

    def introduce(self, port: int = 7000) -> None:
        """Say what replicas say before PSYNC."""
        self.do("REPLCONF", "listening-port", port)
        self.do("REPLCONF", "capa", "eof", "capa", "psync2")

    def taken(self) -> bytes:
        """Return what was sent since the last call, keepalives left out."""
        self.clock.advance(0)
        data = b"".join(piece for piece in self.wire.written if piece != b"\n")
        self.wire.written.clear()
        return data

    def leave(self) -> None:
        """Lose the connection."""
        self.server.disconnect(self.client)


def primary_of(session: Session) -> Primary:
    """Let a server have replicas; return its primary."""

    def pieces(contents: Contents) -> Iterator[bytes]:
        return snapshot(session.server, has_data=contents.data, has_functions=contents.functions)

    primary = Primary(session.server, BytesIO, MadeAtOnce(pieces))
    session.server.replication = primary
    return primary


def settle(session: Session, seconds: float = 0.05) -> None:
    """Let everything happen that is due."""
    for _ in range(10):
        session.clock.advance(seconds / 10)
