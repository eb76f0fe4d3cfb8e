"""Directives of redis.conf as keyword arguments."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.config.conf_file import ConfigFileError, Loader
from pyredis.config.keywords import load_keywords
from pyredis.config.settings import Settings


class LoadKeywordsTests(SynchronousTestCase):
    """How values are spelled, and what is said of wrong ones."""

    def test_values(self) -> None:
        """Booleans, numbers, blanks, None for the default, and lists of lines."""
        settings = Settings()
        directives = load_keywords(
            Loader(settings),
            {
                "appendonly": True,
                "hz": 20,
                "requirepass": 'two "words"\n',
                "maxmemory": None,
                "save": ["900 1", "300 10"],
                "user": ["ann on >pw", "bob off"],
                "loadmodule": "visits",
            },
        )
        self.assertEqual((settings.appendonly, settings.hz, settings.maxmemory), (True, 20, 0))
        self.assertEqual(settings.get(b"requirepass"), [("requirepass", b'two "words"\n')])
        self.assertEqual(settings.get(b"save"), [("save", b"900 1 300 10")])
        self.assertEqual(directives.users, [[b"ann", b"on", b">pw"], [b"bob", b"off"]])
        self.assertEqual([module.path for module in directives.modules], ["visits"])

    def test_wrong_ones(self) -> None:
        """The error names the directive, and the one that may have been meant."""
        for given, text in (
            ({"maxmemory": "much"}, "maxmemory: argument must be a memory value"),
            ({"port": 99999}, "port: argument must be between 0 and 65535 inclusive"),
            (
                {"maxmemroy": 1},
                "there is no option or directive maxmemroy, did you mean maxmemory?",
            ),
            ({"frozn": True}, "there is no option or directive frozn, did you mean frozen?"),
            ({"qqq": 1}, "there is no option or directive qqq"),
        ):
            with self.assertRaises(ConfigFileError) as caught:
                load_keywords(Loader(Settings()), given, ["frozen"])
            self.assertEqual(str(caught.exception), text)

    def test_a_file_that_is_included(self) -> None:
        """A wrong line of it has its number there, and is not taken for one of ours."""
        loader = Loader(Settings(), read=lambda path: b"hz 20\nport x\n")
        with self.assertRaises(ConfigFileError) as caught:
            load_keywords(loader, {"include": "some.conf"})
        self.assertEqual(caught.exception.path, "some.conf")
        self.assertIn("line 2", str(caught.exception))
