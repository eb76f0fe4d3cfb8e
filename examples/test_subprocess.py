"""
Testing a program in a process of its own, in whatever language it is written.

Run it: ``python -m pytest examples/test_subprocess.py``
"""

import os
import subprocess
import sys
from typing import Any

PROGRAM = """
import os, redis
client = redis.Redis.from_url(os.environ["REDIS_URL"])
name = client.hget("user:1", "name").decode()
print(f"Hello, {name}! You are visitor {client.incr('visits')}.")
"""


def greet(url: str) -> str:
    """Run the program and return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "REDIS_URL": url},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_program_greets_by_name(pyredis_server: Any) -> None:
    """It finds what the test has put there, and the test finds what it did."""
    pyredis_server.data["user:1"] = {"name": "Ada"}
    assert greet(pyredis_server.url) == "Hello, Ada! You are visitor 1.\n"
    assert greet(pyredis_server.url) == "Hello, Ada! You are visitor 2.\n"
    assert pyredis_server.data["visits"] == b"2"
    assert pyredis_server.commands.count("HGET") == 2
