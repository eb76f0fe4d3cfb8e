"""Redis' own source of chance for scripts: the same numbers on every machine."""

from __future__ import annotations

_START = 0x1234ABCD330E
_FACTOR = 0x5DEECE66D
_MASK48 = (1 << 48) - 1
_MAX = (1 << 31) - 1


class RandomNumbers:
    """The 48-bit congruential generator of ``lrand48``."""

    def __init__(self) -> None:
        self._state = _START

    def seed(self, value: float) -> None:
        """Begin anew from the lower 32 bits of a number."""
        try:
            bits = int(value) & 0xFFFFFFFF
        except (ValueError, OverflowError):
            bits = 0x80000000
        self._state = bits << 16 | 0x330E

    def random(self) -> float:
        """Return a number of at least 0 and less than 1."""
        self._state = (self._state * _FACTOR + 0xB) & _MASK48
        return (self._state >> 17) % _MAX / _MAX
