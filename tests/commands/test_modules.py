"""Tests of pyredis.commands.modules."""

from __future__ import annotations

import sys
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.modules import LoadedModule
from pyredis.execution.ports import NoHost
from pyredis.execution.table import command, declared_commands
from pyredis.wire.replies import OK
from tests.commands.session import Session

CANNOT = b"ERR Error loading the extension. Please check the server logs."


class LoadingHost(NoHost):
    """A process that serves one command of a module by the name of ``mine``."""

    def __init__(self, session: Session) -> None:
        self.server = session.server

    def load_module(self, name: str) -> None:
        """Serve the command, or refuse."""
        if name != "mine":
            raise ImportError(f"No module named {name!r}")
        self.server.table.add(declared_commands()["MINE.COUNT"])
        self.server.modules.append(LoadedModule(name, "/where/mine.py"))


class ModuleTests(SynchronousTestCase):
    """MODULE LIST, LOAD, LOADEX and UNLOAD."""

    def setUp(self) -> None:
        """Start a server that allows MODULE, and declare a command of a module."""
        self.session = Session(enable_module_command="yes")
        self.session.server.host = LoadingHost(self.session)
        self.do = self.session.do
        self.error = self.session.error

        def count(ctx: object) -> int:
            """Return one."""
            return 1

        count.__module__ = "mine"
        sys.modules["mine"] = ModuleType("mine")
        command("MINE.COUNT", arity=1)(count)
        self.addCleanup(declared_commands().pop, "MINE.COUNT")
        self.addCleanup(sys.modules.pop, "mine")

    def test_loading(self) -> None:
        """The module's commands are served, and it is listed."""
        self.assertEqual(self.do("MODULE", "LIST"), [])
        self.assertEqual(self.do("MODULE", "LOAD", "mine"), OK)
        self.assertEqual(self.do("mine.count"), 1)

        (listed,) = self.do("MODULE", "LIST")
        self.assertEqual(
            listed, {b"name": b"mine", b"ver": 1, b"path": b"/where/mine.py", b"args": []}
        )

    def test_unloading(self) -> None:
        """Its commands are unknown again; it may be loaded once more."""
        self.do("MODULE", "LOADEX", "mine", "ARGS")
        self.assertEqual(self.do("MODULE", "UNLOAD", "mine"), OK)
        self.assertIn(b"unknown command", self.error("MINE.COUNT"))
        self.assertEqual(self.do("PING").text, b"PONG")
        self.assertEqual(
            self.error("MODULE", "UNLOAD", "mine"),
            b"ERR Error unloading module: no such module with that name",
        )
        self.assertEqual(self.do("MODULE", "LOAD", "mine"), OK)

    def test_what_cannot_be_loaded(self) -> None:
        """The log says why."""
        for words in (
            ("LOAD", "none"),
            ("LOAD", "mine", "argument"),
            ("LOADEX", "mine", "ARGS", "argument"),
            ("LOADEX", "mine", "CONFIG", "mine.depth", "1"),
            ("LOADEX", "mine", "CONFIG", "mine.depth"),
            ("LOADEX", "mine", "FOO"),
        ):
            self.assertEqual(self.error("MODULE", *words), CANNOT)
        self.assertEqual(self.do("MODULE", "LIST"), [])

    def test_it_must_be_allowed(self) -> None:
        """By the configuration only."""
        error = Session().error("MODULE", "LOAD", "mine")

        self.assertTrue(error.startswith(b"ERR MODULE command not allowed."))
