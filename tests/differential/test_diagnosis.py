"""SLOWLOG, LATENCY, MEMORY, MONITOR and CLIENT PAUSE, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since


class DiagnosisTests(FamilyTests):
    """What looks into a running server answers as Redis does."""

    scenarios = {
        "SLOWLOG": """
            SLOWLOG RESET ; SLOWLOG LEN ; SLOWLOG GET ; SLOWLOG GET 0 ; SLOWLOG GET -1 ; SLOWLOG GET x ; SLOWLOG GET -2
            SLOWLOG GET 1 2 ; SLOWLOG GET 9223372036854775808 ; SLOWLOG foo ; SLOWLOG ; SLOWLOG LEN x ; SLOWLOG RESET x ; slowlog len
        """,
        "SLOWLOG of everything": Scenario(
            """
            SLOWLOG RESET ; SET k v ; SELECT 1 ; GET ; foo ; MULTI ; INCR n ; EXEC ; CLIENT SETNAME me ; SLOWLOG LEN
            CONFIG SET masterauth secret ; CONFIG SET maxmemory 0 masterauth x ; AUTH a b ; AUTH a ; HELLO 2 AUTH a b ; SLOWLOG LEN
            ~type SLOWLOG GET 100 ; SADD s 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            ~type SLOWLOG GET 1 ; CONFIG SET masterauth ''
            """,
            config={"slowlog-log-slower-than": "0"},
        ),
        "LATENCY": """
            LATENCY RESET ; LATENCY LATEST ; LATENCY HISTORY foo ; LATENCY HISTORY ; LATENCY GRAPH foo ; LATENCY GRAPH ; LATENCY RESET foo bar
            LATENCY foo ; LATENCY ; LATENCY LATEST x ; LATENCY HELP x ; LATENCY HISTOGRAM nonsense ; LATENCY DOCTOR x ; latency latest
        """,
        "MEMORY": """
            MEMORY USAGE k ; MEMORY USAGE ; MEMORY USAGE k SAMPLES ; MEMORY USAGE k SAMPLES x ; MEMORY USAGE k SAMPLES -1 ; MEMORY USAGE k foo
            MEMORY USAGE k SAMPLES 0 ; SET k v ; ~type MEMORY USAGE k ; ~type MEMORY USAGE k samples 3 SAMPLES 0 ; MEMORY foo ; MEMORY
            MEMORY DOCTOR x ; MEMORY STATS x ; MEMORY PURGE ; MEMORY PURGE x ; MEMORY HELP x ; COMMAND GETKEYS MEMORY USAGE k
        """,
        "MONITOR": Scenario("PING ; @b MONITOR ; @b GET k ; @b SET k v ; SET k v ; @b? ~type ; @b PING ; @b? ~type ; @b RESET ; PING ; @b GET k ; MONITOR x"),
        "MONITOR in a transaction": "MULTI ; MONITOR ; SET k v ; EXEC",
        "CLIENT PAUSE": since(
            "7.2",
            """
            CLIENT PAUSE ; CLIENT PAUSE x ; CLIENT PAUSE -1 ; CLIENT PAUSE 1.5 ; CLIENT PAUSE 9223372036854775807 ; CLIENT PAUSE 1 foo
            CLIENT PAUSE x foo ; CLIENT PAUSE 1 WRITE x ; CLIENT UNPAUSE ; CLIENT UNPAUSE x ; client pause 0 ; PING ; CLIENT PAUSE 0 write ; SET k v
            """,
        ),
        "writes wait for the end of a pause": """
            CLIENT PAUSE 100000 WRITE ; GET k ; @b! SET k v ; GET k ; @c! INCR n ; SET k ; CLIENT UNPAUSE ; @b? ; @c? ; GET k ; GET n
        """,
        "so do transactions that write": """
            @b MULTI ; @b SET k v ; @c MULTI ; @c GET k ; CLIENT PAUSE 100000 WRITE ; @c EXEC ; @b! EXEC ; GET k ; CLIENT UNPAUSE ; @b? ; GET k
        """,
        "what is published waits": "CLIENT PAUSE 100000 WRITE ; @b! PUBLISH c m ; @c! PFCOUNT k ; CLIENT UNPAUSE ; @b? ; @c?",
        "a pause is neither shortened nor weakened": since(
            "7.2", "CLIENT PAUSE 300 ALL ; @b! CLIENT PAUSE 1 WRITE ; @b? ; PING"
        ),
    }  # fmt: skip

    samples = [
        Sample("SLOWLOG GET 5"),
        Sample("LATENCY HISTORY command"),
        Sample("LATENCY RESET command"),
        Sample("MEMORY USAGE nothing SAMPLES 5"),
    ]
