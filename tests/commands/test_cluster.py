"""A cluster of one, and the answers of a server that is none."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.wire.replies import OK
from tests.commands.session import Session

CROSS = b"CROSSSLOT Keys in request don't hash to the same slot"
NOT_LOCAL = b"Script attempted to access a non local key in a cluster node"
NOT_TOGETHER = b"Script attempted to access keys that do not hash to the same slot"


class StandaloneTests(SynchronousTestCase):
    """Without cluster-enabled there is no cluster."""

    def test_everything_is_refused(self) -> None:
        """Every subcommand, and what changes a connection's state in a cluster."""
        session = Session()
        for line in ("CLUSTER INFO", "CLUSTER HELP", "CLUSTER KEYSLOT a", "READONLY", "ASKING"):
            self.assertEqual(
                session.error(*line.split()), b"ERR This instance has cluster support disabled"
            )
        self.assertEqual(
            session.error("CLUSTER", "NOPE"), b"ERR unknown subcommand 'NOPE'. Try CLUSTER HELP."
        )

    def test_keys_of_several_slots_are_fine(self) -> None:
        """Nobody minds."""
        self.assertEqual(Session().do("MSET", "a", 1, "b", 2), OK)


class ClusterTests(SynchronousTestCase):
    """With cluster-enabled the server is a cluster's only node."""

    def setUp(self) -> None:
        """Start one."""
        self.session = Session(cluster_enabled=True, cluster_announce_ip="10.0.0.1")
        self.session.server.facts["tcp_port"] = 7000
        self.my_id = self.session.do("CLUSTER", "MYID")

    def test_it_owns_all_slots(self) -> None:
        """SLOTS, SHARDS, NODES and INFO tell the same."""
        session, my_id = self.session, self.my_id
        self.assertEqual(len(my_id), 40)
        self.assertEqual(
            session.do("CLUSTER", "SLOTS"), [[0, 16383, [b"10.0.0.1", 7000, my_id, {}]]]
        )
        shard = session.do("CLUSTER", "SHARDS")[0]
        self.assertEqual((shard[b"slots"], shard[b"nodes"][0][b"id"]), ([0, 16383], my_id))
        self.assertEqual(
            session.do("CLUSTER", "NODES").text,
            my_id + b" 10.0.0.1:7000@17000 myself,master - 0 0 0 connected 0-16383\n",
        )
        self.assertIn(b"cluster_state:ok\r\n", session.do("CLUSTER", "INFO").text)
        self.assertEqual(session.do("CLUSTER", "LINKS"), [])
        self.assertEqual(len(session.do("CLUSTER", "MYSHARDID")), 40)

    def test_keys_must_share_a_slot(self) -> None:
        """Requests with keys of several slots are refused, those with a common tag are not."""
        session = self.session
        for line in ("MGET a b", "BITOP AND a b c", "COPY a b", "SSUBSCRIBE a b", "EVAL x 2 a b"):
            self.assertEqual(session.error(*line.split()), CROSS)
        self.assertEqual(session.do("MSET", "{t}a", 1, "{t}b", 2), OK)

    def test_a_transaction_shares_a_slot(self) -> None:
        """EXEC refuses commands of several slots as a whole, and the transaction is over."""
        session = self.session
        session.do("MULTI")
        session.do("SET", "a", 1)
        session.do("SET", "b", 1)
        self.assertEqual(session.error("EXEC"), CROSS)
        self.assertEqual(session.error("EXEC"), b"ERR EXEC without MULTI")
        self.assertEqual(session.do("EXISTS", "a"), 0)
        session.do("MULTI")
        self.assertEqual(session.error("MGET", "a", "b"), CROSS)
        self.assertTrue(session.error("EXEC").startswith(b"EXECABORT"))
        session.do("MULTI")
        session.do("SET", "{t}a", 1)
        session.do("SET", "{t}b", 1)
        self.assertEqual(session.do("EXEC"), [OK, OK])

    def test_there_is_one_database(self) -> None:
        """What would leave it is refused."""
        for line, text in (
            ("SELECT 1", b"ERR SELECT is not allowed in cluster mode"),
            ("SWAPDB 0 1", b"ERR SWAPDB is not allowed in cluster mode"),
            ("MOVE a 1", b"ERR MOVE is not allowed in cluster mode"),
            ("SORT a BY x_*", b"ERR BY option of SORT denied in Cluster mode."),
            ("SORT a GET #", b"ERR GET option of SORT denied in Cluster mode."),
        ):
            self.assertEqual(self.session.error(*line.split()), text)
        self.assertEqual(self.session.do("SELECT", "0"), OK)
        self.assertEqual(self.session.do("SORT", "a", "BY", "nosort"), [])

    def test_keys_of_a_slot(self) -> None:
        """KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT agree."""
        session = self.session
        self.assertEqual(session.do("CLUSTER", "KEYSLOT", "a{b}c"), 3300)
        session.do("MSET", "b", 1, "x{b}", 2)
        session.do("SET", "a", 1)
        self.assertEqual(session.do("CLUSTER", "COUNTKEYSINSLOT", 3300), 2)
        self.assertEqual(sorted(session.do("CLUSTER", "GETKEYSINSLOT", 3300, 9)), [b"b", b"x{b}"])
        self.assertEqual(len(session.do("CLUSTER", "GETKEYSINSLOT", 3300, 1)), 1)
        self.assertEqual(session.error("CLUSTER", "COUNTKEYSINSLOT", 16384), b"ERR Invalid slot")
        self.assertEqual(
            session.error("CLUSTER", "GETKEYSINSLOT", 1, -1),
            b"ERR Invalid slot or number of keys",
        )

    def test_how_it_announces_itself(self) -> None:
        """By address or name, as clients are to connect, and with what ports it is told."""
        session, my_id = self.session, self.my_id
        session.do("CONFIG", "SET", "cluster-announce-hostname", "here.example")
        self.assertEqual(
            session.do("CLUSTER", "SLOTS")[0][2],
            [b"10.0.0.1", 7000, my_id, {b"hostname": b"here.example"}],
        )
        session.do("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
        self.assertEqual(
            session.do("CLUSTER", "SLOTS")[0][2],
            [b"here.example", 7000, my_id, {b"ip": b"10.0.0.1"}],
        )
        self.assertEqual(
            session.do("CLUSTER", "SHARDS")[0][b"nodes"][0][b"endpoint"], b"here.example"
        )
        session.do("CONFIG", "SET", "cluster-announce-hostname", "")
        self.assertEqual(session.do("CLUSTER", "SLOTS")[0][2][0], b"?")
        session.do("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
        self.assertIsNone(session.do("CLUSTER", "SLOTS")[0][2][0])
        self.assertEqual(session.do("CLUSTER", "SHARDS")[0][b"nodes"][0][b"endpoint"], b"")
        session.do("CONFIG", "SET", "cluster-announce-hostname", "here.example")
        session.do("CONFIG", "SET", "cluster-announce-port", 7001)
        session.do("CONFIG", "SET", "cluster-announce-tls-port", 7002)
        session.do("CONFIG", "SET", "cluster-announce-bus-port", 7003)
        self.assertIn(b" 10.0.0.1:7001@7003,here.example ", session.do("CLUSTER", "NODES").text)
        node = session.do("CLUSTER", "SHARDS")[0][b"nodes"][0]
        self.assertEqual((node[b"port"], node[b"tls-port"]), (7001, 7002))

    def test_the_state_of_connections(self) -> None:
        """READONLY, READWRITE and ASKING are taken."""
        for name in ("READONLY", "READWRITE", "ASKING"):
            self.assertEqual(self.session.do(name), OK)


class ScriptTests(SynchronousTestCase):
    """Scripts keep the rules as far as they declare it."""

    def setUp(self) -> None:
        """Start a cluster."""
        self.session = Session(cluster_enabled=True)

    def run_script(self, head: str, body: str, *keys: str) -> object:
        """Run a script with some keys."""
        return self.session.do("EVAL", f"{head}\n{body}", len(keys), *keys)

    def test_one_command_has_one_slot(self) -> None:
        """Even a script without flags cannot mix slots in one command."""
        error = self.session.error("EVAL", "return redis.call('mget', 'a', 'b')", 0)
        self.assertIn(NOT_LOCAL, error)

    def test_a_script_with_flags_has_one_slot(self) -> None:
        """Unless it allows itself more; one without flags may touch any, one by one."""
        body = "redis.call('get', 'a') return redis.call('get', 'b')"
        self.assertIn(NOT_TOGETHER, getattr(self.run_script("#!lua", body), "text", b""))
        self.assertIsNone(self.run_script("#!lua flags=allow-cross-slot-keys", body))
        self.assertIsNone(self.run_script("", body))

    def test_the_declared_keys_say_which(self) -> None:
        """The slot of KEYS is the script's."""
        body = "return redis.call('get', 'b')"
        self.assertIn(NOT_TOGETHER, getattr(self.run_script("#!lua", body, "a"), "text", b""))
        self.assertIsNone(self.run_script("#!lua", body, "{b}a"))

    def test_a_script_may_stay_away_from_clusters(self) -> None:
        """The flag no-cluster keeps it from running."""
        reply = self.run_script("#!lua flags=no-cluster", "return 1")
        self.assertEqual(
            getattr(reply, "text", b""),
            b"ERR Can not run script on cluster, 'no-cluster' flag is set.",
        )
