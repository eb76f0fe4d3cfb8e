"""
Testing a Celery application: broker and results in one server.

Run it: ``python -m pytest examples/test_celery.py`` (needs ``celery[redis]``)
"""

from collections.abc import Iterator
from typing import Any

import pytest

# Who reads the examples need not have Celery; the tests of PyRedis install it.
celery = pytest.importorskip("celery")
worker = pytest.importorskip("celery.contrib.testing.worker")


@pytest.fixture
def app(pyredis_url: str) -> Iterator[Any]:
    """Give an application whose worker runs on a thread of this process."""
    app = celery.Celery("shop", broker=pyredis_url, backend=pyredis_url)

    @app.task(name="shop.total")
    def total(*prices: int) -> int:
        return sum(prices)

    @app.task(name="shop.fails", bind=True, max_retries=2)
    def fails(self: Any) -> None:
        raise self.retry(countdown=0, exc=ValueError("no"))

    with worker.start_worker(app, pool="solo", perform_ping_check=False):
        yield app
    app.close()


def test_a_task_runs(app: Any) -> None:
    """What is sent is done, and its result comes back."""
    assert app.send_task("shop.total", args=[1, 2, 3]).get(timeout=20) == 6


def test_a_task_that_fails_is_tried_again(app: Any, pyredis_server: Any) -> None:
    """It fails for good after two further tries; each went through the broker."""
    with pytest.raises(ValueError, match="no"):
        app.send_task("shop.fails").get(timeout=20)
    sent = [r for r in pyredis_server.commands.of("LPUSH") if r.args[0] == b"celery"]
    assert len(sent) == 3
