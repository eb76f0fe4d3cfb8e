"""Sorted-set commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since

#: Redis answers a negative count of any size, if it lives long enough.
_ENDLESS = (b"-9223372036854775807", b"-9223372036854775808")

#: Scores that Redis 7.0 writes otherwise, and timeouts it words otherwise.
_LONG = (
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"-9223372036854775809",
)
_FAR = (b"inf", b"1e400", b"9223372036854775807", b"9223372036854775808", b"1" * 60)


class SortedSetTests(FamilyTests):
    """Sorted-set commands answer as Redis does."""

    scenarios = {
        "ZADD and ZSCORE": """
            ZADD z 1 a 2 b ; ZADD z 1 a 3 b 4 c ; ZSCORE z a ; ZSCORE z b ; ZSCORE z x ; ZSCORE missing a ; ZCARD z ; ZCARD missing
            ZADD z inf a -inf b +inf c 1e3 d -1.5 e 0x10 f ; ZRANGE z 0 -1 WITHSCORES ; ZADD z nan a ; ZADD z 1 ; ZADD z 1 a 2
            ZADD z '' a ; ZADD z ' 1' a ; ZADD z 1e400 a ; ZADD z abc a ; ZADD z infinity g -Infinity h ; ZSCORE z g ; ZSCORE z h
        """,
        "ZADD with conditions": """
            ZADD z XX 1 a ; EXISTS z ; ZADD z NX 1 a 2 b ; ZADD z NX 5 a 3 c ; ZADD z XX 5 a 6 d ; ZRANGE z 0 -1 WITHSCORES
            ZADD z XX CH 7 a 8 b 9 d ; ZADD z CH 7 a 1 e ; ZADD z GT CH 1 a 9 b ; ZADD z LT CH 1 a 10 b 2 f ; ZADD z GT 3 g
            ZADD z GT XX 100 h 100 a ; ZADD z LT XX CH 0 a ; ZADD z NX XX 1 a ; ZADD z NX GT 1 a ; ZADD z GT LT 1 a ; ZADD z LT NX 1 a
            ZADD z nx ch 1 i ; ZADD z NX ; ZADD z NX 1 ; ZADD z NX XX ; ZADD z CH CH 5 j ; ZADD z FOO 1 a ; ZRANGE z 0 -1 WITHSCORES
        """,
        "ZADD INCR and ZINCRBY": """
            ZADD z INCR 5 a ; ZADD z INCR 2.5 a ; ZADD z INCR NX 1 a ; ZADD z INCR XX 1 b ; ZADD z INCR XX 1 a ; ZADD z NX INCR 4 b
            ZADD z INCR GT -1 a ; ZADD z INCR GT 1 a ; ZADD z INCR LT 1 a ; ZADD z INCR LT -1 a ; ZADD z INCR 1 a 2 b ; ZADD z XX INCR 1 m
            ZADD missing XX INCR 1 a ; ZINCRBY z 3 a ; ZINCRBY z -0.5 new ; ZINCRBY z x a ; ZINCRBY z NX a ; ZINCRBY z NX CH
            ZINCRBY z 1 NX ; ZINCRBY z inf a ; ZINCRBY z -inf a ; ZADD z INCR -inf a ; ZINCRBY z 0 a ; ZINCRBY y 0 a ; ZINCRBY z nan a
            ZADD z INCR ; ZADD z INCR 1 ; ZRANGE z 0 -1 WITHSCORES
        """,
        "negative zero": Scenario(
            """
            ZADD z -0 a ; ZSCORE z a ; ZINCRBY z -0 b ; ZSCORE z b ; ZADD z 5 c ; ZADD z -0 c ; ZSCORE z c ; ZADD z 1 d 2 e
            ZADD z -0 f 7 g ; ZADD z -0 g ; ZRANGE z 0 -1 WITHSCORES ; ZUNIONSTORE u 1 z ; ZRANGE u 0 -1 WITHSCORES
            ZADD y -0 a -0 b ; ZUNION 2 z y WITHSCORES ; ZRANGE y 0 -1 WITHSCORES
            """,
            config={"zset-max-listpack-entries": "4"},
        ),
        "scores of every kind": since(
            "7.2",
            """
            ZADD z 3.14 a 0.1 b 1e20 c 1e-7 d 123456789012 e 4611686018427387904 f 9007199254740993 g 1.7976931348623157e308 h
            ZADD z 5e-324 i 100000000000000000000 j 0.30000000000000004 k -3.3e-10 l 12345.678901234567 m ; ZRANGE z 0 -1 WITHSCORES
            ZSCORE z f ; ZINCRBY z 0.1 b ; ZINCRBY z 0.2 b ; ZMSCORE z a c d i x ; ZMSCORE missing a b ; ZSCAN z 0
            """,
        ),
        "ZSCAN of a skiplist shows more digits": Scenario(
            since="7.2",
            script="ZADD z 3.14 a 0.1 b 1e20 c 1e-7 d inf e -inf f -0 g 7 h ; ZSCAN z 0 COUNT 100 ; ZSCAN z 0 COUNT 100 MATCH [a-c]",
            config={"zset-max-listpack-entries": "2"},
        ),
        "equal scores are in order of bytes": r"""
            ZADD z 0 b 0 a 0 "" 0 "a\x00" 0 "\xff" 0 B 0 aa ; ZRANGE z 0 -1 ; ZREVRANGE z 0 -1 ; ZRANK z aa ; ZRANK z "" ; ZREVRANK z B
        """,
        "ZREM": """
            ZADD z 1 a 2 b 3 c ; ZREM z a x ; ZREM z a ; ZREM z b b ; ZREM z c ; EXISTS z ; ZREM z c ; ZREM missing a
        """,
        "ZRANK and ZREVRANK": since(
            "7.2",
            """
            ZADD z 1 a 2.5 b 3 c ; ZRANK z a ; ZREVRANK z a ; ZRANK z x ; ZRANK missing a ; ZRANK z b WITHSCORE ; ZREVRANK z c withscore
            ZRANK z x WITHSCORE ; ZRANK missing a WITHSCORE ; ZRANK z a WITHSCORES ; ZRANK z a WITHSCORE x ; ZREVRANK z a WITHSCORE x
            ZRANK missing a FOO ; SET s v ; ZRANK s a ; ZRANK s a FOO
            """,
        ),
        "ZRANGE by position": """
            ZADD z 1 a 2 b 3 c 4 d ; ZRANGE z 0 -1 ; ZRANGE z 1 2 WITHSCORES ; ZRANGE z -2 -1 ; ZRANGE z 3 1 ; ZRANGE z 0 100
            ZRANGE z -100 1 ; ZRANGE z 10 20 ; ZRANGE z 0 -1 REV ; ZRANGE z 0 1 REV WITHSCORES ; ZRANGE z -1 -1 REV ; ZRANGE z 1 0 REV
            ZREVRANGE z 0 1 ; ZREVRANGE z -2 -1 WITHSCORES ; ZREVRANGE z 0 1 REV ; ZRANGE missing 0 -1 ; ZRANGE z a 1 ; ZRANGE z 0 (1
            ZRANGE z 0 -1 LIMIT 0 1 ; ZRANGE z 0 -1 LIMIT 0 -1 ; ZRANGE z 0 -1 LIMIT 5 -1 ; ZRANGE z 0 -1 LIMIT 0 ; ZRANGE z 0 -1 LIMIT a b
            ZRANGE z 0 -1 FOO ; ZRANGE z 0 -1 WITHSCORES WITHSCORES ; ZREVRANGE z 0 -1 LIMIT 0 1 ; ZREVRANGE z 0 -1 BYSCORE
            ZRANGE z 9223372036854775807 -1 ; ZRANGE z -9223372036854775808 9223372036854775807 ; ZRANGE z 9223372036854775808 1
        """,
        "ZRANGE by score": """
            ZADD z 1 a 2 b 2 c 3 d inf e -inf f ; ZRANGEBYSCORE z 1 2 ; ZRANGEBYSCORE z (1 (3 WITHSCORES ; ZRANGEBYSCORE z -inf +inf
            ZRANGEBYSCORE z (-inf (inf ; ZRANGEBYSCORE z inf inf ; ZRANGEBYSCORE z 3 1 ; ZRANGEBYSCORE z (2 2 ; ZRANGEBYSCORE z a b
            ZREVRANGEBYSCORE z 2 1 ; ZREVRANGEBYSCORE z +inf -inf WITHSCORES ; ZREVRANGEBYSCORE z 1 2 ; ZRANGEBYSCORE z ( 5
            ZRANGEBYSCORE z 0 5 LIMIT 1 2 ; ZRANGEBYSCORE z 0 5 LIMIT 1 -1 ; ZRANGEBYSCORE z 0 5 LIMIT -1 2 ; ZRANGEBYSCORE z 0 5 LIMIT 0 0
            ZRANGEBYSCORE z 0 5 LIMIT 10 2 ; ZREVRANGEBYSCORE z 5 0 LIMIT 1 2 ; ZREVRANGEBYSCORE z 5 0 WITHSCORES LIMIT 3 5
            ZRANGE z 1 2 BYSCORE ; ZRANGE z 2 1 BYSCORE REV LIMIT 0 2 WITHSCORES ; ZRANGE z (1 inf BYSCORE LIMIT 1 1 ; ZRANGE z 1 2 BYSCORE BYLEX
            ZRANGE z 1 2 REV BYSCORE ; ZRANGEBYSCORE z 1 2 REV ; ZRANGEBYSCORE z 1 2 BYSCORE ; ZRANGEBYSCORE missing 1 2 ; ZRANGEBYSCORE missing a b
            ZCOUNT z 1 2 ; ZCOUNT z (1 (3 ; ZCOUNT z -inf inf ; ZCOUNT z 3 1 ; ZCOUNT z a 1 ; ZCOUNT missing 1 2 ; ZCOUNT missing a 2
            ZRANGEBYSCORE z '' 5 ; ZRANGEBYSCORE z ' 1' 5 ; ZRANGEBYSCORE z '1 ' 5 ; ZRANGEBYSCORE z nan 5 ; ZRANGEBYSCORE z 0x1 0x2
            ZRANGEBYSCORE z "1\\x00a" 5 ; ZRANGEBYSCORE z -1e400 1e400 ; ZCOUNT z ((1 5 ; ZCOUNT z 1_0 5
        """,
        "ZRANGE by member": """
            ZADD z 0 a 0 aa 0 b 0 c 0 d 0 '' ; ZRANGEBYLEX z - + ; ZRANGEBYLEX z [a [b ; ZRANGEBYLEX z (a (c ; ZRANGEBYLEX z - [ ; ZRANGEBYLEX z ( +
            ZRANGEBYLEX z + - ; ZRANGEBYLEX z + + ; ZRANGEBYLEX z - - ; ZRANGEBYLEX z [c [a ; ZRANGEBYLEX z [b (b ; ZRANGEBYLEX z a b
            ZRANGEBYLEX z - + LIMIT 1 2 ; ZRANGEBYLEX z - + LIMIT -1 2 ; ZRANGEBYLEX z - + LIMIT 1 -5 ; ZREVRANGEBYLEX z + - ; ZREVRANGEBYLEX z (c [a
            ZREVRANGEBYLEX z + - LIMIT 1 2 ; ZREVRANGEBYLEX z - + ; ZRANGE z [a (c BYLEX ; ZRANGE z (c [a BYLEX REV ; ZRANGE z - + BYLEX LIMIT 2 2
            ZRANGE z - + BYLEX WITHSCORES ; ZRANGEBYLEX z - + WITHSCORES ; ZREVRANGEBYLEX z + - WITHSCORES ; ZRANGE z - + BYLEX BYSCORE
            ZLEXCOUNT z - + ; ZLEXCOUNT z [a (c ; ZLEXCOUNT z + - ; ZLEXCOUNT missing - + ; ZLEXCOUNT z a b ; ZLEXCOUNT missing a b
            ZLEXCOUNT z -a + ; ZLEXCOUNT z "-\\x00" + ; ZLEXCOUNT z '' +
        """,
        "ranges of members whose scores differ": """
            ZADD z 1 b 2 d 3 a 4 c ; ZRANGEBYLEX z [b [c ; ZREVRANGEBYLEX z [c [b ; ZLEXCOUNT z [b [c ; ZRANGEBYLEX z [d + ; ZREVRANGEBYLEX z + [d
            ZRANGEBYLEX z - (b ; ZREVRANGEBYLEX z (b - ; ZRANGEBYLEX z - + LIMIT 1 2 ; ZREMRANGEBYLEX z [b [c ; ZRANGE z 0 -1
        """,
        "ZRANGESTORE": """
            ZADD z 1 a 2 b 3 c 4 d ; ZRANGESTORE y z 0 -1 ; ZRANGE y 0 -1 WITHSCORES ; ZRANGESTORE y z 1 2 REV ; ZRANGE y 0 -1 WITHSCORES
            ZRANGESTORE y z (1 3 BYSCORE ; ZRANGESTORE y z 3 1 BYSCORE REV LIMIT 0 2 ; ZRANGE y 0 -1 ; ZRANGESTORE y z - + BYLEX LIMIT 1 1
            ZRANGESTORE y z 5 9 ; EXISTS y ; ZRANGESTORE y z 0 -1 WITHSCORES ; ZRANGESTORE y z 0 -1 LIMIT 0 1 ; SET s v ; ZRANGESTORE s z 0 0
            TYPE s ; ZRANGESTORE s missing 0 0 ; EXISTS s ; SET s v ; ZRANGESTORE y s 0 0 ; ZRANGESTORE z z 0 1 ; ZRANGE z 0 -1
            EXPIRE z 100 ; ZRANGESTORE z z 0 1 ; TTL z ; ZRANGESTORE y z a b ; ZRANGESTORE y z 0 -1 FOO ; ZRANGESTORE y missing 0 -1
        """,
        "removing ranges": """
            ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g ; ZREMRANGEBYRANK z 0 1 ; ZREMRANGEBYRANK z -1 -1 ; ZREMRANGEBYRANK z 5 9 ; ZREMRANGEBYRANK z a 1
            ZREMRANGEBYSCORE z (3 (5 ; ZREMRANGEBYSCORE z a 1 ; ZREMRANGEBYSCORE z 9 8 ; ZRANGE z 0 -1 ; ZREMRANGEBYSCORE z -inf inf ; EXISTS z
            ZADD z 0 a 0 b 0 c ; ZREMRANGEBYLEX z (a [b ; ZREMRANGEBYLEX z a b ; ZRANGE z 0 -1 ; ZREMRANGEBYLEX z - + ; EXISTS z
            ZREMRANGEBYRANK missing 0 1 ; ZREMRANGEBYSCORE missing 0 1 ; ZREMRANGEBYLEX missing - + ; ZREMRANGEBYLEX missing a b
            ZADD z 1 a ; ZREMRANGEBYRANK z 0 -2 ; ZREMRANGEBYRANK z 0 -1 ; EXISTS z
        """,
        "ZPOPMIN and ZPOPMAX": """
            ZADD z 1 a 2 b 2 c 3 d 4 e 5 f ; ZPOPMIN z ; ZPOPMAX z ; ZPOPMIN z 2 ; ZPOPMAX z 1 ; ZPOPMIN z 0 ; ZPOPMIN z -1 ; ZPOPMIN z x
            ZPOPMIN z 1 2 ; ZPOPMAX z 10 ; EXISTS z ; ZPOPMIN z ; ZPOPMIN z 2 ; ZPOPMIN missing ; ZPOPMIN missing 0 ; ZPOPMIN missing -1
            SET s v ; ZPOPMIN s ; ZPOPMAX s 0 ; ZPOPMIN s -1 ; ZADD z 0 a 0 b 0 c ; ZPOPMAX z 3
        """,
        "ZMPOP": """
            ZADD a 1 x 2 y 3 z ; ZADD b 4 u 5 v ; ZMPOP 2 a b MIN ; ZMPOP 2 a b MAX COUNT 5 ; ZMPOP 2 a b max count 1 ; ZMPOP 1 missing MIN
            ZMPOP 2 a b MIN COUNT 10 ; ZMPOP 2 a b MIN ; ZMPOP 0 a MIN ; ZMPOP -1 a MIN ; ZMPOP x a MIN ; ZMPOP 1 a UP ; ZMPOP 3 a b MIN
            ZMPOP 1 a MIN COUNT 0 ; ZMPOP 1 a MIN COUNT -1 ; ZMPOP 1 a MIN COUNT x ; ZMPOP 1 a MIN COUNT ; ZMPOP 1 a MIN COUNT 1 COUNT 2
            ZMPOP 1 a MIN FOO 1 ; ZMPOP 1 a ; SET s v ; ZMPOP 1 s MIN ; ZMPOP 2 missing s MIN ; ZMPOP 9223372036854775807 a MIN ; ZADD c 1 x
            ZMPOP 2 c s MIN ; ZMPOP 2 s c MIN ; ZMPOP 1 a MIN COUNT 9223372036854775807
        """,
        "blocking pops that need not wait": """
            ZADD z 1 a 2 b 3 c 4 d 5 e ; BZPOPMIN z 0 ; BZPOPMAX missing z 0 ; BZMPOP 0 2 missing z MIN ; BZMPOP 0 1 z MAX COUNT 5
            BZPOPMIN missing 0.01 ; BZMPOP 0.01 1 missing MIN ; SET s v ; BZPOPMIN s 0 ; BZPOPMIN missing s 0 ; ZADD z 1 a ; BZPOPMIN z s 0
            BZPOPMIN z -1 ; BZPOPMIN z x ; BZPOPMIN s x ; BZMPOP x 1 z MIN ; BZMPOP -1 1 z MIN ; BZMPOP 0 0 z MIN
            BZMPOP x 0 z MIN ; BZMPOP x 1 z UP ; BZMPOP 0 2 z MIN ; BZMPOP 0 1 z MIN COUNT 0 ; MULTI ; BZPOPMIN missing 0 ; BZMPOP 0 1 missing MIN
            EXEC
        """,
        "timeouts that are too long": since(
            "7.2",
            "BZPOPMIN z inf ; BZPOPMAX z 1e30 ; BZPOPMIN z 1e400 ; BZMPOP 9223372036854775807 1 z MIN",
        ),
        "blocked pops": """
            @b! BZPOPMIN z y 0 ; ZADD y 1 a 2 b ; @b? ; ZRANGE y 0 -1 ; @b! BZPOPMAX z 0 ; ZADD z 1 a 2 b ; @b? ; EXISTS z
            @b! BZMPOP 0 2 w z MAX COUNT 3 ; ZADD w 1 a 2 b ; @b? ; EXISTS w ; @b! BZPOPMIN q 0 ; @c! BZPOPMAX q 0 ; ZADD q 1 a 2 b 3 c ; @b? ; @c?
            ZRANGE q 0 -1 WITHSCORES ; @b! BZPOPMIN t 0 ; SADD t x ; DEL t ; ZADD t 1 a ; @b? ; @b! BZPOPMIN v 0 ; ZADD src 1 a ; RENAME src v ; @b?
            @b! BZPOPMIN v 0 ; ZADD src 1 a ; ZUNIONSTORE v 1 src ; @b? ; @b! BZPOPMIN v 0 ; ZRANGESTORE v src 0 -1 ; @b?
            @b! BZPOPMIN v 0 ; GEOADD v 1 2 m ; @b? ; @b! BZPOPMIN v 0 ; MULTI ; ZADD v 1 a ; ZREM v a ; EXEC ; ZADD v 2 b ; @b?
            @b! BZPOPMIN v 0 ; ZINCRBY v 3 c ; @b?
        """,
        "ZRANDMEMBER": """
            ZADD z 1 a ; ZRANDMEMBER z ; ZRANDMEMBER z 5 ; ZRANDMEMBER z 5 WITHSCORES ; ZRANDMEMBER z -3 ; ZRANDMEMBER z -2 withscores
            ZRANDMEMBER z 0 ; ZRANDMEMBER z 0 WITHSCORES ; ZRANDMEMBER missing ; ZRANDMEMBER missing 3 ; ZRANDMEMBER missing -3 WITHSCORES
            ZRANDMEMBER z x ; ZRANDMEMBER z 1 FOO ; ZRANDMEMBER z 1 WITHSCORES x ; ZRANDMEMBER z -9223372036854775808
            ZRANDMEMBER z 9223372036854775807 WITHSCORES ; ZRANDMEMBER z -9223372036854775807 WITHSCORES ; ZRANDMEMBER z x FOO
            ZADD y 1 a 2 b 3 c ; ~exact ZRANDMEMBER y 3 ; ~exact ZRANDMEMBER y 10 WITHSCORES ; ZRANDMEMBER y 2 WITHSCORES ; ZRANDMEMBER y -7
            SET s v ; ZRANDMEMBER s ; ZRANDMEMBER s 1 ; ZRANDMEMBER s x
        """,
        "ZSCAN": Scenario(
            """
            ZADD z 1 a 2.5 b inf c ; ZSCAN z 0 ; ZSCAN z 0 MATCH a* ; ZSCAN z 0 COUNT 1 ; ZSCAN z 0 COUNT 0 ; ZSCAN z 0 COUNT x ; ZSCAN z 0 TYPE zset
            ZSCAN z x ; ZSCAN z 0 MATCH ; ZSCAN missing 0 ; ZSCAN missing 0 FOO ; ZSCAN missing x ; SET s v ; ZSCAN s 0 ; ZSCAN s x ; ZSCAN z 5
            ZSCAN z 0 count 5 match b ; %many 300 2 ZADD big {} m{} ; %scan ZSCAN big 0 COUNT 7 ; %scan ZSCAN big 0 COUNT 1000 MATCH m1*
            """
        ),
        "encodings": since(
            "7.2",
            """
            ZADD z 1 a ; OBJECT ENCODING z ; %many 128 2 ZADD y {} m{} ; OBJECT ENCODING y ; ZADD y 1 more ; OBJECT ENCODING y ; ZREM y more
            OBJECT ENCODING y ; ZADD z 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING z
            ZADD z 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ; OBJECT ENCODING z
            %many 129 2 ZADD x {} m ; OBJECT ENCODING x ; ZADD w 1 a ; %many 129 2 ZADD w {} m ; OBJECT ENCODING w ; ZUNIONSTORE u 1 y ; OBJECT ENCODING u
            ZRANGESTORE v y 0 -1 ; OBJECT ENCODING v ; ZRANGESTORE v y 0 5 ; OBJECT ENCODING v ; %many 300 2 ZADD t {} m{} ; ZRANGESTORE v t 0 -1
            OBJECT ENCODING v ; ZREMRANGEBYRANK t 5 -1 ; OBJECT ENCODING t ; COPY t c ; OBJECT ENCODING c
            """,
        ),
        "a large sorted set": Scenario(
            """
            %many 300 2 ZADD z {} m{} ; ZRANGE z 100 110 ; ZRANK z m250 ; ZREVRANK z m7 ; ZCOUNT z 10 200 ; ZRANGEBYSCORE z (50 inf LIMIT 100 5
            ZREVRANGEBYSCORE z 200 -inf LIMIT 3 3 ; ZREMRANGEBYSCORE z 100 199 ; ZCARD z ; ZRANGE z 95 105 WITHSCORES ; ZPOPMIN z 3 ; ZPOPMAX z 3
            ZINCRBY z 1000 m5 ; ZRANK z m5 ; ZREMRANGEBYRANK z 10 -10 ; ZRANGE z 0 -1 WITHSCORES
            """
        ),
        "a very large sorted set": Scenario(
            """
            %many 3000 2 ZADD z {} m{} ; %many 2500 2 ZADD z 7 n{} ; ZCARD z ; ZRANGE z 1490 1510 ; ZRANGE z 0 2000 ; ZRANK z m2999 ; ZRANK z n2000
            ZREVRANK z n7 ; ZCOUNT z 7 7 ; ZCOUNT z (7 2000 ; ZRANGEBYSCORE z 7 7 LIMIT 100 3 ; ZRANGEBYSCORE z (7 inf LIMIT 0 1500
            ZREVRANGEBYSCORE z inf 7 LIMIT 2990 5 ; ZINCRBY z 0.5 n100 ; ZINCRBY z -8 n200 ; ZRANK z n100 ; ZRANK z n200 ; ZPOPMIN z 20 ; ZPOPMAX z 20
            ZPOPMIN z ; ZPOPMAX z ; ZREMRANGEBYSCORE z 100 1999 ; ZREMRANGEBYRANK z 5 2400 ; ZCARD z ; ZRANGE z 0 -1 WITHSCORES ; %scan ZSCAN z 0 COUNT 100
            %many 2500 2 ZADD l 0 m{} ; ZLEXCOUNT l [m1 (m2 ; ZRANGEBYLEX l (m1999 + LIMIT 10 10 ; ZREVRANGEBYLEX l [m5 - LIMIT 0 3 ; ZREMRANGEBYLEX l [m1 [m22
            ZRANGE l 0 -1 ; ZDIFF 2 z l ; ZINTER 2 z l WITHSCORES ; ZUNIONSTORE u 2 z l ; ZRANGESTORE r u 100 1400 ; OBJECT ENCODING r
            """
        ),
        "union": """
            ZADD a 1 x 2 y 3 z ; ZADD b 10 y 20 z 30 w ; SADD s x y q ; ZUNION 2 a b ; ZUNION 2 a b WITHSCORES ; ZUNION 3 a b s WITHSCORES
            ZUNION 2 a b WEIGHTS 2 3 WITHSCORES ; ZUNION 2 a b AGGREGATE MIN WITHSCORES ; ZUNION 2 a b AGGREGATE max WITHSCORES WEIGHTS -1 0.5
            ZUNION 1 missing ; ZUNION 2 a missing WITHSCORES ; ZUNION 1 a WEIGHTS 0 WITHSCORES ; ZUNION 2 a a WITHSCORES ; ZUNION 1 s WITHSCORES
            ZUNION 0 a ; ZUNION -1 a ; ZUNION x a ; ZUNION 3 a b ; ZUNION 2 a b WEIGHTS 1 ; ZUNION 2 a b WEIGHTS 1 x ; ZUNION 2 a b AGGREGATE
            ZUNION 2 a b AGGREGATE avg ; ZUNION 2 a b FOO ; ZUNION 2 a b LIMIT 1 ; SET str v ; ZUNION 2 a str ; ZUNION 2 str missing FOO
            ZUNION 2 a b WEIGHTS 1 2 3 ; ZUNION 2 a b WEIGHTS 1 2 WEIGHTS 3 4 WITHSCORES ; ZUNION 2 a b AGGREGATE SUM AGGREGATE MIN WITHSCORES
            ZUNION 9223372036854775807 a ; ZUNION 2 a b WEIGHTS inf -inf WITHSCORES ; ZUNION 2 a b WEIGHTS nan 1
        """,
        "stored union": """
            ZADD a 1 x 2 y 3 z ; ZADD b 10 y 20 z 30 w ; SADD s x y q ; ZUNIONSTORE d 2 a b ; ZRANGE d 0 -1 WITHSCORES
            ZUNIONSTORE d 3 a b s WEIGHTS 1 2 3 AGGREGATE MAX ; ZRANGE d 0 -1 WITHSCORES ; ZUNIONSTORE d 2 a b WITHSCORES ; ZUNIONSTORE d 0 a
            ZUNIONSTORE d 1 missing ; EXISTS d ; SET str v ; ZUNIONSTORE str 1 a ; TYPE str ; ZUNIONSTORE str 1 missing ; EXISTS str
            ZUNIONSTORE a 2 a b ; ZRANGE a 0 -1 WITHSCORES ; EXPIRE a 100 ; ZUNIONSTORE a 1 b ; TTL a ; ZUNIONSTORE d 1 s ; ZRANGE d 0 -1 WITHSCORES
        """,
        "intersection": """
            ZADD a 1 x 2 y 3 z ; ZADD b 10 y 20 z 30 w ; SADD s x y q ; ZINTER 2 a b ; ZINTER 2 a b WITHSCORES ; ZINTER 3 a b s WITHSCORES
            ZINTER 2 a b WEIGHTS 2 3 WITHSCORES ; ZINTER 2 a b AGGREGATE MIN WITHSCORES ; ZINTER 2 b a AGGREGATE max WITHSCORES WEIGHTS -1 0.5
            ZINTER 2 a missing ; ZINTER 2 a a WITHSCORES ; ZINTER 1 s WITHSCORES ; ZINTER 2 s s WITHSCORES ; ZINTER 0 a ; ZINTER 2 a b LIMIT 1
            ZINTERSTORE d 2 a b ; ZRANGE d 0 -1 WITHSCORES ; ZINTERSTORE d 2 a s WEIGHTS 2 5 ; ZRANGE d 0 -1 WITHSCORES ; ZINTERSTORE d 2 a missing
            EXISTS d ; ZINTERSTORE a 2 a b AGGREGATE MIN ; ZRANGE a 0 -1 WITHSCORES ; SET str v ; ZINTERSTORE d 2 a str ; ZINTER 2 missing str
            ZADD i inf x ; ZADD j -inf x ; ZINTER 2 i j WITHSCORES ; ZINTER 2 i j WEIGHTS 0 0 WITHSCORES ; ZUNION 2 i j WITHSCORES
            ZINTER 2 i j WEIGHTS 0 1 AGGREGATE MIN WITHSCORES ; ZINTER 2 i j WEIGHTS 1 0 AGGREGATE MAX WITHSCORES ; ZUNION 2 i j WEIGHTS 0 1 AGGREGATE MAX WITHSCORES
        """,
        "ZINTERCARD": """
            ZADD a 1 x 2 y 3 z ; ZADD b 10 y 20 z 30 w ; SADD s y ; ZINTERCARD 2 a b ; ZINTERCARD 2 a b LIMIT 1 ; ZINTERCARD 2 a b LIMIT 0
            ZINTERCARD 3 a b s ; ZINTERCARD 2 a missing ; ZINTERCARD 0 a ; ZINTERCARD x a ; ZINTERCARD 3 a b ; ZINTERCARD 2 a b LIMIT -1
            ZINTERCARD 2 a b LIMIT x ; ZINTERCARD 2 a b LIMIT ; ZINTERCARD 2 a b WITHSCORES ; ZINTERCARD 2 a b WEIGHTS 1 2 ; ZINTERCARD 1 a LIMIT 1 LIMIT 2
            ZINTERCARD 2 a a limit 2 ; SET str v ; ZINTERCARD 2 a str ; ZINTERCARD 2 str a FOO
        """,
        "difference": """
            ZADD a 1 x 2 y 3 z 4 q ; ZADD b 10 y ; SADD s x r ; ZDIFF 2 a b ; ZDIFF 2 a b WITHSCORES ; ZDIFF 3 a b s WITHSCORES ; ZDIFF 1 a WITHSCORES
            ZDIFF 2 a a ; ZDIFF 2 missing a ; ZDIFF 2 a missing WITHSCORES ; ZDIFF 2 s a WITHSCORES ; ZDIFF 2 a b WEIGHTS 1 2 ; ZDIFF 0 a ; ZDIFF 3 a b
            ZDIFFSTORE d 2 a b ; ZRANGE d 0 -1 WITHSCORES ; ZDIFFSTORE d 2 a b WITHSCORES ; ZDIFFSTORE d 2 a a ; EXISTS d ; ZDIFFSTORE a 2 a b
            ZRANGE a 0 -1 WITHSCORES ; SET str v ; ZDIFFSTORE d 2 a str ; ZDIFF 2 a str ; ZDIFFSTORE str 2 missing a ; EXISTS str ; ZDIFF 2 missing missing
        """,
        "the order of additions is seen in the last digit": since(
            "7.2",
            """
            ZADD a 0.1 x 1 y 2 z ; ZADD b 0.2 x 5 y ; ZADD c 0.3 x ; ZUNION 3 a b c WITHSCORES ; ZUNION 3 c b a WITHSCORES ; ZINTER 3 a b c WITHSCORES
            ZINTER 3 b a c WITHSCORES WEIGHTS 0.1 0.7 0.3 ; ZUNION 3 a b c WEIGHTS 0.1 0.7 0.3 WITHSCORES ; ZUNIONSTORE d 3 a b c ; ZRANGE d 0 -1 WITHSCORES
            """,
        ),
        "wrong types": """
            SET k v ; ZADD k 1 a ; ZADD k x a ; ZINCRBY k 1 a ; ZREM k a ; ZCARD k ; ZSCORE k a ; ZMSCORE k a ; ZRANK k a ; ZREVRANK k a ; ZRANGE k 0 1
            ZRANGE k x 1 ; ZREVRANGE k 0 1 ; ZRANGEBYSCORE k 0 1 ; ZREVRANGEBYSCORE k 0 1 ; ZRANGEBYLEX k - + ; ZREVRANGEBYLEX k + - ; ZCOUNT k 0 1
            ZLEXCOUNT k - + ; ZREMRANGEBYRANK k 0 1 ; ZREMRANGEBYSCORE k 0 1 ; ZREMRANGEBYLEX k - + ; ZPOPMIN k ; ZRANDMEMBER k ; ZSCAN k 0
        """,
        "expiry goes with the last member": "ZADD z 1 a ; EXPIRE z 100 ; ZPOPMIN z ; ZADD z 1 b ; TTL z ; EXPIRE z 100 ; ZADD z 2 c ; TTL z",
    }

    samples = [
        Sample("ZADD zset 1 x", "NX|XX|GT|LT|CH|INCR", without=_LONG),
        Sample("ZADD zset NX 1 x 2 y", "3 z", without=_LONG),
        Sample("ZADD zset GT CH INCR 1 a", without=_LONG),
        Sample("ZINCRBY zset 1 a", without=_LONG),
        Sample("ZREM zset a b"),
        Sample("ZCARD zset"),
        Sample("ZSCORE zset a"),
        Sample("ZMSCORE zset a z"),
        Sample("ZRANK zset a", "WITHSCORE", since="7.2"),
        Sample("ZREVRANK zset a", "WITHSCORE", since="7.2"),
        Sample("ZRANGE zset 0 1", "WITHSCORES|REV|BYSCORE|BYLEX|LIMIT 0 1"),
        Sample("ZRANGE zset 1 2", "BYSCORE LIMIT 0 1|REV|WITHSCORES"),
        Sample("ZREVRANGE zset 0 1", "WITHSCORES|REV"),
        Sample("ZRANGEBYSCORE zset 1 2", "WITHSCORES|LIMIT 0 1|REV"),
        Sample("ZREVRANGEBYSCORE zset 2 1", "WITHSCORES|LIMIT 0 1"),
        Sample("ZRANGEBYLEX zset [a [b", "LIMIT 0 1|WITHSCORES"),
        Sample("ZREVRANGEBYLEX zset [b [a", "LIMIT 0 1"),
        Sample("ZRANGESTORE missing zset 0 1", "REV|BYSCORE|BYLEX|LIMIT 0 1|WITHSCORES"),
        Sample("ZCOUNT zset 1 2"),
        Sample("ZLEXCOUNT zset [a [b"),
        Sample("ZREMRANGEBYRANK zset 0 1"),
        Sample("ZREMRANGEBYSCORE zset 1 2"),
        Sample("ZREMRANGEBYLEX zset [a [b"),
        Sample("ZPOPMIN zset 2"),
        Sample("ZPOPMAX zset"),
        Sample("ZMPOP 2 missing zset MIN", "COUNT 2"),
        Sample("BZPOPMIN zset 0.01", without=_FAR),
        Sample("BZPOPMAX missing zset 0.01", without=_FAR),
        Sample("BZMPOP 0.01 1 zset MAX", "COUNT 2", without=_FAR),
        Sample("ZRANDMEMBER zset 2", "WITHSCORES", without=_ENDLESS),
        Sample("ZSCAN zset 0", "MATCH a*|COUNT 5"),
        Sample("ZUNION 2 zset set", "WEIGHTS 1 2|AGGREGATE MAX|WITHSCORES"),
        Sample("ZINTER 2 zset set", "WEIGHTS 1 2|AGGREGATE MIN|WITHSCORES"),
        Sample("ZDIFF 2 zset set", "WITHSCORES|WEIGHTS 1 2"),
        Sample("ZINTERCARD 2 zset set", "LIMIT 1|WITHSCORES"),
        Sample("ZUNIONSTORE missing 2 zset set", "WEIGHTS 1 2|AGGREGATE SUM|WITHSCORES"),
        Sample("ZINTERSTORE missing 2 zset set", "WEIGHTS 1 2|AGGREGATE SUM"),
        Sample("ZDIFFSTORE missing 2 zset set", "WITHSCORES"),
    ]

    pools = {
        "score": ["1", "2", "0", "-1", "3.5", "-0", "inf", "-inf", "1e3", "0.25", "x"],
        "increment": ["1", "-1", "0.5", "inf", "-inf", "0", "x"],
        "bound": [
            "-inf",
            "+inf",
            "1",
            "(1",
            "2",
            "(2",
            "0",
            "(0",
            "3.5",
            "(-inf",
            "(inf",
            "1e3",
            "x",
        ],
        "weight": ["1", "2", "-1", "0.5", "0", "inf"],
        "far": [0, 1, -1, 2, 100],
    }

    grammar = """
        ZADD {key} ({score} {member})+
        ZADD {key} ({score} {member})+
        ZADD {key} ({score} {member})+
        ZADD {key} [NX|XX] [GT|LT] [CH] ({score} {member})+
        ZADD {key} [NX|XX|GT|LT] INCR {increment} {member}
        ZINCRBY {key} {increment} {member}
        ZREM {key} {member}+
        ZCARD {key}
        ZSCORE {key} {member}
        ZMSCORE {key} {member}+
        ZRANK {key} {member}
        ZREVRANK {key} {member}
        ZRANGE {key} {index} {index} [REV] [WITHSCORES]
        ZRANGE {key} {bound} {bound} BYSCORE [REV] [LIMIT {far} {far}] [WITHSCORES]
        ZREVRANGE {key} {index} {index} [WITHSCORES]
        ZRANGEBYSCORE {key} {bound} {bound} [WITHSCORES] [LIMIT {far} {far}]
        ZREVRANGEBYSCORE {key} {bound} {bound} [WITHSCORES] [LIMIT {far} {far}]
        ZRANGESTORE {key} {key} {index} {index} [REV]
        ZRANGESTORE {key} {key} {bound} {bound} BYSCORE [REV] [LIMIT {far} {far}]
        ZCOUNT {key} {bound} {bound}
        ZREMRANGEBYRANK {key} {index} {index}
        ZREMRANGEBYSCORE {key} {bound} {bound}
        ZPOPMIN {key} [{count}]
        ZPOPMAX {key} [{count}]
        ZMPOP (1 {key}|2 {key} {key}) (MIN|MAX) [COUNT {count}]
        BZPOPMIN {key}+ 0.001
        BZMPOP 0.001 2 {key} {key} (MIN|MAX) [COUNT {count}]
        ZRANDMEMBER {key} [{far}]
        ZRANDMEMBER {key} (0|100) WITHSCORES
        ZSCAN {key} 0 COUNT 1000
        ZUNION (1 {key} [WEIGHTS {weight}]|2 {key} {key} [WEIGHTS {weight} {weight}]) [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
        ZINTER (1 {key}|2 {key} {key} [WEIGHTS {weight} {weight}]) [AGGREGATE (SUM|MIN|MAX)] [WITHSCORES]
        ZDIFF (1 {key}|2 {key} {key}|3 {key} {key} {key}) [WITHSCORES]
        ZINTERCARD (1 {key}|2 {key} {key}) [LIMIT {far}]
        ZUNIONSTORE {key} (1 {key}|2 {key} {key} [WEIGHTS {weight} {weight}]) [AGGREGATE (SUM|MIN|MAX)]
        ZINTERSTORE {key} 2 {key} {key} [WEIGHTS {weight} {weight}] [AGGREGATE (SUM|MIN|MAX)]
        ZDIFFSTORE {key} 2 {key} {key}
        SADD {key} {member}+
        SET {key} {value}
        DEL {key}
        EXPIRE {key} {ttl}
        COPY {key} {key} [REPLACE]
        OBJECT ENCODING {key}
    """


class LexRangeTests(FamilyTests):
    """Ranges of members, where all scores are alike, are as Redis gives them."""

    pools = {"end": ["-", "+", "[a", "(a", "[b", "(c", "[", "(", "[1", "(3", "[d", "[m", "b"]}

    grammar = """
        ZADD {key} (0 {member})+
        ZADD {key} (0 {member})+
        ZADD {key} (0 {member})+
        ZREM {key} {member}
        ZRANGEBYLEX {key} {end} {end} [LIMIT {index} {index}]
        ZREVRANGEBYLEX {key} {end} {end} [LIMIT {index} {index}]
        ZRANGE {key} {end} {end} BYLEX [REV] [LIMIT {index} {index}]
        ZRANGESTORE {key} {key} {end} {end} BYLEX [REV] [LIMIT {index} {index}]
        ZLEXCOUNT {key} {end} {end}
        ZREMRANGEBYLEX {key} {end} {end}
        ZPOPMAX {key}
        ZRANK {key} {member}
        DEL {key}
    """
