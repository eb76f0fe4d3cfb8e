"""Damaged payloads and files never do more harm than to be refused."""

from __future__ import annotations

from random import Random
from time import monotonic
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pyredis.datatypes.encodings import EncodingLimits
from pyredis.persistence.dump_payloads import PayloadRefused, dump, load
from pyredis.persistence.rdb_format import RdbError
from pyredis.persistence.rdb_reader import RdbReader
from pyredis.persistence.rdb_value_writer import ValueWriter
from tests.marks import takes_minutes
from tests.persistence.contents import plain
from tests.persistence.damage import damaged
from tests.persistence.payloads import PAYLOADS
from tests.persistence.test_rdb_reader import all_of, example

LIMITS = EncodingLimits()


class DamageTests(SynchronousTestCase):
    """Whatever happens to the bytes."""

    def outcome(self, payload: bytes) -> bool:
        """Load a payload whose checksum nobody looks at; tell whether there was a value."""
        try:
            value: Any = load(payload, LIMITS, checking=False)
        except (RdbError, PayloadRefused):
            return False
        # A value that was accepted is whole: it can be looked at and written.
        contents = plain(value)
        assert plain(load(dump(value, ValueWriter()), LIMITS)) == contents
        return True

    def hunt(self, seed: int, count: int, seconds: float) -> None:
        """Damage all payloads in many ways, for no longer than some time."""
        end = monotonic() + seconds
        accepted = tried = 0
        for number, payload in enumerate(PAYLOADS):
            for bad in damaged(payload.data, seed + number, count):
                accepted += self.outcome(bad)
                tried += 1
                if monotonic() > end:
                    break
        self.assertGreater(tried, accepted)

    def test_payloads(self) -> None:
        """Thousands of changes, put-ins and cuts."""
        self.hunt(seed=1, count=150, seconds=20)

    @takes_minutes
    def test_payloads_for_long(self) -> None:
        """Other ones each time."""
        self.hunt(seed=Random().randrange(1 << 30), count=20_000, seconds=300)

    def test_every_bit_of_small_payloads(self) -> None:
        """One after the other."""
        for payload in PAYLOADS:
            if len(payload.data) < 70:
                for bit in range(8 * (len(payload.data) - 10)):
                    bad = bytearray(payload.data)
                    bad[bit >> 3] ^= 1 << (bit & 7)
                    self.outcome(bytes(bad))

    def test_files(self) -> None:
        """With the checksum looked at or not, in portions of any size."""
        data = example()
        end = monotonic() + 20
        for number, bad in enumerate(damaged(data, 3, 300)):
            for checking in (True, False):
                reader = RdbReader(LIMITS, checking=checking, total_bytes=len(bad))
                try:
                    all_of(bad, (50, 1000, 1 << 20)[number % 3], reader)
                except RdbError:
                    continue
                assert not checking or bad == data, "damage was not found"
            if monotonic() > end:
                break
        self.assertEqual(len(all_of(data)), len(PAYLOADS) + 3)

    def test_noise(self) -> None:
        """Bytes that never were anything."""
        rng = Random(9)
        for kind in range(30):
            for _ in range(150):
                noise = bytes((kind,)) + rng.randbytes(rng.randrange(60)) + bytes(10)
                self.outcome(noise)
