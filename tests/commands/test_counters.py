"""Tests of pyredis.commands.counters."""

from __future__ import annotations

from tests.commands.test_strings import NOT_FLOAT, NOT_INTEGER, WRONG_TYPE, StringCase


class NumberTests(StringCase):
    """Counters."""

    def test_incr_and_its_kind(self) -> None:
        """They add to what is there, from zero where there is nothing."""
        self.assertEqual(self.do("INCR", "n"), 1)
        self.assertEqual(self.do("INCRBY", "n", 41), 42)
        self.assertEqual(self.do("DECR", "n"), 41)
        self.assertEqual(self.do("DECRBY", "n", -9), 50)
        self.assertEqual(self.do("GET", "n"), b"50")

    def test_a_counter_keeps_its_expiry(self) -> None:
        """INCR does not touch the deadline."""
        self.do("SET", "n", 1, "EX", 10)
        self.do("INCR", "n")
        self.assertEqual(self.deadline(b"n"), 10_000)

    def test_what_is_no_number_is_refused(self) -> None:
        """Only a canonical 64-bit integer can be added to."""
        for text in ("", " 1", "01", "1.0", "9223372036854775808", "a"):
            self.do("SET", "k", text)
            self.assertEqual(self.error("INCR", "k"), NOT_INTEGER)
        self.assertEqual(self.error("INCRBY", "n", "1.5"), NOT_INTEGER)
        self.assertEqual(self.error("INCR", "l"), WRONG_TYPE)

    def test_a_sum_beyond_64_bits_is_refused(self) -> None:
        """Overflow changes nothing; the smallest number cannot be turned round."""
        self.do("SET", "n", (1 << 63) - 1)
        self.assertEqual(self.error("INCR", "n"), b"ERR increment or decrement would overflow")
        self.assertEqual(self.do("DECR", "n"), (1 << 63) - 2)
        self.assertEqual(self.error("DECRBY", "n", -(1 << 63)), b"ERR decrement would overflow")

    def test_incrbyfloat(self) -> None:
        """It adds in long doubles and writes no needless digits."""
        self.assertEqual(self.do("INCRBYFLOAT", "f", "10.50"), b"10.5")
        self.assertEqual(self.do("INCRBYFLOAT", "f", "0.1"), b"10.6")
        self.assertEqual(self.do("INCRBYFLOAT", "f", "-5"), b"5.6")
        self.do("SET", "f", "5.0e3")
        self.assertEqual(self.do("INCRBYFLOAT", "f", "2.0e2"), b"5200")
        self.assertEqual(self.error("INCRBYFLOAT", "f", "abc"), NOT_FLOAT)
        self.assertEqual(
            self.error("INCRBYFLOAT", "f", "+inf"),
            b"ERR increment would produce NaN or Infinity",
        )
        self.assertEqual(self.error("INCRBYFLOAT", "l", "1"), WRONG_TYPE)

    def test_a_whole_number_from_incrbyfloat(self) -> None:
        """It is a text to OBJECT ENCODING, and to all others what it reads as."""
        self.do("INCRBYFLOAT", "f", "3")

        self.assertEqual(self.do("OBJECT", "ENCODING", "f"), b"embstr")
        for command in (("GET", "f"), ("GETRANGE", "f", 0, -1), ("GETEX", "f"), ("GETDEL", "f")):
            self.assertIs(type(self.do(*command)), bytes)
        self.do("INCRBYFLOAT", "f", "3")
        self.assertEqual(self.do("MGET", "f", "f"), [b"3", b"3"])
        self.assertGreater(self.do("MEMORY", "USAGE", "f"), 0)
        payload = self.do("DUMP", "f")
        self.do("SET", "g", "3")
        self.assertEqual(payload, self.do("DUMP", "g"))
        self.assertEqual(self.do("INCR", "f"), 4)
        self.assertEqual(self.do("OBJECT", "ENCODING", "f"), b"int")

    def test_incrbyfloat_propagates_the_sum(self) -> None:
        """Sums may differ elsewhere, so the result is repeated."""
        self.assertEqual(
            self.session.effects("INCRBYFLOAT", "f", "1.5"), [(b"SET", b"f", b"1.5", b"KEEPTTL")]
        )
