"""
What a server needs to speak TLS: its certificates as the settings name them.

Nothing here imports pyOpenSSL before it is needed: a server without TLS runs
without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twisted.internet.protocol import Factory

    from pyredis.net.tls_contexts import Contexts

SETTINGS = (
    "tls-cert-file",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-client-cert-file",
    "tls-client-key-file",
    "tls-client-key-file-pass",
    "tls-dh-params-file",
    "tls-ca-cert-file",
    "tls-ca-cert-dir",
    "tls-auth-clients",
    "tls-replication",
    "tls-cluster",
    "tls-protocols",
    "tls-ciphers",
    "tls-ciphersuites",
    "tls-prefer-server-ciphers",
    "tls-session-caching",
    "tls-session-cache-timeout",
)
"""What the contexts are made of."""


class TlsUnusable(Exception):
    """TLS cannot be used as it is configured; the text is one line for the operator."""


class Tls:
    """
    The TLS of one server.

    Args:
        settings: Its configuration.
        read: Returns a file's bytes; raises OSError if it cannot be read.
    """

    def __init__(self, settings: Any, read: Callable[[str], bytes]) -> None:
        self._settings = settings
        self._read = read
        self._contexts: Contexts | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be encrypted."""
        settings = self._settings
        return bool(settings.tls_port or settings.tls_replication or settings.tls_cluster)

    def load(self) -> None:
        """
        Read the certificates and keys, for connections from now on.

        Raises:
            TlsUnusable: Something is missing or wrong; what was loaded before stays.
        """
        try:
            from pyredis.net.tls_contexts import make_contexts
        except ImportError:
            raise TlsUnusable("TLS needs pyOpenSSL: pip install 'pyredis[tls]'") from None
        self._contexts = make_contexts(self._settings, self._read)

    def contexts(self) -> Contexts:
        """
        Return what is loaded, loading it if nothing is.

        Raises:
            TlsUnusable: Something is missing or wrong.
        """
        if self._contexts is None:
            self.load()
        assert self._contexts is not None
        return self._contexts

    def accepting(self, factory: Factory, reactor: Any) -> Factory:
        """
        Return a factory of encrypted connections.

        Args:
            factory: Makes the protocols within them.
            reactor: Ends handshakes that take too long.
        """
        from pyredis.net.tls_transport import TlsFactory

        return TlsFactory(factory, lambda: self.contexts().accept(), reactor)

    def connecting(self, endpoint: Any) -> Any:
        """
        Return the endpoint of another server to which connections are encrypted.

        Raises:
            TlsUnusable: Something is missing or wrong.
        """
        from twisted.internet.endpoints import wrapClientTLS

        return wrapClientTLS(self.contexts(), endpoint)
