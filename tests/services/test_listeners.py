"""Tests of pyredis.services.listeners: where a server listens."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pyredis.net.tls import Tls
from pyredis.services.listeners import CannotListen, ListenerService
from tests.commands.session import make_server
from tests.net.certificates import Authority
from tests.net.loopback import Peer, dispose, make_reactor, turn_until
from tests.net.test_tls_transport import TlsPeer


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def has_ipv6() -> bool:
    """Tell whether this system has an IPv6 loopback address."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


class ListenersTestCase(SynchronousTestCase):
    """Listeners on real sockets, in a reactor turned by hand."""

    def setUp(self) -> None:
        """Make a reactor and a directory."""
        self.reactor = make_reactor()
        self.addCleanup(dispose, self.reactor)
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = os.path.join(self.directory, "socket")

    def make(self, pick_port: bool = False, **settings: Any) -> ListenerService:
        """Return listeners of a server in memory."""
        settings.setdefault("bind", ("127.0.0.1",))
        self.server = make_server(Clock(), **settings)
        service = ListenerService(self.server, self.reactor, pick_port)
        self.addCleanup(self.stop, service)
        return service

    def stop(self, service: ListenerService) -> None:
        """Stop and wait for the end."""
        closed: list[Any] = []
        service.stopService().addBoth(closed.append)
        turn_until(self.reactor, lambda: bool(closed) and not self.server.clients)

    def listening(self) -> list[Any]:
        """Return what listens."""
        return [reader for reader in self.reactor.getReaders() if hasattr(reader, "getHost")]

    def answers(self, port: int, host: str = "127.0.0.1") -> bool:
        """Tell whether somebody answers at a port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as sock:
            if sock.connect_ex((host, port)):
                return False
            return self._pongs(Peer(sock))

    def answers_at(self, path: str) -> bool:
        """Tell whether somebody answers at a path."""
        with socket.socket(socket.AF_UNIX) as sock:
            if sock.connect_ex(path):
                return False
            return self._pongs(Peer(sock))

    def _pongs(self, peer: Peer) -> bool:
        peer.send(b"PING\r\n")
        turn_until(self.reactor, lambda: bool(peer.received) or peer.closed, peer.pump)
        return bytes(peer.received) == b"+PONG\r\n"


class OpeningTests(ListenersTestCase):
    """Where the settings say."""

    def test_a_port(self) -> None:
        """One address, one port."""
        port = free_port()
        service = self.make(port=port)
        service.open()

        self.assertEqual(service.tcp_port, port)
        self.assertTrue(self.answers(port))

    def test_twice(self) -> None:
        """Opening what is open changes nothing."""
        service = self.make(pick_port=True, port=0)
        service.open()
        port = service.tcp_port
        service.open()

        self.assertEqual(service.tcp_port, port)

    def test_no_port(self) -> None:
        """Port 0 listens on none."""
        service = self.make(port=0)
        service.open()

        self.assertEqual(service.tcp_port, 0)
        self.assertEqual(self.listening(), [])

    def test_any_port(self) -> None:
        """Or on one that the system picks, the same on all addresses."""
        service = self.make(pick_port=True, port=0, bind=("127.0.0.1", "-::1"))
        service.open()

        self.assertTrue(self.answers(service.tcp_port))
        if has_ipv6():
            self.assertTrue(self.answers(service.tcp_port, "::1"))

    def test_everywhere(self) -> None:
        """The default of Redis, all addresses of both kinds."""
        service = self.make(pick_port=True, port=0, bind=("*", "-::*"), protected_mode=False)
        service.open()

        self.assertTrue(self.answers(service.tcp_port))
        if has_ipv6():
            self.assertTrue(self.answers(service.tcp_port, "::1"))

    def test_an_optional_address(self) -> None:
        """An address that the system does not have is passed over if it may be missing."""
        service = self.make(pick_port=True, port=0, bind=("127.0.0.1", "-192.0.2.1"))
        service.open()

        self.assertTrue(self.answers(service.tcp_port))

    def test_a_unix_socket(self) -> None:
        """A path, with the permissions that are wanted."""
        service = self.make(port=0, unixsocket=self.path, unixsocketperm=0o700)
        service.open()

        self.assertTrue(self.answers_at(self.path))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o700)

    def test_an_old_socket(self) -> None:
        """What an earlier server left is replaced."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(self.path)
        service = self.make(port=0, unixsocket=self.path)
        service.open()

        self.assertTrue(self.answers_at(self.path))


