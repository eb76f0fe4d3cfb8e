"""Tests of pyredis.commands.expiration."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import START_S, Session

NOT_INTEGER = b"ERR value is not an integer or out of range"
START_MS = START_S * 1000
NX_AND_OTHERS = b"ERR NX and XX, GT or LT options at the same time are not compatible"
GT_AND_LT = b"ERR GT and LT options at the same time are not compatible"


class ExpirationCase(SynchronousTestCase):
    """A server in memory with the string ``k``."""

    def setUp(self) -> None:
        """Start the server."""
        self.session = Session()
        self.do = self.session.do
        self.error = self.session.error
        self.do("SET", "k", "v")


class DeadlineTests(ExpirationCase):
    """Setting, asking for and taking away deadlines."""

    def test_four_ways_to_set_and_to_ask(self) -> None:
        """All are the same moment."""
        for command, time in (
            ("EXPIRE", 100),
            ("PEXPIRE", 100_000),
            ("EXPIREAT", START_S + 100),
            ("PEXPIREAT", START_MS + 100_000),
        ):
            self.do("PERSIST", "k")
            self.assertEqual(self.do(command, "k", time), 1)
            told = [self.do(c, "k") for c in ("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME")]
            self.assertEqual(told, [100, 100_000, START_S + 100, START_MS + 100_000])

    def test_no_deadline_and_no_key(self) -> None:
        """-1 and -2."""
        for command in ("TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"):
            self.assertEqual((self.do(command, "k"), self.do(command, "none")), (-1, -2))

    def test_seconds_are_rounded(self) -> None:
        """To the nearest."""
        self.do("PEXPIRE", "k", 1499)
        self.assertEqual((self.do("TTL", "k"), self.do("EXPIRETIME", "k")), (1, START_S + 1))
        self.do("PEXPIRE", "k", 1500)
        self.assertEqual((self.do("TTL", "k"), self.do("EXPIRETIME", "k")), (2, START_S + 2))

    def test_a_key_expires(self) -> None:
        """A millisecond behind its deadline."""
        self.do("EXPIRE", "k", 1)
        self.session.clock.advance(1)
        self.assertEqual((self.do("GET", "k"), self.do("PTTL", "k")), (b"v", 0))
        self.session.clock.advance(0.001)
        self.assertEqual((self.do("GET", "k"), self.do("PTTL", "k")), (None, -2))

    def test_no_key_to_expire(self) -> None:
        """Zero, whatever the conditions."""
        self.assertEqual(self.do("EXPIRE", "none", 100), 0)
        self.assertEqual(self.do("EXPIRE", "none", 100, "NX"), 0)
        self.assertEqual(self.do("PERSIST", "none"), 0)

    def test_persist(self) -> None:
        """Once."""
        self.do("EXPIRE", "k", 100)
        self.assertEqual((self.do("PERSIST", "k"), self.do("PERSIST", "k")), (1, 0))
        self.assertEqual(self.do("TTL", "k"), -1)

    def test_a_past_deadline_deletes(self) -> None:
        """It is a deletion like any other."""
        for command, time in (
            ("EXPIRE", 0),
            ("EXPIRE", -1),
            ("PEXPIRE", -5),
            ("EXPIREAT", START_S),
            ("PEXPIREAT", START_MS),
            ("PEXPIREAT", -1),
        ):
            self.do("SET", "k", "v")
            self.assertEqual(self.session.events(command, "k", time), [(b"del", b"k")])
            self.assertEqual(self.do("EXISTS", "k"), 0)
        self.assertEqual(self.session.server.keyspace.expired_keys, 0)

    def test_replicas_and_loading_servers_keep_the_key(self) -> None:
        """Its deadline is set, in the past though it is."""
        keyspace = self.session.server.keyspace
        keyspace.may_expire = False
        self.assertEqual(self.do("PEXPIREAT", "k", 5), 1)

        self.assertEqual(self.session.db.deadlines, {b"k": 5})
        keyspace.may_expire = True
        self.assertEqual(self.do("EXISTS", "k"), 0)

    def test_all_ends_of_time(self) -> None:
        """What 64 bits hold in milliseconds is fine, and no more."""
        self.assertEqual(self.do("PEXPIREAT", "k", 2**63 - 1), 1)
        self.assertEqual(self.do("PEXPIRETIME", "k"), 2**63 - 1)
        self.assertEqual(self.do("EXPIREAT", "k", (2**63 - 1) // 1000), 1)
        for command, time in (
            ("EXPIRE", (2**63 - 1) // 1000),
            ("PEXPIRE", 2**63 - 1),
            ("EXPIREAT", (2**63 - 1) // 1000 + 1),
            ("EXPIREAT", -(2**63)),
        ):
            self.assertEqual(
                self.error(command, "none", time),
                b"ERR invalid expire time in '%b' command" % command.lower().encode(),
            )
        self.assertEqual(self.error("EXPIRE", "k", "x"), NOT_INTEGER)
        self.assertEqual(self.error("PEXPIREAT", "k", 2**63), NOT_INTEGER)


class ConditionTests(ExpirationCase):
    """NX, XX, GT and LT."""

    def test_nx_and_xx(self) -> None:
        """Only without a deadline, and only with one."""
        self.assertEqual(self.do("EXPIRE", "k", 10, "XX"), 0)
        self.assertEqual(self.do("EXPIRE", "k", 10, "nx"), 1)
        self.assertEqual(self.do("EXPIRE", "k", 20, "NX"), 0)
        self.assertEqual(self.do("EXPIRE", "k", 30, "XX"), 1)
        self.assertEqual(self.do("TTL", "k"), 30)

    def test_gt_and_lt(self) -> None:
        """No deadline is later than any; the same moment is neither later nor earlier."""
        self.assertEqual(self.do("EXPIRE", "k", 10, "GT"), 0)
        self.assertEqual(self.do("EXPIRE", "k", 10, "LT"), 1)
        for time, condition, answer in (
            (10, "LT", 0),
            (10, "GT", 0),
            (11, "GT", 1),
            (10, "GT", 0),
            (12, "LT", 0),
            (9, "LT", 1),
        ):
            self.assertEqual(self.do("EXPIRE", "k", time, condition), answer)

    def test_conditions_add_up(self) -> None:
        """XX keeps LT from setting a first deadline."""
        self.assertEqual(self.do("EXPIRE", "k", 10, "XX", "LT"), 0)
        self.do("EXPIRE", "k", 10)
        self.assertEqual(self.do("EXPIRE", "k", 20, "GT", "XX", "GT"), 1)
        self.assertEqual(self.do("TTL", "k"), 20)

    def test_contradictions_are_refused(self) -> None:
        """Before the time is read."""
        self.assertEqual(self.error("EXPIRE", "k", "x", "NX", "XX"), NX_AND_OTHERS)
        self.assertEqual(self.error("EXPIRE", "k", "x", "GT", "NX"), NX_AND_OTHERS)
        self.assertEqual(self.error("EXPIRE", "k", "x", "GT", "LT"), GT_AND_LT)

    def test_unknown_conditions_are_refused(self) -> None:
        """The first is named, as C would print it."""
        for option, shown in ((b"foo", b"foo"), (b"a\0b", b"a"), (b"a\r\n", b"a"), (b"", b"")):
            self.assertEqual(
                self.error("EXPIRE", "k", 1, "NX", "XX", option), b"ERR Unsupported option " + shown
            )

    def test_a_condition_not_met_is_no_change(self) -> None:
        """Nobody is told, nothing is repeated elsewhere."""
        self.assertEqual(self.session.events("EXPIRE", "k", 10, "XX"), [])
        self.assertEqual(self.session.changes("EXPIRE", "k", 10, "GT"), 0)
        self.assertEqual(self.session.effects("EXPIRE", "k", 0, "XX"), [])
        self.assertEqual(self.do("EXISTS", "k"), 1)


class EffectTests(ExpirationCase):
    """What is told and repeated elsewhere."""

    def test_deadlines_are_told(self) -> None:
        """And that they are taken away."""
        self.assertEqual(self.session.events("EXPIRE", "k", 10), [(b"expire", b"k")])
        self.assertEqual(self.session.events("PERSIST", "k"), [(b"persist", b"k")])
        self.assertEqual(self.session.changes("PEXPIRE", "k", 10), 1)

    def test_elsewhere_the_moment_is_absolute(self) -> None:
        """Conditions stay; a deletion is one there as well."""
        at = b"%d" % (START_MS + 10_000)
        for command, time in (("EXPIRE", 10), ("PEXPIRE", 10_000), ("EXPIREAT", START_S + 10)):
            self.assertEqual(self.session.effects(command, "k", time), [(b"PEXPIREAT", b"k", at)])
        self.assertEqual(
            self.session.effects("EXPIRE", "k", 10, "XX"), [(b"PEXPIREAT", b"k", at, b"XX")]
        )
        self.assertEqual(self.session.effects("EXPIRE", "k", 0), [(b"DEL", b"k")])

    def test_asking_is_no_access(self) -> None:
        """But a hit or a miss."""
        self.do("OBJECT", "IDLETIME", "k")
        self.session.clock.advance(5)
        before = self.session.db.hits
        self.do("TTL", "k")

        self.assertEqual(self.session.db.hits, before + 1)
        self.assertEqual(self.do("OBJECT", "IDLETIME", "k"), 5)
