"""Tests of pyredis.process_memory."""

from __future__ import annotations

import os
import sys
from itertools import chain

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pyredis import process_memory
from pyredis.process_memory import (
    ProcessMemory,
    allocator_statistics,
    own_memory,
    release_memory,
    resident_memory,
)

MEGABYTE = 1 << 20


class ProcessMemoryTests(SynchronousTestCase):
    """What the process has in use beyond the program."""

    def setUp(self) -> None:
        """Measure, by a clock that stands."""
        if process_memory._SMALL is None:
            raise SkipTest("the allocators cannot be asked on this platform")
        self.now = 0
        self.memory = ProcessMemory(lambda: self.now)

    def test_nothing_was_added(self) -> None:
        """The program itself does not count."""
        self.assertLess(self.memory.used(), MEGABYTE)

    def test_it_begins_anew(self) -> None:
        """What is in use at that moment, a little or much, does not count from then on."""
        self.memory.end_startup()
        for size in (1_000, 100_000):
            kept = [os.urandom(67) for _ in range(size)]
            self.now += 10**9
            self.memory.begin_anew()
            self.assertEqual(self.memory.peak, self.memory.startup)
            self.assertApproximates(self.memory.used(), self.memory.startup, MEGABYTE // 4)
            before = self.memory.used()
            more = [os.urandom(67) for _ in range(50_000)]
            self.assertApproximates(self.memory.used() - before, 50_000 * 120, MEGABYTE)
            del kept, more

    def test_it_begins_anew_again_soon(self) -> None:
        """What was measured a moment ago is good enough, data that are gone no longer count."""
        self.memory.end_startup()
        self.now += 10**9
        self.memory.begin_anew()
        data = [os.urandom(67) for _ in range(50_000)]
        self.memory.used()
        data.clear()
        self.memory.begin_anew()
        self.assertEqual(self.memory.peak, self.memory.startup)
        self.assertApproximates(self.memory.used(), self.memory.startup, MEGABYTE // 4)

    def test_large_objects(self) -> None:
        """They show at once, and no longer when they are freed."""
        before = self.memory.used()
        kept = bytearray(os.urandom(16 * MEGABYTE))

        self.assertApproximates(self.memory.used() - before, len(kept), MEGABYTE)
        self.assertGreaterEqual(self.memory.peak, len(kept))
        del kept
        self.assertLess(self.memory.used() - before, MEGABYTE)

    def test_small_objects(self) -> None:
        """They show as well, though their memory does not go back to the system."""
        before = self.memory.used()
        kept = [os.urandom(67) for _ in range(50_000)]

        # A hundred bytes with their head, rounded to sixteens, and eight for the place.
        self.assertApproximates(self.memory.used() - before, 50_000 * 120, MEGABYTE)
        kept.clear()
        self.assertLess(self.memory.used() - before, MEGABYTE)

    def test_estimates(self) -> None:
        """Until the figure is old, small objects are average ones, or as they were told to be."""
        ticks = iter(range(0, 10**9, 1000))
        memory = ProcessMemory(lambda: next(ticks))
        before = memory.used()
        kept = [os.urandom(400) for _ in range(1_900)]

        self.assertApproximates(memory.estimate() - before, 1_900 * 88, MEGABYTE // 8)
        memory.note_freed(-6_000_000)
        self.assertGreater(memory.estimate() - before, 5 * MEGABYTE)
        for _ in range(50):
            after = memory.estimate()
        self.assertApproximates(after - before, 1_900 * 456, MEGABYTE // 8)
        kept.clear()

    def test_many_objects_are_measured(self) -> None:
        """However long the figure were good for else: what is average is not known of many."""
        now = chain(range(0, 4_000_000, 1_000_000), range(4_000_000, 10**9, 10))
        memory = ProcessMemory(lambda: next(now))
        before = memory.used()
        many = sys.getallocatedblocks() // 16
        kept = [os.urandom(400) for _ in range(many)]
        self.assertApproximates(memory.estimate() - before, many * 456, 2 * MEGABYTE)
        kept.clear()
        self.assertApproximates(memory.estimate() - before, 0, 2 * MEGABYTE)

    def test_small_growth_shows_at_once(self) -> None:
        """A limit is not passed unnoticed by what came since the last measurement."""
        now = chain(range(0, 4_000_000, 1_000_000), range(4_000_000, 10**9, 10))
        memory = ProcessMemory(lambda: next(now))
        before = memory.used()
        kept = []
        for count in range(1, 6):
            kept += [os.urandom(47) for _ in range(10_000)]
            # Nothing is measured anew yet: the last time took long.
            for _ in range(20):
                memory.estimate()
            self.assertApproximates(
                memory.estimate() - before, count * 10_000 * 88, count * MEGABYTE // 8
            )
        kept.clear()

    def test_startup(self) -> None:
        """What is in use when the server has started is what it needs for itself."""
        kept = bytearray(4 * MEGABYTE)
        self.memory.end_startup()

        self.assertApproximates(self.memory.startup, len(kept), MEGABYTE)

    def test_without_the_allocators(self) -> None:
        """Resident memory stands in."""
        self.patch(process_memory, "_SMALL", None)
        self.patch(process_memory, "_MALLINFO", None)
        memory = ProcessMemory(lambda: self.now)

        self.assertEqual(allocator_statistics(), b"")
        self.assertGreater(memory.program, MEGABYTE)
        self.assertApproximates(memory.used() + memory.program, own_memory(), MEGABYTE)
        self.assertApproximates(memory.estimate() + memory.program, own_memory(), MEGABYTE)


class SystemTests(SynchronousTestCase):
    """What the system says of the process."""

    def setUp(self) -> None:
        """It must be one that does."""
        if not sys.platform.startswith("linux"):
            raise SkipTest("memory is read from Linux' /proc")

    def test_memory(self) -> None:
        """What is its own is less than what is resident."""
        self.assertGreater(own_memory(), MEGABYTE)
        self.assertLess(own_memory(), resident_memory())

    def test_memory_can_be_given_back(self) -> None:
        """It never grows by that."""
        before = own_memory()
        release_memory()

        self.assertLessEqual(own_memory(), before + MEGABYTE)
