"""Tests of pyredis.process_facts."""

from __future__ import annotations

import os
import sys

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pyredis.process_facts import (
    peak_memory,
    process_facts,
    release_memory,
    resident_memory,
    used_memory,
)


class EPollReactor(MemoryReactor):
    """Named as one that polls in a known way."""


class ProcessFactsTests(SynchronousTestCase):
    """What the system says of this process."""

    def test_memory(self) -> None:
        """What is used is less than what is resident, and at most the peak."""
        if not sys.platform.startswith("linux"):
            raise SkipTest("memory is read from Linux' /proc")
        used = used_memory()

        self.assertGreater(used, 1 << 20)
        self.assertLess(used, resident_memory())
        self.assertGreaterEqual(peak_memory() + (1 << 20), used)

    def test_memory_grows_with_what_is_kept(self) -> None:
        """By about as much."""
        if not sys.platform.startswith("linux"):
            raise SkipTest("memory is read from Linux' /proc")
        before = used_memory()
        kept = bytearray(os.urandom(1 << 24))

        self.assertGreaterEqual(used_memory() - before, len(kept) * 9 // 10)

    def test_the_facts(self) -> None:
        """Those of the build are values, those that change are functions."""
        facts = process_facts(EPollReactor())

        self.assertEqual(facts["process_id"], os.getpid())
        self.assertEqual(facts["multiplexing_api"], "epoll")
        self.assertIn(facts["arch_bits"], (32, 64))
        self.assertRegex(facts["gcc_version"], r"\d+\.\d+\.\d+")
        self.assertRegex(facts["redis_build_id"], "[0-9a-f]{16}")
        self.assertRegex(facts["used_cpu_user"](), r"\d+\.\d{6}")
        self.assertRegex(facts["used_cpu_user_children"](), r"\d+\.\d{6}")

    def test_memory_can_be_given_back(self) -> None:
        """It never grows by that."""
        before = used_memory()
        release_memory()

        self.assertLessEqual(used_memory(), before + (1 << 20))
