"""Commands on replicas, of a server that has none, compared with a real one."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import since


class ReplicationTests(FamilyTests):
    """Commands on replicas answer as Redis does without any."""

    scenarios = {
        "WAIT": since(
            "7.2",
            """
            WAIT 0 0 ; WAIT 1 10 ; WAIT -1 0 ; SET k v ; WAIT 1 1 ; WAIT 0 -1 ; WAIT 1 -1 ; WAIT 1 a ; WAIT a 1 ; WAIT 1 1.5 ; WAIT 1
            WAIT 1 9223372036854775807 ; WAIT 9223372036854775808 1 ; WAIT 0 9223372036854775807
            """,
        ),
        "WAIT for ever": "@b! WAIT 1 0 ; SET k v ; @c CLIENT ID",
        "WAITAOF": since(
            "7.2",
            """
            WAITAOF 0 0 0 ; WAITAOF 0 1 10 ; WAITAOF 1 0 0 ; WAITAOF 2 0 0 ; WAITAOF -1 0 0 ; WAITAOF a 0 0 ; WAITAOF 0 -1 0 ; WAITAOF 0 a 0
            WAITAOF 0 0 -1 ; WAITAOF 0 0 a ; WAITAOF 1 -1 0 ; WAITAOF 1 0 -1 ; WAITAOF 0 0 ; WAITAOF 0 0 0 0 ; SET k v ; WAITAOF 0 0 0
            """,
        ),
    }

    samples = [Sample("WAIT 0 10", since="7.2"), Sample("WAITAOF 0 0 10", since="7.2")]
