"""
What the execution of commands needs of the floors above it, as small protocols.

The network, persistence and the process plug their own in; the defaults here do
nothing, so that a command can run in a test with no socket and no process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pyredis.errors import RedisError

if TYPE_CHECKING:
    from pyredis.execution.blocking import Blocked
    from pyredis.execution.client import Client


class Connection(Protocol):
    """The wire behind a client."""

    def write(self, data: bytes) -> None:
        """Send bytes behind what was written before."""

    def resume(self) -> None:
        """Go on with the requests that waited while the client did."""

    def close(self) -> None:
        """Close when what was written has left."""

    def abort(self) -> None:
        """Close now, whatever was not sent."""

    def set_limited(self, limited: bool) -> None:
        """Take small requests only, as long as the client is not authenticated."""

    def fileno(self) -> int:
        """Return the number of its descriptor, -1 if it has none."""

    def pending_input(self) -> int:
        """Return how many bytes wait for the rest of their request."""

    def pending_output(self) -> int:
        """Return how many bytes wait to be sent."""

    def output_memory(self) -> int:
        """Return how much memory those take."""

    def check_output(self, waiting: int) -> bool:
        """Hang up if so many bytes are more than may wait for this client; return whether."""

    def set_no_delay(self, no_delay: bool) -> None:
        """Let the system send at once, or gather small pieces."""

    def move_to(self, server: Any) -> None:
        """Be a connection of another server from now on, or close."""

    def apply_limits(self) -> None:
        """Take over changed limits of its buffers."""

    def check_limits(self) -> None:
        """Close if the limits of its buffers are passed by now."""


class NoConnection:
    """A client without a wire: scripts, tests, the in-process interface."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep what would have been sent."""
        self.written.append(data)

    def resume(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing to close."""

    def abort(self) -> None:
        """Nothing to close."""

    def set_limited(self, limited: bool) -> None:
        """Nothing is read."""

    def fileno(self) -> int:
        """There is none."""
        return -1

    def pending_input(self) -> int:
        """Nothing is read."""
        return 0

    def pending_output(self) -> int:
        """Nothing waits."""
        return 0

    def output_memory(self) -> int:
        """Nothing waits."""
        return 0

    def apply_limits(self) -> None:
        """There are no buffers."""

    def check_limits(self) -> None:
        """There are no buffers."""

    def check_output(self, waiting: int) -> bool:
        """There is no limit."""
        return False

    def set_no_delay(self, no_delay: bool) -> None:
        """Nothing is sent."""

    def move_to(self, server: Any) -> None:
        """Nothing to move."""


class Memory(Protocol):
    """The memory of the process that a server's data, clients and buffers take."""

    def used(self) -> int:
        """Measure, and return the bytes in use."""

    def estimate(self) -> int:
        """Return about how many bytes are in use; cheap enough for every command."""

    def large(self) -> int:
        """Return the bytes in use by large objects, which are known at any time."""

    def note_freed(self, size: int) -> None:
        """Take into account that small objects of so many bytes were freed."""


class NoMemory:
    """No process: nothing is ever in use."""

    def used(self) -> int:
        """Nothing."""
        return 0

    def estimate(self) -> int:
        """Nothing."""
        return 0

    def large(self) -> int:
        """Nothing."""
        return 0

    def note_freed(self, size: int) -> None:
        """Nothing was."""


class Timer(Protocol):
    """A call that was scheduled (Twisted's ``IDelayedCall``)."""

    def cancel(self) -> None:
        """Do not call."""

    def active(self) -> bool:
        """Tell whether it is still to be called."""


class Scheduler(Protocol):
    """Calls functions later (Twisted's ``IReactorTime``)."""

    def callLater(self, delay: float, call: Callable[..., Any], *args: Any) -> Timer:
        """Call a function after some seconds."""


class Cargo(NamedTuple):
    """
    Requests for another server.

    Attributes:
        host: Where it is.
        port: Likewise.
        timeout_s: How long it may take to go on.
        credentials: The words behind AUTH, if there are any.
        database: To select before.
        requests: Each with its name and arguments.
    """

    host: str
    port: int
    timeout_s: float
    credentials: Sequence[bytes]
    database: int
    requests: Sequence[Sequence[bytes]]


class Delivery(NamedTuple):
    """
    What became of a cargo.

    Attributes:
        replies: The first lines of the answers that came, in order of the requests.
        refusal: The error by which AUTH or SELECT was refused; all requests were
            then sent in vain.
        failure: What could not be done in time: ``connecting``, ``writing``, ``reading``.
    """

    replies: Sequence[bytes]
    refusal: bytes = b""
    failure: str = ""


class Carrier(Protocol):
    """Takes requests to other servers."""

    def send(self, cargo: Cargo, on_end: Callable[[Delivery], None]) -> None:
        """Send requests; ``on_end`` is called once, and never before this returned."""


class NoCarrier:
    """No network: nothing arrives."""

    def send(self, cargo: Cargo, on_end: Callable[[Delivery], None]) -> None:
        """Refuse."""
        raise RedisError("this server has no way to other servers")


class Dialogue(Protocol):
    """
    The wire of one client, used outside the normal course, while everything else waits.

    That the client has gone is told by :meth:`receive` alone; nothing is raised.
    """

    def send(self, data: bytes) -> None:
        """Send bytes."""

    def receive(self) -> bytes:
        """Wait for bytes and return them; none mean that the client has gone."""

    def close(self) -> None:
        """Leave the wire as it was."""


class Host(Protocol):
    """The process around a server: what a few commands ask of it."""

    def shutdown(self, save: bool | None, now: bool, force: bool) -> Blocked | None:
        """
        Stop the server.

        Returns:
            What to wait with if others come first, None if it stops.

        Raises:
            RedisError: It cannot stop now.
        """

    def abort_shutdown(self) -> bool:
        """Do not stop, though it was asked for; return whether it was."""

    def rewrite_config(self, force_all: bool = False) -> None:
        """
        Write the running configuration back to its file.

        Args:
            force_all: Parameters that have their default as well.

        Raises:
            RedisError: There is no file, or it cannot be written.
        """

    def read_acl_file(self) -> bytes:
        """
        Return the text of the ACL file.

        Raises:
            OSError: It cannot be read.
        """

    def write_acl_file(self, text: bytes) -> bool:
        """Replace the ACL file's text; return whether that was possible, the log says why not."""

    def load_module(self, name: str) -> None:
        """
        Serve the commands that a Python module declares.

        Raises:
            ImportError: It cannot be imported.
            ValueError: It declares no command, or one that exists.
        """

    def sleep(self, seconds: float) -> None:
        """Hold up the whole server (DEBUG SLEEP)."""

    def set_active_expiry(self, active: bool) -> None:
        """Let keys expire by themselves, or only when they are asked for."""

    def pause_ticking(self, paused: bool) -> None:
        """Stop all periodic work, or go on with it (DEBUG PAUSE-CRON)."""

    def crash(self, reason: str, signal: int) -> None:
        """End the process by a signal, saying why in the log."""

    def release_memory(self) -> None:
        """Give memory that is free inside the process back to the system."""

    def open_dialogue(self, client: Client) -> Dialogue:
        """
        Speak with a client while everything else waits.

        Raises:
            RedisError: There is no way to.
        """

    def fork_dialogue(self, client: Client, speak: Callable[[Dialogue], None]) -> None:
        """
        Speak with a client in a child of this process; here it is a client no more.

        Raises:
            RedisError: There is no way to.
        """


class NoHost:
    """No process: what needs one is refused."""

    def shutdown(self, save: bool | None, now: bool, force: bool) -> Blocked | None:
        """Refuse."""
        raise RedisError("Errors trying to SHUTDOWN. Check logs.")

    def abort_shutdown(self) -> bool:
        """Nobody asked."""
        return False

    def rewrite_config(self, force_all: bool = False) -> None:
        """Refuse."""
        raise RedisError("The server is running without a config file")

    def read_acl_file(self) -> bytes:
        """There is none."""
        raise FileNotFoundError(2, "No such file or directory")

    def write_acl_file(self, text: bytes) -> bool:
        """There is none."""
        return False

    def load_module(self, name: str) -> None:
        """Refuse: which modules there are is not known."""
        raise ValueError("there is no server process to load it")

    def sleep(self, seconds: float) -> None:
        """Nobody is held up."""

    def set_active_expiry(self, active: bool) -> None:
        """Nothing ticks."""

    def pause_ticking(self, paused: bool) -> None:
        """Nothing ticks."""

    def crash(self, reason: str, signal: int) -> None:
        """Refuse: the process is another's."""
        raise RedisError("There is no server process to crash")

    def release_memory(self) -> None:
        """Keep it: the process is another's."""

    def open_dialogue(self, client: Client) -> Dialogue:
        """Refuse."""
        raise RedisError("scripts cannot be debugged here")

    def fork_dialogue(self, client: Client, speak: Callable[[Dialogue], None]) -> None:
        """Refuse."""
        raise RedisError("scripts cannot be debugged here")


class AppendOnly(Protocol):
    """
    The append-only file, as commands and guards know it.

    Attributes:
        is_on: Whether what is done is appended (or will be, when the first base is written).
        error_text: What is wrong with the disk, None if nothing is: no writes are taken then.
        appended_offset: How far the stream of all writes has come.
        synced_offset: How much of it is on the disk, -1 while nothing is appended. What a
            client did is, once this has reached what ``appended_offset`` was behind it.
    """

    @property
    def is_on(self) -> bool:
        """See above."""

    @property
    def error_text(self) -> str | None:
        """See above."""

    @property
    def appended_offset(self) -> int:
        """See above."""

    @property
    def synced_offset(self) -> int:
        """See above."""

    def call_when_synced(self, call: Callable[[], None]) -> None:
        """Call a function whenever ``synced_offset`` has moved."""

    def rewrite(self, *, later: bool) -> str:
        """
        Write a new base in the background.

        Args:
            later: Not now, for a transaction is under way.

        Returns:
            ``started`` or ``scheduled``.

        Raises:
            RedisError: It cannot begin.
        """

    def reload(self) -> None:
        """
        Forget all data and load the file (DEBUG LOADAOF).

        Raises:
            RedisError: It cannot be loaded.
        """

    def set_flush_sleep(self, microseconds: int) -> None:
        """Sleep before each writing (DEBUG AOF-FLUSH-SLEEP)."""


class NoAppendOnly:
    """No files: nothing is appended."""

    is_on = False
    error_text: str | None = None
    appended_offset = 0
    synced_offset = -1

    def call_when_synced(self, call: Callable[[], None]) -> None:
        """Nothing is ever synced."""

    def rewrite(self, *, later: bool) -> str:
        """Refuse."""
        raise RedisError(
            "Can't execute an AOF background rewriting. Please check the server logs for more "
            "information."
        )

    def reload(self) -> None:
        """Refuse."""
        raise RedisError("Error trying to load the AOF files, check server logs.")

    def set_flush_sleep(self, microseconds: int) -> None:
        """Nothing is written."""


class Snapshots(Protocol):
    """
    The RDB file, as commands and guards know it.

    Attributes:
        is_failing: Whether the last one failed, and writes are refused for that.
        last_save_s: When the data were last saved, in Unix seconds.
    """

    @property
    def is_failing(self) -> bool:
        """See above."""

    @property
    def last_save_s(self) -> int:
        """See above."""

    def save(self) -> None:
        """
        Save everything, and come back when that is done.

        Raises:
            RedisError: It cannot be done.
        """

    def save_in_background(self, *, later: bool, in_transaction: bool) -> str:
        """
        Save everything as it is now, in the background.

        Args:
            later: Begin when another child process has ended, if there is one.
            in_transaction: Not now, for a transaction is under way.

        Returns:
            ``started`` or ``scheduled``.

        Raises:
            RedisError: It cannot be done.
        """

    def all_flushed(self) -> None:
        """Take note that there are no keys any more: what is being saved is of no use."""

    def reload(self, *, saving: bool, flushing: bool, merging: bool) -> None:
        """
        Save everything and load it (DEBUG RELOAD).

        Args:
            saving: False to load the file that is there.
            flushing: False to keep what is in memory.
            merging: Whether keys of the file take the places of those in memory.

        Raises:
            RedisError: It cannot be done.
        """


class NoSnapshots:
    """No files: nothing is saved."""

    is_failing = False
    last_save_s = 0

    def save(self) -> None:
        """Refuse."""
        raise RedisError("this server keeps no files")

    def save_in_background(self, *, later: bool, in_transaction: bool) -> str:
        """Refuse."""
        raise RedisError("this server keeps no files")

    def all_flushed(self) -> None:
        """Nothing is being saved."""

    def reload(self, *, saving: bool, flushing: bool, merging: bool) -> None:
        """Refuse."""
        raise RedisError("this server keeps no files")
