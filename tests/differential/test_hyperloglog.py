"""HyperLogLog commands, compared with a real server, their strings byte for byte."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario

_CORRUPT = r'"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xffhello"'


class HyperLogLogTests(FamilyTests):
    """HyperLogLog commands answer as Redis does."""

    scenarios = {
        "PFADD and PFCOUNT": """
            PFADD h a b c ; GET h ; PFADD h a ; PFADD h ; PFCOUNT h ; GET h ; PFADD h d ; GET h ; PFCOUNT h ; PFADD e ; GET e
            PFCOUNT e ; PFCOUNT missing ; PFCOUNT h e missing ; PFCOUNT missing absent ; PFADD h "" ; PFCOUNT h ; TYPE h
            OBJECT ENCODING h ; STRLEN h ; TTL h ; EXPIRE h 1000 ; PFADD h z ; TTL h
        """,
        "elements of every length": Scenario(
            " ; ".join(f"PFADD h {'x' * size}" for size in range(1, 40)) + " ; GET h ; PFCOUNT h"
        ),
        "from sparse to dense": """
            %times 1500 PFADD h element:{} ; GET h ; PFDEBUG ENCODING h ; PFCOUNT h ; %times 600 PFADD h more:{} ; GET h
            PFDEBUG ENCODING h ; PFCOUNT h ; GET h ; %many 3000 1 PFADD h many:{} ; PFCOUNT h ; GET h
        """,
        "a small limit": Scenario(
            "%times 200 PFADD h element:{} ; GET h ; PFDEBUG ENCODING h ; PFCOUNT h ; PFMERGE i h ; GET i",
            config={"hll-sparse-max-bytes": "120"},
        ),
        "no sparse form": Scenario(
            "PFADD h a ; PFDEBUG ENCODING h ; PFADD h b ; GET h ; PFCOUNT h",
            config={"hll-sparse-max-bytes": "0"},
        ),
        "PFMERGE": """
            PFADD a 1 2 3 ; PFADD b 3 4 5 ; PFMERGE c a b ; GET c ; PFCOUNT c ; PFMERGE a b missing ; GET a ; PFMERGE m ; GET m
            PFMERGE d missing ; GET d ; PFMERGE a ; GET a ; %many 900 1 PFADD x x:{} ; PFMERGE e x a ; GET e ; PFCOUNT e
            PFDEBUG TODENSE b ; PFMERGE f b ; PFDEBUG ENCODING f ; GET f ; PFMERGE a b ; GET a ; PFCOUNT a b x
            EXPIRE c 1000 ; PFMERGE c x ; TTL c
        """,
        "PFDEBUG": """
            PFADD h a b c d e ; PFDEBUG ENCODING h ; PFDEBUG decode h ; PFDEBUG TODENSE h ; PFDEBUG TODENSE h ; PFDEBUG ENCODING h
            PFDEBUG DECODE h ; PFDEBUG GETREG h ; GET h ; PFADD i a ; PFDEBUG GETREG i ; PFDEBUG ENCODING i ; PFDEBUG FOO h
            PFDEBUG FOO missing ; PFDEBUG ENCODING ; PFDEBUG ENCODING h x ; SET s v ; PFDEBUG ENCODING s ; PFDEBUG FOO s
        """,
        "strings that are none": r"""
            SET s v ; PFADD s a ; PFCOUNT s ; PFCOUNT h s ; PFMERGE h s ; PFMERGE s h ; EXISTS h ; SET n 12 ; PFADD n a
            SET n 12 ; INCR n ; PFCOUNT n ; RPUSH l 1 ; PFADD l a ; PFCOUNT l ; PFCOUNT h l ; PFMERGE h l ; PFDEBUG ENCODING l
            SET s "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff" ; PFADD s a ; SET s "HYLL\x00" ; PFADD s a
            SET s "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00abc" ; PFCOUNT s ; PFADD h a ; APPEND h x ; PFCOUNT h
        """,
        "corrupt ones": f"""
            SET h {_CORRUPT} ; PFCOUNT h ; PFCOUNT h h ; PFMERGE i h ; PFMERGE h i ; PFDEBUG GETREG h ; PFDEBUG TODENSE h
            PFDEBUG DECODE h ; PFADD h a ; GET h ; PFADD g a b c ; APPEND g hello ; PFADD g zz ; PFCOUNT g ; GET g
            SET t "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x00" ; PFADD t a b c d ; GET t ; PFCOUNT t
        """,
        "what others wrote counts": r"""
            PFADD h a b c ; SETRANGE h 15 "\x80" ; PFCOUNT h ; SET i "HYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
            PFCOUNT i ; PFADD i a ; GET i ; COPY h j ; PFADD j x y ; GET h ; GET j ; GETRANGE h 0 3
        """,
        "the self test": "PFSELFTEST ; PFSELFTEST x",
    }

    samples = [
        Sample("PFADD missing a b"),
        Sample("PFCOUNT missing"),
        Sample("PFMERGE missing expiring"),
    ]

    grammar = """
        PFADD {key} [{member}+]
        PFADD {key} {element} {element} {element}
        PFCOUNT {key} [{key}] [{key}]
        PFMERGE {key} [{key}] [{key}]
        PFDEBUG (ENCODING|DECODE|TODENSE) {key}
        SET {key} {value}
        GET {key}
        SETRANGE {key} {place} {value}
        DEL {key}
    """
    pools = {"element": [*range(60)], "place": [4, 8, 15, 16, 17, 20]}
