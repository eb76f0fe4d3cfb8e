"""Play the same steps to two servers, compare, and shrink what differs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.differential.forms import FORMS, form_of
from tests.differential.frames import Node, NotAFrame, parse, request
from tests.differential.peers import PATIENCE, Connection, Peer
from tests.differential.script import Mode, Step, quoted

#: Databases whose contents are compared after a scenario.
AUDITED_DATABASES = (0, 1, 2, 3, 9, 15)
_LISTPACK, _QUICKLIST = b"$8\r\nlistpack\r\n", b"$9\r\nquicklist\r\n"
_HASHTABLE = b"$9\r\nhashtable\r\n"
_BATCH_STEPS = 64
_BATCH_BYTES = 48 * 1024
#: Redis 7.2 drops the error of these when replies to earlier commands are pending.
ALONE = frozenset((b"AUTH", b"HELLO"))
_MARK = b"the-end-of-this-step"


@dataclass
class Difference:
    """A step (or a key of the final state) on which the servers disagree."""

    where: str
    expected: bytes
    got: bytes

    def __str__(self) -> str:
        """Return the difference as three lines."""
        return f"{self.where}\n    redis:   {shown(self.expected)}\n    pyredis: {shown(self.got)}"


@dataclass
class Played:
    """What one server answered, and what it held at the end."""

    replies: list[bytes]
    state: dict[str, bytes] = field(default_factory=dict)


def shown(reply: bytes) -> str:
    """Return reply bytes for a human: quoted, the middle of long ones left out."""
    text = repr(reply)[1:]
    return text if len(text) <= 400 else f"{text[:250]} … {text[-120:]} ({len(reply)} bytes)"


class Pair:
    """A real server and the one that is compared with it."""

    def __init__(self, oracle: Peer, subject: Peer) -> None:
        """Compare ``subject`` with ``oracle``."""
        self.oracle = oracle
        self.subject = subject
        self.version = min(oracle.version, subject.version)

    def differences(self, steps: Sequence[Step], resp: int, audit: bool = True) -> list[Difference]:
        """Play the steps to both from an empty data set; return where they disagree."""
        expected = play(self.oracle, steps, resp, audit)
        got = play(self.subject, steps, resp, audit)
        found = []
        for step, left, right in zip(steps, expected.replies, got.replies, strict=True):
            if not self.same(step.argv, step.form, left, right):
                found.append(Difference(str(step), left, right))
        for key in sorted(expected.state.keys() | got.state.keys()):
            left, right = expected.state.get(key, b"<none>"), got.state.get(key, b"<none>")
            if left != right and not self._same_state(key, left, right):
                found.append(Difference(f"at the end, {key}", left, right))
        return found

    def _same_state(self, key: str, left: bytes, right: bytes) -> bool:
        if key.endswith(" PTTL"):
            return FORMS["near_ms"](left, right)
        return key.endswith(" OBJECT ENCODING") and self._same_before_listpacks(left, right)

    def same(self, argv: Sequence[bytes], form: str | None, left: bytes, right: bytes) -> bool:
        """Whether two replies to a command are the same."""
        if left == right or form_of(argv, form)(left, right):
            return True
        if [word.upper() for word in argv[:2]] == [b"OBJECT", b"ENCODING"]:
            return self._same_before_listpacks(left, right)
        return False

    def _same_before_listpacks(self, left: bytes, right: bytes) -> bool:
        """Whether this is only that lists and sets have listpacks since 7.2."""
        both = {left, right}
        return self.version < (7, 2) and both in ({_LISTPACK, _QUICKLIST}, {_LISTPACK, _HASHTABLE})

    def minimised(self, steps: Sequence[Step], resp: int, audit: bool = True) -> list[Step]:
        """Return the fewest steps found that still make the servers disagree."""
        deadline = time.monotonic() + PATIENCE

        def fails(candidate: Sequence[Step]) -> bool:
            return time.monotonic() < deadline and bool(self.differences(candidate, resp, audit))

        return shrunk(list(steps), fails)

    @contextlib.contextmanager
    def configured(self, parameters: Mapping[str, str]) -> Iterator[None]:
        """Set parameters on both servers; put back what was there.

        What the oracle does not know (it is older, or it is ours) is left alone.
        """
        before = []
        for name, value in parameters.items():
            for peer in (self.oracle, self.subject):
                held = peer.admin.ask("CONFIG", "GET", name).children or ()
                reply = peer.admin.call(b"CONFIG", b"SET", name.encode(), value.encode())
                if reply == b"+OK\r\n":
                    before.append((peer, name, held[1].text))
                elif peer is self.subject and before and before[-1][:2] == (self.oracle, name):
                    raise AssertionError(f"pyredis: CONFIG SET {name} {value}: {reply!r}")
        try:
            yield
        finally:
            for peer, name, text in before:
                peer.admin.call(b"CONFIG", b"SET", name.encode(), text)


def shrunk(steps: list[Step], fails: Callable[[Sequence[Step]], bool]) -> list[Step]:
    """Remove runs of steps, long ones first, while the rest still fails."""
    size = max(len(steps) // 2, 1)
    while True:
        at = max(len(steps) - size, 0)
        removed = False
        while steps:
            candidate = steps[:at] + steps[at + size :]
            if candidate and fails(candidate):
                steps, removed = candidate, True
            if at == 0:
                break
            at = max(at - size, 0)
        if size == 1 and not removed:
            return steps
        size = max(size // 2, 1)


def report(pair: Pair, title: str, steps: Sequence[Step], resp: int, audit: bool = True) -> str:
    """Return "" where the servers agree, or a text with a minimal script."""
    found = pair.differences(steps, resp, audit)
    if not found:
        return ""
    minimal = pair.minimised(steps, resp, audit)
    left = pair.differences(minimal, resp, audit) or found
    lines = [f"{title}: PyRedis differs from redis-server {_dotted(pair.oracle)} in RESP{resp}"]
    lines += ["  script:", *(f"    {step}" for step in minimal), "  difference:"]
    lines += [f"  {difference}" for difference in left[:3]]
    others = [d.where for d in found if d.where not in {one.where for one in left}]
    if others:
        lines.append(f"  and {len(others)} more in the whole script: " + "; ".join(others[:8]))
    return "\n".join(lines)


def _dotted(peer: Peer) -> str:
    return ".".join(str(part) for part in peer.version)


# -- playing ------------------------------------------------------------------------


def play(peer: Peer, steps: Sequence[Step], resp: int, audit: bool = True) -> Played:
    """Play steps to a server from an empty data set."""
    peer.reset()
    stage = _Stage(peer, resp)
    try:
        played = Played(stage.play(steps))
    finally:
        stage.close()
    if audit:
        played.state = state_of(peer)
    return played


class _Stage:
    """The connections of one scenario, by name."""

    def __init__(self, peer: Peer, resp: int) -> None:
        self._peer = peer
        self._resp = resp
        self._connections: dict[str, Connection] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def on(self, name: str) -> Connection:
        if name not in self._connections:
            self._connections[name] = self._peer.connect(self._resp)
        return self._connections[name]

    def play(self, steps: Sequence[Step]) -> list[bytes]:
        """Play all steps; neighbours on one connection go out as one pipeline."""
        replies: list[bytes] = []
        batch: list[bytes] = []
        size = 0
        sender = ""
        for step in steps:
            if step.mode is Mode.CALL:
                data = request(step.argv)
                full = len(batch) >= _BATCH_STEPS or size > _BATCH_BYTES
                if batch and (full or step.on != sender or step.argv[0].upper() in ALONE):
                    replies += self._exchange(sender, batch)
                    batch, size = [], 0
                sender = step.on
                batch.append(data)
                size += len(data)
            else:
                if batch:
                    replies += self._exchange(sender, batch)
                    batch, size = [], 0
                replies.append(self._special(step))
        if batch:
            replies += self._exchange(sender, batch)
        return replies

    def _exchange(self, name: str, batch: list[bytes]) -> list[bytes]:
        connection = self.on(name)
        connection.send(b"".join(batch))
        return [connection.reply() for _ in batch]

    def _special(self, step: Step) -> bytes:
        connection = self.on(step.on)
        if step.mode is Mode.READ:
            return connection.reply()
        if step.mode is Mode.RAW:
            connection.send(step.argv[0])
            return connection.reply()
        if step.mode is Mode.SEND:
            # In one write behind a PING: once that is answered, this was read too.
            connection.send(request((b"PING",)) + request(step.argv))
            return connection.reply()
        if step.mode is Mode.DRAIN:
            connection.send(request(step.argv) + request((b"PING", _MARK)))
            return _frames_before_mark(connection)
        if step.mode is Mode.SCAN:
            return full_scan(connection, step.argv)
        return _wait_until_gone(connection, step.argv[0])


def _frames_before_mark(connection: Connection) -> bytes:
    frames: list[bytes] = []
    while True:
        frame = connection.reply()
        if _MARK in frame or frame.startswith((Connection.CLOSED, Connection.SILENT)):
            return b"".join(frames)
        frames.append(frame)


def _wait_until_gone(connection: Connection, key: bytes) -> bytes:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        reply = connection.call(b"EXISTS", key)
        if reply == b":0\r\n":
            return reply
        time.sleep(0.001)
    return reply


def full_scan(connection: Connection, argv: Sequence[bytes]) -> bytes:
    """Iterate a scan to its end; return its elements, sorted and once each."""
    at = 1 if argv[0].upper() == b"SCAN" else 2
    width = 2 if argv[0].upper() in (b"HSCAN", b"ZSCAN") and b"NOVALUES" not in argv else 1
    seen: set[bytes] = set()
    call = list(argv)
    for _ in range(100_000):
        frame = connection.call(*call)
        try:
            page = parse(frame)
        except NotAFrame:
            return frame
        if page.children is None or len(page.children) != 2:
            return frame
        cursor, elements = page.children
        flat = [child.render() for child in elements.children or ()]
        seen.update(b"".join(flat[i : i + width]) for i in range(0, len(flat), width))
        call[at] = cursor.text
        if cursor.text == b"0":
            return b"".join(sorted(seen))
    return b"<the scan does not end>"


# -- the data set -------------------------------------------------------------------

_DUMPS: dict[bytes, tuple[tuple[bytes, ...], tuple[bytes, ...]]] = {
    b"string": ((b"GET",), ()),
    b"list": ((b"LRANGE",), (b"0", b"-1")),
    b"set": ((b"SMEMBERS",), ()),
    b"hash": ((b"HGETALL",), ()),
    b"zset": ((b"ZRANGE",), (b"0", b"-1", b"WITHSCORES")),
    b"stream": ((b"XINFO", b"STREAM"), (b"FULL", b"COUNT", b"0")),
}


def state_of(peer: Peer) -> dict[str, bytes]:
    """Return the data set: type, value, expiry and encoding of each key."""
    admin = peer.admin
    state: dict[str, bytes] = {}
    sizes = _pipeline(admin, [c for db in AUDITED_DATABASES for c in (_select(db), (b"DBSIZE",))])
    filled = [
        db for db, size in zip(AUDITED_DATABASES, sizes[1::2], strict=True) if size != b":0\r\n"
    ]
    for db in filled:
        admin.call(*_select(db))
        keys = sorted(child.text for child in admin.ask("KEYS", "*").children or ())
        types = [parse(t).text for t in _pipeline(admin, [(b"TYPE", key) for key in keys])]
        questions: list[tuple[bytes, ...]] = []
        for key, kind in zip(keys, types, strict=True):
            head, tail = _DUMPS.get(kind, ((b"TYPE",), ()))
            questions += [(*head, key, *tail), (b"PTTL", key), (b"OBJECT", b"ENCODING", key)]
        answers = _pipeline(admin, questions)
        for index, (key, kind) in enumerate(zip(keys, types, strict=True)):
            value, ttl, encoding = answers[index * 3 : index * 3 + 3]
            name = f"db {db} {quoted(key)}"
            state[f"{name} value"] = kind + b" " + canonical_value(kind, value)
            state[f"{name} PTTL"] = ttl
            state[f"{name} OBJECT ENCODING"] = _canonical_encoding(kind, encoding)
    admin.call(*_select(0))
    return state


def _select(db: int) -> tuple[bytes, ...]:
    return (b"SELECT", b"%d" % db)


def canonical_value(kind: bytes, frame: bytes) -> bytes:
    """Return a value's bytes with what has no order sorted."""
    node = parse(frame)
    children = node.children or ()
    if kind == b"set":
        return b"".join(sorted(child.render() for child in children))
    if kind == b"hash":
        pairs = zip(children[::2], children[1::2], strict=True)
        return b"".join(sorted(name.render() + value.render() for name, value in pairs))
    if kind == b"stream":
        return _stream(node)
    return frame


