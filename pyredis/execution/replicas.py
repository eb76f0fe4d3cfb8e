"""
What a server knows of its replicas, and what commands ask of replication.

A client becomes a replica by SYNC or PSYNC; what it told of itself by REPLCONF
before is kept with it until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.config.special_types import PrimaryAddress
    from pyredis.execution.client import Client

NO_HISTORY = "0" * 40
"""A replication id that no server has."""


Target = tuple[int, int]
"""What a client waits for: offsets of the history of replication, and of the append-only file."""


class Stage(Enum):
    """How far a replica has come."""

    CONFIGURED = auto()
    """It has told of itself, but is no replica yet."""
    WAITING = auto()
    """It waits for a snapshot to begin."""
    SNAPSHOT = auto()
    """A snapshot is made; what is written from now on is kept for it."""
    SENDING = auto()
    """It is sent the finished snapshot."""
    ONLINE = auto()
    """It is sent all writes."""
    TRANSMITTED = auto()
    """It wanted no more than the snapshot and has got it."""


STAGE_NAMES = {
    Stage.WAITING: "wait_bgsave",
    Stage.SNAPSHOT: "wait_bgsave",
    Stage.SENDING: "send_bulk",
    Stage.ONLINE: "online",
    Stage.TRANSMITTED: "rdb_transmitted",
}
"""What INFO calls them."""


class ReplicaState:
    """
    A replica, as it describes itself and as far as it has come.

    Attributes:
        port: Where it listens, as it says; 0 if it does not.
        ip: Where others reach it, if not at the address it connected from.
        takes_streams: It understands snapshots that end with a mark (``eof``).
        takes_new_ids: It understands that the history got another id (``psync2``).
        version: Of Redis, as it says.
        rdb_only: It wants a snapshot and nothing behind it.
        wants_data: It wants the keys in the snapshot; ``wants_functions`` the libraries.
        is_old: It came by SYNC: it does not tell how far it is.
        stage: How far it has come.
        ack_offset: What it has processed, as it says; ``file_offset`` what of it is
            in its append-only file for sure.
        ack_ms: When it last said so.
        initial_offset: Where its snapshot was taken.
        starts_on_ack: The stream begins when it says that it has loaded the snapshot.
        next_offset: Which byte of the history it is sent next; 0 while it is sent none.
        last_taken_ms: When it last took something of the snapshot.
    """

    __slots__ = (
        "ack_ms",
        "ack_offset",
        "file_offset",
        "initial_offset",
        "ip",
        "is_old",
        "last_taken_ms",
        "next_offset",
        "port",
        "rdb_only",
        "stage",
        "starts_on_ack",
        "takes_new_ids",
        "takes_streams",
        "version",
        "wants_data",
        "wants_functions",
    )

    def __init__(self) -> None:
        self.port = 0
        self.ip = ""
        self.takes_streams = False
        self.takes_new_ids = False
        self.version = b""
        self.rdb_only = False
        self.wants_data = True
        self.wants_functions = True
        self.is_old = False
        self.stage = Stage.CONFIGURED
        self.ack_offset = 0
        self.file_offset = 0
        self.ack_ms = 0
        self.initial_offset = 0
        self.starts_on_ack = False
        self.next_offset = 0
        self.last_taken_ms = 0

    @property
    def is_attached(self) -> bool:
        """Whether it is a replica already."""
        return self.stage is not Stage.CONFIGURED

    @property
    def wants_all(self) -> bool:
        """Whether it wants a complete snapshot."""
        return self.wants_data and self.wants_functions

    @property
    def takes_history(self) -> bool:
        """Whether it is sent the history now; until then that waits for it."""
        return self.stage is Stage.ONLINE and not self.starts_on_ack


class FailoverState(Enum):
    """How far a server has handed its part over to a replica; the values are INFO's words."""

    NONE = "no-failover"
    WAITING = "waiting-for-sync"
    UNDER_WAY = "failover-in-progress"


class Failover(Protocol):
    """Handing the part of the primary over to a replica, as commands see it."""

    @property
    def state(self) -> FailoverState:
        """How far that is."""

    def begin(self, target: tuple[str, int] | None, timeout_ms: int, by_force: bool) -> None:
        """
        Hand over to a replica as soon as it has everything.

        Args:
            target: Where it listens; any that has everything first if None.
            timeout_ms: How long to wait for that, 0 for ever.
            by_force: Hand over when the time is up, too, instead of giving up.
        """

    def abort(self) -> None:
        """Stay, or become again, the primary."""


class NoFailover:
    """A server without replicas to hand over to."""

    state = FailoverState.NONE

    def begin(self, target: tuple[str, int] | None, timeout_ms: int, by_force: bool) -> None:
        """There is nobody."""

    def abort(self) -> None:
        """Nothing is under way."""


def replica_ip(client: Client) -> str:
    """Return the address of a replica, as others reach it."""
    state = client.replica
    if state is not None and state.ip:
        return state.ip
    return client.address.rpartition(":")[0].strip("[]")


def replica_name(client: Client) -> str:
    """Return how the log calls a replica: where others reach it."""
    ip = replica_ip(client)
    port = client.replica.port if client.replica is not None else 0
    return f"{ip}:{port or '<unknown-replica-port>'}" if ip else f"client id #{client.id}"