class RefusedTests(ListenersTestCase):
    """What cannot be opened is named."""

    def test_a_port_that_is_taken(self) -> None:
        """The address, the port and the reason are said."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            port = sock.getsockname()[1]
            service = self.make(port=port)
            error = self.assertRaises(CannotListen, service.open)

        self.assertEqual(
            str(error),
            f"Could not create server TCP listening socket 127.0.0.1:{port}: "
            f"bind: Address already in use\nFailed listening on port {port} (tcp), aborting.",
        )
        self.assertEqual(self.listening(), [])

    def test_an_optional_address_whose_port_is_taken(self) -> None:
        """An optional address may be missing, not taken."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            service = self.make(port=sock.getsockname()[1], bind=("-127.0.0.1",))

            self.assertRaises(CannotListen, service.open)

    def test_an_address_of_another_machine(self) -> None:
        """An address that is not ours is refused."""
        service = self.make(port=free_port(), bind=("127.0.0.1", "192.0.2.1"))
        error = self.assertRaises(CannotListen, service.open)

        self.assertIn("192.0.2.1", str(error))
        self.reactor.iterate(0)
        self.assertEqual(self.listening(), [])
        self.assertFalse(self.answers(self.server.settings.port))

    def test_a_path_that_is_none(self) -> None:
        """A path that cannot be is named, and the port closed again."""
        port = free_port()
        service = self.make(port=port, unixsocket=os.path.join(self.directory, "no", "socket"))
        error = self.assertRaises(CannotListen, service.open)
        self.reactor.iterate(0)

        self.assertRegex(str(error), "^Failed opening Unix socket: bind: .*No such file")
        self.assertFalse(self.answers(port))

    def test_a_file_that_is_no_socket(self) -> None:
        """A file that is something else is never removed."""
        with open(self.path, "w") as file:
            file.write("precious")
        service = self.make(port=0, unixsocket=self.path)

        error = self.assertRaises(CannotListen, service.open)
        self.assertIn(f"{self.path}: a file that is no socket has this name", str(error))
        with open(self.path) as file:
            self.assertEqual(file.read(), "precious")

    def test_a_path_that_is_too_long(self) -> None:
        """The text tells how long it may be."""
        service = self.make(port=0, unixsocket="/" + 107 * "x")

        error = self.assertRaises(CannotListen, service.open)
        self.assertIn("unix socket path too long (108), must be under 108", str(error))
        self.assertFalse(service.is_open)


class RebindingTests(ListenersTestCase):
    """CONFIG SET port and bind."""

    def setUp(self) -> None:
        """Listen on a port."""
        super().setUp()
        self.port = free_port()
        self.service = self.make(port=self.port)
        self.service.open()
        self.settings = self.server.settings

    def test_another_port(self) -> None:
        """The new port is open, the old one closed, and clients stay."""
        old = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(old.close)
        self.settings.port = free_port()
        self.service.rebind()
        self.reactor.iterate(0)

        self.assertEqual(self.service.tcp_port, self.settings.port)
        self.assertTrue(self.answers(self.settings.port))
        self.assertFalse(self.answers(self.port))

    def test_more_addresses(self) -> None:
        """More addresses on the same port."""
        self.settings.bind = ("127.0.0.1", "127.0.0.2")
        self.service.rebind()
        self.reactor.iterate(0)

        self.assertTrue(self.answers(self.port))
        self.assertTrue(self.answers(self.port, "127.0.0.2"))

    def test_all_addresses(self) -> None:
        """From one address to all, which includes it."""
        self.settings.bind = ("*",)
        self.service.rebind()
        self.reactor.iterate(0)

        self.assertTrue(self.answers(self.port))

    def test_a_port_that_is_taken(self) -> None:
        """What was open stays open, and the operator is told why."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            self.settings.port = sock.getsockname()[1]
            error = self.assertRaises(ValueError, self.service.rebind)

        self.assertEqual(str(error), "Unable to listen on this port. Check server logs.")
        self.assertEqual(self.service.tcp_port, self.port)
        self.assertTrue(self.answers(self.port))

    def test_an_address_that_is_not_ours(self) -> None:
        """The same for addresses, as soon as the old ones are set again."""
        self.settings.bind = ("192.0.2.1",)
        error = self.assertRaises(ValueError, self.service.rebind)
        self.assertEqual(str(error), "Failed to bind to specified addresses.")
        self.settings.bind = ("127.0.0.1",)
        self.service.rebind()

        self.assertEqual(self.service.tcp_port, self.port)
        self.assertTrue(self.answers(self.port))

    def test_no_port(self) -> None:
        """Port 0 closes it."""
        self.settings.port = 0
        self.service.rebind()
        self.reactor.iterate(0)

        self.assertEqual(self.service.tcp_port, 0)
        self.assertFalse(self.answers(self.port))

    def test_a_picked_port_stays(self) -> None:
        """A port that the system picked stays when addresses change."""
        service = self.make(pick_port=True, port=0)
        service.open()
        port = service.tcp_port
        self.server.settings.bind = ("127.0.0.1", "127.0.0.2")
        service.rebind()

        self.assertEqual(service.tcp_port, port)
        self.assertTrue(self.answers(port, "127.0.0.2"))


class StoppingTests(ListenersTestCase):
    """The end of a server."""

    def test_stopped(self) -> None:
        """Ports and path are closed, and clients hung up on."""
        service = self.make(pick_port=True, port=0, unixsocket=self.path)
        service.open()
        port = service.tcp_port
        peer = Peer(socket.create_connection(("127.0.0.1", port)))
        self.addCleanup(peer.socket.close)
        turn_until(self.reactor, lambda: bool(self.server.clients))
        self.stop(service)
        turn_until(self.reactor, lambda: peer.closed, peer.pump)

        self.assertEqual(service.tcp_port, 0)
        self.assertFalse(self.answers(port))
        self.assertFalse(os.path.exists(self.path))

    def test_never_opened(self) -> None:
        """What was never opened can be stopped."""
        service = self.make()
        self.stop(service)

        self.assertEqual(service.tcp_port, 0)


class ServingOthersTests(ListenersTestCase):
    """Others are served in the middle of one's command."""

    def test_who_is_there_and_who_comes(self) -> None:
        """Without a turn of the reactor; after the ports were closed nobody comes."""
        service = self.make(pick_port=True, unixsocket=self.path)
        service.open()
        caller = self.server.connect()
        peer = Peer(socket.create_connection(("127.0.0.1", service.tcp_port)))
        service.serve_others(caller)
        peer.send(b"PING\r\n")
        for _ in range(100):
            service.serve_others(caller)
            peer.pump()
            if peer.received:
                break
        self.assertEqual(peer.take(), b"+PONG\r\n")
        port = service.tcp_port
        service.close_ports()

        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        self.server.disconnect(caller)