#: Clocks, and how a stream's nodes are cut: each server's own business.
_OWN_OF_STREAMS = (b"radix-tree", b"pel", b"seen-time", b"active-time", b"idle", b"inactive")


def _stream(node: Node) -> bytes:
    children = node.children
    if children is None:
        return node.render()
    if children and children[0].text in (b"length", b"name"):
        pairs = zip(children[::2], children[1::2], strict=True)
        parts = [
            name.render() + _stream(value)
            for name, value in pairs
            if not name.text.startswith(_OWN_OF_STREAMS)
        ]
        return b"{" + b"".join(parts) + b"}"
    return b"[" + b"".join(_stream(child) for child in children) + b"]"


def _canonical_encoding(kind: bytes, frame: bytes) -> bytes:
    # Whether a short string is embedded depends on Redis's allocations, and a
    # number made by APPEND stays raw there: both are short strings.
    return frame if kind != b"string" else b"<any>"


def _pipeline(connection: Connection, commands: Sequence[tuple[bytes, ...]]) -> list[bytes]:
    replies: list[bytes] = []
    for start in range(0, len(commands), _BATCH_STEPS):
        part = commands[start : start + _BATCH_STEPS]
        connection.send(b"".join(request(argv) for argv in part))
        replies += [connection.reply() for _ in part]
    return replies
