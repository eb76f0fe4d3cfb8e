"""MULTI, EXEC, DISCARD and WATCH, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario


class TransactionTests(FamilyTests):
    """Transactions answer as Redis does."""

    scenarios = {
        "queued and executed": "MULTI ; SET k v ; GET k ; INCR n ; LPUSH l a b ; HGETALL h ; EXEC ; GET k ; EXEC",
        "nothing queued": "MULTI ; EXEC ; MULTI ; DISCARD ; DISCARD ; EXEC ; UNWATCH",
        "discarded": "SET k v ; MULTI ; SET k w ; DISCARD ; GET k ; MULTI ; SET k x ; EXEC ; GET k",
        "MULTI in MULTI": "MULTI ; MULTI ; SET k v ; EXEC ; GET k",
        "WATCH in MULTI": "MULTI ; WATCH k ; SET k v ; EXEC ; GET k",
        "errors while running": "SET s v ; MULTI ; LPUSH s a ; INCR s ; SET t v ; EXEC ; GET t",
        "errors while queueing": "MULTI ; SET k ; SET k v ; EXEC ; GET k ; MULTI ; foo ; EXEC ; MULTI ; CLIENT foo ; EXEC ; MULTI ; GET a b ; DISCARD ; PING",
        "wrong options are seen when running": "MULTI ; SET k v FOO ; EXPIRE k abc ; LPOS l a RANK 0 ; EXEC ; EXISTS k",
        "replies of every shape": """
            SADD s a ; HSET h f v ; MULTI ; SMEMBERS s ; HGETALL h ; GET nil ; LPOP nil 1 ; INCRBYFLOAT f 1.5 ; PING ; PING x ; ECHO y
            TYPE h ; HRANDFIELD h 1 WITHVALUES ; CONFIG GET maxmemory ; COMMAND GETKEYS GET k ; EXEC
        """,
        "not in a transaction": "EXEC x ; MULTI x ; DISCARD x ; UNWATCH x ; WATCH ; EXEC ; DISCARD",
        "database and name": "MULTI ; SELECT 1 ; SET k v ; CLIENT SETNAME bob ; EXEC ; CLIENT GETNAME ; GET k ; SELECT 0 ; GET k",
        "HELLO inside": "MULTI ; HELLO 3 ; GET nil ; ~shape EXEC ; GET nil ; HELLO 2 ; GET nil",
        "RESET and QUIT inside": Scenario(
            "MULTI ; SET k v ; RESET ; GET k ; EXEC ; MULTI ; SET k w ; QUIT ; PING"
        ),
        "a watched key changes": """
            SET k v ; WATCH k ; @b SET k w ; MULTI ; GET k ; EXEC ; GET k ; WATCH k ; MULTI ; SET k x ; EXEC ; GET k
            WATCH k ; SET k own ; MULTI ; GET k ; EXEC ; WATCH k ; @b GET k ; MULTI ; GET k ; EXEC
        """,
        "what counts as a change": """
            SET k v ; WATCH k ; @b SET k v ; MULTI ; EXEC
            WATCH k ; @b EXPIRE k 100 ; MULTI ; EXEC
            WATCH k ; @b PERSIST k ; MULTI ; EXEC
            WATCH k ; @b TOUCH k ; MULTI ; EXEC
            WATCH k ; @b DEL missing ; MULTI ; EXEC
            WATCH k ; @b RENAME k l ; MULTI ; EXEC
            WATCH k ; @b SADD s a ; MULTI ; EXEC
            WATCH s ; @b SADD s a ; MULTI ; EXEC
            WATCH s ; @b SREM s nothing ; MULTI ; EXEC
            WATCH s ; @b SREM s a ; MULTI ; EXEC
            WATCH new ; @b SET new v ; MULTI ; EXEC
            WATCH new ; @b APPEND new '' ; MULTI ; EXEC
            WATCH new ; @b SETRANGE new 0 '' ; MULTI ; EXEC
            WATCH new ; @b COPY new other ; MULTI ; EXEC
            WATCH other ; @b COPY new other REPLACE ; MULTI ; EXEC
            WATCH new ; @b MOVE new 1 ; MULTI ; EXEC
            WATCH l ; @b LPUSHX l a ; MULTI ; EXEC
            WATCH l ; @b LPUSH l a b ; MULTI ; EXEC
            WATCH l ; @b LTRIM l 0 -1 ; MULTI ; EXEC
            WATCH l ; @b LREM l 0 nothing ; MULTI ; EXEC
            WATCH l ; @b LSET l 0 b ; MULTI ; EXEC
            WATCH l ; @b RPOPLPUSH l l ; MULTI ; EXEC
            WATCH h ; @b HSET h f v ; MULTI ; EXEC
            WATCH h ; @b HSET h f v ; MULTI ; EXEC
            WATCH h ; @b HSETNX h f w ; MULTI ; EXEC
            WATCH h ; @b HDEL h nothing ; MULTI ; EXEC
            WATCH h ; @b HINCRBY h n 0 ; MULTI ; EXEC
            WATCH d ; @b SINTERSTORE d nothing ; MULTI ; EXEC
            WATCH n ; @b INCRBY n 0 ; MULTI ; EXEC
            WATCH n ; @b GETEX n ; MULTI ; EXEC
            WATCH n ; @b GETEX n EX 100 ; MULTI ; EXEC
            WATCH n ; @b GETEX n PERSIST ; MULTI ; EXEC
            WATCH n ; @b EXPIRE n 100 XX ; MULTI ; EXEC
        """,
        "flushed and swapped databases": """
            SET k v ; WATCH k ; @b FLUSHDB ; MULTI ; PING ; EXEC ; WATCH k ; @b FLUSHALL ; MULTI ; PING ; EXEC ; SET k v ; WATCH k
            @b SELECT 5 ; @b FLUSHDB ; MULTI ; PING ; EXEC ; WATCH k ; @b SWAPDB 0 1 ; MULTI ; PING ; EXEC ; WATCH k ; @b SWAPDB 2 3
            MULTI ; PING ; EXEC ; WATCH k ; @b SWAPDB 0 1 ; MULTI ; PING ; EXEC
        """,
        "keys are watched in their database": """
            SELECT 1 ; WATCH k ; SELECT 0 ; SET k v ; MULTI ; PING ; EXEC ; SELECT 1 ; WATCH k ; SELECT 0 ; @b SELECT 1 ; @b SET k v
            MULTI ; PING ; EXEC
        """,
        "UNWATCH, DISCARD and EXEC forget": """
            WATCH k ; @b SET k 1 ; UNWATCH ; MULTI ; PING ; EXEC ; WATCH k ; @b SET k 2 ; MULTI ; DISCARD ; MULTI ; PING ; EXEC
            WATCH k ; @b SET k 3 ; MULTI ; EXEC ; MULTI ; PING ; EXEC ; WATCH k ; @b SET k 4 ; RESET ; MULTI ; PING ; EXEC
            WATCH k l k ; @b SET l 1 ; MULTI ; UNWATCH ; EXEC ; MULTI ; UNWATCH ; PING ; EXEC
        """,
        "a watched key expires": """
            SET k v PX 1 ; WATCH k ; @b %gone k ; MULTI ; PING ; EXEC ; SET l v PX 1 ; @b %gone l ; WATCH l ; MULTI ; PING ; EXEC
            SET m v PX 1 ; @b %gone m ; WATCH m ; @b SET m w ; MULTI ; PING ; EXEC
        """,
        "an aborted EXEC forgets": "WATCH k ; @b SET k v ; MULTI ; foo ; EXEC ; MULTI ; PING ; EXEC",
    }

    samples = [
        Sample("MULTI"),
        Sample("EXEC"),
        Sample("DISCARD"),
        Sample("WATCH string"),
        Sample("UNWATCH"),
    ]

    grammar = """
        MULTI
        MULTI
        EXEC
        EXEC
        DISCARD
        WATCH {key}+
        UNWATCH
        SET {key} {value} [EX {ttl}]
        GET {key}
        INCR {key}
        APPEND {key} {value}
        RPUSH {key} {value}+
        LPOP {key} [{count}]
        SADD {key} {member}+
        SCARD {key}
        HSET {key} {field} {value}
        HGET {key} {field}
        DEL {key}+
        EXPIRE {key} {ttl}
        RENAME {key} {key}
        SELECT {db}
        FLUSHDB
        GET {key} {garbage}
        PING
    """
