"""
OpenSSL contexts as the settings describe them; imported only where TLS is used.

The words for the operator are Redis' own, so that what is found about them in
the world helps here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from zope.interface import implementer

from pyredis.net.tls import TlsUnusable

Read = Callable[[str], bytes]

_PROTOCOLS = {"tlsv1.2": SSL.OP_NO_TLSv1_2, "tlsv1.3": SSL.OP_NO_TLSv1_3}
_USUAL_PROTOCOLS = "TLSv1.2 TLSv1.3"
_BROKEN_PROTOCOLS = frozenset({"tlsv1", "tlsv1.1"})
_SESSION_ID = b"redis"
_VERIFY = {
    "no": SSL.VERIFY_NONE,
    "optional": SSL.VERIFY_PEER,
    "yes": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}


@implementer(IOpenSSLClientConnectionCreator)
class Contexts:
    """
    What encrypted connections are made of.

    Args:
        serving: For those who connect here.
        connecting: For connections to other servers.
        verification: What is asked of those who connect here.
    """

    def __init__(self, serving: SSL.Context, connecting: SSL.Context, verification: int) -> None:
        self._serving = serving
        self._connecting = connecting
        self._verification = verification

    def accept(self) -> SSL.Connection:
        """Return the state of a connection that somebody has made to this server."""
        connection = SSL.Connection(self._serving, None)
        connection.set_verify(self._verification, None)
        connection.set_accept_state()
        return connection

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """Return the state of a connection to another server, which must prove who it is."""
        connection = SSL.Connection(self._connecting, None)
        connection.set_verify(SSL.VERIFY_PEER, None)
        connection.set_connect_state()
        return connection


def make_contexts(settings: Any, read: Read) -> Contexts:
    """
    Return the contexts that the settings describe.

    Args:
        settings: The configuration.
        read: Returns a file's bytes.

    Raises:
        TlsUnusable: Something is missing or wrong.
    """
    if not settings.tls_cert_file:
        raise TlsUnusable("No tls-cert-file configured!")
    if not settings.tls_key_file:
        raise TlsUnusable("No tls-key-file configured!")
    asks = settings.tls_auth_clients != "no" or settings.tls_cluster or settings.tls_replication
    if asks and not (settings.tls_ca_cert_file or settings.tls_ca_cert_dir):
        raise TlsUnusable(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
            "tls-replication or tls-auth-clients are enabled!"
        )
    serving = _context(
        settings, read, settings.tls_cert_file, settings.tls_key_file, settings.tls_key_file_pass
    )
    _set_serving_options(serving, settings)
    connecting = serving
    if settings.tls_client_cert_file and settings.tls_client_key_file:
        connecting = _context(
            settings,
            read,
            settings.tls_client_cert_file,
            settings.tls_client_key_file,
            settings.tls_client_key_file_pass,
        )
    return Contexts(serving, connecting, _VERIFY[settings.tls_auth_clients])


def _context(
    settings: Any, read: Read, certificate: str, key: str, passphrase: str | None
) -> SSL.Context:
    """Return a context with what both sides of a connection have in common."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    # A peer that could ask for new keys at any time could keep the server busy with it.
    options = SSL.OP_NO_COMPRESSION | getattr(SSL, "OP_NO_RENEGOTIATION", 0)
    context.set_options(options | _forbidden_protocols(settings.tls_protocols))
    with _Failing(f"Failed to load certificate: {certificate}"):
        # OpenSSL says of a file that is not there that some "system lib" failed.
        read(certificate)
        context.use_certificate_chain_file(certificate)
    with _Failing(f"Failed to load private key: {key}"):
        _use_key(context, _private_key(read(key), (passphrase or "").encode()))
        context.check_privatekey()
    file, directory = settings.tls_ca_cert_file, settings.tls_ca_cert_dir
    if file or directory:
        with _Failing("Failed to configure CA certificate(s) file/directory"):
            context.load_verify_locations(file or None, directory or None)
    if settings.tls_ciphers:
        with _Failing("Failed to configure ciphers"):
            context.set_cipher_list(settings.tls_ciphers.encode())
    if settings.tls_ciphersuites:
        with _Failing("Failed to configure ciphersuites"):
            context.set_tls13_ciphersuites(settings.tls_ciphersuites.encode())
    return context


def _set_serving_options(context: SSL.Context, settings: Any) -> None:
    if settings.tls_session_caching:
        context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
        context.set_timeout(settings.tls_session_cache_timeout)
        context.set_session_id(_SESSION_ID)
    else:
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET)
    if settings.tls_prefer_server_ciphers:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    context.set_options(SSL.OP_SINGLE_DH_USE)
    path = settings.tls_dh_params_file
    if path:
        with _Failing(f"Failed to load DH params file: {path}"):
            context.load_tmp_dh(path)


def _forbidden_protocols(wanted: str | None) -> int:
    """Return the options that forbid the protocols which are not wanted."""
    words = (wanted or _USUAL_PROTOCOLS).lower().split()
    if not words or not set(words) <= _PROTOCOLS.keys() | _BROKEN_PROTOCOLS:
        raise TlsUnusable(
            "Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and 'TLSv1.3'."
        )
    if not _BROKEN_PROTOCOLS.isdisjoint(words):
        raise TlsUnusable(
            "tls-protocols: TLSv1 and TLSv1.1 are broken and not offered. "
            "Use a combination of 'TLSv1.2' and 'TLSv1.3'."
        )
    return sum(option for name, option in _PROTOCOLS.items() if name not in words)


def _private_key(data: bytes, passphrase: bytes) -> Any:
    try:
        return load_pem_private_key(data, None)
    except TypeError:  # it is encrypted
        return load_pem_private_key(data, passphrase)


def _use_key(context: SSL.Context, key: Any) -> None:
    try:
        context.use_privatekey(key)
    except TypeError:  # older versions of pyOpenSSL have keys of their own
        context.use_privatekey(crypto.PKey.from_cryptography_key(key))


class _Failing:
    """Says what failed, in one line, whatever it failed with."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Word the failure."""
        if isinstance(error, (SSL.Error, crypto.Error, OSError, ValueError, TypeError)):
            raise TlsUnusable(f"{self._what}: {reason_of(error)}") from None
        if isinstance(error, AttributeError):
            raise TlsUnusable(f"{self._what}: this version of pyOpenSSL cannot set it") from None


def reason_of(error: BaseException) -> str:
    """Return why OpenSSL, or the system, refused something, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    stack = error.args[0] if error.args else ""
    if isinstance(stack, (list, tuple)):
        return "; ".join(str(entry[-1]) for entry in stack) or "unknown reason"
    return str(stack).partition("\n")[0] or "unknown reason"
