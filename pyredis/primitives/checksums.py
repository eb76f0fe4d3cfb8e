"""
The two checksums of Redis: CRC-16 for cluster slots, CRC-64 for what lies on disk.

Both are computed in C.  CRC-16 is the XMODEM variant, which is in the standard library;
CRC-64 is Redis's own ("Jones", reflected, no inversion), which ``anycrc`` knows by the
name of CRC64-REDIS: ``123456789`` gives e9c6d914c4b8d9ca, as in Redis.
"""

from binascii import crc_hqx
from typing import Final

from anycrc import Model

SLOTS: Final = 16384

_crc64 = Model("CRC64-REDIS").calc


def crc16(data: bytes) -> int:
    """Return the CRC-16 by which Redis Cluster spreads its keys."""
    return crc_hqx(data, 0)


def key_slot(key: bytes) -> int:
    """
    Return the cluster slot of a key.

    What stands between the first ``{`` and the next ``}`` decides alone, if anything does:
    so related keys can be put together.
    """
    opened = key.find(b"{")
    if opened >= 0:
        closed = key.find(b"}", opened + 1)
        if closed > opened + 1:
            key = key[opened + 1 : closed]
    return crc_hqx(key, 0) & SLOTS - 1


def crc64(data: bytes | bytearray | memoryview, crc: int = 0) -> int:
    """Return the CRC-64 of some data, going on from that of the data before it."""
    checksum: int = _crc64(data, crc)
    return checksum
