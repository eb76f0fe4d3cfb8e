"""The scan family: pages may differ, what a whole iteration returns may not."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.differential.compare import full_scan
from tests.differential.families import DifferentialTestCase, FamilyTests, walking
from tests.differential.frames import parse
from tests.differential.mutations import Sample
from tests.differential.peers import Connection
from tests.differential.script import since

_TYPES = "SET s v ; SET n 12 ; RPUSH l a b ; SADD t a b ; SADD i 1 2 ; HSET h f v"


class ScanTests(FamilyTests):
    """SCAN, SSCAN and HSCAN answer as Redis does."""

    scenarios = {
        "SCAN": f"""
            SCAN 0 ; {_TYPES} ; %scan SCAN 0 ; %scan SCAN 0 COUNT 1 ; %scan SCAN 0 MATCH ? ; %scan SCAN 0 MATCH [ls]
            %scan SCAN 0 TYPE string ; %scan SCAN 0 TYPE list COUNT 1 ; %scan SCAN 0 TYPE LIST ; %scan SCAN 0 TYPE hash MATCH h*
            SCAN 0 COUNT 1000 ; SCAN 0 COUNT 1000 MATCH nothing ; SCAN 0 count 1000 match * type set
        """,
        "SCAN with unknown types": f"{_TYPES} ; %scan SCAN 0 TYPE nonsense ; %scan SCAN 0 TYPE '' ; %scan SCAN 0 TYPE stream",
        "wrong calls": """
            SET s v ; SCAN ; SCAN abc ; SCAN '' ; SCAN 1.5 ; SCAN 0 COUNT 0 ; SCAN 0 COUNT -1 ; SCAN 0 COUNT abc ; SCAN 0 COUNT
            SCAN 0 MATCH ; SCAN 0 FOO ; SCAN 0 FOO 1 ; SCAN 0 TYPE ; SCAN 0 COUNT 1 COUNT 0 ; SCAN 0 COUNT 9223372036854775808
            SCAN 18446744073709551616 ; SCAN ' 0' ; SCAN '0 ' ; SCAN 0x0 ; SSCAN s 0 ; HSCAN s 0 ; SSCAN missing 0 ; HSCAN missing 0
            SSCAN missing abc ; HSCAN missing 0 COUNT 0 ; SSCAN s abc ; HSCAN s 0 COUNT abc ; SSCAN s 0 TYPE set ; SSCAN missing 0 TYPE set
            SSCAN missing ; HSCAN ; SSCAN s 0 FOO bar ; SCAN 0 MATCH a MATCH b ; SCAN 0 COUNT 5 COUNT
        """,
        "SSCAN": """
            SADD i 1 2 3 ; SSCAN i 0 ; SSCAN i 0 COUNT 1 ; SSCAN i 0 MATCH 1 ; SSCAN i 0 MATCH nothing ; SSCAN i 0 COUNT 1 MATCH [12]
            %many 300 1 SADD s m{} ; %scan SSCAN s 0 ; %scan SSCAN s 0 COUNT 3 ; %scan SSCAN s 0 MATCH m1* ; %scan SSCAN s 0 MATCH m?? COUNT 50
            %many 600 1 SADD j {} ; %scan SSCAN j 0 COUNT 17 ; %scan SSCAN j 0 MATCH 1*
        """,
        "SSCAN of a small set": since(
            "7.2",
            "SADD s a b c ; SSCAN s 0 ; SSCAN s 0 COUNT 1 ; SSCAN s 0 MATCH [ab] ; SSCAN s 5 ; SADD i 1 2 ; SSCAN i 7",
        ),
        "HSCAN": """
            HSET h a 1 b 2 c 3 ; HSCAN h 0 ; HSCAN h 0 COUNT 1 ; HSCAN h 0 MATCH a ; HSCAN h 0 MATCH [ab] ; HSCAN h 0 MATCH 1
            %many 300 2 HSET g f{} v{} ; %scan HSCAN g 0 ; %scan HSCAN g 0 COUNT 3 ; %scan HSCAN g 0 MATCH f1* ; %scan HSCAN g 0 MATCH v*
        """,
        "SCAN of a thousand keys": """
            %many 1000 2 MSET key:{} v{} ; %scan SCAN 0 ; %scan SCAN 0 COUNT 7 ; %scan SCAN 0 COUNT 1000 ; %scan SCAN 0 COUNT 100000
            %scan SCAN 0 MATCH key:1* ; %scan SCAN 0 MATCH key:?? TYPE string COUNT 100 ; %scan SCAN 0 TYPE list
        """,
        "databases are scanned apart": "SET a 0 ; SELECT 1 ; SET b 1 ; %scan SCAN 0 ; SELECT 0 ; %scan SCAN 0",
        "expired keys are not returned": "SET k v PX 1 ; SET l v ; %gone k ; %scan SCAN 0 ; %scan SCAN 0 TYPE string",
        "binary patterns": r'MSET "\x00a" 1 "\xffb" 2 "a*" 3 ; %scan SCAN 0 MATCH "\x00*" ; %scan SCAN 0 MATCH "\xff?" ; %scan SCAN 0 MATCH "a\\*"',
    }

    samples = [
        Sample("SCAN 0", "MATCH *|COUNT 100|TYPE string", form="scanned"),
        Sample("HSCAN hash 0", "MATCH f*|COUNT 5"),
        Sample("SSCAN intset 0", "MATCH 1*|COUNT 5"),
    ]


_COMMANDS = {b"SCAN": b"DEL", b"SSCAN": b"SREM", b"HSCAN": b"HDEL"}


class GuaranteeTests(DifferentialTestCase):
    """What is there from the start of an iteration to its end is returned by it."""

    def _iterate(self, scan: bytes, seed: int, size: int, count: int) -> None:
        for peer in (self.pair.oracle, self.pair.subject):
            peer.reset()
            rng = random.Random(seed)
            client = peer.connect()
            stay = {b"stay:%d" % index for index in range(size)}
            go = [b"go:%d" % index for index in range(size)]
            for name in (*stay, *go):
                self._change(client, scan, name, add=True)
            head = (scan,) if scan == b"SCAN" else (scan, b"c")
            cursor, seen, calls = b"0", set(), 0
            while True:
                page = parse(client.call(*head, cursor, b"COUNT", b"%d" % count)).children
                assert page is not None
                step = 2 if scan == b"HSCAN" else 1
                seen.update(child.text for child in (page[1].children or ())[::step])
                cursor = page[0].text
                calls += 1
                if cursor == b"0":
                    break
                for _ in range(rng.randrange(4)):
                    if go and rng.randrange(2):
                        self._change(client, scan, go.pop(rng.randrange(len(go))), add=False)
                    else:
                        self._change(client, scan, b"new:%d" % rng.randrange(10_000), add=True)
                self.assertLess(calls, 40 * size + 100, f"{peer.label}: {scan!r} does not end")
            client.close()
            self.assertEqual(stay - seen, set(), f"{peer.label}: {scan!r} left these out")

    @staticmethod
    def _change(client: Connection, scan: bytes, name: bytes, add: bool) -> None:
        if scan == b"SCAN":
            client.call(*((b"SET", name, b"v") if add else (b"DEL", name)))
        elif scan == b"SSCAN":
            client.call(b"SADD" if add else b"SREM", b"c", name)
        else:
            client.call(*((b"HSET", b"c", name, b"v") if add else (b"HDEL", b"c", name)))

    @walking
    @given(
        st.sampled_from(sorted(_COMMANDS)),
        st.integers(0, 1000),
        st.sampled_from((3, 60, 150)),
        st.sampled_from((1, 3, 10, 50)),
    )
    def test_elements_come_and_go(self, scan: bytes, seed: int, size: int, count: int) -> None:
        """Other elements may be added and removed all the while."""
        self._iterate(scan, seed, size, count)

    def test_a_cursor_held_while_everything_changes(self) -> None:
        """An old cursor stays good after the rest was removed, and an invented one does no harm."""
        for peer in (self.pair.oracle, self.pair.subject):
            peer.reset()
            client = peer.connect()
            self.addCleanup(client.close)
            for index in range(500):
                client.call(b"SET", b"k%d" % index, b"v")
            first = parse(client.call(b"SCAN", b"0", b"COUNT", b"100")).children
            assert first is not None
            seen = {child.text for child in first[1].children or ()}
            for index in range(0, 500, 2):
                client.call(b"DEL", b"k%d" % index)
            rest = full_scan(client, (b"SCAN", first[0].text, b"COUNT", b"10"))
            missing = [
                index
                for index in range(1, 500, 2)
                if b"k%d" % index not in seen and b"\r\nk%d\r\n" % index not in rest
            ]
            self.assertEqual(missing, [], peer.label)
            for cursor in (b"1", b"12345", b"18446744073709551615"):
                self.assertEqual(client.call(b"SCAN", cursor)[:2], b"*2", peer.label)
