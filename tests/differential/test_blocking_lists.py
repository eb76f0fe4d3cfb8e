"""List commands that wait, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import since

#: What is too far away: Redis 7.0 calls it negative, 7.2 out of range.
_FAR = (b"inf", b"9223372036854775807", b"9223372036854775808", b"1" * 60, b"1e400")


class BlockingListTests(FamilyTests):
    """List commands that wait answer as Redis does."""

    scenarios = {
        "something is there": """
            RPUSH l a b c d e f g ; BLPOP l 0 ; BRPOP missing l 0 ; BLPOP missing l missing 0.1 ; BLMOVE l d LEFT RIGHT 0
            BLMOVE l d right left 0 ; BRPOPLPUSH l d 0 ; BRPOPLPUSH d d 0 ; LRANGE l 0 -1 ; LRANGE d 0 -1
            RPUSH m 1 2 3 4 5 ; BLMPOP 0 2 missing m LEFT ; BLMPOP 0 1 m right COUNT 2 ; BLMPOP 1 1 m LEFT count 100 ; EXISTS m
        """,
        "wrong timeouts": """
            RPUSH l a ; BLPOP l -1 ; BLPOP l abc ; BLPOP l nan ; BLPOP missing -0.5 ; BRPOP l ''
            BLPOP l ' 1' ; BLPOP l 0x ; BLMOVE l l LEFT LEFT -1 ; BLMOVE l l LEFT LEFT x ; BRPOPLPUSH l l -1 ; BRPOPLPUSH l l x
            BLMPOP -1 1 l LEFT ; BLMPOP x 1 l LEFT ; BLMPOP x 0 l LEFT ; BLMPOP x 1 l UP ; BLMOVE l l UP LEFT x
            BLPOP l 0x1p-2 ; RPUSH l b ; BLPOP l 1e-3 ; LRANGE l 0 -1
        """,
        "timeouts without end": since(
            "7.2",
            "RPUSH l a ; BLPOP l inf ; BLPOP l -inf ; BLPOP l 1e300 ; BLPOP l -1e300 ; BLPOP l 1e400 ; BLPOP l -0.0011 ; BLPOP l -0.001 ; LLEN l",
        ),
        "wrong types": """
            SET s v ; RPUSH l a ; BLPOP s 0 ; BLPOP s l 0 ; BLPOP l s 0 ; RPUSH l b ; BLMOVE s l LEFT LEFT 0 ; BLMOVE l s LEFT LEFT 0
            BRPOPLPUSH s l 0 ; BRPOPLPUSH l s 0 ; BLMPOP 0 1 s LEFT ; BLMPOP 0 2 missing s LEFT ; BLMPOP 0 2 l s LEFT
        """,
        "BLMPOP got wrong": """
            RPUSH l a ; BLMPOP 0 0 l LEFT ; BLMPOP 0 -1 l LEFT ; BLMPOP 0 2 l LEFT ; BLMPOP 0 1 l LEFT COUNT 0 ; BLMPOP 0 1 l LEFT COUNT -1
            BLMPOP 0 1 l LEFT COUNT x ; BLMPOP 0 1 l LEFT COUNT ; BLMPOP 0 1 l LEFT COUNT 1 COUNT 1 ; BLMPOP 0 1 l LEFT FOO 1 ; BLMPOP 0 1 l
        """,
        "the time runs out": """
            BLPOP missing 0.01 ; BRPOP missing other 0.01 ; BLMOVE missing d LEFT LEFT 0.01 ; BRPOPLPUSH missing d 0.01
            BLMPOP 0.01 1 missing LEFT ; BLPOP missing 0.0001 ; BRPOPLPUSH missing d 0.001 ; DBSIZE
        """,
        "the time runs out though another type came": "SET s v ; @b! BLPOP k 0.05 ; SET k v ; @b? ; GET k",
        "a push serves": "@b! BLPOP k 0 ; RPUSH k a b ; @b? ; LRANGE k 0 -1 ; @b! BRPOP j k 0 ; LPUSH j c d ; @b? ; LRANGE j 0 -1",
        "each serves as if at once": """
            @b! BLMOVE k d RIGHT LEFT 0 ; RPUSH k a b ; @b? ; @b! BRPOPLPUSH n d 0 ; LPUSH n c ; @b? ; LRANGE d 0 -1 ; EXISTS n
            @b! BLMPOP 0 2 o p LEFT COUNT 2 ; RPUSH p 1 2 3 ; @b? ; LRANGE p 0 -1
        """,
        "first come, first served": """
            @b! BRPOP k 0 ; @c! BLMPOP 0 1 k LEFT COUNT 2 ; @d! BLPOP k 0 ; RPUSH k a b c d ; @b? ; @c? ; @d? ; EXISTS k
            @b! BLPOP k 0 ; @c! BLPOP k 0 ; RPUSH k a ; @b? ; RPUSH k b ; @c? ; LLEN k
        """,
        "one wait for several keys": """
            @b! BLPOP x y x z 0 ; RPUSH y 1 ; @b? ; RPUSH x 2 ; LLEN x ; LLEN y ; @b! BRPOP z z 0 ; RPUSH z 1 2 ; @b? ; LRANGE z 0 -1
        """,
        "keys are served in the order they were pushed": since(
            "7.2",
            "@b! BLPOP x y 0 ; @c! BLPOP y x 0 ; MULTI ; RPUSH y 1 ; RPUSH x 2 ; EXEC ; @b? ; @c? ; DBSIZE",
        ),
        "chains": """
            @b! BLMOVE x y LEFT RIGHT 0 ; @c! BRPOPLPUSH y z 0 ; RPUSH x 1 ; @b? ; @c? ; LRANGE z 0 -1
            @b! BRPOPLPUSH p q 0 ; @c! BRPOPLPUSH q p 0 ; RPUSH p 1 ; @b? ; @c? ; LRANGE p 0 -1 ; EXISTS q
            @b! BLMOVE r r LEFT RIGHT 0 ; RPUSH r 1 2 ; @b? ; LRANGE r 0 -1
        """,
        "a wrong destination is met when served": "SET d v ; @b! BRPOPLPUSH k d 0 ; RPUSH k a ; @b? ; LRANGE k 0 -1",
        "a wrong destination lets the next one through": """
            SET d v ; @b! BRPOPLPUSH k d 0 ; @c! BLPOP k 0 ; RPUSH k a ; @b? ; @c? ; EXISTS k
        """,
        "an earlier key became another type": since(
            "7.2", "@b! BLPOP x y 0 ; SET x v ; RPUSH y 1 ; @b? ; LLEN y"
        ),
        "other types do not wake": """
            @b! BLPOP k 0 ; SADD k m ; DEL k ; SET k v ; DEL k ; HSET k f v ; DEL k ; RPUSH k a ; @b?
        """,
        "what comes and goes in a transaction": """
            @b! BLPOP k 0 ; MULTI ; RPUSH k a ; DEL k ; EXEC ; MULTI ; RPUSH k b c ; LPOP k ; EXEC ; @b? ; EXISTS k
        """,
        "no waiting in a transaction": """
            MULTI ; BLPOP k 0 ; BRPOP k 0 ; BLMOVE k d LEFT LEFT 0 ; BRPOPLPUSH k d 0 ; BLMPOP 0 1 k LEFT ; RPUSH k a b ; BLPOP k 0 ; EXEC
            LRANGE k 0 -1
        """,
        "a list that comes by other ways": """
            RPUSH l a b ; @b! BLPOP k 0 ; RENAME l k ; @b? ; @b! BRPOPLPUSH m d 0 ; COPY k m ; @b? ; @b! BLPOP n 0 ; LMOVE k n LEFT LEFT ; @b?
        """,
        "a list in another database": """
            @b* SELECT 9 ; @b! BLPOP k 0 ; RPUSH k a ; SELECT 9 ; RPUSH k b ; @b? ; SELECT 0 ; LRANGE k 0 -1
        """,
        "requests behind a waiting one wait too": """
            @b! BLPOP k 0 ; RPUSH k a ; @b? ; @b SET x 1 ; GET x
        """,
        "encodings of what was moved": since(
            "7.2",
            """
            @b! BLMOVE k d LEFT LEFT 0 ; %many 600 1 RPUSH k x{} ; @b? ; OBJECT ENCODING k ; OBJECT ENCODING d ; LLEN k
            BLMPOP 0 1 k LEFT COUNT 595 ; OBJECT ENCODING k
            """,
        ),
    }

    samples = [
        Sample("BLPOP list 0.01", without=_FAR),
        Sample("BRPOP list set 0.01", without=_FAR),
        Sample("BLMOVE list list LEFT RIGHT 0.01", without=_FAR),
        Sample("BRPOPLPUSH list list 0.01", without=_FAR),
        Sample("BLMPOP 0.01 2 missing list LEFT", "COUNT 2", without=_FAR),
    ]
