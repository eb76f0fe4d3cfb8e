"""Commands on keys of any type, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since

_ALL_TYPES = "SET s v ; SET n 12 ; RPUSH l a b ; SADD t a b ; SADD i 1 2 ; HSET h f v"


class KeyTests(FamilyTests):
    """Commands on keys of any type answer as Redis does."""

    scenarios = {
        "DEL, UNLINK, EXISTS, TOUCH": f"""
            {_ALL_TYPES} ; EXISTS s s l missing ; TOUCH s s l missing ; DEL s s missing ; UNLINK l t missing ; DEL missing
            UNLINK missing ; EXISTS missing ; TOUCH missing ; DBSIZE
        """,
        "TYPE": f"{_ALL_TYPES} ; TYPE s ; TYPE n ; TYPE l ; TYPE t ; TYPE h ; TYPE missing",
        "KEYS": r"""
            MSET a 1 b 2 ab 3 abc 4 'a*' 5 'a[b' 6 "\x00\xff" 7 '' 8 hello 9 hallo 10 hxllo 11
            KEYS * ; KEYS a* ; KEYS h?llo ; KEYS h[ae]llo ; KEYS h[^e]llo ; KEYS h[a-b]llo ; KEYS 'a\*' ; KEYS 'a\[*'
            KEYS '' ; KEYS [ ; KEYS [a ; KEYS '[a-' ; KEYS '[^' ; KEYS "\\" ; KEYS "a\\" ; KEYS ** ; KEYS *b* ; KEYS ?? ; KEYS A*
            KEYS '[]' ; KEYS 'h[\a]llo' ; KEYS '[z-a]' ; KEYS "\x00*" ; KEYS 'h[b-a]llo' ; KEYS '*[b' ; KEYS nothing ; KEYS a[*]
        """,
        "KEYS cannot be made slow": "SET aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa v ; KEYS a*a*a*a*a*b ; KEYS *?*?*?*a ; KEYS ***********",
        "RENAME": f"""
            {_ALL_TYPES} ; RENAME s s2 ; RENAME missing x ; RENAME l t ; TYPE t ; RENAME t t ; RENAME missing missing
            EXPIRE n 100 ; RENAME n m ; TTL m ; SET p v EX 100 ; SET q w ; RENAME q p ; TTL p ; GET p
        """,
        "RENAMENX": f"{_ALL_TYPES} ; RENAMENX s s2 ; RENAMENX s2 l ; RENAMENX missing l ; RENAMENX l l ; RENAMENX missing missing ; GET s2",
        "COPY": f"""
            {_ALL_TYPES} ; COPY s s2 ; COPY l l2 ; COPY t t2 ; COPY h h2 ; COPY i i2 ; COPY s l ; COPY s l REPLACE ; TYPE l
            COPY missing x ; COPY missing s REPLACE ; COPY s s ; COPY s s REPLACE ; COPY s s DB 0 ; COPY s s DB 1 ; COPY s x DB 2 REPLACE
            COPY s x DB 16 ; COPY s x DB -1 ; COPY s x DB abc ; COPY s x DB ; COPY s x FOO ; COPY s x REPLACE REPLACE
            EXPIRE s 100 ; COPY s e ; TTL e ; COPY s x db 1 ; COPY s x DB 1 ; SELECT 1 ; GET x ; TTL x ; COPY missing s DB 99
            COPY s x DB 9223372036854775808
        """,
        "a copy is its own": """
            RPUSH l a ; COPY l m ; RPUSH m b ; LRANGE l 0 -1 ; SADD s a ; COPY s t ; SADD t b ; SMEMBERS s ; HSET h f v ; COPY h g
            HSET g f w ; HGETALL h
        """,
        "MOVE": f"""
            {_ALL_TYPES} ; MOVE s 1 ; MOVE s 1 ; MOVE missing 1 ; MOVE l 0 ; MOVE l 16 ; MOVE l -1 ; MOVE l abc ; EXPIRE h 100
            MOVE h 1 ; SET s other ; MOVE s 1 ; SELECT 1 ; GET s ; TTL h ; MOVE l 1 ; SELECT 15 ; SET z v ; MOVE z 0
            MOVE missing 99 ; MOVE z 9223372036854775808
        """,
        "SWAPDB": """
            SET a 0 ; SELECT 1 ; SET b 1 EX 100 ; SWAPDB 0 1 ; GET a ; SELECT 0 ; GET b ; TTL b ; SWAPDB 0 0 ; SWAPDB 0 16
            SWAPDB -1 0 ; SWAPDB a 1 ; SWAPDB 1 a ; SWAPDB a b ; SWAPDB 0 9223372036854775808 ; SWAPDB 2 3 ; DBSIZE
        """,
        "databases": "SELECT 1 ; SET a 1 ; DBSIZE ; SELECT 0 ; DBSIZE ; GET a ; SELECT 15 ; SELECT 16 ; SELECT -1 ; SELECT abc ; SELECT 9223372036854775808 ; SELECT ''",
        "FLUSHDB and FLUSHALL": """
            SET a 1 ; SELECT 1 ; SET b 1 ; FLUSHDB ; DBSIZE ; SELECT 0 ; DBSIZE ; SELECT 2 ; SET c 1 ; FLUSHALL ; SELECT 0 ; DBSIZE
            FLUSHDB ASYNC ; FLUSHDB SYNC ; FLUSHALL ASYNC ; FLUSHALL SYNC ; FLUSHALL async ; FLUSHALL foo ; FLUSHDB foo ; FLUSHALL ASYNC SYNC
            FLUSHDB ASYNC x ; SET a 1 ; FLUSHALL foo ; DBSIZE
        """,
        "RANDOMKEY": "RANDOMKEY ; SET only v ; ~exact RANDOMKEY ; SET k v PX 1 ; %gone k ; ~exact RANDOMKEY ; SET more v ; RANDOMKEY",
        "OBJECT ENCODING and REFCOUNT": f"""
            {_ALL_TYPES} ; OBJECT ENCODING s ; OBJECT ENCODING n ; OBJECT ENCODING i ; OBJECT ENCODING h ; OBJECT ENCODING missing
            OBJECT REFCOUNT s ; OBJECT REFCOUNT l ; OBJECT REFCOUNT missing ; OBJECT IDLETIME s ; OBJECT IDLETIME missing
            OBJECT FREQ s ; OBJECT FREQ missing ; OBJECT ; OBJECT FOO ; OBJECT FOO s ; OBJECT ENCODING ; OBJECT ENCODING s t
            object encoding s ; OBJECT REFCOUNT ; OBJECT IDLETIME s x ; OBJECT HELP x
        """,
        "OBJECT HELP": since("7.2", "OBJECT HELP ; object help"),
        "OBJECT FREQ under an LFU policy": Scenario(
            "SET s v ; ~type OBJECT FREQ s ; OBJECT IDLETIME s ; OBJECT FREQ missing",
            config={"maxmemory-policy": "allkeys-lfu"},
        ),
        "OBJECT ENCODING of lists and sets": since(
            "7.2", f"{_ALL_TYPES} ; OBJECT ENCODING l ; OBJECT ENCODING t"
        ),
        "expired keys are gone for every command": """
            SET k v PX 1 ; %gone k ; TYPE k ; RENAME k x ; COPY k x ; MOVE k 1 ; OBJECT ENCODING k ; DEL k ; TTL k ; PERSIST k
            KEYS * ; DBSIZE ; RANDOMKEY ; SCAN 0 ; UNLINK k ; TOUCH k ; RENAMENX k x ; APPEND k a ; TTL k
        """,
    }

    samples = [
        Sample("DEL string list"),
        Sample("UNLINK string list"),
        Sample("EXISTS string list"),
        Sample("TOUCH string list"),
        Sample("TYPE list"),
        Sample("KEYS s*"),
        Sample("RENAME string missing"),
        Sample("RENAME expiring list"),
        Sample("RENAMENX string missing"),
        Sample("COPY hash missing", "DB 1|REPLACE"),
        Sample("COPY string list", "DB 1|REPLACE|DB 0"),
        Sample("MOVE string 1"),
        Sample("OBJECT ENCODING string"),
        Sample("OBJECT REFCOUNT string"),
        Sample("OBJECT IDLETIME string"),
        Sample("OBJECT FREQ string"),
        Sample("SWAPDB 0 1"),
        Sample("DBSIZE"),
        Sample("FLUSHDB", "ASYNC|SYNC"),
        Sample("FLUSHALL", "ASYNC|SYNC"),
        Sample("RANDOMKEY"),
        Sample("SELECT 1"),
    ]

    grammar = """
        SET {key} {value} [EX {ttl}]
        RPUSH {key} {value}+
        SADD {key} {member}+
        HSET {key} ({field} {value})+
        DEL {key}+
        UNLINK {key}+
        EXISTS {key}+
        TOUCH {key}+
        TYPE {key}
        KEYS {pattern}
        RENAME {key} {key}
        RENAMENX {key} {key}
        COPY {key} {key} [DB {db}] [REPLACE]
        MOVE {key} {db}
        SELECT {db}
        SWAPDB {db} {db}
        DBSIZE
        FLUSHDB [ASYNC|SYNC]
        OBJECT ENCODING {key}
        EXPIRE {key} {ttl} [NX|XX|GT|LT]
        PERSIST {key}
        TTL {key}
        GET {key}
        LPOP {key} [{count}]
        SREM {key} {member}+
        HDEL {key} {field}+
        APPEND {key} {value}
    """
