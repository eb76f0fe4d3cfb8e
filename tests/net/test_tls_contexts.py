"""Tests of pyredis.net.tls_contexts: what the settings come to, and what is refused."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import tempfile
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.settings import Settings
from pyredis.net.tls import TlsUnusable
from pyredis.net.tls_contexts import Contexts, make_contexts
from tests.net.certificates import Authority


def read(path: str) -> bytes:
    """Return a file's bytes."""
    return Path(path).read_bytes()


def shake_hands(contexts: Contexts, client: ssl.SSLContext) -> ssl.SSLObject:
    """Connect a client of the standard library in memory; raise what either end raises."""
    server = contexts.accept()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    end = client.wrap_bio(incoming, outgoing)
    is_done = False
    for _ in range(6):
        if not is_done:
            try:
                end.do_handshake()
                is_done = True
            except ssl.SSLWantReadError:
                pass
        if data := outgoing.read():
            server.bio_write(data)
        with contextlib.suppress(SSL.WantReadError):
            server.do_handshake()
        try:
            incoming.write(server.bio_read(1 << 20))
        except SSL.WantReadError:
            if is_done:
                return end
    raise AssertionError("no end of it")


class ContextsTestCase(SynchronousTestCase):
    """An authority, and settings that name its certificates."""

    def setUp(self) -> None:
        """Issue what most tests need."""
        self.directory = tempfile.mkdtemp()
        self.authority = Authority(self.directory)
        self.certificate, self.key = self.authority.issue("server")

    def tearDown(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.directory)

    def make(self, **changed: Any) -> Contexts:
        """Return contexts of usual settings but for some."""
        settings = Settings()
        values = {
            "tls_cert_file": self.certificate,
            "tls_key_file": self.key,
            "tls_ca_cert_file": self.authority.path,
            "tls_auth_clients": "no",
            **changed,
        }
        for name, value in values.items():
            setattr(settings, name, value)
        return make_contexts(settings, read)

    def client(self, certificate: tuple[str, str] | None = None) -> ssl.SSLContext:
        """Return the context of a client."""
        context = ssl.create_default_context(cafile=self.authority.path)
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(*certificate)
        return context

    def refused(self, **changed: Any) -> str:
        """Return why settings are refused."""
        return str(self.assertRaises(TlsUnusable, self.make, **changed))


class RefusedTests(ContextsTestCase):
    """What cannot be used is named in one line."""

    def test_missing(self) -> None:
        """Both files are needed, and an authority where anybody has to prove anything."""
        self.assertEqual(self.refused(tls_cert_file=None), "No tls-cert-file configured!")
        self.assertEqual(self.refused(tls_key_file=None), "No tls-key-file configured!")
        for changed in ({"tls_auth_clients": "optional"}, {"tls_cluster": True}):
            self.assertIn("must be specified when", self.refused(tls_ca_cert_file=None, **changed))
        self.make(tls_ca_cert_file=None)

    def test_files(self) -> None:
        """A file that is not there, or is something else."""
        gone = str(Path(self.directory) / "gone")
        junk = Path(self.directory) / "junk"
        junk.write_bytes(b"junk\n")
        for name, what in (
            ("tls_cert_file", "certificate: "),
            ("tls_key_file", "private key: "),
            ("tls_dh_params_file", "DH params file: "),
            ("tls_ca_cert_file", "CA certificate(s) file/directory"),
        ):
            for path in (gone, str(junk)):
                text = self.refused(**{name: path})
                self.assertTrue(text.startswith(f"Failed to {_verb(name)} {what}"), text)
                self.assertNotIn("\n", text)
        self.assertIn("No such file or directory", self.refused(tls_cert_file=gone))

    def test_a_key_of_another(self) -> None:
        """The key has to be the certificate's."""
        other = self.authority.issue("other")[1]
        self.assertIn("Failed to load private key", self.refused(tls_key_file=other))

    def test_passphrase(self) -> None:
        """An encrypted key needs its passphrase; a plain one does not mind."""
        certificate, key = self.authority.issue("secret", b"1234")
        names = {"tls_cert_file": certificate, "tls_key_file": key}
        for wrong in (None, "", "123"):
            text = self.refused(**names, tls_key_file_pass=wrong)
            self.assertIn("Failed to load private key", text)
        self.make(**names, tls_key_file_pass="1234")
        self.make(tls_key_file_pass="1234")

    def test_protocols(self) -> None:
        """Only those that are safe."""
        self.assertIn("Invalid tls-protocols", self.refused(tls_protocols="SSLv3"))
        self.assertIn("broken and not offered", self.refused(tls_protocols="TLSv1.1 TLSv1.2"))

    def test_ciphers(self) -> None:
        """Names that OpenSSL does not know."""
        self.assertIn("Failed to configure ciphers:", self.refused(tls_ciphers="nonsense"))
        self.assertIn("ciphersuites:", self.refused(tls_ciphersuites="nonsense"))


