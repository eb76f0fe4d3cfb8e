"""Stream commands, compared with a real server."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.differential import compare
from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario

_POOLS: dict[str, list[str]] = {
    "id": [*(f"{ms}-{seq}" for ms in range(1, 7) for seq in (1, 2)), "0", "3", "9-9", "x"],
    "open": ["1-*", "2-*", "3-*", "4-*", "5-*", "6-*"],
    "bound": ["-", "+", "2", "3-1", "(2-1", "(4", "5-*", "x"],
    "group": ["g1", "g2"],
    "consumer": ["alice", "bob"],
}
_SIX = "%times 6 XADD s {}-1 f {}"


def _leave_out_pending(case: SynchronousTestCase) -> None:
    """Leave out of the last look at the data what was pending since when: that is a clock."""
    case.patch(compare, "_OWN_OF_STREAMS", (*compare._OWN_OF_STREAMS, b"pending"))


class StreamTests(FamilyTests):
    """Stream commands answer as Redis does."""

    def setUp(self) -> None:
        """Compare what does not depend on the clock."""
        super().setUp()
        _leave_out_pending(self)

    scenarios = {
        "XADD and its IDs": """
            XADD s 1-1 f v ; XADD s 1-1 f v ; XADD s 1-0 f v ; XADD s 1-* f v ; XADD s 5 f v ; XADD s 5 f v ; XADD s 5-* f v g w
            XADD s 0-0 f v ; XADD s 0 f v ; XADD n 0-0 f v ; EXISTS n ; XADD n 0-* f v ; XADD s x f v ; XADD s 1-1-1 f v
            XADD s -1 f v ; XADD s 1- f v ; XADD s - f v ; XADD s + f v ; XADD s 007-03 f v ; XADD s ' 8-1' f v ; XADD s 9--05 f v
            XADD s *-* f v ; XADD s 9-** f v ; XADD s 18446744073709551616-0 f v ; XADD s 9-18446744073709551615 f v
            XADD s 9 f v ; XADD s 18446744073709551615-18446744073709551615 f v ; XADD s * f v ; XADD s 1-1 f v
            XRANGE s - + ; XADD s "20-1\\x00junk" f v ; XADD s 1-1 f ; XADD s 1-1 ; XADD s 1-1 f v g ; XLEN s ; XINFO STREAM s
        """,
        "IDs made of the time": Scenario(
            "~type XADD s * f v ; ~type XADD s * f v ; XLEN s ; XADD s NOMKSTREAM 1-1 f v ; XADD n NOMKSTREAM 1-1 f v ; EXISTS n",
            audit=False,
        ),
        "XADD trims": """
            %times 30 XADD s {}-1 f {} ; XADD s MAXLEN 10 31-1 f v ; XLEN s ; XADD s MAXLEN = 5 32-1 f v ; XADD s MAXLEN ~ 1 33-1 f v
            XLEN s ; XADD s MINID 31 34-1 f v ; XRANGE s - + ; XADD s MINID ~ 34 35-1 f v ; XADD s MAXLEN 0 36-1 f v ; XLEN s
            XADD s MAXLEN 1 MINID 1 37-1 f v ; XADD s MAXLEN -1 37-1 f v ; XADD s MAXLEN x 37-1 f v ; XADD s MINID x 37-1 f v
            XADD s LIMIT 1 37-1 f v ; XADD s LIMIT 0 37-1 f v ; XADD s MAXLEN 1 LIMIT 1 37-1 f v ; XADD s MAXLEN ~ 1 LIMIT x 37-1 f v
            XADD s MAXLEN ~ 1 LIMIT -1 37-1 f v ; XADD s MAXLEN ~ 1 LIMIT 0 37-1 f v ; XADD s maxlen ~ 37-1 f v ; XADD s MAXLEN 37-1 f v
            XADD s NOMKSTREAM NOMKSTREAM MAXLEN 3 38-1 f v ; XADD s MAXLEN 5 NOMKSTREAM ; XINFO STREAM s
        """,
        "nodes end where they do in Redis": Scenario(
            """
            %times 25 XADD s {}-1 f {} ; XADD s 30-1 f v g w ; XTRIM s MAXLEN ~ 20 ; XLEN s ; XINFO STREAM s ; XDEL s 12-1 13-1 24-1
            XTRIM s MAXLEN ~ 12 ; XRANGE s - + COUNT 1 ; XTRIM s MAXLEN ~ 3 LIMIT 4 ; XLEN s ; XTRIM s MINID ~ 23 ; XINFO STREAM s
            XTRIM s MINID 23-1 ; XINFO STREAM s ; XADD s MAXLEN ~ 2 31-1 f v ; XINFO STREAM s ; XTRIM s MAXLEN 0 ; XINFO STREAM s
            """,
            config={"stream-node-max-entries": "5"},
        ),
        "nodes end by their bytes, too": Scenario(
            "%times 40 XADD s {}-1 f {}{}{}{}{} name hello ; %times 40 XADD t {}-1 n -{}00000 m 0{} ; XINFO STREAM s ; XINFO STREAM t"
            " ; XADD s 99-1 f xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            " ; XADD s 99-2 f v ; XINFO STREAM s ; XTRIM s MAXLEN ~ 10 ; XTRIM t MAXLEN ~ 10 ; XLEN s ; XLEN t",
            config={"stream-node-max-bytes": "200"},
        ),
        "XRANGE and XREVRANGE": f"""
            {_SIX} ; XADD s 5-7 a 1 b 2 ; XRANGE s - + ; XREVRANGE s + - ; XRANGE s 2 4 ; XRANGE s 5 5 ; XREVRANGE s 5 2 COUNT 3
            XRANGE s (2-1 (5-7 ; XRANGE s (2 (5 ; XRANGE s ( + ; XRANGE s (- + ; XRANGE s - (+ ; XRANGE s - (0-0 ; XRANGE s - (0
            XRANGE s (18446744073709551615-18446744073709551615 + ; XRANGE s x + ; XRANGE s - x ; XRANGE s + - ; XRANGE s - + COUNT 2
            XRANGE s - + COUNT 0 ; XRANGE s - + COUNT -1 ; XRANGE s - + COUNT x ; XRANGE s - + COUNT ; XRANGE s - + FOO 1
            XRANGE s - + COUNT 1 COUNT 2 ; XRANGE missing - + ; XRANGE missing - + COUNT 0 ; XREVRANGE s - + ; XLEN s ; XLEN missing
        """,
        "XDEL": f"""
            {_SIX} ; XDEL s 2-1 ; XDEL s 2-1 ; XDEL s 3-1 9-9 3-1 4-1 ; XRANGE s - + ; XDEL s x ; XDEL s 0-1 x ; XDEL s 0 ; XDEL s 5
            XDEL s 0-1 1-1 5-1 ; XLEN s ; EXISTS s ; XINFO STREAM s ; XDEL missing 1-1 ; XDEL missing x ; XADD s 3-1 f v ; XADD s 7-1 f v
            XINFO STREAM s ; XDEL s - ; XDEL s +
        """,
        "XTRIM": f"""
            {_SIX} ; XTRIM s MAXLEN 4 ; XTRIM s MAXLEN = 4 ; XTRIM s MINID 4 ; XRANGE s - + ; XTRIM s MAXLEN ~ 0 ; XTRIM s MAXLEN 0 ; XLEN s
            XTRIM s MAXLEN ; XTRIM s MAXLEN x ; XTRIM s MAXLEN -1 ; XTRIM s MINID x ; XTRIM s FOO 1 ; XTRIM s LIMIT 1 ; XTRIM s LIMIT 0
            XTRIM s MAXLEN 1 LIMIT 5 ; XTRIM s MAXLEN ~ 1 LIMIT -5 ; XTRIM s MAXLEN 1 MAXLEN 2 ; XTRIM s MAXLEN 1 2 ; XTRIM missing MAXLEN 0
            XTRIM s NOMKSTREAM MAXLEN 1 ; XTRIM s MAXLEN = ; XTRIM s MAXLEN ~
        """,
        "XSETID": f"""
            XSETID missing 1-1 ; {_SIX} ; XSETID s 9-9 ; XADD s 9-9 f v ; XADD s 9-* f v ; XSETID s 4-1 ; XSETID s x ; XSETID s -
            XSETID s 20-1 ENTRIESADDED 50 MAXDELETEDID 10-1 ; XINFO STREAM s ; XSETID s 20-1 ENTRIESADDED 1 ; XSETID s 20-1 ENTRIESADDED -1
            XSETID s 20-1 ENTRIESADDED x ; XSETID s 20-1 MAXDELETEDID 21-1 ; XSETID s 20-1 MAXDELETEDID x ; XSETID s 20-1 FOO 1
            XSETID s 20-1 ENTRIESADDED ; XDEL s 9-10 ; XTRIM s MAXLEN 0 ; XSETID s 10-1 ENTRIESADDED 0 ; XINFO STREAM s
        """,
        "XREAD": f"""
            {_SIX} ; XADD t 1-1 f v ; XREAD STREAMS s 3 ; XREAD COUNT 2 STREAMS s t 0 0 ; XREAD COUNT 0 STREAMS s 5 ; XREAD COUNT -1 STREAMS s 5
            XREAD STREAMS s $ ; XREAD STREAMS missing 0 ; XREAD STREAMS missing s $ 5 ; XREAD STREAMS s 18446744073709551615-18446744073709551615
            XREAD STREAMS s > ; XREAD STREAMS s x ; XREAD STREAMS s - ; XREAD COUNT x STREAMS s 0
            XREAD COUNT 1 ; XREAD s 0 0 ; XREAD BLOCK x STREAMS s $ ; XREAD BLOCK -1 STREAMS s $
            XREAD BLOCK 1 STREAMS s $ ; XREAD BLOCK 0 STREAMS s 0 ; XREAD NOACK STREAMS s 0
            XREAD GROUP g c STREAMS s 0 ; XREAD count 1 block 1 streams s 0 ; XREAD COUNT 1 COUNT 2 STREAMS s 0 ; XDEL s 6-1 ; XREAD STREAMS s 5
            MULTI ; XREAD BLOCK 0 STREAMS s $ ; EXEC
        """,
        "XREAD BLOCK": """
            XADD s 1-1 f v ; @b! XREAD BLOCK 0 STREAMS s $ ; @c! XREAD BLOCK 0 STREAMS missing s 0 0 ; @d! XREAD BLOCK 0 STREAMS s 2-1
            @c? ; XADD s 2-1 f v ; @b? ; XADD s 3-1 f v g w ; @d? ; @b! XREAD COUNT 1 BLOCK 0 STREAMS n $ ; SET n x ; DEL n
            MULTI ; XADD n 1-1 f v ; XADD n 2-1 f v ; EXEC ; @b?
        """,
        "XGROUP": f"""
            XGROUP CREATE s g 0 ; XGROUP CREATE s g $ MKSTREAM ; XGROUP CREATE s g $ ; XGROUP CREATE s h x ; XGROUP CREATE s h 0 FOO
            {_SIX} ; XGROUP CREATE s h 3-1 ENTRIESREAD 3 ; XGROUP CREATE s i $ ENTRIESREAD -1 ; XGROUP CREATE s j 0 ENTRIESREAD -2
            XGROUP CREATE s j 0 ENTRIESREAD x ; XGROUP CREATE s j 0 ENTRIESREAD ; XGROUP CREATE s j 0 MKSTREAM MKSTREAM ENTRIESREAD 1
            XINFO GROUPS s ; XGROUP SETID s g 2-1 ; XGROUP SETID s g $ ; XGROUP SETID s g - ; XGROUP SETID s g + ; XGROUP SETID s g x
            XGROUP SETID s none 0 ; XGROUP SETID missing g 0 ; XGROUP SETID s g 1-1 ENTRIESREAD 1 ; XGROUP SETID s g 0 MKSTREAM
            XGROUP SETID s g 0 ENTRIESREAD 1 ENTRIESREAD 2 ; XINFO GROUPS s ; XGROUP CREATECONSUMER s g a ; XGROUP CREATECONSUMER s g a
            XGROUP CREATECONSUMER s none a ; XGROUP CREATECONSUMER missing g a ; XGROUP DELCONSUMER s g a ; XGROUP DELCONSUMER s g a
            XGROUP DELCONSUMER s none a ; XGROUP DESTROY s g ; XGROUP DESTROY s g ; XGROUP DESTROY missing g ; XGROUP DESTROY s
            XGROUP FOO s g ; XGROUP ; XGROUP CREATE s ; XGROUP CREATE s k - ; XGROUP CREATE s k (1-1
            XGROUP create s k 0 FOO ; xgroup SetId s g 0 FOO ; xinfo stream s foo ; MULTI ; xinfo Stream s foo bar ; EXEC
        """,
        "XREADGROUP BLOCK": """
            XGROUP CREATE s g $ MKSTREAM ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; @c! XREADGROUP GROUP g c BLOCK 0 STREAMS s >
            @d! XREAD BLOCK 0 STREAMS s $ ; XADD s 1-1 f v ; @b? ; @d? ; XADD s 2-1 f v ; @c?
        """,
        "XACK and XPENDING": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XPENDING s g ; XPENDING s g - + 10 ; XREADGROUP GROUP g b COUNT 3 STREAMS s >
            XREADGROUP GROUP g a COUNT 2 STREAMS s > ; XPENDING s g ; ~near_ms XPENDING s g - + 10 ; ~near_ms XPENDING s g (1-1 (5-1 10
            ~near_ms XPENDING s g - + 2 a ; XPENDING s g - + 10 none ; XPENDING s g IDLE 100000 - + 10 ; ~near_ms XPENDING s g IDLE 0 - + 1
            XPENDING s g - + 0 ; XPENDING s g - + -1 ; XPENDING s g - + x ; XPENDING s g x + 1 ; XPENDING s g - x 1 ; XPENDING s g -
            XPENDING s g - + ; XPENDING s g IDLE 1 - + ; XPENDING s g IDLE x - + 1 ; XPENDING s g FOO 1 - + 1 ; XPENDING s none ; XPENDING missing g
            ~near_ms XPENDING s g - + 1 a b ; XPENDING s g - + 1 a b c d ; XPENDING s g - (0-0 1
            XACK s g 1-1 1-1 9-9 ; XACK s g x ; XACK s g 2-1 x ; XACK s none x ; XACK missing g x ; XACK s g 2-1 3-1 4-1 ; XPENDING s g
        """,
        "XCLAIM": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XREADGROUP GROUP g a COUNT 3 STREAMS s > ; XCLAIM s g b 0 1-1 4-1 9-9 ; XCLAIM s g b 100000 2-1
            XCLAIM s g b 0 2-1 3-1 JUSTID ; ~near_ms XPENDING s g - + 10 ; XCLAIM s g c 0 2-1 IDLE 5000 RETRYCOUNT 7 ; ~near_ms XPENDING s g - + 10
            XCLAIM s g c 0 5-1 9-9 FORCE ; XCLAIM s g c 0 6-1 FORCE JUSTID ; ~near_ms XPENDING s g - + 10 ; XCLAIM s g c 0 1-1 TIME 1000 LASTID 5-1
            XINFO GROUPS s ; XDEL s 2-1 ; XCLAIM s g a 100000 2-1 3-1 ; XPENDING s g ; XCLAIM s g a x 1-1 ; XCLAIM s g a -1 1-1 ; XCLAIM s g a 0 x
            XCLAIM s g a 0 1-1 IDLE ; XCLAIM s g a 0 1-1 IDLE x ; XCLAIM s g a 0 1-1 TIME x ; XCLAIM s g a 0 1-1 RETRYCOUNT x
            XCLAIM s g a 0 1-1 RETRYCOUNT -3 ; XCLAIM s g a 0 1-1 LASTID x ; XCLAIM s g a 0 1-1 FOO ; XCLAIM s g a 0 FORCE ; XCLAIM s none a 0 1-1
            XCLAIM missing g a 0 1-1 ; XCLAIM s g a 0 1-1 FORCE 3-1 ; XCLAIM s g a 0 1-1 IDLE -5 ; XCLAIM s g a 0 1-1 TIME -5 ; ~near_ms XPENDING s g - + 10
        """,
        "XAUTOCLAIM": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XREADGROUP GROUP g a STREAMS s > ; XAUTOCLAIM s g b 0 0 COUNT 2 ; XAUTOCLAIM s g b 0 3-1 COUNT 1 JUSTID
            XAUTOCLAIM s g b 100000 - ; XDEL s 1-1 4-1 ; XAUTOCLAIM s g c 0 - COUNT 2 ; XAUTOCLAIM s g c 0 (3-1 JUSTID ; XPENDING s g
            XAUTOCLAIM s g c x 0 ; XAUTOCLAIM s g c 0 x ; XAUTOCLAIM s g c 0 0 COUNT 0 ; XAUTOCLAIM s g c 0 0 COUNT x ; XAUTOCLAIM s g c 0 0 COUNT
            XAUTOCLAIM s g c 0 0 FOO ; XAUTOCLAIM s none c 0 0 ; XAUTOCLAIM missing g c 0 0 ; XAUTOCLAIM s g c -5 0 ; XAUTOCLAIM s g c 0 +
            XAUTOCLAIM s g c 0 0 COUNT 576460752303423488 ; XAUTOCLAIM s g c 0 (18446744073709551615-18446744073709551615 ; ~near_ms XPENDING s g - + 10
        """,
        "lag and entries read": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XINFO GROUPS s ; XREADGROUP GROUP g a COUNT 1 STREAMS s > ; XINFO GROUPS s ; XDEL s 3-1 ; XINFO GROUPS s
            XREADGROUP GROUP g a COUNT 1 STREAMS s > ; XINFO GROUPS s ; XREADGROUP GROUP g a COUNT 2 STREAMS s > ; XINFO GROUPS s
            XREADGROUP GROUP g a STREAMS s > ; XINFO GROUPS s ; XTRIM s MAXLEN 1 ; XINFO GROUPS s ; XGROUP CREATE s h 0 ; XINFO GROUPS s
            XREADGROUP GROUP h a STREAMS s > ; XINFO GROUPS s ; XDEL s 6-1 ; XINFO GROUPS s ; XADD s 7-1 f v ; XINFO GROUPS s
            XGROUP CREATE s i 5-1 ; XGROUP CREATE s j 7-1 ; XGROUP CREATE s k 8-1 ; XINFO GROUPS s ; XSETID s 9-1 ENTRIESADDED 20 ; XINFO GROUPS s
        """,
        "wrong types": """
            SET k v ; XADD k 1-1 f v ; XLEN k ; XRANGE k - + ; XRANGE k x + ; XREVRANGE k + - ; XDEL k 1-1 ; XDEL k x ; XTRIM k MAXLEN 1
            XTRIM k FOO ; XSETID k 1-1 ; XREAD STREAMS k 0 ; XREAD STREAMS k x ; XREADGROUP GROUP g c STREAMS k > ; XGROUP CREATE k g 0
            XGROUP CREATE k g 0 MKSTREAM ; XGROUP SETID k g 0 ; XGROUP DESTROY k g ; XGROUP CREATECONSUMER k g c ; XGROUP DELCONSUMER k g c
            XACK k g 1-1 ; XPENDING k g ; XPENDING k g - + 1 ; XCLAIM k g c 0 1-1 ; XCLAIM k g c x 1-1 ; XAUTOCLAIM k g c 0 0
            XAUTOCLAIM k g c x 0 ; XINFO STREAM k ; XINFO GROUPS k ; XINFO CONSUMERS k g
        """,
        "every byte as field, value and name": r"""
            XADD "\x00s" 1-1 "" "" "\xff" "\r\n" ; XRANGE "\x00s" - + ; XGROUP CREATE "\x00s" "\xfe\x00g" 0 ; XINFO GROUPS "\x00s"
            XREADGROUP GROUP "\xfe\x00g" "\r\n" STREAMS "\x00s" > ; XPENDING "\x00s" "\xfe\x00g" ; XPENDING "a\x00b" "c\x00d"
            XREADGROUP GROUP "\r\ng" c STREAMS "k\r\n" > ; XINFO CONSUMERS "\x00s" "x\ny" ; XCLAIM "a b" "c\rd" e 0 1-1
        """,
        "a copy is apart": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XREADGROUP GROUP g a COUNT 3 STREAMS s > ; XDEL s 2-1 ; COPY s t ; XADD t 7-1 f v ; XACK t g 1-1
            XPENDING s g ; XPENDING t g ; XINFO STREAM s ; XINFO STREAM t ; XINFO GROUPS t
        """,
    }

    samples = [
        Sample("XADD stream 5-5 f v", "MAXLEN 1|NOMKSTREAM", without=(b"*",)),
        Sample("XADD stream MAXLEN ~ 1 LIMIT 0 5-5 f v", without=(b"*",)),
        Sample("XADD stream MINID 1-1 5-5 f v", without=(b"*",)),
        Sample("XADD missing NOMKSTREAM 5-5 f v", without=(b"*",)),
        Sample("XRANGE stream - +", "COUNT 1|COUNT 0"),
        Sample("XREVRANGE stream 2-1 (1-0", "COUNT 1"),
        Sample("XLEN stream"),
        Sample("XDEL stream 1-1 2-1"),
        Sample("XTRIM stream MAXLEN 0", "LIMIT 1|~|MINID 1-1"),
        Sample("XTRIM stream MINID ~ 1-1 LIMIT 5"),
        Sample("XSETID stream 5-5", "ENTRIESADDED 7|MAXDELETEDID 3-3"),
        Sample("XGROUP CREATE stream g 0", "MKSTREAM|ENTRIESREAD 3"),
        Sample("XGROUP SETID stream g 0", "ENTRIESREAD 3"),
        Sample("XGROUP DESTROY stream g"),
        Sample("XGROUP CREATECONSUMER stream g c"),
        Sample("XGROUP DELCONSUMER stream g c"),
        Sample("XACK stream g 1-1"),
        Sample("XPENDING stream g", "- + 10|IDLE 5 - + 10|- + 10 c"),
        Sample("XCLAIM stream g c 0 1-1", "IDLE 5|TIME 5|RETRYCOUNT 3|FORCE|JUSTID|LASTID 3-3"),
        Sample("XAUTOCLAIM stream g c 0 0", "COUNT 5|JUSTID"),
        Sample("XINFO STREAM stream", "FULL|FULL COUNT 1"),
        Sample("XINFO GROUPS stream"),
        Sample("XINFO CONSUMERS stream g"),
    ]

    grammar = """
        XADD {key} [NOMKSTREAM] [(MAXLEN [=|~] {size}|MINID [=|~] {id})] {id} ({field} {value})+
        XADD {key} {open} f {value}
        XADD {key} {open} f {value}
        XADD {key} MAXLEN ~ {size} LIMIT {size} {id} f {value}
        XDEL {key} ({id})+
        XTRIM {key} (MAXLEN|MINID) [=|~] {id}
        XTRIM {key} MAXLEN [=|~] {size}
        XRANGE {key} {bound} {bound} [COUNT {count}]
        XREVRANGE {key} {bound} {bound} [COUNT {count}]
        XLEN {key}
        XREAD [COUNT {count}] STREAMS {key} {id}
        XINFO STREAM {key}
        DEL {key}
        COPY {key} {key}
    """
    pools = _POOLS


class StreamsSince72Tests(FamilyTests):
    """What Redis 7.2 words or does otherwise than 7.0."""

    def setUp(self) -> None:
        """Skip all of it where the real server is older."""
        super().setUp()
        self.require("7.2")
        _leave_out_pending(self)

    scenarios = {
        "sequence numbers at their end": "XADD s 9-18446744073709551615 f v ; XADD s 9-* f v ; XADD s 9 f v ; XADD s 10-* f v",
        "lists of streams that are not": """
            XREAD STREAMS s ; XREAD STREAMS s t 0 ; XREADGROUP STREAMS s > COUNT 1 2 ; XREADGROUP GROUP g c STREAMS s s >
            XREADGROUP GROUP g c COUNT 1 STREAMS s > 0
        """,
        "timeouts": """
            XREAD BLOCK 9223372036854775807 STREAMS s $ ; XREAD BLOCK 1.5 STREAMS s $ ; XREAD BLOCK x STREAMS s $
            XREADGROUP GROUP g c BLOCK 9223372036854775807 STREAMS s > ; XREADGROUP GROUP g c BLOCK 1.5 STREAMS s >
        """,
        "XREADGROUP": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XREADGROUP GROUP g a COUNT 2 STREAMS s > ; XREADGROUP GROUP g b COUNT 1 STREAMS s >
            XREADGROUP GROUP g a STREAMS s 0 ; XREADGROUP GROUP g a COUNT 1 STREAMS s 1-1 ; XREADGROUP GROUP g b STREAMS s 9
            XREADGROUP GROUP g c NOACK COUNT 1 STREAMS s > ; XPENDING s g ; XDEL s 2-1 6-1 ; XREADGROUP GROUP g a STREAMS s 0
            XREADGROUP GROUP g c STREAMS s > ; XREADGROUP GROUP g c STREAMS s > ; XREADGROUP GROUP g new STREAMS s 0 ; XINFO GROUPS s
            XREADGROUP GROUP g c STREAMS s $ ; XREADGROUP GROUP g c STREAMS s x ; XREADGROUP GROUP none c STREAMS s >
            XREADGROUP GROUP g c STREAMS missing > ; XREADGROUP GROUP g STREAMS s >
            XREADGROUP COUNT 1 NOACK STREAMS s > ; XREADGROUP GROUP g c COUNT x STREAMS s >
            XREADGROUP GROUP g c BLOCK x STREAMS s > ; XREADGROUP GROUP g c BLOCK 1 STREAMS s > ; XREADGROUP GROUP g c BLOCK 0 STREAMS s 0
            XREADGROUP GROUP g c STREAMS s 18446744073709551615-18446744073709551615 ; ~near_ms XINFO STREAM s FULL
        """,
        "groups that go while they are waited for": """
            XGROUP CREATE s g $ MKSTREAM ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; XGROUP DESTROY s g ; @b?
            XGROUP CREATE s g $ ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; DEL s ; @b?
            XGROUP CREATE s g $ MKSTREAM ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; SET s x ; @b?
            DEL s ; XGROUP CREATE s g $ MKSTREAM ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; XADD t 1-1 f v ; XGROUP CREATE t g 0
            RENAME t s ; @b? ; @b! XREADGROUP GROUP g b BLOCK 0 STREAMS s > ; FLUSHALL ; @b?
        """,
        "XSETID below a tombstone": f"""
            {_SIX} ; XSETID s 20-1 MAXDELETEDID 10-1 ; XSETID s 9-9 ; XSETID s 0-0 ; XTRIM s MAXLEN 0 ; XSETID s 1-1 ENTRIESADDED 0
        """,
        "XINFO": f"""
            {_SIX} ; XGROUP CREATE s g 0 ; XGROUP CREATE s a $ ; XREADGROUP GROUP g z COUNT 2 STREAMS s > ; XREADGROUP GROUP g b COUNT 1 STREAMS s >
            XGROUP CREATECONSUMER s g never ; XINFO STREAM s ; ~near_ms XINFO STREAM s FULL ; ~near_ms XINFO STREAM s FULL COUNT 1
            ~near_ms XINFO STREAM s full count 0 ; ~near_ms XINFO STREAM s FULL COUNT -1 ; XINFO STREAM s FULL COUNT x ; XINFO STREAM s FULL COUNT
            XINFO STREAM s FULL FOO 1 ; XINFO STREAM s FOO ; ~near_ms XINFO CONSUMERS s g ; XINFO CONSUMERS s a ; XINFO CONSUMERS s none
            XINFO CONSUMERS missing g ; XINFO GROUPS missing ; XINFO STREAM missing ; XINFO STREAM missing FOO ; XINFO GROUPS s x ; XINFO FOO s
            XINFO ; XINFO HELP ; XGROUP HELP
        """,
    }

    samples = [
        Sample("XREAD COUNT 1 STREAMS stream 0"),
        Sample("XREAD STREAMS stream missing 0 $"),
        Sample("XREADGROUP GROUP g c COUNT 1 STREAMS stream >", "NOACK"),
    ]

    grammar = """
        XADD {key} {open} f {value}
        XADD {key} {open} f {value}
        XADD {key} {open} f {value}
        XDEL {key} ({id})+
        XTRIM {key} MAXLEN [=|~] {size}
        XTRIM {key} MINID [=|~] {id}
        XSETID {key} {id} [ENTRIESADDED {size}] [MAXDELETEDID {id}]
        XGROUP CREATE {key} {group} ({id}|$|0) [MKSTREAM] [ENTRIESREAD {count}]
        XGROUP CREATE {key} {group} 0 MKSTREAM
        XGROUP SETID {key} {group} ({id}|$) [ENTRIESREAD {count}]
        XGROUP DESTROY {key} {group}
        XGROUP CREATECONSUMER {key} {group} {consumer}
        XGROUP DELCONSUMER {key} {group} {consumer}
        XREADGROUP GROUP {group} {consumer} [COUNT {count}] [NOACK] STREAMS {key} >
        XREADGROUP GROUP {group} {consumer} [COUNT {count}] STREAMS {key} >
        XREADGROUP GROUP {group} {consumer} [COUNT {count}] STREAMS {key} {id}
        XACK {key} {group} ({id})+
        XPENDING {key} {group}
        XCLAIM {key} {group} {consumer} (0|1000000) ({id})+ [RETRYCOUNT {count}] [FORCE] [JUSTID] [LASTID {id}]
        XAUTOCLAIM {key} {group} {consumer} (0|1000000) {bound} [COUNT {count}] [JUSTID]
        XINFO STREAM {key}
        XINFO GROUPS {key}
        DEL {key}
        COPY {key} {key}
    """
    pools = _POOLS
