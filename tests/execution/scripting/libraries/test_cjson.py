"""Tests of cjson."""

from twisted.trial.unittest import SynchronousTestCase

from tests.commands.session import Session


class CjsonTests(SynchronousTestCase):
    """JSON in scripts."""

    def eval(self, script: str, *arguments: str) -> object:
        """Return a script's reply."""
        return Session().do("EVAL", script, 0, *arguments)

    def test_encoding(self) -> None:
        """Arrays, objects and escapes are written as Lua CJSON does."""
        for value, text in (
            ("{1, 2.5, 'a'}", b'[1,2.5,"a"]'),
            ("{}", b"{}"),
            ("{a = {true, cjson.null}}", b'{"a":[true,null]}'),
            ("'a/\"\\\\\\n\\1\\127'", b'"a\\/\\"\\\\\\n\\u0001\\u007f"'),
            ("{[3] = 1}", b"[null,null,1]"),
            ("0.1 + 0.2", b"0.3"),
            ("1e20", b"1e+20"),
        ):
            with self.subTest(value):
                self.assertEqual(text, self.eval(f"return cjson.encode({value})"))

    def test_what_cannot_be_encoded(self) -> None:
        """The errors are Lua CJSON's."""
        for value, text in (
            ("tostring", "Cannot serialise function: type not supported"),
            ("{[1000] = 1}", "Cannot serialise table: excessively sparse array"),
            ("{[true] = 1}", "Cannot serialise boolean: table key must be a number or string"),
            ("0/0", "Cannot serialise number: must not be NaN or Inf"),
        ):
            with self.subTest(value):
                script = f"local ok, e = pcall(cjson.encode, {value}) return e"
                self.assertIn(text.encode(), self.eval(script))

    def test_decoding(self) -> None:
        """What is read is written again."""
        for text in ('[1,2.5,"a"]', '{"a":[true,false,null]}', '"\\u20ac"', "[]", '{"x":{}}'):
            with self.subTest(text):
                script = "return cjson.encode({cjson.decode(ARGV[1])})"
                expected = text.replace("\\u20ac", "€").replace("[]", "{}")
                self.assertEqual(f"[{expected}]".encode(), self.eval(script, text))
        self.assertEqual(
            "😀".encode(), self.eval("return cjson.decode(ARGV[1])", '"\\ud83d\\ude00"')
        )

    def test_what_cannot_be_decoded(self) -> None:
        """The errors say what was expected where."""
        for text, expected in (
            ("", "Expected value but found T_END at character 1"),
            ("[1", "Expected comma or array end but found T_END at character 3"),
            ("{1:2}", "Expected object key string but found T_NUMBER at character 2"),
            ('{"a" 1}', "Expected colon but found T_NUMBER at character 6"),
            ("[1] x", "Expected the end but found invalid token at character 5"),
            ("foo", "Expected value but found invalid token at character 1"),
        ):
            with self.subTest(text):
                script = "local ok, e = pcall(cjson.decode, ARGV[1]) return e"
                self.assertIn(expected.encode(), self.eval(script, text))

    def test_depth(self) -> None:
        """It is bounded both ways."""
        script = "cjson.encode_max_depth(1) local ok, e = pcall(cjson.encode, {{}}) return e"
        self.assertIn(b"Cannot serialise, excessive nesting (2)", self.eval(script))
        script = "cjson.decode_max_depth(1) local ok, e = pcall(cjson.decode, '[[]]') return e"
        self.assertIn(
            b"Found too many nested data structures (2) at character 2", self.eval(script)
        )
