"""
``python -m pyredis demo``: every data type shown at work, on a server of its own.

Each line is sent to a real server over a real socket, and the reply is what
came back; nothing here is printed from memory.
"""

from __future__ import annotations

import sys
from typing import NamedTuple, TextIO

from pyredis.embedding import PyRedisClient, PyRedisServer


class Chapter(NamedTuple):
    """A title, what there is to see, and the commands that show it."""

    title: str
    text: str
    lines: tuple[str, ...]


CHAPTERS = (
    Chapter(
        "Strings",
        "A key holds a string of bytes. Numbers can be counted up without a race.",
        (
            'SET name "PyRedis"',
            "GET name",
            "SET counter 10",
            "INCR counter",
            "INCRBYFLOAT counter 0.5",
            "APPEND name ' speaks Redis'",
            "GETRANGE name 0 6",
        ),
    ),
    Chapter(
        "Lists",
        "Elements in order, taken and put at both ends: queues and stacks.",
        (
            "LPUSH mylist a b c",
            "LRANGE mylist 0 -1",
            "RPOP mylist",
            "LMOVE mylist done LEFT RIGHT",
            "LLEN mylist",
        ),
    ),
    Chapter(
        "Sets",
        "Each member once; asking whether it is there costs the same for ten as for ten million.",
        (
            "SADD fruits apple banana cherry",
            "SISMEMBER fruits apple",
            "SREM fruits banana",
            "SADD red apple cherry tomato",
            "SINTER fruits red",
        ),
    ),
    Chapter(
        "Hashes",
        "Fields and values under one key: an object.",
        (
            "HSET user name John age 30 city NYC",
            "HGET user name",
            "HINCRBY user age 1",
            "HGETALL user",
        ),
    ),
    Chapter(
        "Sorted sets",
        "Members ranked by a score: leaderboards, time lines, priorities.",
        (
            "ZADD board 120 ada 95 grace 140 alan",
            "ZRANGE board 0 -1 REV WITHSCORES",
            "ZRANK board grace",
            "ZINCRBY board 50 grace",
            "ZPOPMAX board",
        ),
    ),
    Chapter(
        "Streams",
        "A log that consumers read together, each entry handed out once and acknowledged.",
        (
            "XADD orders 1-1 item tea amount 2",
            "XADD orders 2-1 item milk amount 1",
            "XGROUP CREATE orders kitchen 0",
            "XREADGROUP GROUP kitchen anna COUNT 1 STREAMS orders >",
            "XACK orders kitchen 1-1",
            "XLEN orders",
        ),
    ),
    Chapter(
        "Bitmaps, HyperLogLog and places",
        "Strings and sorted sets with more to them.",
        (
            "SETBIT visited 7 1",
            "BITCOUNT visited",
            "PFADD visitors ann bob ann",
            "PFCOUNT visitors",
            "GEOADD cities 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
            "GEODIST cities Palermo Catania km",
        ),
    ),
    Chapter(
        "Keys that expire",
        "A key can be given a time to live; it goes by itself.",
        (
            "SET session abc PX 100",
            "PERSIST name",
            "EXPIRE name 100",
            "TTL name",
            "TTL counter",
            "TTL nothing",
        ),
    ),
    Chapter(
        "Transactions",
        "Commands that run in one go, with nothing in between.",
        ("MULTI", "INCR hits", "INCR hits", "EXEC"),
    ),
)


def run_demo(stream: TextIO | None = None) -> int:
    """
    Show every data type.

    Args:
        stream: Where to write; standard output if None.

    Returns:
        0, the exit code.
    """
    out = stream or sys.stdout
    with PyRedisServer(port=0) as server, PyRedisClient("127.0.0.1", server.port) as client:
        out.write(f"PyRedis listens on port {server.port}; this is a client talking to it.\n")
        for chapter in CHAPTERS:
            out.write(f"\n== {chapter.title} ==\n{chapter.text}\n\n")
            for line in chapter.lines:
                out.write(f"> {line}\n{client.execute(line)}\n")
            out.flush()
    out.write("\nThat was PyRedis. `pyredis-server` or `twistd pyredis` starts one to keep.\n")
    return 0
