"""PyRedis as a process of its own: prints its port, and stops when its input ends.

``python -m tests.differential.subject`` starts the server as an embedding
application would.  Whoever holds the other end of standard input keeps it
alive: a test run that is killed leaves nothing behind.
"""

from __future__ import annotations

import sys

from pyredis import PyRedisServer


def main() -> None:
    """Serve until standard input ends."""
    server = PyRedisServer(host="127.0.0.1", port=0, enable_debug_command="yes", save="")
    with server:
        print(server.port, flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
