"""
How much memory the process has in use: what its two allocators have handed out.

Python keeps small objects in arenas of its own, which it rarely gives back, and
asks the C library for the others. Both say what is handed out and not yet
freed, so that freed memory shows at once, as it would not in what is resident.
Python's own figure costs tens of microseconds and a look at every pool, the C
library's next to nothing; :meth:`ProcessMemory.estimate` asks for the first only
now and then, and in between how many blocks there are, which is far less.

Where one of them cannot be asked (musl, macOS), resident memory stands in.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable
from typing import Any

# How many times as long as it took to measure a figure is good for.
_GOOD_FOR = 20

# As long as no more small objects than this came or went, they are taken for average ones.
_FEW_BLOCKS = 2_000
# Nor if they are no more than one in so many: measuring takes the longer the more there are.
_MANY_OF = 32
_AVERAGE_BLOCK = 80
# What a process needs besides the data of a server changes little in this time.
_LITTLE_CHANGES_NS = 50_000_000

_SIZE_CLASS = re.compile(rb"^ *\d+ +(\d+) +\d+ +(\d+) +\d+$", re.MULTILINE)


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


class ProcessMemory:
    """
    The memory that this process has in use beyond what the program itself takes.

    Python and its modules are to this server what its code is to a compiled
    one: what was in use when this object was made does not count.

    Args:
        timer: Returns nanoseconds of a clock that never jumps.

    Attributes:
        program: What does not count, in bytes.
        startup: What the empty server takes; set by :meth:`end_startup`.
        peak: The most that was ever measured.
    """

    def __init__(self, timer: Callable[[], int]) -> None:
        self._timer = timer
        self._small = 0
        self._measured = 0
        self._blocks = 0
        self._begun_at = 0
        self._good_until = 0
        self._count_until = 0
        self.program = 0
        self.peak = 0
        self.startup = 0
        self.program = self.used()
        self.peak = 0

    def used(self) -> int:
        """Measure, and return the bytes in use."""
        started = self._timer()
        self._small = self._measured = small_objects_bytes() if _SMALL is not None else 0
        self._blocks = sys.getallocatedblocks()
        used = max(0, self._small + _large_bytes() - self.program)
        now = self._timer()
        self._good_until = now + _GOOD_FOR * (now - started)
        # There is nothing to count where small objects are no figure of their own.
        self._count_until = now if _SMALL is not None else self._good_until
        if used > self.peak:
            self.peak = used
        return used

    def estimate(self) -> int:
        """
        Return about how many bytes are in use.

        Small objects count as they were when they were last measured, and the few that
        came since as average ones; less what :meth:`note_freed` told of last.
        """
        now = self._timer()
        if now >= self._good_until:
            return self.used()
        if now >= self._count_until:
            self._count(now)
        return max(0, self._small + _large_bytes() - self.program)

    def _count(self, started: int) -> None:
        """Count the small objects that came or went since they were measured."""
        grown = sys.getallocatedblocks() - self._blocks
        if abs(grown) > max(_FEW_BLOCKS, self._blocks // _MANY_OF):
            self.used()
            return
        self._small = self._measured + grown * _AVERAGE_BLOCK
        now = self._timer()
        self._count_until = now + _GOOD_FOR * (now - started)

    def large(self) -> int:
        """Return the bytes in use by all but small objects."""
        return _large_bytes()

    def note_freed(self, size: int) -> None:
        """Take into account, until they are counted again, that small objects were freed."""
        self._small -= size

    def end_startup(self) -> None:
        """Take what is in use now for what the empty server needs."""
        self.startup = self.used()

    def begin_anew(self) -> None:
        """
        Take what is in use now for the program and an empty server, as that has no data now.

        Soon after the last time what was found then is taken.
        """
        now = self._timer()
        self.peak = self.startup
        if now - self._begun_at < _LITTLE_CHANGES_NS:
            return
        self._begun_at = now
        grown = sys.getallocatedblocks() - self._blocks
        if abs(grown) > _FEW_BLOCKS:
            self.used()
        elif _SMALL is not None:
            self._small = self._measured + grown * _AVERAGE_BLOCK
        self.program = max(0, self._small + _large_bytes() - self.startup)
        self.peak = self.startup


def resident_memory() -> int:
    """Return how many bytes of the process are in memory."""
    return _statm()[0]


def own_memory() -> int:
    """Return how many bytes the process has for itself: resident, and of no file."""
    resident, shared = _statm()
    return resident - shared


def release_memory() -> None:
    """Give memory that is free inside the process back to the system, where the C library can."""
    trim = getattr(_LIBC, "malloc_trim", None)
    if trim is not None:
        trim(0)


def allocator_statistics() -> bytes:
    """Return what Python's allocator says of itself, for people; nothing if it cannot be asked."""
    if _SMALL is None:
        return b""
    text, length = ctypes.c_void_p(), ctypes.c_size_t()
    file = _LIBC.open_memstream(ctypes.byref(text), ctypes.byref(length))
    _SMALL(file)
    _LIBC.fclose(file)
    try:
        return ctypes.string_at(text.value or 0, length.value)
    finally:
        _LIBC.free(text)


def small_objects_bytes() -> int:
    """Return the bytes that Python's own allocator has handed out."""
    return sum(int(a) * int(b) for a, b in _SIZE_CLASS.findall(allocator_statistics()))


def _large_bytes() -> int:
    """Return the bytes that the C library has handed out, or what is resident instead."""
    if _MALLINFO is None:
        return own_memory()
    info = _MALLINFO()
    return int(info.uordblks + info.hblkhd)


def _statm() -> tuple[int, int]:
    """Return the resident bytes of the process, and those of them that belong to files."""
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = file.read().split()
    except OSError:
        return 0, 0
    size = os.sysconf("SC_PAGE_SIZE")
    return int(pages[1]) * size, int(pages[2]) * size


def _find_mallinfo(library: Any) -> Callable[[], Any] | None:
    find = getattr(library, "mallinfo2", None)
    if find is not None:
        find.restype, find.argtypes = _MallInfo, []
    return find


def _find_small(library: Any) -> Callable[[Any], int] | None:
    """Return the function that writes the statistics of Python's allocator to a C file."""
    find = getattr(ctypes.pythonapi, "_PyObject_DebugMallocStats", None)
    if find is None or not hasattr(library, "open_memstream"):
        return None
    find.argtypes, find.restype = [ctypes.c_void_p], ctypes.c_int
    library.open_memstream.restype = ctypes.c_void_p
    library.open_memstream.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.fclose.argtypes = library.free.argtypes = [ctypes.c_void_p]
    return find  # type: ignore[no-any-return]


_LIBC: Any = ctypes.CDLL(None) if os.name == "posix" else None
_MALLINFO = _find_mallinfo(_LIBC)
# Of no use without the other: resident memory has everything in it.
_SMALL = _find_small(_LIBC) if _MALLINFO is not None else None
