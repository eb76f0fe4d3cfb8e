"""Folders of servers under test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pyredis.testing.folders import empty_folder, make_folder, remove_folder, remove_left_behind


class FolderTests(SynchronousTestCase):
    """They are new, short, and leave nothing behind."""

    def test_each_is_new(self) -> None:
        """Two folders are two, and empty."""
        first, second = make_folder(), make_folder()
        self.addCleanup(remove_folder, second)
        Path(first, "file").touch()
        remove_folder(first)
        self.assertFalse(os.path.exists(first))
        self.assertEqual(os.listdir(second), [])

    def test_it_is_emptied_but_for_one_path(self) -> None:
        """Files and folders go, what is kept stays."""
        folder = Path(make_folder())
        self.addCleanup(remove_folder, str(folder))
        (folder / "appendonlydir").mkdir()
        for name in ("s", "dump.rdb", "appendonlydir/manifest"):
            (folder / name).touch()
        empty_folder(str(folder), str(folder / "s"))
        self.assertEqual([path.name for path in folder.iterdir()], ["s"])

    def test_a_socket_fits_into_its_path(self) -> None:
        """A path leaves room within the 104 bytes that some systems allow."""
        folder = make_folder()
        self.addCleanup(remove_folder, folder)
        if len(os.environ.get("TMPDIR", "/tmp")) < 40:
            self.assertLess(len(f"{folder}/s"), 100)

    def test_folders_of_ended_processes_are_removed(self) -> None:
        """What a killed run left behind goes; what living processes have stays."""
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        parent = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, parent)
        left, living, other = (
            parent / f"pyredis-{ended.pid}-x" / "1",
            parent / f"pyredis-{os.getpid()}-x",
            parent / "pyredis-notes",
        )
        for path in (left, living, other):
            path.mkdir(parents=True)
        remove_left_behind(str(parent))
        self.assertEqual(sorted(parent.iterdir()), sorted([living, other]))
