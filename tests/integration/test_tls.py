"""Tests of encrypted connections to the real daemon."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.integration.daemon import Daemon, free_port, run
from tests.integration.test_daemon import DaemonTestCase
from tests.net.certificates import Authority


class EncryptedTests(DaemonTestCase):
    """A daemon with an encrypted port only, and its clients."""

    def setUp(self) -> None:
        """Start it."""
        super().setUp()
        self.authority = Authority(self.path(""))
        self.certificate, self.key = self.authority.issue("server")
        self.client_certificate, self.client_key = self.authority.issue("client")
        self.port = free_port()

    def serve(self, *arguments: str) -> Daemon:
        """Return a daemon that is ready, with its encrypted port only."""
        daemon = self.start(*self.directives(self.port), *arguments, port=0)
        daemon.until_logged("Ready to accept connections tls")
        return daemon

    def directives(self, port: int) -> list[str]:
        """Return what turns on TLS."""
        return (
            f"--tls-port {port} --tls-cert-file {self.certificate} --tls-key-file {self.key} "
            f"--tls-ca-cert-file {self.authority.path}"
        ).split()

    def client(self, port: int | None = None, **options: Any) -> redis.Redis:
        """Return a client that knows the authority."""
        client = redis.Redis(
            port=port or self.port,
            ssl=True,
            ssl_ca_certs=self.authority.path,
            ssl_check_hostname=False,
            retry=Retry(NoBackoff(), 0),
            **{"ssl_certfile": self.client_certificate, "ssl_keyfile": self.client_key, **options},
        )
        self.addCleanup(client.close)
        return client

    def test_clients(self) -> None:
        """Pipelines, large values and messages go through; who has no certificate does not."""
        daemon = self.serve()
        client = self.client()
        client.set("k", bytes(2_000_000))
        self.assertEqual(client.get("k"), bytes(2_000_000))
        with client.pipeline(transaction=False) as pipeline:
            for number in range(500):
                pipeline.incrby("n", number)
            self.assertEqual(pipeline.execute()[-1], 124_750)
        with client.pubsub() as messages:
            messages.subscribe("c")
            self.assertIsNotNone(messages.get_message(timeout=5))
            client.publish("c", "m")
            message = messages.get_message(timeout=5)
            assert message is not None
            self.assertEqual(message["data"], b"m")
        listener = client.info("server")["listener0"]
        self.assertEqual((listener["name"], listener["port"]), ("tls", self.port))
        stranger = self.client(ssl_certfile=None, ssl_keyfile=None)
        self.assertRaises(redis.ConnectionError, stranger.ping)
        self.assertEqual(daemon.stop(), 0)

    def test_new_certificates(self) -> None:
        """They are used from now on; what cannot be used changes nothing."""
        daemon = self.serve("--tls-auth-clients", "no")
        client = self.client()
        certificate, key = self.authority.issue("next")
        for wrong in (self.path("gone"), certificate):
            with self.assertRaises(redis.ResponseError) as refused:
                client.config_set("tls-cert-file", wrong)
            self.assertIn("Unable to update TLS configuration", str(refused.exception))
        daemon.until_logged("Failed to load certificate: .*No such file or directory")
        self.assertEqual(client.config_get("tls-cert-file"), {"tls-cert-file": self.certificate})
        client.config_set("tls-cert-file", certificate, "tls-key-file", key)
        self.assertTrue(self.client().ping())
        client.config_set("tls-auth-clients", "yes")
        stranger = self.client(ssl_certfile=None, ssl_keyfile=None)
        self.assertRaises(redis.ConnectionError, stranger.ping)
        self.assertTrue(client.ping())

    def test_redis_cli(self) -> None:
        """redis-cli --tls, where there is one."""
        cli = shutil.which("redis-cli")
        if cli is None:
            self.skipTest("there is no redis-cli")
        self.serve()
        words = f"-p {self.port} --tls --cacert {self.authority.path} --cert "
        words += f"{self.client_certificate} --key {self.client_key} SET k v"
        answer = subprocess.run([cli, *words.split()], capture_output=True, timeout=20, check=True)
        self.assertEqual(answer.stdout, b"OK\n")

    def test_migrating(self) -> None:
        """With tls-cluster keys move over encrypted connections."""
        self.serve("--tls-cluster", "yes")
        other_port = free_port()
        other = self.start(*self.directives(other_port), port=0)
        other.until_logged("Ready to accept connections tls")
        source, target = self.client(), self.client(other_port)
        source.set("k", bytes(300_000))
        self.assertTrue(source.migrate("127.0.0.1", other_port, ["k", "l"], 0, 9000))
        self.assertEqual(target.strlen("k"), 300_000)
        self.assertEqual(source.exists("k"), 0)


class RefusedTests(DaemonTestCase):
    """Servers that cannot start."""

    def test_no_certificate(self) -> None:
        """One line says what is missing."""
        done = run("--port", "0", "--tls-port", str(free_port()))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed to configure TLS: No tls-cert-file configured!", done.stdout)

    def test_a_file_that_is_none(self) -> None:
        """Or which file is wrong."""
        certificate, key = Authority(self.path("")).issue("server")
        Path(key).write_bytes(b"junk")
        done = run(
            *f"--port 0 --tls-port {free_port()} --tls-auth-clients no".split(),
            *f"--tls-cert-file {certificate} --tls-key-file {key}".split(),
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"Failed to configure TLS: Failed to load private key: {key}", done.stdout)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
