r"""Several connections at once: the same interleaving on both servers, every frame compared.

A script of the table language (`tests.differential.script`) in which each step is one
request of one connection, ``@a`` to ``@d``; no mode is needed.  A word ``{b}`` stands
for the id of connection ``b``.  After each step all that *any* connection has received
is read and compared byte for byte: replies, pushes, what a blocked client was served,
and whether a connection was closed.  One that was closed is opened again when used.

When is there nothing more to come?  One more connection asks PING again and again: its
requests arrive behind the step's, so that some turns of the server's event loop have
passed without a word when it has been answered a few times.  Nobody of those
who play is disturbed, be they blocked, in MULTI or silenced.  A step that has to do with
time (``PX``, a timeout) is followed by a short wait.  Keys expire when
they are looked at only, since when else they would is each server's own business.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence

from tests.differential.compare import Pair, shown, shrunk
from tests.differential.frames import NotAFrame, frame_end, request
from tests.differential.peers import PATIENCE, Connection, Peer
from tests.differential.script import Step

Heard = dict[str, bytes]
"""What connections received after a step, by name; who received nothing is left out."""

CLOSED = b"<closed>"
_QUIET_ROUNDS = 4
_MOMENT_S = 0.02
_MENTIONS_TIME = frozenset((b"PX", b"PEXPIRE", b"0.005"))
_ID_WORD = re.compile(rb"\{(\w)\}")
# Redis writes this null in the protocol of who tracks, be it that of who is told or not;
# a RESP2 client must not be sent a "_".
_ALL_KEYS = re.compile(rb"(invalidate\r\n)(?:\$-1|_)\r\n")
_BROKEN = re.compile(rb"(\$21\r\ntracking-redir-broken\r\n:)\d+")


class _Player:
    """One connection of a script."""

    def __init__(self, peer: Peer) -> None:
        connection = Connection(peer.address)
        self.number = connection.ask("CLIENT", "ID").text
        self._socket = connection.detached()
        self._socket.setblocking(False)
        self.is_closed = False

    def send(self, data: bytes) -> None:
        """Send bytes; whether they arrive shows later."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def heard(self) -> bytes:
        """Return what has arrived."""
        chunks: list[bytes] = []
        while not self.is_closed:
            try:
                chunk = self._socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            if not chunk:
                chunk, self.is_closed = CLOSED, True
            chunks.append(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def comparable(data: bytes) -> bytes:
    """Return frames without what is each server's own: its greeting, the ids of clients."""
    frames = []
    at = 0
    while at < len(data):
        try:
            end = frame_end(data, at)
        except NotAFrame:
            end = -1
        if end < 0:
            return b"".join(frames) + data[at:]
        frame = data[at:end]
        frame = _ALL_KEYS.sub(rb"\1<all>", _BROKEN.sub(rb"\1?", frame))
        frames.append(b"<hello>" if b"$6\r\nserver\r\n" in frame else frame)
        at = end
    return b"".join(frames)


class _Stage:
    """All connections of a script to one server."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._players: dict[str, _Player] = {}
        self._mentions_time = False

    def __enter__(self) -> _Stage:
        self._peer.reset()
        for name in "abcd":
            self._players[name] = _Player(self._peer)
        return self

    def __exit__(self, *exception: object) -> None:
        for player in self._players.values():
            player.close()
        self._barrier()  # Or what they have still to say could pause again.
        self._peer.admin.call(b"CLIENT", b"UNPAUSE")
        self._barrier()

    def play(self, step: Step) -> Heard:
        """Send a request; return what everybody received."""
        if self._players[step.on].is_closed:
            self._players[step.on].close()
            self._players[step.on] = _Player(self._peer)
        argv = tuple(_ID_WORD.sub(self._number_of, word) for word in step.argv)
        self._players[step.on].send(request(argv))
        timed = not _MENTIONS_TIME.isdisjoint(word.upper() for word in argv)
        self._mentions_time |= timed
        heard: Heard = {}
        self._listen(heard)
        if timed or (self._mentions_time and argv[0].upper() == b"EXEC"):
            time.sleep(_MOMENT_S)
            self._listen(heard)
        return {name: comparable(data) for name, data in heard.items()}

    def _listen(self, heard: Heard) -> None:
        """Take what arrives until there is nothing more to come."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            self._barrier()
            quiet += 1
            for name, player in self._players.items():
                if data := player.heard():
                    heard[name] = heard.get(name, b"") + data
                    quiet = 0

    def free(self, name: str) -> None:
        """End the wait of a connection, if it waits."""
        number = self._players[name].number
        flags = re.search(
            rb" flags=(\w+)", self._peer.admin.call(b"CLIENT", b"LIST", b"ID", number)
        )
        if flags is not None and b"b" in flags.group(1):
            # Redis dies if it unblocks somebody that waits for the end of a pause.
            self._peer.admin.call(b"CLIENT", b"UNPAUSE")
            for _ in range(_QUIET_ROUNDS):
                self._barrier()
            self._peer.admin.call(b"CLIENT", b"UNBLOCK", number)

    def _number_of(self, match: re.Match[bytes]) -> bytes:
        return self._players[match.group(1).decode()].number

    def _barrier(self) -> None:
        answer = self._peer.admin.call(b"PING")
        if answer != b"+PONG\r\n":
            raise AssertionError(f"{self._peer.label} answers PING with {answer!r}")


@contextlib.contextmanager
def _nothing_expires_by_itself(pair: Pair) -> Iterator[None]:
    peers = (pair.oracle, pair.subject)
    for peer in peers:
        answer = peer.admin.call(b"DEBUG", b"SET-ACTIVE-EXPIRE", b"0")
        if answer != b"+OK\r\n":
            raise AssertionError(f"{peer.label}: {answer!r}")
    try:
        yield
    finally:
        for peer in peers:
            peer.admin.call(b"DEBUG", b"SET-ACTIVE-EXPIRE", b"1")


def first_difference(
    pair: Pair, steps: Sequence[Step], frees: bool = False
) -> tuple[int, Heard, Heard] | None:
    """Play steps to both servers; return the first on which they disagree, and both sides.

    With ``frees``, who waits when it is its turn is unblocked before: when exactly
    requests run that came behind one that waits, before or behind those of others, is each
    server's own business.
    """
    with (
        _nothing_expires_by_itself(pair),
        _Stage(pair.oracle) as real,
        _Stage(pair.subject) as ours,
    ):
        for index, step in enumerate(steps):
            if frees:
                real.free(step.on)
                ours.free(step.on)
            expected, got = real.play(step), ours.play(step)
            if not _same(expected, got):
                return index, expected, got
    return None


def _same(expected: Heard, got: Heard) -> bool:
    if expected.keys() != got.keys():
        return False
    # Whether the last words of one who is killed have left before is a matter of chance.
    return all(
        data == got[name]
        or (data.endswith(CLOSED) and got[name].endswith(CLOSED) and CLOSED in (data, got[name]))
        for name, data in expected.items()
    )


def report(pair: Pair, steps: Sequence[Step], frees: bool = False) -> str:
    """Return "" where the servers agree, or a text with a minimal script.

    What does not happen a second time was a matter of time, and is no difference.
    """
    found = first_difference(pair, steps, frees) and first_difference(pair, steps, frees)
    if found is None:
        return ""
    deadline = time.monotonic() + 4 * PATIENCE

    def fails(candidate: Sequence[Step]) -> bool:
        return time.monotonic() < deadline and first_difference(pair, candidate, frees) is not None

    minimal = shrunk(list(steps[: found[0] + 1]), fails)
    lines = ["PyRedis differs in an interleaving:"]
    index, expected, got = first_difference(pair, minimal, frees) or found
    lines += [f"    @{step.on} {_words(step)}" for step in minimal[: index + 1]]
    for name in sorted(expected.keys() | got.keys()):
        left, right = expected.get(name, b""), got.get(name, b"")
        if left != right:
            lines.append(f"  @{name} redis:   {shown(left)}")
            lines.append(f"  @{name} pyredis: {shown(right)}")
    return "\n".join(lines)


def _words(step: Step) -> str:
    return str(Step(step.argv))
