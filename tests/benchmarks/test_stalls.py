"""Tests of benchmarks.stalls."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import hiredis
from twisted.trial.unittest import SynchronousTestCase

from benchmarks.servers import Connection
from benchmarks.stalls import EVENTS, Event, watch
from tests.commands.session import Session


class StallingServer:
    """A server that answers, and after anything but PING is busy for a while with nothing else."""

    def __init__(self, busy_s: float) -> None:
        self._busy_s = busy_s
        self._busy = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def connect(self) -> Connection:
        """Return a new connection."""
        return Connection(self.port)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = hiredis.Reader()
        with connection:
            while data := connection.recv(4096):
                reader.feed(data)
                while request := reader.gets():
                    with self._busy:
                        if request != [b"PING"]:
                            time.sleep(self._busy_s)
                    connection.sendall(b"+OK\r\n")


class WatchTests(SynchronousTestCase):
    """What the pinging client sees."""

    def test_a_stall_is_seen(self) -> None:
        """The slowest PING tells how long the server was busy."""
        server: Any = StallingServer(0.1)
        self.addCleanup(server.close)
        event = Event("any", lambda count: iter(()), ("WORK",), lambda connection: True)

        found = watch(server, event)

        self.assertGreater(found.worst_ms, 80.0)
        self.assertGreaterEqual(found.worst_ms, found.p999_ms)
        self.assertGreaterEqual(found.p999_ms, found.p50_ms)
        self.assertGreater(found.seconds, 0.08)


class EventTests(SynchronousTestCase):
    """What is made to happen."""

    def test_as_many_as_wanted_are_stored(self) -> None:
        """Keys, or members of one key."""
        for name, event in EVENTS.items():
            if name != "expiry":
                session = Session()
                for words in event.prepared(1234):
                    session.do(*words)
                db = session.db
                value = db.values.get(b"large")
                self.assertEqual(1234, len(db if value is None else value), name)
