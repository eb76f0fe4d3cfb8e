"""
The floors of the house, read from the imports.

Arrows point strictly down, packages of one floor do not know each other, and
what must be handed in (time, chance, files, the reactor) is taken by nobody.
Imports for type checkers alone are held to the same floors, but may go round
in circles within a package.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"primitives", "errors", "_version"}),
    frozenset({"datatypes", "wire"}),
    frozenset({"keyspace", "persistence", "acl", "pubsub", "config"}),
    frozenset({"execution"}),
    frozenset({"commands"}),
    frozenset({"net"}),
    frozenset({"replication", "gateway", "web"}),
    frozenset({"services"}),
)
"""From the ground up; what is on none of them is on the roof, where all may know each other."""

ROOF = len(FLOORS)

COVERED_ELSEWHERE = {
    # Two constants, and protocols without a body of their own.
    "_version.py": "config/test_rewrite.py",
    "execution/ports.py": "net/test_protocol.py",
    "execution/debug_switches.py": "commands/test_debugging.py",
    # What puts the parts together is tried as a whole.
    "__main__.py": "integration/test_daemon.py",
    "server.py": "integration/test_daemon.py",
    "tap.py": "integration/test_twistd.py",
    "embedding.py": "integration/test_embedding.py",
    "demo.py": "integration/test_embedding.py",
    "durability.py": "integration/test_append_only.py",
    "services/files.py": "test_file_system.py",
    "testing/commands.py": "testing/test_service.py",
    "testing/memory.py": "testing/test_service.py",
    "testing/replies.py": "testing/test_service.py",
    "testing/snapshots.py": "testing/test_service.py",
    "testing/thread.py": "testing/test_server.py",
    # Tried through the commands that they carry.
    "commands/geo_queries.py": "commands/test_geo.py",
    "execution/cluster_rules.py": "commands/test_cluster.py",
    "execution/scripting/script_slots.py": "commands/test_cluster.py",
    "execution/notifications.py": "commands/test_pubsub.py",
    "pubsub/broker.py": "commands/test_pubsub.py",
}
"""Modules without a test file of their own, and where they are tested."""

CLOCKS = frozenset(
    {
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "sleep",
        "process_time",
        "process_time_ns",
    }
)


class Import(NamedTuple):
    """An import of a module, ``name`` being what is taken from it if anything."""

    module: str
    name: str
    line: int
    at_top: bool
    for_types: bool

    def names(self, wanted: str) -> bool:
        """Tell whether it imports a module, by any spelling."""
        return wanted in (self.module, f"{self.module}.{self.name}")


class Module:
    """
    One source file.

    Attributes:
        path: From the repository's root.
        name: ``pyredis.wire.encoder``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT)
        self.tree = ast.parse(path.read_bytes())
        parts = list(self.path.with_suffix("").parts)
        self.is_package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.imports = list(_imports(self.tree))

    @property
    def floor(self) -> int:
        """Which floor it is on."""
        return floor_of(self.name)

    @property
    def room(self) -> str:
        """The package it is in, or itself if it is in none."""
        return room_of(self.name)

    def calls(self) -> Iterator[ast.Call]:
        """Yield all calls in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def room_of(name: str) -> str:
    """Return the first part behind ``pyredis``."""
    return name.split(".")[1] if "." in name else ""


def floor_of(name: str) -> int:
    """Return the floor of a module."""
    room = room_of(name)
    return next((number for number, rooms in enumerate(FLOORS) if room in rooms), ROOF)


def _imports(node: ast.AST, at_top: bool = True, for_types: bool = False) -> Iterator[Import]:
    """Yield the imports in a piece of source."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, "", node.lineno, at_top, for_types)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: a relative import"
        for alias in node.names:
            yield Import(node.module or "", alias.name, node.lineno, at_top, for_types)
    at_top = at_top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    typed: list[ast.stmt] = []
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        typed = node.body
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, at_top, for_types or child in typed)


@cache
def modules() -> dict[str, Module]:
    """Return all modules of the package by name."""
    found = (Module(path) for path in sorted((ROOT / "pyredis").rglob("*.py")))
    return {module.name: module for module in found}


def own_imports(module: Module) -> Iterator[tuple[Import, str]]:
    """Yield the imports of our own modules, with the module that is meant."""
    for each in module.imports:
        if each.module.split(".")[0] == "pyredis":
            inner = f"{each.module}.{each.name}"
            yield each, inner if inner in modules() else each.module


class LayersTestCase(SynchronousTestCase):
    """Collects what is wrong."""

    def assert_none(self, wrong: list[str]) -> None:
        """Fail with all that is wrong."""
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


