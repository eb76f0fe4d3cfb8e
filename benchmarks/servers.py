"""
Servers under measurement: started on a free loopback port, asked, observed in /proc, stopped.

Every server runs on equal terms: one database process, no snapshots, no
append-only file, a directory of its own that is removed afterwards.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hiredis

EQUAL_TERMS = '--port {port} --bind 127.0.0.1 --dir {directory} --save "" --appendonly no'
START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


# Its declaration speaks of tuples of one word.
_pack: Any = hiredis.pack_command


class BenchmarkError(Exception):
    """What makes a measurement impossible or void."""


def pyredis_command() -> str:
    """Return how to start the PyRedis that belongs to this interpreter."""
    script = Path(sys.executable).with_name("pyredis-server")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "pyredis", "server"]
    return f"{shlex.join(start)} {EQUAL_TERMS}"


def redis_command() -> str:
    """Return how to start the redis-server on the search path."""
    return f"redis-server {EQUAL_TERMS}"


def fakeredis_command() -> str:
    """Return how to start fakeredis' TCP server."""
    return f"{shlex.quote(sys.executable)} -m benchmarks.fakeredis_server {{port}}"


class Connection:
    """A blocking client for preparing and checking, not for being measured."""

    def __init__(self, port: int, timeout_s: float = 60.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._reader = hiredis.Reader()

    def send(self, *commands: Sequence[str | bytes | int]) -> None:
        """Send commands in one write; read their replies with `receive`."""
        self.socket.sendall(b"".join(_pack(tuple(command)) for command in commands))

    def receive(self) -> Any:
        """Return the next reply; an error reply raises `BenchmarkError`."""
        while (reply := self._reader.gets()) is False:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise BenchmarkError("the server closed the connection")
            self._reader.feed(chunk)
        if isinstance(reply, Exception):
            raise BenchmarkError(str(reply))
        return reply

    def ask(self, *command: str | bytes | int) -> Any:
        """Send one command and return its reply."""
        self.send(command)
        return self.receive()

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


@dataclass(frozen=True)
class ServerSpec:
    """
    What to start and what to call it.

    Attributes:
        name: The column of the report.
        command: A shell-like line; ``{port}`` and ``{directory}`` are filled in,
            and a line without ``{port}`` gets ``--port N`` added.
    """

    name: str
    command: str

    def argv(self, port: int, directory: str) -> list[str]:
        """Return the command's words for one port and directory."""
        words = shlex.split(self.command)
        if "{port}" not in self.command:
            words += ["--port", "{port}"]
        places = {"{port}": str(port), "{directory}": directory}
        for place, value in places.items():
            words = [word.replace(place, value) for word in words]
        return words


class RunningServer:
    """A started server and what the kernel tells about its process."""

    def __init__(
        self, spec: ServerSpec, process: subprocess.Popen[bytes], port: int, ready_s: float
    ) -> None:
        self.spec = spec
        self.process = process
        self.port = port
        self.ready_s = ready_s

    def connect(self) -> Connection:
        """Return a new connection to the server."""
        return Connection(self.port)

    def cpu_s(self) -> float:
        """Return the CPU time spent so far, user and system, of all threads."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_bytes()
        # The name, in parentheses, may hold blanks: count from behind it.
        fields = stat.rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss_bytes(self) -> int:
        """Return the resident memory of the process."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchmarkError(f"{self.spec.name} is not running any more")

    def settle(self, limit_s: float = 5.0) -> None:
        """Wait until the server is idle, so that old work is not charged to the next run."""
        deadline = time.monotonic() + limit_s
        before = self.cpu_s()
        while time.monotonic() < deadline:
            time.sleep(0.1)
            now = self.cpu_s()
            if now - before <= 1.5 / TICKS_PER_SECOND:
                return
            before = now


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(spec: ServerSpec) -> Iterator[RunningServer]:
    """
    Start a server, wait for its first PONG, and stop it in the end.

    Raises:
        BenchmarkError: It cannot be started or does not answer in time.
    """
    directory = tempfile.mkdtemp(prefix="pyredis-benchmark-")
    output = Path(directory, "output.log")
    port = free_port()
    try:
        began = time.perf_counter()
        with output.open("wb") as stdout:
            process = _spawn(spec.argv(port, directory), stdout.fileno())
        try:
            try:
                _wait_for_pong(process, port, began + START_LIMIT_S)
            except BenchmarkError as error:
                tail = output.read_text(errors="replace").splitlines()[-5:]
                raise BenchmarkError("\n  ".join([f"{spec.name}: {error}", *tail])) from error
            yield RunningServer(spec, process, port, time.perf_counter() - began)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _spawn(argv: list[str], output: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise BenchmarkError(f"cannot start {argv[0]}: {error.strerror}") from error


def _wait_for_pong(process: subprocess.Popen[bytes], port: int, deadline: float) -> None:
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise BenchmarkError(f"ended with exit code {process.returncode}")
        try:
            connection = Connection(port)
        except ConnectionRefusedError:
            time.sleep(0.002)
            continue
        try:
            if connection.ask("PING") == b"PONG":
                return
        finally:
            connection.close()
    raise BenchmarkError(f"no PONG within {START_LIMIT_S:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
