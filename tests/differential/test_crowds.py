"""Crowds: what many clients send at once is answered as if each had been alone."""

from __future__ import annotations

import os
import random

from tests.differential.crowds import alone, crowd, together
from tests.differential.families import DifferentialTestCase

CROWDS = int(os.environ.get("PYREDIS_CROWDS", "12"))
SEED_VARIABLE = "PYREDIS_CROWD_SEED"


class CrowdTests(DifferentialTestCase):
    """Requests of many clients, in any pieces."""

    def test_crowds(self) -> None:
        """
        Every byte that each of them gets is the one a real server sends.

        ``PYREDIS_CROWDS`` says how many crowds, ``PYREDIS_CROWD_SEED`` repeats one.
        """
        given = os.environ.get(SEED_VARIABLE)
        seeds = [int(given)] if given else [random.randrange(10**9) for _ in range(CROWDS)]
        for seed in seeds:
            members = crowd(random.Random(seed))
            self.pair.oracle.reset()
            self.pair.subject.reset()
            expected = [alone(self.pair.oracle, member) for member in members]
            found = together(self.pair.subject, members)
            for number, (got, wanted) in enumerate(zip(found, expected, strict=True)):
                if got != wanted:
                    self.fail(difference(seed, number, len(members), got, wanted))


def difference(seed: int, number: int, count: int, got: bytes, wanted: bytes) -> str:
    """Return where a client's replies first differ, and how to see it again."""
    pairs = enumerate(zip(got, wanted, strict=False))
    place = next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(got), len(wanted)))
    seen = slice(max(place - 60, 0), place + 60)
    return (
        f"{SEED_VARIABLE}={seed}: client {number} of {count}, from byte {place} on:\n"
        f"got    {got[seen]!r} ({len(got)} bytes)\n"
        f"wanted {wanted[seen]!r} ({len(wanted)} bytes)"
    )
