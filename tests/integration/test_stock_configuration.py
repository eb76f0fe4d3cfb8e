"""Tests that start the daemon with every directive there is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import redis

from pyredis.config.conf_file import check
from pyredis.config.parameters import PARAMETERS
from pyredis.config.settings import Settings, find
from tests.integration.daemon import free_port
from tests.integration.test_daemon import DaemonTestCase

STOCK = (os.environ.get("PYREDIS_STOCK_CONF", ""), "/etc/redis/redis.conf")
"""Where the configuration that Redis comes with may be."""

# What would make it another server than a test can have.
ELSEWHERE = frozenset(
    [
        "aclfile",
        "appendonly",
        "bind",
        "bind-source-addr",
        "cluster-enabled",
        "daemonize",
        "dbfilename",
        "dir",
        "logfile",
        "maxclients",
        "pidfile",
        "port",
        "replicaof",
        "requirepass",
        "save",
        "slaveof",
        "socket-mark-id",
        "supervised",
        "syslog-enabled",
        "tls-port",
        "tls-cluster",
        "tls-replication",
        "unixsocket",
        "unixsocketperm",
    ]
)


class EveryDirectiveTests(DaemonTestCase):
    """A file with all of them is taken, and what changes nothing is said."""

    def serves(self, lines: list[str]) -> str:
        """Start a daemon with a file; return its log when it has served."""
        port = free_port()
        path = self.write("every.conf", "\n".join([*lines, f"port {port}", "save ''"]) + "\n")
        daemon = self.ready(path, port=port)
        client = redis.Redis(port=port)
        self.addCleanup(client.close)
        self.assertTrue(client.set("k", "v"))
        self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("Traceback", daemon.log)
        return daemon.log

    def test_our_own(self) -> None:
        """Each parameter with its default."""
        settings = Settings(self.path(""))
        lines = []
        for parameter in PARAMETERS:
            text = settings.text(parameter).decode()
            if parameter.name in ELSEWHERE or (not text and parameter.default is None):
                continue
            several = parameter.several and text
            lines.append(f"{parameter.name} {text}" if several else f'{parameter.name} "{text}"')
        self.assertGreater(len(lines), 150)
        self.assertNotIn("has no effect", self.serves(lines))

    def test_what_redis_comes_with(self) -> None:
        """Redis' own file with all examples in it uncommented, but for those in prose."""
        path = next((path for path in STOCK if path and os.access(path, os.R_OK)), None)
        if path is None:
            self.skipTest("there is no redis.conf")
        lines = [
            match[1]
            for match in re.finditer(
                r"^#? ?([a-z][a-z0-9_-]+(?: .*)?)$", Path(path).read_text(), re.M
            )
            if find(match[1].split()[0].encode()) and match[1].split()[0] not in ELSEWHERE
        ]
        wrong = [line for line in lines if self.is_wrong(line)]
        self.assertGreater(len(lines), 130)
        self.assertLess(len(wrong), 15, wrong)
        kept = [line for line in lines if line not in wrong and not line.startswith("tls-")]

        log = self.serves(kept)

        self.assertIn("'io-threads' has no effect in this server", log)

    def is_wrong(self, line: str) -> bool:
        """Tell whether a line is no directive but prose that begins like one."""
        return bool(check(line.encode(), lambda path: b"", lambda pattern: []))
