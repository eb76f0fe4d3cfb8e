"""Tests of DUMP's payloads."""

from __future__ import annotations

from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence.dump_payloads import PayloadRefused, dump, load
from pyredis.persistence.rdb_format import CorruptRdb, RdbError
from pyredis.persistence.rdb_value_writer import ValueWriter
from pyredis.primitives.checksums import crc64
from tests.persistence.contents import plain
from tests.persistence.payloads import PAYLOADS

LIMITS = EncodingLimits()


def sealed(body: bytes, version: int = 11) -> bytes:
    """Return a payload with a right footer."""
    data = body + pack("<H", version)
    return data + pack("<Q", crc64(data))


class PayloadTests(SynchronousTestCase):
    """A payload is a value, a version and a checksum."""

    def test_payloads_of_servers_are_loaded(self) -> None:
        """Whichever version they have."""
        for payload in PAYLOADS:
            self.assertEqual(plain(load(payload.data, LIMITS)), payload.contents, payload.name)

    def test_a_payload_is_that_of_a_server(self) -> None:
        """Of 7.2, and of 7.0 if it is to be loaded there."""
        self.assertEqual(dump(b"hello", ValueWriter()).hex(), "000568656c6c6f0b000aad620598abc983")
        for version in (9, 10, 11):
            payload = dump(7, ValueWriter(version))
            self.assertEqual(payload[-10:-8], bytes((version, 0)))
            self.assertEqual(load(payload, LIMITS), 7)

    def test_a_wrong_footer_is_refused(self) -> None:
        """Too short, too new, another checksum."""
        good = dump(b"hello", ValueWriter())
        for bad in (b"", good[:9], good[:-1] + b"x", b"\1" + good[1:], sealed(b"\0\0", 13)):
            self.assertRaises(PayloadRefused, load, bad, LIMITS)
        self.assertEqual(load(sealed(b"\0\1a", 12), LIMITS), b"a")
        self.assertEqual(load(sealed(b"\0\1a", 1), LIMITS), b"a")

    def test_the_checksum_may_be_let_alone(self) -> None:
        """But not the version."""
        payload = dump(b"hello", ValueWriter())[:-1] + b"x"
        self.assertEqual(load(payload, LIMITS, checking=False), b"hello")
        self.assertRaises(
            PayloadRefused, load, sealed(b"\0\1a", 13)[:-1] + b"x", LIMITS, checking=False
        )

    def test_a_wrong_value_is_refused(self) -> None:
        """No value, half of one, more than one, a collection of nothing."""
        for body in (b"", b"\0", b"\0\5abc", b"\0\1ab", b"\x63\1a", b"\2\0"):
            self.assertRaises(RdbError, load, sealed(body), LIMITS)
        self.assertRaises(CorruptRdb, load, sealed(b""), LIMITS)
