"""fakeredis' TCP server as a process of its own: ``python -m benchmarks.fakeredis_server PORT``."""

from __future__ import annotations

import sys

from fakeredis import TcpFakeServer


def main() -> None:
    """Serve on the loopback port named on the command line, until killed."""
    TcpFakeServer.allow_reuse_address = True
    TcpFakeServer(("127.0.0.1", int(sys.argv[1])), server_type="redis").serve_forever()


if __name__ == "__main__":
    main()