class EncryptedTests(ListenersTestCase):
    """The port with encrypted connections."""

    def setUp(self) -> None:
        """Issue a certificate."""
        super().setUp()
        certificate, key = Authority(self.directory).issue("server")
        self.facts = {"tls_cert_file": certificate, "tls_key_file": key, "tls_auth_clients": "no"}

    def make(self, pick_port: bool = False, **settings: Any) -> ListenerService:
        """Return listeners that have certificates."""
        service = super().make(pick_port, **{**self.facts, **settings})
        service._tls = Tls(self.server.settings, lambda path: Path(path).read_bytes())
        return service

    def shakes_hands(self, port: int) -> bool:
        """Tell whether somebody speaks TLS at a port."""
        with socket.create_connection(("127.0.0.1", port)) as sock:
            peer = TlsPeer(sock, ssl._create_unverified_context())
            turn_until(self.reactor, lambda: peer.is_open or peer.closed, peer.pump)
            return peer.is_open

    def test_both(self) -> None:
        """A plain port and an encrypted one."""
        plain, encrypted = free_port(), free_port()
        service = self.make(port=plain, tls_port=encrypted)
        service.open()
        self.assertEqual((service.tcp_port, service.tls_port), (plain, encrypted))
        self.assertTrue(self.answers(plain))
        self.assertTrue(self.shakes_hands(encrypted))

    def test_encrypted_only(self) -> None:
        """Without a plain port."""
        service = self.make(port=0, tls_port=free_port())
        service.open()
        self.assertEqual(service.tcp_port, 0)
        self.assertTrue(self.shakes_hands(service.tls_port))

    def test_no_certificate(self) -> None:
        """One line says what is missing, with a port or without."""
        for changed in ({"tls_port": free_port()}, {"tls_cluster": True}):
            service = self.make(port=0, tls_cert_file=None, **changed)
            error = self.assertRaises(CannotListen, service.open)
            self.assertEqual(str(error), "Failed to configure TLS: No tls-cert-file configured!")
            self.assertEqual(self.listening(), [])

    def test_without_tls_at_all(self) -> None:
        """Listeners that were given no TLS refuse the port."""
        service = self.make(port=0, tls_port=free_port())
        service._tls = None
        self.assertRaises(CannotListen, service.open)

    def test_switching(self) -> None:
        """The same port, plain, then encrypted, then plain: one CONFIG SET each."""
        port = free_port()
        service = self.make(port=port)
        service.open()
        settings = self.server.settings
        settings.port, settings.tls_port = 0, port
        service.rebind()
        self.assertTrue(self.shakes_hands(port))
        settings.port, settings.tls_port = port, 0
        service.rebind()
        self.assertTrue(self.answers(port))
        self.assertEqual(service.tls_port, 0)

    def test_only_what_changed(self) -> None:
        """Another encrypted port leaves the plain one as it is."""
        service = self.make(port=free_port())
        service.open()
        (before,) = self.listening()
        self.server.settings.tls_port = free_port()
        service.rebind()
        self.assertIn(before, self.listening())
        self.assertEqual(len(self.listening()), 2)

    def test_refused(self) -> None:
        """A port that cannot be had leaves all as it was."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            service = self.make(port=free_port(), tls_port=free_port())
            service.open()
            before = self.listening()
            self.server.settings.tls_port = taken.getsockname()[1]
            self.assertRaises(ValueError, service.rebind)
            self.assertEqual(set(self.listening()), set(before))
            self.assertTrue(self.shakes_hands(service.tls_port))
