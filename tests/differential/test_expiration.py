"""Expiry commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample

_CONDITIONS = "NX|XX|GT|LT"


class ExpirationTests(FamilyTests):
    """Expiry commands answer as Redis does."""

    scenarios = {
        "each way to set it and to ask": """
            MSET a 1 b 2 c 3 d 4 ; EXPIRE a 100 ; PEXPIRE b 100000 ; EXPIREAT c 4102444800 ; PEXPIREAT d 4102444800123
            TTL a ; PTTL b ; EXPIRETIME c ; PEXPIRETIME d ; EXPIRETIME d ; PEXPIRETIME c ; TTL c ; PTTL d
        """,
        "no key and no expiry": """
            SET k v ; TTL k ; PTTL k ; EXPIRETIME k ; PEXPIRETIME k ; TTL m ; PTTL m ; EXPIRETIME m ; PEXPIRETIME m
            EXPIRE m 100 ; PEXPIRE m 100 ; EXPIREAT m 4102444800 ; PEXPIREAT m 1 ; PERSIST m ; PERSIST k
        """,
        "PERSIST": "SET k v EX 100 ; PERSIST k ; TTL k ; PERSIST k ; EXPIRE k 100 ; PERSIST k x",
        "a deadline that has passed deletes": """
            MSET a 1 b 2 c 3 d 4 e 5 ; EXPIRE a 0 ; EXPIRE b -1 ; PEXPIRE c -100 ; EXPIREAT d 1 ; PEXPIREAT e 0
            EXISTS a b c d e ; SET k v ; EXPIREAT k -1 ; EXISTS k ; SET k v ; EXPIRE k 0 NX ; EXISTS k ; SET k v ; EXPIRE k 0 GT
            EXISTS k ; EXPIRE k -5 LT ; EXISTS k
        """,
        "NX and XX": """
            SET k v ; EXPIRE k 100 XX ; TTL k ; EXPIRE k 100 NX ; EXPIRE k 200 NX ; TTL k ; EXPIRE k 300 XX ; TTL k
            PEXPIRE k 400000 NX ; PEXPIRE k 400000 xx ; PTTL k ; EXPIRE missing 100 NX ; EXPIRE missing 100 XX
        """,
        "GT and LT": """
            SET k v ; EXPIRE k 100 GT ; TTL k ; EXPIRE k 100 LT ; TTL k ; EXPIRE k 200 LT ; TTL k ; EXPIRE k 200 GT ; TTL k
            EXPIRE k 100 GT ; TTL k ; EXPIRE k 50 LT ; TTL k ; EXPIREAT k 4102444800 GT ; EXPIREAT k 4102444800 GT
            EXPIREAT k 4102444800 LT ; EXPIREAT k 4102444799 LT ; EXPIRETIME k ; PEXPIREAT k 4102444799001 GT ; PEXPIRETIME k
        """,
        "conditions together": """
            SET k v EX 100 ; EXPIRE k 200 XX GT ; TTL k ; EXPIRE k 50 XX LT ; TTL k ; EXPIRE k 10 NX XX ; EXPIRE k 10 NX GT
            EXPIRE k 10 NX LT ; EXPIRE k 10 GT LT ; EXPIRE k 10 XX XX ; EXPIRE k 500 GT GT ; TTL k ; EXPIRE k 10 NX NX
            EXPIRE k 10 FOO ; EXPIRE k 10 NX FOO ; EXPIRE missing 10 NX XX ; EXPIRE k 10 ''
            PERSIST k ; EXPIRE k 100 XX LT ; TTL k ; EXPIRE k 100 XX GT ; TTL k
        """,
        "wrong times": """
            SET k v ; EXPIRE k abc ; EXPIRE k 1.5 ; EXPIRE k '' ; EXPIRE k 9223372036854775807 ; EXPIRE k 9223372036854775
            EXPIRE k -9223372036854775808 ; EXPIRE k -9223372036854775 ; PEXPIRE k 9223372036854775807 ; PEXPIRE k 9223370399119966
            EXPIREAT k 9223372036854775807 ; EXPIREAT k 9223372036854776 ; PEXPIREAT k 9223372036854775807 ; PTTL missing
            EXPIRE k 9223372036854775808 ; PEXPIREAT k -9223372036854775808 ; EXISTS k ; EXPIRE missing 9223372036854775807
            EXPIRE missing abc
        """,
        "far away": "SET k v ; EXPIREAT k 9223372036854775 ; EXPIRETIME k ; PEXPIREAT k 9223372036854775807 ; PEXPIRETIME k ; ~near_ms PTTL k",
        "what keeps and what drops an expiry": """
            SET k v EX 100 ; APPEND k w ; TTL k ; SETRANGE k 0 x ; TTL k ; GETSET k y ; TTL k ; EXPIRE k 100 ; SET k z ; TTL k
            RPUSH l a b ; EXPIRE l 100 ; LPOP l ; TTL l ; LSET l 0 c ; TTL l ; RENAME l m ; TTL m ; HSET h f v ; EXPIRE h 100
            HSET h f w ; HINCRBY h n 1 ; TTL h ; DEL h ; HSET h f v ; TTL h ; SADD s a b ; EXPIRE s 100 ; SREM s a ; TTL s
            SINTERSTORE s s s ; TTL s ; SET n 1 EX 100 ; INCR n ; INCRBYFLOAT n 1.5 ; TTL n ; COPY n o ; TTL o
        """,
        "expiry for every type": """
            RPUSH l a ; SADD s a ; HSET h f v ; PEXPIRE l 1 ; PEXPIRE s 1 ; PEXPIRE h 1 ; %gone l ; %gone s ; %gone h
            LRANGE l 0 -1 ; SMEMBERS s ; HGETALL h ; LPUSHX l a ; DBSIZE
        """,
        "an expired key does not come back": "SET k v PX 1 ; %gone k ; PERSIST k ; EXPIRE k 100 ; TTL k ; INCR k ; TTL k ; SET k v PX 1 ; %gone k ; HSET k f v ; TTL k",
        "databases have their own": "SET k v EX 100 ; SELECT 1 ; SET k v ; TTL k ; EXPIRE k 500 ; SELECT 0 ; TTL k ; SELECT 1 ; PERSIST k ; SELECT 0 ; TTL k",
    }

    samples = [
        Sample("EXPIRE string 100", _CONDITIONS),
        Sample("EXPIRE expiring 100", _CONDITIONS),
        Sample("EXPIRE expiring 20000", _CONDITIONS),
        Sample("PEXPIRE expiring 20000000", _CONDITIONS),
        Sample("EXPIREAT expiring 4102444800", _CONDITIONS),
        Sample("PEXPIREAT expiring 4102444800000", _CONDITIONS),
        Sample("TTL expiring"),
        Sample("PTTL expiring"),
        Sample("EXPIRETIME expiring"),
        Sample("PEXPIRETIME expiring"),
        Sample("PERSIST expiring"),
    ]

    grammar = """
        SET {key} {value} [EX {ttl}|PX {ttl_ms}|KEEPTTL]
        RPUSH {key} {value}+
        HSET {key} {field} {value}
        SADD {key} {member}+
        EXPIRE {key} {ttl} [NX|XX|GT|LT] [NX|XX|GT|LT]
        PEXPIRE {key} {ttl_ms} [NX|XX|GT|LT]
        EXPIREAT {key} {at} [NX|XX|GT|LT]
        PEXPIREAT {key} {at_ms} [NX|XX|GT|LT]
        TTL {key}
        PTTL {key}
        EXPIRETIME {key}
        PEXPIRETIME {key}
        PERSIST {key}
        GETEX {key} [EX {ttl}|PERSIST]
        RENAME {key} {key}
        COPY {key} {key} [REPLACE]
        APPEND {key} {value}
        LPOP {key}
        DEL {key}
        DBSIZE
    """