class Replication(Protocol):
    """
    A server's part in replication, as commands see it.

    Attributes:
        lacks_replicas: Writes are refused: too few replicas are near enough.
    """

    lacks_replicas: bool

    @property
    def offset(self) -> int:
        """How long the history is, in bytes of the stream."""

    @property
    def second_id(self) -> str:
        """What the history was called before."""

    @property
    def second_offset(self) -> int:
        """Up to where it was called so, -1 if it never was."""

    def replicas(self) -> Sequence[Client]:
        """Return the replicas, in the order they came."""

    def unsent(self, client: Client) -> int:
        """Return how many bytes of the history so far a replica is still to be sent."""

    def place(self) -> Sequence[tuple[bytes, bytes]]:
        """Return which history, and how much of it, is in the data, as AUX fields of a file."""

    def synchronize(self, client: Client, history: str | None, offset: int) -> None:
        """
        Make a client a replica.

        Args:
            client: Who asks; it gets its answer over its connection, in its own time.
            history: What it has a part of, ``?`` for nothing; None if it came by SYNC.
            offset: The first byte it does not have.

        Raises:
            RedisError: It cannot be one.
        """

    def acknowledged(self, client: Client) -> None:
        """Take note that a replica has told how far it is."""

    def forget(self, client: Client) -> None:
        """Have nothing to do with a client any more."""

    def acknowledgements(self, offset: int, in_file: bool = False) -> int:
        """Count the replicas that have processed, or have on disk, so much of the history."""

    def wait(self, client: Client, target: Target) -> None:
        """Run what a client waits with again when acknowledgements come; ask for them."""

    def awaited(self, client: Client) -> Target | None:
        """Return what a client waits for, None if it does not."""

    def near_replicas(self) -> int:
        """Count the replicas that have told how far they are not too long ago."""

    def repeat(self, database: int, argv: Sequence[bytes]) -> None:
        """Let replicas run a request that this server does not run."""

    def change_id(self) -> None:
        """Begin a new history, though the data stays (DEBUG CHANGE-REPL-ID)."""

    def facts(self) -> Mapping[str, Any]:
        """Return the counters of INFO, by the names of its fields."""

    def reset_statistics(self) -> None:
        """Count anew."""


class NoReplication:
    """A server that no replica can follow."""

    offset = 0
    second_id = NO_HISTORY
    second_offset = -1
    lacks_replicas = False

    def replicas(self) -> Sequence[Client]:
        """There are none."""
        return ()

    def unsent(self, client: Client) -> int:
        """There is no history."""
        return 0

    def place(self) -> Sequence[tuple[bytes, bytes]]:
        """There is no history."""
        return ()

    def synchronize(self, client: Client, history: str | None, offset: int) -> None:
        """Refuse."""
        raise RedisError("this server can have no replicas")

    def acknowledged(self, client: Client) -> None:
        """Nobody is to be told."""

    def forget(self, client: Client) -> None:
        """Nobody is known."""

    def acknowledgements(self, offset: int, in_file: bool = False) -> int:
        """Nobody acknowledges anything."""
        return 0

    def wait(self, client: Client, target: Target) -> None:
        """In vain."""

    def awaited(self, client: Client) -> Target | None:
        """Nobody waits."""
        return None

    def near_replicas(self) -> int:
        """There are none."""
        return 0

    def repeat(self, database: int, argv: Sequence[bytes]) -> None:
        """Nobody would."""

    def change_id(self) -> None:
        """There is no history."""

    def facts(self) -> Mapping[str, Any]:
        """Nothing is counted."""
        return {}

    def reset_statistics(self) -> None:
        """Nothing is counted."""


class Following(Protocol):
    """
    Whom a server follows as a replica, as commands see it.

    Attributes:
        database: That the primary's stream has selected last.
        is_on: Whether it follows anybody.
        is_linked: Whether it has the data and hears of every change.
        address: Whom it follows; None if nobody.
        state: How far it has come; its value is ROLE's word for it.
    """

    address: PrimaryAddress | None
    database: int

    @property
    def is_on(self) -> bool:
        """Whether it follows anybody."""

    @property
    def is_linked(self) -> bool:
        """Whether it has the data and hears of every change."""

    @property
    def state(self) -> Enum:
        """How far it has come."""

    def is_primary(self, client: Client) -> bool:
        """Tell whether a client stands for the primary."""

    def follow(self, address: PrimaryAddress) -> bool:
        """Follow a server from now on; return False if it is followed already."""

    def unfollow(self) -> None:
        """Be a primary from now on."""

    def acknowledge(self) -> None:
        """Tell the primary how far this server is."""

    def fields(self) -> Mapping[str, object]:
        """Return what INFO says of a replica, by the names of the fields."""


class _Nobody(Enum):
    """The state of a server that follows nobody."""

    NOBODY = "none"


class NoFollowing:
    """A server that can follow nobody."""

    address: PrimaryAddress | None = None
    database = 0
    is_on = is_linked = False
    state: Enum = _Nobody.NOBODY

    def is_primary(self, client: Client) -> bool:
        """There is none."""
        return False

    def follow(self, address: PrimaryAddress) -> bool:
        """Refuse."""
        raise RedisError("this server cannot follow another one")

    def unfollow(self) -> None:
        """It follows nobody."""

    def acknowledge(self) -> None:
        """Nobody is to be told."""

    def fields(self) -> Mapping[str, object]:
        """There are none."""
        return {}
