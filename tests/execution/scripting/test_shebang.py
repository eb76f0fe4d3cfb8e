"""Tests of the first lines of scripts and libraries."""

from twisted.trial.unittest import SynchronousTestCase

from pyredis.errors import RedisError
from pyredis.execution.scripting.shebang import ScriptFlag, library_header, script_header


class ScriptHeaderTests(SynchronousTestCase):
    """Scripts may declare flags."""

    def test_none(self) -> None:
        """A script without a shebang has declared nothing."""
        self.assertEqual((ScriptFlag.COMPATIBLE, b"return 1"), script_header(b"return 1"))

    def test_flags(self) -> None:
        """They are known by their names; the line's end stays, so that lines count as written."""
        flags, text = script_header(b"#!lua flags=no-writes,allow-stale\nreturn 1")
        self.assertEqual(ScriptFlag.NO_WRITES | ScriptFlag.ALLOW_STALE, flags)
        self.assertEqual(b"\nreturn 1", text)

    def test_refusals(self) -> None:
        """What cannot be understood is refused in Redis' words."""
        for body, text in (
            (b"#!lua", b"ERR Invalid script shebang"),
            (b"#!python\n", b"ERR Unexpected engine in script shebang: #!python"),
            (b"#!lua name=x\n", b"ERR Unknown lua shebang option: name=x"),
            (b"#!lua flags=bad\n", b"ERR Unexpected flag in script shebang: bad"),
            (b'#!lua "\n', b"ERR Invalid engine in script shebang"),
        ):
            with self.assertRaises(RedisError) as caught:
                script_header(body)
            self.assertEqual(text, caught.exception.text)


class LibraryHeaderTests(SynchronousTestCase):
    """Libraries have a name."""

    def test_a_name(self) -> None:
        """Engine, name and text are told apart."""
        self.assertEqual((b"lua", b"x", b"\nf()"), library_header(b"#!lua name=x\nf()"))

    def test_refusals(self) -> None:
        """What cannot be understood is refused in Redis' words."""
        for code, text in (
            (b"return 1", b"ERR Missing library metadata"),
            (b"#!lua name=x", b"ERR Invalid library metadata"),
            (b"#!lua\n", b"ERR Library name was not given"),
            (b"#!lua foo=x\n", b"ERR Invalid metadata value given: foo=x"),
            (
                b"#!lua name=x name=y\n",
                b"ERR Invalid metadata value, name argument was given multiple times",
            ),
        ):
            with self.assertRaises(RedisError) as caught:
                library_header(code)
            self.assertEqual(text, caught.exception.text)
