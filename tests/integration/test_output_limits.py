"""Clients that do not read what they asked for."""

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.test_embedding import run_program


class OutputLimitTests(SynchronousTestCase):
    """client-output-buffer-limit."""

    def test_a_slow_subscriber_is_cut_off(self) -> None:
        """Long before memory runs out; the publisher and others go on."""
        done = run_program(
            """
            import socket
            from pyredis import PyRedisClient, PyRedisServer

            with PyRedisServer(port=0, client_output_buffer_limit="pubsub 2mb 1mb 60") as server:
                slow = socket.create_connection(("127.0.0.1", server.port))
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                slow.sendall(b"*2\\r\\n$9\\r\\nSUBSCRIBE\\r\\n$1\\r\\nc\\r\\n")
                print(slow.recv(5))
                message = "x" * 100_000
                with PyRedisClient("127.0.0.1", server.port) as client:
                    sent = 0
                    while client.execute(f"PUBLISH c {message}") == ":1":
                        sent += 1
                    print(5 < sent < 500, client.execute("PING"))
            """
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), ["b'*3\\r\\n$'", "True +PONG"])
