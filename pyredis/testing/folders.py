"""
Short-lived folders of servers under test: for their files and their sockets.

They lie in one folder a process, whose name says which: what a test run that
was killed has left behind is removed by the next one.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from itertools import count

_PREFIX = "pyredis-"
_numbers = count(1)
_root = ""


def make_folder() -> str:
    """Return the path of a new, empty folder; a short one, as Unix sockets need it."""
    path = os.path.join(_own_root(), str(next(_numbers)))
    os.mkdir(path, 0o700)
    return path


def empty_folder(path: str, kept: str) -> None:
    """Remove what is in a folder, but for one path."""
    for entry in os.scandir(path):
        if entry.path == kept:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)


def remove_folder(path: str) -> None:
    """Remove a folder and what is in it."""
    try:
        os.rmdir(path)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)


def _own_root() -> str:
    """Return this process's folder; a forked child has one of its own."""
    global _root
    prefix = f"{_PREFIX}{os.getpid()}-"
    if not os.path.basename(_root).startswith(prefix):
        remove_left_behind(tempfile.gettempdir())
        _root = tempfile.mkdtemp(prefix=prefix)
        atexit.register(remove_folder, _root)
    return _root


def remove_left_behind(parent: str) -> None:
    """Remove the folders of processes that are gone."""
    for name in os.listdir(parent):
        number = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and number.isdigit() and not _is_alive(int(number)):
            shutil.rmtree(os.path.join(parent, name), ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
