"""The guide "Testing with PyRedis", and the examples beside it, as their readers would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.test_embedding import ROOT
from tests.integration.test_extending import python_blocks

GUIDE = ROOT / "docs" / "testing.md"

_OPTIONS = ("-q", "-p", "no:cacheprovider", "-p", "pyredis.testing.pytest_plugin")
_OPTIONS += ("-c", os.devnull)


def run_pytest(folder: Path, *paths: str) -> str:
    """Run pytest with PyRedis' plugin in a folder and return what it printed."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *_OPTIONS, "--rootdir", str(folder), *paths],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.stdout + ran.stderr


class GuideTests(SynchronousTestCase):
    """docs/testing.md."""

    def test_every_snippet_passes(self) -> None:
        """Each block of Python is a file of tests that pass."""
        folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        blocks = python_blocks(GUIDE)
        for number, block in enumerate(blocks):
            (folder / f"test_snippet_{number}.py").write_text(block)
        tests = sum(len(re.findall(r"^ *def test_", block, re.MULTILINE)) for block in blocks)
        printed = run_pytest(folder)
        self.assertGreater(tests, 15)
        self.assertRegex(printed, rf"\b{tests + 2} passed")  # one test runs three times

    def test_its_links_lead_somewhere(self) -> None:
        """Every file the guide links to is there."""
        for link in re.findall(r"\]\((\.\./[^)]+)\)", GUIDE.read_text()):
            self.assertTrue((GUIDE.parent / link).exists(), link)


class ExampleTests(SynchronousTestCase):
    """The files under examples/ that test something."""

    def run_example(self, name: str, passing: int) -> None:
        """Run one, all of whose tests must pass."""
        printed = run_pytest(ROOT, f"examples/test_{name}.py")
        self.assertRegex(printed, rf"\b{passing} passed")

    def test_asyncio(self) -> None:
        """Code with redis.asyncio."""
        self.run_example("asyncio", 3)

    def test_threads(self) -> None:
        """A pool of threads."""
        self.run_example("threads", 1)

    def test_celery(self) -> None:
        """An application and its worker."""
        self.run_example("celery", 2)

    def test_subprocess(self) -> None:
        """A program in a process of its own."""
        self.run_example("subprocess", 1)

    def test_twisted(self) -> None:
        """A Twisted application, without a socket."""
        self.run_example("twisted", 3)
