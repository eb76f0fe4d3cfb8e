"""Tests of pyredis.process_facts."""

from __future__ import annotations

import os
import time

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from pyredis.process_facts import process_facts
from pyredis.process_memory import ProcessMemory


class EPollReactor(MemoryReactor):
    """Named as one that polls in a known way."""


class ProcessFactsTests(SynchronousTestCase):
    """What the system says of this process."""

    def test_the_facts(self) -> None:
        """Those of the build are values, those that change are functions."""
        facts = process_facts(EPollReactor(), ProcessMemory(time.perf_counter_ns))

        self.assertEqual(facts["process_id"], os.getpid())
        self.assertEqual(facts["multiplexing_api"], "epoll")
        self.assertIn(facts["arch_bits"], (32, 64))
        self.assertRegex(facts["gcc_version"], r"\d+\.\d+\.\d+")
        self.assertRegex(facts["redis_build_id"], "[0-9a-f]{16}")
        self.assertRegex(facts["used_cpu_user"](), r"\d+\.\d{6}")
        self.assertRegex(facts["used_cpu_user_children"](), r"\d+\.\d{6}")
