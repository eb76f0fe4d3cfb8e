"""
What INFO says of the process, the machine and the build.

Read from the system each time it is asked for; nothing here is called while
commands run.
"""

from __future__ import annotations

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
from pyredis.process_memory import ProcessMemory, allocator_statistics, resident_memory

# Not on every platform.
_resource: Any = import_module("resource") if find_spec("resource") else None


def process_facts(reactor: Any, memory: ProcessMemory) -> dict[str, Any]:
    """
    Return the facts by the field of INFO they belong to; functions for those that change.

    Args:
        reactor: Twisted's.
        memory: What the process has in use.
    """
    system = platform.uname()
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
        "used_memory": memory.used,
        "used_memory_rss": resident_memory,
        "used_memory_peak": lambda: memory.peak,
        "used_memory_startup": lambda: memory.startup,
        "private_bytes": private_memory,
        "malloc_stats": allocator_statistics,
        "mem_allocator": "pymalloc",
        "used_cpu_sys": lambda: _cpu_time("RUSAGE_SELF", "ru_stime"),
        "used_cpu_user": lambda: _cpu_time("RUSAGE_SELF", "ru_utime"),
        "used_cpu_sys_children": lambda: _cpu_time("RUSAGE_CHILDREN", "ru_stime"),
        "used_cpu_user_children": lambda: _cpu_time("RUSAGE_CHILDREN", "ru_utime"),
        "used_cpu_sys_main_thread": lambda: _cpu_time("RUSAGE_THREAD", "ru_stime"),
        "used_cpu_user_main_thread": lambda: _cpu_time("RUSAGE_THREAD", "ru_utime"),
    }


def private_memory() -> int:
    """Return how many bytes were changed by this process alone: in a fork, what was copied."""
    try:
        with open("/proc/self/smaps_rollup", "rb") as file:
            match = re.search(rb"^Private_Dirty:\s*(\d+) kB", file.read(), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) * 1024 if match else 0


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
