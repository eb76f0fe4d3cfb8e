"""
A signature of the data, the same as Redis' for the same data (DEBUG DIGEST).

What has no order is mixed in by xor, what has one by hashing what came before
along: so equal data sets have equal digests however their tables are laid out.
Digests are integers of 160 bits here.
"""

from __future__ import annotations

import math
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from pyredis.datatypes.lists import ListValue
from pyredis.datatypes.packed_hashes import HASHES, AnyHash
from pyredis.datatypes.sets import SetValue
from pyredis.datatypes.sorted_sets import SortedSetValue
from pyredis.datatypes.streams import StreamValue
from pyredis.datatypes.strings import to_bytes
from pyredis.keyspace.database import STRING_TYPES
from pyredis.primitives.shortest_digits import format_shortest, shortest_digits

if TYPE_CHECKING:
    from pyredis.keyspace.database import Database
    from pyredis.keyspace.keyspace import Keyspace

_BYTES = 20

# The numbers of the types in Redis.
_STRING, _LIST, _SET, _SORTED_SET, _HASH, _STREAM = 0, 1, 2, 3, 4, 6


def digest_of_keyspace(keyspace: Keyspace) -> int:
    """Return the digest of all databases."""
    digest = 0
    for db in keyspace.databases:
        if db.values:
            digest = _mix(digest, db.number.to_bytes(4, "big"))
            for key in db.values:
                digest ^= _hash_of(_with_value(_mix(0, key), db, key))
    return digest


def digest_of_value(db: Database, key: bytes) -> int:
    """Return the digest of one value, 0 if there is none."""
    return _with_value(0, db, key) if key in db.values else 0


def hexadecimal(digest: int) -> bytes:
    """Write a digest as Redis shows it."""
    return b"%040x" % digest


def _sha(data: bytes) -> int:
    return int.from_bytes(sha1(data).digest(), "big")


def _hash_of(digest: int) -> int:
    return _sha(digest.to_bytes(_BYTES, "big"))


def _mix(digest: int, data: bytes) -> int:
    """Add data whose place matters."""
    return _hash_of(digest ^ _sha(data))


def _with_value(digest: int, db: Database, key: bytes) -> int:
    """Add the value of a key, and whether it expires."""
    value = db.values[key]
    number, add = _ADD[bytes if value.__class__ in STRING_TYPES else value.__class__]
    digest = add(_mix(digest, number.to_bytes(4, "big")), value)
    return digest ^ _sha(b"!!expire!!") if key in db.deadlines else digest


def _add_string(digest: int, value: bytes | int | bytearray) -> int:
    return _mix(digest, to_bytes(value))


def _add_list(digest: int, value: ListValue) -> int:
    for element in value:
        digest = _mix(digest, element)
    return digest


def _add_set(digest: int, value: SetValue) -> int:
    for member in value:
        digest ^= _sha(member)
    return digest


def _add_sorted_set(digest: int, value: SortedSetValue) -> int:
    for member, score in value.items():
        digest ^= _hash_of(_mix(_mix(0, member), _spelled(score)))
    return digest


def _add_hash(digest: int, value: AnyHash) -> int:
    deadlines: dict[bytes, int] = value.deadlines or {}
    for field, content in value.fields.items():
        pair = _mix(_mix(0, field), content)
        if field in deadlines:
            pair ^= _sha(b"!!hexpire!!")
        digest ^= _hash_of(pair)
    return digest


def _add_stream(digest: int, value: StreamValue) -> int:
    for entry_id, row in value.entries():
        digest = _mix(digest, b"%d.%d" % (entry_id >> 64, entry_id & (1 << 64) - 1))
        for part in row:
            digest = _mix(digest, part)
    return digest


_ADD: dict[type, tuple[int, Any]] = {
    bytes: (_STRING, _add_string),
    ListValue: (_LIST, _add_list),
    SetValue: (_SET, _add_set),
    SortedSetValue: (_SORTED_SET, _add_sorted_set),
    **dict.fromkeys(HASHES, (_HASH, _add_hash)),
    StreamValue: (_STREAM, _add_stream),
}

# Up to here an integer is written without an exponent.
_PLAIN_POWERS = 8


def _spelled(score: float) -> bytes:
    """Write a score with the fewest digits, large integers with an exponent, as digests have it."""
    sign = b"-" if math.copysign(1.0, score) < 0 else b""
    if math.isinf(score):
        return sign + b"inf"
    if score == 0:
        return sign + b"0"
    if score != math.floor(score):
        return format_shortest(score)
    digits, power = shortest_digits(abs(score))
    # Digits of a fraction may have trailing zeros, those of an integer are made plain here.
    stripped = digits.rstrip(b"0")
    power += len(digits) - len(stripped)
    if power < _PLAIN_POWERS:
        return sign + stripped + b"0" * power
    fraction = b"." + stripped[1:] if len(stripped) > 1 else b""
    return sign + stripped[:1] + fraction + b"e+%d" % (power + len(stripped) - 1)
