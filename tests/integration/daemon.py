"""The real daemon, in a process of its own."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
"""After so long a test fails instead of waiting on."""

READY = "Ready to accept connections"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def environment(**variables: str) -> dict[str, str]:
    """Return an environment in which the package is found, and nobody is notified."""
    kept = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def command_line(arguments: Sequence[str]) -> list[str]:
    """Return the command that starts a server."""
    return [sys.executable, "-m", "pyredis", "server", *arguments]


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """
    Wait for something outside of this process; return what the condition returned.

    Raises:
        AssertionError: It takes too long.
    """
    end = time.monotonic() + PATIENCE_S
    while not (result := condition()):
        assert time.monotonic() < end, f"{what} does not happen"
        time.sleep(0.005)
    return result


def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself, and return what came of it."""
    return subprocess.run(
        command_line(arguments),
        input=stdin,
        cwd=tempfile.gettempdir(),
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


class Daemon:
    """
    A running server.

    Args:
        arguments: Its command line, behind ``--port``.
        directory: Where it runs.
        port: 0 for none; a free one if None.
        stdin: What it reads from standard input.
        variables: Of its environment.

    Attributes:
        log: What it has logged so far.
        port: Where it listens.
    """

    def __init__(
        self,
        *arguments: str,
        directory: str,
        port: int | None = None,
        stdin: str | None = None,
        **variables: str,
    ) -> None:
        self.port = free_port() if port is None else port
        self.log = ""
        given = list(arguments)
        if not any(argument == "--port" for argument in given):
            given += ["--port", str(self.port)]
        if stdin is not None:
            # Standard input is named last.
            given.append("-")
        self.process = subprocess.Popen(
            command_line(given),
            cwd=directory,
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self.process.stdin is not None
        if stdin is not None:
            self.process.stdin.write(stdin.encode())
        self.process.stdin.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def until_logged(self, pattern: str) -> re.Match[str]:
        """
        Wait for the log to match.

        Raises:
            AssertionError: The server ends, or takes too long.
        """
        assert self.process.stdout is not None
        end = time.monotonic() + PATIENCE_S
        while not (match := re.search(pattern, self.log, re.DOTALL)):
            readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
            data = os.read(self.process.stdout.fileno(), 65536) if readable else b""
            self.log += data.decode()
            ended = not data or time.monotonic() > end
            assert not ended or re.search(pattern, self.log, re.DOTALL), self.log
        return match

    def until_ready(self) -> Daemon:
        """Wait until it serves; return it."""
        self.until_logged(READY)
        connection = self.connect()
        reply = connection.reply("PING")
        assert reply in (b"+PONG", b"-NOAUTH Authentication required."), reply
        connection.close()
        return self

    def connect(self) -> Connection:
        """Return a connection to its port."""
        return Connection(socket.create_connection(("127.0.0.1", self.port), PATIENCE_S))

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Stop it by a signal; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        assert self.process.stdout is not None
        code = self.process.wait(PATIENCE_S)
        self.log += self.process.stdout.read().decode()
        return code

    def dispose(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


class Connection:
    """A plain socket to a server."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock

    def ask(self, data: bytes, expected: bytes) -> None:
        """
        Send bytes and wait for exactly these.

        Raises:
            AssertionError: Others come.
        """
        self.socket.sendall(data)
        got = b""
        while len(got) < len(expected):
            received = self.socket.recv(65536)
            assert received, f"closed after {got!r}"
            got += received
        assert got == expected, f"{got!r} instead of {expected!r}"

    def reply(self, line: str) -> bytes:
        """Type a line whose answer is one line, and return it."""
        self.socket.sendall(line.encode() + b"\r\n")
        got = b""
        while not got.endswith(b"\r\n"):
            received = self.socket.recv(65536)
            assert received, "closed"
            got += received
        return got[:-2]

    def is_closed(self) -> bool:
        """Wait for the server to hang up, politely or not."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        """Close."""
        self.socket.close()
