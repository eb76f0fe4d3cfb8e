"""Files that fill a server under test: RDB files, and commands as typed at redis-cli."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyredis.errors import RedisError
from pyredis.primitives.quoting import split_args
from pyredis.services.loading import LoadingFailed

if TYPE_CHECKING:
    from pyredis.testing.service import RedisTestService


def load_file(path: str | Path, service: RedisTestService) -> int:
    """
    Add what a file holds to a server's keys.

    Args:
        path: An RDB file, whatever its name, or a text file with a command a line.
        service: The server.

    Returns:
        How many keys, or commands, there were.

    Raises:
        OSError: It cannot be read.
        ValueError: It is neither; the text says where.
    """
    data = Path(path).read_bytes()
    if data.startswith(b"REDIS"):
        return _load_rdb(path, data, service)
    return _run_commands(path, data, service)


def _load_rdb(path: str | Path, data: bytes, service: RedisTestService) -> int:
    loading = service.durability.loading
    loading.begin(len(data))
    try:
        loading.at_once(loading.rdb(iter((data,)), len(data), replacing=True))
    except LoadingFailed as error:
        raise ValueError(f"{path}: {' '.join(error.lines)}") from error
    finally:
        loading.end()
    return loading.keys_loaded + loading.keys_expired


def _run_commands(path: str | Path, data: bytes, service: RedisTestService) -> int:
    database = commands = 0
    for number, line in enumerate(data.splitlines(), 1):
        if line.lstrip().startswith(b"#"):
            continue
        try:
            words = split_args(line)
            if not words:
                continue
            commands += 1
            if words[0].upper() == b"SELECT" and len(words) == 2:
                database = int(words[1])
            else:
                service.execute_in(database, words)
        except (ValueError, IndexError, RedisError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    return commands