class ReadingTests(SynchronousTestCase):
    """The imports are read right."""

    def test_imports(self) -> None:
        """Wherever an import stands it is seen, with what is known about it."""
        source = """
import time, twisted.internet.reactor
from random import Random
if TYPE_CHECKING:
    from pyredis.a import b
else:
    import c
try:
    import d
except ImportError:
    import e
class F:
    import g
    def h(self):
        if True:
            from twisted.internet import reactor
"""
        found = {
            each.name or each.module: (each.at_top, each.for_types)
            for each in _imports(ast.parse(source))
        }

        self.assertEqual(
            found,
            {
                "time": (True, False),
                "twisted.internet.reactor": (True, False),
                "Random": (True, False),
                "b": (True, True),
                "c": (True, False),
                "d": (True, False),
                "e": (True, False),
                "g": (True, False),
                "reactor": (False, False),
            },
        )

    def test_both_spellings(self) -> None:
        """A module is known by either way of importing it."""
        both = "import twisted.internet.reactor; from twisted.internet import reactor"

        self.assertEqual(
            [each.names("twisted.internet.reactor") for each in _imports(ast.parse(both))],
            [True, True],
        )

    def test_floors(self) -> None:
        """Modules are on the floors of the picture."""
        for name, floor in (
            ("pyredis.errors", 0),
            ("pyredis.wire.encoder", 1),
            ("pyredis.config", 2),
            ("pyredis.execution.dispatch", 3),
            ("pyredis.commands.strings", 4),
            ("pyredis.net.hub", 5),
            ("pyredis.services.listeners", 7),
            ("pyredis.server", ROOF),
            ("pyredis", ROOF),
        ):
            self.assertEqual(floor_of(name), floor, name)


class ArrowTests(LayersTestCase):
    """Arrows between floors."""

    def test_every_room_has_a_floor(self) -> None:
        """A new package must be given its floor here; only single modules are on the roof."""
        rooms = {module.room for module in modules().values() if module.name.count(".") > 1}

        self.assertEqual(rooms - set.union(*map(set, FLOORS)) - {"testing"}, set())

    def test_down_only(self) -> None:
        """Every import points down, or into the same package."""
        wrong = []
        for module in modules().values():
            if module.floor == ROOF:
                continue
            for each, target in own_imports(module):
                if target == "pyredis" or (
                    room_of(target) != module.room and floor_of(target) >= module.floor
                ):
                    wrong.append(f"{module.path}:{each.line} imports {target}")

        self.assert_none(wrong)

    def test_no_circles(self) -> None:
        """No module imports itself by way of others, when it is loaded."""
        arrows = {
            module.name: {
                target for each, target in own_imports(module) if each.at_top and not each.for_types
            }
            for module in modules().values()
        }
        circles = []
        done: set[str] = set()

        def follow(name: str, way: list[str]) -> None:
            if name in way:
                circles.append(" -> ".join([*way[way.index(name) :], name]))
            elif name not in done:
                for target in sorted(arrows.get(name, ())):
                    follow(target, [*way, name])
                done.add(name)

        for name in arrows:
            follow(name, [])

        self.assert_none(circles)


class TwistedTests(LayersTestCase):
    """Twisted above the ground floors only."""

    def test_none_below(self) -> None:
        """Floors 0 to 2 know no Twisted, floors 3 and 4 its logger."""
        wrong = []
        for module in modules().values():
            for each in module.imports:
                is_foreign = each.module.split(".")[0] in ("twisted", "zope", "automat")
                allowed = module.floor > 4 or (module.floor > 2 and each.module == "twisted.logger")
                if is_foreign and not allowed:
                    wrong.append(f"{module.path}:{each.line} imports {each.module}")

        self.assert_none(wrong)

    def test_no_reactor_at_the_top(self) -> None:
        """Nobody imports the reactor when loaded: it is handed in, or fetched when it runs."""
        wrong = [
            f"{module.path}:{each.line}"
            for module in modules().values()
            for each in module.imports
            if each.at_top and not each.for_types and each.names("twisted.internet.reactor")
        ]

        self.assert_none(wrong)

    def test_no_global_reactor_within(self) -> None:
        """Only the roof fetches it at all."""
        wrong = [
            f"{module.path}:{each.line}"
            for module in modules().values()
            for each in module.imports
            if module.floor < ROOF and each.names("twisted.internet.reactor")
        ]

        self.assert_none(wrong)