class ServingTests(ContextsTestCase):
    """What a client meets."""

    def test_newest_protocol(self) -> None:
        """TLS 1.3 if nothing else is said, 1.2 if only that is wanted."""
        self.assertEqual(shake_hands(self.make(), self.client()).version(), "TLSv1.3")
        older = self.make(tls_protocols="tlsv1.2")
        self.assertEqual(shake_hands(older, self.client()).version(), "TLSv1.2")

    def test_a_protocol_that_is_not_wanted(self) -> None:
        """A client that speaks nothing else is refused."""
        client = self.client()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        self.assertRaises(SSL.Error, shake_hands, self.make(tls_protocols="TLSv1.3"), client)

    def test_ciphers(self) -> None:
        """They are those that were chosen, and the server's order can be the one that counts."""
        client = self.client()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
        ours = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
        for prefers, bits in ((False, 256), (True, 128)):
            contexts = self.make(tls_ciphers=ours, tls_prefer_server_ciphers=prefers)
            cipher = shake_hands(contexts, client).cipher()
            assert cipher is not None
            self.assertEqual(cipher[2], bits)

    def test_ciphersuites(self) -> None:
        """TLS 1.3 has a list of its own."""
        contexts = self.make(tls_ciphersuites="TLS_CHACHA20_POLY1305_SHA256")
        cipher = shake_hands(contexts, self.client()).cipher()
        assert cipher is not None
        self.assertEqual(cipher[0], "TLS_CHACHA20_POLY1305_SHA256")

    def test_who_must_prove_who_it_is(self) -> None:
        """Everybody, nobody, or whoever brings a certificate."""
        ours = self.client(self.authority.issue("client"))
        other_directory = Path(self.directory) / "other"
        other_directory.mkdir()
        stranger = self.client(Authority(other_directory).issue("stranger"))
        nobody = self.client()
        for wanted, welcome, refused in (
            ("yes", [ours], [nobody, stranger]),
            ("optional", [ours, nobody], [stranger]),
            ("no", [ours, nobody, stranger], []),
        ):
            contexts = self.make(tls_auth_clients=wanted)
            for client in welcome:
                shake_hands(contexts, client)
            for client in refused:
                self.assertRaises(SSL.Error, shake_hands, contexts, client)

    def test_sessions(self) -> None:
        """With and without a cache."""
        for caching in (True, False):
            shake_hands(self.make(tls_session_caching=caching), self.client())


class ConnectingTests(ContextsTestCase):
    """Connections to other servers."""

    def test_own_certificate(self) -> None:
        """A certificate for connecting, or the server's."""
        certificate, key = self.authority.issue("outgoing")
        for changed, name in (
            ({}, "server"),
            ({"tls_client_cert_file": certificate, "tls_client_key_file": key}, "outgoing"),
            ({"tls_client_cert_file": certificate}, "server"),
        ):
            connection = self.make(**changed).clientConnectionForTLS(None)
            own = connection.get_certificate()
            assert own is not None
            self.assertIn(name, own.to_cryptography().subject.rfc4514_string())
            self.assertEqual(connection.get_verify_mode(), SSL.VERIFY_PEER)


def _verb(name: str) -> str:
    return "configure" if "_ca_" in name else "load"
