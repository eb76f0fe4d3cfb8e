"""Scripts of a real server, debugged over its port."""

from __future__ import annotations

import socket
import tempfile
from typing import Any

import hiredis
from twisted.trial.unittest import SynchronousTestCase

from tests.integration.daemon import PATIENCE_S, Daemon

SCRIPT = "redis.call('set', KEYS[1], 'changed')\nreturn redis.call('get', KEYS[1])"
STOPPED = [b"* Stopped at 1, stop reason = step over", b"-> 1   " + SCRIPT.encode().split(b"\n")[0]]


class Caller:
    """A client with one connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._reader = hiredis.Reader()

    def ask(self, *words: str | int) -> Any:
        """Send a request and return what comes next."""
        encoded = [str(word).encode() for word in words]
        parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded]
        self._socket.sendall(b"*%d\r\n%b" % (len(parts), b"".join(parts)))
        return self.next()

    def next(self) -> Any:
        """Return what comes next, an empty string for the end of the connection."""
        while (reply := self._reader.gets()) is False:
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return ""
            self._reader.feed(data)
        return reply

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class ScriptDebuggingTests(SynchronousTestCase):
    """One server, and sessions of both kinds."""

    def setUp(self) -> None:
        """Start it."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.daemon = Daemon("--appendonly", "yes", directory=directory.name)
        self.addCleanup(self.daemon.dispose)
        self.daemon.until_ready()

    def caller(self) -> Caller:
        """Connect."""
        caller = Caller(self.daemon.port)
        self.addCleanup(caller.close)
        return caller

    def test_sessions(self) -> None:
        """One in a process of its own changes nothing and holds nobody up; the other does."""
        other = self.caller()
        for mode, seen in (("yes", None), ("sync", b"changed")):
            caller = self.caller()
            self.assertEqual(caller.ask("SCRIPT", "DEBUG", mode), b"OK")
            self.assertEqual(caller.ask("EVAL", SCRIPT, 1, "k"), STOPPED)
            if mode == "yes":
                self.assertEqual(other.ask("PING"), b"PONG")
            self.assertEqual(caller.ask("s")[:2], [b"<redis> set k changed", b'<reply> "+OK"'])
            self.assertEqual(caller.ask("p", "KEYS"), [b'<value> {"k"}'])
            self.assertEqual(caller.ask("c"), [b"<endsession>"])
            self.assertEqual((caller.next(), caller.next()), (b"changed", ""))
            self.assertEqual(other.ask("GET", "k"), seen)

    def test_a_signal(self) -> None:
        """It ends a session that holds everything up, and then the server as usual."""
        caller = self.caller()
        caller.ask("SCRIPT", "DEBUG", "sync")
        self.assertEqual(caller.ask("EVAL", SCRIPT, 1, "k"), STOPPED)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertIn("synchronous debugging eval session ended", self.daemon.log)

    def test_clients_that_leave(self) -> None:
        """Their scripts go on to the end, and the server with them; sessions end with it."""
        other = self.caller()
        for mode in ("sync", "yes"):
            caller = self.caller()
            caller.ask("SCRIPT", "DEBUG", mode)
            self.assertEqual(caller.ask("EVAL", SCRIPT, 1, mode), STOPPED)
            caller.close()
            self.assertEqual(other.ask("GET", "sync"), b"changed")
        caller = self.caller()
        caller.ask("SCRIPT", "DEBUG", "yes")
        self.assertEqual(caller.ask("EVAL", SCRIPT, 1, "k"), STOPPED)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(caller.next(), "")
        self.assertIn("Killing debugging session", self.daemon.log)
