"""Tests of pyredis.execution.modules."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pyredis.execution.modules import LoadedModule


class LoadedModuleTests(SynchronousTestCase):
    """A user's module."""

    def test_it_is_described_in_four_fields(self) -> None:
        """A path need not be text."""
        module = LoadedModule("my.module", "/a\udcff.py", 3)

        self.assertEqual(
            module.reply(),
            {b"name": b"my.module", b"ver": 3, b"path": b"/a\xff.py", b"args": []},
        )
