"""Tests of pyredis.process_title: what ``ps`` shows."""

from __future__ import annotations

from importlib.util import find_spec

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import Settings
from pyredis.process_title import ProcessTitle, title_setter


class ProcessTitleTests(SynchronousTestCase):
    """The template, filled in."""

    def setUp(self) -> None:
        """Make a title."""
        self.settings = Settings()
        self.titles: list[str] = []
        self.title = ProcessTitle(
            self.settings, "/bin/pyredis-server", "/etc/redis.conf", self.titles.append
        )

    def test_the_usual_one(self) -> None:
        """Program and address, without the blank where no mode is."""
        self.title.apply()
        self.assertEqual(self.titles, ["/bin/pyredis-server 127.0.0.1:6379"])

    def test_children(self) -> None:
        """They say what they do."""
        self.settings.cluster_enabled = True
        self.title.apply_to_child("rdb")
        self.title.apply_to_child("aof")
        self.assertEqual(
            self.titles,
            [
                "redis-rdb-bgsave 127.0.0.1:6379 [cluster]",
                "redis-aof-rewrite 127.0.0.1:6379 [cluster]",
            ],
        )

    def test_every_variable(self) -> None:
        """Each stands for a part of the configuration."""
        self.settings.unixsocket = "/run/redis.sock"
        self.settings.tls_port = 6380
        self.settings.bind = ()
        self.settings.proc_title_template = (
            "T {title} {listen-addr} {port} {tls-port} {unixsocket} {config-file}"
        )
        self.title.apply()
        self.assertEqual(
            self.titles,
            ["T /bin/pyredis-server *:6379 6379 6380 /run/redis.sock /etc/redis.conf"],
        )

    def test_without_ports(self) -> None:
        """The socket is the address; without a file there is a dash."""
        self.settings.port = 0
        self.settings.unixsocket = "/run/redis.sock"
        self.settings.proc_title_template = "{listen-addr} {config-file}"
        ProcessTitle(self.settings, "x", None, self.titles.append).apply()
        self.assertEqual(self.titles, ["unixsocket:/run/redis.sock -"])

    def test_switched_off(self) -> None:
        """Then the title stays."""
        self.settings.set_proc_title = False
        self.title.apply()
        self.title.apply_to_child("rdb")
        self.assertEqual(self.titles, [])

    def test_the_package(self) -> None:
        """Without it there is nothing that could set a title."""
        self.assertEqual(title_setter() is None, find_spec("setproctitle") is None)
