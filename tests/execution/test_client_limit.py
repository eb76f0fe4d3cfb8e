"""Tests of pyredis.execution.client_limit."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.client import Client
from pyredis.execution.client_lines import CLIENT_BYTES
from pyredis.execution.replicas import ReplicaState, Stage
from pyredis.wire.replies import OK
from tests.commands.session import MemoryConnection, Session

KILOBYTE = 1 << 10


class BufferedConnection(MemoryConnection):
    """A wire with as much in its buffers as is said."""

    def __init__(self) -> None:
        super().__init__()
        self.received = 0
        self.unsent = 0

    def pending_input(self) -> int:
        """Return how much came of a request."""
        return self.received

    def pending_output(self) -> int:
        """Return how much has not left."""
        return self.unsent


class ClientLimitTests(SynchronousTestCase):
    """Who is cut off when all clients take too much."""

    def setUp(self) -> None:
        """Start a server whose clients may take a megabyte."""
        self.session = Session()
        self.server = self.session.server
        self.assertEqual(self.session.do("CONFIG", "SET", "maxmemory-clients", "1mb"), OK)

    def client(self, received: int = 0, unsent: int = 0) -> Client:
        """Return a client with something in its buffers, looked at."""
        connection = BufferedConnection()
        client = self.server.connect(connection)
        connection.received, connection.unsent = received * KILOBYTE, unsent * KILOBYTE
        self.server.client_limit.look_at(client)
        return client

    def left(self, *clients: Client) -> list[bool]:
        """Tell which clients are still there."""
        return [client.id in self.server.clients for client in clients]

    def test_the_largest_goes(self) -> None:
        """With what it has sent or not read, and only as many as need be."""
        small = [self.client(100), self.client(unsent=150)]
        large = self.client(400)
        self.assertEqual(self.left(*small, large), [True] * 3)
        last = self.client(500)

        self.assertEqual(self.left(*small, large, last), [True, True, False, True])
        self.assertTrue(large.closing)
        self.assertEqual(self.server.statistics.evicted_clients, 1)

    def test_what_has_left_meanwhile(self) -> None:
        """Does not count any more."""
        drained = self.client(unsent=900)
        drained.connection.unsent = 0  # type: ignore[attr-defined]
        other = self.client(900)

        self.assertEqual(self.left(drained, other), [True, True])
        self.server.disconnect(other)
        self.assertEqual(self.left(drained, self.client(900)), [True, True])

    def test_who_is_spared(self) -> None:
        """Who has asked to be, until it asks no longer."""
        spared = self.client(100)
        spared.no_evict = True
        spared.connection.received = 2000 * KILOBYTE  # type: ignore[attr-defined]
        self.server.client_limit.look_at(spared)
        self.assertEqual(self.left(spared), [True])
        spared.no_evict = False
        self.server.client_limit.look_at(spared)

        self.assertEqual(self.left(spared), [False])

    def test_a_replica(self) -> None:
        """What waits for it is not counted, and it stays when others must go."""
        replica = self.client()
        replica.replica = ReplicaState()
        replica.replica.stage = Stage.ONLINE
        replica.connection.unsent = 2000 * KILOBYTE  # type: ignore[attr-defined]
        self.server.client_limit.look_at(replica)
        usual = self.client(100)
        self.assertEqual(self.left(replica, usual), [True, True])

        large = self.client(1100)
        self.assertEqual(self.left(replica, large), [True, False])

    def test_what_clients_keep_here(self) -> None:
        """Queued commands, watched keys and subscriptions count as well."""
        for words in (["WATCH"], ["SUBSCRIBE"], ["PSUBSCRIBE"], ["SSUBSCRIBE"]):
            other = self.session.another()
            for number in range(0, 4000, 100):
                other.do(*words, *range(number, number + 100))
                if other.client.closing:
                    break
            self.assertEqual(self.left(other.client), [False], words)
        other = self.session.another()
        other.do("MULTI")
        for _ in range(9):
            other.do("SET", "k", "x" * 100 * KILOBYTE)
        self.assertEqual(self.left(other.client), [True])
        other.do("SET", "k", "x" * 200 * KILOBYTE)
        self.assertEqual(self.left(other.client), [False])

    def test_settings(self) -> None:
        """A lower limit is kept at once; a percentage is one of maxmemory; too little is not."""
        clients = [self.client(200) for _ in range(4)]
        self.session.do("CONFIG", "SET", "maxmemory-clients", 600 * KILOBYTE)
        self.assertEqual(self.left(*clients), [False, False, True, True])
        self.session.do("CONFIG", "SET", "maxmemory", "3mb", "maxmemory-clients", "10%")
        self.assertEqual(self.server.client_limit.bytes, 3 * 1024 * KILOBYTE // 10)
        self.assertEqual(self.left(*clients), [False, False, False, True])
        self.session.do("CONFIG", "SET", "maxmemory", 0)
        self.assertEqual(self.server.client_limit.bytes, 0)
        self.session.do("CONFIG", "SET", "maxmemory-clients", 1)
        self.assertEqual(self.server.client_limit.bytes, 128 * KILOBYTE)
        self.assertEqual(self.left(*clients, self.session.client), [False] * 4 + [True])

    def test_many_small_ones(self) -> None:
        """Clients that take no more than all do count, too."""
        self.session.do("CLIENT", "NO-EVICT", "ON")
        clients = [self.client() for _ in range(400)]

        self.assertEqual(sum(self.left(*clients)), -(-1024 * KILOBYTE // CLIENT_BYTES) - 2)
