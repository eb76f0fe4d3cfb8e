"""Crowds on a server that has more to do than to answer them: nobody may see that, either."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.differential.crowds import PATIENCE_S, WOKEN, Member, alone, crowd, together, words
from tests.differential.families import DifferentialTestCase
from tests.differential.peers import Peer, ServerProcess, pyredis_server
from tests.differential.test_crowds import SEED_VARIABLE, difference
from tests.marks import takes_minutes

CROWDS = int(os.environ.get("PYREDIS_CROWDS", "40"))
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "as it starts": {},
    "slow log": {"slowlog-log-slower-than": "0", "latency-monitor-threshold": "1"},
    "debug log": {"loglevel": "debug"},
    "LRU": {"maxmemory": "4gb", "maxmemory-policy": "allkeys-lru"},
    "LFU": {"maxmemory": "4gb", "maxmemory-policy": "volatile-lfu"},
    "little memory for clients": {"maxmemory-clients": "1gb"},
    "no lingering": {"hz": "500"},
    "small encodings": {
        "hash-max-listpack-entries": "4",
        "set-max-listpack-entries": "4",
        "zset-max-listpack-entries": "4",
        "list-max-listpack-size": "4",
    },
}

Check = Callable[[bytes], None]
"""Fails unless what is kept elsewhere has the given digest, too."""


class CircumstanceTests(DifferentialTestCase):
    """Replies and data of crowds, whatever else goes on."""

    @takes_minutes
    def test_circumstances(self) -> None:
        """Each of some crowds meets all of them; PYREDIS_CROWD_SEED repeats one."""
        given = os.environ.get(SEED_VARIABLE)
        seeds = [int(given)] if given else [random.randrange(10**9) for _ in range(CROWDS)]
        expected = {seed: self.expected(seed) for seed in seeds}
        for title, config in SETTINGS.items():
            with self.configured(config):
                self.meet(title, expected)
        with self.listeners():
            self.meet("listeners", expected)
        with self.append_only() as check:
            self.meet("append-only file", expected, check)
        with self.replica() as check:
            self.meet("replica", expected, check)

    def expected(self, seed: int) -> tuple[list[bytes], bytes]:
        """Return what a real server answers to a crowd's members, and the digest of its data."""
        oracle = self.pair.oracle
        oracle.reset()
        members = crowd(random.Random(seed))
        replies = [alone(oracle, member) for member in members]
        forget_woken(oracle, members)
        return replies, digest(oracle)

    def meet(
        self,
        title: str,
        expected: Mapping[int, tuple[list[bytes], bytes]],
        check: Check = lambda data: None,
    ) -> None:
        """Let every crowd send what it has."""
        subject = self.pair.subject
        for seed, (replies, data) in expected.items():
            members = crowd(random.Random(seed))
            subject.reset()
            found = together(subject, members)
            for number, (got, wanted) in enumerate(zip(found, replies, strict=True)):
                if got != wanted:
                    told = difference(seed, number, len(members), got, wanted)
                    self.fail(f"{title}: {told}")
            forget_woken(subject, members)
            self.assertEqual(digest(subject), data, f"{title}: {SEED_VARIABLE}={seed}")
            try:
                check(data)
            except AssertionError as error:
                raise AssertionError(f"{title}: {SEED_VARIABLE}={seed}") from error

    @contextlib.contextmanager
    def configured(self, config: Mapping[str, str]) -> Iterator[None]:
        """Set parameters of the subject, for a while."""
        ask = self.pair.subject.admin.ask
        before = {}
        for name in config:
            pair = ask("CONFIG", "GET", name).children
            assert pair is not None
            before[name] = pair[1].text.decode()
        for name, value in config.items():
            self.assertEqual(ask("CONFIG", "SET", name, value).text, b"OK")
        try:
            yield
        finally:
            for name, value in reversed(before.items()):
                self.assertEqual(ask("CONFIG", "SET", name, value).text, b"OK")

    @contextlib.contextmanager
    def append_only(self) -> Iterator[Check]:
        """Let the subject write a file, which must hold the same data."""
        ask = self.pair.subject.admin.ask

        def check(data: bytes) -> None:
            self.assertEqual(ask("DEBUG", "LOADAOF").text, b"OK")
            self.assertEqual(digest(self.pair.subject), data)

        with self.configured({"appendonly": "yes"}):
            until(lambda: self.pair.subject.info("persistence")["aof_rewrite_in_progress"] == "0")
            yield check

    @contextlib.contextmanager
    def replica(self) -> Iterator[Check]:
        """Let another server follow the subject, which must come to the same data."""
        subject = self.pair.subject
        follower = pyredis_server()
        assert isinstance(follower, ServerProcess)
        self.addCleanup(follower.stop)
        host, port = subject.address
        follower.admin.ask("REPLICAOF", str(host), str(port))
        until(lambda: follower.info("replication").get("master_link_status") == "up")

        def check(data: bytes) -> None:
            self.assertEqual(subject.admin.ask("WAIT", "1", "5000").text, b"1")
            self.assertEqual(digest(follower), data)

        try:
            yield check
        finally:
            follower.stop()

    @contextlib.contextmanager
    def listeners(self) -> Iterator[None]:
        """Have clients that are told of all that happens."""
        subject = self.pair.subject
        told = (
            words("PSUBSCRIBE", "__key*"),
            words("MONITOR"),
            words("CLIENT", "TRACKING", "ON", "BCAST"),
        )
        with self.configured({"notify-keyspace-events": "KEA"}), contextlib.ExitStack() as stack:
            for stream in told:
                listener = subject.connect(3)
                stack.callback(listener.close)
                listener.send(stream)
                listener.reply()
                threading.Thread(target=drain, args=[listener.detached()], daemon=True).start()
            yield


def drain(peer: socket.socket) -> None:
    """Receive until the other end, or this one, is closed."""
    with contextlib.suppress(OSError):
        peer.settimeout(None)
        while peer.recv(1 << 18):
            pass


def forget_woken(peer: Peer, members: Sequence[Member]) -> None:
    """Delete what woke members up: together they needed more of it."""
    peer.admin.call(b"DEL", *(member.own + WOKEN for member in members))


def digest(peer: Peer) -> bytes:
    """Return the digest of all a server has."""
    return peer.admin.ask("DEBUG", "DIGEST").text


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
