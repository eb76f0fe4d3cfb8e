"""The two servers of a comparison, and raw connections to them.

The *oracle* is a real redis-server: ``PYREDIS_ORACLE`` names one, otherwise
the first on the PATH is taken.  The *subject* is PyRedis, started as
``PyRedisServer`` in a process of its own (its reactor must not meet the one
that trial runs in this process); ``PYREDIS_SUBJECT`` may name a server binary
instead, which turns a run into real against real, to check the tables
themselves.  Each is started once for a test process, at first use, and is gone
when the process is: stopped at exit, and killed by the kernel or by the end of
its standard input if there is no orderly exit.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from unittest import SkipTest

from tests.differential.frames import Node, NotAFrame, frame_end, parse, request
from tests.differential.script import version_of

Address = str | tuple[str, int]
ORACLE_VARIABLE = "PYREDIS_ORACLE"
SUBJECT_VARIABLE = "PYREDIS_SUBJECT"
PATIENCE = 5.0
ROOT = Path(__file__).resolve().parents[2]


class Connection:
    """A socket that sends bytes and reads replies as bytes."""

    CLOSED = b"<connection closed>"
    SILENT = b"<no reply in time>"

    def __init__(self, address: Address, resp: int = 2, patience: float = PATIENCE) -> None:
        """Connect, and speak protocol version ``resp``."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.settimeout(patience)
        self._socket.connect(address)
        if family == socket.AF_INET:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._at = 0
        self._end: bytes | None = None  # Set once nothing more can be read.
        self.greeting = self.call(b"HELLO", b"3") if resp == 3 else b""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def detached(self) -> socket.socket:
        """Return the socket, for who reads it without waiting; all replies have been read."""
        assert not self._buffer, "there is more to read"
        return self._socket

    def send(self, data: bytes) -> None:
        """Send bytes; a peer that has hung up shows in the next read."""
        try:
            self._socket.sendall(data)
        except TimeoutError:
            self._end = self.SILENT
        except OSError:  # What it said before it hung up can still be read.
            pass

    def finish(self) -> None:
        """Say that nothing more will be sent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def call(self, *argv: bytes) -> bytes:
        """Send one command and return its reply's bytes."""
        self.send(request(argv))
        return self.reply()

    def ask(self, *argv: bytes | str) -> Node:
        """Send one command and return its reply, taken apart."""
        return parse(self.call(*(w.encode() if isinstance(w, str) else w for w in argv)))

    def reply(self) -> bytes:
        """Return the bytes of the next reply or push.

        What is no reply is returned as it came, or as `CLOSED` or `SILENT`;
        after that, nothing else will be read.
        """
        while True:
            try:
                end = frame_end(self._buffer, self._at)
            except NotAFrame:
                self._end = bytes(self._buffer[self._at :])
                end = -1
            if end >= 0:
                frame = bytes(self._buffer[self._at : end])
                self._at = end
                if self._at == len(self._buffer):
                    self._buffer.clear()
                    self._at = 0
                return frame
            if self._end is not None:
                return self._end
            self._receive()

    def _receive(self) -> None:
        try:
            chunk = self._socket.recv(1 << 18)
        except TimeoutError:
            self._end = self.SILENT + bytes(self._buffer[self._at :])
            return
        except OSError:
            chunk = b""
        if chunk:
            self._buffer += chunk
        else:
            self._end = self.CLOSED + bytes(self._buffer[self._at :])

    def rest(self, until: bytes | None = None) -> bytes:
        """Return all bytes up to ``until``, or up to the end of the connection."""
        searched = 0
        while until is None or (at := self._buffer.find(until, searched)) < 0:
            if self._end is not None:
                # The end marks repeat what was left; here it is all of it.
                mark = self.CLOSED if self._end.startswith(self.CLOSED) else self.SILENT
                return bytes(self._buffer) + mark
            searched = max(len(self._buffer) - len(until or b""), 0)
            self._receive()
        return bytes(self._buffer[: at + len(until)])


