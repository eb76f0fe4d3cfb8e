"""Tests of benchmarks.servers."""

from __future__ import annotations

import sys

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.servers import BenchmarkError, ServerSpec, running


class ServerSpecTests(SynchronousTestCase):
    """How a command line becomes a process."""

    def test_port_and_directory_are_filled_in(self) -> None:
        """Places in the line take the values, and quoted words stay whole."""
        spec = ServerSpec("any", 'serve --port {port} --dir "{directory}" --save ""')

        self.assertEqual(
            ["serve", "--port", "7000", "--dir", "/a b", "--save", ""], spec.argv(7000, "/a b")
        )

    def test_a_line_without_a_port_gets_one(self) -> None:
        """The port is added as redis-server takes it."""
        self.assertEqual(["serve", "--port", "7000"], ServerSpec("any", "serve").argv(7000, "/"))


class RunningTests(SynchronousTestCase):
    """What is said of a server that does not come up."""

    def test_a_missing_program_is_named(self) -> None:
        """There is a message instead of a traceback."""
        with self.assertRaises(BenchmarkError) as caught, running(ServerSpec("x", "/no/such")):
            pass

        self.assertIn("/no/such", str(caught.exception))

    def test_a_server_that_ends_shows_its_last_words(self) -> None:
        """The message holds the exit code and what the process wrote."""
        spec = ServerSpec("x", f"{sys.executable} -c \"import sys; sys.exit('no luck')\" {{port}}")

        with self.assertRaises(BenchmarkError) as caught, running(spec):
            pass

        self.assertIn("exit code 1", str(caught.exception))
        self.assertIn("no luck", str(caught.exception))

    def test_what_goes_wrong_later_is_not_blamed_on_the_start(self) -> None:
        """An error of the measurement passes through as it is."""
        answer = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
        answer += "c = s.accept()[0]; c.recv(99); c.sendall(b'+PONG\\r\\n'); c.recv(99)"
        spec = ServerSpec("x", f'{sys.executable} -c "{answer}" {{port}}')

        def fail_while_running() -> None:
            with running(spec):
                raise BenchmarkError("later")

        error = self.assertRaises(BenchmarkError, fail_while_running)

        self.assertEqual("later", str(error))
