"""Client-side caching, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario, since

RESP3 = (3,)
"""What is told to the client itself can only be told in RESP3."""


class TrackingTests(FamilyTests):
    """CLIENT TRACKING tells what Redis does, and at the same place among the replies."""

    scenarios = {
        "a key is told once": Scenario(
            "CLIENT TRACKING ON ; SET k v ; GET k ; @b SET k w ; @a? ; @b SET k x ; PING ; GET k ; "
            "@b DEL k ; @a? ; PING",
            protocols=RESP3,
        ),
        "in RESP2 nothing is told": "CLIENT TRACKING ON ; GET k ; @b SET k w ; PING ; SET k 1 ; PING",
        "own changes behind the reply": Scenario(
            "CLIENT TRACKING ON ; SET k v ; MGET k l ; @a* SET k w ; @a* RPUSH l a b ; GET k ; "
            "@a* RENAME k k2 ; LRANGE l 0 -1 ; @a* DEL l",
            protocols=RESP3,
        ),
        "own changes not at all": Scenario(
            "CLIENT TRACKING ON NOLOOP ; GET k ; @a* SET k w ; @b SET k x ; PING ; GET k ; "
            "@b SET k x ; @a? ; @a* EVAL \"return redis.call('set', KEYS[1], 1)\" 1 k",
            protocols=RESP3,
        ),
        "keys that were read, not those that were written": Scenario(
            "CLIENT TRACKING ON ; SET a 1 ; INCR b ; GETDEL a ; GETEX b ; @b MSET a 1 b 1 ; "
            "EXISTS a c ; TYPE b ; @b MSET a 1 b 1 c 1 ; @a? ; @a? ; @a? ; PING",
            protocols=RESP3,
        ),
        "a wrong type was read, too": Scenario(
            "LPUSH l a ; CLIENT TRACKING ON ; GET l ; @b DEL l ; @a? ; PING", protocols=RESP3
        ),
        "in a transaction": Scenario(
            "CLIENT TRACKING ON ; MULTI ; GET a ; SET a 1 ; GET a ; @a* EXEC ; @b SET a 2 ; @a? ; PING",
            protocols=RESP3,
        ),
        "in scripts": since(
            "7.2",
            "CLIENT TRACKING ON ; EVAL \"return redis.call('get', 'a')\" 1 b ; @b MSET a 1 b 1 ; "
            "@a? ; PING ; EVAL_RO \"return redis.call('get', KEYS[1])\" 1 b ; @b SET b 2 ; @a? ; "
            "@a* EVAL \"redis.call('get', KEYS[1]) return redis.call('del', KEYS[1])\" 1 b ; PING",
            protocols=RESP3,
        ),
        "flushed": Scenario(
            "CLIENT TRACKING ON ; @b HELLO 3 ; @b CLIENT TRACKING ON BCAST ; SET k v ; @b? ; GET k ; "
            "@a* FLUSHALL ; @b? ; @a* FLUSHDB ; @b? ; MULTI ; FLUSHDB ; @a* EXEC ; @b? ; "
            "@a* SWAPDB 0 1 ; SWAPDB 1 0 ; @b PING",
            protocols=RESP3,
        ),
        "expired": Scenario(
            "SET k v PX 20 ; CLIENT TRACKING ON ; GET k ; @b %gone k ; @a? ; PING", protocols=RESP3
        ),
        "opting in": Scenario(
            "CLIENT TRACKING ON OPTIN ; GET a ; @b SET a 1 ; PING ; CLIENT CACHING YES ; "
            "CLIENT TRACKINGINFO ; GET a ; CLIENT TRACKINGINFO ; GET b ; @b MSET a 1 b 1 ; @a? ; "
            "CLIENT CACHING yes ; MULTI ; GET a ; GET b ; EXEC ; @b MSET a 1 b 1 ; @a? ; @a? ; PING",
            protocols=RESP3,
        ),
        "opting out": Scenario(
            "CLIENT TRACKING ON OPTOUT ; GET a ; @b SET a 1 ; @a? ; CLIENT CACHING NO ; "
            "CLIENT TRACKINGINFO ; GET a ; @b SET a 1 ; PING ; GET a ; @b SET a 1 ; @a? ; PING",
            protocols=RESP3,
        ),
        "broadcast": Scenario(
            "CLIENT TRACKING ON BCAST PREFIX b PREFIX a: ; @b MSET b2 1 a:1 1 c 1 b1 1 ; @a? ; @a? ; "
            "CLIENT TRACKING ON BCAST PREFIX c ; @b SET c 1 ; @a? ; CLIENT TRACKINGINFO ; "
            "CLIENT TRACKING OFF ; @b SET c 1 ; PING",
            protocols=RESP3,
        ),
        "broadcast to whom": Scenario(
            "@b HELLO 3 ; @b CLIENT TRACKING ON BCAST NOLOOP ; CLIENT TRACKING ON BCAST ; "
            "@b MSET k 1 l 1 ; @a? ; @b PING ; SET k 2 ; @a? ; @b? ; @b GET k",
            protocols=RESP3,
        ),
        "waiting": Scenario(
            "CLIENT TRACKING ON ; LRANGE dst 0 -1 ; @a! BLMOVE src dst LEFT LEFT 0 ; @b PING ; "
            "@b RPUSH src x ; @a? ; @a? ; PING",
            protocols=RESP3,
        ),
        "state": since(
            "7.2",
            "CLIENT TRACKINGINFO ; CLIENT GETREDIR ; CLIENT TRACKING ON NOLOOP ; CLIENT GETREDIR ; "
            "CLIENT TRACKINGINFO ; CLIENT TRACKING on optin ; CLIENT TRACKINGINFO ; "
            "CLIENT TRACKING ON ; CLIENT TRACKINGINFO ; CLIENT TRACKING OFF ; CLIENT TRACKINGINFO ; "
            "CLIENT TRACKING ON BCAST PREFIX x PREFIX a ; CLIENT TRACKING ON BCAST ; "
            "CLIENT TRACKINGINFO ; RESET ; CLIENT TRACKINGINFO",
        ),
        "refused": """
            CLIENT TRACKING MAYBE ; CLIENT TRACKING ON FOO ; CLIENT TRACKING ON REDIRECT ; CLIENT TRACKING ON PREFIX
            CLIENT TRACKING ON REDIRECT abc ; CLIENT TRACKING ON REDIRECT 0 ; CLIENT TRACKING ON REDIRECT 987654
            CLIENT TRACKING ON PREFIX a ; CLIENT TRACKING ON BCAST OPTIN ; CLIENT TRACKING ON BCAST OPTOUT
            CLIENT TRACKING ON OPTIN OPTOUT ; CLIENT TRACKING OFF OPTIN OPTOUT ; CLIENT TRACKING OFF FOO
            CLIENT TRACKING ON BCAST PREFIX foo PREFIX foobar ; CLIENT TRACKING ON BCAST PREFIX foobar PREFIX foo
            CLIENT TRACKING ON BCAST PREFIX foo PREFIX foo ; CLIENT TRACKING ON BCAST PREFIX foo PREFIX bar
            CLIENT TRACKING ON BCAST PREFIX fo ; CLIENT TRACKING ON BCAST PREFIX barb ; CLIENT TRACKING ON
            CLIENT TRACKING OFF ; CLIENT TRACKING ON OPTIN ; CLIENT TRACKING ON OPTOUT ; CLIENT TRACKING ON BCAST
            CLIENT CACHING NO ; CLIENT CACHING FOO ; CLIENT TRACKING OFF ; CLIENT TRACKING ON OPTOUT
            CLIENT CACHING YES ; CLIENT TRACKING ON OPTIN ; CLIENT TRACKING OFF ; CLIENT CACHING YES ; CLIENT CACHING FOO
        """,
    }
    samples = [
        Sample("CLIENT TRACKING OFF", "BCAST|OPTIN|OPTOUT|NOLOOP|PREFIX p"),
        Sample("CLIENT CACHING YES"),
        Sample("CLIENT GETREDIR"),
        Sample("CLIENT TRACKINGINFO"),
    ]
