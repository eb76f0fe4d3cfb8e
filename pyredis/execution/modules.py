"""What is known about a loaded module of a user's."""

from __future__ import annotations

from typing import NamedTuple

from pyredis.wire.replies import Reply


class LoadedModule(NamedTuple):
    """
    A Python module whose commands are served.

    Attributes:
        name: Its dotted name.
        path: The file it was loaded from.
        version: Of its own, or 1.
    """

    name: str
    path: str
    version: int = 1

    def reply(self) -> Reply:
        """Describe it as HELLO and MODULE LIST do."""
        return {
            b"name": self.name.encode(),
            b"ver": self.version,
            b"path": self.path.encode("utf-8", "surrogateescape"),
            b"args": [],
        }
