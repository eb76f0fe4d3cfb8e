"""Bad arguments by machine: every way to get one call wrong.

From a sample call such as ``LINSERT list BEFORE a b``, whose keys are named
for what they hold in `FIXTURE`, come calls with too few and too many words,
each key replaced by one of every other type, each other word by every awkward
value, and tails of options doubled and contradicting one another.  Each is
played on a fresh fixture, so a difference needs no shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.differential.compare import ALONE, Pair, shown
from tests.differential.frames import request
from tests.differential.peers import Connection, Peer
from tests.differential.script import Step, words

#: What the keys of sample calls hold, and how each is read back.
FIXTURE: dict[str, tuple[str, str]] = {
    "string": ("SET string hello", "GET string"),
    "number": ("SET number 10", "GET number"),
    "float": ("SET float 3.25", "GET float"),
    "expiring": ("SET expiring soon EX 10000", "PTTL expiring"),
    "list": ("RPUSH list a b c a", "LRANGE list 0 -1"),
    "set": ("SADD set a b c", "SMEMBERS set"),
    "intset": ("SADD intset 1 2 3", "SMEMBERS intset"),
    "hash": ("HSET hash f1 v1 f2 10 f3 1.5", "HGETALL hash"),
    "zset": ("ZADD zset 1 a 2 b 3 c", "ZRANGE zset 0 -1 WITHSCORES"),
    "stream": ("XADD stream 1-1 f v", "XRANGE stream - +"),
    "missing": ("DEL missing", "EXISTS missing"),
}

AWKWARD: tuple[bytes, ...] = (
    b"", b"abc", b"0", b"1", b"-1", b"2", b"1.5", b"+1", b"01", b"-0", b" 1", b"1 ", b"1e3",
    b"0x10",
    b"nan", b"inf", b"-inf", b"1e400", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775808", b"-9223372036854775809", b"4294967296", b"1" * 60,
    b"\x00", b"\xff\xfe", b"a\r\nb", b"*", b"NX", b"(1", b"[a",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A good call to get wrong.

    Attributes:
        call: The call, as a line.
        tails: Options to append, alone and in pairs, parted by ``|``.
        since: The version whose errors these are.
        without: Awkward values not to try (a huge count that is served, not refused).
        form: The form to compare replies by instead of the command's usual one.
    """

    call: str
    tails: str = ""
    since: str = "7.0"
    without: tuple[bytes, ...] = ()
    form: str | None = None

    @property
    def name(self) -> str:
        """The command's name."""
        return self.call.split()[0].upper()


def mutations(sample: Sample) -> Iterator[tuple[bytes, ...]]:
    """Return the calls made from a sample, each once."""
    seen: set[tuple[bytes, ...]] = set()
    for argv in _all_mutations(sample):
        if argv not in seen and not _allocates(argv, sample.without):
            seen.add(argv)
            yield argv


def _allocates(argv: Sequence[bytes], without: Sequence[bytes]) -> bool:
    return any(word in without for word in argv)


def _all_mutations(sample: Sample) -> Iterator[tuple[bytes, ...]]:
    argv = tuple(words(sample.call))
    tails = [tuple(words(tail)) for tail in sample.tails.split("|") if tail.strip()]
    yield argv
    yield (argv[0].lower(), *argv[1:])
    for length in range(1, len(argv)):
        yield argv[:length]
    yield (*argv, b"x")
    yield (*argv, b"x", b"y")
    yield (*argv, *argv[1:])
    for tail in tails:
        yield from (
            (*argv, *tail),
            (*argv, *tail[:-1]),
            (*argv, *tail, *tail),
            (*argv, *tail, b"x"),
        )
        yield (*argv, *(word.lower() for word in tail))
        yield from ((*argv, *tail, *other) for other in tails)
        for at in range(1, len(tail)):
            yield from ((*argv, *tail[:at], bad, *tail[at + 1 :]) for bad in AWKWARD)
    for at in range(1, len(argv)):
        if argv[at].decode("latin-1") in FIXTURE:
            for other in (*(key.encode() for key in FIXTURE), b"", b"\x00\xff\r\n"):
                yield (*argv[:at], other, *argv[at + 1 :])
                if tails:
                    yield (*argv[:at], other, *argv[at + 1 :], *tails[0])
        else:
            yield from ((*argv[:at], bad, *argv[at + 1 :]) for bad in AWKWARD)
            yield (*argv[:at], argv[at].swapcase(), *argv[at + 1 :])
            yield (*argv[:at], *argv[at + 1 :])


def compared(pair: Pair, sample: Sample, resp: int = 2) -> list[str]:
    """Return what differs over all mutations of a sample."""
    fixture = [entry for entry in FIXTURE.values() if _known(pair.subject, entry[0].split()[0])]
    calls = [(argv, _look(argv)) for argv in mutations(sample)]
    expected = _play(pair.oracle, fixture, calls, resp)
    got = _play(pair.subject, fixture, calls, resp)
    found = []
    for (argv, looks), left, right in zip(calls, expected, got, strict=True):
        for asked, one, other in zip((argv, *looks), left, right, strict=True):
            if not pair.same(asked, sample.form, one, other):
                after = "" if asked is argv else f" then {Step(asked)}"
                found.append(
                    f"{Step(argv)}{after}\n    redis:   {shown(one)}\n    pyredis: {shown(other)}"
                )
                break
    return found


def _known(peer: Peer, command: str) -> bool:
    return command.upper() in peer.arities


def _look(argv: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    keys = dict.fromkeys(word.decode("latin-1") for word in argv[1:])
    return [tuple(words(FIXTURE[key][1])) for key in keys if key in FIXTURE]


def _play(
    peer: Peer,
    fixture: Sequence[tuple[str, str]],
    calls: Sequence[tuple[tuple[bytes, ...], list[tuple[bytes, ...]]]],
    resp: int,
) -> list[list[bytes]]:
    """Return, for each call, its reply and those of the looks at its keys."""
    before = b"".join(request(tuple(words(line))) for line in ("FLUSHALL", *dict(fixture)))
    connection = peer.connect(resp)
    answers: list[list[bytes]] = []
    silent = 0
    for argv, looks in calls:
        asked = b"".join(request(words_) for words_ in (argv, *looks))
        alone = argv[0].upper() in ALONE
        connection.send(before if alone else before + asked)
        for _ in range(1 + len(fixture)):
            connection.reply()
        if alone:
            connection.send(asked)
        answers.append([connection.reply() for _ in range(1 + len(looks))])
        if answers[-1][-1].startswith((Connection.CLOSED, Connection.SILENT)):
            connection.close()
            connection = peer.connect(resp)
            silent += answers[-1][-1].startswith(Connection.SILENT)
            if silent > 2:
                raise AssertionError(f"{peer.label} does not answer, at last to {Step(argv)}")
    connection.close()
    return answers
