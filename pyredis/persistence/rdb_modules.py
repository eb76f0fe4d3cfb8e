"""
What modules of Redis left behind in a file: nothing that could be used here.

Since Redis 4.0 every piece of a module's data says what it is, so that it can
be passed over, and told of by the module's name.
"""

from __future__ import annotations

from typing import Final

from pyredis.persistence.rdb_format import (
    CorruptRdb,
    TruncatedRdb,
    read_length,
    read_string,
)

_NAME_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_NAME_LENGTH: Final = 9
_VERSION_BITS: Final = 10

_END: Final = 0
_SIGNED: Final = 1
UNSIGNED: Final = 2
_FLOAT: Final = 3
_DOUBLE: Final = 4
_STRING: Final = 5
_BYTES: Final = {_FLOAT: 4, _DOUBLE: 8}


def module_name(number: int) -> str:
    """Return the name of a module's type, which is nine characters of six bits in a number."""
    number >>= _VERSION_BITS
    name = ""
    for _ in range(_NAME_LENGTH):
        name = _NAME_CHARACTERS[number & 63] + name
        number >>= 6
    return name


def skip_module_value(data: bytes, at: int) -> int:
    """
    Return the position behind the data of a module.

    Raises:
        RdbError: It is not well-formed.
    """
    while True:
        opcode, at = read_length(data, at)
        if opcode == _END:
            return at
        if opcode in (_SIGNED, UNSIGNED):
            _, at = read_length(data, at)
        elif opcode == _STRING:
            _, at = read_string(data, at)
        elif opcode in _BYTES:
            at += _BYTES[opcode]
            if at > len(data):
                raise TruncatedRdb(at - len(data))
        else:
            raise CorruptRdb("a module's data that is not understood")
