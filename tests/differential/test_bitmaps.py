"""Bitmap commands, compared with a real server."""

from __future__ import annotations

from tests.differential.families import FamilyTests
from tests.differential.mutations import Sample
from tests.differential.script import Scenario


class BitmapTests(FamilyTests):
    """Bitmap commands answer as Redis does."""

    scenarios = {
        "SETBIT and GETBIT": r"""
            SETBIT k 7 1 ; SETBIT k 7 1 ; SETBIT k 7 0 ; GETBIT k 7 ; GETBIT k 100 ; SETBIT k 30 1 ; GET k ; STRLEN k
            GETBIT missing 0 ; OBJECT ENCODING k ; SET n 10 ; GETBIT n 2 ; SETBIT n 2 0 ; GET n ; OBJECT ENCODING n
            SET i 5 ; INCR i ; GETBIT i 3 ; SETBIT i 7 1 ; GET i ; SETBIT e 0 0 ; EXISTS e ; GET e ; SET v abc ; SETBIT v 1 1
            OBJECT ENCODING v ; GET v
        """,
        "offsets out of range": """
            SETBIT k 4294967296 1 ; SETBIT k -1 1 ; SETBIT k x 1 ; SETBIT k 0 2 ; SETBIT k 0 -1 ; SETBIT k 0 x ; SETBIT k x x
            SETBIT k 01 1 ; SETBIT k 0 01 ; GETBIT k 4294967296 ; GETBIT k -1 ; GETBIT k x ; GETBIT k #1 ; EXISTS k
        """,
        "deadlines stay": "SET k v EX 1000 ; SETBIT k 1 1 ; TTL k ; BITFIELD k SET u8 0 1 ; TTL k ; BITOP NOT k k ; TTL k",
        "BITCOUNT": r"""
            BITCOUNT missing ; BITCOUNT missing 0 x ; BITCOUNT missing 0 ; SET k foobar ; BITCOUNT k ; BITCOUNT k 0 0
            BITCOUNT k 1 1 ; BITCOUNT k 0 -5 ; BITCOUNT k 1 -2 ; BITCOUNT k -2 -1 ; BITCOUNT k -2 -5 ; BITCOUNT k -2 -5 x
            BITCOUNT k 5 30 ; BITCOUNT k 5 30 BIT ; BITCOUNT k 5 30 BYTE ; BITCOUNT k -100 -1 bit ; BITCOUNT k 0 100 BIT
            BITCOUNT k 100 200 ; BITCOUNT k 3 2 BIT ; BITCOUNT k 0 ; BITCOUNT k 0 x ; BITCOUNT k x 0 ; BITCOUNT k 0 1 x
            BITCOUNT k 0 1 BIT x ; SET n 12345 ; BITCOUNT n ; SET e "" ; BITCOUNT e ; BITCOUNT e 0 -1 ; BITCOUNT e 0 0 BIT
        """,
        "BITPOS": r"""
            BITPOS missing 0 ; BITPOS missing 1 ; BITPOS missing 1 x ; SET k "\xff\xf0\x00" ; BITPOS k 0 ; BITPOS k 1
            BITPOS k 1 2 ; BITPOS k 0 1 ; BITPOS k 0 0 0 ; BITPOS k 0 0 -1 ; BITPOS k 1 -1 -1 ; BITPOS k 1 7 15 BIT
            BITPOS k 0 7 15 BIT ; BITPOS k 0 0 11 BIT ; BITPOS k 0 0 12 BIT ; BITPOS k 1 12 -1 BIT ; BITPOS k 1 -13 -1 BIT
            BITPOS k 2 ; BITPOS k x ; BITPOS k 1 x ; BITPOS k 1 0 x ; BITPOS k 1 0 1 x ; BITPOS k 1 x 1 BIT ; BITPOS k 1 0 x BIT
            BITPOS k 1 0 1 BIT x ; SET o "\xff\xff\xff" ; BITPOS o 0 ; BITPOS o 0 1 ; BITPOS o 0 1 2 ; BITPOS o 0 0 -1
            BITPOS o 0 3 ; BITPOS o 0 0 -1 BIT ; SET z "\x00\x00\x00" ; BITPOS z 1 ; BITPOS z 1 0 -1 ; BITPOS z 0 1
            SET e "" ; BITPOS e 0 ; BITPOS e 1 ; BITPOS e 0 0 ; BITPOS e 0 0 -1
        """,
        "BITOP": r"""
            SET a "\xff\x0f\xaa" ; SET b "\xf0\xf0" ; SET c "" ; BITOP AND d a b ; GET d ; BITOP OR d a b missing ; GET d
            BITOP XOR d a b a ; GET d ; BITOP NOT d a ; GET d ; BITOP not d missing ; EXISTS d ; BITOP AND d a c ; GET d
            BITOP AND d a missing ; GET d ; BITOP OR d c missing ; EXISTS d ; BITOP NOT d a b ; BITOP FOO d a ; BITOP AND d
            SET n 12 ; BITOP OR d n a ; GET d ; OBJECT ENCODING d ; BITOP AND a a a ; GET a ; RPUSH l 1 ; BITOP AND d a l
            BITOP NOT l a ; TYPE l ; SET t x EX 1000 ; BITOP OR t a ; TTL t
        """,
        "BITOP of long strings": Scenario(
            r'%times 40 APPEND a abcdefghijklmnopqrstuvwxyz{} ; %times 30 APPEND b "\x00\xff\x55{}"'
            " ; SETBIT z 100000 1 ; SETBIT y 130000 1 ; BITOP AND d a b ; GET d ; BITOP OR d a b ; GET d"
            " ; BITOP XOR d a b z y ; BITCOUNT d ; BITOP OR d z y ; BITPOS d 1 ; BITCOUNT d 1000 15000"
            " ; BITOP NOT d y ; BITPOS d 0 ; BITOP AND d z y a ; BITPOS d 1 ; STRLEN d"
        ),
        "BITFIELD": """
            BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 #1 ; BITFIELD k INCRBY u8 0 1 ; BITFIELD k OVERFLOW SAT INCRBY u8 0 300
            BITFIELD k OVERFLOW FAIL INCRBY u8 0 1 OVERFLOW WRAP INCRBY u8 0 1 ; BITFIELD k SET i64 3 -1 GET i64 3 GET u63 3
            GET k ; BITFIELD k GET u1 1000 ; STRLEN k ; BITFIELD k ; BITFIELD missing ; BITFIELD missing GET u8 0 ; EXISTS missing
            BITFIELD f OVERFLOW FAIL SET u2 100 9 ; EXISTS f ; STRLEN f ; BITFIELD k SET u8 0 -1 ; BITFIELD k GET u8 0
            BITFIELD k OVERFLOW SAT SET u8 0 -1 SET i8 #1 200 SET i8 #2 -200 ; GET k ; BITFIELD k OVERFLOW FAIL SET u8 0 -1 SET i8 8 128
            BITFIELD k INCRBY i5 100 -17 INCRBY i5 100 -17 ; BITFIELD k OVERFLOW SAT INCRBY i64 0 9223372036854775807 INCRBY i64 0 9223372036854775807
            BITFIELD k OVERFLOW SAT INCRBY i64 0 -9223372036854775808 INCRBY i64 0 -9223372036854775808 ; BITFIELD k INCRBY u63 0 -1
        """,
        "BITFIELD refuses": """
            BITFIELD k GET u64 0 ; BITFIELD k GET i65 0 ; BITFIELD k GET u0 0 ; BITFIELD k GET x8 0 ; BITFIELD k GET u8 -1
            BITFIELD k GET u8 x ; BITFIELD k GET u8 #x ; BITFIELD k GET u8 #-1 ; BITFIELD k GET u8 4294967296 ; BITFIELD k GET u8
            BITFIELD k SET u8 0 ; BITFIELD k SET u8 0 x ; BITFIELD k OVERFLOW x ; BITFIELD k OVERFLOW ; BITFIELD k FOO u8 0
            BITFIELD k GET "" 0 ; BITFIELD k GET u 0 ; BITFIELD k GET U8 0 ; BITFIELD k SET u8 0 1 GET u65 0 ; EXISTS k
            BITFIELD_RO k SET u8 0 1 ; BITFIELD_RO k INCRBY u8 0 x ; BITFIELD_RO k OVERFLOW SAT GET u8 0 ; BITFIELD_RO k OVERFLOW x
            SET n 12 ; BITFIELD_RO n GET u8 0 GET i9 3 ; RPUSH l 1 ; BITFIELD l GET u8 0 ; BITFIELD l SET u8 0 1 ; BITFIELD_RO l GET u8 0
        """,
        "wrong types": """
            RPUSH l 1 ; SETBIT l 0 1 ; GETBIT l 0 ; BITCOUNT l ; BITCOUNT l x ; BITPOS l 1 ; BITPOS l 2 ; BITOP OR d l ; SETBIT l x 1
        """,
    }

    samples = [
        Sample("SETBIT string 3 1", without=(b"4294967295",)),
        Sample("SETBIT number 3 1"),
        Sample("GETBIT string 3"),
        Sample("GETBIT number 3"),
        Sample("BITCOUNT string", "0 1|0 1 BIT|-3 -1 BYTE|0"),
        Sample("BITPOS string 1", "0|0 1|0 1 BIT|-3 -1 BYTE"),
        Sample("BITOP AND missing string number"),
        Sample("BITOP NOT string number"),
        Sample("BITFIELD string GET u8 0", "SET i5 3 7|INCRBY u3 #2 9|OVERFLOW SAT|GET i9 4"),
        Sample("BITFIELD_RO string GET u8 0", "GET i9 4|SET u8 0 1|OVERFLOW SAT"),
    ]

    grammar = """
        SET {key} {value}
        APPEND {key} {value}
        SETBIT {key} {offset} {bit}
        GETBIT {key} {offset}
        BITCOUNT {key} [{index} {index} [BIT|BYTE]]
        BITPOS {key} {bit} [{index} [{index} [BIT|BYTE]]]
        BITOP (AND|OR|XOR) {key} {key} {key} [{key}]
        BITOP NOT {key} {key}
        BITFIELD {key} ([OVERFLOW (WRAP|SAT|FAIL)] (SET {field_type} {place} {int}|INCRBY {field_type} {place} {int}|GET {field_type} {place}))+
        BITFIELD_RO {key} (GET {field_type} {place})+
        DEL {key}
    """
    pools = {
        "field_type": ["u1", "u8", "i8", "u7", "i13", "u63", "i64", "i1", "u32"],
        "place": ["0", "3", "17", "#1", "#2", "100"],
    }
