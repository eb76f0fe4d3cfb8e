"""Hash commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario


class HashTests(FamilyTests):
    """Hash commands answer as Redis does."""

    scenarios = {
        "HSET and HGET": """
            HSET h a 1 b 2 ; HSET h a 3 c 4 ; HSET h a 5 a 6 ; HGET h a ; HGET h x ; HGET missing a ; HGETALL h ; HLEN h
            HSET h a ; HSET h a 1 b ; HSET h ; HGETALL missing ; HLEN missing
        """,
        "HMSET, HMGET, HSETNX": """
            HMSET h a 1 b 2 ; HMGET h a x b a ; HMGET missing a b ; HMSET h a ; HMSET h a 1 b ; HSETNX h a 9 ; HSETNX h c 9
            HSETNX n a 1 ; HGETALL h
        """,
        "HDEL, HEXISTS, HSTRLEN": """
            HSET h a 1 b 22 c '' ; HDEL h a x ; HDEL h b b ; HEXISTS h c ; HEXISTS h a ; HSTRLEN h c ; HSTRLEN h x
            HSTRLEN missing x ; HDEL h c ; EXISTS h ; HDEL h a ; HEXISTS missing a ; HSET n f 12345 ; HSTRLEN n f
        """,
        "HKEYS and HVALS": "HSET h a 1 b 2 c 1 ; HKEYS h ; HVALS h ; HKEYS missing ; HVALS missing",
        "HINCRBY": """
            HINCRBY h a 5 ; HINCRBY h a -10 ; HGET h a ; HSET h s abc ; HINCRBY h s 1 ; HSET h s '' ; HINCRBY h s 1
            HSET h s ' 1' ; HINCRBY h s 1 ; HSET h s 1.5 ; HINCRBY h s 1 ; HINCRBY h a x ; HINCRBY h a 1.5
            HSET h m 9223372036854775807 ; HINCRBY h m 1 ; HINCRBY h m -1 ; HSET h m -9223372036854775808
            HINCRBY h m -1 ; HINCRBY h m 9223372036854775808 ; HGETALL h ; HSET h z 01 ; HINCRBY h z 1 ; HINCRBY new f 0
        """,
        "HINCRBYFLOAT": """
            HINCRBYFLOAT h a 0.1 ; HINCRBYFLOAT h a 0.2 ; HINCRBYFLOAT h a 1e5 ; HSET h s abc ; HINCRBYFLOAT h s 1
            HSET h s ' 1' ; HINCRBYFLOAT h s 1 ; HSET h s '' ; HINCRBYFLOAT h s 1 ; HINCRBYFLOAT h a x
            HINCRBYFLOAT h a inf ; HINCRBYFLOAT h a nan ; HINCRBYFLOAT h a -inf ; HINCRBYFLOAT h a 1e400 ; HSET h n 5.0e3
            HINCRBYFLOAT h n 2.0e2 ; HINCRBYFLOAT h n -5200 ; HGETALL h ; HINCRBYFLOAT h i 10 ; HINCRBY h i 1
            HSET h b 1.7e308 ; HINCRBYFLOAT h b 1.7e308 ; HSET h c 3.0 ; HINCRBYFLOAT h c 0
        """,
        "HRANDFIELD": """
            HSET h a 1 ; HRANDFIELD h ; HRANDFIELD h 5 ; HRANDFIELD h -3 ; HRANDFIELD h 1 WITHVALUES
            HRANDFIELD h -2 WITHVALUES ; HRANDFIELD h 0 ; HRANDFIELD h 0 WITHVALUES ; HRANDFIELD missing
            HRANDFIELD missing 2 ; HRANDFIELD missing -2 WITHVALUES ; HRANDFIELD h x ; HRANDFIELD h WITHVALUES
            HRANDFIELD h 1 FOO ; HRANDFIELD h 1 WITHVALUES x ; HRANDFIELD h 1 withvalues ; HSET i a 1 b 2 c 3
            ~unordered HRANDFIELD i 3 ; ~unordered HRANDFIELD i 10 ; HRANDFIELD i 2 ; HRANDFIELD i -7 ; HRANDFIELD i 2 WITHVALUES
            HRANDFIELD h -9223372036854775808 ; HRANDFIELD h -9223372036854775808 WITHVALUES
            HRANDFIELD h -4611686018427387905 WITHVALUES ; HRANDFIELD h 4611686018427387905 WITHVALUES
            HRANDFIELD h 9223372036854775807 ; HRANDFIELD h 9223372036854775807 WITHVALUES
        """,
        "encodings follow the contents": """
            HSET h a 1 ; OBJECT ENCODING h ; HSET h b xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
            OBJECT ENCODING h ; HSET h b xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING h
            HDEL h b ; OBJECT ENCODING h ; %many 128 2 HSET i f{} v{} ; OBJECT ENCODING i ; HSET i g v ; OBJECT ENCODING i
            HDEL i g ; OBJECT ENCODING i
            HSET k xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx 1 ; OBJECT ENCODING k
            HSETNX m a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING m
            %many 512 2 HSET n f{} v{} ; OBJECT ENCODING n
        """,
        "a hash of 300": """
            %many 300 2 HSET h f{} v{} ; HLEN h ; HGETALL h ; HKEYS h ; HVALS h ; %many 100 1 HDEL h f{} ; HLEN h
            %scan HSCAN h 0 COUNT 7 ; HMGET h f0 f100 f299 ; ~length HRANDFIELD h 10 ; ~length HRANDFIELD h -500 WITHVALUES
            ~unordered_pairs HRANDFIELD h 1000 WITHVALUES ; ~unordered HRANDFIELD h 200
        """,
        "small hashes keep their order": "HSET h z 1 a 2 m 3 ; ~exact HGETALL h ; ~exact HKEYS h ; HSET h a 9 ; HDEL h z ; HSET h z 4 ; ~exact HGETALL h",
        "wrong types": """
            SET k v ; HSET k a 1 ; HGET k a ; HMSET k a 1 ; HMGET k a ; HSETNX k a 1 ; HDEL k a ; HLEN k ; HEXISTS k a
            HSTRLEN k a ; HKEYS k ; HVALS k ; HGETALL k ; HINCRBY k a 1 ; HINCRBYFLOAT k a 1 ; HRANDFIELD k ; HRANDFIELD k 1
            HSCAN k 0 ; HINCRBY k a x ; HINCRBYFLOAT k a x ; HRANDFIELD k x ; HSET k a
        """,
        "every byte as field and value": Scenario(
            r'HSET h "" "" "\x00" "\xff" "\r\n" "\x00\r\n" ; HGETALL h ; HGET h "" ; HGET h "\x00" ; HDEL h "\r\n" ""'
        ),
    }

    samples = [
        Sample("HSET hash f1 x"),
        Sample("HSET hash f1 x f9 y"),
        Sample("HMSET hash f1 x"),
        Sample("HSETNX hash f9 x"),
        Sample("HGET hash f1"),
        Sample("HMGET hash f1 f9"),
        Sample("HGETALL hash"),
        Sample("HDEL hash f1 f2"),
        Sample("HLEN hash"),
        Sample("HEXISTS hash f1"),
        Sample("HSTRLEN hash f1"),
        Sample("HKEYS hash"),
        Sample("HVALS hash"),
        Sample("HINCRBY hash f2 5"),
        Sample("HINCRBYFLOAT hash f3 1.5"),
        Sample("HRANDFIELD hash 3", "WITHVALUES"),
        Sample("HSCAN hash 0", "MATCH f*|COUNT 5"),
    ]

    grammar = """
        HSET {key} ({field} {value})+
        HSET {key} ({field} {value})+
        HMSET {key} ({field} {value})+
        HSETNX {key} {field} {value}
        HGET {key} {field}
        HMGET {key} {field}+
        HGETALL {key}
        HDEL {key} {field}+
        HLEN {key}
        HEXISTS {key} {field}
        HSTRLEN {key} {field}
        HKEYS {key}
        HVALS {key}
        HINCRBY {key} {field} {int}
        HINCRBYFLOAT {key} {field} {float}
        HRANDFIELD {key} (0|100) [WITHVALUES]
        OBJECT ENCODING {key}
        SET {key} {value}
        DEL {key}
        EXPIRE {key} {ttl}
        COPY {key} {key} [REPLACE]
    """
