"""
How many files this process may have open: each connection is one.

Systems allow 1024 unless they are asked for more, which is far fewer than
``maxclients`` is by default. What is missing is asked for; where the system
refuses, ``maxclients`` is lowered, so that it is clients who are turned away and
not files that cannot be opened.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

Limits = tuple[int, int]
"""How many files may be open, and how many a process may ask for; -1 is no limit."""

_RESERVED = 32
"""Files that are open besides those of clients, as Redis counts them."""

_UNLIMITED = -1


class OpenFiles:
    """
    The limit of this process.

    Args:
        settings: How many clients are wanted.
        read: Returns the limits.
        write: Changes them, or raises OSError or ValueError.
    """

    _log = Logger()

    def __init__(
        self, settings: Any, read: Callable[[], Limits], write: Callable[[Limits], object]
    ) -> None:
        self._settings = settings
        self._read = read
        self._write = write

    def prepare(self) -> None:
        """
        Make room for the clients that are wanted, or for fewer.

        Raises:
            ValueError: There is no room for a single one.
        """
        settings = self._settings
        before = self._read()[0]
        needed = settings.maxclients + _RESERVED
        reached, refusal = self._raise_to(needed)
        if reached == needed:
            self._log.info(
                "Increased maximum number of open files to {needed} (it was originally set to "
                "{before}).",
                needed=needed,
                before=before,
            )
        if reached >= needed:
            return
        if reached <= _RESERVED:
            raise ValueError(
                f"Your current 'ulimit -n' of {before} is not enough for the server to start. "
                f"Please increase your open file limit to at least {needed}. Exiting."
            )
        self._log.warn(
            "You requested maxclients of {clients} requiring at least {needed} max file "
            "descriptors.",
            clients=settings.maxclients,
            needed=needed,
        )
        settings.maxclients = reached - _RESERVED
        self._log.warn(
            "Server can't set maximum open files to {needed} because of OS error: {refusal}.",
            needed=needed,
            refusal=refusal,
        )
        self._log.warn(
            "Current maximum open files is {reached}. maxclients has been reduced to {clients} to "
            "compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
            reached=reached,
            clients=settings.maxclients,
        )

    def apply(self) -> None:
        """
        Make room for as many clients as are wanted from now on.

        Raises:
            ValueError: The system allows fewer only.
        """
        needed = self._settings.maxclients + _RESERVED
        reached, _ = self._raise_to(needed)
        if reached < needed:
            raise ValueError(
                "The operating system is not able to handle the specified number of clients, "
                f"try with {max(reached - _RESERVED, 1)}"
            )

    def _raise_to(self, needed: int) -> tuple[int, str]:
        """
        Raise the limit as far as possible.

        Returns:
            What it is now (``needed`` only if it was raised to that) and, if it is
            less, why.
        """
        now, most = self._read()
        if now == _UNLIMITED or now >= needed:
            return needed + 1, ""
        refusal = os.strerror(errno.EPERM)
        # Who may, goes beyond what the process was given.
        asked_for = [needed] if most == _UNLIMITED or most >= needed else [needed, most]
        for number in asked_for:
            if number <= now:
                break
            try:
                self._write((number, most if most == _UNLIMITED else max(most, number)))
            except OSError as error:
                refusal = error.strerror or refusal
            except ValueError:
                continue  # what Python makes of a lack of permission
            else:
                return number, refusal
        return now, refusal


def of_this_process(settings: Any) -> OpenFiles | None:
    """Return the limit of this process, None where the system has none."""
    try:
        import resource
    except ImportError:
        return None

    def read() -> Limits:
        return resource.getrlimit(resource.RLIMIT_NOFILE)

    def write(limits: Limits) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    return OpenFiles(settings, read, write)
