"""String commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, step

_SET_OPTIONS = "NX|XX|GET|KEEPTTL|EX 100|PX 100000|EXAT 4102444800|PXAT 4102444800000"
_GETEX_OPTIONS = "PERSIST|EX 100|PX 100000|EXAT 4102444800|PXAT 4102444800000"
#: Lengths that a server is asked to allocate rather than to refuse.
_HUGE = (b"4294967296", b"1" * 60)


class StringTests(FamilyTests):
    """String commands answer as Redis does."""

    scenarios = {
        "SET and GET": "SET k v ; GET k ; SET k '' ; GET k ; GET missing ; set K V ; gEt K",
        "binary keys and values": r'SET "\x00\xff\r\n" "\r\n\x00\xfe$5" ; GET "\x00\xff\r\n"',
        "SET NX and XX": "SET k a XX ; SET k a NX ; SET k b NX ; SET k c XX ; GET k",
        "SET GET": "SET k a GET ; SET k b GET ; SET k c NX GET ; SET k d XX GET ; SET m d XX GET",
        "SET GET on another type": "RPUSH l a ; SET l b GET ; SET l b ; TYPE l ; SET l c GET",
        "SET NX GET on another type": "RPUSH l a ; SET l b NX GET ; SET l b XX GET ; TYPE l",
        "SET with each kind of expiry": """
            SET a v EX 100 ; TTL a ; SET b v PX 100000 ; PTTL b
            SET c v EXAT 4102444800 ; EXPIRETIME c ; SET d v PXAT 4102444800123 ; PEXPIRETIME d
        """,
        "SET forgets the expiry unless told to keep it": """
            SET k v EX 100 ; SET k w KEEPTTL ; TTL k ; SET k x ; TTL k
            SET k v EX 100 ; SET k y XX KEEPTTL GET ; TTL k ; SET m v KEEPTTL ; TTL m
        """,
        "SET with a time that has passed": """
            SET k v ; SET k w PXAT 1 ; EXISTS k ; SET k w EXAT 1 GET ; GET k ; SET k w EXAT 1 ; GET k
        """,
        "SET with wrong times": """
            SET k v EX 0 ; SET k v EX -1 ; SET k v PX 0 ; SET k v EXAT 0 ; SET k v PXAT -5
            SET k v EX 9223372036854775807 ; SET k v EX 9223372036854775 ; SET k v PX 9223372036854775807
            SET k v EX abc ; SET k v EX 1.5 ; SET k v EX '' ; SET k v EX ; SET k v PX
            SET k v EX 9223372036854775808 ; SET k v EXAT 9223372036854775807 ; EXISTS k
        """,
        "SET with contradictions": """
            SET k v NX XX ; SET k v XX NX ; SET k v EX 10 PX 10 ; SET k v EX 10 KEEPTTL
            SET k v KEEPTTL EX 10 ; SET k v KEEPTTL KEEPTTL ; SET k v NX NX ; SET k v GET GET
            SET k v PERSIST ; SET k v EX 10 EX 20 ; SET k v nx get ; SET k v foo ; EXISTS k
        """,
        "SETNX": "SETNX k a ; SETNX k b ; GET k ; RPUSH l a ; SETNX l b",
        "SETEX and PSETEX": """
            SETEX k 100 v ; TTL k ; PSETEX k 100000 w ; PTTL k ; GET k
            SETEX k 0 v ; SETEX k -1 v ; PSETEX k 0 v ; SETEX k abc v ; PSETEX k 1.5 v
            SETEX k 9223372036854775807 v ; SETEX k 9223372036854776 v ; RPUSH l a ; SETEX l 100 v
        """,
        "a value expires": "SET k v PX 1 ; %gone k ; GET k ; SET k w XX ; SET k w NX ; GET k",
        "GETSET": "GETSET k a ; GETSET k b ; SET k c EX 100 ; GETSET k d ; TTL k ; RPUSH l a ; GETSET l b",
        "GETDEL": "GETDEL k ; SET k a ; GETDEL k ; GETDEL k ; RPUSH l a ; GETDEL l",
        "GETEX": """
            GETEX k ; SET k v EX 100 ; GETEX k ; TTL k ; GETEX k PERSIST ; TTL k ; GETEX k PERSIST
            GETEX k EX 100 ; TTL k ; GETEX k PX 5000000 ; PTTL k ; GETEX k EXAT 4102444800 ; EXPIRETIME k
            GETEX k PXAT 4102444800123 ; PEXPIRETIME k ; GETEX k EX 10 PERSIST ; GETEX k KEEPTTL
            GETEX k EX 0 ; GETEX k PX -1 ; GETEX k EX abc ; GETEX k NX ; GETEX k GET ; GETEX k EXAT 1
            GET k ; RPUSH l a ; GETEX l ; GETEX l EX 100 ; GETEX missing EX 0 ; GETEX missing EX 10
        """,
        "APPEND": """
            APPEND k a ; APPEND k bc ; APPEND k '' ; GET k ; SET n 12 ; APPEND n 3 ; GET n ; INCR n
            SET e v EX 100 ; APPEND e w ; TTL e ; RPUSH l a ; APPEND l b ; APPEND m '' ; EXISTS m
        """,
        "STRLEN": "STRLEN k ; SET k hello ; STRLEN k ; SET n 12345 ; STRLEN n ; RPUSH l a ; STRLEN l",
        "SETRANGE": r"""
            SETRANGE k 0 '' ; EXISTS k ; SETRANGE k 3 abc ; GET k ; SETRANGE k 0 '' ; SETRANGE k 1 XY
            GET k ; SETRANGE k -1 a ; SETRANGE k 536870912 a ; SETRANGE k 536870911 ab
            SETRANGE k abc x ; SETRANGE k 9223372036854775807 a ; SETRANGE k 9223372036854775808 a
            SET n 1234 ; SETRANGE n 2 xx ; GET n ; RPUSH l a ; SETRANGE l 0 b ; SETRANGE l 0 ''
            SET e v EX 100 ; SETRANGE e 0 w ; TTL e ; SETRANGE k 5 "\x00\xff" ; GET k
        """,
        "GETRANGE and SUBSTR": """
            SET k 'Hello World' ; GETRANGE k 0 4 ; GETRANGE k -5 -1 ; GETRANGE k 0 -1 ; GETRANGE k 5 2
            GETRANGE k 0 1000 ; GETRANGE k -1000 2 ; GETRANGE k -1 -5 ; GETRANGE k 20 30
            GETRANGE k 1000 -1 ; GETRANGE missing 0 -1 ; SUBSTR k 0 4 ; GETRANGE k a 1 ; GETRANGE k 0 1.5
            GETRANGE k 9223372036854775807 -1 ; GETRANGE k 0 9223372036854775808 ; RPUSH l a
            GETRANGE l 0 1 ; SET n 12345 ; GETRANGE n 1 3 ; GETRANGE k -9223372036854775808 3
            SET e '' ; GETRANGE e 0 -1 ; GETRANGE k -100 -100 ; GETRANGE k -100 -50
        """,
        "INCR and its kin": """
            INCR k ; INCRBY k 10 ; DECR k ; DECRBY k 5 ; GET k ; INCRBY k -100 ; DECRBY k -7 ; GET k
            SET s abc ; INCR s ; SET s '' ; INCR s ; SET s ' 1' ; INCR s ; SET s '1 ' ; INCR s
            SET s 1.5 ; INCR s ; SET s 01 ; INCR s ; SET s +1 ; INCR s ; SET s -0 ; INCR s
            SET s 9223372036854775808 ; INCR s ; SET s 1111111111111111111111 ; DECR s ; RPUSH l a ; INCR l
            INCRBY k abc ; INCRBY k 1.5 ; INCRBY k '' ; INCRBY k 9223372036854775808
        """,
        "INCR at the ends of the range": """
            SET k 9223372036854775806 ; INCR k ; INCR k ; GET k ; SET k -9223372036854775807 ; DECR k ; DECR k
            SET k 1 ; INCRBY k 9223372036854775807 ; DECRBY k 9223372036854775807 ; GET k
            DECRBY k -9223372036854775808 ; SET k -9223372036854775808 ; INCRBY k -1 ; INCRBY k 9223372036854775807
            SET k 0 ; DECRBY k -9223372036854775807 ; SET k -1 ; INCRBY k -9223372036854775808 ; GET k
        """,
        "INCR keeps the expiry": "SET k 1 EX 100 ; INCR k ; TTL k ; INCRBYFLOAT k 1.5 ; TTL k ; DECR k",
        "INCRBYFLOAT": """
            INCRBYFLOAT k 0.1 ; INCRBYFLOAT k 0.2 ; INCRBYFLOAT k -0.3 ; GET k ; SET k 3.0 ; INCRBYFLOAT k 1
            SET k 5.0e3 ; INCRBYFLOAT k 2.0e2 ; SET k 0 ; INCRBYFLOAT k 1e-10 ; INCRBYFLOAT k 1e10
            SET k 10 ; INCRBYFLOAT k 5 ; INCR k ; INCRBYFLOAT k 1e400 ; INCRBYFLOAT k inf ; INCRBYFLOAT k nan
            INCRBYFLOAT k abc ; INCRBYFLOAT k '' ; INCRBYFLOAT k ' 1' ; INCRBYFLOAT k '1 ' ; INCRBYFLOAT k 0x10
            SET k abc ; INCRBYFLOAT k 1 ; SET k ' 1' ; INCRBYFLOAT k 1 ; SET k '' ; INCRBYFLOAT k 1
            RPUSH l a ; INCRBYFLOAT l 1 ; SET k 17179869184 ; INCRBYFLOAT k 1.5 ; SET k 1 ; INCRBYFLOAT k -1
        """,
        "INCRBYFLOAT has seventeen digits": """
            SET k 3 ; INCRBYFLOAT k 1.1 ; SET k 1.123456789 ; INCRBYFLOAT k 1e-9 ; SET k 0.1 ; INCRBYFLOAT k 0.7
            SET k 1e15 ; INCRBYFLOAT k 0.3 ; SET k 123456789012345678 ; INCRBYFLOAT k 0.5
            SET k 1e300 ; INCRBYFLOAT k 1 ; SET k 1.7976931348623157e308 ; INCRBYFLOAT k 1.7976931348623157e308
            SET k 1e-17 ; INCRBYFLOAT k 1e-18 ; SET k 0 ; INCRBYFLOAT k 1e-20 ; SET k -0 ; INCRBYFLOAT k -0.0
            SET k 0.30000000000000004 ; INCRBYFLOAT k 0 ; SET k 4.35 ; INCRBYFLOAT k 0.1
            SET k 1e4000 ; INCRBYFLOAT k 1 ; SET k 5e-324 ; INCRBYFLOAT k 0 ; SET k 100.00 ; INCRBYFLOAT k 0
        """,
        "MGET and MSET": """
            MSET a 1 b 2 a 3 ; MGET a b c a ; RPUSH l x ; MGET a l b ; MSET a ; MSET a 1 b ; MSET l v ; TYPE l
            SET e v EX 100 ; MSET e w ; TTL e
        """,
        "MSETNX": "MSETNX a 1 b 2 ; MSETNX b 3 c 4 ; MGET a b c ; MSETNX a ; MSETNX x 1 y ; MSETNX d 1 d 2 ; GET d",
        "LCS": """
            MSET a ohmytext b mynewtext ; LCS a b ; LCS a b LEN ; LCS a b IDX ; LCS a b IDX MINMATCHLEN 4
            LCS a b IDX WITHMATCHLEN ; LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN ; LCS a b LEN IDX
            LCS a missing ; LCS missing missing LEN ; LCS missing a IDX ; LCS a b MINMATCHLEN ; LCS a b foo
            LCS a b MINMATCHLEN abc ; LCS a b IDX MINMATCHLEN -5 ; LCS a b MINMATCHLEN 2 ; RPUSH l x ; LCS a l
            SET n 1234512345 ; SET m 12345 ; LCS n m ; LCS n m IDX WITHMATCHLEN ; LCS a a IDX ; LCS n a idx
            SET x aXbXcXd ; SET y aYbYcYd ; LCS x y IDX ; LCS x y IDX MINMATCHLEN 1 WITHMATCHLEN ; LCS a
        """,
        "what is stored as a number says so": """
            SET k 12 ; OBJECT ENCODING k ; SET k 9223372036854775807 ; OBJECT ENCODING k
            SET k 9223372036854775808 ; OBJECT ENCODING k ; SET k -1 ; OBJECT ENCODING k ; SET k 01
            OBJECT ENCODING k ; SET k abc ; OBJECT ENCODING k ; SET k -0 ; OBJECT ENCODING k
            SET k +1 ; OBJECT ENCODING k ; SET k '' ; OBJECT ENCODING k ; SET k ' 1' ; OBJECT ENCODING k
            SET k 1.5 ; OBJECT ENCODING k ; SET k 1234567890123456789012345678901234567890 ; OBJECT ENCODING k
            SET k 12345678901234567890123456789012345678901234 ; OBJECT ENCODING k
            SET k 123456789012345678901234567890123456789012345 ; OBJECT ENCODING k
            INCR n ; OBJECT ENCODING n ; INCRBYFLOAT n 1.5 ; OBJECT ENCODING n
            GETSET n 7 ; OBJECT ENCODING n ; MSET n 8 ; OBJECT ENCODING n
            SETEX n 100 9 ; OBJECT ENCODING n ; SETNX m 5 ; OBJECT ENCODING m
        """,
        "what INCRBYFLOAT prints is a text": """
            INCRBYFLOAT k 3 ; OBJECT ENCODING k ; COPY k j ; OBJECT ENCODING j ; RENAME j m ; OBJECT ENCODING m
            GET k ; GETRANGE k 0 -1 ; GETRANGE k 0 0 ; STRLEN k ; MGET k m ; GETBIT k 2 ; BITCOUNT k ; LCS k m
            TYPE k ; EXPIRE k 100 ; GETEX k PERSIST ; OBJECT ENCODING k ; SORT l BY nothing GET k ; EVAL "return redis.call('GET', KEYS[1])" 1 k
            INCR k ; OBJECT ENCODING k ; INCRBYFLOAT k 1 ; INCRBYFLOAT k -1e0 ; OBJECT ENCODING k ; DECRBY k 9
            INCRBYFLOAT k 3 ; SET k x GET ; INCRBYFLOAT m -5 ; GETSET m 4 ; INCRBYFLOAT m 1 ; GETDEL m
            INCRBYFLOAT k 1 ; SET n 7 ; INCRBYFLOAT n 1 ; APPEND n 5 ; GET n ; INCRBYFLOAT o 12 ; SETRANGE o 0 3 ; GET o
            INCRBYFLOAT p 9223372036854775807 ; OBJECT ENCODING p ; INCRBYFLOAT q 2 ; BITOP NOT r q ; GET r
            INCRBYFLOAT s 3 ; SETBIT s 6 1 ; GET s ; INCRBYFLOAT t 3 ; PFADD t a ; LPUSH t a ; MOVE t 1 ; SELECT 1
            OBJECT ENCODING t ; GET t
        """,
        "APPEND and SETRANGE leave a raw string": """
            SET k a ; APPEND k b ; OBJECT ENCODING k ; SET n 1 ; APPEND n 2 ; OBJECT ENCODING n
            SETRANGE r 0 abc ; OBJECT ENCODING r ; SET s 123 ; SETRANGE s 1 9 ; OBJECT ENCODING s
            APPEND fresh 12 ; OBJECT ENCODING fresh ; INCR n ; OBJECT ENCODING n
        """,
        "a value of 100 kB": Scenario(
            (
                step("SET", "big", b"\x00\xffabc\r\n" * 15_000),
                step("STRLEN", "big"),
                step("GET", "big"),
                step("GETRANGE", "big", 50_000, 50_100),
                step("APPEND", "big", b"z" * 100_000),
                step("GETDEL", "big"),
            )
        ),
        "every byte in a key and a value": Scenario(
            tuple(
                one
                for byte in range(256)
                for one in (
                    step("SET", bytes([byte]), bytes([255 - byte])),
                    step("GET", bytes([byte])),
                )
            )
        ),
    }

    samples = [
        Sample("SET string v", _SET_OPTIONS),
        Sample("SET missing v", _SET_OPTIONS),
        Sample("SET expiring v", _SET_OPTIONS),
        Sample("GET string"),
        Sample("GETEX expiring", _GETEX_OPTIONS),
        Sample("GETDEL string"),
        Sample("GETSET string v"),
        Sample("SETNX missing v"),
        Sample("SETEX string 100 v"),
        Sample("PSETEX string 100000 v"),
        Sample("APPEND string v"),
        Sample("STRLEN string"),
        Sample("SETRANGE string 2 xyz", without=_HUGE),
        Sample("GETRANGE string 1 3"),
        Sample("SUBSTR string 1 3"),
        Sample("INCR number"),
        Sample("DECR number"),
        Sample("INCRBY number 5"),
        Sample("DECRBY number 5"),
        Sample("INCRBYFLOAT float 1.5"),
        Sample("MGET string number"),
        Sample("MSET string a missing b"),
        Sample("MSETNX missing a absent b"),
        Sample("LCS string number", "LEN|IDX|MINMATCHLEN 2|WITHMATCHLEN"),
    ]

    grammar = """
        SET {key} {value}
        SET {key} {value} [NX|XX] [GET] [EX {ttl}|PX {ttl_ms}|EXAT {at}|PXAT {at_ms}|KEEPTTL]
        GET {key}
        GETEX {key} [EX {ttl}|PX {ttl_ms}|EXAT {at}|PXAT {at_ms}|PERSIST|{garbage}]
        GETDEL {key}
        GETSET {key} {value}
        SETNX {key} {value}
        SETEX {key} {ttl} {value}
        PSETEX {key} {ttl_ms} {value}
        APPEND {key} {value}
        STRLEN {key}
        SETRANGE {key} {offset} {value}
        GETRANGE {key} {index} {index}
        SUBSTR {key} {index} {index}
        INCR {key}
        DECR {key}
        INCRBY {key} {int}
        DECRBY {key} {int}
        INCRBYFLOAT {key} {float}
        MGET {key}+
        MSET ({key} {value})+
        MSETNX ({key} {value})+
        LCS {key} {key} [LEN|IDX] [MINMATCHLEN {count}] [WITHMATCHLEN]
        RPUSH {key} {value}
        TTL {key}
        DEL {key}
        TYPE {key}
    """
