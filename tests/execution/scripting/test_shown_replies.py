"""Tests of pyredis.execution.scripting.shown_replies: replies in one line."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.scripting.shown_replies import shown
from pyredis.wire.encoder import encoded
from pyredis.wire.replies import NULL_ARRAY, OK, BigNumber, Boolean, Double, SetReply, Verbatim


class ShownTests(SynchronousTestCase):
    """Every kind of reply."""

    def test_both_protocols(self) -> None:
        """What has no form of its own in RESP2 is shown as what it is there."""
        for reply, in_resp2, in_resp3 in (
            (b'a"\n', rb'"a\"\n"', rb'"a\"\n"'),
            (b"", b'""', b'""'),
            (7, b"7", b"7"),
            (None, b"NULL", b"(null)"),
            (NULL_ARRAY, b"NULL", b"(null)"),
            (OK, b'"+OK"', b'"+OK"'),
            (RedisError("x"), b'"-ERR x"', b'"-ERR x"'),
            ([], b"[]", b"[]"),
            ([1, [b"a", None]], b'[1,["a",NULL]]', b'[1,["a",(null)]]'),
            ({b"a": 1, b"b": 2}, b'["a",1,"b",2]', b'{"a" => 1,"b" => 2}'),
            (SetReply([1, 2]), b"[1,2]", b"~(1,2)"),
            (Double(1.5), b'"1.5"', b"(double) 1.5"),
            (Boolean.TRUE, b"1", b"#true"),
            (Boolean.FALSE, b"0", b"#false"),
            (BigNumber(b"123"), b'"123"', b"123"),
            (Verbatim(b"x"), b'"x"', b'"txt:x"'),
        ):
            self.assertEqual(shown(encoded(reply, 2)), in_resp2)
            self.assertEqual(shown(encoded(reply, 3)), in_resp3)
