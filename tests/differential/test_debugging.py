"""DEBUG, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since


class DebugTests(FamilyTests):
    """DEBUG answers as Redis does, and digests are the same."""

    scenarios = {
        "no such subcommand": "DEBUG ; DEBUG foo ; DEBUG Sleep ; DEBUG Sleep 0 0 ; debug DIGEST x ; DEBUG '' ; DEBUG Object",
        "DIGEST of every type": r"""
            DEBUG DIGEST ; SET s value ; SET n 12345 ; APPEND a tail ; RPUSH l a b 1 ; SADD ints 1 2 3 ; SADD set a b 1
            HSET h f v g 7 ; SET e v EX 100 ; SET "\x00\r\n" "\xff" ; DEBUG DIGEST-VALUE s n a l ints set h e nothing ; DEBUG DIGEST
            SELECT 5 ; SET s value ; DEBUG DIGEST ; DEBUG DIGEST-VALUE
        """,
        "DIGEST of sorted sets": since(
            "7.2",
            """
            ZADD z 0 a -0 b 1.5 c 1e20 d 123456789 e 1000000000 f inf g -inf h 1e-7 i 9007199254740993 j 3.14159 k
            DEBUG DIGEST-VALUE z ; %times 200 ZADD big {}.25 m{} ; DEBUG DIGEST-VALUE big ; DEBUG DIGEST
            """,
        ),
        "DIGEST of big collections": """
            %times 600 SADD s member{} ; %times 600 HSET h f{} {} ; %times 600 RPUSH l {} ; DEBUG DIGEST-VALUE s h l ; DEBUG DIGEST
        """,
        "DIGEST of streams": Scenario(
            "XADD x 1-1 f v ; XADD x 2-9 f v g w ; XDEL x 1-1 ; DEBUG DIGEST-VALUE x",
            needs=("XADD",),
        ),
        "PROTOCOL": """
            DEBUG PROTOCOL string ; DEBUG PROTOCOL integer ; DEBUG PROTOCOL double ; DEBUG PROTOCOL bignum ; DEBUG PROTOCOL null
            DEBUG PROTOCOL array ; DEBUG PROTOCOL set ; DEBUG PROTOCOL map ; DEBUG PROTOCOL VERBATIM ; DEBUG PROTOCOL true
            DEBUG PROTOCOL false ; DEBUG PROTOCOL foo ; DEBUG PROTOCOL
        """,
        "ERROR": r'DEBUG ERROR foo ; DEBUG ERROR "FOO bar" ; DEBUG ERROR "a\r\nb" ; DEBUG ERROR ; DEBUG ERROR a b',
        "POPULATE": r"""
            SET key:1 mine ; DEBUG POPULATE 3 ; MGET key:0 key:1 key:2 key:3 ; DEBUG POPULATE 2 p ; MGET p:0 p:1 ; DEBUG POPULATE 2 q 3
            MGET q:0 q:1 ; DEBUG POPULATE 1 r 12 ; GET r:0 ; DEBUG POPULATE -1 ; DEBUG POPULATE x ; DEBUG POPULATE 1 p x ; DEBUG POPULATE 1 p 1 1
        """,
        "what is not there": since(
            "7.2",
            """
            DEBUG OBJECT k ; DEBUG SDSLEN k ; DEBUG LISTPACK k ; DEBUG HTSTATS-KEY k ; DEBUG HTSTATS 99 ; DEBUG HTSTATS x ; DEBUG HTSTATS
            SET k 5 ; DEBUG SDSLEN k ; DEBUG LISTPACK k ; DEBUG HTSTATS-KEY k ; RPUSH l a ; DEBUG LISTPACK l ; DEBUG SDSLEN l ; DEBUG HTSTATS 3
            """,
        ),
        "switches": since(
            "7.2",
            """
            DEBUG SET-ACTIVE-EXPIRE 0 ; DEBUG SET-ACTIVE-EXPIRE 1 ; DEBUG SET-ACTIVE-EXPIRE ; DEBUG SLEEP 0 ; DEBUG SLEEP x
            DEBUG PAUSE-CRON 1 ; DEBUG PAUSE-CRON 0 ; DEBUG PAUSE-CRON ; DEBUG SET-DISABLE-DENY-SCRIPTS 0 ; DEBUG SET-SKIP-CHECKSUM-VALIDATION 0
            DEBUG QUICKLIST-PACKED-THRESHOLD 100b ; DEBUG QUICKLIST-PACKED-THRESHOLD 4gb ; DEBUG QUICKLIST-PACKED-THRESHOLD x
            DEBUG QUICKLIST-PACKED-THRESHOLD 0 ; DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER ; DEBUG REPLYBUFFER PEAK-RESET-TIME reset
            DEBUG REPLYBUFFER PEAK-RESET-TIME 100 ; DEBUG REPLYBUFFER peak-reset-time x ; DEBUG REPLYBUFFER RESIZING 1
            DEBUG replybuffer foo 1 ; DEBUG REPLYBUFFER PEAK-RESET-TIME RESET ; DEBUG LOG hello ; DEBUG CONFIG-REWRITE-FORCE-ALL x
            """,
        ),
        "inside a transaction": "MULTI ; SET k v ; DEBUG DIGEST-VALUE k ; DEBUG foo ; DEBUG ERROR x ; EXEC",
    }

    samples = [
        Sample("DEBUG DIGEST-VALUE string list"),
        Sample("DEBUG PROTOCOL map"),
        Sample(
            "DEBUG POPULATE 2 p 3", without=(b"9223372036854775807", b"4294967296", b"2147483648")
        ),
    ]
