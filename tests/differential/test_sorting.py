"""SORT and SORT_RO, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import since

_WEIGHTS = """
    RPUSH l 3 1 2 10 ; SADD s 3 1 2 10 ; MSET w1 30 w2 20 w3 10 w10 5 o1 one o2 two o3 three o10 ten
    HSET h1 w 9 n uno ; HSET h2 w 8 n dos ; HSET h3 w 7 n tres
"""


class SortingTests(FamilyTests):
    """SORT and SORT_RO answer as Redis does."""

    scenarios = {
        "numbers": """
            RPUSH l 3 1 2 10 -5 0.5 1e2 ; SORT l ; SORT l DESC ; SORT l ASC ; SORT l DESC ASC ; SORT l ALPHA ; SORT l ALPHA DESC
            SORT l LIMIT 0 3 ; SORT_RO l DESC LIMIT 2 2 ; SADD s 5 4 10 -1 ; SORT s ; ZADD z 1 30 2 20 3 10 ; SORT z ; OBJECT ENCODING z
        """,
        "what is no number": """
            RPUSH l 1 a ; SORT l ; DEL l ; RPUSH l 1 '' ; SORT l ; DEL l ; RPUSH l '' ' ' ; SORT l ; DEL l ; RPUSH l ' 1' 0 ; SORT l ; DEL l
            RPUSH l '1 ' 0 ; SORT l ; DEL l ; RPUSH l nan ; SORT l ; DEL l ; RPUSH l inf -inf 1 Infinity ; SORT l ; DEL l
            RPUSH l 0x10 3 ; SORT l ; DEL l ; RPUSH l "2\\x00zz" 1 ; SORT l ; DEL l ; RPUSH l 1_0 1 ; SORT l ; DEL l ; RPUSH l -0 0 ; SORT l
            DEL l ; RPUSH l +5 1 ; SORT l ; DEL l ; RPUSH l a ; SORT l STORE d ; EXISTS d
        """,
        "what a double cannot hold": "RPUSH l 1e400 ; SORT l",
        "what a double holds in part": "RPUSH l 1e-310 1 ; SORT l",
        "equals": """
            RPUSH l 1 01 1.0 001 0 ; SORT l ; SORT l DESC ; RPUSH m b a c ; SORT m BY nothing_* ; SORT m BY nothing_* DESC
            SORT m BY nothing_* ALPHA ; SORT m BY nothing_* ALPHA DESC ; MSET w_a x w_c w ; SORT m BY w_* ALPHA ; SORT m BY w_* ALPHA DESC
        """,
        "text": r"""
            RPUSH l b a C A "a\x00b" "a\x00a" '' 10 9 "\xff" ; SORT l ALPHA ; SORT l ALPHA DESC ; SORT l ALPHA STORE d ; LRANGE d 0 -1
            SORT l ALPHA DESC STORE d ; LRANGE d 0 -1 ; SORT l ALPHA LIMIT 2 3
        """,
        "BY": f"""
            {_WEIGHTS} ; SORT l BY w* ; SORT l BY w* DESC ; SORT l BY h*->w ; SORT l BY h*->w GET # GET h*->n ; SORT l BY o* ALPHA
            SORT l BY o* ; SORT l BY w*x ; SORT l BY *w ; SORT l BY w* BY o* ALPHA ; SORT s BY w* ; SORT l BY h* ; SORT l BY w*->w
            SORT l BY w* LIMIT 1 2 ; SORT l BY w* DESC LIMIT 1 2 ; SORT l BY o* ALPHA LIMIT 0 2 ; SORT l BY w*-> ; SORT l BY h*->nothing
        """,
        "BY of a constant": f"""
            {_WEIGHTS} ; ZADD z 3 1 2 2 1 3 0 10 ; SORT l BY nosort ; SORT l BY nosort DESC ; SORT l BY nosort LIMIT 1 2
            SORT l BY nosort DESC LIMIT 1 2 ; SORT z BY nosort ; SORT z BY nosort DESC ; SORT z BY nosort LIMIT 1 2
            SORT z BY nosort DESC LIMIT 0 2 ; SORT z BY nosort DESC LIMIT 3 9 ; SORT s BY nosort ; SORT s BY nosort DESC LIMIT 1 2
            SORT s BY nosort STORE d ; LRANGE d 0 -1 ; SORT s BY nosort DESC STORE d ; LRANGE d 0 -1 ; SORT l BY nosort STORE d
            LRANGE d 0 -1 ; SORT l BY nosort BY w* ; SORT l BY w* BY nosort ; SORT l BY '' GET o* ; SORT z BY nosort GET # GET w*
            RPUSH t b a ; SORT t BY nosort ; SORT l BY "\\x00*" ; SORT l BY "w\\x00*"
        """,
        "GET": f"""
            {_WEIGHTS} ; SORT l GET w* ; SORT l GET # ; SORT l GET w* GET # GET o* ; SORT l GET h*->n ; SORT l GET nothing ; SORT l GET h*
            SORT l GET ## ; SORT l GET '' ; SORT l GET * ; SORT l GET l ; SORT l GET w*x ; SORT l GET h*-> ; SORT l GET h*->
            SET 1 self ; SORT l GET * ; SORT l GET h*->n LIMIT 0 1 ; HSET h1->x f v ; SORT l GET h*->x->f ; SORT l GET "#\\x00"
            SET n1 12 ; INCR n1 ; APPEND n2 xy ; SORT l GET n*
        """,
        "LIMIT": """
            RPUSH l 3 1 2 10 ; SORT l LIMIT 0 0 ; SORT l LIMIT 0 -1 ; SORT l LIMIT -5 2 ; SORT l LIMIT 4 1 ; SORT l LIMIT 3 5 ; SORT l LIMIT 100 100
            SORT l LIMIT 1 -7 ; SORT l LIMIT 9223372036854775807 9223372036854775807 ; SORT l LIMIT -9223372036854775808 2
            SORT l LIMIT 1 9223372036854775807 ; SORT l LIMIT a 1 ; SORT l LIMIT 1 a ; SORT l LIMIT 1 ; SORT l LIMIT 9223372036854775808 1
            SORT l LIMIT 0 1 LIMIT 2 1 ; SORT l BY nosort LIMIT 4 1 ; SORT l BY nosort LIMIT 0 0 ; SORT missing LIMIT 0 10
        """,
        "STORE": f"""
            {_WEIGHTS} ; SORT l STORE d ; LRANGE d 0 -1 ; TYPE d ; OBJECT ENCODING d ; SORT l GET h*->n STORE d ; LRANGE d 0 -1
            SET e v EX 100 ; SORT l STORE e ; TTL e ; LRANGE e 0 -1 ; SORT l STORE l ; LRANGE l 0 -1 ; SORT missing STORE d ; EXISTS d
            SORT missing STORE d ; SORT l LIMIT 0 0 STORE l ; EXISTS l ; SORT s STORE a STORE b ; EXISTS a b ; SORT s STORE
            SORT_RO s STORE d ; SORT s DESC STORE s ; TYPE s
        """,
        "what may be sorted": """
            SET str v ; HSET h f v ; SORT str ; SORT h ; SORT missing ; SORT_RO missing ; SORT str STORE d ; XADD x 1-1 f v ; SORT x
            SORT ; SORT l FOO ; SORT l BY ; SORT l GET ; SORT l LIMIT ; SORT_RO ; SORT str FOO ; sort missing asc desc alpha
        """,
        "with expiry": "RPUSH l 1 2 ; SET w1 5 PX 1 ; SET w2 -1 ; %gone w1 ; SORT l BY w* ; SORT l GET w* ; SORT l BY w* STORE l ; TTL l",
        "many": since(
            "7.2",
            "%many 700 1 RPUSH l {} ; SORT l DESC LIMIT 0 5 ; SORT l ALPHA LIMIT 100 5 ; SORT l STORE d ; OBJECT ENCODING d ; %many 700 1 SADD s {} ; SORT s LIMIT 300 3",
        ),
    }

    samples = [
        Sample("SORT list", "ASC|DESC|ALPHA|LIMIT 0 10|BY string|BY w*|GET #|GET w*|STORE missing"),
        Sample("SORT intset", "ALPHA|DESC|LIMIT 0 10|BY nosort|GET #|STORE missing"),
        Sample("SORT list ALPHA LIMIT 0 10"),
        Sample("SORT intset STORE list"),
        Sample("SORT_RO list ALPHA", "DESC|LIMIT 0 10|BY w*|GET #|STORE missing"),
        Sample("SORT_RO intset LIMIT 1 2"),
    ]

    grammar = """
        RPUSH {list} {number}+
        LPUSH {list} {number}+
        SADD {set} {number}+
        ZADD {zset} {index} {number}
        SREM {set} {number}
        LPOP {list}
        SET {weight} {number}
        SET {weight} {text}
        HSET {hash} {field} {number}
        DEL {weight}
        SORT {list} [BY {by}] [LIMIT {index} {count}] [GET {get}] [GET {get}] [ASC|DESC] [ALPHA]
        SORT {list} [BY {by}] [LIMIT {index} {count}] [GET {get}] [ASC|DESC] [ALPHA] [STORE {any}]
        SORT {zset} BY nosort [LIMIT {index} {count}] [GET {get}] [ASC|DESC] [STORE {any}]
        SORT {bag} [BY {number_by}] [LIMIT {index} {count}] [GET {get}] [ASC|DESC] [STORE {any}]
        SORT {bag} ALPHA [LIMIT {index} {count}] [GET {get}] [ASC|DESC] [STORE {any}]
        SORT_RO {list} [BY {by}] [LIMIT {index} {count}] [GET {get}] [ASC|DESC] [ALPHA]
        SORT_RO {bag} [BY {number_by}] [LIMIT {index} {count}] [GET {get}] [ASC|DESC]
        LRANGE {list} 0 -1
        DEL {any}
    """
    pools = {
        "list": ["l1", "l2"],
        "set": ["s1", "s2"],
        "zset": ["z1"],
        # What has no order of its own: that of equal texts is chance there.
        "bag": ["s1", "z1", "s2"],
        "number_by": ["w*", "h*->f", "*"],
        "any": ["l1", "l2", "s1", "z1", "s2"],
        "number": ["1", "2", "3", "10", "-4", "2.5", "1e1", "01", "abc"],
        "text": ["x", "y", "", "xx"],
        "weight": ["w1", "w2", "w3", "w10", "w-4"],
        "hash": ["h1", "h2", "h3"],
        "field": ["f"],
        "by": ["w*", "h*->f", "nosort", "*"],
        "get": ["#", "w*", "h*->f", "nothing"],
        "index": [0, 1, 2, -1, 5],
        "count": [1, 2, 3, 10, -1, 0],
    }