class HandedInTests(LayersTestCase):
    """Time, chance and files are handed in."""

    def test_no_clock(self) -> None:
        """Nobody asks the time but the roof."""
        wrong = []
        for module in modules().values():
            if module.floor == ROOF:
                continue
            for each in module.imports:
                if each.module == "time" and each.name in CLOCKS:
                    wrong.append(f"{module.path}:{each.line} imports {each.name}")
            for call in module.calls():
                spelled = ast.unparse(call.func)
                head, _, tail = spelled.rpartition(".")
                if (head == "time" and tail in CLOCKS) or (
                    tail in ("now", "utcnow", "today") and head.endswith(("datetime", "date"))
                ):
                    wrong.append(f"{module.path}:{call.lineno} calls {spelled}()")

        self.assert_none(wrong)

    def test_no_chance(self) -> None:
        """Nobody but the roof makes a source of chance or uses a global one."""
        wrong = []
        for module in modules().values():
            if module.floor == ROOF:
                continue
            for each in module.imports:
                if each.module in ("secrets", "uuid") or (
                    each.module == "random" and each.name not in ("", "Random")
                ):
                    wrong.append(f"{module.path}:{each.line} imports {each.module}")
            for call in module.calls():
                spelled = ast.unparse(call.func)
                if spelled.startswith("random.") or spelled in ("Random", "os.urandom"):
                    wrong.append(f"{module.path}:{call.lineno} calls {spelled}()")

        self.assert_none(wrong)

    def test_no_files(self) -> None:
        """Nobody but the roof opens files."""
        wrong = [
            f"{module.path}:{call.lineno}"
            for module in modules().values()
            if module.floor < ROOF
            for call in module.calls()
            if ast.unparse(call.func) in ("open", "io.open", "os.open", "os.fdopen")
        ]

        self.assert_none(wrong)


class LoadingTests(SynchronousTestCase):
    """What importing loads."""

    def loaded_by(self, statement: str) -> set[str]:
        """Return the modules that a statement loads in a new interpreter."""
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return set(done.stdout.split())

    def test_the_package(self) -> None:
        """``import pyredis`` loads neither Twisted nor a parser."""
        loaded = self.loaded_by("import pyredis")

        self.assertIn("pyredis", loaded)
        self.assertEqual(
            {name for name in loaded if name.startswith(("twisted", "hiredis"))}, set()
        )

    def test_without_what_is_optional(self) -> None:
        """The daemon, embedding and testing load where only what we require is installed."""
        missing = ("OpenSSL", "cryptography", "lupa", "redis", "pytest", "setproctitle")
        hide = f"sys.modules.update(dict.fromkeys({missing}))"
        names = "pyredis.tap, pyredis.embedding, pyredis.testing.server"
        self.assertIn("pyredis.server", self.loaded_by(f"{hide}; import {names}"))

    def test_everything_else(self) -> None:
        """No module of ours loads the reactor."""
        names = sorted(name for name in modules() if not name.endswith("__main__"))
        loaded = self.loaded_by(f"import {', '.join(names)}")

        self.assertNotIn("twisted.internet.reactor", loaded)
        self.assertIn("twisted.internet", loaded)

    def test_each_by_itself(self) -> None:
        """The lowest floors load nothing of higher ones."""
        for number, rooms in enumerate(FLOORS[:3]):
            names = sorted(name for name in modules() if room_of(name) in rooms)
            if not names:
                continue
            with self.subTest(floor=number):
                loaded = self.loaded_by(f"import {', '.join(names)}")
                ours = {name for name in loaded if name.startswith("pyredis.")}

                self.assertEqual({name for name in ours if floor_of(name) > number}, set())
                self.assertEqual({name for name in loaded if name.startswith("twisted")}, set())


class MirrorTests(LayersTestCase):
    """Tests mirror the package."""

    def test_every_module_has_its_tests(self) -> None:
        """Each module has a test file of its name, or is named above."""
        wrong = []
        for module in modules().values():
            path = module.path.relative_to("pyredis")
            if module.is_package or path.as_posix() in COVERED_ELSEWHERE:
                continue
            wanted = ROOT / "tests" / path.parent / f"test_{path.name}"
            if not wanted.exists():
                wrong.append(f"{module.path} has no {wanted.relative_to(ROOT)}")

        self.assert_none(wrong)

    def test_the_exceptions_are_up_to_date(self) -> None:
        """What is named above exists, has no file of its own, and is tested where it says."""
        wrong = []
        for path, tests in COVERED_ELSEWHERE.items():
            own = ROOT / "tests" / Path(path).parent / f"test_{Path(path).name}"
            if not (ROOT / "pyredis" / path).exists() or own.exists():
                wrong.append(f"{path} needs no exception")
            if not (ROOT / "tests" / tests).exists():
                wrong.append(f"{path}: there is no {tests}")

        self.assert_none(wrong)

    def test_packages_say_what_they_are(self) -> None:
        """Every package begins with a docstring."""
        wrong = [
            str(module.path) for module in modules().values() if not ast.get_docstring(module.tree)
        ]

        self.assert_none(wrong)