class Peer:
    """A running server: where it listens, what it is."""

    def __init__(self, label: str, address: Address) -> None:
        """Describe a server that is up."""
        self.label = label
        self.address = address
        self._admin: Connection | None = None

    @property
    def admin(self) -> Connection:
        """A RESP2 connection for the harness's own questions."""
        if self._admin is None:
            self._admin = Connection(self.address)
        return self._admin

    def alive(self) -> bool:
        """Whether the server runs and answers."""
        try:
            if self._admin is None:
                self._admin = Connection(self.address)
            answered = self._admin.call(b"PING") == b"+PONG\r\n"
        except OSError:
            answered = False
        if not answered:
            self._admin = None
        return answered

    def connect(self, resp: int = 2) -> Connection:
        """Return a new connection."""
        return Connection(self.address, resp)

    @property
    def version(self) -> tuple[int, ...]:
        """The Redis version the server says it is."""
        return version_of(self.info("server").get("redis_version", "0"))

    def info(self, section: str) -> dict[str, str]:
        """Return a section of INFO."""
        text = self.admin.ask("INFO", section).text.decode()
        pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
        return {name: value for name, _, value in pairs}

    def knows(self, command: str) -> bool:
        """Whether the server has this command (``"XADD"``, ``"CLIENT|NO-TOUCH"``)."""
        reply = self.admin.ask("COMMAND", "INFO", command)
        return (
            bool(reply.children)
            and reply.children is not None
            and (reply.children[0].children is not None)
        )

    @cached_property
    def arities(self) -> dict[str, int]:
        """The arity of each command the server has, by upper-case name."""
        entries = self.admin.ask("COMMAND").children or ()
        heads = [entry.children for entry in entries if entry.children]
        return {head[0].text.decode().upper(): int(head[1].text) for head in heads}

    def reset(self) -> None:
        """Empty the data set."""
        answer = self.admin.call(b"FLUSHALL")
        if answer != b"+OK\r\n":
            raise AssertionError(f"{self.label} answers FLUSHALL with {answer!r}")


class ServerProcess(Peer):
    """A server started by this process, and stopped with it."""

    def __init__(self, label: str, argv: Sequence[str], address: Address | None, cwd: str) -> None:
        """Start ``argv``; without an address, its first line of output names the port."""
        self._directory = cwd
        self._log_path = Path(cwd) / "log"
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                argv,
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=log if address else subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        atexit.register(self.stop)
        super().__init__(label, address or self._announced())
        self._wait_until_ready()

    def _announced(self) -> Address:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else b""
        if not line.strip().isdigit():
            self.stop()
            raise AssertionError(f"the server did not start: {self.log()}")
        return ("127.0.0.1", int(line))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection = Connection(self.address)
                if connection.call(b"PING") == b"+PONG\r\n":
                    connection.close()
                    return
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self.label} did not start: {self.log()}")
            time.sleep(0.01)

    def log(self) -> str:
        """Return the end of what the server wrote."""
        with contextlib.suppress(OSError):
            return self._log_path.read_text(errors="replace")[-2000:]
        return ""

    def alive(self) -> bool:
        """Whether the process runs and answers."""
        return self._process.poll() is None and super().alive()

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._directory, ignore_errors=True)


def _die_with_parent() -> None:  # Runs in the child, between fork and exec.
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def redis_server(binary: str) -> ServerProcess:
    """Start a real server on a Unix socket of its own."""
    directory = tempfile.mkdtemp(prefix="pyredis-oracle-")
    path = os.path.join(directory, "socket")
    argv = [binary, "--port", "0", "--unixsocket", path, "--dir", directory]
    argv += ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes"]
    return ServerProcess(os.path.basename(binary), argv, path, directory)


def pyredis_server() -> ServerProcess:
    """Start PyRedis on a free port."""
    directory = tempfile.mkdtemp(prefix="pyredis-subject-")
    argv = [sys.executable, "-m", "tests.differential.subject"]
    return ServerProcess("pyredis", argv, None, directory)


def named_peer(name: str) -> Peer:
    """Return the peer a variable or option names: ``host:port`` or a binary."""
    host, _, port = name.rpartition(":")
    if port.isdigit() and host:
        return Peer(name, (host, int(port)))
    return redis_server(name)


_running: dict[str, Peer] = {}


def oracle() -> Peer:
    """Return the real server of this test process.

    Raises:
        SkipTest: The machine has none.
    """
    name = os.environ.get(ORACLE_VARIABLE) or shutil.which("redis-server")
    if not name:
        raise SkipTest(
            "redis-server is not installed: differential tests compare PyRedis with it "
            f"(apt-get install redis-server, or name one in {ORACLE_VARIABLE})"
        )
    return _kept("oracle", lambda: named_peer(name))


def subject() -> Peer:
    """Return the PyRedis of this test process; a new one if the last one died."""
    name = os.environ.get(SUBJECT_VARIABLE)
    return _kept("subject", lambda: named_peer(name) if name else pyredis_server())


def _kept(role: str, start: Callable[[], Peer]) -> Peer:
    peer = _running.get(role)
    if peer is None or not peer.alive():
        if isinstance(peer, ServerProcess):
            sys.stderr.write(f"{peer.label} died or hangs: {peer.log()}\n")
            peer.stop()
        peer = _running[role] = start()
    return peer
