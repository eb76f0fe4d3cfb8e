"""
Testing asyncio code: a lock that must be released when its holder dies.

Run it: ``python -m pytest examples/test_asyncio.py``
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError


async def acquire(redis: Redis, name: str, seconds: int) -> bool:
    """Take a lock that is held for so many seconds at most."""
    return bool(await redis.set(f"lock:{name}", "mine", nx=True, ex=seconds))


def run(pyredis_url: str, scenario: Callable[[Redis], Awaitable[None]]) -> None:
    """Run a scenario with a client of its own event loop."""

    async def main() -> None:
        async with Redis.from_url(pyredis_url) as redis:
            await scenario(redis)

    asyncio.run(main())


def test_a_lock_is_held_by_one(pyredis_url: str) -> None:
    """Two tasks want it at once, one gets it."""

    async def scenario(redis: Redis) -> None:
        got = await asyncio.gather(*(acquire(redis, "report", 30) for _ in range(2)))
        assert sorted(got) == [False, True]

    run(pyredis_url, scenario)


def test_a_lock_ends_with_its_time(pyredis_server: Any, pyredis_url: str) -> None:
    """Thirty seconds pass in no time."""

    async def scenario(redis: Redis) -> None:
        assert await acquire(redis, "report", 30)
        pyredis_server.clock.advance(30)
        assert await acquire(redis, "report", 30)

    run(pyredis_url, scenario)


def test_the_server_hangs_up(pyredis_server: Any, pyredis_url: str) -> None:
    """A connection lost after the command has run: the lock is taken, but nobody knows."""

    async def scenario(redis: Redis) -> None:
        dropping = pyredis_server.faults.drop_connection("SET")
        with dropping as fault, pytest.raises(ConnectionError):
            await acquire(redis, "report", 30)
        assert fault.count == 1
        assert not await acquire(redis, "report", 30)

    run(pyredis_url, scenario)
