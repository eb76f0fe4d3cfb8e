"""Bytes that were right once."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random


def damaged(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield data with bytes changed, put in or taken out, in ``count`` ways."""
    rng = Random(seed)
    for _ in range(count):
        bad = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            place = rng.randrange(len(bad))
            way = rng.randrange(6)
            if way == 0:
                bad[place] ^= 1 << rng.randrange(8)
            elif way == 1:
                bad[place] = rng.randrange(256)
            elif way == 2:
                bad[place] = rng.choice((0, 1, 0x7F, 0x80, 0x81, 0xC3, 0xF0, 0xF4, 0xFE, 0xFF))
            elif way == 3:
                bad.insert(place, rng.randrange(256))
            elif way == 4 and len(bad) > 1:
                del bad[place]
            elif place:
                del bad[place : place + rng.randrange(8)]
            if not bad:
                break
        yield bytes(bad)
