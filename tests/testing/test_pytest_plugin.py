"""The fixtures, used by a pytest of its own in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).parents[2]

TESTS = """
import asyncio
import pytest

@pytest.mark.parametrize("turn", range(3))
def test_each_test_has_a_fresh_server(pyredis_client, turn):
    assert pyredis_client.dbsize() == 0
    pyredis_client.set("k", turn)

@pytest.mark.pyredis(frozen=True, unixsocket=True, maxmemory="1mb")
def test_the_marker_says_how(pyredis_server, pyredis_client):
    pyredis_client.set("k", 1, ex=10)
    pyredis_server.clock.advance(10)
    assert pyredis_client.get("k") is None
    assert pyredis_client.config_get("maxmemory") == {"maxmemory": "1048576"}
    assert pyredis_server.url.startswith("unix:///")

@pytest.mark.parametrize("pyredis_server", [{"frozen": 1.5e9}], indirect=True)
def test_a_parameter_says_how(pyredis_server, pyredis_client):
    assert pyredis_client.time() == (1_500_000_000, 0)

def test_the_ini_file_says_how(pyredis_client):
    assert pyredis_client.config_get("hash-max-listpack-entries") == {
        "hash-max-listpack-entries": "7"}

def test_asyncio(pyredis_async_client):
    async def use():
        await pyredis_async_client.set("k", "v")
        return await pyredis_async_client.get("k")
    assert asyncio.run(use()) == b"v"

def test_several(pyredis_server, make_pyredis_server):
    other = make_pyredis_server(seed=1)
    other.data["k"] = 1
    assert "k" not in pyredis_server.data and other.url != pyredis_server.url

def test_the_url(pyredis_url, pyredis_server):
    assert pyredis_url == pyredis_server.url
"""

KEEPING = """
def test_first(pyredis_client):
    pyredis_client.set("k", 1)

def test_second(pyredis_client):
    assert pyredis_client.get("k") == b"1"
"""


_PLUGINS = ("-p", "no:cacheprovider", "-p", "pyredis.testing.pytest_plugin")


class PluginTests(SynchronousTestCase):
    """What the plugin brings to a project's tests."""

    def pytest(self, tests: str, ini: str = "") -> str:
        """Run some tests in a folder of their own and return what pytest printed."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "test_it.py").write_text(tests)
        (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--strict-markers", *_PLUGINS],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return ran.stdout + ran.stderr

    def test_fixtures(self) -> None:
        """Fresh servers, options from everywhere, clients of both kinds."""
        printed = self.pytest(TESTS, "pyredis_directives =\n  hash-max-listpack-entries 7\n")
        self.assertIn("9 passed", printed)

    def test_a_wider_scope_keeps_the_state(self) -> None:
        """With pyredis_scope = module the second test finds what the first left."""
        self.assertIn("2 passed", self.pytest(KEEPING, "pyredis_scope = module\n"))

    def test_a_wrong_scope_is_named(self) -> None:
        """An unknown scope is refused by its name."""
        self.assertIn("pyredis_scope is 'planet'", self.pytest(KEEPING, "pyredis_scope = planet\n"))

    def test_it_costs_nothing_unused(self) -> None:
        """Being loaded by pytest loads neither Twisted nor the server."""
        unused = "import sys\ndef test_it():\n    assert 'twisted' not in sys.modules\n"
        self.assertIn("1 passed", self.pytest(unused))
