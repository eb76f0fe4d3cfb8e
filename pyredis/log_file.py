"""The file that the log goes to, which may be moved away at any time."""

from __future__ import annotations

import io
import os


class LogFile(io.TextIOWrapper):
    """
    A file to append lines to, at the same path all the time.

    When the file was moved or removed, the next line begins a new one, as with
    Redis, which opens its log for each line: tools such as logrotate need not
    tell the server.

    Args:
        path: Where it is; a relative one counts from where the process is now.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        file = io.BufferedWriter(io.FileIO(path, "ab"))
        super().__init__(file, encoding="utf-8", errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write a line, or some."""
        try:
            moved = not os.path.samestat(os.stat(self._path), os.fstat(self.fileno()))
        except OSError:
            moved = True
        if moved:
            self._open_again()
        return super().write(text)

    def _open_again(self) -> None:
        self.flush()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o666)
        except OSError:
            # The directory is gone, too, or not ours any more: better there than nowhere.
            return
        # The number stays: whoever reports crashes knows nothing else of the file.
        os.dup2(descriptor, self.fileno(), inheritable=False)
        os.close(descriptor)
