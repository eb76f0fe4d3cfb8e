"""What a server under test has received, and by whom: for assertions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyredis.execution.client import Client

KEPT = 10_000
"""How many requests are remembered: the latest."""


@dataclass(frozen=True)
class Received:
    """
    One request as it came.

    Attributes:
        argv: Its words.
        client_id: As CLIENT ID tells it.
        client_name: As CLIENT SETNAME gave it, or empty.
        address: Where it came from, ``host:port``; empty in memory.
        database: The number of the selected one.
        at: When, in seconds of the server's clock.
    """

    argv: tuple[bytes, ...]
    client_id: int
    client_name: str
    address: str
    database: int
    at: float

    @property
    def name(self) -> str:
        """The command, in capitals."""
        return self.argv[0].decode("utf-8", "replace").upper()

    @property
    def args(self) -> tuple[bytes, ...]:
        """The words behind the command's name."""
        return self.argv[1:]

    def __str__(self) -> str:
        """Return the request as one would type it, more or less."""
        return " ".join(word.decode("utf-8", "backslashreplace") for word in self.argv)


class ReceivedCommands(Sequence[Received]):
    """
    The latest requests a server received, oldest first.

    It grows while the server runs; a copy (``list(server.commands)``) does not.

    Example::

        assert server.commands.names() == ["SET", "EXPIRE"]
        assert [r.args for r in server.commands.of("SET")] == [(b"k", b"v")]
        assert not server.commands.by("worker-2")
    """

    def __init__(self) -> None:
        self._received: deque[Received] = deque(maxlen=KEPT)

    def note(self, client: Client, argv: Sequence[bytes]) -> None:
        """Remember a request."""
        ctx = client.ctx
        self._received.append(
            Received(
                tuple(argv),
                client.id,
                client.name.decode("utf-8", "replace"),
                client.address,
                ctx.db.number,
                ctx.now_ms / 1000,
            )
        )

    def clear(self) -> None:
        """Forget them."""
        self._received.clear()

    def names(self) -> list[str]:
        """Return the names of the commands, in order."""
        return [received.name for received in self]

    def of(self, *names: str) -> list[Received]:
        """Return the requests of some commands."""
        wanted = {name.upper() for name in names}
        return [received for received in self if received.name in wanted]

    def by(self, client: str | int) -> list[Received]:
        """Return the requests of one client, by its name, its id or its address."""
        return [r for r in self if client in (r.client_name, r.client_id, r.address)]

    def count(self, value: object) -> int:
        """Count the requests of a command by its name, or equal ones."""
        if isinstance(value, str):
            return len(self.of(value))
        return list(self).count(value)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._received)

    def __iter__(self) -> Iterator[Received]:
        return iter(list(self._received))

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return list(self._received)[index]

    def __repr__(self) -> str:
        return f"<{len(self)} received: {', '.join(map(str, list(self)[-5:]))}>"
