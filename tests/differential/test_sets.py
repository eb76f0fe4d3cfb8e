"""Set commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since


class SetTests(FamilyTests):
    """Set commands answer as Redis does."""

    scenarios = {
        "SADD, SREM and SCARD": """
            SADD s a b c a ; SADD s a d ; SCARD s ; SREM s a x ; SREM s b b ; SCARD s ; SREM s c d ; EXISTS s
            SREM s a ; SCARD missing ; SADD s 1 2 3 ; SADD s a ; SMEMBERS s ; SADD s ''
        """,
        "membership": "SADD s a b 1 ; SISMEMBER s a ; SISMEMBER s x ; SISMEMBER missing a ; SMISMEMBER s a x 1 01 ; SMISMEMBER missing a b",
        "numbers of every size": """
            SADD s 1 -1 32767 32768 -32768 2147483647 2147483648 9223372036854775807 -9223372036854775808
            OBJECT ENCODING s ; SMEMBERS s ; SISMEMBER s 01 ; SISMEMBER s +1 ; SREM s 1 01 ; SADD s 9223372036854775808
            SMEMBERS s ; SISMEMBER s 9223372036854775808
        """,
        "SMOVE": """
            SADD a x y ; SADD b z ; SMOVE a b x ; SMOVE a b x ; SMOVE a b y ; EXISTS a ; SMOVE a b q ; SMEMBERS b
            SMOVE b b z ; SMOVE b b nope ; SMOVE b c z ; SET str v ; SMOVE str b x ; SMOVE b str x ; SMOVE missing str x
            SMOVE b str nope ; SADD i 1 2 ; SMOVE i b 1 ; SMOVE b i x ; SMEMBERS i
        """,
        "set algebra": """
            SADD a 1 2 3 x ; SADD b 2 3 4 y ; SADD c 3 x y ; SINTER a b ; SUNION a b c ; SDIFF a b ; SDIFF a b c
            SINTER a b c ; SINTER a missing ; SINTER missing a ; SUNION a missing ; SDIFF missing a ; SDIFF a missing
            SINTER a ; SUNION a ; SDIFF a ; SDIFF a a ; SINTER a a ; SET s v ; SINTER a s ; SINTER missing s ; SUNION missing s
            SDIFF a s ; SDIFF missing s ; SINTER s missing ; SDIFF s
        """,
        "stored set algebra": """
            SADD a 1 2 3 ; SADD b 2 3 4 ; SINTERSTORE d a b ; SMEMBERS d ; SUNIONSTORE d a b ; SMEMBERS d ; SDIFFSTORE d a b
            SMEMBERS d ; SINTERSTORE d a missing ; EXISTS d ; SET s v ; SINTERSTORE s a b ; TYPE s ; SET s v
            SUNIONSTORE s missing missing ; EXISTS s ; SET s v ; SDIFFSTORE d s a ; SDIFFSTORE d a s ; SINTERSTORE a a b
            SMEMBERS a ; EXPIRE d 100 ; SUNIONSTORE d a b ; TTL d ; SINTERSTORE d missing s ; SINTERSTORE d a s
        """,
        "SINTERCARD": """
            SADD a 1 2 3 ; SADD b 2 3 4 ; SINTERCARD 2 a b ; SINTERCARD 2 a b LIMIT 1 ; SINTERCARD 2 a b LIMIT 0
            SINTERCARD 1 a ; SINTERCARD 0 a ; SINTERCARD -1 a ; SINTERCARD x a ; SINTERCARD 3 a b ; SINTERCARD 2 a b LIMIT -1
            SINTERCARD 2 a b LIMIT x ; SINTERCARD 2 a b LIMIT ; SINTERCARD 2 a b FOO ; SINTERCARD 2 a b limit 10
            SINTERCARD 1 a LIMIT 1 LIMIT 2 ; SINTERCARD 2 a missing ; SET s v ; SINTERCARD 1 s ; SINTERCARD 2 missing s
            SINTERCARD 9223372036854775807 a ; SINTERCARD 1 a b
        """,
        "SPOP of what is certain": """
            SADD s a ; SPOP s ; EXISTS s ; SPOP s ; SPOP s 1 ; SADD s a b c ; SPOP s 0 ; ~unordered SPOP s 3 ; EXISTS s
            SADD s a b c ; ~unordered SPOP s 100 ; SPOP s -1 ; SPOP missing -1 ; SPOP s x ; SPOP s 1 2 ; SADD s a b ; SPOP s -1
            SET str v ; SPOP str ; SPOP str 0 ; SPOP str -1 ; SPOP str 1
        """,
        "SPOP of some leaves the rest": Scenario(
            "SADD s a b c d e ; SPOP s 2 ; SCARD s ; SPOP s ; SCARD s ; SADD i 1 2 3 4 5 ; SPOP i 2 ; SCARD i",
            audit=False,
        ),
        "SRANDMEMBER": """
            SADD s a ; SRANDMEMBER s ; SRANDMEMBER s 5 ; SRANDMEMBER s -3 ; SRANDMEMBER s 0 ; SRANDMEMBER missing
            SRANDMEMBER missing 3 ; SRANDMEMBER missing -3 ; SRANDMEMBER s x ; SRANDMEMBER s 1 2 ; SADD t a b c
            SRANDMEMBER t 2 ; ~unordered SRANDMEMBER t 3 ; ~unordered SRANDMEMBER t 10 ; SRANDMEMBER t -10 ; SET str v
            SRANDMEMBER str ; SRANDMEMBER str 1 ; SRANDMEMBER s -9223372036854775808 ; SRANDMEMBER s 9223372036854775807
            SRANDMEMBER missing -9223372036854775807 ; SADD i 1 2 3
            ~shape SRANDMEMBER i 2 ; ~unordered SRANDMEMBER i 3
        """,
        "encodings follow the contents": since(
            "7.2",
            """
            SADD s 1 2 3 ; OBJECT ENCODING s ; SADD s a ; OBJECT ENCODING s ; SREM s a ; OBJECT ENCODING s
            %many 600 1 SADD i {} ; OBJECT ENCODING i ; %many 512 1 SADD j {} ; OBJECT ENCODING j ; SADD j 512 ; OBJECT ENCODING j
            %many 128 1 SADD l m{} ; OBJECT ENCODING l ; SADD l more ; OBJECT ENCODING l
            SADD m xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING m
            SADD m xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING m
            %many 200 1 SADD k {} ; SADD k a ; OBJECT ENCODING k ; SUNIONSTORE u s i ; OBJECT ENCODING u
            SINTERSTORE v i j ; OBJECT ENCODING v ; SDIFFSTORE w i j ; OBJECT ENCODING w ; SMOVE l i m1 ; OBJECT ENCODING i
            """,
        ),
        "a set of 300": """
            %many 300 1 SADD s m{} ; SCARD s ; SMEMBERS s ; %many 100 1 SREM s m{} ; SCARD s ; %scan SSCAN s 0 COUNT 7
            %many 150 1 SADD t m{} ; SINTER s t ; SDIFF s t ; SUNION s t ; SINTERCARD 2 s t LIMIT 20
            ~type SRANDMEMBER s ; ~length SRANDMEMBER s 10 ; ~length SRANDMEMBER s -500 ; ~unordered SRANDMEMBER s 1000
        """,
        "wrong types": """
            SET k v ; SADD k a ; SREM k a ; SCARD k ; SISMEMBER k a ; SMISMEMBER k a ; SMEMBERS k ; SPOP k ; SRANDMEMBER k
            SUNION k ; SSCAN k 0
        """,
        "every byte as a member": r'SADD s "\x00" "\xff" "\r\n" "" " " ; SMEMBERS s ; SISMEMBER s "\x00" ; SREM s "\r\n" ""',
    }

    samples = [
        Sample("SADD set x"),
        Sample("SADD intset 7"),
        Sample("SREM set a b"),
        Sample("SREM intset 1"),
        Sample("SCARD set"),
        Sample("SISMEMBER set a"),
        Sample("SMISMEMBER set a z"),
        Sample("SMEMBERS set"),
        Sample("SMOVE set missing a"),
        Sample("SMOVE intset set 1"),
        Sample("SINTER set intset"),
        Sample("SUNION set intset"),
        Sample("SDIFF set intset"),
        Sample("SINTERSTORE missing set intset"),
        Sample("SUNIONSTORE missing set intset"),
        Sample("SDIFFSTORE missing set intset"),
        Sample("SINTERCARD 2 set intset", "LIMIT 1"),
        Sample("SPOP set 3", form="length"),
        Sample("SRANDMEMBER set 3", without=(b"-9223372036854775807",)),
        Sample("SSCAN set 0", "MATCH a*|COUNT 5", since="7.2"),
        Sample("SSCAN intset 0", "MATCH a*|COUNT 5"),
    ]

    grammar = """
        SADD {key} {member}+
        SADD {key} {member}+
        SREM {key} {member}+
        SCARD {key}
        SISMEMBER {key} {member}
        SMISMEMBER {key} {member}+
        SMEMBERS {key}
        SMOVE {key} {key} {member}
        SINTER {key}+
        SUNION {key}+
        SDIFF {key}+
        SINTERSTORE {key} {key}+
        SUNIONSTORE {key} {key}+
        SDIFFSTORE {key} {key}+
        SINTERCARD (1 {key}|2 {key} {key}) [LIMIT {count}]
        SPOP {key} (0|100)
        SRANDMEMBER {key} (0|100)
        OBJECT ENCODING {key}
        SET {key} {value}
        DEL {key}
        EXPIRE {key} {ttl}
        COPY {key} {key} [REPLACE]
    """
