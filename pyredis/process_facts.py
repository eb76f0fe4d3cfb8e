"""
What INFO says of the process, the machine and the build.

Read from the system each time it is asked for; nothing here is called while
commands run.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import struct
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pyredis._version import __version__

# Not on every platform.
_resource: Any = import_module("resource") if find_spec("resource") else None


def process_facts(reactor: Any) -> dict[str, Any]:
    """Return the facts by the field of INFO they belong to; functions for those that change."""
    system = platform.uname()
    startup_bytes = used_memory()
    return {
        "os": f"{system.system} {system.release} {system.machine}",
        "arch_bits": struct.calcsize("P") * 8,
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": _multiplexing(reactor),
        "gcc_version": _compiler_version(),
        "python_version": platform.python_version(),
        "redis_build_id": hashlib.sha1(__version__.encode()).hexdigest()[:16],
        "process_id": os.getpid(),
        "executable": os.path.abspath(sys.argv[0] or sys.executable),
        "total_system_memory": _system_memory(),
        "used_memory": used_memory,
        "used_memory_rss": resident_memory,
        "used_memory_peak": peak_memory,
        "used_memory_startup": startup_bytes,
        "mem_allocator": "pymalloc",
        "used_cpu_sys": lambda: _cpu_time("RUSAGE_SELF", "ru_stime"),
        "used_cpu_user": lambda: _cpu_time("RUSAGE_SELF", "ru_utime"),
        "used_cpu_sys_children": lambda: _cpu_time("RUSAGE_CHILDREN", "ru_stime"),
        "used_cpu_user_children": lambda: _cpu_time("RUSAGE_CHILDREN", "ru_utime"),
        "used_cpu_sys_main_thread": lambda: _cpu_time("RUSAGE_THREAD", "ru_stime"),
        "used_cpu_user_main_thread": lambda: _cpu_time("RUSAGE_THREAD", "ru_utime"),
    }


def used_memory() -> int:
    """Return how many bytes the process has for itself: resident, and of no file."""
    resident, shared = _statm()
    return resident - shared


def resident_memory() -> int:
    """Return how many bytes of the process are in memory."""
    return _statm()[0]


def peak_memory() -> int:
    """Return the most bytes the process had for itself, as far as the kernel remembers."""
    resident, shared = _statm()
    if _resource is None:
        return resident - shared
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = _resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss * unit
    return int(max(peak, resident) - shared)


def release_memory() -> None:
    """Give memory that is free inside the process back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _statm() -> tuple[int, int]:
    """Return the resident bytes of the process, and those of them that belong to files."""
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = file.read().split()
    except OSError:
        return 0, 0
    size = os.sysconf("SC_PAGE_SIZE")
    return int(pages[1]) * size, int(pages[2]) * size


def _system_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 0


def _cpu_time(of: str, field: str) -> str:
    """Return a processor time in seconds, to the microsecond."""
    who = getattr(_resource, of, None)
    return f"{0 if who is None else getattr(_resource.getrusage(who), field):.6f}"


def _multiplexing(reactor: Any) -> str:
    """Name the system call behind Twisted's reactor, as ``EPollReactor`` tells it."""
    match = re.fullmatch(r"(\w+?)Reactor", type(reactor).__name__)
    return match[1].lower() if match else type(reactor).__name__.lower()


def _compiler_version() -> str:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", platform.python_compiler())
    return match[0] if match else "0.0.0"
