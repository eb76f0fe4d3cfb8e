"""List commands that do not block, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since, step

#: Redis 7.2 takes the low 32 bits of these for LSET's index into a listpack.
_WIDE = (b"4294967296", b"9223372036854775807", b"-9223372036854775808")


class ListTests(FamilyTests):
    """List commands answer as Redis does."""

    scenarios = {
        "pushes at both ends": "LPUSH l a b ; RPUSH l c d ; LRANGE l 0 -1 ; LLEN l ; LLEN missing",
        "pushes to what exists only": "LPUSHX l a ; RPUSHX l a ; EXISTS l ; RPUSH l x ; LPUSHX l a b ; RPUSHX l c d ; LRANGE l 0 -1",
        "pops": "RPUSH l a b c d e ; LPOP l ; RPOP l ; LPOP l 2 ; RPOP l 10 ; EXISTS l ; LPOP l ; RPOP l 1",
        "pops with odd counts": """
            RPUSH l a b ; LPOP l 0 ; LPOP missing 0 ; LPOP missing ; LPOP missing 2 ; LPOP l -1 ; LPOP missing -1
            LPOP l abc ; LPOP l 1.5 ; LPOP l 9223372036854775807 ; RPUSH l a ; RPOP l 9223372036854775808
            SET s v ; LPOP s ; LPOP s 0 ; LPOP s -1 ; RPOP s 2 ; LPOP l 1 2
        """,
        "LRANGE": """
            RPUSH l a b c d e ; LRANGE l 0 -1 ; LRANGE l 1 2 ; LRANGE l -2 -1 ; LRANGE l 3 1 ; LRANGE l 0 100
            LRANGE l -100 1 ; LRANGE l 10 20 ; LRANGE l -1 -3 ; LRANGE missing 0 -1 ; LRANGE l a b
            LRANGE l 9223372036854775807 -1 ; LRANGE l -9223372036854775808 9223372036854775807 ; LRANGE l 0 -6
        """,
        "LINDEX": "RPUSH l a b c ; LINDEX l 0 ; LINDEX l -1 ; LINDEX l 3 ; LINDEX l -4 ; LINDEX missing 0 ; LINDEX l x ; LINDEX missing x",
        "LSET": """
            RPUSH l a b c ; LSET l 0 x ; LSET l -1 z ; LSET l 3 y ; LSET l -4 y ; LSET missing 0 x ; LSET l q x
            LSET missing q x ; LRANGE l 0 -1 ; SET s v ; LSET s 0 x
        """,
        "LINSERT": """
            RPUSH l a b a ; LINSERT l BEFORE a x ; LINSERT l AFTER a y ; LINSERT l before b z ; LINSERT l AFTER nope q
            LINSERT missing BEFORE a b ; LINSERT l MIDDLE a b ; LINSERT missing MIDDLE a b ; LRANGE l 0 -1
        """,
        "LREM": """
            RPUSH l a b a c a ; LREM l 1 a ; LRANGE l 0 -1 ; LREM l -1 a ; LRANGE l 0 -1 ; LREM l 0 a ; LREM l 0 zz
            LREM l x a ; LREM missing 0 a ; LREM l 0 b ; LREM l 0 c ; EXISTS l ; RPUSH l 1 01 1 ; LREM l 0 1
            RPUSH m a a a ; LREM m -9223372036854775808 a ; LREM m 9223372036854775808 a
        """,
        "LTRIM": """
            RPUSH l a b c d e ; LTRIM l 1 -2 ; LRANGE l 0 -1 ; LTRIM l 0 100 ; LTRIM l -2 -1 ; LRANGE l 0 -1
            LTRIM l 5 10 ; EXISTS l ; LTRIM missing 0 1 ; RPUSH l a b ; LTRIM l 1 0 ; EXISTS l ; LTRIM l a 1
        """,
        "LPOS": """
            RPUSH l a b c 1 2 3 c c ; LPOS l c ; LPOS l c RANK 2 ; LPOS l c RANK -1 ; LPOS l c COUNT 2 ; LPOS l c COUNT 0
            LPOS l c RANK -1 COUNT 2 ; LPOS l c RANK 2 COUNT 0 ; LPOS l c MAXLEN 2 ; LPOS l c COUNT 0 MAXLEN 3
            LPOS l c RANK -1 COUNT 0 MAXLEN 2 ; LPOS l zz ; LPOS l zz COUNT 0 ; LPOS missing a ; LPOS missing a COUNT 1
            LPOS l c RANK 0 ; LPOS l c COUNT -1 ; LPOS l c MAXLEN -1 ; LPOS l c RANK x ; LPOS l c COUNT ; LPOS l c FOO 1
            LPOS l c RANK 9223372036854775807 ; LPOS l c MAXLEN 0 RANK 3
            LPOS l 1 ; LPOS l 01 ; LPOS l c rank 1 count 1 maxlen 0 ; LPOS l c COUNT 1 COUNT 2 ; LPOS l c RANK 100
        """,
        "LPOS with the smallest rank": since(
            "7.2", "RPUSH l c ; LPOS l c RANK -9223372036854775808"
        ),
        "LMOVE and RPOPLPUSH": """
            RPUSH s a b c d ; LMOVE s d LEFT RIGHT ; LMOVE s d RIGHT LEFT ; LMOVE s d left left ; LRANGE d 0 -1
            LMOVE s s LEFT RIGHT ; RPOPLPUSH s d ; LRANGE d 0 -1 ; EXISTS s ; RPOPLPUSH s d ; LMOVE s d LEFT LEFT
            RPOPLPUSH d d ; LRANGE d 0 -1 ; SET x v ; LMOVE d x LEFT LEFT ; RPOPLPUSH d x ; LMOVE x d LEFT LEFT
            RPOPLPUSH x d ; LMOVE d e UP LEFT ; LMOVE d e LEFT ; LMOVE missing x LEFT LEFT ; LMOVE missing e UP UP
            RPUSH one a ; LMOVE one one LEFT RIGHT ; LRANGE one 0 -1 ; LMOVE one d LEFT RIGHT ; EXISTS one
        """,
        "LMPOP": """
            RPUSH a 1 2 3 ; RPUSH b 4 5 ; LMPOP 2 a b LEFT ; LMPOP 2 a b RIGHT COUNT 5 ; LMPOP 2 a b LEFT COUNT 1
            LMPOP 1 missing LEFT ; LMPOP 2 a b left count 10 ; LMPOP 2 a b LEFT ; LMPOP 0 a LEFT ; LMPOP -1 a LEFT
            LMPOP x a LEFT ; LMPOP 1 a UP ; LMPOP 3 a b LEFT ; LMPOP 1 a LEFT COUNT 0 ; LMPOP 1 a LEFT COUNT -1
            LMPOP 1 a LEFT COUNT x ; LMPOP 1 a LEFT COUNT ; LMPOP 1 a LEFT COUNT 1 COUNT 2 ; LMPOP 1 a LEFT FOO 1
            LMPOP 1 a ; SET s v ; LMPOP 1 s LEFT ; LMPOP 2 missing s LEFT ; LMPOP 9223372036854775807 a LEFT
            RPUSH c x ; LMPOP 2 c s LEFT ; LMPOP 2 s c LEFT
        """,
        "a list of other things": r'RPUSH l "" "\x00\xff\r\n" 1 -1 9223372036854775807 1.5 01 ; LRANGE l 0 -1 ; LREM l 0 ""',
        "wrong types": """
            SET s v ; LPUSH s a ; RPUSH s a ; LPUSHX s a ; RPUSHX s a ; LLEN s ; LRANGE s 0 -1 ; LINDEX s 0
            LINSERT s BEFORE a b ; LREM s 0 a ; LTRIM s 0 1 ; LPOS s a ; LINDEX s x ; LRANGE s x y ; LTRIM s x y
        """,
        "expiry goes with the last element": "RPUSH l a ; EXPIRE l 100 ; LPOP l ; RPUSH l b ; TTL l ; EXPIRE l 100 ; RPUSH l c ; TTL l",
        "encodings": since(
            "7.2",
            """
            RPUSH l a b ; OBJECT ENCODING l ; %many 300 1 RPUSH big x{} ; OBJECT ENCODING big ; LTRIM big 0 2
            OBJECT ENCODING big
            """,
        ),
        "a big element makes a quicklist": Scenario(
            (
                step("RPUSH", "l", b"x" * 9000),
                step("OBJECT", "ENCODING", "l"),
                step("LPUSH", "l", "a"),
                step("RPUSH", "l", "b"),
                step("LRANGE", "l", 0, -1),
                step("LPOS", "l", "b"),
                step("LINDEX", "l", 1),
                step("LSET", "l", 1, "small"),
                step("LRANGE", "l", 0, -1),
            ),
            since="7.2",
        ),
        "a long list": Scenario(
            """
            %times 30 RPUSH l a{} b{} c{} d{} e{}
            LRANGE l 40 60 ; LINDEX l 77 ; LINDEX l -77 ; LSET l 75 x ; LINSERT l BEFORE x y ; LPOS l c20
            LPOS l c20 RANK -1 ; LREM l 1 c15 ; LTRIM l 10 -10 ; LLEN l ; LPOP l 50 ; RPOP l 50 ; LRANGE l 0 -1
            """,
            config={"list-max-listpack-size": "8"},
        ),
    }

    samples = [
        Sample("LPUSH list x"),
        Sample("RPUSH list x y"),
        Sample("LPUSHX list x"),
        Sample("RPUSHX list x"),
        Sample("LPOP list 2"),
        Sample("RPOP list 2"),
        Sample("LLEN list"),
        Sample("LRANGE list 0 2"),
        Sample("LINDEX list 1"),
        Sample("LSET list 1 x", without=_WIDE),
        Sample("LINSERT list BEFORE b x"),
        Sample("LREM list 1 a"),
        Sample("LTRIM list 1 2"),
        Sample("LPOS list a", "RANK 1|COUNT 2|MAXLEN 3", without=(b"-9223372036854775808",)),
        Sample("LMOVE list missing LEFT RIGHT"),
        Sample("LMOVE list list LEFT RIGHT"),
        Sample("RPOPLPUSH list missing"),
        Sample("LMPOP 2 missing list LEFT", "COUNT 2"),
    ]

    grammar = """
        LPUSH {key} {value}+
        RPUSH {key} {value}+
        RPUSH {key} {member}+
        LPUSHX {key} {value}+
        RPUSHX {key} {value}+
        LPOP {key} [{count}]
        RPOP {key} [{count}]
        LLEN {key}
        LRANGE {key} {index} {index}
        LINDEX {key} {index}
        LSET {key} {index} {value}
        LINSERT {key} (BEFORE|AFTER) {value} {value}
        LREM {key} {count} {value}
        LTRIM {key} {index} {index}
        LPOS {key} {value} [RANK {count}] [COUNT {count}] [MAXLEN {count}]
        LMOVE {key} {key} {side} {side}
        RPOPLPUSH {key} {key}
        LMPOP (1 {key}|2 {key} {key}) {side} [COUNT {count}]
        OBJECT ENCODING {key}
        SET {key} {value}
        DEL {key}
        EXPIRE {key} {ttl}
        COPY {key} {key} [REPLACE]
        RENAME {key} {key}
    """
