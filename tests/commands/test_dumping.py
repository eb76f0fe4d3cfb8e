"""Tests of DUMP and RESTORE."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.hashes import HashValue
from pyredis.errors import RedisError
from pyredis.persistence.dump_payloads import dump
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.wire.replies import OK
from tests.commands.session import START_S, Session
from tests.persistence.contents import plain
from tests.persistence.payloads import PAYLOADS

NOW_MS = START_S * 1000
SEVEN = bytes.fromhex("00c0070b001d12f5d17e34271b")


class DumpTests(SynchronousTestCase):
    """DUMP returns a payload."""

    def test_every_type_goes_round(self) -> None:
        """What is dumped is restored, with its encoding."""
        session = Session(enable_debug_command="yes")
        for payload in PAYLOADS:
            self.assertEqual(session.do("RESTORE", "k", 0, payload.data, "REPLACE"), OK)
            dumped = session.do("DUMP", "k")
            self.assertEqual(session.do("RESTORE", "twin", 0, dumped, "REPLACE"), OK)
            self.assertEqual(plain(session.db.values[b"twin"]), payload.contents)
            self.assertEqual(
                session.do("DEBUG", "DIGEST-VALUE", "k"),
                session.do("DEBUG", "DIGEST-VALUE", "twin"),
            )

    def test_the_version_is_that_of_the_configuration(self) -> None:
        """Redis 7.0 takes 10, Redis 6 takes 9."""
        for version in (9, 10, 11):
            session = Session(rdb_version=version)
            session.do("SADD", "k", "a")
            self.assertEqual(session.do("DUMP", "k")[-10:-8], bytes((version, 0)))

    def test_compression_can_be_switched_off(self) -> None:
        """By the same parameter as for files."""
        for compressing, size in ((True, 100), (False, 10_000)):
            session = Session(rdbcompression=compressing)
            session.do("SET", "k", b"x" * 10_000)
            self.assertLess(abs(len(session.do("DUMP", "k")) - size), 130)

    def test_a_missing_key_has_none(self) -> None:
        """Nor has one that expired."""
        session = Session()
        self.assertIsNone(session.do("DUMP", "k"))
        session.do("SET", "k", "v", "PX", 10)
        session.clock.advance(1)
        self.assertIsNone(session.do("DUMP", "k"))

    def test_fields_that_expire(self) -> None:
        """They are restored with their deadlines, and expire."""
        session = Session()
        session.do("HSET", "k", "f", "v", "g", "w")
        session.do("HPEXPIRE", "k", 5000, "FIELDS", 1, "f")
        payload = session.do("DUMP", "k")
        session.do("RESTORE", "twin", 0, payload)
        self.assertEqual(session.do("HPTTL", "twin", "FIELDS", 2, "f", "g"), [5000, -1])
        session.clock.advance(6)
        self.assertEqual(session.do("HKEYS", "twin"), [b"g"])


class RestoreTests(SynchronousTestCase):
    """RESTORE gives a key a value."""

    def test_it_keeps_what_is_there(self) -> None:
        """Unless told to replace it."""
        session = Session()
        session.do("SET", "k", "old", "EX", 100)
        self.assertEqual(
            session.error("RESTORE", "k", "x", "junk"), b"BUSYKEY Target key name already exists."
        )
        self.assertEqual(session.do("RESTORE", "k", 0, SEVEN, "replace"), OK)
        self.assertEqual((session.do("GET", "k"), session.do("TTL", "k")), (b"7", -1))

    def test_ttls(self) -> None:
        """From now, or since the epoch."""
        session = Session()
        session.do("RESTORE", "k", 5000, SEVEN)
        self.assertEqual(session.do("PEXPIRETIME", "k"), NOW_MS + 5000)
        session.do("RESTORE", "k", NOW_MS + 3000, SEVEN, "ABSTTL", "REPLACE")
        self.assertEqual(session.do("PTTL", "k"), 3000)
        session.do("RESTORE", "k", 0, SEVEN, "ABSTTL", "REPLACE")
        self.assertEqual(session.do("PTTL", "k"), -1)

    def test_what_has_expired_is_not_stored(self) -> None:
        """But what it was to replace is gone, and told to be."""
        session = Session()
        past = ("RESTORE", "k", NOW_MS - 1, SEVEN, "ABSTTL", "REPLACE")
        self.assertEqual(session.do(*past), OK)
        self.assertEqual((session.do("EXISTS", "k"), session.changes(*past)), (0, 0))
        session.do("SET", "k", "v")
        self.assertEqual(session.events(*past), [(b"del", b"k")])
        session.do("SET", "k", "v")
        self.assertEqual(session.effects(*past), [(b"DEL", b"k")])
        session.server.settings.lazyfree_lazy_server_del = True
        session.do("SET", "k", "v")
        self.assertEqual(session.effects(*past), [(b"UNLINK", b"k")])
        # So far away that it overflows in Redis.
        self.assertEqual(session.do("RESTORE", "k", 2**63 - 1, SEVEN), OK)
        self.assertEqual(session.do("EXISTS", "k"), 0)

    def test_it_tells_and_propagates(self) -> None:
        """One change, the event, and the deadline as a moment."""
        session = Session()
        self.assertEqual(
            session.events("RESTORE", "k", 0, SEVEN), [(b"new", b"k"), (b"restore", b"k")]
        )
        self.assertEqual(session.changes("RESTORE", "j", 0, SEVEN), 1)
        self.assertEqual(session.effects("RESTORE", "i", 0, SEVEN), [])
        self.assertEqual(
            session.effects("RESTORE", "h", 5, SEVEN, "REPLACE"),
            [(b"RESTORE", b"h", b"%d" % (NOW_MS + 5), SEVEN, b"REPLACE", b"ABSTTL")],
        )
        self.assertEqual(session.effects("RESTORE", "g", NOW_MS + 5, SEVEN, "ABSTTL"), [])
        self.assertEqual(session.effects("RESTORE-ASKING", "f", 5, SEVEN)[0][0], b"RESTORE-ASKING")

    def test_a_restored_list_is_served(self) -> None:
        """To a client that waits for one."""
        session = Session()
        waiter = session.another()
        waiter.do("BLPOP", "k", 0)
        payload = dump(session_list(session), ValueWriter())
        session.do("RESTORE", "k", 0, payload)
        self.assertEqual(waiter.written, [[b"k", b"a"]])

    def test_how_a_key_was_used(self) -> None:
        """How long it was idle, or how often it was used, as the policy asks."""
        session = Session()
        session.do("RESTORE", "k", 0, SEVEN, "IDLETIME", 1000)
        self.assertEqual(session.do("OBJECT", "IDLETIME", "k"), 1000)
        session.do("RESTORE", "k", 0, SEVEN, "REPLACE", "IDLETIME", 2**63 - 1)
        self.assertEqual(session.do("OBJECT", "IDLETIME", "k"), 16777214)
        session.do("RESTORE", "k", 0, SEVEN, "REPLACE", "FREQ", 100)
        session.server.settings.maxmemory_policy = "allkeys-lfu"
        session.do("RESTORE", "k", 0, SEVEN, "REPLACE", "FREQ", 100)
        self.assertEqual(session.do("OBJECT", "FREQ", "k"), 100)
        session.do("RESTORE", "k", 0, SEVEN, "REPLACE", "IDLETIME", 5)
        self.assertEqual(session.do("OBJECT", "FREQ", "k"), 5)

    def test_wrong_options(self) -> None:
        """They are refused before anything is looked at."""
        session = Session()
        session.do("SET", "k", "v")
        for words, text in {
            ("FOO",): b"ERR syntax error",
            ("IDLETIME",): b"ERR syntax error",
            ("FREQ",): b"ERR syntax error",
            ("IDLETIME", "1", "FREQ", "1"): b"ERR syntax error",
            ("FREQ", "1", "IDLETIME", "1"): b"ERR syntax error",
            ("IDLETIME", "x"): b"ERR value is not an integer or out of range",
            ("IDLETIME", "-1"): b"ERR Invalid IDLETIME value, must be >= 0",
            ("FREQ", "256"): b"ERR Invalid FREQ value, must be >= 0 and <= 255",
            ("FREQ", "-1"): b"ERR Invalid FREQ value, must be >= 0 and <= 255",
        }.items():
            self.assertEqual(session.error("RESTORE", "k", "x", "junk", *words), text)

    def test_wrong_ttls(self) -> None:
        """They are refused before the payload is looked at."""
        session = Session()
        for ttl, text in {
            "x": b"ERR value is not an integer or out of range",
            "-1": b"ERR Invalid TTL value, must be >= 0",
        }.items():
            self.assertEqual(session.error("RESTORE", "k", ttl, "junk"), text)

    def test_wrong_payloads(self) -> None:
        """A wrong footer, a wrong value; the key keeps what it has."""
        session = Session(enable_debug_command="yes")
        session.do("SET", "k", "v")
        footer = b"ERR DUMP payload version or checksum are wrong"
        for payload in (b"", b"junk", SEVEN[:-1], SEVEN[:-1] + b"x"):
            self.assertEqual(session.error("RESTORE", "k", 0, payload, "REPLACE"), footer)
        session.do("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
        for payload in (b"\2\0\x0b\0", b"\x0b\0", b"\xc8\0\x0b\0", b"\7\0\0\x0b\0"):
            reply = session.error("RESTORE", "k", 0, payload + bytes(8), "REPLACE")
            self.assertEqual(reply, b"ERR Bad data format")
        self.assertEqual(
            session.error("RESTORE", "k", 0, b"\0\1a\x0d\0" + bytes(8), "REPLACE"), footer
        )
        self.assertEqual(session.do("GET", "k"), b"v")
        self.assertEqual(session.do("RESTORE", "k", 0, SEVEN[:-1] + b"x", "REPLACE"), OK)
        session.do("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 0)
        self.assertIsInstance(session.do("RESTORE", "k", 0, SEVEN[:-1] + b"x"), RedisError)

    def test_values_that_come_in_are_complete(self) -> None:
        """A hash can be changed like any other."""
        session = Session()
        value = HashValue.of_encoding({b"f": b"v"}, "listpack")
        session.do("RESTORE", "k", 0, dump(value, ValueWriter()))
        self.assertEqual(session.do("HSET", "k", "g", "x" * 65), 1)
        self.assertEqual(session.encoding("k"), "hashtable")


def session_list(session: Session) -> object:
    """Return a list with an element, made by a server."""
    session.do("RPUSH", "made", "a")
    return session.db.values[b"made"].copy()
