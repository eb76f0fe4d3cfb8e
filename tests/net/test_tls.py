"""Tests of pyredis.net.tls: loading, and loading again."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.parameters import PARAMETERS
from pyredis.config.settings import Settings
from pyredis.net.tls import SETTINGS, Tls, TlsUnusable
from tests.net.certificates import Authority


class TlsTests(SynchronousTestCase):
    """The TLS of one server."""

    def setUp(self) -> None:
        """Name a certificate."""
        self.directory = tempfile.mkdtemp()
        self.settings = Settings()
        self.settings.tls_cert_file, self.settings.tls_key_file = Authority(self.directory).issue(
            "server"
        )
        self.settings.tls_auth_clients = "no"
        self.tls = Tls(self.settings, lambda path: Path(path).read_bytes())

    def tearDown(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.directory)

    def test_wanted(self) -> None:
        """By a port, or by connections to others."""
        self.assertFalse(self.tls.is_wanted)
        for name, value in (("tls_port", 1), ("tls_cluster", True), ("tls_replication", True)):
            setattr(self.settings, name, value)
            self.assertTrue(self.tls.is_wanted)
            setattr(self.settings, name, 0)

    def test_loaded_once(self) -> None:
        """Until somebody asks for it."""
        first = self.tls.contexts()
        self.assertIs(self.tls.contexts(), first)
        self.tls.load()
        self.assertIsNot(self.tls.contexts(), first)

    def test_what_cannot_be_loaded(self) -> None:
        """It changes nothing."""
        first = self.tls.contexts()
        self.settings.tls_cert_file = None
        self.assertRaises(TlsUnusable, self.tls.load)
        self.assertIs(self.tls.contexts(), first)

    def test_without_the_library(self) -> None:
        """One line says what to install."""
        with mock.patch.dict(sys.modules, {"pyredis.net.tls_contexts": None}):
            error = self.assertRaises(TlsUnusable, self.tls.contexts)
        self.assertEqual(str(error), "TLS needs pyOpenSSL: pip install 'pyredis[tls]'")

    def test_settings(self) -> None:
        """All parameters of TLS are known, but for the port and what has no effect."""
        names = {p.name for p in PARAMETERS if p.name.startswith("tls-") and p.no_effect is None}
        self.assertEqual(names - set(SETTINGS), {"tls-port"})
