"""Listpacks found in RDB files: what is none is an error of the file."""

from __future__ import annotations

from pyredis.datatypes import listpacks
from pyredis.persistence.rdb_format import CorruptRdb


def read_listpack(blob: bytes) -> list[bytes]:
    """
    Return the entries of a listpack.

    Raises:
        CorruptRdb: It is none.
    """
    try:
        return listpacks.read_listpack(blob)
    except listpacks.CorruptListpack as error:
        raise CorruptRdb(str(error)) from None
