"""
Testing threads: a pool of workers that take jobs from a list.

Run it: ``python -m pytest examples/test_threads.py``
"""

from threading import Thread
from typing import Any

from redis import Redis


def work(url: str, done: list[bytes]) -> None:
    """Take jobs until none has come for a minute."""
    redis: Any = Redis.from_url(url, socket_timeout=None)
    while (job := redis.blpop(["jobs"], timeout=60)) is not None:
        done.append(job[1])
    redis.close()


def test_workers_share_the_jobs_and_go_home(pyredis_server: Any, pyredis_client: Any) -> None:
    """Each job is done once; after a quiet minute all workers have ended."""
    pyredis_server.clock.freeze()
    done: list[bytes] = []
    workers = [Thread(target=work, args=(pyredis_server.url, done)) for _ in range(3)]
    for worker in workers:
        worker.start()
    pyredis_server.wait_for(lambda: pyredis_server.blocked_clients == 3)
    pyredis_client.rpush("jobs", *range(100))
    pyredis_server.wait_for(
        lambda: pyredis_server.blocked_clients == 3 and "jobs" not in pyredis_server.data
    )
    pyredis_server.clock.advance(60)
    for worker in workers:
        worker.join(10)
    assert sorted(map(int, done)) == list(range(100))
